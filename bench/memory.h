/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where measures get memory from: a bank, and what a kernel has beside it.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "bench.h"

/**
 * enum memory_source - who gives it
 * @MEMORY_EMPTY: memfd_create() alone, without a page: the floor for a descriptor
 * @MEMORY_MEMFD: memfd_create(), pages of 4 KiB at their first touch
 * @MEMORY_HUGETLB: the same with MFD_HUGETLB, pages of 2 MiB
 * @MEMORY_BANK: the first bank of membank
 * @MEMORY_OTHER_SIZE: likewise, but one page more and two pages more in turn: what
 *                     rests in the bank from the time before is of no use
 * @MEMORY_SYSTEM_HEAP: /dev/dma_heap/system
 * @MEMORY_CMA_HEAP: the heap of the default CMA area
 */
enum memory_source {
	MEMORY_EMPTY,
	MEMORY_MEMFD,
	MEMORY_HUGETLB,
	MEMORY_BANK,
	MEMORY_OTHER_SIZE,
	MEMORY_SYSTEM_HEAP,
	MEMORY_CMA_HEAP,
	MEMORY_SOURCES,
};

bool memory_open(enum memory_source source, size_t length);
int memory_get(enum memory_source source, size_t length);
void *memory_map(enum memory_source source, int fd, size_t length);
void memory_settle(enum memory_source source);

#endif /* MEMORY_H */
