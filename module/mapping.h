/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_MAPPING_H
#define MEMBANK_MAPPING_H

#include <linux/types.h>

struct inode;
struct membank_dataspace;
struct vm_area_struct;

int membank_mapping_check(const struct vm_area_struct *vma);
int membank_mapping_init(struct vm_area_struct *vma,
			 struct membank_dataspace *dataspace);
struct membank_dataspace *membank_mapping_dataspace(struct vm_area_struct *vma);

void membank_mapping_guard(struct inode *inode,
			   struct membank_dataspace *dataspace);
void membank_mapping_wait_faults(struct membank_dataspace *dataspace);
bool membank_mapping_wants_blocks(struct membank_dataspace *dataspace,
				  unsigned long length);

#endif /* MEMBANK_MAPPING_H */
