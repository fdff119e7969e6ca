// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: how many clients there can be, of whom the server has not read, of
 * one user and of all, and clients whose memory makes the kernel wait.
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
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "user.h"

#define LENGTH (64 * KIB)

/* More than can be connected and not read of. */
#define STALLED (MEMBANK_BACKLOG_MAX + 16)

/* Enough for all their stacks. */
#define STACK (64 * KIB)

FIXTURE(limit)
{
	int dev;
	int fd;
	int bell;
	/* The end of a pager, and a region where every touch waits for it. */
	int pager;
	void *stalls;
};

FIXTURE_SETUP(limit)
{
	struct rlimit limit = { .rlim_cur = 16384, .rlim_max = 16384 };
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.flags = MEMBANK_REGION_PAGER | MEMBANK_REGION_SEARCH_ADDR,
		.length = LENGTH,
	};
	struct membank_offer offer = { .rights = RECEIVE };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->bell = notifier_create(self->dev);
	ASSERT_LE(0, self->bell);
	offer.fd = self->bell;
	self->fd = service_register(self->dev, "test", 0222, &offer, 1);
	ASSERT_LE(0, self->fd);
	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	self->pager = pager.out_fd;
	attach.fd = pager.out_attach_fd;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	close(pager.out_attach_fd);
	self->stalls = (void *)(uintptr_t)attach.out_start;
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(limit)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Returns the connection; what is offered is closed. */
static int join(int dev, const char *name)
{
	struct membank_offer offers[] = { { .fd = -1 }, { .fd = -1 } };
	int client = service_connect(dev, name, 0, offers, 2, NULL);

	if (client >= 0) {
		close(offers[0].fd);
		close(offers[1].fd);
	}
	return client;
}

/**
 * struct stalled - a client whose offers are written to where that waits
 * @dev: a node
 * @to: where
 * @ret: what it got in the end
 */
struct stalled {
	int dev;
	void *to;
	int ret;
};

static void *stall(void *arg)
{
	struct stalled *stalled = arg;

	stalled->ret =
		service_connect(stalled->dev, "test", 0, stalled->to, 1, NULL);
	return NULL;
}

TEST_F(limit, a_client_that_cannot_be_told_has_come_and_gone)
{
	struct membank_service_event event;
	unsigned int files = test_open_files();
	int i;

	for (i = 1; i <= 2; i++) {
		EXPECT_EQ(-EFAULT,
			  service_connect(self->dev, "test", 0, NULL, 1, NULL));
		EXPECT_EQ(files, test_open_files());
		ASSERT_EQ(0, service_event(self->fd, &event));
		EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
		EXPECT_EQ(i, event.client);
		ASSERT_EQ(0, service_event(self->fd, &event));
		EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
		EXPECT_EQ(i, event.client);
	}
	EXPECT_EQ(0, revents(self->fd, 0));
	EXPECT_EQ(0, service_clients(self->dev, "test", NULL, 0, NULL));
}

TEST_F(limit, a_client_that_stalls_is_one_like_others)
{
	struct stalled stalled = { .dev = self->dev, .to = self->stalls };
	struct membank_service_client list[2];
	struct membank_service_event event;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, stall, &stalled));
	ASSERT_EQ(POLLIN, revents(self->fd, TEST_PATIENCE));
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
	ASSERT_EQ(1, service_clients(self->dev, "test", list, 2, NULL));
	EXPECT_EQ(event.client, list[0].client);
	EXPECT_EQ(0, service_notify(self->fd, event.client, 0));
	EXPECT_EQ(0, service_revoke(self->fd, event.client, MEMBANK_OFFER_ALL));
	EXPECT_EQ(0, revents(self->fd, 0));
	EXPECT_LE(0, join(self->dev, "test"));
	ASSERT_EQ(0, service_event(self->fd, &event));

	/* Nobody answers any more: it could not be told. */
	close(self->pager);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EFAULT, stalled.ret);
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(list[0].client, event.client);
}

