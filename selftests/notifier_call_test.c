// SPDX-License-Identifier: GPL-2.0-only
/*
 * NOTIFIER_CALL: a trigger and a wait in one step, signals on the way, and every
 * errno with what was triggered then.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"
#include "service.h"

#define EVER MEMBANK_WAIT_FOREVER
#define MS 1000000ULL

/* How often it goes there and back. */
#define ROUNDS 2000

/* Requests go one way and replies the other; each side can do just its part. */
FIXTURE(call)
{
	int dev;
	int request;
	int requests;
	int reply;
	int replies;
	int event;
};

static bool open_pair(int dev, int *trigger, int *receive)
{
	int both = notifier_create(dev);

	*trigger = notifier_derive(both, TRIGGER);
	*receive = notifier_derive(both, RECEIVE);
	return both >= 0 && *trigger >= 0 && *receive >= 0 && !close(both);
}

FIXTURE_SETUP(call)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(open_pair(self->dev, &self->request, &self->requests));
	ASSERT_TRUE(open_pair(self->dev, &self->reply, &self->replies));
	ASSERT_EQ(0, notifier_nonblock(self->requests));
	ASSERT_EQ(-EAGAIN, notifier_read(self->requests));
	self->event = event_create();
	ASSERT_LE(0, self->event);
}

FIXTURE_TEARDOWN(call)
{
}

TEST_F(call, takes_its_struct_in_every_form)
{
	int self_call = notifier_create(self->dev);
	struct membank_notifier_call good = { .size = sizeof(good),
					      .timeout_ns = EVER,
					      .wait_fd = self_call };

	ASSERT_LE(0, self_call);
	EXPECT_FORM(self_call, MEMBANK_IOC_NOTIFIER_CALL, &good, sizeof(good),
		    FORM_NO_FD, MEMBANK_CALL_TRIGGERED);
	good.__reserved = 1;
	test_err(EINVAL, self_call, MEMBANK_IOC_NOTIFIER_CALL, &good);
	test_err(ENOTTY, self->dev, MEMBANK_IOC_NOTIFIER_CALL, &good);
}

TEST_F(call, a_reply_that_is_there_is_taken_at_once)
{
	struct membank_notifier_call args = { .size = sizeof(args),
					      .wait_fd = self->replies,
					      .out_count = TEST_NONE };

	EXPECT_EQ(0, notifier_trigger(self->reply));
	test_ok(self->request, MEMBANK_IOC_NOTIFIER_CALL, &args);
	EXPECT_EQ(1, args.out_count);
	EXPECT_EQ(0, args.flags);
	EXPECT_EQ(0, args.timeout_ns);
	EXPECT_EQ(self->replies, args.wait_fd);
	EXPECT_EQ(1, notifier_read(self->requests));

	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, notifier_write(self->reply));
	EXPECT_EQ(2, notifier_call(self->request, self->replies, EVER));
	EXPECT_EQ(1, notifier_read(self->requests));
}

TEST_F(call, both_rights_on_one_descriptor_hear_themselves)
{
	int both = notifier_create(self->dev);

	ASSERT_LE(0, both);
	EXPECT_EQ(1, notifier_call(both, both, EVER));
	EXPECT_EQ(1, notifier_call(both, both, 0));
	EXPECT_EQ(0, notifier_trigger(both));
	EXPECT_EQ(2, notifier_call(both, both, EVER));
	close(both);
}

TEST_F(call, no_reply_in_time_is_etimedout_and_the_trigger_is_done)
{
	__s64 began = clock_ns();

	EXPECT_EQ(-ETIMEDOUT, notifier_call(self->request, self->replies, 0));
	EXPECT_EQ(1, notifier_read(self->requests));
	EXPECT_EQ(-ETIMEDOUT, notifier_call(self->request, self->replies, 1));
	EXPECT_EQ(1, notifier_read(self->requests));

	EXPECT_EQ(-ETIMEDOUT,
		  notifier_call(self->request, self->replies, 50 * MS));
	EXPECT_LE(50 * MS, clock_ns() - began);
	EXPECT_GT(TEST_PATIENCE * MS, clock_ns() - began);
	EXPECT_EQ(1, notifier_read(self->requests));

	/* It counts from then on, and late replies are there for the next. */
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(2, notifier_read(self->replies));
}

