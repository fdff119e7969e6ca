// SPDX-License-Identifier: GPL-2.0-only
/*
 * An arena: the pages of a bank, and which of them are free. Four sets of pages
 * say all there is to know:
 *
 *	free	can be taken: clean + dirty
 *	clean	reads as zero
 *	dirty	was given back and is still to be cleared
 *	bad	has a hardware error, as was found when it was to be cleared
 *
 * Whatever is in none of them is taken, or rests. What is given back becomes dirty;
 * somebody clears it piece by piece, which makes it clean. Who takes gets clean
 * pages at once; only if there are not enough of them in one place are dirty
 * ones cleared first.
 *
 * What is given back untouched rests for a while, for who takes as much next: to put
 * it into the sets and to find it there again costs more than all the rest.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arena.h"
#include "block.h"
#include "compat.h"
#include "pages.h"

/* Pages are placed such that blocks stay whole. */
static_assert(MEMBANK_EXTENT_LARGE == MEMBANK_BLOCK_PAGES);

/* Extents that are kept for giving back: one in free, one in dirty. */
#define EXTENTS_PER_TAKEN 2

/* Taking cuts one extent of clean and of free each at the most. */
#define EXTENTS_TO_TAKE (EXTENTS_PER_TAKEN + 2)

/* One piece: dirty is cut, clean grows, free is cut, bad grows. */
#define EXTENTS_TO_CLEAR 4

/* More spare extents than this beyond those that are reserved are freed. */
#define EXTENTS_TO_KEEP 16

/* As many blocks are looked at while somebody may wait for the lock. */
#define BLOCKS_AT_ONCE 512

static unsigned int pool_reserved(struct membank_arena *arena)
{
	lockdep_assert_held(&arena->lock);
	return arena->taken * EXTENTS_PER_TAKEN;
}

/*
 * Takes @arena->lock with at least @count spare extents beyond the reserved
 * ones, so that nothing under the lock has to allocate. Who takes pages is
 * charged for it, as each that is taken keeps some; who clears is not.
 */
static int lock_with_extents(struct membank_arena *arena, unsigned int count,
			     gfp_t gfp)
{
	struct membank_extent_pool fresh;
	int ret;

	membank_extent_pool_init(&fresh);
	mutex_lock(&arena->lock);
	while (arena->pool.count < pool_reserved(arena) + count) {
		mutex_unlock(&arena->lock);
		ret = membank_extent_pool_fill(&fresh, count, gfp);
		if (ret) {
			membank_extent_pool_drain(&fresh);
			return ret;
		}
		mutex_lock(&arena->lock);
		membank_extent_pool_move(&arena->pool, &fresh, fresh.count);
	}
	return 0;
}

/* Drops @arena->lock, and gives the kernel back what the pool has too much. */
static void unlock_and_trim(struct membank_arena *arena)
{
	struct membank_extent_pool surplus;
	unsigned int keep = pool_reserved(arena) + EXTENTS_TO_KEEP;

	membank_extent_pool_init(&surplus);
	if (arena->pool.count > keep)
		membank_extent_pool_move(&surplus, &arena->pool,
					 arena->pool.count - keep);
	mutex_unlock(&arena->lock);
	membank_extent_pool_drain(&surplus);
}

static unsigned long block_of(unsigned long page)
{
	return round_down(page, MEMBANK_BLOCK_PAGES);
}

/* Whether it is made of blocks, and of nothing else. */
static bool is_whole(unsigned long start, unsigned long pages)
{
	return IS_ALIGNED(start | pages, MEMBANK_BLOCK_PAGES);
}

/*
 * From which block on those have to be split that an extent has pages of: one that
 * begins with a block is mapped by blocks as far as it has these wholly, all others
 * by pages.
 */
static unsigned long split_from(unsigned long start, unsigned long pages)
{
	return block_of(IS_ALIGNED(start, MEMBANK_BLOCK_PAGES) ? start + pages :
								 start);
}

