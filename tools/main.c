// SPDX-License-Identifier: GPL-2.0-only
/*
 * membank - look at banks and load the module. See man/membank.1.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <membank.h>

#include "tool.h"

/* Exit status of a command line that makes no sense; 1 is what failed. */
#define EXIT_USAGE 2

static void print_usage(FILE *to)
{
	fprintf(to,
		"usage: membank banks [--bytes]   the banks, how large and how full they are\n"
		"       membank dataspaces [--bytes] [BANK]\n"
		"                                 who holds and maps what; for root\n"
		"       membank services [--clients]\n"
		"                                 who offers what, and who is connected\n"
		"       membank watch NAME        who comes to a service and goes, until it ends\n"
		"       membank info              what the loaded module can do\n"
		"       membank load [PARAMETERS] load the module, such as banks=video:64M,rt:32M\n"
		"       membank help              this text\n");
}

int tool_usage_error(void)
{
	print_usage(stderr);
	return EXIT_USAGE;
}

int tool_open(int *dev)
{
	int ret = membank_open(NULL, dev);

	if (ret == -ENOENT)
		fprintf(stderr,
			"membank: there is no /dev/membank: load the module with 'membank load'\n");
	else if (ret)
		fprintf(stderr, "membank: cannot open /dev/membank: %s\n",
			membank_explain(MEMBANK_OPEN, ret));
	return ret;
}

/* "64 MiB", "1.5 GiB", "4 KiB"; with --bytes the plain number. */
const char *tool_size_text(char *text, unsigned long long bytes, bool exact)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = bytes;
	size_t unit = 0;

	if (exact) {
		snprintf(text, TOOL_SIZE_TEXT, "%llu", bytes);
		return text;
	}
	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	/* One digit behind the point, where it says something. */
	snprintf(text, TOOL_SIZE_TEXT, "%.*f %s",
		 value == (unsigned long long)value ? 0 : 1, value,
		 units[unit]);
	return text;
}

