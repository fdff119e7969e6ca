// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's notifiers and services, on the real module. The rest of it is
 * in library_test.c.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <time.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"

#define NOBODY 65534
#define NO_FD 1000000
#define NAME "library-test"
#define UNKNOWN_RIGHT 0x80000000U

/* What no call that fails may have written. */
#define JUNK_FD 0xcccccc

static __s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void on_alarm(int signal __maybe_unused)
{
}

/* Again and again, because the first may come before the call sleeps. */
static void interrupt_soon(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 100000 }, { 0, 100000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static bool hangs_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd };

	return poll(&poll_fd, 1, TEST_PATIENCE) == 1 &&
	       poll_fd.revents & POLLHUP;
}

/* -------------------------------------------------------------- notifiers */

FIXTURE(notifier)
{
	int dev;
	int null;
	int notifier;
	int receiver;
	int eventfd;
	int fd;
	eventfd_t count;
};

FIXTURE_SETUP(notifier)
{
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open(NULL, &self->dev));
	ASSERT_EQ(0, membank_notifier_create(self->dev, &self->notifier));
	ASSERT_EQ(0, membank_notifier_derive(self->notifier,
					     MEMBANK_NOTIFIER_RECEIVE,
					     &self->receiver));
	ASSERT_EQ(0, membank_notifier_listen(self->receiver, &self->eventfd));
	self->fd = JUNK_FD;
	self->count = 0xcccc;
}

FIXTURE_TEARDOWN(notifier)
{
}

TEST_F(notifier, wait_gives_the_triggers_since_the_last)
{
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, membank_notifier_wait(self->receiver, self->eventfd, -1,
					   &self->count));
	EXPECT_EQ(2, self->count);
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(0, membank_notifier_wait(-1, self->eventfd, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_wait(-1, self->eventfd, 0, &self->count));
	EXPECT_EQ(2, self->count);
}

TEST_F(notifier, wait_ends_in_time)
{
	__s64 began = now_ms();

	EXPECT_EQ(-ETIMEDOUT, membank_notifier_wait(self->receiver,
						    self->eventfd, 60, NULL));
	EXPECT_LE(60, now_ms() - began);
	EXPECT_GT(TEST_PATIENCE, now_ms() - began);
}

/* A pipe without a reader wakes poll() over and over, as a thief would. */
TEST_F(notifier, wait_ends_in_time_when_woken_for_nothing)
{
	__s64 began = now_ms();
	int pipe_fds[2];

	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(0, close(pipe_fds[0]));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_wait(pipe_fds[1], self->eventfd, 60, NULL));
	EXPECT_LE(60, now_ms() - began);
	EXPECT_GT(TEST_PATIENCE, now_ms() - began);
}

TEST_F(notifier, wait_is_interrupted_by_a_signal)
{
	interrupt_soon();
	EXPECT_EQ(-EINTR, membank_notifier_wait(self->receiver, self->eventfd,
						-1, NULL));
}

TEST_F(notifier, wait_gives_the_last_triggers_and_then_epipe)
{
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, close(self->notifier));
	ASSERT_EQ(0, membank_notifier_wait(self->receiver, self->eventfd, -1,
					   &self->count));
	EXPECT_EQ(1, self->count);
	EXPECT_EQ(-EPIPE, membank_notifier_wait(self->receiver, self->eventfd,
						-1, NULL));
}

TEST_F(notifier, wait_refuses_what_is_no_eventfd)
{
	int pipe_fds[2];

	ASSERT_EQ(0, pipe2(pipe_fds, O_NONBLOCK));
	ASSERT_EQ(1, write(pipe_fds[1], "", 1));
	EXPECT_EQ(-EINVAL,
		  membank_notifier_wait(-1, pipe_fds[0], -1, &self->count));
	/* It counts, too, and would block. */
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(-EINVAL,
		  membank_notifier_wait(-1, self->receiver, -1, &self->count));
	EXPECT_EQ(-EBADF, membank_notifier_wait(-1, NO_FD, -1, &self->count));
	EXPECT_EQ(-EBADF, membank_notifier_wait(NO_FD, self->eventfd, -1,
						&self->count));
	EXPECT_EQ(0xcccc, self->count);
}

