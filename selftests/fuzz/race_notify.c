// SPDX-License-Identifier: GPL-2.0-only
/*
 * What racing threads do with notifiers, services and pagers.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <errno.h>

#include "race.h"

#include "notify.h"
#include "service.h"

#define MILLISECOND 1000000ULL
#define NAMES 3
#define OFFERS 2

/* What a command says to a number behind which something else may be. */
#define NOTIFIER(...) ERRORS(EBADF, ENOTTY, ENODEV, EACCES, ##__VA_ARGS__)

/* ------------------------------------------------------------- notifiers */

static void op_create(struct racer *racer)
{
	int fd = notifier_create(racer->process->dev);

	if (race_expect(racer, fd, ERRORS(EMFILE)))
		race_keep(racer, fd, RACE_NOTIFIERS);
}

static void op_eventfd(struct racer *racer)
{
	race_keep(racer, event_create(), RACE_NOTIFIERS);
}

static void op_derive(struct racer *racer)
{
	int fd = notifier_derive(race_fd(racer, RACE_NOTIFIERS),
				 1 + race_number(racer, BOTH));

	if (race_expect(racer, fd, NOTIFIER(EDQUOT)))
		race_keep(racer, fd, RACE_NOTIFIERS);
}

static void op_bind(struct racer *racer)
{
	const int event = race_one(racer, 4) ? -1 :
					       race_fd(racer, RACE_NOTIFIERS);
	int ret;

	if (event >= 0 && race_one(racer, 2))
		ret = notifier_bind_oneshot(race_fd(racer, RACE_NOTIFIERS),
					    event);
	else
		ret = notifier_bind(race_fd(racer, RACE_NOTIFIERS), event);
	race_expect(racer, ret, NOTIFIER(EINVAL));
}

static void op_trigger(struct racer *racer)
{
	race_expect(racer, notifier_trigger(race_fd(racer, RACE_NOTIFIERS)),
		    NOTIFIER());
}

/*
 * A descriptor that will not block: of its own, so that nobody puts another file
 * behind its number before it is used.
 */
static int own_fd(struct racer *racer, unsigned int kind)
{
	int fd = fcntl(race_fd(racer, kind), F_DUPFD_CLOEXEC, 0);

	if (fd >= 0 && notifier_nonblock(fd)) {
		close(fd);
		return -EBADF;
	}
	return fd < 0 ? -errno : fd;
}

/* Of one that it has bound before; if it could, and nobody binds it anew meanwhile. */
static void op_unmask(struct racer *racer)
{
	int fd = own_fd(racer, RACE_NOTIFIERS), event = event_create();

	notifier_bind_oneshot(fd, event);
	if (event >= 0)
		close(event);
	race_expect(racer, fd < 0 ? fd : notifier_unmask(fd), NOTIFIER(EINVAL));
	if (fd >= 0)
		close(fd);
}

/* Whatever it is; but not more than a notifier has to say. */
static void op_read(struct racer *racer)
{
	int fd = own_fd(racer, RACE_NOTIFIERS);
	__s64 count = fd < 0 ? fd : notifier_read(fd);

	/* A socket, or what has no read() at all. */
	race_expect(racer, count < 0 ? count : 0,
		    NOTIFIER(EAGAIN, EBUSY, EPIPE, ECANCELED, EINVAL));
	if (fd >= 0)
		close(fd);
}

/*
 * One that was interrupted has what is left of the time in its struct, whatever
 * becomes of it when it is begun again.
 */
static void op_call(struct racer *racer)
{
	struct membank_notifier_call args = {
		.size = sizeof(args),
		.wait_fd = race_fd(racer, RACE_NOTIFIERS),
		.timeout_ns = race_number(racer, 2) * MILLISECOND,
	};
	int ret = ioctl(race_fd(racer, RACE_NOTIFIERS),
			MEMBANK_IOC_NOTIFIER_CALL, &args) ?
			  -errno :
			  0;

	race_expect(racer, ret,
		    NOTIFIER(EINVAL, EBUSY, EPIPE, ECANCELED, ETIMEDOUT));
	if (!ret && !args.out_count)
		race_wrong(racer->race, "a call that counted nothing");
}

