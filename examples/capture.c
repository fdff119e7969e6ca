// SPDX-License-Identifier: 0BSD
/*
 * capture: a camera writes its pictures straight into dataspaces (V4L2 with
 * V4L2_MEMORY_DMABUF: nothing is copied), and the last one goes into a file.
 *
 * usage: capture [--bank NAME] [--device /dev/videoN] [--frames N]
 *                [--out FILE.ppm]
 *
 * By default: any bank, /dev/video0, 8 frames, no file. "modprobe vivid" makes
 * a virtual camera.
 */
#include <membank.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define WIDTH 640
#define HEIGHT 480
#define BUFFERS 4
#define WAIT_MS 60000

struct picture {
	int dataspace;
	unsigned char *memory;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "capture: cannot %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* For what returns 0, or -1 and errno. */
static void need(int ret, const char *what)
{
	if (ret)
		fail(what, strerror(errno));
}

/* For the library, which returns 0 or a negative errno. */
static void need_bank(int ret, enum membank_operation operation,
		      const char *what)
{
	if (ret)
		fail(what, membank_explain(operation, ret));
}

/* ------------------------------------------------------------------ camera */

static int open_camera(const char *path)
{
	const unsigned int needed = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
	struct v4l2_capability capability;
	int camera = open(path, O_RDWR | O_CLOEXEC);
	char what[128];

	snprintf(what, sizeof(what), "capture from %s", path);
	if (camera < 0 && errno == ENOENT)
		fail(what, "there is no such device: name one with --device");
	if (camera < 0)
		fail(what, strerror(errno));
	if (ioctl(camera, VIDIOC_QUERYCAP, &capability))
		fail(what, "this is no video device: name one with --device");
	if ((capability.device_caps & needed) != needed)
		fail(what,
		     "this device does not capture: name another with --device");
	printf("camera     %s, %s\n", path, (const char *)capability.card);
	return camera;
}

/* Bytes in the order of a PPM file; the driver may choose another size. */
static struct v4l2_pix_format set_format(int camera)
{
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = WIDTH,
			.height = HEIGHT,
			.pixelformat = V4L2_PIX_FMT_RGB24,
			.field = V4L2_FIELD_NONE,
		},
	};

	need(ioctl(camera, VIDIOC_S_FMT, &format), "set the format");
	if (format.fmt.pix.pixelformat != V4L2_PIX_FMT_RGB24)
		fail("set the format", "this camera has no RGB24");
	printf("format     RGB24, %u x %u, %u bytes\n", format.fmt.pix.width,
	       format.fmt.pix.height, format.fmt.pix.sizeimage);
	return format.fmt.pix;
}

static unsigned int request_buffers(int camera)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};

	if (ioctl(camera, VIDIOC_REQBUFS, &request))
		fail("use dataspaces as buffers",
		     errno == EINVAL ?
			     "this camera's driver takes no dma-bufs" :
			     strerror(errno));
	if (request.count > BUFFERS)
		fail("use dataspaces as buffers",
		     "this camera's driver wants more of them");
	return request.count;
}

static void queue(int camera, unsigned int index, int dataspace)
{
	struct v4l2_buffer buffer = {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = dataspace,
	};

	need(ioctl(camera, VIDIOC_QBUF, &buffer), "give the camera a buffer");
}

/* The buffer that holds the next picture; damaged ones go back. */
static unsigned int next_picture(int camera, const struct picture *pictures)
{
	struct pollfd poll_fd = { .fd = camera, .events = POLLIN };
	struct v4l2_buffer buffer;

	for (;;) {
		if (poll(&poll_fd, 1, WAIT_MS) != 1)
			fail("capture", "no picture came in a minute");
		buffer = (struct v4l2_buffer){
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.memory = V4L2_MEMORY_DMABUF,
		};
		need(ioctl(camera, VIDIOC_DQBUF, &buffer), "capture");
		if (!(buffer.flags & V4L2_BUF_FLAG_ERROR))
			return buffer.index;
		queue(camera, buffer.index, pictures[buffer.index].dataspace);
	}
}

