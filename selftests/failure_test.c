// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail, as sysfs counts them: once for each that was refused,
 * at each bank that was asked, and by its reason. And what is left after the
 * kernel had no memory for its own structures: nothing.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "nth.h"

#define BANKS 2

static const char *const reasons[] = {
	"failures/no_room",
	"failures/too_large",
	"failures/no_memory",
	"failures/over_quota",
};

enum { NO_ROOM, TOO_LARGE, NO_MEMORY, OVER_QUOTA, REASONS };

/**
 * struct counts - the failures of the banks
 * @of: by bank and reason
 */
struct counts {
	__u64 of[BANKS][REASONS];
};

FIXTURE(failure)
{
	int any;
	int dev[BANKS];
	__u64 size[BANKS];
	struct counts before;
};

static struct counts count(void)
{
	struct counts counts;
	int bank, reason;

	for (bank = 0; bank < BANKS; bank++)
		for (reason = 0; reason < REASONS; reason++)
			counts.of[bank][reason] =
				test_number(bank, reasons[reason]);
	return counts;
}

FIXTURE_SETUP(failure)
{
	int bank;

	ASSERT_TRUE(test_banks_empty());
	ASSERT_EQ(BANKS, test_banks());
	self->any = test_open(TEST_ANY);
	ASSERT_LE(0, self->any);
	for (bank = 0; bank < BANKS; bank++) {
		self->dev[bank] = test_open(bank);
		ASSERT_LE(0, self->dev[bank]);
		self->size[bank] = test_number(bank, "size");
	}
	/* The larger one is asked first. */
	ASSERT_LT(self->size[1], self->size[0]);
	self->before = count();
	ASSERT_NE(TEST_NONE, self->before.of[1][OVER_QUOTA]);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(failure)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Returns whether just so much was counted; if not, says where. */
static bool counted(const struct counts *want)
{
	struct counts is = count();
	int bank, reason;
	bool same = true;

	for (bank = 0; bank < BANKS; bank++) {
		for (reason = 0; reason < REASONS; reason++) {
			if (is.of[bank][reason] == want->of[bank][reason])
				continue;
			printf("# bank %d, %s: %llu instead of %llu\n", bank,
			       reasons[reason], is.of[bank][reason],
			       want->of[bank][reason]);
			same = false;
		}
	}
	return same;
}

TEST_F(failure, of_one_bank_is_none_if_another_one_serves)
{
	struct membank_dataspace_info info;
	int fd;

	ASSERT_LE(0, test_alloc(self->dev[0], self->size[0], 0, 0));
	fd = test_alloc(self->any, MIB, 0, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->any, fd, &info));
	EXPECT_EQ(1, info.out_bank);
	ASSERT_NE(MAP_FAILED, test_map(self->any, MIB));
	EXPECT_EQ(2 * MIB, test_number(1, "used"));
	fd = test_alloc(self->any, -MIB, CONTINUOUS, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->any, fd, &info));
	EXPECT_EQ(1, info.out_bank);
	EXPECT_TRUE(counted(&self->before));
}

TEST_F(failure, of_all_banks_counts_once_at_each)
{
	ASSERT_LE(0, test_alloc(self->dev[0], self->size[0], 0, 0));
	ASSERT_LE(0, test_alloc(self->dev[1], self->size[1], 0, 0));
	EXPECT_EQ(-ENOMEM, test_alloc(self->any, 1, 0, 0));
	self->before.of[0][NO_ROOM]++;
	self->before.of[1][NO_ROOM]++;
	EXPECT_TRUE(counted(&self->before));
	EXPECT_EQ(MAP_FAILED, test_map(self->any, 1));
	EXPECT_EQ(ENOMEM, errno);
	self->before.of[0][NO_ROOM]++;
	self->before.of[1][NO_ROOM]++;
	EXPECT_TRUE(counted(&self->before));
	/* Each for its own reason. */
	EXPECT_EQ(-ENOMEM, test_alloc(self->any, self->size[0], 0, 0));
	self->before.of[0][NO_ROOM]++;
	self->before.of[1][TOO_LARGE]++;
	EXPECT_TRUE(counted(&self->before));
	EXPECT_EQ(-ERANGE, test_alloc(self->any, self->size[0] + 1, 0, 0));
	self->before.of[0][TOO_LARGE]++;
	self->before.of[1][TOO_LARGE]++;
	EXPECT_TRUE(counted(&self->before));
}

TEST_F(failure, of_a_negative_size_counts_once)
{
	ASSERT_LE(0, test_alloc(self->dev[0], self->size[0] - MIB, 0, 0));
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev[0], -MIB, CONTINUOUS, 0));
	self->before.of[0][NO_ROOM]++;
	EXPECT_TRUE(counted(&self->before));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev[0], -1, CONTINUOUS, 63));
	self->before.of[0][TOO_LARGE]++;
	EXPECT_TRUE(counted(&self->before));
}

#define ROUNDS 3000

