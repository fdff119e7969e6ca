// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region map: attaching, detaching and finding, in the own address space and
 * in that of another process, and areas.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "look.h"
#include "ops.h"

#define ATTACH_FLAGS (MEMBANK_REGION_FLAGS | MEMBANK_REGION_ATTACH_FLAGS)
#define ALIGN_MAX 46

static __u64 address(__s64 page)
{
	return FUZZ_LOW + (__u64)page % FUZZ_PAGES * WALK_PAGE;
}

/* A page near something, mostly. */
static __s64 draw_page(struct fuzz_draw *draw, const struct fuzz_step *step)
{
	const struct walk_model *map = &fuzz_draws_for(draw, step)->map;
	const struct walk_piece *piece;
	__u64 addr;

	if (!map->count || fuzz_one(draw, 4))
		return fuzz_number(draw, FUZZ_PAGES);
	piece = &map->pieces[fuzz_number(draw, map->count)];
	addr = fuzz_one(draw, 4) ? piece->end : piece->start;
	if (fuzz_one(draw, 3))
		addr += fuzz_number(draw,
				    (piece->end - piece->start) / WALK_PAGE) *
			WALK_PAGE;
	return (addr - FUZZ_LOW) / WALK_PAGE % FUZZ_PAGES;
}

/* ------------------------------------------------------------- attaching */

/* The end of a pager in a slot that was drawn is of one that is gone. */
static bool is_gone(const struct fuzz_draw *draw, const struct fuzz_step *step,
		    __s64 slot)
{
	const int file = fuzz_draws_for(draw, step)->slots[slot].file;

	return file != FUZZ_NONE &&
	       draw->world->files[file].kind == FUZZ_ATTACH &&
	       draw->world->pagers[draw->world->files[file].object].gone;
}

static void draw_attach(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const bool pager = fuzz_one(draw, 3);
	unsigned int tries = 4;
	const struct fuzz_space *space;
	__s64 *args = step->args;
	__u32 flags = pager ? PAGER : 0;

	/* One whose other end is open, mostly. */
	do {
		args[0] = fuzz_draw_slot(draw, step,
					 pager ? FUZZ_ATTACH : FUZZ_DATASPACE);
	} while (pager && is_gone(draw, step, args[0]) && --tries);
	space = fuzz_drawn_space(draw, step, args[0]);
	args[1] = draw_page(draw, step);
	if (pager) {
		args[2] = 1 + fuzz_number(draw, 20);
		args[3] = fuzz_number(draw, FUZZ_PAGES);
	}
	if (space && fuzz_one(draw, 2)) {
		args[3] = fuzz_number(draw, space->extent / WALK_PAGE);
		args[2] = fuzz_number(draw,
				      space->extent / WALK_PAGE - args[3] + 1);
	}
	if (fuzz_one(draw, 3))
		flags |= READ_ONLY;
	if (fuzz_one(draw, 12))
		flags |= RESERVED;
	else if (fuzz_one(draw, 12))
		flags |= EAGER;
	if (fuzz_one(draw, 12))
		flags |= NO_ALIAS;
	if (!fuzz_one(draw, 3))
		flags |= SEARCH;
	else if (fuzz_one(draw, 3))
		flags |= OVERMAP;
	if (fuzz_one(draw, 5))
		flags |= IN_AREA;
	if (fuzz_one(draw, 60))
		flags ^= PAGER;
	args[4] = flags;
	if (fuzz_one(draw, 3))
		args[5] = fuzz_number(draw, 23);
}

static bool has_all(__u32 flags, __u32 all)
{
	return (flags & all) == all;
}

