/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of I/O share: the disks of the machine, an io_uring without a
 * library, and bytes that are not found elsewhere. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_IO_H
#define MEMBANK_SELFTESTS_IO_H

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of disk_open(): where direct I/O to it begins and ends. */
#define SECTOR 512

/* What a skip says, because nobody can guess it. */
#define NO_DISK "no such disk: scripts/vm --disk 64M --disk 64M:slow has both"
#define NO_SOURCE "no bank of source %s is loaded"

/* In milliseconds: what does not wait for a device is done long before. */
#define AT_ONCE 30000

/**
 * struct disk - a disk that scripts/vm gave the machine
 * @name: in /dev and /sys/block
 * @direct: for direct I/O
 * @cached: for I/O through the page cache
 */
struct disk {
	char name[16];
	int direct;
	int cached;
};

static inline bool disk_line(const char *name, const char *attr, char *line,
			     size_t size)
{
	char path[64];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/sys/block/%s/%s", name, attr);
	file = fopen(path, "re");
	if (!file)
		return false;
	ok = fgets(line, size, file);
	fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

/* Returns whether there is one; the serial number says if it is a slow one. */
static inline bool disk_open(struct disk *disk, bool slow)
{
	char serial[32], path[32];
	char letter;

	for (letter = 'a'; letter <= 'z'; letter++) {
		snprintf(disk->name, sizeof(disk->name), "vd%c", letter);
		if (!disk_line(disk->name, "serial", serial, sizeof(serial)) ||
		    strncmp(serial, "disk", 4) ||
		    !!strstr(serial, ".slow") != slow)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", disk->name);
		disk->direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		disk->cached = open(path, O_RDWR | O_CLOEXEC);
		return disk->direct >= 0 && disk->cached >= 0;
	}
	return false;
}

/* Returns how many reads the disk has not answered yet, -1: unknown. */
static inline int disk_reads(const struct disk *disk)
{
	char line[64];
	int reads;

	if (!disk_line(disk->name, "inflight", line, sizeof(line)) ||
	    sscanf(line, "%d", &reads) != 1)
		return -1;
	return reads;
}

/* Returns whether just this went to the disk itself and not to its cache. */
static inline bool disk_write(const struct disk *disk, const void *from,
			      size_t length, off_t at)
{
	return pwrite(disk->cached, from, length, at) == length &&
	       !fsync(disk->cached) && !ioctl(disk->cached, BLKFLSBUF, 0);
}

/* Returns whether it could be read, and not from the cache. */
static inline bool disk_read(const struct disk *disk, void *to, size_t length,
			     off_t at)
{
	return !ioctl(disk->cached, BLKFLSBUF, 0) &&
	       pread(disk->cached, to, length, at) == length;
}

/* Bytes that look like no others; @seed says which. */
static inline unsigned char bytes_next(__u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 24;
}

static inline void bytes_fill(void *start, size_t length, __u32 seed)
{
	unsigned char *mem = start;
	__u32 state = seed;
	size_t i;

	for (i = 0; i < length; i++)
		mem[i] = bytes_next(&state);
}

static inline bool bytes_are(const void *start, size_t length, __u32 seed)
{
	const unsigned char *mem = start;
	__u32 state = seed;
	size_t i;

	for (i = 0; i < length; i++)
		if (mem[i] != bytes_next(&state))
			return false;
	return true;
}

/**
 * struct ring - an io_uring
 * @fd: its descriptor
 * @entries: how many requests it takes at once
 * @sq: the ring of submissions, which is also that of completions
 * @sqes: the submissions
 * @sq_off: where things are in @sq
 * @cq_off: likewise
 */
struct ring {
	int fd;
	__u32 entries;
	char *sq;
	struct io_uring_sqe *sqes;
	struct io_sqring_offsets sq_off;
	struct io_cqring_offsets cq_off;
};

/* Returns 0 or a negative errno. */
static inline int ring_open(struct ring *ring, __u32 entries)
{
	struct io_uring_params params = {};
	size_t length;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(__NR_io_uring_setup, entries, &params);
	if (ring->fd < 0)
		return -errno;
	ring->entries = params.sq_entries;
	ring->sq_off = params.sq_off;
	ring->cq_off = params.cq_off;
	/* Both rings are one mapping (IORING_FEAT_SINGLE_MMAP). */
	length = params.cq_off.cqes +
		 params.cq_entries * sizeof(struct io_uring_cqe);
	if (length < params.sq_off.array + params.sq_entries * sizeof(__u32))
		length =
			params.sq_off.array + params.sq_entries * sizeof(__u32);
	ring->sq = mmap(NULL, length, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring->fd,
			IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, params.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (ring->sq == MAP_FAILED || ring->sqes == MAP_FAILED)
		return -errno;
	return 0;
}

/* Returns 0, once the kernel has taken the request, or a negative errno. */
static inline int ring_submit(struct ring *ring, struct io_uring_sqe sqe)
{
	__u32 *tail = (__u32 *)(ring->sq + ring->sq_off.tail);
	__u32 *array = (__u32 *)(ring->sq + ring->sq_off.array);
	__u32 at = *tail & (ring->entries - 1);

	ring->sqes[at] = sqe;
	array[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) != 1)
		return -errno;
	return 0;
}

/* Returns whether an answer was there, which it takes. */
static inline bool ring_answer(struct ring *ring, struct io_uring_cqe *cqe)
{
	__u32 *head = (__u32 *)(ring->sq + ring->cq_off.head);
	__u32 *tail = (__u32 *)(ring->sq + ring->cq_off.tail);
	__u32 mask = *(__u32 *)(ring->sq + ring->cq_off.ring_mask);

	if (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head)
		return false;
	*cqe = ((struct io_uring_cqe *)(ring->sq +
					ring->cq_off.cqes))[*head & mask];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

/* Returns the result of the next answer, or a negative errno. */
static inline int ring_wait(struct ring *ring, __u64 *user_data)
{
	struct io_uring_cqe cqe;

	while (!ring_answer(ring, &cqe))
		if (syscall(__NR_io_uring_enter, ring->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			return -errno;
	if (user_data)
		*user_data = cqe.user_data;
	return cqe.res;
}

/* Returns the number of bytes, or a negative errno. */
static inline int ring_io(struct ring *ring, __u8 opcode, int fd, void *mem,
			  size_t length, off_t at)
{
	const struct io_uring_sqe sqe = {
		.opcode = opcode,
		.fd = fd,
		.addr = (uintptr_t)mem,
		.len = length,
		.off = at,
	};
	int ret = ring_submit(ring, sqe);

	return ret ? ret : ring_wait(ring, NULL);
}

/* Returns 0 or a negative errno. */
static inline int ring_register(struct ring *ring, void *mem, size_t length)
{
	const struct iovec iov = { .iov_base = mem, .iov_len = length };

	return syscall(__NR_io_uring_register, ring->fd,
		       IORING_REGISTER_BUFFERS, &iov, 1) ?
		       -errno :
		       0;
}

static inline int ring_unregister(struct ring *ring)
{
	return syscall(__NR_io_uring_register, ring->fd,
		       IORING_UNREGISTER_BUFFERS, NULL, 0) ?
		       -errno :
		       0;
}

/*
 * The errno of a long-term pin of pages of CMA. The kernel knows a mapping that
 * forbids them by its file being one for DAX, if it was built with that; else
 * it refuses those for writing because the mapping tracks writes.
 */
static inline int long_pin_errno(void)
{
	const char *lane = getenv("MEMBANK_LANE");

	return lane && strcmp(lane, "stock") ? EFAULT : EOPNOTSUPP;
}

/* Returns the first bank of this source, -1 if there is none. */
static inline int bank_of(const char *source)
{
	unsigned int bank, banks = test_banks();
	char text[16];

	for (bank = 0; bank < banks; bank++)
		if (test_attr(bank, "source", text, sizeof(text)) &&
		    !strcmp(text, source))
			return bank;
	return -1;
}

/*
 * As test_wait_child(), but for a child that might hang: it is killed when its
 * time is up, and that is what is returned then.
 */
static inline int wait_child_at_once(pid_t child)
{
	struct pollfd poll_fd = {
		.fd = syscall(__NR_pidfd_open, child, 0),
		.events = POLLIN,
	};

	if (poll_fd.fd < 0 || poll(&poll_fd, 1, AT_ONCE) != 1)
		kill(child, SIGKILL);
	close(poll_fd.fd);
	return test_wait_child(child);
}

#endif /* MEMBANK_SELFTESTS_IO_H */