/* Blocks that have one of these pages may have to be joined later. */
static void note_unjoined(struct membank_arena *arena, unsigned long start,
			  unsigned long pages)
{
	bool all_joined = arena->unjoined >= arena->joined;

	lockdep_assert_held(&arena->lock);

	arena->unjoined = all_joined ? start : min(arena->unjoined, start);
	arena->joined = all_joined ? start + pages :
				     max(arena->joined, start + pages);
}

/* Makes the block that holds @page a folio, if all of it is free and clean. */
static void join_block(struct membank_arena *arena, unsigned long page)
{
	unsigned long block = block_of(page), start, pages;

	lockdep_assert_held(&arena->lock);

	if (membank_extent_next(&arena->clean, block, &start, &pages) &&
	    start == block && pages >= MEMBANK_BLOCK_PAGES &&
	    !membank_block_join(block))
		note_unjoined(arena, block, MEMBANK_BLOCK_PAGES);
}

/* The same for each block that has one of these pages, which have become clean. */
static void join_clean(struct membank_arena *arena, unsigned long start,
		       unsigned long pages)
{
	unsigned long page;

	for (page = block_of(start); page < start + pages;
	     page += MEMBANK_BLOCK_PAGES)
		join_block(arena, page);
}

/**
 * membank_arena_init() - all pages are free, and none is clean
 * @arena: the arena; paired with membank_arena_exit()
 * @start: page frame number of the first page, the first of a block
 * @pages: how many, whole blocks
 *
 * Return: 0 or -ENOMEM.
 */
int membank_arena_init(struct membank_arena *arena, unsigned long start,
		       unsigned long pages)
{
	int ret;

	arena->start = start;
	arena->pages = pages;
	arena->taken = 0;
	arena->unjoined = 0;
	arena->joined = 0;
	arena->nr_resting = 0;
	arena->due = false;
	mutex_init(&arena->clear_lock);
	mutex_init(&arena->lock);
	membank_extent_set_init(&arena->free);
	membank_extent_set_init(&arena->clean);
	membank_extent_set_init(&arena->dirty);
	membank_extent_set_init(&arena->bad);
	membank_extent_pool_init(&arena->pool);

	ret = membank_extent_pool_fill(&arena->pool, EXTENTS_TO_KEEP,
				       GFP_KERNEL);
	if (ret) {
		membank_extent_pool_drain(&arena->pool);
		return ret;
	}
	membank_extent_insert(&arena->free, start, pages, &arena->pool);
	membank_extent_insert(&arena->dirty, start, pages, &arena->pool);
	return 0;
}

/**
 * membank_arena_settle_locked() - put what rests into the sets
 * @arena: the arena, whose lock is held
 */
void membank_arena_settle_locked(struct membank_arena *arena)
{
	lockdep_assert_held(&arena->lock);

	while (arena->nr_resting) {
		const struct membank_piece *piece =
			&arena->resting[--arena->nr_resting];

		membank_extent_insert(&arena->free, piece->start, piece->pages,
				      &arena->pool);
		membank_extent_insert(&arena->clean, piece->start, piece->pages,
				      &arena->pool);
		arena->taken--;
		/* What was split for others is joined in the background. */
		if (is_whole(piece->start, piece->pages))
			join_clean(arena, piece->start, piece->pages);
	}
}

/**
 * membank_arena_exit() - end an arena of which nothing is taken
 * @arena: the arena
 *
 * Its pages are single pages with one reference each, as at its beginning.
 */
void membank_arena_exit(struct membank_arena *arena)
{
	unsigned long end = arena->start + arena->pages, page;

	mutex_lock(&arena->lock);
	membank_arena_settle_locked(arena);
	mutex_unlock(&arena->lock);
	WARN_ON(arena->taken);
	for (page = arena->start; page < end; page += MEMBANK_BLOCK_PAGES)
		while (!membank_block_split(page))
			usleep_range(100, 1000);

	membank_extent_set_clear(&arena->free, &arena->pool);
	membank_extent_set_clear(&arena->clean, &arena->pool);
	membank_extent_set_clear(&arena->dirty, &arena->pool);
	membank_extent_set_clear(&arena->bad, &arena->pool);
	membank_extent_pool_drain(&arena->pool);
}