/* Of what does not depend on a place; sets how long the region is. */
static int predict_attach(const struct fuzz_world *world,
			  const struct fuzz_file *file, __u64 offset,
			  __u64 *length, __u32 flags, __u32 align)
{
	const int prot = prot_of(flags);
	__u64 extent;

	if (flags & ~ATTACH_FLAGS)
		return -EOPNOTSUPP;
	if (has_all(flags, OVERMAP | SEARCH) ||
	    has_all(flags, EAGER | RESERVED) ||
	    has_all(flags, PAGER | NO_ALIAS) ||
	    has_all(flags, PAGER | RESERVED) || (flags & PAGER && !*length) ||
	    align > ALIGN_MAX)
		return -EINVAL;
	if (!file)
		return -EBADF;
	if (file->kind != (flags & PAGER ? FUZZ_ATTACH : FUZZ_DATASPACE))
		return -EINVAL;
	if (flags & PAGER)
		return world->pagers[file->object].gone ? -ENODEV : 0;
	if ((prot & PROT_READ && !(file->rights & READ)) ||
	    (prot & PROT_WRITE && !(file->rights & WRITE) &&
	     world->plant != FUZZ_PLANT_READ_MAY_WRITE))
		return -EACCES;
	extent = world->spaces[file->object].extent;
	if (offset >= extent || *length > extent - offset)
		return -ERANGE;
	if (!*length)
		*length = extent - offset;
	return 0;
}

static bool is_busy(const struct fuzz_world *world, int space, __u32 flags)
{
	return fuzz_space_mappings(world, space, NO_ALIAS) ||
	       (flags & NO_ALIAS && fuzz_space_mappings(world, space, 0));
}

/* What the mapping of it says when the place is there. */
static int predict_mapping(const struct fuzz_world *world,
			   const struct fuzz_file *file, __u32 flags)
{
	if (fuzz_is_lost(world, file))
		return -ENODEV;
	return is_busy(world, file->object, flags) ? -EBUSY : 0;
}

/* The number of the file of a new region with a pager. */
static int new_region(struct fuzz_world *world, int attached,
		      const struct membank_region_attach *args)
{
	const int paged = fuzz_new_paged(world);

	world->paged[paged].attached = attached;
	world->paged[paged].end = (args->offset + args->length) / WALK_PAGE;
	world->paged[paged].flags = args->flags;
	return fuzz_new_file(world, FUZZ_REGION, paged, 0);
}

/*
 * To have all pages of a pager at once takes somebody who answers meanwhile, and
 * what is attached where a thread waits for another page would make it wait anew,
 * nobody knows when: that is not for here.
 */
static bool would_wait(const struct fuzz_process *process,
		       const struct place *place, __u32 flags)
{
	return flags & PAGER &&
	       (flags & EAGER ||
		fuzz_waits_at(process, place->start, place->end));
}

static void run_attach(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	struct walk_model *map = &process->map;
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = slot->fd,
		.start = address(step->args[1]),
		.length = (__u64)step->args[2] % FUZZ_PAGES * WALK_PAGE,
		.offset = (__u64)step->args[3] % (FUZZ_PAGES * 2) * WALK_PAGE,
		.flags = step->args[4],
		.align = step->args[5],
		.out_start = TEST_NONE,
	};
	__u64 length = args.length;
	struct place place = {};
	int want;

	want = predict_attach(world, file, args.offset, &length, args.flags,
			      args.align);
	if (!want) {
		place = predict_place(map, args.start, length,
				      args.align > 12 ? 1ULL << args.align :
							WALK_PAGE,
				      args.flags);
		/* It would leave the window. */
		if (!place.ret)
			return;
		want = place.ret < 0 ? place.ret : 0;
	}
	if (!want && would_wait(process, &place, args.flags))
		return;
	if (!want) {
		/* What is there goes first, so it does not count. */
		walk_clear(map, place.start, place.end);
		if (place.area != WALK_NONE)
			walk_put_hole(map, place.start, place.end, place.area);
		if (!(args.flags & PAGER))
			want = predict_mapping(world, file, args.flags);
	}
	if (!fuzz_compare(world, step, want,
			  test_ioctl(process->nodes[0],
				     MEMBANK_IOC_REGION_ATTACH, &args)))
		return;
	if (args.out_start != place.start)
		fuzz_wrong(world, "attached at %llx instead of %llx",
			   args.out_start, place.start);
	walk_put(map,
		 (struct walk_piece){
			 .start = place.start,
			 .end = place.end,
			 .kind = WALK_REGION,
			 .area = place.area,
			 .space = args.flags & PAGER ?
					  new_region(world, slot->file, &args) :
					  slot->file,
			 .offset = args.offset,
			 .flags = args.flags & MEMBANK_REGION_FLAGS,
			 .prot = prot_of(args.flags),
		 });
}

