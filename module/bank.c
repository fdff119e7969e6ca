// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bank: contiguous pages, claimed whole at load, and the extents of it that
 * are free. Four sets of pages say all there is to know:
 *
 *	free	can be allocated: clean + dirty
 *	clean	reads as zero
 *	dirty	was freed and is still to be cleared
 *	held	was freed, but somebody (I/O, a pipe) still has the page pinned
 *
 * Whatever is in none of them is in a dataspace. Freed memory becomes dirty;
 * a work item clears it piece by piece, which makes it clean, or finds it
 * pinned, which makes it held until the pin is gone. An allocation takes clean
 * memory at once; only if there is not enough of that in one place does it
 * clear what it needs itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "bank.h"
#include "compat.h"
#include "scrub.h"
#include "source.h"
#include "trace.h"

/* How often held pages are looked at again. */
#define HELD_INTERVAL msecs_to_jiffies(50)

/* How long unloading waits for I/O that has pages of a dead dataspace. */
#define EXIT_PATIENCE HZ

/* Extents that a dataspace keeps for its end: one in free, one in dirty. */
#define EXTENTS_PER_DATASPACE 2

/* An allocation cuts one extent of clean, dirty and free each at the most. */
#define EXTENTS_TO_ALLOC 3

/* One piece: dirty is cut, clean grows, free is cut, held grows. */
#define EXTENTS_TO_SCRUB 4

/* More spare extents than this beyond those that are reserved are freed. */
#define EXTENTS_TO_KEEP 16

static struct membank_bank *banks;
static unsigned int banks_count;

/* One work item at a time, so that all banks together clear on one CPU. */
static struct workqueue_struct *scrub_queue;

static unsigned int pool_reserved(struct membank_bank *bank)
{
	lockdep_assert_held(&bank->lock);
	return bank->dataspaces * EXTENTS_PER_DATASPACE;
}

/*
 * Takes @bank->lock with at least @count spare extents beyond the reserved
 * ones, so that nothing under the lock has to allocate.
 */
static int bank_lock_with_extents(struct membank_bank *bank, unsigned int count)
{
	struct membank_extent_pool fresh;
	int ret;

	membank_extent_pool_init(&fresh);
	mutex_lock(&bank->lock);
	while (bank->pool.count < pool_reserved(bank) + count) {
		mutex_unlock(&bank->lock);
		ret = membank_extent_pool_fill(&fresh, count, GFP_KERNEL);
		if (ret) {
			membank_extent_pool_drain(&fresh);
			return ret;
		}
		mutex_lock(&bank->lock);
		membank_extent_pool_move(&bank->pool, &fresh, fresh.count);
	}
	return 0;
}

/* Drops @bank->lock, and gives the kernel back what the pool has too much. */
static void bank_unlock_and_trim(struct membank_bank *bank)
{
	struct membank_extent_pool surplus;
	unsigned int keep = pool_reserved(bank) + EXTENTS_TO_KEEP;

	membank_extent_pool_init(&surplus);
	if (bank->pool.count > keep)
		membank_extent_pool_move(&surplus, &bank->pool,
					 bank->pool.count - keep);
	mutex_unlock(&bank->lock);
	membank_extent_pool_drain(&surplus);
}

/*
 * A bank's memory cannot be given back whole while somebody has a page of it
 * pinned, so the module stays. If it is going already, bank_exit() copes.
 */
static void bank_hold_module_locked(struct membank_bank *bank)
{
	lockdep_assert_held(&bank->lock);

	if (bank->held.pages && !bank->module_held) {
		bank->module_held = try_module_get(THIS_MODULE);
	} else if (!bank->held.pages && bank->module_held) {
		bank->module_held = false;
		module_put(THIS_MODULE);
	}
}

/*
 * Clears one dirty piece that lies in @pages pages from @start on. Needs
 * @bank->scrub_lock.
 *
 * Return: 1 if there was one, 0 if nothing is dirty there, -ENOMEM.
 */
