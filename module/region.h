/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_REGION_H
#define MEMBANK_REGION_H

struct membank_region_attach;
struct membank_space;

int membank_region_attach(struct membank_space *space,
			  struct membank_region_attach *args);

#endif /* MEMBANK_REGION_H */
