// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own calls on regions and areas, for which it has no memory: where one
 * cannot be cut, moved or copied, it is where it was, and holds what it held.
 * And faults, of which the thread that touches sees nothing.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "nth.h"
#include "nth_fixture.h"
#include "pager_ends.h"
#include "touch.h"

#define PAGE 4096UL
#define PAGES 16UL
#define LENGTH (PAGES * PAGE)

/* Page i of the dataspaces is full of i + 1. */
#define BYTE_OF(page) ((page) % 64 + 1)

/* Where nobody maps anything. */
#define ELSEWHERE ((char *)0x100000000000UL)

/**
 * struct scene - what calls act on
 * @dev: a node
 * @space: a dataspace of LENGTH
 * @block: one of a GRAIN
 * @mem: a region of either
 * @length: of it
 * @area: the area that @mem is in, PAGES longer; NULL: none
 * @inner: an area in the rest of @area
 * @alone: another region of LENGTH, in no area
 * @child: that fork() made
 * @pager: both ends of a pager
 * @thread: that answers
 */
struct scene {
	int dev;
	int space;
	int block;
	char *mem;
	size_t length;
	char *area;
	char *inner;
	char *alone;
	pid_t child;
	struct pager pager;
	pthread_t thread;
};

/* The first page that holds something else, or how many there are. */
static size_t first_wrong(const char *mem, size_t pages)
{
	size_t page;

	for (page = 0; page < pages; page++)
		if (!test_all_bytes(mem + page * PAGE, BYTE_OF(page), PAGE))
			break;
	return page;
}

/*
 * How many bytes of the region are where they were; -1: something else is in the area,
 * or some of it is lost. What the kernel has cut before it found that it cannot go
 * on stays cut; that is no other map.
 */
static ssize_t still_there(struct scene *scene)
{
	const char *start = scene->area ? scene->area : scene->mem;
	const size_t length = scene->area ? 2 * LENGTH : scene->length;
	const __u64 area = scene->area ? (uintptr_t)scene->area :
					 MEMBANK_AREA_NONE;
	struct membank_region_entry entries[8];
	size_t region = 0, hole = 0;
	struct membank_region_list list;
	__u32 i;

	if (map_list(scene->dev, start, length, entries, ARRAY_SIZE(entries),
		     &list))
		return -1;
	for (i = 0; i < list.out_nr_entries; i++) {
		if (entries[i].area != area)
			return -1;
		if (entries[i].kind == MEMBANK_ENTRY_AREA)
			hole += entries[i].length;
		else if (entries[i].start == (uintptr_t)scene->mem + region)
			region += entries[i].length;
	}
	return region + hole == length ? region : -1;
}

static bool begin(struct scene *scene, int fd, size_t length)
{
	scene->area = NULL;
	scene->length = length;
	return !handle_attach(scene->dev, fd, NULL, 0, &scene->mem);
}

static bool begin_region(struct scene *scene)
{
	return begin(scene, scene->space, LENGTH);
}

static bool begin_block(struct scene *scene)
{
	return begin(scene, scene->block, GRAIN);
}

/* With a hole of as many pages behind it. */
static bool begin_area(struct scene *scene)
{
	scene->length = LENGTH;
	return !map_reserve(scene->dev, NULL, 2 * LENGTH, SEARCH,
			    &scene->area) &&
	       !handle_attach(scene->dev, scene->space, scene->area, IN_AREA,
			      &scene->mem);
}

static void end(struct scene *scene)
{
	if (scene->area)
		munmap(scene->area, 2 * LENGTH);
	munmap(scene->mem, scene->length);
}

/* Nothing is left of the attempt but what was there before. */
static const char *end_undone(struct scene *scene)
{
	if (still_there(scene) != scene->length)
		return "the map is another";
	if (first_wrong(scene->mem, scene->length / PAGE) !=
	    scene->length / PAGE)
		return "its bytes are others";
	return NULL;
}

static const char *end_whole(struct scene *scene)
{
	const char *wrong = end_undone(scene);

	end(scene);
	return wrong;
}

