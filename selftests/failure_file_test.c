// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of every kind, for which the kernel has no memory or cannot copy:
 * opened, watched, sent, duplicated, described in /proc and closed.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "nth.h"
#include "nth_fixture.h"
#include "pager_ends.h"
#include "service.h"

#define LENGTH (64 * KIB)

enum kind {
	NODE,
	DATASPACE,
	NOTIFIER,
	SERVICE,
	CONNECTION,
	PAGER_END,
	PAGER_ATTACH,
	KINDS,
};

/**
 * struct scene - what calls act on
 * @kind: of the descriptor
 * @fd: the descriptor
 * @watch: an epoll
 * @sockets: that are connected
 * @got: a copy of the descriptor
 * @fds: one descriptor of each kind, all the time
 * @closed: another one of each, for those that are to be closed
 * @path: of a file that all can read
 * @text: what a file has told
 * @length: how much it tells, -1: nobody has looked yet
 */
struct scene {
	int kind;
	int fd;
	int watch;
	int sockets[2];
	int got;
	int fds[KINDS];
	int closed[KINDS];
	char path[96];
	char text[8192];
	ssize_t length;
};

/* ----------------------------------------------------------- one's own life */

static const int nodes[] = { TEST_ANY, 0, 1 };

static int run_open(void *arg)
{
	struct scene *scene = arg;

	return test_open(nodes[scene->kind]);
}

static const struct nth_row node_open = {
	.begin = nth_nothing,
	.run = run_open,
	.end = nth_close,
	.asks = NTH_MEMORY,
};

static bool make_service(int *fds, const char *name)
{
	const struct membank_offer offers[] = {
		{ .fd = fds[DATASPACE], .rights = READ },
		{ .fd = fds[NOTIFIER], .rights = RECEIVE },
	};
	struct membank_offer got[ARRAY_SIZE(offers)];

	fds[SERVICE] = service_register(fds[NODE], name, 0200, offers,
					ARRAY_SIZE(offers));
	fds[CONNECTION] =
		service_connect(fds[NODE], name, 0, got, ARRAY_SIZE(got), NULL);
	if (fds[CONNECTION] < 0)
		return false;
	close(got[0].fd);
	close(got[1].fd);
	return true;
}

static bool make_pager(int *fds)
{
	struct pager pager;

	if (pager_create(fds[NODE], &pager))
		return false;
	fds[PAGER_END] = pager.fd;
	fds[PAGER_ATTACH] = pager.attach;
	return true;
}

/* One of each kind. */
static bool make_all(int *fds, const char *name)
{
	fds[NODE] = test_open(0);
	fds[DATASPACE] = test_alloc(fds[NODE], LENGTH, 0, 0);
	fds[NOTIFIER] = notifier_create(fds[NODE]);
	return fds[DATASPACE] >= 0 && fds[NOTIFIER] >= 0 &&
	       make_service(fds, name) && make_pager(fds);
}

static bool begin_close(struct scene *scene)
{
	return make_all(scene->closed, "nth-closed");
}

/* All kinds at once, so that what holds the other goes first or last. */
static int run_close(void *arg)
{
	struct scene *scene = arg;
	int i, ret = 0;

	for (i = 0; i < KINDS; i++)
		if (close(scene->closed[(scene->kind + i) % KINDS]))
			ret = -errno;
	return ret;
}

static const char *end_close(struct scene *scene, int ret)
{
	(void)scene;
	return ret ? "it cannot be closed" : NULL;
}

static const struct nth_row descriptor_close = {
	.begin = begin_close,
	.run = run_close,
	.end = end_close,
};

/* ----------------------------------------------------------------- watching */

static bool begin_watch(struct scene *scene)
{
	scene->watch = epoll_create1(EPOLL_CLOEXEC);
	return scene->watch >= 0;
}

static int run_watch(void *arg)
{
	struct scene *scene = arg;
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(scene->watch, EPOLL_CTL_ADD, scene->fd, &event) ?
		       -errno :
		       0;
}

/* It is watched or not, and can be after. */
static const char *end_watch(struct scene *scene, int ret)
{
	const int again = run_watch(scene);

	close(scene->watch);
	return again == (ret ? 0 : -EEXIST) ? NULL : "it is watched";
}

static const struct nth_row descriptor_watch = {
	.begin = begin_watch,
	.run = run_watch,
	.end = end_watch,
	.asks = NTH_BOTH,
};

static int run_poll(void *arg)
{
	struct scene *scene = arg;
	struct pollfd poll_fd = { .fd = scene->fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) < 0 ? -errno : poll_fd.revents;
}

static const char *end_poll(struct scene *scene, int ret)
{
	const int again = run_poll(scene);

	return ret >= 0 && ret != again ? "it reports something else" : NULL;
}

