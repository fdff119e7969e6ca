// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device nodes: /dev/membank, which lets the kernel choose the bank, and
 * /dev/membankN, a bank each. mmap() on a node allocates; the commands of a
 * node make all the other nouns.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "area.h"
#include "bank.h"
#include "chardev.h"
#include "compat.h"
#include "connection.h"
#include "dataspace.h"
#include "detach.h"
#include "dmabuf.h"
#include "ioctl.h"
#include "lookup.h"
#include "mapping.h"
#include "notifier.h"
#include "pager.h"
#include "region.h"
#include "service.h"
#include "source.h"
#include "space.h"

#define DATASPACE_FLAGS                                            \
	(MEMBANK_DATASPACE_CONTINUOUS | MEMBANK_DATASPACE_PINNED | \
	 MEMBANK_DATASPACE_SUPER_PAGES)

#define FEATURES                                               \
	(MEMBANK_FEATURE_BANKS | MEMBANK_FEATURE_DATASPACES |  \
	 MEMBANK_FEATURE_REGIONS | MEMBANK_FEATURE_NOTIFIERS | \
	 MEMBANK_FEATURE_SERVICES | MEMBANK_FEATURE_RIGHTS |   \
	 MEMBANK_FEATURE_CONTENT | MEMBANK_FEATURE_QUOTA |     \
	 MEMBANK_FEATURE_AREAS | MEMBANK_FEATURE_REGION_MAP |  \
	 MEMBANK_FEATURE_PAGERS | MEMBANK_FEATURE_CALL |       \
	 MEMBANK_FEATURE_CLIENTS)

/* What who allocates may do. */
#define ALL_RIGHTS                                          \
	(MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE | \
	 MEMBANK_DATASPACE_OWN)

/**
 * struct membank_node - an open device node
 * @bank: which bank, NULL for any; constant
 * @space: the region map of who opened it, with a reference; constant
 */
struct membank_node {
	struct membank_bank *bank;
	struct membank_space *space;
};

static int node_get_info(struct membank_call *call)
{
	struct membank_node *node = call->file->private_data;
	struct membank_get_info *args = call->args;

	args->out_version = MEMBANK_ABI_VERSION;
	args->out_features = FEATURES;
	args->out_banks = membank_banks_count();
	args->out_bank = node->bank ? node->bank->index : MEMBANK_BANK_ANY;
	return 0;
}

static int node_bank_info(struct membank_call *call)
{
	struct membank_bank_info *args = call->args;
	struct membank_bank_figures figures;
	struct membank_bank *bank;

	bank = membank_bank_get(args->bank);
	if (!bank)
		return -ENOENT;

	membank_bank_figures(bank, &figures);
	args->out_length = (u64)bank->config.pages << PAGE_SHIFT;
	args->out_used = (u64)figures.used << PAGE_SHIFT;
	args->out_largest_free = (u64)figures.largest_free << PAGE_SHIFT;
	args->out_scrubbed = (u64)figures.scrubbed << PAGE_SHIFT;
	args->out_dataspaces = figures.dataspaces;
	args->out_node = bank->node;
	args->out_source = bank->config.source->id;
	args->out_flags = bank->config.flags;
	strscpy_pad(args->out_name, bank->config.name);
	args->out_quota = (u64)bank->config.quota << PAGE_SHIFT;
	args->out_charged = (u64)membank_quota_charged(&bank->quota)
			    << PAGE_SHIFT;
	return 0;
}

static int node_dataspace_alloc(struct membank_call *call)
{
	struct membank_node *node = call->file->private_data;
	struct membank_dataspace_alloc *args = call->args;
	struct dma_buf *dmabuf;

	if (args->flags & ~DATASPACE_FLAGS)
		return -EOPNOTSUPP;

	dmabuf = membank_dmabuf_alloc(node->bank, args->length, args->flags,
				      args->align, ALL_RIGHTS);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	args->out_fd = membank_call_publish(call, dmabuf->file);
	return args->out_fd < 0 ? args->out_fd : 0;
}

static int node_dataspace_info(struct membank_call *call)
{
	struct membank_dataspace_info *args = call->args;
	struct membank_dataspace *dataspace;
	struct dma_buf *dmabuf;
	int ret = -ENODEV;

	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	dataspace = membank_dmabuf_dataspace(dmabuf);
	if (membank_handle_is_revoked(membank_dmabuf_handle(dmabuf)))
		goto put_dmabuf;
	args->out_length = dataspace->length;
	args->out_extent = (u64)dataspace->pages << PAGE_SHIFT;
	args->out_offset =
		PFN_PHYS(dataspace->start - dataspace->bank->arena.start);
	args->out_bank = dataspace->bank->index;
	args->out_flags = dataspace->flags;
	args->out_mappings = membank_dataspace_mappings(dataspace);
	args->out_rights = membank_dmabuf_handle(dmabuf)->rights;
	ret = 0;
put_dmabuf:
	dma_buf_put(dmabuf);
	return ret;
}

