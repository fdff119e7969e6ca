// SPDX-License-Identifier: GPL-2.0-only
/*
 * What root can do to a device from outside, in sysfs: the banks' own have no
 * driver that could be taken away, whatever is written there is harmless to who
 * uses them, and a device that has a bank's memory can be taken away from it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "camera.h"
#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "notify.h"
#include "reload.h"
#include "service.h"
#include "touch.h"

#include "pager.h"

#include "traffic.h"

#define CLASS "/sys/class/membank"

/* With it goes the memory of what it captured. */
#define UNBIND "/sys/bus/platform/drivers/vivid/unbind"

#define BUFFERS 2

FIXTURE(device)
{
	int dev;
};

FIXTURE_SETUP(device)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN_PARENT(device)
{
	EXPECT_TRUE(test_banks_empty());
}

/* ---------------------------------------------------------------- sysfs */

TEST_F(device, has_nothing_to_be_unbound_by)
{
	static const char *const names[] = { "driver", "driver_override",
					     "remove", "online",
					     "unbind", "bus" };
	char path[128], target[256];
	unsigned int devices = 0;
	struct dirent *entry;
	DIR *dir = opendir(CLASS);
	ssize_t length;
	size_t i;

	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		devices++;
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			snprintf(path, sizeof(path), CLASS "/%.32s/%s",
				 entry->d_name, names[i]);
			EXPECT_EQ(-1, access(path, F_OK));
			EXPECT_EQ(ENOENT, errno);
		}
		/* A class, and no bus that has drivers. */
		snprintf(path, sizeof(path), CLASS "/%.32s/subsystem",
			 entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		ASSERT_LT(0, length);
		target[length] = '\0';
		EXPECT_NE(NULL, strstr(target, "/class/membank"));
	}
	closedir(dir);
	EXPECT_EQ(test_banks() + 1, devices);
}

/* What is written to any file; what the file makes of it is its own affair. */
static const char *const words[] = {
	"remove", "add",  "change", "offline", "online",
	"unbind", "bind", "auto",   "on",      "0",
	"1",	  "-1",	  "",	    "enabled", "junk",
};

/* Returns how many writes there were. */
static unsigned int write_to_all(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned int count = 0;
	struct stat status;
	char path[512];
	size_t i;

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (lstat(path, &status))
			continue;
		if (S_ISDIR(status.st_mode))
			count += write_to_all(path);
		if (!S_ISREG(status.st_mode) || !(status.st_mode & 0200))
			continue;
		for (i = 0; i < ARRAY_SIZE(words); i++)
			kernel_write(path, words[i]);
		count += i;
	}
	closedir(dir);
	return count;
}

TEST_F_TIMEOUT(device, is_not_harmed_by_what_is_written, TEST_SLOW)
{
	static const char *const nodes[] = { "/dev/membank", "/dev/membank0" };
	struct traffic *traffic;
	struct stat was[2], is;
	char spin[32] = "";
	size_t i;

	touch_init();
	reload_parameter("call_spin_ns", spin, sizeof(spin));
	for (i = 0; i < ARRAY_SIZE(nodes); i++)
		ASSERT_EQ(0, stat(nodes[i], &was[i]));
	traffic = traffic_begin(self->dev);
	ASSERT_NE(NULL, traffic);
	ASSERT_TRUE(traffic_goes_on(traffic));
	EXPECT_LT(0, write_to_all("/sys/devices/virtual/membank"));
	EXPECT_LT(0, write_to_all("/sys/module/membank"));
	ASSERT_TRUE(traffic_goes_on(traffic));
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		ASSERT_EQ(0, stat(nodes[i], &is));
		EXPECT_EQ(was[i].st_rdev, is.st_rdev);
	}
	EXPECT_EQ(0, kernel_write("/sys/module/membank/parameters/call_spin_ns",
				  spin));
	EXPECT_TRUE(traffic_end(traffic));
}

/* -------------------------------------------------- who has memory of a bank */

static int take_away(FIXTURE_DATA(device) * self, int allocator)
{
	struct v4l2_buffer buffer;
	struct camera camera = {};
	int fds[BUFFERS], ret, i;
	char *mems[BUFFERS];

	if (!camera_load(allocator))
		return -ENXIO;
	ret = camera_open(&camera, V4L2_BUF_TYPE_VIDEO_CAPTURE, BUFFERS);
	for (i = 0; !ret && i < BUFFERS; i++) {
		fds[i] = test_alloc(self->dev, camera_length(&camera), 0, 0);
		mems[i] = test_map(fds[i], camera_length(&camera));
		if (mems[i] == MAP_FAILED)
			return -ENOMEM;
		ret = camera_queue(&camera, i, fds[i]);
	}
	ret = ret ?: camera_stream(&camera, true);
	ret = ret ?: camera_dequeue(&camera, &buffer);
	if (ret)
		return ret;

	/* One that was captured is ours, the other one is the camera's. */
	ret = kernel_write(UNBIND, "vivid.0");
	if (ret)
		return ret;
	if (!camera_queue(&camera, buffer.index, fds[buffer.index]))
		return -EPROTO;
	for (i = 0; i < BUFFERS; i++) {
		mems[i][0] = 1;
		if (handle_rights(self->dev, fds[i]) != ALL_RIGHTS)
			return -EPROTO;
	}
	close(camera.fd);
	for (i = 0; i < BUFFERS; i++) {
		munmap(mems[i], camera_length(&camera));
		close(fds[i]);
	}
	if (!test_wait_used(0))
		return -EBUSY;
	return camera_unload() ? 0 : -EBUSY;
}

TEST_F_TIMEOUT(device, that_is_taken_away_lets_memory_go, TEST_SLOW)
{
	const int allocators[] = { CAMERA_BY_CPU, CAMERA_BY_DMA };
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(allocators); i++) {
		ret = take_away(self, allocators[i]);
		if (ret == -ENXIO)
			SKIP(return, CAMERA_NONE);
		EXPECT_EQ(0, ret);
	}
}

TEST_HARNESS_MAIN
