// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace is a dma-buf: what the kernel's own users of dma-bufs do with it.
 * The device is vivid, the kernel's virtual camera, which imports dma-bufs by
 * either of the two ways that drivers have: mapped for DMA, or for the CPU.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

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

TEST_F(dmabuf, name_shows_in_fdinfo)
{
	char path[64], line[128];
	bool found = false;
	FILE *file;

	ASSERT_EQ(0, ioctl(self->fd, DMA_BUF_SET_NAME, "picture"));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, "name:\tpicture\n");
	fclose(file);
	EXPECT_TRUE(found);
}

TEST_F(dmabuf, nothing_is_waited_for_where_no_device_works)
{
	struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN | POLLOUT };

	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_fd.revents);
}

TEST_F(dmabuf, size_is_told_by_lseek)
{
	EXPECT_EQ(LENGTH, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(-1, lseek(self->fd, 1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
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
	int video;
	__u32 image;
	size_t length;
	/* Set by the setup, for the teardown in the parent. */
	bool loaded;
};

FIXTURE_VARIANT(camera)
{
	/* vivid's parameter allocators. */
	int allocator;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(camera, by_cpu_mapping) { .allocator = 0 };
FIXTURE_VARIANT_ADD(camera, by_dma_mapping) { .allocator = 1 };
/* clang-format on */

#define BUFFERS 2

static int open_camera(void)
{
	struct v4l2_capability capability;
	char path[32];
	int i, fd;

	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &capability) &&
		    !strcmp((char *)capability.driver, "vivid"))
			return fd;
		close(fd);
	}
	return -1;
}

FIXTURE_SETUP(camera)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_requestbuffers buffers = {
		.count = BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	char command[96];

	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);

	snprintf(command, sizeof(command),
		 "modprobe -q vivid node_types=1 allocators=%d 2>/dev/null",
		 variant->allocator);
	self->loaded = system(command) == 0;
	if (!self->loaded)
		return;
	self->video = open_camera();
	ASSERT_LE(0, self->video);
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_G_FMT, &format));
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_S_FMT, &format));
	self->image = format.fmt.pix.sizeimage;
	ASSERT_LT(0, self->image);
	self->length = 2 * (self->image / MIB + 1) * MIB;
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_REQBUFS, &buffers));
}

FIXTURE_TEARDOWN_PARENT(camera)
{
	if (self->loaded)
		EXPECT_EQ(0, system("rmmod vivid"));
	EXPECT_TRUE(test_banks_empty());
}

static int queue(int video, int index, int fd)
{
	struct v4l2_buffer buffer = {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = fd,
	};

	return ioctl(video, VIDIOC_QBUF, &buffer) ? -errno : 0;
}

static int dequeue(int video, struct v4l2_buffer *buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	buffer->memory = V4L2_MEMORY_DMABUF;
	return ioctl(video, VIDIOC_DQBUF, buffer) ? -errno : 0;
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
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, fd[BUFFERS], i;
	struct v4l2_buffer buffer;
	struct dma_buf_sync sync;
	char *mem[BUFFERS];

	if (!self->loaded)
		SKIP(return, "this kernel has no vivid");
	for (i = 0; i < BUFFERS; i++) {
		fd[i] = test_alloc(self->dev, self->length, 0, 0);
		ASSERT_LE(0, fd[i]);
		mem[i] = test_map(fd[i], self->length);
		ASSERT_NE(MAP_FAILED, mem[i]);
		ASSERT_EQ(0, queue(self->video, i, fd[i]));
	}
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_STREAMON, &type));
	for (i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, dequeue(self->video, &buffer));
		ASSERT_GT(BUFFERS, buffer.index);
		EXPECT_EQ(self->image, buffer.bytesused);

		sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ;
		ASSERT_EQ(0,
			  ioctl(fd[buffer.index], DMA_BUF_IOCTL_SYNC, &sync));
		EXPECT_LT(4, colours((void *)mem[buffer.index], self->image));
		EXPECT_TRUE(test_all_bytes(mem[buffer.index] + self->image, 0,
					   self->length - self->image));
		sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
		ASSERT_EQ(0,
			  ioctl(fd[buffer.index], DMA_BUF_IOCTL_SYNC, &sync));
	}
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_STREAMOFF, &type));
}

TEST_F_TIMEOUT(camera, that_imported_a_dataspace_keeps_it_alive, TEST_SLOW)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, fd;
	struct v4l2_buffer buffer;
	void *mem;

	if (!self->loaded)
		SKIP(return, "this kernel has no vivid");
	fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, self->length);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, queue(self->video, 0, fd));
	close(fd);
	ASSERT_EQ(0, munmap(mem, self->length));
	EXPECT_EQ(self->length, test_used());
	EXPECT_EQ(1, test_number(0, "dataspaces"));

	/* It still writes there, where nobody looks. */
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_STREAMON, &type));
	ASSERT_EQ(0, dequeue(self->video, &buffer));
	EXPECT_EQ(self->length, test_used());
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_STREAMOFF, &type));
	close(self->video);
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F_TIMEOUT(camera, refuses_a_dataspace_that_is_too_small, TEST_SLOW)
{
	int fd;

	if (!self->loaded)
		SKIP(return, "this kernel has no vivid");
	fd = test_alloc(self->dev, 4 * KIB, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, queue(self->video, 0, fd));
	close(fd);
	EXPECT_TRUE(test_wait_used(0));
}

TEST_HARNESS_MAIN
