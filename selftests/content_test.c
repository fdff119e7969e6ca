// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done with the bytes of a dataspace and its place: clearing, copying,
 * the physical address, the dma-buf's own calls, and sizes that are what is
 * left.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"

/* To the byte, and an extent that is longer. */
#define LENGTH (MIB + 777)

FIXTURE(content)
{
	int dev;
	int fd;
	size_t page;
	size_t extent;
	char *mem;
};

FIXTURE_SETUP(content)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->extent = MIB + self->page;
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, self->extent);
	ASSERT_NE(MAP_FAILED, self->mem);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(content)
{
	EXPECT_TRUE(test_banks_empty());
}

/* A pattern that no shift of it looks like. */
static void pattern(char *mem, size_t length, unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		mem[i] = rand_r(&seed) >> 8 | 1;
}

TEST_F(content, clear_clears_the_range_and_nothing_else)
{
	const struct {
		size_t offset, length;
	} ranges[] = {
		{ 0, 1 },
		{ LENGTH - 1, 1 },
		{ 0, self->page },
		{ self->page, self->page },
		{ 1, self->page },
		{ 5, 7 },
		{ self->page - 1, 2 },
		{ self->page - 3, 3 * self->page + 5 },
		{ 64, 512 * KIB + 1 },
		{ 512 * KIB + 13, 512 * KIB },
		{ MIB, 777 },
		{ 0, LENGTH },
	};
	char *want = malloc(self->extent);
	size_t i;

	ASSERT_NE(NULL, want);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		pattern(self->mem, self->extent, i + 1);
		memcpy(want, self->mem, self->extent);
		memset(want + ranges[i].offset, 0, ranges[i].length);
		ASSERT_EQ(0, handle_clear(self->dev, self->fd, ranges[i].offset,
					  ranges[i].length));
		EXPECT_EQ(0, memcmp(want, self->mem, self->extent));
	}
}

TEST_F(content, clear_of_large_ranges)
{
	const size_t length = 5 * GRAIN;
	int fd = test_alloc(self->dev, length, SUPER, 0);
	char *mem;

	ASSERT_LE(0, fd);
	mem = test_map(fd, length);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 9, length);
	ASSERT_EQ(0, handle_clear(self->dev, fd, GRAIN - 3, 3 * GRAIN + 5));
	EXPECT_TRUE(test_all_bytes(mem, 9, GRAIN - 3));
	EXPECT_TRUE(test_all_bytes(mem + GRAIN - 3, 0, 3 * GRAIN + 5));
	EXPECT_TRUE(test_all_bytes(mem + 4 * GRAIN + 2, 9, GRAIN - 2));
	ASSERT_EQ(0, handle_clear(self->dev, fd, 0, length));
	EXPECT_TRUE(test_all_bytes(mem, 0, length));
}

/* Ranges that do not lie in a dataspace of LENGTH bytes. */
static const struct {
	__u64 offset, length;
} outside[] = {
	{ 0, LENGTH + 1 },
	{ 1, LENGTH },
	{ LENGTH, 1 },
	{ LENGTH - 1, 2 },
	/* In the extent, and beyond what was asked for. */
	{ MIB + 1000, 1 },
	{ 0, MIB + 4096 },
	{ 1ULL << 32, 1 },
	{ 0, 1ULL << 32 },
	{ 1ULL << 63, 1 },
	{ 1, 1ULL << 63 },
	{ ~0ULL, 1 },
	{ ~0ULL, 2 },
	{ 1, ~0ULL },
	{ ~0ULL, ~0ULL },
	{ 1ULL << 63, 1ULL << 63 },
	{ ~0ULL - 4095, 4096 + 1 },
};

