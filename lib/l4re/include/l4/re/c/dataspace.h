/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dataspaces.
 *
 * Beside the errors that each function names, any can return, as all of L4Re's
 * do: -(L4_EIPC_LO + L4_IPC_ENOT_EXISTENT), the dataspace is called in a slot that
 * is empty, free or none; -L4_EBADPROTO, it holds something else; -L4_ENODEV, the
 * dataspace was revoked; -L4_EIO, its memory is broken; -L4_ENOMEM.
 */
#ifndef L4_RE_C_DATASPACE_H
#define L4_RE_C_DATASPACE_H

#include <l4/sys/compiler.h>
#include <l4/sys/types.h>

typedef l4_cap_idx_t l4re_ds_t;

/**
 * struct l4re_ds_stats_t - what l4re_ds_info() tells
 * @size: bytes that were asked for
 * @flags: set of enum l4re_ds_map_flags: how it can be mapped
 */
typedef struct l4re_ds_stats_t {
	unsigned long size;
	unsigned long flags;
} l4re_ds_stats_t;

/*
 * How memory is mapped, in the words of each release of L4Re. None of it can be
 * executed.
 */
enum l4re_ds_map_flags {
	L4RE_DS_F_R = L4_FPAGE_RO,
	L4RE_DS_F_W = L4_FPAGE_W,
	L4RE_DS_F_X = L4_FPAGE_X,
	L4RE_DS_F_RW = L4_FPAGE_RW,
	L4RE_DS_F_RX = L4_FPAGE_RX,
	L4RE_DS_F_RWX = L4_FPAGE_RWX,
	L4RE_DS_F_RIGHTS_MASK = 0x0f,
	L4RE_DS_F_NORMAL = 0x00,
	L4RE_DS_F_CACHEABLE = L4RE_DS_F_NORMAL,

	L4RE_DS_MAP_F_R = L4RE_DS_F_R,
	L4RE_DS_MAP_F_W = L4RE_DS_F_W,
	L4RE_DS_MAP_F_X = L4RE_DS_F_X,
	L4RE_DS_MAP_F_RO = L4RE_DS_F_R,
	L4RE_DS_MAP_F_RW = L4RE_DS_F_RW,
	L4RE_DS_MAP_F_RX = L4RE_DS_F_RX,
	L4RE_DS_MAP_F_RWX = L4RE_DS_F_RWX,

	L4RE_DS_MAP_FLAG_RO = 0,
	L4RE_DS_MAP_FLAG_RW = L4RE_DS_F_W,
};

L4_BEGIN_DECLS

/**
 * l4re_ds_map() - map the page at an address
 * @ds: the dataspace
 * @offset: its byte that is to be at @local_addr; rounded down to a page, as
 *          @local_addr is
 * @flags: set of enum l4re_ds_map_flags
 * @local_addr: where; what is mapped there is no more
 * @min_addr: first address that may be mapped as well
 * @max_addr: the address behind the last such; ~0UL: all above @min_addr
 *
 * Maps the largest block whose size is a power of two, that begins at a multiple
 * of it, holds @local_addr, and has its place in the dataspace and between the two
 * addresses; at least a page. It is a region from then on.
 *
 * Return: 0; -L4_ERANGE: @offset is not in the dataspace; -L4_EPERM: @ds has no
 * right to be mapped so, or the place may not be mapped; -L4_EINVAL: a flag is
 * unknown; -L4_EBUSY: it is attached somewhere with NO_ALIAS.
 */
L4_CV int l4re_ds_map(const l4re_ds_t ds, l4_addr_t offset, unsigned long flags,
		      l4_addr_t local_addr, l4_addr_t min_addr,
		      l4_addr_t max_addr) L4_NOTHROW;

/**
 * l4re_ds_map_region() - map a range of addresses
 * @ds: the dataspace
 * @offset: its byte that is to be at @min_addr; rounded down to a page, as
 *          @min_addr is
 * @flags: set of enum l4re_ds_map_flags
 * @min_addr: the first address; what is mapped from there on is no more
 * @max_addr: the address behind the last one, rounded up to a page, if there is one
 *
 * Return: 0, also if @max_addr is not above @min_addr; -L4_ERANGE: it goes beyond
 * the dataspace; the others of l4re_ds_map().
 */
L4_CV int l4re_ds_map_region(const l4re_ds_t ds, l4_addr_t offset,
			     unsigned long flags, l4_addr_t min_addr,
			     l4_addr_t max_addr) L4_NOTHROW;

/**
 * l4re_ds_clear() - write zeroes
 * @ds: the dataspace
 * @offset: first byte
 * @size: bytes
 *
 * Return: 0; -L4_ERANGE: the range lies beyond the dataspace; -L4_EACCESS: @ds
 * has no right to write.
 */
L4_CV long l4re_ds_clear(const l4re_ds_t ds, l4_addr_t offset,
			 unsigned long size) L4_NOTHROW;

/**
 * l4re_ds_allocate() - make sure that memory is there
 * @ds: the dataspace
 * @offset: first byte
 * @size: bytes
 *
 * It is: all memory is there from the beginning.
 *
 * Return: 0; -L4_ERANGE: the range lies beyond the dataspace.
 */
L4_CV long l4re_ds_allocate(const l4re_ds_t ds, l4_addr_t offset,
			    l4_size_t size) L4_NOTHROW;

/**
 * l4re_ds_copy_in() - copy from another dataspace
 * @ds: what is written
 * @dst_offs: its first byte
 * @src: what is read; of any bank, it may be the same memory
 * @src_offs: its first byte
 * @size: bytes
 *
 * Return: 0; -L4_EACCESS: @ds has no right to write, or @src none to read;
 * -L4_EINVAL: a range lies beyond its dataspace, or @src is none.
 */
L4_CV int l4re_ds_copy_in(const l4re_ds_t ds, l4_addr_t dst_offs,
			  const l4re_ds_t src, l4_addr_t src_offs,
			  unsigned long size) L4_NOTHROW;

/**
 * l4re_ds_size() - how large it is
 * @ds: the dataspace
 *
 * Return: the bytes that were asked for; 0: an error, see l4re_ds_info().
 */
L4_CV unsigned long l4re_ds_size(const l4re_ds_t ds) L4_NOTHROW;

/**
 * l4re_ds_flags() - how it can be mapped
 * @ds: the dataspace
 *
 * Return: set of enum l4re_ds_map_flags, or an error of l4re_ds_info().
 */
L4_CV long l4re_ds_flags(const l4re_ds_t ds) L4_NOTHROW;

/**
 * l4re_ds_info() - what it is
 * @ds: the dataspace
 * @stats: filled
 *
 * Return: 0, or an error that any function can return.
 */
L4_CV int l4re_ds_info(const l4re_ds_t ds, l4re_ds_stats_t *stats) L4_NOTHROW;

/**
 * l4re_ds_phys() - where it is in physical memory
 * @ds: the dataspace
 * @offset: one of its bytes
 * @phys_addr: physical address of this byte
 * @phys_size: bytes that follow one another from there on: all the others
 *
 * Return: 0; -L4_EPERM: the caller has no CAP_SYS_RAWIO; -L4_ERANGE: @offset lies
 * beyond the dataspace.
 */
L4_CV int l4re_ds_phys(const l4re_ds_t ds, l4_addr_t offset,
		       l4_addr_t *phys_addr, l4_size_t *phys_size) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_RE_C_DATASPACE_H */
