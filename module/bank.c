// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bank: an arena of contiguous pages, claimed whole at load, with a name and
 * a quota. What it gives out is a lease: pages and who pays for them. A lease
 * may end while I/O still has a page of it pinned; then it lingers, and nobody
 * gets any of its pages before the pin is gone. One kernel thread for all banks,
 * the least urgent one, clears what was given back and looks after those.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arena.h"
#include "bank.h"
#include "block.h"
#include "compat.h"
#include "pages.h"
#include "quota.h"
#include "source.h"
#include "trace.h"

/*
 * When leases that linger are looked at: soon after the end, as it mostly was
 * somebody who looked at a page for an instant, then now and then.
 */
#define DYING_FIRST 1
#define DYING_INTERVAL msecs_to_jiffies(50)

/* How long something rests that was given back untouched, if nobody wants it. */
#define REJOIN_INTERVAL msecs_to_jiffies(50)

static struct membank_bank *banks;
static unsigned int banks_count;

/* One thread, so that all banks together clear on one CPU. */
static struct kthread_worker *scrubber;

/*
 * In a bank that is to be clean always, memory is cleared before it is free.
 *
 * Return: whether it is clean; what has a hardware error is left to the scrubber.
 */
static bool lease_clear(struct membank_lease *lease)
{
	unsigned long page, count;

	if (!(lease->bank->config.flags & MEMBANK_BANK_SYNC) ||
	    membank_pages_sound(lease->start, lease->pages) != lease->pages)
		return false;
	for (page = 0; page < lease->pages; page += count) {
		count = min(lease->pages - page, MEMBANK_BLOCK_PAGES);
		membank_pages_clear(lease->start + page, count);
		cond_resched();
	}
	return true;
}

/* The end of a lease of which no page is pinned. */
static void lease_settle(struct membank_lease *lease)
{
	struct membank_bank *bank = lease->bank;
	bool clean = lease_clear(lease);

	membank_arena_give(&bank->arena, lease->start, lease->pages, clean);
	membank_quota_uncharge(&bank->quota, &lease->charge);
	lease->ended(lease);
}

/* The end of a lease that nobody made use of: its pages are what they were. */
static void lease_return(struct membank_lease *lease)
{
	struct membank_bank *bank = lease->bank;

	if (membank_arena_give_untouched(&bank->arena, lease->start,
					 lease->pages))
		kthread_queue_delayed_work(scrubber, &bank->work,
					   REJOIN_INTERVAL);
	membank_quota_uncharge(&bank->quota, &lease->charge);
	lease->ended(lease);
}

/* Pages that were seen to be unpinned are out of everybody's reach for good. */
static bool lease_unpinned(struct membank_lease *lease)
{
	unsigned long next = lease->start + lease->unpinned;
	unsigned long left = lease->pages - lease->unpinned;

	lease->unpinned += membank_pages_unpinned(next, left);
	return lease->unpinned == lease->pages;
}

/* Returns whether leases still linger. */
static bool bank_review_dying(struct membank_bank *bank)
{
	struct membank_lease *lease, *next;
	LIST_HEAD(over);
	bool linger;

	mutex_lock(&bank->dying_lock);
	list_for_each_entry_safe(lease, next, &bank->dying, node)
		if (lease_unpinned(lease))
			list_move(&lease->node, &over);
	linger = !list_empty(&bank->dying);
	mutex_unlock(&bank->dying_lock);

	list_for_each_entry_safe(lease, next, &over, node) {
		lease_settle(lease);
		module_put(THIS_MODULE);
	}
	return linger;
}

/*
 * One piece at a time, then to the end of the queue: the banks take turns, and
 * unloading does not wait for a whole bank to be cleared.
 */
static void bank_work(struct kthread_work *work)
{
	struct membank_bank *bank =
		container_of(work, struct membank_bank, work.work);
	bool linger = bank_review_dying(bank), joined;
	int ret;

	ret = membank_arena_clear(&bank->arena, bank->arena.start,
				  bank->arena.pages);
	/* At once, even if a lease that ended meanwhile has set the timer. */
	if (ret > 0) {
		kthread_mod_delayed_work(scrubber, &bank->work, 0);
	} else {
		joined = membank_arena_rejoin(&bank->arena);
		/* A page is pinned, memory was short, somebody looks at a page. */
		if (linger || ret || !joined)
			kthread_queue_delayed_work(scrubber, &bank->work,
						   DYING_INTERVAL);
	}
	cond_resched();
}