static void op_poll(struct racer *racer)
{
	race_expect(racer,
		    revents(race_fd(racer, RACE_NOTIFIERS), 0) < 0 ? -errno : 0,
		    ERRORS(EINTR));
}

/* ------------------------------------------------------------- services */

static void draw_name(struct racer *racer, char *name)
{
	snprintf(name, MEMBANK_NAME_MAX + 1, "%s.%llu", racer->race->tag,
		 race_number(racer, NAMES));
}

static void op_register(struct racer *racer)
{
	struct membank_offer offers[OFFERS] = {};
	const unsigned int nr =
		race_one(racer, 3) ? race_number(racer, OFFERS) : OFFERS;
	char name[MEMBANK_NAME_MAX + 1];
	unsigned int i;
	int fd;

	for (i = 0; i < nr; i++) {
		offers[i].fd =
			race_fd(racer, i ? RACE_NOTIFIERS : RACE_DATASPACES);
		offers[i].rights = 1 + race_number(racer, 3);
	}
	draw_name(racer, name);
	fd = service_register(racer->process->dev, name, 0222, offers, nr);
	if (race_expect(racer, fd,
			ERRORS(EBADF, EINVAL, EACCES, ENODEV, EEXIST)))
		race_keep(racer, fd, RACE_SERVICES);
}

static void op_connect(struct racer *racer)
{
	struct membank_offer offers[OFFERS] = {};
	struct membank_service_connect out;
	char name[MEMBANK_NAME_MAX + 1];
	unsigned int i;
	int fd;

	draw_name(racer, name);
	/*
	 * A signal can come though nobody has a handler: where another thread
	 * forks, all signals are blocked for a moment, and then the end of its
	 * child is not ignored.
	 */
	fd = service_connect(racer->process->dev, name,
			     race_number(racer, 2) * MILLISECOND, offers,
			     OFFERS, &out);
	if (!race_expect(racer, fd,
			 ERRORS(ENOENT, ETIMEDOUT, ENODEV, EAGAIN, EDQUOT,
				EINTR)))
		return;
	race_keep(racer, fd, RACE_CLIENTS);
	for (i = 0; i < out.out_nr_offers; i++)
		race_keep(racer, offers[i].fd,
			  offers[i].kind == MEMBANK_OFFER_NOTIFIER ?
				  RACE_NOTIFIERS :
				  RACE_DATASPACES);
}

static void op_hear(struct racer *racer)
{
	struct membank_service_event event;
	int fd = own_fd(racer,
			race_one(racer, 2) ? RACE_SERVICES : RACE_CLIENTS);
	int ret = fd < 0 ? fd : service_event(fd, &event);

	/* Of a notifier it is shorter. */
	if (ret == -EPROTO)
		ret = 0;
	race_expect(racer, ret,
		    NOTIFIER(EAGAIN, EBUSY, EPIPE, ECANCELED, EINVAL));
	if (fd >= 0)
		close(fd);
}

/* A client that a service has just been told of, who may be gone; or any number. */
static __u64 client_of(struct racer *racer, int fd)
{
	struct membank_service_event event;

	if (fd >= 0 && !service_event(fd, &event))
		return event.client;
	return race_number(racer, 5);
}

static void op_notify(struct racer *racer)
{
	int fd = own_fd(racer, RACE_SERVICES);
	const __u64 client = client_of(racer, fd);

	race_expect(racer,
		    fd < 0 ? fd :
			     service_notify(fd, client,
					    race_one(racer, 4) ? 0 : 1),
		    ERRORS(EBADF, ENOTTY, EINVAL, ENOENT, EACCES));
	if (fd >= 0)
		close(fd);
}

static void op_take_back(struct racer *racer)
{
	const __u32 offer = race_number(racer, OFFERS + 1);
	int fd = own_fd(racer, RACE_SERVICES);
	const __u64 client = client_of(racer, fd);

	race_expect(racer,
		    fd < 0 ?
			    fd :
			    service_revoke(fd, client,
					   offer == OFFERS ? MEMBANK_OFFER_ALL :
							     offer),
		    ERRORS(EBADF, ENOTTY, EINVAL, ENOENT));
	if (fd >= 0)
		close(fd);
}

