// SPDX-License-Identifier: GPL-2.0-only
/*
 * touch: how long it takes until fresh memory is there to be used: it is
 * got, mapped, each page of it written once, and given back. A bank's memory is
 * cleared before its next user wants it, when there is time; the other case waits
 * until that is done, too.
 */
#include "memory.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define LENGTH (256 * MIB)
#define LENGTH_SMALL (4 * MIB)
#define BLOCK (2 * MIB)
#define PAGE (4 * KIB)

enum { SHARED, HUGETLB, BANK, SYSTEM_HEAP, CMA_HEAP, WAYS };

static const enum memory_source sources[WAYS] = {
	[HUGETLB] = MEMORY_HUGETLB,   [BANK] = MEMORY_BANK,
	[SHARED] = MEMORY_MEMFD,      [SYSTEM_HEAP] = MEMORY_SYSTEM_HEAP,
	[CMA_HEAP] = MEMORY_CMA_HEAP,
};

static size_t length = LENGTH;

static long minor_faults(void)
{
	struct rusage usage;

	bench_need(!getrusage(RUSAGE_SELF, &usage), "count the faults");
	return usage.ru_minflt;
}

/* One for each block, and a few of the program itself at most. */
static long faults_most(void)
{
	return 2 * length / BLOCK - 1;
}

/* Old bytes would be seen here. */
static void write_all(unsigned char *memory)
{
	size_t i;

	for (i = 0; i < length; i += PAGE) {
		if (memory[i])
			errx(EXIT_FAILURE, "memory is not fresh");
		memory[i] = 1;
	}
}

static void run(void *context, unsigned int way, unsigned int count)
{
	const bool *settles = context;
	unsigned char *memory;
	long before, faults;
	int fd;

	while (count--) {
		fd = memory_get(sources[way], length);
		bench_need(fd >= 0, "get memory");
		memory = memory_map(sources[way], fd, length);
		bench_need(memory != MAP_FAILED, "map it");
		before = minor_faults();
		write_all(memory);
		faults = minor_faults() - before;
		if (way == BANK && faults > faults_most())
			errx(EXIT_FAILURE,
			     "there were %ld faults: it was not mapped by 2 MiB",
			     faults);
		munmap(memory, length);
		close(fd);
		if (*settles)
			memory_settle(sources[way]);
	}
}

static void settle(void *context, unsigned int way)
{
	(void)context;
	memory_settle(sources[way]);
}

static const struct bench bench = {
	.name = "touch",
	.work = "get fresh memory, write a byte in each page, give it back",
	.ways = { [SHARED] = "shared memory",
		  [HUGETLB] = "hugetlbfs",
		  [BANK] = "membank",
		  [SYSTEM_HEAP] = "dma-heap system",
		  [CMA_HEAP] = "dma-heap CMA" },
	.nr_ways = WAYS,
	.run = run,
	.settle = settle,
};

int main(int argc, char **argv)
{
	struct bench_case work = {
		.operations = 1,
		.than = -1,
		.targets = { { BENCH_RATIO, BANK, HUGETLB, 0.05 } },
		.nr_targets = 1,
	};
	unsigned int way;
	bool settles = false;

	bench_begin(&bench, argc, argv);
	if (bench_small())
		length = LENGTH_SMALL;
	for (way = 0; way < WAYS; way++)
		if (!memory_open(sources[way], length))
			bench_absent(way);
	snprintf(work.name, sizeof(work.name), "%zu MiB, until it is used",
		 length / MIB);
	bench_run(&work, &settles);
	settles = true;
	snprintf(work.name, sizeof(work.name),
		 "%zu MiB, until it is clear again", length / MIB);
	work.nr_targets = 0;
	bench_run(&work, &settles);
	bench_end();
	return 0;
}
