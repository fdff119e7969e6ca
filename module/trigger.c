// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a trigger reaches: eventfds that descriptors of a notifier have bound, and
 * descriptors that count for themselves, for who reads them or waits in a call.
 * A trigger takes no lock that sleeps and allocates nothing.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "compat.h"
#include "peers.h"
#include "trace.h"
#include "trigger.h"
#include "wake.h"

/**
 * struct membank_binding - where triggers go
 * @node: in the notifier's bindings
 * @ended: in a list of those that are to be ended
 * @handle: whose; there as long as a trigger can see the binding
 * @eventfd: what counts, with a reference; NULL: the handle itself
 * @oneshot: it is masked after a delivery; constant
 * @lock: held while something is delivered, so that who ends the binding waits
 *        for that alone; guards all below. Inside of it are locks of eventfds and
 *        queues only, and the notifier's is not taken with it.
 * @dead: nothing is delivered any more
 * @masked: likewise, until it is unmasked
 * @pending: a trigger came while it was masked
 * @rcu: frees the binding when no trigger can see it any more
 */
struct membank_binding {
	struct list_head node;
	struct list_head ended;
	struct membank_notifier_handle *handle;
	struct eventfd_ctx *eventfd;
	bool oneshot;

	/* What triggers change, and the end. */
	spinlock_t lock;
	bool dead;
	bool masked;
	bool pending;
	struct rcu_head rcu;
};

/* May run in softirq context; membank_peers_exit() waits for it. */
static void binding_free(struct rcu_head *rcu)
{
	struct membank_binding *binding =
		container_of(rcu, struct membank_binding, rcu);

	if (binding->eventfd)
		eventfd_ctx_put(binding->eventfd);
	kfree(binding);
}

/*
 * Gives @handle another binding, or none. Returns what it had, for the caller to
 * end and to free after a grace period.
 */
static struct membank_binding *
replace_binding_locked(struct membank_notifier_handle *handle,
		       struct membank_binding *binding)
{
	struct membank_binding *old = handle->binding;

	lockdep_assert_held(&handle->notifier->lock);
	/* Pairs with the READ_ONCE() of who delivers, which depends on it. */
	smp_store_release(&handle->binding, binding);
	WRITE_ONCE(handle->counts, binding && !binding->eventfd);
	/* One step for a trigger under way: it sees the old or the new one. */
	if (old && binding)
		list_replace_rcu(&old->node, &binding->node);
	else if (binding)
		list_add_rcu(&binding->node, &handle->notifier->bindings);
	else if (old)
		list_del_rcu(&old->node);
	return old;
}

/* ---------------------------------------------------------- triggering */

/* Whether a trigger gets through to a binding, which may be masked then. */
static bool pass_mask_locked(struct membank_binding *binding)
{
	bool pass = !binding->masked;

	lockdep_assert_held(&binding->lock);
	binding->masked = binding->oneshot;
	binding->pending |= !pass;
	return pass;
}

static void count_trigger(struct membank_notifier_handle *handle, bool sync)
{
	/* What was written before is seen by who takes the count: take_count(). */
	(void)atomic64_fetch_inc_release(&handle->count);
	/* Has a barrier of its own, for who is about to sleep. */
	if (!wq_has_sleeper(&handle->waiters))
		return;
	/* Who is about to wait lets the woken one run in its place. */
	if (sync)
		wake_up_interruptible_sync_poll(&handle->waiters,
						EPOLLIN | EPOLLRDNORM);
	else
		wake_up_interruptible_poll(&handle->waiters,
					   EPOLLIN | EPOLLRDNORM);
}

/*
 * Tells one binding of one trigger; a section of membank_peers_srcu keeps it. To
 * signal an eventfd never sleeps, and so can be done under a spinlock. Returns
 * false if the binding has ended.
 */
static bool deliver_to(struct membank_binding *binding, bool sync)
{
	guard(spinlock)
		(&binding->lock);
	if (binding->dead)
		return false;
	if (!binding->eventfd)
		count_trigger(binding->handle, sync);
	else if (pass_mask_locked(binding))
		eventfd_signal(binding->eventfd);
	return true;
}

