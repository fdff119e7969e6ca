// SPDX-License-Identifier: LGPL-2.1-or-later
#include <unistd.h>

#include "ring.h"

/* Times that a side looks again before it sleeps. */
#define SPIN_LEAST 16U
#define SPIN_MOST 4096U
/* Of so many waits, one looks as often as can be, to see whether it is of use. */
#define SPIN_TRY 64U

/* How long a writer waits for half of the ring when less would do. */
#define LAZY_MS 1

/* Positions are never further apart than a ring is long. */
static inline bool is_beyond(uint32_t position, uint32_t wish)
{
	return (int32_t)(position - wish) > 0;
}

static inline void relax(void)
{
#if __has_builtin(__builtin_ia32_pause)
	__builtin_ia32_pause();
#else
	asm volatile("" ::: "memory");
#endif
}

/* What we have done can be seen; who sleeps is not woken. */
static void publish(struct membank_ring *ring)
{
	__atomic_store_n(&ring->own->position, ring->position,
			 __ATOMIC_RELEASE);
}

/* What we have done can be seen; who sleeps until then is woken. */
int membank_ring_tell(struct membank_channel *channel,
		      struct membank_ring *ring)
{
	uint32_t told = ring->told;
	uint32_t wish;

	if (ring->position == told)
		return 0;
	/* The other side says its wish first, and then looks where we are. */
	store(&ring->own->position, ring->position);
	wish = load(&ring->other->wish);
	ring->told = ring->position;
	if (ring->position - wish - 1 >= ring->position - told)
		return 0;
	return membank_notifier_trigger(channel->trigger);
}

int membank_ring_progress(struct membank_channel *channel,
			  struct membank_ring *ring, unsigned int flags)
{
	if (!(flags & MEMBANK_CHANNEL_MORE))
		return membank_ring_tell(channel, ring);
	publish(ring);
	return 0;
}

/* Looks where the other side is, which is believed only if it can be there. */
int membank_ring_look(struct membank_ring *ring)
{
	uint32_t seen = load(&ring->other->position);
	uint32_t most = ring->writes ?
				ring->position - ring->seen :
				ring->size - (ring->seen - ring->position);

	if (seen - ring->seen > most || seen % RECORD_ALIGN) {
		ring->error = -EPROTO;
		return ring->error;
	}
	ring->seen = seen;
	return 0;
}

/* Both rings share our eventfd: what we have read may be meant for this one. */
static int pass_on(struct membank_channel *channel,
		   const struct membank_ring *ring)
{
	static const uint64_t once = 1;

	if (!load(&ring->armed) ||
	    !is_beyond(load(&ring->other->position), load(&ring->awaited)))
		return 0;
	if (write(channel->eventfd, &once, sizeof(once)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

/* Waits for the eventfd; what it says is not believed, only that it does. */
static int doze(struct membank_channel *channel,
		const struct membank_ring *ring, int timeout_ms)
{
	int ret = membank_notifier_wait(channel->hangup, channel->eventfd,
					timeout_ms, NULL);

	if (ret)
		return ret;
	return pass_on(channel,
		       ring->writes ? &channel->receive : &channel->send);
}

/* From now on we are woken; to be followed by membank_ring_look(). */
static void arm(struct membank_ring *ring, uint32_t wish)
{
	store(&ring->awaited, wish);
	store(&ring->armed, 1);
	store(&ring->own->wish, wish);
}

void membank_ring_disarm(struct membank_ring *ring)
{
	/* The other thread only reads it, and a store is not for nothing. */
	if (load(&ring->armed))
		store(&ring->armed, 0);
}

/* Looks again and again, if that was of use of late; -EAGAIN: in vain. */
static int spin(struct membank_ring *ring, uint32_t wish)
{
	uint32_t most = SPIN_LEAST + 2 * ring->spin;
	uint32_t i;
	int ret;

	if (ring->waits++ % SPIN_TRY == 0 || most > SPIN_MOST)
		most = SPIN_MOST;
	for (i = 0; i < most; i++) {
		relax();
		if (__atomic_load_n(&ring->other->position, __ATOMIC_RELAXED) ==
		    ring->seen)
			continue;
		ret = membank_ring_look(ring);
		if (ret)
			return ret;
		if (!is_beyond(ring->seen, wish))
			continue;
		ring->spin += ((int32_t)(i - ring->spin) + 7) / 8;
		return 0;
	}
	ring->spin -= ring->spin / 8;
	return -EAGAIN;
}

/*
 * Waits until the other side is beyond @wish. It is asked to wake us only when
 * it is beyond @lazy, if that does not take long: so that a writer that waits
 * for room does not sleep again after each message.
 */
int membank_ring_wait(struct membank_channel *channel,
		      struct membank_ring *ring, uint32_t wish, uint32_t lazy,
		      int timeout_ms)
{
	bool is_lazy = lazy != wish;
	int64_t deadline, left;
	int ret, error;

	/* It may have to do something before we have a reason to wake. */
	ret = membank_ring_tell(channel, ring);
	if (ret)
		return ret;
	if (channel->spins) {
		ret = spin(ring, wish);
		if (ret != -EAGAIN)
			return ret;
	}

	deadline = membank_now_ms() + timeout_ms;
	left = timeout_ms;
	for (;;) {
		arm(ring, is_lazy ? lazy : wish);
		ret = membank_ring_look(ring);
		if (ret || is_beyond(ring->seen, wish))
			break;
		ret = doze(channel, ring,
			   is_lazy && (left < 0 || left > LAZY_MS) ? LAZY_MS :
								     left);
		/* Even if it is gone: what it did before counts. */
		error = membank_ring_look(ring);
		if (error || is_beyond(ring->seen, wish)) {
			ret = error;
			break;
		}
		if (ret && (ret != -ETIMEDOUT || !is_lazy))
			break;
		is_lazy = false;
		if (timeout_ms >= 0) {
			left = deadline - membank_now_ms();
			ret = -ETIMEDOUT;
			if (left <= 0)
				break;
		}
	}
	membank_ring_disarm(ring);
	return ret;
}

/* The same for an event loop, which does the waiting. */
int membank_ring_arm(struct membank_channel *channel, struct membank_ring *ring,
		     uint32_t wish)
{
	int ret, error;

	ret = membank_ring_tell(channel, ring);
	if (ret)
		return ret;
	ret = doze(channel, ring, 0);
	if (ret && ret != -ETIMEDOUT && ret != -EPIPE)
		return ret;
	arm(ring, wish);
	error = membank_ring_look(ring);
	if (!error && is_beyond(ring->seen, wish))
		error = -EALREADY;
	else if (!error && ret == -EPIPE)
		error = -EPIPE;
	if (error)
		membank_ring_disarm(ring);
	return error;
}
