// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: a name in an IPC namespace, under which unrelated programs find
 * the dataspaces and notifiers of a server. After L4Re's Namespace.
 *
 * Locks: names_lock and the lock of a service are never held together. None is
 * held while user memory is accessed.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/ipc_namespace.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#include <linux/membank.h>

#include "compat.h"
#include "ioctl.h"
#include "service.h"

struct service_connection;

/**
 * struct service_offer - one thing that a service holds for its clients
 * @ops: what kind of thing it is
 * @object: holds a reference, put when the service goes
 * @rights: what a client gets
 */
struct service_offer {
	const struct membank_offer_ops *ops;
	void *object;
	u32 rights;
};

/**
 * struct service - a name, and what is offered under it
 * @refs: one for the service's file, one for each connection, one for each
 *        connect on its way
 * @node: in names; under names_lock
 * @ns_id: the IPC namespace of the name; constant
 * @pid: the process that registered it, with a reference; constant
 * @uid: its effective user; constant
 * @gid: its effective group; constant
 * @mode: who may connect; constant
 * @nr_offers: how many of @offers there are; constant once the name is in
 *             names
 * @offers: constant likewise; each object is there until @gone
 * @name: NUL-terminated; constant
 * @lock: guards all below but the queues
 * @gone: the file is closed; set once, also read without @lock
 * @last_client: number of the newest connection
 * @events: &struct service_event, oldest first; whether it is empty is also
 *          read without @lock. Each event in it holds its connection.
 * @readers: who waits for an event
 * @clients: pollers of connections, woken when @gone is set. Each of them
 *           polls a file that holds a connection, which holds us; epoll leaves
 *           the queue before the file's release. So nobody is in it when we
 *           are freed.
 */
struct service {
	refcount_t refs;
	struct hlist_node node;
	u64 ns_id;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	u32 mode;
	u32 nr_offers;
	struct service_offer offers[MEMBANK_OFFERS_MAX];
	char name[MEMBANK_NAME_MAX + 1];

	/* All below but the queues. */
	struct mutex lock;
	bool gone;
	u64 last_client;
	struct list_head events;

	wait_queue_head_t readers;
	wait_queue_head_t clients;
};

/**
 * struct service_event - something the server has to be told
 * @node: in the service's events, or in nothing; under the service's lock
 * @connection: whose event it is; constant
 * @type: one of &enum membank_service_event_type; constant
 */
struct service_event {
	struct list_head node;
	struct service_connection *connection;
	u32 type;
};

/**
 * struct service_connection - one client of a service
 * @refs: one for the connection's file, one for each event that waits
 * @service: holds a reference; constant
 * @pid: the process that connected, with a reference; constant
 * @uid: its effective user; constant
 * @gid: its effective group; constant
 * @client: number of the connection, 0 until the server is told of it; under
 *          the service's lock, constant once it is not 0
 * @connected: the event of its beginning
 * @gone: the event of its end; here, so that nothing is allocated when a
 *        client dies
 */
struct service_connection {
	refcount_t refs;
	struct service *service;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	u64 client;
	struct service_event connected;
	struct service_event gone;
};

/*
 * The names of all IPC namespaces. A service is here from its registration
 * until its file is released, so each one that is found has a reference.
 */
static DEFINE_HASHTABLE(names, 10);

/* How often a name was added; written under names_lock. */
static unsigned int names_added;

static DEFINE_MUTEX(names_lock);
static DECLARE_WAIT_QUEUE_HEAD(names_wait);

/* Set by membank_service_init(); constant from then on. */
static const struct membank_offer_ops *const *offer_kinds;

/**
 * membank_service_init() - say what can be offered
 * @kinds: every kind of offer, and NULL after the last; must stay
 *
 * To be called before the first device node appears.
 */
void membank_service_init(const struct membank_offer_ops *const *kinds)
{
	offer_kinds = kinds;
}

static struct ipc_namespace *current_ipc_ns(void)
{
	return current->nsproxy->ipc_ns;
}

static void service_put(struct service *service)
{
	if (!refcount_dec_and_test(&service->refs))
		return;
	put_pid(service->pid);
	kfree(service);
}

static void connection_put(struct service_connection *connection)
{
	if (!refcount_dec_and_test(&connection->refs))
		return;
	service_put(connection->service);
	put_pid(connection->pid);
	kfree(connection);
}

static bool name_is_valid(const char *name)
{
	size_t length = strnlen(name, MEMBANK_NAME_MAX + 1);

	return length && length <= MEMBANK_NAME_MAX &&
	       !memchr(name, '/', length);
}

static u32 name_hash(u64 ns_id, const char *name)
{
	return jhash(name, strlen(name), ns_id);
}

static struct service *name_find_locked(u64 ns_id, const char *name)
{
	struct service *service;

	lockdep_assert_held(&names_lock);

