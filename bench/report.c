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
#include <time.h>
#include <unistd.h>

/* How often the rounds are drawn anew, for the interval of a figure. */
#define DRAWS 1000

/**
 * struct figure - what comes of the rounds
 * @value: of all of them
 * @low: of the interval that 95 % of it are in when rounds are drawn anew
 * @high: likewise
 */
struct figure {
	double value;
	double low;
	double high;
};

/**
 * struct drawing - how often each round counts
 * @own: of the case that is looked at
 * @than: of the one that it is compared with
 */
struct drawing {
	unsigned int *own;
	unsigned int *than;
};

/* ---------------------------------------------------------------- figures */

/*
 * The smallest of the samples that is not below so many thousandths of them, if each
 * counts as often as its round; NULL: once.
 */
static double quantile(const struct sample *sorted, size_t count,
		       unsigned int permille, const unsigned int *drawn)
{
	/* Rounds have as many samples each, so there are as many as before. */
	const size_t rank = (count * permille + 999) / 1000;
	size_t i = rank - 1, seen = 0;

	if (drawn)
		for (i = 0; i < count; i++) {
			seen += drawn[sorted[i].round];
			if (seen >= rank)
				break;
		}
	return sorted[i].ns;
}

static double drawn_median(const struct result *result, unsigned int way,
			   const unsigned int *drawn)
{
	return quantile(result->ways[way].rounds, results.rounds, 500, drawn);
}

static double median(const struct result *result, unsigned int way)
{
	return drawn_median(result, way, NULL);
}

/* Of single operations where they were timed, and of rounds elsewhere. */
static double drawn_tail(const struct result *result, unsigned int way,
			 unsigned int permille, const unsigned int *drawn)
{
	const struct figures *figures = &result->ways[way];

	if (figures->singles)
		return quantile(figures->singles,
				(size_t)results.rounds *
					operations_of(&result->work, way),
				permille, drawn);
	return quantile(figures->rounds, results.rounds, permille, drawn);
}

static double tail(const struct result *result, unsigned int way,
		   unsigned int permille)
{
	return drawn_tail(result, way, permille, NULL);
}

/* What a target is about, when rounds count as @drawing says. */
static double drawn_figure(const struct result *result,
			   const struct bench_target *target,
			   const struct drawing *drawing)
{
	const unsigned int way = target->way;
	double own, other;

	if (target->measure == BENCH_FAILURES)
		return result->ways[way].failures;
	own = target->measure == BENCH_TAIL ?
		      drawn_tail(result, way, 990, drawing->own) :
		      drawn_median(result, way, drawing->own);
	other = target->measure == BENCH_RATIO ?
			drawn_median(result, target->peer, drawing->own) :
			drawn_median(&results.cases[result->work.than], way,
				     drawing->than);
	if (target->measure == BENCH_RATIO && result->work.bytes)
		return other / own;
	return own / other;
}

static unsigned int random_below(uint64_t *state, unsigned int end)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 32) % end;
}

static void draw_rounds(uint64_t *state, unsigned int *drawn)
{
	unsigned int i;

	memset(drawn, 0, results.rounds * sizeof(*drawn));
	for (i = 0; i < results.rounds; i++)
		drawn[random_below(state, results.rounds)]++;
}

static int compare(const void *one, const void *other)
{
	const double *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/*
 * The interval is that of a bootstrap: the rounds are drawn anew with repetition. Two
 * ways of a case have the same ones, as they were neighbours; another case has others.
 */
static struct figure find_figure(const struct result *result,
				 const struct bench_target *target)
{
	const struct drawing all = {}, drawing = {
		.own = calloc(results.rounds, sizeof(*drawing.own)),
		.than = calloc(results.rounds, sizeof(*drawing.than)),
	};
	uint64_t state = 0x9e3779b97f4a7c15;
	double draws[DRAWS];
	unsigned int i;

	bench_need(drawing.own && drawing.than, "get memory");
	for (i = 0; i < DRAWS; i++) {
		draw_rounds(&state, drawing.own);
		draw_rounds(&state, drawing.than);
		draws[i] = drawn_figure(result, target, &drawing);
	}
	free(drawing.own);
	free(drawing.than);
	qsort(draws, DRAWS, sizeof(*draws), compare);
	return (struct figure){
		.value = drawn_figure(result, target, &all),
		.low = draws[DRAWS * 25 / 1000 - 1],
		.high = draws[DRAWS * 975 / 1000 - 1],
	};
}

/* To the peer, which comes first. */
static struct figure find_ratio(const struct result *result, unsigned int way)
{
	return find_figure(result, &(struct bench_target){
					   .measure = BENCH_RATIO,
					   .way = way,
				   });
}

/* How much of the time of the case it is compared with. */
static double growth(const struct result *result, unsigned int way)
{
	const struct bench_target target = {
		.measure = BENCH_GROWTH,
		.way = way,
	};

	return drawn_figure(result, &target, &(struct drawing){});
}

static bool wants_more(const struct result *result,
		       const struct bench_target *target)
{
	return target->measure == BENCH_RATIO && result->work.bytes;
}

static bool is_met(const struct result *result,
		   const struct bench_target *target, double figure)
{
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
	struct figure ratio;
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
	struct figure figure;

	if (!can_tell(target))
		return;
	figure = find_figure(result, target);
	printf("  to reach: %s, ", results.bench->ways[target->way]);
	if (target->measure == BENCH_FAILURES)
		printf("at most %.0f failures: %.0f", target->limit,
		       figure.value);
	else
		printf("%sat %s %.3g of %s: %.3g (%.3g to %.3g)",
		       target->measure == BENCH_TAIL ? "p99 " : "",
		       wants_more(result, target) ? "least" : "most",
		       target->limit,
		       target->measure == BENCH_RATIO ?
			       results.bench->ways[target->peer] :
			       results.cases[result->work.than].work.name,
		       figure.value, figure.low, figure.high);
	printf(", %s\n",
	       is_met(result, target, figure.value) ? "met" : "missed");
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
	const struct figure ratio = find_ratio(result, way);

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
	const struct figure figure = find_figure(result, target);

	fprintf(file,
		"        {\"way\": \"%s\", \"figure\": \"%s\", \"of\": \"%s\",\n",
		results.bench->ways[target->way], names[target->measure],
		target->measure == BENCH_RATIO ?
			results.bench->ways[target->peer] :
		target->measure == BENCH_FAILURES ?
			"" :
			results.cases[result->work.than].work.name);
	fprintf(file,
		"         \"at\": \"%s\", \"limit\": %.4f, \"reached\": %.4f, \"interval\": [%.4f, %.4f], \"met\": %s}",
		wants_more(result, target) ? "least" : "most", target->limit,
		figure.value, figure.low, figure.high,
		is_met(result, target, figure.value) ? "true" : "false");
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
	const time_t now = time(NULL);
	char date[32], sources[64];
	struct utsname names;
	int i;

	uname(&names);
	bench_sources(sources, sizeof(sources));
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	fprintf(file, "{\n  \"measure\": \"%s\",\n  \"work\": \"%s\",\n",
		results.bench->name, results.bench->work);
	fprintf(file, "  \"date\": \"%s\",\n  \"module\": \"%s\",\n", date,
		sources);
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
