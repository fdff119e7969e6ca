// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is given back untouched rests in its bank, for who wants as much next. To
 * all others it is free memory like any other.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "reload.h"
#include "smaps.h"

#define PARAMETERS "banks=rest:12M"
#define BANK 0
#define PAGE 4096

/* More than can rest. */
#define MANY 24

#define STEPS 3000

FIXTURE(rest)
{
	int dev;
	__u64 size;
	unsigned int seed;
};

FIXTURE_SETUP(rest)
{
	const char *seed = getenv("MEMBANK_SEED");

	ASSERT_TRUE(test_banks_empty());
	ASSERT_TRUE(test_wait_scrubbed(BANK));
	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned int)time(NULL);
	self->dev = test_open(BANK);
	ASSERT_LE(0, self->dev);
	self->size = test_number(BANK, "size");
}

FIXTURE_TEARDOWN_PARENT(rest)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Gets so many, each untouched, and gives all back. */
static int get_and_give(int dev, unsigned int count, __u64 length)
{
	int fds[MANY];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < count; i++) {
		fds[i] = test_alloc(dev, length, 0, 0);
		if (fds[i] < 0)
			ret = fds[i];
	}
	for (i = 0; i < count; i++)
		close(fds[i]);
	return ret;
}

/* In all figures, at once. */
TEST_F(rest, is_free)
{
	const __u64 lengths[] = { 1, 100 * KIB, GRAIN, 5 * PAGE };
	struct membank_bank_info info;
	struct test_figures is;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, get_and_give(self->dev, 4, lengths[i]));
		ASSERT_EQ(0, handle_bank(self->dev, BANK, &info));
		EXPECT_EQ(0, info.out_used);
		EXPECT_EQ(self->size, info.out_largest_free);
		EXPECT_EQ(self->size, info.out_scrubbed);
		ASSERT_EQ(0, get_and_give(self->dev, 4, lengths[i]));
		is = test_figures(BANK);
		EXPECT_EQ(self->size, is.free);
		EXPECT_EQ(self->size, is.largest_free);
		EXPECT_EQ(self->size, is.scrubbed);
		EXPECT_EQ(0, is.used);
	}
}

/* Who needs all of it gets it at once, and by 2 MiB. */
TEST_F(rest, makes_room_for_others)
{
	const __u64 lengths[] = { PAGE, 512 * KIB, 3 * MIB, self->size };
	const unsigned int counts[] = { MANY, MANY, 3, 1 };
	unsigned int i;
	char *mem;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, get_and_give(self->dev, counts[i], lengths[i]));
		mem = test_map(self->dev, self->size);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_TRUE(test_all_bytes(mem, 0, self->size));
		EXPECT_EQ(self->size, smaps_huge(mem));
		ASSERT_EQ(0, munmap(mem, self->size));
		ASSERT_TRUE(test_wait_scrubbed(BANK));
	}
}

