// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a dataspace in an address space: shared mappings of real pages,
 * which I/O and other processes can reach as they reach any other memory. Where
 * the address allows, a whole block is mapped by one entry of 2 MiB.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "bank.h"
#include "block.h"
#include "compat.h"
#include "dataspace.h"
#include "mapping.h"
#include "pages.h"
#include "source.h"

/**
 * membank_mapping_pfn_mkwrite() - does nothing: see membank_mapping_guard()
 * @vmf: never, for pages like ours
 *
 * Return: 0.
 */
vm_fault_t membank_mapping_pfn_mkwrite(struct vm_fault *vmf)
{
	return 0;
}

/**
 * membank_mapping_open() - open() of a VMA that is a region
 * @vma: a copy by fork(), or a part; paired with membank_mapping_close()
 */
void membank_mapping_open(struct vm_area_struct *vma)
{
	struct membank_mapping *mapping = vma->vm_private_data;

	refcount_inc(&mapping->refs);
	if (mapping->handle)
		membank_dataspace_map_again(mapping->handle->dataspace);
}

/**
 * membank_mapping_close() - close() of a VMA that is a region
 * @vma: the VMA; its file is still there
 */
void membank_mapping_close(struct vm_area_struct *vma)
{
	struct membank_mapping *mapping = vma->vm_private_data;

	if (mapping->handle)
		membank_dataspace_unmap(mapping->handle->dataspace);
	membank_mapping_put(mapping);
}

/**
 * membank_mapping_moved() - mremap() of a VMA that is a region
 * @vma: where it is now
 *
 * What it was moved to are no addresses of an area any more, as if mmap() had
 * taken them. It is told anew what it is, since the part of it that stayed, and
 * the copies that fork() made, are what they were.
 *
 * Return: 0, or -ENOMEM: nothing is moved.
 */
int membank_mapping_moved(struct vm_area_struct *vma)
{
	struct membank_mapping *mapping = vma->vm_private_data;

	if (!mapping->area)
		return 0;
	mapping = membank_mapping_alloc();
	if (!mapping)
		return -ENOMEM;
	membank_mapping_put(membank_mapping_replace(vma, mapping, NULL));
	return 0;
}

/**
 * membank_mapping_put() - let go of a mapping
 * @mapping: that a VMA or the caller holds
 */
void membank_mapping_put(struct membank_mapping *mapping)
{
	if (!refcount_dec_and_test(&mapping->refs))
		return;
	if (mapping->area)
		fput(mapping->area);
	kfree(mapping);
}

/*
 * The folio of a page of the dataspace, with a reference and locked. The lock is
 * held until the page table entry is there: who revokes waits for it, and takes
 * the entry away then.
 *
 * The kernel maps what it can of a folio at once, and looks for hardware errors
 * at most in the page that was asked for: so one error spoils a whole block.
 *
 * Return: the folio, or an ERR_PTR: -ENODEV: revoked, -EHWPOISON: it has a
 * hardware error, -EAGAIN: the page is changing its folio, which only happens
 * to pages that were just taken away.
 */
static struct folio *lock_folio(const struct membank_handle *handle,
				pgoff_t pgoff)
{
	struct membank_dataspace *dataspace = handle->dataspace;
	struct page *page = pfn_to_page(dataspace->start + pgoff);
	struct folio *folio = page_folio(page);
	int ret = -EAGAIN;

	if (membank_handle_is_revoked(handle))
		return ERR_PTR(-ENODEV);
	if (!folio_try_get(folio))
		return ERR_PTR(ret);
	if (page_folio(page) != folio)
		goto put_folio;

	folio_lock(folio);
	ret = -ENODEV;
	if (membank_handle_is_revoked(handle))
		goto unlock_folio;
	ret = -EHWPOISON;
	if (membank_pages_sound(folio_pfn(folio), folio_nr_pages(folio)) !=
	    folio_nr_pages(folio))
		goto unlock_folio;
	return folio;

unlock_folio:
	folio_unlock(folio);
put_folio:
	folio_put(folio);
	return ERR_PTR(ret);
}

