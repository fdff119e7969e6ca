/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmembank: physically contiguous memory that programs name, map, share and
 * are notified about.
 *
 * Every noun is a file descriptor: holding it is the right to use it, it can be
 * passed over a Unix socket, and what it stands for ends with its last holder.
 * Close descriptors with close(). All of them are opened with O_CLOEXEC.
 *
 * Every function returns 0 (or a value that its comment names) or a negative
 * errno, and writes its results, which come last among its parameters, only on
 * success. Two are different, membank_mmap() and membank_munmap(): they leave
 * the error in errno, as programs expect that call them by shorter names. None
 * prints, none keeps state: all may be called from any thread at any time, on
 * the same descriptors too; the functions of channels, which have an object, say
 * what holds for them. Lengths, offsets and addresses are in bytes,
 * alignments are exponents of two.
 *
 * Errors that any function can return beside those it names: -EBADF and -ENOTTY
 * (the descriptor is not of the kind the function works on), -EFAULT (a pointer
 * is wrong), -EMFILE and -ENFILE (no descriptor is free), -ENOMEM (no memory).
 * membank_explain() turns an error into a sentence for people.
 */
#ifndef MEMBANK_H
#define MEMBANK_H

#include <linux/membank.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ banks */

/**
 * membank_open() - open a bank
 * @bank: its number ("0"), its node ("membank0", "/dev/membank0") or its name
 *        ("video"); NULL, "membank" or "/dev/membank": the kernel chooses
 * @out_dev: a descriptor of the node
 *
 * A bank whose name is that of a node is opened by its number.
 * The descriptor is also the door to the other nouns, and stands for the region
 * map of the calling process.
 *
 * Return: 0; -ENOENT: the module is not loaded, or has no such bank; -EACCES:
 * the caller may not use it (the group of the nodes is membank).
 */
int membank_open(const char *bank, int *out_dev);

/**
 * membank_get_info() - what the module can do
 * @dev: from membank_open()
 * @out_info: filled; see struct membank_get_info in linux/membank.h
 *
 * Return: 0.
 */
int membank_get_info(int dev, struct membank_get_info *out_info);

/**
 * membank_bank_info() - what a bank is and how full it is
 * @dev: from membank_open(), of any bank
 * @bank: its number
 * @out_info: filled; see struct membank_bank_info in linux/membank.h
 *
 * Return: 0; -ENOENT: there is no bank of this number.
 */
int membank_bank_info(int dev, uint32_t bank,
		      struct membank_bank_info *out_info);

/* ------------------------------------------------------------- dataspaces */

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
 * right.
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

/* ---------------------------------------------------------------- regions */

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
 * below is detached; -EINTR: the process is being killed, and some of the range
 * may be detached.
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
 * or has called exec(); -EINTR: the process is being killed.
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

/* ----------------------------------------------------------------- pagers */

/**
 * membank_pager_create() - answer the faults of regions
 * @dev: from membank_open(), of any bank
 * @out_pager: for membank_pager_read(), _reply() and _fail(); readable (POLLIN)
 *             while there are faults; to be closed, which ends the pager
 * @out_attach: for membank_region_attach() with MEMBANK_REGION_PAGER, here or in
 *              another process; hangs up (POLLHUP) when @out_pager is closed; to
 *              be closed
 *
 * Each page of such a region that is touched the first time is a fault. When the
 * pager has ended, who waits for it, or touches a page that was not answered, is
 * sent SIGBUS; what was answered stays.
 *
 * A thread that is to answer must not touch the region itself before.
 *
 * Return: 0.
 */
int membank_pager_create(int dev, int *out_pager, int *out_attach);

/**
 * membank_pager_read() - take the next fault
 * @pager: from membank_pager_create()
 * @out_fault: filled, if there is one; see struct membank_pager_fault in
 *             linux/membank.h
 *
 * Sleeps until there is one, unless O_NONBLOCK is set. Any number of threads may
 * read: each fault goes to one of them.
 *
 * Return: 1: there is one, whose thread waits for an answer; 0: there will be
 * none, because no region is left, and nobody has what they are attached with;
 * -EAGAIN: none now, and O_NONBLOCK is set; -EINTR: a signal came; -EINVAL:
 * @pager is none.
 */
