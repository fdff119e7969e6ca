/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share that play a hostile caller: every command with arguments
 * with which it succeeds, where its numbers, descriptors and arrays are, and what
 * it leaves. Include it after map.h, notify.h and service.h.
 */
#ifndef MEMBANK_SELFTESTS_HOSTILE_H
#define MEMBANK_SELFTESTS_HOSTILE_H

#include <errno.h>
#include <pthread.h>

/* So many that a struct that is larger by some words still fits. */
#define ARGS_BYTES 256

#include "args.h"
#include "hostile_rows.h"
#include "pager_ends.h"

#define PAGE 4096UL
#define LENGTH (16 * PAGE)
#define SERVICE "hostile"

/**
 * struct scene - what the commands act on
 * @dev: the node of bank 0
 * @dataspace: of LENGTH bytes, with all rights
 * @victim: what is about to be revoked, -1: none yet
 * @notifier: with both rights; it counts for itself, and hears itself
 * @oneshot: likewise, with @eventfd bound with ONESHOT
 * @eventfd: of @oneshot
 * @service: SERVICE, which offers @dataspace and @notifier; O_NONBLOCK
 * @client: the first connection to it
 * @number: that it has
 * @pager: the end that answers
 * @attach: the end that regions are attached with
 * @paged: a page with that pager
 * @fault: that waits there, 0: none was read yet
 * @region: a page of @dataspace, mapped
 * @area: NULL: none yet
 * @offers: what a new service is to offer
 * @array: where arrays are written to
 */
struct scene {
	int dev;
	int dataspace;
	int victim;
	int notifier;
	int oneshot;
	int eventfd;
	int service;
	int client;
	__u64 number;
	int pager;
	int attach;
	char *paged;
	__u64 fault;
	char *region;
	char *area;
	struct membank_offer offers[2];
	union {
		struct membank_offer offers[2];
		struct membank_region_entry region;
		struct membank_service_entry service;
		struct membank_service_client client;
	} array;
};

static inline int scene_fd(const struct scene *scene, const struct row *row)
{
	switch (row->noun) {
	case ON_NOTIFIER:
		return scene->notifier;
	case ON_ONESHOT:
		return scene->oneshot;
	case ON_PAGER:
		return scene->pager;
	case ON_SERVICE:
		return scene->service;
	default:
		return scene->dev;
	}
}

/* Reads all that the server is to be told. */
static inline void scene_drain(struct scene *scene)
{
	while (!service_event(scene->service, NULL))
		;
}

static inline void scene_region(struct scene *scene)
{
	scene->region = mmap(scene->region, PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | (scene->region ? MAP_FIXED : 0),
			     scene->dataspace, 0);
}

/* Whether all is there. */
static inline bool scene_make(struct scene *scene)
{
	struct membank_service_event event;
	struct pager pager;

	memset(scene, 0, sizeof(*scene));
	scene->victim = -1;
	scene->dev = test_open(0);
	scene->dataspace = test_alloc(scene->dev, LENGTH, 0, 0);
	scene->notifier = notifier_create(scene->dev);
	scene->oneshot = notifier_create(scene->dev);
	scene->eventfd = event_create();
	if (scene->dataspace < 0 || scene->notifier < 0 ||
	    notifier_bind_oneshot(scene->oneshot, scene->eventfd))
		return false;
	/* From here on it counts for itself. */
	if (notifier_trigger(scene->notifier) ||
	    notifier_read(scene->notifier) != 1)
		return false;

	scene->offers[0] = (struct membank_offer){ .fd = scene->dataspace,
						   .rights = READ };
	scene->offers[1] =
		(struct membank_offer){ .fd = scene->notifier, .rights = BOTH };
	scene->service =
		service_register(scene->dev, SERVICE, 0222, scene->offers, 2);
	scene->client = service_connect(scene->dev, SERVICE, 0,
					scene->array.offers, 2, NULL);
	if (scene->client < 0 || service_event(scene->service, &event) ||
	    notifier_nonblock(scene->service))
		return false;
	close(scene->array.offers[0].fd);
	close(scene->array.offers[1].fd);
	scene->number = event.client;

	if (pager_create(scene->dev, &pager))
		return false;
	scene->pager = pager.fd;
	scene->attach = pager.attach;
	scene_region(scene);
	return scene->region != MAP_FAILED &&
	       !map_attach_part(scene->dev, scene->attach, NULL, PAGE,
				SEARCH | PAGER, &scene->paged);
}

/* ------------------------------------------------------ what each acts on */

/* Asks the pager without end; each answer is an error, so that it asks anew. */
static inline void *ask_pager(void *arg)
{
	const struct scene *scene = arg;

	while (write(scene->eventfd, scene->paged, sizeof(__u64)) == -1 &&
	       errno == EFAULT)
		;
	return NULL;
}

/* The fault that waits; 0: there is none. */
static inline __u64 scene_fault(struct scene *scene)
{
	static pid_t asked;
	struct membank_pager_fault fault = {};
	pthread_t thread;

	/* A thread is not copied by fork(). */
	if (asked != getpid())
		pthread_create(&thread, NULL, ask_pager, scene);
	asked = getpid();
	if (!scene->fault &&
	    read(scene->pager, &fault, sizeof(fault)) == sizeof(fault))
		scene->fault = fault.id;
	return scene->fault;
}

