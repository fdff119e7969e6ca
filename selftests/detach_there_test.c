// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of another process, whose node was handed over: looking at it, and
 * detaching there.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "fuse.h"
#include "handle.h"
#include "kernel_file.h"
#include "map.h"
#include "notify.h"
#include "touch.h"
#include "user.h"

#include "stuck.h"

#define PAGES 16
#define TURNS 50
#define WHILE_MS 500
#define KILLED 30

#define UNMAP MEMBANK_DETACH_UNMAP
#define DATASPACE MEMBANK_DETACH_DATASPACE

/* What the other process is told to do, and answers with a number. */
enum deed {
	ATTACH,
	RESERVE,
	FOREIGN,
	TOUCH,
	BLOCK,
	EXEC,
};

struct order {
	enum deed deed;
	size_t page;
	size_t pages;
	__u32 flags;
};

FIXTURE(there)
{
	/* Ours, and the node that the other process has opened. */
	int dev;
	int node;
	int fd;
	size_t page;
	char *hole;
	/* To the other process, and what it blocks on. */
	int socket;
	int pipe[2];
	pid_t child;
	struct membank_region_detach gone;
	struct membank_region_find found;
};

static int obey(FIXTURE_DATA(there) * self, int dev, const struct order *order)
{
	char *at = self->hole + order->page * self->page;
	size_t length = order->pages * self->page;
	char *mem;

	switch (order->deed) {
	case ATTACH:
		return map_attach_part(dev, self->fd, at, length, order->flags,
				       &mem);
	case RESERVE:
		return map_reserve(dev, at, length, order->flags, &mem);
	case FOREIGN:
		mem = mmap(at, length, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			   -1, 0);
		return mem == at ? 0 : -errno;
	case TOUCH:
		return touch_write(at, 1);
	case BLOCK:
		return read(self->pipe[0], at, 1) == 1 ? 0 : -errno;
	case EXEC:
		dup2(self->pipe[0], STDIN_FILENO);
		execlp("cat", "cat", NULL);
	}
	return -EPROTO;
}

static void serve(FIXTURE_DATA(there) * self, int socket)
{
	int dev = test_open(0), ret;
	struct order order;

	close(self->dev);
	if (dev < 0 || test_send_fd(socket, dev))
		_exit(1);
	while (read(socket, &order, sizeof(order)) == sizeof(order)) {
		ret = obey(self, dev, &order);
		if (write(socket, &ret, sizeof(ret)) != sizeof(ret))
			_exit(2);
	}
	_exit(0);
}

static void tell(FIXTURE_DATA(there) * self, enum deed deed, size_t page,
		 size_t pages, __u32 flags)
{
	const struct order order = {
		.deed = deed,
		.page = page,
		.pages = pages,
		.flags = flags,
	};

	if (write(self->socket, &order, sizeof(order)) != sizeof(order))
		printf("# the other process does not listen\n");
}

static int answer(FIXTURE_DATA(there) * self)
{
	int ret;

	if (read(self->socket, &ret, sizeof(ret)) != sizeof(ret))
		return -EREMOTE;
	return ret;
}

static int there(FIXTURE_DATA(there) * self, enum deed deed, size_t page,
		 size_t pages, __u32 flags)
{
	tell(self, deed, page, pages, flags);
	return answer(self);
}

FIXTURE_SETUP(there)
{
	int pair[2];
	pid_t child;

	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, PAGES * self->page, 0, 0);
	ASSERT_LE(0, self->fd);
	self->hole = map_hole(MIB);
	ASSERT_NE(NULL, self->hole);
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = fork();
	if (!child) {
		close(pair[0]);
		close(self->pipe[1]);
		serve(self, pair[1]);
	}
	/* Not before: both have the same fixture. */
	self->child = child;
	close(pair[1]);
	self->socket = pair[0];
	self->node = test_receive_fd(self->socket);
	ASSERT_LE(0, self->node);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(there)
{
	EXPECT_TRUE(test_banks_empty());
}

static char *at(FIXTURE_DATA(there) * self, size_t page)
{
	return self->hole + page * self->page;
}

