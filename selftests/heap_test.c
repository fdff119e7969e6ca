// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bank as a dma-buf heap: what a program that knows heaps, and nothing of
 * membank, gets from /dev/dma_heap/membank-NAME.
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"

#define LENGTH (MIB + 12 * KIB)

#define READ_OWN (MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_OWN)
#define WRITE_OWN (MEMBANK_DATASPACE_WRITE | MEMBANK_DATASPACE_OWN)

static bool heap_path(unsigned int bank, char *path, size_t size)
{
	char name[MEMBANK_NAME_MAX + 2];

	if (!test_attr(bank, "name", name, sizeof(name)))
		return false;
	snprintf(path, size, "/dev/dma_heap/membank-%s", name);
	return true;
}

static int heap_open(unsigned int bank)
{
	char path[128];
	int fd;

	if (!heap_path(bank, path, sizeof(path)))
		return -ENOENT;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The dataspace's descriptor or a negative errno. */
static int heap_ioctl(int heap, struct dma_heap_allocation_data data)
{
	const __u32 fd = data.fd;

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data)) {
		/* The kernel's own code sees to that. */
		return data.fd == fd ? -errno : -EPROTO;
	}
	return data.fd;
}

static int heap_alloc(int heap, __u64 length, __u32 fd_flags)
{
	return heap_ioctl(heap, (struct dma_heap_allocation_data){
					.len = length,
					.fd_flags = fd_flags,
				});
}

FIXTURE(heap)
{
	int dev;
	int heap;
	struct test_figures before;
};

FIXTURE_SETUP(heap)
{
	ASSERT_TRUE(test_banks_empty());
	self->before = test_figures(0);
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->heap = heap_open(0);
	/* Where the module is not there, the kernel must have no heaps. */
	if (self->heap == -ENOENT && access("/dev/dma_heap", F_OK))
		SKIP(return, "this kernel has no /dev/dma_heap");
	ASSERT_LE(0, self->heap);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(heap)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(heap, every_bank_that_is_not_private_has_a_node)
{
	struct membank_bank_info info = { .size = sizeof(info) };
	unsigned int banks = test_banks();
	char path[128];
	bool public;

	ASSERT_LE(1, banks);
	for (info.bank = 0; info.bank < banks; info.bank++) {
		test_ok(self->dev, MEMBANK_IOC_BANK_INFO, &info);
		public = !(info.out_flags & MEMBANK_BANK_PRIVATE);
		ASSERT_TRUE(heap_path(info.bank, path, sizeof(path)));
		EXPECT_EQ(public, access(path, F_OK) == 0);
	}
}

TEST_F(heap, memory_is_a_dataspace_of_its_bank)
{
	struct membank_dataspace_info info;
	unsigned int bank, banks = test_banks();
	int heap, fd;

	for (bank = 0; bank < banks; bank++) {
		heap = heap_open(bank);
		ASSERT_LE(0, heap);
		fd = heap_alloc(heap, LENGTH, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->dev, fd, &info));
		EXPECT_EQ(bank, info.out_bank);
		EXPECT_EQ(LENGTH, info.out_length);
		EXPECT_EQ(LENGTH, info.out_extent);
		EXPECT_EQ(LENGTH, test_number(bank, "used"));
		EXPECT_EQ(1, test_number(bank, "dataspaces"));
		EXPECT_EQ(READ_OWN | WRITE_OWN, info.out_rights);
		EXPECT_EQ(LENGTH, lseek(fd, 0, SEEK_END));
		close(fd);
		close(heap);
	}
}

TEST_F(heap, length_is_rounded_up_to_pages)
{
	struct membank_dataspace_info info;
	int fd = heap_alloc(self->heap, 1, O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(getpagesize(), info.out_length);
}

TEST_F(heap, memory_is_zero_when_it_was_used_before)
{
	struct membank_dataspace_info info;
	__u64 last = TEST_NONE;
	unsigned int same = 0;
	char *mem;
	int i, fd;

	for (i = 0; i < 8; i++) {
		fd = heap_alloc(self->heap, self->before.size, O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->dev, fd, &info));
		same += info.out_offset == last;
		last = info.out_offset;
		mem = test_map(fd, LENGTH);
		ASSERT_NE(MAP_FAILED, mem);
		ASSERT_TRUE(test_all_bytes(mem, 0, LENGTH));
		memset(mem, 0xa5, LENGTH);
		ASSERT_EQ(0, munmap(mem, LENGTH));
		close(fd);
		ASSERT_TRUE(test_wait_used(0));
	}
	/* The whole bank each time: the pages were the same. */
	EXPECT_EQ(7, same);
}

