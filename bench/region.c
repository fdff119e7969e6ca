// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to attach a dataspace and to detach it, beside mmap() and
 * munmap() of the same descriptor, and how that grows with the regions that are
 * there already.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/membank.h>

/* In a round. */
#define PAIRS 20

/* As each other region is left out, all the rest stay separate VMAs. */
#define SPREAD 2

/* The regions that are there already, and what is measured, are low. */
#define CROWD_START 0x10000000000UL
#define START 0x20000000000UL

enum way { MMAP, ATTACH, WAYS };

/**
 * struct place - what is attached, or mapped
 * @dev: an open /dev/membank
 * @fd: the dataspace
 * @length: its bytes
 * @touches: whether the first byte is written
 * @witness: another mapping of this byte
 * @number: what was written last
 */
struct place {
	int dev;
	int fd;
	size_t length;
	bool touches;
	const unsigned char *witness;
	unsigned char number;
};

static const struct {
	size_t length;
	unsigned int align;
	const char *name;
} sizes[] = {
	{ 4 * KIB, 0, "4 KiB" },
	{ MIB, 0, "1 MiB" },
	{ 16 * MIB, 21, "16 MiB" },
};

#define SIZES ARRAY_SIZE(sizes)

static int allocate(int dev, size_t length, unsigned int align)
{
	struct membank_dataspace_alloc args = {
		.size = sizeof(args),
		.length = length,
		.align = align,
	};

	if (ioctl(dev, MEMBANK_IOC_DATASPACE_ALLOC, &args))
		err(1, "allocating %zu bytes", length);
	return args.out_fd;
}

static void attach(int dev, int fd, void *start)
{
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = fd,
		.start = (uintptr_t)start,
	};

	if (ioctl(dev, MEMBANK_IOC_REGION_ATTACH, &args))
		err(1, "attaching");
}

static void detach(int dev, void *start)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.addr = (uintptr_t)start,
	};

	if (ioctl(dev, MEMBANK_IOC_REGION_DETACH, &args))
		err(1, "detaching");
}

/* One pair, at the same address whichever way. */
static void run_pair(struct place *place, enum way way)
{
	unsigned char *start = (unsigned char *)START;

	if (way == ATTACH)
		attach(place->dev, place->fd, start);
	else if (mmap(start, place->length, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED_NOREPLACE, place->fd, 0) != start)
		err(1, "mapping");
	if (place->touches)
		__atomic_store_n(start, ++place->number, __ATOMIC_RELAXED);
	if (way == ATTACH)
		detach(place->dev, start);
	else if (munmap(start, place->length))
		err(1, "unmapping");
}

static void run_pairs(void *context, unsigned int way, unsigned int count)
{
	struct place *place = context;

	while (count--)
		run_pair(place, way);
	if (__atomic_load_n(place->witness, __ATOMIC_RELAXED) != place->number)
		errx(1, "what was written is not there");
}

static const struct bench bench = {
	.name = "region",
	.work = "attach or map a dataspace, and detach or unmap it",
	.ways = { [MMAP] = "mmap + munmap", [ATTACH] = "attach + detach" },
	.nr_ways = WAYS,
	.singles = true,
	.run = run_pairs,
};

/* Attaches the same page until there are as many regions as asked for. */
static unsigned int crowd(int dev, int fd, unsigned int from, unsigned int to)
{
	const size_t step = SPREAD * sysconf(_SC_PAGESIZE);

	for (; from < to; from++)
		attach(dev, fd, (char *)CROWD_START + from * step);
	return from;
}

/* Returns the number of the case. */
static int measure(struct place *place, const char *size, unsigned int regions,
		   int than)
{
	struct bench_case work = {
		.operations = bench_share(PAIRS),
		.than = than,
	};

	snprintf(work.name, sizeof(work.name), "%s, %s, %u regions", size,
		 place->touches ? "touched" : "untouched", regions);
	return bench_run(&work, place);
}

static void measure_size(int dev, size_t size, unsigned int regions, int *cases)
{
	struct place place = { .dev = dev, .length = sizes[size].length };
	int touches, ret;

	place.fd = allocate(dev, place.length, sizes[size].align);
	place.witness = mmap(NULL, 1, PROT_READ, MAP_SHARED, place.fd, 0);
	if (place.witness == MAP_FAILED)
		err(1, "mapping");
	for (touches = 0; touches < 2; touches++) {
		place.touches = touches;
		ret = measure(&place, sizes[size].name, regions,
			      cases[touches]);
		if (cases[touches] < 0)
			cases[touches] = ret;
	}
	munmap((void *)place.witness, 1);
	close(place.fd);
}

int main(int argc, char **argv)
{
	static const unsigned int crowds[] = { 10, 100, 1000, 10000 };
	size_t nr_crowds = ARRAY_SIZE(crowds);
	int cases[SIZES][2];
	unsigned int regions = 0;
	int dev, page;
	size_t i, size;

	bench_begin(&bench, argc, argv);
	if (bench_small())
		nr_crowds = 2;
	dev = open("/dev/membank", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		err(1, "/dev/membank");
	memset(cases, -1, sizeof(cases));
	page = allocate(dev, sysconf(_SC_PAGESIZE), 0);
	for (i = 0; i < nr_crowds; i++) {
		regions = crowd(dev, page, regions, crowds[i]);
		for (size = 0; size < SIZES; size++)
			measure_size(dev, size, regions, cases[size]);
	}
	bench_end();
	return 0;
}
