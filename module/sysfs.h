/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_SYSFS_H
#define MEMBANK_SYSFS_H

struct attribute_group;

extern const struct attribute_group *membank_sysfs_groups[];

#endif /* MEMBANK_SYSFS_H */
