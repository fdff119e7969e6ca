// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers: one side triggers, the other side receives, by an eventfd of its own
 * or at the descriptor itself. After L4Re's Irq. What a trigger does stands in
 * trigger.c; here are the descriptors and their commands.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include <linux/membank.h>

#include "compat.h"
#include "deadline.h"
#include "ioctl.h"
#include "notifier.h"
#include "peers.h"
#include "receive.h"
#include "trigger.h"

#define NOTIFIER_RIGHTS (MEMBANK_NOTIFIER_TRIGGER | MEMBANK_NOTIFIER_RECEIVE)

static const struct file_operations notifier_fops;

/* A new descriptor; what it holds ends in notifier_release(). */
static struct file *notifier_open(struct membank_notifier *notifier, u32 rights,
				  const struct membank_tag *tag,
				  const struct membank_notifier_handle *parent)
{
	struct membank_notifier_handle *handle;
	struct file *file;

	handle = membank_peer_open(notifier, rights, tag, parent);
	if (IS_ERR(handle))
		return ERR_CAST(handle);
	file = anon_inode_getfile("[membank-notifier]", &notifier_fops, handle,
				  O_RDWR);
	if (IS_ERR(file))
		membank_trigger_close(handle);
	return file;
}

/*
 * Called whenever a descriptor of the file is closed, hence before the release
 * of any file that somebody had, but not of one that a command made and dropped
 * again because it failed: such a one was never the other side.
 */
static int notifier_flush(struct file *file, fl_owner_t id)
{
	struct membank_notifier_handle *handle = file->private_data;

	WRITE_ONCE(handle->published, true);
	return 0;
}

static int notifier_release(struct inode *inode, struct file *file)
{
	membank_trigger_close(file->private_data);
	return 0;
}

static __poll_t notifier_poll(struct file *file, poll_table *table)
{
	struct membank_notifier_handle *handle = file->private_data;

	poll_wait(file, &handle->waiters, table);
	return membank_receive_poll(handle);
}

/* 0, -EACCES, -ENODEV. */
static int check_rights(const struct membank_notifier_handle *handle,
			u32 rights)
{
	if (rights & ~handle->rights)
		return -EACCES;
	return READ_ONCE(handle->revoked) ? -ENODEV : 0;
}

static ssize_t notifier_read(struct file *file, char __user *buffer,
			     size_t length, loff_t *offset)
{
	struct membank_notifier_handle *handle = file->private_data;
	const bool nonblock = file->f_flags & O_NONBLOCK;
	u64 count;
	int ret;

	if (length < sizeof(count))
		return -EINVAL;
	ret = check_rights(handle, MEMBANK_NOTIFIER_RECEIVE);
	if (ret)
		return ret;
	ret = membank_trigger_count(handle);
	if (ret)
		return ret;
	ret = membank_receive(handle, nonblock ? 0 : KTIME_MAX, false, &count);
	if (ret)
		return ret == -ETIME ? -EAGAIN : ret;
	if (put_user(count, (u64 __user *)buffer)) {
		membank_trigger_give_back(handle, count);
		return -EFAULT;
	}
	return sizeof(count);
}

static ssize_t notifier_write(struct file *file, const char __user *buffer,
			      size_t length, loff_t *offset)
{
	struct membank_notifier_handle *handle = file->private_data;
	u64 count;
	int ret;

	ret = check_rights(handle, MEMBANK_NOTIFIER_TRIGGER);
	if (ret)
		return ret;
	if (length != sizeof(count))
		return -EINVAL;
	if (get_user(count, (u64 __user *)buffer))
		return -EFAULT;
	if (count != 1)
		return -EINVAL;
	membank_trigger(handle->notifier, false);
	return sizeof(count);
}

static int notifier_trigger(struct membank_call *call)
{
	struct membank_notifier_handle *handle = call->file->private_data;
	struct membank_notifier_trigger *args = call->args;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	ret = check_rights(handle, MEMBANK_NOTIFIER_TRIGGER);
	if (!ret)
		membank_trigger(handle->notifier, false);
	return ret;
}

static int notifier_bind(struct membank_call *call)
{
	struct membank_notifier_handle *handle = call->file->private_data;
	struct membank_notifier_bind *args = call->args;
	int ret;

	if (args->flags & ~MEMBANK_BIND_ONESHOT)
		return -EOPNOTSUPP;
	if (args->__reserved || (args->eventfd == -1 && args->flags))
		return -EINVAL;
	ret = check_rights(handle, MEMBANK_NOTIFIER_RECEIVE);
	if (ret)
		return ret;
	return membank_trigger_bind(handle, args->eventfd,
				    args->flags & MEMBANK_BIND_ONESHOT);
}

