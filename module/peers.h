/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_PEERS_H
#define MEMBANK_PEERS_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "limit.h"
#include "offer.h"

struct eventfd_ctx;

/**
 * struct membank_notifier - what all descriptors of a notifier share
 * @refs: handles, and services that offer it
 * @handles: &struct membank_notifier_handle that are there; changed under @lock,
 *           read under membank_peers_srcu
 * @listeners: those of them with the right RECEIVE, likewise
 * @lock: guards the lists against change and all that follows; no other lock is
 *        taken under it
 * @nr_handles: how many there are
 * @nr_bound: how many of @listeners have bound something
 * @missed: a trigger found nobody bound, and nobody was since; also read without
 *          the lock, as all below
 * @triggers: handles that are there with the right TRIGGER
 * @receivers: likewise with the right RECEIVE
 * @trigger_left: one with the right TRIGGER is gone
 * @receiver_left: one with the right RECEIVE is gone
 */
struct membank_notifier {
	struct kref refs;
	struct list_head handles;
	struct list_head listeners;

	/* Counts of handles, and changes of the lists. */
	spinlock_t lock;
	u32 nr_handles;
	u32 nr_bound;
	bool missed;
	u32 triggers;
	u32 receivers;
	bool trigger_left;
	bool receiver_left;
};

/**
 * struct membank_lent - what was lent to one client of a notifier
 * @notifier: address of the notifier, as a number
 * @tag: to whom
 */
struct membank_lent {
	u64 notifier;
	struct membank_tag tag;
};

/**
 * struct membank_notifier_handle - one descriptor of a notifier
 * @notifier: whose; the handle holds it; constant
 * @rights: set of &enum membank_notifier_rights; constant
 * @lent: to whom it was lent; constant
 * @share: whose it is then, who can have so many
 * @lent_node: among the handles with the same @lent, if it was lent
 * @published: was in a table of descriptors; set once, without a lock
 * @present: it is one side of the notifier; under the notifier's lock
 * @node: in the notifier's handles, while @present
 * @listener: in the notifier's listeners, while @present, with the right RECEIVE
 * @bound: triggers go to @eventfd, or to @count; changed under the notifier's lock,
 *         also read without
 * @counts: they go to @count; likewise
 * @revoked: it was taken back; likewise, set once
 * @missed: a trigger for it was told to nobody; likewise
 * @lock: held while a trigger is delivered, so that who binds something else waits
 *        for that alone; guards all up to @pending. The notifier's lock is taken
 *        under it, and locks of eventfds and queues are.
 * @eventfd: what is bound, with a reference, or NULL
 * @oneshot: it is masked after a delivery
 * @masked: nothing is delivered to it until it is unmasked
 * @pending: a trigger came while it was masked
 * @spin_ns: how long the next call looks at @count before it sleeps; no lock, as
 *           nothing but time depends on it
 * @count: triggers that were not read
 * @waiters: who waits for @count, or polls the descriptor
 * @rcu: frees the handle when no trigger can see it any more
 */
struct membank_notifier_handle {
	struct membank_notifier *notifier;
	u32 rights;
	struct membank_lent lent;
	struct membank_share share;
	struct rhlist_head lent_node;
	bool published;
	bool present;
	struct list_head node;
	struct list_head listener;
	bool bound;
	bool counts;
	bool revoked;
	bool missed;

	/* What is bound, and deliveries to it. */
	spinlock_t lock;
	struct eventfd_ctx *eventfd;
	bool oneshot;
	bool masked;
	bool pending;

	u32 spin_ns;
	atomic64_t count;
	wait_queue_head_t waiters;
	struct rcu_head rcu;
};

/* What keeps handles for who looks at the lists. */
extern struct srcu_struct membank_peers_srcu;

int membank_peers_init(void);
void membank_peers_exit(void);

struct membank_notifier *membank_notifier_alloc(void);
void membank_notifier_get(struct membank_notifier *notifier);
void membank_notifier_put(struct membank_notifier *notifier);

struct membank_notifier_handle *
membank_peer_open(struct membank_notifier *notifier, u32 rights,
		  const struct membank_tag *tag,
		  const struct membank_notifier_handle *parent);
bool membank_peer_leave_locked(struct membank_notifier_handle *handle,
			       bool was_there);
void membank_peer_free(struct membank_notifier_handle *handle);

struct rhlist_head *membank_peers_lent(struct membank_notifier *notifier,
				       const struct membank_tag *tag);
void membank_peers_wake(struct membank_notifier *notifier);
bool membank_peer_is_alone(struct membank_notifier_handle *handle);

#endif /* MEMBANK_PEERS_H */
