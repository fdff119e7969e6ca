// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings are made of real pages: disks, other processes, debuggers, pipes and
 * rings read and write them as they do any other memory. What a source cannot
 * give, a pin for long, is refused at once.
 */
#include <linux/videodev2.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "io.h"
#include "smaps.h"

/* Room for the longest transfer, behind a start that is no page's. */
#define LENGTH (5 * MIB)
#define LONGEST (4 * MIB)

FIXTURE(io)
{
	int bank;
	int dev;
	int fd;
	char *mem;
	/* How much of it is by entries of 2 MiB, once it was touched. */
	__u64 huge;
	size_t page;
	struct disk disk;
	/* Other memory, to compare with. */
	char *copy;
};

FIXTURE_VARIANT(io)
{
	const char *source;
	/* Whether pages can be pinned for long. */
	bool for_long;
	/* Mapped by entries of 2 MiB, but for what is behind the last one. */
	bool huge;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(io, cma) { .source = "cma" };
FIXTURE_VARIANT_ADD(io, cma_huge) { .source = "cma", .huge = true };
FIXTURE_VARIANT_ADD(io, contig) { .source = "contig", .for_long = true };
FIXTURE_VARIANT_ADD(io, contig_huge) {
	.source = "contig", .for_long = true, .huge = true };
/* clang-format on */

/* At an address where no entry of 2 MiB fits. */
static char *map_by_pages(int fd)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	char *space, *mem;

	space = mmap(NULL, LENGTH + 2 * GRAIN, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (space == MAP_FAILED)
		return MAP_FAILED;
	munmap(space, LENGTH + 2 * GRAIN);
	mem = (char *)(((uintptr_t)space + GRAIN - 1) / GRAIN * GRAIN) + page;
	return mmap(mem, LENGTH, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
}

FIXTURE_SETUP(io)
{
	self->bank = bank_of(variant->source);
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(self->bank);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0,
			      variant->huge ? GRAIN_ORDER : 0);
	ASSERT_LE(0, self->fd);
	self->mem = variant->huge ? smaps_attach(self->dev, self->fd) :
				    map_by_pages(self->fd);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->huge = variant->huge ? LENGTH / GRAIN * GRAIN : 0;
	self->copy = malloc(LENGTH);
	ASSERT_NE(NULL, self->copy);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(io)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(io, a_disk_gets_what_is_in_it)
{
	static const size_t lengths[] = { 4 * KIB, 64 * KIB, MIB, LONGEST };
	const size_t start = 3 * self->page + SECTOR;
	size_t i, length;

	if (!disk_open(&self->disk, false))
		SKIP(return, NO_DISK);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		length = lengths[i];
		memset(self->copy, 0x11, length + 2 * SECTOR);
		ASSERT_TRUE(disk_write(&self->disk, self->copy,
				       length + 2 * SECTOR, MIB - SECTOR));
		memset(self->mem, 0x33, LENGTH);
		ASSERT_EQ(self->huge, smaps_huge(self->mem));
		bytes_fill(self->mem + start, length, i);
		ASSERT_EQ(length, pwrite(self->disk.direct, self->mem + start,
					 length, MIB));

		ASSERT_TRUE(disk_read(&self->disk, self->copy,
				      length + 2 * SECTOR, MIB - SECTOR));
		EXPECT_TRUE(bytes_are(self->copy + SECTOR, length, i));
		EXPECT_TRUE(test_all_bytes(self->copy, 0x11, SECTOR));
		EXPECT_TRUE(test_all_bytes(self->copy + SECTOR + length, 0x11,
					   SECTOR));
	}
}

TEST_F(io, a_disk_fills_it_and_nothing_beside)
{
	static const size_t lengths[] = { 4 * KIB, 64 * KIB, MIB, LONGEST };
	const size_t start = 3 * self->page + SECTOR;
	size_t i, length;

	if (!disk_open(&self->disk, false))
		SKIP(return, NO_DISK);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		length = lengths[i];
		bytes_fill(self->copy, length, 100 + i);
		ASSERT_TRUE(disk_write(&self->disk, self->copy, length, MIB));
		/* Once into pages that no page table has, then again. */
		ASSERT_EQ(0, madvise(self->mem, LENGTH, MADV_DONTNEED));
		ASSERT_EQ(length, pread(self->disk.direct, self->mem + start,
					length, MIB));
		EXPECT_TRUE(bytes_are(self->mem + start, length, 100 + i));

		memset(self->mem, 0x22, LENGTH);
		ASSERT_EQ(self->huge, smaps_huge(self->mem));
		ASSERT_EQ(length, pread(self->disk.direct, self->mem + start,
					length, MIB));
		EXPECT_TRUE(bytes_are(self->mem + start, length, 100 + i));
		EXPECT_TRUE(test_all_bytes(self->mem, 0x22, start));
		EXPECT_TRUE(test_all_bytes(self->mem + start + length, 0x22,
					   LENGTH - start - length));
		EXPECT_EQ(self->huge, smaps_huge(self->mem));
	}
}

