// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"
#include "cover.h"

#define SECTIONS "/sys/module/membank/sections"

/* Addresses that one step may reach; what is more is not noted. */
#define TRACE 65536UL

/* More bytes than the code of the module has. */
#define CODE MIB
#define SECTIONS_MAX 8

/**
 * struct cover - what all processes have reached
 * @base: the lowest address of the module's code
 * @sections: where each section of code begins, @nr_sections of them
 * @nr_sections: how many
 * @reached: for each byte from @base on, whether that address was noted
 */
struct cover {
	unsigned long base;
	struct section {
		char name[32];
		unsigned long start;
	} sections[SECTIONS_MAX];
	unsigned int nr_sections;
	atomic_bool reached[CODE];
};

/* In shared memory; NULL: nobody asked for it. */
static struct cover *cover;

static bool read_section(const char *name)
{
	struct section *section = &cover->sections[cover->nr_sections];
	char path[300];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), SECTIONS "/%s", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	ok = fscanf(file, "%lx", &section->start) == 1 && section->start;
	fclose(file);
	snprintf(section->name, sizeof(section->name), "%s", name);
	if (ok && (!cover->base || section->start < cover->base))
		cover->base = section->start;
	cover->nr_sections += ok;
	return ok;
}

/**
 * fuzz_cover_init() - find out whether, and where, anything is to be noted
 *
 * Return: false if it is, and cannot be.
 */
bool fuzz_cover_init(void)
{
	struct dirent *entry;
	DIR *dir;

	if (!getenv("MEMBANK_KCOV"))
		return true;
	cover = mmap(NULL, sizeof(*cover), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	dir = opendir(SECTIONS);
	if (cover == MAP_FAILED || !dir)
		return false;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, ".text", strlen(".text")) &&
		    cover->nr_sections < SECTIONS_MAX &&
		    !read_section(entry->d_name))
			return false;
	closedir(dir);
	return cover->nr_sections && !access("/sys/kernel/debug/kcov", R_OK);
}

/**
 * fuzz_cover_open() - get ready to trace a thread
 * @tracer: of the thread; zeroed, or that of a parent, which is let go
 */
void fuzz_cover_open(struct fuzz_tracer *tracer)
{
	const size_t length = TRACE * sizeof(unsigned long);

	if (!cover)
		return;
	if (tracer->trace) {
		munmap(tracer->trace, length);
		close(tracer->fd);
	}
	tracer->trace = NULL;
	tracer->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (tracer->fd < 0 || ioctl(tracer->fd, KCOV_INIT_TRACE, TRACE))
		return;
	tracer->trace = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			     tracer->fd, 0);
	if (tracer->trace == MAP_FAILED)
		tracer->trace = NULL;
}

/**
 * fuzz_cover_begin() - trace the calling thread
 * @tracer: of no other
 */
void fuzz_cover_begin(struct fuzz_tracer *tracer)
{
	if (cover && tracer->trace &&
	    ioctl(tracer->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		perror("KCOV_ENABLE");
}

/**
 * fuzz_cover_take() - note what was reached since the last time
 * @tracer: of the calling thread
 */
void fuzz_cover_take(struct fuzz_tracer *tracer)
{
	unsigned long i, count, at;

	if (!cover || !tracer->trace)
		return;
	count = __atomic_load_n(&tracer->trace[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count && i < TRACE; i++) {
		at = tracer->trace[i] - cover->base;
		if (at < CODE)
			atomic_store_explicit(&cover->reached[at], true,
					      memory_order_relaxed);
	}
	__atomic_store_n(&tracer->trace[0], 0, __ATOMIC_RELAXED);
}

/* The section that an address is in: the last one that begins before it. */
static const struct section *section_of(unsigned long addr)
{
	const struct section *found = NULL;
	unsigned int i;

	for (i = 0; i < cover->nr_sections; i++)
		if (cover->sections[i].start <= addr &&
		    (!found || cover->sections[i].start > found->start))
			found = &cover->sections[i];
	return found;
}

/**
 * fuzz_cover_write() - add what was reached to the file
 *
 * A line for each address: its section, and the byte of it. scripts/kcov makes a
 * table of these.
 *
 * Return: false if it cannot be written.
 */
bool fuzz_cover_write(void)
{
	const struct section *section;
	unsigned long at;
	FILE *file;

	if (!cover)
		return true;
	file = fopen(getenv("MEMBANK_KCOV"), "ae");
	if (!file)
		return false;
	for (at = 0; at < CODE; at++) {
		if (!cover->reached[at])
			continue;
		section = section_of(cover->base + at);
		fprintf(file, "%s %lx\n", section->name,
			cover->base + at - section->start);
	}
	return !fclose(file);
}