TEST_F(notifier, create_and_derive_refuse)
{
	EXPECT_EQ(-EBADF, membank_notifier_create(NO_FD, &self->fd));
	EXPECT_EQ(-ENOTTY, membank_notifier_create(self->null, &self->fd));
	EXPECT_EQ(-EBADF, membank_notifier_derive(NO_FD, 1, &self->fd));
	EXPECT_EQ(-ENOTTY, membank_notifier_derive(self->dev, 1, &self->fd));
	EXPECT_EQ(-EINVAL,
		  membank_notifier_derive(self->notifier, 0, &self->fd));
	EXPECT_EQ(-EOPNOTSUPP,
		  membank_notifier_derive(self->notifier, UNKNOWN_RIGHT,
					  &self->fd));
	EXPECT_EQ(-EACCES,
		  membank_notifier_derive(self->receiver,
					  MEMBANK_NOTIFIER_TRIGGER, &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(notifier, trigger_needs_its_right)
{
	EXPECT_EQ(-EACCES, membank_notifier_trigger(self->receiver));
	EXPECT_EQ(-EBADF, membank_notifier_trigger(NO_FD));
	EXPECT_EQ(-ENOTTY, membank_notifier_trigger(self->dev));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_wait(-1, self->eventfd, 0, NULL));
}

TEST_F(notifier, bind_changes_who_receives)
{
	int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, other));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(0, membank_notifier_wait(-1, other, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_wait(-1, self->eventfd, 0, NULL));

	/* Nobody is bound: the next one gets it. */
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(-ETIMEDOUT, membank_notifier_wait(-1, other, 0, NULL));
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, self->eventfd));
	EXPECT_EQ(0, membank_notifier_wait(-1, self->eventfd, 0, NULL));
}

TEST_F(notifier, bind_and_listen_refuse)
{
	unsigned int files;
	int trigger;

	ASSERT_EQ(0,
		  membank_notifier_derive(self->notifier,
					  MEMBANK_NOTIFIER_TRIGGER, &trigger));
	files = test_open_files();
	EXPECT_EQ(-EACCES, membank_notifier_bind(trigger, self->eventfd));
	EXPECT_EQ(-EINVAL, membank_notifier_bind(self->receiver, self->null));
	EXPECT_EQ(-EBADF, membank_notifier_bind(self->receiver, NO_FD));
	EXPECT_EQ(-EBADF, membank_notifier_bind(NO_FD, self->eventfd));
	EXPECT_EQ(-ENOTTY, membank_notifier_bind(self->dev, self->eventfd));
	EXPECT_EQ(-EACCES, membank_notifier_listen(trigger, &self->fd));
	EXPECT_EQ(-EBADF, membank_notifier_listen(NO_FD, &self->fd));
	EXPECT_EQ(-ENOTTY, membank_notifier_listen(self->dev, &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
	EXPECT_EQ(files, test_open_files());
}

TEST_F(notifier, listen_gives_an_eventfd_that_does_not_block)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->eventfd, F_GETFD));
	EXPECT_EQ(-1, read(self->eventfd, &self->count, sizeof(self->count)));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(notifier, oneshot_lets_one_through_until_it_is_unmasked)
{
	EXPECT_EQ(-EINVAL, membank_notifier_unmask(self->receiver));
	ASSERT_EQ(0,
		  membank_notifier_bind_oneshot(self->receiver, self->eventfd));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(0, membank_notifier_wait(-1, self->eventfd, 0, &self->count));
	EXPECT_EQ(1, self->count);
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_wait(-1, self->eventfd, 0, NULL));
	EXPECT_EQ(0, membank_notifier_unmask(self->receiver));
	EXPECT_EQ(0, membank_notifier_wait(-1, self->eventfd, 0, &self->count));
	EXPECT_EQ(1, self->count);
}

