// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace as a dma-buf: what user space holds, and what every driver that
 * imports dma-bufs takes as it is. A dataspace can have several of them, each a
 * handle with rights of its own.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <linux/membank.h>

#include "compat.h"
#include "dataspace.h"
#include "dmabuf.h"
#include "mapping.h"
#include "retire.h"

MODULE_IMPORT_NS("DMA_BUF");

/* A scatterlist entry holds less than 4 GiB. */
#define SEGMENT_PAGES ((unsigned long)(SZ_2G >> PAGE_SHIFT))

#define DATASPACE_RIGHTS                                    \
	(MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE | \
	 MEMBANK_DATASPACE_OWN)

/**
 * struct dmabuf_table - the memory as it is mapped for one device
 * @node: in the dataspace's tables; under its tables_lock
 * @dev: the device
 * @direction: of the transfers
 * @sgt: what the importer gets
 */
struct dmabuf_table {
	struct list_head node;
	struct device *dev;
	enum dma_data_direction direction;
	struct sg_table sgt;
};

static struct membank_dataspace *dataspace_of(struct dma_buf *dmabuf)
{
	struct membank_handle *handle = dmabuf->priv;

	return handle->dataspace;
}

static bool has_rights(struct dma_buf *dmabuf, u32 rights)
{
	struct membank_handle *handle = dmabuf->priv;

	return (handle->rights & rights) == rights;
}

/* What a device, or the CPU beside a device, does to the memory. */
static u32 rights_to_map(enum dma_data_direction direction)
{
	switch (direction) {
	case DMA_TO_DEVICE:
		return MEMBANK_DATASPACE_READ;
	case DMA_FROM_DEVICE:
		return MEMBANK_DATASPACE_WRITE;
	default:
		return MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE;
	}
}

/* The CPU reads what a device wrote, and writes what a device reads. */
static u32 rights_to_access(enum dma_data_direction direction)
{
	switch (direction) {
	case DMA_FROM_DEVICE:
		return MEMBANK_DATASPACE_READ;
	case DMA_TO_DEVICE:
		return MEMBANK_DATASPACE_WRITE;
	default:
		return MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE;
	}
}

static int fill_table(struct sg_table *sgt, struct membank_dataspace *dataspace)
{
	unsigned long done = 0, count;
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(sgt, DIV_ROUND_UP(dataspace->pages, SEGMENT_PAGES),
			     GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	for_each_sgtable_sg(sgt, sg, i) {
		count = min(dataspace->pages - done, SEGMENT_PAGES);
		sg_set_page(sg, pfn_to_page(dataspace->start + done),
			    count << PAGE_SHIFT, 0);
		done += count;
	}
	return 0;
}

static const struct dma_buf_ops dmabuf_ops_no_vmap;

/*
 * A vmap() that fails makes the kernel warn; one that is not there does not. So
 * it is taken away from a handle when it could only fail: the dataspace was
 * revoked, and no device of this handle has the memory any more.
 */
static void forbid_vmap(struct dma_buf *dmabuf)
{
	struct membank_handle *handle = dmabuf->priv;

	dma_resv_assert_held(dmabuf->resv);
	if (membank_handle_is_revoked(handle) && !handle->mapped)
		WRITE_ONCE(dmabuf->ops, &dmabuf_ops_no_vmap);
}

/*
 * A device may attach to anything, also to what was revoked: it is here that
 * rights are asked for, and that what is gone is not had. (videobuf2 loses its
 * reference to a dma-buf that it cannot attach to, and with it the module could
 * never be unloaded.)
 */
static struct sg_table *dmabuf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction direction)
{
	struct membank_dataspace *dataspace = dataspace_of(attach->dmabuf);
	struct membank_handle *handle = attach->dmabuf->priv;
	struct dmabuf_table *table;
	int ret;

	if (!has_rights(attach->dmabuf, rights_to_map(direction)))
		return ERR_PTR(-EACCES);
	ret = membank_dataspace_use(handle);
	if (ret)
		return ERR_PTR(ret);

	ret = -ENOMEM;
	table = kzalloc_obj(*table, GFP_KERNEL_ACCOUNT);
	if (!table)
		goto unuse;
	table->dev = attach->dev;
	table->direction = direction;
	ret = fill_table(&table->sgt, dataspace);
	if (ret)
		goto free_table;
	ret = dma_map_sgtable(attach->dev, &table->sgt, direction, 0);
	if (ret)
		goto free_sgt;

