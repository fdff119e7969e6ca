// SPDX-License-Identifier: GPL-2.0-only
/*
 * pressure: how long it takes to get 1 MiB where others have 55 of them, in an idle
 * machine and in one whose memory a program has taken and goes on writing to. The
 * kernel lends the pages of a CMA area to such a program, and a heap has to move them
 * away again; those of a bank are nobody else's.
 */
#define _GNU_SOURCE
#include "memory.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH MIB
#define HELD 56
#define HELD_SMALL 8
/* What is left to others. */
#define LEFT (160 * MIB)
#define TAKEN_SMALL (16 * MIB)
#define PAGE (4 * KIB)
#define REST_US 20000

enum { BANK, SYSTEM_HEAP, CMA_HEAP, WAYS };

static const enum memory_source sources[WAYS] = {
	[BANK] = MEMORY_BANK,
	[SYSTEM_HEAP] = MEMORY_SYSTEM_HEAP,
	[CMA_HEAP] = MEMORY_CMA_HEAP,
};

/* What each way has, the oldest at next; -1: could not be had. */
static int held[WAYS][HELD];
static unsigned int next[WAYS];
static unsigned int nr_held = HELD;

static void renew(unsigned int way)
{
	int *oldest = &held[way][next[way]++ % nr_held];

	if (*oldest >= 0)
		close(*oldest);
	*oldest = memory_get(sources[way], LENGTH);
	if (*oldest < 0)
		bench_failed();
}

static void run(void *context, unsigned int way, unsigned int count)
{
	(void)context;
	while (count--)
		renew(way);
}

static void settle(void *context, unsigned int way)
{
	(void)context;
	memory_settle(sources[way]);
}

static const struct bench bench = {
	.name = "pressure",
	.work = "give the oldest MiB of many back and get another one",
	.ways = { [BANK] = "membank",
		  [SYSTEM_HEAP] = "dma-heap system",
		  [CMA_HEAP] = "dma-heap CMA" },
	.nr_ways = WAYS,
	.singles = true,
	.run = run,
	.settle = settle,
};

static size_t available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	size_t kib = 0;

	bench_need(file, "look at /proc/meminfo");
	while (!kib && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %zu", &kib);
	fclose(file);
	return kib * KIB;
}

/* Goes on for as long as the measure does, whenever nobody else wants to run. */
static void take_all(void *context)
{
	const struct sched_param idle = {};
	const size_t length = bench_small() ? TAKEN_SMALL : available() - LEFT;
	const int *told = context;
	unsigned char *memory;
	size_t i;

	bench_need(!sched_setscheduler(0, SCHED_IDLE, &idle), "stand back");
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bench_need(memory != MAP_FAILED, "map nearly all memory");
	bench_need(!madvise(memory, length, MADV_NOHUGEPAGE), "have pages");
	for (i = 0; i < length; i += PAGE)
		memory[i] = 1;
	bench_need(write(*told, "", 1) == 1, "tell");
	for (;;) {
		for (i = 0; i < length; i += PAGE)
			memory[i]++;
		usleep(REST_US);
	}
}

static void measure(const char *name, int than)
{
	struct bench_case work = {
		.operations = nr_held,
		.than = than,
		.targets = { { BENCH_FAILURES, BANK, BANK, 0 },
			     { BENCH_TAIL, BANK, BANK, 2 } },
		.nr_targets = than < 0 ? 1 : 2,
	};

	snprintf(work.name, sizeof(work.name), "%s", name);
	bench_run(&work, NULL);
}

int main(int argc, char **argv)
{
	const int other = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	unsigned int way;
	int told[2];
	pid_t pid;
	char byte;

	bench_begin(&bench, argc, argv);
	if (bench_small())
		nr_held = HELD_SMALL;
	memset(held, -1, sizeof(held));
	for (way = 0; way < WAYS; way++)
		if (!memory_open(sources[way], LENGTH))
			bench_absent(way);
	measure("idle", -1);
	bench_need(!pipe2(told, O_CLOEXEC), "make a pipe");
	pid = bench_start(take_all, &told[1], other);
	bench_need(read(told[0], &byte, 1) == 1, "wait for its memory");
	measure("under memory pressure", 0);
	bench_stop(pid);
	bench_end();
	return 0;
}
