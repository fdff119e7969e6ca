// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module membank_heap: dma-buf heaps with somebody behind them or nobody.
 *
 * The kernel can add a heap and never remove it, and its node holds no module.
 * So what the kernel calls is in this module, which is never unloaded, and who
 * answers may come and go: without anybody, a heap says ENODEV.
 */
#include <linux/dma-heap.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "heap.h"

MODULE_IMPORT_NS("DMA_BUF_HEAP");

/**
 * struct heap - one heap, for ever
 * @node: in the list of all
 * @lock: held for reading by each call of @ops, so that whoever removes them
 *        waits for those; for writing to change what follows. Outside of all
 *        locks of @ops.
 * @ops: who answers, NULL for nobody
 * @priv: what @ops are told
 * @name: of the node in /dev/dma_heap; constant
 */
struct heap {
	struct list_head node;
	struct rw_semaphore lock;
	const struct membank_heap_ops *ops;
	void *priv;
	const char *name;
};

/* Guards the list, and is held while a heap is looked for and added. */
static DEFINE_MUTEX(heaps_lock);
static LIST_HEAD(heaps);

/*
 * The lock keeps @ops where they are, the reference keeps their module from
 * being unloaded: a module that is on its way out gets no more calls.
 */
static struct dma_buf *heap_allocate(struct dma_heap *dma_heap,
				     unsigned long length, u32 fd_flags,
				     u64 heap_flags)
{
	struct heap *heap = dma_heap_get_drvdata(dma_heap);
	struct dma_buf *dmabuf = ERR_PTR(-ENODEV);
	const struct membank_heap_ops *ops;

	if (down_read_killable(&heap->lock))
		return ERR_PTR(-EINTR);
	ops = heap->ops;
	if (ops && try_module_get(ops->owner)) {
		dmabuf = ops->allocate(heap->priv, length, fd_flags);
		module_put(ops->owner);
	}
	up_read(&heap->lock);
	return dmabuf;
}

static const struct dma_heap_ops heap_ops = {
	.allocate = heap_allocate,
};

static struct heap *heap_find(const char *name)
{
	struct heap *heap;

	lockdep_assert_held(&heaps_lock);
	list_for_each_entry(heap, &heaps, node)
		if (!strcmp(heap->name, name))
			return heap;
	return NULL;
}

static struct heap *heap_create(const char *name)
{
	struct dma_heap_export_info info = { .ops = &heap_ops };
	struct dma_heap *dma_heap;
	struct heap *heap;

	lockdep_assert_held(&heaps_lock);
	heap = kzalloc_obj(*heap);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	init_rwsem(&heap->lock);
	/* The kernel keeps the pointer. */
	heap->name = kstrdup(name, GFP_KERNEL);
	if (!heap->name) {
		kfree(heap);
		return ERR_PTR(-ENOMEM);
	}

	info.name = heap->name;
	info.priv = heap;
	dma_heap = dma_heap_add(&info);
	if (IS_ERR(dma_heap)) {
		kfree(heap->name);
		kfree(heap);
		return ERR_CAST(dma_heap);
	}
	list_add_tail(&heap->node, &heaps);
	return heap;
}

/**
 * membank_heap_add() - answer for a heap, which is made if there is none yet
 * @name: of the node in /dev/dma_heap
 * @ops: called from here on, until membank_heap_remove()
 * @priv: what they are told
 *
 * Return: 0 or a negative errno: -EEXIST (somebody answers for it), -ENOMEM, or
 * what dma_heap_add() said: -EBUSY (no more heaps), -EINVAL or -EEXIST (it is
 * a heap of somebody else).
 */
int membank_heap_add(const char *name, const struct membank_heap_ops *ops,
		     void *priv)
{
	struct heap *heap;
	int ret = 0;

	mutex_lock(&heaps_lock);
	heap = heap_find(name);
	if (!heap)
		heap = heap_create(name);
	if (IS_ERR(heap)) {
		ret = PTR_ERR(heap);
		goto unlock;
	}

	down_write(&heap->lock);
	if (heap->ops) {
		ret = -EEXIST;
	} else {
		heap->ops = ops;
		heap->priv = priv;
	}
	up_write(&heap->lock);
unlock:
	mutex_unlock(&heaps_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(membank_heap_add);

/**
 * membank_heap_remove() - answer for no heap any more
 * @ops: as they were added, to any number of heaps
 *
 * On return no call of @ops is under way, and none will come.
 */
void membank_heap_remove(const struct membank_heap_ops *ops)
{
	struct heap *heap;

	mutex_lock(&heaps_lock);
	list_for_each_entry(heap, &heaps, node) {
		down_write(&heap->lock);
		if (heap->ops == ops) {
			heap->ops = NULL;
			heap->priv = NULL;
		}
		up_write(&heap->lock);
	}
	mutex_unlock(&heaps_lock);
}
EXPORT_SYMBOL_GPL(membank_heap_remove);

/*
 * With a module_init() and no module_exit() the kernel refuses to unload a
 * module; with neither it would not.
 */
static int __init heap_init(void)
{
	return 0;
}
module_init(heap_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("dma-buf heaps for the banks of membank");
MODULE_VERSION("0.1.0");
