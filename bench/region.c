// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to attach a dataspace and to detach it, beside mmap() and
 * munmap() of the same descriptor, and how that grows with the regions that are
 * there already.
 *
 * usage: region [FOLDER]   the figures also go to FOLDER/region.json
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/membank.h>

#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))

#define KIB 1024UL
#define MIB (1024 * KIB)

/* Rounds of each case; the first ones only make all warm. */
#define WARM 10
#define ROUNDS 200
/* Pairs in a round, so many that reading the clock does not count. */
#define PAIRS 20

#define FEW 10
#define MANY 10000

/* As each other region is left out, all the rest stay separate VMAs. */
#define SPREAD 2

/* The regions that are there already, and what is measured, are low. */
#define CROWD_START 0x10000000000UL
#define PLACE 0x20000000000UL

enum way { ATTACH, MMAP, WAYS };

static const char *const way_names[WAYS] = { "attach+detach", "mmap+munmap" };

/**
 * struct figures - of one way in one case
 * @ns: of a pair, the mean of each round; in order once they are sorted
 * @count: how many
 */
struct figures {
	__u64 ns[ROUNDS];
	unsigned int count;
};

/**
 * struct measure - one case
 * @length: of the dataspace, in bytes
 * @touches: whether the first byte is written
 * @regions: that are attached already
 * @ways: the figures
 */
struct measure {
	size_t length;
	bool touches;
	unsigned int regions;
	struct figures ways[WAYS];
};

static const struct {
	size_t length;
	unsigned int align;
} sizes[] = {
	{ 4 * KIB, 0 },
	{ MIB, 0 },
	{ 16 * MIB, 21 },
};

#define SIZES ARRAY_SIZE(sizes)

static struct measure measures[2 * 2 * SIZES];

static __u64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

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
static void run_pair(int dev, int fd, const struct measure *measure,
		     enum way way)
{
	char *place = (char *)PLACE;

	if (way == ATTACH)
		attach(dev, fd, place);
	else if (mmap(place, measure->length, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) != place)
		err(1, "mapping");
	if (measure->touches)
		__atomic_store_n(place, 1, __ATOMIC_RELAXED);
	if (way == ATTACH)
		detach(dev, place);
	else if (munmap(place, measure->length))
		err(1, "unmapping");
}

/* Returns ns of a pair. */
static __u64 run_round(int dev, int fd, const struct measure *measure,
		       enum way way)
{
	const __u64 start = now();
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++)
		run_pair(dev, fd, measure, way);
	return (now() - start) / PAIRS;
}

/* Both ways take turns, and in each round another one begins. */
static void run_measure(int dev, int fd, struct measure *measure)
{
	unsigned int round, turn;
	__u64 ns;

	for (round = 0; round < WARM + ROUNDS; round++) {
		for (turn = 0; turn < WAYS; turn++) {
			const enum way way = (round + turn) % WAYS;
			struct figures *figures = &measure->ways[way];

			ns = run_round(dev, fd, measure, way);
			if (round >= WARM)
				figures->ns[figures->count++] = ns;
		}
	}
}

static int compare(const void *one, const void *other)
{
	const __u64 a = *(const __u64 *)one;
	const __u64 b = *(const __u64 *)other;

	return (a > b) - (a < b);
}

static __u64 percentile(const struct figures *figures, unsigned int percent)
{
	return figures->ns[(figures->count - 1) * percent / 100];
}

static double ratio(__u64 one, __u64 other)
{
	return (double)one / other;
}

/* Attaches the same page until there are as many regions as asked for. */
static unsigned int crowd(int dev, int fd, unsigned int from, unsigned int to)
{
	const size_t step = SPREAD * sysconf(_SC_PAGESIZE);

	for (; from < to; from++)
		attach(dev, fd, (char *)CROWD_START + from * step);
	return from;
}

static void sort(struct measure *measure)
{
	enum way way;

	for (way = 0; way < WAYS; way++)
		qsort(measure->ways[way].ns, measure->ways[way].count,
		      sizeof(measure->ways[way].ns[0]), compare);
}

