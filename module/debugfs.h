/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_DEBUGFS_H
#define MEMBANK_DEBUGFS_H

void membank_debugfs_init(void);
void membank_debugfs_exit(void);

#endif /* MEMBANK_DEBUGFS_H */
