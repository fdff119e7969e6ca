/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_SCRUB_H
#define MEMBANK_SCRUB_H

#include <linux/types.h>

/* What is cleared at a time, between two looks at who else wants the CPU. */
#define MEMBANK_SCRUB_PAGES 512

bool membank_scrub_pinned(unsigned long pfn);
unsigned long membank_scrub_pages(unsigned long pfn, unsigned long pages);

#endif /* MEMBANK_SCRUB_H */
