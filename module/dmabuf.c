// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace as a dma-buf: what user space holds, and what every driver that
 * imports dma-bufs takes as it is.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "compat.h"
#include "dataspace.h"
#include "dmabuf.h"
#include "mapping.h"

MODULE_IMPORT_NS("DMA_BUF");

/* A scatterlist entry holds less than 4 GiB. */
#define SEGMENT_PAGES ((unsigned long)(SZ_2G >> PAGE_SHIFT))

/**
 * struct dmabuf_attachment - one device that imports the dataspace
 * @node: in the dataspace's attachments
 * @dev: the device
 * @table: the memory as mapped for @dev, NULL while it is not mapped; under the
 *         dataspace's attachments_lock
 * @direction: of the transfers that @table is mapped for; likewise
 */
struct dmabuf_attachment {
	struct list_head node;
	struct device *dev;
	struct sg_table *table;
	enum dma_data_direction direction;
};

static int dmabuf_attach(struct dma_buf *dmabuf,
			 struct dma_buf_attachment *attach)
{
	struct membank_dataspace *dataspace = dmabuf->priv;
	struct dmabuf_attachment *attachment;

	attachment = kzalloc_obj(*attachment);
	if (!attachment)
		return -ENOMEM;
	attachment->dev = attach->dev;
	attach->priv = attachment;

	mutex_lock(&dataspace->attachments_lock);
	list_add(&attachment->node, &dataspace->attachments);
	mutex_unlock(&dataspace->attachments_lock);
	return 0;
}

static void dmabuf_detach(struct dma_buf *dmabuf,
			  struct dma_buf_attachment *attach)
{
	struct membank_dataspace *dataspace = dmabuf->priv;
	struct dmabuf_attachment *attachment = attach->priv;

	mutex_lock(&dataspace->attachments_lock);
	list_del(&attachment->node);
	mutex_unlock(&dataspace->attachments_lock);
	kfree(attachment);
}

static struct sg_table *dmabuf_table(struct membank_dataspace *dataspace)
{
	unsigned long done = 0, count;
	struct scatterlist *sg;
	struct sg_table *table;
	unsigned int i;
	int ret;

	table = kmalloc_obj(*table);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(table,
			     DIV_ROUND_UP(dataspace->pages, SEGMENT_PAGES),
			     GFP_KERNEL);
	if (ret) {
		kfree(table);
		return ERR_PTR(ret);
	}

	for_each_sgtable_sg(table, sg, i) {
		count = min(dataspace->pages - done, SEGMENT_PAGES);
		sg_set_page(sg, pfn_to_page(dataspace->start + done),
			    count << PAGE_SHIFT, 0);
		done += count;
	}
	return table;
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction direction)
{
	struct membank_dataspace *dataspace = attach->dmabuf->priv;
	struct dmabuf_attachment *attachment = attach->priv;
	struct sg_table *table;
	int ret;

	table = dmabuf_table(dataspace);
	if (IS_ERR(table))
		return table;
	ret = dma_map_sgtable(attach->dev, table, direction, 0);
	if (ret) {
		sg_free_table(table);
		kfree(table);
		return ERR_PTR(ret);
	}

	mutex_lock(&dataspace->attachments_lock);
	attachment->table = table;
	attachment->direction = direction;
	mutex_unlock(&dataspace->attachments_lock);
	return table;
}

static void dmabuf_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *table,
			 enum dma_data_direction direction)
{
	struct membank_dataspace *dataspace = attach->dmabuf->priv;
	struct dmabuf_attachment *attachment = attach->priv;

	mutex_lock(&dataspace->attachments_lock);
	attachment->table = NULL;
	mutex_unlock(&dataspace->attachments_lock);

	dma_unmap_sgtable(attach->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
}

/* Calls @sync for each device that has the memory mapped. */
static void sync_attachments(struct membank_dataspace *dataspace,
			     void (*sync)(struct device *dev,
					  struct sg_table *table,
					  enum dma_data_direction direction))
{
	struct dmabuf_attachment *attachment;

