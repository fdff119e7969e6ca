// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page may outlive its dataspace, closed or revoked: a pipe has it, a disk is
 * about to write to it, a ring keeps it for long. It is not given out again
 * before it is let go, and the module is not unloaded.
 */
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "io.h"
#include "loading.h"
#include "smaps.h"
#include "touch.h"

/* Less than a block of 2 MiB, and more than one. */
#define SMALL MIB
#define LARGE (4 * MIB)

FIXTURE(pin)
{
	int bank;
	int dev;
	int fd;
	char *mem;
	size_t page;
	__u64 size;
};

FIXTURE_VARIANT(pin)
{
	const char *source;
	size_t length;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(pin, cma) { .source = "cma", .length = SMALL };
FIXTURE_VARIANT_ADD(pin, cma_large) { .source = "cma", .length = LARGE };
FIXTURE_VARIANT_ADD(pin, contig) { .source = "contig", .length = SMALL };
FIXTURE_VARIANT_ADD(pin, contig_large) { .source = "contig", .length = LARGE };
/* clang-format on */

/* Touched, and if there is a block in it, by entries of 2 MiB; or MAP_FAILED. */
static char *map_and_fill(int dev, int fd, size_t length, int byte)
{
	char *mem = smaps_attach(dev, fd);

	if (mem == MAP_FAILED)
		return mem;
	memset(mem, byte, length);
	return smaps_huge(mem) == length / GRAIN * GRAIN ? mem : MAP_FAILED;
}

FIXTURE_SETUP(pin)
{
	self->bank = bank_of(variant->source);
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->size = test_number(self->bank, "size");
	self->dev = test_open(self->bank);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, variant->length, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = map_and_fill(self->dev, self->fd, variant->length, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(pin)
{
	EXPECT_TRUE(test_banks_empty());
}

/*
 * Whether the dataspace is gone, but none of it is free: one page that is pinned
 * keeps it whole.
 */
static bool is_held(int bank, __u64 pinned, __u64 length)
{
	const struct test_figures is = test_figures(bank);

	if (is.dataspaces || is.used != length || is.free != is.size - length)
		return false;
	printf("# of a dead dataspace %llu bytes are pinned and %llu not free\n",
	       pinned, is.used);
	return true;
}

static bool wait_held(int bank, __u64 pinned, __u64 length)
{
	unsigned int i;

	for (i = 0; i < TEST_PATIENCE / 5; i++) {
		if (is_held(bank, pinned, length))
			return true;
		usleep(5000);
	}
	return false;
}

/* All that one can come by, and what was written there. */
#define PIECES 256
#define FILLING 0x55

struct pieces {
	char *mem[PIECES];
	size_t length[PIECES];
	unsigned int count;
};

static void pieces_take(struct pieces *pieces, int dev)
{
	size_t length = MIB;
	char *mem;

	pieces->count = 0;
	while (length >= 4 * KIB && pieces->count < PIECES) {
		mem = mmap(NULL, length, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, dev, 0);
		if (mem == MAP_FAILED) {
			length /= 2;
			continue;
		}
		memset(mem, FILLING, length);
		pieces->mem[pieces->count] = mem;
		pieces->length[pieces->count++] = length;
	}
}

static bool pieces_are_whole(const struct pieces *pieces)
{
	bool whole = true;
	unsigned int i;

	for (i = 0; i < pieces->count; i++)
		whole &= test_all_bytes(pieces->mem[i], FILLING,
					pieces->length[i]);
	return whole;
}

static void pieces_drop(struct pieces *pieces)
{
	while (pieces->count--)
		munmap(pieces->mem[pieces->count],
		       pieces->length[pieces->count]);
	pieces->count = 0;
}

/* Whether the whole bank can be had again, with nothing in it. */
static bool whole_bank_is_clean(int dev, __u64 size)
{
	char *mem;
	bool clean;

	if (!test_wait_used(0))
		return false;
	mem = test_map(dev, size);
	if (mem == MAP_FAILED)
		return false;
	clean = test_all_bytes(mem, 0, size);
	munmap(mem, size);
	return clean;
}

TEST_F(pin, a_page_in_a_pipe_is_not_given_out_again)
{
	struct iovec iov = { .iov_base = self->mem + 2 * self->page,
			     .iov_len = self->page };
	struct pieces pieces;
	int pipe_fds[2];
	char *out;

	out = malloc(self->page);
	ASSERT_NE(NULL, out);
	ASSERT_EQ(0, pipe(pipe_fds));
	memset(self->mem, 0x66, variant->length);
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(self->mem, variant->length));
	close(self->fd);

	ASSERT_TRUE(wait_held(self->bank, self->page, variant->length));
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, self->size, 0, 0));
	pieces_take(&pieces, self->dev);
	EXPECT_EQ(0, test_number(self->bank, "free"));
	ASSERT_EQ(self->page, read(pipe_fds[0], out, self->page));
	EXPECT_TRUE(test_all_bytes(out, 0x66, self->page));

	/* Now it is clean, and to be had. */
	EXPECT_TRUE(pieces_are_whole(&pieces));
	pieces_drop(&pieces);
	EXPECT_TRUE(whole_bank_is_clean(self->dev, self->size));
}

