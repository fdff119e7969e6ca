// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: where they are made, what goes into them, and what does not.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"

/* Of each dataspace and each area, if nothing else is said. */
#define PAGES 16
#define HOLE (8 * MIB)

#define MANY 1500
#define THREADS 4
#define TURNS 100

FIXTURE(area)
{
	int dev;
	int fd;
	size_t page;
	size_t length;
	char *mem;
	char *area;
	/* Address space where nothing is mapped. */
	char *hole;
	struct membank_region_detach gone;
	struct membank_area_free freed;
};

FIXTURE_SETUP(area)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->length = PAGES * self->page;
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, self->fd);
	self->hole = map_hole(HOLE);
	ASSERT_NE(NULL, self->hole);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(area)
{
	EXPECT_TRUE(test_banks_empty());
}

/* What is in the first pages of the hole. */
static const char *picture(FIXTURE_DATA(area) * self, size_t pages)
{
	return map_picture(self->dev, self->hole, pages * self->page);
}

/* The area that most cases begin with. */
static int reserve(FIXTURE_DATA(area) * self, __u32 flags)
{
	return map_reserve(self->dev, self->hole, self->length, flags,
			   &self->area);
}

/* Some pages of the dataspace at a page of the hole. */
static int attach(FIXTURE_DATA(area) * self, size_t at, size_t pages,
		  __u32 flags)
{
	return map_attach_part(self->dev, self->fd,
			       self->hole + at * self->page, pages * self->page,
			       flags, &self->mem);
}

TEST_F(area, is_where_it_was_asked_for)
{
	ASSERT_EQ(0, reserve(self, 0));
	EXPECT_EQ(self->hole, self->area);
	EXPECT_STREQ("h16+0", picture(self, 32));
	/* Any overlap is one too many. */
	EXPECT_EQ(-EADDRNOTAVAIL, reserve(self, 0));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, self->hole + self->length - self->page,
			      self->length, 0, &self->area));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, &self, self->page, 0, &self->area));
	EXPECT_STREQ("h16+0", picture(self, 32));
}

TEST_F(area, is_searched_from_the_start_on)
{
	ASSERT_EQ(0, reserve(self, SEARCH));
	EXPECT_EQ(self->hole, self->area);
	ASSERT_EQ(0, reserve(self, SEARCH));
	EXPECT_EQ(self->hole + self->length, self->area);
	EXPECT_STREQ("h16+0 h16+16", picture(self, 64));
	ASSERT_EQ(0, map_free(self->dev, self->hole, &self->freed));
	ASSERT_EQ(0, reserve(self, SEARCH));
	EXPECT_EQ(self->hole, self->area);

	/* Where the kernel likes. */
	ASSERT_EQ(0, map_reserve(self->dev, NULL, self->length, SEARCH,
				 &self->area));
	EXPECT_EQ(0, (uintptr_t)self->area % self->page);
	EXPECT_STREQ("h16+0", map_picture(self->dev, self->area, self->length));
}

TEST_F(area, is_aligned_as_asked)
{
	char *const above = self->hole + self->page;
	__u32 align;

	for (align = 0; align <= 40; align++) {
		ASSERT_EQ(0, map_reserve_aligned(self->dev, NULL, self->length,
						 SEARCH, align, &self->area));
		EXPECT_EQ(0, (uintptr_t)self->area & ((1ULL << align) - 1));
		ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
		if (align > 30)
			continue;
		ASSERT_EQ(0, map_reserve_aligned(self->dev, above, self->length,
						 SEARCH, align, &self->area));
		EXPECT_EQ(0, (uintptr_t)self->area & ((1ULL << align) - 1));
		EXPECT_LE(above, self->area);
		ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	}
}

