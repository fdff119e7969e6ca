// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoking while others use the memory in every way there is. Each round has a
 * new dataspace; after it was revoked the next owner fills all memory of the
 * bank, and the old users, who have not noticed, neither change nor see that.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "camera.h"
#include "common.h"
#include "handle.h"
#include "io.h"
#include "smaps.h"
#include "touch.h"

#define LENGTH_MAX (4 * MIB)
#define USERS_MAX 6

/* Rounds take turns with banks of these. */
static const char *const sources[] = { "cma", "contig" };

/* What a bank has free in a race, so that memory comes back soon. */
#define ROOM (6 * MIB)
#define PIECE (256 * KIB)

/* What the users write, and what the next owner does. */
#define OLD 0x5a
#define NEXT 0x77

/* How many there are in this lane, of so many in lane stock; others are slower. */
static unsigned int rounds_of(unsigned int stock)
{
	const char *lane = getenv("MEMBANK_LANE");

	return lane && strcmp(lane, "stock") ? stock / 2 : stock;
}

/* Of a round, in which order things happen. */
enum { PAUSE, RUN, STOP };

/**
 * struct race - what all threads of a race share
 * @dev: the node of the bank of the round
 * @fd: the dataspace of the round
 * @other: a dataspace that lives through all rounds, of LENGTH_MAX
 * @length: of the dataspace of the round
 * @mem: its mapping
 * @looted: its copy in @other
 * @phase: what the users are to do
 * @barrier: all of them and the one who revokes
 * @wrong: how often something was seen that must not be
 * @turns: how often something was done, and how often it came too late
 */
struct race {
	int dev;
	int fd;
	int other;
	size_t length;
	char *mem;
	char *looted;
	atomic_int phase;
	pthread_barrier_t barrier;
	atomic_uint wrong;
	atomic_uint turns;
	atomic_uint late;
};

struct user {
	struct race *race;
	void (*turn)(struct race *race, unsigned int *random);
	unsigned int random;
	pthread_t thread;
};

static void wrong(struct race *race, const char *what, int how)
{
	if (!atomic_fetch_add(&race->wrong, 1))
		printf("# not so: %s (%d)\n", what, how);
}

/* Of a command: it worked, or it came too late. */
static void judge(struct race *race, const char *what, int ret)
{
	if (ret == -ENODEV)
		atomic_fetch_add(&race->late, 1);
	else if (ret < 0)
		wrong(race, what, ret);
}

static size_t somewhere(struct race *race, unsigned int *random)
{
	return (size_t)rand_r(random) * 64 % race->length;
}

static void read_turn(struct race *race, unsigned int *random)
{
	char byte = 0;
	int signal = touch_read(race->mem + somewhere(race, random), &byte);

	if (signal == SIGBUS)
		atomic_fetch_add(&race->late, 1);
	else if (signal || (byte && byte != OLD))
		wrong(race, "read", signal ? signal : byte);
}

static void write_turn(struct race *race, unsigned int *random)
{
	int signal = touch_write(race->mem + somewhere(race, random), OLD);

	/* Where drop_turn() is at work, a page may be protected. */
	if (signal == SIGBUS)
		atomic_fetch_add(&race->late, 1);
	else if (signal && touch_info.si_code != SEGV_ACCERR)
		wrong(race, "write", signal);
}

static void drop_turn(struct race *race, unsigned int *random)
{
	char *at = race->mem + somewhere(race, random) / 4096 * 4096;

	madvise(at, 4096, MADV_DONTNEED);
	mprotect(at, 4096, PROT_READ);
	mprotect(at, 4096, PROT_READ | PROT_WRITE);
	write_turn(race, random);
}

static void clear_turn(struct race *race, unsigned int *random)
{
	size_t at = somewhere(race, random);

	judge(race, "clear",
	      handle_clear(race->dev, race->fd, at, race->length - at));
}

