// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: names, what is offered under them, and what both sides learn of
 * each other.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "common.h"
#include "notify.h"
#include "service.h"

/* More names than one user may have who is limited. */
#define MANY 2000

FIXTURE(service)
{
	int dev;
	int fd;
};

FIXTURE_SETUP(service)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->fd = service_register(self->dev, "test", 0200, NULL, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(service)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(service, register_takes_its_struct_in_every_form)
{
	struct membank_service_register good = { REGISTER_SIZES, .mode = 0222,
						 .name = "form" };

	EXPECT_FORM(self->dev, MEMBANK_IOC_SERVICE_REGISTER, &good,
		    sizeof(good), offsetof(typeof(good), out_fd),
		    MEMBANK_SERVICE_OWNER | MEMBANK_SERVICE_GROUP);
	good.__reserved = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_SERVICE_REGISTER, &good);
}

TEST_F(service, connect_takes_its_struct_in_every_form)
{
	struct membank_service_connect good = {
		.size = sizeof(good),
		.offer_size = sizeof(struct membank_offer),
		.name = "test",
	};

	EXPECT_FORM(self->dev, MEMBANK_IOC_SERVICE_CONNECT, &good, sizeof(good),
		    offsetof(typeof(good), out_fd), 0);
	good.__reserved = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_SERVICE_CONNECT, &good);
}

TEST_F(service, services_and_connections_have_not_the_commands_of_nodes)
{
	struct membank_service_connect args = {
		.size = sizeof(args),
		.offer_size = sizeof(struct membank_offer),
		.name = "test",
	};
	int client = service_connect(self->dev, "test", 0, NULL, 0, NULL);

	ASSERT_LE(0, client);
	test_err(ENOTTY, self->fd, MEMBANK_IOC_SERVICE_CONNECT, &args);
	test_err(ENOTTY, client, MEMBANK_IOC_SERVICE_CONNECT, &args);
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(client, F_GETFD));
	close(client);
}

TEST_F(service, names_that_are_no_names_are_refused)
{
	char name[MEMBANK_NAME_MAX + 1];
	int fd;

	memset(name, 'x', sizeof(name));
	EXPECT_EQ(-EINVAL, service_register(self->dev, name, 0, NULL, 0));
	EXPECT_EQ(-EINVAL, service_connect(self->dev, name, 0, NULL, 0, NULL));
	EXPECT_EQ(-EINVAL, service_register(self->dev, "", 0, NULL, 0));
	EXPECT_EQ(-EINVAL, service_connect(self->dev, "", 0, NULL, 0, NULL));
	EXPECT_EQ(-EINVAL, service_register(self->dev, "a/b", 0, NULL, 0));
	EXPECT_EQ(-EINVAL, service_connect(self->dev, "a/b", 0, NULL, 0, NULL));

	name[MEMBANK_NAME_MAX] = '\0';
	fd = service_register(self->dev, name, 0200, NULL, 0);
	ASSERT_LE(0, fd);
	name[MEMBANK_NAME_MAX - 1] = '\0';
	EXPECT_EQ(-ENOENT, service_connect(self->dev, name, 0, NULL, 0, NULL));
	name[MEMBANK_NAME_MAX - 1] = 'x';
	EXPECT_LE(0, service_connect(self->dev, name, 0, NULL, 0, NULL));
	close(fd);
}

TEST_F(service, a_name_is_taken_until_its_service_is_closed)
{
	int copy = dup(self->fd);

	EXPECT_EQ(-EEXIST, service_register(self->dev, "test", 0, NULL, 0));
	close(self->fd);
	EXPECT_EQ(-EEXIST, service_register(self->dev, "test", 0, NULL, 0));
	close(copy);
	EXPECT_EQ(-ENOENT,
		  service_connect(self->dev, "test", 0, NULL, 0, NULL));
	self->fd = service_register(self->dev, "test", 0200, NULL, 0);
	EXPECT_LE(0, self->fd);
}

TEST_F(service, modes_beyond_write_are_refused)
{
	__u32 bit, mode;
	int fd;

	for (bit = 0; bit < 32; bit++) {
		mode = 1U << bit;
		fd = service_register(self->dev, "mode", mode, NULL, 0);
		EXPECT_EQ(mode & 0222 ? 0 : -EINVAL, fd < 0 ? fd : close(fd));
	}
}

