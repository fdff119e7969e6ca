/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_DETACH_H
#define MEMBANK_DETACH_H

struct file;
struct membank_region_detach;
struct membank_space;

int membank_detach_init(void);
void membank_detach_exit(void);

void membank_detach_file(struct membank_space *space, const struct file *file,
			 unsigned long start, unsigned long length);
int membank_region_detach(struct membank_space *space,
			  struct membank_region_detach *args,
			  struct file **file);

#endif /* MEMBANK_DETACH_H */