static void op_services(struct racer *racer)
{
	struct membank_service_entry entries[NAMES];

	race_expect(racer,
		    service_list(racer->process->dev, "", entries, NAMES, NULL),
		    ERRORS(ENOMEM));
}

static void op_clients(struct racer *racer)
{
	struct membank_service_client clients[8];
	char name[MEMBANK_NAME_MAX + 1];

	draw_name(racer, name);
	race_expect(racer,
		    service_clients(racer->process->dev, name, clients,
				    ARRAY_SIZE(clients), NULL),
		    ERRORS(ENOENT));
}

/* ------------------------------------------------------------- pagers */

/* A child that touches a page; ends with whether it could. */
static pid_t touch_in_child(const struct membank_region_attach *args)
{
	pid_t pid = fork();
	char byte;

	if (!pid) {
		/* Ends of this pager and of others among them. */
		close_range(STDERR_FILENO + 1, ~0U, 0);
		signal(SIGBUS, SIG_DFL);
		alarm(TEST_PATIENCE / 1000);
		byte = __atomic_load_n((char *)args->out_start,
				       __ATOMIC_SEQ_CST);
		_exit(byte & 0);
	}
	return pid;
}

static void answer(struct racer *racer, int pager)
{
	struct membank_pager_fault fault;
	struct membank_pager_reply reply = {
		.size = sizeof(reply),
		.length = 4 * WALK_PAGE,
		.fd = race_one(racer, 3) ? -1 : race_fd(racer, RACE_DATASPACES),
	};
	int ret;

	if (revents(pager, TEST_PATIENCE) != POLLIN ||
	    read(pager, &fault, sizeof(fault)) != sizeof(fault)) {
		race_wrong(racer->race, "no fault");
		return;
	}
	reply.id = fault.id;
	ret = test_ioctl(pager, MEMBANK_IOC_PAGER_REPLY, &reply);
	if (race_expect(racer, ret,
			ERRORS(EBADF, EINVAL, EACCES, ERANGE, ENODEV, EBUSY)))
		return;
	/* It still waits. */
	reply.fd = -1;
	if (test_ioctl(pager, MEMBANK_IOC_PAGER_REPLY, &reply))
		race_wrong(racer->race, "a fault that cannot be answered");
}

/* Each of its faults is answered, at the latest by the end of the pager. */
static void op_page(struct racer *racer)
{
	struct membank_pager_create create = {
		.size = sizeof(create),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct membank_region_attach args = {
		.size = sizeof(args),
		.length = 4 * WALK_PAGE,
		.flags = MEMBANK_REGION_PAGER | MEMBANK_REGION_SEARCH_ADDR,
	};
	int status = 0, dev = racer->process->dev;
	pid_t pid;

	if (!race_expect(racer,
			 test_ioctl(dev, MEMBANK_IOC_PAGER_CREATE, &create),
			 ERRORS(EMFILE)))
		return;
	args.fd = create.out_attach_fd;
	if (!test_ioctl(dev, MEMBANK_IOC_REGION_ATTACH, &args)) {
		pid = touch_in_child(&args);
		if (pid > 0)
			answer(racer, create.out_fd);
		close(create.out_fd);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && status &&
		    (!WIFSIGNALED(status) || WTERMSIG(status) != SIGBUS))
			race_wrong(racer->race, "who was paged ended with %x",
				   status);
		munmap((void *)args.out_start, args.length);
	} else {
		race_wrong(racer->race, "a pager cannot be attached");
		close(create.out_fd);
	}
	close(create.out_attach_fd);
}

const struct race_op race_notify_ops[] = {
	{ "create-notifier", 25, op_create },
	{ "create-eventfd", 15, op_eventfd },
	{ "derive-notifier", 30, op_derive },
	{ "bind", 40, op_bind },
	{ "trigger", 50, op_trigger },
	{ "unmask", 15, op_unmask },
	{ "read", 30, op_read },
	{ "call", 20, op_call },
	{ "poll", 15, op_poll },
	{ "register", 30, op_register },
	{ "connect", 40, op_connect },
	{ "hear", 20, op_hear },
	{ "notify", 25, op_notify },
	{ "take-back", 25, op_take_back },
	{ "services", 5, op_services },
	{ "clients", 8, op_clients },
	{ "page", 3, op_page },
	{},
};
