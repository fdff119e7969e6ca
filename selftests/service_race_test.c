// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: a server takes back what it has lent while its client connects,
 * derives, binds, triggers, calls and maps. Whatever the client begins after that
 * has returned finds nothing any more, and what waits is told.
 *
 * MEMBANK_SEED in the environment chooses the load, MEMBANK_ROUNDS its length.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"

#define EVER MEMBANK_WAIT_FOREVER

#define ROUNDS 150
#define PAIRS 3

/* Longest wait of a server before it takes all back, in looks at a clock. */
#define PAUSE 3000

enum {
	BELL,
	MEMORY,
	OFFERS,
};

/**
 * struct pair - a service and its only client
 * @server: thread that takes back what the client has
 * @client: thread that uses it
 * @dev: of the bank
 * @name: of the service
 * @service: its descriptor
 * @bell: of the server, not lent
 * @seed: for random choices of the client
 * @rounds: connections, one after the other
 * @revoked: number of the last client that has nothing any more
 * @wrong: what was wrong first, or NULL
 */
struct pair {
	pthread_t server;
	pthread_t client;
	int dev;
	char name[8];
	int service;
	int bell;
	unsigned int seed;
	unsigned int rounds;
	__u64 revoked;
	const char *wrong;
};

static bool is_revoked(struct pair *pair, __u64 client)
{
	return __atomic_load_n(&pair->revoked, __ATOMIC_ACQUIRE) >= client;
}