/* Nothing is open but the pin itself, so the pin alone must refuse it. */
TEST_F(pin, a_page_in_a_pipe_keeps_the_module)
{
	struct iovec iov = { .iov_base = self->mem, .iov_len = self->page };
	int pipe_fds[2];

	ASSERT_EQ(0, pipe(pipe_fds));
	self->mem[0] = 1;
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(self->mem, variant->length));
	close(self->fd);
	close(self->dev);
	ASSERT_TRUE(wait_held(self->bank, self->page, variant->length));
	EXPECT_EQ(-EWOULDBLOCK, loading_unload());
}

/* A ring has a dataspace for long, which only this source allows. */
FIXTURE(ring)
{
	int bank;
	int dev;
	int fd;
	char *mem;
	struct disk disk;
	struct ring ring;
	/* Other memory, to compare with. */
	char *copy;
};

FIXTURE_SETUP(ring)
{
	self->bank = bank_of("contig");
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, "contig");
	if (!disk_open(&self->disk, false))
		SKIP(return, NO_DISK);
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(self->bank);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LARGE, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = map_and_fill(self->dev, self->fd, LARGE, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->copy = malloc(LARGE);
	ASSERT_NE(NULL, self->copy);
	ASSERT_EQ(0, ring_open(&self->ring, 4));
	ASSERT_EQ(0, ring_register(&self->ring, self->mem, LARGE));
}

FIXTURE_TEARDOWN_PARENT(ring)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(ring, reads_and_writes_what_it_has_for_long)
{
	char *mem = self->mem + 3 * SECTOR;
	const size_t length = LARGE - 5 * SECTOR;

	bytes_fill(mem, length, 1);
	EXPECT_EQ(length, ring_io(&self->ring, IORING_OP_WRITE_FIXED,
				  self->disk.direct, mem, length, MIB));
	ASSERT_TRUE(disk_read(&self->disk, self->copy, length, MIB));
	EXPECT_TRUE(bytes_are(self->copy, length, 1));

	bytes_fill(self->copy, length, 2);
	ASSERT_TRUE(disk_write(&self->disk, self->copy, length, MIB));
	EXPECT_EQ(length, ring_io(&self->ring, IORING_OP_READ_FIXED,
				  self->disk.direct, mem, length, MIB));
	EXPECT_TRUE(bytes_are(mem, length, 2));
	EXPECT_TRUE(test_all_bytes(self->mem, 0, 3 * SECTOR));
	EXPECT_TRUE(test_all_bytes(mem + length, 0, 2 * SECTOR));
	EXPECT_EQ(0, ring_unregister(&self->ring));
}

