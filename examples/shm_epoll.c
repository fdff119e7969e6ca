// SPDX-License-Identifier: 0BSD
/*
 * shm_epoll: as shm_server, for one client after the other and with epoll:
 * offers a page of shared memory and a notifier as the service "shm".
 *
 * usage: shm_epoll [CLIENTS]   ends when so many have gone; 0, as without a
 *                              number: never
 */
#include <membank.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define SHM_SIZE 4096

/* Every function of the library returns 0 or a negative errno. */
static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "shm_epoll: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

static void greet(char *memory)
{
	static const char message[] = "Hello from server!";

	memset(memory, 0, SHM_SIZE);
	memcpy(memory, message, sizeof(message));
}

static void hear(int notifier, int eventfd, const char *memory)
{
	need(membank_notifier_wait(notifier, eventfd, 0, NULL), MEMBANK_NOTIFY,
	     "receive");
	/* Memory of others need not end in a NUL. */
	printf("Got: %.*s\n", SHM_SIZE, memory);
}

/* Returns 1 if a client went: the next one finds all as the first did. */
static int meet(int service, char *memory)
{
	struct membank_service_event event;

	need(membank_service_read_event(service, &event), MEMBANK_REGISTER,
	     "read who came or went");
	if (event.type == MEMBANK_SERVICE_CONNECTED) {
		printf("Client %llu (pid %d) connected.\n",
		       (unsigned long long)event.client, event.pid);
		return 0;
	}

	/* Whomever it has passed our memory on to: from now on nobody has it. */
	need(membank_service_revoke(service, event.client, MEMBANK_OFFER_ALL),
	     MEMBANK_CLIENTS, "take back what was lent");
	greet(memory);
	printf("Client %llu (pid %d) is gone.\n",
	       (unsigned long long)event.client, event.pid);
	return 1;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
		perror("shm_epoll: epoll_ctl");
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	int clients = argc > 1 ? atoi(argv[1]) : 0, gone = 0;
	int dev, dataspace, notifier, eventfd, service;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[2];
	void *memory;

	setvbuf(stdout, NULL, _IOLBF, 0);

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_dataspace_alloc(dev, SHM_SIZE, 0, 0, &dataspace),
	     MEMBANK_ALLOC, "allocate shared memory");
	need(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL, &memory),
	     MEMBANK_ATTACH, "attach the shared memory");
	greet(memory);
	need(membank_notifier_create(dev, &notifier), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_listen(notifier, &eventfd), MEMBANK_NOTIFY,
	     "listen to the notifier");

	struct membank_offer offers[] = {
		{ .fd = dataspace,
		  .rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE },
		{ .fd = notifier, .rights = MEMBANK_NOTIFIER_TRIGGER },
	};
	need(membank_service_register(dev, "shm", offers, 2, 0222, &service),
	     MEMBANK_REGISTER, "register service shm");

	watch(epoll, eventfd);
	watch(epoll, service);
	while (!clients || gone < clients) {
		int count = epoll_wait(epoll, events, 2, -1), i;

		/* First what a client wrote, then that it is gone. */
		for (i = 0; i < count; i++)
			if (events[i].data.fd == eventfd)
				hear(notifier, eventfd, memory);
		for (i = 0; i < count; i++)
			if (events[i].data.fd == service)
				gone += meet(service, memory);
	}
	return EXIT_SUCCESS;
}
