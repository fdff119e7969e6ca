// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading while programs are at work: it is refused, and nobody notices; and
 * in the moment in which the last one goes, or a first one comes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#include "pager.h"
#include "reload.h"

#include "traffic.h"

#define PARAMETERS "banks=16M"

/*
 * How often it is tried while all are at work, after how many of these it is looked
 * whether they still are, and how often it is loaded anew.
 */
#define TRIES number_from("MEMBANK_UNLOADS", 100)
#define LOOK 25
#define ROUNDS number_from("MEMBANK_RELOADS", 3)

static int unload(int flags)
{
	return syscall(SYS_delete_module, "membank", flags) ? -errno : 0;
}

static int load(const char *module)
{
	int ko = open(module, O_RDONLY | O_CLOEXEC);
	int ret;

	if (ko < 0)
		return -errno;
	ret = syscall(SYS_finit_module, ko, PARAMETERS, 0) ? -errno : 0;
	close(ko);
	return ret;
}

/* Until it is done; what else than success and "in use" comes is told. */
static int unload_soon(unsigned long *refused)
{
	__s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	int ret;

	while ((ret = unload(O_NONBLOCK)) == -EWOULDBLOCK && clock_ns() < end)
		++*refused;
	return ret;
}

FIXTURE(unload)
{
	const char *module;
	int dev;
};

FIXTURE_SETUP(unload)
{
	self->module = getenv("MEMBANK_KO");
	ASSERT_NE(NULL, self->module);
	touch_init();
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN_PARENT(unload)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(unload, is_refused_while_all_are_at_work, TEST_SLOW)
{
	unsigned int tries = TRIES, i;
	struct traffic *traffic = traffic_begin(self->dev);

	ASSERT_NE(NULL, traffic);
	ASSERT_TRUE(traffic_goes_on(traffic));
	for (i = 0; i < tries; i++) {
		ASSERT_EQ(-EWOULDBLOCK, unload(i % 2 ? O_NONBLOCK : 0));
		/* Another one in between. */
		if (i % LOOK == 0)
			ASSERT_TRUE(traffic_goes_on(traffic));
	}
	ASSERT_TRUE(traffic_goes_on(traffic));
	EXPECT_TRUE(traffic_end(traffic));
}

/*
 * Leaves one process of all the traffic, which goes on until it is killed. Whether
 * they had begun, and unloading was refused while there was just this one.
 */
static bool leave_one(enum traffic_kind last)
{
	int dev = test_open(0);
	struct traffic *traffic = dev < 0 ? NULL : traffic_begin(dev);
	enum traffic_kind kind;

	if (!traffic || !traffic_goes_on(traffic))
		return false;
	for (kind = 0; kind < TRAFFIC_KINDS; kind++)
		if (kind != last && test_kill(traffic->child[kind]) != -SIGKILL)
			return false;
	/* What this process has of it, that one has, too. */
	if (close_range(dev, ~0U, 0) || unload(O_NONBLOCK) != -EWOULDBLOCK)
		return false;
	return test_kill(traffic->child[last]) == -SIGKILL;
}

/* Of each kind, killed in its work. */
TEST_F_TIMEOUT(unload, is_done_when_the_last_one_was_killed, TEST_SLOW)
{
	unsigned long refused = 0;
	enum traffic_kind kind;
	pid_t child;

	close(self->dev);
	for (kind = 0; kind < TRAFFIC_KINDS; kind++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(!leave_one(kind));
		ASSERT_EQ(0, test_wait_child(child))
		TH_LOG("with a last one of kind %d", kind);
		ASSERT_EQ(0, unload_soon(&refused));
		ASSERT_EQ(0, load(self->module));
	}
	TH_LOG("refused %lu times", refused);
}

/* What openers and unloaders have seen. */
struct seen {
	unsigned long opened;
	unsigned long nobody;
	bool stop;
};

static bool is_nobody(int error)
{
	return error == ENOENT || error == ENXIO || error == ENODEV;
}

/* Opens, and has what a bank is for; or there is nobody. */
static int open_often(struct seen *seen, const char *path)
{
	char *mem;
	int fd;

	while (!__atomic_load_n(&seen->stop, __ATOMIC_RELAXED)) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 && !is_nobody(errno))
			return errno;
		if (fd < 0) {
			__atomic_fetch_add(&seen->nobody, 1, __ATOMIC_RELAXED);
			continue;
		}
		mem = test_map(fd, PAGE);
		if (mem == MAP_FAILED || !test_all_bytes(mem, 0, PAGE))
			return 201;
		mem[0] = 1;
		close(fd);
		/* Only the mapping holds it now. */
		if (mem[0] != 1 || munmap(mem, PAGE))
			return 202;
		__atomic_fetch_add(&seen->opened, 1, __ATOMIC_RELAXED);
		/* Else it may be never that nobody has one. */
		sleep_ms(1);
	}
	return 0;
}

