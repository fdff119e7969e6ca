// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ten thousand descriptors of each kind at once, which end with their process; and
 * descriptors that only messages hold, which nobody can receive.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "service.h"

#include "hostile.h"
#include "hostile_kinds.h"

/* How many descriptors of a kind there are at once. */
#define MANY number_from("MEMBANK_HOSTILE_FDS", 10000)

/* Messages in each direction, and pairs of sockets. */
#define MESSAGES 16
#define ROUNDS 4

FIXTURE(many)
{
	struct scene scene;
	int users;
};

FIXTURE_VARIANT(many)
{
	const struct kind *kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(many, nodes) { &kind_node };
FIXTURE_VARIANT_ADD(many, dataspaces) { &kind_dataspace };
FIXTURE_VARIANT_ADD(many, handles) { &kind_handle };
FIXTURE_VARIANT_ADD(many, notifiers) { &kind_notifier };
FIXTURE_VARIANT_ADD(many, listeners) { &kind_listener };
FIXTURE_VARIANT_ADD(many, services) { &kind_service };
FIXTURE_VARIANT_ADD(many, connections) { &kind_connection };
FIXTURE_VARIANT_ADD(many, pagers) { &kind_pager };
/* clang-format on */

FIXTURE_SETUP(many)
{
	const struct rlimit limit = { MANY + 100, MANY + 100 };

	self->users = test_module_users();
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_TRUE(scene_make(&self->scene));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(many)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(many, of_a_kind_are_open_and_end_with_their_process, TEST_SLOW)
{
	const int many = MANY, end = lowest_free() + many;
	int made = 0, fd;

	/* Some open two or three at once, and some numbers are kept. */
	do {
		fd = variant->kind->make(&self->scene);
		ASSERT_LE(0, fd)
		TH_LOG("%d after %d %s", fd, made, variant->kind->name);
		made++;
	} while (fd < end);
	EXPECT_LE((many - TEST_KEPT_MOST) / 3, made);
	/* The rest of the module knows nothing of that. */
	EXPECT_EQ(0, notifier_trigger(self->scene.notifier));
	EXPECT_EQ(NULL, rows_run(&self->scene));
}

/* Sends as often as the socket takes it; whether it did so at all. */
static unsigned int send_all(int socket, const int *fds, size_t count)
{
	unsigned int sent = 0;
	size_t i;

	while (sent < MESSAGES) {
		for (i = 0; i < count; i++)
			if (test_send_fd(socket, fds[i]))
				return sent;
		sent++;
	}
	return sent;
}

/* Two sockets, each of which is only in messages to the other one. */
static bool lose(const int *fds, size_t count)
{
	int pair[2], way;
	bool sent = true;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair))
		return false;
	for (way = 0; way < 2; way++)
		sent &= !test_send_fd(pair[way], pair[0]) &&
			!test_send_fd(pair[way], pair[1]) &&
			send_all(pair[way], fds, count);
	close(pair[0]);
	close(pair[1]);
	return sent;
}

TEST_F_TIMEOUT(many, in_messages_that_nobody_can_receive_end, TEST_SLOW)
{
	struct held before = held_now();
	const int base = lowest_free(), other = STDERR_FILENO;
	unsigned int i;
	int fds[2];
	__s64 end;

	for (i = 0; i < ROUNDS; i++) {
		fds[0] = variant->kind->make(&self->scene);
		fds[1] = self->scene.dataspace;
		ASSERT_LE(0, fds[0]);
		ASSERT_TRUE(lose(fds, 2));
		/* And all else that came with it. */
		ASSERT_EQ(0, syscall(__NR_close_range, base, TEST_KEPT - 1, 0));
	}
	/*
	 * What nobody can find is looked for when a user has some two thousand
	 * descriptors in messages, so here are others.
	 */
	end = clock_ns() + TEST_PATIENCE * 1000000LL;
	while (test_module_users() != before.users && clock_ns() < end)
		ASSERT_TRUE(lose(&other, 1));
	EXPECT_HELD(&self->scene, &before);
}

TEST_HARNESS_MAIN
