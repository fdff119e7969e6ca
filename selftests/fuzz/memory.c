// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dataspaces: allocating, deriving, clearing, copying, addresses, revoking.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ops.h"

#define FLAGS                                                      \
	(MEMBANK_DATASPACE_CONTINUOUS | MEMBANK_DATASPACE_PINNED | \
	 MEMBANK_DATASPACE_SUPER_PAGES)

#define RIGHTS                                              \
	(MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE | \
	 MEMBANK_DATASPACE_OWN)

/* The largest alignment, as log2. */
#define ALIGN_MAX 30

/* More than that is looked at in some places only. */
#define WHOLE MIB
#define PLACES 32

/* ------------------------------------------------------------- allocating */

/**
 * struct request - what was asked for, and what must come of it
 * @length: bytes, as asked
 * @grain: that the extent is a multiple of
 * @align: log2
 * @bank: where it is
 * @extent: bytes it must have
 */
struct request {
	__s64 length;
	__u64 grain;
	unsigned int align;
	__u32 bank;
	__u64 extent;
};

static __u64 up(__u64 bytes, __u64 grain)
{
	return (bytes + grain - 1) / grain * grain;
}

/* What a negative length gives of a bank. */
static __u64 most(const struct fuzz_world *world, __u32 bank,
		  const struct request *request)
{
	const __u64 size = world->banks[bank].size;
	const __u64 keep = -(__u64)request->length;
	__u64 free = size - fuzz_figures(world, bank).used, largest;

	if (request->align > ALIGN_MAX || keep >= size ||
	    up(keep, WALK_PAGE) >= free)
		return 0;
	largest = fuzz_largest(world, bank, request->align);
	free -= up(keep, WALK_PAGE);
	return (largest < free ? largest : free) / request->grain *
	       request->grain;
}

/* 0 or a negative errno. */
static int predict_at(const struct fuzz_world *world, __u32 bank,
		      struct request *request)
{
	request->bank = bank;
	if (request->align > ALIGN_MAX)
		return -ERANGE;
	if (request->length < 0) {
		request->extent = most(world, bank, request);
		return request->extent ? 0 : -ENOMEM;
	}
	if (!request->length || request->length > world->banks[bank].size)
		return -ERANGE;
	request->extent = up(request->length, request->grain);
	if (request->extent > world->banks[bank].size)
		return -ERANGE;
	return fuzz_largest(world, bank, request->align) >= request->extent ?
		       0 :
		       -ENOMEM;
}

static int predict_any(const struct fuzz_world *world, struct request *request)
{
	__u64 pages, best = 0;
	int ret = -ERANGE, one, roomiest = FUZZ_NONE;
	__u32 bank;

	for (bank = 0; bank < world->nr_banks; bank++) {
		if (world->banks[bank].private)
			continue;
		if (request->length < 0) {
			pages = most(world, bank, request);
			if (roomiest == FUZZ_NONE || pages > best)
				roomiest = bank;
			if (pages > best)
				best = pages;
			continue;
		}
		one = predict_at(world, bank, request);
		if (!one)
			return 0;
		if (ret == -ERANGE)
			ret = one;
	}
	return roomiest == FUZZ_NONE ? ret :
				       predict_at(world, roomiest, request);
}

static int predict_alloc(const struct fuzz_world *world, int bank, __u64 length,
			 __u32 flags, __u32 align, struct request *request)
{
	*request = (struct request){
		.length = length,
		.grain = WALK_PAGE,
		.align = align,
	};
	if (flags & ~FLAGS)
		return -EOPNOTSUPP;
	if (flags & SUPER) {
		request->grain = GRAIN;
		if (request->align < 21)
			request->align = 21;
	}
	if (request->length < 0 && !(flags & CONTINUOUS))
		request->length = 0;
	return bank == FUZZ_NONE ? predict_any(world, request) :
				   predict_at(world, bank, request);
}

/* Nobody has ever seen memory that is not zero here. */
static void check_zero(struct fuzz_world *world, int fd, __u64 extent,
		       __u64 seed)
{
	__u64 step = WALK_PAGE, at;
	char *mem = mmap(NULL, extent, PROT_READ, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED) {
		fuzz_wrong(world, "new memory cannot be mapped: %s",
			   strerrorname_np(errno));
		return;
	}
	if (extent > WHOLE)
		step = extent / WALK_PAGE / PLACES * WALK_PAGE;
	for (at = 0; at < extent; at += step)
		if (!test_all_bytes(mem + at, 0, WALK_PAGE))
			fuzz_wrong(world, "new memory has old bytes at %llx",
				   at);
	at = seed * WALK_PAGE % extent;
	if (!test_all_bytes(mem + at, 0, WALK_PAGE))
		fuzz_wrong(world, "new memory has old bytes at %llx", at);
	munmap(mem, extent);
}