TEST_F(call, longest_times_are_for_ever)
{
	static const __u64 times[] = { EVER, EVER - 1, 1ULL << 63,
				       (1ULL << 63) - 1, (1ULL << 63) - 2 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		EXPECT_EQ(0, notifier_trigger(self->reply));
		EXPECT_EQ(1, notifier_call(self->request, self->replies,
					   times[i]));
	}
}

TEST_F(call, what_is_refused_triggers_nobody)
{
	struct membank_notifier_call args = { .size = sizeof(args),
					      .flags = 2,
					      .wait_fd = self->replies };

	test_err(EOPNOTSUPP, self->request, MEMBANK_IOC_NOTIFIER_CALL, &args);
	args.flags = 0;
	args.__reserved = 1;
	test_err(EINVAL, self->request, MEMBANK_IOC_NOTIFIER_CALL, &args);
	/* No right to trigger the one, or to receive from the other. */
	EXPECT_EQ(-EACCES, notifier_call(self->requests, self->replies, 0));
	EXPECT_EQ(-EACCES, notifier_call(self->request, self->reply, 0));
	EXPECT_EQ(-EINVAL, notifier_call(self->request, self->event, 0));
	EXPECT_EQ(-EINVAL, notifier_call(self->request, self->dev, 0));
	EXPECT_EQ(-EBADF, notifier_call(self->request, NOT_OPEN, 0));
	EXPECT_EQ(-EBADF, notifier_call(self->request, -1, 0));
	ASSERT_EQ(0, notifier_bind(self->replies, self->event));
	EXPECT_EQ(-EBUSY, notifier_call(self->request, self->replies, 0));
	EXPECT_EQ(-EAGAIN, notifier_read(self->requests));
}

TEST_F(call, a_struct_that_cannot_be_written_triggers_nobody)
{
	static const struct membank_notifier_call args = {
		.size = sizeof(args),
	};

	EXPECT_EQ(-1, ioctl(self->request, MEMBANK_IOC_NOTIFIER_CALL, &args));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EAGAIN, notifier_read(self->requests));
}

TEST_F(call, the_end_of_the_other_side_is_epipe_after_its_last_reply)
{
	EXPECT_EQ(0, notifier_trigger(self->reply));
	close(self->reply);
	EXPECT_EQ(1, notifier_call(self->request, self->replies, EVER));
	EXPECT_EQ(-EPIPE, notifier_call(self->request, self->replies, EVER));
	EXPECT_EQ(-EPIPE, notifier_call(self->request, self->replies, 0));
	EXPECT_EQ(3, notifier_read(self->requests));
}

TEST_F(call, triggered_only_waits_and_needs_no_right_to_trigger)
{
	struct membank_notifier_call args = { .size = sizeof(args),
					      .flags = MEMBANK_CALL_TRIGGERED,
					      .wait_fd = self->replies };

	/* It writes the struct, though it fails. */
	EXPECT_EQ(-1, ioctl(self->request, MEMBANK_IOC_NOTIFIER_CALL, &args));
	EXPECT_EQ(ETIMEDOUT, errno);
	EXPECT_EQ(0, args.flags);
	EXPECT_EQ(0, notifier_trigger(self->reply));
	args.flags = MEMBANK_CALL_TRIGGERED;
	args.timeout_ns = EVER;
	test_ok(self->replies, MEMBANK_IOC_NOTIFIER_CALL, &args);
	EXPECT_EQ(1, args.out_count);
	EXPECT_EQ(0, args.flags);
	EXPECT_EQ(-EAGAIN, notifier_read(self->requests));
}

