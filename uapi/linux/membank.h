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
 * What lies in an array, and what read() on a descriptor gives, grows in the same
 * way. The command that takes the array, or makes the descriptor, is told the
 * size of one element (entry_size, offer_size, event_size, fault_size), which
 * the caller sets to sizeof() of the struct it was compiled with, also if there
 * is no element. So many bytes lie between one and the next. Of what the kernel
 * writes, the caller's element gets as much as it has room for, and what the
 * kernel does not know is zero. For who reads a descriptor that another one has
 * made, it is the size that was said there.
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
 * EINVAL                @size, or the size of an element, is smaller than the
 *                       struct of the first release, a reserved field is not
 *                       zero, or a value is wrong
 * E2BIG                 what follows the struct this kernel knows, or in an array
 *                       an element, is not zero; or one of these sizes is larger
 *                       than a page
 * EOPNOTSUPP            a known field holds a bit this kernel does not know
 * EBADF                 a descriptor number in the struct is not open
 * EMFILE, ENFILE        no descriptor is free for the result
 * ENOMEM                kernel memory is short
 * ====================  ======================================================
 *
 * A struct that cannot be written is EFAULT before anything is done. If it can be
 * written no more when the command is over, as the memory it is in was unmapped or
 * taken away meanwhile, by another thread or by the command itself, that is EFAULT,
 * too: what was done stays done, but no descriptor is opened.
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
	MEMBANK_CMD_REGION_LIST = 0x23,
	MEMBANK_CMD_AREA_RESERVE = 0x24,
	MEMBANK_CMD_AREA_FREE = 0x25,

	MEMBANK_CMD_NOTIFIER_CREATE = 0x30,
	MEMBANK_CMD_NOTIFIER_DERIVE = 0x31,
	MEMBANK_CMD_NOTIFIER_BIND = 0x32,
	MEMBANK_CMD_NOTIFIER_TRIGGER = 0x33,
	MEMBANK_CMD_NOTIFIER_UNMASK = 0x34,
	MEMBANK_CMD_NOTIFIER_CALL = 0x35,

	MEMBANK_CMD_SERVICE_REGISTER = 0x40,
	MEMBANK_CMD_SERVICE_CONNECT = 0x41,
	MEMBANK_CMD_SERVICE_NOTIFY = 0x42,
	MEMBANK_CMD_SERVICE_REVOKE = 0x43,
	MEMBANK_CMD_SERVICE_LIST = 0x44,
	MEMBANK_CMD_SERVICE_CLIENTS = 0x45,

	MEMBANK_CMD_PAGER_CREATE = 0x50,
	MEMBANK_CMD_PAGER_REPLY = 0x51,
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
 * @MEMBANK_FEATURE_AREAS: AREA_RESERVE, AREA_FREE, %MEMBANK_REGION_IN_AREA
 * @MEMBANK_FEATURE_REGION_MAP: REGION_LIST, ranges in REGION_FIND and
 *                              REGION_DETACH, the results of the latter,
 *                              %MEMBANK_DETACH_UNMAP, %MEMBANK_REGION_NO_ALIAS
 *                              and %MEMBANK_REGION_RESERVED
 * @MEMBANK_FEATURE_PAGERS: PAGER_CREATE, PAGER_REPLY, %MEMBANK_REGION_PAGER
 * @MEMBANK_FEATURE_CALL: NOTIFIER_CALL, NOTIFIER_UNMASK, read() and write() on
 *                        a notifier
 * @MEMBANK_FEATURE_CLIENTS: SERVICE_NOTIFY, SERVICE_REVOKE, SERVICE_LIST,
 *                           SERVICE_CLIENTS, owner and group of a service
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
	MEMBANK_FEATURE_AREAS = 1 << 8,
	MEMBANK_FEATURE_REGION_MAP = 1 << 9,
	MEMBANK_FEATURE_PAGERS = 1 << 10,
	MEMBANK_FEATURE_CALL = 1 << 11,
	MEMBANK_FEATURE_CLIENTS = 1 << 12,
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
 * @out_mappings: number of mappings (VMAs) of it in all processes, and of pagers'
 *                answers that have pages of it
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
 * the dataspace was revoked. EDQUOT: a service has given @fd out, and the caller's
 * user has %MEMBANK_LENT_MAX descriptors that were lent.
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
 * for. ENODEV: the dataspace was revoked, maybe in the middle. EIO: a page of the
 * range has a hardware error. EINTR: a fatal signal came; part of the range is
 * cleared.
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
 * ENODEV: one of them was revoked, maybe in the middle. EIO: a page of a range has a
 * hardware error. EINTR: a fatal signal came; part of the range is copied.
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
 * @MEMBANK_REGION_NO_ALIAS: the dataspace is mapped nowhere else, in no
 *                           process, and nobody can map it while the region
 *                           is there; fork() leaves the region out
 * @MEMBANK_REGION_PAGER: what is attached is a pager, which answers the
 *                        region's faults
 * @MEMBANK_REGION_RESERVED: of a region: it is blocked, every access is a
 *                           fault (SIGSEGV). Of an area: no region can be
 *                           attached in it
 * @MEMBANK_REGION_FLAGS: all that a region keeps
 * @MEMBANK_REGION_OVERMAP: what is mapped there now is unmapped
 * @MEMBANK_REGION_SEARCH_ADDR: look for a free place at or above the start
 * @MEMBANK_REGION_IN_AREA: in the area that holds the start, and nowhere else
 * @MEMBANK_REGION_EAGER_MAP: every page is there on return
 * @MEMBANK_REGION_ATTACH_FLAGS: all that say how to attach
 */
