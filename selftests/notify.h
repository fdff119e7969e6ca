/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of notifiers and services share. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_NOTIFY_H
#define MEMBANK_SELFTESTS_NOTIFY_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define TRIGGER MEMBANK_NOTIFIER_TRIGGER
#define RECEIVE MEMBANK_NOTIFIER_RECEIVE
#define BOTH (TRIGGER | RECEIVE)

/* A descriptor number that no test opens. */
#define NOT_OPEN 987

/* Each struct's second word: flags, or rights. */
#define FORM_WORD 4

/* Of form_violation(): the command opens no descriptor. */
#define FORM_NO_FD (-1L)

static inline int notifier_create(int dev)
{
	struct membank_notifier_create args = { .size = sizeof(args),
						.out_fd = NOT_OPEN };
	int ret = test_ioctl(dev, MEMBANK_IOC_NOTIFIER_CREATE, &args);

	return ret ? ret : args.out_fd;
}

static inline int notifier_derive(int fd, __u32 rights)
{
	struct membank_notifier_derive args = { .size = sizeof(args),
						.rights = rights,
						.out_fd = NOT_OPEN };
	int ret = test_ioctl(fd, MEMBANK_IOC_NOTIFIER_DERIVE, &args);

	return ret ? ret : args.out_fd;
}

static inline int notifier_bind(int fd, int eventfd)
{
	struct membank_notifier_bind args = { .size = sizeof(args),
					      .eventfd = eventfd };

	return test_ioctl(fd, MEMBANK_IOC_NOTIFIER_BIND, &args);
}

static inline int notifier_trigger(int fd)
{
	struct membank_notifier_trigger args = { .size = sizeof(args) };

	return test_ioctl(fd, MEMBANK_IOC_NOTIFIER_TRIGGER, &args);
}

static inline int notifier_bind_oneshot(int fd, int eventfd)
{
	struct membank_notifier_bind args = { .size = sizeof(args),
					      .flags = MEMBANK_BIND_ONESHOT,
					      .eventfd = eventfd };

	return test_ioctl(fd, MEMBANK_IOC_NOTIFIER_BIND, &args);
}

static inline int notifier_unmask(int fd)
{
	struct membank_notifier_unmask args = { .size = sizeof(args) };

	return test_ioctl(fd, MEMBANK_IOC_NOTIFIER_UNMASK, &args);
}

/* Returns the number of triggers, which read() takes, or a negative errno. */
static inline __s64 notifier_read(int fd)
{
	__u64 count = TEST_NONE;
	ssize_t length = read(fd, &count, sizeof(count));

	if (length < 0)
		return -errno;
	return length == sizeof(count) ? (__s64)count : -EPROTO;
}

/* Returns 0 or a negative errno. */
static inline int notifier_write(int fd)
{
	const __u64 one = 1;
	ssize_t length = write(fd, &one, sizeof(one));

	if (length < 0)
		return -errno;
	return length == sizeof(one) ? 0 : -EPROTO;
}

/* Returns 0 or a negative errno. */
static inline int notifier_nonblock(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) ? -errno : 0;
}

/* Returns the number of triggers, or a negative errno. */
static inline __s64 notifier_call(int fd, int wait_fd, __u64 timeout_ns)
{
	struct membank_notifier_call args = { .size = sizeof(args),
					      .timeout_ns = timeout_ns,
					      .wait_fd = wait_fd,
					      .out_count = TEST_NONE };
	int ret = test_ioctl(fd, MEMBANK_IOC_NOTIFIER_CALL, &args);

	return ret ? ret : (__s64)args.out_count;
}

static inline int event_create(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/* What an eventfd has counted since it was read last. */
static inline __u64 event_count(int fd)
{
	__u64 count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* What poll() reports, after @timeout milliseconds at most. */
static inline int revents(int fd, int timeout)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, timeout) < 0 ? -errno : pollfd.revents;
}

