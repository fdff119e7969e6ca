/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all measures share. Ways to do the same work take turns, round after
 * round, so that what changes meanwhile meets all of them; the first rounds only
 * make all warm. The first way is the peer that the others are compared with.
 *
 * Every measure takes [--rounds N] [--small] [--json FILE]. What is measured with
 * --small is another, smaller case: it shows that all of it works, in little time.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <membank.h>

#define ARRAY_SIZE(_array) (sizeof(_array) / sizeof((_array)[0]))

#define KIB 1024UL
#define MIB (1024 * KIB)

#define BENCH_CASES 32
#define BENCH_WAYS 8
#define BENCH_TARGETS 4

/**
 * struct bench - one measure
 * @name: of the program
 * @work: what an operation is
 * @ways: the names of the ways to do it, the peer first
 * @nr_ways: how many
 * @singles: a round also times operations one by one, and p99 and max are theirs
 * @run: does @count operations by one of the ways
 * @settle: after each turn, and outside of what is timed, waits until all is as
 *          before it; NULL: there is nothing to wait for
 */
struct bench {
	const char *name;
	const char *work;
	const char *ways[BENCH_WAYS];
	unsigned int nr_ways;
	bool singles;
	void (*run)(void *context, unsigned int way, unsigned int count);
	void (*settle)(void *context, unsigned int way);
};

/**
 * enum bench_measure - what has to reach something
 * @BENCH_RATIO: the ratio to another way in the same case: at most of times, at
 *               least of speeds
 * @BENCH_GROWTH: the ratio to itself in the case before: at most
 * @BENCH_TAIL: the ratio of the 99th percentile to its own median in the case
 *              before, as the table shows them: at most
 * @BENCH_FAILURES: operations that failed: at most
 */
enum bench_measure {
	BENCH_RATIO,
	BENCH_GROWTH,
	BENCH_TAIL,
	BENCH_FAILURES,
};

/**
 * struct bench_target - what a way has to reach
 * @measure: in what
 * @way: who
 * @peer: with BENCH_RATIO beside whom
 * @limit: the figure
 */
struct bench_target {
	enum bench_measure measure;
	unsigned int way;
	unsigned int peer;
	double limit;
};

/**
 * struct bench_case - what all ways do in turn
 * @name: of the case
 * @operations: in a round, so many that reading the clock does not count
 * @most: by way, at most so many of them in a round, as each takes long; 0: all
 * @bytes: that an operation brings to the other side, when the ratio is that of
 *         speeds; 0: none, and the ratio is that of times
 * @than: the case that had run before by this number, which each way is compared
 *        with as well; -1: none
 * @targets: what is to be reached
 * @nr_targets: how many
 */
struct bench_case {
	char name[48];
	unsigned int operations;
	unsigned int most[BENCH_WAYS];
	size_t bytes;
	int than;
	struct bench_target targets[BENCH_TARGETS];
	unsigned int nr_targets;
};

bool bench_small(void);
unsigned int bench_share(unsigned int count);
void bench_begin(const struct bench *bench, int argc, char **argv);
int bench_run(const struct bench_case *work, void *context);
void bench_absent(unsigned int way);
void bench_failed(void);
void bench_end(void);

void bench_need(bool good, const char *what);
void bench_need_ok(int ret, enum membank_operation operation, const char *what);
void bench_sources(char *text, int size);
pid_t bench_start(void (*serve)(void *context), void *context, int cpu);
void bench_stop(pid_t pid);

#endif /* BENCH_H */
