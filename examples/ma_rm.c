// SPDX-License-Identifier: 0BSD
/*
 * ma_rm: allocate memory, attach it, use it, detach it: what the L4Re example
 * of this name does with Mem_alloc and Rm, in the words of libmembank.
 */
#include <membank.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGES 4

static int allocate_mem(int dev, size_t size, void **virt_addr)
{
	int dataspace, ret;

	ret = membank_dataspace_alloc(dev, size, 0, 0, &dataspace);
	if (ret)
		return ret;
	ret = membank_region_attach(dev, dataspace, 0, size,
				    MEMBANK_REGION_SEARCH_ADDR, 0, NULL,
				    virt_addr);
	/* The region holds the dataspace from here on, or nobody does. */
	close(dataspace);
	return ret;
}

static int free_mem(int dev, void *virt_addr)
{
	/* The last region of a dataspace that no descriptor holds: it ends. */
	return membank_region_detach(dev, virt_addr);
}

int main(void)
{
	size_t size = PAGES * sysconf(_SC_PAGESIZE);
	void *virt;
	int dev;

	if (membank_open(NULL, &dev))
		return 3;
	if (allocate_mem(dev, size, &virt))
		return 1;
	printf("Allocated memory.\n");

	memset(virt, 0x12, size);
	printf("Touched memory.\n");

	if (free_mem(dev, virt))
		return 2;
	printf("Freed and done. Bye.\n");
	return 0;
}
