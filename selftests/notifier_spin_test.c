// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that look for their answer before they sleep: everything is as without,
 * for each length of that.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"

#define SPIN "/sys/module/membank/parameters/call_spin_ns"

#define EVER MEMBANK_WAIT_FOREVER
#define MS 1000000ULL

#define ROUNDS 1000

/* Short calls, after which the next one looks as long as it may. */
#define LESSONS 50

static bool set_spin(const char *ns)
{
	int fd = open(SPIN, O_WRONLY | O_CLOEXEC);
	ssize_t length = strlen(ns);
	bool done = fd >= 0 && write(fd, ns, length) == length;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool get_spin(char *ns, size_t size)
{
	int fd = open(SPIN, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, ns, size - 1);

	if (fd >= 0)
		close(fd);
	ns[length > 0 ? length : 0] = 0;
	return length > 0;
}

/* Requests go one way and replies the other. */
FIXTURE(spin)
{
	int dev;
	int request;
	int requests;
	int reply;
	int replies;
	char before[32];
};

FIXTURE_VARIANT(spin)
{
	__u32 ns;
};

/* In very_long whatever comes meanwhile comes while it looks. */
/* clang-format off */
FIXTURE_VARIANT_ADD(spin, none) { .ns = 0 };
FIXTURE_VARIANT_ADD(spin, default) { .ns = 200000 };
FIXTURE_VARIANT_ADD(spin, very_long) { .ns = 4000000000 };
/* clang-format on */

static bool open_pair(int dev, int *trigger, int *receive)
{
	int both = notifier_create(dev);

	*trigger = notifier_derive(both, TRIGGER);
	*receive = notifier_derive(both, RECEIVE);
	return both >= 0 && *trigger >= 0 && *receive >= 0 && !close(both);
}

FIXTURE_SETUP(spin)
{
	char ns[32];

	snprintf(ns, sizeof(ns), "%u", variant->ns);
	ASSERT_TRUE(get_spin(self->before, sizeof(self->before)));
	ASSERT_TRUE(set_spin(ns));
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(open_pair(self->dev, &self->request, &self->requests));
	ASSERT_TRUE(open_pair(self->dev, &self->reply, &self->replies));
}

FIXTURE_TEARDOWN(spin)
{
	set_spin(self->before);
}

struct answerer {
	pthread_t thread;
	int reply;
	int requests;
	__u64 *mem;
	__u64 rounds;
};

/* Answers each number in *@mem by the next one. */
static void *answer(void *arg)
{
	struct answerer *answerer = arg;
	struct membank_notifier_call args = {
		.size = sizeof(args),
		.flags = MEMBANK_CALL_TRIGGERED,
		.timeout_ns = EVER,
		.wait_fd = answerer->requests,
	};
	__u64 i;

	for (i = 0; i < answerer->rounds; i++) {
		if (test_ioctl(answerer->reply, MEMBANK_IOC_NOTIFIER_CALL,
			       &args) ||
		    args.out_count != 1)
			return "the request";
		*answerer->mem += 1;
	}
	return notifier_trigger(answerer->reply) ? "the last reply" : NULL;
}

static const char *ask(int request, int replies, __u64 *mem, __u64 rounds)
{
	__u64 i;

	for (i = 0; i < rounds; i++) {
		*mem = 2 * i;
		if (notifier_call(request, replies, EVER) != 1)
			return "the reply";
		if (*mem != 2 * i + 1)
			return "what was written before the reply";
	}
	return NULL;
}

/* Returns what was wrong, or NULL. */
static const char *converse(FIXTURE_DATA(spin) * self, __u64 rounds)
{
	__u64 mem = 0;
	struct answerer answerer = { .reply = self->reply,
				     .requests = self->requests,
				     .mem = &mem,
				     .rounds = rounds };
	const char *wrong;
	void *result;

	if (pthread_create(&answerer.thread, NULL, answer, &answerer))
		return "pthread_create()";
	wrong = ask(self->request, self->replies, &mem, rounds);
	if (wrong)
		return wrong;
	return pthread_join(answerer.thread, &result) ? "pthread_join()" :
							result;
}

#define EXPECT_CONVERSATION(_self, _rounds)                    \
	do {                                                   \
		const char *_wrong = converse(_self, _rounds); \
		EXPECT_EQ(NULL, _wrong)                        \
		TH_LOG("%s", _wrong);                          \
	} while (0)

TEST_F_TIMEOUT(spin, each_request_has_one_reply, TEST_SLOW)
{
	EXPECT_CONVERSATION(self, ROUNDS);
	/* Nothing is left over. */
	EXPECT_EQ(-ETIMEDOUT, notifier_call(self->request, self->replies, 0));
}

TEST_F_TIMEOUT(spin, processors_are_shared_with_others, TEST_SLOW)
{
	cpu_set_t all, one;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	EXPECT_CONVERSATION(self, LESSONS);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	/* Both on one: who is to answer cannot run as long as the other looks. */
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	EXPECT_CONVERSATION(self, LESSONS);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(all), &all));
	EXPECT_CONVERSATION(self, LESSONS);
}

