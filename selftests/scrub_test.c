// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clearing: by who frees in a bank with :sync, in the background in another;
 * and in both nobody ever sees an old byte, however the memory was lost.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "reload.h"
#include "smaps.h"
#include "touch.h"

#include "pager.h"

#define PARAMETERS "banks=now:12M:sync,later:12M"

/* Of the banks. */
#define NOW 0
#define LATER 1

FIXTURE(scrub)
{
	int dev;
	__u64 size;
};

FIXTURE_VARIANT(scrub)
{
	int bank;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(scrub, by_who_frees) { .bank = NOW };
FIXTURE_VARIANT_ADD(scrub, in_the_background) { .bank = LATER };
/* clang-format on */

FIXTURE_SETUP(scrub)
{
	ASSERT_TRUE(test_banks_empty());
	ASSERT_TRUE(test_wait_scrubbed(NOW));
	ASSERT_TRUE(test_wait_scrubbed(LATER));
	self->dev = test_open(variant->bank);
	ASSERT_LE(0, self->dev);
	self->size = test_number(variant->bank, "size");
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(scrub)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(scrub, is_told)
{
	struct membank_bank_info info;
	char how[32];

	ASSERT_TRUE(test_attr(variant->bank, "scrub", how, sizeof(how)));
	ASSERT_EQ(0, handle_bank(self->dev, variant->bank, &info));
	if (variant->bank == NOW) {
		EXPECT_STREQ("sync", how);
		EXPECT_EQ(MEMBANK_BANK_SYNC, info.out_flags);
	} else {
		EXPECT_STREQ("background", how);
		EXPECT_EQ(0, info.out_flags);
	}
}

/* At once, or in the end; nothing is scrubbed that is not free. */
TEST_F(scrub, makes_all_clean)
{
	const __u64 lengths[] = { 4096, 100 * KIB, GRAIN, 5 * MIB, self->size };
	struct test_figures is;
	unsigned int i;
	char *mem;
	int fd;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		fd = test_alloc(self->dev, lengths[i], 0, 0);
		ASSERT_LE(0, fd);
		mem = test_map(fd, lengths[i]);
		ASSERT_NE(MAP_FAILED, mem);
		memset(mem, 0xa5, lengths[i]);
		is = test_figures(variant->bank);
		EXPECT_EQ(self->size - is.used, is.free);
		EXPECT_LE(is.scrubbed, is.free);
		ASSERT_EQ(0, munmap(mem, lengths[i]));
		close(fd);
		is = test_figures(variant->bank);
		EXPECT_EQ(self->size, is.free);
		if (variant->bank == NOW)
			EXPECT_EQ(self->size, is.scrubbed);
		EXPECT_TRUE(test_wait_scrubbed(variant->bank));
	}
}

/* Allocated again at once, before anybody could have cleared it. */
TEST_F_TIMEOUT(scrub, of_freed_memory_nothing_is_seen, TEST_SLOW)
{
	const __u64 lengths[] = { self->size,	4096,	 GRAIN,
				  GRAIN + 4096, 7 * MIB, self->size };
	unsigned int i, round;
	char *mem;
	int fd;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(lengths); i++) {
			fd = test_alloc(self->dev, lengths[i],
					round % 2 ? SUPER : 0, 0);
			ASSERT_LE(0, fd);
			mem = test_map(fd, lengths[i]);
			ASSERT_NE(MAP_FAILED, mem);
			EXPECT_TRUE(test_all_bytes(mem, 0, lengths[i]));
			memset(mem, 0xa5, lengths[i]);
			ASSERT_EQ(0, munmap(mem, lengths[i]));
			close(fd);
		}
	}
}

TEST_F_TIMEOUT(scrub, by_mmap_nothing_is_seen, TEST_SLOW)
{
	const __u64 lengths[] = { self->size, 3 * MIB, self->size };
	unsigned int i, round;
	char *mem;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(lengths); i++) {
			mem = test_map(self->dev, lengths[i]);
			ASSERT_NE(MAP_FAILED, mem);
			EXPECT_TRUE(test_all_bytes(mem, 0, lengths[i]));
			memset(mem, 0xa5, lengths[i]);
			ASSERT_EQ(0, munmap(mem, lengths[i]));
		}
	}
}

/* The padding behind a size that is not whole pages is memory, too. */
TEST_F(scrub, of_the_padding_nothing_is_seen)
{
	char *mem;
	int fd;

	fd = test_alloc(self->dev, self->size, 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0xa5, self->size);
	ASSERT_EQ(0, munmap(mem, self->size));
	close(fd);
	fd = test_alloc(self->dev, 1, SUPER, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, GRAIN);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, GRAIN));
}

