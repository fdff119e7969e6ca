/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What functions return, negated, when they fail. */
#ifndef L4_SYS_ERR_H
#define L4_SYS_ERR_H

#include <l4/sys/compiler.h>
#include <l4/sys/types.h>

enum l4_error_code_t {
	L4_EOK = 0,
	L4_EPERM = 1,
	L4_ENOENT = 2,
	L4_EIO = 5,
	L4_ENXIO = 6,
	L4_E2BIG = 7,
	L4_EAGAIN = 11,
	L4_ENOMEM = 12,
	L4_EACCESS = 13,
	L4_EFAULT = 14,
	L4_EBUSY = 16,
	L4_EEXIST = 17,
	L4_ENODEV = 19,
	L4_ENOTDIR = 20,
	L4_EINVAL = 22,
	L4_ENOSPC = 28,
	L4_ERANGE = 34,
	L4_ENAMETOOLONG = 36,
	L4_ENOSYS = 38,
	L4_EBADPROTO = 39,
	L4_EADDRNOTAVAIL = 99,
	L4_ERRNOMAX = 100,

	L4_ENOREPLY = 1000,
	L4_EMSGTOOSHORT = 1001,
	L4_EMSGTOOLONG = 1002,
	L4_EMSGMISSARG = 1003,
};

/*
 * Errors of communication are L4_EIPC_LO and one of enum l4_ipc_tcr_error_t. Both
 * ends are numbers, because C++20 frowns on sums of two kinds of enum.
 */
#define L4_EIPC_LO 2000
#define L4_EIPC_HI (L4_EIPC_LO + 0x1f)

L4_BEGIN_DECLS

/**
 * l4sys_errtostr() - what an error means
 * @err: as it was returned, negative; 0 is no error
 *
 * Return: a few words, constant, never NULL.
 */
L4_CV const char *l4sys_errtostr(long err) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_SYS_ERR_H */
