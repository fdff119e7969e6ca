// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers that count for themselves: read(), write() and poll() on their
 * descriptors, and what becomes of a count when an eventfd is bound.
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "io.h"
#include "notify.h"

/* How often threads try to meet in a race. */
#define ROUNDS 2000

FIXTURE(notifier)
{
	int dev;
	int fd;
	int receiver;
	int event;
};

/* The receiver does not block, so that no case hangs where it should fail. */
FIXTURE_SETUP(notifier)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->fd = notifier_create(self->dev);
	ASSERT_LE(0, self->fd);
	self->receiver = notifier_derive(self->fd, RECEIVE);
	ASSERT_LE(0, self->receiver);
	ASSERT_EQ(0, notifier_nonblock(self->receiver));
	self->event = event_create();
	ASSERT_LE(0, self->event);
}

FIXTURE_TEARDOWN(notifier)
{
}

TEST_F(notifier, read_gives_the_triggers_since_the_last)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_write(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(3, notifier_read(self->receiver));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, triggers_before_the_first_read_come_as_one)
{
	EXPECT_EQ(0, notifier_write(self->fd));
	EXPECT_EQ(0, notifier_write(self->fd));
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, read_writes_eight_bytes_into_whatever_room_there_is)
{
	__u64 room[3];

	memset(room, TEST_JUNK, sizeof(room));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(8, read(self->receiver, room, sizeof(room)));
	EXPECT_EQ(1, room[0]);
	EXPECT_TRUE(test_all_bytes(&room[1], TEST_JUNK, 16));
}

TEST_F(notifier, read_without_room_for_the_number_is_einval)
{
	__u64 room;
	int length;

	EXPECT_EQ(0, notifier_trigger(self->fd));
	for (length = 0; length < 8; length++) {
		EXPECT_EQ(-1, read(self->receiver, &room, length));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(1, notifier_read(self->receiver));
}

TEST_F(notifier, write_takes_a_one_of_eight_bytes_only)
{
	const __u64 wrong[] = { 0, 2, 1ULL << 32, TEST_NONE, 0xfffffffeULL };
	__u64 two[2] = { 1, 1 };
	unsigned int i;

	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-1, write(self->fd, &wrong[i], 8));
		EXPECT_EQ(EINVAL, errno);
	}
	for (i = 0; i <= 16; i++) {
		if (i == 8)
			continue;
		EXPECT_EQ(-1, write(self->fd, two, i));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, write_from_where_nothing_is_mapped_triggers_nobody)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(-1, syscall(__NR_write, self->fd, 8UL, 8UL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, read_to_where_nothing_is_mapped_takes_nothing)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(-1, syscall(__NR_read, self->receiver, 8UL, 8UL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(POLLIN, revents(self->receiver, 0));
	EXPECT_EQ(2, notifier_read(self->receiver));
}

TEST_F(notifier, read_and_write_need_their_rights)
{
	int trigger = notifier_derive(self->fd, TRIGGER);

	ASSERT_LE(0, trigger);
	EXPECT_EQ(-EACCES, notifier_read(trigger));
	EXPECT_EQ(-EACCES, notifier_write(self->receiver));
	EXPECT_EQ(0, notifier_write(trigger));
	EXPECT_EQ(1, notifier_read(self->receiver));
}

TEST_F(notifier, a_vector_is_as_many_writes_and_there_are_no_positions)
{
	__u64 ones[2] = { 1, 1 };
	struct iovec iov[2] = { { &ones[0], 8 }, { &ones[1], 8 } };

	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(16, writev(self->fd, iov, 2));
	EXPECT_EQ(2, notifier_read(self->receiver));
	EXPECT_EQ(-1, pwrite(self->fd, ones, 8, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->receiver, ones, 8, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, read_with_an_eventfd_bound_is_ebusy)
{
	ASSERT_EQ(0, notifier_bind(self->receiver, self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(-EBUSY, notifier_read(self->receiver));
	EXPECT_EQ(0, revents(self->receiver, 0));
	EXPECT_EQ(1, event_count(self->event));
	ASSERT_EQ(0, notifier_bind(self->receiver, -1));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, bind_hands_the_count_to_the_eventfd_as_one)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind(self->receiver, self->event));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, revents(self->receiver, 0));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(-EBUSY, notifier_read(self->receiver));
}

TEST_F(notifier, binding_none_keeps_the_count_for_the_next)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind(self->receiver, -1));
	EXPECT_EQ(POLLIN, revents(self->receiver, 0));
	EXPECT_EQ(2, notifier_read(self->receiver));

	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(0, notifier_bind(self->receiver, -1));
	ASSERT_EQ(0, notifier_bind(self->receiver, self->event));
	EXPECT_EQ(1, event_count(self->event));
	ASSERT_EQ(0, notifier_bind(self->receiver, -1));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
}

TEST_F(notifier, each_receiver_counts_for_itself)
{
	int other = notifier_derive(self->fd, RECEIVE);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, notifier_nonblock(other));
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(-EAGAIN, notifier_read(other));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(2, notifier_read(other));
	EXPECT_EQ(2, event_count(self->event));
}