/* Long after the mapping is gone the ring writes what was in it. */
TEST_F(ring, keeps_its_pages_from_others)
{
	__u64 size = test_number(self->bank, "size");
	struct pieces pieces;

	bytes_fill(self->mem, LARGE, 3);
	ASSERT_EQ(0, munmap(self->mem, LARGE));
	close(self->fd);

	ASSERT_TRUE(wait_held(self->bank, LARGE, LARGE));
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, size, 0, 0));
	pieces_take(&pieces, self->dev);
	EXPECT_EQ(0, test_number(self->bank, "free"));
	EXPECT_EQ(LARGE, ring_io(&self->ring, IORING_OP_WRITE_FIXED,
				 self->disk.direct, self->mem, LARGE, 0));
	ASSERT_TRUE(disk_read(&self->disk, self->copy, LARGE, 0));
	EXPECT_TRUE(bytes_are(self->copy, LARGE, 3));
	EXPECT_TRUE(pieces_are_whole(&pieces));
	pieces_drop(&pieces);

	EXPECT_EQ(0, ring_unregister(&self->ring));
	EXPECT_TRUE(whole_bank_is_clean(self->dev, size));
}

/* The mapping is dead, but what the ring does with the pages still works. */
TEST_F(ring, keeps_what_was_revoked_until_it_lets_go)
{
	__u64 size = test_number(self->bank, "size");
	struct pieces pieces;

	touch_init();
	bytes_fill(self->mem, LARGE, 4);
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_TRUE(touch_revoked(self->mem));
	EXPECT_TRUE(touch_revoked(self->mem + LARGE - 1));
	EXPECT_TRUE(wait_held(self->bank, LARGE, LARGE));

	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, size, 0, 0));
	pieces_take(&pieces, self->dev);
	EXPECT_EQ(0, test_number(self->bank, "free"));
	EXPECT_EQ(LARGE, ring_io(&self->ring, IORING_OP_WRITE_FIXED,
				 self->disk.direct, self->mem, LARGE, 0));
	ASSERT_TRUE(disk_read(&self->disk, self->copy, LARGE, 0));
	EXPECT_TRUE(bytes_are(self->copy, LARGE, 4));
	/* What it reads goes to the old pages, and to nobody's new ones. */
	bytes_fill(self->copy, LARGE, 5);
	ASSERT_TRUE(disk_write(&self->disk, self->copy, LARGE, MIB));
	EXPECT_EQ(LARGE, ring_io(&self->ring, IORING_OP_READ_FIXED,
				 self->disk.direct, self->mem, LARGE, MIB));
	EXPECT_EQ(LARGE, ring_io(&self->ring, IORING_OP_WRITE_FIXED,
				 self->disk.direct, self->mem, LARGE, 0));
	ASSERT_TRUE(disk_read(&self->disk, self->copy, LARGE, 0));
	EXPECT_TRUE(bytes_are(self->copy, LARGE, 5));
	EXPECT_TRUE(pieces_are_whole(&pieces));
	pieces_drop(&pieces);
	EXPECT_TRUE(test_wait_used(LARGE));

	/* The handle and the mapping are still there, and keep nothing. */
	EXPECT_EQ(0, ring_unregister(&self->ring));
	EXPECT_TRUE(whole_bank_is_clean(self->dev, size));
	EXPECT_TRUE(touch_revoked(self->mem));
}

TEST_F(ring, keeps_the_module)
{
	ASSERT_EQ(0, munmap(self->mem, LARGE));
	close(self->fd);
	close(self->dev);
	ASSERT_TRUE(wait_held(self->bank, LARGE, LARGE));
	EXPECT_EQ(-EWOULDBLOCK, loading_unload());
}

/* How a dataspace ends: by whoever has it, with that, or taken back. */
enum end { CLOSED, KILLED, REVOKED };

/* Of the read that is in flight when its dataspace dies. */
#define READ_LENGTH (64 * KIB)
#define READ_START (3 * 4 * KIB + SECTOR)
#define READ_PAGES (READ_LENGTH + 4 * KIB)
#define READ_AT (60 * MIB)
#define READ_SEED 77

/* What goes before it on its disk, and so makes it wait. */
#define BLOCK (512 * KIB)
#define BLOCKS_MAX 128

enum { VICTIM = 1, BLOCKER = 2 };

/**
 * struct victim - what a read in flight writes to
 * @dev: a node
 * @fd: the dataspace
 * @mem: its mapping
 * @length: of both
 */
