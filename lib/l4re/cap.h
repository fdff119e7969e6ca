/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of capabilities. A slot is free, or empty, or holds an object, which
 * is a descriptor with what is known of it. Who uses an object has a reference to
 * it, so that another thread can empty the slot meanwhile: the descriptor is closed
 * with the last reference.
 *
 * Of the library it uses the locks alone, and of the system close(): it is tested by
 * itself.
 */
#ifndef MEMBANK_L4_CAP_H
#define MEMBANK_L4_CAP_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/membank.h>
#include <l4/re/c/membank.h>
#include <l4/sys/types.h>

/* The first slots are those that every program starts with. */
#define MEMBANK_L4_FIRST_FREE 32
/* Far more than there can be descriptors. */
#define MEMBANK_L4_SLOTS_MAX 0x80000UL

/**
 * struct membank_l4_object - what slots hold
 * @users: slots and callers that have it
 * @kind: what it is
 * @fd: its descriptor, closed with it
 * @id: of a dataspace: number of its file; of a connection: of which name it is
 * @offset: of a dataspace: where it is in its bank
 * @bank: of a dataspace: number of its bank
 * @count: of a connection: number of offers
 * @offers: of a connection: what came with it, descriptors closed with it
 *
 * All but @users stays as it is when it is in a slot.
 */
struct membank_l4_object {
	unsigned int users;
	enum l4re_membank_kind kind;
	int fd;
	uint64_t id;
	uint64_t offset;
	uint32_t bank;
	unsigned int count;
	struct membank_offer offers[];
};

/**
 * membank_l4_object_new() - an object, with one reference
 * @kind: what it is
 * @fd: belongs to it; closed also if it fails
 * @count: room for offers, which the caller fills
 *
 * Return: NULL if there is no memory.
 */
struct membank_l4_object *membank_l4_object_new(enum l4re_membank_kind kind,
						int fd, unsigned int count);

/**
 * membank_l4_object_get() - take another reference
 * @object: the caller has one
 *
 * Return: @object.
 */
struct membank_l4_object *
membank_l4_object_get(struct membank_l4_object *object);

/**
 * membank_l4_object_put() - give a reference up
 * @object: gone with the last one; NULL is fine
 */
void membank_l4_object_put(struct membank_l4_object *object);

/**
 * membank_l4_cap_get() - what a slot holds
 * @cap: any number
 *
 * Return: a reference; NULL: it is no slot, or free, or empty.
 */
struct membank_l4_object *membank_l4_cap_get(l4_cap_idx_t cap);

/**
 * membank_l4_cap_usable() - whether a slot is allocated
 * @cap: any number
 *
 * Return: whether membank_l4_cap_set() would succeed now.
 */
bool membank_l4_cap_usable(l4_cap_idx_t cap);

/**
 * membank_l4_cap_set() - put an object into an allocated slot
 * @cap: any number
 * @object: the caller's reference is used up, also if it fails; NULL empties it
 *
 * Return: 0; -L4_EINVAL: @cap is no slot, or free, or one of the first.
 */
int membank_l4_cap_set(l4_cap_idx_t cap, struct membank_l4_object *object);

/**
 * membank_l4_cap_replace() - put another object into a slot
 * @cap: any number
 * @before: what it must hold; the caller has a reference
 * @object: the caller's reference is used up, also if it fails
 *
 * Return: 0; -L4_EINVAL: @cap does not hold @before any more.
 */
int membank_l4_cap_replace(l4_cap_idx_t cap,
			   const struct membank_l4_object *before,
			   struct membank_l4_object *object);

/**
 * membank_l4_cap_release() - give up an allocated slot
 * @cap: any number
 * @users: how many of its users go; UINT_MAX: all
 * @out_object: a reference to what it held, if it is free now; else NULL
 *
 * Return: 1: it is free now; 0: it has users left; -L4_EINVAL: @cap is no slot, or
 * free.
 */
int membank_l4_cap_release(l4_cap_idx_t cap, unsigned int users,
			   struct membank_l4_object **out_object);

/**
 * membank_l4_cap_find() - the next slot that may hold the same
 * @after: look behind this slot; 0: from the first on
 * @like: of the same kind, with the same number, or the same place in the same bank
 * @out_object: a reference to what the slot holds
 *
 * A revoked dataspace may have had the place before: ask.
 *
 * Return: its index; L4_INVALID_CAP: none is left.
 */
l4_cap_idx_t membank_l4_cap_find(l4_cap_idx_t after,
				 const struct membank_l4_object *like,
				 struct membank_l4_object **out_object);

#endif /* MEMBANK_L4_CAP_H */