static int bank_scrub_piece(struct membank_bank *bank, unsigned long start,
			    unsigned long pages)
{
	unsigned long piece, count, clean;
	bool found;
	int ret;

	lockdep_assert_held(&bank->scrub_lock);

	ret = bank_lock_with_extents(bank, EXTENTS_TO_SCRUB);
	if (ret)
		return ret;
	found = membank_extent_next(&bank->dirty, start, &piece, &count);
	mutex_unlock(&bank->lock);
	if (!found || piece >= start + pages)
		return 0;

	/*
	 * Nobody but the holder of scrub_lock takes dirty pages away; what is
	 * freed meanwhile makes the piece longer at most.
	 */
	count = min3(count, start + pages - piece,
		     (unsigned long)MEMBANK_SCRUB_PAGES);
	clean = membank_scrub_pages(piece, count);

	ret = bank_lock_with_extents(bank, EXTENTS_TO_SCRUB);
	if (ret)
		return ret;
	if (clean) {
		membank_extent_remove(&bank->dirty, piece, clean, &bank->pool);
		membank_extent_insert(&bank->clean, piece, clean, &bank->pool);
	}
	if (clean < count) {
		membank_extent_remove(&bank->dirty, piece + clean, 1,
				      &bank->pool);
		membank_extent_remove(&bank->free, piece + clean, 1,
				      &bank->pool);
		membank_extent_insert(&bank->held, piece + clean, 1,
				      &bank->pool);
		bank_hold_module_locked(bank);
	}
	bank_unlock_and_trim(bank);
	return 1;
}

/*
 * Makes held pages that nobody pins any more dirty. Needs @bank->scrub_lock.
 *
 * Return: 1 if pages are still held, 0 if none is, -ENOMEM.
 */
static int bank_review_held(struct membank_bank *bank)
{
	unsigned long from = bank->start, start, pages;
	int ret;

	lockdep_assert_held(&bank->scrub_lock);

	for (;;) {
		ret = bank_lock_with_extents(bank, EXTENTS_TO_SCRUB);
		if (ret)
			return ret;
		if (!membank_extent_next(&bank->held, from, &start, &pages))
			break;
		if (!membank_scrub_pinned(start)) {
			membank_extent_remove(&bank->held, start, 1,
					      &bank->pool);
			membank_extent_insert(&bank->free, start, 1,
					      &bank->pool);
			membank_extent_insert(&bank->dirty, start, 1,
					      &bank->pool);
		}
		mutex_unlock(&bank->lock);
		from = start + 1;
		cond_resched();
	}

	bank_hold_module_locked(bank);
	ret = bank->held.pages ? 1 : 0;
	bank_unlock_and_trim(bank);
	return ret;
}

/*
 * One piece at a time, then to the end of the queue: the banks take turns, and
 * unloading does not wait for a whole bank to be cleared.
 */
static void bank_scrub_work(struct work_struct *work)
{
	struct membank_bank *bank =
		container_of(work, struct membank_bank, scrub_work.work);
	int held, piece;

	mutex_lock(&bank->scrub_lock);
	held = bank_review_held(bank);
	piece = bank_scrub_piece(bank, bank->start, bank->config.pages);
	mutex_unlock(&bank->scrub_lock);

	if (piece > 0)
		queue_delayed_work(scrub_queue, &bank->scrub_work, 0);
	/* Pages are held, or memory was short. */
	else if (held || piece)
		queue_delayed_work(scrub_queue, &bank->scrub_work,
				   HELD_INTERVAL);
}

static bool bank_take_clean_locked(struct membank_bank *bank,
				   unsigned long pages, unsigned int order,
				   unsigned long *start)
{
	lockdep_assert_held(&bank->lock);

	if (!membank_extent_find(&bank->clean, pages, order, start))
		return false;
	membank_extent_remove(&bank->clean, *start, pages, &bank->pool);
	membank_extent_remove(&bank->free, *start, pages, &bank->pool);
	bank->dataspaces++;
	return true;
}

