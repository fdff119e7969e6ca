/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes of a world, and who hands out their steps.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_PROCESS_H
#define MEMBANK_SELFTESTS_FUZZ_PROCESS_H

#include "world.h"

struct fuzz_world *fuzz_world_create(int dev);
void fuzz_world_start(struct fuzz_world *world, int dev);
bool fuzz_world_do(struct fuzz_world *world, int dev,
		   const struct fuzz_step *step, unsigned int number,
		   unsigned int patience);
bool fuzz_world_end(struct fuzz_world *world, int dev, unsigned int patience);

#endif /* MEMBANK_SELFTESTS_FUZZ_PROCESS_H */
