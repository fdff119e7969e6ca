/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_CHARDEV_H
#define MEMBANK_CHARDEV_H

struct attribute_group;

int membank_chardev_init(const struct attribute_group **bank_groups);
void membank_chardev_exit(void);

#endif /* MEMBANK_CHARDEV_H */
