// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each bank that is not private as a dma-buf heap, if the module membank_heap
 * is there. It is asked for by the name of a symbol, so this one loads without
 * it; as it cannot be unloaded, it must be no dependency, not even a soft one,
 * of which "modprobe -r membank" would say that it failed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/sprintf.h>

#include <linux/membank.h>

#include "bank.h"
#include "dmabuf.h"
#include "heap.h"
#include "heaps.h"

#define HEAP_PREFIX "membank-"

/* Hold the module membank_heap; NULL if it was not there. */
static int (*heap_add)(const char *name, const struct membank_heap_ops *ops,
		       void *priv);
static void (*heap_remove)(const struct membank_heap_ops *ops);

static struct dma_buf *heaps_allocate(void *priv, u64 length, u32 fd_flags)
{
	struct dma_buf *dmabuf;
	u32 rights;

	switch (fd_flags & O_ACCMODE) {
	case O_RDONLY:
		rights = MEMBANK_DATASPACE_READ;
		break;
	case O_WRONLY:
		rights = MEMBANK_DATASPACE_WRITE;
		break;
	case O_RDWR:
		rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE;
		break;
	default:
		return ERR_PTR(-EINVAL);
	}

	dmabuf = membank_dmabuf_alloc(priv, length, 0, 0,
				      rights | MEMBANK_DATASPACE_OWN);
	/* Heaps have one error for "no room", however much is asked. */
	return dmabuf == ERR_PTR(-ERANGE) ? ERR_PTR(-ENOMEM) : dmabuf;
}

static const struct membank_heap_ops heaps_ops = {
	.owner = THIS_MODULE,
	.allocate = heaps_allocate,
};

/**
 * membank_heaps_init() - make heaps of the banks
 *
 * For when nothing can fail any more: from here on there are users. A bank that
 * cannot be a heap works without.
 */
void membank_heaps_init(void)
{
	char name[sizeof(HEAP_PREFIX) + MEMBANK_NAME_MAX];
	struct membank_bank *bank;
	unsigned int i;
	int ret;

	heap_add = symbol_request(membank_heap_add);
	if (!heap_add)
		return;
	heap_remove = symbol_get(membank_heap_remove);

	for (i = 0; i < membank_banks_count(); i++) {
		bank = membank_bank_get(i);
		/* Who may use a private bank is for its own node to say. */
		if (bank->config.flags & MEMBANK_BANK_PRIVATE)
			continue;
		snprintf(name, sizeof(name), HEAP_PREFIX "%s",
			 bank->config.name);
		ret = heap_add(name, &heaps_ops, bank);
		if (ret)
			pr_warn("bank '%s': a dma-buf heap '%s' was asked of the kernel, which said %pe: use the bank without, or boot again to have fewer heaps\n",
				bank->config.name, name, ERR_PTR(ret));
	}
}

/**
 * membank_heaps_exit() - let the heaps of the banks have nobody behind them
 *
 * The first step of unloading: on return no heap allocates any more.
 */
void membank_heaps_exit(void)
{
	if (!heap_add)
		return;
	heap_remove(&heaps_ops);
	symbol_put(membank_heap_remove);
	symbol_put(membank_heap_add);
}