static vm_fault_t fault_error(const struct folio *folio)
{
	switch (PTR_ERR(folio)) {
	case -EAGAIN:
		/* Without an entry, the instruction faults again at once. */
		return VM_FAULT_NOPAGE;
	case -EHWPOISON:
		return VM_FAULT_HWPOISON;
	default:
		return VM_FAULT_SIGBUS;
	}
}

/**
 * membank_mapping_fault() - bring one page of a dataspace
 * @vmf: the fault
 * @handle: through which there is access to it
 * @page: which one, from the beginning of the dataspace
 *
 * Return: as fault() of a VMA does.
 */
vm_fault_t membank_mapping_fault(struct vm_fault *vmf,
				 const struct membank_handle *handle,
				 unsigned long page)
{
	struct membank_dataspace *dataspace = handle->dataspace;
	struct folio *folio;

	if (page >= dataspace->pages)
		return VM_FAULT_SIGBUS;

	folio = lock_folio(handle, page);
	if (IS_ERR(folio))
		return fault_error(folio);

	/*
	 * The reference goes to the page table entry. vm_insert_page() would
	 * do too, but makes the VMA VM_MIXEDMAP, whose 2 MiB entries cannot be
	 * split without losing count.
	 */
	vmf->page = pfn_to_page(dataspace->start + page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	struct membank_mapping *mapping = vmf->vma->vm_private_data;

	return membank_mapping_fault(vmf, mapping->handle, vmf->pgoff);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static vm_fault_t mapping_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct membank_mapping *mapping = vma->vm_private_data;
	struct membank_dataspace *dataspace = mapping->handle->dataspace;
	unsigned long addr = vmf->address & PMD_MASK;
	vm_fault_t ret = VM_FAULT_FALLBACK;
	struct folio *folio;
	pgoff_t pgoff;
	pmd_t entry;

	if (order != PMD_ORDER || addr < vma->vm_start ||
	    addr + PMD_SIZE > vma->vm_end)
		return VM_FAULT_FALLBACK;
	pgoff = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	if (!IS_ALIGNED(dataspace->start + pgoff, MEMBANK_BLOCK_PAGES) ||
	    pgoff + MEMBANK_BLOCK_PAGES > dataspace->pages)
		return VM_FAULT_FALLBACK;

	folio = lock_folio(mapping->handle, pgoff);
	if (IS_ERR(folio))
		return fault_error(folio);
	entry = pmdp_get_lockless(vmf->pmd);
	/* Another thread may have mapped it in small pages meanwhile. */
	if (!pmd_none(entry) && !pmd_trans_huge(entry))
		ret = VM_FAULT_NOPAGE;
	/*
	 * Writable at once, also to read: where a mapping tracks writes, the first
	 * one would be another fault, and nobody wants to know of it.
	 */
	else if (folio_order(folio) == PMD_ORDER)
		ret = vmf_insert_folio_pmd(vmf, folio,
					   vma->vm_flags & VM_WRITE);
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}
#endif

static const struct vm_operations_struct mapping_ops = {
	.open = membank_mapping_open,
	.close = membank_mapping_close,
	.mremap = membank_mapping_moved,
	.fault = mapping_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = mapping_huge_fault,
#endif
};

static const struct vm_operations_struct mapping_ops_guarded = {
	.open = membank_mapping_open,
	.close = membank_mapping_close,
	.mremap = membank_mapping_moved,
	.fault = mapping_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = mapping_huge_fault,
#endif
	.pfn_mkwrite = membank_mapping_pfn_mkwrite,
};

static bool is_guarded(struct membank_dataspace *dataspace)
{
	return dataspace->bank->config.source == &membank_source_cma;
}

/**
 * membank_mapping_guard() - refuse what would hang: long-term pins of CMA pages
 * @inode: of the dma-buf that is going to be mapped
 * @dataspace: its dataspace
 *
 * Before the kernel pins a page for long (io_uring fixed buffers, RDMA, V4L2
 * user pointers), it moves it out of a CMA area. Pages of a bank cannot be
 * moved, and it would try for ever. What it refuses at once are long-term pins of
 * files whose mappings are the storage itself (S_DAX), and that is what a
 * dataspace is. A kernel without CONFIG_FS_DAX refuses at least the writable
 * ones of mappings that track writes (pfn_mkwrite).
 */
void membank_mapping_guard(struct inode *inode,
			   struct membank_dataspace *dataspace)
{
	if (is_guarded(dataspace))
		inode_set_flags(inode, S_DAX, S_DAX);
}

/*
 * Whether a mapping of so many bytes, from the beginning of the dataspace or a block
 * of it on, would use 2 MiB entries at an address that is a multiple of 2 MiB.
 */
static bool wants_blocks(struct membank_dataspace *dataspace,
			 unsigned long length)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) &&
	       length >= MEMBANK_BLOCK &&
	       IS_ALIGNED(dataspace->start, MEMBANK_BLOCK_PAGES);
}

