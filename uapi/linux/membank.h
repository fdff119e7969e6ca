/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * membank: physically contiguous memory that programs name, map, share and are
 * notified about.
 */
#ifndef _UAPI_LINUX_MEMBANK_H
#define _UAPI_LINUX_MEMBANK_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The form of every command
 *
 * A command goes to the descriptor of the noun it acts on: a device node
 * (/dev/membank, /dev/membankN), a notifier, a service or a connection. A
 * dataspace is a plain dma-buf, whose descriptor does not know our commands:
 * its number stands in the struct, and the command goes to any device node.
 *
 * Each command passes a pointer to a struct that starts with @size, which the
 * caller sets to sizeof() of the struct it was compiled with. Structs grow at
 * their end only. A kernel that knows a longer struct takes the missing fields
 * as zero; a kernel that knows a shorter one accepts the longer one as long as
 * all it does not know is zero. For this the commands are _IO() numbers: they
 * do not encode the size, so a command keeps its number for life.
 *
 * Fields named out_* are written by the kernel on success and ignored on
 * input; on failure none is written and no descriptor is opened. Descriptors
 * are opened with O_CLOEXEC. Lengths, offsets and addresses are in bytes,
 * alignments are exponents of two.
 *
 * The same structs serve 32-bit programs on a 64-bit kernel.
 *
 * Errors that every command can return:
 *
 * ====================  ======================================================
 * ENOTTY                this descriptor has no such command
 * EFAULT                the struct, or memory that it points to, is not mapped,
 *                       or not writable
 * EINVAL                @size is smaller than the struct of the first release,
 *                       a reserved field is not zero, or a value is wrong
 * E2BIG                 what follows the struct this kernel knows is not zero
 * EOPNOTSUPP            a known field holds a bit this kernel does not know
 * EBADF                 a descriptor number in the struct is not open
 * EMFILE, ENFILE        no descriptor is free for the result
 * ENOMEM                kernel memory is short
 * ====================  ======================================================
 */
#define MEMBANK_IOC 0xBB

/** MEMBANK_NAME_MAX - longest name of a bank or service, without its NUL. */
#define MEMBANK_NAME_MAX 63

/** MEMBANK_ABI_VERSION - for reports; programs ask for features instead. */
#define MEMBANK_ABI_VERSION 1

/*
 * enum membank_command_number - the numbers, never reused
 */
enum membank_command_number {
	MEMBANK_CMD_GET_INFO = 0x00,
	MEMBANK_CMD_BANK_INFO = 0x01,

	MEMBANK_CMD_DATASPACE_ALLOC = 0x10,
	MEMBANK_CMD_DATASPACE_INFO = 0x11,
	MEMBANK_CMD_DATASPACE_DERIVE = 0x12,
	MEMBANK_CMD_DATASPACE_CLEAR = 0x13,
	MEMBANK_CMD_DATASPACE_COPY = 0x14,
	MEMBANK_CMD_DATASPACE_PHYS = 0x15,
	MEMBANK_CMD_DATASPACE_REVOKE = 0x16,

	MEMBANK_CMD_REGION_ATTACH = 0x20,
	MEMBANK_CMD_REGION_DETACH = 0x21,
	MEMBANK_CMD_REGION_FIND = 0x22,

	MEMBANK_CMD_NOTIFIER_CREATE = 0x30,
	MEMBANK_CMD_NOTIFIER_DERIVE = 0x31,
	MEMBANK_CMD_NOTIFIER_BIND = 0x32,
	MEMBANK_CMD_NOTIFIER_TRIGGER = 0x33,

	MEMBANK_CMD_SERVICE_REGISTER = 0x40,
	MEMBANK_CMD_SERVICE_CONNECT = 0x41,
};