/* What is read there is a number, or nothing any more. */
static int read_often(struct seen *seen, const char *path)
{
	char text[64];
	int fd;

	while (!__atomic_load_n(&seen->stop, __ATOMIC_RELAXED)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && !is_nobody(errno))
			return errno;
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text)) < 0 && !is_nobody(errno))
			return errno;
		close(fd);
	}
	return 0;
}

static bool soon(unsigned long *count)
{
	const unsigned long was = __atomic_load_n(count, __ATOMIC_RELAXED);
	__s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;

	while (__atomic_load_n(count, __ATOMIC_RELAXED) == was) {
		if (clock_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

TEST_F_TIMEOUT(unload, and_opening_do_not_meet, TEST_SLOW)
{
	struct seen *seen = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int rounds = ROUNDS, i;
	unsigned long refused = 0;
	/* No file of debugfs: the kernel itself complains in such a moment. */
	const char *const paths[] = { "/dev/membank0", "/dev/membank",
				      "/sys/class/membank/membank0/used" };
	pid_t children[ARRAY_SIZE(paths)];

	ASSERT_NE(MAP_FAILED, seen);
	close(self->dev);
	for (i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		ASSERT_LE(0, children[i]);
		if (!children[i])
			_exit(i < 2 ? open_often(seen, paths[i]) :
				      read_often(seen, paths[i]));
	}
	for (i = 0; i < rounds; i++) {
		ASSERT_TRUE(soon(&seen->opened));
		ASSERT_EQ(0, unload_soon(&refused));
		ASSERT_TRUE(soon(&seen->nobody));
		ASSERT_EQ(0, load(self->module));
	}
	ASSERT_TRUE(soon(&seen->opened));
	__atomic_store_n(&seen->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, test_wait_child(children[i]));
	TH_LOG("opened %lu times, %lu times nobody there, refused %lu times",
	       seen->opened, seen->nobody, refused);
}

TEST_F(unload, is_refused_while_debugfs_is_read)
{
	int fd = open("/sys/kernel/debug/membank/bank0", O_RDONLY | O_CLOEXEC);
	unsigned long refused = 0;

	ASSERT_LE(0, fd);
	close(self->dev);
	EXPECT_EQ(-EWOULDBLOCK, unload(O_NONBLOCK));
	close(fd);
	ASSERT_EQ(0, unload_soon(&refused));
	ASSERT_EQ(0, load(self->module));
}

/* Two who unload: one has done it. */
TEST_F_TIMEOUT(unload, is_done_by_one_of_two, TEST_SLOW)
{
	unsigned int rounds = ROUNDS, i;
	int ret, other;
	pid_t child;

	close(self->dev);
	for (i = 0; i < rounds; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(-unload(O_NONBLOCK));
		ret = unload(O_NONBLOCK);
		other = -test_wait_child(child);
		/* While one of them is at it, or behind it. */
		if (ret) {
			EXPECT_EQ(0, other);
			EXPECT_TRUE(ret == -EBUSY || ret == -ENOENT);
		} else {
			EXPECT_TRUE(other == -EBUSY || other == -ENOENT);
		}
		ASSERT_EQ(0, load(self->module));
	}
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