static void draw_map(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_space *space;
	__s64 *args = step->args;
	__u64 pages;

	args[0] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	space = fuzz_drawn_space(draw, step, args[0]);
	pages = space ? space->extent / WALK_PAGE : 1;
	args[1] = fuzz_number(draw, FUZZ_PAGES);
	args[3] = fuzz_one(draw, 2) ? 0 : fuzz_number(draw, pages);
	args[2] = 1 + fuzz_number(draw, pages - args[3]);
	args[4] = fuzz_one(draw, 3) ? PROT_READ : PROT_READ | PROT_WRITE;
}

/* mmap() of the dma-buf; the place is cleared before. */
static void run_map(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	const __u64 start = address(step->args[1]);
	const __u64 length = (__u64)step->args[2] % FUZZ_PAGES * WALK_PAGE;
	const __u64 offset = (__u64)step->args[3] % FUZZ_PAGES * WALK_PAGE;
	const int prot = fuzz_prot(step->args[4]);
	int want;
	void *mem;

	if (!length || start + length > FUZZ_LOW + FUZZ_WINDOW)
		return;
	if (file && file->kind != FUZZ_DATASPACE)
		return;
	munmap((void *)start, length);
	walk_clear(&process->map, start, start + length);
	if (!file)
		want = -EBADF;
	else if (!(file->rights & READ) ||
		 (prot & PROT_WRITE && !(file->rights & WRITE)))
		want = -EACCES;
	else if (offset + length > world->spaces[file->object].extent)
		want = -EINVAL;
	else
		want = predict_mapping(world, file, 0);
	mem = mmap((void *)start, length, prot,
		   MAP_SHARED | MAP_FIXED_NOREPLACE, slot->fd, offset);
	if (!fuzz_compare(world, step, want, mem == MAP_FAILED ? -errno : 0))
		return;
	walk_put(&process->map,
		 (struct walk_piece){
			 .start = start,
			 .end = start + length,
			 .kind = WALK_REGION,
			 .area = WALK_NONE,
			 .space = slot->file,
			 .offset = offset,
			 .flags = file->rights & WRITE ? 0 : READ_ONLY,
			 .prot = prot,
		 });
}

/* ------------------------------------------------------------- whose map */

/*
 * A node of the process whose map is meant, or FUZZ_NONE: who is nobody cannot
 * have that of another, and no descriptor of the own process is had so.
 */
static int open_map(struct fuzz_world *world, const struct fuzz_step *step,
		    __s64 whose)
{
	const struct fuzz_process *process = fuzz_process(world, step);
	const struct fuzz_process *other =
		&world->processes[(__u64)whose % FUZZ_PROCESSES];
	int pidfd, fd;

	if (other == process)
		return dup(process->nodes[0]);
	if (process->uid)
		return FUZZ_NONE;
	pidfd = syscall(SYS_pidfd_open, other->pid, 0);
	fd = syscall(SYS_pidfd_getfd, pidfd, other->nodes[0], 0);
	if (fd < 0)
		fuzz_wrong(world, "no node of process %lld", whose);
	close(pidfd);
	return fd;
}

static __s64 draw_whose(struct fuzz_draw *draw, struct fuzz_step *step)
{
	return fuzz_one(draw, 5) ? fuzz_number(draw, FUZZ_PROCESSES) :
				   step->process;
}

/* The page is drawn from the map that is meant. */
static __s64 draw_page_of(struct fuzz_draw *draw, struct fuzz_step *step,
			  __s64 whose)
{
	struct fuzz_step there = *step;

	there.process = whose;
	return draw_page(draw, &there);
}

