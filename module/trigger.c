// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a trigger reaches: eventfds that descriptors of a notifier have bound, and
 * descriptors that count for themselves, for who reads them or waits in a call.
 * A trigger takes no lock that sleeps and allocates nothing.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>

#include <linux/membank.h>

#include "compat.h"
#include "peers.h"
#include "trace.h"
#include "trigger.h"
#include "wake.h"

/* ---------------------------------------------------------- triggering */

/* Whether a trigger gets through to an eventfd, which may be masked then. */
static bool pass_mask_locked(struct membank_notifier_handle *handle)
{
	bool pass = !handle->masked;

	lockdep_assert_held(&handle->lock);
	handle->masked = handle->oneshot;
	handle->pending |= !pass;
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

/* To signal an eventfd never sleeps. Returns false if nothing is bound. */
static bool deliver_locked(struct membank_notifier_handle *handle, bool sync)
{
	lockdep_assert_held(&handle->lock);
	if (READ_ONCE(handle->counts))
		count_trigger(handle, sync);
	else if (!handle->eventfd)
		return false;
	else if (pass_mask_locked(handle))
		eventfd_signal(handle->eventfd);
	return true;
}

/* A section of membank_peers_srcu keeps the handle. */
static bool deliver(struct membank_notifier_handle *handle, bool sync)
{
	if (!READ_ONCE(handle->bound))
		return false;
	guard(spinlock)
		(&handle->lock);
	return deliver_locked(handle, sync);
}

static unsigned int signal_all(struct membank_notifier *notifier, bool sync)
{
	struct membank_notifier_handle *handle;
	unsigned int receivers = 0;

	guard(srcu)
		(&membank_peers_srcu);
	list_for_each_entry_srcu(handle, &notifier->listeners, listener,
				 srcu_read_lock_held(&membank_peers_srcu))
		receivers += deliver(handle, sync);
	return receivers;
}

static unsigned int signal_lent(struct membank_notifier *notifier,
				const struct membank_tag *tag)
{
	struct membank_notifier_handle *handle;
	struct rhlist_head *pos, *first;
	unsigned int receivers = 0;

	guard(srcu)
		(&membank_peers_srcu);
	guard(rcu)
		();
	first = membank_peers_lent(notifier, tag);
	rhl_for_each_entry_rcu(handle, pos, first, lent_node)
		receivers += deliver(handle, false);
	return receivers;
}

/* Notes that nobody is bound; false if somebody is, by now. */
static bool note_missed_by_all(struct membank_notifier *notifier)
{
	struct membank_notifier_handle *handle;
	bool news;

	scoped_guard(spinlock, &notifier->lock) {
		if (notifier->nr_bound)
			return false;
		news = !notifier->missed;
		WRITE_ONCE(notifier->missed, true);
	}
	if (!news)
		return true;

	guard(srcu)
		(&membank_peers_srcu);
	list_for_each_entry_srcu(handle, &notifier->listeners, listener,
				 srcu_read_lock_held(&membank_peers_srcu))
		membank_wake_pollers(&handle->waiters);
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
			if (handle->bound)
				return false;
		rhl_for_each_entry_rcu(handle, pos, first, lent_node)
			WRITE_ONCE(handle->missed, true);
	}
	rhl_for_each_entry_rcu(handle, pos, first, lent_node)
		membank_wake_pollers(&handle->waiters);
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

/* Says where triggers go; in one step for who finds nobody bound. */
static void set_bound_locked(struct membank_notifier_handle *handle, bool bound,
			     bool counts)
{
	struct membank_notifier *notifier = handle->notifier;

	lockdep_assert_held(&notifier->lock);
	notifier->nr_bound += bound;
	notifier->nr_bound -= handle->bound;
	WRITE_ONCE(handle->bound, bound);
	WRITE_ONCE(handle->counts, counts);
}

/* Whether there is something that what is bound now was not told of. */
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

/* Puts what was bound, or what could not be, in place of @eventfd. */
static int exchange_eventfd(struct membank_notifier_handle *handle,
			    struct eventfd_ctx **eventfd, bool oneshot)
{
	struct membank_notifier *notifier = handle->notifier;
	bool missed = false;

	guard(spinlock)
		(&handle->lock);
	scoped_guard(spinlock, &notifier->lock) {
		if (handle->revoked)
			return -ENODEV;
		if (handle->pending)
			WRITE_ONCE(handle->missed, true);
		set_bound_locked(handle, *eventfd, false);
		if (*eventfd)
			missed = take_missed_locked(handle);
	}
	swap(handle->eventfd, *eventfd);
	handle->oneshot = oneshot;
	handle->masked = false;
	handle->pending = false;
	if (missed)
		deliver_locked(handle, false);
	return 0;
}

/**
 * membank_trigger_bind() - have an eventfd count the triggers
 * @handle: for which descriptor, instead of what it had
 * @eventfd: its number, or -1 for none
 * @oneshot: %MEMBANK_BIND_ONESHOT
 *
 * On return no trigger reaches what it had before.
 *
 * Return: 0, -EINVAL (not an eventfd), -EBADF, -ENODEV (revoked).
 */
int membank_trigger_bind(struct membank_notifier_handle *handle, int eventfd,
			 bool oneshot)
{
	struct eventfd_ctx *context = NULL;
	int ret;

	if (eventfd != -1)
		context = eventfd_ctx_fdget(eventfd);
	if (IS_ERR(context))
		return PTR_ERR(context);
	ret = exchange_eventfd(handle, &context, oneshot);
	if (context)
		eventfd_ctx_put(context);
	/* Who reads must know that it does not count any more. */
	membank_wake_pollers(&handle->waiters);
	return ret;
}

/**
 * membank_trigger_unmask() - let the next trigger through
 * @handle: that has bound an eventfd with %MEMBANK_BIND_ONESHOT
 *
 * Return: 0, -EINVAL (it has not), -ENODEV (revoked).
 */
int membank_trigger_unmask(struct membank_notifier_handle *handle)
{
	guard(spinlock)
		(&handle->lock);
	if (READ_ONCE(handle->revoked))
		return -ENODEV;
	if (!handle->eventfd || !handle->oneshot)
		return -EINVAL;
	handle->masked = handle->pending;
	if (handle->pending)
		eventfd_signal(handle->eventfd);
	handle->pending = false;
	return 0;
}

/**
 * membank_trigger_count() - have a handle count for itself
 * @handle: the handle
 *
 * Nothing happens if it does already.
 *
 * Return: 0, -EBUSY (an eventfd is bound), -ENODEV (revoked).
 */
int membank_trigger_count(struct membank_notifier_handle *handle)
{
	bool missed;

	if (READ_ONCE(handle->counts))
		return 0;
	guard(spinlock)
		(&handle->lock);
	scoped_guard(spinlock, &handle->notifier->lock) {
		if (handle->revoked)
			return -ENODEV;
		if (handle->bound)
			return handle->counts ? 0 : -EBUSY;
		set_bound_locked(handle, true, true);
		missed = take_missed_locked(handle);
	}
	if (missed)
		deliver_locked(handle, false);
	return 0;
}

/**
 * membank_trigger_give_back() - what was waited for could not be told
 * @handle: where
 * @count: from membank_receive()
 */
void membank_trigger_give_back(struct membank_notifier_handle *handle,
			       u64 count)
{
	scoped_guard(spinlock, &handle->lock) {
		/* It may count no more for itself. */
		if (handle->eventfd)
			deliver_locked(handle, false);
		else
			(void)atomic64_fetch_add_release(count, &handle->count);
	}
	/* Or another one waits for that. */
	membank_wake_pollers(&handle->waiters);
}

/* ----------------------------------------------------------------- ends */

/* It is no side any more, and has nothing bound. As membank_peer_leave_locked(). */
static bool leave_locked(struct membank_notifier_handle *handle, bool was_there)
{
	set_bound_locked(handle, false, false);
	return membank_peer_leave_locked(handle, was_there);
}

/* From here on no trigger reaches the eventfd of a handle that has left. */
static void drop_eventfd(struct membank_notifier_handle *handle)
{
	struct eventfd_ctx *eventfd;

	scoped_guard(spinlock, &handle->lock) {
		eventfd = handle->eventfd;
		handle->eventfd = NULL;
	}
	if (eventfd)
		eventfd_ctx_put(eventfd);
}

/**
 * membank_trigger_close() - the end of a handle
 * @handle: its descriptor is released
 */
void membank_trigger_close(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	bool last;

	scoped_guard(spinlock, &notifier->lock)
		last = leave_locked(handle, handle->published);
	drop_eventfd(handle);
	if (last)
		membank_peers_wake(notifier);
	membank_peer_free(handle);
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
	struct rhlist_head *pos, *first;
	bool last = false;

	scoped_guard(srcu, &membank_peers_srcu) {
		guard(rcu)
			();
		/* Under the lock: whoever is not found here yet sees it on joining. */
		scoped_guard(spinlock, &notifier->lock) {
			first = membank_peers_lent(notifier, tag);
			rhl_for_each_entry_rcu(handle, pos, first, lent_node) {
				WRITE_ONCE(handle->revoked, true);
				last |= leave_locked(handle, true);
			}
		}
		rhl_for_each_entry_rcu(handle, pos, first, lent_node) {
			drop_eventfd(handle);
			membank_wake_pollers(&handle->waiters);
		}
	}
	if (last)
		membank_peers_wake(notifier);
}
