// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: what a server can do with what it has lent: notify one client or
 * all, and take back what one client got.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
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
#define CLIENTS 3

/* What the service offers, in this order. */
enum {
	MEMORY,
	BELL,
	TABLE,
	OFFERS,
};

/* How often memory is lent and taken back while it is used. */
#define ROUNDS 200

/**
 * struct borrower - one client and what it got
 * @connection: of it
 * @number: of the connection
 * @got: what is offered
 * @event: receives from the notifier
 * @mem: the memory, attached
 */
struct borrower {
	int connection;
	__u64 number;
	struct membank_offer got[OFFERS];
	int event;
	char *mem;
};

FIXTURE(lend)
{
	int dev;
	int space;
	int table;
	int bell;
	int fd;
	char *mem;
	struct borrower borrowers[CLIENTS];
};

static bool borrow(int dev, int service, const char *name,
		   struct borrower *borrower)
{
	struct membank_service_event event;

	borrower->connection =
		service_connect(dev, name, 0, borrower->got, OFFERS, NULL);
	borrower->event = event_create();
	if (borrower->connection < 0 || borrower->event < 0 ||
	    service_event(service, &event) ||
	    notifier_bind(borrower->got[BELL].fd, borrower->event))
		return false;
	borrower->number = event.client;
	borrower->mem = test_map(borrower->got[MEMORY].fd, LENGTH);
	return borrower->mem != MAP_FAILED;
}

static void give_back(struct borrower *borrower)
{
	int i;

	munmap(borrower->mem, LENGTH);
	close(borrower->event);
	for (i = 0; i < OFFERS; i++)
		close(borrower->got[i].fd);
	close(borrower->connection);
}

FIXTURE_SETUP(lend)
{
	int i;

	touch_init();
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->space = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->space);
	self->table = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->table);
	self->bell = notifier_create(self->dev);
	ASSERT_LE(0, self->bell);
	self->mem = test_map(self->space, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);

	struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = self->space, .rights = READ | WRITE },
		[BELL] = { .fd = self->bell, .rights = RECEIVE },
		[TABLE] = { .fd = self->table, .rights = READ },
	};

	self->fd = service_register(self->dev, "lend", 0200, offers, OFFERS);
	ASSERT_LE(0, self->fd);
	for (i = 0; i < CLIENTS; i++)
		ASSERT_TRUE(borrow(self->dev, self->fd, "lend",
				   &self->borrowers[i]));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(lend)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Whether just these clients, by a bit each, were notified, once each. */
static bool notified(FIXTURE_DATA(lend) * self, unsigned int who)
{
	bool right = true;
	int i;

	for (i = 0; i < CLIENTS; i++)
		right &= event_count(self->borrowers[i].event) ==
			 (who >> i & 1);
	return right;
}

TEST_F(lend, notify_takes_its_struct_in_every_form)
{
	struct membank_service_notify good = { .size = sizeof(good),
					       .offer = BELL };

	EXPECT_FORM(self->fd, MEMBANK_IOC_SERVICE_NOTIFY, &good, sizeof(good),
		    FORM_NO_FD, 0);
	good.__reserved = 1;
	test_err(EINVAL, self->fd, MEMBANK_IOC_SERVICE_NOTIFY, &good);
	good.__reserved = 0;
	test_err(ENOTTY, self->dev, MEMBANK_IOC_SERVICE_NOTIFY, &good);
	test_err(ENOTTY, self->borrowers[0].connection,
		 MEMBANK_IOC_SERVICE_NOTIFY, &good);
}

TEST_F(lend, revoke_takes_its_struct_in_every_form)
{
	struct membank_service_revoke good = {
		.size = sizeof(good),
		.client = 1,
		.offer = MEMBANK_OFFER_ALL,
	};

	EXPECT_FORM(self->fd, MEMBANK_IOC_SERVICE_REVOKE, &good, sizeof(good),
		    FORM_NO_FD, 0);
	good.__reserved = 1;
	test_err(EINVAL, self->fd, MEMBANK_IOC_SERVICE_REVOKE, &good);
	good.__reserved = 0;
	test_err(ENOTTY, self->dev, MEMBANK_IOC_SERVICE_REVOKE, &good);
	test_err(ENOTTY, self->borrowers[0].connection,
		 MEMBANK_IOC_SERVICE_REVOKE, &good);
}

