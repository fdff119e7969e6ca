// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdint.h>

#include <membank.h>
#include <l4/re/c/mem_alloc.h>

#include "internal.h"

MEMBANK_L4_API long l4re_ma_alloc_align_srv(l4_cap_idx_t srv, long size,
					    l4re_ds_t const mem,
					    unsigned long flags,
					    unsigned long align)
{
	struct membank_l4_object *object;
	struct membank_l4_use bank;
	int fd, ret;

	ret = membank_l4_use(srv, L4RE_MEMBANK_BANK, &bank);
	if (ret)
		return ret;
	if (!membank_l4_cap_usable(mem) || flags > UINT32_MAX)
		ret = -EINVAL;
	else if (align > UINT32_MAX)
		ret = -ERANGE;
	else
		ret = membank_dataspace_alloc(bank.fd, size, flags, align, &fd);
	membank_l4_unuse(&bank);
	if (ret)
		return membank_l4_error(ret);
	ret = membank_l4_object_of(L4RE_MEMBANK_DATASPACE, fd, &object);
	return ret ? ret : membank_l4_cap_set(mem, object);
}

MEMBANK_L4_API long l4re_ma_free_srv(l4_cap_idx_t srv, l4re_ds_t const mem)
{
	struct membank_l4_use bank, dataspace;
	int ret;

	ret = membank_l4_use(srv, L4RE_MEMBANK_BANK, &bank);
	if (ret)
		return ret;
	membank_l4_unuse(&bank);
	ret = membank_l4_use(mem, L4RE_MEMBANK_DATASPACE, &dataspace);
	if (ret)
		return ret == MEMBANK_L4_VOID ? -L4_ENOENT : -L4_EINVAL;
	membank_l4_unuse(&dataspace);
	return membank_l4_cap_set(mem, NULL);
}