/* A thread in a call, which can be looked at and woken. */
struct caller {
	pthread_t thread;
	int fd;
	pid_t tid;
	int result;
	struct membank_notifier_call *args;
	struct membank_notifier_call own;
};

static void *call_once(void *arg)
{
	struct caller *caller = arg;

	__atomic_store_n(&caller->tid, gettid(), __ATOMIC_RELEASE);
	if (ioctl(caller->fd, MEMBANK_IOC_NOTIFIER_CALL, caller->args))
		caller->result = -errno;
	return NULL;
}

/* Goes on with the struct as it is. */
static bool caller_continues(struct caller *caller)
{
	caller->tid = 0;
	caller->result = 0;
	if (pthread_create(&caller->thread, NULL, call_once, caller))
		return false;
	while (!__atomic_load_n(&caller->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return wait_state(caller->tid, 'S');
}

static bool caller_waits(struct caller *caller, int fd, int wait_fd,
			 __u64 timeout_ns)
{
	caller->fd = fd;
	caller->args = &caller->own;
	caller->own =
		(struct membank_notifier_call){ .size = sizeof(caller->own),
						.timeout_ns = timeout_ns,
						.wait_fd = wait_fd,
						.out_count = TEST_NONE };
	return caller_continues(caller);
}

static int caller_result(struct caller *caller)
{
	return pthread_join(caller->thread, NULL) ? -EPROTO : caller->result;
}

TEST_F(call, a_reply_ends_the_wait)
{
	struct caller caller;

	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, EVER));
	EXPECT_EQ(1, notifier_read(self->requests));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, caller_result(&caller));
	EXPECT_EQ(1, caller.own.out_count);

	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies,
				 TEST_PATIENCE * MS));
	EXPECT_EQ(0, notifier_write(self->reply));
	EXPECT_EQ(0, caller_result(&caller));
	EXPECT_EQ(1, caller.own.out_count);
	EXPECT_EQ(0, caller.own.flags);
}

TEST_F(call, bind_cancels_the_wait)
{
	struct caller caller;

	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, EVER));
	ASSERT_EQ(0, notifier_bind(self->replies, self->event));
	EXPECT_EQ(-ECANCELED, caller_result(&caller));
	EXPECT_EQ(TEST_NONE, caller.own.out_count);
}

TEST_F(call, the_end_of_the_other_side_ends_the_wait)
{
	struct caller caller;

	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, EVER));
	close(self->reply);
	EXPECT_EQ(-EPIPE, caller_result(&caller));
	EXPECT_EQ(TEST_NONE, caller.own.out_count);
}

TEST_F(call, closing_the_numbers_does_not_end_the_wait)
{
	struct caller caller;

	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, EVER));
	close(self->request);
	close(self->replies);
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, caller_result(&caller));
	EXPECT_EQ(1, caller.own.out_count);
}

TEST_F(call, a_reply_that_cannot_be_told_is_kept)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct caller caller = { .fd = self->request };

	caller.args = mmap(NULL, page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, caller.args);
	caller.args->size = sizeof(*caller.args);
	caller.args->wait_fd = self->replies;
	caller.args->timeout_ns = EVER;
	ASSERT_TRUE(caller_continues(&caller));
	ASSERT_EQ(0, munmap(caller.args, page));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(-EFAULT, caller_result(&caller));
	ASSERT_EQ(0, notifier_nonblock(self->replies));
	EXPECT_EQ(1, notifier_read(self->replies));
}

TEST_F(call, each_trigger_ends_one_wait_of_those_on_one_descriptor)
{
	struct caller callers[2];
	int i, done;

	for (i = 0; i < 2; i++)
		ASSERT_TRUE(caller_waits(&callers[i], self->request,
					 self->replies, EVER));
	EXPECT_EQ(2, notifier_read(self->requests));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	for (;;) {
		done = pthread_tryjoin_np(callers[0].thread, NULL) ?
			       pthread_tryjoin_np(callers[1].thread, NULL) ?
			       -1 :
			       1 :
			       0;
		if (done >= 0)
			break;
		sched_yield();
	}
	EXPECT_EQ(1, callers[done].own.out_count);
	/* The other one is still there, and gets the next. */
	EXPECT_TRUE(wait_state(callers[!done].tid, 'S'));
	EXPECT_EQ(TEST_NONE, callers[!done].own.out_count);
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, caller_result(&callers[!done]));
	EXPECT_EQ(1, callers[!done].own.out_count);
}

