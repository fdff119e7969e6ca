// SPDX-License-Identifier: LGPL-2.1-or-later
/* Capabilities by name, which are connections to services. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <membank.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>

#include "internal.h"
#include "lock.h"

/* What programs that are started together may take, in milliseconds. */
#define WAIT 3000

/* A name that was asked for, and which object its slot was given. */
struct name {
	struct name *next;
	l4_cap_idx_t cap;
	uint64_t id;
	char text[MEMBANK_NAME_MAX + 1];
};

/* MEMBANK_L4_LOCK_NAMES guards the list, and is not held while connecting. */
static struct name *names;
static uint64_t last_id;

static int patience(void)
{
	const char *text = secure_getenv("MEMBANK_L4RE_WAIT");
	char *end = NULL;
	long ms;

	ms = text ? strtol(text, &end, 10) : WAIT;
	/* What is no number says nothing. */
	if (text && (end == text || *end))
		ms = WAIT;
	if (ms < 0)
		return -1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A signal that is handled does not end it, and does not make it last longer. */
static int connect_in_time(int dev, const char *name,
			   struct membank_offer *offers, unsigned int *count,
			   int *out_connection)
{
	int wait = patience(), ret;
	int64_t left, end = now_ms() + wait;

	for (;;) {
		ret = membank_service_connect(dev, name, wait, offers, count,
					      NULL, out_connection);
		if (ret != -EINTR)
			return ret;
		if (wait > 0) {
			left = end - now_ms();
			wait = left > 0 ? (int)left : 0;
		}
	}
}

static struct membank_l4_object *connect_to(const char *name)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX];
	unsigned int i, count = MEMBANK_OFFERS_MAX;
	struct membank_l4_object *object;
	struct membank_l4_use node;
	int connection, ret;

	if (membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node))
		return NULL;
	ret = connect_in_time(node.fd, name, offers, &count, &connection);
	membank_l4_unuse(&node);
	if (ret)
		return NULL;
	object = membank_l4_object_new(L4RE_MEMBANK_SERVICE, connection, count);
	for (i = 0; i < count; i++) {
		if (object)
			object->offers[i] = offers[i];
		else
			close(offers[i].fd);
	}
	return object;
}

/* The lock is held. */
static struct name *entry_of(const char *text)
{
	struct name *name;

	for (name = names; name; name = name->next)
		if (!strcmp(name->text, text))
			break;
	return name;
}

static bool is_alive(const struct membank_l4_object *connection)
{
	struct pollfd poll_fd = { .fd = connection->fd };

	return poll(&poll_fd, 1, 0) <= 0 || !(poll_fd.revents & POLLHUP);
}

/* What the slot of a name holds, if it is what it was given. The lock is held. */
static struct membank_l4_object *connection_of(const struct name *name)
{
	struct membank_l4_object *object;

	object = name ? membank_l4_cap_get(name->cap) : NULL;
	if (object && object->kind == L4RE_MEMBANK_SERVICE &&
	    object->id == name->id)
		return object;
	membank_l4_object_put(object);
	return NULL;
}

/* The slot of a name, as long as its server is there. The lock is held. */
static l4_cap_idx_t known(const char *text)
{
	struct name *name = entry_of(text);
	struct membank_l4_object *object = connection_of(name);
	l4_cap_idx_t cap = L4_INVALID_CAP;

	if (object && is_alive(object))
		cap = name->cap;
	membank_l4_object_put(object);
	return cap;
}

/*
 * Gives the object a slot and the slot a name. Where a slot has the name, and the
 * server is another one now, it is that slot. The lock is held.
 */
static l4_cap_idx_t enter(const char *text, struct membank_l4_object *object)
{
	struct name *name = entry_of(text);
	struct membank_l4_object *before = connection_of(name);
	bool kept;

	if (!name) {
		name = calloc(1, sizeof(*name));
		if (!name) {
			membank_l4_object_put(object);
			return L4_INVALID_CAP;
		}
		memcpy(name->text, text, strlen(text) + 1);
		name->next = names;
		names = name;
	}
	object->id = ++last_id;
	name->id = object->id;
	kept = before && !membank_l4_cap_replace(name->cap, before,
						 membank_l4_object_get(object));
	membank_l4_object_put(before);
	if (kept) {
		membank_l4_object_put(object);
		return name->cap;
	}
	name->cap = l4re_util_cap_alloc();
	return membank_l4_cap_set(name->cap, object) ? L4_INVALID_CAP :
						       name->cap;
}

MEMBANK_L4_API l4_cap_idx_t l4re_env_get_cap(const char *name)
{
	struct membank_l4_object *object;
	l4_cap_idx_t cap;

	if (!name || strlen(name) > MEMBANK_NAME_MAX)
		return L4_INVALID_CAP;
	membank_l4_lock(MEMBANK_L4_LOCK_NAMES);
	cap = known(name);
	membank_l4_unlock(MEMBANK_L4_LOCK_NAMES);
	if (l4_is_valid_cap(cap))
		return cap;

	object = connect_to(name);
	if (!object)
		return L4_INVALID_CAP;
	membank_l4_lock(MEMBANK_L4_LOCK_NAMES);
	/* Another thread may have connected meanwhile. */
	cap = known(name);
	if (l4_is_invalid_cap(cap))
		cap = enter(name, object);
	else
		membank_l4_object_put(object);
	membank_l4_unlock(MEMBANK_L4_LOCK_NAMES);
	return cap;
}
