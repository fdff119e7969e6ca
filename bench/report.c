// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes of a measure: medians, tails and ratios, as a table and as a file.
 */
#define _GNU_SOURCE
#include "results.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* How often the rounds are drawn anew, for the interval of a ratio. */
#define DRAWS 1000

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

/* ---------------------------------------------------------------- figures */

/* The smallest that is not below so many thousandths of them. */
static double quantile(const struct sample *sorted, size_t count,
		       unsigned int permille)
{
	return sorted[(count * permille + 999) / 1000 - 1].ns;
}

static double median(const struct result *result, unsigned int way)
{
	return quantile(result->ways[way].rounds, results.rounds, 500);
}

/* Of single operations where they were timed, and of rounds elsewhere. */
static double tail(const struct result *result, unsigned int way,
		   unsigned int permille)
{
	const struct figures *figures = &result->ways[way];

	if (figures->singles)
		return quantile(figures->singles,
				(size_t)results.rounds *
					operations_of(&result->work, way),
				permille);
	return quantile(figures->rounds, results.rounds, permille);
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

	for (i = 0; i < results.rounds; i++) {
		seen += drawn[sorted[i].round];
		if (2 * seen >= results.rounds)
			break;
	}
	return sorted[i].ns;
}

static double ratio_of(const struct bench_case *work, double own, double peer)
{
	return work->bytes ? peer / own : own / peer;
}

static int compare(const void *one, const void *other)
{
	const double *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/*
 * The ratio of medians, and the interval that 95 % of it are in when the rounds
 * are drawn anew with repetition; the same ones for both, as they were neighbours.
 */
static struct ratio find_ratio(const struct result *result, unsigned int way)
{
	const struct sample *own = result->ways[way].rounds;
	const struct sample *peer = result->ways[0].rounds;
	unsigned int *drawn = calloc(results.rounds, sizeof(*drawn));
	uint64_t state = 0x9e3779b97f4a7c15;
	double draws[DRAWS];
	unsigned int i, j;

	bench_need(drawn, "get memory");
	for (i = 0; i < DRAWS; i++) {
		memset(drawn, 0, results.rounds * sizeof(*drawn));
		for (j = 0; j < results.rounds; j++)
			drawn[random_below(&state, results.rounds)]++;
		draws[i] = ratio_of(&result->work, drawn_median(own, drawn),
				    drawn_median(peer, drawn));
	}
	free(drawn);
	qsort(draws, DRAWS, sizeof(*draws), compare);
	return (struct ratio){
		.value = ratio_of(&result->work, median(result, way),
				  median(result, 0)),
		.low = draws[DRAWS * 25 / 1000 - 1],
		.high = draws[DRAWS * 975 / 1000 - 1],
	};
}

/* How much of the time of the case it is compared with. */
static double growth(const struct result *result, unsigned int way)
{
	return median(result, way) /
	       median(&results.cases[result->work.than], way);
}

static double reached(const struct result *result,
		      const struct bench_target *target)
{
	const unsigned int way = target->way;

	switch (target->measure) {
	case BENCH_RATIO:
		return ratio_of(&result->work, median(result, way),
				median(result, target->peer));
	case BENCH_GROWTH:
		return growth(result, way);
	case BENCH_TAIL:
		return tail(result, way, 990) /
		       median(&results.cases[result->work.than], way);
	case BENCH_FAILURES:
		break;
	}
	return result->ways[way].failures;
}

static bool wants_more(const struct result *result,
		       const struct bench_target *target)
{
	return target->measure == BENCH_RATIO && result->work.bytes;
}

static bool is_met(const struct result *result,
		   const struct bench_target *target)
{
	const double figure = reached(result, target);

	return wants_more(result, target) ? figure >= target->limit :
					    figure <= target->limit;
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
	return results.cases[0].work.bytes;
}

/* ------------------------------------------------------------------ table */

/**
 * struct columns - which of them there are, and how wide
 * @first: bytes of the first one, which has the names
 * @speed: how much came in a second
 * @growth: beside the case that one is compared with
 * @failures: operations that failed
 */
struct columns {
	int first;
	bool speed;
	bool growth;
	bool failures;
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

	for (way = 0; way < results.bench->nr_ways; way++)
		columns.first =
			longer(columns.first, results.bench->ways[way], 2);
	for (i = 0; i < results.nr_cases; i++) {
		columns.first =
			longer(columns.first, results.cases[i].work.name, 0);
		columns.growth |= results.cases[i].work.than >= 0;
		for (way = 0; way < results.bench->nr_ways; way++)
			columns.failures |= results.cases[i].ways[way].failures;
	}
	return columns;
}

static void print_head(void)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);

	printf("%s: %s, %u rounds after %u that do not count\n",
	       results.bench->name, results.bench->work, results.rounds,
	       results.warm);
	printf("times in %s, on %ld processor%s; p99 and max of %s; ratio of %s to '%s'\n",
	       unit(), processors, processors == 1 ? "" : "s",
	       results.bench->singles ? "single operations" : "rounds",
	       has_speeds() ? "speeds" : "times", results.bench->ways[0]);
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
	if (columns->failures)
		printf(" %8s", "failures");
	printf("\n");
}

