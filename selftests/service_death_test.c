// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: kill -9 of a server or a client, at a random point, while clients
 * connect, write, ring, wait and leave. What each round leaves is looked at.
 *
 * A process closes what it has open before its parent is told that it has ended.
 * So who is told of the end finds that the other side knows of it already, and
 * that nothing is left; how long that took after kill() is measured, and decides
 * nothing.
 *
 * MEMBANK_DEATHS=… says how many rounds there are instead of 1000, and MEMBANK_SEED=…
 * repeats a run, as far as the processor lets it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#define LENGTH (256 * KIB)
#define CLIENTS 3
#define NAME "death"

/* So many events the server reads at once. */
#define EVENTS 16

#define ROUNDS 1000

/* When a victim is killed at the latest, in microseconds. */
#define UNTIL_KILLED 5000

/* What the service offers, in this order. */
enum {
	MEMORY,
	TO_SERVER,
	TO_CLIENT,
	OFFERS,
};

/**
 * struct report - what the server tells the test
 * @pid: process of who came or went
 * @type: one of &enum membank_service_event_type; 0: it is there
 * @at: when the server read of it
 */
struct report {
	pid_t pid;
	__u32 type;
	__s64 at;
};

/**
 * struct stage - what there is from one server to the next
 * @space: what is lent, with all rights
 * @mem: its mapping in the test
 * @reports: pipe of &struct report
 * @server: its process; 0: none
 * @connection: that of the test itself
 * @got: what the test got with it
 * @lent: the memory of @got, attached
 * @connects: how often the test has connected
 * @seen: of how many of these it has read
 * @open: whether each client is connected, as far as reports were read
 */
struct stage {
	int space;
	char *mem;
	int reports[2];
	pid_t server;
	int connection;
	struct membank_offer got[OFFERS];
	char *lent;
	unsigned int connects;
	unsigned int seen;
	bool open[CLIENTS];
};

/**
 * struct delays - how long it took after kill() until somebody was told
 * @samples: each, in nanoseconds
 * @count: how many
 */
struct delays {
	__s64 *samples;
	unsigned int count;
};

/**
 * struct theatre - what stays from round to round
 * @dev: a node, the last descriptor that is open before the first round
 * @clients: processes, which wait while there is no server
 * @random: where the random numbers are
 * @hangups: of clients of a server that was killed
 * @events: of servers of a client that was killed while it was connected
 * @servers: how many servers were killed
 * @stage: what the server of now has
 */
struct theatre {
	int dev;
	pid_t clients[CLIENTS];
	unsigned int random;
	struct delays hangups;
	struct delays events;
	unsigned int servers;
	struct stage stage;
};

/* Reads all events there are, reports them, and takes back from some clients. */
static void serve_events(int fd, int to, unsigned int *random)
{
	struct membank_service_event events[EVENTS];
	struct report reports[EVENTS] = {};
	ssize_t length;
	int count, i;

	length = read(fd, events, sizeof(events));
	if (length <= 0 || length % sizeof(*events))
		_exit(14);
	count = length / sizeof(*events);
	for (i = 0; i < count; i++) {
		reports[i].pid = events[i].pid;
		reports[i].type = events[i].type;
		reports[i].at = clock_ns();
	}
	length = count * sizeof(*reports);
	if (write(to, reports, length) != length)
		_exit(10);
	for (i = 0; i < count; i++)
		if (rand_r(random) % 8 == 0 && events[i].pid != getppid() &&
		    service_revoke(fd, events[i].client, MEMBANK_OFFER_ALL))
			_exit(15);
}

