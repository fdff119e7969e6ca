/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share that write to files of the kernel's: of its power, its
 * processors, its control groups. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_KERNEL_FILE_H
#define MEMBANK_SELFTESTS_KERNEL_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Returns 0 or a negative errno. */
static inline int kernel_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length;
	int ret;

	if (fd < 0)
		return -errno;
	length = write(fd, text, strlen(text));
	ret = length < 0 ? -errno : 0;
	close(fd);
	return ret;
}

#endif /* MEMBANK_SELFTESTS_KERNEL_FILE_H */