TEST_F_TIMEOUT(scrub, of_a_killed_process_nothing_is_seen, TEST_SLOW)
{
	unsigned int round;
	int ready[2], fd;
	pid_t child;
	char byte, *mem;

	ASSERT_EQ(0, pipe(ready));
	for (round = 0; round < 6; round++) {
		child = fork();
		if (!child) {
			mem = test_map(self->dev, self->size);
			if (mem == MAP_FAILED)
				_exit(1);
			memset(mem, 0xa5, self->size / 2);
			if (write(ready[1], "", 1) != 1)
				_exit(2);
			for (;;)
				memset(mem, 0x5a, self->size);
		}
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		ASSERT_EQ(-SIGKILL, test_kill(child));
		do {
			fd = test_alloc(self->dev, self->size, 0, 0);
		} while (fd == -ENOMEM);
		ASSERT_LE(0, fd);
		mem = test_map(fd, self->size);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_TRUE(test_all_bytes(mem, 0, self->size));
		ASSERT_EQ(0, munmap(mem, self->size));
		close(fd);
	}
}

TEST_F_TIMEOUT(scrub, of_revoked_memory_nothing_is_seen, TEST_SLOW)
{
	unsigned int round;
	char *mem;
	int fd;

	for (round = 0; round < 6; round++) {
		fd = test_alloc(self->dev, self->size, 0, 0);
		ASSERT_LE(0, fd);
		mem = test_map(fd, self->size);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_TRUE(test_all_bytes(mem, 0, self->size));
		memset(mem, 0xa5, self->size);
		ASSERT_EQ(0, handle_revoke(self->dev, fd));
		if (variant->bank == NOW)
			EXPECT_EQ(self->size,
				  test_number(variant->bank, "scrubbed"));
	}
}

/* ------------------------------------------------- who has touched it */

/* Nobody could reach the memory, so nothing has to be cleared. */
TEST_F(scrub, of_untouched_memory_there_is_none)
{
	const __u64 lengths[] = { 1, 100 * KIB, GRAIN, 5 * MIB, self->size };
	struct membank_dataspace_info info;
	unsigned int i;
	int fd, less;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		fd = test_alloc(self->dev, lengths[i], 0, 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->dev, fd, &info));
		less = handle_derive(self->dev, fd, READ);
		ASSERT_LE(0, less);
		close(fd);
		EXPECT_EQ(self->size - info.out_extent,
			  test_figures(variant->bank).scrubbed);
		close(less);
		EXPECT_EQ(self->size, test_figures(variant->bank).scrubbed);
	}
}

/* A whole block again, and soon, after a part of it was taken and not touched. */
TEST_F(scrub, of_untouched_memory_blocks_are_joined_again)
{
	const int fd = test_alloc(self->dev, 4096, 0, 0);
	char *mem;

	ASSERT_LE(0, fd);
	close(fd);
	mem = test_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0xa5, self->size);
	EXPECT_EQ(self->size, smaps_huge(mem));
}

FIXTURE(touched)
{
	int dev;
	int fd;
	int source;
	__u64 size;
};

/* Each writes a page without any other way to the memory. */
static bool write_by_mmap(FIXTURE_DATA(touched) * self)
{
	char *mem = test_map(self->fd, PAGE);

	if (mem == MAP_FAILED)
		return false;
	memset(mem, 0xa5, PAGE);
	return !munmap(mem, PAGE);
}

static bool write_by_attach(FIXTURE_DATA(touched) * self)
{
	char *mem;

	if (handle_attach(self->dev, self->fd, NULL, 0, &mem))
		return false;
	memset(mem, 0xa5, PAGE);
	return !munmap(mem, self->size);
}

static bool write_by_copy(FIXTURE_DATA(touched) * self)
{
	return !handle_copy(self->dev, self->fd, 0, self->source, 0, PAGE);
}

static bool write_by_pager(FIXTURE_DATA(touched) * self)
{
	struct membank_pager_fault fault;
	struct toucher toucher;
	struct pager pager;
	char *mem;

	touch_init();
	return !pager_create(self->dev, &pager) &&
	       !pager_attach(self->dev, pager.attach, 0, &mem) &&
	       !toucher_begin(&toucher, mem, 0xa5, pager.fd, &fault) &&
	       !pager_reply(pager.fd, fault.id, self->fd, 0, 0) &&
	       !toucher_join(&toucher) && !munmap(mem, LENGTH) &&
	       !close(pager.attach) && !close(pager.fd);
}

FIXTURE_VARIANT(touched)
{
	bool (*write)(FIXTURE_DATA(touched) * self);
};

/* clang-format off */
FIXTURE_VARIANT_ADD(touched, mmap) { write_by_mmap };
FIXTURE_VARIANT_ADD(touched, attach) { write_by_attach };
FIXTURE_VARIANT_ADD(touched, copy) { write_by_copy };
FIXTURE_VARIANT_ADD(touched, pager) { write_by_pager };
/* clang-format on */

