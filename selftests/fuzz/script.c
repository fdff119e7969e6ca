// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "script.h"

/* ------------------------------------------------------------- as text */

/* "PROCESS.THREAD OPERATION NAME=NUMBER…"; what is left out is 0. */
static const char *read_step(struct fuzz_step *step, char *line)
{
	char *word = strtok(line, " \t\n"), *value, *end;
	const struct fuzz_op *op;
	int number;

	*step = (struct fuzz_step){};
	if (sscanf(word, "%u.%u", &step->process, &step->thread) != 2 ||
	    step->process >= FUZZ_PROCESSES || step->thread >= FUZZ_THREADS)
		return "there is no such process or thread";
	word = strtok(NULL, " \t\n");
	number = word ? fuzz_op_named(word) : FUZZ_NONE;
	if (number == FUZZ_NONE)
		return "there is no such operation";
	step->op = number;
	op = fuzz_op(number);
	while ((word = strtok(NULL, " \t\n"))) {
		value = strchr(word, '=');
		if (!value)
			return "an argument has no number";
		*value++ = '\0';
		for (number = 0; number < FUZZ_ARGS && op->args[number];
		     number++)
			if (!strcmp(op->args[number], word))
				break;
		if (number == FUZZ_ARGS || !op->args[number])
			return "the operation has no such argument";
		step->args[number] = strtoll(value, &end, 0);
		if (!*value || *end)
			return "an argument is no number";
	}
	return NULL;
}

/**
 * fuzz_script_read() - read a script from a file
 * @script: set
 * @path: of the file; lines that begin with # are for people
 *
 * Return: NULL, or what is wrong with it.
 */
const char *fuzz_script_read(struct fuzz_script *script, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *what = NULL;
	char line[512];

	script->count = 0;
	if (!file)
		return "it cannot be opened";
	while (!what && fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[strspn(line, " \t\n")] == '\0')
			continue;
		if (script->count == FUZZ_STEPS)
			what = "it is too long";
		else
			what = read_step(&script->steps[script->count++], line);
	}
	fclose(file);
	return what;
}

static void show_step(const struct fuzz_step *step)
{
	const struct fuzz_op *op = fuzz_op(step->op);
	char line[512];
	int length, i;

	length = snprintf(line, sizeof(line), "%u.%u %s", step->process,
			  step->thread, op->name);
	for (i = 0; i < FUZZ_ARGS && op->args[i]; i++)
		if (step->args[i])
			length += snprintf(line + length, sizeof(line) - length,
					   " %s=%lld", op->args[i],
					   step->args[i]);
	ksft_print_msg("%s\n", line);
}

/**
 * fuzz_script_show() - print a script, as a comment of TAP
 * @script: which
 */
void fuzz_script_show(const struct fuzz_script *script)
{
	unsigned int i;

	for (i = 0; i < script->count; i++)
		show_step(&script->steps[i]);
}

/* ------------------------------------------------------------- as a run */

/**
 * fuzz_script_passes() - do a script in a new world
 * @run: where
 * @script: what is behind the step that fails is cut off
 *
 * Return: whether all is as it should be; if not, world->wrong says what is not.
 */
bool fuzz_script_passes(struct fuzz_run *run, struct fuzz_script *script)
{
	struct fuzz_world *world = run->world;
	unsigned int i;

	fuzz_world_start(world, run->dev);
	for (i = 0; i < script->count && !world->wrong[0]; i++)
		fuzz_world_do(world, run->dev, &script->steps[i], i,
			      run->patience);
	if (world->wrong[0])
		script->count = i;
	return fuzz_world_end(world, run->dev, run->patience);
}

/**
 * fuzz_script_draw() - draw a script while it is done
 * @run: where
 * @script: set to what was done
 * @seed: of what is drawn
 * @steps: how many there are, if all goes well
 *
 * If not, world->wrong says what is wrong.
 */