/* -------------------------------------------------------------- signals */

static int handled;

static void on_signal(int signal __maybe_unused)
{
	__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static bool handle_signal(int flags)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = flags };

	handled = 0;
	return !sigaction(SIGUSR1, &action, NULL);
}

static bool signal_is_handled(struct caller *caller, int times)
{
	if (pthread_kill(caller->thread, SIGUSR1))
		return false;
	while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) < times)
		sched_yield();
	return true;
}

TEST_F(call, a_signal_ends_the_wait_and_the_struct_says_what_is_left)
{
	const __u64 time = 1000 * TEST_PATIENCE * MS;
	struct caller caller;
	__u64 left;

	ASSERT_TRUE(handle_signal(0));
	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, time));
	ASSERT_TRUE(signal_is_handled(&caller, 1));
	EXPECT_EQ(-EINTR, caller_result(&caller));
	EXPECT_EQ(MEMBANK_CALL_TRIGGERED, caller.own.flags);
	EXPECT_EQ(TEST_NONE, caller.own.out_count);
	left = caller.own.timeout_ns;
	EXPECT_GT(time, left);
	EXPECT_LT(time - TEST_PATIENCE * MS, left);

	/* Going on does not trigger once more. */
	ASSERT_TRUE(caller_continues(&caller));
	ASSERT_TRUE(signal_is_handled(&caller, 2));
	EXPECT_EQ(-EINTR, caller_result(&caller));
	EXPECT_GT(left, caller.own.timeout_ns);
	EXPECT_EQ(1, notifier_read(self->requests));
	ASSERT_TRUE(caller_continues(&caller));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, caller_result(&caller));
	EXPECT_EQ(1, caller.own.out_count);
	EXPECT_EQ(-EAGAIN, notifier_read(self->requests));

	/* The struct is as for a new call. */
	EXPECT_EQ(0, caller.own.flags);
	ASSERT_TRUE(caller_continues(&caller));
	EXPECT_EQ(1, notifier_read(self->requests));
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, caller_result(&caller));
}

TEST_F(call, for_ever_stays_for_ever_after_a_signal)
{
	struct caller caller;

	ASSERT_TRUE(handle_signal(0));
	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, EVER));
	ASSERT_TRUE(signal_is_handled(&caller, 1));
	EXPECT_EQ(-EINTR, caller_result(&caller));
	EXPECT_EQ(EVER, caller.own.timeout_ns);
	EXPECT_EQ(MEMBANK_CALL_TRIGGERED, caller.own.flags);
}

TEST_F(call, goes_on_by_itself_after_a_handler_with_sa_restart)
{
	struct caller caller;
	int i;

	ASSERT_TRUE(handle_signal(SA_RESTART));
	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies,
				 TEST_PATIENCE * MS));
	for (i = 1; i <= 5; i++) {
		ASSERT_TRUE(signal_is_handled(&caller, i));
		ASSERT_TRUE(wait_state(caller.tid, 'S'));
	}
	EXPECT_EQ(0, notifier_trigger(self->reply));
	EXPECT_EQ(0, caller_result(&caller));
	EXPECT_EQ(1, caller.own.out_count);
	EXPECT_EQ(0, caller.own.flags);
	EXPECT_EQ(1, notifier_read(self->requests));
}