static void measure_all(int dev)
{
	const int crowd_fd = allocate(dev, sysconf(_SC_PAGESIZE), 0);
	unsigned int regions = 0, phase, size, touches;
	struct measure *measure = measures;
	int fd;

	for (phase = 0; phase < 2; phase++) {
		regions = crowd(dev, crowd_fd, regions, phase ? MANY : FEW);
		for (size = 0; size < SIZES; size++) {
			fd = allocate(dev, sizes[size].length,
				      sizes[size].align);
			for (touches = 0; touches < 2; touches++, measure++) {
				measure->length = sizes[size].length;
				measure->touches = touches;
				measure->regions = regions;
				run_measure(dev, fd, measure);
				sort(measure);
			}
			close(fd);
		}
	}
}

/* How much the same takes with MANY regions, as a multiple of with FEW. */
static double growth(const struct measure *many, enum way way)
{
	const struct measure *few = many - 2 * SIZES;

	return ratio(percentile(&many->ways[way], 50),
		     percentile(&few->ways[way], 50));
}

static void print_way(const struct measure *measure, enum way way)
{
	const __u64 median = percentile(&measure->ways[way], 50);
	const __u64 p99 = percentile(&measure->ways[way], 99);
	const __u64 peer = percentile(&measure->ways[MMAP], 50);

	printf("%8zu %7d %8u  %-13s %10llu %10llu %7.2f", measure->length / KIB,
	       measure->touches, measure->regions, way_names[way], median, p99,
	       ratio(median, peer));
	if (measure->regions == MANY)
		printf(" %7.2f", growth(measure, way));
	printf("\n");
}

static void print_table(void)
{
	enum way way;
	size_t i;

	printf("%8s %7s %8s  %-13s %10s %10s %7s %7s\n", "length", "touched",
	       "regions", "way", "median", "p99", "ratio", "growth");
	printf("%8s %7s %8s  %-13s %10s %10s\n", "KiB", "pages", "", "",
	       "ns/pair", "ns/pair");
	for (i = 0; i < ARRAY_SIZE(measures); i++)
		for (way = 0; way < WAYS; way++)
			print_way(&measures[i], way);
}

static void print_json_way(FILE *file, const struct measure *measure,
			   enum way way)
{
	const struct figures *figures = &measure->ways[way];

	fprintf(file, "     \"%s\": {\"median\": %llu, \"p99\": %llu},\n",
		way_names[way], percentile(figures, 50),
		percentile(figures, 99));
}

static void print_json_case(FILE *file, const struct measure *measure,
			    bool last)
{
	enum way way;

	fprintf(file,
		"    {\"length\": %zu, \"touched\": %d, \"regions\": %u,\n",
		measure->length, measure->touches, measure->regions);
	for (way = 0; way < WAYS; way++)
		print_json_way(file, measure, way);
	fprintf(file, "     \"ratio\": %.3f}%s\n",
		ratio(percentile(&measure->ways[ATTACH], 50),
		      percentile(&measure->ways[MMAP], 50)),
		last ? "" : ",");
}

static void print_json(FILE *file)
{
	size_t i;

	fprintf(file, "{\n  \"unit\": \"ns per pair\",\n");
	fprintf(file, "  \"rounds\": %d,\n  \"pairs\": %d,\n", ROUNDS, PAIRS);
	fprintf(file, "  \"cases\": [\n");
	for (i = 0; i < ARRAY_SIZE(measures); i++)
		print_json_case(file, &measures[i],
				i + 1 == ARRAY_SIZE(measures));
	fprintf(file, "  ]\n}\n");
}

static void write_json(const char *folder)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/region.json", folder);
	file = fopen(path, "we");
	if (!file)
		err(1, "%s", path);
	print_json(file);
	if (fclose(file))
		err(1, "%s", path);
}

/* One processor, always the same. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "choosing a processor");
}

int main(int argc, char **argv)
{
	int dev;

	if (argc > 2)
		errx(2, "usage: region [FOLDER]");
	dev = open("/dev/membank", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		err(1, "/dev/membank");
	pin();
	measure_all(dev);
	print_table();
	if (argc == 2)
		write_json(argv[1]);
	return 0;
}