TEST_F(spin, no_reply_in_time_is_etimedout)
{
	__s64 began;

	EXPECT_CONVERSATION(self, LESSONS);
	began = clock_ns();
	EXPECT_EQ(-ETIMEDOUT,
		  notifier_call(self->request, self->replies, 20 * MS));
	EXPECT_LE(20 * MS, clock_ns() - began);
	EXPECT_GT(TEST_PATIENCE * MS, clock_ns() - began);
	EXPECT_EQ(-ETIMEDOUT, notifier_call(self->request, self->replies, 0));
}

/* A thread in a call, which looks or sleeps. */
struct caller {
	pthread_t thread;
	struct membank_notifier_call args;
	int fd;
	int result;
	bool begun;
};

static void *call_once(void *arg)
{
	struct caller *caller = arg;

	__atomic_store_n(&caller->begun, true, __ATOMIC_RELEASE);
	if (ioctl(caller->fd, MEMBANK_IOC_NOTIFIER_CALL, &caller->args))
		caller->result = -errno;
	return NULL;
}

static bool caller_begins(struct caller *caller, int fd, int wait_fd)
{
	*caller = (struct caller){
		.fd = fd,
		.args = { .size = sizeof(caller->args),
			  .timeout_ns = EVER,
			  .wait_fd = wait_fd },
	};
	if (pthread_create(&caller->thread, NULL, call_once, caller))
		return false;
	while (!__atomic_load_n(&caller->begun, __ATOMIC_ACQUIRE))
		sched_yield();
	/* By far most often it is in the call then; right it is in any case. */
	sleep_ms(20);
	return true;
}

static int caller_result(struct caller *caller)
{
	return pthread_join(caller->thread, NULL) ? -EPROTO : caller->result;
}

static void on_signal(int signal __maybe_unused)
{
}

TEST_F(spin, a_signal_ends_it)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct caller caller;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	EXPECT_CONVERSATION(self, LESSONS);
	ASSERT_TRUE(caller_begins(&caller, self->request, self->replies));
	do {
		pthread_kill(caller.thread, SIGUSR1);
		sleep_ms(1);
	} while (!__atomic_load_n(&caller.result, __ATOMIC_RELAXED));
	EXPECT_EQ(-EINTR, caller_result(&caller));
	EXPECT_EQ(MEMBANK_CALL_TRIGGERED, caller.args.flags);
}

TEST_F(spin, the_end_of_the_other_side_ends_it)
{
	struct caller caller;

	EXPECT_CONVERSATION(self, LESSONS);
	ASSERT_TRUE(caller_begins(&caller, self->request, self->replies));
	close(self->reply);
	EXPECT_EQ(-EPIPE, caller_result(&caller));
}

TEST_F(spin, bind_cancels_it)
{
	struct caller caller;
	int event = event_create();

	EXPECT_CONVERSATION(self, LESSONS);
	ASSERT_TRUE(caller_begins(&caller, self->request, self->replies));
	EXPECT_EQ(0, notifier_bind(self->replies, event));
	EXPECT_EQ(-ECANCELED, caller_result(&caller));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(1, event_count(event));
}

TEST_F(spin, who_looks_can_be_killed)
{
	struct caller caller;
	pid_t child;

	EXPECT_CONVERSATION(self, LESSONS);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		caller_begins(&caller, self->request, self->replies);
		_exit(caller_result(&caller) ? 1 : 0);
	}
	close(self->request);
	close(self->replies);
	sleep_ms(100);
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(POLLHUP, revents(self->reply, 0));
}

TEST_HARNESS_MAIN