/*
 * Not enough clean memory in one place: clear where it fits. While the lock is
 * not held somebody else may take what was just cleared; then another place is
 * looked for, until there is none.
 */
static int bank_alloc_dirty(struct membank_bank *bank, unsigned long pages,
			    unsigned int order, unsigned long *start)
{
	unsigned long place;
	bool taken, fits;
	int ret;

	if (mutex_lock_killable(&bank->scrub_lock))
		return -EINTR;
	for (;;) {
		ret = bank_lock_with_extents(bank, EXTENTS_PER_DATASPACE +
							   EXTENTS_TO_ALLOC);
		if (ret)
			break;
		taken = bank_take_clean_locked(bank, pages, order, start);
		fits = !taken &&
		       membank_extent_find(&bank->free, pages, order, &place);
		mutex_unlock(&bank->lock);
		if (taken)
			break;
		if (!fits) {
			ret = -ENOSPC;
			break;
		}

		do {
			ret = bank_scrub_piece(bank, place, pages);
			if (fatal_signal_pending(current))
				ret = -EINTR;
			cond_resched();
		} while (ret > 0);
		if (ret)
			break;
	}
	mutex_unlock(&bank->scrub_lock);
	return ret;
}

/**
 * membank_bank_alloc() - take pages of a bank
 * @bank: the bank
 * @pages: how many, 1 to its size
 * @order: log2 of the alignment, in pages, less than MEMBANK_EXTENT_ORDERS
 * @start: set to the page frame number of the first page
 *
 * The pages read as zero. Paired with membank_bank_free(). Sleeps, but not for
 * memory that others hold.
 *
 * Return: 0, -ENOSPC (no free extent is large enough now), -ENOMEM (the kernel
 * has no memory for its own structures), -EINTR (the caller is being killed).
 */
int membank_bank_alloc(struct membank_bank *bank, unsigned long pages,
		       unsigned int order, unsigned long *start)
{
	bool taken;
	int ret;

	ret = bank_lock_with_extents(bank,
				     EXTENTS_PER_DATASPACE + EXTENTS_TO_ALLOC);
	if (ret)
		return ret;
	taken = bank_take_clean_locked(bank, pages, order, start);
	mutex_unlock(&bank->lock);

	if (!taken) {
		ret = bank_alloc_dirty(bank, pages, order, start);
		if (ret)
			return ret;
	}
	trace_membank_alloc(bank->index, *start - bank->start, pages, order);
	return 0;
}

/**
 * membank_bank_free() - give pages back
 * @bank: the bank
 * @start: what membank_bank_alloc() gave
 * @pages: as many as were asked for then
 *
 * No mapping and no device may reach the pages any more. Pages that are still
 * pinned by I/O are not given out again until the pin is gone. Cannot fail.
 */
void membank_bank_free(struct membank_bank *bank, unsigned long start,
		       unsigned long pages)
{
	trace_membank_free(bank->index, start - bank->start, pages);

	mutex_lock(&bank->lock);
	membank_extent_insert(&bank->free, start, pages, &bank->pool);
	membank_extent_insert(&bank->dirty, start, pages, &bank->pool);
	bank->dataspaces--;
	bank_unlock_and_trim(bank);

	mod_delayed_work(scrub_queue, &bank->scrub_work, 0);
}

/**
 * membank_bank_figures() - the state of a bank at one moment
 * @bank: the bank
 * @figures: filled
 */
void membank_bank_figures(struct membank_bank *bank,
			  struct membank_bank_figures *figures)
{
	mutex_lock(&bank->lock);
	figures->free = bank->free.pages;
	figures->used = bank->config.pages - bank->free.pages;
	figures->largest_free = membank_extent_largest(&bank->free, 0);
	figures->scrubbed = bank->clean.pages;
	figures->dataspaces = bank->dataspaces;
	mutex_unlock(&bank->lock);
}

