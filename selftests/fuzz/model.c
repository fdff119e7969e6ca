// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>
#include <unistd.h>

#include "model.h"

/* ------------------------------------------------------------- new things */

/**
 * fuzz_new_file() - note an open file
 * @world: where
 * @kind: what it is
 * @object: of which
 * @rights: that it has
 *
 * Return: its number; nobody holds it yet.
 */
int fuzz_new_file(struct fuzz_world *world, enum fuzz_kind kind, int object,
		  __u32 rights)
{
	int i;

	for (i = 0; i < FUZZ_FILES; i++) {
		if (world->files[i].kind)
			continue;
		world->files[i] = (struct fuzz_file){
			.kind = kind,
			.object = object,
			.rights = rights,
			.event = FUZZ_NONE,
		};
		return i;
	}
	fuzz_wrong(world, "the model has no room for a file");
	return 0;
}

/**
 * fuzz_derive_file() - note an open file of the same object and client
 * @world: where
 * @from: of which
 * @rights: that the new one has
 *
 * Return: its number.
 */
int fuzz_derive_file(struct fuzz_world *world, int from, __u32 rights)
{
	const struct fuzz_file *parent = &world->files[from];
	int file = fuzz_new_file(world, parent->kind, parent->object, rights);

	world->files[file].service = parent->service;
	world->files[file].client = parent->client;
	return file;
}

/* Each object begins with whether it is used; clears one that is not. */
static int new_object(struct fuzz_world *world, void *objects, size_t size,
		      int count)
{
	bool *object = objects;
	int i = 0;

	while (*object && ++i < count)
		object = objects + i * size;
	if (i == count) {
		fuzz_wrong(world, "the model has no room for an object");
		return 0;
	}
	memset(object, 0, size);
	*object = true;
	return i;
}

/** fuzz_new_space() - note a dataspace */
int fuzz_new_space(struct fuzz_world *world)
{
	return new_object(world, world->spaces, sizeof(world->spaces[0]),
			  FUZZ_SPACES);
}

/** fuzz_new_notifier() - note a notifier */
int fuzz_new_notifier(struct fuzz_world *world)
{
	return new_object(world, world->notifiers, sizeof(world->notifiers[0]),
			  FUZZ_NOTIFIERS);
}

/** fuzz_new_service() - note a service */
int fuzz_new_service(struct fuzz_world *world)
{
	int service = new_object(world, world->services,
				 sizeof(world->services[0]), FUZZ_SERVICES);

	world->services[service].serial = ++world->serial;
	return service;
}

/** fuzz_new_pager() - note a pager */
int fuzz_new_pager(struct fuzz_world *world)
{
	return new_object(world, world->pagers, sizeof(world->pagers[0]),
			  FUZZ_PAGERS);
}

/** fuzz_new_paged() - note a region with a pager */
int fuzz_new_paged(struct fuzz_world *world)
{
	return new_object(world, world->paged, sizeof(world->paged[0]),
			  FUZZ_PAGED);
}

/* ------------------------------------------------------------- lifetimes */

/**
 * fuzz_file_mappings() - regions of a file
 * @world: where
 * @file: its number
 *
 * Return: how many there are in all processes.
 */
unsigned int fuzz_file_mappings(const struct fuzz_world *world, int file)
{
	unsigned int process, count = 0;

	for (process = 0; process < FUZZ_PROCESSES; process++)
		count += walk_mappings(&world->processes[process].map, file);
	return count;
}

/**
 * fuzz_space_mappings() - regions of a dataspace, and answers of pagers
 * @world: where
 * @space: its number
 * @flags: only those that have all these flags, which an answer never has
 *
 * Return: how many there are in all processes, by any file.
 */
unsigned int fuzz_space_mappings(const struct fuzz_world *world, int space,
				 __u32 flags)
{
	const struct walk_piece *piece;
	const struct walk_model *map;
	const struct fuzz_file *file;
	unsigned int process, i, count;

	count = flags ? 0 : fuzz_space_answers(world, space);

	for (process = 0; process < FUZZ_PROCESSES; process++) {
		map = &world->processes[process].map;
		for (i = 0; i < map->count; i++) {
			piece = &map->pieces[i];
			if (piece->kind != WALK_REGION)
				continue;
			file = &world->files[piece->space];
			count += file->kind == FUZZ_DATASPACE &&
				 file->object == space &&
				 (piece->flags & flags) == flags;
		}
	}
	return count;
}

/**
 * fuzz_close() - close a descriptor
 * @world: where
 * @slot: that the caller has; may be empty
 *
 * What ends with it does so in fuzz_settle().
 */