static inline void begin_dataspace(const struct row *row, struct scene *scene,
				   union args *args)
{
	switch (row->command) {
	case MEMBANK_IOC_DATASPACE_ALLOC:
		args->alloc.length = PAGE;
		break;
	case MEMBANK_IOC_DATASPACE_INFO:
		args->info.fd = scene->dataspace;
		break;
	case MEMBANK_IOC_DATASPACE_DERIVE:
		args->lend.fd = scene->dataspace;
		args->lend.rights = READ;
		break;
	case MEMBANK_IOC_DATASPACE_CLEAR:
		args->clear.fd = scene->dataspace;
		args->clear.length = 1;
		break;
	case MEMBANK_IOC_DATASPACE_COPY:
		args->copy.fd = scene->dataspace;
		args->copy.from = scene->dataspace;
		args->copy.offset = 1;
		args->copy.length = 1;
		break;
	case MEMBANK_IOC_DATASPACE_PHYS:
		args->phys.fd = scene->dataspace;
		break;
	case MEMBANK_IOC_DATASPACE_REVOKE:
		/* What failed before has left its victim. */
		if (scene->victim < 0)
			scene->victim = test_alloc(scene->dev, PAGE, 0, 0);
		args->revoke.fd = scene->victim;
		break;
	}
}

static inline void begin_region(const struct row *row, struct scene *scene,
				union args *args)
{
	switch (row->command) {
	case MEMBANK_IOC_REGION_ATTACH:
		args->attach.fd = scene->dataspace;
		args->attach.flags = SEARCH;
		args->attach.length = PAGE;
		break;
	case MEMBANK_IOC_REGION_DETACH:
		/* The one before may be gone. */
		scene_region(scene);
		args->detach.flags = MEMBANK_DETACH_DATASPACE;
		args->detach.addr = (uintptr_t)scene->region;
		break;
	case MEMBANK_IOC_REGION_FIND:
		args->find.addr = (uintptr_t)scene->region;
		break;
	case MEMBANK_IOC_REGION_LIST:
		args->list.start = (uintptr_t)scene->region;
		args->list.length = PAGE;
		args->list.entries = (uintptr_t)&scene->array;
		args->list.nr_entries = 1;
		args->list.entry_size = sizeof(scene->array.region);
		break;
	case MEMBANK_IOC_AREA_RESERVE:
		args->reserve.flags = SEARCH;
		args->reserve.length = PAGE;
		break;
	case MEMBANK_IOC_AREA_FREE:
		if (!scene->area)
			map_reserve(scene->dev, NULL, PAGE, SEARCH,
				    &scene->area);
		args->free.addr = (uintptr_t)scene->area;
		break;
	case MEMBANK_IOC_PAGER_CREATE:
		args->pager.fault_size = sizeof(struct membank_pager_fault);
		break;
	case MEMBANK_IOC_PAGER_REPLY:
		args->reply.id = scene_fault(scene);
		args->reply.fd = -1;
		break;
	}
}

static inline void begin_notifier(const struct row *row, struct scene *scene,
				  union args *args)
{
	switch (row->command) {
	case MEMBANK_IOC_NOTIFIER_DERIVE:
		args->derive.rights = TRIGGER;
		break;
	case MEMBANK_IOC_NOTIFIER_BIND:
		args->bind.flags = MEMBANK_BIND_ONESHOT;
		args->bind.eventfd = scene->eventfd;
		break;
	case MEMBANK_IOC_NOTIFIER_CALL:
		args->call.wait_fd = scene->notifier;
		break;
	}
}

static inline void begin_service(const struct row *row, struct scene *scene,
				 union args *args)
{
	switch (row->command) {
	case MEMBANK_IOC_SERVICE_REGISTER:
		args->service.offers = (uintptr_t)scene->offers;
		args->service.nr_offers = 2;
		args->service.offer_size = sizeof(struct membank_offer);
		args->service.event_size = sizeof(struct membank_service_event);
		name_copy(args->service.name, SERVICE "-new");
		break;
	case MEMBANK_IOC_SERVICE_CONNECT:
		args->connect.offers = (uintptr_t)&scene->array;
		args->connect.nr_offers = 2;
		args->connect.offer_size = sizeof(struct membank_offer);
		name_copy(args->connect.name, SERVICE);
		break;
	case MEMBANK_IOC_SERVICE_NOTIFY:
		args->notify.client = scene->number;
		args->notify.offer = 1;
		break;
	case MEMBANK_IOC_SERVICE_REVOKE:
		args->take.client = scene->number;
		args->take.offer = 1;
		break;
	case MEMBANK_IOC_SERVICE_LIST:
		args->names.entries = (uintptr_t)&scene->array;
		args->names.nr_entries = 1;
		args->names.entry_size = sizeof(scene->array.service);
		break;
	case MEMBANK_IOC_SERVICE_CLIENTS:
		args->clients.clients = (uintptr_t)&scene->array;
		args->clients.nr_clients = 1;
		args->clients.entry_size = sizeof(scene->array.client);
		name_copy(args->clients.name, SERVICE);
		break;
	}
}

