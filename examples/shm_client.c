// SPDX-License-Identifier: 0BSD
/*
 * shm_client: connects to the service "shm", prints what the server wrote,
 * writes an answer into the same memory and triggers the server.
 *
 * usage: shm_client [SECONDS]   how long to wait for the service, 60 by default
 */
#include <membank.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "shm_client: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	static const char message[] = "Hello from client, too!";
	int seconds = argc > 1 ? atoi(argv[1]) : 60;
	struct membank_offer offers[2];
	unsigned int count = 2;
	int dev, connection;
	void *memory;

	setvbuf(stdout, NULL, _IOLBF, 0);

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_service_connect(dev, "shm", seconds * 1000, offers, &count,
				     NULL, &connection),
	     MEMBANK_CONNECT, "connect to service shm");
	if (count != 2 || offers[0].kind != MEMBANK_OFFER_DATASPACE ||
	    offers[1].kind != MEMBANK_OFFER_NOTIFIER) {
		fprintf(stderr,
			"shm_client: service shm does not offer a dataspace and a notifier: another program has the name\n");
		return EXIT_FAILURE;
	}

	struct membank_dataspace_info info;

	need(membank_dataspace_info(dev, offers[0].fd, &info), MEMBANK_ATTACH,
	     "ask for the size");
	need(membank_region_attach(dev, offers[0].fd, 0, 0,
				   MEMBANK_REGION_SEARCH_ADDR, 0, NULL,
				   &memory),
	     MEMBANK_ATTACH, "attach the shared memory");
	/* Memory of others need not end in a NUL. */
	printf("Content: %.*s\n", (int)info.out_length, (char *)memory);

	memset(memory, 0, info.out_length);
	memcpy(memory, message, sizeof(message));
	need(membank_notifier_trigger(offers[1].fd), MEMBANK_NOTIFY,
	     "trigger the server");

	need(membank_region_detach(dev, memory), MEMBANK_DETACH,
	     "detach the shared memory");
	/* The server is told of our end by the closing of the connection. */
	return EXIT_SUCCESS;
}
