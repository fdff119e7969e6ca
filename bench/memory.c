// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "memory.h"

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* How long the scrubber is left alone until it is looked at again. */
#define SCRUB_US 500

/* By source; those that need none have -1. */
static int devices[MEMORY_SOURCES] = { -1, -1, -1, -1, -1, -1, -1 };

static const char *const system_heap[] = { "system", NULL };

/* As kernels have called it, the newest name first. */
static const char *const cma_heap[] = { "default_cma_region", "reserved",
					"linux,cma", NULL };

static int open_heap(const char *const *names)
{
	char path[64];
	int fd = -1;

	for (; *names && fd < 0; names++) {
		snprintf(path, sizeof(path), "/dev/dma_heap/%s", *names);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	return fd;
}

/* They are kept for a mapping when it is made, so that says whether there are enough. */
static bool has_huge_pages(size_t length)
{
	int fd = memory_get(MEMORY_HUGETLB, length);
	void *memory = memory_map(MEMORY_HUGETLB, fd, length);

	if (memory != MAP_FAILED)
		munmap(memory, length);
	close(fd);
	return memory != MAP_FAILED;
}

/**
 * memory_open() - before the first of a source is taken
 * @source: which
 * @length: bytes that are to be had at once
 *
 * Return: whether this machine has it.
 */
bool memory_open(enum memory_source source, size_t length)
{
	switch (source) {
	case MEMORY_BANK:
	case MEMORY_OTHER_SIZE:
		bench_need_ok(membank_open("0", &devices[source]), MEMBANK_OPEN,
			      "open the first bank");
		/* After loading it is still being cleared. */
		memory_settle(source);
		return true;
	case MEMORY_SYSTEM_HEAP:
		devices[source] = open_heap(system_heap);
		return devices[source] >= 0;
	case MEMORY_CMA_HEAP:
		devices[source] = open_heap(cma_heap);
		return devices[source] >= 0;
	case MEMORY_HUGETLB:
		return has_huge_pages(length);
	case MEMORY_EMPTY:
	case MEMORY_MEMFD:
		return true;
	case MEMORY_SOURCES:
		break;
	}
	return false;
}

static int get_file(unsigned int flags, size_t length)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | flags);

	if (fd >= 0 && ftruncate(fd, length)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int get_from_bank(int bank, size_t length)
{
	int fd;

	return membank_dataspace_alloc(bank, length, 0, 0, &fd) ? -1 : fd;
}

static int get_from_heap(int heap, size_t length)
{
	struct dma_heap_allocation_data data = {
		.len = length,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -1 : (int)data.fd;
}

/**
 * memory_get() - take some
 * @source: which was opened
 * @length: bytes
 *
 * Return: a descriptor; -1: there is none now.
 */
int memory_get(enum memory_source source, size_t length)
{
	static unsigned int turn;

	switch (source) {
	case MEMORY_EMPTY:
		return memfd_create("bench", MFD_CLOEXEC);
	case MEMORY_MEMFD:
		return get_file(0, length);
	case MEMORY_HUGETLB:
		return get_file(MFD_HUGETLB, length);
	case MEMORY_BANK:
		return get_from_bank(devices[source], length);
	case MEMORY_OTHER_SIZE:
		return get_from_bank(devices[source],
				     length + (1 + turn++ % 2) * 4 * KIB);
	case MEMORY_SYSTEM_HEAP:
	case MEMORY_CMA_HEAP:
		return get_from_heap(devices[source], length);
	case MEMORY_SOURCES:
		break;
	}
	return -1;
}

/**
 * memory_map() - map all of it, for reading and writing
 * @source: that it is from
 * @fd: of memory_get()
 * @length: its bytes
 *
 * Return: where; MAP_FAILED: this machine has not as much as it promised.
 */
void *memory_map(enum memory_source source, int fd, size_t length)
{
	void *memory;

	if (source != MEMORY_BANK)
		return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);
	return membank_region_attach(devices[source], fd, 0, length,
				     MEMBANK_REGION_SEARCH_ADDR, 0, NULL,
				     &memory) ?
		       MAP_FAILED :
		       memory;
}

/**
 * memory_settle() - wait until all that was given back can be taken at once
 * @source: who is waited for; only a bank's memory is cleared after its death
 */
void memory_settle(enum memory_source source)
{
	struct membank_bank_info info;

	if (source != MEMORY_BANK)
		return;
	for (;;) {
		bench_need_ok(membank_bank_info(devices[source], 0, &info),
			      MEMBANK_OPEN, "look at the bank");
		if (info.out_scrubbed == info.out_length - info.out_used)
			break;
		usleep(SCRUB_US);
	}
}
