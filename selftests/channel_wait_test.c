// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's channels without a kernel module: how often who waits is woken,
 * and by what. The calls that the library sleeps by are counted, and what the
 * other side, or another thread of this one, does meanwhile is done at the moment
 * when they would sleep. So there are no threads, and no time decides. The linker
 * puts our poll(), epoll_wait() and read() in the place of those of the C library.
 */
#include "kselftest_harness.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

#include "channel_host.h"

#define RING 1024U

/* More than enough to see that somebody is woken again and again. */
#define MANY 1000

/* How often a wait was asked for, and how often it would sleep. */
static unsigned int waits, sleeps;

/* What is done when it would sleep, or has not slept MANY times. */
static void (*meanwhile)(void *arg);
static void *meanwhile_arg;

typedef int wait_function(void *arg, int timeout);

static int counted(wait_function *wait, void *arg, int timeout)
{
	int count;

	if (!timeout || !meanwhile)
		return wait(arg, timeout);
	count = wait(arg, 0);
	waits++;
	if (count && waits % MANY)
		return count;
	sleeps += !count;
	meanwhile(meanwhile_arg);
	/* What this does not find is lost. */
	return count ? count : wait(arg, PATIENCE);
}

struct epoll_args {
	int epoll;
	struct epoll_event *events;
	int most;
};

static int wait_by_epoll(void *arg, int timeout)
{
	struct epoll_args *args = arg;

	return epoll_pwait(args->epoll, args->events, args->most, timeout,
			   NULL);
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most,
		      int timeout)
{
	struct epoll_args args = { epoll, events, most };

	return counted(wait_by_epoll, &args, timeout);
}

struct poll_args {
	struct pollfd *fds;
	nfds_t count;
};

static int wait_by_poll(void *arg, int timeout)
{
	const struct timespec time = {
		.tv_sec = timeout / 1000,
		.tv_nsec = timeout % 1000 * 1000000,
	};
	struct poll_args *args = arg;

	return ppoll(args->fds, args->count, timeout < 0 ? NULL : &time, NULL);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct poll_args args = { fds, count };

	return counted(wait_by_poll, &args, timeout);
}

/* What is done just before something is read, once. */
static void (*before_read)(void *arg);

ssize_t __wrap_read(int fd, void *data, size_t size)
{
	void (*now)(void *arg) = before_read;

	before_read = NULL;
	if (now)
		now(meanwhile_arg);
	return readv(fd, &(struct iovec){ data, size }, 1);
}

static bool is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents & POLLIN;
}

FIXTURE(wait)
{
	struct pair pair;
	struct membank_channel *a;
	struct membank_channel *b;
	void *room;
	const void *data;
	size_t length;
	unsigned int left;
	int ret;
};

FIXTURE_SETUP(wait)
{
	ASSERT_TRUE(pair_prepare(&self->pair));
	ASSERT_TRUE(pair_memory(&self->pair, RINGS + 2 * RING));
	ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, 0));
	self->a = self->pair.ends[0];
	self->b = self->pair.ends[1];
}

FIXTURE_TEARDOWN(wait)
{
	meanwhile = NULL;
	before_read = NULL;
	pair_end(&self->pair);
}

static void fill(struct membank_channel *channel)
{
	char message[48] = { 0 };

	while (!membank_channel_send(channel, message, sizeof(message), 0, 0))
		;
}

static void drain(FIXTURE_DATA(wait) * self, struct membank_channel *channel)
{
	while (!membank_channel_peek(channel, 0, &self->data, &self->length))
		membank_channel_release(channel, 0);
}

static void expect_meanwhile(FIXTURE_DATA(wait) * self,
			     void (*what)(FIXTURE_DATA(wait) *))
{
	waits = 0;
	sleeps = 0;
	meanwhile = (void (*)(void *))what;
	meanwhile_arg = self;
}

static void b_sends(FIXTURE_DATA(wait) * self)
{
	self->ret = membank_channel_send(self->b, "x", 1, 0, 0);
}

static void b_drains(FIXTURE_DATA(wait) * self)
{
	drain(self, self->b);
}

/* ----------------------- news of the other direction, which nobody takes yet */

/* An event loop is armed to send, and there is room; it has not come yet. */
static bool room_is_due(FIXTURE_DATA(wait) * self)
{
	fill(self->a);
	if (membank_channel_arm_send(self->a, 48))
		return false;
	drain(self, self->b);
	return is_readable(self->pair.bells[0]);
}

