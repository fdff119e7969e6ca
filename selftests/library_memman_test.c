// SPDX-License-Identifier: GPL-2.0-only
/*
 * membank_mmap() and membank_munmap(), on the real module: every row of the
 * table of errors that they are held to, and what they give and free.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"

#define NOBODY 65534
#define NO_FD 1000000

#define PROT_RW (PROT_READ | PROT_WRITE)
#define SEED_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS)

/* Of unmap() and map_error(): it succeeded, or answered as none of both does. */
#define NO_ERROR 0
#define WRONG_ANSWER (-1)

/* No call that fails may leave errno as it was. */
#define JUNK_ERRNO 0xcccc

FIXTURE(memman)
{
	size_t page;
	int bank;
	unsigned char *plain;
};

FIXTURE_SETUP(memman)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->bank = test_open(1);
	ASSERT_LT(0, self->bank);
	/* What is not of a bank, and must never be touched. */
	self->plain = mmap(NULL, 4 * self->page, PROT_RW, SEED_FLAGS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->plain);
	memset(self->plain, 0x77, 4 * self->page);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(memman)
{
	EXPECT_TRUE(test_banks_empty());
}

static unsigned char *map(size_t length, int fd)
{
	errno = JUNK_ERRNO;
	return membank_mmap(NULL, length, PROT_RW, SEED_FLAGS, fd, 0);
}

static int map_error(void *addr, size_t length, int prot, int flags, int fd,
		     off_t offset)
{
	void *memory;

	errno = JUNK_ERRNO;
	memory = membank_mmap(addr, length, prot, flags, fd, offset);
	if (memory)
		return memory == MAP_FAILED ? WRONG_ANSWER : NO_ERROR;
	return errno;
}

static int unmap(void *addr, size_t length)
{
	int ret;

	errno = JUNK_ERRNO;
	ret = membank_munmap(addr, length);
	if (ret > 0)
		return WRONG_ANSWER;
	return ret ? errno : NO_ERROR;
}

/* Still there, and with what was written. */
static bool plain_is_whole(const unsigned char *plain, size_t page)
{
	return test_all_bytes(plain, 0x77, 4 * page);
}

static void be_nobody(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		abort();
}

/* ---------------------------------------------------------- what it gives */

TEST_F(memman, memory_is_zero_contiguous_and_of_the_bank_to_the_byte)
{
	size_t length = 3 * MIB + 1, pages = length / self->page + 1, i;
	__u64 free = test_number(1, "free"), first;
	unsigned char *memory;

	memory = map(length, self->bank);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(free - pages * self->page, test_number(1, "free"));
	EXPECT_EQ(0, test_number(0, "used"));
	EXPECT_EQ(1, test_number(1, "dataspaces"));
	EXPECT_TRUE(test_all_bytes(memory, 0, pages * self->page));
	memset(memory, 0x5a, pages * self->page);
	EXPECT_TRUE(test_all_bytes(memory, 0x5a, pages * self->page));

	first = test_physical(memory);
	EXPECT_NE(0, first);
	for (i = 1; i < pages; i++)
		ASSERT_EQ(first + i * self->page,
			  test_physical(memory + i * self->page));

	ASSERT_EQ(NO_ERROR, unmap(memory, length));
	EXPECT_EQ(free, test_number(1, "free"));

	/* Wherever it is this time: nothing of what was written. */
	memory = map(length, self->bank);
	ASSERT_NE(NULL, memory);
	EXPECT_TRUE(test_all_bytes(memory, 0, pages * self->page));
	printf("# %zu bytes took %zu of the bank and gave all back\n", length,
	       pages * self->page);
}