TEST_F(content, clear_refuses_what_is_wrong)
{
	int pipe_fds[2], closed;
	size_t i;

	pattern(self->mem, self->extent, 1);
	self->mem[0] = 1;
	for (i = 0; i < ARRAY_SIZE(outside); i++)
		EXPECT_EQ(-ERANGE,
			  handle_clear(self->dev, self->fd, outside[i].offset,
				       outside[i].length));
	EXPECT_EQ(-EINVAL, handle_clear(self->dev, self->fd, 0, 0));
	EXPECT_EQ(-EINVAL, handle_clear(self->dev, self->fd, LENGTH, 0));
	ASSERT_EQ(0, pipe(pipe_fds));
	closed = dup(self->dev);
	close(closed);
	EXPECT_EQ(-EBADF, handle_clear(self->dev, closed, 0, 1));
	EXPECT_EQ(-EINVAL, handle_clear(self->dev, pipe_fds[0], 0, 1));
	EXPECT_EQ(-EINVAL, handle_clear(self->dev, self->dev, 0, 1));
	for (i = 0; i < self->extent; i++)
		ASSERT_NE(0, self->mem[i]);
}

FIXTURE(copy)
{
	int dev;
	int fd;
	int from;
	size_t page;
	size_t extent;
	char *mem;
	char *source;
	char *want;
};

FIXTURE_VARIANT(copy)
{
	/* Where it is copied from: this bank, or the same dataspace. */
	int bank;
	bool same;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(copy, of_one_bank) { .bank = 0 };
FIXTURE_VARIANT_ADD(copy, of_two_banks) { .bank = 1 };
FIXTURE_VARIANT_ADD(copy, within_a_dataspace) { .same = true };
/* clang-format on */

FIXTURE_SETUP(copy)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->extent = MIB + self->page;
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->from = self->fd;
	if (!variant->same)
		self->from = test_alloc(test_open(variant->bank), LENGTH, 0, 0);
	ASSERT_LE(0, self->from);
	self->mem = test_map(self->fd, self->extent);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->source = test_map(self->from, self->extent);
	ASSERT_NE(MAP_FAILED, self->source);
	self->want = malloc(self->extent);
	ASSERT_NE(NULL, self->want);
}

FIXTURE_TEARDOWN_PARENT(copy)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Overlapping, too, where it is the same dataspace. */
TEST_F(copy, brings_the_bytes_and_nothing_else)
{
	const struct {
		size_t to, from, length;
	} ranges[] = {
		{ 0, 0, 1 },
		{ 0, 0, LENGTH },
		{ LENGTH - 1, 0, 1 },
		{ 0, LENGTH - 1, 1 },
		{ 1, 0, LENGTH - 1 },
		{ 0, 1, LENGTH - 1 },
		{ self->page, 0, LENGTH - self->page },
		{ 0, self->page, LENGTH - self->page },
		{ 3, 7, 512 * KIB },
		{ 7, 3, 512 * KIB },
		{ 0, 512 * KIB + 1, 300 * KIB },
		{ 512 * KIB + 1, 0, 300 * KIB },
		{ self->page - 1, 2 * self->page + 1, 2 * self->page },
		{ 100, 100, 5000 },
		{ MIB, 5, 777 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		pattern(self->mem, self->extent, 2 * i + 1);
		pattern(self->source, self->extent, 2 * i + 2);
		memcpy(self->want, self->mem, self->extent);
		memmove(self->want + ranges[i].to,
			self->source + ranges[i].from, ranges[i].length);
		ASSERT_EQ(0, handle_copy(self->dev, self->fd, ranges[i].to,
					 self->from, ranges[i].from,
					 ranges[i].length));
		EXPECT_EQ(0, memcmp(self->want, self->mem, self->extent));
	}
}

TEST_F(copy, refuses_ranges_outside_of_either)
{
	size_t i;

	pattern(self->mem, self->extent, 1);
	memcpy(self->want, self->mem, self->extent);
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		EXPECT_EQ(-ERANGE,
			  handle_copy(self->dev, self->fd, outside[i].offset,
				      self->from, 0, outside[i].length));
		EXPECT_EQ(-ERANGE,
			  handle_copy(self->dev, self->fd, 0, self->from,
				      outside[i].offset, outside[i].length));
	}
	EXPECT_EQ(-EINVAL,
		  handle_copy(self->dev, self->fd, 0, self->from, 0, 0));
	EXPECT_EQ(0, memcmp(self->want, self->mem, self->extent));
}