static int notifier_unmask(struct membank_call *call)
{
	struct membank_notifier_handle *handle = call->file->private_data;
	struct membank_notifier_unmask *args = call->args;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	ret = check_rights(handle, MEMBANK_NOTIFIER_RECEIVE);
	return ret ?: membank_trigger_unmask(handle);
}

static int notifier_derive(struct membank_call *call)
{
	struct membank_notifier_handle *handle = call->file->private_data;
	struct membank_notifier_derive *args = call->args;
	struct file *file;
	int fd, ret;

	if (args->rights & ~NOTIFIER_RIGHTS)
		return -EOPNOTSUPP;
	if (args->__reserved || !args->rights)
		return -EINVAL;
	ret = check_rights(handle, args->rights);
	if (ret)
		return ret;

	file = notifier_open(handle->notifier, args->rights, &handle->lent.tag,
			     handle);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = membank_call_publish(call, file);
	if (fd < 0)
		return fd;
	args->out_fd = fd;
	return 0;
}

/*
 * A signal came first. Tells the caller what is left to do, so that whoever makes
 * the call once more, the kernel or the program, does just that.
 */
static int interrupted(struct membank_call *call, ktime_t deadline)
{
	struct membank_notifier_call *args = call->args;

	args->flags |= MEMBANK_CALL_TRIGGERED;
	if (deadline != KTIME_MAX)
		args->timeout_ns = max(ktime_sub(deadline, ktime_get()), 1);
	return membank_call_write_back(call) ?: -ERESTARTSYS;
}

/*
 * 0 or -EFAULT: who cannot be told of triggers has not received them. Most often
 * there is a number to tell, and nothing else.
 */
static int call_tell(struct membank_call *call,
		     struct membank_notifier_handle *wait)
{
	struct membank_notifier_call __user *user = call->user;
	struct membank_notifier_call *args = call->args;
	int ret;

	call->written = true;
	if (args->flags) {
		args->flags = 0;
		ret = membank_call_write_back(call);
	} else {
		ret = put_user(args->out_count, &user->out_count);
	}
	if (ret)
		membank_trigger_give_back(wait, args->out_count);
	return ret;
}

static int call_and_wait(struct membank_call *call,
			 struct membank_notifier_handle *wait)
{
	struct membank_notifier_handle *handle = call->file->private_data;
	struct membank_notifier_call *args = call->args;
	const bool triggers = !(args->flags & MEMBANK_CALL_TRIGGERED);
	ktime_t deadline;
	int ret;

	/* Whom it has triggered is of no concern any more. */
	ret = triggers ? check_rights(handle, MEMBANK_NOTIFIER_TRIGGER) : 0;
	if (ret)
		return ret;
	ret = check_rights(wait, MEMBANK_NOTIFIER_RECEIVE);
	if (ret)
		return ret;
	ret = membank_trigger_count(wait);
	if (ret == -EBUSY && !triggers)
		return -ECANCELED;
	if (ret)
		return ret;

	deadline = membank_deadline(args->timeout_ns);
	if (triggers)
		membank_trigger(handle->notifier,
				deadline && !membank_receive_spins(wait));
	ret = membank_receive(wait, deadline, true, &args->out_count);
	if (ret == -ERESTARTSYS)
		return interrupted(call, deadline);
	if (!ret)
		return call_tell(call, wait);
	return ret == -ETIME ? -ETIMEDOUT : ret;
}

static int call_with(struct membank_call *call, int wait_fd)
{
	/* The descriptor stays until the call ends, whoever closes it. */
	CLASS(fd, wait)(wait_fd);
	if (fd_empty(wait))
		return -EBADF;
	if (fd_file(wait)->f_op != &notifier_fops)
		return -EINVAL;
	return call_and_wait(call, fd_file(wait)->private_data);
}

static int notifier_call(struct membank_call *call)
{
	struct membank_notifier_call *args = call->args;
	int ret;

	if (args->flags & ~MEMBANK_CALL_TRIGGERED)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	ret = call_with(call, args->wait_fd);
	/* It is over: the struct says so, and can be used for the next. */
	if (ret && ret != -ERESTARTSYS && args->flags) {
		args->flags = 0;
		if (membank_call_write_back(call))
			return -EFAULT;
	}
	return ret;
}

