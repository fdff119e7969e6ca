// SPDX-License-Identifier: GPL-2.0-only
/*
 * L4Re's Mem_alloc and Dataspace in C, on the real module: what each function
 * does, and each return value that its page names.
 */
#include <linux/capability.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "l4re.h"

/* Of a bank, more than any has. */
#define TOO_MUCH 0x200000000000L
#define UNKNOWN 0x80000000UL

#define READ MEMBANK_DATASPACE_READ
#define WRITE MEMBANK_DATASPACE_WRITE

FIXTURE(memory)
{
	l4_cap_idx_t bad[BAD_CAPS];
	/* Of two pages and a byte. */
	l4re_ds_t ds;
	l4_cap_idx_t irq;
	/* A place where nothing is. */
	l4_addr_t hole;
};

#define SIZE (2 * L4_PAGESIZE + 1)
#define PAGES 3

FIXTURE_SETUP(memory)
{
	void *hole;

	ASSERT_TRUE(test_banks_empty());
	/* Of the first bank, so that the figures are known. */
	ASSERT_EQ(0, setenv("MEMBANK_L4RE_BANK", "0", 1));
	self->ds = l4re_ds_new(SIZE);
	ASSERT_FALSE(l4_is_invalid_cap(self->ds));
	self->irq = l4re_irq_new();
	ASSERT_FALSE(l4_is_invalid_cap(self->irq));
	l4re_bad_caps(self->bad);
	hole = mmap(NULL, 16 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, munmap(hole, 16 * MIB));
	self->hole = ((l4_addr_t)hole + 4 * MIB - 1) & -(4 * MIB);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(memory)
{
	EXPECT_TRUE(test_banks_empty());
}

static l4_cap_idx_t unmap_slot(l4_cap_idx_t cap)
{
	l4re_util_cap_free_um(cap);
	return L4_INVALID_CAP;
}

/* --------------------------------------------------------------- Mem_alloc */

TEST_F(memory, alloc_keeps_the_size_to_the_byte_and_takes_pages)
{
	void *start = NULL;

	EXPECT_EQ(PAGES * L4_PAGESIZE, test_number(0, "used"));
	EXPECT_EQ(SIZE, l4re_ds_size(self->ds));
	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE, L4RE_RM_SEARCH_ADDR, self->ds,
				    0, L4_PAGESHIFT));
	EXPECT_TRUE(test_all_bytes(start, 0, PAGES * L4_PAGESIZE));
	memset(start, 0x5a, SIZE);
	ASSERT_EQ(0, l4re_rm_detach(start));
	self->ds = unmap_slot(self->ds);
	EXPECT_EQ(0, test_number(0, "used"));
}

TEST_F(memory, alloc_refuses_a_size_with_erange)
{
	l4re_ds_t mem = l4re_util_cap_alloc();

	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc(0, mem, 0));
	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc(-1, mem, 0));
	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc(-1, mem, L4RE_MA_PINNED));
	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc(TOO_MUCH, mem, 0));
	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc_align(0, mem, 0, L4_PAGESHIFT));
	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc_align(1, mem, 0, 31));
	EXPECT_EQ(-L4_ERANGE, l4re_ma_alloc_align(1, mem, 0, 1UL << 32));
	EXPECT_EQ(-L4_ERANGE,
		  l4re_ma_alloc_align_srv(l4re_env()->mem_alloc, 0, mem, 0, 0));
	EXPECT_EQ(0, l4re_ds_size(mem));
	EXPECT_EQ(PAGES * L4_PAGESIZE, test_number(0, "used"));
}

TEST_F(memory, alloc_without_room_gives_enomem)
{
	l4re_ds_t all = l4re_util_cap_alloc(), mem = l4re_util_cap_alloc();
	long free = test_number(0, "largest_free");

	ASSERT_EQ(0, l4re_ma_alloc(free, all, 0));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc(free, mem, 0));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc_align(free, mem, 0, 0));
	EXPECT_EQ(free, l4re_ds_size(all));
	EXPECT_EQ(0, l4re_ds_size(mem));
}

