// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cover.h"
#include "race.h"

/* Seconds after which threads that do not come to a pause hang. */
#define HANGS 120

/* Milliseconds until the figures of a bank must be right. */
#define PATIENCE 20000

/* How many dataspaces a bank is thought to have at most. */
#define SPACES 1024

static const struct race_op *const tables[] = { race_memory_ops,
						race_notify_ops };

/**
 * race_op() - an operation by its number
 * @number: from 0 on
 *
 * Return: the operation, or NULL.
 */
const struct race_op *race_op(unsigned int number)
{
	const struct race_op *op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (op = tables[i]; op->name; op++)
			if (!number--)
				return op;
	return NULL;
}

/* ------------------------------------------------------------- racers */

static unsigned int draw_op(struct racer *racer)
{
	unsigned int sum = 0, number;
	__u64 drawn;

	for (number = 0; race_op(number); number++)
		sum += race_op(number)->weight;
	drawn = race_number(racer, sum);
	for (number = 0; drawn >= race_op(number)->weight; number++)
		drawn -= race_op(number)->weight;
	return number;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void *be_thread(void *arg)
{
	struct racer *racer = arg;
	struct fuzz_tracer tracer = {};
	unsigned int step;

	fuzz_cover_open(&tracer);
	fuzz_cover_begin(&tracer);
	for (;;) {
		wait_for(&racer->thread->go);
		for (step = 0; step < racer->race->steps; step++) {
			if (atomic_load(&racer->race->is_wrong))
				break;
			racer->op = draw_op(racer);
			race_op(racer->op)->run(racer);
			fuzz_cover_take(&tracer);
			atomic_fetch_add(&racer->race->taken, 1);
		}
		sem_post(&racer->thread->done);
	}
	return NULL;
}

/* Does not return. */
static void be_process(struct race *race, struct race_process *process)
{
	static struct racer racers[RACE_THREADS];
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	race_touch_init();
	process->dev = test_open(TEST_ANY);
	if (process->dev < 0)
		race_wrong(race, "no node");
	for (i = 0; i < RACE_THREADS; i++) {
		racers[i] = (struct racer){
			.race = race,
			.process = process,
			.thread = &process->threads[i],
		};
		if (i && pthread_create(&thread, NULL, be_thread, &racers[i]))
			race_wrong(race, "no thread");
	}
	be_thread(&racers[0]);
	_exit(1);
}

/* ------------------------------------------------------------- coordinator */

static void start_process(struct race *race, struct race_process *process,
			  __u64 seed)
{
	const unsigned int first = (process - race->processes) * RACE_THREADS;
	struct race_thread *thread;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < RACE_SLOTS; i++)
		atomic_store(&process->slots[i], -1);
	for (i = 0; i < RACE_THREADS; i++) {
		thread = &process->threads[i];
		sem_init(&thread->go, 1, 0);
		sem_init(&thread->done, 1, 0);
		memset(thread->maps, 0, sizeof(thread->maps));
		thread->number = first + i;
		thread->random = seed + first + i ?: 1;
	}
	pid = fork();
	if (!pid)
		be_process(race, process);
	/* Not what the child has of it. */
	process->pid = pid;
	if (pid < 0)
		race_wrong(race, "fork(): %s", strerrorname_np(errno));
}

static void end_process(struct race_process *process)
{
	if (process->pid > 0)
		test_kill(process->pid);
	process->pid = 0;
}

static void for_a_moment(long nanoseconds)
{
	const struct timespec nap = { .tv_nsec = nanoseconds };

	nanosleep(&nap, NULL);
}

/* Until they pause; false if they do not. */
static bool is_done(struct race *race, struct race_process *process)
{
	struct timespec until;
	unsigned int i;
	int status;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HANGS;
	for (i = 0; i < RACE_THREADS; i++) {
		if (!sem_timedwait(&process->threads[i].done, &until))
			continue;
		if (waitpid(process->pid, &status, WNOHANG) == process->pid)
			race_wrong(race, "a process ended with %x", status);
		else
			race_wrong(race, "a thread hangs");
		return false;
	}
	return true;
}

/* What is on its way to a process ends here. */
static void drain(struct race_process *process)
{
	int fd;

	while ((fd = test_receive_fd(process->sockets[0])) >= 0)
		close(fd);
}

/* ------------------------------------------------------------- the banks */

struct extent {
	unsigned long long start;
	unsigned long long length;
};

static int compare_extents(const void *one, const void *other)
{
	const struct extent *a = one, *b = other;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* What debugfs says of a bank. */
struct listing {
	struct extent extents[SPACES];
	unsigned int nr;
	__u64 used;
	char wrong[160];
};

static __u64 extent_of(unsigned long long length, const char *flags)
{
	const __u64 grain = strstr(flags, "super") ? GRAIN : WALK_PAGE;

	return (length + grain - 1) / grain * grain;
}

/* Each dataspace, and below it each of its mappings, of which it has the number. */
static void read_listing(FILE *file, struct listing *listing)
{
	unsigned int handles, mappings = 0, seen = 0, pid;
	unsigned long long offset, length, start, end;
	char line[256], flags[32], comm[32];

	memset(listing, 0, sizeof(*listing));
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == ' ') {
			seen += sscanf(line, " %u %31s %llx-%llx", &pid, comm,
				       &start, &end) == 4;
			continue;
		}
		if (mappings != seen)
			snprintf(listing->wrong, sizeof(listing->wrong),
				 "%u mappings, and %u are listed", mappings,
				 seen);
		seen = 0;
		if (sscanf(line, "%llx %llu %31s %u %u", &offset, &length,
			   flags, &handles, &mappings) != 5 ||
		    listing->nr == SPACES) {
			snprintf(listing->wrong, sizeof(listing->wrong),
				 "a line that cannot be read");
			return;
		}
		if (strstr(flags, ",revoked"))
			continue;
		listing->extents[listing->nr].start = offset;
		listing->extents[listing->nr++].length =
			extent_of(length, flags);
		listing->used += extent_of(length, flags);
	}
	if (mappings != seen)
		snprintf(listing->wrong, sizeof(listing->wrong),
			 "%u mappings, and %u are listed", mappings, seen);
}

