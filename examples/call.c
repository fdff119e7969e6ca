// SPDX-License-Identifier: 0BSD
/*
 * call: a server that answers requests, and a client that makes them, in two
 * processes that find each other by the service "call". A request and its reply
 * are one call on either side, and what is asked and answered lies in a page of
 * shared memory.
 *
 * usage: call [REQUESTS]   how many, 10000 by default
 */
#include <membank.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVICE "call"
#define TIMEOUT_MS 60000
#define TIMEOUT_NS (TIMEOUT_MS * INT64_C(1000000))

/* Both sides write it, each in its turn: the notifiers say whose that is. */
struct page {
	uint64_t question;
	uint64_t answer;
};

static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "call: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

static struct page *attach(int dev, int dataspace)
{
	void *memory;

	need(membank_region_attach(dev, dataspace, 0, 0,
				   MEMBANK_REGION_SEARCH_ADDR, 0, NULL,
				   &memory),
	     MEMBANK_ATTACH, "map the page");
	return memory;
}

/*
 * Of a notifier the server keeps one right and offers the other, so that it
 * learns of the client's end.
 */
static void half_notifier(int dev, uint32_t right, int *mine, int *whole)
{
	need(membank_notifier_create(dev, whole), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_derive(*whole, right, mine), MEMBANK_NOTIFY,
	     "derive from a notifier");
}

static void serve(int dev)
{
	int dataspace, request, reply, whole_request, whole_reply, service, ret;
	struct membank_service_event event;
	struct page *page;

	need(membank_dataspace_alloc(dev, sizeof(*page), 0, 0, &dataspace),
	     MEMBANK_ALLOC, "allocate the page");
	page = attach(dev, dataspace);
	half_notifier(dev, MEMBANK_NOTIFIER_RECEIVE, &request, &whole_request);
	half_notifier(dev, MEMBANK_NOTIFIER_TRIGGER, &reply, &whole_reply);

	struct membank_offer offers[] = {
		{ .fd = dataspace,
		  .rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE },
		{ .fd = whole_request, .rights = MEMBANK_NOTIFIER_TRIGGER },
		{ .fd = whole_reply, .rights = MEMBANK_NOTIFIER_RECEIVE },
	};
	need(membank_service_register(dev, SERVICE, offers, 3, 0200, &service),
	     MEMBANK_REGISTER, "register the service");

	/* One client; from then on only it has the other side. */
	need(membank_service_read_event(service, &event), MEMBANK_REGISTER,
	     "wait for the client");
	close(whole_request);
	close(whole_reply);

	ret = membank_notifier_receive(request, TIMEOUT_MS, NULL);
	while (!ret) {
		page->answer = page->question + 1;
		ret = membank_notifier_call(reply, request, TIMEOUT_NS, NULL);
	}
	if (ret != -EPIPE)
		need(ret, MEMBANK_NOTIFY, "wait for a request");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void ask(int dev, uint64_t requests)
{
	struct membank_offer offers[3];
	unsigned int count = 3;
	struct page *page;
	double began;
	int connection;
	uint64_t i;

	need(membank_service_connect(dev, SERVICE, TIMEOUT_MS, offers, &count,
				     NULL, &connection),
	     MEMBANK_CONNECT, "connect to the service");
	if (count != 3 || offers[0].kind != MEMBANK_OFFER_DATASPACE ||
	    offers[1].kind != MEMBANK_OFFER_NOTIFIER ||
	    offers[2].kind != MEMBANK_OFFER_NOTIFIER) {
		fprintf(stderr,
			"call: service " SERVICE
			" offers something else: another program has the name\n");
		exit(EXIT_FAILURE);
	}
	page = attach(dev, offers[0].fd);

	began = seconds();
	for (i = 0; i < requests; i++) {
		page->question = i;
		need(membank_notifier_call(offers[1].fd, offers[2].fd,
					   TIMEOUT_NS, NULL),
		     MEMBANK_NOTIFY, "call");
		if (page->answer != i + 1) {
			fprintf(stderr, "call: the answer is wrong\n");
			exit(EXIT_FAILURE);
		}
	}
	printf("%llu requests answered, %.0f round trips per second\n",
	       (unsigned long long)requests, requests / (seconds() - began));

	/* The end of our side is what ends the server. */
	close(offers[1].fd);
	close(offers[2].fd);
	close(connection);
}

int main(int argc, char **argv)
{
	long long requests = argc > 1 ? atoll(argv[1]) : 10000;
	int dev, status;
	pid_t server;

	if (argc > 2 || requests < 1) {
		fprintf(stderr, "usage: call [REQUESTS]\n");
		return 2;
	}
	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	server = fork();
	if (server < 0) {
		perror("call: cannot make a second process");
		return EXIT_FAILURE;
	}
	if (!server) {
		serve(dev);
		return EXIT_SUCCESS;
	}
	ask(dev, requests);
	if (waitpid(server, &status, 0) != server || status) {
		fprintf(stderr, "call: the server failed\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
