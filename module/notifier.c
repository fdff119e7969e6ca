// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers: one side triggers, the other side receives through an eventfd of
 * its own. After L4Re's Irq.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <linux/membank.h>

#include "compat.h"
#include "ioctl.h"
#include "notifier.h"
#include "trace.h"

#define NOTIFIER_RIGHTS (MEMBANK_NOTIFIER_TRIGGER | MEMBANK_NOTIFIER_RECEIVE)

/**
 * struct membank_notifier - what all descriptors of a notifier share
 * @refs: handles, and services that offer it
 * @bindings: struct notifier_binding; changed under @lock, read under RCU
 * @hangup: who polls a handle, to learn that the other side is gone
 * @lock: guards @bindings against change and all that follows; no other lock is
 *        taken under it
 * @missed: a trigger found nobody bound, and nobody was since
 * @triggers: handles with the right TRIGGER
 * @receivers: handles with the right RECEIVE
 * @trigger_left: a descriptor with the right TRIGGER is gone
 * @receiver_left: a descriptor with the right RECEIVE is gone
 */
struct membank_notifier {
	struct kref refs;
	struct list_head bindings;
	wait_queue_head_t hangup;

	/* Counts of handles, and changes of bindings. */
	spinlock_t lock;
	bool missed;
	u64 triggers;
	u64 receivers;
	bool trigger_left;
	bool receiver_left;
};

/**
 * struct notifier_binding - an eventfd that counts triggers
 * @node: in the notifier's bindings
 * @eventfd: the eventfd; the binding holds it
 * @rcu: frees the binding when no trigger can see it any more
 */
struct notifier_binding {
	struct list_head node;
	struct eventfd_ctx *eventfd;
	struct rcu_head rcu;
};

/**
 * struct notifier_handle - one descriptor of a notifier
 * @notifier: whose; the handle holds it; constant
 * @rights: set of &enum membank_notifier_rights; constant
 * @published: was in a table of descriptors; set once, without a lock
 * @binding: what it has bound, or NULL; under the notifier's lock
 */
struct notifier_handle {
	struct membank_notifier *notifier;
	u32 rights;
	bool published;
	struct notifier_binding *binding;
};

static const struct file_operations notifier_fops;

static void notifier_free(struct kref *refs)
{
	struct membank_notifier *notifier =
		container_of(refs, struct membank_notifier, refs);

	WARN_ON(!list_empty(&notifier->bindings));
	kfree(notifier);
}

/* May run in softirq context; membank_exit() waits for it by rcu_barrier(). */
static void binding_free(struct rcu_head *rcu)
{
	struct notifier_binding *binding =
		container_of(rcu, struct notifier_binding, rcu);

	eventfd_ctx_put(binding->eventfd);
	kfree(binding);
}

/* A new descriptor; what it holds ends in notifier_release(). */
static struct file *notifier_open(struct membank_notifier *notifier, u32 rights)
{
	struct notifier_handle *handle;
	struct file *file;

	handle = kzalloc_obj(*handle, GFP_KERNEL_ACCOUNT);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->notifier = notifier;
	handle->rights = rights;

	file = anon_inode_getfile("[membank-notifier]", &notifier_fops, handle,
				  O_RDWR);
	if (IS_ERR(file)) {
		kfree(handle);
		return file;
	}

	kref_get(&notifier->refs);
	spin_lock(&notifier->lock);
	if (rights & MEMBANK_NOTIFIER_TRIGGER)
		notifier->triggers++;
	if (rights & MEMBANK_NOTIFIER_RECEIVE)
		notifier->receivers++;
	spin_unlock(&notifier->lock);
	return file;
}

/*
 * Gives @handle another binding, or none, and sets @former to what it had, for
 * the caller to free after a grace period. Returns whether the new one has a
 * trigger to receive that was missed before.
 */
static bool handle_rebind(struct notifier_handle *handle,
			  struct notifier_binding *binding,
			  struct notifier_binding **former)
{
	struct membank_notifier *notifier = handle->notifier;
	struct notifier_binding *old;
	bool missed = false;

	spin_lock(&notifier->lock);
	old = handle->binding;
	handle->binding = binding;
	/* One step for a trigger under way: it sees the old or the new one. */
	if (old && binding)
		list_replace_rcu(&old->node, &binding->node);
	else if (binding)
		list_add_rcu(&binding->node, &notifier->bindings);
	else if (old)
		list_del_rcu(&old->node);
	if (binding)
		swap(missed, notifier->missed);
	spin_unlock(&notifier->lock);