/* In the order of offsets: none is in another, and the gaps are what is free. */
static void compare_listing(struct listing *listing,
			    const struct membank_bank_info *info)
{
	__u64 end = 0, largest = 0, gap;
	unsigned int i;

	qsort(listing->extents, listing->nr, sizeof(listing->extents[0]),
	      compare_extents);
	for (i = 0; i <= listing->nr; i++) {
		const struct extent next =
			i < listing->nr ?
				listing->extents[i] :
				(struct extent){ info->out_length, 0 };

		if (next.start < end ||
		    next.start + next.length > info->out_length) {
			snprintf(listing->wrong, sizeof(listing->wrong),
				 "dataspaces overlap at %llx", next.start);
			return;
		}
		gap = next.start - end;
		if (gap > largest)
			largest = gap;
		end = next.start + next.length;
	}
	if (info->out_used != listing->used ||
	    info->out_dataspaces != listing->nr ||
	    info->out_largest_free != largest)
		snprintf(listing->wrong, sizeof(listing->wrong),
			 "%llu by %u, %llu free; listed: %llu by %u, %llu",
			 info->out_used, info->out_dataspaces,
			 info->out_largest_free, listing->used, listing->nr,
			 largest);
}

static void look_at_bank(struct listing *listing, int dev, __u32 bank)
{
	struct membank_bank_info info;
	char path[128];
	FILE *file;

	listing->wrong[0] = '\0';
	if (handle_bank(dev, bank, &info)) {
		snprintf(listing->wrong, sizeof(listing->wrong), "no figures");
		return;
	}
	snprintf(path, sizeof(path), "/sys/kernel/debug/membank/%s",
		 info.out_name);
	file = fopen(path, "re");
	if (!file) {
		snprintf(listing->wrong, sizeof(listing->wrong), "no %s", path);
		return;
	}
	read_listing(file, listing);
	fclose(file);
	if (!listing->wrong[0])
		compare_listing(listing, &info);
}

/* Who was killed lets go of the last pages a moment later. */
static void look_at_banks(struct race *race, int dev)
{
	static struct listing listing;
	unsigned int waited;
	__u32 bank;

	for (bank = 0; bank < race->banks; bank++) {
		for (waited = 0; waited < PATIENCE / 10; waited++) {
			look_at_bank(&listing, dev, bank);
			if (!listing.wrong[0])
				break;
			for_a_moment(10000000);
		}
		if (listing.wrong[0])
			race_wrong(race, "bank %u: %s", bank, listing.wrong);
	}
}

/* ------------------------------------------------------------- the run */

/**
 * race_create() - make room for a race
 * @banks: how many there are
 *
 * Return: the race, NULL if it cannot be.
 */
struct race *race_create(unsigned int banks)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (race == MAP_FAILED)
		return NULL;
	race->banks = banks;
	race->coordinator = getpid();
	snprintf(race->tag, sizeof(race->tag), "race-%d", getpid());
	return race;
}

/* One of them may be killed in the middle; the first time one is. */
static void run_batch(struct race *race, int dev, __u64 *random,
		      unsigned long *kills)
{
	struct race_process *victim = NULL, *process;
	unsigned int i;

	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	if (*random >> 62 == 0 || !*kills)
		victim = &race->processes[(*random >> 33) % RACE_PROCESSES];
	for (process = race->processes;
	     process < race->processes + RACE_PROCESSES; process++)
		for (i = 0; i < RACE_THREADS; i++)
			sem_post(&process->threads[i].go);
	if (victim) {
		for_a_moment((*random >> 20) % 100000000);
		end_process(victim);
		(*kills)++;
	}
	for (process = race->processes;
	     process < race->processes + RACE_PROCESSES; process++) {
		if (process != victim && !is_done(race, process))
			return;
		drain(process);
	}
	look_at_banks(race, dev);
	if (victim)
		start_process(race, victim, *random);
}

/**
 * race_run() - race for some time
 * @race: from race_create()
 * @seed: of what is drawn
 * @steps: of each thread, from one pause to the next
 * @seconds: how long
 * @batches: set to how many pauses there were
 * @kills: set to how often a process was killed in its middle
 *
 * Return: whether nothing was wrong; if not, race->wrong says what was.
 */
bool race_run(struct race *race, __u64 seed, unsigned int steps,
	      unsigned int seconds, unsigned long *batches,
	      unsigned long *kills)
{
	struct race_process *process;
	struct timespec now;
	int dev = test_open(TEST_ANY);
	__u64 random = seed, end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + seconds;
	race->steps = steps;
	*batches = *kills = 0;
	for (process = race->processes;
	     process < race->processes + RACE_PROCESSES; process++)
		if (socketpair(AF_UNIX,
			       SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			       process->sockets))
			race_wrong(race, "no sockets");
	for (process = race->processes;
	     process < race->processes + RACE_PROCESSES; process++)
		start_process(race, process, seed);
	do {
		run_batch(race, dev, &random, kills);
		(*batches)++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!atomic_load(&race->is_wrong) && now.tv_sec < end);
	for (process = race->processes;
	     process < race->processes + RACE_PROCESSES; process++) {
		end_process(process);
		drain(process);
		close(process->sockets[0]);
		close(process->sockets[1]);
	}
	close(dev);
	return !atomic_load(&race->is_wrong);
}
