// SPDX-License-Identifier: GPL-2.0-only
/*
 * membank dataspaces - who holds and maps what. The module tells root in
 * debugfs, in a file for each bank: a line for each dataspace,
 *
 *	OFFSET LENGTH FLAGS HANDLES MAPPINGS DEVICES PID COMM
 *
 * and below it, indented, one for each mapping and each descriptor of it:
 *
 *	    PID COMM START-END RIGHTS
 *	    PID COMM fd=NUMBER RIGHTS
 *
 * COMM is the name of a process, and may have anything in it but a newline.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <membank.h>

#include "tool.h"

#define FOLDER "/sys/kernel/debug/membank"

static void print_heading(void)
{
	printf("%4s %12s %12s  %-13s %7s %8s %7s %8s  %s\n", "BANK", "OFFSET",
	       "LENGTH", "FLAGS", "HANDLES", "MAPPINGS", "DEVICES", "PID",
	       "PROGRAM");
}

static bool print_dataspace(unsigned int bank, char *rest, bool exact)
{
	char offset[TOOL_SIZE_TEXT], length[TOOL_SIZE_TEXT];
	char *words[7];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = strsep(&rest, " ");
	if (!rest)
		return false;
	printf("%4u %12s %12s  %-13s %7s %8s %7s %8s  %s\n", bank,
	       tool_size_text(offset, strtoull(words[0], NULL, 0), exact),
	       tool_size_text(length, strtoull(words[1], NULL, 0), exact),
	       words[2], words[3], words[4], words[5], words[6], rest);
	return true;
}

/* Cuts the last word off @text and returns it. */
static char *last_word(char *text)
{
	char *space = strrchr(text, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

static bool print_holder(char *rest)
{
	char *pid = strsep(&rest, " ");
	char *rights = rest ? last_word(rest) : NULL;
	char *what = rights ? last_word(rest) : NULL;

	if (!what)
		return false;
	if (!strncmp(what, "fd=", 3))
		printf("%18sfd %-33s %-3s", "", what + 3, rights);
	else
		printf("%18sat %-33s %-3s", "", what, rights);
	printf(" %20s  %s\n", pid, rest);
	return true;
}

/* What @file says of @bank; false if a line is of another form. */
static bool print_lines(unsigned int bank, FILE *file, bool exact)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	bool ok = true;

	while (ok && (length = getline(&line, &room, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		tool_make_harmless(line);
		if (*line == ' ')
			ok = print_holder(line + strspn(line, " "));
		else
			ok = print_dataspace(bank, line, exact);
	}
	free(line);
	return ok;
}

static int print_bank(unsigned int bank, const char *name, bool exact,
		      bool first)
{
	char path[sizeof(FOLDER) + 1 + MEMBANK_NAME_MAX];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		fprintf(stderr,
			"membank: there is no %s: mount debugfs (mount -t debugfs none /sys/kernel/debug)\n",
			path);
	else if (!file && (errno == EACCES || errno == EPERM))
		fprintf(stderr,
			"membank: only root may see who holds memory: use sudo\n");
	else if (!file)
		fprintf(stderr, "membank: cannot open %s: %s\n", path,
			strerror(errno));
	if (!file)
		return EXIT_FAILURE;

	if (first)
		print_heading();
	ok = print_lines(bank, file, exact);
	fclose(file);
	if (ok)
		return EXIT_SUCCESS;
	fprintf(stderr,
		"membank: %s has a line of another form: install the tool that came with the module\n",
		path);
	return EXIT_FAILURE;
}

/* The number of the bank that @name stands for, MEMBANK_BANK_ANY for all. */
static int find_bank(const char *name, unsigned int *bank)
{
	struct membank_get_info info;
	int dev, ret;

	ret = membank_open(name, &dev);
	if (ret) {
		fprintf(stderr, "membank: cannot open bank '%s': %s\n", name,
			membank_explain(MEMBANK_OPEN, ret));
		return ret;
	}
	ret = membank_get_info(dev, &info);
	close(dev);
	if (!ret)
		*bank = info.out_bank;
	return ret;
}

int tool_dataspaces(int argc, char **argv)
{
	unsigned int bank, wanted = MEMBANK_BANK_ANY;
	struct membank_bank_info info;
	bool exact = false;
	int dev, ret;

	if (argc > 1 && !strcmp(argv[1], "--bytes")) {
		exact = true;
		argc--;
		argv++;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return tool_usage_error();
	if (tool_open(&dev))
		return EXIT_FAILURE;
	if (argc == 2 && find_bank(argv[1], &wanted)) {
		close(dev);
		return EXIT_FAILURE;
	}

	ret = EXIT_SUCCESS;
	for (bank = 0; ret == EXIT_SUCCESS; bank++) {
		if (membank_bank_info(dev, bank, &info))
			break;
		if (wanted == MEMBANK_BANK_ANY || wanted == bank)
			ret = print_bank(bank, info.out_name, exact,
					 wanted == bank || !bank);
	}
	close(dev);
	return ret;
}