	*former = old;
	return missed;
}

/*
 * Called whenever a descriptor of the file is closed, hence before the release
 * of any file that somebody had, but not of one that a command made and dropped
 * again because it failed: such a one was never the other side.
 */
static int notifier_flush(struct file *file, fl_owner_t id)
{
	struct notifier_handle *handle = file->private_data;

	WRITE_ONCE(handle->published, true);
	return 0;
}

static int notifier_release(struct inode *inode, struct file *file)
{
	struct notifier_handle *handle = file->private_data;
	struct membank_notifier *notifier = handle->notifier;
	struct notifier_binding *former;

	handle_rebind(handle, NULL, &former);
	if (former)
		call_rcu(&former->rcu, binding_free);
	spin_lock(&notifier->lock);
	if (handle->rights & MEMBANK_NOTIFIER_TRIGGER) {
		notifier->triggers--;
		notifier->trigger_left |= handle->published;
	}
	if (handle->rights & MEMBANK_NOTIFIER_RECEIVE) {
		notifier->receivers--;
		notifier->receiver_left |= handle->published;
	}
	spin_unlock(&notifier->lock);
	kfree(handle);

	/*
	 * Those who wait there poll handles of their own, each of which holds
	 * the notifier, and so the wait queue, for as long as they wait.
	 */
	wake_up_poll(&notifier->hangup, EPOLLHUP);
	kref_put(&notifier->refs, notifier_free);
	return 0;
}

static __poll_t notifier_poll(struct file *file, poll_table *wait)
{
	struct notifier_handle *handle = file->private_data;
	struct membank_notifier *notifier = handle->notifier;
	bool triggers = handle->rights & MEMBANK_NOTIFIER_TRIGGER;
	bool receives = handle->rights & MEMBANK_NOTIFIER_RECEIVE;
	bool left = false;
	u64 peers = 0;

	poll_wait(file, &notifier->hangup, wait);

	/* With both rights a handle is no peer of its own. */
	spin_lock(&notifier->lock);
	if (receives) {
		peers += notifier->triggers - triggers;
		left |= notifier->trigger_left;
	}
	if (triggers) {
		peers += notifier->receivers - receives;
		left |= notifier->receiver_left;
	}
	spin_unlock(&notifier->lock);
	return left && !peers ? EPOLLHUP : 0;
}

static unsigned int signal_bindings(struct membank_notifier *notifier)
{
	struct notifier_binding *binding;
	unsigned int receivers = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(binding, &notifier->bindings, node) {
		eventfd_signal(binding->eventfd);
		receivers++;
	}
	rcu_read_unlock();
	return receivers;
}

/* Notes that nobody is bound; false if somebody is, by now. */
static bool note_missed(struct membank_notifier *notifier)
{
	bool missed;

	spin_lock(&notifier->lock);
	missed = list_empty(&notifier->bindings);
	if (missed)
		notifier->missed = true;
	spin_unlock(&notifier->lock);
	return missed;
}

static int notifier_trigger(struct membank_call *call)
{
	struct notifier_handle *handle = call->file->private_data;
	struct membank_notifier *notifier = handle->notifier;
	struct membank_notifier_trigger *args = call->args;
	unsigned int receivers;

	if (args->flags)
		return -EOPNOTSUPP;
	if (!(handle->rights & MEMBANK_NOTIFIER_TRIGGER))
		return -EACCES;

	do {
		receivers = signal_bindings(notifier);
	} while (!receivers && !note_missed(notifier));
	trace_membank_trigger(notifier, receivers);
	return 0;
}

static struct notifier_binding *binding_create(int fd)
{
	struct notifier_binding *binding;
	struct eventfd_ctx *eventfd;

	binding = kzalloc_obj(*binding, GFP_KERNEL_ACCOUNT);
	if (!binding)
		return ERR_PTR(-ENOMEM);
	eventfd = eventfd_ctx_fdget(fd);
	if (IS_ERR(eventfd)) {
		kfree(binding);
		return ERR_CAST(eventfd);
	}
	binding->eventfd = eventfd;
	return binding;
}

