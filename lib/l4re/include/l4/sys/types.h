/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capability indices, message tags, flexpages of capabilities, timeouts. */
#ifndef L4_SYS_TYPES_H
#define L4_SYS_TYPES_H

#include <l4/sys/compiler.h>
#include <l4/sys/consts.h>
#include <l4/sys/l4int.h>

/* ---------------------------------------------------------- capabilities */

typedef unsigned long l4_cap_idx_t;

/* Not 0 if @c is no index at all; what the slot holds is another question. */
L4_INLINE unsigned int l4_is_invalid_cap(l4_cap_idx_t c) L4_NOTHROW
{
	return (unsigned int)(c & L4_INVALID_CAP_BIT);
}

L4_INLINE unsigned int l4_is_valid_cap(l4_cap_idx_t c) L4_NOTHROW
{
	return !(c & L4_INVALID_CAP_BIT);
}

/* Whether both are the same slot, whatever rights their low bits name. */
L4_INLINE unsigned int l4_capability_equal(l4_cap_idx_t c1,
					   l4_cap_idx_t c2) L4_NOTHROW
{
	return (c1 >> L4_CAP_SHIFT) == (c2 >> L4_CAP_SHIFT);
}

/*
 * Rights that are handed on with an index, in its low bits. On Linux a descriptor
 * has its rights for life, so they are accepted and change nothing.
 */
enum L4_cap_fpage_rights {
	L4_CAP_FPAGE_W = 0x1,
	L4_CAP_FPAGE_S = 0x2,
	L4_CAP_FPAGE_R = 0x4,
	L4_CAP_FPAGE_RO = 0x4,
	L4_CAP_FPAGE_D = 0x8,
	L4_CAP_FPAGE_RW = L4_CAP_FPAGE_R | L4_CAP_FPAGE_W,
	L4_CAP_FPAGE_RS = L4_CAP_FPAGE_R | L4_CAP_FPAGE_S,
	L4_CAP_FPAGE_RWS = L4_CAP_FPAGE_RW | L4_CAP_FPAGE_S,
	L4_CAP_FPAGE_RWSD = L4_CAP_FPAGE_RWS | L4_CAP_FPAGE_D,
	L4_CAP_FPAGE_RWD = L4_CAP_FPAGE_RW | L4_CAP_FPAGE_D,
	L4_CAP_FPAGE_RSD = L4_CAP_FPAGE_RS | L4_CAP_FPAGE_D,
};

/* ------------------------------------------------------------- flexpages */

/* Rights of memory. */
enum L4_fpage_rights {
	L4_FPAGE_X = 1,
	L4_FPAGE_W = 2,
	L4_FPAGE_RO = 4,
	L4_FPAGE_RW = L4_FPAGE_RO | L4_FPAGE_W,
	L4_FPAGE_RX = L4_FPAGE_RO | L4_FPAGE_X,
	L4_FPAGE_RWX = L4_FPAGE_RW | L4_FPAGE_X,
};

enum L4_fpage_type {
	L4_FPAGE_SPECIAL = 0,
	L4_FPAGE_MEMORY = 1,
	L4_FPAGE_IO = 2,
	L4_FPAGE_OBJ = 3,
};

/* Rights in 4 bits, type in 2, log2 of the size in 6, and the index or address. */
typedef union l4_fpage_t {
	l4_umword_t fpage;
	l4_umword_t raw;
} l4_fpage_t;

/* Two to the power of @order capabilities from @obj on. */
L4_INLINE l4_fpage_t l4_obj_fpage(l4_cap_idx_t obj, unsigned int order,
				  unsigned char rights) L4_NOTHROW
{
	l4_fpage_t page;

	page.raw = (obj & (~0UL << L4_CAP_SHIFT)) | ((order & 0x3fUL) << 6) |
		   ((unsigned long)L4_FPAGE_OBJ << 4) | (rights & 0xfUL);
	return page;
}

/* ---------------------------------------------------------- message tags */

enum L4_msgtag_protocol {
	L4_PROTO_NONE = 0,
	L4_PROTO_IRQ = -1,
};

enum L4_msgtag_flags {
	L4_MSGTAG_ERROR = 0x8000,
};

/* What an operation on a kernel object gives; see l4_error(). */
typedef struct l4_msgtag_t {
	l4_mword_t raw;
#ifdef __cplusplus
	long label() const noexcept
	{
		return raw >> 16;
	}

	void label(long v) noexcept
	{
		raw = (raw & 0xffff) | (l4_mword_t)((l4_umword_t)v << 16);
	}

	unsigned int words() const noexcept
	{
		return raw & 0x3f;
	}

	unsigned int items() const noexcept
	{
		return (raw >> 6) & 0x3f;
	}

	unsigned int flags() const noexcept
	{
		return raw & 0xf000;
	}

	bool has_error() const noexcept
	{
		return raw & L4_MSGTAG_ERROR;
	}
#endif
} l4_msgtag_t;

