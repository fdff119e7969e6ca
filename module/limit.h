/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_LIMIT_H
#define MEMBANK_LIMIT_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid_types.h>
#include <linux/xarray.h>

/**
 * struct membank_limit - which user has how much of something
 * @each: how much each user id may have; 0: as much as there is; constant
 * @lock: guards @users; nothing is locked under it
 * @users: how much a user id has, by its number in the initial user namespace;
 *         only if there is a limit
 */
struct membank_limit {
	unsigned long each;
	/* The figures of all users. */
	struct mutex lock;
	struct xarray users;
};

/**
 * struct membank_share - what one thing was charged to
 * @amount: how much of it
 * @counted: it counts against @uid's limit
 * @uid: the user who took it
 */
struct membank_share {
	unsigned long amount;
	bool counted;
	kuid_t uid;
};

void membank_limit_init(struct membank_limit *limit, unsigned long each);
void membank_limit_exit(struct membank_limit *limit);

int membank_limit_charge(struct membank_limit *limit, unsigned long amount,
			 struct membank_share *share);
void membank_limit_uncharge(struct membank_limit *limit,
			    struct membank_share *share);
unsigned long membank_limit_left(struct membank_limit *limit);
unsigned long membank_limit_charged(struct membank_limit *limit);

#endif /* MEMBANK_LIMIT_H */