TEST_F(memory, alloc_into_what_is_no_slot_takes_nothing)
{
	unsigned int i;

	for (i = 0; i < BAD_CAPS; i++)
		/* That one is a slot, and empty. */
		if (i != BAD_EMPTY)
			EXPECT_EQ(-L4_EINVAL,
				  l4re_ma_alloc(1, self->bad[i], 0));
	EXPECT_EQ(-L4_EINVAL, l4re_ma_alloc(1, l4re_env()->rm, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_ma_alloc(1, self->ds, UNKNOWN));
	EXPECT_EQ(-L4_EINVAL, l4re_ma_alloc(1, self->ds, 1UL << 32));
	EXPECT_EQ(SIZE, l4re_ds_size(self->ds));
	EXPECT_EQ(PAGES * L4_PAGESIZE, test_number(0, "used"));
}

TEST_F(memory, alloc_into_a_slot_that_is_used_closes_what_it_held)
{
	ASSERT_EQ(0, l4re_ma_alloc(1, self->ds, 0));
	EXPECT_EQ(1, l4re_ds_size(self->ds));
	EXPECT_EQ(L4_PAGESIZE, test_number(0, "used"));
	/* Rights that are named with the index change nothing. */
	ASSERT_EQ(0, l4re_ma_alloc(2, self->ds | L4_CAP_FPAGE_RW, 0));
	EXPECT_EQ(2, l4re_ds_size(self->ds | L4_CAP_FPAGE_RO));
	EXPECT_EQ(L4_PAGESIZE, test_number(0, "used"));
}

TEST_F(memory, alloc_by_what_is_no_allocator)
{
	l4_cap_idx_t mem = l4re_util_cap_alloc();
	unsigned int i;

	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(VOID,
			  l4re_ma_alloc_align_srv(self->bad[i], 1, mem, 0, 0));
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_ma_alloc_align_srv(self->ds, 1, mem, 0, 0));
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_ma_alloc_align_srv(l4re_env()->rm, 1, mem, 0, 0));
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_ma_alloc_align_srv(self->irq, 1, mem, 0, 0));
	EXPECT_EQ(0, l4re_ds_size(mem));
}

TEST_F(memory, alloc_aligns_what_it_gives)
{
	l4re_ds_t mem = l4re_util_cap_alloc(), small = l4re_util_cap_alloc();
	l4_addr_t phys = 1;
	l4_size_t size = 0;

	ASSERT_EQ(0, l4re_ma_alloc_align(5000, mem, L4RE_MA_CONTINUOUS, 20));
	ASSERT_EQ(0, l4re_ds_phys(mem, 0, &phys, &size));
	EXPECT_EQ(0, phys & (MIB - 1));
	EXPECT_EQ(5000, size);
	/* At least a page, and with SUPER_PAGES one of those. */
	ASSERT_EQ(0, l4re_ma_alloc_align(1, small, 0, 3));
	ASSERT_EQ(0, l4re_ds_phys(small, 0, &phys, &size));
	EXPECT_EQ(0, phys & (L4_PAGESIZE - 1));
	ASSERT_EQ(0, l4re_ma_alloc_align(1, small, L4RE_MA_SUPER_PAGES,
					 L4_PAGESHIFT));
	ASSERT_EQ(0, l4re_ds_phys(small, 0, &phys, &size));
	EXPECT_EQ(0, phys & (L4_SUPERPAGESIZE - 1));
	ASSERT_EQ(0, l4re_ma_alloc(1, small, L4RE_MA_SUPER_PAGES));
	ASSERT_EQ(0, l4re_ds_phys(small, 0, &phys, &size));
	EXPECT_EQ(0, phys & (L4_SUPERPAGESIZE - 1));
	EXPECT_EQ(1, size);
	EXPECT_EQ(L4_SUPERPAGESIZE + (PAGES + 2) * L4_PAGESIZE,
		  test_number(0, "used"));
}

TEST_F(memory, alloc_of_a_negative_size_leaves_as_much)
{
	l4re_ds_t mem = l4re_util_cap_alloc();
	__u64 free = test_number(0, "free"), largest;

	largest = test_number(0, "largest_free");
	ASSERT_EQ(0, l4re_ma_alloc(-(long)(4 * MIB), mem, L4RE_MA_CONTINUOUS));
	EXPECT_LE(4 * MIB, test_number(0, "free"));
	EXPECT_EQ(free - l4re_ds_size(mem), test_number(0, "free"));
	EXPECT_LE(l4re_ds_size(mem), largest);
	EXPECT_LT(largest - 5 * MIB, l4re_ds_size(mem));
}

