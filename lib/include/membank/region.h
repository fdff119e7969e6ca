/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regions and areas: what is attached where in an address space.
 * Part of <membank.h>, which says what holds for all functions; include that.
 */
#ifndef MEMBANK_REGION_H
#define MEMBANK_REGION_H

#include <linux/membank.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * membank_region_attach() - map a dataspace, or a pager, into the calling process
 * @dev: from membank_open(), of any bank
 * @dataspace: what is mapped; with PAGER what membank_pager_create() gave to be
 *             attached
 * @offset: its first byte to be mapped, a multiple of the page size; with PAGER
 *          the pager is told it, and it means what the pager says
 * @length: bytes, rounded up to pages; 0: all from @offset on, not with PAGER
 * @flags: set of enum membank_region_flags; without OVERMAP and IN_AREA,
 *         SEARCH_ADDR is added where @start is NULL
 * @align: least log2 alignment of the address with SEARCH_ADDR, 0 for a page, up
 *         to 46
 * @start: where; with SEARCH_ADDR at or above; with IN_AREA any address of the
 *         area, and there alone without SEARCH_ADDR
 * @out_addr: where it is now; unmapped by membank_region_detach() or munmap()
 *
 * The region holds what is attached: @dataspace may be closed.
 *
 * Return: 0; -EADDRNOTAVAIL: the place is taken, or the search found none;
 * -ENOENT: IN_AREA, and no area holds @start; -EPERM: that area is RESERVED, or
 * the address may not be mapped; -EBUSY: NO_ALIAS, and it is mapped somewhere,
 * or it is mapped with NO_ALIAS somewhere; -ERANGE: beyond the dataspace;
 * -EACCES: @dataspace has no right to read, or none to write and @flags has no
 * READ_ONLY; -ENODEV: it was revoked, or the pager is gone; -EIO: EAGER_MAP, and
 * a page has a hardware error, or its pager gave none; -EINVAL: @dataspace is
 * not what @flags say, @offset or @align is wrong, or two flags exclude each
 * other (see struct membank_region_attach in linux/membank.h); -EOPNOTSUPP: an
 * unknown flag; -ENOMEM: no room in the process; -EINTR: it is being killed.
 */
int membank_region_attach(int dev, int dataspace, uint64_t offset,
			  uint64_t length, uint32_t flags, uint32_t align,
			  void *start, void **out_addr);

/**
 * membank_region_detach() - unmap a region
 * @dev: from membank_open() in this process
 * @addr: any address in it
 *
 * What is in an area stays reserved.
 *
 * Return: 0; -ENOENT: no region holds @addr; -EPERM: another process opened
 * @dev; -ENOMEM: no room to keep the place in its area; -EINTR: the process is
 * being killed.
 */
int membank_region_detach(int dev, void *addr);

/**
 * membank_region_detach_range() - unmap regions, of another process too
 * @dev: from membank_open(); regions of its opener are unmapped
 * @addr: any address in a region; or the first of a range, rounded down to a
 *        page
 * @length: 0: the whole region that holds @addr; else bytes of the range,
 *          rounded up to pages: what lies in it of regions is unmapped, and
 *          all else is left as it is
 * @flags: set of enum membank_detach_flags: UNMAP, also if another process
 *         opened @dev; DATASPACE, give out what was attached, which ends with
 *         the first region of a range
 * @out_info: filled; see struct membank_region_detach in linux/membank.h: what
 *            was detached, how many regions were dropped, kept and split, how
 *            many were left, and with DATASPACE out_fd, to be closed, which is
 *            what membank_region_find() would have given, else -1; may be NULL
 *            without DATASPACE
 *
 * Each region is unmapped at once, a range one region after the other.
 *
 * Return: 0; -ENOENT: no region holds @addr, or lies in the range; -EINVAL: the
 * range ends beyond the address space; -EPERM: another process opened @dev, and
 * @flags has no UNMAP; -ESRCH: that one is gone or has called exec(); -EACCES:
 * DATASPACE, and what is attached RESERVED there has no right to read;
 * -EOPNOTSUPP: an unknown flag; -ENOMEM: no room to split a region, what lies
 * below is detached; -EDQUOT: DATASPACE, and as for membank_dataspace_derive(), it
 * stays, or the region map is another process's, and the caller's user has
 * MEMBANK_DETACHES_MAX such calls under way; -EINTR: the process is being killed, and
 * some of the range may be detached.
 */
int membank_region_detach_range(int dev, void *addr, uint64_t length,
				uint32_t flags,
				struct membank_region_detach *out_info);

/**
 * membank_region_find() - what is attached at an address
 * @dev: from membank_open(); its opener's address space is looked at
 * @addr: any address
 * @out_info: filled; see struct membank_region_find in linux/membank.h. Where no
 *            region is, but an area: the innermost one, and its out_flags have
 *            MEMBANK_REGION_IN_AREA. out_fd is a descriptor, to be closed: of a
 *            region that is neither READ_ONLY nor RESERVED, in the opener's own
 *            process, the one that was attached; else a new one with the right
 *            READ, and WRITE if the region is neither. If the dataspace was
 *            revoked it is always the one that was attached. Of a region with a
 *            pager it is what was attached, in the opener's own process. Else,
 *            and of an area, it is -1
 *
 * Return: 0; -ENOENT: neither a region nor an area holds @addr; -EACCES: what
 * is attached RESERVED there has no right to read; -ESRCH: the opener is gone
 * or has called exec(); -EDQUOT: as for membank_dataspace_derive(), where it would
 * give a new descriptor; -EINTR: the process is being killed.
 */
