// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pagers and the end of things: signals, threads and processes that are killed
 * while they wait, pagers that die, fork() and exec().
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "handle.h"
#include "touch.h"

#include "pager_fixture.h"

#define THREADS 4
#define FAULTS 1000
#define KILLS 50

/* A thread waits at a byte, and its fault was read; 0 or an error. */
static int begin(FIXTURE_DATA(pager) * self, struct toucher *toucher, char *at,
		 char write)
{
	return toucher_begin(toucher, at, write, self->pager.fd, &self->fault);
}

static int answer(int fd, const struct membank_pager_fault *fault,
		  int dataspace)
{
	return pager_reply(fd, fault->id, dataspace, fault->offset - OFFSET, 0);
}

/* --------------------------------------------------- the pager's own end */

TEST_F(pager, a_closed_pager_is_sigbus_but_where_it_answered)
{
	struct toucher second;

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	ASSERT_EQ(page_byte(0), toucher_join(&self->toucher));

	/* One that was read, and one that was not. */
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + PAGE, 0));
	ASSERT_EQ(0, toucher_start(&second, self->mem + 2 * PAGE, 0));
	ASSERT_TRUE(pager_wait_fault(self->pager.fd));
	ASSERT_EQ(0, close(self->pager.fd));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
	EXPECT_EQ(-SIGBUS, toucher_join(&second));

	EXPECT_TRUE(touch_revoked(self->mem + PAGE));
	EXPECT_TRUE(touch_revoked(self->mem + 3 * PAGE));
	EXPECT_TRUE(test_all_bytes(self->mem, page_byte(0), PAGE));
	EXPECT_EQ(0, touch_write(self->mem, 1));
}

/* The process that answers; @end says how it ends after the first answer. */
static void pager_process(struct pager *pager, int dataspace, int end)
{
	struct membank_pager_fault fault;

	close(pager->attach);
	if (pager_next(pager->fd, &fault) ||
	    answer(pager->fd, &fault, dataspace) ||
	    pager_next(pager->fd, &fault))
		_exit(1);
	if (end)
		kill(getpid(), end);
	_exit(7);
}

TEST_F(pager, a_pager_that_exits_or_is_killed_is_gone)
{
	const int ends[] = { 0, SIGKILL, SIGSEGV };
	char *mem;
	pid_t child;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		ASSERT_EQ(0, pager_create(self->dev, &self->pager));
		ASSERT_EQ(0,
			  pager_attach(self->dev, self->pager.attach, 0, &mem));
		child = fork();
		if (!child) {
			signal(SIGSEGV, SIG_DFL);
			pager_process(&self->pager, self->fd, ends[i]);
		}
		ASSERT_EQ(0, close(self->pager.fd));
		ASSERT_EQ(0, toucher_start(&self->toucher, mem + PAGE, 0));
		EXPECT_EQ(page_byte(1), toucher_join(&self->toucher));
		ASSERT_EQ(0, toucher_start(&self->toucher, mem, 0));
		EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
		EXPECT_EQ(ends[i] ? -ends[i] : 7, test_wait_child(child));
		EXPECT_EQ(SIGBUS, touch_write(mem + 2 * PAGE, 1));
		EXPECT_EQ(page_byte(1), (unsigned char)mem[PAGE]);
		EXPECT_EQ(POLLHUP, pager_events(self->pager.attach));
		EXPECT_EQ(-ENODEV,
			  pager_attach(self->dev, self->pager.attach, 0, &mem));
	}
}

/* ------------------------------------------------------------- signals */

static sig_atomic_t handler_called;
static __thread sigjmp_buf handler_back;
static int handler_pipe[2];

/* Until the test says so. */
static void handler_waits(int signal)
{
	char byte;

	(void)signal;
	__atomic_store_n(&handler_called, 1, __ATOMIC_RELAXED);
	if (read(handler_pipe[0], &byte, 1) != 1)
		_exit(1);
}