TEST_F(memory, the_bank_is_the_one_that_the_environment_names)
{
	l4re_ds_t mem = l4re_util_cap_alloc();
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		/* It opens the node anew. */
		setenv("MEMBANK_L4RE_BANK", "membank1", 1);
		_exit(l4re_ma_alloc(1, mem, 0) ||
		      test_number(1, "used") != L4_PAGESIZE);
	}
	ASSERT_EQ(0, test_wait_child(child));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		setenv("MEMBANK_L4RE_BANK", "no such bank", 1);
		_exit(l4re_ma_alloc(1, mem, 0) != VOID);
	}
	ASSERT_EQ(0, test_wait_child(child));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(2);
		_exit(l4re_ma_alloc(1, mem, 0) != -L4_EACCESS);
	}
	ASSERT_EQ(0, test_wait_child(child));
}

TEST_F(memory, a_bank_in_a_slot_is_an_allocator)
{
	l4_cap_idx_t srv = l4re_util_cap_alloc(), mem = l4re_util_cap_alloc();
	int bank;

	ASSERT_EQ(0, membank_open("1", &bank));
	ASSERT_EQ(0, l4re_membank_put(srv, L4RE_MEMBANK_BANK, bank));
	ASSERT_EQ(0, l4re_ma_alloc_align_srv(srv, 1, mem, 0, 0));
	EXPECT_EQ(L4_PAGESIZE, test_number(1, "used"));
	EXPECT_EQ(0, l4re_ma_free_srv(srv, mem));
	EXPECT_EQ(0, test_number(1, "used"));
}

TEST_F(memory, free_empties_the_slot)
{
	l4_cap_idx_t mem = l4re_util_cap_alloc();
	unsigned int i;

	ASSERT_EQ(0, l4re_ma_free(self->ds));
	EXPECT_EQ(0, test_number(0, "used"));
	EXPECT_EQ(-L4_ENOENT, l4re_ma_free(self->ds));
	EXPECT_EQ(0, l4re_ma_alloc(1, self->ds, 0));

	for (i = 0; i < BAD_CAPS; i++) {
		EXPECT_EQ(-L4_ENOENT, l4re_ma_free(self->bad[i]));
		EXPECT_EQ(VOID, l4re_ma_free_srv(self->bad[i], self->ds));
	}
	EXPECT_EQ(-L4_EINVAL, l4re_ma_free(self->irq));
	EXPECT_EQ(-L4_EINVAL, l4re_ma_free(l4re_env()->rm));
	EXPECT_EQ(-L4_EBADPROTO, l4re_ma_free_srv(self->irq, self->ds));
	EXPECT_EQ(1, l4re_ds_size(self->ds));
	EXPECT_EQ(-L4_ENOENT, l4re_ma_free(mem));
}

TEST_F(memory, what_is_attached_lives_on_when_its_slot_is_freed)
{
	void *start = NULL;

	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE, L4RE_RM_SEARCH_ADDR, self->ds,
				    0, L4_PAGESHIFT));
	ASSERT_EQ(0, l4re_ma_free(self->ds));
	memset(start, 0x77, SIZE);
	EXPECT_TRUE(test_all_bytes(start, 0x77, SIZE));
	EXPECT_EQ(PAGES * L4_PAGESIZE, test_number(0, "used"));
	ASSERT_EQ(0, l4re_rm_detach(start));
	EXPECT_EQ(0, test_number(0, "used"));
}

/* --------------------------------------------------------------- Dataspace */

TEST_F(memory, info_size_and_flags_tell_what_it_is)
{
	l4re_ds_t readable = l4re_ds_with(self->ds, READ);
	l4re_ds_stats_t stats = { .size = 1, .flags = UNKNOWN };

	ASSERT_EQ(0, l4re_ds_info(self->ds, &stats));
	EXPECT_EQ(SIZE, stats.size);
	EXPECT_EQ(L4RE_DS_F_RW, stats.flags);
	EXPECT_NE(0, stats.flags & L4RE_DS_MAP_FLAG_RW);
	EXPECT_EQ(L4RE_DS_F_RW, l4re_ds_flags(self->ds));

	ASSERT_EQ(0, l4re_ds_info(readable, &stats));
	EXPECT_EQ(SIZE, stats.size);
	EXPECT_EQ(L4RE_DS_F_R, stats.flags);
	EXPECT_EQ(0, stats.flags & L4RE_DS_MAP_FLAG_RW);
	EXPECT_EQ(L4RE_DS_F_R, l4re_ds_flags(readable));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_info(self->ds, NULL));
}

