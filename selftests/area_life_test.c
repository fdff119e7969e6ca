// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of areas: when they are freed, and by all that a program can do to
 * its address space beside the region map.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "touch.h"

/* Of the dataspace and the area. */
#define PAGES 16

FIXTURE(life)
{
	int dev;
	int fd;
	size_t page;
	size_t length;
	char *mem;
	/* Where the area is; free space is behind it. */
	char *area;
	struct membank_region_detach gone;
	struct membank_region_find found;
	struct membank_area_free freed;
	/* How many mappings a process might have, where that was changed. */
	int maps;
};

FIXTURE_SETUP(life)
{
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->length = PAGES * self->page;
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, self->fd);
	self->area = map_hole(MIB);
	ASSERT_NE(NULL, self->area);
	ASSERT_EQ(0, map_reserve(self->dev, self->area, self->length, 0,
				 &self->area));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(life)
{
	if (self->maps > 0)
		EXPECT_LT(0, test_map_limit(self->maps));
	EXPECT_TRUE(test_banks_empty());
}

static const char *picture(FIXTURE_DATA(life) * self)
{
	return map_picture(self->dev, self->area, 4 * self->length);
}

static char *at(FIXTURE_DATA(life) * self, size_t page)
{
	return self->area + page * self->page;
}

/* Some pages of the dataspace at a page of the area. */
static int attach(FIXTURE_DATA(life) * self, size_t page, size_t pages,
		  __u32 flags)
{
	return map_attach_part(self->dev, self->fd, at(self, page),
			       pages * self->page, flags, &self->mem);
}

static int reserve_inner(FIXTURE_DATA(life) * self, size_t page, size_t pages)
{
	return map_reserve(self->dev, at(self, page), pages * self->page,
			   IN_AREA, &self->mem);
}

static int detach(FIXTURE_DATA(life) * self, size_t page)
{
	return map_detach(self->dev, at(self, page), &self->gone);
}

TEST_F(life, freed_by_any_address_its_holes_are_free)
{
	const size_t inner[] = { 0, 5, self->length / 2, self->length - 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(inner); i++) {
		ASSERT_EQ(0, map_free(self->dev, self->area + inner[i],
				      &self->freed));
		EXPECT_EQ((uintptr_t)self->area, self->freed.out_start);
		EXPECT_EQ(self->length, self->freed.out_length);
		EXPECT_TRUE(map_is_free(self->area, self->length));
		EXPECT_EQ(-ENOENT, map_free(self->dev, self->area + inner[i],
					    &self->freed));
		ASSERT_EQ(0, map_reserve(self->dev, self->area, self->length, 0,
					 &self->mem));
	}
	EXPECT_EQ(-ENOENT, map_free(self->dev, self->area - 1, &self->freed));
	EXPECT_EQ(-ENOENT,
		  map_free(self->dev, self->area + self->length, &self->freed));
	EXPECT_EQ(-ENOENT, map_free(self->dev, (void *)-1L, &self->freed));
}