TEST_F(lend, notify_reaches_one_client_or_all)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		EXPECT_EQ(0, service_notify(self->fd, self->borrowers[i].number,
					    BELL));
		EXPECT_TRUE(notified(self, 1 << i));
	}
	EXPECT_EQ(0, service_notify(self->fd, MEMBANK_CLIENT_ALL, BELL));
	EXPECT_TRUE(notified(self, 7));
	/* As it is for who triggers. */
	EXPECT_EQ(0, notifier_trigger(self->bell));
	EXPECT_TRUE(notified(self, 7));
}

TEST_F(lend, notify_reaches_what_was_derived_by_the_client)
{
	int derived = notifier_derive(self->borrowers[1].got[BELL].fd, RECEIVE);
	int event = event_create();

	ASSERT_LE(0, derived);
	ASSERT_EQ(0, notifier_bind(derived, event));
	EXPECT_EQ(0, service_notify(self->fd, self->borrowers[0].number, BELL));
	EXPECT_EQ(0, event_count(event));
	EXPECT_TRUE(notified(self, 1));
	EXPECT_EQ(0, service_notify(self->fd, self->borrowers[1].number, BELL));
	EXPECT_EQ(1, event_count(event));
	EXPECT_TRUE(notified(self, 2));
	EXPECT_EQ(0, service_notify(self->fd, MEMBANK_CLIENT_ALL, BELL));
	EXPECT_EQ(1, event_count(event));
	EXPECT_TRUE(notified(self, 7));
}

TEST_F(lend, notify_of_a_client_of_another_service_is_none_of_this_one)
{
	struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = self->space, .rights = READ | WRITE },
		[BELL] = { .fd = self->bell, .rights = RECEIVE },
		[TABLE] = { .fd = self->table, .rights = READ },
	};
	int other = service_register(self->dev, "other", 0200, offers, OFFERS);
	struct borrower borrower;

	ASSERT_LE(0, other);
	ASSERT_TRUE(borrow(self->dev, other, "other", &borrower));
	/* Both are called 1. */
	ASSERT_EQ(self->borrowers[0].number, borrower.number);
	EXPECT_EQ(0, service_notify(self->fd, 1, BELL));
	EXPECT_EQ(0, event_count(borrower.event));
	EXPECT_TRUE(notified(self, 1));
	EXPECT_EQ(0, service_notify(other, 1, BELL));
	EXPECT_EQ(1, event_count(borrower.event));
	EXPECT_TRUE(notified(self, 0));

	EXPECT_EQ(0, service_revoke(other, 1, MEMBANK_OFFER_ALL));
	EXPECT_TRUE(touch_revoked(borrower.mem));
	EXPECT_EQ(0, touch_write(self->borrowers[0].mem, 1));
	/* Nor does a later one of the same name have what this one had. */
	close(other);
	other = service_register(self->dev, "other", 0200, offers, OFFERS);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOENT, service_revoke(other, 1, MEMBANK_OFFER_ALL));
}

TEST_F(lend, notify_that_makes_no_sense_is_refused)
{
	const int mute = notifier_derive(self->bell, RECEIVE);
	struct membank_offer offers[2] = {
		{ .fd = mute, .rights = RECEIVE },
		{ .fd = self->space, .rights = READ },
	};
	const struct borrower *first = &self->borrowers[0];
	int other;

	EXPECT_EQ(-ENOENT, service_notify(self->fd, CLIENTS + 1, BELL));
	EXPECT_EQ(-ENOENT, service_notify(self->fd, ~0ULL, BELL));
	EXPECT_EQ(-EINVAL, service_notify(self->fd, first->number, MEMORY));
	EXPECT_EQ(-EINVAL, service_notify(self->fd, first->number, OFFERS));
	EXPECT_EQ(-EINVAL,
		  service_notify(self->fd, first->number, MEMBANK_OFFER_ALL));
	EXPECT_EQ(-EINVAL,
		  service_notify(self->fd, MEMBANK_CLIENT_ALL, MEMORY));
	EXPECT_TRUE(notified(self, 0));

	ASSERT_LE(0, mute);
	other = service_register(self->dev, "mute", 0200, offers, 2);
	ASSERT_LE(0, other);
	EXPECT_EQ(-EACCES, service_notify(other, MEMBANK_CLIENT_ALL, 0));
	EXPECT_EQ(-ENOENT, service_notify(other, 1, 0));
	ASSERT_LE(0, service_connect(self->dev, "mute", 0, offers, 2, NULL));
	EXPECT_EQ(-EACCES, service_notify(other, 1, 0));
	EXPECT_EQ(-EINVAL, service_notify(other, 1, 1));
}

