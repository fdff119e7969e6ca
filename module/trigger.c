// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a trigger reaches: eventfds that descriptors of a notifier have bound, and
 * descriptors that count for themselves, for who reads them or waits in a call.
 * A trigger takes no lock that sleeps and allocates nothing.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "compat.h"
#include "trace.h"
#include "trigger.h"

/**
 * struct membank_binding - where triggers go
 * @node: in the notifier's bindings
 * @ended: in a list of those that wait for no trigger to see them
 * @handle: whose; there as long as a trigger can see the binding
 * @eventfd: what counts, with a reference; NULL: the handle itself
 * @oneshot: it is masked after a delivery; constant
 * @masked: likewise, nothing is delivered; under the notifier's lock
 * @pending: a trigger came while it was masked; likewise
 * @rcu: frees the binding when no trigger can see it any more
 */
struct membank_binding {
	struct list_head node;
	struct list_head ended;
	struct membank_notifier_handle *handle;
	struct eventfd_ctx *eventfd;
	bool oneshot;
	bool masked;
	bool pending;
	struct rcu_head rcu;
};

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
	INIT_LIST_HEAD(&notifier->bindings);
	INIT_LIST_HEAD(&notifier->handles);
	return notifier;
}

static void notifier_free(struct kref *refs)
{
	struct membank_notifier *notifier =
		container_of(refs, struct membank_notifier, refs);

	WARN_ON(!list_empty(&notifier->bindings));
	WARN_ON(!list_empty(&notifier->handles));
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

/* May run in softirq context; membank_exit() waits for it by rcu_barrier(). */
static void binding_free(struct rcu_head *rcu)
{
	struct membank_binding *binding =
		container_of(rcu, struct membank_binding, rcu);

	if (binding->eventfd)
		eventfd_ctx_put(binding->eventfd);
	kfree(binding);
}

/* ---------------------------------------------------------- descriptors */

/**
 * membank_trigger_open() - make a handle
 * @notifier: of which
 * @rights: set of &enum membank_notifier_rights
 * @tag: to whom it is lent
 * @parent: what it is derived from, or NULL
 *
 * Return: the handle, which holds @notifier until membank_trigger_close(), or an
 * ERR_PTR: -ENOMEM, -ENODEV (@parent was revoked).
 */
struct membank_notifier_handle *
membank_trigger_open(struct membank_notifier *notifier, u32 rights,
		     const struct membank_tag *tag,
		     const struct membank_notifier_handle *parent)
{
	struct membank_notifier_handle *handle;
	bool revoked;

	handle = kzalloc_obj(*handle, GFP_KERNEL_ACCOUNT);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->notifier = notifier;
	handle->rights = rights;
	handle->tag = *tag;
	init_waitqueue_head(&handle->waiters);

	spin_lock(&notifier->lock);
	revoked = parent && parent->revoked;
	if (!revoked) {
		list_add_rcu(&handle->node, &notifier->handles);
		notifier->triggers += !!(rights & MEMBANK_NOTIFIER_TRIGGER);
		notifier->receivers += !!(rights & MEMBANK_NOTIFIER_RECEIVE);
	}
	spin_unlock(&notifier->lock);
	if (revoked) {
		kfree(handle);
		return ERR_PTR(-ENODEV);
	}
	membank_notifier_get(notifier);
	return handle;
}

static bool is_for(const struct membank_notifier_handle *handle,
		   const struct membank_tag *tag)
{
	return !tag || membank_tag_is(&handle->tag, tag);
}

/* Has who waits at any of these handles look again. */
static void wake_handles(struct membank_notifier *notifier,
			 const struct membank_tag *tag, __poll_t events)
{
	struct membank_notifier_handle *handle;

	rcu_read_lock();
	list_for_each_entry_rcu(handle, &notifier->handles, node)
		if (is_for(handle, tag))
			wake_up_poll(&handle->waiters, events);
	rcu_read_unlock();
}

/*
 * Gives @handle another binding, or none. Returns what it had, for the caller to
 * free after a grace period.
 */
static struct membank_binding *
replace_binding_locked(struct membank_notifier_handle *handle,
		       struct membank_binding *binding)
{
	struct membank_binding *old = handle->binding;

	lockdep_assert_held(&handle->notifier->lock);
	WRITE_ONCE(handle->binding, binding);
	WRITE_ONCE(handle->counts, binding && !binding->eventfd);
	/* What the old one holds back is for the new one. */
	if (old && old->pending) {
		old->pending = false;
		WRITE_ONCE(handle->missed, true);
	}
	/* One step for a trigger under way: it sees the old or the new one. */
	if (old && binding)
		list_replace_rcu(&old->node, &binding->node);
	else if (binding)
		list_add_rcu(&binding->node, &handle->notifier->bindings);
	else if (old)
		list_del_rcu(&old->node);
	return old;
}

/**
 * membank_trigger_close() - the end of a handle
 * @handle: its descriptor is released
 */
void membank_trigger_close(struct membank_notifier_handle *handle)
{
	struct membank_notifier *notifier = handle->notifier;
	struct membank_binding *former;

	spin_lock(&notifier->lock);
	former = replace_binding_locked(handle, NULL);
	list_del_rcu(&handle->node);
	if (handle->rights & MEMBANK_NOTIFIER_TRIGGER) {
		notifier->triggers--;
		notifier->trigger_left |= handle->published;
	}
	if (handle->rights & MEMBANK_NOTIFIER_RECEIVE) {
		notifier->receivers--;
		notifier->receiver_left |= handle->published;
	}
	spin_unlock(&notifier->lock);

	wake_handles(notifier, NULL, EPOLLHUP);
	if (former)
		call_rcu(&former->rcu, binding_free);
	kfree_rcu(handle, rcu);
	membank_notifier_put(notifier);
}

/*
 * Whether the other side of a handle was there, and is not any more. What says no
 * without the lock was true at some moment; what says yes needs one moment for
 * all.
 */
static bool looks_alone(const struct membank_notifier_handle *handle)
{
	const struct membank_notifier *notifier = handle->notifier;
	bool triggers = handle->rights & MEMBANK_NOTIFIER_TRIGGER;
	bool receives = handle->rights & MEMBANK_NOTIFIER_RECEIVE;
	u64 peers = 0;

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

static bool is_alone(struct membank_notifier_handle *handle)
{
	if (!looks_alone(handle))
		return false;
	guard(spinlock)
		(&handle->notifier->lock);
	return looks_alone(handle);
}

/* Whether read() would find something: also before the handle counts. */
static bool is_readable(const struct membank_notifier_handle *handle)
{
	if (READ_ONCE(handle->counts))
		return atomic64_read(&handle->count);
	if (!(handle->rights & MEMBANK_NOTIFIER_RECEIVE) ||
	    READ_ONCE(handle->binding))
		return false;
	return atomic64_read(&handle->count) || READ_ONCE(handle->missed) ||
	       READ_ONCE(handle->notifier->missed);
}

/**
 * membank_trigger_poll() - what poll() says of a handle
 * @handle: the handle; its waiters are woken when that may have changed
 *
 * Return: a set of EPOLL flags.
 */
__poll_t membank_trigger_poll(struct membank_notifier_handle *handle)
{
	bool revoked = READ_ONCE(handle->revoked);
	__poll_t events = 0;

	if (!revoked && is_readable(handle))
		events |= EPOLLIN | EPOLLRDNORM;
	if (revoked || is_alone(handle))
		events |= EPOLLHUP;
	return events;
}

/* ---------------------------------------------------------- triggering */

/* Whether a trigger gets through to a binding, which is masked then. */
static bool pass_mask(struct membank_binding *binding)
{
	struct membank_notifier *notifier = binding->handle->notifier;
	bool pass;

	spin_lock(&notifier->lock);
	pass = !binding->masked;
	binding->masked = true;
	binding->pending |= !pass;
	spin_unlock(&notifier->lock);
	return pass;
}

static void count_trigger(struct membank_notifier_handle *handle, bool sync)
{
	atomic64_inc(&handle->count);
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

/* Tells one binding of one trigger; the reader's side of RCU keeps it. */
static void deliver(struct membank_binding *binding, bool sync)
{
	if (!binding->eventfd)
		count_trigger(binding->handle, sync);
	else if (!binding->oneshot || pass_mask(binding))
		eventfd_signal(binding->eventfd);
}

static unsigned int signal_bindings(struct membank_notifier *notifier,
				    const struct membank_tag *tag, bool sync)
{
	struct membank_binding *binding;
	unsigned int receivers = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(binding, &notifier->bindings, node) {
		if (!is_for(binding->handle, tag))
			continue;
		receivers++;
		deliver(binding, sync);
	}
	rcu_read_unlock();
	return receivers;
}

static bool is_bound_locked(struct membank_notifier *notifier,
			    const struct membank_tag *tag)
{
	struct membank_notifier_handle *handle;

	lockdep_assert_held(&notifier->lock);
	if (!tag)
		return !list_empty(&notifier->bindings);
	list_for_each_entry(handle, &notifier->handles, node)
		if (is_for(handle, tag) && handle->binding)
			return true;
	return false;
}

/* Notes that nobody is bound; false if somebody is, by now. */
static bool note_missed(struct membank_notifier *notifier,
			const struct membank_tag *tag)
{
	struct membank_notifier_handle *handle;
	bool news = false, bound;

	spin_lock(&notifier->lock);
	bound = is_bound_locked(notifier, tag);
	if (!bound && !tag) {
		news = !notifier->missed;
		WRITE_ONCE(notifier->missed, true);
	} else if (!bound) {
		list_for_each_entry(handle, &notifier->handles, node) {
			if (!is_for(handle, tag))
				continue;
			news |= !handle->missed;
			WRITE_ONCE(handle->missed, true);
		}
	}
	spin_unlock(&notifier->lock);
	/* Who polls may read it. */
	if (news)
		wake_handles(notifier, tag, EPOLLIN | EPOLLRDNORM);
	return !bound;
}

/**
 * membank_trigger() - trigger a notifier
 * @notifier: which
 * @tag: only what was lent to this client, NULL: all
 * @sync: the caller is about to wait
 */
void membank_trigger(struct membank_notifier *notifier,
		     const struct membank_tag *tag, bool sync)
{
	unsigned int receivers;

	do {
		receivers = signal_bindings(notifier, tag, sync);
	} while (!receivers && !note_missed(notifier, tag));
	trace_membank_trigger(notifier, receivers);
}

/* ----------------------------------------------------------- receiving */

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
	binding->handle = handle;
	binding->eventfd = eventfd;
	binding->oneshot = oneshot;
	return binding;
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

	/* Another thread may end the binding meanwhile. */
	rcu_read_lock();
	spin_lock(&notifier->lock);
	binding = handle->binding;
	if (binding && !take_missed_locked(handle))
		binding = NULL;
	spin_unlock(&notifier->lock);
	if (binding)
		deliver(binding, false);
	rcu_read_unlock();
}

/*
 * A trigger that was under way may have been counted, or held back, for a binding
 * that was ended already: not after a grace period.
 */
static void end_binding(struct membank_notifier_handle *handle,
			struct membank_binding *former)
{
	synchronize_rcu_expedited();
	if (former->pending) {
		spin_lock(&handle->notifier->lock);
		WRITE_ONCE(handle->missed, true);
		spin_unlock(&handle->notifier->lock);
	}
	hand_on(handle);
	binding_free(&former->rcu);
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

	hand_on(handle);
	wake_up_poll(&handle->waiters, EPOLLHUP);
	/*
	 * On return no trigger reaches what was bound before. Binding is rare,
	 * but a program waits for it.
	 */
	if (former)
		end_binding(handle, former);
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
	bool deliver = false;
	int ret = -EINVAL;

	rcu_read_lock();
	spin_lock(&notifier->lock);
	binding = handle->binding;
	if (handle->revoked) {
		ret = -ENODEV;
	} else if (binding && binding->oneshot) {
		deliver = binding->pending;
		binding->pending = false;
		binding->masked = deliver;
		ret = 0;
	}
	spin_unlock(&notifier->lock);
	if (deliver)
		eventfd_signal(binding->eventfd);
	rcu_read_unlock();
	return ret;
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
 * @count: from membank_trigger_wait()
 */
void membank_trigger_give_back(struct membank_notifier_handle *handle,
			       u64 count)
{
	atomic64_add(count, &handle->count);
	/* It may count no more for itself, or another one waits for that. */
	hand_on(handle);
	wake_up_interruptible_poll(&handle->waiters, EPOLLIN | EPOLLRDNORM);
}

/* Why a handle does not count any more. */
static int why_not_counting(struct membank_notifier_handle *handle)
{
	guard(spinlock)
		(&handle->notifier->lock);
	return handle->revoked ? -ENODEV : -ECANCELED;
}

/* One wait: @ret and @count are what came of it. */
struct wait {
	struct membank_notifier_handle *handle;
	u64 count;
	int ret;
};

/* Sets @ret when there is nothing more to wait for. */
static bool is_over(struct wait *wait)
{
	struct membank_notifier_handle *handle = wait->handle;

	wait->ret = 0;
	if (atomic64_read(&handle->count)) {
		wait->count = atomic64_xchg(&handle->count, 0);
		if (wait->count)
			return true;
	}
	/* Who was revoked does not count either. */
	if (!READ_ONCE(handle->counts))
		wait->ret = why_not_counting(handle);
	else if (is_alone(handle) && !atomic64_read(&handle->count))
		wait->ret = -EPIPE;
	return wait->ret;
}

/* 0 when it is over, -ETIME, -ERESTARTSYS. */
static int wait_until(struct wait *wait, ktime_t deadline)
{
	wait_queue_head_t *queue = &wait->handle->waiters;
	ktime_t left;

	if (deadline == KTIME_MAX)
		return wait_event_interruptible(*queue, is_over(wait));
	if (is_over(wait))
		return 0;
	/* The timer takes a time that is over for one without end. */
	left = deadline ? ktime_sub(deadline, ktime_get()) : 0;
	if (left <= 0)
		return -ETIME;
	return wait_event_interruptible_hrtimeout(*queue, is_over(wait), left);
}

/**
 * membank_trigger_wait() - wait for a trigger
 * @handle: that counts for itself
 * @deadline: when it is too late, 0: do not wait, %KTIME_MAX: never
 * @count: set to the number of triggers, which are taken, on success only
 *
 * Return: 0, -ETIME, -EPIPE (the other side is gone), -ECANCELED (it does not
 * count for itself any more), -ENODEV (revoked), -ERESTARTSYS.
 */
int membank_trigger_wait(struct membank_notifier_handle *handle,
			 ktime_t deadline, u64 *count)
{
	struct wait wait = { .handle = handle };
	int ret = wait_until(&wait, deadline);

	if (wait.count)
		*count = wait.count;
	return ret ?: wait.ret;
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
	struct membank_binding *binding;
	LIST_HEAD(ended);

	spin_lock(&notifier->lock);
	list_for_each_entry(handle, &notifier->handles, node) {
		if (!membank_tag_is(&handle->tag, tag))
			continue;
		WRITE_ONCE(handle->revoked, true);
		binding = replace_binding_locked(handle, NULL);
		if (binding)
			list_add(&binding->ended, &ended);
	}
	spin_unlock(&notifier->lock);

	wake_handles(notifier, NULL, EPOLLHUP);
	synchronize_rcu_expedited();
	while (!list_empty(&ended)) {
		binding =
			list_first_entry(&ended, struct membank_binding, ended);
		list_del(&binding->ended);
		binding_free(&binding->rcu);
	}
}