enum membank_region_flags {
	MEMBANK_REGION_READ_ONLY = 0x01,
	MEMBANK_REGION_NO_ALIAS = 0x02,
	MEMBANK_REGION_PAGER = 0x04,
	MEMBANK_REGION_RESERVED = 0x08,
	MEMBANK_REGION_FLAGS = 0x0f,
	MEMBANK_REGION_OVERMAP = 0x10,
	MEMBANK_REGION_SEARCH_ADDR = 0x20,
	MEMBANK_REGION_IN_AREA = 0x40,
	MEMBANK_REGION_EAGER_MAP = 0x80,
	MEMBANK_REGION_ATTACH_FLAGS = 0xf0,
};

/**
 * struct membank_region_attach - ioctl(MEMBANK_IOC_REGION_ATTACH), on any
 *                                device node
 * @size: sizeof(struct membank_region_attach)
 * @fd: the dataspace; with PAGER the @out_attach_fd of a pager
 * @start: the address, rounded down to a page. With SEARCH_ADDR where the
 *         search begins, 0: the kernel chooses as for mmap(NULL). With IN_AREA
 *         it also says which area: the innermost that holds it
 * @length: bytes, rounded up to pages; 0: from @offset to the end
 * @offset: bytes into the dataspace, a multiple of the page size. With PAGER
 *          the pager is told it, and it means what the pager says
 * @flags: set of &enum membank_region_flags
 * @align: with SEARCH_ADDR the least log2 alignment of the address, 0 for a
 *         page, up to 46
 * @out_start: address of the region
 *
 * An area takes regions with IN_AREA only: without it, its addresses are taken,
 * also for OVERMAP. With IN_AREA and OVERMAP the region takes the place of what
 * is attached there in the same area. What OVERMAP takes the place of may be gone
 * also if attaching fails.
 *
 * Errors: EINVAL: @fd is not a dataspace (with PAGER: not a pager's
 * @out_attach_fd), @offset is not a multiple of the page size, @align is above
 * 46, OVERMAP together with SEARCH_ADDR, EAGER_MAP together with RESERVED,
 * PAGER together with NO_ALIAS or RESERVED or with a @length of 0. EACCES: @fd
 * has no right READ, or without READ_ONLY no right WRITE (with RESERVED none is
 * needed). ENODEV: the dataspace was revoked, or the pager is gone. ERANGE:
 * @offset + @length lies beyond the dataspace. EADDRNOTAVAIL: the place is
 * taken, or the search found none. ENOENT: IN_AREA, and no area holds @start.
 * EPERM: IN_AREA, and the area is RESERVED; or the address may not be mapped
 * (vm.mmap_min_addr). EBUSY: NO_ALIAS, and the dataspace is mapped somewhere;
 * or it is mapped with NO_ALIAS somewhere. EIO: EAGER_MAP, and a page has a
 * hardware error, or its pager answered with an error. ENOMEM: the process has
 * no room for the mapping, or kernel memory is short. EAGAIN: it has locked its
 * memory (mlockall()), and may lock no more. EINTR: a fatal signal came.
 *
 * When EAGER_MAP fails, the region is detached again. With ENOMEM it may be left,
 * as detaching may fail for the same reason.
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
 * enum membank_detach_flags - how to detach
 * @MEMBANK_DETACH_UNMAP: also in another process, whose node this is; without
 *                        it that is refused, as a node that fork() passed on
 *                        is easily taken for one's own
 * @MEMBANK_DETACH_DATASPACE: a descriptor of the dataspace is returned. Of a
 *                            range only the first region is detached then
 */
enum membank_detach_flags {
	MEMBANK_DETACH_UNMAP = 1 << 0,
	MEMBANK_DETACH_DATASPACE = 1 << 1,
};

/**
 * MEMBANK_DETACHES_MAX - most REGION_DETACH in other processes that one user has under
 *                        way at a time, those counted whose callers were killed
 */
#define MEMBANK_DETACHES_MAX 64

/**
 * struct membank_region_detach - ioctl(MEMBANK_IOC_REGION_DETACH), on any
 *                                device node
 * @size: sizeof(struct membank_region_detach)
 * @flags: set of &enum membank_detach_flags
 * @addr: with a @length of 0 any address in the region; else the first address
 *        of the range, rounded down to a page
 * @out_start: first address that was detached
 * @out_length: bytes from there to the last address that was detached
 * @length: 0: the whole region that holds @addr; else the bytes of a range,
 *          rounded up to pages: what lies in it of regions is detached
 * @out_dropped: regions that are detached whole, and whose dataspace is mapped
 *               nowhere any more
 * @out_kept: regions that are detached whole, and whose dataspace is still
 *            mapped somewhere; with a pager: of which a part, or a copy by
 *            fork(), is left
 * @out_split: regions of which a part is still attached
 * @out_more: regions in the range that were left, see DETACH_DATASPACE
 * @out_fd: with DETACH_DATASPACE what @out_fd of REGION_FIND would have been;
 *          else -1
 * @__reserved: must be 0
 *
 * What else than regions lies in a range is left as it is. A place in an area
 * stays reserved; any other is free. Each region is detached at once, a range
 * one region after the other. Outside of areas, a program must not munmap() a
 * region itself in the same moment in which it is detached, here or by another
 * process: what it maps there next may be unmapped.
 *
 * Errors: ENOENT: no region holds @addr, or lies in the range. EINVAL: the
 * range ends beyond the address space. EPERM: the map is that of another
 * process, and DETACH_UNMAP is not set; or the program has sealed it (mseal()).
 * ESRCH: that process is gone or has called exec(). EACCES: DETACH_DATASPACE,
 * and the region is RESERVED, and what was attached has no right READ; it stays.
 * ENOMEM: the process has too many mappings to split one, or kernel memory is
 * short: that region stays; what lies below is detached. EAGAIN: as for
 * REGION_ATTACH, in an area. EDQUOT: DETACH_DATASPACE, and as for REGION_FIND; it
 * stays. Or the map is that of another process, and the caller's user has
 * %MEMBANK_DETACHES_MAX of these under way; a caller with CAP_SYS_RESOURCE is not
 * counted. EINTR: a fatal signal came; some of the range may be detached.
 *
 * If kernel memory is so short that the place of a region in an area cannot be
 * reserved again, the region is detached and its place is free, and no part of the
 * area any more.
 */
