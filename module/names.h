/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_NAMES_H
#define MEMBANK_NAMES_H

#include <linux/ktime.h>
#include <linux/rbtree_types.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include <linux/membank.h>

/**
 * struct membank_name - what has a name, as the table of names knows it
 * @refs: of what has the name; whoever is in the table has one
 * @node: in the table; under its lock
 * @ns_id: the IPC namespace of the name; constant
 * @text: NUL-terminated; constant
 */
struct membank_name {
	refcount_t refs;
	struct rb_node node;
	u64 ns_id;
	char text[MEMBANK_NAME_MAX + 1];
};

void membank_names_init(void);
bool membank_name_is_valid(const char *text);
bool membank_names_capable(int capability);

void membank_name_init(struct membank_name *name, const char *text);
int membank_name_add(struct membank_name *name);
void membank_name_remove(struct membank_name *name);

struct membank_name *membank_names_find(const char *text, ktime_t deadline);
unsigned int membank_names_list(const char *after, struct membank_name **list,
				unsigned int room, bool *more);

#endif /* MEMBANK_NAMES_H */
