// SPDX-License-Identifier: GPL-2.0-only
/* The same table and threads, built to have each of their accesses to memory watched. */
#include "l4re_cap_test.c"
