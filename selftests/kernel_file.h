/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share that write and read files of the kernel's: of its power, its
 * processors, its control groups. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_KERNEL_FILE_H
#define MEMBANK_SELFTESTS_KERNEL_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Reads the beginning of it, as text. Returns 0 or a negative errno. */
static inline int kernel_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;
	int ret;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	ret = length < 0 ? -errno : 0;
	text[ret ? 0 : length] = 0;
	close(fd);
	return ret;
}

/*
 * The number behind a word that a line begins with, TEST_NONE if there is none; the
 * first one of all if @word is empty.
 */
static inline __u64 kernel_number(const char *path, const char *word)
{
	const size_t length = strlen(word);
	__u64 number = TEST_NONE;
	char line[256], *end;
	FILE *file = fopen(path, "re");

	if (!file)
		return TEST_NONE;
	while (number == TEST_NONE && fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, length) ||
		    (length && !strchr(": \t", line[length])))
			continue;
		end = line + length + strspn(line + length, ": \t");
		if (*end >= '0' && *end <= '9')
			number = strtoull(end, NULL, 10);
	}
	fclose(file);
	return number;
}

#endif /* MEMBANK_SELFTESTS_KERNEL_FILE_H */
