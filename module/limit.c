// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of something each user may have: pages of a bank, services.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "limit.h"

/**
 * membank_limit_init() - nobody has anything yet
 * @limit: the limit; paired with membank_limit_exit()
 * @each: how much each user may have, 0: no limit
 */
void membank_limit_init(struct membank_limit *limit, unsigned long each)
{
	limit->each = each;
	mutex_init(&limit->lock);
	/* Of a service, it is the clients who make it grow. */
	xa_init_flags(&limit->users, XA_FLAGS_ACCOUNT);
}

/**
 * membank_limit_exit() - all has been given back
 * @limit: the limit
 */
void membank_limit_exit(struct membank_limit *limit)
{
	WARN_ON(!xa_empty(&limit->users));
	xa_destroy(&limit->users);
	mutex_destroy(&limit->lock);
}

/*
 * Whose limit counts: the real user id, as for the limits of setrlimit(2). In a
 * user namespace a user has many ids, and could have as many limits: there it
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

static unsigned long amount_of(struct membank_limit *limit, kuid_t uid)
{
	void *entry = xa_load(&limit->users, __kuid_val(uid));

	lockdep_assert_held(&limit->lock);
	return entry ? xa_to_value(entry) : 0;
}

static int charge_user(struct membank_limit *limit, unsigned long amount,
		       kuid_t uid)
{
	unsigned long has;
	int ret = -EDQUOT;

	mutex_lock(&limit->lock);
	has = amount_of(limit, uid);
	if (amount <= limit->each && has <= limit->each - amount)
		ret = xa_err(xa_store(&limit->users, __kuid_val(uid),
				      xa_mk_value(has + amount),
				      GFP_KERNEL_ACCOUNT));
	mutex_unlock(&limit->lock);
	return ret;
}

/* Cannot fail: an entry is changed, or erased, and never added. */
static void uncharge_user(struct membank_limit *limit, unsigned long amount,
			  kuid_t uid)
{
	unsigned long has;

	mutex_lock(&limit->lock);
	has = amount_of(limit, uid);
	if (has > amount)
		xa_store(&limit->users, __kuid_val(uid),
			 xa_mk_value(has - amount), GFP_KERNEL_ACCOUNT);
	else
		xa_erase(&limit->users, __kuid_val(uid));
	mutex_unlock(&limit->lock);
}

static bool is_limited(const struct membank_limit *limit)
{
	return limit->each && !capable(CAP_SYS_RESOURCE);
}

/**
 * membank_limit_charge() - charge something to the caller
 * @limit: of what
 * @amount: how much
 * @share: set to what membank_limit_uncharge() has to know
 *
 * CAP_SYS_RESOURCE is not limited, and not charged.
 *
 * Return: 0, -EDQUOT, -ENOMEM.
 */
int membank_limit_charge(struct membank_limit *limit, unsigned long amount,
			 struct membank_share *share)
{
	int ret;

	share->uid = payer();
	share->counted = is_limited(limit);
	if (share->counted) {
		ret = charge_user(limit, amount, share->uid);
		if (ret)
			return ret;
	}
	share->amount = amount;
	return 0;
}

/**
 * membank_limit_uncharge() - undo membank_limit_charge()
 * @limit: of what
 * @share: what was charged
 */
void membank_limit_uncharge(struct membank_limit *limit,
			    struct membank_share *share)
{
	if (share->counted)
		uncharge_user(limit, share->amount, share->uid);
	share->counted = false;
	share->amount = 0;
}

/**
 * membank_limit_left() - what the caller may still have
 * @limit: of what
 *
 * Return: how much, ULONG_MAX if there is no limit for the caller.
 */
unsigned long membank_limit_left(struct membank_limit *limit)
{
	if (!is_limited(limit))
		return ULONG_MAX;
	return limit->each - membank_limit_charged(limit);
}

/**
 * membank_limit_charged() - what the caller's user id has
 * @limit: of what
 *
 * Return: how much, 0 if there is no limit.
 */
unsigned long membank_limit_charged(struct membank_limit *limit)
{
	unsigned long amount;

	mutex_lock(&limit->lock);
	amount = amount_of(limit, payer());
	mutex_unlock(&limit->lock);
	return amount;
}