static void handler_jumps(int signal)
{
	(void)signal;
	siglongjmp(handler_back, 1);
}

static int on_signal(void (*handler)(int))
{
	const struct sigaction action = { .sa_handler = handler };

	handler_called = 0;
	return pipe(handler_pipe) ?: sigaction(SIGUSR1, &action, NULL);
}

static void handler_wait_called(void)
{
	while (!__atomic_load_n(&handler_called, __ATOMIC_RELAXED))
		sched_yield();
}

TEST_F(pager, a_handler_runs_and_the_fault_goes_on)
{
	__u64 id;

	ASSERT_EQ(0, on_signal(handler_waits));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	id = self->fault.id;
	ASSERT_TRUE(thread_wait_asleep(self->toucher.tid));
	ASSERT_EQ(0, pthread_kill(self->toucher.thread, SIGUSR1));
	handler_wait_called();
	ASSERT_EQ(1, write(handler_pipe[1], "", 1));
	/* It waits on for the same answer, and does not ask anew. */
	ASSERT_TRUE(thread_wait_asleep(self->toucher.tid));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
	ASSERT_EQ(0, pager_reply(self->pager.fd, id, self->fd, 0, 0));
	EXPECT_EQ(page_byte(0), toucher_join(&self->toucher));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, an_answer_during_a_handler_is_not_lost)
{
	ASSERT_EQ(0, on_signal(handler_waits));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + PAGE, 0));
	ASSERT_TRUE(thread_wait_asleep(self->toucher.tid));
	ASSERT_EQ(0, pthread_kill(self->toucher.thread, SIGUSR1));
	handler_wait_called();
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	EXPECT_EQ(-ENOENT, answer(self->pager.fd, &self->fault, self->fd));
	ASSERT_EQ(1, write(handler_pipe[1], "", 1));
	EXPECT_EQ(page_byte(1), toucher_join(&self->toucher));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, an_error_during_a_handler_is_not_lost)
{
	ASSERT_EQ(0, on_signal(handler_waits));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	ASSERT_TRUE(thread_wait_asleep(self->toucher.tid));
	ASSERT_EQ(0, pthread_kill(self->toucher.thread, SIGUSR1));
	handler_wait_called();
	ASSERT_EQ(0, pager_fail(self->pager.fd, self->fault.id));
	EXPECT_EQ(-ENOENT, pager_fail(self->pager.fd, self->fault.id));
	ASSERT_EQ(1, write(handler_pipe[1], "", 1));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

/* A fault that nobody has read yet is taken back, and put again. */
TEST_F(pager, an_unread_fault_is_gone_while_its_thread_is_elsewhere)
{
	ASSERT_EQ(0, on_signal(handler_waits));
	ASSERT_EQ(0, toucher_start(&self->toucher, self->mem, 0));
	ASSERT_TRUE(pager_wait_fault(self->pager.fd));
	ASSERT_EQ(0, pthread_kill(self->toucher.thread, SIGUSR1));
	handler_wait_called();
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
	ASSERT_EQ(1, write(handler_pipe[1], "", 1));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(self->toucher.tid, self->fault.tid);
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	EXPECT_EQ(page_byte(0), toucher_join(&self->toucher));
}

/* What one left does not take the place of what another asks. */
TEST_F(pager, a_fault_that_was_left_is_not_that_of_another_thread)
{
	struct membank_pager_fault fault;
	struct toucher second;

	ASSERT_EQ(0, on_signal(handler_waits));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	ASSERT_TRUE(thread_wait_asleep(self->toucher.tid));
	ASSERT_EQ(0, pthread_kill(self->toucher.thread, SIGUSR1));
	handler_wait_called();
	ASSERT_EQ(0, toucher_start(&second, self->mem, 0));
	ASSERT_EQ(0, pager_next(self->pager.fd, &fault));
	EXPECT_EQ(second.tid, fault.tid);
	EXPECT_NE(self->fault.id, fault.id);
	/* The first is still to be answered, and that is for both. */
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	EXPECT_EQ(page_byte(0), toucher_join(&second));
	ASSERT_EQ(1, write(handler_pipe[1], "", 1));
	EXPECT_EQ(page_byte(0), toucher_join(&self->toucher));
}

static void *jumper_run(void *argument)
{
	char *mem = argument;
	char byte;

	if (!sigsetjmp(handler_back, 1))
		return touch_read(mem, &byte) ? NULL : mem;
	touch_arm(false);
	if (touch_read(mem + PAGE, &byte))
		return NULL;
	return (unsigned char)byte == page_byte(1) ? mem + PAGE : NULL;
}

TEST_F(pager, a_handler_may_leave_the_fault_for_another)
{
	struct membank_pager_fault left;
	pthread_t thread;
	void *done;

	ASSERT_EQ(0, on_signal(handler_jumps));
	ASSERT_EQ(0, pthread_create(&thread, NULL, jumper_run, self->mem));
	ASSERT_EQ(0, pager_next(self->pager.fd, &left));
	ASSERT_TRUE(thread_wait_asleep(left.tid));
	ASSERT_EQ(0, pthread_kill(thread, SIGUSR1));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(left.tid, self->fault.tid);
	EXPECT_EQ(OFFSET + PAGE, self->fault.offset);
	/* Nobody comes back for it. */
	EXPECT_EQ(-ENOENT, pager_fail(self->pager.fd, left.id));
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	pthread_join(thread, &done);
	EXPECT_EQ(self->mem + PAGE, done);
}

/* --------------------------------------------- who waits is killed or changes */

static pid_t touching_child(char *at)
{
	pid_t child = fork();
	char byte;

	if (child)
		return child;
	_exit(touch_read(at, &byte) ? 255 : (unsigned char)byte);
}

TEST_F(pager, a_child_by_fork_has_the_same_pager)
{
	pid_t child;

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + PAGE, 0));
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	ASSERT_EQ(page_byte(1), toucher_join(&self->toucher));

	child = touching_child(self->mem);
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(child, self->fault.pid);
	EXPECT_EQ(child, self->fault.tid);
	EXPECT_EQ(OFFSET, self->fault.offset);
	ASSERT_EQ(0, answer(self->pager.fd, &self->fault, self->fd));
	EXPECT_EQ(page_byte(0), test_wait_child(child));
	/* They share what is answered, before and after. */
	EXPECT_EQ(page_byte(0), (unsigned char)self->mem[0]);
	EXPECT_EQ(page_byte(1),
		  test_wait_child(touching_child(self->mem + PAGE)));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, a_process_that_waits_can_be_killed)
{
	pid_t child = touching_child(self->mem);

	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(-ENOENT, answer(self->pager.fd, &self->fault, self->fd));
	/* One that nobody has read is gone with it. */
	child = touching_child(self->mem);
	ASSERT_TRUE(pager_wait_fault(self->pager.fd));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, a_process_that_waits_in_a_system_call_can_be_killed)
{
	int pipe_fds[2];
	pid_t child;

	ASSERT_EQ(0, pipe(pipe_fds));
	child = fork();
	if (!child)
		_exit(write(pipe_fds[1], self->mem, 1) == 1);
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(-ENOENT, answer(self->pager.fd, &self->fault, self->fd));
}

