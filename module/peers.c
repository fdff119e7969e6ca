// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has a notifier: its descriptors, which of them were lent to whom, and
 * whether the other side of each is there.
 */
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "compat.h"
#include "peers.h"
#include "wake.h"

/*
 * Not RCU itself: who walks the list of a notifier with many descriptors holds up
 * the end of what is walked, and nothing else in the kernel. Nobody waits for it
 * but who unloads the module.
 */
DEFINE_SRCU(membank_peers_srcu);

/*
 * All handles that were lent by services. It is read with membank_peers_srcu held,
 * which keeps the handles.
 */
static struct rhltable lent_handles;

static const struct rhashtable_params lent_params = {
	.key_offset = offsetof(struct membank_notifier_handle, lent),
	.key_len = sizeof(struct membank_lent),
	.head_offset = offsetof(struct membank_notifier_handle, lent_node),
	.automatic_shrinking = true,
};

/**
 * membank_peers_init() - nothing is lent yet
 *
 * To be called before the first device node appears.
 *
 * Return: 0, -ENOMEM.
 */
int membank_peers_init(void)
{
	return rhltable_init(&lent_handles, &lent_params);
}

/**
 * membank_peers_exit() - after the last descriptor was released
 */
void membank_peers_exit(void)
{
	/* What a descriptor had ends a grace period after it. */
	srcu_barrier(&membank_peers_srcu);
	rhltable_destroy(&lent_handles);
}

/**
 * membank_notifier_alloc() - make a notifier
 *
 * Return: the notifier, to be given back by membank_notifier_put(), or NULL.
 */
struct membank_notifier *membank_notifier_alloc(void)
{
	struct membank_notifier *notifier;

	notifier = kzalloc_obj(*notifier, GFP_KERNEL_ACCOUNT);
	if (!notifier)
		return NULL;
	kref_init(&notifier->refs);
	spin_lock_init(&notifier->lock);
	INIT_LIST_HEAD(&notifier->handles);
	INIT_LIST_HEAD(&notifier->listeners);
	return notifier;
}

static void notifier_free(struct kref *refs)
{
	struct membank_notifier *notifier =
		container_of(refs, struct membank_notifier, refs);

	WARN_ON(!list_empty(&notifier->handles));
	WARN_ON(notifier->nr_bound);
	kfree(notifier);
}

/**
 * membank_notifier_get() - hold a notifier
 * @notifier: that somebody holds; paired with membank_notifier_put()
 */
void membank_notifier_get(struct membank_notifier *notifier)
{
	kref_get(&notifier->refs);
}

/**
 * membank_notifier_put() - let go of a notifier
 * @notifier: the notifier
 */
void membank_notifier_put(struct membank_notifier *notifier)
{
	kref_put(&notifier->refs, notifier_free);
}

static struct membank_lent lent_to(const struct membank_notifier *notifier,
				   const struct membank_tag *tag)
{
	return (struct membank_lent){ (uintptr_t)notifier, *tag };
}

/**
 * membank_peers_lent() - the handles that were lent to one client
 * @notifier: of which notifier
 * @tag: the client, of a service
 *
 * At most %MEMBANK_NOTIFIER_LENT_MAX, and those that are on their way. The caller
 * is in a section of membank_peers_srcu and in one of RCU.
 *
 * Return: the first, for rhl_for_each_entry_rcu(); NULL: there is none.
 */
struct rhlist_head *membank_peers_lent(struct membank_notifier *notifier,
				       const struct membank_tag *tag)
{
	const struct membank_lent lent = lent_to(notifier, tag);

	return rhltable_lookup(&lent_handles, &lent, lent_params);
}

static bool is_lent(const struct membank_notifier_handle *handle)
{
	return handle->lent.tag.service;
}

/* How many of the same client are there. */
static unsigned int
count_lent_locked(const struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_notifier_handle *other;
	struct rhlist_head *pos, *first;
	unsigned int count = 0;

	lockdep_assert_held(&notifier->lock);
	guard(srcu)
		(&membank_peers_srcu);
	guard(rcu)
		();
	first = membank_peers_lent(notifier, &handle->lent.tag);
	rhl_for_each_entry_rcu(other, pos, first, lent_node)
		count += other->present;
	return count;
}

static int add_lent(struct membank_notifier_handle *handle)
{
	/*
	 * The table has a lock in the pointer of each bucket, one bit of it. Who
	 * has the lock reads the pointer plainly, while who waits for it sets
	 * the same bit once more: a race of the kernel's own, and harmless. What
	 * is written to the handle in there is not looked at for races either.
	 */
	return data_race(rhltable_insert(&lent_handles, &handle->lent_node,
					 lent_params));
}

static void remove_lent(struct membank_notifier_handle *handle)
{
	/* As in add_lent(). */
	(void)data_race(rhltable_remove(&lent_handles, &handle->lent_node,
					lent_params));
}

static void handle_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct membank_notifier_handle, rcu));
}

