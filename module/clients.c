// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clients of a service: who is connected, what the server has to be told of
 * them, and what others may be told.
 *
 * Locks: that of a service is held together with no other lock.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "clients.h"
#include "compat.h"
#include "deadline.h"
#include "wake.h"

/**
 * membank_clients_init() - nobody is connected yet
 * @service: the service
 */
void membank_clients_init(struct membank_service *service)
{
	refcount_set(&service->holders, 1);
	mutex_init(&service->lock);
	service->changes = 1;
	INIT_LIST_HEAD(&service->connecting);
	INIT_LIST_HEAD(&service->clients);
	INIT_LIST_HEAD(&service->events);
	membank_limit_init(&service->unread, MEMBANK_BACKLOG_USER_MAX);
	init_waitqueue_head(&service->readers);
	init_waitqueue_head(&service->watchers);
	init_waitqueue_head(&service->hangup);
}

/**
 * membank_service_put() - drop a reference
 * @service: the service
 */
void membank_service_put(struct membank_service *service)
{
	if (!refcount_dec_and_test(&service->name.refs))
		return;
	membank_limit_exit(&service->unread);
	put_pid(service->pid);
	kfree(service);
}

/**
 * membank_offers_hold() - keep what a service offers
 * @service: the service
 *
 * It is opened without a lock: that allocates, and takes its time. So the end of
 * a service does not wait for it; what is offered ends a moment later.
 *
 * Return: whether it is still there, until membank_offers_drop(); if not, the
 * service is gone.
 */
bool membank_offers_hold(struct membank_service *service)
{
	return refcount_inc_not_zero(&service->holders);
}

/**
 * membank_offers_drop() - what a service offers is not needed any more
 * @service: the service
 */
void membank_offers_drop(struct membank_service *service)
{
	u32 i;

	if (!refcount_dec_and_test(&service->holders))
		return;
	for (i = 0; i < service->nr_offers; i++)
		service->offers[i].ops->put(service->offers[i].object);
}

/**
 * membank_client_put() - drop a reference
 * @client: the client
 */
void membank_client_put(struct membank_client *client)
{
	if (!refcount_dec_and_test(&client->refs))
		return;
	membank_limit_uncharge(&client->service->unread, &client->unread);
	membank_service_put(client->service);
	put_pid(client->pid);
	kfree(client);
}

/**
 * membank_service_knows() - was there ever such a client
 * @service: the service
 * @number: of the client
 *
 * One that is just connecting does not count: not all that it gets is there. A
 * number that a connect took and failed counts as one: nobody is told of it.
 */
bool membank_service_knows(struct membank_service *service, u64 number)
{
	const struct membank_client *client;

	guard(mutex)
		(&service->lock);
	list_for_each_entry(client, &service->connecting, node)
		if (client->number == number)
			return false;
	return number && number <= service->last_client;
}

/* Takes the next number. */
static int client_number(struct membank_service *service,
			 struct membank_client *client)
{
	guard(mutex)
		(&service->lock);
	if (service->gone)
		return -ESTALE;
	client->number = ++service->last_client;
	list_add(&client->node, &service->connecting);
	return 0;
}

/**
 * membank_client_create() - the caller becomes a client
 * @service: of what
 *
 * It has a number, for the tag of what it gets, and nobody knows of it until
 * membank_client_enter(); whether it came to that or not, membank_client_leave()
 * ends it.
 *
 * Return: the client with its first reference, or an ERR_PTR: -ESTALE (the
 * service is gone), -ENOMEM.
 */
struct membank_client *membank_client_create(struct membank_service *service)
{
	struct membank_client *client =
		kzalloc_obj(*client, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!client)
		return ERR_PTR(-ENOMEM);
	ret = client_number(service, client);
	if (ret) {
		kfree(client);
		return ERR_PTR(ret);
	}

	refcount_set(&client->refs, 1);
	refcount_inc(&service->name.refs);
	client->service = service;
	client->pid = get_pid(task_tgid(current));
	client->uid = current_euid();
	client->gid = current_egid();
	client->connected.client = client;
	client->connected.type = MEMBANK_SERVICE_CONNECTED;
	client->gone.client = client;
	client->gone.type = MEMBANK_SERVICE_GONE;
	return client;
}

/* Nobody is left to read what happens to a service that is gone. */
static void event_add_locked(struct membank_service *service,
			     struct membank_client_event *event)
{
	lockdep_assert_held(&service->lock);

	if (service->gone)
		return;
	refcount_inc(&event->client->refs);
	list_add_tail(&event->node, &service->events);
	wake_up_interruptible_poll(&service->readers, EPOLLIN | EPOLLRDNORM);
}

static void changed_locked(struct membank_service *service)
{
	lockdep_assert_held(&service->lock);

	WRITE_ONCE(service->changes, service->changes + 1);
	wake_up_all(&service->watchers);
}

/* Who took a number first may be done last: then it is not the last in here. */
static void list_add_by_number_locked(struct membank_service *service,
				      struct membank_client *client)
{
	struct list_head *before;

	lockdep_assert_held(&service->lock);

	list_for_each_prev(before, &service->clients)
		if (list_entry(before, struct membank_client, node)->number <
		    client->number)
			break;
	list_add(&client->node, before);
}

/**
 * membank_client_enter() - it is connected, which the server is told
 * @client: the client, whose user is the caller
 *
 * From here on it is one that the server was not told of, and can be told of.
 *
 * Return: 0, -EAGAIN (there are too many of these, or too many of this user),
 * -ENOMEM.
 */