/**
 * enum membank_features - bits of &struct membank_get_info.out_features
 * @MEMBANK_FEATURE_BANKS: BANK_INFO, mmap on a node
 * @MEMBANK_FEATURE_DATASPACES: DATASPACE_ALLOC, DATASPACE_INFO
 * @MEMBANK_FEATURE_REGIONS: REGION_ATTACH, REGION_DETACH, REGION_FIND
 * @MEMBANK_FEATURE_NOTIFIERS: NOTIFIER_*
 * @MEMBANK_FEATURE_SERVICES: SERVICE_*
 * @MEMBANK_FEATURE_RIGHTS: DATASPACE_DERIVE, DATASPACE_REVOKE, @out_rights of
 *                          DATASPACE_INFO, rights of the dataspaces that a
 *                          service offers
 * @MEMBANK_FEATURE_CONTENT: DATASPACE_CLEAR, DATASPACE_COPY, DATASPACE_PHYS
 * @MEMBANK_FEATURE_QUOTA: EDQUOT, and the figures for it in BANK_INFO
 */
enum membank_features {
	MEMBANK_FEATURE_BANKS = 1 << 0,
	MEMBANK_FEATURE_DATASPACES = 1 << 1,
	MEMBANK_FEATURE_REGIONS = 1 << 2,
	MEMBANK_FEATURE_NOTIFIERS = 1 << 3,
	MEMBANK_FEATURE_SERVICES = 1 << 4,
	MEMBANK_FEATURE_RIGHTS = 1 << 5,
	MEMBANK_FEATURE_CONTENT = 1 << 6,
	MEMBANK_FEATURE_QUOTA = 1 << 7,
};

/**
 * struct membank_get_info - ioctl(MEMBANK_IOC_GET_INFO), on any device node
 * @size: sizeof(struct membank_get_info)
 * @out_version: %MEMBANK_ABI_VERSION of the kernel module
 * @out_features: set of &enum membank_features
 * @out_banks: number of banks
 * @out_bank: the bank this node stands for, or %MEMBANK_BANK_ANY
 */
struct membank_get_info {
	__u32 size;
	__u32 out_version;
	__aligned_u64 out_features;
	__u32 out_banks;
	__u32 out_bank;
};

#define MEMBANK_IOC_GET_INFO _IO(MEMBANK_IOC, MEMBANK_CMD_GET_INFO)

/** MEMBANK_BANK_ANY - "the kernel chooses"; the bank of the node /dev/membank */
#define MEMBANK_BANK_ANY 0xffffffffU

/**
 * enum membank_source - where the pages of a bank come from
 * @MEMBANK_SOURCE_CMA: the default CMA area
 * @MEMBANK_SOURCE_CONTIG: the page allocator
 */
enum membank_source {
	MEMBANK_SOURCE_CMA = 1,
	MEMBANK_SOURCE_CONTIG = 2,
};

/**
 * enum membank_bank_flags - what is special about a bank
 * @MEMBANK_BANK_PRIVATE: /dev/membank never chooses it
 * @MEMBANK_BANK_SYNC: who frees memory of it clears the memory, too; else that
 *                     is done in the background
 */
enum membank_bank_flags {
	MEMBANK_BANK_PRIVATE = 1 << 0,
	MEMBANK_BANK_SYNC = 1 << 1,
};

/**
 * struct membank_bank_info - ioctl(MEMBANK_IOC_BANK_INFO), on any device node
 * @size: sizeof(struct membank_bank_info)
 * @bank: which bank, 0 to &struct membank_get_info.out_banks - 1
 * @out_length: bytes of the bank, a multiple of the page size
 * @out_used: bytes that are allocated, or that dead dataspaces left pinned
 * @out_largest_free: bytes of the largest extent that can be had now
 * @out_scrubbed: free bytes that are clean already
 * @out_dataspaces: number of live dataspaces
 * @out_node: NUMA node of the memory
 * @out_source: one of &enum membank_source
 * @out_flags: set of &enum membank_bank_flags
 * @out_name: NUL-terminated name
 * @out_quota: bytes that each user id may have of this bank, 0: as many as
 *             there are
 * @out_charged: bytes that the caller's user id has, if there is a quota; a
 *               caller with CAP_SYS_RESOURCE is not charged. In a user
 *               namespace it is the id of who made the namespace (the outermost
 *               one), here and for EDQUOT
 *
 * The figures belong to one moment, which is over when the command returns.
 *
 * Errors: ENOENT: there is no bank of this number.
 */
