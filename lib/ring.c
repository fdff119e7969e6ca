// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <sys/epoll.h>
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

	if (!membank_ring_is_untold(ring))
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

/*
 * The other side triggers one eventfd for both rings. Event loops poll it, so
 * somebody has to set it back, and may thereby take what is meant for the other
 * ring. A thread that sleeps therefore does not wait for a count but for a change
 * of it, with an epoll for each ring: edge-triggered, so that what an event loop
 * has not taken yet does not wake it again and again; and for EPOLLOUT too, which
 * an eventfd always has, so that a change counts even when it was set back since.
 */
enum { CHANGE, HANGUP };

static int watch(int epoll, int fd, uint32_t events, uint32_t what)
{
	struct epoll_event event = { .events = events, .data.u32 = what };

	if (!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return 0;
	/* It cannot be polled, or both are the same. */
	return errno == EPERM || errno == EEXIST ? -EINVAL : -errno;
}

/* Only who sleeps needs it, and each trigger has to go through it. */
static int prepare_sleep(struct membank_channel *channel,
			 struct membank_ring *ring)
{
	int epoll, ret;

	if (ring->epoll >= 0)
		return 0;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return -errno;
	ret = watch(epoll, channel->eventfd, EPOLLIN | EPOLLOUT | EPOLLET,
		    CHANGE);
	if (!ret && channel->hangup >= 0)
		ret = watch(epoll, channel->hangup, 0, HANGUP);
	if (ret) {
		close(epoll);
		return ret;
	}
	ring->epoll = epoll;
	return 0;
}

/* Until the other side does something, for this ring or for the other one. */
static int doze(struct membank_ring *ring, int timeout_ms)
{
	struct epoll_event events[2];
	int count, i;

	count = epoll_wait(ring->epoll, events, 2, timeout_ms);
	if (count < 0)
		return -errno;
	for (i = 0; i < count; i++)
		if (events[i].data.u32 == HANGUP)
			return -EPIPE;
	return count ? 0 : -ETIMEDOUT;
}

/* Whether an event loop is woken that has not come yet. */
static bool is_due(const struct membank_ring *ring)
{
	return load(&ring->armed) &&
	       is_beyond(load(&ring->other->position), load(&ring->awaited));
}

/*
 * Sets the eventfd back, unless the event loop of the other direction is woken by
 * it. That may be another thread, so what we read may be meant for it.
 */
static int set_back(struct membank_channel *channel,
		    const struct membank_ring *ring)
{
	const struct membank_ring *other = ring->writes ? &channel->receive :
							  &channel->send;
	static const uint64_t once = 1;
	uint64_t count;
	ssize_t length;

	/* Who waits for an edge would be woken if it was read and written. */
	if (is_due(other))
		return 0;
	length = read(channel->eventfd, &count, sizeof(count));
	if (length < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (length != sizeof(count))
		return -EINVAL;
	if (!is_due(other))
		return 0;
	if (write(channel->eventfd, &once, sizeof(once)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
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

/* What is left of the time, in milliseconds; negative: it has no end. */
static int64_t time_left(int64_t deadline, int timeout_ms)
{
	int64_t left = deadline - membank_now_ms();

	if (timeout_ms < 0)
		return -1;
	return left > 0 ? left : 0;
}

/* Sleeps until the other side is beyond @wish; see membank_ring_wait(). */
static int sleep_until(struct membank_ring *ring, uint32_t wish, uint32_t lazy,
		       int timeout_ms)
{
	int64_t deadline = membank_now_ms() + timeout_ms;
	bool is_lazy = lazy != wish;
	int64_t left = timeout_ms;
	int ret, error;

	for (;;) {
		/* From now on we are woken; what was before we see. */
		store(&ring->own->wish, is_lazy ? lazy : wish);
		ret = membank_ring_look(ring);
		if (ret || is_beyond(ring->seen, wish))
			return ret;
		ret = doze(ring, is_lazy && (left < 0 || left > LAZY_MS) ?
					 LAZY_MS :
					 left);
		/* Even if it is gone: what it did before counts. */
		error = membank_ring_look(ring);
		if (error || is_beyond(ring->seen, wish))
			return error;
		if (ret && (ret != -ETIMEDOUT || !is_lazy))
			return ret;
		is_lazy = false;
		left = time_left(deadline, timeout_ms);
		if (!left)
			return -ETIMEDOUT;
	}
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
	ret = prepare_sleep(channel, ring);
	if (ret)
		return ret;
	ret = sleep_until(ring, wish, lazy, timeout_ms);
	/* What has woken us is not for an event loop. */
	error = load(&channel->watched) ? set_back(channel, ring) : 0;
	return ret ? ret : error;
}

/* 0, -EPIPE (the other side is gone), or another error. */
static int check_hangup(const struct membank_channel *channel)
{
	struct pollfd pollfd = { .fd = channel->hangup };

	if (poll(&pollfd, 1, 0) < 0)
		return -errno;
	if (pollfd.revents & POLLNVAL)
		return -EBADF;
	return pollfd.revents ? -EPIPE : 0;
}

void membank_ring_disarm(struct membank_ring *ring)
{
	/* The other thread only reads it, and a store is not for nothing. */
	if (load(&ring->armed))
		store(&ring->armed, 0);
}

/* The same for an event loop, which does the waiting. */
int membank_ring_arm(struct membank_channel *channel, struct membank_ring *ring,
		     uint32_t wish)
{
	int ret, error;

	ret = membank_ring_tell(channel, ring);
	if (ret)
		return ret;
	ret = set_back(channel, ring);
	if (ret)
		return ret;
	ret = check_hangup(channel);
	if (ret && ret != -EPIPE)
		return ret;
	/* Who takes a trigger for this wish has to see for whom it is. */
	store(&ring->awaited, wish);
	store(&ring->armed, 1);
	store(&ring->own->wish, wish);
	error = membank_ring_look(ring);
	if (!error && is_beyond(ring->seen, wish))
		error = -EALREADY;
	else if (!error)
		error = ret;
	if (error)
		membank_ring_disarm(ring);
	return error;
}

/* The end of a ring; its memory is not touched. */
void membank_ring_end(struct membank_ring *ring)
{
	if (ring->epoll >= 0)
		close(ring->epoll);
}
