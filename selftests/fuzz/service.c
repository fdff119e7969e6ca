// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: registering, connecting, what a server hears of its clients and can
 * do to them.
 */
#include "ops.h"

#include "notify.h"
#include "service.h"

/* More than there can be. */
#define LIST_ROOM 64

static void set_name(const struct fuzz_world *world, __s64 number, char *name)
{
	snprintf(name, MEMBANK_NAME_MAX + 1, "%s.%llu", world->tag,
		 (__u64)number % FUZZ_NAMES);
}

static struct fuzz_service *find_service(struct fuzz_world *world, __s64 name)
{
	struct fuzz_service *service;

	for (service = world->services;
	     service < world->services + FUZZ_SERVICES; service++)
		if (service->used &&
		    service->name == (__u64)name % FUZZ_NAMES && !service->gone)
			return service;
	return NULL;
}

/* ------------------------------------------------------------- registering */

static void draw_register(struct fuzz_draw *draw, struct fuzz_step *step)
{
	static const __u32 modes[] = { 0222, 0222, 0200, 0020, 0002, 0 };
	__s64 *args = step->args;

	args[0] = fuzz_draw_empty(draw, step);
	args[1] = fuzz_number(draw, FUZZ_NAMES);
	args[2] = modes[fuzz_number(draw, ARRAY_SIZE(modes))];
	args[3] = fuzz_draw_slot(draw, step, FUZZ_DATASPACE);
	args[4] = 1 + fuzz_number(draw, 3);
	args[5] = fuzz_draw_slot(draw, step, FUZZ_NOTIFIER);
	args[6] = 1 + fuzz_number(draw, 3);
	if (fuzz_one(draw, 4))
		args[3] = FUZZ_NONE;
	if (fuzz_one(draw, 4))
		args[5] = FUZZ_NONE;
	if (fuzz_one(draw, 20))
		args[4] = fuzz_number(draw, 9);
}

/* What one offer makes of it; 0 or a negative errno. */
static int predict_offer(const struct fuzz_world *world,
			 const struct fuzz_file *file, __u32 rights)
{
	__u32 known = READ | WRITE;
	bool lost;

	if (!file)
		return -EBADF;
	if (file->kind == FUZZ_DATASPACE) {
		lost = fuzz_is_lost(world, file);
	} else if (file->kind == FUZZ_NOTIFIER) {
		lost = file->revoked;
		known = BOTH;
	} else {
		return -EINVAL;
	}
	if (lost)
		return -ENODEV;
	if (file->service)
		return -EACCES;
	if (rights & ~known)
		return -EOPNOTSUPP;
	if (!rights)
		return -EINVAL;
	return rights & ~file->rights ? -EACCES : 0;
}

static void run_register(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct membank_offer offers[FUZZ_OFFERS] = {};
	const struct fuzz_file *files[FUZZ_OFFERS];
	char name[MEMBANK_NAME_MAX + 1];
	struct fuzz_service *service;
	unsigned int nr = 0, i;
	struct fuzz_slot *slot;
	int want = 0, fd;

	for (i = 0; i < FUZZ_OFFERS; i++) {
		if (step->args[3 + 2 * i] == FUZZ_NONE)
			continue;
		slot = fuzz_slot(process, step->args[3 + 2 * i]);
		files[nr] = fuzz_file_at(world, slot);
		offers[nr].fd = slot->fd;
		offers[nr++].rights = step->args[4 + 2 * i];
	}
	if ((__u32)step->args[2] & ~0222)
		want = -EINVAL;
	for (i = 0; i < nr && !want; i++)
		want = predict_offer(world, files[i], offers[i].rights);
	if (!want && find_service(world, step->args[1]))
		want = -EEXIST;
	set_name(world, step->args[1], name);
	fd = service_register(process->nodes[0], name, step->args[2], offers,
			      nr);
	if (!fuzz_compare(world, step, want, fd))
		return;
	if (notifier_nonblock(fd))
		fuzz_wrong(world, "O_NONBLOCK cannot be set");
	service = &world->services[fuzz_new_service(world)];
	service->name = (__u64)step->args[1] % FUZZ_NAMES;
	service->mode = step->args[2];
	service->uid = process->uid;
	service->pid = process->pid;
	service->nr_offers = nr;
	for (i = 0; i < nr; i++)
		service->offers[i] = (struct fuzz_offer){
			.kind = files[i]->kind,
			.object = files[i]->object,
			.rights = offers[i].rights,
			.held = files[i]->rights,
		};
	fuzz_put(world, fuzz_slot(process, step->args[0]), fd,
		 fuzz_new_file(world, FUZZ_SERVICE, service - world->services,
			       0));
}