TEST_F(area, begins_and_ends_at_a_page)
{
	ASSERT_EQ(0, map_reserve(self->dev, self->hole + 7, self->page + 1, 0,
				 &self->area));
	EXPECT_EQ(self->hole, self->area);
	ASSERT_EQ(0, map_reserve(self->dev, self->hole + 4 * self->page + 7, 1,
				 SEARCH, &self->area));
	EXPECT_EQ(self->hole + 4 * self->page, self->area);
	EXPECT_STREQ("h2+0 -2 h1+4", picture(self, 16));
	ASSERT_EQ(0, map_free(self->dev, self->hole + 2 * self->page - 1,
			      &self->freed));
	EXPECT_EQ((uintptr_t)self->hole, self->freed.out_start);
	EXPECT_EQ(2 * self->page, self->freed.out_length);
}

TEST_F(area, of_wrong_values_is_refused)
{
	const __u32 wrong[] = { READ_ONLY, NO_ALIAS, PAGER, OVERMAP, EAGER };
	struct membank_area_reserve args;
	size_t i;

	EXPECT_EQ(-EINVAL,
		  map_reserve(self->dev, self->hole, 0, 0, &self->area));
	EXPECT_EQ(-EINVAL, map_reserve_aligned(self->dev, NULL, self->length,
					       SEARCH, 47, &self->area));
	EXPECT_EQ(0, map_reserve_aligned(self->dev, NULL, self->length, SEARCH,
					 46, &self->area));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, reserve(self, wrong[i]));
		EXPECT_EQ(-EINVAL, reserve(self, wrong[i] | SEARCH));
	}
	EXPECT_EQ(-EOPNOTSUPP, reserve(self, 0x100));
	EXPECT_EQ(-EOPNOTSUPP, reserve(self, 1U << 31));

	memset(&args, 0, sizeof(args));
	args.size = sizeof(args);
	args.start = (uintptr_t)self->hole;
	args.length = self->page;
	args.__reserved = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_AREA_RESERVE, &args);

	EXPECT_EQ(-ENOENT, map_free(self->dev, self->hole, &self->freed));
	self->freed.flags = 1;
	test_err(EOPNOTSUPP, self->dev, MEMBANK_IOC_AREA_FREE, &self->freed);
	EXPECT_STREQ("", picture(self, 64));
}

TEST_F(area, that_is_too_large_or_outside_finds_no_place)
{
	const __u64 lengths[] = { 1ULL << 57, 1ULL << 63, -self->page, ~0ULL };
	char *const kernel = (char *)0xffff888000000000;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EADDRNOTAVAIL,
			  map_reserve(self->dev, self->hole, lengths[i], 0,
				      &self->area));
		EXPECT_EQ(-EADDRNOTAVAIL,
			  map_reserve(self->dev, self->hole, lengths[i], SEARCH,
				      &self->area));
		EXPECT_EQ(-EADDRNOTAVAIL,
			  map_reserve(self->dev, NULL, lengths[i], SEARCH,
				      &self->area));
	}
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, kernel, self->page, 0, &self->area));
	EXPECT_EQ(-EADDRNOTAVAIL, map_reserve(self->dev, kernel, self->page,
					      SEARCH, &self->area));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, (void *)-1L, 1, 0, &self->area));
}

