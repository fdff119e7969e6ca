/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels without a kernel module: both ends in one process, with eventfds in
 * the place of notifiers. The linker puts __wrap_membank_notifier_trigger() in
 * the place of the library's own.
 */
#ifndef MEMBANK_SELFTESTS_CHANNEL_HOST_H
#define MEMBANK_SELFTESTS_CHANNEL_HOST_H

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <membank.h>

/* How long something that must come may take, in milliseconds. */
#define PATIENCE 60000

/* Rings begin here; see MEMBANK_CHANNEL_HEADER. */
#define RINGS MEMBANK_CHANNEL_HEADER

/* How often a notifier was triggered since this was set to 0. */
static unsigned int triggers;

int __wrap_membank_notifier_trigger(int notifier)
{
	static const uint64_t once = 1;

	__atomic_fetch_add(&triggers, 1, __ATOMIC_RELAXED);
	return write(notifier, &once, sizeof(once)) < 0 ? -errno : 0;
}

/**
 * struct pair - a channel and both its ends
 * @memory: what they share, just as long as it has to be
 * @length: its bytes
 * @bells: @bells[i] wakes end i
 * @lives: end i watches @lives[i][0], which hangs up with @lives[i][1]
 * @ends: the ends; end 0 has created it
 */
struct pair {
	unsigned char *memory;
	size_t length;
	int bells[2];
	int lives[2][2];
	struct membank_channel *ends[2];
};

static inline struct membank_channel_options pair_options(struct pair *pair,
							  int end)
{
	return (struct membank_channel_options){
		.size = sizeof(struct membank_channel_options),
		.trigger = pair->bells[!end],
		.eventfd = pair->bells[end],
		.hangup = pair->lives[end][0],
	};
}

/* Descriptors alone; false if there are none. */
static inline bool pair_prepare(struct pair *pair)
{
	int i;

	memset(pair, 0, sizeof(*pair));
	for (i = 0; i < 2; i++) {
		pair->bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (pair->bells[i] < 0 || pipe2(pair->lives[i], O_CLOEXEC))
			return false;
	}
	return true;
}

/* From the heap, so that a sanitizer sees who leaves it. */
static inline bool pair_memory(struct pair *pair, size_t length)
{
	free(pair->memory);
	pair->length = length;
	pair->memory = aligned_alloc(MEMBANK_CHANNEL_ALIGN, length);
	if (pair->memory)
		memset(pair->memory, 0xcc, length);
	return pair->memory;
}

/* Both ends, of a new channel; 0 or the first error. */
static inline int pair_connect(struct pair *pair, uint32_t send_ring,
			       uint32_t receive_ring, uint32_t flags)
{
	struct membank_channel_options options = pair_options(pair, 0);
	uint64_t count;
	int i, ret;

	for (i = 0; i < 2; i++) {
		membank_channel_free(pair->ends[i]);
		pair->ends[i] = NULL;
	}
	for (i = 0; i < 2; i++)
		if (read(pair->bells[i], &count, sizeof(count)) < 0 &&
		    errno != EAGAIN)
			return -errno;
	options.flags = flags;
	options.send_ring = send_ring;
	options.receive_ring = receive_ring;
	ret = membank_channel_create(pair->memory, pair->length, &options,
				     &pair->ends[0]);
	if (ret)
		return ret;
	options = pair_options(pair, 1);
	options.flags = flags;
	ret = membank_channel_open(pair->memory, pair->length, &options,
				   &pair->ends[1]);
	triggers = 0;
	return ret;
}

static inline void pair_end(struct pair *pair)
{
	int i;

	for (i = 0; i < 2; i++) {
		membank_channel_free(pair->ends[i]);
		close(pair->bells[i]);
		close(pair->lives[i][0]);
		close(pair->lives[i][1]);
	}
	free(pair->memory);
}

/* --------------------------------------------------------- random numbers */

/* xorshift64*: the same numbers from the same seed on every machine. */
static inline uint32_t draw(uint64_t *random, uint32_t below)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return ((*random * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

/* What MEMBANK_SEED says, or something new; never 0, which never changes. */
static inline uint64_t draw_seed(void)
{
	const char *given = getenv("MEMBANK_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 0;

	if (!given && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	return seed ? seed : 1;
}

#endif /* MEMBANK_SELFTESTS_CHANNEL_HOST_H */
