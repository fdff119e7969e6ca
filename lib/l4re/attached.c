// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From what the kernel says is attached to an index that holds it. The kernel gives a
 * descriptor; which slot holds the same is looked up here, because the address space is
 * the truth and nothing is written down beside it. Where several do, which of them it
 * was attached by is not known.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <membank.h>
#include <l4/re/c/util/cap_alloc.h>

#include "internal.h"

static int look_at(int fd, struct membank_l4_object *object)
{
	struct membank_dataspace_info info;
	struct membank_l4_use node;
	struct stat status;
	int ret;

	ret = membank_l4_use(MEMBANK_L4_RM_CAP, L4RE_MEMBANK_MAP, &node);
	if (ret)
		return ret;
	ret = membank_dataspace_info(node.fd, fd, &info);
	membank_l4_unuse(&node);
	/* A revoked one is one all the same, but has no place any more. */
	if (ret == -ENODEV)
		info = (struct membank_dataspace_info){
			.out_bank = UINT32_MAX,
			.out_offset = UINT64_MAX,
		};
	else if (ret)
		return -L4_EINVAL;
	if (fstat(fd, &status))
		return membank_l4_error(-errno);
	object->id = status.st_ino;
	object->bank = info.out_bank;
	object->offset = info.out_offset;
	return 0;
}

int membank_l4_object_of(enum l4re_membank_kind kind, int fd,
			 struct membank_l4_object **out_object)
{
	struct membank_l4_object *object;
	int ret = 0;

	object = membank_l4_object_new(kind, fd, 0);
	if (!object)
		return -L4_ENOMEM;
	if (kind == L4RE_MEMBANK_DATASPACE)
		ret = look_at(fd, object);
	if (ret)
		membank_l4_object_put(object);
	else
		*out_object = object;
	return ret;
}

/* What was revoked may have had the place of another before. */
static bool same_memory(const struct membank_l4_object *one,
			const struct membank_l4_object *other)
{
	struct membank_l4_object now;

	return !look_at(one->fd, &now) && now.bank != UINT32_MAX &&
	       now.bank == other->bank && now.offset == other->offset;
}

/*
 * A dma-buf has a file number of its own; that of pagers is the same for all, and
 * the kernel must be asked. Where it cannot compare, none is the same.
 */
static bool same_file(const struct membank_l4_object *one,
		      const struct membank_l4_object *other)
{
	pid_t self = getpid();

	if (one->kind == L4RE_MEMBANK_DATASPACE)
		return one->id == other->id;
	return !syscall(SYS_kcmp, self, self, KCMP_FILE, one->fd, other->fd);
}

/* The first slot that holds the same file, else the first with the same memory. */
static l4_cap_idx_t slot_like(const struct membank_l4_object *like)
{
	l4_cap_idx_t cap = 0, found = L4_INVALID_CAP;
	struct membank_l4_object *object;
	bool same = false;

	while (!same) {
		cap = membank_l4_cap_find(cap, like, &object);
		if (l4_is_invalid_cap(cap))
			break;
		same = same_file(object, like);
		if (same ||
		    (like->kind == L4RE_MEMBANK_DATASPACE &&
		     l4_is_invalid_cap(found) && same_memory(object, like)))
			found = cap;
		membank_l4_object_put(object);
	}
	return found;
}

int membank_l4_attached_cap(enum l4re_membank_kind kind, int fd,
			    l4_cap_idx_t spare, l4_cap_idx_t *out_cap)
{
	struct membank_l4_object *object;
	l4_cap_idx_t cap;
	int ret;

	ret = membank_l4_object_of(kind, fd, &object);
	if (ret)
		return ret;
	cap = slot_like(object);
	if (l4_is_valid_cap(cap)) {
		membank_l4_object_put(object);
	} else {
		cap = spare;
		if (membank_l4_cap_set(cap, object))
			return -L4_ENOMEM;
	}
	*out_cap = cap;
	return 0;
}
