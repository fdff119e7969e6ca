// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's channels on the real module: two processes, one of which is
 * killed in the middle, or loses the memory. What channels do to the byte is in
 * channel_test.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"
#include "touch.h"

#define NAME "channel-test"
#define RING 16384U
#define LENGTH (MEMBANK_CHANNEL_HEADER + 2 * RING)
#define LENGTH_MAX 3000U
#define MESSAGES 2000U
#define KILLS 20U

enum { MEMORY, TO_SERVER, TO_CLIENT, OFFERS };

/**
 * struct shared - what outlives who is killed
 * @committed: how many messages it had sent at least
 */
struct shared {
	unsigned int committed;
};

FIXTURE(channel)
{
	int dev;
	int notifiers[OFFERS];
	int service;
	struct membank_channel_options options;
	struct membank_channel *channel;
	struct shared *shared;
	void *memory;
	const void *data;
	void *room;
	size_t length;
	unsigned int seed;
};

static void fill(unsigned char *data, unsigned int number, size_t length)
{
	memset(data, number, length);
	if (length >= sizeof(number))
		memcpy(data, &number, sizeof(number));
}

static size_t length_of(unsigned int number)
{
	return number * 2654435761U % (LENGTH_MAX + 1);
}

static bool is_message(const void *data, size_t length, unsigned int number)
{
	static unsigned char expected[LENGTH_MAX];

	if (length != length_of(number))
		return false;
	fill(expected, number, length);
	return !memcmp(data, expected, length);
}

FIXTURE_SETUP(channel)
{
	const char *seed = getenv("MEMBANK_SEED");
	int i;

	ASSERT_TRUE(test_banks_empty());
	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned int)time(NULL);
	ASSERT_EQ(0, membank_open(NULL, &self->dev));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, LENGTH, 0, 0,
					     &self->notifiers[MEMORY]));
	ASSERT_EQ(0, membank_region_attach(self->dev, self->notifiers[MEMORY],
					   0, 0, 0, 0, NULL, &self->memory));
	for (i = TO_SERVER; i < OFFERS; i++)
		ASSERT_EQ(0, membank_notifier_create(self->dev,
						     &self->notifiers[i]));
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);

	struct membank_offer offers[] = {
		{ .fd = self->notifiers[MEMORY],
		  .rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE },
		{ .fd = self->notifiers[TO_SERVER],
		  .rights = MEMBANK_NOTIFIER_TRIGGER },
		{ .fd = self->notifiers[TO_CLIENT],
		  .rights = MEMBANK_NOTIFIER_RECEIVE },
	};
	ASSERT_EQ(0, membank_service_register(self->dev, NAME, offers, OFFERS,
					      0200, &self->service));

	self->options.size = sizeof(self->options);
	self->options.trigger = self->notifiers[TO_CLIENT];
	self->options.hangup = self->notifiers[TO_SERVER];
	ASSERT_EQ(0, membank_notifier_listen(self->notifiers[TO_SERVER],
					     &self->options.eventfd));
	ASSERT_EQ(0, membank_channel_create(self->memory, LENGTH,
					    &self->options, &self->channel));
}

FIXTURE_TEARDOWN_PARENT(channel)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Where a client has the memory. */
static char *client_memory;

/* In a child, which has nothing of the server but what it is offered. */
static struct membank_channel *client_open(void)
{
	struct membank_channel_options options = { .size = sizeof(options) };
	struct membank_offer offers[OFFERS];
	struct membank_channel *channel;
	unsigned int count = OFFERS;
	int dev, connection;
	void *memory;

	if (close_range(3, ~0U, 0) || membank_open(NULL, &dev) ||
	    membank_service_connect(dev, NAME, 0, offers, &count, NULL,
				    &connection) ||
	    count != OFFERS ||
	    membank_region_attach(dev, offers[MEMORY].fd, 0, 0, 0, 0, NULL,
				  &memory))
		_exit(100);
	client_memory = memory;
	options.trigger = offers[TO_SERVER].fd;
	options.hangup = offers[TO_CLIENT].fd;
	if (membank_notifier_listen(offers[TO_CLIENT].fd, &options.eventfd) ||
	    membank_channel_open(memory, LENGTH, &options, &channel))
		_exit(101);
	return channel;
}

