// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: addresses that are kept for regions. L4Re's areas of its Rm, on Linux'
 * own address spaces: where nothing is attached in an area, a mapping holds the
 * place that nobody can access (a hole). So whoever looks for free addresses
 * passes it by, in the kernel as well, and fork() and exec() do what they do.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "area.h"
#include "compat.h"
#include "mapping.h"
#include "space.h"

#define RESERVE_FLAGS                                          \
	(MEMBANK_REGION_SEARCH_ADDR | MEMBANK_REGION_IN_AREA | \
	 MEMBANK_REGION_RESERVED)

#define KNOWN_FLAGS (MEMBANK_REGION_FLAGS | MEMBANK_REGION_ATTACH_FLAGS)

/* Areas around an area: each makes looking at a region take longer. */
#define DEPTH_MAX 16

/* What a search looks at has no more than 47 bits, if it does not start above. */
#define ALIGN_MAX 46

/* A debugger may try, even what nobody may access. */
static vm_fault_t hole_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static int hole_mprotect(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, unsigned long flags)
{
	return flags & VM_ACCESS_FLAGS ? -EACCES : 0;
}

/* A hole elsewhere would be no part of its area. */
static int hole_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

/* Without open() and close(): so the kernel joins holes that are neighbours. */
static const struct vm_operations_struct hole_ops = {
	.fault = hole_fault,
	.mprotect = hole_mprotect,
	.mremap = hole_mremap,
};

static int area_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct membank_area *area = file->private_data;

	/* The first time, nobody else knows it yet. */
	if (!area->end) {
		area->start = vma->vm_start;
		area->end = vma->vm_end;
	}
	vma->vm_ops = &hole_ops;
	return 0;
}

static int area_release(struct inode *inode, struct file *file)
{
	struct membank_area *area = file->private_data;

	if (area->parent)
		membank_area_put(area->parent);
	kfree(area);
	return 0;
}

static bool is_inside(const struct membank_area *inner,
		      const struct membank_area *area)
{
	while (inner && inner != area)
		inner = inner->parent;
	return inner;
}

/* Whether nothing is mapped in a range but what is in an area. */
static bool is_all_of(const struct membank_area *area, unsigned long start,
		      unsigned long length)
{
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, current->mm, start);
	for_each_vma_range(vmi, vma, start + length)
		if (!is_inside(membank_area_of(vma), area))
			return false;
	return true;
}

/*
 * The last that is asked before anything is unmapped, with the mmap_lock held for
 * writing: what others have mapped there since it was looked up is left alone.
 */
static unsigned long area_get_unmapped_area(struct file *file,
					    unsigned long addr,
					    unsigned long length,
					    unsigned long pgoff,
					    unsigned long flags)
{
	const struct membank_area *area = file->private_data;

	/* A new one replaces holes of its parent. */
	if (!area->end)
		area = area->parent;
	if (area && !is_all_of(area, addr, length))
		return -EADDRNOTAVAIL;
	return mm_get_unmapped_area(file, addr, length, pgoff, flags);
}

/* No descriptor of it is ever given out. */
static const struct file_operations area_fops = {
	.owner = THIS_MODULE,
	.get_unmapped_area = area_get_unmapped_area,
	.mmap = area_mmap,
	.release = area_release,
};

/* Takes over the reference to @parent if it succeeds. */
static struct membank_area *create_area(struct membank_area *parent, u32 flags)
{
	struct membank_area *area;
	struct file *file;

	area = kzalloc_obj(*area, GFP_KERNEL_ACCOUNT);
	if (!area)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[membank-area]", &area_fops, area, O_RDONLY);
	if (IS_ERR(file)) {
		kfree(area);
		return ERR_CAST(file);
	}
	area->flags = flags & MEMBANK_REGION_RESERVED;
	area->file = file;
	area->parent = parent;
	area->depth = parent ? parent->depth + 1 : 0;
	return area;
}

/**
 * membank_area_put() - let go of an area
 * @area: from membank_area_get()
 */
void membank_area_put(struct membank_area *area)
{
	fput(area->file);
}

/**
 * membank_area_is_hole() - is a VMA a place in an area with nothing attached
 * @vma: any VMA; its mmap_lock is held
 */
bool membank_area_is_hole(const struct vm_area_struct *vma)
{
	return vma->vm_ops == &hole_ops;
}

