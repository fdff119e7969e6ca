/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic of all nouns, by processes that check what they see: for tests that do
 * something to the machine meanwhile. Include it after pager.h, notify.h and
 * service.h.
 */
#ifndef MEMBANK_SELFTESTS_TRAFFIC_H
#define MEMBANK_SELFTESTS_TRAFFIC_H

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define TRAFFIC_PIECE (512 * KIB)

/**
 * enum traffic_kind - what one of the processes does
 * @CALLS: calls, and gets one answer each time
 * @ANSWERS: answers them
 * @RINGS: rings, and is rung back through an eventfd
 * @ECHOES: rings back
 * @MEMORY: memory of a bank by mmap(), which it leaves dirty
 * @FAULTS: a region whose pages are dropped, and are there again
 * @CLIENTS: connects, and looks at what it gets
 * @SERVES: is told of each that comes and goes
 * @PAGED: a region with a pager
 * @PAGES_OF: the pager
 * @TRAFFIC_KINDS: how many
 */
enum traffic_kind {
	CALLS,
	ANSWERS,
	RINGS,
	ECHOES,
	MEMORY,
	FAULTS,
	CLIENTS,
	SERVES,
	PAGED,
	PAGES_OF,
	TRAFFIC_KINDS,
};

/**
 * struct traffic - what the processes share
 * @count: what each has done
 * @stop: no more
 * @dev: a node
 * @fd: a dataspace with a byte of its own in each page
 * @call: a notifier that is called
 * @answer: that is waited for
 * @ring: as the two of them
 * @echo: as well
 * @events: bound to @ring and @echo
 * @pager: as it says
 * @child: the processes
 */
struct traffic {
	unsigned long count[TRAFFIC_KINDS];
	bool stop;
	int dev;
	int fd;
	int call;
	int answer;
	int ring;
	int echo;
	int events[2];
	struct pager pager;
	pid_t child[TRAFFIC_KINDS];
};

static inline bool traffic_stops(struct traffic *traffic)
{
	return __atomic_load_n(&traffic->stop, __ATOMIC_ACQUIRE);
}

static inline int traffic_one(__s64 count)
{
	return count == 1 ? 0 : count < 0 ? (int)count : -EPROTO;
}

static inline int traffic_event(int fd)
{
	__u64 count = 0;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return -errno;
	return traffic_one(count);
}

static inline int traffic_memory(struct traffic *traffic)
{
	char *mem = test_map(traffic->dev, TRAFFIC_PIECE);

	if (mem == MAP_FAILED)
		return -errno;
	if (!test_all_bytes(mem, 0, TRAFFIC_PIECE))
		return -EPROTO;
	memset(mem, 0x5a, TRAFFIC_PIECE);
	return munmap(mem, TRAFFIC_PIECE) ? -errno : 0;
}

static inline bool traffic_content(const char *mem, size_t pages)
{
	size_t page;

	for (page = 0; page < pages; page++)
		if (!test_all_bytes(mem + page * PAGE, page_byte(page), PAGE))
			return false;
	return true;
}

static inline int traffic_faults(struct traffic *traffic)
{
	char *mem = NULL;
	int ret;

	ret = handle_attach(traffic->dev, traffic->fd, NULL, 0, &mem);
	if (ret)
		return ret;
	if (!traffic_content(mem, 16) || madvise(mem, LENGTH, MADV_DONTNEED) ||
	    !traffic_content(mem, 16))
		return -EPROTO;
	return munmap(mem, LENGTH) ? -errno : 0;
}

static inline int traffic_client(struct traffic *traffic)
{
	struct membank_offer got = { .fd = -1 };
	int client, ret = 0;
	char *mem;

	client = service_connect(traffic->dev, "traffic", 60 * SECOND, &got, 1,
				 NULL);
	if (client < 0)
		return client;
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, got.fd, 0);
	if (mem == MAP_FAILED || !traffic_content(mem, 1) || munmap(mem, PAGE))
		ret = -EPROTO;
	close(got.fd);
	close(client);
	return ret;
}

/* There is one client at a time, so it comes and goes. */
static inline int traffic_server(int service)
{
	struct membank_service_event event;
	const __u32 types[] = { MEMBANK_SERVICE_CONNECTED,
				MEMBANK_SERVICE_GONE };
	int i, ret;

	for (i = 0; i < 2; i++) {
		ret = service_event(service, &event);
		if (ret || event.type != types[i])
			return ret ?: -EPROTO;
	}
	return 0;
}

static inline int traffic_paged(struct traffic *traffic)
{
	char *mem = NULL;
	int ret;

	ret = pager_attach(traffic->dev, traffic->pager.attach, 0, &mem);
	if (ret)
		return ret;
	if (!traffic_content(mem, 3))
		return -EPROTO;
	return munmap(mem, LENGTH) ? -errno : 0;
}

static inline int traffic_pager(struct traffic *traffic)
{
	struct membank_pager_fault fault;
	int ret = pager_next(traffic->pager.fd, &fault);

	if (ret)
		return ret;
	ret = pager_reply(traffic->pager.fd, fault.id, traffic->fd,
			  fault.offset - OFFSET, PAGE);
	/* Who waits for it may be killed first. */
	return ret == -ENOENT ? 0 : ret;
}

