// SPDX-License-Identifier: GPL-2.0-only
/*
 * pressure: how long it takes to get 56 pieces of 1 MiB in an idle machine, and in one
 * whose memory a program has taken and goes on writing to. All are given back after
 * each turn, and that program has as much for itself meanwhile: the kernel lends it
 * the pages of a CMA area, and a heap has to have them moved away again. Those of a
 * bank are nobody else's.
 */
#define _GNU_SOURCE
#include "memory.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH MIB
#define HELD 56
#define HELD_SMALL 8
/* What is left to others. */
#define LEFT (352 * MIB)
#define TAKEN_SMALL (16 * MIB)
/* What the program gives up and takes anew, more than a turn has given back. */
#define ANEW (2 * HELD * LENGTH + 16 * MIB)
#define PAGE (4 * KIB)
#define REST_MS 20

enum { BANK, SYSTEM_HEAP, CMA_HEAP, WAYS };

static const enum memory_source sources[WAYS] = {
	[BANK] = MEMORY_BANK,
	[SYSTEM_HEAP] = MEMORY_SYSTEM_HEAP,
	[CMA_HEAP] = MEMORY_CMA_HEAP,
};

/* What the way whose turn it is has got: as one after the other and one by one. */
static int held[2 * HELD];
static unsigned int nr_held;

/* The program that has the memory, if there is one: asks and answers. */
static int program = -1;

static bool has_cma_heap;

/* Pages that were moved in the turns of each way while there was one. */
static unsigned long moved[WAYS];

static void run(void *context, unsigned int way, unsigned int count)
{
	int fd;

	(void)context;
	while (count--) {
		fd = memory_get(sources[way], LENGTH);
		if (fd < 0)
			bench_failed();
		else
			held[nr_held++] = fd;
	}
}

static unsigned long pages_moved(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	unsigned long pages = 0;
	char line[128];

	bench_need(file, "look at /proc/vmstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "pgmigrate_success %lu", &pages) == 1)
			break;
	fclose(file);
	return pages;
}

/* How many the kernel had moved when the turn began. */
static unsigned long moved_before;

/* Has the program take what was given back. */
static void lend(void)
{
	char byte = 0;
	bool lent;

	lent = write(program, &byte, 1) == 1 && read(program, &byte, 1) == 1;
	bench_need(lent, "have the memory used by others");
	moved_before = pages_moved();
}

static void settle(void *context, unsigned int way)
{
	(void)context;
	if (program >= 0)
		moved[way] += pages_moved() - moved_before;
	while (nr_held)
		close(held[--nr_held]);
	memory_settle(sources[way]);
	if (program >= 0)
		lend();
}

static const struct bench bench = {
	.name = "pressure",
	.work = "get a MiB of many, which are given back together",
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

/* The first to be killed if that is too much. */
static void be_expendable(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "we");

	bench_need(file && fputs("1000", file) >= 0 && !fclose(file),
		   "be the first to be killed");
}

static void touch(unsigned char *memory, size_t length)
{
	size_t i;

	for (i = 0; i < length; i += PAGE)
		memory[i]++;
}

/* Writes to all of it, again and again, whenever nobody else wants to run. */
static void take_all(void *context)
{
	const struct sched_param idle = {};
	const size_t length = bench_small() ? TAKEN_SMALL : available() - LEFT;
	const size_t anew = length < ANEW ? length : ANEW;
	const int *asked = context;
	struct pollfd wait = { .fd = *asked, .events = POLLIN };
	unsigned char *memory;
	char byte = 0;

	be_expendable();
	bench_need(!sched_setscheduler(0, SCHED_IDLE, &idle), "stand back");
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bench_need(memory != MAP_FAILED, "map nearly all memory");
	bench_need(!madvise(memory, length, MADV_NOHUGEPAGE), "have pages");
	for (;;) {
		touch(memory, length);
		if (poll(&wait, 1, REST_MS) <= 0)
			continue;
		bench_need(read(*asked, &byte, 1) == 1, "be asked");
		bench_need(!madvise(memory, anew, MADV_DONTNEED), "give up");
		touch(memory, anew);
		bench_need(write(*asked, &byte, 1) == 1, "answer");
	}
}

static void measure(const char *name, int than)
{
	struct bench_case work = {
		.operations = bench_small() ? HELD_SMALL : HELD,
		.than = than,
		.targets = { { BENCH_FAILURES, BANK, BANK, 0 },
			     { BENCH_TAIL, BANK, BANK, 2 } },
		.nr_targets = than < 0 ? 1 : 2,
	};

	snprintf(work.name, sizeof(work.name), "%s", name);
	bench_run(&work, NULL);
}

/* A heap that has lent its pages has had some moved, else there was no pressure. */
static void report_moved(void)
{
	unsigned int way;

	printf("\npages that were moved away for whom, in all rounds under memory pressure:\n");
	for (way = 0; way < WAYS; way++)
		printf("  %-16s %10lu\n", bench.ways[way], moved[way]);
	if (has_cma_heap && !bench_small() && !moved[CMA_HEAP])
		errx(EXIT_FAILURE,
		     "the CMA heap has lent no page: there was no pressure");
}

int main(int argc, char **argv)
{
	const int other = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	unsigned int way;
	int pair[2];
	pid_t pid;

	bench_begin(&bench, argc, argv);
	for (way = 0; way < WAYS; way++)
		if (!memory_open(sources[way], LENGTH))
			bench_absent(way);
		else
			has_cma_heap |= way == CMA_HEAP;
	measure("idle", -1);
	if (!bench_small() && available() < 2 * LEFT)
		errx(EXIT_FAILURE,
		     "of %zu MiB that are available %lu are to be left to others: the machine is too small",
		     available() / MIB, LEFT / MIB);
	bench_need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
		   "make a pair of sockets");
	pid = bench_start(take_all, &pair[1], other);
	program = pair[0];
	lend();
	measure("under memory pressure", 0);
	bench_stop(pid);
	bench_end();
	report_moved();
	return 0;
}
