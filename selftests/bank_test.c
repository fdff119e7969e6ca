// SPDX-License-Identifier: GPL-2.0-only
/*
 * Banks: what they say of themselves, and memory by mmap() on their nodes.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"

#define LENGTH MIB
#define BLOCKS_MAX 4096

FIXTURE(node)
{
	int dev;
	size_t page;
};

FIXTURE_VARIANT(node)
{
	int bank;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(node, any) { .bank = TEST_ANY };
FIXTURE_VARIANT_ADD(node, first) { .bank = 0 };
FIXTURE_VARIANT_ADD(node, second) { .bank = 1 };
/* clang-format on */

FIXTURE_SETUP(node)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(variant->bank);
	ASSERT_LE(0, self->dev);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(node)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(node, mmap_gives_zeroed_memory_that_can_be_written)
{
	char *mem = test_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, LENGTH));
	memset(mem, 0x5a, LENGTH);
	EXPECT_TRUE(test_all_bytes(mem, 0x5a, LENGTH));
	EXPECT_EQ(0, munmap(mem, LENGTH));
}

TEST_F(node, mmap_takes_its_length_in_pages_and_munmap_gives_it_back)
{
	__u64 dataspaces = 0;
	unsigned int bank;
	void *mem;

	mem = test_map(self->dev, self->page + 1);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(2 * self->page, test_used());
	for (bank = 0; bank < test_banks(); bank++)
		dataspaces += test_number(bank, "dataspaces");
	EXPECT_EQ(1, dataspaces);
	if (variant->bank != TEST_ANY)
		ASSERT_EQ(2 * self->page, test_number(variant->bank, "used"));

	ASSERT_EQ(0, munmap(mem, self->page + 1));
	EXPECT_EQ(0, test_used());
}

TEST_F(node, each_mmap_gives_memory_of_its_own)
{
	char *one = test_map(self->dev, LENGTH);
	char *other = test_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, one);
	ASSERT_NE(MAP_FAILED, other);
	memset(one, 1, LENGTH);
	EXPECT_TRUE(test_all_bytes(other, 0, LENGTH));
	EXPECT_EQ(2 * LENGTH, test_used());
}

TEST_F(node, memory_lives_until_its_last_piece_is_unmapped)
{
	char *mem = test_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 7, LENGTH);
	ASSERT_EQ(0, munmap(mem + self->page, self->page));
	ASSERT_EQ(0, munmap(mem + 3 * self->page, LENGTH - 3 * self->page));
	EXPECT_EQ(LENGTH, test_used());
	EXPECT_TRUE(test_all_bytes(mem + 2 * self->page, 7, self->page));
	ASSERT_EQ(0, munmap(mem, self->page));
	EXPECT_EQ(LENGTH, test_used());
	ASSERT_EQ(0, munmap(mem + 2 * self->page, self->page));
	EXPECT_EQ(0, test_used());
}

TEST_F(node, memory_outlives_the_descriptor_of_the_node)
{
	char *mem = test_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, mem);
	close(self->dev);
	memset(mem, 3, LENGTH);
	EXPECT_TRUE(test_all_bytes(mem, 3, LENGTH));
	EXPECT_EQ(LENGTH, test_used());
}

TEST_F(node, memory_of_a_killed_process_comes_back_zeroed)
{
	int pipe_fds[2];
	char byte, *mem;
	pid_t child;

	ASSERT_EQ(0, pipe(pipe_fds));
	child = fork();
	if (!child) {
		mem = test_map(self->dev, LENGTH);
		if (mem == MAP_FAILED)
			_exit(1);
		memset(mem, 0xee, LENGTH);
		if (write(pipe_fds[1], "", 1) != 1)
			_exit(2);
		pause();
		_exit(3);
	}
	ASSERT_EQ(1, read(pipe_fds[0], &byte, 1));
	EXPECT_EQ(LENGTH, test_used());
	ASSERT_EQ(-SIGKILL, test_kill(child));
	ASSERT_TRUE(test_wait_used(0));

	mem = test_map(self->dev, LENGTH);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, LENGTH));
}

