// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: who may connect, waiting for a name, and names, processes and
 * users as other namespaces see them.
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
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"
#include "service.h"
#include "user.h"

/* How often a name comes and goes. */
#define ROUNDS 200

FIXTURE(access)
{
	int dev;
};

FIXTURE_SETUP(access)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(access)
{
	close(self->dev);
}

/* What a child of this kind gets from connecting to "mode". */
static int connect_as(int dev, const struct who *who)
{
	pid_t child = fork();
	int ret;

	if (!child) {
		if (become(who))
			_exit(NO_NAMESPACE);
		ret = service_connect(dev, "mode", 0, NULL, 0, NULL);
		_exit(ret < 0 ? -ret : 0);
	}
	return child < 0 ? child : -test_wait_child(child);
}

/* Register "mode" as OWNER, user and group. */
static int register_as_owner(int dev, __u32 mode)
{
	int fd;

	if (setegid(OWNER) || seteuid(OWNER))
		return -errno;
	fd = service_register(dev, "mode", mode, NULL, 0);
	if (seteuid(0) || setegid(0))
		return -errno;
	return fd;
}

TEST_F(access, the_mode_is_judged_as_that_of_a_file)
{
	const struct who owner = { OWNER, OWNER, OTHER, 0, false };
	const struct who owner_and_group = { OWNER, OWNER, OWNER, 0, false };
	const struct who group = { OTHER, OTHER, OWNER, 0, false };
	const struct who member = { OTHER, OTHER, OTHER, OWNER, false };
	const struct who other = { OTHER, OTHER, OTHER, 0, false };
	const struct who was_owner = { OWNER, OTHER, OTHER, 0, false };
	const struct who root = { 0, 0, 0, 0, false };
	const struct who powerless = { 0, 0, 0, 0, true };
	const struct {
		const struct who *who;
		__u32 bit;
	} clients[] = {
		{ &owner, 0200 },     { &owner_and_group, 0200 },
		{ &group, 0020 },     { &member, 0020 },
		{ &other, 0002 },     { &was_owner, 0002 },
		{ &powerless, 0002 },
	};
	const __u32 modes[] = { 0, 0200, 0020, 0002, 0220, 0202, 0022, 0222 };
	unsigned int i, mode;
	int fd, ret;

	for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		fd = register_as_owner(self->dev, modes[mode]);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, connect_as(self->dev, &root));
		for (i = 0; i < ARRAY_SIZE(clients); i++) {
			ret = modes[mode] & clients[i].bit ? 0 : -EACCES;
			EXPECT_EQ(ret, connect_as(self->dev, clients[i].who))
			TH_LOG("mode %04o, client %u", modes[mode], i);
		}
		close(fd);
	}
}

