/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which blocks of the module were reached, where the kernel has kcov and
 * MEMBANK_KCOV names the file to which that is written; else all of it does nothing.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_COVER_H
#define MEMBANK_SELFTESTS_FUZZ_COVER_H

#include <stdbool.h>

/**
 * struct fuzz_tracer - of one thread
 * @fd: kcov, -1: nothing is traced
 * @trace: what the kernel notes: how many addresses, and these
 */
struct fuzz_tracer {
	int fd;
	unsigned long *trace;
};

bool fuzz_cover_init(void);
void fuzz_cover_open(struct fuzz_tracer *tracer);
void fuzz_cover_begin(struct fuzz_tracer *tracer);
void fuzz_cover_take(struct fuzz_tracer *tracer);
bool fuzz_cover_write(void);

#endif /* MEMBANK_SELFTESTS_FUZZ_COVER_H */
