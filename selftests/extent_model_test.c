// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of page ranges against a model that keeps one byte per unit of pages:
 * random changes, every answer compared after each.
 */
#include "extent_host.h"

#include <sys/random.h>

/* Units that the model knows. */
#define WINDOW 1024
#define STEPS 250000

/* With more than one page in a unit, some extents are large. */
static const unsigned long units[] = { 1, 7, 96, 128 };

/* One byte for each unit of a window, and what follows from them. */
struct model {
	u64 random;
	unsigned long base;
	/* Pages in a unit; all figures but @base are in units. */
	unsigned long unit;
	unsigned char present[WINDOW];
	/* Units from here on that follow one another. */
	unsigned short run[WINDOW];
	unsigned long pages;
	unsigned long extents;
	unsigned long largest;
};

/* xorshift64*: the same numbers from the same seed on every machine. */
static unsigned long draw_number(struct model *model, unsigned long below)
{
	model->random ^= model->random >> 12;
	model->random ^= model->random << 25;
	model->random ^= model->random >> 27;
	return ((model->random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* More often few than many. */
static unsigned long draw_pages(struct model *model, unsigned long most)
{
	return 1 + draw_number(model, 1 + draw_number(model, most));
}

static void model_scan(struct model *model)
{
	unsigned long run = 0;
	int i;

	model->pages = 0;
	model->extents = 0;
	model->largest = 0;
	for (i = WINDOW - 1; i >= 0; i--) {
		run = model->present[i] ? run + 1 : 0;
		model->run[i] = run;
		model->pages += model->present[i];
		model->extents += run == 1;
		if (run > model->largest)
			model->largest = run;
	}
}

/* Empty the model and move its window to the boundary of some order. */
static void model_move(struct model *model)
{
	unsigned int order = draw_number(model, MEMBANK_EXTENT_ORDERS);

	model->unit = units[draw_number(model, ARRAY_SIZE(units))];
	model->base = (1 + draw_number(model, 1 << 20)) << order;
	model->base -=
		min(model->base, draw_number(model, WINDOW) * model->unit);
	memset(model->present, 0, sizeof(model->present));
	model_scan(model);
}

/* The lowest place in an extent, or the highest, page by page; or JUNK. */
static unsigned long model_place(unsigned long start, unsigned long end,
				 unsigned long pages, unsigned int order,
				 bool highest)
{
	unsigned long mask = (1UL << order) - 1;
	unsigned long place = highest ? end - pages : start;

	if (end - start < pages)
		return JUNK;
	while (place & mask) {
		if (place == (highest ? start : end - pages))
			return JUNK;
		place += highest ? -1 : 1;
	}
	return place;
}

static unsigned long model_find(const struct model *model, unsigned long pages,
				unsigned int order)
{
	bool few = pages < MEMBANK_EXTENT_LARGE;
	unsigned long small = JUNK, large = JUNK, best = 0;
	int i;

	for (i = 0; i < WINDOW; i += 1 + model->run[i]) {
		unsigned long there = model->run[i] * model->unit;
		unsigned long start = model->base + i * model->unit;
		unsigned long place =
			model_place(start, start + there, pages, order, few);

		if (place == JUNK)
			continue;
		if (there < MEMBANK_EXTENT_LARGE) {
			small = place;
		} else if (large == JUNK || there < best) {
			large = place;
			best = there;
		}
	}
	return small != JUNK ? small : large;
}

/* Compare each answer of the set with the model's. */
static void model_compare(struct __test_metadata *_metadata,
			  struct _test_data_extent *self, struct model *model)
{
	unsigned int order = draw_number(model, MEMBANK_EXTENT_ORDERS);
	unsigned long pages = draw_pages(model, 64 * model->unit);
	unsigned long at = draw_number(model, WINDOW);
	unsigned long offset = draw_number(model, model->unit);
	unsigned long from = model->base + at * model->unit + offset;
	unsigned long start = JUNK;

	ASSERT_EQ(model->pages * model->unit, self->set.pages);
	ASSERT_EQ(model->extents, self->set.extents);
	ASSERT_EQ(model->largest * model->unit,
		  membank_extent_largest(&self->set, 0));

	/* Two of three searches are for alignments that are often there. */
	if (draw_number(model, 3))
		order %= 6;
	membank_extent_find(&self->set, pages, order, &start);
	ASSERT_EQ(model_find(model, pages, order), start);

	self->start = JUNK;
	self->pages = JUNK;
	membank_extent_next(&self->set, from, &self->start, &self->pages);
	while (at < WINDOW && !model->present[at]) {
		at++;
		offset = 0;
	}
	ASSERT_EQ(at < WINDOW ? model->base + at * model->unit + offset : JUNK,
		  self->start);
	ASSERT_EQ(at < WINDOW ? model->run[at] * model->unit - offset : JUNK,
		  self->pages);
	ASSERT_EQ(0, warnings);
}

/*
 * Change the range, in units, in both; the pool holds exactly what the change
 * needs.
 */
static void model_change(struct __test_metadata *_metadata,
			 struct _test_data_extent *self, struct model *model,
			 bool inserts, unsigned long at, unsigned long pages)
{
	unsigned long extents = model->extents;
	struct membank_extent_pool pool;
	unsigned int spare;

	memset(model->present + at, inserts, pages);
	model_scan(model);

	membank_extent_pool_init(&pool);
	ASSERT_EQ(0, membank_extent_pool_fill(&self->pool, 1, GFP_KERNEL));
	spare = model->extents > extents;
	membank_extent_pool_move(&pool, &self->pool, spare);
	if (inserts)
		membank_extent_insert(&self->set,
				      model->base + at * model->unit,
				      pages * model->unit, &pool);
	else
		membank_extent_remove(&self->set,
				      model->base + at * model->unit,
				      pages * model->unit, &pool);
	ASSERT_EQ(spare + extents - model->extents, pool.count);
	membank_extent_pool_move(&self->pool, &pool, pool.count);
	ASSERT_EQ(allocated, self->pool.count + self->set.extents);
}

static void model_step(struct __test_metadata *_metadata,
		       struct _test_data_extent *self, struct model *model,
		       unsigned int fullness)
{
	unsigned long at = draw_number(model, WINDOW);
	unsigned long pages = draw_pages(model, 24);
	unsigned int order = draw_number(model, 5);
	unsigned long start;

	if (draw_number(model, 100) < fullness) {
		/* A range may only be inserted where nothing is. */
		if (pages > WINDOW - at)
			pages = WINDOW - at;
		if (memchr(model->present + at, 1, pages))
			pages = (unsigned char *)memchr(model->present + at, 1,
							pages) -
				(model->present + at);
		if (pages)
			model_change(_metadata, self, model, true, at, pages);
		return;
	}

	if (draw_number(model, 2) &&
	    membank_extent_find(&self->set, pages * model->unit, order, &start))
		at = (start - model->base) / model->unit;
	if (pages > WINDOW - at)
		pages = WINDOW - at;
	model_change(_metadata, self, model, false, at, pages);
}

static u64 model_seed(struct __test_metadata *_metadata)
{
	const char *given = getenv("MEMBANK_SEED");
	char *end;
	u64 seed;

	if (given) {
		errno = 0;
		seed = strtoull(given, &end, 0);
		ASSERT_TRUE(!errno && *given && !*end);
	} else {
		ASSERT_EQ(sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	}
	/* 0 is the one state that xorshift never leaves. */
	if (!seed)
		seed = 1;
	ksft_print_msg("MEMBANK_SEED=%#llx\n", (unsigned long long)seed);
	return seed;
}

TEST_F_TIMEOUT(extent, model_agrees_after_each_step, 300)
{
	struct model model = { .random = model_seed(_metadata) };
	unsigned int fullness = 0;
	unsigned long step;

	for (step = 0; step < STEPS; step++) {
		if (step % 5000 == 0) {
			membank_extent_set_clear(&self->set, &self->pool);
			model_move(&model);
		}
		if (step % 500 == 0)
			fullness = 15 + draw_number(&model, 80);
		model_step(_metadata, self, &model, fullness);
		model_compare(_metadata, self, &model);
		check_set(_metadata, &self->set);
	}
}

TEST_HARNESS_MAIN
