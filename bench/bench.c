// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "bench.h"

#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 41
/* Rounds before these, which only make all warm; never more than these. */
#define WARM 5
#define MAX_ROUNDS 10000
#define MAX_CASES 32

/* How often the rounds are drawn anew, for the interval of a ratio. */
#define DRAWS 1000

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
 */
struct figures {
	struct sample *rounds;
	struct sample *singles;
};

/**
 * struct ratio - of a way to the peer
 * @value: of medians
 * @low: of its 95 % interval
 * @high: likewise
 */
struct ratio {
	double value;
	double low;
	double high;
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

static const struct bench *bench;
static unsigned int rounds = ROUNDS;
static const char *json;
static struct result results[MAX_CASES];
static int nr_results;

/* --------------------------------------------------------- for all to use */

/**
 * bench_need() - end the measure if something failed
 * @good: it did not; else errno says why
 * @what: what cannot be done
 */
void bench_need(bool good, const char *what)
{
	if (!good)
		err(EXIT_FAILURE, "cannot %s", what);
}

/**
 * bench_need_ok() - likewise, of a function of the library
 * @ret: what it returned
 * @operation: what was done
 * @what: what cannot be done
 */
void bench_need_ok(int ret, enum membank_operation operation, const char *what)
{
	if (ret)
		errx(EXIT_FAILURE, "cannot %s: %s", what,
		     membank_explain(operation, ret));
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	bench_need(!sched_setaffinity(0, sizeof(set), &set),
		   "bind to a processor");
}

/* It has said why; without it the measure would wait for ever. */
static void partner_ended(int signal)
{
	(void)signal;
	_exit(EXIT_FAILURE);
}

/**
 * bench_start() - start a process for the other side
 * @serve: what it does; it need not return
 * @context: for @serve
 * @cpu: the processor that it is bound to
 *
 * It ends with this process, and the other way round.
 *
 * Return: its number, for bench_stop().
 */
pid_t bench_start(void (*serve)(void *context), void *context, int cpu)
{
	pid_t pid;

	signal(SIGCHLD, partner_ended);
	pid = fork();
	bench_need(pid >= 0, "fork");
	if (pid)
		return pid;
	bench_need(!prctl(PR_SET_PDEATHSIG, SIGKILL), "end with the parent");
	pin(cpu);
	serve(context);
	_exit(EXIT_SUCCESS);
}

/**
 * bench_stop() - end a process of bench_start()
 * @pid: its number
 */
void bench_stop(pid_t pid)
{
	signal(SIGCHLD, SIG_DFL);
	kill(pid, SIGKILL);
	bench_need(waitpid(pid, NULL, 0) == pid, "wait for a process");
}

/* -------------------------------------------------------------- measuring */

static void misuse(void)
{
	fprintf(stderr, "usage: %s [--rounds N] [--json FILE]\n", bench->name);
	exit(2);
}

/**
 * bench_begin() - the first thing a measure does
 * @measure: the measure
 * @argc: of main()
 * @argv: of main()
 */
void bench_begin(const struct bench *measure, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "json", required_argument, NULL, 'j' },
		{},
	};
	int option, number;

	bench = measure;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'j') {
			json = optarg;
		} else if (option == 'r') {
			number = atoi(optarg);
			if (number < 1 || number > MAX_ROUNDS)
				errx(2,
				     "--rounds takes a number from 1 to %d, and got '%s'",
				     MAX_ROUNDS, optarg);
			rounds = number;
		} else {
			misuse();
		}
	}
	if (optind < argc)
		misuse();
	setvbuf(stdout, NULL, _IOLBF, 0);
	pin(0);
}

