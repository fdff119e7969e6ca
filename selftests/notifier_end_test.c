// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers: how each side learns that the other is gone, by close or because a
 * service has taken its descriptor back, and how many descriptors there can be.
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"
#include "service.h"

#define EVER MEMBANK_WAIT_FOREVER

/* How many wait for one end. */
#define WATCHERS 3

/* A thread that waits with an epoll of its own, as servers do. */
struct watcher {
	pthread_t thread;
	pid_t tid;
	int epoll;
	int events;
};

static void *watch(void *arg)
{
	struct watcher *watcher = arg;
	struct epoll_event event = {};

	__atomic_store_n(&watcher->tid, gettid(), __ATOMIC_RELEASE);
	if (epoll_wait(watcher->epoll, &event, 1, TEST_PATIENCE) == 1)
		watcher->events = event.events;
	return NULL;
}

/* Each wants to be the only one that is woken for what is to be read. */
static bool watcher_waits(struct watcher *watcher, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };

	*watcher = (struct watcher){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	if (watcher->epoll < 0 ||
	    epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, fd, &event) ||
	    pthread_create(&watcher->thread, NULL, watch, watcher))
		return false;
	while (!__atomic_load_n(&watcher->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_state(watcher->tid, 'S');
}

static int watcher_result(struct watcher *watcher)
{
	if (pthread_join(watcher->thread, NULL))
		return -EPROTO;
	close(watcher->epoll);
	return watcher->events;
}

FIXTURE(ends)
{
	int dev;
	int both;
	int trigger;
	int receive;
};

FIXTURE_SETUP(ends)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->both = notifier_create(self->dev);
	self->trigger = notifier_derive(self->both, TRIGGER);
	self->receive = notifier_derive(self->both, RECEIVE);
	ASSERT_LE(0, self->both);
	ASSERT_LE(0, self->trigger);
	ASSERT_LE(0, self->receive);
}

FIXTURE_TEARDOWN(ends)
{
}

TEST_F(ends, all_who_wait_with_epollexclusive_hear_of_the_end)
{
	struct watcher watchers[WATCHERS];
	int i;

	close(self->both);
	for (i = 0; i < WATCHERS; i++)
		ASSERT_TRUE(watcher_waits(&watchers[i], self->receive));
	close(self->trigger);
	for (i = 0; i < WATCHERS; i++)
		EXPECT_EQ(EPOLLHUP, watcher_result(&watchers[i]));
}

TEST_F(ends, all_who_wait_with_epollexclusive_hear_of_a_servers_end)
{
	int service = service_register(self->dev, "end", 0200, NULL, 0);
	struct watcher watchers[WATCHERS];
	int connection, i;

	ASSERT_LE(0, service);
	connection = service_connect(self->dev, "end", 0, NULL, 0, NULL);
	ASSERT_LE(0, connection);
	for (i = 0; i < WATCHERS; i++)
		ASSERT_TRUE(watcher_waits(&watchers[i], connection));
	close(service);
	for (i = 0; i < WATCHERS; i++)
		EXPECT_EQ(EPOLLHUP, watcher_result(&watchers[i]));
}

TEST_F(ends, one_of_many_descriptors_is_no_end_and_the_last_is)
{
	int other = notifier_derive(self->both, TRIGGER);

	ASSERT_LE(0, other);
	/* Nobody is alone: what has both rights is there for all. */
	close(self->trigger);
	EXPECT_EQ(0, revents(self->receive, 0));
	close(other);
	EXPECT_EQ(0, revents(self->receive, 0));
	EXPECT_EQ(0, revents(self->both, 0));
	close(self->receive);
	/* It is no side of its own. */
	EXPECT_EQ(POLLHUP, revents(self->both, 0));
}

/* ------------------------------------------------------------- revoking */

/* One client, which has what the service lends, and nobody else has that. */
struct loan {
	int service;
	int connection;
	__u64 client;
	int fd;
};

