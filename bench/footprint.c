// SPDX-License-Identifier: GPL-2.0-only
/*
 * footprint: the kernel's memory that one object takes, by /proc/slabinfo: so many
 * of a kind are made, and what the caches have more then is shared out. It wants to
 * be root, and a kernel that was started with slab_nomerge, for caches of one kind of
 * object each.
 *
 * What a file costs anywhere (itself, its name and its inode), a mapping, and a
 * dma-buf, is told apart; the rest may be LIMIT at most.
 */
#define _GNU_SOURCE
#include "memory.h"

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#define COUNT 4096
#define COUNT_SMALL 128
#define CACHES 512
#define NAME 64
#define LIMIT 1024

/* A cache has so many more or fewer for another reason: in parts of an object. */
#define NOISE 0.02

/* Regions are not next to each other, so each is one. */
#define START 0x10000000000UL
#define STEP (64 * KIB)

#define LENGTH (4 * KIB)

/**
 * struct cache - of the kernel's
 * @name: its name
 * @objects: that are in use
 * @size: bytes of each
 */
struct cache {
	char name[NAME];
	double objects;
	double size;
};

/**
 * struct caches - all of them at one moment
 * @list: in the order of the kernel
 * @count: how many
 */
struct caches {
	struct cache list[CACHES];
	unsigned int count;
};

/**
 * struct kind - of object
 * @name: what it is
 * @ours: of membank, and the rest is judged
 * @dmabuf: it is a dma-buf
 * @prepare: before the first is made; NULL: nothing
 * @make: makes one, or ends the program; returns its descriptor, -1 if it has none
 */
struct kind {
	const char *name;
	bool ours;
	bool dmabuf;
	void (*prepare)(void);
	int (*make)(unsigned int number);
};

static unsigned int count = COUNT;
static int dev;
/* What @prepare has made for all of a kind. */
static int shared;

/* ------------------------------------------------------------- the kinds */

static void need_ok(int ret, enum membank_operation operation, const char *what)
{
	bench_need_ok(ret, operation, what);
}

static int need_another(int fd)
{
	bench_need(fd >= 0, "make another");
	return fd;
}

static int make_eventfd(unsigned int number)
{
	(void)number;
	return need_another(eventfd(0, EFD_CLOEXEC));
}

static int make_memfd(unsigned int number)
{
	(void)number;
	return need_another(memory_get(MEMORY_EMPTY, 0));
}

static int make_heap_buffer(unsigned int number)
{
	(void)number;
	return need_another(memory_get(MEMORY_SYSTEM_HEAP, LENGTH));
}

static int make_dataspace(unsigned int number)
{
	(void)number;
	return need_another(memory_get(MEMORY_BANK, LENGTH));
}

static void prepare_dataspace(void)
{
	shared = make_dataspace(0);
}

static int make_handle(unsigned int number)
{
	int fd;

	(void)number;
	need_ok(membank_dataspace_derive(dev, shared, MEMBANK_DATASPACE_READ,
					 &fd),
		MEMBANK_DERIVE, "derive a dataspace");
	return fd;
}

static int make_notifier(unsigned int number)
{
	int fd;

	(void)number;
	need_ok(membank_notifier_create(dev, &fd), MEMBANK_NOTIFY,
		"make a notifier");
	return fd;
}

static void prepare_notifier(void)
{
	shared = make_notifier(0);
}

static int make_receiver(unsigned int number)
{
	int fd;

	(void)number;
	need_ok(membank_notifier_derive(shared, MEMBANK_NOTIFIER_RECEIVE, &fd),
		MEMBANK_NOTIFY, "derive a notifier");
	return fd;
}

static int make_service(unsigned int number)
{
	const struct membank_offer offer = {
		.fd = shared,
		.rights = MEMBANK_NOTIFIER_TRIGGER,
	};
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "footprint-%u", number);
	need_ok(membank_service_register(dev, name, &offer, 1, 0200, &fd),
		MEMBANK_REGISTER, "register a service");
	return fd;
}

static void prepare_service(void)
{
	prepare_notifier();
	shared = make_service(COUNT);
}

