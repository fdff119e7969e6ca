// SPDX-License-Identifier: GPL-2.0-only
/*
 * membank - look at banks and load the module. See man/membank.1.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <membank.h>

#define UNUSED __attribute__((unused))

/* Exit status of a command line that makes no sense; 1 is what failed. */
#define EXIT_USAGE 2

static void print_usage(FILE *to)
{
	fprintf(to,
		"usage: membank banks [--bytes]   the banks, how large and how full they are\n"
		"       membank info              what the loaded module can do\n"
		"       membank load [PARAMETERS] load the module, such as banks=video:64M,rt:32M\n"
		"       membank help              this text\n");
}

static int usage_error(void)
{
	print_usage(stderr);
	return EXIT_USAGE;
}

static int open_any(int *dev)
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
static const char *size_text(char *text, size_t room, uint64_t bytes,
			     bool exact)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = bytes;
	size_t unit = 0;

	if (exact) {
		snprintf(text, room, "%" PRIu64, bytes);
		return text;
	}
	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	/* One digit behind the point, where it says something. */
	snprintf(text, room, "%.*f %s", value == (uint64_t)value ? 0 : 1, value,
		 units[unit]);
	return text;
}

static void print_bank(uint32_t bank, const struct membank_bank_info *info,
		       bool exact)
{
	uint64_t sizes[] = {
		info->out_length,
		info->out_used,
		info->out_length - info->out_used,
		info->out_largest_free,
		info->out_scrubbed,
	};
	char text[32];
	size_t i;

	printf("%4" PRIu32 "  %-12s %-7s", bank, info->out_name,
	       info->out_source == MEMBANK_SOURCE_CMA ? "cma" : "contig");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		printf(" %12s", size_text(text, sizeof(text), sizes[i], exact));
	printf(" %10" PRIu32 " %5" PRId32 "%s\n", info->out_dataspaces,
	       info->out_node,
	       info->out_flags & MEMBANK_BANK_PRIVATE ? "  private" : "");
}

static int banks(int argc, char **argv)
{
	struct membank_bank_info info;
	bool exact = false;
	uint32_t bank;
	int dev, ret;

	if (argc == 2 && !strcmp(argv[1], "--bytes"))
		exact = true;
	else if (argc != 1)
		return usage_error();

	ret = open_any(&dev);
	if (ret)
		return EXIT_FAILURE;

	printf("BANK  %-12s %-7s %12s %12s %12s %12s %12s %10s %5s\n", "NAME",
	       "SOURCE", "SIZE", "USED", "FREE", "LARGEST", "SCRUBBED",
	       "DATASPACES", "NODE");
	for (bank = 0;; bank++) {
		ret = membank_bank_info(dev, bank, &info);
		if (ret)
			break;
		print_bank(bank, &info, exact);
	}
	close(dev);
	if (ret == -ENOENT)
		return EXIT_SUCCESS;
	fprintf(stderr, "membank: cannot read bank %" PRIu32 ": %s\n", bank,
		strerror(-ret));
	return EXIT_FAILURE;
}

static int info(int argc, char **argv UNUSED)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} features[] = {
		{ MEMBANK_FEATURE_BANKS, "banks" },
		{ MEMBANK_FEATURE_DATASPACES, "dataspaces" },
		{ MEMBANK_FEATURE_REGIONS, "regions" },
		{ MEMBANK_FEATURE_NOTIFIERS, "notifiers" },
		{ MEMBANK_FEATURE_SERVICES, "services" },
	};
	struct membank_get_info got;
	int dev, ret;
	size_t i;

	if (argc != 1)
		return usage_error();
	ret = open_any(&dev);
	if (ret)
		return EXIT_FAILURE;
	ret = membank_get_info(dev, &got);
	close(dev);
	if (ret) {
		fprintf(stderr, "membank: cannot ask the module: %s\n",
			strerror(-ret));
		return EXIT_FAILURE;
	}

	printf("ABI version  %" PRIu32 "\n", got.out_version);
	printf("banks        %" PRIu32 "\n", got.out_banks);
	printf("features    ");
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (got.out_features & features[i].bit)
			printf(" %s", features[i].name);
	printf("\n");
	return EXIT_SUCCESS;
}

static int load(int argc, char **argv)
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

static int help(int argc, char **argv UNUSED)
{
	if (argc != 1)
		return usage_error();
	print_usage(stdout);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "banks", banks }, { "info", info },	{ "load", load },
		{ "help", help },   { "--help", help },
	};
	size_t i;
	int ret;

	if (argc < 2)
		return usage_error();
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			break;
	if (i == sizeof(commands) / sizeof(commands[0])) {
		fprintf(stderr,
			"membank: there is no command '%s', there are banks, info, load and help\n",
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
