// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who makes one thing after another without end, in a memory control group, comes to
 * the limit of the group: all that the kernel keeps for it is charged there. Others
 * have what they had.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "map.h"
#include "notify.h"
#include "service.h"
#include "user.h"

#include "hostile.h"
#include "hostile_kinds.h"

#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/membank-hostile"

/* What the group may have, in bytes. */
#define GROUP_MAX (512 * KIB)

/* Nothing is so small that this many of it would fit; a bank has as many pages. */
#define TOO_MANY (GROUP_MAX / 64)

/* How often it is tried once more. */
#define MORE 8

/* Of a region that is answered page by page, in bytes. */
#define LARGE (64 * MIB)

/* A region of the scene's dataspace. */
static int make_region(struct scene *scene)
{
	char *mem;

	return handle_attach_anywhere(scene->dev, scene->dataspace, 0, 0, &mem);
}

static int make_area(struct scene *scene)
{
	char *mem;

	return map_reserve(scene->dev, NULL, PAGE, SEARCH, &mem);
}

static int make_mapping(struct scene *scene)
{
	return test_map(scene->dev, PAGE) == MAP_FAILED ? -errno : 0;
}

static int make_paged(struct scene *scene)
{
	char *mem;

	return map_attach_part(scene->dev, scene->attach, NULL, PAGE,
			       SEARCH | PAGER, &mem);
}

static void *touch_all(void *arg)
{
	char *at = arg;

	for (; at < (char *)arg + LARGE; at += PAGE)
		(void)__atomic_load_n(at, __ATOMIC_RELAXED);
	return NULL;
}

/* A page of a large region with a pager, which another thread waits for. */
static int make_answer(struct scene *scene)
{
	static __u64 left;
	struct membank_pager_reply reply = {
		.size = sizeof(reply),
		.fd = scene->dataspace,
	};
	struct membank_pager_fault fault;
	pthread_t thread;
	char *mem;
	int ret;

	if (!left) {
		ret = map_attach_part(scene->dev, scene->attach, NULL, LARGE,
				      SEARCH | PAGER, &mem);
		if (ret || pthread_create(&thread, NULL, touch_all, mem))
			return ret ?: -EAGAIN;
		left = LARGE / PAGE;
	}
	left--;
	if (read(scene->pager, &fault, sizeof(fault)) != sizeof(fault))
		return -errno;
	reply.id = fault.id;
	return test_ioctl(scene->pager, MEMBANK_IOC_PAGER_REPLY, &reply);
}

static const struct kind kind_region = { "regions", make_region };
static const struct kind kind_area = { "areas", make_area };
static const struct kind kind_mapping = { "mappings", make_mapping };
static const struct kind kind_paged = { "regions with a pager", make_paged };
static const struct kind kind_answer = { "answers of a pager", make_answer };

/**
 * struct made - what came of it, seen by both processes
 * @count: how many
 * @error: what ended it
 */
struct made {
	unsigned int count;
	int error;
};

FIXTURE(memory)
{
	struct scene scene;
	int users;
	int maps;
	bool group;
	struct made *made;
};

