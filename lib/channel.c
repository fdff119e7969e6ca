// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Channels: messages in both directions, through a ring for each in memory that
 * two programs share. How the sides of a ring wait for each other, and what
 * they believe, is in ring.h.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"

#define CHANNEL_MAGIC 0x6863626dU /* "mbch" */
#define CHANNEL_VERSION 1

/**
 * struct channel_header - the beginning of the memory
 * @magic: CHANNEL_MAGIC, written when all the rest is
 * @version: CHANNEL_VERSION
 * @rings: bytes of each; the first is written by who created the channel
 * @opened: somebody is the other end
 * @sides: of each ring who writes and who reads
 */
struct channel_header {
	uint32_t magic;
	uint32_t version;
	uint32_t rings[2];
	uint32_t opened;
	struct channel_side sides[2][2];
};

static_assert(sizeof(struct channel_header) <= MEMBANK_CHANNEL_HEADER);

enum { WRITER, READER };

static size_t longest(const struct membank_ring *ring)
{
	/* With what is left out before it, it fits into a ring that is empty. */
	return ring->size / 2 - sizeof(struct channel_record);
}

/* Bytes of the record of a message that is not too long. */
static uint32_t record_span(uint32_t length)
{
	return sizeof(struct channel_record) +
	       ((length + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1));
}

static uint32_t offset_of(const struct membank_ring *ring, uint32_t position)
{
	return position & (ring->size - 1);
}

static struct channel_record *record_at(const struct membank_ring *ring,
					uint32_t position)
{
	return (struct channel_record *)(ring->bytes +
					 offset_of(ring, position));
}

/* ---------------------------------------------------------------- sending */

/* What may be in the ring at most, in bytes, for a message to fit. */
static uint32_t most_used(const struct membank_ring *ring, uint32_t length,
			  uint32_t *out_skip)
{
	uint32_t span = record_span(length);
	uint32_t rest = ring->size - offset_of(ring, ring->position);

	*out_skip = span > rest ? rest : 0;
	return ring->size - *out_skip - span;
}

MEMBANK_API int membank_channel_reserve(struct membank_channel *channel,
					size_t length, int timeout_ms,
					void **out_data)
{
	struct membank_ring *ring = &channel->send;
	uint32_t skip, most, lazy;
	int ret;

	if (ring->error)
		return ring->error;
	if (length > longest(ring))
		return -EMSGSIZE;
	ring->span = 0;
	membank_ring_disarm(ring);
	most = most_used(ring, length, &skip);

	if (ring->position - ring->seen > most) {
		ret = membank_ring_look(ring);
		if (ret)
			return ret;
	}
	if (ring->position - ring->seen > most) {
		if (!timeout_ms) {
			ret = membank_ring_tell(channel, ring);
			return ret ? ret : -EAGAIN;
		}
		lazy = most < ring->size / 2 ? most : ring->size / 2;
		ret = membank_ring_wait(channel, ring,
					ring->position - most - 1,
					ring->position - lazy - 1, timeout_ms);
		if (ret)
			return ret;
	}

	ring->skip = skip;
	ring->span = record_span(length);
	ring->length = length;
	*out_data = record_at(ring, ring->position + skip) + 1;
	return 0;
}

MEMBANK_API int membank_channel_commit(struct membank_channel *channel,
				       size_t length, unsigned int flags)
{
	struct membank_ring *ring = &channel->send;
	struct channel_record *record;

	if (flags & ~MEMBANK_CHANNEL_MORE)
		return -EOPNOTSUPP;
	if (!ring->span || length > ring->length)
		return -EINVAL;

	if (ring->skip)
		record_at(ring, ring->position)->kind = RECORD_SKIP;
	ring->position += ring->skip;
	record = record_at(ring, ring->position);
	record->length = length;
	record->kind = RECORD_MESSAGE;
	ring->position += record_span(length);
	ring->span = 0;
	return membank_ring_progress(channel, ring, flags);
}

MEMBANK_API int membank_channel_flush(struct membank_channel *channel)
{
	return membank_ring_tell(channel, &channel->send);
}

MEMBANK_API int membank_channel_send(struct membank_channel *channel,
				     const void *data, size_t length,
				     unsigned int flags, int timeout_ms)
{
	void *room;
	int ret;

	if (flags & ~MEMBANK_CHANNEL_MORE)
		return -EOPNOTSUPP;
	ret = membank_channel_reserve(channel, length, timeout_ms, &room);
	if (ret)
		return ret;
	if (length)
		memcpy(room, data, length);
	return membank_channel_commit(channel, length, flags);
}

MEMBANK_API int membank_channel_arm_send(struct membank_channel *channel,
					 size_t length)
{
	struct membank_ring *ring = &channel->send;
	uint32_t most, skip;

	if (ring->error)
		return ring->error;
	if (length > longest(ring))
		return -EMSGSIZE;
	most = most_used(ring, length, &skip);
	return membank_ring_arm(channel, ring, ring->position - most - 1);
}

/* -------------------------------------------------------------- receiving */

