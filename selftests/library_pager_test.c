// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's functions for areas and pagers, on the real module: what each
 * does with a right call and with each wrong one. Regions are in
 * library_region_test.c.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"
#include "touch.h"

#define NO_FD 1000000
#define PAGES 4
#define UNKNOWN 0x80000000U

#define READ_ONLY MEMBANK_REGION_READ_ONLY
#define PAGER MEMBANK_REGION_PAGER
#define RESERVED MEMBANK_REGION_RESERVED
#define OVERMAP MEMBANK_REGION_OVERMAP
#define SEARCH MEMBANK_REGION_SEARCH_ADDR
#define IN_AREA MEMBANK_REGION_IN_AREA

/* What no call that fails may have written. */
#define JUNK_FD 0xcccccc
#define JUNK_ADDR ((void *)0xccccccccccccccccUL)

/* -------------------------------------------------------------------- areas */

FIXTURE(area)
{
	size_t page;
	int dev;
	int null;
	/* 64 MiB of address space where nothing is mapped. */
	char *hole;
	void *addr;
};

FIXTURE_SETUP(area)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open("0", &self->dev));
	self->hole = mmap(NULL, 64 * MIB, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->hole);
	ASSERT_EQ(0, munmap(self->hole, 64 * MIB));
	self->addr = JUNK_ADDR;
}

FIXTURE_TEARDOWN_PARENT(area)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(area, reserve_honours_address_length_and_alignment)
{
	struct membank_area_free info;

	ASSERT_EQ(0, membank_area_reserve(self->dev, 1, 0, 0, self->hole + 7,
					  &self->addr));
	EXPECT_EQ(self->hole, self->addr);
	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_area_free(self->dev, self->hole + 9, &info));
	EXPECT_EQ((uintptr_t)self->hole, info.out_start);
	EXPECT_EQ(self->page, info.out_length);

	/* No address: one is searched. */
	ASSERT_EQ(0, membank_area_reserve(self->dev, MIB, RESERVED, 24, NULL,
					  &self->addr));
	EXPECT_NE(NULL, self->addr);
	EXPECT_EQ(0, (uintptr_t)self->addr % (16 * MIB));
	EXPECT_EQ(0, membank_area_free(self->dev, self->addr, NULL));
	EXPECT_EQ(-ENOENT, membank_area_free(self->dev, self->addr, NULL));
}

TEST_F(area, area_can_be_in_another_one)
{
	struct membank_area_free info;
	void *inner;

	ASSERT_EQ(0, membank_area_reserve(self->dev, 8 * self->page, 0, 0,
					  self->hole, &self->addr));
	ASSERT_EQ(0,
		  membank_area_reserve(self->dev, self->page, IN_AREA | SEARCH,
				       0, self->hole, &inner));
	EXPECT_EQ(self->hole, inner);
	ASSERT_EQ(0, membank_area_free(self->dev, self->hole, &info));
	EXPECT_EQ(self->page, info.out_length);
	ASSERT_EQ(0, membank_area_free(self->dev, self->hole, &info));
	EXPECT_EQ(8 * self->page, info.out_length);
}

TEST_F(area, reserve_refuses)
{
	char *taken = self->hole + MIB, *closed = self->hole + 2 * MIB;
	struct {
		int ret, dev;
		__u64 length;
		__u32 flags, align;
		void *start;
	} wrong[] = {
		{ -EINVAL, self->dev, 0, 0, 0, NULL },
		{ -EINVAL, self->dev, 1, 0, 47, NULL },
		{ -EINVAL, self->dev, 1, READ_ONLY, 0, NULL },
		{ -EINVAL, self->dev, 1, OVERMAP, 0, self->hole },
		{ -EOPNOTSUPP, self->dev, 1, UNKNOWN, 0, NULL },
		{ -EADDRNOTAVAIL, self->dev, 1, 0, 0, taken },
		{ -EADDRNOTAVAIL, self->dev, UINT64_MAX, 0, 0, NULL },
		{ -ENOENT, self->dev, 1, IN_AREA, 0, self->hole },
		/* No address, so no area: it is not searched for. */
		{ -ENOENT, self->dev, 1, IN_AREA, 0, NULL },
		{ -EPERM, self->dev, 1, IN_AREA, 0, closed },
		{ -EBADF, NO_FD, 1, 0, 0, NULL },
		{ -ENOTTY, self->null, 1, 0, 0, NULL },
	};
	size_t i;

	ASSERT_EQ(0, membank_area_reserve(self->dev, MIB, 0, 0, taken,
					  &self->addr));
	ASSERT_EQ(0, membank_area_reserve(self->dev, MIB, RESERVED, 0, closed,
					  &self->addr));
	self->addr = JUNK_ADDR;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(wrong[i].ret,
			  membank_area_reserve(wrong[i].dev, wrong[i].length,
					       wrong[i].flags, wrong[i].align,
					       wrong[i].start, &self->addr))
		TH_LOG("row %zu", i);
	}
	EXPECT_EQ(JUNK_ADDR, self->addr);
}

