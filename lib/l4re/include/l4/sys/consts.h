/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes of pages, the form of capability indices, and how to unmap. */
#ifndef L4_SYS_CONSTS_H
#define L4_SYS_CONSTS_H

#include <stddef.h>

#include <l4/sys/compiler.h>
#include <l4/sys/l4int.h>

/* The pages that membank maps: 4 KiB and 2 MiB entries. */
#define L4_PAGESHIFT 12
#define L4_SUPERPAGESHIFT 21

#define L4_PAGESIZE (1UL << L4_PAGESHIFT)
#define L4_PAGEMASK (~(L4_PAGESIZE - 1))
#define L4_LOG2_PAGESIZE L4_PAGESHIFT
#define L4_SUPERPAGESIZE (1UL << L4_SUPERPAGESHIFT)
#define L4_SUPERPAGEMASK (~(L4_SUPERPAGESIZE - 1))
#define L4_LOG2_SUPERPAGESIZE L4_SUPERPAGESHIFT

/*
 * An index counts in steps of L4_CAP_OFFSET. The bits below hold rights where an
 * index is handed on, and one of them says that there is no capability.
 */
#define L4_CAP_SHIFT 12UL
#define L4_CAP_SIZE (1UL << L4_CAP_SHIFT)
#define L4_CAP_OFFSET (1UL << L4_CAP_SHIFT)
#define L4_CAP_MASK (~0UL << (L4_CAP_SHIFT - 1))
#define L4_INVALID_CAP (~0UL << (L4_CAP_SHIFT - 1))
#define L4_INVALID_CAP_BIT (1UL << (L4_CAP_SHIFT - 1))

/* The indices that every program starts with; see l4/re/env.h for the others. */
enum l4_default_caps_t {
	L4_BASE_TASK_CAP = 1 << 12,
	L4_BASE_FACTORY_CAP = 2 << 12,
	L4_BASE_THREAD_CAP = 3 << 12,
	L4_BASE_PAGER_CAP = 4 << 12,
	L4_BASE_LOG_CAP = 5 << 12,
	L4_BASE_ICU_CAP = 6 << 12,
	L4_BASE_SCHEDULER_CAP = 7 << 12,
};

/* Of l4_task_unmap(); they do not fit into an enum of C. */
#define L4_FP_ALL_SPACES 0x80000000UL
#define L4_FP_DELETE_OBJ 0xc0000000UL
#define L4_FP_OTHER_SPACES 0x0UL

#define L4_INVALID_ADDR (~0UL)
#define L4_INVALID_PTR ((void *)L4_INVALID_ADDR)

/* Down to the start of the page that holds @address. */
L4_INLINE l4_addr_t l4_trunc_page(l4_addr_t address) L4_NOTHROW
{
	return address & L4_PAGEMASK;
}

/* Up to the start of a page; in the last page of all, to 0. */
L4_INLINE l4_addr_t l4_round_page(l4_addr_t address) L4_NOTHROW
{
	return (address + L4_PAGESIZE - 1) & L4_PAGEMASK;
}

/* Likewise, to a multiple of two to the power of @bits. */
L4_INLINE l4_addr_t l4_trunc_size(l4_addr_t address,
				  unsigned char bits) L4_NOTHROW
{
	return address & (~0UL << bits);
}

L4_INLINE l4_addr_t l4_round_size(l4_addr_t value,
				  unsigned char bits) L4_NOTHROW
{
	return (value + (1UL << bits) - 1) & (~0UL << bits);
}

#endif /* L4_SYS_CONSTS_H */