/* The record where we are, which has been written; each word is read once. */
static int read_record(struct membank_ring *ring)
{
	uint32_t offset = offset_of(ring, ring->position);
	uint32_t kind, length;

	kind = __atomic_load_n(&record_at(ring, ring->position)->kind,
			       __ATOMIC_RELAXED);
	if (kind == RECORD_SKIP && offset &&
	    ring->size - offset < ring->seen - ring->position) {
		ring->position += ring->size - offset;
		offset = 0;
		kind = __atomic_load_n(&record_at(ring, ring->position)->kind,
				       __ATOMIC_RELAXED);
	}
	length = __atomic_load_n(&record_at(ring, ring->position)->length,
				 __ATOMIC_RELAXED);
	if (kind != RECORD_MESSAGE || length > longest(ring) ||
	    record_span(length) > ring->seen - ring->position ||
	    record_span(length) > ring->size - offset) {
		ring->error = -EPROTO;
		return ring->error;
	}
	ring->length = length;
	ring->span = record_span(length);
	return 0;
}

MEMBANK_API int membank_channel_peek(struct membank_channel *channel,
				     int timeout_ms, const void **out_data,
				     size_t *out_length)
{
	struct membank_ring *ring = &channel->receive;
	int ret;

	if (ring->error)
		return ring->error;
	membank_ring_disarm(ring);
	if (!ring->span && ring->seen == ring->position) {
		ret = membank_ring_look(ring);
		if (ret)
			return ret;
	}
	if (!ring->span && ring->seen == ring->position) {
		if (!timeout_ms) {
			ret = membank_ring_tell(channel, ring);
			return ret ? ret : -EAGAIN;
		}
		ret = membank_ring_wait(channel, ring, ring->position,
					ring->position, timeout_ms);
		if (ret)
			return ret;
	}
	if (!ring->span) {
		ret = read_record(ring);
		if (ret)
			return ret;
	}
	*out_data = record_at(ring, ring->position) + 1;
	*out_length = ring->length;
	return 0;
}

MEMBANK_API int membank_channel_release(struct membank_channel *channel,
					unsigned int flags)
{
	struct membank_ring *ring = &channel->receive;

	if (flags & ~MEMBANK_CHANNEL_MORE)
		return -EOPNOTSUPP;
	if (!ring->span)
		return -EINVAL;
	ring->position += ring->span;
	ring->span = 0;
	return membank_ring_progress(channel, ring, flags);
}

MEMBANK_API int membank_channel_receive(struct membank_channel *channel,
					void *data, size_t size, int timeout_ms,
					size_t *out_length)
{
	const void *message;
	size_t length;
	int ret;

	ret = membank_channel_peek(channel, timeout_ms, &message, &length);
	if (ret)
		return ret;
	if (length > size)
		return -EMSGSIZE;
	if (length)
		memcpy(data, message, length);
	*out_length = length;
	return membank_channel_release(channel, 0);
}

MEMBANK_API int membank_channel_arm_receive(struct membank_channel *channel)
{
	struct membank_ring *ring = &channel->receive;

	if (ring->error)
		return ring->error;
	/* What is left to be read is not waited for. */
	if (ring->span || ring->seen != ring->position)
		return -EALREADY;
	return membank_ring_arm(channel, ring, ring->position);
}

/* ------------------------------------------------------ beginning and end */

static uint32_t largest_ring(size_t bytes)
{
	uint32_t ring = MEMBANK_CHANNEL_RING_MAX;

	while (ring > bytes)
		ring /= 2;
	return ring;
}

static bool is_ring(uint32_t ring)
{
	return ring >= MEMBANK_CHANNEL_RING_MIN &&
	       ring <= MEMBANK_CHANNEL_RING_MAX && !(ring & (ring - 1));
}

static bool rings_fit(const uint32_t *rings, size_t length)
{
	return is_ring(rings[0]) && is_ring(rings[1]) &&
	       length >= MEMBANK_CHANNEL_HEADER &&
	       length - MEMBANK_CHANNEL_HEADER >= (uint64_t)rings[0] + rings[1];
}

/* Fills in what the caller leaves to us. */
static void choose_rings(uint32_t *rings, size_t length)
{
	size_t bytes = length < MEMBANK_CHANNEL_HEADER ?
			       0 :
			       length - MEMBANK_CHANNEL_HEADER;

	if (!rings[0] && !rings[1]) {
		rings[0] = largest_ring(bytes / 2);
		rings[1] = rings[0];
	} else if (!rings[0]) {
		rings[0] =
			largest_ring(bytes > rings[1] ? bytes - rings[1] : 0);
	} else if (!rings[1]) {
		rings[1] =
			largest_ring(bytes > rings[0] ? bytes - rings[0] : 0);
	}
}

static int check_options(const void *memory,
			 const struct membank_channel_options *options)
{
	int flags;

	if (options->size != sizeof(*options) || options->__reserved ||
	    (uintptr_t)memory % MEMBANK_CHANNEL_ALIGN)
		return -EINVAL;
	if (options->flags & ~MEMBANK_CHANNEL_NO_SPIN)
		return -EOPNOTSUPP;
	flags = fcntl(options->eventfd, F_GETFL);
	if (flags < 0)
		return -errno;
	return flags & O_NONBLOCK ? 0 : -EINVAL;
}