/**
 * membank_bank_count_failure() - count an allocation that failed
 * @bank: the bank that was asked
 * @error: what membank_bank_alloc() gave, or -ERANGE; -EINTR does not count
 */
void membank_bank_count_failure(struct membank_bank *bank, int error)
{
	enum membank_failure reason = MEMBANK_FAILURE_NO_MEMORY;

	if (error == -EINTR)
		return;
	if (error == -ERANGE)
		reason = MEMBANK_FAILURE_TOO_LARGE;
	else if (error == -ENOSPC)
		reason = MEMBANK_FAILURE_NO_ROOM;
	atomic_long_inc(&bank->failures[reason]);
}

/**
 * membank_banks_count() - how many banks there are
 *
 * Return: the number; constant while the module is loaded.
 */
unsigned int membank_banks_count(void)
{
	return banks_count;
}

/**
 * membank_bank_get() - a bank by its number
 * @index: the number
 *
 * Return: the bank, which lives as long as the module, or NULL.
 */
struct membank_bank *membank_bank_get(u32 index)
{
	return index < banks_count ? &banks[index] : NULL;
}

/* What was asked, what is there, and what helps: one line. */
static void bank_explain_no_memory(const struct membank_bank_config *config,
				   u64 asked)
{
	const struct membank_source_ops *source = config->source;
	u64 mib = (u64)config->pages >> (20 - PAGE_SHIFT);

	if (source == &membank_source_cma)
		pr_err("bank '%s': %llu MiB asked of the CMA area, which has %llu MiB, %llu MiB of it free: ask for less or boot with cma=%lluM\n",
		       config->name, mib, source->total() >> 20,
		       source->unused() >> 20, (asked >> 20) + 32);
	else
		pr_err("bank '%s': %llu MiB asked of the page allocator, which has %llu MiB, %llu MiB of it free, but not as many in one piece: ask for less, load earlier or boot with cma=%lluM\n",
		       config->name, mib, source->total() >> 20,
		       source->unused() >> 20, (asked >> 20) + 32);
}

static int bank_init(struct membank_bank *bank, u32 index,
		     const struct membank_bank_config *config, u64 asked)
{
	struct page *first;
	int ret;

	bank->config = *config;
	bank->index = index;
	mutex_init(&bank->scrub_lock);
	mutex_init(&bank->lock);
	membank_extent_set_init(&bank->free);
	membank_extent_set_init(&bank->clean);
	membank_extent_set_init(&bank->dirty);
	membank_extent_set_init(&bank->held);
	membank_extent_pool_init(&bank->pool);
	INIT_DELAYED_WORK(&bank->scrub_work, bank_scrub_work);

	ret = membank_extent_pool_fill(&bank->pool, EXTENTS_TO_KEEP,
				       GFP_KERNEL);
	if (ret)
		goto drain_pool;

	first = config->source->claim(config->pages);
	if (!first) {
		bank_explain_no_memory(config, asked);
		ret = -ENOMEM;
		goto drain_pool;
	}
	bank->start = page_to_pfn(first);
	bank->node = page_to_nid(first);

	membank_extent_insert(&bank->free, bank->start, config->pages,
			      &bank->pool);
	membank_extent_insert(&bank->dirty, bank->start, config->pages,
			      &bank->pool);
	return 0;

drain_pool:
	membank_extent_pool_drain(&bank->pool);
	return ret;
}

static unsigned long bank_count_pinned(struct membank_bank *bank)
{
	unsigned long page, pinned = 0;

	for (page = 0; page < bank->config.pages; page++) {
		pinned += membank_scrub_pinned(bank->start + page);
		if (page % MEMBANK_SCRUB_PAGES == 0)
			cond_resched();
	}
	return pinned;
}

