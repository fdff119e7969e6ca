/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_AREA_H
#define MEMBANK_AREA_H

#include <linux/types.h>

struct file;
struct membank_area_free;
struct membank_area_reserve;
struct membank_place;
struct membank_placement;
struct membank_space;
struct vm_area_struct;

/**
 * struct membank_area - addresses that only take what is attached there
 * @start: first address; constant
 * @end: behind the last one; constant
 * @flags: %MEMBANK_REGION_RESERVED or 0; constant
 * @file: is mapped where nothing is attached; constant. It holds us, and is held
 *        by these mappings, and by the regions that were attached in the area
 * @parent: the area around it, with a reference to its file, or NULL; constant
 * @depth: how many areas are around it; constant
 *
 * An area has no other record than those VMAs. fork() copies them, so one of
 * these can belong to several address spaces.
 */
struct membank_area {
	unsigned long start;
	unsigned long end;
	u32 flags;
	struct file *file;
	struct membank_area *parent;
	unsigned int depth;
};

int membank_area_reserve(struct membank_space *space,
			 struct membank_area_reserve *args);
int membank_area_free(struct membank_space *space,
		      struct membank_area_free *args);

struct membank_area *membank_area_of(const struct vm_area_struct *vma);
bool membank_area_is_hole(const struct vm_area_struct *vma);
struct membank_area *membank_area_get(unsigned long addr);
void membank_area_put(struct membank_area *area);

int membank_area_place(const struct membank_area *area,
		       struct membank_place *place);
int membank_area_check(const struct membank_placement *placement,
		       unsigned long start, unsigned long length);
void membank_area_hole(struct vm_area_struct *vma,
		       const struct membank_placement *placement);
bool membank_area_in_range(unsigned long start, unsigned long length);
int membank_area_refill(struct membank_space *space,
			const struct membank_area *area, unsigned long start,
			unsigned long length, u32 flags);

#endif /* MEMBANK_AREA_H */