TEST_F(area, at_address_0_may_not_be)
{
	pid_t child = fork();

	if (!child) {
		/* Root may, unless it gives the right up. */
		if (setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(map_reserve(self->dev, NULL, self->page, 0,
				  &self->area) == -EPERM ?
			      0 :
			      2);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(area, that_is_not_there_takes_nothing)
{
	EXPECT_EQ(-ENOENT, attach(self, 0, 1, IN_AREA));
	EXPECT_EQ(-ENOENT, attach(self, 0, 1, IN_AREA | SEARCH));
	EXPECT_EQ(-ENOENT, attach(self, 0, 1, IN_AREA | OVERMAP));
	EXPECT_EQ(-ENOENT, reserve(self, IN_AREA));
	EXPECT_EQ(-ENOENT, reserve(self, IN_AREA | SEARCH));
	/* Nor one behind it, or one that is no area at all. */
	ASSERT_EQ(0, reserve(self, 0));
	EXPECT_EQ(-ENOENT, attach(self, PAGES, 1, IN_AREA));
	EXPECT_EQ(-ENOENT, attach(self, PAGES, 1, IN_AREA | SEARCH));
	ASSERT_EQ(0, attach(self, PAGES, 1, 0));
	EXPECT_EQ(-ENOENT, attach(self, PAGES, 1, IN_AREA | OVERMAP));
	EXPECT_EQ(-ENOENT, map_reserve(self->dev, NULL, self->page,
				       IN_AREA | SEARCH, &self->area));
	EXPECT_EQ(-ENOENT, map_reserve(self->dev, (void *)-1L, self->page,
				       IN_AREA, &self->area));
	EXPECT_STREQ("h16+0 r1", picture(self, 32));
}

TEST_F(area, takes_regions_at_exact_addresses)
{
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 4, 2, IN_AREA));
	EXPECT_EQ(self->hole + 4 * self->page, self->mem);
	memset(self->mem, 1, 2 * self->page);
	EXPECT_TRUE(test_all_bytes(self->mem, 1, 2 * self->page));
	EXPECT_STREQ("h4+0 r2+0 h10+0", picture(self, 32));

	/* Taken, wholly or in part. */
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 4, 2, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 3, 2, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 5, 2, IN_AREA));
	/* It ends before that. */
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 15, 2, IN_AREA));
	ASSERT_EQ(0, attach(self, 15, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 0, 4, IN_AREA));
	EXPECT_STREQ("r4+0 r2+0 h9+0 r1+0", picture(self, 32));
	/* The first is still what it was. */
	self->mem = self->hole + 4 * self->page;
	EXPECT_TRUE(test_all_bytes(self->mem, 1, 2 * self->page));
}

TEST_F(area, is_searched_from_the_start_to_its_end)
{
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 0, 2, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole, self->mem);
	ASSERT_EQ(0, attach(self, 0, 2, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 2 * self->page, self->mem);
	/* In the middle of a hole, and of a region. */
	ASSERT_EQ(0, attach(self, 9, 2, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 9 * self->page, self->mem);
	ASSERT_EQ(0, attach(self, 10, 2, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 11 * self->page, self->mem);
	EXPECT_STREQ("r2+0 r2+0 h5+0 r2+0 r2+0 h3+0", picture(self, 32));

	/* There is room, but below. */
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 10, 4, IN_AREA | SEARCH));
	ASSERT_EQ(0, attach(self, 0, 4, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 4 * self->page, self->mem);
	/* What is behind the area is free, but not its own. */
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 4, IN_AREA | SEARCH));
	ASSERT_EQ(0, attach(self, 0, 3, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 13 * self->page, self->mem);
}

TEST_F(area, is_searched_for_what_is_aligned)
{
	struct membank_region_attach args =
		map_args(self->fd, NULL, IN_AREA | SEARCH);
	char *aligned;

	ASSERT_EQ(0, map_reserve_aligned(self->dev, self->hole, 4 * MIB, SEARCH,
					 20, &self->area));
	args.length = 2 * self->page;
	args.start = (uintptr_t)self->area + 1;
	args.align = 20;
	ASSERT_EQ(0, map_attach(self->dev, args, &aligned));
	EXPECT_EQ(self->area, aligned);
	ASSERT_EQ(0, map_attach(self->dev, args, &aligned));
	EXPECT_EQ(self->area + MIB, aligned);
	args.align = 14;
	ASSERT_EQ(0, map_attach(self->dev, args, &aligned));
	EXPECT_EQ(self->area + (1 << 14), aligned);
	args.start = (uintptr_t)self->area + 3 * MIB + self->page;
	args.align = 20;
	EXPECT_EQ(-EADDRNOTAVAIL, map_attach(self->dev, args, &aligned));
	args.align = 46;
	EXPECT_EQ(-EADDRNOTAVAIL, map_attach(self->dev, args, &aligned));

	ASSERT_EQ(0, map_reserve_aligned(self->dev, self->area, self->length,
					 IN_AREA | SEARCH, 20, &aligned));
	EXPECT_EQ(self->area + 2 * MIB, aligned);
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve_aligned(self->dev, self->area, 2 * MIB,
				      IN_AREA | SEARCH, 20, &aligned));
}

