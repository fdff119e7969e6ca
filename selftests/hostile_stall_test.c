// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands whose struct, or array, the kernel waits for as long as somebody likes:
 * with a userfaultfd, or a file in user space (FUSE). Meanwhile all others go on,
 * and who waits can be killed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "fuse.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "service.h"
#include "stall.h"

#include "hostile.h"

FIXTURE(command)
{
	struct scene scene;
	int users;
	struct stall stall;
	/* Where what is brought is made. */
	char *bring;
};

FIXTURE_VARIANT(command)
{
	const struct row *row;
};

#include "hostile_variants.h"

FIXTURE_SETUP(command)
{
	self->users = test_module_users();
	if (!stall_is_there())
		SKIP(return, "this kernel has no userfaultfd");
	ASSERT_EQ(0, stall_make(&self->stall));
	ASSERT_TRUE(scene_make(&self->scene));
	self->bring = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->bring);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(command)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

/**
 * struct caller - a thread that makes one call
 * @thread: the thread
 * @row: the command
 * @fd: where it goes to
 * @args: its struct
 * @ret: what came of it
 */
struct caller {
	pthread_t thread;
	const struct row *row;
	int fd;
	void *args;
	int ret;
};

static void *call(void *arg)
{
	struct caller *caller = arg;

	caller->ret = ioctl(caller->fd, caller->row->command, caller->args) ?
			      -errno :
			      0;
	return NULL;
}

static int caller_begin(struct caller *caller, const struct row *row, int fd,
			void *args)
{
	*caller = (struct caller){ .row = row, .fd = fd, .args = args };
	return pthread_create(&caller->thread, NULL, call, caller);
}

static int caller_end(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->ret;
}

TEST_F(command, of_a_struct_keeps_nobody)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->scene;
	/* Its first word, and the rest. */
	char *at = self->stall.pages + PAGE - sizeof(__u32);
	struct caller caller;
	struct held before;
	union args args;

	row_begin(row, scene, &args);
	before = held_now();
	ASSERT_EQ(0, caller_begin(&caller, row, scene_fd(scene, row), at));
	ASSERT_TRUE(stall_wait(&self->stall));
	EXPECT_EQ(NULL, rows_run(scene));
	*(__u32 *)(self->bring + PAGE - sizeof(__u32)) = row->size;
	ASSERT_EQ(0, stall_bring(&self->stall, 0, self->bring));
	ASSERT_TRUE(stall_wait(&self->stall));
	EXPECT_EQ(NULL, rows_run(scene));
	/* What that took away is there anew. */
	row_begin(row, scene, &args);
	memcpy(self->bring + PAGE - sizeof(__u32), &args, row->size);
	ASSERT_EQ(0, stall_bring(&self->stall, 1, self->bring + PAGE));
	ASSERT_EQ(0, caller_end(&caller));
	memcpy(&args, at, row->size);
	row_end(row, scene, &args);
	row_begin(row, scene, &args);
	EXPECT_HELD(scene, &before);
}

/* In a child: its pages are its own, so it sends the userfaultfd. */
static void stall_for_ever(const struct row *row, struct scene *scene,
			   int socket)
{
	struct stall stall = {};
	union args args;
	void *at;

	if (stall_make(&stall) || test_send_fd(socket, stall.fd))
		_exit(1);
	row_begin(row, scene, &args);
	at = stall.pages;
	if (row->array_at) {
		*field_64(&args, row->array_at) = (uintptr_t)stall.pages;
		at = &args;
	}
	_exit(ioctl(scene_fd(scene, row), row->command, at) ? errno : 0);
}

