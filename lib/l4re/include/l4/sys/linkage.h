/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How functions are called: there is nothing to say on Linux. */
#ifndef L4_SYS_LINKAGE_H
#define L4_SYS_LINKAGE_H

#define L4_CV

#endif /* L4_SYS_LINKAGE_H */