TEST_F(area, can_be_inside_another)
{
	char *inner, *innermost;

	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, map_reserve(self->dev, self->hole + 4 * self->page,
				 8 * self->page, IN_AREA, &inner));
	EXPECT_EQ(self->hole + 4 * self->page, inner);
	ASSERT_EQ(0, map_reserve(self->dev, inner + self->page, 4 * self->page,
				 IN_AREA | SEARCH, &innermost));
	EXPECT_EQ(inner + self->page, innermost);
	EXPECT_STREQ("h4+0 h1+4 h4+5 h3+4 h4+0", picture(self, 32));

	/* The innermost that holds the start. */
	ASSERT_EQ(0, attach(self, 6, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 9, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 0, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 5, 2, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 7 * self->page, self->mem);
	/* Around the innermost, and what is taken. */
	ASSERT_EQ(0, attach(self, 4, 2, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 10 * self->page, self->mem);
	ASSERT_EQ(0, attach(self, 0, 4, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 12 * self->page, self->mem);
	EXPECT_STREQ("r1+0 h3+0 h1+4 h1+5 r1+5 r2+5 r1+4 r2+4 r4+0",
		     picture(self, 32));
}

TEST_F(area, inside_another_keeps_to_what_is_free_there)
{
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 4, 1, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, self->hole + 3 * self->page,
			      2 * self->page, IN_AREA, &self->area));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, self->hole + 12 * self->page,
			      5 * self->page, IN_AREA, &self->area));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, self->hole, 12 * self->page,
			      IN_AREA | SEARCH, &self->area));
	ASSERT_EQ(0, map_reserve(self->dev, self->hole, 11 * self->page,
				 IN_AREA | SEARCH, &self->area));
	EXPECT_EQ(self->hole + 5 * self->page, self->area);
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, self->hole, 5 * self->page,
			      IN_AREA | SEARCH, &self->area));
	EXPECT_STREQ("h4+0 r1+0 h11+5", picture(self, 32));
}

TEST_F(area, is_shut_to_regions_of_the_area_around)
{
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, map_reserve(self->dev, self->hole + 4 * self->page,
				 4 * self->page, IN_AREA, &self->area));
	ASSERT_EQ(0, attach(self, 6, 1, IN_AREA));
	/* From below into it, from it into what is above. */
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 3, 2, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 3, 2, IN_AREA | OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 16, IN_AREA | OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 7, 2, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 7, 2, IN_AREA | OVERMAP));
	EXPECT_STREQ("h4+0 h2+4 r1+4 h1+4 h8+0", picture(self, 32));
}

TEST_F(area, with_pieces_of_room_has_it_in_one_when_they_meet)
{
	size_t i;

	ASSERT_EQ(0, reserve(self, 0));
	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(0, attach(self, 0, 1, IN_AREA | SEARCH));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 1, IN_AREA | SEARCH));

	for (i = 0; i < PAGES; i += 2)
		ASSERT_EQ(0, map_detach(self->dev, self->hole + i * self->page,
					&self->gone));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 2, IN_AREA | SEARCH));
	ASSERT_EQ(0, map_detach(self->dev, self->hole + 9 * self->page,
				&self->gone));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 4, IN_AREA | SEARCH));
	ASSERT_EQ(0, attach(self, 0, 3, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole + 8 * self->page, self->mem);

	/* Whatever the order, all of it is one place again at last. */
	for (i = 0; i < PAGES; i++)
		map_detach(self->dev, self->hole + i * 7 % PAGES * self->page,
			   &self->gone);
	EXPECT_STREQ("h16+0", picture(self, 32));
	ASSERT_EQ(0, attach(self, 0, PAGES, IN_AREA | SEARCH));
	EXPECT_EQ(self->hole, self->mem);
}