/* Who polls a handle that nothing is bound to may read what was missed. */
static void wake_readers(struct membank_notifier_handle *handle)
{
	wake_up_poll(&handle->waiters, EPOLLIN | EPOLLRDNORM);
}

static void note_missed(struct membank_notifier_handle *handle)
{
	spin_lock(&handle->notifier->lock);
	WRITE_ONCE(handle->missed, true);
	spin_unlock(&handle->notifier->lock);
}

/* Whether there is something that the binding of a handle was not told of. */
static bool take_missed_locked(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	bool missed = handle->missed || notifier->missed;

	lockdep_assert_held(&notifier->lock);
	WRITE_ONCE(handle->missed, false);
	WRITE_ONCE(notifier->missed, false);
	/* What the handle has counted and nobody has read goes on, too. */
	if (!handle->counts && atomic64_xchg(&handle->count, 0))
		missed = true;
	return missed;
}

/*
 * Tells who is bound now of what came while nobody was, or came too late to what
 * was bound before.
 */
static void hand_on(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_binding *binding;

	guard(srcu)
		(&membank_peers_srcu);
	for (;;) {
		spin_lock(&notifier->lock);
		binding = handle->binding;
		if (binding && !take_missed_locked(handle))
			binding = NULL;
		spin_unlock(&notifier->lock);
		if (!binding || deliver_to(binding, false))
			return;
		/* Another thread has ended it meanwhile. */
		note_missed(handle);
	}
}

static void deliver(struct membank_binding *binding, bool sync)
{
	struct membank_notifier_handle *handle = binding->handle;

	if (deliver_to(binding, sync))
		return;
	/* It is for what the handle has now, or for who polls it. */
	note_missed(handle);
	hand_on(handle);
	wake_readers(handle);
}

static unsigned int signal_all(struct membank_notifier *notifier, bool sync)
{
	struct membank_binding *binding;
	unsigned int receivers = 0;

	guard(srcu)
		(&membank_peers_srcu);
	list_for_each_entry_srcu(binding, &notifier->bindings, node,
				 srcu_read_lock_held(&membank_peers_srcu)) {
		receivers++;
		deliver(binding, sync);
	}
	return receivers;
}

static unsigned int signal_lent(struct membank_notifier *notifier,
				const struct membank_tag *tag)
{
	struct membank_notifier_handle *handle;
	struct membank_binding *binding;
	struct rhlist_head *pos, *first;
	unsigned int receivers = 0;

	guard(srcu)
		(&membank_peers_srcu);
	guard(rcu)
		();
	first = membank_peers_lent(notifier, tag);
	rhl_for_each_entry_rcu(handle, pos, first, lent_node) {
		binding = READ_ONCE(handle->binding);
		if (!binding)
			continue;
		receivers++;
		deliver(binding, false);
	}
	return receivers;
}

/* Notes that nobody is bound; false if somebody is, by now. */
static bool note_missed_by_all(struct membank_notifier *notifier)
{
	struct membank_notifier_handle *handle;
	bool news = false, bound;

	spin_lock(&notifier->lock);
	bound = !list_empty(&notifier->bindings);
	if (!bound) {
		news = !notifier->missed;
		WRITE_ONCE(notifier->missed, true);
	}
	spin_unlock(&notifier->lock);
	if (!news)
		return !bound;

	guard(srcu)
		(&membank_peers_srcu);
	list_for_each_entry_srcu(handle, &notifier->handles, node,
				 srcu_read_lock_held(&membank_peers_srcu))
		wake_readers(handle);
	return true;
}

/* The same for what was lent to one client. */
static bool note_missed_by_lent(struct membank_notifier *notifier,
				const struct membank_tag *tag)
{
	struct membank_notifier_handle *handle;
	struct rhlist_head *pos, *first;

	guard(srcu)
		(&membank_peers_srcu);
	guard(rcu)
		();
	scoped_guard(spinlock, &notifier->lock) {
		first = membank_peers_lent(notifier, tag);
		rhl_for_each_entry_rcu(handle, pos, first, lent_node)
			if (handle->binding)
				return false;
		rhl_for_each_entry_rcu(handle, pos, first, lent_node)
			WRITE_ONCE(handle->missed, true);
	}
	rhl_for_each_entry_rcu(handle, pos, first, lent_node)
		wake_readers(handle);
	return true;
}