static void copy_turn(struct race *race, unsigned int *random)
{
	size_t at = somewhere(race, random), i;
	size_t length = race->length - at;
	int ret;

	if (rand_r(random) % 2) {
		judge(race, "copy within",
		      handle_copy(race->dev, race->fd, at, race->fd, 0,
				  length));
		return;
	}
	ret = handle_copy(race->dev, race->other, at, race->fd, at, length);
	judge(race, "copy from", ret);
	for (i = at; i < race->length; i += 64)
		if (race->looted[i] && race->looted[i] != OLD)
			wrong(race, "copied", race->looted[i]);
}

static void attach_turn(struct race *race, unsigned int *random)
{
	const __u32 flags = rand_r(random) % 2 ? MEMBANK_REGION_EAGER_MAP : 0;
	char *mem, byte = 0;
	int ret;

	ret = handle_attach(race->dev, race->fd, NULL, flags, &mem);
	judge(race, "attach", ret);
	if (ret)
		return;
	ret = touch_read(mem + somewhere(race, random), &byte);
	if ((ret && ret != SIGBUS) || (byte && byte != OLD))
		wrong(race, "attached", ret ? ret : byte);
	munmap(mem, race->length);
}

static void map_turn(struct race *race, unsigned int *random)
{
	char *mem = test_map(race->fd, race->length);
	int signal;

	if (mem == MAP_FAILED) {
		judge(race, "map", -errno);
		return;
	}
	signal = touch_write(mem + somewhere(race, random), OLD);
	if (signal && signal != SIGBUS)
		wrong(race, "mapped", signal);
	munmap(mem, race->length);
}

static void derive_turn(struct race *race, unsigned int *random)
{
	const __u32 rights = rand_r(random) % ALL_RIGHTS + 1;
	int fd = handle_derive(race->dev, race->fd, rights), ret;

	judge(race, "derive", fd);
	if (fd < 0)
		return;
	ret = handle_rights(race->dev, fd);
	judge(race, "info", ret);
	if (ret >= 0 && ret != (int)rights)
		wrong(race, "rights", ret);
	close(fd);
}

/* The kernel takes and pins pages for these. */
static void vector_turn(struct race *race, unsigned int *random)
{
	char bytes[3 * 4096];
	struct iovec local = { bytes, sizeof(bytes) };
	struct iovec remote = { race->mem + somewhere(race, random) / 2,
				sizeof(bytes) };
	const bool out = rand_r(random) % 2;
	ssize_t ret, i;

	if (race->length < 2 * sizeof(bytes))
		remote = (struct iovec){ race->mem, 4096 };
	memset(bytes, OLD, sizeof(bytes));
	ret = out ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0) :
		    process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (ret < 0 && errno == EFAULT)
		atomic_fetch_add(&race->late, 1);
	else if (ret < 0)
		wrong(race, "process_vm", errno);
	for (i = 0; i < ret; i += 64)
		if (bytes[i] && bytes[i] != OLD)
			wrong(race, "process_vm read", bytes[i]);
}