TEST_F(notifier, oneshot_refuses)
{
	int trigger;

	ASSERT_EQ(0,
		  membank_notifier_derive(self->notifier,
					  MEMBANK_NOTIFIER_TRIGGER, &trigger));
	EXPECT_EQ(-EACCES,
		  membank_notifier_bind_oneshot(trigger, self->eventfd));
	EXPECT_EQ(-EACCES, membank_notifier_unmask(trigger));
	EXPECT_EQ(-EINVAL, membank_notifier_bind_oneshot(self->receiver, -1));
	EXPECT_EQ(-EINVAL,
		  membank_notifier_bind_oneshot(self->receiver, self->null));
	EXPECT_EQ(-EBADF, membank_notifier_bind_oneshot(self->receiver, NO_FD));
	EXPECT_EQ(-EBADF, membank_notifier_unmask(NO_FD));
	EXPECT_EQ(-ENOTTY, membank_notifier_unmask(self->dev));
}

TEST_F(notifier, receive_gives_the_triggers_since_the_last)
{
	EXPECT_EQ(-ECANCELED,
		  membank_notifier_receive(self->receiver, 0, &self->count));
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_receive(self->receiver, 0, &self->count));
	EXPECT_EQ(0xcccc, self->count);
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(0,
		  membank_notifier_receive(self->receiver, -1, &self->count));
	EXPECT_EQ(2, self->count);
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(0, membank_notifier_receive(self->receiver, 0, NULL));
}

TEST_F(notifier, receive_waits_as_long_as_told)
{
	__s64 began = now_ms();

	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_receive(self->receiver, 60, NULL));
	EXPECT_LE(60, now_ms() - began);
	EXPECT_GT(TEST_PATIENCE, now_ms() - began);
	interrupt_soon();
	EXPECT_EQ(-EINTR, membank_notifier_receive(self->receiver, -1, NULL));
}

TEST_F(notifier, receive_gives_the_last_triggers_and_then_epipe)
{
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	ASSERT_EQ(0, close(self->notifier));
	EXPECT_EQ(0, membank_notifier_receive(self->receiver, -1, NULL));
	EXPECT_EQ(-EPIPE, membank_notifier_receive(self->receiver, -1, NULL));
}

TEST_F(notifier, receive_and_call_refuse)
{
	int trigger;

	ASSERT_EQ(0,
		  membank_notifier_derive(self->notifier,
					  MEMBANK_NOTIFIER_TRIGGER, &trigger));
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	EXPECT_EQ(-EACCES, membank_notifier_receive(trigger, 0, &self->count));
	EXPECT_EQ(-EBADF, membank_notifier_receive(NO_FD, 0, &self->count));
	EXPECT_EQ(-ENOTTY,
		  membank_notifier_receive(self->dev, 0, &self->count));
	EXPECT_EQ(-EACCES, membank_notifier_call(self->receiver, self->receiver,
						 0, &self->count));
	EXPECT_EQ(-EACCES,
		  membank_notifier_call(trigger, trigger, 0, &self->count));
	EXPECT_EQ(-EINVAL,
		  membank_notifier_call(trigger, self->null, 0, &self->count));
	EXPECT_EQ(-EBADF,
		  membank_notifier_call(trigger, NO_FD, 0, &self->count));
	EXPECT_EQ(-EBADF, membank_notifier_call(NO_FD, self->receiver, 0,
						&self->count));
	/* None of these has triggered. */
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_receive(self->receiver, 0, &self->count));
	EXPECT_EQ(0xcccc, self->count);
}

/* Replies to each request until the other side is gone. */
static int reply(int requests, int replies)
{
	int ret = membank_notifier_receive(requests, -1, NULL);

	while (!ret)
		ret = membank_notifier_call(replies, requests, -1, NULL);
	return ret == -EPIPE ? 0 : -ret;
}

