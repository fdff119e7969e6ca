// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region map: attach, detach and find, in this address space and in that
 * of another process.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "map.h"

#define LENGTH MIB
#define THREADS 4
#define TURNS 200

FIXTURE(region)
{
	int dev;
	int fd;
	size_t page;
	char *mem;
	/* 8 MiB of address space where nothing else is mapped. */
	char *hole;
};

FIXTURE_SETUP(region)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->hole = map_hole(8 * MIB);
	ASSERT_NE(NULL, self->hole);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(region)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(region, searched_address_is_usable_memory)
{
	struct membank_dataspace_info info;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&self->mem));
	EXPECT_EQ(0, (uintptr_t)self->mem % self->page);
	EXPECT_TRUE(test_all_bytes(self->mem, 0, LENGTH));
	memset(self->mem, 1, LENGTH);
	EXPECT_TRUE(test_all_bytes(self->mem, 1, LENGTH));
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(1, info.out_mappings);
}

TEST_F(region, attached_memory_outlives_descriptors)
{
	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&self->mem));
	close(self->fd);
	close(self->dev);
	EXPECT_EQ(LENGTH, test_used());
	memset(self->mem, 1, LENGTH);
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(0, test_used());
}

TEST_F(region, exact_address_is_taken_or_refused)
{
	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, self->hole, 0),
				&self->mem));
	EXPECT_EQ(self->hole, self->mem);
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_attach(self->dev, map_args(self->fd, self->hole, 0),
			     &self->mem));
	/* Any overlap counts, also with what is none of ours. */
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_attach(self->dev,
			     map_args(self->fd,
				      self->hole + LENGTH - self->page, 0),
			     &self->mem));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_attach(self->dev, map_args(self->fd, &self, 0),
			     &self->mem));
	EXPECT_EQ(0, map_attach(self->dev,
				map_args(self->fd, self->hole + LENGTH, 0),
				&self->mem));
	EXPECT_EQ(self->hole + LENGTH, self->mem);
}

TEST_F(region, address_is_rounded_down_to_a_page)
{
	ASSERT_EQ(0,
		  map_attach(self->dev, map_args(self->fd, self->hole + 7, 0),
			     &self->mem));
	EXPECT_EQ(self->hole, self->mem);
}

TEST_F(region, address_outside_of_user_space_is_not_available)
{
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_attach(self->dev,
			     map_args(self->fd, (void *)0xffff888000000000, 0),
			     &self->mem));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  map_attach(self->dev, map_args(self->fd, (void *)-1L, SEARCH),
			     &self->mem));
}

TEST_F(region, address_0_may_not_be_mapped)
{
	pid_t child = fork();

	if (!child) {
		/* Root may, unless it gives the right up. */
		if (setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(map_attach(self->dev, map_args(self->fd, NULL, 0),
				 &self->mem) == -EPERM ?
			      0 :
			      2);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(region, overmap_takes_the_place_of_what_was_there)
{
	char *old = mmap(self->hole, LENGTH, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0);

	ASSERT_EQ(self->hole, old);
	memset(old, 0xaa, LENGTH);
	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, old, OVERMAP),
				&self->mem));
	EXPECT_EQ(old, self->mem);
	EXPECT_TRUE(test_all_bytes(self->mem, 0, LENGTH));
}

TEST_F(region, search_begins_at_start_and_skips_what_is_mapped)
{
	char *first, *second, *third;

	ASSERT_EQ(0,
		  map_attach(self->dev, map_args(self->fd, self->hole, SEARCH),
			     &first));
	EXPECT_EQ(self->hole, first);
	ASSERT_EQ(0,
		  map_attach(self->dev, map_args(self->fd, self->hole, SEARCH),
			     &second));
	EXPECT_EQ(self->hole + LENGTH, second);
	ASSERT_EQ(0, munmap(first, LENGTH));
	ASSERT_EQ(0,
		  map_attach(self->dev, map_args(self->fd, self->hole, SEARCH),
			     &third));
	EXPECT_EQ(first, third);
}

