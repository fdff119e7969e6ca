// SPDX-License-Identifier: GPL-2.0-only
/*
 * L4Re's region map in C, on the real module: each function and flag, and each
 * return value that its page names.
 */
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "l4re.h"
#include "touch.h"

#define PAGES 4
#define SIZE (PAGES * L4_PAGESIZE)
#define UNKNOWN 0x80000000UL

#define READ MEMBANK_DATASPACE_READ
#define WRITE MEMBANK_DATASPACE_WRITE

#define SEARCH L4RE_RM_SEARCH_ADDR

FIXTURE(rm)
{
	l4_cap_idx_t bad[BAD_CAPS];
	l4re_ds_t ds;
	l4_cap_idx_t irq;
	/* A place where nothing is. */
	l4_addr_t hole;
};

FIXTURE_SETUP(rm)
{
	void *hole;

	ASSERT_TRUE(test_banks_empty());
	self->ds = l4re_ds_new(SIZE);
	ASSERT_FALSE(l4_is_invalid_cap(self->ds));
	self->irq = l4re_irq_new();
	ASSERT_FALSE(l4_is_invalid_cap(self->irq));
	l4re_bad_caps(self->bad);
	hole = mmap(NULL, 64 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole, 64 * MIB));
	self->hole = ((l4_addr_t)hole + 4 * MIB - 1) & -(4 * MIB);
	touch_init();
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(rm)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Where it is, or the error. */
static long attach(l4_addr_t start, unsigned long flags, l4re_ds_t ds)
{
	void *where = (void *)start;
	int ret;

	ret = l4re_rm_attach(&where, SIZE, flags, ds, 0, L4_PAGESHIFT);
	return ret ? ret : (long)where;
}

/* What comes of touching it: 0 or a signal. */
static int reads(const void *at)
{
	char byte;

	return touch_read(at, &byte);
}

static int writes(char *at)
{
	return touch_write(at, 1);
}

/* ----------------------------------------------------------------- attach */

TEST_F(rm, attach_puts_it_just_there)
{
	void *start = (void *)self->hole;

	ASSERT_EQ(0,
		  l4re_rm_attach(&start, SIZE, 0, self->ds, 0, L4_PAGESHIFT));
	EXPECT_EQ((void *)self->hole, start);
	memset(start, 1, SIZE);
	EXPECT_EQ(-L4_EADDRNOTAVAIL, attach(self->hole, 0, self->ds));
	EXPECT_EQ(-L4_EADDRNOTAVAIL,
		  attach(self->hole + L4_PAGESIZE, 0, self->ds));
	/* Without SEARCH_ADDR an address of 0 is that address. */
	EXPECT_EQ(-L4_EADDRNOTAVAIL, attach(0, 0, self->ds));
	start = (void *)(self->hole + SIZE + 5);
	ASSERT_EQ(0, l4re_rm_attach_srv(l4re_env()->rm, &start, 1, 0, self->ds,
					L4_PAGESIZE, 0));
	EXPECT_EQ((void *)(self->hole + SIZE), start);
	EXPECT_EQ(1, *(char *)start);
}

TEST_F(rm, attach_searches_from_there_on_and_aligns)
{
	void *start = (void *)(self->hole + L4_PAGESIZE), *next = start;

	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE, SEARCH, self->ds, 0,
				    L4_SUPERPAGESHIFT));
	EXPECT_EQ((void *)(self->hole + L4_SUPERPAGESIZE), start);
	ASSERT_EQ(0, l4re_rm_attach(&next, SIZE, SEARCH, self->ds, 0, 0));
	EXPECT_EQ((void *)(self->hole + L4_PAGESIZE), next);
	next = (void *)-L4_PAGESIZE;
	EXPECT_EQ(-L4_EADDRNOTAVAIL,
		  l4re_rm_attach(&next, SIZE, SEARCH, self->ds, 0, 0));
	EXPECT_EQ((void *)-L4_PAGESIZE, next);
	EXPECT_EQ(-L4_EINVAL,
		  l4re_rm_attach(&next, SIZE, SEARCH, self->ds, 0, 64));
}

