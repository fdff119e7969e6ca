// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dataspaces: what an allocation gives, and how long it lives.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"

#define MANY 1000

FIXTURE(dataspace)
{
	int any;
	int dev;
	__u64 bank_size;
	size_t page;
};

FIXTURE_SETUP(dataspace)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->any = test_open(TEST_ANY);
	ASSERT_LE(0, self->any);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->bank_size = test_number(0, "size");
	ASSERT_LE(4 * GRAIN, self->bank_size);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(dataspace)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(dataspace, size_is_kept_to_the_byte)
{
	const __u64 lengths[] = {
		1,	 self->page - 1, self->page, self->page + 1,
		MIB + 7, GRAIN - 1,	 GRAIN + 1,
	};
	struct membank_dataspace_info info;
	__u64 pages;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		fd = test_alloc(self->dev, lengths[i], 0, 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, test_info(self->any, fd, &info));
		pages = (lengths[i] + self->page - 1) / self->page;
		EXPECT_EQ(lengths[i], info.out_length);
		EXPECT_EQ(pages * self->page, info.out_extent);
		EXPECT_EQ(0, info.out_offset % self->page);
		EXPECT_EQ(0, info.out_bank);
		EXPECT_EQ(0, info.out_flags);
		EXPECT_EQ(0, info.out_mappings);
		EXPECT_EQ(MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE |
				  MEMBANK_DATASPACE_OWN,
			  info.out_rights);
		EXPECT_EQ(fd, info.fd);
		EXPECT_EQ(info.out_extent, test_used());
		close(fd);
		EXPECT_EQ(0, test_used());
	}
}

TEST_F(dataspace, descriptor_is_readable_writable_and_closed_on_exec)
{
	int fd = test_alloc(self->dev, 1, 0, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
}

TEST_F(dataspace, flags_that_always_hold_are_accepted_and_reported)
{
	const __u32 flags = MEMBANK_DATASPACE_CONTINUOUS |
			    MEMBANK_DATASPACE_PINNED;
	struct membank_dataspace_info info;
	int fd = test_alloc(self->dev, 1, flags, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(flags, info.out_flags);
}

TEST_F(dataspace, memory_is_zeroed_and_contiguous)
{
	const size_t length = 3 * MIB;
	__u64 first;
	size_t at;
	char *mem;
	int fd;

	fd = test_alloc(self->dev, length, 0, 0);
	ASSERT_LE(0, fd);
	mem = test_map(fd, length);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, length));
	first = test_physical(mem);
	ASSERT_NE(0, first);
	for (at = self->page; at < length; at += self->page)
		ASSERT_EQ(first + at, test_physical(mem + at));
}

TEST_F(dataspace, physical_address_is_aligned_as_asked)
{
	struct membank_dataspace_info info;
	char *mem;
	__u32 align;
	int fd, odd;

	for (align = 0; align <= 24; align++) {
		/* So that the next free byte is never aligned by chance. */
		odd = test_alloc(self->dev, 1, 0, 0);
		ASSERT_LE(0, odd);
		fd = test_alloc(self->dev, self->page + 1, 0, align);
		ASSERT_LE(0, fd);
		mem = test_map(fd, self->page);
		ASSERT_NE(MAP_FAILED, mem);
		mem[0] = 1;
		ASSERT_NE(0, test_physical(mem));
		EXPECT_EQ(0, test_physical(mem) % (1ULL << align));

		ASSERT_EQ(0, test_info(self->dev, fd, &info));
		EXPECT_EQ(2 * self->page, info.out_extent);
		/* Banks start at a multiple of 2 MiB. */
		if (align <= 21)
			ASSERT_EQ(0, info.out_offset % (1ULL << align));
		munmap(mem, self->page);
		close(fd);
		close(odd);
	}
}

