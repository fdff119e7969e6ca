// SPDX-License-Identifier: LGPL-2.1-or-later
#include <unistd.h>

#include "internal.h"

MEMBANK_API int membank_pager_create(int dev, int *out_pager, int *out_attach)
{
	struct membank_pager_create args = {
		.size = sizeof(args),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_PAGER_CREATE, &args);
	if (ret)
		return ret;
	*out_pager = args.out_fd;
	*out_attach = args.out_attach_fd;
	return 0;
}

MEMBANK_API int membank_pager_read(int pager,
				   struct membank_pager_fault *out_fault)
{
	struct membank_pager_fault fault;
	ssize_t length = read(pager, &fault, sizeof(fault));

	if (length < 0)
		return -errno;
	if (!length)
		return 0;
	/* A pager gives whole faults, so this is something else. */
	if (length != sizeof(fault))
		return -EINVAL;
	*out_fault = fault;
	return 1;
}

static int reply(int pager, uint64_t id, int dataspace, uint64_t offset,
		 uint64_t length)
{
	struct membank_pager_reply args = {
		.size = sizeof(args),
		.id = id,
		.offset = offset,
		.length = length,
		.fd = dataspace,
	};

	return membank_call(pager, MEMBANK_IOC_PAGER_REPLY, &args);
}

MEMBANK_API int membank_pager_reply(int pager, uint64_t id, int dataspace,
				    uint64_t offset, uint64_t length)
{
	/* No descriptor is a mistake here: to fail is another function. */
	if (dataspace < 0)
		return -EBADF;
	return reply(pager, id, dataspace, offset, length);
}

MEMBANK_API int membank_pager_fail(int pager, uint64_t id)
{
	return reply(pager, id, -1, 0, 0);
}
