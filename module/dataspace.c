// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace: one extent of a bank and what its owner asked for. L4Re's
 * Dataspace, allocated as by its Mem_alloc.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "bank.h"
#include "compat.h"
#include "dataspace.h"
#include "source.h"

/* The extent that @length bytes take, or 0 if no bank can be as large. */
static unsigned long extent_pages(u64 length, u32 flags)
{
	u64 grain = flags & MEMBANK_DATASPACE_SUPER_PAGES ? MEMBANK_GRAIN :
							    PAGE_SIZE;

	if (length > S64_MAX)
		return 0;
	return round_up(length, grain) >> PAGE_SHIFT;
}

static int alloc_from(struct membank_bank *bank,
		      struct membank_dataspace *dataspace, unsigned int order)
{
	if (!dataspace->pages || dataspace->pages > bank->config.pages ||
	    order >= MEMBANK_EXTENT_ORDERS)
		return -ERANGE;
	return membank_bank_alloc(bank, dataspace->pages, order,
				  &dataspace->start);
}

static int alloc_from_any(struct membank_dataspace *dataspace,
			  unsigned int order)
{
	struct membank_bank *bank;
	int ret = -ERANGE, one;
	u32 i;

	for (i = 0; (bank = membank_bank_get(i)); i++) {
		if (bank->config.flags & MEMBANK_BANK_PRIVATE)
			continue;
		one = alloc_from(bank, dataspace, order);
		if (!one) {
			dataspace->bank = bank;
			return 0;
		}
		membank_bank_count_failure(bank, one);
		/* That it can never fit anywhere is the weakest answer. */
		if (one != -ERANGE)
			ret = one;
	}
	return ret;
}

/**
 * membank_dataspace_create() - allocate a dataspace
 * @bank: from which bank, NULL for any that is not private
 * @length: bytes
 * @flags: set of &enum membank_dataspace_flags
 * @align: least log2 alignment of the physical address in bytes, 0 for a page
 *
 * Paired with membank_dataspace_destroy(). Failures are counted at the banks
 * that were asked.
 *
 * Return: the dataspace, whose memory reads as zero, or an ERR_PTR: -ERANGE,
 * -ENOMEM.
 */
struct membank_dataspace *membank_dataspace_create(struct membank_bank *bank,
						   u64 length, u32 flags,
						   u32 align)
{
	struct membank_dataspace *dataspace;
	unsigned int order;
	int ret;

	if (flags & MEMBANK_DATASPACE_SUPER_PAGES)
		align = max_t(u32, align, ilog2(MEMBANK_GRAIN));
	order = align > PAGE_SHIFT ? align - PAGE_SHIFT : 0;

	dataspace = kzalloc_obj(*dataspace, GFP_KERNEL_ACCOUNT);
	if (!dataspace) {
		if (bank)
			membank_bank_count_failure(bank, -ENOMEM);
		return ERR_PTR(-ENOMEM);
	}
	dataspace->bank = bank;
	dataspace->pages = extent_pages(length, flags);
	dataspace->length = length;
	dataspace->flags = flags;
	mutex_init(&dataspace->attachments_lock);
	INIT_LIST_HEAD(&dataspace->attachments);

	if (bank) {
		ret = alloc_from(bank, dataspace, order);
		if (ret)
			membank_bank_count_failure(bank, ret);
	} else {
		ret = alloc_from_any(dataspace, order);
	}
	if (ret) {
		kfree(dataspace);
		return ERR_PTR(ret == -ENOSPC ? -ENOMEM : ret);
	}
	return dataspace;
}

/**
 * membank_dataspace_destroy() - end a dataspace
 * @dataspace: that no mapping and no device reaches any more
 */
void membank_dataspace_destroy(struct membank_dataspace *dataspace)
{
	WARN_ON(atomic_read(&dataspace->mappings));
	WARN_ON(!list_empty(&dataspace->attachments));
	membank_bank_free(dataspace->bank, dataspace->start, dataspace->pages);
	mutex_destroy(&dataspace->attachments_lock);
	kfree(dataspace);
}