L4_INLINE l4_msgtag_t l4_msgtag(long label, unsigned int words,
				unsigned int items,
				unsigned int flags) L4_NOTHROW
{
	l4_msgtag_t tag;

	tag.raw = (l4_mword_t)((l4_umword_t)label << 16 | (words & 0x3f) |
			       (items & 0x3f) << 6 | (flags & 0xf000));
	return tag;
}

L4_INLINE long l4_msgtag_label(l4_msgtag_t t) L4_NOTHROW
{
	return t.raw >> 16;
}

L4_INLINE unsigned int l4_msgtag_words(l4_msgtag_t t) L4_NOTHROW
{
	return t.raw & 0x3f;
}

L4_INLINE unsigned int l4_msgtag_items(l4_msgtag_t t) L4_NOTHROW
{
	return (t.raw >> 6) & 0x3f;
}

L4_INLINE unsigned int l4_msgtag_flags(l4_msgtag_t t) L4_NOTHROW
{
	return t.raw & 0xf000;
}

L4_INLINE unsigned int l4_msgtag_has_error(l4_msgtag_t t) L4_NOTHROW
{
	return t.raw & L4_MSGTAG_ERROR;
}

/* -------------------------------------------------------------- timeouts */

/* Microseconds: 10 bits, to be shifted left by the 5 bits above. */
typedef struct l4_timeout_s {
	l4_uint16_t t;
} l4_timeout_s;

typedef union l4_timeout_t {
	l4_uint32_t raw;
	struct {
		l4_timeout_s rcv;
		l4_timeout_s snd;
	} p;
} l4_timeout_t;

/* How to say that a part, or both, never ends or does not wait. */
L4_INLINE l4_timeout_s membank_l4_timeout_part(l4_uint16_t t) L4_NOTHROW
{
	l4_timeout_s part;

	part.t = t;
	return part;
}

L4_INLINE l4_timeout_t l4_timeout(l4_timeout_s snd, l4_timeout_s rcv) L4_NOTHROW
{
	l4_timeout_t timeout;

	timeout.p.rcv = rcv;
	timeout.p.snd = snd;
	return timeout;
}

#define L4_IPC_TIMEOUT_NEVER membank_l4_timeout_part(0)
#define L4_IPC_TIMEOUT_0 membank_l4_timeout_part(0x400)
#define L4_IPC_NEVER l4_timeout(L4_IPC_TIMEOUT_NEVER, L4_IPC_TIMEOUT_NEVER)
#define L4_IPC_RECV_TIMEOUT_0 l4_timeout(L4_IPC_TIMEOUT_NEVER, L4_IPC_TIMEOUT_0)
#define L4_IPC_SEND_TIMEOUT_0 l4_timeout(L4_IPC_TIMEOUT_0, L4_IPC_TIMEOUT_NEVER)
#define L4_IPC_BOTH_TIMEOUT_0 l4_timeout(L4_IPC_TIMEOUT_0, L4_IPC_TIMEOUT_0)

#define L4_TIMEOUT_US_NEVER (~(l4_uint64_t)0)

L4_INLINE l4_timeout_s l4_timeout_rel(unsigned int man,
				      unsigned int exp) L4_NOTHROW
{
	unsigned int t = (man & 0x3ff) | (exp & 0x1f) << 10;

	return membank_l4_timeout_part((l4_uint16_t)t);
}

/* At least @us microseconds, as exactly as a timeout can say it. */
L4_INLINE l4_timeout_s l4_timeout_from_us(l4_uint64_t us) L4_NOTHROW
{
	unsigned int exp = 0;

	if (!us)
		return L4_IPC_TIMEOUT_0;
	while (us > 0x3ff && exp < 0x20) {
		us = us / 2 + us % 2;
		exp++;
	}
	if (exp > 0x1f)
		return L4_IPC_TIMEOUT_NEVER;
	return l4_timeout_rel((unsigned int)us, exp);
}

/* Microseconds; L4_TIMEOUT_US_NEVER for one that never ends. */
L4_INLINE l4_uint64_t l4_timeout_rel_get(l4_timeout_s to) L4_NOTHROW
{
	if (!to.t)
		return L4_TIMEOUT_US_NEVER;
	return (l4_uint64_t)(to.t & 0x3ff) << ((to.t >> 10) & 0x1f);
}

L4_INLINE l4_timeout_t l4_ipc_timeout(unsigned int snd_man,
				      unsigned int snd_exp,
				      unsigned int rcv_man,
				      unsigned int rcv_exp) L4_NOTHROW
{
	return l4_timeout(l4_timeout_rel(snd_man, snd_exp),
			  l4_timeout_rel(rcv_man, rcv_exp));
}

#endif /* L4_SYS_TYPES_H */