TEST_F(copy, refuses_what_is_no_dataspace)
{
	struct membank_dataspace_copy args = {
		.size = sizeof(args),
		.fd = self->fd,
		.from = self->from,
		.length = 1,
	};
	int pipe_fds[2], closed;
	__u32 flag;

	ASSERT_EQ(0, pipe(pipe_fds));
	closed = dup(self->dev);
	close(closed);
	EXPECT_EQ(-EBADF, handle_copy(self->dev, closed, 0, self->from, 0, 1));
	EXPECT_EQ(-EBADF, handle_copy(self->dev, self->fd, 0, closed, 0, 1));
	EXPECT_EQ(-EINVAL,
		  handle_copy(self->dev, pipe_fds[0], 0, self->from, 0, 1));
	EXPECT_EQ(-EINVAL,
		  handle_copy(self->dev, self->fd, 0, pipe_fds[0], 0, 1));
	for (flag = 1; flag; flag <<= 1) {
		args.flags = flag;
		EXPECT_EQ(-EOPNOTSUPP,
			  test_ioctl(self->dev, MEMBANK_IOC_DATASPACE_COPY,
				     &args));
	}
	args.flags = 0;
	EXPECT_EQ(0, test_ioctl(self->dev, MEMBANK_IOC_DATASPACE_COPY, &args));
}

/* ------------------------------------------------- physical addresses */

TEST_F(content, physical_address_is_that_of_the_page)
{
	const size_t offsets[] = { 0, 1, self->page, 3 * self->page + 5,
				   LENGTH - 1 };
	__u64 addr, length, real;
	size_t i;

	memset(self->mem, 1, self->extent);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(0, handle_phys(self->dev, self->fd, offsets[i], &addr,
					 &length));
		real = test_physical(self->mem + offsets[i]);
		ASSERT_NE(0, real);
		EXPECT_EQ(real + offsets[i] % self->page, addr);
		EXPECT_EQ(LENGTH - offsets[i], length);
	}
}

TEST_F(content, physical_address_refuses_what_is_outside)
{
	__u64 addr, length;

	EXPECT_EQ(-ERANGE,
		  handle_phys(self->dev, self->fd, LENGTH, &addr, &length));
	EXPECT_EQ(-ERANGE, handle_phys(self->dev, self->fd, self->extent - 1,
				       &addr, &length));
	EXPECT_EQ(-ERANGE,
		  handle_phys(self->dev, self->fd, ~0ULL, &addr, &length));
	EXPECT_EQ(-EINVAL,
		  handle_phys(self->dev, self->dev, 0, &addr, &length));
	EXPECT_EQ(-EBADF, handle_phys(self->dev, -1, 0, &addr, &length));
}

TEST_F(content, physical_address_needs_the_capability)
{
	__u64 addr, length;

	ASSERT_EQ(0, test_drop_capability(CAP_SYS_RAWIO));
	EXPECT_EQ(-EPERM, handle_phys(self->dev, self->fd, 0, &addr, &length));
	/* Nothing is told about others' descriptors either. */
	EXPECT_EQ(-EPERM,
		  handle_phys(self->dev, self->fd, LENGTH, &addr, &length));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	EXPECT_EQ(-EPERM, handle_phys(self->dev, self->fd, 0, &addr, &length));
}

/* ------------------------------------------- what every dma-buf can do */

TEST_F(content, every_sync_is_as_the_protocol_says)
{
	struct dma_buf_sync sync;
	__u64 flags;
	int want;

	for (flags = 0; flags < 16; flags++) {
		want = flags & ~(__u64)DMA_BUF_SYNC_VALID_FLAGS_MASK ||
				       !(flags & DMA_BUF_SYNC_RW) ?
			       -1 :
			       0;
		sync.flags = flags;
		errno = 0;
		EXPECT_EQ(want, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
		EXPECT_EQ(want ? EINVAL : 0, errno);
	}
	for (flags = 8; flags; flags <<= 1) {
		sync.flags = flags | DMA_BUF_SYNC_RW;
		EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, NULL));
	EXPECT_EQ(EFAULT, errno);
}