/* No file at all. */
#define NOTHING FUZZ_FILES

/*
 * What who detaches or finds a region gets to hold: the number of a file, NOTHING,
 * or a negative errno.
 */
static int lend(struct fuzz_world *world, const struct walk_piece *piece,
		bool own)
{
	const struct fuzz_file *file = &world->files[piece->space];
	__u32 rights = READ | WRITE;

	if (file->kind == FUZZ_REGION)
		return own ? world->paged[file->object].attached : NOTHING;
	if (piece->flags & (READ_ONLY | RESERVED))
		rights = READ;
	else if (own)
		return piece->space;
	if (rights & ~file->rights)
		return -EACCES;
	if (fuzz_is_lost(world, file))
		return piece->space;
	return fuzz_derive_file(world, piece->space, rights);
}

/* ------------------------------------------------------------- detaching */

static bool is_mapped(void *arg, int space)
{
	struct fuzz_world *world = arg;

	if (world->files[space].kind == FUZZ_REGION)
		return fuzz_file_mappings(world, space);
	return fuzz_space_mappings(world, world->files[space].object, 0);
}

/* The kernel lets go of the answers of what was detached there a moment later. */
static void wait_regions(struct fuzz_world *world)
{
	unsigned int answers = 0, i;

	for (i = 0; i < FUZZ_ANSWERS; i++)
		answers += world->answers[i].used;
	fuzz_settle(world);
	for (i = 0; i < FUZZ_ANSWERS; i++)
		answers -= world->answers[i].used;
	if (answers)
		fuzz_look_at_debugfs(world, fuzz_late(world));
}

static void draw_detach(struct fuzz_draw *draw, struct fuzz_step *step)
{
	__s64 *args = step->args;

	args[0] = draw_whose(draw, step);
	args[1] = draw_page_of(draw, step, args[0]);
	if (fuzz_one(draw, 3))
		args[2] = 1 + fuzz_number(draw, 400);
	if (fuzz_one(draw, 3))
		args[3] |= MEMBANK_DETACH_DATASPACE;
	if (args[0] != step->process && !fuzz_one(draw, 5))
		args[3] |= MEMBANK_DETACH_UNMAP;
	args[4] = fuzz_draw_empty(draw, step);
}

static void run_detach(struct fuzz_world *world, const struct fuzz_step *step)
{
	const unsigned int whose = (__u64)step->args[0] % FUZZ_PROCESSES;
	struct walk_model *map = &world->processes[whose].map;
	const bool own = whose == step->process;
	const int dev = open_map(world, step, step->args[0]);
	struct membank_region_detach want = {}, args = {
		.size = sizeof(args),
		.addr = address(step->args[1]),
		.length = (__u64)step->args[2] % FUZZ_PAGES * WALK_PAGE,
		.flags = step->args[3],
		.out_start = TEST_NONE,
		.out_length = TEST_NONE,
		.out_dropped = ~0U,
		.out_kept = ~0U,
		.out_split = ~0U,
		.out_more = ~0U,
		.out_fd = -2,
	};
	const bool returns = args.flags & MEMBANK_DETACH_DATASPACE;
	struct range range = { args.addr,
			       args.addr + (args.length ?: WALK_PAGE) };
	const struct walk_piece *piece = next_region(map, &range);
	int ret, file = 0, predicted = 0;
	bool gives;

	if (dev < 0)
		return;
	if (args.flags & ~(MEMBANK_DETACH_DATASPACE | MEMBANK_DETACH_UNMAP))
		predicted = -EOPNOTSUPP;
	else if (!own && !(args.flags & MEMBANK_DETACH_UNMAP))
		predicted = -EPERM;
	else if (!piece)
		predicted = -ENOENT;
	else if (returns)
		file = lend(world, piece, own);
	if (file < 0)
		predicted = file;
	ret = test_ioctl(dev, MEMBANK_IOC_REGION_DETACH, &args);
	close(dev);
	if (!fuzz_compare(world, step, predicted < 0 ? predicted : 0, ret))
		return;
	if (!args.length)
		range = (struct range){ piece->start, piece->end };
	gives = returns && file != NOTHING;
	/* Held until it has a slot. */
	if (gives)
		world->files[file].refs++;
	model_detach_range(map, range, returns, is_mapped, world, &want);
	if (args.out_start != want.out_start ||
	    args.out_length != want.out_length ||
	    args.out_dropped != want.out_dropped ||
	    args.out_kept != want.out_kept ||
	    args.out_split != want.out_split ||
	    args.out_more != want.out_more || gives != !(args.out_fd < 0))
		fuzz_wrong(world, "detached %llx+%llx, not %llx+%llx: %u %u",
			   args.out_start, args.out_length, want.out_start,
			   want.out_length, args.out_dropped, args.out_kept);
	if (gives) {
		fuzz_put(world,
			 fuzz_slot(fuzz_process(world, step), step->args[4]),
			 args.out_fd, file);
		world->files[file].refs--;
	}
	if (!own)
		wait_regions(world);
}

