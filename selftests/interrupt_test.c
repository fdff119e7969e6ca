// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is killed while the kernel works for him on much memory goes soon, and
 * leaves nothing behind. Whether the work was broken off shows in what was
 * done: the one end and not the other.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "io.h"

#define FILL 0xa5

/* Who is killed may have been done already; then once more. */
#define ROUNDS 50

FIXTURE(interrupt)
{
	int dev;
	__u64 size;
	__u64 no_memory;
};

FIXTURE_SETUP(interrupt)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->size = test_number(0, "size");
	ASSERT_LE(4 * GRAIN, self->size);
	self->no_memory = test_number(0, "failures/no_memory");
	ASSERT_NE(TEST_NONE, self->no_memory);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(interrupt)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Kills a child; returns whether it was gone at once. */
static bool gone_when_killed(pid_t child)
{
	struct pollfd poll_fd = {
		.fd = syscall(__NR_pidfd_open, child, 0),
		.events = POLLIN,
	};
	bool gone;

	kill(child, SIGKILL);
	gone = poll_fd.fd >= 0 && poll(&poll_fd, 1, AT_ONCE) == 1;
	close(poll_fd.fd);
	if (gone)
		test_wait_child(child);
	return gone;
}

/* Waits until another process has written to one end, whichever is the first. */
static void wait_begun(const unsigned char *mem, size_t length, int byte)
{
	while (__atomic_load_n(mem, __ATOMIC_RELAXED) != byte &&
	       __atomic_load_n(mem + length - 1, __ATOMIC_RELAXED) != byte)
		;
}

/* Returns whether it begins with one byte and goes on to its end with another. */
static bool is_in_two_parts(const unsigned char *mem, size_t length)
{
	const int first = mem[0], last = mem[length - 1];
	size_t part = 0;

	while (part < length && mem[part] == first)
		part++;
	return first != last && test_all_bytes(mem + part, last, length - part);
}

TEST_F_TIMEOUT(interrupt, ends_a_clear_in_its_middle, TEST_SLOW)
{
	unsigned int round;
	bool seen = false;
	pid_t child;
	unsigned char *mem;
	int fd;

	fd = test_alloc(self->dev, self->size, 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, self->size);
	ASSERT_NE(MAP_FAILED, mem);
	for (round = 0; round < ROUNDS && !seen; round++) {
		memset(mem, FILL, self->size);
		child = fork();
		if (!child)
			_exit(-handle_clear(self->dev, fd, 0, self->size));
		wait_begun(mem, self->size, 0);
		ASSERT_TRUE(gone_when_killed(child));
		seen = is_in_two_parts(mem, self->size);
	}
	TH_LOG("broken off in round %u", round);
	EXPECT_TRUE(seen);
	/* Nothing of who was killed keeps the memory. */
	EXPECT_EQ(0, handle_revoke(self->dev, fd));
	EXPECT_EQ(0, test_used());
}

TEST_F_TIMEOUT(interrupt, ends_a_copy_in_its_middle, TEST_SLOW)
{
	const __u64 length = self->size / 2;
	unsigned int round;
	bool seen = false;
	int from, to;
	pid_t child;
	unsigned char *mem;

	from = test_alloc(self->dev, length, 0, 0);
	ASSERT_LE(0, from);
	mem = test_map(from, length);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, FILL, length);
	to = test_alloc(self->dev, length, 0, 0);
	ASSERT_LE(0, to);
	mem = test_map(to, length);
	ASSERT_NE(MAP_FAILED, mem);
	for (round = 0; round < ROUNDS && !seen; round++) {
		memset(mem, 0, length);
		child = fork();
		if (!child)
			_exit(-handle_copy(self->dev, to, 0, from, 0, length));
		wait_begun(mem, length, FILL);
		ASSERT_TRUE(gone_when_killed(child));
		seen = is_in_two_parts(mem, length);
	}
	TH_LOG("broken off in round %u", round);
	EXPECT_TRUE(seen);
	EXPECT_EQ(0, handle_revoke(self->dev, from));
	EXPECT_EQ(0, handle_revoke(self->dev, to));
	EXPECT_EQ(0, test_used());
}

/*
 * An allocation of all there is, of which most is still to be cleared. If it had
 * come to its end, all would be dirty afterwards, as it is when given back; so
 * what was clean when the signal came must be so after it.
 */
TEST_F_TIMEOUT(interrupt, ends_an_allocation_that_clears, TEST_SLOW)
{
	struct membank_bank_info info;
	unsigned int round;
	bool seen = false;
	__u64 clean;
	pid_t child;
	int fd;

	for (round = 0; round < ROUNDS && !seen; round++) {
		child = fork();
		if (!child) {
			for (;;) {
				fd = test_alloc(self->dev, self->size, 0, 0);
				if (fd < 0)
					_exit(-fd);
				/* What nobody touched would be clean. */
				if (handle_clear(self->dev, fd, 0, 1))
					_exit(EXIT_FAILURE);
				close(fd);
			}
		}
		do {
			ASSERT_EQ(0, handle_bank(self->dev, 0, &info));
		} while (info.out_used || info.out_scrubbed < self->size / 8 ||
			 info.out_scrubbed > self->size / 2);
		clean = info.out_scrubbed;
		ASSERT_TRUE(gone_when_killed(child));
		ASSERT_EQ(0, handle_bank(self->dev, 0, &info));
		seen = !info.out_used && info.out_scrubbed >= clean &&
		       info.out_scrubbed < self->size;
	}
	TH_LOG("broken off in round %u", round);
	EXPECT_TRUE(seen);
	/* That was no failure of the bank, which can be had as a whole. */
	EXPECT_EQ(self->no_memory, test_number(0, "failures/no_memory"));
	EXPECT_LE(0, test_alloc(self->dev, self->size, 0, 0));
}

TEST_HARNESS_MAIN
