// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quota: how much of a bank a user id may have, and how much a control group.
 * How quota= is written is in load_test.sh.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "reload.h"

#define QUOTA (8 * MIB)
#define PARAMETERS "banks=video:32M,rt:16M quota=8M"

/* Nobody that a machine knows. */
#define USER 60001
#define OTHER 60002

FIXTURE(quota)
{
	int dev;
	int second;
	int any;
	size_t page;
};

FIXTURE_SETUP(quota)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->second = test_open(1);
	ASSERT_LE(0, self->second);
	self->any = test_open(TEST_ANY);
	ASSERT_LE(0, self->any);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(quota)
{
	EXPECT_TRUE(test_banks_empty());
}

static int become(uid_t uid)
{
	return setresuid(uid, uid, uid) ? -errno : 0;
}

/* What the caller's user id is charged for in a bank. */
static __u64 charged(int dev, __u32 bank)
{
	struct membank_bank_info info;

	return handle_bank(dev, bank, &info) ? TEST_NONE : info.out_charged;
}

TEST_F(quota, is_told)
{
	struct membank_bank_info info;

	ASSERT_EQ(0, handle_bank(self->dev, 0, &info));
	EXPECT_EQ(QUOTA, info.out_quota);
	EXPECT_EQ(0, info.out_charged);
	ASSERT_EQ(0, handle_bank(self->dev, 1, &info));
	EXPECT_EQ(QUOTA, info.out_quota);
	EXPECT_EQ(QUOTA, test_number(0, "quota"));
	EXPECT_EQ(QUOTA, test_number(1, "quota"));
}

TEST_F(quota, can_be_used_to_the_byte)
{
	int one, two;

	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, QUOTA + 1, 0, 0));
	EXPECT_EQ(0, charged(self->dev, 0));
	one = test_alloc(self->dev, QUOTA - self->page, 0, 0);
	ASSERT_LE(0, one);
	EXPECT_EQ(QUOTA - self->page, charged(self->dev, 0));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, self->page + 1, 0, 0));
	/* Whole pages count. */
	two = test_alloc(self->dev, 1, 0, 0);
	ASSERT_LE(0, two);
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, 1, 0, 0));
	close(one);
	EXPECT_EQ(self->page, charged(self->dev, 0));
	close(two);
	EXPECT_EQ(0, charged(self->dev, 0));
	one = test_alloc(self->dev, QUOTA, SUPER, 0);
	EXPECT_LE(0, one);
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
}

TEST_F(quota, counts_extents)
{
	ASSERT_EQ(0, become(USER));
	ASSERT_LE(0, test_alloc(self->dev, 1, SUPER, 0));
	EXPECT_EQ(GRAIN, charged(self->dev, 0));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, QUOTA - GRAIN + 1, SUPER, 21));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA - GRAIN, SUPER, 0));
}

TEST_F(quota, is_not_what_a_bank_cannot_hold)
{
	const __u64 size = test_number(0, "size");

	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, size + 1, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 0, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 1, 0, 31));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, size, 0, 0));
	EXPECT_EQ(0, charged(self->dev, 0));
}

TEST_F(quota, counts_mmap_on_a_node)
{
	char *mem;

	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, QUOTA + self->page));
	EXPECT_EQ(EDQUOT, errno);
	mem = test_map(self->dev, QUOTA);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, self->page));
	EXPECT_EQ(EDQUOT, errno);
	ASSERT_EQ(0, munmap(mem, QUOTA));
	EXPECT_EQ(0, charged(self->dev, 0));
}

TEST_F(quota, does_not_hold_for_who_may_exceed_it)
{
	const __u64 size = test_number(0, "size");
	int fd = test_alloc(self->dev, size, 0, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, charged(self->dev, 0));
	close(fd);

	/* It is the capability, not the number. */
	ASSERT_EQ(0, test_drop_capability(CAP_SYS_RESOURCE));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, QUOTA + 1, 0, 0));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
}

TEST_F(quota, is_each_user_ids_own)
{
	int ready[2], go[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (become(USER) || test_alloc(self->dev, QUOTA, 0, 0) < 0 ||
		    write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(charged(self->dev, 0) == QUOTA ? 0 : 2);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(0, become(OTHER));
	EXPECT_EQ(0, charged(self->dev, 0));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, QUOTA + 1, 0, 0));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
}

