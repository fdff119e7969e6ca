// SPDX-License-Identifier: GPL-2.0-only
/*
 * A processor that is taken away and comes back while traffic of all nouns runs:
 * nothing is lost, nothing stands, and what is freed is cleared as before.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
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

/* How often it goes; MEMBANK_ROUNDS says otherwise. */
#define ROUNDS 8

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
	unsigned int rounds = number_from("MEMBANK_ROUNDS", ROUNDS), i;
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

/* The thread that clears was on the processor that goes. */
TEST_F_TIMEOUT(hotplug, leaves_the_thread_that_clears, TEST_SLOW)
{
	const __u64 size = test_number(0, "size");
	struct test_figures figures = {};
	cpu_set_t set;
	char *mem;
	int i, tries;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		mem = test_map(self->dev, size);
		ASSERT_NE(MAP_FAILED, mem);
		memset(mem, 0x5a, size);
		ASSERT_EQ(0, munmap(mem, size));
		/* It is at work now; with that processor this goes elsewhere. */
		ASSERT_EQ(0, kernel_write(SWITCH, "0"));
		for (tries = 0; tries < TEST_PATIENCE / 10; tries++) {
			figures = test_figures(0);
			if (figures.scrubbed == size)
				break;
			sleep_ms(10);
		}
		EXPECT_EQ(size, figures.scrubbed);
		ASSERT_EQ(0, kernel_write(SWITCH, "1"));
	}
	mem = test_map(self->dev, size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, size));
}

TEST_HARNESS_MAIN
