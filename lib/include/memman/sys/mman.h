/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system's <sys/mman.h>, with the mmap() and munmap() of libmembank: for
 * programs of a system where memory of a bank is had by
 *
 *	mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
 *	     bank, 0)
 *
 * and NULL says that there is none. They compile unchanged when this folder
 * stands before the system's, as pkg-config --cflags membank-memman says. Where
 * they open /kfs/mem/bank0, the node /dev/membank0 stands for it.
 *
 * A source that includes it cannot map files: it has these two functions, and
 * not the system's. Both names are macros, so that their addresses can be
 * taken, too.
 */
#ifndef MEMBANK_MEMMAN_SYS_MMAN_H
#define MEMBANK_MEMMAN_SYS_MMAN_H

/* include_next is GNU C, which -pedantic would remark on. */
#pragma GCC system_header
#include_next <sys/mman.h>

/* The C library hides it from who asks for nothing but standard C. */
#ifndef MAP_ANONYMOUS
#include <asm/mman.h>
#endif

#include <membank.h>

#undef mmap
#undef munmap
#define mmap membank_mmap
#define munmap membank_munmap

#endif /* MEMBANK_MEMMAN_SYS_MMAN_H */
