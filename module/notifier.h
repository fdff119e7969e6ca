/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_NOTIFIER_H
#define MEMBANK_NOTIFIER_H

#include "offer.h"

struct membank_call;

extern const struct membank_offer_ops membank_notifier_offer_ops;

int membank_notifier_ioctl_create(struct membank_call *call);

#endif /* MEMBANK_NOTIFIER_H */
