// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handle that may only read: every way around that there is, by the handle,
 * by its mapping, by the kernel and by other processes, fails, and what it
 * shows stays as it was.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "io.h"
#include "touch.h"

#define LENGTH MIB
#define FILL 0x5a
#define ENV_FD "MEMBANK_READ_ONLY_FD"

FIXTURE(read_only)
{
	int dev;
	int fd;
	size_t page;
	/* Through all rights, and through @fd. */
	char *all;
	char *mem;
};

FIXTURE_VARIANT(read_only)
{
	const char *source;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(read_only, cma) { .source = "cma" };
FIXTURE_VARIANT_ADD(read_only, contig) { .source = "contig" };
/* clang-format on */

FIXTURE_SETUP(read_only)
{
	const int bank = bank_of(variant->source);
	int fd;

	if (bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(bank);
	ASSERT_LE(0, self->dev);
	fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, fd);
	self->all = test_map(fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->all);
	memset(self->all, FILL, LENGTH);
	self->fd = handle_derive(self->dev, fd, READ);
	ASSERT_LE(0, self->fd);
	close(fd);
	self->mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	ASSERT_TRUE(test_all_bytes(self->mem, FILL, LENGTH));
}

FIXTURE_TEARDOWN(read_only)
{
	EXPECT_TRUE(test_all_bytes(self->all, FILL, LENGTH));
	EXPECT_TRUE(test_all_bytes(self->mem, FILL, LENGTH));
}

/* Returns 0 if it can be mapped so. */
static int map_errno(int fd, int prot, int flags)
{
	void *mem = mmap(NULL, LENGTH, prot, flags, fd, 0);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, LENGTH);
	return 0;
}

