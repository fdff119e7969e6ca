// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is attached where, in this address space or in that of another process:
 * read from its VMAs, which are all the record there is.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "area.h"
#include "bank.h"
#include "compat.h"
#include "dataspace.h"
#include "dmabuf.h"
#include "ioctl.h"
#include "lookup.h"
#include "mapping.h"
#include "paged.h"
#include "space.h"

/* Takes the lock of a process that is still there; 0, -ESRCH, -EINTR. */
static int lock_space(struct membank_space *space)
{
	if (!space->mm || !mmget_not_zero(space->mm))
		return -ESRCH;
	if (mmap_read_lock_killable(space->mm)) {
		mmput(space->mm);
		return -EINTR;
	}
	return 0;
}

static void unlock_space(struct membank_space *space)
{
	mmap_read_unlock(space->mm);
	mmput(space->mm);
}

static u32 flags_of(const struct vm_area_struct *vma)
{
	struct membank_mapping *mapping = membank_mapping_of(vma);
	u32 flags = mapping->flags & MEMBANK_REGION_FLAGS;

	/* Who attached a handle that only reads need not have said so. */
	if (!(vma->vm_flags & VM_MAYWRITE) &&
	    !(flags & MEMBANK_REGION_RESERVED))
		flags |= MEMBANK_REGION_READ_ONLY;
	return flags;
}

/**
 * membank_region_see() - look at a region
 * @vma: any VMA; its mmap_lock is held
 * @region: filled, with a reference to the file
 *
 * Return: whether @vma is a region.
 */
bool membank_region_see(const struct vm_area_struct *vma,
			struct membank_region *region)
{
	if (!membank_mapping_of(vma))
		return false;
	region->start = vma->vm_start;
	region->end = vma->vm_end;
	region->flags = flags_of(vma);
	region->file = get_file(vma->vm_file);
	return true;
}

/**
 * membank_region_lend() - what who sees a region gets to hold
 * @region: the region; its file is not ours any more after this
 * @own: it is one of the caller's own
 *
 * Who looks into the map of another process, or sees a region that only reads,
 * gets no more than what the region allows, and not the right to revoke it. What
 * was revoked already can be had as it is: it is good for nothing any more.
 *
 * Return: a file, NULL: nothing, or an ERR_PTR: -ENOMEM, -ENFILE, -EACCES (the
 * handle does not read, and was attached such that nobody can).
 */
struct file *membank_region_lend(const struct membank_region *region, bool own)
{
	u32 rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE;
	struct file *file = region->file;
	struct dma_buf *dmabuf;

	if (region->flags & MEMBANK_REGION_PAGER) {
		file = own ? membank_paged_attached(region->file) : NULL;
		fput(region->file);
		return file;
	}
	if (region->flags &
	    (MEMBANK_REGION_READ_ONLY | MEMBANK_REGION_RESERVED))
		rights = MEMBANK_DATASPACE_READ;
	else if (own)
		return file;

	dmabuf = membank_dmabuf_derive(file->private_data, rights);
	if (PTR_ERR_OR_ZERO(dmabuf) == -ENODEV)
		return file;
	fput(file);
	return IS_ERR(dmabuf) ? ERR_CAST(dmabuf) : dmabuf->file;
}

/* The first VMA of ours that has an address in a range; NULL: none. */
static struct vm_area_struct *
first_region(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	VMA_ITERATOR(vmi, mm, start);
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	for_each_vma_range(vmi, vma, end)
		if (membank_mapping_of(vma) || membank_area_is_hole(vma))
			return vma;
	return NULL;
}