static bool message_is_due(FIXTURE_DATA(wait) * self)
{
	return !membank_channel_arm_receive(self->a) &&
	       !membank_channel_send(self->b, "x", 1, 0, 0) &&
	       is_readable(self->pair.bells[0]);
}

TEST_F(wait, for_a_message_sleeps_while_room_is_not_taken)
{
	ASSERT_TRUE(room_is_due(self));
	expect_meanwhile(self, b_sends);
	ASSERT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
					  &self->length));
	EXPECT_EQ(0, self->ret);
	EXPECT_EQ(1, sleeps);
	EXPECT_GE(2, waits);
	/* And the event loop is still woken. */
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	EXPECT_EQ(-EALREADY, membank_channel_arm_send(self->a, 48));
}

TEST_F(wait, for_room_sleeps_while_a_message_is_not_taken)
{
	ASSERT_TRUE(message_is_due(self));
	fill(self->a);
	expect_meanwhile(self, b_drains);
	ASSERT_EQ(0, membank_channel_reserve(self->a, 48, -1, &self->room));
	EXPECT_EQ(1, sleeps);
	EXPECT_GE(2, waits);
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	EXPECT_EQ(-EALREADY, membank_channel_arm_receive(self->a));
}

/* A second time nothing is left of the first. */
TEST_F(wait, sleeps_again_while_room_is_not_taken)
{
	unsigned int i;

	ASSERT_TRUE(room_is_due(self));
	for (i = 0; i < 10; i++) {
		expect_meanwhile(self, b_sends);
		ASSERT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
						  &self->length));
		EXPECT_EQ(1, sleeps);
		EXPECT_GE(2, waits);
		ASSERT_EQ(0, membank_channel_release(self->a, 0));
	}
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
}

static void rings_for_nothing(FIXTURE_DATA(wait) * self)
{
	if (self->left--)
		__wrap_membank_notifier_trigger(self->pair.bells[0]);
	else
		b_sends(self);
}

TEST_F(wait, is_woken_at_most_once_by_each_trigger)
{
	self->left = 10;
	expect_meanwhile(self, rings_for_nothing);
	ASSERT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
					  &self->length));
	EXPECT_EQ(11, sleeps);
	EXPECT_GE(12, waits);
}

/* ------------------------ another thread reads the eventfd in the worst moment */

static void b_sends_and_a_arms(FIXTURE_DATA(wait) * self)
{
	b_sends(self);
	self->ret |= membank_channel_arm_send(self->a, 48);
	self->ret |= is_readable(self->pair.bells[0]);
}

TEST_F(wait, for_a_message_is_not_robbed_by_an_event_loop)
{
	fill(self->a);
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	expect_meanwhile(self, b_sends_and_a_arms);
	ASSERT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
					  &self->length));
	EXPECT_EQ(0, self->ret);
	EXPECT_EQ(1, sleeps);
}

static void b_drains_and_a_arms(FIXTURE_DATA(wait) * self)
{
	b_drains(self);
	self->ret = membank_channel_arm_receive(self->a);
	self->ret |= is_readable(self->pair.bells[0]);
}

TEST_F(wait, for_room_is_not_robbed_by_an_event_loop)
{
	fill(self->a);
	expect_meanwhile(self, b_drains_and_a_arms);
	ASSERT_EQ(0, membank_channel_reserve(self->a, 48, -1, &self->room));
	EXPECT_EQ(0, self->ret);
	EXPECT_EQ(1, sleeps);
}

/* What an event loop watches is not left readable by who has slept. */
TEST_F(wait, leaves_nothing_for_an_event_loop_that_waits_for_nothing)
{
	unsigned int i;

	ASSERT_EQ(self->pair.bells[0], membank_channel_eventfd(self->a));
	for (i = 0; i < 3; i++) {
		expect_meanwhile(self, b_sends);
		ASSERT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
						  &self->length));
		EXPECT_EQ(0, self->ret);
		EXPECT_EQ(1, sleeps);
		EXPECT_GE(2, waits);
		EXPECT_FALSE(is_readable(self->pair.bells[0]));
		ASSERT_EQ(0, membank_channel_release(self->a, 0));
	}
}

static void b_sends_and_drains(FIXTURE_DATA(wait) * self)
{
	b_sends(self);
	b_drains(self);
}