TEST_F(memman, a_bank_is_a_node_and_zero_is_any_bank)
{
	int any = test_open(TEST_ANY), zero = open("/dev/null", O_RDWR);
	__u64 size = test_number(1, "size");
	unsigned char *memory, *all;

	ASSERT_LT(0, any);
	ASSERT_LE(0, zero);
	memory = map(self->page, any);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(self->page, test_used());
	ASSERT_EQ(NO_ERROR, unmap(memory, self->page));

	/* Descriptor 0 is open, and no bank. */
	ASSERT_EQ(0, dup2(zero, 0));
	memory = map(self->page, 0);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(self->page, test_used());
	ASSERT_EQ(NO_ERROR, unmap(memory, self->page));

	/* Or it is a bank, but not the one that is taken: that one is full. */
	all = map(size, self->bank);
	ASSERT_NE(NULL, all);
	ASSERT_EQ(0, dup2(self->bank, 0));
	memory = map(self->page, 0);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(self->page, test_number(0, "used"));
	ASSERT_EQ(NO_ERROR, unmap(memory, self->page));
	ASSERT_EQ(NO_ERROR, unmap(all, size));

	/* Or it is closed. */
	ASSERT_EQ(0, close(0));
	memory = map(self->page, 0);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(self->page, test_used());
	EXPECT_EQ(NO_ERROR, unmap(memory, self->page));
}

TEST_F(memman, the_bank_may_be_closed)
{
	unsigned char *memory = map(self->page, self->bank);

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, close(self->bank));
	memory[0] = 1;
	EXPECT_EQ(NO_ERROR, unmap(memory, self->page));
	EXPECT_EQ(0, test_used());
}

TEST_F(memman, protection_is_what_was_asked_for)
{
	unsigned char *memory;

	memory = membank_mmap(NULL, self->page, PROT_READ, SEED_FLAGS,
			      self->bank, 0);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(0, memory[0]);
	/* read() tells of a fault without one. */
	EXPECT_EQ(-1, pread(open("/dev/zero", O_RDONLY), memory, 1, 0));
	EXPECT_EQ(EFAULT, errno);

	memory = membank_mmap(NULL, self->page, PROT_WRITE, SEED_FLAGS,
			      self->bank, 0);
	ASSERT_NE(NULL, memory);
	memory[0] = 1;
	ASSERT_EQ(0, mprotect(memory, self->page, PROT_READ));
	EXPECT_EQ(1, memory[0]);
}

TEST_F(memman, fork_shares_it_and_either_side_unmaps_its_own)
{
	unsigned char *memory = map(self->page, self->bank);
	pid_t child;

	ASSERT_NE(NULL, memory);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		memory[0] = 0x5a;
		_exit(unmap(memory, self->page) ||
		      unmap(memory, self->page) != EINVAL);
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(0x5a, memory[0]);
	EXPECT_EQ(self->page, test_number(1, "used"));
	EXPECT_EQ(NO_ERROR, unmap(memory, self->page));
}

TEST_F(memman, no_descriptor_is_left_open)
{
	unsigned int files = test_open_files();
	unsigned char *memory;

	memory = map(2 * self->page, 0);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(files, test_open_files());
	ASSERT_EQ(NO_ERROR, unmap(memory, self->page));
	ASSERT_EQ(EINVAL, unmap(memory, 2 * self->page));
	ASSERT_EQ(NO_ERROR, unmap(memory + self->page, self->page));
	ASSERT_EQ(ENOMEM,
		  map_error(NULL, SIZE_MAX / 2, PROT_RW, SEED_FLAGS, 0, 0));
	EXPECT_EQ(files, test_open_files());
}

/* ------------------------------------------------------ errors of mmap() */

TEST_F(memman, mmap_of_length_zero_is_einval)
{
	EXPECT_EQ(EINVAL, map_error(NULL, 0, PROT_RW, SEED_FLAGS, 0, 0));
	EXPECT_EQ(EINVAL,
		  map_error(NULL, 0, PROT_RW, SEED_FLAGS, self->bank, 0));
}

