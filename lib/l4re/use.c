// SPDX-License-Identifier: LGPL-2.1-or-later
/* From an index to a descriptor, and back. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include <membank.h>

#include "internal.h"

/* Of a connection the offer number @which of a kind; NULL: there are not as many. */
static const struct membank_offer *
offer_of(const struct membank_l4_object *object, enum l4re_membank_kind kind,
	 unsigned int which)
{
	unsigned int i;

	for (i = 0; i < object->count; i++) {
		/* The two kinds have the same numbers. */
		if (object->offers[i].kind != (unsigned int)kind)
			continue;
		if (!which--)
			return &object->offers[i];
	}
	return NULL;
}

int membank_l4_fd_of(const struct membank_l4_object *object,
		     enum l4re_membank_kind kind)
{
	const struct membank_offer *offer;

	if (object->kind == kind)
		return object->fd;
	if (object->kind != L4RE_MEMBANK_SERVICE)
		return -1;
	offer = offer_of(object, kind, 0);
	return offer && !offer_of(object, kind, 1) ? offer->fd : -1;
}

/* What a slot holds, also one of the first. */
static int object_in(l4_cap_idx_t cap, struct membank_l4_object **out_object)
{
	*out_object = membank_l4_cap_get(cap);
	if (*out_object)
		return 0;
	return l4_is_invalid_cap(cap) ? MEMBANK_L4_VOID :
					membank_l4_initial(cap, out_object);
}

int membank_l4_use(l4_cap_idx_t cap, enum l4re_membank_kind kind,
		   struct membank_l4_use *out_use)
{
	struct membank_l4_object *object;
	int ret;

	ret = object_in(cap, &object);
	if (ret)
		return ret;
	out_use->object = object;
	out_use->fd = membank_l4_fd_of(object, kind);
	if (out_use->fd >= 0)
		return 0;
	membank_l4_object_put(object);
	return -L4_EBADPROTO;
}

static int copy_fd(int fd, int *out_fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return -L4_ENOMEM;
	*out_fd = copy;
	return 0;
}

static int put(l4_cap_idx_t cap, enum l4re_membank_kind kind, int fd)
{
	struct membank_l4_object *object;
	int ret;

	ret = membank_l4_object_of(kind, fd, &object);
	return ret ? ret : membank_l4_cap_set(cap, object);
}

/* Only a notifier finds no rights wrong; for all others the question is. */
static bool is_notifier(int fd)
{
	int none;

	return membank_notifier_derive(fd, 0, &none) == -EINVAL;
}

static bool is_node(int fd)
{
	struct membank_get_info info;

	return !membank_get_info(fd, &info);
}

/* Of a dataspace it is seen by all that is asked of it. */
static bool is_kind(enum l4re_membank_kind kind, int fd)
{
	switch (kind) {
	case L4RE_MEMBANK_DATASPACE:
		return true;
	case L4RE_MEMBANK_NOTIFIER:
		return is_notifier(fd);
	case L4RE_MEMBANK_BANK:
	case L4RE_MEMBANK_MAP:
		return is_node(fd);
	case L4RE_MEMBANK_PAGER:
		return fcntl(fd, F_GETFD) >= 0;
	default:
		return false;
	}
}

MEMBANK_L4_API int l4re_membank_put(l4_cap_idx_t cap,
				    enum l4re_membank_kind kind, int fd)
{
	if (!is_kind(kind, fd)) {
		if (fd >= 0)
			close(fd);
		return -L4_EINVAL;
	}
	return put(cap, kind, fd);
}

MEMBANK_L4_API int l4re_membank_holds(l4_cap_idx_t cap,
				      enum l4re_membank_kind kind)
{
	struct membank_l4_use use;
	int ret;

	ret = membank_l4_use(cap, kind, &use);
	if (!ret)
		membank_l4_unuse(&use);
	return ret;
}

MEMBANK_L4_API int l4re_membank_copy(l4_cap_idx_t cap, l4_cap_idx_t src)
{
	struct membank_l4_object *object;
	int ret;

	ret = object_in(src, &object);
	if (ret)
		return ret == MEMBANK_L4_VOID ? -L4_ENOENT : ret;
	return membank_l4_cap_set(cap, object);
}

MEMBANK_L4_API int l4re_membank_fd(l4_cap_idx_t cap,
				   enum l4re_membank_kind kind, int *out_fd)
{
	struct membank_l4_use use;
	int ret;

	ret = membank_l4_use(cap, kind, &use);
	if (ret)
		return ret;
	ret = copy_fd(use.fd, out_fd);
	membank_l4_unuse(&use);
	return ret;
}

MEMBANK_L4_API int l4re_membank_offers(l4_cap_idx_t service)
{
	struct membank_l4_use use;
	int ret;

	ret = membank_l4_use(service, L4RE_MEMBANK_SERVICE, &use);
	if (ret)
		return ret;
	ret = use.object->count;
	membank_l4_unuse(&use);
	return ret;
}

MEMBANK_L4_API int l4re_membank_take(l4_cap_idx_t service,
				     enum l4re_membank_kind kind,
				     unsigned int which, l4_cap_idx_t cap)
{
	const struct membank_offer *offer;
	struct membank_l4_use use;
	int fd, ret;

	ret = membank_l4_use(service, L4RE_MEMBANK_SERVICE, &use);
	if (ret)
		return ret;
	offer = offer_of(use.object, kind, which);
	ret = offer ? copy_fd(offer->fd, &fd) : -L4_ENOENT;
	membank_l4_unuse(&use);
	if (ret)
		return ret;
	return put(cap, kind, fd);
}
