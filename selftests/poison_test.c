// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with a hardware error, as the kernel marks them: they are never given
 * out again, and all others are. A bank does not get such a page back before
 * the machine is started anew, so this is not run with the others: scripts/check
 * gives it a machine of its own.
 */
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "touch.h"

#define FILL 0x5a

/* Breaks a page by its number, whoever has it. */
#define INJECT "/sys/kernel/debug/hwpoison/corrupt-pfn"

/* As far as it goes: the kernel cuts names. */
#define SCRUBBER "membank_scrub"

/* Waits until so much is known to be broken, and so much beside it used. */
static bool wait_poisoned(__u64 bytes, __u64 used)
{
	unsigned int tries;

	for (tries = 0; tries < TEST_PATIENCE / 5; tries++) {
		if (test_number(0, "poisoned") == bytes &&
		    test_number(0, "used") == bytes + used)
			return true;
		usleep(5000);
	}
	return false;
}

/* Takes all there is, page by page; returns how much that was. */
static __u64 take_all(int dev, size_t page, __u64 broken)
{
	__u64 bytes = 0, step;
	char *mem, *at;

	for (step = GRAIN; step >= page; step /= 8) {
		while ((mem = test_map(dev, step)) != MAP_FAILED) {
			for (at = mem; at < mem + step; at += page) {
				if (touch_write(at, 1))
					return TEST_NONE;
				if (test_physical(at) == broken)
					return TEST_NONE;
			}
			if (!mem[0])
				return TEST_NONE;
			bytes += step;
		}
		if (step > page && step / 8 < page)
			step = 8 * page;
	}
	return bytes;
}

/* Returns 0, or an errno if this kernel cannot break pages. */
static int break_page(char *at, size_t page)
{
	/* EBUSY: marked, and left to who owns the page. */
	if (!madvise(at, page, MADV_HWPOISON) || errno == EBUSY)
		return 0;
	return errno;
}

/* Returns whether touching it is answered as a hardware error must be. */
static bool is_spoiled(char *at)
{
	char byte;

	if (touch_read(at, &byte) != SIGBUS ||
	    touch_info.si_code != BUS_MCEERR_AR || touch_info.si_addr != at)
		return false;
	return touch_write(at, 1) == SIGBUS &&
	       touch_info.si_code == BUS_MCEERR_AR && touch_info.si_addr == at;
}

static bool is_sound(char *at)
{
	char byte = 0;

	return !touch_read(at, &byte) && byte == FILL;
}

/* How often the scrubber has gone to sleep, TEST_NONE: there is none. */
static __u64 scrubber_sleeps(void)
{
	__u64 sleeps = TEST_NONE;
	char path[80], name[16];
	glob_t found;
	size_t i;

	if (glob("/proc/[0-9]*", 0, NULL, &found))
		return sleeps;
	for (i = 0; i < found.gl_pathc && sleeps == TEST_NONE; i++) {
		snprintf(path, sizeof(path), "%s/comm", found.gl_pathv[i]);
		if (kernel_read(path, name, sizeof(name)) ||
		    strncmp(name, SCRUBBER, strlen(SCRUBBER)))
			continue;
		snprintf(path, sizeof(path), "%s/status", found.gl_pathv[i]);
		sleeps = kernel_number(path, "voluntary_ctxt_switches:");
	}
	globfree(&found);
	return sleeps;
}

/* Whether it comes to rest: for two seconds it does nothing at all. */
static bool scrubber_rests(void)
{
	__u64 before = scrubber_sleeps(), now;
	unsigned int tries, quiet = 0;

	for (tries = 0; tries < TEST_PATIENCE / 500 && quiet < 4; tries++) {
		usleep(500000);
		now = scrubber_sleeps();
		quiet = now == before ? quiet + 1 : 0;
		before = now;
	}
	return before != TEST_NONE && quiet == 4;
}

/* A page in @fd, and where that is. */
static char *touch_one(int fd, size_t page, __u64 *physical)
{
	char *mem = test_map(fd, page);

	if (mem == MAP_FAILED)
		return NULL;
	mem[0] = FILL;
	*physical = test_physical(mem);
	return mem;
}

/* First of all: a bank that has lost nothing yet. */
FIXTURE(clean)
{
	int dev;
	size_t page;
};

FIXTURE_SETUP(clean)
{
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, test_number(0, "used"));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(clean)
{
	EXPECT_EQ(0, test_number(0, "dataspaces"));
}