/* Two processes of one user share it. */
TEST_F(quota, is_shared_by_a_users_processes)
{
	pid_t child;

	ASSERT_EQ(0, become(USER));
	ASSERT_LE(0, test_alloc(self->dev, QUOTA / 2, 0, 0));
	child = fork();
	if (!child) {
		if (test_alloc(self->dev, QUOTA / 2 + 1, 0, 0) != -EDQUOT)
			_exit(1);
		_exit(test_alloc(self->dev, QUOTA / 2, 0, 0) < 0 ? 2 : 0);
	}
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(test_wait_used(QUOTA / 2));
	EXPECT_EQ(QUOTA / 2, charged(self->dev, 0));
}

static int map_ids(pid_t child, const char *file, const char *map)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%d/%s", child, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, map, strlen(map)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Returns 0, or the number of what went wrong; USER has half of it already. */
static int spend_in_namespace(int dev)
{
	int round;

	/* USER, OTHER, and then OTHER in a namespace that it made itself. */
	for (round = 0; round < 3; round++) {
		if (round == 1 && become(1))
			return 10;
		if (round == 2 && unshare(CLONE_NEWUSER))
			return 20;
		if (charged(dev, 0) != QUOTA / 2)
			return 10 * round + 1;
		if (test_alloc(dev, QUOTA / 2 + 1, 0, 0) != -EDQUOT)
			return 10 * round + 2;
	}
	if (test_alloc(dev, QUOTA / 2, 0, 0) < 0)
		return 3;
	return charged(dev, 0) == QUOTA ? 0 : 4;
}

#define NO_NAMESPACE 99

TEST_F(quota, is_one_for_all_ids_in_a_users_namespace)
{
	int ready[2], go[2], ret;
	pid_t child;
	char byte, map[64];

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (become(USER) || test_alloc(self->dev, QUOTA / 2, 0, 0) < 0)
			_exit(98);
		if (unshare(CLONE_NEWUSER))
			_exit(NO_NAMESPACE);
		if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(97);
		_exit(spend_in_namespace(self->dev));
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		ret = test_wait_child(child);
		ASSERT_EQ(NO_NAMESPACE, ret);
		SKIP(return, "this kernel gives a user no user namespace");
	}
	/* As newuidmap does for a user who has several by /etc/subuid. */
	snprintf(map, sizeof(map), "0 %d 1\n1 %d 1\n", USER, OTHER);
	EXPECT_EQ(0, map_ids(child, "uid_map", map));
	EXPECT_EQ(0, map_ids(child, "gid_map", "0 0 1\n"));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	/* OTHER itself was charged for nothing. */
	ASSERT_TRUE(test_wait_used(0));
	ASSERT_EQ(0, become(OTHER));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
}

TEST_F(quota, is_each_banks_own)
{
	ASSERT_EQ(0, become(USER));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
	EXPECT_EQ(0, charged(self->dev, 1));
	EXPECT_LE(0, test_alloc(self->second, QUOTA, 0, 0));
	EXPECT_EQ(QUOTA, charged(self->dev, 1));
	EXPECT_EQ(-EDQUOT, test_alloc(self->second, 1, 0, 0));
}

TEST_F(quota, of_one_bank_leads_to_the_next)
{
	ASSERT_EQ(0, become(USER));
	EXPECT_LE(0, test_alloc(self->any, QUOTA, 0, 0));
	EXPECT_LE(0, test_alloc(self->any, QUOTA, 0, 0));
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
	EXPECT_EQ(QUOTA, charged(self->dev, 1));
	EXPECT_EQ(-EDQUOT, test_alloc(self->any, 1, 0, 0));
	EXPECT_EQ(MAP_FAILED, test_map(self->any, 1));
	EXPECT_EQ(EDQUOT, errno);
}

TEST_F(quota, failures_are_counted)
{
	const __u64 before = test_number(0, "failures/over_quota");
	const __u64 room = test_number(0, "failures/no_room");

	ASSERT_NE(TEST_NONE, before);
	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, QUOTA + 1, 0, 0));
	EXPECT_EQ(before + 1, test_number(0, "failures/over_quota"));
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, QUOTA + 1));
	EXPECT_EQ(before + 2, test_number(0, "failures/over_quota"));
	EXPECT_EQ(room, test_number(0, "failures/no_room"));
}

