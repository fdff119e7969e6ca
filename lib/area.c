// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

MEMBANK_API int membank_area_reserve(int dev, uint64_t length, uint32_t flags,
				     uint32_t align, void *start,
				     void **out_start)
{
	struct membank_area_reserve args = {
		.size = sizeof(args),
		.flags = flags,
		.start = (uintptr_t)start,
		.length = length,
		.align = align,
	};
	int ret;

	if (!start && !(flags & MEMBANK_REGION_IN_AREA))
		args.flags |= MEMBANK_REGION_SEARCH_ADDR;
	ret = membank_call(dev, MEMBANK_IOC_AREA_RESERVE, &args);
	if (!ret)
		*out_start = (void *)(uintptr_t)args.out_start;
	return ret;
}

MEMBANK_API int membank_area_free(int dev, void *addr,
				  struct membank_area_free *out_info)
{
	struct membank_area_free args = {
		.size = sizeof(args),
		.addr = (uintptr_t)addr,
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_AREA_FREE, &args);
	if (!ret && out_info)
		*out_info = args;
	return ret;
}