static int warm(void)
{
	return rounds < WARM ? rounds : WARM;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static struct sample *samples(size_t count)
{
	struct sample *array = calloc(count, sizeof(*array));

	bench_need(array, "get memory");
	return array;
}

/* The turn of one way; a round before the first one does not count. */
static void take_turn(const struct result *result, void *context,
		      unsigned int way, int round)
{
	struct figures *figures = &result->ways[way];
	unsigned int count = result->work.operations;
	double begin, ns;
	unsigned int i;

	begin = now();
	bench->run(context, way, count);
	ns = (now() - begin) / count;
	if (round >= 0)
		figures->rounds[round] = (struct sample){ ns, round };
	for (i = 0; bench->singles && i < count; i++) {
		begin = now();
		bench->run(context, way, 1);
		ns = now() - begin;
		if (round >= 0)
			figures->singles[round * count + i] =
				(struct sample){ ns, round };
	}
}

static int compare(const void *one, const void *other)
{
	const struct sample *a = one, *b = other;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

static void sort(const struct figures *figures, unsigned int operations)
{
	qsort(figures->rounds, rounds, sizeof(struct sample), compare);
	if (figures->singles)
		qsort(figures->singles, (size_t)rounds * operations,
		      sizeof(struct sample), compare);
}

/**
 * bench_run() - measure one case
 * @work: the case
 * @context: for the measure's function
 *
 * Return: the number of the case.
 */
int bench_run(const struct bench_case *work, void *context)
{
	struct result *result = &results[nr_results];
	unsigned int way, turn;
	int round;

	if (nr_results == MAX_CASES)
		errx(EXIT_FAILURE, "there are more than %d cases", MAX_CASES);
	result->work = *work;
	result->ways = calloc(bench->nr_ways, sizeof(*result->ways));
	bench_need(result->ways, "get memory");
	for (way = 0; way < bench->nr_ways; way++) {
		result->ways[way].rounds = samples(rounds);
		if (bench->singles)
			result->ways[way].singles =
				samples((size_t)rounds * work->operations);
	}
	/* In each round another one begins. */
	for (round = -warm(); round < (int)rounds; round++)
		for (turn = 0; turn < bench->nr_ways; turn++) {
			way = (round + warm() + turn) % bench->nr_ways;
			take_turn(result, context, way, round);
		}
	for (way = 0; way < bench->nr_ways; way++)
		sort(&result->ways[way], work->operations);
	return nr_results++;
}

/* ---------------------------------------------------------------- figures */

/* The smallest that is not below so many thousandths of them. */
static double quantile(const struct sample *sorted, size_t count,
		       unsigned int permille)
{
	return sorted[(count * permille + 999) / 1000 - 1].ns;
}

static double median(const struct result *result, unsigned int way)
{
	return quantile(result->ways[way].rounds, rounds, 500);
}

static double tail(const struct result *result, unsigned int way,
		   unsigned int permille)
{
	const struct figures *figures = &result->ways[way];

	if (figures->singles)
		return quantile(figures->singles,
				(size_t)rounds * result->work.operations,
				permille);
	return quantile(figures->rounds, rounds, permille);
}

static unsigned int random_below(uint64_t *state, unsigned int end)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 32) % end;
}

/* The median of the rounds that were drawn, each as often as it was. */
static double drawn_median(const struct sample *sorted,
			   const unsigned int *drawn)
{
	unsigned int i, seen = 0;

	for (i = 0; i < rounds; i++) {
		seen += drawn[sorted[i].round];
		if (2 * seen >= rounds)
			break;
	}
	return sorted[i].ns;
}

static double ratio_of(const struct bench_case *work, double own, double peer)
{
	return work->bytes ? peer / own : own / peer;
}

/*
 * The ratio of medians, and the interval that 95 % of it are in when the rounds
 * are drawn anew with repetition; the same ones for both, as they were neighbours.
 */
static struct ratio find_ratio(const struct result *result, unsigned int way)
{
	const struct sample *own = result->ways[way].rounds;
	const struct sample *peer = result->ways[0].rounds;
	struct sample *draws = samples(DRAWS);
	unsigned int *drawn = calloc(rounds, sizeof(*drawn));
	uint64_t state = 0x9e3779b97f4a7c15;
	struct ratio ratio;
	unsigned int i, j;

