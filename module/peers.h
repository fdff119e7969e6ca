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

/**
 * struct membank_notifier - what all descriptors of a notifier share
 * @refs: handles, and services that offer it
 * @bindings: struct membank_binding; changed under @lock, read under
 *            membank_peers_srcu
 * @handles: &struct membank_notifier_handle that are there; likewise
 * @lock: guards the lists against change and all that follows; no other lock is
 *        taken under it
 * @nr_handles: how many there are
 * @missed: a trigger found nobody bound, and nobody was since; also read without
 *          the lock, as all below
 * @triggers: handles that are there with the right TRIGGER
 * @receivers: likewise with the right RECEIVE
 * @trigger_left: one with the right TRIGGER is gone
 * @receiver_left: one with the right RECEIVE is gone
 */
struct membank_notifier {
	struct kref refs;
	struct list_head bindings;
	struct list_head handles;

	/* Counts of handles, and changes of the lists. */
	spinlock_t lock;
	u32 nr_handles;
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
 * @binding: where triggers go for it, or NULL; changed under the notifier's lock,
 *           looked at without it only to see whether there is one
 * @counts: @binding is the handle itself: @count; changed under that lock, read
 *          without
 * @revoked: it was taken back; likewise, set once
 * @missed: a trigger for it was told to nobody; likewise
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
	struct membank_binding *binding;
	bool counts;
	bool revoked;
	bool missed;
	u32 spin_ns;
	atomic64_t count;
	wait_queue_head_t waiters;
	struct rcu_head rcu;
};

/* What keeps handles, and what they have bound, for who looks at the lists. */
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
void membank_peers_wake_hangup(struct membank_notifier *notifier);
bool membank_peer_is_alone(struct membank_notifier_handle *handle);

#endif /* MEMBANK_PEERS_H */
