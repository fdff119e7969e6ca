// SPDX-License-Identifier: GPL-2.0-only
#include "ops.h"

/* So much there may be before only what makes less is drawn. */
#define MANY_PIECES 40
#define MANY_SPACES 60

static const struct fuzz_op *const tables[] = {
	fuzz_memory_ops,     fuzz_region_ops,  fuzz_address_ops,
	fuzz_notifier_ops,   fuzz_service_ops, fuzz_pager_ops,
	fuzz_descriptor_ops, fuzz_process_ops,
};

/**
 * fuzz_op() - an operation by its number
 * @number: from 0 on
 *
 * Return: the operation, or NULL.
 */
const struct fuzz_op *fuzz_op(unsigned int number)
{
	const struct fuzz_op *op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (op = tables[i]; op->name; op++)
			if (!number--)
				return op;
	return NULL;
}

/** fuzz_nr_ops() - how many operations there are */
unsigned int fuzz_nr_ops(void)
{
	unsigned int number = 0;

	while (fuzz_op(number))
		number++;
	return number;
}

/**
 * fuzz_op_named() - the number of an operation
 * @name: its name
 *
 * Return: the number, or FUZZ_NONE.
 */
int fuzz_op_named(const char *name)
{
	unsigned int number;

	for (number = 0; fuzz_op(number); number++)
		if (!strcmp(fuzz_op(number)->name, name))
			return number;
	return FUZZ_NONE;
}

static bool is_much(const struct fuzz_draw *draw, const struct fuzz_step *step)
{
	unsigned int i, spaces = 0;

	for (i = 0; i < FUZZ_SPACES; i++)
		spaces += draw->world->spaces[i].used;
	return spaces > MANY_SPACES ||
	       fuzz_draws_for(draw, step)->map.count > MANY_PIECES;
}

static unsigned int weight(unsigned int number, bool much)
{
	return much ? fuzz_op(number)->less : fuzz_op(number)->weight;
}

static void draw_op(struct fuzz_draw *draw, struct fuzz_step *step)
{
	unsigned int sum = 0, number = 0;
	__u64 drawn;
	bool much;

	*step = (struct fuzz_step){
		.process = fuzz_number(draw, FUZZ_PROCESSES),
		.thread = fuzz_number(draw, FUZZ_THREADS),
	};
	much = is_much(draw, step);
	while (fuzz_op(number))
		sum += weight(number++, much);
	drawn = fuzz_number(draw, sum);
	for (number = 0; drawn >= weight(number, much); number++)
		drawn -= weight(number, much);
	step->op = number;
	draw->none = false;
	fuzz_op(number)->draw(draw, step);
}

/**
 * fuzz_draw_step() - draw what is done next
 * @draw: knows what there is
 * @step: set
 */
void fuzz_draw_step(struct fuzz_draw *draw, struct fuzz_step *step)
{
	unsigned int wrong = 0, number;

	/* Where there is nothing to work on, it is most often something else. */
	do {
		draw_op(draw, step);
	} while (draw->none && !fuzz_one(draw, 20));

	/* Now and then one of the arguments is any number. */
	number = step->op;
	while (wrong < FUZZ_ARGS && fuzz_op(number)->args[wrong])
		wrong++;
	if (wrong && fuzz_one(draw, 12))
		step->args[fuzz_number(draw, wrong)] =
			fuzz_one(draw, 2) ? fuzz_draw_odd(draw) :
					    (__s64)fuzz_number(draw, 16);
}
