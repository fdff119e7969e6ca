// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of the region map and of pagers for which the kernel has no
 * memory: each fails with ENOMEM wherever that happens, leaves nothing, and all
 * is as it was before.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "nth.h"
#include "nth_fixture.h"
#include "touch.h"

#define LENGTH (64 * KIB)

#define SEARCH MEMBANK_REGION_SEARCH_ADDR
#define IN_AREA MEMBANK_REGION_IN_AREA
#define READ_ONLY MEMBANK_REGION_READ_ONLY

/**
 * struct scene - what commands act on
 * @dev: a node
 * @space: a dataspace
 * @mem: a region
 * @node: of another process
 * @child: that process
 * @pager: both ends of a pager
 * @fault: that waits for it
 * @thread: which touches
 */
struct scene {
	int dev;
	int space;
	char *mem;
	int node;
	pid_t child;
	struct membank_pager_create pager;
	struct membank_pager_fault fault;
	pthread_t thread;
};

/* How many regions and areas there are, in the map of a node. */
static int regions(int node, struct membank_region_entry *entry)
{
	struct membank_region_list args = {
		.size = sizeof(args),
		.entries = (uintptr_t)entry,
		.nr_entries = 1,
		.entry_size = sizeof(*entry),
	};
	int ret = test_ioctl(node, MEMBANK_IOC_REGION_LIST, &args);

	if (ret)
		return ret;
	return args.out_nr_entries + !!args.out_next;
}

/* Takes away what is there; how often that was something. */
static int sweep(struct scene *scene)
{
	struct membank_region_entry entry;
	int count = 0;

	while (regions(scene->dev, &entry) > 0) {
		munmap((void *)(uintptr_t)entry.start, entry.length);
		count++;
	}
	return count;
}

static int run_attach(void *arg)
{
	struct scene *scene = arg;

	return handle_attach(scene->dev, scene->space, NULL,
			     MEMBANK_REGION_EAGER_MAP, &scene->mem);
}

static const char *end_attach(struct scene *scene, int ret)
{
	const int count = sweep(scene);

	if (!nth_may_be_done(ret) && count)
		return "it is there";
	return ret >= 0 && !count ? "it is not there" : NULL;
}

static const struct nth_row region_attach = {
	.command = MEMBANK_IOC_REGION_ATTACH,
	.begin = nth_nothing,
	.run = run_attach,
	.end = end_attach,
	.asks = NTH_BOTH,
};

static int reserve(struct scene *scene, size_t length)
{
	struct membank_area_reserve args = {
		.size = sizeof(args),
		.flags = SEARCH,
		.length = length,
	};
	int ret = test_ioctl(scene->dev, MEMBANK_IOC_AREA_RESERVE, &args);

	if (!ret)
		scene->mem = (char *)(uintptr_t)args.out_start;
	return ret;
}

static int run_reserve(void *arg)
{
	return reserve(arg, 2 * LENGTH);
}

static const struct nth_row area_reserve = {
	.command = MEMBANK_IOC_AREA_RESERVE,
	.begin = nth_nothing,
	.run = run_reserve,
	.end = end_attach,
	.asks = NTH_BOTH,
};

/* A region that is only read, in an area. */
static bool begin_region(struct scene *scene, size_t area)
{
	return !reserve(scene, area) &&
	       !handle_attach(scene->dev, scene->space, scene->mem,
			      IN_AREA | READ_ONLY, &scene->mem);
}

static bool begin_in_area(struct scene *scene)
{
	return begin_region(scene, 2 * LENGTH);
}

/* Without a hole that could grow. */
static bool begin_all_of_area(struct scene *scene)
{
	return begin_region(scene, LENGTH);
}

static int run_free(void *arg)
{
	struct scene *scene = arg;
	struct membank_area_free args = {
		.size = sizeof(args),
		.addr = (uintptr_t)scene->mem,
	};

	return test_ioctl(scene->dev, MEMBANK_IOC_AREA_FREE, &args);
}

/* Whatever of the area is left, the region is. */
static const char *end_free(struct scene *scene, int ret)
{
	struct membank_region_entry entry;
	const int count = regions(scene->dev, &entry);
	const char *wrong = NULL;
	char byte;

	if (touch_read(scene->mem, &byte))
		wrong = "the region is gone";
	else if (!ret && (count != 1 || entry.area != MEMBANK_AREA_NONE))
		wrong = "the area is there";
	else if (!nth_may_be_done(ret) &&
		 (count != 2 || entry.area == MEMBANK_AREA_NONE))
		wrong = "the area is not what it was";
	sweep(scene);
	return wrong;
}

static const struct nth_row area_free = {
	.command = MEMBANK_IOC_AREA_FREE,
	.begin = begin_in_area,
	.run = run_free,
	.end = end_free,
	.asks = NTH_BOTH,
};

static int run_list(void *arg)
{
	struct scene *scene = arg;
	struct membank_region_entry entry;

	return regions(scene->dev, &entry);
}

static const char *end_list(struct scene *scene, int ret)
{
	sweep(scene);
	return ret >= 0 && ret != 2 ? "it does not list all" : NULL;
}

