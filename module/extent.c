// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of page ranges: no locks, no pages, and no memory but what a pool holds,
 * so that a set can be changed where nothing may fail.
 *
 * A set is a red-black tree of disjoint ranges by address, adjacent ones merged;
 * the large ones are in a second tree, too, by size. In the first tree a node
 * also knows, for every alignment, the most pages that a small extent of its
 * subtree can offer behind an aligned start; in the second, the same of large
 * ones. A search follows these figures from the root straight to the last
 * extent by address, or the first by size, that fits: it never scans, however
 * many extents there are and however few of them would do.
 *
 * Below, n is the number of extents in the set.
 */
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "extent.h"

static struct membank_extent *extent_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct membank_extent, node);
}

static struct membank_extent *large_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct membank_extent, large_node);
}

/* Pages before the first aligned one at or behind the start of @extent. */
static unsigned long extent_skip(const struct membank_extent *extent,
				 unsigned int order)
{
	return -extent->start & (BIT(order) - 1);
}

/* Pages of @extent alone from its first aligned one on. */
static unsigned long extent_fit(const struct membank_extent *extent,
				unsigned int order)
{
	unsigned long skip = extent_skip(extent, order);

	return extent->pages > skip ? extent->pages - skip : 0;
}

/*
 * Compute @fit: what @extent can offer, if it counts, and what its children can,
 * which are NULL where there is none. With @exit, say whether it was right
 * already: then it is right all the way up, too.
 */
static __always_inline bool compute(const struct membank_extent *extent,
				    bool counts, struct membank_extent_fit *fit,
				    const struct membank_extent_fit *left,
				    const struct membank_extent_fit *right,
				    bool exit)
{
	unsigned int order;
	bool same = exit;

	for (order = 0; order < MEMBANK_EXTENT_ORDERS; order++) {
		u32 pages = counts ? extent_fit(extent, order) : 0;

		if (left)
			pages = max(pages, left->pages[order]);
		if (right)
			pages = max(pages, right->pages[order]);
		/* What fits at no place fits at none that is aligned to more. */
		if (!pages)
			break;
		same &= fit->pages[order] == pages;
		fit->pages[order] = pages;
	}

	/* So if it was right, all the rest is 0 already where the first is. */
	if (order < MEMBANK_EXTENT_ORDERS && (!exit || fit->pages[order])) {
		memset(&fit->pages[order], 0,
		       (MEMBANK_EXTENT_ORDERS - order) * sizeof(fit->pages[0]));
		same = false;
	}
	return same;
}

/* Half of all have no children: the compiler makes a short loop of that. */
static bool extent_compute(const struct membank_extent *extent, bool counts,
			   struct membank_extent_fit *fit,
			   const struct membank_extent_fit *left,
			   const struct membank_extent_fit *right, bool exit)
{
	if (!left && !right)
		return compute(extent, counts, fit, NULL, NULL, exit);
	return compute(extent, counts, fit, left, right, exit);
}

static bool extent_is_large(const struct membank_extent *extent)
{
	return extent->pages >= MEMBANK_EXTENT_LARGE;
}

static bool extent_update_fit(struct membank_extent *extent, bool exit)
{
	const struct membank_extent *left = extent_of(extent->node.rb_left);
	const struct membank_extent *right = extent_of(extent->node.rb_right);

	return extent_compute(extent, !extent_is_large(extent), &extent->fit,
			      left ? &left->fit : NULL,
			      right ? &right->fit : NULL, exit);
}

RB_DECLARE_CALLBACKS(static, extent_augment, struct membank_extent, node, fit,
		     extent_update_fit)

static bool large_update_fit(struct membank_extent *extent, bool exit)
{
	const struct membank_extent *left =
		large_of(extent->large_node.rb_left);
	const struct membank_extent *right =
		large_of(extent->large_node.rb_right);

	return extent_compute(extent, true, &extent->large_fit,
			      left ? &left->large_fit : NULL,
			      right ? &right->large_fit : NULL, exit);
}

RB_DECLARE_CALLBACKS(static, large_augment, struct membank_extent, large_node,
		     large_fit, large_update_fit)

/* Put @extent, if it is large, into the tree by size. */
static void large_link(struct membank_extent_set *set,
		       struct membank_extent *extent)
{
	struct rb_node **link = &set->large.rb_node;
	struct rb_node *parent = NULL;

	if (!extent_is_large(extent))
		return;

