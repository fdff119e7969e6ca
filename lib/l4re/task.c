// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include <membank.h>
#include <l4/re/c/membank.h>
#include <l4/sys/task.h>

#include "internal.h"

/* Takes the memory of a dataspace from everybody; of all else nothing. */
static int delete_object(const struct membank_l4_object *object)
{
	int fd = object ? membank_l4_fd_of(object, L4RE_MEMBANK_DATASPACE) : -1;
	struct membank_l4_use node;
	int ret;

	if (fd < 0)
		return 0;
	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node);
	if (ret)
		return ret;
	ret = membank_dataspace_revoke(node.fd, fd);
	membank_l4_unuse(&node);
	if (ret == -EACCES)
		return -L4_EPERM;
	return ret == -ENODEV ? 0 : membank_l4_error(ret);
}

static bool to_delete(l4_umword_t map_mask)
{
	return (map_mask & L4_FP_DELETE_OBJ) == L4_FP_DELETE_OBJ;
}

/* Empties a slot. One that is free is empty already. */
static int empty(l4_cap_idx_t cap, l4_umword_t map_mask)
{
	struct membank_l4_object *object;
	int ret = 0;

	if (to_delete(map_mask)) {
		object = membank_l4_cap_get(cap);
		ret = delete_object(object);
		membank_l4_object_put(object);
	}
	if (!ret)
		membank_l4_cap_set(cap, NULL);
	return ret;
}

static int unmap(l4_cap_idx_t task, l4_fpage_t fpage, l4_umword_t map_mask)
{
	l4_cap_idx_t cap = fpage.raw & ~(L4_CAP_OFFSET - 1);
	unsigned int order = (fpage.raw >> 6) & 0x3f;
	unsigned long count;
	int ret = 0;

	if (!l4_capability_equal(task, L4_BASE_TASK_CAP) ||
	    l4_is_invalid_cap(task))
		return -L4_EINVAL;
	/* Who was given it by others cannot be told from who was by this one. */
	if (((fpage.raw >> 4) & 3) != L4_FPAGE_OBJ ||
	    !(map_mask & L4_FP_ALL_SPACES))
		return -L4_ENOSYS;
	count = order < 20 ? 1UL << order : MEMBANK_L4_SLOTS_MAX;
	for (; count && !ret; count--, cap = cap + L4_CAP_OFFSET)
		ret = empty(cap, map_mask);
	return ret;
}

MEMBANK_L4_API l4_msgtag_t l4_task_unmap(l4_cap_idx_t task, l4_fpage_t fpage,
					 l4_umword_t map_mask)
{
	return membank_l4_tag(unmap(task, fpage, map_mask), 0);
}

/* They are there, and nothing stands behind them that a slot could hold. */
static bool is_built_in(l4_cap_idx_t cap)
{
	return l4_is_valid_cap(cap) &&
	       (l4_capability_equal(cap, L4_BASE_TASK_CAP) ||
		l4_capability_equal(cap, L4_BASE_FACTORY_CAP));
}

MEMBANK_L4_API l4_msgtag_t l4_task_cap_valid(l4_cap_idx_t task,
					     l4_cap_idx_t cap)
{
	struct membank_l4_object *object = NULL;

	if (!l4_capability_equal(task, L4_BASE_TASK_CAP) ||
	    l4_is_invalid_cap(task))
		return membank_l4_tag(-L4_EINVAL, 0);
	if (is_built_in(cap))
		return membank_l4_tag(0, 1);
	object = membank_l4_cap_get(cap);
	if (!object && l4_is_valid_cap(cap))
		membank_l4_initial(cap, &object);
	membank_l4_object_put(object);
	return membank_l4_tag(0, object ? 1 : 0);
}

/* ----------------------------------------------------------- giving slots up */

static int release(l4_cap_idx_t cap, unsigned int users,
		   l4_umword_t unmap_flags)
{
	struct membank_l4_object *object;
	int ret;

	ret = membank_l4_cap_release(cap, users, &object);
	/* Without the right to it only this one ends. */
	if (to_delete(unmap_flags))
		delete_object(object);
	membank_l4_object_put(object);
	return ret;
}

MEMBANK_L4_API int l4re_membank_cap_free(l4_cap_idx_t cap,
					 l4_umword_t unmap_flags)
{
	int ret = release(cap, UINT_MAX, unmap_flags);

	return ret < 0 ? ret : 0;
}

MEMBANK_L4_API int l4re_membank_cap_release(l4_cap_idx_t cap,
					    l4_umword_t unmap_flags)
{
	return release(cap, 1, unmap_flags);
}