TEST_F(call, restarts_do_not_make_the_time_longer)
{
	struct itimerspec often = { { 0, 5 * MS }, { 0, 5 * MS } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	struct membank_notifier_call args = { .size = sizeof(args),
					      .timeout_ns = 200 * MS,
					      .wait_fd = self->replies };
	__s64 began;
	timer_t timer;

	ASSERT_TRUE(handle_signal(SA_RESTART));
	ASSERT_EQ(0, timer_create(CLOCK_MONOTONIC, &event, &timer));
	ASSERT_EQ(0, timer_settime(timer, 0, &often, NULL));
	began = clock_ns();
	EXPECT_EQ(-1, ioctl(self->request, MEMBANK_IOC_NOTIFIER_CALL, &args));
	EXPECT_EQ(ETIMEDOUT, errno);
	EXPECT_LE(200 * MS, clock_ns() - began);
	EXPECT_GT(TEST_PATIENCE * MS, clock_ns() - began);
	ASSERT_EQ(0, timer_delete(timer));
	EXPECT_LT(0, handled);
	EXPECT_EQ(0, args.flags);
	EXPECT_EQ(1, notifier_read(self->requests));
}

static void write_reply(int signal)
{
	notifier_write(signal == SIGUSR1 ? handled : -1);
}

TEST_F(call, a_handler_may_write_the_reply)
{
	struct sigaction action = { .sa_handler = write_reply,
				    .sa_flags = SA_RESTART };
	struct caller caller;

	handled = self->reply;
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_TRUE(caller_waits(&caller, self->request, self->replies, EVER));
	ASSERT_EQ(0, pthread_kill(caller.thread, SIGUSR1));
	EXPECT_EQ(0, caller_result(&caller));
	EXPECT_EQ(1, caller.own.out_count);
	EXPECT_EQ(1, notifier_read(self->requests));
}

/* What a handler does to the descriptor in @handled, and whether it did. */
static int (*meddle)(int fd);
static int meddled;

static int bind_event(int fd)
{
	return notifier_bind(fd, event_create());
}

static void on_meddle(int signal __maybe_unused)
{
	__atomic_store_n(&meddled, meddle(handled) ? -1 : 1, __ATOMIC_SEQ_CST);
}

/* Returns what a call gets that goes on after @how was done to its wait_fd. */
static int result_after(FIXTURE_DATA(call) * self, int (*how)(int fd))
{
	struct sigaction action = { .sa_handler = on_meddle,
				    .sa_flags = SA_RESTART };
	struct caller caller;
	int ret;

	meddle = how;
	handled = self->replies;
	if (sigaction(SIGUSR1, &action, NULL) ||
	    !caller_waits(&caller, self->request, self->replies,
			  TEST_PATIENCE * MS) ||
	    pthread_kill(caller.thread, SIGUSR1))
		return -EPROTO;
	ret = caller_result(&caller);
	/* The struct is as for a new call, and nothing is triggered once more. */
	return caller.own.flags || meddled != 1 ||
			       notifier_read(self->requests) != 1 ?
		       -EPROTO :
		       ret;
}

TEST_F(call, what_a_handler_has_bound_cancels_the_rest)
{
	EXPECT_EQ(-ECANCELED, result_after(self, bind_event));
}

TEST_F(call, what_a_handler_has_closed_is_ebadf)
{
	EXPECT_EQ(-EBADF, result_after(self, close));
}

static int service_to_revoke, answering;

static int revoke_first_client(int fd __maybe_unused)
{
	return service_revoke(service_to_revoke, 1, 0);
}

TEST_F(call, what_a_handler_has_revoked_is_enodev)
{
	struct membank_offer offer = { .fd = self->replies, .rights = RECEIVE };

	service_to_revoke =
		service_register(self->dev, "call", 0200, &offer, 1);
	ASSERT_LE(0, service_to_revoke);
	ASSERT_LE(0, service_connect(self->dev, "call", 0, &offer, 1, NULL));
	self->replies = offer.fd;
	EXPECT_EQ(-ENODEV, result_after(self, revoke_first_client));
}

static int revoke_and_reply(int fd)
{
	return revoke_first_client(fd) ?: notifier_trigger(answering);
}

TEST_F(call, goes_on_when_a_handler_has_revoked_what_was_triggered)
{
	struct membank_offer offer = { .fd = self->request, .rights = TRIGGER };

	service_to_revoke =
		service_register(self->dev, "call", 0200, &offer, 1);
	ASSERT_LE(0, service_to_revoke);
	ASSERT_LE(0, service_connect(self->dev, "call", 0, &offer, 1, NULL));
	self->request = offer.fd;
	answering = self->reply;
	EXPECT_EQ(0, result_after(self, revoke_and_reply));
}

static int call_in_child(int request, int replies)
{
	return notifier_call(request, replies, TEST_PATIENCE * MS) != 1;
}

TEST_F(call, goes_on_after_a_stop)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(call_in_child(self->request, self->replies));
	while (notifier_read(self->requests) != 1)
		ASSERT_LT(0, revents(self->requests, TEST_PATIENCE));
	ASSERT_TRUE(wait_state(child, 'S'));
	ASSERT_EQ(0, kill(child, SIGSTOP));
	ASSERT_TRUE(wait_state(child, 'T'));
	ASSERT_EQ(0, kill(child, SIGCONT));
	ASSERT_TRUE(wait_state(child, 'S'));
	ASSERT_EQ(0, kill(child, SIGSTOP));
	ASSERT_TRUE(wait_state(child, 'T'));
	/* The reply comes while it is stopped. */
	EXPECT_EQ(0, notifier_trigger(self->reply));
	ASSERT_EQ(0, kill(child, SIGCONT));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-EAGAIN, notifier_read(self->requests));
}