TEST_F(area, keeps_what_is_detached)
{
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 2, 8, IN_AREA));
	/* A range in its middle, over its end, and the rest. */
	ASSERT_EQ(0, map_detach_range(self->dev, self->hole + 4 * self->page,
				      2 * self->page, 0, &self->gone));
	EXPECT_EQ(1, self->gone.out_split);
	EXPECT_STREQ("h2+0 r2+0 h2+0 r4+0 h6+0", picture(self, 32));
	ASSERT_EQ(0, map_detach_range(self->dev, self->hole + 9 * self->page,
				      4 * self->page, 0, &self->gone));
	EXPECT_EQ((uintptr_t)self->hole + 9 * self->page, self->gone.out_start);
	EXPECT_EQ(self->page, self->gone.out_length);
	EXPECT_STREQ("h2+0 r2+0 h2+0 r3+0 h7+0", picture(self, 32));
	ASSERT_EQ(0, map_detach(self->dev, self->hole + 3 * self->page,
				&self->gone));
	EXPECT_STREQ("h6+0 r3+0 h7+0", picture(self, 32));
	ASSERT_EQ(0, map_detach(self->dev, self->hole + 6 * self->page,
				&self->gone));
	EXPECT_EQ(1, self->gone.out_dropped);
	EXPECT_STREQ("h16+0", picture(self, 32));
	EXPECT_EQ(-ENOENT, map_detach(self->dev, self->hole, &self->gone));
	EXPECT_EQ(-ENOENT, map_detach_range(self->dev, self->hole, self->length,
					    0, &self->gone));
}

TEST_F(area, is_passed_by_without_in_area)
{
	char *end = self->hole + self->length, *other;

	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 4, 4, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 1, 0));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 0, 1, OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 4, 1, OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 15, 2, OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_reserve(self->dev, self->hole, self->page, 0, &other));
	ASSERT_EQ(0, attach(self, 0, 1, SEARCH));
	EXPECT_EQ(end, self->mem);
	ASSERT_EQ(0, map_reserve(self->dev, self->hole, self->page, SEARCH,
				 &other));
	EXPECT_EQ(end + self->page, other);

	/* Nor do the kernel's own calls look for room there. */
	other = mmap(self->hole, self->page, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_TRUE(other < self->hole || other >= end);
	other = mmap(self->hole, self->page, PROT_READ, MAP_SHARED, self->dev,
		     0);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_TRUE(other < self->hole || other >= end);
	EXPECT_FALSE(map_is_free(self->hole, self->page));
	EXPECT_STREQ("h4+0 r4+0 h8+0 r1 h1+17", picture(self, 18));
}

TEST_F(area, is_not_what_the_kernel_chooses)
{
	char *end, *other;
	unsigned int i;

	/* A place that mmap() would choose next. */
	ASSERT_EQ(0, map_reserve(self->dev, NULL, MIB, SEARCH, &self->area));
	end = self->area + MIB;
	for (i = 0; i < 100; i++) {
		other = mmap(NULL, 64 * KIB, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, other);
		ASSERT_TRUE(other + 64 * KIB <= self->area || other >= end);
		ASSERT_EQ(0,
			  map_attach(self->dev,
				     map_args(self->fd, NULL, SEARCH), &other));
		ASSERT_TRUE(other + self->length <= self->area || other >= end);
	}
}

