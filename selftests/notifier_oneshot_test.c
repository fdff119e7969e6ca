// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers bound with ONESHOT: one delivery, then nothing until it is unmasked,
 * and no trigger is lost meanwhile.
 */
#include <pthread.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"

/* How often threads try to meet in a race. */
#define ROUNDS 2000

FIXTURE(oneshot)
{
	int dev;
	int fd;
	int event;
};

FIXTURE_SETUP(oneshot)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->fd = notifier_create(self->dev);
	ASSERT_LE(0, self->fd);
	self->event = event_create();
	ASSERT_LE(0, self->event);
	ASSERT_EQ(0, notifier_bind_oneshot(self->fd, self->event));
}

FIXTURE_TEARDOWN(oneshot)
{
}

TEST_F(oneshot, unmask_takes_its_struct_in_every_form)
{
	struct membank_notifier_unmask good = { .size = sizeof(good) };

	EXPECT_FORM(self->fd, MEMBANK_IOC_NOTIFIER_UNMASK, &good, sizeof(good),
		    FORM_NO_FD, 0);
	test_err(ENOTTY, self->dev, MEMBANK_IOC_NOTIFIER_UNMASK, &good);
}

TEST_F(oneshot, the_feature_is_reported)
{
	struct membank_get_info info = { .size = sizeof(info) };

	test_ok(self->dev, MEMBANK_IOC_GET_INFO, &info);
	EXPECT_TRUE(info.out_features & MEMBANK_FEATURE_CALL);
}

TEST_F(oneshot, only_the_first_trigger_is_delivered)
{
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_write(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, event_count(self->event));
}

TEST_F(oneshot, unmask_delivers_what_came_as_one_and_masks_again)
{
	int i;

	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_unmask(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(0, notifier_unmask(self->fd));
	EXPECT_EQ(1, event_count(self->event));
}

TEST_F(oneshot, unmask_with_nothing_held_back_lets_the_next_through)
{
	/* It is not masked yet: nothing happens. */
	EXPECT_EQ(0, notifier_unmask(self->fd));
	EXPECT_EQ(0, notifier_unmask(self->fd));
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, notifier_unmask(self->fd));
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
}

TEST_F(oneshot, unmask_of_what_is_not_bound_so_is_einval)
{
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(-EINVAL, notifier_unmask(self->fd));
	ASSERT_EQ(0, notifier_bind(self->fd, -1));
	EXPECT_EQ(-EINVAL, notifier_unmask(self->fd));
	ASSERT_EQ(0, notifier_nonblock(self->fd));
	EXPECT_EQ(-EAGAIN, notifier_read(self->fd));
	EXPECT_EQ(-EINVAL, notifier_unmask(self->fd));
}

TEST_F(oneshot, unmask_and_bind_need_the_right_to_receive)
{
	int trigger = notifier_derive(self->fd, TRIGGER);

	ASSERT_LE(0, trigger);
	EXPECT_EQ(-EACCES, notifier_unmask(trigger));
	EXPECT_EQ(-EACCES, notifier_bind_oneshot(trigger, self->event));
}

TEST_F(oneshot, binding_none_with_a_flag_is_einval)
{
	EXPECT_EQ(-EINVAL, notifier_bind_oneshot(self->fd, -1));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
}

TEST_F(oneshot, a_trigger_missed_before_is_the_one_delivery)
{
	ASSERT_EQ(0, notifier_bind(self->fd, -1));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind_oneshot(self->fd, self->event));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(0, notifier_unmask(self->fd));
	EXPECT_EQ(1, event_count(self->event));
}

TEST_F(oneshot, what_is_held_back_goes_to_the_next_eventfd)
{
	int other = event_create();

	ASSERT_LE(0, other);
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind(self->fd, other));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(1, event_count(other));

	/* The same through a time without any. */
	ASSERT_EQ(0, notifier_bind_oneshot(self->fd, self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind(self->fd, -1));
	EXPECT_EQ(1, event_count(self->event));
	ASSERT_EQ(0, notifier_bind_oneshot(self->fd, other));
	EXPECT_EQ(1, event_count(other));

	/* And to who counts for itself. */
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind(self->fd, -1));
	ASSERT_EQ(0, notifier_nonblock(self->fd));
	EXPECT_EQ(1, notifier_read(self->fd));
	EXPECT_EQ(-EAGAIN, notifier_read(self->fd));
	close(other);
}

TEST_F(oneshot, nothing_held_back_leaves_nothing_for_the_next)
{
	int other = event_create();

	ASSERT_LE(0, other);
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind_oneshot(self->fd, other));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, event_count(other));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(other));
	close(other);
}

