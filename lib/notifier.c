// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
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

MEMBANK_API int membank_notifier_bind(int notifier, int eventfd)
{
	struct membank_notifier_bind args = {
		.size = sizeof(args),
		.eventfd = eventfd,
	};

	return membank_call(notifier, MEMBANK_IOC_NOTIFIER_BIND, &args);
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

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

MEMBANK_API int membank_notifier_wait(int notifier, int eventfd, int timeout_ms,
				      uint64_t *out_count)
{
	struct pollfd fds[2] = {
		{ .fd = eventfd, .events = POLLIN },
		{ .fd = notifier },
	};
	int64_t deadline = now_ms() + timeout_ms;
	int64_t left = timeout_ms;
	uint64_t count;
	ssize_t length;
	int ready;

	for (;;) {
		ready = poll(fds, 2, left);
		if (ready < 0)
			return -errno;
		if (!ready)
			return -ETIMEDOUT;
		if (fds[0].revents & POLLNVAL || fds[1].revents & POLLNVAL)
			return -EBADF;

		length = read(eventfd, &count, sizeof(count));
		if (length == sizeof(count)) {
			if (out_count)
				*out_count = count;
			return 0;
		}
		if (length >= 0)
			return -EINVAL;
		if (errno != EAGAIN)
			return -errno;
		/* What the other side triggered before it went came first. */
		if (fds[1].revents & POLLHUP)
			return -EPIPE;

		/* Another thread took the count: wait on for what is left. */
		if (timeout_ms >= 0) {
			left = deadline - now_ms();
			if (left <= 0)
				return -ETIMEDOUT;
		}
	}
}