struct membank_bank_info {
	__u32 size;
	__u32 bank;
	__aligned_u64 out_length;
	__aligned_u64 out_used;
	__aligned_u64 out_largest_free;
	__aligned_u64 out_scrubbed;
	__u32 out_dataspaces;
	__s32 out_node;
	__u32 out_source;
	__u32 out_flags;
	char out_name[MEMBANK_NAME_MAX + 1];
	__aligned_u64 out_quota;
	__aligned_u64 out_charged;
};

#define MEMBANK_IOC_BANK_INFO _IO(MEMBANK_IOC, MEMBANK_CMD_BANK_INFO)

/**
 * enum membank_dataspace_flags - L4Re's Mem_alloc_flags
 * @MEMBANK_DATASPACE_CONTINUOUS: physically contiguous (always true)
 * @MEMBANK_DATASPACE_PINNED: never moved (always true)
 * @MEMBANK_DATASPACE_SUPER_PAGES: extent and alignment are multiples of 2 MiB,
 *                                 and mappings use 2 MiB entries where their
 *                                 address allows
 */
enum membank_dataspace_flags {
	MEMBANK_DATASPACE_CONTINUOUS = 1 << 0,
	MEMBANK_DATASPACE_PINNED = 1 << 1,
	MEMBANK_DATASPACE_SUPER_PAGES = 1 << 2,
};

/**
 * enum membank_dataspace_rights - what a dataspace's descriptor may do
 * @MEMBANK_DATASPACE_READ: map it for reading, copy from it, devices read it
 * @MEMBANK_DATASPACE_WRITE: map it for writing (with READ), copy to it, clear
 *                           it, devices write it
 * @MEMBANK_DATASPACE_OWN: revoke it
 *
 * A descriptor keeps its rights for life, wherever it is passed. Who has more
 * can derive a descriptor with fewer; nothing leads the other way.
 */
enum membank_dataspace_rights {
	MEMBANK_DATASPACE_READ = 1 << 0,
	MEMBANK_DATASPACE_WRITE = 1 << 1,
	MEMBANK_DATASPACE_OWN = 1 << 2,
};

/**
 * struct membank_dataspace_alloc - ioctl(MEMBANK_IOC_DATASPACE_ALLOC), on the
 *                                  node of a bank, or on /dev/membank for any
 * @size: sizeof(struct membank_dataspace_alloc)
 * @flags: set of &enum membank_dataspace_flags
 * @length: bytes, kept to the byte; the extent is rounded up to pages. With
 *          CONTINUOUS it may be negative (two's complement): then the largest
 *          extent that leaves at least -@length bytes of the caller's quota
 *          free, or of the bank, where there is no quota; DATASPACE_INFO tells
 *          how large it is
 * @align: least log2 alignment of the physical address, 0 for a page, up to 30
 * @out_fd: the dataspace: a dma-buf with all rights, all bytes zero
 *
 * The dataspace lives as long as a descriptor, a mapping or a dma-buf importer
 * holds it. Allocation migrates no page and does not wait for memory.
 *
 * Errors: ERANGE: @length is 0, negative without CONTINUOUS, or more than the
 * bank can ever hold, or @align is above 30. ENOMEM: the bank (with
 * /dev/membank: any bank that is not private) has no such extent free now, or
 * kernel memory is short. EDQUOT: the caller's user id (see @out_charged of
 * BANK_INFO) would have more of the bank than its quota, or its control group
 * more than its dmem.max. EINTR: a fatal signal came.
 */
struct membank_dataspace_alloc {
	__u32 size;
	__u32 flags;
	__aligned_u64 length;
	__u32 align;
	__s32 out_fd;
};

#define MEMBANK_IOC_DATASPACE_ALLOC \
	_IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_ALLOC)