int membank_region_find(int dev, const void *addr,
			struct membank_region_find *out_info);

/**
 * membank_region_find_range() - the first that is attached in a range
 * @dev: from membank_open(); its opener's address space is looked at
 * @addr: first address of the range
 * @length: bytes; 0: as membank_region_find()
 * @out_info: as for membank_region_find(), of the first region or area that
 *            begins or lies in the range
 *
 * Return: as membank_region_find(); -EINVAL: the range ends beyond the address
 * space.
 */
int membank_region_find_range(int dev, const void *addr, uint64_t length,
			      struct membank_region_find *out_info);

/**
 * membank_region_list() - what is attached where
 * @dev: from membank_open(); its opener's address space is looked at
 * @start: first address that is of interest
 * @length: bytes from there on; 0: to the end of the address space
 * @entries: filled in the order of addresses; see struct membank_region_entry in
 *           linux/membank.h. Each is a region, or addresses of an area where
 *           nothing is attached, and is told whole, also where it begins before
 *           @start or ends beyond the range
 * @room: how many there is room for, at least 1; MEMBANK_LIST_MAX are filled at
 *        most
 * @out_count: how many were filled
 * @out_next: the @start of a call that gives what had no room; 0: that was all.
 *            May be NULL
 *
 * The entries of one call belong to one moment. Addresses are numbers, as they
 * may be those of a process that has more of them than the caller.
 *
 * Return: 0; -EINVAL: @room is 0, or the range ends beyond the address space;
 * -ESRCH: the opener is gone or has called exec(); -EINTR: the process is being
 * killed.
 */
int membank_region_list(int dev, uint64_t start, uint64_t length,
			struct membank_region_entry *entries, unsigned int room,
			unsigned int *out_count, uint64_t *out_next);

/**
 * membank_region_show_lists() - write for people what is attached where
 * @dev: from membank_open(); its opener's address space is looked at
 * @fd: where to, such as STDERR_FILENO
 *
 * A line of headings, and one for each entry of membank_region_list(): its first
 * address and the one behind its last, its size, "region" or "area", its flags
 * ("plain": none), the area it is in ("-": none), and what is there: the name
 * of the bank and where in it, both as in video+0x1000; of a region with a pager
 * the offset that it was attached with, as in pager+0x1000; "free" in an area
 * where nothing is attached.
 *
 * Up to MEMBANK_LIST_MAX lines belong to one moment. They are for people: other
 * columns may come.
 *
 * Return: 0; -ESRCH: the opener is gone or has called exec(); -EINTR: a signal
 * came; or what write() said of @fd, which then may have part of the lines.
 */
int membank_region_show_lists(int dev, int fd);

/* ------------------------------------------------------------------ areas */

/**
 * membank_area_reserve() - keep addresses of the calling process for regions
 * @dev: from membank_open(), of any bank
 * @length: bytes, at least 1, rounded up to pages
 * @flags: set of MEMBANK_REGION_SEARCH_ADDR; _IN_AREA: inside the area that holds
 *         @start; _RESERVED: no region can be attached in it. Without IN_AREA,
 *         SEARCH_ADDR is added where @start is NULL
 * @align: least log2 alignment of the address with SEARCH_ADDR, 0 for a page, up
 *         to 46
 * @start: where; with SEARCH_ADDR at or above
 * @out_start: first address of the area
 *
 * Nothing is mapped there from now on but what membank_region_attach() with
 * IN_AREA attaches. The area stays until membank_area_free(), exec() or the end
 * of the process; fork() copies it; munmap() takes addresses away from it. @dev
 * need not stay open.
 *
 * Return: 0; -EADDRNOTAVAIL: the place is taken, or the search found none;
 * -ENOENT: IN_AREA, and no area holds @start; -EPERM: that area is RESERVED, or
 * the address may not be mapped; -EINVAL: @length is 0, @align is above 46, or
 * @flags has another flag of enum membank_region_flags; -ELOOP: 16 areas are
 * around it already; -EOPNOTSUPP: an unknown flag; -ENOMEM: no room in the
 * process; -EAGAIN: it has locked its memory, and may lock no more; -EINTR: it
 * is being killed.
 */
int membank_area_reserve(int dev, uint64_t length, uint32_t flags,
			 uint32_t align, void *start, void **out_start);

/**
 * membank_area_free() - give the addresses of an area back
 * @dev: from membank_open(), of any bank
 * @addr: any address of it; of areas inside one another, the innermost is freed
 * @out_info: filled; see struct membank_area_free in linux/membank.h: where it
 *            was; may be NULL
 *
 * With it go the areas inside of it. Regions stay, as those of the area around,
 * or of none.
 *
 * Return: 0; -ENOENT: no area of the calling process holds @addr; -ENOMEM:
 * kernel memory is short; -EAGAIN: there is an area around, and the process may
 * lock no more memory; -EPERM: a part is sealed; -EINTR: the process is being
 * killed. On all but the first, part of it may be free.
 */
int membank_area_free(int dev, void *addr, struct membank_area_free *out_info);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_REGION_H */