static int bank_take(struct membank_bank *bank, unsigned long pages,
		     unsigned int order, unsigned long *start)
{
	int ret;

	/* What is as large as a block shall be mapped by blocks, if it can. */
	if (pages >= MEMBANK_BLOCK_PAGES && order < MEMBANK_BLOCK_ORDER) {
		ret = membank_arena_take(&bank->arena, pages,
					 MEMBANK_BLOCK_ORDER, start);
		if (ret != -ENOSPC)
			return ret;
	}
	return membank_arena_take(&bank->arena, pages, order, start);
}

/**
 * membank_bank_alloc() - lend pages of a bank
 * @bank: the bank
 * @pages: how many
 * @order: log2 of the alignment, in pages
 * @lease: filled; zeroed before, but for @ended, and the caller's until that is
 *         called; as it was, if this fails, but for @start
 *
 * The pages read as zero and are charged to the caller. Paired with
 * membank_bank_free(). Sleeps, but not for memory that others hold. The caller
 * counts the failure, if it is one in the end.
 *
 * Return: 0, -ERANGE (the bank can never hold it), -EDQUOT, -ENOSPC (no free
 * extent is large enough now), -ENOMEM (the kernel has no memory for its own
 * structures), -EINTR (the caller is being killed).
 */
int membank_bank_alloc(struct membank_bank *bank, unsigned long pages,
		       unsigned int order, struct membank_lease *lease)
{
	int ret;

	if (!pages || pages > bank->config.pages ||
	    order >= MEMBANK_EXTENT_ORDERS)
		return -ERANGE;
	ret = membank_quota_charge(&bank->quota, pages, &lease->charge);
	if (ret)
		goto not_charged;
	ret = bank_take(bank, pages, order, &lease->start);
	if (ret)
		goto uncharge;
	lease->bank = bank;
	lease->pages = pages;
	atomic_inc(&bank->dataspaces);
	trace_membank_alloc(bank->index, lease->start - bank->arena.start,
			    pages, order);
	return 0;

uncharge:
	membank_quota_uncharge(&bank->quota, &lease->charge);
not_charged:
	lease->charge = (struct membank_charge){};
	return ret;
}

/**
 * membank_bank_room() - how large an extent the caller can have
 * @bank: the bank
 * @order: log2 of its alignment, in pages, less than MEMBANK_EXTENT_ORDERS
 * @keep: pages that shall be left of the caller's quota, or of the bank if
 *        there is no quota for the caller
 *
 * Return: pages; others may be faster.
 */
unsigned long membank_bank_room(struct membank_bank *bank, unsigned int order,
				unsigned long keep)
{
	unsigned long left = membank_quota_left(&bank->quota);
	struct membank_bank_figures figures;

	if (left == ULONG_MAX) {
		membank_bank_figures(bank, &figures);
		left = figures.free;
	}
	if (keep >= left)
		return 0;
	return min(left - keep, membank_arena_largest(&bank->arena, order));
}

/**
 * membank_bank_free() - end a lease
 * @lease: from membank_bank_alloc()
 * @touched: a mapping or a device has been able to reach the pages
 *
 * No mapping and no device may reach the pages any more. While one of them is
 * pinned by I/O none is given out again, the user stays charged and the module
 * loaded. After that the lease has ended, which may be at once. Cannot fail.
 */
void membank_bank_free(struct membank_lease *lease, bool touched)
{
	struct membank_bank *bank = lease->bank;

	trace_membank_free(bank->index, lease->start - bank->arena.start,
			   lease->pages);
	atomic_dec(&bank->dataspaces);

	if (!touched) {
		lease_return(lease);
		return;
	}
	if (lease_unpinned(lease)) {
		lease_settle(lease);
		kthread_mod_delayed_work(scrubber, &bank->work, 0);
		return;
	}
	/* Whoever ends a lease still holds the module himself. */
	__module_get(THIS_MODULE);
	mutex_lock(&bank->dying_lock);
	list_add_tail(&lease->node, &bank->dying);
	mutex_unlock(&bank->dying_lock);
	/* What is to be done sooner already is not put off. */
	kthread_queue_delayed_work(scrubber, &bank->work, DYING_FIRST);
}

/**
 * membank_bank_figures() - the state of a bank at one moment
 * @bank: the bank
 * @figures: filled
 */
void membank_bank_figures(struct membank_bank *bank,
			  struct membank_bank_figures *figures)
{
	struct membank_arena *arena = &bank->arena;