/* The largest there is, which is asked for without a length. */
TEST_F(rest, is_part_of_the_largest)
{
	struct membank_dataspace_info info;
	int fd;

	ASSERT_EQ(0, get_and_give(self->dev, MANY, 64 * KIB));
	fd = test_alloc(self->dev, -(__u64)PAGE, MEMBANK_DATASPACE_CONTINUOUS,
			0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(self->size - PAGE, info.out_extent);
	close(fd);
}

/* What rests is had by who asks for as much only if it lies where that may. */
TEST_F(rest, an_alignment_is_kept)
{
	unsigned int order;
	char *mem;
	int fd;

	for (order = 12; order <= 21; order++) {
		ASSERT_EQ(0, get_and_give(self->dev, 5, PAGE));
		fd = test_alloc(self->dev, PAGE, 0, order);
		ASSERT_LE(0, fd);
		mem = test_map(fd, PAGE);
		ASSERT_NE(MAP_FAILED, mem);
		*mem = 1;
		EXPECT_EQ(0, test_physical(mem) % (1ULL << order));
		ASSERT_EQ(0, munmap(mem, PAGE));
		close(fd);
	}
}

/**
 * struct held - one that is there
 * @fd: the dataspace
 * @length: bytes
 */
struct held {
	int fd;
	__u64 length;
};

/* Writes all of it, if it was fresh. */
static bool dirty(const struct held *held)
{
	char *mem = test_map(held->fd, held->length);
	bool fresh;

	if (mem == MAP_FAILED)
		return false;
	fresh = test_all_bytes(mem, 0, held->length);
	memset(mem, 0xa5, held->length);
	return !munmap(mem, held->length) && fresh;
}

/* Touched or not, in whatever order: each is fresh, and the sum is right. */
TEST_F_TIMEOUT(rest, the_sum_is_right_after_each_step, TEST_SLOW)
{
	static const __u64 lengths[] = { PAGE,	PAGE,	 3 * PAGE, 64 * KIB,
					 GRAIN, 3 * MIB, 5 * MIB };
	struct held held[MANY] = {};
	unsigned int step, i, full = 0;
	struct membank_bank_info info;
	__u64 used = 0;

	ksft_print_msg("MEMBANK_SEED=%u\n", self->seed);
	for (step = 0; step < STEPS; step++) {
		i = rand_r(&self->seed) % MANY;
		if (held[i].length) {
			close(held[i].fd);
			used -= held[i].length;
			held[i].length = 0;
		} else {
			held[i].length = lengths[rand_r(&self->seed) %
						 ARRAY_SIZE(lengths)];
			held[i].fd =
				test_alloc(self->dev, held[i].length, 0, 0);
			if (held[i].fd < 0) {
				ASSERT_EQ(-ENOMEM, held[i].fd);
				ASSERT_EQ(0,
					  handle_bank(self->dev, BANK, &info));
				ASSERT_GT(held[i].length,
					  info.out_largest_free);
				held[i].length = 0;
				full++;
				continue;
			}
			used += held[i].length;
			if (rand_r(&self->seed) % 8 == 0)
				ASSERT_TRUE(dirty(&held[i]));
		}
		/* To look at the bank is to have nothing rest. */
		if (rand_r(&self->seed) % 8)
			continue;
		ASSERT_EQ(0, handle_bank(self->dev, BANK, &info));
		ASSERT_EQ(used, info.out_used);
	}
	TH_LOG("%u times the bank was full", full);
	EXPECT_LT(0, full);
}

/* What rests lies where the next one is put; a gap would be there for good. */
TEST_F(rest, does_not_stand_in_the_way)
{
	const __u64 most = self->size - GRAIN;
	int keep, rest;

	ASSERT_EQ(0, get_and_give(self->dev, 1, self->size / 2));
	keep = test_alloc(self->dev, GRAIN, 0, 0);
	ASSERT_LE(0, keep);
	rest = test_alloc(self->dev, most, 0, 0);
	EXPECT_LE(0, rest);
	close(rest);
	close(keep);
}

/**
 * struct taker - a thread that gets and gives
 * @thread: the thread
 * @dev: of the bank
 * @seed: its own
 * @failed: something was wrong
 */
struct taker {
	pthread_t thread;
	int dev;
	unsigned int seed;
	bool failed;
};

static void *take_turns(void *context)
{
	static const __u64 lengths[] = { PAGE, PAGE, 64 * KIB, GRAIN };
	struct taker *taker = context;
	struct held held;
	unsigned int step;

	for (step = 0; step < STEPS / 4; step++) {
		held.length =
			lengths[rand_r(&taker->seed) % ARRAY_SIZE(lengths)];
		held.fd = test_alloc(taker->dev, held.length, 0, 0);
		if (held.fd == -ENOMEM)
			continue;
		taker->failed |= held.fd < 0;
		if (rand_r(&taker->seed) % 16 == 0)
			taker->failed |= !dirty(&held);
		close(held.fd);
	}
	return NULL;
}

/* While somebody looks at the bank, which has nothing rest. */
TEST_F_TIMEOUT(rest, is_shared_by_threads, TEST_SLOW)
{
	struct membank_bank_info info;
	struct taker takers[4] = {};
	unsigned int i;
	char *mem;

	for (i = 0; i < ARRAY_SIZE(takers); i++) {
		takers[i].dev = self->dev;
		takers[i].seed = self->seed + i;
		ASSERT_EQ(0, pthread_create(&takers[i].thread, NULL, take_turns,
					    &takers[i]));
	}
	for (i = 0; i < STEPS / 4; i++) {
		ASSERT_EQ(0, handle_bank(self->dev, BANK, &info));
		ASSERT_LE(info.out_used, self->size);
		ASSERT_LE(info.out_largest_free, self->size - info.out_used);
	}
	for (i = 0; i < ARRAY_SIZE(takers); i++) {
		ASSERT_EQ(0, pthread_join(takers[i].thread, NULL));
		EXPECT_FALSE(takers[i].failed);
	}
	ASSERT_TRUE(test_banks_empty());
	mem = test_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->size));
	ASSERT_EQ(0, munmap(mem, self->size));
}

/* At once, while something rests. */
TEST_F(rest, the_module_can_be_unloaded)
{
	ASSERT_EQ(0, get_and_give(self->dev, MANY, PAGE));
	ASSERT_EQ(0, get_and_give(self->dev, 2, GRAIN));
	close(self->dev);
	EXPECT_TRUE(reload(PARAMETERS));
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
