// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's functions for dataspaces, on the real module: what each does
 * with a right call and with each wrong one. What the commands themselves do is
 * tested beside the files of the module.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"

#define NOBODY 65534
#define NO_FD 1000000
#define BYTES 12345
#define UNKNOWN 0x80000000U

#define READ MEMBANK_DATASPACE_READ
#define WRITE MEMBANK_DATASPACE_WRITE
#define OWN MEMBANK_DATASPACE_OWN

/* What no call that fails may have written. */
#define JUNK_FD 0xcccccc
#define JUNK_NUMBER 0xccccccccccccccccULL

FIXTURE(dataspace)
{
	size_t page;
	int dev;
	int null;
	/* Of BYTES bytes, attached at memory, full of 0x5a. */
	int all;
	unsigned char *memory;
	/* The same one, with fewer rights. */
	int reads;
	int writes;
	int owns;
	int fd;
};

FIXTURE_SETUP(dataspace)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open("0", &self->dev));
	ASSERT_EQ(0,
		  membank_dataspace_alloc(self->dev, BYTES, 0, 0, &self->all));
	ASSERT_EQ(0, membank_region_attach(self->dev, self->all, 0, 0, 0, 0,
					   NULL, (void **)&self->memory));
	memset(self->memory, 0x5a, BYTES);
	ASSERT_EQ(0, membank_dataspace_derive(self->dev, self->all, READ,
					      &self->reads));
	ASSERT_EQ(0, membank_dataspace_derive(self->dev, self->all, WRITE,
					      &self->writes));
	ASSERT_EQ(0, membank_dataspace_derive(self->dev, self->all, OWN,
					      &self->owns));
	self->fd = JUNK_FD;
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(dataspace)
{
	EXPECT_TRUE(test_banks_empty());
}

static __u32 rights_of(int dev, int fd)
{
	struct membank_dataspace_info info;

	memset(&info, TEST_JUNK, sizeof(info));
	return membank_dataspace_info(dev, fd, &info) ? 0 : info.out_rights;
}

/* --------------------------------------------------------------- allocating */

TEST_F(dataspace, alloc_gives_all_rights)
{
	EXPECT_EQ(READ | WRITE | OWN, rights_of(self->dev, self->all));
}

TEST_F(dataspace, alloc_of_all_but_so_much)
{
	const __s64 left = 8 * MIB;
	struct membank_dataspace_info info;
	struct test_figures before = test_figures(0);

	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, -left,
					     MEMBANK_DATASPACE_CONTINUOUS, 0,
					     &self->fd));
	ASSERT_EQ(0, membank_dataspace_info(self->dev, self->fd, &info));
	EXPECT_EQ(before.free - left, info.out_length);
	EXPECT_EQ(left, test_number(0, "free"));
}