/**
 * membank_area_of() - the innermost area that a VMA is in
 * @vma: any VMA; its mmap_lock is held
 *
 * Return: the area, which the VMA holds, or NULL.
 */
struct membank_area *membank_area_of(const struct vm_area_struct *vma)
{
	struct membank_mapping *mapping = membank_mapping_of(vma);

	if (membank_area_is_hole(vma))
		return vma->vm_file->private_data;
	return mapping && mapping->area ? mapping->area->private_data : NULL;
}

/**
 * membank_area_get() - the innermost area of the caller's that holds an address
 * @addr: the address
 *
 * Return: the area, to be given back by membank_area_put(), or an ERR_PTR:
 * -ENOENT, -EINTR.
 */
struct membank_area *membank_area_get(unsigned long addr)
{
	struct membank_area *area = NULL;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return ERR_PTR(-EINTR);
	vma = vma_lookup(mm, addr);
	if (vma)
		area = membank_area_of(vma);
	if (area && addr < area->end)
		get_file(area->file);
	else
		area = ERR_PTR(-ENOENT);
	mmap_read_unlock(mm);
	return area;
}

/*
 * The lowest place in the holes of an area, or 0. Neighbours that the kernel has
 * not joined are one place.
 */
static unsigned long search_holes(const struct membank_area *area,
				  const struct membank_place *place)
{
	unsigned long start = max(place->start, area->start);
	unsigned long addr, end = start;
	struct vma_iterator vmi;
	struct vm_area_struct *vma;

	vma_iter_init(&vmi, current->mm, start);
	addr = ALIGN(start, place->align);
	for_each_vma_range(vmi, vma, area->end) {
		if (!membank_area_is_hole(vma) || membank_area_of(vma) != area)
			continue;
		if (vma->vm_start > end)
			addr = ALIGN(vma->vm_start, place->align);
		end = min(vma->vm_end, area->end);
		if (addr >= start && addr < end && place->length <= end - addr)
			return addr;
	}
	return 0;
}

/* Whether all of a place is holes; with @overmap regions of the area are, too. */
static bool is_available(const struct membank_area *area,
			 const struct membank_place *place, bool overmap)
{
	unsigned long addr = place->start;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, current->mm, addr);
	if (addr < area->start || addr >= area->end ||
	    place->length > area->end - addr)
		return false;
	for_each_vma_range(vmi, vma, place->start + place->length) {
		if (vma->vm_start > addr || membank_area_of(vma) != area ||
		    !(overmap || membank_area_is_hole(vma)))
			return false;
		addr = vma->vm_end;
	}
	return addr >= place->start + place->length;
}

/**
 * membank_area_place() - choose a place inside an area
 * @area: the area; the caller holds the lock of its space
 * @place: what is asked for; made one that says the address, and that what is
 *         mapped there is to be unmapped
 *
 * Return: 0, -EPERM (%MEMBANK_REGION_RESERVED), -EADDRNOTAVAIL, -EINTR.
 */
int membank_area_place(const struct membank_area *area,
		       struct membank_place *place)
{
	bool overmap = place->flags & MEMBANK_REGION_OVERMAP;

	if (area->flags & MEMBANK_REGION_RESERVED)
		return -EPERM;
	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	if (place->flags & MEMBANK_REGION_SEARCH_ADDR)
		place->start = search_holes(area, place);
	else if (!is_available(area, place, overmap))
		place->start = 0;
	mmap_read_unlock(current->mm);

	place->flags = MEMBANK_REGION_OVERMAP;
	return place->start ? 0 : -EADDRNOTAVAIL;
}

/**
 * membank_area_check() - is a place that was chosen still one of an area
 * @placement: what is to be mapped there
 * @start: first address
 * @length: bytes
 *
 * Called with the mmap_lock held for writing.
 *
 * Return: 0, -EADDRNOTAVAIL.
 */
int membank_area_check(const struct membank_placement *placement,
		       unsigned long start, unsigned long length)
{
	const struct membank_place place = { .start = start, .length = length };

	return is_available(placement->area->private_data, &place,
			    placement->replaces) ?
		       0 :
		       -EADDRNOTAVAIL;
}

/**
 * membank_area_hole() - make a new VMA a hole of an area
 * @vma: the VMA, whose file becomes that of the area
 * @placement: what it was to be
 */