TEST_F(memman, mmap_with_other_flags_is_einval)
{
	static const int flags[] = {
		0,
		MAP_PRIVATE,
		MAP_ANONYMOUS,
		MAP_SHARED,
		MAP_SHARED | MAP_ANONYMOUS,
		MAP_SHARED_VALIDATE | MAP_ANONYMOUS,
		SEED_FLAGS | MAP_FIXED,
		SEED_FLAGS | MAP_FIXED_NOREPLACE,
		SEED_FLAGS | MAP_POPULATE,
		SEED_FLAGS | MAP_NORESERVE,
		SEED_FLAGS | MAP_HUGETLB,
		SEED_FLAGS | 1 << 30,
		SEED_FLAGS | INT_MIN,
		-1,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(EINVAL,
			  map_error(NULL, self->page, PROT_RW, flags[i], 0, 0))
		TH_LOG("flags %#x", flags[i]);
		EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW, flags[i],
					    self->bank, 0))
		TH_LOG("flags %#x", flags[i]);
	}
	EXPECT_EQ(0, test_used());
}

TEST_F(memman, mmap_with_an_offset_is_einval)
{
	EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW, SEED_FLAGS, 0,
				    self->page));
	EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW, SEED_FLAGS,
				    self->bank, 1));
	EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW, SEED_FLAGS,
				    self->bank, -1));
}

TEST_F(memman, mmap_without_or_with_unknown_protection_is_einval)
{
	EXPECT_EQ(EINVAL,
		  map_error(NULL, self->page, PROT_NONE, SEED_FLAGS, 0, 0));
	EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW | 8, SEED_FLAGS,
				    self->bank, 0));
	EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW | PROT_GROWSDOWN,
				    SEED_FLAGS, self->bank, 0));
}

TEST_F(memman, mmap_of_what_is_no_bank_is_einval)
{
	int pair[2], read_only = open("/dev/membank1", O_RDONLY);
	int any = test_open(TEST_ANY);
	int other[] = {
		-1,
		NO_FD,
		open("/dev/null", O_RDWR),
		open("/dev/zero", O_RDWR),
		open("/tmp", O_TMPFILE | O_RDWR, 0600),
		memfd_create("other", 0),
		eventfd(0, 0),
		test_alloc(any, self->page, 0, 0),
	};
	size_t i;

	for (i = 2; i < ARRAY_SIZE(other); i++)
		ASSERT_LT(0, other[i]);
	for (i = 0; i < ARRAY_SIZE(other); i++)
		EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW,
					    SEED_FLAGS, other[i], 0))
	TH_LOG("row %zu", i);

	ASSERT_EQ(0, pipe(pair));
	EXPECT_EQ(EINVAL,
		  map_error(NULL, self->page, PROT_RW, SEED_FLAGS, pair[1], 0));
	/* A bank, but not open for writing. */
	ASSERT_LT(0, read_only);
	EXPECT_EQ(EINVAL, map_error(NULL, self->page, PROT_RW, SEED_FLAGS,
				    read_only, 0));
	/* A bank, but closed. */
	ASSERT_EQ(0, close(any));
	EXPECT_EQ(EINVAL,
		  map_error(NULL, self->page, PROT_RW, SEED_FLAGS, any, 0));
	EXPECT_EQ(self->page, test_used());
}

TEST_F(memman, mmap_at_an_address_is_enotsup)
{
	EXPECT_EQ(ENOTSUP, map_error(self->plain, self->page, PROT_RW,
				     SEED_FLAGS, 0, 0));
	EXPECT_EQ(ENOTSUP, map_error((void *)1, self->page, PROT_RW, SEED_FLAGS,
				     self->bank, 0));
	EXPECT_TRUE(plain_is_whole(self->plain, self->page));
}

TEST_F(memman, mmap_of_executable_memory_is_enotsup)
{
	EXPECT_EQ(ENOTSUP, map_error(NULL, self->page, PROT_RW | PROT_EXEC,
				     SEED_FLAGS, 0, 0));
	EXPECT_EQ(ENOTSUP, map_error(NULL, self->page, PROT_READ | PROT_EXEC,
				     SEED_FLAGS, self->bank, 0));
	EXPECT_EQ(ENOTSUP, map_error(NULL, self->page, PROT_EXEC, SEED_FLAGS,
				     self->bank, 0));
}

