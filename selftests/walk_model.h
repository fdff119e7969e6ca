/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a window of address space should hold, for region_walk_test: an ordered
 * list of pieces, and the areas they are in. It only knows what it was told, and
 * never looks at the address space itself.
 */
#ifndef MEMBANK_SELFTESTS_WALK_MODEL_H
#define MEMBANK_SELFTESTS_WALK_MODEL_H

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "common.h"

#define NO_ALIAS MEMBANK_REGION_NO_ALIAS
#define READ_ONLY MEMBANK_REGION_READ_ONLY
#define RESERVED MEMBANK_REGION_RESERVED
#define OVERMAP MEMBANK_REGION_OVERMAP
#define SEARCH MEMBANK_REGION_SEARCH_ADDR
#define IN_AREA MEMBANK_REGION_IN_AREA
#define EAGER MEMBANK_REGION_EAGER_MAP

#define WALK_PAGE 4096UL
#define WALK_PIECES 256
#define WALK_AREAS 128
#define WALK_SPACES 4

/* Of an area or a dataspace: none. */
#define WALK_NONE (-1)

enum walk_kind { WALK_REGION, WALK_HOLE, WALK_OTHER };

/**
 * struct walk_piece - addresses that are one mapping
 * @start: first address
 * @end: behind the last one
 * @kind: a region, a part of an area, or memory that is none of ours
 * @area: the innermost area it is in, or WALK_NONE
 * @space: of a region: which dataspace
 * @offset: of a region: byte of the dataspace at @start
 * @flags: of a region: set of &enum membank_region_flags
 * @prot: PROT_*
 */
struct walk_piece {
	__u64 start;
	__u64 end;
	enum walk_kind kind;
	int area;
	int space;
	__u64 offset;
	__u32 flags;
	int prot;
};

struct walk_area {
	__u64 start;
	__u64 end;
	__u32 flags;
	int parent;
};

/**
 * struct walk_model - what a window holds
 * @start: first address of the window
 * @end: behind the last one
 * @pieces: in the order of addresses, @count of them
 * @count: how many
 * @areas: those that a piece names; others are rubbish
 * @outside: of each dataspace, how many mappings other processes have of it
 * @alone: of each dataspace, whether these are NO_ALIAS
 */
struct walk_model {
	__u64 start;
	__u64 end;
	struct walk_piece pieces[WALK_PIECES];
	unsigned int count;
	struct walk_area areas[WALK_AREAS];
	unsigned int outside[WALK_SPACES];
	bool alone[WALK_SPACES];
};

/* The first piece that ends above an address, or how many there are. */
static inline unsigned int walk_index(const struct walk_model *model,
				      __u64 addr)
{
	unsigned int i = 0;

	while (i < model->count && model->pieces[i].end <= addr)
		i++;
	return i;
}

static inline struct walk_piece *walk_at(struct walk_model *model, __u64 addr)
{
	struct walk_piece *piece = &model->pieces[walk_index(model, addr)];

	if (piece == model->pieces + model->count || piece->start > addr)
		return NULL;
	return piece;
}

static inline void walk_insert(struct walk_model *model, unsigned int at,
			       struct walk_piece piece)
{
	memmove(&model->pieces[at + 1], &model->pieces[at],
		(model->count - at) * sizeof(piece));
	model->pieces[at] = piece;
	model->count++;
}

static inline void walk_remove(struct walk_model *model, unsigned int at)
{
	model->count--;
	memmove(&model->pieces[at], &model->pieces[at + 1],
		(model->count - at) * sizeof(model->pieces[0]));
}

/* Two pieces where one was, if the address is in its middle. */
static inline void walk_cut(struct walk_model *model, __u64 addr)
{
	struct walk_piece *piece = walk_at(model, addr), rest;

	if (!piece || piece->start == addr)
		return;
	rest = *piece;
	rest.start = addr;
	rest.offset += addr - piece->start;
	piece->end = addr;
	walk_insert(model, piece - model->pieces + 1, rest);
}

static inline void walk_clear(struct walk_model *model, __u64 start, __u64 end)
{
	unsigned int i;

	if (start == end)
		return;
	walk_cut(model, start);
	walk_cut(model, end);
	i = walk_index(model, start);
	while (i < model->count && model->pieces[i].start < end)
		walk_remove(model, i);
}

/* In place of what is there. */
static inline void walk_put(struct walk_model *model, struct walk_piece piece)
{
	walk_clear(model, piece.start, piece.end);
	walk_insert(model, walk_index(model, piece.start), piece);
}

static inline void walk_put_hole(struct walk_model *model, __u64 start,
				 __u64 end, int area)
{
	walk_put(model, (struct walk_piece){
				.start = start,
				.end = end,
				.kind = WALK_HOLE,
				.area = area,
				.space = WALK_NONE,
			});
}

