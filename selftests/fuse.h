/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file in user space (FUSE), which the kernel has to wait for. Include it after
 * common.h.
 */
#ifndef MEMBANK_SELFTESTS_FUSE_H
#define MEMBANK_SELFTESTS_FUSE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FUSE_PAGE 4096UL

/**
 * struct fuse - one file of a page, whose content comes when we like
 * @fd: where the kernel asks
 * @failures: so often it is asked for the content in vain first
 * @thread: that answers all but the content at once
 * @asked: somebody waits for the content
 * @go: it may come
 * @content: of the page
 */
struct fuse {
	int fd;
	unsigned int failures;
	pthread_t thread;
	sem_t asked;
	sem_t go;
	char content[FUSE_PAGE];
};

#define FUSE_NODE 2

static inline void fuse_answer(int fd, __u64 unique, int error,
			       const void *data, size_t size)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + (error ? 0 : size),
		.error = error,
		.unique = unique,
	};
	const struct iovec parts[] = {
		{ &out, sizeof(out) },
		{ (void *)data, error ? 0 : size },
	};

	/* If nobody is there for it any more, it is of no use. */
	if (writev(fd, parts, 2) < 0)
		return;
}

static inline struct fuse_attr fuse_attr_of(__u64 node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == FUSE_NODE ? FUSE_PAGE : 0,
		.mode = node == FUSE_NODE ? S_IFREG | 0600 : S_IFDIR | 0700,
		.nlink = 1,
	};
}

static inline void fuse_serve(struct fuse *fuse,
			      const struct fuse_in_header *in)
{
	static const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = FUSE_PAGE,
	};
	const struct fuse_entry_out entry = {
		.nodeid = FUSE_NODE,
		.entry_valid = 60,
		.attr_valid = 60,
		.attr = fuse_attr_of(FUSE_NODE),
	};
	const struct fuse_attr_out attr = {
		.attr_valid = 60,
		.attr = fuse_attr_of(in->nodeid),
	};
	const struct fuse_open_out open = {};

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_answer(fuse->fd, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		fuse_answer(fuse->fd, in->unique, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		fuse_answer(fuse->fd, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		fuse_answer(fuse->fd, in->unique, 0, &open, sizeof(open));
		break;
	case FUSE_READ:
		if (fuse->failures) {
			fuse->failures--;
			fuse_answer(fuse->fd, in->unique, -EIO, NULL, 0);
			break;
		}
		sem_post(&fuse->asked);
		sem_wait(&fuse->go);
		fuse_answer(fuse->fd, in->unique, 0, fuse->content, FUSE_PAGE);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		fuse_answer(fuse->fd, in->unique, -EOPNOTSUPP, NULL, 0);
	}
}

static inline void *fuse_run(void *arg)
{
	static char buffer[65536 + FUSE_PAGE];
	struct fuse *fuse = arg;

	for (;;) {
		if (read(fuse->fd, buffer, sizeof(buffer)) > 0)
			fuse_serve(fuse, (void *)buffer);
		else if (errno != EINTR && errno != ENOENT && errno != EAGAIN)
			break;
	}
	return NULL;
}

/* Returns the file, mapped; NULL: this kernel has no FUSE. */
static inline char *fuse_map(struct fuse *fuse)
{
	char dir[] = "/tmp/hostile-XXXXXX", path[64], options[96];
	char *mem;
	int fd;

	if (access("/dev/fuse", F_OK) && system("modprobe -q fuse"))
		return NULL;
	fuse->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse->fd < 0)
		return NULL;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse->fd);
	/* Nobody else sees it, and it ends with us. */
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(dir) ||
	    mount("hostile", dir, "fuse", MS_NOSUID | MS_NODEV, options))
		return MAP_FAILED;
	sem_init(&fuse->asked, 0, 0);
	sem_init(&fuse->go, 0, 0);
	if (pthread_create(&fuse->thread, NULL, fuse_run, fuse))
		return MAP_FAILED;

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	mem = mmap(NULL, FUSE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	return mem;
}

/* Whether somebody waits for the content by now. */
static inline bool fuse_wait(struct fuse *fuse)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += TEST_PATIENCE / 1000;
	return !sem_timedwait(&fuse->asked, &end);
}

#endif /* MEMBANK_SELFTESTS_FUSE_H */
