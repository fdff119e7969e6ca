// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: a name in an IPC namespace, under which unrelated programs find
 * the dataspaces and notifiers of a server. After L4Re's Namespace.
 *
 * The commands of a service hold its file, so what it offers stays while they
 * run, without a lock.
 *
 * Locks: as in clients.c.
 */
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>

#include <linux/membank.h>

#include "clients.h"
#include "compat.h"
#include "ioctl.h"
#include "limit.h"
#include "names.h"
#include "service.h"

#define SERVICE_FLAGS (MEMBANK_SERVICE_OWNER | MEMBANK_SERVICE_GROUP)

/* Set by membank_service_init(); constant from then on. */
static const struct membank_offer_ops *const *offer_kinds;

/* How many services each user has. */
static struct membank_limit services;

/* The number of the newest service; 64 bits do not come to their end. */
static atomic64_t last_serial;

/**
 * membank_service_init() - say what can be offered
 * @kinds: every kind of offer, and NULL after the last; must stay
 *
 * To be called before the first device node appears.
 */
void membank_service_init(const struct membank_offer_ops *const *kinds)
{
	offer_kinds = kinds;
	membank_names_init();
	membank_limit_init(&services, MEMBANK_SERVICES_MAX);
}

/**
 * membank_service_exit() - after the last service
 */
void membank_service_exit(void)
{
	membank_limit_exit(&services);
}

static int event_copy(const struct membank_client_event *event,
		      char __user *buffer, u32 size)
{
	const struct membank_client *client = event->client;
	struct membank_service_event out = {
		.type = event->type,
		.pid = pid_vnr(client->pid),
		.client = client->number,
		.uid = from_kuid_munged(current_user_ns(), client->uid),
		.gid = from_kgid_munged(current_user_ns(), client->gid),
	};

	return copy_struct_to_user(buffer, size, &out, sizeof(out), NULL);
}

static ssize_t service_read(struct file *file, char __user *buffer,
			    size_t length, loff_t *offset)
{
	struct membank_service *service = file->private_data;
	const size_t one = service->event_size;
	struct membank_client_event *event;
	size_t done = 0;
	int ret;

	if (length < one)
		return -EINVAL;

	while (length - done >= one) {
		event = membank_clients_take_event(service);
		if (event) {
			ret = event_copy(event, buffer + done, one);
			if (ret) {
				membank_clients_give_back(service, event);
				return done ?: ret;
			}
			membank_clients_told(service, event);
			done += one;
			continue;
		}

		if (done)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_freezable(service->readers,
					   !list_empty(&service->events));
		if (ret)
			return ret;
	}
	return done;
}

