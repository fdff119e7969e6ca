/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process in the middle of a fault that lasts, which keeps the lock of its address
 * space: whoever wants something there waits for it. Include it after fuse.h, map.h
 * and touch.h.
 */
#ifndef MEMBANK_SELFTESTS_STUCK_H
#define MEMBANK_SELFTESTS_STUCK_H

#include <sys/socket.h>

/* There are two regions of a MiB. */
#define STUCK_LENGTH (2 * MIB)

/**
 * struct stuck - the process, and how it goes on
 * @node: that it has opened
 * @hole: where its regions are; it is free here
 * @socket: it ends when this is closed, with a status of 0
 * @child: its number
 * @file: has the page that it touches
 */
struct stuck {
	int node;
	char *hole;
	int socket;
	pid_t child;
	struct fuse file;
};

/*
 * The second time the kernel asks for a page of a file it does so with the lock of
 * the address space in its hand.
 */
static inline void stuck_touch(const struct stuck *stuck, int socket,
			       const char *page)
{
	int dev = test_open(0), fd = test_alloc(dev, MIB, 0, 0);
	char *mem, byte;

	/* With who answers its page it ends, too. */
	close(stuck->file.fd);
	if (map_attach(dev, map_args(fd, stuck->hole, 0), &mem) ||
	    map_attach(dev, map_args(fd, stuck->hole + MIB, 0), &mem) ||
	    test_send_fd(socket, dev))
		_exit(1);
	touch_init();
	if (touch_read(page, &byte) || byte != 'f' || read(socket, &byte, 1))
		_exit(2);
	_exit(0);
}

/* Until it is stuck. Returns 0, -ENODEV: no FUSE, or another negative errno. */
static inline int stuck_make(struct stuck *stuck)
{
	int pair[2];
	pid_t child;
	char *page;

	page = fuse_map(&stuck->file);
	if (!page)
		return -ENODEV;
	if (page == MAP_FAILED || madvise(page, FUSE_PAGE, MADV_RANDOM))
		return -EINVAL;
	stuck->file.failures = 1;
	stuck->file.content[0] = 'f';
	/* Last, so that nothing of ours comes there. */
	stuck->hole = map_hole(STUCK_LENGTH);
	if (!stuck->hole ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -ENOMEM;
	child = fork();
	if (!child) {
		close(pair[0]);
		stuck_touch(stuck, pair[1], page);
	}
	stuck->child = child;
	close(pair[1]);
	stuck->socket = pair[0];
	stuck->node = test_receive_fd(stuck->socket);
	return stuck->node >= 0 && fuse_wait(&stuck->file) ? 0 : -ETIME;
}

/* Not for ever: its page comes. */
static inline void stuck_go(struct stuck *stuck)
{
	sem_post(&stuck->file.go);
}

#endif /* MEMBANK_SELFTESTS_STUCK_H */
