/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of dataspaces share: their commands as calls that return 0, a
 * descriptor or a negative errno.
 */
#ifndef MEMBANK_SELFTESTS_HANDLE_H
#define MEMBANK_SELFTESTS_HANDLE_H

#include "common.h"

#define READ MEMBANK_DATASPACE_READ
#define WRITE MEMBANK_DATASPACE_WRITE
#define OWN MEMBANK_DATASPACE_OWN
#define ALL_RIGHTS (READ | WRITE | OWN)

#define SUPER MEMBANK_DATASPACE_SUPER_PAGES
#define CONTINUOUS MEMBANK_DATASPACE_CONTINUOUS

/* Returns another descriptor with just these rights. */
static inline int handle_derive(int dev, int fd, __u32 rights)
{
	struct membank_dataspace_derive args = {
		.size = sizeof(args),
		.fd = fd,
		.rights = rights,
		.out_fd = -1,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_DATASPACE_DERIVE, &args);

	return ret ? ret : args.out_fd;
}

static inline int handle_revoke(int dev, int fd)
{
	struct membank_dataspace_revoke args = {
		.size = sizeof(args),
		.fd = fd,
	};

	return test_ioctl(dev, MEMBANK_IOC_DATASPACE_REVOKE, &args);
}

static inline int handle_clear(int dev, int fd, __u64 offset, __u64 length)
{
	struct membank_dataspace_clear args = {
		.size = sizeof(args),
		.fd = fd,
		.offset = offset,
		.length = length,
	};

	return test_ioctl(dev, MEMBANK_IOC_DATASPACE_CLEAR, &args);
}

static inline int handle_copy(int dev, int fd, __u64 offset, int from,
			      __u64 from_offset, __u64 length)
{
	struct membank_dataspace_copy args = {
		.size = sizeof(args),
		.fd = fd,
		.from = from,
		.offset = offset,
		.from_offset = from_offset,
		.length = length,
	};

	return test_ioctl(dev, MEMBANK_IOC_DATASPACE_COPY, &args);
}

static inline int handle_phys(int dev, int fd, __u64 offset, __u64 *addr,
			      __u64 *length)
{
	struct membank_dataspace_phys args = {
		.size = sizeof(args),
		.fd = fd,
		.offset = offset,
		.out_addr = TEST_NONE,
		.out_length = TEST_NONE,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_DATASPACE_PHYS, &args);

	*addr = args.out_addr;
	*length = args.out_length;
	return ret;
}

/*
 * Allocates what leaves @leave and frees it: the bytes of that extent, or a
 * negative errno.
 */
static inline __s64 handle_rest(int dev, __s64 leave, __u32 flags, __u32 align)
{
	struct membank_dataspace_info info;
	int fd = test_alloc(dev, -leave, flags, align);

	if (fd < 0)
		return fd;
	if (test_info(dev, fd, &info) || info.out_extent != info.out_length ||
	    info.out_flags != flags || lseek(fd, 0, SEEK_END) < 0)
		info.out_extent = -EPROTO;
	close(fd);
	return info.out_extent;
}

/* Returns the set of rights. */
static inline int handle_rights(int dev, int fd)
{
	struct membank_dataspace_info info;
	int ret = test_info(dev, fd, &info);

	return ret ? ret : (int)info.out_rights;
}

/* From @offset to the end, where the kernel likes. */
static inline int handle_attach_anywhere(int dev, int fd, __u64 offset,
					 __u32 flags, char **mem)
{
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = fd,
		.offset = offset,
		.flags = flags | MEMBANK_REGION_SEARCH_ADDR,
		.out_start = TEST_NONE,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_ATTACH, &args);

	if (!ret)
		*mem = (char *)(uintptr_t)args.out_start;
	return ret;
}

/* At @start, or anywhere; *mem is left alone when it fails. */
static inline int handle_attach(int dev, int fd, void *start, __u32 flags,
				char **mem)
{
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = fd,
		.start = (uintptr_t)start,
		.flags = flags,
		.out_start = TEST_NONE,
	};
	int ret;

	if (!start)
		return handle_attach_anywhere(dev, fd, 0, flags, mem);
	ret = test_ioctl(dev, MEMBANK_IOC_REGION_ATTACH, &args);
	if (!ret)
		*mem = (char *)(uintptr_t)args.out_start;
	return ret;
}

/* Returns a descriptor of the dataspace; @flags may be NULL. */
static inline int handle_find(int dev, const void *addr, __u32 *flags)
{
	struct membank_region_find args = {
		.size = sizeof(args),
		.addr = (uintptr_t)addr,
		.out_flags = ~0U,
		.out_fd = -1,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_FIND, &args);

	if (flags)
		*flags = args.out_flags;
	return ret ? ret : args.out_fd;
}

/* The figures of a bank as BANK_INFO gives them; junk if it fails. */
static inline int handle_bank(int dev, __u32 bank,
			      struct membank_bank_info *info)
{
	memset(info, TEST_JUNK, sizeof(*info));
	info->size = sizeof(*info);
	info->bank = bank;
	return test_ioctl(dev, MEMBANK_IOC_BANK_INFO, info);
}

#endif /* MEMBANK_SELFTESTS_HANDLE_H */
