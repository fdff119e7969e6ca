// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a dataspace: what may be done with them, and that they are made
 * of real pages, which the rest of the kernel can reach and hold.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

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

TEST_F(mapping, another_process_reads_and_writes_it)
{
	struct iovec local = { .iov_len = LENGTH };
	struct iovec remote = { .iov_base = self->mem, .iov_len = LENGTH };
	pid_t child;
	int go[2];
	char byte;

	local.iov_base = malloc(LENGTH);
	ASSERT_NE(NULL, local.iov_base);
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(test_all_bytes(self->mem, 0x22, LENGTH) ? 0 : 2);
	}
	/* Before the child has touched a single page. */
	memset(self->mem, 0x21, LENGTH);
	EXPECT_EQ(LENGTH, process_vm_readv(child, &local, 1, &remote, 1, 0));
	EXPECT_TRUE(test_all_bytes(local.iov_base, 0x21, LENGTH));
	memset(local.iov_base, 0x22, LENGTH);
	EXPECT_EQ(LENGTH, process_vm_writev(child, &local, 1, &remote, 1, 0));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x22, LENGTH));
}

TEST_F(mapping, a_debugger_reads_and_writes_it)
{
	long *word = (long *)self->mem;
	pid_t child;
	int status;

	*word = 41;
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(*word == 42 ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	errno = 0;
	EXPECT_EQ(41, ptrace(PTRACE_PEEKDATA, child, word, NULL));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, child, word, 42));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, child, NULL, NULL));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(42, *word);
}

TEST_F(mapping, direct_io_reads_and_writes_it)
{
	char path[] = "/tmp/membank-direct-XXXXXX";
	ssize_t ret;
	int file;

	file = mkostemp(path, O_DIRECT | O_CLOEXEC);
	if (file < 0) {
		ASSERT_EQ(EINVAL, errno);
		SKIP(return, "the file system of /tmp has no O_DIRECT");
	}
	unlink(path);
	memset(self->mem, 0x77, LENGTH);
	ret = pwrite(file, self->mem, LENGTH, 0);
	EXPECT_EQ(LENGTH, ret);
	memset(self->mem, 0, LENGTH);
	ret = pread(file, self->mem, LENGTH, 0);
	EXPECT_EQ(LENGTH, ret);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x77, LENGTH));
}

/* A kernel that tries to move pages of CMA for it would do so for ever. */
TEST_F(mapping, a_pin_for_long_is_refused_at_once)
{
	struct iovec iov = { .iov_base = self->mem, .iov_len = LENGTH };
	struct io_uring_params params = {};
	char source[16];
	int ring;

	ASSERT_TRUE(test_attr(0, "source", source, sizeof(source)));
	if (strcmp(source, "cma"))
		SKIP(return, "only pages of CMA cannot be pinned for long");
	ring = syscall(__NR_io_uring_setup, 4, &params);
	if (ring < 0)
		SKIP(return, "no io_uring in this kernel: %s", strerror(errno));
	/* Also of a mapping that has its pages already. */
	memset(self->mem, 0x55, LENGTH / 2);
	EXPECT_EQ(-1, syscall(__NR_io_uring_register, ring,
			      IORING_REGISTER_BUFFERS, &iov, 1));
	EXPECT_EQ(EFAULT, errno);

	EXPECT_TRUE(test_all_bytes(self->mem, 0x55, LENGTH / 2));
	memset(self->mem, 0x66, LENGTH);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x66, LENGTH));

	/* The way to register is right: other memory is taken. */
	iov.iov_base = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, iov.iov_base);
	iov.iov_len = self->page;
	EXPECT_EQ(0, syscall(__NR_io_uring_register, ring,
			     IORING_REGISTER_BUFFERS, &iov, 1));
	close(ring);
}

TEST_F(mapping, pages_in_a_pipe_show_later_writes)
{
	struct iovec iov = { .iov_base = self->mem, .iov_len = self->page };
	int pipe_fds[2];
	char *out;

	out = malloc(self->page);
	ASSERT_NE(NULL, out);
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	/* It was not copied: this is the page itself. */
	memset(self->mem, 0x66, self->page);
	ASSERT_EQ(self->page, read(pipe_fds[0], out, self->page));
	EXPECT_TRUE(test_all_bytes(out, 0x66, self->page));
}

TEST_F(mapping, a_page_in_a_pipe_is_not_given_out_again)
{
	struct iovec iov = { .iov_base = self->mem + 2 * self->page,
			     .iov_len = self->page };
	__u64 size = test_number(0, "size");
	int pipe_fds[2], round;
	char *out, *mem;

	out = malloc(self->page);
	ASSERT_NE(NULL, out);
	ASSERT_EQ(0, pipe(pipe_fds));
	memset(self->mem, 0x66, LENGTH);
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	close(self->fd);

	/* All but the page comes back, and the page stays away. */
	EXPECT_TRUE(test_wait_used(self->page));
	EXPECT_EQ(0, test_number(0, "dataspaces"));
	for (round = 0; round < 3; round++) {
		EXPECT_EQ(-ENOMEM, test_alloc(self->dev, size, 0, 0));
		/* Whoever fills the bank meanwhile does not get hold of it. */
		while ((mem = test_map(self->dev, LENGTH)) != MAP_FAILED)
			memset(mem, 0x55, LENGTH);
		while ((mem = test_map(self->dev, self->page)) != MAP_FAILED)
			memset(mem, 0x55, self->page);
		EXPECT_EQ(0, test_number(0, "free"));
		usleep(100000);
	}
	ASSERT_EQ(self->page, read(pipe_fds[0], out, self->page));
	EXPECT_TRUE(test_all_bytes(out, 0x66, self->page));

	/* Now it is clean, and to be had. */
	EXPECT_TRUE(test_wait_used(size - self->page));
	mem = test_map(self->dev, self->page);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->page));
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

TEST_F(mapping, lock_and_unlock_work)
{
	ASSERT_EQ(0, mlock(self->mem, LENGTH));
	EXPECT_TRUE(test_present(self->mem + LENGTH - 1));
	ASSERT_EQ(0, munlock(self->mem, LENGTH));
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