TEST_F(region, searched_address_is_aligned_as_asked)
{
	struct membank_region_attach args;
	__u32 align;

	for (align = 0; align <= 40; align++) {
		args = map_args(self->fd, NULL, SEARCH);
		args.align = align;
		ASSERT_EQ(0, map_attach(self->dev, args, &self->mem));
		EXPECT_EQ(0, (uintptr_t)self->mem & ((1ULL << align) - 1));
		ASSERT_EQ(0, munmap(self->mem, LENGTH));

		args.start = (uintptr_t)self->hole + self->page;
		if (align > 30)
			continue;
		ASSERT_EQ(0, map_attach(self->dev, args, &self->mem));
		EXPECT_EQ(0, (uintptr_t)self->mem & ((1ULL << align) - 1));
		EXPECT_LE(self->hole + self->page, self->mem);
		ASSERT_EQ(0, munmap(self->mem, LENGTH));
	}
}

TEST_F(region, a_part_of_a_dataspace_can_be_attached)
{
	struct membank_region_attach args = map_args(self->fd, NULL, SEARCH);
	struct membank_region_find found;
	char *whole;

	ASSERT_EQ(0, map_attach(self->dev, args, &whole));
	memset(whole, 1, LENGTH);
	memset(whole + 3 * self->page, 2, 2 * self->page);

	args.offset = 3 * self->page;
	args.length = self->page + 1;
	ASSERT_EQ(0, map_attach(self->dev, args, &self->mem));
	EXPECT_TRUE(test_all_bytes(self->mem, 2, 2 * self->page));
	ASSERT_EQ(0, map_find(self->dev, self->mem, &found));
	EXPECT_EQ(2 * self->page, found.out_length);
	EXPECT_EQ(3 * self->page, found.out_offset);

	/* Length 0: to the end. */
	args.length = 0;
	ASSERT_EQ(0, map_attach(self->dev, args, &self->mem));
	ASSERT_EQ(0, map_find(self->dev, self->mem, &found));
	EXPECT_EQ(LENGTH - 3 * self->page, found.out_length);
}

TEST_F(region, beyond_the_dataspace_is_out_of_range)
{
	struct membank_region_attach args = map_args(self->fd, NULL, SEARCH);

	args.length = LENGTH + 1;
	EXPECT_EQ(-ERANGE, map_attach(self->dev, args, &self->mem));
	args.length = ~0ULL;
	EXPECT_EQ(-ERANGE, map_attach(self->dev, args, &self->mem));
	args.length = 2 * self->page;
	args.offset = LENGTH - self->page;
	EXPECT_EQ(-ERANGE, map_attach(self->dev, args, &self->mem));
	args.length = 0;
	args.offset = LENGTH;
	EXPECT_EQ(-ERANGE, map_attach(self->dev, args, &self->mem));
	args.offset = -self->page;
	EXPECT_EQ(-ERANGE, map_attach(self->dev, args, &self->mem));
	args.length = 2 * self->page;
	EXPECT_EQ(-ERANGE, map_attach(self->dev, args, &self->mem));
}

TEST_F(region, wrong_values_are_refused)
{
	struct membank_region_attach args = map_args(self->fd, NULL, SEARCH);
	int pipe_fds[2];

	args.offset = 1;
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	args = map_args(self->fd, NULL, SEARCH);
	args.align = 47;
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	args = map_args(self->fd, self->hole, SEARCH | OVERMAP);
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));

	ASSERT_EQ(0, pipe(pipe_fds));
	args = map_args(pipe_fds[0], NULL, SEARCH);
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	args = map_args(self->dev, NULL, SEARCH);
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	args = map_args(-1, NULL, SEARCH);
	EXPECT_EQ(-EBADF, map_attach(self->dev, args, &self->mem));
}

