// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detaching: a region, a range, with the dataspace, and by many at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"

/* Of the dataspace. */
#define PAGES 16
#define THREADS 4
#define TURNS 200

#define UNMAP MEMBANK_DETACH_UNMAP
#define DATASPACE MEMBANK_DETACH_DATASPACE

FIXTURE(detach)
{
	int dev;
	int fd;
	size_t page;
	size_t length;
	char *mem;
	/* Address space where nothing is mapped. */
	char *hole;
	struct membank_region_detach gone;
	/* How many mappings a process might have, where that was changed. */
	int maps;
};

FIXTURE_SETUP(detach)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->length = PAGES * self->page;
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, self->fd);
	self->hole = map_hole(MIB);
	ASSERT_NE(NULL, self->hole);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(detach)
{
	if (self->maps > 0)
		EXPECT_LT(0, test_map_limit(self->maps));
	EXPECT_TRUE(test_banks_empty());
}

static char *at(FIXTURE_DATA(detach) * self, size_t page)
{
	return self->hole + page * self->page;
}

static const char *picture(FIXTURE_DATA(detach) * self)
{
	return map_picture(self->dev, self->hole, MIB);
}

/* Pages of a dataspace at a page of the hole. */
static int attach_other(FIXTURE_DATA(detach) * self, int fd, size_t page,
			size_t pages, __u32 flags)
{
	return map_attach_part(self->dev, fd, at(self, page),
			       pages * self->page, flags, &self->mem);
}

static int attach(FIXTURE_DATA(detach) * self, size_t page, size_t pages,
		  __u32 flags)
{
	return attach_other(self, self->fd, page, pages, flags);
}

static int detach(FIXTURE_DATA(detach) * self, size_t page, size_t pages,
		  __u32 flags)
{
	return map_detach_range(self->dev, at(self, page), pages * self->page,
				flags, &self->gone);
}

/* Whether just this was said to be detached. */
static bool said(FIXTURE_DATA(detach) * self, size_t page, size_t pages,
		 __u32 dropped, __u32 kept, __u32 split)
{
	return self->gone.out_start == (uintptr_t)at(self, page) &&
	       self->gone.out_length == pages * self->page &&
	       self->gone.out_dropped == dropped &&
	       self->gone.out_kept == kept && self->gone.out_split == split;
}

TEST_F(detach, of_a_region_tells_whether_it_was_the_last)
{
	ASSERT_EQ(0, attach(self, 0, 4, 0));
	ASSERT_EQ(0, attach(self, 8, 4, 0));
	ASSERT_EQ(0, map_detach(self->dev, at(self, 3) + 5, &self->gone));
	EXPECT_TRUE(said(self, 0, 4, 0, 1, 0));
	EXPECT_EQ(-1, self->gone.out_fd);
	EXPECT_EQ(0, self->gone.out_more);
	ASSERT_EQ(0, map_detach(self->dev, at(self, 8), &self->gone));
	EXPECT_TRUE(said(self, 8, 4, 1, 0, 0));
	EXPECT_EQ(-ENOENT, map_detach(self->dev, at(self, 8), &self->gone));
	EXPECT_TRUE(map_is_free(self->hole, MIB));
}

TEST_F(detach, of_a_region_counts_other_processes)
{
	int go[2];
	char byte;
	pid_t child;

	ASSERT_EQ(0, attach(self, 0, 4, 0));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child)
		_exit(read(go[0], &byte, 1) != 1);
	ASSERT_EQ(0, map_detach(self->dev, self->hole, &self->gone));
	EXPECT_TRUE(said(self, 0, 4, 0, 1, 0));
	ASSERT_EQ(1, write(go[1], "", 1));
	ASSERT_EQ(0, test_wait_child(child));
	ASSERT_EQ(0, attach(self, 0, 4, 0));
	ASSERT_EQ(0, map_detach(self->dev, self->hole, &self->gone));
	EXPECT_TRUE(said(self, 0, 4, 1, 0, 0));
}