TEST_F(node, mmap_refuses_length_0)
{
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(node, mmap_refuses_an_offset)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ, MAP_SHARED,
				   self->dev, self->page));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(node, mmap_refuses_unknown_flags)
{
	/* Neither shared nor private. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ, 0, self->dev, 0));
	EXPECT_EQ(EINVAL, errno);
	/* What checks flags at all is the kernel, with an errno of its own. */
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, LENGTH, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC,
		       self->dev, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_F(node, mmap_refuses_private_and_writable)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, self->dev, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, test_used());
}

TEST_F(node, private_and_readable_cannot_be_made_writable)
{
	char *mem = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->dev, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, LENGTH));
	EXPECT_EQ(-1, mprotect(mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(node, mmap_refuses_exec)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_EXEC,
				   MAP_SHARED, self->dev, 0));
	EXPECT_EQ(ENOTSUP, errno);
	EXPECT_EQ(0, test_used());
}

TEST_F(node, mprotect_refuses_exec)
{
	void *mem = test_map(self->dev, LENGTH);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(-1, mprotect(mem, LENGTH, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(node, mmap_to_write_needs_a_descriptor_that_may)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->dev);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, test_map(fd, LENGTH));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(node, mmap_of_more_than_a_bank_is_refused)
{
	unsigned int bank;
	__u64 largest = 0;

	for (bank = 0; bank < test_banks(); bank++)
		if (variant->bank == TEST_ANY || variant->bank == (int)bank)
			if (largest < test_number(bank, "size"))
				largest = test_number(bank, "size");
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, largest + 1));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, 1UL << 46));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, -self->page));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(0, test_used());
}

TEST_F(node, get_info_names_the_bank_of_the_node)
{
	struct membank_get_info info;

	memset(&info, TEST_JUNK, sizeof(info));
	info.size = sizeof(info);
	test_ok(self->dev, MEMBANK_IOC_GET_INFO, &info);
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(MEMBANK_ABI_VERSION, info.out_version);
	EXPECT_EQ(test_banks(), info.out_banks);
	EXPECT_EQ(variant->bank == TEST_ANY ? MEMBANK_BANK_ANY :
					      (__u32)variant->bank,
		  info.out_bank);
	EXPECT_EQ(MEMBANK_FEATURE_BANKS | MEMBANK_FEATURE_DATASPACES |
			  MEMBANK_FEATURE_REGIONS | MEMBANK_FEATURE_NOTIFIERS |
			  MEMBANK_FEATURE_SERVICES | MEMBANK_FEATURE_RIGHTS |
			  MEMBANK_FEATURE_CONTENT | MEMBANK_FEATURE_QUOTA |
			  MEMBANK_FEATURE_AREAS | MEMBANK_FEATURE_REGION_MAP |
			  MEMBANK_FEATURE_PAGERS | MEMBANK_FEATURE_CALL |
			  MEMBANK_FEATURE_CLIENTS,
		  info.out_features);
}

TEST_F(node, bank_info_and_sysfs_agree)
{
	static const char *const sources[] = {
		[MEMBANK_SOURCE_CMA] = "cma",
		[MEMBANK_SOURCE_CONTIG] = "contig",
	};
	struct membank_bank_info info;
	char name[64], source[64], node[64], number[64];
	struct test_figures is;
	__u32 bank;

	ASSERT_NE(MAP_FAILED, test_map(self->dev, LENGTH));
	for (bank = 0; bank < test_banks(); bank++) {
		memset(&info, TEST_JUNK, sizeof(info));
		info.size = sizeof(info);
		info.bank = bank;
		test_ok(self->dev, MEMBANK_IOC_BANK_INFO, &info);
		is = test_figures(bank);
		EXPECT_EQ(bank, info.bank);
		EXPECT_EQ(is.size, info.out_length);
		EXPECT_EQ(is.used, info.out_used);
		EXPECT_EQ(is.size, is.used + is.free);
		EXPECT_EQ(is.largest_free, info.out_largest_free);
		EXPECT_EQ(is.dataspaces, info.out_dataspaces);
		EXPECT_GE(is.free, is.largest_free);
		EXPECT_GE(is.free, is.scrubbed);
		EXPECT_GE(is.free, info.out_scrubbed);
		EXPECT_EQ(0, info.out_flags);

		ASSERT_TRUE(test_attr(bank, "name", name, sizeof(name)));
		EXPECT_STREQ(name, info.out_name);
		ASSERT_TRUE(test_attr(bank, "source", source, sizeof(source)));
		ASSERT_GE(MEMBANK_SOURCE_CONTIG, info.out_source);
		ASSERT_LE(MEMBANK_SOURCE_CMA, info.out_source);
		EXPECT_STREQ(sources[info.out_source], source);
		ASSERT_TRUE(test_attr(bank, "node", node, sizeof(node)));
		snprintf(number, sizeof(number), "%d", info.out_node);
		EXPECT_STREQ(number, node);
	}
}