TEST_F(service, offers_that_cannot_be_made_are_refused)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX + 1] = {};
	int notifier = notifier_create(self->dev), event = event_create();
	int trigger = notifier_derive(notifier, TRIGGER);
	int space = test_alloc(self->dev, MIB, 0, 0);
	struct membank_offer good = { .fd = notifier, .rights = TRIGGER };
	const struct {
		struct membank_offer offer;
		int ret;
	} cases[] = {
		{ { .fd = NOT_OPEN, .rights = TRIGGER }, -EBADF },
		{ { .fd = -1, .rights = TRIGGER }, -EBADF },
		{ { .fd = event, .rights = TRIGGER }, -EINVAL },
		{ { .fd = self->dev }, -EINVAL },
		{ { .fd = self->fd }, -EINVAL },
		{ { .fd = notifier, .rights = TRIGGER, .kind = 2 }, -EINVAL },
		{ { .fd = notifier, .rights = TRIGGER, .__reserved = 1 },
		  -EINVAL },
		{ { .fd = notifier, .rights = 0 }, -EINVAL },
		{ { .fd = notifier, .rights = 4 }, -EOPNOTSUPP },
		{ { .fd = trigger, .rights = RECEIVE }, -EACCES },
		{ { .fd = trigger, .rights = BOTH }, -EACCES },
		{ { .fd = space, .rights = 0 }, -EINVAL },
		{ { .fd = space, .rights = MEMBANK_DATASPACE_OWN },
		  -EOPNOTSUPP },
		{ { .fd = space, .rights = 8 }, -EOPNOTSUPP },
		{ { .fd = space, .rights = MEMBANK_DATASPACE_READ, .kind = 1 },
		  -EINVAL },
	};
	unsigned int i, files = test_open_files();

	ASSERT_LE(0, trigger);
	ASSERT_LE(0, space);
	offers[0] = good;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		offers[1] = cases[i].offer;
		EXPECT_EQ(cases[i].ret,
			  service_register(self->dev, "bad", 0200, offers, 2))
		TH_LOG("case %u", i);
	}
	EXPECT_EQ(-EFAULT, service_register(self->dev, "bad", 0200, NULL, 1));
	for (i = 0; i < ARRAY_SIZE(offers); i++)
		offers[i] = good;
	EXPECT_EQ(-EINVAL, service_register(self->dev, "bad", 0200, offers,
					    MEMBANK_OFFERS_MAX + 1));
	EXPECT_EQ(-EINVAL,
		  service_register(self->dev, "bad", 0200, offers, ~0U));

	/* None of them took the name or keeps anything. */
	EXPECT_EQ(files, test_open_files());
	EXPECT_EQ(-ENOENT, service_connect(self->dev, "bad", 0, NULL, 0, NULL));
	close(space);
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(service, a_client_gets_what_is_offered_in_its_order)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX + 1] = {};
	int notifier = notifier_create(self->dev), event = event_create();
	struct membank_service_connect args;
	char *mine, *theirs;
	int fd, client, i;

	for (i = 0; i < MEMBANK_OFFERS_MAX; i++) {
		offers[i].fd = notifier;
		offers[i].rights = i % BOTH + 1;
	}
	offers[7].fd = test_alloc(self->dev, MIB, 0, 0);
	offers[7].rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE;
	ASSERT_LE(0, offers[7].fd);
	mine = test_map(offers[7].fd, MIB);
	ASSERT_NE(MAP_FAILED, mine);
	snprintf(mine, MIB, "from the server");
	ASSERT_EQ(0, notifier_bind(notifier, event));
	fd = service_register(self->dev, "all", 0200, offers,
			      MEMBANK_OFFERS_MAX);
	ASSERT_LE(0, fd);
	close(offers[7].fd);

	memset(offers, TEST_JUNK, sizeof(offers));
	client = service_connect(self->dev, "all", 0, offers,
				 MEMBANK_OFFERS_MAX + 1, &args);
	ASSERT_LE(0, client);
	EXPECT_EQ(MEMBANK_OFFERS_MAX, args.out_nr_offers);
	EXPECT_EQ(getpid(), args.out_pid);
	EXPECT_TRUE(test_all_bytes(&offers[MEMBANK_OFFERS_MAX], TEST_JUNK,
				   sizeof(*offers)));
	for (i = 0; i < MEMBANK_OFFERS_MAX; i++) {
		EXPECT_EQ(0, offers[i].__reserved);
		EXPECT_EQ(FD_CLOEXEC, fcntl(offers[i].fd, F_GETFD));
		if (i == 7)
			continue;
		EXPECT_EQ(MEMBANK_OFFER_NOTIFIER, offers[i].kind);
		EXPECT_EQ(i % BOTH + 1, offers[i].rights);
		EXPECT_EQ(offers[i].rights & TRIGGER ? 0 : -EACCES,
			  notifier_trigger(offers[i].fd));
		EXPECT_EQ(offers[i].rights & TRIGGER ? 1 : 0,
			  event_count(event));
		EXPECT_EQ(offers[i].rights & RECEIVE ? 0 : -EACCES,
			  notifier_bind(offers[i].fd, -1));
	}

	EXPECT_EQ(MEMBANK_OFFER_DATASPACE, offers[7].kind);
	EXPECT_EQ(MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE,
		  offers[7].rights);
	theirs = test_map(offers[7].fd, MIB);
	ASSERT_NE(MAP_FAILED, theirs);
	EXPECT_STREQ("from the server", theirs);
	snprintf(theirs, MIB, "from the client");
	EXPECT_STREQ("from the client", mine);

	/* The client keeps what it got when the server goes. */
	close(fd);
	EXPECT_EQ(POLLHUP, revents(client, TEST_PATIENCE));
	EXPECT_EQ(0, notifier_trigger(offers[0].fd));
	EXPECT_STREQ("from the client", theirs);
}

