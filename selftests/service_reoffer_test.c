// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: what was lent to a client cannot be lent on by a service of the
 * client's own, by whatever way the client came by a descriptor of it. Else who
 * lent it could not take it back.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#define LENGTH MIB

/* What the service offers, in this order. */
enum {
	MEMORY,
	BELL,
	OFFERS,
};

/* How often a dataspace is revoked while it is offered. */
#define ROUNDS 300

FIXTURE(reoffer)
{
	int dev;
	int space;
	int bell;
	int fd;
	int connection;
	struct membank_offer got[OFFERS];
};

FIXTURE_SETUP(reoffer)
{
	touch_init();
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->space = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->space);
	self->bell = notifier_create(self->dev);
	ASSERT_LE(0, self->bell);

	const struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = self->space, .rights = READ | WRITE },
		[BELL] = { .fd = self->bell, .rights = BOTH },
	};

	self->fd = service_register(self->dev, "lend", 0200, offers, OFFERS);
	ASSERT_LE(0, self->fd);
	self->connection =
		service_connect(self->dev, "lend", 0, self->got, OFFERS, NULL);
	ASSERT_LE(0, self->connection);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(reoffer)
{
	EXPECT_TRUE(test_banks_empty());
}

/* What who offers this gets: 0, or the error. */
static int offer(int dev, int fd, __u32 rights)
{
	const struct membank_offer one = { .fd = fd, .rights = rights };
	unsigned int files = test_open_files();
	int ret = service_register(dev, "on", 0200, &one, 1);

	if (ret >= 0)
		return close(ret);
	/* It took no name, and keeps nothing. */
	if (test_open_files() != files ||
	    service_connect(dev, "on", 0, NULL, 0, NULL) != -ENOENT)
		return -EPROTO;
	return ret;
}

static int offer_memory(int dev, int fd)
{
	return offer(dev, fd, READ);
}

static int offer_bell(int dev, int fd)
{
	return offer(dev, fd, TRIGGER);
}

/* Whether a descriptor of the memory was taken back with what was lent. */
static bool is_taken(int dev, int fd)
{
	struct membank_dataspace_info info;

	return test_info(dev, fd, &info) == -ENODEV &&
	       offer_memory(dev, fd) == -ENODEV;
}

static int take_all_back(FIXTURE_DATA(reoffer) * self)
{
	return service_revoke(self->fd, 1, MEMBANK_OFFER_ALL);
}

TEST_F(reoffer, of_what_was_lent_is_refused)
{
	const struct membank_offer own = { .fd = self->space, .rights = READ };
	struct membank_offer both[2] = { own, self->got[BELL] };

	EXPECT_EQ(-EACCES, offer_memory(self->dev, self->got[MEMORY].fd));
	EXPECT_EQ(-EACCES, offer_bell(self->dev, self->got[BELL].fd));
	/* Also behind something that may be offered. */
	both[1].kind = 0;
	EXPECT_EQ(-EACCES, service_register(self->dev, "on", 0200, both, 2));
	EXPECT_EQ(-ENOENT, service_connect(self->dev, "on", 0, NULL, 0, NULL));

	/* Who lent it can do so by as many services as it likes. */
	EXPECT_EQ(0, offer_memory(self->dev, self->space));
	EXPECT_EQ(0, offer_bell(self->dev, self->bell));
}

TEST_F(reoffer, of_what_was_lent_is_refused_when_the_server_is_gone)
{
	close(self->fd);
	EXPECT_EQ(POLLHUP, revents(self->connection, 0));
	EXPECT_EQ(-EACCES, offer_memory(self->dev, self->got[MEMORY].fd));
	EXPECT_EQ(-EACCES, offer_bell(self->dev, self->got[BELL].fd));
	close(self->connection);
	EXPECT_EQ(-EACCES, offer_memory(self->dev, self->got[MEMORY].fd));
	EXPECT_EQ(-EACCES, offer_bell(self->dev, self->got[BELL].fd));
}

TEST_F(reoffer, of_what_was_derived_is_refused)
{
	int memory = self->got[MEMORY].fd, bell = self->got[BELL].fd, i;

	for (i = 0; i < 3; i++) {
		memory = handle_derive(self->dev, memory, READ);
		ASSERT_LE(0, memory);
		bell = notifier_derive(bell, TRIGGER);
		ASSERT_LE(0, bell);
		EXPECT_EQ(-EACCES, offer_memory(self->dev, memory));
		EXPECT_EQ(-EACCES, offer_bell(self->dev, bell));
	}
	ASSERT_EQ(0, take_all_back(self));
	EXPECT_TRUE(is_taken(self->dev, memory));
	EXPECT_EQ(-ENODEV, offer_bell(self->dev, bell));
}

TEST_F(reoffer, of_what_was_taken_back_or_revoked_is_refused)
{
	int derived = handle_derive(self->dev, self->space, READ);

	ASSERT_LE(0, derived);
	ASSERT_EQ(0, take_all_back(self));
	EXPECT_EQ(-ENODEV, offer_memory(self->dev, self->got[MEMORY].fd));
	EXPECT_EQ(-ENODEV, offer_bell(self->dev, self->got[BELL].fd));
	/* The server's own are as before. */
	EXPECT_EQ(0, offer_memory(self->dev, self->space));
	EXPECT_EQ(0, offer_memory(self->dev, derived));
	EXPECT_EQ(0, offer_bell(self->dev, self->bell));

	ASSERT_EQ(0, handle_revoke(self->dev, self->space));
	EXPECT_EQ(-ENODEV, offer_memory(self->dev, self->space));
	EXPECT_EQ(-ENODEV, offer_memory(self->dev, derived));
}

