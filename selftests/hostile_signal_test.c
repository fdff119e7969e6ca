// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals during every wait that a program can be in: with a handler, with one that
 * lets system calls go on, stopped and let go on, looked at by a debugger, killed.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "fuse.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#include "hostile.h"
#include "stuck.h"

/* What a process does that waits; @scene is what it shares with its parent. */
struct wait {
	/* Makes who is waited for; 0, -ENODEV: no FUSE, or a negative errno. */
	int (*prepare)(void);
	/* Returns what it waited for, positive; or a negative errno. */
	int (*wait)(struct scene *scene);
	/* Gives it that. */
	bool (*give)(struct scene *scene);
	/* The system call that it is in then, -1: none. */
	long call;
	/* It goes on by itself after a handler with SA_RESTART. */
	bool restarts;
	/* No handler runs before it is over. */
	bool uninterruptible;
	/* A stop, or a debugger, is a signal that came. */
	bool notices_a_stop;
};

static int wait_read_notifier(struct scene *scene)
{
	return notifier_read(scene->notifier);
}

static bool give_trigger(struct scene *scene)
{
	return !notifier_trigger(scene->notifier);
}

static int wait_call(struct scene *scene)
{
	struct membank_notifier_call args = {
		.size = sizeof(args),
		.flags = MEMBANK_CALL_TRIGGERED,
		.timeout_ns = MEMBANK_WAIT_FOREVER,
		.wait_fd = scene->notifier,
	};

	/* The struct says what is left, also on EINTR. */
	if (ioctl(scene->notifier, MEMBANK_IOC_NOTIFIER_CALL, &args))
		return -errno;
	return args.out_count;
}

static int wait_poll_notifier(struct scene *scene)
{
	struct pollfd fd = { .fd = scene->notifier, .events = POLLIN };

	return poll(&fd, 1, -1) < 0 ? -errno : 1;
}

static int wait_read_service(struct scene *scene)
{
	struct membank_service_event event;
	int ret = service_event(scene->service, &event);

	return ret ?: (int)event.type;
}

static bool give_client(struct scene *scene)
{
	return service_connect(scene->dev, SERVICE, 0, scene->array.offers, 2,
			       NULL) >= 0;
}

static int wait_read_pager(struct scene *scene)
{
	struct membank_pager_fault fault;

	return read(scene->pager, &fault, sizeof(fault)) == sizeof(fault) ?
		       1 :
		       -errno;
}

static bool give_fault(struct scene *scene)
{
	static pthread_t thread;

	return !pthread_create(&thread, NULL, ask_pager, scene);
}

static int wait_name(struct scene *scene)
{
	int fd = service_connect(scene->dev, "later", MEMBANK_WAIT_FOREVER,
				 NULL, 0, NULL);

	return fd < 0 ? fd : 1;
}

static bool give_name(struct scene *scene)
{
	return service_register(scene->dev, "later", 0222, NULL, 0) >= 0;
}

static int wait_clients(struct scene *scene)
{
	struct membank_service_clients now = {};
	int ret = service_clients(scene->dev, SERVICE, NULL, 0, &now);

	if (ret < 0)
		return ret;
	ret = service_watch(scene->dev, SERVICE, &now.out_changes,
			    MEMBANK_WAIT_FOREVER);
	return ret < 0 ? ret : 1;
}

static int wait_touch(struct scene *scene)
{
	return 1 + __atomic_load_n(scene->paged, __ATOMIC_RELAXED);
}

/* Its page is that of the dataspace. */
static bool give_page(struct scene *scene)
{
	struct membank_pager_reply reply = {
		.size = sizeof(reply),
		.fd = scene->dataspace,
	};
	struct membank_pager_fault fault;

	if (read(scene->pager, &fault, sizeof(fault)) != sizeof(fault))
		return false;
	reply.id = fault.id;
	return !test_ioctl(scene->pager, MEMBANK_IOC_PAGER_REPLY, &reply);
}

/* A region that is filled at once, so that the command waits for its first page. */
static int wait_eager(struct scene *scene)
{
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = scene->attach,
		.length = PAGE,
		.flags = MEMBANK_REGION_PAGER | MEMBANK_REGION_EAGER_MAP |
			 MEMBANK_REGION_SEARCH_ADDR,
	};
	int ret = test_ioctl(scene->dev, MEMBANK_IOC_REGION_ATTACH, &args);

	return ret ?: 1;
}

static int wait_write(struct scene *scene)
{
	int ret = write(scene->eventfd, scene->paged, sizeof(__u64));

	return ret < 0 ? -errno : 1;
}

static int wait_offers(struct scene *scene)
{
	int fd = service_connect(scene->dev, SERVICE, 0, (void *)scene->paged,
				 2, NULL);

	return fd < 0 ? fd : 1;
}

