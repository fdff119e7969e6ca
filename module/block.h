/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_BLOCK_H
#define MEMBANK_BLOCK_H

#include <linux/bits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

/*
 * A block is as much as one 2 MiB page table entry maps, and aligned so. Banks
 * start at one and consist of whole ones.
 */
#define MEMBANK_BLOCK SZ_2M
#define MEMBANK_BLOCK_ORDER (ilog2(MEMBANK_BLOCK) - PAGE_SHIFT)
#define MEMBANK_BLOCK_PAGES BIT(MEMBANK_BLOCK_ORDER)

#endif /* MEMBANK_BLOCK_H */