TEST_F(wait, leaves_what_an_event_loop_waits_for)
{
	ASSERT_EQ(self->pair.bells[0], membank_channel_eventfd(self->a));
	fill(self->a);
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	expect_meanwhile(self, b_sends_and_drains);
	ASSERT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
					  &self->length));
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	EXPECT_EQ(0, membank_channel_reserve(self->a, 48, 0, &self->room));
}

/* ------------------------------------ two event loops, one for each direction */

/* The other loop has armed, and its message comes when this one reads. */
TEST_F(wait, of_a_loop_is_not_in_vain_when_the_other_one_arms)
{
	fill(self->a);
	ASSERT_EQ(0, membank_channel_arm_receive(self->a));
	before_read = (void (*)(void *))b_sends;
	meanwhile_arg = self;
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	EXPECT_EQ(NULL, before_read);
	EXPECT_EQ(0, self->ret);
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	EXPECT_EQ(-EALREADY, membank_channel_arm_receive(self->a));
}

/* An epoll that is told of changes alone. */
static int edges_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -1 : epoll;
}

static unsigned int edges(int epoll)
{
	struct epoll_event event;
	unsigned int count = 0;

	while (count < MANY && epoll_wait(epoll, &event, 1, 0) == 1)
		count++;
	return count;
}

/*
 * The loop that sends tries and arms, again and again, while the one that
 * receives has not come yet: it may be woken a few times, and comes to rest.
 */
TEST_F(wait, of_a_loop_for_edges_comes_to_rest)
{
	unsigned int rounds = 0;
	int sender, receiver;

	sender = edges_of(self->pair.bells[0]);
	receiver = edges_of(self->pair.bells[0]);
	ASSERT_LE(0, sender);
	ASSERT_LE(0, receiver);
	fill(self->a);
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	edges(sender);
	ASSERT_TRUE(message_is_due(self));
	for (rounds = 0; edges(sender) && rounds < MANY; rounds++) {
		ASSERT_EQ(-EAGAIN,
			  membank_channel_reserve(self->a, 48, 0, &self->room));
		ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	}
	EXPECT_GE(2, rounds);
	EXPECT_EQ(1, edges(receiver));
	EXPECT_TRUE(is_readable(self->pair.bells[0]));

	/* Both are told of what is theirs. */
	drain(self, self->a);
	ASSERT_EQ(0, membank_channel_arm_receive(self->a));
	EXPECT_FALSE(is_readable(self->pair.bells[0]));
	drain(self, self->b);
	EXPECT_EQ(1, edges(sender));
	EXPECT_EQ(-EALREADY, membank_channel_arm_send(self->a, 48));
	ASSERT_EQ(0, close(sender));
	ASSERT_EQ(0, close(receiver));
}

/* -------------------------------------------------------- what a wait needs */

TEST_F(wait, without_a_descriptor_left_fails_and_can_be_repeated)
{
	struct rlimit limit, none;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, membank_channel_peek(self->a, -1, &self->data,
						&self->length));
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->a, 0, &self->data, &self->length));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	expect_meanwhile(self, b_sends);
	EXPECT_EQ(0, membank_channel_peek(self->a, -1, &self->data,
					  &self->length));
}

/* The end of a pipe that is written says by POLLERR that nobody reads it. */
TEST_F(wait, ends_when_the_other_side_is_gone_by_pollerr)
{
	struct membank_channel_options options = pair_options(&self->pair, 0);
	struct membank_channel *made;

	ASSERT_EQ(0, close(self->pair.lives[1][0]));
	self->pair.lives[1][0] = -1;
	options.hangup = self->pair.lives[1][1];
	ASSERT_EQ(0,
		  membank_channel_create(self->pair.memory, self->pair.length,
					 &options, &made));
	EXPECT_EQ(-EPIPE,
		  membank_channel_peek(made, -1, &self->data, &self->length));
	EXPECT_EQ(-EPIPE, membank_channel_arm_receive(made));
	membank_channel_free(made);
}

TEST_F(wait, refuses_a_hangup_that_says_nothing)
{
	struct membank_channel_options options = pair_options(&self->pair, 0);
	struct membank_channel *made;

	options.hangup = memfd_create("file", MFD_CLOEXEC);
	ASSERT_LE(0, options.hangup);
	ASSERT_EQ(0,
		  membank_channel_create(self->pair.memory, self->pair.length,
					 &options, &made));
	EXPECT_EQ(-EINVAL,
		  membank_channel_peek(made, -1, &self->data, &self->length));
	membank_channel_free(made);
	ASSERT_EQ(0, close(options.hangup));
}

TEST_HARNESS_MAIN
