// SPDX-License-Identifier: LGPL-2.1-or-later
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/err.h>

#include "cap.h"
#include "internal.h"

struct slot {
	bool used;
	struct membank_l4_object *object;
};

/* Guards all below, and nothing sleeps or is closed under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
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
	    !slots[number].used)
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

	pthread_mutex_lock(&lock);
	while (free_hint < slot_count && slots[free_hint].used)
		free_hint++;
	if (free_hint < slot_count || grow()) {
		slots[free_hint].used = true;
		cap = free_hint++ << L4_CAP_SHIFT;
	}
	pthread_mutex_unlock(&lock);
	return cap;
}

MEMBANK_L4_API void l4re_util_cap_free(l4_cap_idx_t cap)
{
	struct membank_l4_object *object = NULL;
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = slot_of(cap);
	if (slot) {
		object = slot->object;
		slot->object = NULL;
		slot->used = false;
		if ((size_t)(slot - slots) < free_hint)
			free_hint = slot - slots;
	}
	pthread_mutex_unlock(&lock);
	membank_l4_object_put(object);
}

MEMBANK_L4_API void l4re_util_cap_free_um(l4_cap_idx_t cap)
{
	l4re_util_cap_free(cap);
}

struct membank_l4_object *membank_l4_cap_get(l4_cap_idx_t cap)
{
	struct membank_l4_object *object = NULL;
	struct slot *slot;

	pthread_mutex_lock(&lock);
	slot = slot_of(cap);
	if (slot && slot->object)
		object = membank_l4_object_get(slot->object);
	pthread_mutex_unlock(&lock);
	return object;
}

bool membank_l4_cap_usable(l4_cap_idx_t cap)
{
	bool usable;

	pthread_mutex_lock(&lock);
	usable = slot_of(cap);
	pthread_mutex_unlock(&lock);
	return usable;
}

int membank_l4_cap_set(l4_cap_idx_t cap, struct membank_l4_object *object)
{
	struct slot *slot;
	int ret = -L4_EINVAL;

	pthread_mutex_lock(&lock);
	slot = slot_of(cap);
	if (slot) {
		struct membank_l4_object *before = slot->object;

		slot->object = object;
		object = before;
		ret = 0;
	}
	pthread_mutex_unlock(&lock);
	membank_l4_object_put(object);
	return ret;
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

	pthread_mutex_lock(&lock);
	for (i = (after >> L4_CAP_SHIFT) + 1; i < slot_count; i++)
		if (may_be(slots[i].object, like)) {
			*out_object = membank_l4_object_get(slots[i].object);
			cap = i << L4_CAP_SHIFT;
			break;
		}
	pthread_mutex_unlock(&lock);
	return cap;
}