static void complain(struct pair *pair, const char *what)
{
	const char *none = NULL;

	__atomic_compare_exchange_n(&pair->wrong, &none, what, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void *serve(void *arg)
{
	struct pair *pair = arg;
	struct membank_service_event event;
	unsigned int seed = pair->seed, i, pause;

	for (i = 1; i <= pair->rounds; i++) {
		do {
			if (revents(pair->service, TEST_PATIENCE) != POLLIN ||
			    service_event(pair->service, &event)) {
				complain(pair, "the server's events");
				return NULL;
			}
		} while (event.type != MEMBANK_SERVICE_CONNECTED);
		if (event.client != i)
			complain(pair, "the client's number");
		for (pause = rand_r(&seed) % PAUSE; pause; pause--)
			clock_ns();
		if (service_notify(pair->service, i, BELL))
			complain(pair, "to notify the client");
		if (service_revoke(pair->service, i, MEMBANK_OFFER_ALL))
			complain(pair, "to revoke what it has");
		__atomic_store_n(&pair->revoked, i, __ATOMIC_RELEASE);
		if (service_notify(pair->service, i, BELL))
			complain(pair, "to notify who has nothing any more");
	}
	return NULL;
}

/**
 * struct user - one connection of a client
 * @dev: of the bank
 * @fds: the notifier that it got, and those derived from it
 * @nr_fds: how many
 * @memory: the dataspace that it got
 * @event: may be bound to any of @fds
 */
struct user {
	int dev;
	int fds[MEMBANK_NOTIFIER_LENT_MAX];
	int nr_fds;
	int memory;
	int event;
};

/* One thing that fails by ENODEV if, and only if, all was taken back. */
static int use(struct user *user, unsigned int dice)
{
	int fd = user->fds[dice / 8 % user->nr_fds];
	__s64 ret = 0;
	void *mem;
	int derived;

	switch (dice % 8) {
	case 0:
		derived = notifier_derive(fd, BOTH);
		if (derived == -EDQUOT &&
		    user->nr_fds == MEMBANK_NOTIFIER_LENT_MAX)
			return 0;
		if (derived < 0)
			return derived;
		user->fds[user->nr_fds++] = derived;
		return 0;
	case 1:
		return notifier_bind(fd, user->event);
	case 2:
		return notifier_bind_oneshot(fd, user->event);
	case 3:
		return notifier_bind(fd, -1);
	case 4:
		/* Who else is there triggers, too, so it ends. */
		ret = notifier_call(fd, fd, EVER);
		return ret == -EBUSY || ret == -ECANCELED || ret > 0 ? 0 : ret;
	case 5:
		return notifier_trigger(fd);
	case 6:
		derived = handle_derive(user->dev, user->memory, READ);
		if (derived < 0)
			return derived;
		close(derived);
		return 0;
	default:
		mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, user->memory, 0);
		if (mem == MAP_FAILED)
			return -errno;
		return munmap(mem, 4096);
	}
}

/* It hears of its end, and of nothing else any more. */
static void check_end(struct pair *pair, struct user *user)
{
	int i;

	event_count(user->event);
	for (i = 0; i < user->nr_fds; i++) {
		if (revents(user->fds[i], 0) != POLLHUP)
			complain(pair, "no POLLHUP");
		if (notifier_trigger(user->fds[i]) != -ENODEV ||
		    notifier_bind(user->fds[i], -1) != -ENODEV ||
		    notifier_read(user->fds[i]) != -ENODEV)
			complain(pair, "a descriptor that still works");
		close(user->fds[i]);
	}
	notifier_trigger(pair->bell);
	if (event_count(user->event))
		complain(pair, "a trigger that came after all");
	close(user->memory);
}

static void *borrow(void *arg)
{
	struct pair *pair = arg;
	struct membank_offer got[OFFERS];
	struct user user = { .dev = pair->dev, .event = event_create() };
	int connection, ret;
	__u64 client;
	bool late;

	for (client = 1; client <= pair->rounds; client++) {
		connection = service_connect(pair->dev, pair->name, 0, got,
					     OFFERS, NULL);
		if (connection < 0) {
			complain(pair, "to connect");
			break;
		}
		user.fds[0] = got[BELL].fd;
		user.nr_fds = 1;
		user.memory = got[MEMORY].fd;
		do {
			late = is_revoked(pair, client);
			ret = use(&user, rand_r(&pair->seed) >> 8);
			if (ret && ret != -ENODEV)
				complain(pair, "an errno");
			if (late && ret != -ENODEV)
				complain(pair, "what worked after revoking");
		} while (!late);
		check_end(pair, &user);
		close(connection);
	}
	close(user.event);
	return NULL;
}

TEST(what_a_client_does_after_revoking_is_enodev)
{
	unsigned int seed = number_from("MEMBANK_SEED", time(NULL)), i;
	struct pair pairs[PAIRS] = {};
	struct membank_offer offers[OFFERS];
	unsigned int files;
	__u64 used;
	int dev, bell, memory;

	dev = test_open(TEST_ANY);
	ASSERT_LE(0, dev);
	used = test_used();
	files = test_open_files();
	bell = notifier_create(dev);
	ASSERT_LE(0, bell);
	memory = test_alloc(dev, 4096, 0, 0);
	ASSERT_LE(0, memory);
	TH_LOG("MEMBANK_SEED=%u", seed);

	/* All have the same notifier and the same memory. */
	offers[BELL] = (struct membank_offer){ .fd = bell, .rights = BOTH };
	offers[MEMORY] = (struct membank_offer){ .fd = memory, .rights = READ };
	for (i = 0; i < PAIRS; i++) {
		pairs[i] = (struct pair){
			.dev = dev,
			.name = { 'r', 'a', 'c', 'e', '0' + i },
			.bell = bell,
			.seed = seed + i,
			.rounds = number_from("MEMBANK_ROUNDS", ROUNDS),
		};
		pairs[i].service = service_register(dev, pairs[i].name, 0200,
						    offers, OFFERS);
		ASSERT_LE(0, pairs[i].service);
		ASSERT_EQ(0, pthread_create(&pairs[i].server, NULL, serve,
					    &pairs[i]));
		ASSERT_EQ(0, pthread_create(&pairs[i].client, NULL, borrow,
					    &pairs[i]));
	}
	for (i = 0; i < PAIRS; i++) {
		ASSERT_EQ(0, pthread_join(pairs[i].client, NULL));
		ASSERT_EQ(0, pthread_join(pairs[i].server, NULL));
		EXPECT_EQ(NULL, pairs[i].wrong)
		TH_LOG("wrong: %s", pairs[i].wrong);
		close(pairs[i].service);
	}
	close(bell);
	close(memory);
	EXPECT_EQ(files, test_open_files());
	EXPECT_TRUE(test_wait_used(used));
}

/* ---------------------------------------------------- derive and revoke */

#define DERIVERS 3
#define HELD 4

/**
 * struct deriver - a thread that derives and closes until it cannot
 * @thread: it
 * @fd: from what
 * @held: what it has derived last, or -1
 * @ret: why it could not
 */
struct deriver {
	pthread_t thread;
	int fd;
	int held[HELD];
	int ret;
};

static void *derive(void *arg)
{
	struct deriver *deriver = arg;
	unsigned int i = 0;
	int fd;

	for (;;) {
		fd = notifier_derive(deriver->fd, BOTH);
		if (fd < 0)
			break;
		close(deriver->held[i % HELD]);
		deriver->held[i++ % HELD] = fd;
	}
	deriver->ret = fd;
	return NULL;
}

TEST(what_is_derived_while_it_is_revoked_is_revoked)
{
	unsigned int rounds = number_from("MEMBANK_ROUNDS", 2 * ROUNDS), round;
	int dev = test_open(TEST_ANY), bell = notifier_create(dev), i, j;
	struct membank_offer offer = { .fd = bell, .rights = BOTH };
	struct deriver derivers[DERIVERS];
	int service, connection, held;

	ASSERT_LE(0, bell);
	service = service_register(dev, "derive", 0200, &offer, 1);
	ASSERT_LE(0, service);
	for (round = 1; round <= rounds; round++) {
		connection = service_connect(dev, "derive", 0, &offer, 1, NULL);
		ASSERT_LE(0, connection);
		for (i = 0; i < DERIVERS; i++) {
			derivers[i].fd = offer.fd;
			memset(derivers[i].held, -1, sizeof(derivers[i].held));
			ASSERT_EQ(0, pthread_create(&derivers[i].thread, NULL,
						    derive, &derivers[i]));
		}
		for (i = round * 37 % 500; i; i--)
			clock_ns();
		ASSERT_EQ(0, service_revoke(service, round, 0));
		for (i = 0; i < DERIVERS; i++) {
			ASSERT_EQ(0, pthread_join(derivers[i].thread, NULL));
			ASSERT_EQ(-ENODEV, derivers[i].ret);
			for (j = 0; j < HELD; j++) {
				held = derivers[i].held[j];
				if (held < 0)
					continue;
				ASSERT_EQ(-ENODEV, notifier_trigger(held));
				close(held);
			}
		}
		close(offer.fd);
		close(connection);
		ASSERT_EQ(0, service_event(service, NULL));
		ASSERT_EQ(0, service_event(service, NULL));
	}
}

/* --------------------------------------------------- connect and revoke */

struct early {
	int service;
	__u64 client;
	int ret;
};

/* As soon as there is such a client, whoever has told the server so. */
static void *revoke_early(void *arg)
{
	struct early *early = arg;

	do {
		early->ret = service_revoke(early->service, early->client,
					    MEMBANK_OFFER_ALL);
	} while (early->ret == -ENOENT);
	return NULL;
}

TEST(revoking_who_just_connects_takes_all_or_is_enoent)
{
	unsigned int rounds = number_from("MEMBANK_ROUNDS", 4 * ROUNDS), round;
	int dev = test_open(TEST_ANY), bell = notifier_create(dev), i;
	struct membank_offer offers[MEMBANK_OFFERS_MAX];
	struct membank_offer got[MEMBANK_OFFERS_MAX];
	struct early early;
	pthread_t thread;
	int connection;

	ASSERT_LE(0, bell);
	for (i = 0; i < MEMBANK_OFFERS_MAX; i++)
		offers[i] =
			(struct membank_offer){ .fd = bell, .rights = TRIGGER };
	early.service = service_register(dev, "early", 0200, offers,
					 MEMBANK_OFFERS_MAX);
	ASSERT_LE(0, early.service);
	for (round = 1; round <= rounds; round++) {
		early.client = round;
		ASSERT_EQ(0,
			  pthread_create(&thread, NULL, revoke_early, &early));
		connection = service_connect(dev, "early", 0, got,
					     MEMBANK_OFFERS_MAX, NULL);
		ASSERT_LE(0, connection);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_EQ(0, early.ret);
		for (i = 0; i < MEMBANK_OFFERS_MAX; i++) {
			ASSERT_EQ(-ENODEV, notifier_trigger(got[i].fd));
			close(got[i].fd);
		}
		close(connection);
		ASSERT_EQ(0, service_event(early.service, NULL));
		ASSERT_EQ(0, service_event(early.service, NULL));
	}
}

/* ------------------------------------------- in the middle of a command */

#define LONG (16 * MIB)
#define TAKEN 4

/**
 * struct writer - who writes all of what was lent, again and again
 * @dev: a node
 * @fd: what was lent
 * @from: what is copied to it, -1: it is cleared
 * @back: it is copied the other way
 * @begun: how often
 * @ret: what ended it
 */
struct writer {
	int dev;
	int fd;
	int from;
	bool back;
	unsigned int begun;
	int ret;
};

static void *write_all(void *arg)
{
	struct writer *writer = arg;

	do {
		__atomic_add_fetch(&writer->begun, 1, __ATOMIC_RELAXED);
		if (writer->from < 0)
			writer->ret =
				handle_clear(writer->dev, writer->fd, 0, LONG);
		else if (writer->back)
			writer->ret = handle_copy(writer->dev, writer->from, 0,
						  writer->fd, 0, LONG);
		else
			writer->ret = handle_copy(writer->dev, writer->fd, 0,
						  writer->from, 0, LONG);
	} while (!writer->ret);
	return NULL;
}

FIXTURE(taken)
{
	int dev;
};

FIXTURE_SETUP(taken)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(taken)
{
	EXPECT_TRUE(test_banks_empty());
}

/*
 * The server goes on with the memory: what a client has begun does not write to it any
 * more, nor read it, not even where it has not come to yet.
 */
TEST_F_TIMEOUT(taken, is_neither_written_nor_read_any_more, TEST_SLOW)
{
	struct membank_offer offer = { .rights = READ | WRITE }, got;
	struct writer writer = { .dev = self->dev };
	int service, client, round;
	pthread_t thread;
	char *end, *other = NULL;

	offer.fd = test_alloc(writer.dev, LONG, 0, 0);
	ASSERT_LE(0, offer.fd);
	end = test_map(offer.fd, LONG);
	ASSERT_NE(MAP_FAILED, end);
	end += LONG - 1;
	service = service_register(writer.dev, "taken", 0222, &offer, 1);
	ASSERT_LE(0, service);
	for (round = 1; round <= TAKEN; round++) {
		client = service_connect(writer.dev, "taken", 0, &got, 1, NULL);
		ASSERT_LE(0, client);
		ASSERT_EQ(0, service_event(service, NULL));
		writer.fd = got.fd;
		writer.from = -1;
		writer.back = round % 4 == 0;
		if (round % 2 == 0) {
			writer.from = test_alloc(writer.dev, LONG, 0, 0);
			ASSERT_LE(0, writer.from);
			other = test_map(writer.from, LONG);
			ASSERT_NE(MAP_FAILED, other);
		}
		writer.begun = 0;
		ASSERT_EQ(0, pthread_create(&thread, NULL, write_all, &writer));
		while (__atomic_load_n(&writer.begun, __ATOMIC_RELAXED) < 2)
			sched_yield();
		ASSERT_EQ(0, service_revoke(service, round, 0));
		*end = round;
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(-ENODEV, writer.ret);
		EXPECT_EQ(round, *end);
		if (writer.from >= 0) {
			/* Nor read: no byte of it is in the other one. */
			if (writer.back)
				EXPECT_NE(round, other[LONG - 1]);
			ASSERT_EQ(0, munmap(other, LONG));
			close(writer.from);
		}
		close(got.fd);
		close(client);
		ASSERT_EQ(0, service_event(service, NULL));
	}
}

TEST_HARNESS_MAIN
