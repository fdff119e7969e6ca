// SPDX-License-Identifier: GPL-2.0-only
/*
 * live: how long it takes to get 4 KiB and to give them back when few and when
 * many others are there already.
 */
#include "memory.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define OPERATIONS 100
#define LENGTH (4 * KIB)

enum { MEMFD, BANK, OTHER_SIZE, WAYS };

static const enum memory_source sources[WAYS] = {
	[MEMFD] = MEMORY_EMPTY,
	[BANK] = MEMORY_BANK,
	[OTHER_SIZE] = MEMORY_OTHER_SIZE,
};

static void run(void *context, unsigned int way, unsigned int count)
{
	int fd;

	(void)context;
	while (count--) {
		fd = memory_get(sources[way], LENGTH);
		bench_need(fd >= 0, "get memory");
		close(fd);
	}
}

static const struct bench bench = {
	.name = "live",
	.work = "get 4 KiB and give them back, while others are there",
	.ways = { [MEMFD] = "memfd_create + close",
		  [BANK] = "membank",
		  [OTHER_SIZE] = "membank, another size" },
	.nr_ways = WAYS,
	.singles = true,
	.run = run,
};

static void crowd(unsigned int from, unsigned int to)
{
	unsigned int way;

	for (; from < to; from++)
		for (way = MEMFD; way <= BANK; way++)
			bench_need(memory_get(sources[way], LENGTH) >= 0,
				   "get memory that stays");
}

int main(int argc, char **argv)
{
	static const unsigned int crowds[] = { 10, 100, 1000, 10000 };
	const struct rlimit limit = { 65536, 65536 };
	size_t nr_crowds = ARRAY_SIZE(crowds);
	unsigned int way, there = 0;
	int first = -1, ret;
	size_t i;

	bench_begin(&bench, argc, argv);
	if (bench_small())
		nr_crowds = 2;
	bench_need(!setrlimit(RLIMIT_NOFILE, &limit),
		   "have so many descriptors (as root)");
	for (way = 0; way < WAYS; way++)
		memory_open(sources[way], LENGTH);
	for (i = 0; i < nr_crowds; i++) {
		struct bench_case work = {
			.operations = bench_share(OPERATIONS),
			.than = first,
			.targets = { { BENCH_GROWTH, BANK, BANK, 1.5 },
				     { BENCH_GROWTH, OTHER_SIZE, OTHER_SIZE,
				       1.5 } },
			.nr_targets = first >= 0 ? 2 : 0,
		};

		crowd(there, crowds[i]);
		there = crowds[i];
		snprintf(work.name, sizeof(work.name), "beside %u", there);
		ret = bench_run(&work, NULL);
		first = first < 0 ? ret : first;
	}
	bench_end();
	return 0;
}
