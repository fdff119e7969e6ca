// SPDX-License-Identifier: 0BSD
/*
 * shm_server: offers a page of shared memory and a notifier as the service
 * "shm", waits until a client has triggered, and prints what it wrote.
 *
 * usage: shm_server [SECONDS]   how long to wait, 60 by default
 */
#include <membank.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHM_SIZE 4096

/* Every function of the library returns 0 or a negative errno. */
static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "shm_server: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

/* Returns 1 if a client went, 0 if one came. */
static int print_event(int service)
{
	struct membank_service_event event;

	need(membank_service_read_event(service, &event), MEMBANK_REGISTER,
	     "read who came or went");
	printf("Client %llu (pid %d) %s.\n", (unsigned long long)event.client,
	       event.pid,
	       event.type == MEMBANK_SERVICE_CONNECTED ? "connected" :
							 "is gone");
	return event.type == MEMBANK_SERVICE_GONE;
}

int main(int argc, char **argv)
{
	static const char message[] = "Hello from server!";
	int seconds = argc > 1 ? atoi(argv[1]) : 60;
	int dev, dataspace, notifier, eventfd, service;
	int told = 0, gone = 0;
	void *memory;

	setvbuf(stdout, NULL, _IOLBF, 0);

	/* Memory: allocate it, and attach it here. */
	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_dataspace_alloc(dev, SHM_SIZE, 0, 0, &dataspace),
	     MEMBANK_ALLOC, "allocate shared memory");
	need(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL, &memory),
	     MEMBANK_ATTACH, "attach the shared memory");
	memcpy(memory, message, sizeof(message));

	/* A notifier: clients trigger it, an eventfd here receives. */
	need(membank_notifier_create(dev, &notifier), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_listen(notifier, &eventfd), MEMBANK_NOTIFY,
	     "listen to the notifier");

	/*
	 * Both under a name, with what clients may do with each: this one is
	 * answered in the same memory. From here on there may be clients.
	 */
	struct membank_offer offers[] = {
		{ .fd = dataspace,
		  .rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE },
		{ .fd = notifier, .rights = MEMBANK_NOTIFIER_TRIGGER },
	};
	need(membank_service_register(dev, "shm", offers, 2, 0222, &service),
	     MEMBANK_REGISTER, "register service shm");
	printf("Service shm is there, waiting for a client.\n");

	/* One client: its coming, its message and its end. */
	struct pollfd fds[] = {
		{ .fd = service, .events = POLLIN },
		{ .fd = eventfd, .events = POLLIN },
	};
	while (!told || !gone) {
		int ready = poll(fds, 2, seconds * 1000);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0) {
			fprintf(stderr,
				"shm_server: no client came and wrote in %d s: start shm_client meanwhile\n",
				seconds);
			return EXIT_FAILURE;
		}
		if (fds[1].revents) {
			need(membank_notifier_wait(notifier, eventfd, 0, NULL),
			     MEMBANK_NOTIFY, "receive");
			/* Memory of others need not end in a NUL. */
			printf("Got: %.*s\n", SHM_SIZE, (char *)memory);
			told = 1;
		}
		if (fds[0].revents)
			gone += print_event(service);
	}

	/* Nothing has to be freed: all of it ends with this process. */
	return EXIT_SUCCESS;
}