	mutex_lock(&dataspace->tables_lock);
	list_add(&table->node, &dataspace->tables);
	mutex_unlock(&dataspace->tables_lock);
	handle->mapped++;
	return &table->sgt;

free_sgt:
	sg_free_table(&table->sgt);
free_table:
	kfree(table);
unuse:
	membank_dataspace_unuse(dataspace);
	return ERR_PTR(ret);
}

static void dmabuf_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *sgt,
			 enum dma_data_direction direction)
{
	struct membank_dataspace *dataspace = dataspace_of(attach->dmabuf);
	struct dmabuf_table *table =
		container_of(sgt, struct dmabuf_table, sgt);
	struct membank_handle *handle = attach->dmabuf->priv;

	handle->mapped--;
	forbid_vmap(attach->dmabuf);

	mutex_lock(&dataspace->tables_lock);
	list_del(&table->node);
	mutex_unlock(&dataspace->tables_lock);

	dma_unmap_sgtable(attach->dev, sgt, direction, 0);
	sg_free_table(sgt);
	kfree(table);
	membank_dataspace_unuse(dataspace);
}

/* Calls @sync for each device that has the memory mapped. */
static void sync_devices(struct membank_dataspace *dataspace,
			 void (*sync)(struct device *dev, struct sg_table *sgt,
				      enum dma_data_direction direction))
{
	struct dmabuf_table *table;

	mutex_lock(&dataspace->tables_lock);
	list_for_each_entry(table, &dataspace->tables, node)
		sync(table->dev, &table->sgt, table->direction);
	mutex_unlock(&dataspace->tables_lock);
}

static int cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction,
		      void (*sync)(struct device *dev, struct sg_table *sgt,
				   enum dma_data_direction direction))
{
	struct membank_dataspace *dataspace = dataspace_of(dmabuf);

	if (!has_rights(dmabuf, rights_to_access(direction)))
		return -EACCES;
	if (membank_handle_is_revoked(dmabuf->priv))
		return -ENODEV;
	sync_devices(dataspace, sync);
	return 0;
}

/* The CPU is about to read or write: what devices wrote has to be visible. */
static int dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction direction)
{
	return cpu_access(dmabuf, direction, dma_sync_sgtable_for_cpu);
}

/* The CPU has done: what it wrote has to be visible to devices. */
static int dmabuf_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction direction)
{
	return cpu_access(dmabuf, direction, dma_sync_sgtable_for_device);
}

/*
 * mmap() has asked our file what it is open for. But a DRM device that has
 * imported us lets its own file be mapped, and comes here then.
 */
static int dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!has_rights(dmabuf, MEMBANK_DATASPACE_READ))
		return -EACCES;
	if (!has_rights(dmabuf, MEMBANK_DATASPACE_WRITE)) {
		if (vma->vm_flags & VM_WRITE && vma->vm_flags & VM_MAYSHARE)
			return -EACCES;
		/* As mmap() does for a file that is open for reading. */
		vm_flags_clear(vma, VM_MAYWRITE | VM_SHARED);
	}
	return membank_mapping_init(vma, dmabuf->priv, 0, NULL);
}

/*
 * All memory of a bank is in the kernel's linear mapping already. A device that
 * has it mapped for DMA can still do this after the dataspace was revoked: many
 * drivers do so late, and do not expect that it fails. When the memory is gone
 * forbid_vmap() was here before.
 */
static int dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct membank_dataspace *dataspace = dataspace_of(dmabuf);

	if (!refcount_inc_not_zero(&dataspace->uses))
		return -ENODEV;
	membank_dataspace_touch(dataspace);
	iosys_map_set_vaddr(map, page_address(pfn_to_page(dataspace->start)));
	return 0;
}

static void dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	membank_dataspace_unuse(dataspace_of(dmabuf));
}

/*
 * One is gone who could use the memory or lend it. Returns whether all are, and
 * only handles are left that were taken back: then the memory shall not wait
 * for their end, and the caller retires it.
 */
static bool end_live_locked(struct membank_dataspace *dataspace)
{
	lockdep_assert_held(&dataspace->lock);

	if (--dataspace->live || dataspace->revoked ||
	    list_empty(&dataspace->handles))
		return false;
	WRITE_ONCE(dataspace->revoked, true);
	return true;
}

