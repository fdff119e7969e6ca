/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_TRIGGER_H
#define MEMBANK_TRIGGER_H

#include <linux/types.h>

struct membank_notifier;
struct membank_notifier_handle;
struct membank_tag;

void membank_trigger(struct membank_notifier *notifier, bool sync);
void membank_trigger_lent(struct membank_notifier *notifier,
			  const struct membank_tag *tag);

int membank_trigger_bind(struct membank_notifier_handle *handle, int eventfd,
			 bool oneshot);
int membank_trigger_unmask(struct membank_notifier_handle *handle);
int membank_trigger_count(struct membank_notifier_handle *handle);
void membank_trigger_give_back(struct membank_notifier_handle *handle,
			       u64 count);

void membank_trigger_close(struct membank_notifier_handle *handle);
void membank_trigger_revoke(struct membank_notifier *notifier,
			    const struct membank_tag *tag);

#endif /* MEMBANK_TRIGGER_H */
