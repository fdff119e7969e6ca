/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_QUOTA_H
#define MEMBANK_QUOTA_H

#include <linux/types.h>

#include "limit.h"

struct dmem_cgroup_pool_state;
struct dmem_cgroup_region;

/**
 * struct membank_quota - who has how much of a bank
 * @users: pages of each user id; has a lock of its own
 * @region: the bank as the dmem controller of control groups knows it, NULL
 *          without that controller; constant
 */
struct membank_quota {
	struct membank_limit users;
	struct dmem_cgroup_region *region;
};

/**
 * struct membank_charge - what one extent was charged to
 * @pages: how many; 0: to nobody
 * @share: the user who allocated
 * @pool: the control group who allocated, or NULL
 */
struct membank_charge {
	unsigned long pages;
	struct membank_share share;
	struct dmem_cgroup_pool_state *pool;
};

int membank_quota_init(struct membank_quota *quota, unsigned long limit,
		       const char *name, unsigned long pages);
void membank_quota_exit(struct membank_quota *quota);

int membank_quota_charge(struct membank_quota *quota, unsigned long pages,
			 struct membank_charge *charge);
void membank_quota_uncharge(struct membank_quota *quota,
			    struct membank_charge *charge);
unsigned long membank_quota_left(struct membank_quota *quota);
unsigned long membank_quota_charged(struct membank_quota *quota);

#endif /* MEMBANK_QUOTA_H */
