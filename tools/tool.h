/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of the tool share.
 */
#ifndef MEMBANK_TOOL_H
#define MEMBANK_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(_array) (sizeof(_array) / sizeof((_array)[0]))

/* Room for a size as text. */
#define TOOL_SIZE_TEXT 32

int tool_usage_error(void);
int tool_open(int *dev);
const char *tool_size_text(char *text, unsigned long long bytes, bool exact);
void tool_make_harmless(char *text);

int tool_dataspaces(int argc, char **argv);
int tool_services(int argc, char **argv);
int tool_watch(int argc, char **argv);

#endif /* MEMBANK_TOOL_H */