int membank_client_enter(struct membank_client *client)
{
	struct membank_service *service = client->service;
	int ret = membank_limit_charge(&service->unread, 1, &client->unread);

	if (ret)
		return ret == -EDQUOT ? -EAGAIN : ret;

	guard(mutex)
		(&service->lock);
	if (service->nr_unread >= MEMBANK_BACKLOG_MAX)
		return -EAGAIN;
	service->nr_unread++;
	client->entered = true;
	list_del(&client->node);
	list_add_by_number_locked(service, client);
	WRITE_ONCE(service->nr_clients, service->nr_clients + 1);
	event_add_locked(service, &client->connected);
	changed_locked(service);
	return 0;
}

/**
 * membank_client_leave() - it goes, which the server is told if it knew it
 * @client: the client
 */
void membank_client_leave(struct membank_client *client)
{
	struct membank_service *service = client->service;

	guard(mutex)
		(&service->lock);
	list_del(&client->node);
	if (!client->entered)
		return;
	WRITE_ONCE(service->nr_clients, service->nr_clients - 1);
	event_add_locked(service, &client->gone);
	changed_locked(service);
}

/**
 * membank_clients_take_event() - what the server is to be told next
 * @service: the service
 *
 * Return: the oldest event, to be ended by membank_clients_told() or
 * membank_clients_give_back(); NULL if there is none.
 */
struct membank_client_event *
membank_clients_take_event(struct membank_service *service)
{
	struct membank_client_event *event;

	guard(mutex)
		(&service->lock);
	event = list_first_entry_or_null(&service->events,
					 struct membank_client_event, node);
	if (event)
		list_del_init(&event->node);
	return event;
}

/**
 * membank_clients_told() - the server has read it
 * @service: the service
 * @event: from membank_clients_take_event(), which ends here
 */
void membank_clients_told(struct membank_service *service,
			  struct membank_client_event *event)
{
	struct membank_client *client = event->client;

	if (event->type == MEMBANK_SERVICE_CONNECTED) {
		scoped_guard(mutex, &service->lock)
			service->nr_unread--;
		membank_limit_uncharge(&service->unread, &client->unread);
	}
	membank_client_put(client);
}

/**
 * membank_clients_give_back() - the server could not be told after all
 * @service: the service
 * @event: from membank_clients_take_event()
 */
void membank_clients_give_back(struct membank_service *service,
			       struct membank_client_event *event)
{
	scoped_guard(mutex, &service->lock)
		list_add(&event->node, &service->events);
	wake_up_interruptible_poll(&service->readers, EPOLLIN | EPOLLRDNORM);
}

/**
 * membank_clients_end() - the service is gone: tell its clients
 * @service: the service
 */
void membank_clients_end(struct membank_service *service)
{
	struct membank_client_event *event, *next;

	scoped_guard(mutex, &service->lock)
		WRITE_ONCE(service->gone, true);
	membank_wake_pollers(&service->hangup);
	wake_up_all(&service->watchers);

	/* Nobody adds or takes an event any more. */
	list_for_each_entry_safe(event, next, &service->events, node)
		membank_client_put(event->client);
}

static bool changed(const struct membank_service *service, u64 seen)
{
	return READ_ONCE(service->gone) || READ_ONCE(service->changes) != seen;
}

/* 0 once somebody came or went, -ETIME, or -ERESTARTSYS. */
static int clients_sleep(struct membank_service *service, u64 seen,
			 ktime_t deadline)
{
	wait_queue_head_t *wq = &service->watchers;
	ktime_t left;
	int ret;

	do {
		left = membank_deadline_left(deadline);
		if (changed(service, seen))
			return 0;
		if (left <= 0)
			return -ETIME;
		ret = membank_wait_event(*wq, changed(service, seen), left);
	} while (membank_wait_again(ret));
	return ret;
}

/**
 * membank_clients_wait() - wait until somebody comes or goes
 * @service: the service
 * @seen: what its count was
 * @deadline: from membank_deadline()
 *
 * Return: 0, -ENOENT (the service is gone), -ETIMEDOUT, -EINTR.
 */
int membank_clients_wait(struct membank_service *service, u64 seen,
			 ktime_t deadline)
{
	int ret = clients_sleep(service, seen, deadline);

	if (READ_ONCE(service->gone))
		return -ENOENT;
	if (ret == -ETIME)
		return -ETIMEDOUT;
	return ret ? -EINTR : 0;
}

/**
 * membank_clients_list() - who is connected now
 * @service: the service
 * @after: only clients with larger numbers
 * @list: filled, as the caller sees them
 * @room: how many at most
 * @changes: set to the count of this moment
 *
 * Return: how many.
 */
unsigned int membank_clients_list(struct membank_service *service, u64 after,
				  struct membank_service_client *list,
				  unsigned int room, u64 *changes)
{
	struct user_namespace *users = current_user_ns();
	const struct membank_client *client;
	unsigned int count = 0;

	guard(mutex)
		(&service->lock);
	*changes = service->changes;
	list_for_each_entry(client, &service->clients, node) {
		if (count == room)
			break;
		if (client->number <= after)
			continue;
		list[count++] = (struct membank_service_client){
			.client = client->number,
			.pid = pid_vnr(client->pid),
			.uid = from_kuid_munged(users, client->uid),
			.gid = from_kgid_munged(users, client->gid),
		};
	}
	return count;
}