/* ------------------------------------------------------------- finding */

static void draw_find(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = draw_whose(draw, step);
	step->args[1] = draw_page_of(draw, step, step->args[0]);
	if (fuzz_one(draw, 2))
		step->args[2] = fuzz_number(draw, 400);
	step->args[3] = fuzz_draw_empty(draw, step);
}

static void compare_area(struct fuzz_world *world,
			 const struct membank_region_find *args,
			 const struct walk_area *area)
{
	if (args->out_start != area->start || args->out_fd != -1 ||
	    args->out_length != area->end - area->start || args->out_offset ||
	    args->out_flags != (area->flags | IN_AREA))
		fuzz_wrong(world, "found an area at %llx+%llx, flags %x",
			   args->out_start, args->out_length, args->out_flags);
}

static void run_find(struct fuzz_world *world, const struct fuzz_step *step)
{
	const unsigned int whose = (__u64)step->args[0] % FUZZ_PROCESSES;
	struct walk_model *map = &world->processes[whose].map;
	const int dev = open_map(world, step, step->args[0]);
	struct membank_region_find args = {
		.size = sizeof(args),
		.addr = address(step->args[1]),
		.length = (__u64)step->args[2] % FUZZ_PAGES * WALK_PAGE,
		.out_fd = -2,
	};
	const unsigned int i = walk_index(map, args.addr);
	const struct walk_piece *piece = &map->pieces[i];
	int want = 0, ret;

	if (dev < 0)
		return;
	if (i == map->count ||
	    piece->start >= args.addr + (args.length ? args.length : 1))
		want = -ENOENT;
	else if (piece->kind == WALK_REGION)
		want = lend(world, piece, whose == step->process);
	ret = test_ioctl(dev, MEMBANK_IOC_REGION_FIND, &args);
	close(dev);
	if (!fuzz_compare(world, step, want < 0 ? want : 0, ret))
		return;
	if (piece->kind == WALK_HOLE) {
		compare_area(world, &args, &map->areas[piece->area]);
		return;
	}
	if (args.out_start != piece->start || args.out_flags != piece->flags ||
	    args.out_length != piece->end - piece->start ||
	    args.out_offset != piece->offset)
		fuzz_wrong(world, "found %llx+%llx at %llx, flags %x",
			   args.out_start, args.out_length, args.out_offset,
			   args.out_flags);
	if (want == NOTHING && args.out_fd != -1)
		fuzz_wrong(world, "found descriptor %d", args.out_fd);
	else if (want != NOTHING)
		fuzz_put(world,
			 fuzz_slot(fuzz_process(world, step), step->args[3]),
			 args.out_fd, want);
}

/* ------------------------------------------------------------- areas */

