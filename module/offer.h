/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_OFFER_H
#define MEMBANK_OFFER_H

#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <linux/membank.h>

struct file;
struct membank_share;

/**
 * struct membank_tag - to whom a descriptor was lent
 * @service: which service lent it, never 0 then; 0: it was lent by none
 * @client: number of the client
 *
 * What is derived from such a descriptor was lent to the same client.
 */
struct membank_tag {
	u64 service;
	u64 client;
};

static inline bool membank_tag_is(const struct membank_tag *tag,
				  const struct membank_tag *other)
{
	return tag->service == other->service && tag->client == other->client;
}

/**
 * membank_tag_check_offer() - may a service offer what a descriptor stands for
 * @tag: of the descriptor
 * @revoked: nothing can be done with the descriptor any more
 *
 * What was lent is for the client alone. A service of the client's own would lend
 * it with another tag, and who lent it could not take that back.
 *
 * Return: 0, -ENODEV (revoked), -EACCES (lent by a service).
 */
static inline int membank_tag_check_offer(const struct membank_tag *tag,
					  bool revoked)
{
	if (revoked)
		return -ENODEV;
	return tag->service ? -EACCES : 0;
}

void membank_offer_init(void);
void membank_offer_exit(void);

int membank_tag_charge(const struct membank_tag *tag,
		       struct membank_share *share);
void membank_tag_uncharge(struct membank_share *share);

/* Of struct membank_offer in the first release; never changed. */
#define MEMBANK_OFFER_SIZE_MIN offsetofend(struct membank_offer, __reserved)

/**
 * struct membank_offer_ops - one kind of thing that a service can offer
 * @kind: one of &enum membank_offer_kind
 * @known_rights: every right that can be lent to a client
 * @get: the object that @file stands for, with a reference, and the rights
 *       that @file has to it; NULL if @file is of another kind; or an ERR_PTR as
 *       membank_tag_check_offer() has it
 * @open: a new descriptor of the object, with just these rights and this tag,
 *        or an ERR_PTR; may sleep
 * @notify: trigger it for who has descriptors with this tag, NULL: for all;
 *          NULL if this kind cannot
 * @revoke: end what descriptors with this tag can do; may sleep
 * @put: drop the reference of @get; may sleep
 *
 * A service knows what it offers through these only, so that it need not know
 * any of the nouns beside it.
 */
struct membank_offer_ops {
	u32 kind;
	u32 known_rights;
	void *(*get)(struct file *file, u32 *rights);
	struct file *(*open)(void *object, u32 rights,
			     const struct membank_tag *tag);
	void (*notify)(void *object, const struct membank_tag *tag);
	void (*revoke)(void *object, const struct membank_tag *tag);
	void (*put)(void *object);
};

#endif /* MEMBANK_OFFER_H */