/**
 * struct rival - who takes what another one has just found
 * @dev: the bank
 * @length: bytes
 * @over: that it shall end
 * @refused: how often there was no room
 * @failed: another error, or 0
 */
struct rival {
	int dev;
	__u64 length;
	bool over;
	__u64 refused;
	int failed;
};

static void *compete(void *data)
{
	struct rival *rival = data;
	int fd;

	while (!__atomic_load_n(&rival->over, __ATOMIC_ACQUIRE)) {
		fd = test_alloc(rival->dev, rival->length, 0, 0);
		if (fd >= 0)
			close(fd);
		else if (fd == -ENOMEM)
			rival->refused++;
		else
			rival->failed = fd;
	}
	return NULL;
}

/* A negative size is tried again when somebody was faster: that is one call. */
TEST_F_TIMEOUT(failure, of_who_tries_again_counts_once, TEST_SLOW)
{
	struct rival rival = { .dev = self->dev[0], .length = 16 * 4096 };
	__u64 refused = 0, least = TEST_NONE, most = 0;
	struct membank_dataspace_info info;
	pthread_t thread;
	int round, fd;

	/* Little memory to share, so that nobody spends the time on clearing. */
	ASSERT_LE(0, test_alloc(self->dev[0], self->size[0] - 32 * 4096, 0, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, compete, &rival));
	for (round = 0; round < ROUNDS; round++) {
		fd = test_alloc(self->dev[0], -4096, CONTINUOUS, 0);
		if (fd == -ENOMEM) {
			refused++;
			continue;
		}
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->dev[0], fd, &info));
		if (info.out_extent < least)
			least = info.out_extent;
		if (info.out_extent > most)
			most = info.out_extent;
		close(fd);
	}
	__atomic_store_n(&rival.over, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, rival.failed);
	TH_LOG("%llu and %llu were refused, %llu to %llu bytes had", refused,
	       rival.refused, least, most);
	/* They were in each other's way. */
	EXPECT_LT(least, most);
	EXPECT_LT(0, rival.refused);
	self->before.of[0][NO_ROOM] += refused + rival.refused;
	EXPECT_TRUE(counted(&self->before));
}

/* ------------------------------------- the kernel's own memory is short */

/**
 * struct claim - how to allocate
 * @dev: where
 * @by_mmap: by mmap() on it, else by the command
 * @mem: what was mapped
 */
struct claim {
	int dev;
	bool by_mmap;
	void *mem;
};

/* Returns 0, a descriptor or a negative errno. */
static int claim_memory(void *arg)
{
	struct claim *claim = arg;

	if (!claim->by_mmap)
		return test_alloc(claim->dev, MIB, 0, 0);
	claim->mem = test_map(claim->dev, MIB);
	return claim->mem == MAP_FAILED ? -errno : 0;
}

/* Allocates with the n-th request refused, and frees. */
static int alloc_nth(int dev, unsigned int n, bool by_mmap, bool *reached)
{
	struct claim claim = { .dev = dev, .by_mmap = by_mmap };
	int ret = nth_run(n, claim_memory, &claim, reached);

	if (ret < 0)
		return ret;
	return by_mmap ? munmap(claim.mem, MIB) : close(ret);
}

TEST_F_TIMEOUT(failure, of_the_kernels_memory_leaves_nothing, TEST_SLOW)
{
	unsigned int n, refused[2] = {}, files, by_mmap;
	bool reached = true;
	struct counts is;
	int ret;

	if (!nth_is_there())
		SKIP(return, "no fault injection in this kernel");
	ASSERT_TRUE(nth_inject(true));
	files = test_open_files();
	for (by_mmap = 0; by_mmap < 2; by_mmap++) {
		reached = true;
		for (n = 1; reached; n++) {
			ret = alloc_nth(self->dev[0], n, by_mmap, &reached);
			if (ret) {
				EXPECT_TRUE(reached);
				/* Fault injection refuses copies, too. */
				if (ret != -EFAULT)
					EXPECT_EQ(-ENOMEM, ret);
				refused[by_mmap]++;
			}
			EXPECT_EQ(0, test_used());
			EXPECT_EQ(files, test_open_files());
		}
	}
	ASSERT_TRUE(nth_inject(false));
	is = count();
	TH_LOG("refused %u by command, %u by mmap, counted %llu", refused[0],
	       refused[1], is.of[0][NO_MEMORY] - self->before.of[0][NO_MEMORY]);
	EXPECT_LT(0, refused[0]);
	EXPECT_LT(0, refused[1]);
	/* What fails before or after the bank was asked is not its failure. */
	EXPECT_LT(self->before.of[0][NO_MEMORY], is.of[0][NO_MEMORY]);
	EXPECT_GE(self->before.of[0][NO_MEMORY] + refused[0] + refused[1],
		  is.of[0][NO_MEMORY]);
	self->before.of[0][NO_MEMORY] = is.of[0][NO_MEMORY];
	EXPECT_TRUE(counted(&self->before));
}

TEST_HARNESS_MAIN
