// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of a bank a user may have: a limit for each user id, which is the
 * module's own, and one for each control group, which is the kernel's (dmem).
 */
#include <linux/cgroup_dmem.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "compat.h"
#include "quota.h"

/**
 * membank_quota_init() - nobody has anything yet
 * @quota: the quota; paired with membank_quota_exit()
 * @limit: pages that each user may have, 0: no limit
 * @name: of the bank
 * @pages: of the bank
 *
 * Return: 0 or -ENOMEM.
 */
int membank_quota_init(struct membank_quota *quota, unsigned long limit,
		       const char *name, unsigned long pages)
{
	struct dmem_cgroup_init init = { .size = (u64)pages << PAGE_SHIFT };

	membank_limit_init(&quota->users, limit);
	quota->region = dmem_cgroup_register_region(&init, "membank/%s", name);
	return PTR_ERR_OR_ZERO(quota->region);
}

/**
 * membank_quota_exit() - all has been given back
 * @quota: the quota
 */
void membank_quota_exit(struct membank_quota *quota)
{
	dmem_cgroup_unregister_region(quota->region);
	membank_limit_exit(&quota->users);
}

/**
 * membank_quota_charge() - charge pages to the caller
 * @quota: of the bank
 * @pages: how many
 * @charge: set to what membank_quota_uncharge() has to know
 *
 * Return: 0, -EDQUOT, -ENOMEM.
 */
int membank_quota_charge(struct membank_quota *quota, unsigned long pages,
			 struct membank_charge *charge)
{
	int ret;

	ret = membank_limit_charge(&quota->users, pages, &charge->share);
	if (ret)
		return ret;

	ret = dmem_cgroup_try_charge(quota->region, (u64)pages << PAGE_SHIFT,
				     &charge->pool, NULL);
	if (ret) {
		membank_limit_uncharge(&quota->users, &charge->share);
		return ret == -EAGAIN ? -EDQUOT : ret;
	}
	charge->pages = pages;
	return 0;
}

/**
 * membank_quota_uncharge() - undo membank_quota_charge()
 * @quota: of the bank
 * @charge: what was charged
 */
void membank_quota_uncharge(struct membank_quota *quota,
			    struct membank_charge *charge)
{
	if (!charge->pages)
		return;
	if (charge->pool)
		dmem_cgroup_uncharge(charge->pool,
				     (u64)charge->pages << PAGE_SHIFT);
	membank_limit_uncharge(&quota->users, &charge->share);
	charge->pages = 0;
}

/**
 * membank_quota_left() - what the caller may still have
 * @quota: of the bank
 *
 * Return: pages, ULONG_MAX if there is no limit for the caller.
 */
unsigned long membank_quota_left(struct membank_quota *quota)
{
	return membank_limit_left(&quota->users);
}

/**
 * membank_quota_charged() - what the caller's user id has
 * @quota: of the bank
 *
 * Return: pages, 0 if there is no limit.
 */
unsigned long membank_quota_charged(struct membank_quota *quota)
{
	return membank_limit_charged(&quota->users);
}
