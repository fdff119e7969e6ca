// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading, and what banks= says.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <linux/membank.h>

#include "bank.h"
#include "block.h"
#include "chardev.h"
#include "compat.h"
#include "connection.h"
#include "debugfs.h"
#include "detach.h"
#include "dmabuf.h"
#include "heaps.h"
#include "notifier.h"
#include "peers.h"
#include "retire.h"
#include "service.h"
#include "source.h"
#include "sysfs.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* The bank that is made without banks=, if the CMA area is large enough. */
#define DEFAULT_BANK_BYTES SZ_64M

static char *banks;
module_param(banks, charp, 0444);
/* clang-format would end the line with a parenthesis. */
/* clang-format off */
MODULE_PARM_DESC(banks, "[name:]size[@source][:private][:sync],... with sizes in K, M or G and sources cma or contig; default: one bank of half the CMA area, at most 64M");
/* clang-format on */

static char *quota;
module_param(quota, charp, 0444);
/* clang-format off */
MODULE_PARM_DESC(quota, "bytes of each bank that a user id may have, with K, M or G; default: 0, as many as there are");
/* clang-format on */

static const struct membank_offer_ops *const offer_kinds[] = {
	&membank_dmabuf_offer_ops,
	&membank_notifier_offer_ops,
	NULL,
};

static bool name_is_valid(const char *name)
{
	size_t length = strlen(name), i;

	if (!length || length > MEMBANK_NAME_MAX || !isalpha(name[0]))
		return false;
	/* The kernel's isalnum() takes letters of Latin-1, too. */
	for (i = 0; i < length; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && name[i] != '-' && name[i] != '_'))
			return false;
	return true;
}

/* Digits and one of K, M, G; -EINVAL, or -ERANGE if no number can hold it. */
static int parse_size(const char *text, u64 *bytes)
{
	unsigned int shift = 0;
	size_t digits = 0;
	u64 value = 0;

	for (; isdigit(text[digits]); digits++) {
		if (value > (U64_MAX - 9) / 10)
			return -ERANGE;
		value = value * 10 + text[digits] - '0';
	}
	if (!digits)
		return -EINVAL;

	switch (text[digits]) {
	case '\0':
		break;
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	default:
		return -EINVAL;
	}
	if (shift && text[digits + 1])
		return -EINVAL;
	if (value > U64_MAX >> shift)
		return -ERANGE;
	*bytes = value << shift;
	return 0;
}

/* The flag that stands behind a size, or 0. */
static u32 bank_flag(const char *text)
{
	if (!strcmp(text, "private"))
		return MEMBANK_BANK_PRIVATE;
	if (!strcmp(text, "sync"))
		return MEMBANK_BANK_SYNC;
	return 0;
}

/* One bank of the list; @text is cut up. */
static int parse_bank(char *text, unsigned int index,
		      struct membank_bank_config *config)
{
	char *name = NULL, *size = text, *source, *colon;
	u64 bytes;
	u32 flag;
	int ret;

	while ((colon = strrchr(text, ':'))) {
		flag = bank_flag(colon + 1);
		if (!flag || config->flags & flag)
			break;
		config->flags |= flag;
		*colon = '\0';
	}
	colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		name = text;
		size = colon + 1;
	}
	source = strchr(size, '@');
	if (source)
		*source++ = '\0';

	if (name && !name_is_valid(name)) {
		pr_err("banks: '%s' is no name for a bank: give a letter, then letters, digits, '-' or '_', %d at most\n",
		       name, MEMBANK_NAME_MAX);
		return -EINVAL;
	}
	if (name)
		strscpy(config->name, name);
	else
		snprintf(config->name, sizeof(config->name), "bank%u", index);

	ret = parse_size(size, &bytes);
	if (ret == -ERANGE || (!ret && bytes > (u64)LONG_MAX)) {
		pr_err("bank '%s': size '%s' is more than any machine has: give less\n",
		       config->name, size);
		return -ERANGE;
	}
	if (ret) {
		pr_err("bank '%s': '%s' is no size: give a number and K, M or G, such as 64M\n",
		       config->name, size);
		return ret;
	}
	if (!bytes || !IS_ALIGNED(bytes, MEMBANK_BLOCK)) {
		pr_err("bank '%s': size '%s' is no multiple of 2M above 0: round it up\n",
		       config->name, size);
		return -EINVAL;
	}
	config->pages = bytes >> PAGE_SHIFT;

	config->source = source ? membank_source_find(source) :
				  membank_source_default();
	if (!config->source) {
		pr_err("bank '%s': '%s' is no source: give cma or contig\n",
		       config->name, source);
		return -EINVAL;
	}
	if (!config->source->available()) {
		pr_err("bank '%s': source %s was asked for, which this kernel does not have: boot with cma=, or give contig\n",
		       config->name, config->source->name);
		return -ENODEV;
	}
	return 0;
}

