/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of pagers share: a pager's calls, threads that touch, and the
 * bytes by which a page is known. Include it after handle.h and touch.h.
 */
#ifndef MEMBANK_SELFTESTS_PAGER_H
#define MEMBANK_SELFTESTS_PAGER_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pager_ends.h"

#define PAGE 4096UL
#define PAGES 256UL
#define LENGTH (PAGES * PAGE)

/* What regions of these tests are attached with: not 0, so that it shows. */
#define OFFSET (16 * GIB)
#define GIB (1024 * MIB)

#define PAGER MEMBANK_REGION_PAGER
#define SEARCH MEMBANK_REGION_SEARCH_ADDR

static inline struct membank_region_attach pager_args(int attach, __u32 flags)
{
	const struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = attach,
		.length = LENGTH,
		.offset = OFFSET,
		.flags = flags | PAGER | SEARCH,
		.out_start = TEST_NONE,
	};

	return args;
}

/* Anywhere; returns 0 or a negative errno. */
static inline int pager_attach(int dev, int attach, __u32 flags, char **mem)
{
	struct membank_region_attach args = pager_args(attach, flags);
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_ATTACH, &args);

	if (!ret)
		*mem = (char *)(uintptr_t)args.out_start;
	return ret;
}

/* Waits for a fault, unless the end is O_NONBLOCK. */
static inline int pager_next(int fd, struct membank_pager_fault *fault)
{
	ssize_t ret;

	memset(fault, TEST_JUNK, sizeof(*fault));
	ret = read(fd, fault, sizeof(*fault));
	if (ret < 0)
		return -errno;
	return ret == sizeof(*fault) ? 0 : -EPROTO;
}

static inline bool pager_is_idle(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 0;
}

/* Until there is one to be read. */
static inline bool pager_wait_fault(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, TEST_PATIENCE) == 1 &&
	       poll_fd.revents == POLLIN;
}

static inline short pager_events(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) < 0 ? POLLNVAL : poll_fd.revents;
}

static inline int pager_reply(int fd, __u64 id, int dataspace, __u64 offset,
			      __u64 length)
{
	struct membank_pager_reply args = {
		.size = sizeof(args),
		.id = id,
		.offset = offset,
		.length = length,
		.fd = dataspace,
	};

	return test_ioctl(fd, MEMBANK_IOC_PAGER_REPLY, &args);
}

static inline int pager_fail(int fd, __u64 id)
{
	return pager_reply(fd, id, -1, 0, 0);
}

/*
 * Fails all that is asked until @thread, which makes a system call, has ended: a
 * kernel that could not copy by words tries once more by bytes, and so asks again.
 */
static inline int pager_fail_until_joined(int fd, pthread_t thread)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct membank_pager_fault fault;
	int ret;

	while ((ret = pthread_tryjoin_np(thread, NULL)) == EBUSY) {
		if (poll(&poll_fd, 1, 1) != 1)
			continue;
		ret = pager_next(fd, &fault);
		if (!ret)
			ret = pager_fail(fd, fault.id);
		if (ret)
			return ret;
	}
	return -ret;
}

/* The byte that a page of the dataspace is full of. */
static inline int page_byte(size_t page)
{
	return (page * 7 + 1) & 0xff;
}

/* Returns whether all pages could be written. */
static inline bool pages_fill(int fd)
{
	char *mem = test_map(fd, LENGTH);
	size_t page;

	if (mem == MAP_FAILED)
		return false;
	for (page = 0; page < PAGES; page++)
		memset(mem + page * PAGE, page_byte(page), PAGE);
	return !munmap(mem, LENGTH);
}

/* Answers each fault with the page of the same number, until there is no user. */
static inline int pager_serve(int fd, int dataspace)
{
	struct membank_pager_fault fault;
	int ret;

	for (;;) {
		ret = pager_next(fd, &fault);
		if (ret)
			return ret;
		ret = pager_reply(fd, fault.id, dataspace,
				  fault.offset - OFFSET, 0);
		/* Who was killed meanwhile waits no more. */
		if (ret && ret != -ENOENT)
			return ret;
	}
}

/**
 * struct toucher - a thread that touches one byte
 * @thread: the thread
 * @at: the byte
 * @write: a byte to write, 0: read it
 * @tid: of the thread, once it is known; else 0
 * @byte: what was read
 * @signal: 0 or the signal that came instead
 */
struct toucher {
	pthread_t thread;
	char *at;
	char write;
	pid_t tid;
	char byte;
	int signal;
};

static void *toucher_run(void *argument)
{
	struct toucher *toucher = argument;

	__atomic_store_n(&toucher->tid, gettid(), __ATOMIC_RELEASE);
	if (toucher->write)
		toucher->signal = touch_write(toucher->at, toucher->write);
	else
		toucher->signal = touch_read(toucher->at, &toucher->byte);
	return NULL;
}

/* @write: 0 to read. Returns 0 or an errno. */
static inline int toucher_start(struct toucher *toucher, char *at, char write)
{
	memset(toucher, 0, sizeof(*toucher));
	toucher->at = at;
	toucher->write = write;
	return pthread_create(&toucher->thread, NULL, toucher_run, toucher);
}

/* A thread waits at a byte, and its fault was read; 0 or an error. */
static inline int toucher_begin(struct toucher *toucher, char *at, char write,
				int fd, struct membank_pager_fault *fault)
{
	int ret = toucher_start(toucher, at, write);

	return ret ? ret : pager_next(fd, fault);
}

/* Returns the byte, or the negative number of the signal. */
static inline int toucher_join(struct toucher *toucher)
{
	pthread_join(toucher->thread, NULL);
	return toucher->signal ? -toucher->signal :
				 (unsigned char)toucher->byte;
}

/* Until a thread sleeps: it cannot be seen what for, so ask when that is clear. */
static inline bool thread_wait_asleep(pid_t tid)
{
	char state;

	do {
		sched_yield();
		state = test_thread_state(tid);
	} while (state == 'R');
	return state == 'S' || state == 'D';
}

/* Likewise, and off its processor, which is when the kernel counts that it sleeps. */
static inline bool thread_wait_counted(pid_t tid)
{
	return thread_wait_asleep(tid) && test_thread_call(tid) != -2;
}

#endif /* MEMBANK_SELFTESTS_PAGER_H */
