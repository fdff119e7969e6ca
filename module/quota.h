/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_QUOTA_H
#define MEMBANK_QUOTA_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid_types.h>
#include <linux/xarray.h>

struct dmem_cgroup_pool_state;
struct dmem_cgroup_region;

/**
 * struct membank_quota - who has how much of a bank
 * @limit: pages that each user id may have; 0: as many as there are; constant
 * @region: the bank as the dmem controller of control groups knows it, NULL
 *          without that controller; constant
 * @lock: guards @users; nothing is locked under it
 * @users: pages charged to a user id, by its number in the initial user
 *         namespace; only if there is a limit
 */
struct membank_quota {
	unsigned long limit;
	struct dmem_cgroup_region *region;
	/* The figures of all users. */
	struct mutex lock;
	struct xarray users;
};

/**
 * struct membank_charge - what one extent was charged to
 * @pages: how many; 0: to nobody
 * @counted: they count against @uid's quota
 * @uid: the user who allocated
 * @pool: the control group who allocated, or NULL
 */
struct membank_charge {
	unsigned long pages;
	bool counted;
	kuid_t uid;
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
