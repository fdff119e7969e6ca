/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pagers: programs that bring the pages of a region.
 * Part of <membank.h>, which says what holds for all functions; include that.
 */
#ifndef MEMBANK_PAGER_H
#define MEMBANK_PAGER_H

#include <linux/membank.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_PAGER_H */