TEST_F(limit, a_client_that_stalls_does_not_keep_the_server_alive)
{
	struct stalled stalled = { .dev = self->dev, .to = self->stalls };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, stall, &stalled));
	ASSERT_EQ(POLLIN, revents(self->fd, TEST_PATIENCE));
	close(self->fd);
	EXPECT_EQ(-ENOENT, join(self->dev, "test"));
	self->fd = service_register(self->dev, "test", 0222, NULL, 0);
	EXPECT_LE(0, self->fd);
	close(self->pager);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EFAULT, stalled.ret);
}

TEST_F(limit, a_client_that_stalls_can_be_killed)
{
	struct membank_service_event event;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(service_connect(self->dev, "test", 0, self->stalls, 1,
				      NULL));
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(child, event.pid);
}

TEST_F_TIMEOUT(limit, many_clients_that_stall_keep_nobody_out, TEST_SLOW)
{
	static struct stalled stalled[STALLED];
	static pthread_t threads[STALLED];
	struct membank_service_client list[2];
	struct membank_service_event event;
	pthread_attr_t attr;
	int i, client;

	ASSERT_EQ(0, pthread_attr_init(&attr));
	ASSERT_EQ(0, pthread_attr_setstacksize(&attr, STACK));
	for (i = 0; i < STALLED; i++) {
		stalled[i].dev = self->dev;
		stalled[i].to = self->stalls;
		ASSERT_EQ(0, pthread_create(&threads[i], &attr, stall,
					    &stalled[i]));
		ASSERT_EQ(POLLIN, revents(self->fd, TEST_PATIENCE));
		ASSERT_EQ(0, service_event(self->fd, &event));
		ASSERT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
	}
	client = join(self->dev, "test");
	EXPECT_LE(0, client);
	EXPECT_EQ(0, revents(client, 0));

	close(self->pager);
	for (i = 0; i < STALLED; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(-EFAULT, stalled[i].ret);
	}
	EXPECT_EQ(1, service_clients(self->dev, "test", list, 2, NULL));
}

/* ------------------------------------------- what the server has not read */

