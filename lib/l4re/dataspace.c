// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdint.h>

#include <membank.h>
#include <l4/re/c/dataspace.h>

#include "internal.h"

/* A dataspace in use, and the node that it is asked about by. */
struct pair {
	struct membank_l4_use dataspace;
	struct membank_l4_use node;
	int fd;
	int dev;
};

static int begin(l4re_ds_t ds, struct pair *pair)
{
	int ret;

	ret = membank_l4_use(ds, L4RE_MEMBANK_DATASPACE, &pair->dataspace);
	if (ret)
		return ret;
	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &pair->node);
	if (ret) {
		membank_l4_unuse(&pair->dataspace);
		return ret;
	}
	pair->fd = pair->dataspace.fd;
	pair->dev = pair->node.fd;
	return 0;
}

static void end(struct pair *pair)
{
	membank_l4_unuse(&pair->node);
	membank_l4_unuse(&pair->dataspace);
}

/* ------------------------------------------------------------ what it is */

static int info_of(l4re_ds_t ds, struct membank_dataspace_info *info)
{
	struct pair pair;
	int ret;

	ret = begin(ds, &pair);
	if (ret)
		return ret;
	ret = membank_l4_error(membank_dataspace_info(pair.dev, pair.fd, info));
	end(&pair);
	return ret;
}

MEMBANK_L4_API int l4re_ds_info(const l4re_ds_t ds, l4re_ds_stats_t *stats)
{
	struct membank_dataspace_info info;
	int ret;

	if (!stats)
		return -L4_EINVAL;
	ret = info_of(ds, &info);
	if (ret)
		return ret;
	stats->size = info.out_length;
	stats->flags = 0;
	if (info.out_rights & MEMBANK_DATASPACE_READ)
		stats->flags |= L4RE_DS_F_R;
	if (info.out_rights & MEMBANK_DATASPACE_WRITE)
		stats->flags |= L4RE_DS_F_W;
	return 0;
}

MEMBANK_L4_API unsigned long l4re_ds_size(const l4re_ds_t ds)
{
	l4re_ds_stats_t stats;

	return l4re_ds_info(ds, &stats) ? 0 : stats.size;
}

MEMBANK_L4_API long l4re_ds_flags(const l4re_ds_t ds)
{
	l4re_ds_stats_t stats;
	int ret;

	ret = l4re_ds_info(ds, &stats);
	return ret ? ret : (long)stats.flags;
}

/* Whether a range lies in a dataspace. */
static int check_range(l4re_ds_t ds, l4_addr_t offset, unsigned long size)
{
	struct membank_dataspace_info info;
	int ret;

	ret = info_of(ds, &info);
	if (ret)
		return ret;
	if (offset > info.out_length || size > info.out_length - offset)
		return -L4_ERANGE;
	return 0;
}

MEMBANK_L4_API long l4re_ds_allocate(const l4re_ds_t ds, l4_addr_t offset,
				     l4_size_t size)
{
	return check_range(ds, offset, size);
}

MEMBANK_L4_API int l4re_ds_phys(const l4re_ds_t ds, l4_addr_t offset,
				l4_addr_t *phys_addr, l4_size_t *phys_size)
{
	uint64_t address, length;
	struct pair pair;
	int ret;

	ret = begin(ds, &pair);
	if (ret)
		return ret;
	ret = membank_dataspace_phys(pair.dev, pair.fd, offset, &address,
				     &length);
	ret = membank_l4_error(ret);
	end(&pair);
	if (ret)
		return ret;
	if (phys_addr)
		*phys_addr = address;
	if (phys_size)
		*phys_size = length;
	return 0;
}

/* --------------------------------------------------------- what is in it */

MEMBANK_L4_API long l4re_ds_clear(const l4re_ds_t ds, l4_addr_t offset,
				  unsigned long size)
{
	struct pair pair;
	int ret;

	/* No byte at all is no error here. */
	if (!size)
		return check_range(ds, offset, size);
	ret = begin(ds, &pair);
	if (ret)
		return ret;
	ret = membank_dataspace_clear(pair.dev, pair.fd, offset, size);
	ret = membank_l4_error(ret);
	end(&pair);
	return ret;
}

/* Of no byte at all: whether both places are there. */
static int check_copy(l4re_ds_t ds, l4_addr_t dst_offs, l4re_ds_t src,
		      l4_addr_t src_offs)
{
	int ret;

	ret = check_range(ds, dst_offs, 0);
	return ret ? ret : check_range(src, src_offs, 0);
}

