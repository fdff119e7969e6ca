/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of region_walk_test: each draws its arguments, says what the
 * answer must be, does it, and tells the model. It returns NULL, or what was not
 * as predicted.
 */
#ifndef MEMBANK_SELFTESTS_WALK_OPS_H
#define MEMBANK_SELFTESTS_WALK_OPS_H

#include <errno.h>
#include <stdatomic.h>

#include "walk_check.h"

/**
 * struct walk_children - what all processes of a walk share
 * @born: how many children were going to be made
 * @ended: how many of them are no more
 *
 * A child has copies of the mappings of all threads, which count.
 */
struct walk_children {
	atomic_uint born;
	atomic_uint ended;
};

/**
 * struct walk - one thread's
 * @dev: a node
 * @random: state of xorshift
 * @model: what the window should hold
 * @spaces: the dataspaces, which nobody else maps
 * @children: shared with all others
 * @own: children that are alive for certain: 1 in a child
 * @view: what the kernel said last
 * @words: the operation
 */
struct walk {
	int dev;
	__u64 random;
	struct walk_model model;
	struct walk_space spaces[WALK_SPACES];
	struct walk_children *children;
	unsigned int own;
	struct walk_view view;
	char words[256];
};

/* xorshift64*: the same numbers from the same seed on every machine. */
static inline __u64 draw(struct walk *walk, __u64 below)
{
	walk->random ^= walk->random >> 12;
	walk->random ^= walk->random << 25;
	walk->random ^= walk->random >> 27;
	return ((walk->random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* One in so many. */
static inline bool draw_one(struct walk *walk, unsigned int in)
{
	return !draw(walk, in);
}

#define words(_walk, ...) \
	snprintf((_walk)->words, sizeof((_walk)->words), __VA_ARGS__)

/* Mostly near something. */
static inline __u64 draw_page(struct walk *walk)
{
	const struct walk_model *model = &walk->model;
	const __u64 pages = (model->end - model->start) / WALK_PAGE;
	const struct walk_piece *piece;
	__u64 addr;

	if (!model->count || draw_one(walk, 4))
		return model->start + draw(walk, pages) * WALK_PAGE;
	piece = &model->pieces[draw(walk, model->count)];
	switch (draw(walk, 4)) {
	case 0:
		addr = piece->start;
		break;
	case 1:
		addr = piece->end;
		break;
	case 2:
		addr = piece->start - draw(walk, 64) * WALK_PAGE;
		break;
	default:
		addr = piece->start +
		       draw(walk, (piece->end - piece->start) / WALK_PAGE) *
			       WALK_PAGE;
	}
	return addr >= model->start && addr < model->end ? addr : model->start;
}

static inline __u64 draw_length(struct walk *walk, __u64 most)
{
	return (1 + draw(walk, 1 + draw(walk, most))) * WALK_PAGE;
}

/* In the window. */
static inline struct range draw_range(struct walk *walk, __u64 most)
{
	struct range range = { .start = draw_page(walk) };

	range.end = range.start + draw_length(walk, most);
	if (range.end > walk->model.end)
		range.end = walk->model.end;
	return range;
}

/* A part of a piece, often all of it; NULL if the window is empty. */
static inline struct walk_piece *draw_part(struct walk *walk,
					   struct range *range)
{
	struct walk_piece *piece;
	__u64 pages;

	if (!walk->model.count)
		return NULL;
	piece = &walk->model.pieces[draw(walk, walk->model.count)];
	*range = (struct range){ piece->start, piece->end };
	if (draw_one(walk, 3))
		return piece;
	pages = (piece->end - piece->start) / WALK_PAGE;
	range->start += draw(walk, pages) * WALK_PAGE;
	pages = (piece->end - range->start) / WALK_PAGE;
	range->end = range->start + (1 + draw(walk, pages)) * WALK_PAGE;
	return piece;
}

/* ------------------------------------------------------------- attaching */

static inline __u32 draw_attach_flags(struct walk *walk)
{
	__u32 flags = 0;

	if (draw_one(walk, 4))
		flags |= READ_ONLY;
	if (draw_one(walk, 10))
		flags |= RESERVED;
	else if (draw_one(walk, 16))
		flags |= EAGER;
	if (draw_one(walk, 10))
		flags |= NO_ALIAS;
	if (draw_one(walk, 3))
		flags |= SEARCH;
	else if (draw_one(walk, 3))
		flags |= OVERMAP;
	if (draw_one(walk, 2) &&
	    walk_any_area(&walk->model, walk->model.start, walk->model.end))
		flags |= IN_AREA;
	return flags;
}

/* Before an operation: that nobody but us has mappings of our dataspaces. */
static inline bool walk_alone(const struct walk *walk, unsigned int *born)
{
	*born = atomic_load(&walk->children->born);
	return atomic_load(&walk->children->ended) + walk->own == *born;
}

/* After it: that this was so all the time. */
static inline bool walk_was_alone(const struct walk *walk, bool alone,
				  unsigned int born)
{
	return alone && atomic_load(&walk->children->born) == born;
}

static inline bool predict_busy(struct walk_model *model, int space,
				__u32 flags)
{
	return walk_is_alone(model, space) ||
	       (flags & NO_ALIAS &&
		walk_mappings(model, space) + model->outside[space]);
}

static inline const char *op_attach(struct walk *walk)
{
	const int number = draw(walk, WALK_SPACES);
	const struct walk_space *space = &walk->spaces[number];
	const unsigned int align = draw_one(walk, 2) ? 0 : 12 + draw(walk, 10);
	const __u32 flags = draw_attach_flags(walk);
	struct walk_model *model = &walk->model;
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = space->fd,
		.start = draw_page(walk) + draw(walk, WALK_PAGE),
		.flags = flags,
		.align = align,
		.out_start = TEST_NONE,
	};
	__u64 length, offset = draw_one(walk, 2) ? 0 : draw(walk, space->pages);
	struct place place;
	bool alone, busy = false;
	unsigned int born;
	int ret;

	args.offset = offset * WALK_PAGE;
	length = (space->pages - offset) * WALK_PAGE;
	if (draw_one(walk, 2)) {
		length = draw_length(walk, space->pages - offset);
		args.length = length - draw(walk, WALK_PAGE);
	}
	words(walk,
	      "attach dataspace %d at %llx length %llx offset %llx flags %x align %u",
	      number, args.start, args.length, args.offset, flags, align);

	place = predict_place(model, args.start / WALK_PAGE * WALK_PAGE, length,
			      align > 12 ? 1ULL << align : WALK_PAGE, flags);
	if (!place.ret)
		return NULL;
	alone = walk_alone(walk, &born);
	ret = test_ioctl(walk->dev, MEMBANK_IOC_REGION_ATTACH, &args);

	if (place.ret > 0) {
		/* What is there goes first, so it does not count. */
		walk_clear(model, place.start, place.end);
		if (place.area != WALK_NONE)
			walk_put_hole(model, place.start, place.end,
				      place.area);
		busy = predict_busy(model, number, flags);
		if (ret == -EBUSY && flags & NO_ALIAS && !busy)
			busy = !walk_was_alone(walk, alone, born);
	}
	if (place.ret < 0 || busy)
		return ret == (busy ? -EBUSY : place.ret) ? NULL :
							    "attach: errno";
	if (ret)
		return "attach: failed";
	if (args.out_start != place.start)
		return "attach: address";
	walk_put(model, (struct walk_piece){
				.start = place.start,
				.end = place.end,
				.kind = WALK_REGION,
				.area = place.area,
				.space = number,
				.offset = args.offset,
				.flags = flags & MEMBANK_REGION_FLAGS,
				.prot = prot_of(flags),
			});
	return NULL;
}

/* ------------------------------------------------------------- detaching */

static inline bool walk_is_mapped(void *arg, int space)
{
	struct walk_model *model = arg;

	return walk_mappings(model, space) + model->outside[space];
}

static inline const char *
compare_detach(struct walk *walk, const struct membank_region_detach *got,
	       const struct membank_region_detach *want,
	       const struct walk_space *space, bool sure)
{
	if (got->out_start != want->out_start ||
	    got->out_length != want->out_length)
		return "detach: addresses";
	if (got->out_split != want->out_split ||
	    got->out_more != want->out_more ||
	    got->out_kept + got->out_dropped !=
		    want->out_kept + want->out_dropped)
		return "detach: counts";
	if (sure && got->out_dropped != want->out_dropped)
		return "detach: dropped and kept";
	if (!(got->flags & MEMBANK_DETACH_DATASPACE))
		return got->out_fd == -1 ? NULL : "detach: a descriptor";
	return walk_is_space(walk->dev, got->out_fd, space) ?
		       NULL :
		       "detach: dataspace";
}

/* By an address, or of a range; then of what lies in it. */
static inline const char *op_detach(struct walk *walk)
{
	struct membank_region_detach want = {}, args = {
		.size = sizeof(args),
		.flags = draw_one(walk, 4) ? MEMBANK_DETACH_DATASPACE : 0,
		.addr = draw_page(walk) + draw(walk, WALK_PAGE),
		.out_start = TEST_NONE,
		.out_length = TEST_NONE,
		.out_dropped = ~0U,
		.out_kept = ~0U,
		.out_split = ~0U,
		.out_more = ~0U,
		.out_fd = -2,
	};
	struct walk_model *model = &walk->model;
	struct range range = { .start = args.addr / WALK_PAGE * WALK_PAGE };
	const struct walk_piece *piece;
	const struct walk_space *space;
	unsigned int born;
	bool alone;
	int ret;

	range.end = range.start + WALK_PAGE;
	if (draw_one(walk, 3)) {
		args.length = draw_length(walk, 2000) - draw(walk, WALK_PAGE);
		range.end = (args.addr + args.length + WALK_PAGE - 1) /
			    WALK_PAGE * WALK_PAGE;
		if (range.end > model->end)
			return NULL;
	}
	words(walk, "detach %llx length %llx flags %x", args.addr, args.length,
	      args.flags);
	alone = walk_alone(walk, &born);
	ret = test_ioctl(walk->dev, MEMBANK_IOC_REGION_DETACH, &args);

	piece = next_region(model, &range);
	if (!piece)
		return ret == -ENOENT ? NULL : "detach: not ENOENT";
	if (ret)
		return "detach: failed";
	space = &walk->spaces[piece->space];
	if (!args.length)
		range = (struct range){ piece->start, piece->end };
	model_detach_range(model, range, args.flags & MEMBANK_DETACH_DATASPACE,
			   walk_is_mapped, model, &want);
	return compare_detach(walk, &args, &want, space,
			      walk_was_alone(walk, alone, born));
}

/* ------------------------------------------------------------- areas */

static inline const char *op_reserve(struct walk *walk)
{
	struct membank_area_reserve args = {
		.size = sizeof(args),
		.start = draw_page(walk) + draw(walk, WALK_PAGE),
		.length = draw_length(walk, 2000),
		.align = draw_one(walk, 2) ? 0 : 12 + draw(walk, 8),
		.out_start = TEST_NONE,
	};
	const __u64 align = args.align > 12 ? 1ULL << args.align : WALK_PAGE;
	struct walk_model *model = &walk->model;
	const int number = walk_new_area(model);
	struct place place;
	int ret;

	if (number == WALK_NONE)
		return NULL;
	if (draw_one(walk, 2))
		args.flags |= SEARCH;
	if (draw_one(walk, 2))
		args.flags |= IN_AREA;
	if (draw_one(walk, 8))
		args.flags |= RESERVED;
	words(walk, "reserve %llx length %llx flags %x align %u", args.start,
	      args.length, args.flags, args.align);
	place = predict_place(model, args.start / WALK_PAGE * WALK_PAGE,
			      args.length, align, args.flags);
	if (!place.ret)
		return NULL;
	ret = test_ioctl(walk->dev, MEMBANK_IOC_AREA_RESERVE, &args);
	if (place.ret < 0)
		return ret == place.ret ? NULL : "reserve: errno";
	if (ret)
		return "reserve: failed";
	if (args.out_start != place.start)
		return "reserve: address";
	model->areas[number] = (struct walk_area){
		.start = place.start,
		.end = place.end,
		.flags = args.flags & RESERVED,
		.parent = place.area,
	};
	walk_put_hole(model, place.start, place.end, number);
	return NULL;
}

static inline const char *op_free(struct walk *walk)
{
	struct membank_area_free args = {
		.size = sizeof(args),
		.addr = draw_page(walk) + draw(walk, WALK_PAGE),
		.out_start = TEST_NONE,
		.out_length = TEST_NONE,
	};
	struct walk_model *model = &walk->model;
	const int area = walk_area_at(model, args.addr);
	int ret;

	words(walk, "free the area at %llx", args.addr);
	ret = test_ioctl(walk->dev, MEMBANK_IOC_AREA_FREE, &args);
	if (area == WALK_NONE)
		return ret == -ENOENT ? NULL : "free: not ENOENT";
	if (ret)
		return "free: failed";
	if (args.out_start != model->areas[area].start ||
	    args.out_length != model->areas[area].end - args.out_start)
		return "free: addresses";
	model_free(model, area);
	return NULL;
}

#endif /* MEMBANK_SELFTESTS_WALK_OPS_H */
