/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_RECEIVE_H
#define MEMBANK_RECEIVE_H

#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/types.h>

struct membank_notifier_handle;

__poll_t membank_receive_poll(struct membank_notifier_handle *handle);
bool membank_receive_spins(const struct membank_notifier_handle *handle);
int membank_receive(struct membank_notifier_handle *handle, ktime_t deadline,
		    bool call, u64 *count);

#endif /* MEMBANK_RECEIVE_H */