TEST_F(rm, without_a_search_nothing_is_aligned)
{
	void *start = (void *)(self->hole + L4_PAGESIZE), *at = start;
	l4_addr_t area = self->hole + MIB + L4_PAGESIZE;

	EXPECT_EQ(0, l4re_rm_attach(&at, SIZE, 0, self->ds, 0, 64));
	EXPECT_EQ(start, at);
	ASSERT_EQ(0, l4re_rm_detach(start));
	EXPECT_EQ(0,
		  l4re_rm_attach(&at, SIZE, 0, self->ds, 0, L4_SUPERPAGESHIFT));
	EXPECT_EQ(start, at);
	EXPECT_EQ(0, l4re_rm_reserve_area(&area, MIB, 0, 64));
	EXPECT_EQ(self->hole + MIB + L4_PAGESIZE, area);
}

TEST_F(rm, attach_says_what_is_wrong)
{
	void *start = (void *)self->hole;
	unsigned int i;

	EXPECT_EQ(-L4_EINVAL,
		  l4re_rm_attach(NULL, SIZE, SEARCH, self->ds, 0, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_attach(&start, 0, 0, self->ds, 0, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_attach(&start, SIZE, 0, self->ds, 1, 0));
	EXPECT_EQ(-L4_EINVAL, attach(self->hole, UNKNOWN, self->ds));
	EXPECT_EQ(-L4_EINVAL, attach(self->hole, 1UL << 32, self->ds));
	EXPECT_EQ(-L4_EINVAL,
		  attach(self->hole, SEARCH | L4RE_RM_OVERMAP, self->ds));
	EXPECT_EQ(-L4_EINVAL,
		  attach(self->hole, L4RE_RM_EAGER_MAP | L4RE_RM_RESERVED,
			 self->ds));
	EXPECT_EQ(-L4_EINVAL, attach(self->hole, 0, self->irq));
	EXPECT_EQ(-L4_EINVAL, attach(self->hole, 0, l4re_env()->mem_alloc));
	EXPECT_EQ(-L4_EINVAL, attach(self->hole, L4RE_RM_PAGER, self->ds));
	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(-L4_ENOENT, attach(self->hole, 0, self->bad[i]));
	EXPECT_EQ(-L4_ERANGE, l4re_rm_attach(&start, SIZE + 1, 0, self->ds, 0,
					     L4_PAGESHIFT));
	EXPECT_EQ(-L4_ERANGE, l4re_rm_attach(&start, SIZE, 0, self->ds,
					     L4_PAGESIZE, L4_PAGESHIFT));
	EXPECT_EQ(-L4_ENOENT, attach(self->hole, L4RE_RM_IN_AREA, self->ds));
	ASSERT_EQ(0, l4re_ds_revoke(self->ds));
	EXPECT_EQ(-L4_ENODEV, attach(self->hole, 0, self->ds));
	EXPECT_EQ((void *)self->hole, start);
}

TEST_F(rm, attach_needs_the_rights)
{
	l4re_ds_t readable = l4re_ds_with(self->ds, READ);
	l4re_ds_t writable = l4re_ds_with(self->ds, WRITE);
	char *start;

	EXPECT_EQ(-L4_EPERM, attach(0, SEARCH, readable));
	EXPECT_EQ(-L4_EPERM, attach(0, SEARCH | L4RE_RM_F_RW, readable));
	EXPECT_EQ(-L4_EPERM, attach(0, SEARCH | L4RE_RM_READ_ONLY, writable));
	EXPECT_EQ(-L4_EPERM, attach(0, SEARCH | L4RE_RM_F_RWX, self->ds));
	EXPECT_EQ(-L4_EPERM, attach(0, SEARCH | L4RE_RM_F_X, self->ds));

	start = (char *)attach(0, SEARCH | L4RE_RM_READ_ONLY, readable);
	ASSERT_LT(0, (long)start);
	EXPECT_EQ(0, reads(start));
	EXPECT_EQ(SIGSEGV, writes(start));
	start = (char *)attach(0, SEARCH | L4RE_RM_F_R, self->ds);
	ASSERT_LT(0, (long)start);
	EXPECT_EQ(SIGSEGV, writes(start));
	start = (char *)attach(0, L4RE_RM_F_SEARCH_ADDR | L4RE_RM_F_RW,
			       self->ds);
	ASSERT_LT(0, (long)start);
	EXPECT_EQ(0, writes(start));
}

TEST_F(rm, no_alias_is_alone)
{
	long start = attach(0, SEARCH | L4RE_RM_NO_ALIAS, self->ds);

	ASSERT_LT(0, start);
	EXPECT_EQ(-L4_EBUSY, attach(0, SEARCH, self->ds));
	ASSERT_EQ(0, l4re_rm_detach((void *)start));
	ASSERT_LT(0, attach(0, SEARCH, self->ds));
	EXPECT_EQ(-L4_EBUSY, attach(0, SEARCH | L4RE_RM_NO_ALIAS, self->ds));
}

TEST_F(rm, eager_map_maps_and_its_opposite_does_not)
{
	char *start = (char *)attach(0, SEARCH | L4RE_RM_EAGER_MAP, self->ds);
	unsigned long lazy = SEARCH | L4RE_RM_EAGER_MAP |
			     L4RE_RM_F_NO_EAGER_MAP;

	ASSERT_LT(0, (long)start);
	EXPECT_TRUE(test_present(start + SIZE - 1));
	start = (char *)attach(0, lazy, self->ds);
	ASSERT_LT(0, (long)start);
	EXPECT_FALSE(test_present(start));
}

TEST_F(rm, overmap_takes_the_place)
{
	l4re_ds_t other = l4re_ds_new(SIZE), ds;
	char *start = (char *)attach(self->hole, 0, self->ds);

	ASSERT_LT(0, (long)start);
	*start = 1;
	ASSERT_EQ(self->hole, attach(self->hole, L4RE_RM_OVERMAP, other));
	EXPECT_EQ(0, *start);
	ASSERT_EQ(0, l4re_rm_detach_ds(start, &ds));
	EXPECT_EQ(other, ds);
}

TEST_F(rm, reserved_is_blocked)
{
	char *start = (char *)attach(0, SEARCH | L4RE_RM_RESERVED, self->ds);

	ASSERT_LT(0, (long)start);
	EXPECT_EQ(SIGSEGV, reads(start));
	EXPECT_EQ(-L4_EADDRNOTAVAIL, attach((l4_addr_t)start, 0, self->ds));
}

/* Without it each index of a pager is a new one. */
static bool can_compare(void)
{
	return !syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 0, 0);
}

TEST_F(rm, a_pager_answers)
{
	struct membank_pager_fault fault;
	l4_cap_idx_t cap = l4re_util_cap_alloc(), found = L4_INVALID_CAP;
	int dev, pager, fd, shared;
	unsigned long size = 1;
	l4_addr_t start;
	unsigned int flags;
	pid_t child;

	ASSERT_EQ(0, l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &dev));
	ASSERT_EQ(0, membank_pager_create(dev, &pager, &fd));
	ASSERT_EQ(0, l4re_membank_put(cap, L4RE_MEMBANK_PAGER, fd));
	start = attach(0, SEARCH | L4RE_RM_PAGER, cap);
	ASSERT_LT(0, (long)start);
	EXPECT_EQ(-L4_EINVAL, attach(0, SEARCH, cap));
	ASSERT_EQ(0, l4re_rm_find(&start, &size, NULL, &flags, NULL));
	EXPECT_EQ(L4RE_RM_PAGER, flags);

	ASSERT_EQ(0,
		  l4re_membank_fd(self->ds, L4RE_MEMBANK_DATASPACE, &shared));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(reads((void *)start));
	ASSERT_EQ(1, membank_pager_read(pager, &fault));
	ASSERT_EQ(0, membank_pager_reply(pager, fault.id, shared, 0, 0));
	ASSERT_EQ(0, test_wait_child(child));

	size = 1;
	ASSERT_EQ(0, l4re_rm_find(&start, &size, NULL, NULL, &found));
	EXPECT_EQ(0, l4re_membank_fd(found, L4RE_MEMBANK_PAGER, &fd));
	if (can_compare())
		EXPECT_EQ(cap, found);
	ASSERT_EQ(0, l4re_rm_detach_ds((void *)start, &found));
	EXPECT_EQ(0, l4re_membank_fd(found, L4RE_MEMBANK_PAGER, &fd));
	if (can_compare())
		EXPECT_EQ(cap, found);
}

