// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <membank.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>

#include "internal.h"

#define RIGHTS ((unsigned long)L4RE_RM_F_RWX)
#define BEYOND ((unsigned long)L4RE_RM_F_NO_EAGER_MAP)

/* What detaching tells, as L4Re's Detach_result has it. */
enum detached {
	DETACHED_WHOLE = 0,
	DETACHED_KEPT = 1,
	DETACHED_SPLIT = 2,
	DETACHED_AGAIN = 4,
};

/* The map of this process, which alone can be added to. */
static int use_own(l4_cap_idx_t rm, struct membank_l4_use *map)
{
	int ret;

	ret = membank_l4_use(rm, L4RE_MEMBANK_MAP, map);
	if (!ret && !l4_capability_equal(rm, MEMBANK_L4_RM_CAP)) {
		membank_l4_unuse(map);
		ret = -L4_EPERM;
	}
	return ret;
}

/* ----------------------------------------------------------------- areas */

/* Where nothing can be, unless the address is looked for. */
static bool nowhere(l4_addr_t start, unsigned long flags)
{
	return !l4_trunc_page(start) &&
	       !(flags & (L4RE_RM_SEARCH_ADDR | L4RE_RM_IN_AREA));
}

/* In L4Re it means nothing where no address is looked for. */
static unsigned char search_align(unsigned long flags, unsigned char align)
{
	return flags & L4RE_RM_SEARCH_ADDR ? align : 0;
}

MEMBANK_L4_API int l4re_rm_reserve_area_srv(l4_cap_idx_t rm, l4_addr_t *start,
					    unsigned long size,
					    unsigned int flags,
					    unsigned char align)
{
	struct membank_l4_use map;
	void *where;
	int ret;

	ret = use_own(rm, &map);
	if (ret)
		return ret;
	if (!start || !size) {
		ret = -L4_EINVAL;
	} else if (nowhere(*start, flags)) {
		ret = -L4_EADDRNOTAVAIL;
	} else {
		ret = membank_area_reserve(map.fd, size, flags,
					   search_align(flags, align),
					   (void *)*start, &where);
		ret = membank_l4_error(ret);
		if (!ret)
			*start = (l4_addr_t)where;
	}
	membank_l4_unuse(&map);
	return ret;
}

MEMBANK_L4_API int l4re_rm_free_area_srv(l4_cap_idx_t rm, l4_addr_t addr)
{
	struct membank_l4_use map;
	int ret;

	ret = use_own(rm, &map);
	if (ret)
		return ret;
	ret = membank_l4_error(membank_area_free(map.fd, (void *)addr, NULL));
	membank_l4_unuse(&map);
	return ret;
}

/* --------------------------------------------------------------- attaching */

/* In membank's words: the flags have the same values there. */
static int attach_flags(unsigned long flags, uint32_t *out_flags)
{
	unsigned long plain = flags & ~(RIGHTS | BEYOND);

	if (plain &
	    ~(unsigned long)(L4RE_RM_REGION_FLAGS | L4RE_RM_ATTACH_FLAGS))
		return -L4_EINVAL;
	if (flags & L4RE_RM_F_X)
		return -L4_EPERM;
	if (flags & RIGHTS && !(flags & L4RE_RM_F_W))
		plain |= L4RE_RM_READ_ONLY;
	if (flags & L4RE_RM_F_NO_EAGER_MAP)
		plain &= ~(unsigned long)L4RE_RM_EAGER_MAP;
	*out_flags = plain;
	return 0;
}

/* What is to be attached is an argument, not what is called. */
static int use_attached(l4re_ds_t mem, unsigned long flags,
			struct membank_l4_use *use)
{
	int ret;

	ret = membank_l4_use(mem,
			     flags & L4RE_RM_PAGER ? L4RE_MEMBANK_PAGER :
						     L4RE_MEMBANK_DATASPACE,
			     use);
	if (!ret)
		return 0;
	return ret == MEMBANK_L4_VOID ? -L4_ENOENT : -L4_EINVAL;
}

MEMBANK_L4_API int l4re_rm_attach_srv(l4_cap_idx_t rm, void **start,
				      unsigned long size, unsigned long flags,
				      l4re_ds_t const mem, l4_addr_t offs,
				      unsigned char align)
{
	struct membank_l4_use map, what;
	uint32_t how;
	int ret;

	ret = use_own(rm, &map);
	if (ret)
		return ret;
	ret = attach_flags(flags, &how);
	if (!ret && (!start || !size))
		ret = -L4_EINVAL;
	if (!ret)
		ret = use_attached(mem, flags, &what);
	if (!ret) {
		if (nowhere((l4_addr_t)*start, flags))
			ret = -EADDRNOTAVAIL;
		else
			ret = membank_region_attach(map.fd, what.fd, offs, size,
						    how,
						    search_align(flags, align),
						    *start, start);
		ret = ret == -EACCES ? -L4_EPERM : membank_l4_error(ret);
		membank_l4_unuse(&what);
	}
	membank_l4_unuse(&map);
	return ret;
}

/* --------------------------------------------------------------- detaching */

/* Which map a call is about: that of @rm, or of @task, if it is another one. */
static int use_map(l4_cap_idx_t rm, l4_cap_idx_t task,
		   struct membank_l4_use *map)
{
	int ret;

	ret = membank_l4_use(rm, L4RE_MEMBANK_MAP, map);
	if (ret || l4_is_invalid_cap(task) ||
	    l4_capability_equal(task, L4_BASE_TASK_CAP))
		return ret;
	membank_l4_unuse(map);
	return membank_l4_use(task, L4RE_MEMBANK_MAP, map) ? -L4_EINVAL : 0;
}

