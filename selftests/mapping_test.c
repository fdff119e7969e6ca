// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a dataspace: what a program may do with its own. What others do
 * with their pages is in io_test.c.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"

#define LENGTH MIB

FIXTURE(mapping)
{
	int dev;
	int fd;
	char *mem;
	size_t page;
};

FIXTURE_SETUP(mapping)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(mapping)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(mapping, two_of_a_dataspace_show_the_same_bytes)
{
	char *other = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd,
			   3 * self->page);

	ASSERT_NE(MAP_FAILED, other);
	memset(self->mem + 3 * self->page, 0x33, self->page);
	EXPECT_TRUE(test_all_bytes(other, 0x33, self->page));
}

TEST_F(mapping, beyond_the_end_is_refused)
{
	const size_t page = self->page;

	EXPECT_EQ(MAP_FAILED, test_map(self->fd, LENGTH + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd, LENGTH));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * page, PROT_READ, MAP_SHARED,
				   self->fd, LENGTH - page));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(mapping, private_and_writable_is_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(mapping, private_and_readable_stays_so)
{
	char *mem = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->fd, 0);

	ASSERT_NE(MAP_FAILED, mem);
	self->mem[5] = 5;
	EXPECT_EQ(5, mem[5]);
	EXPECT_EQ(-1, mprotect(mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(mapping, exec_is_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_EXEC,
				   MAP_SHARED, self->fd, 0));
	/* Not ours: the kernel allows no program on the dma-buf file system. */
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, mprotect(self->mem, LENGTH, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
}

/* Returns the bytes that this process has locked, by what the kernel says. */
static long locked(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	long kib = -1;
	char line[128];

	if (!file)
		return -1;
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %ld", &kib) != 1)
			kib = -1;
	fclose(file);
	return kib < 0 ? -1 : kib * (long)KIB;
}

/* Pages never move, so there is nothing to lock, and nothing is accounted. */
TEST_F(mapping, locking_succeeds_and_locks_nothing)
{
	char *mem;

	ASSERT_EQ(0, locked());
	EXPECT_FALSE(test_present(self->mem));
	EXPECT_EQ(0, mlock2(self->mem, LENGTH, MLOCK_ONFAULT));
	EXPECT_EQ(0, locked());
	EXPECT_EQ(0, mlock(self->mem, LENGTH));
	EXPECT_EQ(0, locked());
	/* But for that the pages are mapped now. */
	EXPECT_TRUE(test_present(self->mem));
	EXPECT_TRUE(test_present(self->mem + LENGTH - 1));
	mem = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_LOCKED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, locked());
	EXPECT_TRUE(test_present(mem + LENGTH - 1));
	EXPECT_EQ(0, munlock(self->mem, LENGTH));
	EXPECT_EQ(0, locked());

	/* The figure is one that moves. */
	mem = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, mlock(mem, LENGTH));
	EXPECT_EQ(LENGTH, locked());
}

/* The kernel looks at the limit before it looks at what is to be locked. */
TEST_F(mapping, locking_more_than_the_limit_is_refused)
{
	const struct rlimit limit = { LENGTH / 2, LENGTH / 2 };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, test_drop_capability(CAP_IPC_LOCK));
	EXPECT_EQ(-1, mlock(self->mem, LENGTH));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(0, mlock(self->mem, LENGTH / 2));
	EXPECT_EQ(0, locked());
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_LOCKED, self->fd, 0));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F_SIGNAL(mapping, write_to_a_protected_page_is_a_fault, SIGSEGV)
{
	self->mem[0] = 1;
	ASSERT_EQ(0, mprotect(self->mem, LENGTH, PROT_READ));
	ASSERT_EQ(1, self->mem[0]);
	self->mem[0] = 2;
}

TEST_F(mapping, protection_of_one_page_leaves_the_others)
{
	char *mem = self->mem;

	memset(mem, 1, LENGTH);
	ASSERT_EQ(0, mprotect(mem + self->page, self->page, PROT_READ));
	memset(mem, 2, self->page);
	memset(mem + 2 * self->page, 2, LENGTH - 2 * self->page);
	EXPECT_TRUE(test_all_bytes(mem + self->page, 1, self->page));
	ASSERT_EQ(0, mprotect(mem + self->page, self->page,
			      PROT_READ | PROT_WRITE));
	memset(mem + self->page, 2, self->page);
	EXPECT_TRUE(test_all_bytes(mem, 2, LENGTH));
}

