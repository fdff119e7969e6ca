// SPDX-License-Identifier: 0BSD
/*
 * broadcast: a server writes a number that all clients can read and rings all
 * of them at once; each answers in a place of its own.
 *
 * usage: broadcast [ROUNDS]   how often, 3 by default, with two clients
 */
#include <membank.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 2
#define SECONDS 60

/* What is offered, in this order. */
enum { NEWS, NEWS_BELL, ANSWERS, ANSWER_BELL, OFFERS };

/* What a client writes, in a place of its own. */
struct answer {
	uint64_t pid;
	uint64_t value;
};

/* Others read and write there at the same time: each word as a whole. */
static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void put(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Every function of the library returns 0 or a negative errno. */
static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "broadcast: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

static void *attach(int dev, int dataspace, uint32_t flags)
{
	void *memory;

	need(membank_region_attach(dev, dataspace, 0, 0,
				   MEMBANK_REGION_SEARCH_ADDR | flags, 0, NULL,
				   &memory),
	     MEMBANK_ATTACH, "have shared memory here");
	return memory;
}

/* The first client doubles what it hears, the second trebles it. */
static uint64_t answer_of(unsigned int place, uint64_t news)
{
	return news * (place + 2);
}

/* Answers each time the server rings, until that is gone. */
static int run_client(unsigned int place)
{
	struct membank_offer got[OFFERS];
	unsigned int count = OFFERS;
	const uint64_t *news;
	struct answer *answers;
	int dev, connection, eventfd, ret;

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_service_connect(dev, "broadcast", SECONDS * 1000, got,
				     &count, NULL, &connection),
	     MEMBANK_CONNECT, "connect to service broadcast");
	if (count != OFFERS) {
		fprintf(stderr, "broadcast: another program has the name\n");
		return EXIT_FAILURE;
	}
	news = attach(dev, got[NEWS].fd, MEMBANK_REGION_READ_ONLY);
	answers = attach(dev, got[ANSWERS].fd, 0);
	need(membank_notifier_listen(got[NEWS_BELL].fd, &eventfd),
	     MEMBANK_NOTIFY, "listen to the server");

	/* The first answer says no more than that we are here, and listen. */
	for (;;) {
		put(&answers[place].value, answer_of(place, get(news)));
		put(&answers[place].pid, getpid());
		need(membank_notifier_trigger(got[ANSWER_BELL].fd),
		     MEMBANK_NOTIFY, "ring the server");
		ret = membank_notifier_wait(got[NEWS_BELL].fd, eventfd,
					    SECONDS * 1000, NULL);
		if (ret == -EPIPE)
			return EXIT_SUCCESS;
		need(ret, MEMBANK_NOTIFY, "wait for the server");
	}
}

static void wait_for_answers(int bell, int eventfd,
			     const struct answer *answers, uint64_t news)
{
	unsigned int i, there;

	do {
		need(membank_notifier_wait(bell, eventfd, SECONDS * 1000, NULL),
		     MEMBANK_NOTIFY, "wait for the clients");
		for (i = 0, there = 0; i < CLIENTS; i++)
			there += get(&answers[i].pid) &&
				 get(&answers[i].value) == answer_of(i, news);
	} while (there < CLIENTS);
}

static void run_server(int rounds)
{
	int dev, fds[OFFERS], eventfd, service, i;
	struct answer *answers;
	uint64_t *news;

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_dataspace_alloc(dev, sizeof(*news), 0, 0, &fds[NEWS]),
	     MEMBANK_ALLOC, "allocate shared memory");
	need(membank_dataspace_alloc(dev, CLIENTS * sizeof(*answers), 0, 0,
				     &fds[ANSWERS]),
	     MEMBANK_ALLOC, "allocate shared memory");
	need(membank_notifier_create(dev, &fds[NEWS_BELL]), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_create(dev, &fds[ANSWER_BELL]), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_listen(fds[ANSWER_BELL], &eventfd),
	     MEMBANK_NOTIFY, "listen to the clients");
	news = attach(dev, fds[NEWS], 0);
	answers = attach(dev, fds[ANSWERS], 0);

	struct membank_offer offers[OFFERS] = {
		[NEWS] = { .fd = fds[NEWS], .rights = MEMBANK_DATASPACE_READ },
		[NEWS_BELL] = { .fd = fds[NEWS_BELL],
				.rights = MEMBANK_NOTIFIER_RECEIVE },
		[ANSWERS] = { .fd = fds[ANSWERS],
			      .rights = MEMBANK_DATASPACE_READ |
					MEMBANK_DATASPACE_WRITE },
		[ANSWER_BELL] = { .fd = fds[ANSWER_BELL],
				  .rights = MEMBANK_NOTIFIER_TRIGGER },
	};
	need(membank_service_register(dev, "broadcast", offers, OFFERS, 0200,
				      &service),
	     MEMBANK_REGISTER, "register service broadcast");

	wait_for_answers(fds[ANSWER_BELL], eventfd, answers, 0);
	printf("%d clients listen.\n", CLIENTS);
	for (i = 1; i <= rounds; i++) {
		put(news, 10 * i);
		need(membank_service_notify(service, MEMBANK_CLIENT_ALL,
					    NEWS_BELL),
		     MEMBANK_CLIENTS, "ring all clients");
		wait_for_answers(fds[ANSWER_BELL], eventfd, answers, 10 * i);
		printf("Told both %d: one says %llu, the other %llu.\n", 10 * i,
		       (unsigned long long)answers[0].value,
		       (unsigned long long)answers[1].value);
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 3, status, i, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i <= CLIENTS; i++) {
		switch (fork()) {
		case -1:
			perror("broadcast: fork");
			return EXIT_FAILURE;
		case 0:
			if (i < CLIENTS)
				return run_client(i);
			run_server(rounds);
			/* Nothing has to be freed: it ends with the process. */
			return EXIT_SUCCESS;
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