static const struct nth_row descriptor_poll = {
	.begin = nth_nothing,
	.run = run_poll,
	.end = end_poll,
	.asks = NTH_COPIES,
};

/* ------------------------------------------------------------------- copies */

static bool begin_send(struct scene *scene)
{
	scene->got = -1;
	return !socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
			   scene->sockets);
}

/* A socket calls it ENOBUFS. */
static int run_send(void *arg)
{
	struct scene *scene = arg;

	const int ret = test_send_fd(scene->sockets[0], scene->fd);

	return ret == -ENOBUFS ? -ENOMEM : ret;
}

/* What was sent and nobody receives goes with the socket. */
static const char *end_send(struct scene *scene, int ret)
{
	(void)ret;
	close(scene->sockets[0]);
	close(scene->sockets[1]);
	return NULL;
}

static const struct nth_row descriptor_send = {
	.begin = begin_send,
	.run = run_send,
	.end = end_send,
	.asks = NTH_BOTH,
};

static bool begin_receive(struct scene *scene)
{
	return begin_send(scene) && !run_send(scene);
}

/* A message that cannot be copied may come without its descriptor. */
static int run_receive(void *arg)
{
	struct scene *scene = arg;
	int ret = test_receive_fd(scene->sockets[1]);

	if (ret >= 0)
		scene->got = ret;
	return ret == -ENODATA ? -EFAULT : ret;
}

static const char *end_receive(struct scene *scene, int ret)
{
	if (ret >= 0)
		close(scene->got);
	return end_send(scene, ret);
}

static const struct nth_row descriptor_receive = {
	.begin = begin_receive,
	.run = run_receive,
	.end = end_receive,
	.asks = NTH_COPIES,
};

/* ---------------------------------------------------------------- seen by all */

/* Opens, reads to the end and closes; the number of bytes, or a negative errno. */
static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	ssize_t part = 1, length = 0;

	if (fd < 0)
		return -errno;
	while (part > 0 && length < (ssize_t)size) {
		part = read(fd, text + length, size - length);
		if (part > 0)
			length += part;
		else
			error = part ? -errno : 0;
	}
	close(fd);
	return error ? error : length;
}

static int run_fdinfo(void *arg)
{
	struct scene *scene = arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", scene->fd);
	return read_file(path, scene->text, sizeof(scene->text));
}

static const char *end_fdinfo(struct scene *scene, int ret)
{
	char first[sizeof(scene->text)];
	int again;

	memcpy(first, scene->text, sizeof(first));
	again = run_fdinfo(scene);
	if (again <= 0)
		return "it cannot be read";
	if (ret >= 0 && (ret != again || memcmp(first, scene->text, ret)))
		return "it tells something else";
	return NULL;
}

static const struct nth_row descriptor_fdinfo = {
	.begin = nth_nothing,
	.run = run_fdinfo,
	.end = end_fdinfo,
	.asks = NTH_BOTH,
};

/* In sysfs each has a file for itself: of one number, of a lock, of a group. */
static const char *const files[] = {
	"/sys/class/membank/membank0/size",
	"/sys/class/membank/membank0/largest_free",
	"/sys/class/membank/membank0/failures/no_room",
	"/sys/kernel/debug/membank/%s",
};

static int run_file(void *arg)
{
	struct scene *scene = arg;

	return read_file(scene->path, scene->text, sizeof(scene->text));
}

/* All of it or an error: never less without a word. */
static const char *end_file(struct scene *scene, int ret)
{
	if (scene->length < 0)
		scene->length = run_file(scene);
	if (scene->length <= 0)
		return "it cannot be read";
	return ret >= 0 && ret != scene->length ? "it tells a part" : NULL;
}

static const struct nth_row file_read = {
	.begin = nth_nothing,
	.run = run_file,
	.end = end_file,
	.asks = NTH_BOTH,
};

/* Where a second kind of allocator cannot help out. */
static const struct nth_row file_read_dry = {
	.begin = nth_nothing,
	.run = run_file,
	.end = end_file,
	.asks = NTH_MEMORY,
	.dry = true,
};

/* ------------------------------------------------------------------- tests */

/* A dataspace is mapped, so that a bank has something to tell. */
static struct scene *scene_open(int which)
{
	static struct scene scene;
	char name[MEMBANK_NAME_MAX + 2];

	if (!make_all(scene.fds, "nth") ||
	    test_map(scene.fds[DATASPACE], LENGTH) == MAP_FAILED ||
	    !test_attr(0, "name", name, sizeof(name)))
		return NULL;
	scene.kind = which;
	scene.fd = scene.fds[which];
	scene.length = -1;
	snprintf(scene.path, sizeof(scene.path),
		 files[which % ARRAY_SIZE(files)], name);
	return &scene;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, open_any) { &node_open, 0 };
