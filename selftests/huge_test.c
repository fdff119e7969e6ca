// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings by entries of 2 MiB: one fault each, and the same memory as by pages
 * whatever is done to a part of them.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "io.h"
#include "smaps.h"
#include "touch.h"

#define SMALL (4 * GRAIN)

FIXTURE(huge)
{
	int dev;
	int fd;
	size_t page;
	/* SMALL bytes, each page with a number of its own. */
	char *mem;
};

FIXTURE_VARIANT(huge)
{
	const char *source;
	/* What faults are counted for; it is to fit beside SMALL. */
	size_t length;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(huge, cma) { .source = "cma", .length = 32 * MIB };
FIXTURE_VARIANT_ADD(huge, contig) { .source = "contig", .length = 16 * MIB };
/* clang-format on */

static void number_pages(char *mem, size_t length, unsigned int first)
{
	size_t at;

	for (at = 0; at < length; at += 4096)
		memset(mem + at, (first + at / 4096) % 251 + 1, 4096);
}

static bool pages_numbered(const char *mem, size_t length, unsigned int first)
{
	size_t at;

	for (at = 0; at < length; at += 4096)
		if (!test_all_bytes(mem + at, (first + at / 4096) % 251 + 1,
				    4096))
			return false;
	return true;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Pages of a file or of shared memory in this process. */
static long rss_shared(void)
{
	long size, resident, shared = -1;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return -1;
	if (fscanf(file, "%ld %ld %ld", &size, &resident, &shared) != 3)
		shared = -1;
	fclose(file);
	return shared;
}

FIXTURE_SETUP(huge)
{
	int bank = bank_of(variant->source);

	if (bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(bank);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, SMALL, SUPER, 0);
	ASSERT_LE(0, self->fd);
	self->mem = smaps_attach(self->dev, self->fd);
	ASSERT_NE(MAP_FAILED, self->mem);
	number_pages(self->mem, SMALL, 0);
	/* What the cases below are about. */
	ASSERT_EQ(SMALL, smaps_huge(self->mem));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(huge)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Touches the first byte of each 2 MiB, then all; returns the faults of both. */
static void count(char *mem, size_t length, bool write, long *first, long *rest)
{
	long before = faults();
	size_t at;
	char byte;

	for (at = 0; at < length; at += GRAIN) {
		if (write)
			touch_write(mem + at, 1);
		else
			touch_read(mem + at, &byte);
	}
	*first = faults() - before;
	before = faults();
	for (at = 0; at < length; at += 4096) {
		if (write)
			touch_write(mem + at + 1, 2);
		else
			touch_read(mem + at + 1, &byte);
	}
	*rest = faults() - before;
}

TEST_F(huge, one_fault_each)
{
	static const char *const names[] = {
		"SUPER_PAGES",
		"plain",
		"mmap on the node",
		"attach, read only",
	};
	const __u32 read_only = MEMBANK_REGION_READ_ONLY;
	const size_t length = variant->length;
	long first, rest;
	unsigned int i;
	char *mem;
	int fd;

	/* A page of it first, so that nothing is aligned by chance. */
	ASSERT_LE(0, test_alloc(self->dev, 1, 0, 0));
	/* The first call has faults of its own. */
	faults();
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fd = -1;
		if (i != 2) {
			fd = test_alloc(self->dev, length, i ? 0 : SUPER, 0);
			ASSERT_LE(0, fd);
		}
		if (i == 3) {
			ASSERT_EQ(0, handle_attach_anywhere(self->dev, fd, 0,
							    read_only, &mem));
		} else {
			mem = i == 2 ? test_map(self->dev, length) :
				       smaps_attach(self->dev, fd);
		}
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_EQ(0, (uintptr_t)mem % GRAIN);
		count(mem, length, i != 3, &first, &rest);
		printf("# %s on %s: %ld faults for %lu MiB, then %ld\n",
		       names[i], variant->source, first, length / MIB, rest);
		EXPECT_EQ(length / GRAIN, first);
		EXPECT_EQ(0, rest);
		EXPECT_EQ(length, smaps_huge(mem));
		EXPECT_EQ(length, smaps_field(mem, "Rss"));
		ASSERT_EQ(0, munmap(mem, length));
		close(fd);
	}
}

/* Faults of a populated mapping: by reading it, and then by writing it. */
static void count_populated(const char *how, char *mem, size_t length,
			    long *reads, long *writes)
{
	long first, rest;

	count(mem, length, false, &first, &rest);
	*reads = first + rest;
	count(mem, length, true, &first, &rest);
	*writes = first + rest;
	printf("# populated by %s: %ld faults to read %lu MiB, %ld to write\n",
	       how, *reads, length / MIB, *writes);
}

/* Also where a kernel without CONFIG_FS_DAX has what it populates write-protected. */
TEST_F(huge, populated_needs_no_fault)
{
	const __u32 eager = MEMBANK_REGION_EAGER_MAP;
	const size_t length = variant->length;
	long reads, writes;
	char *mem;
	int fd;

	faults();
	mem = mmap(NULL, length, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, self->dev, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(length, smaps_huge(mem));
	count_populated("mmap", mem, length, &reads, &writes);
	EXPECT_EQ(0, reads);
	EXPECT_EQ(0, writes);
	ASSERT_EQ(0, munmap(mem, length));

	fd = test_alloc(self->dev, length, SUPER, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handle_attach_anywhere(self->dev, fd, 0, eager, &mem));
	EXPECT_EQ(length, smaps_huge(mem));
	count_populated("attach", mem, length, &reads, &writes);
	EXPECT_EQ(0, reads);
	EXPECT_EQ(0, writes);
}

TEST_F(huge, addresses_are_chosen_so_that_it_fits)
{
	const size_t lengths[] = { GRAIN, GRAIN + 4096, 3 * GRAIN, 5 * MIB };
	unsigned int i, round;
	char *mem, *odd;
	int fd;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (round = 0; round < 4; round++) {
			odd = mmap(NULL, self->page * (round + 1), PROT_READ,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			ASSERT_NE(MAP_FAILED, odd);
			mem = test_map(self->dev, lengths[i]);
			ASSERT_NE(MAP_FAILED, mem);
			EXPECT_EQ(0, (uintptr_t)mem % GRAIN);
			ASSERT_EQ(0, munmap(mem, lengths[i]));

			fd = test_alloc(self->dev, lengths[i], 0, 0);
			ASSERT_LE(0, fd);
			mem = smaps_attach(self->dev, fd);
			ASSERT_NE(MAP_FAILED, mem);
			EXPECT_EQ(0, (uintptr_t)mem % GRAIN);
			ASSERT_EQ(0, munmap(mem, lengths[i]));
			close(fd);
		}
	}
}

/* A mapping from the middle of the dataspace is aligned like its bytes. */
TEST_F(huge, a_part_is_placed_so_that_it_fits)
{
	const size_t offset = GRAIN + 3 * self->page;
	char *mem;

	ASSERT_EQ(0,
		  handle_attach_anywhere(self->dev, self->fd, offset, 0, &mem));
	EXPECT_EQ(3 * self->page, (uintptr_t)mem % GRAIN);
	EXPECT_TRUE(pages_numbered(mem, SMALL - offset, 512 + 3));
	EXPECT_EQ(2 * GRAIN, smaps_huge(mem));
}

TEST_F(huge, a_hole_leaves_the_rest)
{
	char *mem = self->mem, byte;
	const size_t hole = GRAIN + 7 * self->page;

	ASSERT_EQ(0, munmap(mem + hole, self->page));
	EXPECT_EQ(SIGSEGV, touch_read(mem + hole, &byte));
	EXPECT_EQ(SEGV_MAPERR, touch_info.si_code);
	EXPECT_TRUE(pages_numbered(mem, hole, 0));
	EXPECT_TRUE(pages_numbered(mem + hole + self->page,
				   SMALL - hole - self->page, 512 + 8));
	number_pages(mem, hole, 5);
	EXPECT_TRUE(pages_numbered(mem, hole, 5));
	ASSERT_EQ(0, munmap(mem, SMALL));
}

TEST_F(huge, protection_of_one_page_and_back)
{
	char *mem = self->mem, *one = mem + GRAIN + 9 * self->page;

	ASSERT_EQ(0, mprotect(one, self->page, PROT_READ));
	EXPECT_EQ(SIGSEGV, touch_write(one, 1));
	EXPECT_EQ(SIGSEGV, touch_write(one + self->page - 1, 1));
	EXPECT_EQ(0, touch_write(one - 1, one[-1]));
	EXPECT_EQ(0, touch_write(one + self->page, one[self->page]));
	EXPECT_TRUE(pages_numbered(mem, SMALL, 0));
	ASSERT_EQ(0, mprotect(one, self->page, PROT_NONE));
	EXPECT_EQ(SIGSEGV, touch_read(one, &(char){ 0 }));
	ASSERT_EQ(0, mprotect(one, self->page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, touch_write(one, *one));
	EXPECT_TRUE(pages_numbered(mem, SMALL, 0));
	number_pages(mem, SMALL, 3);
	EXPECT_TRUE(pages_numbered(mem, SMALL, 3));
}

TEST_F(huge, read_only_can_become_writable)
{
	char *mem = smaps_attach(self->dev, self->fd);

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, mprotect(mem, SMALL, PROT_READ));
	EXPECT_TRUE(pages_numbered(mem, SMALL, 0));
	EXPECT_EQ(SMALL, smaps_huge(mem));
	EXPECT_EQ(SIGSEGV, touch_write(mem, 1));
	ASSERT_EQ(0, mprotect(mem, SMALL, PROT_READ | PROT_WRITE));
	number_pages(mem, SMALL, 7);
	EXPECT_TRUE(pages_numbered(self->mem, SMALL, 7));
	ASSERT_EQ(0, mprotect(mem, SMALL, PROT_READ));
	EXPECT_EQ(SIGSEGV, touch_write(mem + GRAIN, 1));
	EXPECT_TRUE(pages_numbered(mem, SMALL, 7));
}

TEST_F(huge, can_be_moved_anywhere)
{
	const size_t offsets[] = { 0, self->page, GRAIN - self->page, GRAIN };
	char *space, *to;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		space = mmap(NULL, SMALL + 2 * GRAIN, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, space);
		to = (char *)(((uintptr_t)space + GRAIN - 1) / GRAIN * GRAIN) +
		     offsets[i];
		ASSERT_EQ(to, mremap(self->mem, SMALL, SMALL,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to));
		self->mem = to;
		EXPECT_TRUE(pages_numbered(to, SMALL, i));
		number_pages(to, SMALL, i + 1);
		EXPECT_TRUE(pages_numbered(to, SMALL, i + 1));
	}
	/* A page out of the middle. */
	space = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, space);
	to = mremap(self->mem + GRAIN + 5 * self->page, self->page, self->page,
		    MREMAP_MAYMOVE | MREMAP_FIXED, space);
	ASSERT_EQ(space, to);
	EXPECT_TRUE(pages_numbered(to, self->page, i + 512 + 5));
	EXPECT_TRUE(pages_numbered(self->mem, GRAIN + 5 * self->page, i));
	ASSERT_EQ(self->mem, mremap(self->mem, GRAIN, self->page * 3, 0));
	EXPECT_TRUE(pages_numbered(self->mem, self->page * 3, i));
}

TEST_F(huge, both_sides_of_a_fork_write_the_same)
{
	int ready[2], go[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (!pages_numbered(self->mem, SMALL, 0))
			_exit(1);
		number_pages(self->mem, GRAIN, 11);
		if (munmap(self->mem + GRAIN + self->page, self->page))
			_exit(2);
		if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(3);
		_exit(pages_numbered(self->mem + 2 * GRAIN, GRAIN, 13) ? 0 : 4);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_TRUE(pages_numbered(self->mem, GRAIN, 11));
	EXPECT_TRUE(pages_numbered(self->mem + GRAIN, SMALL - GRAIN, 512));
	number_pages(self->mem + 2 * GRAIN, GRAIN, 13);
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(pages_numbered(self->mem + GRAIN, GRAIN, 512));
}

TEST_F(huge, another_mapping_in_the_middle)
{
	const size_t at = GRAIN + 3 * self->page;
	char *mem = mmap(self->mem + at, 2 * self->page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	ASSERT_EQ(self->mem + at, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, 2 * self->page));
	memset(mem, 0xff, 2 * self->page);
	EXPECT_TRUE(pages_numbered(self->mem, at, 0));
	EXPECT_TRUE(pages_numbered(self->mem + at + 2 * self->page,
				   SMALL - at - 2 * self->page, 512 + 5));
	/* And a page of the dataspace itself, from elsewhere in it. */
	mem = mmap(self->mem + at, self->page, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, self->fd, 0);
	ASSERT_EQ(self->mem + at, mem);
	EXPECT_TRUE(pages_numbered(mem, self->page, 0));
}

TEST_F(huge, is_reached_from_outside)
{
	char *copy = malloc(SMALL);
	struct iovec local = { copy, SMALL }, remote = { self->mem, SMALL };

	ASSERT_NE(NULL, copy);
	ASSERT_EQ(SMALL, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_TRUE(pages_numbered(copy, SMALL, 0));
	number_pages(copy, SMALL, 4);
	ASSERT_EQ(SMALL, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_TRUE(pages_numbered(self->mem, SMALL, 4));
	EXPECT_EQ(SMALL, smaps_huge(self->mem));
}

/* Its pages are pinned for this, out of the entries as they are. */
TEST_F(huge, is_reached_by_a_disk)
{
	char *copy = malloc(SMALL);
	struct disk disk;

	ASSERT_NE(NULL, copy);
	if (!disk_open(&disk, false))
		SKIP(return, NO_DISK);
	memset(copy, 0xff, SMALL);
	ASSERT_TRUE(disk_write(&disk, copy, SMALL, MIB));
	ASSERT_EQ(SMALL, pwrite(disk.direct, self->mem, SMALL, MIB));
	EXPECT_EQ(SMALL, smaps_huge(self->mem));
	ASSERT_TRUE(disk_read(&disk, copy, SMALL, MIB));
	EXPECT_TRUE(pages_numbered(copy, SMALL, 0));

	number_pages(copy, SMALL, 4);
	ASSERT_TRUE(disk_write(&disk, copy, SMALL, MIB));
	ASSERT_EQ(SMALL, pread(disk.direct, self->mem, SMALL, MIB));
	EXPECT_TRUE(pages_numbered(self->mem, SMALL, 4));
	EXPECT_EQ(SMALL, smaps_huge(self->mem));

	/* Where there is no entry yet, pinning makes one of 2 MiB. */
	ASSERT_EQ(0, madvise(self->mem, SMALL, MADV_DONTNEED));
	ASSERT_EQ(0, smaps_huge(self->mem));
	memset(copy, 0xee, SMALL);
	ASSERT_TRUE(disk_write(&disk, copy, SMALL, MIB));
	ASSERT_EQ(SMALL, pread(disk.direct, self->mem, SMALL, MIB));
	EXPECT_EQ(SMALL, smaps_huge(self->mem));
	EXPECT_TRUE(test_all_bytes(self->mem, 0xee, SMALL));
}

TEST_F(huge, no_advice_breaks_it)
{
	unsigned int taken = 0;
	int advice;

	for (advice = 0; advice < 128; advice++) {
		/* MADV_SOFT_OFFLINE and this one hurt the machine. */
		if (advice == MADV_HWPOISON || advice == 101)
			continue;
		taken += !madvise(self->mem + GRAIN, GRAIN, advice);
		taken += !madvise(self->mem + 3 * self->page, self->page,
				  advice);
		/* MADV_GUARD_REMOVE, in case that guards could be had. */
		if (advice == 102)
			madvise(self->mem, SMALL, 103);
		ASSERT_TRUE(pages_numbered(self->mem, SMALL, 0));
	}
	EXPECT_LT(4, taken);
	number_pages(self->mem, SMALL, 1);
	EXPECT_TRUE(pages_numbered(self->mem, SMALL, 1));
}

TEST_F(huge, memory_of_the_process_is_counted_right)
{
	long before;
	char *mem;
	int i;

	/* No page of a program's file shall come meanwhile. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	before = rss_shared();
	ASSERT_LE(0, before);
	for (i = 0; i < 3; i++) {
		mem = smaps_attach(self->dev, self->fd);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_TRUE(pages_numbered(mem, SMALL, 0));
		EXPECT_EQ(before + SMALL / 4096, rss_shared());
		if (i >= 1)
			ASSERT_EQ(0, mprotect(mem + self->page, self->page,
					      PROT_READ));
		if (i >= 2)
			ASSERT_EQ(0,
				  munmap(mem + GRAIN + self->page, self->page));
		EXPECT_TRUE(pages_numbered(mem, GRAIN, 0));
		ASSERT_EQ(0, munmap(mem, SMALL));
		EXPECT_EQ(before, rss_shared());
	}
	/* Dropped, and brought back. */
	ASSERT_EQ(0, madvise(self->mem, SMALL, MADV_DONTNEED));
	EXPECT_EQ(before - (long)(SMALL / 4096), rss_shared());
	EXPECT_TRUE(pages_numbered(self->mem, SMALL, 0));
	EXPECT_EQ(before, rss_shared());
}

TEST_F(huge, a_process_that_wants_none_gets_pages)
{
	char *mem;

	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	mem = smaps_attach(self->dev, self->fd);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(pages_numbered(mem, SMALL, 0));
	EXPECT_EQ(0, smaps_huge(mem));
	EXPECT_EQ(SMALL, smaps_field(mem, "Rss"));
}

TEST_F(huge, where_the_address_does_not_fit_pages_are_used)
{
	char *space = mmap(NULL, SMALL + 2 * GRAIN, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *to, *mem;

	ASSERT_NE(MAP_FAILED, space);
	to = (char *)(((uintptr_t)space + GRAIN - 1) / GRAIN * GRAIN) +
	     self->page;
	mem = mmap(to, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   self->fd, 0);
	ASSERT_EQ(to, mem);
	EXPECT_TRUE(pages_numbered(mem, SMALL, 0));
	EXPECT_EQ(0, smaps_huge(mem));
	number_pages(mem, SMALL, 2);
	EXPECT_TRUE(pages_numbered(self->mem, SMALL, 2));
}

/* ---------------------------------------------------------- neighbours */

/*
 * A dataspace of any place and size in its bank, between two others that are
 * full of 0xee: however it is mapped, its bytes are all that shows.
 */
static void look_at(struct __test_metadata *_metadata, int fd, size_t length,
		    size_t shift)
{
	char *space, *to, *mem;
	char byte;

	space = mmap(NULL, length + 3 * GRAIN, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, space);
	to = (char *)(((uintptr_t)space + GRAIN) / GRAIN * GRAIN) + shift;
	mem = mmap(to, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   fd, 0);
	ASSERT_EQ(to, mem);
	/* From the middle, where an entry could be too large to both sides. */
	mem[length / 2] = 0x11;
	EXPECT_TRUE(test_all_bytes(mem, 0x11, length));
	EXPECT_EQ(SIGSEGV, touch_read(mem + length, &byte));
	EXPECT_EQ(SIGSEGV, touch_read(mem - 1, &byte));
	memset(mem, 0x11, length);
	ASSERT_EQ(0, munmap(space, length + 3 * GRAIN));
}

TEST_F_TIMEOUT(huge, neighbours_never_show, TEST_SLOW)
{
	const size_t lengths[] = {
		self->page,
		GRAIN - self->page,
		GRAIN,
		GRAIN + self->page,
		2 * GRAIN - 4096,
		2 * GRAIN + 5 * self->page,
		3 * GRAIN + 64 * KIB,
	};
	const size_t shifts[] = { 0, self->page, MIB, GRAIN - self->page };
	struct membank_dataspace_info info;
	char *before, *after, *mem;
	unsigned int i, j;
	int fd, odd;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		odd = test_alloc(self->dev, self->page * (i * 37 + 1), 0, 0);
		ASSERT_LE(0, odd);
		before = test_map(self->dev, MIB + 3 * self->page);
		fd = test_alloc(self->dev, lengths[i], 0, 0);
		after = test_map(self->dev, MIB + self->page);
		ASSERT_NE(MAP_FAILED, before);
		ASSERT_NE(MAP_FAILED, after);
		ASSERT_LE(0, fd);
		memset(before, 0xee, MIB + 3 * self->page);
		memset(after, 0xee, MIB + self->page);
		ASSERT_EQ(0, test_info(self->dev, fd, &info));

		mem = test_map(fd, lengths[i]);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_TRUE(test_all_bytes(mem, 0, lengths[i]));
		memset(mem, 0x11, lengths[i]);
		ASSERT_EQ(0, munmap(mem, lengths[i]));
		for (j = 0; j < ARRAY_SIZE(shifts); j++)
			look_at(_metadata, fd, lengths[i], shifts[j]);
		/* As its place in the bank, which a physical 2 MiB follows. */
		look_at(_metadata, fd, lengths[i], info.out_offset % GRAIN);

		EXPECT_TRUE(test_all_bytes(before, 0xee, MIB + 3 * self->page));
		EXPECT_TRUE(test_all_bytes(after, 0xee, MIB + self->page));
		ASSERT_EQ(0, munmap(before, MIB + 3 * self->page));
		ASSERT_EQ(0, munmap(after, MIB + self->page));
		close(fd);
		close(odd);
	}
}

TEST_HARNESS_MAIN