void fuzz_close(struct fuzz_world *world, struct fuzz_slot *slot)
{
	if (slot->file == FUZZ_NONE)
		return;
	if (close(slot->fd))
		fuzz_wrong(world, "close(): %s", strerrorname_np(errno));
	world->files[slot->file].refs--;
	*slot = (struct fuzz_slot){ FUZZ_NONE, FUZZ_NOT_OPEN };
}

/**
 * fuzz_put() - have a descriptor in a slot, instead of what is there
 * @world: where
 * @slot: of the caller
 * @fd: its number
 * @file: what it is of
 */
void fuzz_put(struct fuzz_world *world, struct fuzz_slot *slot, int fd,
	      int file)
{
	world->files[file].refs++;
	fuzz_close(world, slot);
	slot->fd = fd;
	slot->file = file;
}

static bool is_bound(const struct fuzz_world *world, int event)
{
	int i;

	for (i = 0; i < FUZZ_FILES; i++)
		if (world->files[i].kind == FUZZ_NOTIFIER &&
		    world->files[i].event == event)
			return true;
	return false;
}

static bool is_held(const struct fuzz_world *world, int number)
{
	const struct fuzz_file *file = &world->files[number];

	if (file->refs)
		return true;
	switch (file->kind) {
	case FUZZ_DATASPACE:
		return fuzz_file_mappings(world, number) ||
		       fuzz_is_answer(world, number);
	case FUZZ_EVENTFD:
		return is_bound(world, number);
	case FUZZ_ATTACH:
		return fuzz_is_attached(world, number);
	case FUZZ_REGION:
		return fuzz_file_mappings(world, number) ||
		       fuzz_is_awaited(world, file->object);
	default:
		return false;
	}
}

static bool is_offered(const struct fuzz_world *world, enum fuzz_kind kind,
		       int object)
{
	const struct fuzz_service *service;
	unsigned int i;

	for (service = world->services;
	     service < world->services + FUZZ_SERVICES; service++) {
		if (!service->used || service->gone)
			continue;
		for (i = 0; i < service->nr_offers; i++)
			if (service->offers[i].kind == kind &&
			    service->offers[i].object == object)
				return true;
	}
	return false;
}

/* How many files there are of an object, and how many can still use it. */
static unsigned int count_files(const struct fuzz_world *world,
				enum fuzz_kind kind, int object,
				unsigned int *live)
{
	const struct fuzz_file *file;
	unsigned int count = 0;

	*live = 0;
	for (file = world->files; file < world->files + FUZZ_FILES; file++) {
		if (file->kind != kind || file->object != object)
			continue;
		count++;
		*live += !file->revoked;
	}
	return count;
}

/* A side of a notifier goes. */
static void leave(struct fuzz_world *world, const struct fuzz_file *file)
{
	struct fuzz_notifier *notifier = &world->notifiers[file->object];

	if (file->revoked)
		return;
	notifier->trigger_left |= !!(file->rights & MEMBANK_NOTIFIER_TRIGGER);
	notifier->receiver_left |= !!(file->rights & MEMBANK_NOTIFIER_RECEIVE);
}

static void add_event(struct fuzz_world *world, struct fuzz_service *service,
		      struct fuzz_event event)
{
	if (service->nr_events == FUZZ_EVENTS)
		fuzz_wrong(world, "the model has no room for an event");
	else
		service->events[service->nr_events++] = event;
}

static void end_connection(struct fuzz_world *world,
			   const struct fuzz_file *file)
{
	struct fuzz_service *service = &world->services[file->object];
	unsigned int i = 0;

	while (i < service->nr_clients &&
	       service->clients[i].client != file->client)
		i++;
	if (i == service->nr_clients) {
		fuzz_wrong(world, "the model has lost a client");
		return;
	}
	service->clients[i].type = MEMBANK_SERVICE_GONE;
	service->clients[i].moment = world->moment;
	if (!service->gone)
		add_event(world, service, service->clients[i]);
	service->nr_clients--;
	memmove(&service->clients[i], &service->clients[i + 1],
		(service->nr_clients - i) * sizeof(service->clients[i]));
}

static void end_file(struct fuzz_world *world, struct fuzz_file *file)
{
	switch (file->kind) {
	case FUZZ_NOTIFIER:
		leave(world, file);
		break;
	case FUZZ_CONNECTION:
		end_connection(world, file);
		break;
	case FUZZ_SERVICE:
		world->services[file->object].gone = true;
		break;
	case FUZZ_PAGER:
		world->pagers[file->object].gone = true;
		break;
	case FUZZ_ATTACH:
		world->pagers[file->object].unused = true;
		break;
	case FUZZ_REGION:
		fuzz_end_paged(world, file->object);
		break;
	default:
		break;
	}
	file->kind = FUZZ_UNUSED;
}