/* Answers each client, and takes back from some what they got. */
static void serve(int dev, struct stage *stage, unsigned int random)
{
	int bell = notifier_create(dev), event = event_create();
	int answer = notifier_create(dev), fd;
	struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = stage->space, .rights = READ | WRITE },
		[TO_SERVER] = { .fd = bell, .rights = TRIGGER },
		[TO_CLIENT] = { .fd = answer, .rights = RECEIVE },
	};
	const struct report begin = {};
	struct pollfd fds[2];

	if (notifier_bind(bell, event))
		_exit(11);
	fd = service_register(dev, NAME, 0200, offers, OFFERS);
	if (fd < 0)
		_exit(12);
	close(stage->space);
	if (write(stage->reports[1], &begin, sizeof(begin)) != sizeof(begin))
		_exit(10);

	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = event, .events = POLLIN };
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			_exit(13);
		if (fds[1].revents) {
			event_count(event);
			notifier_trigger(answer);
		}
		if (fds[0].revents)
			serve_events(fd, stage->reports[1], &random);
	}
}

/* Uses what was offered, all of which may be taken back at any time. */
static void use(const struct membank_offer *got, int connection,
		unsigned int *random)
{
	int event = event_create(), told, i;
	struct pollfd fds[2];
	char *mem;

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
	close(event);
}

/* Once: wait for a server, connect, use what it offers, and leave. */
static void visit(int dev, unsigned int *random)
{
	struct membank_offer got[OFFERS];
	struct membank_service_connect out;
	unsigned int i;
	int connection;

	connection = service_connect(dev, NAME, MEMBANK_WAIT_FOREVER, got,
				     OFFERS, &out);
	/* The server has not read yet, or has ended and its memory was revoked. */
	if (connection == -EAGAIN || connection == -ENODEV) {
		sched_yield();
		return;
	}
	if (connection < 0)
		_exit(20);
	if (out.out_nr_offers)
		use(got, connection, random);
	else
		/* It is the test, which looks whether the name is free. */
		revents(connection, TEST_PATIENCE);
	for (i = 0; i < out.out_nr_offers; i++)
		close(got[i].fd);
	close(connection);
}

/* The process ends with the test, whatever happens to that. */
static pid_t start_server(struct theatre *theatre)
{
	unsigned int random = rand_r(&theatre->random);
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	serve(theatre->dev, &theatre->stage, random);
	_exit(0);
}