/* A third process, to which a client has passed on what it got. */
static int offer_received(int dev, int socket)
{
	int memory = test_receive_fd(socket), bell = test_receive_fd(socket);

	if (memory < 0 || bell < 0)
		return 1;
	if (offer_memory(dev, memory) != -EACCES ||
	    offer_bell(dev, bell) != -EACCES)
		return 2;
	return 0;
}

TEST_F(reoffer, of_what_was_passed_on_is_refused)
{
	int sockets[2];
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(offer_received(self->dev, sockets[1]));
	ASSERT_EQ(0, test_send_fd(sockets[0], self->got[MEMORY].fd));
	ASSERT_EQ(0, test_send_fd(sockets[0], self->got[BELL].fd));
	EXPECT_EQ(0, test_wait_child(child));
}

/* A descriptor cannot be opened anew, and so lose what it is. */
TEST_F(reoffer, has_no_way_through_proc)
{
	char path[64];
	int i;

	for (i = 0; i < OFFERS; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d",
			 self->got[i].fd);
		EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
		EXPECT_EQ(ENXIO, errno);
	}
}

/* Detaches what is at @mem and returns the descriptor of its dataspace. */
static int detach(int dev, const char *mem, __u32 flags)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.flags = MEMBANK_DETACH_DATASPACE | flags,
		.addr = (uintptr_t)mem,
		.out_fd = NOT_OPEN,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_DETACH, &args);

	return ret ? ret : args.out_fd;
}

TEST_F(reoffer, of_what_the_region_map_gives_is_refused)
{
	const __u32 flags[] = { 0, MEMBANK_REGION_READ_ONLY,
				MEMBANK_REGION_RESERVED,
				MEMBANK_REGION_EAGER_MAP };
	int fds[2 * ARRAY_SIZE(flags)];
	unsigned int i;
	char *mem;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ASSERT_EQ(0, handle_attach(self->dev, self->got[MEMORY].fd,
					   NULL, flags[i], &mem));
		fds[2 * i] = handle_find(self->dev, mem, NULL);
		ASSERT_LE(0, fds[2 * i]);
		fds[2 * i + 1] = detach(self->dev, mem, 0);
		ASSERT_LE(0, fds[2 * i + 1]);
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		EXPECT_EQ(-EACCES, offer_memory(self->dev, fds[i]));
	ASSERT_EQ(0, take_all_back(self));
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		EXPECT_TRUE(is_taken(self->dev, fds[i]));
}

/* Attaches what it got, and passes on its region map. */
static int be_looked_at(FIXTURE_DATA(reoffer) * self, int socket)
{
	int dev = test_open(TEST_ANY);
	char *mem, byte;

	if (dev < 0 || handle_attach(dev, self->got[MEMORY].fd, NULL, 0, &mem))
		return 1;
	if (test_send_fd(socket, dev) ||
	    write(socket, &mem, sizeof(mem)) != sizeof(mem))
		return 2;
	return read(socket, &byte, 1) == 1 ? 0 : 3;
}

TEST_F(reoffer, of_what_the_region_map_of_another_process_gives_is_refused)
{
	int sockets[2], there, found, detached;
	pid_t child;
	char *mem;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(be_looked_at(self, sockets[1]));
	there = test_receive_fd(sockets[0]);
	ASSERT_LE(0, there);
	ASSERT_EQ(sizeof(mem), read(sockets[0], &mem, sizeof(mem)));
	found = handle_find(there, mem, NULL);
	ASSERT_LE(0, found);
	detached = detach(there, mem, MEMBANK_DETACH_UNMAP);
	ASSERT_LE(0, detached);
	EXPECT_EQ(-EACCES, offer_memory(self->dev, found));
	EXPECT_EQ(-EACCES, offer_memory(self->dev, detached));
	ASSERT_EQ(0, take_all_back(self));
	EXPECT_TRUE(is_taken(self->dev, found));
	EXPECT_TRUE(is_taken(self->dev, detached));
	ASSERT_EQ(1, write(sockets[0], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
}

/* Of the end of a pager nothing is lent, whatever it has answered with. */
TEST_F(reoffer, of_a_region_with_a_pager_is_none)
{
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.flags = MEMBANK_REGION_PAGER | MEMBANK_REGION_SEARCH_ADDR,
		.length = LENGTH,
	};
	int fd;

	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	attach.fd = pager.out_attach_fd;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	fd = handle_find(self->dev, (void *)(uintptr_t)attach.out_start, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, offer_memory(self->dev, fd));
}

/* What another thread does to a dataspace while it is offered. */
struct rival {
	int dev;
	int space;
	int ret;
};

static void *revoke_it(void *arg)
{
	struct rival *rival = arg;

	rival->ret = handle_revoke(rival->dev, rival->space);
	return NULL;
}

TEST_F_TIMEOUT(reoffer, that_races_with_a_revoke_leaves_nothing, TEST_SLOW)
{
	struct rival rival = { .dev = self->dev };
	int round, ret, offered = 0;
	pthread_t thread;

	for (round = 0; round < ROUNDS; round++) {
		rival.space = test_alloc(self->dev, LENGTH, 0, 0);
		ASSERT_LE(0, rival.space);
		ASSERT_EQ(0, pthread_create(&thread, NULL, revoke_it, &rival));
		ret = offer_memory(self->dev, rival.space);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_EQ(0, rival.ret);
		ASSERT_TRUE(ret == 0 || ret == -ENODEV);
		offered += !ret;
		ASSERT_EQ(-ENODEV, offer_memory(self->dev, rival.space));
		close(rival.space);
	}
	TH_LOG("%d of %d were offered before", offered, ROUNDS);
	EXPECT_TRUE(test_wait_used(LENGTH));
}

TEST_HARNESS_MAIN