/* ----------------------- in the address space of another process, which is stuck */

static struct stuck other;

static int prepare_other(void)
{
	return stuck_make(&other);
}

/* All there is; who is killed in the middle of the first leaves the second. */
static int wait_detach(struct scene *scene)
{
	struct membank_region_detach gone;
	int ret;

	(void)scene;
	/* With who answers the page of the other process that ends, too. */
	close(other.file.fd);
	ret = map_detach_range(other.node, other.hole, STUCK_LENGTH,
			       MEMBANK_DETACH_UNMAP, &gone);
	return ret ?: 1;
}

/* It comes before who looks at the regions, as it is about to change them. */
static int wait_find(struct scene *scene)
{
	struct membank_region_find found;
	int ret;

	(void)scene;
	close(other.file.fd);
	ret = map_find(other.node, other.hole + MIB, &found);
	return ret ?: 1;
}

static int wait_list(struct scene *scene)
{
	struct membank_region_list list;
	int ret;

	close(other.file.fd);
	ret = map_list(other.node, NULL, 0, &scene->array.region, 1, &list);
	return ret ?: (int)list.out_nr_entries;
}

/* It looks at all processes, after another one that waits to change something there. */
static int wait_debugfs(struct scene *scene)
{
	char path[128], name[MEMBANK_NAME_MAX + 2], byte;
	int fd;

	(void)scene;
	close(other.file.fd);
	if (!test_attr(0, "name", name, sizeof(name)))
		return -ENOENT;
	snprintf(path, sizeof(path), "/sys/kernel/debug/membank/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return read(fd, &byte, 1) < 0 ? -errno : 1;
}

static bool is_in_ioctl(pid_t child)
{
	return test_thread_state(child) == 'D' &&
	       test_thread_call(child) == SYS_ioctl;
}

/* Whether the lock of the other process is wanted by who detaches there. */
static bool is_wanted(void)
{
	pid_t child = fork();

	if (!child)
		_exit(wait_find(NULL) != 1);
	while (waitpid(child, NULL, WNOHANG) != child) {
		if (is_in_ioctl(child))
			return test_kill(child) == -SIGKILL;
		sched_yield();
	}
	return false;
}

/* Somebody asked before, and was killed: a task of the kernel still waits there. */
static int prepare_turn(void)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	int ret = prepare_other();
	pid_t first;

	if (ret)
		return ret;
	first = fork();
	if (!first)
		_exit(-wait_detach(NULL));
	while (!is_wanted())
		if (clock_ns() > end)
			return -ETIME;
	return test_kill(first) == -SIGKILL ? 0 : -EPROTO;
}

static bool give_other(struct scene *scene)
{
	(void)scene;
	stuck_go(&other);
	return true;
}

#define WAIT(_name, _call, _give, ...)                                \
	static const struct wait on_##_name = { .wait = wait_##_name, \
						.call = _call,        \
						.give = _give,        \
						##__VA_ARGS__ }

WAIT(call, SYS_ioctl, give_trigger, .restarts = true);
WAIT(read_notifier, SYS_read, give_trigger, .restarts = true);
WAIT(poll_notifier, SYS_poll, give_trigger);
WAIT(read_service, SYS_read, give_client, .restarts = true);
WAIT(read_pager, SYS_read, give_fault, .restarts = true);
WAIT(name, SYS_ioctl, give_name, .notices_a_stop = true);
WAIT(clients, SYS_ioctl, give_client, .notices_a_stop = true);
WAIT(touch, -1, give_page, .restarts = true);
WAIT(eager, SYS_ioctl, give_page, .uninterruptible = true);
WAIT(write, SYS_write, give_page, .uninterruptible = true);
WAIT(offers, SYS_ioctl, give_page, .uninterruptible = true);

#define WAIT_OTHER(_name, _wait, _prepare, _call)                    \
	static const struct wait on_##_name = { .prepare = _prepare, \
						.wait = _wait,       \
						.give = give_other,  \
						.call = _call,       \
						.uninterruptible = true }

/* For the task of the kernel that detaches, for the turn, and for the lock. */
WAIT_OTHER(detach, wait_detach, prepare_other, SYS_ioctl);
WAIT_OTHER(turn, wait_detach, prepare_turn, SYS_ioctl);
WAIT_OTHER(find, wait_find, prepare_turn, SYS_ioctl);
WAIT_OTHER(list, wait_list, prepare_turn, SYS_ioctl);
WAIT_OTHER(debugfs, wait_debugfs, prepare_turn, SYS_read);

FIXTURE(signal)
{
	struct scene scene;
	int users;
	/* Written by the process that waits. */
	struct told {
		int handled;
		int ret;
	} *told;
};

