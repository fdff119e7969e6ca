// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include <membank.h>
#include <l4/sys/task.h>

#include "internal.h"

/* Takes the memory of a dataspace from everybody; of all else nothing. */
static int delete_object(l4_cap_idx_t cap)
{
	struct membank_l4_use dataspace, node;
	int ret;

	if (membank_l4_use(cap, L4RE_MEMBANK_DATASPACE, &dataspace))
		return 0;
	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node);
	if (!ret) {
		ret = membank_dataspace_revoke(node.fd, dataspace.fd);
		if (ret == -EACCES)
			ret = -L4_EPERM;
		else if (ret == -ENODEV)
			ret = 0;
		else
			ret = membank_l4_error(ret);
		membank_l4_unuse(&node);
	}
	membank_l4_unuse(&dataspace);
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
	if (((fpage.raw >> 4) & 3) != L4_FPAGE_OBJ)
		return -L4_ENOSYS;
	count = order < 20 ? 1UL << order : MEMBANK_L4_SLOTS_MAX;
	for (; count && !ret; count--, cap = cap + L4_CAP_OFFSET) {
		if ((map_mask & L4_FP_DELETE_OBJ) == L4_FP_DELETE_OBJ)
			ret = delete_object(cap);
		/* A slot that is free is empty already. */
		if (!ret)
			membank_l4_cap_set(cap, NULL);
	}
	return ret;
}

MEMBANK_L4_API l4_msgtag_t l4_task_unmap(l4_cap_idx_t task, l4_fpage_t fpage,
					 l4_umword_t map_mask)
{
	return membank_l4_tag(unmap(task, fpage, map_mask), 0);
}

MEMBANK_L4_API l4_msgtag_t l4_task_cap_valid(l4_cap_idx_t task,
					     l4_cap_idx_t cap)
{
	struct membank_l4_object *object = NULL;

	if (!l4_capability_equal(task, L4_BASE_TASK_CAP) ||
	    l4_is_invalid_cap(task))
		return membank_l4_tag(-L4_EINVAL, 0);
	object = membank_l4_cap_get(cap);
	if (!object && l4_is_valid_cap(cap))
		membank_l4_initial(cap, &object);
	membank_l4_object_put(object);
	return membank_l4_tag(0, object ? 1 : 0);
}
