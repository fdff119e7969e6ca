/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bench.c measures, for report.c to show.
 */
#ifndef RESULTS_H
#define RESULTS_H

#include "bench.h"

/**
 * struct sample - what was measured once
 * @ns: of an operation
 * @round: in which
 */
struct sample {
	double ns;
	unsigned int round;
};

/**
 * struct figures - of one way in one case
 * @rounds: the mean of each round; in order once all are there
 * @singles: operations timed one by one, likewise; NULL: none
 * @failures: operations that failed
 */
struct figures {
	struct sample *rounds;
	struct sample *singles;
	unsigned long failures;
};

/**
 * struct result - of one case
 * @work: the case
 * @ways: the figures of each way
 */
struct result {
	struct bench_case work;
	struct figures *ways;
};

/**
 * struct results - of a measure
 * @bench: the measure
 * @rounds: that count
 * @warm: before these, that do not
 * @absent: the ways that this machine has not, a bit for each
 * @cases: what was measured, in order
 * @nr_cases: how many
 */
struct results {
	const struct bench *bench;
	unsigned int rounds;
	unsigned int warm;
	unsigned int absent;
	struct result cases[BENCH_CASES];
	int nr_cases;
};

extern struct results results;

/* How many operations a way does in a round. */
static inline unsigned int operations_of(const struct bench_case *work,
					 unsigned int way)
{
	const unsigned int most = work->most[way];

	return most && most < work->operations ? most : work->operations;
}

static inline bool is_absent(unsigned int way)
{
	return results.absent & 1U << way;
}

void report_table(void);
void report_json(const char *path);

#endif /* RESULTS_H */