TEST_F(heap, access_mode_becomes_rights)
{
	static const struct {
		__u32 mode;
		__u32 rights;
	} modes[] = {
		{ O_RDONLY, READ_OWN },
		{ O_WRONLY, WRITE_OWN },
		{ O_RDWR, READ_OWN | WRITE_OWN },
	};
	struct membank_dataspace_info info;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = heap_alloc(self->heap, LENGTH, modes[i].mode);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->dev, fd, &info));
		EXPECT_EQ(modes[i].rights, info.out_rights);
		EXPECT_EQ(modes[i].mode, fcntl(fd, F_GETFL) & O_ACCMODE);
		close(fd);
	}
	EXPECT_EQ(-EINVAL, heap_alloc(self->heap, LENGTH, O_ACCMODE));
}

TEST_F(heap, memory_for_reading_is_not_written)
{
	int fd = heap_alloc(self->heap, LENGTH, O_RDONLY);
	char *mem;

	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, test_map(fd, LENGTH));
	EXPECT_EQ(EACCES, errno);
	mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, LENGTH));
	EXPECT_EQ(-1, mprotect(mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(heap, descriptor_is_closed_by_exec_if_asked)
{
	int fd = heap_alloc(self->heap, LENGTH, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	fd = heap_alloc(self->heap, LENGTH, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
}

TEST_F(heap, lengths_that_cannot_be_are_refused)
{
	const __u64 page = getpagesize(), size = self->before.size;
	unsigned int files = test_open_files();

	EXPECT_EQ(-EINVAL, heap_alloc(self->heap, 0, O_RDWR));
	/* Rounded up to pages, nothing is left of them. */
	EXPECT_EQ(-EINVAL, heap_alloc(self->heap, ~0ULL, O_RDWR));
	EXPECT_EQ(-ENOMEM, heap_alloc(self->heap, size + 1, O_RDWR));
	EXPECT_EQ(-ENOMEM, heap_alloc(self->heap, 1ULL << 63, O_RDWR));
	EXPECT_EQ(-ENOMEM, heap_alloc(self->heap, -page, O_RDWR));
	EXPECT_EQ(files, test_open_files());
	EXPECT_EQ(0, test_used());
}

TEST_F(heap, bank_that_is_full_has_no_more)
{
	int all = heap_alloc(self->heap, self->before.size, O_RDWR);

	ASSERT_LE(0, all);
	EXPECT_EQ(self->before.size, test_number(0, "used"));
	EXPECT_EQ(-ENOMEM, heap_alloc(self->heap, 1, O_RDWR));
	close(all);
	EXPECT_TRUE(test_wait_used(0));
	all = heap_alloc(self->heap, self->before.size, O_RDWR);
	EXPECT_LE(0, all);
}

TEST_F(heap, unknown_bits_are_refused)
{
	const struct dma_heap_allocation_data good = {
		.len = LENGTH,
		.fd_flags = O_RDWR,
	};
	struct dma_heap_allocation_data bad;
	unsigned int files = test_open_files(), bit;

	for (bit = 0; bit < 64; bit++) {
		bad = good;
		bad.heap_flags = 1ULL << bit;
		EXPECT_EQ(-EINVAL, heap_ioctl(self->heap, bad));
	}
	for (bit = 2; bit < 32; bit++) {
		bad = good;
		bad.fd_flags |= 1U << bit;
		if (1U << bit == O_CLOEXEC)
			continue;
		EXPECT_EQ(-EINVAL, heap_ioctl(self->heap, bad));
	}
	bad = good;
	bad.fd = 1;
	EXPECT_EQ(-EINVAL, heap_ioctl(self->heap, bad));
	EXPECT_EQ(files, test_open_files());
	EXPECT_EQ(0, test_used());
}

TEST_F(heap, commands_of_a_bank_are_not_for_its_heap)
{
	struct membank_get_info info = { .size = sizeof(info) };

	EXPECT_EQ(-1, ioctl(self->heap, MEMBANK_IOC_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, test_map(self->heap, LENGTH));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(heap, figures_come_back_to_the_byte)
{
	struct test_figures now;
	__u64 most = 0;
	int fds[16], i;

	for (i = 0; i < 16; i++) {
		fds[i] = heap_alloc(self->heap, (i + 1) * 4 * KIB, O_RDWR);
		ASSERT_LE(0, fds[i]);
	}
	most = test_number(0, "used");
	EXPECT_EQ(16 * 17 / 2 * 4 * KIB, most);
	for (i = 0; i < 16; i++)
		close(fds[i]);
	ASSERT_TRUE(test_wait_used(0));
	now = test_figures(0);
	EXPECT_EQ(self->before.free, now.free);
	EXPECT_EQ(self->before.largest_free, now.largest_free);
	EXPECT_EQ(0, now.dataspaces);
	TH_LOG("%llu bytes used by 16 allocations, %llu after them", most,
	       now.used);
}

TEST_HARNESS_MAIN
