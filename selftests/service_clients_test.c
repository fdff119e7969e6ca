// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: who is told which clients there are, and waiting until one comes or
 * goes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"
#include "service.h"
#include "user.h"

/* What one command tells of at most. */
#define CLIENTS_MAX 4096

FIXTURE(clients)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(clients)
{
	struct rlimit limit = { .rlim_cur = 8192, .rlim_max = 8192 };

	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->fd = service_register(self->dev, "test", 0222, NULL, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(clients)
{
	EXPECT_TRUE(test_banks_empty());
}

static int join(int dev)
{
	return service_connect(dev, "test", 0, NULL, 0, NULL);
}

/* The count of who came and went, 0 if it is not told. */
static __u64 changes(int dev)
{
	struct membank_service_clients args = {};

	return service_clients(dev, "test", NULL, 0, &args) ? 0 :
							      args.out_changes;
}

TEST_F(clients, takes_its_struct_in_every_form)
{
	struct membank_service_client client;
	struct membank_service_clients good = {
		.size = sizeof(good),
		.clients = (uintptr_t)&client,
		.nr_clients = 1,
		.entry_size = sizeof(client),
		.name = "test",
	};

	EXPECT_FORM(self->dev, MEMBANK_IOC_SERVICE_CLIENTS, &good, sizeof(good),
		    FORM_NO_FD, 0);
	good.__reserved = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_SERVICE_CLIENTS, &good);
}

TEST_F(clients, of_no_service_are_refused)
{
	char name[MEMBANK_NAME_MAX + 1];

	memset(name, 'x', sizeof(name));
	EXPECT_EQ(-EINVAL, service_clients(self->dev, name, NULL, 0, NULL));
	EXPECT_EQ(-EINVAL, service_clients(self->dev, "", NULL, 0, NULL));
	EXPECT_EQ(-EINVAL, service_clients(self->dev, "a/b", NULL, 0, NULL));
	EXPECT_EQ(-ENOENT, service_clients(self->dev, "tes", NULL, 0, NULL));
	close(self->fd);
	EXPECT_EQ(-ENOENT, service_clients(self->dev, "test", NULL, 0, NULL));
}

TEST_F(clients, are_told_with_who_they_are)
{
	struct membank_service_clients args = {};
	struct membank_service_client list[4];
	int fds[3], i;

	EXPECT_EQ(0, service_clients(self->dev, "test", list, 4, &args));
	EXPECT_EQ(1, args.out_changes);
	for (i = 0; i < 3; i++) {
		fds[i] = join(self->dev);
		ASSERT_LE(0, fds[i]);
	}
	close(fds[1]);
	memset(list, TEST_JUNK, sizeof(list));
	ASSERT_EQ(2, service_clients(self->dev, "test", list, 4, &args));
	EXPECT_EQ(5, args.out_changes);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(i ? 3 : 1, list[i].client);
		EXPECT_EQ(getpid(), list[i].pid);
		EXPECT_EQ(geteuid(), list[i].uid);
		EXPECT_EQ(getegid(), list[i].gid);
		EXPECT_EQ(0, list[i].__reserved);
	}
	EXPECT_TRUE(test_all_bytes(&list[2], TEST_JUNK, 2 * sizeof(*list)));
	EXPECT_EQ(-EFAULT, service_clients(self->dev, "test", NULL, 1, NULL));

	close(fds[0]);
	close(fds[2]);
	EXPECT_EQ(0, service_clients(self->dev, "test", list, 4, &args));
	EXPECT_EQ(7, args.out_changes);
}

TEST_F(clients, are_told_behind_a_number)
{
	struct membank_service_clients args = {};
	struct membank_service_client list[2];
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_LE(0, join(self->dev));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(2,
			  service_clients(self->dev, "test", list, 2, &args));
		EXPECT_EQ(2 * i + 1, list[0].client);
		EXPECT_EQ(2 * i + 2, list[1].client);
		args.after = list[1].client;
	}
	ASSERT_EQ(1, service_clients(self->dev, "test", list, 2, &args));
	EXPECT_EQ(5, list[0].client);
	args.after = 5;
	EXPECT_EQ(0, service_clients(self->dev, "test", list, 2, &args));
	args.after = ~0ULL;
	EXPECT_EQ(0, service_clients(self->dev, "test", list, 2, &args));
}

