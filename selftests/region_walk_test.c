// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region map tells the truth: random operations of every kind in a window of
 * address space, and after each one REGION_LIST, REGION_FIND, /proc/self/maps, a
 * model and the memory itself are compared.
 *
 * MEMBANK_SEED repeats a walk. MEMBANK_STEPS (default: 100000) and
 * MEMBANK_SECONDS (default: 4, 0: no limit) say how far a walk goes.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "seed.h"
#include "walk_kernel.h"

#define WINDOW (64 * MIB)
#define STEPS 100000
#define SECONDS 4
#define THREADS_MAX 8

/* In a child, after each of which it looks as well. */
#define CHILD_STEPS 5

/* From here on only what makes less is drawn, down to half of it. */
#define PIECES_MANY 40

/*
 * Where windows are: so low that maps shows them first, and far from where the
 * kernel puts what others map meanwhile.
 */
#define LOW 0x10000000000ULL

/* Of the dataspaces of each thread; the last has a 2 MiB block. */
static const __u64 space_pages[WALK_SPACES] = { 1, 7, 64, 600 };

/**
 * struct party - all that walk together
 * @walks: one for each thread
 * @threads: how many
 * @children: in memory that all processes share
 * @seed: of the first; that of the next is one more
 * @limit: how many steps there are for all of them
 * @end: when to stop, in seconds, or 0
 * @steps: that were taken
 * @failed: somebody has seen a difference
 */
struct party {
	struct walk *walks;
	unsigned int threads;
	struct walk_children *children;
	__u64 seed;
	unsigned long limit;
	__u64 end;
	atomic_ulong steps;
	atomic_bool failed;
};

struct walker {
	pthread_t thread;
	struct party *party;
	struct walk *walk;
};

/* ------------------------------------------------------------- a look */

static const char *look(struct walk *walk)
{
	struct walk_model *model = &walk->model;
	const struct walk_piece *piece;
	const char *what;
	unsigned int i;
	__u64 page;

	walk_join(model);
	if (walk_list(walk->dev, &walk->view, model))
		return "list: failed";
	if (!walk_read_maps(&walk->view, model))
		return "maps: not readable";
	what = walk_compare_maps(&walk->view, walk->spaces);
	if (!what)
		what = walk_compare_list(&walk->view, model, walk->spaces);
	if (!what)
		what = walk_compare_access(&walk->view, model);
	if (!what && walk_mapped(&walk->view) != walk_model_mapped(model))
		what = "maps and model: bytes";

	for (i = 0; i < 3 && !what; i++)
		what = walk_find(walk->dev, model, walk->spaces,
				 draw_page(walk) + draw(walk, WALK_PAGE),
				 i ? 0 : draw_length(walk, 1000));
	for (i = 0; i < 2 && !what && model->count; i++) {
		piece = &model->pieces[draw(walk, model->count)];
		if (piece->kind != WALK_REGION)
			continue;
		page = draw(walk, (piece->end - piece->start) / WALK_PAGE);
		what = walk_touch(piece, &walk->spaces[piece->space], page);
	}
	return what;
}

/* ------------------------------------------------------------- children */

static const char *step(struct walk *walk);

/* Does not return. */
static void be_child(struct walk *walk)
{
	const char *what;
	int i;

	/* The inherited node still tells of the parent, which waits. */
	if (walk_list(walk->dev, &walk->view, &walk->model) ||
	    walk_compare_list(&walk->view, &walk->model, walk->spaces)) {
		walk_say("in a child, the parent's list is wrong");
		_exit(1);
	}
	walk->dev = test_open(TEST_ANY);
	walk->view.maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	walk->own = 1;
	walk_fork(&walk->model);
	what = look(walk);
	for (i = 0; i < CHILD_STEPS && !what; i++)
		what = step(walk);
	if (!what)
		_exit(0);
	walk_say("in a child: %s; step %d: %s", what, i, walk->words);
	walk_show(&walk->view, &walk->model);
	_exit(1);
}

static const char *op_fork(struct walk *walk)
{
	pid_t child;
	int ret;

	if (walk->own)
		return NULL;
	words(walk, "fork");
	atomic_fetch_add(&walk->children->born, 1);
	child = fork();
	if (!child)
		be_child(walk);
	ret = child < 0 ? child : test_wait_child(child);
	atomic_fetch_add(&walk->children->ended, 1);
	return ret ? "fork: the child failed" : NULL;
}

/* Opens a node, gives it away, and becomes a program that waits. */
static void exec_child(int socket, int stay)
{
	const int dev = test_open(TEST_ANY);

	if (dev < 0 || test_send_fd(socket, dev) ||
	    dup2(stay, STDIN_FILENO) < 0)
		_exit(1);
	execlp("cat", "cat", NULL);
	_exit(2);
}