MEMBANK_L4_API int l4re_ds_copy_in(const l4re_ds_t ds, l4_addr_t dst_offs,
				   const l4re_ds_t src, l4_addr_t src_offs,
				   unsigned long size)
{
	struct membank_l4_use from;
	struct pair pair;
	int ret;

	ret = begin(ds, &pair);
	if (ret)
		return ret;
	if (membank_l4_use(src, L4RE_MEMBANK_DATASPACE, &from)) {
		end(&pair);
		return -L4_EINVAL;
	}
	if (size) {
		ret = membank_dataspace_copy(pair.dev, pair.fd, dst_offs,
					     from.fd, src_offs, size);
		ret = membank_l4_error(ret);
	} else {
		ret = check_copy(ds, dst_offs, src, src_offs);
	}
	membank_l4_unuse(&from);
	end(&pair);
	return ret == -L4_ERANGE ? -L4_EINVAL : ret;
}

/* ----------------------------------------------------------- how to map it */

static int map_flags(unsigned long flags, uint32_t *out_flags)
{
	if (flags & ~(unsigned long)L4RE_DS_F_RWX)
		return -L4_EINVAL;
	if (flags & L4RE_DS_F_X)
		return -L4_EPERM;
	*out_flags = MEMBANK_REGION_OVERMAP | MEMBANK_REGION_EAGER_MAP;
	if (!(flags & L4RE_DS_F_W))
		*out_flags |= MEMBANK_REGION_READ_ONLY;
	return 0;
}

/* Page by page is how L4Re maps, so in an area, too. */
static int map_range(const struct pair *pair, l4_addr_t offset,
		     unsigned long size, uint32_t flags, l4_addr_t address)
{
	void *start = (void *)address;
	int ret;

	ret = membank_region_attach(pair->dev, pair->fd, offset, size, flags, 0,
				    start, &start);
	if (ret == -EADDRNOTAVAIL)
		ret = membank_region_attach(pair->dev, pair->fd, offset, size,
					    flags | MEMBANK_REGION_IN_AREA, 0,
					    start, &start);
	if (ret == -EACCES)
		return -L4_EPERM;
	return membank_l4_error(ret);
}

/* The address behind the last one, at a page; no page ends behind the last. */
static l4_addr_t end_of(l4_addr_t max_addr)
{
	l4_addr_t end = l4_round_page(max_addr);

	return !end && max_addr ? l4_trunc_page(max_addr) : end;
}

/*
 * The largest block around an address that can be mapped: from *@offset, which is at
 * *@address, made the first byte of it.
 */
static unsigned long block_around(l4_addr_t *offset, l4_addr_t *address,
				  l4_addr_t min, l4_addr_t max,
				  unsigned long length)
{
	unsigned long size = L4_PAGESIZE, more, before;

	for (;;) {
		more = 2 * size;
		before = *address & (more - 1);
		if (!more || *address - before < min ||
		    max - (*address - before) < more || *offset < before ||
		    *offset - before > length ||
		    length - (*offset - before) < more)
			break;
		size = more;
	}
	before = *address & (size - 1);
	*address -= before;
	*offset -= before;
	return size;
}

MEMBANK_L4_API int l4re_ds_map(const l4re_ds_t ds, l4_addr_t offset,
			       unsigned long flags, l4_addr_t local_addr,
			       l4_addr_t min_addr, l4_addr_t max_addr)
{
	struct membank_dataspace_info info;
	unsigned long size = L4_PAGESIZE;
	l4_addr_t min, max;
	struct pair pair;
	uint32_t how;
	int ret;

	ret = begin(ds, &pair);
	if (ret)
		return ret;
	ret = membank_dataspace_info(pair.dev, pair.fd, &info);
	ret = membank_l4_error(ret);
	if (!ret)
		ret = map_flags(flags, &how);
	if (!ret && offset >= info.out_length)
		ret = -L4_ERANGE;
	if (!ret) {
		offset = l4_trunc_page(offset);
		local_addr = l4_trunc_page(local_addr);
		min = l4_trunc_page(min_addr);
		max = end_of(max_addr);
		if (min <= local_addr && local_addr < max)
			size = block_around(&offset, &local_addr, min, max,
					    l4_round_page(info.out_length));
		ret = map_range(&pair, offset, size, how, local_addr);
	}
	end(&pair);
	return ret;
}

MEMBANK_L4_API int l4re_ds_map_region(const l4re_ds_t ds, l4_addr_t offset,
				      unsigned long flags, l4_addr_t min_addr,
				      l4_addr_t max_addr)
{
	l4_addr_t min = l4_trunc_page(min_addr), max = end_of(max_addr);
	struct pair pair;
	uint32_t how;
	int ret;

	ret = begin(ds, &pair);
	if (ret)
		return ret;
	ret = map_flags(flags, &how);
	if (!ret && max > min)
		ret = map_range(&pair, l4_trunc_page(offset), max - min, how,
				min);
	end(&pair);
	return ret;
}