TEST_F(lend, notify_of_who_is_gone_reaches_nobody)
{
	struct borrower *first = &self->borrowers[0];

	give_back(first);
	first->event = event_create();
	EXPECT_EQ(0, service_notify(self->fd, first->number, BELL));
	EXPECT_TRUE(notified(self, 0));
	EXPECT_EQ(0, service_notify(self->fd, MEMBANK_CLIENT_ALL, BELL));
	EXPECT_TRUE(notified(self, 6));
}

TEST_F(lend, notify_needs_no_descriptor_of_the_server_any_more)
{
	close(self->bell);
	EXPECT_EQ(0, service_notify(self->fd, self->borrowers[2].number, BELL));
	EXPECT_TRUE(notified(self, 4));
}

/* Whether nothing at all can be done with a dataspace that was taken back. */
static bool is_dead(int dev, int fd)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START |
					      DMA_BUF_SYNC_READ };
	struct membank_dataspace_info info;
	int own = test_alloc(dev, LENGTH, 0, 0);
	bool dead = own >= 0;
	__u64 addr, length;
	char *mem = NULL;

	dead &= test_info(dev, fd, &info) == -ENODEV;
	dead &= handle_attach(dev, fd, NULL, 0, &mem) == -ENODEV;
	dead &= handle_attach(dev, fd, NULL, MEMBANK_REGION_READ_ONLY, &mem) ==
		-ENODEV;
	dead &= handle_clear(dev, fd, 0, 1) == -ENODEV;
	dead &= handle_copy(dev, fd, 0, own, 0, 1) == -ENODEV;
	dead &= handle_copy(dev, own, 0, fd, 0, 1) == -ENODEV;
	dead &= handle_derive(dev, fd, READ) == -ENODEV;
	dead &= handle_phys(dev, fd, 0, &addr, &length) == -ENODEV;
	dead &= ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) == -1 && errno == ENODEV;
	dead &= test_map(fd, LENGTH) == MAP_FAILED && errno == ENODEV;
	close(own);
	return dead;
}

TEST_F(lend, revoke_takes_all_from_one_client_and_nothing_from_others)
{
	struct borrower *first = &self->borrowers[0];
	struct membank_dataspace_info info;
	char byte, *eager, *table;
	int i;

	ASSERT_EQ(0, handle_attach(self->dev, first->got[MEMORY].fd, NULL,
				   MEMBANK_REGION_EAGER_MAP, &eager));
	table = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, first->got[TABLE].fd,
		     0);
	ASSERT_NE(MAP_FAILED, table);
	ASSERT_EQ(0, touch_write(first->mem, 5));
	ASSERT_EQ(0, touch_read(table, &byte));

	ASSERT_EQ(0,
		  service_revoke(self->fd, first->number, MEMBANK_OFFER_ALL));
	EXPECT_FALSE(test_present(first->mem));
	EXPECT_FALSE(test_present(eager + LENGTH - 1));
	EXPECT_TRUE(touch_revoked(first->mem));
	EXPECT_TRUE(touch_revoked(eager));
	EXPECT_EQ(SIGBUS, touch_read(table, &byte));
	EXPECT_TRUE(is_dead(self->dev, first->got[MEMORY].fd));
	EXPECT_EQ(-ENODEV, test_info(self->dev, first->got[TABLE].fd, &info));
	EXPECT_EQ(0, revents(first->connection, 0));

	/* The server and the others go on, each with what it had. */
	EXPECT_EQ(5, *self->mem);
	*self->mem = 6;
	for (i = 1; i < CLIENTS; i++) {
		EXPECT_EQ(0, touch_read(self->borrowers[i].mem, &byte));
		EXPECT_EQ(6, byte);
		EXPECT_EQ(0,
			  touch_write(self->borrowers[i].mem + LENGTH - 1, i));
		EXPECT_EQ(i, self->mem[LENGTH - 1]);
		EXPECT_EQ(0,
			  test_info(self->dev, self->borrowers[i].got[TABLE].fd,
				    &info));
	}
	EXPECT_EQ(2 * LENGTH, test_used());
	EXPECT_EQ(0, test_info(self->dev, self->space, &info));

	/* Again it does nothing; a newcomer gets what is offered. */
	EXPECT_EQ(0, service_revoke(self->fd, first->number, MEMORY));
	give_back(first);
	ASSERT_TRUE(borrow(self->dev, self->fd, "lend", first));
}

