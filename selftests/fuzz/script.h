/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scripts: steps as text, one a line, and what they come to; and how one that
 * fails is made short.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_SCRIPT_H
#define MEMBANK_SELFTESTS_FUZZ_SCRIPT_H

#include "process.h"

#define FUZZ_STEPS 1024

/**
 * struct fuzz_script - what is done in one world
 * @steps: @count of them
 * @count: how many
 */
struct fuzz_script {
	struct fuzz_step steps[FUZZ_STEPS];
	unsigned int count;
};

/**
 * struct fuzz_run - how scripts are run
 * @world: in which world, again and again
 * @dev: a node
 * @patience: milliseconds until the figures of the banks must be right
 */
struct fuzz_run {
	struct fuzz_world *world;
	int dev;
	unsigned int patience;
};

const char *fuzz_script_read(struct fuzz_script *script, const char *path);
void fuzz_script_show(const struct fuzz_script *script);
bool fuzz_script_passes(struct fuzz_run *run, struct fuzz_script *script);
void fuzz_script_draw(struct fuzz_run *run, struct fuzz_script *script,
		      __u64 seed, unsigned int steps);
void fuzz_script_shrink(struct fuzz_run *run, struct fuzz_script *script,
			unsigned int seconds);

#endif /* MEMBANK_SELFTESTS_FUZZ_SCRIPT_H */