/* Once more, for the blocks that an extent will hold. */
static void join_blocks(struct membank_arena *arena, unsigned long start,
			unsigned long pages)
{
	unsigned long block = max(start, block_of(arena->unjoined));
	unsigned long end = min(start + pages, arena->joined);

	if (!IS_ALIGNED(start, MEMBANK_BLOCK_PAGES))
		return;
	for (; block < end && block + MEMBANK_BLOCK_PAGES <= start + pages;
	     block += MEMBANK_BLOCK_PAGES)
		membank_block_join(block);
}

/*
 * Clears one dirty piece that lies in @pages pages from @start on: at most a
 * block. Needs @arena->clear_lock.
 *
 * Return: 1 if there was one, 0 if nothing is dirty there, -ENOMEM, -EAGAIN:
 * somebody looks at a block that has to be split.
 */
static int clear_piece(struct membank_arena *arena, unsigned long start,
		       unsigned long pages)
{
	unsigned long piece, count, sound;
	bool found;
	int ret;

	lockdep_assert_held(&arena->clear_lock);

	ret = lock_with_extents(arena, EXTENTS_TO_CLEAR, GFP_KERNEL);
	if (ret)
		return ret;
	found = membank_extent_next(&arena->dirty, start, &piece, &count);
	mutex_unlock(&arena->lock);
	if (!found || piece >= start + pages)
		return 0;

	/*
	 * Nobody but the holder of clear_lock takes dirty pages away; what is
	 * given back meanwhile makes the piece longer at most.
	 */
	count = min3(count, start + pages - piece,
		     block_of(piece) + MEMBANK_BLOCK_PAGES - piece);
	sound = membank_pages_sound(piece, count);
	if (sound)
		membank_pages_clear(piece, sound);

	ret = lock_with_extents(arena, EXTENTS_TO_CLEAR, GFP_KERNEL);
	if (ret)
		return ret;
	if (sound < count && !membank_block_split(block_of(piece))) {
		mutex_unlock(&arena->lock);
		return -EAGAIN;
	}
	if (sound) {
		membank_extent_remove(&arena->dirty, piece, sound,
				      &arena->pool);
		membank_extent_insert(&arena->clean, piece, sound,
				      &arena->pool);
		join_block(arena, piece);
	}
	if (sound < count) {
		membank_extent_remove(&arena->dirty, piece + sound, 1,
				      &arena->pool);
		membank_extent_remove(&arena->free, piece + sound, 1,
				      &arena->pool);
		membank_extent_insert(&arena->bad, piece + sound, 1,
				      &arena->pool);
	}
	unlock_and_trim(arena);
	return 1;
}

/**
 * membank_arena_clear() - clear one dirty piece, a block at most
 * @arena: the arena
 * @start: the first page that may be cleared
 * @pages: how many
 *
 * Return: 1 if there was one, 0 if nothing is dirty there, -ENOMEM, -EAGAIN.
 */
int membank_arena_clear(struct membank_arena *arena, unsigned long start,
			unsigned long pages)
{
	int ret;

	mutex_lock(&arena->clear_lock);
	ret = clear_piece(arena, start, pages);
	mutex_unlock(&arena->clear_lock);
	return ret;
}

/*
 * Splits the blocks that would not belong to the new extent wholly, or lie in it
 * askew.
 *
 * Return: false if somebody looks at one of them in this moment.
 */
static bool split_blocks(unsigned long start, unsigned long pages)
{
	unsigned long block = split_from(start, pages), end = start + pages;

	for (; block < end; block += MEMBANK_BLOCK_PAGES)
		if (!membank_block_split(block))
			return false;
	return true;
}