static pid_t start_client(struct theatre *theatre)
{
	unsigned int random = rand_r(&theatre->random);
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What the test has of the server is not for it to hold. */
	if (close_range(theatre->dev + 1, ~0U, 0))
		_exit(25);
	for (;;)
		visit(theatre->dev, &random);
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

/* In the test alone. */
static char *map_here(int fd)
{
	char *mem = test_map(fd, LENGTH);

	if (mem != MAP_FAILED && madvise(mem, LENGTH, MADV_DONTFORK))
		return MAP_FAILED;
	return mem;
}

/* The server is there, and the clients are at work. What is wrong, or NULL. */
static const char *stage_open(struct theatre *theatre)
{
	struct stage *stage = &theatre->stage;
	struct report report;

	memset(stage, 0, sizeof(*stage));
	stage->space = test_alloc(theatre->dev, LENGTH, 0, 0);
	stage->mem = map_here(stage->space);
	if (stage->space < 0 || stage->mem == MAP_FAILED)
		return "no memory to lend";
	if (pipe2(stage->reports, O_CLOEXEC))
		return "no pipe";
	stage->server = start_server(theatre);
	if (next_report(stage, &report) || report.type)
		return "the server does not begin";
	stage->connection = service_connect(theatre->dev, NAME, 0, stage->got,
					    OFFERS, NULL);
	if (stage->connection < 0)
		return "the test cannot connect";
	stage->connects++;
	stage->lent = map_here(stage->got[MEMORY].fd);
	return stage->lent == MAP_FAILED ? "the test cannot map" : NULL;
}

static void stage_close(struct stage *stage)
{
	int i;

	if (stage->server > 0)
		test_kill(stage->server);
	stage->server = 0;
	munmap(stage->mem, LENGTH);
	munmap(stage->lent, LENGTH);
	for (i = 0; i < OFFERS; i++)
		close(stage->got[i].fd);
	close(stage->connection);
	close(stage->reports[0]);
	close(stage->reports[1]);
	close(stage->space);
}

/* ------------------------------------------------------------- the server */

/*
 * Kills the server and looks what the test's connection says before it is told
 * that the server has ended, and after that.
 */
static const char *end_server(struct theatre *theatre)
{
	struct stage *stage = &theatre->stage;
	struct pollfd fds[2] = {
		/* In this order, in which they are looked at. */
		{ .fd = pidfd_open(stage->server, 0), .events = POLLIN },
		{ .fd = stage->connection },
	};
	__s64 start = clock_ns();

	kill(stage->server, SIGKILL);
	if (fds[0].fd < 0 || poll(fds, 2, TEST_PATIENCE) < 1)
		return "nobody was told that the server is gone";
	if (fds[1].revents != POLLHUP)
		return "the server has ended, and its client was not told";
	theatre->hangups.samples[theatre->hangups.count++] = clock_ns() - start;
	close(fds[0].fd);
	if (test_wait_child(stage->server) != -SIGKILL)
		return "the server was dead before";
	stage->server = 0;
	theatre->servers++;
	/* What it answered while nobody was bound can still be read. */
	if (revents(stage->connection, 0) != POLLHUP ||
	    revents(stage->got[TO_SERVER].fd, 0) != POLLHUP ||
	    !(revents(stage->got[TO_CLIENT].fd, 0) & POLLHUP))
		return "not all that the server had has hung up";
	return NULL;
}

/* Returns what is wrong, or NULL. */
static const char *kill_server(struct theatre *theatre)
{
	struct stage *stage = &theatre->stage;
	const char *wrong;
	char byte;
	int fd;

	wrong = end_server(theatre);
	if (wrong)
		return wrong;
	fd = service_register(theatre->dev, NAME, 0200, NULL, 0);
	if (fd < 0)
		return "the name is not free";
	close(fd);

	/* What was lent is still there, until its owner takes it back. */
	if (touch_read(stage->lent, &byte) || touch_read(stage->mem, &byte))
		return "what was lent went with the server";
	if (handle_revoke(theatre->dev, stage->space))
		return "the owner cannot revoke";
	if (!touch_revoked(stage->lent) || !touch_revoked(stage->mem))
		return "what was lent is there after it was revoked";
	return test_wait_used(0) ? NULL : "what was revoked is not free";
}

/* ------------------------------------------------------------- the clients */

static int slot_of(const struct theatre *theatre, pid_t pid)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (theatre->clients[i] == pid)
			return i;
	return -1;
}

/*
 * Connects and reads reports until the server has read of that: what was before
 * it comes before it.
 */
static const char *read_reports(struct theatre *theatre, pid_t victim,
				__s64 *out_gone)
{
	struct stage *stage = &theatre->stage;
	struct membank_offer got[OFFERS];
	struct report report;
	bool came;
	int i;

	i = service_connect(theatre->dev, NAME, 0, got, OFFERS, NULL);
	if (i < 0)
		return "nobody can connect after a client was killed";
	stage->connects++;
	close(i);
	for (i = 0; i < OFFERS; i++)
		close(got[i].fd);

	while (stage->seen < stage->connects) {
		if (next_report(stage, &report))
			return "the server does not go on";
		came = report.type == MEMBANK_SERVICE_CONNECTED;
		stage->seen += report.pid == getpid() && came;
		i = slot_of(theatre, report.pid);
		if (i < 0)
			continue;
		if (stage->open[i] == came)
			return "the server was told of what was not";
		stage->open[i] = came;
		if (report.pid == victim)
			*out_gone = report.at;
	}
	return NULL;
}

/* Returns what is wrong, or NULL. */
static const char *kill_client(struct theatre *theatre, unsigned int which)
{
	struct membank_service_client list[2 * CLIENTS + 2];
	struct stage *stage = &theatre->stage;
	pid_t victim = theatre->clients[which];
	__s64 start = clock_ns(), gone = 0;
	const char *wrong;
	char byte;
	int i, count;

	if (test_kill(victim) != -SIGKILL)
		return "the client was dead before";
	count = service_clients(theatre->dev, NAME, list, ARRAY_SIZE(list),
				NULL);
	if (count < 1)
		return "the test is not among the clients";
	for (i = 0; i < count; i++)
		if (list[i].pid == victim)
			return "the dead client is still connected";
	wrong = read_reports(theatre, victim, &gone);
	if (wrong)
		return wrong;
	if (stage->open[which])
		return "the server was not told that a client is gone";
	if (gone > start)
		theatre->events.samples[theatre->events.count++] = gone - start;
	if (revents(stage->connection, 0) || touch_read(stage->lent, &byte))
		return "another client was hit, too";
	return NULL;
}