static bool fdinfo_has(int fd, const char *want)
{
	char path[64], line[128];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found |= !strcmp(line, want);
	}
	fclose(file);
	return found;
}

TEST_F(content, name_is_shown_and_can_change)
{
	char long_name[64];

	ASSERT_EQ(0, ioctl(self->fd, DMA_BUF_SET_NAME, "first"));
	EXPECT_TRUE(fdinfo_has(self->fd, "name:\tfirst"));
	ASSERT_EQ(0, ioctl(self->fd, DMA_BUF_SET_NAME, "second"));
	EXPECT_TRUE(fdinfo_has(self->fd, "name:\tsecond"));
	EXPECT_FALSE(fdinfo_has(self->fd, "name:\tfirst"));

	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_SET_NAME, long_name));
	EXPECT_TRUE(fdinfo_has(self->fd, "name:\tsecond"));
	EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_SET_NAME, NULL));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(content, fdinfo_tells_the_extent)
{
	char want[64];

	snprintf(want, sizeof(want), "size:\t%zu", self->extent);
	EXPECT_TRUE(fdinfo_has(self->fd, want));
	EXPECT_TRUE(fdinfo_has(self->fd, "exp_name:\tmembank"));
	EXPECT_TRUE(fdinfo_has(handle_derive(self->dev, self->fd, READ), want));
}

TEST_F(content, seeking_tells_the_extent_and_nothing_else)
{
	static const struct {
		off_t offset;
		int whence;
	} wrong[] = {
		{ 1, SEEK_SET },  { -1, SEEK_SET }, { 1, SEEK_END },
		{ -1, SEEK_END }, { 0, SEEK_CUR },  { 0, SEEK_DATA },
		{ 0, SEEK_HOLE }, { 0, 17 },
	};
	size_t i;

	EXPECT_EQ(self->extent, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-1,
			  lseek(self->fd, wrong[i].offset, wrong[i].whence));
		EXPECT_EQ(EINVAL, errno);
	}
}

/* ---------------------------------------------- what is left of a bank */

FIXTURE(rest)
{
	int dev;
	size_t page;
	__u64 size;
};

FIXTURE_SETUP(rest)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->size = test_number(0, "size");
}

FIXTURE_TEARDOWN_PARENT(rest)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(rest, of_an_empty_bank_is_all_but_what_stays)
{
	const __s64 size = self->size, page = self->page;
	const struct {
		__s64 leave;
		__s64 want;
	} cases[] = {
		{ 1, size - page },
		{ page - 1, size - page },
		{ page, size - page },
		{ page + 1, size - 2 * page },
		{ GRAIN, size - GRAIN },
		{ size / 2, size / 2 },
		{ size / 2 + 1, size / 2 - page },
		{ size - 2 * page, 2 * page },
		{ size - page, page },
		{ size - page + 1, -ENOMEM },
		{ size - 1, -ENOMEM },
		{ size, -ENOMEM },
		{ size + 1, -ENOMEM },
		{ LONG_MAX, -ENOMEM },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		TH_LOG("leave %lld", cases[i].leave);
		EXPECT_EQ(cases[i].want, handle_rest(self->dev, cases[i].leave,
						     CONTINUOUS, 0));
		EXPECT_EQ(0, test_used());
	}
	/* The least number there is; and no negative one at all. */
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, 1ULL << 63, CONTINUOUS, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 0, CONTINUOUS, 0));
}

TEST_F(rest, needs_to_be_asked_for)
{
	EXPECT_EQ(-ERANGE, handle_rest(self->dev, 1, 0, 0));
	EXPECT_EQ(-ERANGE,
		  handle_rest(self->dev, 1, MEMBANK_DATASPACE_PINNED, 0));
	EXPECT_EQ(-ERANGE, handle_rest(self->dev, 1, SUPER, 0));
	EXPECT_EQ(-ERANGE, handle_rest(self->dev, 1, CONTINUOUS, 31));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 1ULL << 63, 0, 0));
}