TEST_F(detach, of_a_range_tells_what_it_split)
{
	ASSERT_EQ(0, attach(self, 0, 16, 0));
	memset(self->hole, 1, self->length);
	/* The middle, the beginning, the end. */
	ASSERT_EQ(0, detach(self, 6, 2, 0));
	EXPECT_TRUE(said(self, 6, 2, 0, 0, 1));
	EXPECT_STREQ("r6 -2 r8", picture(self));
	ASSERT_EQ(0, detach(self, 0, 1, 0));
	EXPECT_TRUE(said(self, 0, 1, 0, 0, 1));
	ASSERT_EQ(0, detach(self, 15, 4, 0));
	EXPECT_TRUE(said(self, 15, 1, 0, 0, 1));
	EXPECT_STREQ("-1 r5 -2 r7", picture(self));
	EXPECT_TRUE(test_all_bytes(at(self, 1), 1, 5 * self->page));
	EXPECT_TRUE(test_all_bytes(at(self, 8), 1, 7 * self->page));
	/* All that is left of each. */
	ASSERT_EQ(0, detach(self, 0, 16, 0));
	EXPECT_TRUE(said(self, 1, 14, 1, 1, 0));
	EXPECT_TRUE(map_is_free(self->hole, MIB));
}

TEST_F(detach, of_a_range_leaves_what_is_not_ours)
{
	char *foreign =
		mmap(at(self, 4), 2 * self->page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	int other = test_alloc(self->dev, self->length, 0, 0);

	ASSERT_EQ(at(self, 4), foreign);
	ASSERT_LE(0, other);
	memset(foreign, 9, 2 * self->page);
	ASSERT_EQ(0, attach(self, 0, 4, 0));
	ASSERT_EQ(0, attach_other(self, other, 6, 4, 0));
	ASSERT_EQ(0, attach(self, 12, 4, 0));
	ASSERT_EQ(0, detach(self, 2, 12, 0));
	EXPECT_TRUE(said(self, 2, 12, 1, 0, 2));
	EXPECT_EQ(0, self->gone.out_more);
	EXPECT_STREQ("r2 -12 r2", picture(self));
	EXPECT_TRUE(test_all_bytes(foreign, 9, 2 * self->page));
	EXPECT_TRUE(map_is_free(at(self, 2), 2 * self->page));
	EXPECT_TRUE(map_is_free(at(self, 6), 8 * self->page));
	/* Nothing else in between. */
	EXPECT_EQ(-ENOENT, detach(self, 2, 12, 0));
	EXPECT_EQ(-ENOENT, map_detach(self->dev, foreign, &self->gone));
}

TEST_F(detach, of_a_range_takes_areas_for_what_they_are)
{
	ASSERT_EQ(0, attach(self, 0, 4, 0));
	ASSERT_EQ(0, map_reserve(self->dev, at(self, 4), 8 * self->page, 0,
				 &self->mem));
	ASSERT_EQ(0, map_reserve(self->dev, at(self, 8), 2 * self->page,
				 IN_AREA, &self->mem));
	ASSERT_EQ(0, attach(self, 5, 3, IN_AREA));
	ASSERT_EQ(0, attach(self, 9, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 12, 4, 0));
	ASSERT_EQ(0, detach(self, 1, 13, 0));
	EXPECT_TRUE(said(self, 1, 13, 0, 2, 2));
	EXPECT_STREQ("r1 -3 h4+4 h2+8 h2+4 -2 r2", picture(self));
}

TEST_F(detach, of_a_range_takes_whole_pages)
{
	ASSERT_EQ(0, attach(self, 0, 8, 0));
	ASSERT_EQ(0, map_detach_range(self->dev, at(self, 3) - 1, 2, 0,
				      &self->gone));
	EXPECT_TRUE(said(self, 2, 2, 0, 0, 1));
	ASSERT_EQ(0, map_detach_range(self->dev, at(self, 5) + 5, 1, 0,
				      &self->gone));
	EXPECT_TRUE(said(self, 5, 1, 0, 0, 1));
	EXPECT_STREQ("r2 -2 r1 -1 r2", picture(self));
}

TEST_F(detach, of_what_is_not_there_finds_nothing)
{
	const __u64 wrong[] = { ~0ULL, -(uintptr_t)self->hole,
				-(uintptr_t)self->hole + 1 };
	unsigned int files;
	size_t i;

	EXPECT_EQ(-ENOENT, detach(self, 0, 16, 0));
	EXPECT_EQ(-ENOENT, map_detach_range(self->dev, NULL, 1ULL << 47, 0,
					    &self->gone));
	ASSERT_EQ(0, map_reserve(self->dev, self->hole, self->length, 0,
				 &self->mem));
	files = test_open_files();
	EXPECT_EQ(-ENOENT, detach(self, 0, 16, DATASPACE));
	EXPECT_EQ(-ENOENT, map_detach_range(self->dev, self->hole, 0, DATASPACE,
					    &self->gone));
	EXPECT_EQ(files, test_open_files());

	ASSERT_EQ(0, attach(self, 0, 4, IN_AREA));
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, map_detach_range(self->dev, self->hole,
						    wrong[i], 0, &self->gone));
	memset(&self->gone, 0, sizeof(self->gone));
	self->gone.size = sizeof(self->gone);
	self->gone.addr = (uintptr_t)self->hole;
	self->gone.__reserved = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_DETACH, &self->gone);
	EXPECT_STREQ("r4+0 h12+0", picture(self));
}