/* Return: 0, -ENOSPC: no clean place, -EAGAIN: somebody looks at a block. */
static int take_clean(struct membank_arena *arena, unsigned long pages,
		      unsigned int order, unsigned long *start)
{
	lockdep_assert_held(&arena->lock);

	if (!membank_extent_find(&arena->clean, pages, order, start))
		return -ENOSPC;
	if (!split_blocks(*start, pages)) {
		note_unjoined(arena, *start, pages);
		return -EAGAIN;
	}
	join_blocks(arena, *start, pages);
	membank_extent_remove(&arena->clean, *start, pages, &arena->pool);
	membank_extent_remove(&arena->free, *start, pages, &arena->pool);
	arena->taken++;
	return 0;
}

/* Of what rests, the last one that is just what is wanted. */
static bool take_resting_locked(struct membank_arena *arena,
				unsigned long pages, unsigned int order,
				unsigned long *start)
{
	unsigned int i = arena->nr_resting;

	lockdep_assert_held(&arena->lock);

	while (i--) {
		const struct membank_piece piece = arena->resting[i];

		if (piece.pages != pages ||
		    !IS_ALIGNED(piece.start, BIT(order)))
			continue;
		arena->nr_resting--;
		for (; i < arena->nr_resting; i++)
			arena->resting[i] = arena->resting[i + 1];
		join_blocks(arena, piece.start, pages);
		*start = piece.start;
		return true;
	}
	return false;
}

static bool take_resting(struct membank_arena *arena, unsigned long pages,
			 unsigned int order, unsigned long *start)
{
	bool found;

	mutex_lock(&arena->lock);
	found = take_resting_locked(arena, pages, order, start);
	mutex_unlock(&arena->lock);
	return found;
}

/*
 * Takes clean pages, or says in @place where dirty ones have to be cleared.
 *
 * Return: 0, 1: @place is set, -ENOSPC: there is no place, -ENOMEM, -EAGAIN.
 */