TEST_F(dataspace, super_pages_round_extent_and_alignment)
{
	struct membank_dataspace_info info;
	int odd, fd;

	odd = test_alloc(self->dev, 1, 0, 0);
	ASSERT_LE(0, odd);
	fd = test_alloc(self->dev, GRAIN + 1, MEMBANK_DATASPACE_SUPER_PAGES, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(GRAIN + 1, info.out_length);
	EXPECT_EQ(2 * GRAIN, info.out_extent);
	EXPECT_EQ(0, info.out_offset % GRAIN);
	EXPECT_EQ(MEMBANK_DATASPACE_SUPER_PAGES, info.out_flags);
	EXPECT_EQ(2 * GRAIN + self->page, test_used());
}

TEST_F(dataspace, whole_bank_can_be_had_as_super_pages)
{
	int fd = test_alloc(self->dev, self->bank_size,
			    MEMBANK_DATASPACE_SUPER_PAGES, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, test_number(0, "free"));
}

TEST_F(dataspace, what_no_bank_can_hold_is_out_of_range)
{
	const __u32 super = MEMBANK_DATASPACE_SUPER_PAGES;

	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 0, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->any, 0, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, self->bank_size + 1, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->any, 1ULL << 46, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 1ULL << 63, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, ~0ULL, 0, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, ~0ULL, super, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, ~0ULL - GRAIN, super, 0));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 1, 0, 31));
	EXPECT_EQ(-ERANGE, test_alloc(self->any, 1, 0, 31));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 1, super, 31));
	EXPECT_EQ(-ERANGE, test_alloc(self->dev, 1, 0, ~0U));
	EXPECT_EQ(0, test_used());
}

TEST_F(dataspace, unknown_flags_are_refused_one_by_one)
{
	__u32 flag;

	for (flag = 1; flag; flag <<= 1) {
		if (flag &
		    (MEMBANK_DATASPACE_CONTINUOUS | MEMBANK_DATASPACE_PINNED |
		     MEMBANK_DATASPACE_SUPER_PAGES))
			continue;
		EXPECT_EQ(-EOPNOTSUPP, test_alloc(self->dev, 1, flag, 0));
	}
	EXPECT_EQ(0, test_used());
}

TEST_F(dataspace, full_bank_has_no_memory)
{
	int fd = test_alloc(self->dev, self->bank_size, 0, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, 1, 0, 0));
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, self->bank_size, 0, 0));
	close(fd);
	fd = test_alloc(self->dev, self->bank_size, 0, 0);
	EXPECT_LE(0, fd);
}

TEST_F(dataspace, alignment_that_no_free_extent_has_is_no_memory)
{
	/* Each block of 2 MiB loses its first page, so none is left whole. */
	const unsigned int blocks = self->bank_size / GRAIN;
	unsigned int i;

	for (i = 0; i < blocks; i++)
		ASSERT_LE(0, test_alloc(self->dev, self->page, 0, 21));
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, self->page, 0, 21));
	EXPECT_EQ(-ENOMEM,
		  test_alloc(self->dev, 1, MEMBANK_DATASPACE_SUPER_PAGES, 0));
	EXPECT_LE(0, test_alloc(self->dev, self->page, 0, 20));
	EXPECT_EQ(GRAIN - self->page, test_number(0, "largest_free"));
}

TEST_F(dataspace, no_free_descriptor_costs_no_memory)
{
	struct rlimit limit;
	unsigned int files;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	files = test_open_files();
	limit.rlim_cur = dup(self->dev);
	ASSERT_NE(-1, limit.rlim_cur);
	close(limit.rlim_cur);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, test_alloc(self->dev, 1, 0, 0));
	EXPECT_EQ(0, test_used());

	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(files, test_open_files());
}

TEST_F(dataspace, info_refuses_what_is_no_dataspace)
{
	struct membank_dataspace_info info;
	int pipe_fds[2], closed;

	ASSERT_EQ(0, pipe(pipe_fds));
	closed = dup(self->dev);
	close(closed);
	EXPECT_EQ(-EBADF, test_info(self->dev, closed, &info));
	EXPECT_EQ(-EBADF, test_info(self->dev, -1, &info));
	EXPECT_EQ(-EINVAL, test_info(self->dev, pipe_fds[0], &info));
	EXPECT_EQ(-EINVAL, test_info(self->dev, self->dev, &info));
}

