/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_SOURCE_H
#define MEMBANK_SOURCE_H

#include <linux/types.h>

struct page;

/**
 * struct membank_source_ops - where the pages of a bank come from
 * @name: what stands behind the '@' in the module parameter
 * @id: one of &enum membank_source in the ABI
 * @available: the running kernel has it
 * @total: bytes it holds in all, for messages
 * @unused: bytes of it that are free now, for messages
 * @claim: take @pages contiguous pages that start at a 2 MiB boundary; each has
 *         one reference. NULL if they are not to be had. May sleep long.
 * @release: give back what @claim returned; each page has one reference
 */
struct membank_source_ops {
	const char *name;
	u32 id;
	bool (*available)(void);
	u64 (*total)(void);
	u64 (*unused)(void);
	struct page *(*claim)(unsigned long pages);
	void (*release)(struct page *first, unsigned long pages);
};

extern const struct membank_source_ops membank_source_cma;
extern const struct membank_source_ops membank_source_contig;

const struct membank_source_ops *membank_source_find(const char *name);
const struct membank_source_ops *membank_source_default(void);

#endif /* MEMBANK_SOURCE_H */
