/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_EXTENT_H
#define MEMBANK_EXTENT_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/* Log2 alignments that a search knows, in pages: 4 KiB to 1 GiB. */
#define MEMBANK_EXTENT_ORDERS 19

/* Pages that fill 2 MiB; an extent of fewer is small, any other is large. */
#define MEMBANK_EXTENT_LARGE 512

/**
 * struct membank_extent_fit - what can be had from some extents
 * @pages: for each log2 alignment, the most pages that fit behind an aligned
 *         start in any of the extents; 32 bits hold a set of less than 16 TiB
 */
struct membank_extent_fit {
	u32 pages[MEMBANK_EXTENT_ORDERS];
};

/**
 * struct membank_extent - a range of pages that belongs to a set, or memory
 *                         for one, in a pool
 * @node: in a set: in its tree of all, ordered by @start
 * @large_node: in a set, if large: in its tree of large ones, ordered by
 *              @pages, equal ones by @start
 * @spare: in a pool: in its list; nothing else has a meaning then
 * @start: first page
 * @pages: how many, at least 1
 * @fit: what can be had from the small extents of the subtree under @node
 * @large_fit: if large: what can be had from the subtree under @large_node
 *
 * Guarded by what guards the set or the pool.
 */
struct membank_extent {
	union {
		struct rb_node node;
		struct list_head spare;
	};
	struct rb_node large_node;
	unsigned long start;
	unsigned long pages;
	struct membank_extent_fit fit;
	struct membank_extent_fit large_fit;
};

/**
 * struct membank_extent_set - disjoint ranges of pages, adjacent ones merged
 * @root: the extents by address
 * @large: the large ones by size
 * @pages: pages in all of them
 * @extents: how many there are
 *
 * The owner brings the lock: it is held to change the set, and to read it.
 */
struct membank_extent_set {
	struct rb_root root;
	struct rb_root large;
	unsigned long pages;
	unsigned long extents;
};

/**
 * struct membank_extent_pool - memory for extents, so that changing a set
 *                              cannot fail
 * @spare: unused extents
 * @count: how many
 *
 * The owner brings the lock.
 */
struct membank_extent_pool {
	struct list_head spare;
	unsigned int count;
};

void membank_extent_pool_init(struct membank_extent_pool *pool);
int membank_extent_pool_fill(struct membank_extent_pool *pool,
			     unsigned int count, gfp_t gfp);
void membank_extent_pool_move(struct membank_extent_pool *to,
			      struct membank_extent_pool *from,
			      unsigned int count);
void membank_extent_pool_drain(struct membank_extent_pool *pool);

void membank_extent_set_init(struct membank_extent_set *set);
void membank_extent_set_clear(struct membank_extent_set *set,
			      struct membank_extent_pool *pool);

void membank_extent_insert(struct membank_extent_set *set, unsigned long start,
			   unsigned long pages,
			   struct membank_extent_pool *pool);
void membank_extent_remove(struct membank_extent_set *set, unsigned long start,
			   unsigned long pages,
			   struct membank_extent_pool *pool);

bool membank_extent_find(const struct membank_extent_set *set,
			 unsigned long pages, unsigned int order,
			 unsigned long *start);
bool membank_extent_next(const struct membank_extent_set *set,
			 unsigned long from, unsigned long *start,
			 unsigned long *pages);
unsigned long membank_extent_largest(const struct membank_extent_set *set,
				     unsigned int order);

#endif /* MEMBANK_EXTENT_H */