static int writable(int fd)
{
	return map_errno(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static int protect(void *mem, size_t length)
{
	return mprotect(mem, length, PROT_READ | PROT_WRITE) ? -errno : 0;
}

/*
 * After exec() with the handle's number in the environment: what a program
 * that was given nothing but the handle can do. Its status is a bit for each
 * thing that went otherwise than it must.
 */
static void __attribute__((constructor)) after_exec(void)
{
	const char *number = getenv(ENV_FD);
	char path[64], *mem;
	int fd, dev, status = 0;

	if (!number)
		return;
	fd = atoi(number);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	dev = test_open(0);
	mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED || !test_all_bytes(mem, FILL, LENGTH))
		status |= 1;
	else if (protect(mem, LENGTH) != -EACCES)
		status |= 2;
	if (writable(fd) != -EACCES)
		status |= 4;
	if (open(path, O_RDWR | O_CLOEXEC) >= 0)
		status |= 8;
	if (handle_derive(dev, fd, READ | WRITE) != -EACCES)
		status |= 16;
	if (handle_clear(dev, fd, 0, LENGTH) != -EACCES)
		status |= 32;
	_exit(status);
}

TEST_F(read_only, cannot_be_mapped_to_write)
{
	const int read_write = PROT_READ | PROT_WRITE;

	EXPECT_EQ(O_RDONLY, fcntl(self->fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(-EACCES, map_errno(self->fd, read_write, MAP_SHARED));
	EXPECT_EQ(-EACCES, map_errno(self->fd, PROT_WRITE, MAP_SHARED));
	EXPECT_EQ(-EACCES,
		  map_errno(self->fd, read_write, MAP_SHARED | MAP_POPULATE));
	EXPECT_EQ(-EACCES,
		  map_errno(self->fd, read_write, MAP_SHARED_VALIDATE));
	/* Nobody can do this. */
	EXPECT_EQ(-EINVAL, map_errno(self->fd, read_write, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, PROT_WRITE, MAP_PRIVATE));
}

TEST_F(read_only, cannot_be_made_writable_later)
{
	char *mem;

	EXPECT_EQ(-EACCES, protect(self->mem, LENGTH));
	EXPECT_EQ(-EACCES, protect(self->mem + self->page, self->page));
	EXPECT_EQ(-1, mprotect(self->mem, LENGTH, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, pkey_mprotect(self->mem, LENGTH, PROT_WRITE, -1));
	EXPECT_EQ(EACCES, errno);
	mem = mmap(NULL, LENGTH, PROT_NONE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(-EACCES, protect(mem, LENGTH));
	mem = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(-EACCES, protect(mem, LENGTH));
}

TEST_F(read_only, a_write_is_a_fault)
{
	char byte;

	touch_init();
	EXPECT_EQ(SIGSEGV, touch_write(self->mem, 1));
	EXPECT_EQ(SEGV_ACCERR, touch_info.si_code);
	EXPECT_EQ(self->mem, touch_info.si_addr);
	EXPECT_EQ(0, touch_read(self->mem, &byte));
	EXPECT_EQ(FILL, byte);
}

TEST_F(read_only, copies_of_the_descriptor_are_too)
{
	int pair[2], fds[4], i;

	fds[0] = dup(self->fd);
	fds[1] = fcntl(self->fd, F_DUPFD_CLOEXEC, 100);
	fds[2] = dup3(self->fd, 200, O_CLOEXEC);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(0, test_send_fd(pair[0], self->fd));
	fds[3] = test_receive_fd(pair[1]);
	for (i = 0; i < 4; i++) {
		ASSERT_LE(0, fds[i]);
		EXPECT_EQ(READ, handle_rights(self->dev, fds[i]));
		EXPECT_EQ(0, map_errno(fds[i], PROT_READ, MAP_SHARED));
		EXPECT_EQ(-EACCES, writable(fds[i]));
	}
}

TEST_F(read_only, cannot_be_opened_anew)
{
	const int modes[] = { O_RDWR, O_WRONLY, O_RDONLY };
	char path[96];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
		EXPECT_EQ(-1, open(path, modes[i] | O_CLOEXEC));
		EXPECT_EQ(ENXIO, errno);
		/* With CAP_CHECKPOINT_RESTORE, which root has. */
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
			 (unsigned long)self->mem,
			 (unsigned long)self->mem + LENGTH);
		EXPECT_EQ(-1, open(path, modes[i] | O_CLOEXEC));
		EXPECT_NE(EACCES, errno);
	}
}

TEST_F(read_only, an_opened_path_is_no_handle)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, writable(fd));
	EXPECT_EQ(-EBADF, handle_rights(self->dev, fd));
	EXPECT_EQ(-EBADF, handle_derive(self->dev, fd, READ));
}

TEST_F(read_only, taken_from_another_process_is_the_same)
{
	int pidfd = syscall(__NR_pidfd_open, getpid(), 0), fd;

	ASSERT_LE(0, pidfd);
	fd = syscall(__NR_pidfd_getfd, pidfd, self->fd, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(READ, handle_rights(self->dev, fd));
	EXPECT_EQ(-EACCES, writable(fd));
}

TEST_F(read_only, file_flags_change_nothing)
{
	fcntl(self->fd, F_SETFL, O_RDWR);
	EXPECT_EQ(O_RDONLY, fcntl(self->fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(-EACCES, writable(self->fd));
	EXPECT_EQ(READ, handle_rights(self->dev, self->fd));
}

TEST_F(read_only, stays_so_in_a_child)
{
	pid_t child = fork();
	char *mem;

	if (!child) {
		if (protect(self->mem, LENGTH) != -EACCES)
			_exit(1);
		if (writable(self->fd) != -EACCES)
			_exit(2);
		mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, self->fd, 0);
		if (mem == MAP_FAILED || protect(mem, LENGTH) != -EACCES)
			_exit(3);
		if (handle_derive(self->dev, self->fd, WRITE) != -EACCES)
			_exit(4);
		_exit(0);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(read_only, stays_so_after_exec)
{
	char number[16];
	pid_t child;
	int fd;

	fd = dup(self->fd);
	ASSERT_LE(0, fd);
	snprintf(number, sizeof(number), "%d", fd);
	child = fork();
	if (!child) {
		setenv(ENV_FD, number, 1);
		execl("/proc/self/exe", "read_only_test", NULL);
		_exit(127);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(read_only, region_cannot_be_had_to_write)
{
	const __u32 read_only = MEMBANK_REGION_READ_ONLY;
	char *mem = NULL, *hole;

	EXPECT_EQ(-EACCES, handle_attach(self->dev, self->fd, NULL, 0, &mem));
	EXPECT_EQ(-EACCES, handle_attach(self->dev, self->fd, NULL,
					 MEMBANK_REGION_EAGER_MAP, &mem));
	/* What was there is there still when it is refused. */
	hole = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, hole);
	memset(hole, 0x21, LENGTH);
	EXPECT_EQ(-EACCES, handle_attach(self->dev, self->fd, hole,
					 MEMBANK_REGION_OVERMAP, &mem));
	EXPECT_TRUE(test_all_bytes(hole, 0x21, LENGTH));

	ASSERT_EQ(0, handle_attach(self->dev, self->fd, NULL, read_only, &mem));
	EXPECT_TRUE(test_all_bytes(mem, FILL, LENGTH));
	EXPECT_EQ(-EACCES, protect(mem, LENGTH));
	ASSERT_EQ(0, handle_attach(self->dev, self->fd, hole,
				   read_only | MEMBANK_REGION_OVERMAP, &mem));
	EXPECT_EQ(hole, mem);
	EXPECT_TRUE(test_all_bytes(mem, FILL, LENGTH));
	EXPECT_EQ(-EACCES, protect(mem, LENGTH));
	ASSERT_EQ(0, handle_attach(self->dev, self->fd, NULL,
				   read_only | MEMBANK_REGION_EAGER_MAP, &mem));
	EXPECT_TRUE(test_present(mem + LENGTH - 1));
	EXPECT_EQ(-EACCES, protect(mem, LENGTH));
}

/* Over a writable mapping of the same memory, which must not show through. */
TEST_F(read_only, region_over_a_writable_one_is_so)
{
	char *over = mmap(self->all, LENGTH, PROT_READ, MAP_SHARED | MAP_FIXED,
			  self->fd, 0);

	ASSERT_EQ(self->all, over);
	EXPECT_EQ(-EACCES, protect(over, LENGTH));
	touch_init();
	EXPECT_EQ(SIGSEGV, touch_write(over, 1));
}

TEST_F(read_only, cannot_be_mapped_anew_or_grown)
{
	char *mem = NULL;

	/* By a mapping of its file as it stands, and then to write. */
	syscall(__NR_remap_file_pages, self->mem, LENGTH, 0, 0, 0);
	EXPECT_EQ(-EACCES, protect(self->mem, LENGTH));
	ASSERT_EQ(0, handle_attach(self->dev, self->fd, NULL,
				   MEMBANK_REGION_READ_ONLY, &mem));
	syscall(__NR_remap_file_pages, mem, self->page, 0, 1, 0);
	EXPECT_EQ(-EACCES, protect(mem, LENGTH));

	EXPECT_EQ(MAP_FAILED,
		  mremap(self->mem, LENGTH, 2 * LENGTH, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->mem, 0, LENGTH, MREMAP_MAYMOVE));
}

TEST_F(read_only, stays_so_where_it_is_moved)
{
	char *to = mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(to, mremap(self->mem, LENGTH, LENGTH,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	self->mem = to;
	EXPECT_EQ(-EACCES, protect(to, LENGTH));
	touch_init();
	EXPECT_EQ(SIGSEGV, touch_write(to, 1));
}

TEST_F(read_only, a_debugger_cannot_write_it)
{
	char *only, *private;
	pid_t child;
	int status;

	only = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, self->fd, 0);
	private = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->fd, 0);
	ASSERT_NE(MAP_FAILED, only);
	ASSERT_NE(MAP_FAILED, private);
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, child, only, 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, child, private, 0));
	EXPECT_EQ(EIO, errno);
	/* It is the right that is missing, not the way. */
	errno = 0;
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a,
		  ptrace(PTRACE_PEEKDATA, child, only, NULL));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(-SIGKILL, test_kill(child));
}

TEST_F(read_only, proc_mem_cannot_write_it)
{
	char *private = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->fd, 0);
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char byte = 0;

	ASSERT_NE(MAP_FAILED, private);
	ASSERT_LE(0, mem);
	EXPECT_EQ(-1, pwrite(mem, &byte, 1, (uintptr_t)self->mem));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(mem, &byte, 1, (uintptr_t)private));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(1, pread(mem, &byte, 1, (uintptr_t)self->mem));
	EXPECT_EQ(FILL, byte);
}

TEST_F(read_only, another_process_cannot_write_it)
{
	char bytes[64] = {};
	struct iovec local = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct iovec remote = { .iov_base = self->mem,
				.iov_len = sizeof(bytes) };

	EXPECT_EQ(-1, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(sizeof(bytes),
		  process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_TRUE(test_all_bytes(bytes, FILL, sizeof(bytes)));
}

TEST_F(read_only, system_calls_cannot_write_it)
{
	int pipe_fds[2], pair[2], zero;

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, zero);
	EXPECT_EQ(-1, read(zero, self->mem, LENGTH));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(4, write(pipe_fds[1], "data", 4));
	EXPECT_EQ(-1, read(pipe_fds[0], self->mem, 4));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(4, send(pair[0], "data", 4, 0));
	EXPECT_EQ(-1, recv(pair[1], self->mem, 4, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, syscall(__NR_getrandom, self->mem, 64, 0));
	EXPECT_EQ(EFAULT, errno);
	/* And ours. */
	EXPECT_EQ(-1, ioctl(self->dev, MEMBANK_IOC_GET_INFO, self->mem));
}

/* Pages are pinned for this: by the disk, where there is one. */
TEST_F(read_only, direct_io_cannot_write_it)
{
	const char *const paths[] = { "/dev/vda", "/tmp", "." };
	unsigned int tried = 0;
	size_t i;
	int file;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		if (i == 0)
			file = open(paths[i], O_RDONLY | O_DIRECT | O_CLOEXEC);
		else
			file = open(paths[i],
				    O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC,
				    0600);
		if (file < 0)
			continue;
		if (i && pwrite(file, self->all, self->page, 0) != self->page) {
			close(file);
			continue;
		}
		EXPECT_EQ(-1, pread(file, self->mem, self->page, 0));
		EXPECT_EQ(EFAULT, errno);
		close(file);
		tried++;
	}
	if (!tried)
		SKIP(return, "no disk and no file system here has O_DIRECT");
}

TEST_F(read_only, io_uring_cannot_write_it)
{
	int pipe_fds[2];
	struct ring ring;
	char bytes[4];

	ASSERT_EQ(0, ring_open(&ring, 4));
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(4, write(pipe_fds[1], "data", 4));
	EXPECT_EQ(-EFAULT,
		  ring_io(&ring, IORING_OP_READ, pipe_fds[0], self->mem, 4, 0));

	/* The way to read is right: other memory takes it. */
	ASSERT_EQ(4, write(pipe_fds[1], "data", 4));
	EXPECT_EQ(4, ring_io(&ring, IORING_OP_READ, pipe_fds[0], bytes, 4, 0));
}

/* A fixed buffer may be written, so it is the right to write that it needs. */
TEST_F(read_only, io_uring_does_not_register_it)
{
	int bank = bank_of("contig"), dev, fd;
	char *all, *mem, *private;
	struct ring ring;

	/* Those of CMA are refused whatever the rights: see io_test.c. */
	if (bank < 0)
		SKIP(return, NO_SOURCE, "contig");
	ASSERT_EQ(0, ring_open(&ring, 4));
	dev = test_open(bank);
	ASSERT_LE(0, dev);
	fd = test_alloc(dev, LENGTH, 0, 0);
	ASSERT_LE(0, fd);
	all = test_map(fd, LENGTH);
	ASSERT_NE(MAP_FAILED, all);
	fd = handle_derive(dev, fd, READ);
	ASSERT_LE(0, fd);
	mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	private = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, private);

	EXPECT_EQ(-EFAULT, ring_register(&ring, mem, LENGTH));
	EXPECT_EQ(-EFAULT, ring_register(&ring, private, LENGTH));
	/* It is the right that is missing, not the way. */
	EXPECT_EQ(0, ring_register(&ring, all, LENGTH));
	EXPECT_EQ(0, ring_unregister(&ring));
	EXPECT_TRUE(test_all_bytes(mem, 0, LENGTH));
}

TEST_F(read_only, userfaultfd_does_not_take_it)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)self->mem, LENGTH },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	EXPECT_EQ(-1, ioctl(fd, UFFDIO_REGISTER, &range));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(read_only, advice_does_not_write_it)
{
	static const int advices[] = {
		MADV_DONTNEED,
		MADV_REMOVE,
		MADV_FREE,
		MADV_WIPEONFORK,
		MADV_COLD,
		MADV_PAGEOUT,
		23 /* MADV_POPULATE_WRITE */,
		MADV_MERGEABLE,
		MADV_HUGEPAGE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		madvise(self->mem, LENGTH, advices[i]);
		EXPECT_TRUE(test_all_bytes(self->mem, FILL, LENGTH));
		EXPECT_EQ(-EACCES, protect(self->mem, LENGTH));
	}
	EXPECT_EQ(-1, madvise(self->mem, LENGTH, 23));
}