static bool name_is_taken(const struct membank_bank_config *configs,
			  unsigned int count, const char *name)
{
	while (count--)
		if (!strcmp(configs[count].name, name))
			return true;
	return false;
}

/* Returns how many banks, or a negative errno. */
static int parse_banks(char *text, struct membank_bank_config *configs)
{
	unsigned int count = 0;
	char *one;
	int ret;

	while ((one = strsep(&text, ","))) {
		if (count == MEMBANK_BANKS_MAX) {
			pr_err("banks: more than %d banks: give fewer\n",
			       MEMBANK_BANKS_MAX);
			return -EINVAL;
		}
		ret = parse_bank(one, count, &configs[count]);
		if (ret)
			return ret;
		if (name_is_taken(configs, count, configs[count].name)) {
			pr_err("banks: two banks are named '%s': give each a name of its own\n",
			       configs[count].name);
			return -EINVAL;
		}
		count++;
	}
	return count;
}

static int default_banks(struct membank_bank_config *config)
{
	u64 bytes = DEFAULT_BANK_BYTES;

	config->source = membank_source_default();
	if (!config->source->available()) {
		pr_err("this kernel has no memory for banks: boot with cma=, on a kernel with CONFIG_DMA_CMA or CONFIG_CONTIG_ALLOC\n");
		return -ENODEV;
	}
	bytes = min(bytes, config->source->total() / 2);
	bytes = max_t(u64, round_down(bytes, MEMBANK_BLOCK), MEMBANK_BLOCK);
	config->pages = bytes >> PAGE_SHIFT;
	strscpy(config->name, "bank0");
	return 1;
}

static int parse_quota(unsigned long *pages)
{
	u64 bytes = 0;
	int ret = 0;

	if (quota)
		ret = parse_size(quota, &bytes);
	if (ret == -ERANGE || bytes > (u64)LONG_MAX) {
		pr_err("quota: '%s' is more than any machine has: give less, or 0 for no quota\n",
		       quota);
		return -ERANGE;
	}
	if (ret || !PAGE_ALIGNED(bytes)) {
		pr_err("quota: '%s' is no multiple of %luK: give a number and K, M or G, such as 64M, or 0 for no quota\n",
		       quota, PAGE_SIZE >> 10);
		return -EINVAL;
	}
	*pages = bytes >> PAGE_SHIFT;
	return 0;
}

static int init_banks(void)
{
	unsigned long quota_pages;
	struct membank_bank_config *configs;
	char *text = NULL;
	int ret, i;

	ret = parse_quota(&quota_pages);
	if (ret)
		return ret;

	configs = kcalloc(MEMBANK_BANKS_MAX, sizeof(*configs), GFP_KERNEL);
	if (!configs)
		return -ENOMEM;

	if (banks) {
		ret = -ENOMEM;
		text = kstrdup(banks, GFP_KERNEL);
		if (!text)
			goto free_configs;
		ret = parse_banks(text, configs);
	} else {
		ret = default_banks(configs);
	}
	for (i = 0; i < ret; i++)
		configs[i].quota = quota_pages;
	if (ret > 0)
		ret = membank_banks_init(configs, ret);

	kfree(text);
free_configs:
	kfree(configs);
	return ret;
}

static int __init init_all(void)
{
	int ret;

	ret = init_banks();
	if (ret)
		return ret;
	ret = membank_retire_init();
	if (ret)
		goto exit_banks;
	ret = membank_detach_init();
	if (ret)
		goto exit_retire;
	ret = membank_peers_init();
	if (ret)
		goto exit_region;
	membank_offer_init();
	membank_service_init(offer_kinds);
	membank_connection_init();
	ret = membank_chardev_init(membank_sysfs_groups);
	if (ret)
		goto exit_service;
	membank_debugfs_init();
	membank_heaps_init();
	return 0;

exit_service:
	membank_connection_exit();
	membank_service_exit();
	membank_offer_exit();
	membank_peers_exit();
exit_region:
	membank_detach_exit();
exit_retire:
	membank_retire_exit();
exit_banks:
	membank_banks_exit();
	return ret;
}

static int __init membank_init(void)
{
	int ret = init_all();

	if (ret == -ENOMEM)
		pr_err("kernel memory is short: load it when there is more\n");
	/* A bank for which there is no room: it was said which. */
	return ret == -ENOSPC ? -ENOMEM : ret;
}

static void __exit membank_exit(void)
{
	/* First: the nodes of heaps stay, and hold nothing of this module. */
	membank_heaps_exit();
	membank_debugfs_exit();
	membank_chardev_exit();
	membank_connection_exit();
	membank_service_exit();
	membank_offer_exit();
	membank_peers_exit();
	membank_detach_exit();
	membank_retire_exit();
	membank_banks_exit();
}

module_init(membank_init);
module_exit(membank_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Contiguous memory with names, sharing and notification");
MODULE_VERSION("0.1.0");
