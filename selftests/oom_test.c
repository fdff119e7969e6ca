// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out, of a control group and of the machine: the client that is
 * killed for it was in the middle of everything. Its server is told, all memory
 * is back, and memory of a bank is not what is reclaimed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#include "pager.h"

#define CGROUP "/sys/fs/cgroup"
#define GROUP CGROUP "/membank-oom-test"

/* What the group may have, and what of a bank its client has mapped: more. */
#define GROUP_BYTES (16 * MIB)
#define CLIENT_BYTES (24 * MIB)

/* What the server has all the time, and looks at again. */
#define KEPT_BYTES (4 * MIB)

FIXTURE(oom)
{
	int dev;
	int service;
	int bell;
	/* A dataspace of the server's, with a byte of its own in each page. */
	int fd;
	char *mem;
	__u64 physical;
	bool group;
};

static int score(const char *text)
{
	return kernel_write("/proc/self/oom_score_adj", text);
}

/* A byte that is not that of a page beside it. */
static void kept_fill(char *mem)
{
	size_t page;

	for (page = 0; page < KEPT_BYTES / PAGE; page++)
		memset(mem + page * PAGE, page_byte(page), PAGE);
}

/* Whether it is all there, where it was, and was never away. */
static bool kept_is_there(FIXTURE_DATA(oom) * self)
{
	size_t page;

	for (page = 0; page < KEPT_BYTES / PAGE; page++) {
		const char *at = self->mem + page * PAGE;

		if (test_physical(at) != self->physical + page * PAGE ||
		    !test_all_bytes(at, page_byte(page), PAGE))
			return false;
	}
	return true;
}

FIXTURE_SETUP(oom)
{
	struct membank_offer offer = { .rights = READ | WRITE };

	ASSERT_TRUE(test_banks_empty());
	/* Whoever is killed for want of memory, it is none of us. */
	ASSERT_EQ(0, score("-1000"));
	/*
	 * Nor for what we are run from: a page of it that has to come from a file system
	 * which needs memory for that is not had, as long as the client, whose program it
	 * is, too, waits for the same instead of taking the last there is.
	 */
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	touch_init();
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, KEPT_BYTES, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, KEPT_BYTES);
	ASSERT_NE(MAP_FAILED, self->mem);
	kept_fill(self->mem);
	self->physical = test_physical(self->mem);
	ASSERT_NE(0, self->physical);
	offer.fd = self->fd;
	self->service = service_register(self->dev, "oom", 0222, &offer, 1);
	ASSERT_LE(0, self->service);
	self->bell = notifier_create(self->dev);
	ASSERT_LE(0, self->bell);
}

FIXTURE_TEARDOWN_PARENT(oom)
{
	if (self->group) {
		EXPECT_EQ(0, rmdir(GROUP));
		kernel_write(CGROUP "/cgroup.subtree_control", "-memory");
	}
	EXPECT_TRUE(test_banks_empty());
}

/* Of /proc/PID/status, in bytes. */
static __u64 status_of(pid_t pid, const char *field)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return kernel_number(path, field) * KIB;
}

/* ------------------------------------------------------------ the client */

/* A thread in the middle of a call that nobody answers. */
static void *wait_in_call(void *arg)
{
	const int bell = (long)arg;

	notifier_call(bell, bell, MEMBANK_WAIT_FOREVER);
	return NULL;
}

/* And one at a page that nobody brings. */
static void *wait_for_page(void *arg)
{
	char byte;

	touch_read(arg, &byte);
	return NULL;
}

/* Anonymous memory, until there is none: it does not come back from here. */
static int take_all(size_t piece)
{
	size_t at;

	for (;;) {
		char *mem = mmap(NULL, piece, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED)
			return 1;
		madvise(mem, piece, MADV_HUGEPAGE);
		for (at = 0; at < piece; at += PAGE)
			mem[at] = 1;
	}
}

/* All that a client can have; says so by a byte, and then does @then. */
static int client_has_all(FIXTURE_DATA(oom) * self, int ready)
{
	pthread_t threads[2];
	struct membank_offer got;
	struct pager pager;
	char *mem, *paged;
	int fd;

	if (service_connect(self->dev, "oom", 0, &got, 1, NULL) < 0)
		return 11;
	mem = test_map(self->dev, CLIENT_BYTES);
	if (mem == MAP_FAILED)
		return 12;
	memset(mem, 0x77, CLIENT_BYTES);
	fd = test_alloc(self->dev, MIB, 0, 0);
	if (fd < 0 ||
	    handle_attach(self->dev, fd, NULL, MEMBANK_REGION_EAGER_MAP, &mem))
		return 13;
	if (pager_create(self->dev, &pager) ||
	    pager_attach(self->dev, pager.attach, 0, &paged))
		return 14;
	if (pthread_create(&threads[0], NULL, wait_in_call,
			   (void *)(long)self->bell) ||
	    pthread_create(&threads[1], NULL, wait_for_page, paged))
		return 15;
	if (!pager_wait_fault(pager.fd) || write(ready, "", 1) != 1)
		return 16;
	return 0;
}

/* The server is told who came, and that it has gone. */
static int told_of(FIXTURE_DATA(oom) * self, pid_t child)
{
	struct membank_service_event event;
	int ret = service_event(self->service, &event);

	if (ret || event.type != MEMBANK_SERVICE_CONNECTED ||
	    event.pid != child)
		return ret ?: -EPROTO;
	ret = service_event(self->service, &event);
	if (ret || event.type != MEMBANK_SERVICE_GONE || event.pid != child)
		return ret ?: -EPROTO;
	return 0;
}