TEST_F(rm, only_a_region_map_attaches)
{
	l4_cap_idx_t other = l4re_util_cap_alloc();
	void *start = NULL;
	unsigned int i;
	int dev;

	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(VOID, l4re_rm_attach_srv(self->bad[i], &start, SIZE,
						   SEARCH, self->ds, 0, 0));
	EXPECT_EQ(-L4_EBADPROTO, l4re_rm_attach_srv(self->ds, &start, SIZE,
						    SEARCH, self->ds, 0, 0));
	/* Another's can be looked at, and taken from. */
	ASSERT_EQ(0, membank_open("0", &dev));
	ASSERT_EQ(0, l4re_membank_put(other, L4RE_MEMBANK_MAP, dev));
	EXPECT_EQ(-L4_EPERM, l4re_rm_attach_srv(other, &start, SIZE, SEARCH,
						self->ds, 0, 0));
	EXPECT_EQ(NULL, start);
}

/* ------------------------------------------------------------------ areas */

TEST_F(rm, an_area_takes_what_is_attached_in_it)
{
	l4_addr_t area = self->hole + L4_PAGESIZE, inner;

	ASSERT_EQ(0,
		  l4re_rm_reserve_area(&area, MIB, SEARCH, L4_SUPERPAGESHIFT));
	EXPECT_EQ(self->hole + L4_SUPERPAGESIZE, area);
	EXPECT_EQ(-L4_EADDRNOTAVAIL, attach(area, 0, self->ds));
	EXPECT_EQ(area, attach(area, L4RE_RM_IN_AREA, self->ds));
	EXPECT_EQ(area + SIZE,
		  attach(area, L4RE_RM_IN_AREA | SEARCH, self->ds));
	EXPECT_EQ(-L4_EADDRNOTAVAIL, attach(area, L4RE_RM_IN_AREA, self->ds));

	EXPECT_EQ(-L4_EADDRNOTAVAIL,
		  l4re_rm_reserve_area(&area, MIB, 0, L4_PAGESHIFT));
	inner = area + MIB / 2;
	ASSERT_EQ(0, l4re_rm_reserve_area(&inner, L4_PAGESIZE,
					  L4RE_RM_IN_AREA | L4RE_RM_RESERVED,
					  L4_PAGESHIFT));
	EXPECT_EQ(-L4_EPERM, attach(inner, L4RE_RM_IN_AREA, self->ds));
	EXPECT_EQ(-L4_EPERM, l4re_rm_reserve_area(&inner, L4_PAGESIZE,
						  L4RE_RM_IN_AREA, 0));

	ASSERT_EQ(0, l4re_rm_free_area(inner));
	ASSERT_EQ(0, l4re_rm_free_area(area + MIB - 1));
	EXPECT_EQ(-L4_ENOENT, l4re_rm_free_area(area));
	/* What was attached in it is there. */
	memset((void *)area, 1, 2 * SIZE);
	EXPECT_EQ(0, l4re_rm_detach((void *)area));
}

