// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that now and then has no memory, or cannot copy, wherever that is: several
 * threads make random calls for a while, of which many fail in their middle, and
 * fail again while they are undone. Then nothing is left.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "nth.h"
#include "pager_ends.h"
#include "service.h"

#define THREADS 3
#define SLOTS 8
#define LENGTH (64 * KIB)
#define PAGE 4096UL

#define SECONDS number_from("MEMBANK_SECONDS", 5)

/* Of a hundred requests so many are refused. */
#define PROBABILITY "7"

/* Where nobody else maps anything. */
#define ARENA ((char *)0x100000000000UL)
#define ARENA_LENGTH (64 * MIB)

/**
 * struct load - what one thread has
 * @dev: a node
 * @seed: of its random numbers
 * @fds: descriptors of any kind, -1: none
 * @arena: addresses of its own
 * @calls: how many it made
 * @refused: how many of these failed for want of memory or of a copy
 * @wrong: a result that no call has, or 0
 */
struct load {
	int dev;
	unsigned int seed;
	int fds[SLOTS];
	char *arena;
	unsigned int calls;
	unsigned int refused;
	int wrong;
};

static unsigned int some(struct load *load, unsigned int below)
{
	return rand_r(&load->seed) / 7 % below;
}

static int any_fd(struct load *load)
{
	return load->fds[some(load, SLOTS)];
}

static char *any_place(struct load *load)
{
	return load->arena + some(load, ARENA_LENGTH / LENGTH - 64) * LENGTH;
}

/* Takes the place of another one. */
static int keep(struct load *load, int fd)
{
	int *slot = &load->fds[some(load, SLOTS)];

	if (fd < 0)
		return fd;
	close(*slot);
	*slot = fd;
	return 0;
}

static int call_alloc(struct load *load)
{
	const __u64 lengths[] = { PAGE, LENGTH, LENGTH, GRAIN };

	return keep(load, test_alloc(load->dev, lengths[some(load, 4)], 0, 0));
}

static int call_create(struct load *load)
{
	return keep(load, notifier_create(load->dev));
}

static int call_derive(struct load *load)
{
	if (some(load, 2))
		return keep(load,
			    notifier_derive(any_fd(load), some(load, 3) + 1));
	return keep(load,
		    handle_derive(load->dev, any_fd(load), some(load, 7) + 1));
}

static int call_content(struct load *load)
{
	struct membank_dataspace_info info;

	switch (some(load, 3)) {
	case 0:
		return handle_clear(load->dev, any_fd(load), 0, PAGE);
	case 1:
		return handle_copy(load->dev, any_fd(load), 0, any_fd(load), 0,
				   PAGE);
	default:
		return test_info(load->dev, any_fd(load), &info);
	}
}

static int call_revoke(struct load *load)
{
	return some(load, 8) ? 0 : handle_revoke(load->dev, any_fd(load));
}

static int call_attach(struct load *load)
{
	static const __u32 flags[] = { 0,	READ_ONLY, EAGER, NO_ALIAS,
				       IN_AREA, OVERMAP,   PAGER };
	struct membank_region_attach args =
		map_args(any_fd(load), any_place(load), flags[some(load, 7)]);
	void *mem;

	args.length = some(load, 2) * LENGTH;
	return map_attach(load->dev, args, &mem);
}

static int call_area(struct load *load)
{
	struct membank_area_free args;
	void *mem;

	if (some(load, 3))
		return map_reserve(load->dev, any_place(load), 4 * LENGTH,
				   some(load, 2) * IN_AREA, &mem);
	return map_free(load->dev, any_place(load), &args);
}

static int call_detach(struct load *load)
{
	struct membank_region_detach args;
	int ret = map_detach_range(load->dev, any_place(load) + PAGE,
				   some(load, 3) * LENGTH,
				   some(load, 2) * MEMBANK_DETACH_DATASPACE,
				   &args);

	return ret || args.out_fd < 0 ? ret : keep(load, args.out_fd);
}

static int call_look(struct load *load)
{
	struct membank_region_entry entries[4];
	struct membank_region_list list;
	struct membank_region_find find;
	int ret;

	if (some(load, 2))
		return map_list(load->dev, any_place(load), 0, entries, 4,
				&list);
	ret = map_find(load->dev, any_place(load), &find);
	return ret || find.out_fd < 0 ? ret : keep(load, find.out_fd);
}

static int call_map(struct load *load)
{
	char *place = any_place(load) + some(load, 3) * PAGE;
	void *ret;

	switch (some(load, 5)) {
	case 0:
		return munmap(place, 2 * PAGE) ? -errno : 0;
	case 1:
		return mprotect(place, 2 * PAGE, PROT_READ) ? -errno : 0;
	case 2:
		ret = mremap(place, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     any_place(load));
		break;
	case 3:
		ret = mmap(place, LENGTH, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, load->dev, 0);
		break;
	default:
		ret = mmap(place, LENGTH, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED | MAP_POPULATE, any_fd(load),
			   0);
		break;
	}
	return ret == MAP_FAILED ? -errno : 0;
}

/*
 * By the kernel: the signal for a touch that fails needs a copy, and where that is
 * refused, the process is killed.
 */
static int call_touch(struct load *load)
{
	char byte = 1;
	const struct iovec here = { .iov_base = &byte, .iov_len = 1 };
	const struct iovec there = { .iov_base = any_place(load),
				     .iov_len = 1 };
	ssize_t ret;

	if (some(load, 2))
		ret = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	else
		ret = process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	return ret < 0 ? -errno : 0;
}