static const struct nth_row region_list = {
	.command = MEMBANK_IOC_REGION_LIST,
	.begin = begin_in_area,
	.run = run_list,
	.end = end_list,
	.asks = NTH_BOTH,
};

static int run_find(void *arg)
{
	struct scene *scene = arg;

	return handle_find(scene->dev, scene->mem, NULL);
}

static const char *end_find(struct scene *scene, int ret)
{
	sweep(scene);
	return nth_close(scene, ret);
}

static const struct nth_row region_find = {
	.command = MEMBANK_IOC_REGION_FIND,
	.begin = begin_in_area,
	.run = run_find,
	.end = end_find,
	.asks = NTH_BOTH,
};

/* Returns the dataspace, or 0 if that is not asked for. */
static int detach(int node, const char *mem, __u32 flags)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.flags = flags,
		.addr = (uintptr_t)mem,
	};
	int ret = test_ioctl(node, MEMBANK_IOC_REGION_DETACH, &args);

	if (ret)
		return ret;
	return flags & MEMBANK_DETACH_DATASPACE ? args.out_fd : 0;
}

static int run_detach(void *arg)
{
	struct scene *scene = arg;

	return detach(scene->dev, scene->mem, MEMBANK_DETACH_DATASPACE);
}

static const char *end_detach(struct scene *scene, int ret)
{
	bool there;
	char byte;

	there = !touch_read(scene->mem, &byte);
	sweep(scene);
	nth_close(scene, ret);
	if (!nth_may_be_done(ret) && !there)
		return "the region is gone";
	return ret >= 0 && there ? "the region is there" : NULL;
}

static const struct nth_row region_detach = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.begin = begin_in_area,
	.run = run_detach,
	.end = end_detach,
	.asks = NTH_BOTH,
};

/* It must not be that nobody has the dataspace any more. */
static const struct nth_row region_detach_dry = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.begin = begin_all_of_area,
	.run = run_detach,
	.end = end_detach,
	.asks = NTH_BOTH,
	.dry = true,
};

/* Another process, with a region. */
static void be_there(struct scene *scene, int socket)
{
	const int dev = test_open(TEST_ANY);

	if (dev >= 0 &&
	    !handle_attach(dev, scene->space, NULL, 0, &scene->mem) &&
	    !test_send_fd(socket, dev) &&
	    write(socket, &scene->mem, sizeof(scene->mem)) > 0)
		pause();
	_exit(1);
}

static bool begin_there(struct scene *scene)
{
	int sockets[2];
	pid_t child;
	bool ok;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return false;
	child = fork();
	if (!child) {
		close(sockets[0]);
		be_there(scene, sockets[1]);
	}
	scene->child = child;
	close(sockets[1]);
	scene->node = test_receive_fd(sockets[0]);
	ok = read(sockets[0], &scene->mem, sizeof(scene->mem)) ==
	     sizeof(scene->mem);
	close(sockets[0]);
	return ok && scene->node >= 0;
}

static int run_detach_there(void *arg)
{
	struct scene *scene = arg;

	return detach(scene->node, scene->mem, MEMBANK_DETACH_UNMAP);
}

static const char *end_detach_there(struct scene *scene, int ret)
{
	struct membank_region_entry entry;
	const int count = regions(scene->node, &entry);

	close(scene->node);
	test_kill(scene->child);
	if (!nth_may_be_done(ret) && count != 1)
		return "the region is gone";
	return ret >= 0 && count ? "the region is there" : NULL;
}

static const struct nth_row region_detach_there = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.begin = begin_there,
	.run = run_detach_there,
	.end = end_detach_there,
	.asks = NTH_BOTH,
};

static int run_take_there(void *arg)
{
	struct scene *scene = arg;

	return detach(scene->node, scene->mem,
		      MEMBANK_DETACH_UNMAP | MEMBANK_DETACH_DATASPACE);
}

static const char *end_take_there(struct scene *scene, int ret)
{
	const char *wrong = end_detach_there(scene, ret);

	nth_close(scene, ret);
	return wrong;
}

/* The kernel does it in a task of its own, for who waits. */
static const struct nth_row region_take_there = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.begin = begin_there,
	.run = run_take_there,
	.end = end_take_there,
	.asks = NTH_MEMORY,
	.in_workers = true,
};

/* ------------------------------------------------------------------ pagers */

static int run_pager(void *arg)
{
	struct scene *scene = arg;

	scene->pager = (struct membank_pager_create){
		.size = sizeof(scene->pager),
		.fault_size = sizeof(scene->fault),
	};
	return test_ioctl(scene->dev, MEMBANK_IOC_PAGER_CREATE, &scene->pager);
}

static const char *end_pager(struct scene *scene, int ret)
{
	if (!ret) {
		close(scene->pager.out_fd);
		close(scene->pager.out_attach_fd);
	}
	return NULL;
}

static const struct nth_row pager_create = {
	.command = MEMBANK_IOC_PAGER_CREATE,
	.begin = nth_nothing,
	.run = run_pager,
	.end = end_pager,
	.asks = NTH_BOTH,
};

