/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_LOOKUP_H
#define MEMBANK_LOOKUP_H

#include <linux/types.h>

struct file;
struct membank_region_find;
struct membank_region_list;
struct membank_space;
struct vm_area_struct;

/**
 * struct membank_region - a region as it was seen
 * @start: first address
 * @end: behind the last one
 * @flags: set of &enum membank_region_flags
 * @file: of its VMA, with a reference
 */
struct membank_region {
	unsigned long start;
	unsigned long end;
	u32 flags;
	struct file *file;
};

bool membank_region_see(const struct vm_area_struct *vma,
			struct membank_region *region);
struct file *membank_region_lend(const struct membank_region *region, bool own);

int membank_lookup_find(struct membank_space *space,
			struct membank_region_find *args, struct file **file);
int membank_lookup_list(struct membank_space *space,
			struct membank_region_list *args);

#endif /* MEMBANK_LOOKUP_H */