static const char *picture(FIXTURE_DATA(there) * self)
{
	return map_picture(self->node, self->hole, PAGES * self->page);
}

static int detach(FIXTURE_DATA(there) * self, size_t page, size_t pages,
		  __u32 flags)
{
	return map_detach_range(self->node, at(self, page), pages * self->page,
				flags, &self->gone);
}

/* Ends the other process in peace. */
static int end(FIXTURE_DATA(there) * self)
{
	close(self->socket);
	return test_wait_child(self->child);
}

TEST_F(there, what_is_mapped_can_be_seen)
{
	ASSERT_EQ(0, there(self, ATTACH, 2, 4, 0));
	ASSERT_EQ(0, there(self, FOREIGN, 6, 1, 0));
	ASSERT_EQ(0, there(self, RESERVE, 8, 4, 0));
	ASSERT_EQ(0, there(self, ATTACH, 9, 1, IN_AREA | READ_ONLY));
	EXPECT_STREQ("-2 r4 -2 h1+8 r1+8 h2+8", picture(self));
	/* None of it is here. */
	EXPECT_STREQ("", map_picture(self->dev, self->hole, MIB));
	EXPECT_TRUE(map_is_free(self->hole, MIB));

	ASSERT_EQ(0, map_find(self->node, at(self, 3), &self->found));
	EXPECT_EQ((uintptr_t)at(self, 2), self->found.out_start);
	EXPECT_EQ(READ | WRITE, handle_rights(self->dev, self->found.out_fd));
	close(self->found.out_fd);
	ASSERT_EQ(0, map_find_range(self->node, at(self, 9), self->page,
				    &self->found));
	EXPECT_EQ(READ_ONLY, self->found.out_flags);
	EXPECT_EQ(READ, handle_rights(self->dev, self->found.out_fd));
	close(self->found.out_fd);
	ASSERT_EQ(0, map_find(self->node, at(self, 8), &self->found));
	EXPECT_EQ(-1, self->found.out_fd);
	EXPECT_EQ(-ENOENT, map_find(self->node, at(self, 6), &self->found));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, it_is_detached_only_if_that_is_meant)
{
	ASSERT_EQ(0, there(self, ATTACH, 2, 4, 0));
	EXPECT_EQ(-EPERM, map_detach(self->node, at(self, 2), &self->gone));
	EXPECT_EQ(-EPERM, detach(self, 0, 16, 0));
	EXPECT_EQ(-EPERM, detach(self, 0, 16, DATASPACE));
	EXPECT_EQ(-EPERM, map_detach(self->node, at(self, 0), &self->gone));
	EXPECT_STREQ("-2 r4", picture(self));
	EXPECT_EQ(0, there(self, TOUCH, 2, 1, 0));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, what_is_detached_is_a_fault_for_its_owner)
{
	struct membank_dataspace_info info;

	ASSERT_EQ(0, there(self, ATTACH, 2, 4, 0));
	ASSERT_EQ(0, there(self, TOUCH, 3, 1, 0));
	ASSERT_EQ(0, map_detach_range(self->node, at(self, 3) + 1, 0, UNMAP,
				      &self->gone));
	EXPECT_EQ((uintptr_t)at(self, 2), self->gone.out_start);
	EXPECT_EQ(4 * self->page, self->gone.out_length);
	EXPECT_EQ(1, self->gone.out_dropped);
	EXPECT_EQ(-1, self->gone.out_fd);
	EXPECT_EQ(SIGSEGV, there(self, TOUCH, 3, 1, 0));
	EXPECT_STREQ("", picture(self));
	EXPECT_EQ(-ENOENT, map_detach_range(self->node, at(self, 3), 0, UNMAP,
					    &self->gone));
	EXPECT_EQ(-ENOENT, detach(self, 0, 16, UNMAP));
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(0, info.out_mappings);
	/* The place can be used again. */
	EXPECT_EQ(0, there(self, ATTACH, 2, 4, 0));
	EXPECT_EQ(0, there(self, TOUCH, 3, 1, 0));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, a_range_is_detached_like_ones_own)
{
	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	ASSERT_EQ(0, there(self, FOREIGN, 4, 2, 0));
	ASSERT_EQ(0, there(self, ATTACH, 6, 2, 0));
	ASSERT_EQ(0, there(self, ATTACH, 10, 4, 0));
	ASSERT_EQ(0, detach(self, 2, 10, UNMAP));
	EXPECT_EQ((uintptr_t)at(self, 2), self->gone.out_start);
	EXPECT_EQ(10 * self->page, self->gone.out_length);
	EXPECT_EQ(2, self->gone.out_split);
	EXPECT_EQ(1, self->gone.out_kept);
	EXPECT_EQ(0, self->gone.out_dropped);
	EXPECT_STREQ("r2 -10 r2", picture(self));
	EXPECT_EQ(0, there(self, TOUCH, 1, 1, 0));
	EXPECT_EQ(SIGSEGV, there(self, TOUCH, 2, 1, 0));
	EXPECT_EQ(0, there(self, TOUCH, 4, 1, 0));
	EXPECT_EQ(0, there(self, TOUCH, 5, 1, 0));
	EXPECT_EQ(SIGSEGV, there(self, TOUCH, 11, 1, 0));
	EXPECT_EQ(0, there(self, TOUCH, 12, 1, 0));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, places_in_areas_stay_reserved)
{
	ASSERT_EQ(0, there(self, RESERVE, 0, 16, 0));
	ASSERT_EQ(0, there(self, RESERVE, 8, 4, IN_AREA));
	ASSERT_EQ(0, there(self, ATTACH, 2, 4, IN_AREA));
	ASSERT_EQ(0, there(self, ATTACH, 9, 2, IN_AREA));
	ASSERT_EQ(0, detach(self, 3, 7, UNMAP));
	EXPECT_EQ(2, self->gone.out_split);
	EXPECT_STREQ("h2+0 r1+0 h5+0 h2+8 r1+8 h1+8 h4+0", picture(self));
	ASSERT_EQ(0, map_detach_range(self->node, at(self, 10), 0, UNMAP,
				      &self->gone));
	EXPECT_EQ(SIGSEGV, there(self, TOUCH, 10, 1, 0));
	EXPECT_EQ(-EEXIST, there(self, FOREIGN, 10, 1, 0));
	EXPECT_EQ(0, there(self, ATTACH, 9, 2, IN_AREA));
	EXPECT_STREQ("h2+0 r1+0 h5+0 h1+8 r2+8 h1+8 h4+0", picture(self));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, the_dataspace_comes_with_the_rights_of_the_region)
{
	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	ASSERT_EQ(0, there(self, TOUCH, 0, 1, 0));
	ASSERT_EQ(0, there(self, ATTACH, 4, 4, READ_ONLY));
	ASSERT_EQ(0, there(self, ATTACH, 8, 4, RESERVED));
	ASSERT_EQ(0, detach(self, 0, 16, UNMAP | DATASPACE));
	EXPECT_EQ(2, self->gone.out_more);
	EXPECT_EQ(1, self->gone.out_kept);
	/* Never the right to revoke it. */
	EXPECT_EQ(READ | WRITE, handle_rights(self->dev, self->gone.out_fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->gone.out_fd, F_GETFD));
	close(self->gone.out_fd);
	ASSERT_EQ(0, detach(self, 0, 16, UNMAP | DATASPACE));
	EXPECT_EQ(1, self->gone.out_more);
	EXPECT_EQ(READ, handle_rights(self->dev, self->gone.out_fd));
	close(self->gone.out_fd);
	ASSERT_EQ(0, detach(self, 0, 16, UNMAP | DATASPACE));
	EXPECT_EQ(0, self->gone.out_more);
	EXPECT_EQ(READ, handle_rights(self->dev, self->gone.out_fd));
	close(self->gone.out_fd);
	EXPECT_EQ(-ENOENT, detach(self, 0, 16, UNMAP | DATASPACE));

	/* It is all that is left of the memory. */
	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	EXPECT_EQ(0, detach(self, 0, 4, UNMAP | DATASPACE));
	EXPECT_EQ(0, end(self));
	close(self->fd);
	EXPECT_EQ(PAGES * self->page, test_used());
	self->hole = test_map(self->gone.out_fd, self->page);
	ASSERT_NE(MAP_FAILED, self->hole);
	EXPECT_EQ(1, self->hole[0]);
}

