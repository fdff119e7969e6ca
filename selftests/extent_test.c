// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of page ranges, case by case, and the number of nodes that each call
 * looks at.
 */
#include "extent_host.h"

static bool find(struct _test_data_extent *self, unsigned long pages,
		 unsigned int order)
{
	return membank_extent_find(&self->set, pages, order, &self->start);
}

static bool next(struct _test_data_extent *self, unsigned long from)
{
	return membank_extent_next(&self->set, from, &self->start,
				   &self->pages);
}

static void insert(struct __test_metadata *_metadata,
		   struct _test_data_extent *self, unsigned long start,
		   unsigned long pages)
{
	ASSERT_EQ(0, membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
	membank_extent_insert(&self->set, start, pages, &self->pool);
}

/* Pictures show a set from page 0: '#' is a page of it, '.' is not. */
static void draw(struct __test_metadata *_metadata,
		 struct _test_data_extent *self, const char *picture)
{
	size_t at = strcspn(picture, "#");

	while (picture[at]) {
		size_t pages = strspn(picture + at, "#");

		insert(_metadata, self, at, pages);
		at += pages;
		at += strcspn(picture + at, "#");
	}
	membank_extent_pool_drain(&self->pool);
}

static void expect_picture(struct __test_metadata *_metadata,
			   struct _test_data_extent *self, const char *picture)
{
	unsigned long start, pages, from = 0;
	char seen[32] = "";

	memset(seen, '.', strlen(picture));
	while (membank_extent_next(&self->set, from, &start, &pages)) {
		from = start + pages;
		ASSERT_LE(from, strlen(picture));
		memset(seen + start, '#', pages);
	}
	EXPECT_STREQ(picture, seen);
	check_set(_metadata, &self->set);
}

/* The call before was refused with a warning, and did nothing. */
static void expect_refused(struct __test_metadata *_metadata,
			   struct _test_data_extent *self, const char *picture,
			   unsigned int spare)
{
	EXPECT_EQ(1, warnings);
	EXPECT_EQ(spare, self->pool.count);
	warnings = 0;
	expect_picture(_metadata, self, picture);
}

TEST_F(extent, pool_fill_reaches_count)
{
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 3, GFP_KERNEL));
	EXPECT_EQ(3, self->pool.count);
	EXPECT_EQ(3, allocated);
	EXPECT_EQ(GFP_KERNEL, allocated_gfp);
}

TEST_F(extent, pool_fill_counts_what_is_there)
{
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 3, GFP_KERNEL));
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 2, GFP_KERNEL));
	EXPECT_EQ(3, self->pool.count);
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 4, GFP_NOWAIT));
	EXPECT_EQ(4, self->pool.count);
	EXPECT_EQ(4, allocated);
	EXPECT_EQ(GFP_NOWAIT, allocated_gfp);
}

TEST_F(extent, pool_fill_without_memory_keeps_what_it_got)
{
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
	allocations_left = 2;
	EXPECT_EQ(-ENOMEM,
		  membank_extent_pool_fill(&self->pool, 4, GFP_KERNEL));
	EXPECT_EQ(3, self->pool.count);
	EXPECT_EQ(3, allocated);
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 3, GFP_KERNEL));
	EXPECT_EQ(-ENOMEM,
		  membank_extent_pool_fill(&self->pool, 4, GFP_KERNEL));
	EXPECT_EQ(3, self->pool.count);
}

TEST_F(extent, pool_move_gives_at_most_what_there_is)
{
	struct membank_extent_pool other;

	membank_extent_pool_init(&other);
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 5, GFP_KERNEL));
	membank_extent_pool_move(&other, &self->pool, 0);
	EXPECT_EQ(5, self->pool.count);
	EXPECT_EQ(0, other.count);
	membank_extent_pool_move(&other, &self->pool, 2);
	EXPECT_EQ(3, self->pool.count);
	EXPECT_EQ(2, other.count);
	membank_extent_pool_move(&other, &self->pool, 4);
	EXPECT_EQ(0, self->pool.count);
	EXPECT_TRUE(list_empty(&self->pool.spare));
	EXPECT_EQ(5, other.count);
	membank_extent_pool_move(&self->pool, &other, UINT_MAX);
	EXPECT_EQ(5, self->pool.count);
	EXPECT_TRUE(list_empty(&other.spare));
}