TEST_F_TIMEOUT(clients, of_whom_there_are_many_are_told_in_parts, TEST_SLOW)
{
	static struct membank_service_client list[CLIENTS_MAX + 4];
	struct membank_service_clients args = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		ASSERT_LE(0, join(self->dev));
		ASSERT_EQ(0, service_event(self->fd, NULL));
	}
	memset(list, TEST_JUNK, sizeof(list));
	ASSERT_EQ(CLIENTS_MAX,
		  service_clients(self->dev, "test", list, ~0U, &args));
	for (i = 0; i < CLIENTS_MAX; i++)
		ASSERT_EQ(i + 1, list[i].client);
	EXPECT_TRUE(test_all_bytes(&list[CLIENTS_MAX], TEST_JUNK,
				   4 * sizeof(*list)));
	args.after = CLIENTS_MAX;
	ASSERT_EQ(4, service_clients(self->dev, "test", list, 100, &args));
	EXPECT_EQ(CLIENTS_MAX + 1, list[0].client);
}

/* 0, or the errno of a child of this kind that asks. */
static int ask_as(int dev, const struct who *who)
{
	pid_t child = fork();
	int ret;

	if (!child) {
		if (become(who))
			_exit(NO_NAMESPACE);
		ret = service_clients(dev, "test", NULL, 0, NULL);
		_exit(ret < 0 ? -ret : 0);
	}
	return child < 0 ? child : -test_wait_child(child);
}

TEST_F(clients, are_told_to_the_owner_and_to_root)
{
	const struct who owner = { OWNER, OWNER, OTHER, 0, false };
	const struct who was_owner = { OWNER, OTHER, OTHER, 0, false };
	const struct who other = { OTHER, OTHER, OTHER, 0, false };
	const struct who group = { OTHER, OTHER, OWNER, 0, false };
	const struct who root = { 0, 0, 0, 0, false };
	const struct who powerless = { 0, 0, 0, 0, true };
	const __u32 flags = MEMBANK_SERVICE_OWNER | MEMBANK_SERVICE_GROUP;

	close(self->fd);
	self->fd = service_register_for(self->dev, "test", 0222, flags, OWNER,
					OWNER);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, ask_as(self->dev, &owner));
	EXPECT_EQ(0, ask_as(self->dev, &root));
	EXPECT_EQ(-EACCES, ask_as(self->dev, &was_owner));
	EXPECT_EQ(-EACCES, ask_as(self->dev, &other));
	EXPECT_EQ(-EACCES, ask_as(self->dev, &group));
	EXPECT_EQ(-EACCES, ask_as(self->dev, &powerless));
}