static void settle_space(struct fuzz_world *world, int number)
{
	struct fuzz_space *space = &world->spaces[number];
	unsigned int files, live;

	files = count_files(world, FUZZ_DATASPACE, number, &live);
	if (is_offered(world, FUZZ_DATASPACE, number)) {
		files++;
		live++;
	}
	/* Only who has lost it holds it still. */
	if (!live)
		space->revoked = true;
	space->memory = !space->revoked;
	if (world->plant == FUZZ_PLANT_REVOKED_STAYS)
		space->memory = true;
	space->used = files;
}

static void settle_notifier(struct fuzz_world *world, int number)
{
	unsigned int live;

	if (!count_files(world, FUZZ_NOTIFIER, number, &live) &&
	    !is_offered(world, FUZZ_NOTIFIER, number))
		world->notifiers[number].used = false;
}

/* It is remembered as long as somebody is connected to it. */
static void settle_service(struct fuzz_world *world, int number)
{
	struct fuzz_service *service = &world->services[number];

	if (service->gone && !service->nr_clients)
		service->used = false;
}

/**
 * fuzz_settle() - end what nobody holds any more
 * @world: in which something was closed, unmapped or revoked
 *
 * Who waits for a pager that has answered, or is gone, goes on first.
 */
void fuzz_settle(struct fuzz_world *world)
{
	bool changed;
	int i;

	do {
		changed = fuzz_go_on(world);
		for (i = 0; i < FUZZ_FILES; i++) {
			if (!world->files[i].kind || is_held(world, i))
				continue;
			end_file(world, &world->files[i]);
			changed = true;
		}
	} while (changed);

	for (i = 0; i < FUZZ_SPACES; i++)
		if (world->spaces[i].used)
			settle_space(world, i);
	for (i = 0; i < FUZZ_NOTIFIERS; i++)
		if (world->notifiers[i].used)
			settle_notifier(world, i);
	for (i = 0; i < FUZZ_SERVICES; i++)
		if (world->services[i].used)
			settle_service(world, i);
	for (i = 0; i < FUZZ_PAGERS; i++)
		if (world->pagers[i].gone && world->pagers[i].unused)
			world->pagers[i].used = false;
}

/* ------------------------------------------------------------- free memory */

/* The dataspace that begins at or above an offset, the lowest one. */
static const struct fuzz_space *next_space(const struct fuzz_world *world,
					   __u32 bank, __u64 from)
{
	const struct fuzz_space *space, *next = NULL;

	for (space = world->spaces; space < world->spaces + FUZZ_SPACES;
	     space++)
		if (space->used && space->memory && space->bank == bank &&
		    space->offset >= from &&
		    (!next || space->offset < next->offset))
			next = space;
	return next;
}

/**
 * fuzz_largest() - the largest extent that is free
 * @world: where
 * @bank: of which bank
 * @align: log2, in bytes, of its physical address
 *
 * Return: bytes.
 */
__u64 fuzz_largest(const struct fuzz_world *world, __u32 bank,
		   unsigned int align)
{
	const struct fuzz_bank *of = &world->banks[bank];
	const __u64 mask = align > 12 ? (1ULL << align) - 1 : 0;
	__u64 from = 0, start, end, largest = 0;
	const struct fuzz_space *space;

	do {
		space = next_space(world, bank, from);
		end = space ? space->offset : of->size;
		start = ((of->physical + from + mask) & ~mask) - of->physical;
		if (start < end && end - start > largest)
			largest = end - start;
		if (space)
			from = space->offset + space->extent;
	} while (space);
	return largest;
}

/**
 * fuzz_figures() - what a bank should show
 * @world: where
 * @bank: which
 */
struct fuzz_figures fuzz_figures(const struct fuzz_world *world, __u32 bank)
{
	struct fuzz_figures figures = {
		.largest = fuzz_largest(world, bank, 0),
	};
	const struct fuzz_space *space;

	for (space = world->spaces; space < world->spaces + FUZZ_SPACES;
	     space++) {
		if (!space->used || !space->memory || space->bank != bank)
			continue;
		figures.used += space->extent;
		figures.dataspaces++;
	}
	return figures;
}

/* ------------------------------------------------------------- triggers */

static bool binds(const struct fuzz_file *file)
{
	return !file->revoked && (file->counts || file->event != FUZZ_NONE);
}

static void deliver(struct fuzz_world *world, struct fuzz_file *file)
{
	if (file->counts) {
		file->count++;
		return;
	}
	if (file->masked)
		file->pending = true;
	else
		world->files[file->event].count++;
	file->masked = file->oneshot;
}

/**
 * fuzz_trigger() - trigger a notifier
 * @world: where
 * @notifier: which
 */
