/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same without order: several threads of several processes do what they like
 * at once. What each call may answer is known, not what it does; what must be
 * true whatever happens is looked at when all pause.
 */
#ifndef MEMBANK_SELFTESTS_FUZZ_RACE_H
#define MEMBANK_SELFTESTS_FUZZ_RACE_H

#include <pthread.h>
#include <unistd.h>

#include "world.h"

#define RACE_PROCESSES 3
#define RACE_THREADS 3
#define RACE_SLOTS 28
#define RACE_MAPS 6
#define RACE_OPS 48

/* Of each thread, far from those of others. */
#define RACE_WINDOW (64 * MIB)

/**
 * struct race_map - what a thread has mapped
 * @addr: where, 0: nothing
 * @length: bytes
 * @owner: what every page says that says something, 0: not known yet
 * @lost: it was answered by SIGBUS, and must not be there from then on
 */
struct race_map {
	__u64 addr;
	__u64 length;
	__u64 owner;
	bool lost;
};

/**
 * struct race_thread - one of the threads
 * @go: it is to begin
 * @done: it has come to the end
 * @number: of all threads
 * @random: state of xorshift
 * @stamps: how many dataspaces it has marked as its own
 * @maps: what it has mapped; nobody else maps there, but others may unmap
 */
struct race_thread {
	sem_t go;
	sem_t done;
	unsigned int number;
	__u64 random;
	__u64 stamps;
	struct race_map maps[RACE_MAPS];
};

/**
 * struct race_process - one of the processes
 * @pid: its number
 * @dev: the node it has opened
 * @sockets: the end it receives from, and the one others send to
 * @slots: descriptors that its threads share: who changes one has it alone, who
 *         uses one may find it closed, or another file behind its number
 * @threads: of it
 */
struct race_process {
	pid_t pid;
	int dev;
	int sockets[2];
	atomic_int slots[RACE_SLOTS];
	struct race_thread threads[RACE_THREADS];
};

/**
 * struct race - all of them, in shared memory
 * @processes: that race
 * @banks: how many there are
 * @steps: of each thread, until all pause
 * @coordinator: whose children they are
 * @tag: what names of services begin with
 * @counts: for each operation how often each errno came of it; 0: success
 * @taken: steps of all
 * @is_wrong: something was seen that must not be
 * @wrong: what that was, the first time
 */
struct race {
	struct race_process processes[RACE_PROCESSES];
	unsigned int banks;
	unsigned int steps;
	pid_t coordinator;
	char tag[24];
	atomic_ulong counts[RACE_OPS][FUZZ_ERRNOS];
	atomic_ulong taken;
	atomic_bool is_wrong;
	char wrong[256];
};

/**
 * struct racer - who does something
 * @race: where
 * @process: which process it is
 * @thread: which thread
 * @op: what it does
 */
struct racer {
	struct race *race;
	struct race_process *process;
	struct race_thread *thread;
	unsigned int op;
};

struct race_op {
	const char *name;
	unsigned int weight;
	void (*run)(struct racer *racer);
};

/* Each ends with one that has no name. */
extern const struct race_op race_memory_ops[];
extern const struct race_op race_notify_ops[];

void race_touch_init(void);
const struct race_op *race_op(unsigned int number);
struct race *race_create(unsigned int banks);
bool race_run(struct race *race, __u64 seed, unsigned int steps,
	      unsigned int seconds, unsigned long *batches,
	      unsigned long *kills);

/* Notes what must not be; the first one counts. */
static inline __printf(2, 3) void race_wrong(struct race *race,
					     const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&race->is_wrong, true))
		return;
	va_start(args, format);
	vsnprintf(race->wrong, sizeof(race->wrong), format, args);
	va_end(args);
}

static inline __u64 race_number(struct racer *racer, __u64 below)
{
	__u64 random = racer->thread->random;

	random ^= random >> 12;
	random ^= random << 25;
	random ^= random >> 27;
	racer->thread->random = random;
	return ((random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

static inline bool race_one(struct racer *racer, unsigned int in)
{
	return !race_number(racer, in);
}

/**
 * race_expect() - count an answer, which must be success or one of some errors
 * @racer: who got it
 * @got: a negative errno, or success
 * @errors: those that may be, the last one 0
 *
 * Return: whether it is success.
 */
static inline bool race_expect(struct racer *racer, int got, const int *errors)
{
	const int error = got < 0 ? -got : 0;

	if (error < FUZZ_ERRNOS)
		atomic_fetch_add(&racer->race->counts[racer->op][error], 1);
	if (!error)
		return true;
	while (*errors && *errors != error)
		errors++;
	if (!*errors)
		race_wrong(racer->race, "%s: %s", race_op(racer->op)->name,
			   strerrorname_np(error));
	return false;
}

/* Of race_expect(). */
#define ERRORS(...) ((const int[]){ __VA_ARGS__, 0 })

/* The first slot of those where descriptors of a kind mostly are. */
enum {
	RACE_DATASPACES = 0,
	RACE_NOTIFIERS = 12,
	RACE_SERVICES = 20,
	RACE_CLIENTS = 24,
};

static inline __u64 race_slot(struct racer *racer, unsigned int first)
{
	unsigned int next = RACE_SLOTS;

	if (first == RACE_DATASPACES)
		next = RACE_NOTIFIERS;
	else if (first == RACE_NOTIFIERS)
		next = RACE_SERVICES;
	else if (first == RACE_SERVICES)
		next = RACE_CLIENTS;
	return first + race_number(racer, next - first);
}

/*
 * A descriptor that others may close at any time; now and then of any kind, and seldom
 * none where there is one.
 */
static inline int race_fd(struct racer *racer, unsigned int first)
{
	const bool any = race_one(racer, 20);
	int fd = -1, tries;
	__u64 slot;

	for (tries = 0; fd < 0 && tries < 4; tries++) {
		slot = any ? race_number(racer, RACE_SLOTS) :
			     race_slot(racer, first);
		fd = atomic_load(&racer->process->slots[slot]);
	}
	return fd < 0 ? FUZZ_NOT_OPEN : fd;
}

/* Instead of another one, which is closed. */
static inline void race_keep(struct racer *racer, int fd, unsigned int first)
{
	const __u64 slot = race_slot(racer, first);
	int old = atomic_exchange(&racer->process->slots[slot], fd);

	if (old >= 0 && close(old))
		race_wrong(racer->race, "%s: close(%d): %s",
			   race_op(racer->op)->name, old,
			   strerrorname_np(errno));
}

#endif /* MEMBANK_SELFTESTS_FUZZ_RACE_H */