TEST_F(memman, mmap_without_room_is_enomem)
{
	__u64 size = test_number(1, "size");
	unsigned char *all;

	/* More than the bank has, than any has, than there can be. */
	EXPECT_EQ(ENOMEM, map_error(NULL, size + 1, PROT_RW, SEED_FLAGS,
				    self->bank, 0));
	EXPECT_EQ(ENOMEM,
		  map_error(NULL, 1UL << 40, PROT_RW, SEED_FLAGS, 0, 0));
	EXPECT_EQ(ENOMEM, map_error(NULL, SIZE_MAX, PROT_RW, SEED_FLAGS,
				    self->bank, 0));
	EXPECT_EQ(0, test_used());

	/* The bank is full. */
	all = map(size, self->bank);
	ASSERT_NE(NULL, all);
	EXPECT_EQ(ENOMEM,
		  map_error(NULL, 1, PROT_RW, SEED_FLAGS, self->bank, 0));
	ASSERT_EQ(NO_ERROR, unmap(all + size / 2, self->page));
	EXPECT_EQ(size, test_number(1, "used"));
	EXPECT_EQ(ENOMEM,
		  map_error(NULL, 1, PROT_RW, SEED_FLAGS, self->bank, 0));
}

TEST_F(memman, mmap_beyond_the_limits_of_the_process_is_enomem)
{
	struct rlimit none = { self->page, self->page };

	be_nobody();
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	/* By its number, as what watches memory makes nothing of its name. */
	ASSERT_EQ(0, syscall(SYS_mlockall, MCL_FUTURE));
	EXPECT_EQ(ENOMEM, map_error(NULL, 2 * self->page, PROT_RW, SEED_FLAGS,
				    self->bank, 0));
	ASSERT_EQ(0, syscall(SYS_munlockall));
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	EXPECT_EQ(ENOMEM, map_error(NULL, 2 * self->page, PROT_RW, SEED_FLAGS,
				    self->bank, 0));
}

/* ---------------------------------------------------- errors of munmap() */

TEST_F(memman, munmap_of_an_address_that_is_not_valid_is_einval)
{
	unsigned char *memory = map(2 * self->page, self->bank);

	ASSERT_NE(NULL, memory);
	EXPECT_EQ(EINVAL, unmap(memory + 1, self->page));
	EXPECT_EQ(EINVAL, unmap(memory, 0));
	EXPECT_EQ(EINVAL, unmap(NULL, self->page));
	EXPECT_EQ(EINVAL, unmap((void *)-self->page, self->page));
	EXPECT_EQ(EINVAL, unmap((void *)-self->page, 2 * self->page));
	EXPECT_EQ(EINVAL, unmap(memory, SIZE_MAX));
	EXPECT_EQ(EINVAL, unmap(memory, -(uintptr_t)memory));
	EXPECT_EQ(2 * self->page, test_number(1, "used"));
	memset(memory, 0x5a, 2 * self->page);

	ASSERT_EQ(NO_ERROR, unmap(memory, 2 * self->page));
	EXPECT_EQ(EINVAL, unmap(memory, 2 * self->page));
	EXPECT_EQ(EINVAL, unmap(memory, 1));
}

TEST_F(memman, munmap_of_other_memory_is_einval_and_leaves_it)
{
	unsigned char *memory, *code = (unsigned char *)(uintptr_t)unmap;
	unsigned char stack;

	EXPECT_EQ(EINVAL, unmap(self->plain, 4 * self->page));
	EXPECT_EQ(EINVAL, unmap(self->plain, 1));
	EXPECT_EQ(EINVAL, unmap(code - (uintptr_t)code % self->page, 1));
	EXPECT_EQ(EINVAL, unmap(&stack - (uintptr_t)&stack % self->page, 1));
	EXPECT_TRUE(plain_is_whole(self->plain, self->page));

	/* A range whose middle is of a bank, and whose ends are not. */
	memory = map(2 * self->page, self->bank);
	ASSERT_NE(NULL, memory);
	memory[0] = 0x5a;
	memory = mremap(memory, 2 * self->page, 2 * self->page,
			MREMAP_MAYMOVE | MREMAP_FIXED,
			self->plain + self->page);
	ASSERT_EQ(self->plain + self->page, memory);
	EXPECT_EQ(EINVAL, unmap(self->plain, 3 * self->page));
	EXPECT_EQ(EINVAL, unmap(memory, 3 * self->page));
	EXPECT_EQ(EINVAL, unmap(memory, 2 * self->page + 1));
	EXPECT_EQ(0x5a, memory[0]);
	EXPECT_EQ(0x77, self->plain[0]);
	EXPECT_EQ(0x77, self->plain[3 * self->page]);
	EXPECT_EQ(2 * self->page, test_number(1, "used"));

	EXPECT_EQ(NO_ERROR, unmap(memory, self->page + 1));
	EXPECT_EQ(0, test_used());
	EXPECT_EQ(0x77, self->plain[0]);
	EXPECT_EQ(0x77, self->plain[3 * self->page]);
}

