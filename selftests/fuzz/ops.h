/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of fuzz_test, and the drawing of their arguments. Any numbers
 * are arguments of an operation in any state of the world, and the model knows
 * what comes of it: so a script stays one when steps are taken out of it.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_OPS_H
#define MEMBANK_SELFTESTS_FUZZ_OPS_H

#include "model.h"

#define PAGER MEMBANK_REGION_PAGER

/**
 * struct fuzz_draw - who draws steps
 * @world: as it is now
 * @random: state of xorshift
 * @none: what was drawn has nothing to work on
 */
struct fuzz_draw {
	const struct fuzz_world *world;
	__u64 random;
	bool none;
};

/**
 * struct fuzz_op - an operation
 * @name: in scripts
 * @args: names of its arguments there, up to the first NULL
 * @weight: how often it is drawn
 * @less: likewise, when there is much of everything already
 * @draw: sets the arguments, mostly such that it succeeds
 * @run: says what must come of it, does it, and tells the model; NULL: that is
 *       for who hands out the steps
 */
struct fuzz_op {
	const char *name;
	const char *args[FUZZ_ARGS];
	unsigned int weight;
	unsigned int less;
	void (*draw)(struct fuzz_draw *draw, struct fuzz_step *step);
	void (*run)(struct fuzz_world *world, const struct fuzz_step *step);
};

/* Each ends with one that has no name. */
extern const struct fuzz_op fuzz_memory_ops[];
extern const struct fuzz_op fuzz_region_ops[];
extern const struct fuzz_op fuzz_address_ops[];
extern const struct fuzz_op fuzz_notifier_ops[];
extern const struct fuzz_op fuzz_service_ops[];
extern const struct fuzz_op fuzz_pager_ops[];
extern const struct fuzz_op fuzz_descriptor_ops[];
extern const struct fuzz_op fuzz_process_ops[];

unsigned int fuzz_nr_ops(void);
const struct fuzz_op *fuzz_op(unsigned int number);
int fuzz_op_named(const char *name);
void fuzz_draw_step(struct fuzz_draw *draw, struct fuzz_step *step);

/* xorshift64*: the same numbers from the same seed on every machine. */
static inline __u64 fuzz_number(struct fuzz_draw *draw, __u64 below)
{
	draw->random ^= draw->random >> 12;
	draw->random ^= draw->random << 25;
	draw->random ^= draw->random >> 27;
	return ((draw->random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* One in so many. */
static inline bool fuzz_one(struct fuzz_draw *draw, unsigned int in)
{
	return !fuzz_number(draw, in);
}

static inline const struct fuzz_process *
fuzz_draws_for(const struct fuzz_draw *draw, const struct fuzz_step *step)
{
	return &draw->world->processes[step->process];
}

/* A slot that has something of this kind, most often. */
static inline __s64 fuzz_draw_slot(struct fuzz_draw *draw,
				   const struct fuzz_step *step,
				   enum fuzz_kind kind)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const __s64 from = fuzz_number(draw, FUZZ_SLOTS);
	__s64 i, slot;

	if (fuzz_one(draw, 30))
		return from;
	for (i = 0; i < FUZZ_SLOTS; i++) {
		slot = (from + i) % FUZZ_SLOTS;
		if (process->slots[slot].file == FUZZ_NONE)
			continue;
		if (draw->world->files[process->slots[slot].file].kind == kind)
			return slot;
	}
	draw->none = true;
	return from;
}

/* Most often one that is empty. */
static inline __s64 fuzz_draw_empty(struct fuzz_draw *draw,
				    const struct fuzz_step *step)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const __s64 from = fuzz_number(draw, FUZZ_SLOTS);
	__s64 i, slot;

	for (i = 0; i < FUZZ_SLOTS; i++) {
		slot = (from + i) % FUZZ_SLOTS;
		if (process->slots[slot].file == FUZZ_NONE)
			return slot;
	}
	return from;
}

/* What is in a slot that was drawn, as a dataspace; NULL if it is none. */
static inline const struct fuzz_space *
fuzz_drawn_space(const struct fuzz_draw *draw, const struct fuzz_step *step,
		 __s64 slot)
{
	const int file = fuzz_draws_for(draw, step)->slots[slot].file;

	if (file == FUZZ_NONE ||
	    draw->world->files[file].kind != FUZZ_DATASPACE)
		return NULL;
	return &draw->world->spaces[draw->world->files[file].object];
}

/* FUZZ_NONE is any. */
static inline __s64 fuzz_draw_bank(struct fuzz_draw *draw)
{
	return (__s64)fuzz_number(draw, draw->world->nr_banks + 1) - 1;
}

/* Numbers that programs get wrong. */
static inline __s64 fuzz_draw_odd(struct fuzz_draw *draw)
{
	static const __s64 odd[] = {
		0,	   1,	      -1,	    4095,      4096,  4097,
		1LL << 31, 1LL << 32, 1LL << 62,    INT64_MIN, -4096, GRAIN - 1,
		GRAIN,	   GRAIN + 1, -(1LL << 32), INT64_MAX,
	};

	return odd[fuzz_number(draw, ARRAY_SIZE(odd))];
}

#endif /* MEMBANK_SELFTESTS_FUZZ_OPS_H */