TEST_F(extent, pool_drain_leaves_an_empty_pool)
{
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 3, GFP_KERNEL));
	membank_extent_pool_drain(&self->pool);
	EXPECT_EQ(0, allocated);
	EXPECT_EQ(0, self->pool.count);
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
	EXPECT_EQ(1, self->pool.count);
}

TEST_F(extent, clear_gives_all_extents_to_the_pool)
{
	draw(_metadata, self, "#.#.##.###.#.#.#");
	EXPECT_EQ(7, self->set.extents);
	membank_extent_set_clear(&self->set, &self->pool);
	EXPECT_EQ(7, self->pool.count);
	EXPECT_EQ(7, allocated);
	expect_picture(_metadata, self, "................");
	membank_extent_set_clear(&self->set, &self->pool);
	EXPECT_EQ(7, self->pool.count);
}

/* One change of a set, and how many extents the pool gives for it. */
struct change {
	const char *name;
	const char *before;
	unsigned long start;
	unsigned long pages;
	const char *after;
	int takes;
};

static void
try_changes(struct __test_metadata *_metadata, struct _test_data_extent *self,
	    const struct change *changes, size_t count,
	    void (*make)(struct membank_extent_set *set, unsigned long start,
			 unsigned long pages, struct membank_extent_pool *pool))
{
	const struct change *change;

	for (change = changes; change < changes + count; change++) {
		unsigned int spare = change->takes > 0;
		int exit_code = _metadata->exit_code;

		draw(_metadata, self, change->before);
		EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, spare,
						      GFP_KERNEL));
		make(&self->set, change->start, change->pages, &self->pool);
		EXPECT_EQ(0, warnings);
		EXPECT_EQ(spare - change->takes, self->pool.count);
		expect_picture(_metadata, self, change->after);
		if (_metadata->exit_code != exit_code)
			TH_LOG("failed: %s", change->name);
		membank_extent_set_clear(&self->set, &self->pool);
	}
}

TEST_F(extent, insert_merges_with_its_neighbours)
{
	static const struct change changes[] = {
		{ "into empty", "........", 2, 3, "..###...", 1 },
		{ "page 0", "........", 0, 1, "#.......", 1 },
		{ "before all", "....##..", 0, 2, "##..##..", 1 },
		{ "behind all", "##......", 5, 2, "##...##.", 1 },
		{ "between", "##...##.", 3, 1, "##.#.##.", 1 },
		{ "left", "##...##.", 2, 2, "####.##.", 0 },
		{ "left of nothing", "##......", 2, 2, "####....", 0 },
		{ "right", "##...##.", 3, 2, "##.####.", 0 },
		{ "right, to page 0", "..##....", 0, 2, "####....", 0 },
		{ "both", "##...##.", 2, 3, "#######.", -1 },
		{ "both of many", "#.#.#.#.", 3, 1, "#.###.#.", -1 },
	};

	try_changes(_metadata, self, changes, ARRAY_SIZE(changes),
		    membank_extent_insert);
}