int membank_pager_read(int pager, struct membank_pager_fault *out_fault);

/**
 * membank_pager_reply() - say what is at the page
 * @pager: from membank_pager_create()
 * @id: of the fault
 * @dataspace: whose bytes are there, with the right READ, and unless the region
 *             is READ_ONLY the right WRITE; the region holds it, so it may be
 *             closed
 * @offset: the byte that is at the beginning of the page, a multiple of the page
 *          size
 * @length: bytes to be there and behind, rounded up to pages; 0: one page. What
 *          has an answer already is not changed, and ends it, as the end of the
 *          region does
 *
 * Return: 0; -ENOENT: nobody waits for it any more: it was answered together
 * with another one, or its thread was interrupted or killed; -EACCES: @dataspace
 * lacks a right; -ERANGE: beyond the dataspace; -EBUSY: it is mapped with
 * NO_ALIAS; -ENODEV: it was revoked; -EINVAL: it is none, or @offset is wrong.
 * After any but -ENOENT the thread still waits.
 */
int membank_pager_reply(int pager, uint64_t id, int dataspace, uint64_t offset,
			uint64_t length);

/**
 * membank_pager_fail() - say that there is nothing at the page
 * @pager: from membank_pager_create()
 * @id: of the fault
 *
 * The thread is sent SIGBUS, or its system call is EFAULT. When the page is
 * touched again, that is another fault.
 *
 * Return: 0; -ENOENT: as for membank_pager_reply().
 */
int membank_pager_fail(int pager, uint64_t id);

/* -------------------------------------------------------------- notifiers */

/**
 * membank_notifier_create() - make a notifier
 * @dev: from membank_open(), of any bank
 * @out_notifier: may trigger and receive; to be closed
 *
 * Return: 0.
 */
int membank_notifier_create(int dev, int *out_notifier);

/**
 * membank_notifier_derive() - another descriptor of it, with fewer rights
 * @notifier: the notifier
 * @rights: set of enum membank_notifier_rights
 * @out_notifier: has just these rights; to be closed
 *
 * Return: 0; -EACCES: @notifier lacks one of @rights; -EINVAL: @rights is 0;
 * -EDQUOT: the notifier has 32768 descriptors, or the client to whom a service has
 * lent @notifier has 16 of it; -ENODEV: a service has taken @notifier back.
 */
int membank_notifier_derive(int notifier, uint32_t rights, int *out_notifier);

/**
 * membank_notifier_bind() - receive triggers
 * @notifier: the notifier, with the right to receive
 * @eventfd: counts the triggers from now on; -1: receive no more
 *
 * Return: 0; -EACCES: no right to receive; -EINVAL: not an eventfd.
 */
int membank_notifier_bind(int notifier, int eventfd);

/**
 * membank_notifier_bind_oneshot() - receive one trigger at a time
 * @notifier: the notifier, with the right to receive
 * @eventfd: counts the next trigger, and no other before
 *           membank_notifier_unmask()
 *
 * Return: 0; -EACCES: no right to receive; -EINVAL: not an eventfd.
 */
int membank_notifier_bind_oneshot(int notifier, int eventfd);

/**
 * membank_notifier_unmask() - let the next trigger through
 * @notifier: bound by membank_notifier_bind_oneshot()
 *
 * If there was a trigger since the last delivery, the eventfd counts 1 now, for
 * all of them.
 *
 * Return: 0; -EACCES: no right to receive; -EINVAL: not bound in that way.
 */
int membank_notifier_unmask(int notifier);

/**
 * membank_notifier_listen() - make an eventfd and bind it
 * @notifier: the notifier, with the right to receive
 * @out_eventfd: non-blocking, for membank_notifier_wait() or any event loop; to
 *               be closed
 *
 * Return: 0; -EACCES: no right to receive.
 */