/**
 * struct membank_dataspace_info - ioctl(MEMBANK_IOC_DATASPACE_INFO), on any
 *                                 device node
 * @size: sizeof(struct membank_dataspace_info)
 * @fd: the dataspace
 * @out_length: the bytes that were asked for
 * @out_extent: the bytes that it takes in its bank
 * @out_offset: bytes from the start of its bank
 * @out_bank: number of its bank
 * @out_flags: set of &enum membank_dataspace_flags it was allocated with
 * @out_mappings: number of mappings (VMAs) of it in all processes
 * @out_rights: set of &enum membank_dataspace_rights that @fd has
 *
 * Errors: EINVAL: @fd is not a dataspace. ENODEV: it was revoked.
 */
struct membank_dataspace_info {
	__u32 size;
	__s32 fd;
	__aligned_u64 out_length;
	__aligned_u64 out_extent;
	__aligned_u64 out_offset;
	__u32 out_bank;
	__u32 out_flags;
	__u32 out_mappings;
	__u32 out_rights;
};

#define MEMBANK_IOC_DATASPACE_INFO _IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_INFO)

/**
 * struct membank_dataspace_derive - ioctl(MEMBANK_IOC_DATASPACE_DERIVE), on any
 *                                   device node
 * @size: sizeof(struct membank_dataspace_derive)
 * @fd: the dataspace
 * @rights: set of &enum membank_dataspace_rights, at least one
 * @out_fd: another dma-buf of the same memory with just these rights
 *
 * Errors: EINVAL: @fd is not a dataspace, or @rights is 0. EACCES: @fd does not
 * have all of @rights itself. EOPNOTSUPP: @rights has an unknown right. ENODEV:
 * the dataspace was revoked.
 */
struct membank_dataspace_derive {
	__u32 size;
	__s32 fd;
	__u32 rights;
	__s32 out_fd;
};

#define MEMBANK_IOC_DATASPACE_DERIVE \
	_IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_DERIVE)

/**
 * struct membank_dataspace_clear - ioctl(MEMBANK_IOC_DATASPACE_CLEAR), on any
 *                                  device node
 * @size: sizeof(struct membank_dataspace_clear)
 * @fd: the dataspace, with the right WRITE
 * @offset: first byte
 * @length: bytes, at least 1
 *
 * Errors: EINVAL: @fd is not a dataspace, or @length is 0. EACCES: @fd has no
 * right WRITE. ERANGE: @offset + @length lies beyond the bytes that were asked
 * for. ENODEV: the dataspace was revoked. EIO: a page of the range has a
 * hardware error. EINTR: a fatal signal came; part of the range is cleared.
 */
struct membank_dataspace_clear {
	__u32 size;
	__s32 fd;
	__aligned_u64 offset;
	__aligned_u64 length;
};

#define MEMBANK_IOC_DATASPACE_CLEAR \
	_IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_CLEAR)

/**
 * struct membank_dataspace_copy - ioctl(MEMBANK_IOC_DATASPACE_COPY), on any
 *                                 device node
 * @size: sizeof(struct membank_dataspace_copy)
 * @flags: must be 0
 * @fd: the dataspace that is written, with the right WRITE
 * @from: the dataspace that is read, with the right READ; may be the same one,
 *        also where the ranges overlap: the bytes arrive as they were before
 * @offset: first byte in @fd
 * @from_offset: first byte in @from
 * @length: bytes, at least 1
 *
 * Errors: EINVAL: @fd or @from is not a dataspace, or @length is 0. EACCES: a
 * right is missing. ERANGE: a range lies beyond the bytes that were asked for.
 * ENODEV: one of them was revoked. EIO: a page of a range has a hardware error.
 * EINTR: a fatal signal came; part of the range is copied.
 */
struct membank_dataspace_copy {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__s32 from;
	__aligned_u64 offset;
	__aligned_u64 from_offset;
	__aligned_u64 length;
};

#define MEMBANK_IOC_DATASPACE_COPY _IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_COPY)