/* Others chose this name: a terminal may take it as orders. */
void tool_make_harmless(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

static void print_bank(unsigned int bank, const struct membank_bank_info *info,
		       bool quota, bool exact)
{
	/* Only where there is a quota are its two figures shown. */
	unsigned long long sizes[] = {
		info->out_length,
		info->out_used,
		info->out_length - info->out_used,
		info->out_largest_free,
		info->out_scrubbed,
		info->out_quota,
		info->out_charged,
	};
	char text[TOOL_SIZE_TEXT];
	size_t i;

	printf("%4u  %-12s %-7s", bank, info->out_name,
	       info->out_source == MEMBANK_SOURCE_CMA ? "cma" : "contig");
	for (i = 0; i < ARRAY_SIZE(sizes) - (quota ? 0 : 2); i++)
		printf(" %12s", tool_size_text(text, sizes[i], exact));
	printf(" %10u %5d%s%s\n", info->out_dataspaces, info->out_node,
	       info->out_flags & MEMBANK_BANK_PRIVATE ? "  private" : "",
	       info->out_flags & MEMBANK_BANK_SYNC ? "  sync" : "");
}

static int run_banks(int argc, char **argv)
{
	struct membank_bank_info info;
	bool exact = false, quota;
	unsigned int bank;
	int dev, ret;

	if (argc == 2 && !strcmp(argv[1], "--bytes"))
		exact = true;
	else if (argc != 1)
		return tool_usage_error();

	ret = tool_open(&dev);
	if (ret)
		return EXIT_FAILURE;

	/* All banks have the same. */
	quota = !membank_bank_info(dev, 0, &info) && info.out_quota;
	printf("BANK  %-12s %-7s %12s %12s %12s %12s %12s", "NAME", "SOURCE",
	       "SIZE", "USED", "FREE", "LARGEST", "SCRUBBED");
	if (quota)
		printf(" %12s %12s", "QUOTA", "CHARGED");
	printf(" %10s %5s\n", "DATASPACES", "NODE");
	for (bank = 0;; bank++) {
		ret = membank_bank_info(dev, bank, &info);
		if (ret)
			break;
		print_bank(bank, &info, quota, exact);
	}
	close(dev);
	if (ret == -ENOENT)
		return EXIT_SUCCESS;
	fprintf(stderr, "membank: cannot read bank %u: %s\n", bank,
		strerror(-ret));
	return EXIT_FAILURE;
}

static int run_info(int argc, char **argv)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} features[] = {
		{ MEMBANK_FEATURE_BANKS, "banks" },
		{ MEMBANK_FEATURE_DATASPACES, "dataspaces" },
		{ MEMBANK_FEATURE_REGIONS, "regions" },
		{ MEMBANK_FEATURE_NOTIFIERS, "notifiers" },
		{ MEMBANK_FEATURE_SERVICES, "services" },
		{ MEMBANK_FEATURE_RIGHTS, "rights" },
		{ MEMBANK_FEATURE_CONTENT, "content" },
		{ MEMBANK_FEATURE_QUOTA, "quota" },
		{ MEMBANK_FEATURE_AREAS, "areas" },
		{ MEMBANK_FEATURE_REGION_MAP, "region-map" },
		{ MEMBANK_FEATURE_PAGERS, "pagers" },
		{ MEMBANK_FEATURE_CALL, "call" },
		{ MEMBANK_FEATURE_CLIENTS, "clients" },
	};
	struct membank_get_info got;
	int dev, ret;
	size_t i;

	(void)argv;
	if (argc != 1)
		return tool_usage_error();
	ret = tool_open(&dev);
	if (ret)
		return EXIT_FAILURE;
	ret = membank_get_info(dev, &got);
	close(dev);
	if (ret) {
		fprintf(stderr, "membank: cannot ask the module: %s\n",
			strerror(-ret));
		return EXIT_FAILURE;
	}

	printf("ABI version  %u\n", got.out_version);
	printf("banks        %u\n", got.out_banks);
	printf("features    ");
	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (got.out_features & features[i].bit)
			printf(" %s", features[i].name);
	printf("\n");
	return EXIT_SUCCESS;
}

static int run_load(int argc, char **argv)
{
	char params[4096] = "", why[sizeof(params) + 512];
	size_t length = 0;
	int i, ret;

	for (i = 1; i < argc; i++) {
		length += snprintf(params + length, sizeof(params) - length,
				   "%s%s", i > 1 ? " " : "", argv[i]);
		if (length >= sizeof(params)) {
			fprintf(stderr,
				"membank: the parameters are longer than %zu bytes: give fewer banks\n",
				sizeof(params) - 1);
			return EXIT_FAILURE;
		}
	}

	ret = membank_load(params, why, sizeof(why));
	if (!ret)
		return EXIT_SUCCESS;
	fprintf(stderr, "membank: cannot load the module: %s\n", why);
	return EXIT_FAILURE;
}

static int run_help(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return tool_usage_error();
	print_usage(stdout);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "banks", run_banks },
		{ "dataspaces", tool_dataspaces },
		{ "info", run_info },
		{ "load", run_load },
		{ "services", tool_services },
		{ "watch", tool_watch },
		{ "help", run_help },
		{ "--help", run_help },
	};
	size_t i;
	int ret;

	if (argc < 2)
		return tool_usage_error();
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			break;
	if (i == ARRAY_SIZE(commands)) {
		fprintf(stderr,
			"membank: there is no command '%s', there are banks, dataspaces, services, watch, info, load and help\n",
			argv[1]);
		return EXIT_USAGE;
	}

	ret = commands[i].run(argc - 1, argv + 1);
	/* What could not be written, to a full disk say, was not told. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "membank: cannot write the answer: %s\n",
			strerror(errno));
		return EXIT_FAILURE;
	}
	return ret;
}