static const char *end_or_undone(struct scene *scene, int ret,
				 const char *wrong)
{
	if (ret < 0)
		return end_whole(scene);
	end(scene);
	return wrong;
}

/* --------------------------------------------------------------- cut in two */

static int run_unmap(void *arg)
{
	struct scene *scene = arg;

	return munmap(scene->mem + 4 * PAGE, 4 * PAGE) ? -errno : 0;
}

static const char *end_unmap(struct scene *scene, int ret)
{
	const char *wrong = NULL;

	if (!ret && (first_wrong(scene->mem, 4) != 4 ||
		     !map_is_free(scene->mem + 4 * PAGE, 4 * PAGE) ||
		     scene->mem[8 * PAGE] != BYTE_OF(8)))
		wrong = "it is not cut";
	return end_or_undone(scene, ret, wrong);
}

static const struct nth_row unmap_middle = {
	.begin = begin_region,
	.run = run_unmap,
	.end = end_unmap,
	.asks = NTH_MEMORY,
};

static const struct nth_row unmap_middle_in_area = {
	.begin = begin_area,
	.run = run_unmap,
	.end = end_unmap,
	.asks = NTH_MEMORY,
};

static const struct nth_row unmap_middle_of_block = {
	.begin = begin_block,
	.run = run_unmap,
	.end = end_unmap,
	.asks = NTH_MEMORY,
};

static int run_unmap_hole(void *arg)
{
	struct scene *scene = arg;

	return munmap(scene->area + LENGTH + 4 * PAGE, 4 * PAGE) ? -errno : 0;
}

static const char *end_unmap_hole(struct scene *scene, int ret)
{
	const char *wrong = NULL;

	if (!ret && !map_is_free(scene->area + LENGTH + 4 * PAGE, 4 * PAGE))
		wrong = "it is not cut";
	return end_or_undone(scene, ret, wrong);
}

static const struct nth_row unmap_hole = {
	.begin = begin_area,
	.run = run_unmap_hole,
	.end = end_unmap_hole,
	.asks = NTH_MEMORY,
};

static int run_protect(void *arg)
{
	struct scene *scene = arg;

	return mprotect(scene->mem + 4 * PAGE, 4 * PAGE, PROT_READ) ? -errno :
								      0;
}

static const char *end_protect(struct scene *scene, int ret)
{
	const bool writable = !touch_write(scene->mem + 4 * PAGE, BYTE_OF(4));
	const char *wrong = end_or_undone(scene, ret, NULL);

	return writable == !ret ? "it is as writable as before" : wrong;
}

static const struct nth_row protect_middle = {
	.begin = begin_region,
	.run = run_protect,
	.end = end_protect,
	.asks = NTH_MEMORY,
};

static const struct nth_row protect_middle_of_block = {
	.begin = begin_block,
	.run = run_protect,
	.end = end_protect,
	.asks = NTH_MEMORY,
};

/* A range of which a part is to be left, by our own command. */
static int run_detach(void *arg)
{
	struct scene *scene = arg;
	struct membank_region_detach args;

	return map_detach_range(scene->dev, scene->mem + 4 * PAGE, 4 * PAGE, 0,
				&args);
}

/* Done also on EFAULT. */
static const char *end_detach(struct scene *scene, int ret)
{
	const char *wrong = NULL;
	char byte;

	if (ret == -EFAULT && touch_read(scene->mem + 4 * PAGE, &byte))
		ret = 0;
	if (!ret && (first_wrong(scene->mem, 4) != 4 ||
		     scene->mem[8 * PAGE] != BYTE_OF(8)))
		wrong = "more is detached";
	return end_or_undone(scene, ret, wrong);
}

static const struct nth_row detach_middle = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.begin = begin_region,
	.run = run_detach,
	.end = end_detach,
	.asks = NTH_BOTH,
};

static const struct nth_row detach_middle_in_area = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.begin = begin_area,
	.run = run_detach,
	.end = end_detach,
	.asks = NTH_BOTH,
};

/* ------------------------------------------------------------ put in an area */

static int run_attach(void *arg)
{
	struct scene *scene = arg;
	char *mem;

	return handle_attach(scene->dev, scene->space, scene->area + LENGTH,
			     IN_AREA, &mem);
}