/*
 * The index of what is attached, if need be @spare; only of a dataspace can it be
 * said what it is. @fd is used up.
 */
static int give(int fd, l4_cap_idx_t spare, l4_cap_idx_t *out_cap)
{
	enum l4re_membank_kind kind = L4RE_MEMBANK_DATASPACE;
	struct membank_dataspace_info info;
	struct membank_l4_use node;
	int ret;

	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node);
	if (ret) {
		close(fd);
		return ret;
	}
	ret = membank_dataspace_info(node.fd, fd, &info);
	membank_l4_unuse(&node);
	if (ret == -EINVAL)
		kind = L4RE_MEMBANK_PAGER;
	return membank_l4_attached_cap(kind, fd, spare, out_cap);
}

/* Without a slot to spare: whether one holds what is attached there. */
static int has_slot(int map, l4_addr_t addr, unsigned long size)
{
	struct membank_region_find info;
	l4_cap_idx_t cap;

	if (membank_region_find_range(map, (void *)addr, size, &info) ||
	    info.out_fd < 0)
		return 0;
	return give(info.out_fd, L4_INVALID_CAP, &cap);
}

/* What is left on both sides of a hole was there before it. */
static int result_of(const struct membank_region_entry *before,
		     const struct membank_region_detach *info)
{
	uint64_t end = info->out_start + info->out_length;
	int again = info->out_more ? DETACHED_AGAIN : 0;

	if (!info->out_split)
		return DETACHED_WHOLE | again;
	if (before->start < info->out_start &&
	    before->start + before->length > end)
		return DETACHED_SPLIT;
	return DETACHED_KEPT | again;
}

/* With @ds, which gets @spare where no slot holds what was attached. */
static int detach(int map, l4_addr_t addr, unsigned long size, l4re_ds_t *ds,
		  l4_cap_idx_t spare)
{
	struct membank_region_entry before = { 0 };
	uint32_t flags = MEMBANK_DETACH_UNMAP;
	struct membank_region_detach info;
	unsigned int count;
	int ret;

	if (ds)
		flags |= MEMBANK_DETACH_DATASPACE;
	/* A list needs no descriptor, and no right to what is attached. */
	if (size) {
		ret = membank_region_list(map, addr, size, &before, 1, &count,
					  NULL);
		if (ret)
			return membank_l4_error(ret);
	}
	ret = membank_region_detach_range(map, (void *)addr, size, flags,
					  &info);
	if (ret)
		return ret == -EACCES ? -L4_EPERM : membank_l4_error(ret);
	/* Of a pager in another process there is nothing to give. */
	if (ds && info.out_fd >= 0)
		ret = give(info.out_fd, spare, ds);
	return ret ? ret : result_of(&before, &info);
}

MEMBANK_L4_API int l4re_membank_detach(l4_cap_idx_t rm, l4_addr_t addr,
				       unsigned long size, l4re_ds_t *ds,
				       l4_cap_idx_t task)
{
	l4_cap_idx_t spare;
	struct membank_l4_use map;
	int ret;

	if (ds)
		*ds = L4_INVALID_CAP;
	ret = use_map(rm, task, &map);
	if (ret)
		return ret;
	/* Before anything is detached: to fail then would be to lose it. */
	spare = ds ? l4re_util_cap_alloc() : L4_INVALID_CAP;
	if (ds && l4_is_invalid_cap(spare))
		ret = has_slot(map.fd, addr, size);
	if (!ret)
		ret = detach(map.fd, addr, size, ds, spare);
	if (ds && *ds != spare)
		l4re_util_cap_free(spare);
	membank_l4_unuse(&map);
	return ret;
}

MEMBANK_L4_API int l4re_rm_detach_srv(l4_cap_idx_t rm, l4_addr_t addr,
				      l4re_ds_t *ds, l4_cap_idx_t task)
{
	return l4re_membank_detach(rm, addr, 0, ds, task);
}

/* ----------------------------------------------------------------- looking */

MEMBANK_L4_API int l4re_rm_find_srv(l4_cap_idx_t rm, l4_addr_t *addr,
				    unsigned long *size, l4_addr_t *offset,
				    unsigned int *flags, l4re_ds_t *m)
{
	struct membank_region_find info;
	l4re_ds_t cap = L4_INVALID_CAP, spare;
	struct membank_l4_use map;
	int ret;

	ret = membank_l4_use(rm, L4RE_MEMBANK_MAP, &map);
	if (ret)
		return ret;
	if (!addr || !size || !*size)
		ret = -L4_EINVAL;
	else
		ret = membank_region_find_range(map.fd, (void *)*addr,
						*size == 1 ? 0 : *size, &info);
	membank_l4_unuse(&map);
	if (ret)
		return ret == -EACCES ? -L4_EPERM : membank_l4_error(ret);
	if (m && info.out_fd >= 0) {
		spare = l4re_util_cap_alloc();
		ret = give(info.out_fd, spare, &cap);
		if (cap != spare)
			l4re_util_cap_free(spare);
	} else if (info.out_fd >= 0) {
		close(info.out_fd);
	}
	if (ret)
		return ret;

	*addr = info.out_start;
	*size = info.out_length;
	if (offset)
		*offset = info.out_offset;
	if (flags)
		*flags = info.out_flags;
	if (m)
		*m = cap;
	return 0;
}

MEMBANK_L4_API void l4re_rm_show_lists_srv(l4_cap_idx_t rm)
{
	struct membank_l4_use map;

	if (membank_l4_use(rm, L4RE_MEMBANK_MAP, &map))
		return;
	membank_region_show_lists(map.fd, STDERR_FILENO);
	membank_l4_unuse(&map);
}