TEST_F(region, unknown_flags_are_refused_one_by_one)
{
	struct membank_region_detach gone;
	struct membank_region_find found;
	__u32 flag;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&self->mem));
	for (flag = 1; flag; flag <<= 1) {
		if (!(flag &
		      (MEMBANK_REGION_FLAGS | MEMBANK_REGION_ATTACH_FLAGS)))
			EXPECT_EQ(-EOPNOTSUPP,
				  map_attach(self->dev,
					     map_args(self->fd, NULL,
						      SEARCH | flag),
					     &self->mem));
		map_detach(self->dev, NULL, &gone);
		gone.flags = flag;
		gone.addr = (uintptr_t)self->mem;
		if (!(flag & (MEMBANK_DETACH_UNMAP | MEMBANK_DETACH_DATASPACE)))
			test_err(EOPNOTSUPP, self->dev,
				 MEMBANK_IOC_REGION_DETACH, &gone);
		map_find(self->dev, NULL, &found);
		found.flags = flag;
		found.addr = (uintptr_t)self->mem;
		test_err(EOPNOTSUPP, self->dev, MEMBANK_IOC_REGION_FIND,
			 &found);
	}
}

TEST_F(region, read_only_stays_so)
{
	struct membank_region_find found;
	char *writable;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&writable));
	ASSERT_EQ(0, map_attach(self->dev,
				map_args(self->fd, NULL, SEARCH | READ_ONLY),
				&self->mem));
	memset(writable, 8, LENGTH);
	EXPECT_TRUE(test_all_bytes(self->mem, 8, LENGTH));
	EXPECT_EQ(-1, mprotect(self->mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);

	ASSERT_EQ(0, map_find(self->dev, self->mem, &found));
	EXPECT_EQ(READ_ONLY, found.out_flags);
	ASSERT_EQ(0, map_find(self->dev, writable, &found));
	EXPECT_EQ(0, found.out_flags);
}

TEST_F(region, read_only_cannot_be_mapped_anew)
{
	ASSERT_EQ(0, map_attach(self->dev,
				map_args(self->fd, NULL, SEARCH | READ_ONLY),
				&self->mem));
	/* Would make a mapping of the same file, with its rights. */
	EXPECT_EQ(-1,
		  syscall(SYS_remap_file_pages, self->mem, LENGTH, 0, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(self->mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F_SIGNAL(region, write_to_read_only_is_a_fault, SIGSEGV)
{
	ASSERT_EQ(0, map_attach(self->dev,
				map_args(self->fd, NULL, SEARCH | READ_ONLY),
				&self->mem));
	self->mem[0] = 1;
}

TEST_F(region, eager_map_brings_every_page)
{
	struct rusage before, after;
	size_t at;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&self->mem));
	EXPECT_FALSE(test_present(self->mem));
	ASSERT_EQ(0, map_attach(self->dev,
				map_args(self->fd, NULL, SEARCH | EAGER),
				&self->mem));
	for (at = 0; at < LENGTH; at += self->page)
		ASSERT_TRUE(test_present(self->mem + at));

	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
	EXPECT_TRUE(test_all_bytes(self->mem, 0, LENGTH));
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	/* A few are the stack's and the library's; one per page would be 256. */
	EXPECT_GT(10, after.ru_minflt - before.ru_minflt);
}

TEST_F(region, eager_map_and_read_only_go_together)
{
	const __u32 flags = SEARCH | EAGER | READ_ONLY;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, flags),
				&self->mem));
	EXPECT_TRUE(test_present(self->mem));
	EXPECT_TRUE(test_present(self->mem + LENGTH - 1));
}

TEST_F(region, detach_by_any_address_in_it)
{
	const size_t inner[] = { 0, 5, LENGTH / 2 + 3, LENGTH - 1 };
	struct membank_region_detach gone;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(inner); i++) {
		ASSERT_EQ(0, map_attach(self->dev,
					map_args(self->fd, NULL, SEARCH),
					&self->mem));
		ASSERT_EQ(0,
			  map_detach(self->dev, self->mem + inner[i], &gone));
		EXPECT_EQ((uintptr_t)self->mem, gone.out_start);
		EXPECT_EQ(LENGTH, gone.out_length);
		EXPECT_EQ(-1, msync(self->mem, LENGTH, MS_ASYNC));
		EXPECT_EQ(ENOMEM, errno);
	}
	close(self->fd);
	EXPECT_EQ(0, test_used());
}

