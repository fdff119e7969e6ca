/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_ARENA_H
#define MEMBANK_ARENA_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "extent.h"

/* How many pieces may rest in an arena. */
#define MEMBANK_ARENA_RESTING 8

/**
 * struct membank_piece - pages that follow one another
 * @start: page frame number of the first
 * @pages: how many
 */
struct membank_piece {
	unsigned long start;
	unsigned long pages;
};

/**
 * struct membank_arena - contiguous pages, and which of them are free
 * @start: page frame number of the first; the first of a block; constant
 * @pages: how many, whole blocks; constant
 * @clear_lock: held while dirty pages are cleared, so that whoever holds it
 *              knows that no page is dirty and being cleared
 * @lock: guards all that follows
 * @free: what can be taken; always the sum of @clean and @dirty
 * @clean: the part of @free that reads as zero
 * @dirty: the part of @free that does not, yet
 * @bad: pages with a hardware error, never to be taken again
 * @unjoined: from this page on blocks that are clean as a whole may not be folios:
 *            somebody looked at one when it should have become one, or it has rested
 * @joined: and from this one on all are again; not above @unjoined: all are
 * @resting: was given back untouched, the last one last; in no set, and counted as
 *           taken
 * @nr_resting: how many
 * @due: membank_arena_rejoin() will be called
 * @pool: extents for changes of the sets above
 * @taken: how many extents are taken; each has two extents of @pool reserved
 *         for its own end
 */
struct membank_arena {
	unsigned long start;
	unsigned long pages;

	/* One clears at a time. */
	struct mutex clear_lock;
	/* The sets and all that belongs to them. */
	struct mutex lock;
	struct membank_extent_set free;
	struct membank_extent_set clean;
	struct membank_extent_set dirty;
	struct membank_extent_set bad;
	unsigned long unjoined;
	unsigned long joined;
	struct membank_piece resting[MEMBANK_ARENA_RESTING];
	unsigned int nr_resting;
	bool due;
	struct membank_extent_pool pool;
	unsigned int taken;
};

int membank_arena_init(struct membank_arena *arena, unsigned long start,
		       unsigned long pages);
void membank_arena_exit(struct membank_arena *arena);

int membank_arena_take(struct membank_arena *arena, unsigned long pages,
		       unsigned int order, unsigned long *start);
void membank_arena_give(struct membank_arena *arena, unsigned long start,
			unsigned long pages, bool clean);
int membank_arena_clear(struct membank_arena *arena, unsigned long start,
			unsigned long pages);
bool membank_arena_give_untouched(struct membank_arena *arena,
				  unsigned long start, unsigned long pages);
void membank_arena_settle_locked(struct membank_arena *arena);
bool membank_arena_rejoin(struct membank_arena *arena);
unsigned long membank_arena_largest(struct membank_arena *arena,
				    unsigned int order);

#endif /* MEMBANK_ARENA_H */
