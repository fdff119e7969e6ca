/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_HEAPS_H
#define MEMBANK_HEAPS_H

void membank_heaps_init(void);
void membank_heaps_exit(void);

#endif /* MEMBANK_HEAPS_H */
