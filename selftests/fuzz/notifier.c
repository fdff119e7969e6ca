// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers and the eventfds that they bind.
 */
#include "ops.h"

#include "notify.h"

#define MILLISECOND 1000000ULL

static int create(struct fuzz_world *world, struct fuzz_process *process,
		  __s64 to, int fd, int file)
{
	if (world->files[file].kind == FUZZ_NOTIFIER && notifier_nonblock(fd))
		fuzz_wrong(world, "O_NONBLOCK cannot be set");
	fuzz_put(world, fuzz_slot(process, to), fd, file);
	return file;
}

/* What a command says to a descriptor that is no notifier. */
static int predict_ioctl(const struct fuzz_file *file)
{
	if (!file)
		return -EBADF;
	return file->kind == FUZZ_NOTIFIER ? 0 : -ENOTTY;
}

static int predict_rights(const struct fuzz_file *file, __u32 rights)
{
	if (rights & ~file->rights)
		return -EACCES;
	return file->revoked ? -ENODEV : 0;
}

static void draw_create(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_empty(draw, step);
}

static void run_create(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	int fd = notifier_create(process->nodes[0]);

	if (fuzz_compare(world, step, 0, fd))
		create(world, process, step->args[0], fd,
		       fuzz_new_file(world, FUZZ_NOTIFIER,
				     fuzz_new_notifier(world), BOTH));
}

static void run_eventfd(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	int fd = event_create();

	if (fuzz_compare(world, step, 0, fd))
		create(world, process, step->args[0], fd,
		       fuzz_new_file(world, FUZZ_EVENTFD, 0, 0));
}

static void draw_derive(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
	step->args[1] = 1 + fuzz_number(draw, BOTH);
	if (fuzz_one(draw, 20))
		step->args[1] = fuzz_number(draw, 8);
	step->args[2] = fuzz_draw_empty(draw, step);
}

static void run_derive(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot), *other;
	const __u32 rights = step->args[1];
	int want = predict_ioctl(file), fd, lent = 0;

	if (!want && rights & ~BOTH)
		want = -EOPNOTSUPP;
	else if (!want && !rights)
		want = -EINVAL;
	else if (!want)
		want = predict_rights(file, rights);
	for (other = world->files; other < world->files + FUZZ_FILES; other++)
		lent += file && file->service && other->kind == FUZZ_NOTIFIER &&
			!other->revoked && other->object == file->object &&
			other->service == file->service &&
			other->client == file->client;
	if (!want && lent >= MEMBANK_NOTIFIER_LENT_MAX)
		want = -EDQUOT;
	fd = notifier_derive(slot->fd, rights);
	if (fuzz_compare(world, step, want, fd))
		create(world, process, step->args[2], fd,
		       fuzz_derive_file(world, slot->file, rights));
}

static void draw_bind(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
	step->args[1] = fuzz_draw_slot(draw, step, FUZZ_EVENTFD);
	step->args[2] = fuzz_one(draw, 2);
	if (fuzz_one(draw, 5)) {
		step->args[1] = FUZZ_NONE;
		step->args[2] = fuzz_one(draw, 10);
	}
}

static void run_bind(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	struct fuzz_slot *event = fuzz_slot(process, step->args[1]);
	struct fuzz_file *file = fuzz_file_at(world, slot);
	const struct fuzz_file *bound = fuzz_file_at(world, event);
	const bool none = step->args[1] == FUZZ_NONE;
	const bool oneshot = step->args[2];
	int want = predict_ioctl(file), ret;

	if (!want && none && oneshot)
		want = -EINVAL;
	else if (!want)
		want = predict_rights(file, RECEIVE);
	if (!want && !none && !bound)
		want = -EBADF;
	else if (!want && !none && bound->kind != FUZZ_EVENTFD)
		want = -EINVAL;
	if (oneshot)
		ret = notifier_bind_oneshot(slot->fd, none ? -1 : event->fd);
	else
		ret = notifier_bind(slot->fd, none ? -1 : event->fd);
	if (fuzz_compare(world, step, want, ret))
		fuzz_bind(world, file, none ? FUZZ_NONE : event->file, oneshot);
}

static void draw_trigger(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
	step->args[1] = fuzz_one(draw, 3);
}

/* By the command, or by write(), which others have as well. */
static void run_trigger(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	const bool writes = step->args[1];
	int want = predict_ioctl(file);

	if (writes && want == -ENOTTY)
		return;
	if (!want)
		want = predict_rights(file, TRIGGER);
	if (fuzz_compare(world, step, want,
			 writes ? notifier_write(slot->fd) :
				  notifier_trigger(slot->fd)))
		fuzz_trigger(world, file->object);
}

