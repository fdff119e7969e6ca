// SPDX-License-Identifier: GPL-2.0-only
/*
 * To wait for triggers at a descriptor that counts for itself, and to poll one.
 *
 * A call may look at the count for a while before it sleeps: on another processor
 * the answer is there sooner than a sleeping thread can be woken. For how long is
 * learned as KVM learns how long to poll for a halted guest: what would have been
 * of use lately, and not when another thread wants this processor.
 */
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/moduleparam.h>
#include <linux/processor.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

#include <linux/membank.h>

#include "compat.h"
#include "deadline.h"
#include "peers.h"
#include "receive.h"

/* How long a call begins to look, when that seems to be of use. */
#define SPIN_FIRST_NS (10ULL * NSEC_PER_USEC)

/* So often it looks at the count for each time it looks at all else. */
#define SPIN_LOOKS 32

static unsigned int call_spin_ns = 200 * NSEC_PER_USEC;
module_param(call_spin_ns, uint, 0644);
/* clang-format would end the line with a parenthesis. */
/* clang-format off */
MODULE_PARM_DESC(call_spin_ns, "longest time that a call looks for its answer before it sleeps, in ns; 0: none; default: 200000");
/* clang-format on */

/* Whether read() would find something: also before the handle counts. */
static bool is_readable(const struct membank_notifier_handle *handle)
{
	if (READ_ONCE(handle->counts))
		return atomic64_read(&handle->count);
	if (!(handle->rights & MEMBANK_NOTIFIER_RECEIVE) ||
	    READ_ONCE(handle->bound))
		return false;
	return atomic64_read(&handle->count) || READ_ONCE(handle->missed) ||
	       READ_ONCE(handle->notifier->missed);
}

/**
 * membank_receive_poll() - what poll() says of a handle
 * @handle: the handle; its waiters are woken when that may have changed
 *
 * Return: a set of EPOLL flags.
 */
__poll_t membank_receive_poll(struct membank_notifier_handle *handle)
{
	bool revoked = READ_ONCE(handle->revoked);
	__poll_t events = 0;

	if (!revoked && is_readable(handle))
		events |= EPOLLIN | EPOLLRDNORM;
	if (revoked || membank_peer_is_alone(handle))
		events |= EPOLLHUP;
	return events;
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

static bool take_count(struct wait *wait)
{
	atomic64_t *count = &wait->handle->count;

	if (atomic64_read(count))
		wait->count = atomic64_xchg(count, 0);
	return wait->count;
}

/* Sets @ret when there is nothing more to wait for. */
static bool is_over(struct wait *wait)
{
	struct membank_notifier_handle *handle = wait->handle;

	wait->ret = 0;
	if (take_count(wait))
		return true;
	/* Who was revoked does not count either. */
	if (!READ_ONCE(handle->counts))
		wait->ret = why_not_counting(handle);
	else if (membank_peer_is_alone(handle) &&
		 !atomic64_read(&handle->count))
		wait->ret = -EPIPE;
	return wait->ret;
}

/* 0 when it is over, -ETIME, -ERESTARTSYS. */
static int sleep_once(struct wait *wait, ktime_t deadline)
{
	wait_queue_head_t *queue = &wait->handle->waiters;
	ktime_t left;

	if (deadline == KTIME_MAX)
		return wait_event_freezable(*queue, is_over(wait));
	if (is_over(wait))
		return 0;
	/* The timer takes a time that is over for one without end. */
	left = deadline ? ktime_sub(deadline, ktime_get()) : 0;
	if (left <= 0)
		return -ETIME;
	return membank_wait_event(*queue, is_over(wait), left);
}

/* Likewise, however often it is frozen meanwhile. */
static int sleep_until(struct wait *wait, ktime_t deadline)
{
	int ret;

	do {
		ret = sleep_once(wait, deadline);
	} while (membank_wait_again(ret));
	return ret;
}

/* Who is woken here, or comes here, runs first; and signals do. */
static bool may_spin(void)
{
	return single_task_running() && !need_resched() &&
	       !signal_pending(current);
}

static bool spin_until(struct wait *wait, ktime_t end)
{
	int looks;

	do {
		for (looks = 0; looks < SPIN_LOOKS; looks++) {
			if (take_count(wait))
				return true;
			cpu_relax();
		}
	} while (may_spin() && ktime_before(ktime_get(), end));
	return false;
}

/* @slept: how long it took until the answer was there, KTIME_MAX: it was not. */
static void learn(struct membank_notifier_handle *handle, ktime_t slept)
{
	const u64 most = READ_ONCE(call_spin_ns);
	u64 spin = READ_ONCE(handle->spin_ns);

	if (slept > most)
		spin /= 2;
	else
		spin = min(most, max(2 * spin, SPIN_FIRST_NS));
	WRITE_ONCE(handle->spin_ns, spin < SPIN_FIRST_NS ? 0 : spin);
}

static int call_until(struct wait *wait, ktime_t deadline)
{
	struct membank_notifier_handle *handle = wait->handle;
	u32 spin = READ_ONCE(handle->spin_ns);
	ktime_t start = ktime_get();
	ktime_t end = ktime_add_ns(start, spin);
	bool learns;
	int ret;

	if (spin && spin_until(wait, min(end, deadline)))
		return 0;
	/* If who is to answer has to run here, looking on keeps it from that. */
	learns = single_task_running();
	ret = sleep_until(wait, deadline);
	if (learns)
		learn(handle,
		      wait->count ? ktime_sub(ktime_get(), start) : KTIME_MAX);
	else
		WRITE_ONCE(handle->spin_ns, 0);
	return ret;
}

/* With one processor nothing changes while we look. */
static bool can_spin(void)
{
	return READ_ONCE(call_spin_ns) && num_online_cpus() > 1;
}

/**
 * membank_receive_spins() - will a call look before it sleeps
 * @handle: where it will wait
 *
 * Then whom it triggers had better run on another processor.
 */
bool membank_receive_spins(const struct membank_notifier_handle *handle)
{
	return can_spin() && READ_ONCE(handle->spin_ns);
}

/**
 * membank_receive() - wait for a trigger
 * @handle: that counts for itself
 * @deadline: when it is too late, 0: do not wait, %KTIME_MAX: never
 * @call: an answer is waited for, which may come soon
 * @count: set to the number of triggers, which are taken, on success only
 *
 * Return: 0, -ETIME, -EPIPE (the other side is gone), -ECANCELED (it does not
 * count for itself any more), -ENODEV (revoked), -ERESTARTSYS.
 */
int membank_receive(struct membank_notifier_handle *handle, ktime_t deadline,
		    bool call, u64 *count)
{
	struct wait wait = { .handle = handle };
	int ret;

	if (call && deadline && can_spin())
		ret = call_until(&wait, deadline);
	else
		ret = sleep_until(&wait, deadline);
	if (wait.count)
		*count = wait.count;
	return ret ?: wait.ret;
}