static int send_number(struct membank_channel *channel, unsigned int number,
		       unsigned int flags)
{
	size_t length = length_of(number);
	void *room;
	int ret;

	ret = membank_channel_reserve(channel, length, TEST_PATIENCE, &room);
	if (ret)
		return ret;
	fill(room, number, length);
	return membank_channel_commit(channel, length, flags);
}

/* Sends for ever, and says how far it has come. */
static void send_until_killed(struct shared *shared)
{
	struct membank_channel *channel = client_open();
	unsigned int i;

	for (i = 0;; i++) {
		if (send_number(channel, i, 0))
			_exit(102);
		__atomic_store_n(&shared->committed, i + 1, __ATOMIC_SEQ_CST);
	}
}

static int receive_number(FIXTURE_DATA(channel) * self, unsigned int number)
{
	int ret = membank_channel_peek(self->channel, TEST_PATIENCE,
				       &self->data, &self->length);

	if (ret)
		return ret;
	if (!is_message(self->data, self->length, number))
		return -EILSEQ;
	return membank_channel_release(self->channel, 0);
}

/*
 * Before it, the notifier may still say that the client before is gone. Sets
 * *@client to its number.
 */
static int wait_for_client(int service, __u64 *client)
{
	struct membank_service_event event;
	int ret;

	do {
		ret = membank_service_read_event(service, &event);
	} while (!ret && event.type != MEMBANK_SERVICE_CONNECTED);
	*client = event.client;
	return ret;
}

static void echo(struct membank_channel *channel, unsigned int messages)
{
	const void *data;
	size_t length;

	while (messages--)
		if (membank_channel_peek(channel, TEST_PATIENCE, &data,
					 &length) ||
		    membank_channel_send(channel, data, length, 0,
					 TEST_PATIENCE) ||
		    membank_channel_release(channel, 0))
			_exit(103);
	membank_channel_free(channel);
	_exit(0);
}

TEST_F(channel, requests_and_replies_between_strangers)
{
	unsigned int i;
	pid_t child;

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		echo(client_open(), MESSAGES);
	for (i = 0; i < MESSAGES; i++) {
		ASSERT_EQ(0, send_number(self->channel, i, 0));
		ASSERT_EQ(0, receive_number(self, i));
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-EPIPE, membank_channel_peek(self->channel, -1, &self->data,
					       &self->length));
}

/* The child has the memory and the notifiers from its parent. */
TEST_F(channel, requests_and_replies_with_a_child)
{
	struct membank_channel_options options = { .size = sizeof(options) };
	int receiver, trigger, ends, i;
	struct membank_channel *channel;
	pid_t child;

	ASSERT_EQ(0,
		  membank_notifier_derive(self->notifiers[TO_CLIENT],
					  MEMBANK_NOTIFIER_RECEIVE, &receiver));
	ASSERT_EQ(0,
		  membank_notifier_derive(self->notifiers[TO_SERVER],
					  MEMBANK_NOTIFIER_TRIGGER, &trigger));
	ASSERT_EQ(0, membank_notifier_listen(receiver, &options.eventfd));
	options.trigger = trigger;
	options.hangup = receiver;
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		ends = close(self->notifiers[TO_CLIENT]) ||
		       close(self->notifiers[TO_SERVER]) ||
		       close(self->service);
		if (ends || membank_channel_open(self->memory, LENGTH, &options,
						 &channel))
			_exit(104);
		echo(channel, MESSAGES);
	}
	ASSERT_EQ(0, close(receiver));
	ASSERT_EQ(0, close(trigger));
	for (i = 0; i < MESSAGES; i++) {
		ASSERT_EQ(0, send_number(self->channel, i, 0));
		ASSERT_EQ(0, receive_number(self, i));
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-EPIPE, membank_channel_peek(self->channel, -1, &self->data,
					       &self->length));
}

