/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a wait is over, from the relative timeouts of the ABI.
 */
#ifndef MEMBANK_DEADLINE_H
#define MEMBANK_DEADLINE_H

#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
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
 * Whether a wait that ended as by a signal was only to be frozen: who sleeps is
 * frozen there when the machine is suspended, but who was just woken, or is about
 * to sleep, is told by a signal that is none. If so, it is frozen here, until the
 * machine goes on.
 */
static inline bool membank_was_frozen(void)
{
	bool freezes;

	do {
		try_to_freeze();
		/* Under the lock with which that signal is sent. */
		spin_lock_irq(&current->sighand->siglock);
		freezes = freezing(current);
		recalc_sigpending();
		freezes |= freezing(current);
		spin_unlock_irq(&current->sighand->siglock);
	} while (freezes);
	return !signal_pending(current);
}

/* One sleep of membank_wait_event(). */
#define membank_sleep_until(queue, condition, deadline)                     \
	({                                                                  \
		ktime_t __left;                                             \
		int __slept;                                                \
                                                                            \
		if ((deadline) == KTIME_MAX) {                              \
			__slept = wait_event_freezable(queue, condition);   \
		} else if (condition) {                                     \
			__slept = 0;                                        \
		} else {                                                    \
			/* A time that is over would be one without end. */ \
			__left = ktime_sub(deadline, ktime_get());          \
			__slept = __left <= 0 ?                             \
					  -ETIME :                          \
					  __wait_event_hrtimeout(           \
						  queue, condition, __left, \
						  (TASK_INTERRUPTIBLE |     \
						   TASK_FREEZABLE));        \
		}                                                           \
		__slept;                                                    \
	})

/*
 * A wait that a signal ends: 0, -ETIME or -ERESTARTSYS. It goes on after the machine
 * was suspended: its program is told of no signal that never came.
 */
#define membank_wait_event(queue, condition, deadline)                      \
	({                                                                  \
		int __waited;                                               \
                                                                            \
		do {                                                        \
			__waited = membank_sleep_until(queue, condition,    \
						       deadline);           \
		} while (__waited == -ERESTARTSYS && membank_was_frozen()); \
		__waited;                                                   \
	})

#endif /* MEMBANK_DEADLINE_H */
