/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a mapping is made: by entries of 2 MiB or by pages. Include it after
 * handle.h.
 */
#ifndef MEMBANK_SELFTESTS_SMAPS_H
#define MEMBANK_SELFTESTS_SMAPS_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "handle.h"

/* For test_alloc(): where entries of 2 MiB fit, and no larger than asked for. */
#define GRAIN_ORDER 21

/* A field of /proc/self/smaps for the mapping that begins there, in bytes. */
static inline __u64 smaps_field(const void *start, const char *field)
{
	unsigned long first, kib;
	__u64 bytes = TEST_NONE;
	char line[512], name[64];
	bool here = false;
	FILE *file = fopen("/proc/self/smaps", "re");

	if (!file)
		return TEST_NONE;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%*x %*4s", &first) == 1 &&
		    strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
			here = first == (uintptr_t)start;
		else if (here &&
			 sscanf(line, "%63[^:]: %lu", name, &kib) == 2 &&
			 !strcmp(name, field))
			bytes = kib * KIB;
	}
	fclose(file);
	return bytes;
}

/* How much of the mapping that begins there is by entries of 2 MiB. */
static inline __u64 smaps_huge(const void *start)
{
	return smaps_field(start, "FilePmdMapped");
}

/*
 * As a region: for these the address is chosen so that entries of 2 MiB fit.
 * The kernel does not ask a dma-buf when it chooses one for mmap(). Returns the
 * address or MAP_FAILED.
 */
static inline char *smaps_attach(int dev, int fd)
{
	char *mem = MAP_FAILED;

	handle_attach_anywhere(dev, fd, 0, 0, &mem);
	return mem;
}

#endif /* MEMBANK_SELFTESTS_SMAPS_H */
