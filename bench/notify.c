// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify: how long a notification takes there and back between two processes, by
 * membank's ways and by those that every Linux has.
 *
 * usage: notify [ROUNDS [TRIPS]]   41 rounds of 200 round trips by default
 *
 * A round measures each way once, so that what changes meanwhile meets all of them.
 * The median is that of the rounds' means; p99 is of single round trips, each timed
 * for itself, in as many more of them.
 */
#define _GNU_SOURCE
#include <membank.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP 3
#define MAX_ROUNDS 1000
#define MAX_TRIPS 10000

/**
 * struct way - one way to ring the other side
 * @name: of it
 * @open: makes what both sides use, before the fork
 * @ask: one round trip, in the process that measures
 * @answer: one round trip of the other process; it begins by waiting
 * @ring: what @open made, for both directions: there and back
 * @words: of memory that both share, for a futex
 * @pid: the other process
 * @means: of each round, in ns
 * @trips: single ones, in ns
 */
struct way {
	const char *name;
	void (*open)(struct way *way);
	void (*ask)(const struct way *way);
	void (*answer)(const struct way *way);
	int ring[4];
	uint32_t *words;
	pid_t pid;
	double means[MAX_ROUNDS];
	double *trips;
};

static int dev;

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "notify: cannot %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void need_ok(int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "notify: cannot %s: %s\n", what,
		membank_explain(MEMBANK_NOTIFY, ret));
	exit(EXIT_FAILURE);
}

/* ------------------------------------------------------------- the ways */

/* Each side has descriptors that can do what it needs, and nothing else. */
static void notifier_pair(int *trigger, int *receive)
{
	int both;

	need_ok(membank_notifier_create(dev, &both), "make a notifier");
	need_ok(membank_notifier_derive(both, MEMBANK_NOTIFIER_TRIGGER,
					trigger),
		"derive a notifier");
	need_ok(membank_notifier_derive(both, MEMBANK_NOTIFIER_RECEIVE,
					receive),
		"derive a notifier");
	close(both);
}

static void open_notifiers(struct way *way)
{
	notifier_pair(&way->ring[0], &way->ring[1]);
	notifier_pair(&way->ring[2], &way->ring[3]);
}

static void call_ask(const struct way *way)
{
	need_ok(membank_notifier_call(way->ring[0], way->ring[3], -1, NULL),
		"call");
}

/* Its first turn only waits, and each later one replies and waits. */
static void call_answer(const struct way *way)
{
	static int again;

	if (again++)
		need_ok(membank_notifier_call(way->ring[2], way->ring[1], -1,
					      NULL),
			"call");
	else
		need_ok(membank_notifier_receive(way->ring[1], -1, NULL),
			"receive");
}

static void bytes_ask(const struct way *way)
{
	uint64_t one = 1;

	need(write(way->ring[0], &one, sizeof(one)) == sizeof(one), "write");
	need(read(way->ring[3], &one, sizeof(one)) == sizeof(one), "read");
}

static void bytes_answer(const struct way *way)
{
	uint64_t one;

	need(read(way->ring[1], &one, sizeof(one)) == sizeof(one), "read");
	one = 1;
	need(write(way->ring[2], &one, sizeof(one)) == sizeof(one), "write");
}

static void open_bound(struct way *way)
{
	int i, event;

	open_notifiers(way);
	for (i = 1; i < 4; i += 2) {
		event = eventfd(0, EFD_CLOEXEC);
		need(event >= 0, "make an eventfd");
		need_ok(membank_notifier_bind(way->ring[i], event), "bind");
		way->ring[i] = event;
	}
}

static void trigger_ask(const struct way *way)
{
	uint64_t count;

	need_ok(membank_notifier_trigger(way->ring[0]), "trigger");
	need(read(way->ring[3], &count, sizeof(count)) == sizeof(count),
	     "read");
}

static void trigger_answer(const struct way *way)
{
	uint64_t count;

	need(read(way->ring[1], &count, sizeof(count)) == sizeof(count),
	     "read");
	need_ok(membank_notifier_trigger(way->ring[2]), "trigger");
}

static void open_eventfds(struct way *way)
{
	int i;

	for (i = 0; i < 4; i += 2) {
		way->ring[i] = eventfd(0, EFD_CLOEXEC);
		need(way->ring[i] >= 0, "make an eventfd");
		way->ring[i + 1] = way->ring[i];
	}
}

static void open_pipes(struct way *way)
{
	int i, ends[2];

	for (i = 0; i < 4; i += 2) {
		need(!pipe2(ends, O_CLOEXEC), "make a pipe");
		way->ring[i] = ends[1];
		way->ring[i + 1] = ends[0];
	}
}

static void open_sockets(struct way *way)
{
	int ends[2];

	need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
	     "make a pair of sockets");
	way->ring[0] = ends[0];
	way->ring[3] = ends[0];
	way->ring[1] = ends[1];
	way->ring[2] = ends[1];
}

