// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region map: attaching dataspaces in an address space.
 * L4Re's Rm, on Linux' own address spaces: a region is a VMA of a dataspace,
 * whoever made it.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>

#include <linux/membank.h>

#include "area.h"
#include "compat.h"
#include "dataspace.h"
#include "detach.h"
#include "dmabuf.h"
#include "mapping.h"
#include "paged.h"
#include "pager.h"
#include "region.h"
#include "space.h"

#define ATTACH_FLAGS (MEMBANK_REGION_FLAGS | MEMBANK_REGION_ATTACH_FLAGS)

/* What a search looks at has no more than 47 bits, if it does not start above. */
#define ATTACH_ALIGN_MAX 46

static bool has_all(u32 flags, u32 all)
{
	return (flags & all) == all;
}

static int check_attach(const struct membank_region_attach *args)
{
	const u32 flags = args->flags;

	if (flags & ~ATTACH_FLAGS)
		return -EOPNOTSUPP;
	if (has_all(flags,
		    MEMBANK_REGION_OVERMAP | MEMBANK_REGION_SEARCH_ADDR) ||
	    has_all(flags,
		    MEMBANK_REGION_EAGER_MAP | MEMBANK_REGION_RESERVED) ||
	    has_all(flags, MEMBANK_REGION_PAGER | MEMBANK_REGION_NO_ALIAS) ||
	    has_all(flags, MEMBANK_REGION_PAGER | MEMBANK_REGION_RESERVED))
		return -EINVAL;
	if (flags & MEMBANK_REGION_PAGER && !args->length)
		return -EINVAL;
	if (args->align > ATTACH_ALIGN_MAX || !PAGE_ALIGNED(args->offset))
		return -EINVAL;
	return 0;
}

/* What access the region has, as mmap() would be told. */
static unsigned long prot_of(u32 flags)
{
	if (flags & MEMBANK_REGION_RESERVED)
		return PROT_NONE;
	return flags & MEMBANK_REGION_READ_ONLY ? PROT_READ :
						  PROT_READ | PROT_WRITE;
}

static const struct membank_handle *handle_of(const struct file *file)
{
	return membank_dmabuf_handle(file->private_data);
}

static int init_dataspace(struct vm_area_struct *vma,
			  const struct membank_placement *placement)
{
	return membank_mapping_init(vma, handle_of(placement->file),
				    placement->flags, placement->area);
}

/* The rights and the length are those of the dataspace. */
static struct file *open_dataspace(const struct membank_region_attach *args,
				   unsigned long *length)
{
	unsigned long prot = prot_of(args->flags);
	struct dma_buf *dmabuf;
	u32 rights = 0;
	int ret;

	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);
	if (prot & PROT_READ)
		rights |= MEMBANK_DATASPACE_READ;
	if (prot & PROT_WRITE)
		rights |= MEMBANK_DATASPACE_WRITE;

	ret = -EACCES;
	if (!has_all(membank_dmabuf_handle(dmabuf)->rights, rights))
		goto put_dmabuf;
	ret = -ERANGE;
	if (args->offset >= dmabuf->size)
		goto put_dmabuf;
	*length = args->length ?: dmabuf->size - args->offset;
	/* The extent ends at a page: rounding up does not lead beyond it. */
	if (*length > dmabuf->size - args->offset)
		goto put_dmabuf;
	*length = PAGE_ALIGN(*length);
	return dmabuf->file;

put_dmabuf:
	dma_buf_put(dmabuf);
	return ERR_PTR(ret);
}

static struct file *open_pager(const struct membank_region_attach *args,
			       unsigned long *length)
{
	*length = PAGE_ALIGN(args->length);
	/* Rounded up to nothing. */
	if (!*length)
		return ERR_PTR(-EADDRNOTAVAIL);
	return membank_pager_region(args->fd, args->offset, *length,
				    args->flags & MEMBANK_REGION_FLAGS);
}

/* With the lock of the space held. */
static long attach_in_area(struct membank_space *space,
			   struct membank_placement *placement,
			   struct membank_place *place)
{
	struct membank_area *area = membank_area_get(place->start);
	struct membank_place found;
	long ret;

