// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify: how long a notification takes there and back between two processes, by
 * membank's ways and by those that every Linux has.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In a round. */
#define TRIPS 100

#define PAGE 4096

enum { EVENTFDS, CALL, BYTES, BOUND, PIPES, FUTEX, SOCKETS, WAYS };

/**
 * struct way - one way to ring the other side
 * @open: makes what both sides use, before the fork
 * @ask: one round trip, in the process that measures
 * @answer: one round trip of the other process; it begins by waiting
 * @ring: what @open made, for both directions: there and back
 * @words: of memory that both share, for a futex
 * @pid: the other process
 */
struct way {
	void (*open)(struct way *way);
	void (*ask)(const struct way *way);
	void (*answer)(const struct way *way);
	int ring[4];
	uint32_t *words;
	pid_t pid;
};

static int dev;

static void need_ok(int ret, const char *what)
{
	bench_need_ok(ret, MEMBANK_NOTIFY, what);
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

	bench_need(write(way->ring[0], &one, sizeof(one)) == sizeof(one),
		   "write");
	bench_need(read(way->ring[3], &one, sizeof(one)) == sizeof(one),
		   "read");
}

static void bytes_answer(const struct way *way)
{
	uint64_t one;

	bench_need(read(way->ring[1], &one, sizeof(one)) == sizeof(one),
		   "read");
	one = 1;
	bench_need(write(way->ring[2], &one, sizeof(one)) == sizeof(one),
		   "write");
}

static void open_bound(struct way *way)
{
	int i, event;

	open_notifiers(way);
	for (i = 1; i < 4; i += 2) {
		event = eventfd(0, EFD_CLOEXEC);
		bench_need(event >= 0, "make an eventfd");
		need_ok(membank_notifier_bind(way->ring[i], event), "bind");
		way->ring[i] = event;
	}
}

static void trigger_ask(const struct way *way)
{
	uint64_t count;

	need_ok(membank_notifier_trigger(way->ring[0]), "trigger");
	bench_need(read(way->ring[3], &count, sizeof(count)) == sizeof(count),
		   "read");
}

static void trigger_answer(const struct way *way)
{
	uint64_t count;

	bench_need(read(way->ring[1], &count, sizeof(count)) == sizeof(count),
		   "read");
	need_ok(membank_notifier_trigger(way->ring[2]), "trigger");
}

static void open_eventfds(struct way *way)
{
	int i;

	for (i = 0; i < 4; i += 2) {
		way->ring[i] = eventfd(0, EFD_CLOEXEC);
		bench_need(way->ring[i] >= 0, "make an eventfd");
		way->ring[i + 1] = way->ring[i];
	}
}

static void open_pipes(struct way *way)
{
	int i, ends[2];

	for (i = 0; i < 4; i += 2) {
		bench_need(!pipe2(ends, O_CLOEXEC), "make a pipe");
		way->ring[i] = ends[1];
		way->ring[i + 1] = ends[0];
	}
}

static void open_sockets(struct way *way)
{
	int ends[2];

	bench_need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
		   "make a pair of sockets");
	way->ring[0] = ends[0];
	way->ring[3] = ends[0];
	way->ring[1] = ends[1];
	way->ring[2] = ends[1];
}

static void open_words(struct way *way)
{
	way->words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench_need(way->words != MAP_FAILED, "map a page");
}

static void word_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	bench_need(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0,
		   "wake");
}

static void word_wait(uint32_t *word, uint32_t value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		bench_need(!syscall(SYS_futex, word, FUTEX_WAIT, !value, NULL,
				    NULL, 0) ||
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

static struct way ways[WAYS] = {
	[EVENTFDS] = { .open = open_eventfds,
		       .ask = bytes_ask,
		       .answer = bytes_answer },
	[CALL] = { .open = open_notifiers,
		   .ask = call_ask,
		   .answer = call_answer },
	[BYTES] = { .open = open_notifiers,
		    .ask = bytes_ask,
		    .answer = bytes_answer },
	[BOUND] = { .open = open_bound,
		    .ask = trigger_ask,
		    .answer = trigger_answer },
	[PIPES] = { .open = open_pipes,
		    .ask = bytes_ask,
		    .answer = bytes_answer },
	[FUTEX] = { .open = open_words, .ask = word_ask, .answer = word_answer },
	[SOCKETS] = { .open = open_sockets,
		      .ask = bytes_ask,
		      .answer = bytes_answer },
};

/* ---------------------------------------------------------- measurement */

static void serve(void *context)
{
	for (;;)
		((struct way *)context)->answer(context);
}

static void ask(void *context, unsigned int way, unsigned int count)
{
	(void)context;
	while (count--)
		ways[way].ask(&ways[way]);
}

static const struct bench bench = {
	.name = "notify",
	.work = "a notification there and back between two processes",
	.ways = { [EVENTFDS] = "eventfd pair",
		  [CALL] = "membank call",
		  [BYTES] = "membank write + read",
		  [BOUND] = "membank trigger + eventfd",
		  [PIPES] = "pipe",
		  [FUTEX] = "futex",
		  [SOCKETS] = "Unix socket" },
	.nr_ways = WAYS,
	.singles = true,
	.run = ask,
};

/* What the ways of one case have open is closed before the next one. */
static void run(const char *name, int other_cpu)
{
	struct bench_case work = {
		.operations = bench_share(TRIPS),
		.than = -1,
		.targets = { { BENCH_RATIO, CALL, EVENTFDS, 0.7 } },
		.nr_targets = 1,
	};
	size_t i;

	snprintf(work.name, sizeof(work.name), "%s", name);
	for (i = 0; i < WAYS; i++) {
		ways[i].open(&ways[i]);
		ways[i].pid = bench_start(serve, &ways[i], other_cpu);
	}
	bench_run(&work, NULL);
	for (i = 0; i < WAYS; i++)
		bench_stop(ways[i].pid);
	munmap(ways[FUTEX].words, PAGE);
	close_range(dev + 1, ~0U, 0);
}

int main(int argc, char **argv)
{
	bench_begin(&bench, argc, argv);
	bench_need_ok(membank_open(NULL, &dev), MEMBANK_OPEN,
		      "open /dev/membank");
	run("both on one processor", 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		run("each on its processor", 1);
	bench_end();
	return 0;
}