	hash_for_each_possible(names, service, node, name_hash(ns_id, name))
		if (service->ns_id == ns_id && !strcmp(service->name, name))
			return service;
	return NULL;
}

static int name_add(struct service *service)
{
	scoped_guard(mutex, &names_lock) {
		if (name_find_locked(service->ns_id, service->name))
			return -EEXIST;
		hash_add(names, &service->node,
			 name_hash(service->ns_id, service->name));
		WRITE_ONCE(names_added, names_added + 1);
	}
	wake_up_all(&names_wait);
	return 0;
}

static bool names_changed(unsigned int seen)
{
	return READ_ONCE(names_added) != seen;
}

/* 0 once a name was added since @seen was read, -ETIME, or -ERESTARTSYS. */
static int names_sleep(unsigned int seen, ktime_t left)
{
	wait_queue_head_t *queue = &names_wait;

	return wait_event_interruptible_hrtimeout(*queue, names_changed(seen),
						  left);
}

/*
 * Find a service, or wait until @deadline for it. The reference is put by the
 * caller.
 */
static struct service *name_wait(u64 ns_id, const char *name, ktime_t deadline)
{
	struct service *service;
	unsigned int seen;
	ktime_t left;
	int ret;

	for (;;) {
		scoped_guard(mutex, &names_lock) {
			seen = names_added;
			service = name_find_locked(ns_id, name);
			if (service)
				refcount_inc(&service->refs);
		}
		if (service)
			return service;
		if (!deadline)
			return ERR_PTR(-ENOENT);

		left = deadline == KTIME_MAX ? KTIME_MAX :
					       ktime_sub(deadline, ktime_get());
		/* The timer takes a time that is over for one without end. */
		ret = left > 0 ? names_sleep(seen, left) : -ETIME;
		if (ret == -ETIME)
			return ERR_PTR(-ETIMEDOUT);
		if (ret)
			return ERR_PTR(-EINTR);
	}
}

/* When a wait that begins now ends: 0 for no wait, KTIME_MAX for never. */
static ktime_t deadline_of(u64 timeout_ns)
{
	if (!timeout_ns)
		return 0;
	if (timeout_ns >= KTIME_MAX)
		return KTIME_MAX;
	return ktime_add_safe(ktime_get(), ns_to_ktime(timeout_ns));
}

/*
 * As for a file. The capability counts in the user namespace that owns the IPC
 * namespace, as it does for the other things named there: root of a container
 * is no root over names that it shares with its host. The service is in the
 * caller's own IPC namespace, else it would not have been found.
 */
static bool may_connect(const struct service *service)
{
	umode_t bit = 0002;

	if (uid_eq(current_euid(), service->uid))
		bit = 0200;
	else if (in_egroup_p(service->gid))
		bit = 0020;

	return service->mode & bit ||
	       ns_capable(current_ipc_ns()->user_ns, CAP_DAC_OVERRIDE);
}

/* Nobody is left to read what happens to a service that is gone. */
static void event_add_locked(struct service *service,
			     struct service_event *event)
{
	lockdep_assert_held(&service->lock);

	if (service->gone)
		return;
	refcount_inc(&event->connection->refs);
	list_add_tail(&event->node, &service->events);
	wake_up_interruptible_poll(&service->readers, EPOLLIN | EPOLLRDNORM);
}

/* The oldest event, which from now on belongs to the caller, or NULL. */
static struct service_event *event_take(struct service *service)
{
	struct service_event *event;

	scoped_guard(mutex, &service->lock) {
		event = list_first_entry_or_null(&service->events,
						 struct service_event, node);
		if (event)
			list_del_init(&event->node);
	}
	return event;
}

static void event_give_back(struct service *service,
			    struct service_event *event)
{
	scoped_guard(mutex, &service->lock)
		list_add(&event->node, &service->events);
	wake_up_interruptible_poll(&service->readers, EPOLLIN | EPOLLRDNORM);
}

static int event_copy(const struct service_event *event, char __user *buffer)
{
	const struct service_connection *connection = event->connection;
	struct membank_service_event out = {
		.type = event->type,
		.pid = pid_vnr(connection->pid),
		.client = connection->client,
		.uid = from_kuid_munged(current_user_ns(), connection->uid),
		.gid = from_kgid_munged(current_user_ns(), connection->gid),
	};

	return copy_to_user(buffer, &out, sizeof(out)) ? -EFAULT : 0;
}

static ssize_t service_read(struct file *file, char __user *buffer,
			    size_t length, loff_t *offset)
{
	const size_t one = sizeof(struct membank_service_event);
	struct service *service = file->private_data;
	struct service_event *event;
	size_t done = 0;
	int ret;

	if (length < one)
		return -EINVAL;

	while (length - done >= one) {
		event = event_take(service);
		if (event) {
			ret = event_copy(event, buffer + done);
			if (ret) {
				event_give_back(service, event);
				return done ?: ret;
			}
			connection_put(event->connection);
			done += one;
			continue;
		}

		if (done)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(service->readers,
					       !list_empty(&service->events));
		if (ret)
			return ret;
	}
	return done;
}