/* Or the place is a hole, as it was. */
static const char *end_attach(struct scene *scene, int ret)
{
	const char *wrong = NULL;
	char byte;

	if (ret == -EFAULT && !touch_read(scene->area + LENGTH, &byte))
		ret = 0;
	if (!ret && first_wrong(scene->area + LENGTH, PAGES) != PAGES)
		wrong = "its bytes are others";
	return end_or_undone(scene, ret, wrong);
}

static const struct nth_row attach_in_area = {
	.command = MEMBANK_IOC_REGION_ATTACH,
	.begin = begin_area,
	.run = run_attach,
	.end = end_attach,
	.asks = NTH_BOTH,
};

static int run_attach_over(void *arg)
{
	struct scene *scene = arg;

	return handle_attach(scene->dev, scene->space, scene->area,
			     IN_AREA | OVERMAP, &scene->mem);
}

/* The region may be gone, but no address is. */
static const char *end_attach_over(struct scene *scene, int ret)
{
	const ssize_t there = still_there(scene);

	end(scene);
	return there == LENGTH || (ret && !there) ? NULL : "the map is another";
}

static const struct nth_row attach_over = {
	.command = MEMBANK_IOC_REGION_ATTACH,
	.begin = begin_area,
	.run = run_attach_over,
	.end = end_attach_over,
	.asks = NTH_BOTH,
};

/* What is mapped elsewhere is refused late, when the hole is gone already. */
static int run_attach_refused(void *arg)
{
	struct scene *scene = arg;
	char *mem;
	int ret = handle_attach(scene->dev, scene->space, scene->area + LENGTH,
				IN_AREA | NO_ALIAS, &mem);

	return ret == -EBUSY ? 0 : ret ?: -EPROTO;
}

static const char *end_as_before(struct scene *scene, int ret)
{
	(void)ret;
	return end_whole(scene);
}

static const struct nth_row attach_refused_in_area = {
	.command = MEMBANK_IOC_REGION_ATTACH,
	.begin = begin_area,
	.run = run_attach_refused,
	.end = end_as_before,
	.asks = NTH_BOTH,
};

/* --------------------------------------------------------- an area in an area */

static int run_reserve(void *arg)
{
	struct scene *scene = arg;

	return map_reserve(scene->dev, scene->area + LENGTH, LENGTH, IN_AREA,
			   &scene->inner);
}

static bool begin_inner(struct scene *scene)
{
	return begin_area(scene) && !run_reserve(scene);
}

/* Whether an area begins behind the region. */
static bool inner_is_there(struct scene *scene)
{
	char *inner = scene->area + LENGTH;
	struct membank_region_find found;

	return !map_find(scene->dev, inner, &found) &&
	       found.out_start == (uintptr_t)inner;
}

/* @made: it leaves one there. With or without, the area around it is whole. */
static const char *end_inner(struct scene *scene, int ret, bool made)
{
	const bool there = inner_is_there(scene);
	struct membank_area_free free;
	const char *wrong;

	if (there)
		map_free(scene->dev, scene->area + LENGTH, &free);
	wrong = end_whole(scene);
	if ((!ret && there != made) || (!nth_may_be_done(ret) && there == made))
		wrong = there ? "there is an area" : "there is no area";
	return wrong;
}

static const char *end_reserve(struct scene *scene, int ret)
{
	return end_inner(scene, ret, true);
}

static const struct nth_row reserve_in_area = {
	.command = MEMBANK_IOC_AREA_RESERVE,
	.begin = begin_area,
	.run = run_reserve,
	.end = end_reserve,
	.asks = NTH_BOTH,
};

static int run_free(void *arg)
{
	struct scene *scene = arg;
	struct membank_area_free free;

	return map_free(scene->dev, scene->inner, &free);
}

static const char *end_free(struct scene *scene, int ret)
{
	return end_inner(scene, ret, false);
}

static const struct nth_row free_area_in_area = {
	.command = MEMBANK_IOC_AREA_FREE,
	.begin = begin_inner,
	.run = run_free,
	.end = end_free,
	.asks = NTH_COPIES | NTH_HIDDEN,
};

