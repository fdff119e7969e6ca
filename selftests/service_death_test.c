// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: kill -9 of a server or a client, at a random point, while clients
 * connect, write, ring, wait and leave. What each round leaves is looked at.
 *
 * MEMBANK_ROUNDS=… says how many rounds there are instead of a time, and
 * MEMBANK_SEED=… repeats a run, as far as the processor lets it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#define LENGTH (256 * KIB)
#define CLIENTS 3

/* How long the rounds take if nobody says how many there are. */
#define SECONDS 15

/* When a victim is killed at the latest, in microseconds after the first ring. */
#define UNTIL_KILLED 20000

/*
 * The other side shall be told in 100 ms, which is counted; on a machine that
 * is busy, emulated or debugs itself only the other one must hold.
 */
#define SOON_NS 100000000LL
#define TOLD_NS 10000000000LL

/* What the service offers, in this order. */
enum {
	MEMORY,
	TO_SERVER,
	TO_CLIENT,
	OFFERS,
};

/**
 * struct report - what the server tells the test
 * @client: number of who came or went
 * @pid: its process
 * @type: one of &enum membank_service_event_type; 0: it is there
 * @at: when the server read of it
 */
struct report {
	__u64 client;
	pid_t pid;
	__u32 type;
	__s64 at;
};

/**
 * struct stage - what a round has
 * @dev: a node
 * @space: what is lent, with all rights
 * @mem: its mapping in the test
 * @reports: pipe of &struct report
 * @server: its process
 * @clients: their processes
 * @connection: that of the test itself
 * @got: what the test got with it
 * @lent: the memory of @got, attached
 */
struct stage {
	int dev;
	int space;
	char *mem;
	int reports[2];
	pid_t server;
	pid_t clients[CLIENTS];
	int connection;
	struct membank_offer got[OFFERS];
	char *lent;
};

/**
 * struct times - how long it took until somebody was told, in nanoseconds
 * @hangup: the longest that a client had to wait
 * @gone: the longest that a server had to wait
 * @sum: of all that waited
 * @late: how many had to wait longer than they should
 * @servers: how many servers were killed
 * @clients: how many clients were
 * @connected: how many of these were connected at that moment
 */
struct times {
	__s64 hangup;
	__s64 gone;
	__s64 sum;
	unsigned int late;
	unsigned int servers;
	unsigned int clients;
	unsigned int connected;
};

static void report(int to, const struct membank_service_event *event)
{
	struct report report = { .at = clock_ns() };

	if (event) {
		report.client = event->client;
		report.pid = event->pid;
		report.type = event->type;
	}
	if (write(to, &report, sizeof(report)) != sizeof(report))
		_exit(10);
}

/* Answers each client, and takes back from some what they got. */
static void serve(struct stage *stage, unsigned int random)
{
	int bell = notifier_create(stage->dev), event = event_create();
	int answer = notifier_create(stage->dev), fd;
	struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = stage->space, .rights = READ | WRITE },
		[TO_SERVER] = { .fd = bell, .rights = TRIGGER },
		[TO_CLIENT] = { .fd = answer, .rights = RECEIVE },
	};
	struct membank_service_event come;
	struct pollfd fds[2];

	if (notifier_bind(bell, event))
		_exit(11);
	fd = service_register(stage->dev, "death", 0200, offers, OFFERS);
	if (fd < 0)
		_exit(12);
	close(stage->space);
	report(stage->reports[1], NULL);

	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = event, .events = POLLIN };
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			_exit(13);
		if (fds[1].revents) {
			event_count(event);
			notifier_trigger(answer);
		}
		if (!fds[0].revents)
			continue;
		if (service_event(fd, &come))
			_exit(14);
		report(stage->reports[1], &come);
		if (rand_r(&random) % 4 == 0 && come.pid != getppid() &&
		    service_revoke(fd, come.client, MEMBANK_OFFER_ALL))
			_exit(15);
	}
}

