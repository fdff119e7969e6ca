/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory allocator, which is a bank.
 *
 * Beside the errors that each function names, any can return -(L4_EIPC_LO +
 * L4_IPC_ENOT_EXISTENT): the allocator is called in a slot that is empty, free or
 * none, or membank is not loaded, or has no such bank; -L4_EBADPROTO: the slot
 * holds something else; -L4_EACCESS: the caller may not use the bank.
 */
#ifndef L4_RE_C_MEM_ALLOC_H
#define L4_RE_C_MEM_ALLOC_H

#include <l4/re/c/dataspace.h>
#include <l4/re/env.h>
#include <l4/sys/compiler.h>
#include <l4/sys/consts.h>

/**
 * enum l4re_ma_flags - what memory is asked for
 * @L4RE_MA_CONTINUOUS: contiguous in physical memory, which it always is; allows a
 *                      negative size
 * @L4RE_MA_PINNED: never moved, which it never is
 * @L4RE_MA_SUPER_PAGES: in pages of L4_SUPERPAGESIZE
 */
enum l4re_ma_flags {
	L4RE_MA_CONTINUOUS = 0x01,
	L4RE_MA_PINNED = 0x02,
	L4RE_MA_SUPER_PAGES = 0x04,
};

L4_BEGIN_DECLS

/**
 * l4re_ma_alloc_align_srv() - allocate memory, which reads as zero
 * @srv: the allocator
 * @size: bytes, kept to the byte, of an extent of whole pages. With
 *        L4RE_MA_CONTINUOUS it may be negative: then the largest extent that
 *        leaves at least -@size bytes of the caller's quota free, or of the bank,
 *        where there is no quota; l4re_ds_size() tells how large it is
 * @mem: slot that gets the dataspace; what it held before is closed
 * @flags: set of enum l4re_ma_flags
 * @align: least log2 alignment of the physical address; 0 for a page
 *
 * Return: 0; -L4_ERANGE: @size is 0, negative without L4RE_MA_CONTINUOUS, or more
 * than the bank can ever hold, or @align is above 30; -L4_ENOMEM: there is no such
 * extent now, or the caller would have more than its quota; -L4_EINVAL: @mem is no
 * allocated slot, or a flag is unknown. If it fails, @mem is as it was.
 */
L4_CV long l4re_ma_alloc_align_srv(l4_cap_idx_t srv, long size,
				   l4re_ds_t const mem, unsigned long flags,
				   unsigned long align) L4_NOTHROW;

/**
 * l4re_ma_free_srv() - give up a dataspace; deprecated in L4Re
 * @srv: the allocator
 * @mem: the dataspace; its slot is empty then, and stays allocated
 *
 * The memory is free when it is attached nowhere any more, and nobody else has the
 * dataspace.
 *
 * Return: 0; -L4_ENOENT: @mem holds nothing; -L4_EINVAL: it is no dataspace.
 */
L4_CV long l4re_ma_free_srv(l4_cap_idx_t srv, l4re_ds_t const mem) L4_NOTHROW;

/* Likewise, of l4re_env()->mem_alloc. */

L4_INLINE long l4re_ma_alloc(long size, l4re_ds_t const mem,
			     unsigned long flags) L4_NOTHROW
{
	return l4re_ma_alloc_align_srv(l4re_env()->mem_alloc, size, mem, flags,
				       0);
}

L4_INLINE long l4re_ma_alloc_align(long size, l4re_ds_t const mem,
				   unsigned long flags,
				   unsigned long align) L4_NOTHROW
{
	return l4re_ma_alloc_align_srv(l4re_env()->mem_alloc, size, mem, flags,
				       align);
}

L4_INLINE long l4re_ma_free(l4re_ds_t const mem) L4_NOTHROW
{
	return l4re_ma_free_srv(l4re_env()->mem_alloc, mem);
}

L4_END_DECLS

#endif /* L4_RE_C_MEM_ALLOC_H */