/* A block that is clean as a whole and can never be one folio is not tried for ever. */
TEST_F_TIMEOUT(clean, block_with_an_error_lets_the_scrubber_rest, TEST_SLOW)
{
	__u64 here = 0, broken = 0;
	char *mem, *other, pfn[32];
	int fd, beside;
	pid_t child;

	if (access(INJECT, W_OK) && system("modprobe -q hwpoison-inject"))
		SKIP(return, "no CONFIG_HWPOISON_INJECT in this kernel");
	fd = test_alloc(self->dev, self->page, 0, 0);
	ASSERT_LE(0, fd);
	beside = test_alloc(self->dev, self->page, 0, 0);
	ASSERT_LE(0, beside);
	mem = touch_one(fd, self->page, &here);
	other = touch_one(beside, self->page, &broken);
	ASSERT_TRUE(mem && other);
	ASSERT_EQ(here / GRAIN, broken / GRAIN);
	ASSERT_EQ(0, munmap(other, self->page));
	close(beside);
	ASSERT_TRUE(scrubber_rests());

	/* It tells that the page is not one it knows, and marks it all the same. */
	snprintf(pfn, sizeof(pfn), "%llu", broken / self->page);
	kernel_write(INJECT, pfn);
	ASSERT_EQ(0, munmap(mem, self->page));
	close(fd);
	EXPECT_TRUE(scrubber_rests());
	/* Who gets it finds it, and with what that one gives back it is set aside. */
	child = fork();
	if (!child)
		_exit(take_all(self->dev, self->page, broken) != TEST_NONE);
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(wait_poisoned(self->page, 0));
}

FIXTURE(poison)
{
	int dev;
	__u64 size;
	size_t page;
	__u64 before;
};

FIXTURE_VARIANT(poison)
{
	size_t length;
	__u32 flags;
	/* The page that breaks. */
	size_t at;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(poison, of_small_pages) {
	.length = MIB,
	.at = 5 * 4096,
};

FIXTURE_VARIANT_ADD(poison, of_2_mib) {
	.length = 2 * GRAIN,
	.flags = SUPER,
	.at = GRAIN + 7 * 4096,
};

/* clang-format on */

FIXTURE_SETUP(poison)
{
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->size = test_number(0, "size");
	self->before = test_number(0, "poisoned");
	ASSERT_NE(TEST_NONE, self->before);
	ASSERT_EQ(self->before, test_number(0, "used"));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(poison)
{
	EXPECT_EQ(0, test_number(0, "dataspaces"));
}

TEST_F_TIMEOUT(poison, is_kept_away_from_everybody, TEST_SLOW)
{
	char *mem = MAP_FAILED;
	__u64 broken;
	int fd, ret;

	fd = test_alloc(self->dev, variant->length, variant->flags, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handle_attach(self->dev, fd, NULL, 0, &mem));
	memset(mem, FILL, variant->length);
	broken = test_physical(mem + variant->at);
	ASSERT_NE(0, broken);
	ret = break_page(mem + variant->at, self->page);
	if (ret == EINVAL)
		SKIP(return, "no CONFIG_MEMORY_FAILURE in this kernel");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, munmap(mem, variant->length));
	close(fd);

	EXPECT_TRUE(wait_poisoned(self->before + self->page, 0));
	EXPECT_EQ(0, test_number(0, "dataspaces"));
	EXPECT_EQ(self->size - self->before - self->page,
		  test_number(0, "free"));
	/* Nobody is killed by what another one broke; all else is there. */
	EXPECT_EQ(self->size - self->before - self->page,
		  take_all(self->dev, self->page, broken));
	EXPECT_EQ(0, test_number(0, "free"));
}

/*
 * Bits for what went otherwise than it must, in another process, which has no
 * page table entry yet: of one that broke, and of those around it.
 */
static int look_from_another(int fd, size_t length, size_t at, bool block)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	pid_t child = fork();
	char *mem, *begin;
	int status = 0;

	if (child)
		return test_wait_child(child);
	mem = test_map(fd, length);
	if (mem == MAP_FAILED)
		_exit(1);
	begin = mem + at / GRAIN * GRAIN;
	if (block) {
		/* One error spoils all of its block, and that alone. */
		status |= is_spoiled(mem + at + page) ? 0 : 2;
		status |= is_spoiled(begin) ? 0 : 4;
		status |= is_spoiled(begin + GRAIN - page) ? 0 : 8;
		status |= is_sound(begin - page) ? 0 : 16;
	} else {
		status |= is_sound(mem + at + page) ? 0 : 2;
		status |= is_sound(mem + at - page) ? 0 : 4;
	}
	status |= is_sound(mem) ? 0 : 32;
	status |= is_spoiled(mem + at) ? 0 : 64;
	_exit(status);
}

