/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the L4Re face share. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_L4RE_H
#define MEMBANK_SELFTESTS_L4RE_H

#include <stdlib.h>
#include <unistd.h>

#include <membank.h>
#include <l4/re/c/dataspace.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/membank.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/cache.h>
#include <l4/sys/consts.h>
#include <l4/sys/err.h>
#include <l4/sys/factory.h>
#include <l4/sys/ipc.h>
#include <l4/sys/irq.h>
#include <l4/sys/task.h>

/* Nothing is there that could be called. */
#define VOID (-(L4_EIPC_LO + L4_IPC_ENOT_EXISTENT))

#define NOBODY 65534

/* Indices that hold nothing: none, freed, empty, never allocated, and two more. */
#define BAD_CAPS 6
#define BAD_EMPTY 2
/* Slots of a case: the one that is freed must not be used again. */
#define SLOTS_MAX 64

static inline void l4re_bad_caps(l4_cap_idx_t *caps)
{
	l4_cap_idx_t slots[SLOTS_MAX];
	unsigned int i;

	caps[BAD_EMPTY] = l4re_util_cap_alloc();
	for (i = 0; i < SLOTS_MAX; i++)
		slots[i] = l4re_util_cap_alloc();
	for (i = 0; i < SLOTS_MAX; i++)
		l4re_util_cap_free(slots[i]);
	caps[0] = L4_INVALID_CAP;
	caps[1] = slots[SLOTS_MAX - 1];
	caps[3] = 0x1000UL << L4_CAP_SHIFT;
	caps[4] = ~0UL << L4_CAP_SHIFT;
	caps[5] = 0;
}

/* A slot with a dataspace of @size bytes; L4_INVALID_CAP if there is none. */
static inline l4re_ds_t l4re_ds_new(long size)
{
	l4re_ds_t ds = l4re_util_cap_alloc();

	return l4re_ma_alloc(size, ds, 0) ? L4_INVALID_CAP : ds;
}

/* A slot with an Irq. */
static inline l4_cap_idx_t l4re_irq_new(void)
{
	l4_cap_idx_t irq = l4re_util_cap_alloc();

	if (l4_error(l4_factory_create_irq(l4re_env()->factory, irq)))
		return L4_INVALID_CAP;
	return irq;
}

/* A slot with the same dataspace, but with these rights alone. */
static inline l4re_ds_t l4re_ds_with(l4re_ds_t ds, uint32_t rights)
{
	l4re_ds_t other = l4re_util_cap_alloc();
	int dev, fd, derived;

	if (l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &dev) ||
	    l4re_membank_fd(ds, L4RE_MEMBANK_DATASPACE, &fd) ||
	    membank_dataspace_derive(dev, fd, rights, &derived) ||
	    l4re_membank_put(other, L4RE_MEMBANK_DATASPACE, derived))
		return L4_INVALID_CAP;
	close(dev);
	close(fd);
	return other;
}

/* Takes it from everybody; its slot still holds it. */
static inline int l4re_ds_revoke(l4re_ds_t ds)
{
	int dev, fd, ret;

	if (l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &dev) ||
	    l4re_membank_fd(ds, L4RE_MEMBANK_DATASPACE, &fd))
		return -1;
	ret = membank_dataspace_revoke(dev, fd);
	close(dev);
	close(fd);
	return ret;
}

#endif /* MEMBANK_SELFTESTS_L4RE_H */