/* Gives the source back the pages from @from up to @to. */
static void bank_release(struct membank_bank *bank, unsigned long from,
			 unsigned long to)
{
	if (from < to)
		bank->config.source->release(pfn_to_page(from), to - from);
}

/*
 * Everything is free: no descriptor of ours is left, or the module could not
 * be unloaded. But the last dataspace may have died so short a time ago that
 * nobody has looked yet whether I/O still pins its pages. Such a page loses our
 * reference only: who has it pinned frees it, to the page allocator.
 */
static void bank_exit(struct membank_bank *bank)
{
	unsigned long from = bank->start, end = from + bank->config.pages;
	unsigned long patience = jiffies + EXIT_PATIENCE;
	unsigned long pinned, page;

	cancel_delayed_work_sync(&bank->scrub_work);

	while ((pinned = bank_count_pinned(bank))) {
		if (time_after(jiffies, patience))
			break;
		msleep(20);
	}
	if (pinned)
		pr_warn("bank '%s': I/O still has %lu KiB pinned while the module is unloaded: they are lost for the next bank until the machine is booted\n",
			bank->config.name, pinned << (PAGE_SHIFT - 10));

	for (page = from; pinned && page < end; page++) {
		if (!membank_scrub_pinned(page))
			continue;
		bank_release(bank, from, page);
		put_page(pfn_to_page(page));
		from = page + 1;
	}
	bank_release(bank, from, end);

	membank_extent_set_clear(&bank->free, &bank->pool);
	membank_extent_set_clear(&bank->clean, &bank->pool);
	membank_extent_set_clear(&bank->dirty, &bank->pool);
	membank_extent_set_clear(&bank->held, &bank->pool);
	membank_extent_pool_drain(&bank->pool);
}

/**
 * membank_banks_init() - claim all banks, or none
 * @configs: what is asked for
 * @count: how many, 1 to MEMBANK_BANKS_MAX
 *
 * Return: 0 or -ENOMEM; a bank that is not to be had is explained in the log.
 */
int membank_banks_init(const struct membank_bank_config *configs,
		       unsigned int count)
{
	u64 asked = 0;
	unsigned int i;
	int ret;

	banks = kvcalloc(count, sizeof(*banks), GFP_KERNEL);
	if (!banks)
		return -ENOMEM;

	scrub_queue = alloc_workqueue("membank_scrub", WQ_UNBOUND, 1);
	if (!scrub_queue) {
		ret = -ENOMEM;
		goto free_banks;
	}

	for (i = 0; i < count; i++)
		asked += (u64)configs[i].pages << PAGE_SHIFT;

	for (i = 0; i < count; i++) {
		ret = bank_init(&banks[i], i, &configs[i], asked);
		if (ret)
			goto exit_banks;
	}
	banks_count = count;

	for (i = 0; i < count; i++) {
		pr_info("bank %u '%s': %lu MiB from %s, node %d%s\n", i,
			configs[i].name, configs[i].pages >> (20 - PAGE_SHIFT),
			configs[i].source->name, banks[i].node,
			configs[i].flags & MEMBANK_BANK_PRIVATE ? ", private" :
								  "");
		queue_delayed_work(scrub_queue, &banks[i].scrub_work, 0);
	}
	return 0;

exit_banks:
	while (i--)
		bank_exit(&banks[i]);
	destroy_workqueue(scrub_queue);
free_banks:
	kvfree(banks);
	return ret;
}

/**
 * membank_banks_exit() - give all memory back
 *
 * Nothing of membank may be held any more. Waits at most a second for I/O that
 * still has pages of a dataspace pinned that died in the last moment.
 */
void membank_banks_exit(void)
{
	unsigned int i;

	for (i = 0; i < banks_count; i++)
		bank_exit(&banks[i]);
	banks_count = 0;
	destroy_workqueue(scrub_queue);
	kvfree(banks);
}
