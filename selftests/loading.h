/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of loading: the module by system calls alone, because a process for each
 * costs more than the load; what it has said in the kernel's log, and the pages of
 * CMA that nobody has claimed.
 */
#ifndef MEMBANK_SELFTESTS_LOADING_H
#define MEMBANK_SELFTESTS_LOADING_H

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"

/* Of syslog(). */
#define LOADING_READ_ALL 3

/* A descriptor of the module, or a negative errno. */
static inline int loading_open(void)
{
	const char *path = getenv("MEMBANK_KO");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (file >= 0)
		return file;
	return path ? -errno : -ENOENT;
}

/* 0 or a negative errno. */
static inline int loading_load(int file, const char *parameters)
{
	return syscall(__NR_finit_module, file, parameters, 0) ? -errno : 0;
}

/* Likewise; -EWOULDBLOCK while somebody holds it. */
static inline int loading_unload(void)
{
	return syscall(__NR_delete_module, "membank", O_NONBLOCK) ? -errno : 0;
}

/* Pages of CMA that nobody has claimed, TEST_NONE if the kernel does not tell. */
static inline __u64 loading_unclaimed(void)
{
	unsigned long long pages, sum = 0;
	glob_t found;
	FILE *file;
	size_t i;

	if (glob("/sys/kernel/mm/cma/*/available_pages", 0, NULL, &found))
		return TEST_NONE;
	for (i = 0; i < found.gl_pathc; i++) {
		file = fopen(found.gl_pathv[i], "re");
		if (file && fscanf(file, "%llu", &pages) == 1)
			sum += pages;
		if (file)
			fclose(file);
	}
	globfree(&found);
	return sum;
}

/*
 * The lines that the module has said since the last mark, each with its newline, but
 * for the kernel's own about a module that is not its own. Returns how many there
 * are, or -1 without a mark.
 */
static inline int loading_said(const char *mark, char *text, size_t size)
{
	static char log[1 << 18];
	const int length = klogctl(LOADING_READ_ALL, log, sizeof(log) - 1);
	char *line, *last = NULL, *next;
	size_t used = 0;
	int count = 0;

	text[0] = '\0';
	log[length < 0 ? 0 : length] = '\0';
	for (line = log; (line = strstr(line, mark)); line++)
		last = line;
	if (!last)
		return -1;
	for (line = strtok_r(last, "\n", &next); line;
	     line = strtok_r(NULL, "\n", &next)) {
		if (!strstr(line, "membank: ") || strstr(line, "taint"))
			continue;
		count++;
		if (used < size)
			used += snprintf(text + used, size - used, "%s\n",
					 line);
	}
	return count;
}

#endif /* MEMBANK_SELFTESTS_LOADING_H */
