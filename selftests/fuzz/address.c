// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's own calls do to regions, and writing to memory.
 */
#include <sys/mman.h>

#include "look.h"
#include "ops.h"

static __u64 address(__s64 page)
{
	return FUZZ_LOW + (__u64)page % FUZZ_PAGES * WALK_PAGE;
}

/* Part of a piece, often all of it. */
static void draw_part(struct fuzz_draw *draw, const struct fuzz_step *step,
		      __s64 *page, __s64 *pages)
{
	const struct walk_model *map = &fuzz_draws_for(draw, step)->map;
	const struct walk_piece *piece;

	*page = fuzz_number(draw, FUZZ_PAGES);
	*pages = 1 + fuzz_number(draw, 100);
	draw->none = !map->count;
	if (draw->none)
		return;
	piece = &map->pieces[fuzz_number(draw, map->count)];
	*page = (piece->start - FUZZ_LOW) / WALK_PAGE;
	*pages = (piece->end - piece->start) / WALK_PAGE;
	if (fuzz_one(draw, 2))
		return;
	*page += fuzz_number(draw, *pages);
	*pages = 1 +
		 fuzz_number(draw, (piece->end - FUZZ_LOW) / WALK_PAGE - *page);
}

/* False if it is not all in one piece of ours. */
static bool part(struct fuzz_process *process, __s64 page, __s64 pages,
		 struct range *range, struct walk_piece **piece)
{
	range->start = address(page);
	range->end = range->start + (__u64)pages % FUZZ_PAGES * WALK_PAGE;
	*piece = walk_at(&process->map, range->start);
	return *piece && range->start < range->end &&
	       range->end <= (*piece)->end;
}

static void draw_munmap(struct fuzz_draw *draw, struct fuzz_step *step)
{
	draw_part(draw, step, &step->args[0], &step->args[1]);
	if (fuzz_one(draw, 4))
		step->args[1] = 1 + fuzz_number(draw, 500);
}

static void run_munmap(struct fuzz_world *world, const struct fuzz_step *step)
{
	const __u64 start = address(step->args[0]);
	const __u64 length = (__u64)step->args[1] % FUZZ_PAGES * WALK_PAGE;
	const __u64 end = start + length;

	if (end > FUZZ_LOW + FUZZ_WINDOW)
		return;
	if (fuzz_compare(world, step, length ? 0 : -EINVAL,
			 munmap((void *)start, length) ? -errno : 0))
		walk_clear(&fuzz_process(world, step)->map, start, end);
}

static void draw_mprotect(struct fuzz_draw *draw, struct fuzz_step *step)
{
	draw_part(draw, step, &step->args[0], &step->args[1]);
	step->args[2] = fuzz_number(draw, 4);
}

static void run_mprotect(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const int prot = fuzz_prot(step->args[2]);
	struct walk_piece *piece;
	struct range range;
	bool allowed;

	if (!part(process, step->args[0], step->args[1], &range, &piece))
		return;
	if (piece->kind == WALK_HOLE)
		allowed = !prot;
	else
		allowed = !(prot & ~prot_of(piece->flags));
	if (!fuzz_compare(world, step, allowed ? 0 : -EACCES,
			  mprotect((void *)range.start, range.end - range.start,
				   prot) ?
				  -errno :
				  0) ||
	    piece->prot == prot)
		return;
	walk_cut(&process->map, range.start);
	walk_cut(&process->map, range.end);
	walk_at(&process->map, range.start)->prot = prot;
}

static void draw_move(struct fuzz_draw *draw, struct fuzz_step *step)
{
	draw_part(draw, step, &step->args[0], &step->args[1]);
	step->args[2] = fuzz_number(draw, FUZZ_PAGES);
}

