/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_PAGES_H
#define MEMBANK_PAGES_H

#include <linux/types.h>

unsigned long membank_pages_unpinned(unsigned long pfn, unsigned long pages);
unsigned long membank_pages_sound(unsigned long pfn, unsigned long pages);
void membank_pages_clear(unsigned long pfn, unsigned long pages);

bool membank_block_join(unsigned long pfn);
bool membank_block_split(unsigned long pfn);

#endif /* MEMBANK_PAGES_H */