static void print_way(const struct columns *columns,
		      const struct result *result, unsigned int way)
{
	const struct bench_case *work = &result->work;
	const double time = median(result, way);
	struct ratio ratio;
	char interval[32];

	if (is_absent(way)) {
		printf("  %-*s is not there\n", columns->first - 2,
		       results.bench->ways[way]);
		return;
	}
	ratio = find_ratio(result, way);
	snprintf(interval, sizeof(interval), "%.2f to %.2f", ratio.low,
		 ratio.high);
	printf("  %-*s", columns->first - 2, results.bench->ways[way]);
	if (columns->speed)
		printf(" %9.1f %10.0f", work->bytes * 1e9 / MIB / time,
		       1e9 / time);
	printf(" %10.0f %10.0f %10.0f %7.2f %15s", time, tail(result, way, 990),
	       tail(result, way, 1000), ratio.value, interval);
	if (work->than >= 0)
		printf(" %7.2f", growth(result, way));
	if (columns->failures)
		printf(" %8lu", result->ways[way].failures);
	printf("\n");
}

/* Who is to reach it, and who with, are there. */
static bool can_tell(const struct bench_target *target)
{
	return !is_absent(target->way) && !is_absent(target->peer);
}

static void print_target(const struct result *result,
			 const struct bench_target *target)
{
	if (!can_tell(target))
		return;
	printf("  to reach: %s, ", results.bench->ways[target->way]);
	if (target->measure == BENCH_FAILURES)
		printf("at most %.0f failures: %.0f", target->limit,
		       reached(result, target));
	else
		printf("%sat %s %.3g of %s: %.3g",
		       target->measure == BENCH_TAIL ? "p99 " : "",
		       wants_more(result, target) ? "least" : "most",
		       target->limit,
		       target->measure == BENCH_RATIO ?
			       results.bench->ways[target->peer] :
			       results.cases[result->work.than].work.name,
		       reached(result, target));
	printf(", %s\n", is_met(result, target) ? "met" : "missed");
}

/**
 * report_table() - print what was measured
 */
void report_table(void)
{
	const struct columns columns = find_columns();
	unsigned int way, target;
	int i;

	print_head();
	for (i = 0; i < results.nr_cases; i++) {
		print_titles(&columns, results.cases[i].work.name);
		for (way = 0; way < results.bench->nr_ways; way++)
			print_way(&columns, &results.cases[i], way);
		for (target = 0; target < results.cases[i].work.nr_targets;
		     target++)
			print_target(&results.cases[i],
				     &results.cases[i].work.targets[target]);
	}
}

/* ------------------------------------------------------------------- JSON */

/* What comes before the next one of a list, which had @count so far. */
static const char *separator(unsigned int count)
{
	return count ? ",\n" : "\n";
}