TEST_F(io, a_disk_cannot_write_where_the_program_cannot)
{
	if (!disk_open(&self->disk, false))
		SKIP(return, NO_DISK);
	memset(self->mem, 0x44, self->page);
	ASSERT_EQ(0, mprotect(self->mem, LENGTH, PROT_READ));
	EXPECT_EQ(-1, pread(self->disk.direct, self->mem, self->page, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x44, self->page));
}

TEST_F(io, another_process_reads_and_writes_it)
{
	struct iovec local = { .iov_base = self->copy, .iov_len = LENGTH };
	struct iovec remote = { .iov_base = self->mem, .iov_len = LENGTH };
	pid_t child;
	int go[2];
	char byte;

	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(bytes_are(self->mem, LENGTH, 2) ? 0 : 2);
	}
	/* Before the child has touched a single page. */
	bytes_fill(self->mem, LENGTH, 1);
	EXPECT_EQ(LENGTH, process_vm_readv(child, &local, 1, &remote, 1, 0));
	EXPECT_TRUE(bytes_are(self->copy, LENGTH, 1));
	bytes_fill(self->copy, LENGTH, 2);
	EXPECT_EQ(LENGTH, process_vm_writev(child, &local, 1, &remote, 1, 0));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(bytes_are(self->mem, LENGTH, 2));
}

/* The other end of a copy, too. */
TEST_F(io, another_process_is_read_into_it_and_written_from_it)
{
	struct iovec local = { .iov_base = self->mem + 5, .iov_len = MIB };
	struct iovec remote = { .iov_base = self->copy, .iov_len = MIB };
	pid_t child;

	bytes_fill(self->copy, MIB, 3);
	child = fork();
	if (!child) {
		raise(SIGSTOP);
		_exit(bytes_are(self->copy, MIB, 4) ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, NULL, WUNTRACED));
	EXPECT_EQ(MIB, process_vm_readv(child, &local, 1, &remote, 1, 0));
	EXPECT_TRUE(bytes_are(self->mem + 5, MIB, 3));
	bytes_fill(self->mem + 5, MIB, 4);
	EXPECT_EQ(MIB, process_vm_writev(child, &local, 1, &remote, 1, 0));
	ASSERT_EQ(0, kill(child, SIGCONT));
	EXPECT_EQ(0, test_wait_child(child));
}

/* A child that waits to be looked at; its exit status is what @word became. */
static pid_t traced_child(const long *word)
{
	pid_t child = fork();

	if (child)
		return waitpid(child, NULL, 0) == child ? child : -1;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(*word);
}

