// SPDX-License-Identifier: GPL-2.0-only
/*
 * How well a bank stays usable: random allocations and frees, the same ones for
 * extent.c and for other ways to choose a place. Prints what docs/design.md
 * quotes.
 */
#include "extent_host.h"

#define OPERATIONS 1000000
/* A bank starts at a boundary that suits every extent of a buddy allocator. */
#define BASE BIT(20)
#define PAGES_MOST BIT(18)
#define PAGES_PER_MIB 256
/* What wants 2 MiB entries tries to start at such a boundary. */
#define LARGE_ORDER 9
#define SEED 0x9e3779b97f4a7c15ULL

/* Fills follow one another, so that a bank also has to recover. */
static const unsigned int fills[] = { 50, 70, 90 };
#define ROUNDS 4
#define STEPS (OPERATIONS / (ROUNDS * ARRAY_SIZE(fills)))
#define STEPS_PER_SAMPLE 500

/* A policy's own sets: free extents by size, or free blocks by order. */
static struct membank_extent_set classes[MEMBANK_EXTENT_LARGE];

/*
 * A policy's own index by address: the leaf of a free extent's first page has
 * the pages that it offers, any other leaf none, and each node the most of its
 * children. The second is for pages behind a 2 MiB boundary.
 */
static unsigned int offers[2][2 * PAGES_MOST];

/* An extent that the trace wants to live; a policy may have refused it. */
static struct range {
	unsigned long start;
	unsigned long pages;
	bool given;
} ranges[PAGES_MOST];

/* What one fill of a bank came to. All but counts are in pages. */
struct figures {
	unsigned long asked;
	unsigned long refused;
	unsigned long large;
	unsigned long large_aligned;
	unsigned long samples;
	unsigned long used;
	unsigned long largest;
	unsigned long blocks;
};

struct trace {
	u64 random;
	unsigned long wanted;
	unsigned long count;
	struct figures figures[ARRAY_SIZE(fills)];
};