static int call_notify(struct load *load)
{
	const int fd = any_fd(load);
	int event, ret;

	switch (some(load, 4)) {
	case 0:
		return notifier_trigger(fd);
	case 1:
		return notifier_unmask(fd);
	case 2:
		ret = notifier_call(fd, any_fd(load), 0);
		return ret < 0 ? ret : 0;
	default:
		event = event_create();
		ret = notifier_bind(fd, event);
		close(event);
		return ret;
	}
}

static int call_service(struct load *load)
{
	const char name[] = { 'a' + some(load, 4), '\0' };
	const struct membank_offer offer = { .fd = any_fd(load), .rights = 1 };
	struct membank_service_entry entry;
	struct membank_offer got[2];
	struct membank_service_connect out;
	int ret;

	switch (some(load, 5)) {
	case 0:
		return keep(load,
			    service_register(load->dev, name, 0222, &offer, 1));
	case 1:
		ret = service_connect(load->dev, name, 0, got, 2, &out);
		if (ret >= 0 && out.out_nr_offers)
			keep(load, got[0].fd);
		return keep(load, ret);
	case 2:
		return service_notify(any_fd(load), 0, 0);
	case 3:
		return service_revoke(any_fd(load), some(load, 4), 0);
	default:
		ret = service_list(load->dev, "", &entry, 1, NULL);
		return ret < 0 ? ret : 0;
	}
}

/* Nobody answers, so nobody may touch: only the ends and their regions. */
static int call_pager(struct load *load)
{
	struct pager pager;
	int ret = pager_create(load->dev, &pager);

	if (ret)
		return ret;
	close(pager.fd);
	return keep(load, pager.attach);
}

/* What is there is copied, and goes with the child. */
static int call_fork(struct load *load)
{
	pid_t child;

	if (some(load, 8))
		return 0;
	child = fork();
	if (!child)
		_exit(0);
	if (child < 0)
		return -errno;
	test_wait_child(child);
	return 0;
}

static int (*const calls[])(struct load *load) = {
	call_alloc,   call_alloc,  call_create, call_derive, call_content,
	call_revoke,  call_attach, call_attach, call_area,   call_detach,
	call_look,    call_map,	   call_touch,	call_notify, call_service,
	call_service, call_pager,  call_fork,
};

static void *run_load(void *arg)
{
	const time_t end = time(NULL) + SECONDS;
	struct load *load = arg;
	int ret;

	nth_tell("/proc/thread-self/make-it-fail", "1");
	while (time(NULL) < end && !load->wrong) {
		ret = calls[some(load, ARRAY_SIZE(calls))](load);
		load->calls++;
		load->refused += ret == -ENOMEM || ret == -EFAULT;
		if (ret > 0 || ret == -EPROTO)
			load->wrong = ret;
	}
	/* This, too, may be refused. */
	while (!nth_tell("/proc/thread-self/make-it-fail", "0"))
		;
	return NULL;
}

/* Whose make-it-fail is 1. */
static bool refuse(bool on)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc",
					     "fail_usercopy" };
	char path[96];
	bool ok = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* Without the filter it is everybody who is refused. */
		snprintf(path, sizeof(path), NTH_DEBUGFS "%s/probability",
			 kinds[i]);
		ok &= nth_tell(path, "0");
		snprintf(path, sizeof(path), NTH_DEBUGFS "%s/task-filter",
			 kinds[i]);
		ok &= nth_tell(path, on ? "Y" : "N");
		snprintf(path, sizeof(path), NTH_DEBUGFS "%s/times", kinds[i]);
		ok &= nth_tell(path, on ? "-1" : "1");
		snprintf(path, sizeof(path), NTH_DEBUGFS "%s/probability",
			 kinds[i]);
		ok &= nth_tell(path, on ? PROBABILITY : "0");
	}
	return nth_inject(on) && ok;
}

TEST(calls_that_fail_at_random_leave_nothing)
{
	const unsigned int seed = number_from("MEMBANK_SEED", time(NULL));
	const unsigned int files = test_open_files();
	const int users = test_module_users();
	struct load loads[THREADS] = {};
	pthread_t threads[THREADS];
	unsigned int i, slot;
	int dev, fd;
	char *mem;

	if (!nth_is_there())
		SKIP(return, "no fault injection in this kernel");
	TH_LOG("MEMBANK_SEED=%u", seed);
	ASSERT_TRUE(test_banks_empty());
	for (i = 0; i < THREADS; i++) {
		loads[i].dev = test_open(i % 2);
		ASSERT_LE(0, loads[i].dev);
		loads[i].seed = seed + i;
		loads[i].arena = ARENA + i * MIB * KIB;
		memset(loads[i].fds, 0xff, sizeof(loads[i].fds));
	}
	ASSERT_TRUE(refuse(true));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run_load,
					    &loads[i]));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	ASSERT_TRUE(refuse(false));

	for (i = 0; i < THREADS; i++) {
		TH_LOG("%u calls, %u refused", loads[i].calls,
		       loads[i].refused);
		EXPECT_EQ(0, loads[i].wrong);
		EXPECT_LT(0, loads[i].refused);
		EXPECT_EQ(0, munmap(loads[i].arena, ARENA_LENGTH));
		for (slot = 0; slot < SLOTS; slot++)
			close(loads[i].fds[slot]);
		close(loads[i].dev);
	}
	/* A descriptor whose number could not be copied to us is ours all the same. */
	EXPECT_EQ(files, test_open_files());
	EXPECT_TRUE(test_wait_module_users(users));
	EXPECT_TRUE(test_banks_empty());
	dev = test_open(0);
	fd = test_alloc(dev, test_number(0, "size"), 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, test_number(0, "size"));
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, test_number(0, "size")));
}

TEST_HARNESS_MAIN
