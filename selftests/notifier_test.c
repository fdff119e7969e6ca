// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers: rights, triggers that are received, missed and moved, and the end
 * of the other side.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"

/* How often two threads try to meet in a race. */
#define ROUNDS 2000

FIXTURE(notifier)
{
	int dev;
	int fd;
	int event;
};

FIXTURE_SETUP(notifier)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->fd = notifier_create(self->dev);
	ASSERT_LE(0, self->fd);
	self->event = event_create();
	ASSERT_LE(0, self->event);
}

FIXTURE_TEARDOWN(notifier)
{
	close(self->event);
	close(self->fd);
	close(self->dev);
}

TEST_F(notifier, create_takes_its_struct_in_every_form)
{
	struct membank_notifier_create good = { .size = sizeof(good) };

	EXPECT_FORM(self->dev, MEMBANK_IOC_NOTIFIER_CREATE, &good, sizeof(good),
		    offsetof(typeof(good), out_fd), 0);
	good.__reserved = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_NOTIFIER_CREATE, &good);
}

TEST_F(notifier, derive_takes_its_struct_in_every_form)
{
	struct membank_notifier_derive good = { .size = sizeof(good),
						.rights = TRIGGER };

	EXPECT_FORM(self->fd, MEMBANK_IOC_NOTIFIER_DERIVE, &good, sizeof(good),
		    offsetof(typeof(good), out_fd), BOTH);
	good.__reserved = 1;
	test_err(EINVAL, self->fd, MEMBANK_IOC_NOTIFIER_DERIVE, &good);
}

TEST_F(notifier, bind_takes_its_struct_in_every_form)
{
	struct membank_notifier_bind good = { .size = sizeof(good),
					      .eventfd = self->event };

	EXPECT_FORM(self->fd, MEMBANK_IOC_NOTIFIER_BIND, &good, sizeof(good),
		    FORM_NO_FD, MEMBANK_BIND_ONESHOT);
	good.__reserved = 1;
	test_err(EINVAL, self->fd, MEMBANK_IOC_NOTIFIER_BIND, &good);
}

TEST_F(notifier, trigger_takes_its_struct_in_every_form)
{
	struct membank_notifier_trigger good = { .size = sizeof(good) };

	EXPECT_FORM(self->fd, MEMBANK_IOC_NOTIFIER_TRIGGER, &good, sizeof(good),
		    FORM_NO_FD, 0);
}

TEST_F(notifier, a_struct_that_cannot_be_written_triggers_nobody)
{
	static const struct membank_notifier_trigger args = {
		.size = sizeof(args),
	};

	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(-1, ioctl(self->fd, MEMBANK_IOC_NOTIFIER_TRIGGER, &args));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, event_count(self->event));
}

TEST_F(notifier, commands_of_another_noun_are_unknown)
{
	struct membank_notifier_create create = { .size = sizeof(create) };
	struct membank_notifier_trigger trigger = { .size = sizeof(trigger) };

	test_err(ENOTTY, self->fd, MEMBANK_IOC_NOTIFIER_CREATE, &create);
	test_err(ENOTTY, self->dev, MEMBANK_IOC_NOTIFIER_TRIGGER, &trigger);
	test_err(ENOTTY, self->fd, _IO(MEMBANK_IOC, 0xff), &trigger);
}

TEST_F(notifier, descriptors_are_closed_on_exec_and_cannot_be_opened_again)
{
	int derived = notifier_derive(self->fd, TRIGGER);
	char path[64];

	ASSERT_LE(0, derived);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(derived, F_GETFD));

	snprintf(path, sizeof(path), "/proc/self/fd/%d", derived);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ENXIO, errno);
	close(derived);
}

TEST_F(notifier, derive_gives_no_right_that_is_not_held)
{
	__u32 held, wanted;
	int one, two;

	EXPECT_EQ(-EINVAL, notifier_derive(self->fd, 0));
	for (held = 1; held <= BOTH; held++) {
		one = notifier_derive(self->fd, held);
		ASSERT_LE(0, one);
		for (wanted = 1; wanted <= BOTH; wanted++) {
			two = notifier_derive(one, wanted);
			if (wanted & ~held) {
				EXPECT_EQ(-EACCES, two);
				continue;
			}
			ASSERT_LE(0, two);
			EXPECT_EQ(wanted & TRIGGER ? 0 : -EACCES,
				  notifier_trigger(two));
			EXPECT_EQ(wanted & RECEIVE ? 0 : -EACCES,
				  notifier_bind(two, self->event));
			EXPECT_EQ(wanted & RECEIVE ? 0 : -EACCES,
				  notifier_bind(two, -1));
			close(two);
		}
		close(one);
	}
}

