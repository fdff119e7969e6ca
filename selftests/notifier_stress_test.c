// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers under random load: threads trigger, bind, unbind, read, call, derive
 * and close, all on one notifier. Some receivers are left alone by that; each of
 * them must have counted just what was triggered.
 *
 * MEMBANK_SEED in the environment chooses the load, MEMBANK_STEPS its length.
 */
#include <pthread.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"

#define STEPS 3000

/* Who makes the load, and what each holds at the same time. */
#define THREADS 4
#define HANDLES 6

/* What all threads work on, and what they have done. */
struct load {
	int fd;
	unsigned int steps;
	unsigned int stop;
};

struct worker {
	pthread_t thread;
	struct load *load;
	unsigned int seed;
	__u64 triggers;
	const char *wrong;
	int handles[HANDLES];
	int event;
};

/* Of a call or a read beside which somebody else may do anything. */
static bool may_be(__s64 ret)
{
	return ret > 0 || ret == -EAGAIN || ret == -EBUSY ||
	       ret == -ECANCELED || ret == -ETIMEDOUT || ret == -EPIPE;
}

static void step(struct worker *worker)
{
	unsigned int dice = rand_r(&worker->seed) >> 8;
	int *handle = &worker->handles[dice % HANDLES];
	const int fd = worker->load->fd;
	__s64 ret;

	dice /= HANDLES;
	if (*handle < 0) {
		*handle = notifier_derive(fd, dice % 2 ? BOTH : RECEIVE);
		if (*handle < 0 || notifier_nonblock(*handle))
			worker->wrong = "derive";
		return;
	}
	switch (dice % 10) {
	case 0:
		if (close(*handle))
			worker->wrong = "close";
		*handle = -1;
		break;
	case 1:
		if (notifier_bind(*handle, worker->event))
			worker->wrong = "bind";
		break;
	case 2:
		if (notifier_bind_oneshot(*handle, worker->event))
			worker->wrong = "bind with ONESHOT";
		break;
	case 3:
		if (notifier_bind(*handle, -1))
			worker->wrong = "unbind";
		break;
	case 4:
		ret = notifier_unmask(*handle);
		if (ret && ret != -EINVAL)
			worker->wrong = "unmask";
		break;
	case 5:
		ret = notifier_read(*handle);
		if (!may_be(ret))
			worker->wrong = "read";
		break;
	case 6:
		/* It triggers unless the handle has bound an eventfd. */
		ret = notifier_call(fd, *handle, dice % 3 * 1000);
		worker->triggers += ret != -EBUSY;
		if (!may_be(ret))
			worker->wrong = "call";
		break;
	default:
		if (dice % 2 ? notifier_write(fd) : notifier_trigger(fd))
			worker->wrong = "trigger";
		worker->triggers++;
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	unsigned int i;

	for (i = 0; i < HANDLES; i++)
		worker->handles[i] = -1;
	for (i = 0; i < worker->load->steps && !worker->wrong; i++)
		step(worker);
	for (i = 0; i < HANDLES; i++)
		if (worker->handles[i] >= 0)
			close(worker->handles[i]);
	return NULL;
}

/* Counts what a descriptor of its own receives, until it is told to stop. */
struct counter {
	pthread_t thread;
	struct load *load;
	int fd;
	__u64 total;
};

static void *count_read(void *arg)
{
	struct counter *counter = arg;
	bool stop;
	__s64 count;

	/* What comes between a read and a look at @stop is there for the next. */
	do {
		stop = __atomic_load_n(&counter->load->stop, __ATOMIC_ACQUIRE);
		count = notifier_read(counter->fd);
		if (count > 0)
			counter->total += count;
	} while (count > 0 || !stop);
	return NULL;
}

/* Two eventfds take turns. */
static void *count_in_turns(void *arg)
{
	int events[2] = { event_create(), event_create() };
	struct counter *counter = arg;
	int i = 0;

	while (!__atomic_load_n(&counter->load->stop, __ATOMIC_ACQUIRE)) {
		i = !i;
		if (notifier_bind(counter->fd, events[i]))
			break;
		counter->total += event_count(events[!i]);
	}
	counter->total += event_count(events[0]) + event_count(events[1]);
	close(events[0]);
	close(events[1]);
	return NULL;
}

TEST(what_is_left_alone_counts_every_trigger)
{
	unsigned int seed = number_from("MEMBANK_SEED", time(NULL));
	struct load load = { .steps = number_from("MEMBANK_STEPS", STEPS) };
	struct counter read_counter = { .load = &load };
	struct counter turns = { .load = &load };
	struct worker workers[THREADS] = {};
	int dev = test_open(TEST_ANY), event = event_create();
	int first = event_create(), bound;
	unsigned int files, t;
	__u64 triggers = 0;

	TH_LOG("MEMBANK_SEED=%u MEMBANK_STEPS=%u", seed, load.steps);
	ASSERT_LE(0, dev);
	ASSERT_LE(0, event);
	ASSERT_LE(0, first);
	load.fd = notifier_create(dev);
	ASSERT_LE(0, load.fd);
	bound = notifier_derive(load.fd, RECEIVE);
	read_counter.fd = notifier_derive(load.fd, RECEIVE);
	turns.fd = notifier_derive(load.fd, RECEIVE);
	ASSERT_LE(0, bound);
	ASSERT_LE(0, read_counter.fd);
	ASSERT_LE(0, turns.fd);
	files = test_open_files();

	/* Each of the three is bound before the first trigger. */
	ASSERT_EQ(0, notifier_bind(bound, event));
	ASSERT_EQ(0, notifier_nonblock(read_counter.fd));
	ASSERT_EQ(-EAGAIN, notifier_read(read_counter.fd));
	ASSERT_EQ(0, notifier_bind(turns.fd, first));

	ASSERT_EQ(0, pthread_create(&read_counter.thread, NULL, count_read,
				    &read_counter));
	ASSERT_EQ(0,
		  pthread_create(&turns.thread, NULL, count_in_turns, &turns));
	for (t = 0; t < THREADS; t++) {
		workers[t].load = &load;
		workers[t].seed = seed + t;
		workers[t].event = event_create();
		ASSERT_LE(0, workers[t].event);
		ASSERT_EQ(0, pthread_create(&workers[t].thread, NULL, work,
					    &workers[t]));
	}
	for (t = 0; t < THREADS; t++) {
		ASSERT_EQ(0, pthread_join(workers[t].thread, NULL));
		EXPECT_EQ(NULL, workers[t].wrong)
		TH_LOG("wrong: %s", workers[t].wrong);
		triggers += workers[t].triggers;
		close(workers[t].event);
	}
	__atomic_store_n(&load.stop, 1, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(read_counter.thread, NULL));
	ASSERT_EQ(0, pthread_join(turns.thread, NULL));

	EXPECT_LT(0, triggers);
	EXPECT_EQ(triggers, event_count(event));
	EXPECT_EQ(triggers, read_counter.total);
	/* What came before the turns began is in the first. */
	EXPECT_EQ(triggers, turns.total + event_count(first));
	EXPECT_EQ(files, test_open_files());
}

TEST_HARNESS_MAIN
