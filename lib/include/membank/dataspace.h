/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dataspaces: memory that is allocated, shared, and taken back.
 * Part of <membank.h>, which says what holds for all functions; include that.
 */
#ifndef MEMBANK_DATASPACE_H
#define MEMBANK_DATASPACE_H

#include <linux/membank.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * membank_dataspace_alloc() - allocate contiguous, zeroed memory
 * @dev: from membank_open(): the bank that it is taken from
 * @length: bytes, kept to the byte; the extent is rounded up to pages. With
 *          MEMBANK_DATASPACE_CONTINUOUS it may be negative: then the largest
 *          extent that leaves at least -@length bytes of the caller's quota
 *          free, or of the bank, where there is no quota;
 *          membank_dataspace_info() tells how large it is
 * @flags: set of enum membank_dataspace_flags; SUPER_PAGES rounds up to, and
 *         aligns to, 2 MiB, what the other two ask for is always so
 * @align: least log2 alignment of the physical address, 0 for a page, up to 30
 * @out_dataspace: a dma-buf with all rights, to be closed; the memory lives as
 *                 long as this descriptor, a copy, another one that was derived
 *                 from it, a mapping or a device holds it
 *
 * Return: 0; -ERANGE: @length is 0, negative without CONTINUOUS, or more than
 * the bank can ever hold, or @align is above 30; -ENOMEM: no free extent is
 * large enough now; -EDQUOT: the caller's user id would have more of the bank
 * than its quota, or its control group more than its dmem.max; -EOPNOTSUPP: an
 * unknown flag; -EINTR: the process is being killed.
 */
int membank_dataspace_alloc(int dev, int64_t length, uint32_t flags,
			    uint32_t align, int *out_dataspace);

/**
 * membank_dataspace_info() - what a dataspace is
 * @dev: from membank_open(), of any bank
 * @dataspace: the dataspace, with any right
 * @out_info: filled; see struct membank_dataspace_info in linux/membank.h
 *
 * Return: 0; -EINVAL: @dataspace is none; -ENODEV: it was revoked.
 */
int membank_dataspace_info(int dev, int dataspace,
			   struct membank_dataspace_info *out_info);

/**
 * membank_dataspace_derive() - another descriptor of it, with fewer rights
 * @dev: from membank_open(), of any bank
 * @dataspace: the dataspace
 * @rights: set of enum membank_dataspace_rights, at least one
 * @out_dataspace: a dma-buf of the same memory that has just these rights; to
 *                 be closed
 *
 * This one can be lent: whoever gets it has no way to more than these rights.
 *
 * Return: 0; -EACCES: @dataspace lacks one of @rights; -EINVAL: @rights is 0,
 * or @dataspace is none; -ENODEV: it was revoked; -EOPNOTSUPP: an unknown
 * right; -EDQUOT: a service has lent it, and the caller's user has MEMBANK_LENT_MAX
 * descriptors that were lent.
 */
int membank_dataspace_derive(int dev, int dataspace, uint32_t rights,
			     int *out_dataspace);

/**
 * membank_dataspace_clear() - write zeroes
 * @dev: from membank_open(), of any bank
 * @dataspace: the dataspace, with the right WRITE
 * @offset: first byte
 * @length: bytes, at least 1
 *
 * It need not be attached. Who has it attached sees the bytes change, in no
 * particular order.
 *
 * Return: 0; -EACCES: no right to write; -ERANGE: the range lies beyond the
 * bytes that were asked for; -EINVAL: @length is 0, or @dataspace is none;
 * -ENODEV: it was revoked; -EIO: a page of the range has a hardware error, and
 * nothing is cleared; -EINTR: the process is being killed.
 */
int membank_dataspace_clear(int dev, int dataspace, uint64_t offset,
			    uint64_t length);

/**
 * membank_dataspace_copy() - copy from one dataspace to another
 * @dev: from membank_open(), of any bank
 * @dataspace: what is written, with the right WRITE
 * @offset: its first byte to be written
 * @from: what is read, with the right READ; of any bank. It may be the same
 *        memory, also where the ranges overlap: the bytes arrive as they were
 *        before
 * @from_offset: its first byte to be read
 * @length: bytes, at least 1
 *
 * Neither need be attached.
 *
 * Return: 0; -EACCES: @dataspace has no right to write, or @from none to read;
 * -ERANGE: a range lies beyond the bytes that were asked for; -EINVAL: @length
 * is 0, or one of them is no dataspace; -ENODEV: one of them was revoked; -EIO:
 * a page of a range has a hardware error, and nothing is copied; -EINTR: the
 * process is being killed.
 */
int membank_dataspace_copy(int dev, int dataspace, uint64_t offset, int from,
			   uint64_t from_offset, uint64_t length);

/**
 * membank_dataspace_phys() - where it is in physical memory
 * @dev: from membank_open(), of any bank
 * @dataspace: the dataspace, with any right
 * @offset: one of its bytes
 * @out_addr: physical address of this byte
 * @out_length: bytes that follow one another from there on, up to the last of
 *              those that were asked for; may be NULL
 *
 * The address stays the same until the dataspace is freed or revoked: for
 * hardware that no driver stands before.
 *
 * Return: 0; -EPERM: the caller has no CAP_SYS_RAWIO; -ERANGE: @offset lies
 * beyond the bytes that were asked for; -EINVAL: @dataspace is none; -ENODEV:
 * it was revoked.
 */
int membank_dataspace_phys(int dev, int dataspace, uint64_t offset,
			   uint64_t *out_addr, uint64_t *out_length);

/**
 * membank_dataspace_revoke() - take the memory back from everybody
 * @dev: from membank_open(), of any bank
 * @dataspace: the dataspace, with the right OWN; still to be closed
 *
 * On return its memory is mapped nowhere. Who touches a place where it was is
 * sent SIGBUS. What would use the memory through a descriptor of it is -ENODEV,
 * if no other error comes first, such as -EACCES for a missing right; a device
 * may still attach to it, but not map it. What does not need the memory still
 * answers: lseek(), poll(), the dma-buf's name, fdinfo. The memory goes back to
 * its bank, which is not waited for here, as soon as no device and no I/O has
 * it any more and the fences of devices are signaled.
 *
 * Return: 0; -EACCES: no right to revoke; -EINVAL: @dataspace is none; -ENODEV:
 * it was revoked before.
 */
int membank_dataspace_revoke(int dev, int dataspace);

/**
 * enum membank_access - what the CPU is about to do with a dataspace
 * @MEMBANK_ACCESS_READ: read
 * @MEMBANK_ACCESS_WRITE: write
 */
enum membank_access {
	MEMBANK_ACCESS_READ = 1 << 0,
	MEMBANK_ACCESS_WRITE = 1 << 1,
};

/**
 * membank_sync_start() - begin to use memory that a device uses too
 * @dataspace: the dataspace, or any other dma-buf
 * @access: set of enum membank_access
 *
 * Not needed between programs, only between a program and a device.
 *
 * Return: 0; -EINVAL: @access is wrong; -EACCES: @dataspace has no such right;
 * -ENODEV: it was revoked.
 */
int membank_sync_start(int dataspace, unsigned int access);

/**
 * membank_sync_end() - end what membank_sync_start() began
 * @dataspace: the dataspace
 * @access: as in membank_sync_start()
 *
 * Return: as membank_sync_start().
 */
int membank_sync_end(int dataspace, unsigned int access);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_DATASPACE_H */