TEST_F(notifier, call_goes_there_and_back)
{
	int back, request, replies, i;
	__s64 timeout;
	pid_t child;

	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	ASSERT_EQ(0, membank_notifier_create(self->dev, &back));
	ASSERT_EQ(0, membank_notifier_derive(back, MEMBANK_NOTIFIER_RECEIVE,
					     &replies));
	ASSERT_EQ(0,
		  membank_notifier_derive(self->notifier,
					  MEMBANK_NOTIFIER_TRIGGER, &request));
	ASSERT_EQ(0, close(self->notifier));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(request);
		close(replies);
		_exit(reply(self->receiver, back));
	}
	ASSERT_EQ(0, close(back));
	ASSERT_EQ(0, close(self->receiver));
	for (i = 0; i < 100; i++) {
		self->count = 0;
		timeout = i % 2 ? -1 : TEST_PATIENCE * 1000000LL;
		ASSERT_EQ(0, membank_notifier_call(request, replies, timeout,
						   &self->count));
		ASSERT_EQ(1, self->count);
	}
	ASSERT_EQ(0, close(request));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-EPIPE, membank_notifier_receive(replies, -1, NULL));
}

TEST_F(notifier, call_goes_on_by_receive_when_it_came_to_nothing)
{
	int request;

	ASSERT_EQ(0, membank_notifier_create(self->dev, &request));
	ASSERT_EQ(0, membank_notifier_bind(self->receiver, -1));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_notifier_call(request, self->receiver, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, membank_notifier_call(request, self->receiver,
						    1000000, NULL));
	interrupt_soon();
	EXPECT_EQ(-EINTR,
		  membank_notifier_call(request, self->receiver, -1, NULL));
	ASSERT_EQ(0, membank_notifier_trigger(self->notifier));
	EXPECT_EQ(0,
		  membank_notifier_receive(self->receiver, -1, &self->count));
	EXPECT_EQ(1, self->count);
	/* Each of the three has triggered; nobody counted, so they are one. */
	EXPECT_EQ(0, membank_notifier_receive(request, 0, &self->count));
	EXPECT_EQ(1, self->count);
}

/* --------------------------------------------------------------- services */

FIXTURE(service)
{
	int dev;
	int null;
	int dataspace;
	int notifier;
	int receiver;
	int service;
	int fd;
	unsigned int count;
	struct membank_offer offers[2];
	struct membank_offer got[MEMBANK_OFFERS_MAX];
	struct membank_service_event event;
	pid_t pid;
};

FIXTURE_SETUP(service)
{
	ASSERT_TRUE(test_banks_empty());
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open(NULL, &self->dev));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, MIB, 0, 0,
					     &self->dataspace));
	ASSERT_EQ(0, membank_notifier_create(self->dev, &self->notifier));
	ASSERT_EQ(0, membank_notifier_derive(self->notifier,
					     MEMBANK_NOTIFIER_RECEIVE,
					     &self->receiver));
	self->offers[0].fd = self->dataspace;
	self->offers[0].rights = MEMBANK_DATASPACE_READ;
	self->offers[1].fd = self->notifier;
	self->offers[1].rights = MEMBANK_NOTIFIER_TRIGGER;
	ASSERT_EQ(0, membank_service_register(self->dev, NAME, self->offers, 2,
					      0200, &self->service));
	self->fd = JUNK_FD;
	self->pid = -1;
	self->count = ARRAY_SIZE(self->got);
	memset(self->got, TEST_JUNK, sizeof(self->got));
	memset(&self->event, TEST_JUNK, sizeof(self->event));
}

FIXTURE_TEARDOWN_PARENT(service)
{
	EXPECT_TRUE(test_banks_empty());
}

static int connect_to(FIXTURE_DATA(service) * self, int dev, const char *name,
		      int timeout_ms)
{
	return membank_service_connect(dev, name, timeout_ms, self->got,
				       &self->count, &self->pid, &self->fd);
}

