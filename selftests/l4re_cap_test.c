// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of capabilities alone, with pipes for descriptors: what each index is
 * after each step, and many threads at once.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/err.h>

#include "cap.h"

#define MANY 1000
#define THREADS 8
#define ROUNDS 2000
#define SHARED 4
#define FORKS 100
#define FORK_SECONDS 5

#define ANY_KIND L4RE_MEMBANK_NOTIFIER

static struct membank_l4_object *new_object(enum l4re_membank_kind kind)
{
	return membank_l4_object_new(kind, open("/dev/null", O_RDONLY), 0);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

TEST(slots_are_different_and_used_again)
{
	static l4_cap_idx_t caps[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		caps[i] = l4re_util_cap_alloc();
		ASSERT_FALSE(l4_is_invalid_cap(caps[i]));
		ASSERT_LE(MEMBANK_L4_FIRST_FREE, caps[i] >> L4_CAP_SHIFT);
		ASSERT_EQ(0, caps[i] & (L4_CAP_OFFSET - 1));
		if (i)
			ASSERT_LT(caps[i - 1], caps[i]);
	}
	l4re_util_cap_free(caps[7]);
	l4re_util_cap_free_um(caps[3]);
	EXPECT_EQ(caps[3], l4re_util_cap_alloc());
	EXPECT_EQ(caps[7], l4re_util_cap_alloc());
	EXPECT_LT(caps[MANY - 1], l4re_util_cap_alloc());
}

TEST(a_slot_holds_what_it_was_given)
{
	struct membank_l4_object *object = new_object(ANY_KIND), *got;
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	int fd = object->fd;

	EXPECT_EQ(NULL, membank_l4_cap_get(cap));
	EXPECT_TRUE(membank_l4_cap_usable(cap));
	ASSERT_EQ(0, membank_l4_cap_set(cap, object));
	got = membank_l4_cap_get(cap | L4_CAP_FPAGE_RW);
	EXPECT_EQ(object, got);
	/* Who has it keeps it, also when the slot is freed. */
	l4re_util_cap_free(cap);
	EXPECT_FALSE(membank_l4_cap_usable(cap));
	EXPECT_EQ(NULL, membank_l4_cap_get(cap));
	EXPECT_TRUE(is_open(fd));
	membank_l4_object_put(got);
	EXPECT_FALSE(is_open(fd));
	membank_l4_object_put(NULL);
}

TEST(what_was_in_a_slot_is_closed)
{
	struct membank_l4_object *one = new_object(ANY_KIND);
	struct membank_l4_object *other = new_object(ANY_KIND);
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	int fd = one->fd, next = other->fd;

	ASSERT_EQ(0, membank_l4_cap_set(cap, one));
	ASSERT_EQ(0, membank_l4_cap_set(cap, other));
	EXPECT_FALSE(is_open(fd));
	EXPECT_TRUE(is_open(next));
	ASSERT_EQ(0, membank_l4_cap_set(cap, NULL));
	EXPECT_FALSE(is_open(next));
	EXPECT_TRUE(membank_l4_cap_usable(cap));
	l4re_util_cap_free(cap);
}

TEST(offers_are_closed_with_their_connection)
{
	struct membank_l4_object *object;
	int first = open("/dev/null", O_RDONLY);
	int second = open("/dev/null", O_RDONLY);

	object = membank_l4_object_new(L4RE_MEMBANK_SERVICE,
				       open("/dev/null", O_RDONLY), 2);
	object->offers[0].fd = first;
	object->offers[1].fd = second;
	membank_l4_object_put(object);
	EXPECT_FALSE(is_open(first));
	EXPECT_FALSE(is_open(second));
}

TEST(any_other_number_is_refused)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc(), i;
	struct membank_l4_object *object;
	int fd;