static int take_or_find(struct membank_arena *arena, unsigned long pages,
			unsigned int order, unsigned long *start,
			unsigned long *place)
{
	int ret;

	if (take_resting(arena, pages, order, start))
		return 0;
	ret = lock_with_extents(arena, EXTENTS_TO_TAKE, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	/* To who wants something else it is free memory like any other. */
	membank_arena_settle_locked(arena);
	ret = take_clean(arena, pages, order, start);
	if (ret == -ENOSPC &&
	    membank_extent_find(&arena->free, pages, order, place))
		ret = 1;
	mutex_unlock(&arena->lock);
	return ret;
}

/* Needs @arena->clear_lock. Returns 0, -ENOMEM, -EINTR, -EAGAIN. */
static int clear_range(struct membank_arena *arena, unsigned long start,
		       unsigned long pages)
{
	int ret;

	do {
		ret = clear_piece(arena, start, pages);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (ret > 0);
	return ret;
}

/*
 * Not enough clean memory in one place: clear where it fits. While the lock is
 * not held somebody else may take what was just cleared; then another place is
 * looked for, until there is none.
 */
static int take_cleared(struct membank_arena *arena, unsigned long pages,
			unsigned int order, unsigned long *start)
{
	unsigned long place;
	int ret;

	if (mutex_lock_killable(&arena->clear_lock))
		return -EINTR;
	for (;;) {
		ret = take_or_find(arena, pages, order, start, &place);
		if (ret <= 0)
			break;
		ret = clear_range(arena, place, pages);
		if (ret)
			break;
	}
	mutex_unlock(&arena->clear_lock);
	return ret;
}

/**
 * membank_arena_take() - take pages
 * @arena: the arena
 * @pages: how many, at least 1
 * @order: log2 of the alignment, in pages, less than MEMBANK_EXTENT_ORDERS
 * @start: set to the page frame number of the first page
 *
 * The pages read as zero. If they begin with a block, each block that lies in
 * them wholly is one folio, unless it could not be joined; all others are single
 * pages. Paired with membank_arena_give(). Sleeps, but not for memory that
 * others hold.
 *
 * Return: 0, -ENOSPC (no free extent is large enough now), -ENOMEM (the kernel
 * has no memory for its own structures), -EINTR (the caller is being killed).
 */
int membank_arena_take(struct membank_arena *arena, unsigned long pages,
		       unsigned int order, unsigned long *start)
{
	unsigned long place;
	int ret;

	for (;;) {
		ret = take_or_find(arena, pages, order, start, &place);
		if (ret == 1)
			ret = take_cleared(arena, pages, order, start);
		/* A reference for an instant: it is gone when we look again. */
		if (ret != -EAGAIN)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		usleep_range(100, 1000);
	}
}

/**
 * membank_arena_give() - give pages back
 * @arena: the arena
 * @start: what membank_arena_take() gave
 * @pages: as many as were asked for then
 * @clean: they read as zero already
 *
 * No mapping and no device reaches the pages any more, and nobody has one of
 * them pinned. Cannot fail.
 */
void membank_arena_give(struct membank_arena *arena, unsigned long start,
			unsigned long pages, bool clean)
{
	mutex_lock(&arena->lock);
	membank_extent_insert(&arena->free, start, pages, &arena->pool);
	membank_extent_insert(clean ? &arena->clean : &arena->dirty, start,
			      pages, &arena->pool);
	if (clean)
		join_clean(arena, start, pages);
	arena->taken--;
	unlock_and_trim(arena);
}

/**
 * membank_arena_give_untouched() - give pages back that nobody could reach
 * @arena: the arena
 * @start: what membank_arena_take() gave
 * @pages: as many as were asked for then
 *
 * They still read as zero, and their blocks are what they were: they rest. Cannot
 * fail.
 *
 * Return: whether the caller has to see to it that membank_arena_rejoin() is called
 * in a while; if not, somebody else has.
 */
bool membank_arena_give_untouched(struct membank_arena *arena,
				  unsigned long start, unsigned long pages)
{
	unsigned long split = split_from(start, pages);
	bool due;

	mutex_lock(&arena->lock);
	if (arena->nr_resting == MEMBANK_ARENA_RESTING)
		membank_arena_settle_locked(arena);
	arena->resting[arena->nr_resting++] =
		(struct membank_piece){ start, pages };
	if (split < start + pages)
		note_unjoined(arena, split, start + pages - split);
	due = arena->due;
	arena->due = true;
	unlock_and_trim(arena);
	return !due;
}

/**
 * membank_arena_rejoin() - have nothing rest, and join what could not be joined
 * @arena: the arena
 *
 * Joins some blocks only, so that nobody waits long for the lock of a large arena.
 *
 * Return: whether all blocks that are clean as a whole, and can be, are folios now.
 */
bool membank_arena_rejoin(struct membank_arena *arena)
{
	unsigned long block, end;
	bool joined;

	mutex_lock(&arena->lock);
	arena->due = false;
	membank_arena_settle_locked(arena);
	block = block_of(arena->unjoined);
	end = min(arena->joined, block + BLOCKS_AT_ONCE * MEMBANK_BLOCK_PAGES);
	arena->unjoined = end;
	for (; block < end; block += MEMBANK_BLOCK_PAGES)
		join_block(arena, block);
	joined = arena->unjoined >= arena->joined;
	unlock_and_trim(arena);
	return joined;
}

/**
 * membank_arena_largest() - the most pages that can be taken at once
 * @arena: the arena
 * @order: log2 of the alignment, in pages, less than MEMBANK_EXTENT_ORDERS
 */
unsigned long membank_arena_largest(struct membank_arena *arena,
				    unsigned int order)
{
	unsigned long pages;

	mutex_lock(&arena->lock);
	membank_arena_settle_locked(arena);
	pages = membank_extent_largest(&arena->free, order);
	mutex_unlock(&arena->lock);
	return pages;
}