static inline bool walk_joins(const struct walk_piece *piece,
			      const struct walk_piece *next)
{
	return piece->end == next->start && piece->kind != WALK_REGION &&
	       piece->kind == next->kind && piece->area == next->area;
}

/* Only regions keep their bounds. */
static inline void walk_join(struct walk_model *model)
{
	unsigned int i = 0;

	while (i + 1 < model->count) {
		if (walk_joins(&model->pieces[i], &model->pieces[i + 1])) {
			model->pieces[i].end = model->pieces[i + 1].end;
			walk_remove(model, i + 1);
		} else {
			i++;
		}
	}
}

/* Whether an area is another one, or in it; WALK_NONE is in none. */
static inline bool walk_is_inside(const struct walk_model *model, int inner,
				  int area)
{
	while (inner != WALK_NONE && inner != area)
		inner = model->areas[inner].parent;
	return inner != WALK_NONE;
}

static inline int walk_area_at(struct walk_model *model, __u64 addr)
{
	struct walk_piece *piece = walk_at(model, addr);

	return piece ? piece->area : WALK_NONE;
}

/* A number that no piece needs any more, or WALK_NONE. */
static inline int walk_new_area(struct walk_model *model)
{
	bool used[WALK_AREAS] = {};
	unsigned int i;
	int area;

	for (i = 0; i < model->count; i++)
		for (area = model->pieces[i].area; area != WALK_NONE;
		     area = model->areas[area].parent)
			used[area] = true;
	for (area = 0; area < WALK_AREAS; area++)
		if (!used[area])
			return area;
	return WALK_NONE;
}

static inline bool walk_any_area(const struct walk_model *model, __u64 start,
				 __u64 end)
{
	unsigned int i = walk_index(model, start);

	for (; i < model->count && model->pieces[i].start < end; i++)
		if (model->pieces[i].area != WALK_NONE)
			return true;
	return false;
}

static inline bool walk_is_free(const struct walk_model *model, __u64 start,
				__u64 end)
{
	unsigned int i = walk_index(model, start);

	return i == model->count || model->pieces[i].start >= end;
}

/* All of it is of one area, and unless @overmap nothing is attached there. */
static inline bool walk_is_available(const struct walk_model *model, int area,
				     __u64 start, __u64 end, bool overmap)
{
	unsigned int i = walk_index(model, start);

	for (; i < model->count && model->pieces[i].start <= start; i++) {
		if (model->pieces[i].area != area ||
		    (!overmap && model->pieces[i].kind != WALK_HOLE))
			return false;
		start = model->pieces[i].end;
		if (start >= end)
			return true;
	}
	return false;
}

/* The next address where something begins or ends. */
static inline __u64 walk_bound(const struct walk_model *model, __u64 addr)
{
	unsigned int i = walk_index(model, addr);

	if (i == model->count)
		return model->end;
	return model->pieces[i].start > addr ? model->pieces[i].start :
					       model->pieces[i].end;
}

/*
 * The lowest place at or above an address, in an area or where nothing is; 0 if
 * the window has none.
 */
static inline __u64 walk_search(const struct walk_model *model, int area,
				__u64 start, __u64 length, __u64 align)
{
	__u64 addr, end = model->end;

	if (area != WALK_NONE) {
		end = model->areas[area].end;
		if (start < model->areas[area].start)
			start = model->areas[area].start;
	}
	for (;; start = walk_bound(model, start)) {
		addr = (start + align - 1) / align * align;
		if (addr + length > end)
			return 0;
		if (area == WALK_NONE ?
			    walk_is_free(model, addr, addr + length) :
			    walk_is_available(model, area, addr, addr + length,
					      false))
			return addr;
	}
}

/* How many mappings there are of a dataspace in the window. */
static inline unsigned int walk_mappings(const struct walk_model *model,
					 int space)
{
	unsigned int i, count = 0;

	for (i = 0; i < model->count; i++)
		count += model->pieces[i].kind == WALK_REGION &&
			 model->pieces[i].space == space;
	return count;
}

static inline bool walk_is_alone(const struct walk_model *model, int space)
{
	unsigned int i;

	for (i = 0; i < model->count; i++)
		if (model->pieces[i].kind == WALK_REGION &&
		    model->pieces[i].space == space &&
		    model->pieces[i].flags & MEMBANK_REGION_NO_ALIAS)
			return true;
	return model->alone[space];
}