TEST_F(memman, munmap_in_pieces_frees_with_the_last)
{
	__u64 free = test_number(1, "free");
	unsigned char *memory = map(4 * self->page, self->bank), *rest;

	ASSERT_NE(NULL, memory);
	rest = memory + 2 * self->page;
	memset(memory, 0x5a, 4 * self->page);
	/* The middle, rounded up to a page; then no range over the hole. */
	ASSERT_EQ(NO_ERROR, unmap(memory + self->page, 1));
	EXPECT_EQ(EINVAL, unmap(memory, 4 * self->page));
	EXPECT_EQ(EINVAL, unmap(memory + self->page, self->page));
	EXPECT_TRUE(test_all_bytes(memory, 0x5a, self->page));
	EXPECT_TRUE(test_all_bytes(rest, 0x5a, 2 * self->page));

	ASSERT_EQ(NO_ERROR, unmap(memory + 3 * self->page, self->page));
	ASSERT_EQ(NO_ERROR, unmap(memory, self->page));
	EXPECT_EQ(free - 4 * self->page, test_number(1, "free"));
	memset(rest, 0x33, self->page);
	ASSERT_EQ(NO_ERROR, unmap(rest, self->page));
	EXPECT_EQ(free, test_number(1, "free"));
}

TEST_F(memman, munmap_of_memory_that_was_revoked_succeeds)
{
	struct membank_dataspace_revoke revoke = { .size = sizeof(revoke) };
	struct membank_region_find info;
	unsigned char *memory = map(2 * self->page, self->bank);

	ASSERT_NE(NULL, memory);
	memory[0] = 1;
	ASSERT_EQ(0, membank_region_find(self->bank, memory, &info));
	revoke.fd = info.out_fd;
	test_ok(self->bank, MEMBANK_IOC_DATASPACE_REVOKE, &revoke);
	ASSERT_EQ(0, close(info.out_fd));
	EXPECT_EQ(0, test_used());

	EXPECT_EQ(NO_ERROR, unmap(memory, self->page));
	EXPECT_EQ(EINVAL, unmap(memory, 2 * self->page));
	EXPECT_EQ(NO_ERROR, unmap(memory + self->page, self->page));
	EXPECT_EQ(EINVAL, unmap(memory + self->page, self->page));
}

/* The kernel can make no new descriptor of it, and gives that of the region. */
TEST_F(memman, munmap_of_read_only_memory_that_was_revoked_succeeds)
{
	size_t length = 3 * self->page;
	struct membank_region_find info;
	char *end = (char *)self->plain + length;
	void *memory = self->plain;
	int fd;

	ASSERT_EQ(0, membank_dataspace_alloc(self->bank, length, 0, 0, &fd));
	ASSERT_EQ(0, membank_region_attach(self->bank, fd, 0, 0,
					   MEMBANK_REGION_READ_ONLY |
						   MEMBANK_REGION_OVERMAP,
					   0, memory, &memory));
	ASSERT_EQ(0, membank_dataspace_revoke(self->bank, fd));
	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, membank_region_find(self->bank, memory, &info));
	EXPECT_EQ(MEMBANK_REGION_READ_ONLY, info.out_flags);
	EXPECT_EQ(-ENODEV,
		  membank_dataspace_clear(self->bank, info.out_fd, 0, length));
	ASSERT_EQ(0, close(info.out_fd));

	/* What lies behind it does not become memory of a bank. */
	EXPECT_EQ(EINVAL, unmap(memory, length + 1));
	EXPECT_EQ(EINVAL, unmap((char *)memory + 1, self->page));
	EXPECT_EQ(NO_ERROR, unmap((char *)memory + self->page, 1));
	EXPECT_EQ(EINVAL, unmap(memory, length));
	EXPECT_EQ(NO_ERROR, unmap(memory, self->page));
	EXPECT_EQ(NO_ERROR, unmap(end - self->page, self->page));
	EXPECT_EQ(-ENOENT, membank_region_find(self->bank, memory, &info));
	EXPECT_TRUE(test_all_bytes(end, 0x77, self->page));
}