TEST_F(area, overmaps_its_own_regions)
{
	struct membank_dataspace_info info;
	int other = test_alloc(self->dev, self->length, 0, 0);
	char *mem;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 2, 2, IN_AREA));
	memset(self->mem, 1, 2 * self->page);
	ASSERT_EQ(0, attach(self, 5, 4, IN_AREA));
	/* One wholly, a hole, and half of the other. */
	ASSERT_EQ(0,
		  map_attach_part(self->dev, other, self->hole + 2 * self->page,
				  5 * self->page, IN_AREA | OVERMAP, &mem));
	EXPECT_EQ(self->hole + 2 * self->page, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, 5 * self->page));
	EXPECT_STREQ("h2+0 r5+0 r2+0 h7+0", picture(self, 32));
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(1, info.out_mappings);
	/* Not what lies behind it. */
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 12, 5, IN_AREA | OVERMAP));
	ASSERT_EQ(0, attach(self, 0, 16, IN_AREA | OVERMAP));
	EXPECT_STREQ("r16+0", picture(self, 32));
	EXPECT_EQ(1, self->hole[0]);
	ASSERT_EQ(0, map_detach(self->dev, self->hole, &self->gone));
	EXPECT_STREQ("h16+0", picture(self, 32));
}

TEST_F(area, stays_whole_if_an_attach_fails)
{
	int other = test_alloc(self->dev, self->length, 0, 0);
	char *mem;

	ASSERT_LE(0, other);
	ASSERT_NE(MAP_FAILED, test_map(other, self->page));
	ASSERT_EQ(0, reserve(self, 0));
	EXPECT_EQ(-EBUSY,
		  map_attach_part(self->dev, other, self->hole, self->page,
				  IN_AREA | NO_ALIAS, &mem));
	EXPECT_EQ(-EBUSY,
		  map_attach_part(self->dev, other, self->hole + 3 * self->page,
				  self->page, IN_AREA | SEARCH | NO_ALIAS,
				  &mem));
	ASSERT_EQ(0, handle_revoke(self->dev, other));
	EXPECT_EQ(-ENODEV, map_attach_part(self->dev, other, self->hole,
					   self->page, IN_AREA, &mem));
	EXPECT_STREQ("h16+0", picture(self, 32));
	ASSERT_EQ(0, attach(self, 0, 16, IN_AREA | SEARCH));
}

TEST_F(area, that_is_reserved_takes_nothing)
{
	struct membank_region_find found;

	ASSERT_EQ(0, reserve(self, RESERVED));
	EXPECT_EQ(-EPERM, attach(self, 0, 1, IN_AREA));
	EXPECT_EQ(-EPERM, attach(self, 0, 1, IN_AREA | SEARCH));
	EXPECT_EQ(-EPERM, attach(self, 0, 1, IN_AREA | OVERMAP));
	EXPECT_EQ(-EPERM, attach(self, 0, 1, IN_AREA | RESERVED));
	EXPECT_EQ(-EPERM, map_reserve(self->dev, self->hole, self->page,
				      IN_AREA, &self->area));
	EXPECT_EQ(-EPERM, map_reserve(self->dev, self->hole, self->page,
				      IN_AREA | SEARCH, &self->area));
	ASSERT_EQ(0, map_find(self->dev, self->hole + 5, &found));
	EXPECT_EQ(IN_AREA | RESERVED, found.out_flags);
	EXPECT_STREQ("h16+0", picture(self, 32));
	ASSERT_EQ(0, map_free(self->dev, self->hole, &self->freed));
	EXPECT_TRUE(map_is_free(self->hole, self->length));

	/* Inside another it only is so for itself. */
	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, map_reserve(self->dev, self->hole, self->page,
				 IN_AREA | RESERVED, &self->area));
	EXPECT_EQ(-EPERM, attach(self, 0, 1, IN_AREA));
	EXPECT_EQ(0, attach(self, 1, 1, IN_AREA));
}

TEST_F(area, takes_regions_that_are_reserved)
{
	struct membank_region_find found;

	ASSERT_EQ(0, reserve(self, 0));
	ASSERT_EQ(0, attach(self, 3, 2, IN_AREA | RESERVED));
	EXPECT_STREQ("h3+0 r2+0 h11+0", picture(self, 32));
	ASSERT_EQ(0, map_find(self->dev, self->mem, &found));
	EXPECT_EQ(RESERVED, found.out_flags);
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 4, 1, IN_AREA));
	ASSERT_EQ(0, map_detach(self->dev, self->mem, &self->gone));
	EXPECT_STREQ("h16+0", picture(self, 32));
}