FIXTURE_SETUP(touched)
{
	char *mem;

	ASSERT_TRUE(test_banks_empty());
	ASSERT_TRUE(test_wait_scrubbed(LATER));
	self->dev = test_open(LATER);
	ASSERT_LE(0, self->dev);
	self->size = test_number(LATER, "size");
	self->source = test_alloc(test_open(NOW), PAGE, 0, 0);
	ASSERT_LE(0, self->source);
	mem = test_map(self->source, PAGE);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0xa5, PAGE);
	self->fd = test_alloc(self->dev, self->size, 0, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(touched)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Whichever way was the only one. */
TEST_F(touched, so_nothing_is_seen)
{
	char *mem;

	ASSERT_TRUE(variant->write(self));
	close(self->fd);
	mem = test_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->size));
}

/* Of a page that a pipe had, when its end comes later. */
TEST_F(scrub, of_a_page_that_was_pinned_nothing_is_seen)
{
	struct iovec iov = { .iov_len = 4096 };
	int pipe_fds[2];
	char *mem, out[4096];

	ASSERT_EQ(0, pipe(pipe_fds));
	mem = test_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0xa5, self->size);
	iov.iov_base = mem + GRAIN + 4096;
	ASSERT_EQ(4096, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(mem, self->size));
	EXPECT_EQ(self->size, test_used());
	ASSERT_EQ(4096, read(pipe_fds[0], out, sizeof(out)));
	EXPECT_TRUE(test_all_bytes(out, 0xa5, sizeof(out)));
	ASSERT_TRUE(test_wait_used(0));
	mem = test_map(self->dev, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->size));
}

/* Nobody clears anything for an allocation that finds clean memory. */
TEST_F(scrub, leaves_clean_memory_to_be_taken_first)
{
	struct membank_dataspace_info old, new;
	unsigned int round, seen = 0;
	char *mem;
	int fd;

	if (variant->bank == NOW)
		SKIP(return, "nothing is ever dirty in such a bank");
	for (round = 0; round < 50 && !seen; round++) {
		ASSERT_TRUE(test_wait_scrubbed(LATER));
		fd = test_alloc(self->dev, self->size / 2, 0, 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->dev, fd, &old));
		ASSERT_EQ(0, handle_clear(self->dev, fd, 0, 1));
		close(fd);
		fd = test_alloc(self->dev, self->size / 2, 0, 0);
		ASSERT_LE(0, fd);
		/* The old half is dirty in part still, so it was not taken. */
		if (test_number(LATER, "scrubbed") < self->size / 2) {
			seen++;
			ASSERT_EQ(0, test_info(self->dev, fd, &new));
			EXPECT_NE(old.out_offset, new.out_offset);
		}
		mem = test_map(fd, self->size / 2);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_TRUE(test_all_bytes(mem, 0, self->size / 2));
		ASSERT_EQ(0, munmap(mem, self->size / 2));
		close(fd);
	}
	EXPECT_EQ(1, seen);
}

struct teaser {
	int dev;
	int pipe_fds[2];
	bool stop;
	unsigned int rounds;
	int failed;
};