/* -------------------------------------------------------------------- bank */

static void make_picture(int dev, size_t length, struct picture *picture)
{
	void *memory;

	need_bank(membank_dataspace_alloc(dev, length, 0, 0,
					  &picture->dataspace),
		  MEMBANK_ALLOC, "allocate a picture");
	need_bank(membank_region_attach(dev, picture->dataspace, 0, 0, 0, 0,
					NULL, &memory),
		  MEMBANK_ATTACH, "attach a picture");
	picture->memory = memory;
}

/*
 * The camera wrote it, and the CPU reads: between start and end the CPU sees
 * what the device wrote, also where caches do not know by themselves.
 */
static void save(const struct picture *picture,
		 const struct v4l2_pix_format *format, const char *path)
{
	FILE *file = fopen(path, "we");
	unsigned int row;

	if (!file)
		fail("write the file", strerror(errno));
	need_bank(membank_sync_start(picture->dataspace, MEMBANK_ACCESS_READ),
		  MEMBANK_ATTACH, "begin to read the picture");
	fprintf(file, "P6\n%u %u\n255\n", format->width, format->height);
	for (row = 0; row < format->height; row++)
		fwrite(picture->memory + (size_t)row * format->bytesperline, 3,
		       format->width, file);
	need_bank(membank_sync_end(picture->dataspace, MEMBANK_ACCESS_READ),
		  MEMBANK_ATTACH, "end reading the picture");
	need(ferror(file) || fclose(file), "write the file");
	printf("wrote      %s\n", path);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void usage_error(void)
{
	fprintf(stderr,
		"usage: capture [--bank NAME] [--device /dev/videoN] [--frames N] [--out FILE.ppm]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bank", required_argument, NULL, 'b' },
		{ "device", required_argument, NULL, 'd' },
		{ "frames", required_argument, NULL, 'f' },
		{ "out", required_argument, NULL, 'o' },
		{},
	};
	const char *bank = NULL, *device = "/dev/video0", *out = NULL;
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, frames = 8, option;
	struct picture pictures[BUFFERS];
	struct v4l2_pix_format format;
	unsigned int count, i = 0;
	double first = 0, seconds;
	int dev, camera, frame;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'b':
			bank = optarg;
			break;
		case 'd':
			device = optarg;
			break;
		case 'f':
			frames = atoi(optarg);
			break;
		case 'o':
			out = optarg;
			break;
		default:
			usage_error();
		}
	if (optind < argc || frames < 1)
		usage_error();

	setvbuf(stdout, NULL, _IOLBF, 0);
	camera = open_camera(device);
	format = set_format(camera);
	count = request_buffers(camera);

	need_bank(membank_open(bank, &dev), MEMBANK_OPEN, "open the bank");
	for (i = 0; i < count; i++) {
		make_picture(dev, format.sizeimage, &pictures[i]);
		queue(camera, i, pictures[i].dataspace);
	}
	printf("buffers    %u dataspaces of %u bytes\n", count,
	       format.sizeimage);

	need(ioctl(camera, VIDIOC_STREAMON, &type), "start the camera");
	for (frame = 1;; frame++) {
		i = next_picture(camera, pictures);
		if (frame == 1)
			first = now();
		if (frame == frames)
			break;
		/* Here a program would use it, as save() does. */
		queue(camera, i, pictures[i].dataspace);
	}
	seconds = now() - first;
	need(ioctl(camera, VIDIOC_STREAMOFF, &type), "stop the camera");
	printf("captured   %d frames", frames);
	if (frames > 1)
		printf(", %.1f frames/s", (frames - 1) / seconds);
	printf("\n");
	if (out)
		save(&pictures[i], &format, out);
	/* Closing all this is left to the end of the process. */
	return EXIT_SUCCESS;
}
