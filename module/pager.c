// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pagers: the descriptors that faults are read from and regions attached with.
 * Each is one end of a pager; what lies between is in paged.c.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <linux/membank.h>

#include "compat.h"
#include "dmabuf.h"
#include "ioctl.h"
#include "paged.h"
#include "pager.h"
#include "wake.h"

static struct membank_fault *find_fault(struct membank_pager *pager, u64 id)
{
	struct membank_fault *fault;

	lockdep_assert_held(&pager->lock);
	list_for_each_entry(fault, &pager->faults, node)
		if (fault->told.id == id)
			return membank_fault_waits(fault) ? fault : NULL;
	return NULL;
}

/* The oldest that was not read, as the caller sees it. */
static bool take_unread(struct membank_pager *pager,
			struct membank_pager_fault *told)
{
	struct pid_namespace *namespace = task_active_pid_ns(current);
	struct membank_fault *fault;
	bool found = false;

	mutex_lock(&pager->lock);
	list_for_each_entry(fault, &pager->faults, node) {
		found = fault->state == MEMBANK_FAULT_QUEUED;
		if (!found)
			continue;
		membank_fault_set(fault, MEMBANK_FAULT_READ);
		*told = fault->told;
		told->pid = pid_nr_ns(fault->pid, namespace);
		told->tid = pid_nr_ns(fault->tid, namespace);
		break;
	}
	mutex_unlock(&pager->lock);
	return found;
}

static void give_back(struct membank_pager *pager, u64 id)
{
	struct membank_fault *fault;

	mutex_lock(&pager->lock);
	fault = find_fault(pager, id);
	if (fault && fault->state == MEMBANK_FAULT_LEFT)
		membank_fault_free(fault);
	else if (fault)
		membank_fault_set(fault, MEMBANK_FAULT_QUEUED);
	mutex_unlock(&pager->lock);
	/* Another reader may have found nothing meanwhile. */
	wake_up_poll(&pager->readers, EPOLLIN | EPOLLRDNORM);
}

/* There is a fault, or the end: no other can come. */
static bool is_readable(const struct membank_pager *pager)
{
	return READ_ONCE(pager->unread) || READ_ONCE(pager->unused);
}

static ssize_t pager_read(struct file *file, char __user *buffer, size_t length,
			  loff_t *offset)
{
	struct membank_pager *pager = file->private_data;
	const size_t one = pager->fault_size;
	struct membank_pager_fault told;
	size_t done = 0;
	int ret;

	if (length < one)
		return -EINVAL;
	while (length - done >= one) {
		if (take_unread(pager, &told)) {
			ret = copy_struct_to_user(buffer + done, one, &told,
						  sizeof(told), NULL);
			if (ret) {
				give_back(pager, told.id);
				return done ?: ret;
			}
			done += one;
			continue;
		}
		if (done || READ_ONCE(pager->unused))
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_freezable(pager->readers, is_readable(pager));
		if (ret)
			return ret;
	}
	return done;
}

static __poll_t pager_poll(struct file *file, poll_table *table)
{
	struct membank_pager *pager = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &pager->readers, table);
	if (READ_ONCE(pager->unread))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(pager->unused))
		events |= EPOLLHUP;
	return events;
}

static int pager_release(struct inode *inode, struct file *file)
{
	struct membank_pager *pager = file->private_data;
	struct membank_fault *fault, *next;

	mutex_lock(&pager->lock);
	WRITE_ONCE(pager->gone, true);
	list_for_each_entry_safe(fault, next, &pager->faults, node)
		if (membank_fault_waits(fault))
			membank_fault_end(fault, MEMBANK_FAULT_FAILED);
	mutex_unlock(&pager->lock);
	membank_wake_pollers(&pager->users);
	membank_pager_put(pager);
	return 0;
}

static int pager_ioctl_reply(struct membank_call *call)
{
	struct membank_pager *pager = call->file->private_data;
	struct membank_pager_reply *args = call->args;
	struct dma_buf *dmabuf = NULL;
	struct membank_fault *fault;
	int ret = -ENOENT;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved || !PAGE_ALIGNED(args->offset) || args->fd < -1)
		return -EINVAL;
	if (args->fd >= 0)
		dmabuf = membank_dmabuf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	mutex_lock(&pager->lock);
	fault = find_fault(pager, args->id);
	if (fault && dmabuf) {
		ret = membank_paged_answer(fault, dmabuf, args);
	} else if (fault) {
		membank_fault_end(fault, MEMBANK_FAULT_FAILED);
		ret = 0;
	}
	mutex_unlock(&pager->lock);
	if (dmabuf)
		dma_buf_put(dmabuf);
	return ret;
}

