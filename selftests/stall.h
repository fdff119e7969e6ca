/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the kernel has to wait for: of who has a userfaultfd. Include it after
 * common.h.
 */
#ifndef MEMBANK_SELFTESTS_STALL_H
#define MEMBANK_SELFTESTS_STALL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STALL_PAGE 4096UL

/**
 * struct stall - two pages, each of which is there when it was brought, or can be
 * written to while that is let
 * @fd: the userfaultfd
 * @pages: their addresses
 */
struct stall {
	int fd;
	char *pages;
};

static inline bool stall_is_there(void)
{
	return !access("/proc/sys/vm/unprivileged_userfaultfd", F_OK);
}

static inline int stall_register(struct stall *stall, __u64 features,
				 __u64 mode)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register range = {
		.range.len = 2 * STALL_PAGE,
		.mode = mode,
	};

	stall->fd = syscall(__NR_userfaultfd, O_CLOEXEC);
	if (stall->fd < 0)
		return -errno;
	stall->pages = mmap(NULL, 2 * STALL_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)stall->pages;
	if (stall->pages == MAP_FAILED || ioctl(stall->fd, UFFDIO_API, &api) ||
	    ioctl(stall->fd, UFFDIO_REGISTER, &range))
		return -errno;
	return 0;
}

/* Pages that are to be brought. Returns 0 or a negative errno. */
static inline int stall_make(struct stall *stall)
{
	return stall_register(stall, 0, UFFDIO_REGISTER_MODE_MISSING);
}

/* Pages that are there, and whose writers can be made to wait. Likewise. */
static inline int stall_make_writers(struct stall *stall)
{
	return stall_register(stall, UFFD_FEATURE_PAGEFAULT_FLAG_WP,
			      UFFDIO_REGISTER_MODE_WP);
}

/* Whether somebody waits for a page by now. */
static inline bool stall_wait(const struct stall *stall)
{
	struct pollfd poll_fd = { .fd = stall->fd, .events = POLLIN };
	struct uffd_msg message;

	return poll(&poll_fd, 1, TEST_PATIENCE) == 1 &&
	       read(stall->fd, &message, sizeof(message)) == sizeof(message) &&
	       message.event == UFFD_EVENT_PAGEFAULT;
}

/* Brings page 0 or 1; @from may be NULL for zeroes. Returns 0 or an errno. */
static inline int stall_bring(const struct stall *stall, int page,
			      const void *from)
{
	static const char zeroes[STALL_PAGE];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)stall->pages + page * STALL_PAGE,
		.src = (uintptr_t)(from ? from : zeroes),
		.len = STALL_PAGE,
	};

	return ioctl(stall->fd, UFFDIO_COPY, &copy) ? -errno : 0;
}

/* From now on who writes to page 0 waits, or no longer. Returns 0 or an errno. */
static inline int stall_writers(const struct stall *stall, bool wait)
{
	struct uffdio_writeprotect protect = {
		.range.start = (uintptr_t)stall->pages,
		.range.len = STALL_PAGE,
		.mode = wait ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(stall->fd, UFFDIO_WRITEPROTECT, &protect) ? -errno : 0;
}

/* To the process at the other end of a socket: the pages stay those of the sender. */
static inline bool stall_send(const struct stall *stall, int socket)
{
	return !test_send_fd(socket, stall->fd) &&
	       write(socket, &stall->pages, sizeof(stall->pages)) ==
		       sizeof(stall->pages);
}

/* Those of the process at the other end. */
static inline bool stall_receive(struct stall *stall, int socket)
{
	stall->fd = test_receive_fd(socket);
	return stall->fd >= 0 &&
	       read(socket, &stall->pages, sizeof(stall->pages)) ==
		       sizeof(stall->pages);
}

/* As before the first page was brought. */
static inline void stall_again(const struct stall *stall)
{
	madvise(stall->pages, 2 * STALL_PAGE, MADV_DONTNEED);
}

#endif /* MEMBANK_SELFTESTS_STALL_H */