TEST_F(area, reserve_without_room_is_enomem)
{
	struct rlimit none = { self->page, self->page };

	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	EXPECT_EQ(-ENOMEM, membank_area_reserve(self->dev, MIB, 0, 0, NULL,
						&self->addr));
	EXPECT_EQ(JUNK_ADDR, self->addr);
}

TEST_F(area, free_refuses)
{
	struct membank_area_free info;

	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-ENOENT, membank_area_free(self->dev, self->hole, &info));
	EXPECT_EQ(-EBADF, membank_area_free(NO_FD, self->hole, &info));
	EXPECT_EQ(-ENOTTY, membank_area_free(self->null, self->hole, &info));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
}

/* Of memman: an area is no memory of a bank. */
TEST_F(area, munmap_of_a_bank_leaves_areas_alone)
{
	ASSERT_EQ(0, membank_area_reserve(self->dev, MIB, 0, 0, self->hole,
					  &self->addr));
	EXPECT_EQ(-1, membank_munmap(self->hole, self->page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, membank_area_free(self->dev, self->hole, NULL));
}

/* ------------------------------------------------------------------- pagers */

FIXTURE(pager)
{
	size_t page;
	int dev;
	int null;
	/* Of PAGES pages, page N full of N + 1. */
	int dataspace;
	int pager;
	int attach;
	/* Of PAGES pages, attached at offset 16 MiB. */
	char *region;
	pthread_t thread;
};

/* Attached for a moment only. */
static int fill(int dev, int dataspace, size_t page)
{
	void *mem;
	int i, ret;

	ret = membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL, &mem);
	if (ret)
		return ret;
	for (i = 0; i < PAGES; i++)
		memset(mem + i * page, i + 1, page);
	return membank_region_detach(dev, mem);
}

FIXTURE_SETUP(pager)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open("0", &self->dev));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, PAGES * self->page, 0,
					     0, &self->dataspace));
	ASSERT_EQ(0, fill(self->dev, self->dataspace, self->page));
	ASSERT_EQ(0,
		  membank_pager_create(self->dev, &self->pager, &self->attach));
	ASSERT_EQ(0, membank_region_attach(self->dev, self->attach, 16 * MIB,
					   PAGES * self->page, PAGER, 0, NULL,
					   (void **)&self->region));
	touch_init();
}

FIXTURE_TEARDOWN_PARENT(pager)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Lets no fault come any more. */
static int end_region(struct _test_data_pager *self)
{
	close(self->attach);
	return membank_region_detach(self->dev, self->region);
}

/* Answers page by page, last page first, and returns how it ended. */
static void *serve(void *data)
{
	struct _test_data_pager *self = data;
	struct membank_pager_fault fault;
	__u64 page;
	intptr_t ret;

	while ((ret = membank_pager_read(self->pager, &fault)) > 0) {
		page = (fault.offset - 16 * MIB) / self->page;
		ret = membank_pager_reply(self->pager, fault.id,
					  self->dataspace,
					  (PAGES - 1 - page) * self->page, 0);
		if (ret)
			break;
	}
	return (void *)ret;
}

/* Reads the first byte of the region: that, or minus the signal. */
static void *touch_first(void *data)
{
	struct _test_data_pager *self = data;
	char byte;
	int signal = touch_read(self->region, &byte);

	return (void *)(intptr_t)(signal ? -signal : byte);
}

