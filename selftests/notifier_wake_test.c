// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers: whom a trigger and a close wake, and how, as seen by probes in the
 * kernel. Each case is skipped where the kernel has none.
 */
#include <ctype.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"

#define TRACING "/sys/kernel/tracing"
#define INSTANCE TRACING "/instances/membank_wake"
#define SPIN "/sys/module/membank/parameters/call_spin_ns"

#define EVER MEMBANK_WAIT_FOREVER
#define ROUNDS 50

/* Descriptors of one notifier. */
#define MANY 500

static bool write_file(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	ssize_t length = strlen(text);
	bool done = fd >= 0 && write(fd, text, length) == length;

	if (fd >= 0)
		close(fd);
	return done;
}

FIXTURE(wake)
{
	int dev;
	char spin[32];
};

static bool is_ready(void)
{
	return write_file(TRACING "/kprobe_events", O_APPEND,
			  "p:membank_test/plain __wake_up\n") &&
	       write_file(TRACING "/kprobe_events", O_APPEND,
			  "p:membank_test/sync __wake_up_sync_key\n") &&
	       !mkdir(INSTANCE, 0700);
}

/* What a case before may have left. */
static void clean_up(void)
{
	rmdir(INSTANCE);
	write_file(TRACING "/kprobe_events", O_APPEND,
		   "-:membank_test/plain\n");
	write_file(TRACING "/kprobe_events", O_APPEND, "-:membank_test/sync\n");
}

/* Calls sleep at once. */
static void keep_spin(char *old, size_t size)
{
	FILE *file = fopen(SPIN, "re");

	if (!file || !fgets(old, size, file))
		old[0] = 0;
	if (file)
		fclose(file);
	write_file(SPIN, 0, "0");
}

FIXTURE_SETUP(wake)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	clean_up();
	if (!is_ready()) {
		clean_up();
		SKIP(return, "this kernel has no probes");
	}
	keep_spin(self->spin, sizeof(self->spin));
}

FIXTURE_TEARDOWN(wake)
{
	clean_up();
	write_file(SPIN, 0, self->spin);
}

/* Counts from now on what this thread does. */
static bool begin(void)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "common_pid == %d", gettid());
	return write_file(INSTANCE "/events/membank_test/filter", 0, filter) &&
	       write_file(INSTANCE "/trace", O_TRUNC, "\n") &&
	       write_file(INSTANCE "/events/membank_test/enable", 0, "1");
}

struct wakes {
	unsigned int plain;
	unsigned int sync;
};

static struct wakes end(void)
{
	struct wakes wakes = {};
	char line[512];
	FILE *file;

	write_file(INSTANCE "/events/membank_test/enable", 0, "0");
	file = fopen(INSTANCE "/trace", "re");
	while (file && fgets(line, sizeof(line), file)) {
		wakes.plain += !!strstr(line, ": plain:");
		wakes.sync += !!strstr(line, ": sync:");
	}
	if (file)
		fclose(file);
	return wakes;
}

struct pair {
	pthread_t thread;
	pid_t tid;
	int requests;
	int reply;
	bool calls;
};

/* Answers each request, by calls or by writes, until the other side is gone. */
static void *answer(void *arg)
{
	struct pair *pair = arg;
	struct membank_notifier_call args = { .size = sizeof(args),
					      .flags = MEMBANK_CALL_TRIGGERED,
					      .timeout_ns = EVER,
					      .wait_fd = pair->requests };

	__atomic_store_n(&pair->tid, gettid(), __ATOMIC_RELEASE);
	while (!test_ioctl(pair->reply, MEMBANK_IOC_NOTIFIER_CALL, &args)) {
		if (pair->calls)
			continue;
		notifier_trigger(pair->reply);
		args.flags = MEMBANK_CALL_TRIGGERED;
	}
	return NULL;
}

/* Both sides of it, and a thread that waits at the one and answers at the other. */
static bool answerer_waits(int dev, struct pair *pair, int *request,
			   int *replies)
{
	int there = notifier_create(dev), back = notifier_create(dev);

	*request = notifier_derive(there, TRIGGER);
	pair->requests = notifier_derive(there, RECEIVE);
	pair->reply = notifier_derive(back, TRIGGER);
	*replies = notifier_derive(back, RECEIVE);
	if (*request < 0 || *replies < 0 || close(there) || close(back))
		return false;
	pair->tid = 0;
	if (pthread_create(&pair->thread, NULL, answer, pair))
		return false;
	while (!__atomic_load_n(&pair->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_state(pair->tid, 'S');
}

TEST_F(wake, a_call_hands_over_the_processor)
{
	struct pair pair = { .calls = true };
	int request, replies, i;
	struct wakes wakes;
	__s64 count;

	ASSERT_TRUE(answerer_waits(self->dev, &pair, &request, &replies));
	ASSERT_TRUE(begin());
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(1, notifier_call(request, replies, EVER));
		ASSERT_TRUE(wait_state(pair.tid, 'S'));
	}
	wakes = end();
	EXPECT_EQ(ROUNDS, wakes.sync);

	/* Who does not wait goes on itself. */
	ASSERT_TRUE(begin());
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, notifier_trigger(request));
		ASSERT_TRUE(wait_state(pair.tid, 'S'));
		EXPECT_EQ(1, notifier_read(replies));
		/* The other processor may have answered by then. */
		count = notifier_call(request, replies, 0);
		ASSERT_TRUE(count == 1 || count == -ETIMEDOUT);
		ASSERT_TRUE(wait_state(pair.tid, 'S'));
		EXPECT_EQ(1, count == 1 ? count : notifier_read(replies));
	}
	wakes = end();
	EXPECT_EQ(0, wakes.sync);
	EXPECT_LE(2 * ROUNDS, wakes.plain);
	close(request);
	pthread_join(pair.thread, NULL);
}

TEST_F(wake, a_close_wakes_nobody_whose_other_side_is_still_there)
{
	int both = notifier_create(self->dev), fds[MANY], i;
	struct wakes wakes;

	ASSERT_LE(0, both);
	for (i = 0; i < MANY; i++) {
		fds[i] = notifier_derive(both, i % 2 ? TRIGGER : RECEIVE);
		ASSERT_LE(0, fds[i]);
	}
	ASSERT_TRUE(begin());
	for (i = 2; i < MANY; i++)
		close(fds[i]);
	wakes = end();
	/* The C library and the kernel may wake somebody, but not for each. */
	EXPECT_GT(MANY / 2, wakes.plain);

	ASSERT_TRUE(begin());
	close(fds[0]);
	close(both);
	wakes = end();
	EXPECT_LE(1, wakes.plain);
	EXPECT_EQ(POLLHUP, revents(fds[1], 0));
}

TEST_HARNESS_MAIN