static const char *op_exec(struct walk *walk)
{
	int pair[2], stay[2], dev, ret;
	const char *what = NULL;
	pid_t child;
	char byte;

	if (walk->own)
		return NULL;
	words(walk, "exec");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return "exec: socketpair";
	if (pipe2(stay, O_CLOEXEC))
		return "exec: pipe";
	atomic_fetch_add(&walk->children->born, 1);
	child = fork();
	if (!child)
		exec_child(pair[1], stay[0]);
	close(pair[1]);
	dev = test_receive_fd(pair[0]);
	/* The end of the file comes with exec(). */
	if (dev < 0 || read(pair[0], &byte, 1))
		what = "exec: no descriptor";
	ret = walk_list(dev, &walk->view, &walk->model);
	if (!what && ret != -ESRCH)
		what = "exec: not ESRCH";
	ret = test_kill(child);
	if (!what && ret != -SIGKILL)
		what = "exec: the child failed";
	atomic_fetch_add(&walk->children->ended, 1);
	close(dev);
	close(pair[0]);
	close(stay[0]);
	close(stay[1]);
	return what;
}

/* ------------------------------------------------------------- the walk */

struct op {
	const char *(*run)(struct walk *walk);
	unsigned int weight;
};

static const struct op ops[] = {
	{ op_attach, 300 },	  { op_detach, 130 }, { op_reserve, 80 },
	{ op_free, 25 },	  { op_munmap, 60 },  { op_mmap, 40 },
	{ op_map_dataspace, 40 }, { op_move, 70 },    { op_resize, 50 },
	{ op_mprotect, 70 },	  { op_madvise, 30 }, { op_fork, 4 },
	{ op_exec, 1 },
};

static const struct op fewer_ops[] = {
	{ op_detach, 4 },
	{ op_munmap, 3 },
	{ op_free, 1 },
};

static const char *draw_op(struct walk *walk, const struct op *ops,
			   unsigned int count)
{
	unsigned int sum = 0, i;
	__u64 drawn;

	for (i = 0; i < count; i++)
		sum += ops[i].weight;
	drawn = draw(walk, sum);
	for (i = 0; drawn >= ops[i].weight; i++)
		drawn -= ops[i].weight;
	return ops[i].run(walk);
}

static const char *step(struct walk *walk)
{
	const char *what;

	walk->words[0] = '\0';
	if (walk->model.count > PIECES_MANY ||
	    (walk->model.count > PIECES_MANY / 2 && draw_one(walk, 4)))
		what = draw_op(walk, fewer_ops, ARRAY_SIZE(fewer_ops));
	else
		what = draw_op(walk, ops, ARRAY_SIZE(ops));
	return what ? what : look(walk);
}

static __u64 seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void *run(void *arg)
{
	struct walker *walker = arg;
	struct party *party = walker->party;
	struct walk *walk = walker->walk;
	unsigned long taken = 0;
	const char *what = NULL;

	while (!what && !atomic_load(&party->failed) &&
	       (!party->end || seconds() < party->end)) {
		if (atomic_fetch_add(&party->steps, 1) >= party->limit) {
			atomic_fetch_sub(&party->steps, 1);
			break;
		}
		taken++;
		what = step(walk);
	}
	/* The first one speaks. */
	if (!what || atomic_exchange(&party->failed, true))
		return NULL;
	walk_say("MEMBANK_SEED=%#llx thread %u step %lu: %s after: %s",
		 party->seed, (unsigned int)(walk - party->walks), taken, what,
		 walk->words);
	/* What the operation made of it, if it was its answer that was wrong. */
	if (!walk_list(walk->dev, &walk->view, &walk->model))
		walk_read_maps(&walk->view, &walk->model);
	walk_show(&walk->view, &walk->model);
	return NULL;
}

/* ------------------------------------------------------------- the case */

/* Every page of it says which one it is. */
static void make_space(struct __test_metadata *_metadata, int dev,
		       struct walk_space *space, unsigned int number)
{
	const __u64 pages = space_pages[number % WALK_SPACES];
	struct stat stat;
	__u64 *mem, page;

	space->number = number + 1;
	space->pages = pages;
	space->fd = test_alloc(dev, pages * WALK_PAGE, 0, pages > 512 ? 21 : 0);
	ASSERT_LE(0, space->fd);
	ASSERT_EQ(0, test_info(dev, space->fd, &space->info));
	ASSERT_EQ(0, fstat(space->fd, &stat));
	space->inode = stat.st_ino;
	mem = test_map(space->fd, pages * WALK_PAGE);
	ASSERT_NE(MAP_FAILED, mem);
	for (page = 0; page < pages; page++) {
		mem[page * 512] = walk_stamp(space, page);
		mem[page * 512 + 511] = walk_stamp(space, page);
	}
	ASSERT_EQ(0, munmap(mem, pages * WALK_PAGE));
}

