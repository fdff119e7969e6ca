/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * To tell all who poll something of its end.
 */
#ifndef MEMBANK_WAKE_H
#define MEMBANK_WAKE_H

#include <linux/poll.h>
#include <linux/wait.h>

/*
 * wake_up_poll() tells one only of those who have asked with EPOLLEXCLUSIVE: good
 * for news that one of them takes, but an end is news for each.
 */
static inline void membank_wake_hangup(wait_queue_head_t *queue)
{
	__wake_up(queue, TASK_NORMAL, 0, poll_to_key(EPOLLHUP));
}

#endif /* MEMBANK_WAKE_H */