TEST_F(io, a_debugger_reads_and_writes_it)
{
	long *word = (long *)self->mem;
	pid_t child;

	*word = 41;
	child = traced_child(word);
	ASSERT_LT(0, child);
	errno = 0;
	EXPECT_EQ(41, ptrace(PTRACE_PEEKDATA, child, word, NULL));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, child, word, 42));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, child, NULL, NULL));
	EXPECT_EQ(42, test_wait_child(child));
	EXPECT_EQ(42, *word);
}

TEST_F(io, a_debugger_reads_and_writes_it_as_a_file)
{
	long *word = (long *)self->mem;
	long seen = 0, to = 43;
	char path[32];
	pid_t child;
	int file;

	*word = 41;
	child = traced_child(word);
	ASSERT_LT(0, child);
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	file = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, file);
	EXPECT_EQ(sizeof(seen),
		  pread(file, &seen, sizeof(seen), (uintptr_t)word));
	EXPECT_EQ(41, seen);
	EXPECT_EQ(sizeof(to), pwrite(file, &to, sizeof(to), (uintptr_t)word));
	EXPECT_EQ(LENGTH,
		  pread(file, self->copy, LENGTH, (uintptr_t)self->mem));
	EXPECT_EQ(0, memcmp(self->copy, self->mem, LENGTH));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, child, NULL, NULL));
	EXPECT_EQ(43, test_wait_child(child));
}

/* What no debugger may either: there is no private copy to write to. */
TEST_F(io, a_debugger_cannot_write_where_the_program_cannot)
{
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.fd = self->fd,
		.flags = MEMBANK_REGION_READ_ONLY | MEMBANK_REGION_SEARCH_ADDR,
	};
	struct iovec local = { .iov_base = self->copy, .iov_len = 8 };
	struct iovec remote = { .iov_len = 8 };
	char path[32];
	pid_t child;
	long *word;
	int file;

	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	word = (long *)(uintptr_t)attach.out_start;
	*(long *)self->mem = 44;
	child = traced_child(word);
	ASSERT_LT(0, child);
	errno = 0;
	EXPECT_EQ(44, ptrace(PTRACE_PEEKDATA, child, word, NULL));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, child, word, 45));
	EXPECT_EQ(EIO, errno);
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	file = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, file);
	EXPECT_EQ(-1, pwrite(file, self->copy, 8, (uintptr_t)word));
	EXPECT_EQ(EIO, errno);
	remote.iov_base = word;
	EXPECT_EQ(-1, process_vm_writev(child, &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, ptrace(PTRACE_CONT, child, NULL, NULL));
	EXPECT_EQ(44, test_wait_child(child));
}

TEST_F(io, pages_in_a_pipe_show_later_writes)
{
	struct iovec iov = { .iov_base = self->mem, .iov_len = self->page };
	int pipe_fds[2];

	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	/* It was not copied: this is the page itself. */
	memset(self->mem, 0x66, self->page);
	ASSERT_EQ(self->page, read(pipe_fds[0], self->copy, self->page));
	EXPECT_TRUE(test_all_bytes(self->copy, 0x66, self->page));
}

TEST_F(io, pages_in_a_pipe_go_on_into_a_file)
{
	struct iovec iov = { .iov_base = self->mem + 100, .iov_len = 8000 };
	int pipe_fds[2], file;
	ssize_t done = 0, ret;
	loff_t at = 10;

	file = memfd_create("io_test", MFD_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, pipe(pipe_fds));
	bytes_fill(self->mem + 100, 8000, 5);
	ASSERT_EQ(8000, vmsplice(pipe_fds[1], &iov, 1, 0));
	while (done < 8000) {
		ret = splice(pipe_fds[0], NULL, file, &at, 8000 - done,
			     SPLICE_F_MOVE);
		ASSERT_LT(0, ret);
		done += ret;
	}
	memset(self->mem, 0, 8100);
	ASSERT_EQ(8000, pread(file, self->copy, 9000, 10));
	EXPECT_TRUE(bytes_are(self->copy, 8000, 5));
}

