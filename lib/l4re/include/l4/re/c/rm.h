/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The region map: what is attached where.
 *
 * Beside the errors that each function names, any can return -(L4_EIPC_LO +
 * L4_IPC_ENOT_EXISTENT): the region map is called in a slot that is empty, free or
 * none, or membank is not loaded, or the process that it belongs to is gone;
 * -L4_EBADPROTO: the slot holds something else; -L4_EACCESS: the caller may not
 * use membank; -L4_ENOMEM: there is no room in the process.
 */
#ifndef L4_RE_C_RM_H
#define L4_RE_C_RM_H

#include <l4/re/c/dataspace.h>
#include <l4/re/env.h>
#include <l4/sys/compiler.h>

/*
 * A region can be read, and written unless L4RE_RM_READ_ONLY says otherwise. Where
 * a program names the rights, as those for a later L4Re do with L4RE_RM_F_*, it is
 * written only with L4RE_RM_F_W. Nothing can be executed.
 */
enum l4re_rm_flags_t {
	L4RE_RM_READ_ONLY = 0x01, /* the region is read-only */
	L4RE_RM_NO_ALIAS = 0x02, /* its memory is mapped nowhere else */
	L4RE_RM_PAGER = 0x04, /* what is attached is a pager */
	L4RE_RM_RESERVED = 0x08, /* it is blocked */
	L4RE_RM_REGION_FLAGS = 0x0f,

	L4RE_RM_OVERMAP = 0x10, /* unmap what is mapped there */
	L4RE_RM_SEARCH_ADDR = 0x20, /* look for a free place from there on */
	L4RE_RM_IN_AREA = 0x40, /* in the area that holds the address */
	L4RE_RM_EAGER_MAP = 0x80, /* every page is there on return */
	L4RE_RM_ATTACH_FLAGS = 0xf0,

	L4RE_RM_F_R = 0x100,
	L4RE_RM_F_W = 0x200,
	L4RE_RM_F_X = 0x400,
	L4RE_RM_F_RW = L4RE_RM_F_R | L4RE_RM_F_W,
	L4RE_RM_F_RX = L4RE_RM_F_R | L4RE_RM_F_X,
	L4RE_RM_F_RWX = L4RE_RM_F_RW | L4RE_RM_F_X,
	L4RE_RM_F_NO_EAGER_MAP = 0x800, /* L4RE_RM_EAGER_MAP does not count */
	L4RE_RM_F_CACHE_NORMAL = 0,
	L4RE_RM_F_PAGER = L4RE_RM_PAGER,
	L4RE_RM_F_RESERVED = L4RE_RM_RESERVED,
	L4RE_RM_F_SEARCH_ADDR = L4RE_RM_SEARCH_ADDR,
	L4RE_RM_F_IN_AREA = L4RE_RM_IN_AREA,
	L4RE_RM_F_EAGER_MAP = L4RE_RM_EAGER_MAP,
};

L4_BEGIN_DECLS

/**
 * l4re_rm_reserve_area_srv() - keep addresses for regions
 * @rm: the region map of the calling process
 * @start: where; with SEARCH_ADDR at or above; set to the first address
 * @size: bytes, at least 1, rounded up to pages
 * @flags: set of L4RE_RM_SEARCH_ADDR; _IN_AREA: inside the area that holds @start;
 *         _RESERVED: no region can be attached in it
 * @align: least log2 alignment of the address with SEARCH_ADDR, up to 46; without it
 *         any number
 *
 * Return: 0; -L4_EADDRNOTAVAIL: the place is taken, or none was found;
 * -L4_ENOENT: IN_AREA, and no area holds @start; -L4_EPERM: that area is
 * RESERVED, or @rm is that of another process; -L4_EINVAL: @size is 0, @align or a
 * flag is wrong, or @start is NULL.
 */
L4_CV int l4re_rm_reserve_area_srv(l4_cap_idx_t rm, l4_addr_t *start,
				   unsigned long size, unsigned int flags,
				   unsigned char align) L4_NOTHROW;

/**
 * l4re_rm_free_area_srv() - give the addresses of an area back
 * @rm: the region map of the calling process
 * @addr: any address of it
 *
 * Regions in it stay.
 *
 * Return: 0; -L4_ENOENT: no area holds @addr; -L4_EPERM: @rm is that of another
 * process.
 */
L4_CV int l4re_rm_free_area_srv(l4_cap_idx_t rm, l4_addr_t addr) L4_NOTHROW;

/**
 * l4re_rm_attach_srv() - make a dataspace visible
 * @rm: the region map of the calling process
 * @start: where; with SEARCH_ADDR at or above; with IN_AREA it also says which
 *         area; set to where it is
 * @size: bytes, at least 1, rounded up to pages
 * @flags: set of enum l4re_rm_flags_t
 * @mem: the dataspace, or with L4RE_RM_PAGER the pager
 * @offs: its first byte to be visible, a multiple of L4_PAGESIZE
 * @align: least log2 alignment of the address with SEARCH_ADDR, up to 46; without it
 *         any number
 *
 * The region holds what is attached, also when @mem is freed.
 *
 * Return: 0; -L4_ENOENT: IN_AREA, and no area holds @start, or @mem holds nothing;
 * -L4_EPERM: that area is RESERVED, or @mem has no such right, or the address may
 * not be mapped, or @rm is that of another process; -L4_EINVAL: @size is 0, @start
 * is NULL, @mem is not what @flags say, @offs, @align or a flag is wrong, or two
 * exclude each other; -L4_EADDRNOTAVAIL: the place is taken, or none was found;
 * -L4_ERANGE: beyond the dataspace; -L4_EBUSY: NO_ALIAS, and it is mapped
 * somewhere, or it is mapped with NO_ALIAS; -L4_ENODEV: it was revoked, or the
 * pager is gone; -L4_EIO: EAGER_MAP, and a page cannot be had.
 */