/* Makes what a command acts on, if it is not there, and fills the struct. */
static inline void row_begin(const struct row *row, struct scene *scene,
			     union args *args)
{
	memset(args, 0, sizeof(*args));
	args->size = row->size;
	begin_dataspace(row, scene, args);
	begin_region(row, scene, args);
	begin_notifier(row, scene, args);
	begin_service(row, scene, args);
}

/* ------------------------------------------------------------ calls */

static inline __u32 *field_32(union args *args, const struct field *field)
{
	return (__u32 *)(args->bytes + field->at);
}

static inline __u64 *field_64(union args *args, size_t at)
{
	return (__u64 *)(args->bytes + at);
}

/* What is not a descriptor that the struct tells of. */
static inline void end_row(const struct row *row, struct scene *scene,
			   const union args *args)
{
	const struct membank_offer *offers;
	struct membank_region_detach detach;
	struct membank_area_free free;

	switch (row->command) {
	case MEMBANK_IOC_DATASPACE_REVOKE:
		close(scene->victim);
		scene->victim = -1;
		break;
	case MEMBANK_IOC_REGION_ATTACH:
		map_detach(scene->dev,
			   (void *)(uintptr_t)args->attach.out_start, &detach);
		break;
	case MEMBANK_IOC_REGION_DETACH:
		scene_region(scene);
		break;
	case MEMBANK_IOC_AREA_RESERVE:
		map_free(scene->dev, (void *)(uintptr_t)args->reserve.out_start,
			 &free);
		break;
	case MEMBANK_IOC_AREA_FREE:
		scene->area = NULL;
		break;
	case MEMBANK_IOC_PAGER_REPLY:
		scene->fault = 0;
		break;
	case MEMBANK_IOC_SERVICE_CONNECT:
		offers = (void *)(uintptr_t)args->connect.offers;
		close(offers[0].fd);
		close(offers[1].fd);
		scene_drain(scene);
		break;
	}
}

/* Takes away what a command has made that succeeded. */
static inline void row_end(const struct row *row, struct scene *scene,
			   union args *args)
{
	const struct field *field;
	int fd;

	for (field = row->fields; field->kind; field++) {
		fd = *field_32(args, field);
		if (field->kind == FIELD_OUT_FD && fd >= 0)
			close(fd);
	}
	end_row(row, scene, args);
}

/* The command as it should be; 0 or a negative errno. */
static inline int row_run(const struct row *row, struct scene *scene)
{
	union args args;
	int ret;

	row_begin(row, scene, &args);
	ret = test_ioctl(scene_fd(scene, row), row->command, &args);
	if (!ret)
		row_end(row, scene, &args);
	return ret;
}

/* Each command once: the first that fails, or NULL. */
static inline const char *rows_run(struct scene *scene)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (row_run(rows[i], scene))
			return rows[i]->name;
	return NULL;
}

/**
 * struct held - what there is of the module
 * @files: descriptors of this process
 * @users: of the module
 * @used: bytes of all banks
 */
struct held {
	unsigned int files;
	int users;
	__u64 used;
};

static inline struct held held_now(void)
{
	return (struct held){
		.files = test_open_files(),
		.users = test_module_users(),
		.used = test_used(),
	};
}

/**
 * struct outcome - what came of a call that is tried often
 * @done: how many succeeded
 * @failed: how many did not
 */
struct outcome {
	unsigned int done;
	unsigned int failed;
};

/* How often it is tried, and for how long, in milliseconds, at least. */
#define TRIES 50
#define TRIES_MS number_from("MEMBANK_HOSTILE_MS", 60)

/*
 * Whether it is to go on, that has begun so long ago: there has to be some of both, and
 * time may be short.
 */
static inline bool outcome_goes_on(const struct outcome *outcome, __s64 begun)
{
	const __s64 passed = (clock_ns() - begun) / 1000000;

	if (outcome->done + outcome->failed < TRIES || !outcome->done ||
	    !outcome->failed)
		return passed < TEST_PATIENCE;
	return passed < (__s64)TRIES_MS;
}

/* Whether it is all that there was; what is more, or less, is NULL or said. */
static inline const char *held_wrong(struct scene *scene,
				     const struct held *before)
{
	if (scene)
		scene_drain(scene);
	if (test_open_files() != before->files)
		return "the number of open descriptors is another";
	if (!test_wait_module_users(before->users))
		return "the number of users of the module is another";
	return test_wait_used(before->used) ?
		       NULL :
		       "another amount of memory is used";
}

#define EXPECT_HELD(_scene, _before)                              \
	do {                                                      \
		const char *_wrong = held_wrong(_scene, _before); \
		EXPECT_EQ(NULL, _wrong)                           \
		TH_LOG("%s", _wrong);                             \
	} while (0)

#endif /* MEMBANK_SELFTESTS_HOSTILE_H */