static int ask_in_a_container(int dev)
{
	const struct who who = { OTHER, OTHER, OTHER, 0, false };
	struct membank_service_client client;

	if (become(&who))
		return 1;
	if (unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	if (service_clients(dev, "test", &client, 1, NULL) != -EACCES)
		return 2;
	if (unshare(CLONE_NEWIPC))
		return NO_NAMESPACE;
	if (service_register(dev, "test", 0200, NULL, 0) < 0 || join(dev) < 0)
		return 3;
	return service_clients(dev, "test", &client, 1, NULL) == 1 ? 0 : 4;
}

TEST_F(clients, are_told_to_root_of_a_container_in_its_own_namespace_only)
{
	pid_t child = fork();
	int ret;

	ASSERT_LE(0, child);
	if (!child)
		_exit(ask_in_a_container(self->dev));
	ret = test_wait_child(child);
	if (ret == NO_NAMESPACE)
		SKIP(return, "no user and IPC namespaces in this kernel");
	EXPECT_EQ(0, ret);
}

TEST_F(clients, are_told_by_numbers_that_the_caller_sees)
{
	struct membank_service_client list[2];
	int ready[2], done[2];
	pid_t child, inner;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(done));
	ASSERT_LE(0, join(self->dev));
	if (unshare(CLONE_NEWPID))
		SKIP(return, "no PID namespaces in this kernel");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		inner = getpid();
		if (join(self->dev) < 0 ||
		    service_clients(self->dev, "test", list, 2, NULL) != 2)
			_exit(1);
		if (list[0].pid != 0 || list[1].pid != inner || inner != 1)
			_exit(2);
		if (write(ready[1], "", 1) != 1 || read(done[0], &byte, 1) != 1)
			_exit(3);
		_exit(0);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(2, service_clients(self->dev, "test", list, 2, NULL));
	EXPECT_EQ(getpid(), list[0].pid);
	EXPECT_EQ(child, list[1].pid);
	ASSERT_EQ(1, write(done[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(clients, a_wait_without_a_change_ends_in_its_time)
{
	const __u64 times[] = { 0, 1, SECOND / 1000, SECOND / 5 };
	__u64 seen = changes(self->dev);
	unsigned int i;
	__s64 start;

	ASSERT_EQ(1, seen);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		start = clock_ns();
		EXPECT_EQ(-ETIMEDOUT,
			  service_watch(self->dev, "test", &seen, times[i]));
		EXPECT_LE(times[i], clock_ns() - start);
	}
	EXPECT_EQ(1, seen);
}

TEST_F(clients, a_wait_for_what_has_happened_ends_at_once)
{
	const __u64 times[] = { 0, MEMBANK_WAIT_FOREVER };
	unsigned int i;
	__u64 seen;

	ASSERT_LE(0, join(self->dev));
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		seen = 1;
		EXPECT_EQ(0, service_watch(self->dev, "test", &seen, times[i]));
		EXPECT_EQ(2, seen);
		/* A count from elsewhere is another one, too. */
		seen = 12345;
		EXPECT_EQ(0, service_watch(self->dev, "test", &seen, times[i]));
		EXPECT_EQ(2, seen);
	}
}

/* What another thread does after a while. */
struct later {
	int dev;
	int close;
	int joined;
};

static void *act_later(void *arg)
{
	struct later *later = arg;

	sleep_ms(200);
	if (later->close >= 0)
		close(later->close);
	else
		later->joined = join(later->dev);
	return NULL;
}

TEST_F(clients, a_wait_ends_when_one_comes_or_goes)
{
	const __u64 times[] = { 60 * SECOND, MEMBANK_WAIT_FOREVER };
	struct later later = { .dev = self->dev, .close = -1, .joined = -1 };
	__u64 seen = changes(self->dev);
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		later.close = -1;
		ASSERT_EQ(0, pthread_create(&thread, NULL, act_later, &later));
		EXPECT_EQ(0, service_watch(self->dev, "test", &seen, times[i]));
		EXPECT_EQ(2 * i + 2, seen);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_LE(0, later.joined);

		later.close = later.joined;
		ASSERT_EQ(0, pthread_create(&thread, NULL, act_later, &later));
		EXPECT_EQ(0, service_watch(self->dev, "test", &seen, times[i]));
		EXPECT_EQ(2 * i + 3, seen);
		ASSERT_EQ(0, pthread_join(thread, NULL));
	}
}

TEST_F(clients, a_wait_ends_when_the_service_does)
{
	struct later later = { .dev = self->dev, .close = self->fd };
	__u64 seen = changes(self->dev);
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, act_later, &later));
	EXPECT_EQ(-ENOENT, service_watch(self->dev, "test", &seen,
					 MEMBANK_WAIT_FOREVER));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_F(clients, a_wait_ends_when_the_server_is_killed)
{
	struct membank_service_clients args = {};
	pid_t child, server = fork();
	__u64 seen;

	ASSERT_LE(0, server);
	if (!server) {
		if (service_register(self->dev, "killed", 0222, NULL, 0) < 0)
			_exit(1);
		pause();
	}
	ASSERT_EQ(0, close(service_connect(self->dev, "killed", 60 * SECOND,
					   NULL, 0, NULL)));
	ASSERT_EQ(0, service_clients(self->dev, "killed", NULL, 0, &args));
	seen = args.out_changes;
	EXPECT_EQ(3, seen);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		sleep_ms(200);
		kill(server, SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(-ENOENT, service_watch(self->dev, "killed", &seen,
					 MEMBANK_WAIT_FOREVER));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-SIGKILL, test_wait_child(server));
	EXPECT_LE(0, service_register(self->dev, "killed", 0, NULL, 0));
}

TEST_F(clients, a_signal_ends_the_wait_whatever_its_time)
{
	const __u64 times[] = { 60 * SECOND, INT64_MAX, INT64_MAX + 1ULL,
				MEMBANK_WAIT_FOREVER };
	__u64 seen = changes(self->dev);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		alarm_soon();
		EXPECT_EQ(-EINTR,
			  service_watch(self->dev, "test", &seen, times[i]));
		alarm_stop();
	}
}

TEST_F(clients, many_can_wait_and_some_be_killed)
{
	pid_t children[8];
	unsigned int i;
	__u64 seen = 1;
	int client;

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (children[i])
			continue;
		close(self->fd);
		if (service_watch(self->dev, "test", &seen,
				  MEMBANK_WAIT_FOREVER))
			_exit(1);
		_exit(seen == 2 ? 0 : 2);
	}
	sleep_ms(200);
	EXPECT_EQ(-SIGKILL, test_kill(children[0]));
	client = join(self->dev);
	ASSERT_LE(0, client);
	for (i = 1; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, test_wait_child(children[i]));
	close(client);
}

TEST_HARNESS_MAIN
