// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's side of a service: to connect to it, and to ask who else has.
 *
 * Locks: as in clients.c.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "clients.h"
#include "compat.h"
#include "connection.h"
#include "deadline.h"
#include "ioctl.h"
#include "names.h"

/* Most clients that one command tells of. */
#define CLIENTS_MAX 4096

/* How many connections each user has. */
static struct membank_limit connections;

/**
 * membank_connection_init() - nobody is connected yet
 *
 * To be called before the first device node appears.
 */
void membank_connection_init(void)
{
	membank_limit_init(&connections, MEMBANK_CONNECTIONS_MAX);
}

/**
 * membank_connection_exit() - after the last connection
 */
void membank_connection_exit(void)
{
	membank_limit_exit(&connections);
}

/* As for a file. */
static bool may_connect(const struct membank_service *service)
{
	umode_t bit = 0002;

	if (uid_eq(current_euid(), service->uid))
		bit = 0200;
	else if (in_egroup_p(service->gid))
		bit = 0020;

	return service->mode & bit || membank_names_capable(CAP_DAC_OVERRIDE);
}

static bool may_see_clients(const struct membank_service *service)
{
	return uid_eq(current_euid(), service->uid) ||
	       membank_names_capable(CAP_DAC_OVERRIDE);
}

static void client_end(struct membank_client *client)
{
	membank_client_leave(client);
	membank_limit_uncharge(&connections, &client->connection);
	membank_client_put(client);
}

static __poll_t connection_poll(struct file *file, poll_table *table)
{
	struct membank_client *client = file->private_data;
	struct membank_service *service = client->service;

	poll_wait(file, &service->hangup, table);
	return READ_ONCE(service->gone) ? EPOLLHUP : 0;
}

static int connection_release(struct inode *inode, struct file *file)
{
	client_end(file->private_data);
	return 0;
}

static const struct file_operations connection_fops = {
	.owner = THIS_MODULE,
	.release = connection_release,
	.poll = connection_poll,
	.llseek = noop_llseek,
};

static_assert(sizeof(struct membank_offer) == 16);
static_assert(sizeof(struct membank_service_connect) == 112);
static_assert(sizeof(struct membank_service_client) == 24);
static_assert(sizeof(struct membank_service_clients) == 128);

/* Open each offer, which the caller holds, and write to @out what a client gets. */
static int offers_open(struct membank_call *call,
		       const struct membank_client *client,
		       struct membank_offer *out)
{
	struct membank_service *service = client->service;
	const struct membank_tag tag = { service->serial, client->number };
	const struct membank_service_offer *offer;
	struct file *file;
	int fd;
	u32 i;

	for (i = 0; i < service->nr_offers; i++) {
		offer = &service->offers[i];
		file = offer->ops->open(offer->object, offer->rights, &tag);
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

/* The caller's connection, which ends @client from here on, if this fails, too. */
static int connection_open(struct membank_call *call,
			   struct membank_client *client)
{
	struct file *file;

	file = anon_inode_getfile("[membank-connection]", &connection_fops,
				  client, O_RDONLY);
	if (IS_ERR(file)) {
		client_end(client);
		return PTR_ERR(file);
	}
	return membank_call_publish(call, file);
}

/*
 * A new client with what it gets, or an ERR_PTR: -ESTALE if the service is gone,
 * and then nothing is open. No memory of a user is touched in here: the end of
 * what is offered waits for nobody's good will.
 */
static struct membank_client *client_begin(struct membank_call *call,
					   struct membank_service *service,
					   struct membank_offer *offers)
{
	struct membank_client *client;
	int ret;

	if (!membank_offers_hold(service))
		return ERR_PTR(-ESTALE);
	client = membank_client_create(service);
	if (IS_ERR(client))
		goto drop_offers;
	ret = membank_limit_charge(&connections, 1, &client->connection);
	if (!ret)
		ret = offers_open(call, client, offers);
	if (ret) {
		client_end(client);
		client = ERR_PTR(ret);
	}
drop_offers:
	membank_offers_drop(service);
	return client;
}

/* Returns -ESTALE if the service is gone, and then has opened nothing. */
static int service_connect(struct membank_call *call,
			   struct membank_service *service)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX];
	struct membank_service_connect *args = call->args;
	struct membank_client *client;
	int fd, ret;