TEST_F(rest, in_super_pages_is_whole_ones)
{
	const __u32 flags = CONTINUOUS | SUPER;
	const __s64 size = self->size;

	EXPECT_EQ(size - GRAIN, handle_rest(self->dev, 1, flags, 0));
	EXPECT_EQ(size - GRAIN, handle_rest(self->dev, GRAIN, flags, 0));
	EXPECT_EQ(size - 2 * GRAIN,
		  handle_rest(self->dev, GRAIN + 1, flags, 0));
	EXPECT_EQ(GRAIN, handle_rest(self->dev, size - GRAIN, flags, 0));
	EXPECT_EQ(-ENOMEM, handle_rest(self->dev, size - GRAIN + 1, flags, 0));
}

/* Largest extent of a multiple of @grain there with this alignment. */
static __u64 fits(__u64 base, __u64 begin, __u64 end, __u64 align, __u64 grain)
{
	__u64 first = (base + begin + align - 1) / align * align - base;

	return first < end ? (end - first) / grain * grain : 0;
}

TEST_F(rest, of_a_bank_in_pieces_is_the_largest_one)
{
	const __s64 page = self->page;
	struct membank_dataspace_info info;
	__u64 base, length, at, end, want, left, right;
	int fd[3], i;
	__u32 align;

	/* Three in a row, of which the last two stay: two free pieces. */
	for (i = 0; i < 3; i++) {
		fd[i] = test_alloc(self->dev, 5 * GRAIN + page, 0, 0);
		ASSERT_LE(0, fd[i]);
	}
	ASSERT_EQ(0, handle_phys(self->dev, fd[1], 0, &base, &length));
	ASSERT_EQ(0, test_info(self->dev, fd[1], &info));
	close(fd[0]);
	close(fd[2]);
	at = info.out_offset;
	end = at + info.out_extent;
	base -= at;

	for (align = 0; align <= 24; align++) {
		left = fits(base, 0, at, 1ULL << (align < 12 ? 12 : align),
			    page);
		right = fits(base, end, self->size,
			     1ULL << (align < 12 ? 12 : align), page);
		want = left > right ? left : right;
		TH_LOG("align %u", align);
		EXPECT_EQ(want,
			  handle_rest(self->dev, page, CONTINUOUS, align));
	}
	left = fits(base, 0, at, GRAIN, GRAIN);
	right = fits(base, end, self->size, GRAIN, GRAIN);
	want = left > right ? left : right;
	EXPECT_EQ(want, handle_rest(self->dev, page, CONTINUOUS | SUPER, 0));

	/* What is to stay counts the smaller piece, too. */
	want = self->size - info.out_extent;
	left = at > self->size - end ? self->size - end : at;
	EXPECT_EQ(want - left, handle_rest(self->dev, left, CONTINUOUS, 0));
	EXPECT_EQ(want - left - page,
		  handle_rest(self->dev, left + 1, CONTINUOUS, 0));
	EXPECT_EQ(page, handle_rest(self->dev, want - page, CONTINUOUS, 0));
	EXPECT_EQ(-ENOMEM, handle_rest(self->dev, want, CONTINUOUS, 0));
}

TEST_F(rest, of_a_full_bank_is_nothing)
{
	int fd = test_alloc(self->dev, self->size, 0, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOMEM, handle_rest(self->dev, 1, CONTINUOUS, 0));
}

TEST_F(rest, of_any_bank_is_zeroed_memory)
{
	int any = test_open(TEST_ANY), fd;
	__u64 length;
	char *mem;

	ASSERT_LE(0, any);
	fd = test_alloc(any, -(__u64)GRAIN, CONTINUOUS, 0);
	ASSERT_LE(0, fd);
	length = lseek(fd, 0, SEEK_END);
	ASSERT_LE(GRAIN, length);
	EXPECT_EQ(length, test_used());
	mem = test_map(fd, length);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, length));
}

TEST_HARNESS_MAIN
