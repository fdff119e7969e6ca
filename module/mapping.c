// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a dataspace in an address space: shared mappings of real pages,
 * which I/O and other processes can reach as they reach any other memory.
 */
#include <linux/mm.h>

#include "compat.h"
#include "dataspace.h"
#include "mapping.h"

/* fork() and the splitting of a VMA; paired with mapping_close(). */
static void mapping_open(struct vm_area_struct *vma)
{
	struct membank_dataspace *dataspace = vma->vm_private_data;

	atomic_inc(&dataspace->mappings);
}

static void mapping_close(struct vm_area_struct *vma)
{
	struct membank_dataspace *dataspace = vma->vm_private_data;

	atomic_dec(&dataspace->mappings);
}

static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	struct membank_dataspace *dataspace = vmf->vma->vm_private_data;
	struct page *page;

	if (vmf->pgoff >= dataspace->pages)
		return VM_FAULT_SIGBUS;

	/*
	 * The reference goes to the page table entry. vm_insert_page() would
	 * do too, but makes the VMA VM_MIXEDMAP, whose 2 MiB entries cannot be
	 * split without losing count.
	 */
	page = pfn_to_page(dataspace->start + vmf->pgoff);
	get_page(page);
	vmf->page = page;
	return 0;
}

/*
 * Never called for pages like ours, and does nothing. But the kernel refuses
 * long-term writable pins (io_uring fixed buffers, RDMA) of mappings that track
 * writes, and it must: before such a pin it would try to move pages that lie in
 * a CMA area out of there, which cannot succeed with ours, for ever.
 */
static vm_fault_t mapping_pfn_mkwrite(struct vm_fault *vmf)
{
	return 0;
}

static const struct vm_operations_struct mapping_ops = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = mapping_fault,
	.pfn_mkwrite = mapping_pfn_mkwrite,
};

/**
 * membank_mapping_init() - make a new VMA a mapping of a dataspace
 * @vma: the VMA, inside the dataspace; its file holds the dataspace
 * @dataspace: what is to be mapped
 *
 * Called with the mmap_lock of the process held for writing.
 *
 * Return: 0, -EINVAL (private and writable), -EOPNOTSUPP (executable).
 */
int membank_mapping_init(struct vm_area_struct *vma,
			 struct membank_dataspace *dataspace)
{
	if (vma->vm_flags & VM_EXEC)
		return -EOPNOTSUPP;
	/* A private copy would not be the dataspace's memory. */
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EINVAL;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND);

	vma->vm_ops = &mapping_ops;
	vma->vm_private_data = dataspace;
	mapping_open(vma);
	return 0;
}

/**
 * membank_mapping_dataspace() - what a VMA maps
 * @vma: any VMA; its mmap_lock is held
 *
 * Return: the dataspace, which the VMA's file holds, or NULL if it is no
 * mapping of ours.
 */
struct membank_dataspace *membank_mapping_dataspace(struct vm_area_struct *vma)
{
	return vma->vm_ops == &mapping_ops ? vma->vm_private_data : NULL;
}