TEST_F(extent, remove_leaves_what_is_outside)
{
	static const struct change changes[] = {
		{ "from empty", "........", 2, 3, "........", 0 },
		{ "head", ".####...", 1, 2, "...##...", 0 },
		{ "head and before", ".####...", 0, 3, "...##...", 0 },
		{ "tail", ".####...", 3, 2, ".##.....", 0 },
		{ "tail and behind", ".####...", 3, 4, ".##.....", 0 },
		{ "middle", ".####...", 2, 2, ".#..#...", 1 },
		{ "middle page", "#.###.#.", 3, 1, "#.#.#.#.", 1 },
		{ "whole", ".####...", 1, 4, "........", -1 },
		{ "whole and more", ".####...", 0, 7, "........", -1 },
		{ "page", "#.#.#...", 2, 1, "#...#...", -1 },
		{ "gap", "##..##..", 2, 2, "##..##..", 0 },
		{ "before all", "...##...", 0, 3, "...##...", 0 },
		{ "behind all", ".##.....", 3, 4, ".##.....", 0 },
		{ "several", "#.##.#.#", 2, 4, "#......#", -2 },
		{ "several and parts", "###.#.###", 2, 5, "##.....##", -1 },
		{ "two parts", "###.###", 2, 3, "##...##", 0 },
		{ "everything", "#.##.#.#", 0, 8, "........", -4 },
	};

	try_changes(_metadata, self, changes, ARRAY_SIZE(changes),
		    membank_extent_remove);
}

TEST_F(extent, insert_of_a_wrong_range_is_refused)
{
	static const unsigned long wrong[][2] = {
		{ 4, 0 }, { 2, 2 }, { 1, 2 },	 { 3, 1 },
		{ 1, 5 }, { 0, 9 }, { 5, 2 },	 { 8, -1UL },
		{ 7, 2 }, { 6, 3 }, { 9, -9UL }, { -2UL, 2 },
	};
	size_t i;

	draw(_metadata, self, "..##..##");
	EXPECT_EQ(0, membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		membank_extent_insert(&self->set, wrong[i][0], wrong[i][1],
				      &self->pool);
		expect_refused(_metadata, self, "..##..##", 1);
	}
}

TEST_F(extent, insert_keeps_the_set_below_2_to_32_pages)
{
	draw(_metadata, self, "##");
	insert(_metadata, self, 8, UINT_MAX - 1);
	EXPECT_EQ(1, warnings);
	warnings = 0;
	EXPECT_EQ(2, self->set.pages);
	insert(_metadata, self, 2, UINT_MAX - 2);
	EXPECT_EQ(UINT_MAX, self->set.pages);
	EXPECT_EQ(UINT_MAX, membank_extent_largest(&self->set, 0));
	EXPECT_TRUE(find(self, UINT_MAX, 18));
	EXPECT_EQ(0, self->start);
	EXPECT_FALSE(find(self, UINT_MAX + 1UL, 0));
}

TEST_F(extent, insert_without_the_extent_it_needs_is_refused)
{
	draw(_metadata, self, "##...##.");
	membank_extent_insert(&self->set, 3, 1, &self->pool);
	expect_refused(_metadata, self, "##...##.", 0);
}

TEST_F(extent, remove_of_a_wrong_range_is_refused)
{
	draw(_metadata, self, "..##..##");
	membank_extent_remove(&self->set, 2, 0, &self->pool);
	expect_refused(_metadata, self, "..##..##", 0);
	membank_extent_remove(&self->set, 3, -3UL, &self->pool);
	expect_refused(_metadata, self, "..##..##", 0);
	membank_extent_remove(&self->set, 3, -1UL, &self->pool);
	expect_refused(_metadata, self, "..##..##", 0);
}

TEST_F(extent, remove_without_the_extent_it_needs_is_refused)
{
	draw(_metadata, self, "#.####.#");
	membank_extent_remove(&self->set, 3, 2, &self->pool);
	expect_refused(_metadata, self, "#.####.#", 0);
}

