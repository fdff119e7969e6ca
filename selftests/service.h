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

/* Returns the service. */
static inline int service_register(int dev, const char *name, __u32 mode,
				   const struct membank_offer *offers,
				   __u32 nr_offers)
{
	struct membank_service_register args = {
		.size = sizeof(args),
		.offers = (uintptr_t)offers,
		.nr_offers = nr_offers,
		.mode = mode,
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