TEST_F(command, can_be_killed_and_leaves_nothing)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->scene;
	struct held before;
	union args args;
	pid_t child;
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	close(self->stall.fd);
	/* The child finds it there, and its fault is that of our thread. */
	row_begin(row, scene, &args);
	self->stall.fd = -1;
	before = held_now();
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		stall_for_ever(row, scene, pair[1]);
	self->stall.fd = test_receive_fd(pair[0]);
	ASSERT_LE(0, self->stall.fd);
	ASSERT_TRUE(stall_wait(&self->stall));
	EXPECT_EQ(NULL, rows_run(scene));
	ASSERT_EQ(-SIGKILL, test_kill(child));
	close(self->stall.fd);
	EXPECT_EQ(NULL, rows_run(scene));
	row_begin(row, scene, &args);
	EXPECT_HELD(scene, &before);
}

#include "hostile_arrays.h"

FIXTURE_SETUP(array)
{
	command_setup(_metadata, &self->command, NULL);
}

FIXTURE_TEARDOWN_PARENT(array)
{
	EXPECT_TRUE(test_wait_module_users(self->command.users));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(array, keeps_nobody)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->command.scene;
	char *at = self->command.stall.pages + PAGE - 4;
	struct caller caller;
	struct held before;
	union args args;

	row_begin(row, scene, &args);
	*field_64(&args, row->array_at) = (uintptr_t)at;
	if (row->reads)
		memcpy(self->command.bring + PAGE - 4, scene->offers,
		       row->array_bytes);
	before = held_now();
	ASSERT_EQ(0, caller_begin(&caller, row, scene_fd(scene, row), &args));
	ASSERT_TRUE(stall_wait(&self->command.stall));
	EXPECT_EQ(NULL, rows_run(scene));
	ASSERT_EQ(0, stall_bring(&self->command.stall, 0, self->command.bring));
	ASSERT_TRUE(stall_wait(&self->command.stall));
	EXPECT_EQ(NULL, rows_run(scene));
	ASSERT_EQ(0, stall_bring(&self->command.stall, 1,
				 self->command.bring + PAGE));
	ASSERT_EQ(0, caller_end(&caller));
	row_end(row, scene, &args);
	EXPECT_HELD(scene, &before);
}

/*
 * The struct of a call that has an array: it can be written to until the call is at its
 * array, and so what waits for it is what was done already.
 */
static void *end_begin(const struct row *row, struct scene *scene,
		       struct stall *end, const struct stall *array)
{
	union args *args = (void *)end->pages;

	row_begin(row, scene, args);
	/* All others have their own meanwhile. */
	if (row == &row_service_register)
		name_copy(args->service.name, SERVICE "-end");
	*field_64(args, row->array_at) = (uintptr_t)array->pages;
	return args;
}

TEST_F(array, whose_struct_is_waited_for_at_the_end_keeps_nobody)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->command.scene;
	struct stall *array = &self->command.stall;
	struct caller caller;
	struct held before;
	struct stall end;
	void *args;

	ASSERT_EQ(0, stall_make_writers(&end));
	args = end_begin(row, scene, &end, array);
	if (row->reads)
		memcpy(self->command.bring, scene->offers, row->array_bytes);
	before = held_now();
	ASSERT_EQ(0, caller_begin(&caller, row, scene_fd(scene, row), args));
	ASSERT_TRUE(stall_wait(array));
	ASSERT_EQ(0, stall_writers(&end, true));
	ASSERT_EQ(0, stall_bring(array, 0, self->command.bring));
	ASSERT_TRUE(stall_wait(&end));
	EXPECT_EQ(NULL, rows_run(scene));
	ASSERT_EQ(0, stall_writers(&end, false));
	ASSERT_EQ(0, caller_end(&caller));
	row_end(row, scene, args);
	EXPECT_HELD(scene, &before);
}

/* In a child: both userfaultfds are the parent's from then on. */
static void end_for_ever(const struct row *row, struct scene *scene, int socket)
{
	struct stall array = {}, end = {};
	void *args;

	if (stall_make(&array) || stall_make_writers(&end) ||
	    !stall_send(&array, socket) || !stall_send(&end, socket))
		_exit(1);
	args = end_begin(row, scene, &end, &array);
	_exit(ioctl(scene_fd(scene, row), row->command, args) ? errno : 0);
}