/* Its descriptor of the notifier is closed: that has a line of its own. */
static int make_connection(unsigned int number)
{
	struct membank_service_event event;
	struct membank_offer offer;
	unsigned int offers = 1;
	char name[32];
	int fd;

	(void)number;
	snprintf(name, sizeof(name), "footprint-%u", COUNT);
	need_ok(membank_service_connect(dev, name, 0, &offer, &offers, NULL,
					&fd),
		MEMBANK_CONNECT, "connect to a service");
	close(offer.fd);
	need_ok(membank_service_read_event(shared, &event), MEMBANK_REGISTER,
		"read an event");
	return fd;
}

static void *place_of(unsigned int number)
{
	return (void *)(START + number * STEP);
}

static int make_mapping(unsigned int number)
{
	bench_need(mmap(place_of(number), LENGTH, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, shared,
			0) == place_of(number),
		   "map");
	return -1;
}

static int make_region(unsigned int number)
{
	void *start = place_of(number);

	need_ok(membank_region_attach(dev, shared, 0, LENGTH, 0, 0, NULL,
				      &start),
		MEMBANK_ATTACH, "attach");
	return -1;
}

static const struct kind kinds[] = {
	{ "eventfd", false, false, NULL, make_eventfd },
	{ "memfd", false, false, NULL, make_memfd },
	{ "dma-buf of the system heap", false, false, NULL, make_heap_buffer },
	{ "mapping, by mmap", false, false, prepare_dataspace, make_mapping },
	{ "dataspace", true, true, NULL, make_dataspace },
	{ "descriptor of a dataspace", true, true, prepare_dataspace,
	  make_handle },
	{ "region", true, false, prepare_dataspace, make_region },
	{ "notifier", true, false, NULL, make_notifier },
	{ "descriptor of a notifier", true, false, prepare_notifier,
	  make_receiver },
	{ "service", true, false, prepare_notifier, make_service },
	{ "connection", true, false, prepare_service, make_connection },
};

/* ------------------------------------------------------------- measuring */

static void read_caches(struct caches *caches)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	struct cache *cache;
	char line[512];

	bench_need(file, "read /proc/slabinfo (as root)");
	caches->count = 0;
	while (fgets(line, sizeof(line), file)) {
		cache = &caches->list[caches->count];
		if (sscanf(line, "%63s %lf %*u %lf", cache->name,
			   &cache->objects, &cache->size) != 3)
			continue;
		if (++caches->count == CACHES)
			errx(EXIT_FAILURE, "there are too many caches");
	}
	fclose(file);
}

/* What every file, every mapping or every dma-buf has from the kernel. */
static bool is_of_all(const struct kind *kind, const char *name)
{
	static const char *const names[] = {
		"filp",		  "dentry",
		"inode_cache",	  "shmem_inode_cache",
		"vm_area_struct", "maple_node",
		"vma_lock",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	/* A struct dma_buf is not charged to a control group; what is ours is. */
	return kind->dmabuf && !strncmp(name, "kmalloc-", 8) &&
	       strncmp(name, "kmalloc-cg-", 11);
}

/**
 * struct share - of one object
 * @all: bytes
 * @rest: of these, what is not that of any file or mapping
 */
struct share {
	double all;
	double rest;
};

static struct share share_out(const struct kind *kind,
			      const struct caches *before,
			      const struct caches *after, FILE *file)
{
	struct share share = {};
	unsigned int i, told = 0;
	double objects;

	if (before->count != after->count)
		errx(EXIT_FAILURE,
		     "another cache was made meanwhile; try it again");
	for (i = 0; i < after->count; i++) {
		objects = (after->list[i].objects - before->list[i].objects) /
			  count;
		if (objects < NOISE)
			continue;
		share.all += objects * after->list[i].size;
		if (!is_of_all(kind, after->list[i].name))
			share.rest += objects * after->list[i].size;
		if (file)
			fprintf(file, "%s\"%s\": [%.2f, %.0f]",
				told++ ? ", " : "", after->list[i].name,
				objects, after->list[i].size);
	}
	return share;
}

static void unmap_all(void)
{
	munmap(place_of(0), count * STEP);
}

/*
 * What was closed before is freed a while later, and kept at hand by each processor,
 * where it counts as in use, unless the caches are told to give all of that back.
 */
static void let_settle(void)
{
	glob_t found;
	size_t i;
	int fd;

	sleep(1);
	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		fd = open(found.gl_pathv[i], O_WRONLY | O_CLOEXEC);
		bench_need(fd >= 0, "open a cache (as root)");
		bench_need(write(fd, "1", 1) == 1, "have a cache shrink");
		close(fd);
	}
	globfree(&found);
}