TEST_F(service, connect_gives_what_is_offered)
{
	int eventfd;

	ASSERT_EQ(0, connect_to(self, self->dev, NAME, 0));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(getpid(), self->pid);
	ASSERT_EQ(2, self->count);
	EXPECT_EQ(MEMBANK_OFFER_DATASPACE, self->got[0].kind);
	EXPECT_EQ(MEMBANK_DATASPACE_READ, self->got[0].rights);
	EXPECT_EQ(MIB, lseek(self->got[0].fd, 0, SEEK_END));
	EXPECT_EQ(MAP_FAILED, test_map(self->got[0].fd, MIB));
	EXPECT_EQ(MEMBANK_OFFER_NOTIFIER, self->got[1].kind);
	EXPECT_EQ(MEMBANK_NOTIFIER_TRIGGER, self->got[1].rights);

	ASSERT_EQ(0, membank_notifier_listen(self->receiver, &eventfd));
	ASSERT_EQ(0, membank_notifier_trigger(self->got[1].fd));
	EXPECT_EQ(0, membank_notifier_wait(-1, eventfd, 0, NULL));

	ASSERT_EQ(0, close(self->service));
	EXPECT_TRUE(hangs_up(self->fd));
}

TEST_F(service, events_tell_of_clients)
{
	__u64 client;
	pid_t child;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		pid_t server;

		_exit(membank_service_connect(self->dev, NAME, -1, self->got,
					      &self->count, &server,
					      &self->fd) ||
		      server != getppid());
	}
	ASSERT_EQ(0, membank_service_read_event(self->service, &self->event));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, self->event.type);
	EXPECT_EQ(child, self->event.pid);
	EXPECT_EQ(geteuid(), self->event.uid);
	EXPECT_EQ(getegid(), self->event.gid);
	client = self->event.client;
	EXPECT_EQ(0, test_wait_child(child));
	ASSERT_EQ(0, membank_service_read_event(self->service, &self->event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, self->event.type);
	EXPECT_EQ(client, self->event.client);
}

static bool is_unwritten(const struct membank_service_event *event)
{
	return test_all_bytes(event, TEST_JUNK, sizeof(*event));
}

TEST_F(service, read_event_without_one)
{
	int flags = fcntl(self->service, F_GETFL);

	ASSERT_EQ(0, fcntl(self->service, F_SETFL, flags | O_NONBLOCK));
	EXPECT_EQ(-EAGAIN,
		  membank_service_read_event(self->service, &self->event));
	ASSERT_EQ(0, fcntl(self->service, F_SETFL, flags));
	interrupt_soon();
	EXPECT_EQ(-EINTR,
		  membank_service_read_event(self->service, &self->event));
	EXPECT_TRUE(is_unwritten(&self->event));
}

TEST_F(service, read_event_from_something_else)
{
	int triggered = eventfd(1, EFD_CLOEXEC);

	ASSERT_LE(0, triggered);
	EXPECT_EQ(-EINVAL, membank_service_read_event(triggered, &self->event));
	EXPECT_EQ(-EINVAL,
		  membank_service_read_event(self->null, &self->event));
	EXPECT_EQ(-EINVAL, membank_service_read_event(self->dev, &self->event));
	EXPECT_EQ(-EBADF, membank_service_read_event(NO_FD, &self->event));
	EXPECT_TRUE(is_unwritten(&self->event));
}

static int register_as(FIXTURE_DATA(service) * self, const char *name,
		       const struct membank_offer *offers, unsigned int count,
		       unsigned int mode)
{
	return membank_service_register(self->dev, name, offers, count, mode,
					&self->fd);
}