/* That way it is always a copy. */
TEST_F(io, a_pipe_is_emptied_into_it)
{
	struct iovec iov = { .iov_base = self->mem + 100, .iov_len = 3000 };
	int pipe_fds[2];

	ASSERT_EQ(0, pipe(pipe_fds));
	bytes_fill(self->copy, 3000, 6);
	ASSERT_EQ(3000, write(pipe_fds[1], self->copy, 3000));
	ASSERT_EQ(3000, vmsplice(pipe_fds[0], &iov, 1, 0));
	EXPECT_TRUE(bytes_are(self->mem + 100, 3000, 6));
	EXPECT_TRUE(test_all_bytes(self->mem, 0, 100));
	EXPECT_TRUE(test_all_bytes(self->mem + 3100, 0, self->page));
}

TEST_F(io, a_ring_reads_and_writes_it)
{
	const size_t start = self->page + SECTOR;
	struct ring ring;

	if (!disk_open(&self->disk, false))
		SKIP(return, NO_DISK);
	ASSERT_EQ(0, ring_open(&ring, 4));
	bytes_fill(self->mem + start, MIB, 7);
	EXPECT_EQ(MIB, ring_io(&ring, IORING_OP_WRITE, self->disk.direct,
			       self->mem + start, MIB, 2 * MIB));
	ASSERT_TRUE(disk_read(&self->disk, self->copy, MIB, 2 * MIB));
	EXPECT_TRUE(bytes_are(self->copy, MIB, 7));

	bytes_fill(self->copy, MIB, 8);
	ASSERT_TRUE(disk_write(&self->disk, self->copy, MIB, 2 * MIB));
	EXPECT_EQ(MIB, ring_io(&ring, IORING_OP_READ, self->disk.direct,
			       self->mem + start, MIB, 2 * MIB));
	EXPECT_TRUE(bytes_are(self->mem + start, MIB, 8));
}

TEST_F(io, a_ring_cannot_write_where_the_program_cannot)
{
	struct ring ring;

	if (!disk_open(&self->disk, false))
		SKIP(return, NO_DISK);
	ASSERT_EQ(0, ring_open(&ring, 4));
	memset(self->mem, 0x44, self->page);
	ASSERT_EQ(0, mprotect(self->mem, LENGTH, PROT_READ));
	EXPECT_EQ(-EFAULT, ring_io(&ring, IORING_OP_READ, self->disk.direct,
				   self->mem, self->page, 0));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x44, self->page));
	/* To read it is another matter. */
	EXPECT_EQ(self->page, ring_io(&ring, IORING_OP_WRITE, self->disk.direct,
				      self->mem, self->page, MIB));
}

/*
 * A kernel that tries to move pages of CMA for a pin for long would do so until
 * it is killed, so that is left to a child.
 */
TEST_F(io, a_ring_takes_it_for_long_or_refuses_at_once)
{
	const int want = variant->for_long ? 0 : long_pin_errno();
	struct ring ring;
	pid_t child;
	void *other;

	ASSERT_EQ(0, ring_open(&ring, 4));
	/* Also of a mapping that has its pages already. */
	memset(self->mem, 0x55, LENGTH / 2);
	child = fork();
	if (!child)
		_exit(-ring_register(&ring, self->mem, LENGTH));
	EXPECT_EQ(want, wait_child_at_once(child));

	EXPECT_TRUE(test_all_bytes(self->mem, 0x55, LENGTH / 2));
	memset(self->mem, 0x66, LENGTH);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x66, LENGTH));
	if (variant->for_long)
		return;

	/* The way to register is right: other memory is taken. */
	other = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_EQ(0, ring_register(&ring, other, self->page));
}

/* Only a screen, which shows memory of programs. */
#define LOAD_SCREEN \
	"modprobe -q vivid node_types=0x100 allocators=0 2> /dev/null"

#define SCREEN_BUFFERS 2