TEST_F(extent, ranges_reach_up_to_the_last_numbers)
{
	insert(_metadata, self, -9UL, 8);
	EXPECT_TRUE(find(self, 7, 3));
	EXPECT_EQ(-8UL, self->start);
	self->start = JUNK;
	EXPECT_FALSE(find(self, 8, 3));
	EXPECT_FALSE(find(self, 1, 4));
	EXPECT_EQ(JUNK, self->start);
	EXPECT_TRUE(next(self, -2UL));
	EXPECT_EQ(-2UL, self->start);
	EXPECT_EQ(1, self->pages);
	EXPECT_FALSE(next(self, -1UL));
	membank_extent_remove(&self->set, -4UL, 3, &self->pool);
	EXPECT_EQ(5, self->set.pages);
}

/* A search in a picture whose first page has the number @base. */
struct search {
	const char *picture;
	unsigned long base;
	unsigned long pages;
	unsigned int order;
	unsigned long start; /* JUNK: there is none */
};

TEST_F(extent, find_of_few_gives_the_highest_place_of_small_extents)
{
	static const struct search searches[] = {
		{ "", 0, 1, 0, JUNK },
		{ "#", 0, 1, 0, 0 },
		{ "#", 0, 2, 0, JUNK },
		{ "#", 0, 1, 18, 0 },
		{ "##.##", 0, 2, 0, 3 },
		{ "#.##.##", 0, 2, 0, 5 },
		{ "#.##.###.####", 0, 3, 0, 10 },
		{ "#.##.###.####", 0, 4, 0, 9 },
		{ "#.##.###.####", 0, 5, 0, JUNK },
		/* Large enough, and then not, behind the aligned page. */
		{ ".###", 0, 2, 1, 2 },
		{ ".###", 0, 3, 1, JUNK },
		{ ".###", 0, 3, 0, 1 },
		{ ".###.###", 0, 1, 2, JUNK },
		{ ".###.####", 0, 1, 2, 8 },
		{ ".######.##", 0, 3, 2, 4 },
		{ ".######.##", 0, 2, 3, 8 },
		/* The largest extent is the wrong one. */
		{ ".#######.####", 0, 4, 3, JUNK },
		{ ".#######..#####", 0, 3, 2, 12 },
		{ ".#######.....####", 0, 4, 2, 4 },
		{ "..######.....####", 6, 4, 2, 8 },
		/* One page short of the boundary, at it, behind it. */
		{ "####", (1UL << 18) - 4, 1, 18, JUNK },
		{ "#####", (1UL << 18) - 4, 1, 18, 1UL << 18 },
		{ "#####", (1UL << 18) - 4, 2, 18, JUNK },
		{ "####.#####", (1UL << 18) - 4, 1, 18, JUNK },
		{ "####.#####", (1UL << 18) - 4, 4, 2, (1UL << 18) - 4 },
		{ "####.#####", (1UL << 18) - 4, 5, 0, (1UL << 18) + 1 },
		{ "########", (1UL << 40) - 2, 6, 18, 1UL << 40 },
		{ "########", (1UL << 40) - 2, 7, 18, JUNK },
	};
	const struct search *search;

	for (search = searches; search < searches + ARRAY_SIZE(searches);
	     search++) {
		const char *picture = search->picture;
		size_t at;
		bool found;

		for (at = 0; picture[at]; at++) {
			if (picture[at] == '#')
				insert(_metadata, self, search->base + at, 1);
		}
		self->start = JUNK;
		found = find(self, search->pages, search->order);
		EXPECT_EQ(search->start != JUNK, found);
		EXPECT_EQ(search->start, self->start)
		TH_LOG("%s at %lu, %lu pages, order %u", picture, search->base,
		       search->pages, search->order);
		check_set(_metadata, &self->set);
		membank_extent_set_clear(&self->set, &self->pool);
	}
}

/* A search in a set of up to four ranges, some of which are large. */
struct large_search {
	unsigned long ranges[4][2]; /* first page, pages */
	unsigned long pages;
	unsigned int order;
	unsigned long start; /* JUNK: there is none */
};