struct membank_region_detach {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 out_start;
	__aligned_u64 out_length;
	__aligned_u64 length;
	__u32 out_dropped;
	__u32 out_kept;
	__u32 out_split;
	__u32 out_more;
	__s32 out_fd;
	__u32 __reserved;
};

#define MEMBANK_IOC_REGION_DETACH _IO(MEMBANK_IOC, MEMBANK_CMD_REGION_DETACH)

/**
 * struct membank_region_find - ioctl(MEMBANK_IOC_REGION_FIND), on any device
 *                              node
 * @size: sizeof(struct membank_region_find)
 * @flags: must be 0
 * @addr: an address
 * @out_start: first address of the region or area
 * @out_length: bytes of it
 * @out_offset: byte of the dataspace at @out_start; 0 for an area
 * @out_flags: of a region those of &enum membank_region_flags that are in
 *             %MEMBANK_REGION_FLAGS; of an area %MEMBANK_REGION_IN_AREA, with
 *             %MEMBANK_REGION_RESERVED if it was reserved so
 * @out_fd: a descriptor of its dataspace: of a region that is neither READ_ONLY
 *          nor RESERVED, in the opener's own process, the one that was attached;
 *          else a new one with the right READ, and WRITE if the region is
 *          neither. If the dataspace was revoked it is always the one that was
 *          attached. Of a region with a pager: the one that was attached, in
 *          the opener's own process, else -1. Of an area -1
 * @length: 0: the region that holds @addr, or if there is none the innermost
 *          area; else bytes: the first region or area that begins or lies in
 *          this range
 *
 * A mapping that mmap() on a bank made is a region like any other. The answer
 * is read from the address space the node was opened in; a process that
 * inherited the descriptor or was handed it looks into the opener's.
 *
 * Errors: ENOENT: there is none. EINVAL: the range ends beyond the address
 * space. EACCES: the region is RESERVED, and what was attached has no right
 * READ. ESRCH: the process that opened the node is gone or has called exec().
 * EDQUOT: as for DATASPACE_DERIVE, of what a service has lent, where @out_fd would be
 * a new descriptor. EINTR: a fatal signal came.
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
	__aligned_u64 length;
};

#define MEMBANK_IOC_REGION_FIND _IO(MEMBANK_IOC, MEMBANK_CMD_REGION_FIND)

/**
 * enum membank_entry_kind - what an entry of a list is
 * @MEMBANK_ENTRY_REGION: a region
 * @MEMBANK_ENTRY_AREA: addresses of an area where nothing is attached
 */
enum membank_entry_kind {
	MEMBANK_ENTRY_REGION = 1,
	MEMBANK_ENTRY_AREA = 2,
};

/** MEMBANK_AREA_NONE - of an entry that is in no area */
#define MEMBANK_AREA_NONE 0xffffffffffffffffULL

/** MEMBANK_LIST_MAX - most entries that one REGION_LIST gives */
#define MEMBANK_LIST_MAX 4096

/**
 * struct membank_region_entry - one line of a list
 * @start: first address
 * @length: bytes
 * @offset: byte of the dataspace at @start; 0 for ENTRY_AREA
 * @area: first address of the innermost area it is in, or %MEMBANK_AREA_NONE
 * @bank_offset: where in its bank the dataspace begins, in bytes; 0 if there is
 *               none
 * @bank: number of that bank; %MEMBANK_BANK_ANY if there is none
 * @kind: one of &enum membank_entry_kind
 * @flags: as @out_flags of &struct membank_region_find
 * @__reserved: 0
 */
struct membank_region_entry {
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 offset;
	__aligned_u64 area;
	__aligned_u64 bank_offset;
	__u32 bank;
	__u32 kind;
	__u32 flags;
	__u32 __reserved;
};

/**
 * struct membank_region_list - ioctl(MEMBANK_IOC_REGION_LIST), on any device
 *                              node
 * @size: sizeof(struct membank_region_list)
 * @flags: must be 0
 * @start: first address that is of interest
 * @length: bytes from there on; 0: to the end of the address space
 * @entries: address of an array of @nr_entries &struct membank_region_entry,
 *           which the kernel fills in the order of addresses
 * @nr_entries: room in the array; only %MEMBANK_LIST_MAX are used
 * @entry_size: sizeof(struct membank_region_entry)
 * @out_nr_entries: how many were filled
 * @__reserved: must be 0
 * @out_next: where to begin for what had no room; 0: that was all
 *
 * An entry that begins before @start or ends beyond the range is listed whole.
 * The entries of one call belong to one moment. As for REGION_FIND, it is the
 * address space the node was opened in.
 *
 * Errors: EINVAL: @nr_entries is 0, or the range ends beyond the address space.
 * ESRCH: the process that opened the node is gone or has called exec(). EINTR:
 * a fatal signal came.
 */
struct membank_region_list {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 entries;
	__u32 nr_entries;
	__u32 entry_size;
	__u32 out_nr_entries;
	__u32 __reserved;
	__aligned_u64 out_next;
};

#define MEMBANK_IOC_REGION_LIST _IO(MEMBANK_IOC, MEMBANK_CMD_REGION_LIST)

