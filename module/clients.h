/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_CLIENTS_H
#define MEMBANK_CLIENTS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid_types.h>
#include <linux/wait.h>

#include <linux/membank.h>

#include "limit.h"
#include "names.h"
#include "offer.h"

struct membank_client;
struct pid;

/**
 * struct membank_service_offer - one thing that a service holds for its clients
 * @ops: what kind of thing it is
 * @object: holds a reference, put when the service goes
 * @rights: what a client gets
 * @held: what the descriptor had that was offered
 */
struct membank_service_offer {
	const struct membank_offer_ops *ops;
	void *object;
	u32 rights;
	u32 held;
};

/**
 * struct membank_service - a name, what is offered under it, and to whom
 * @name: its name, with the references: one for the service's file, one for
 *        each client, one for each command that has found it
 * @serial: for tags: of no other service, never 0; constant
 * @pid: the process that registered it, with a reference; constant
 * @uid: its owner; constant
 * @gid: its group; constant
 * @mode: who may connect; constant
 * @event_size: bytes of an event for who reads it; constant
 * @share: the user who registered it, who can have so many
 * @nr_offers: how many of @offers there are; constant once the name is found
 * @offers: constant likewise
 * @holders: of @offers: the service's file, and commands that open them; the
 *           last one puts each
 * @lock: guards all below up to @unread
 * @gone: the file is closed; set once, also read without @lock
 * @last_client: number of the newest client
 * @nr_unread: clients that the server was not told of yet
 * @nr_clients: how many are in @clients; also read without @lock
 * @changes: counts who came and went, from 1; also read without @lock
 * @connecting: &struct membank_client that the server does not know yet
 * @clients: &struct membank_client, by their numbers: who is connected
 * @events: &struct membank_client_event, oldest first; whether it is empty is
 *          also read without @lock. Each event in it holds its client.
 * @unread: whose they are: how many of them each user can have; has a lock of
 *          its own
 * @readers: who waits for an event
 * @watchers: who waits for another @changes, or for @gone
 * @hangup: pollers of connections, woken when @gone is set. Each of them polls
 *          a file that holds a client, which holds us; epoll leaves the queue
 *          before the file's release. So nobody is in it when we are freed.
 */
struct membank_service {
	struct membank_name name;
	u64 serial;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	u32 mode;
	u32 event_size;
	struct membank_share share;
	u32 nr_offers;
	struct membank_service_offer offers[MEMBANK_OFFERS_MAX];
	refcount_t holders;

	/* All below up to the limit. */
	struct mutex lock;
	bool gone;
	u64 last_client;
	u32 nr_unread;
	u32 nr_clients;
	u64 changes;
	struct list_head connecting;
	struct list_head clients;
	struct list_head events;

	struct membank_limit unread;
	wait_queue_head_t readers;
	wait_queue_head_t watchers;
	wait_queue_head_t hangup;
};

/**
 * struct membank_client_event - something the server has to be told
 * @node: in the service's events, or in nothing; under the service's lock
 * @client: whose event it is; constant
 * @type: one of &enum membank_service_event_type; constant
 */
struct membank_client_event {
	struct list_head node;
	struct membank_client *client;
	u32 type;
};

/**
 * struct membank_client - one client of a service
 * @refs: one for the connection's file, one for each event that waits
 * @service: holds a reference; constant
 * @node: in the service's clients, or its connecting ones until @entered; under
 *        the service's lock
 * @entered: it is connected, or was; likewise
 * @pid: the process that connected, with a reference; constant
 * @uid: its effective user; constant
 * @gid: its effective group; constant
 * @number: of the connection; constant
 * @connection: whose connection it is, of all that user has (connection.c)
 * @unread: who has it among those that the server was not told of
 * @connected: the event of its beginning
 * @gone: the event of its end; here, so that nothing is allocated when a
 *        client dies
 */
struct membank_client {
	refcount_t refs;
	struct membank_service *service;
	struct list_head node;
	bool entered;
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
	u64 number;
	struct membank_share connection;
	struct membank_share unread;
	struct membank_client_event connected;
	struct membank_client_event gone;
};

static inline struct membank_service *
membank_service_of(struct membank_name *name)
{
	return container_of(name, struct membank_service, name);
}

void membank_clients_init(struct membank_service *service);
void membank_clients_end(struct membank_service *service);
void membank_service_put(struct membank_service *service);
bool membank_service_knows(struct membank_service *service, u64 number);
bool membank_offers_hold(struct membank_service *service);
void membank_offers_drop(struct membank_service *service);

struct membank_client *membank_client_create(struct membank_service *service);
void membank_client_put(struct membank_client *client);
int membank_client_enter(struct membank_client *client);
void membank_client_leave(struct membank_client *client);

struct membank_client_event *
membank_clients_take_event(struct membank_service *service);
void membank_clients_give_back(struct membank_service *service,
			       struct membank_client_event *event);
void membank_clients_told(struct membank_service *service,
			  struct membank_client_event *event);

int membank_clients_wait(struct membank_service *service, u64 seen,
			 ktime_t deadline);
unsigned int membank_clients_list(struct membank_service *service, u64 after,
				  struct membank_service_client *list,
				  unsigned int room, u64 *changes);

#endif /* MEMBANK_CLIENTS_H */
