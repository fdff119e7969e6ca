// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every command while another thread changes its struct all the time, and a third
 * one takes the page away that the struct is in, and gives it back. What comes of
 * it nobody can say, but that a call which fails has opened nothing, and that all
 * is given back in the end.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "service.h"

#include "hostile.h"

/* Pages around the struct that may become regions. */
#define ARENA_PAGES 64

FIXTURE(command)
{
	struct scene scene;
	int users;
};

FIXTURE_VARIANT(command)
{
	const struct row *row;
};

#include "hostile_variants.h"

/**
 * struct racers - who works against each other
 * @row: the command
 * @scene: on what
 * @memory: of the struct and its array
 * @args: the struct, where the kernel is told it is
 * @alias: the same, where nobody takes it away
 * @good: as it should be
 * @stop: it is over
 */
struct racers {
	const struct row *row;
	struct scene *scene;
	int memory;
	union args *args;
	union args *alias;
	union args good;
	bool stop;
};

FIXTURE_SETUP(command)
{
	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(command)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

static __u64 rare_64(struct racers *racers, unsigned int *seed)
{
	const __u64 here = (uintptr_t)racers->args;
	const __u64 some[] = {
		0,
		1,
		PAGE,
		LENGTH,
		here,
		here + PAGE,
		here + PAGE - 8,
		here - PAGE,
		(uintptr_t)racers->scene->region,
		1ULL << 47,
		1ULL << 63,
		0xffff888000000000,
		~0ULL - 7,
		~0ULL,
	};

	return some[rand_r(seed) % ARRAY_SIZE(some)];
}

static __u32 rare_32(struct racers *racers, unsigned int *seed)
{
	const struct scene *scene = racers->scene;
	const __u32 some[] = {
		0,
		1,
		2,
		3,
		12,
		1U << 31,
		~0U,
		PAGE,
		scene->dev,
		scene->dataspace,
		scene->notifier,
		scene->eventfd,
		scene->service,
		scene->client,
		scene->attach,
		scene->oneshot,
	};

	return some[rand_r(seed) % ARRAY_SIZE(some)];
}

static __u32 rare_size(const struct row *row, unsigned int *seed)
{
	const __u32 some[] = {
		0,    row->size - 1, row->size, row->size, row->size + 8,
		PAGE, PAGE + 1,	     ~0U
	};

	return some[rand_r(seed) % ARRAY_SIZE(some)];
}

/* One word of the struct is another, or all is as it should be. */
static void change(struct racers *racers, unsigned int *seed)
{
	const struct row *row = racers->row;
	const struct field *field = &row->fields[rand_r(seed) % FIELDS_MAX];
	union args *args = racers->alias;

	switch (rand_r(seed) % 8) {
	case 0:
	case 1:
		memcpy(args, &racers->good, row->size);
		return;
	case 2:
		__atomic_store_n(&args->size, rare_size(row, seed),
				 __ATOMIC_RELAXED);
		return;
	case 3:
		if (row->array_at)
			__atomic_store_n(field_64(args, row->array_at),
					 rare_64(racers, seed),
					 __ATOMIC_RELAXED);
		return;
	}
	if (field->kind == FIELD_U64)
		__atomic_store_n(field_64(args, field->at),
				 rare_64(racers, seed), __ATOMIC_RELAXED);
	else if (field->kind)
		__atomic_store_n(field_32(args, field), rare_32(racers, seed),
				 __ATOMIC_RELAXED);
}

static void *change_struct(void *arg)
{
	struct racers *racers = arg;
	unsigned int seed = 1;

	while (!__atomic_load_n(&racers->stop, __ATOMIC_RELAXED))
		change(racers, &seed);
	return NULL;
}

static void *change_page(void *arg)
{
	const int how[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	struct racers *racers = arg;
	unsigned int seed = 2, step;

	while (!__atomic_load_n(&racers->stop, __ATOMIC_RELAXED)) {
		step = rand_r(&seed) % 5;
		if (step < ARRAY_SIZE(how))
			mprotect(racers->args, PAGE, how[step]);
		else if (step == 3)
			munmap(racers->args, PAGE);
		else
			madvise(racers->args, PAGE, MADV_DONTNEED);
		sched_yield();
		mmap(racers->args, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, racers->memory, 0);
		sched_yield();
	}
	return NULL;
}

static bool make_racers(struct racers *racers)
{
	char *arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	racers->memory = memfd_create("struct", MFD_CLOEXEC);
	if (arena == MAP_FAILED || ftruncate(racers->memory, 2 * PAGE))
		return false;
	racers->args = (union args *)(arena + ARENA_PAGES / 2 * PAGE);
	racers->alias = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     racers->memory, 0);
	if (racers->alias == MAP_FAILED ||
	    mmap(racers->args, 2 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, racers->memory, 0) != racers->args)
		return false;

	row_begin(racers->row, racers->scene, &racers->good);
	if (racers->row->array_at) {
		memcpy((char *)racers->alias + PAGE, racers->scene->offers,
		       sizeof(racers->scene->offers));
		*field_64(&racers->good, racers->row->array_at) =
			(uintptr_t)racers->args + PAGE;
	}
	memcpy(racers->alias, &racers->good, sizeof(racers->good));
	return true;
}

/* What the changed struct made may be anything: only its descriptors are found. */
static void drop(struct racers *racers, int base)
{
	syscall(__NR_close_range, base, TEST_KEPT - 1, 0);
	scene_drain(racers->scene);
	switch (racers->row->command) {
	case MEMBANK_IOC_DATASPACE_REVOKE:
	case MEMBANK_IOC_AREA_FREE:
	case MEMBANK_IOC_PAGER_REPLY:
		end_row(racers->row, racers->scene, &racers->good);
	}
	row_begin(racers->row, racers->scene, &racers->good);
	if (racers->row->array_at)
		*field_64(&racers->good, racers->row->array_at) =
			(uintptr_t)racers->args + PAGE;
}

/* Calls that failed, after which what they are for is looked at. */
#define SPENT 64

/*
 * A call is done and fails where its struct cannot be written any more. What it was
 * for is spent then, and no call after it would succeed.
 */
static void renew(struct racers *racers, int base)
{
	struct scene *scene = racers->scene;
	struct membank_area_free free;

	switch (racers->row->command) {
	case MEMBANK_IOC_PAGER_REPLY:
		/* Who was answered asks again. */
		if (!(revents(scene->pager, 0) & POLLIN))
			return;
		break;
	case MEMBANK_IOC_AREA_FREE:
		map_free(scene->dev, scene->area, &free);
		break;
	case MEMBANK_IOC_DATASPACE_REVOKE:
		break;
	default:
		return;
	}
	drop(racers, base);
}

/* Returns what is wrong, or NULL. */
static const char *race(struct racers *racers, int fd, struct outcome *outcome)
{
	const int base = lowest_free();
	pthread_t threads[2];
	const char *wrong = NULL;
	__s64 begun;

	if (pthread_create(&threads[0], NULL, change_struct, racers) ||
	    pthread_create(&threads[1], NULL, change_page, racers))
		return "no thread";
	/* A wait can be for ever. */
	alarm_soon();
	begun = clock_ns();
	while (!wrong && outcome_goes_on(outcome, begun)) {
		if (ioctl(fd, racers->row->command, racers->args)) {
			if (lowest_free() != base)
				wrong = "a call failed and opened something";
			if (!(++outcome->failed % SPENT))
				renew(racers, base);
		} else {
			drop(racers, base);
			outcome->done++;
		}
	}
	alarm_stop();
	__atomic_store_n(&racers->stop, true, __ATOMIC_RELAXED);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return wrong;
}

TEST_F(command, for_the_struct_opens_nothing_that_is_not_told)
{
	struct racers racers = { .row = variant->row, .scene = &self->scene };
	struct outcome outcome = {};
	unsigned int files;

	ASSERT_TRUE(make_racers(&racers));
	files = test_open_files();
	EXPECT_EQ(NULL, race(&racers, scene_fd(&self->scene, variant->row),
			     &outcome));
	EXPECT_EQ(files, test_open_files());
	TH_LOG("%u succeeded, %u failed", outcome.done, outcome.failed);
	EXPECT_LT(0, outcome.done);
	EXPECT_LT(0, outcome.failed);
}

TEST_HARNESS_MAIN