/* What a thread returned; it ends because it was answered, however late. */
static intptr_t result_of(pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	return (intptr_t)result;
}

static void on_alarm(int signal __maybe_unused)
{
}

/* Again and again, because the first may come before the call sleeps. */
static void interrupt_soon(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 100000 }, { 0, 100000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

TEST_F(pager, create_gives_two_ends)
{
	int pager = JUNK_FD, attach = JUNK_FD;

	EXPECT_EQ(-EBADF, membank_pager_create(NO_FD, &pager, &attach));
	EXPECT_EQ(-ENOTTY, membank_pager_create(self->null, &pager, &attach));
	EXPECT_EQ(JUNK_FD, pager);
	EXPECT_EQ(JUNK_FD, attach);
	ASSERT_EQ(0, membank_pager_create(self->dev, &pager, &attach));
	EXPECT_EQ(FD_CLOEXEC, fcntl(pager, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(attach, F_GETFD));
}

TEST_F(pager, thread_answers_until_no_region_is_left)
{
	int i;

	ASSERT_EQ(0, pthread_create(&self->thread, NULL, serve, self));
	for (i = 0; i < PAGES; i++)
		EXPECT_TRUE(test_all_bytes(self->region + i * self->page,
					   PAGES - i, self->page));
	ASSERT_EQ(0, end_region(self));
	EXPECT_EQ(0, result_of(self->thread));
}

/* Each of them is told, though one may have read while another waits. */
TEST_F(pager, all_threads_are_told_the_end)
{
	pthread_t threads[3];
	int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, serve, self));
	EXPECT_EQ(PAGES, self->region[0]);
	ASSERT_EQ(0, end_region(self));
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		EXPECT_EQ(0, result_of(threads[i]));
}

TEST_F(pager, read_tells_who_touched_what)
{
	struct membank_pager_fault fault;

	ASSERT_EQ(0, pthread_create(&self->thread, NULL, touch_first, self));
	memset(&fault, TEST_JUNK, sizeof(fault));
	ASSERT_EQ(1, membank_pager_read(self->pager, &fault));
	EXPECT_EQ((uintptr_t)self->region, fault.address);
	EXPECT_EQ(16 * MIB, fault.offset);
	EXPECT_EQ(0, fault.access);
	EXPECT_EQ(getpid(), fault.pid);
	EXPECT_NE(getpid(), fault.tid);
	ASSERT_EQ(0, membank_pager_reply(self->pager, fault.id, self->dataspace,
					 0, PAGES * self->page));
	EXPECT_EQ(1, result_of(self->thread));

	/* All of it came with that answer, and nobody has to be asked. */
	EXPECT_EQ(2, self->region[self->page]);
	EXPECT_EQ(PAGES, self->region[(PAGES - 1) * self->page]);
}

