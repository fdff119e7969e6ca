// SPDX-License-Identifier: GPL-2.0-only
/*
 * paths: one operation again and again, until it is killed, for scripts/breakdown,
 * which looks at each instruction of it. Before each one getppid() is called, which
 * does nothing, so that it is seen where one ends and the next begins; where only the
 * first part of what is done counts, getpgrp() ends it.
 */
#define _GNU_SOURCE
#include "memory.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LENGTH (4 * KIB)
#define CHANNEL_LENGTH (64 * KIB)
#define MESSAGE 64

/**
 * struct path - an operation
 * @name: as one asks for it
 * @prepare: what is there before; NULL: nothing
 * @step: does it once
 */
struct path {
	const char *name;
	void (*prepare)(void);
	void (*step)(void);
};

static int dev;
static int memory = -1;
static int rings[4];
static struct membank_channel *ends[2];

static void need_ok(int ret, enum membank_operation operation, const char *what)
{
	bench_need_ok(ret, operation, what);
}

/* ----------------------------------------------------------------- memory */

static void end_of_part(void)
{
	syscall(SYS_getpgrp);
}

static void have_dataspace(void)
{
	memory = memory_get(MEMORY_BANK, LENGTH);
	bench_need(memory >= 0, "get memory");
}

static void allocate(void)
{
	have_dataspace();
	close(memory);
}

static void allocate_alone(void)
{
	have_dataspace();
	end_of_part();
	close(memory);
}

static void free_alone(void)
{
	close(memory);
	end_of_part();
	have_dataspace();
}

static void create_memfd(void)
{
	int fd = memory_get(MEMORY_EMPTY, 0);

	bench_need(fd >= 0, "get memory");
	close(fd);
}

static void have_memfd(void)
{
	memory = memory_get(MEMORY_MEMFD, LENGTH);
	bench_need(memory >= 0, "get memory");
	/* Its page is there, as that of a dataspace is. */
	bench_need(pwrite(memory, "", 1, 0) == 1, "write");
}

static char *attach_all(int fd, size_t length)
{
	void *start;

	need_ok(membank_region_attach(dev, fd, 0, length,
				      MEMBANK_REGION_SEARCH_ADDR, 0, NULL,
				      &start),
		MEMBANK_ATTACH, "attach");
	return start;
}

static void detach(void *start)
{
	need_ok(membank_region_detach(dev, start), MEMBANK_DETACH, "detach");
}

static void attach(void)
{
	detach(attach_all(memory, LENGTH));
}

static void attach_and_touch(void)
{
	char *start = attach_all(memory, LENGTH);

	*start = 1;
	detach(start);
}

static char *map(void)
{
	char *start = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED,
			   memory, 0);

	bench_need(start != MAP_FAILED, "map");
	return start;
}

static void map_it(void)
{
	munmap(map(), LENGTH);
}

static void map_and_touch(void)
{
	char *start = map();

	*start = 1;
	munmap(start, LENGTH);
}

/* ------------------------------------------------------------- notifiers */

static void make_pair(int *trigger, int *receive)
{
	int both;

	need_ok(membank_notifier_create(dev, &both), MEMBANK_NOTIFY,
		"make a notifier");
	need_ok(membank_notifier_derive(both, MEMBANK_NOTIFIER_TRIGGER,
					trigger),
		MEMBANK_NOTIFY, "derive a notifier");
	need_ok(membank_notifier_derive(both, MEMBANK_NOTIFIER_RECEIVE,
					receive),
		MEMBANK_NOTIFY, "derive a notifier");
	close(both);
}

static void count_up(int fd)
{
	const uint64_t one = 1;

	bench_need(write(fd, &one, sizeof(one)) == sizeof(one), "write");
}

static void take_count(int fd)
{
	uint64_t count;

	bench_need(read(fd, &count, sizeof(count)) == sizeof(count), "read");
}

/* Nobody waits: that is the cost of the trigger alone. */
static void bind_eventfd(void)
{
	make_pair(&rings[0], &rings[1]);
	rings[2] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	need_ok(membank_notifier_bind(rings[1], rings[2]), MEMBANK_NOTIFY,
		"bind an eventfd");
}

static void trigger(void)
{
	need_ok(membank_notifier_trigger(rings[0]), MEMBANK_NOTIFY, "trigger");
}

static void have_eventfd(void)
{
	rings[0] = eventfd(0, EFD_CLOEXEC);
}

static void write_eventfd(void)
{
	count_up(rings[0]);
}

