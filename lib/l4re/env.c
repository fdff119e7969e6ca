// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <membank.h>
#include <l4/re/env.h>

#include "internal.h"
#include "lock.h"

static l4re_env_t env = {
	.parent = L4_INVALID_CAP,
	.rm = MEMBANK_L4_RM_CAP,
	.mem_alloc = MEMBANK_L4_MEM_ALLOC_CAP,
	.log = L4_INVALID_CAP,
	.main_thread = L4_INVALID_CAP,
	.factory = L4_BASE_FACTORY_CAP,
	.scheduler = L4_INVALID_CAP,
	.first_free_cap = MEMBANK_L4_FIRST_FREE,
};

MEMBANK_L4_API l4re_env_t *l4re_global_env = &env;

/*
 * The node, as a region map and as a memory allocator: a child that fork() made
 * must open it anew, because a region map is that of the process that opened it.
 * MEMBANK_L4_LOCK_NODE guards it.
 */
static struct membank_l4_object *map;
static struct membank_l4_object *bank;
static pid_t opener;

/* The lock is held. */
static int open_node(enum l4re_membank_kind kind,
		     struct membank_l4_object **out_object)
{
	int fd, ret;

	ret = membank_open(secure_getenv("MEMBANK_L4RE_BANK"), &fd);
	if (ret == -ENOENT)
		return MEMBANK_L4_VOID;
	if (ret)
		return membank_l4_error(ret);
	*out_object = membank_l4_object_new(kind, fd, 0);
	return *out_object ? 0 : -L4_ENOMEM;
}

static int node(enum l4re_membank_kind kind, struct membank_l4_object **place,
		struct membank_l4_object **out_object)
{
	pid_t self = getpid();
	int ret = 0;

	membank_l4_lock(MEMBANK_L4_LOCK_NODE);
	if (opener != self) {
		membank_l4_object_put(map);
		membank_l4_object_put(bank);
		map = NULL;
		bank = NULL;
		opener = self;
	}
	if (!*place)
		ret = open_node(kind, place);
	if (!ret)
		*out_object = membank_l4_object_get(*place);
	membank_l4_unlock(MEMBANK_L4_LOCK_NODE);
	return ret;
}

int membank_l4_initial(l4_cap_idx_t cap, struct membank_l4_object **out_object)
{
	switch (cap & ~(L4_CAP_OFFSET - 1)) {
	case MEMBANK_L4_RM_CAP:
		return node(L4RE_MEMBANK_MAP, &map, out_object);
	case MEMBANK_L4_MEM_ALLOC_CAP:
		return node(L4RE_MEMBANK_BANK, &bank, out_object);
	default:
		return MEMBANK_L4_VOID;
	}
}
