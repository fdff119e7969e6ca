// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads: how getting memory and giving it back goes on with the threads that do
 * it at once, from one bank and from a bank each. The operations of a turn are
 * shared among them; with each thread bound to a processor, in turn.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (4 * KIB)
#define OPERATIONS 2000
#define MOST 8

enum { MEMFD, ONE_BANK, BANKS, WAYS };

/**
 * struct worker - a thread
 * @thread: the thread
 * @way: of the measure
 * @number: of the thread
 * @count: operations
 */
struct worker {
	pthread_t thread;
	unsigned int way;
	unsigned int number;
	unsigned int count;
};

static int banks[MOST];
static unsigned int nr_banks;

static int get(const struct worker *worker)
{
	int bank = worker->way == BANKS ? worker->number % nr_banks : 0;
	int fd = -1;

	if (worker->way == MEMFD)
		return memfd_create("bench", MFD_CLOEXEC);
	if (membank_dataspace_alloc(banks[bank], LENGTH, 0, 0, &fd))
		return -1;
	return fd;
}

static void *work_on(void *context)
{
	const struct worker *worker = context;
	unsigned int left = worker->count;
	int fd;

	while (left--) {
		fd = get(worker);
		bench_need(fd >= 0, "get memory");
		close(fd);
	}
	return NULL;
}

static void start(struct worker *worker)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_attr_t attr;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(worker->number % processors, &set);
	errno = pthread_attr_init(&attr);
	bench_need(!errno, "begin a thread");
	errno = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	bench_need(!errno, "bind a thread to a processor");
	errno = pthread_create(&worker->thread, &attr, work_on, worker);
	bench_need(!errno, "begin a thread");
	pthread_attr_destroy(&attr);
}

static void run(void *context, unsigned int way, unsigned int count)
{
	const unsigned int *nr_threads = context;
	struct worker workers[MOST];
	unsigned int i;

	for (i = 0; i < *nr_threads; i++) {
		workers[i] = (struct worker){
			.way = way,
			.number = i,
			.count = count / *nr_threads,
		};
		start(&workers[i]);
	}
	for (i = 0; i < *nr_threads; i++)
		pthread_join(workers[i].thread, NULL);
}

static const struct bench bench = {
	.name = "threads",
	.work = "get 4 KiB and give them back, by threads that share the operations",
	.ways = { [MEMFD] = "memfd_create + close",
		  [ONE_BANK] = "membank, one bank",
		  [BANKS] = "membank, a bank each" },
	.nr_ways = WAYS,
	.run = run,
};

static void open_banks(void)
{
	char number[16];
	int ret;

	for (nr_banks = 0; nr_banks < MOST; nr_banks++) {
		snprintf(number, sizeof(number), "%u", nr_banks);
		ret = membank_open(number, &banks[nr_banks]);
		if (ret && nr_banks)
			break;
		bench_need_ok(ret, MEMBANK_OPEN, "open the first bank");
	}
}

int main(int argc, char **argv)
{
	static const unsigned int numbers[] = { 1, 2, 4, MOST };
	unsigned int nr_threads;
	int first = -1, ret;
	size_t i;

	bench_begin(&bench, argc, argv);
	open_banks();
	if (nr_banks == 1)
		bench_absent(BANKS);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct bench_case work = {
			.operations = bench_share(OPERATIONS) / MOST * MOST,
			.than = first,
		};

		nr_threads = numbers[i];
		snprintf(work.name, sizeof(work.name), "%u thread%s",
			 nr_threads, nr_threads == 1 ? "" : "s");
		ret = bench_run(&work, &nr_threads);
		first = first < 0 ? ret : first;
	}
	bench_end();
	return 0;
}
