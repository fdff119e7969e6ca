/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_PAGES_H
#define MEMBANK_PAGES_H

#include <linux/bits.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* A block is as much as one 2 MiB page table entry maps, and aligned so. */
#define MEMBANK_BLOCK_ORDER (ilog2(SZ_2M) - PAGE_SHIFT)
#define MEMBANK_BLOCK_PAGES BIT(MEMBANK_BLOCK_ORDER)

unsigned long membank_pages_unpinned(unsigned long pfn, unsigned long pages);
unsigned long membank_pages_sound(unsigned long pfn, unsigned long pages);
void membank_pages_clear(unsigned long pfn, unsigned long pages);

bool membank_block_joined(unsigned long pfn);
bool membank_block_join(unsigned long pfn);
bool membank_block_split(unsigned long pfn);

#endif /* MEMBANK_PAGES_H */