TEST_F(notifier, bind_refuses_what_is_no_eventfd_and_keeps_what_was_bound)
{
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(-EINVAL, notifier_bind(self->fd, pipes[0]));
	EXPECT_EQ(-EINVAL, notifier_bind(self->fd, self->fd));
	EXPECT_EQ(-EBADF, notifier_bind(self->fd, NOT_OPEN));
	EXPECT_EQ(-EBADF, notifier_bind(self->fd, -2));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
}

TEST_F(notifier, no_free_descriptor_leaves_nothing_behind)
{
	struct rlimit limit;
	int derived;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, notifier_create(self->dev));
	EXPECT_EQ(-EMFILE, notifier_derive(self->fd, TRIGGER));
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));

	/* What never was a descriptor was no other side. */
	EXPECT_EQ(0, revents(self->fd, 0));
	derived = notifier_derive(self->fd, TRIGGER);
	ASSERT_LE(0, derived);
	close(derived);
	EXPECT_EQ(POLLHUP, revents(self->fd, 0));
}

TEST_F(notifier, triggers_coalesce_as_an_eventfd_counts)
{
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(POLLIN, revents(self->event, 0));
	EXPECT_EQ(3, event_count(self->event));
	EXPECT_EQ(0, event_count(self->event));
}

TEST_F(notifier, missed_triggers_come_as_one_to_who_binds_first)
{
	int second = notifier_derive(self->fd, RECEIVE);
	int other = event_create();

	ASSERT_LE(0, second);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, notifier_bind(self->fd, -1));
	EXPECT_EQ(0, notifier_bind(second, other));
	EXPECT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(1, event_count(other));
	EXPECT_EQ(0, event_count(self->event));

	/* Missed again when the last is unbound, and once more. */
	EXPECT_EQ(0, notifier_bind(second, -1));
	EXPECT_EQ(0, notifier_bind(self->fd, -1));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(1, event_count(self->event));
	close(second);
	close(other);
}

TEST_F(notifier, each_descriptor_receives_by_an_eventfd_of_its_own)
{
	int second = notifier_derive(self->fd, RECEIVE);
	int other = event_create();

	ASSERT_LE(0, second);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	ASSERT_EQ(0, notifier_bind(second, other));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(1, event_count(other));

	/* The same eventfd twice counts twice. */
	ASSERT_EQ(0, notifier_bind(second, self->event));
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(2, event_count(self->event));
	EXPECT_EQ(0, event_count(other));
	close(second);
	close(other);
}

TEST_F(notifier, a_binding_ends_with_its_descriptor)
{
	int second = notifier_derive(self->fd, RECEIVE);

	ASSERT_LE(0, second);
	ASSERT_EQ(0, notifier_bind(second, self->event));
	close(second);
	EXPECT_EQ(0, notifier_trigger(self->fd));
	EXPECT_EQ(0, event_count(self->event));
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(1, event_count(self->event));
}

TEST_F(notifier, triggers_of_a_closed_eventfd_are_lost)
{
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	close(self->event);
	EXPECT_EQ(0, notifier_trigger(self->fd));

	self->event = event_create();
	ASSERT_LE(0, self->event);
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(0, event_count(self->event));
}

TEST_F(notifier, fdinfo_shows_rights_and_whether_something_is_bound)
{
	char path[64], line[128];
	bool rights = false, bound = false;
	int receiver = notifier_derive(self->fd, RECEIVE);
	FILE *file;

	ASSERT_LE(0, receiver);
	ASSERT_EQ(0, notifier_bind(receiver, self->event));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", receiver);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		rights |= !strcmp(line, "membank-rights:\t-r\n");
		bound |= !strcmp(line, "membank-bound:\t1\n");
	}
	fclose(file);
	EXPECT_TRUE(rights);
	EXPECT_TRUE(bound);
	close(receiver);
}

/* What a thread does to a notifier, ROUNDS times. */
struct job {
	pthread_barrier_t *barrier;
	int fd;
	int failed;
	int stop;
};

static void swap_numbers(int *a, int *b)
{
	int kept = *a;

	*a = *b;
	*b = kept;
}

static void *trigger_often(void *arg)
{
	struct job *job = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (job->barrier)
			pthread_barrier_wait(job->barrier);
		if (notifier_trigger(job->fd))
			job->failed++;
		if (job->barrier)
			pthread_barrier_wait(job->barrier);
	}
	return NULL;
}

