// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a dataspace in an address space: shared mappings of real pages,
 * which I/O and other processes can reach as they reach any other memory. Where
 * the address allows, a whole block is mapped by one entry of 2 MiB.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "bank.h"
#include "block.h"
#include "compat.h"
#include "dataspace.h"
#include "mapping.h"
#include "pages.h"
#include "source.h"

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
static struct folio *lock_folio(struct membank_dataspace *dataspace,
				pgoff_t pgoff)
{
	struct page *page = pfn_to_page(dataspace->start + pgoff);
	struct folio *folio = page_folio(page);
	int ret = -EAGAIN;

	if (READ_ONCE(dataspace->revoked))
		return ERR_PTR(-ENODEV);
	if (!folio_try_get(folio))
		return ERR_PTR(ret);
	if (page_folio(page) != folio)
		goto put_folio;

	folio_lock(folio);
	ret = -ENODEV;
	if (READ_ONCE(dataspace->revoked))
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

static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	struct membank_dataspace *dataspace = vmf->vma->vm_private_data;
	struct folio *folio;

	if (vmf->pgoff >= dataspace->pages)
		return VM_FAULT_SIGBUS;

	folio = lock_folio(dataspace, vmf->pgoff);
	if (IS_ERR(folio))
		return fault_error(folio);

	/*
	 * The reference goes to the page table entry. vm_insert_page() would
	 * do too, but makes the VMA VM_MIXEDMAP, whose 2 MiB entries cannot be
	 * split without losing count.
	 */
	vmf->page = pfn_to_page(dataspace->start + vmf->pgoff);
	return VM_FAULT_LOCKED;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static vm_fault_t mapping_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct membank_dataspace *dataspace = vma->vm_private_data;
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

	folio = lock_folio(dataspace, pgoff);
	if (IS_ERR(folio))
		return fault_error(folio);
	entry = pmdp_get_lockless(vmf->pmd);
	/* Another thread may have mapped it in small pages meanwhile. */
	if (!pmd_none(entry) && !pmd_trans_huge(entry))
		ret = VM_FAULT_NOPAGE;
	else if (folio_order(folio) == PMD_ORDER)
		ret = vmf_insert_folio_pmd(vmf, folio,
					   vmf->flags & FAULT_FLAG_WRITE);
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}
#endif

/*
 * Never called for pages like ours, and does nothing: see
 * membank_mapping_guard().
 */
static vm_fault_t mapping_pfn_mkwrite(struct vm_fault *vmf)
{
	return 0;
}

static const struct vm_operations_struct mapping_ops = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = mapping_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = mapping_huge_fault,
#endif
};

static const struct vm_operations_struct mapping_ops_guarded = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = mapping_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = mapping_huge_fault,
#endif
	.pfn_mkwrite = mapping_pfn_mkwrite,
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

/**
 * membank_mapping_wants_blocks() - would a mapping use 2 MiB entries
 * @dataspace: what is to be mapped, from its beginning or a block of it on
 * @length: bytes
 *
 * Return: whether it would, at an address that is a multiple of 2 MiB.
 */
bool membank_mapping_wants_blocks(struct membank_dataspace *dataspace,
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
 * membank_mapping_init() - make a new VMA a mapping of a dataspace
 * @vma: the VMA, inside the dataspace; its file holds the dataspace
 * @dataspace: what is to be mapped
 *
 * Called with the mmap_lock of the process held for writing.
 *
 * A mapping is not part of a core dump: it may be large, and its bytes belong to
 * others as well.
 *
 * Return: 0, -EINVAL (private and writable), -EOPNOTSUPP (executable),
 * -ENODEV (revoked).
 */
int membank_mapping_init(struct vm_area_struct *vma,
			 struct membank_dataspace *dataspace)
{
	int ret = membank_mapping_check(vma);

	if (ret)
		return ret;
	if (READ_ONCE(dataspace->revoked))
		return -ENODEV;
	if (!(vma->vm_flags & VM_MAYSHARE))
		vm_flags_clear(vma, VM_MAYWRITE);
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	/* Nobody has to compact anything: the policy for that does not apply. */
	if (membank_mapping_wants_blocks(dataspace,
					 vma->vm_end - vma->vm_start))
		vm_flags_set(vma, VM_HUGEPAGE);

	if (is_guarded(dataspace) && !IS_ENABLED(CONFIG_FS_DAX))
		vma->vm_ops = &mapping_ops_guarded;
	else
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
	if (vma->vm_ops != &mapping_ops && vma->vm_ops != &mapping_ops_guarded)
		return NULL;
	return vma->vm_private_data;
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
