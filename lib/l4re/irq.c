// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>

#include <membank.h>
#include <l4/sys/factory.h>
#include <l4/sys/irq.h>

#include "internal.h"

/* The rights of a notifier are what L4 calls permission. */
static int irq_error(int ret)
{
	return ret == -EACCES ? -L4_EPERM : membank_l4_error(ret);
}

MEMBANK_L4_API l4_msgtag_t l4_irq_trigger(l4_cap_idx_t irq)
{
	struct membank_l4_use use;
	int ret;

	ret = membank_l4_use(irq, L4RE_MEMBANK_NOTIFIER, &use);
	if (!ret) {
		ret = irq_error(membank_notifier_trigger(use.fd));
		membank_l4_unuse(&use);
	}
	return membank_l4_tag(ret, 0);
}

/* Milliseconds, not less than what is asked for; -1: for ever. */
static int patience(l4_timeout_s part)
{
	l4_uint64_t us = l4_timeout_rel_get(part), ms;

	if (us == L4_TIMEOUT_US_NEVER)
		return -1;
	ms = us / 1000 + !!(us % 1000);
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Who has received gets a negative label, so errors must not be labels. */
static int receive_error(int ret)
{
	switch (ret) {
	case 0:
		return 0;
	case -ETIMEDOUT:
		return l4_ipc_to_errno(L4_IPC_RETIMEOUT);
	case -EINTR:
		return l4_ipc_to_errno(L4_IPC_RECANCELED);
	case -EPIPE:
	case -ENODEV:
		return MEMBANK_L4_VOID;
	default:
		return l4_ipc_to_errno(L4_IPC_REABORTED);
	}
}

MEMBANK_L4_API l4_msgtag_t l4_irq_receive(l4_cap_idx_t irq, l4_timeout_t to)
{
	struct membank_l4_use use;
	int ret;

	ret = membank_l4_use(irq, L4RE_MEMBANK_NOTIFIER, &use);
	if (!ret) {
		ret = membank_notifier_receive(use.fd, patience(to.p.rcv),
					       NULL);
		ret = receive_error(ret);
		membank_l4_unuse(&use);
	}
	return membank_l4_tag(ret, L4_PROTO_IRQ);
}

MEMBANK_L4_API l4_msgtag_t l4_irq_unmask(l4_cap_idx_t irq)
{
	struct membank_l4_use use;
	int ret;

	ret = membank_l4_use(irq, L4RE_MEMBANK_NOTIFIER, &use);
	if (!ret) {
		ret = membank_notifier_unmask(use.fd);
		/* Not bound in a way in which anything could be masked. */
		ret = ret == -EINVAL ? 0 : irq_error(ret);
		membank_l4_unuse(&use);
	}
	return membank_l4_tag(ret, 0);
}

static int create_irq(l4_cap_idx_t factory, l4_cap_idx_t target_cap)
{
	struct membank_l4_use node;
	int fd, ret;

	if (!l4_capability_equal(factory, L4_BASE_FACTORY_CAP) ||
	    l4_is_invalid_cap(factory)) {
		struct membank_l4_object *object = membank_l4_cap_get(factory);

		membank_l4_object_put(object);
		return object ? -L4_EBADPROTO : MEMBANK_L4_VOID;
	}
	if (!membank_l4_cap_usable(target_cap))
		return -L4_EINVAL;
	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node);
	if (ret)
		return ret;
	ret = membank_l4_error(membank_notifier_create(node.fd, &fd));
	membank_l4_unuse(&node);
	return ret ? ret :
		     l4re_membank_put(target_cap, L4RE_MEMBANK_NOTIFIER, fd);
}

MEMBANK_L4_API l4_msgtag_t l4_factory_create_irq(l4_cap_idx_t factory,
						 l4_cap_idx_t target_cap)
{
	return membank_l4_tag(create_irq(factory, target_cap), 0);
}