/**
 * membank_trigger() - trigger a notifier
 * @notifier: which
 * @sync: the caller is about to wait
 */
void membank_trigger(struct membank_notifier *notifier, bool sync)
{
	unsigned int receivers;

	do {
		receivers = signal_all(notifier, sync);
	} while (!receivers && !note_missed_by_all(notifier));
	trace_membank_trigger(notifier, receivers);
}

/**
 * membank_trigger_lent() - trigger it for one client
 * @notifier: which
 * @tag: only what was lent to this client
 */
void membank_trigger_lent(struct membank_notifier *notifier,
			  const struct membank_tag *tag)
{
	unsigned int receivers;

	do {
		receivers = signal_lent(notifier, tag);
	} while (!receivers && !note_missed_by_lent(notifier, tag));
	trace_membank_trigger(notifier, receivers);
}

/* ------------------------------------------------------------- binding */

static struct membank_binding *
create_binding(struct membank_notifier_handle *handle, int fd, bool oneshot)
{
	struct membank_binding *binding;
	struct eventfd_ctx *eventfd = NULL;

	binding = kzalloc_obj(*binding, GFP_KERNEL_ACCOUNT);
	if (!binding)
		return ERR_PTR(-ENOMEM);
	if (fd != -1)
		eventfd = eventfd_ctx_fdget(fd);
	if (IS_ERR(eventfd)) {
		kfree(binding);
		return ERR_CAST(eventfd);
	}
	spin_lock_init(&binding->lock);
	binding->handle = handle;
	binding->eventfd = eventfd;
	binding->oneshot = oneshot;
	return binding;
}

/*
 * From here on no trigger reaches @binding, which its handle has no more. What it
 * holds back is for what comes after it.
 */
static void end_binding(struct membank_binding *binding)
{
	bool pending;

	spin_lock(&binding->lock);
	binding->dead = true;
	pending = binding->pending;
	spin_unlock(&binding->lock);
	if (pending)
		note_missed(binding->handle);
	call_srcu(&membank_peers_srcu, &binding->rcu, binding_free);
}

/**
 * membank_trigger_bind() - have an eventfd count the triggers
 * @handle: for which descriptor, instead of what it had
 * @eventfd: its number, or -1 for none
 * @oneshot: %MEMBANK_BIND_ONESHOT
 *
 * Return: 0, -EINVAL (not an eventfd), -EBADF, -ENODEV (revoked), -ENOMEM.
 */
int membank_trigger_bind(struct membank_notifier_handle *handle, int eventfd,
			 bool oneshot)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_binding *binding = NULL, *former;
	bool revoked;

	if (eventfd != -1)
		binding = create_binding(handle, eventfd, oneshot);
	if (IS_ERR(binding))
		return PTR_ERR(binding);

	spin_lock(&notifier->lock);
	revoked = handle->revoked;
	former = revoked ? NULL : replace_binding_locked(handle, binding);
	spin_unlock(&notifier->lock);
	if (revoked) {
		if (binding)
			binding_free(&binding->rcu);
		return -ENODEV;
	}

	if (former)
		end_binding(former);
	hand_on(handle);
	/* Who reads must know that it does not count any more. */
	membank_wake_hangup(&handle->waiters);
	return 0;
}

/**
 * membank_trigger_unmask() - let the next trigger through
 * @handle: that has bound an eventfd with %MEMBANK_BIND_ONESHOT
 *
 * Return: 0, -EINVAL (it has not), -ENODEV (revoked).
 */