struct victim {
	int dev;
	int fd;
	char *mem;
	size_t length;
};

FIXTURE(flight)
{
	int bank;
	__u64 size;
	struct disk disk;
	/* How many blocks go before: seconds are half of it. */
	unsigned int blocks;
	struct victim victim;
};

FIXTURE_VARIANT(flight)
{
	const char *source;
	size_t length;
	enum end end;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(flight, cma_closed) {
	.source = "cma", .length = SMALL, .end = CLOSED };
FIXTURE_VARIANT_ADD(flight, cma_killed) {
	.source = "cma", .length = LARGE, .end = KILLED };
FIXTURE_VARIANT_ADD(flight, cma_revoked) {
	.source = "cma", .length = LARGE, .end = REVOKED };
FIXTURE_VARIANT_ADD(flight, contig_closed) {
	.source = "contig", .length = LARGE, .end = CLOSED };
FIXTURE_VARIANT_ADD(flight, contig_killed) {
	.source = "contig", .length = SMALL, .end = KILLED };
FIXTURE_VARIANT_ADD(flight, contig_revoked) {
	.source = "contig", .length = SMALL, .end = REVOKED };
/* clang-format on */

FIXTURE_SETUP(flight)
{
	static char bytes[READ_LENGTH];

	self->bank = bank_of(variant->source);
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	if (!disk_open(&self->disk, true))
		SKIP(return, NO_DISK);
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->size = test_number(self->bank, "size");
	bytes_fill(bytes, READ_LENGTH, READ_SEED);
	ASSERT_TRUE(disk_write(&self->disk, bytes, READ_LENGTH, READ_AT));
}

FIXTURE_TEARDOWN_PARENT(flight)
{
	EXPECT_TRUE(test_banks_empty());
}

static struct io_uring_sqe read_of(const struct disk *disk, void *mem,
				   size_t length, off_t at, __u64 user_data)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = disk->direct,
		.addr = (uintptr_t)mem,
		.len = length,
		.off = at,
		.user_data = user_data,
	};
}

/*
 * Starts a read into a new dataspace, behind so many others on the slow disk.
 * Returns 0 or a negative errno.
 */
static int start_read(const struct disk *disk, struct ring *ring, int bank,
		      struct victim *victim, unsigned int blocks)
{
	const size_t length = victim->length;
	unsigned int i;
	char *other;
	int ret;

	other = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	victim->dev = test_open(bank);
	victim->fd = test_alloc(victim->dev, length, 0, 0);
	victim->mem = map_and_fill(victim->dev, victim->fd, length, 0x11);
	if (other == MAP_FAILED || victim->mem == MAP_FAILED)
		return -ENOMEM;

	ret = ring_open(ring, BLOCKS_MAX);
	for (i = 0; i < blocks && !ret; i++)
		ret = ring_submit(ring, read_of(disk, other, BLOCK, i * BLOCK,
						BLOCKER));
	if (!ret)
		ret = ring_submit(ring, read_of(disk, victim->mem + READ_START,
						READ_LENGTH, READ_AT, VICTIM));
	return ret;
}

/* Lets go of all but the ring. */
static void drop_victim(struct victim *victim)
{
	munmap(victim->mem, victim->length);
	close(victim->fd);
	close(victim->dev);
}

/* A process that does so, says so, and then waits to be killed. */
static pid_t start_read_in_child(const struct disk *disk, int bank,
				 struct victim *victim, unsigned int blocks)
{
	struct ring ring;
	int started[2];
	pid_t child;
	char byte;