TEST_F(access, the_server_is_told_the_effective_user_and_group)
{
	const struct who who = { OWNER, OTHER, OWNER, 0, false };
	struct membank_service_event event;
	int fd = service_register(self->dev, "mode", 0002, NULL, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, connect_as(self->dev, &who));
	ASSERT_EQ(0, service_event(fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
	EXPECT_EQ(OTHER, event.uid);
	EXPECT_EQ(OWNER, event.gid);
	ASSERT_EQ(0, service_event(fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(OTHER, event.uid);
	EXPECT_EQ(OWNER, event.gid);
}

TEST_F(access, a_wait_ends_in_its_time_and_not_before)
{
	const __u64 times[] = { 1, SECOND / 1000, SECOND / 5 };
	unsigned int i;
	__s64 start;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		start = clock_ns();
		EXPECT_EQ(-ETIMEDOUT, service_connect(self->dev, "none",
						      times[i], NULL, 0, NULL));
		EXPECT_LE(times[i], clock_ns() - start);
	}
}

/* What another thread does, after a while or all the time. */
struct later {
	int dev;
	const char *name;
	__u32 mode;
	const struct membank_offer *offers;
	__u32 nr_offers;
	bool stop;
	int fd;
};

static void *register_later(void *arg)
{
	struct later *later = arg;

	sleep_ms(200);
	later->fd =
		service_register(later->dev, later->name, later->mode, NULL, 0);
	return NULL;
}

TEST_F(access, a_wait_ends_when_the_name_appears)
{
	const __u64 times[] = { 10 * SECOND, MEMBANK_WAIT_FOREVER };
	struct later later = { .dev = self->dev, .name = "soon", .mode = 0200 };
	pthread_t thread;
	unsigned int i;
	int client;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		EXPECT_EQ(-ENOENT,
			  service_connect(self->dev, "soon", 0, NULL, 0, NULL));
		ASSERT_EQ(0, pthread_create(&thread, NULL, register_later,
					    &later));
		client = service_connect(self->dev, "soon", times[i], NULL, 0,
					 NULL);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_LE(0, client);
		ASSERT_LE(0, later.fd);
		EXPECT_EQ(POLLIN, revents(later.fd, 0));
		close(later.fd);
		EXPECT_EQ(POLLHUP, revents(client, 0));
		close(client);
	}
}

TEST_F(access, a_service_that_does_not_admit_ends_the_wait_as_well)
{
	struct later later = { .dev = self->dev, .name = "soon", .mode = 0 };
	pthread_t thread;

	ASSERT_EQ(0, test_drop_capability(CAP_DAC_OVERRIDE));
	ASSERT_EQ(0, pthread_create(&thread, NULL, register_later, &later));
	EXPECT_EQ(-EACCES, service_connect(self->dev, "soon", 10 * SECOND, NULL,
					   0, NULL));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_LE(0, later.fd);
	EXPECT_EQ(0, revents(later.fd, 0));
	close(later.fd);
}

/* As many as would wake everybody once and again. */
#define NAMES 320

TEST_F(access, names_wake_few_who_wait_for_others)
{
	unsigned long before, count;
	char name[16];
	pid_t child;
	int i, fd;

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(service_connect(self->dev, "awaited",
				      MEMBANK_WAIT_FOREVER, NULL, 0, NULL) < 0);
	ASSERT_TRUE(wait_state(child, 'S'));
	before = test_thread_sleeps(child);
	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "other %d", i);
		fd = service_register(self->dev, name, 0, NULL, 0);
		ASSERT_LE(0, fd);
		close(fd);
		/* Let it count each time. */
		sched_yield();
		ASSERT_TRUE(wait_state(child, 'S'));
	}
	count = test_thread_sleeps(child) - before;
	TH_LOG("woken %lu times by %d names", count, NAMES);
	EXPECT_GT(NAMES / 4, count);

	fd = service_register(self->dev, "awaited", 0200, NULL, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, test_wait_child(child));
}

/* In another IPC namespace, waits for a name that is to be there by and by. */
static int wait_inside(int dev, const char *name, int ready)
{
	int client;

	if (write(ready, "", 1) != 1)
		return 1;
	client = service_connect(dev, name, 60 * SECOND, NULL, 0, NULL);
	return client < 0 ? 2 : 0;
}

TEST_F(access, a_name_ends_the_wait_of_its_own_namespace)
{
	int outer = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	const char *const names[2] = { "one", "two" };
	int ready[2], fds[4], i;
	pid_t children[4];
	char byte;

	/* Two wait outside, each for a name, and two inside for the same. */
	ASSERT_EQ(0, pipe(ready));
	for (i = 0; i < 4; i++) {
		if (i == 2 && unshare(CLONE_NEWIPC))
			SKIP(return, "no IPC namespaces in this kernel");
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			_exit(wait_inside(self->dev, names[i % 2], ready[1]));
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		ASSERT_TRUE(wait_state(children[i], 'S'));
	}

	/* Each name ends one wait, from the last one to the first. */
	for (i = 3; i >= 0; i--) {
		if (i == 1)
			ASSERT_EQ(0, setns(outer, CLONE_NEWIPC));
		EXPECT_EQ(0, waitpid(children[i], NULL, WNOHANG));
		fds[i] = service_register(self->dev, names[i % 2], 0200, NULL,
					  0);
		ASSERT_LE(0, fds[i]);
		EXPECT_EQ(0, test_wait_child(children[i]));
	}
}

static void *come_and_go(void *arg)
{
	struct later *later = arg;

	while (!__atomic_load_n(&later->stop, __ATOMIC_RELAXED)) {
		later->fd = service_register(later->dev, later->name,
					     later->mode, later->offers,
					     later->nr_offers);
		if (later->fd < 0)
			break;
		close(later->fd);
	}
	return NULL;
}

TEST_F(access, names_that_come_and_go_do_not_end_the_wait_for_another)
{
	struct later later = { .dev = self->dev, .name = "no", .mode = 0200 };
	__s64 start = clock_ns();
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, come_and_go, &later));
	EXPECT_EQ(-ETIMEDOUT, service_connect(self->dev, "none", SECOND / 2,
					      NULL, 0, NULL));
	EXPECT_LE(SECOND / 2, clock_ns() - start);
	__atomic_store_n(&later.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LE(0, later.fd);
}