FIXTURE_VARIANT_ADD(nth, open_first) { &node_open, 1 };
FIXTURE_VARIANT_ADD(nth, open_second) { &node_open, 2 };

FIXTURE_VARIANT_ADD(nth, close_node_first) { &descriptor_close, NODE };
FIXTURE_VARIANT_ADD(nth, close_dataspace_first) { &descriptor_close, DATASPACE };
FIXTURE_VARIANT_ADD(nth, close_notifier_first) { &descriptor_close, NOTIFIER };
FIXTURE_VARIANT_ADD(nth, close_service_first) { &descriptor_close, SERVICE };
FIXTURE_VARIANT_ADD(nth, close_connection_first) { &descriptor_close, CONNECTION };
FIXTURE_VARIANT_ADD(nth, close_pager_first) { &descriptor_close, PAGER_END };
FIXTURE_VARIANT_ADD(nth, close_attach_end_first) { &descriptor_close, PAGER_ATTACH };

FIXTURE_VARIANT_ADD(nth, watch_dataspace) { &descriptor_watch, DATASPACE };
FIXTURE_VARIANT_ADD(nth, watch_notifier) { &descriptor_watch, NOTIFIER };
FIXTURE_VARIANT_ADD(nth, watch_service) { &descriptor_watch, SERVICE };
FIXTURE_VARIANT_ADD(nth, watch_connection) { &descriptor_watch, CONNECTION };
FIXTURE_VARIANT_ADD(nth, watch_pager) { &descriptor_watch, PAGER_END };
FIXTURE_VARIANT_ADD(nth, watch_attach_end) { &descriptor_watch, PAGER_ATTACH };

FIXTURE_VARIANT_ADD(nth, poll_node) { &descriptor_poll, NODE };
FIXTURE_VARIANT_ADD(nth, poll_dataspace) { &descriptor_poll, DATASPACE };
FIXTURE_VARIANT_ADD(nth, poll_notifier) { &descriptor_poll, NOTIFIER };
FIXTURE_VARIANT_ADD(nth, poll_service) { &descriptor_poll, SERVICE };
FIXTURE_VARIANT_ADD(nth, poll_connection) { &descriptor_poll, CONNECTION };
FIXTURE_VARIANT_ADD(nth, poll_pager) { &descriptor_poll, PAGER_END };
FIXTURE_VARIANT_ADD(nth, poll_attach_end) { &descriptor_poll, PAGER_ATTACH };

FIXTURE_VARIANT_ADD(nth, send_node) { &descriptor_send, NODE };
FIXTURE_VARIANT_ADD(nth, send_dataspace) { &descriptor_send, DATASPACE };
FIXTURE_VARIANT_ADD(nth, send_notifier) { &descriptor_send, NOTIFIER };
FIXTURE_VARIANT_ADD(nth, send_service) { &descriptor_send, SERVICE };
FIXTURE_VARIANT_ADD(nth, send_pager) { &descriptor_send, PAGER_END };
FIXTURE_VARIANT_ADD(nth, receive_node) { &descriptor_receive, NODE };
FIXTURE_VARIANT_ADD(nth, receive_dataspace) { &descriptor_receive, DATASPACE };
FIXTURE_VARIANT_ADD(nth, receive_notifier) { &descriptor_receive, NOTIFIER };
FIXTURE_VARIANT_ADD(nth, receive_connection) { &descriptor_receive, CONNECTION };

FIXTURE_VARIANT_ADD(nth, fdinfo_node) { &descriptor_fdinfo, NODE };
FIXTURE_VARIANT_ADD(nth, fdinfo_dataspace) { &descriptor_fdinfo, DATASPACE };
FIXTURE_VARIANT_ADD(nth, fdinfo_notifier) { &descriptor_fdinfo, NOTIFIER };
FIXTURE_VARIANT_ADD(nth, fdinfo_service) { &descriptor_fdinfo, SERVICE };
FIXTURE_VARIANT_ADD(nth, fdinfo_connection) { &descriptor_fdinfo, CONNECTION };
FIXTURE_VARIANT_ADD(nth, fdinfo_pager) { &descriptor_fdinfo, PAGER_END };
FIXTURE_VARIANT_ADD(nth, fdinfo_attach_end) { &descriptor_fdinfo, PAGER_ATTACH };

FIXTURE_VARIANT_ADD(nth, read_size) { &file_read, 0 };
FIXTURE_VARIANT_ADD(nth, read_largest_free) { &file_read, 1 };
FIXTURE_VARIANT_ADD(nth, read_failures) { &file_read, 2 };
FIXTURE_VARIANT_ADD(nth, read_debugfs) { &file_read, 3 };
FIXTURE_VARIANT_ADD(nth, read_debugfs_dry) { &file_read_dry, 3 };
/* clang-format on */

TEST_HARNESS_MAIN