int membank_notifier_listen(int notifier, int *out_eventfd);

/**
 * membank_notifier_trigger() - wake the other side
 * @notifier: the notifier, with the right to trigger
 *
 * What was written to shared memory before is seen by who is woken.
 *
 * Return: 0; -EACCES: no right to trigger.
 */
int membank_notifier_trigger(int notifier);

/**
 * membank_notifier_receive() - sleep until triggered, without an eventfd
 * @notifier: the notifier, with the right to receive; it counts for itself from
 *            the first time on
 * @timeout_ms: milliseconds to wait at most; 0: do not wait; -1: for ever
 * @out_count: triggers since the last time, at least 1; may be NULL
 *
 * For a program that waits for nothing else. In an event loop wait for POLLIN
 * on @notifier, and receive with a timeout of 0.
 *
 * Return: 0; -ETIMEDOUT; -EPIPE: the other side is gone, and all its triggers have
 * been taken; -EACCES: no right to receive; -ECANCELED: an eventfd is bound, or
 * another thread has bound one, or none, meanwhile; -EINTR: a handler that was
 * installed without SA_RESTART has run; -ENODEV: a service has taken it back.
 */
int membank_notifier_receive(int notifier, int timeout_ms, uint64_t *out_count);

/**
 * membank_notifier_call() - trigger one notifier and wait for another
 * @notifier: to trigger, with that right
 * @wait_notifier: to wait for, as membank_notifier_receive() does
 * @timeout_ns: nanoseconds to wait at most; 0: do not wait; -1: for ever
 * @out_count: triggers of @wait_notifier since the last time, at least 1; may be
 *             NULL
 *
 * A request and its reply in one step. What was written to shared memory before is
 * seen by who is woken, and what that one wrote before its reply is seen here.
 *
 * After -ETIMEDOUT and -EINTR the trigger is done: go on with
 * membank_notifier_receive() on @wait_notifier. To call again would be another
 * request.
 *
 * Return: 0; -EACCES: no right to trigger the one, or to receive from the other;
 * -EINVAL: @wait_notifier is no notifier; -EBUSY: it has bound an eventfd (with
 * these three nothing is triggered); the others of membank_notifier_receive().
 */
int membank_notifier_call(int notifier, int wait_notifier, int64_t timeout_ns,
			  uint64_t *out_count);

/**
 * membank_notifier_wait() - sleep until triggered
 * @notifier: the notifier, to learn that the other side is gone; or -1
 * @eventfd: from membank_notifier_listen()
 * @timeout_ms: milliseconds to wait at most; 0: do not wait; -1: for ever
 * @out_count: triggers since the last wait, at least 1; may be NULL
 *
 * Several threads may wait on one @eventfd: each trigger is taken by one of them.
 * None sleeps longer than @timeout_ms for that, also if @eventfd would block.
 *
 * Return: 0; -ETIMEDOUT; -EPIPE: the other side of @notifier is gone, and all
 * its triggers have been taken; -EINTR: a signal came; -EINVAL: @eventfd is
 * none.
 */
int membank_notifier_wait(int notifier, int eventfd, int timeout_ms,
			  uint64_t *out_count);

/* --------------------------------------------------------------- services */

/**
 * membank_service_register() - offer dataspaces and notifiers under a name
 * @dev: from membank_open(), of any bank
 * @name: 1 to MEMBANK_NAME_MAX bytes, no '/'
 * @offers: fd of each, and the rights that clients get: of a dataspace
 *          MEMBANK_DATASPACE_READ, _WRITE or both, of a notifier a set of enum
 *          membank_notifier_rights; at least one; held by the service
 * @count: how many, at most MEMBANK_OFFERS_MAX
 * @mode: who may connect: a set of 0222
 * @out_service: readable when a client came or went; to be closed, which ends
 *               the service
 *
 * What a service has lent to its client, that client cannot offer.
 *
 * Return: 0; -EEXIST: the name is taken; -EACCES: an offer asks for rights that
 * its descriptor lacks, or was lent by a service; -ENODEV: what is offered was
 * revoked; -EINVAL: name, mode, count or an offer is wrong, such as one without
 * rights; -EOPNOTSUPP: a right that cannot be offered; -EDQUOT: the caller's
 * user has MEMBANK_SERVICES_MAX services.
 */
