/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * module/extent.c, built as it is into a program, and what its tests share.
 */
#ifndef MEMBANK_SELFTESTS_EXTENT_HOST_H
#define MEMBANK_SELFTESTS_EXTENT_HOST_H

#include "kselftest_harness.h"

#include <limits.h>
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>
#include <linux/types.h>

/* What the kernel gives to extent.c, with a count of each. */
static unsigned long warnings;
static unsigned long visits;
static unsigned long allocated;
static unsigned long allocations_left = ULONG_MAX;
static gfp_t allocated_gfp;

static bool warn(bool met)
{
	warnings += met;
	return met;
}

#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition) warn(condition)

#undef rb_entry
#define rb_entry(ptr, type, member) (visits++, container_of(ptr, type, member))

#undef kmalloc_obj
#define kmalloc_obj(object, gfp) kmalloc(sizeof(object), gfp)

#define U32_MAX UINT_MAX

void *kmalloc(size_t size, gfp_t gfp)
{
	void *memory;

	if (!allocations_left)
		return NULL;
	allocations_left--;
	allocated_gfp = gfp;
	memory = malloc(size);
	if (!memory)
		return NULL;
	allocated++;
	return memset(memory, 0xcc, size);
}

void kfree(void *memory)
{
	allocated--;
	free(memory);
}

#include "../module/extent.c"

#define JUNK 0xccccccccccccccccUL

/* What check_subtree() finds out on its way. */
struct tree_facts {
	const struct membank_extent *previous;
	unsigned long pages;
	unsigned long extents;
	unsigned long large;
	unsigned int depth;
	bool by_size;
};

/* Whether @extent is where it belongs in the tree: behind @previous. */
static void check_order(struct __test_metadata *_metadata,
			const struct membank_extent *previous,
			const struct membank_extent *extent, bool by_size)
{
	if (!by_size) {
		ASSERT_GT(extent->start, previous->start + previous->pages);
		return;
	}
	ASSERT_GE(extent->pages, previous->pages);
	ASSERT_TRUE(extent->pages > previous->pages ||
		    extent->start > previous->start);
}

/*
 * Check order, gaps, figures and colours of a subtree, whose figures are
 * computed anew into @fit. Returns the number of black nodes on each way down.
 */
static int check_subtree(struct __test_metadata *_metadata,
			 const struct rb_node *node, unsigned int depth,
			 struct membank_extent_fit *fit,
			 struct tree_facts *facts)
{
	const struct membank_extent_fit *kept;
	const struct membank_extent *extent;
	struct membank_extent_fit right;
	int blacks, right_blacks;
	unsigned int order;
	bool large;

	memset(fit, 0, sizeof(*fit));
	if (!node)
		return 0;
	if (depth > facts->depth)
		facts->depth = depth;

	blacks = check_subtree(_metadata, node->rb_left, depth + 1, fit, facts);

	if (facts->by_size) {
		extent = container_of(node, struct membank_extent, large_node);
		kept = &extent->large_fit;
	} else {
		extent = container_of(node, struct membank_extent, node);
		kept = &extent->fit;
	}
	ASSERT_NE(0, extent->pages);
	if (facts->previous)
		check_order(_metadata, facts->previous, extent, facts->by_size);
	large = extent->pages >= MEMBANK_EXTENT_LARGE;
	facts->previous = extent;
	facts->pages += extent->pages;
	facts->extents++;
	facts->large += large;

	right_blacks = check_subtree(_metadata, node->rb_right, depth + 1,
				     &right, facts);

	for (order = 0; order < MEMBANK_EXTENT_ORDERS; order++) {
		unsigned long end = extent->start + extent->pages;
		unsigned long first = extent->start;

		if (first % (1UL << order))
			first += (1UL << order) - first % (1UL << order);
		/* Near the end of all numbers @first begins anew at 0. */
		if (large == facts->by_size && first >= extent->start &&
		    first < end && end - first > fit->pages[order])
			fit->pages[order] = end - first;
		if (right.pages[order] > fit->pages[order])
			fit->pages[order] = right.pages[order];
		ASSERT_EQ(fit->pages[order], kept->pages[order]);
	}

	ASSERT_EQ(blacks, right_blacks);
	if (rb_is_red(node)) {
		ASSERT_TRUE(!node->rb_left || rb_is_black(node->rb_left));
		ASSERT_TRUE(!node->rb_right || rb_is_black(node->rb_right));
		return blacks;
	}
	return blacks + 1;
}

/* Check all that a set says about itself. Returns the depth of its tree. */
static unsigned int check_set(struct __test_metadata *_metadata,
			      const struct membank_extent_set *set)
{
	struct tree_facts large_facts = { .by_size = true };
	struct membank_extent_fit fit, large_fit;
	struct tree_facts facts = {};
	unsigned int order;

	check_subtree(_metadata, set->root.rb_node, 1, &fit, &facts);
	ASSERT_EQ(facts.pages, set->pages);
	ASSERT_EQ(facts.extents, set->extents);
	check_subtree(_metadata, set->large.rb_node, 1, &large_fit,
		      &large_facts);
	ASSERT_EQ(large_facts.extents, large_facts.large);
	ASSERT_EQ(large_facts.extents, facts.large);
	for (order = 0; order < MEMBANK_EXTENT_ORDERS; order++) {
		ASSERT_EQ(max(fit.pages[order], large_fit.pages[order]),
			  membank_extent_largest(set, order));
	}
	return facts.depth;
}

FIXTURE(extent)
{
	struct membank_extent_set set;
	struct membank_extent_pool pool;
	unsigned long start;
	unsigned long pages;
};

FIXTURE_SETUP(extent)
{
	membank_extent_set_init(&self->set);
	membank_extent_pool_init(&self->pool);
	self->start = JUNK;
	self->pages = JUNK;
}

FIXTURE_TEARDOWN(extent)
{
	check_set(_metadata, &self->set);
	membank_extent_set_clear(&self->set, &self->pool);
	EXPECT_EQ(allocated, self->pool.count);
	membank_extent_pool_drain(&self->pool);
	EXPECT_EQ(0, allocated);
	EXPECT_EQ(0, warnings);
}

#endif /* MEMBANK_SELFTESTS_EXTENT_HOST_H */