static __poll_t service_poll(struct file *file, poll_table *table)
{
	struct membank_service *service = file->private_data;

	poll_wait(file, &service->readers, table);
	return list_empty(&service->events) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int service_release(struct inode *inode, struct file *file)
{
	struct membank_service *service = file->private_data;

	/* First the name: who finds a service that is gone looks again. */
	membank_name_remove(&service->name);
	membank_clients_end(service);
	membank_offers_drop(service);
	membank_limit_uncharge(&services, &service->share);
	membank_service_put(service);
	return 0;
}

/* An offer by its place, or NULL. */
static const struct membank_service_offer *
offer_at(const struct membank_service *service, u32 place)
{
	if (place >= service->nr_offers)
		return NULL;
	return &service->offers[array_index_nospec(place, service->nr_offers)];
}

static int service_notify(struct membank_call *call)
{
	struct membank_service *service = call->file->private_data;
	struct membank_service_notify *args = call->args;
	const bool all = args->client == MEMBANK_CLIENT_ALL;
	const struct membank_tag tag = { service->serial, args->client };
	const struct membank_service_offer *offer;

	if (args->flags)
		return -EOPNOTSUPP;
	offer = offer_at(service, args->offer);
	if (args->__reserved || !offer || !offer->ops->notify)
		return -EINVAL;
	if (!all && !membank_service_knows(service, args->client))
		return -ENOENT;
	if (!(offer->held & MEMBANK_NOTIFIER_TRIGGER))
		return -EACCES;

	offer->ops->notify(offer->object, all ? NULL : &tag);
	return 0;
}

static void offer_revoke(const struct membank_service_offer *offer,
			 const struct membank_tag *tag)
{
	if (offer->ops->revoke)
		offer->ops->revoke(offer->object, tag);
}

static int service_revoke(struct membank_call *call)
{
	struct membank_service *service = call->file->private_data;
	struct membank_service_revoke *args = call->args;
	const bool all = args->offer == MEMBANK_OFFER_ALL;
	const struct membank_tag tag = { service->serial, args->client };
	const struct membank_service_offer *offer;
	u32 i;

	if (args->flags)
		return -EOPNOTSUPP;
	offer = offer_at(service, args->offer);
	if (args->__reserved || (!all && !offer))
		return -EINVAL;
	if (!membank_service_knows(service, args->client))
		return -ENOENT;

	if (!all) {
		offer_revoke(offer, &tag);
		return 0;
	}
	for (i = 0; i < service->nr_offers; i++)
		offer_revoke(&service->offers[i], &tag);
	return 0;
}

static const struct membank_command service_commands[] = {
	MEMBANK_COMMAND(MEMBANK_IOC_SERVICE_NOTIFY,
			struct membank_service_notify, __reserved,
			service_notify),
	MEMBANK_COMMAND(MEMBANK_IOC_SERVICE_REVOKE,
			struct membank_service_revoke, __reserved,
			service_revoke),
};

static_assert(sizeof(struct membank_service_event) == 24);
static_assert(sizeof(struct membank_service_register) == 112);
static_assert(sizeof(struct membank_service_notify) == 24);
static_assert(sizeof(struct membank_service_revoke) == 24);
static_assert(sizeof(struct membank_offered) == 8);
static_assert(sizeof(struct membank_service_entry) == 216);
static_assert(sizeof(struct membank_service_list) == 96);

static long service_ioctl(struct file *file, unsigned int number,
			  unsigned long arg)
{
	return membank_ioctl(file, number, arg, service_commands,
			     ARRAY_SIZE(service_commands));
}

static const struct file_operations service_fops = {
	.owner = THIS_MODULE,
	.release = service_release,
	.read = service_read,
	.poll = service_poll,
	.unlocked_ioctl = service_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* Add to @service what descriptor @in->fd stands for. */
static int offer_add(struct membank_service *service,
		     const struct membank_offer *in)
{
	struct membank_service_offer *offer =
		&service->offers[service->nr_offers];
	const struct membank_offer_ops *const *kind;
	void *object = NULL;
	struct file *file;

	if (in->kind || in->__reserved)
		return -EINVAL;

	file = fget(in->fd);
	if (!file)
		return -EBADF;
	for (kind = offer_kinds; *kind; kind++) {
		object = (*kind)->get(file, &offer->held);
		if (object)
			break;
	}
	fput(file);
	if (!object)
		return -EINVAL;
	if (IS_ERR(object))
		return PTR_ERR(object);

	/* From here on the object goes with the service. */
	offer->object = object;
	offer->ops = *kind;
	offer->rights = in->rights;
	service->nr_offers++;

	if (in->rights & ~offer->ops->known_rights)
		return -EOPNOTSUPP;
	if (!in->rights)
		return -EINVAL;
	return in->rights & ~offer->held ? -EACCES : 0;
}

/* Sets the owner: who calls, or whom the caller may give the service to. */
static int set_owner(struct membank_service *service,
		     const struct membank_service_register *args)
{
	service->uid = current_euid();
	if (!(args->flags & MEMBANK_SERVICE_OWNER))
		return 0;
	service->uid = make_kuid(current_user_ns(), args->owner);
	if (!uid_valid(service->uid))
		return -EINVAL;
	if (uid_eq(service->uid, current_euid()))
		return 0;
	return membank_names_capable(CAP_CHOWN) ? 0 : -EPERM;
}

static int set_group(struct membank_service *service,
		     const struct membank_service_register *args)
{
	service->gid = current_egid();
	if (!(args->flags & MEMBANK_SERVICE_GROUP))
		return 0;
	service->gid = make_kgid(current_user_ns(), args->group);
	if (!gid_valid(service->gid))
		return -EINVAL;
	if (in_egroup_p(service->gid))
		return 0;
	return membank_names_capable(CAP_CHOWN) ? 0 : -EPERM;
}

/* Returns a service that nobody finds yet, or an ERR_PTR. */
static struct membank_service *
service_create(const struct membank_service_register *args)
{
	struct membank_service *service;
	int ret;

	service = kzalloc_obj(*service, GFP_KERNEL_ACCOUNT);
	if (!service)
		return ERR_PTR(-ENOMEM);
	ret = set_owner(service, args);
	if (!ret)
		ret = set_group(service, args);
	if (!ret)
		ret = membank_limit_charge(&services, 1, &service->share);
	if (ret) {
		kfree(service);
		return ERR_PTR(ret);
	}

	membank_name_init(&service->name, args->name);
	service->serial = atomic64_inc_return(&last_serial);
	service->pid = get_pid(task_tgid(current));
	service->mode = args->mode;
	service->event_size = args->event_size;
	membank_clients_init(service);
	return service;
}

/* The file of a new service, with which it ends; or an ERR_PTR. */
static struct file *service_open(const struct membank_service_register *args)
{
	struct membank_service *service = service_create(args);
	struct file *file;

	if (IS_ERR(service))
		return ERR_CAST(service);
	file = anon_inode_getfile("[membank-service]", &service_fops, service,
				  O_RDONLY);
	if (IS_ERR(file)) {
		membank_limit_uncharge(&services, &service->share);
		membank_service_put(service);
	}
	return file;
}

static int check_elements(const struct membank_service_register *args)
{
	int ret =
		membank_element_check(args->offer_size, MEMBANK_OFFER_SIZE_MIN);

	if (ret)
		return ret;
	return membank_element_check(args->event_size,
				     offsetofend(struct membank_service_event,
						 gid));
}

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
	struct membank_service *service;
	struct file *file;
	int fd, ret;
	u32 i;

	if (args->flags & ~SERVICE_FLAGS)
		return -EOPNOTSUPP;
	if (args->__reserved || args->nr_offers > MEMBANK_OFFERS_MAX ||
	    args->mode & ~0222 || !membank_name_is_valid(args->name))
		return -EINVAL;
	ret = check_elements(args);
	if (ret)
		return ret;
	ret = membank_elements_read(offers, sizeof(*offers), args->offers,
				    args->offer_size, args->nr_offers);
	if (ret)
		return ret;

	file = service_open(args);
	if (IS_ERR(file))
		return PTR_ERR(file);
	service = file->private_data;

	/* From here on the call drops the file if we fail, and that the rest. */
	fd = membank_call_publish(call, file);
	if (fd < 0)
		return fd;
	for (i = 0; i < args->nr_offers; i++) {
		ret = offer_add(service, &offers[i]);
		if (ret)
			return ret;
	}
	ret = membank_name_add(&service->name);
	if (ret)
		return ret;

	args->out_fd = fd;
	return 0;
}

/* What everybody may know of @service, as the caller sees it. */
static void describe(const struct membank_service *service,
		     struct membank_service_entry *entry)
{
	u32 i;

	strscpy_pad(entry->name, service->name.text);
	entry->pid = pid_vnr(service->pid);
	entry->uid = from_kuid_munged(current_user_ns(), service->uid);
	entry->gid = from_kgid_munged(current_user_ns(), service->gid);
	entry->mode = service->mode;
	entry->nr_offers = service->nr_offers;
	entry->nr_clients = READ_ONCE(service->nr_clients);
	for (i = 0; i < service->nr_offers; i++) {
		entry->offers[i].kind = service->offers[i].ops->kind;
		entry->offers[i].rights = service->offers[i].rights;
	}
}

/**
 * membank_service_ioctl_list() - MEMBANK_IOC_SERVICE_LIST
 * @call: the call, with a &struct membank_service_list
 *
 * Return: 0 or a negative errno, as &struct membank_service_list says.
 */
int membank_service_ioctl_list(struct membank_call *call)
{
	struct membank_service_list *args = call->args;
	struct membank_service_entry *entries;
	struct membank_service *service;
	struct membank_name **names;
	unsigned int room, count, i;
	bool more;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (!args->nr_entries ||
	    !memchr(args->after, '\0', sizeof(args->after)))
		return -EINVAL;
	ret = membank_element_check(args->entry_size,
				    offsetofend(struct membank_service_entry,
						offers));
	if (ret)
		return ret;

	room = min_t(u32, args->nr_entries, MEMBANK_SERVICE_LIST_MAX);
	names = kcalloc(room, sizeof(*names), GFP_KERNEL_ACCOUNT);
	entries = kvcalloc(room, sizeof(*entries), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!names || !entries)
		goto free;

	count = membank_names_list(args->after, names, room, &more);
	for (i = 0; i < count; i++) {
		service = membank_service_of(names[i]);
		describe(service, &entries[i]);
		membank_service_put(service);
	}
	args->out_nr_entries = count;
	args->out_more = more;
	ret = membank_elements_write(args->entries, args->entry_size, entries,
				     sizeof(*entries), count);
free:
	kvfree(entries);
	kfree(names);
	return ret;
}
