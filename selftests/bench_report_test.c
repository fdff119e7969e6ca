// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a measure makes of its samples, for samples whose medians, tails, ratios and
 * intervals are known: in user space, read from the file that it writes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/results.h"

#include "kselftest_harness.h"

#define ROUNDS 41
#define OPERATIONS 25
#define SINGLES (ROUNDS * OPERATIONS)

struct results results;

/* As bench.c has it; the report needs nothing else of it. */
void bench_need(bool good, const char *what)
{
	if (good)
		return;
	printf("# cannot %s: %s\n", what, strerror(errno));
	_exit(1);
}

void bench_sources(char *text, int size)
{
	snprintf(text, size, "KNOWN");
}

static const struct bench timed = {
	.name = "known",
	.work = "samples",
	.ways = { "peer", "own" },
	.nr_ways = 2,
};

static const struct bench timed_one_by_one = {
	.name = "known",
	.work = "samples",
	.ways = { "peer", "own" },
	.nr_ways = 2,
	.singles = true,
};

static struct figures ways[BENCH_CASES][BENCH_WAYS];
static struct sample rounds[BENCH_CASES][BENCH_WAYS][ROUNDS];
static struct sample singles[BENCH_CASES][BENCH_WAYS][SINGLES];
static char json[16384];

static int compare(const void *one, const void *other)
{
	const struct sample *a = one, *b = other;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

/* A case whose rounds all take 100 by either way. */
static struct bench_case *add_case(const char *name, int than)
{
	const int number = results.nr_cases++;
	struct result *result = &results.cases[number];
	unsigned int way, i;

	result->work = (struct bench_case){
		.operations = OPERATIONS,
		.than = than,
	};
	snprintf(result->work.name, sizeof(result->work.name), "%s", name);
	result->ways = ways[number];
	for (way = 0; way < 2; way++) {
		ways[number][way].rounds = rounds[number][way];
		for (i = 0; i < ROUNDS; i++)
			rounds[number][way][i] = (struct sample){ 100, i };
		if (!results.bench->singles)
			continue;
		ways[number][way].singles = singles[number][way];
		for (i = 0; i < SINGLES; i++)
			singles[number][way][i] =
				(struct sample){ 100, i % ROUNDS };
	}
	return &result->work;
}

static void reach(struct bench_case *work, enum bench_measure measure,
		  double limit)
{
	work->targets[work->nr_targets++] = (struct bench_target){
		.measure = measure,
		.way = 1,
		.limit = limit,
	};
}

/* What the file has behind the @nth such name, from 0 on; -1: it is not there. */
static double known(const char *name, unsigned int nth)
{
	char key[32];
	const char *at = json;
	size_t length = snprintf(key, sizeof(key), "\"%s\": ", name);

	do {
		at = strstr(at, key);
		if (!at)
			return -1;
		at += length;
	} while (nth--);
	if (!strncmp(at, "true", 4))
		return 1;
	return strtod(*at == '[' ? at + 1 : at, NULL);
}

/* The upper end of an interval. */
static double known_high(unsigned int nth)
{
	const char *at = json;

	do {
		at = strstr(at, "\"interval\": [");
		if (!at)
			return -1;
		at = strchr(at, ',') + 1;
	} while (nth--);
	return strtod(at, NULL);
}

static void write_report(void)
{
	char path[] = "/tmp/bench_report_XXXXXX";
	int fd = mkstemp(path);
	unsigned int way;
	ssize_t length;
	int i;

	for (i = 0; i < results.nr_cases; i++)
		for (way = 0; way < 2; way++) {
			qsort(rounds[i][way], ROUNDS, sizeof(struct sample),
			      compare);
			qsort(singles[i][way], SINGLES, sizeof(struct sample),
			      compare);
		}
	report_json(path);
	length = read(fd, json, sizeof(json) - 1);
	json[length > 0 ? length : 0] = '\0';
	close(fd);
	unlink(path);
}

/* clang-format off */
FIXTURE(report) { char none; };
FIXTURE_VARIANT(report) { const struct bench *bench; };
FIXTURE_VARIANT_ADD(report, of_rounds) { &timed };
FIXTURE_VARIANT_ADD(report, of_operations) { &timed_one_by_one };
/* clang-format on */

FIXTURE_SETUP(report)
{
	results = (struct results){ .bench = variant->bench, .rounds = ROUNDS };
}

FIXTURE_TEARDOWN(report)
{
}

/* Of 41 the 21st, and the 41st as the first that is not below 99 % of them. */
TEST_F(report, has_the_median_and_the_tail_that_there_are)
{
	unsigned int i;

	add_case("one", -1);
	for (i = 0; i < ROUNDS; i++)
		rounds[0][1][i].ns = ROUNDS - i;
	for (i = 0; i < SINGLES; i++)
		singles[0][1][i].ns = SINGLES - i;
	write_report();
	EXPECT_EQ(1, known("min", 1));
	EXPECT_EQ(21, known("median", 1));
	EXPECT_EQ(variant->bench->singles ? 513 : 21, known("p50", 1));
	EXPECT_EQ(variant->bench->singles ? 1015 : 41, known("p99", 1));
	EXPECT_EQ(variant->bench->singles ? 1025 : 41, known("max", 1));
}

/* Rounds that are slow are so by both ways, whichever are drawn. */
TEST_F(report, has_no_doubt_about_neighbours_that_differ_alike)
{
	unsigned int i;

	add_case("one", -1);
	for (i = 0; i < ROUNDS; i++) {
		rounds[0][0][i].ns = 100 + i * i;
		rounds[0][1][i].ns = 3 * (100 + i * i);
	}
	write_report();
	EXPECT_EQ(3, known("ratio", 1));
	EXPECT_EQ(3, known("interval", 1));
	EXPECT_EQ(3, known_high(1));
}

/* 21 rounds of 100 and 20 of 200: the median may as well be the other. */
TEST_F(report, doubts_a_median_that_one_round_would_change)
{
	unsigned int i;

	add_case("one", -1);
	for (i = 0; i < ROUNDS; i++)
		rounds[0][1][i].ns = i % 2 ? 200 : 100;
	write_report();
	EXPECT_EQ(1, known("ratio", 1));
	EXPECT_EQ(1, known("interval", 1));
	EXPECT_EQ(2, known_high(1));
}

/* So many are seldom drawn that nineteen of twenty have not. */
TEST_F(report, does_not_doubt_one_that_three_would_not)
{
	unsigned int i;

	add_case("one", -1);
	for (i = 0; i < 3; i++)
		rounds[0][1][i].ns = 200;
	write_report();
	EXPECT_EQ(1, known("ratio", 1));
	EXPECT_EQ(1, known("interval", 1));
	EXPECT_EQ(1, known_high(1));
}

/* Half the time for as many bytes is twice the speed. */
TEST_F(report, compares_speeds_where_bytes_are_moved)
{
	struct bench_case *work = add_case("one", -1);
	unsigned int i;

	work->bytes = 4096;
	reach(work, BENCH_RATIO, 2);
	reach(work, BENCH_RATIO, 2.01);
	for (i = 0; i < ROUNDS; i++)
		rounds[0][1][i].ns = 50;
	write_report();
	EXPECT_EQ(2, known("ratio", 1));
	EXPECT_EQ(2, known("reached", 0));
	EXPECT_EQ(1, known("met", 0));
	EXPECT_EQ(0, known("met", 1));
	EXPECT_NE(NULL, strstr(json, "\"at\": \"least\""));
}

/* Rounds of two cases are no neighbours: they are drawn each for itself. */
TEST_F(report, compares_with_the_case_before)
{
	struct bench_case *work;
	unsigned int i;

	add_case("one", -1);
	work = add_case("two", 0);
	reach(work, BENCH_GROWTH, 1.5);
	reach(work, BENCH_GROWTH, 1.4);
	for (i = 0; i < ROUNDS; i++) {
		rounds[0][1][i].ns = i % 2 ? 200 : 100;
		rounds[1][1][i].ns = i % 2 ? 300 : 150;
	}
	write_report();
	EXPECT_EQ(1.5, known("growth", 1));
	EXPECT_EQ(1.5, known("reached", 0));
	EXPECT_EQ(1, known("met", 0));
	EXPECT_EQ(0, known("met", 1));
	/* Two ways of both cases come before the targets. */
	EXPECT_EQ(0.75, known("interval", 4));
	EXPECT_EQ(3, known_high(4));
}

/*
 * Of operations one in two hundred is beyond the tail, and one in fifty is the tail; of
 * so few rounds the slowest is. A round that is drawn more than once may be, or not at
 * all.
 */
TEST_F(report, compares_the_tail_with_the_median_before)
{
	struct bench_case *work;
	unsigned int i;

	add_case("one", -1);
	work = add_case("two", 0);
	reach(work, BENCH_TAIL, 2);
	rounds[1][1][7].ns = 900;
	for (i = 0; i < 5; i++)
		singles[1][1][i * ROUNDS].ns = 900;
	write_report();
	EXPECT_EQ(variant->bench->singles ? 1 : 9, known("reached", 0));
	EXPECT_EQ(variant->bench->singles, known("met", 0));
	EXPECT_EQ(1, known("interval", 4));
	EXPECT_EQ(9, known_high(4));

	/* In order now. Three of one round need it four times: 1.8 % of draws. */
	for (i = 1; i <= 2; i++)
		singles[1][1][SINGLES - i].ns = 100;
	if (variant->bench->singles) {
		write_report();
		EXPECT_EQ(1, known("interval", 4));
		EXPECT_EQ(1, known_high(4));
	}

	for (i = 0; i < SINGLES; i += 50)
		singles[1][1][i].ns = 900;
	write_report();
	EXPECT_EQ(9, known("reached", 0));
	EXPECT_EQ(0, known("met", 0));
}

TEST_F(report, counts_failures)
{
	struct bench_case *work = add_case("one", -1);

	reach(work, BENCH_FAILURES, 0);
	write_report();
	EXPECT_EQ(1, known("met", 0));
	ways[0][1].failures = 3;
	write_report();
	EXPECT_EQ(3, known("failures", 1));
	EXPECT_EQ(3, known("reached", 0));
	EXPECT_EQ(0, known("met", 0));
	ways[0][1].failures = 0;
}

TEST_F(report, says_when_and_where)
{
	add_case("one", -1);
	write_report();
	EXPECT_NE(NULL, strstr(json, "\"date\": \"20"));
	EXPECT_NE(NULL, strstr(json, "\"kernel\": \""));
	EXPECT_NE(NULL, strstr(json, "\"module\": \"KNOWN\""));
	EXPECT_LE(1, known("processors", 0));
	EXPECT_EQ(ROUNDS, known("rounds", 0));
}

/* What is not there has no figures, and nothing to reach. */
TEST_F(report, leaves_out_what_is_not_there)
{
	struct bench_case *work = add_case("one", -1);

	reach(work, BENCH_RATIO, 2);
	results.absent = 1 << 1;
	write_report();
	EXPECT_EQ(100, known("median", 0));
	EXPECT_EQ(-1, known("median", 1));
	EXPECT_EQ(-1, known("reached", 0));
}

TEST_HARNESS_MAIN