/**
 * struct membank_area_reserve - ioctl(MEMBANK_IOC_AREA_RESERVE), on any device
 *                               node
 * @size: sizeof(struct membank_area_reserve)
 * @flags: set of %MEMBANK_REGION_SEARCH_ADDR, %MEMBANK_REGION_IN_AREA and
 *         %MEMBANK_REGION_RESERVED
 * @start: as in &struct membank_region_attach
 * @length: bytes, at least 1, rounded up to pages
 * @align: as in &struct membank_region_attach
 * @__reserved: must be 0
 * @out_start: first address of the area
 *
 * Nothing is mapped at the addresses of an area but what is attached with
 * IN_AREA: mmap() and REGION_ATTACH without it choose others. With IN_AREA the
 * area is made inside another one.
 *
 * An area is part of the address space: fork() copies it, but where a NO_ALIAS
 * region is in it, which leaves a gap in the copy; exec() ends it, and
 * what munmap(), mmap(MAP_FIXED) or mremap() take of its addresses belongs to it
 * no more. A region that mremap() has moved is in no area. A descriptor need not
 * stay open.
 *
 * Errors: EINVAL: @length is 0, or @align is above 46, or another flag of &enum
 * membank_region_flags is set. ELOOP: 16 areas are around it already.
 * EADDRNOTAVAIL, ENOENT, EPERM, ENOMEM, EAGAIN, EINTR: as for REGION_ATTACH.
 * Always acts on the caller's own address space.
 */
struct membank_area_reserve {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 length;
	__u32 align;
	__u32 __reserved;
	__aligned_u64 out_start;
};

#define MEMBANK_IOC_AREA_RESERVE _IO(MEMBANK_IOC, MEMBANK_CMD_AREA_RESERVE)

/**
 * struct membank_area_free - ioctl(MEMBANK_IOC_AREA_FREE), on any device node
 * @size: sizeof(struct membank_area_free)
 * @flags: must be 0
 * @addr: any address of the area; the innermost area that holds it is freed,
 *        and what areas are inside of it
 * @out_start: first address it had
 * @out_length: bytes it had
 *
 * Regions in it stay, as regions of the area around it, or of none.
 *
 * Errors: ENOENT: no area holds @addr. ENOMEM: kernel memory is short. EAGAIN:
 * there is an area around it, and the process has locked its memory and may lock
 * no more. EPERM: a part of it is sealed (mseal()). EINTR: a fatal signal came.
 * On all but ENOENT its regions may be in it no more, and part of its addresses
 * free. Always acts on the caller's own address space.
 */
struct membank_area_free {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 out_start;
	__aligned_u64 out_length;
};

#define MEMBANK_IOC_AREA_FREE _IO(MEMBANK_IOC, MEMBANK_CMD_AREA_FREE)

/**
 * struct membank_pager_create - ioctl(MEMBANK_IOC_PAGER_CREATE), on any device
 *                               node
 * @size: sizeof(struct membank_pager_create)
 * @flags: must be 0
 * @fault_size: sizeof(struct membank_pager_fault), for read() on @out_fd
 * @__reserved: must be 0
 * @out_fd: the pager's end: read() takes faults, PAGER_REPLY answers them
 * @out_attach_fd: the other end, for REGION_ATTACH with PAGER, here or in
 *                 another process
 *
 * read() on @out_fd takes whole &struct membank_pager_fault, waits for one if
 * there is none, or is EAGAIN with O_NONBLOCK; EINVAL if the buffer holds none.
 * poll() reports EPOLLIN while there are faults, and EPOLLHUP when the other
 * end is closed and no region is left, where read() gives 0 bytes, as there
 * will be no fault any more. poll() on @out_attach_fd reports EPOLLHUP
 * when @out_fd is closed, by close() or the end of its process; then each
 * thread that waits in a region of it, or touches a page that was not answered
 * yet, gets SIGBUS.
 *
 * Who cannot sleep in the middle of a fault sees only pages that were answered:
 * /proc/PID/mem and ptrace() give EIO for others. A signal handler of a thread
 * that waits is called at once, except in a system call that touches the region:
 * only a fatal signal ends that. Who answers can make such a system call take as
 * long as it likes, as who serves a FUSE file can. For threads of the kernel that
 * was not answered yet is not there (EFAULT).
 *
 * A fault that was read stays until it is answered, also if its thread has left it
 * by a signal handler: one for each thread and region. There is no limit, and
 * each fault, read() and reply takes the longer the more there are. Give clients
 * that do not trust one another pagers of their own.
 */
struct membank_pager_create {
	__u32 size;
	__u32 flags;
	__u32 fault_size;
	__u32 __reserved;
	__s32 out_fd;
	__s32 out_attach_fd;
};

#define MEMBANK_IOC_PAGER_CREATE _IO(MEMBANK_IOC, MEMBANK_CMD_PAGER_CREATE)

/**
 * enum membank_pager_access - what the faulting thread wanted to do
 * @MEMBANK_PAGER_WRITE: to write; else to read
 */
enum membank_pager_access {
	MEMBANK_PAGER_WRITE = 1 << 0,
};

/**
 * struct membank_pager_fault - what read() on a pager gives
 * @id: names the fault in PAGER_REPLY; never reused by this pager
 * @address: that was touched
 * @offset: the @offset the region was attached with, and what lies between its
 *          start and the page that was touched: a multiple of the page size
 * @access: set of &enum membank_pager_access
 * @pid: process id, as the reader sees it; 0 if it cannot
 * @tid: thread id, likewise
 * @__reserved: 0
 *
 * Each thread that faults is told on its own, also two at the same page.
 */
struct membank_pager_fault {
	__aligned_u64 id;
	__aligned_u64 address;
	__aligned_u64 offset;
	__u32 access;
	__s32 pid;
	__s32 tid;
	__u32 __reserved;
};