TEST_F(there, without_a_free_descriptor_nothing_is_detached)
{
	struct rlimit limit, tight;
	int ret;

	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	tight = limit;
	tight.rlim_cur = dup(self->dev);
	close(tight.rlim_cur);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
	ret = detach(self, 0, 16, UNMAP | DATASPACE);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, ret);
	EXPECT_STREQ("r4", picture(self));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, nothing_is_detached_here)
{
	char *mem;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, self->hole, 0),
				&mem));
	EXPECT_EQ(-ENOENT, detach(self, 0, 16, UNMAP));
	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	ASSERT_EQ(0, detach(self, 0, 16, UNMAP));
	EXPECT_EQ(1, self->gone.out_kept);
	EXPECT_STREQ("r16", map_picture(self->dev, self->hole, MIB));
	/* With a node of one's own it means nothing more. */
	ASSERT_EQ(0, map_detach_range(self->dev, mem, 0, UNMAP, &self->gone));
	EXPECT_EQ(1, self->gone.out_dropped);
	EXPECT_EQ(0, end(self));
}

/* Whether it sleeps in read() of a descriptor. */
static bool is_blocked(pid_t pid, int fd)
{
	unsigned long long number = ~0ULL, first = ~0ULL;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%llu %llx", &number, &first) != 2)
		number = ~0ULL;
	fclose(file);
	return number == SYS_read && first == fd;
}

