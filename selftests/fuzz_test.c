// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of every noun by several processes, each of two threads, one after
 * the other, so that a model knows what must come of each: the answer, every
 * figure of the banks, every region, every byte. What is not so is made a script
 * that is as short as can be; those that were worth it are kept in fuzz/, and
 * are done here as well. Then the same without order: see fuzz/race.c.
 *
 * MEMBANK_SEED repeats; MEMBANK_FUZZ_SECONDS (default: 40, for all of it, kept
 * scripts and all) and MEMBANK_STEPS (default: 400, of each world) say how much is done.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "fuzz/cover.h"
#include "fuzz/ops.h"
#include "fuzz/race.h"
#include "fuzz/script.h"
#include "seed.h"

#define SECONDS 40
#define STEPS 400

/* Of a thread that races, until all pause and are looked at. */
#define RACE_STEPS 20

/* In each world that is wrong on purpose. */
#define PLANT_STEPS 24

/* Of the seconds that are left, those for what is done step by step. */
#define ORDERED(_seconds) ((_seconds) * 5 / 8)

/* Seconds for that, and for racing, however little is left. */
#define SECONDS_MIN 5

/* An operation that was answered so often has succeeded once. */
#define ANSWERS 200

/* After so many pauses of those that race, somebody has been killed. */
#define BATCHES 20

/* Milliseconds for who looks at a page for a moment; less where it is tried often. */
#define PATIENCE 20000
#define PATIENCE_SHRINK 2000
#define PATIENCE_PLANT 100

/* Seconds for making a script short. */
#define SHRINK 300

/* Where the scripts are, beside the program. */
#define SCRIPTS "fuzz"

static __u64 seconds(void)
{
	return clock_ns() / 1000000000;
}

/* When the program began: the cases share its time, in the order they are in here. */
static __u64 begun;

__attribute__((constructor)) static void note_begin(void)
{
	begun = seconds();
}

static __u64 seconds_left(void)
{
	const __u64 given = number_from("MEMBANK_FUZZ_SECONDS", SECONDS);
	const __u64 gone = seconds() - begun;

	return given > gone + SECONDS_MIN ? given - gone : SECONDS_MIN;
}

/*
 * Whether an operation has been answered often, and never by success. How often it
 * is in the time there is depends on the machine.
 */
static bool never_does(const unsigned long *counts)
{
	unsigned long answers = 0;
	unsigned int error;

	for (error = 0; error < FUZZ_ERRNOS; error++)
		answers += counts[error];
	return !counts[0] && answers >= ANSWERS;
}

/* One line for each operation: how often it gave what. */
static void show_counts(const struct fuzz_world *world)
{
	unsigned int op;

	for (op = 0; fuzz_op(op); op++)
		fuzz_show_counts(fuzz_op(op)->name, world->counts[op]);
}

/*
 * A model that is wrong on purpose: it is noticed, each time the script is done, and
 * little is left of what led to it. How that is made less is the same for all, and
 * takes long; so it is done for one of them.
 */
FIXTURE(plant)
{
	struct fuzz_run run;
	struct fuzz_script *script;
};

FIXTURE_VARIANT(plant)
{
	enum fuzz_plant plant;
	/* That are left at most, or 0 where it is not made less. */
	unsigned int steps;
	/* The first one that notices it with the banks of make check. */
	__u64 seed;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(plant, revoked_memory_stays) {
	.plant = FUZZ_PLANT_REVOKED_STAYS, .steps = 3, .seed = 5 };
FIXTURE_VARIANT_ADD(plant, reading_is_writing) {
	.plant = FUZZ_PLANT_READ_MAY_WRITE, .seed = 28 };
FIXTURE_VARIANT_ADD(plant, pagers_error_is_no_access) {
	.plant = FUZZ_PLANT_ERROR_NO_ACCESS, .seed = 360 };
/* clang-format on */

FIXTURE_SETUP(plant)
{
	ASSERT_TRUE(test_banks_empty());
	self->run.dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->run.dev);
	self->run.world = fuzz_world_create(self->run.dev);
	ASSERT_NE(NULL, self->run.world);
	self->run.patience = PATIENCE_PLANT;
	self->run.world->plant = variant->plant;
	self->script = calloc(1, sizeof(*self->script));
	ASSERT_NE(NULL, self->script);
}

FIXTURE_TEARDOWN_PARENT(plant)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(plant, is_noticed_and_its_script_is_short, 24 * 3600)
{
	struct fuzz_world *world = self->run.world;
	__u64 seed = variant->seed, start = seconds();
	unsigned int drawn;

	do {
		fuzz_script_draw(&self->run, self->script, seed++, PLANT_STEPS);
	} while (!world->wrong[0]);
	drawn = self->script->count;
	if (variant->steps) {
		fuzz_script_shrink(&self->run, self->script, SHRINK);
		EXPECT_GE(variant->steps, self->script->count);
	}
	EXPECT_FALSE(fuzz_script_passes(&self->run, self->script));
	ksft_print_msg("%s with seed %llu, %u steps of %u in %llu s:\n",
		       world->wrong, seed - 1, self->script->count, drawn,
		       seconds() - start);
	fuzz_script_show(self->script);

	/* It was the model: without the fault there is nothing wrong. */
	world->plant = FUZZ_PLANT_NONE;
	self->run.patience = PATIENCE;
	EXPECT_TRUE(fuzz_script_passes(&self->run, self->script))
	TH_LOG("%s", world->wrong);
}