TEST_F(mapping, cannot_grow)
{
	EXPECT_EQ(MAP_FAILED,
		  mremap(self->mem, LENGTH, 2 * LENGTH, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	self->mem[LENGTH - 1] = 1;
}

TEST_F(mapping, can_shrink_and_move)
{
	struct membank_dataspace_info info;
	char *to;

	memset(self->mem, 9, LENGTH);
	ASSERT_EQ(self->mem, mremap(self->mem, LENGTH, LENGTH / 2, 0));
	to = mmap(NULL, LENGTH / 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(to, mremap(self->mem, LENGTH / 2, LENGTH / 2,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_TRUE(test_all_bytes(to, 9, LENGTH / 2));
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(1, info.out_mappings);
	ASSERT_EQ(0, munmap(to, LENGTH / 2));
	close(self->fd);
	EXPECT_EQ(0, test_used());
}

TEST_F(mapping, a_hole_is_a_hole_and_the_rest_stays)
{
	char *mem = self->mem;

	memset(mem, 4, LENGTH);
	close(self->fd);
	ASSERT_EQ(0, munmap(mem + self->page, self->page));
	EXPECT_EQ(-1, msync(mem + self->page, self->page, MS_ASYNC));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_TRUE(test_all_bytes(mem, 4, self->page));
	EXPECT_TRUE(test_all_bytes(mem + 2 * self->page, 4,
				   LENGTH - 2 * self->page));
	EXPECT_EQ(LENGTH, test_used());
	ASSERT_EQ(0, munmap(mem, LENGTH));
	EXPECT_EQ(0, test_used());
}

TEST_F(mapping, dropped_pages_come_back_with_their_bytes)
{
	memset(self->mem, 6, LENGTH);
	ASSERT_EQ(0, madvise(self->mem, LENGTH, MADV_DONTNEED));
	EXPECT_FALSE(test_present(self->mem));
	EXPECT_TRUE(test_all_bytes(self->mem, 6, LENGTH));
}

TEST_F(mapping, populate_brings_every_page)
{
	char *mem = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, self->fd, 0);
	size_t at;

	ASSERT_NE(MAP_FAILED, mem);
	for (at = 0; at < LENGTH; at += self->page)
		ASSERT_TRUE(test_present(mem + at));
	/* And not because all pages always are. */
	EXPECT_FALSE(test_present(self->mem));
}

static int futex(__u32 *word, int operation, __u32 value)
{
	const struct timespec patience = { .tv_sec = TEST_PATIENCE / 1000 };
	long ret =
		syscall(SYS_futex, word, operation, value, &patience, NULL, 0);

	return ret < 0 ? -errno : ret;
}

/* What the kernel knows a shared one by is its file's page: ours have none. */
TEST_F(mapping, has_no_futex_that_processes_share)
{
	__u32 *word = (__u32 *)self->mem;

	*word = 1;
	/* Not EAGAIN, for a value that is another. */
	EXPECT_EQ(-EFAULT, futex(word, FUTEX_WAIT, 2));
	EXPECT_EQ(-EFAULT, futex(word, FUTEX_WAIT, 1));
	EXPECT_EQ(-EFAULT, futex(word, FUTEX_WAKE, 1));
	EXPECT_EQ(1, *word);
}

static void *wait_for_word(void *arg)
{
	__u32 *word = arg;
	int ret;

	do {
		ret = futex(word, FUTEX_WAIT_PRIVATE, 1);
	} while (!ret && __atomic_load_n(word, __ATOMIC_ACQUIRE) == 1);
	return (void *)(long)ret;
}

TEST_F(mapping, has_futexes_between_threads)
{
	__u32 *word = (__u32 *)self->mem;
	pthread_t thread;
	int woken;
	void *ret;

	*word = 1;
	EXPECT_EQ(-EAGAIN, futex(word, FUTEX_WAIT_PRIVATE, 2));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_word, word));
	/* Until it waits; a wakeup alone makes it wait again. */
	while ((woken = futex(word, FUTEX_WAKE_PRIVATE, 1)) == 0)
		sched_yield();
	EXPECT_EQ(1, woken);
	__atomic_store_n(word, 2, __ATOMIC_RELEASE);
	EXPECT_LE(0, futex(word, FUTEX_WAKE_PRIVATE, 1));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_TRUE(ret == (void *)0 || ret == (void *)(long)-EAGAIN);
}

TEST_F(mapping, fdinfo_tells_size_and_exporter)
{
	char path[64], line[128];
	bool size = false, exporter = false;
	unsigned long bytes;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "size: %lu", &bytes) == 1)
			size = bytes == LENGTH;
		if (!strcmp(line, "exp_name:\tmembank\n"))
			exporter = true;
	}
	fclose(file);
	EXPECT_TRUE(size);
	EXPECT_TRUE(exporter);
}

TEST_F(mapping, fdinfo_of_a_node_names_its_bank)
{
	char path[64], line[128], name[64], want[160];
	bool found = false;
	FILE *file;

	ASSERT_TRUE(test_attr(0, "name", name, sizeof(name)));
	snprintf(want, sizeof(want), "membank-bank:\t%s\n", name);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->dev);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, want);
	fclose(file);
	EXPECT_TRUE(found);
}

TEST_HARNESS_MAIN