TEST_F(life, freed_it_leaves_its_regions)
{
	ASSERT_EQ(0, attach(self, 2, 4, IN_AREA));
	memset(self->mem, 7, 4 * self->page);
	ASSERT_EQ(0, attach(self, 8, 2, IN_AREA | READ_ONLY));
	/* By an address that a region holds. */
	ASSERT_EQ(0, map_free(self->dev, at(self, 3), &self->freed));
	EXPECT_EQ((uintptr_t)self->area, self->freed.out_start);
	EXPECT_STREQ("-2 r4 -2 r2", picture(self));
	EXPECT_TRUE(test_all_bytes(at(self, 2), 7, 4 * self->page));
	EXPECT_EQ(-ENOENT, attach(self, 0, 1, IN_AREA));
	EXPECT_EQ(-ENOENT, attach(self, 3, 1, IN_AREA | OVERMAP));
	ASSERT_EQ(0, map_find(self->dev, at(self, 8), &self->found));
	EXPECT_EQ(READ_ONLY, self->found.out_flags);
	EXPECT_TRUE(map_is_free(self->area, 2 * self->page));

	/* They are of no area: what is detached is free, too. */
	ASSERT_EQ(0, detach(self, 3));
	ASSERT_EQ(0, detach(self, 8));
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_F(life, a_split_region_is_of_no_area_in_both_parts)
{
	ASSERT_EQ(0, attach(self, 2, 6, IN_AREA));
	ASSERT_EQ(0, map_detach_range(self->dev, at(self, 4), self->page, 0,
				      &self->gone));
	EXPECT_STREQ("h2+0 r2+0 h1+0 r3+0 h8+0", picture(self));
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_STREQ("-2 r2 -1 r3", picture(self));
	ASSERT_EQ(0, map_detach_range(self->dev, self->area, self->length, 0,
				      &self->gone));
	EXPECT_EQ(1, self->gone.out_kept);
	EXPECT_EQ(1, self->gone.out_dropped);
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_F(life, freed_inside_another_all_of_it_is_the_others)
{
	ASSERT_EQ(0, reserve_inner(self, 4, 8));
	ASSERT_EQ(0, attach(self, 5, 2, IN_AREA));
	ASSERT_EQ(0, attach(self, 8, 1, IN_AREA));
	ASSERT_EQ(0, map_free(self->dev, at(self, 4), &self->freed));
	EXPECT_EQ((uintptr_t)at(self, 4), self->freed.out_start);
	EXPECT_EQ(8 * self->page, self->freed.out_length);
	EXPECT_STREQ("h5+0 r2+0 h1+0 r1+0 h7+0", picture(self));
	ASSERT_EQ(0, detach(self, 5));
	EXPECT_STREQ("h8+0 r1+0 h7+0", picture(self));
	ASSERT_EQ(0, attach(self, 0, 8, IN_AREA));
	EXPECT_STREQ("r8+0 r1+0 h7+0", picture(self));
}

TEST_F(life, freed_with_others_inside_all_are_gone)
{
	ASSERT_EQ(0, reserve_inner(self, 4, 8));
	ASSERT_EQ(0, reserve_inner(self, 6, 4));
	ASSERT_EQ(0, attach(self, 0, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 5, 1, IN_AREA));
	ASSERT_EQ(0, attach(self, 7, 1, IN_AREA));
	EXPECT_STREQ("r1+0 h3+0 h1+4 r1+4 h1+6 r1+6 h2+6 h2+4 h4+0",
		     picture(self));
	ASSERT_EQ(0, map_free(self->dev, at(self, 1), &self->freed));
	EXPECT_STREQ("r1 -4 r1 -1 r1", picture(self));
	ASSERT_EQ(0, map_detach_range(self->dev, self->area, self->length, 0,
				      &self->gone));
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_F(life, no_more_than_16_are_one_in_the_other)
{
	char *inner;
	int depth;

	for (depth = 1; depth < 16; depth++)
		ASSERT_EQ(0, map_reserve(self->dev, self->area, self->length,
					 MEMBANK_REGION_IN_AREA, &inner));
	EXPECT_EQ(-ELOOP, map_reserve(self->dev, self->area, self->length,
				      MEMBANK_REGION_IN_AREA, &inner));
	ASSERT_EQ(0, map_attach(self->dev,
				map_args(self->fd, self->area,
					 MEMBANK_REGION_IN_AREA),
				&self->mem));
	/* From the inside out, the region is in the next one each time. */
	for (depth = 16; depth; depth--)
		ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_EQ(-ENOENT, map_free(self->dev, self->area, &self->freed));
	ASSERT_EQ(0, map_detach(self->dev, self->area, &self->gone));
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_F(life, freed_in_the_middle_its_inner_one_is_gone_too)
{
	ASSERT_EQ(0, reserve_inner(self, 4, 8));
	ASSERT_EQ(0, reserve_inner(self, 6, 4));
	ASSERT_EQ(0, attach(self, 7, 1, IN_AREA));
	ASSERT_EQ(0, map_free(self->dev, at(self, 4), &self->freed));
	EXPECT_STREQ("h7+0 r1+0 h8+0", picture(self));
	ASSERT_EQ(0, detach(self, 7));
	EXPECT_STREQ("h16+0", picture(self));
}

TEST_F(life, nobody_can_touch_a_hole)
{
	char byte;

	EXPECT_EQ(SIGSEGV, touch_read(self->area, &byte));
	EXPECT_EQ(SIGSEGV, touch_write(self->area, 1));
	EXPECT_EQ(SIGSEGV, touch_read(self->area + self->length - 1, &byte));
	ASSERT_EQ(0, attach(self, 3, 1, IN_AREA));
	EXPECT_EQ(0, touch_write(self->mem, 1));
	EXPECT_EQ(SIGSEGV, touch_write(self->mem - 1, 1));
	EXPECT_EQ(SIGSEGV, touch_write(self->mem + self->page, 1));
	ASSERT_EQ(0, detach(self, 3));
	EXPECT_EQ(SIGSEGV, touch_read(self->mem, &byte));
	EXPECT_EQ(-1, open(self->area, O_RDONLY));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, madvise(self->area, self->length, MADV_POPULATE_READ));
	EXPECT_EQ(-1, madvise(self->area, self->length, MADV_POPULATE_WRITE));
}

TEST_F(life, a_hole_cannot_be_made_accessible)
{
	const int prots[] = { PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE,
			      PROT_EXEC, PROT_READ | PROT_EXEC };
	size_t i;

	ASSERT_EQ(0, attach(self, 4, 4, IN_AREA));
	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		EXPECT_EQ(-1, mprotect(self->area, self->page, prots[i]));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-1, mprotect(at(self, 9), self->page, prots[i]));
		EXPECT_EQ(EACCES, errno);
	}
	EXPECT_EQ(0, mprotect(self->area, self->page, PROT_NONE));
	EXPECT_STREQ("h4+0 r4+0 h8+0", picture(self));
	EXPECT_EQ(SIGSEGV, touch_write(self->area, 1));
}

TEST_F(life, a_hole_cannot_be_moved_or_copied)
{
	EXPECT_EQ(MAP_FAILED, mremap(self->area, self->length, self->length,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     self->area + self->length));
	EXPECT_EQ(MAP_FAILED, mremap(self->area, self->page, self->page,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     self->area + self->length));
	EXPECT_EQ(MAP_FAILED, mremap(self->area, self->page, 2 * self->page,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED,
		  mremap(self->area, 0, self->length, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->area, self->length, self->length,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	EXPECT_STREQ("h16+0", picture(self));
	EXPECT_TRUE(map_is_free(self->area + self->length, self->length));
}

TEST_F(life, a_hole_that_grows_is_no_larger_area)
{
	char *behind = self->area + self->length;

	/* The kernel asks nobody for that. */
	if (mremap(at(self, 8), 8 * self->page, 9 * self->page, 0) ==
	    MAP_FAILED)
		SKIP(return, "holes do not grow in this kernel");
	EXPECT_EQ(-ENOENT, map_free(self->dev, behind, &self->freed));
	EXPECT_EQ(-ENOENT,
		  map_attach(self->dev, map_args(self->fd, behind, IN_AREA),
			     &self->mem));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 15, 2, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 15, 2, IN_AREA | SEARCH));
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_F(life, other_processes_cannot_read_a_hole)
{
	char byte = 1, there[8] = {};
	struct iovec local = { .iov_base = there, .iov_len = sizeof(there) };
	struct iovec remote = { .iov_base = self->area,
				.iov_len = sizeof(there) };
	char path[32];
	int pair[2], memory, status;
	pid_t child;

	ASSERT_EQ(0, pipe(pair));
	child = fork();
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(1);
		_exit(read(pair[0], &byte, 1) != 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(-1, process_vm_readv(child, &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, process_vm_writev(child, &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	errno = 0;
	EXPECT_EQ(-1, ptrace(PTRACE_PEEKDATA, child, self->area, NULL));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, child, self->area, NULL));
	EXPECT_EQ(EIO, errno);
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	memory = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, memory);
	EXPECT_EQ(-1,
		  pread(memory, there, sizeof(there), (uintptr_t)self->area));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1,
		  pwrite(memory, there, sizeof(there), (uintptr_t)self->area));
	EXPECT_EQ(EIO, errno);
	close(memory);
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, NULL, NULL));
	ASSERT_EQ(1, write(pair[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(life, munmap_takes_addresses_out)
{
	ASSERT_EQ(0, attach(self, 6, 4, IN_AREA));
	/* Of a hole, and of a region. */
	ASSERT_EQ(0, munmap(at(self, 2), 2 * self->page));
	ASSERT_EQ(0, munmap(at(self, 7), self->page));
	EXPECT_STREQ("h2+0 -2 h2+0 r1+0 -1 r2+0 h6+0", picture(self));
	EXPECT_EQ(-ENOENT, map_find(self->dev, at(self, 2), &self->found));
	EXPECT_EQ(-ENOENT, attach(self, 2, 1, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 1, 2, IN_AREA));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 1, 2, IN_AREA | OVERMAP));
	ASSERT_EQ(0, attach(self, 0, 3, IN_AREA | SEARCH));
	EXPECT_EQ(at(self, 10), self->mem);
	ASSERT_EQ(0, attach(self, 2, 1, 0));
	EXPECT_STREQ("h2+0 r1 -1 h2+0 r1+0 -1 r2+0 r3+0 h3+0", picture(self));
	/* Detached, only what is still of the area stays so. */
	ASSERT_EQ(0, map_detach_range(self->dev, self->area, self->length, 0,
				      &self->gone));
	EXPECT_STREQ("h2+0 -2 h3+0 -1 h8+0", picture(self));
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_EQ(self->length, self->freed.out_length);
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_F(life, munmap_of_all_ends_it)
{
	ASSERT_EQ(0, munmap(self->area, self->length));
	EXPECT_STREQ("", picture(self));
	EXPECT_EQ(-ENOENT, map_free(self->dev, self->area, &self->freed));
}

TEST_F(life, what_mmap_fixed_puts_there_is_none_of_it)
{
	char *other = mmap(at(self, 4), 2 * self->page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	ASSERT_EQ(at(self, 4), other);
	other[0] = 5;
	/* A region, but of no area. */
	ASSERT_EQ(at(self, 8),
		  mmap(at(self, 8), self->page, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, self->fd, 0));
	EXPECT_STREQ("h4+0 -2 h2+0 r1 h7+0", picture(self));
	EXPECT_EQ(-ENOENT, attach(self, 4, 1, IN_AREA));
	EXPECT_EQ(-ENOENT, attach(self, 8, 1, IN_AREA | OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 3, 2, IN_AREA | OVERMAP));
	EXPECT_EQ(-EADDRNOTAVAIL, attach(self, 7, 2, IN_AREA | OVERMAP));
	ASSERT_EQ(0, detach(self, 8));
	EXPECT_STREQ("h4+0 -2 h2+0 -1 h7+0", picture(self));
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_EQ(5, other[0]);
	EXPECT_STREQ("", picture(self));
}

TEST_F(life, a_region_that_is_moved_away_is_of_no_area)
{
	char *behind = self->area + 2 * self->length;

	ASSERT_EQ(0, attach(self, 4, 2, IN_AREA));
	ASSERT_EQ(behind, mremap(self->mem, 2 * self->page, 2 * self->page,
				 MREMAP_MAYMOVE | MREMAP_FIXED, behind));
	EXPECT_STREQ("h4+0 -2 h10+0 -16 r2", picture(self));
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_STREQ("-32 r2", picture(self));
	ASSERT_EQ(0, map_detach(self->dev, behind, &self->gone));
	EXPECT_TRUE(map_is_free(behind, 2 * self->page));
}

/* In a child of the case: what it finds to be otherwise, or 0. */
static int use_copy(FIXTURE_DATA(life) * self)
{
	if (strcmp("h4+0 r2+0 h10+0", picture(self)))
		return 1;
	if (detach(self, 4) || strcmp("h16+0", picture(self)))
		return 2;
	if (attach(self, 0, 4, IN_AREA | SEARCH) || reserve_inner(self, 8, 4))
		return 3;
	if (map_free(self->dev, self->area, &self->freed) ||
	    strcmp("r4", picture(self)))
		return 4;
	return 0;
}

TEST_F(life, fork_copies_it)
{
	FIXTURE_DATA(life) copy = *self;
	pid_t child;

	ASSERT_EQ(0, attach(self, 4, 2, IN_AREA));
	child = fork();
	if (!child) {
		copy.dev = test_open(0);
		_exit(use_copy(&copy));
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_STREQ("h4+0 r2+0 h10+0", picture(self));
	ASSERT_EQ(0, attach(self, 8, 8, IN_AREA));
	ASSERT_EQ(0, detach(self, 4));
	EXPECT_STREQ("h8+0 r8+0", picture(self));
}

TEST_F(life, the_copy_outlives_the_parents)
{
	FIXTURE_DATA(life) copy = *self;
	int go[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, attach(self, 4, 2, IN_AREA));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		copy.dev = test_open(0);
		if (read(go[0], &byte, 1) != 1)
			_exit(10);
		_exit(use_copy(&copy));
	}
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_STREQ("-4 r2", picture(self));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	ASSERT_EQ(0, detach(self, 4));
	EXPECT_STREQ("", picture(self));
}

TEST_F(life, an_inherited_descriptor_reserves_in_ones_own_space)
{
	pid_t child = fork();

	if (!child) {
		char *area, *behind = self->area + self->length;

		if (map_reserve(self->dev, behind, self->length, 0, &area) ||
		    area != behind)
			_exit(1);
		if (map_is_free(behind, self->length))
			_exit(2);
		if (map_free(self->dev, self->area, &self->freed) ||
		    !map_is_free(self->area, self->length))
			_exit(3);
		_exit(0);
	}
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_STREQ("h16+0", picture(self));
	EXPECT_TRUE(map_is_free(self->area + self->length, self->length));
}

/* Whether a process has an area. */
static bool has_area(pid_t pid)
{
	char line[256];
	bool found = false;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	file = fopen(line, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		found |= !!strstr(line, "[membank-area]");
	fclose(file);
	return found;
}

TEST_F(life, exec_ends_it)
{
	int ready[2], stay[2];
	pid_t child;
	char byte;

	EXPECT_TRUE(has_area(getpid()));
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(stay, O_CLOEXEC));
	child = fork();
	if (!child) {
		if (!has_area(getpid()))
			_exit(1);
		dup2(stay[0], STDIN_FILENO);
		execlp("cat", "cat", NULL);
		_exit(2);
	}
	close(ready[1]);
	close(stay[0]);
	/* The end of the file comes with exec(). */
	ASSERT_EQ(0, read(ready[0], &byte, 1));
	EXPECT_FALSE(has_area(child));
	close(stay[1]);
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(has_area(getpid()));
}

TEST_F(life, needs_no_descriptor)
{
	ASSERT_EQ(0, attach(self, 4, 2, IN_AREA));
	close(self->dev);
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	EXPECT_STREQ("h4+0 r2+0 h10+0", picture(self));
	ASSERT_EQ(0, attach(self, 0, 4, IN_AREA | SEARCH));
	ASSERT_EQ(0, detach(self, 4));
	EXPECT_STREQ("r4+0 h12+0", picture(self));
	ASSERT_EQ(0, map_free(self->dev, self->area, &self->freed));
}

TEST_F(life, holds_the_module)
{
	close(self->fd);
	close(self->dev);
	EXPECT_LT(0, test_module_users());
	EXPECT_EQ(-1, syscall(SYS_delete_module, "membank", O_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	/* What is still of it, also if it is only a page. */
	ASSERT_EQ(0,
		  munmap(self->area + self->page, self->length - self->page));
	EXPECT_LT(0, test_module_users());
	ASSERT_EQ(0, munmap(self->area, self->page));
	EXPECT_EQ(0, test_module_users());
}

/* Bytes of address space that are in use. */
static __u64 address_space(FIXTURE_DATA(life) * self)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * self->page;
}

TEST_F(life, used_without_room_for_more_addresses)
{
	char *behind = self->area + self->length;
	struct rlimit limit, tight;

	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	tight = limit;
	tight.rlim_cur = address_space(self);
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &tight));
	EXPECT_EQ(-ENOMEM,
		  map_reserve(self->dev, NULL, self->page, SEARCH, &self->mem));
	EXPECT_EQ(-ENOMEM,
		  map_reserve(self->dev, behind, self->page, 0, &self->mem));
	EXPECT_EQ(-ENOMEM, attach(self, PAGES, 1, 0));
	/* What is reserved is paid for already. */
	EXPECT_EQ(0, attach(self, 0, 1, IN_AREA));
	EXPECT_EQ(0, detach(self, 0));
	EXPECT_EQ(0, reserve_inner(self, 1, 1));
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_STREQ("h1+0 h1+1 h14+0", picture(self));
}

TEST_F(life, freed_without_room_for_more_mappings)
{
	char *behind = self->area + self->length;
	unsigned int i;

	self->maps = test_map_limit(200);
	ASSERT_LT(0, self->maps);
	/* Each is one mapping, which no neighbour joins. */
	for (i = 0; i < 200; i++)
		if (map_reserve(self->dev, behind, self->page, SEARCH,
				&self->mem))
			break;
	EXPECT_EQ(-ENOMEM, map_reserve(self->dev, behind, self->page, SEARCH,
				       &self->mem));
	EXPECT_EQ(-ENOMEM, attach(self, 5, 1, IN_AREA));
	EXPECT_EQ(-ENOMEM, reserve_inner(self, 5, 1));
	/* What there is can go. */
	EXPECT_EQ(0, map_free(self->dev, self->mem, &self->freed));
	EXPECT_EQ(0, map_free(self->dev, self->area, &self->freed));
	EXPECT_LT(0, test_map_limit(self->maps));
	EXPECT_LT(10, i);
	EXPECT_GT(200, i);
	EXPECT_TRUE(map_is_free(self->area, self->length));
}

TEST_HARNESS_MAIN