/* Once: connect, map, write, ring, wait and leave. Returns false if it ends. */
static bool visit(struct stage *stage, unsigned int *random)
{
	int event = event_create(), connection, i, told;
	struct membank_offer got[OFFERS];
	struct membank_service_connect out;
	struct pollfd fds[2];
	char *mem;

	connection = service_connect(stage->dev, "death", 0, got, OFFERS, &out);
	/* Nobody has the name, or the test, which looks whether it is free. */
	if (connection == -ENOENT || (connection >= 0 && !out.out_nr_offers))
		return false;
	if (connection < 0)
		_exit(20);
	/* From here on all may be taken back at any time. */
	mem = test_map(got[MEMORY].fd, LENGTH);
	if (mem == MAP_FAILED && errno != ENODEV)
		_exit(21);
	for (i = rand_r(random) % 64; mem != MAP_FAILED && i; i--)
		if (touch_write(mem + rand_r(random) % LENGTH, i))
			break;
	told = notifier_bind(got[TO_CLIENT].fd, event);
	if (told && told != -ENODEV)
		_exit(22);
	told = notifier_trigger(got[TO_SERVER].fd);
	if (told && told != -ENODEV)
		_exit(23);

	fds[0] = (struct pollfd){ .fd = connection };
	fds[1] = (struct pollfd){ .fd = event, .events = POLLIN };
	if (poll(fds, 2, rand_r(random) % 8) < 0)
		_exit(24);
	if (mem != MAP_FAILED)
		munmap(mem, LENGTH);
	for (i = 0; i < OFFERS; i++)
		close(got[i].fd);
	close(event);
	close(connection);
	return !(fds[0].revents & POLLHUP);
}

/* Returns the process, which ends with the test, whatever happens to that. */
static pid_t start(struct stage *stage, bool server, unsigned int random)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (server)
		serve(stage, random);
	while (visit(stage, &random))
		;
	_exit(0);
}

static int next_report(struct stage *stage, struct report *report)
{
	if (revents(stage->reports[0], TEST_PATIENCE) != POLLIN)
		return -ETIMEDOUT;
	return read(stage->reports[0], report, sizeof(*report)) ==
			       sizeof(*report) ?
		       0 :
		       -EPROTO;
}

/* All are there and at work. Returns what is wrong, or NULL. */
static const char *stage_open(struct stage *stage, unsigned int *random)
{
	struct report report;
	int i;

	stage->space = test_alloc(stage->dev, LENGTH, 0, 0);
	stage->mem = test_map(stage->space, LENGTH);
	if (stage->space < 0 || stage->mem == MAP_FAILED)
		return "no memory to lend";
	if (pipe2(stage->reports, O_CLOEXEC))
		return "no pipe";
	stage->server = start(stage, true, rand_r(random));
	if (next_report(stage, &report) || report.type)
		return "the server does not begin";
	for (i = 0; i < CLIENTS; i++)
		stage->clients[i] = start(stage, false, rand_r(random));
	stage->connection = service_connect(stage->dev, "death", 0, stage->got,
					    OFFERS, NULL);
	if (stage->connection < 0)
		return "the test cannot connect";
	stage->lent = test_map(stage->got[MEMORY].fd, LENGTH);
	return stage->lent == MAP_FAILED ? "the test cannot map" : NULL;
}

/* Ends who is still there. */
static void stage_close(struct stage *stage)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (stage->clients[i] > 0)
			test_kill(stage->clients[i]);
	if (stage->server > 0)
		test_kill(stage->server);
	munmap(stage->mem, LENGTH);
	munmap(stage->lent, LENGTH);
	for (i = 0; i < OFFERS; i++)
		close(stage->got[i].fd);
	close(stage->connection);
	close(stage->reports[0]);
	close(stage->reports[1]);
	close(stage->space);
}

static void note(struct times *times, __s64 *longest, __s64 told)
{
	if (told > *longest)
		*longest = told;
	times->sum += told;
	times->late += told > SOON_NS;
}

/* Returns what is wrong, or NULL. */
static const char *kill_server(struct stage *stage, struct times *times)
{
	__s64 start = clock_ns();
	char byte;
	int fd, i, ret;

	kill(stage->server, SIGKILL);
	if (revents(stage->connection, TEST_PATIENCE) != POLLHUP)
		return "the test was not told that the server is gone";
	note(times, &times->hangup, clock_ns() - start);
	times->servers++;

	fd = service_register(stage->dev, "death", 0200, NULL, 0);
	if (fd < 0)
		return "the name is not free";
	close(fd);
	if (test_wait_child(stage->server) != -SIGKILL)
		return "the server was dead before";
	stage->server = 0;
	for (i = 0; i < CLIENTS; i++) {
		ret = test_wait_child(stage->clients[i]);
		stage->clients[i] = 0;
		if (ret) {
			ksft_print_msg("client %d ended with %d\n", i, ret);
			return "a client did not end well";
		}
	}

	/* What was lent is still there, until its owner takes it back. */
	if (touch_read(stage->lent, &byte) || touch_read(stage->mem, &byte))
		return "what was lent went with the server";
	if (handle_revoke(stage->dev, stage->space))
		return "the owner cannot revoke";
	if (!touch_revoked(stage->lent) || !test_wait_used(0))
		return "what was lent is there after it was revoked";
	return NULL;
}