/* ------------------------------------------------------ a control group */

static bool group_make(FIXTURE_DATA(oom) * self)
{
	if (kernel_write(CGROUP "/cgroup.subtree_control", "+memory") ||
	    mkdir(GROUP, 0755))
		return false;
	self->group = true;
	return true;
}

TEST_F_TIMEOUT(oom, of_a_group_is_not_by_memory_of_a_bank, TEST_SLOW)
{
	int ready[2], go_on[2];
	pid_t child;
	char byte;

	ASSERT_TRUE(group_make(self));
	ASSERT_EQ(0, kernel_write(GROUP "/memory.max", "16777216"));
	kernel_write(GROUP "/memory.swap.max", "0");
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go_on));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int ret = -kernel_write(GROUP "/cgroup.procs", "0");

		ret = ret ?: -score("1000");
		ret = ret ?: client_has_all(self, ready[1]);
		/* Until we have looked. */
		if (!ret && read(go_on[0], &byte, 1) == 1)
			ret = take_all(MIB);
		_exit(ret);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	/* It has mapped more than its group may have, and is charged for little. */
	EXPECT_LT(CLIENT_BYTES, status_of(child, "VmRSS"));
	EXPECT_GT(GROUP_BYTES, kernel_number(GROUP "/memory.current", ""));
	EXPECT_EQ(0, kernel_number(GROUP "/memory.events", "oom_kill"));
	ASSERT_EQ(1, write(go_on[1], "", 1));

	EXPECT_EQ(0, told_of(self, child));
	EXPECT_EQ(-SIGKILL, test_wait_child(child));
	EXPECT_EQ(1, kernel_number(GROUP "/memory.events", "oom_kill"));
	EXPECT_TRUE(test_wait_used(KEPT_BYTES));
	EXPECT_TRUE(kept_is_there(self));
}

/* --------------------------------------------------------- the machine */

/* What a server does meanwhile: all of it has to go well. */
static bool bank_serves(int dev)
{
	char *mem = test_map(dev, 2 * MIB);
	bool good;

	if (mem == MAP_FAILED)
		return false;
	good = test_all_bytes(mem, 0, 2 * MIB);
	memset(mem, 0x5a, 2 * MIB);
	return !munmap(mem, 2 * MIB) && good;
}

TEST_F_TIMEOUT(oom, of_the_machine_kills_the_client_only, TEST_SLOW)
{
	unsigned long served = 0;
	int ready[2], status;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int ret = -score("1000");

		ret = ret ?: client_has_all(self, ready[1]);
		_exit(ret ?: take_all(8 * MIB));
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	while (!waitpid(child, &status, WNOHANG)) {
		ASSERT_TRUE(bank_serves(self->dev));
		served++;
		sleep_ms(20);
	}
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(0, told_of(self, child));
	TH_LOG("served %lu times meanwhile", served);
	EXPECT_TRUE(bank_serves(self->dev));
	EXPECT_TRUE(test_wait_used(KEPT_BYTES));
	EXPECT_TRUE(kept_is_there(self));
}

/* ----------------------------------------------------- what is reaped */

/*
 * What is taken from a process that is killed and does not end: here it stands
 * at the beginning of its end, since it is traced.
 */
TEST_F_TIMEOUT(oom, what_is_reaped_is_not_memory_of_a_bank, TEST_SLOW)
{
	int ready[2], process, status;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		char *mem = test_map(self->dev, CLIENT_BYTES);
		char *own = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED || own == MAP_FAILED)
			_exit(1);
		memset(mem, 0x77, CLIENT_BYTES);
		memset(own, 0x77, 8 * MIB);
		if (write(ready[1], "", 1) != 1)
			_exit(2);
		pause();
		_exit(3);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	process = syscall(SYS_pidfd_open, child, 0);
	ASSERT_LE(0, process);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT));
	EXPECT_LT(8 * MIB, status_of(child, "RssAnon"));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, __WALL));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_EXIT << 8, status >> 8);

	ASSERT_EQ(0, syscall(SYS_process_mrelease, process, 0));
	EXPECT_GT(MIB, status_of(child, "RssAnon"));
	/* Shared memory is left to the end: it would be no gain. */
	EXPECT_LE(CLIENT_BYTES, status_of(child, "VmRSS"));
	EXPECT_EQ(KEPT_BYTES + CLIENT_BYTES, test_used());

	ptrace(PTRACE_CONT, child, 0, 0);
	EXPECT_EQ(-SIGKILL, test_wait_child(child));
	EXPECT_TRUE(test_wait_used(KEPT_BYTES));
	EXPECT_TRUE(kept_is_there(self));
}

/* ------------------------------------------------ what is not reclaimed */

TEST_F(oom, pages_of_a_bank_stay_where_they_are)
{
	/* All that the kernel can be asked for, in turn. */
	ASSERT_EQ(0, kernel_write("/proc/sys/vm/drop_caches", "3"));
	ASSERT_EQ(0, kernel_write("/proc/sys/vm/compact_memory", "1"));
	EXPECT_TRUE(kept_is_there(self));
	/* It may be taken from a process, and is where it was after a fault. */
	madvise(self->mem, KEPT_BYTES, MADV_PAGEOUT);
	madvise(self->mem, KEPT_BYTES, MADV_COLD);
	for (size_t page = 0; page < KEPT_BYTES / PAGE; page++)
		__atomic_load_n(self->mem + page * PAGE, __ATOMIC_RELAXED);
	EXPECT_TRUE(kept_is_there(self));
}

TEST_HARNESS_MAIN