FIXTURE_VARIANT(signal)
{
	const struct wait *wait;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(signal, call) { &on_call };
FIXTURE_VARIANT_ADD(signal, read_notifier) { &on_read_notifier };
FIXTURE_VARIANT_ADD(signal, poll_notifier) { &on_poll_notifier };
FIXTURE_VARIANT_ADD(signal, read_service) { &on_read_service };
FIXTURE_VARIANT_ADD(signal, read_pager) { &on_read_pager };
FIXTURE_VARIANT_ADD(signal, name) { &on_name };
FIXTURE_VARIANT_ADD(signal, clients) { &on_clients };
FIXTURE_VARIANT_ADD(signal, touch) { &on_touch };
FIXTURE_VARIANT_ADD(signal, eager) { &on_eager };
FIXTURE_VARIANT_ADD(signal, write) { &on_write };
FIXTURE_VARIANT_ADD(signal, offers) { &on_offers };
FIXTURE_VARIANT_ADD(signal, detach) { &on_detach };
FIXTURE_VARIANT_ADD(signal, turn) { &on_turn };
FIXTURE_VARIANT_ADD(signal, find) { &on_find };
FIXTURE_VARIANT_ADD(signal, list) { &on_list };
FIXTURE_VARIANT_ADD(signal, debugfs) { &on_debugfs };
/* clang-format on */

FIXTURE_SETUP(signal)
{
	int ret;

	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
	/* The side that triggers is there. */
	ASSERT_LE(0, notifier_derive(self->scene.notifier, TRIGGER));
	ASSERT_EQ(0, fcntl(self->scene.service, F_SETFL, 0));
	self->told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->told);
	ret = variant->wait->prepare ? variant->wait->prepare() : 0;
	if (ret == -ENODEV)
		SKIP(return, "this kernel has no FUSE");
	ASSERT_EQ(0, ret);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(signal)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

static struct told *handler_tells;

static void handle(int signal)
{
	(void)signal;
	__atomic_add_fetch(&handler_tells->handled, 1, __ATOMIC_SEQ_CST);
}

/* A child that waits, with a handler of SIGUSR1. */
static pid_t begin(const struct wait *wait, struct scene *scene,
		   struct told *told, int flags)
{
	const struct sigaction action = { .sa_handler = handle,
					  .sa_flags = flags };
	pid_t child;

	handler_tells = told;
	memset(told, 0, sizeof(*told));
	sigaction(SIGUSR1, &action, NULL);
	child = fork();
	if (!child) {
		told->ret = wait->wait(scene);
		_exit(0);
	}
	return child;
}

static bool reaches_state(pid_t child, const char *states)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	bool reached;

	while (!(reached = strchr(states, test_thread_state(child))) &&
	       clock_ns() < end)
		sched_yield();
	return reached;
}

/* Whether it sleeps in its system call, or where it touches. */
static bool is_asleep(const struct wait *wait, pid_t child)
{
	const long call = test_thread_call(child);

	/* So poll() goes on after a stop. */
	if (call != wait->call &&
	    !(call == SYS_restart_syscall && wait->call == SYS_poll))
		return false;
	return strchr("SD", test_thread_state(child));
}

/* Until it does, and the pager was asked if that is what it waits for. */
static bool is_waiting(const struct wait *wait, struct scene *scene,
		       pid_t child)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	bool waits;

	do {
		sched_yield();
		waits = is_asleep(wait, child) &&
			(wait->give != give_page ||
			 revents(scene->pager, 0) == POLLIN);
	} while (!waits && clock_ns() < end);
	return waits;
}

static int times_handled(const struct told *told)
{
	return __atomic_load_n(&told->handled, __ATOMIC_SEQ_CST);
}

static bool was_handled(const struct told *told, int times)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	bool handled;

	while (!(handled = times_handled(told) >= times) && clock_ns() < end)
		sched_yield();
	return handled;
}

