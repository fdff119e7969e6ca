/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at the world: touching memory, and comparing what a process has, and
 * what the banks show, with the model.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_LOOK_H
#define MEMBANK_SELFTESTS_FUZZ_LOOK_H

#include "model.h"

/*
 * Milliseconds for what happens a moment later: as patient as who runs the script, but
 * never less than a busy machine may take for it.
 */
static inline int fuzz_late(const struct fuzz_world *world)
{
	return world->patience > 2000 ? world->patience : 2000;
}

void fuzz_look_init(void);
int fuzz_touch(__u64 addr, bool write, char *byte);
int fuzz_write(__u64 addr, const void *bytes, size_t length);
void fuzz_look(struct fuzz_world *world, unsigned int process, __u64 seed);
void fuzz_look_at_banks(struct fuzz_world *world, int dev,
			unsigned int patience);
void fuzz_look_at_debugfs(struct fuzz_world *world, unsigned int patience);

#endif /* MEMBANK_SELFTESTS_FUZZ_LOOK_H */
