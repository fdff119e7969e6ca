// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mmap() and munmap() as programs of another system know them: plain memory,
 * from a bank that a descriptor names, with NULL and errno on failure.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* The most banks that the module makes. */
#define BANKS_MAX 32

/* These programs know three errors; what is none of the other two is EINVAL. */
static int known_error(int ret)
{
	switch (ret) {
	case -ENOMEM:
	case -EDQUOT:
	case -EAGAIN: /* RLIMIT_MEMLOCK, after mlockall(MCL_FUTURE) */
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

static int check_mmap(void *addr, size_t length, int prot, int flags,
		      off_t offset)
{
	if (flags != (MAP_PRIVATE | MAP_ANONYMOUS) || !length || offset)
		return -EINVAL;
	if (addr || prot & PROT_EXEC)
		return -ENOTSUP;
	if (!prot || prot & ~(PROT_READ | PROT_WRITE))
		return -EINVAL;
	return 0;
}

static int map_bank(size_t length, int prot, int bank, void **out_memory)
{
	void *memory;

	/*
	 * Private to the program all the same: nobody else has a descriptor of
	 * what mmap() on a bank allocates.
	 */
	memory = mmap(NULL, length, prot, MAP_SHARED, bank, 0);
	if (memory == MAP_FAILED)
		return known_error(-errno);
	*out_memory = memory;
	return 0;
}

static int map_any_bank(size_t length, int prot, void **out_memory)
{
	int any, ret;

	ret = membank_open(NULL, &any);
	if (ret)
		return known_error(ret);
	ret = map_bank(length, prot, any, out_memory);
	close(any);
	return ret;
}

/* Any other descriptor could be mapped, too, and would be no memory. */
static bool is_bank(int fd)
{
	struct membank_get_info info;

	return !membank_get_info(fd, &info);
}

MEMBANK_API void *membank_mmap(void *addr, size_t length, int prot, int flags,
			       int fd, off_t offset)
{
	void *memory = NULL;
	int ret;

	ret = check_mmap(addr, length, prot, flags, offset);
	if (!ret) {
		if (!fd)
			ret = map_any_bank(length, prot, &memory);
		else if (is_bank(fd))
			ret = map_bank(length, prot, fd, &memory);
		else
			ret = -EINVAL;
	}
	if (ret)
		errno = -ret;
	return memory;
}

/*
 * Each node knows all regions of who opens it, and a program may have been
 * given the node of one bank alone.
 */
static int open_some_node(int *out_dev)
{
	char number[16];
	int bank, ret;

	ret = membank_open(NULL, out_dev);
	for (bank = 0; ret && bank < BANKS_MAX; bank++) {
		snprintf(number, sizeof(number), "%d", bank);
		ret = membank_open(number, out_dev);
	}
	return ret;
}

/*
 * Whether every page from @start to before @end is a mapping of a dataspace, and
 * not just kept in an area.
 */
static bool all_regions(int dev, uintptr_t start, uintptr_t end)
{
	struct membank_region_find info;

	while (start < end) {
		if (membank_region_find(dev, (void *)start, &info))
			return false;
		if (info.out_flags & MEMBANK_REGION_IN_AREA)
			return false;
		close(info.out_fd);
		start = info.out_start + info.out_length;
	}
	return true;
}

MEMBANK_API int membank_munmap(void *addr, size_t length)
{
	uintptr_t start = (uintptr_t)addr;
	int dev, ret = -1;

	if (!open_some_node(&dev)) {
		/* What is no range at all, the kernel refuses. */
		if (all_regions(dev, start, start + length))
			ret = munmap(addr, length);
		close(dev);
	}
	if (ret)
		errno = EINVAL;
	return ret;
}
