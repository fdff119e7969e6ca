// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces that have a region map: one lock for each, the search for a
 * place, and the way by which a region is born with all that it shall be, so
 * that nobody ever sees it otherwise.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "compat.h"
#include "space.h"

/* Below, most machines let nobody map (vm.mmap_min_addr). */
#define SEARCH_MIN 65536UL

/* What a search leaves free below a stack that may still grow: 1 MiB. */
#define STACK_GAP (256UL << PAGE_SHIFT)

static DEFINE_HASHTABLE(spaces, 8);
static DEFINE_MUTEX(spaces_lock);

static int space_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct membank_space *space = file->private_data;
	struct membank_placement *placement;
	int ret;

	lockdep_assert_held(&space->lock);
	placement = space->placement;
	ret = placement->init(vma, placement);
	if (!ret) {
		vma_set_file(vma, placement->file);
	} else if (placement->area) {
		/* The place must not be free, not even for a moment. */
		placement->error = ret;
		placement->hole(vma, placement);
		vma_set_file(vma, placement->area);
		ret = 0;
	}
	return ret;
}

/*
 * The last that is asked before anything is unmapped, with the mmap_lock held for
 * writing. Elsewhere it chooses addresses such that blocks can be mapped as such;
 * dma-bufs do not ask for it.
 */
static unsigned long space_get_unmapped_area(struct file *file,
					     unsigned long addr,
					     unsigned long length,
					     unsigned long pgoff,
					     unsigned long flags)
{
	struct membank_space *space = file->private_data;
	const struct membank_placement *placement = space->placement;
	int ret = 0;

	if (placement->area)
		ret = placement->check(placement, addr, length);
	if (ret)
		return ret;
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	return thp_get_unmapped_area(file, addr, length, pgoff, flags);
#else
	return mm_get_unmapped_area(file, addr, length, pgoff, flags);
#endif
}

/* No descriptor of it is ever given out. */
static const struct file_operations space_fops = {
	.owner = THIS_MODULE,
	.mmap = space_mmap,
	.get_unmapped_area = space_get_unmapped_area,
};

static struct membank_space *create_space(struct mm_struct *mm)
{
	struct membank_space *space;
	struct file *file;

	space = kzalloc_obj(*space, GFP_KERNEL_ACCOUNT);
	if (!space)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[membank-regions]", &space_fops, space,
				  O_RDWR);
	if (IS_ERR(file)) {
		kfree(space);
		return ERR_CAST(file);
	}
	space->file = file;
	refcount_set(&space->refs, 1);
	mutex_init(&space->lock);
	space->mm = mm;
	if (mm)
		mmgrab(mm);
	return space;
}

static void free_space(struct membank_space *space)
{
	if (space->mm)
		mmdrop(space->mm);
	fput(space->file);
	mutex_destroy(&space->lock);
	kfree(space);
}

static struct membank_space *find_space(struct mm_struct *mm)
{
	struct membank_space *space;

	lockdep_assert_held(&spaces_lock);
	hash_for_each_possible(spaces, space, node, (unsigned long)mm)
		if (space->mm == mm)
			return space;
	return NULL;
}

/**
 * membank_space_get() - the region map of an address space
 * @mm: the address space, or NULL
 *
 * Return: what there is one of, to be given back by membank_space_put(), or an
 * ERR_PTR: -ENOMEM, -ENFILE.
 */
struct membank_space *membank_space_get(struct mm_struct *mm)
{
	struct membank_space *space, *created = NULL;

	for (;;) {
		mutex_lock(&spaces_lock);
		space = find_space(mm);
		if (space)
			refcount_inc(&space->refs);
		else if (created)
			hash_add(spaces, &created->node, (unsigned long)mm);
		mutex_unlock(&spaces_lock);
		if (space || created)
			break;
		/* Not under a lock that everybody needs. */
		created = create_space(mm);
		if (IS_ERR(created))
			return created;
	}
	/* Another thread was faster. */
	if (space && created)
		free_space(created);
	return space ?: created;
}

/**
 * membank_space_put() - undo membank_space_get()
 * @space: the region map; regions stay
 */
void membank_space_put(struct membank_space *space)
{
	if (!refcount_dec_and_mutex_lock(&space->refs, &spaces_lock))
		return;
	hash_del(&space->node);
	mutex_unlock(&spaces_lock);
	free_space(space);
}