TEST_F(region, detach_finds_no_region)
{
	struct membank_region_detach gone;
	struct membank_region_find found;
	char *other = mmap(NULL, self->page, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const void *const places[] = { NULL, self->hole, other, &gone,
				       (void *)-1L };
	size_t i;

	ASSERT_NE(MAP_FAILED, other);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		EXPECT_EQ(-ENOENT, map_detach(self->dev, places[i], &gone));
		EXPECT_EQ(-ENOENT, map_find(self->dev, places[i], &found));
	}
	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, self->hole, 0),
				&self->mem));
	EXPECT_EQ(-ENOENT, map_find(self->dev, self->hole - 1, &found));
	EXPECT_EQ(-ENOENT, map_find(self->dev, self->hole + LENGTH, &found));
	ASSERT_EQ(0, map_detach(self->dev, self->mem, &gone));
	EXPECT_EQ(-ENOENT, map_detach(self->dev, self->mem, &gone));
}

TEST_F(region, find_gives_a_descriptor_of_the_same_memory)
{
	struct membank_region_find found;
	struct membank_dataspace_info info;
	char *other;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&self->mem));
	ASSERT_EQ(0, map_find(self->dev, self->mem + 12345, &found));
	EXPECT_EQ((uintptr_t)self->mem, found.out_start);
	EXPECT_EQ(LENGTH, found.out_length);
	EXPECT_EQ(0, found.out_offset);
	EXPECT_EQ(0, found.out_flags);
	ASSERT_EQ(0, test_info(self->dev, found.out_fd, &info));
	EXPECT_EQ(LENGTH, info.out_length);

	close(self->fd);
	memset(self->mem, 0x31, LENGTH);
	other = test_map(found.out_fd, LENGTH);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_TRUE(test_all_bytes(other, 0x31, LENGTH));
}

TEST_F(region, memory_by_mmap_on_a_node_is_a_region)
{
	struct membank_region_find found;
	struct membank_region_detach gone;

	close(self->fd);
	self->mem = test_map(self->dev, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
	ASSERT_EQ(0, map_find(self->dev, self->mem + 1, &found));
	EXPECT_EQ((uintptr_t)self->mem, found.out_start);
	EXPECT_EQ(LENGTH, found.out_length);
	EXPECT_EQ(0, found.out_offset);
	EXPECT_NE(MAP_FAILED, test_map(found.out_fd, LENGTH));
	close(found.out_fd);
	ASSERT_EQ(0, map_detach(self->dev, self->mem + 1, &gone));
	EXPECT_EQ((uintptr_t)self->mem, gone.out_start);
}

TEST_F(region, the_map_says_what_munmap_left)
{
	struct membank_region_find found;
	const size_t page = self->page;

	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, NULL, SEARCH),
				&self->mem));
	ASSERT_EQ(0, munmap(self->mem + 4 * page, page));
	ASSERT_EQ(0, map_find(self->dev, self->mem, &found));
	EXPECT_EQ(4 * page, found.out_length);
	EXPECT_EQ(-ENOENT, map_find(self->dev, self->mem + 4 * page, &found));
	ASSERT_EQ(0, map_find(self->dev, self->mem + 6 * page, &found));
	EXPECT_EQ((uintptr_t)self->mem + 5 * page, found.out_start);
	EXPECT_EQ(LENGTH - 5 * page, found.out_length);
	EXPECT_EQ(5 * page, found.out_offset);
}