static bool lend(int dev, int fd, __u32 rights, struct loan *loan)
{
	struct membank_offer offer = { .fd = fd, .rights = rights };
	struct membank_service_event event;

	loan->service = service_register(dev, "end", 0200, &offer, 1);
	loan->connection = service_connect(dev, "end", 0, &offer, 1, NULL);
	if (loan->service < 0 || loan->connection < 0 ||
	    service_event(loan->service, &event))
		return false;
	loan->client = event.client;
	loan->fd = offer.fd;
	return true;
}

TEST_F(ends, who_was_revoked_is_no_receiver_any_more)
{
	struct watcher watcher;
	struct loan loan;

	ASSERT_TRUE(lend(self->dev, self->receive, RECEIVE, &loan));
	close(self->receive);
	close(self->both);
	EXPECT_EQ(0, revents(self->trigger, 0));
	ASSERT_TRUE(watcher_waits(&watcher, self->trigger));
	EXPECT_EQ(0, service_revoke(loan.service, loan.client, 0));
	EXPECT_EQ(EPOLLHUP, watcher_result(&watcher));
	EXPECT_EQ(POLLHUP, revents(self->trigger, 0));
	EXPECT_EQ(0, notifier_trigger(self->trigger));

	/* The next client is one again, and the end of the first changes nothing. */
	struct membank_offer got;
	int next = service_connect(self->dev, "end", 0, &got, 1, NULL);

	ASSERT_LE(0, next);
	EXPECT_EQ(0, revents(self->trigger, 0));
	close(loan.fd);
	close(loan.connection);
	EXPECT_EQ(0, revents(self->trigger, 0));
	EXPECT_EQ(0, service_revoke(loan.service, loan.client, 0));
	EXPECT_EQ(0, revents(self->trigger, 0));
	close(got.fd);
	EXPECT_EQ(POLLHUP, revents(self->trigger, 0));
}

/* Reads until that is an error. */
static void *read_once(void *arg)
{
	return (void *)(intptr_t)notifier_read(*(int *)arg);
}

TEST_F(ends, who_was_revoked_triggers_nobody_any_more)
{
	struct loan loan;
	pthread_t thread;
	void *result;

	ASSERT_TRUE(lend(self->dev, self->trigger, TRIGGER, &loan));
	close(self->trigger);
	close(self->both);
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_once, &self->receive));
	EXPECT_EQ(0,
		  service_revoke(loan.service, loan.client, MEMBANK_OFFER_ALL));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(-EPIPE, (intptr_t)result);
	EXPECT_EQ(POLLHUP, revents(self->receive, 0));
	EXPECT_EQ(-ENODEV, notifier_trigger(loan.fd));
}

TEST_F(ends, a_call_to_who_was_revoked_is_epipe)
{
	int answers = notifier_create(self->dev);
	int received = notifier_derive(answers, RECEIVE);
	struct loan loan;

	ASSERT_LE(0, received);
	ASSERT_TRUE(lend(self->dev, answers, TRIGGER, &loan));
	close(answers);
	EXPECT_EQ(-ETIMEDOUT, notifier_call(self->trigger, received, 0));
	EXPECT_EQ(0, service_revoke(loan.service, loan.client, 0));
	EXPECT_EQ(-EPIPE, notifier_call(self->trigger, received, EVER));
}

/* --------------------------------------------------------------- limits */

