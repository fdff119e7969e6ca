/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests that need the module with parameters of their own, or not at all: it is
 * loaded again around all cases, and at last as it was found.
 */
#ifndef MEMBANK_SELFTESTS_RELOAD_H
#define MEMBANK_SELFTESTS_RELOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loading.h"

/* What the module was loaded with; empty if it had no such parameter. */
static inline void reload_parameter(const char *name, char *text, size_t size)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/membank/parameters/%s", name);
	text[0] = '\0';
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(text, size, file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	if (!strcmp(text, "(null)"))
		text[0] = '\0';
}

/* Whether it is not loaded: the last file of a dead process is closed after its end. */
static inline bool reload_unload(void)
{
	unsigned int tries;
	int ret = -EWOULDBLOCK;

	for (tries = 0; ret == -EWOULDBLOCK && tries < TEST_PATIENCE / 10;
	     tries++) {
		if (tries)
			usleep(10000);
		ret = loading_unload();
	}
	return !ret || ret == -ENOENT;
}

static inline bool reload(const char *parameters)
{
	int file = loading_open(), ret;

	if (file < 0)
		return false;
	ret = reload_unload() ? loading_load(file, parameters) : -EBUSY;
	close(file);
	return !ret;
}

static char reload_was[640];

/* Children of the harness end without this. */
static inline void reload_back(void)
{
	if (!reload(reload_was))
		printf("# the module could not be loaded as it was\n");
}

/* Before test_harness_run(), which does not return: until the program ends. */
static inline void reload_remember(void)
{
	char banks[512], quota[64];

	reload_parameter("banks", banks, sizeof(banks));
	reload_parameter("quota", quota, sizeof(quota));
	snprintf(reload_was, sizeof(reload_was), "%s%s%s%s",
		 banks[0] ? "banks=" : "", banks, quota[0] ? " quota=" : "",
		 quota);
	atexit(reload_back);
}

/* Likewise; with these, or not at all. */
static inline void reload_until_exit(const char *parameters)
{
	reload_remember();
	if (!reload(parameters)) {
		printf("Bail out! The module could not be loaded with %s\n",
		       parameters);
		exit(1);
	}
}

static inline void unload_until_exit(void)
{
	reload_remember();
	if (!reload_unload()) {
		printf("Bail out! The module could not be unloaded\n");
		exit(1);
	}
}

#endif /* MEMBANK_SELFTESTS_RELOAD_H */