static const struct membank_command pager_commands[] = {
	MEMBANK_COMMAND(MEMBANK_IOC_PAGER_REPLY, struct membank_pager_reply,
			__reserved, pager_ioctl_reply),
};

/* What is compiled into programs: it changes at the end only. */
static_assert(sizeof(struct membank_pager_create) == 24);
static_assert(sizeof(struct membank_pager_fault) == 40);
static_assert(sizeof(struct membank_pager_reply) == 40);

static long pager_ioctl(struct file *file, unsigned int number,
			unsigned long arg)
{
	return membank_ioctl(file, number, arg, pager_commands,
			     ARRAY_SIZE(pager_commands));
}

static const struct file_operations pager_fops = {
	.owner = THIS_MODULE,
	.release = pager_release,
	.unlocked_ioctl = pager_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = pager_read,
	.poll = pager_poll,
	.llseek = noop_llseek,
};

static __poll_t attach_poll(struct file *file, poll_table *table)
{
	struct membank_pager *pager = file->private_data;

	poll_wait(file, &pager->users, table);
	return READ_ONCE(pager->gone) ? EPOLLHUP : 0;
}

static int attach_release(struct inode *inode, struct file *file)
{
	struct membank_pager *pager = file->private_data;

	WRITE_ONCE(pager->unused, true);
	membank_wake_pollers(&pager->readers);
	membank_pager_put(pager);
	return 0;
}

static const struct file_operations attach_fops = {
	.owner = THIS_MODULE,
	.release = attach_release,
	.poll = attach_poll,
	.llseek = noop_llseek,
};

/**
 * membank_pager_region() - make a region with a pager, to be mapped
 * @fd: the end of a pager that regions are attached with
 * @offset: bytes, whole pages, that the pager knows its beginning as
 * @length: bytes, whole pages
 * @flags: set of &enum membank_region_flags
 *
 * Return: as membank_paged_create(), or an ERR_PTR: -EBADF, -EINVAL (not such an
 * end), -ERANGE (@offset and @length lead beyond what there can be).
 */
struct file *membank_pager_region(int fd, u64 offset, u64 length, u32 flags)
{
	struct file *attached;

	if (offset + length < offset)
		return ERR_PTR(-ERANGE);
	attached = fget(fd);
	if (!attached)
		return ERR_PTR(-EBADF);
	if (attached->f_op == &attach_fops)
		return membank_paged_create(attached, offset, length, flags);
	fput(attached);
	return ERR_PTR(-EINVAL);
}

static struct membank_pager *create_pager(u32 fault_size)
{
	struct membank_pager *pager;

	pager = kzalloc_obj(*pager, GFP_KERNEL_ACCOUNT);
	if (!pager)
		return NULL;
	refcount_set(&pager->refs, 1);
	pager->fault_size = fault_size;
	mutex_init(&pager->lock);
	INIT_LIST_HEAD(&pager->faults);
	init_waitqueue_head(&pager->readers);
	init_waitqueue_head(&pager->users);
	return pager;
}

/* A new end, which holds the pager. */
static int publish_end(struct membank_call *call, struct membank_pager *pager,
		       const struct file_operations *fops, int flags)
{
	struct file *file;

	refcount_inc(&pager->refs);
	file = anon_inode_getfile("[membank-pager]", fops, pager, flags);
	if (IS_ERR(file)) {
		membank_pager_put(pager);
		return PTR_ERR(file);
	}
	return membank_call_publish(call, file);
}

/**
 * membank_pager_ioctl_create() - MEMBANK_IOC_PAGER_CREATE
 * @call: the call
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_pager_ioctl_create(struct membank_call *call)
{
	struct membank_pager_create *args = call->args;
	struct membank_pager *pager;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;
	ret = membank_element_check(args->fault_size,
				    offsetofend(struct membank_pager_fault,
						__reserved));
	if (ret)
		return ret;
	pager = create_pager(args->fault_size);
	if (!pager)
		return -ENOMEM;

	ret = publish_end(call, pager, &pager_fops, O_RDWR);
	if (ret < 0)
		goto put_pager;
	args->out_fd = ret;
	ret = publish_end(call, pager, &attach_fops, O_RDWR);
	if (ret < 0)
		goto put_pager;
	args->out_attach_fd = ret;
	ret = 0;
put_pager:
	membank_pager_put(pager);
	return ret;
}