TEST_F(quota, has_what_a_killed_process_had_again)
{
	int ready[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, become(USER));
	child = fork();
	if (!child) {
		if (test_map(self->dev, QUOTA) == MAP_FAILED ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(2);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
	ASSERT_EQ(-SIGKILL, test_kill(child));
	EXPECT_TRUE(test_wait_used(0));
	EXPECT_EQ(0, charged(self->dev, 0));
}

TEST_F(quota, counts_what_is_dead_and_still_pinned)
{
	struct iovec iov = { .iov_len = self->page };
	int pipe_fds[2];
	char *mem, *out;

	out = malloc(self->page);
	ASSERT_NE(NULL, out);
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(0, become(USER));
	mem = test_map(self->dev, QUOTA);
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 1;
	iov.iov_base = mem;
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(mem, QUOTA));
	EXPECT_EQ(0, test_number(0, "dataspaces"));
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, 1, 0, 0));
	ASSERT_EQ(self->page, read(pipe_fds[0], out, self->page));
	EXPECT_TRUE(test_wait_used(0));
	EXPECT_EQ(0, charged(self->dev, 0));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
}

TEST_F(quota, stays_with_who_allocated)
{
	int pair[2], fd;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = fork();
	if (!child) {
		if (become(USER))
			_exit(1);
		fd = test_alloc(self->dev, QUOTA, 0, 0);
		_exit(fd < 0 || test_send_fd(pair[1], fd) ? 2 : 0);
	}
	EXPECT_EQ(0, test_wait_child(child));
	fd = test_receive_fd(pair[0]);
	ASSERT_LE(0, fd);
	/* A handle that another one makes of it, too. */
	ASSERT_LE(0, handle_derive(self->dev, fd, READ));

	child = fork();
	if (!child) {
		if (become(USER) || charged(self->dev, 0) != QUOTA)
			_exit(1);
		_exit(test_alloc(self->dev, 1, 0, 0) == -EDQUOT ? 0 : 2);
	}
	EXPECT_EQ(0, test_wait_child(child));
	ASSERT_EQ(0, become(OTHER));
	EXPECT_EQ(0, charged(self->dev, 0));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
	EXPECT_EQ(0, handle_revoke(self->dev, fd));
	ASSERT_EQ(QUOTA, charged(self->dev, 0));
}

TEST_F(quota, is_given_back_by_revoking)
{
	int fd;

	ASSERT_EQ(0, become(USER));
	fd = test_alloc(self->dev, QUOTA, 0, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handle_revoke(self->dev, fd));
	EXPECT_EQ(0, charged(self->dev, 0));
	EXPECT_LE(0, test_alloc(self->dev, QUOTA, 0, 0));
	close(fd);
	EXPECT_EQ(QUOTA, charged(self->dev, 0));
}

TEST_F(quota, is_what_a_negative_size_leaves)
{
	const __s64 page = self->page, size = test_number(0, "size");
	int fd;

	/* Less is free than the bank has, and more than the quota. */
	fd = test_alloc(self->dev, size - QUOTA - 2 * MIB, 0, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(QUOTA - page, handle_rest(self->dev, 1, CONTINUOUS, 0));
	EXPECT_EQ(QUOTA - page, handle_rest(self->dev, page, CONTINUOUS, 0));
	EXPECT_EQ(QUOTA - 2 * page,
		  handle_rest(self->dev, page + 1, CONTINUOUS, 0));
	EXPECT_EQ(QUOTA - GRAIN,
		  handle_rest(self->dev, 1, CONTINUOUS | SUPER, 0));
	EXPECT_EQ(page, handle_rest(self->dev, QUOTA - page, CONTINUOUS, 0));
	EXPECT_EQ(-ENOMEM, handle_rest(self->dev, QUOTA, CONTINUOUS, 0));
	EXPECT_EQ(-ENOMEM, handle_rest(self->dev, size, CONTINUOUS, 0));
	ASSERT_LE(0, test_alloc(self->dev, 3 * MIB, 0, 0));
	EXPECT_EQ(QUOTA - 3 * MIB - page,
		  handle_rest(self->dev, 1, CONTINUOUS, 0));
	EXPECT_EQ(3 * MIB, charged(self->dev, 0));
}

/* What has to stay is of the quota, however little the bank has left. */
TEST_F(quota, leaves_quota_and_not_memory_of_the_bank)
{
	const __s64 size = test_number(0, "size");
	int fd = test_alloc(self->dev, size - 4 * MIB, 0, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(4 * MIB, handle_rest(self->dev, 1, CONTINUOUS, 0));
	EXPECT_EQ(4 * MIB, handle_rest(self->dev, 4 * MIB, CONTINUOUS, 0));
	EXPECT_EQ(3 * MIB, handle_rest(self->dev, 5 * MIB, CONTINUOUS, 0));
}

/* --------------------------------------------------------- many at once */

#define THREADS 4

static void *hoard(void *arg)
{
	const int dev = (long)arg;
	long wrong = 0;
	int i, fd;

	for (i = 0; i < 300; i++) {
		fd = test_alloc(dev, QUOTA / 3, 0, 0);
		if (fd >= 0)
			close(fd);
		else if (fd != -EDQUOT)
			wrong++;
		if (charged(dev, 0) > QUOTA)
			wrong++;
	}
	return (void *)wrong;
}

TEST_F(quota, holds_for_threads_at_once)
{
	pthread_t threads[THREADS];
	void *wrong;
	int i;

	ASSERT_EQ(0, become(USER));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, hoard,
					    (void *)(long)self->dev));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &wrong));
		EXPECT_EQ(NULL, wrong);
	}
	EXPECT_EQ(0, charged(self->dev, 0));
}

