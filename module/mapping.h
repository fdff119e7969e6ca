/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_MAPPING_H
#define MEMBANK_MAPPING_H

struct membank_dataspace;
struct vm_area_struct;

int membank_mapping_init(struct vm_area_struct *vma,
			 struct membank_dataspace *dataspace);
struct membank_dataspace *membank_mapping_dataspace(struct vm_area_struct *vma);

#endif /* MEMBANK_MAPPING_H */