TEST_F(channel, all_that_was_committed_comes_from_who_is_killed)
{
	unsigned int round, received, committed, until;
	__u64 client;
	pid_t child;
	int ret;

	ksft_print_msg("MEMBANK_SEED=%u\n", self->seed);
	for (round = 0; round < KILLS; round++) {
		self->shared->committed = 0;
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			send_until_killed(self->shared);
		ASSERT_EQ(0, wait_for_client(self->service, &client));
		/* Then it waits for room, or is in the middle of a message. */
		until = rand_r(&self->seed) % 500;
		for (received = 0; received < until; received++)
			ASSERT_EQ(0, receive_number(self, received));
		ASSERT_EQ(-SIGKILL, test_kill(child));
		while (!(ret = receive_number(self, received)))
			received++;
		ASSERT_EQ(-EPIPE, ret);
		/* It may have committed one more than it could say. */
		committed = __atomic_load_n(&self->shared->committed,
					    __ATOMIC_SEQ_CST);
		ASSERT_TRUE(received == committed || received == committed + 1)
		TH_LOG("%u received, %u committed", received, committed);

		/* For the next one the channel begins anew. */
		membank_channel_free(self->channel);
		ASSERT_EQ(0, membank_channel_create(self->memory, LENGTH,
						    &self->options,
						    &self->channel));
	}
}

/* ------------------------------------------- the memory is taken back */

/* As the manual has it: what is left of an end whose memory is gone. */
static void end_of_revoked(struct membank_channel *channel)
{
	const char *at = touch_info.si_addr;

	if (touch_info.si_code != BUS_ADRERR || at < client_memory ||
	    at >= client_memory + LENGTH)
		_exit(110);
	membank_channel_free(channel);
	_exit(munmap(client_memory, LENGTH) ? 111 : 0);
}

/* Sends for ever. Many messages are not told of yet when it ends. */
static void send_until_revoked(void)
{
	struct membank_channel *channel = client_open();
	unsigned int i;
	int ret = 0;

	touch_init();
	if (sigsetjmp(touch_back, 1))
		end_of_revoked(channel);
	touch_arm(true);
	for (i = 0; !ret; i++)
		ret = send_number(channel, i, MEMBANK_CHANNEL_MORE);
	touch_arm(false);
	/* Of a notifier that was taken back, too. */
	membank_channel_free(channel);
	_exit(ret == -ENODEV || ret == -EPIPE ? 0 : 112);
}

TEST_F(channel, a_client_lives_on_when_the_server_takes_back_what_it_lent)
{
	unsigned int round, received, until, what;
	__u64 client;
	pid_t child;
	int ret;

	ksft_print_msg("MEMBANK_SEED=%u\n", self->seed);
	for (round = 0; round < KILLS; round++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			send_until_revoked();
		ASSERT_EQ(0, wait_for_client(self->service, &client));
		/* It is prepared, and fills the ring for the first time, or later. */
		until = 1 + rand_r(&self->seed) % (round % 3 ? 8 : 200);
		for (received = 0; received < until; received++)
			ASSERT_EQ(0, receive_number(self, received));
		what = round % 2 ? MEMORY : MEMBANK_OFFER_ALL;
		ASSERT_EQ(0,
			  membank_service_revoke(self->service, client, what));
		/* The server has its memory still, and what came before. */
		while (!(ret = receive_number(self, received)))
			received++;
		EXPECT_EQ(-EPIPE, ret);
		ASSERT_EQ(0, test_wait_child(child))
		TH_LOG("round %u", round);
		membank_channel_free(self->channel);
		ASSERT_EQ(0, membank_channel_create(self->memory, LENGTH,
						    &self->options,
						    &self->channel));
	}
}

/* The owner has taken it from itself, too. */
static int signal_of_peek(FIXTURE_DATA(channel) * self)
{
	int signal = sigsetjmp(touch_back, 1);

	if (signal)
		return signal;
	touch_arm(true);
	membank_channel_peek(self->channel, 0, &self->data, &self->length);
	touch_arm(false);
	return 0;
}