TEST_F_TIMEOUT(notifier, a_trigger_reaches_the_old_or_the_new_eventfd,
	       TEST_SLOW)
{
	struct job job = { .fd = self->fd };
	int other = event_create();
	pthread_t thread;
	int i;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	ASSERT_EQ(0, pthread_create(&thread, NULL, trigger_often, &job));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, notifier_bind(self->fd, other));
		ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, job.failed);
	EXPECT_EQ(ROUNDS, event_count(self->event) + event_count(other));
	close(other);
}

static void *trigger_until_told(void *arg)
{
	struct job *job = arg;

	while (!__atomic_load_n(&job->stop, __ATOMIC_RELAXED))
		if (notifier_trigger(job->fd))
			job->failed++;
	return NULL;
}

TEST_F_TIMEOUT(notifier, nothing_reaches_the_old_eventfd_after_a_bind,
	       TEST_SLOW)
{
	struct job job = { .fd = self->fd };
	int other = event_create();
	int bound = self->event, old = other, i, late = 0;
	pthread_t thread;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, notifier_bind(self->fd, bound));
	ASSERT_EQ(0, pthread_create(&thread, NULL, trigger_until_told, &job));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, notifier_bind(self->fd, old));
		swap_numbers(&bound, &old);
		event_count(old);
		sched_yield();
		late += event_count(old) != 0;
	}
	__atomic_store_n(&job.stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, job.failed);
	EXPECT_EQ(0, late);
	close(other);
}

TEST_F_TIMEOUT(notifier, no_trigger_is_lost_beside_a_bind, TEST_SLOW)
{
	pthread_barrier_t barrier;
	struct job job = { .barrier = &barrier, .fd = self->fd };
	pthread_t thread;
	int i;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, trigger_often, &job));
	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		EXPECT_EQ(0, notifier_bind(self->fd, self->event));
		pthread_barrier_wait(&barrier);
		EXPECT_EQ(1, event_count(self->event));
		EXPECT_EQ(0, notifier_bind(self->fd, -1));
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, job.failed);
}

static void *open_and_close_often(void *arg)
{
	struct job *job = arg;
	int i, fd, event;

	for (i = 0; i < ROUNDS; i++) {
		fd = notifier_derive(job->fd, i % BOTH + 1);
		event = event_create();
		if (fd < 0 || event < 0 || revents(fd, 0) < 0)
			job->failed++;
		if ((i % BOTH + 1) & RECEIVE && notifier_bind(fd, event))
			job->failed++;
		close(event);
		close(fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(notifier, descriptors_come_and_go_beside_triggers, TEST_SLOW)
{
	struct job jobs[3] = { { .fd = self->fd },
			       { .fd = self->fd },
			       { .fd = self->fd } };
	pthread_t threads[3];
	unsigned int i;

	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    i ? open_and_close_often :
						trigger_often,
					    &jobs[i]));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(0, jobs[i].failed);
	}
	EXPECT_EQ(ROUNDS, event_count(self->event));
	EXPECT_EQ(POLLHUP, revents(self->fd, 0));
}

TEST_F(notifier, the_only_descriptor_has_lost_no_other_side)
{
	int copy = dup(self->fd);

	ASSERT_LE(0, copy);
	EXPECT_EQ(0, revents(self->fd, 0));
	close(copy);
	EXPECT_EQ(0, revents(self->fd, 0));
}

TEST_F(notifier, hangup_comes_when_the_last_other_side_goes)
{
	__u32 rights;
	int one, two;

	for (rights = 1; rights <= BOTH; rights++) {
		one = notifier_derive(self->fd, rights);
		two = notifier_derive(self->fd, rights);
		ASSERT_LE(0, one);
		ASSERT_LE(0, two);
		EXPECT_EQ(0, revents(self->fd, 0));
		close(one);
		EXPECT_EQ(0, revents(self->fd, 0));
		close(two);
		EXPECT_EQ(POLLHUP, revents(self->fd, 0));
	}
}

TEST_F(notifier, hangup_looks_at_rights_that_complement_ours_only)
{
	int trigger = notifier_derive(self->fd, TRIGGER);
	int trigger2 = notifier_derive(self->fd, TRIGGER);
	int receive = notifier_derive(self->fd, RECEIVE);

	ASSERT_LE(0, trigger);
	ASSERT_LE(0, trigger2);
	ASSERT_LE(0, receive);
	close(self->fd);
	EXPECT_EQ(0, revents(trigger, 0));
	EXPECT_EQ(0, revents(receive, 0));

	close(receive);
	EXPECT_EQ(POLLHUP, revents(trigger, 0));
	EXPECT_EQ(POLLHUP, revents(trigger2, 0));
	close(trigger2);
	self->fd = trigger;
}

