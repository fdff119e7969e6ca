// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has detached a region in another process keeps nothing of that process: when it
 * has ended it is gone.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"

#define TURNS 20
#define BYTES (64 << 10)

/* On this processor alone, and ahead of all threads of the kernel that are not urgent. */
static bool be_urgent(int processor)
{
	const struct sched_param first = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	return !sched_setaffinity(0, sizeof(set), &set) &&
	       !sched_setscheduler(0, SCHED_FIFO, &first);
}

/* A process that keeps each processor but the first one; how many there are. */
static int keep_others(pid_t *keepers, int most)
{
	int count = 0;

	while (count < most && count + 1 < sysconf(_SC_NPROCESSORS_ONLN)) {
		keepers[count] = fork();
		if (keepers[count] < 0)
			break;
		if (!keepers[count]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (be_urgent(count + 1))
				for (;;)
					;
			_exit(1);
		}
		count++;
	}
	return count;
}

/* The other process: its node and its region, until it is killed. */
static void be_there(int socket, int fd, char *hole)
{
	int dev = test_open(0);
	char *mem;

	if (dev < 0 || map_attach(dev, map_args(fd, hole, 0), &mem) ||
	    test_send_fd(socket, dev))
		_exit(1);
	pause();
	_exit(2);
}

/*
 * Who detaches for others gives way to who gets the answer, and goes on only when all
 * that is urgent sleeps: the other process has ended by then.
 */
TEST(an_answer_leaves_nobody_in_the_map)
{
	int dev = test_open(0), fd = test_alloc(dev, BYTES, 0, 0);
	char *hole = map_hole(BYTES);
	struct membank_region_detach gone;
	pid_t child, keepers[7];
	int there, pair[2], kept;
	unsigned int turn;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, hole);
	kept = keep_others(keepers, ARRAY_SIZE(keepers));
	ASSERT_TRUE(be_urgent(0));
	for (turn = 0; turn < TURNS; turn++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					pair));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			be_there(pair[1], fd, hole);
		there = test_receive_fd(pair[0]);
		ASSERT_LE(0, there);
		close(pair[0]);
		close(pair[1]);
		ASSERT_EQ(0, map_detach_range(there, hole, 0,
					      MEMBANK_DETACH_UNMAP, &gone));
		ASSERT_EQ(-SIGKILL, test_kill(child));
		EXPECT_EQ(-ESRCH,
			  map_detach_range(there, hole, 0, MEMBANK_DETACH_UNMAP,
					   &gone));
		close(there);
	}
	while (kept--)
		EXPECT_EQ(-SIGKILL, test_kill(keepers[kept]));
	close(fd);
	close(dev);
	EXPECT_TRUE(test_banks_empty());
}

TEST_HARNESS_MAIN
