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
	  "no bank you may use can ever hold as much: ask for at least 1 byte and at most the size of a bank" },
	{ MEMBANK_ALLOC, ENOMEM,
	  "the bank has no free extent as large as that now: ask for less, free some, or load the module with larger banks" },
	{ MEMBANK_ATTACH, EADDRNOTAVAIL,
	  "something is mapped there, or no place is free from there on: let the kernel choose, or ask to overmap" },
	{ MEMBANK_ATTACH, ERANGE,
	  "the dataspace ends before that: ask for no more than its size" },
	{ MEMBANK_ATTACH, EPERM,
	  "nothing may be mapped at so low an address: let the kernel choose" },
	{ MEMBANK_ATTACH, EINVAL,
	  "this is no dataspace, or the offset is no multiple of the page size" },
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
	  "a name has 1 to 63 bytes and no '/', a mode only bits of 0222, and only dataspaces and notifiers are offered, 16 at most" },
	{ MEMBANK_REGISTER, EACCES,
	  "a descriptor offered does not have the rights that are offered with it" },
	{ MEMBANK_CONNECT, ENOENT,
	  "no service of this name is running: start it, or wait for it" },
	{ MEMBANK_CONNECT, ETIMEDOUT,
	  "no service of this name appeared in time: start it" },
	{ MEMBANK_CONNECT, EACCES,
	  "the service does not admit you: ask its owner for another mode" },
	{ MEMBANK_CONNECT, ENOSPC,
	  "the service offers more than there is room for: make room for 16" },
	{ MEMBANK_CONNECT, EINVAL, "a name has 1 to 63 bytes and no '/'" },
};

MEMBANK_API const char *membank_explain(enum membank_operation operation,
					int error)
{
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (sentences[i].operation == operation &&
		    sentences[i].error == -error)
			return sentences[i].text;
	if (error == -ENOTTY)
		return "this descriptor is not of the kind that can do that";
	text = strerrordesc_np(-error);
	return text ? text : "an unknown error";
}