TEST_F(pager, exec_ends_what_waits)
{
	struct toucher toucher;
	int pipe_fds[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(pipe_fds));
	child = fork();
	if (!child) {
		/* Until the parent has read the fault. */
		if (toucher_start(&toucher, self->mem, 0) ||
		    read(pipe_fds[0], &byte, 1) != 1)
			_exit(1);
		execl("/bin/true", "true", NULL);
		_exit(2);
	}
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	ASSERT_EQ(1, write(pipe_fds[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-ENOENT, answer(self->pager.fd, &self->fault, self->fd));
}

/* An end that comes while the answer is made: at any point of either. */
TEST_F(pager, kill_while_the_reply_is_made)
{
	int i, ret, answered = 0;
	char *mem;
	pid_t child;

	for (i = 0; i < KILLS; i++) {
		ASSERT_EQ(0,
			  pager_attach(self->dev, self->pager.attach, 0, &mem));
		child = touching_child(mem);
		ASSERT_EQ(0, munmap(mem, LENGTH));
		ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ret = answer(self->pager.fd, &self->fault, self->fd);
		ASSERT_TRUE(!ret || ret == -ENOENT);
		answered += !ret;
		ret = test_wait_child(child);
		ASSERT_TRUE(ret == -SIGKILL || ret == page_byte(0));
	}
	TH_LOG("%d of %d were answered", answered, KILLS);
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
	/* What died holds nothing. */
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(test_wait_used(0));
}

/* ------------------------------------------------- several who answer or ask */

/* A pager in another process, which got its end over a socket. */
static pid_t serving_child(struct pager *pager, int dataspace)
{
	int sockets[2], fd;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return -1;
	child = fork();
	if (!child) {
		close(pager->fd);
		close(pager->attach);
		fd = test_receive_fd(sockets[1]);
		_exit(fd < 0 || pager_serve(fd, dataspace) != -EPROTO);
	}
	if (test_send_fd(sockets[0], pager->fd))
		return -1;
	close(sockets[0]);
	close(sockets[1]);
	close(pager->fd);
	return child;
}

struct random_worker {
	pthread_t thread;
	char *mem;
	unsigned int seed;
	int wrong;
};

static void *random_run(void *argument)
{
	struct random_worker *worker = argument;
	size_t page;
	char byte;
	int i;

	for (i = 0; i < FAULTS / THREADS; i++) {
		page = rand_r(&worker->seed) % (8 * PAGES);
		if (touch_read(worker->mem + page * PAGE + page, &byte) ||
		    (unsigned char)byte != page_byte(page % PAGES))
			worker->wrong++;
	}
	return NULL;
}

/* Answers with page n modulo the dataspace; ends with the last user. */
static int serve_modulo(int fd, int dataspace)
{
	struct membank_pager_fault fault;
	int ret;

	for (;;) {
		ret = pager_next(fd, &fault);
		if (!ret)
			ret = pager_reply(fd, fault.id, dataspace,
					  (fault.offset - OFFSET) % LENGTH, 0);
		if (ret && ret != -ENOENT)
			return ret;
	}
}

static unsigned int seed_of_run(void)
{
	const char *text = getenv("MEMBANK_SEED");

	return text ? strtoul(text, NULL, 0) : (unsigned int)getpid();
}

TEST_F(pager, random_faults_of_threads_find_their_pages)
{
	struct membank_region_attach args = pager_args(self->pager.attach, 0);
	struct random_worker workers[THREADS];
	const unsigned int seed = seed_of_run();
	pid_t child;
	int i;

	TH_LOG("MEMBANK_SEED=%u", seed);
	args.length = 8 * LENGTH;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	child = fork();
	if (!child) {
		close(self->pager.attach);
		munmap(self->mem, LENGTH);
		munmap((void *)(uintptr_t)args.out_start, args.length);
		_exit(serve_modulo(self->pager.fd, self->fd) != -EPROTO);
	}
	ASSERT_EQ(0, close(self->pager.fd));
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct random_worker){
			.mem = (char *)(uintptr_t)args.out_start,
			.seed = seed + i,
		};
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL,
					    random_run, &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(0, workers[i].wrong);
	}
	/* The pager's process ends when it has no user any more. */
	ASSERT_EQ(0, close(self->pager.attach));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	ASSERT_EQ(0, munmap(workers[0].mem, args.length));
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(pager, two_processes_read_one_end_and_lose_nothing)
{
	struct toucher touchers[THREADS];
	pid_t children[2];
	size_t page, i;
	char *at;

	for (i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i]) {
			close(self->pager.attach);
			munmap(self->mem, LENGTH);
			_exit(pager_serve(self->pager.fd, self->fd) != -EPROTO);
		}
	}
	for (page = 0; page < PAGES; page += THREADS) {
		for (i = 0; i < THREADS; i++) {
			at = self->mem + (page + i) * PAGE;
			ASSERT_EQ(0, toucher_start(&touchers[i], at, 0));
		}
		for (i = 0; i < THREADS; i++)
			ASSERT_EQ(page_byte(page + i),
				  toucher_join(&touchers[i]));
	}
	ASSERT_EQ(0, close(self->pager.attach));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, test_wait_child(children[i]));
}