/* -------------------------------------------------------------------- moved */

static int run_move(void *arg)
{
	struct scene *scene = arg;

	return mremap(scene->mem, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED,
		      ELSEWHERE) == MAP_FAILED ?
		       -errno :
		       0;
}

static const char *end_move(struct scene *scene, int ret)
{
	const char *wrong = NULL;

	if (!ret && first_wrong(ELSEWHERE, PAGES) != PAGES)
		wrong = "it did not move whole";
	if (ret && !map_is_free(ELSEWHERE, LENGTH))
		wrong = "a part of it is there";
	if (!ret)
		munmap(ELSEWHERE, LENGTH);
	return end_or_undone(scene, ret, NULL) ?: wrong;
}

static const struct nth_row move = {
	.begin = begin_region,
	.run = run_move,
	.end = end_move,
	.asks = NTH_MEMORY,
};

static const struct nth_row move_out_of_area = {
	.begin = begin_area,
	.run = run_move,
	.end = end_move,
	.asks = NTH_MEMORY,
};

/* ------------------------------------------------------------------- copied */

/* A region in an area, and one alone. */
static bool begin_fork(struct scene *scene)
{
	return begin_area(scene) &&
	       !handle_attach(scene->dev, scene->space, NULL, 0, &scene->alone);
}

static bool both_are_full(const struct scene *scene)
{
	return first_wrong(scene->mem, PAGES) == PAGES &&
	       first_wrong(scene->alone, PAGES) == PAGES;
}

/* What the child has is looked at in the child. */
static int run_fork(void *arg)
{
	struct scene *scene = arg;

	scene->child = fork();
	if (!scene->child)
		_exit(!both_are_full(scene));
	return scene->child < 0 ? -errno : 0;
}

static const char *end_fork(struct scene *scene, int ret)
{
	const int status = ret ? 0 : test_wait_child(scene->child);
	const char *wrong = NULL;

	if (status)
		wrong = "the copies' bytes are others";
	else if (!both_are_full(scene))
		wrong = "the bytes are others";
	munmap(scene->alone, LENGTH);
	return end_whole(scene) ?: wrong;
}

static const struct nth_row fork_both = {
	.begin = begin_fork,
	.run = run_fork,
	.end = end_fork,
	.asks = NTH_MEMORY,
};

/* ------------------------------------------------------------------- faults */

static int run_touch(void *arg)
{
	struct scene *scene = arg;
	char byte = 0;

	if (touch_read(scene->mem + PAGE, &byte) || byte != BYTE_OF(1))
		return -EPROTO;
	return touch_write(scene->mem + PAGE, BYTE_OF(1)) ? -EPROTO : 0;
}

static const char *end_touch(struct scene *scene, int ret)
{
	const char *wrong = end_whole(scene);

	return ret < 0 ? "a touch was answered with a signal" : wrong;
}

static const struct nth_row fault = {
	.begin = begin_region,
	.run = run_touch,
	.end = end_touch,
	.asks = NTH_HIDDEN,
};

static const struct nth_row fault_block = {
	.begin = begin_block,
	.run = run_touch,
	.end = end_touch,
	.asks = NTH_HIDDEN,
};

/* By the kernel, for somebody who reads a process's memory. */
static int run_readv(void *arg)
{
	struct scene *scene = arg;
	char byte = 0;
	const struct iovec local = { .iov_base = &byte, .iov_len = 1 };
	const struct iovec remote = { .iov_base = scene->mem, .iov_len = 1 };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0)
		return -errno;
	return byte == BYTE_OF(0) ? 0 : -EPROTO;
}

static const struct nth_row fault_for_others = {
	.begin = begin_region,
	.run = run_readv,
	.end = end_as_before,
	.asks = NTH_COPIES,
};

/* Answers with the page of the same number until there is no user. */
static void *answer(void *arg)
{
	struct scene *scene = arg;
	struct membank_pager_fault told;
	struct membank_pager_reply args;
	int ret = 0;

	while (!ret &&
	       read(scene->pager.fd, &told, sizeof(told)) == sizeof(told)) {
		args = (struct membank_pager_reply){
			.size = sizeof(args),
			.id = told.id,
			.offset = told.offset,
			.fd = scene->space,
		};
		ret = test_ioctl(scene->pager.fd, MEMBANK_IOC_PAGER_REPLY,
				 &args);
	}
	return (void *)(intptr_t)ret;
}