/**
 * struct membank_dataspace_phys - ioctl(MEMBANK_IOC_DATASPACE_PHYS), on any
 *                                 device node
 * @size: sizeof(struct membank_dataspace_phys)
 * @fd: the dataspace
 * @offset: byte of the dataspace
 * @out_addr: physical address of this byte
 * @out_length: bytes that follow one another from there on: up to the end of
 *              the bytes that were asked for
 *
 * The address stays that of the dataspace until it is freed or revoked.
 *
 * Errors: EPERM: the caller has no CAP_SYS_RAWIO. EINVAL: @fd is not a
 * dataspace. ERANGE: @offset lies beyond the bytes that were asked for.
 * ENODEV: the dataspace was revoked.
 */
struct membank_dataspace_phys {
	__u32 size;
	__s32 fd;
	__aligned_u64 offset;
	__aligned_u64 out_addr;
	__aligned_u64 out_length;
};

#define MEMBANK_IOC_DATASPACE_PHYS _IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_PHYS)

/**
 * struct membank_dataspace_revoke - ioctl(MEMBANK_IOC_DATASPACE_REVOKE), on any
 *                                   device node
 * @size: sizeof(struct membank_dataspace_revoke)
 * @fd: the dataspace, with the right OWN
 *
 * Takes the memory back from everybody, whatever handle they have: when the
 * command returns it is mapped nowhere. A later touch of a mapping is answered
 * by SIGBUS. DATASPACE_*, REGION_ATTACH, mmap() and DMA_BUF_IOCTL_SYNC with a
 * descriptor of it are ENODEV, if no other error comes first, such as EACCES
 * for a missing right. So is SERVICE_CONNECT to who offers it. A device may
 * still attach to it, but not map it. What does not use the memory still
 * answers: lseek(), poll(), DMA_BUF_SET_NAME, fdinfo; its regions can be found
 * and detached.
 *
 * The command does not wait for others. The memory returns to its bank when the
 * last device that has it mapped for DMA, and the last I/O that has a page of
 * it pinned, is done with it, and all fences that were set on it are signaled.
 *
 * Errors: EINVAL: @fd is not a dataspace. EACCES: @fd has no right OWN. ENODEV:
 * it was revoked before.
 */
struct membank_dataspace_revoke {
	__u32 size;
	__s32 fd;
};

#define MEMBANK_IOC_DATASPACE_REVOKE \
	_IO(MEMBANK_IOC, MEMBANK_CMD_DATASPACE_REVOKE)

/**
 * enum membank_region_flags - L4Re's L4RE_RM_* flags, with their values
 * @MEMBANK_REGION_READ_ONLY: the region cannot be written, nor made writable
 * @MEMBANK_REGION_OVERMAP: what is mapped there now is unmapped
 * @MEMBANK_REGION_SEARCH_ADDR: look for a free place at or above the start
 * @MEMBANK_REGION_EAGER_MAP: every page is there on return
 *
 * The bits 0x02, 0x04, 0x08 and 0x40 are NO_ALIAS, PAGER, RESERVED and IN_AREA
 * in L4Re; this kernel does not know them.
 */
enum membank_region_flags {
	MEMBANK_REGION_READ_ONLY = 0x01,
	MEMBANK_REGION_OVERMAP = 0x10,
	MEMBANK_REGION_SEARCH_ADDR = 0x20,
	MEMBANK_REGION_EAGER_MAP = 0x80,
};

/**
 * struct membank_region_attach - ioctl(MEMBANK_IOC_REGION_ATTACH), on any
 *                                device node
 * @size: sizeof(struct membank_region_attach)
 * @fd: the dataspace
 * @start: the address; with SEARCH_ADDR where the search begins, 0: the kernel
 *         chooses as for mmap(NULL); rounded down to a page
 * @length: bytes, rounded up to pages; 0: from @offset to the end
 * @offset: bytes into the dataspace, a multiple of the page size
 * @flags: set of &enum membank_region_flags
 * @align: with SEARCH_ADDR the least log2 alignment of the address, 0 for a
 *         page, up to 46
 * @out_start: address of the region
 *
 * Errors: EINVAL: @fd is not a dataspace, @offset is not a multiple of the page
 * size, @align is above 46, OVERMAP together with SEARCH_ADDR. EACCES: @fd has
 * no right READ, or without READ_ONLY no right WRITE. ENODEV: the dataspace
 * was revoked. ERANGE: @offset + @length lies beyond the dataspace.
 * EADDRNOTAVAIL: the place is taken, or the search found none. EPERM: the
 * address may not be mapped (vm.mmap_min_addr). ENOMEM: the process has no room
 * for the mapping. EINTR: a fatal signal came.
 *
 * Always acts on the caller's own address space, whoever opened the node.
 */