TEST_F(node, bank_info_refuses_a_bank_that_is_not_there)
{
	struct membank_bank_info info;

	memset(&info, TEST_JUNK, sizeof(info));
	info.size = sizeof(info);
	info.bank = test_banks();
	test_err(ENOENT, self->dev, MEMBANK_IOC_BANK_INFO, &info);
	info.bank = MEMBANK_BANK_ANY;
	test_err(ENOENT, self->dev, MEMBANK_IOC_BANK_INFO, &info);
}

/* Banks by their number only: their figures are exact. */
FIXTURE(bank)
{
	int dev;
	struct test_figures start;
	__u64 no_room;
	__u64 too_large;
	__u64 no_memory;
};

FIXTURE_VARIANT(bank)
{
	unsigned int bank;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(bank, first) { .bank = 0 };
FIXTURE_VARIANT_ADD(bank, second) { .bank = 1 };
/* clang-format on */

FIXTURE_SETUP(bank)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(variant->bank);
	ASSERT_LE(0, self->dev);
	self->start = test_figures(variant->bank);
	self->no_room = test_number(variant->bank, "failures/no_room");
	self->too_large = test_number(variant->bank, "failures/too_large");
	self->no_memory = test_number(variant->bank, "failures/no_memory");
	ASSERT_NE(TEST_NONE, self->no_room);
	ASSERT_NE(TEST_NONE, self->too_large);
	ASSERT_NE(TEST_NONE, self->no_memory);
	ASSERT_LE(4 * GRAIN, self->start.size);
	ASSERT_EQ(0, self->start.size % GRAIN);
}

FIXTURE_TEARDOWN_PARENT(bank)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(bank, can_be_filled_by_one_mapping, TEST_SLOW)
{
	void *mem = test_map(self->dev, self->start.size);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, test_number(variant->bank, "free"));
	EXPECT_EQ(0, test_number(variant->bank, "largest_free"));
	EXPECT_EQ(0, test_number(variant->bank, "scrubbed"));
	EXPECT_EQ(self->start.size, test_number(variant->bank, "used"));

	EXPECT_EQ(MAP_FAILED, test_map(self->dev, 1));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(self->no_room + 1,
		  test_number(variant->bank, "failures/no_room"));
	EXPECT_EQ(self->too_large,
		  test_number(variant->bank, "failures/too_large"));
	EXPECT_EQ(self->no_memory,
		  test_number(variant->bank, "failures/no_memory"));
}

TEST_F_TIMEOUT(bank, can_be_filled_by_many_mappings, TEST_SLOW)
{
	unsigned int blocks = self->start.size / LENGTH, i, half;
	static char *mem[BLOCKS_MAX];

	ASSERT_GE(BLOCKS_MAX, blocks);
	for (i = 0; i < blocks; i++) {
		mem[i] = test_map(self->dev, LENGTH);
		ASSERT_NE(MAP_FAILED, mem[i]);
		mem[i][0] = 1;
	}
	EXPECT_EQ(self->start.size, test_number(variant->bank, "used"));
	EXPECT_EQ(blocks, test_number(variant->bank, "dataspaces"));
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, LENGTH));
	EXPECT_EQ(ENOMEM, errno);

	half = blocks / 2;
	for (i = 0; i < half; i++)
		ASSERT_EQ(0, munmap(mem[i], LENGTH));
	EXPECT_EQ(half * LENGTH, test_number(variant->bank, "free"));
	for (i = 0; i < half; i++) {
		mem[i] = test_map(self->dev, LENGTH);
		ASSERT_NE(MAP_FAILED, mem[i]);
		EXPECT_EQ(0, mem[i][0]);
	}
	EXPECT_EQ(0, test_number(variant->bank, "free"));
}

