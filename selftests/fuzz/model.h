/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of the model: what lives how long, which memory is free, what a
 * trigger reaches.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_MODEL_H
#define MEMBANK_SELFTESTS_FUZZ_MODEL_H

#include "world.h"

/**
 * struct fuzz_figures - what a bank should show
 * @used: bytes
 * @largest: of the free extents, in bytes
 * @dataspaces: how many have memory
 */
struct fuzz_figures {
	__u64 used;
	__u64 largest;
	unsigned int dataspaces;
};

int fuzz_new_file(struct fuzz_world *world, enum fuzz_kind kind, int object,
		  __u32 rights);
int fuzz_derive_file(struct fuzz_world *world, int from, __u32 rights);
int fuzz_new_space(struct fuzz_world *world);
int fuzz_new_notifier(struct fuzz_world *world);
int fuzz_new_service(struct fuzz_world *world);

unsigned int fuzz_file_mappings(const struct fuzz_world *world, int file);
unsigned int fuzz_space_mappings(const struct fuzz_world *world, int space,
				 __u32 flags);
void fuzz_put(struct fuzz_world *world, struct fuzz_slot *slot, int fd,
	      int file);
void fuzz_close(struct fuzz_world *world, struct fuzz_slot *slot);
void fuzz_settle(struct fuzz_world *world);

__u64 fuzz_largest(const struct fuzz_world *world, __u32 bank,
		   unsigned int align);
struct fuzz_figures fuzz_figures(const struct fuzz_world *world, __u32 bank);

void fuzz_trigger(struct fuzz_world *world, int notifier);
void fuzz_trigger_lent(struct fuzz_world *world, int notifier, __u64 service,
		       __u64 client);
void fuzz_bind(struct fuzz_world *world, struct fuzz_file *file, int event,
	       bool oneshot);
void fuzz_count(struct fuzz_world *world, struct fuzz_file *file);
bool fuzz_is_readable(const struct fuzz_world *world,
		      const struct fuzz_file *file);
bool fuzz_is_alone(const struct fuzz_world *world,
		   const struct fuzz_file *file);
void fuzz_take_back(struct fuzz_world *world, const struct fuzz_offer *offer,
		    __u64 service, __u64 client);

#endif /* MEMBANK_SELFTESTS_FUZZ_MODEL_H */
