// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <l4/re/c/membank.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/err.h>

#include "cap.h"
#include "internal.h"
#include "lock.h"

/* Free, if it has no users; they are all who took it, beside who allocated it. */
struct slot {
	unsigned int users;
	struct membank_l4_object *object;
};

/* MEMBANK_L4_LOCK_SLOTS guards all below. */
static struct slot *slots;
static size_t slot_count;
/* No slot below it is free. */
static size_t free_hint = MEMBANK_L4_FIRST_FREE;

/* --------------------------------------------------------------- objects */

struct membank_l4_object *membank_l4_object_new(enum l4re_membank_kind kind,
						int fd, unsigned int count)
{
	struct membank_l4_object *object;

	object = calloc(1, sizeof(*object) + count * sizeof(object->offers[0]));
	if (!object) {
		close(fd);
		return NULL;
	}
	object->users = 1;
	object->kind = kind;
	object->fd = fd;
	object->count = count;
	return object;
}

struct membank_l4_object *
membank_l4_object_get(struct membank_l4_object *object)
{
	__atomic_fetch_add(&object->users, 1, __ATOMIC_RELAXED);
	return object;
}

void membank_l4_object_put(struct membank_l4_object *object)
{
	unsigned int i;

	if (!object ||
	    __atomic_sub_fetch(&object->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (i = 0; i < object->count; i++)
		close(object->offers[i].fd);
	close(object->fd);
	free(object);
}

/* ----------------------------------------------------------------- slots */

/* The allocated slot, or NULL. The lock is held. */
static struct slot *slot_of(l4_cap_idx_t cap)
{
	size_t number = cap >> L4_CAP_SHIFT;

	if (l4_is_invalid_cap(cap) || number >= slot_count ||
	    !slots[number].users)
		return NULL;
	return &slots[number];
}

/* Room for more slots. The lock is held. */
static bool grow(void)
{
	size_t count = slot_count ? 2 * slot_count : 2 * MEMBANK_L4_FIRST_FREE;
	struct slot *more;

	if (count > MEMBANK_L4_SLOTS_MAX)
		return false;
	more = realloc(slots, count * sizeof(*more));
	if (!more)
		return false;
	memset(more + slot_count, 0, (count - slot_count) * sizeof(*more));
	slots = more;
	slot_count = count;
	return true;
}

MEMBANK_L4_API l4_cap_idx_t l4re_util_cap_alloc(void)
{
	l4_cap_idx_t cap = L4_INVALID_CAP;

	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	while (free_hint < slot_count && slots[free_hint].users)
		free_hint++;
	if (free_hint < slot_count || grow()) {
		slots[free_hint].users = 1;
		cap = free_hint++ << L4_CAP_SHIFT;
	}
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	return cap;
}

int membank_l4_cap_release(l4_cap_idx_t cap, unsigned int users,
			   struct membank_l4_object **out_object)
{
	struct slot *slot;
	int ret = -L4_EINVAL;

	*out_object = NULL;
	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	slot = slot_of(cap);
	if (slot) {
		slot->users -= users < slot->users ? users : slot->users;
		ret = !slot->users;
	}
	if (ret > 0) {
		*out_object = slot->object;
		slot->object = NULL;
		if ((size_t)(slot - slots) < free_hint)
			free_hint = slot - slots;
	}
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	return ret;
}

MEMBANK_L4_API int l4re_membank_cap_take(l4_cap_idx_t cap)
{
	struct slot *slot;
	int ret = -L4_EINVAL;

	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	slot = slot_of(cap);
	if (slot) {
		slot->users++;
		ret = 0;
	}
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	return ret;
}

MEMBANK_L4_API void l4re_util_cap_free(l4_cap_idx_t cap)
{
	struct membank_l4_object *object;

	membank_l4_cap_release(cap, UINT_MAX, &object);
	membank_l4_object_put(object);
}

MEMBANK_L4_API void l4re_util_cap_free_um(l4_cap_idx_t cap)
{
	l4re_util_cap_free(cap);
}

MEMBANK_L4_API long l4re_util_cap_last(void)
{
	return MEMBANK_L4_SLOTS_MAX - 1;
}

struct membank_l4_object *membank_l4_cap_get(l4_cap_idx_t cap)
{
	struct membank_l4_object *object = NULL;
	struct slot *slot;

	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	slot = slot_of(cap);
	if (slot && slot->object)
		object = membank_l4_object_get(slot->object);
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	return object;
}

bool membank_l4_cap_usable(l4_cap_idx_t cap)
{
	bool usable;

	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	usable = slot_of(cap);
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	return usable;
}

/* If @before is given, only in its place. */
static int set(l4_cap_idx_t cap, const struct membank_l4_object *before,
	       struct membank_l4_object *object)
{
	struct slot *slot;
	int ret = -L4_EINVAL;

	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	slot = slot_of(cap);
	if (slot && (!before || before == slot->object)) {
		struct membank_l4_object *held = slot->object;

		slot->object = object;
		object = held;
		ret = 0;
	}
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	membank_l4_object_put(object);
	return ret;
}

int membank_l4_cap_set(l4_cap_idx_t cap, struct membank_l4_object *object)
{
	return set(cap, NULL, object);
}

int membank_l4_cap_replace(l4_cap_idx_t cap,
			   const struct membank_l4_object *before,
			   struct membank_l4_object *object)
{
	return set(cap, before, object);
}

static bool may_be(const struct membank_l4_object *object,
		   const struct membank_l4_object *like)
{
	return object && object->kind == like->kind &&
	       (object->id == like->id ||
		(object->bank == like->bank && object->offset == like->offset));
}

l4_cap_idx_t membank_l4_cap_find(l4_cap_idx_t after,
				 const struct membank_l4_object *like,
				 struct membank_l4_object **out_object)
{
	l4_cap_idx_t cap = L4_INVALID_CAP;
	size_t i;

	membank_l4_lock(MEMBANK_L4_LOCK_SLOTS);
	for (i = (after >> L4_CAP_SHIFT) + 1; i < slot_count; i++)
		if (may_be(slots[i].object, like)) {
			*out_object = membank_l4_object_get(slots[i].object);
			cap = i << L4_CAP_SHIFT;
			break;
		}
	membank_l4_unlock(MEMBANK_L4_LOCK_SLOTS);
	return cap;
}