TEST_F(detach, counts_the_parts_that_mprotect_made)
{
	ASSERT_EQ(0, attach(self, 0, 8, 0));
	ASSERT_EQ(0, mprotect(at(self, 2), self->page, PROT_READ));
	EXPECT_STREQ("r2 r1 r5", picture(self));
	ASSERT_EQ(0, detach(self, 1, 3, 0));
	EXPECT_TRUE(said(self, 1, 3, 0, 1, 2));
	EXPECT_STREQ("r1 -3 r4", picture(self));
}

TEST_F(detach, without_room_for_a_part_keeps_the_region)
{
	unsigned int i;
	int made;

	ASSERT_EQ(0, attach(self, 0, 2, 0));
	ASSERT_EQ(0, attach(self, 4, 8, 0));
	self->maps = test_map_limit(200);
	ASSERT_LT(0, self->maps);
	for (i = 0; i < 200; i++)
		if (map_reserve(self->dev, at(self, 16), self->page, SEARCH,
				&self->mem))
			break;
	made = test_map_limit(100);
	/* What lies below goes, what would be split stays. */
	EXPECT_EQ(-ENOMEM,
		  detach(self, 0, 2, 0) ? -EPROTO : detach(self, 5, 2, 0));
	EXPECT_EQ(-ENOMEM, detach(self, 5, 2, DATASPACE));
	EXPECT_STREQ("-4 r8", map_picture(self->dev, self->hole, self->length));
	ASSERT_EQ(200, made);
	EXPECT_LT(0, test_map_limit(self->maps));
	ASSERT_EQ(0, detach(self, 5, 2, 0));
	EXPECT_STREQ("-4 r1 -2 r5",
		     map_picture(self->dev, self->hole, self->length));
}

TEST_F(detach, gives_the_dataspace_back)
{
	ASSERT_EQ(0, attach(self, 0, 16, 0));
	memset(self->hole, 0x5a, self->length);
	close(self->fd);
	ASSERT_EQ(0, map_detach_range(self->dev, at(self, 3), 0, DATASPACE,
				      &self->gone));
	EXPECT_TRUE(said(self, 0, 16, 1, 0, 0));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->gone.out_fd, F_GETFD));
	EXPECT_EQ(ALL_RIGHTS, handle_rights(self->dev, self->gone.out_fd));
	EXPECT_EQ(self->length, test_used());
	self->mem = test_map(self->gone.out_fd, self->length);
	ASSERT_NE(MAP_FAILED, self->mem);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x5a, self->length));
	ASSERT_EQ(0, munmap(self->mem, self->length));
	close(self->gone.out_fd);
	EXPECT_EQ(0, test_used());
}

