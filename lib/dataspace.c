// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/dma-buf.h>

#include "internal.h"

MEMBANK_API int membank_dataspace_alloc(int dev, int64_t length, uint32_t flags,
					uint32_t align, int *out_dataspace)
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

MEMBANK_API int membank_dataspace_derive(int dev, int dataspace,
					 uint32_t rights, int *out_dataspace)
{
	struct membank_dataspace_derive args = {
		.size = sizeof(args),
		.fd = dataspace,
		.rights = rights,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_DATASPACE_DERIVE, &args);
	if (!ret)
		*out_dataspace = args.out_fd;
	return ret;
}

MEMBANK_API int membank_dataspace_clear(int dev, int dataspace, uint64_t offset,
					uint64_t length)
{
	struct membank_dataspace_clear args = {
		.size = sizeof(args),
		.fd = dataspace,
		.offset = offset,
		.length = length,
	};

	return membank_call(dev, MEMBANK_IOC_DATASPACE_CLEAR, &args);
}

MEMBANK_API int membank_dataspace_copy(int dev, int dataspace, uint64_t offset,
				       int from, uint64_t from_offset,
				       uint64_t length)
{
	struct membank_dataspace_copy args = {
		.size = sizeof(args),
		.fd = dataspace,
		.from = from,
		.offset = offset,
		.from_offset = from_offset,
		.length = length,
	};

	return membank_call(dev, MEMBANK_IOC_DATASPACE_COPY, &args);
}

MEMBANK_API int membank_dataspace_phys(int dev, int dataspace, uint64_t offset,
				       uint64_t *out_addr, uint64_t *out_length)
{
	struct membank_dataspace_phys args = {
		.size = sizeof(args),
		.fd = dataspace,
		.offset = offset,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_DATASPACE_PHYS, &args);
	if (ret)
		return ret;
	*out_addr = args.out_addr;
	if (out_length)
		*out_length = args.out_length;
	return 0;
}

MEMBANK_API int membank_dataspace_revoke(int dev, int dataspace)
{
	struct membank_dataspace_revoke args = {
		.size = sizeof(args),
		.fd = dataspace,
	};

	return membank_call(dev, MEMBANK_IOC_DATASPACE_REVOKE, &args);
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