TEST_F(array, whose_caller_is_killed_at_the_end_leaves_nothing)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->command.scene;
	struct stall array, end;
	struct held before;
	pid_t child;
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	if (row->reads)
		memcpy(self->command.bring, scene->offers, row->array_bytes);
	before = held_now();
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		end_for_ever(row, scene, pair[1]);
	ASSERT_TRUE(stall_receive(&array, pair[0]));
	ASSERT_TRUE(stall_receive(&end, pair[0]));
	ASSERT_TRUE(stall_wait(&array));
	ASSERT_EQ(0, stall_writers(&end, true));
	ASSERT_EQ(0, stall_bring(&array, 0, self->command.bring));
	ASSERT_TRUE(stall_wait(&end));
	EXPECT_EQ(NULL, rows_run(scene));
	ASSERT_EQ(-SIGKILL, test_kill(child));
	close(array.fd);
	close(end.fd);
	EXPECT_EQ(NULL, rows_run(scene));
	EXPECT_HELD(scene, &before);
}

/* -------------------------------------------- a file in user space (FUSE) */

/* The struct, or where there is one the array, is in the file. */
static void *fuse_args(const struct row *row, struct fuse *fuse,
		       union args *args, char *mem)
{
	if (!row->array_at) {
		memcpy(fuse->content, args, row->size);
		return mem;
	}
	if (row->reads)
		memcpy(fuse->content,
		       (void *)(uintptr_t)*field_64(args, row->array_at),
		       row->array_bytes);
	*field_64(args, row->array_at) = (uintptr_t)mem;
	return args;
}

/* Each command that has an array, and for its struct one of each noun. */
FIXTURE(file)
{
	FIXTURE_DATA(command) command;
};