	bench_need(drawn, "get memory");
	for (i = 0; i < DRAWS; i++) {
		memset(drawn, 0, rounds * sizeof(*drawn));
		for (j = 0; j < rounds; j++)
			drawn[random_below(&state, rounds)]++;
		draws[i].ns = ratio_of(&result->work, drawn_median(own, drawn),
				       drawn_median(peer, drawn));
	}
	qsort(draws, DRAWS, sizeof(*draws), compare);
	ratio.value =
		ratio_of(&result->work, median(result, way), median(result, 0));
	ratio.low = quantile(draws, DRAWS, 25);
	ratio.high = quantile(draws, DRAWS, 975);
	free(drawn);
	free(draws);
	return ratio;
}

static bool has_target(const struct bench_case *work, unsigned int way)
{
	return work->target_ways & 1U << way;
}

static bool is_met(const struct bench_case *work, double ratio)
{
	return work->bytes ? ratio >= work->target : ratio <= work->target;
}

/* How much of the time of the case it is compared with. */
static double growth(const struct result *result, unsigned int way)
{
	return median(result, way) / median(&results[result->work.than], way);
}

/* A nanosecond for each, as scripts/vm --icount does it. */
static bool counts_instructions(void)
{
	return getenv("MEMBANK_ICOUNT");
}

static const char *unit(void)
{
	return counts_instructions() ? "instructions" : "ns";
}

/* Its cases move bytes, all or none of them. */
static bool has_speeds(void)
{
	return results[0].work.bytes;
}

/* ------------------------------------------------------------------ table */

/**
 * struct columns - which of them there are, and how wide
 * @first: bytes of the first one, which has the names
 * @speed: how much came in a second
 * @growth: beside the case that one is compared with
 * @target: what is to be reached
 */
struct columns {
	int first;
	bool speed;
	bool growth;
	bool target;
};

static int longer(int width, const char *name, int indent)
{
	int other = strlen(name) + indent;

	return other > width ? other : width;
}

static struct columns find_columns(void)
{
	struct columns columns = { .speed = has_speeds() };
	unsigned int way;
	int i;

	for (way = 0; way < bench->nr_ways; way++)
		columns.first = longer(columns.first, bench->ways[way], 2);
	for (i = 0; i < nr_results; i++) {
		columns.first = longer(columns.first, results[i].work.name, 0);
		columns.growth |= results[i].work.than >= 0;
		columns.target |= !!results[i].work.target_ways;
	}
	return columns;
}

static void print_head(void)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);

	printf("%s: %s, %u rounds after %d that do not count\n", bench->name,
	       bench->work, rounds, warm());
	printf("times in %s, on %ld processor%s; p99 and max of %s; ratio of %s to '%s'\n",
	       unit(), processors, processors == 1 ? "" : "s",
	       bench->singles ? "single operations" : "rounds",
	       has_speeds() ? "speeds" : "times", bench->ways[0]);
	if (counts_instructions())
		printf("the clock counts instructions: a second is 10^9 of them\n");
}

static void print_titles(const struct columns *columns, const char *name)
{
	printf("\n%-*s", columns->first, name);
	if (columns->speed)
		printf(" %9s %10s", "MiB/s", "messages/s");
	printf(" %10s %10s %10s %7s %15s", "median", "p99", "max", "ratio",
	       "95 % interval");
	if (columns->growth)
		printf(" %7s", "growth");
	printf("%s\n", columns->target ? "  to reach" : "");
}

