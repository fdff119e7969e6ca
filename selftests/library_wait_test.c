// SPDX-License-Identifier: GPL-2.0-only
/*
 * membank_notifier_wait(), where the eventfd would block and where threads are
 * faster than each other, on the real module.
 */
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"

#define THIEVES 4
#define TRIGGERS 2000

FIXTURE(wait)
{
	int dev;
	int notifier;
	int receiver;
	int eventfd;
	eventfd_t count;
};

FIXTURE_SETUP(wait)
{
	ASSERT_EQ(0, membank_open(NULL, &self->dev));
	ASSERT_EQ(0, membank_notifier_create(self->dev, &self->notifier));
	ASSERT_EQ(0, membank_notifier_derive(self->notifier,
					     MEMBANK_NOTIFIER_RECEIVE,
					     &self->receiver));
	self->eventfd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->eventfd);
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, self->eventfd));
}

FIXTURE_TEARDOWN(wait)
{
}

/* An eventfd that blocks, where poll() is woken for something else. */
TEST_F(wait, never_blocks_in_an_eventfd_that_does)
{
	int pipe_fds[2];

	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(0, close(pipe_fds[0]));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_wait(pipe_fds[1], self->eventfd, 10, NULL));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, close(self->notifier));
	EXPECT_EQ(0, membank_notifier_wait(self->receiver, self->eventfd, -1,
					   &self->count));
	EXPECT_EQ(1, self->count);
	EXPECT_EQ(-EPIPE, membank_notifier_wait(self->receiver, self->eventfd,
						-1, NULL));
}

struct thief {
	int receiver;
	int eventfd;
	eventfd_t count;
	int ret;
};

static void *take_all(void *arg)
{
	struct thief *thief = arg;
	eventfd_t count;

	for (;;) {
		thief->ret = membank_notifier_wait(thief->receiver,
						   thief->eventfd, -1, &count);
		if (thief->ret)
			return NULL;
		thief->count += count;
	}
}

/* All are woken by each trigger, and none waits for the count that it missed. */
TEST_F(wait, by_many_threads_shares_the_triggers)
{
	struct thief thieves[THIEVES] = {};
	pthread_t threads[THIEVES];
	eventfd_t count = 0;
	int i;

	for (i = 0; i < THIEVES; i++) {
		thieves[i].receiver = self->receiver;
		thieves[i].eventfd = self->eventfd;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, take_all,
					    &thieves[i]));
	}
	for (i = 0; i < TRIGGERS; i++)
		ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, close(self->notifier));
	for (i = 0; i < THIEVES; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(-EPIPE, thieves[i].ret);
		count += thieves[i].count;
	}
	EXPECT_EQ(TRIGGERS, count);
}

TEST_HARNESS_MAIN