static __poll_t service_poll(struct file *file, poll_table *table)
{
	struct service *service = file->private_data;

	poll_wait(file, &service->readers, table);
	return list_empty(&service->events) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int service_release(struct inode *inode, struct file *file)
{
	struct service *service = file->private_data;
	struct service_event *event, *next;
	u32 i;

	/* First the name: who finds a service that is gone looks again. */
	scoped_guard(mutex, &names_lock)
		hash_del(&service->node);
	scoped_guard(mutex, &service->lock)
		WRITE_ONCE(service->gone, true);
	wake_up_poll(&service->clients, EPOLLHUP);

	/* From here on nobody else touches the events and the offers. */
	list_for_each_entry_safe(event, next, &service->events, node)
		connection_put(event->connection);
	for (i = 0; i < service->nr_offers; i++)
		service->offers[i].ops->put(service->offers[i].object);
	service_put(service);
	return 0;
}

static const struct file_operations service_fops = {
	.owner = THIS_MODULE,
	.release = service_release,
	.read = service_read,
	.poll = service_poll,
	.llseek = noop_llseek,
};

static __poll_t connection_poll(struct file *file, poll_table *table)
{
	struct service_connection *connection = file->private_data;
	struct service *service = connection->service;

	poll_wait(file, &service->clients, table);
	return READ_ONCE(service->gone) ? EPOLLHUP : 0;
}

static int connection_release(struct inode *inode, struct file *file)
{
	struct service_connection *connection = file->private_data;
	struct service *service = connection->service;

	scoped_guard(mutex, &service->lock)
		if (connection->client)
			event_add_locked(service, &connection->gone);
	connection_put(connection);
	return 0;
}

static const struct file_operations connection_fops = {
	.owner = THIS_MODULE,
	.release = connection_release,
	.poll = connection_poll,
	.llseek = noop_llseek,
};

/* Add to @service what descriptor @in->fd stands for. */
static int offer_add(struct service *service, const struct membank_offer *in)
{
	struct service_offer *offer = &service->offers[service->nr_offers];
	const struct membank_offer_ops *const *kind;
	struct file *file;
	u32 rights = 0;

	if (in->kind || in->__reserved)
		return -EINVAL;

	file = fget(in->fd);
	if (!file)
		return -EBADF;
	for (kind = offer_kinds; *kind; kind++) {
		offer->object = (*kind)->get(file, &rights);
		if (offer->object)
			break;
	}
	fput(file);
	if (!*kind)
		return -EINVAL;

	/* From here on the object goes with the service. */
	offer->ops = *kind;
	offer->rights = in->rights;
	service->nr_offers++;

	if (in->rights & ~offer->ops->known_rights)
		return -EOPNOTSUPP;
	if (!in->rights)
		return -EINVAL;
	return in->rights & ~rights ? -EACCES : 0;
}

static struct service *
service_create(const struct membank_service_register *args)
{
	struct service *service = kzalloc_obj(*service, GFP_KERNEL_ACCOUNT);

	if (!service)
		return NULL;
	refcount_set(&service->refs, 1);
	INIT_HLIST_NODE(&service->node);
	service->ns_id = current_ipc_ns()->ns.ns_id;
	service->pid = get_pid(task_tgid(current));
	service->uid = current_euid();
	service->gid = current_egid();
	service->mode = args->mode;
	strscpy(service->name, args->name);
	mutex_init(&service->lock);
	INIT_LIST_HEAD(&service->events);
	init_waitqueue_head(&service->readers);
	init_waitqueue_head(&service->clients);
	return service;
}

static_assert(sizeof(struct membank_offer) == 16);
static_assert(sizeof(struct membank_service_event) == 24);
static_assert(sizeof(struct membank_service_register) == 96);
static_assert(sizeof(struct membank_service_connect) == 104);

/**
 * membank_service_ioctl_register() - MEMBANK_IOC_SERVICE_REGISTER
 * @call: the call, with a &struct membank_service_register
 *
 * The name is seen a moment before the descriptor exists. If the struct cannot
 * be written back after that, the service has come and gone for its clients.
 *
 * Return: 0 or a negative errno, as &struct membank_service_register says.
 */
int membank_service_ioctl_register(struct membank_call *call)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX];
	struct membank_service_register *args = call->args;
	struct service *service;
	struct file *file;
	int fd, ret;
	u32 i;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved || args->nr_offers > MEMBANK_OFFERS_MAX ||
	    args->mode & ~0222 || !name_is_valid(args->name))
		return -EINVAL;
	if (copy_from_user(offers, u64_to_user_ptr(args->offers),
			   args->nr_offers * sizeof(*offers)))
		return -EFAULT;

	service = service_create(args);
	if (!service)
		return -ENOMEM;
	file = anon_inode_getfile("[membank-service]", &service_fops, service,
				  O_RDONLY);
	if (IS_ERR(file)) {
		service_put(service);
		return PTR_ERR(file);
	}

	/* From here on the call drops the file if we fail, and that the rest. */
	fd = membank_call_publish(call, file);
	if (fd < 0)
		return fd;
	for (i = 0; i < args->nr_offers; i++) {
		ret = offer_add(service, &offers[i]);
		if (ret)
			return ret;
	}
	ret = name_add(service);
	if (ret)
		return ret;

	args->out_fd = fd;
	return 0;
}