static void open_words(struct way *way)
{
	way->words = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(way->words != MAP_FAILED, "map a page");
}

static void word_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	need(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0,
	     "wake");
}

static void word_wait(uint32_t *word, uint32_t value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		need(!syscall(SYS_futex, word, FUTEX_WAIT, !value, NULL, NULL,
			      0) ||
			     errno == EAGAIN || errno == EINTR,
		     "wait");
}

static void word_ask(const struct way *way)
{
	word_set(way->words, 1);
	word_wait(way->words, 0);
}

static void word_answer(const struct way *way)
{
	word_wait(way->words, 1);
	word_set(way->words, 0);
}

static struct way ways[] = {
	{ .name = "eventfd pair",
	  .open = open_eventfds,
	  .ask = bytes_ask,
	  .answer = bytes_answer },
	{ .name = "membank call",
	  .open = open_notifiers,
	  .ask = call_ask,
	  .answer = call_answer },
	{ .name = "membank write + read",
	  .open = open_notifiers,
	  .ask = bytes_ask,
	  .answer = bytes_answer },
	{ .name = "membank trigger + eventfd",
	  .open = open_bound,
	  .ask = trigger_ask,
	  .answer = trigger_answer },
	{ .name = "pipe",
	  .open = open_pipes,
	  .ask = bytes_ask,
	  .answer = bytes_answer },
	{ .name = "futex",
	  .open = open_words,
	  .ask = word_ask,
	  .answer = word_answer },
	{ .name = "Unix socket",
	  .open = open_sockets,
	  .ask = bytes_ask,
	  .answer = bytes_answer },
};

#define ARRAY_SIZE(_array) (sizeof(_array) / sizeof((_array)[0]))
#define NR_WAYS ARRAY_SIZE(ways)

/* -------------------------------------------------------- measurement */

static void use_processor(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	need(!sched_setaffinity(0, sizeof(set), &set), "bind to a processor");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void start(struct way *way, int cpu)
{
	way->open(way);
	way->pid = fork();
	need(way->pid >= 0, "fork");
	if (way->pid)
		return;
	need(!prctl(PR_SET_PDEATHSIG, SIGKILL), "end with the parent");
	use_processor(cpu);
	for (;;)
		way->answer(way);
}

static void stop(struct way *way)
{
	kill(way->pid, SIGKILL);
	need(waitpid(way->pid, NULL, 0) == way->pid, "wait for a process");
	if (way->words)
		munmap(way->words, 4096);
	else
		close_range(dev + 1, ~0U, 0);
	way->words = NULL;
}

static void measure(struct way *way, int round, int trips)
{
	double begin = now(), trip;
	int i;

	for (i = 0; i < trips; i++)
		way->ask(way);
	if (round >= 0)
		way->means[round] = (now() - begin) / trips;
	for (i = 0; i < trips; i++) {
		trip = now();
		way->ask(way);
		if (round >= 0)
			way->trips[round * trips + i] = now() - trip;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted(double *values, size_t count, double part)
{
	qsort(values, count, sizeof(*values), compare);
	return values[(size_t)((count - 1) * part)];
}

static void run(const char *where, int other_cpu, int rounds, int trips)
{
	double median, base = 0;
	int round;
	size_t i;

	for (i = 0; i < NR_WAYS; i++)
		start(&ways[i], other_cpu);
	for (round = -WARM_UP; round < rounds; round++)
		for (i = 0; i < NR_WAYS; i++)
			measure(&ways[i], round, trips);
	for (i = 0; i < NR_WAYS; i++)
		stop(&ways[i]);

	printf("%s\n%-28s%12s%12s%8s\n", where, "there and back, ns", "median",
	       "p99", "ratio");
	for (i = 0; i < NR_WAYS; i++) {
		median = sorted(ways[i].means, rounds, 0.5);
		if (!i)
			base = median;
		printf("%-28s%12.0f%12.0f%8.2f\n", ways[i].name, median,
		       sorted(ways[i].trips, (size_t)rounds * trips, 0.99),
		       median / base);
	}
}

static int number(const char *text, int most)
{
	int value = atoi(text);

	if (value < 1 || value > most) {
		fprintf(stderr,
			"notify: '%s' is nothing from 1 to %d: notify [ROUNDS [TRIPS]]\n",
			text, most);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? number(argv[1], MAX_ROUNDS) : 41;
	int trips = argc > 2 ? number(argv[2], MAX_TRIPS) : 200;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	need_ok(membank_open(NULL, &dev), "open /dev/membank");
	for (i = 0; i < NR_WAYS; i++) {
		ways[i].trips = calloc((size_t)rounds * trips, sizeof(double));
		need(!!ways[i].trips, "get memory");
	}

	use_processor(0);
	run("both processes on one processor", 0, rounds, trips);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		run("on two processors", 1, rounds, trips);
	return EXIT_SUCCESS;
}