	l4re_util_cap_free(cap);
	l4re_util_cap_free(cap);
	l4re_util_cap_free(L4_INVALID_CAP);
	l4re_util_cap_free(~0UL);
	for (i = 0; i < 4 * MEMBANK_L4_FIRST_FREE; i++) {
		cap = i << L4_CAP_SHIFT;
		object = new_object(ANY_KIND);
		fd = object->fd;
		l4re_util_cap_free(cap);
		EXPECT_EQ(NULL, membank_l4_cap_get(cap));
		EXPECT_FALSE(membank_l4_cap_usable(cap));
		EXPECT_EQ(-L4_EINVAL, membank_l4_cap_set(cap, object));
		EXPECT_FALSE(is_open(fd));
	}
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_set(L4_INVALID_CAP, NULL));
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_set(~0UL, NULL));
	EXPECT_EQ(NULL, membank_l4_cap_get(L4_INVALID_CAP));
	EXPECT_EQ(NULL, membank_l4_cap_get(~0UL << L4_CAP_SHIFT));
}

TEST(a_slot_lasts_as_long_as_its_users)
{
	struct membank_l4_object *object = new_object(ANY_KIND), *out;
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	int fd = object->fd;

	ASSERT_EQ(0, membank_l4_cap_set(cap, object));
	EXPECT_EQ(0, l4re_membank_cap_take(cap | L4_CAP_FPAGE_RW));
	EXPECT_EQ(0, l4re_membank_cap_take(cap));
	EXPECT_EQ(0, membank_l4_cap_release(cap, 1, &out));
	EXPECT_EQ(NULL, out);
	EXPECT_EQ(0, membank_l4_cap_release(cap, 1, &out));
	EXPECT_TRUE(membank_l4_cap_usable(cap));
	EXPECT_EQ(1, membank_l4_cap_release(cap, 1, &out));
	EXPECT_FALSE(membank_l4_cap_usable(cap));
	EXPECT_EQ(object, out);
	EXPECT_TRUE(is_open(fd));
	membank_l4_object_put(out);
	EXPECT_FALSE(is_open(fd));

	/* Who frees it does not ask them. */
	ASSERT_EQ(cap, l4re_util_cap_alloc());
	EXPECT_EQ(0, l4re_membank_cap_take(cap));
	l4re_util_cap_free(cap);
	EXPECT_EQ(-L4_EINVAL, l4re_membank_cap_take(cap));
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_release(cap, 1, &out));
	EXPECT_EQ(NULL, out);
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_release(cap, UINT_MAX, &out));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_cap_take(L4_INVALID_CAP));
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_release(~0UL, 1, &out));
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_release(0, 1, &out));
}

TEST(an_object_is_replaced_by_who_knows_it)
{
	struct membank_l4_object *one = new_object(ANY_KIND);
	struct membank_l4_object *other = new_object(ANY_KIND), *got;
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	int fd = other->fd;

	membank_l4_object_get(one);
	ASSERT_EQ(0, membank_l4_cap_set(cap, one));
	EXPECT_EQ(0, membank_l4_cap_replace(cap, one,
					    membank_l4_object_get(other)));
	EXPECT_EQ(-L4_EINVAL, membank_l4_cap_replace(cap, one, other));
	membank_l4_object_put(one);
	got = membank_l4_cap_get(cap);
	EXPECT_EQ(other, got);
	membank_l4_object_put(got);
	EXPECT_TRUE(is_open(fd));
	l4re_util_cap_free(cap);
	EXPECT_FALSE(is_open(fd));
}

TEST(there_is_an_end_to_the_table)
{
	l4_cap_idx_t cap, last = 0;
	unsigned long count = 0;

	for (;;) {
		cap = l4re_util_cap_alloc();
		if (l4_is_invalid_cap(cap))
			break;
		last = cap;
		count++;
	}
	EXPECT_LT(100000, count);
	EXPECT_EQ(L4_INVALID_CAP, cap);
	EXPECT_EQ(l4re_util_cap_last(), last >> L4_CAP_SHIFT);
	l4re_util_cap_free(last);
	EXPECT_EQ(last, l4re_util_cap_alloc());
}