TEST_F(oneshot, others_are_not_masked)
{
	int second = notifier_derive(self->fd, RECEIVE);
	int third = notifier_derive(self->fd, RECEIVE);
	int other = event_create();

	ASSERT_LE(0, second);
	ASSERT_LE(0, third);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, notifier_bind(second, other));
	ASSERT_EQ(0, notifier_nonblock(third));
	EXPECT_EQ(-EAGAIN, notifier_read(third));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(2, event_count(other));
	EXPECT_EQ(2, notifier_read(third));
	EXPECT_EQ(-EINVAL, notifier_unmask(second));
}

static void *poll_once(void *arg)
{
	return (void *)(intptr_t)revents(*(int *)arg, TEST_PATIENCE);
}

TEST_F(oneshot, what_is_held_back_wakes_who_polls_when_it_is_unbound)
{
	pthread_t thread;
	void *result;

	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	ASSERT_EQ(0, pthread_create(&thread, NULL, poll_once, &self->fd));
	sleep_ms(20);
	EXPECT_EQ(0, notifier_bind(self->fd, -1));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(POLLIN, (intptr_t)result);
	EXPECT_EQ(1, notifier_read(self->fd));
}

TEST_F_TIMEOUT(oneshot, no_trigger_is_lost_beside_an_unmask, TEST_SLOW)
{
	struct meeting meeting = { .fd = self->fd, .rounds = ROUNDS };
	int i, lost = 0, twice = 0, got;
	pthread_t thread;

	ASSERT_EQ(0, pthread_barrier_init(&meeting.barrier, NULL, 2));
	ASSERT_EQ(0,
		  pthread_create(&thread, NULL, trigger_at_meetings, &meeting));
	for (i = 0; i < ROUNDS; i++) {
		/* Masked, with nothing held back. */
		ASSERT_EQ(0, notifier_unmask(self->fd));
		ASSERT_EQ(0, notifier_trigger(self->fd));
		ASSERT_EQ(1, event_count(self->event));
		pthread_barrier_wait(&meeting.barrier);
		EXPECT_EQ(0, notifier_unmask(self->fd));
		pthread_barrier_wait(&meeting.barrier);

		/* It came after the unmask, or before. */
		got = event_count(self->event);
		lost += got < 1;
		EXPECT_EQ(0, notifier_unmask(self->fd));
		got += event_count(self->event);
		twice += got > 1;
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, meeting.failed);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, twice);
}

TEST_F_TIMEOUT(oneshot, no_trigger_is_lost_when_a_masked_one_is_replaced,
	       TEST_SLOW)
{
	struct meeting meeting = { .fd = self->fd, .rounds = ROUNDS };
	int i, lost = 0, twice = 0, got, other = event_create();
	pthread_t thread;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, pthread_barrier_init(&meeting.barrier, NULL, 2));
	ASSERT_EQ(0,
		  pthread_create(&thread, NULL, trigger_at_meetings, &meeting));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, notifier_bind_oneshot(self->fd, self->event));
		ASSERT_EQ(0, notifier_trigger(self->fd));
		ASSERT_EQ(1, event_count(self->event));
		pthread_barrier_wait(&meeting.barrier);
		EXPECT_EQ(0, notifier_bind(self->fd, other));
		pthread_barrier_wait(&meeting.barrier);

		/* The old one is masked, so only the new one can count. */
		EXPECT_EQ(0, event_count(self->event));
		got = event_count(other);
		lost += got < 1;
		twice += got > 1;
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, meeting.failed);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, twice);
	close(other);
}

/* Who triggers again as soon as the last trigger was heard. */
struct chase {
	int fd;
	unsigned int sent;
	unsigned int heard;
	int failed;
};

static void *trigger_and_wait_to_be_heard(void *arg)
{
	struct chase *chase = arg;
	unsigned int sent;

	for (sent = 1; sent <= ROUNDS; sent++) {
		__atomic_store_n(&chase->sent, sent, __ATOMIC_RELEASE);
		chase->failed += notifier_trigger(chase->fd) != 0;
		while (__atomic_load_n(&chase->heard, __ATOMIC_ACQUIRE) < sent)
			sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(oneshot, every_trigger_is_heard_of_by_who_unmasks_in_time,
	       TEST_SLOW)
{
	struct chase chase = { .fd = self->fd };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, trigger_and_wait_to_be_heard,
				    &chase));
	while (chase.heard < ROUNDS) {
		ASSERT_EQ(POLLIN, revents(self->event, TEST_PATIENCE));
		ASSERT_EQ(1, event_count(self->event));
		/* First unmasked, then looked: as with an interrupt. */
		ASSERT_EQ(0, notifier_unmask(self->fd));
		__atomic_store_n(&chase.heard,
				 __atomic_load_n(&chase.sent, __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, chase.failed);
}

TEST_HARNESS_MAIN
