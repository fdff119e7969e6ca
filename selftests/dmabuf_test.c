// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace is a dma-buf: what the kernel's own users of dma-bufs do with it.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "camera.h"
#include "common.h"

#define LENGTH MIB

FIXTURE(dmabuf)
{
	int dev;
	int fd;
	char *mem;
};

FIXTURE_SETUP(dmabuf)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(dmabuf)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(dmabuf, cpu_access_begins_and_ends)
{
	static const __u64 directions[] = {
		DMA_BUF_SYNC_READ,
		DMA_BUF_SYNC_WRITE,
		DMA_BUF_SYNC_RW,
	};
	struct dma_buf_sync sync;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		sync.flags = DMA_BUF_SYNC_START | directions[i];
		EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
		memset(self->mem, i, LENGTH);
		sync.flags = DMA_BUF_SYNC_END | directions[i];
		EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
		EXPECT_TRUE(test_all_bytes(self->mem, i, LENGTH));
	}
	sync.flags = DMA_BUF_SYNC_START;
	EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(dmabuf, nothing_is_waited_for_where_no_device_works)
{
	struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN | POLLOUT };

	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_fd.revents);
}

TEST_F(dmabuf, size_is_the_extent)
{
	int fd = test_alloc(self->dev, 1, MEMBANK_DATASPACE_SUPER_PAGES, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(GRAIN, lseek(fd, 0, SEEK_END));
}

TEST_F(dmabuf, is_not_read_or_written_as_a_file)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
}

FIXTURE(camera)
{
	int dev;
	struct camera camera;
	size_t length;
	/* Set by the setup, for the teardown in the parent. */
	bool loaded;
};

FIXTURE_VARIANT(camera)
{
	int allocator;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(camera, by_cpu_mapping) { .allocator = CAMERA_BY_CPU };
FIXTURE_VARIANT_ADD(camera, by_dma_mapping) { .allocator = CAMERA_BY_DMA };
/* clang-format on */

#define BUFFERS 2

FIXTURE_SETUP(camera)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->loaded = camera_load(variant->allocator);
	if (!self->loaded)
		return;
	ASSERT_EQ(0, camera_open(&self->camera, V4L2_BUF_TYPE_VIDEO_CAPTURE,
				 BUFFERS));
	self->length = camera_length(&self->camera);
}

FIXTURE_TEARDOWN_PARENT(camera)
{
	if (self->loaded)
		EXPECT_TRUE(camera_is_free());
	EXPECT_TRUE(test_banks_empty());
}

/* How many different bytes there are: a picture has some. */
static unsigned int colours(const unsigned char *mem, size_t length)
{
	bool seen[256] = {};
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < length; i++)
		seen[mem[i]] = true;
	for (i = 0; i < 256; i++)
		count += seen[i];
	return count;
}

TEST_F_TIMEOUT(camera, fills_dataspaces_and_nothing_else, TEST_SLOW)
{
	int fd[BUFFERS], i;
	struct v4l2_buffer buffer;
	struct dma_buf_sync sync;
	char *mem[BUFFERS], *behind;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	for (i = 0; i < BUFFERS; i++) {
		fd[i] = test_alloc(self->dev, self->length, 0, 0);
		ASSERT_LE(0, fd[i]);
		mem[i] = test_map(fd[i], self->length);
		ASSERT_NE(MAP_FAILED, mem[i]);
		ASSERT_EQ(0, camera_queue(&self->camera, i, fd[i]));
	}
	ASSERT_EQ(0, camera_stream(&self->camera, true));
	for (i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, camera_dequeue(&self->camera, &buffer));
		ASSERT_GT(BUFFERS, buffer.index);
		EXPECT_EQ(self->camera.image, buffer.bytesused);

		sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ;
		ASSERT_EQ(0,
			  ioctl(fd[buffer.index], DMA_BUF_IOCTL_SYNC, &sync));
		EXPECT_LT(4, colours((void *)mem[buffer.index],
				     self->camera.image));
		behind = mem[buffer.index] + self->camera.image;
		EXPECT_TRUE(test_all_bytes(behind, 0,
					   self->length - self->camera.image));
		sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
		ASSERT_EQ(0,
			  ioctl(fd[buffer.index], DMA_BUF_IOCTL_SYNC, &sync));
	}
	ASSERT_EQ(0, camera_stream(&self->camera, false));
}

TEST_F_TIMEOUT(camera, that_imported_a_dataspace_keeps_it_alive, TEST_SLOW)
{
	struct v4l2_buffer buffer;
	void *mem;
	int fd;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, self->length);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, camera_queue(&self->camera, 0, fd));
	close(fd);
	ASSERT_EQ(0, munmap(mem, self->length));
	EXPECT_EQ(self->length, test_used());
	EXPECT_EQ(1, test_number(0, "dataspaces"));

	/* It still writes there, where nobody looks. */
	ASSERT_EQ(0, camera_stream(&self->camera, true));
	ASSERT_EQ(0, camera_dequeue(&self->camera, &buffer));
	EXPECT_EQ(self->length, test_used());
	ASSERT_EQ(0, camera_stream(&self->camera, false));
	close(self->camera.fd);
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F_TIMEOUT(camera, refuses_a_dataspace_that_is_too_small, TEST_SLOW)
{
	int fd;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	fd = test_alloc(self->dev, 4 * KIB, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, camera_queue(&self->camera, 0, fd));
	close(fd);
	EXPECT_TRUE(test_wait_used(0));
}

int main(int argc, char **argv)
{
	camera_until_exit();
	return test_harness_run(argc, argv);
}
