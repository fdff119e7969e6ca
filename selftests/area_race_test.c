// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching and detaching in an area while another thread takes the area's
 * addresses away, as it may: what it maps there is left alone.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "map.h"

#define PAGES 16
#define ROUNDS 50
#define CANARY 0x5a

struct attacher {
	pthread_t thread;
	int dev;
	int fd;
	char *area;
	bool stop;
	bool searches;
	unsigned int attached;
	int unexpected;
};

/* Does not touch what it attaches: it may be gone. */
static void *attach_and_detach(void *argument)
{
	struct attacher *attacher = argument;
	const __u32 flags = MEMBANK_REGION_IN_AREA |
			    (attacher->searches ? SEARCH : 0);
	const size_t page = sysconf(_SC_PAGESIZE);
	struct membank_region_detach gone;
	unsigned int i;
	char *at, *mem;
	int ret;

	for (i = 0; !__atomic_load_n(&attacher->stop, __ATOMIC_RELAXED); i++) {
		at = attacher->area;
		if (!attacher->searches)
			at += i % PAGES * page;
		ret = map_attach(attacher->dev,
				 map_args(attacher->fd, at, flags), &mem);
		if (!ret) {
			__atomic_add_fetch(&attacher->attached, 1,
					   __ATOMIC_RELAXED);
			ret = map_detach(attacher->dev, mem, &gone);
		}
		if (ret && ret != -ENOENT && ret != -EADDRNOTAVAIL)
			attacher->unexpected = ret;
	}
	return NULL;
}

FIXTURE(race)
{
	size_t page;
	struct attacher attacher;
};

FIXTURE_VARIANT(race)
{
	bool searches;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(race, exact_places) { false };
FIXTURE_VARIANT_ADD(race, searched_places) { true };
/* clang-format on */

FIXTURE_SETUP(race)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->attacher.searches = variant->searches;
	self->attacher.dev = test_open(0);
	ASSERT_LE(0, self->attacher.dev);
	self->attacher.fd = test_alloc(self->attacher.dev, self->page, 0, 0);
	ASSERT_LE(0, self->attacher.fd);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(race)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Takes a page of the area for a canary, if nobody has attached there just now. */
static char *take_page(char *at, size_t page)
{
	char *mem;

	if (munmap(at, page))
		return NULL;
	mem = mmap(at, page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	memset(mem, CANARY, page);
	return mem;
}

/* Until the thread has attached once more: whether it has. */
static bool is_at_work(struct attacher *attacher, unsigned int before)
{
	unsigned int left = TEST_PATIENCE;

	while (__atomic_load_n(&attacher->attached, __ATOMIC_RELAXED) ==
	       before) {
		if (!left--)
			return false;
		usleep(1000);
	}
	return true;
}

TEST_F_TIMEOUT(race, what_others_map_in_an_area_is_left_alone, TEST_SLOW)
{
	unsigned int round, i, before, lost = 0, taken = 0;
	char *canaries[PAGES];

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, map_reserve(self->attacher.dev, NULL,
					 PAGES * self->page, SEARCH,
					 &self->attacher.area));
		self->attacher.stop = false;
		before = self->attacher.attached;
		ASSERT_EQ(0,
			  pthread_create(&self->attacher.thread, NULL,
					 attach_and_detach, &self->attacher));
		ASSERT_TRUE(is_at_work(&self->attacher, before));
		for (i = 0; i < PAGES; i++) {
			canaries[i] =
				take_page(self->attacher.area + i * self->page,
					  self->page);
			sched_yield();
		}
		__atomic_store_n(&self->attacher.stop, true, __ATOMIC_RELAXED);
		pthread_join(self->attacher.thread, NULL);
		for (i = 0; i < PAGES; i++) {
			if (!canaries[i])
				continue;
			taken++;
			lost += !test_all_bytes(canaries[i], CANARY,
						self->page);
		}
		ASSERT_EQ(0, munmap(self->attacher.area, PAGES * self->page));
	}
	EXPECT_EQ(0, self->attacher.unexpected);
	EXPECT_EQ(0, lost);
	/* Else this has shown nothing. */
	EXPECT_LT(ROUNDS * PAGES / 2, taken);
}

TEST_HARNESS_MAIN