TEST_F(call, who_waits_can_be_killed)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(call_in_child(self->request, self->replies));
	close(self->request);
	close(self->replies);
	while (notifier_read(self->requests) != 1)
		ASSERT_LT(0, revents(self->requests, TEST_PATIENCE));
	EXPECT_EQ(0, revents(self->reply, 0));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(POLLHUP, revents(self->reply, 0));
	EXPECT_EQ(-EPIPE, notifier_read(self->requests));
}

TEST_F(call, the_death_of_who_should_reply_is_epipe)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		/* Dies between the request and the reply. */
		if (revents(self->requests, TEST_PATIENCE) == POLLIN)
			raise(SIGKILL);
		_exit(1);
	}
	close(self->reply);
	close(self->requests);
	EXPECT_EQ(-EPIPE, notifier_call(self->request, self->replies, EVER));
	EXPECT_EQ(-SIGKILL, test_wait_child(child));
}

/* ------------------------------------------------------------ ping-pong */

/* Answers each number in *@mem by the next one. */
static int answer(int reply, int requests, __u64 *mem)
{
	__s64 count = notifier_call(requests, requests, 0);
	struct membank_notifier_call first = { .size = sizeof(first),
					       .flags = MEMBANK_CALL_TRIGGERED,
					       .timeout_ns = EVER,
					       .wait_fd = requests };

	if (count != -EACCES)
		return 1;
	if (test_ioctl(reply, MEMBANK_IOC_NOTIFIER_CALL, &first))
		return 2;
	count = first.out_count;
	while (count == 1) {
		*mem += 1;
		count = notifier_call(reply, requests, EVER);
	}
	return count == -EPIPE ? 0 : 3;
}

static int ask(int request, int replies, __u64 *mem)
{
	__u64 i;

	for (i = 0; i < ROUNDS; i++) {
		*mem = 2 * i;
		if (notifier_call(request, replies, EVER) != 1)
			return 1;
		if (*mem != 2 * i + 1)
			return 2;
	}
	return 0;
}

TEST_F_TIMEOUT(call, processes_see_what_was_written_before, TEST_SLOW)
{
	int fd = test_alloc(self->dev, 4096, 0, 0);
	__u64 *mem = test_map(fd, 4096);
	pid_t child;

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, mem);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->request);
		close(self->replies);
		_exit(answer(self->reply, self->requests, mem));
	}
	close(self->reply);
	close(self->requests);
	EXPECT_EQ(0, ask(self->request, self->replies, mem));
	close(self->request);
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_HARNESS_MAIN