/* Reads reports until the test itself is read of again, and so all before. */
static const char *drain(struct stage *stage, pid_t victim, __s64 start,
			 struct times *times)
{
	struct membank_offer got[OFFERS];
	struct report report;
	bool last = false;
	int i, open = 0;
	__s64 gone = 0;

	i = service_connect(stage->dev, "death", 0, got, OFFERS, NULL);
	if (i < 0)
		return "nobody can connect after a client was killed";
	close(i);
	for (i = 0; i < OFFERS; i++)
		close(got[i].fd);

	while (!last) {
		if (next_report(stage, &report))
			return "the server does not go on";
		last = report.pid == getpid() &&
		       report.type == MEMBANK_SERVICE_GONE;
		if (report.pid != victim)
			continue;
		open += report.type == MEMBANK_SERVICE_CONNECTED ? 1 : -1;
		gone = report.at;
	}
	if (open)
		return "the server was not told that a client is gone";
	if (gone > start) {
		times->connected++;
		note(times, &times->gone, gone - start);
	}
	return NULL;
}

/* Returns what is wrong, or NULL. */
static const char *kill_client(struct stage *stage, unsigned int which,
			       struct times *times)
{
	struct membank_service_client list[2 * CLIENTS + 2];
	pid_t victim = stage->clients[which];
	__s64 start = clock_ns();
	const char *wrong;
	char byte;
	int i, count;

	if (test_kill(victim) != -SIGKILL)
		return "the client was dead before";
	stage->clients[which] = 0;
	times->clients++;
	count = service_clients(stage->dev, "death", list, ARRAY_SIZE(list),
				NULL);
	if (count < 1)
		return "the test is not among the clients";
	for (i = 0; i < count; i++)
		if (list[i].pid == victim)
			return "the dead client is still connected";
	wrong = drain(stage, victim, start, times);
	if (wrong)
		return wrong;
	if (revents(stage->connection, 0) || touch_read(stage->lent, &byte))
		return "another client was hit, too";
	return NULL;
}

static const char *play(struct stage *stage, unsigned int *random,
			struct times *times)
{
	const char *wrong = stage_open(stage, random);
	unsigned int victim = rand_r(random) % (2 * CLIENTS);

	if (!wrong) {
		usleep(rand_r(random) % UNTIL_KILLED);
		wrong = victim < CLIENTS ? kill_client(stage, victim, times) :
					   kill_server(stage, times);
	}
	stage_close(stage);
	return wrong;
}

FIXTURE(death)
{
	int dev;
};

FIXTURE_SETUP(death)
{
	touch_init();
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN_PARENT(death)
{
	EXPECT_TRUE(test_banks_empty());
}

/* For a thousand rounds, too. */
TEST_F_TIMEOUT(death, at_any_moment_leaves_nothing_and_is_told, 850)
{
	const char *seed = getenv("MEMBANK_SEED"), *wrong = NULL;
	const char *rounds = getenv("MEMBANK_ROUNDS");
	unsigned int random = seed ? strtoul(seed, NULL, 0) : clock_ns();
	unsigned long limit = rounds ? strtoul(rounds, NULL, 0) : ~0UL, round;
	__s64 end = clock_ns() + SECONDS * (__s64)SECOND;
	unsigned int files = test_open_files();
	int users = test_module_users();
	struct times times = {};

	ksft_print_msg("MEMBANK_SEED=%#x\n", random);
	for (round = 0; round < limit; round++) {
		struct stage stage = { .dev = self->dev };

		if (!rounds && clock_ns() > end)
			break;
		wrong = play(&stage, &random, &times);
		ASSERT_EQ(NULL, wrong)
		TH_LOG("round %lu: %s", round, wrong);
		ASSERT_TRUE(test_wait_used(0));
		ASSERT_EQ(users, test_module_users());
		ASSERT_EQ(files, test_open_files());
		ASSERT_EQ(0, service_list(self->dev, "", NULL, 1, NULL));
	}
	ksft_print_msg("%lu rounds: %u servers and %u clients were killed\n",
		       round, times.servers, times.clients);
	ksft_print_msg("clients were told in %.1f ms at most\n",
		       times.hangup / 1e6);
	ksft_print_msg("servers, of %u, were told in %.1f ms at most\n",
		       times.connected, times.gone / 1e6);
	EXPECT_LT(0, times.servers + times.connected);
	ksft_print_msg("%.1f ms in the mean, %u later than in 100 ms\n",
		       times.sum / 1e6 / (times.servers + times.connected ?: 1),
		       times.late);
	EXPECT_LT(times.hangup, TOLD_NS);
	EXPECT_LT(times.gone, TOLD_NS);
}

TEST_HARNESS_MAIN