static const char *verdict(const struct kind *kind, double rest)
{
	if (!kind->ours)
		return "";
	return rest <= LIMIT ? "   met" : "   missed";
}

static void measure(const struct kind *kind, FILE *file)
{
	static struct caches before, after;
	static int fds[COUNT];
	struct share share;
	unsigned int i;

	if (kind->prepare)
		kind->prepare();
	let_settle();
	read_caches(&before);
	for (i = 0; i < count; i++)
		fds[i] = kind->make(i);
	let_settle();
	read_caches(&after);
	if (file)
		fprintf(file, "    {\"name\": \"%s\", \"caches\": {",
			kind->name);
	share = share_out(kind, &before, &after, file);
	if (file)
		fprintf(file,
			"},\n     \"bytes\": %.0f, \"rest\": %.0f, \"ours\": %s}%s\n",
			share.all, share.rest, kind->ours ? "true" : "false",
			kind + 1 == kinds + ARRAY_SIZE(kinds) ? "" : ",");
	printf("%-28s %8.0f %8.0f%s\n", kind->name, share.all, share.rest,
	       verdict(kind, share.rest));
	for (i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	unmap_all();
}

static void read_options(int argc, char **argv, const char **json)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "small", no_argument, NULL, 's' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'j')
			*json = optarg;
		else if (option == 's')
			count = COUNT_SMALL;
		else
			optind = argc + 1;
	}
	if (optind != argc)
		errx(2, "usage: footprint [--small] [--json FILE]");
}

/* Whether each kind of object has a cache for itself. */
static bool has_caches_apart(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");

	bench_need(file && fgets(line, sizeof(line), file),
		   "read the kernel's command line");
	fclose(file);
	return strstr(line, "slab_nomerge");
}

static FILE *begin_json(const char *path)
{
	struct utsname names;
	char sources[64];
	FILE *file;

	if (!path)
		return NULL;
	file = fopen(path, "we");
	bench_need(file, "write the figures");
	uname(&names);
	bench_sources(sources, sizeof(sources));
	fprintf(file, "{\n  \"measure\": \"footprint\",\n");
	fprintf(file, "  \"module\": \"%s\",\n  \"kernel\": \"%s\",\n", sources,
		names.release);
	fprintf(file, "  \"limit\": %d,\n  \"kinds\": [\n", LIMIT);
	return file;
}

int main(int argc, char **argv)
{
	const struct rlimit limit = { 65536, 65536 };
	const char *json = NULL;
	FILE *file;
	size_t i;

	read_options(argc, argv, &json);
	bench_need(!setrlimit(RLIMIT_NOFILE, &limit),
		   "have so many descriptors (as root)");
	/* So that the table of descriptors does not grow meanwhile. */
	bench_need(dup2(STDOUT_FILENO, limit.rlim_cur - 1) >= 0,
		   "have a descriptor");
	need_ok(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	memory_open(MEMORY_BANK, LENGTH);
	file = begin_json(json);
	printf("footprint: bytes of the kernel's memory for one of %u\n",
	       count);
	printf("beyond: without what any file, mapping or dma-buf has; to reach: at most %d\n\n",
	       LIMIT);
	if (!has_caches_apart())
		printf("caches are shared, so others may be counted; not with slab_nomerge\n\n");
	printf("%-28s %8s %8s\n", "", "all", "beyond");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].make != make_heap_buffer ||
		    memory_open(MEMORY_SYSTEM_HEAP, LENGTH))
			measure(&kinds[i], file);
	if (file) {
		fprintf(file, "  ]\n}\n");
		bench_need(!fclose(file), "write the figures");
	}
	return 0;
}