void membank_area_hole(struct vm_area_struct *vma,
		       const struct membank_placement *placement)
{
	vm_flags_clear(vma, VM_ACCESS_FLAGS | VM_MAYREAD | VM_MAYWRITE |
				    VM_MAYEXEC | VM_SHARED);
	vma->vm_ops = &hole_ops;
}

/**
 * membank_area_in_range() - does a range hold a part of an area
 * @start: first address
 * @length: bytes
 *
 * Return: whether it does, in the caller's address space.
 */
bool membank_area_in_range(unsigned long start, unsigned long length)
{
	VMA_ITERATOR(vmi, current->mm, start);
	struct vm_area_struct *vma;
	bool found = false;

	if (start + length < start)
		return false;
	mmap_read_lock(current->mm);
	for_each_vma_range(vmi, vma, start + length) {
		found = membank_area_of(vma);
		if (found)
			break;
	}
	mmap_read_unlock(current->mm);
	return found;
}

/**
 * membank_area_refill() - make a hole
 * @space: of the caller, who holds its lock
 * @area: the area
 * @start: first address
 * @length: bytes
 * @flags: %MEMBANK_REGION_OVERMAP: in place of what is mapped there, in one
 *         step; 0: where nothing is
 *
 * When the kernel runs short it has unmapped what was there, or it has not. What
 * it left a gap is filled then, since the area would lose it for ever.
 *
 * Return: 0, -EADDRNOTAVAIL, -ENOMEM, -EINTR.
 */
int membank_area_refill(struct membank_space *space,
			const struct membank_area *area, unsigned long start,
			unsigned long length, u32 flags)
{
	struct membank_place place = {
		.start = start,
		.length = length,
		/* By which the kernel knows which holes go on in each other. */
		.offset = start - area->start,
		.prot = PROT_NONE,
		.flags = flags,
	};
	long ret = membank_space_map_file(space, area->file, &place);

	if (ret == -ENOMEM && flags & MEMBANK_REGION_OVERMAP) {
		place.flags = 0;
		if (membank_space_map_file(space, area->file, &place) >= 0)
			ret = 0;
	}
	return ret < 0 ? ret : 0;
}

static int reserve(struct membank_space *space, struct membank_area *parent,
		   struct membank_area_reserve *args,
		   struct membank_place *place)
{
	struct membank_area *area;
	int ret = 0;
	long start;

	if (parent && parent->depth == DEPTH_MAX - 1)
		ret = -ELOOP;
	else if (parent)
		ret = membank_area_place(parent, place);
	if (ret)
		goto put_parent;
	area = create_area(parent, args->flags);
	if (IS_ERR(area)) {
		ret = PTR_ERR(area);
		goto put_parent;
	}

	start = membank_space_map_file(space, area->file, place);
	/* If a hole was unmapped for it, the area around gets it back. */
	if (start < 0 && parent)
		membank_area_refill(space, parent, place->start, place->length,
				    0);
	/* Its mappings hold it now, or nobody. */
	membank_area_put(area);
	if (start < 0)
		return start;
	args->out_start = start;
	return 0;

put_parent:
	if (parent)
		membank_area_put(parent);
	return ret;
}

/**
 * membank_area_reserve() - keep addresses for regions
 * @space: of the caller
 * @args: see &struct membank_area_reserve
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_area_reserve(struct membank_space *space,
			 struct membank_area_reserve *args)
{
	struct membank_area *parent = NULL;
	struct membank_place place = {
		.start = round_down(args->start, PAGE_SIZE),
		.length = PAGE_ALIGN(args->length),
		.prot = PROT_NONE,
		.flags = args->flags & MEMBANK_REGION_SEARCH_ADDR,
	};
	int ret;

	if (args->flags & ~KNOWN_FLAGS)
		return -EOPNOTSUPP;
	if (args->flags & ~RESERVE_FLAGS || args->__reserved || !args->length ||
	    args->align > ALIGN_MAX)
		return -EINVAL;
	/* Rounded up to nothing. */
	if (!place.length)
		return -EADDRNOTAVAIL;
	place.align = max(PAGE_SIZE, 1UL << args->align);

	if (mutex_lock_killable(&space->lock))
		return -EINTR;
	if (args->flags & MEMBANK_REGION_IN_AREA)
		parent = membank_area_get(place.start);
	if (IS_ERR(parent))
		ret = PTR_ERR(parent);
	else
		ret = reserve(space, parent, args, &place);
	mutex_unlock(&space->lock);
	return ret;
}