	if (!may_connect(service))
		return -EACCES;
	if (args->nr_offers < service->nr_offers)
		return -ENOSPC;

	client = client_begin(call, service, offers);
	if (IS_ERR(client))
		return PTR_ERR(client);

	/* From here on the call drops the file if we fail. */
	fd = connection_open(call, client);
	if (fd < 0)
		return fd;
	/* If the service went meanwhile, the connection says so. */
	ret = membank_client_enter(client);
	if (ret)
		return ret;
	/* Memory of a user can take for ever: the server knows of it already. */
	ret = membank_elements_write(args->offers, args->offer_size, offers,
				     sizeof(*offers), service->nr_offers);
	if (ret)
		return ret;

	args->out_nr_offers = service->nr_offers;
	args->out_fd = fd;
	args->out_pid = pid_vnr(service->pid);
	return 0;
}

/**
 * membank_connection_ioctl_connect() - MEMBANK_IOC_SERVICE_CONNECT
 * @call: the call, with a &struct membank_service_connect
 *
 * The server is told of the client when all is done except that memory of the
 * client is written. If that fails, the client has come and gone for the server;
 * of all other failures it hears nothing.
 *
 * Return: 0 or a negative errno, as &struct membank_service_connect says.
 */
int membank_connection_ioctl_connect(struct membank_call *call)
{
	struct membank_service_connect *args = call->args;
	struct membank_service *service;
	struct membank_name *name;
	ktime_t deadline;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved || !membank_name_is_valid(args->name))
		return -EINVAL;
	ret = membank_element_check(args->offer_size, MEMBANK_OFFER_SIZE_MIN);
	if (ret)
		return ret;

	deadline = membank_deadline(args->timeout_ns);
	do {
		name = membank_names_find(args->name, deadline);
		if (IS_ERR(name))
			return PTR_ERR(name);
		service = membank_service_of(name);
		ret = service_connect(call, service);
		membank_service_put(service);
	} while (ret == -ESTALE);
	return ret;
}

/* Who is connected, when @args->changes is over. */
static int tell_clients(struct membank_service *service,
			struct membank_service_clients *args)
{
	u32 room = min_t(u32, args->nr_clients, CLIENTS_MAX);
	struct membank_service_client *list;
	int ret;

	if (!may_see_clients(service))
		return -EACCES;
	if (args->changes) {
		ret = membank_clients_wait(service, args->changes,
					   membank_deadline(args->timeout_ns));
		if (ret)
			return ret;
	}

	list = kvcalloc(room, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	args->out_nr_clients = membank_clients_list(service, args->after, list,
						    room, &args->out_changes);
	ret = membank_elements_write(args->clients, args->entry_size, list,
				     sizeof(*list), args->out_nr_clients);
	kvfree(list);
	return ret;
}

/**
 * membank_connection_ioctl_clients() - MEMBANK_IOC_SERVICE_CLIENTS
 * @call: the call, with a &struct membank_service_clients
 *
 * Return: 0 or a negative errno, as &struct membank_service_clients says.
 */
int membank_connection_ioctl_clients(struct membank_call *call)
{
	struct membank_service_clients *args = call->args;
	struct membank_service *service;
	struct membank_name *name;
	int ret;

	if (args->flags)
		return -EOPNOTSUPP;
	if (args->__reserved || !membank_name_is_valid(args->name))
		return -EINVAL;
	ret = membank_element_check(args->entry_size,
				    offsetofend(struct membank_service_client,
						__reserved));
	if (ret)
		return ret;

	name = membank_names_find(args->name, 0);
	if (IS_ERR(name))
		return PTR_ERR(name);
	service = membank_service_of(name);
	ret = tell_clients(service, args);
	membank_service_put(service);
	return ret;
}
