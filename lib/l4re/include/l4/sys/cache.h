/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Caches. Between programs nothing of this is needed on Linux: it is for devices
 * that do not look into them. All of these return 0.
 */
#ifndef L4_SYS_CACHE_H
#define L4_SYS_CACHE_H

#include <l4/sys/compiler.h>

L4_BEGIN_DECLS

/* What was written from @start to before @end is in memory. */
L4_CV int l4_cache_clean_data(unsigned long start,
			      unsigned long end) L4_NOTHROW;

/* Likewise, and is read from memory the next time. */
L4_CV int l4_cache_flush_data(unsigned long start,
			      unsigned long end) L4_NOTHROW;

/* It is read from memory the next time; what was written is not lost. */
L4_CV int l4_cache_inv_data(unsigned long start, unsigned long end) L4_NOTHROW;

/* What was written can be executed, where the memory may be. */
L4_CV int l4_cache_coherent(unsigned long start, unsigned long end) L4_NOTHROW;

/* Memory and caches hold the same, for a device. */
L4_CV int l4_cache_dma_coherent(unsigned long start,
				unsigned long end) L4_NOTHROW;

L4_END_DECLS

#endif /* L4_SYS_CACHE_H */