TEST_F(rm, reserve_area_says_what_is_wrong)
{
	l4_cap_idx_t other = l4re_util_cap_alloc();
	l4_addr_t start = self->hole;
	unsigned int i;
	int dev;

	EXPECT_EQ(-L4_EINVAL, l4re_rm_reserve_area(NULL, MIB, SEARCH, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_reserve_area(&start, 0, SEARCH, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_reserve_area(&start, MIB, SEARCH, 64));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_reserve_area(&start, MIB, UNKNOWN, 0));
	EXPECT_EQ(-L4_EINVAL,
		  l4re_rm_reserve_area(&start, MIB, L4RE_RM_READ_ONLY, 0));
	EXPECT_EQ(-L4_ENOENT,
		  l4re_rm_reserve_area(&start, MIB, L4RE_RM_IN_AREA, 0));
	start = 0;
	EXPECT_EQ(-L4_EADDRNOTAVAIL, l4re_rm_reserve_area(&start, MIB, 0, 0));
	EXPECT_EQ(0, start);
	for (i = 0; i < BAD_CAPS; i++) {
		EXPECT_EQ(VOID, l4re_rm_reserve_area_srv(self->bad[i], &start,
							 MIB, SEARCH, 0));
		EXPECT_EQ(VOID, l4re_rm_free_area_srv(self->bad[i], 0));
	}
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_rm_reserve_area_srv(self->ds, &start, MIB, SEARCH, 0));
	EXPECT_EQ(-L4_EBADPROTO, l4re_rm_free_area_srv(self->ds, 0));
	ASSERT_EQ(0, membank_open("0", &dev));
	ASSERT_EQ(0, l4re_membank_put(other, L4RE_MEMBANK_MAP, dev));
	EXPECT_EQ(-L4_EPERM,
		  l4re_rm_reserve_area_srv(other, &start, MIB, SEARCH, 0));
	EXPECT_EQ(-L4_EPERM, l4re_rm_free_area_srv(other, 0));
	/* With SEARCH_ADDR 0 is as good as any. */
	EXPECT_EQ(0, l4re_rm_reserve_area_srv(l4re_env()->rm, &start, MIB,
					      SEARCH, L4_PAGESHIFT));
	EXPECT_NE(0, start);
}