int membank_service_register(int dev, const char *name,
			     const struct membank_offer *offers,
			     unsigned int count, unsigned int mode,
			     int *out_service);

/**
 * membank_service_register_for() - likewise, for another user or group
 * @dev: likewise
 * @name: likewise
 * @offers: likewise
 * @count: likewise
 * @mode: likewise; judged against @owner and @group
 * @owner: user id; (uid_t)-1: the caller's effective one
 * @group: group id; (gid_t)-1: the caller's effective one
 * @out_service: likewise
 *
 * Return: likewise; -EPERM: the caller is not @owner, or not in @group, and has
 * no CAP_CHOWN; -EINVAL: there is no such id, too.
 */
int membank_service_register_for(int dev, const char *name,
				 const struct membank_offer *offers,
				 unsigned int count, unsigned int mode,
				 uid_t owner, gid_t group, int *out_service);

/**
 * membank_service_read_event() - which client came or went
 * @service: from membank_service_register()
 * @out_event: filled; see struct membank_service_event in linux/membank.h
 *
 * Sleeps until there is one, unless O_NONBLOCK is set.
 *
 * Return: 0; -EAGAIN: none, and O_NONBLOCK is set; -EINTR: a signal came;
 * -EINVAL: @service is none.
 */
int membank_service_read_event(int service,
			       struct membank_service_event *out_event);

/**
 * membank_service_connect() - connect to a service
 * @dev: from membank_open(), of any bank
 * @name: its name
 * @timeout_ms: milliseconds to wait for the name to appear; 0: do not wait;
 *              -1: for ever
 * @offers: room for what it offers; see struct membank_offer in
 *          linux/membank.h
 * @count: how much room; set to how many there are
 * @out_pid: process id of the server, 0 if the caller cannot see it; may be
 *           NULL
 * @out_connection: hangs up (POLLHUP) when the server is gone; to be closed
 *
 * The descriptors in @offers are the caller's own, to be closed.
 *
 * Return: 0; -ENOENT: there is no such service; -ETIMEDOUT: none appeared in
 * time; -EACCES: it does not admit the caller; -ENOSPC: @offers is too short;
 * -ENODEV: a dataspace that it offers was revoked; -EAGAIN: its server has not
 * read of MEMBANK_BACKLOG_MAX clients yet, or of MEMBANK_BACKLOG_USER_MAX of the
 * caller's user; -EDQUOT: the caller's user has MEMBANK_CONNECTIONS_MAX
 * connections; -EINTR: a signal came; -EINVAL: the name is wrong.
 */
int membank_service_connect(int dev, const char *name, int timeout_ms,
			    struct membank_offer *offers, unsigned int *count,
			    pid_t *out_pid, int *out_connection);

/**
 * membank_service_notify() - trigger a notifier for one client, or for all
 * @service: from membank_service_register()
 * @client: its number, from membank_service_read_event(); MEMBANK_CLIENT_ALL
 * @offer: which notifier, as the place in the array that was registered
 *
 * One client: the descriptors that it got, and those derived from them.
 *
 * Return: 0; -ENOENT: there was never such a client; -EINVAL: the offer is no
 * notifier; -EACCES: it was offered by a descriptor that may not trigger.
 */
int membank_service_notify(int service, uint64_t client, unsigned int offer);

/**
 * membank_service_revoke() - take back what one client was lent
 * @service: from membank_service_register()
 * @client: its number, also if it is gone
 * @offer: what, as the place in the array that was registered;
 *         MEMBANK_OFFER_ALL
 *
 * On return the client's descriptors of it, and those derived from them, in
 * whatever process, are as after membank_dataspace_revoke(). The server and
 * other clients keep what they have.
 *
 * Return: 0; -ENOENT: there was never such a client; -EINVAL: there is no such
 * offer.
 */
