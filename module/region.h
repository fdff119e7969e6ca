/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_REGION_H
#define MEMBANK_REGION_H

struct file;
struct membank_region_attach;
struct membank_region_detach;
struct membank_region_find;
struct mm_struct;

/**
 * struct membank_map - the region map of one address space
 * @mm: the address space of who opened the node, with mmgrab(); constant. NULL
 *      if that was no user process.
 *
 * There is no other record of regions: the address space itself says what is
 * attached in it.
 */
struct membank_map {
	struct mm_struct *mm;
};

void membank_map_init(struct membank_map *map);
void membank_map_exit(struct membank_map *map);

int membank_region_attach(struct membank_region_attach *args);
int membank_region_detach(struct membank_map *map,
			  struct membank_region_detach *args);
int membank_region_find(struct membank_map *map,
			struct membank_region_find *args, struct file **file);

#endif /* MEMBANK_REGION_H */