static void ring_init(struct membank_ring *ring, bool writes,
		      struct channel_side *sides, unsigned char *bytes,
		      uint32_t size)
{
	ring->writes = writes;
	ring->own = &sides[writes ? WRITER : READER];
	ring->other = &sides[writes ? READER : WRITER];
	ring->bytes = bytes;
	ring->size = size;
	ring->epoll = -1;
}

/* @first: the ring that we write, which is the first one's of its creator. */
static int channel_new(void *memory, const uint32_t *rings, unsigned int first,
		       const struct membank_channel_options *options,
		       struct membank_channel **out_channel)
{
	struct channel_header *header = memory;
	unsigned char *starts[2];
	struct membank_channel *channel;

	channel = aligned_alloc(alignof(struct membank_channel),
				sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	memset(channel, 0, sizeof(*channel));
	starts[0] = (unsigned char *)memory + MEMBANK_CHANNEL_HEADER;
	starts[1] = starts[0] + rings[0];
	ring_init(&channel->send, true, header->sides[first], starts[first],
		  rings[first]);
	ring_init(&channel->receive, false, header->sides[!first],
		  starts[!first], rings[!first]);
	channel->trigger = options->trigger;
	channel->eventfd = options->eventfd;
	channel->hangup = options->hangup;
	/* With one CPU nothing changes while we look. */
	channel->spins = !(options->flags & MEMBANK_CHANNEL_NO_SPIN) &&
			 sysconf(_SC_NPROCESSORS_ONLN) > 1;
	*out_channel = channel;
	return 0;
}

MEMBANK_API int
membank_channel_create(void *memory, size_t length,
		       const struct membank_channel_options *options,
		       struct membank_channel **out_channel)
{
	struct channel_header *header = memory;
	uint32_t rings[2];
	int ret, i;

	ret = check_options(memory, options);
	if (ret)
		return ret;
	rings[0] = options->send_ring;
	rings[1] = options->receive_ring;
	choose_rings(rings, length);
	if (!rings_fit(rings, length))
		return -EINVAL;
	ret = channel_new(memory, rings, 0, options, out_channel);
	if (ret)
		return ret;

	store(&header->magic, 0);
	store(&header->version, CHANNEL_VERSION);
	store(&header->opened, 0);
	for (i = 0; i < 2; i++) {
		store(&header->rings[i], rings[i]);
		store(&header->sides[i][WRITER].position, 0);
		store(&header->sides[i][READER].position, 0);
		/* Just passed: nobody wants to be woken. */
		store(&header->sides[i][WRITER].wish, -1);
		store(&header->sides[i][READER].wish, -1);
	}
	store(&header->magic, CHANNEL_MAGIC);
	return 0;
}

MEMBANK_API int
membank_channel_open(void *memory, size_t length,
		     const struct membank_channel_options *options,
		     struct membank_channel **out_channel)
{
	struct channel_header *header = memory;
	uint32_t rings[2], magic;
	int ret;

	ret = check_options(memory, options);
	if (ret)
		return ret;
	if (options->send_ring || options->receive_ring ||
	    length < MEMBANK_CHANNEL_HEADER)
		return -EINVAL;
	magic = load(&header->magic);
	if (!magic)
		return -EAGAIN;
	if (magic != CHANNEL_MAGIC)
		return -EPROTO;
	if (load(&header->version) != CHANNEL_VERSION)
		return -EPROTONOSUPPORT;
	rings[0] = load(&header->rings[0]);
	rings[1] = load(&header->rings[1]);
	if (!rings_fit(rings, length))
		return -EPROTO;
	if (__atomic_exchange_n(&header->opened, 1, __ATOMIC_SEQ_CST))
		return -EBUSY;
	ret = channel_new(memory, rings, 1, options, out_channel);
	if (ret)
		store(&header->opened, 0);
	return ret;
}

MEMBANK_API void membank_channel_free(struct membank_channel *channel)
{
	if (!channel)
		return;
	/*
	 * The memory may have been taken back, so the other side is woken without
	 * a look whether it sleeps. Nobody is there to be told that it cannot be.
	 */
	if (membank_ring_is_untold(&channel->send) ||
	    membank_ring_is_untold(&channel->receive))
		membank_notifier_trigger(channel->trigger);
	membank_ring_end(&channel->send);
	membank_ring_end(&channel->receive);
	free(channel);
}

MEMBANK_API int membank_channel_limits(const struct membank_channel *channel,
				       size_t *out_send, size_t *out_receive)
{
	if (out_send)
		*out_send = longest(&channel->send);
	if (out_receive)
		*out_receive = longest(&channel->receive);
	return 0;
}

MEMBANK_API int membank_channel_eventfd(struct membank_channel *channel)
{
	store(&channel->watched, 1);
	return channel->eventfd;
}
