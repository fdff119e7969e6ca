/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_MAPPING_H
#define MEMBANK_MAPPING_H

#include <linux/mm_types.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct file;
struct inode;
struct membank_dataspace;
struct membank_handle;
struct vm_fault;

/**
 * struct membank_mapping - what a region is beside a VMA
 * @refs: one for each VMA: fork() and splitting make more of one
 * @flags: set of &enum membank_region_flags it was attached with; constant
 * @handle: what is mapped; the VMA's file holds it; constant. NULL if a pager
 *          answers the faults
 * @area: the file of the area it was attached in, with a reference, or NULL;
 *        constant
 *
 * It is vm_private_data of the VMA. Who holds the mmap_lock for writing may put
 * another one in its place.
 */
struct membank_mapping {
	refcount_t refs;
	u32 flags;
	const struct membank_handle *handle;
	struct file *area;
};

int membank_mapping_check(const struct vm_area_struct *vma);
int membank_mapping_init(struct vm_area_struct *vma,
			 const struct membank_handle *handle, u32 flags,
			 struct file *area);
int membank_mapping_prepare(struct vm_area_struct *vma,
			    const struct membank_handle *handle, u32 flags,
			    struct file *area);
struct membank_mapping *membank_mapping_of(const struct vm_area_struct *vma);
struct membank_dataspace *
membank_mapping_dataspace(const struct vm_area_struct *vma);
struct membank_mapping *membank_mapping_alloc(void);
struct membank_mapping *membank_mapping_replace(struct vm_area_struct *vma,
						struct membank_mapping *mapping,
						struct file *area);
void membank_mapping_put(struct membank_mapping *mapping);

void membank_mapping_open(struct vm_area_struct *vma);
void membank_mapping_close(struct vm_area_struct *vma);
int membank_mapping_moved(struct vm_area_struct *vma);
vm_fault_t membank_mapping_fault(struct vm_fault *vmf,
				 const struct membank_handle *handle,
				 unsigned long page);

vm_fault_t membank_mapping_pfn_mkwrite(struct vm_fault *vmf);

void membank_mapping_guard(struct inode *inode,
			   struct membank_dataspace *dataspace);
void membank_mapping_wait_faults(struct membank_dataspace *dataspace);

#endif /* MEMBANK_MAPPING_H */