TEST_F(there, a_process_that_waits_is_not_waited_for)
{
	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	tell(self, BLOCK, 1, 1, 0);
	while (!is_blocked(self->child, self->pipe[0]))
		sched_yield();
	ASSERT_EQ(0, detach(self, 0, 4, UNMAP));
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(-EFAULT, answer(self));

	/* Nor one that does not run. */
	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	kill(self->child, SIGSTOP);
	ASSERT_EQ(self->child, waitpid(self->child, NULL, WUNTRACED));
	EXPECT_STREQ("r4", picture(self));
	ASSERT_EQ(0, detach(self, 0, 4, UNMAP));
	EXPECT_STREQ("", picture(self));
	kill(self->child, SIGCONT);
	EXPECT_EQ(SIGSEGV, there(self, TOUCH, 0, 1, 0));
	EXPECT_EQ(0, end(self));
}

TEST_F(there, nothing_is_found_after_exec_or_the_end)
{
	struct membank_region_entry entry;
	struct membank_region_list list;
	unsigned int round;
	char byte;

	ASSERT_EQ(0, there(self, ATTACH, 0, 4, 0));
	tell(self, EXEC, 0, 0, 0);
	/* The end of the file comes with exec(). */
	ASSERT_EQ(0, read(self->socket, &byte, 1));
	for (round = 0; round < 2; round++) {
		EXPECT_EQ(-ESRCH,
			  map_find(self->node, at(self, 0), &self->found));
		EXPECT_EQ(-ESRCH,
			  map_list(self->node, NULL, 0, &entry, 1, &list));
		EXPECT_EQ(-ESRCH, detach(self, 0, 4, UNMAP));
		EXPECT_EQ(-ESRCH, detach(self, 0, 4, UNMAP | DATASPACE));
		if (!round)
			EXPECT_EQ(-SIGKILL, test_kill(self->child));
	}
}