TEST_F(dataspace, alloc_refuses)
{
	const __u32 flag = MEMBANK_DATASPACE_CONTINUOUS;
	__s64 size = test_number(0, "size");

	EXPECT_EQ(-ERANGE,
		  membank_dataspace_alloc(self->dev, 0, flag, 0, &self->fd));
	EXPECT_EQ(-ERANGE,
		  membank_dataspace_alloc(self->dev, -1, 0, 0, &self->fd));
	EXPECT_EQ(-ERANGE,
		  membank_dataspace_alloc(self->dev, -MIB, 0, 0, &self->fd));
	EXPECT_EQ(-ERANGE, membank_dataspace_alloc(self->dev, size + 1, flag, 0,
						   &self->fd));
	EXPECT_EQ(-ENOMEM, membank_dataspace_alloc(self->dev, -size, flag, 0,
						   &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
}

/* ------------------------------------------------------------------- rights */

TEST_F(dataspace, derive_gives_just_these_rights)
{
	__u32 rights;

	for (rights = 1; rights <= (READ | WRITE | OWN); rights++) {
		ASSERT_EQ(0, membank_dataspace_derive(self->dev, self->all,
						      rights, &self->fd));
		EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
		EXPECT_EQ(rights, rights_of(self->dev, self->fd));
		ASSERT_EQ(0, close(self->fd));
	}
}

TEST_F(dataspace, derive_refuses)
{
	struct {
		int ret, dev, fd;
		__u32 rights;
	} wrong[] = {
		{ -EACCES, self->dev, self->reads, WRITE },
		{ -EACCES, self->dev, self->reads, READ | WRITE },
		{ -EACCES, self->dev, self->reads, OWN },
		{ -EACCES, self->dev, self->owns, READ },
		{ -EINVAL, self->dev, self->all, 0 },
		{ -EINVAL, self->dev, self->null, READ },
		{ -EOPNOTSUPP, self->dev, self->all, UNKNOWN },
		{ -EBADF, self->dev, NO_FD, READ },
		{ -EBADF, NO_FD, self->all, READ },
		{ -ENOTTY, self->null, self->all, READ },
		{ -ENOTTY, self->all, self->all, READ },
	};
	struct rlimit none = { 0, 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(wrong[i].ret,
			  membank_dataspace_derive(wrong[i].dev, wrong[i].fd,
						   wrong[i].rights, &self->fd))
	TH_LOG("row %zu", i);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, membank_dataspace_derive(self->dev, self->all, READ,
						    &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(dataspace, what_may_only_be_read_is_attached_read_only)
{
	unsigned char *addr = NULL;

	EXPECT_EQ(-EACCES, membank_region_attach(self->dev, self->reads, 0, 0,
						 0, 0, NULL, (void **)&addr));
	EXPECT_EQ(-EACCES, membank_region_attach(self->dev, self->writes, 0, 0,
						 0, 0, NULL, (void **)&addr));
	EXPECT_EQ(-EACCES, membank_region_attach(self->dev, self->owns, 0, 0,
						 MEMBANK_REGION_READ_ONLY, 0,
						 NULL, (void **)&addr));
	EXPECT_EQ(NULL, addr);
	ASSERT_EQ(0, membank_region_attach(self->dev, self->reads, 0, 0,
					   MEMBANK_REGION_READ_ONLY, 0, NULL,
					   (void **)&addr));
	EXPECT_TRUE(test_all_bytes(addr, 0x5a, BYTES));
}

TEST_F(dataspace, sync_needs_the_right)
{
	EXPECT_EQ(0, membank_sync_start(self->reads, MEMBANK_ACCESS_READ));
	EXPECT_EQ(0, membank_sync_end(self->reads, MEMBANK_ACCESS_READ));
	EXPECT_EQ(-EACCES,
		  membank_sync_start(self->reads, MEMBANK_ACCESS_WRITE));
	EXPECT_EQ(-EACCES, membank_sync_end(self->reads, MEMBANK_ACCESS_WRITE));
	EXPECT_EQ(-EACCES,
		  membank_sync_start(self->writes, MEMBANK_ACCESS_READ));
}

/* ------------------------------------------------------------------ content */

TEST_F(dataspace, clear_writes_zeroes_there_and_nowhere_else)
{
	ASSERT_EQ(0, membank_dataspace_clear(self->dev, self->writes, 4000, 7));
	EXPECT_TRUE(test_all_bytes(self->memory, 0x5a, 4000));
	EXPECT_TRUE(test_all_bytes(self->memory + 4000, 0, 7));
	EXPECT_TRUE(test_all_bytes(self->memory + 4007, 0x5a, BYTES - 4007));
	ASSERT_EQ(0, membank_dataspace_clear(self->dev, self->all, 0, BYTES));
	EXPECT_TRUE(test_all_bytes(self->memory, 0, BYTES));
}

TEST_F(dataspace, clear_refuses)
{
	struct {
		int ret, dev, fd;
		__u64 offset, length;
	} wrong[] = {
		{ -EACCES, self->dev, self->reads, 0, 1 },
		{ -EACCES, self->dev, self->owns, 0, 1 },
		{ -EINVAL, self->dev, self->all, 0, 0 },
		{ -EINVAL, self->dev, self->null, 0, 1 },
		{ -ERANGE, self->dev, self->all, 0, BYTES + 1 },
		{ -ERANGE, self->dev, self->all, BYTES, 1 },
		{ -ERANGE, self->dev, self->all, 1, UINT64_MAX },
		{ -EBADF, self->dev, NO_FD, 0, 1 },
		{ -EBADF, NO_FD, self->all, 0, 1 },
		{ -ENOTTY, self->null, self->all, 0, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(wrong[i].ret,
			  membank_dataspace_clear(wrong[i].dev, wrong[i].fd,
						  wrong[i].offset,
						  wrong[i].length))
	TH_LOG("row %zu", i);
	EXPECT_TRUE(test_all_bytes(self->memory, 0x5a, BYTES));
}

TEST_F(dataspace, copy_from_another_bank)
{
	unsigned char *other = NULL;
	int bank;

	ASSERT_EQ(0, membank_open("1", &bank));
	ASSERT_EQ(0, membank_dataspace_alloc(bank, MIB, 0, 0, &self->fd));
	ASSERT_EQ(0, membank_region_attach(bank, self->fd, 0, 0, 0, 0, NULL,
					   (void **)&other));
	memcpy(self->memory + 100, "membank", 7);
	ASSERT_EQ(0, membank_dataspace_copy(self->dev, self->fd, 8190,
					    self->reads, 99, 9));
	EXPECT_TRUE(test_all_bytes(other, 0, 8190));
	EXPECT_EQ(0, memcmp(other + 8190, "ZmembankZ", 9));
	EXPECT_TRUE(test_all_bytes(other + 8199, 0, MIB - 8199));
}

TEST_F(dataspace, copy_within_one_where_it_overlaps)
{
	memcpy(self->memory, "0123456789", 10);
	ASSERT_EQ(0, membank_dataspace_copy(self->dev, self->all, 3, self->all,
					    0, 10));
	EXPECT_EQ(0, memcmp(self->memory, "0120123456789Z", 14));
	ASSERT_EQ(0, membank_dataspace_copy(self->dev, self->writes, 0,
					    self->reads, 3, 10));
	EXPECT_EQ(0, memcmp(self->memory, "0123456789789Z", 14));
}

TEST_F(dataspace, copy_refuses)
{
	int all = self->all;
	struct {
		int ret, dev, to;
		__u64 offset;
		int from;
		__u64 from_offset, length;
	} wrong[] = {
		{ -EACCES, self->dev, self->reads, 0, all, 0, 1 },
		{ -EACCES, self->dev, all, 0, self->writes, 0, 1 },
		{ -EACCES, self->dev, self->owns, 0, self->owns, 0, 1 },
		{ -EINVAL, self->dev, all, 0, all, 1, 0 },
		{ -EINVAL, self->dev, self->null, 0, all, 0, 1 },
		{ -EINVAL, self->dev, all, 0, self->null, 0, 1 },
		{ -ERANGE, self->dev, all, BYTES, all, 0, 1 },
		{ -ERANGE, self->dev, all, 0, all, BYTES, 1 },
		{ -ERANGE, self->dev, all, 1, all, 0, BYTES },
		{ -ERANGE, self->dev, all, 0, all, 1, BYTES },
		{ -ERANGE, self->dev, all, 1, all, 2, UINT64_MAX },
		{ -EBADF, self->dev, NO_FD, 0, all, 0, 1 },
		{ -EBADF, self->dev, all, 0, NO_FD, 0, 1 },
		{ -EBADF, NO_FD, all, 0, all, 0, 1 },
		{ -ENOTTY, self->null, all, 0, all, 0, 1 },
	};
	size_t i;

	memcpy(self->memory, "0123456789", 10);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(wrong[i].ret,
			  membank_dataspace_copy(wrong[i].dev, wrong[i].to,
						 wrong[i].offset, wrong[i].from,
						 wrong[i].from_offset,
						 wrong[i].length))
	TH_LOG("row %zu", i);
	EXPECT_EQ(0, memcmp(self->memory, "0123456789", 10));
	EXPECT_TRUE(test_all_bytes(self->memory + 10, 0x5a, BYTES - 10));
}

TEST_F(dataspace, phys_tells_where_each_byte_is)
{
	uint64_t addr = JUNK_NUMBER, length = JUNK_NUMBER;
	__u64 start = test_physical(self->memory);

	ASSERT_NE(0, start);
	ASSERT_EQ(0, membank_dataspace_phys(self->dev, self->owns, 0, &addr,
					    &length));
	EXPECT_EQ(start, addr);
	EXPECT_EQ(BYTES, length);
	ASSERT_EQ(0, membank_dataspace_phys(self->dev, self->all, 5000, &addr,
					    &length));
	EXPECT_EQ(start + 5000, addr);
	EXPECT_EQ(test_physical(self->memory + 5000) + 5000 % self->page, addr);
	EXPECT_EQ(BYTES - 5000, length);
	ASSERT_EQ(0, membank_dataspace_phys(self->dev, self->all, BYTES - 1,
					    &addr, NULL));
	EXPECT_EQ(start + BYTES - 1, addr);
}

TEST_F(dataspace, phys_refuses)
{
	uint64_t addr = JUNK_NUMBER, length = JUNK_NUMBER;
	struct {
		int ret, dev, fd;
		__u64 offset;
	} wrong[] = {
		{ -ERANGE, self->dev, self->all, BYTES },
		{ -ERANGE, self->dev, self->all, UINT64_MAX },
		{ -EINVAL, self->dev, self->null, 0 },
		{ -EBADF, self->dev, NO_FD, 0 },
		{ -EBADF, NO_FD, self->all, 0 },
		{ -ENOTTY, self->null, self->all, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(wrong[i].ret,
			  membank_dataspace_phys(wrong[i].dev, wrong[i].fd,
						 wrong[i].offset, &addr,
						 &length))
	TH_LOG("row %zu", i);

	/* Without CAP_SYS_RAWIO. */
	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(-EPERM, membank_dataspace_phys(self->dev, self->all, 0, &addr,
						 &length));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(JUNK_NUMBER, addr);
	EXPECT_EQ(JUNK_NUMBER, length);
}

/* ------------------------------------------------------------------- revoke */

TEST_F(dataspace, revoke_takes_the_memory_from_who_has_it)
{
	pid_t child;

	ASSERT_EQ(0, membank_dataspace_revoke(self->dev, self->owns));
	EXPECT_TRUE(test_wait_used(0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* What watches memory would tell of it, and exit. */
		signal(SIGBUS, SIG_DFL);
		_exit(test_all_bytes(self->memory, 0x5a, 1));
	}
	EXPECT_EQ(-SIGBUS, test_wait_child(child));
}

TEST_F(dataspace, revoked_is_enodev_everywhere)
{
	struct membank_offer offer = { .fd = self->all, .rights = READ }, got;
	uint64_t addr = JUNK_NUMBER, length = JUNK_NUMBER;
	int dev = self->dev, live, service;
	struct membank_dataspace_info info;
	unsigned int count = 1;
	void *place = NULL;

	memset(&got, TEST_JUNK, sizeof(got));
	ASSERT_EQ(0, membank_service_register(dev, "lends", &offer, 1, 0222,
					      &service));
	ASSERT_EQ(0, membank_dataspace_alloc(dev, BYTES, 0, 0, &live));
	ASSERT_EQ(0, membank_dataspace_revoke(dev, self->all));

	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-ENODEV, membank_dataspace_info(dev, self->all, &info));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
	EXPECT_EQ(-ENODEV,
		  membank_dataspace_derive(dev, self->all, READ, &self->fd));
	EXPECT_EQ(-ENODEV, membank_dataspace_clear(dev, self->writes, 0, 1));
	EXPECT_EQ(-ENODEV,
		  membank_dataspace_copy(dev, live, 0, self->reads, 0, 1));
	EXPECT_EQ(-ENODEV,
		  membank_dataspace_copy(dev, self->writes, 0, live, 0, 1));
	EXPECT_EQ(-ENODEV,
		  membank_dataspace_phys(dev, self->all, 0, &addr, &length));
	EXPECT_EQ(-ENODEV, membank_dataspace_revoke(dev, self->owns));
	EXPECT_EQ(-ENODEV, membank_region_attach(dev, self->all, 0, 0, 0, 0,
						 NULL, &place));
	EXPECT_EQ(-ENODEV, membank_sync_start(self->all, MEMBANK_ACCESS_READ));
	EXPECT_EQ(-ENODEV, membank_service_connect(dev, "lends", 0, &got,
						   &count, NULL, &self->fd));
	EXPECT_TRUE(test_all_bytes(&got, TEST_JUNK, sizeof(got)));
	EXPECT_EQ(JUNK_NUMBER, addr);
	EXPECT_EQ(JUNK_NUMBER, length);
	EXPECT_EQ(NULL, place);
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(dataspace, revoke_refuses)
{
	int dev = self->dev;

	EXPECT_EQ(-EACCES, membank_dataspace_revoke(dev, self->reads));
	EXPECT_EQ(-EACCES, membank_dataspace_revoke(dev, self->writes));
	EXPECT_EQ(-EINVAL, membank_dataspace_revoke(dev, self->null));
	EXPECT_EQ(-EBADF, membank_dataspace_revoke(dev, NO_FD));
	EXPECT_EQ(-EBADF, membank_dataspace_revoke(NO_FD, self->all));
	EXPECT_EQ(-ENOTTY, membank_dataspace_revoke(self->null, self->all));
	EXPECT_TRUE(test_all_bytes(self->memory, 0x5a, BYTES));
}

TEST_HARNESS_MAIN
