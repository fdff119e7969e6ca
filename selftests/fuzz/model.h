/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of the model: what lives how long, which memory is free, what a
 * trigger reaches, what a pager has answered.
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

/**
 * struct fuzz_sight - what somebody finds at an address
 * @ret: 0, -EACCES: SIGSEGV, -EIO: SIGBUS, -EINPROGRESS: the pager is asked
 * @image: then 0: what the byte there should be
 * @paged: of -EINPROGRESS: the region
 * @page: likewise: the page, as the pager knows it
 */
struct fuzz_sight {
	int ret;
	char *image;
	int paged;
	__u64 page;
};

int fuzz_new_file(struct fuzz_world *world, enum fuzz_kind kind, int object,
		  __u32 rights);
int fuzz_derive_file(struct fuzz_world *world, int from, __u32 rights);
int fuzz_new_space(struct fuzz_world *world);
int fuzz_new_notifier(struct fuzz_world *world);
int fuzz_new_service(struct fuzz_world *world);
int fuzz_new_pager(struct fuzz_world *world);
int fuzz_new_paged(struct fuzz_world *world);

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

struct fuzz_pager *fuzz_pager_of(struct fuzz_world *world, int paged);
const struct fuzz_answer *fuzz_answer_at(const struct fuzz_world *world,
					 int paged, __u64 page);
unsigned int fuzz_space_answers(const struct fuzz_world *world, int space);
bool fuzz_is_answer(const struct fuzz_world *world, int file);
bool fuzz_is_attached(const struct fuzz_world *world, int file);
bool fuzz_is_awaited(const struct fuzz_world *world, int paged);
bool fuzz_waits_at(const struct fuzz_process *process, __u64 start, __u64 end);
void fuzz_end_paged(struct fuzz_world *world, int paged);
struct fuzz_sight fuzz_see(const struct fuzz_world *world,
			   const struct walk_piece *piece, __u64 addr,
			   int access);
void fuzz_touched(struct fuzz_world *world, struct fuzz_toucher *toucher,
		  const struct fuzz_sight *sight);
bool fuzz_go_on(struct fuzz_world *world);
struct fuzz_toucher *fuzz_next_fault(struct fuzz_world *world, int pager,
				     __u64 above, bool unread,
				     struct fuzz_process **process);
int fuzz_pager_events(const struct fuzz_world *world,
		      const struct fuzz_file *file);

#endif /* MEMBANK_SELFTESTS_FUZZ_MODEL_H */
