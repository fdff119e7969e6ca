/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_DATASPACE_H
#define MEMBANK_DATASPACE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct membank_bank;

/**
 * struct membank_dataspace - one contiguous, zeroed extent of a bank
 * @bank: whose memory it is; constant
 * @start: page frame number of its first page; constant
 * @pages: how many; constant
 * @length: bytes that were asked for, at most @pages pages; constant
 * @flags: set of &enum membank_dataspace_flags; constant
 * @mappings: VMAs of it in all processes; atomic
 * @attachments_lock: guards @attachments
 * @attachments: devices that have the memory mapped for DMA
 *
 * Belongs to one dma-buf, and dies with it.
 */
struct membank_dataspace {
	struct membank_bank *bank;
	unsigned long start;
	unsigned long pages;
	u64 length;
	u32 flags;
	atomic_t mappings;

	/* The list below and the tables in it. */
	struct mutex attachments_lock;
	struct list_head attachments;
};

struct membank_dataspace *membank_dataspace_create(struct membank_bank *bank,
						   u64 length, u32 flags,
						   u32 align);
void membank_dataspace_destroy(struct membank_dataspace *dataspace);

#endif /* MEMBANK_DATASPACE_H */
