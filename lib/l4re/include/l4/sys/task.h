/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking capabilities out of the table of the calling process. */
#ifndef L4_SYS_TASK_H
#define L4_SYS_TASK_H

#include <l4/sys/compiler.h>
#include <l4/sys/ipc.h>
#include <l4/sys/types.h>

L4_BEGIN_DECLS

/**
 * l4_task_unmap() - empty slots
 * @task: L4RE_THIS_TASK_CAP
 * @fpage: from l4_obj_fpage(): the slots, which stay allocated
 * @map_mask: L4_FP_ALL_SPACES; L4_FP_DELETE_OBJ revokes a dataspace as well, which
 *            takes its memory from everybody
 *
 * Return: a tag with label 0; or with the label -L4_EINVAL: @task is another one,
 * -L4_ENOSYS: @fpage is not of capabilities, or @map_mask is L4_FP_OTHER_SPACES,
 * and nothing can be taken from others alone, -L4_EPERM: a dataspace may not be
 * revoked, and its slot is as it was.
 */
L4_CV l4_msgtag_t l4_task_unmap(l4_cap_idx_t task, l4_fpage_t fpage,
				l4_umword_t map_mask) L4_NOTHROW;

/*
 * Whether the slot holds something, or is the own task or the factory: a tag with label
 * 1, else 0.
 */
L4_CV l4_msgtag_t l4_task_cap_valid(l4_cap_idx_t task,
				    l4_cap_idx_t cap) L4_NOTHROW;

/* Empties the slot @cap. */
L4_INLINE l4_msgtag_t l4_task_release_cap(l4_cap_idx_t task,
					  l4_cap_idx_t cap) L4_NOTHROW
{
	return l4_task_unmap(task, l4_obj_fpage(cap, 0, L4_CAP_FPAGE_RWSD),
			     L4_FP_ALL_SPACES);
}

/* Likewise, and what it holds ends for everybody. */
L4_INLINE l4_msgtag_t l4_task_delete_obj(l4_cap_idx_t task,
					 l4_cap_idx_t obj) L4_NOTHROW
{
	return l4_task_unmap(task, l4_obj_fpage(obj, 0, L4_CAP_FPAGE_RWSD),
			     L4_FP_DELETE_OBJ);
}

L4_END_DECLS

#endif /* L4_SYS_TASK_H */
