// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of a bank a user may have: a limit for each user id, which is the
 * module's own, and one for each control group, which is the kernel's (dmem).
 */
#include <linux/capability.h>
#include <linux/cgroup_dmem.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/user_namespace.h>

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

	quota->limit = limit;
	mutex_init(&quota->lock);
	xa_init(&quota->users);
	quota->region = dmem_cgroup_register_region(&init, "membank/%s", name);
	return PTR_ERR_OR_ZERO(quota->region);
}

/**
 * membank_quota_exit() - all has been given back
 * @quota: the quota
 */
void membank_quota_exit(struct membank_quota *quota)
{
	WARN_ON(!xa_empty(&quota->users));
	dmem_cgroup_unregister_region(quota->region);
	xa_destroy(&quota->users);
	mutex_destroy(&quota->lock);
}

/*
 * Whose quota counts: the real user id, as for the limits of setrlimit(2). In a
 * user namespace a user has many ids, and could have as many quotas: there it
 * is the user who made it.
 */
static kuid_t payer(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_uid();

	for (; ns != &init_user_ns; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

static unsigned long pages_of(struct membank_quota *quota, kuid_t uid)
{
	void *entry = xa_load(&quota->users, __kuid_val(uid));

	lockdep_assert_held(&quota->lock);
	return entry ? xa_to_value(entry) : 0;
}

static int charge_user(struct membank_quota *quota, unsigned long pages,
		       kuid_t uid)
{
	unsigned long has;
	int ret = -EDQUOT;

	mutex_lock(&quota->lock);
	has = pages_of(quota, uid);
	if (pages <= quota->limit && has <= quota->limit - pages)
		ret = xa_err(xa_store(&quota->users, __kuid_val(uid),
				      xa_mk_value(has + pages), GFP_KERNEL));
	mutex_unlock(&quota->lock);
	return ret;
}

/* Cannot fail: an entry is changed, or erased, and never added. */
static void uncharge_user(struct membank_quota *quota, unsigned long pages,
			  kuid_t uid)
{
	unsigned long has;

	mutex_lock(&quota->lock);
	has = pages_of(quota, uid);
	if (has > pages)
		xa_store(&quota->users, __kuid_val(uid),
			 xa_mk_value(has - pages), GFP_KERNEL);
	else
		xa_erase(&quota->users, __kuid_val(uid));
	mutex_unlock(&quota->lock);
}

static bool is_limited(const struct membank_quota *quota)
{
	return quota->limit && !capable(CAP_SYS_RESOURCE);
}

/**
 * membank_quota_charge() - charge pages to the caller
 * @quota: of the bank
 * @pages: how many
 * @charge: set to what membank_quota_uncharge() has to know
 *
 * CAP_SYS_RESOURCE is not limited, and not charged.
 *
 * Return: 0, -EDQUOT, -ENOMEM.
 */
int membank_quota_charge(struct membank_quota *quota, unsigned long pages,
			 struct membank_charge *charge)
{
	int ret;

	charge->uid = payer();
	charge->counted = is_limited(quota);
	if (charge->counted) {
		ret = charge_user(quota, pages, charge->uid);
		if (ret)
			return ret;
	}

	ret = dmem_cgroup_try_charge(quota->region, (u64)pages << PAGE_SHIFT,
				     &charge->pool, NULL);
	if (ret) {
		if (charge->counted)
			uncharge_user(quota, pages, charge->uid);
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
	if (charge->counted)
		uncharge_user(quota, charge->pages, charge->uid);
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
	if (!is_limited(quota))
		return ULONG_MAX;
	return quota->limit - membank_quota_charged(quota);
}

/**
 * membank_quota_charged() - what the caller's user id has
 * @quota: of the bank
 *
 * Return: pages, 0 if there is no limit.
 */
unsigned long membank_quota_charged(struct membank_quota *quota)
{
	unsigned long pages;

	mutex_lock(&quota->lock);
	pages = pages_of(quota, payer());
	mutex_unlock(&quota->lock);
	return pages;
}
