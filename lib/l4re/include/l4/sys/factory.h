/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making kernel objects. */
#ifndef L4_SYS_FACTORY_H
#define L4_SYS_FACTORY_H

#include <l4/sys/compiler.h>
#include <l4/sys/ipc.h>
#include <l4/sys/types.h>

L4_BEGIN_DECLS

/**
 * l4_factory_create_irq() - make an Irq
 * @factory: l4re_env()->factory
 * @target_cap: slot that gets it, with the rights to trigger and to receive
 *
 * Return: a tag with label 0; or with an IPC error, L4_IPC_ENOT_EXISTENT:
 * @factory holds nothing; or with the label -L4_EBADPROTO: it is no factory,
 * -L4_EINVAL: @target_cap is no allocated slot, -L4_ENOMEM.
 */
L4_CV l4_msgtag_t l4_factory_create_irq(l4_cap_idx_t factory,
					l4_cap_idx_t target_cap) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_SYS_FACTORY_H */