TEST_F_TIMEOUT(there, a_process_may_end_meanwhile, TEST_SLOW)
{
	const struct membank_region_attach args =
		map_args(self->fd, self->hole, OVERMAP);
	unsigned int turn;
	int ret, dev, pair[2];
	pid_t child;
	char *mem;

	EXPECT_EQ(0, end(self));
	for (turn = 0; turn < TURNS; turn++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					pair));
		child = fork();
		if (!child) {
			dev = test_open(0);
			if (test_send_fd(pair[1], dev))
				_exit(1);
			/* Until killed. */
			while (!map_attach(dev, args, &mem))
				;
			_exit(2);
		}
		dev = test_receive_fd(pair[0]);
		ASSERT_LE(0, dev);
		close(pair[0]);
		close(pair[1]);
		do {
			ret = map_detach_range(dev, self->hole, 0, UNMAP,
					       &self->gone);
		} while (ret == -ENOENT);
		ASSERT_EQ(0, ret);
		/* From here on it ends while we detach. */
		ASSERT_EQ(0, kill(child, SIGKILL));
		do {
			ret = map_detach_range(dev, self->hole,
					       turn % 2 ? self->page : 0, UNMAP,
					       &self->gone);
		} while (!ret || ret == -ENOENT);
		EXPECT_EQ(-ESRCH, ret);
		EXPECT_EQ(-SIGKILL, test_wait_child(child));
		close(dev);
	}
	close(self->fd);
	EXPECT_TRUE(test_wait_used(0));
}

/* ------------------------------------------------- one that keeps its locks */

FIXTURE(stuck)
{
	int users;
	struct stuck other;
};

FIXTURE_SETUP(stuck)
{
	int ret;

	ASSERT_TRUE(test_banks_empty());
	self->users = test_module_users();
	ret = stuck_make(&self->other);
	if (ret == -ENODEV)
		SKIP(return, "this kernel has no FUSE");
	ASSERT_EQ(0, ret);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(stuck)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

static void on_signal(int signal)
{
	(void)signal;
}

/* A process that asks for a region, or a range; its end is the errno. */
static pid_t detach_there(FIXTURE_DATA(stuck) * self, char *region,
			  size_t length, __u32 flags)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct membank_region_detach gone;
	pid_t child = fork();

	if (child)
		return child;
	close(self->other.file.fd);
	sigaction(SIGUSR1, &action, NULL);
	_exit(-map_detach_range(self->other.node, region, length, flags,
				&gone));
}

/* Whether it waits in there for the other one's locks; first maybe for a page of its own. */
static bool waits(pid_t asker)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;

	while (!wait_state(asker, 'D') || test_thread_call(asker) != SYS_ioctl)
		if (clock_ns() > end)
			return false;
	return true;
}

/* Whether that is so within so many milliseconds. */
static bool becomes_detached(FIXTURE_DATA(stuck) * self, const char *region,
			     unsigned int ms)
{
	struct membank_region_find found;

	for (; ms; ms--) {
		if (map_find(self->other.node, region, &found) == -ENOENT)
			return true;
		usleep(1000);
	}
	return false;
}

/*
 * Lets the other process go on, when all who asked it for something are dead. What
 * was in the middle of unmapping then comes to its end, and nothing else is begun.
 */
static bool only_the_first_is_detached(FIXTURE_DATA(stuck) * self)
{
	bool only;

	stuck_go(&self->other);
	only = becomes_detached(self, self->other.hole, 20 * WHILE_MS) &&
	       !becomes_detached(self, self->other.hole + MIB, WHILE_MS);
	close(self->other.socket);
	return only && !test_wait_child(self->other.child);
}

TEST_F_TIMEOUT(stuck, who_waits_for_it_can_be_killed, TEST_SLOW)
{
	pid_t askers[2];
	unsigned int i;

	/*
	 * The first one's is begun, and has got as far as the first of two regions;
	 * the second one's is not.
	 */
	askers[0] = detach_there(self, self->other.hole, 2 * MIB, UNMAP);
	ASSERT_LT(0, askers[0]);
	ASSERT_TRUE(waits(askers[0]));
	askers[1] = detach_there(self, self->other.hole + MIB, 0, UNMAP);
	ASSERT_LT(0, askers[1]);
	ASSERT_TRUE(waits(askers[1]));
	for (i = 0; i < ARRAY_SIZE(askers); i++)
		EXPECT_EQ(-SIGKILL, test_kill(askers[i]));
	EXPECT_TRUE(only_the_first_is_detached(self));
}