/* One that has bound something such that it can be masked, most often. */
static void draw_unmask(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const struct fuzz_file *file;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		step->args[0] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
		if (process->slots[step->args[0]].file == FUZZ_NONE)
			continue;
		file = &draw->world->files[process->slots[step->args[0]].file];
		if (file->oneshot)
			return;
	}
	draw->none = true;
}

static void run_unmask(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	struct fuzz_file *file = fuzz_file_at(world, slot);
	int want = predict_ioctl(file);

	if (!want)
		want = predict_rights(file, RECEIVE);
	if (!want && (file->event == FUZZ_NONE || !file->oneshot))
		want = -EINVAL;
	if (!fuzz_compare(world, step, want, notifier_unmask(slot->fd)))
		return;
	file->masked = file->pending;
	world->files[file->event].count += file->pending;
	file->pending = false;
}

/* ------------------------------------------------------------- receiving */

/* What is read of a notifier that counts for itself now, or an error. */
static __s64 predict_receive(struct fuzz_world *world, struct fuzz_file *file,
			     int none)
{
	__s64 count = file->count;

	if (count) {
		file->count = 0;
		return count;
	}
	return fuzz_is_alone(world, file) ? -EPIPE : none;
}

static void compare_count(struct fuzz_world *world,
			  const struct fuzz_step *step, __s64 want, __s64 got)
{
	if (fuzz_compare(world, step, want < 0 ? want : 0, got < 0 ? got : 0) &&
	    want != got)
		fuzz_wrong(world, "%lld triggers instead of %lld", got, want);
}

static void draw_read(struct fuzz_draw *draw, struct fuzz_step *step)
{
	enum fuzz_kind kind = fuzz_one(draw, 3) ? FUZZ_EVENTFD : FUZZ_NOTIFIER;

	step->args[0] = fuzz_draw_slot(draw, step, kind);
}

/* A notifier, or an eventfd. */
static void run_read(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	struct fuzz_file *file = fuzz_file_at(world, slot);
	__s64 want;

	if (fuzz_is(file, FUZZ_EVENTFD)) {
		want = file->count ? file->count : -EAGAIN;
		file->count = 0;
	} else if (fuzz_is(file, FUZZ_NOTIFIER)) {
		want = predict_rights(file, RECEIVE);
		if (!want && file->event != FUZZ_NONE)
			want = -EBUSY;
		if (!want) {
			fuzz_count(world, file);
			want = predict_receive(world, file, -EAGAIN);
		}
	} else if (!file) {
		want = -EBADF;
	} else {
		return;
	}
	compare_count(world, step, want, notifier_read(slot->fd));
}

static void draw_call(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
	step->args[1] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
	step->args[2] = fuzz_one(draw, 4);
}

static void run_call(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	struct fuzz_slot *other = fuzz_slot(process, step->args[1]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	struct fuzz_file *waits = fuzz_file_at(world, other);
	__s64 want = predict_ioctl(file);

	if (!want && !waits)
		want = -EBADF;
	else if (!want && waits->kind != FUZZ_NOTIFIER)
		want = -EINVAL;
	if (!want)
		want = predict_rights(file, TRIGGER);
	if (!want)
		want = predict_rights(waits, RECEIVE);
	if (!want && waits->event != FUZZ_NONE)
		want = -EBUSY;
	if (!want) {
		fuzz_count(world, waits);
		fuzz_trigger(world, file->object);
		want = predict_receive(world, waits, -ETIMEDOUT);
	}
	compare_count(world, step, want,
		      notifier_call(slot->fd, other->fd,
				    step->args[2] ? MILLISECOND : 0));
}

const struct fuzz_op fuzz_notifier_ops[] = {
	{ "create-notifier", { "slot" }, 25, 3, draw_create, run_create },
	{ "create-eventfd", { "slot" }, 15, 3, draw_create, run_eventfd },
	{ "derive-notifier",
	  { "slot", "rights", "to" },
	  30,
	  5,
	  draw_derive,
	  run_derive },
	{ "bind", { "slot", "eventfd", "oneshot" }, 50, 5, draw_bind, run_bind },
	{ "trigger", { "slot", "write" }, 60, 10, draw_trigger, run_trigger },
	{ "unmask", { "slot" }, 80, 5, draw_unmask, run_unmask },
	{ "read", { "slot" }, 50, 10, draw_read, run_read },
	{ "call", { "slot", "wait", "sleep" }, 30, 5, draw_call, run_call },
	{},
};
