/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that tests kernel versions. Everything else is written as for
 * the newest kernel that is supported; each difference stands here, with the
 * version that brought it.
 */
#ifndef MEMBANK_COMPAT_H
#define MEMBANK_COMPAT_H

#include <linux/version.h>

/*
 * 7.3 is the first kernel seen to export cma_alloc(), dev_get_cma_area() and
 * alloc_contig_pages() to modules.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#error "membank needs Linux 7.3 or newer"
#endif

/* A bank is cleared and mapped through the kernel's own linear mapping. */
#ifndef CONFIG_64BIT
#error "membank needs a 64-bit kernel"
#endif

#endif /* MEMBANK_COMPAT_H */