/* A page that is in a pipe for a moment. */
static void pipe_turn(struct race *race, unsigned int *random)
{
	struct iovec iov = { race->mem + somewhere(race, random) / 4096 * 4096,
			     4096 };
	char bytes[4096];
	int pipe_fds[2], i;

	if (pipe(pipe_fds))
		return;
	if (vmsplice(pipe_fds[1], &iov, 1, 0) < 0) {
		if (errno == EFAULT)
			atomic_fetch_add(&race->late, 1);
		else
			wrong(race, "vmsplice", errno);
	} else if (read(pipe_fds[0], bytes, sizeof(bytes)) == sizeof(bytes)) {
		for (i = 0; i < 4096; i += 64)
			if (bytes[i] && bytes[i] != OLD)
				wrong(race, "page in a pipe", bytes[i]);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void fork_turn(struct race *race, unsigned int *random)
{
	size_t at = somewhere(race, random);
	pid_t child = fork();
	char byte = 0;
	int ret;

	if (!child) {
		ret = touch_read(race->mem + at, &byte);
		if (ret)
			_exit(ret == SIGBUS ? 0 : 1);
		_exit(byte && byte != OLD ? 2 : 0);
	}
	ret = test_wait_child(child);
	if (ret)
		wrong(race, "child", ret);
}

static void *use(void *arg)
{
	struct user *user = arg;
	struct race *race = user->race;

	for (;;) {
		pthread_barrier_wait(&race->barrier);
		if (race->phase == STOP)
			return NULL;
		while (race->phase == RUN) {
			user->turn(race, &user->random);
			atomic_fetch_add(&race->turns, 1);
		}
		pthread_barrier_wait(&race->barrier);
	}
}

static void *revoke_too(void *arg)
{
	struct race *race = arg;

	return (void *)(long)handle_revoke(race->dev, race->fd);
}

/* All that is free, in pieces; what a pin still has is missing. */
struct next {
	char *piece[ROOM / PIECE];
	unsigned int count;
};

static bool next_is(const struct next *next, int byte)
{
	unsigned int i;

	for (i = 0; i < next->count; i++)
		if (!test_all_bytes(next->piece[i], byte, PIECE))
			return false;
	return true;
}

static bool next_owner(int dev, struct next *next)
{
	unsigned int i;

	next->count = 0;
	for (i = 0; i < ARRAY_SIZE(next->piece); i++) {
		next->piece[i] = test_map(dev, PIECE);
		if (next->piece[i] == MAP_FAILED)
			break;
		next->count++;
	}
	if (!next->count || !next_is(next, 0))
		return false;
	for (i = 0; i < next->count; i++)
		memset(next->piece[i], NEXT, PIECE);
	return true;
}

static void next_frees(struct next *next)
{
	while (next->count)
		munmap(next->piece[--next->count], PIECE);
}

/* Leaves ROOM in it. Returns its node, -1 if there is no such bank. */
static int open_bank(const char *source)
{
	int bank = bank_of(source), dev;

	if (bank < 0)
		return -1;
	dev = test_open(bank);
	if (test_alloc(dev, test_number(bank, "free") - ROOM, 0, 0) < 0)
		return -1;
	return dev;
}

FIXTURE(race)
{
	struct race race;
	/* Of each source. */
	int devs[ARRAY_SIZE(sources)];
	unsigned int seed;
};

typedef void (*turn_t)(struct race *race, unsigned int *random);

FIXTURE_VARIANT(race)
{
	turn_t turns[USERS_MAX + 1];
	/* In lane stock; others are slower. */
	unsigned int rounds;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(race, faults) {
	.turns = { read_turn, write_turn, write_turn, drop_turn },
	.rounds = 16,
};

FIXTURE_VARIANT_ADD(race, clear_and_copy) {
	.turns = { clear_turn, copy_turn, copy_turn, write_turn },
	.rounds = 16,
};

FIXTURE_VARIANT_ADD(race, mapping_and_handles) {
	.turns = { attach_turn, map_turn, derive_turn },
	.rounds = 16,
};

FIXTURE_VARIANT_ADD(race, pins) {
	.turns = { vector_turn, vector_turn, pipe_turn },
	.rounds = 16,
};

FIXTURE_VARIANT_ADD(race, forks) {
	.turns = { fork_turn, fork_turn, write_turn },
	.rounds = 8,
};

FIXTURE_VARIANT_ADD(race, all_of_it) {
	.turns = { write_turn, copy_turn, attach_turn, derive_turn,
		   vector_turn, fork_turn },
	.rounds = 16,
};

/* clang-format on */

FIXTURE_SETUP(race)
{
	const char *seed = getenv("MEMBANK_SEED");
	unsigned int i;

	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned int)time(NULL);
	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (bank_of(sources[i]) < 0)
			SKIP(return, NO_SOURCE, sources[i]);
	self->race.other = test_alloc(test_open(0), LENGTH_MAX, 0, 0);
	ASSERT_LE(0, self->race.other);
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		self->devs[i] = open_bank(sources[i]);
		ASSERT_LE(0, self->devs[i]);
	}
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(race)
{
	EXPECT_TRUE(test_banks_empty());
}

/*
 * A dataspace for a round and its mapping, in every other round by entries of
 * 2 MiB, in half of the rounds full of OLD and else without any entry yet.
 */
static void start_round(struct __test_metadata *_metadata, struct race *race,
			unsigned int round, unsigned int *random)
{
	const bool huge = round % 2, full = round / 2 % 2;

	race->length = (rand_r(random) % (GRAIN / 4096) + 1) * 4096;
	if (huge)
		race->length += LENGTH_MAX - GRAIN;
	race->fd =
		test_alloc(race->dev, race->length, 0, huge ? GRAIN_ORDER : 0);
	ASSERT_LE(0, race->fd);
	race->mem = smaps_attach(race->dev, race->fd);
	ASSERT_NE(MAP_FAILED, race->mem);
	memset(race->looted, 0, race->length);
	if (full)
		memset(race->mem, OLD, race->length);
	if (huge)
		ASSERT_EQ(0, (uintptr_t)race->mem % GRAIN);
	ASSERT_EQ(full ? race->length / GRAIN * GRAIN : 0,
		  smaps_huge(race->mem));
}

TEST_F_TIMEOUT(race, neither_side_sees_the_other, 2 * TEST_SLOW)
{
	struct user users[USERS_MAX] = {};
	struct race *race = &self->race;
	unsigned int round, count = 0, i, random = self->seed, moment;
	unsigned int rounds = rounds_of(variant->rounds);
	struct next next = {};
	pthread_t second;
	void *answer;
	__u64 used;
	char byte;
	int ret;

	race->looted = test_map(race->other, LENGTH_MAX);
	ASSERT_NE(MAP_FAILED, race->looted);
	used = test_used();
	while (variant->turns[count])
		count++;
	ASSERT_EQ(0, pthread_barrier_init(&race->barrier, NULL, count + 1));
	for (i = 0; i < count; i++) {
		users[i].race = race;
		users[i].turn = variant->turns[i];
		users[i].random = random + i;
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, use,
					    &users[i]));
	}

	for (round = 0; round < rounds; round++) {
		race->dev = self->devs[round / 4 % ARRAY_SIZE(sources)];
		start_round(_metadata, race, round, &random);

		race->phase = RUN;
		pthread_barrier_wait(&race->barrier);
		moment = rand_r(&random) % 4000;
		usleep(moment);
		/* Two may try, and just one does it. */
		ASSERT_EQ(0, pthread_create(&second, NULL, revoke_too, race));
		ret = handle_revoke(race->dev, race->fd);
		pthread_join(second, &answer);
		EXPECT_EQ(-ENODEV, ret + (int)(long)answer);
		EXPECT_EQ(SIGBUS, touch_read(race->mem, &byte));

		EXPECT_TRUE(next_owner(race->dev, &next));
		usleep(rand_r(&random) % 1000);
		EXPECT_TRUE(next_is(&next, NEXT));
		race->phase = PAUSE;
		pthread_barrier_wait(&race->barrier);
		EXPECT_TRUE(next_is(&next, NEXT));
		next_frees(&next);
		ASSERT_EQ(0, munmap(race->mem, race->length));
		close(race->fd);
		EXPECT_TRUE(test_wait_used(used));
		if (atomic_load(&race->wrong) || _metadata->exit_code)
			break;
	}
	race->phase = STOP;
	pthread_barrier_wait(&race->barrier);
	for (i = 0; i < count; i++)
		pthread_join(users[i].thread, NULL);
	printf("# %u rounds, %u turns, %u of them late, seed %u\n", round,
	       race->turns, race->late, self->seed);
	EXPECT_EQ(0, race->wrong);
	/* It was a race. */
	EXPECT_LT(rounds, race->turns);
	EXPECT_LT(0, race->late);
}