L4_CV int l4re_rm_attach_srv(l4_cap_idx_t rm, void **start, unsigned long size,
			     unsigned long flags, l4re_ds_t const mem,
			     l4_addr_t offs, unsigned char align) L4_NOTHROW;

/**
 * l4re_rm_detach_srv() - detach and unmap a region
 * @rm: a region map
 * @addr: any address of the region
 * @ds: set to the index of what was attached: of several slots the first with that
 *      descriptor, else the first with the same memory, as always where the region is
 *      READ_ONLY or RESERVED; if no slot holds it any more, to a new one, which is to
 *      be freed. L4_INVALID_CAP if it fails. NULL: not wanted
 * @task: whose pages are unmapped: L4RE_THIS_TASK_CAP; or the region map of
 *        another process, where it is detached then; with L4_INVALID_CAP they are
 *        unmapped all the same
 *
 * Return: 0; -L4_ENOENT: no region holds @addr; -L4_EPERM: the program has sealed
 * it, or what is attached RESERVED there has no right to read, and @ds is wanted;
 * -L4_EINVAL: @task is none of these; -L4_ENOMEM: no slot or no descriptor for @ds,
 * or no room to keep the place in its area. In all these cases it is attached still.
 */
L4_CV int l4re_rm_detach_srv(l4_cap_idx_t rm, l4_addr_t addr, l4re_ds_t *ds,
			     l4_cap_idx_t task) L4_NOTHROW;

/**
 * l4re_rm_find_srv() - what is attached at an address
 * @rm: a region map
 * @addr: any address; set to the first one of the region, or of the area
 * @size: 1, or bytes of a range: then the first that is in it; set to its size
 * @offset: set to the byte of the dataspace at the first address; of an area to 0;
 *          may be NULL
 * @flags: set to those of L4RE_RM_REGION_FLAGS; of an area L4RE_RM_IN_AREA is among
 *         them; may be NULL
 * @m: set to the index of what is attached, as by l4re_rm_detach_srv(); of an area to
 *     L4_INVALID_CAP; may be NULL
 *
 * Return: 0; -L4_ENOENT: there is neither a region nor an area; -L4_EINVAL: @size
 * is 0, or @addr or @size is NULL, or the range ends beyond the address space;
 * -L4_EPERM: what is attached RESERVED there has no right to read; -L4_ENOMEM: no
 * slot or no descriptor.
 */
L4_CV int l4re_rm_find_srv(l4_cap_idx_t rm, l4_addr_t *addr,
			   unsigned long *size, l4_addr_t *offset,
			   unsigned int *flags, l4re_ds_t *m) L4_NOTHROW;

/* Writes what is attached where, for people, to standard error. */
L4_CV void l4re_rm_show_lists_srv(l4_cap_idx_t rm) L4_NOTHROW;

/* Likewise, of l4re_env()->rm. */

L4_INLINE int l4re_rm_reserve_area(l4_addr_t *start, unsigned long size,
				   unsigned int flags,
				   unsigned char align) L4_NOTHROW
{
	return l4re_rm_reserve_area_srv(l4re_env()->rm, start, size, flags,
					align);
}

L4_INLINE int l4re_rm_free_area(l4_addr_t addr) L4_NOTHROW
{
	return l4re_rm_free_area_srv(l4re_env()->rm, addr);
}

L4_INLINE int l4re_rm_attach(void **start, unsigned long size,
			     unsigned long flags, l4re_ds_t const mem,
			     l4_addr_t offs, unsigned char align) L4_NOTHROW
{
	return l4re_rm_attach_srv(l4re_env()->rm, start, size, flags, mem, offs,
				  align);
}

L4_INLINE int l4re_rm_detach(void *addr) L4_NOTHROW
{
	return l4re_rm_detach_srv(l4re_env()->rm, (l4_addr_t)addr, NULL,
				  L4_BASE_TASK_CAP);
}

L4_INLINE int l4re_rm_detach_ds(void *addr, l4re_ds_t *ds) L4_NOTHROW
{
	return l4re_rm_detach_srv(l4re_env()->rm, (l4_addr_t)addr, ds,
				  L4_BASE_TASK_CAP);
}

L4_INLINE int l4re_rm_detach_unmap(l4_addr_t addr, l4_cap_idx_t task) L4_NOTHROW
{
	return l4re_rm_detach_srv(l4re_env()->rm, addr, NULL, task);
}

L4_INLINE int l4re_rm_detach_ds_unmap(void *addr, l4re_ds_t *ds,
				      l4_cap_idx_t task) L4_NOTHROW
{
	return l4re_rm_detach_srv(l4re_env()->rm, (l4_addr_t)addr, ds, task);
}

L4_INLINE int l4re_rm_find(l4_addr_t *addr, unsigned long *size,
			   l4_addr_t *offset, unsigned int *flags,
			   l4re_ds_t *m) L4_NOTHROW
{
	return l4re_rm_find_srv(l4re_env()->rm, addr, size, offset, flags, m);
}

L4_INLINE void l4re_rm_show_lists(void) L4_NOTHROW
{
	l4re_rm_show_lists_srv(l4re_env()->rm);
}

L4_END_DECLS

#endif /* L4_RE_C_RM_H */