static void try_large_searches(struct __test_metadata *_metadata,
			       struct _test_data_extent *self,
			       const struct large_search *searches,
			       size_t count)
{
	const struct large_search *search;
	size_t i;

	for (search = searches; search < searches + count; search++) {
		for (i = 0; i < 4 && search->ranges[i][1]; i++)
			insert(_metadata, self, search->ranges[i][0],
			       search->ranges[i][1]);
		check_set(_metadata, &self->set);
		self->start = JUNK;
		EXPECT_EQ(search->start != JUNK,
			  find(self, search->pages, search->order));
		EXPECT_EQ(search->start, self->start)
		TH_LOG("search %zu, %lu pages, order %u",
		       (size_t)(search - searches), search->pages,
		       search->order);
		membank_extent_set_clear(&self->set, &self->pool);
	}
}

TEST_F(extent, find_of_few_spares_large_extents)
{
	static const struct large_search searches[] = {
		{ { { 8, 5 }, { 1000, 520 } }, 3, 0, 10 },
		{ { { 8, 511 }, { 1000, 512 } }, 511, 0, 8 },
		{ { { 8, 5 }, { 100, 4 }, { 1000, 520 } }, 3, 0, 101 },
		/* The small ones do not fit: the end of the smallest large. */
		{ { { 8, 2 }, { 1000, 600 }, { 2000, 512 } }, 3, 0, 2509 },
		{ { { 8, 2 }, { 1000, 512 }, { 2000, 600 } }, 3, 0, 1509 },
		{ { { 0, 600 }, { 1000, 600 } }, 1, 0, 599 },
		{ { { 9, 5 }, { 1000, 600 } }, 1, 9, 1536 },
		{ { { 1, 600 }, { 1025, 700 } }, 511, 9, JUNK },
		/* The smallest one has no place, or has it lower. */
		{ { { 513, 512 }, { 2000, 3000 } }, 3, 10, 4096 },
		{ { { 513, 512 }, { 2048, 600 } }, 300, 10, 2048 },
	};

	try_large_searches(_metadata, self, searches, ARRAY_SIZE(searches));
}

TEST_F(extent, find_of_many_gives_the_lowest_place_of_the_best_extent)
{
	static const struct large_search searches[] = {
		{ { { 0, 511 }, { 512, 511 } }, 512, 0, JUNK },
		{ { { 0, 511 }, { 1000, 512 } }, 512, 0, 1000 },
		{ { { 0, 600 }, { 1000, 512 }, { 2000, 513 } }, 512, 0, 1000 },
		{ { { 0, 600 }, { 1000, 512 }, { 2000, 513 } }, 513, 0, 2000 },
		{ { { 0, 600 }, { 1000, 512 }, { 2000, 513 } }, 601, 0, JUNK },
		{ { { 0, 600 }, { 1000, 600 } }, 512, 0, 0 },
		/* The smallest one has no place behind a boundary. */
		{ { { 1, 1022 }, { 2000, 3000 } }, 512, 9, 2048 },
		{ { { 1, 1023 }, { 2000, 3000 } }, 512, 9, 512 },
		{ { { 1, 1023 }, { 2000, 1200 } }, 513, 9, 2048 },
		{ { { 1, 1023 }, { 2048, 513 } }, 512, 9, 2048 },
		{ { { 1, 1023 }, { 2047, 1500 } }, 1024, 9, 2048 },
		{ { { 1, 1023 }, { 2047, 1500 } }, 1500, 9, JUNK },
	};

	try_large_searches(_metadata, self, searches, ARRAY_SIZE(searches));
}