struct membank_region_attach {
	__u32 size;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 offset;
	__u32 flags;
	__u32 align;
	__aligned_u64 out_start;
};

#define MEMBANK_IOC_REGION_ATTACH _IO(MEMBANK_IOC, MEMBANK_CMD_REGION_ATTACH)

/**
 * struct membank_region_detach - ioctl(MEMBANK_IOC_REGION_DETACH), on any
 *                                device node that the caller's own process
 *                                has opened
 * @size: sizeof(struct membank_region_detach)
 * @flags: must be 0
 * @addr: any address in the region
 * @out_start: address the region had
 * @out_length: bytes it had
 *
 * Errors: ENOENT: no region holds @addr. EPERM: the map is that of another
 * process.
 */
struct membank_region_detach {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 out_start;
	__aligned_u64 out_length;
};

#define MEMBANK_IOC_REGION_DETACH _IO(MEMBANK_IOC, MEMBANK_CMD_REGION_DETACH)

/**
 * struct membank_region_find - ioctl(MEMBANK_IOC_REGION_FIND), on any device
 *                              node
 * @size: sizeof(struct membank_region_find)
 * @flags: must be 0
 * @addr: any address in the region
 * @out_start: its first address
 * @out_length: bytes of the region
 * @out_offset: byte of the dataspace at @out_start
 * @out_flags: %MEMBANK_REGION_READ_ONLY or 0
 * @out_fd: a descriptor of its dataspace: of a region that is not READ_ONLY, in
 *          the opener's own process, the one that was attached; else a new one
 *          with the right READ, and WRITE if the region is not READ_ONLY. If the
 *          dataspace was revoked it is always the one that was attached
 *
 * A mapping that mmap() on a bank made is a region like any other. The answer
 * is read from the address space the node was opened in; a process that
 * inherited the descriptor or was handed it looks into the opener's.
 *
 * Errors: ENOENT: no region holds @addr. ESRCH: the process that opened the
 * node is gone or has called exec(). EINTR: a fatal signal came.
 */
struct membank_region_find {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 out_start;
	__aligned_u64 out_length;
	__aligned_u64 out_offset;
	__u32 out_flags;
	__s32 out_fd;
};

#define MEMBANK_IOC_REGION_FIND _IO(MEMBANK_IOC, MEMBANK_CMD_REGION_FIND)

/**
 * enum membank_notifier_rights - what a notifier's descriptor may do
 * @MEMBANK_NOTIFIER_TRIGGER: NOTIFIER_TRIGGER
 * @MEMBANK_NOTIFIER_RECEIVE: NOTIFIER_BIND
 */
enum membank_notifier_rights {
	MEMBANK_NOTIFIER_TRIGGER = 1 << 0,
	MEMBANK_NOTIFIER_RECEIVE = 1 << 1,
};

/**
 * struct membank_notifier_create - ioctl(MEMBANK_IOC_NOTIFIER_CREATE), on any
 *                                  device node
 * @size: sizeof(struct membank_notifier_create)
 * @flags: must be 0
 * @out_fd: a notifier with both rights
 * @__reserved: must be 0
 *
 * poll() on a notifier reports EPOLLHUP once the other side is gone: there has
 * been another descriptor of it, made by DERIVE or given out by a service, with
 * a right that complements ours (RECEIVE to our TRIGGER, TRIGGER to our
 * RECEIVE), and none is left. Copies by dup(), fork() or a socket are the same
 * descriptor and end with their last.
 */
struct membank_notifier_create {
	__u32 size;
	__u32 flags;
	__s32 out_fd;
	__u32 __reserved;
};

#define MEMBANK_IOC_NOTIFIER_CREATE \
	_IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_CREATE)

