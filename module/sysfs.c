// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/membank/membankN/: what a bank is and how full it is. A stable
 * ABI, described in docs/sysfs-class-membank.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/sysfs.h>

#include "bank.h"
#include "compat.h"
#include "source.h"
#include "sysfs.h"

static ssize_t name_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct membank_bank *bank = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", bank->config.name);
}
static DEVICE_ATTR_RO(name);

static ssize_t source_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct membank_bank *bank = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", bank->config.source->name);
}
static DEVICE_ATTR_RO(source);

static ssize_t node_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct membank_bank *bank = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", bank->node);
}
static DEVICE_ATTR_RO(node);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct membank_bank *bank = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", bank->config.pages << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(size);

static struct membank_bank_figures figures_of(struct device *dev)
{
	struct membank_bank_figures figures;

	membank_bank_figures(dev_get_drvdata(dev), &figures);
	return figures;
}

static ssize_t used_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%lu\n", figures_of(dev).used << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(used);

static ssize_t free_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%lu\n", figures_of(dev).free << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(free);

static ssize_t largest_free_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n",
			  figures_of(dev).largest_free << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(largest_free);

static ssize_t scrubbed_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%lu\n", figures_of(dev).scrubbed << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(scrubbed);

static ssize_t dataspaces_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", figures_of(dev).dataspaces);
}
static DEVICE_ATTR_RO(dataspaces);

static ssize_t poisoned_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%lu\n", figures_of(dev).poisoned << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(poisoned);

static ssize_t quota_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct membank_bank *bank = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lu\n", bank->config.quota << PAGE_SHIFT);
}
static DEVICE_ATTR_RO(quota);

static ssize_t scrub_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct membank_bank *bank = dev_get_drvdata(dev);
	bool sync = bank->config.flags & MEMBANK_BANK_SYNC;

	return sysfs_emit(buf, "%s\n", sync ? "sync" : "background");
}
static DEVICE_ATTR_RO(scrub);

static struct attribute *bank_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_source.attr,
	&dev_attr_node.attr,
	&dev_attr_size.attr,
	&dev_attr_used.attr,
	&dev_attr_free.attr,
	&dev_attr_largest_free.attr,
	&dev_attr_scrubbed.attr,
	&dev_attr_dataspaces.attr,
	&dev_attr_poisoned.attr,
	&dev_attr_quota.attr,
	&dev_attr_scrub.attr,
	NULL,
};

static const struct attribute_group bank_group = {
	.attrs = bank_attrs,
};

static ssize_t show_failures(struct device *dev, char *buf,
			     enum membank_failure reason)
{
	struct membank_bank *bank = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%ld\n",
			  atomic_long_read(&bank->failures[reason]));
}

static ssize_t no_room_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return show_failures(dev, buf, MEMBANK_FAILURE_NO_ROOM);
}
static DEVICE_ATTR_RO(no_room);

static ssize_t too_large_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return show_failures(dev, buf, MEMBANK_FAILURE_TOO_LARGE);
}
static DEVICE_ATTR_RO(too_large);

static ssize_t over_quota_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return show_failures(dev, buf, MEMBANK_FAILURE_OVER_QUOTA);
}
static DEVICE_ATTR_RO(over_quota);

static ssize_t no_memory_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return show_failures(dev, buf, MEMBANK_FAILURE_NO_MEMORY);
}
static DEVICE_ATTR_RO(no_memory);

static struct attribute *failures_attrs[] = {
	&dev_attr_no_room.attr,
	&dev_attr_too_large.attr,
	&dev_attr_over_quota.attr,
	&dev_attr_no_memory.attr,
	NULL,
};

static const struct attribute_group failures_group = {
	.name = "failures",
	.attrs = failures_attrs,
};

/* The files of a bank's device; the node for any bank has none. */
const struct attribute_group *membank_sysfs_groups[] = {
	&bank_group,
	&failures_group,
	NULL,
};