static int notifier_bind(struct membank_call *call)
{
	struct notifier_handle *handle = call->file->private_data;
	struct notifier_binding *binding = NULL, *former;
	struct membank_notifier_bind *args = call->args;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;
	if (!(handle->rights & MEMBANK_NOTIFIER_RECEIVE))
		return -EACCES;
	if (args->eventfd != -1) {
		binding = binding_create(args->eventfd);
		if (IS_ERR(binding))
			return PTR_ERR(binding);
	}

	/*
	 * Another thread may bind or close meanwhile and end this binding: the
	 * reader's side of RCU keeps it for the signal below.
	 */
	rcu_read_lock();
	if (handle_rebind(handle, binding, &former))
		eventfd_signal(binding->eventfd);
	rcu_read_unlock();

	/*
	 * On return no trigger reaches what was bound before. Binding is rare,
	 * but a program waits for it.
	 */
	if (former) {
		synchronize_rcu_expedited();
		binding_free(&former->rcu);
	}
	return 0;
}

static int notifier_derive(struct membank_call *call)
{
	struct notifier_handle *handle = call->file->private_data;
	struct membank_notifier_derive *args = call->args;
	struct file *file;
	int fd;

	if (args->rights & ~NOTIFIER_RIGHTS)
		return -EOPNOTSUPP;
	if (args->__reserved || !args->rights)
		return -EINVAL;
	if (args->rights & ~handle->rights)
		return -EACCES;

	file = notifier_open(handle->notifier, args->rights);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = membank_call_publish(call, file);
	if (fd < 0)
		return fd;
	args->out_fd = fd;
	return 0;
}

static const struct membank_command notifier_commands[] = {
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_DERIVE,
			struct membank_notifier_derive, __reserved,
			notifier_derive),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_BIND, struct membank_notifier_bind,
			__reserved, notifier_bind),
	MEMBANK_COMMAND(MEMBANK_IOC_NOTIFIER_TRIGGER,
			struct membank_notifier_trigger, flags,
			notifier_trigger),
};

static_assert(sizeof(struct membank_notifier_create) == 16);
static_assert(sizeof(struct membank_notifier_derive) == 16);
static_assert(sizeof(struct membank_notifier_bind) == 16);
static_assert(sizeof(struct membank_notifier_trigger) == 8);

static long notifier_ioctl(struct file *file, unsigned int number,
			   unsigned long arg)
{
	return membank_ioctl(file, number, arg, notifier_commands,
			     ARRAY_SIZE(notifier_commands));
}

static void notifier_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct notifier_handle *handle = file->private_data;
	bool bound;

	spin_lock(&handle->notifier->lock);
	bound = handle->binding;
	spin_unlock(&handle->notifier->lock);

	seq_printf(seq, "membank-rights:\t%s%s\nmembank-bound:\t%d\n",
		   handle->rights & MEMBANK_NOTIFIER_TRIGGER ? "t" : "-",
		   handle->rights & MEMBANK_NOTIFIER_RECEIVE ? "r" : "-",
		   bound);
}

static const struct file_operations notifier_fops = {
	.owner = THIS_MODULE,
	.flush = notifier_flush,
	.release = notifier_release,
	.poll = notifier_poll,
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
	struct membank_notifier *notifier;
	struct file *file;
	int fd;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved)
		return -EINVAL;

	notifier = kzalloc_obj(*notifier, GFP_KERNEL_ACCOUNT);
	if (!notifier)
		return -ENOMEM;
	kref_init(&notifier->refs);
	spin_lock_init(&notifier->lock);
	INIT_LIST_HEAD(&notifier->bindings);
	init_waitqueue_head(&notifier->hangup);

	/* The descriptor holds the notifier, or nobody does. */
	file = notifier_open(notifier, NOTIFIER_RIGHTS);
	kref_put(&notifier->refs, notifier_free);
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
	struct notifier_handle *handle;

	if (file->f_op != &notifier_fops)
		return NULL;
	handle = file->private_data;
	kref_get(&handle->notifier->refs);
	*rights = handle->rights;
	return handle->notifier;
}

static struct file *notifier_offer_open(void *object, u32 rights)
{
	return notifier_open(object, rights);
}

static void notifier_offer_put(void *object)
{
	struct membank_notifier *notifier = object;

	kref_put(&notifier->refs, notifier_free);
}

/* Every client of a service gets a handle of its own, so that its end shows. */
const struct membank_offer_ops membank_notifier_offer_ops = {
	.kind = MEMBANK_OFFER_NOTIFIER,
	.known_rights = NOTIFIER_RIGHTS,
	.get = notifier_offer_get,
	.open = notifier_offer_open,
	.put = notifier_offer_put,
};
