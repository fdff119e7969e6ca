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
 * struct stall - two pages, each of which is there when it was brought
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

/* Returns 0 or a negative errno. */
static inline int stall_make(struct stall *stall)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range.len = 2 * STALL_PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
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

/* As before the first page was brought. */
static inline void stall_again(const struct stall *stall)
{
	madvise(stall->pages, 2 * STALL_PAGE, MADV_DONTNEED);
}

#endif /* MEMBANK_SELFTESTS_STALL_H */
