// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers and services, polled by io_uring and by aio: unlike epoll these may take
 * what a wake-up says for what poll() would say. And chains of them: an eventfd that
 * a trigger signals, watched by what signals another one.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "io.h"
#include "notify.h"
#include "service.h"

/* An answer of what polls: none yet. */
#define NOTHING (-1)

FIXTURE(poll)
{
	int dev;
	int both;
	int trigger;
	int receive;
	int event;
	struct ring ring;
	aio_context_t context;
};

FIXTURE_VARIANT(poll)
{
	bool aio;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(poll, io_uring) { .aio = false };
FIXTURE_VARIANT_ADD(poll, aio) { .aio = true };
/* clang-format on */

FIXTURE_SETUP(poll)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->both = notifier_create(self->dev);
	self->trigger = notifier_derive(self->both, TRIGGER);
	self->receive = notifier_derive(self->both, RECEIVE);
	self->event = event_create();
	ASSERT_LE(0, self->both);
	ASSERT_LE(0, self->trigger);
	ASSERT_LE(0, self->receive);
	ASSERT_LE(0, self->event);
	ASSERT_EQ(0, variant->aio ? syscall(SYS_io_setup, 4, &self->context) :
				    ring_open(&self->ring, 4));
}

FIXTURE_TEARDOWN(poll)
{
	EXPECT_EQ(0, variant->aio ? syscall(SYS_io_destroy, self->context) :
				    close(self->ring.fd));
}

static int submit(FIXTURE_DATA(poll) * self, struct iocb *iocb)
{
	return syscall(SYS_io_submit, self->context, 1, &iocb) == 1 ? 0 :
								      -errno;
}

static int begin(FIXTURE_DATA(poll) * self, int fd, short events)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_POLL_ADD,
				    .fd = fd,
				    .poll32_events = events };
	struct iocb iocb = { .aio_lio_opcode = IOCB_CMD_POLL,
			     .aio_fildes = fd,
			     .aio_buf = events };

	if (!self->context)
		return ring_submit(&self->ring, sqe);
	return submit(self, &iocb);
}

/* What poll() says, or NOTHING; waits for it, if asked to. */
static int answer(FIXTURE_DATA(poll) * self, bool wait)
{
	struct timespec time = {};
	struct io_uring_cqe cqe;
	struct io_event event;

	if (self->context) {
		if (syscall(SYS_io_getevents, self->context, wait, 1, &event,
			    wait ? NULL : &time) != 1)
			return NOTHING;
		/* As a wake-up says it. */
		return event.res & ~EPOLLRDNORM;
	}
	if (wait)
		return ring_wait(&self->ring, NULL);
	/* What a wake-up has put off is done on entering the kernel. */
	sched_yield();
	return ring_answer(&self->ring, &cqe) ? cqe.res : NOTHING;
}

TEST_F(poll, hears_of_a_trigger)
{
	EXPECT_EQ(0, notifier_nonblock(self->receive));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receive));
	ASSERT_EQ(0, begin(self, self->receive, POLLIN));
	ASSERT_EQ(NOTHING, answer(self, false));
	ASSERT_EQ(0, notifier_trigger(self->trigger));
	EXPECT_EQ(POLLIN, answer(self, true));
}

TEST_F(poll, hears_of_what_nobody_was_bound_for)
{
	ASSERT_EQ(0, begin(self, self->receive, POLLIN));
	ASSERT_EQ(NOTHING, answer(self, false));
	ASSERT_EQ(0, notifier_trigger(self->trigger));
	EXPECT_EQ(POLLIN, answer(self, true));
}

TEST_F(poll, does_not_take_a_bind_for_an_end)
{
	ASSERT_EQ(0, begin(self, self->receive, POLLIN));
	ASSERT_EQ(0, notifier_bind(self->receive, self->event));
	ASSERT_EQ(NOTHING, answer(self, false));
	ASSERT_EQ(0, notifier_bind(self->receive, -1));
	ASSERT_EQ(NOTHING, answer(self, false));
	close(self->both);
	ASSERT_EQ(NOTHING, answer(self, false));
	close(self->trigger);
	EXPECT_EQ(POLLHUP, answer(self, true));
}

TEST_F(poll, does_not_take_the_end_of_one_for_that_of_all)
{
	ASSERT_EQ(0, begin(self, self->receive, POLLIN));
	close(self->trigger);
	ASSERT_EQ(NOTHING, answer(self, false));
	close(self->both);
	EXPECT_EQ(POLLHUP, answer(self, true));
}

