/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_PAGER_H
#define MEMBANK_PAGER_H

#include <linux/types.h>

struct file;
struct membank_call;

int membank_pager_ioctl_create(struct membank_call *call);
struct file *membank_pager_region(int fd, u64 offset, u64 length, u32 flags);

#endif /* MEMBANK_PAGER_H */