/* ------------------------------------------------------------------ detach */

TEST_F(rm, detach_takes_the_whole_region)
{
	char *start = (char *)attach(0, SEARCH, self->ds);
	l4re_ds_t ds = 0;

	ASSERT_LT(0, (long)start);
	ASSERT_EQ(0, l4re_rm_detach(start + SIZE - 1));
	EXPECT_EQ(SIGSEGV, reads(start));
	EXPECT_EQ(-L4_ENOENT, l4re_rm_detach(start));
	EXPECT_EQ(-L4_ENOENT, l4re_rm_detach_ds(start, &ds));
	EXPECT_EQ(L4_INVALID_CAP, ds);
	EXPECT_EQ(-L4_ENOENT,
		  l4re_rm_detach_unmap((l4_addr_t)start, L4_BASE_TASK_CAP));
	EXPECT_EQ(-L4_ENOENT,
		  l4re_rm_detach_ds_unmap(start, &ds, L4RE_THIS_TASK_CAP));
	EXPECT_EQ(-L4_ENOENT, l4re_rm_detach(NULL));
	/* What is none of membank's is not touched. */
	EXPECT_EQ(-L4_ENOENT, l4re_rm_detach(&ds));
}

TEST_F(rm, detach_gives_the_index_that_was_attached)
{
	l4re_ds_t other = l4re_ds_new(SIZE), ds;
	char *start = (char *)attach(0, SEARCH, self->ds);
	char *second = (char *)attach(0, SEARCH | L4RE_RM_READ_ONLY, other);

	ASSERT_LT(0, (long)start);
	ASSERT_LT(0, (long)second);
	ASSERT_EQ(0, l4re_rm_detach_ds(start, &ds));
	EXPECT_EQ(self->ds, ds);
	ASSERT_EQ(0, l4re_rm_detach_ds_unmap(second, &ds, L4_INVALID_CAP));
	EXPECT_EQ(other, ds);
	EXPECT_EQ(SIGSEGV, reads(second));
}

/* What find tells, and then detach_ds; 5 if it is not the same. */
static l4re_ds_t index_at(long start)
{
	l4re_ds_t found = 5, detached = 5;
	l4_addr_t addr = start;
	unsigned long size = 1;

	if (l4re_rm_find(&addr, &size, NULL, NULL, &found) ||
	    l4re_rm_detach_ds((void *)start, &detached))
		return 5;
	return found == detached ? found : 5;
}