/* What began with a dataspace ends with it. */
static void free_handle(struct membank_handle *handle)
{
	membank_tag_uncharge(&handle->share);
	if (handle != &handle->dataspace->first)
		kfree(handle);
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	struct membank_handle *handle = dmabuf->priv;
	struct membank_dataspace *dataspace = handle->dataspace;
	bool counted, dead;

	mutex_lock(&dataspace->lock);
	counted = !list_empty(&handle->node) && !handle->revoked;
	list_del(&handle->node);
	dead = counted && end_live_locked(dataspace);
	mutex_unlock(&dataspace->lock);
	if (dead)
		membank_retire(dataspace);
	iput(handle->inode);
	free_handle(handle);
	membank_dataspace_put(dataspace);
}

static const struct dma_buf_ops dmabuf_ops = {
	.map_dma_buf = dmabuf_map,
	.unmap_dma_buf = dmabuf_unmap,
	.begin_cpu_access = dmabuf_begin_cpu_access,
	.end_cpu_access = dmabuf_end_cpu_access,
	.mmap = dmabuf_mmap,
	.vmap = dmabuf_vmap,
	.vunmap = dmabuf_vunmap,
	.release = dmabuf_release,
};

/*
 * Of handles that may not both read and write, too: whoever asks for vmap() does
 * not say what for.
 */
static const struct dma_buf_ops dmabuf_ops_no_vmap = {
	.map_dma_buf = dmabuf_map,
	.unmap_dma_buf = dmabuf_unmap,
	.begin_cpu_access = dmabuf_begin_cpu_access,
	.end_cpu_access = dmabuf_end_cpu_access,
	.mmap = dmabuf_mmap,
	.vunmap = dmabuf_vunmap,
	.release = dmabuf_release,
};

static bool is_ours(struct dma_buf *dmabuf)
{
	return READ_ONCE(dmabuf->ops)->release == dmabuf_release;
}

static const struct dma_buf_ops *ops_for(u32 rights)
{
	const u32 both = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE;

	return (rights & both) == both ? &dmabuf_ops : &dmabuf_ops_no_vmap;
}

/*
 * The file operations of every dma-buf: the kernel does not export what tells
 * a dma-buf from another file. NULL until there is a dma-buf of ours.
 */
static const struct file_operations *dmabuf_fops;

/* Without the right to read, nothing can be mapped: that is what O_WRONLY says. */
static int open_flags(u32 rights)
{
	if (!(rights & MEMBANK_DATASPACE_READ))
		return O_WRONLY;
	return rights & MEMBANK_DATASPACE_WRITE ? O_RDWR : O_RDONLY;
}

/*
 * Export a handle of a dataspace.
 * @dataspace: the caller's reference to it is the handle's from here, also if
 *             this fails
 * @handle: zeroed; it is the dma-buf's from here, also if this fails
 * @rights: set of &enum membank_dataspace_rights
 * @tag: to whom it is lent
 * @parent: what it is derived from, NULL: nothing
 *
 * Return: the dma-buf, or an ERR_PTR: -ENOMEM, -ENFILE, -ENODEV (revoked),
 * -EDQUOT (the caller has too much that is lent).
 */
static struct dma_buf *export_handle(struct membank_dataspace *dataspace,
				     struct membank_handle *handle, u32 rights,
				     const struct membank_tag *tag,
				     const struct membank_handle *parent)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	bool revoked;
	int ret;

	handle->dataspace = dataspace;
	handle->rights = rights;
	handle->tag = *tag;
	INIT_LIST_HEAD(&handle->node);

	info.ops = ops_for(rights);
	info.size = dataspace->pages << PAGE_SHIFT;
	info.flags = open_flags(rights);
	info.resv = &dataspace->resv;
	info.priv = handle;
	ret = membank_tag_charge(tag, &handle->share);
	dmabuf = ret ? ERR_PTR(ret) : dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		free_handle(handle);
		membank_dataspace_put(dataspace);
		return dmabuf;
	}
	handle->dmabuf = dmabuf;
	handle->inode = file_inode(dmabuf->file);
	ihold(handle->inode);
	membank_mapping_guard(handle->inode, dataspace);
	WRITE_ONCE(dmabuf_fops, dmabuf->file->f_op);

	mutex_lock(&dataspace->lock);
	revoked = dataspace->revoked || (parent && parent->revoked);
	if (!revoked) {
		list_add(&handle->node, &dataspace->handles);
		dataspace->live++;
	}
	mutex_unlock(&dataspace->lock);
	if (revoked) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-ENODEV);
	}
	return dmabuf;
}

