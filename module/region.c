// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region map: where dataspaces are attached in an address space. L4Re's
 * Rm, on Linux' own address spaces: a region is a VMA of a dataspace, whoever
 * made it.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <linux/membank.h>

#include "compat.h"
#include "dataspace.h"
#include "dmabuf.h"
#include "mapping.h"
#include "region.h"

#define ATTACH_FLAGS                                         \
	(MEMBANK_REGION_READ_ONLY | MEMBANK_REGION_OVERMAP | \
	 MEMBANK_REGION_SEARCH_ADDR | MEMBANK_REGION_EAGER_MAP)

/* No address space of a supported machine has more than 47 bits for users. */
#define ATTACH_ALIGN_MAX 46

/* Below, most machines let nobody map (vm.mmap_min_addr). */
#define SEARCH_MIN 65536UL

/* What a search leaves free below a stack that may still grow: 1 MiB. */
#define STACK_GAP (256UL << PAGE_SHIFT)

/**
 * membank_map_init() - bind a region map to the caller's address space
 * @map: the map; paired with membank_map_exit()
 */
void membank_map_init(struct membank_map *map)
{
	map->mm = current->mm;
	if (map->mm)
		mmgrab(map->mm);
}

/**
 * membank_map_exit() - unbind it; regions stay
 * @map: the map
 */
void membank_map_exit(struct membank_map *map)
{
	if (map->mm)
		mmdrop(map->mm);
}

/*
 * The lowest free place of @length bytes at or above @start, or 0. It may be
 * taken again as soon as the lock is dropped.
 */
static unsigned long search_address(unsigned long start, unsigned long length,
				    unsigned long align)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long addr, limit, gap;

	if (length > TASK_SIZE)
		return 0;
	limit = TASK_SIZE - length;
	start = max(start, SEARCH_MIN);

	mmap_read_lock(mm);
	for (addr = ALIGN(start, align); addr >= start && addr <= limit;
	     addr = ALIGN(vma->vm_end, align)) {
		vma = find_vma(mm, addr);
		if (!vma)
			break;
		gap = vma->vm_flags & VM_GROWSDOWN ? STACK_GAP : 0;
		if (addr + length + gap <= vma->vm_start)
			break;
	}
	mmap_read_unlock(mm);
	return addr >= start && addr <= limit ? addr : 0;
}

/*
 * A free place that the kernel chooses, such that blocks can be mapped as such:
 * mmap() would do so for a file that asks for it, but the files of dma-bufs do
 * not.
 */
static unsigned long choose_address(struct dma_buf *dmabuf,
				    unsigned long length, unsigned long offset)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	struct mm_struct *mm = current->mm;
	unsigned long addr;

	if (!membank_mapping_wants_blocks(membank_dmabuf_dataspace(dmabuf),
					  length))
		return 0;
	mmap_read_lock(mm);
	addr = thp_get_unmapped_area(dmabuf->file, 0, length,
				     offset >> PAGE_SHIFT, MAP_SHARED);
	mmap_read_unlock(mm);
	return IS_ERR_VALUE(addr) ? 0 : addr;
#else
	return 0;
#endif
}

/* Where the kernel likes. Returns the address or -errno. */
static long map_anywhere(struct dma_buf *dmabuf, unsigned long length,
			 unsigned long offset, unsigned long prot,
			 unsigned long how)
{
	unsigned long addr = choose_address(dmabuf, length, offset);
	long ret = -EEXIST;

	if (addr)
		ret = vm_mmap(dmabuf->file, addr, length, prot,
			      how | MAP_FIXED_NOREPLACE, offset);
	/* Another thread was faster: that the address fits is not vital. */
	if (ret == -EEXIST)
		ret = vm_mmap(dmabuf->file, 0, length, prot, how, offset);
	return ret;
}

/* mmap() of the dataspace where the flags say. Returns the address or -errno. */
static long map_dataspace(struct dma_buf *dmabuf, unsigned long start,
			  unsigned long length, unsigned long offset,
			  unsigned long align, u32 flags)
{
	unsigned long prot = PROT_READ, how = MAP_SHARED, addr;
	long ret;

	if (!(flags & MEMBANK_REGION_READ_ONLY))
		prot |= PROT_WRITE;
	if (flags & MEMBANK_REGION_EAGER_MAP)
		how |= MAP_POPULATE;

	if (!(flags & MEMBANK_REGION_SEARCH_ADDR)) {
		if (start > TASK_SIZE || length > TASK_SIZE - start)
			return -EADDRNOTAVAIL;
		how |= flags & MEMBANK_REGION_OVERMAP ? MAP_FIXED :
							MAP_FIXED_NOREPLACE;
		ret = vm_mmap(dmabuf->file, start, length, prot, how, offset);
		return ret == -EEXIST ? -EADDRNOTAVAIL : ret;
	}

	if (!start && align <= PAGE_SIZE)
		return map_anywhere(dmabuf, length, offset, prot, how);

	if (!start)
		start = TASK_UNMAPPED_BASE;
	do {
		addr = search_address(start, length, align);
		if (!addr)
			return -EADDRNOTAVAIL;
		ret = vm_mmap(dmabuf->file, addr, length, prot,
			      how | MAP_FIXED_NOREPLACE, offset);
		/* Another thread was faster: look for the next place. */
	} while (ret == -EEXIST && !fatal_signal_pending(current));
	return ret == -EEXIST ? -EINTR : ret;
}