/**
 * membank_mapping_check() - can this VMA be a mapping of a dataspace at all
 * @vma: the VMA
 *
 * Return: 0, -EINVAL (private and writable), -EOPNOTSUPP (executable).
 */
int membank_mapping_check(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_EXEC)
		return -EOPNOTSUPP;
	/* A private copy would not be the dataspace's memory. */
	if (vma->vm_flags & VM_WRITE && !(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	return 0;
}

/**
 * membank_mapping_alloc() - what a region will need
 *
 * Return: a mapping that nobody has yet, given back by membank_mapping_put(), or
 * NULL.
 */
struct membank_mapping *membank_mapping_alloc(void)
{
	struct membank_mapping *mapping;

	mapping = kzalloc_obj(*mapping, GFP_KERNEL_ACCOUNT);
	if (mapping)
		refcount_set(&mapping->refs, 1);
	return mapping;
}

/**
 * membank_mapping_replace() - put a region in another area
 * @vma: the region; its mmap_lock is held for writing
 * @mapping: from membank_mapping_alloc(); the VMA's from here
 * @area: the file of the area, or NULL
 *
 * Return: what the VMA had before, which is the caller's now.
 */
struct membank_mapping *membank_mapping_replace(struct vm_area_struct *vma,
						struct membank_mapping *mapping,
						struct file *area)
{
	struct membank_mapping *old = vma->vm_private_data;

	mapping->flags = old->flags;
	mapping->handle = old->handle;
	mapping->area = area ? get_file(area) : NULL;
	vma_start_write(vma);
	vma->vm_private_data = mapping;
	return old;
}

/**
 * membank_mapping_prepare() - make a new VMA a region
 * @vma: the VMA
 * @handle: what is mapped, counted as mapped once more; NULL: that of a pager
 * @flags: set of &enum membank_region_flags
 * @area: the file of the area it is in, or NULL
 *
 * Called with the mmap_lock of the process held for writing. The VMA needs its
 * operations yet, which have membank_mapping_open(), _close() and _moved().
 *
 * A mapping is not part of a core dump: it may be large, and its bytes belong to
 * others as well.
 *
 * Return: 0 or -ENOMEM.
 */
int membank_mapping_prepare(struct vm_area_struct *vma,
			    const struct membank_handle *handle, u32 flags,
			    struct file *area)
{
	struct membank_mapping *mapping;

	mapping = membank_mapping_alloc();
	if (!mapping)
		return -ENOMEM;
	mapping->handle = handle;
	mapping->flags = flags;
	mapping->area = area ? get_file(area) : NULL;
	vma->vm_private_data = mapping;

	/* As mmap() does for a file that is open for reading. */
	if (flags & (MEMBANK_REGION_READ_ONLY | MEMBANK_REGION_RESERVED))
		vm_flags_clear(vma, VM_MAYWRITE | VM_SHARED);
	if (flags & MEMBANK_REGION_RESERVED)
		vm_flags_clear(vma, VM_MAYREAD);
	/* Nobody can be told that fork() failed, so there is no copy. */
	if (flags & MEMBANK_REGION_NO_ALIAS)
		vm_flags_set(vma, VM_DONTCOPY);
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

/**
 * membank_mapping_init() - make a new VMA a mapping of a dataspace
 * @vma: the VMA, inside the dataspace; its file holds the handle
 * @handle: what is to be mapped
 * @flags: set of &enum membank_region_flags
 * @area: the file of the area it is in, or NULL
 *
 * Called with the mmap_lock of the process held for writing.
 *
 * Return: 0, -EINVAL (private and writable), -EOPNOTSUPP (executable),
 * -ENODEV (revoked), -EBUSY (%MEMBANK_REGION_NO_ALIAS), -ENOMEM.
 */
int membank_mapping_init(struct vm_area_struct *vma,
			 const struct membank_handle *handle, u32 flags,
			 struct file *area)
{
	struct membank_dataspace *dataspace = handle->dataspace;
	int ret = membank_mapping_check(vma);

	if (ret)
		return ret;
	if (membank_handle_is_revoked(handle))
		return -ENODEV;
	ret = membank_dataspace_map(dataspace, flags & MEMBANK_REGION_NO_ALIAS);
	if (ret)
		return ret;
	ret = membank_mapping_prepare(vma, handle, flags, area);
	if (ret) {
		membank_dataspace_unmap(dataspace);
		return ret;
	}

	if (!(vma->vm_flags & VM_MAYSHARE))
		vm_flags_clear(vma, VM_MAYWRITE);
	/* Nobody has to compact anything: the policy for that does not apply. */
	if (wants_blocks(dataspace, vma->vm_end - vma->vm_start))
		vm_flags_set(vma, VM_HUGEPAGE);

	if (is_guarded(dataspace) && !IS_ENABLED(CONFIG_FS_DAX))
		vma->vm_ops = &mapping_ops_guarded;
	else
		vma->vm_ops = &mapping_ops;
	return 0;
}

/**
 * membank_mapping_of() - what a VMA is to us
 * @vma: any VMA; its mmap_lock is held
 *
 * All operations of regions have membank_mapping_moved(), and no others have it.
 *
 * Return: the mapping, which the VMA holds, or NULL if it is no region.
 */
struct membank_mapping *membank_mapping_of(const struct vm_area_struct *vma)
{
	if (!vma->vm_ops || vma->vm_ops->mremap != membank_mapping_moved)
		return NULL;
	return vma->vm_private_data;
}

/**
 * membank_mapping_dataspace() - what a VMA maps
 * @vma: any VMA; its mmap_lock is held
 *
 * Return: the dataspace, which the VMA's file holds, or NULL if it is no
 * mapping of one.
 */
struct membank_dataspace *
membank_mapping_dataspace(const struct vm_area_struct *vma)
{
	struct membank_mapping *mapping = membank_mapping_of(vma);

	return mapping && mapping->handle ? mapping->handle->dataspace : NULL;
}

/**
 * membank_mapping_wait_faults() - wait until no fault makes an entry any more
 * @dataspace: that has been marked as revoked; its memory is still its own
 *
 * A fault that saw it unrevoked holds the lock of the folio until its page table
 * entry is there.
 */
void membank_mapping_wait_faults(struct membank_dataspace *dataspace)
{
	unsigned long page = 0;
	struct folio *folio;

	while (page < dataspace->pages) {
		folio = page_folio(pfn_to_page(dataspace->start + page));
		folio_lock(folio);
		folio_unlock(folio);
		page += folio_nr_pages(folio);
		cond_resched();
	}
}
