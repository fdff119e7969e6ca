/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slots for capabilities. */
#ifndef L4_RE_C_UTIL_CAP_ALLOC_H
#define L4_RE_C_UTIL_CAP_ALLOC_H

#include <l4/sys/compiler.h>
#include <l4/sys/types.h>

L4_BEGIN_DECLS

/**
 * l4re_util_cap_alloc() - allocate an empty slot
 *
 * Return: its index; L4_INVALID_CAP: there is no memory for more slots.
 */
L4_CV l4_cap_idx_t l4re_util_cap_alloc(void) L4_NOTHROW;

/**
 * l4re_util_cap_free() - free a slot
 * @cap: from l4re_util_cap_alloc(); any other index, and one that is free, is
 *       ignored; l4re_membank_cap_free() says that it was one
 *
 * What it holds is closed. A dataspace lives on where it is attached.
 */
L4_CV void l4re_util_cap_free(l4_cap_idx_t cap) L4_NOTHROW;

/**
 * l4re_util_cap_free_um() - the same, as a descriptor is not left behind
 * @cap: as for l4re_util_cap_free()
 */
L4_CV void l4re_util_cap_free_um(l4_cap_idx_t cap) L4_NOTHROW;

/* The number of the last slot that there can be; its index is L4_CAP_SHIFT higher. */
L4_CV long l4re_util_cap_last(void) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_RE_C_UTIL_CAP_ALLOC_H */