TEST_F(memory, clear_writes_zeroes)
{
	l4re_ds_t readable = l4re_ds_with(self->ds, READ);
	unsigned char *bytes;
	void *start = NULL;

	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE, L4RE_RM_SEARCH_ADDR, self->ds,
				    0, L4_PAGESHIFT));
	bytes = start;
	memset(bytes, 0x5a, SIZE);
	EXPECT_LE(0, l4re_ds_clear(self->ds, 1, SIZE - 2));
	EXPECT_EQ(0x5a, bytes[0]);
	EXPECT_TRUE(test_all_bytes(bytes + 1, 0, SIZE - 2));
	EXPECT_EQ(0x5a, bytes[SIZE - 1]);

	EXPECT_EQ(0, l4re_ds_clear(self->ds, SIZE, 0));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_clear(self->ds, SIZE + 1, 0));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_clear(self->ds, SIZE, 1));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_clear(self->ds, 0, SIZE + 1));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_clear(self->ds, 1, ~0UL));
	EXPECT_EQ(-L4_EACCESS, l4re_ds_clear(readable, 0, 1));
	EXPECT_EQ(0x5a, bytes[0]);
}

TEST_F(memory, allocate_knows_what_is_there)
{
	EXPECT_EQ(L4_EOK, l4re_ds_allocate(self->ds, 0, SIZE));
	EXPECT_EQ(L4_EOK, l4re_ds_allocate(self->ds, SIZE, 0));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_allocate(self->ds, SIZE, 1));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_allocate(self->ds, 0, SIZE + 1));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_allocate(self->ds, 2, ~0UL));
	EXPECT_EQ(-L4_ERANGE, l4re_ds_allocate(self->ds, ~0UL, 2));
	EXPECT_EQ(PAGES * L4_PAGESIZE, test_number(0, "used"));
}

TEST_F(memory, copy_in_copies)
{
	l4re_ds_t from = l4re_ds_new(SIZE), unreadable, readable;
	void *start = NULL, *source = NULL;
	unsigned int i;

	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE, L4RE_RM_SEARCH_ADDR, self->ds,
				    0, L4_PAGESHIFT));
	ASSERT_EQ(0, l4re_rm_attach(&source, SIZE, L4RE_RM_SEARCH_ADDR, from, 0,
				    L4_PAGESHIFT));
	memset(source, 0x11, SIZE);
	EXPECT_EQ(L4_EOK, l4re_ds_copy_in(self->ds, 2, from, 1, SIZE - 2));
	EXPECT_TRUE(test_all_bytes(start, 0, 2));
	EXPECT_TRUE(test_all_bytes((char *)start + 2, 0x11, SIZE - 2));
	EXPECT_EQ(L4_EOK, l4re_ds_copy_in(self->ds, SIZE, from, SIZE, 0));

	readable = l4re_ds_with(self->ds, READ);
	unreadable = l4re_ds_with(from, WRITE);
	EXPECT_EQ(-L4_EACCESS, l4re_ds_copy_in(readable, 0, from, 0, 1));
	EXPECT_EQ(-L4_EACCESS, l4re_ds_copy_in(self->ds, 0, unreadable, 0, 1));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_copy_in(self->ds, 0, from, 1, SIZE));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_copy_in(self->ds, 1, from, 0, SIZE));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_copy_in(self->ds, SIZE + 1, from, 0, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_copy_in(self->ds, 0, from, SIZE + 1, 0));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_copy_in(self->ds, 0, self->irq, 0, 1));
	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(-L4_EINVAL,
			  l4re_ds_copy_in(self->ds, 0, self->bad[i], 0, 1));
}

TEST_F(memory, phys_is_where_it_is)
{
	l4_addr_t phys = 1;
	l4_size_t size = 1;
	void *start = NULL;

	ASSERT_EQ(0, l4re_rm_attach(&start, SIZE,
				    L4RE_RM_SEARCH_ADDR | L4RE_RM_EAGER_MAP,
				    self->ds, 0, L4_PAGESHIFT));
	ASSERT_EQ(0, l4re_ds_phys(self->ds, 5, &phys, &size));
	EXPECT_EQ(test_physical(start) + 5, phys);
	EXPECT_EQ(SIZE - 5, size);
	EXPECT_EQ(-L4_ERANGE, l4re_ds_phys(self->ds, SIZE, &phys, &size));
	EXPECT_EQ(0, l4re_ds_phys(self->ds, 0, NULL, NULL));
	ASSERT_EQ(0, test_drop_capability(CAP_SYS_RAWIO));
	EXPECT_EQ(-L4_EPERM, l4re_ds_phys(self->ds, 0, &phys, &size));
	EXPECT_EQ(SIZE - 5, size);
}

