// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * On x86 devices look into the caches, and what is left to do is to keep the order.
 * On 64-bit ARM the processor lets programs write lines back; to drop them without
 * that it does not, so they are written back first.
 */
#include <l4/sys/cache.h>

#include "internal.h"

#ifdef __aarch64__
static unsigned long line_size(void)
{
	unsigned long type;

	__asm__ volatile("mrs %0, ctr_el0" : "=r"(type));
	return 4UL << ((type >> 16) & 0xf);
}

static void clean(unsigned long start, unsigned long end)
{
	unsigned long size = line_size(), line;

	for (line = start & -size; line < end; line += size)
		__asm__ volatile("dc cvac, %0" : : "r"(line) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

static void flush(unsigned long start, unsigned long end)
{
	unsigned long size = line_size(), line;

	for (line = start & -size; line < end; line += size)
		__asm__ volatile("dc civac, %0" : : "r"(line) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}
#else
static void clean(unsigned long start, unsigned long end)
{
	(void)start;
	(void)end;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void flush(unsigned long start, unsigned long end)
{
	clean(start, end);
}
#endif

MEMBANK_L4_API int l4_cache_clean_data(unsigned long start, unsigned long end)
{
	clean(start, end);
	return 0;
}

MEMBANK_L4_API int l4_cache_flush_data(unsigned long start, unsigned long end)
{
	flush(start, end);
	return 0;
}

MEMBANK_L4_API int l4_cache_inv_data(unsigned long start, unsigned long end)
{
	flush(start, end);
	return 0;
}

MEMBANK_L4_API int l4_cache_coherent(unsigned long start, unsigned long end)
{
	if (start < end)
		__builtin___clear_cache((char *)start, (char *)end);
	return 0;
}

MEMBANK_L4_API int l4_cache_dma_coherent(unsigned long start, unsigned long end)
{
	flush(start, end);
	return 0;
}
