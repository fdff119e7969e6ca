/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_RETIRE_H
#define MEMBANK_RETIRE_H

struct membank_dataspace;

int membank_retire_init(void);
void membank_retire_exit(void);
void membank_retire(struct membank_dataspace *dataspace);

#endif /* MEMBANK_RETIRE_H */
