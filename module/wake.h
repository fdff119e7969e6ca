/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * To tell all who poll something that it has changed, perhaps by an end.
 */
#ifndef MEMBANK_WAKE_H
#define MEMBANK_WAKE_H

#include <linux/wait.h>

/*
 * All, also those who have asked with EPOLLEXCLUSIVE: wake_up_poll() tells one of
 * them only, which is good for news that one of them takes. And without saying what
 * it is: epoll asks again in any case, but io_uring and aio take what they are told
 * for what poll() would say to everybody.
 */
static inline void membank_wake_pollers(wait_queue_head_t *queue)
{
	__wake_up(queue, TASK_NORMAL, 0, NULL);
}

#endif /* MEMBANK_WAKE_H */
