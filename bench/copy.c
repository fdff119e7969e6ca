// SPDX-License-Identifier: GPL-2.0-only
/*
 * copy: how fast bytes come into memory, and out of it, through a mapping.
 */
#include "memory.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LENGTH (32 * MIB)
#define LENGTH_SMALL MIB
/*
 * At a time, as programs copy: for much more a library has ways that pass by the
 * caches, and which of them it takes depends on the addresses.
 */
#define PIECE (64 * KIB)

enum { SHARED, HUGETLB, BANK, SYSTEM_HEAP, ANONYMOUS, WAYS };

enum work { FILL, COPY_IN, COPY_OUT, WORKS };

static const enum memory_source sources[WAYS] = {
	[SHARED] = MEMORY_MEMFD,
	[HUGETLB] = MEMORY_HUGETLB,
	[BANK] = MEMORY_BANK,
	[SYSTEM_HEAP] = MEMORY_SYSTEM_HEAP,
};

/* What each way has mapped, and memory of the process's own. */
static unsigned char *memories[WAYS];
static unsigned char *own;
static unsigned char number;
static size_t length = LENGTH;

static void need_last(const unsigned char *memory)
{
	if (memory[0] != number || memory[length - 1] != number)
		errx(EXIT_FAILURE, "what was written is not there");
}

static void fill(unsigned char *memory)
{
	size_t i;

	for (i = 0; i < length; i += PIECE)
		memset(memory + i, number, PIECE);
}

static void copy(unsigned char *to, const unsigned char *from)
{
	size_t i;

	for (i = 0; i < length; i += PIECE)
		memcpy(to + i, from + i, PIECE);
}

static void run(void *context, unsigned int way, unsigned int count)
{
	unsigned char *memory = memories[way];

	while (count--) {
		number++;
		switch (*(const enum work *)context) {
		case FILL:
			fill(memory);
			break;
		case COPY_IN:
			own[0] = number;
			own[length - 1] = number;
			copy(memory, own);
			break;
		case COPY_OUT:
			memory[0] = number;
			memory[length - 1] = number;
			copy(own, memory);
			need_last(own);
			break;
		case WORKS:
			break;
		}
		need_last(memory);
	}
}

static const struct bench bench = {
	.name = "copy",
	.work = "fill and copy memory through a mapping",
	.ways = { [SHARED] = "shared memory",
		  [HUGETLB] = "hugetlbfs",
		  [BANK] = "membank",
		  [SYSTEM_HEAP] = "dma-heap system",
		  [ANONYMOUS] = "anonymous memory" },
	.nr_ways = WAYS,
	.run = run,
};

static unsigned char *anonymous(void)
{
	unsigned char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	bench_need(memory != MAP_FAILED, "map memory of its own");
	memset(memory, 1, length);
	return memory;
}

static void open_way(unsigned int way)
{
	int fd;

	if (way == ANONYMOUS) {
		memories[way] = anonymous();
		return;
	}
	if (!memory_open(sources[way], length)) {
		bench_absent(way);
		return;
	}
	fd = memory_get(sources[way], length);
	bench_need(fd >= 0, "get memory");
	memories[way] = memory_map(sources[way], fd, length);
	bench_need(memories[way] != MAP_FAILED, "map it");
}

int main(int argc, char **argv)
{
	static const char *const names[WORKS] = {
		[FILL] = "fill",
		[COPY_IN] = "copy into it",
		[COPY_OUT] = "copy out of it",
	};
	unsigned int way;
	enum work work;

	bench_begin(&bench, argc, argv);
	if (bench_small())
		length = LENGTH_SMALL;
	for (way = 0; way < WAYS; way++)
		open_way(way);
	own = anonymous();
	for (work = 0; work < WORKS; work++) {
		struct bench_case the_case = {
			.operations = 1,
			.bytes = length,
			.than = -1,
			.targets = { { BENCH_RATIO, BANK, HUGETLB, 0.98 } },
			.nr_targets = 1,
		};

		snprintf(the_case.name, sizeof(the_case.name), "%s, %zu MiB",
			 names[work], length / MIB);
		bench_run(&the_case, &work);
	}
	bench_end();
	return 0;
}