/* Its end got there over a socket, and the region is in another process. */
TEST_F(pager, ends_can_be_handed_to_other_processes)
{
	pid_t pager, user;
	int sockets[2];
	char *mem;
	int fd;

	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	pager = serving_child(&self->pager, self->fd);
	ASSERT_LT(0, pager);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	user = fork();
	if (!user) {
		close(self->pager.attach);
		fd = test_receive_fd(sockets[1]);
		/* A node of its own: the parent's is for the parent's space. */
		self->dev = test_open(0);
		if (fd < 0 || pager_attach(self->dev, fd, 0, &mem))
			_exit(255);
		_exit((unsigned char)mem[3 * PAGE]);
	}
	ASSERT_EQ(0, test_send_fd(sockets[0], self->pager.attach));
	EXPECT_EQ(page_byte(3), test_wait_child(user));
	ASSERT_EQ(0, close(sockets[0]));
	ASSERT_EQ(0, close(sockets[1]));
	ASSERT_EQ(0, close(self->pager.attach));
	EXPECT_EQ(0, test_wait_child(pager));
}

struct reader {
	pthread_t thread;
	pid_t tid;
	int fd;
	void *to;
	int ret;
};

static void *reader_run(void *argument)
{
	struct reader *reader = argument;
	ssize_t ret;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	ret = read(reader->fd, reader->to, sizeof(struct membank_pager_fault));
	reader->ret = ret < 0 ? -errno : ret;
	return NULL;
}