/* Likewise, with memory for the handle. */
static struct dma_buf *export_another(struct membank_dataspace *dataspace,
				      u32 rights, const struct membank_tag *tag,
				      const struct membank_handle *parent)
{
	struct membank_handle *handle =
		kzalloc_obj(*handle, GFP_KERNEL_ACCOUNT);

	if (!handle) {
		membank_dataspace_put(dataspace);
		return ERR_PTR(-ENOMEM);
	}
	return export_handle(dataspace, handle, rights, tag, parent);
}

/**
 * membank_dmabuf_alloc() - allocate a dataspace, with a first handle
 * @bank: from which bank, NULL for any that is not private
 * @length: as for membank_dataspace_create()
 * @flags: likewise
 * @align: likewise
 * @rights: of the handle: set of &enum membank_dataspace_rights
 *
 * Return: the dma-buf, or an ERR_PTR: -ERANGE, -EDQUOT, -ENOMEM, -EINTR,
 * -ENFILE.
 */
struct dma_buf *membank_dmabuf_alloc(struct membank_bank *bank, u64 length,
				     u32 flags, u32 align, u32 rights)
{
	const struct membank_tag nobody = {};
	struct membank_dataspace *dataspace;

	dataspace = membank_dataspace_create(bank, length, flags, align);
	if (IS_ERR(dataspace))
		return ERR_CAST(dataspace);
	return export_handle(dataspace, &dataspace->first, rights, &nobody,
			     NULL);
}

/**
 * membank_dmabuf_derive() - make another handle of the same dataspace
 * @dmabuf: a dma-buf of ours
 * @rights: what the new one may do
 *
 * Return: the new dma-buf, or an ERR_PTR: -EOPNOTSUPP (an unknown right),
 * -EINVAL (no right), -EACCES (a right that @dmabuf does not have), -ENODEV
 * (revoked), -ENOMEM, -ENFILE, -EDQUOT (the caller has too much that is lent).
 */
struct dma_buf *membank_dmabuf_derive(struct dma_buf *dmabuf, u32 rights)
{
	struct membank_dataspace *dataspace = dataspace_of(dmabuf);
	const struct membank_handle *parent = dmabuf->priv;

	if (rights & ~DATASPACE_RIGHTS)
		return ERR_PTR(-EOPNOTSUPP);
	if (!rights)
		return ERR_PTR(-EINVAL);
	if (!has_rights(dmabuf, rights))
		return ERR_PTR(-EACCES);
	membank_dataspace_get(dataspace);
	return export_another(dataspace, rights, &parent->tag, parent);
}

/*
 * The file of a handle may be gone while the handle is still here, as a path to
 * it (O_PATH) keeps the dentry: nothing is done through the file.
 */
static void revoke_handle(struct membank_handle *handle)
{
	struct dma_buf *dmabuf = handle->dmabuf;

	unmap_mapping_range(handle->inode->i_mapping, 0, 0, 1);
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(dmabuf);
	forbid_vmap(dmabuf);
	dma_resv_unlock(dmabuf->resv);
}

static void unmap_views_locked(struct membank_dataspace *dataspace)
{
	struct membank_view *view;

	lockdep_assert_held(&dataspace->lock);
	list_for_each_entry(view, &dataspace->views, node)
		unmap_mapping_range(view->inode->i_mapping,
				    (loff_t)view->first << PAGE_SHIFT,
				    (loff_t)view->pages << PAGE_SHIFT, 1);
}

/**
 * membank_dmabuf_revoke() - take the memory back from everybody
 * @dmabuf: a dma-buf of ours
 *
 * The memory returns to its bank when nobody uses it any more.
 *
 * Return: 0, -EACCES: it has no right to do that, -ENODEV: it was revoked
 * before.
 */