/* A service that dies between being found and being used is waited for anew. */
TEST_F_TIMEOUT(access, a_name_that_comes_and_goes_is_connected_to, TEST_SLOW)
{
	struct later later = { .dev = self->dev, .name = "flap", .mode = 0200 };
	pthread_t thread;
	int i, client;

	ASSERT_EQ(0, pthread_create(&thread, NULL, come_and_go, &later));
	for (i = 0; i < ROUNDS; i++) {
		client = service_connect(self->dev, "flap", 60 * SECOND, NULL,
					 0, NULL);
		ASSERT_LE(0, client);
		EXPECT_EQ(POLLHUP, revents(client, TEST_PATIENCE));
		close(client);
	}
	__atomic_store_n(&later.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LE(0, later.fd);
}

/* Two clients at once, and the service dies while it is opened for them. */
TEST_F_TIMEOUT(access, what_comes_and_goes_is_lent_whole_or_not, TEST_SLOW)
{
	const int notifier = notifier_create(self->dev);
	const int space = test_alloc(self->dev, MIB, 0, 0);
	struct membank_offer offers[MEMBANK_OFFERS_MAX] = {},
			     got[MEMBANK_OFFERS_MAX];
	struct later later = { .dev = self->dev,
			       .name = "flap",
			       .mode = 0200,
			       .offers = offers,
			       .nr_offers = MEMBANK_OFFERS_MAX };
	int i, j, client, files;
	pthread_t thread;
	pid_t child;

	ASSERT_LE(0, notifier);
	ASSERT_LE(0, space);
	for (i = 0; i < MEMBANK_OFFERS_MAX; i++) {
		offers[i].fd = i % 2 ? notifier : space;
		offers[i].rights = i % 2 ? BOTH : MEMBANK_DATASPACE_READ;
	}
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(space);
		close(notifier);
	} else {
		ASSERT_EQ(0,
			  pthread_create(&thread, NULL, come_and_go, &later));
	}

	files = test_open_files();
	for (i = 0; i < ROUNDS / 5; i++) {
		client = service_connect(self->dev, "flap", 60 * SECOND, got,
					 MEMBANK_OFFERS_MAX, NULL);
		if (!child && client < 0)
			_exit(1);
		ASSERT_LE(0, client);
		for (j = 0; j < MEMBANK_OFFERS_MAX; j++)
			close(got[j].fd);
		close(client);
	}
	if (!child)
		_exit(files == test_open_files() ? 0 : 2);
	EXPECT_EQ(0, test_wait_child(child));
	__atomic_store_n(&later.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LE(0, later.fd);
	EXPECT_EQ(MIB, test_used());
	close(space);
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(access, a_signal_ends_the_wait_whatever_its_time)
{
	const __u64 times[] = { 60 * SECOND,
				INT64_MAX - 1,
				INT64_MAX,
				INT64_MAX + 1ULL,
				MEMBANK_WAIT_FOREVER - 1,
				MEMBANK_WAIT_FOREVER };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		alarm_soon();
		EXPECT_EQ(-EINTR, service_connect(self->dev, "none", times[i],
						  NULL, 0, NULL));
		alarm_stop();
	}
}

TEST_F(access, one_name_ends_the_wait_of_many_and_a_killed_one_is_no_client)
{
	struct membank_service_event event;
	pid_t children[8];
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			_exit(service_connect(self->dev, "late", 20 * SECOND,
					      NULL, 0, NULL) < 0);
	}
	sleep_ms(300);
	EXPECT_EQ(-SIGKILL, test_kill(children[0]));

	fd = service_register(self->dev, "late", 0200, NULL, 0);
	ASSERT_LE(0, fd);
	for (i = 1; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, test_wait_child(children[i]));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	for (i = 1; i < ARRAY_SIZE(children); i++) {
		ASSERT_EQ(0, service_event(fd, &event));
		EXPECT_NE(children[0], event.pid);
		ASSERT_EQ(0, service_event(fd, &event));
	}
	EXPECT_EQ(-EAGAIN, service_event(fd, &event));
}

