/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_REGION_H
#define MEMBANK_REGION_H

struct file;
struct membank_region_attach;
struct membank_region_detach;
struct membank_space;

int membank_region_init(void);
void membank_region_exit(void);

int membank_region_attach(struct membank_space *space,
			  struct membank_region_attach *args);
int membank_region_detach(struct membank_space *space,
			  struct membank_region_detach *args,
			  struct file **file);

#endif /* MEMBANK_REGION_H */
