// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of the model for regions with pagers: what a pager has answered, who
 * waits for it, and what somebody finds at an address.
 */
#include <poll.h>
#include <sys/mman.h>
#include <time.h>

#include "look.h"

/**
 * fuzz_pager_of() - the pager of a region
 * @world: where
 * @paged: the region
 */
struct fuzz_pager *fuzz_pager_of(struct fuzz_world *world, int paged)
{
	const int attached = world->paged[paged].attached;

	return &world->pagers[world->files[attached].object];
}

/* ------------------------------------------------------------- answers */

/**
 * fuzz_answer_at() - what a page was answered to be
 * @world: where
 * @paged: the region
 * @page: as the pager knows it
 *
 * Return: the answer, NULL if there was none.
 */
const struct fuzz_answer *fuzz_answer_at(const struct fuzz_world *world,
					 int paged, __u64 page)
{
	const struct fuzz_answer *answer;

	for (answer = world->answers; answer < world->answers + FUZZ_ANSWERS;
	     answer++)
		if (answer->used && answer->paged == paged &&
		    answer->first <= page &&
		    page - answer->first < answer->pages)
			return answer;
	return NULL;
}

/**
 * fuzz_space_answers() - answers that are of a dataspace
 * @world: where
 * @space: its number
 *
 * Return: how many there are, each of which counts as a mapping.
 */
unsigned int fuzz_space_answers(const struct fuzz_world *world, int space)
{
	const struct fuzz_answer *answer;
	unsigned int count = 0;

	for (answer = world->answers; answer < world->answers + FUZZ_ANSWERS;
	     answer++)
		count += answer->used &&
			 world->files[answer->file].object == space;
	return count;
}

/**
 * fuzz_is_answer() - does an answer hold a file
 * @world: where
 * @file: its number
 */
bool fuzz_is_answer(const struct fuzz_world *world, int file)
{
	const struct fuzz_answer *answer;

	for (answer = world->answers; answer < world->answers + FUZZ_ANSWERS;
	     answer++)
		if (answer->used && answer->file == file)
			return true;
	return false;
}

/**
 * fuzz_is_attached() - does a region hold what it was attached with
 * @world: where
 * @file: the number of that end of a pager
 */
bool fuzz_is_attached(const struct fuzz_world *world, int file)
{
	int i;

	for (i = 0; i < FUZZ_PAGED; i++)
		if (world->paged[i].used && world->paged[i].attached == file)
			return true;
	return false;
}

/**
 * fuzz_end_paged() - a region is gone, and all its copies, with all answers
 * @world: where
 * @paged: which
 */
void fuzz_end_paged(struct fuzz_world *world, int paged)
{
	struct fuzz_answer *answer;

	for (answer = world->answers; answer < world->answers + FUZZ_ANSWERS;
	     answer++)
		if (answer->paged == paged)
			answer->used = false;
	world->paged[paged].used = false;
}

/**
 * fuzz_see() - what somebody finds at an address
 * @world: where
 * @piece: what there is, or NULL
 * @addr: in it
 * @access: PROT_READ or PROT_WRITE
 */
struct fuzz_sight fuzz_see(const struct fuzz_world *world,
			   const struct walk_piece *piece, __u64 addr,
			   int access)
{
	struct fuzz_sight sight = { .ret = -EACCES };
	const struct fuzz_answer *answer;
	const struct fuzz_file *file;
	__u64 offset;
	int attached;

	if (!piece || piece->kind != WALK_REGION || !(piece->prot & access))
		return sight;
	file = &world->files[piece->space];
	offset = piece->offset + addr - piece->start;
	if (file->kind == FUZZ_REGION) {
		sight.paged = file->object;
		sight.page = offset / WALK_PAGE;
		answer = fuzz_answer_at(world, sight.paged, sight.page);
		if (!answer) {
			attached = world->paged[sight.paged].attached;
			sight.ret = -EINPROGRESS;
			if (world->pagers[world->files[attached].object].gone)
				sight.ret = -EIO;
			return sight;
		}
		file = &world->files[answer->file];
		offset += (answer->page - answer->first) * WALK_PAGE;
	}
	sight.ret = fuzz_is_lost(world, file) ? -EIO : 0;
	if (!sight.ret)
		sight.image = fuzz_image(world, file->object, offset);
	return sight;
}

/* ------------------------------------------------------------- who waits */

/**
 * fuzz_is_awaited() - does somebody wait in a region
 * @world: where
 * @paged: the region, which is held then
 */
bool fuzz_is_awaited(const struct fuzz_world *world, int paged)
{
	const struct fuzz_toucher *toucher;
	int i, j;

	for (i = 0; i < FUZZ_PROCESSES; i++) {
		for (j = 0; j < FUZZ_TOUCHERS; j++) {
			toucher = &world->processes[i].touchers[j];
			if (toucher->waits && toucher->paged == paged)
				return true;
		}
	}
	return false;
}

