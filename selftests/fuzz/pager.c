// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pagers: threads that touch regions of theirs, and who reads and answers their
 * faults. A touch that has to wait for its pager is left waiting, and other steps
 * are done meanwhile, by the same process and others.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "look.h"
#include "ops.h"
#include "pager_ends.h"

/* Faults that one read() takes, at most. */
#define FAULTS 3

static void draw_create(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_empty(draw, step);
	step->args[1] = fuzz_draw_empty(draw, step);
}

static void run_create(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct pager ends;
	int pager;

	if (!fuzz_compare(world, step, 0,
			  pager_create(process->nodes[0], &ends)))
		return;
	if (fcntl(ends.fd, F_SETFL, O_NONBLOCK))
		fuzz_wrong(world, "O_NONBLOCK cannot be set");
	pager = fuzz_new_pager(world);
	fuzz_put(world, fuzz_slot(process, step->args[0]), ends.fd,
		 fuzz_new_file(world, FUZZ_PAGER, pager, 0));
	fuzz_put(world, fuzz_slot(process, step->args[1]), ends.attach,
		 fuzz_new_file(world, FUZZ_ATTACH, pager, 0));
}

/* ------------------------------------------------------------- touching */

static int idle_toucher(const struct fuzz_process *process)
{
	int i = 0;

	while (i < FUZZ_TOUCHERS && process->touchers[i].waits)
		i++;
	return i;
}

/* A page of a region with a pager, most often one of the first. */
static void draw_touch(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const struct walk_model *map = &process->map;
	const struct walk_piece *piece;
	__u64 from, i, pages;

	draw->none = true;
	if (!map->count || idle_toucher(process) == FUZZ_TOUCHERS)
		return;
	from = fuzz_number(draw, map->count);
	for (i = 0; i < map->count && draw->none; i++) {
		piece = &map->pieces[(from + i) % map->count];
		if (piece->kind != WALK_REGION || !(piece->flags & PAGER))
			continue;
		draw->none = false;
		pages = (piece->end - piece->start) / WALK_PAGE;
		if (pages > 4 && !fuzz_one(draw, 3))
			pages = 4;
		step->args[0] = (piece->start - FUZZ_LOW) / WALK_PAGE +
				fuzz_number(draw, pages);
		step->args[2] =
			fuzz_one(draw, piece->prot & PROT_WRITE ? 2 : 8);
	}
	step->args[1] = fuzz_number(draw, WALK_PAGE / 8);
}

static void *touch(void *arg)
{
	struct fuzz_toucher *self = arg;

	self->tid = gettid();
	self->state = FUZZ_TOUCHES;
	self->got = fuzz_touch(self->addr, self->write, &self->byte);
	self->state = FUZZ_TOUCHED;
	return NULL;
}

static bool start(struct fuzz_toucher *toucher)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, touch, toucher) &&
	       !pthread_detach(thread);
}

/*
 * Until it sleeps, or has touched it. There is nothing else that it could wait for in
 * such a sleep.
 */
