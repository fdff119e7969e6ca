/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The locks of membank, in the order in which they are taken:
 *
 *  1. mmap_lock of a process (the kernel's)
 *  2. dma_resv lock of a dma-buf (the kernel's)
 *  3. membank_dataspace::attachments_lock
 *  4. membank_bank::scrub_lock
 *  5. membank_bank::lock
 *
 * Notifiers and services have locks of their own (notifier.c, service.c), which
 * are never held together with any of these. No lock of ours is held while
 * memory of a user is read or written.
 */
#ifndef MEMBANK_BANK_H
#define MEMBANK_BANK_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/membank.h>

#include "extent.h"

struct membank_source_ops;

/* More banks than anybody has named, fewer than minor numbers. */
#define MEMBANK_BANKS_MAX 32

/**
 * enum membank_failure - why an allocation failed, as counted in sysfs
 * @MEMBANK_FAILURE_NO_ROOM: no free extent is large enough
 * @MEMBANK_FAILURE_TOO_LARGE: the bank can never hold it, or its length is 0
 * @MEMBANK_FAILURE_NO_MEMORY: the kernel had no memory for its own structures
 * @MEMBANK_FAILURES: how many reasons there are
 */
enum membank_failure {
	MEMBANK_FAILURE_NO_ROOM,
	MEMBANK_FAILURE_TOO_LARGE,
	MEMBANK_FAILURE_NO_MEMORY,
	MEMBANK_FAILURES,
};

/**
 * struct membank_bank_config - what is asked for in the module parameter
 * @name: of the bank
 * @source: where its pages come from
 * @pages: how many, a multiple of MEMBANK_GRAIN_PAGES
 * @flags: set of &enum membank_bank_flags
 */
struct membank_bank_config {
	char name[MEMBANK_NAME_MAX + 1];
	const struct membank_source_ops *source;
	unsigned long pages;
	u32 flags;
};

/**
 * struct membank_bank - one contiguous range of memory and its free extents
 * @config: what it was made from; constant
 * @index: its number; constant
 * @start: page frame number of its first page, a multiple of
 *         MEMBANK_GRAIN_PAGES; constant
 * @node: NUMA node; constant
 * @scrub_lock: held while dirty pages are cleared, so that whoever holds it
 *              knows that no page is dirty and being cleared
 * @lock: guards all that follows, unless something else is said
 * @free: what can be allocated; always the sum of @clean and @dirty
 * @clean: the part of @free that reads as zero
 * @dirty: the part of @free that does not, yet
 * @held: pages of dead dataspaces that somebody still has pinned; neither free
 *        nor in a dataspace
 * @pool: extents for changes of the sets above
 * @dataspaces: how many are alive; each has two extents of @pool reserved for
 *              its own end
 * @module_held: @held keeps the module from being unloaded
 * @failures: allocations that failed, by reason; atomic
 * @scrub_work: clears @dirty and looks after @held
 */
struct membank_bank {
	struct membank_bank_config config;
	u32 index;
	unsigned long start;
	int node;

	/* One clears at a time. */
	struct mutex scrub_lock;
	/* The sets and all that belongs to them. */
	struct mutex lock;
	struct membank_extent_set free;
	struct membank_extent_set clean;
	struct membank_extent_set dirty;
	struct membank_extent_set held;
	struct membank_extent_pool pool;
	unsigned int dataspaces;
	bool module_held;

	atomic_long_t failures[MEMBANK_FAILURES];
	struct delayed_work scrub_work;
};

/**
 * struct membank_bank_figures - the state of a bank at one moment
 * @used: pages in dataspaces, or held
 * @free: pages that can be allocated
 * @largest_free: pages of the largest extent that can be allocated
 * @scrubbed: pages of @free that are clean
 * @dataspaces: live dataspaces
 */
struct membank_bank_figures {
	unsigned long used;
	unsigned long free;
	unsigned long largest_free;
	unsigned long scrubbed;
	unsigned int dataspaces;
};

int membank_banks_init(const struct membank_bank_config *configs,
		       unsigned int count);
void membank_banks_exit(void);

unsigned int membank_banks_count(void);
struct membank_bank *membank_bank_get(u32 index);

int membank_bank_alloc(struct membank_bank *bank, unsigned long pages,
		       unsigned int order, unsigned long *start);
void membank_bank_free(struct membank_bank *bank, unsigned long start,
		       unsigned long pages);
void membank_bank_figures(struct membank_bank *bank,
			  struct membank_bank_figures *figures);
void membank_bank_count_failure(struct membank_bank *bank, int error);

#endif /* MEMBANK_BANK_H */
