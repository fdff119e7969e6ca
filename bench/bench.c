// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "results.h"

#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 41
/* Rounds before these, which only make all warm; never more than these. */
#define WARM 5
#define MAX_ROUNDS 10000
/* One of so many operations will do with --small. */
#define SHARE_SMALL 10

struct results results = { .rounds = ROUNDS };
static const char *json;
static bool small;
static unsigned long failures;

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

/**
 * bench_sources() - what the kernel calls the sources of the module
 * @text: set to it, or to "" where none is loaded
 * @size: room there
 */
void bench_sources(char *text, int size)
{
	FILE *file = fopen("/sys/module/membank/srcversion", "re");

	text[0] = '\0';
	if (!file)
		return;
	if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

/**
 * bench_small() - whether less will do
 *
 * Return: whether it is only to be seen that the measure works.
 */
bool bench_small(void)
{
	return small;
}

/**
 * bench_share() - so many, or fewer if these will do
 * @count: operations in a round
 *
 * Return: @count, with --small a share of it.
 */
unsigned int bench_share(unsigned int count)
{
	return small ? (count + SHARE_SMALL - 1) / SHARE_SMALL : count;
}

/**
 * bench_absent() - leave a way out in all cases from now on
 * @way: which: this machine has no such thing
 */
void bench_absent(unsigned int way)
{
	results.absent |= 1U << way;
}

/**
 * bench_failed() - an operation failed, and the measure goes on
 */
void bench_failed(void)
{
	failures++;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	bench_need(!sched_setaffinity(0, sizeof(set), &set),
		   "bind to a processor");
}

/* It has said why, if it could; without it the measure would wait for ever. */
static void partner_ended(int signal)
{
	static const char text[] = "the process on the other side has ended\n";

	(void)signal;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 2 :
								 EXIT_FAILURE);
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
	fprintf(stderr, "usage: %s [--rounds N] [--small] [--json FILE]\n",
		results.bench->name);
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
		{ "small", no_argument, NULL, 's' },
		{},
	};
	int option;
	long number;
	char *end;

	results.bench = measure;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'j') {
			json = optarg;
		} else if (option == 's') {
			small = true;
		} else if (option == 'r') {
			number = strtol(optarg, &end, 10);
			if (*end || number < 1 || number > MAX_ROUNDS)
				errx(2,
				     "--rounds takes a number from 1 to %d, and got '%s'",
				     MAX_ROUNDS, optarg);
			results.rounds = number;
		} else {
			misuse();
		}
	}
	if (optind < argc)
		misuse();
	results.warm = results.rounds < WARM ? results.rounds : WARM;
	setvbuf(stdout, NULL, _IOLBF, 0);
	pin(0);
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
	unsigned int count = operations_of(&result->work, way);
	double begin, ns;
	unsigned int i;

	failures = 0;
	begin = now();
	results.bench->run(context, way, count);
	ns = (now() - begin) / count;
	if (round >= 0)
		figures->rounds[round] = (struct sample){ ns, round };
	for (i = 0; results.bench->singles && i < count; i++) {
		begin = now();
		results.bench->run(context, way, 1);
		ns = now() - begin;
		if (round >= 0)
			figures->singles[round * count + i] =
				(struct sample){ ns, round };
	}
	if (round >= 0)
		figures->failures += failures;
	if (results.bench->settle)
		results.bench->settle(context, way);
}

static int compare(const void *one, const void *other)
{
	const struct sample *a = one, *b = other;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

static void sort(const struct figures *figures, unsigned int operations)
{
	qsort(figures->rounds, results.rounds, sizeof(struct sample), compare);
	if (figures->singles)
		qsort(figures->singles, (size_t)results.rounds * operations,
		      sizeof(struct sample), compare);
}

/*
 * In each round another way begins, and each other round goes backwards, so that
 * none always finds what the same one has left.
 */
static unsigned int whose_turn(unsigned int round, unsigned int turn)
{
	const unsigned int nr_ways = results.bench->nr_ways;

	return (round + (round % 2 ? nr_ways - turn : turn)) % nr_ways;
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
	struct result *result = &results.cases[results.nr_cases];
	unsigned int way, turn;
	int round;

	if (results.nr_cases == BENCH_CASES)
		errx(EXIT_FAILURE, "there are more than %d cases", BENCH_CASES);
	result->work = *work;
	result->ways = calloc(results.bench->nr_ways, sizeof(*result->ways));
	bench_need(result->ways, "get memory");
	for (way = 0; way < results.bench->nr_ways; way++) {
		result->ways[way].rounds = samples(results.rounds);
		if (results.bench->singles)
			result->ways[way].singles =
				samples((size_t)results.rounds *
					operations_of(work, way));
	}
	for (round = -(int)results.warm; round < (int)results.rounds; round++)
		for (turn = 0; turn < results.bench->nr_ways; turn++) {
			way = whose_turn(round + results.warm, turn);
			if (!is_absent(way))
				take_turn(result, context, way, round);
		}
	for (way = 0; way < results.bench->nr_ways; way++)
		sort(&result->ways[way], operations_of(work, way));
	return results.nr_cases++;
}

/**
 * bench_end() - the last thing a measure does: prints and writes the figures
 */
void bench_end(void)
{
	report_table();
	if (json)
		report_json(json);
}