TEST_F(rm, which_index_it_is_when_several_hold_the_same)
{
	const unsigned long read_only = SEARCH | L4RE_RM_READ_ONLY;
	l4re_ds_t readable = l4re_ds_with(self->ds, READ);
	l4re_ds_t writable = l4re_ds_with(self->ds, READ | WRITE), ds;
	l4_cap_idx_t copy = l4re_util_cap_alloc();
	long start;

	ASSERT_LT(self->ds, readable);
	ASSERT_LT(readable, writable);
	ASSERT_LT(writable, copy);
	ASSERT_EQ(0, l4re_membank_copy(copy, writable));
	/* What is written: the first with that descriptor. */
	EXPECT_EQ(self->ds, index_at(attach(0, SEARCH, self->ds)));
	EXPECT_EQ(writable, index_at(attach(0, SEARCH, writable)));
	EXPECT_EQ(writable, index_at(attach(0, SEARCH, copy)));
	/* What is not: the first with that memory. */
	EXPECT_EQ(self->ds, index_at(attach(0, read_only, readable)));
	EXPECT_EQ(self->ds,
		  index_at(attach(0, SEARCH | L4RE_RM_RESERVED, writable)));
	l4re_util_cap_free(self->ds);
	EXPECT_EQ(readable, index_at(attach(0, read_only, writable)));

	/* Nobody holds it any more. */
	l4re_util_cap_free(readable);
	l4re_util_cap_free(copy);
	start = attach(0, read_only, writable);
	ASSERT_LT(0, start);
	l4re_util_cap_free(writable);
	ASSERT_EQ(0, l4re_rm_detach_ds((void *)start, &ds));
	EXPECT_EQ(L4RE_DS_F_R, l4re_ds_flags(ds));
}

TEST_F(rm, detach_gives_a_new_index_when_the_old_one_is_freed)
{
	char *start = (char *)attach(0, SEARCH, self->ds);
	l4_cap_idx_t irq, ds;

	ASSERT_LT(0, (long)start);
	*start = 0x33;
	l4re_util_cap_free(self->ds);
	/* Which now holds something else. */
	irq = l4re_irq_new();
	EXPECT_EQ(self->ds, irq);
	ASSERT_EQ(0, l4re_rm_detach_ds(start, &ds));
	EXPECT_FALSE(l4_is_invalid_cap(ds));
	EXPECT_NE(irq, ds);
	EXPECT_EQ(SIZE, l4re_ds_size(ds));
	start = (char *)attach(0, SEARCH, ds);
	ASSERT_LT(0, (long)start);
	EXPECT_EQ(0x33, *start);
}

TEST_F(rm, detach_of_a_revoked_dataspace_gives_its_index)
{
	char *start = (char *)attach(0, SEARCH, self->ds);
	l4re_ds_t next, ds;

	ASSERT_LT(0, (long)start);
	ASSERT_EQ(0, l4re_ds_revoke(self->ds));
	/* Has the memory of the former, most likely. */
	next = l4re_ds_new(SIZE);
	ASSERT_EQ(0, l4re_rm_detach_ds(start, &ds));
	EXPECT_EQ(self->ds, ds);
	start = (char *)attach(0, SEARCH | L4RE_RM_READ_ONLY, next);
	ASSERT_LT(0, (long)start);
	ASSERT_EQ(0, l4re_rm_detach_ds(start, &ds));
	EXPECT_EQ(next, ds);
}

TEST_F(rm, detach_by_what_is_no_region_map)
{
	long start = attach(0, SEARCH, self->ds);
	l4re_ds_t ds = 0;
	unsigned int i;

	for (i = 0; i < BAD_CAPS; i++) {
		EXPECT_EQ(VOID, l4re_rm_detach_srv(self->bad[i], start, &ds,
						   L4_BASE_TASK_CAP));
		EXPECT_EQ(L4_INVALID_CAP, ds);
		if (!l4_is_invalid_cap(self->bad[i]))
			EXPECT_EQ(-L4_EINVAL,
				  l4re_rm_detach_unmap(start, self->bad[i]));
	}
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_rm_detach_srv(self->ds, start, NULL, L4_BASE_TASK_CAP));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_detach_unmap(start, self->ds));
	EXPECT_EQ(0, reads((void *)start));
}

