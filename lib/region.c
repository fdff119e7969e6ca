// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

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

	if (!start && !(flags & MEMBANK_REGION_OVERMAP))
		args.flags |= MEMBANK_REGION_SEARCH_ADDR;
	ret = membank_call(dev, MEMBANK_IOC_REGION_ATTACH, &args);
	if (!ret)
		*out_addr = (void *)(uintptr_t)args.out_start;
	return ret;
}

MEMBANK_API int membank_region_detach(int dev, void *addr)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.addr = (uintptr_t)addr,
	};

	return membank_call(dev, MEMBANK_IOC_REGION_DETACH, &args);
}

MEMBANK_API int membank_region_find(int dev, const void *addr,
				    struct membank_region_find *out_info)
{
	struct membank_region_find args = {
		.size = sizeof(args),
		.addr = (uintptr_t)addr,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_REGION_FIND, &args);
	if (!ret)
		*out_info = args;
	return ret;
}