static int node_dataspace_derive(struct membank_call *call)
{
	struct membank_dataspace_derive *args = call->args;
	struct dma_buf *dmabuf, *derived;

	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	derived = membank_dmabuf_derive(dmabuf, args->rights);
	dma_buf_put(dmabuf);
	if (IS_ERR(derived))
		return PTR_ERR(derived);
	args->out_fd = membank_call_publish(call, derived->file);
	return args->out_fd < 0 ? args->out_fd : 0;
}

static int node_dataspace_clear(struct membank_call *call)
{
	struct membank_dataspace_clear *args = call->args;
	struct dma_buf *dmabuf;
	int ret = -EACCES;

	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (membank_dmabuf_handle(dmabuf)->rights & MEMBANK_DATASPACE_WRITE)
		ret = membank_dataspace_clear(membank_dmabuf_handle(dmabuf),
					      args->offset, args->length);
	dma_buf_put(dmabuf);
	return ret;
}

static int node_dataspace_copy(struct membank_call *call)
{
	struct membank_dataspace_copy *args = call->args;
	struct dma_buf *to, *from;
	int ret = -EACCES;

	if (args->flags)
		return -EOPNOTSUPP;
	to = membank_dmabuf_get(args->fd);
	if (IS_ERR(to))
		return PTR_ERR(to);
	from = membank_dmabuf_get(args->from);
	if (IS_ERR(from)) {
		ret = PTR_ERR(from);
		goto put_to;
	}

	if (membank_dmabuf_handle(to)->rights & MEMBANK_DATASPACE_WRITE &&
	    membank_dmabuf_handle(from)->rights & MEMBANK_DATASPACE_READ)
		ret = membank_dataspace_copy(membank_dmabuf_handle(to),
					     args->offset,
					     membank_dmabuf_handle(from),
					     args->from_offset, args->length);
	dma_buf_put(from);
put_to:
	dma_buf_put(to);
	return ret;
}

static int node_dataspace_phys(struct membank_call *call)
{
	struct membank_dataspace_phys *args = call->args;
	struct membank_dataspace *dataspace;
	struct dma_buf *dmabuf;
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	dataspace = membank_dmabuf_dataspace(dmabuf);
	ret = -ENODEV;
	if (membank_handle_is_revoked(membank_dmabuf_handle(dmabuf)))
		goto put_dmabuf;
	ret = -ERANGE;
	if (args->offset >= dataspace->length)
		goto put_dmabuf;
	membank_dataspace_touch(dataspace);
	args->out_addr = PFN_PHYS(dataspace->start) + args->offset;
	args->out_length = dataspace->length - args->offset;
	ret = 0;
put_dmabuf:
	dma_buf_put(dmabuf);
	return ret;
}

static int node_dataspace_revoke(struct membank_call *call)
{
	struct membank_dataspace_revoke *args = call->args;
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = membank_dmabuf_revoke(dmabuf);
	dma_buf_put(dmabuf);
	return ret;
}

/* The region map of who calls, whoever opened the node; or an ERR_PTR. */
static struct membank_space *caller_space(struct membank_call *call)
{
	struct membank_node *node = call->file->private_data;

	if (node->space->mm != current->mm)
		return membank_space_get(current->mm);
	refcount_inc(&node->space->refs);
	return node->space;
}

static int node_region_attach(struct membank_call *call)
{
	struct membank_space *space = caller_space(call);
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);
	ret = membank_region_attach(space, call->args);
	membank_space_put(space);
	return ret;
}

static int node_region_detach(struct membank_call *call)
{
	struct membank_node *node = call->file->private_data;
	struct membank_region_detach *args = call->args;
	struct file *file = NULL;
	int fd = -1, ret;

	/* First what can fail: else nobody might hold the dataspace any more. */
	if (args->flags & MEMBANK_DETACH_DATASPACE) {
		fd = membank_call_reserve(call);
		if (fd < 0)
			return fd;
	}
	ret = membank_region_detach(node->space, args, &file);
	if (ret)
		return ret;
	args->out_fd = file ? fd : -1;
	if (file)
		membank_call_fill(call, file);
	return 0;
}

static int node_region_find(struct membank_call *call)
{
	struct membank_node *node = call->file->private_data;
	struct membank_region_find *args = call->args;
	struct file *file;
	int ret;

	ret = membank_lookup_find(node->space, args, &file);
	if (ret)
		return ret;
	args->out_fd = file ? membank_call_publish(call, file) : -1;
	return file && args->out_fd < 0 ? args->out_fd : 0;
}

static int node_region_list(struct membank_call *call)
{
	struct membank_node *node = call->file->private_data;

	return membank_lookup_list(node->space, call->args);
}

