/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of services share. Include it after notify.h.
 */
#ifndef MEMBANK_SELFTESTS_SERVICE_H
#define MEMBANK_SELFTESTS_SERVICE_H

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>

/* In nanoseconds. */
#define SECOND 1000000000ULL

/* Without a NUL if @from has none in its first bytes. */
static inline void name_copy(char *to, const char *from)
{
	size_t i;

	for (i = 0; i <= MEMBANK_NAME_MAX && from[i]; i++)
		to[i] = from[i];
}

/* The sizes that who registers has to say. */
#define REGISTER_SIZES                                   \
	.size = sizeof(struct membank_service_register), \
	.offer_size = sizeof(struct membank_offer),      \
	.event_size = sizeof(struct membank_service_event)

/* Returns the service, which @owner and @group are given as @flags say. */
static inline int service_register_for(int dev, const char *name, __u32 mode,
				       __u32 flags, __u32 owner, __u32 group)
{
	struct membank_service_register args = {
		REGISTER_SIZES,	    .flags = flags, .mode = mode,
		.out_fd = NOT_OPEN, .owner = owner, .group = group,
	};
	int ret;

	name_copy(args.name, name);
	ret = test_ioctl(dev, MEMBANK_IOC_SERVICE_REGISTER, &args);
	return ret ? ret : args.out_fd;
}

/* Returns the service. */
static inline int service_register(int dev, const char *name, __u32 mode,
				   const struct membank_offer *offers,
				   __u32 nr_offers)
{
	struct membank_service_register args = {
		REGISTER_SIZES,		.offers = (uintptr_t)offers,
		.nr_offers = nr_offers, .mode = mode,
		.out_fd = NOT_OPEN,
	};
	int ret;

	name_copy(args.name, name);
	ret = test_ioctl(dev, MEMBANK_IOC_SERVICE_REGISTER, &args);
	return ret ? ret : args.out_fd;
}

/* Returns the connection; @out may be NULL. */
static inline int service_connect(int dev, const char *name, __u64 timeout_ns,
				  struct membank_offer *offers, __u32 nr_offers,
				  struct membank_service_connect *out)
{
	struct membank_service_connect args = {
		.size = sizeof(args),
		.timeout_ns = timeout_ns,
		.offers = (uintptr_t)offers,
		.nr_offers = nr_offers,
		.offer_size = sizeof(*offers),
		.out_nr_offers = ~0U,
		.out_fd = NOT_OPEN,
		.out_pid = -1,
	};
	int ret;

	name_copy(args.name, name);
	ret = test_ioctl(dev, MEMBANK_IOC_SERVICE_CONNECT, &args);
	if (out)
		*out = args;
	return ret ? ret : args.out_fd;
}

/* Reads one event; @event may be NULL. */
static inline int service_event(int fd, struct membank_service_event *event)
{
	struct membank_service_event trash;
	ssize_t ret;

	if (!event)
		event = &trash;
	memset(event, TEST_JUNK, sizeof(*event));
	ret = read(fd, event, sizeof(*event));
	if (ret < 0)
		return -errno;
	return ret == sizeof(*event) ? 0 : -EPROTO;
}

static inline int service_notify(int fd, __u64 client, __u32 offer)
{
	struct membank_service_notify args = {
		.size = sizeof(args),
		.client = client,
		.offer = offer,
	};

	return test_ioctl(fd, MEMBANK_IOC_SERVICE_NOTIFY, &args);
}

static inline int service_revoke(int fd, __u64 client, __u32 offer)
{
	struct membank_service_revoke args = {
		.size = sizeof(args),
		.client = client,
		.offer = offer,
	};

	return test_ioctl(fd, MEMBANK_IOC_SERVICE_REVOKE, &args);
}

/* Returns how many services it has listed; @more may be NULL. */
static inline int service_list(int dev, const char *after,
			       struct membank_service_entry *entries,
			       __u32 room, __u32 *more)
{
	struct membank_service_list args = {
		.size = sizeof(args),
		.entries = (uintptr_t)entries,
		.nr_entries = room,
		.entry_size = sizeof(*entries),
		.out_nr_entries = ~0U,
		.out_more = ~0U,
	};
	int ret;

	name_copy(args.after, after);
	ret = test_ioctl(dev, MEMBANK_IOC_SERVICE_LIST, &args);
	if (more)
		*more = args.out_more;
	return ret ? ret : args.out_nr_entries;
}

/*
 * Returns how many clients it has listed. @args has all but the array and the
 * name; NULL: the first ones, at once.
 */
static inline int service_clients(int dev, const char *name,
				  struct membank_service_client *clients,
				  __u32 room,
				  struct membank_service_clients *args)
{
	struct membank_service_clients plain = {};
	int ret;

	if (!args)
		args = &plain;
	args->size = sizeof(*args);
	args->clients = (uintptr_t)clients;
	args->nr_clients = room;
	args->entry_size = sizeof(*clients);
	args->out_nr_clients = ~0U;
	args->out_changes = TEST_NONE;
	name_copy(args->name, name);
	ret = test_ioctl(dev, MEMBANK_IOC_SERVICE_CLIENTS, args);
	return ret ? ret : args->out_nr_clients;
}

/* Waits until the count is not @changes, and sets that to what it is then. */
static inline int service_watch(int dev, const char *name, __u64 *changes,
				__u64 timeout_ns)
{
	struct membank_service_clients args = {
		.changes = *changes,
		.timeout_ns = timeout_ns,
	};
	int ret = service_clients(dev, name, NULL, 0, &args);

	if (ret >= 0)
		*changes = args.out_changes;
	return ret;
}

/* The number that the next descriptor gets. */
static inline int lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

static inline void alarm_ignored(int signal)
{
	(void)signal;
}

/* Interrupts what waits: at once, and again in case it does not wait yet. */
static inline void alarm_soon(void)
{
	const struct itimerval timer = {
		.it_value.tv_usec = 200000,
		.it_interval.tv_usec = 200000,
	};
	const struct sigaction action = { .sa_handler = alarm_ignored };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Stops what alarm_soon() began. */
static inline void alarm_stop(void)
{
	const struct itimerval timer = {};

	setitimer(ITIMER_REAL, &timer, NULL);
}

#endif /* MEMBANK_SELFTESTS_SERVICE_H */