TEST_F(rm, detach_in_another_task)
{
	l4_cap_idx_t task = l4re_util_cap_alloc();
	int sockets[2], dev, own;
	unsigned long size = 1;
	l4_addr_t addr;
	long start;
	pid_t child;
	char byte = 0;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* It has the dataspace by its index, as a child. */
		start = attach(self->hole, 0, self->ds);
		if (start != (long)self->hole ||
		    l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &own) ||
		    test_send_fd(sockets[1], own) ||
		    read(sockets[1], &byte, 1) != 1)
			_exit(1);
		_exit(reads((void *)start) == SIGSEGV ? 0 : 2);
	}
	dev = test_receive_fd(sockets[0]);
	ASSERT_LE(0, dev);
	ASSERT_EQ(0, l4re_membank_put(task, L4RE_MEMBANK_MAP, dev));
	EXPECT_EQ(-L4_ENOENT, l4re_rm_detach((void *)self->hole));
	addr = self->hole;
	EXPECT_EQ(-L4_ENOENT, l4re_rm_find(&addr, &size, NULL, NULL, NULL));
	ASSERT_EQ(0, l4re_rm_find_srv(task, &addr, &size, NULL, NULL, NULL));
	EXPECT_EQ(SIZE, size);
	EXPECT_EQ(0, l4re_rm_detach_unmap(self->hole, task));
	EXPECT_EQ(-L4_ENOENT, l4re_rm_detach_unmap(self->hole, task));
	ASSERT_EQ(1, write(sockets[0], &byte, 1));
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(VOID, l4re_rm_detach_unmap(self->hole, task));
}

TEST_F(rm, detach_of_a_range_tells_what_is_left)
{
	l4_cap_idx_t rm = l4re_env()->rm, ds = 0;
	l4_addr_t start = attach(self->hole, 0, self->ds);

	ASSERT_EQ(self->hole, start);
	EXPECT_EQ(2, l4re_membank_detach(rm, start + L4_PAGESIZE, L4_PAGESIZE,
					 &ds, L4_BASE_TASK_CAP));
	EXPECT_EQ(self->ds, ds);
	EXPECT_EQ(1, l4re_membank_detach(rm, start + 2 * L4_PAGESIZE,
					 L4_PAGESIZE, NULL, L4_BASE_TASK_CAP));
	EXPECT_EQ(0 + 4,
		  l4re_membank_detach(rm, start, SIZE, &ds, L4_BASE_TASK_CAP));
	EXPECT_EQ(0,
		  l4re_membank_detach(rm, start, SIZE, NULL, L4_BASE_TASK_CAP));
	EXPECT_EQ(-L4_ENOENT,
		  l4re_membank_detach(rm, start, SIZE, NULL, L4_BASE_TASK_CAP));
}

/* -------------------------------------------------------------------- find */

TEST_F(rm, find_tells_all_of_a_region)
{
	void *at = (void *)self->hole;
	l4_addr_t addr = self->hole + L4_PAGESIZE + 5, offset = 1;
	unsigned long size = 1;
	unsigned int flags = 1;
	l4re_ds_t ds = 0;

	ASSERT_EQ(0, l4re_rm_attach(&at, SIZE - L4_PAGESIZE, L4RE_RM_EAGER_MAP,
				    self->ds, L4_PAGESIZE, 0));
	ASSERT_EQ(0, l4re_rm_find(&addr, &size, &offset, &flags, &ds));
	EXPECT_EQ(self->hole, addr);
	EXPECT_EQ(SIZE - L4_PAGESIZE, size);
	EXPECT_EQ(L4_PAGESIZE, offset);
	EXPECT_EQ(0, flags);
	EXPECT_EQ(self->ds, ds);

	/* The first of a range. */
	addr = self->hole - MIB;
	size = 2 * MIB;
	ASSERT_EQ(0, l4re_rm_find_srv(l4re_env()->rm, &addr, &size, NULL, NULL,
				      NULL));
	EXPECT_EQ(self->hole, addr);
	EXPECT_EQ(SIZE - L4_PAGESIZE, size);
}