TEST_F(notifier, a_count_ends_with_its_descriptor)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	close(self->receiver);
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(0, event_count(self->event));
}

TEST_F(notifier, last_triggers_are_read_before_the_end_is_told)
{
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	close(self->fd);
	EXPECT_EQ(POLLIN | POLLHUP, revents(self->receiver, 0));
	EXPECT_EQ(2, notifier_read(self->receiver));
	EXPECT_EQ(-EPIPE, notifier_read(self->receiver));
	EXPECT_EQ(POLLHUP, revents(self->receiver, 0));
}

TEST_F(notifier, poll_shows_a_trigger_before_and_after_the_first_read)
{
	EXPECT_EQ(0, revents(self->receiver, 0));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(POLLIN, revents(self->receiver, 0));
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(0, revents(self->receiver, 0));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(POLLIN, revents(self->receiver, 0));
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(0, revents(self->receiver, 0));
}

TEST_F(notifier, poll_of_who_only_triggers_shows_no_trigger)
{
	int trigger = notifier_derive(self->fd, TRIGGER);

	ASSERT_LE(0, trigger);
	EXPECT_EQ(0, notifier_trigger(trigger));
	EXPECT_EQ(0, revents(trigger, 0));
}

TEST_F(notifier, epoll_tells_of_each_trigger_at_an_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->receiver, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, TEST_PATIENCE));
	EXPECT_EQ(EPOLLIN, event.events);
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(1, notifier_read(self->receiver));

	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, TEST_PATIENCE));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	/* Not read, and triggered once more: told once more. */
	EXPECT_EQ(0, notifier_trigger(self->fd));
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, TEST_PATIENCE));
	EXPECT_EQ(2, notifier_read(self->receiver));
	close(epoll);
}

TEST_F(notifier, epoll_tells_as_long_as_something_is_not_read)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->receiver, &event));
	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, TEST_PATIENCE));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(EPOLLIN, event.events);
	EXPECT_EQ(1, notifier_read(self->receiver));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	close(epoll);
}

TEST_F(notifier, io_uring_polls_and_reads)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_POLL_ADD,
				    .fd = self->receiver,
				    .poll32_events = POLLIN };
	int blocking = notifier_derive(self->fd, RECEIVE);
	struct io_uring_cqe cqe;
	__u64 count = TEST_NONE;
	struct ring ring;

	ASSERT_LE(0, blocking);
	ASSERT_EQ(0, ring_open(&ring, 4));
	ASSERT_EQ(0, ring_submit(&ring, sqe));
	EXPECT_FALSE(ring_answer(&ring, &cqe));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(POLLIN, ring_wait(&ring, NULL));
	EXPECT_EQ(1, notifier_read(self->receiver));

	/* A read that comes before the trigger, at one that never was read. */
	ASSERT_EQ(0, notifier_bind(self->receiver, self->event));
	ASSERT_EQ(0, notifier_bind(self->receiver, -1));
	sqe = (struct io_uring_sqe){ .opcode = IORING_OP_READ,
				     .fd = blocking,
				     .addr = (uintptr_t)&count,
				     .len = sizeof(count) };
	ASSERT_EQ(0, ring_submit(&ring, sqe));
	EXPECT_FALSE(ring_answer(&ring, &cqe));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(8, ring_wait(&ring, NULL));
	EXPECT_EQ(1, count);
	close(ring.fd);
}

static int handler_fd;

static void write_in_handler(int signal __maybe_unused)
{
	notifier_write(handler_fd);
}

TEST_F(notifier, a_signal_handler_may_write)
{
	struct sigaction action = { .sa_handler = write_in_handler };

	EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
	handler_fd = self->fd;
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, raise(SIGUSR1));
	ASSERT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(2, notifier_read(self->receiver));
}

/* A thread that reads once, and when it sleeps. */
struct reader {
	pthread_t thread;
	int fd;
	pid_t tid;
	__s64 result;
};

static void *read_once(void *arg)
{
	struct reader *reader = arg;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	reader->result = notifier_read(reader->fd);
	return NULL;
}

