// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/dma-buf.h>

#include "internal.h"

MEMBANK_API int membank_dataspace_alloc(int dev, uint64_t length,
					uint32_t flags, uint32_t align,
					int *out_dataspace)
{
	struct membank_dataspace_alloc args = {
		.size = sizeof(args),
		.flags = flags,
		.length = length,
		.align = align,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_DATASPACE_ALLOC, &args);
	if (!ret)
		*out_dataspace = args.out_fd;
	return ret;
}

MEMBANK_API int membank_dataspace_info(int dev, int dataspace,
				       struct membank_dataspace_info *out_info)
{
	struct membank_dataspace_info args = {
		.size = sizeof(args),
		.fd = dataspace,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_DATASPACE_INFO, &args);
	if (!ret)
		*out_info = args;
	return ret;
}

static int sync_access(int dataspace, unsigned int access, __u64 which)
{
	struct dma_buf_sync args = { .flags = which };
	int ret;

	if (!access || access & ~(MEMBANK_ACCESS_READ | MEMBANK_ACCESS_WRITE))
		return -EINVAL;
	if (access & MEMBANK_ACCESS_READ)
		args.flags |= DMA_BUF_SYNC_READ;
	if (access & MEMBANK_ACCESS_WRITE)
		args.flags |= DMA_BUF_SYNC_WRITE;

	/* The dma-buf may be waiting for a device: EAGAIN, EINTR mean again. */
	do {
		ret = membank_call(dataspace, DMA_BUF_IOCTL_SYNC, &args);
	} while (ret == -EAGAIN || ret == -EINTR);
	return ret;
}

MEMBANK_API int membank_sync_start(int dataspace, unsigned int access)
{
	return sync_access(dataspace, access, DMA_BUF_SYNC_START);
}

MEMBANK_API int membank_sync_end(int dataspace, unsigned int access)
{
	return sync_access(dataspace, access, DMA_BUF_SYNC_END);
}