static void answer_calls(void *context)
{
	(void)context;
	need_ok(membank_notifier_receive(rings[1], -1, NULL), MEMBANK_NOTIFY,
		"receive");
	for (;;)
		need_ok(membank_notifier_call(rings[2], rings[1], -1, NULL),
			MEMBANK_NOTIFY, "call");
}

static void have_server(void)
{
	make_pair(&rings[0], &rings[1]);
	make_pair(&rings[2], &rings[3]);
	bench_start(answer_calls, NULL, 0);
	close(rings[1]);
	close(rings[2]);
}

static void call(void)
{
	need_ok(membank_notifier_call(rings[0], rings[3], -1, NULL),
		MEMBANK_NOTIFY, "call");
}

static void answer_eventfds(void *context)
{
	(void)context;
	for (;;) {
		take_count(rings[0]);
		count_up(rings[1]);
	}
}

static void have_eventfd_server(void)
{
	rings[0] = eventfd(0, EFD_CLOEXEC);
	rings[1] = eventfd(0, EFD_CLOEXEC);
	bench_start(answer_eventfds, NULL, 0);
}

static void ask_eventfds(void)
{
	count_up(rings[0]);
	take_count(rings[1]);
}

/* --------------------------------------------------------------- messages */

/* Both ends in one process: nobody sleeps, so nobody has to be woken. */
static void have_channel(void)
{
	struct membank_channel_options options[2] = {};
	int fd = memory_get(MEMORY_BANK, CHANNEL_LENGTH), i;
	void *start;

	bench_need(fd >= 0, "get memory");
	start = attach_all(fd, CHANNEL_LENGTH);
	make_pair(&rings[0], &rings[1]);
	make_pair(&rings[2], &rings[3]);
	for (i = 0; i < 2; i++) {
		options[i].size = sizeof(options[i]);
		options[i].trigger = rings[2 * i];
		options[i].hangup = -1;
		need_ok(membank_notifier_listen(rings[3 - 2 * i],
						&options[i].eventfd),
			MEMBANK_NOTIFY, "listen");
	}
	need_ok(membank_channel_create(start, CHANNEL_LENGTH, &options[0],
				       &ends[0]),
		MEMBANK_CHANNEL, "make a channel");
	need_ok(membank_channel_open(start, CHANNEL_LENGTH, &options[1],
				     &ends[1]),
		MEMBANK_CHANNEL, "open a channel");
}

static void send_message(void)
{
	const char message[MESSAGE] = {};

	need_ok(membank_channel_send(ends[0], message, sizeof(message), 0, 0),
		MEMBANK_CHANNEL, "send");
}

static void receive_message(void)
{
	char message[MESSAGE];
	size_t length;

	need_ok(membank_channel_receive(ends[1], message, sizeof(message), 0,
					&length),
		MEMBANK_CHANNEL, "receive");
}

static void send_by_channel(void)
{
	send_message();
	receive_message();
}

static void send_alone(void)
{
	send_message();
	end_of_part();
	receive_message();
}

static void have_sockets(void)
{
	bench_need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, rings),
		   "make a pair of sockets");
}

static void send_by_socket(void)
{
	char message[MESSAGE] = {};

	bench_need(write(rings[0], message, sizeof(message)) ==
				   sizeof(message) &&
			   read(rings[1], message, sizeof(message)) ==
				   sizeof(message),
		   "send");
}

static void nothing(void)
{
}

static const struct path paths[] = {
	{ "nothing", NULL, nothing },
	{ "allocate", NULL, allocate },
	{ "alloc", NULL, allocate_alone },
	{ "free", have_dataspace, free_alone },
	{ "memfd", NULL, create_memfd },
	{ "attach", have_dataspace, attach },
	{ "mmap", have_memfd, map_it },
	{ "attach-touch", have_dataspace, attach_and_touch },
	{ "mmap-touch", have_memfd, map_and_touch },
	{ "trigger", bind_eventfd, trigger },
	{ "eventfd", have_eventfd, write_eventfd },
	{ "call", have_server, call },
	{ "eventfds", have_eventfd_server, ask_eventfds },
	{ "channel", have_channel, send_by_channel },
	{ "send", have_channel, send_alone },
	{ "socket", have_sockets, send_by_socket },
};

int main(int argc, char **argv)
{
	const struct path *path = paths, *end = paths + ARRAY_SIZE(paths);

	if (argc != 2)
		errx(2, "usage: paths NAME");
	while (path < end && strcmp(path->name, argv[1]))
		path++;
	if (path == end)
		errx(2, "there is no path '%s'", argv[1]);
	need_ok(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	memory_open(MEMORY_BANK, LENGTH);
	if (path->prepare)
		path->prepare();
	for (;;) {
		syscall(SYS_getppid);
		path->step();
	}
}
