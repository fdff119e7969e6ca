// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine that is suspended: no task that waits for something of membank keeps
 * it awake, none is told of it, and all goes on afterwards. Up to the point where
 * all tasks are frozen; devices are not stopped, since the files of these machines
 * come through one that does not come back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "fuse.h"
#include "handle.h"
#include "kernel_file.h"
#include "map.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#include "pager.h"

#include "stuck.h"
#include "traffic.h"

#define SUSPENDS 3

/* Of /sys/power, in milliseconds: how long a task may keep the machine awake. */
#define FREEZE_TIMEOUT "10000"

/* To the moment in which all tasks are frozen, and back. */
static int suspend(void)
{
	return kernel_write("/sys/power/state", "freeze");
}

FIXTURE(suspend)
{
	int dev;
	pid_t child;
};

FIXTURE_SETUP(suspend)
{
	ASSERT_TRUE(test_banks_empty());
	if (kernel_write("/sys/power/pm_test", "freezer"))
		SKIP(return, "this kernel cannot try to suspend");
	ASSERT_EQ(0,
		  kernel_write("/sys/module/suspend/parameters/pm_test_delay",
			       "0"));
	ASSERT_EQ(0, kernel_write("/sys/power/sync_on_suspend", "0"));
	ASSERT_EQ(0,
		  kernel_write("/sys/power/pm_freeze_timeout", FREEZE_TIMEOUT));
	touch_init();
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN_PARENT(suspend)
{
	kernel_write("/sys/power/pm_test", "none");
	kernel_write("/sys/power/pm_freeze_timeout", "20000");
	EXPECT_TRUE(test_banks_empty());
}

/* Whether it slept before, could be suspended often, and sleeps after that. */
static int suspend_over(pid_t child, char state)
{
	int i, ret;

	if (!wait_state(child, state))
		return -ETIME;
	for (i = 0; i < SUSPENDS; i++) {
		ret = suspend();
		if (ret)
			return ret;
		if (!wait_state(child, state))
			return -EPROTO;
		if (waitpid(child, NULL, WNOHANG))
			return -ECHILD;
	}
	return 0;
}

static void child_ends(int ret)
{
	_exit(ret < 0 ? -ret : 0);
}

/* What a child does, whose end is its exit status; the fixture is shared with it. */
#define CHILD(self, what)                 \
	do {                              \
		pid_t _child = fork();    \
		ASSERT_LE(0, _child);     \
		if (!_child)              \
			child_ends(what); \
		(self)->child = _child;   \
	} while (0)

/* ------------------------------------------------------------- services */

TEST_F(suspend, does_not_end_the_wait_for_a_name)
{
	const __u64 times[] = { MEMBANK_WAIT_FOREVER, 100 * SECOND };
	int fd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		CHILD(self, service_connect(self->dev, "awaited", times[i],
					    NULL, 0, NULL));
		EXPECT_EQ(0, suspend_over(self->child, 'S'));
		fd = service_register(self->dev, "awaited", 0200, NULL, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, test_wait_child(self->child));
		close(fd);
	}
}

/* Threads that wait, each for a name of its own: some in most places of the table. */
#define WAITERS 48

/* How often the machine is suspended meanwhile. */
#define STIRS 12

static int waiting_dev;

static void *wait_for_ever(void *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "never-%ld", (long)arg);
	child_ends(service_connect(waiting_dev, name, MEMBANK_WAIT_FOREVER,
				   NULL, 0, NULL));
	return NULL;
}

static int wait_for_names(int dev)
{
	pthread_t thread;
	long i;

	waiting_dev = dev;
	for (i = 0; i < WAITERS; i++)
		if (pthread_create(&thread, NULL, wait_for_ever, (void *)i))
			return -EAGAIN;
	pause();
	return 0;
}

/* Wakes who waits for another name in the same place, all the time. */
static int stir(int dev)
{
	unsigned int i;
	char name[32];
	int fd;

	for (i = 0;; i++) {
		snprintf(name, sizeof(name), "stirred-%u", i % 997);
		fd = service_register(dev, name, 0200, NULL, 0);
		if (fd < 0)
			return fd;
		close(fd);
	}
}