/**
 * struct membank_notifier_derive - ioctl(MEMBANK_IOC_NOTIFIER_DERIVE), on a
 *                                  notifier
 * @size: sizeof(struct membank_notifier_derive)
 * @rights: set of &enum membank_notifier_rights, at least one
 * @out_fd: another descriptor of the same notifier with just these rights
 * @__reserved: must be 0
 *
 * Errors: EACCES: this descriptor does not have all of @rights itself.
 * EINVAL: @rights is 0.
 */
struct membank_notifier_derive {
	__u32 size;
	__u32 rights;
	__s32 out_fd;
	__u32 __reserved;
};

#define MEMBANK_IOC_NOTIFIER_DERIVE \
	_IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_DERIVE)

/**
 * struct membank_notifier_bind - ioctl(MEMBANK_IOC_NOTIFIER_BIND), on a
 *                                notifier
 * @size: sizeof(struct membank_notifier_bind)
 * @flags: must be 0
 * @eventfd: the eventfd that counts the triggers from now on, or -1 for none
 * @__reserved: must be 0
 *
 * Each descriptor with the right RECEIVE binds one eventfd of its own; a
 * trigger adds 1 to each. Binding takes the place of what was bound before,
 * which no trigger reaches any more when the command returns.
 * Triggers that nobody was bound to receive are delivered as one, to the first
 * eventfd that is bound after them. The binding ends with the descriptor; the
 * eventfd may be closed before, its triggers are lost then.
 *
 * Errors: EACCES: this descriptor has no right RECEIVE. EINVAL: @eventfd is
 * not an eventfd.
 */
struct membank_notifier_bind {
	__u32 size;
	__u32 flags;
	__s32 eventfd;
	__u32 __reserved;
};

#define MEMBANK_IOC_NOTIFIER_BIND _IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_BIND)

/**
 * struct membank_notifier_trigger - ioctl(MEMBANK_IOC_NOTIFIER_TRIGGER), on a
 *                                   notifier
 * @size: sizeof(struct membank_notifier_trigger)
 * @flags: must be 0
 *
 * Never sleeps and never allocates. What was written to shared memory before
 * is seen by who reads the eventfd after.
 *
 * Errors: EACCES: this descriptor has no right TRIGGER.
 */
struct membank_notifier_trigger {
	__u32 size;
	__u32 flags;
};

#define MEMBANK_IOC_NOTIFIER_TRIGGER \
	_IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_TRIGGER)

/** MEMBANK_OFFERS_MAX - most dataspaces and notifiers that a service offers */
#define MEMBANK_OFFERS_MAX 16

/**
 * enum membank_offer_kind - what an offer is
 * @MEMBANK_OFFER_DATASPACE: a dataspace
 * @MEMBANK_OFFER_NOTIFIER: a notifier
 */
enum membank_offer_kind {
	MEMBANK_OFFER_DATASPACE = 1,
	MEMBANK_OFFER_NOTIFIER = 2,
};

/**
 * struct membank_offer - one thing that a service offers
 * @fd: register: the descriptor; connect: written, the client's own descriptor
 * @kind: register: must be 0; connect: written, one of &enum membank_offer_kind
 * @rights: register: the rights that a client gets, of those @fd has: for a
 *          dataspace a set of %MEMBANK_DATASPACE_READ and
 *          %MEMBANK_DATASPACE_WRITE, for a notifier a set of &enum
 *          membank_notifier_rights; connect: written, the rights that @fd has
 * @__reserved: must be 0
 */
struct membank_offer {
	__s32 fd;
	__u32 kind;
	__u32 rights;
	__u32 __reserved;
};

