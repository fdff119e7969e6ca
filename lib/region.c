// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* Room for the names of all flags that a region keeps. */
#define FLAGS_TEXT 40
#define SIZE_TEXT 32

MEMBANK_API int membank_region_attach(int dev, int dataspace, uint64_t offset,
				      uint64_t length, uint32_t flags,
				      uint32_t align, void *start,
				      void **out_addr)
{
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = dataspace,
		.start = (uintptr_t)start,
		.length = length,
		.offset = offset,
		.flags = flags,
		.align = align,
	};
	int ret;

	if (!start &&
	    !(flags & (MEMBANK_REGION_OVERMAP | MEMBANK_REGION_IN_AREA)))
		args.flags |= MEMBANK_REGION_SEARCH_ADDR;
	ret = membank_call(dev, MEMBANK_IOC_REGION_ATTACH, &args);
	if (!ret)
		*out_addr = (void *)(uintptr_t)args.out_start;
	return ret;
}

MEMBANK_API int membank_region_detach(int dev, void *addr)
{
	return membank_region_detach_range(dev, addr, 0, 0, NULL);
}

MEMBANK_API int
membank_region_detach_range(int dev, void *addr, uint64_t length,
			    uint32_t flags,
			    struct membank_region_detach *out_info)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.flags = flags,
		.addr = (uintptr_t)addr,
		.length = length,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_REGION_DETACH, &args);
	if (!ret && out_info)
		*out_info = args;
	return ret;
}

MEMBANK_API int membank_region_find(int dev, const void *addr,
				    struct membank_region_find *out_info)
{
	return membank_region_find_range(dev, addr, 0, out_info);
}

MEMBANK_API int membank_region_find_range(int dev, const void *addr,
					  uint64_t length,
					  struct membank_region_find *out_info)
{
	struct membank_region_find args = {
		.size = sizeof(args),
		.addr = (uintptr_t)addr,
		.length = length,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_REGION_FIND, &args);
	if (!ret)
		*out_info = args;
	return ret;
}

MEMBANK_API int membank_region_list(int dev, uint64_t start, uint64_t length,
				    struct membank_region_entry *entries,
				    unsigned int room, unsigned int *out_count,
				    uint64_t *out_next)
{
	struct membank_region_list args = {
		.size = sizeof(args),
		.start = start,
		.length = length,
		.entries = (uintptr_t)entries,
		.nr_entries = room,
		.entry_size = sizeof(*entries),
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_REGION_LIST, &args);
	if (ret)
		return ret;
	*out_count = args.out_nr_entries;
	if (out_next)
		*out_next = args.out_next;
	return 0;
}

/* ------------------------------------------------------- a list for people */

static void put_size(char *text, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes && !(bytes % 1024) && unit + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT, "%llu %s", (unsigned long long)bytes,
		 units[unit]);
}

static void put_flags(char *text, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ MEMBANK_REGION_READ_ONLY, "read-only" },
		{ MEMBANK_REGION_NO_ALIAS, "no-alias" },
		{ MEMBANK_REGION_PAGER, "pager" },
		{ MEMBANK_REGION_RESERVED, "reserved" },
	};
	size_t length = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(flags & words[i].flag))
			continue;
		if (length)
			text[length++] = ',';
		length += snprintf(text + length, FLAGS_TEXT - length, "%s",
				   words[i].word);
	}
	if (!length)
		snprintf(text, FLAGS_TEXT, "plain");
}

static int print_memory(FILE *to, int dev,
			const struct membank_region_entry *entry)
{
	struct membank_bank_info info;
	int ret;

	if (entry->kind == MEMBANK_ENTRY_AREA) {
		fputs("free\n", to);
		return 0;
	}
	if (entry->bank == MEMBANK_BANK_ANY) {
		fprintf(to, "pager+0x%llx\n",
			(unsigned long long)entry->offset);
		return 0;
	}
	ret = membank_bank_info(dev, entry->bank, &info);
	if (ret)
		return ret;
	fprintf(to, "%s+0x%llx\n", info.out_name,
		(unsigned long long)(entry->bank_offset + entry->offset));
	return 0;
}

static int print_entry(FILE *to, int dev,
		       const struct membank_region_entry *entry)
{
	char size[SIZE_TEXT], flags[FLAGS_TEXT], area[SIZE_TEXT] = "-";

	put_size(size, entry->length);
	put_flags(flags, entry->flags);
	if (entry->area != MEMBANK_AREA_NONE)
		snprintf(area, sizeof(area), "%012llx",
			 (unsigned long long)entry->area);
	fprintf(to, "%012llx-%012llx %12s  %-6s  %-27s  %-12s  ",
		(unsigned long long)entry->start,
		(unsigned long long)(entry->start + entry->length), size,
		entry->kind == MEMBANK_ENTRY_AREA ? "area" : "region", flags,
		area);
	return print_memory(to, dev, entry);
}

static int print_entries(FILE *to, int dev)
{
	struct membank_region_entry *entries;
	unsigned int i, count;
	uint64_t next = 0;
	int ret;

	entries = calloc(MEMBANK_LIST_MAX, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	fprintf(to, "%-25s %12s  %-6s  %-27s  %-12s  %s\n", "ADDRESSES", "SIZE",
		"KIND", "FLAGS", "AREA", "MEMORY");
	do {
		ret = membank_region_list(dev, next, 0, entries,
					  MEMBANK_LIST_MAX, &count, &next);
		for (i = 0; !ret && i < count; i++)
			ret = print_entry(to, dev, &entries[i]);
	} while (!ret && next);
	free(entries);
	return ret;
}

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t written;

	for (; length; length -= written) {
		written = write(fd, text, length);
		if (written < 0 && errno == EINTR)
			written = 0;
		else if (written <= 0)
			return written ? -errno : -EIO;
		text += written;
	}
	return 0;
}

MEMBANK_API int membank_region_show_lists(int dev, int fd)
{
	size_t length;
	char *text;
	FILE *to;
	int ret;

	/* Whole lines, in as few pieces as the descriptor takes. */
	to = open_memstream(&text, &length);
	if (!to)
		return -ENOMEM;
	ret = print_entries(to, dev);
	if (fclose(to))
		ret = -ENOMEM;
	if (!ret)
		ret = write_all(fd, text, length);
	free(text);
	return ret;
}