/* ------------------------------------------------------- control groups */

#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/membank-quota-test"

/* The number behind "membank/video " in a file of the group. */
static __u64 group_number(const char *path)
{
	__u64 number = TEST_NONE;
	char line[256], name[128];
	unsigned long long value;
	FILE *file = fopen(path, "re");

	if (!file)
		return TEST_NONE;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%127s %llu", name, &value) == 2 &&
		    !strcmp(name, "membank/video"))
			number = value;
	fclose(file);
	return number;
}

FIXTURE(group)
{
	int dev;
	bool made;
};

FIXTURE_SETUP(group)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	if (access(ROOT "/dmem.capacity", F_OK))
		return;
	ASSERT_EQ(0, kernel_write(ROOT "/cgroup.subtree_control", "+dmem"));
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	self->made = true;
	ASSERT_EQ(0, kernel_write(GROUP "/cgroup.procs", "0"));
}

FIXTURE_TEARDOWN_PARENT(group)
{
	if (self->made)
		EXPECT_EQ(0, rmdir(GROUP));
	EXPECT_TRUE(test_banks_empty());
}

#define NO_DMEM "this kernel has no dmem control groups"

TEST_F(group, knows_the_banks)
{
	if (!self->made)
		SKIP(return, NO_DMEM);
	EXPECT_EQ(test_number(0, "size"), group_number(ROOT "/dmem.capacity"));
	EXPECT_EQ(0, group_number(GROUP "/dmem.current"));
}

TEST_F(group, counts_what_it_has)
{
	char *mem;
	int fd;

	if (!self->made)
		SKIP(return, NO_DMEM);
	fd = test_alloc(self->dev, 3 * MIB + 1, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(3 * MIB + 4096, group_number(GROUP "/dmem.current"));
	mem = test_map(self->dev, MIB);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(4 * MIB + 4096, group_number(GROUP "/dmem.current"));
	ASSERT_EQ(0, munmap(mem, MIB));
	ASSERT_EQ(0, handle_revoke(self->dev, fd));
	EXPECT_EQ(0, group_number(GROUP "/dmem.current"));
}

TEST_F(group, is_limited_whoever_it_is)
{
	__u64 before = test_number(0, "failures/over_quota");
	int fd;

	if (!self->made)
		SKIP(return, NO_DMEM);
	ASSERT_EQ(0, kernel_write(GROUP "/dmem.max", "membank/video 4194304"));
	/* Also who has CAP_SYS_RESOURCE. */
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, 4 * MIB + 1, 0, 0));
	EXPECT_EQ(before + 1, test_number(0, "failures/over_quota"));
	fd = test_alloc(self->dev, 4 * MIB, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, 1, 0, 0));
	EXPECT_EQ(MAP_FAILED, test_map(self->dev, 1));
	EXPECT_EQ(EDQUOT, errno);
	/* The largest there is would be too much; it says so, and soon. */
	EXPECT_EQ(-EDQUOT, handle_rest(self->dev, 1, CONTINUOUS, 0));
	close(fd);
	EXPECT_EQ(0, group_number(GROUP "/dmem.current"));
	/* The user is not charged for what the group refused. */
	ASSERT_EQ(0, become(USER));
	EXPECT_EQ(-EDQUOT, test_alloc(self->dev, 5 * MIB, 0, 0));
	EXPECT_EQ(0, charged(self->dev, 0));
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