static void print_json_way(FILE *file, const struct result *result,
			   unsigned int way)
{
	const struct bench_case *work = &result->work;
	const struct ratio ratio = find_ratio(result, way);

	fprintf(file,
		"        {\"name\": \"%s\", \"min\": %.1f, \"median\": %.1f,\n",
		results.bench->ways[way], result->ways[way].rounds[0].ns,
		median(result, way));
	fprintf(file, "         \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f,\n",
		tail(result, way, 500), tail(result, way, 990),
		tail(result, way, 1000));
	if (work->than >= 0)
		fprintf(file, "         \"growth\": %.3f,\n",
			growth(result, way));
	fprintf(file, "         \"failures\": %lu,\n",
		result->ways[way].failures);
	fprintf(file, "         \"ratio\": %.4f, \"interval\": [%.4f, %.4f]}",
		ratio.value, ratio.low, ratio.high);
}

static void print_json_target(FILE *file, const struct result *result,
			      const struct bench_target *target)
{
	static const char *const names[] = {
		[BENCH_RATIO] = "ratio",
		[BENCH_GROWTH] = "growth",
		[BENCH_TAIL] = "p99",
		[BENCH_FAILURES] = "failures",
	};

	fprintf(file,
		"        {\"way\": \"%s\", \"figure\": \"%s\", \"of\": \"%s\",\n",
		results.bench->ways[target->way], names[target->measure],
		target->measure == BENCH_RATIO ?
			results.bench->ways[target->peer] :
		target->measure == BENCH_FAILURES ?
			"" :
			results.cases[result->work.than].work.name);
	fprintf(file,
		"         \"at\": \"%s\", \"limit\": %.4f, \"reached\": %.4f, \"met\": %s}",
		wants_more(result, target) ? "least" : "most", target->limit,
		reached(result, target),
		is_met(result, target) ? "true" : "false");
}

static void print_json_case(FILE *file, int i)
{
	const struct result *result = &results.cases[i];
	const struct bench_case *work = &result->work;
	unsigned int way, target, count = 0;

	fprintf(file,
		"    {\"name\": \"%s\", \"operations\": %u, \"bytes\": %zu,\n",
		work->name, work->operations, work->bytes);
	if (work->than >= 0)
		fprintf(file, "     \"growth_from\": \"%s\",\n",
			results.cases[work->than].work.name);
	fprintf(file, "     \"ways\": [");
	for (way = 0; way < results.bench->nr_ways; way++) {
		if (is_absent(way))
			continue;
		fputs(separator(count++), file);
		print_json_way(file, result, way);
	}
	fprintf(file, "\n      ],\n     \"targets\": [");
	count = 0;
	for (target = 0; target < work->nr_targets; target++) {
		if (!can_tell(&work->targets[target]))
			continue;
		fputs(separator(count++), file);
		print_json_target(file, result, &work->targets[target]);
	}
	if (count)
		fprintf(file, "\n      ");
	fprintf(file, "]}%s\n", i + 1 == results.nr_cases ? "" : ",");
}

static void print_json(FILE *file)
{
	struct utsname names;
	int i;

	uname(&names);
	fprintf(file, "{\n  \"measure\": \"%s\",\n  \"work\": \"%s\",\n",
		results.bench->name, results.bench->work);
	fprintf(file, "  \"kernel\": \"%s\",\n  \"processors\": %ld,\n",
		names.release, sysconf(_SC_NPROCESSORS_ONLN));
	fprintf(file, "  \"unit\": \"%s\",\n  \"rounds\": %u,\n", unit(),
		results.rounds);
	fprintf(file, "  \"tail_of\": \"%s\",\n",
		results.bench->singles ? "operations" : "rounds");
	fprintf(file, "  \"ratio_of\": \"%s\",\n  \"ratio_to\": \"%s\",\n",
		has_speeds() ? "speeds" : "times", results.bench->ways[0]);
	fprintf(file, "  \"cases\": [\n");
	for (i = 0; i < results.nr_cases; i++)
		print_json_case(file, i);
	fprintf(file, "  ]\n}\n");
}

/**
 * report_json() - write what was measured
 * @path: the file, which is made anew
 */
void report_json(const char *path)
{
	FILE *file = fopen(path, "we");

	bench_need(file, "write the figures");
	print_json(file);
	bench_need(!fclose(file), "write the figures");
}