TEST_F(notifier, a_receiver_sees_the_last_trigger_go_in_either_order)
{
	int trigger = notifier_derive(self->fd, TRIGGER);
	int receive = notifier_derive(self->fd, RECEIVE);

	ASSERT_LE(0, trigger);
	ASSERT_LE(0, receive);
	close(trigger);
	EXPECT_EQ(0, revents(receive, 0));
	close(self->fd);
	EXPECT_EQ(POLLHUP, revents(receive, 0));
	EXPECT_EQ(-EACCES, notifier_trigger(receive));
	self->fd = receive;
}

TEST_F(notifier, hangup_wakes_epoll_and_ends_when_another_side_comes)
{
	struct epoll_event event = { .events = EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int other = notifier_derive(self->fd, TRIGGER);

	ASSERT_LE(0, epoll);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	close(other);
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, TEST_PATIENCE));
	EXPECT_EQ(EPOLLHUP, event.events);

	other = notifier_derive(self->fd, TRIGGER);
	ASSERT_LE(0, other);
	EXPECT_EQ(0, revents(self->fd, 0));
	close(other);

	/* Close the polled descriptor while epoll has it, and look again. */
	close(self->fd);
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	close(epoll);
	self->fd = notifier_create(self->dev);
}

static int serve_killed(int fd)
{
	int trigger = notifier_derive(fd, TRIGGER);

	close(fd);
	if (trigger < 0 || notifier_trigger(trigger))
		return 1;
	pause();
	return 2;
}

TEST_F(notifier, a_killed_process_is_another_side_that_goes)
{
	pid_t child;

	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(serve_killed(self->fd));

	EXPECT_EQ(POLLIN, revents(self->event, TEST_PATIENCE));
	EXPECT_EQ(0, revents(self->fd, 0));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(POLLHUP, revents(self->fd, 0));
}

static void *kill_later(void *arg)
{
	sleep_ms(200);
	kill(*(pid_t *)arg, SIGKILL);
	return NULL;
}

TEST_F(notifier, hangup_wakes_a_poll_that_waits)
{
	pthread_t thread;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(serve_killed(self->fd));
	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	ASSERT_EQ(POLLIN, revents(self->event, TEST_PATIENCE));
	ASSERT_EQ(0, pthread_create(&thread, NULL, kill_later, &child));
	EXPECT_EQ(POLLHUP, revents(self->fd, TEST_PATIENCE));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-SIGKILL, test_wait_child(child));
}

static int trigger_what_comes(int socket)
{
	int fd = test_receive_fd(socket), event = event_create();

	if (fd < 0 || event < 0)
		return 1;
	if (notifier_bind(fd, event) != -EACCES ||
	    notifier_derive(fd, RECEIVE) != -EACCES)
		return 2;
	return notifier_trigger(fd) ? 3 : 0;
}

TEST_F(notifier, a_trigger_passed_over_a_socket_can_only_trigger)
{
	int trigger = notifier_derive(self->fd, TRIGGER);
	int sockets[2];
	pid_t child;

	ASSERT_LE(0, trigger);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->fd);
		close(trigger);
		_exit(trigger_what_comes(sockets[1]));
	}
	ASSERT_EQ(0, test_send_fd(sockets[0], trigger));
	close(trigger);
	EXPECT_EQ(0, test_wait_child(child));

	ASSERT_EQ(0, notifier_bind(self->fd, self->event));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(POLLHUP, revents(self->fd, 0));
}

TEST_F(notifier, a_descriptor_on_its_way_keeps_the_notifier)
{
	int trigger = notifier_derive(self->fd, TRIGGER);
	int sockets[2], receiver;

	ASSERT_LE(0, trigger);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, notifier_trigger(trigger));
	ASSERT_EQ(0, test_send_fd(sockets[0], self->fd));
	close(self->fd);
	EXPECT_EQ(0, revents(trigger, 0));
	receiver = test_receive_fd(sockets[1]);
	ASSERT_LE(0, receiver);
	EXPECT_EQ(0, notifier_bind(receiver, self->event));
	EXPECT_EQ(1, event_count(self->event));
	close(trigger);
	self->fd = receiver;
}

TEST_HARNESS_MAIN