static bool is_region_of(const struct vm_area_struct *vma,
			 const struct membank_area *area)
{
	return !membank_area_is_hole(vma) &&
	       is_inside(membank_area_of(vma), area);
}

static size_t count_regions(const struct membank_area *area)
{
	VMA_ITERATOR(vmi, current->mm, area->start);
	struct vm_area_struct *vma;
	size_t count = 0;

	for_each_vma_range(vmi, vma, area->end)
		count += is_region_of(vma, area);
	return count;
}

/* @mappings for all regions; what they had before comes back in it. */
static void replace_mappings(const struct membank_area *area,
			     struct membank_mapping **mappings)
{
	struct file *parent = area->parent ? area->parent->file : NULL;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, current->mm, area->start);
	for_each_vma_range(vmi, vma, area->end) {
		if (!is_region_of(vma, area))
			continue;
		*mappings = membank_mapping_replace(vma, *mappings, parent);
		mappings++;
	}
}

static void free_mappings(struct membank_mapping **mappings, size_t count)
{
	size_t i;

	for (i = 0; i < count && mappings[i]; i++)
		membank_mapping_put(mappings[i]);
	kvfree(mappings);
}

static struct membank_mapping **alloc_mappings(size_t count)
{
	struct membank_mapping **mappings;
	size_t i;

	mappings = kvcalloc(count, sizeof(*mappings), GFP_KERNEL_ACCOUNT);
	if (!mappings)
		return NULL;
	for (i = 0; i < count; i++) {
		mappings[i] = membank_mapping_alloc();
		if (!mappings[i]) {
			free_mappings(mappings, count);
			return NULL;
		}
	}
	return mappings;
}

/*
 * The regions of an area, all of them or on failure none, become those of its
 * parent, or of no area. They are told anew what they are, since what they have
 * is shared with the copies that fork() made.
 */
static int disown_regions(const struct membank_area *area)
{
	struct membank_mapping **mappings;
	size_t count;

	if (mmap_write_lock_killable(current->mm))
		return -EINTR;
	count = count_regions(area);
	mappings = alloc_mappings(count);
	if (mappings)
		replace_mappings(area, mappings);
	mmap_write_unlock(current->mm);
	if (!mappings)
		return -ENOMEM;
	free_mappings(mappings, count);
	return 0;
}

/* The first hole of an area, or of an area in it, at or above an address. */
static bool next_hole(const struct membank_area *area, unsigned long *start,
		      unsigned long *length)
{
	VMA_ITERATOR(vmi, current->mm, *start);
	struct vm_area_struct *vma;
	bool found = false;

	mmap_read_lock(current->mm);
	for_each_vma_range(vmi, vma, area->end) {
		found = membank_area_is_hole(vma) &&
			is_inside(membank_area_of(vma), area);
		if (found) {
			*start = vma->vm_start;
			*length = vma->vm_end - vma->vm_start;
			break;
		}
	}
	mmap_read_unlock(current->mm);
	return found;
}

static int free_holes(struct membank_space *space,
		      const struct membank_area *area)
{
	unsigned long start = area->start, length = 0;
	int ret = 0;

	while ((!ret || ret == -EADDRNOTAVAIL) &&
	       next_hole(area, &start, &length)) {
		if (area->parent)
			ret = membank_area_refill(space, area->parent, start,
						  length,
						  MEMBANK_REGION_OVERMAP);
		else
			ret = vm_munmap(start, length);
		/* Others have mapped there meanwhile: what is there now? */
		if (ret == -EADDRNOTAVAIL && fatal_signal_pending(current))
			ret = -EINTR;
		if (!ret)
			start += length;
	}
	return ret == -EADDRNOTAVAIL ? 0 : ret;
}

/**
 * membank_area_free() - give the addresses of an area back
 * @space: of the caller
 * @args: see &struct membank_area_free
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_area_free(struct membank_space *space,
		      struct membank_area_free *args)
{
	struct membank_area *area;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (mutex_lock_killable(&space->lock))
		return -EINTR;
	area = membank_area_get(args->addr);
	if (IS_ERR(area)) {
		ret = PTR_ERR(area);
		goto unlock;
	}
	args->out_start = area->start;
	args->out_length = area->end - area->start;
	ret = disown_regions(area);
	if (!ret)
		ret = free_holes(space, area);
	membank_area_put(area);
unlock:
	mutex_unlock(&space->lock);
	return ret;
}
