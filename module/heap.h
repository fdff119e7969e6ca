/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_HEAP_H
#define MEMBANK_HEAP_H

#include <linux/types.h>

struct dma_buf;
struct module;

/**
 * struct membank_heap_ops - who answers for a heap
 * @owner: the module that @allocate is in
 * @allocate: makes a dma-buf of @length bytes, which is a multiple of the page
 *            size and not 0, zeroed; @fd_flags has the access mode of open(2),
 *            and O_CLOEXEC. Returns an ERR_PTR on failure. Called with @owner
 *            held, by many tasks at once.
 */
struct membank_heap_ops {
	struct module *owner;
	struct dma_buf *(*allocate)(void *priv, u64 length, u32 fd_flags);
};

int membank_heap_add(const char *name, const struct membank_heap_ops *ops,
		     void *priv);
void membank_heap_remove(const struct membank_heap_ops *ops);

#endif /* MEMBANK_HEAP_H */