static void draw_reserve(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = draw_page(draw, step);
	step->args[1] = 1 + fuzz_number(draw, 500);
	if (fuzz_one(draw, 2))
		step->args[2] |= SEARCH;
	if (fuzz_one(draw, 3))
		step->args[2] |= IN_AREA;
	if (fuzz_one(draw, 8))
		step->args[2] |= RESERVED;
	if (fuzz_one(draw, 3))
		step->args[3] = fuzz_number(draw, 22);
}

static void run_reserve(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct walk_model *map = &process->map;
	const int number = walk_new_area(map);
	struct membank_area_reserve args = {
		.size = sizeof(args),
		.start = address(step->args[0]),
		.length = (__u64)step->args[1] % FUZZ_PAGES * WALK_PAGE,
		.flags = step->args[2],
		.align = step->args[3],
		.out_start = TEST_NONE,
	};
	struct place place = {};
	int want = 0, depth = 0, area;

	if (number == WALK_NONE)
		return;
	if (args.flags & ~ATTACH_FLAGS)
		want = -EOPNOTSUPP;
	else if (args.flags & ~(SEARCH | IN_AREA | RESERVED) || !args.length ||
		 args.align > ALIGN_MAX)
		want = -EINVAL;
	if (!want) {
		place = predict_place(map, args.start, args.length,
				      args.align > 12 ? 1ULL << args.align :
							WALK_PAGE,
				      args.flags);
		if (!place.ret)
			return;
		want = place.ret < 0 ? place.ret : 0;
		for (area = place.area; area != WALK_NONE;
		     area = map->areas[area].parent)
			depth++;
		/* Where it would be too deep is not for here. */
		if (depth > 12)
			return;
	}
	if (!fuzz_compare(world, step, want,
			  test_ioctl(process->nodes[0],
				     MEMBANK_IOC_AREA_RESERVE, &args)))
		return;
	if (args.out_start != place.start)
		fuzz_wrong(world, "an area at %llx instead of %llx",
			   args.out_start, place.start);
	map->areas[number] = (struct walk_area){
		.start = place.start,
		.end = place.end,
		.flags = args.flags & RESERVED,
		.parent = place.area,
	};
	walk_put_hole(map, place.start, place.end, number);
}

static void draw_free(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct walk_model *map = &fuzz_draws_for(draw, step)->map;
	unsigned int tries = 8;

	/* There are few of them. */
	do {
		step->args[0] = draw_page(draw, step);
		draw->none = walk_area_at((struct walk_model *)map,
					  address(step->args[0])) == WALK_NONE;
	} while (draw->none && --tries);
}

static void run_free(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct walk_model *map = &process->map;
	struct membank_area_free args = {
		.size = sizeof(args),
		.addr = address(step->args[0]),
		.out_start = TEST_NONE,
		.out_length = TEST_NONE,
	};
	const int area = walk_area_at(map, args.addr);

	if (!fuzz_compare(world, step, area == WALK_NONE ? -ENOENT : 0,
			  test_ioctl(process->nodes[0], MEMBANK_IOC_AREA_FREE,
				     &args)))
		return;
	if (args.out_start != map->areas[area].start ||
	    args.out_length != map->areas[area].end - args.out_start)
		fuzz_wrong(world, "freed an area at %llx+%llx", args.out_start,
			   args.out_length);
	model_free(map, area);
}

const struct fuzz_op fuzz_region_ops[] = {
	{ "attach",
	  { "slot", "page", "pages", "offset", "flags", "align" },
	  160,
	  5,
	  draw_attach,
	  run_attach },
	{ "map",
	  { "slot", "page", "pages", "offset", "prot" },
	  40,
	  3,
	  draw_map,
	  run_map },
	{ "detach",
	  { "of", "page", "pages", "flags", "to" },
	  50,
	  50,
	  draw_detach,
	  run_detach },
	{ "find", { "of", "page", "pages", "to" }, 25, 3, draw_find, run_find },
	{ "reserve",
	  { "page", "pages", "flags", "align" },
	  25,
	  2,
	  draw_reserve,
	  run_reserve },
	{ "free", { "page" }, 10, 20, draw_free, run_free },
	{},
};
