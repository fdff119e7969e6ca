/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_SPACE_H
#define MEMBANK_SPACE_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct file;
struct mm_struct;
struct vm_area_struct;

/**
 * struct membank_placement - what a new region shall be
 * @file: that is mapped
 * @flags: set of &enum membank_region_flags that the region keeps
 * @area: the file of the area it goes to, or NULL
 * @replaces: with @area: regions of the area may be unmapped for it
 * @init: makes a new VMA such a region; 0 or a negative errno. Called with the
 *        mmap_lock held for writing
 * @check: with @area: whether the place is still the area's; 0 or a negative
 *         errno. Called likewise, before anything is unmapped
 * @hole: with @area: makes a new VMA a hole of it. Called likewise, when @init
 *        has failed and what was there is unmapped
 * @error: what @init said then
 */
struct membank_placement {
	struct file *file;
	u32 flags;
	struct file *area;
	bool replaces;
	int (*init)(struct vm_area_struct *vma,
		    const struct membank_placement *placement);
	int (*check)(const struct membank_placement *placement,
		     unsigned long start, unsigned long length);
	void (*hole)(struct vm_area_struct *vma,
		     const struct membank_placement *placement);
	int error;
};

/**
 * struct membank_place - where it shall be
 * @start: the address, or with SEARCH_ADDR where the search begins
 * @length: bytes, whole pages
 * @align: of the address that is searched, in bytes, at least a page
 * @offset: byte of the file at the first address
 * @prot: as for mmap()
 * @flags: %MEMBANK_REGION_SEARCH_ADDR, %MEMBANK_REGION_OVERMAP or 0
 */
struct membank_place {
	unsigned long start;
	unsigned long length;
	unsigned long align;
	unsigned long offset;
	unsigned long prot;
	u32 flags;
};

/**
 * struct membank_space - one address space that somebody has a region map of
 * @mm: the address space, with mmgrab(); constant. NULL of who is no process
 * @refs: one for each open node and each call that uses it
 * @node: in the table of all spaces; under its lock
 * @lock: held by who attaches or detaches: what was seen under the mmap_lock is
 *        still so when the kernel's own functions take that once more to map or
 *        unmap
 * @file: is mapped for each region, which goes on as a mapping of its own file;
 *        constant
 * @placement: what @file is just being mapped for; under @lock
 * @detaching: bit 0 is a lock, held while a task of the kernel detaches there for
 *             another process, so that there is one of these for each address space
 *
 * There is no record of regions in it: the address space itself says what is
 * attached.
 */
struct membank_space {
	struct mm_struct *mm;
	refcount_t refs;
	struct hlist_node node;
	/* Attaching and detaching. */
	struct mutex lock;
	struct file *file;
	struct membank_placement *placement;
	unsigned long detaching;
};

struct membank_space *membank_space_get(struct mm_struct *mm);
void membank_space_put(struct membank_space *space);

long membank_space_map_file(struct membank_space *space, struct file *file,
			    const struct membank_place *place);
long membank_space_map(struct membank_space *space,
		       struct membank_placement *placement,
		       const struct membank_place *place);

#endif /* MEMBANK_SPACE_H */