TEST_F(dataspace, mappings_are_counted)
{
	struct membank_dataspace_info info;
	char *one, *two;
	int fd;

	fd = test_alloc(self->dev, MIB, 0, 0);
	ASSERT_LE(0, fd);
	one = test_map(fd, MIB);
	two = test_map(fd, MIB);
	ASSERT_NE(MAP_FAILED, one);
	ASSERT_NE(MAP_FAILED, two);
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(2, info.out_mappings);

	/* A hole makes two of one. */
	ASSERT_EQ(0, munmap(one + self->page, self->page));
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(3, info.out_mappings);

	ASSERT_EQ(0, munmap(one, MIB));
	ASSERT_EQ(0, munmap(two, MIB));
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(0, info.out_mappings);
}

TEST_F_TIMEOUT(dataspace, many_can_live_at_once, TEST_SLOW)
{
	struct rlimit limit = { .rlim_cur = 2 * MANY, .rlim_max = 2 * MANY };
	static int fd[MANY];
	unsigned int i;
	char *mem;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < MANY; i++) {
		fd[i] = test_alloc(self->dev, self->page, 0, 0);
		ASSERT_LE(0, fd[i]);
		mem = test_map(fd[i], self->page);
		ASSERT_NE(MAP_FAILED, mem);
		memcpy(mem, &i, sizeof(i));
		ASSERT_EQ(0, munmap(mem, self->page));
	}
	EXPECT_EQ(MANY, test_number(0, "dataspaces"));
	EXPECT_EQ(MANY * self->page, test_number(0, "used"));

	/* Each kept what was written to it; in an order of no kind. */
	for (i = 0; i < MANY; i++) {
		unsigned int one = i * 7 % MANY, is;

		mem = test_map(fd[one], self->page);
		ASSERT_NE(MAP_FAILED, mem);
		memcpy(&is, mem, sizeof(is));
		ASSERT_EQ(one, is);
		ASSERT_EQ(0, munmap(mem, self->page));
		close(fd[one]);
	}
	EXPECT_EQ(0, test_used());
}

TEST_F(dataspace, freed_neighbours_become_one_extent)
{
	const unsigned int blocks = self->bank_size / MIB;
	struct membank_dataspace_info info;
	int fd[1024];
	unsigned int i;

	ASSERT_GE(ARRAY_SIZE(fd), blocks);
	/* What is clean goes first, so before that they need not lie side by side. */
	ASSERT_TRUE(test_wait_scrubbed(0));
	for (i = 0; i < blocks; i++) {
		fd[i] = test_alloc(self->dev, MIB, 0, 0);
		ASSERT_LE(0, fd[i]);
	}
	EXPECT_EQ(0, test_number(0, "free"));

	/* Every other one, by its place: half is free, nothing of 2 MiB. */
	for (i = 0; i < blocks; i++) {
		ASSERT_EQ(0, test_info(self->dev, fd[i], &info));
		if (info.out_offset / MIB % 2) {
			close(fd[i]);
			fd[i] = -1;
		}
	}
	EXPECT_EQ(self->bank_size / 2, test_number(0, "free"));
	EXPECT_EQ(MIB, test_number(0, "largest_free"));
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, MIB + 1, 0, 0));

	for (i = 0; i < blocks; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	EXPECT_EQ(self->bank_size, test_number(0, "largest_free"));
}

/* What keeps a dataspace alive. */
enum holder { DESCRIPTOR, COPY, MAPPING, OTHER_MAPPING, HOLDERS };

static bool let_go(enum holder one, const int *fd, void *const *mem,
		   size_t length)
{
	switch (one) {
	case DESCRIPTOR:
	case COPY:
		return !close(fd[one]);
	default:
		return !munmap(mem[one - MAPPING], length);
	}
}

