/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory of a bank for programs that were written for another system.
 * Part of <membank.h>, which says what holds for all functions; include that.
 */
#ifndef MEMBANK_MMAP_H
#define MEMBANK_MMAP_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_MMAP_H */