/* One piece of work, 0 or a negative errno. */
static inline int traffic_do(struct traffic *traffic, enum traffic_kind kind,
			     int service)
{
	switch (kind) {
	case CALLS:
		return traffic_one(notifier_call(traffic->call, traffic->answer,
						 600 * SECOND));
	case ANSWERS:
		return traffic_one(notifier_read(traffic->call)) ?:
			       notifier_trigger(traffic->answer);
	case RINGS:
		return notifier_trigger(traffic->ring) ?:
			       traffic_event(traffic->events[1]);
	case ECHOES:
		return traffic_event(traffic->events[0]) ?:
			       notifier_trigger(traffic->echo);
	case MEMORY:
		return traffic_memory(traffic);
	case FAULTS:
		return traffic_faults(traffic);
	case CLIENTS:
		return traffic_client(traffic);
	case SERVES:
		return traffic_server(service);
	case PAGED:
		return traffic_paged(traffic);
	case PAGES_OF:
		return traffic_pager(traffic);
	default:
		return -EINVAL;
	}
}

/* Who waits for work that another one makes: it is killed at the end. */
static inline bool traffic_is_passive(enum traffic_kind kind)
{
	return kind == ANSWERS || kind == ECHOES || kind == SERVES ||
	       kind == PAGES_OF;
}

static inline int traffic_work(struct traffic *traffic, enum traffic_kind kind)
{
	const struct membank_offer offer = { .fd = traffic->fd,
					     .rights = READ };
	int service = -1, ret = 0;

	if (kind == SERVES) {
		service = service_register(traffic->dev, "traffic", 0222,
					   &offer, 1);
		if (service < 0)
			return service;
	}
	while (!ret && (traffic_is_passive(kind) || !traffic_stops(traffic))) {
		ret = traffic_do(traffic, kind, service);
		if (!ret)
			__atomic_fetch_add(&traffic->count[kind], 1,
					   __ATOMIC_RELAXED);
	}
	return ret;
}

/* NULL if something is missing; the processes end with this one's end. */
static inline struct traffic *traffic_begin(int dev)
{
	struct traffic *traffic = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum traffic_kind kind;
	pid_t child;
	int ret;

	if (traffic == MAP_FAILED)
		return NULL;
	traffic->dev = dev;
	traffic->fd = test_alloc(dev, LENGTH, 0, 0);
	traffic->call = notifier_create(dev);
	traffic->answer = notifier_create(dev);
	traffic->ring = notifier_create(dev);
	traffic->echo = notifier_create(dev);
	traffic->events[0] = eventfd(0, EFD_CLOEXEC);
	traffic->events[1] = eventfd(0, EFD_CLOEXEC);
	if (traffic->fd < 0 || !pages_fill(traffic->fd) ||
	    notifier_bind(traffic->ring, traffic->events[0]) ||
	    notifier_bind(traffic->echo, traffic->events[1]) ||
	    pager_create(dev, &traffic->pager))
		return NULL;
	/* What it counts begins with the first look. */
	if (notifier_nonblock(traffic->call) ||
	    notifier_read(traffic->call) != -EAGAIN ||
	    fcntl(traffic->call, F_SETFL, 0))
		return NULL;
	for (kind = 0; kind < TRAFFIC_KINDS; kind++) {
		child = fork();
		if (!child) {
			ret = traffic_work(traffic, kind);
			if (ret)
				printf("# traffic of kind %d: %s\n", kind,
				       strerror(-ret));
			fflush(stdout);
			_exit(-ret);
		}
		if (child < 0)
			return NULL;
		traffic->child[kind] = child;
	}
	return traffic;
}

/* Whether each of them does something soon. */
static inline bool traffic_goes_on(struct traffic *traffic)
{
	__s64 end = clock_ns() + TEST_PATIENCE * 1000000LL;
	unsigned long was[TRAFFIC_KINDS];
	enum traffic_kind kind;

	memcpy(was, traffic->count, sizeof(was));
	for (kind = 0; kind < TRAFFIC_KINDS; kind++) {
		while (__atomic_load_n(&traffic->count[kind],
				       __ATOMIC_RELAXED) == was[kind]) {
			if (clock_ns() > end ||
			    waitpid(traffic->child[kind], NULL, WNOHANG)) {
				printf("# traffic of kind %d stands\n", kind);
				return false;
			}
			sleep_ms(1);
		}
	}
	return true;
}

/* Whether all have seen nothing wrong. */
static inline bool traffic_end(struct traffic *traffic)
{
	enum traffic_kind kind;
	bool good = true;

	__atomic_store_n(&traffic->stop, true, __ATOMIC_RELEASE);
	for (kind = 0; kind < TRAFFIC_KINDS; kind++)
		if (!traffic_is_passive(kind))
			good &= !test_wait_child(traffic->child[kind]);
	for (kind = 0; kind < TRAFFIC_KINDS; kind++) {
		if (!traffic_is_passive(kind))
			continue;
		kill(traffic->child[kind], SIGKILL);
		good &= test_wait_child(traffic->child[kind]) == -SIGKILL;
	}
	for (kind = 0; kind < TRAFFIC_KINDS; kind++)
		printf("%s%lu",
		       kind ? " " : "# traffic: ", traffic->count[kind]);
	printf("\n");
	close(traffic->fd);
	return good;
}

#endif /* MEMBANK_SELFTESTS_TRAFFIC_H */