static const struct membank_command notifier_commands[] = {
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_CALL, struct membank_notifier_call,
			out_count, notifier_call),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_TRIGGER,
			struct membank_notifier_trigger, flags,
			notifier_trigger),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_DERIVE,
			struct membank_notifier_derive, __reserved,
			notifier_derive),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_BIND, struct membank_notifier_bind,
			__reserved, notifier_bind),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_UNMASK,
			struct membank_notifier_unmask, flags, notifier_unmask),
};

static_assert(sizeof(struct membank_notifier_create) == 16);
static_assert(sizeof(struct membank_notifier_derive) == 16);
static_assert(sizeof(struct membank_notifier_bind) == 16);
static_assert(sizeof(struct membank_notifier_trigger) == 8);
static_assert(sizeof(struct membank_notifier_unmask) == 8);
static_assert(sizeof(struct membank_notifier_call) == 32);

static long notifier_ioctl(struct file *file, unsigned int number,
			   unsigned long arg)
{
	return membank_ioctl(file, number, arg, notifier_commands,
			     ARRAY_SIZE(notifier_commands));
}

static void notifier_show_fdinfo(struct seq_file *seq, struct file *file)
{
	const struct membank_notifier_handle *handle = file->private_data;

	seq_printf(seq, "membank-rights:\t%s%s\nmembank-bound:\t%d\n",
		   handle->rights & MEMBANK_NOTIFIER_TRIGGER ? "t" : "-",
		   handle->rights & MEMBANK_NOTIFIER_RECEIVE ? "r" : "-",
		   READ_ONCE(handle->bound));
}

static const struct file_operations notifier_fops = {
	.owner = THIS_MODULE,
	.flush = notifier_flush,
	.release = notifier_release,
	.poll = notifier_poll,
	.read = notifier_read,
	.write = notifier_write,
	.unlocked_ioctl = notifier_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
	.show_fdinfo = notifier_show_fdinfo,
};

/**
 * membank_notifier_ioctl_create() - make a notifier
 * @call: args is a &struct membank_notifier_create
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_notifier_ioctl_create(struct membank_call *call)
{
	struct membank_notifier_create *args = call->args;
	const struct membank_tag nobody = {};
	struct membank_notifier *notifier;
	struct file *file;
	int fd;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	notifier = membank_notifier_alloc();
	if (!notifier)
		return -ENOMEM;
	/* The descriptor holds the notifier, or nobody does. */
	file = notifier_open(notifier, NOTIFIER_RIGHTS, &nobody, NULL);
	membank_notifier_put(notifier);
	if (IS_ERR(file))
		return PTR_ERR(file);

	fd = membank_call_publish(call, file);
	if (fd < 0)
		return fd;
	args->out_fd = fd;
	return 0;
}

static void *notifier_offer_get(struct file *file, u32 *rights)
{
	struct membank_notifier_handle *handle;
	struct membank_notifier *notifier;
	int ret;

	if (file->f_op != &notifier_fops)
		return NULL;
	handle = file->private_data;
	notifier = handle->notifier;
	spin_lock(&notifier->lock);
	ret = membank_tag_check_offer(&handle->lent.tag, handle->revoked);
	spin_unlock(&notifier->lock);
	if (ret)
		return ERR_PTR(ret);
	membank_notifier_get(notifier);
	*rights = handle->rights;
	return notifier;
}

static struct file *notifier_offer_open(void *object, u32 rights,
					const struct membank_tag *tag)
{
	return notifier_open(object, rights, tag, NULL);
}

static void notifier_offer_notify(void *object, const struct membank_tag *tag)
{
	if (tag)
		membank_trigger_lent(object, tag);
	else
		membank_trigger(object, false);
}

static void notifier_offer_revoke(void *object, const struct membank_tag *tag)
{
	membank_trigger_revoke(object, tag);
}

static void notifier_offer_put(void *object)
{
	membank_notifier_put(object);
}

/* Every client of a service gets a handle of its own, so that its end shows. */
const struct membank_offer_ops membank_notifier_offer_ops = {
	.kind = MEMBANK_OFFER_NOTIFIER,
	.known_rights = NOTIFIER_RIGHTS,
	.get = notifier_offer_get,
	.open = notifier_offer_open,
	.notify = notifier_offer_notify,
	.revoke = notifier_offer_revoke,
	.put = notifier_offer_put,
};