/* The page is in a page table when it breaks. */
TEST_F_TIMEOUT(poison, of_a_mapped_page_is_a_signal, TEST_SLOW)
{
	const size_t at = variant->at, page = self->page;
	const bool block = variant->flags & SUPER;
	char *mem, *other, byte = 0;
	int fd, beside, pipe_fds[2], ret;

	fd = test_alloc(self->dev, variant->length, variant->flags, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handle_attach(self->dev, fd, NULL, 0, &mem));
	memset(mem, FILL, variant->length);
	beside = test_alloc(self->dev, MIB, 0, 0);
	ASSERT_LE(0, beside);
	other = test_map(beside, MIB);
	ASSERT_NE(MAP_FAILED, other);
	memset(other, 0x21, MIB);
	ret = break_page(mem + at, page);
	if (ret == EINVAL)
		SKIP(return, "no CONFIG_MEMORY_FAILURE in this kernel");
	ASSERT_EQ(0, ret);

	/*
	 * The kernel takes no entry away, as it does not know who maps the page:
	 * there the processor itself would tell, which this one does not.
	 */
	EXPECT_EQ(0, touch_read(mem + at, &byte));
	EXPECT_EQ(FILL, byte);
	EXPECT_EQ(0, look_from_another(fd, variant->length, at, block));

	ASSERT_EQ(0, madvise(mem, variant->length, MADV_DONTNEED));
	EXPECT_TRUE(is_spoiled(mem + at));
	EXPECT_TRUE(block ? is_spoiled(mem + at + page) :
			    is_sound(mem + at + page));
	EXPECT_TRUE(is_sound(mem));
	/* The kernel itself stumbles over it, too, and does not fall. */
	ASSERT_EQ(0, pipe(pipe_fds));
	EXPECT_EQ(-1, write(pipe_fds[1], mem + at, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, write(pipe_fds[1], mem, 1));

	/* Others know nothing of it. */
	EXPECT_TRUE(test_all_bytes(other, 0x21, MIB));
	ASSERT_EQ(0, madvise(other, MIB, MADV_DONTNEED));
	EXPECT_TRUE(test_all_bytes(other, 0x21, MIB));

	ASSERT_EQ(0, munmap(mem, variant->length));
	close(fd);
	EXPECT_TRUE(wait_poisoned(self->before + page, MIB));
}

TEST_F(poison, of_a_page_is_an_error_of_commands)
{
	const size_t at = variant->at, page = self->page;
	int fd, beside, ret;
	char *mem, *other;

	fd = test_alloc(self->dev, variant->length, variant->flags, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handle_attach(self->dev, fd, NULL, 0, &mem));
	memset(mem, FILL, variant->length);
	beside = test_alloc(self->dev, variant->length, 0, 0);
	ASSERT_LE(0, beside);
	other = test_map(beside, variant->length);
	ASSERT_NE(MAP_FAILED, other);
	memset(other, 0x21, variant->length);
	ret = break_page(mem + at, page);
	if (ret == EINVAL)
		SKIP(return, "no CONFIG_MEMORY_FAILURE in this kernel");
	ASSERT_EQ(0, ret);

	EXPECT_EQ(-EIO, handle_clear(self->dev, fd, 0, variant->length));
	EXPECT_EQ(-EIO, handle_clear(self->dev, fd, at, 1));
	EXPECT_EQ(-EIO, handle_clear(self->dev, fd, at - 1, 2));
	EXPECT_EQ(-EIO, handle_clear(self->dev, fd, at + page - 1, page));
	EXPECT_EQ(-EIO,
		  handle_copy(self->dev, beside, 0, fd, 0, variant->length));
	EXPECT_EQ(-EIO, handle_copy(self->dev, beside, 0, fd, at, 1));
	EXPECT_EQ(-EIO,
		  handle_copy(self->dev, fd, 0, beside, 0, variant->length));
	EXPECT_EQ(-EIO, handle_copy(self->dev, fd, at, beside, 0, 1));
	EXPECT_EQ(-EIO, handle_copy(self->dev, fd, 0, fd, at, 1));
	/* Then nothing was done at all. */
	EXPECT_TRUE(test_all_bytes(other, 0x21, variant->length));
	EXPECT_TRUE(test_all_bytes(mem, FILL, at));

	/* What is around the page is as good as before. */
	EXPECT_EQ(0, handle_copy(self->dev, beside, 0, fd, 0, at));
	EXPECT_TRUE(test_all_bytes(other, FILL, at));
	EXPECT_EQ(0, handle_clear(self->dev, fd, at + page, page));
	EXPECT_EQ(0, handle_clear(self->dev, fd, 0, at));
	EXPECT_TRUE(test_all_bytes(mem, 0, at));

	ASSERT_EQ(0, munmap(mem, variant->length));
	close(fd);
	ASSERT_EQ(0, munmap(other, variant->length));
	close(beside);
	EXPECT_TRUE(wait_poisoned(self->before + page, 0));
}

TEST_F(poison, leaves_a_bank_that_works)
{
	char *mem;
	int fd;

	fd = test_alloc(self->dev, self->size / 4, 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, self->size / 4);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->size / 4));
	memset(mem, 1, self->size / 4);
	ASSERT_EQ(0, munmap(mem, self->size / 4));
	close(fd);
	EXPECT_EQ(self->before, test_number(0, "used"));
}

TEST_HARNESS_MAIN