TEST_F(lend, revoke_of_one_offer_leaves_the_others)
{
	struct borrower *first = &self->borrowers[0];
	struct membank_dataspace_info info;

	ASSERT_EQ(0, service_revoke(self->fd, first->number, TABLE));
	EXPECT_EQ(-ENODEV, test_info(self->dev, first->got[TABLE].fd, &info));
	EXPECT_EQ(0, touch_write(first->mem, 1));
	EXPECT_EQ(0, notifier_bind(first->got[BELL].fd, first->event));
	EXPECT_EQ(0, service_notify(self->fd, first->number, BELL));
	EXPECT_TRUE(notified(self, 1));

	ASSERT_EQ(0, service_revoke(self->fd, first->number, MEMORY));
	EXPECT_TRUE(touch_revoked(first->mem));
	EXPECT_EQ(0, service_notify(self->fd, first->number, BELL));
	EXPECT_TRUE(notified(self, 1));
}

TEST_F(lend, revoke_of_what_is_offered_twice_takes_all_of_it)
{
	struct membank_offer offers[] = {
		{ .fd = self->bell, .rights = TRIGGER },
		{ .fd = self->table, .rights = READ },
		{ .fd = self->bell, .rights = RECEIVE },
		{ .fd = self->table, .rights = READ },
	};
	int twice = service_register(self->dev, "twice", 0200, offers, 4);
	struct membank_offer got[4];

	ASSERT_LE(0, twice);
	ASSERT_LE(0, service_connect(self->dev, "twice", 0, got, 4, NULL));
	ASSERT_EQ(0, service_event(twice, NULL));
	ASSERT_EQ(0, service_revoke(twice, 1, 0));
	EXPECT_EQ(-ENODEV, notifier_trigger(got[0].fd));
	EXPECT_EQ(-ENODEV, notifier_read(got[2].fd));
	EXPECT_EQ(READ, handle_rights(self->dev, got[1].fd));
	ASSERT_EQ(0, service_revoke(twice, 1, 3));
	EXPECT_EQ(-ENODEV, handle_rights(self->dev, got[1].fd));
	EXPECT_EQ(-ENODEV, handle_rights(self->dev, got[3].fd));
}

TEST_F(lend, revoke_of_a_notifier_ends_it_for_one_client)
{
	struct borrower *first = &self->borrowers[0];
	int derived = notifier_derive(first->got[BELL].fd, RECEIVE);

	ASSERT_LE(0, derived);
	ASSERT_EQ(0, service_revoke(self->fd, first->number, BELL));
	EXPECT_EQ(-ENODEV, notifier_bind(first->got[BELL].fd, first->event));
	EXPECT_EQ(-ENODEV, notifier_bind(derived, first->event));
	EXPECT_EQ(-ENODEV, notifier_derive(first->got[BELL].fd, RECEIVE));
	EXPECT_EQ(0, service_notify(self->fd, first->number, BELL));
	EXPECT_TRUE(notified(self, 0));
	EXPECT_EQ(0, notifier_trigger(self->bell));
	EXPECT_TRUE(notified(self, 6));
}

TEST_F(lend, revoke_that_makes_no_sense_is_refused)
{
	char byte;
	int i;

	EXPECT_EQ(-ENOENT, service_revoke(self->fd, 0, MEMBANK_OFFER_ALL));
	EXPECT_EQ(-ENOENT, service_revoke(self->fd, CLIENTS + 1, MEMORY));
	EXPECT_EQ(-ENOENT, service_revoke(self->fd, ~0ULL, MEMORY));
	EXPECT_EQ(-EINVAL, service_revoke(self->fd, 1, OFFERS));
	EXPECT_EQ(-EINVAL, service_revoke(self->fd, 1, ~1U));
	for (i = 0; i < CLIENTS; i++)
		EXPECT_EQ(0, touch_read(self->borrowers[i].mem, &byte));
}

