// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <string.h>

#include "internal.h"

static const struct {
	enum membank_operation operation;
	int error;
	const char *text;
} sentences[] = {
	{ MEMBANK_OPEN, ENOENT,
	  "there is no such bank: load the module (membank load), or see which banks there are (membank banks)" },
	{ MEMBANK_OPEN, EACCES,
	  "you may not use this bank: become a member of the group membank" },
	{ MEMBANK_ALLOC, ERANGE,
	  "no bank you may use can ever hold as much: ask for at least 1 byte and at most the size of a bank, aligned to 1 GiB at most, or with CONTINUOUS for all but so much" },
	{ MEMBANK_ALLOC, ENOMEM,
	  "the bank has no free extent as large as that now: ask for less, free some, or load the module with larger banks" },
	{ MEMBANK_ALLOC, EDQUOT,
	  "you would have more of the bank than your quota allows (membank banks): ask for less, free some, or have the module loaded with a larger quota" },
	{ MEMBANK_ATTACH, EADDRNOTAVAIL,
	  "something is mapped there, or no place is free from there on: let the kernel choose, or ask to overmap" },
	{ MEMBANK_ATTACH, ERANGE,
	  "the dataspace ends before that: ask for no more than its size" },
	{ MEMBANK_ATTACH, EPERM,
	  "nothing may be mapped at so low an address: let the kernel choose" },
	{ MEMBANK_ATTACH, EINVAL,
	  "this is no dataspace, or the offset is no multiple of the page size" },
	{ MEMBANK_ATTACH, EACCES,
	  "this descriptor lacks the right to read or to write: attach it with READ_ONLY, or ask who lent it for one that may" },
	{ MEMBANK_ATTACH, ENOMEM,
	  "the process has no room for another mapping: unmap something" },
	{ MEMBANK_DETACH, ENOENT, "no dataspace is attached at this address" },
	{ MEMBANK_DETACH, EPERM,
	  "this is the region map of another process: open the device in this one" },
	{ MEMBANK_FIND, ENOENT, "no dataspace is attached at this address" },
	{ MEMBANK_FIND, ESRCH,
	  "the process that opened this region map is gone" },
	{ MEMBANK_NOTIFY, EACCES,
	  "this descriptor of the notifier does not have the right for that: ask who made it for one that has" },
	{ MEMBANK_NOTIFY, EPIPE, "the other side is gone" },
	{ MEMBANK_NOTIFY, ETIMEDOUT, "nobody triggered in time" },
	{ MEMBANK_NOTIFY, EINVAL, "this is no eventfd, or no right was named" },
	{ MEMBANK_REGISTER, EEXIST,
	  "a service of this name is running: end it, or choose another name" },
	{ MEMBANK_REGISTER, EINVAL,
	  "a name has 1 to 63 bytes and no '/', a mode only bits of 0222, and only dataspaces and notifiers are offered, 16 at most, with the rights that clients get" },
	{ MEMBANK_REGISTER, EACCES,
	  "a descriptor offered does not have the rights that are offered with it" },
	{ MEMBANK_REGISTER, EAGAIN, "no client came or went since" },
	{ MEMBANK_CONNECT, ENOENT,
	  "no service of this name is running: start it, or wait for it" },
	{ MEMBANK_CONNECT, ETIMEDOUT,
	  "no service of this name appeared in time: start it" },
	{ MEMBANK_CONNECT, EACCES,
	  "the service does not admit you: ask its owner for another mode" },
	{ MEMBANK_CONNECT, ENOSPC,
	  "the service offers more than there is room for: make room for 16" },
	{ MEMBANK_CONNECT, ENODEV,
	  "the service offers a dataspace that was revoked: ask its owner to start it again" },
	{ MEMBANK_CONNECT, EINVAL, "a name has 1 to 63 bytes and no '/'" },
	{ MEMBANK_INFO, EINVAL, "this is no dataspace" },
	{ MEMBANK_DERIVE, EINVAL,
	  "this is no dataspace, or no right was named" },
	{ MEMBANK_DERIVE, EACCES,
	  "this descriptor does not have all these rights itself: ask for fewer, or ask who lent it for one that has them" },
	{ MEMBANK_CLEAR, EINVAL,
	  "this is no dataspace, or the range is empty" },
	{ MEMBANK_CLEAR, EACCES,
	  "this descriptor lacks the right to write: ask who lent it for one that has it" },
	{ MEMBANK_CLEAR, ERANGE,
	  "the dataspace ends before that: clear no more than its size" },
	{ MEMBANK_CLEAR, EIO,
	  "a page of the range has a hardware error: clear what is before and behind it, or free the dataspace and use another one" },
	{ MEMBANK_COPY, EINVAL,
	  "one of them is no dataspace, or the range is empty" },
	{ MEMBANK_COPY, EACCES,
	  "the one lacks the right to write, or the other the right to read: ask who lent it for one that has it" },
	{ MEMBANK_COPY, ERANGE,
	  "one of the dataspaces ends before that: copy no more than the size of either" },
	{ MEMBANK_COPY, EIO,
	  "a page of one of the ranges has a hardware error: copy what is before and behind it, or free that dataspace and use another one" },
	{ MEMBANK_PHYS, EINVAL, "this is no dataspace" },
	{ MEMBANK_PHYS, EPERM,
	  "only root, or who has CAP_SYS_RAWIO, is told physical addresses" },
	{ MEMBANK_PHYS, ERANGE,
	  "the dataspace ends before that: ask for a byte inside its size" },
	{ MEMBANK_REVOKE, EINVAL, "this is no dataspace" },
	{ MEMBANK_REVOKE, EACCES,
	  "this descriptor lacks the right to revoke, which is never lent by a service: ask who allocated the dataspace" },
	{ MEMBANK_REVOKE, ENODEV, "this dataspace was revoked before" },
	{ MEMBANK_SYNC, EINVAL,
	  "the access has to be to read, to write or both, and nothing else" },
	{ MEMBANK_SYNC, EACCES,
	  "this descriptor lacks the right for this access: ask who lent it for one that has it" },
};

/* Where an operation has nothing of its own to say. */
static const struct {
	int error;
	const char *text;
} common[] = {
	{ ENOTTY, "this descriptor is not of the kind that can do that" },
	{ EBADF, "a descriptor is not open" },
	{ EFAULT,
	  "a pointer leads to where nothing is mapped, or nothing may be written" },
	{ EMFILE,
	  "the process has no descriptor left: close some, or raise its limit (ulimit -n)" },
	{ ENFILE, "the system has no descriptor left: end something" },
	{ ENOMEM, "the kernel is short of memory: end something" },
	{ ENODEV, "the owner has revoked this dataspace: ask for another one" },
	{ EOPNOTSUPP,
	  "the module does not know, or not grant, all of these flags or rights: leave some out, or load a newer module" },
	{ EINTR, "a signal came first: try again" },
};

MEMBANK_API const char *membank_explain(enum membank_operation operation,
					int error)
{
	const char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sentences); i++)
		if (sentences[i].operation == operation &&
		    sentences[i].error == -error)
			return sentences[i].text;
	for (i = 0; i < ARRAY_SIZE(common); i++)
		if (common[i].error == -error)
			return common[i].text;
	text = strerrordesc_np(-error);
	return text ? text : "an unknown error";
}