TEST_F(area, can_be_had_many_times)
{
	static struct membank_region_entry entries[MANY + 1];
	struct membank_region_list list;
	size_t i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, map_reserve(self->dev, self->hole, self->page,
					 SEARCH, &self->area));
		ASSERT_EQ(self->hole + i * self->page, self->area);
	}
	ASSERT_EQ(0, map_list(self->dev, self->hole, HOLE, entries, MANY + 1,
			      &list));
	ASSERT_EQ(MANY, list.out_nr_entries);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(MEMBANK_ENTRY_AREA, entries[i].kind);
		ASSERT_EQ(entries[i].start, entries[i].area);
		ASSERT_EQ(self->page, entries[i].length);
	}
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, map_free(self->dev, self->hole + i * self->page,
				      &self->freed));
	EXPECT_TRUE(map_is_free(self->hole, HOLE));
}

struct worker {
	pthread_t thread;
	int dev;
	int fd;
	char *hole;
	char *common;
	size_t length;
	int failed;
};

static int work_once(struct worker *worker)
{
	struct membank_region_detach gone;
	struct membank_area_free freed;
	char *area, *mem, *inner;

	/* An area of its own where all look for one, a region in it. */
	if (map_reserve(worker->dev, worker->hole, worker->length, SEARCH,
			&area))
		return 1;
	if (map_attach(worker->dev,
		       map_args(worker->fd, area, IN_AREA | SEARCH), &mem) ||
	    mem != area)
		return 2;
	if (*mem != worker->fd)
		return 3;
	/* And a place in the one that all have. */
	if (map_reserve(worker->dev, worker->common, worker->length,
			IN_AREA | SEARCH, &inner))
		return 4;
	if (map_attach(worker->dev, map_args(worker->fd, inner, IN_AREA),
		       &mem) ||
	    mem != inner || *mem != worker->fd)
		return 5;
	if (map_free(worker->dev, inner, &freed) ||
	    freed.out_start != (uintptr_t)inner)
		return 6;
	if (map_detach(worker->dev, inner, &gone) || gone.out_kept != 1)
		return 7;
	if (map_detach(worker->dev, area, &gone) || gone.out_dropped != 1)
		return 8;
	if (map_free(worker->dev, area, &freed) ||
	    freed.out_start != (uintptr_t)area)
		return 9;
	return 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	unsigned int turn;

	for (turn = 0; turn < TURNS && !worker->failed; turn++)
		worker->failed = work_once(worker);
	return NULL;
}

TEST_F_TIMEOUT(area, serves_many_threads_at_once, TEST_SLOW)
{
	struct worker workers[THREADS] = {};
	unsigned int i;

	/* In its first page, so that no area is made there inside of it. */
	ASSERT_EQ(0, map_reserve(self->dev, self->hole,
				 THREADS * self->length + self->page, 0,
				 &self->area));
	ASSERT_EQ(0, attach(self, 0, 1, IN_AREA));
	for (i = 0; i < THREADS; i++) {
		workers[i].dev = self->dev;
		workers[i].hole = self->hole;
		workers[i].common = self->area;
		workers[i].length = self->length;
		workers[i].fd = test_alloc(self->dev, self->length, 0, 0);
		ASSERT_LE(0, workers[i].fd);
		self->mem = test_map(workers[i].fd, self->length);
		ASSERT_NE(MAP_FAILED, self->mem);
		memset(self->mem, workers[i].fd, self->length);
		ASSERT_EQ(0, munmap(self->mem, self->length));
	}
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work,
					    &workers[i]));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].failed);
	}
	EXPECT_STREQ("r1+0 h64+0", picture(self, 128));
}

TEST_HARNESS_MAIN
