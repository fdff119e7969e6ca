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

/* Names begin with a letter, so that they cannot be taken for numbers. */
static int open_name(const char *name)
{
	struct membank_bank_info info;
	char number[16];
	uint32_t bank;
	int any, ret;

	any = open_node("");
	if (any < 0)
		return any;
	for (bank = 0;; bank++) {
		ret = membank_bank_info(any, bank, &info);
		if (ret || !strcmp(info.out_name, name))
			break;
	}
	close(any);
	if (ret)
		return ret;

	snprintf(number, sizeof(number), "%u", bank);
	return open_node(number);
}

MEMBANK_API int membank_open(const char *bank, int *out_dev)
{
	int dev;

	if (!bank)
		dev = open_node("");
	else if (*bank && !bank[strspn(bank, "0123456789")])
		dev = open_node(bank);
	else
		dev = open_name(bank);
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