TEST_F(service, a_client_that_goes_is_a_notifier_that_hangs_up)
{
	int notifier = notifier_create(self->dev);
	struct membank_offer offer = { .fd = notifier, .rights = TRIGGER };
	int fd = service_register(self->dev, "hup", 0200, &offer, 1);
	int client;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, revents(notifier, 0));
	client = service_connect(self->dev, "hup", 0, &offer, 1, NULL);
	ASSERT_LE(0, client);
	EXPECT_EQ(0, revents(notifier, 0));
	close(offer.fd);
	EXPECT_EQ(POLLHUP, revents(notifier, 0));
	close(client);
	close(fd);
}

TEST_F(service, a_failed_connect_leaves_nothing_and_tells_nobody)
{
	struct membank_offer offers[2] = {}, junk[2];
	int notifier = notifier_create(self->dev), fd, i;
	unsigned int files;
	struct rlimit limit;

	ASSERT_LE(0, notifier);
	for (i = 0; i < 2; i++) {
		offers[i].fd = notifier;
		offers[i].rights = BOTH;
	}
	fd = service_register(self->dev, "two", 0200, offers, 2);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	files = test_open_files();

	memset(junk, TEST_JUNK, sizeof(junk));
	memset(offers, TEST_JUNK, sizeof(offers));
	EXPECT_EQ(-ENOENT, service_connect(self->dev, "tw", 0, NULL, 0, NULL));
	EXPECT_EQ(-ENOSPC, service_connect(self->dev, "two", 0, NULL, 0, NULL));
	EXPECT_EQ(-ENOSPC,
		  service_connect(self->dev, "two", 0, offers, 1, NULL));
	EXPECT_EQ(0, memcmp(junk, offers, sizeof(junk)));

	/* Room for none, one, and both of the offers, but not all three. */
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 3; i++) {
		limit.rlim_cur = lowest_free() + i;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
		EXPECT_EQ(-EMFILE, service_connect(self->dev, "two", 0, offers,
						   2, NULL));
	}
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));

	EXPECT_EQ(files, test_open_files());
	EXPECT_EQ(-EAGAIN, service_event(fd, NULL));
	EXPECT_EQ(0, revents(fd, 0));
	close(fd);
	close(notifier);
}

TEST_F(service, a_struct_that_cannot_be_written_is_no_client)
{
	static const struct membank_service_connect args = {
		.size = sizeof(args),
		.offer_size = sizeof(struct membank_offer),
		.name = "test",
	};

	EXPECT_EQ(-1, ioctl(self->dev, MEMBANK_IOC_SERVICE_CONNECT, &args));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EAGAIN, service_event(self->fd, NULL));
}