TEST_F(read_only, is_not_a_file_to_write)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char byte = 0;

	ASSERT_LE(0, zero);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(-1, pwrite(self->fd, &byte, 1, 0));
	EXPECT_EQ(-1, ftruncate(self->fd, 0));
	EXPECT_EQ(-1, fallocate(self->fd, 0, 0, LENGTH));
	EXPECT_EQ(-1, copy_file_range(zero, NULL, self->fd, NULL, 1, 0));
	EXPECT_EQ(LENGTH, lseek(self->fd, 0, SEEK_END));
}

TEST_F(read_only, commands_do_not_write_it)
{
	int other = test_alloc(self->dev, LENGTH, 0, 0);
	char *mem;

	ASSERT_LE(0, other);
	mem = test_map(other, LENGTH);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(-EACCES, handle_clear(self->dev, self->fd, 0, LENGTH));
	EXPECT_EQ(-EACCES,
		  handle_copy(self->dev, self->fd, 0, other, 0, LENGTH));
	EXPECT_EQ(-EACCES, handle_copy(self->dev, self->fd, 0, self->fd, 1, 1));
	EXPECT_EQ(-EACCES, handle_derive(self->dev, self->fd, WRITE));
	EXPECT_EQ(-EACCES, handle_derive(self->dev, self->fd, OWN));
	EXPECT_EQ(-EACCES, handle_revoke(self->dev, self->fd));
	EXPECT_EQ(0, handle_copy(self->dev, other, 0, self->fd, 0, LENGTH));
	EXPECT_TRUE(test_all_bytes(mem, FILL, LENGTH));
}

TEST_HARNESS_MAIN