TEST_F(poll, hears_of_the_receivers_end)
{
	ASSERT_EQ(0, begin(self, self->trigger, POLLIN));
	close(self->receive);
	ASSERT_EQ(NOTHING, answer(self, false));
	close(self->both);
	EXPECT_EQ(POLLHUP, answer(self, true));
}

TEST_F(poll, is_not_told_of_news_that_it_cannot_read)
{
	ASSERT_EQ(0, begin(self, self->trigger, POLLIN));
	ASSERT_EQ(0, notifier_trigger(self->trigger));
	ASSERT_EQ(NOTHING, answer(self, false));
	/* Nor of news that somebody else is told of. */
	ASSERT_EQ(0, notifier_bind(self->both, self->event));
	EXPECT_EQ(1, event_count(self->event));
	ASSERT_EQ(NOTHING, answer(self, false));
	close(self->both);
	close(self->receive);
	EXPECT_EQ(POLLHUP, answer(self, true));
}

TEST_F(poll, hears_of_a_service)
{
	int service = service_register(self->dev, "poll", 0200, NULL, 0);
	int connection;

	ASSERT_LE(0, service);
	ASSERT_EQ(0, begin(self, service, POLLIN));
	ASSERT_EQ(NOTHING, answer(self, false));
	connection = service_connect(self->dev, "poll", 0, NULL, 0, NULL);
	ASSERT_LE(0, connection);
	EXPECT_EQ(POLLIN, answer(self, true));

	ASSERT_EQ(0, begin(self, connection, POLLIN));
	ASSERT_EQ(NOTHING, answer(self, false));
	close(service);
	EXPECT_EQ(POLLHUP, answer(self, true));
}

TEST_F(poll, hears_of_a_revoke)
{
	struct membank_offer offer = { .fd = self->both, .rights = RECEIVE };
	int service = service_register(self->dev, "poll", 0200, &offer, 1);
	struct membank_offer got;

	ASSERT_LE(0, service);
	ASSERT_LE(0, service_connect(self->dev, "poll", 0, &got, 1, NULL));
	ASSERT_EQ(0, service_event(service, NULL));
	ASSERT_EQ(0, begin(self, got.fd, POLLIN));
	ASSERT_EQ(NOTHING, answer(self, false));
	ASSERT_EQ(0, service_revoke(service, 1, 0));
	EXPECT_EQ(POLLHUP, answer(self, true));
}

/* Of epolls within each other; the innermost watches @fd. */
static int nest(int fd, int depth)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll;

	while (depth--) {
		epoll = epoll_create1(EPOLL_CLOEXEC);
		if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
			return -1;
		fd = epoll;
	}
	return fd;
}

/* A trigger signals what is polled, whose answer signals what is in an epoll. */
TEST_F(poll, passes_a_trigger_on_to_another_eventfd)
{
	int next = event_create(), nested = nest(next, 4), i;
	struct iocb iocb = { .aio_lio_opcode = IOCB_CMD_POLL,
			     .aio_fildes = self->event,
			     .aio_buf = POLLIN,
			     .aio_flags = IOCB_FLAG_RESFD,
			     .aio_resfd = next };

	ASSERT_LE(0, nested);
	ASSERT_EQ(0, notifier_bind(self->receive, self->event));
	if (!variant->aio)
		ASSERT_EQ(0, syscall(__NR_io_uring_register, self->ring.fd,
				     IORING_REGISTER_EVENTFD, &next, 1));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, variant->aio ? submit(self, &iocb) :
					    begin(self, self->event, POLLIN));
		EXPECT_EQ(0, revents(nested, 0));
		ASSERT_EQ(0, notifier_trigger(self->trigger));
		EXPECT_EQ(POLLIN, revents(nested, TEST_PATIENCE));
		EXPECT_EQ(POLLIN, answer(self, true));
		EXPECT_EQ(1, event_count(self->event));
		EXPECT_LE(1, event_count(next));
	}
}

TEST_F(poll, passes_a_trigger_on_through_epolls)
{
	int nested = nest(self->receive, 4);

	ASSERT_LE(0, nested);
	ASSERT_EQ(0, begin(self, nested, POLLIN));
	ASSERT_EQ(NOTHING, answer(self, false));
	ASSERT_EQ(0, notifier_trigger(self->trigger));
	EXPECT_EQ(POLLIN, answer(self, true));
}

TEST_HARNESS_MAIN
