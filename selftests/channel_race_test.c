// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's channels without a kernel module, with two threads at each end:
 * every message comes, whole and in order, and no wake-up is lost. Nobody waits
 * for less than an end that takes for ever, so what is lost ends the test.
 */
#include "kselftest_harness.h"

#include <sched.h>
#include <sys/epoll.h>
#include <time.h>

#include "channel_host.h"

#define MESSAGES 4000U
#define LENGTH_MAX 900U

/* A word in the memory, as lib/channel.c and lib/ring.h have it: of ring 0. */
#define READER_WISH (128U + 128U + 64U)

/**
 * struct worker - one thread
 * @channel: the end it works with
 * @random: where its random numbers are
 * @loops: wait for the eventfd as an event loop does
 * @epoll: wait with this one, for changes alone; 0: with poll()
 * @wrong: what went wrong, or NULL
 * @error: what was returned then
 */
struct worker {
	struct membank_channel *channel;
	uint64_t random;
	bool loops;
	int epoll;
	const char *wrong;
	int error;
};

static void *fail(struct worker *worker, const char *wrong, int error)
{
	worker->wrong = wrong;
	worker->error = error;
	return NULL;
}

/* Long enough for the other side to sleep, sometimes. */
static void pause_sometimes(struct worker *worker)
{
	struct timespec time = { .tv_nsec = draw(&worker->random, 100000) };

	if (!draw(&worker->random, 40))
		nanosleep(&time, NULL);
}

/* As an event loop does: 0 when it is to be tried again. */
static int loop_wait(struct worker *worker, int armed)
{
	struct pollfd pollfd = {
		.fd = membank_channel_eventfd(worker->channel),
		.events = POLLIN,
	};
	struct epoll_event event;

	if (armed == -EALREADY)
		return 0;
	if (armed)
		return armed;
	if (worker->epoll)
		return epoll_wait(worker->epoll, &event, 1, PATIENCE) == 1 ?
			       0 :
			       -ETIMEDOUT;
	return poll(&pollfd, 1, PATIENCE) == 1 ? 0 : -ETIMEDOUT;
}

static int watch_edges(struct worker *worker)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD,
			 membank_channel_eventfd(worker->channel), &event);
}

static int reserve(struct worker *worker, size_t length, void **room)
{
	int ret;

	if (!worker->loops)
		return membank_channel_reserve(worker->channel, length,
					       PATIENCE, room);
	for (;;) {
		ret = membank_channel_reserve(worker->channel, length, 0, room);
		if (ret != -EAGAIN)
			return ret;
		ret = membank_channel_arm_send(worker->channel, length);
		ret = loop_wait(worker, ret);
		if (ret)
			return ret;
	}
}

static int peek(struct worker *worker, const void **data, size_t *length)
{
	int ret;

	if (!worker->loops)
		return membank_channel_peek(worker->channel, PATIENCE, data,
					    length);
	for (;;) {
		ret = membank_channel_peek(worker->channel, 0, data, length);
		if (ret != -EAGAIN)
			return ret;
		ret = membank_channel_arm_receive(worker->channel);
		ret = loop_wait(worker, ret);
		if (ret)
			return ret;
	}
}

static void *send_all(void *arg)
{
	struct worker *worker = arg;
	unsigned int i, flags;
	size_t length;
	void *room;
	int ret;

	for (i = 0; i < MESSAGES; i++) {
		length = draw(&worker->random, LENGTH_MAX + 1);
		ret = reserve(worker, length, &room);
		if (ret)
			return fail(worker, "reserve", ret);
		memset(room, i, length);
		flags = draw(&worker->random, 3) ? 0 : MEMBANK_CHANNEL_MORE;
		/* More has to follow, and does not while we sleep. */
		if (i == MESSAGES - 1)
			flags = 0;
		ret = membank_channel_commit(worker->channel, length, flags);
		if (ret)
			return fail(worker, "commit", ret);
		pause_sometimes(worker);
	}
	return NULL;
}

static bool is_all(const unsigned char *data, unsigned char byte, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (data[i] != byte)
			return false;
	return true;
}

static void *receive_all(void *arg)
{
	struct worker *worker = arg;
	unsigned int i, flags;
	const void *data;
	size_t length;
	int ret;

	for (i = 0; i < MESSAGES; i++) {
		ret = peek(worker, &data, &length);
		if (ret)
			return fail(worker, "peek", ret);
		if (length > LENGTH_MAX || !is_all(data, i, length))
			return fail(worker, "what came is not what was sent",
				    i);
		flags = draw(&worker->random, 3) ? 0 : MEMBANK_CHANNEL_MORE;
		ret = membank_channel_release(worker->channel, flags);
		if (ret)
			return fail(worker, "release", ret);
		pause_sometimes(worker);
	}
	/* What was released with MORE is told by looking in vain. */
	ret = membank_channel_peek(worker->channel, 0, &data, &length);
	return ret == -EAGAIN ? NULL : fail(worker, "the last peek", ret);
}

FIXTURE(race)
{
	struct pair pair;
	uint64_t seed;
};