TEST_F(memory, map_maps_the_largest_block_around_the_address)
{
	l4re_ds_t ds = l4re_ds_new(MIB),
		  readable = l4re_ds_with(self->ds, READ);
	l4_addr_t at = self->hole + 5 * L4_PAGESIZE, start, offset;
	unsigned long size = 1;
	unsigned int flags;

	/* Four pages there, and no more below the one that is asked for. */
	ASSERT_EQ(L4_EOK,
		  l4re_ds_map(ds, 3 * L4_PAGESIZE + 1, L4RE_DS_F_RW, at + 9,
			      self->hole, self->hole + 8 * L4_PAGESIZE));
	start = at;
	ASSERT_EQ(0, l4re_rm_find(&start, &size, &offset, &flags, NULL));
	EXPECT_EQ(self->hole + 4 * L4_PAGESIZE, start);
	EXPECT_EQ(4 * L4_PAGESIZE, size);
	EXPECT_EQ(2 * L4_PAGESIZE, offset);
	EXPECT_EQ(0, flags);
	memset((void *)start, 1, size);

	/* Of a range that does not hold it just the page. */
	at = self->hole + 16 * L4_PAGESIZE;
	ASSERT_EQ(L4_EOK,
		  l4re_ds_map(readable, 0, L4RE_DS_MAP_FLAG_RO, at, 0, 0));
	start = at;
	size = 1;
	ASSERT_EQ(0, l4re_rm_find(&start, &size, &offset, &flags, NULL));
	EXPECT_EQ(at, start);
	EXPECT_EQ(L4_PAGESIZE, size);
	EXPECT_EQ(L4RE_RM_READ_ONLY, flags);

	/* All addresses that there are. */
	at = self->hole + 2 * MIB;
	ASSERT_EQ(L4_EOK, l4re_ds_map(ds, L4_PAGESIZE, L4RE_DS_F_RW,
				      at + L4_PAGESIZE, 0, ~0UL));
	start = at;
	size = 1;
	ASSERT_EQ(0, l4re_rm_find(&start, &size, &offset, NULL, NULL));
	EXPECT_EQ(at, start);
	EXPECT_EQ(MIB, size);
	EXPECT_EQ(0, offset);

	EXPECT_EQ(-L4_ERANGE, l4re_ds_map(self->ds, SIZE, L4RE_DS_F_R, at, at,
					  at + L4_PAGESIZE));
	EXPECT_EQ(-L4_EPERM, l4re_ds_map(readable, 0, L4RE_DS_F_RW, at, at,
					 at + L4_PAGESIZE));
	EXPECT_EQ(-L4_EPERM, l4re_ds_map(self->ds, 0, L4RE_DS_F_RX, at, at,
					 at + L4_PAGESIZE));
	EXPECT_EQ(-L4_EINVAL,
		  l4re_ds_map(self->ds, 0, UNKNOWN, at, at, at + L4_PAGESIZE));
}

TEST_F(memory, map_to_where_nothing_may_be)
{
	ASSERT_EQ(0, test_drop_capability(CAP_SYS_RAWIO));
	EXPECT_EQ(-L4_EPERM, l4re_ds_map(self->ds, 0, L4RE_DS_F_R, 0, 0, 0));
	EXPECT_EQ(-L4_EPERM,
		  l4re_ds_map_region(self->ds, 0, L4RE_DS_F_R, 0, L4_PAGESIZE));
}