/**
 * struct membank_pager_reply - ioctl(MEMBANK_IOC_PAGER_REPLY), on a pager
 * @size: sizeof(struct membank_pager_reply)
 * @flags: must be 0
 * @id: the fault
 * @offset: byte of the dataspace that is to be at the page that was touched, a
 *          multiple of the page size
 * @length: bytes that are to be there and behind, rounded up to pages, 0: a
 *          page. It ends before a page that was answered before, and at the end
 *          of the region
 * @fd: a dataspace with the right READ, and unless the region is READ_ONLY with
 *      WRITE; -1: the thread gets SIGBUS, or the call that faulted EFAULT. A
 *      later touch is a fault anew
 * @__reserved: must be 0
 *
 * The pages stay what they were answered to be as long as the region is there;
 * the region holds the dataspace. If it is revoked, they are SIGBUS.
 *
 * Errors: ENOENT: no fault of this id waits: its thread was answered by a reply
 * to another fault, or was interrupted, or killed. EINVAL: @fd is neither a
 * dataspace nor -1, or @offset is not a multiple of the page size. EACCES: @fd
 * lacks a right. ERANGE: @offset + @length lies beyond the dataspace. ENODEV:
 * the dataspace was revoked. EBUSY: it is mapped with NO_ALIAS. ENOMEM: kernel memory is
 * short, or the memory control group of who faulted is at its limit, as what is kept for
 * the answer is charged there: try again, or answer with -1. On an error the thread still
 * waits.
 */
struct membank_pager_reply {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__aligned_u64 offset;
	__aligned_u64 length;
	__s32 fd;
	__u32 __reserved;
};

#define MEMBANK_IOC_PAGER_REPLY _IO(MEMBANK_IOC, MEMBANK_CMD_PAGER_REPLY)

/**
 * enum membank_notifier_rights - what a notifier's descriptor may do
 * @MEMBANK_NOTIFIER_TRIGGER: NOTIFIER_TRIGGER, NOTIFIER_CALL, write()
 * @MEMBANK_NOTIFIER_RECEIVE: NOTIFIER_BIND, NOTIFIER_UNMASK, to be waited for in
 *                            NOTIFIER_CALL, read()
 */
enum membank_notifier_rights {
	MEMBANK_NOTIFIER_TRIGGER = 1 << 0,
	MEMBANK_NOTIFIER_RECEIVE = 1 << 1,
};

/** MEMBANK_NOTIFIER_HANDLES_MAX - most descriptors that a notifier has */
#define MEMBANK_NOTIFIER_HANDLES_MAX 32768

/**
 * MEMBANK_NOTIFIER_HANDLES_KEPT - how many of these are kept for who lends: what a
 *                                 service lends, and what is derived of that,
 *                                 does not take the last ones
 */
#define MEMBANK_NOTIFIER_HANDLES_KEPT 1024

/** MEMBANK_NOTIFIER_LENT_MAX - most of them that one client of a service has */
#define MEMBANK_NOTIFIER_LENT_MAX 16

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
 *
 * write() of 8 bytes, a number of type __u64 that is 1, is NOTIFIER_TRIGGER; any
 * other length or number is EINVAL. A signal handler may do it.
 *
 * read() of 8 bytes or more gives the number of triggers since the last read() or
 * NOTIFIER_CALL on this descriptor, as a __u64, at least 1; it waits for one, or
 * is EAGAIN with O_NONBLOCK. Instead of an eventfd, the descriptor counts for
 * itself then: from its first read() or NOTIFIER_CALL on. Unless an eventfd is
 * bound, poll() reports EPOLLIN as long as there is something to read. EINVAL:
 * less room than 8 bytes. EACCES: no right for that. EBUSY: an eventfd is bound.
 * ECANCELED: another thread has bound one, or -1, meanwhile. EFAULT: nothing is
 * taken. EPIPE: the other side is gone, and all it triggered was read. ENODEV: a
 * service has taken this descriptor back.
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
 * EINVAL: @rights is 0. EDQUOT: the notifier has
 * %MEMBANK_NOTIFIER_HANDLES_MAX descriptors; or, of a descriptor that a service has
 * given out: all but %MEMBANK_NOTIFIER_HANDLES_KEPT of these, or its client has
 * %MEMBANK_NOTIFIER_LENT_MAX of it, or the caller's user %MEMBANK_LENT_MAX of all that
 * was lent. ENODEV: a service has taken this descriptor back.
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
 * enum membank_bind_flags - how an eventfd is bound
 * @MEMBANK_BIND_ONESHOT: after one delivery the binding is masked: what is
 *                        triggered then is delivered as one by NOTIFIER_UNMASK
 */
enum membank_bind_flags {
	MEMBANK_BIND_ONESHOT = 1 << 0,
};

/**
 * struct membank_notifier_bind - ioctl(MEMBANK_IOC_NOTIFIER_BIND), on a
 *                                notifier
 * @size: sizeof(struct membank_notifier_bind)
 * @flags: set of &enum membank_bind_flags
 * @eventfd: the eventfd that counts the triggers from now on, or -1 for none
 * @__reserved: must be 0
 *
 * Each descriptor with the right RECEIVE binds one eventfd of its own; a
 * trigger adds 1 to each. Binding takes the place of what was bound before,
 * which no trigger reaches any more when the command returns.
 * Triggers that nobody was bound to receive are delivered as one, to who is bound,
 * or counts for itself, first after them. What this descriptor has counted and
 * nobody has read, or what ONESHOT holds back, goes to the new eventfd, as one;
 * with -1 it waits for the next. The binding ends with the descriptor; the
 * eventfd may be closed before, its triggers are lost then. Who waits in read()
 * or NOTIFIER_CALL on this descriptor gets ECANCELED.
 *
 * Errors: EACCES: this descriptor has no right RECEIVE. EINVAL: @eventfd is
 * not an eventfd, or is -1 with a flag. ENODEV: a service has taken this
 * descriptor back.
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
 * Never sleeps and never allocates. It takes as long as it takes to wake who waits
 * for what is bound, one after the other; who lends the right RECEIVE to clients that
 * it does not trust gives each of them a notifier of its own. What was written to
 * shared memory before is seen by who reads the eventfd after.
 *
 * Errors: EACCES: this descriptor has no right TRIGGER. ENODEV: a service has
 * taken it back.
 */