void fuzz_trigger(struct fuzz_world *world, int notifier)
{
	struct fuzz_file *file;
	bool told = false;

	for (file = world->files; file < world->files + FUZZ_FILES; file++) {
		if (file->kind != FUZZ_NOTIFIER || file->object != notifier ||
		    !binds(file))
			continue;
		deliver(world, file);
		told = true;
	}
	if (!told)
		world->notifiers[notifier].missed = true;
}

/**
 * fuzz_trigger_lent() - trigger it for one client
 * @world: where
 * @notifier: which
 * @service: the service
 * @client: its client
 */
void fuzz_trigger_lent(struct fuzz_world *world, int notifier, __u64 service,
		       __u64 client)
{
	struct fuzz_file *file;
	bool told = false;
	int pass;

	for (pass = 0; pass < 2 && !told; pass++) {
		for (file = world->files; file < world->files + FUZZ_FILES;
		     file++) {
			if (file->kind != FUZZ_NOTIFIER ||
			    file->object != notifier ||
			    file->service != service || file->client != client)
				continue;
			if (pass) {
				file->missed = true;
			} else if (binds(file)) {
				deliver(world, file);
				told = true;
			}
		}
	}
}

/* What nobody was told of goes to who is first. */
static bool take_missed(struct fuzz_world *world, struct fuzz_file *file)
{
	struct fuzz_notifier *notifier = &world->notifiers[file->object];
	bool missed = file->missed || notifier->missed;

	file->missed = false;
	notifier->missed = false;
	return missed;
}

/**
 * fuzz_bind() - bind an eventfd
 * @world: where
 * @file: a notifier that was not taken back
 * @event: the file, or FUZZ_NONE
 * @oneshot: that it is masked after a delivery
 */
void fuzz_bind(struct fuzz_world *world, struct fuzz_file *file, int event,
	       bool oneshot)
{
	bool missed;

	file->missed |= file->pending;
	file->counts = false;
	file->event = event;
	file->oneshot = oneshot;
	file->masked = false;
	file->pending = false;
	if (event == FUZZ_NONE)
		return;
	missed = take_missed(world, file);
	missed |= file->count;
	file->count = 0;
	if (missed)
		deliver(world, file);
}

/**
 * fuzz_count() - have a notifier count for itself
 * @world: where
 * @file: a notifier that was not taken back and has bound nothing
 */
void fuzz_count(struct fuzz_world *world, struct fuzz_file *file)
{
	if (file->counts)
		return;
	file->counts = true;
	if (take_missed(world, file))
		file->count++;
}

/**
 * fuzz_is_readable() - does poll() report EPOLLIN
 * @world: where
 * @file: a notifier
 */
bool fuzz_is_readable(const struct fuzz_world *world,
		      const struct fuzz_file *file)
{
	if (file->revoked)
		return false;
	if (file->counts)
		return file->count;
	if (!(file->rights & MEMBANK_NOTIFIER_RECEIVE) ||
	    file->event != FUZZ_NONE)
		return false;
	return file->count || file->missed ||
	       world->notifiers[file->object].missed;
}

/**
 * fuzz_is_alone() - has the other side gone
 * @world: where
 * @file: a notifier that was not taken back
 */
bool fuzz_is_alone(const struct fuzz_world *world, const struct fuzz_file *file)
{
	const struct fuzz_notifier *notifier = &world->notifiers[file->object];
	const struct fuzz_file *other;
	const bool receives = file->rights & MEMBANK_NOTIFIER_RECEIVE;
	const bool triggers = file->rights & MEMBANK_NOTIFIER_TRIGGER;

	if (!(receives && notifier->trigger_left) &&
	    !(triggers && notifier->receiver_left))
		return false;
	for (other = world->files; other < world->files + FUZZ_FILES; other++) {
		if (other == file || other->kind != FUZZ_NOTIFIER ||
		    other->object != file->object || other->revoked)
			continue;
		if (receives && other->rights & MEMBANK_NOTIFIER_TRIGGER)
			return false;
		if (triggers && other->rights & MEMBANK_NOTIFIER_RECEIVE)
			return false;
	}
	return true;
}

/**
 * fuzz_take_back() - a service takes back what it lent
 * @world: where
 * @offer: what
 * @service: its serial number
 * @client: from whom
 */
void fuzz_take_back(struct fuzz_world *world, const struct fuzz_offer *offer,
		    __u64 service, __u64 client)
{
	struct fuzz_file *file;

	if (offer->kind == FUZZ_DATASPACE &&
	    world->spaces[offer->object].revoked)
		return;
	for (file = world->files; file < world->files + FUZZ_FILES; file++) {
		if (file->kind != offer->kind ||
		    file->object != offer->object || file->service != service ||
		    file->client != client || file->revoked)
			continue;
		if (file->kind == FUZZ_NOTIFIER)
			leave(world, file);
		file->revoked = true;
		file->event = FUZZ_NONE;
		file->counts = false;
	}
}