FIXTURE(fuzz)
{
	struct fuzz_run run;
	struct fuzz_script *script;
};

FIXTURE_SETUP(fuzz)
{
	ASSERT_TRUE(fuzz_cover_init());
	ASSERT_TRUE(test_banks_empty());
	self->run.dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->run.dev);
	self->run.world = fuzz_world_create(self->run.dev);
	ASSERT_NE(NULL, self->run.world);
	self->run.patience = PATIENCE;
	self->script = calloc(1, sizeof(*self->script));
	ASSERT_NE(NULL, self->script);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(fuzz)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(fuzz, kept_scripts_pass, TEST_SLOW)
{
	DIR *dir = opendir(SCRIPTS);
	struct dirent *entry;
	char path[300];
	const char *what;
	unsigned int scripts = 0;

	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".script"))
			continue;
		snprintf(path, sizeof(path), SCRIPTS "/%s", entry->d_name);
		what = fuzz_script_read(self->script, path);
		ASSERT_EQ(NULL, what)
		TH_LOG("%s: %s", path, what);
		EXPECT_TRUE(fuzz_script_passes(&self->run, self->script))
		TH_LOG("%s: %s", path, self->run.world->wrong);
		ksft_print_msg("%s: %u steps\n", entry->d_name,
			       self->script->count);
		scripts++;
	}
	closedir(dir);
	EXPECT_LT(0, scripts);
	EXPECT_TRUE(fuzz_cover_write());
}

/* What failed, in as few steps as can be. */
static void explain(struct fuzz_run *run, struct fuzz_script *script)
{
	ksft_print_msg("%s; %u steps are made less\n", run->world->wrong,
		       script->count);
	show_counts(run->world);
	run->patience = PATIENCE_SHRINK;
	if (fuzz_script_passes(run, script)) {
		ksft_print_msg("done again, it does not fail\n");
		fuzz_script_show(script);
		return;
	}
	fuzz_script_shrink(run, script, SHRINK);
	fuzz_script_passes(run, script);
	ksft_print_msg("%s after:\n", run->world->wrong);
	fuzz_script_show(script);
}

TEST_F_TIMEOUT(fuzz, model_knows_what_comes_of_each_step, 24 * 3600)
{
	const unsigned int steps = number_from("MEMBANK_STEPS", STEPS);
	__u64 seed = number_from("MEMBANK_SEED", draw_seed(_metadata));
	const __u64 start = seconds(), end = start + ORDERED(seconds_left());
	unsigned long worlds = 0, done = 0;
	unsigned int op;
	bool failed;

	ASSERT_LE(steps, FUZZ_STEPS);
	ksft_print_msg("MEMBANK_SEED=%#llx\n", seed);
	do {
		fuzz_script_draw(&self->run, self->script, seed, steps);
		failed = self->run.world->wrong[0];
		done += self->script->count;
		worlds++;
		if (failed)
			ksft_print_msg("with MEMBANK_SEED=%#llx:\n", seed);
		seed++;
	} while (!failed && seconds() < end);
	ksft_print_msg("%lu steps in %lu worlds in %llu s\n", done, worlds,
		       seconds() - start);
	if (failed)
		explain(&self->run, self->script);
	else
		show_counts(self->run.world);
	EXPECT_FALSE(failed);
	for (op = 0; fuzz_op(op); op++)
		EXPECT_FALSE(never_does(self->run.world->counts[op]))
	TH_LOG("%s never succeeded", fuzz_op(op)->name);
	EXPECT_TRUE(fuzz_cover_write());
}

TEST_F_TIMEOUT(fuzz, banks_are_right_after_each_race, 24 * 3600)
{
	__u64 seed = number_from("MEMBANK_SEED", draw_seed(_metadata));
	struct race *race = race_create(self->run.world->nr_banks);
	unsigned long batches, kills, counts[FUZZ_ERRNOS];
	unsigned int op, error;
	bool passed;

	ASSERT_NE(NULL, race);
	signal(SIGCHLD, SIG_DFL);
	ksft_print_msg("MEMBANK_SEED=%#llx\n", seed);
	passed = race_run(race, seed, RACE_STEPS, seconds_left(), &batches,
			  &kills);
	ksft_print_msg("%lu steps, %lu pauses, %lu killed\n", race->taken,
		       batches, kills);
	for (op = 0; race_op(op); op++) {
		for (error = 0; error < FUZZ_ERRNOS; error++)
			counts[error] = race->counts[op][error];
		fuzz_show_counts(race_op(op)->name, counts);
		EXPECT_FALSE(never_does(counts))
		TH_LOG("%s never succeeded", race_op(op)->name);
	}
	EXPECT_TRUE(kills || batches < BATCHES);
	EXPECT_TRUE(passed)
	TH_LOG("%s", race->wrong);
	EXPECT_TRUE(fuzz_cover_write());
}

TEST_HARNESS_MAIN