static int node_area_reserve(struct membank_call *call)
{
	struct membank_space *space = caller_space(call);
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);
	ret = membank_area_reserve(space, call->args);
	membank_space_put(space);
	return ret;
}

static int node_area_free(struct membank_call *call)
{
	struct membank_space *space = caller_space(call);
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);
	ret = membank_area_free(space, call->args);
	membank_space_put(space);
	return ret;
}

/* The commands of a device node; those of other descriptors stand beside them. */
static const struct membank_command node_commands[] = {
	MEMBANK_COMMAND(MEMBANK_IOC_GET_INFO, struct membank_get_info, out_bank,
			node_get_info),
	MEMBANK_COMMAND(MEMBANK_IOC_BANK_INFO, struct membank_bank_info,
			out_charged, node_bank_info),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_ALLOC,
			struct membank_dataspace_alloc, out_fd,
			node_dataspace_alloc),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_INFO,
			struct membank_dataspace_info, out_rights,
			node_dataspace_info),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_DERIVE,
			struct membank_dataspace_derive, out_fd,
			node_dataspace_derive),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_CLEAR,
			struct membank_dataspace_clear, length,
			node_dataspace_clear),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_COPY,
			struct membank_dataspace_copy, length,
			node_dataspace_copy),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_PHYS,
			struct membank_dataspace_phys, out_length,
			node_dataspace_phys),
	MEMBANK_COMMAND(MEMBANK_IOC_DATASPACE_REVOKE,
			struct membank_dataspace_revoke, fd,
			node_dataspace_revoke),
	MEMBANK_COMMAND(MEMBANK_IOC_REGION_ATTACH, struct membank_region_attach,
			out_start, node_region_attach),
	MEMBANK_COMMAND(MEMBANK_IOC_REGION_DETACH, struct membank_region_detach,
			__reserved, node_region_detach),
	MEMBANK_COMMAND(MEMBANK_IOC_REGION_FIND, struct membank_region_find,
			length, node_region_find),
	MEMBANK_COMMAND(MEMBANK_IOC_REGION_LIST, struct membank_region_list,
			out_next, node_region_list),
	MEMBANK_COMMAND(MEMBANK_IOC_AREA_RESERVE, struct membank_area_reserve,
			out_start, node_area_reserve),
	MEMBANK_COMMAND(MEMBANK_IOC_AREA_FREE, struct membank_area_free,
			out_length, node_area_free),
	MEMBANK_COMMAND(MEMBANK_IOC_PAGER_CREATE, struct membank_pager_create,
			out_attach_fd, membank_pager_ioctl_create),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_CREATE,
			struct membank_notifier_create, __reserved,
			membank_notifier_ioctl_create),
	MEMBANK_COMMAND(MEMBANK_IOC_SERVICE_REGISTER,
			struct membank_service_register, __reserved,
			membank_service_ioctl_register),
	MEMBANK_COMMAND(MEMBANK_IOC_SERVICE_CONNECT,
			struct membank_service_connect, name,
			membank_connection_ioctl_connect),
	MEMBANK_COMMAND(MEMBANK_IOC_SERVICE_LIST, struct membank_service_list,
			after, membank_service_ioctl_list),
	MEMBANK_COMMAND(MEMBANK_IOC_SERVICE_CLIENTS,
			struct membank_service_clients, name,
			membank_connection_ioctl_clients),
};

/* What is compiled into programs: it changes at the end only. */
static_assert(sizeof(struct membank_get_info) == 24);
static_assert(sizeof(struct membank_bank_info) == 136);
static_assert(sizeof(struct membank_dataspace_alloc) == 24);
static_assert(sizeof(struct membank_dataspace_info) == 48);
static_assert(sizeof(struct membank_dataspace_derive) == 16);
static_assert(sizeof(struct membank_dataspace_clear) == 24);
static_assert(sizeof(struct membank_dataspace_copy) == 40);
static_assert(sizeof(struct membank_dataspace_phys) == 32);
static_assert(sizeof(struct membank_dataspace_revoke) == 8);
static_assert(sizeof(struct membank_region_attach) == 48);
static_assert(sizeof(struct membank_region_detach) == 64);
static_assert(sizeof(struct membank_region_find) == 56);
static_assert(sizeof(struct membank_region_entry) == 56);
static_assert(sizeof(struct membank_region_list) == 56);
static_assert(sizeof(struct membank_area_reserve) == 40);
static_assert(sizeof(struct membank_area_free) == 32);

static long node_ioctl(struct file *file, unsigned int number,
		       unsigned long arg)
{
	return membank_ioctl(file, number, arg, node_commands,
			     ARRAY_SIZE(node_commands));
}