/* What fork() makes of it. */
static inline void walk_fork(struct walk_model *model)
{
	unsigned int i;
	int space;

	for (space = 0; space < WALK_SPACES; space++) {
		model->alone[space] = walk_is_alone(model, space);
		model->outside[space] += walk_mappings(model, space);
	}
	for (i = model->count; i-- > 0;)
		if (model->pieces[i].kind == WALK_REGION &&
		    model->pieces[i].flags & MEMBANK_REGION_NO_ALIAS)
			walk_remove(model, i);
	walk_join(model);
}

/* Of what an operation is about. */
struct range {
	__u64 start;
	__u64 end;
};

typedef bool walk_has_mapping(void *arg, int space);

/* What a place is predicted to be: the address, or a negative errno. */
struct place {
	__s64 ret;
	int area;
	__u64 start;
	__u64 end;
};

/*
 * The window cannot foresee a search that leaves it: then @ret is 0, and nothing
 * is to be done.
 */
static inline struct place predict_place(struct walk_model *model, __u64 start,
					 __u64 length, __u64 align, __u32 flags)
{
	struct place place = { .area = WALK_NONE, .start = start };

	if (flags & IN_AREA) {
		place.ret = -ENOENT;
		place.area = walk_area_at(model, start);
		if (place.area == WALK_NONE)
			return place;
		place.ret = -EPERM;
		if (model->areas[place.area].flags & RESERVED)
			return place;
	}
	if (flags & SEARCH) {
		place.start =
			walk_search(model, place.area, start, length, align);
		place.ret = place.area == WALK_NONE ? 0 : -EADDRNOTAVAIL;
		if (!place.start)
			return place;
	}
	place.end = place.start + length;
	if (place.area == WALK_NONE && place.end > model->end) {
		place.ret = 0;
		return place;
	}

	place.ret = -EADDRNOTAVAIL;
	if (place.area != WALK_NONE) {
		if (place.end > model->areas[place.area].end ||
		    !walk_is_available(model, place.area, place.start,
				       place.end, flags & OVERMAP))
			return place;
	} else if (flags & OVERMAP) {
		if (walk_any_area(model, place.start, place.end))
			return place;
	} else if (!walk_is_free(model, place.start, place.end)) {
		return place;
	}
	place.ret = place.start;
	return place;
}

static inline int prot_of(__u32 flags)
{
	if (flags & RESERVED)
		return PROT_NONE;
	return flags & READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE;
}

static inline bool is_region_in(const struct walk_piece *piece,
				const struct range *range)
{
	return piece->kind == WALK_REGION && piece->end > range->start &&
	       piece->start < range->end;
}

/* The next region that has a part in the range. */
static inline struct walk_piece *next_region(struct walk_model *model,
					     const struct range *range)
{
	unsigned int i = walk_index(model, range->start);

	for (; i < model->count; i++)
		if (is_region_in(&model->pieces[i], range))
			return &model->pieces[i];
	return NULL;
}

/* Of one region; counts it as the command does. */
static inline void model_detach(struct walk_model *model,
				const struct walk_piece *piece, __u64 start,
				__u64 end, walk_has_mapping *is_mapped,
				void *arg, struct membank_region_detach *want)
{
	const struct walk_piece old = *piece;

	walk_clear(model, start, end);
	if (old.area != WALK_NONE)
		walk_put_hole(model, start, end, old.area);
	if (start > old.start || end < old.end)
		want->out_split++;
	else if (is_mapped(arg, old.space))
		want->out_kept++;
	else
		want->out_dropped++;
	if (!want->out_length)
		want->out_start = start;
	want->out_length = end - want->out_start;
}

/*
 * What a command that detaches leaves and says. @is_mapped tells, with @arg, whether
 * somebody still has a mapping of a dataspace. @first: of one region only.
 */
static inline void model_detach_range(struct walk_model *model,
				      struct range range, bool first,
				      walk_has_mapping *is_mapped, void *arg,
				      struct membank_region_detach *want)
{
	struct walk_piece *piece;
	__u64 start, end;

	while ((piece = next_region(model, &range))) {
		if (first && want->out_length) {
			want->out_more++;
			range.start = piece->end;
			continue;
		}
		start = piece->start > range.start ? piece->start : range.start;
		end = piece->end < range.end ? piece->end : range.end;
		model_detach(model, piece, start, end, is_mapped, arg, want);
		range.start = end;
	}
}

static inline void model_free(struct walk_model *model, int area)
{
	const int parent = model->areas[area].parent;
	unsigned int i;

	for (i = model->count; i-- > 0;) {
		if (!walk_is_inside(model, model->pieces[i].area, area))
			continue;
		if (parent == WALK_NONE && model->pieces[i].kind == WALK_HOLE)
			walk_remove(model, i);
		else
			model->pieces[i].area = parent;
	}
}

#endif /* MEMBANK_SELFTESTS_WALK_MODEL_H */
