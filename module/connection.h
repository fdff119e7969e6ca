/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_CONNECTION_H
#define MEMBANK_CONNECTION_H

struct membank_call;

void membank_connection_init(void);
void membank_connection_exit(void);
int membank_connection_ioctl_connect(struct membank_call *call);
int membank_connection_ioctl_clients(struct membank_call *call);

#endif /* MEMBANK_CONNECTION_H */
