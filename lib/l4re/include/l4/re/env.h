/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program starts with. */
#ifndef L4_RE_ENV_H
#define L4_RE_ENV_H

#include <l4/re/consts.h>
#include <l4/sys/compiler.h>
#include <l4/sys/types.h>

/**
 * struct l4re_env_t - the initial capabilities
 * @parent: there is none: L4_INVALID_CAP, as wherever Linux has no such thing
 * @rm: the region map of the calling process
 * @mem_alloc: the bank that the environment variable MEMBANK_L4RE_BANK names, by
 *             its number, its node or its name; without it the kernel chooses
 * @log: none
 * @main_thread: none
 * @factory: makes Irqs
 * @scheduler: none
 * @first_free_cap: number of the first index that l4re_util_cap_alloc() gives
 *
 * The node is opened when it is first used.
 */
typedef struct l4re_env_t {
	l4_cap_idx_t parent;
	l4_cap_idx_t rm;
	l4_cap_idx_t mem_alloc;
	l4_cap_idx_t log;
	l4_cap_idx_t main_thread;
	l4_cap_idx_t factory;
	l4_cap_idx_t scheduler;
	l4_cap_idx_t first_free_cap;
} l4re_env_t;

L4_BEGIN_DECLS

extern l4re_env_t *l4re_global_env;

L4_INLINE l4re_env_t *l4re_env(void) L4_NOTHROW
{
	return l4re_global_env;
}

/**
 * l4re_env_get_cap() - a capability by its name
 * @name: of a membank service
 *
 * Connects to the service. As programs of L4Re are started together with the
 * channels between them, and Linux has neither, it waits for the name to appear:
 * for 3 seconds, or as many milliseconds as the environment variable
 * MEMBANK_L4RE_WAIT says, whatever signals are handled meanwhile. A name has the same
 * index each time, until it is freed; if its server has ended, this connects to the
 * next one, and waits for it as well. Dataspaces and Irqs of the former that are in
 * slots of their own stay what they are.
 *
 * The index serves as a dataspace if the service offers just one, and as an Irq
 * if it offers just one notifier; for the others see l4/re/c/membank.h.
 *
 * Return: an index to be freed with l4re_util_cap_free_um(), or that ends with the
 * process; L4_INVALID_CAP: there is no such service, or it cannot be had.
 */
L4_CV l4_cap_idx_t l4re_env_get_cap(const char *name) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_RE_ENV_H */