/* ------------------------------------------------------------- connecting */

static bool may_connect(const struct fuzz_process *process,
			const struct fuzz_service *service)
{
	if (!process->uid)
		return true;
	/* Groups are as users here. */
	return service->mode & (process->uid == service->uid ? 0200 : 0002);
}

static void draw_connect(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_world *world = draw->world;
	const unsigned int from = fuzz_number(draw, FUZZ_SERVICES);
	unsigned int i, number;

	step->args[0] = fuzz_number(draw, FUZZ_NAMES);
	for (i = 0; i < FUZZ_SERVICES && !fuzz_one(draw, 2 * FUZZ_SERVICES);
	     i++) {
		number = (from + i) % FUZZ_SERVICES;
		if (!world->services[number].used ||
		    world->services[number].gone)
			continue;
		step->args[0] = world->services[number].name;
		break;
	}
	draw->none = i == FUZZ_SERVICES;
	step->args[1] = fuzz_draw_empty(draw, step);
	for (i = 0; i < FUZZ_OFFERS; i++)
		step->args[2 + i] = fuzz_number(draw, FUZZ_SLOTS);
}

static int predict_connect(const struct fuzz_world *world,
			   const struct fuzz_process *process,
			   struct fuzz_service *service)
{
	unsigned int i;

	if (!service)
		return -ENOENT;
	if (!may_connect(process, service))
		return -EACCES;
	service->last_client++;
	for (i = 0; i < service->nr_offers; i++)
		if (service->offers[i].kind == FUZZ_DATASPACE &&
		    world->spaces[service->offers[i].object].revoked)
			return -ENODEV;
	return 0;
}

static void connected(const struct fuzz_process *process,
		      struct fuzz_service *service, unsigned int moment)
{
	const struct fuzz_event event = {
		.type = MEMBANK_SERVICE_CONNECTED,
		.client = service->last_client,
		.pid = process->pid,
		.uid = process->uid,
		.moment = moment,
	};

	service->clients[service->nr_clients++] = event;
	service->events[service->nr_events++] = event;
}

static void run_connect(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_service *service = find_service(world, step->args[0]);
	struct membank_offer offers[FUZZ_OFFERS] = {};
	struct membank_service_connect out;
	char name[MEMBANK_NAME_MAX + 1];
	const struct fuzz_offer *offer;
	int want, fd, file;
	unsigned int i;

	/* Each client is an event more, and so is its end. */
	if (service &&
	    (service->nr_clients == FUZZ_CLIENTS ||
	     service->nr_events + service->nr_clients + 2 > FUZZ_EVENTS))
		return;
	want = predict_connect(world, process, service);
	set_name(world, step->args[0], name);
	fd = service_connect(process->nodes[0], name, 0, offers, FUZZ_OFFERS,
			     &out);
	if (!fuzz_compare(world, step, want, fd))
		return;
	if (out.out_nr_offers != service->nr_offers ||
	    out.out_pid != service->pid)
		fuzz_wrong(world, "connected to %u offers of %d",
			   out.out_nr_offers, out.out_pid);
	connected(process, service, world->moment);
	file = fuzz_new_file(world, FUZZ_CONNECTION, service - world->services,
			     0);
	world->files[file].client = service->last_client;
	/* Held until it has a slot: what is put before may be in the same. */
	for (i = 0; i < service->nr_offers; i++) {
		offer = &service->offers[i];
		if (offers[i].rights != offer->rights ||
		    offers[i].kind != (offer->kind == FUZZ_DATASPACE ?
					       MEMBANK_OFFER_DATASPACE :
					       MEMBANK_OFFER_NOTIFIER))
			fuzz_wrong(world, "offer %u: kind %u, rights %x", i,
				   offers[i].kind, offers[i].rights);
		if (offer->kind == FUZZ_NOTIFIER &&
		    notifier_nonblock(offers[i].fd))
			fuzz_wrong(world, "O_NONBLOCK cannot be set");
	}
	fuzz_put(world, fuzz_slot(process, step->args[1]), fd, file);
	for (i = 0; i < service->nr_offers; i++) {
		offer = &service->offers[i];
		file = fuzz_new_file(world, offer->kind, offer->object,
				     offer->rights);
		world->files[file].service = service->serial;
		world->files[file].client = service->last_client;
		fuzz_put(world, fuzz_slot(process, step->args[2 + i]),
			 offers[i].fd, file);
	}
}

/* ------------------------------------------------------------- the server */

static void draw_service(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_draw_slot(draw, step, FUZZ_SERVICE);
}