static bool overlaps(const struct fuzz_world *world, __u32 bank, __u64 offset,
		     __u64 extent)
{
	const struct fuzz_space *space;

	for (space = world->spaces; space < world->spaces + FUZZ_SPACES;
	     space++)
		if (space->used && space->memory && space->bank == bank &&
		    space->offset < offset + extent &&
		    offset < space->offset + space->extent)
			return true;
	return false;
}

/* Takes what DATASPACE_INFO says; returns the number of the dataspace. */
static int note_space(struct fuzz_world *world,
		      const struct membank_dataspace_info *info,
		      const struct request *request)
{
	const struct fuzz_bank *bank = &world->banks[request->bank];
	__u64 length = request->length < 0 ? request->extent : request->length;
	const __u64 mask = request->align > 12 ? (1ULL << request->align) - 1 :
						 WALK_PAGE - 1;
	struct fuzz_space *space;
	int number;

	if (info->out_bank != request->bank ||
	    info->out_extent != request->extent || info->out_length != length)
		fuzz_wrong(world, "given %llu in %llu of bank %u",
			   info->out_length, info->out_extent, info->out_bank);
	if ((bank->physical + info->out_offset) & mask)
		fuzz_wrong(world, "given %llx, which is not aligned",
			   info->out_offset);
	if (info->out_offset + info->out_extent > bank->size ||
	    overlaps(world, request->bank, info->out_offset, info->out_extent))
		fuzz_wrong(world, "given where there is something");
	if (world->wrong[0])
		return 0;

	number = fuzz_new_space(world);
	space = &world->spaces[number];
	space->memory = true;
	space->bank = request->bank;
	space->offset = info->out_offset;
	space->extent = info->out_extent;
	space->length = info->out_length;
	space->flags = info->out_flags;
	madvise(fuzz_image(world, number, 0), space->extent, MADV_REMOVE);
	return number;
}

static int take_new(struct fuzz_world *world,
		    const struct fuzz_process *process, int fd, __u32 flags,
		    const struct request *request)
{
	struct membank_dataspace_info info;
	int space, ret;

	ret = test_info(process->nodes[0], fd, &info);
	if (ret || info.out_rights != RIGHTS || info.out_flags != flags) {
		fuzz_wrong(world, "info of what was allocated");
		return 0;
	}
	space = note_space(world, &info, request);
	return fuzz_new_file(world, FUZZ_DATASPACE, space, RIGHTS);
}

static void draw_alloc(struct fuzz_draw *draw, struct fuzz_step *step)
{
	__s64 *args = step->args;

	args[0] = fuzz_draw_empty(draw, step);
	args[1] = fuzz_draw_bank(draw);
	args[2] = 1 + fuzz_number(draw, 64 * KIB);
	if (fuzz_one(draw, 3))
		args[2] = 1 + fuzz_number(draw, 6 * MIB);
	if (fuzz_one(draw, 4))
		args[2] = up(args[2], WALK_PAGE);
	args[3] = fuzz_number(draw, FLAGS / 2 + 1);
	if (fuzz_one(draw, 4))
		args[3] |= SUPER;
	if (fuzz_one(draw, 3))
		args[4] = fuzz_number(draw, 26);
	if (fuzz_one(draw, 30))
		args[4] = fuzz_number(draw, ALIGN_MAX + 3);
	if (fuzz_one(draw, 25)) {
		args[2] = -(__s64)fuzz_number(draw, 100 * MIB);
		args[3] |= CONTINUOUS;
	}
}

static void run_alloc(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const __u32 flags = step->args[3], align = step->args[4];
	struct request request;
	int want, ret, file;

	want = predict_alloc(world, fuzz_bank(world, step->args[1]),
			     step->args[2], flags, align, &request);
	ret = test_alloc(fuzz_node(world, process, step->args[1]),
			 step->args[2], flags, align);
	if (!fuzz_compare(world, step, want, ret))
		return;
	file = take_new(world, process, ret, flags, &request);
	check_zero(world, ret, request.extent, step->args[2]);
	fuzz_put(world, fuzz_slot(process, step->args[0]), ret, file);
}

static void draw_map_bank(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_bank(draw);
	step->args[1] = fuzz_number(draw, FUZZ_PAGES);
	step->args[2] = 1 + fuzz_number(draw, 64);
	step->args[3] = fuzz_one(draw, 4) ? PROT_READ : PROT_READ | PROT_WRITE;
}