TEST_F(service, register_refuses)
{
	struct membank_offer many[MEMBANK_OFFERS_MAX + 1] = {};
	struct membank_offer bad = { .fd = self->null };
	char name[MEMBANK_NAME_MAX + 2];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(-EEXIST, register_as(self, NAME, NULL, 0, 0222));
	EXPECT_EQ(-EINVAL, register_as(self, "", NULL, 0, 0222));
	EXPECT_EQ(-EINVAL, register_as(self, "a/b", NULL, 0, 0222));
	EXPECT_EQ(-EINVAL, register_as(self, name, NULL, 0, 0222));
	EXPECT_EQ(-EINVAL, register_as(self, "a", NULL, 0, 0666));
	EXPECT_EQ(-EINVAL,
		  register_as(self, "a", many, ARRAY_SIZE(many), 0222));
	EXPECT_EQ(-EINVAL, register_as(self, "a", &bad, 1, 0222));
	bad.fd = NO_FD;
	EXPECT_EQ(-EBADF, register_as(self, "a", &bad, 1, 0222));
	EXPECT_EQ(-EFAULT, register_as(self, "a", NULL, 1, 0222));
	bad = (struct membank_offer){ .fd = self->receiver,
				      .rights = MEMBANK_NOTIFIER_TRIGGER };
	EXPECT_EQ(-EACCES, register_as(self, "a", &bad, 1, 0222));
	bad.rights = UNKNOWN_RIGHT;
	EXPECT_EQ(-EOPNOTSUPP, register_as(self, "a", &bad, 1, 0222));
	bad = (struct membank_offer){ .fd = self->dataspace };
	EXPECT_EQ(-EINVAL, register_as(self, "a", &bad, 1, 0222));
	bad.rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_OWN;
	EXPECT_EQ(-EOPNOTSUPP, register_as(self, "a", &bad, 1, 0222));
	bad.rights = UNKNOWN_RIGHT;
	EXPECT_EQ(-EOPNOTSUPP, register_as(self, "a", &bad, 1, 0222));
	EXPECT_EQ(-EBADF, membank_service_register(NO_FD, "a", NULL, 0, 0222,
						   &self->fd));
	EXPECT_EQ(-ENOTTY, membank_service_register(self->null, "a", NULL, 0,
						    0222, &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);

	/* The longest name there is. */
	name[MEMBANK_NAME_MAX] = '\0';
	EXPECT_EQ(0, register_as(self, name, NULL, 0, 0));
}

TEST_F(service, connect_refuses)
{
	struct membank_offer *got = self->got;
	char name[MEMBANK_NAME_MAX + 2];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(-ENOENT, connect_to(self, self->dev, "none", 0));
	EXPECT_EQ(-EINVAL, connect_to(self, self->dev, "", 0));
	EXPECT_EQ(-EINVAL, connect_to(self, self->dev, "a/b", 0));
	EXPECT_EQ(-EINVAL, connect_to(self, self->dev, name, 0));
	EXPECT_EQ(-EFAULT,
		  membank_service_connect(self->dev, NAME, 0, NULL,
					  &self->count, &self->pid, &self->fd));
	EXPECT_EQ(-EBADF, connect_to(self, NO_FD, NAME, 0));
	EXPECT_EQ(-ENOTTY, connect_to(self, self->null, NAME, 0));
	EXPECT_EQ(ARRAY_SIZE(self->got), self->count);
	self->count = 1;
	EXPECT_EQ(-ENOSPC, connect_to(self, self->dev, NAME, 0));
	EXPECT_EQ(1, self->count);
	EXPECT_EQ(-1, self->pid);
	EXPECT_EQ(JUNK_FD, self->fd);
	EXPECT_TRUE(test_all_bytes(got, TEST_JUNK, sizeof(self->got)));
}

TEST_F(service, connect_obeys_the_mode)
{
	ASSERT_EQ(0, setresgid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	EXPECT_EQ(-EACCES, connect_to(self, self->dev, NAME, 0));
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(service, connect_waits_as_long_as_told)
{
	__s64 began = now_ms();

	EXPECT_EQ(-ETIMEDOUT, connect_to(self, self->dev, "none", 60));
	EXPECT_LE(60, now_ms() - began);
	EXPECT_GT(TEST_PATIENCE, now_ms() - began);

	interrupt_soon();
	EXPECT_EQ(-EINTR, connect_to(self, self->dev, "none", -1));
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(service, connect_finds_a_name_that_appears)
{
	pid_t child = fork();
	int later;

	ASSERT_LE(0, child);
	if (!child)
		_exit(membank_service_connect(self->dev, "later", TEST_PATIENCE,
					      self->got, &self->count, NULL,
					      &self->fd) ||
		      self->count);
	usleep(50000);
	ASSERT_EQ(0, membank_service_register(self->dev, "later", NULL, 0, 0222,
					      &later));
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_HARNESS_MAIN
