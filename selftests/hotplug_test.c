// SPDX-License-Identifier: GPL-2.0-only
/*
 * A processor that is taken away and comes back while traffic of all nouns runs:
 * nothing is lost, nothing stands, and what is freed is cleared as before.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#include "pager.h"

#include "traffic.h"

#define SWITCH "/sys/devices/system/cpu/cpu1/online"

/* The thread that clears. */
#define CLEARER "membank_scrub"

/* How often it goes. */
#define ROUNDS number_from("MEMBANK_HOTPLUGS", 3)

/* How often it is tried to have it go while memory is cleared there. */
#define TRIES 10

FIXTURE(hotplug)
{
	int dev;
};

FIXTURE_SETUP(hotplug)
{
	ASSERT_TRUE(test_banks_empty());
	if (access(SWITCH, W_OK))
		SKIP(return, "there is no second processor to take away");
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN_PARENT(hotplug)
{
	kernel_write(SWITCH, "1");
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(hotplug, takes_nothing_from_traffic, TEST_SLOW)
{
	unsigned int rounds = ROUNDS, i;
	struct traffic *traffic = traffic_begin(self->dev);

	ASSERT_NE(NULL, traffic);
	ASSERT_TRUE(traffic_goes_on(traffic));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, kernel_write(SWITCH, "0"));
		ASSERT_TRUE(traffic_goes_on(traffic));
		ASSERT_EQ(0, kernel_write(SWITCH, "1"));
		ASSERT_TRUE(traffic_goes_on(traffic));
	}
	EXPECT_TRUE(traffic_end(traffic));
}

/* The thread of the module that clears; 0: there is none. */
static pid_t clearer(void)
{
	DIR *dir = opendir("/proc");
	char path[300], name[32];
	struct dirent *entry;
	pid_t found = 0;
	FILE *file;

	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) &&
		    !strcmp(name, CLEARER "\n"))
			found = atoi(entry->d_name);
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* On which processor a thread was last, as /proc has it; -1: it is gone. */
static int processor_of(pid_t tid)
{
	char line[512], *word = NULL;
	int field;

	if (test_thread_line(tid, "stat", line, sizeof(line)))
		word = strrchr(line, ')');
	/* Behind the name comes field 3; it is the 39th. */
	for (field = 2; word && field < 39; field++)
		word = strchr(word + 1, ' ');
	return word ? atoi(word + 1) : -1;
}

/* A process that leaves little of the second processor to the thread that clears. */
static pid_t spinner(const cpu_set_t *set)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setaffinity(0, sizeof(*set), set))
		_exit(1);
	for (;;)
		;
}

/* Whether a piece of the bank was cleared; there are many. */
static bool wait_begun(void)
{
	const __s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	bool begun;

	while (!(begun = test_number(0, "scrubbed") != 0) && clock_ns() < end)
		sched_yield();
	return begun;
}

/* It is in the middle of a bank, on the processor that goes, and ends elsewhere. */
TEST_F_TIMEOUT(hotplug, leaves_the_thread_that_clears, TEST_SLOW)
{
	const __u64 size = test_number(0, "size");
	const pid_t tid = clearer();
	__u64 before = 0, after = size;
	unsigned int i;
	cpu_set_t set;
	pid_t child;
	char *mem;
	int where;

	ASSERT_LT(0, tid);
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	/* What is cleared while it goes may be all, seldom. */
	for (i = 0; i < TRIES && after == size; i++) {
		ASSERT_EQ(0, sched_setaffinity(tid, sizeof(set), &set));
		/* First, as it would have the memory, too. */
		child = spinner(&set);
		ASSERT_LT(0, child);
		mem = test_map(self->dev, size);
		ASSERT_NE(MAP_FAILED, mem);
		memset(mem, 0x5a, size);
		ASSERT_EQ(0, munmap(mem, size));
		ASSERT_TRUE(wait_begun());
		before = test_number(0, "scrubbed");
		where = processor_of(tid);
		ASSERT_EQ(0, kernel_write(SWITCH, "0"));
		after = test_number(0, "scrubbed");
		ASSERT_EQ(-SIGKILL, test_kill(child));
		EXPECT_EQ(1, where);
		EXPECT_TRUE(test_wait_scrubbed(0));
		EXPECT_EQ(size, test_number(0, "scrubbed"));
		EXPECT_NE(1, processor_of(tid));
		ASSERT_EQ(0, kernel_write(SWITCH, "1"));
	}
	TH_LOG("%llu of %llu bytes were cleared before it went, %llu after",
	       before, size, after);
	EXPECT_GT(size, before);
	EXPECT_GT(size, after);
	mem = test_map(self->dev, size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, size));
}

TEST_HARNESS_MAIN
