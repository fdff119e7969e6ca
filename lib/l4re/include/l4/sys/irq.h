/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Irq objects, which are notifiers. */
#ifndef L4_SYS_IRQ_H
#define L4_SYS_IRQ_H

#include <l4/sys/compiler.h>
#include <l4/sys/ipc.h>
#include <l4/sys/types.h>

L4_BEGIN_DECLS

/**
 * l4_irq_trigger() - wake who receives
 * @irq: the Irq
 *
 * Triggers that nobody has received yet count as one. What was written to shared
 * memory before is seen by who is woken.
 *
 * Return: a tag with label 0; or with an IPC error, L4_IPC_ENOT_EXISTENT: @irq
 * holds nothing; or with the label -L4_EPERM: it may not trigger, -L4_EBADPROTO:
 * it is no Irq, -L4_ENODEV: it was taken back.
 */
L4_CV l4_msgtag_t l4_irq_trigger(l4_cap_idx_t irq) L4_NOTHROW;

/**
 * l4_irq_receive() - wait until it is triggered
 * @irq: the Irq; need not be bound to the thread
 * @to: how long; the part for receiving counts, rounded up to milliseconds
 *
 * The label L4_PROTO_IRQ is -1, so l4_ipc_error() tells whether it was received,
 * and l4_error() does not.
 *
 * Return: a tag with label L4_PROTO_IRQ; or with an IPC error, L4_IPC_RETIMEOUT:
 * not in time, L4_IPC_RECANCELED: a signal came, L4_IPC_ENOT_EXISTENT: @irq holds
 * nothing, or was taken back, or nobody is left who could trigger it,
 * L4_IPC_REABORTED: it may not receive, or is received in another way; or with the
 * label -L4_EBADPROTO: it is no Irq.
 */
L4_CV l4_msgtag_t l4_irq_receive(l4_cap_idx_t irq, l4_timeout_t to) L4_NOTHROW;

/**
 * l4_irq_unmask() - let the next trigger through
 * @irq: the Irq
 *
 * Only needed where a program has bound an eventfd to the notifier that lets one
 * trigger through at a time: of all others nothing is masked.
 *
 * Return: as l4_irq_trigger(); with the label -L4_EPERM: @irq may not receive.
 */
L4_CV l4_msgtag_t l4_irq_unmask(l4_cap_idx_t irq) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_SYS_IRQ_H */