/**
 * struct membank_service_register - ioctl(MEMBANK_IOC_SERVICE_REGISTER), on
 *                                   any device node
 * @size: sizeof(struct membank_service_register)
 * @flags: must be 0
 * @offers: address of an array of @nr_offers &struct membank_offer
 * @nr_offers: 0 to %MEMBANK_OFFERS_MAX
 * @mode: who may connect: write bits of a file mode (a subset of 0222), judged
 *        against the effective user and group of who registers;
 *        CAP_DAC_OVERRIDE may always
 * @out_fd: the service
 * @__reserved: must be 0
 * @name: 1 to %MEMBANK_NAME_MAX bytes, NUL-terminated, no '/'
 *
 * The name is seen in the IPC namespace of the caller and dies with the last
 * descriptor of the service. What is offered is held until then.
 *
 * read() on the service takes whole &struct membank_service_event; EAGAIN if
 * none is there and O_NONBLOCK is set, EINVAL if the buffer holds none. poll()
 * reports EPOLLIN while there are events.
 *
 * Errors: EEXIST: the name is taken. EINVAL: the name is empty, has a '/' or no
 * NUL, @mode has other bits than 0222, @nr_offers is above the limit, or a
 * descriptor offered is neither a dataspace nor a notifier, or the rights of an
 * offer are 0. EOPNOTSUPP: an offer names a right that cannot be lent, such as
 * %MEMBANK_DATASPACE_OWN. EACCES: an offer asks for rights its descriptor does
 * not have.
 */
struct membank_service_register {
	__u32 size;
	__u32 flags;
	__aligned_u64 offers;
	__u32 nr_offers;
	__u32 mode;
	__s32 out_fd;
	__u32 __reserved;
	char name[MEMBANK_NAME_MAX + 1];
};

#define MEMBANK_IOC_SERVICE_REGISTER \
	_IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_REGISTER)

/**
 * enum membank_service_event_type - what happened to a client
 * @MEMBANK_SERVICE_CONNECTED: it has connected
 * @MEMBANK_SERVICE_GONE: its connection is closed: it closed it, exited or died
 */
enum membank_service_event_type {
	MEMBANK_SERVICE_CONNECTED = 1,
	MEMBANK_SERVICE_GONE = 2,
};

/**
 * struct membank_service_event - what read() on a service gives
 * @type: one of &enum membank_service_event_type
 * @pid: process id of the client, as the reader sees it; 0 if it cannot
 * @client: number of the connection, never reused by this service
 * @uid: effective user id of the client, as the reader sees it
 * @gid: effective group id of the client, as the reader sees it
 */
struct membank_service_event {
	__u32 type;
	__s32 pid;
	__aligned_u64 client;
	__u32 uid;
	__u32 gid;
};

/** MEMBANK_WAIT_FOREVER - a timeout that never comes */
#define MEMBANK_WAIT_FOREVER 0xffffffffffffffffULL

/**
 * struct membank_service_connect - ioctl(MEMBANK_IOC_SERVICE_CONNECT), on any
 *                                  device node
 * @size: sizeof(struct membank_service_connect)
 * @flags: must be 0
 * @timeout_ns: nanoseconds to wait for the name to appear; 0: do not wait;
 *              %MEMBANK_WAIT_FOREVER: until a signal comes
 * @offers: address of an array of @nr_offers &struct membank_offer, which the
 *          kernel fills in the order of registration
 * @nr_offers: room in the array
 * @out_nr_offers: how many there are
 * @out_fd: the connection: poll() reports EPOLLHUP once the server is gone;
 *          closing it tells the server
 * @out_pid: process id of who registered the service, as the caller sees it; 0
 *           if it cannot
 * @name: as in &struct membank_service_register
 *
 * Errors: ENOENT: no service of this name is in the caller's IPC namespace.
 * ETIMEDOUT: none appeared in time. EACCES: its mode does not admit the
 * caller. ENODEV: a dataspace that it offers was revoked. ENOSPC: it has more
 * than @nr_offers offers. EINTR: a signal came.
 * EINVAL: the name is empty, has a '/' or no NUL.
 */
struct membank_service_connect {
	__u32 size;
	__u32 flags;
	__aligned_u64 timeout_ns;
	__aligned_u64 offers;
	__u32 nr_offers;
	__u32 out_nr_offers;
	__s32 out_fd;
	__s32 out_pid;
	char name[MEMBANK_NAME_MAX + 1];
};

#define MEMBANK_IOC_SERVICE_CONNECT \
	_IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_CONNECT)

#endif /* _UAPI_LINUX_MEMBANK_H */