FIXTURE_VARIANT(file)
{
	const struct row *row;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(file, region_list) { &row_region_list };
FIXTURE_VARIANT_ADD(file, service_register) { &row_service_register };
FIXTURE_VARIANT_ADD(file, service_connect) { &row_service_connect };
FIXTURE_VARIANT_ADD(file, service_list) { &row_service_list };
FIXTURE_VARIANT_ADD(file, service_clients) { &row_service_clients };
FIXTURE_VARIANT_ADD(file, dataspace_alloc) { &row_dataspace_alloc };
FIXTURE_VARIANT_ADD(file, notifier_trigger) { &row_notifier_trigger };
FIXTURE_VARIANT_ADD(file, pager_reply) { &row_pager_reply };
FIXTURE_VARIANT_ADD(file, service_notify) { &row_service_notify };
/* clang-format on */

FIXTURE_SETUP(file)
{
	command_setup(_metadata, &self->command, NULL);
}

FIXTURE_TEARDOWN_PARENT(file)
{
	EXPECT_TRUE(test_wait_module_users(self->command.users));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(file, in_user_space_keeps_nobody)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->command.scene;
	static struct fuse fuse;
	struct caller caller;
	struct held before;
	union args args;
	char *mem;
	void *at;

	mem = fuse_map(&fuse);
	if (!mem)
		SKIP(return, "this kernel has no FUSE");
	ASSERT_NE(MAP_FAILED, mem);
	row_begin(row, scene, &args);
	at = fuse_args(row, &fuse, &args, mem);
	before = held_now();
	ASSERT_EQ(0, caller_begin(&caller, row, scene_fd(scene, row), at));
	ASSERT_TRUE(fuse_wait(&fuse));
	EXPECT_EQ(NULL, rows_run(scene));
	if (!row->array_at) {
		row_begin(row, scene, &args);
		fuse_args(row, &fuse, &args, mem);
	}
	sem_post(&fuse.go);
	ASSERT_EQ(0, caller_end(&caller));
	memcpy(&args, at, row->size);
	row_end(row, scene, &args);
	row_begin(row, scene, &args);
	EXPECT_HELD(scene, &before);
}

TEST_F(file, whose_server_goes_is_efault)
{
	const struct row *row = variant->row;
	struct scene *scene = &self->command.scene;
	static struct fuse fuse;
	struct caller caller;
	struct held before;
	union args args;
	char *mem;
	void *at;

	mem = fuse_map(&fuse);
	if (!mem)
		SKIP(return, "this kernel has no FUSE");
	ASSERT_NE(MAP_FAILED, mem);
	row_begin(row, scene, &args);
	at = fuse_args(row, &fuse, &args, mem);
	before = held_now();
	ASSERT_EQ(0, caller_begin(&caller, row, scene_fd(scene, row), at));
	ASSERT_TRUE(fuse_wait(&fuse));
	ASSERT_EQ(0, close(fuse.fd));
	ASSERT_EQ(-EFAULT, caller_end(&caller));
	before.files--;
	EXPECT_HELD(scene, &before);
	EXPECT_EQ(NULL, rows_run(scene));
}

/* ------------------------------- numbers that are closed and used again */

FIXTURE(number)
{
	FIXTURE_DATA(command) stall;
};

FIXTURE_SETUP(number)
{
	command_setup(_metadata, &self->stall, NULL);
}

FIXTURE_TEARDOWN_PARENT(number)
{
	EXPECT_TRUE(test_wait_module_users(self->stall.users));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(number, of_the_command_may_be_another_in_its_middle)
{
	struct scene *scene = &self->stall.scene;
	const struct row *row = &row_service_register;
	struct stall *stall = &self->stall.stall;
	int number = dup(scene->dev);
	struct caller caller;
	union args args;

	row_begin(row, scene, &args);
	args.service.offers = (uintptr_t)stall->pages;
	memcpy(self->stall.bring, scene->offers, sizeof(scene->offers));
	ASSERT_EQ(0, caller_begin(&caller, row, number, &args));
	ASSERT_TRUE(stall_wait(stall));
	ASSERT_EQ(number, dup2(STDERR_FILENO, number));
	ASSERT_EQ(0, stall_bring(stall, 0, self->stall.bring));
	ASSERT_EQ(0, caller_end(&caller));
	ASSERT_LE(0, service_connect(scene->dev, SERVICE "-new", 0,
				     scene->array.offers, 2, NULL));
}

TEST_F(number, of_an_offer_is_what_it_is_when_it_was_read)
{
	struct scene *scene = &self->stall.scene;
	const struct row *row = &row_service_register;
	struct stall *stall = &self->stall.stall;
	struct membank_service_entry entries[2];
	int number = dup(scene->dataspace);
	struct caller caller;
	union args args;

	row_begin(row, scene, &args);
	args.service.offers = (uintptr_t)stall->pages;
	scene->offers[0].fd = number;
	memcpy(self->stall.bring, scene->offers, sizeof(scene->offers));
	ASSERT_EQ(0, caller_begin(&caller, row, scene->dev, &args));
	ASSERT_TRUE(stall_wait(stall));
	ASSERT_EQ(number, dup2(scene->notifier, number));
	ASSERT_EQ(0, stall_bring(stall, 0, self->stall.bring));
	ASSERT_EQ(0, caller_end(&caller));
	ASSERT_EQ(2, service_list(scene->dev, "", entries, 2, NULL));
	EXPECT_STREQ(SERVICE "-new", entries[1].name);
	EXPECT_EQ(MEMBANK_OFFER_NOTIFIER, entries[1].offers[0].kind);
}

/* Those that CONNECT will give are nobody's until it does. */
TEST_F(number, of_what_is_to_come_cannot_be_taken)
{
	struct scene *scene = &self->stall.scene;
	const struct row *row = &row_service_connect;
	struct stall *stall = &self->stall.stall;
	const int first = lowest_free();
	struct membank_offer *offers;
	struct caller caller;
	union args args;
	int fd, other;

	row_begin(row, scene, &args);
	args.connect.offers = (uintptr_t)stall->pages;
	ASSERT_EQ(0, caller_begin(&caller, row, scene->dev, &args));
	ASSERT_TRUE(stall_wait(stall));
	for (fd = first; fd < first + 3; fd++) {
		EXPECT_EQ(-1, fcntl(fd, F_GETFD));
		EXPECT_EQ(EBADF, errno);
		EXPECT_EQ(-1, dup2(STDERR_FILENO, fd));
		EXPECT_EQ(EBUSY, errno);
		EXPECT_EQ(-1, close(fd));
		EXPECT_EQ(EBADF, errno);
	}
	other = dup(STDERR_FILENO);
	EXPECT_EQ(first + 3, other);
	ASSERT_EQ(0, stall_bring(stall, 0, NULL));
	ASSERT_EQ(0, caller_end(&caller));

	offers = (void *)stall->pages;
	EXPECT_EQ(READ, handle_rights(scene->dev, offers[0].fd));
	EXPECT_EQ(0, notifier_trigger(offers[1].fd));
	EXPECT_EQ(3, (offers[0].fd < first + 3) + (offers[1].fd < first + 3) +
			     (args.connect.out_fd < first + 3));
	row_end(row, scene, &args);
}

/* Reads to where it waits for ever, in a child. */
static pid_t read_for_ever(int fd, struct stall *stall)
{
	struct stall own = {};
	int pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	child = fork();
	if (!child) {
		if (stall_make(&own) || test_send_fd(pair[1], own.fd))
			_exit(1);
		_exit(read(fd, own.pages, PAGE) < 0 ? errno : 0);
	}
	stall->fd = test_receive_fd(pair[0]);
	close(pair[0]);
	close(pair[1]);
	return stall->fd >= 0 && stall_wait(stall) ? child : -1;
}

/* What was taken and could not be told is there again. */
TEST_F(number, of_what_is_read_by_who_is_killed_is_told_to_the_next)
{
	struct scene *scene = &self->stall.scene;
	struct stall *stall = &self->stall.stall;
	struct membank_service_event event;
	struct membank_pager_fault fault;
	struct pollfd poll_fd = { .fd = scene->pager, .events = POLLIN };
	pid_t child;

	ASSERT_EQ(0, notifier_trigger(scene->notifier));
	ASSERT_EQ(0, notifier_trigger(scene->notifier));
	child = read_for_ever(scene->notifier, stall);
	ASSERT_LT(0, child);
	/* One more meanwhile. */
	EXPECT_EQ(0, notifier_trigger(scene->notifier));
	ASSERT_EQ(-SIGKILL, test_kill(child));
	close(stall->fd);
	EXPECT_EQ(3, notifier_read(scene->notifier));

	ASSERT_EQ(0, close(scene->client));
	child = read_for_ever(scene->service, stall);
	ASSERT_LT(0, child);
	EXPECT_EQ(-EAGAIN, service_event(scene->service, &event));
	EXPECT_EQ(NULL, rows_run(scene));
	ASSERT_EQ(-SIGKILL, test_kill(child));
	close(stall->fd);
	ASSERT_EQ(0, service_event(scene->service, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(scene->number, event.client);

	/* There is a thread that asks by now, after the reply of above. */
	ASSERT_EQ(0, notifier_nonblock(scene->pager));
	ASSERT_EQ(1, poll(&poll_fd, 1, TEST_PATIENCE));
	child = read_for_ever(scene->pager, stall);
	ASSERT_LT(0, child);
	EXPECT_EQ(-1, read(scene->pager, &fault, sizeof(fault)));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(-SIGKILL, test_kill(child));
	close(stall->fd);
	ASSERT_EQ(sizeof(fault), read(scene->pager, &fault, sizeof(fault)));
	EXPECT_EQ(scene->paged, (char *)(uintptr_t)fault.address);
}

/* Until a thread sleeps in a system call, and so has nothing to do. */
static bool waits_in(long call, const atomic_int *tid)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	bool waits = false;

	while (!waits && clock_ns() < end)
		waits = test_thread_call(*tid) == call &&
			test_thread_state(*tid) == 'S';
	return waits;
}

/* Calls in a child, which sends the userfaultfd of its struct, and waits. */
static pid_t call_for_ever(struct scene *scene, int wait_fd, __u32 flags,
			   struct stall *end)
{
	struct membank_notifier_call *args;
	pid_t child;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	child = fork();
	if (!child) {
		if (stall_make_writers(end) || !stall_send(end, pair[1]))
			_exit(1);
		args = (void *)end->pages;
		args->size = sizeof(*args);
		args->flags = flags;
		args->wait_fd = wait_fd;
		args->timeout_ns = MEMBANK_WAIT_FOREVER;
		_exit(ioctl(scene->notifier, MEMBANK_IOC_NOTIFIER_CALL, args) ?
			      errno :
			      0);
	}
	if (!stall_receive(end, pair[0]))
		return -1;
	close(pair[0]);
	close(pair[1]);
	return child;
}

/* Nor is what a call has taken, and could not tell. */
TEST_F(number, of_triggers_that_a_killed_call_has_taken_is_given_back)
{
	struct scene *scene = &self->stall.scene;
	const __u32 flags[] = { 0, MEMBANK_CALL_TRIGGERED };
	const int wait = notifier_create(scene->dev);
	struct stall end;
	atomic_int tid;
	pid_t child;
	size_t i;

	ASSERT_LE(0, wait);
	/* From here on it counts. */
	ASSERT_EQ(0, notifier_trigger(wait));
	ASSERT_EQ(1, notifier_read(wait));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		child = call_for_ever(scene, wait, flags[i], &end);
		ASSERT_LT(0, child);
		tid = child;
		ASSERT_TRUE(waits_in(SYS_ioctl, &tid));
		ASSERT_EQ(0, stall_writers(&end, true));
		ASSERT_EQ(0, notifier_trigger(wait));
		ASSERT_TRUE(stall_wait(&end));
		EXPECT_EQ(NULL, rows_run(scene));
		EXPECT_EQ(0, notifier_trigger(wait));
		EXPECT_EQ(1, notifier_read(wait));
		EXPECT_EQ(0, notifier_trigger(wait));
		ASSERT_EQ(-SIGKILL, test_kill(child));
		close(end.fd);
		EXPECT_EQ(2, notifier_read(wait));
	}
}

/* A thread that reads of a service; @tid is 0 until it is known. */
struct reader {
	pthread_t thread;
	int fd;
	atomic_int tid;
	int ret;
};

static void *read_event(void *arg)
{
	struct membank_service_event event;
	struct reader *reader = arg;

	reader->tid = gettid();
	reader->ret = service_event(reader->fd, &event) ?: (int)event.type;
	return NULL;
}

/* Who reads holds it: it ends when that is over. */
TEST_F(number, of_what_is_read_may_be_another_meanwhile)
{
	struct scene *scene = &self->stall.scene;
	struct reader reader = {};

	reader.fd = service_register(scene->dev, "reader", 0222, NULL, 0);
	ASSERT_LE(0, reader.fd);
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, read_event, &reader));
	ASSERT_TRUE(waits_in(SYS_read, &reader.tid));
	ASSERT_EQ(reader.fd, dup2(scene->eventfd, reader.fd));
	EXPECT_LE(0, service_connect(scene->dev, "reader", 0, NULL, 0, NULL));
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, reader.ret);
	EXPECT_EQ(-ENOENT,
		  service_connect(scene->dev, "reader", 0, NULL, 0, NULL));
}

TEST_HARNESS_MAIN
