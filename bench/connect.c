// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect: how long it takes until a client has come and gone, and its server knows
 * of both, and how that goes on with the services that there are. By the way the
 * client of a service gets a notifier, and that of a socket nothing.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define OPERATIONS 100

enum { SOCKET, SERVICE, WAYS };

static int dev;
/* What all services offer. */
static int notifier;
/* The one that is connected to, which was there first. */
static int servers[WAYS];

static socklen_t address_of(struct sockaddr_un *address, unsigned int number)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* In the abstract name space: there is no file. */
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
			"bench-%u", number);
}

static int make_server(unsigned int way, unsigned int number)
{
	const struct membank_offer offer = {
		.fd = notifier, .rights = MEMBANK_NOTIFIER_TRIGGER
	};
	struct sockaddr_un address;
	char name[32];
	int fd = -1;

	if (way == SERVICE) {
		snprintf(name, sizeof(name), "bench-%u", number);
		bench_need_ok(membank_service_register(dev, name, &offer, 1,
						       0200, &fd),
			      MEMBANK_REGISTER, "register a service");
		return fd;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bench_need(fd >= 0, "make a socket");
	bench_need(!bind(fd, (struct sockaddr *)&address,
			 address_of(&address, number)),
		   "bind a socket");
	bench_need(!listen(fd, 1), "listen at a socket");
	return fd;
}

static void come_and_go_by_socket(void)
{
	struct sockaddr_un address;
	const socklen_t length = address_of(&address, 0);
	int client, server;
	char byte;

	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bench_need(client >= 0, "make a socket");
	bench_need(!connect(client, (struct sockaddr *)&address, length),
		   "connect to a socket");
	server = accept4(servers[SOCKET], NULL, NULL, SOCK_CLOEXEC);
	bench_need(server >= 0, "accept");
	close(client);
	bench_need(read(server, &byte, 1) == 0, "see that it is gone");
	close(server);
}

static void need_event(unsigned int type)
{
	struct membank_service_event event;

	bench_need_ok(membank_service_read_event(servers[SERVICE], &event),
		      MEMBANK_REGISTER, "read an event");
	bench_need(event.type == type, "see what has happened");
}

static void come_and_go_by_service(void)
{
	struct membank_offer offer;
	unsigned int count = 1;
	int connection;

	bench_need_ok(membank_service_connect(dev, "bench-0", 0, &offer, &count,
					      NULL, &connection),
		      MEMBANK_CONNECT, "connect to a service");
	need_event(MEMBANK_SERVICE_CONNECTED);
	close(offer.fd);
	close(connection);
	need_event(MEMBANK_SERVICE_GONE);
}

static void run(void *context, unsigned int way, unsigned int count)
{
	(void)context;
	while (count--) {
		if (way == SERVICE)
			come_and_go_by_service();
		else
			come_and_go_by_socket();
	}
}

static const struct bench bench = {
	.name = "connect",
	.work = "a client comes and goes, and its server is told, while other services are there",
	.ways = { [SOCKET] = "Unix socket", [SERVICE] = "membank" },
	.nr_ways = WAYS,
	.run = run,
};

static void crowd(unsigned int from, unsigned int to)
{
	unsigned int way;

	for (; from < to; from++)
		for (way = 0; way < WAYS; way++)
			make_server(way, from);
}

int main(int argc, char **argv)
{
	static const unsigned int crowds[] = { 10, 100, 1000, 10000 };
	const struct rlimit limit = { 65536, 65536 };
	size_t i, nr_crowds = ARRAY_SIZE(crowds);
	unsigned int way, there = 1;
	int first = -1, ret;

	bench_begin(&bench, argc, argv);
	if (bench_small())
		nr_crowds = 2;
	bench_need(!setrlimit(RLIMIT_NOFILE, &limit),
		   "have so many descriptors (as root)");
	bench_need_ok(membank_open(NULL, &dev), MEMBANK_OPEN,
		      "open /dev/membank");
	bench_need_ok(membank_notifier_create(dev, &notifier), MEMBANK_NOTIFY,
		      "make a notifier");
	for (way = 0; way < WAYS; way++)
		servers[way] = make_server(way, 0);
	for (i = 0; i < nr_crowds; i++) {
		struct bench_case work = {
			.operations = bench_share(OPERATIONS),
			.than = first,
			.targets = { { BENCH_GROWTH, SERVICE, SERVICE, 1.5 } },
			.nr_targets = first >= 0,
		};

		crowd(there, crowds[i]);
		there = crowds[i];
		snprintf(work.name, sizeof(work.name), "beside %u", there);
		ret = bench_run(&work, NULL);
		first = first < 0 ? ret : first;
	}
	bench_end();
	return 0;
}