/*
 * Where a search ends. With more than 47 bits for addresses, as mmap() does it:
 * who can do with more says so by where it starts.
 */
static unsigned long search_end(unsigned long start)
{
#ifdef DEFAULT_MAP_WINDOW
	if (start < DEFAULT_MAP_WINDOW)
		return min(TASK_SIZE, DEFAULT_MAP_WINDOW);
#endif
	return TASK_SIZE;
}

/*
 * The lowest free place at or above @start, or 0. The kernel's own tree of VMAs
 * knows its gaps; each that is large enough is looked at for the alignment. The
 * place may be taken again as soon as the lock is dropped.
 */
static unsigned long search_address(const struct membank_place *place,
				    unsigned long start)
{
	struct mm_struct *mm = current->mm;
	unsigned long addr, end, limit = search_end(start), found = 0;
	struct vm_area_struct *next;

	MA_STATE(mas, &mm->mm_mt, 0, 0);

	start = max(start, SEARCH_MIN);
	if (mmap_read_lock_killable(mm))
		return 0;
	while (!found && start < limit &&
	       !mas_empty_area(&mas, start, limit - 1, place->length)) {
		addr = ALIGN(mas.index, place->align);
		next = find_vma(mm, mas.index);
		end = next ? min(next->vm_start, limit) : limit;
		if (next && next->vm_flags & VM_GROWSDOWN)
			end -= min(end, STACK_GAP);
		if (addr >= start && addr < end && place->length <= end - addr)
			found = addr;
		start = next ? next->vm_end : limit;
		mas_reset(&mas);
	}
	mmap_read_unlock(mm);
	return found;
}

static long map_at(struct file *file, const struct membank_place *place,
		   unsigned long addr, unsigned long how)
{
	return vm_mmap(file, addr, place->length, place->prot, MAP_SHARED | how,
		       place->offset);
}

static long map_searched(struct file *file, const struct membank_place *place)
{
	unsigned long start = place->start ?: TASK_UNMAPPED_BASE, addr;
	long ret;

	do {
		addr = search_address(place, start);
		if (!addr)
			return fatal_signal_pending(current) ? -EINTR :
							       -EADDRNOTAVAIL;
		ret = map_at(file, place, addr, MAP_FIXED_NOREPLACE);
		/* Another thread was faster: look for the next place. */
	} while (ret == -EEXIST && !fatal_signal_pending(current));
	return ret == -EEXIST ? -EINTR : ret;
}

/**
 * membank_space_map_file() - map a file where a place says
 * @space: of the caller, who holds its lock
 * @file: the file
 * @place: where
 *
 * Return: the address, or a negative errno: -EADDRNOTAVAIL, -EPERM (too low an
 * address), -ENOMEM, -EINTR, and those of the file's mmap().
 */
long membank_space_map_file(struct membank_space *space, struct file *file,
			    const struct membank_place *place)
{
	unsigned long how = MAP_FIXED_NOREPLACE;
	long ret;

	lockdep_assert_held(&space->lock);
	if (place->length > TASK_SIZE)
		return -EADDRNOTAVAIL;
	if (place->flags & MEMBANK_REGION_SEARCH_ADDR) {
		if (place->start || place->align > PAGE_SIZE)
			return map_searched(file, place);
		return map_at(file, place, 0, 0);
	}

	if (place->start > TASK_SIZE ||
	    place->length > TASK_SIZE - place->start)
		return -EADDRNOTAVAIL;
	if (place->flags & MEMBANK_REGION_OVERMAP)
		how = MAP_FIXED;
	ret = map_at(file, place, place->start, how);
	return ret == -EEXIST ? -EADDRNOTAVAIL : ret;
}

/**
 * membank_space_map() - make a region where a place says
 * @space: of the caller, who holds its lock
 * @placement: what it shall be
 * @place: where
 *
 * Return: as membank_space_map_file(), and the errors of @placement's init().
 */
long membank_space_map(struct membank_space *space,
		       struct membank_placement *placement,
		       const struct membank_place *place)
{
	long ret;

	lockdep_assert_held(&space->lock);
	space->placement = placement;
	ret = membank_space_map_file(space, space->file, place);
	space->placement = NULL;
	return ret;
}