/* mmap() on a node; the place is cleared before, so that it counts for room. */
static void run_map_bank(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const __u64 start =
		FUZZ_LOW + (__u64)step->args[1] % FUZZ_PAGES * WALK_PAGE;
	const __u64 length = (__u64)step->args[2] % 1024 * WALK_PAGE;
	const int prot = fuzz_prot(step->args[3]);
	struct membank_region_find find = {
		.size = sizeof(find),
		.addr = start,
		.out_fd = -1,
	};
	struct request request;
	int want, file;
	void *mem;

	if (start + length > FUZZ_LOW + FUZZ_WINDOW)
		return;
	munmap((void *)start, length ? length : WALK_PAGE);
	walk_clear(&process->map, start, start + (length ?: WALK_PAGE));
	fuzz_settle(world);
	want = predict_alloc(world, fuzz_bank(world, step->args[0]), length, 0,
			     0, &request);
	if (want == -ERANGE)
		want = -ENOMEM;
	if (!length)
		want = -EINVAL;
	mem = mmap((void *)start, length, prot,
		   MAP_SHARED | MAP_FIXED_NOREPLACE,
		   fuzz_node(world, process, step->args[0]), 0);
	if (!fuzz_compare(world, step, want, mem == MAP_FAILED ? -errno : 0))
		return;
	if (test_ioctl(process->nodes[0], MEMBANK_IOC_REGION_FIND, &find)) {
		fuzz_wrong(world, "no region where a bank is mapped");
		return;
	}
	file = take_new(world, process, find.out_fd, 0, &request);
	check_zero(world, find.out_fd, request.extent, start);
	close(find.out_fd);
	walk_put(&process->map, (struct walk_piece){
					.start = start,
					.end = start + length,
					.kind = WALK_REGION,
					.area = WALK_NONE,
					.space = file,
					.prot = prot,
				});
}

/* ------------------------------------------------------------- handles */

/* What every command says that takes a dataspace. */
static int predict_handle(const struct fuzz_file *file)
{
	if (!file)
		return -EBADF;
	return file->kind == FUZZ_DATASPACE ? 0 : -EINVAL;
}

static void draw_derive(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const int slot = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	const int file = fuzz_draws_for(draw, step)->slots[slot].file;

	step->args[0] = slot;
	step->args[1] = 1 + fuzz_number(draw, RIGHTS);
	if (file != FUZZ_NONE && !fuzz_one(draw, 8))
		step->args[1] &= draw->world->files[file].rights;
	step->args[2] = fuzz_draw_empty(draw, step);
}

static void run_derive(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	const __u32 rights = step->args[1];
	int want = predict_handle(file), ret;

	if (!want && rights & ~RIGHTS)
		want = -EOPNOTSUPP;
	else if (!want && !rights)
		want = -EINVAL;
	else if (!want && rights & ~file->rights)
		want = -EACCES;
	else if (!want && fuzz_is_lost(world, file))
		want = -ENODEV;
	ret = handle_derive(process->nodes[0], slot->fd, rights);
	if (fuzz_compare(world, step, want, ret))
		fuzz_put(world, fuzz_slot(process, step->args[2]), ret,
			 fuzz_derive_file(world, slot->file, rights));
}

static void draw_revoke(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
}

static void run_revoke(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	int want = predict_handle(file);

	if (!want && !(file->rights & OWN))
		want = -EACCES;
	else if (!want && world->spaces[file->object].revoked)
		want = -ENODEV;
	if (fuzz_compare(world, step, want,
			 handle_revoke(process->nodes[0], slot->fd)))
		world->spaces[file->object].revoked = true;
}

/* ------------------------------------------------------------- content */

static bool is_inside(const struct fuzz_space *space, __u64 offset,
		      __u64 length)
{
	return length <= space->length && offset <= space->length - length;
}

static void draw_range(struct fuzz_draw *draw, const struct fuzz_space *space,
		       __s64 *offset, __s64 *length)
{
	const __u64 all = space ? space->length : WALK_PAGE;

	*offset = fuzz_number(draw, all);
	*length = 1 + fuzz_number(draw, all - *offset);
	if (fuzz_one(draw, 2)) {
		*offset = *offset / WALK_PAGE * WALK_PAGE;
		*length = 1 + fuzz_number(draw, all - *offset);
	}
	if (fuzz_one(draw, 2) && *length > 3 * WALK_PAGE)
		*length = 1 + fuzz_number(draw, 3 * WALK_PAGE);
}