TEST_F(channel, both_sides_live_on_when_the_owner_revokes)
{
	unsigned int received, until;
	__u64 client;
	pid_t child;

	ksft_print_msg("MEMBANK_SEED=%u\n", self->seed);
	until = 1 + rand_r(&self->seed) % 200;
	touch_init();
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		send_until_revoked();
	ASSERT_EQ(0, wait_for_client(self->service, &client));
	for (received = 0; received < until; received++)
		ASSERT_EQ(0, receive_number(self, received));
	/* Not told of yet, too. */
	ASSERT_EQ(0, membank_channel_send(self->channel, "x", 1,
					  MEMBANK_CHANNEL_MORE, 0));
	ASSERT_EQ(0,
		  membank_dataspace_revoke(self->dev, self->notifiers[MEMORY]));
	EXPECT_EQ(SIGBUS, signal_of_peek(self));
	membank_channel_free(self->channel);
	self->channel = NULL;
	/* The client may wait for room. */
	ASSERT_EQ(0, close(self->notifiers[TO_CLIENT]));
	ASSERT_EQ(0, close(self->notifiers[TO_SERVER]));
	ASSERT_EQ(0, close(self->service));
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(channel, a_writer_who_waits_learns_that_the_reader_is_killed)
{
	struct membank_channel *channel;
	unsigned int number = 0;
	pid_t child;
	int ret;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		channel = client_open();
		if (membank_channel_peek(channel, TEST_PATIENCE, &self->data,
					 &self->length))
			_exit(105);
		raise(SIGKILL);
	}
	while (!(ret = send_number(self->channel, number, 0)))
		number++;
	EXPECT_EQ(-EPIPE, ret);
	EXPECT_LT(RING / LENGTH_MAX, number);
	EXPECT_EQ(-SIGKILL, test_wait_child(child));
}

TEST_F(channel, a_notifier_without_the_right_wakes_nobody)
{
	struct membank_channel_options options = self->options;
	struct membank_channel *other;

	ASSERT_EQ(0, membank_notifier_derive(self->notifiers[TO_CLIENT],
					     MEMBANK_NOTIFIER_RECEIVE,
					     &options.hangup));
	options.trigger = options.hangup;
	ASSERT_EQ(0, membank_notifier_listen(options.hangup, &options.eventfd));
	ASSERT_EQ(0,
		  membank_channel_open(self->memory, LENGTH, &options, &other));
	ASSERT_EQ(0, membank_channel_arm_receive(self->channel));
	EXPECT_EQ(-EACCES, membank_channel_send(other, "x", 1, 0, 0));
	EXPECT_EQ(0, membank_channel_peek(self->channel, 0, &self->data,
					  &self->length));
	EXPECT_EQ(1, self->length);
}

/* As the manual has it. */
TEST_F(channel, an_event_loop_gets_all_messages_and_the_end)
{
	struct epoll_event event = { .events = EPOLLIN };
	unsigned int received = 0, i;
	int epoll, ret;
	pid_t child;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD,
			       membank_channel_eventfd(self->channel), &event));
	event.events = 0;
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->notifiers[TO_SERVER],
			       &event));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct membank_channel *channel = client_open();

		for (i = 0; i < MESSAGES; i++)
			if (send_number(channel, i, 0))
				_exit(106);
		_exit(0);
	}
	for (;;) {
		ret = membank_channel_peek(self->channel, 0, &self->data,
					   &self->length);
		if (!ret) {
			ret = !is_message(self->data, self->length, received++);
			ASSERT_EQ(0, ret);
			ASSERT_EQ(0, membank_channel_release(self->channel, 0));
			continue;
		}
		ASSERT_EQ(-EAGAIN, ret);
		ret = membank_channel_arm_receive(self->channel);
		if (ret == -EALREADY)
			continue;
		if (ret)
			break;
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, TEST_PATIENCE));
	}
	EXPECT_EQ(-EPIPE, ret);
	EXPECT_EQ(MESSAGES, received);
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_HARNESS_MAIN