TEST_F(access, a_name_is_seen_in_its_ipc_namespace_only)
{
	int outer = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	int fds[2], clients[2];

	fds[0] = service_register(self->dev, "test", 0200, NULL, 0);
	ASSERT_LE(0, fds[0]);
	if (unshare(CLONE_NEWIPC))
		SKIP(return, "no IPC namespaces in this kernel");
	EXPECT_EQ(-ENOENT,
		  service_connect(self->dev, "test", 0, NULL, 0, NULL));
	fds[1] = service_register(self->dev, "test", 0200, NULL, 0);
	ASSERT_LE(0, fds[1]);
	EXPECT_EQ(-EEXIST, service_register(self->dev, "test", 0, NULL, 0));

	clients[1] = service_connect(self->dev, "test", 0, NULL, 0, NULL);
	ASSERT_LE(0, clients[1]);
	EXPECT_EQ(0, revents(fds[0], 0));
	EXPECT_EQ(POLLIN, revents(fds[1], 0));

	/* Back outside, after which nobody is inside any more. */
	ASSERT_EQ(0, setns(outer, CLONE_NEWIPC));
	clients[0] = service_connect(self->dev, "test", 0, NULL, 0, NULL);
	ASSERT_LE(0, clients[0]);
	EXPECT_EQ(POLLIN, revents(fds[0], 0));
	close(fds[1]);
	EXPECT_EQ(POLLHUP, revents(clients[1], 0));
	EXPECT_EQ(0, revents(clients[0], 0));
	EXPECT_EQ(-EEXIST, service_register(self->dev, "test", 0, NULL, 0));
}

TEST_F(access, a_client_in_a_pid_namespace_is_seen_by_its_outer_number)
{
	struct membank_service_connect args;
	struct membank_service_event event;
	int fd = service_register(self->dev, "pid", 0200, NULL, 0);
	pid_t child;

	ASSERT_LE(0, fd);
	if (unshare(CLONE_NEWPID))
		SKIP(return, "no PID namespaces in this kernel");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (service_connect(self->dev, "pid", 0, NULL, 0, &args) < 0)
			_exit(1);
		_exit(args.out_pid == 0 && getpid() == 1 ? 0 : 2);
	}
	ASSERT_EQ(0, service_event(fd, &event));
	EXPECT_EQ(child, event.pid);
	EXPECT_EQ(0, test_wait_child(child));
	ASSERT_EQ(0, service_event(fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(child, event.pid);
}

TEST_F(access, a_server_in_a_pid_namespace_does_not_see_who_is_outside)
{
	struct membank_service_connect args;
	struct membank_service_event event;
	pid_t child;
	int client;

	if (unshare(CLONE_NEWPID))
		SKIP(return, "no PID namespaces in this kernel");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int fd = service_register(self->dev, "pid", 0200, NULL, 0);

		if (fd < 0 || service_event(fd, &event))
			_exit(1);
		_exit(event.pid == 0 ? 0 : 2);
	}
	client = service_connect(self->dev, "pid", 10 * SECOND, NULL, 0, &args);
	ASSERT_LE(0, client);
	EXPECT_EQ(child, args.out_pid);
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(POLLHUP, revents(client, 0));
}

TEST_F(access, a_user_that_the_reader_cannot_name_is_the_overflow_user)
{
	struct membank_service_event event;
	int fd = service_register(self->dev, "mode", 0200, NULL, 0);
	unsigned int overflow = 0;
	FILE *file = fopen("/proc/sys/kernel/overflowuid", "re");
	pid_t child;
	int ret;

	ASSERT_NE(NULL, file);
	ASSERT_EQ(1, fscanf(file, "%u", &overflow));
	fclose(file);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, service_connect(self->dev, "mode", 0, NULL, 0, NULL));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (unshare(CLONE_NEWUSER))
			_exit(NO_NAMESPACE);
		if (service_event(fd, &event))
			_exit(1);
		_exit(event.uid == overflow ? 0 : 2);
	}
	ret = test_wait_child(child);
	if (ret == NO_NAMESPACE)
		SKIP(return, "no user namespaces in this kernel");
	EXPECT_EQ(0, ret);
}

static int root_of_a_container(int dev)
{
	const struct who who = { OTHER, OTHER, OTHER, 0, false };

	if (become(&who))
		return 1;
	if (unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	/* All capabilities, but not over names that the host shares with us. */
	if (service_connect(dev, "mode", 0, NULL, 0, NULL) != -EACCES)
		return 2;
	if (unshare(CLONE_NEWIPC))
		return NO_NAMESPACE;
	if (service_register(dev, "mode", 0, NULL, 0) < 0)
		return 3;
	return service_connect(dev, "mode", 0, NULL, 0, NULL) < 0 ? 4 : 0;
}

TEST_F(access, root_of_a_container_may_override_in_its_own_namespace_only)
{
	int fd = service_register(self->dev, "mode", 0220, NULL, 0);
	pid_t child;
	int ret;

	ASSERT_LE(0, fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(root_of_a_container(self->dev));
	ret = test_wait_child(child);
	if (ret == NO_NAMESPACE)
		SKIP(return, "no user and IPC namespaces in this kernel");
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