/* Who was just woken, or is about to sleep, is told to freeze as by a signal. */
TEST_F_TIMEOUT(suspend, does_not_end_a_wait_on_its_way_to_sleep, TEST_SLOW)
{
	pid_t stirrer, waiter;
	int i;

	CHILD(self, wait_for_names(self->dev));
	waiter = self->child;
	CHILD(self, stir(self->dev));
	stirrer = self->child;
	for (i = 0; i < STIRS; i++) {
		ASSERT_EQ(0, suspend());
		/* Whoever was ended is heard of by now. */
		sleep_ms(50);
		ASSERT_EQ(0, waitpid(stirrer, NULL, WNOHANG));
		ASSERT_EQ(0, waitpid(waiter, NULL, WNOHANG))
		TH_LOG("after suspending %d times", i + 1);
	}
	EXPECT_EQ(-SIGKILL, test_kill(stirrer));
	EXPECT_EQ(-SIGKILL, test_kill(waiter));
}

TEST_F(suspend, does_not_end_the_wait_for_a_client)
{
	const __u64 times[] = { MEMBANK_WAIT_FOREVER, 100 * SECOND };
	int fd = service_register(self->dev, "watched", 0200, NULL, 0), client;
	__u64 changes = 0;
	size_t i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		changes = 0;
		ASSERT_EQ(0, service_watch(self->dev, "watched", &changes, 0));
		CHILD(self,
		      service_watch(self->dev, "watched", &changes, times[i]));
		EXPECT_EQ(0, suspend_over(self->child, 'S'));
		client =
			service_connect(self->dev, "watched", 0, NULL, 0, NULL);
		ASSERT_LE(0, client);
		EXPECT_EQ(0, test_wait_child(self->child));
		close(client);
	}
}

static int expect_event(int fd, __u32 type)
{
	struct membank_service_event event;
	int ret = service_event(fd, &event);

	return ret ?: event.type == type ? 0 : -EPROTO;
}

TEST_F(suspend, does_not_end_the_read_of_an_event)
{
	int fd = service_register(self->dev, "read", 0200, NULL, 0), client;

	ASSERT_LE(0, fd);
	CHILD(self, expect_event(fd, MEMBANK_SERVICE_CONNECTED));
	EXPECT_EQ(0, suspend_over(self->child, 'S'));
	client = service_connect(self->dev, "read", 0, NULL, 0, NULL);
	ASSERT_LE(0, client);
	EXPECT_EQ(0, test_wait_child(self->child));
}

/* ------------------------------------------------------------ notifiers */

static int expect_count(__s64 got, __s64 count)
{
	return got < 0 ? (int)got : got == count ? 0 : -EPROTO;
}

TEST_F(suspend, does_not_end_the_read_of_a_notifier)
{
	int bell = notifier_create(self->dev);

	ASSERT_LE(0, bell);
	ASSERT_EQ(0, notifier_nonblock(bell));
	ASSERT_EQ(-EAGAIN, notifier_read(bell));
	ASSERT_EQ(0, fcntl(bell, F_SETFL, 0));
	CHILD(self, expect_count(notifier_read(bell), 1));
	EXPECT_EQ(0, suspend_over(self->child, 'S'));
	ASSERT_EQ(0, notifier_trigger(bell));
	EXPECT_EQ(0, test_wait_child(self->child));
}

/* The struct says nothing of it either: who looks sees no trigger half done. */
TEST_F(suspend, does_not_end_a_call)
{
	const __u64 times[] = { MEMBANK_WAIT_FOREVER, 100 * SECOND };
	struct membank_notifier_call *args;
	int bell = notifier_create(self->dev), reply;
	size_t i;

	ASSERT_LE(0, bell);
	reply = notifier_create(self->dev);
	ASSERT_LE(0, reply);
	ASSERT_EQ(0, notifier_nonblock(bell));
	ASSERT_EQ(-EAGAIN, notifier_read(bell));
	args = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, args);
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		*args = (struct membank_notifier_call){
			.size = sizeof(*args),
			.timeout_ns = times[i],
			.wait_fd = reply,
		};
		CHILD(self, ioctl(bell, MEMBANK_IOC_NOTIFIER_CALL, args) ?
				    -errno :
				    0);
		EXPECT_EQ(0, suspend_over(self->child, 'S'));
		EXPECT_EQ(0, args->flags);
		EXPECT_EQ(times[i], args->timeout_ns);
		/* It has triggered once, however often it was frozen. */
		EXPECT_EQ(1, notifier_read(bell));
		ASSERT_EQ(0, notifier_trigger(reply));
		EXPECT_EQ(0, test_wait_child(self->child));
		EXPECT_EQ(1, args->out_count);
	}
}