TEST_F(ends, a_client_has_so_many_descriptors_of_a_notifier_and_no_more)
{
	struct loan loan;
	int fds[MEMBANK_NOTIFIER_LENT_MAX];
	struct membank_offer got;
	int i, other;

	ASSERT_TRUE(lend(self->dev, self->both, BOTH, &loan));
	fds[0] = loan.fd;
	for (i = 1; i < MEMBANK_NOTIFIER_LENT_MAX; i++) {
		/* What is derived from it, and from that, is the same client's. */
		fds[i] = notifier_derive(fds[i - 1], BOTH);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(-EDQUOT, notifier_derive(loan.fd, TRIGGER));
	EXPECT_EQ(-EDQUOT, notifier_derive(fds[i - 1], RECEIVE));

	/* Others are not kept from anything. */
	other = service_connect(self->dev, "end", 0, &got, 1, NULL);
	ASSERT_LE(0, other);
	EXPECT_LE(0, notifier_derive(got.fd, BOTH));
	EXPECT_LE(0, notifier_derive(self->both, BOTH));

	close(fds[7]);
	fds[7] = notifier_derive(loan.fd, TRIGGER);
	EXPECT_LE(0, fds[7]);
	EXPECT_EQ(-EDQUOT, notifier_derive(loan.fd, TRIGGER));

	/* Each of them is told, and taken back. */
	for (i = 0; i < MEMBANK_NOTIFIER_LENT_MAX; i++)
		if (i != 7)
			ASSERT_EQ(0, notifier_nonblock(fds[i]));
	EXPECT_EQ(0, service_notify(loan.service, loan.client, 0));
	for (i = 0; i < MEMBANK_NOTIFIER_LENT_MAX; i++)
		if (i != 7)
			EXPECT_EQ(1, notifier_read(fds[i]));
	EXPECT_EQ(0, service_revoke(loan.service, loan.client, 0));
	for (i = 0; i < MEMBANK_NOTIFIER_LENT_MAX; i++) {
		EXPECT_EQ(-ENODEV, notifier_trigger(fds[i]));
		EXPECT_EQ(-ENODEV, notifier_derive(fds[i], TRIGGER));
	}
	EXPECT_EQ(0, notifier_trigger(got.fd));
}

TEST_F_TIMEOUT(ends, a_notifier_has_so_many_descriptors_and_no_more, TEST_SLOW)
{
	const struct rlimit limit = { MEMBANK_NOTIFIER_HANDLES_MAX + 100,
				      MEMBANK_NOTIFIER_HANDLES_MAX + 100 };
	struct membank_offer offer = { .fd = self->both, .rights = RECEIVE };
	static int fds[MEMBANK_NOTIFIER_HANDLES_MAX];
	const int clients =
		MEMBANK_NOTIFIER_HANDLES_MAX - MEMBANK_NOTIFIER_HANDLES_KEPT;
	struct membank_offer got;
	int service, client, i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	service = service_register(self->dev, "end", 0200, &offer, 1);
	ASSERT_LE(0, service);
	ASSERT_EQ(0, notifier_nonblock(service));
	/* Three are there. */
	for (i = 3; i < MEMBANK_NOTIFIER_HANDLES_MAX; i++) {
		/* Clients do not take the last ones, and fail without a trace. */
		if (i >= clients && i < clients + 3) {
			EXPECT_EQ(-EDQUOT, service_connect(self->dev, "end", 0,
							   &got, 1, NULL));
			EXPECT_EQ(-EAGAIN, service_event(service, NULL));
		}
		fds[i] = notifier_derive(self->both, i % 2 ? TRIGGER : RECEIVE);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(-EDQUOT, notifier_derive(self->both, TRIGGER));

	/* Each one that is closed makes room for one. */
	for (i = MEMBANK_NOTIFIER_HANDLES_MAX - 1; i >= clients; i--)
		close(fds[i]);
	EXPECT_EQ(-EDQUOT, service_connect(self->dev, "end", 0, &got, 1, NULL));
	close(fds[i]);
	client = service_connect(self->dev, "end", 0, &got, 1, NULL);
	EXPECT_LE(0, client);
	EXPECT_EQ(0, service_event(service, NULL));
	EXPECT_EQ(-EDQUOT, notifier_derive(got.fd, RECEIVE));
	EXPECT_LE(0, notifier_derive(self->both, TRIGGER));
}

TEST_HARNESS_MAIN