struct membank_notifier_trigger {
	__u32 size;
	__u32 flags;
};

#define MEMBANK_IOC_NOTIFIER_TRIGGER \
	_IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_TRIGGER)

/**
 * struct membank_notifier_unmask - ioctl(MEMBANK_IOC_NOTIFIER_UNMASK), on a
 *                                  notifier
 * @size: sizeof(struct membank_notifier_unmask)
 * @flags: must be 0
 *
 * Lets the next trigger through after a delivery to an eventfd that was bound
 * with ONESHOT. If there was one since, it is delivered now, and the binding is
 * masked again. If it is not masked nothing happens.
 *
 * Errors: EACCES: this descriptor has no right RECEIVE. EINVAL: it has bound
 * nothing with ONESHOT. ENODEV: a service has taken it back.
 */
struct membank_notifier_unmask {
	__u32 size;
	__u32 flags;
};

#define MEMBANK_IOC_NOTIFIER_UNMASK \
	_IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_UNMASK)

/** MEMBANK_WAIT_FOREVER - a timeout that never comes */
#define MEMBANK_WAIT_FOREVER 0xffffffffffffffffULL

/**
 * enum membank_call_flags - where a call stands
 * @MEMBANK_CALL_TRIGGERED: what is to be triggered is triggered: only wait, for
 *                          which the right TRIGGER is not needed
 */
enum membank_call_flags {
	MEMBANK_CALL_TRIGGERED = 1 << 0,
};

/**
 * struct membank_notifier_call - ioctl(MEMBANK_IOC_NOTIFIER_CALL), on a notifier
 * @size: sizeof(struct membank_notifier_call)
 * @flags: set of &enum membank_call_flags
 * @timeout_ns: nanoseconds to wait; 0: do not wait; %MEMBANK_WAIT_FOREVER:
 *              until a signal comes
 * @wait_fd: the notifier to wait for, with the right RECEIVE
 * @__reserved: must be 0
 * @out_count: how often it was triggered since the last time, at least 1
 *
 * Triggers one notifier and waits for another in one step: a request and its
 * reply. The thread that waits there gets the processor at once, if it can. The
 * descriptor @wait_fd counts for itself, see read() of &struct
 * membank_notifier_create; what was triggered before the call counts, too.
 *
 * If a signal comes first, the kernel writes to the struct what is left to do:
 * it sets TRIGGERED, and lowers @timeout_ns. So the call goes on after a handler
 * that was installed with SA_RESTART, and who gets EINTR may call again with the
 * struct as it is. When the call is over, with or without success, TRIGGERED is
 * not set any more; @timeout_ns is then what it was when the signal came.
 *
 * Errors with which nothing is triggered: EACCES: this descriptor has no right
 * TRIGGER, or @wait_fd no right RECEIVE. EINVAL: @wait_fd is not a notifier.
 * EBUSY: @wait_fd has bound an eventfd; with TRIGGERED that is ECANCELED, as it
 * may have come meanwhile. ENODEV: a service has taken one of them
 * back before.
 *
 * Errors after the trigger: ETIMEDOUT: nobody triggered in time. EPIPE: the other
 * side of @wait_fd is gone, and all it triggered was counted. ECANCELED: another
 * thread has bound an eventfd, or -1, to @wait_fd. ENODEV: a service has taken
 * @wait_fd back meanwhile. EINTR: a signal came. EFAULT: the struct cannot be
 * written any more; what @wait_fd has counted is kept.
 */
struct membank_notifier_call {
	__u32 size;
	__u32 flags;
	__aligned_u64 timeout_ns;
	__s32 wait_fd;
	__u32 __reserved;
	__aligned_u64 out_count;
};

#define MEMBANK_IOC_NOTIFIER_CALL _IO(MEMBANK_IOC, MEMBANK_CMD_NOTIFIER_CALL)

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
 * MEMBANK_SERVICES_MAX - most services that one user can have at a time
 *
 * Here and for all limits of a user: in a user namespace it is the user who made it
 * (the outermost one, where they are nested).
 */
#define MEMBANK_SERVICES_MAX 1024

/** MEMBANK_BACKLOG_MAX - most clients of a service that it has not read of yet */
#define MEMBANK_BACKLOG_MAX 1024

/** MEMBANK_BACKLOG_USER_MAX - most of these that one user can have */
#define MEMBANK_BACKLOG_USER_MAX 256

/** MEMBANK_CONNECTIONS_MAX - most connections that one user can have at a time */
#define MEMBANK_CONNECTIONS_MAX 1024

/**
 * MEMBANK_LENT_MAX - most descriptors that one user can have of what services lend:
 *                    those that CONNECT gives, and those derived from them, which
 *                    count for who derives them
 */
#define MEMBANK_LENT_MAX 4096

/**
 * enum membank_service_flags - what is special about a service
 * @MEMBANK_SERVICE_OWNER: @owner says whose it is
 * @MEMBANK_SERVICE_GROUP: @group says which group's it is
 */
enum membank_service_flags {
	MEMBANK_SERVICE_OWNER = 1 << 0,
	MEMBANK_SERVICE_GROUP = 1 << 1,
};