/* The oldest one, or of what happened at once with it the one that is told. */
static struct fuzz_event *find_event(struct fuzz_service *service,
				     const struct membank_service_event *told)
{
	struct fuzz_event *event;
	unsigned int i;

	for (i = 0; i < service->nr_events; i++) {
		event = &service->events[i];
		if (event->moment == service->events[0].moment &&
		    event->client == told->client)
			return event;
	}
	return &service->events[0];
}

static void run_hear(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	struct membank_service_event event;
	struct fuzz_service *service;
	struct fuzz_event *want;

	if (file && file->kind != FUZZ_SERVICE)
		return;
	service = file ? &world->services[file->object] : NULL;
	if (!fuzz_compare(world, step,
			  !file		     ? -EBADF :
			  service->nr_events ? 0 :
					       -EAGAIN,
			  service_event(slot->fd, &event)))
		return;
	want = find_event(service, &event);
	if (event.type != want->type || event.client != want->client ||
	    event.pid != want->pid || event.uid != want->uid)
		fuzz_wrong(world, "event %u of %llu, not %u of %llu: %d, %u",
			   event.type, event.client, want->type, want->client,
			   event.pid, event.uid);
	service->nr_events--;
	memmove(want, want + 1,
		(service->events + service->nr_events - want) * sizeof(*want));
}

static void draw_client(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const struct fuzz_service *service = NULL;
	int file;

	draw_service(draw, step);
	file = process->slots[step->args[0]].file;
	if (file != FUZZ_NONE && draw->world->files[file].kind == FUZZ_SERVICE)
		service =
			&draw->world->services[draw->world->files[file].object];
	step->args[1] =
		fuzz_number(draw, service ? service->last_client + 1 : 3);
	if (service && service->nr_clients && !fuzz_one(draw, 3))
		step->args[1] =
			service->clients[fuzz_number(draw, service->nr_clients)]
				.client;
	step->args[2] = fuzz_number(draw, FUZZ_OFFERS);
}

static void draw_notify(struct fuzz_draw *draw, struct fuzz_step *step)
{
	const struct fuzz_process *process = fuzz_draws_for(draw, step);
	const struct fuzz_service *service;
	unsigned int i;
	int file;

	draw_client(draw, step);
	if (fuzz_one(draw, 3))
		step->args[1] = MEMBANK_CLIENT_ALL;
	file = process->slots[step->args[0]].file;
	if (file == FUZZ_NONE || draw->world->files[file].kind != FUZZ_SERVICE)
		return;
	service = &draw->world->services[draw->world->files[file].object];
	for (i = 0; i < service->nr_offers; i++)
		if (service->offers[i].kind == FUZZ_NOTIFIER)
			step->args[2] = i;
}

/* The service of a slot, or NULL with an errno in @want. */
static struct fuzz_service *service_at(struct fuzz_world *world,
				       const struct fuzz_file *file, int *want)
{
	*want = file ? -ENOTTY : -EBADF;
	if (!fuzz_is(file, FUZZ_SERVICE))
		return NULL;
	*want = 0;
	return &world->services[file->object];
}

static void run_notify(struct fuzz_world *world, const struct fuzz_step *step)
{
	const __u64 client = step->args[1];
	const __u32 number = step->args[2];
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	const struct fuzz_offer *offer = NULL;
	struct fuzz_service *service;
	int want;

	service = service_at(world, fuzz_file_at(world, slot), &want);
	if (service && number < service->nr_offers)
		offer = &service->offers[number];
	if (service && (!offer || offer->kind != FUZZ_NOTIFIER))
		want = -EINVAL;
	else if (service && client && client > service->last_client)
		want = -ENOENT;
	else if (service && !(offer->held & TRIGGER))
		want = -EACCES;
	if (!fuzz_compare(world, step, want,
			  service_notify(slot->fd, client, number)))
		return;
	if (client)
		fuzz_trigger_lent(world, offer->object, service->serial,
				  client);
	else
		fuzz_trigger(world, offer->object);
}

static void draw_take_back(struct fuzz_draw *draw, struct fuzz_step *step)
{
	draw_client(draw, step);
	if (fuzz_one(draw, 3))
		step->args[2] = MEMBANK_OFFER_ALL;
}

