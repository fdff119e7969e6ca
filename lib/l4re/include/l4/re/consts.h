/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef L4_RE_CONSTS_H
#define L4_RE_CONSTS_H

#include <l4/sys/consts.h>

/* The task of the calling process. */
enum {
	L4RE_THIS_TASK_CAP = L4_BASE_TASK_CAP,
};

#endif /* L4_RE_CONSTS_H */