/* --------------------------------------------------------------- pagers */

/* A pager that does not answer before it is told to, and its region. */
struct lazy {
	struct pager pager;
	struct membank_pager_fault fault;
	int fd;
	char *mem;
};

static int lazy_init(int dev, struct lazy *lazy)
{
	lazy->fd = test_alloc(dev, LENGTH, 0, 0);
	if (lazy->fd < 0 || !pages_fill(lazy->fd))
		return -ENOMEM;
	return pager_create(dev, &lazy->pager) ?:
		       pager_attach(dev, lazy->pager.attach, 0, &lazy->mem);
}

static int lazy_answer(struct lazy *lazy)
{
	return pager_reply(lazy->pager.fd, lazy->fault.id, lazy->fd,
			   lazy->fault.offset - OFFSET, 0);
}

static int expect_byte(const char *at, size_t page)
{
	return (unsigned char)*at == page_byte(page) ? 0 : -EPROTO;
}

TEST_F(suspend, does_not_end_the_wait_for_a_fault)
{
	struct lazy lazy;
	char byte;

	ASSERT_EQ(0, lazy_init(self->dev, &lazy));
	CHILD(self,
	      pager_next(lazy.pager.fd, &lazy.fault) ?: lazy_answer(&lazy));
	EXPECT_EQ(0, suspend_over(self->child, 'S'));
	EXPECT_EQ(0, touch_read(lazy.mem + PAGE, &byte));
	EXPECT_EQ(0, expect_byte(&byte, 1));
	EXPECT_EQ(0, test_wait_child(self->child));
}

TEST_F(suspend, does_not_end_the_wait_for_a_pager)
{
	struct lazy lazy;

	ASSERT_EQ(0, lazy_init(self->dev, &lazy));
	CHILD(self, expect_byte(lazy.mem + PAGE, 1));
	ASSERT_EQ(0, pager_next(lazy.pager.fd, &lazy.fault));
	EXPECT_EQ(0, suspend_over(self->child, 'S'));
	ASSERT_EQ(0, lazy_answer(&lazy));
	EXPECT_EQ(0, test_wait_child(self->child));
	/* It did not come back to ask once more. */
	EXPECT_TRUE(pager_is_idle(lazy.pager.fd));
}

/* A system call cannot be woken there, and holds a lock of the pipe. */
TEST_F(suspend, is_not_kept_off_by_a_system_call_that_waits_for_a_pager)
{
	struct lazy lazy;
	int ends[2];

	ASSERT_EQ(0, lazy_init(self->dev, &lazy));
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(5, write(ends[1], "bytes", 5));
	CHILD(self, expect_count(read(ends[0], lazy.mem + PAGE, 5), 5));
	ASSERT_EQ(0, pager_next(lazy.pager.fd, &lazy.fault));
	EXPECT_EQ(0, suspend_over(self->child, 'D'));
	ASSERT_EQ(0, lazy_answer(&lazy));
	EXPECT_EQ(0, test_wait_child(self->child));
	EXPECT_EQ(0, memcmp(lazy.mem + PAGE, "bytes", 5));
}

/* One that is killed in its sleep ends. */
TEST_F(suspend, leaves_who_waits_for_a_pager_to_be_killed)
{
	struct lazy lazy;
	int ends[2];

	ASSERT_EQ(0, lazy_init(self->dev, &lazy));
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(5, write(ends[1], "bytes", 5));
	CHILD(self, expect_count(read(ends[0], lazy.mem + PAGE, 5), 5));
	ASSERT_EQ(0, pager_next(lazy.pager.fd, &lazy.fault));
	EXPECT_EQ(0, suspend_over(self->child, 'D'));
	EXPECT_EQ(-SIGKILL, test_kill(self->child));
	EXPECT_EQ(-ENOENT, lazy_answer(&lazy));
}

