/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests that need the module with parameters of their own: it is loaded
 * again around all cases, and at last as it was found.
 */
#ifndef MEMBANK_SELFTESTS_RELOAD_H
#define MEMBANK_SELFTESTS_RELOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The last file of a dead process is closed a moment after it. */
static inline bool reload(const char *parameters)
{
	char command[640];

	snprintf(command, sizeof(command),
		 "for i in $(seq 50); do [ -e /sys/module/membank ] || break;"
		 " rmmod membank 2>/dev/null || sleep 0.2; done;"
		 " insmod \"$MEMBANK_KO\" %s",
		 parameters);
	return system(command) == 0;
}

static char reload_was[640];

/* Children of the harness end without this. */
static inline void reload_back(void)
{
	if (!reload(reload_was))
		printf("# the module could not be loaded as it was\n");
}

/* Before test_harness_run(), which does not return: until the program ends. */
static inline void reload_until_exit(const char *parameters)
{
	char banks[512], quota[64];

	reload_parameter("banks", banks, sizeof(banks));
	reload_parameter("quota", quota, sizeof(quota));
	snprintf(reload_was, sizeof(reload_was), "%s%s%s%s",
		 banks[0] ? "banks=" : "", banks, quota[0] ? " quota=" : "",
		 quota);
	atexit(reload_back);
	if (!reload(parameters)) {
		printf("Bail out! The module could not be loaded with %s\n",
		       parameters);
		exit(1);
	}
}

#endif /* MEMBANK_SELFTESTS_RELOAD_H */