/* Returns whether the thread came into this state. */
static inline bool wait_state(pid_t tid, char state)
{
	__s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;

	while (test_thread_state(tid) != state) {
		if (clock_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

/* A thread that triggers at the same time as another does something else. */
struct meeting {
	pthread_barrier_t barrier;
	int fd;
	int rounds;
	int failed;
};

static inline void *trigger_at_meetings(void *arg)
{
	struct meeting *meeting = arg;
	int i;

	for (i = 0; i < meeting->rounds; i++) {
		pthread_barrier_wait(&meeting->barrier);
		meeting->failed += notifier_trigger(meeting->fd) != 0;
		pthread_barrier_wait(&meeting->barrier);
	}
	return NULL;
}

static inline int form_close(int ret, const void *arg, long fd_offset)
{
	int fd;

	if (ret || fd_offset == FORM_NO_FD)
		return ret;
	memcpy(&fd, (const char *)arg + fd_offset, sizeof(fd));
	return close(fd) ? -errno : 0;
}

/**
 * form_violation() - give a command its struct in every form
 * @fd: descriptor it goes to
 * @command: MEMBANK_IOC_*
 * @good: a struct of @size bytes that succeeds, again and again
 * @size: of the first release
 * @fd_offset: of the descriptor that it opens, or FORM_NO_FD
 * @known: bits of the second word that the kernel knows
 *
 * Return: the first thing that is wrong, NULL if nothing is.
 */
static inline const char *form_violation(int fd, unsigned long command,
					 const void *good, __u32 size,
					 long fd_offset, __u32 known)
{
	unsigned int files = test_open_files();
	size_t page = sysconf(_SC_PAGESIZE);
	char *edge, *arg;
	__u32 bit, word;

	edge = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (edge == MAP_FAILED || munmap(edge + page, page))
		return "no memory to test with";
	arg = edge + page - size;
	memcpy(arg, good, size);
#define FORM_SIZE(_size) (*(__u32 *)arg = (_size))
#define FORM_CALL() form_close(test_ioctl(fd, command, arg), arg, fd_offset)

	if (test_ioctl(fd, command, NULL) != -EFAULT)
		return "NULL is no EFAULT";
	FORM_SIZE(size);
	if (FORM_CALL())
		return "the struct itself does not succeed";
	FORM_SIZE(0);
	if (FORM_CALL() != -EINVAL)
		return "size 0 is no EINVAL";
	FORM_SIZE(size - 1);
	if (FORM_CALL() != -EINVAL)
		return "a size too small is no EINVAL";

	/* ioctl(), since the other wrapper would read what is not there. */
	FORM_SIZE(size + 1);
	if (ioctl(fd, command, arg) != -1 || errno != EFAULT)
		return "a struct that is not all mapped is no EFAULT";

	arg = edge;
	memset(arg, 0, page);
	memcpy(arg, good, size);
	FORM_SIZE(size + 1);
	if (FORM_CALL())
		return "a clean byte more does not succeed";
	FORM_SIZE(size + 64);
	if (FORM_CALL())
		return "a longer struct does not succeed";
	arg[size + 63] = 1;
	if (FORM_CALL() != -E2BIG)
		return "a dirty tail is no E2BIG";
	arg[size + 63] = 0;
	FORM_SIZE(size);

	for (bit = 0; bit < 32; bit++) {
		if (known & 1U << bit)
			continue;
		memcpy(&word, (const char *)good + FORM_WORD, sizeof(word));
		word |= 1U << bit;
		memcpy(arg + FORM_WORD, &word, sizeof(word));
		if (FORM_CALL() != -EOPNOTSUPP)
			return "an unknown bit is no EOPNOTSUPP";
	}
	memcpy(arg + FORM_WORD, (const char *)good + FORM_WORD, sizeof(word));

	/* Nothing can be written back: no descriptor may stay behind. */
	if (fd_offset != FORM_NO_FD) {
		if (mprotect(edge, page, PROT_READ))
			return "no memory to test with";
		if (test_ioctl(fd, command, arg) != -EFAULT)
			return "a struct that cannot be written is no EFAULT";
	}

	munmap(edge, page);
	if (test_open_files() != files)
		return "a descriptor stayed open";
	return NULL;
#undef FORM_CALL
#undef FORM_SIZE
}

#define EXPECT_FORM(...)                                          \
	do {                                                      \
		const char *_wrong = form_violation(__VA_ARGS__); \
		EXPECT_EQ(NULL, _wrong)                           \
		TH_LOG("%s", _wrong);                             \
	} while (0)

#endif /* MEMBANK_SELFTESTS_NOTIFY_H */
