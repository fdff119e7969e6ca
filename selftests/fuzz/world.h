/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of fuzz_test: some processes with descriptors and a window of address
 * space each, and a model of all that is known about them, in memory that they
 * share. Who executes a step changes the model; nobody else does at that time.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_WORLD_H
#define MEMBANK_SELFTESTS_FUZZ_WORLD_H

#include <errno.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "kselftest.h"

#include "common.h"
#include "handle.h"
#include "walk_model.h"

#define FUZZ_PROCESSES 3
#define FUZZ_THREADS 2
#define FUZZ_SLOTS 16
#define FUZZ_FILES 384
#define FUZZ_SPACES 128
#define FUZZ_NOTIFIERS 128
#define FUZZ_SERVICES 64
#define FUZZ_PAGERS 64
#define FUZZ_PAGED 128
#define FUZZ_ANSWERS 512
#define FUZZ_TOUCHERS 2
#define FUZZ_NAMES 4
#define FUZZ_OFFERS 2
#define FUZZ_CLIENTS 24
#define FUZZ_EVENTS 64
#define FUZZ_QUEUE 4
#define FUZZ_BANKS 4
#define FUZZ_ARGS 8
#define FUZZ_OPS 64
#define FUZZ_ERRNOS 134

/* Far from where the kernel puts what others map. */
#define FUZZ_LOW 0x10000000000ULL
#define FUZZ_WINDOW (16 * MIB)
#define FUZZ_PAGES (FUZZ_WINDOW / WALK_PAGE)

/* The process that is nobody, as long as it is no copy of another. */
#define FUZZ_NOBODY 2
#define FUZZ_UID 65534

/* Of a slot, a file and so on: none. */
#define FUZZ_NONE (-1)

/* The number that an empty slot stands for: not open. */
#define FUZZ_NOT_OPEN 900

enum fuzz_kind {
	FUZZ_UNUSED,
	FUZZ_DATASPACE,
	FUZZ_NOTIFIER,
	FUZZ_EVENTFD,
	FUZZ_SERVICE,
	FUZZ_CONNECTION,
	FUZZ_PAGER,
	FUZZ_ATTACH,
	FUZZ_REGION,
};

/**
 * struct fuzz_step - what one worker is to do
 * @process: which
 * @thread: which of its threads
 * @op: which operation
 * @args: what with
 */
struct fuzz_step {
	unsigned int process;
	unsigned int thread;
	unsigned int op;
	__s64 args[FUZZ_ARGS];
};

/**
 * struct fuzz_file - an open file, however many descriptors it has
 * @kind: what it is; of a FUZZ_REGION, which has a pager, there is no descriptor
 * @refs: descriptors, and what is on its way in a socket
 * @object: which dataspace, notifier, service, pager or region
 * @rights: that it has
 * @service: by which service it was lent, 0: by none
 * @client: to which of its clients; of a connection: which client it is
 * @revoked: a service has taken it back
 * @counts: of a notifier: it counts for itself
 * @count: of such a one, and of an eventfd: triggers that nobody has read
 * @event: of a notifier: the eventfd that is bound, or FUZZ_NONE
 * @oneshot: likewise: bound so
 * @masked: likewise
 * @pending: likewise: a trigger came while it was masked
 * @missed: likewise: a trigger for this one client was told to nobody
 */
struct fuzz_file {
	enum fuzz_kind kind;
	int refs;
	int object;
	__u32 rights;
	__u64 service;
	__u64 client;
	bool revoked;
	bool counts;
	__u64 count;
	int event;
	bool oneshot;
	bool masked;
	bool pending;
	bool missed;
};

/**
 * struct fuzz_space - a dataspace
 * @used: there is one
 * @memory: it has its memory still
 * @revoked: everybody has lost it
 * @bank: which
 * @offset: in the bank
 * @extent: bytes there
 * @length: bytes that were asked for
 * @flags: that it was allocated with
 */
struct fuzz_space {
	bool used;
	bool memory;
	bool revoked;
	__u32 bank;
	__u64 offset;
	__u64 extent;
	__u64 length;
	__u32 flags;
};

struct fuzz_notifier {
	bool used;
	bool missed;
	bool trigger_left;
	bool receiver_left;
};

struct fuzz_offer {
	enum fuzz_kind kind;
	int object;
	__u32 rights;
	__u32 held;
};

/**
 * struct fuzz_event - what a service is told, or would be, of a client
 * @type: of the event
 * @client: its number
 * @pid: of who it is
 * @uid: likewise
 * @moment: in which step it was; what happens in one has no order
 */
struct fuzz_event {
	__u32 type;
	__u64 client;
	pid_t pid;
	uid_t uid;
	unsigned int moment;
};