/* Ends a lease of which a page is pinned for another moment, again and again. */
static void *tease(void *arg)
{
	struct iovec iov = { .iov_len = 4096 };
	struct teaser *teaser = arg;
	char out[4096];

	while (!__atomic_load_n(&teaser->stop, __ATOMIC_ACQUIRE)) {
		iov.iov_base = test_map(teaser->dev, 4096);
		if (iov.iov_base == MAP_FAILED) {
			__atomic_store_n(&teaser->failed, errno,
					 __ATOMIC_RELEASE);
			break;
		}
		*(char *)iov.iov_base = 1;
		if (vmsplice(teaser->pipe_fds[1], &iov, 1, 0) != 4096 ||
		    munmap(iov.iov_base, 4096) ||
		    read(teaser->pipe_fds[0], out, sizeof(out)) != 4096) {
			__atomic_store_n(&teaser->failed, EIO,
					 __ATOMIC_RELEASE);
			break;
		}
		__atomic_fetch_add(&teaser->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/*
 * Waiting for pins must not put off clearing, nor the end of the leases that
 * waited: those would fill the bank. All may be clean before the other thread
 * has had a processor: once more then.
 */
TEST_F_TIMEOUT(scrub, goes_on_while_pinned_memory_is_given_back, TEST_SLOW)
{
	struct teaser teaser = { .dev = self->dev };
	unsigned int tries = 0, turn, rounds = 0;
	struct membank_bank_info info = {};
	bool clean = true;
	pthread_t thread;
	char *mem;

	if (variant->bank == NOW)
		SKIP(return, "nothing is ever dirty in such a bank");
	ASSERT_EQ(0, pipe(teaser.pipe_fds));
	ASSERT_EQ(0, pthread_create(&thread, NULL, tease, &teaser));
	for (turn = 0; turn < 100 && clean && !rounds; turn++) {
		mem = test_map(self->dev, 2 * self->size / 3);
		ASSERT_NE(MAP_FAILED, mem);
		memset(mem, 0xa5, 2 * self->size / 3);
		rounds = __atomic_load_n(&teaser.rounds, __ATOMIC_RELAXED) + 50;
		while (!__atomic_load_n(&teaser.failed, __ATOMIC_ACQUIRE) &&
		       __atomic_load_n(&teaser.rounds, __ATOMIC_RELAXED) <
			       rounds)
			usleep(1000);
		ASSERT_EQ(0, munmap(mem, 2 * self->size / 3));

		rounds = __atomic_load_n(&teaser.rounds, __ATOMIC_RELAXED);
		clean = false;
		for (tries = 0; tries < TEST_PATIENCE && !clean; tries++) {
			if (__atomic_load_n(&teaser.failed, __ATOMIC_ACQUIRE))
				break;
			usleep(1000);
			/* Both figures of one moment. */
			ASSERT_EQ(0, handle_bank(self->dev, LATER, &info));
			clean = info.out_scrubbed ==
				info.out_length - info.out_used;
		}
		rounds = __atomic_load_n(&teaser.rounds, __ATOMIC_RELAXED) -
			 rounds;
		printf("# clean after %u looks, %u rounds of the other thread; %llu bytes wait\n",
		       tries, rounds, (unsigned long long)info.out_used);
	}
	__atomic_store_n(&teaser.stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, teaser.failed);
	EXPECT_TRUE(clean);
	EXPECT_LT(0, rounds);
}

/* Counts the tasks of this name; *pid is one of them. */
static unsigned int count_tasks(const char *name, pid_t *pid)
{
	char path[300], comm[32];
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	FILE *file;

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = atoi(entry->d_name) ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file)) {
			comm[strcspn(comm, "\n")] = '\0';
			if (!strcmp(comm, name)) {
				*pid = atoi(entry->d_name);
				count++;
			}
		}
		fclose(file);
	}
	closedir(dir);
	return count;
}

/* On one processor at most, however many banks there are, and after all others. */
TEST(one_task_of_least_urgency_scrubs_all_banks)
{
	pid_t pid = 0;

	ASSERT_LE(2, test_banks());
	ASSERT_EQ(1, count_tasks("membank_scrub", &pid));
	errno = 0;
	EXPECT_EQ(19, getpriority(PRIO_PROCESS, pid));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(SCHED_OTHER, sched_getscheduler(pid));
}

#define CHURN (8 * MIB)
#define CHURN_ROUNDS 40

/**
 * struct churn - what a thread allocates and frees again and again
 * @dev: the bank
 * @failed: the first error, or 0
 * @over: that it has ended
 */
struct churn {
	int dev;
	int failed;
	bool over;
};

static void *churn(void *data)
{
	struct churn *churn = data;
	unsigned int round;
	int fd;

	for (round = 0; round < CHURN_ROUNDS && !churn->failed; round++) {
		fd = test_alloc(churn->dev, CHURN, 0, 0);
		/* Else it would be clean whatever comes. */
		churn->failed = fd < 0 ? fd :
					 handle_clear(churn->dev, fd, 0, 1);
		if (fd >= 0)
			close(fd);
	}
	__atomic_store_n(&churn->over, true, __ATOMIC_RELEASE);
	return NULL;
}

/* What is free in a bank with :sync is clean, in every instant. */
TEST_F_TIMEOUT(scrub, is_told_truly_in_every_instant, TEST_SLOW)
{
	unsigned int looks = 0, wrong = 0, taken = 0;
	struct churn state = { .dev = self->dev };
	struct membank_bank_info info;
	pthread_t thread;
	__u64 free;

	ASSERT_EQ(0, pthread_create(&thread, NULL, churn, &state));
	while (!__atomic_load_n(&state.over, __ATOMIC_ACQUIRE)) {
		ASSERT_EQ(0, handle_bank(self->dev, variant->bank, &info));
		free = info.out_length - info.out_used;
		if (variant->bank == NOW)
			wrong += info.out_scrubbed != free;
		else
			wrong += info.out_scrubbed > free;
		taken += info.out_used == CHURN;
		looks++;
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, state.failed);
	TH_LOG("%u looks, in %u the memory was taken, %u wrong", looks, taken,
	       wrong);
	EXPECT_EQ(0, wrong);
	/* There was something to see. */
	EXPECT_LT(0, taken);
	EXPECT_LT(CHURN_ROUNDS, looks);
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