TEST_F(memory, map_region_maps_all_of_it)
{
	l4re_ds_t readable = l4re_ds_with(self->ds, READ);
	l4_addr_t at = self->hole, area = at + MIB;
	unsigned char *bytes = (void *)at;

	ASSERT_EQ(L4_EOK,
		  l4re_ds_map_region(self->ds, L4_PAGESIZE, L4RE_DS_F_RW,
				     at + 1, at + L4_PAGESIZE + 1));
	memset(bytes, 3, 2 * L4_PAGESIZE);
	EXPECT_EQ(L4_EOK,
		  l4re_ds_map_region(self->ds, 0, L4RE_DS_F_RW, at, at));
	EXPECT_EQ(L4_EOK, l4re_ds_map_region(self->ds, 0, L4RE_DS_F_RW,
					     at + L4_PAGESIZE, at));
	EXPECT_EQ(-L4_ERANGE,
		  l4re_ds_map_region(self->ds, 0, L4RE_DS_F_RW, at,
				     at + (PAGES + 1) * L4_PAGESIZE));
	EXPECT_EQ(-L4_ERANGE,
		  l4re_ds_map_region(self->ds, 0, L4RE_DS_F_RW, at, ~0UL));
	EXPECT_EQ(-L4_EPERM, l4re_ds_map_region(readable, 0, L4RE_DS_F_RW, at,
						at + L4_PAGESIZE));
	EXPECT_EQ(-L4_EPERM, l4re_ds_map_region(self->ds, 0, L4RE_DS_F_RWX, at,
						at + L4_PAGESIZE));
	EXPECT_EQ(-L4_EINVAL, l4re_ds_map_region(self->ds, 0, UNKNOWN, at,
						 at + L4_PAGESIZE));

	/* A place in an area is one for it, too. */
	ASSERT_EQ(0, l4re_rm_reserve_area(&area, MIB, 0, L4_PAGESHIFT));
	ASSERT_EQ(L4_EOK, l4re_ds_map_region(self->ds, 0, L4RE_DS_F_RW, area,
					     area + PAGES * L4_PAGESIZE));
	EXPECT_TRUE(test_all_bytes((void *)(area + L4_PAGESIZE), 3,
				   2 * L4_PAGESIZE));
}

TEST_F(memory, what_was_revoked_is_enodev)
{
	l4re_ds_t other = l4re_ds_new(1);
	l4re_ds_stats_t stats;
	l4_addr_t at = self->hole, phys;

	ASSERT_EQ(0, l4re_ds_revoke(self->ds));
	EXPECT_EQ(0, l4re_ds_size(self->ds));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_flags(self->ds));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_info(self->ds, &stats));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_clear(self->ds, 0, 1));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_allocate(self->ds, 0, 1));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_copy_in(self->ds, 0, other, 0, 1));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_copy_in(other, 0, self->ds, 0, 1));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_phys(self->ds, 0, &phys, NULL));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_map(self->ds, 0, L4RE_DS_F_R, at, at,
					  at + L4_PAGESIZE));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_map_region(self->ds, 0, L4RE_DS_F_R, at,
						 at + L4_PAGESIZE));
}

/* Each function, called in @cap, gives @error. */
static void expect_all(struct __test_metadata *_metadata, l4_cap_idx_t cap,
		       long error)
{
	l4_addr_t at = L4_PAGESIZE, phys;
	l4re_ds_stats_t stats;

	EXPECT_EQ(0, l4re_ds_size(cap));
	EXPECT_EQ(error, l4re_ds_flags(cap));
	EXPECT_EQ(error, l4re_ds_info(cap, &stats));
	EXPECT_EQ(error, l4re_ds_clear(cap, 0, 1));
	EXPECT_EQ(error, l4re_ds_clear(cap, 0, 0));
	EXPECT_EQ(error, l4re_ds_allocate(cap, 0, 1));
	EXPECT_EQ(error, l4re_ds_copy_in(cap, 0, cap, 0, 1));
	EXPECT_EQ(error, l4re_ds_phys(cap, 0, &phys, NULL));
	EXPECT_EQ(error, l4re_ds_map(cap, 0, 0, at, at, at + L4_PAGESIZE));
	EXPECT_EQ(error, l4re_ds_map_region(cap, 0, 0, at, at + L4_PAGESIZE));
}

TEST_F(memory, what_holds_no_dataspace_is_told_apart)
{
	unsigned int i;

	for (i = 0; i < BAD_CAPS; i++)
		expect_all(_metadata, self->bad[i], VOID);
	expect_all(_metadata, self->irq, -L4_EBADPROTO);
	expect_all(_metadata, l4re_env()->rm, -L4_EBADPROTO);
	expect_all(_metadata, l4re_env()->mem_alloc, -L4_EBADPROTO);
}

TEST_HARNESS_MAIN
