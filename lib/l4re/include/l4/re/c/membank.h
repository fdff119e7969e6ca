/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What L4Re does not have: the way between capability indices and descriptors of
 * membank. The C++ face stands on it, and a program may use it that wants both.
 * Functions return 0 or a negative L4 error, as those of l4/re/c/dataspace.h do.
 */
#ifndef L4_RE_C_MEMBANK_H
#define L4_RE_C_MEMBANK_H

#include <l4/re/c/dataspace.h>
#include <l4/sys/compiler.h>
#include <l4/sys/consts.h>
#include <l4/sys/types.h>

/**
 * enum l4re_membank_kind - what a slot holds
 * @L4RE_MEMBANK_DATASPACE: a dataspace
 * @L4RE_MEMBANK_NOTIFIER: a notifier, which is an Irq
 * @L4RE_MEMBANK_BANK: a bank, which is a memory allocator
 * @L4RE_MEMBANK_MAP: the region map of the process that opened the node
 * @L4RE_MEMBANK_PAGER: what membank_pager_create() gives to be attached
 * @L4RE_MEMBANK_SERVICE: a connection, which only l4re_env_get_cap() makes
 */
enum l4re_membank_kind {
	L4RE_MEMBANK_DATASPACE = 1,
	L4RE_MEMBANK_NOTIFIER = 2,
	L4RE_MEMBANK_BANK = 3,
	L4RE_MEMBANK_MAP = 4,
	L4RE_MEMBANK_PAGER = 5,
	L4RE_MEMBANK_SERVICE = 6,
};

L4_BEGIN_DECLS

/**
 * l4re_membank_put() - make a descriptor a capability
 * @cap: an allocated slot; what it held before is closed
 * @kind: what @fd is
 * @fd: belongs to the slot from then on; closed if it fails, too
 *
 * What is put as a pager may be any descriptor: only attaching it tells.
 *
 * Return: 0; -L4_EINVAL: @cap is no allocated slot, @kind is no such kind, or @fd
 * is not of it; -L4_ENOMEM.
 */
L4_CV int l4re_membank_put(l4_cap_idx_t cap, enum l4re_membank_kind kind,
			   int fd) L4_NOTHROW;

/**
 * l4re_membank_holds() - what a slot holds
 * @cap: any number
 * @kind: what it may be used as
 *
 * Return: 0; or what a function returns that is called in it: -(L4_EIPC_LO +
 * L4_IPC_ENOT_EXISTENT), nothing; -L4_EBADPROTO, something else.
 */
L4_CV int l4re_membank_holds(l4_cap_idx_t cap,
			     enum l4re_membank_kind kind) L4_NOTHROW;

/**
 * l4re_membank_copy() - let two slots hold the same
 * @cap: an allocated slot; what it held before is closed
 * @src: any slot
 *
 * Return: 0; -L4_EINVAL: @cap is no allocated slot; -L4_ENOENT: @src holds nothing.
 */
L4_CV int l4re_membank_copy(l4_cap_idx_t cap, l4_cap_idx_t src) L4_NOTHROW;

/**
 * l4re_membank_cap_free() - l4re_util_cap_free(), and whether there was something
 * to free
 * @cap: an allocated slot
 * @unmap_flags: L4_FP_ALL_SPACES; L4_FP_DELETE_OBJ revokes a dataspace first, if
 *               the slot has the right
 *
 * Return: 0; -L4_EINVAL: @cap is no allocated slot.
 */
L4_CV int l4re_membank_cap_free(l4_cap_idx_t cap,
				l4_umword_t unmap_flags) L4_NOTHROW;

/**
 * l4re_membank_cap_take() - be another user of a slot
 * @cap: an allocated slot, of which who allocated it is a user already
 *
 * Return: 0; -L4_EINVAL: @cap is no allocated slot.
 */
L4_CV int l4re_membank_cap_take(l4_cap_idx_t cap) L4_NOTHROW;

/**
 * l4re_membank_cap_release() - be a user of a slot no more
 * @cap: an allocated slot
 * @unmap_flags: as for l4re_membank_cap_free(), when it has no users any more
 *
 * Return: 1: it is free now; 0: it has other users; -L4_EINVAL: @cap is no
 * allocated slot.
 */
L4_CV int l4re_membank_cap_release(l4_cap_idx_t cap,
				   l4_umword_t unmap_flags) L4_NOTHROW;

/**
 * l4re_membank_fd() - the descriptor of a capability
 * @cap: a slot; of a connection the descriptor that hangs up when its server is
 *       gone
 * @kind: what it must hold; also the one dataspace, or the one notifier, of a
 *        connection
 * @out_fd: a copy, to be closed
 *
 * Return: 0, or -L4_ENOMEM, if there is no free descriptor.
 */
L4_CV int l4re_membank_fd(l4_cap_idx_t cap, enum l4re_membank_kind kind,
			  int *out_fd) L4_NOTHROW;

/**
 * l4re_membank_offers() - how much a connection offers
 * @service: from l4re_env_get_cap()
 *
 * Return: how many, or an error.
 */
L4_CV int l4re_membank_offers(l4_cap_idx_t service) L4_NOTHROW;

/**
 * l4re_membank_take() - take what a connection offers
 * @service: from l4re_env_get_cap()
 * @kind: L4RE_MEMBANK_DATASPACE or L4RE_MEMBANK_NOTIFIER
 * @which: the first of this kind is 0
 * @cap: slot that gets it; what it held before is closed
 *
 * Return: 0; -L4_ENOENT: there are not as many; -L4_EINVAL: @cap is no allocated
 * slot; -L4_ENOMEM.
 */
L4_CV int l4re_membank_take(l4_cap_idx_t service, enum l4re_membank_kind kind,
			    unsigned int which, l4_cap_idx_t cap) L4_NOTHROW;

/**
 * l4re_membank_detach() - l4re_rm_detach_srv(), of a range too
 * @rm: a region map
 * @addr: any address of a region; or the first of a range
 * @size: 0: the whole region; else bytes: what lies there of regions. With @ds that
 *        ends with the first of them
 * @ds: as for l4re_rm_detach_srv()
 * @task: likewise
 *
 * Return: 0: whole regions are detached; 1: one is shorter now; 2: one is two now;
 * with 4 added, there are more in the range; or an error of l4re_rm_detach_srv().
 */
L4_CV int l4re_membank_detach(l4_cap_idx_t rm, l4_addr_t addr,
			      unsigned long size, l4re_ds_t *ds,
			      l4_cap_idx_t task) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_RE_C_MEMBANK_H */
