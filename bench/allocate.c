// SPDX-License-Identifier: GPL-2.0-only
/*
 * allocate: how long it takes to get memory and to give it back, by its size.
 * Nobody touches it. The floor is a descriptor without a page: memfd_create().
 */
#include "memory.h"

#include <stdio.h>
#include <unistd.h>

/* A heap clears all that it gives, which takes its time: so much in a turn. */
#define TURN (96 * MIB)
#define OPERATIONS 100

enum { MEMFD, BANK, OTHER_SIZE, SYSTEM_HEAP, CMA_HEAP, WAYS };

static const enum memory_source sources[WAYS] = {
	[MEMFD] = MEMORY_EMPTY,		  [BANK] = MEMORY_BANK,
	[OTHER_SIZE] = MEMORY_OTHER_SIZE, [SYSTEM_HEAP] = MEMORY_SYSTEM_HEAP,
	[CMA_HEAP] = MEMORY_CMA_HEAP,
};

static const struct {
	const char *name;
	size_t length;
} sizes[] = {
	{ "4 KiB", 4 * KIB }, { "64 KiB", 64 * KIB }, { "1 MiB", MIB },
	{ "4 MiB", 4 * MIB }, { "64 MiB", 64 * MIB }, { "256 MiB", 256 * MIB },
};

/* With --small: there need not be more than that in the bank. */
#define MOST_SMALL (4 * MIB)

static void run(void *context, unsigned int way, unsigned int count)
{
	const size_t *length = context;
	int fd;

	while (count--) {
		fd = memory_get(sources[way], *length);
		bench_need(fd >= 0, "get memory");
		close(fd);
	}
}

static const struct bench bench = {
	.name = "allocate",
	.work = "get memory, which is not touched, and give it back",
	.ways = { [MEMFD] = "memfd_create + close",
		  [BANK] = "membank",
		  [OTHER_SIZE] = "membank, another size",
		  [SYSTEM_HEAP] = "dma-heap system",
		  [CMA_HEAP] = "dma-heap CMA" },
	.nr_ways = WAYS,
	.singles = true,
	.run = run,
};

static unsigned int turn_of_heap(size_t length)
{
	return length < TURN ? bench_share(TURN / length) : 1;
}

/* Returns the number of the case. */
static int measure(size_t i, int than)
{
	size_t length = sizes[i].length;
	struct bench_case work = {
		.operations = bench_share(OPERATIONS),
		.most = { [SYSTEM_HEAP] = turn_of_heap(length),
			  [CMA_HEAP] = turn_of_heap(length) },
		.than = than,
		.targets = { { BENCH_RATIO, BANK, MEMFD, 1.25 } },
		.nr_targets = 1,
	};

	if (than >= 0)
		work.targets[work.nr_targets++] =
			(struct bench_target){ BENCH_GROWTH, BANK, BANK, 1.25 };
	if (length == 4 * MIB) {
		work.targets[work.nr_targets++] =
			(struct bench_target){ BENCH_RATIO, BANK, SYSTEM_HEAP,
					       0.01 };
		work.targets[work.nr_targets++] =
			(struct bench_target){ BENCH_RATIO, BANK, CMA_HEAP,
					       0.01 };
	}
	snprintf(work.name, sizeof(work.name), "%s", sizes[i].name);
	return bench_run(&work, &length);
}

int main(int argc, char **argv)
{
	size_t i;
	unsigned int way;
	int first;

	bench_begin(&bench, argc, argv);
	for (way = 0; way < WAYS; way++)
		if (!memory_open(sources[way], MIB))
			bench_absent(way);
	first = measure(0, -1);
	for (i = 1; i < ARRAY_SIZE(sizes); i++)
		if (!bench_small() || sizes[i].length <= MOST_SMALL)
			measure(i, first);
	bench_end();
	return 0;
}