TEST_F(pager, read_without_a_fault)
{
	struct membank_pager_fault fault;

	memset(&fault, TEST_JUNK, sizeof(fault));
	interrupt_soon();
	EXPECT_EQ(-EINTR, membank_pager_read(self->pager, &fault));
	ASSERT_EQ(0, fcntl(self->pager, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, membank_pager_read(self->pager, &fault));
	ASSERT_EQ(0, end_region(self));
	EXPECT_EQ(0, membank_pager_read(self->pager, &fault));
	EXPECT_TRUE(test_all_bytes(&fault, TEST_JUNK, sizeof(fault)));
}

TEST_F(pager, read_refuses)
{
	struct membank_pager_fault fault;
	int pipe_fds[2];

	ASSERT_EQ(0, pipe2(pipe_fds, O_CLOEXEC));
	ASSERT_EQ(1, write(pipe_fds[1], "x", 1));
	memset(&fault, TEST_JUNK, sizeof(fault));
	EXPECT_EQ(-EINVAL, membank_pager_read(pipe_fds[0], &fault));
	EXPECT_EQ(-EINVAL, membank_pager_read(self->attach, &fault));
	EXPECT_EQ(-EBADF, membank_pager_read(NO_FD, &fault));
	EXPECT_TRUE(test_all_bytes(&fault, TEST_JUNK, sizeof(fault)));
}

TEST_F(pager, thread_still_waits_after_a_wrong_reply)
{
	const __u64 end = PAGES * self->page;
	struct membank_pager_fault fault;
	int reads, revoked, alone;
	void *mem;

	ASSERT_EQ(0, membank_dataspace_derive(self->dev, self->dataspace,
					      MEMBANK_DATASPACE_READ, &reads));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, 1, 0, 0, &revoked));
	ASSERT_EQ(0, membank_dataspace_revoke(self->dev, revoked));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, 1, 0, 0, &alone));
	ASSERT_EQ(0, membank_region_attach(self->dev, alone, 0, 0,
					   MEMBANK_REGION_NO_ALIAS, 0, NULL,
					   &mem));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, touch_first, self));
	ASSERT_EQ(1, membank_pager_read(self->pager, &fault));

	struct {
		int ret, pager, fd;
		__u64 id, offset, length;
	} wrong[] = {
		{ -ENOENT, self->pager, self->dataspace, fault.id + 1, 0, 0 },
		{ -EINVAL, self->pager, self->null, fault.id, 0, 0 },
		{ -EINVAL, self->pager, self->dataspace, fault.id, 1, 0 },
		{ -EACCES, self->pager, reads, fault.id, 0, 0 },
		{ -ERANGE, self->pager, self->dataspace, fault.id, end, 0 },
		{ -ERANGE, self->pager, self->dataspace, fault.id, 0, end + 1 },
		{ -ENODEV, self->pager, revoked, fault.id, 0, 0 },
		{ -EBUSY, self->pager, alone, fault.id, 0, 0 },
		{ -EBADF, self->pager, NO_FD, fault.id, 0, 0 },
		/* That is what membank_pager_fail() is for. */
		{ -EBADF, self->pager, -1, fault.id, 0, 0 },
		{ -EBADF, NO_FD, self->dataspace, fault.id, 0, 0 },
		{ -ENOTTY, self->attach, self->dataspace, fault.id, 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(wrong[i].ret,
			  membank_pager_reply(wrong[i].pager, wrong[i].id,
					      wrong[i].fd, wrong[i].offset,
					      wrong[i].length))
		TH_LOG("row %zu", i);
	}
	EXPECT_EQ(0, membank_pager_reply(self->pager, fault.id, self->dataspace,
					 self->page, 0));
	EXPECT_EQ(2, result_of(self->thread));
	EXPECT_EQ(-ENOENT, membank_pager_reply(self->pager, fault.id,
					       self->dataspace, 0, 0));
}

TEST_F(pager, thread_whose_fault_fails_gets_sigbus)
{
	struct membank_pager_fault fault;

	ASSERT_EQ(0, pthread_create(&self->thread, NULL, touch_first, self));
	ASSERT_EQ(1, membank_pager_read(self->pager, &fault));
	EXPECT_EQ(-ENOENT, membank_pager_fail(self->pager, fault.id + 1));
	EXPECT_EQ(-EBADF, membank_pager_fail(NO_FD, fault.id));
	EXPECT_EQ(-ENOTTY, membank_pager_fail(self->attach, fault.id));
	EXPECT_EQ(0, membank_pager_fail(self->pager, fault.id));
	EXPECT_EQ(-SIGBUS, result_of(self->thread));
	EXPECT_EQ(-ENOENT, membank_pager_fail(self->pager, fault.id));

	/* The next touch is told anew. */
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, touch_first, self));
	ASSERT_EQ(1, membank_pager_read(self->pager, &fault));
	EXPECT_EQ(0, membank_pager_reply(self->pager, fault.id, self->dataspace,
					 0, 0));
	EXPECT_EQ(1, result_of(self->thread));
}

TEST_F(pager, pager_that_ends_hangs_up)
{
	struct pollfd end = { .fd = self->attach };
	char byte;

	close(self->pager);
	ASSERT_EQ(1, poll(&end, 1, TEST_PATIENCE));
	EXPECT_EQ(POLLHUP, end.revents);
	EXPECT_EQ(SIGBUS, touch_read(self->region, &byte));
}

TEST_HARNESS_MAIN