/* A third process that uses what a client has passed on. */
static int third_process(int dev, int socket)
{
	struct membank_dataspace_info info;
	int fd = test_receive_fd(socket), derived;
	char *mem, byte;

	if (fd < 0)
		return 1;
	mem = test_map(fd, LENGTH);
	derived = handle_derive(dev, fd, READ);
	if (mem == MAP_FAILED || derived < 0 || touch_write(mem, 9))
		return 2;
	if (write(socket, "", 1) != 1 || read(socket, &byte, 1) != 1)
		return 3;
	if (!touch_revoked(mem))
		return 4;
	if (test_info(dev, fd, &info) != -ENODEV ||
	    test_info(dev, derived, &info) != -ENODEV)
		return 5;
	return 0;
}

TEST_F(lend, revoke_takes_what_was_derived_and_passed_on)
{
	struct borrower *first = &self->borrowers[0];
	int derived, again, sockets[2];
	char *mem, byte;
	pid_t child;

	derived = handle_derive(self->dev, first->got[MEMORY].fd, READ | WRITE);
	ASSERT_LE(0, derived);
	again = handle_derive(self->dev, derived, READ | WRITE);
	ASSERT_LE(0, again);
	mem = test_map(again, LENGTH);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(third_process(self->dev, sockets[1]));
	ASSERT_EQ(0, test_send_fd(sockets[0], again));
	ASSERT_EQ(1, read(sockets[0], &byte, 1));
	EXPECT_EQ(9, *self->mem);

	/* The client is gone, what it passed on is not. */
	give_back(first);
	EXPECT_EQ(0, touch_write(mem, 1));
	ASSERT_EQ(0, service_revoke(self->fd, first->number, MEMORY));
	EXPECT_TRUE(touch_revoked(mem));
	EXPECT_TRUE(is_dead(self->dev, derived));
	EXPECT_TRUE(is_dead(self->dev, again));
	ASSERT_EQ(1, write(sockets[0], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(0, touch_write(self->borrowers[1].mem, 1));
}

TEST_F(lend, revoke_does_not_touch_what_the_owner_revoked)
{
	ASSERT_EQ(0, handle_revoke(self->dev, self->space));
	EXPECT_EQ(0, service_revoke(self->fd, 1, MEMBANK_OFFER_ALL));
	EXPECT_TRUE(is_dead(self->dev, self->borrowers[1].got[MEMORY].fd));
	EXPECT_EQ(-ENODEV,
		  service_connect(self->dev, "lend", 0, self->borrowers[0].got,
				  OFFERS, NULL));
}

TEST_F(lend, what_was_taken_back_does_not_hold_the_memory)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, service_revoke(self->fd, i + 1, MEMORY));
	EXPECT_EQ(2 * LENGTH, test_used());
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	close(self->space);
	EXPECT_EQ(2 * LENGTH, test_used());
	/* Nobody is left who can use the memory: only dead descriptors. */
	close(self->fd);
	EXPECT_TRUE(test_wait_used(LENGTH));
	EXPECT_TRUE(is_dead(self->dev, self->borrowers[0].got[MEMORY].fd));
}

/* Waits for the answer of a pager. */
static void *touch_it(void *arg)
{
	char byte;

	return (void *)(intptr_t)touch_read(arg, &byte);
}

/* Answers one fault at @mem, of a region of @pager, with @fd. */
static int answer(int pager, char *mem, int fd, int *signal)
{
	struct membank_pager_reply reply = { .size = sizeof(reply),
					     .length = LENGTH,
					     .fd = fd };
	struct membank_pager_fault fault;
	pthread_t thread;
	void *end;
	int ret;

	if (pthread_create(&thread, NULL, touch_it, mem))
		return -EAGAIN;
	if (read(pager, &fault, sizeof(fault)) != sizeof(fault))
		return -EPROTO;
	reply.id = fault.id;
	ret = test_ioctl(pager, MEMBANK_IOC_PAGER_REPLY, &reply);
	/* Refused: this fault has no answer, else the thread would wait on. */
	if (ret) {
		reply.fd = -1;
		if (test_ioctl(pager, MEMBANK_IOC_PAGER_REPLY, &reply))
			return -EPROTO;
	}
	pthread_join(thread, &end);
	*signal = (intptr_t)end;
	return ret;
}