/* Returns the byte that is there, or the negative number of the signal. */
static void *touch_it(void *arg)
{
	struct scene *scene = arg;
	char byte = 0;
	int signal = touch_read(scene->mem, &byte);

	return (void *)(intptr_t)(signal ? -signal : byte);
}

static int run_attach_pager(void *arg)
{
	struct scene *scene = arg;
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = scene->pager.out_attach_fd,
		.length = LENGTH,
		.flags = MEMBANK_REGION_PAGER | SEARCH,
	};
	int ret = test_ioctl(scene->dev, MEMBANK_IOC_REGION_ATTACH, &args);

	if (!ret)
		scene->mem = (char *)(uintptr_t)args.out_start;
	return ret;
}

static bool begin_attach_pager(struct scene *scene)
{
	return !run_pager(scene);
}

static const char *end_attach_pager(struct scene *scene, int ret)
{
	const char *wrong = end_attach(scene, ret);

	end_pager(scene, 0);
	return wrong;
}

static const struct nth_row region_attach_pager = {
	.command = MEMBANK_IOC_REGION_ATTACH,
	.begin = begin_attach_pager,
	.run = run_attach_pager,
	.end = end_attach_pager,
	.asks = NTH_BOTH,
};

static bool begin_reply(struct scene *scene)
{
	return !run_pager(scene) && !run_attach_pager(scene) &&
	       !pthread_create(&scene->thread, NULL, touch_it, scene) &&
	       read(scene->pager.out_fd, &scene->fault, sizeof(scene->fault)) ==
		       sizeof(scene->fault);
}

static int run_reply(void *arg)
{
	struct scene *scene = arg;
	struct membank_pager_reply args = {
		.size = sizeof(args),
		.id = scene->fault.id,
		.fd = scene->space,
	};

	return test_ioctl(scene->pager.out_fd, MEMBANK_IOC_PAGER_REPLY, &args);
}

static const char *end_reply(struct scene *scene, int ret)
{
	const char *wrong = NULL;
	void *byte;
	int again;

	/* Who touches waits on, until it can be answered. */
	if (ret < 0) {
		again = run_reply(scene);
		if (again && !(again == -ENOENT && nth_may_be_done(ret)))
			wrong = "it does not wait any more";
	}
	pthread_join(scene->thread, &byte);
	if (byte != (void *)1)
		wrong = "it was not answered";
	sweep(scene);
	end_pager(scene, 0);
	return wrong;
}

static const struct nth_row pager_reply = {
	.command = MEMBANK_IOC_PAGER_REPLY,
	.begin = begin_reply,
	.run = run_reply,
	.end = end_reply,
	.asks = NTH_COPIES,
};

/* ------------------------------------------------------------------- tests */

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, region_attach) { &region_attach, 0 };
FIXTURE_VARIANT_ADD(nth, region_attach_pager) { &region_attach_pager, 0 };
FIXTURE_VARIANT_ADD(nth, region_list) { &region_list, 0 };
FIXTURE_VARIANT_ADD(nth, region_find) { &region_find, 0 };
FIXTURE_VARIANT_ADD(nth, region_detach) { &region_detach, 0 };
FIXTURE_VARIANT_ADD(nth, region_detach_dry) { &region_detach_dry, 0 };
FIXTURE_VARIANT_ADD(nth, region_detach_there) { &region_detach_there, 0 };
FIXTURE_VARIANT_ADD(nth, region_take_there) { &region_take_there, 0 };
FIXTURE_VARIANT_ADD(nth, area_reserve) { &area_reserve, 0 };
FIXTURE_VARIANT_ADD(nth, area_free) { &area_free, 0 };
FIXTURE_VARIANT_ADD(nth, pager_create) { &pager_create, 0 };
FIXTURE_VARIANT_ADD(nth, pager_reply) { &pager_reply, 0 };
/* clang-format on */

static struct scene *scene_open(int which)
{
	static struct scene scene;
	char *mem;

	(void)which;
	touch_init();
	scene.dev = test_open(TEST_ANY);
	scene.space = test_alloc(scene.dev, LENGTH, 0, 0);
	if (scene.space < 0)
		return NULL;
	mem = test_map(scene.space, LENGTH);
	if (mem == MAP_FAILED)
		return NULL;
	memset(mem, 1, LENGTH);
	munmap(mem, LENGTH);
	return &scene;
}

TEST(each_command_of_the_region_map_has_a_row)
{
	const int dev = test_open(TEST_ANY);

	EXPECT_TRUE(nth_is_complete(0x20, 0x2f, &dev, 1));
}

TEST(each_command_of_pagers_has_a_row)
{
	struct scene *scene = scene_open(0);
	int fds[3];

	ASSERT_NE(NULL, scene);
	ASSERT_EQ(0, run_pager(scene));
	fds[0] = scene->dev;
	fds[1] = scene->pager.out_fd;
	fds[2] = scene->pager.out_attach_fd;
	EXPECT_TRUE(nth_is_complete(0x50, 0xff, fds, ARRAY_SIZE(fds)));
}

TEST_HARNESS_MAIN