static bool is_asleep(const struct fuzz_world *world,
		      const struct fuzz_toucher *toucher)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	const __s64 end = clock_ns() + fuzz_late(world) * 1000000LL;
	bool sleeps;

	while (toucher->state != FUZZ_TOUCHED && clock_ns() < end) {
		sleeps = toucher->state == FUZZ_TOUCHES &&
			 test_thread_state(toucher->tid) == 'S';
		if (sleeps && toucher->state == FUZZ_TOUCHES)
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

/* Each of these threads has bytes of its own, whatever is mapped where. */
static void run_touch(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const int idle = idle_toucher(process);
	struct fuzz_toucher *toucher = &process->touchers[idle];
	const __u64 addr = FUZZ_LOW +
			   (__u64)step->args[0] % FUZZ_PAGES * WALK_PAGE +
			   (__u64)step->args[1] % (WALK_PAGE / 8) * 8 +
			   step->process * FUZZ_TOUCHERS + idle;
	const bool write = step->args[2];
	struct fuzz_sight sight;
	int got;

	if (idle == FUZZ_TOUCHERS)
		return;
	sight = fuzz_see(world, walk_at(&process->map, addr), addr,
			 write ? PROT_WRITE : PROT_READ);
	memset(toucher, 0, sizeof(*toucher));
	toucher->addr = addr;
	toucher->write = write;
	toucher->byte = ++world->stamp;
	if (!start(toucher)) {
		fuzz_wrong(world, "no thread");
		return;
	}
	if (sight.ret != -EINPROGRESS) {
		fuzz_touched(world, toucher, &sight);
		fuzz_compare(world, step, sight.ret, toucher->got);
		return;
	}
	got = is_asleep(world, toucher) ? -EINPROGRESS : toucher->got;
	fuzz_compare(world, step, -EINPROGRESS, got);
	toucher->waits = true;
	toucher->paged = sight.paged;
	toucher->page = sight.page;
	toucher->id = ++fuzz_pager_of(world, sight.paged)->last_id;
}

/* ------------------------------------------------------------- answering */

/* One that has faults, most often. */
static struct fuzz_toucher *draw_pager(struct fuzz_draw *draw,
				       struct fuzz_step *step, bool unread,
				       struct fuzz_process **process)
{
	const struct fuzz_process *self = fuzz_draws_for(draw, step);
	struct fuzz_world *world = (struct fuzz_world *)draw->world;
	struct fuzz_toucher *waits = NULL;
	const struct fuzz_file *file;
	int tries, number;

	for (tries = 0; tries < 8 && !waits; tries++) {
		step->args[0] = fuzz_draw_slot(draw, step, FUZZ_PAGER);
		number = self->slots[step->args[0]].file;
		if (number == FUZZ_NONE)
			continue;
		file = &world->files[number];
		if (file->kind == FUZZ_PAGER)
			waits = fuzz_next_fault(world, file->object, 0, unread,
						process);
	}
	return waits;
}

static void draw_read(struct fuzz_draw *draw, struct fuzz_step *step)
{
	struct fuzz_process *process;

	if (!draw_pager(draw, step, true, &process) && !fuzz_one(draw, 20))
		draw->none = true;
	step->args[1] = fuzz_one(draw, 20) ? 0 : 1 + fuzz_number(draw, FAULTS);
}

static void compare_fault(struct fuzz_world *world,
			  const struct membank_pager_fault *fault,
			  const struct fuzz_process *process,
			  const struct fuzz_toucher *toucher)
{
	const __u32 access = toucher->write ? MEMBANK_PAGER_WRITE : 0;

	if (fault->id != toucher->id || fault->address != toucher->addr ||
	    fault->offset != toucher->page * WALK_PAGE ||
	    fault->access != access || fault->pid != process->pid ||
	    fault->tid != toucher->tid || fault->__reserved)
		fuzz_wrong(world,
			   "fault %llu at %llx, %llx, %x, not %llu at %llx",
			   fault->id, fault->address, fault->offset,
			   fault->access, toucher->id, toucher->addr);
}

/* What read() gives: bytes, or a negative errno. */
static int predict_read(struct fuzz_world *world, const struct fuzz_file *file,
			unsigned int room)
{
	const size_t size = sizeof(struct membank_pager_fault);
	struct fuzz_process *process;
	struct fuzz_toucher *toucher;
	unsigned int nr = 0;
	__u64 id = 0;

	if (!file)
		return -EBADF;
	if (!room)
		return -EINVAL;
	while (nr < room) {
		toucher = fuzz_next_fault(world, file->object, id, true,
					  &process);
		if (!toucher)
			break;
		id = toucher->id;
		nr++;
	}
	if (!nr && !world->pagers[file->object].unused)
		return -EAGAIN;
	return nr * size;
}

static void run_read(struct fuzz_world *world, const struct fuzz_step *step)
{
	const unsigned int room = (__u64)step->args[1] % (FAULTS + 1);
	struct fuzz_process *process = fuzz_process(world, step), *whose;
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	struct membank_pager_fault faults[FAULTS];
	struct fuzz_toucher *toucher;
	unsigned int i;
	int want, got;

	if (file && file->kind != FUZZ_PAGER)
		return;
	want = predict_read(world, file, room);
	/* What another process detached has its end a moment later. */
	if (!want && room)
		poll(&(struct pollfd){ .fd = slot->fd }, 1, fuzz_late(world));
	/* Room for a little less than what there is room for. */
	got = read(slot->fd, faults, (room + 1) * sizeof(*faults) - 1);
	if (got < 0)
		got = -errno;
	if (!fuzz_compare(world, step, want, got))
		return;
	if (got != want) {
		fuzz_wrong(world, "read %d bytes instead of %d", got, want);
		return;
	}
	for (i = 0; i < got / sizeof(*faults); i++) {
		toucher = fuzz_next_fault(world, file->object, 0, true, &whose);
		compare_fault(world, &faults[i], whose, toucher);
		toucher->told = true;
	}
}

static bool has_rights(const struct fuzz_draw *draw,
		       const struct fuzz_step *step, __s64 slot)
{
	const int file = fuzz_draws_for(draw, step)->slots[slot].file;

	return fuzz_drawn_space(draw, step, slot) &&
	       !(~draw->world->files[file].rights & (READ | WRITE)) &&
	       !fuzz_is_lost(draw->world, &draw->world->files[file]);
}

static void draw_answer(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_space *space;
	struct fuzz_process *process;
	__s64 *args = step->args;
	__u64 pages, page;
	int tries;

	if (!draw_pager(draw, step, false, &process) && !fuzz_one(draw, 20)) {
		draw->none = true;
		return;
	}
	args[1] = fuzz_number(draw, 3);
	args[2] = FUZZ_NONE;
	if (fuzz_one(draw, 6))
		return;
	/* With all the rights that it may take, mostly. */
	for (tries = 0; tries < 4; tries++) {
		args[2] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
		if (has_rights(draw, step, args[2]))
			break;
	}
	space = fuzz_drawn_space(draw, step, args[2]);
	pages = space ? space->extent / WALK_PAGE : 1;
	page = fuzz_number(draw, pages);
	args[3] = page * WALK_PAGE;
	if (fuzz_one(draw, 2))
		args[4] = fuzz_number(draw, (pages - page) * WALK_PAGE + 1);
	if (args[4] > 6 * WALK_PAGE && fuzz_one(draw, 2))
		args[4] = fuzz_number(draw, 6 * WALK_PAGE);
	if (fuzz_one(draw, 30))
		args[5] = fuzz_number(draw, 3);
}

/* Of those that wait the one with this number, from the oldest one on. */
static struct fuzz_toucher *find_fault(struct fuzz_world *world, int pager,
				       __s64 number)
{
	struct fuzz_toucher *toucher, *found = NULL;
	struct fuzz_process *process;
	__u64 id = 0, i;

	for (i = 0; i <= (__u64)number % (FUZZ_PROCESSES * FUZZ_TOUCHERS);
	     i++) {
		toucher = fuzz_next_fault(world, pager, id, false, &process);
		if (!toucher)
			break;
		found = toucher;
		id = toucher->id;
	}
	return found;
}

static struct fuzz_answer *free_answer(struct fuzz_world *world)
{
	struct fuzz_answer *answer;

	for (answer = world->answers; answer < world->answers + FUZZ_ANSWERS;
	     answer++)
		if (!answer->used)
			return answer;
	return NULL;
}

/* What the dataspace makes of it, when there is a fault. */
static int predict_dataspace(const struct fuzz_world *world,
			     const struct fuzz_toucher *toucher,
			     const struct fuzz_file *with,
			     const struct membank_pager_reply *args)
{
	const __u64 extent = world->spaces[with->object].extent;
	__u32 rights = READ;

	if (!(world->paged[toucher->paged].flags & READ_ONLY))
		rights |= WRITE;
	if (rights & ~with->rights)
		return -EACCES;
	if (args->offset >= extent || args->length > extent - args->offset)
		return -ERANGE;
	if (fuzz_space_mappings(world, with->object, NO_ALIAS))
		return -EBUSY;
	return fuzz_is_lost(world, with) ? -ENODEV : 0;
}

static int predict_answer(const struct fuzz_world *world,
			  const struct fuzz_file *file,
			  const struct fuzz_toucher *toucher,
			  const struct fuzz_file *with, bool none,
			  const struct membank_pager_reply *args)
{
	if (!file)
		return -EBADF;
	if (file->kind != FUZZ_PAGER)
		return -ENOTTY;
	if (args->flags)
		return -EOPNOTSUPP;
	if (args->offset % WALK_PAGE)
		return -EINVAL;
	if (!none && !with)
		return -EBADF;
	if (!none && with->kind != FUZZ_DATASPACE)
		return -EINVAL;
	if (!toucher)
		return -ENOENT;
	return none ? 0 : predict_dataspace(world, toucher, with, args);
}

/* Up to a page that was answered before, and to the end of the region. */
static __u64 count_pages(const struct fuzz_world *world,
			 const struct fuzz_toucher *toucher, __u64 length)
{
	const __u64 most = (length + WALK_PAGE - 1) / WALK_PAGE ?: 1;
	__u64 page = toucher->page;

	while (page - toucher->page < most &&
	       page < world->paged[toucher->paged].end &&
	       !fuzz_answer_at(world, toucher->paged, page))
		page++;
	return page - toucher->page;
}

static void run_answer(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	struct fuzz_slot *other = fuzz_slot(process, step->args[2]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	const bool none = step->args[2] == FUZZ_NONE;
	struct fuzz_answer *answer = free_answer(world);
	struct fuzz_toucher *toucher = NULL;
	struct membank_pager_reply args = {
		.size = sizeof(args),
		.id = step->args[1],
		.fd = none ? -1 : other->fd,
		.offset = step->args[3],
		.length = step->args[4],
		.flags = step->args[5],
	};
	int want;

	if (!answer)
		return;
	if (fuzz_is(file, FUZZ_PAGER))
		toucher = find_fault(world, file->object, step->args[1]);
	if (toucher)
		args.id = toucher->id;
	want = predict_answer(world, file, toucher, fuzz_file_at(world, other),
			      none, &args);
	if (!fuzz_compare(world, step, want,
			  test_ioctl(slot->fd, MEMBANK_IOC_PAGER_REPLY, &args)))
		return;
	if (none) {
		toucher->failed = true;
		return;
	}
	*answer = (struct fuzz_answer){
		.used = true,
		.paged = toucher->paged,
		.first = toucher->page,
		.pages = count_pages(world, toucher, args.length),
		.file = other->file,
		.page = args.offset / WALK_PAGE,
	};
}

const struct fuzz_op fuzz_pager_ops[] = {
	{ "create-pager", { "slot", "attach" }, 40, 5, draw_create, run_create },
	{ "touch", { "page", "word", "write" }, 200, 30, draw_touch, run_touch },
	{ "read-fault", { "slot", "count" }, 60, 10, draw_read, run_read },
	{ "answer",
	  { "slot", "fault", "dataspace", "offset", "length", "flags" },
	  200,
	  20,
	  draw_answer,
	  run_answer },
	{},
};