TEST_F(lend, revoke_takes_what_a_pager_has_answered_with)
{
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct borrower *first = &self->borrowers[0];
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.flags = MEMBANK_REGION_PAGER | MEMBANK_REGION_SEARCH_ADDR,
		.length = 2 * LENGTH,
	};
	char *mem, byte;
	int signal;

	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	attach.fd = pager.out_attach_fd;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	mem = (char *)(uintptr_t)attach.out_start;
	ASSERT_EQ(0, answer(pager.out_fd, mem, first->got[MEMORY].fd, &signal));
	EXPECT_EQ(0, signal);
	*self->mem = 8;
	ASSERT_EQ(0, touch_read(mem, &byte));
	EXPECT_EQ(8, byte);

	ASSERT_EQ(0, service_revoke(self->fd, first->number, MEMORY));
	EXPECT_FALSE(test_present(mem));
	EXPECT_TRUE(touch_revoked(mem));
	EXPECT_TRUE(touch_revoked(mem + LENGTH - 1));
	/* Nor is it an answer any more. */
	EXPECT_EQ(-ENODEV, answer(pager.out_fd, mem + LENGTH,
				  first->got[MEMORY].fd, &signal));
	EXPECT_EQ(SIGBUS, signal);
}

/* Uses the memory until it is taken back. */
static void *use(void *arg)
{
	char *mem = arg;
	size_t i = 0;

	while (!touch_write(mem + i, 1))
		i = (i + 4097) % LENGTH;
	return NULL;
}

TEST_F_TIMEOUT(lend, revoke_while_it_is_used, TEST_SLOW)
{
	struct borrower borrower;
	pthread_t threads[2];
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(borrow(self->dev, self->fd, "lend", &borrower));
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, use,
						    borrower.mem));
		ASSERT_EQ(0, service_revoke(self->fd, borrower.number,
					    MEMBANK_OFFER_ALL));
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_join(threads[i], NULL));
		give_back(&borrower);
		ASSERT_EQ(0, service_event(self->fd, NULL));
	}
	EXPECT_EQ(0, touch_write(self->borrowers[0].mem, 1));
}

/* What other threads do to the service while it is closed. */
struct storm {
	int dev;
	int fd;
	bool stop;
};

/* Client 1 may be there or not yet; the service, or another file by its number. */
static bool may_be(int ret)
{
	return !ret || ret == -ENOENT || ret == -EBADF || ret == -ENOTTY;
}

static void *notify_and_revoke(void *arg)
{
	struct storm *storm = arg;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_RELAXED))
		if (!may_be(service_notify(storm->fd, 1, BELL)) ||
		    !may_be(service_revoke(storm->fd, 1, MEMBANK_OFFER_ALL)))
			return "an errno";
	return NULL;
}

/* The commands hold the file: what they use stays until they are done. */
TEST_F_TIMEOUT(lend, close_while_others_notify_and_revoke, TEST_SLOW)
{
	struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = self->space, .rights = READ | WRITE },
		[BELL] = { .fd = self->bell, .rights = RECEIVE },
		[TABLE] = { .fd = self->table, .rights = READ },
	};
	struct storm storm = { .dev = self->dev };
	struct membank_offer got[OFFERS];
	pthread_t threads[2];
	int round, i, client;
	void *wrong;

	for (round = 0; round < ROUNDS / 4; round++) {
		storm.fd = service_register(self->dev, "storm", 0200, offers,
					    OFFERS);
		ASSERT_LE(0, storm.fd);
		storm.stop = false;
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL,
						    notify_and_revoke, &storm));
		client = service_connect(self->dev, "storm", 0, got, OFFERS,
					 NULL);
		ASSERT_LE(0, client);
		close(storm.fd);
		EXPECT_EQ(POLLHUP, revents(client, TEST_PATIENCE));
		__atomic_store_n(&storm.stop, true, __ATOMIC_RELAXED);
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], &wrong));
			EXPECT_EQ(NULL, wrong);
		}
		for (i = 0; i < OFFERS; i++)
			close(got[i].fd);
		close(client);
	}
}

TEST_HARNESS_MAIN