/* ----------------------------------------- detaching in another process */

/* Likewise, where one keeps it awake for as long as we like. */
#define SHORT_TIMEOUT "3000"

/* In the process that is stuck. */
static int detach_stuck(struct stuck *stuck, const char *region)
{
	struct membank_region_detach gone;

	/* With who answers the page of that one it ends, too. */
	close(stuck->file.fd);
	return map_detach_range(stuck->node, region, 0, MEMBANK_DETACH_UNMAP,
				&gone);
}

/* Which of these the kernel's log names from there on as tasks that do not freeze. */
static unsigned int named_tasks(int log, const pid_t *tasks, unsigned int count)
{
	unsigned int i, named = 0;
	char line[1024], *at;
	ssize_t length;

	/* One line each time; some may be lost. */
	while ((length = read(log, line, sizeof(line) - 1)) > 0 ||
	       errno == EPIPE) {
		line[length > 0 ? length : 0] = '\0';
		at = strstr(line, " pid:");
		for (i = 0; at && i < count; i++)
			if (atoi(at + strlen(" pid:")) == tasks[i])
				named |= 1U << i;
	}
	return named;
}

/*
 * A process that keeps the lock of its address space in a sleep of the kernel's own
 * does not freeze. Who waits for it does: one for the task of the kernel that
 * detaches there, the next for its turn.
 */
TEST_F(suspend, freezes_who_detaches_in_another_process)
{
	static struct stuck stuck;
	int ret = stuck_make(&stuck), log;
	pid_t tasks[3];
	size_t i;

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no FUSE");
	ASSERT_EQ(0, ret);
	tasks[0] = stuck.child;
	for (i = 1; i < ARRAY_SIZE(tasks); i++) {
		CHILD(self, detach_stuck(&stuck, stuck.hole + (i - 1) * MIB));
		tasks[i] = self->child;
		ASSERT_TRUE(wait_state(tasks[i], 'D'));
	}
	ASSERT_EQ(0,
		  kernel_write("/sys/power/pm_freeze_timeout", SHORT_TIMEOUT));
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, log);
	ASSERT_LE(0, lseek(log, 0, SEEK_END));
	EXPECT_EQ(-EBUSY, suspend());
	EXPECT_EQ(1, named_tasks(log, tasks, ARRAY_SIZE(tasks)));
	/* And wait as before. */
	for (i = 1; i < ARRAY_SIZE(tasks); i++)
		EXPECT_TRUE(wait_state(tasks[i], 'D'));
	stuck_go(&stuck);
	for (i = 1; i < ARRAY_SIZE(tasks); i++)
		EXPECT_EQ(0, test_wait_child(tasks[i]));
	close(stuck.socket);
	EXPECT_EQ(0, test_wait_child(stuck.child));
}

/* -------------------------------------------------------------- traffic */

TEST_F_TIMEOUT(suspend, lets_traffic_go_on, TEST_SLOW)
{
	const __u64 size = test_number(0, "size");
	struct traffic *traffic = traffic_begin(self->dev);
	char *mem;
	int i;

	ASSERT_NE(NULL, traffic);
	for (i = 0; i < SUSPENDS; i++) {
		ASSERT_TRUE(traffic_goes_on(traffic));
		EXPECT_EQ(0, suspend());
	}
	ASSERT_TRUE(traffic_goes_on(traffic));
	EXPECT_TRUE(traffic_end(traffic));

	/* The thread that clears is there, too, and was not stopped. */
	mem = test_map(self->dev, size / 2);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0x5a, size / 2);
	ASSERT_EQ(0, munmap(mem, size / 2));
	EXPECT_EQ(0, suspend());
	for (i = 0; i < TEST_PATIENCE / 10; i++) {
		if (test_number(0, "scrubbed") == test_number(0, "free"))
			break;
		sleep_ms(10);
	}
	EXPECT_EQ(test_number(0, "free"), test_number(0, "scrubbed"));
}

TEST_HARNESS_MAIN
