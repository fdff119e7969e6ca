// SPDX-License-Identifier: GPL-2.0-only
/* The same threads, built to have each of their accesses to memory watched. */
#include "channel_race_test.c"