/**
 * struct fuzz_service - a service, also one that is gone, if it has connections
 * @used: there is one
 * @gone: its descriptor is closed
 * @name: which of the names
 * @serial: never used again
 * @mode: who may connect
 * @uid: whose it is
 * @pid: who registered it
 * @offers: @nr_offers of them
 * @nr_offers: how many
 * @last_client: the number that the last one has, or that failed
 * @clients: who is connected, in the order of numbers, @nr_clients of them
 * @nr_clients: how many
 * @events: not read yet, the oldest first, @nr_events of them
 * @nr_events: how many
 */
struct fuzz_service {
	bool used;
	bool gone;
	unsigned int name;
	__u64 serial;
	__u32 mode;
	uid_t uid;
	pid_t pid;
	struct fuzz_offer offers[FUZZ_OFFERS];
	unsigned int nr_offers;
	__u64 last_client;
	struct fuzz_event clients[FUZZ_CLIENTS];
	unsigned int nr_clients;
	struct fuzz_event events[FUZZ_EVENTS];
	unsigned int nr_events;
};

/**
 * struct fuzz_pager - a pager
 * @used: there is one
 * @gone: the end of who answers is closed
 * @unused: the other end is closed, and no region has it
 * @last_id: of its newest fault
 */
struct fuzz_pager {
	bool used;
	bool gone;
	bool unused;
	__u64 last_id;
};

/**
 * struct fuzz_paged - a region with a pager, and its copies by fork()
 * @used: there is one
 * @attached: the file that it was attached with
 * @end: page behind its last one, as the pager knows it
 * @flags: that it was attached with
 */
struct fuzz_paged {
	bool used;
	int attached;
	__u64 end;
	__u32 flags;
};

/**
 * struct fuzz_answer - pages of such a region that are those of a dataspace
 * @used: there is one
 * @paged: the region
 * @first: page, as the pager knows it
 * @pages: how many
 * @file: the dataspace, as the pager had it
 * @page: of the dataspace, that is the first
 */
struct fuzz_answer {
	bool used;
	int paged;
	__u64 first;
	__u64 pages;
	int file;
	__u64 page;
};

/* How far a thread is that touches memory. */
enum fuzz_touch {
	FUZZ_TOUCH_BEGINS,
	FUZZ_TOUCHES,
	FUZZ_TOUCHED,
};

/**
 * struct fuzz_toucher - a thread that touches a byte, and may wait for a pager
 * @waits: it does, and what follows up to @failed says where
 * @paged: the region
 * @page: as the pager knows it
 * @id: of its fault
 * @told: somebody has read the fault
 * @failed: it was answered with an error
 * @addr: the byte, which no other thread touches
 * @write: it writes @byte
 * @byte: that was read, or is written
 * @state: one of &enum fuzz_touch, written by the thread itself, as is all below
 * @tid: the thread
 * @got: 0 or a negative errno, as from fuzz_touch()
 */
struct fuzz_toucher {
	bool waits;
	int paged;
	__u64 page;
	__u64 id;
	bool told;
	bool failed;
	__u64 addr;
	bool write;
	char byte;
	atomic_int state;
	pid_t tid;
	int got;
};

struct fuzz_slot {
	int file;
	int fd;
};

/* Where a thread of a worker gets its steps. */
struct fuzz_box {
	sem_t go;
	sem_t done;
	struct fuzz_step step;
};

/**
 * struct fuzz_process - one of the workers
 * @pid: its number
 * @uid: whose it is
 * @nodes: that it opened: /dev/membank, then one for each bank
 * @slots: its descriptors
 * @map: what its window should hold; a region's space is the number of a file
 * @boxes: of its threads
 * @touchers: more threads
 * @socket: the end that it receives from; others send to the next number
 * @queue: files that are on their way to it, the oldest first
 * @nr_queue: how many
 */
struct fuzz_process {
	pid_t pid;
	uid_t uid;
	int nodes[1 + FUZZ_BANKS];
	struct fuzz_slot slots[FUZZ_SLOTS];
	struct walk_model map;
	struct fuzz_box boxes[FUZZ_THREADS];
	struct fuzz_toucher touchers[FUZZ_TOUCHERS];
	int sockets[2];
	int queue[FUZZ_QUEUE];
	unsigned int nr_queue;
};

/**
 * struct fuzz_bank - a bank
 * @size: bytes
 * @private: /dev/membank does not choose it
 * @physical: where it begins
 * @image: what every byte of it should be, as far as it is allocated
 * @debugfs: its file there
 */
struct fuzz_bank {
	__u64 size;
	bool private;
	__u64 physical;
	char *image;
	char debugfs[128];
};

/* An expectation that is wrong on purpose, to see that it is noticed. */
enum fuzz_plant {
	FUZZ_PLANT_NONE,
	FUZZ_PLANT_REVOKED_STAYS,
	FUZZ_PLANT_READ_MAY_WRITE,
	FUZZ_PLANT_ERROR_NO_ACCESS,
};