FIXTURE_VARIANT(memory)
{
	const struct kind *kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(memory, nodes) { &kind_node };
FIXTURE_VARIANT_ADD(memory, dataspaces) { &kind_dataspace };
FIXTURE_VARIANT_ADD(memory, handles) { &kind_handle };
FIXTURE_VARIANT_ADD(memory, notifiers) { &kind_notifier };
FIXTURE_VARIANT_ADD(memory, listeners) { &kind_listener };
FIXTURE_VARIANT_ADD(memory, services) { &kind_service };
FIXTURE_VARIANT_ADD(memory, connections) { &kind_connection };
FIXTURE_VARIANT_ADD(memory, pagers) { &kind_pager };
FIXTURE_VARIANT_ADD(memory, regions) { &kind_region };
FIXTURE_VARIANT_ADD(memory, areas) { &kind_area };
FIXTURE_VARIANT_ADD(memory, mappings) { &kind_mapping };
FIXTURE_VARIANT_ADD(memory, paged) { &kind_paged };
FIXTURE_VARIANT_ADD(memory, answers) { &kind_answer };
/* clang-format on */

FIXTURE_SETUP(memory)
{
	char max[32];

	self->users = test_module_users();
	kernel_write(ROOT "/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	self->group = true;
	if (access(GROUP "/memory.max", F_OK))
		SKIP(return, "this kernel has no memory control groups");
	snprintf(max, sizeof(max), "%lu", GROUP_MAX);
	ASSERT_EQ(0, kernel_write(GROUP "/memory.max", max));
	self->maps = test_map_limit(4 * TOO_MANY);
	ASSERT_LT(0, self->maps);
	ASSERT_TRUE(scene_make(&self->scene));
	self->made = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->made);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(memory)
{
	if (self->maps > 0)
		EXPECT_LT(0, test_map_limit(self->maps));
	if (self->group)
		EXPECT_EQ(0, rmdir(GROUP));
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

/* In a child, which may be killed for it. */
static void make_without_end(const struct kind *kind, struct scene *scene,
			     struct made *made)
{
	const struct rlimit limit = { TOO_MANY + 100, TOO_MANY + 100 };
	cpu_set_t here;
	unsigned int more;
	int ret;

	/* Two threads that wait for each other are fastest on one processor. */
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here) ||
	    setrlimit(RLIMIT_NOFILE, &limit) ||
	    kernel_write(GROUP "/cgroup.procs", "0"))
		_exit(2);
	for (more = 0; more < MORE && made->count < TOO_MANY; more += ret < 0) {
		ret = kind->make(scene);
		if (ret < 0)
			made->error = ret;
		else
			made->count++;
	}
	_exit(0);
}

/* Of the group, since it is there. */
static bool has_happened(const char *event)
{
	const __u64 times = kernel_number(GROUP "/memory.events", event);

	return times && times != TEST_NONE;
}

TEST_F_TIMEOUT(memory, of_a_group_is_the_end_of_who_is_in_it, TEST_SLOW)
{
	const struct held before = held_now();
	pid_t child;
	int ret;

	/* Else it might be the bank that ends first. */
	ASSERT_LT(TOO_MANY * PAGE, test_figures(0).free);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		make_without_end(variant->kind, &self->scene, self->made);
	ret = test_wait_child(child);
	TH_LOG("%u %s, then %d, status %d", self->made->count,
	       variant->kind->name, self->made->error, ret);
	EXPECT_LT(10, self->made->count);
	EXPECT_GT(TOO_MANY, self->made->count);
	/* By the kernel, or it was told; and it was for what the group may have. */
	EXPECT_TRUE(ret == -SIGKILL || self->made->error == -ENOMEM);
	EXPECT_TRUE(has_happened("max"));
	EXPECT_TRUE(has_happened("oom"));

	EXPECT_EQ(NULL, rows_run(&self->scene));
	EXPECT_HELD(&self->scene, &before);
}

/* ------------------------------------------- what clients make grow */

/* Fewer than one user may be of a service that does not read of them. */
#define CLIENTS 200

/* Bytes in the kernel's caches that can be asked to shrink. */
#define GROUP_SLAB GROUP "/memory.stat", "slab_reclaimable"

/* A node of the tree that counts them by user. */
#define NODE_BYTES 500

FIXTURE(backlog)
{
	int dev;
	int services[CLIENTS];
	bool group;
};

FIXTURE_SETUP(backlog)
{
	char name[32];
	int i;

	kernel_write(ROOT "/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	self->group = true;
	if (access(GROUP "/memory.stat", F_OK))
		SKIP(return, "this kernel has no memory control groups");
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	for (i = 0; i < CLIENTS; i++) {
		snprintf(name, sizeof(name), "backlog-%d", i);
		self->services[i] =
			service_register(self->dev, name, 0222, NULL, 0);
		ASSERT_LE(0, self->services[i]);
	}
}

FIXTURE_TEARDOWN_PARENT(backlog)
{
	if (self->group)
		EXPECT_EQ(0, rmdir(GROUP));
	EXPECT_TRUE(test_banks_empty());
}

/*
 * Has another user connect CLIENTS times, to as many services or to one. Returns how
 * much its group has for it, or -1.
 */
static __s64 connect_all(int dev, bool to_many)
{
	const struct who who = { .real = OWNER, .user = OWNER, .group = OWNER };
	char name[32], byte = 0;
	__u64 before, after = TEST_NONE;
	int ends[2][2], i;
	pid_t child;

	if (pipe2(ends[0], O_CLOEXEC) || pipe2(ends[1], O_CLOEXEC))
		return -1;
	before = kernel_number(GROUP_SLAB);
	child = fork();
	if (!child) {
		if (kernel_write(GROUP "/cgroup.procs", "0") || become(&who))
			_exit(1);
		for (i = 0; i < CLIENTS; i++) {
			snprintf(name, sizeof(name), "backlog-%d",
				 to_many ? i : 0);
			if (service_connect(dev, name, 0, NULL, 0, NULL) < 0)
				_exit(2);
		}
		if (write(ends[0][1], &byte, 1) != 1)
			_exit(3);
		/* Until it was looked at. */
		_exit(read(ends[1][0], &byte, 1) != 1);
	}
	close(ends[0][1]);
	close(ends[1][0]);
	if (read(ends[0][0], &byte, 1) == 1)
		after = kernel_number(GROUP_SLAB);
	if (write(ends[1][1], &byte, 1) != 1 || test_wait_child(child))
		after = TEST_NONE;
	close(ends[0][0]);
	close(ends[1][1]);
	return after == TEST_NONE || before == TEST_NONE ? -1 : after - before;
}

TEST_F(backlog, of_each_service_is_charged_to_its_clients)
{
	const __s64 one = connect_all(self->dev, false);
	const __s64 many = connect_all(self->dev, true);

	TH_LOG("%lld bytes at one service, %lld at many", one, many);
	ASSERT_LE(0, one);
	ASSERT_LE(0, many);
	EXPECT_LE(one + CLIENTS * NODE_BYTES, many);
}

/* ------------------------------------------- what a pager has to answer */

/* Pages of which each is answered for itself, and what the kernel keeps at least for each. */
#define ANSWERS 4096
#define ANSWER_BYTES 48

/* Bytes in its other caches. */
#define GROUP_UNRECLAIMABLE GROUP "/memory.stat", "slab_unreclaimable"

FIXTURE(answers)
{
	struct scene scene;
	bool group;
};

FIXTURE_SETUP(answers)
{
	kernel_write(ROOT "/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	self->group = true;
	if (access(GROUP "/memory.stat", F_OK))
		SKIP(return, "this kernel has no memory control groups");
	ASSERT_TRUE(scene_make(&self->scene));
}

FIXTURE_TEARDOWN_PARENT(answers)
{
	if (self->group)
		EXPECT_EQ(0, rmdir(GROUP));
	EXPECT_TRUE(test_banks_empty());
}

/* In the group: touches each page of a region, and stays until it was looked at. */
static void touch_each(const struct scene *scene, const int *pair)
{
	const int socket = pair[1];
	char *mem, byte = 0;
	size_t i;

	/* When who answers ends, so do the waits here. */
	close(pair[0]);
	close(scene->pager);
	if (kernel_write(GROUP "/cgroup.procs", "0") ||
	    map_attach_part(scene->dev, scene->attach, NULL, ANSWERS * PAGE,
			    SEARCH | PAGER, &mem))
		_exit(1);
	for (i = 0; i < ANSWERS; i++)
		byte |= __atomic_load_n(mem + i * PAGE, __ATOMIC_RELAXED);
	if (write(socket, &byte, 1) != 1)
		_exit(2);
	_exit(read(socket, &byte, 1) != 1);
}

/* The pager does not know how large regions are; who attaches them does. */
TEST_F_TIMEOUT(answers, of_a_pager_are_charged_to_who_asks, TEST_SLOW)
{
	struct membank_pager_reply reply = {
		.size = sizeof(reply),
		.fd = self->scene.dataspace,
	};
	struct membank_pager_fault fault;
	__u64 slab = TEST_NONE;
	char byte = 0;
	int pair[2], i;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = fork();
	if (!child)
		touch_each(&self->scene, pair);
	close(pair[1]);
	for (i = 0; i < ANSWERS; i++) {
		ASSERT_EQ(POLLIN, revents(self->scene.pager, TEST_PATIENCE));
		ASSERT_EQ(sizeof(fault),
			  read(self->scene.pager, &fault, sizeof(fault)));
		reply.id = fault.id;
		ASSERT_EQ(0, test_ioctl(self->scene.pager,
					MEMBANK_IOC_PAGER_REPLY, &reply));
	}
	ASSERT_EQ(1, read(pair[0], &byte, 1));
	slab = kernel_number(GROUP_UNRECLAIMABLE);
	ASSERT_EQ(1, write(pair[0], &byte, 1));
	EXPECT_EQ(0, test_wait_child(child));
	TH_LOG("%llu bytes for %d answers", slab, ANSWERS);
	ASSERT_NE(TEST_NONE, slab);
	EXPECT_LE(ANSWERS * ANSWER_BYTES, slab);
}

/* ------------------------------------------- what is told to nobody */

/* Threads, and what may be left of each: less than of a fault. */
#define LEAVERS 400
#define LEAVER_BYTES 100

static __thread sigjmp_buf leaver_back;
static int leaver_pipe[2];

/* When the test says so, it leaves its fault for good. */
static void leave(int signal)
{
	char byte;

	(void)signal;
	if (read(leaver_pipe[0], &byte, 1) != 1)
		_exit(1);
	siglongjmp(leaver_back, 1);
}

static void *touch_and_leave(void *arg)
{
	if (!sigsetjmp(leaver_back, 1))
		(void)__atomic_load_n((char *)arg, __ATOMIC_RELAXED);
	return NULL;
}

/* A fault that is failed when its thread has left it, before or after that ends. */
static bool leave_one(struct scene *scene, bool before)
{
	struct membank_pager_reply reply = { .size = sizeof(reply), .fd = -1 };
	struct membank_pager_fault fault;
	pthread_t thread;
	bool good = true;

	if (pthread_create(&thread, NULL, touch_and_leave, scene->paged) ||
	    read(scene->pager, &fault, sizeof(fault)) != sizeof(fault))
		return false;
	reply.id = fault.id;
	pthread_kill(thread, SIGUSR1);
	while (test_thread_call(fault.tid) != SYS_read)
		sched_yield();
	if (before)
		good = !test_ioctl(scene->pager, MEMBANK_IOC_PAGER_REPLY,
				   &reply);
	if (write(leaver_pipe[1], "", 1) != 1 || pthread_join(thread, NULL))
		return false;
	if (!before)
		good = !test_ioctl(scene->pager, MEMBANK_IOC_PAGER_REPLY,
				   &reply);
	return good;
}

/* In the group. Returns how much more it has for all of them, at last, or -1. */
static __s64 leave_all(struct scene *scene, bool before)
{
	const struct sigaction action = { .sa_handler = leave };
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	__s64 slab = 0, more = 0;
	int i;

	if (kernel_write(GROUP "/cgroup.procs", "0") || pipe(leaver_pipe) ||
	    sigaction(SIGUSR1, &action, NULL))
		return -1;
	/* The first ones for what a process has once. */
	for (i = -10; i < LEAVERS; i++) {
		if (!i)
			slab = kernel_number(GROUP_UNRECLAIMABLE);
		if (!leave_one(scene, before))
			return -1;
	}
	/* What threads were is given back a while after they are gone. */
	do {
		sleep_ms(20);
		more = (__s64)kernel_number(GROUP_UNRECLAIMABLE) - slab;
	} while (more >= LEAVERS * LEAVER_BYTES && clock_ns() < end);
	return more < 0 ? 0 : more;
}

TEST_F_TIMEOUT(answers, that_are_errors_end_with_who_left, TEST_SLOW)
{
	__s64 more = -1;
	int pair[2], i;
	pid_t child;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pipe(pair));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			more = leave_all(&self->scene, i);
			_exit(write(pair[1], &more, sizeof(more)) < 0);
		}
		ASSERT_EQ(0, test_wait_child(child));
		ASSERT_EQ(sizeof(more), read(pair[0], &more, sizeof(more)));
		TH_LOG("%lld bytes more after %d", more, LEAVERS);
		EXPECT_NE(-1, more);
		EXPECT_GT(LEAVERS * LEAVER_BYTES, more);
	}
}

TEST_HARNESS_MAIN