	mutex_lock(&dataspace->attachments_lock);
	list_for_each_entry(attachment, &dataspace->attachments, node)
		if (attachment->table)
			sync(attachment->dev, attachment->table,
			     attachment->direction);
	mutex_unlock(&dataspace->attachments_lock);
}

/* The CPU is about to read or write: what devices wrote has to be visible. */
static int dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction direction)
{
	sync_attachments(dmabuf->priv, dma_sync_sgtable_for_cpu);
	return 0;
}

/* The CPU has done: what it wrote has to be visible to devices. */
static int dmabuf_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction direction)
{
	sync_attachments(dmabuf->priv, dma_sync_sgtable_for_device);
	return 0;
}

static int dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return membank_mapping_init(vma, dmabuf->priv);
}

/* All memory of a bank is in the kernel's linear mapping already. */
static int dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct membank_dataspace *dataspace = dmabuf->priv;

	iosys_map_set_vaddr(map, page_address(pfn_to_page(dataspace->start)));
	return 0;
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	membank_dataspace_destroy(dmabuf->priv);
}

static const struct dma_buf_ops dmabuf_ops = {
	.attach = dmabuf_attach,
	.detach = dmabuf_detach,
	.map_dma_buf = dmabuf_map,
	.unmap_dma_buf = dmabuf_unmap,
	.begin_cpu_access = dmabuf_begin_cpu_access,
	.end_cpu_access = dmabuf_end_cpu_access,
	.mmap = dmabuf_mmap,
	.vmap = dmabuf_vmap,
	.release = dmabuf_release,
};

/*
 * The file operations of every dma-buf: the kernel does not export what tells
 * a dma-buf from another file. NULL until there is a dma-buf of ours.
 */
static const struct file_operations *dmabuf_fops;

/**
 * membank_dmabuf_export() - make a dataspace a dma-buf
 * @dataspace: belongs to the dma-buf from here, also if this fails
 *
 * Return: the dma-buf, readable and writable, or an ERR_PTR: -ENOMEM, -ENFILE.
 */
struct dma_buf *membank_dmabuf_export(struct membank_dataspace *dataspace)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = &dmabuf_ops;
	info.size = dataspace->pages << PAGE_SHIFT;
	info.flags = O_RDWR;
	info.priv = dataspace;

	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		membank_dataspace_destroy(dataspace);
		return dmabuf;
	}
	WRITE_ONCE(dmabuf_fops, dmabuf->file->f_op);
	return dmabuf;
}

/**
 * membank_dmabuf_get() - the dma-buf behind a descriptor, if it is ours
 * @fd: the descriptor's number
 *
 * Return: the dma-buf, to be given back by dma_buf_put(), or an ERR_PTR:
 * -EBADF (not open), -EINVAL (not a dataspace).
 */
struct dma_buf *membank_dmabuf_get(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf) || dmabuf->ops == &dmabuf_ops)
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

/**
 * membank_dmabuf_dataspace() - what a dma-buf of ours stands for
 * @dmabuf: from membank_dmabuf_get() or membank_dmabuf_export()
 *
 * Return: the dataspace, which lives as long as @dmabuf.
 */
struct membank_dataspace *membank_dmabuf_dataspace(struct dma_buf *dmabuf)
{
	return dmabuf->priv;
}

static void *dmabuf_offer_get(struct file *file, u32 *rights)
{
	struct dma_buf *dmabuf;

	if (file->f_op != READ_ONCE(dmabuf_fops))
		return NULL;
	dmabuf = file->private_data;
	if (dmabuf->ops != &dmabuf_ops)
		return NULL;
	get_dma_buf(dmabuf);
	*rights = 0;
	return dmabuf;
}

static struct file *dmabuf_offer_open(void *object, u32 rights)
{
	struct dma_buf *dmabuf = object;

	return get_file(dmabuf->file);
}

static void dmabuf_offer_put(void *object)
{
	dma_buf_put(object);
}

/* Every client of a service gets the dma-buf that was offered itself. */
const struct membank_offer_ops membank_dmabuf_offer_ops = {
	.kind = MEMBANK_OFFER_DATASPACE,
	.get = dmabuf_offer_get,
	.open = dmabuf_offer_open,
	.put = dmabuf_offer_put,
};
