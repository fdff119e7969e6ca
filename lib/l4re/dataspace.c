// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <membank.h>
#include <l4/re/c/dataspace.h>
#include <l4/re/c/util/cap_alloc.h>

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

/* ------------------------------------------------------- slots and memory */

static int look_at(int fd, struct membank_l4_object *object)
{
	struct membank_dataspace_info info;
	struct membank_l4_use node;
	struct stat status;
	int ret;

	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node);
	if (ret)
		return ret;
	ret = membank_dataspace_info(node.fd, fd, &info);
	membank_l4_unuse(&node);
	/* A revoked one is one all the same, but has no place any more. */
	if (ret == -ENODEV)
		info = (struct membank_dataspace_info){
			.out_bank = UINT32_MAX,
			.out_offset = UINT64_MAX,
		};
	else if (ret)
		return -L4_EINVAL;
	if (fstat(fd, &status))
		return membank_l4_error(-errno);
	object->id = status.st_ino;
	object->bank = info.out_bank;
	object->offset = info.out_offset;
	return 0;
}

int membank_l4_dataspace_new(int fd, struct membank_l4_object **out_object)
{
	struct membank_l4_object *object;
	int ret;

	object = membank_l4_object_new(L4RE_MEMBANK_DATASPACE, fd, 0);
	if (!object)
		return -L4_ENOMEM;
	ret = look_at(fd, object);
	if (ret)
		membank_l4_object_put(object);
	else
		*out_object = object;
	return ret;
}

/* What was revoked may have had the place of another before. */
static bool same_memory(const struct membank_l4_object *one,
			const struct membank_l4_object *other)
{
	struct membank_l4_object now;

	return !look_at(one->fd, &now) && now.bank != UINT32_MAX &&
	       now.bank == other->bank && now.offset == other->offset;
}

/* The slot that holds the same file, else the first with the same memory. */
static l4_cap_idx_t slot_like(const struct membank_l4_object *like)
{
	l4_cap_idx_t cap = 0, found = L4_INVALID_CAP;
	struct membank_l4_object *object;
	bool same_file = false;

	while (!same_file) {
		cap = membank_l4_cap_find(cap, like, &object);
		if (l4_is_invalid_cap(cap))
			break;
		same_file = object->id == like->id;
		if (same_file ||
		    (l4_is_invalid_cap(found) && same_memory(object, like)))
			found = cap;
		membank_l4_object_put(object);
	}
	return found;
}

int membank_l4_dataspace_cap(int fd, l4_cap_idx_t *out_cap)
{
	struct membank_l4_object *object;
	l4_cap_idx_t cap;
	int ret;

	ret = membank_l4_dataspace_new(fd, &object);
	if (ret)
		return ret;
	cap = slot_like(object);
	if (l4_is_valid_cap(cap)) {
		membank_l4_object_put(object);
	} else {
		cap = l4re_util_cap_alloc();
		if (membank_l4_cap_set(cap, object))
			return -L4_ENOMEM;
	}
	*out_cap = cap;
	return 0;
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
		max = l4_round_page(max_addr);
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
	l4_addr_t min = l4_trunc_page(min_addr), max = l4_round_page(max_addr);
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
