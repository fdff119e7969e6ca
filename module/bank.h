/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The locks of membank, in the order in which they are taken:
 *
 *  1. membank_space::lock
 *  2. mmap_lock of a process (the kernel's)
 *  3. the lock of a pager (paged.h)
 *  4. membank_dataspace::lock
 *  5. dataspaces_lock, of the list of all dataspaces
 *  6. dma_resv lock of a dataspace
 *  7. membank_dataspace::tables_lock
 *  8. folio lock of a page of a bank (the kernel's)
 *  9. membank_bank::dying_lock
 * 10. membank_arena::clear_lock
 * 11. membank_arena::lock
 * 12. membank_limit::lock
 *
 * Before all of these, bit 0 of membank_space::detaching: a lock that a task of the
 * kernel gives back for who has taken it, so lockdep does not know it.
 *
 * And under 4, who takes a handle back waits for its membank_handle::copying to be 0,
 * which lockdep does not know either: nothing is locked by who counts there.
 *
 * 9 to 12 are not nested, but for 10 and 11. The lock of the table of spaces
 * (space.c) and those of notifiers and services (peers.h, clients.c, names.c)
 * are never held together with these, nor with each other, but for
 * membank_notifier::lock under membank_notifier_handle::lock. No lock of ours is
 * held while memory of a user is read or written.
 */
#ifndef MEMBANK_BANK_H
#define MEMBANK_BANK_H

#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <linux/membank.h>

#include "arena.h"
#include "quota.h"

struct membank_source_ops;

/* More banks than anybody has named, fewer than minor numbers. */
#define MEMBANK_BANKS_MAX 32

/**
 * enum membank_failure - why an allocation failed, as counted in sysfs
 * @MEMBANK_FAILURE_NO_ROOM: no free extent is large enough
 * @MEMBANK_FAILURE_TOO_LARGE: the bank can never hold it, or its length is 0
 * @MEMBANK_FAILURE_OVER_QUOTA: the user or control group has too much already
 * @MEMBANK_FAILURE_NO_MEMORY: the kernel had no memory for its own structures
 * @MEMBANK_FAILURES: how many reasons there are
 */
enum membank_failure {
	MEMBANK_FAILURE_NO_ROOM,
	MEMBANK_FAILURE_TOO_LARGE,
	MEMBANK_FAILURE_OVER_QUOTA,
	MEMBANK_FAILURE_NO_MEMORY,
	MEMBANK_FAILURES,
};

/**
 * struct membank_bank_config - what is asked for in the module parameters
 * @name: of the bank
 * @source: where its pages come from
 * @pages: how many, a multiple of MEMBANK_BLOCK_PAGES
 * @quota: pages that each user may have, 0: no limit
 * @flags: set of &enum membank_bank_flags
 */
struct membank_bank_config {
	char name[MEMBANK_NAME_MAX + 1];
	const struct membank_source_ops *source;
	unsigned long pages;
	unsigned long quota;
	u32 flags;
};

/**
 * struct membank_bank - one contiguous range of memory
 * @config: what it was made from; constant
 * @index: its number; constant
 * @node: NUMA node; constant
 * @arena: its pages; has locks of its own
 * @quota: who has how much of it; has a lock of its own
 * @dataspaces: live dataspaces; atomic
 * @failures: allocations that failed, by reason; atomic
 * @dying_lock: guards @dying
 * @dying: leases that have ended while somebody still had a page of them
 *         pinned; each holds the module
 * @work: clears dirty pages, and looks after @dying
 */
struct membank_bank {
	struct membank_bank_config config;
	u32 index;
	int node;
	struct membank_arena arena;
	struct membank_quota quota;
	atomic_t dataspaces;
	atomic_long_t failures[MEMBANK_FAILURES];

	/* The list below and what is in it. */
	struct mutex dying_lock;
	struct list_head dying;
	struct kthread_delayed_work work;
};

/**
 * struct membank_lease - pages of a bank on loan
 * @ended: called when it has ended, and the bank does not need it any more; set by
 *         who has it
 * @bank: whose; constant
 * @start: page frame number of the first; constant
 * @pages: how many; constant
 * @charge: to whom they are charged until they are back
 * @node: in the bank's @dying, once it has ended; under its dying_lock
 * @unpinned: so many pages, from the first on, were seen to be unpinned after
 *            the end; likewise
 */
struct membank_lease {
	void (*ended)(struct membank_lease *lease);
	struct membank_bank *bank;
	unsigned long start;
	unsigned long pages;
	struct membank_charge charge;
	struct list_head node;
	unsigned long unpinned;
};

/**
 * struct membank_bank_figures - the state of a bank at one moment
 * @used: pages that cannot be allocated
 * @free: pages that can be allocated
 * @largest_free: pages of the largest extent that can be allocated
 * @scrubbed: pages of @free that are clean
 * @poisoned: pages of @used that have a hardware error
 * @dataspaces: live dataspaces
 */
struct membank_bank_figures {
	unsigned long used;
	unsigned long free;
	unsigned long largest_free;
	unsigned long scrubbed;
	unsigned long poisoned;
	unsigned int dataspaces;
};

int membank_banks_init(const struct membank_bank_config *configs,
		       unsigned int count);
void membank_banks_exit(void);

unsigned int membank_banks_count(void);
struct membank_bank *membank_bank_get(u32 index);

int membank_bank_alloc(struct membank_bank *bank, unsigned long pages,
		       unsigned int order, struct membank_lease *lease);
unsigned long membank_bank_room(struct membank_bank *bank, unsigned int order,
				unsigned long keep);
void membank_bank_free(struct membank_lease *lease, bool touched);
void membank_bank_figures(struct membank_bank *bank,
			  struct membank_bank_figures *figures);
void membank_bank_count_failure(struct membank_bank *bank, int error);

#endif /* MEMBANK_BANK_H */