TEST_F(extent, extents_become_large_and_small_again)
{
	insert(_metadata, self, 0, 511);
	EXPECT_FALSE(find(self, 512, 0));
	insert(_metadata, self, 511, 1);
	EXPECT_TRUE(find(self, 512, 0));
	check_set(_metadata, &self->set);
	membank_extent_remove(&self->set, 0, 1, &self->pool);
	EXPECT_FALSE(find(self, 512, 0));
	EXPECT_TRUE(find(self, 511, 0));
	check_set(_metadata, &self->set);
	insert(_metadata, self, 513, 1000);
	insert(_metadata, self, 512, 1);
	EXPECT_EQ(1512, membank_extent_largest(&self->set, 0));
	check_set(_metadata, &self->set);
	/* One large becomes two, then a large and a small one. */
	membank_extent_remove(&self->set, 700, 1, &self->pool);
	check_set(_metadata, &self->set);
	EXPECT_EQ(812, membank_extent_largest(&self->set, 0));
	membank_extent_remove(&self->set, 200, 500, &self->pool);
	check_set(_metadata, &self->set);
	EXPECT_EQ(812, membank_extent_largest(&self->set, 0));
	membank_extent_remove(&self->set, 701, 812, &self->pool);
	EXPECT_EQ(199, membank_extent_largest(&self->set, 0));
}

TEST_F(extent, find_of_wrong_values_is_refused)
{
	draw(_metadata, self, "####");
	EXPECT_FALSE(find(self, 0, 0));
	EXPECT_EQ(1, warnings);
	EXPECT_FALSE(find(self, 1, MEMBANK_EXTENT_ORDERS));
	EXPECT_EQ(2, warnings);
	EXPECT_EQ(JUNK, self->start);
	warnings = 0;
}

TEST_F(extent, next_is_clipped_to_where_it_looks)
{
	static const struct {
		unsigned long from, start, pages;
	} looks[] = {
		{ 0, 2, 3 },	   { 1, 2, 3 },		 { 2, 2, 3 },
		{ 3, 3, 2 },	   { 4, 4, 1 },		 { 5, 7, 2 },
		{ 6, 7, 2 },	   { 7, 7, 2 },		 { 8, 8, 1 },
		{ 9, JUNK, JUNK }, { -1UL, JUNK, JUNK },
	};
	size_t i;

	EXPECT_FALSE(next(self, 0));
	draw(_metadata, self, "..###..##");
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		self->start = JUNK;
		self->pages = JUNK;
		EXPECT_EQ(looks[i].start != JUNK, next(self, looks[i].from));
		EXPECT_EQ(looks[i].start, self->start);
		EXPECT_EQ(looks[i].pages, self->pages);
	}
}

TEST_F(extent, largest_follows_each_change)
{
	EXPECT_EQ(0, membank_extent_largest(&self->set, 0));
	draw(_metadata, self, "##.###.#");
	EXPECT_EQ(3, membank_extent_largest(&self->set, 0));
	insert(_metadata, self, 6, 1);
	EXPECT_EQ(5, membank_extent_largest(&self->set, 0));
	membank_extent_remove(&self->set, 5, 1, &self->pool);
	EXPECT_EQ(2, membank_extent_largest(&self->set, 0));
	membank_extent_remove(&self->set, 0, 8, &self->pool);
	EXPECT_EQ(0, membank_extent_largest(&self->set, 0));
}

/*
 * How many nodes a call looks at. A red-black tree of n nodes is at most
 * 2 * log2(n + 1) deep. On each level find() looks at one node, and at the child
 * where it turns away from it; any other search looks at one; an update looks
 * at one and its children. Linking a node searches and updates, and unlinking
 * updates. Rotations, a few for each change, come on top.
 *
 * Large extents are in two trees, and change their place in the second when
 * they change their size: unlinked and linked there, 7 on each level.
 */
static void expect_visits(struct __test_metadata *_metadata,
			  const struct membank_extent_set *set,
			  unsigned long per_level, unsigned long besides)
{
	unsigned int log2 = 0;

	while ((set->extents + 1) >> log2 > 1)
		log2++;
	EXPECT_LE(visits, 2 * per_level * (log2 + 1) + besides)
	TH_LOG("with %lu extents", set->extents);
	visits = 0;
}

