// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers: a trigger in the moment in which who was bound ends is told to that, or
 * to who comes after, and who binds waits for no trigger of others.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"
#include "service.h"

#define ROUNDS 3000

/* Descriptors that each trigger walks over, and what is bound meanwhile. */
#define WALKED 8000
#define BINDS 1000

/* A moment, of another length each time. */
static void linger(int round)
{
	int i;

	for (i = round % 64; i; i--)
		clock_ns();
}

FIXTURE(race)
{
	int dev;
	int trigger;
	int keeper;
	int former;
	int next;
	struct meeting meeting;
	pthread_t thread;
};

FIXTURE_SETUP(race)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->keeper = notifier_create(self->dev);
	ASSERT_LE(0, self->keeper);
	self->trigger = notifier_derive(self->keeper, TRIGGER);
	ASSERT_LE(0, self->trigger);
	self->former = event_create();
	self->next = event_create();
	ASSERT_LE(0, self->former);
	ASSERT_LE(0, self->next);
	self->meeting.fd = self->trigger;
	self->meeting.rounds = number_from("MEMBANK_ROUNDS", ROUNDS);
	ASSERT_EQ(0, pthread_barrier_init(&self->meeting.barrier, NULL, 2));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, trigger_at_meetings,
				    &self->meeting));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, pthread_join(self->thread, NULL));
	EXPECT_EQ(0, self->meeting.failed);
}

/* What both eventfds have counted, the second bound after the first's end. */
static __u64 told(int keeper, int former, int next)
{
	__u64 count;

	if (notifier_bind(keeper, next))
		return TEST_NONE;
	count = event_count(former) + event_count(next);
	return notifier_bind(keeper, -1) ? TEST_NONE : count;
}

TEST_F_TIMEOUT(race, a_trigger_beside_a_close_is_told_once, TEST_SLOW)
{
	int fd, i;

	for (i = 0; i < self->meeting.rounds; i++) {
		fd = notifier_derive(self->keeper, RECEIVE);
		ASSERT_EQ(0, notifier_bind(fd, self->former));
		pthread_barrier_wait(&self->meeting.barrier);
		linger(i);
		close(fd);
		pthread_barrier_wait(&self->meeting.barrier);
		ASSERT_EQ(1, told(self->keeper, self->former, self->next))
		TH_LOG("round %d", i);
	}
}

TEST_F_TIMEOUT(race, a_trigger_beside_a_revoke_is_told_once, TEST_SLOW)
{
	struct membank_offer offer = { .fd = self->keeper, .rights = RECEIVE };
	int service = service_register(self->dev, "race", 0200, &offer, 1);
	struct membank_service_event event;
	struct membank_offer got;
	int connection, i;

	ASSERT_LE(0, service);
	for (i = 0; i < self->meeting.rounds; i++) {
		connection =
			service_connect(self->dev, "race", 0, &got, 1, NULL);
		ASSERT_LE(0, connection);
		ASSERT_EQ(0, service_event(service, &event));
		ASSERT_EQ(0, notifier_bind(got.fd, self->former));
		pthread_barrier_wait(&self->meeting.barrier);
		linger(i);
		ASSERT_EQ(0, service_revoke(service, event.client, 0));
		pthread_barrier_wait(&self->meeting.barrier);
		ASSERT_EQ(1, told(self->keeper, self->former, self->next))
		TH_LOG("round %d", i);
		close(got.fd);
		close(connection);
		ASSERT_EQ(0, service_event(service, &event));
	}
}

/* Who polls it hears of what comes when nobody is bound, or reads it. */
TEST_F_TIMEOUT(race, a_trigger_beside_an_unbind_can_be_read, TEST_SLOW)
{
	int fd = notifier_derive(self->keeper, RECEIVE), i;

	ASSERT_EQ(0, notifier_nonblock(fd));
	for (i = 0; i < self->meeting.rounds; i++) {
		ASSERT_EQ(0, notifier_bind(fd, self->former));
		pthread_barrier_wait(&self->meeting.barrier);
		linger(i);
		ASSERT_EQ(0, notifier_bind(fd, -1));
		pthread_barrier_wait(&self->meeting.barrier);
		if (event_count(self->former))
			continue;
		ASSERT_EQ(POLLIN, revents(fd, 0))
		TH_LOG("round %d", i);
		ASSERT_EQ(1, notifier_read(fd));
	}
}

struct walker {
	pthread_t thread;
	int fd;
	unsigned int walks;
	int stop;
};

static void *walk(void *arg)
{
	struct walker *walker = arg;

	while (!__atomic_load_n(&walker->stop, __ATOMIC_ACQUIRE)) {
		notifier_trigger(walker->fd);
		__atomic_fetch_add(&walker->walks, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

FIXTURE(walk)
{
	int dev;
};

FIXTURE_SETUP(walk)
{
	const struct rlimit limit = { WALKED + 100, WALKED + 100 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(walk)
{
	close(self->dev);
}

/* If each waited for a walk under way, there were as many walks at least. */
TEST_F_TIMEOUT(walk, of_others_is_not_waited_for_by_who_binds_or_closes,
	       TEST_SLOW)
{
	struct walker walker = { .fd = notifier_create(self->dev) };
	int events[2], fd, i;
	unsigned int walks;

	ASSERT_LE(0, walker.fd);
	events[0] = event_create();
	events[1] = event_create();
	for (i = 0; i < WALKED; i++) {
		fd = notifier_derive(walker.fd, RECEIVE);
		ASSERT_EQ(0, notifier_bind(fd, events[0]));
	}
	ASSERT_EQ(0, pthread_create(&walker.thread, NULL, walk, &walker));
	while (!__atomic_load_n(&walker.walks, __ATOMIC_ACQUIRE))
		sched_yield();

	walks = __atomic_load_n(&walker.walks, __ATOMIC_ACQUIRE);
	for (i = 0; i < BINDS; i++) {
		EXPECT_EQ(0, notifier_bind(walker.fd, events[i % 2]));
		fd = notifier_derive(walker.fd, RECEIVE);
		EXPECT_EQ(0, notifier_bind(fd, events[1]));
		close(fd);
	}
	walks = __atomic_load_n(&walker.walks, __ATOMIC_ACQUIRE) - walks;
	TH_LOG("%u walks beside %u times bind, derive, bind and close", walks,
	       BINDS);
	EXPECT_GT(BINDS / 2, walks);
	__atomic_store_n(&walker.stop, 1, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(walker.thread, NULL));
}

TEST_HARNESS_MAIN
