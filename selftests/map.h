/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the region map share: its commands as calls that return 0 or
 * a negative errno, and a picture of what is where. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_MAP_H
#define MEMBANK_SELFTESTS_MAP_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define SEARCH MEMBANK_REGION_SEARCH_ADDR
#define OVERMAP MEMBANK_REGION_OVERMAP
#define IN_AREA MEMBANK_REGION_IN_AREA
#define READ_ONLY MEMBANK_REGION_READ_ONLY
#define NO_ALIAS MEMBANK_REGION_NO_ALIAS
#define PAGER MEMBANK_REGION_PAGER
#define RESERVED MEMBANK_REGION_RESERVED
#define EAGER MEMBANK_REGION_EAGER_MAP

/* All of a dataspace; the caller may change what it likes. */
static inline struct membank_region_attach map_args(int fd, const void *start,
						    __u32 flags)
{
	struct membank_region_attach args;

	memset(&args, TEST_JUNK, sizeof(args));
	args.size = sizeof(args);
	args.fd = fd;
	args.start = (uintptr_t)start;
	args.length = 0;
	args.offset = 0;
	args.flags = flags;
	args.align = 0;
	return args;
}

/* *mem is left alone when it fails. */
static inline int map_attach(int dev, struct membank_region_attach args,
			     void *mem)
{
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_ATTACH, &args);

	if (!ret)
		*(void **)mem = (void *)(uintptr_t)args.out_start;
	return ret;
}

/* The first @length bytes of a dataspace. */
static inline int map_attach_part(int dev, int fd, const void *start,
				  __u64 length, __u32 flags, void *mem)
{
	struct membank_region_attach args = map_args(fd, start, flags);

	args.length = length;
	return map_attach(dev, args, mem);
}

/* With a @length of 0 the region that holds @addr. */
static inline int map_detach_range(int dev, const void *addr, __u64 length,
				   __u32 flags,
				   struct membank_region_detach *args)
{
	memset(args, TEST_JUNK, sizeof(*args));
	args->size = sizeof(*args);
	args->flags = flags;
	args->addr = (uintptr_t)addr;
	args->length = length;
	args->__reserved = 0;
	return test_ioctl(dev, MEMBANK_IOC_REGION_DETACH, args);
}

static inline int map_detach(int dev, const void *addr,
			     struct membank_region_detach *args)
{
	return map_detach_range(dev, addr, 0, 0, args);
}

/* With a @length of 0 what holds @addr. */
static inline int map_find_range(int dev, const void *addr, __u64 length,
				 struct membank_region_find *args)
{
	memset(args, TEST_JUNK, sizeof(*args));
	args->size = sizeof(*args);
	args->flags = 0;
	args->addr = (uintptr_t)addr;
	args->length = length;
	return test_ioctl(dev, MEMBANK_IOC_REGION_FIND, args);
}

static inline int map_find(int dev, const void *addr,
			   struct membank_region_find *args)
{
	return map_find_range(dev, addr, 0, args);
}

/* What of @entries has room for them is filled, the rest is left as it is. */
static inline int map_list(int dev, const void *start, __u64 length,
			   struct membank_region_entry *entries, __u32 room,
			   struct membank_region_list *args)
{
	memset(args, TEST_JUNK, sizeof(*args));
	args->size = sizeof(*args);
	args->flags = 0;
	args->start = (uintptr_t)start;
	args->length = length;
	args->entries = (uintptr_t)entries;
	args->nr_entries = room;
	args->entry_size = sizeof(*entries);
	args->__reserved = 0;
	return test_ioctl(dev, MEMBANK_IOC_REGION_LIST, args);
}

/* *mem is left alone when it fails. */
static inline int map_reserve_aligned(int dev, const void *start, __u64 length,
				      __u32 flags, __u32 align, void *mem)
{
	struct membank_area_reserve args;
	int ret;

	memset(&args, TEST_JUNK, sizeof(args));
	args.size = sizeof(args);
	args.flags = flags;
	args.start = (uintptr_t)start;
	args.length = length;
	args.align = align;
	args.__reserved = 0;
	ret = test_ioctl(dev, MEMBANK_IOC_AREA_RESERVE, &args);
	if (!ret)
		*(void **)mem = (void *)(uintptr_t)args.out_start;
	return ret;
}

static inline int map_reserve(int dev, const void *start, __u64 length,
			      __u32 flags, void *mem)
{
	return map_reserve_aligned(dev, start, length, flags, 0, mem);
}

static inline int map_free(int dev, const void *addr,
			   struct membank_area_free *args)
{
	memset(args, TEST_JUNK, sizeof(*args));
	args->size = sizeof(*args);
	args->flags = 0;
	args->addr = (uintptr_t)addr;
	return test_ioctl(dev, MEMBANK_IOC_AREA_FREE, args);
}

/* Addresses where nothing is mapped, until somebody maps something there. */
static inline char *map_hole(size_t length)
{
	char *hole = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (hole == MAP_FAILED || munmap(hole, length))
		return NULL;
	return hole;
}

/* Whether nothing at all is mapped in a range. */
static inline bool map_is_free(char *start, size_t length)
{
	void *got = mmap(start, length, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0);

	return got == start && !munmap(got, length);
}

#define MAP_PICTURE_ENTRIES 64

/*
 * The map of a range as a line: "h4+0 r2+0 -1 r3": 4 pages of an area without a
 * region, 2 of a region in it, a page that is none of ours, a region of 3 pages in
 * no area. Behind the plus is how many pages from @start on the area begins.
 * Whether holes that are neighbours are one entry is the kernel's affair.
 */
static inline const char *map_picture(int dev, const void *start, size_t length)
{
	static char text[1024];
	struct membank_region_entry entries[MAP_PICTURE_ENTRIES], *entry, *next;
	const long page = sysconf(_SC_PAGESIZE);
	struct membank_region_list args;
	__u64 at = (uintptr_t)start;
	long long inside;
	size_t used = 0;
	unsigned int i;

	text[0] = '\0';
	if (map_list(dev, start, length, entries, MAP_PICTURE_ENTRIES, &args) ||
	    args.out_next)
		return "no list";
	for (i = 0; i < args.out_nr_entries; i++) {
		entry = &entries[i];
		next = entry + 1;
		if (i + 1 < args.out_nr_entries &&
		    entry->kind == MEMBANK_ENTRY_AREA &&
		    next->kind == MEMBANK_ENTRY_AREA &&
		    next->area == entry->area &&
		    next->start == entry->start + entry->length) {
			next->length += entry->length;
			next->start = entry->start;
			continue;
		}
		if (entry->start > at)
			used += snprintf(text + used, sizeof(text) - used,
					 "-%lld ",
					 (long long)(entry->start - at) / page);
		used += snprintf(text + used, sizeof(text) - used, "%c%lld",
				 entry->kind == MEMBANK_ENTRY_AREA ? 'h' : 'r',
				 (long long)entry->length / page);
		inside = entry->area - (uintptr_t)start;
		if (entry->area != MEMBANK_AREA_NONE)
			used += snprintf(text + used, sizeof(text) - used,
					 "+%lld", inside / page);
		used += snprintf(text + used, sizeof(text) - used, " ");
		at = entry->start + entry->length;
	}
	if (used)
		text[used - 1] = '\0';
	return text;
}

#endif /* MEMBANK_SELFTESTS_MAP_H */