TEST_F(service, the_server_learns_of_each_client_and_of_its_end)
{
	struct membank_service_event event;
	int clients[2], i;

	EXPECT_EQ(-EAGAIN, service_event(self->fd, &event));
	EXPECT_EQ(0, revents(self->fd, 0));
	for (i = 0; i < 2; i++) {
		clients[i] =
			service_connect(self->dev, "test", 0, NULL, 0, NULL);
		ASSERT_LE(0, clients[i]);
		EXPECT_EQ(0, revents(clients[i], 0));
	}
	close(clients[1]);
	close(clients[0]);

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(POLLIN, revents(self->fd, 0));
		ASSERT_EQ(0, service_event(self->fd, &event));
		EXPECT_EQ(i < 2 ? MEMBANK_SERVICE_CONNECTED :
				  MEMBANK_SERVICE_GONE,
			  event.type);
		EXPECT_EQ(i == 0 || i == 3 ? 1 : 2, event.client);
		EXPECT_EQ(getpid(), event.pid);
		EXPECT_EQ(geteuid(), event.uid);
		EXPECT_EQ(getegid(), event.gid);
	}
	EXPECT_EQ(-EAGAIN, service_event(self->fd, &event));
	EXPECT_EQ(0, revents(self->fd, 0));

	/* Numbers are not used again. */
	clients[0] = service_connect(self->dev, "test", 0, NULL, 0, NULL);
	ASSERT_LE(0, clients[0]);
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(3, event.client);
	close(clients[0]);
}

TEST_F(service, read_gives_whole_events_and_loses_none)
{
	struct membank_service_event *events, none;
	size_t one = sizeof(*events), page = sysconf(_SC_PAGESIZE);
	char *edge;

	close(service_connect(self->dev, "test", 0, NULL, 0, NULL));
	close(service_connect(self->dev, "test", 0, NULL, 0, NULL));
	edge = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + page, page));
	edge += page;

	EXPECT_EQ(-1, read(self->fd, edge - page, one - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->fd, edge - page, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->fd, edge, one));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(self->fd, edge - one + 1, one));
	EXPECT_EQ(EFAULT, errno);

	/* The second of these does not fit into what is mapped. */
	events = (void *)(edge - one - one / 2);
	ASSERT_EQ(one, read(self->fd, events, 2 * one));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, events->type);
	EXPECT_EQ(1, events->client);

	/* Three are left, asked for are four and a half. */
	events = (void *)(edge - page);
	ASSERT_EQ(3 * one, read(self->fd, events, 4 * one + one / 2));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, events[0].type);
	EXPECT_EQ(1, events[0].client);
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, events[1].type);
	EXPECT_EQ(2, events[1].client);
	EXPECT_EQ(MEMBANK_SERVICE_GONE, events[2].type);
	EXPECT_EQ(2, events[2].client);
	EXPECT_EQ(-EAGAIN, service_event(self->fd, &none));
}

TEST_F(service, a_read_that_waits_ends_with_an_event_or_a_signal)
{
	struct membank_service_event event;
	pid_t child;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->fd);
		sleep_ms(200);
		_exit(service_connect(self->dev, "test", 0, NULL, 0, NULL) < 0);
	}
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
	EXPECT_EQ(child, event.pid);
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(child, event.pid);
	EXPECT_EQ(0, test_wait_child(child));

	alarm_soon();
	EXPECT_EQ(-EINTR, service_event(self->fd, &event));
}

TEST_F(service, a_killed_client_is_gone)
{
	struct membank_service_event event;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		if (service_connect(self->dev, "test", 0, NULL, 0, NULL) < 0)
			_exit(1);
		pause();
	}
	EXPECT_EQ(POLLIN, revents(self->fd, TEST_PATIENCE));
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
	EXPECT_EQ(-EAGAIN, service_event(self->fd, &event));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(POLLIN, revents(self->fd, 0));
	ASSERT_EQ(0, service_event(self->fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	EXPECT_EQ(child, event.pid);
}

TEST_F(service, a_killed_server_hangs_up_and_frees_its_name)
{
	struct membank_offer offer = { .rights = MEMBANK_DATASPACE_READ };
	int client, ret;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		close(self->fd);
		offer.fd = test_alloc(self->dev, MIB, 0, 0);
		ret = service_register(self->dev, "die", 0200, &offer, 1);
		if (ret < 0)
			_exit(1);
		pause();
	}
	client =
		service_connect(self->dev, "die", SECOND * 10, &offer, 1, NULL);
	ASSERT_LE(0, client);
	EXPECT_EQ(0, revents(client, 0));
	EXPECT_EQ(-EEXIST, service_register(self->dev, "die", 0, NULL, 0));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(POLLHUP, revents(client, 0));
	ret = service_register(self->dev, "die", 0, NULL, 0);
	EXPECT_LE(0, ret);

	/* What the client got lives on, and ends with it. */
	EXPECT_EQ(MIB, test_used());
	close(offer.fd);
	EXPECT_TRUE(test_wait_used(0));
	close(ret);
	close(client);
}