/* The window is nobody's. */
static void make_walk(struct __test_metadata *_metadata, struct party *party,
		      unsigned int number)
{
	struct walk *walk = &party->walks[number];
	struct walk_model *model = &walk->model;
	unsigned int i;

	walk->dev = test_open(TEST_ANY);
	ASSERT_LE(0, walk->dev);
	walk->view.maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, walk->view.maps);
	walk->children = party->children;
	/* 0 is the one state that xorshift never leaves. */
	walk->random = party->seed + number ? party->seed + number : 1;
	for (i = 0; i < WALK_SPACES; i++)
		make_space(_metadata, walk->dev, &walk->spaces[i],
			   number * WALK_SPACES + i);
	model->start = LOW + number * 2 * WINDOW;
	model->end = model->start + WINDOW;
	ASSERT_EQ(pointer(model->start),
		  mmap(pointer(model->start), WINDOW, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0));
	ASSERT_EQ(0, munmap(pointer(model->start), WINDOW));
}

static void end_walk(struct __test_metadata *_metadata, struct walk *walk)
{
	struct membank_dataspace_info info;
	unsigned int i;

	ASSERT_EQ(0, munmap(pointer(walk->model.start), WINDOW));
	walk->model.count = 0;
	EXPECT_EQ(NULL, look(walk));
	for (i = 0; i < WALK_SPACES; i++) {
		ASSERT_EQ(0, test_info(walk->dev, walk->spaces[i].fd, &info));
		EXPECT_EQ(0, info.out_mappings);
		close(walk->spaces[i].fd);
	}
	close(walk->view.maps);
	close(walk->dev);
}

FIXTURE(walk)
{
	struct party party;
};

FIXTURE_VARIANT(walk)
{
	unsigned int threads;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(walk, of_one_thread) { .threads = 1 };
FIXTURE_VARIANT_ADD(walk, of_eight_threads) { .threads = THREADS_MAX };
/* clang-format on */

FIXTURE_SETUP(walk)
{
	struct party *party = &self->party;
	unsigned int i;

	ASSERT_TRUE(test_banks_empty());
	touch_init();
	party->seed = number_from("MEMBANK_SEED", draw_seed(_metadata));
	party->limit = number_from("MEMBANK_STEPS", STEPS);
	party->threads = variant->threads;
	party->children = mmap(NULL, WALK_PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, party->children);
	party->walks = calloc(party->threads, sizeof(*party->walks));
	ASSERT_NE(NULL, party->walks);
	for (i = 0; i < party->threads; i++)
		make_walk(_metadata, party, i);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(walk)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(walk, list_maps_and_model_agree_after_each_step, 24 * 3600)
{
	struct walker walkers[THREADS_MAX] = {};
	struct party *party = &self->party;
	const __u64 limit = number_from("MEMBANK_SECONDS", SECONDS);
	const __u64 start = seconds();
	unsigned int i;

	ksft_print_msg("MEMBANK_SEED=%#llx\n", party->seed);
	party->end = limit ? start + limit : 0;
	for (i = 0; i < party->threads; i++) {
		walkers[i].party = party;
		walkers[i].walk = &party->walks[i];
		ASSERT_EQ(0, pthread_create(&walkers[i].thread, NULL, run,
					    &walkers[i]));
	}
	for (i = 0; i < party->threads; i++)
		ASSERT_EQ(0, pthread_join(walkers[i].thread, NULL));
	ksft_print_msg("%lu steps in %llu s, %u children\n", party->steps,
		       seconds() - start, party->children->born);
	ASSERT_FALSE(party->failed);
	ASSERT_EQ(party->children->born, party->children->ended);
	EXPECT_LT(0, party->steps);
	for (i = 0; i < party->threads; i++)
		end_walk(_metadata, &party->walks[i]);
}

/* What a walk sees seldom: it comes back where the area was, or still is. */
TEST(region_that_mremap_moved_is_in_no_area)
{
	const int dev = test_open(TEST_ANY), fd = test_alloc(dev, MIB, 0, 0);
	struct membank_region_entry entries[4];
	struct membank_region_list list = {
		.size = sizeof(list),
		.start = LOW,
		.length = 4 * MIB,
		.entries = (uintptr_t)entries,
		.nr_entries = ARRAY_SIZE(entries),
		.entry_size = sizeof(*entries),
	};
	struct membank_area_reserve area = {
		.size = sizeof(area),
		.start = LOW,
		.length = 2 * MIB,
	};
	struct membank_region_attach region = {
		.size = sizeof(region),
		.fd = fd,
		.start = LOW,
		.flags = IN_AREA,
	};
	char *there = pointer(LOW + 3 * MIB), *back = pointer(LOW + MIB);

	test_ok(dev, MEMBANK_IOC_AREA_RESERVE, &area);
	test_ok(dev, MEMBANK_IOC_REGION_ATTACH, &region);
	ASSERT_EQ(there, mremap(pointer(LOW), MIB, MIB,
				MREMAP_MAYMOVE | MREMAP_FIXED, there));
	ASSERT_EQ(back,
		  mremap(there, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED, back));
	test_ok(dev, MEMBANK_IOC_REGION_LIST, &list);
	ASSERT_EQ(1, list.out_nr_entries);
	EXPECT_EQ(LOW + MIB, entries[0].start);
	EXPECT_EQ(MEMBANK_AREA_NONE, entries[0].area);
}

TEST_HARNESS_MAIN