/* ------------------------------------------------------------- devices */

FIXTURE(camera_race)
{
	/* Of each source, and of the round. */
	int devs[ARRAY_SIZE(sources)];
	int dev;
	int fds[2];
	struct camera camera;
	/* Of the round: 0, or why the camera did not take a dataspace. */
	int refused;
	unsigned int seed;
	/* Set by the setup, for the teardown in the parent. */
	bool loaded;
};

FIXTURE_VARIANT(camera_race)
{
	int allocator;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(camera_race, by_cpu_mapping) {
	.allocator = CAMERA_BY_CPU };
FIXTURE_VARIANT_ADD(camera_race, by_dma_mapping) {
	.allocator = CAMERA_BY_DMA };
/* clang-format on */

FIXTURE_SETUP(camera_race)
{
	const char *seed = getenv("MEMBANK_SEED");
	unsigned int i;

	ASSERT_TRUE(test_banks_empty());
	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned int)time(NULL);
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		if (bank_of(sources[i]) < 0)
			SKIP(return, NO_SOURCE, sources[i]);
		self->devs[i] = open_bank(sources[i]);
		ASSERT_LE(0, self->devs[i]);
	}
	self->loaded = camera_load(variant->allocator);
}

FIXTURE_TEARDOWN_PARENT(camera_race)
{
	if (self->loaded)
		EXPECT_TRUE(camera_is_free());
	EXPECT_TRUE(test_banks_empty());
}

