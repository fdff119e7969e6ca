// SPDX-License-Identifier: GPL-2.0-only
/*
 * L4Re's functions on a dataspace of which a page has a hardware error, as the
 * kernel marks it; see poison_test.c.
 */
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "l4re.h"
#include "touch.h"

#define PAGES 4
#define SIZE (PAGES * L4_PAGESIZE)
#define BROKEN (2 * L4_PAGESIZE)

TEST(a_broken_page_is_eio)
{
	l4re_ds_t ds = l4re_ds_new(SIZE), other = l4re_ds_new(SIZE);
	void *start = NULL, *eager = NULL;
	l4_addr_t at = 0;
	l4_addr_t phys;
	char byte;

	touch_init();
	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE,
				    L4RE_RM_SEARCH_ADDR | L4RE_RM_EAGER_MAP, ds,
				    0, L4_PAGESHIFT));
	/* EBUSY: marked, and left to who owns the page. */
	if (madvise((char *)start + BROKEN, L4_PAGESIZE, MADV_HWPOISON) &&
	    errno != EBUSY) {
		ASSERT_EQ(EINVAL, errno);
		SKIP(return, "no CONFIG_MEMORY_FAILURE in this kernel");
	}
	EXPECT_EQ(-L4_EIO, l4re_ds_clear(ds, 0, SIZE));
	EXPECT_EQ(-L4_EIO, l4re_ds_clear(ds, BROKEN, 1));
	EXPECT_EQ(-L4_EIO, l4re_ds_copy_in(ds, 0, other, 0, SIZE));
	EXPECT_EQ(-L4_EIO, l4re_ds_copy_in(other, 0, ds, BROKEN, 1));
	EXPECT_EQ(-L4_EIO,
		  l4re_rm_attach(&eager, SIZE,
				 L4RE_RM_SEARCH_ADDR | L4RE_RM_EAGER_MAP, ds, 0,
				 L4_PAGESHIFT));
	EXPECT_EQ(NULL, eager);
	ASSERT_EQ(0, l4re_rm_reserve_area(&at, SIZE, L4RE_RM_SEARCH_ADDR,
					  L4_PAGESHIFT));
	EXPECT_EQ(-L4_EIO,
		  l4re_ds_map_region(ds, 0, L4RE_DS_F_RW, at, at + SIZE));
	EXPECT_EQ(-L4_EIO, l4re_ds_map(ds, BROKEN, L4RE_DS_F_R, at, at,
				       at + L4_PAGESIZE));

	/* All else is as good as before. */
	EXPECT_EQ(0, l4re_ds_clear(ds, 0, BROKEN));
	EXPECT_EQ(0, l4re_ds_map(ds, 0, L4RE_DS_F_R, at, at, at + L4_PAGESIZE));
	EXPECT_EQ(0, l4re_ds_copy_in(other, 0, ds, BROKEN + L4_PAGESIZE, 1));
	EXPECT_EQ(SIZE, l4re_ds_size(ds));
	EXPECT_EQ(0, l4re_ds_allocate(ds, 0, SIZE));
	EXPECT_EQ(0, l4re_ds_phys(ds, BROKEN, &phys, NULL));
	/* Without EAGER_MAP it is a signal, when it is touched. */
	ASSERT_EQ(0, l4re_rm_attach(&eager, SIZE, L4RE_RM_SEARCH_ADDR, ds, 0,
				    L4_PAGESHIFT));
	EXPECT_EQ(0, touch_read(eager, &byte));
	EXPECT_EQ(SIGBUS, touch_read((char *)eager + BROKEN, &byte));
}

TEST_HARNESS_MAIN