void fuzz_script_draw(struct fuzz_run *run, struct fuzz_script *script,
		      __u64 seed, unsigned int steps)
{
	struct fuzz_world *world = run->world;
	struct fuzz_draw draw = {
		.world = world,
		/* 0 is the one state that xorshift never leaves. */
		.random = seed ? seed : 1,
	};

	script->count = 0;
	fuzz_world_start(world, run->dev);
	while (script->count < steps && !world->wrong[0]) {
		fuzz_draw_step(&draw, &script->steps[script->count++]);
		fuzz_world_do(world, run->dev,
			      &script->steps[script->count - 1],
			      script->count - 1, run->patience);
	}
	fuzz_world_end(world, run->dev, run->patience);
}

/* ------------------------------------------------------------- shorter */

static __u64 now(void)
{
	return clock_ns() / 1000000000;
}

/* What failed, without the numbers. */
static char reason[sizeof(((struct fuzz_world *)NULL)->wrong)];

static size_t words(const char *wrong)
{
	return strcspn(wrong, "0123456789");
}

/* Takes the place of @script if it fails, too, and that for the same reason. */
static bool try_instead(struct fuzz_run *run, struct fuzz_script *script,
			struct fuzz_script *candidate)
{
	if (fuzz_script_passes(run, candidate) ||
	    words(run->world->wrong) != strlen(reason) ||
	    strncmp(run->world->wrong, reason, strlen(reason)))
		return false;
	*script = *candidate;
	return true;
}

/* Without some of its steps. */
static bool try_without(struct fuzz_run *run, struct fuzz_script *script,
			unsigned int from, unsigned int count)
{
	static struct fuzz_script candidate;

	if (count > script->count - from)
		count = script->count - from;
	candidate = *script;
	candidate.count -= count;
	memmove(&candidate.steps[from], &candidate.steps[from + count],
		(candidate.count - from) * sizeof(candidate.steps[0]));
	return try_instead(run, script, &candidate);
}

/* Each number that may as well be 0. */
static void simplify(struct fuzz_run *run, struct fuzz_script *script,
		     __u64 end)
{
	static struct fuzz_script candidate;
	unsigned int i, arg;

	for (i = 0; i < script->count && now() < end; i++) {
		for (arg = 0; arg < FUZZ_ARGS && i < script->count; arg++) {
			if (!script->steps[i].args[arg])
				continue;
			candidate = *script;
			candidate.steps[i].args[arg] = 0;
			try_instead(run, script, &candidate);
		}
	}
}

/* Parts of it: halves first, then always smaller ones. */
static void take_out(struct fuzz_run *run, struct fuzz_script *script,
		     __u64 end)
{
	unsigned int chunk = script->count / 2 ?: 1, from, left;

	for (; chunk; chunk = script->count < left ? chunk : chunk / 2) {
		left = script->count;
		from = 0;
		while (from < script->count && now() < end)
			if (!try_without(run, script, from, chunk))
				from += chunk;
		if (now() >= end)
			return;
		if (chunk > script->count)
			chunk = script->count;
	}
}

/**
 * fuzz_script_shrink() - make a script that fails short
 * @run: where
 * @script: that has failed in @run just now; replaced by one that does as well, and
 *          for the same reason: what is wrong begins with the same words
 * @seconds: how long that may take
 *
 * Parts are taken out and numbers made 0 as long as it still fails, each time
 * tried in a world of its own.
 */
void fuzz_script_shrink(struct fuzz_run *run, struct fuzz_script *script,
			unsigned int seconds)
{
	const __u64 end = now() + seconds;
	unsigned int left;

	snprintf(reason, sizeof(reason), "%.*s", (int)words(run->world->wrong),
		 run->world->wrong);
	do {
		take_out(run, script, end);
		left = script->count;
		simplify(run, script, end);
		if (script->count > 1)
			take_out(run, script, end);
	} while (script->count < left && now() < end);
}