TEST_F(detach, gives_back_no_more_than_the_region_had)
{
	struct membank_region_detach *gone = &self->gone;
	int owner = handle_derive(self->dev, self->fd, OWN);
	int reader = handle_derive(self->dev, self->fd, READ);

	ASSERT_EQ(0, attach(self, 0, 4, READ_ONLY));
	ASSERT_EQ(0, detach(self, 0, 4, DATASPACE));
	EXPECT_EQ(READ, handle_rights(self->dev, gone->out_fd));
	close(gone->out_fd);
	ASSERT_EQ(0, attach_other(self, reader, 0, 4, READ_ONLY));
	ASSERT_EQ(0, detach(self, 0, 4, DATASPACE));
	EXPECT_EQ(READ, handle_rights(self->dev, gone->out_fd));
	close(gone->out_fd);
	ASSERT_EQ(0, attach(self, 0, 4, RESERVED));
	ASSERT_EQ(0, detach(self, 0, 4, DATASPACE));
	EXPECT_EQ(READ, handle_rights(self->dev, gone->out_fd));
	close(gone->out_fd);

	/* There is nothing to give of this one; it can be detached only. */
	ASSERT_EQ(0, attach_other(self, owner, 0, 4, RESERVED));
	EXPECT_EQ(-EACCES, detach(self, 0, 4, DATASPACE));
	EXPECT_STREQ("r4", picture(self));
	EXPECT_EQ(0, detach(self, 0, 4, 0));

	/* Revoked, it is as it was attached. */
	ASSERT_EQ(0, attach(self, 0, 4, READ_ONLY));
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	ASSERT_EQ(0, detach(self, 0, 4, DATASPACE));
	EXPECT_EQ(-ENODEV, handle_rights(self->dev, gone->out_fd));
}

TEST_F(detach, gives_back_one_dataspace_of_a_range_at_a_time)
{
	static const size_t pages[] = { 0, 4, 10, 13 };
	int fds[ARRAY_SIZE(pages)];
	struct membank_dataspace_info was, is;
	unsigned int i;

	/* With holes, and something foreign, in between. */
	ASSERT_NE(MAP_FAILED,
		  mmap(at(self, 3), self->page, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		fds[i] = test_alloc(self->dev, 3 * self->page, 0, 0);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, attach_other(self, fds[i], pages[i], 3, 0));
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		/* From the middle of the first to that of the last. */
		ASSERT_EQ(0, detach(self, 1, 14, DATASPACE));
		EXPECT_EQ(ARRAY_SIZE(pages) - 1 - i, self->gone.out_more);
		ASSERT_EQ(0, test_info(self->dev, fds[i], &was));
		ASSERT_EQ(0, test_info(self->dev, self->gone.out_fd, &is));
		EXPECT_EQ(was.out_offset, is.out_offset);
		EXPECT_EQ(i == 0 || i == 3, self->gone.out_split);
		EXPECT_EQ(i == 1 || i == 2, self->gone.out_dropped);
		close(self->gone.out_fd);
	}
	EXPECT_EQ(-ENOENT, detach(self, 1, 14, DATASPACE));
	EXPECT_STREQ("r1 -14 r1", picture(self));
}

TEST_F(detach, without_a_free_descriptor_detaches_nothing)
{
	struct rlimit limit, tight;
	int ret, again;

	ASSERT_EQ(0, attach(self, 0, 4, 0));
	ASSERT_EQ(0, attach(self, 4, 4, READ_ONLY));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	tight = limit;
	tight.rlim_cur = dup(self->dev);
	ASSERT_NE(-1, tight.rlim_cur);
	close(tight.rlim_cur);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
	ret = detach(self, 0, 8, DATASPACE);
	again = map_detach_range(self->dev, at(self, 5), 0, DATASPACE,
				 &self->gone);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, ret);
	EXPECT_EQ(-EMFILE, again);
	EXPECT_STREQ("r4 r4", picture(self));
}