/* Queues two dataspaces and takes frames; returns how many it got. */
static void *film(void *arg)
{
	struct _test_data_camera_race *self = arg;
	struct v4l2_buffer buffer;
	long frames = 0;
	int i;

	self->refused = 0;
	for (i = 0; i < 2 && !self->refused; i++)
		self->refused = camera_queue(&self->camera, i, self->fds[i]);
	if (self->refused)
		return (void *)0;
	if (camera_stream(&self->camera, true))
		return (void *)0;
	for (i = 0; i < 3; i++)
		frames += !camera_dequeue(&self->camera, &buffer) &&
			  !camera_queue(&self->camera, buffer.index,
					self->fds[buffer.index]);
	camera_stream(&self->camera, false);
	return (void *)frames;
}

TEST_F_TIMEOUT(camera_race, frames_go_to_the_old_memory_or_nowhere,
	       2 * TEST_SLOW)
{
	/* What the kernel makes of an exporter's refusal. */
	const int want = variant->allocator == CAMERA_BY_DMA ? -EINVAL :
							       -EFAULT;
	const unsigned int most = 8;
	unsigned int random = self->seed, round, refused = 0;
	__u64 used = test_used();
	struct next next = {};
	long frames = 0;
	pthread_t filming;
	void *got;
	size_t length;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	for (round = 0; round < most; round++) {
		if (frames && round >= rounds_of(most))
			break;
		self->dev = self->devs[round % ARRAY_SIZE(sources)];
		ASSERT_EQ(0, camera_open(&self->camera,
					 V4L2_BUF_TYPE_VIDEO_CAPTURE, 2));
		length = camera_length(&self->camera);
		self->fds[0] = test_alloc(self->dev, length, 0, 0);
		ASSERT_LE(0, self->fds[0]);
		self->fds[1] = test_alloc(self->dev, length, 0, 0);
		ASSERT_LE(0, self->fds[1]);
		ASSERT_EQ(0, pthread_create(&filming, NULL, film, self));
		/* In half of them while it is attached, else while it films. */
		usleep(rand_r(&random) % (round / 2 % 2 ? 150000 : 1000));
		EXPECT_EQ(0, handle_revoke(self->dev, self->fds[0]));
		EXPECT_TRUE(next_owner(self->dev, &next));
		pthread_join(filming, &got);
		frames += (long)got;
		if (self->refused) {
			EXPECT_EQ(want, self->refused);
			refused++;
		}
		EXPECT_TRUE(next_is(&next, NEXT));
		next_frees(&next);
		close(self->camera.fd);
		close(self->fds[0]);
		close(self->fds[1]);
		EXPECT_TRUE(test_wait_used(used));
	}
	printf("# %u rounds, %u of them refused, %ld frames, seed %u\n", round,
	       refused, frames, self->seed);
	EXPECT_LT(0, frames);
}

int main(int argc, char **argv)
{
	camera_until_exit();
	return test_harness_run(argc, argv);
}