TEST_F(bank, counts_what_is_too_large_for_it)
{
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, self->start.size + 1));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, self->start.size + 1, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 0, 0, 0));
	EXPECT_EQ(self->too_large + 3,
		  test_number(variant->bank, "failures/too_large"));
	EXPECT_EQ(self->no_room,
		  test_number(variant->bank, "failures/no_room"));
	EXPECT_EQ(self->no_memory,
		  test_number(variant->bank, "failures/no_memory"));
}

/* It is no failure of the bank, and says so even if there is no room. */
TEST_F(bank, when_full_still_says_what_is_wrong_with_a_mapping)
{
	const __u64 quota = test_number(variant->bank, "failures/over_quota");

	ASSERT_LE(0, test_alloc(self->dev, self->start.size, 0, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_EXEC,
				   MAP_SHARED, self->dev, 0));
	EXPECT_EQ(ENOTSUP, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, self->dev, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
				   MAP_SHARED, self->dev, LENGTH));
	EXPECT_EQ(EINVAL, errno);
	/* Nor if it is more than the bank has. */
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, self->start.size + 1, PROT_READ | PROT_EXEC,
		       MAP_SHARED, self->dev, 0));
	EXPECT_EQ(ENOTSUP, errno);
	EXPECT_EQ(self->no_room,
		  test_number(variant->bank, "failures/no_room"));
	EXPECT_EQ(self->too_large,
		  test_number(variant->bank, "failures/too_large"));
	EXPECT_EQ(self->no_memory,
		  test_number(variant->bank, "failures/no_memory"));
	EXPECT_EQ(quota, test_number(variant->bank, "failures/over_quota"));
}

TEST_F(bank, does_not_touch_the_other_banks)
{
	unsigned int bank;

	ASSERT_NE(MAP_FAILED, test_map(self->dev, LENGTH));
	for (bank = 0; bank < test_banks(); bank++) {
		EXPECT_EQ(bank == variant->bank ? LENGTH : 0,
			  test_number(bank, "used"));
	}
}

TEST_F_TIMEOUT(bank, is_scrubbed_whole_in_the_end, TEST_SLOW)
{
	void *mem = test_map(self->dev, self->start.size);
	struct test_figures is;
	int patience;

	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0xff, self->start.size);
	ASSERT_EQ(0, munmap(mem, self->start.size));
	for (patience = 0; patience < TEST_PATIENCE; patience++) {
		is = test_figures(variant->bank);
		if (is.scrubbed == is.size)
			break;
		usleep(1000);
	}
	EXPECT_EQ(is.size, is.scrubbed);
	EXPECT_EQ(is.size, is.free);

	mem = test_map(self->dev, self->start.size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->start.size));
}

FIXTURE(both_banks)
{
	int dev;
	__u64 size[2];
};

FIXTURE_SETUP(both_banks)
{
	ASSERT_TRUE(test_banks_empty());
	ASSERT_EQ(2, test_banks());
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->size[0] = test_number(0, "size");
	self->size[1] = test_number(1, "size");
}

FIXTURE_TEARDOWN_PARENT(both_banks)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(both_banks, are_used_by_the_node_for_any, TEST_SLOW)
{
	ASSERT_NE(MAP_FAILED, test_map(self->dev, self->size[0]));
	ASSERT_NE(MAP_FAILED, test_map(self->dev, self->size[1]));
	EXPECT_EQ(0, test_number(0, "free"));
	EXPECT_EQ(0, test_number(1, "free"));
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, 1));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, 1, 0, 0));
}

TEST_HARNESS_MAIN