	while (*link) {
		const struct membank_extent *other = large_of(*link);

		parent = *link;
		if (extent->pages < other->pages ||
		    (extent->pages == other->pages &&
		     extent->start < other->start))
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&extent->large_node, parent, link);
	large_update_fit(extent, false);
	large_augment_propagate(parent, NULL);
	rb_insert_augmented(&extent->large_node, &set->large, &large_augment);
}

/* Take @extent, whose range is still the one it was put in with, out again. */
static void large_unlink(struct membank_extent_set *set,
			 struct membank_extent *extent)
{
	if (extent_is_large(extent))
		rb_erase_augmented(&extent->large_node, &set->large,
				   &large_augment);
}

/* The last extent that starts at or before @page. */
static struct membank_extent *extent_floor(const struct membank_extent_set *set,
					   unsigned long page)
{
	struct rb_node *node = set->root.rb_node;
	struct membank_extent *floor = NULL;

	while (node) {
		struct membank_extent *extent = extent_of(node);

		if (extent->start <= page) {
			floor = extent;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}
	return floor;
}

/* The extent behind @extent; NULL stands for the place before the first. */
static struct membank_extent *extent_after(const struct membank_extent_set *set,
					   const struct membank_extent *extent)
{
	return extent_of(extent ? rb_next(&extent->node) :
				  rb_first(&set->root));
}

/*
 * Change the range of @extent without changing its place by address. The trees
 * must be right before: the update ends at the first node it leaves alone.
 */
static void extent_resize(struct membank_extent_set *set,
			  struct membank_extent *extent, unsigned long start,
			  unsigned long pages)
{
	large_unlink(set, extent);
	extent->start = start;
	extent->pages = pages;
	extent_augment_propagate(&extent->node, NULL);
	large_link(set, extent);
}

/* Take an extent out of @pool, which is not empty, and put it into @set. */
static void extent_link(struct membank_extent_set *set, unsigned long start,
			unsigned long pages, struct membank_extent_pool *pool)
{
	struct membank_extent *new =
		list_first_entry(&pool->spare, struct membank_extent, spare);
	struct rb_node **link = &set->root.rb_node;
	struct rb_node *parent = NULL;

	list_del(&new->spare);
	pool->count--;
	new->start = start;
	new->pages = pages;

	while (*link) {
		parent = *link;
		if (start < extent_of(parent)->start)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	extent_update_fit(new, false);
	extent_augment_propagate(parent, NULL);
	rb_insert_augmented(&new->node, &set->root, &extent_augment);
	large_link(set, new);
	set->extents++;
}

static void extent_unlink(struct membank_extent_set *set,
			  struct membank_extent *extent,
			  struct membank_extent_pool *pool)
{
	large_unlink(set, extent);
	rb_erase_augmented(&extent->node, &set->root, &extent_augment);
	set->extents--;
	list_add(&extent->spare, &pool->spare);
	pool->count++;
}

/**
 * membank_extent_pool_init() - make a pool that holds nothing
 * @pool: the pool
 */
void membank_extent_pool_init(struct membank_extent_pool *pool)
{
	INIT_LIST_HEAD(&pool->spare);
	pool->count = 0;
}

/**
 * membank_extent_pool_fill() - allocate until a pool holds enough
 * @pool: the pool
 * @count: how many extents it shall hold at least
 * @gfp: how to allocate them
 *
 * Return: 0, or -ENOMEM: the pool then holds less than @count, but still what
 * it held before and what could be had until memory ran out.
 */
int membank_extent_pool_fill(struct membank_extent_pool *pool,
			     unsigned int count, gfp_t gfp)
{
	while (pool->count < count) {
		struct membank_extent *extent = kmalloc_obj(*extent, gfp);

		if (!extent)
			return -ENOMEM;
		list_add(&extent->spare, &pool->spare);
		pool->count++;
	}
	return 0;
}

/**
 * membank_extent_pool_move() - give extents of one pool to another
 * @to: the pool that gets them
 * @from: the pool that has them
 * @count: how many; all of them, if @from has fewer
 *
 * Costs O(@count).
 */
void membank_extent_pool_move(struct membank_extent_pool *to,
			      struct membank_extent_pool *from,
			      unsigned int count)
{
	while (count-- && from->count) {
		list_move(from->spare.next, &to->spare);
		from->count--;
		to->count++;
	}
}

/**
 * membank_extent_pool_drain() - free all extents of a pool
 * @pool: the pool; it is empty, and can be used, afterwards
 */
void membank_extent_pool_drain(struct membank_extent_pool *pool)
{
	struct membank_extent *extent, *next;

	list_for_each_entry_safe(extent, next, &pool->spare, spare)
		kfree(extent);
	membank_extent_pool_init(pool);
}

/**
 * membank_extent_set_init() - make an empty set
 * @set: the set
 */
void membank_extent_set_init(struct membank_extent_set *set)
{
	set->root = RB_ROOT;
	set->large = RB_ROOT;
	set->pages = 0;
	set->extents = 0;
}

/**
 * membank_extent_set_clear() - take everything out of a set
 * @set: the set
 * @pool: gets its extents
 *
 * Costs O(n).
 */
void membank_extent_set_clear(struct membank_extent_set *set,
			      struct membank_extent_pool *pool)
{
	struct membank_extent *extent, *next;

	rbtree_postorder_for_each_entry_safe(extent, next, &set->root, node)
		list_add(&extent->spare, &pool->spare);
	pool->count += set->extents;
	membank_extent_set_init(set);
}

/**
 * membank_extent_insert() - add a range to a set
 * @set: the set
 * @start: first page of the range
 * @pages: how many, at least 1; the page behind the last has a number, too
 * @pool: gives one extent if the range touches no other, and gets one if the
 *        range closes the gap between two
 *
 * No page of the range may be in the set, the set must stay below 2^32 pages,
 * and the pool must have the extent: whoever gets that wrong is warned, and
 * nothing is changed.
 *
 * Costs O(log n): in each tree a search or two, and updates on one or two paths
 * to the root that end where nothing changes.
 */
void membank_extent_insert(struct membank_extent_set *set, unsigned long start,
			   unsigned long pages,
			   struct membank_extent_pool *pool)
{
	struct membank_extent *left = extent_floor(set, start);
	struct membank_extent *right = extent_after(set, left);
	bool joins_left = left && left->start + left->pages == start;
	bool joins_right = right && start + pages == right->start;

	if (WARN_ON_ONCE(!pages || start + pages < start ||
			 pages > U32_MAX - set->pages) ||
	    WARN_ON_ONCE(left && start - left->start < left->pages) ||
	    WARN_ON_ONCE(right && right->start - start < pages) ||
	    WARN_ON_ONCE(!joins_left && !joins_right && !pool->count))
		return;

	set->pages += pages;
	if (joins_left && joins_right) {
		pages += right->pages;
		extent_unlink(set, right, pool);
		extent_resize(set, left, left->start, left->pages + pages);
	} else if (joins_left) {
		extent_resize(set, left, left->start, left->pages + pages);
	} else if (joins_right) {
		extent_resize(set, right, start, pages + right->pages);
	} else {
		extent_link(set, start, pages, pool);
	}
}

/**
 * membank_extent_remove() - take a range out of a set
 * @set: the set
 * @start: first page of the range
 * @pages: how many, at least 1; the page behind the last has a number, too
 * @pool: gives one extent if the range lies inside one and cuts it in two, and
 *        gets those that the range covers wholly
 *
 * What is in the range need not be in the set: in the end none of it is. The
 * pool must have the extent where one is needed: whoever gets that wrong, or
 * the range, is warned, and nothing is changed.
 *
 * Costs O((k + 1) * log n) for a range that meets k extents.
 */
void membank_extent_remove(struct membank_extent_set *set, unsigned long start,
			   unsigned long pages,
			   struct membank_extent_pool *pool)
{
	struct membank_extent *extent = extent_floor(set, start);
	unsigned long end = start + pages;
	struct membank_extent *next;

	if (WARN_ON_ONCE(!pages || end < start))
		return;

	if (!extent || start - extent->start >= extent->pages)
		extent = extent_after(set, extent);

	for (; extent && extent->start < end; extent = next) {
		unsigned long extent_end = extent->start + extent->pages;
		unsigned long head =
			start > extent->start ? start - extent->start : 0;
		unsigned long tail = extent_end > end ? extent_end - end : 0;

		/* Then the range meets no other: nothing is changed so far. */
		if (WARN_ON_ONCE(head && tail && !pool->count))
			return;

		next = extent_after(set, extent);
		set->pages -= extent->pages - head - tail;
		if (head)
			extent_resize(set, extent, extent->start, head);
		else if (tail)
			extent_resize(set, extent, end, tail);
		else
			extent_unlink(set, extent, pool);
		if (head && tail)
			extent_link(set, end, tail, pool);
	}
}

/*
 * The highest small extent that has a place, or NULL: at each level the figures
 * of the right child say whether it lies there; if it lies neither there nor
 * here, it lies on the left or nowhere. So one path is followed, and never two.
 */
static struct membank_extent *
extent_find_small(const struct membank_extent_set *set, unsigned long pages,
		  unsigned int order)
{
	struct membank_extent *extent = extent_of(set->root.rb_node);

	while (extent) {
		struct membank_extent *right = extent_of(extent->node.rb_right);

		if (right && right->fit.pages[order] >= pages) {
			extent = right;
			continue;
		}
		if (!extent_is_large(extent) &&
		    extent_fit(extent, order) >= pages)
			return extent;
		extent = extent_of(extent->node.rb_left);
	}
	return NULL;
}

/* The smallest large extent that has a place, or NULL: the same to the left. */
static struct membank_extent *
extent_find_large(const struct membank_extent_set *set, unsigned long pages,
		  unsigned int order)
{
	struct membank_extent *extent = large_of(set->large.rb_node);

	while (extent) {
		struct membank_extent *left =
			large_of(extent->large_node.rb_left);

		if (left && left->large_fit.pages[order] >= pages) {
			extent = left;
			continue;
		}
		if (extent_fit(extent, order) >= pages)
			return extent;
		extent = large_of(extent->large_node.rb_right);
	}
	return NULL;
}

/**
 * membank_extent_find() - choose a place for a range
 * @set: the set
 * @pages: how many are needed, at least 1
 * @order: log2 of the alignment of the first page, in pages, below
 *         %MEMBANK_EXTENT_ORDERS
 * @start: written, if there is such a place: a page that is a multiple of
 *         2^@order and begins @pages pages of the set
 *
 * Less than %MEMBANK_EXTENT_LARGE pages come from the highest small extent that
 * has a place, and, if none has, from the smallest large one; there they get
 * the highest place. As many or more get the lowest place in the smallest
 * extent that has one. Of extents of one size, the lowest is taken.
 * docs/design.md says why.
 *
 * The set stays as it is.
 *
 * Costs O(log n).
 *
 * Return: whether there is one.
 */
bool membank_extent_find(const struct membank_extent_set *set,
			 unsigned long pages, unsigned int order,
			 unsigned long *start)
{
	const struct membank_extent *extent = NULL;

	if (WARN_ON_ONCE(!pages || order >= MEMBANK_EXTENT_ORDERS))
		return false;

	if (pages < MEMBANK_EXTENT_LARGE)
		extent = extent_find_small(set, pages, order);
	if (!extent)
		extent = extent_find_large(set, pages, order);
	if (!extent)
		return false;

	if (pages < MEMBANK_EXTENT_LARGE)
		*start = (extent->start + extent->pages - pages) &
			 ~(BIT(order) - 1);
	else
		*start = extent->start + extent_skip(extent, order);
	return true;
}

/**
 * membank_extent_next() - the first piece of a set from some page on
 * @set: the set
 * @from: the page
 * @start: written, if there is a piece: its first page, not below @from
 * @pages: written, if there is a piece: how many pages follow one another there
 *
 * Costs O(log n).
 *
 * Return: whether there is one.
 */
bool membank_extent_next(const struct membank_extent_set *set,
			 unsigned long from, unsigned long *start,
			 unsigned long *pages)
{
	struct membank_extent *extent = extent_floor(set, from);

	if (extent && from - extent->start < extent->pages) {
		*start = from;
		*pages = extent->pages - (from - extent->start);
		return true;
	}

	extent = extent_after(set, extent);
	if (!extent)
		return false;
	*start = extent->start;
	*pages = extent->pages;
	return true;
}

/**
 * membank_extent_largest() - the most pages behind an aligned start
 * @set: the set
 * @order: log2 of the alignment of the first page, in pages, below
 *         %MEMBANK_EXTENT_ORDERS; 0: the size of the largest extent
 *
 * Costs O(1).
 *
 * Return: the pages, 0 if the set has none.
 */
unsigned long membank_extent_largest(const struct membank_extent_set *set,
				     unsigned int order)
{
	const struct membank_extent *large = large_of(set->large.rb_node);
	const struct membank_extent *small = extent_of(set->root.rb_node);

	if (WARN_ON_ONCE(order >= MEMBANK_EXTENT_ORDERS))
		return 0;

	return max(large ? large->large_fit.pages[order] : 0,
		   small ? small->fit.pages[order] : 0);
}