/*
 * Takes the region's right to be made writable later, and makes it what the
 * mapping of a file is that is open for reading only: no longer VM_SHARED,
 * which also keeps remap_file_pages() from making a new, writable one of it.
 * Between vm_mmap() and this, only another thread of the same process could
 * have made it writable, with the descriptor that allows it anyway.
 */
static int forbid_write(struct dma_buf *dmabuf, unsigned long start)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -EADDRNOTAVAIL;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	vma = find_vma(mm, start);
	if (vma && vma->vm_start == start && vma->vm_file == dmabuf->file &&
	    !(vma->vm_flags & VM_WRITE)) {
		/* It was counted as one that may write when it was linked. */
		if (vma->vm_flags & VM_SHARED)
			mapping_unmap_writable(dmabuf->file->f_mapping);
		vm_flags_clear(vma, VM_MAYWRITE | VM_SHARED);
		ret = 0;
	}
	mmap_write_unlock(mm);
	return ret;
}

/**
 * membank_region_attach() - attach a dataspace in the caller's address space
 * @args: see &struct membank_region_attach
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_region_attach(struct membank_region_attach *args)
{
	u64 length = args->length, extent;
	struct dma_buf *dmabuf;
	long ret;

	if (args->flags & ~ATTACH_FLAGS)
		return -EOPNOTSUPP;
	if ((args->flags & MEMBANK_REGION_OVERMAP &&
	     args->flags & MEMBANK_REGION_SEARCH_ADDR) ||
	    args->align > ATTACH_ALIGN_MAX || !PAGE_ALIGNED(args->offset))
		return -EINVAL;

	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	ret = -ERANGE;
	extent = dmabuf->size;
	if (args->offset >= extent)
		goto put_dmabuf;
	if (!length)
		length = extent - args->offset;
	/* The extent ends at a page: rounding up does not lead beyond it. */
	if (length > extent - args->offset)
		goto put_dmabuf;

	ret = map_dataspace(dmabuf, round_down(args->start, PAGE_SIZE),
			    PAGE_ALIGN(length), args->offset,
			    max(PAGE_SIZE, 1UL << args->align), args->flags);
	if (ret < 0)
		goto put_dmabuf;
	args->out_start = ret;

	ret = 0;
	if (args->flags & MEMBANK_REGION_READ_ONLY)
		ret = forbid_write(dmabuf, args->out_start);
put_dmabuf:
	dma_buf_put(dmabuf);
	return ret;
}

static struct vm_area_struct *find_region(struct mm_struct *mm,
					  unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	vma = find_vma(mm, addr);
	if (!vma || addr < vma->vm_start || !membank_mapping_dataspace(vma))
		return NULL;
	return vma;
}

/**
 * membank_region_detach() - detach the region that holds an address
 * @map: the map; its address space must be the caller's
 * @args: see &struct membank_region_detach
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_region_detach(struct membank_map *map,
			  struct membank_region_detach *args)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	if (args->flags)
		return -EOPNOTSUPP;
	if (map->mm != mm)
		return -EPERM;

	mmap_read_lock(mm);
	vma = find_region(mm, args->addr);
	if (vma) {
		args->out_start = vma->vm_start;
		args->out_length = vma->vm_end - vma->vm_start;
		ret = 0;
	}
	mmap_read_unlock(mm);
	if (ret)
		return ret;

	return vm_munmap(args->out_start, args->out_length);
}

/*
 * Who looks into the map of another process, or finds a region that only reads,
 * gets no more than what the region allows, and not the right to revoke it. What
 * was revoked already can be had as it is: it is good for nothing any more.
 */
static struct file *lend(struct file *file, u32 flags)
{
	u32 rights = MEMBANK_DATASPACE_READ;
	struct dma_buf *dmabuf;

	if (!(flags & MEMBANK_REGION_READ_ONLY))
		rights |= MEMBANK_DATASPACE_WRITE;
	dmabuf = membank_dmabuf_derive(file->private_data, rights);
	if (PTR_ERR_OR_ZERO(dmabuf) == -ENODEV)
		return file;
	fput(file);
	return IS_ERR(dmabuf) ? ERR_CAST(dmabuf) : dmabuf->file;
}

/**
 * membank_region_find() - look up the region that holds an address
 * @map: the map
 * @args: see &struct membank_region_find; out_fd is left to the caller
 * @file: set to a dma-buf file of the dataspace, with a reference
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_region_find(struct membank_map *map,
			struct membank_region_find *args, struct file **file)
{
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	if (args->flags)
		return -EOPNOTSUPP;
	if (!map->mm || !mmget_not_zero(map->mm))
		return -ESRCH;

	if (mmap_read_lock_killable(map->mm)) {
		mmput(map->mm);
		return -EINTR;
	}
	vma = find_region(map->mm, args->addr);
	if (vma) {
		args->out_start = vma->vm_start;
		args->out_length = vma->vm_end - vma->vm_start;
		args->out_offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		args->out_flags = vma->vm_flags & VM_MAYWRITE ?
					  0 :
					  MEMBANK_REGION_READ_ONLY;
		*file = get_file(vma->vm_file);
		ret = 0;
	}
	mmap_read_unlock(map->mm);
	mmput(map->mm);

	if (!ret && (map->mm != current->mm ||
		     args->out_flags & MEMBANK_REGION_READ_ONLY)) {
		*file = lend(*file, args->out_flags);
		ret = PTR_ERR_OR_ZERO(*file);
	}
	return ret;
}
