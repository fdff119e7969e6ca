// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

MEMBANK_API int membank_notifier_create(int dev, int *out_notifier)
{
	struct membank_notifier_create args = { .size = sizeof(args) };
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_NOTIFIER_CREATE, &args);
	if (!ret)
		*out_notifier = args.out_fd;
	return ret;
}

MEMBANK_API int membank_notifier_derive(int notifier, uint32_t rights,
					int *out_notifier)
{
	struct membank_notifier_derive args = {
		.size = sizeof(args),
		.rights = rights,
	};
	int ret;

	ret = membank_call(notifier, MEMBANK_IOC_NOTIFIER_DERIVE, &args);
	if (!ret)
		*out_notifier = args.out_fd;
	return ret;
}

static int bind_eventfd(int notifier, int eventfd, uint32_t flags)
{
	struct membank_notifier_bind args = {
		.size = sizeof(args),
		.flags = flags,
		.eventfd = eventfd,
	};

	return membank_call(notifier, MEMBANK_IOC_NOTIFIER_BIND, &args);
}

MEMBANK_API int membank_notifier_bind(int notifier, int eventfd)
{
	return bind_eventfd(notifier, eventfd, 0);
}

MEMBANK_API int membank_notifier_bind_oneshot(int notifier, int eventfd)
{
	return bind_eventfd(notifier, eventfd, MEMBANK_BIND_ONESHOT);
}

MEMBANK_API int membank_notifier_unmask(int notifier)
{
	struct membank_notifier_unmask args = { .size = sizeof(args) };

	return membank_call(notifier, MEMBANK_IOC_NOTIFIER_UNMASK, &args);
}

MEMBANK_API int membank_notifier_listen(int notifier, int *out_eventfd)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int ret;

	if (fd < 0)
		return -errno;
	ret = membank_notifier_bind(notifier, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	*out_eventfd = fd;
	return 0;
}

MEMBANK_API int membank_notifier_trigger(int notifier)
{
	struct membank_notifier_trigger args = { .size = sizeof(args) };

	return membank_call(notifier, MEMBANK_IOC_NOTIFIER_TRIGGER, &args);
}

/* The kernel goes on by itself after a handler with SA_RESTART. */
static int call_notifier(int notifier, int wait_notifier, uint32_t flags,
			 uint64_t timeout_ns, uint64_t *out_count)
{
	struct membank_notifier_call args = {
		.size = sizeof(args),
		.flags = flags,
		.timeout_ns = timeout_ns,
		.wait_fd = wait_notifier,
	};
	int ret = membank_call(notifier, MEMBANK_IOC_NOTIFIER_CALL, &args);

	if (!ret && out_count)
		*out_count = args.out_count;
	return ret;
}

MEMBANK_API int membank_notifier_call(int notifier, int wait_notifier,
				      int64_t timeout_ns, uint64_t *out_count)
{
	return call_notifier(notifier, wait_notifier, 0,
			     timeout_ns < 0 ? MEMBANK_WAIT_FOREVER :
					      (uint64_t)timeout_ns,
			     out_count);
}

MEMBANK_API int membank_notifier_receive(int notifier, int timeout_ms,
					 uint64_t *out_count)
{
	return call_notifier(notifier, notifier, MEMBANK_CALL_TRIGGERED,
			     timeout_ms < 0 ? MEMBANK_WAIT_FOREVER :
					      timeout_ms * UINT64_C(1000000),
			     out_count);
}

/* 0, -EAGAIN (nothing is there), -EINVAL (it is no eventfd), or another error. */
static int take_count(int eventfd, uint64_t *out_count)
{
	struct iovec iovec = { out_count, sizeof(*out_count) };
	ssize_t length;

	/* It may be one that would block, and another thread may be faster. */
	length = preadv2(eventfd, &iovec, 1, -1, RWF_NOWAIT);
	if (length < 0)
		return errno == EOPNOTSUPP ? -EINVAL : -errno;
	return length == sizeof(*out_count) ? 0 : -EINVAL;
}

MEMBANK_API int membank_notifier_wait(int notifier, int eventfd, int timeout_ms,
				      uint64_t *out_count)
{
	struct pollfd fds[2] = {
		{ .fd = eventfd, .events = POLLIN },
		{ .fd = notifier },
	};
	int64_t deadline = membank_now_ms() + timeout_ms;
	int64_t left = timeout_ms;
	uint64_t count;
	int ready, ret;

	for (;;) {
		ready = poll(fds, 2, left);
		if (ready < 0)
			return -errno;
		if (!ready)
			return -ETIMEDOUT;
		if (fds[0].revents & POLLNVAL || fds[1].revents & POLLNVAL)
			return -EBADF;

		ret = take_count(eventfd, &count);
		if (!ret && out_count)
			*out_count = count;
		if (ret != -EAGAIN)
			return ret;
		/* What the other side triggered before it went came first. */
		if (fds[1].revents & POLLHUP)
			return -EPIPE;

		/* Another thread took the count: wait on for what is left. */
		if (timeout_ms >= 0) {
			left = deadline - membank_now_ms();
			if (left <= 0)
				return -ETIMEDOUT;
		}
	}
}