static bool reader_sleeps(struct reader *reader, int fd)
{
	*reader = (struct reader){ .fd = fd };
	if (pthread_create(&reader->thread, NULL, read_once, reader))
		return false;
	while (!__atomic_load_n(&reader->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_state(reader->tid, 'S');
}

static __s64 reader_result(struct reader *reader)
{
	return pthread_join(reader->thread, NULL) ? -EPROTO : reader->result;
}

TEST_F(notifier, a_trigger_wakes_who_waits)
{
	int fd = notifier_derive(self->fd, RECEIVE);
	struct reader reader;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, reader_result(&reader));
}

TEST_F(notifier, bind_cancels_who_waits)
{
	int fd = notifier_derive(self->fd, RECEIVE);
	struct reader reader;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	ASSERT_EQ(0, notifier_bind(fd, self->event));
	EXPECT_EQ(-ECANCELED, reader_result(&reader));
	ASSERT_EQ(0, notifier_bind(fd, -1));
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	ASSERT_EQ(0, notifier_bind(fd, -1));
	EXPECT_EQ(-ECANCELED, reader_result(&reader));
}

TEST_F(notifier, the_end_of_the_other_side_wakes_who_waits)
{
	int fd = notifier_derive(self->fd, RECEIVE);
	struct reader reader;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	close(self->fd);
	EXPECT_EQ(-EPIPE, reader_result(&reader));
}

TEST_F(notifier, closing_its_number_does_not_end_a_read)
{
	int fd = notifier_derive(self->fd, RECEIVE);
	struct reader reader;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	close(fd);
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, reader_result(&reader));
}

TEST_F(notifier, a_signal_ends_a_read_that_waits)
{
	struct sigaction action = { .sa_handler = write_in_handler };
	int fd = notifier_derive(self->fd, RECEIVE);
	struct reader reader;

	ASSERT_LE(0, fd);
	handler_fd = -1;
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, reader_result(&reader));

	/* With SA_RESTART it goes on, and gets what the handler triggered. */
	handler_fd = self->fd;
	action.sa_flags = SA_RESTART;
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_TRUE(reader_sleeps(&reader, fd));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	EXPECT_EQ(1, reader_result(&reader));
}

/* Threads that share a descriptor, and what they have read in all. */
struct share {
	int fd;
	__u64 total;
};

static void *read_to_the_end(void *arg)
{
	struct share *share = arg;
	__s64 count;

	while ((count = notifier_read(share->fd)) > 0)
		share->total += count;
	return (void *)(intptr_t)count;
}

TEST_F_TIMEOUT(notifier, threads_of_one_descriptor_share_the_triggers,
	       TEST_SLOW)
{
	struct share shares[3];
	pthread_t threads[3];
	__u64 total = 0;
	void *end;
	int i, fd = notifier_derive(self->fd, RECEIVE);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, notifier_nonblock(fd));
	ASSERT_EQ(-EAGAIN, notifier_read(fd));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
	for (i = 0; i < 3; i++) {
		shares[i] = (struct share){ .fd = fd };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, read_to_the_end,
					    &shares[i]));
	}
	for (i = 0; i < ROUNDS; i++)
		ASSERT_EQ(0, notifier_trigger(self->fd));
	close(self->fd);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &end));
		EXPECT_EQ(-EPIPE, (intptr_t)end);
		total += shares[i].total;
	}
	EXPECT_EQ(ROUNDS, total);
}

TEST_F_TIMEOUT(notifier, no_trigger_is_lost_when_counting_ends_or_begins,
	       TEST_SLOW)
{
	struct meeting meeting = { .fd = self->fd, .rounds = ROUNDS };
	int i, lost = 0, twice = 0, got;
	pthread_t thread;

	ASSERT_EQ(0, pthread_barrier_init(&meeting.barrier, NULL, 2));
	ASSERT_EQ(0,
		  pthread_create(&thread, NULL, trigger_at_meetings, &meeting));
	for (i = 0; i < ROUNDS; i++) {
		got = 0;
		if (i % 2) {
			/* From counting to an eventfd. */
			EXPECT_EQ(-EAGAIN, notifier_read(self->receiver));
			pthread_barrier_wait(&meeting.barrier);
			EXPECT_EQ(0,
				  notifier_bind(self->receiver, self->event));
		} else {
			/* From nothing to counting. */
			pthread_barrier_wait(&meeting.barrier);
			got = notifier_read(self->receiver) == 1;
		}
		pthread_barrier_wait(&meeting.barrier);
		got += i % 2 ? event_count(self->event) :
			       notifier_read(self->receiver) == 1;
		lost += got < 1;
		twice += got > 1;
		EXPECT_EQ(0, notifier_bind(self->receiver, -1));
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, meeting.failed);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, twice);
}

TEST_HARNESS_MAIN
