/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rings: the two halves of a channel, each with one who writes and one who
 * reads. Both have a position that counts bytes and wraps with its 32 bits. A
 * side that is about to sleep says by a wish which position of the other would
 * please it, and is woken when that one passes it, as the event index of virtio
 * does it.
 *
 * Of what the other side may write, each word is read once, into memory of our
 * own, and checked there. What this side has written itself is never read back.
 */
#ifndef MEMBANK_RING_H
#define MEMBANK_RING_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>

#include "internal.h"

/* Records begin at multiples of this, and so does what they hold. */
#define RECORD_ALIGN 16U

#define RECORD_MESSAGE 1
/* Nothing up to the end of the ring: the next record is at its beginning. */
#define RECORD_SKIP 2

/**
 * struct channel_record - what stands before each message
 * @length: bytes of the message
 * @kind: RECORD_MESSAGE, or RECORD_SKIP
 * @__unused: keeps the message aligned
 */
struct channel_record {
	uint32_t length;
	uint32_t kind;
	uint64_t __unused;
};

/**
 * struct channel_side - what one side of a ring says; the other one reads it
 * @position: it has written, or read, all bytes before this one
 * @wish: it wants to be woken when the position of the other is beyond this;
 *        apart from @position, because it seldom changes
 */
struct channel_side {
	alignas(128) uint32_t position;

	alignas(64) uint32_t wish;
};

static_assert(sizeof(struct channel_record) == RECORD_ALIGN);
static_assert(sizeof(struct channel_side) == MEMBANK_CHANNEL_ALIGN);
static_assert(__atomic_always_lock_free(sizeof(uint32_t), NULL));

/**
 * struct membank_ring - our side of one ring, in memory of our own
 * @own: what we say
 * @other: what the other side says
 * @bytes: its first byte
 * @size: how many, a power of two
 * @writes: we write, and the other side reads
 * @position: where we are
 * @seen: where the other side was when we looked last
 * @told: where we were when we looked last whether the other side sleeps
 * @span: bytes of the record that is reserved, or looked at; 0: none
 * @skip: bytes of the ring's end that are left out before what is reserved
 * @length: bytes of the message that is reserved, or looked at
 * @error: of the other side's making; lasting
 * @spin: how often it had to be looked of late, on average
 * @waits: how often there was something to wait for
 * @epoll: what we sleep with, or -1: we never did
 * @armed: an event loop waits until @other passes @awaited; also read by the
 *         thread of the other ring
 * @awaited: likewise
 */
struct membank_ring {
	alignas(128) struct channel_side *own;
	struct channel_side *other;
	unsigned char *bytes;
	uint32_t size;
	bool writes;
	uint32_t position;
	uint32_t seen;
	uint32_t told;
	uint32_t span;
	uint32_t skip;
	uint32_t length;
	int error;
	uint32_t spin;
	uint32_t waits;
	int epoll;
	uint32_t armed;
	uint32_t awaited;
};

/**
 * struct membank_channel - one end
 * @send: the ring that we write
 * @receive: the ring that we read
 * @trigger: a notifier that wakes the other side
 * @eventfd: what it wakes us by, for both rings
 * @hangup: says by POLLHUP or POLLERR that it is gone; or -1
 * @spins: it may pay to look again before we sleep
 * @watched: an event loop may poll @eventfd; any thread
 */
struct membank_channel {
	struct membank_ring send;
	struct membank_ring receive;
	int trigger;
	int eventfd;
	int hangup;
	bool spins;
	uint32_t watched;
};

/* Sequentially consistent: who sleeps and who wakes rely on one order of all. */
static inline uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* Whether the other side may sleep and was not told where we are. */
static inline bool membank_ring_is_untold(const struct membank_ring *ring)
{
	return ring->position != ring->told;
}

int membank_ring_tell(struct membank_channel *channel,
		      struct membank_ring *ring);
int membank_ring_progress(struct membank_channel *channel,
			  struct membank_ring *ring, unsigned int flags);
int membank_ring_look(struct membank_ring *ring);
void membank_ring_disarm(struct membank_ring *ring);
int membank_ring_wait(struct membank_channel *channel,
		      struct membank_ring *ring, uint32_t wish, uint32_t lazy,
		      int timeout_ms);
int membank_ring_arm(struct membank_channel *channel, struct membank_ring *ring,
		     uint32_t wish);
void membank_ring_end(struct membank_ring *ring);

#endif /* MEMBANK_RING_H */