/* xorshift64*: the same numbers from the same seed on every machine. */
static unsigned long draw_number(struct trace *trace, unsigned long below)
{
	trace->random ^= trace->random >> 12;
	trace->random ^= trace->random << 25;
	trace->random ^= trace->random >> 27;
	return ((trace->random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* As often between 4 and 8 KiB as between 8 and 16 MiB. */
static unsigned long draw_any(struct trace *trace)
{
	unsigned long pages = 1UL << draw_number(trace, 12);

	return pages + draw_number(trace, pages);
}

/* 4 to 252 KiB. */
static unsigned long draw_small(struct trace *trace)
{
	unsigned long pages = 1UL << draw_number(trace, 6);

	return pages + draw_number(trace, pages);
}

/* 1.5 to 8 MiB. */
static unsigned long draw_frame(struct trace *trace)
{
	return 384 + draw_number(trace, 2048 - 384 + 1);
}

static const struct {
	const char *name;
	unsigned long (*draw)(struct trace *trace);
} mixes[] = {
	{ "any", draw_any },
	{ "small", draw_small },
	{ "frames", draw_frame },
};

static void set_insert(struct membank_extent_set *set, unsigned long start,
		       unsigned long pages, struct membank_extent_pool *pool)
{
	membank_extent_pool_fill(pool, 1, GFP_KERNEL);
	membank_extent_insert(set, start, pages, pool);
}

static void set_remove(struct membank_extent_set *set, unsigned long start,
		       unsigned long pages, struct membank_extent_pool *pool)
{
	membank_extent_pool_fill(pool, 1, GFP_KERNEL);
	membank_extent_remove(set, start, pages, pool);
}

static unsigned long same_pages(unsigned long pages)
{
	return pages;
}

static void offer(unsigned int *tree, unsigned long start, unsigned int pages)
{
	unsigned long node = PAGES_MOST + (start - BASE);

	while (node && tree[node] != pages) {
		tree[node] = pages;
		pages = max(tree[node], tree[node ^ 1]);
		node /= 2;
	}
}

/* An extent is free from now on. classes[n] are those of n pages. */
static void appear(struct _test_data_extent *self, unsigned long start,
		   unsigned long pages)
{
	unsigned long skip = -start % MEMBANK_EXTENT_LARGE;

	if (!pages)
		return;
	if (pages < MEMBANK_EXTENT_LARGE)
		set_insert(&classes[pages], start, pages, &self->pool);
	offer(offers[0], start, pages);
	offer(offers[1], start, pages > skip ? pages - skip : 0);
}

static void vanish(struct _test_data_extent *self, unsigned long start,
		   unsigned long pages)
{
	if (pages < MEMBANK_EXTENT_LARGE)
		set_remove(&classes[pages], start, pages, &self->pool);
	offer(offers[0], start, 0);
	offer(offers[1], start, 0);
}

static void take_noted(struct _test_data_extent *self, unsigned long start,
		       unsigned long pages)
{
	const struct membank_extent *extent = extent_floor(&self->set, start);
	unsigned long end = extent->start + extent->pages;

	vanish(self, extent->start, extent->pages);
	appear(self, extent->start, start - extent->start);
	appear(self, start + pages, end - start - pages);
}

static void give_noted(struct _test_data_extent *self, unsigned long start,
		       unsigned long pages)
{
	const struct membank_extent *left = extent_floor(&self->set, start);
	const struct membank_extent *right = extent_after(&self->set, left);
	unsigned long end = start + pages;

	if (left && left->start + left->pages == start) {
		start = left->start;
		vanish(self, left->start, left->pages);
	}
	if (right && right->start == end) {
		end = right->start + right->pages;
		vanish(self, right->start, right->pages);
	}
	appear(self, start, end - start);
}

/* The lowest extent that offers so much. */
static bool find_first(struct _test_data_extent *self, unsigned long pages,
		       unsigned int order, unsigned long *start)
{
	const unsigned int *tree = offers[order == LARGE_ORDER];
	unsigned long node = 1;

	if (self->set.pages < pages || tree[node] < pages)
		return false;
	while (node < PAGES_MOST)
		node = 2 * node + (tree[2 * node] < pages);
	*start = BASE + node - PAGES_MOST;
	*start += -*start % (1UL << order);
	return true;
}

/* The end of the highest extent that offers so much; there is no alignment. */
static bool find_last(struct _test_data_extent *self, unsigned long pages,
		      unsigned long *start)
{
	const unsigned int *tree = offers[0];
	unsigned long node = 1;

	if (self->set.pages < pages || tree[node] < pages)
		return false;
	while (node < PAGES_MOST)
		node = 2 * node + (tree[2 * node + 1] >= pages);
	*start = BASE + node - PAGES_MOST + tree[node] - pages;
	return true;
}

static bool find_best(struct _test_data_extent *self, unsigned long pages,
		      unsigned int order, unsigned long *start)
{
	const struct membank_extent *extent;
	unsigned long size, ignored;

	for (size = pages; size < MEMBANK_EXTENT_LARGE; size++) {
		if (classes[size].extents)
			return membank_extent_next(&classes[size], 0, start,
						   &ignored);
	}
	extent = extent_find_large(&self->set, pages, order);
	if (!extent)
		return false;
	*start = extent->start + extent_skip(extent, order);
	return true;
}

static bool find_ends(struct _test_data_extent *self, unsigned long pages,
		      unsigned int order, unsigned long *start)
{
	return pages < MEMBANK_EXTENT_LARGE ?
		       find_last(self, pages, start) :
		       find_first(self, pages, order, start);
}

static bool find_best_ends(struct _test_data_extent *self, unsigned long pages,
			   unsigned int order, unsigned long *start)
{
	return pages < MEMBANK_EXTENT_LARGE ?
		       find_last(self, pages, start) :
		       find_best(self, pages, order, start);
}

/* classes[n] are the free blocks of 2^n pages. */
static unsigned int buddy_order(unsigned long pages)
{
	unsigned int order = 0;

	while (1UL << order < pages)
		order++;
	return order;
}

static unsigned long buddy_pages(unsigned long pages)
{
	return 1UL << buddy_order(pages);
}

static bool find_buddy(struct _test_data_extent *self, unsigned long pages,
		       unsigned int order, unsigned long *start)
{
	unsigned long ignored;

	if (self->set.pages < pages)
		return false;
	for (order = buddy_order(pages); order < MEMBANK_EXTENT_ORDERS;
	     order++) {
		if (membank_extent_next(&classes[order], 0, start, &ignored))
			return true;
	}
	return false;
}

static void take_buddy(struct _test_data_extent *self, unsigned long start,
		       unsigned long pages)
{
	unsigned int order = buddy_order(pages);
	unsigned long from, ignored;

	while (!membank_extent_next(&classes[order], start, &from, &ignored) ||
	       from != start)
		order++;
	set_remove(&classes[order], start, 1UL << order, &self->pool);
	while (1UL << order > pages) {
		order--;
		set_insert(&classes[order], start + (1UL << order),
			   1UL << order, &self->pool);
	}
}

static void give_buddy(struct _test_data_extent *self, unsigned long start,
		       unsigned long pages)
{
	unsigned int order = buddy_order(pages);
	unsigned long buddy, from, ignored;

	while (buddy = start ^ (1UL << order),
	       membank_extent_next(&classes[order], buddy, &from, &ignored) &&
		       from == buddy) {
		set_remove(&classes[order], buddy, 1UL << order, &self->pool);
		start = min(start, buddy);
		order++;
	}
	set_insert(&classes[order], start, 1UL << order, &self->pool);
}

static bool find_ours(struct _test_data_extent *self, unsigned long pages,
		      unsigned int order, unsigned long *start)
{
	return membank_extent_find(&self->set, pages, order, start);
}

/*
 * @pages: how many are taken when so many are asked for
 * @take: what a policy has to note before a range leaves the set, or NULL
 * @give: likewise before a range comes back
 */
static const struct policy {
	const char *name;
	unsigned long (*pages)(unsigned long pages);
	bool (*find)(struct _test_data_extent *self, unsigned long pages,
		     unsigned int order, unsigned long *start);
	void (*take)(struct _test_data_extent *self, unsigned long start,
		     unsigned long pages);
	void (*give)(struct _test_data_extent *self, unsigned long start,
		     unsigned long pages);
} policies[] = {
	{ "first fit", same_pages, find_first, take_noted, give_noted },
	{ "best fit", same_pages, find_best, take_noted, give_noted },
	{ "buddy", buddy_pages, find_buddy, take_buddy, give_buddy },
	{ "two ends", same_pages, find_ends, take_noted, give_noted },
	{ "best ends", same_pages, find_best_ends, take_noted, give_noted },
	/* What the others are compared with comes last. */
	{ "extent.c", same_pages, find_ours, NULL, NULL },
};

#define OURS (ARRAY_SIZE(policies) - 1)

static void give(struct _test_data_extent *self, const struct policy *policy,
		 unsigned long start, unsigned long pages)
{
	if (policy->give)
		policy->give(self, start, pages);
	set_insert(&self->set, start, pages, &self->pool);
}

static bool take(struct __test_metadata *_metadata,
		 struct _test_data_extent *self, const struct policy *policy,
		 unsigned long pages, unsigned long *start)
{
	unsigned long at, there;

	if ((pages < MEMBANK_EXTENT_LARGE ||
	     !policy->find(self, pages, LARGE_ORDER, start)) &&
	    !policy->find(self, pages, 0, start))
		return false;

	/* Whatever chose it, all of it must be free. */
	ASSERT_TRUE(membank_extent_next(&self->set, *start, &at, &there));
	ASSERT_EQ(*start, at);
	ASSERT_LE(pages, there);
	if (policy->take)
		policy->take(self, *start, pages);
	set_remove(&self->set, *start, pages, &self->pool);
	return true;
}

/* Whole 2 MiB blocks among the free pages. */
static unsigned long free_blocks(const struct membank_extent_set *set)
{
	unsigned long start, pages, from = 0, blocks = 0;

	while (membank_extent_next(set, from, &start, &pages)) {
		from = start + pages;
		start += -start % MEMBANK_EXTENT_LARGE;
		if (from > start)
			blocks += (from - start) / MEMBANK_EXTENT_LARGE;
	}
	return blocks;
}

/*
 * One allocation, or one free if the trace has what it wants. What a policy
 * does has no say in this, so all of them see the same trace.
 */
static void step(struct __test_metadata *_metadata,
		 struct _test_data_extent *self, const struct policy *policy,
		 unsigned int mix, unsigned long want, struct trace *trace,
		 struct figures *figures)
{
	struct range *range;
	unsigned long pages;

	if (trace->wanted >= want) {
		range = &ranges[draw_number(trace, trace->count)];
		trace->wanted -= range->pages;
		if (range->given)
			give(self, policy, range->start,
			     policy->pages(range->pages));
		*range = ranges[--trace->count];
		return;
	}

	pages = mixes[mix].draw(trace);
	range = &ranges[trace->count++];
	range->pages = pages;
	range->given = take(_metadata, self, policy, policy->pages(pages),
			    &range->start);
	trace->wanted += pages;
	figures->asked += pages;
	if (!range->given) {
		figures->refused += pages;
	} else if (pages >= MEMBANK_EXTENT_LARGE) {
		figures->large++;
		figures->large_aligned += range->start % MEMBANK_EXTENT_LARGE ==
					  0;
	}
}

/* Free and given are all the pages there are. */
static void check_sums(struct __test_metadata *_metadata,
		       struct _test_data_extent *self,
		       const struct policy *policy, const struct trace *trace,
		       unsigned long bank)
{
	unsigned long i, sum = self->set.pages, wanted = 0;

	for (i = 0; i < trace->count; i++) {
		wanted += ranges[i].pages;
		if (ranges[i].given)
			sum += policy->pages(ranges[i].pages);
	}
	ASSERT_EQ(bank, sum);
	ASSERT_EQ(trace->wanted, wanted);
	check_set(_metadata, &self->set);
}

/* Everything is given back, and one extent is left: the bank. */
static void empty(struct __test_metadata *_metadata,
		  struct _test_data_extent *self, const struct policy *policy,
		  struct trace *trace, unsigned long bank)
{
	size_t i;

	while (trace->count) {
		const struct range *range = &ranges[--trace->count];

		if (range->given)
			give(self, policy, range->start,
			     policy->pages(range->pages));
	}
	EXPECT_EQ(1, self->set.extents);
	EXPECT_EQ(bank, membank_extent_largest(&self->set, 0));
	/* Of buddies one block is left, and of small extents none. */
	EXPECT_EQ(policy->take == take_buddy ? bank : 0,
		  classes[buddy_order(bank)].pages);
	membank_extent_set_clear(&self->set, &self->pool);
	for (i = 0; i < ARRAY_SIZE(classes); i++)
		membank_extent_set_clear(&classes[i], &self->pool);
	memset(offers, 0, sizeof(offers));
}

static void run(struct __test_metadata *_metadata,
		struct _test_data_extent *self, const struct policy *policy,
		unsigned int mix, unsigned long bank, struct trace *trace)
{
	unsigned int phase;
	unsigned long i;

	for (i = 0; i < ARRAY_SIZE(classes); i++)
		membank_extent_set_init(&classes[i]);
	give(self, policy, BASE, bank);

	for (phase = 0; phase < ROUNDS * ARRAY_SIZE(fills); phase++) {
		unsigned int fill = phase % ARRAY_SIZE(fills);
		struct figures *figures = &trace->figures[fill];
		/* First the fill is reached, then it is looked at. */
		struct figures unused = {};

		for (i = 0; i < STEPS; i++) {
			bool counts = i >= STEPS / 2;

			step(_metadata, self, policy, mix,
			     bank * fills[fill] / 100, trace,
			     counts ? figures : &unused);
			if (!counts || i % STEPS_PER_SAMPLE)
				continue;
			figures->samples++;
			figures->used += bank - self->set.pages;
			figures->largest +=
				membank_extent_largest(&self->set, 0);
			figures->blocks += free_blocks(&self->set);
		}
		check_sums(_metadata, self, policy, trace, bank);
	}
	empty(_metadata, self, policy, trace, bank);
}

static u64 trace_seed(struct __test_metadata *_metadata)
{
	const char *given = getenv("MEMBANK_SEED");
	u64 seed = SEED;
	char *end;

	if (given) {
		errno = 0;
		seed = strtoull(given, &end, 0);
		ASSERT_TRUE(!errno && *given && !*end);
	}
	/* 0 is the one state that xorshift never leaves. */
	return seed ? seed : 1;
}

static const char *const columns[] = {
	"at 50, 70 and 90 % fill: refused (%), largest free extent (MiB),",
	"free 2 MiB blocks; at 90 %: used (%), large extents at a boundary (%)",
};

static void print_row(const char *mix, const char *policy,
		      const struct figures *figures, unsigned long bank)
{
	const struct figures *full = &figures[ARRAY_SIZE(fills) - 1];
	char row[256];
	int at, i;

	at = snprintf(row, sizeof(row), "| %-6s | %-9s |", mix, policy);
	for (i = 0; i < ARRAY_SIZE(fills); i++)
		at += snprintf(row + at, sizeof(row) - at, " %5.2f |",
			       100.0 * figures[i].refused / figures[i].asked);
	for (i = 0; i < ARRAY_SIZE(fills); i++)
		at += snprintf(row + at, sizeof(row) - at, " %5.1f |",
			       1.0 * figures[i].largest / figures[i].samples /
				       PAGES_PER_MIB);
	for (i = 0; i < ARRAY_SIZE(fills); i++)
		at += snprintf(row + at, sizeof(row) - at, " %5.1f |",
			       1.0 * figures[i].blocks / figures[i].samples);
	at += snprintf(row + at, sizeof(row) - at, " %4.1f |",
		       100.0 * full->used / full->samples / bank);
	if (full->large)
		snprintf(row + at, sizeof(row) - at, " %5.1f |",
			 100.0 * full->large_aligned / full->large);
	else
		snprintf(row + at, sizeof(row) - at, "     - |");
	ksft_print_msg("%s\n", row);
}

/*
 * Compare all policies in a bank of so many pages. The measure: the share of
 * pages refused, of those asked for, the mean of all mixes and fills. There
 * was always enough in sum, so each refusal is the policy's fault. None may be
 * better than extent.c by more than a twentieth.
 */
static void compare(struct __test_metadata *_metadata,
		    struct _test_data_extent *self, unsigned long bank)
{
	double refused[ARRAY_SIZE(policies)] = {};
	u64 seed = trace_seed(_metadata);
	unsigned int i, fill, mix;

	ksft_print_msg("%lu MiB, %d operations each, MEMBANK_SEED=%#llx\n",
		       bank / PAGES_PER_MIB, OPERATIONS,
		       (unsigned long long)seed);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		ksft_print_msg("%s\n", columns[i]);
	for (mix = 0; mix < ARRAY_SIZE(mixes); mix++) {
		for (i = 0; i < ARRAY_SIZE(policies); i++) {
			struct trace trace = { .random = seed };
			struct figures *figures = trace.figures;

			run(_metadata, self, &policies[i], mix, bank, &trace);
			print_row(mixes[mix].name, policies[i].name, figures,
				  bank);
			for (fill = 0; fill < ARRAY_SIZE(fills); fill++)
				refused[i] += 100.0 * figures[fill].refused /
					      figures[fill].asked;
		}
	}
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		refused[i] /= ARRAY_SIZE(mixes) * ARRAY_SIZE(fills);
		ksft_print_msg("%s: %.2f %% refused\n", policies[i].name,
			       refused[i]);
	}
	ASSERT_GT(refused[OURS], 0);
	for (i = 0; i < OURS; i++)
		EXPECT_LE(refused[OURS], 1.05 * refused[i])
	TH_LOG("%s is better", policies[i].name);
}

TEST_F_TIMEOUT(extent, none_refuses_much_less_in_64_mib, 300)
{
	compare(_metadata, self, 64 * PAGES_PER_MIB);
}

TEST_F_TIMEOUT(extent, none_refuses_much_less_in_1_gib, 300)
{
	compare(_metadata, self, 1024 * PAGES_PER_MIB);
}

TEST_HARNESS_MAIN
