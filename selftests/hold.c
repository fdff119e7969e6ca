// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts: holds one thing of membank.
 *
 * usage: hold KIND NODE WHAT [COMMAND [ARG]…]
 *
 * While COMMAND runs, whose status is its own; without one it says "ready" and
 * holds it until it is killed, or who started it ends. WHAT is a length in bytes,
 * or of services a name. If it cannot have the thing, it says why in the words of
 * strerror(3) and ends with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"

extern char **environ;

/* How many offers a client takes. */
#define OFFERS 16

/* Each holds its thing when it returns 0, and not the node; or a negative errno. */

static int hold_mapping(int dev, const char *what)
{
	char *mem = test_map(dev, strtoull(what, NULL, 10));

	if (mem == MAP_FAILED)
		return -errno;
	*mem = 1;
	return 0;
}

/* It is the node's, so another descriptor of the same open file is kept. */
static int hold_region_map(int dev, const char *what)
{
	(void)what;
	return dup(dev) < 0 ? -errno : 0;
}

static int hold_dmabuf(int dev, const char *what)
{
	int fd = test_alloc(dev, strtoull(what, NULL, 10), 0, 0);

	return fd < 0 ? fd : 0;
}

static int hold_region(int dev, const char *what)
{
	int fd = test_alloc(dev, strtoull(what, NULL, 10), 0, 0), ret;
	char *mem;

	if (fd < 0)
		return fd;
	ret = handle_attach(dev, fd, NULL, 0, &mem);
	close(fd);
	return ret;
}

static int hold_notifier(int dev, const char *what)
{
	int fd = notifier_create(dev);

	(void)what;
	return fd < 0 ? fd : 0;
}

static int hold_service(int dev, const char *what)
{
	int fd = service_register(dev, what, 0, NULL, 0);

	return fd < 0 ? fd : 0;
}

static int hold_client(int dev, const char *what)
{
	struct membank_offer offers[OFFERS];
	int fd = service_connect(dev, what, 0, offers, OFFERS, NULL);

	return fd < 0 ? fd : 0;
}

/* Of a service that has ended. */
static int hold_connection(int dev, const char *what)
{
	int service = service_register(dev, what, 0222, NULL, 0), ret;

	if (service < 0)
		return service;
	ret = hold_client(dev, what);
	close(service);
	return ret;
}

/* Of a dataspace that nobody else has. */
static int hold_page(int dev, const char *what)
{
	struct iovec page = { .iov_len = 4096 };
	size_t length = strtoull(what, NULL, 10);
	int ends[2];

	page.iov_base = test_map(dev, length);
	if (page.iov_base == MAP_FAILED)
		return -errno;
	*(char *)page.iov_base = 1;
	if (pipe(ends))
		return -errno;
	if (vmsplice(ends[1], &page, 1, 0) != 4096)
		return -EIO;
	return munmap(page.iov_base, length) ? -errno : 0;
}

static const struct {
	const char *name;
	int (*hold)(int dev, const char *what);
} kinds[] = {
	{ "mapping", hold_mapping },	 { "region map", hold_region_map },
	{ "region", hold_region },	 { "dma-buf", hold_dmabuf },
	{ "notifier", hold_notifier },	 { "service", hold_service },
	{ "client", hold_client },	 { "connection", hold_connection },
	{ "page in a pipe", hold_page },
};

static int hold(const char *kind, const char *node, const char *what)
{
	int dev, ret = -EINVAL;
	unsigned int i;

	dev = open(node, O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(kinds[i].name, kind))
			ret = kinds[i].hold(dev, what);
	}
	close(dev);
	return ret;
}

/* What is held must be nobody else's, so no descriptor is inherited. */
static int run(char **command)
{
	int status, ret;
	pid_t child;

	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return -errno;
	ret = posix_spawnp(&child, command[0], NULL, NULL, command, environ);
	if (ret)
		return -ret;
	if (waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_to_be_killed(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	if (puts("ready") < 0 || fflush(stdout))
		return -errno;
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 4) {
		fprintf(stderr,
			"usage: hold KIND NODE WHAT [COMMAND [ARG]...]\n");
		return 2;
	}
	ret = hold(argv[1], argv[2], argv[3]);
	if (!ret)
		ret = argc > 4 ? run(argv + 4) : wait_to_be_killed();
	if (ret < 0) {
		fprintf(stderr, "%s\n", strerror(-ret));
		return 1;
	}
	return ret;
}