/* The destination is unmapped, whatever comes of it. */
static void run_move(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const __u64 to = address(step->args[2]);
	struct walk_piece *piece, moved;
	struct range range;
	__u64 length;
	void *ret;

	if (!part(process, step->args[0], step->args[1], &range, &piece))
		return;
	length = range.end - range.start;
	if (to + length > FUZZ_LOW + FUZZ_WINDOW ||
	    (to < range.end && range.start < to + length))
		return;
	moved = *piece;
	if (moved.flags & PAGER && fuzz_waits_at(process, to, to + length))
		return;
	ret = mremap((void *)range.start, length, length,
		     MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to);
	if (!fuzz_compare(world, step, moved.kind == WALK_HOLE ? -EINVAL : 0,
			  ret == MAP_FAILED ? -errno : 0)) {
		walk_clear(&process->map, to, to + length);
		return;
	}
	moved.offset += range.start - moved.start;
	moved.start = to;
	moved.end = to + length;
	/* As if mmap() had taken the addresses. */
	moved.area = WALK_NONE;
	walk_clear(&process->map, range.start, range.end);
	walk_put(&process->map, moved);
}

static void draw_shrink(struct fuzz_draw *draw, struct fuzz_step *step)
{
	draw_part(draw, step, &step->args[0], &step->args[1]);
	step->args[2] = fuzz_number(draw, step->args[1] + 1);
}

/* Growing is refused. */
static void run_resize(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct walk_piece *piece;
	struct range range;
	__u64 length;
	void *ret;

	if (!part(process, step->args[0], step->args[1], &range, &piece) ||
	    piece->kind == WALK_HOLE)
		return;
	length = (__u64)step->args[2] % FUZZ_PAGES * WALK_PAGE;
	/* What is behind it is unmapped as well, then. */
	if (!length || length == range.end - range.start)
		length = range.end - range.start + WALK_PAGE;
	ret = mremap((void *)range.start, range.end - range.start, length,
		     MREMAP_MAYMOVE);
	if (fuzz_compare(world, step,
			 length > range.end - range.start ? -EFAULT : 0,
			 ret == MAP_FAILED ? -errno : 0))
		walk_clear(&process->map, range.start + length, range.end);
}

static void draw_madvise(struct fuzz_draw *draw, struct fuzz_step *step)
{
	draw_part(draw, step, &step->args[0], &step->args[1]);
}

static void run_madvise(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct walk_piece *piece;
	struct range range;

	if (part(fuzz_process(world, step), step->args[0], step->args[1],
		 &range, &piece))
		fuzz_compare(world, step, 0,
			     madvise((void *)range.start,
				     range.end - range.start, MADV_DONTNEED) ?
				     -errno :
				     0);
}

/* ------------------------------------------------------------- writing */

static void draw_write(struct fuzz_draw *draw, struct fuzz_step *step)
{
	__s64 pages;

	draw_part(draw, step, &step->args[0], &pages);
	step->args[1] = fuzz_number(draw, WALK_PAGE / 8);
}

/* A number that is written nowhere else; a signal stands for the errno. */
static void run_write(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const __u64 addr = address(step->args[0]) +
			   (__u64)step->args[1] % (WALK_PAGE / 8) * 8;
	const struct fuzz_sight sight =
		fuzz_see(world, walk_at(&process->map, addr), addr, PROT_WRITE);
	const __u64 stamp = ++world->stamp;

	/* Who waits for a pager is a thread of its own: see pager.c. */
	if (sight.ret == -EINPROGRESS)
		return;
	if (fuzz_compare(world, step, sight.ret,
			 fuzz_write(addr, &stamp, sizeof(stamp))))
		memcpy(sight.image, &stamp, sizeof(stamp));
}

const struct fuzz_op fuzz_address_ops[] = {
	{ "munmap", { "page", "pages" }, 30, 60, draw_munmap, run_munmap },
	{ "protect",
	  { "page", "pages", "prot" },
	  25,
	  3,
	  draw_mprotect,
	  run_mprotect },
	{ "move", { "page", "pages", "to" }, 20, 3, draw_move, run_move },
	{ "resize",
	  { "page", "pages", "length" },
	  15,
	  10,
	  draw_shrink,
	  run_resize },
	{ "discard", { "page", "pages" }, 10, 3, draw_madvise, run_madvise },
	{ "write", { "page", "word" }, 100, 20, draw_write, run_write },
	{},
};
