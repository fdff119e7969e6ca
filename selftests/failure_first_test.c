// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes an address space known to the module while the kernel has no memory or
 * cannot copy: the first node that a process opens, and the first command of the
 * region map by who has a node that another process has opened. No other file that is
 * open here knows the address space, so it is forgotten after each attempt.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "nth.h"
#include "nth_fixture.h"

#define LENGTH (64 * KIB)

/**
 * struct scene - what calls act on
 * @bank: whose node is opened
 * @node: that another process has opened
 * @space: a dataspace
 * @mem: a region, or an area
 */
struct scene {
	int bank;
	int node;
	int space;
	char *mem;
};

static int run_open(void *arg)
{
	struct scene *scene = arg;

	return test_open(scene->bank);
}

static const struct nth_row node_open = {
	.begin = nth_nothing,
	.run = run_open,
	.end = nth_close,
	.asks = NTH_MEMORY,
};

static bool begin_map(struct scene *scene)
{
	scene->mem = NULL;
	return true;
}

/* Who could not be told of it finds it all the same. */
static const char *end_map(struct scene *scene, int ret)
{
	struct membank_region_entry entry = {};
	struct membank_region_list args;
	int node = test_open(TEST_ANY);
	const char *wrong = NULL;

	if (map_list(node, NULL, 0, &entry, 1, &args) || args.out_next)
		wrong = "it cannot be listed";
	else if (!nth_may_be_done(ret) && args.out_nr_entries)
		wrong = "it is there";
	else if (ret >= 0 && (args.out_nr_entries != 1 ||
			      entry.start != (uintptr_t)scene->mem))
		wrong = "it is not there";
	if (!wrong && args.out_nr_entries)
		munmap((void *)(uintptr_t)entry.start, entry.length);
	close(node);
	return wrong;
}

static int run_attach(void *arg)
{
	struct scene *scene = arg;

	return map_attach_part(scene->node, scene->space, NULL, LENGTH, SEARCH,
			       &scene->mem);
}

static const struct nth_row region_attach = {
	.begin = begin_map,
	.run = run_attach,
	.end = end_map,
	.asks = NTH_BOTH,
};

static int run_reserve(void *arg)
{
	struct scene *scene = arg;

	return map_reserve(scene->node, NULL, LENGTH, SEARCH, &scene->mem);
}

static const struct nth_row area_reserve = {
	.begin = begin_map,
	.run = run_reserve,
	.end = end_map,
	.asks = NTH_BOTH,
};

/* Where nothing can be, as there is no region map: that is the answer. */
static int run_free(void *arg)
{
	struct scene *scene = arg;
	struct membank_area_free args;
	int ret = map_free(scene->node, scene, &args);

	if (ret == -ENOENT)
		return 0;
	return ret ?: -EPROTO;
}

static const char *end_free(struct scene *scene, int ret)
{
	(void)ret;
	return run_free(scene) ? "it is another error, or none" : NULL;
}

static const struct nth_row area_free = {
	.begin = nth_nothing,
	.run = run_free,
	.end = end_free,
	.asks = NTH_BOTH,
};

/* ------------------------------------------------------------------- tests */

/* A node is sent by a process that has ended when this returns. */
static int node_of_another(void)
{
	int sockets[2], node = -1;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	child = fork();
	if (!child)
		_exit(!!test_send_fd(sockets[0], test_open(TEST_ANY)));
	if (!test_wait_child(child))
		node = test_receive_fd(sockets[1]);
	close(sockets[0]);
	close(sockets[1]);
	return node;
}

static struct scene *scene_open(int which)
{
	static struct scene scene;

	scene.bank = which;
	scene.node = node_of_another();
	scene.space = test_alloc(scene.node, LENGTH, 0, 0);
	return scene.space >= 0 ? &scene : NULL;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, open_any) { &node_open, TEST_ANY };
FIXTURE_VARIANT_ADD(nth, open_bank) { &node_open, 0 };
FIXTURE_VARIANT_ADD(nth, region_attach) { &region_attach, TEST_ANY };
FIXTURE_VARIANT_ADD(nth, area_reserve) { &area_reserve, TEST_ANY };
FIXTURE_VARIANT_ADD(nth, area_free) { &area_free, TEST_ANY };
/* clang-format on */

TEST_HARNESS_MAIN