int membank_dmabuf_revoke(struct dma_buf *dmabuf)
{
	struct membank_dataspace *dataspace = dataspace_of(dmabuf);
	struct membank_handle *handle;

	if (!has_rights(dmabuf, MEMBANK_DATASPACE_OWN))
		return -EACCES;

	mutex_lock(&dataspace->lock);
	if (dataspace->revoked) {
		mutex_unlock(&dataspace->lock);
		return -ENODEV;
	}
	WRITE_ONCE(dataspace->revoked, true);
	membank_mapping_wait_faults(dataspace);
	list_for_each_entry(handle, &dataspace->handles, node)
		revoke_handle(handle);
	unmap_views_locked(dataspace);
	mutex_unlock(&dataspace->lock);

	membank_retire(dataspace);
	return 0;
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

	if (IS_ERR(dmabuf) || is_ours(dmabuf))
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

/**
 * membank_dmabuf_dataspace() - what a dma-buf of ours stands for
 * @dmabuf: from membank_dmabuf_get() or membank_dmabuf_alloc()
 *
 * Return: the dataspace, which lives as long as @dmabuf.
 */
struct membank_dataspace *membank_dmabuf_dataspace(struct dma_buf *dmabuf)
{
	return dataspace_of(dmabuf);
}

/**
 * membank_dmabuf_handle() - a dma-buf of ours as a handle
 * @dmabuf: likewise
 *
 * Return: the handle, which lives as long as @dmabuf.
 */
struct membank_handle *membank_dmabuf_handle(struct dma_buf *dmabuf)
{
	return dmabuf->priv;
}

/**
 * membank_dmabuf_of_file() - the dma-buf that a file is, if it is ours
 * @file: any file
 *
 * Return: the dma-buf, which lives as long as @file, or NULL.
 */
struct dma_buf *membank_dmabuf_of_file(struct file *file)
{
	struct dma_buf *dmabuf;

	if (file->f_op != READ_ONCE(dmabuf_fops))
		return NULL;
	dmabuf = file->private_data;
	return is_ours(dmabuf) ? dmabuf : NULL;
}

static void *dmabuf_offer_get(struct file *file, u32 *rights)
{
	struct dma_buf *dmabuf = membank_dmabuf_of_file(file);
	struct membank_dataspace *dataspace;
	const struct membank_handle *handle;
	int ret;

	if (!dmabuf)
		return NULL;
	handle = dmabuf->priv;
	dataspace = handle->dataspace;
	mutex_lock(&dataspace->lock);
	ret = membank_tag_check_offer(&handle->tag,
				      membank_handle_is_revoked(handle));
	dataspace->live += !ret;
	mutex_unlock(&dataspace->lock);
	if (ret)
		return ERR_PTR(ret);
	membank_dataspace_get(dataspace);
	*rights = handle->rights;
	return dataspace;
}

static struct file *dmabuf_offer_open(void *object, u32 rights,
				      const struct membank_tag *tag)
{
	struct dma_buf *dmabuf;

	membank_dataspace_get(object);
	dmabuf = export_another(object, rights, tag, NULL);
	return IS_ERR(dmabuf) ? ERR_CAST(dmabuf) : dmabuf->file;
}

static bool take_back_locked(struct membank_handle *handle,
			     const struct membank_tag *tag)
{
	struct membank_dataspace *dataspace = handle->dataspace;

	lockdep_assert_held(&dataspace->lock);
	if (!membank_tag_is(&handle->tag, tag) || handle->revoked)
		return false;
	WRITE_ONCE(handle->revoked, true);
	dataspace->live--;
	return true;
}

/*
 * As revoking the whole dataspace, but its memory stays with who has other
 * handles, and with us, who offer it. So nobody may be in the middle of clearing it or
 * copying. A device that has it mapped keeps it until it is done, and so does who has
 * pinned a page of it. Who has one by other means, through a pager, has to ask again.
 */
static void dmabuf_offer_revoke(void *object, const struct membank_tag *tag)
{
	struct membank_dataspace *dataspace = object;
	struct membank_handle *handle;
	bool any = false;

	mutex_lock(&dataspace->lock);
	if (!dataspace->revoked)
		list_for_each_entry(handle, &dataspace->handles, node)
			any |= take_back_locked(handle, tag);
	if (any) {
		membank_mapping_wait_faults(dataspace);
		list_for_each_entry(handle, &dataspace->handles, node)
			if (membank_tag_is(&handle->tag, tag)) {
				membank_dataspace_wait_copies(handle);
				revoke_handle(handle);
			}
		unmap_views_locked(dataspace);
	}
	mutex_unlock(&dataspace->lock);
}

static void dmabuf_offer_put(void *object)
{
	struct membank_dataspace *dataspace = object;
	bool dead;

	mutex_lock(&dataspace->lock);
	dead = end_live_locked(dataspace);
	mutex_unlock(&dataspace->lock);
	if (dead)
		membank_retire(dataspace);
	membank_dataspace_put(dataspace);
}

/* Every client of a service gets a handle of its own; nobody may lend OWN. */
const struct membank_offer_ops membank_dmabuf_offer_ops = {
	.kind = MEMBANK_OFFER_DATASPACE,
	.known_rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE,
	.get = dmabuf_offer_get,
	.open = dmabuf_offer_open,
	.revoke = dmabuf_offer_revoke,
	.put = dmabuf_offer_put,
};