FIXTURE(screen)
{
	int dev;
	char *mem;
	int video;
	__u32 image;
	/* Set by the setup, for the teardown in the parent. */
	bool loaded;
};

FIXTURE_VARIANT(screen)
{
	const char *source;
	bool for_long;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(screen, cma) { .source = "cma" };
FIXTURE_VARIANT_ADD(screen, contig) { .source = "contig", .for_long = true };
/* clang-format on */

static int open_screen(void)
{
	struct v4l2_capability capability;
	char path[32];
	int i, fd;

	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &capability) &&
		    !strcmp((char *)capability.driver, "vivid") &&
		    capability.device_caps & V4L2_CAP_VIDEO_OUTPUT)
			return fd;
		close(fd);
	}
	return -1;
}

FIXTURE_SETUP(screen)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };
	struct v4l2_requestbuffers buffers = {
		.count = SCREEN_BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_USERPTR,
	};
	int bank = bank_of(variant->source);

	if (bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(bank);
	ASSERT_LE(0, self->dev);
	self->mem = test_map(self->dev, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->loaded = system(LOAD_SCREEN) == 0;
	if (!self->loaded)
		SKIP(return, "this kernel has no vivid");
	self->video = open_screen();
	ASSERT_LE(0, self->video);
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_G_FMT, &format));
	self->image = format.fmt.pix.sizeimage;
	ASSERT_GE(LENGTH, self->image);
	ASSERT_EQ(0, ioctl(self->video, VIDIOC_REQBUFS, &buffers));
}

FIXTURE_TEARDOWN_PARENT(screen)
{
	if (self->loaded)
		EXPECT_EQ(0, system("rmmod vivid"));
	EXPECT_TRUE(test_banks_empty());
}

/*
 * Gives it to the device for long, which will only read it: as both of the
 * buffers that vivid needs before it begins. Returns 0 or an errno.
 */
static int show(int video, void *mem, __u32 length)
{
	struct v4l2_buffer buffer;
	int type = V4L2_BUF_TYPE_VIDEO_OUTPUT, i;

	for (i = 0; i < SCREEN_BUFFERS; i++) {
		buffer = (struct v4l2_buffer){
			.index = i,
			.type = type,
			.memory = V4L2_MEMORY_USERPTR,
			.m.userptr = (uintptr_t)mem,
			.length = length,
			.bytesused = length,
		};
		if (ioctl(video, VIDIOC_QBUF, &buffer))
			return errno;
	}
	if (ioctl(video, VIDIOC_STREAMON, &type) ||
	    ioctl(video, VIDIOC_DQBUF, &buffer))
		return errno;
	return ioctl(video, VIDIOC_STREAMOFF, &type) ? errno : 0;
}

/*
 * A kernel that cannot refuse it, because it was built without DAX, tries for ever;
 * who is killed has all given back.
 */
TEST_F(screen, takes_it_to_read_for_long_or_is_refused_at_once)
{
	const bool for_ever = !variant->for_long &&
			      long_pin_errno() != EOPNOTSUPP;
	const int want = variant->for_long ? 0 :
			 for_ever	   ? -SIGKILL :
					     long_pin_errno();
	pid_t child;

	/* Whether its pages are there already or not. */
	memset(self->mem, 0x55, LENGTH / 4);
	child = fork();
	if (!child)
		_exit(show(self->video, self->mem, self->image));
	if (for_ever) {
		sleep(2);
		kill(child, SIGKILL);
	}
	EXPECT_EQ(want, wait_child_at_once(child));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x55, LENGTH / 4));
}

/* The way to show is right: other memory is taken. */
TEST_F(screen, takes_other_memory)
{
	void *other = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	ASSERT_NE(MAP_FAILED, other);
	child = fork();
	if (!child)
		_exit(show(self->video, other, self->image));
	EXPECT_EQ(0, wait_child_at_once(child));
}

TEST_HARNESS_MAIN
