/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an operation on a kernel object ended. */
#ifndef L4_SYS_IPC_H
#define L4_SYS_IPC_H

#include <l4/sys/compiler.h>
#include <l4/sys/err.h>
#include <l4/sys/types.h>

/* What l4_ipc_error() tells. */
enum l4_ipc_tcr_error_t {
	L4_IPC_ERROR_MASK = 0x1f,
	L4_IPC_SND_ERR_MASK = 0x01,

	L4_IPC_SETIMEOUT = 0x02,
	L4_IPC_RETIMEOUT = 0x03,
	L4_IPC_ENOT_EXISTENT = 0x04,
	L4_IPC_SECANCELED = 0x06,
	L4_IPC_RECANCELED = 0x07,
	L4_IPC_SEABORTED = 0x0e,
	L4_IPC_REABORTED = 0x0f,
};

/* Each thread has one: it keeps how its last operation ended. */
typedef struct l4_utcb_t l4_utcb_t;

/* What functions return for a l4_ipc_error() that is not 0. */
L4_INLINE int l4_ipc_to_errno(unsigned long ipc_error_code) L4_NOTHROW
{
	return -(L4_EIPC_LO + (int)ipc_error_code);
}

L4_BEGIN_DECLS

/**
 * l4_utcb() - that of the calling thread
 *
 * Return: valid as long as the thread lives.
 */
L4_CV l4_utcb_t *l4_utcb(void) L4_NOTHROW;

/**
 * l4_ipc_error() - why communication failed
 * @tag: what the operation returned
 * @utcb: l4_utcb()
 *
 * Return: 0: it did not fail, or an L4_IPC_* of enum l4_ipc_tcr_error_t. It is
 * that of the thread's last operation.
 */
L4_CV l4_umword_t l4_ipc_error(l4_msgtag_t tag, l4_utcb_t *utcb) L4_NOTHROW;

/**
 * l4_error_u() - what an operation returned, with a UTCB
 * @tag: what the operation returned
 * @utcb: l4_utcb()
 *
 * Return: -(L4_EIPC_LO + l4_ipc_error()), if that is not 0; else the label of
 * @tag, which is a negative error or not negative.
 */
L4_CV long l4_error_u(l4_msgtag_t tag, l4_utcb_t *utcb) L4_NOTHROW;

/**
 * l4_error() - what an operation returned
 * @tag: what the operation returned
 *
 * Return: as l4_error_u().
 */
L4_CV long l4_error(l4_msgtag_t tag) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_SYS_IPC_H */