	if (IS_ERR(area))
		return PTR_ERR(area);
	placement->area = area->file;
	placement->replaces = place->flags & MEMBANK_REGION_OVERMAP;
	placement->check = membank_area_check;
	placement->hole = membank_area_hole;
	do {
		found = *place;
		ret = membank_area_place(area, &found);
		if (ret)
			goto put_area;
		ret = membank_space_map(space, placement, &found);
		/* Others have mapped there meanwhile: look for the next. */
	} while (ret == -EADDRNOTAVAIL && !fatal_signal_pending(current) &&
		 place->flags & MEMBANK_REGION_SEARCH_ADDR);

	/* The hole that it became instead is made one with its neighbours. */
	if (placement->error) {
		membank_area_refill(space, area, found.start, found.length,
				    MEMBANK_REGION_OVERMAP);
		ret = placement->error;
	} else if (ret == -ENOMEM) {
		/* The kernel has unmapped before it ran short: a gap. */
		membank_area_refill(space, area, found.start, found.length, 0);
	}
put_area:
	membank_area_put(area);
	return ret;
}

static long attach(struct membank_space *space,
		   struct membank_placement *placement,
		   struct membank_place *place, u32 flags)
{
	long ret = -EADDRNOTAVAIL;

	if (mutex_lock_killable(&space->lock))
		return -EINTR;
	if (flags & MEMBANK_REGION_IN_AREA)
		ret = attach_in_area(space, placement, place);
	else if (!(flags & MEMBANK_REGION_OVERMAP) ||
		 !membank_area_in_range(place->start, place->length))
		ret = membank_space_map(space, placement, place);
	mutex_unlock(&space->lock);
	return ret;
}

/*
 * Every page, or what the first one that could not be had is for an error. A
 * pager that gave one is not asked for that page again.
 */
static int fill_region(const struct membank_placement *placement,
		       unsigned long start, unsigned long length)
{
	const bool pager = placement->flags & MEMBANK_REGION_PAGER;
	unsigned long done = 0, pages;
	unsigned int flags = 0;
	bool gone;
	long got;

	if (prot_of(placement->flags) & PROT_WRITE)
		flags = FOLL_WRITE;
	do {
		pages = (length - done) >> PAGE_SHIFT;
		got = get_user_pages_unlocked(start + done, pages, NULL, flags);
		if (got > 0)
			done += got << PAGE_SHIFT;
	} while (done < length && got > 0 && !pager);
	if (done >= length)
		return 0;
	if (fatal_signal_pending(current))
		return -EINTR;
	if (got == -ENOMEM)
		return -ENOMEM;
	if (pager)
		gone = membank_paged_is_gone(placement->file);
	else
		gone = membank_handle_is_revoked(handle_of(placement->file));
	return gone ? -ENODEV : -EIO;
}

/*
 * Without a lock of ours: to fill a region can take as long as its pager takes.
 * If it fails, the region is taken away again, as far as it is still there.
 */
static int fill_or_detach(struct membank_space *space,
			  const struct membank_placement *placement,
			  unsigned long start, unsigned long length)
{
	int ret = fill_region(placement, start, length);

	if (ret)
		membank_detach_file(space, placement->file, start, length);
	return ret;
}

/**
 * membank_region_attach() - attach a dataspace in the caller's address space
 * @space: of the caller
 * @args: see &struct membank_region_attach
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_region_attach(struct membank_space *space,
			  struct membank_region_attach *args)
{
	const bool pager = args->flags & MEMBANK_REGION_PAGER;
	struct membank_placement placement = {
		.flags = args->flags & MEMBANK_REGION_FLAGS,
		.init = pager ? membank_paged_init : init_dataspace,
	};
	struct membank_place place = {
		.start = round_down(args->start, PAGE_SIZE),
		.offset = args->offset,
		.prot = prot_of(args->flags),
		.flags = args->flags &
			 (MEMBANK_REGION_SEARCH_ADDR | MEMBANK_REGION_OVERMAP),
	};
	long ret;

	ret = check_attach(args);
	if (ret)
		return ret;
	place.align = max(PAGE_SIZE, 1UL << args->align);
	placement.file = pager ? open_pager(args, &place.length) :
				 open_dataspace(args, &place.length);
	if (IS_ERR(placement.file))
		return PTR_ERR(placement.file);

	ret = attach(space, &placement, &place, args->flags);
	if (ret < 0)
		goto put_file;
	if (pager)
		membank_paged_made(placement.file);
	args->out_start = ret;
	ret = 0;
	if (args->flags & MEMBANK_REGION_EAGER_MAP)
		ret = fill_or_detach(space, &placement, args->out_start,
				     place.length);
put_file:
	fput(placement.file);
	return ret;
}