static void run_take_back(struct fuzz_world *world,
			  const struct fuzz_step *step)
{
	const __u64 client = step->args[1];
	const __u32 number = step->args[2];
	const bool all = number == MEMBANK_OFFER_ALL;
	struct fuzz_process *process = fuzz_process(world, step);
	struct fuzz_slot *slot = fuzz_slot(process, step->args[0]);
	struct fuzz_service *service;
	unsigned int i;
	int want;

	service = service_at(world, fuzz_file_at(world, slot), &want);
	if (service && !all && number >= service->nr_offers)
		want = -EINVAL;
	else if (service && (!client || client > service->last_client))
		want = -ENOENT;
	if (!fuzz_compare(world, step, want,
			  service_revoke(slot->fd, client, number)))
		return;
	for (i = 0; i < service->nr_offers; i++)
		if (all || i == number)
			fuzz_take_back(world, &service->offers[i],
				       service->serial, client);
}

/* ------------------------------------------------------------- lists */

static void draw_nothing(struct fuzz_draw *draw, struct fuzz_step *step)
{
	(void)draw;
	(void)step;
}

static void compare_entry(struct fuzz_world *world,
			  const struct membank_service_entry *entry,
			  const struct fuzz_service *service)
{
	unsigned int i;

	if (entry->pid != service->pid || entry->uid != service->uid ||
	    entry->mode != service->mode ||
	    entry->nr_offers != service->nr_offers ||
	    entry->nr_clients != service->nr_clients)
		fuzz_wrong(world, "listed: %d, %u, %o, %u offers, %u clients",
			   entry->pid, entry->uid, entry->mode,
			   entry->nr_offers, entry->nr_clients);
	for (i = 0; i < service->nr_offers; i++)
		if (entry->offers[i].rights != service->offers[i].rights)
			fuzz_wrong(world, "listed rights %x",
				   entry->offers[i].rights);
}

static void run_list(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct membank_service_entry entries[LIST_ROOM];
	const struct fuzz_process *process = fuzz_process(world, step);
	const struct fuzz_service *service;
	unsigned int name, at = 0;
	char text[MEMBANK_NAME_MAX + 1];
	int got;

	/* Of ours, which begin with what no other name begins with. */
	got = service_list(process->nodes[0], world->tag, entries, LIST_ROOM,
			   NULL);
	if (!fuzz_compare(world, step, 0, got))
		return;
	for (name = 0; name < FUZZ_NAMES; name++) {
		service = find_service(world, name);
		if (!service)
			continue;
		set_name(world, name, text);
		if (at < got && !strcmp(entries[at].name, text))
			compare_entry(world, &entries[at++], service);
		else
			fuzz_wrong(world, "a service is not in the list");
	}
	if (at < got &&
	    !strncmp(entries[at].name, world->tag, strlen(world->tag)))
		fuzz_wrong(world, "a service too many is in the list");
}

static void draw_name(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_number(draw, FUZZ_NAMES);
}

static void run_clients(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct membank_service_client clients[FUZZ_CLIENTS];
	const struct fuzz_process *process = fuzz_process(world, step);
	const struct fuzz_service *service = find_service(world, step->args[0]);
	char name[MEMBANK_NAME_MAX + 1];
	int got, want = 0;
	unsigned int i;

	if (!service)
		want = -ENOENT;
	else if (process->uid && process->uid != service->uid)
		want = -EACCES;
	set_name(world, step->args[0], name);
	got = service_clients(process->nodes[0], name, clients, FUZZ_CLIENTS,
			      NULL);
	if (!fuzz_compare(world, step, want, got))
		return;
	if (got != service->nr_clients) {
		fuzz_wrong(world, "%d clients instead of %u", got,
			   service->nr_clients);
		return;
	}
	for (i = 0; i < service->nr_clients; i++)
		if (clients[i].client != service->clients[i].client ||
		    clients[i].pid != service->clients[i].pid ||
		    clients[i].uid != service->clients[i].uid)
			fuzz_wrong(world, "client %llu, pid %d, uid %u",
				   clients[i].client, clients[i].pid,
				   clients[i].uid);
}

const struct fuzz_op fuzz_service_ops[] = {
	{ "register",
	  { "slot", "name", "mode", "offer", "rights", "second",
	    "second-rights" },
	  50,
	  3,
	  draw_register,
	  run_register },
	{ "connect",
	  { "name", "to", "offer", "second" },
	  60,
	  3,
	  draw_connect,
	  run_connect },
	{ "hear", { "slot" }, 60, 10, draw_service, run_hear },
	{ "notify",
	  { "slot", "client", "offer" },
	  60,
	  5,
	  draw_notify,
	  run_notify },
	{ "take-back",
	  { "slot", "client", "offer" },
	  50,
	  10,
	  draw_take_back,
	  run_take_back },
	{ "services", {}, 8, 2, draw_nothing, run_list },
	{ "clients", { "name" }, 15, 2, draw_name, run_clients },
	{},
};
