/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_TRIGGER_H
#define MEMBANK_TRIGGER_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "offer.h"

/**
 * struct membank_notifier - what all descriptors of a notifier share
 * @refs: handles, and services that offer it
 * @bindings: struct membank_binding; changed under @lock, read under RCU
 * @handles: &struct membank_notifier_handle; likewise
 * @lock: guards the lists against change and all that follows; no other lock is
 *        taken under it
 * @missed: a trigger found nobody bound, and nobody was since; also read without
 *          the lock, as all below
 * @triggers: handles with the right TRIGGER
 * @receivers: handles with the right RECEIVE
 * @trigger_left: a descriptor with the right TRIGGER is gone
 * @receiver_left: a descriptor with the right RECEIVE is gone
 */
struct membank_notifier {
	struct kref refs;
	struct list_head bindings;
	struct list_head handles;

	/* Counts of handles, and changes of the lists. */
	spinlock_t lock;
	bool missed;
	u64 triggers;
	u64 receivers;
	bool trigger_left;
	bool receiver_left;
};

/**
 * struct membank_notifier_handle - one descriptor of a notifier
 * @notifier: whose; the handle holds it; constant
 * @rights: set of &enum membank_notifier_rights; constant
 * @tag: to whom it was lent; constant
 * @published: was in a table of descriptors; set once, without a lock
 * @node: in the notifier's handles
 * @binding: where triggers go for it, or NULL; changed under the notifier's lock,
 *           looked at without it only to see whether there is one
 * @counts: @binding is the handle itself: @count; changed under that lock, read
 *          without
 * @revoked: it was taken back; likewise, set once
 * @missed: a trigger for it was told to nobody; likewise
 * @count: triggers that were not read
 * @waiters: who waits for @count, or polls the descriptor
 * @rcu: frees the handle when no trigger can see it any more
 */
struct membank_notifier_handle {
	struct membank_notifier *notifier;
	u32 rights;
	struct membank_tag tag;
	bool published;
	struct list_head node;
	struct membank_binding *binding;
	bool counts;
	bool revoked;
	bool missed;
	atomic64_t count;
	wait_queue_head_t waiters;
	struct rcu_head rcu;
};

struct membank_notifier *membank_notifier_alloc(void);
void membank_notifier_get(struct membank_notifier *notifier);
void membank_notifier_put(struct membank_notifier *notifier);

struct membank_notifier_handle *
membank_trigger_open(struct membank_notifier *notifier, u32 rights,
		     const struct membank_tag *tag,
		     const struct membank_notifier_handle *parent);
void membank_trigger_close(struct membank_notifier_handle *handle);
__poll_t membank_trigger_poll(struct membank_notifier_handle *handle);

int membank_trigger_bind(struct membank_notifier_handle *handle, int eventfd,
			 bool oneshot);
int membank_trigger_unmask(struct membank_notifier_handle *handle);
int membank_trigger_count(struct membank_notifier_handle *handle);
int membank_trigger_wait(struct membank_notifier_handle *handle,
			 ktime_t deadline, u64 *count);
void membank_trigger_give_back(struct membank_notifier_handle *handle,
			       u64 count);

void membank_trigger(struct membank_notifier *notifier,
		     const struct membank_tag *tag, bool sync);
void membank_trigger_revoke(struct membank_notifier *notifier,
			    const struct membank_tag *tag);

#endif /* MEMBANK_TRIGGER_H */