TEST_F(signal, with_a_handler_is_eintr_and_nothing_is_lost)
{
	const struct wait *wait = variant->wait;
	struct scene *scene = &self->scene;
	pid_t child = begin(wait, scene, self->told, 0);

	ASSERT_TRUE(is_waiting(wait, &self->scene, child));
	ASSERT_EQ(0, kill(child, SIGUSR1));
	if (wait->uninterruptible || wait == &on_touch) {
		if (wait == &on_touch)
			ASSERT_TRUE(was_handled(self->told, 1));
		ASSERT_TRUE(is_waiting(wait, &self->scene, child));
		if (wait->uninterruptible)
			ASSERT_EQ(0, times_handled(self->told));
		ASSERT_TRUE(wait->give(scene));
		ASSERT_EQ(0, test_wait_child(child));
		EXPECT_LT(0, self->told->ret);
		EXPECT_EQ(1, self->told->handled);
		return;
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(-EINTR, self->told->ret);
	EXPECT_EQ(1, self->told->handled);

	/* Who waits next gets it. */
	child = begin(wait, scene, self->told, 0);
	ASSERT_TRUE(is_waiting(wait, &self->scene, child));
	ASSERT_TRUE(wait->give(scene));
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(1, self->told->ret);
}

TEST_F(signal, with_sa_restart_goes_on_where_that_is_promised)
{
	const struct wait *wait = variant->wait;
	pid_t child = begin(wait, &self->scene, self->told, SA_RESTART);
	int i;

	for (i = 1; i <= 3; i++) {
		ASSERT_TRUE(is_waiting(wait, &self->scene, child));
		ASSERT_EQ(0, kill(child, SIGUSR1));
		if (!wait->restarts)
			break;
		ASSERT_TRUE(was_handled(self->told, i));
	}
	if (wait->restarts || wait->uninterruptible) {
		ASSERT_TRUE(is_waiting(wait, &self->scene, child));
		ASSERT_TRUE(wait->give(&self->scene));
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(wait->restarts || wait->uninterruptible ? 1 : -EINTR,
		  self->told->ret);
}

/* What is over by that has told so; else it still waits. */
static bool goes_on(const struct wait *wait, struct scene *scene,
		    struct told *told, pid_t child)
{
	if (wait->notices_a_stop)
		return !test_wait_child(child) && told->ret == -EINTR;
	return is_waiting(wait, scene, child) && wait->give(scene) &&
	       !test_wait_child(child) && told->ret > 0;
}

TEST_F(signal, that_stops_lets_it_go_on)
{
	const struct wait *wait = variant->wait;
	pid_t child = begin(wait, &self->scene, self->told, 0);

	ASSERT_TRUE(is_waiting(wait, &self->scene, child));
	ASSERT_EQ(0, kill(child, SIGSTOP));
	/* In the middle of a fault in the kernel it does not stop. */
	if (!wait->uninterruptible)
		ASSERT_TRUE(reaches_state(child, "T"));
	/* Others go on meanwhile. */
	EXPECT_EQ(0, close(test_alloc(self->scene.dev, PAGE, 0, 0)));
	ASSERT_EQ(0, kill(child, SIGCONT));
	EXPECT_TRUE(goes_on(wait, &self->scene, self->told, child));
}

TEST_F(signal, of_a_debugger_lets_it_go_on)
{
	const struct wait *wait = variant->wait;
	pid_t child = begin(wait, &self->scene, self->told, 0);
	int status;

	ASSERT_TRUE(is_waiting(wait, &self->scene, child));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, child, NULL, NULL));
	if (!wait->uninterruptible) {
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, child, NULL, NULL));
		ASSERT_EQ(child, waitpid(child, &status, __WALL));
		ASSERT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, NULL, NULL));
	}
	EXPECT_TRUE(goes_on(wait, &self->scene, self->told, child));
}

TEST_F(signal, that_kills_leaves_it_to_others)
{
	const struct wait *wait = variant->wait;
	struct scene *scene = &self->scene;
	const int users = test_module_users();
	pid_t child = begin(wait, scene, self->told, 0);

	ASSERT_TRUE(is_waiting(wait, &self->scene, child));
	ASSERT_EQ(-SIGKILL, test_kill(child));
	EXPECT_TRUE(test_wait_module_users(users));
	EXPECT_EQ(0, self->told->ret);
	/* CONNECT has told of who came and went. */
	if (wait == &on_offers)
		EXPECT_EQ(0, service_event(scene->service, NULL));

	child = begin(wait, scene, self->told, 0);
	ASSERT_TRUE(is_waiting(wait, &self->scene, child));
	ASSERT_TRUE(wait->give(scene));
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_LT(0, self->told->ret);
}

/* Of two that wait, a signal to one is not the end of the other. */
TEST_F(signal, for_one_is_not_for_another)
{
	const struct wait *wait = variant->wait;
	struct scene *scene = &self->scene;
	struct told *second = self->told + 1;
	pid_t one = begin(wait, scene, self->told, 0), other;

	ASSERT_TRUE(is_waiting(wait, &self->scene, one));
	other = begin(wait, scene, second, 0);
	ASSERT_TRUE(is_waiting(wait, &self->scene, other));
	ASSERT_EQ(-SIGKILL, test_kill(one));
	ASSERT_TRUE(is_waiting(wait, &self->scene, other));
	ASSERT_TRUE(wait->give(scene));
	ASSERT_EQ(0, test_wait_child(other));
	EXPECT_LT(0, second->ret);
}

TEST_HARNESS_MAIN