/**
 * struct fuzz_world - all of it, in shared memory
 * @banks: of the module, @nr_banks of them
 * @paged: the regions that have pagers
 * @serial: of the newest service
 * @moment: of the step that is done
 * @patience: milliseconds that who runs the script has, see fuzz_late()
 * @stamp: that was written last
 * @tag: what the names of its services begin with
 * @plant: see there
 * @counts: for each operation, how often each errno came of it; 0: success
 * @wrong: what is not as the model has it, or empty
 */
struct fuzz_world {
	struct fuzz_bank banks[FUZZ_BANKS];
	unsigned int nr_banks;
	struct fuzz_process processes[FUZZ_PROCESSES];
	struct fuzz_file files[FUZZ_FILES];
	struct fuzz_space spaces[FUZZ_SPACES];
	struct fuzz_notifier notifiers[FUZZ_NOTIFIERS];
	struct fuzz_service services[FUZZ_SERVICES];
	struct fuzz_pager pagers[FUZZ_PAGERS];
	struct fuzz_paged paged[FUZZ_PAGED];
	struct fuzz_answer answers[FUZZ_ANSWERS];
	__u64 serial;
	unsigned int moment;
	unsigned int patience;
	__u64 stamp;
	char tag[24];
	enum fuzz_plant plant;
	pid_t coordinator;
	unsigned long counts[FUZZ_OPS][FUZZ_ERRNOS];
	char wrong[256];
};

/* Notes what is wrong, if nothing was before. */
static inline __printf(2, 3) void fuzz_wrong(struct fuzz_world *world,
					     const char *format, ...)
{
	va_list args;

	if (world->wrong[0])
		return;
	va_start(args, format);
	vsnprintf(world->wrong, sizeof(world->wrong), format, args);
	va_end(args);
}

/**
 * fuzz_compare() - compare what an operation gave with what the model says
 * @world: notes it if they differ
 * @step: which counts
 * @want: predicted: 0, or a negative errno
 * @got: what it was; a positive number is success
 *
 * Return: whether it was success, as it should be.
 */
static inline bool fuzz_compare(struct fuzz_world *world,
				const struct fuzz_step *step, int want, int got)
{
	const int errors = got < 0 ? -got : 0;

	if (errors < FUZZ_ERRNOS)
		world->counts[step->op][errors]++;
	if (want < 0 ? got != want : got < 0)
		fuzz_wrong(world, "%s instead of %s",
			   got < 0 ? strerrorname_np(-got) : "success",
			   want < 0 ? strerrorname_np(-want) : "success");
	return want >= 0 && got >= 0;
}

/* One line of how often an operation gave what. */
static inline void fuzz_show_counts(const char *name,
				    const unsigned long *counts)
{
	char line[512];
	int length, i;

	length = snprintf(line, sizeof(line), "%-16s", name);
	for (i = 0; i < FUZZ_ERRNOS; i++)
		if (counts[i])
			length += snprintf(line + length, sizeof(line) - length,
					   " %s %lu",
					   i ? strerrorname_np(i) : "ok",
					   counts[i]);
	ksft_print_msg("%s\n", line);
}

/* Access as the processor has it: what can be written can be read. */
static inline int fuzz_prot(__s64 number)
{
	if (number & PROT_WRITE)
		return PROT_READ | PROT_WRITE;
	return number & PROT_READ;
}

static inline struct fuzz_process *fuzz_process(struct fuzz_world *world,
						const struct fuzz_step *step)
{
	return &world->processes[step->process];
}

/* The slot that an argument names; any number will do. */
static inline struct fuzz_slot *fuzz_slot(struct fuzz_process *process,
					  __s64 number)
{
	return &process->slots[(__u64)number % FUZZ_SLOTS];
}

/* NULL if nothing is open there. */
static inline struct fuzz_file *fuzz_file_at(struct fuzz_world *world,
					     const struct fuzz_slot *slot)
{
	return slot->file == FUZZ_NONE ? NULL : &world->files[slot->file];
}

static inline bool fuzz_is(const struct fuzz_file *file, enum fuzz_kind kind)
{
	return file && file->kind == kind;
}

/* A node of the process; any number will do. */
static inline int fuzz_node(struct fuzz_world *world,
			    const struct fuzz_process *process, __s64 bank)
{
	return process->nodes[(__u64)(bank + 1) % (world->nr_banks + 1)];
}

/* The bank of that node, or FUZZ_NONE for any. */
static inline int fuzz_bank(const struct fuzz_world *world, __s64 bank)
{
	return (int)((__u64)(bank + 1) % (world->nr_banks + 1)) - 1;
}

/* Whether an access through this file finds no memory any more. */
static inline bool fuzz_is_lost(const struct fuzz_world *world,
				const struct fuzz_file *file)
{
	return file->revoked || world->spaces[file->object].revoked;
}

/* What a byte of a dataspace should be. */
static inline char *fuzz_image(const struct fuzz_world *world, int space,
			       __u64 offset)
{
	const struct fuzz_space *of = &world->spaces[space];

	return world->banks[of->bank].image + of->offset + offset;
}

#endif /* MEMBANK_SELFTESTS_FUZZ_WORLD_H */