/**
 * membank_lookup_find() - find a region or area
 * @space: the region map
 * @args: see &struct membank_region_find; @out_fd is left to the caller
 * @file: set to what that is to be, with a reference, or to NULL
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_lookup_find(struct membank_space *space,
			struct membank_region_find *args, struct file **file)
{
	u64 last = args->addr + (args->length ? args->length - 1 : 0);
	struct membank_region region;
	struct vm_area_struct *vma;
	struct membank_area *area;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (last < args->addr)
		return -EINVAL;
	ret = lock_space(space);
	if (ret)
		return ret;

	*file = NULL;
	region.file = NULL;
	vma = first_region(space->mm, args->addr, min(last, ULONG_MAX - 1) + 1);
	if (!vma) {
		ret = -ENOENT;
	} else if (membank_region_see(vma, &region)) {
		args->out_start = region.start;
		args->out_length = region.end - region.start;
		args->out_offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		args->out_flags = region.flags;
	} else {
		area = membank_area_of(vma);
		args->out_start = area->start;
		args->out_length = area->end - area->start;
		args->out_offset = 0;
		args->out_flags = area->flags | MEMBANK_REGION_IN_AREA;
	}
	unlock_space(space);

	if (!ret && region.file) {
		*file = membank_region_lend(&region, space->mm == current->mm);
		ret = PTR_ERR_OR_ZERO(*file);
	}
	return ret;
}

static void fill_entry(struct membank_region_entry *entry,
		       const struct vm_area_struct *vma)
{
	struct membank_dataspace *dataspace = membank_mapping_dataspace(vma);
	struct membank_area *area = membank_area_of(vma);

	*entry = (struct membank_region_entry){
		.start = vma->vm_start,
		.length = vma->vm_end - vma->vm_start,
		.area = area ? area->start : MEMBANK_AREA_NONE,
		.bank = MEMBANK_BANK_ANY,
	};
	if (membank_area_is_hole(vma)) {
		entry->kind = MEMBANK_ENTRY_AREA;
		entry->flags = area->flags | MEMBANK_REGION_IN_AREA;
		return;
	}
	entry->kind = MEMBANK_ENTRY_REGION;
	entry->flags = flags_of(vma);
	entry->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	if (dataspace) {
		entry->bank = dataspace->bank->index;
		entry->bank_offset = PFN_PHYS(dataspace->start -
					      dataspace->bank->arena.start);
	}
}

static void fill_entries(struct membank_space *space,
			 struct membank_region_list *args, unsigned long end,
			 struct membank_region_entry *entries, u32 room)
{
	VMA_ITERATOR(vmi, space->mm, args->start);
	struct vm_area_struct *vma;

	args->out_nr_entries = 0;
	args->out_next = 0;
	for_each_vma_range(vmi, vma, end) {
		if (!membank_mapping_of(vma) && !membank_area_is_hole(vma))
			continue;
		if (args->out_nr_entries == room) {
			args->out_next = vma->vm_start;
			break;
		}
		fill_entry(&entries[args->out_nr_entries], vma);
		args->out_nr_entries++;
	}
}

/**
 * membank_lookup_list() - list regions and areas
 * @space: the region map
 * @args: see &struct membank_region_list
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_lookup_list(struct membank_space *space,
			struct membank_region_list *args)
{
	u32 room = min_t(u32, args->nr_entries, MEMBANK_LIST_MAX);
	u64 last = args->length ? args->start + args->length - 1 : U64_MAX;
	struct membank_region_entry *entries;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved || !room || last < args->start)
		return -EINVAL;
	ret = membank_element_check(args->entry_size,
				    offsetofend(struct membank_region_entry,
						__reserved));
	if (ret)
		return ret;
	/* What is on its way to user space is gathered before: no lock then. */
	entries = kvmalloc_objs(*entries, room, GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;

	ret = lock_space(space);
	if (ret)
		goto free_entries;
	fill_entries(space, args, min(last, ULONG_MAX - 1) + 1, entries, room);
	unlock_space(space);

	ret = membank_elements_write(args->entries, args->entry_size, entries,
				     sizeof(*entries), args->out_nr_entries);
free_entries:
	kvfree(entries);
	return ret;
}