/**
 * struct membank_service_register - ioctl(MEMBANK_IOC_SERVICE_REGISTER), on
 *                                   any device node
 * @size: sizeof(struct membank_service_register)
 * @flags: set of &enum membank_service_flags
 * @offers: address of an array of @nr_offers &struct membank_offer
 * @nr_offers: 0 to %MEMBANK_OFFERS_MAX
 * @offer_size: sizeof(struct membank_offer)
 * @mode: who may connect: write bits of a file mode (a subset of 0222), judged
 *        against owner and group, which are the effective ones of who registers,
 *        if @flags do not say otherwise; CAP_DAC_OVERRIDE may always
 * @out_fd: the service
 * @name: 1 to %MEMBANK_NAME_MAX bytes, NUL-terminated, no '/'
 * @owner: with SERVICE_OWNER: user id, as the caller sees it: its own effective
 *         one, or with CAP_CHOWN any
 * @group: with SERVICE_GROUP: group id, likewise: one that the caller is in, or
 *         with CAP_CHOWN any
 * @event_size: sizeof(struct membank_service_event), for read() on @out_fd
 * @__reserved: must be 0
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
 * not have, or is of what a service has lent to a client, which is for that
 * client alone: also what was derived from it, and when that service is gone.
 * ENODEV: a dataspace offered was revoked, or a service has taken a descriptor
 * back. EPERM: the caller may not give the service to @owner or @group.
 * EDQUOT: the caller's user has %MEMBANK_SERVICES_MAX services already; a caller
 * with CAP_SYS_RESOURCE is not counted.
 */
struct membank_service_register {
	__u32 size;
	__u32 flags;
	__aligned_u64 offers;
	__u32 nr_offers;
	__u32 offer_size;
	__u32 mode;
	__s32 out_fd;
	char name[MEMBANK_NAME_MAX + 1];
	__u32 owner;
	__u32 group;
	__u32 event_size;
	__u32 __reserved;
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
 *
 * Events come in the order in which things happened, to one reader: of two threads
 * that read at the same time, either may be told first. What cannot be written
 * (EFAULT) is told again.
 */
struct membank_service_event {
	__u32 type;
	__s32 pid;
	__aligned_u64 client;
	__u32 uid;
	__u32 gid;
};

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
 * @offer_size: sizeof(struct membank_offer)
 * @out_nr_offers: how many there are
 * @__reserved: must be 0
 * @out_fd: the connection: poll() reports EPOLLHUP once the server is gone;
 *          closing it tells the server
 * @out_pid: process id of who registered the service, as the caller sees it; 0
 *           if it cannot
 * @name: as in &struct membank_service_register
 *
 * Errors: ENOENT: no service of this name is in the caller's IPC namespace.
 * ETIMEDOUT: none appeared in time. EACCES: its mode does not admit the
 * caller. ENODEV: a dataspace that it offers was revoked. ENOSPC: it has more
 * than @nr_offers offers. EAGAIN: the server has not read yet of
 * %MEMBANK_BACKLOG_MAX clients that connected before, or of
 * %MEMBANK_BACKLOG_USER_MAX of the caller's user. EDQUOT: the caller's user has
 * %MEMBANK_CONNECTIONS_MAX connections already, to whatever services, or would have
 * more than %MEMBANK_LENT_MAX descriptors that were lent; or a notifier that is
 * offered has no descriptor left for clients, as NOTIFIER_DERIVE says. A caller
 * with CAP_SYS_RESOURCE is not counted as one of a user. EINTR: a signal came.
 * EINVAL: the name is empty, has a '/' or no NUL. EFAULT: the array, or the
 * struct, is not mapped, or not writable: the server is told that a client came
 * and is gone. Of the other failures it hears nothing.
 */
struct membank_service_connect {
	__u32 size;
	__u32 flags;
	__aligned_u64 timeout_ns;
	__aligned_u64 offers;
	__u32 nr_offers;
	__u32 offer_size;
	__u32 out_nr_offers;
	__u32 __reserved;
	__s32 out_fd;
	__s32 out_pid;
	char name[MEMBANK_NAME_MAX + 1];
};

#define MEMBANK_IOC_SERVICE_CONNECT \
	_IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_CONNECT)

/** MEMBANK_CLIENT_ALL - every client of a service */
#define MEMBANK_CLIENT_ALL 0

/** MEMBANK_OFFER_ALL - everything that a service offers */
#define MEMBANK_OFFER_ALL 0xffffffffU

/**
 * struct membank_service_notify - ioctl(MEMBANK_IOC_SERVICE_NOTIFY), on a
 *                                 service
 * @size: sizeof(struct membank_service_notify)
 * @flags: must be 0
 * @client: whom, by the number from &struct membank_service_event, or
 *          %MEMBANK_CLIENT_ALL
 * @offer: which notifier, as the place in the array of registration
 * @__reserved: must be 0
 *
 * Triggers a notifier that the service offers for one client: for the
 * descriptors that it got when it connected, and those derived from them. If none
 * of these is bound or counts, each of them keeps it, as one trigger, for what it
 * binds next, or for its next read(). For %MEMBANK_CLIENT_ALL it is as NOTIFIER_TRIGGER.
 *
 * Errors: ENOENT: there was never such a client, or no event tells of it yet; the
 * number that a CONNECT took which failed is like that of a client that is gone.
 * EINVAL: @offer is not a notifier of the service. EACCES: the descriptor that was
 * offered had no right TRIGGER.
 */
struct membank_service_notify {
	__u32 size;
	__u32 flags;
	__aligned_u64 client;
	__u32 offer;
	__u32 __reserved;
};

#define MEMBANK_IOC_SERVICE_NOTIFY _IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_NOTIFY)

