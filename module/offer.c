// SPDX-License-Identifier: GPL-2.0-only
/*
 * What services lend to their clients: descriptors, of which each user has so many.
 * Who lends one thing to many walks all of them.
 */
#include "limit.h"
#include "offer.h"

/* How many lent descriptors each user has, of whatever. */
static struct membank_limit lent;

/**
 * membank_offer_init() - nothing is lent yet
 *
 * To be called before the first device node appears.
 */
void membank_offer_init(void)
{
	membank_limit_init(&lent, MEMBANK_LENT_MAX);
}

/**
 * membank_offer_exit() - after the last descriptor was released
 */
void membank_offer_exit(void)
{
	membank_limit_exit(&lent);
}

/**
 * membank_tag_charge() - charge a descriptor to the caller
 * @tag: to whom it is lent; if to nobody, nothing is charged
 * @share: set to what membank_tag_uncharge() has to know; zeroed before
 *
 * Return: 0, -EDQUOT, -ENOMEM.
 */
int membank_tag_charge(const struct membank_tag *tag,
		       struct membank_share *share)
{
	return tag->service ? membank_limit_charge(&lent, 1, share) : 0;
}

/**
 * membank_tag_uncharge() - undo membank_tag_charge()
 * @share: what was charged, if anything was
 */
void membank_tag_uncharge(struct membank_share *share)
{
	membank_limit_uncharge(&lent, share);
}