FIXTURE_VARIANT(race)
{
	uint32_t flags;
	/* Which of the workers are event loops, and watch for changes alone. */
	unsigned int loops;
	unsigned int edges;
	/* Of four. */
	unsigned int workers;
	uint32_t ring;
};

/* It would take these braces for those of a function. */
/* clang-format off */
FIXTURE_VARIANT_ADD(race, one_direction) { .workers = 2, .ring = 2048 };

FIXTURE_VARIANT_ADD(race, one_direction_without_spinning) {
	.flags = MEMBANK_CHANNEL_NO_SPIN,
	.workers = 2,
	.ring = 2048,
};

FIXTURE_VARIANT_ADD(race, both_directions) { .workers = 4, .ring = 4096 };

FIXTURE_VARIANT_ADD(race, both_directions_without_spinning) {
	.flags = MEMBANK_CHANNEL_NO_SPIN,
	.workers = 4,
	.ring = 2048,
};

FIXTURE_VARIANT_ADD(race, event_loops) {
	.loops = 0xf,
	.workers = 4,
	.ring = 2048,
};

FIXTURE_VARIANT_ADD(race, some_event_loops) {
	.flags = MEMBANK_CHANNEL_NO_SPIN,
	.loops = 0x6,
	.workers = 4,
	.ring = 2048,
};

FIXTURE_VARIANT_ADD(race, event_loops_for_edges) {
	.loops = 0xf,
	.edges = 0xf,
	.workers = 4,
	.ring = 2048,
};

FIXTURE_VARIANT_ADD(race, some_event_loops_for_edges) {
	.loops = 0x9,
	.edges = 0x9,
	.workers = 4,
	.ring = 4096,
};

/* clang-format on */

FIXTURE_SETUP(race)
{
	self->seed = draw_seed();
	ASSERT_TRUE(pair_prepare(&self->pair));
	ASSERT_TRUE(pair_memory(&self->pair, RINGS + 2 * variant->ring));
	ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, variant->flags));
}

FIXTURE_TEARDOWN(race)
{
	pair_end(&self->pair);
}

TEST_F_TIMEOUT(race, no_message_and_no_wake_up_is_lost, 200)
{
	/* Sender and receiver of the one ring, and those of the other. */
	void *(*jobs[])(void *) = { send_all, receive_all, send_all,
				    receive_all };
	static const int ends[] = { 0, 1, 1, 0 };
	struct worker workers[4] = { 0 };
	pthread_t threads[4];
	unsigned int i;

	ksft_print_msg("MEMBANK_SEED=%#llx\n", (unsigned long long)self->seed);
	for (i = 0; i < variant->workers; i++) {
		workers[i].channel = self->pair.ends[ends[i]];
		workers[i].random = self->seed + i + 1;
		workers[i].loops = variant->loops >> i & 1;
		if (variant->edges >> i & 1)
			ASSERT_EQ(0, watch_edges(&workers[i]));
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, jobs[i],
					    &workers[i]));
	}
	for (i = 0; i < variant->workers; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	for (i = 0; i < variant->workers; i++)
		if (workers[i].epoll)
			close(workers[i].epoll);
	for (i = 0; i < variant->workers; i++)
		EXPECT_EQ(NULL, workers[i].wrong)
	TH_LOG("worker %u: %s: %d", i, workers[i].wrong, workers[i].error);
}

/* ------------------------------------------------------------------- death */

struct waiter {
	struct membank_channel *channel;
	const void *data;
	size_t length;
	int ret;
};

static void *wait_for_message(void *arg)
{
	struct waiter *waiter = arg;

	waiter->ret = membank_channel_peek(waiter->channel, -1, &waiter->data,
					   &waiter->length);
	return NULL;
}

/* What was committed before it died counts, also if nobody was woken for it. */
TEST(a_message_without_a_notification_comes_before_epipe)
{
	struct waiter waiter = { .ret = 1 };
	struct pair pair;
	pthread_t thread;
	uint32_t *wish;

	ASSERT_TRUE(pair_prepare(&pair));
	ASSERT_TRUE(pair_memory(&pair, RINGS + 2048));
	ASSERT_EQ(0, pair_connect(&pair, 0, 0, MEMBANK_CHANNEL_NO_SPIN));
	waiter.channel = pair.ends[1];
	wish = (uint32_t *)(pair.memory + READER_WISH);
	ASSERT_EQ(UINT32_MAX, *wish);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_message, &waiter));
	while (__atomic_load_n(wish, __ATOMIC_SEQ_CST))
		sched_yield();
	ASSERT_EQ(0, membank_channel_send(pair.ends[0], "x", 1,
					  MEMBANK_CHANNEL_MORE, 0));
	ASSERT_EQ(0, close(pair.lives[1][1]));
	pair.lives[1][1] = -1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, triggers);
	ASSERT_EQ(0, waiter.ret);
	EXPECT_EQ(1, waiter.length);
	EXPECT_EQ(0, membank_channel_release(pair.ends[1], 0));
	EXPECT_EQ(-EPIPE, membank_channel_peek(pair.ends[1], -1, &waiter.data,
					       &waiter.length));
	pair_end(&pair);
}

TEST_HARNESS_MAIN
