/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_SERVICE_H
#define MEMBANK_SERVICE_H

#include "offer.h"

struct membank_call;

void membank_service_init(const struct membank_offer_ops *const *kinds);
void membank_service_exit(void);
int membank_service_ioctl_register(struct membank_call *call);
int membank_service_ioctl_list(struct membank_call *call);

#endif /* MEMBANK_SERVICE_H */