/*
 * Many extents of 3 units, none of which has an aligned place for 3; the only
 * one that has it comes last. @large is 1 if a unit makes an extent large.
 */
static void fill_with_misfits(struct __test_metadata *_metadata,
			      struct _test_data_extent *self,
			      unsigned long unit, unsigned int large,
			      unsigned long count, unsigned long stride)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		unsigned long at = i * stride % count;

		ASSERT_EQ(0,
			  membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
		visits = 0;
		membank_extent_insert(&self->set, (8 * at + 1) * unit, 3 * unit,
				      &self->pool);
		expect_visits(_metadata, &self->set, 5 + 4 * large,
			      16 + 16 * large);
	}
	insert(_metadata, self, 8 * count * unit, 3 * unit);
}

static void look_at_few_nodes(struct __test_metadata *_metadata,
			      struct _test_data_extent *self,
			      unsigned int unit_order, long count, long stride)
{
	unsigned long unit = 1UL << unit_order;
	unsigned int large = unit >= MEMBANK_EXTENT_LARGE;
	struct membank_extent_set *set = &self->set;
	long j;

	fill_with_misfits(_metadata, self, unit, large, count, count + stride);
	ASSERT_EQ(count + 1, set->extents);

	visits = 0;
	EXPECT_TRUE(find(self, 3 * unit, 2 + unit_order));
	EXPECT_EQ(8 * count * unit, self->start);
	expect_visits(_metadata, set, 2, 0);
	EXPECT_TRUE(find(self, 3 * unit, 0));
	EXPECT_EQ(large ? unit : 8 * count * unit, self->start);
	expect_visits(_metadata, set, 2, 0);
	EXPECT_FALSE(find(self, 4 * unit, 0));
	expect_visits(_metadata, set, 2, 0);
	/* Of large ones this takes a walk in each tree. */
	EXPECT_TRUE(find(self, 1, 0));
	expect_visits(_metadata, set, 2 + 2 * large, 0);

	for (j = 0; j < count; j += 1 + count / 1000) {
		visits = 0;
		EXPECT_TRUE(next(self, (8 * j + 4) * unit));
		expect_visits(_metadata, set, 1, 1);

		/* All others can do what this one can: no update by address. */
		membank_extent_remove(set, (8 * j + 3) * unit, unit,
				      &self->pool);
		expect_visits(_metadata, set, 1 + 7 * large, 8 + 40 * large);
		membank_extent_insert(set, (8 * j + 3) * unit, unit,
				      &self->pool);
		expect_visits(_metadata, set, 1 + 7 * large, 8 + 40 * large);

		ASSERT_EQ(0,
			  membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
		membank_extent_remove(set, (8 * j + 2) * unit, unit,
				      &self->pool);
		expect_visits(_metadata, set, 8 + 11 * large, 16 + 56 * large);
		membank_extent_remove(set, (8 * j + 1) * unit, 3 * unit,
				      &self->pool);
		expect_visits(_metadata, set, 7 + 6 * large, 48 + 48 * large);
	}
	EXPECT_LT(set->extents, count + 1);
	check_set(_metadata, set);
	membank_extent_set_clear(set, &self->pool);
}

TEST_F_TIMEOUT(extent, calls_look_at_few_nodes, 300)
{
	static const long counts[] = { 1, 10, 100, 1000, 10000, 100000 };
	/* Upwards, downwards, and all over the place; prime to each count. */
	static const long strides[] = { 1, -1, 61803 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts) * ARRAY_SIZE(strides); i++) {
		long count = counts[i / ARRAY_SIZE(strides)];
		long stride = strides[i % ARRAY_SIZE(strides)];

		look_at_few_nodes(_metadata, self, 0, count, stride);
		look_at_few_nodes(_metadata, self, 9, count, stride);
	}
}

TEST_HARNESS_MAIN