static bool begin_pager(struct scene *scene)
{
	struct membank_region_attach args;

	scene->area = NULL;
	scene->length = LENGTH;
	if (pager_create(scene->dev, &scene->pager))
		return false;
	args = map_args(scene->pager.attach, NULL, PAGER | SEARCH);
	args.length = LENGTH;
	if (map_attach(scene->dev, args, &scene->mem))
		return false;
	close(scene->pager.attach);
	return !pthread_create(&scene->thread, NULL, answer, scene);
}

static const char *end_pager(struct scene *scene, int ret)
{
	const char *wrong = end_touch(scene, ret);
	void *answered;

	pthread_join(scene->thread, &answered);
	close(scene->pager.fd);
	return answered ? "it could not be answered" : wrong;
}

static const struct nth_row fault_of_pager = {
	.begin = begin_pager,
	.run = run_touch,
	.end = end_pager,
	.asks = NTH_HIDDEN,
};

/* ------------------------------------------------------------------- tests */

static int alloc_full(const struct scene *scene, size_t length)
{
	const int fd = test_alloc(scene->dev, length, 0, 0);
	char *mem = test_map(fd, length);
	size_t page;

	if (fd < 0 || mem == MAP_FAILED)
		return -1;
	for (page = 0; page < length / PAGE; page++)
		memset(mem + page * PAGE, BYTE_OF(page), PAGE);
	munmap(mem, length);
	return fd;
}

static struct scene *scene_open(int which)
{
	static struct scene scene;

	(void)which;
	touch_init();
	scene.dev = test_open(0);
	scene.space = alloc_full(&scene, LENGTH);
	scene.block = alloc_full(&scene, GRAIN);
	return scene.space >= 0 && scene.block >= 0 ? &scene : NULL;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, unmap_middle) { &unmap_middle, 0 };
FIXTURE_VARIANT_ADD(nth, unmap_middle_in_area) { &unmap_middle_in_area, 0 };
FIXTURE_VARIANT_ADD(nth, unmap_middle_of_block) { &unmap_middle_of_block, 0 };
FIXTURE_VARIANT_ADD(nth, unmap_hole) { &unmap_hole, 0 };
FIXTURE_VARIANT_ADD(nth, protect_middle) { &protect_middle, 0 };
FIXTURE_VARIANT_ADD(nth, protect_middle_of_block) { &protect_middle_of_block, 0 };
FIXTURE_VARIANT_ADD(nth, detach_middle) { &detach_middle, 0 };
FIXTURE_VARIANT_ADD(nth, detach_middle_in_area) { &detach_middle_in_area, 0 };
FIXTURE_VARIANT_ADD(nth, attach_in_area) { &attach_in_area, 0 };
FIXTURE_VARIANT_ADD(nth, attach_over) { &attach_over, 0 };
FIXTURE_VARIANT_ADD(nth, attach_refused_in_area) { &attach_refused_in_area, 0 };
FIXTURE_VARIANT_ADD(nth, reserve_in_area) { &reserve_in_area, 0 };
FIXTURE_VARIANT_ADD(nth, free_area_in_area) { &free_area_in_area, 0 };
FIXTURE_VARIANT_ADD(nth, move) { &move, 0 };
FIXTURE_VARIANT_ADD(nth, move_out_of_area) { &move_out_of_area, 0 };
FIXTURE_VARIANT_ADD(nth, fork_both) { &fork_both, 0 };
FIXTURE_VARIANT_ADD(nth, fault) { &fault, 0 };
FIXTURE_VARIANT_ADD(nth, fault_block) { &fault_block, 0 };
FIXTURE_VARIANT_ADD(nth, fault_for_others) { &fault_for_others, 0 };
FIXTURE_VARIANT_ADD(nth, fault_of_pager) { &fault_of_pager, 0 };
/* clang-format on */

TEST_HARNESS_MAIN
