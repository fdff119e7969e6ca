/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a wait is over, from the relative timeouts of the ABI.
 */
#ifndef MEMBANK_DEADLINE_H
#define MEMBANK_DEADLINE_H

#include <linux/freezer.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

/* When a wait that begins now ends: 0 for no wait, KTIME_MAX for never. */
static inline ktime_t membank_deadline(u64 timeout_ns)
{
	if (!timeout_ns)
		return 0;
	if (timeout_ns >= KTIME_MAX)
		return KTIME_MAX;
	return ktime_add_safe(ktime_get(), ns_to_ktime(timeout_ns));
}

/*
 * What is left for membank_wait_event(): KTIME_MAX for ever; if it is not above 0
 * the time is over, which that would take for no end.
 */
static inline ktime_t membank_deadline_left(ktime_t deadline)
{
	if (deadline == KTIME_MAX)
		return KTIME_MAX;
	return ktime_sub(deadline, ktime_get());
}

/*
 * A wait that a signal ends: 0, -ETIME or -ERESTARTSYS. When the machine is
 * suspended, who waits is frozen where it sleeps. After it, ask membank_wait_again().
 */
#define membank_wait_event(queue, condition, left)     \
	__wait_event_hrtimeout(queue, condition, left, \
			       (TASK_INTERRUPTIBLE | TASK_FREEZABLE))

/*
 * Whether a wait that ended as by a signal was only to be frozen, and goes on. Who
 * was just woken, or is about to sleep, is told so by a signal that is none: it is
 * frozen here. Its program would be told of a signal that never came.
 */
static inline bool membank_wait_again(int ret)
{
	/* One's own does not go away. */
	struct sighand_struct *sighand =
		rcu_dereference_protected(current->sighand, true);
	bool freezes;

	if (ret != -ERESTARTSYS)
		return false;
	do {
		try_to_freeze();
		/* Under the lock with which that signal is sent. */
		spin_lock_irq(&sighand->siglock);
		freezes = freezing(current);
		recalc_sigpending();
		freezes |= freezing(current);
		spin_unlock_irq(&sighand->siglock);
	} while (freezes);
	return !signal_pending(current);
}

#endif /* MEMBANK_DEADLINE_H */