	mutex_lock(&arena->lock);
	membank_arena_settle_locked(arena);
	figures->free = arena->free.pages;
	figures->used = arena->pages - arena->free.pages;
	figures->largest_free = membank_extent_largest(&arena->free, 0);
	figures->scrubbed = arena->clean.pages;
	figures->poisoned = arena->bad.pages;
	mutex_unlock(&arena->lock);
	figures->dataspaces = atomic_read(&bank->dataspaces);
}

/**
 * membank_bank_count_failure() - count an allocation that failed
 * @bank: the bank that was asked
 * @error: why, as membank_bank_alloc() says; -EINTR does not count
 */
void membank_bank_count_failure(struct membank_bank *bank, int error)
{
	enum membank_failure reason = MEMBANK_FAILURE_NO_MEMORY;

	if (error == -EINTR)
		return;
	if (error == -ERANGE)
		reason = MEMBANK_FAILURE_TOO_LARGE;
	else if (error == -EDQUOT)
		reason = MEMBANK_FAILURE_OVER_QUOTA;
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
	mutex_init(&bank->dying_lock);
	INIT_LIST_HEAD(&bank->dying);
	kthread_init_delayed_work(&bank->work, bank_work);

	ret = membank_quota_init(&bank->quota, config->quota, config->name,
				 config->pages);
	if (ret)
		return ret;

	first = config->source->claim(config->pages);
	if (!first) {
		bank_explain_no_memory(config, asked);
		ret = -ENOSPC;
		goto exit_quota;
	}
	bank->node = page_to_nid(first);

	ret = membank_arena_init(&bank->arena, page_to_pfn(first),
				 config->pages);
	if (ret)
		goto release;
	return 0;

release:
	config->source->release(first, config->pages);
exit_quota:
	membank_quota_exit(&bank->quota);
	return ret;
}

/* Everything is free: no descriptor of ours is left, and no lease lingers. */
static void bank_exit(struct membank_bank *bank)
{
	kthread_cancel_delayed_work_sync(&bank->work);
	membank_arena_exit(&bank->arena);
	bank->config.source->release(pfn_to_page(bank->arena.start),
				     bank->arena.pages);
	membank_quota_exit(&bank->quota);
}

/* With the banks that are to be clear before anybody has them, cleared. */
static void bank_start(struct membank_bank *bank)
{
	pr_info("bank %u '%s': %lu MiB from %s, node %d%s%s\n", bank->index,
		bank->config.name, bank->config.pages >> (20 - PAGE_SHIFT),
		bank->config.source->name, bank->node,
		bank->config.flags & MEMBANK_BANK_PRIVATE ? ", private" : "",
		bank->config.flags & MEMBANK_BANK_SYNC ? ", sync" : "");
	while (bank->config.flags & MEMBANK_BANK_SYNC &&
	       membank_arena_clear(&bank->arena, bank->arena.start,
				   bank->arena.pages) > 0)
		cond_resched();
	kthread_queue_delayed_work(scrubber, &bank->work, 0);
}

/**
 * membank_banks_init() - claim all banks, or none
 * @configs: what is asked for
 * @count: how many, 1 to MEMBANK_BANKS_MAX
 *
 * Return: 0 or a negative errno: -ENOSPC: there is no room for a bank, which is
 * explained in the log; -ENOMEM: kernel memory is short.
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

	scrubber = kthread_run_worker(0, "membank_scrub");
	if (IS_ERR(scrubber)) {
		ret = PTR_ERR(scrubber);
		goto free_banks;
	}
	set_user_nice(scrubber->task, MAX_NICE);

	for (i = 0; i < count; i++)
		asked += (u64)configs[i].pages << PAGE_SHIFT;

	for (i = 0; i < count; i++) {
		ret = bank_init(&banks[i], i, &configs[i], asked);
		if (ret)
			goto exit_banks;
	}
	banks_count = count;

	for (i = 0; i < count; i++)
		bank_start(&banks[i]);
	return 0;

exit_banks:
	while (i--)
		bank_exit(&banks[i]);
	kthread_destroy_worker(scrubber);
free_banks:
	kvfree(banks);
	return ret;
}

/**
 * membank_banks_exit() - give all memory back
 *
 * Nothing of membank may be held any more.
 */
void membank_banks_exit(void)
{
	unsigned int i;

	for (i = 0; i < banks_count; i++)
		bank_exit(&banks[i]);
	banks_count = 0;
	kthread_destroy_worker(scrubber);
	kvfree(banks);
}