/* Tasks of the kernel that do what is queued, on any processor. */
static size_t count_workers(void)
{
	char path[80], name[16];
	size_t i, count = 0;
	glob_t found;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		return 0;
	for (i = 0; i < found.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s", found.gl_pathv[i]);
		count += !kernel_read(path, name, sizeof(name)) &&
			 !strncmp(name, "kworker/u", 9);
	}
	globfree(&found);
	return count;
}

TEST_F_TIMEOUT(stuck, the_killed_leave_one_task_of_the_kernel, TEST_SLOW)
{
	const size_t before = count_workers();
	unsigned int i;
	pid_t asker;

	ASSERT_LT(0, before);
	for (i = 0; i < KILLED; i++) {
		/* Nobody takes the dataspace then. */
		asker = detach_there(self, self->other.hole, 0,
				     UNMAP | DATASPACE);
		ASSERT_LT(0, asker);
		ASSERT_TRUE(waits(asker));
		ASSERT_EQ(-SIGKILL, test_kill(asker));
	}
	/* The kernel keeps some for what comes next. */
	EXPECT_GT(before + KILLED / 2, count_workers());
	EXPECT_TRUE(only_the_first_is_detached(self));
}

/* As detach_there(), by another user; its exit status is the errno. */
static pid_t detach_as(FIXTURE_DATA(stuck) * self, uid_t user)
{
	const struct who who = { .real = user, .user = user, .group = user };
	struct membank_region_detach gone;
	pid_t child = fork();

	if (child)
		return child;
	close(self->other.file.fd);
	if (become(&who))
		_exit(255);
	_exit(-map_detach_range(self->other.node, self->other.hole, 0, UNMAP,
				&gone));
}

/* Until all of so many wait, and one more is told that there are enough. */
static bool fills(FIXTURE_DATA(stuck) * self, pid_t *askers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		askers[i] = detach_as(self, OWNER);
		if (askers[i] < 0 || !waits(askers[i]))
			return false;
	}
	return test_wait_child(detach_as(self, OWNER)) == EDQUOT;
}

/* Also who was killed, as long as something is to be done for it; other users are none. */
TEST_F_TIMEOUT(stuck, one_user_has_only_so_many_who_wait_for_it, TEST_SLOW)
{
	pid_t askers[MEMBANK_DETACHES_MAX], more;
	unsigned int i, left = MEMBANK_DETACHES_MAX + 1;

	/* The second time one is still done, for somebody of the first. */
	while (left-- >= MEMBANK_DETACHES_MAX) {
		ASSERT_TRUE(fills(self, askers, left));
		for (i = 0; i < 2; i++) {
			more = detach_as(self, i ? OTHER : 0);
			ASSERT_TRUE(more > 0 && waits(more));
			EXPECT_EQ(-SIGKILL, test_kill(more));
		}
		for (i = 0; i < left; i++)
			EXPECT_EQ(-SIGKILL, test_kill(askers[i]));
	}
	EXPECT_TRUE(only_the_first_is_detached(self));
}

TEST_F_TIMEOUT(stuck, who_waits_for_it_gets_it_in_the_end, TEST_SLOW)
{
	struct membank_region_find found;
	pid_t asker = detach_there(self, self->other.hole, 0, UNMAP);

	ASSERT_LT(0, asker);
	ASSERT_TRUE(waits(asker));
	/* Nothing that it could be told of in the middle is lost by that. */
	ASSERT_EQ(0, kill(asker, SIGUSR1));
	EXPECT_TRUE(waits(asker));
	stuck_go(&self->other);
	EXPECT_EQ(0, test_wait_child(asker));
	EXPECT_EQ(-ENOENT,
		  map_find(self->other.node, self->other.hole, &found));
	close(self->other.socket);
	EXPECT_EQ(0, test_wait_child(self->other.child));
}

TEST_HARNESS_MAIN