static void draw_clear(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	draw_range(draw, fuzz_drawn_space(draw, step, step->args[0]),
		   &step->args[1], &step->args[2]);
}

static void run_clear(struct fuzz_world *world, const struct fuzz_step *step)
{
	const __u64 offset = step->args[1], length = step->args[2];
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	int want = predict_handle(file);

	if (!want && !(file->rights & WRITE))
		want = -EACCES;
	else if (!want && !length)
		want = -EINVAL;
	else if (!want && fuzz_is_lost(world, file))
		want = -ENODEV;
	else if (!want &&
		 !is_inside(&world->spaces[file->object], offset, length))
		want = -ERANGE;
	if (fuzz_compare(world, step, want,
			 handle_clear(process->nodes[0], slot->fd, offset,
				      length)))
		memset(fuzz_image(world, file->object, offset), 0, length);
}

static void draw_copy(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_space *to, *from;
	__s64 *args = step->args, length;

	args[0] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	args[2] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	to = fuzz_drawn_space(draw, step, args[0]);
	from = fuzz_drawn_space(draw, step, args[2]);
	draw_range(draw, to, &args[1], &args[4]);
	draw_range(draw, from, &args[3], &length);
	if (length < args[4])
		args[4] = length;
	if (args[4] > MIB)
		args[4] = MIB;
}

static void run_copy(struct fuzz_world *world, const struct fuzz_step *step)
{
	const __u64 offset = step->args[1], from_offset = step->args[3];
	const __u64 length = step->args[4];
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *to = fuzz_slot(process, step->args[0]);
	struct fuzz_slot *from = fuzz_slot(process, step->args[2]);
	const struct fuzz_file *writes = fuzz_file_at(world, to);
	const struct fuzz_file *reads = fuzz_file_at(world, from);
	int want = predict_handle(writes);

	if (!want)
		want = predict_handle(reads);
	if (!want && !(writes->rights & WRITE && reads->rights & READ))
		want = -EACCES;
	else if (!want && !length)
		want = -EINVAL;
	else if (!want &&
		 (fuzz_is_lost(world, writes) || fuzz_is_lost(world, reads)))
		want = -ENODEV;
	else if (!want &&
		 (!is_inside(&world->spaces[writes->object], offset, length) ||
		  !is_inside(&world->spaces[reads->object], from_offset,
			     length)))
		want = -ERANGE;
	if (fuzz_compare(world, step, want,
			 handle_copy(process->nodes[0], to->fd, offset,
				     from->fd, from_offset, length)))
		memmove(fuzz_image(world, writes->object, offset),
			fuzz_image(world, reads->object, from_offset), length);
}

static void draw_phys(struct fuzz_draw *draw, struct fuzz_step *step)
{
	__s64 length;

	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	draw_range(draw, fuzz_drawn_space(draw, step, step->args[0]),
		   &step->args[1], &length);
}

static void run_phys(struct fuzz_world *world, const struct fuzz_step *step)
{
	const __u64 offset = step->args[1];
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	int want = process->uid ? -EPERM : predict_handle(file);
	const struct fuzz_space *space;
	__u64 addr, length;

	if (!want && fuzz_is_lost(world, file))
		want = -ENODEV;
	else if (!want && offset >= world->spaces[file->object].length)
		want = -ERANGE;
	if (!fuzz_compare(world, step, want,
			  handle_phys(process->nodes[0], slot->fd, offset,
				      &addr, &length)))
		return;
	space = &world->spaces[file->object];
	if (addr != world->banks[space->bank].physical + space->offset +
			    offset ||
	    length != space->length - offset)
		fuzz_wrong(world, "physical address %llx, %llu bytes", addr,
			   length);
}

const struct fuzz_op fuzz_memory_ops[] = {
	{ "allocate",
	  { "slot", "bank", "length", "flags", "align" },
	  100,
	  10,
	  draw_alloc,
	  run_alloc },
	{ "map-bank",
	  { "bank", "page", "pages", "prot" },
	  40,
	  2,
	  draw_map_bank,
	  run_map_bank },
	{ "derive", { "slot", "rights", "to" }, 50, 5, draw_derive, run_derive },
	{ "revoke", { "slot" }, 18, 10, draw_revoke, run_revoke },
	{ "clear",
	  { "slot", "offset", "length" },
	  25,
	  10,
	  draw_clear,
	  run_clear },
	{ "copy",
	  { "slot", "offset", "from", "from-offset", "length" },
	  30,
	  10,
	  draw_copy,
	  run_copy },
	{ "physical", { "slot", "offset" }, 15, 5, draw_phys, run_phys },
	{},
};