/**
 * fuzz_waits_at() - does a thread wait at one of these addresses
 * @process: whose they are
 * @start: the first
 * @end: behind the last
 */
bool fuzz_waits_at(const struct fuzz_process *process, __u64 start, __u64 end)
{
	const struct fuzz_toucher *toucher;

	for (toucher = process->touchers;
	     toucher < process->touchers + FUZZ_TOUCHERS; toucher++)
		if (toucher->waits && toucher->addr >= start &&
		    toucher->addr < end)
			return true;
	return false;
}

/**
 * fuzz_touched() - compare what a thread found with what there should be
 * @world: notes it if they differ
 * @toucher: that does not wait any more
 * @sight: what it should have found
 */
void fuzz_touched(struct fuzz_world *world, struct fuzz_toucher *toucher,
		  const struct fuzz_sight *sight)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	const __s64 end = clock_ns() + fuzz_late(world) * 1000000LL;

	while (toucher->state != FUZZ_TOUCHED) {
		/* What is wrong already may be what it waits for. */
		if (world->wrong[0])
			return;
		if (clock_ns() > end) {
			fuzz_wrong(world, "who touched %llx does not go on",
				   toucher->addr);
			return;
		}
		nanosleep(&nap, NULL);
	}
	if (toucher->got != sight->ret)
		fuzz_wrong(world, "a touch of %llx gave %d instead of %d",
			   toucher->addr, toucher->got, sight->ret);
	else if (sight->ret)
		return;
	else if (toucher->write)
		*sight->image = toucher->byte;
	else if (*sight->image != toucher->byte)
		fuzz_wrong(world, "a touch of %llx found %x instead of %x",
			   toucher->addr, toucher->byte & 0xff,
			   *sight->image & 0xff);
}

/* It looks anew; an error is found only where the fault was. */
static void go_on(struct fuzz_world *world, struct fuzz_process *process,
		  struct fuzz_toucher *toucher)
{
	const struct walk_piece *piece = walk_at(&process->map, toucher->addr);
	const int access = toucher->write ? PROT_WRITE : PROT_READ;
	struct fuzz_sight sight = fuzz_see(world, piece, toucher->addr, access);

	if (sight.ret == -EINPROGRESS && sight.paged == toucher->paged &&
	    sight.page == toucher->page)
		sight.ret = world->plant == FUZZ_PLANT_ERROR_NO_ACCESS ?
				    -EACCES :
				    -EIO;
	toucher->waits = false;
	fuzz_touched(world, toucher, &sight);
}

/**
 * fuzz_go_on() - let all go on who need not wait for a pager any more
 * @world: in which a pager has answered, or has ended
 *
 * Return: whether there was one.
 */
bool fuzz_go_on(struct fuzz_world *world)
{
	struct fuzz_toucher *toucher;
	bool any = false;
	int i, j;

	for (i = 0; i < FUZZ_PROCESSES; i++) {
		for (j = 0; j < FUZZ_TOUCHERS; j++) {
			toucher = &world->processes[i].touchers[j];
			if (!toucher->waits ||
			    (!toucher->failed &&
			     !fuzz_pager_of(world, toucher->paged)->gone &&
			     !fuzz_answer_at(world, toucher->paged,
					     toucher->page)))
				continue;
			go_on(world, &world->processes[i], toucher);
			any = true;
		}
	}
	return any;
}

/**
 * fuzz_next_fault() - the oldest fault of a pager that waits
 * @world: where
 * @pager: its number
 * @above: only of those with a higher id
 * @unread: only of those that nobody has read
 * @process: set to whose it is
 *
 * Return: who waits, or NULL.
 */
struct fuzz_toucher *fuzz_next_fault(struct fuzz_world *world, int pager,
				     __u64 above, bool unread,
				     struct fuzz_process **process)
{
	struct fuzz_toucher *toucher, *next = NULL;
	int i, j;

	for (i = 0; i < FUZZ_PROCESSES; i++) {
		for (j = 0; j < FUZZ_TOUCHERS; j++) {
			toucher = &world->processes[i].touchers[j];
			if (!toucher->waits || toucher->id <= above ||
			    (unread && toucher->told) ||
			    fuzz_pager_of(world, toucher->paged) !=
				    &world->pagers[pager] ||
			    (next && next->id < toucher->id))
				continue;
			next = toucher;
			*process = &world->processes[i];
		}
	}
	return next;
}

/**
 * fuzz_pager_events() - what poll() reports of a pager
 * @world: where
 * @file: the end that answers
 */
int fuzz_pager_events(const struct fuzz_world *world,
		      const struct fuzz_file *file)
{
	struct fuzz_process *process;
	int events = 0;

	if (fuzz_next_fault((struct fuzz_world *)world, file->object, 0, true,
			    &process))
		events |= POLLIN;
	if (world->pagers[file->object].unused)
		events |= POLLHUP;
	return events;
}