TEST_F(region, an_inherited_descriptor_looks_into_its_opener)
{
	struct membank_region_find found;
	struct membank_region_detach gone;
	int ready[2], done[2];
	char byte, *other;
	pid_t child;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(done));
	child = fork();
	if (!child) {
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
		/* Attached after the fork: this process has nothing there. */
		if (map_find(self->dev, self->hole + 1, &found))
			_exit(2);
		if (found.out_start != (uintptr_t)self->hole)
			_exit(3);
		other = test_map(found.out_fd, LENGTH);
		if (other == MAP_FAILED || !test_all_bytes(other, 7, LENGTH))
			_exit(4);
		if (map_detach(self->dev, self->hole, &gone) != -EPERM)
			_exit(5);
		/* Attaching is always in one's own address space. */
		if (map_attach(self->dev, map_args(found.out_fd, self->hole, 0),
			       &self->mem) ||
		    !test_all_bytes(self->hole, 7, LENGTH))
			_exit(6);
		_exit(0);
	}
	ASSERT_EQ(0, map_attach(self->dev, map_args(self->fd, self->hole, 0),
				&self->mem));
	memset(self->hole, 7, LENGTH);
	ASSERT_EQ(1, write(ready[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(0, map_find(self->dev, self->hole, &found));
}

TEST_F(region, the_map_of_a_process_that_is_gone_is_gone)
{
	struct membank_region_find found;
	int pair[2], stay[2], round, dev;
	pid_t child;
	char byte;

	/* Gone by exec() in the first round, by its end in the second. */
	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					pair));
		ASSERT_EQ(0, pipe(stay));
		child = fork();
		if (!child) {
			dev = test_open(0);
			if (dev < 0 || test_send_fd(pair[1], dev))
				_exit(1);
			if (round)
				_exit(0);
			close(pair[0]);
			dup2(stay[0], STDIN_FILENO);
			execlp("cat", "cat", NULL);
			_exit(2);
		}
		close(pair[1]);
		dev = test_receive_fd(pair[0]);
		ASSERT_LE(0, dev);
		/* The end of the file comes with exec() or the end. */
		ASSERT_EQ(0, read(pair[0], &byte, 1));
		if (round) {
			EXPECT_EQ(0, test_wait_child(child));
			EXPECT_EQ(-ESRCH, map_find(dev, self->hole, &found));
		} else {
			EXPECT_EQ(-ESRCH, map_find(dev, self->hole, &found));
			EXPECT_EQ(-SIGKILL, test_kill(child));
		}
		close(pair[0]);
		close(stay[0]);
		close(stay[1]);
		close(dev);
	}
}

struct worker {
	pthread_t thread;
	int dev;
	int fd;
	char *hole;
	int failed;
};

/* Attaches and detaches in the same place as all others, at the same time. */
static void *work(void *arg)
{
	struct worker *worker = arg;
	struct membank_region_detach gone;
	unsigned int turn;
	char *mem;

	for (turn = 0; turn < TURNS && !worker->failed; turn++) {
		if (map_attach(worker->dev,
			       map_args(worker->fd, worker->hole, SEARCH),
			       &mem))
			worker->failed = 1;
		else if (mem < worker->hole)
			worker->failed = 2;
		else if (mem[turn * KIB % LENGTH] != worker->fd)
			worker->failed = 3;
		else if (map_detach(worker->dev, mem + turn, &gone))
			worker->failed = 4;
		else if (gone.out_start != (uintptr_t)mem)
			worker->failed = 5;
	}
	return NULL;
}

TEST_F_TIMEOUT(region, threads_attach_and_detach_at_once, TEST_SLOW)
{
	struct worker workers[THREADS] = {};
	struct membank_dataspace_info info;
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		workers[i].dev = self->dev;
		workers[i].hole = self->hole;
		workers[i].fd = test_alloc(self->dev, LENGTH, 0, 0);
		ASSERT_LE(0, workers[i].fd);
		self->mem = test_map(workers[i].fd, LENGTH);
		ASSERT_NE(MAP_FAILED, self->mem);
		memset(self->mem, workers[i].fd, LENGTH);
		ASSERT_EQ(0, munmap(self->mem, LENGTH));
	}
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work,
					    &workers[i]));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].failed);
		ASSERT_EQ(0, test_info(self->dev, workers[i].fd, &info));
		EXPECT_EQ(0, info.out_mappings);
	}
}

TEST_HARNESS_MAIN