/* ---------------------------------------------------------------- rounds */

/* One victim. Returns what is wrong, or NULL. */
static const char *play(struct theatre *theatre)
{
	unsigned int which = rand_r(&theatre->random) % (2 * CLIENTS);
	const char *wrong = NULL;

	if (!theatre->stage.server)
		wrong = stage_open(theatre);
	if (wrong)
		return wrong;
	usleep(rand_r(&theatre->random) % UNTIL_KILLED);
	if (which < CLIENTS) {
		wrong = kill_client(theatre, which);
		theatre->clients[which] = start_client(theatre);
	} else {
		wrong = kill_server(theatre);
		stage_close(&theatre->stage);
	}
	return wrong;
}

static int compare(const void *a, const void *b)
{
	const __s64 *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void print_delays(const char *who, struct delays *delays)
{
	__s64 *samples = delays->samples;
	unsigned int count = delays->count;

	if (!count)
		return;
	qsort(samples, count, sizeof(*samples), compare);
	ksft_print_msg("%s of %u ends in %.1f ms (median), %.1f ms (worst)\n",
		       who, count, samples[count / 2] / 1e6,
		       samples[count - 1] / 1e6);
}

FIXTURE(death)
{
	struct theatre theatre;
	int users;
	unsigned int files;
};

FIXTURE_SETUP(death)
{
	touch_init();
	ASSERT_TRUE(test_banks_empty());
	self->theatre.dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->theatre.dev);
	self->files = test_open_files();
	self->users = test_module_users();
}

FIXTURE_TEARDOWN_PARENT(death)
{
	EXPECT_TRUE(test_banks_empty());
}

/* For ten times as many rounds, too. */
TEST_F_TIMEOUT(death, at_any_moment_leaves_nothing_and_is_told, 850)
{
	const char *wrong = NULL;
	unsigned int limit = number_from("MEMBANK_DEATHS", ROUNDS), round;
	struct theatre *theatre = &self->theatre;
	int i;

	theatre->random = number_from("MEMBANK_SEED", clock_ns());
	theatre->hangups.samples = calloc(limit, sizeof(__s64));
	theatre->events.samples = calloc(limit, sizeof(__s64));
	ASSERT_NE(NULL, theatre->hangups.samples);
	ASSERT_NE(NULL, theatre->events.samples);
	ksft_print_msg("MEMBANK_SEED=%#x\n", theatre->random);
	for (i = 0; i < CLIENTS; i++)
		theatre->clients[i] = start_client(theatre);
	for (round = 0; round < limit; round++) {
		wrong = play(theatre);
		ASSERT_EQ(NULL, wrong)
		TH_LOG("round %u: %s", round, wrong);
		if (theatre->stage.server)
			continue;
		ASSERT_TRUE(test_wait_module_users(self->users));
		ASSERT_TRUE(test_wait_used(0));
		ASSERT_EQ(self->files, test_open_files());
		ASSERT_EQ(0, service_list(theatre->dev, "", NULL, 1, NULL));
	}
	ksft_print_msg("%u rounds: %u servers and %u clients were killed\n",
		       round, theatre->servers, round - theatre->servers);
	print_delays("clients were told", &theatre->hangups);
	print_delays("servers were told", &theatre->events);
	EXPECT_LT(0, theatre->hangups.count + theatre->events.count);

	for (i = 0; i < CLIENTS; i++)
		EXPECT_EQ(-SIGKILL, test_kill(theatre->clients[i]));
	if (theatre->stage.server)
		stage_close(&theatre->stage);
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_EQ(self->files, test_open_files());
	free(theatre->hangups.samples);
	free(theatre->events.samples);
}

TEST_HARNESS_MAIN