static void print_way(const struct columns *columns,
		      const struct result *result, unsigned int way)
{
	const struct bench_case *work = &result->work;
	const struct ratio ratio = find_ratio(result, way);
	const double time = median(result, way);
	char interval[32];

	snprintf(interval, sizeof(interval), "%.2f to %.2f", ratio.low,
		 ratio.high);
	printf("  %-*s", columns->first - 2, bench->ways[way]);
	if (columns->speed)
		printf(" %9.1f %10.0f", work->bytes * 1e9 / MIB / time,
		       1e9 / time);
	printf(" %10.0f %10.0f %10.0f %7.2f %15s", time, tail(result, way, 990),
	       tail(result, way, 1000), ratio.value, interval);
	if (work->than >= 0)
		printf(" %7.2f", growth(result, way));
	if (has_target(work, way))
		printf("  at %s %.2f: %s", work->bytes ? "least" : "most",
		       work->target,
		       is_met(work, ratio.value) ? "met" : "missed");
	printf("\n");
}

static void print_table(void)
{
	const struct columns columns = find_columns();
	unsigned int way;
	int i;

	print_head();
	for (i = 0; i < nr_results; i++) {
		print_titles(&columns, results[i].work.name);
		for (way = 0; way < bench->nr_ways; way++)
			print_way(&columns, &results[i], way);
	}
}

/* ------------------------------------------------------------------- JSON */

static void print_json_way(FILE *file, const struct result *result,
			   unsigned int way)
{
	const struct bench_case *work = &result->work;
	const struct ratio ratio = find_ratio(result, way);

	fprintf(file,
		"        {\"name\": \"%s\", \"median\": %.1f, \"p99\": %.1f, \"max\": %.1f,\n",
		bench->ways[way], median(result, way), tail(result, way, 990),
		tail(result, way, 1000));
	if (work->than >= 0)
		fprintf(file, "         \"growth\": %.3f,\n",
			growth(result, way));
	if (has_target(work, way))
		fprintf(file, "         \"target\": %.3f, \"met\": %s,\n",
			work->target,
			is_met(work, ratio.value) ? "true" : "false");
	fprintf(file,
		"         \"ratio\": %.3f, \"interval\": [%.3f, %.3f]}%s\n",
		ratio.value, ratio.low, ratio.high,
		way + 1 == bench->nr_ways ? "" : ",");
}

static void print_json_case(FILE *file, int i)
{
	const struct bench_case *work = &results[i].work;
	unsigned int way;

	fprintf(file,
		"    {\"name\": \"%s\", \"operations\": %u, \"bytes\": %zu,\n",
		work->name, work->operations, work->bytes);
	if (work->than >= 0)
		fprintf(file, "     \"growth_from\": \"%s\",\n",
			results[work->than].work.name);
	fprintf(file, "     \"ways\": [\n");
	for (way = 0; way < bench->nr_ways; way++)
		print_json_way(file, &results[i], way);
	fprintf(file, "      ]}%s\n", i + 1 == nr_results ? "" : ",");
}

static void print_json(FILE *file)
{
	struct utsname names;
	int i;

	uname(&names);
	fprintf(file, "{\n  \"measure\": \"%s\",\n  \"work\": \"%s\",\n",
		bench->name, bench->work);
	fprintf(file, "  \"kernel\": \"%s\",\n  \"processors\": %ld,\n",
		names.release, sysconf(_SC_NPROCESSORS_ONLN));
	fprintf(file, "  \"unit\": \"%s\",\n  \"rounds\": %u,\n", unit(),
		rounds);
	fprintf(file, "  \"tail_of\": \"%s\",\n",
		bench->singles ? "operations" : "rounds");
	fprintf(file, "  \"ratio_of\": \"%s\",\n  \"ratio_to\": \"%s\",\n",
		has_speeds() ? "speeds" : "times", bench->ways[0]);
	fprintf(file, "  \"cases\": [\n");
	for (i = 0; i < nr_results; i++)
		print_json_case(file, i);
	fprintf(file, "  ]\n}\n");
}

static void write_json(void)
{
	FILE *file = fopen(json, "we");

	bench_need(file, "write the figures");
	print_json(file);
	bench_need(!fclose(file), "write the figures");
}

/**
 * bench_end() - the last thing a measure does: prints and writes the figures
 */
void bench_end(void)
{
	print_table();
	if (json)
		write_json();
}