TEST_F(dataspace, lives_until_its_last_holder_in_every_order)
{
	unsigned int order, i, one, left;
	int fd[2];
	void *mem[2];

	/* Each order as a number to the base of 4; most are none. */
	for (order = 0; order < 256; order++) {
		for (i = 0, left = 0; i < HOLDERS; i++)
			left |= 1 << (order >> 2 * i & 3);
		if (left != 15)
			continue;

		fd[0] = test_alloc(self->dev, MIB, 0, 0);
		ASSERT_LE(0, fd[0]);
		fd[1] = dup(fd[0]);
		ASSERT_LE(0, fd[1]);
		mem[0] = test_map(fd[0], MIB);
		mem[1] = test_map(fd[1], MIB);
		ASSERT_NE(MAP_FAILED, mem[0]);
		ASSERT_NE(MAP_FAILED, mem[1]);

		for (i = 0; i < HOLDERS; i++) {
			EXPECT_EQ(MIB, test_used());
			one = order >> 2 * i & 3;
			ASSERT_TRUE(let_go(one, fd, mem, MIB));
		}
		EXPECT_EQ(0, test_used());
	}
}

TEST_F(dataspace, a_forked_child_holds_what_its_parent_let_go)
{
	int go[2], fd = test_alloc(self->dev, MIB, 0, 0);
	char byte, *mem;
	pid_t child;

	ASSERT_LE(0, fd);
	mem = test_map(fd, MIB);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 1, MIB);
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		/* The same memory, not a copy: the parent has written since. */
		_exit(test_all_bytes(mem, 2, MIB) ? 0 : 2);
	}
	memset(mem, 2, MIB);
	ASSERT_EQ(0, munmap(mem, MIB));
	close(fd);
	EXPECT_EQ(MIB, test_used());
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(dataspace, exec_lets_go)
{
	char byte;
	int gone[2], stay[2];
	pid_t child;

	/* Closed by exec: the parent reads the end of file then. */
	ASSERT_EQ(0, pipe2(gone, O_CLOEXEC));
	ASSERT_EQ(0, pipe(stay));
	child = fork();
	if (!child) {
		int fd = test_alloc(self->dev, MIB, 0, 0);

		if (fd < 0 || test_map(fd, MIB) == MAP_FAILED ||
		    test_used() != MIB)
			_exit(1);
		dup2(stay[0], STDIN_FILENO);
		execlp("cat", "cat", NULL);
		_exit(2);
	}
	close(gone[1]);
	ASSERT_EQ(0, read(gone[0], &byte, 1));
	EXPECT_TRUE(test_wait_used(0));
	/* And it is not because the child has died. */
	EXPECT_EQ(0, kill(child, 0));
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	ASSERT_EQ(-SIGKILL, test_kill(child));
}

TEST_F(dataspace, passed_over_a_socket_it_is_the_same_memory)
{
	int pair[2], fd = test_alloc(self->dev, MIB, 0, 0);
	char *mem;
	pid_t child;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = fork();
	if (!child) {
		close(fd);
		fd = test_receive_fd(pair[1]);
		if (fd < 0)
			_exit(1);
		mem = test_map(fd, MIB);
		if (mem == MAP_FAILED || !test_all_bytes(mem, 0x42, MIB))
			_exit(2);
		memset(mem, 0x43, MIB);
		_exit(0);
	}
	mem = test_map(fd, MIB);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 0x42, MIB);
	ASSERT_EQ(0, test_send_fd(pair[0], fd));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(test_all_bytes(mem, 0x43, MIB));
}

TEST_F(dataspace, in_flight_in_a_socket_it_lives)
{
	int pair[2], fd = test_alloc(self->dev, MIB, 0, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(0, test_send_fd(pair[0], fd));
	close(fd);
	EXPECT_EQ(MIB, test_used());
	fd = test_receive_fd(pair[1]);
	ASSERT_LE(0, fd);
	EXPECT_NE(MAP_FAILED, test_map(fd, MIB));

	ASSERT_EQ(0, test_send_fd(pair[0], fd));
	close(pair[0]);
	close(pair[1]);
	EXPECT_EQ(MIB, test_used());
}

TEST_HARNESS_MAIN