TEST_F(detach, gives_back_the_end_of_a_pager)
{
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};

	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	ASSERT_EQ(0, attach_other(self, pager.out_attach_fd, 0, 4, PAGER));
	close(pager.out_attach_fd);
	EXPECT_STREQ("r4", picture(self));
	ASSERT_EQ(0, detach(self, 1, 1, DATASPACE));
	EXPECT_TRUE(said(self, 1, 1, 0, 0, 1));
	ASSERT_EQ(0,
		  map_detach_range(self->dev, self->hole, 0, 0, &self->gone));
	EXPECT_EQ(1, self->gone.out_kept);
	ASSERT_EQ(0, map_detach_range(self->dev, at(self, 2), 0, DATASPACE,
				      &self->gone));
	EXPECT_EQ(1, self->gone.out_dropped);
	/* It can be attached with. */
	EXPECT_EQ(0, attach_other(self, self->gone.out_fd, 0, 4, PAGER));
}

struct worker {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int dev;
	int fd;
	char *at;
	size_t length;
	unsigned int hits;
	int failed;
};

/* All at the same region, once in each turn. */
static void *hit(void *arg)
{
	struct worker *worker = arg;
	struct membank_region_detach gone;
	unsigned int turn;
	int ret;

	for (turn = 0; turn < TURNS; turn++) {
		pthread_barrier_wait(worker->barrier);
		ret = map_detach_range(worker->dev, worker->at,
				       turn % 2 ? worker->length : 0, 0, &gone);
		if (!ret)
			worker->hits++;
		else if (ret != -ENOENT)
			worker->failed = ret;
		pthread_barrier_wait(worker->barrier);
	}
	return NULL;
}

TEST_F_TIMEOUT(detach, by_many_at_once_succeeds_for_one, TEST_SLOW)
{
	struct worker workers[THREADS] = {};
	pthread_barrier_t barrier;
	unsigned int turn, i, hits, done = 0;

	ASSERT_EQ(0, map_reserve(self->dev, self->hole, self->length, 0,
				 &self->mem));
	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, THREADS + 1));
	for (i = 0; i < THREADS; i++) {
		workers[i].barrier = &barrier;
		workers[i].dev = self->dev;
		workers[i].at = self->hole;
		workers[i].length = self->length;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, hit,
					    &workers[i]));
	}
	for (turn = 0; turn < TURNS; turn++) {
		if (!attach(self, 0, 16, IN_AREA))
			done++;
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		for (hits = 0, i = 0; i < THREADS; i++)
			hits += workers[i].hits;
		EXPECT_EQ(turn + 1, hits);
	}
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].failed);
	}
	EXPECT_EQ(TURNS, done);
	EXPECT_STREQ("h16+0", picture(self));
}

/* Attaches until each of its turns was good for one. */
static void *put(void *arg)
{
	struct worker *worker = arg;
	char *mem;
	int ret;

	while (worker->hits < TURNS && !worker->failed) {
		ret = map_attach(worker->dev,
				 map_args(worker->fd, worker->at, IN_AREA),
				 &mem);
		if (!ret)
			worker->hits++;
		else if (ret != -EADDRNOTAVAIL)
			worker->failed = ret;
	}
	return NULL;
}

TEST_F_TIMEOUT(detach, while_others_attach_there_misses_none, TEST_SLOW)
{
	struct worker workers[2] = {};
	unsigned int i, done = 0;
	int ret;

	ASSERT_EQ(0, map_reserve(self->dev, self->hole, self->length, 0,
				 &self->mem));
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].dev = self->dev;
		workers[i].fd = self->fd;
		workers[i].at = self->hole;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, put,
					    &workers[i]));
	}
	while (done < ARRAY_SIZE(workers) * TURNS) {
		ret = done % 2 ?
			      detach(self, 0, 16, 0) :
			      map_detach(self->dev, at(self, 5), &self->gone);
		if (!ret)
			done++;
		else
			ASSERT_EQ(-ENOENT, ret);
		if (!ret)
			ASSERT_TRUE(said(self, 0, 16, 1, 0, 0));
	}
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].failed);
	}
	EXPECT_STREQ("h16+0", picture(self));
}

TEST_HARNESS_MAIN