/*
 * The first reader has the fault, but no place for it: its memory has a pager
 * as well. When that fails, the second, who found nothing, must wake up.
 */
TEST_F(pager, a_fault_given_back_is_for_who_waits)
{
	struct membank_pager_fault fault, fault_of_memory;
	struct reader first = { .fd = self->pager.fd };
	struct reader second = { .fd = self->pager.fd, .to = &fault };
	struct pager other;

	ASSERT_EQ(0, pager_create(self->dev, &other));
	ASSERT_EQ(0,
		  pager_attach(self->dev, other.attach, 0, (char **)&first.to));
	ASSERT_EQ(0, toucher_start(&self->toucher, self->mem, 0));
	ASSERT_EQ(0, pthread_create(&first.thread, NULL, reader_run, &first));
	ASSERT_EQ(0, pager_next(other.fd, &fault_of_memory));
	ASSERT_EQ(0, pthread_create(&second.thread, NULL, reader_run, &second));
	while (!__atomic_load_n(&second.tid, __ATOMIC_ACQUIRE))
		sched_yield();
	ASSERT_TRUE(thread_wait_asleep(second.tid));
	ASSERT_EQ(0, pager_fail(other.fd, fault_of_memory.id));
	ASSERT_EQ(0, pager_fail_until_joined(other.fd, first.thread));
	EXPECT_EQ(-EFAULT, first.ret);
	pthread_join(second.thread, NULL);
	ASSERT_EQ(sizeof(fault), second.ret);
	EXPECT_EQ(OFFSET, fault.offset);
	ASSERT_EQ(0, answer(self->pager.fd, &fault, self->fd));
	EXPECT_EQ(page_byte(0), toucher_join(&self->toucher));
}

TEST_HARNESS_MAIN