TEST_F(rm, find_tells_an_area)
{
	l4_addr_t area = self->hole, addr, offset = 1;
	unsigned int flags = 0;
	unsigned long size = 1;
	l4re_ds_t ds = 0;

	ASSERT_EQ(0, l4re_rm_reserve_area(&area, MIB, L4RE_RM_RESERVED, 0));
	addr = area + MIB - 1;
	ASSERT_EQ(0, l4re_rm_find(&addr, &size, &offset, &flags, &ds));
	EXPECT_EQ(area, addr);
	EXPECT_EQ(MIB, size);
	EXPECT_EQ(0, offset);
	EXPECT_EQ(L4RE_RM_IN_AREA | L4RE_RM_RESERVED, flags);
	EXPECT_EQ(L4_INVALID_CAP, ds);
}

TEST_F(rm, find_says_what_is_wrong)
{
	l4re_ds_t unreadable = l4re_ds_with(self->ds, WRITE), ds = 5;
	l4_addr_t addr = self->hole, offset = 7;
	unsigned long size = 1;
	unsigned int i, flags = 7;

	EXPECT_EQ(-L4_ENOENT, l4re_rm_find(&addr, &size, &offset, &flags, &ds));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_find(NULL, &size, &offset, &flags, &ds));
	EXPECT_EQ(-L4_EINVAL, l4re_rm_find(&addr, NULL, &offset, &flags, &ds));
	size = 0;
	EXPECT_EQ(-L4_EINVAL, l4re_rm_find(&addr, &size, &offset, &flags, &ds));
	size = ~0UL;
	EXPECT_EQ(-L4_EINVAL, l4re_rm_find(&addr, &size, &offset, &flags, &ds));
	size = 1;
	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(VOID, l4re_rm_find_srv(self->bad[i], &addr, &size,
						 &offset, &flags, &ds));
	EXPECT_EQ(-L4_EBADPROTO, l4re_rm_find_srv(self->ds, &addr, &size,
						  &offset, &flags, &ds));
	ASSERT_EQ(self->hole, attach(self->hole, L4RE_RM_RESERVED, unreadable));
	EXPECT_EQ(-L4_EPERM, l4re_rm_find(&addr, &size, &offset, &flags, &ds));
	EXPECT_EQ(-L4_EPERM, l4re_rm_detach_ds((void *)self->hole, &ds));
	EXPECT_EQ(0, l4re_rm_detach((void *)self->hole));
	/* Nothing of it was written. */
	EXPECT_EQ(self->hole, addr);
	EXPECT_EQ(1, size);
	EXPECT_EQ(7, offset);
	EXPECT_EQ(7, flags);
	EXPECT_EQ(L4_INVALID_CAP, ds);
}

/* Calls @show with standard error in a pipe, and counts lines with @word. */
static unsigned int shown(void (*show)(void), const char *word)
{
	int ends[2], before = dup(STDERR_FILENO);
	unsigned int lines = 0;
	char text[4096], *at;
	ssize_t length;

	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
		abort();
	show();
	dup2(before, STDERR_FILENO);
	close(before);
	close(ends[1]);
	length = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	text[length > 0 ? length : 0] = '\0';
	for (at = text; (at = strstr(at, word)); at++)
		lines++;
	return lines;
}

static void show_own(void)
{
	l4re_rm_show_lists();
}

static void show_none(void)
{
	l4re_rm_show_lists_srv(L4_INVALID_CAP);
	l4re_rm_show_lists_srv(l4re_env()->mem_alloc);
}

TEST_F(rm, show_lists_shows_each_region)
{
	l4_addr_t area = self->hole;

	ASSERT_LT(0, attach(0, SEARCH, self->ds));
	ASSERT_LT(0, attach(0, SEARCH, self->ds));
	ASSERT_EQ(0, l4re_rm_reserve_area(&area, MIB, SEARCH, 0));
	EXPECT_EQ(2, shown(show_own, "region"));
	EXPECT_EQ(1, shown(show_own, "free"));
	EXPECT_EQ(0, shown(show_none, "\n"));
}

TEST_HARNESS_MAIN
