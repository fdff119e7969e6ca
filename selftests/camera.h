/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vivid, the kernel's virtual camera and screen, which imports dma-bufs by
 * either of the two ways that drivers have: mapped for DMA, or for the CPU.
 */
#ifndef MEMBANK_SELFTESTS_CAMERA_H
#define MEMBANK_SELFTESTS_CAMERA_H

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common.h"

/* vivid's parameter allocators. */
#define CAMERA_BY_CPU 0
#define CAMERA_BY_DMA 1

#define CAMERA_NONE "this kernel has no vivid"

/**
 * struct camera - one end of vivid that takes dma-bufs
 * @fd: its node, with as many buffers as were asked for
 * @type: of its queue: the camera writes to memory, the screen reads it
 * @image: bytes of a picture
 */
struct camera {
	int fd;
	__u32 type;
	__u32 image;
};

static inline bool camera_unload(void)
{
	return system("rmmod vivid") == 0;
}

/*
 * Whether this kernel has it. It is large, so it stays loaded for those who want the
 * same, until camera_until_exit() or camera_unload().
 */
static inline bool camera_load(int allocator)
{
	const int loaded = test_module_number("vivid", "parameters/allocators");
	char command[96];

	if (loaded == allocator)
		return true;
	if (loaded >= 0 && !camera_unload())
		return false;
	snprintf(command, sizeof(command),
		 "modprobe -q vivid node_types=0x101 allocators=%d 2>/dev/null",
		 allocator);
	return system(command) == 0;
}

/* Whether nobody has it open any more, and it could be unloaded. */
static inline bool camera_is_free(void)
{
	return test_module_number("vivid", "refcnt") == 0;
}

/* A program that leaves it held has failed, whatever it said before. */
static inline void camera_end(void)
{
	if (test_module_number("vivid", "refcnt") < 0 || camera_unload())
		return;
	printf("# vivid is held\n");
	fflush(stdout);
	_exit(1);
}

/* Before test_harness_run(), which does not return; not with what others loaded. */
static inline void camera_until_exit(void)
{
	camera_end();
	atexit(camera_end);
}

/* @type: V4L2_BUF_TYPE_VIDEO_CAPTURE or _OUTPUT. Returns 0 or -errno. */
static inline int camera_open(struct camera *camera, __u32 type,
			      unsigned int buffers)
{
	const __u32 can = type == V4L2_BUF_TYPE_VIDEO_CAPTURE ?
				  V4L2_CAP_VIDEO_CAPTURE :
				  V4L2_CAP_VIDEO_OUTPUT;
	struct v4l2_requestbuffers request = {
		.count = buffers,
		.type = type,
		.memory = V4L2_MEMORY_DMABUF,
	};
	struct v4l2_format format = { .type = type };
	struct v4l2_capability is;
	char path[32];
	int i;

	camera->type = type;
	camera->fd = -1;
	for (i = 0; i < 64 && camera->fd < 0; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		camera->fd = open(path, O_RDWR | O_CLOEXEC);
		if (camera->fd < 0)
			continue;
		if (!ioctl(camera->fd, VIDIOC_QUERYCAP, &is) &&
		    !strcmp((char *)is.driver, "vivid") && is.device_caps & can)
			break;
		close(camera->fd);
		camera->fd = -1;
	}
	if (camera->fd < 0)
		return -ENOENT;
	if (ioctl(camera->fd, VIDIOC_G_FMT, &format))
		return -errno;
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	if (ioctl(camera->fd, VIDIOC_S_FMT, &format))
		return -errno;
	camera->image = format.fmt.pix.sizeimage;
	return ioctl(camera->fd, VIDIOC_REQBUFS, &request) ? -errno : 0;
}

static inline int camera_queue(const struct camera *camera, int index, int fd)
{
	struct v4l2_buffer buffer = {
		.index = index,
		.type = camera->type,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = fd,
	};

	if (camera->type == V4L2_BUF_TYPE_VIDEO_OUTPUT)
		buffer.bytesused = camera->image;
	return ioctl(camera->fd, VIDIOC_QBUF, &buffer) ? -errno : 0;
}

static inline int camera_dequeue(const struct camera *camera,
				 struct v4l2_buffer *buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->type = camera->type;
	buffer->memory = V4L2_MEMORY_DMABUF;
	return ioctl(camera->fd, VIDIOC_DQBUF, buffer) ? -errno : 0;
}

static inline int camera_stream(const struct camera *camera, bool on)
{
	int type = camera->type;

	return ioctl(camera->fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF,
		     &type) ?
		       -errno :
		       0;
}

/* Whole MiB, so that there is something behind a picture. */
static inline size_t camera_length(const struct camera *camera)
{
	return 2 * (camera->image / MIB + 1) * MIB;
}

#endif /* MEMBANK_SELFTESTS_CAMERA_H */