/*
 * Allocates a dataspace as long as the mapping and makes the mapping one of
 * its dma-buf, which nothing else holds: its lifetime is that of the memory.
 */
static int node_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct membank_node *node = file->private_data;
	struct dma_buf *dmabuf;
	int ret;

	if (vma->vm_pgoff)
		return -EINVAL;
	/* What is wrong is told before it is tried whether there is room. */
	ret = membank_mapping_check(vma);
	if (ret)
		return ret;

	dmabuf = membank_dmabuf_alloc(node->bank, vma->vm_end - vma->vm_start,
				      0, 0, ALL_RIGHTS);
	/* For mmap() there is one error for "no room", however much is asked. */
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf) == -ERANGE ? -ENOMEM : PTR_ERR(dmabuf);

	ret = membank_mapping_init(vma, membank_dmabuf_handle(dmabuf), 0, NULL);
	if (!ret)
		vma_set_file(vma, dmabuf->file);
	/* The mapping holds it now, or nobody. */
	dma_buf_put(dmabuf);
	return ret;
}

static int node_open(struct inode *inode, struct file *file)
{
	struct membank_node *node;

	node = kzalloc_obj(*node, GFP_KERNEL_ACCOUNT);
	if (!node)
		return -ENOMEM;
	/* Minor 0 is the node for any bank, minor N + 1 that of bank N. */
	if (iminor(inode))
		node->bank = membank_bank_get(iminor(inode) - 1);
	node->space = membank_space_get(current->mm);
	if (IS_ERR(node->space)) {
		int ret = PTR_ERR(node->space);

		kfree(node);
		return ret;
	}
	file->private_data = node;
	return 0;
}

static int node_release(struct inode *inode, struct file *file)
{
	struct membank_node *node = file->private_data;

	membank_space_put(node->space);
	kfree(node);
	return 0;
}

static void node_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct membank_node *node = file->private_data;

	seq_printf(seq, "membank-bank:\t%s\n",
		   node->bank ? node->bank->config.name : "any");
}

static const struct file_operations node_fops = {
	.owner = THIS_MODULE,
	.open = node_open,
	.release = node_release,
	.unlocked_ioctl = node_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = node_mmap,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.get_unmapped_area = thp_get_unmapped_area,
#endif
	.llseek = noop_llseek,
	.show_fdinfo = node_show_fdinfo,
};

static struct class *node_class;
static struct cdev node_cdev;
static dev_t node_devt;

static void destroy_devices(unsigned int minors)
{
	while (minors--)
		device_destroy(node_class, node_devt + minors);
}

static struct device *create_device(unsigned int minor,
				    const struct attribute_group **groups)
{
	dev_t devt = node_devt + minor;

	if (!minor)
		return device_create(node_class, NULL, devt, NULL, "membank");
	return device_create_with_groups(node_class, NULL, devt,
					 membank_bank_get(minor - 1), groups,
					 "membank%u", minor - 1);
}

static int create_devices(const struct attribute_group **bank_groups)
{
	struct device *dev;
	unsigned int minor;

	for (minor = 0; minor <= membank_banks_count(); minor++) {
		dev = create_device(minor, bank_groups);
		if (IS_ERR(dev)) {
			destroy_devices(minor);
			return PTR_ERR(dev);
		}
	}
	return 0;
}

/**
 * membank_chardev_init() - make the device nodes
 * @bank_groups: sysfs attributes of a bank's device, whose drvdata is the bank
 *
 * The last step of loading: from here on there are users.
 *
 * Return: 0 or a negative errno.
 */
int membank_chardev_init(const struct attribute_group **bank_groups)
{
	unsigned int minors = membank_banks_count() + 1;
	int ret;

	ret = alloc_chrdev_region(&node_devt, 0, minors, KBUILD_MODNAME);
	if (ret)
		return ret;

	node_class = class_create(KBUILD_MODNAME);
	if (IS_ERR(node_class)) {
		ret = PTR_ERR(node_class);
		goto unregister_region;
	}

	cdev_init(&node_cdev, &node_fops);
	node_cdev.owner = THIS_MODULE;
	ret = create_devices(bank_groups);
	if (ret)
		goto destroy_class;

	/* Last: whoever opened a node could not be told that loading failed. */
	ret = cdev_add(&node_cdev, node_devt, minors);
	if (ret)
		goto destroy_devices;
	return 0;

destroy_devices:
	destroy_devices(minors);
destroy_class:
	class_destroy(node_class);
unregister_region:
	unregister_chrdev_region(node_devt, minors);
	return ret;
}

/**
 * membank_chardev_exit() - take the device nodes away
 */
void membank_chardev_exit(void)
{
	unsigned int minors = membank_banks_count() + 1;

	cdev_del(&node_cdev);
	destroy_devices(minors);
	class_destroy(node_class);
	unregister_chrdev_region(node_devt, minors);
}