TEST_F_TIMEOUT(limit, more_than_the_server_reads_of_are_refused, TEST_SLOW)
{
	static int fds[MEMBANK_BACKLOG_MAX];
	struct membank_offer offer = { .fd = 7, .kind = 8, .rights = 9 };
	int users = test_module_users(), i;
	struct membank_service_event event;
	unsigned int files;
	void *unreadable = mmap(NULL, sizeof(event), PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (i = 0; i < MEMBANK_BACKLOG_MAX; i++) {
		fds[i] = join(self->dev, "test");
		ASSERT_LE(0, fds[i]);
	}
	files = test_open_files();
	EXPECT_EQ(-EAGAIN,
		  service_connect(self->dev, "test", 0, &offer, 1, NULL));
	EXPECT_EQ(-EAGAIN, service_connect(self->dev, "test", 60 * SECOND,
					   &offer, 1, NULL));
	EXPECT_EQ(7, offer.fd);
	EXPECT_EQ(files, test_open_files());

	/* To go makes no room: of who has gone the server has not read, too. */
	close(fds[0]);
	EXPECT_EQ(-EAGAIN, join(self->dev, "test"));
	ASSERT_NE(MAP_FAILED, unreadable);
	EXPECT_EQ(-1, read(self->fd, unreadable, sizeof(event)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EAGAIN, join(self->dev, "test"));

	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(1, event.client);
	fds[0] = join(self->dev, "test");
	EXPECT_LE(0, fds[0]);
	EXPECT_EQ(-EAGAIN, join(self->dev, "test"));

	/* All are read of, and all go: there is as much room as before. */
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	while (!service_event(self->fd, &event))
		;
	for (i = 0; i < MEMBANK_BACKLOG_MAX; i++)
		close(fds[i]);
	while (!service_event(self->fd, &event))
		;
	EXPECT_EQ(users, test_module_users());
	for (i = 0; i < MEMBANK_BACKLOG_MAX; i++) {
		fds[i] = join(self->dev, "test");
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(-EAGAIN, join(self->dev, "test"));
}

/* Tries to connect, with a descriptor for each offer, but no more; 0 or an error. */
static int fail_to_join(int dev, const char *name, int offers)
{
	struct rlimit limit, tight;
	int ret;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	tight = limit;
	tight.rlim_cur = lowest_free() + offers;
	if (setrlimit(RLIMIT_NOFILE, &tight))
		return -errno;
	ret = join(dev, name);
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	return ret == -EMFILE ? 0 : -EPROTO;
}

TEST_F_TIMEOUT(limit, who_fails_to_connect_takes_no_room, TEST_SLOW)
{
	int i;

	for (i = 0; i < MEMBANK_BACKLOG_MAX + 8; i++)
		ASSERT_EQ(0, fail_to_join(self->dev, "test", 1));
	/* Their numbers are those of clients that are gone; others are of nobody. */
	EXPECT_EQ(0, service_notify(self->fd, 1, 0));
	EXPECT_EQ(0, service_revoke(self->fd, 1, MEMBANK_OFFER_ALL));
	EXPECT_EQ(-ENOENT, service_notify(self->fd, i + 1, 0));
	EXPECT_EQ(0, revents(self->fd, 0));
	EXPECT_LE(0, join(self->dev, "test"));
	ASSERT_EQ(0, service_event(self->fd, NULL));
}

/* ------------------------------------------------------------- of one user */

static const struct who user = { OTHER, OTHER, OTHER, 0, false };
static const struct who other = { OWNER, OWNER, OWNER, 0, false };

/* 0, or the errno of a child of this kind that connects, and goes. */
static int join_as(int dev, const char *name, const struct who *who)
{
	pid_t child = fork();
	int ret;

	if (!child) {
		if (become(who))
			_exit(NO_NAMESPACE);
		ret = join(dev, name);
		_exit(ret < 0 ? -ret : 0);
	}
	return child < 0 ? child : -test_wait_child(child);
}

/* So many come, and every second one goes; one more is refused with @error. */
static int fill_up(int dev, const char *name, int count, int error)
{
	int i, client;

	for (i = 0; i < count; i++) {
		client = join(dev, name);
		if (client < 0)
			return 1;
		if (i % 2)
			close(client);
	}
	return join(dev, name) == -error ? 0 : 2;
}

/* As a user of its own; says where it failed. */
static int fill_backlog(int dev, bool in_a_container)
{
	if (become(&user))
		return 6;
	if (fill_up(dev, "test", MEMBANK_BACKLOG_USER_MAX, EAGAIN))
		return 1;
	/* By another service, there is room. */
	if (join(dev, "second") < 0)
		return 3;
	if (in_a_container && unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	return join(dev, "test") == -EAGAIN ? 0 : 4;
}

TEST_F_TIMEOUT(limit, one_user_does_not_take_all_the_room, TEST_SLOW)
{
	int users, second, round, ret, i;
	struct membank_service_event event;
	pid_t child;

	second = service_register(self->dev, "second", 0222, NULL, 0);
	ASSERT_LE(0, second);
	users = test_module_users();
	for (round = 0; round < 2; round++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(fill_backlog(self->dev, round));
		ret = test_wait_child(child);
		if (ret != NO_NAMESPACE)
			EXPECT_EQ(0, ret);
		EXPECT_EQ(users, test_module_users());

		/* It is gone, but not read of. */
		EXPECT_EQ(-EAGAIN, join_as(self->dev, "test", &user));
		EXPECT_EQ(0, join_as(self->dev, "test", &other));
		EXPECT_LE(0, join(self->dev, "test"));
		users++;

		/* Each one that is read of makes room for one. */
		for (i = 0; i < 3; i++) {
			do {
				ASSERT_EQ(0, service_event(self->fd, &event));
			} while (event.type != MEMBANK_SERVICE_CONNECTED);
			ASSERT_EQ(OTHER, event.uid);
			EXPECT_EQ(0, join_as(self->dev, "test", &user));
			EXPECT_EQ(-EAGAIN, join_as(self->dev, "test", &user));
		}
		ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
		while (!service_event(self->fd, &event))
			;
		ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
		EXPECT_EQ(0, join_as(self->dev, "test", &user));
		ASSERT_EQ(0, service_event(self->fd, &event));
		ASSERT_EQ(0, service_event(self->fd, &event));
	}

	/* A service may end with clients that it has not read of. */
	EXPECT_EQ(0, join_as(self->dev, "test", &user));
	close(self->fd);
	self->fd = service_register(self->dev, "test", 0222, NULL, 0);
	ASSERT_LE(0, self->fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(fill_backlog(self->dev, false));
	EXPECT_EQ(0, test_wait_child(child));
}

#define SERVERS 5

/* As many services, of which each event is read. */
static int serve(int dev, int ready)
{
	struct pollfd pollfds[SERVERS];
	char name[16];
	int i;

	for (i = 0; i < SERVERS; i++) {
		snprintf(name, sizeof(name), "server %d", i);
		pollfds[i].fd = service_register(dev, name, 0222, NULL, 0);
		pollfds[i].events = POLLIN;
		if (pollfds[i].fd < 0)
			return 1;
	}
	if (write(ready, "", 1) != 1)
		return 2;
	while (poll(pollfds, SERVERS, -1) > 0)
		for (i = 0; i < SERVERS; i++)
			if (pollfds[i].revents)
				service_event(pollfds[i].fd, NULL);
	return 3;
}

/* Connects to one of them, when it has read of those before. */
static int join_server(int dev, int i)
{
	char name[16];
	int client;

	snprintf(name, sizeof(name), "server %d", i % SERVERS);
	while ((client = join(dev, name)) == -EAGAIN)
		sched_yield();
	return client;
}

/* As a user of its own; says where it failed. */
static int connect_all(int dev, bool in_a_container)
{
	static int fds[MEMBANK_CONNECTIONS_MAX];
	int i;

	if (become(&user))
		return 6;
	for (i = 0; i < MEMBANK_CONNECTIONS_MAX; i++) {
		if (fail_to_join(dev, "server 0", 0))
			return 1;
		fds[i] = join_server(dev, i);
		if (fds[i] < 0)
			return 2;
	}
	for (i = 0; i < SERVERS; i++)
		if (join_server(dev, i) != -EDQUOT)
			return 3;
	if (in_a_container && unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	if (join_server(dev, 0) != -EDQUOT)
		return 4;
	close(fds[0]);
	if (join_server(dev, 1) < 0 || join_server(dev, 0) != -EDQUOT)
		return 5;
	return 0;
}

TEST_F_TIMEOUT(limit, a_user_can_have_so_many_connections, TEST_SLOW)
{
	int ready[2], round, ret, users;
	pid_t server, child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	server = fork();
	ASSERT_LE(0, server);
	if (!server)
		_exit(serve(self->dev, ready[1]));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	users = test_module_users();
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, pipe(ready));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			ret = connect_all(self->dev, round);
			/* Others have room as long as this one has none. */
			if (!ret)
				ret = write(ready[1], "", 1) == 1 ? 0 : 7;
			if (!ret)
				pause();
			_exit(ret);
		}
		close(ready[1]);
		ret = read(ready[0], &byte, 1) == 1 ? 0 : -1;
		if (ret) {
			ret = test_wait_child(child);
			EXPECT_EQ(NO_NAMESPACE, ret);
			break;
		}
		EXPECT_EQ(-EDQUOT, join_as(self->dev, "server 2", &user));
		EXPECT_EQ(0, join_as(self->dev, "server 2", &other));
		EXPECT_LE(0, join(self->dev, "server 2"));
		users++;
		EXPECT_EQ(-SIGKILL, test_kill(child));
		EXPECT_EQ(users, test_module_users());
		EXPECT_EQ(0, join_as(self->dev, "server 2", &user));
	}
	EXPECT_EQ(-SIGKILL, test_kill(server));
}

/* ----------------------------------------------------------------- lent */

enum { MEMORY, BELL, LENT };

/* Detaches it where @dev was opened, in another process; the dataspace or an error. */
static int detach_there(int dev, const char *mem)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.flags = MEMBANK_DETACH_UNMAP | MEMBANK_DETACH_DATASPACE,
		.addr = (uintptr_t)mem,
		.out_fd = -1,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_DETACH, &args);

	return ret ?: args.out_fd;
}

/* A client that takes all it can get; says where it failed. */
static int take_all(int dev, const char *mem, int told, int revoked)
{
	struct membank_offer got[LENT], more[LENT];
	int i, fd = -1;
	char byte;

	if (become(&user) ||
	    service_connect(dev, "lend", 0, got, LENT, NULL) < 0)
		return 1;
	for (i = LENT; i < MEMBANK_LENT_MAX; i++) {
		fd = handle_derive(dev, got[MEMORY].fd, READ);
		if (fd < 0)
			return 2;
	}
	/* Of what kind it is makes no difference. */
	if (handle_derive(dev, got[MEMORY].fd, READ) != -EDQUOT ||
	    handle_derive(dev, fd, READ) != -EDQUOT ||
	    notifier_derive(got[BELL].fd, RECEIVE) != -EDQUOT ||
	    service_connect(dev, "lend", 0, more, LENT, NULL) != -EDQUOT)
		return 3;
	/* Nor where it is done, and what it cannot have stays. */
	if (handle_find(dev, mem, NULL) != -EDQUOT ||
	    detach_there(dev, mem) != -EDQUOT ||
	    handle_find(dev, mem, NULL) != -EDQUOT)
		return 10;
	/* One is free, and a client would get two. */
	close(fd);
	if (service_connect(dev, "lend", 0, more, LENT, NULL) != -EDQUOT)
		return 4;
	if (detach_there(dev, mem) < 0 ||
	    handle_derive(dev, got[MEMORY].fd, READ) != -EDQUOT ||
	    handle_find(dev, mem, NULL) != -ENOENT)
		return 5;
	if (write(told, "", 1) != 1 || read(revoked, &byte, 1) != 1)
		return 6;
	/* What was taken back is still open. */
	if (handle_derive(dev, got[MEMORY].fd, READ) != -EDQUOT)
		return 7;
	close(got[MEMORY].fd);
	close(fd - 1);
	if (service_connect(dev, "lend", 0, more, LENT, NULL) < 0)
		return 8;
	if (unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	return handle_derive(dev, more[MEMORY].fd, READ) == -EDQUOT ? 0 : 9;
}

TEST_F_TIMEOUT(limit, a_user_can_have_so_much_that_is_lent, TEST_SLOW)
{
	int told[2], revoked[2], memory, service, ret;
	struct membank_offer offers[LENT], got[LENT];
	struct membank_service_event event;
	pid_t child;
	char byte;
	char *mem;

	memory = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, memory);
	offers[MEMORY] = (struct membank_offer){
		.fd = memory,
		.rights = READ,
	};
	offers[BELL] = (struct membank_offer){
		.fd = self->bell,
		.rights = RECEIVE,
	};
	service = service_register(self->dev, "lend", 0222, offers, LENT);
	ASSERT_LE(0, service);
	ASSERT_LE(0, service_connect(self->dev, "lend", 0, got, LENT, NULL));
	ASSERT_EQ(0, service_event(service, &event));
	mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, got[MEMORY].fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, pipe(told));
	ASSERT_EQ(0, pipe(revoked));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(take_all(self->dev, mem, told[1], revoked[0]));
	close(told[1]);
	ret = read(told[0], &byte, 1);
	EXPECT_EQ(1, ret);

	/* The user has no more, as another process either; others have. */
	EXPECT_EQ(-EDQUOT, join_as(self->dev, "lend", &user));
	EXPECT_EQ(0, join_as(self->dev, "lend", &other));
	EXPECT_LE(0, service_connect(self->dev, "lend", 0, got, LENT, NULL));
	EXPECT_LE(0, handle_derive(self->dev, got[MEMORY].fd, READ));
	EXPECT_LE(0, handle_derive(self->dev, memory, READ));

	/* All of it is taken back at once. */
	ASSERT_EQ(0, service_event(service, &event));
	EXPECT_EQ(OTHER, event.uid);
	EXPECT_EQ(0, service_revoke(service, event.client, MEMBANK_OFFER_ALL));
	ASSERT_EQ(1, write(revoked[1], "", 1));
	ret = test_wait_child(child);
	if (ret != NO_NAMESPACE)
		EXPECT_EQ(0, ret);
	EXPECT_EQ(0, join_as(self->dev, "lend", &user));
}

TEST_HARNESS_MAIN
