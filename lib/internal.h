/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMBANK_INTERNAL_H
#define MEMBANK_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>

#include "membank.h"

#define ARRAY_SIZE(_array) (sizeof(_array) / sizeof((_array)[0]))

#define MEMBANK_API __attribute__((visibility("default")))

/* The only way into the kernel: 0 or a negative errno. */
static inline int membank_call(int fd, unsigned long command, void *args)
{
	return ioctl(fd, command, args) < 0 ? -errno : 0;
}

static inline int64_t membank_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

#endif /* MEMBANK_INTERNAL_H */
