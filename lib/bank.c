// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* The descriptor, or a negative errno. */
static int open_node(const char *number)
{
	char path[64];
	int dev;

	if ((size_t)snprintf(path, sizeof(path), "/dev/membank%s", number) >=
	    sizeof(path))
		return -ENOENT;
	dev = open(path, O_RDWR | O_CLOEXEC);
	if (dev >= 0)
		return dev;
	/* ENXIO: the module went between finding and opening its node. */
	return errno == ENXIO ? -ENOENT : -errno;
}

/* The digits of "0", "membank0" or "/dev/membank0"; NULL if @bank is a name. */
static const char *node_number(const char *bank)
{
	static const char *const prefixes[] = { "/dev/membank", "membank", "" };
	size_t i, length;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		length = strlen(prefixes[i]);
		if (!strncmp(bank, prefixes[i], length))
			break;
	}
	bank += length;
	if (bank[strspn(bank, "0123456789")] || !(length || *bank))
		return NULL;
	return bank;
}

/*
 * The names are looked up in sysfs, because /dev/membank may be forbidden to a
 * user who may open the bank.
 */
static int open_name(const char *name)
{
	char text[MEMBANK_NAME_MAX + 2], path[64], number[16];
	unsigned int bank;
	ssize_t length;
	int fd;

	for (bank = 0;; bank++) {
		snprintf(path, sizeof(path),
			 "/sys/class/membank/membank%u/name", bank);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		length = read(fd, text, sizeof(text));
		close(fd);
		if (length == (ssize_t)strlen(name) + 1 &&
		    !memcmp(text, name, length - 1))
			break;
	}

	snprintf(number, sizeof(number), "%u", bank);
	return open_node(number);
}

MEMBANK_API int membank_open(const char *bank, int *out_dev)
{
	const char *number = bank ? node_number(bank) : "";
	int dev;

	dev = number ? open_node(number) : open_name(bank);
	if (dev < 0)
		return dev;
	*out_dev = dev;
	return 0;
}

MEMBANK_API int membank_get_info(int dev, struct membank_get_info *out_info)
{
	struct membank_get_info args = { .size = sizeof(args) };
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_GET_INFO, &args);
	if (!ret)
		*out_info = args;
	return ret;
}

MEMBANK_API int membank_bank_info(int dev, uint32_t bank,
				  struct membank_bank_info *out_info)
{
	struct membank_bank_info args = { .size = sizeof(args), .bank = bank };
	int ret;

	ret = membank_call(dev, MEMBANK_IOC_BANK_INFO, &args);
	if (!ret)
		*out_info = args;
	return ret;
}