TEST(the_same_dataspace_is_found)
{
	struct membank_l4_object *object, like = {
		.kind = L4RE_MEMBANK_DATASPACE, .id = 7, .offset = 4096
	};
	l4_cap_idx_t caps[4], found;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		object = new_object(i ? L4RE_MEMBANK_DATASPACE : ANY_KIND);
		/* The first is none; the second is another; then two it may be. */
		object->id = i == 2 ? 7 : 100 + i;
		object->offset = i == 1 ? 8192 : 4096;
		object->bank = i == 2;
		caps[i] = l4re_util_cap_alloc();
		ASSERT_EQ(0, membank_l4_cap_set(caps[i], object));
	}
	found = membank_l4_cap_find(0, &like, &object);
	ASSERT_EQ(caps[2], found);
	membank_l4_object_put(object);
	found = membank_l4_cap_find(found, &like, &object);
	ASSERT_EQ(caps[3], found);
	membank_l4_object_put(object);
	EXPECT_EQ(L4_INVALID_CAP, membank_l4_cap_find(found, &like, &object));
	EXPECT_EQ(L4_INVALID_CAP,
		  membank_l4_cap_find(~0UL << L4_CAP_SHIFT, &like, &object));

	/* What has the same number, and is of another kind, is not the same. */
	like.kind = ANY_KIND;
	found = membank_l4_cap_find(0, &like, &object);
	ASSERT_EQ(caps[0], found);
	membank_l4_object_put(object);
	EXPECT_EQ(L4_INVALID_CAP, membank_l4_cap_find(found, &like, &object));
}

/* ----------------------------------------------------------------- threads */

static l4_cap_idx_t shared[SHARED];

/* Its own slots, and those that all threads fill, empty and look into. */
static void *all_at_once(void *seed)
{
	unsigned int state = (unsigned long)seed, i;
	struct membank_l4_object *object;
	l4_cap_idx_t own;

	for (i = 0; i < ROUNDS; i++) {
		l4_cap_idx_t cap = shared[rand_r(&state) % SHARED];

		own = l4re_util_cap_alloc();
		if (l4_is_invalid_cap(own) ||
		    membank_l4_cap_set(own, new_object(ANY_KIND)))
			return "an own slot";
		if (membank_l4_cap_set(cap, new_object(ANY_KIND)))
			return "a shared slot";
		object = membank_l4_cap_get(shared[rand_r(&state) % SHARED]);
		/* What another thread takes out meanwhile is there for us. */
		if (object &&
		    (object->kind != ANY_KIND || !is_open(object->fd)))
			return "a shared object";
		membank_l4_object_put(object);
		if (rand_r(&state) % 4 == 0)
			membank_l4_cap_set(cap, NULL);
		object = membank_l4_cap_get(own);
		if (!object || !is_open(object->fd))
			return "an own object";
		l4re_util_cap_free_um(own);
		membank_l4_object_put(object);
	}
	return NULL;
}

TEST(threads_do_all_at_once)
{
	pthread_t threads[THREADS];
	unsigned long i;
	void *wrong;
	int fd;

	fd = open("/dev/null", O_RDONLY);
	for (i = 0; i < SHARED; i++)
		shared[i] = l4re_util_cap_alloc();
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, all_at_once,
					    (void *)i));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &wrong));
		EXPECT_EQ(NULL, wrong)
		{
			TH_LOG("wrong: %s", (char *)wrong);
		}
	}
	for (i = 0; i < SHARED; i++)
		l4re_util_cap_free(shared[i]);
	/* All is closed: the next descriptor is the next number. */
	close(fd);
	EXPECT_EQ(fd, open("/dev/null", O_RDONLY));
}

static atomic_bool forked;

/* Are in the library most of the time. */
static void *until_forked(void *unused)
{
	while (!atomic_load(&forked))
		l4re_util_cap_free(l4re_util_cap_alloc());
	return unused;
}

/* A child has none of the threads that may be in the library when it is made. */
TEST(a_child_of_many_threads_has_slots)
{
	pthread_t threads[SHARED];
	unsigned int i, children = 0;
	int status = 0;
	pid_t child;

	for (i = 0; i < SHARED; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, until_forked,
					    NULL));
	for (i = 0; i < FORKS && !status; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			alarm(FORK_SECONDS);
			_exit(l4_is_invalid_cap(l4re_util_cap_alloc()) != 0);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		children++;
	}
	EXPECT_EQ(0, status);
	EXPECT_EQ(FORKS, children);
	atomic_store(&forked, true);
	for (i = 0; i < SHARED; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
}

TEST_HARNESS_MAIN