/* 0, -ENODEV, -EDQUOT: from here on it is there. */
static int join(struct membank_notifier_handle *handle,
		const struct membank_notifier_handle *parent)
{
	struct membank_notifier *notifier = handle->notifier;
	u32 most = MEMBANK_NOTIFIER_HANDLES_MAX;

	/* Clients leave room for who lends. */
	if (is_lent(handle))
		most -= MEMBANK_NOTIFIER_HANDLES_KEPT;
	guard(spinlock)
		(&notifier->lock);
	if (parent && parent->revoked)
		return -ENODEV;
	if (notifier->nr_handles >= most ||
	    (is_lent(handle) &&
	     count_lent_locked(handle) == MEMBANK_NOTIFIER_LENT_MAX))
		return -EDQUOT;
	notifier->nr_handles++;
	list_add_rcu(&handle->node, &notifier->handles);
	if (handle->rights & MEMBANK_NOTIFIER_TRIGGER)
		WRITE_ONCE(notifier->triggers, notifier->triggers + 1);
	if (handle->rights & MEMBANK_NOTIFIER_RECEIVE) {
		list_add_rcu(&handle->listener, &notifier->listeners);
		WRITE_ONCE(notifier->receivers, notifier->receivers + 1);
	}
	handle->present = true;
	return 0;
}

/**
 * membank_peer_open() - make a handle
 * @notifier: of which
 * @rights: set of &enum membank_notifier_rights
 * @tag: to whom it is lent
 * @parent: what it is derived from, or NULL
 *
 * Return: the handle, which holds @notifier until membank_peer_free(), or an
 * ERR_PTR: -ENOMEM, -ENODEV (@parent was revoked), -EDQUOT (there are too many, or
 * the caller has too much that is lent).
 */
struct membank_notifier_handle *
membank_peer_open(struct membank_notifier *notifier, u32 rights,
		  const struct membank_tag *tag,
		  const struct membank_notifier_handle *parent)
{
	struct membank_notifier_handle *handle;
	int ret;

	handle = kzalloc_obj(*handle, GFP_KERNEL_ACCOUNT);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->notifier = notifier;
	handle->rights = rights;
	handle->lent = lent_to(notifier, tag);
	spin_lock_init(&handle->lock);
	init_waitqueue_head(&handle->waiters);
	/* Before it joins: whoever revokes what is there finds it. */
	if (is_lent(handle) && add_lent(handle)) {
		kfree(handle);
		return ERR_PTR(-ENOMEM);
	}

	membank_notifier_get(notifier);
	ret = membank_tag_charge(tag, &handle->share);
	if (!ret)
		ret = join(handle, parent);
	if (ret) {
		membank_peer_free(handle);
		return ERR_PTR(ret);
	}
	return handle;
}

/**
 * membank_peer_leave_locked() - a handle is no side of its notifier any more
 * @handle: its descriptor is released, or it was revoked; it may have left before
 * @was_there: somebody has seen it as the other side
 *
 * The notifier's lock is held.
 *
 * Return: whether others may be without another side now, for
 * membank_peers_wake().
 */
bool membank_peer_leave_locked(struct membank_notifier_handle *handle,
			       bool was_there)
{
	struct membank_notifier *notifier = handle->notifier;
	bool last = false;

	lockdep_assert_held(&notifier->lock);
	if (!handle->present)
		return false;
	handle->present = false;
	list_del_rcu(&handle->node);
	notifier->nr_handles--;
	/* A handle with both rights is no side of its own: one may be left. */
	if (handle->rights & MEMBANK_NOTIFIER_TRIGGER) {
		WRITE_ONCE(notifier->triggers, notifier->triggers - 1);
		if (was_there)
			WRITE_ONCE(notifier->trigger_left, true);
		last |= notifier->triggers < 2;
	}
	if (handle->rights & MEMBANK_NOTIFIER_RECEIVE) {
		list_del_rcu(&handle->listener);
		WRITE_ONCE(notifier->receivers, notifier->receivers - 1);
		if (was_there)
			WRITE_ONCE(notifier->receiver_left, true);
		last |= notifier->receivers < 2;
	}
	return last;
}

/**
 * membank_peer_free() - the end of a handle
 * @handle: it has left, or has never been there
 */
void membank_peer_free(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;

	membank_tag_uncharge(&handle->share);
	if (is_lent(handle))
		remove_lent(handle);
	call_srcu(&membank_peers_srcu, &handle->rcu, handle_free);
	membank_notifier_put(notifier);
}

/**
 * membank_peers_wake() - have everybody look whether the other side is there
 * @notifier: of which notifier
 */
void membank_peers_wake(struct membank_notifier *notifier)
{
	struct membank_notifier_handle *handle;

	guard(srcu)
		(&membank_peers_srcu);
	list_for_each_entry_srcu(handle, &notifier->handles, node,
				 srcu_read_lock_held(&membank_peers_srcu))
		membank_wake_pollers(&handle->waiters);
}

/*
 * What says no without the lock was true at some moment; what says yes needs one
 * moment for all.
 */
static bool looks_alone(const struct membank_notifier_handle *handle)
{
	const struct membank_notifier *notifier = handle->notifier;
	bool triggers = handle->rights & MEMBANK_NOTIFIER_TRIGGER;
	bool receives = handle->rights & MEMBANK_NOTIFIER_RECEIVE;
	u32 peers = 0;

	if (!(receives && READ_ONCE(notifier->trigger_left)) &&
	    !(triggers && READ_ONCE(notifier->receiver_left)))
		return false;
	/* With both rights a handle is no peer of its own. */
	if (receives)
		peers += READ_ONCE(notifier->triggers) - triggers;
	if (triggers)
		peers += READ_ONCE(notifier->receivers) - receives;
	return !peers;
}

/**
 * membank_peer_is_alone() - was the other side there, and is not any more
 * @handle: whose other side; itself it was not revoked, or the answer is of no use
 */
bool membank_peer_is_alone(struct membank_notifier_handle *handle)
{
	if (!looks_alone(handle))
		return false;
	guard(spinlock)
		(&handle->notifier->lock);
	return looks_alone(handle);
}