int membank_service_revoke(int service, uint64_t client, unsigned int offer);

/**
 * membank_service_list() - which services there are
 * @dev: from membank_open(), of any bank
 * @after: only names behind this one; NULL: from the first
 * @entries: filled in the order of names; see struct membank_service_entry in
 *           linux/membank.h
 * @count: how much room, of which MEMBANK_SERVICE_LIST_MAX are used; set to how
 *         many there are
 * @out_more: set to whether there are services behind the last one; may be NULL
 *
 * Return: 0; -EINVAL: there is no room, or @after is no name.
 */
int membank_service_list(int dev, const char *after,
			 struct membank_service_entry *entries,
			 unsigned int *count, int *out_more);

/**
 * membank_service_clients() - who is connected to a service
 * @dev: from membank_open(), of any bank
 * @name: of the service
 * @after: only clients with larger numbers
 * @timeout_ms: milliseconds to wait for a change, if @changes is not 0; -1: for
 *              ever
 * @changes: counts who came and went. If it points to 0, nothing is waited for;
 *           else the function waits until the count is another one. Set to it;
 *           NULL: as 0
 * @clients: filled in the order of their numbers; see struct
 *           membank_service_client in linux/membank.h
 * @count: how much room, of which 4096 are used; may be 0; set to how many
 *         there are
 *
 * For the owner of the service, and for root.
 *
 * Return: 0; -ENOENT: there is no such service, or none any more; -EACCES: it is
 * another one's; -ETIMEDOUT: nobody came or went in time; -EINTR: a signal came;
 * -EINVAL: the name is wrong.
 */
int membank_service_clients(int dev, const char *name, uint64_t after,
			    int timeout_ms, uint64_t *changes,
			    struct membank_service_client *clients,
			    unsigned int *count);

/* ----------------------------------------------------------------- memman */

/**
 * membank_mmap() - allocate memory of a bank, for programs of another system
 * @addr: NULL: the kernel chooses the address
 * @length: bytes, rounded up to pages
 * @prot: PROT_READ, PROT_WRITE or both
 * @flags: MAP_PRIVATE | MAP_ANONYMOUS, and nothing else
 * @fd: a bank, opened for reading and writing; 0: the kernel chooses the bank,
 *      also where descriptor 0 is open
 * @offset: 0
 *
 * With <membank/memman/sys/mman.h>, which pkg-config membank-memman puts before
 * the system's <sys/mman.h>, this is what a program calls as mmap(). It differs
 * from the system's: on failure it returns NULL, not MAP_FAILED, and what it
 * maps is contiguous in physical memory. Nobody else can reach the memory, but
 * fork() shares it with the child. To be freed by membank_munmap(), or plain
 * munmap().
 *
 * Return: the address of memory that reads as zero; or NULL, and errno says
 * why. EINVAL: the length is 0, @flags, @prot or @offset is wrong, @fd is
 * neither 0 nor a bank that is open for reading and writing, the caller may not
 * use /dev/membank or it is not there, or the kernel failed. ENOTSUP: @addr is
 * not NULL, or @prot has PROT_EXEC. ENOMEM: no bank has room for as much now,
 * or ever, or the caller would have more than its quota or limits.
 */
void *membank_mmap(void *addr, size_t length, int prot, int flags, int fd,
		   off_t offset);

/**
 * membank_munmap() - unmap what membank_mmap() returned, or part of it
 * @addr: the first page of it to be unmapped
 * @length: bytes, rounded up to pages
 *
 * Memory whose last piece is unmapped returns to its bank. All of the range
 * must be memory of banks, revoked or not; the function asks the kernel, for
 * which it needs a node that the caller may open, and two free descriptors.
 *
 * Return: 0; or -1, nothing is unmapped, and errno is EINVAL: @addr is not the
 * start of a page, @length is 0, memory of no bank is mapped somewhere in the
 * range, no node of a bank can be opened, or the kernel failed.
 */