/**
 * struct membank_service_revoke - ioctl(MEMBANK_IOC_SERVICE_REVOKE), on a
 *                                 service
 * @size: sizeof(struct membank_service_revoke)
 * @flags: must be 0
 * @client: from whom, by its number
 * @offer: what, as the place in the array of registration, or
 *         %MEMBANK_OFFER_ALL
 * @__reserved: must be 0
 *
 * Takes back what was lent to one client, also if it is gone and has passed it
 * on. When the command returns, the dataspace is mapped through no descriptor
 * that the client got, or that was derived from such a one, and all is as after
 * DATASPACE_REVOKE for these descriptors; a notifier's is ENODEV for everything,
 * and receives nothing any more. The server and other clients keep what they
 * have. Doing it again does nothing. A page that the client had the kernel pin before
 * (in a pipe by vmsplice(), as a fixed buffer of io_uring, for I/O under way, in a
 * device) stays pinned for as long as it is, and is seen, or written, through that: what
 * must not be is taken back whole, by DATASPACE_REVOKE, and lent in a dataspace of its own.
 * What is offered at several places is one thing: the client loses what it got of it at
 * each.
 *
 * Errors: ENOENT: there was never such a client, or no event tells of it yet; the
 * number that a CONNECT took which failed is like that of a client that is gone.
 * EINVAL: there is no such offer.
 */
struct membank_service_revoke {
	__u32 size;
	__u32 flags;
	__aligned_u64 client;
	__u32 offer;
	__u32 __reserved;
};

#define MEMBANK_IOC_SERVICE_REVOKE _IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_REVOKE)

/**
 * struct membank_offered - what everybody can see of an offer
 * @kind: one of &enum membank_offer_kind
 * @rights: that a client gets
 *
 * It lies in &struct membank_service_entry, so it can never grow.
 */
struct membank_offered {
	__u32 kind;
	__u32 rights;
};

/**
 * struct membank_service_entry - one service of a list
 * @name: NUL-terminated
 * @pid: process id of who registered it, as the caller sees it; 0 if it cannot
 * @uid: owner, likewise
 * @gid: group, likewise
 * @mode: who may connect
 * @nr_offers: how much it offers
 * @nr_clients: connections that are open
 * @offers: each of them, in the order of registration
 */
struct membank_service_entry {
	char name[MEMBANK_NAME_MAX + 1];
	__s32 pid;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 nr_offers;
	__u32 nr_clients;
	struct membank_offered offers[MEMBANK_OFFERS_MAX];
};

/** MEMBANK_SERVICE_LIST_MAX - most entries that one SERVICE_LIST gives */
#define MEMBANK_SERVICE_LIST_MAX 256

/**
 * struct membank_service_list - ioctl(MEMBANK_IOC_SERVICE_LIST), on any device
 *                               node
 * @size: sizeof(struct membank_service_list)
 * @flags: must be 0
 * @entries: address of an array of @nr_entries &struct membank_service_entry,
 *           which the kernel fills in the order of names
 * @nr_entries: room in the array; only %MEMBANK_SERVICE_LIST_MAX are used
 * @entry_size: sizeof(struct membank_service_entry)
 * @out_nr_entries: how many were filled
 * @out_more: whether there are services behind the last one
 * @after: only names behind this one, in the order of their bytes; empty: all
 *
 * Services of the caller's IPC namespace, as everybody there can see them.
 *
 * Errors: EINVAL: @nr_entries is 0, or @after has no NUL.
 */
struct membank_service_list {
	__u32 size;
	__u32 flags;
	__aligned_u64 entries;
	__u32 nr_entries;
	__u32 entry_size;
	__u32 out_nr_entries;
	__u32 out_more;
	char after[MEMBANK_NAME_MAX + 1];
};

#define MEMBANK_IOC_SERVICE_LIST _IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_LIST)

/**
 * struct membank_service_client - one client of a list
 * @client: its number
 * @pid: its process id, as the caller sees it; 0 if it cannot
 * @uid: its effective user id when it connected, likewise
 * @gid: its effective group id, likewise
 * @__reserved: 0
 */
struct membank_service_client {
	__aligned_u64 client;
	__s32 pid;
	__u32 uid;
	__u32 gid;
	__u32 __reserved;
};

/**
 * struct membank_service_clients - ioctl(MEMBANK_IOC_SERVICE_CLIENTS), on any
 *                                  device node
 * @size: sizeof(struct membank_service_clients)
 * @flags: must be 0
 * @clients: address of an array of @nr_clients &struct membank_service_client,
 *           which the kernel fills in the order of their numbers
 * @nr_clients: room in the array; only 4096 are used; may be 0
 * @entry_size: sizeof(struct membank_service_client)
 * @out_nr_clients: how many were filled
 * @__reserved: must be 0
 * @after: only clients with larger numbers
 * @changes: if it is not 0, the command waits until @out_changes is another
 * @out_changes: counts who came and went; never 0
 * @timeout_ns: how long it waits, as in &struct membank_service_connect; only
 *              with @changes
 * @name: of the service
 *
 * Who is connected to a service now. It is told to the owner, and to who has
 * CAP_DAC_OVERRIDE in the user namespace that owns the IPC namespace.
 *
 * Errors: ENOENT: no service of this name is in the caller's IPC namespace, or
 * it went while the command waited. EACCES: the caller is not its owner. EINVAL:
 * @name is empty, has a '/' or no NUL. ETIMEDOUT: nobody came or went in time.
 * EINTR: a signal came.
 */
struct membank_service_clients {
	__u32 size;
	__u32 flags;
	__aligned_u64 clients;
	__u32 nr_clients;
	__u32 entry_size;
	__u32 out_nr_clients;
	__u32 __reserved;
	__aligned_u64 after;
	__aligned_u64 changes;
	__aligned_u64 out_changes;
	__aligned_u64 timeout_ns;
	char name[MEMBANK_NAME_MAX + 1];
};

#define MEMBANK_IOC_SERVICE_CLIENTS \
	_IO(MEMBANK_IOC, MEMBANK_CMD_SERVICE_CLIENTS)

#endif /* _UAPI_LINUX_MEMBANK_H */