TEST_F(service, a_service_passed_to_another_process_lives_there)
{
	struct membank_service_event event;
	int sockets[2], client;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->fd);
		self->fd = test_receive_fd(sockets[1]);
		if (self->fd < 0 ||
		    revents(self->fd, TEST_PATIENCE) != POLLIN ||
		    service_event(self->fd, &event))
			_exit(1);
		_exit(event.pid == getppid() ? 0 : 2);
	}
	ASSERT_EQ(0, test_send_fd(sockets[0], self->fd));
	close(self->fd);
	client = service_connect(self->dev, "test", 0, NULL, 0, NULL);
	ASSERT_LE(0, client);
	EXPECT_EQ(POLLHUP, revents(client, TEST_PATIENCE));
	EXPECT_EQ(0, test_wait_child(child));
	self->fd = service_register(self->dev, "test", 0200, NULL, 0);
	EXPECT_LE(0, self->fd);
}

TEST_F(service, what_is_offered_is_held_and_ends_with_the_service)
{
	struct membank_offer offer = {
		.fd = test_alloc(self->dev, MIB, 0, 0),
		.rights = MEMBANK_DATASPACE_READ,
	};
	int fd = service_register(self->dev, "hold", 0200, &offer, 1);

	ASSERT_LE(0, fd);
	close(offer.fd);
	EXPECT_EQ(MIB, test_used());
	close(fd);
	EXPECT_TRUE(test_wait_used(0));
}

/* Comes and goes at once. */
static int visit(int dev)
{
	int client = service_connect(dev, "test", 0, NULL, 0, NULL);

	return client < 0 ? client : close(client);
}

TEST_F_TIMEOUT(service, many_clients_that_nobody_reads_of, TEST_SLOW)
{
	struct membank_service_event event;
	int i;

	for (i = 0; i < MEMBANK_BACKLOG_MAX; i++)
		ASSERT_EQ(0, visit(self->dev));
	for (i = 0; i < MEMBANK_BACKLOG_MAX; i++) {
		ASSERT_EQ(0, service_event(self->fd, &event));
		ASSERT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
		ASSERT_EQ(i + 1, event.client);
		ASSERT_EQ(0, service_event(self->fd, &event));
		ASSERT_EQ(MEMBANK_SERVICE_GONE, event.type);
		ASSERT_EQ(i + 1, event.client);
	}

	/* And once more with the server closed over unread events. */
	for (i = 0; i < MEMBANK_BACKLOG_MAX; i++)
		ASSERT_EQ(0, visit(self->dev));
}

TEST_F_TIMEOUT(service, many_names_side_by_side, TEST_SLOW)
{
	struct rlimit limit = { .rlim_cur = MANY + 64, .rlim_max = MANY + 64 };
	int fds[MANY], i, client;
	char name[16];

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		fds[i] = service_register(self->dev, name, 0200, NULL, 0);
		ASSERT_LE(0, fds[i]);
	}
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "name %d", i);
		ASSERT_EQ(-EEXIST,
			  service_register(self->dev, name, 0, NULL, 0));
		client = service_connect(self->dev, name, 0, NULL, 0, NULL);
		ASSERT_LE(0, client);
		ASSERT_EQ(POLLIN, revents(fds[i], 0));
		close(fds[i]);
		ASSERT_EQ(POLLHUP, revents(client, 0));
		close(client);
		ASSERT_EQ(-ENOENT,
			  service_connect(self->dev, name, 0, NULL, 0, NULL));
	}
}

TEST_HARNESS_MAIN
