// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stddef.h>

#include "internal.h"

#define ARRAY_SIZE(_array) (sizeof(_array) / sizeof((_array)[0]))

struct l4_utcb_t {
	unsigned int error;
};

static __thread l4_utcb_t utcb;

/* Most have the same number on both systems. */
int membank_l4_error(int ret)
{
	switch (-ret) {
	case 0:
	case EPERM:
	case ENOENT:
	case EIO:
	case EAGAIN:
	case ENOMEM:
	case EACCES:
	case EFAULT:
	case EBUSY:
	case EEXIST:
	case ENODEV:
	case EINVAL:
	case ENOSPC:
	case ERANGE:
	case ENAMETOOLONG:
	case EADDRNOTAVAIL:
		return ret;
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ELOOP:
		return -L4_ENOMEM;
	/* The process that a region map belongs to. */
	case ESRCH:
		return MEMBANK_L4_VOID;
	case EINTR:
		return -(L4_EIPC_LO + L4_IPC_RECANCELED);
	default:
		return -L4_EINVAL;
	}
}

static const struct {
	int error;
	const char *text;
} texts[] = {
	{ L4_EOK, "No error" },
	{ L4_EPERM, "Not permitted" },
	{ L4_ENOENT, "There is no such thing" },
	{ L4_EIO, "Input or output failed" },
	{ L4_ENXIO, "There is no such device or address" },
	{ L4_E2BIG, "Too much was given" },
	{ L4_EAGAIN, "Not now, try again" },
	{ L4_ENOMEM, "Not enough memory" },
	{ L4_EACCESS, "Access denied" },
	{ L4_EFAULT, "Bad address" },
	{ L4_EBUSY, "In use" },
	{ L4_EEXIST, "It exists already" },
	{ L4_ENODEV, "The object is gone" },
	{ L4_ENOTDIR, "Not a directory" },
	{ L4_EINVAL, "An argument is wrong" },
	{ L4_ENOSPC, "No space is left" },
	{ L4_ERANGE, "Out of range" },
	{ L4_ENAMETOOLONG, "The name is too long" },
	{ L4_ENOSYS, "There is no such function" },
	{ L4_EBADPROTO, "The object is of another kind" },
	{ L4_EADDRNOTAVAIL, "The address is not available" },
	{ L4_ENOREPLY, "There will be no reply" },
	{ L4_EMSGTOOSHORT, "The message is too short" },
	{ L4_EMSGTOOLONG, "The message is too long" },
	{ L4_EMSGMISSARG, "The message lacks a capability" },
	{ L4_EIPC_LO + L4_IPC_SETIMEOUT, "Nobody received in time" },
	{ L4_EIPC_LO + L4_IPC_RETIMEOUT, "Nothing came in time" },
	{ L4_EIPC_LO + L4_IPC_ENOT_EXISTENT,
	  "The capability is empty, or nobody answers it" },
	{ L4_EIPC_LO + L4_IPC_SECANCELED, "Sending was canceled" },
	{ L4_EIPC_LO + L4_IPC_RECANCELED, "Receiving was canceled" },
	{ L4_EIPC_LO + L4_IPC_SEABORTED, "Sending was aborted" },
	{ L4_EIPC_LO + L4_IPC_REABORTED, "Receiving was aborted" },
};

MEMBANK_L4_API const char *l4sys_errtostr(long err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (err == -texts[i].error)
			return texts[i].text;
	return "Unknown error";
}

l4_msgtag_t membank_l4_tag(int ret, long label)
{
	utcb.error = 0;
	if (ret <= -L4_EIPC_LO && ret >= -L4_EIPC_HI) {
		utcb.error = -ret - L4_EIPC_LO;
		return l4_msgtag(0, 0, 0, L4_MSGTAG_ERROR);
	}
	return l4_msgtag(ret ? ret : label, 0, 0, 0);
}

MEMBANK_L4_API l4_utcb_t *l4_utcb(void)
{
	return &utcb;
}

MEMBANK_L4_API l4_umword_t l4_ipc_error(l4_msgtag_t tag, l4_utcb_t *u)
{
	return l4_msgtag_has_error(tag) ? u->error : 0;
}

MEMBANK_L4_API long l4_error_u(l4_msgtag_t tag, l4_utcb_t *u)
{
	if (l4_msgtag_has_error(tag))
		return -(long)(L4_EIPC_LO + u->error);
	return l4_msgtag_label(tag);
}

MEMBANK_L4_API long l4_error(l4_msgtag_t tag)
{
	return l4_error_u(tag, &utcb);
}