int membank_trigger_unmask(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_binding *binding;
	bool revoked;

	guard(srcu)
		(&membank_peers_srcu);
	spin_lock(&notifier->lock);
	binding = handle->binding;
	revoked = handle->revoked;
	spin_unlock(&notifier->lock);
	if (revoked)
		return -ENODEV;
	if (!binding || !binding->oneshot)
		return -EINVAL;

	guard(spinlock)
		(&binding->lock);
	/* One that has ended holds nothing back any more. */
	if (binding->dead)
		return 0;
	binding->masked = binding->pending;
	if (binding->pending)
		eventfd_signal(binding->eventfd);
	binding->pending = false;
	return 0;
}

/**
 * membank_trigger_count() - have a handle count for itself
 * @handle: the handle
 *
 * Nothing happens if it does already.
 *
 * Return: 0, -EBUSY (an eventfd is bound), -ENODEV (revoked), -ENOMEM.
 */
int membank_trigger_count(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_binding *binding;
	int ret = 0;

	if (READ_ONCE(handle->counts))
		return 0;
	binding = create_binding(handle, -1, false);
	if (IS_ERR(binding))
		return PTR_ERR(binding);

	spin_lock(&notifier->lock);
	if (handle->revoked) {
		ret = -ENODEV;
	} else if (!handle->binding) {
		replace_binding_locked(handle, binding);
		binding = NULL;
	} else if (!handle->counts) {
		ret = -EBUSY;
	}
	spin_unlock(&notifier->lock);
	if (binding)
		binding_free(&binding->rcu);
	else
		hand_on(handle);
	return ret;
}

/**
 * membank_trigger_give_back() - what was waited for could not be told
 * @handle: where
 * @count: from membank_receive()
 */
void membank_trigger_give_back(struct membank_notifier_handle *handle,
			       u64 count)
{
	(void)atomic64_fetch_add_release(count, &handle->count);
	/* It may count no more for itself, or another one waits for that. */
	hand_on(handle);
	wake_up_interruptible_poll(&handle->waiters, EPOLLIN | EPOLLRDNORM);
}

/* ----------------------------------------------------------------- ends */

/**
 * membank_trigger_close() - the end of a handle
 * @handle: its descriptor is released
 */
void membank_trigger_close(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_binding *former;
	bool last;

	spin_lock(&notifier->lock);
	former = replace_binding_locked(handle, NULL);
	last = membank_peer_leave_locked(handle, handle->published);
	spin_unlock(&notifier->lock);

	if (last)
		membank_peers_wake_hangup(notifier);
	if (former)
		end_binding(former);
	membank_peer_free(handle);
}

/* Adds what it had bound to @ended. Returns whether others may be alone now. */
static bool revoke_locked(struct membank_notifier_handle *handle,
			  struct list_head *ended)
{
	struct membank_binding *binding;

	lockdep_assert_held(&handle->notifier->lock);
	WRITE_ONCE(handle->revoked, true);
	binding = replace_binding_locked(handle, NULL);
	if (binding)
		list_add(&binding->ended, ended);
	return membank_peer_leave_locked(handle, true);
}

/**
 * membank_trigger_revoke() - take handles back
 * @notifier: of which
 * @tag: those that were lent to this client
 *
 * On return no trigger reaches what they had bound. A trigger through them that
 * is under way may still reach others.
 */
void membank_trigger_revoke(struct membank_notifier *notifier,
			    const struct membank_tag *tag)
{
	struct membank_notifier_handle *handle;
	struct membank_binding *binding, *next;
	struct rhlist_head *pos, *first;
	bool last = false;
	LIST_HEAD(ended);

	scoped_guard(srcu, &membank_peers_srcu) {
		guard(rcu)
			();
		/* Under the lock: whoever is not found here yet sees it on joining. */
		spin_lock(&notifier->lock);
		first = membank_peers_lent(notifier, tag);
		rhl_for_each_entry_rcu(handle, pos, first, lent_node)
			last |= revoke_locked(handle, &ended);
		spin_unlock(&notifier->lock);
		/* Here, as their handles may be closed meanwhile. */
		list_for_each_entry_safe(binding, next, &ended, ended)
			end_binding(binding);
		rhl_for_each_entry_rcu(handle, pos, first, lent_node)
			membank_wake_hangup(&handle->waiters);
	}
	if (last)
		membank_peers_wake_hangup(notifier);
}