int membank_munmap(void *addr, size_t length);

/* ----------------------------------------------------------------- module */

/**
 * membank_load() - load the kernel module, as modprobe does
 * @params: its parameters, such as "banks=video:64M,rt:32M"; NULL or "" for
 *          those of modprobe.d and the default
 * @why: if it fails, one sentence says why, what to do and what was asked; may
 *       be NULL; cut to fit
 * @size: bytes that @why has room for
 *
 * Return: 0, also if it was loaded already and @params is empty or what it was
 * loaded with; -EEXIST: it was loaded with other parameters; -ENOENT: there is
 * none for the running kernel; -EPERM: the caller may not load modules;
 * -ECANCELED: an install command of modprobe.d took its place and failed;
 * -EINVAL, -ERANGE, -ENODEV, -ENOMEM: the module refused its parameters, and
 * the kernel log says why; or what else the kernel said.
 */
int membank_load(const char *params, char *why, size_t size);

/* --------------------------------------------------------------- channels */

#include <membank/channel.h>

/* ----------------------------------------------------------------- errors */

/**
 * enum membank_operation - what was tried, for membank_explain()
 * @MEMBANK_OPEN: membank_open(), membank_bank_info()
 * @MEMBANK_ALLOC: membank_dataspace_alloc()
 * @MEMBANK_ATTACH: membank_region_attach()
 * @MEMBANK_DETACH: membank_region_detach(), membank_region_detach_range()
 * @MEMBANK_FIND: membank_region_find(), membank_region_find_range()
 * @MEMBANK_NOTIFY: membank_notifier_*()
 * @MEMBANK_REGISTER: membank_service_register(),
 *                    membank_service_register_for(),
 *                    membank_service_read_event()
 * @MEMBANK_CONNECT: membank_service_connect()
 * @MEMBANK_INFO: membank_dataspace_info()
 * @MEMBANK_DERIVE: membank_dataspace_derive()
 * @MEMBANK_CLEAR: membank_dataspace_clear()
 * @MEMBANK_COPY: membank_dataspace_copy()
 * @MEMBANK_PHYS: membank_dataspace_phys()
 * @MEMBANK_REVOKE: membank_dataspace_revoke()
 * @MEMBANK_SYNC: membank_sync_start(), membank_sync_end()
 * @MEMBANK_LIST: membank_region_list(), membank_region_show_lists()
 * @MEMBANK_RESERVE: membank_area_reserve()
 * @MEMBANK_FREE_AREA: membank_area_free()
 * @MEMBANK_PAGE: membank_pager_*()
 * @MEMBANK_CLIENTS: membank_service_notify(), membank_service_revoke(),
 *                   membank_service_list(), membank_service_clients()
 * @MEMBANK_CHANNEL: membank_channel_*()
 */
enum membank_operation {
	MEMBANK_OPEN,
	MEMBANK_ALLOC,
	MEMBANK_ATTACH,
	MEMBANK_DETACH,
	MEMBANK_FIND,
	MEMBANK_NOTIFY,
	MEMBANK_REGISTER,
	MEMBANK_CONNECT,
	MEMBANK_INFO,
	MEMBANK_DERIVE,
	MEMBANK_CLEAR,
	MEMBANK_COPY,
	MEMBANK_PHYS,
	MEMBANK_REVOKE,
	MEMBANK_SYNC,
	MEMBANK_LIST,
	MEMBANK_RESERVE,
	MEMBANK_FREE_AREA,
	MEMBANK_PAGE,
	MEMBANK_CLIENTS,
	MEMBANK_CHANNEL,
};

/**
 * membank_explain() - say in words what an error means and what helps
 * @operation: what was tried
 * @error: what it returned, negative
 *
 * Return: a sentence without a full stop, constant, never NULL; for errors that
 * no function here is documented to return, what strerror() would say of most.
 */
const char *membank_explain(enum membank_operation operation, int error);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_H */