	if (pipe(started))
		return -1;
	child = fork();
	if (!child) {
		if (!start_read(disk, &ring, bank, victim, blocks) &&
		    write(started[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(started[1]);
	if (read(started[0], &byte, 1) != 1) {
		test_kill(child);
		child = -1;
	}
	close(started[0]);
	return child;
}

static bool wait_reads(const struct disk *disk)
{
	unsigned int i;

	for (i = 0; i < 2 * TEST_PATIENCE / 5; i++) {
		if (!disk_reads(disk))
			return true;
		usleep(5000);
	}
	return false;
}

/*
 * The victim of the ring, the last of all. Returns its result, or a negative
 * errno.
 */
static int wait_victim(struct ring *ring)
{
	__u64 user_data;
	int ret;

	do {
		ret = ring_wait(ring, &user_data);
	} while (ret == BLOCK && user_data == BLOCKER);
	return user_data == VICTIM ? ret : -EPROTO;
}

/* Whether the dataspace is gone, and its memory free. */
static bool is_let_go(int bank, __u64 length)
{
	const struct test_figures is = test_figures(bank);

	return !is.dataspaces && is.used < length;
}

/*
 * Whether it is seen to be held before the read is over. Sets @early if it is free
 * long before that: the pages of a read that has just ended are let go before it is
 * no more counted.
 */
static bool wait_in_flight(const struct disk *disk, int bank, __u64 length,
			   bool *early)
{
	while (disk_reads(disk) > 0) {
		if (is_held(bank, READ_PAGES, length))
			return true;
		if (is_let_go(bank, length)) {
			usleep(100000);
			*early = disk_reads(disk) > 0;
			return false;
		}
		usleep(5000);
	}
	return false;
}

/*
 * The time that all the looking takes is not known, so the read is made to wait
 * longer until it is still in flight when all has been looked at.
 */
TEST_F_TIMEOUT(flight, of_a_read_keeps_its_pages_from_others, 2 * TEST_SLOW)
{
	struct victim *victim = &self->victim;
	bool held, early = false, too_late = true;
	struct test_figures is;
	struct pieces pieces;
	struct ring ring;
	int dev, all;
	pid_t child;

	for (self->blocks = 4; too_late && self->blocks < BLOCKS_MAX;
	     self->blocks *= 2) {
		ASSERT_TRUE(wait_reads(&self->disk));
		ASSERT_TRUE(test_banks_empty());
		victim->length = variant->length;
		if (variant->end == KILLED) {
			child = start_read_in_child(&self->disk, self->bank,
						    victim, self->blocks);
			ASSERT_LT(0, child);
			ASSERT_EQ(-SIGKILL, test_kill(child));
		} else {
			ASSERT_EQ(0, start_read(&self->disk, &ring, self->bank,
						victim, self->blocks));
		}
		if (variant->end == REVOKED) {
			ASSERT_EQ(0, handle_revoke(victim->dev, victim->fd));
			EXPECT_TRUE(touch_revoked(victim->mem));
			EXPECT_TRUE(touch_revoked(victim->mem + READ_START));
		} else if (variant->end == CLOSED) {
			drop_victim(victim);
		}

		held = wait_in_flight(&self->disk, self->bank, variant->length,
				      &early);
		EXPECT_FALSE(early);
		dev = test_open(self->bank);
		ASSERT_LE(0, dev);
		all = test_alloc(dev, self->size, 0, 0);
		if (all >= 0)
			close(all);
		pieces_take(&pieces, dev);
		is = test_figures(self->bank);
		too_late = disk_reads(&self->disk) <= 0;

		/* Nothing but the read is left of it. */
		if (!too_late) {
			EXPECT_TRUE(held);
			EXPECT_EQ(-ENOMEM, all);
			EXPECT_EQ(0, is.free);
			EXPECT_EQ(self->size, is.used);
		}

		/* What the disk writes now, it writes where nobody else is. */
		if (variant->end != KILLED) {
			EXPECT_EQ(READ_LENGTH, wait_victim(&ring));
			close(ring.fd);
		}
		ASSERT_TRUE(wait_reads(&self->disk));
		EXPECT_TRUE(pieces_are_whole(&pieces));
		printf("# the read waited for %u KiB and was in flight %s\n",
		       (unsigned int)(self->blocks * BLOCK / KIB),
		       too_late ? "too short" : "all the time");
		pieces_drop(&pieces);
		EXPECT_TRUE(whole_bank_is_clean(dev, self->size));
		if (variant->end == REVOKED) {
			EXPECT_TRUE(touch_revoked(victim->mem + READ_START));
			drop_victim(victim);
		}
		close(dev);
	}
	EXPECT_FALSE(too_late);
}

TEST_HARNESS_MAIN