/*
 * Open each offer for the caller and write to @out what it gets. Returns
 * -ESTALE if the service is gone.
 */
static int offers_open_locked(struct membank_call *call,
			      struct service *service,
			      struct membank_offer *out)
{
	const struct service_offer *offer;
	struct file *file;
	int fd;
	u32 i;

	lockdep_assert_held(&service->lock);
	if (service->gone)
		return -ESTALE;

	for (i = 0; i < service->nr_offers; i++) {
		offer = &service->offers[i];
		file = offer->ops->open(offer->object, offer->rights);
		if (IS_ERR(file))
			return PTR_ERR(file);
		fd = membank_call_publish(call, file);
		if (fd < 0)
			return fd;
		out[i] = (struct membank_offer){
			.fd = fd,
			.kind = offer->ops->kind,
			.rights = offer->rights,
		};
	}
	return 0;
}

static struct service_connection *connection_create(struct service *service)
{
	struct service_connection *connection =
		kzalloc_obj(*connection, GFP_KERNEL_ACCOUNT);

	if (!connection)
		return NULL;
	refcount_set(&connection->refs, 1);
	refcount_inc(&service->refs);
	connection->service = service;
	connection->pid = get_pid(task_tgid(current));
	connection->uid = current_euid();
	connection->gid = current_egid();
	connection->connected.connection = connection;
	connection->connected.type = MEMBANK_SERVICE_CONNECTED;
	connection->gone.connection = connection;
	connection->gone.type = MEMBANK_SERVICE_GONE;
	return connection;
}

static int service_connect(struct membank_call *call, struct service *service)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX];
	struct membank_service_connect *args = call->args;
	struct service_connection *connection;
	struct file *file;
	int fd, ret;

	if (!may_connect(service))
		return -EACCES;
	if (args->nr_offers < service->nr_offers)
		return -ENOSPC;

	/* As long as the lock is held the service keeps its offers. */
	scoped_guard(mutex, &service->lock)
		ret = offers_open_locked(call, service, offers);
	if (ret)
		return ret;

	connection = connection_create(service);
	if (!connection)
		return -ENOMEM;
	file = anon_inode_getfile("[membank-connection]", &connection_fops,
				  connection, O_RDONLY);
	if (IS_ERR(file)) {
		connection_put(connection);
		return PTR_ERR(file);
	}

	/* From here on the call drops the file if we fail. */
	fd = membank_call_publish(call, file);
	if (fd < 0)
		return fd;
	if (copy_to_user(u64_to_user_ptr(args->offers), offers,
			 service->nr_offers * sizeof(*offers)))
		return -EFAULT;

	/* If the service went meanwhile, the connection says so. */
	scoped_guard(mutex, &service->lock) {
		connection->client = ++service->last_client;
		event_add_locked(service, &connection->connected);
	}

	args->out_nr_offers = service->nr_offers;
	args->out_fd = fd;
	args->out_pid = pid_vnr(service->pid);
	return 0;
}

/**
 * membank_service_ioctl_connect() - MEMBANK_IOC_SERVICE_CONNECT
 * @call: the call, with a &struct membank_service_connect
 *
 * The server is told of the client when all is done except that the struct is
 * written back. If that fails, the client has come and gone for the server;
 * of all other failures it hears nothing.
 *
 * Return: 0 or a negative errno, as &struct membank_service_connect says.
 */
int membank_service_ioctl_connect(struct membank_call *call)
{
	struct membank_service_connect *args = call->args;
	u64 ns_id = current_ipc_ns()->ns.ns_id;
	struct service *service;
	ktime_t deadline;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (!name_is_valid(args->name))
		return -EINVAL;

	deadline = deadline_of(args->timeout_ns);
	do {
		service = name_wait(ns_id, args->name, deadline);
		if (IS_ERR(service))
			return PTR_ERR(service);
		ret = service_connect(call, service);
		service_put(service);
	} while (ret == -ESTALE);
	return ret;
}