TEST_F(memman, munmap_takes_several_mappings_and_protections_at_once)
{
	unsigned char *first = map(2 * self->page, self->bank);
	unsigned char *second = map(2 * self->page, 0);

	ASSERT_NE(NULL, first);
	ASSERT_NE(NULL, second);
	ASSERT_EQ(self->plain,
		  mremap(first, 2 * self->page, 2 * self->page,
			 MREMAP_MAYMOVE | MREMAP_FIXED, self->plain));
	ASSERT_EQ(self->plain + 2 * self->page,
		  mremap(second, 2 * self->page, 2 * self->page,
			 MREMAP_MAYMOVE | MREMAP_FIXED,
			 self->plain + 2 * self->page));
	ASSERT_EQ(0, mprotect(self->plain + self->page, self->page, PROT_NONE));
	EXPECT_EQ(NO_ERROR, unmap(self->plain, 4 * self->page));
	EXPECT_EQ(0, test_used());
}

/* --------------------------------------------- without the module's nodes */

/* A root folder without /dev: as where the module is not loaded. */
TEST_F(memman, without_nodes_it_is_einval_and_nothing_changes)
{
	unsigned char *memory = map(self->page, self->bank);
	__u64 used = test_used();

	ASSERT_NE(NULL, memory);
	EXPECT_EQ(self->page, used);
	memset(memory, 0x5a, self->page);
	ASSERT_EQ(0, chroot("/sys"));
	EXPECT_EQ(EINVAL,
		  map_error(NULL, self->page, PROT_RW, SEED_FLAGS, 0, 0));
	EXPECT_EQ(EINVAL, unmap(memory, self->page));
	EXPECT_TRUE(test_all_bytes(memory, 0x5a, self->page));

	/* What was opened before is a bank as ever. */
	EXPECT_NE(NULL, map(self->page, self->bank));
}

TEST_F(memman, without_access_or_descriptors_it_is_einval)
{
	unsigned char *memory = map(self->page, self->bank);
	struct rlimit none = { 0, 0 }, old;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	none.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(EINVAL,
		  map_error(NULL, self->page, PROT_RW, SEED_FLAGS, 0, 0));
	EXPECT_EQ(EINVAL, unmap(memory, self->page));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));

	be_nobody();
	EXPECT_EQ(EINVAL,
		  map_error(NULL, self->page, PROT_RW, SEED_FLAGS, 0, 0));
	EXPECT_EQ(EINVAL, unmap(memory, self->page));
	EXPECT_EQ(0, memory[0]);
}

/* /dev/membank is forbidden, and the node of one bank is not. */
TEST_F(memman, the_node_of_any_one_bank_is_enough_to_munmap)
{
	unsigned char *memory = map(self->page, self->bank);
	struct stat node;
	pid_t child;
	int ret;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, stat("/dev/membank1", &node));
	ASSERT_EQ(0, chmod("/dev/membank1", 0666));
	child = fork();
	if (!child) {
		be_nobody();
		_exit(map_error(NULL, self->page, PROT_RW, SEED_FLAGS, 0, 0) !=
			      EINVAL ||
		      unmap(memory, self->page));
	}
	ret = test_wait_child(child);
	ASSERT_EQ(0, chmod("/dev/membank1", node.st_mode & 07777));
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
