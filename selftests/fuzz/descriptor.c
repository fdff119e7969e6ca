// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes do with descriptors of any kind, and pass on among them.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops.h"

static __s64 draw_any(struct fuzz_draw *draw, const struct fuzz_step *step)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const __s64 from = fuzz_number(draw, FUZZ_SLOTS);
	__s64 i;

	for (i = 0; i < FUZZ_SLOTS; i++)
		if (process->slots[(from + i) % FUZZ_SLOTS].file != FUZZ_NONE)
			return (from + i) % FUZZ_SLOTS;
	draw->none = true;
	return from;
}

static void draw_close(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = draw_any(draw, step);
}

static void run_close(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_slot *slot =
		fuzz_slot(fuzz_process(world, step), step->args[0]);

	fuzz_compare(world, step, slot->file == FUZZ_NONE ? -EBADF : 0,
		     slot->file == FUZZ_NONE && close(slot->fd) ? -errno : 0);
	fuzz_close(world, slot);
}

static void draw_dup(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = draw_any(draw, step);
	step->args[1] = fuzz_draw_empty(draw, step);
}

static void run_dup(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	int fd = fcntl(slot->fd, F_DUPFD_CLOEXEC, 0);

	if (fuzz_compare(world, step, slot->file == FUZZ_NONE ? -EBADF : 0,
			 fd < 0 ? -errno : 0))
		fuzz_put(world, fuzz_slot(process, step->args[1]), fd,
			 slot->file);
}

static void draw_send(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = draw_any(draw, step);
	step->args[1] = fuzz_number(draw, FUZZ_PROCESSES);
}

/* Into the socket of a process, where it stays until that takes it. */
static void run_send(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_slot *slot =
		fuzz_slot(fuzz_process(world, step), step->args[0]);
	struct fuzz_process *to =
		&world->processes[(__u64)step->args[1] % FUZZ_PROCESSES];

	if (to->nr_queue == FUZZ_QUEUE)
		return;
	if (!fuzz_compare(world, step, slot->file == FUZZ_NONE ? -EBADF : 0,
			  test_send_fd(to->sockets[1], slot->fd)))
		return;
	world->files[slot->file].refs++;
	to->queue[to->nr_queue++] = slot->file;
}

static void draw_take(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_empty(draw, step);
	draw->none = !fuzz_draws_for(draw, step)->nr_queue;
}

static void run_take(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	const int file = process->queue[0];
	int fd = test_receive_fd(process->sockets[0]);

	if (!fuzz_compare(world, step, process->nr_queue ? 0 : -EAGAIN, fd))
		return;
	process->nr_queue--;
	memmove(process->queue, process->queue + 1,
		process->nr_queue * sizeof(*process->queue));
	fuzz_put(world, fuzz_slot(process, step->args[0]), fd, file);
	world->files[file].refs--;
}

static void draw_fetch(struct fuzz_draw *draw, struct fuzz_step *step)
{
	struct fuzz_step there = *step;

	there.process = fuzz_number(draw, FUZZ_PROCESSES);
	step->args[0] = there.process;
	step->args[1] = draw_any(draw, &there);
	step->args[2] = fuzz_draw_empty(draw, step);
}

/* Takes a descriptor from another process, as a debugger may. */
static void run_fetch(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_process *other =
		&world->processes[(__u64)step->args[0] % FUZZ_PROCESSES];
	struct fuzz_slot *slot = fuzz_slot(other, step->args[1]);
	int want = slot->file == FUZZ_NONE ? -EBADF : 0;
	int pidfd, fd;

	if (other == process)
		return;
	if (process->uid)
		want = -EPERM;
	pidfd = syscall(SYS_pidfd_open, other->pid, 0);
	fd = syscall(SYS_pidfd_getfd, pidfd, slot->fd, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	if (fuzz_compare(world, step, want, fd))
		fuzz_put(world, fuzz_slot(process, step->args[2]), fd,
			 slot->file);
}

const struct fuzz_op fuzz_descriptor_ops[] = {
	{ "close", { "slot" }, 60, 200, draw_close, run_close },
	{ "dup", { "slot", "to" }, 25, 3, draw_dup, run_dup },
	{ "send", { "slot", "process" }, 35, 5, draw_send, run_send },
	{ "take", { "to" }, 40, 5, draw_take, run_take },
	{ "fetch", { "process", "slot", "to" }, 20, 2, draw_fetch, run_fetch },
	{},
};
