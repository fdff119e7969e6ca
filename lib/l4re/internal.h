/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the L4Re face share. */
#ifndef MEMBANK_L4_INTERNAL_H
#define MEMBANK_L4_INTERNAL_H

#include <l4/sys/err.h>
#include <l4/sys/ipc.h>

#include "cap.h"

#define MEMBANK_L4_API __attribute__((visibility("default")))

/* Nothing is there that could be called. */
#define MEMBANK_L4_VOID (-(L4_EIPC_LO + L4_IPC_ENOT_EXISTENT))

/* The initial capabilities that L4Re has no number for. */
#define MEMBANK_L4_RM_CAP (16UL << L4_CAP_SHIFT)
#define MEMBANK_L4_MEM_ALLOC_CAP (17UL << L4_CAP_SHIFT)

/**
 * struct membank_l4_use - a capability in use
 * @object: a reference
 * @fd: the descriptor that was asked for
 */
struct membank_l4_use {
	struct membank_l4_object *object;
	int fd;
};

/**
 * membank_l4_use() - begin to use what a slot holds
 * @cap: any number
 * @kind: what it must hold; also the one dataspace or notifier of a connection
 * @out_use: for membank_l4_unuse()
 *
 * Return: 0; MEMBANK_L4_VOID: it holds nothing; -L4_EBADPROTO: something else; for
 * initial capabilities also what opening the node gave.
 */
int membank_l4_use(l4_cap_idx_t cap, enum l4re_membank_kind kind,
		   struct membank_l4_use *out_use);

/**
 * membank_l4_unuse() - end it
 * @use: from membank_l4_use()
 */
static inline void membank_l4_unuse(struct membank_l4_use *use)
{
	membank_l4_object_put(use->object);
}

/**
 * membank_l4_fd_of() - the descriptor that an object is used by
 * @object: the object
 * @kind: as what
 *
 * Return: it belongs to @object; -1: there is none of this kind, or more than one.
 */
int membank_l4_fd_of(const struct membank_l4_object *object,
		     enum l4re_membank_kind kind);

/**
 * membank_l4_initial() - what an initial capability holds
 * @cap: any number below MEMBANK_L4_FIRST_FREE slots
 * @out_object: a reference
 *
 * Opens the node, if that was not done yet, or in the parent process.
 *
 * Return: 0, or an error of opening; MEMBANK_L4_VOID: there is none.
 */
int membank_l4_initial(l4_cap_idx_t cap, struct membank_l4_object **out_object);

/**
 * membank_l4_error() - the L4 error for one of Linux
 * @ret: 0 or a negative errno
 *
 * Return: 0 or a negative L4 error.
 */
int membank_l4_error(int ret);

/**
 * membank_l4_object_of() - an object, with what is to be known of a dataspace
 * @kind: what it is
 * @fd: belongs to it; closed also if it fails
 * @out_object: has one reference
 *
 * Return: 0; -L4_EINVAL: @fd is no dataspace, and should be; or another L4 error.
 */
int membank_l4_object_of(enum l4re_membank_kind kind, int fd,
			 struct membank_l4_object **out_object);

/**
 * membank_l4_attached_cap() - the slot of what was attached
 * @kind: L4RE_MEMBANK_DATASPACE or L4RE_MEMBANK_PAGER
 * @fd: from the kernel; used up
 * @spare: an empty slot, or L4_INVALID_CAP
 * @out_cap: the first slot that holds the same file, else of a dataspace the first
 *           with the same memory, else @spare
 *
 * Return: 0; -L4_ENOMEM: there is no slot.
 */
int membank_l4_attached_cap(enum l4re_membank_kind kind, int fd,
			    l4_cap_idx_t spare, l4_cap_idx_t *out_cap);

/**
 * membank_l4_tag() - what an operation on a kernel object returns
 * @ret: 0 or a negative L4 error
 * @label: of the tag, if @ret is 0
 *
 * Return: the tag; an IPC error is kept for l4_ipc_error().
 */
l4_msgtag_t membank_l4_tag(int ret, long label);

#endif /* MEMBANK_L4_INTERNAL_H */
