/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Channels: messages in both directions through memory that two programs share.
 * Part of <membank.h>, which says what holds for all functions; include that.
 *
 * A channel is not called from any thread at any time: one thread at a time may
 * send with an end (reserve, commit, flush, send, arm_send) and one, the same or
 * another, may receive (peek, release, receive, arm_receive). The other
 * functions are free, but for membank_channel_free(), which has to be the last.
 *
 * The other end is another program and is not trusted: whatever it writes into
 * the memory, nothing outside of the rings is read or written, and no call
 * returns a message that is longer than it can be or does not lie in a ring.
 * What it can do is to send wrong messages, and to change one until it is
 * released: check a copy of what has to be checked (membank_channel_receive()
 * makes one).
 *
 * Who owns the memory can take it back at any time: who holds a descriptor with
 * MEMBANK_DATASPACE_OWN, which no service lends, by membank_dataspace_revoke(); and
 * a server what it has lent, by membank_service_revoke(). From then on each touch
 * of it is a SIGBUS, in these functions as in a message that is read where it
 * lies, and no look before can help: it may be taken back right after. Who has the
 * memory from somebody it does not trust needs a handler that leaves the function
 * by siglongjmp(3), as the manual shows. Then only membank_channel_free() may be
 * called with this end; it does not touch the memory.
 */
#ifndef MEMBANK_CHANNEL_H
#define MEMBANK_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct membank_channel;

/* Where a channel's memory may begin: at a multiple of this. */
#define MEMBANK_CHANNEL_ALIGN 128

/* Bytes before the rings. */
#define MEMBANK_CHANNEL_HEADER 4096

/* What a ring may have, in bytes; a power of two. */
#define MEMBANK_CHANNEL_RING_MIN 1024
#define MEMBANK_CHANNEL_RING_MAX (1024 * 1024 * 1024)

/**
 * enum membank_channel_flags - how an end behaves
 * @MEMBANK_CHANNEL_NO_SPIN: sleep at once when there is nothing to do, as
 *                           on a machine with one CPU; otherwise an end looks
 *                           again for some microseconds, if that was of use of
 *                           late
 */
enum membank_channel_flags {
	MEMBANK_CHANNEL_NO_SPIN = 1 << 0,
};

/**
 * enum membank_commit_flags - what comes next
 * @MEMBANK_CHANNEL_MORE: more follows at once, so do not wake the other side
 *                        now
 */
enum membank_commit_flags {
	MEMBANK_CHANNEL_MORE = 1 << 0,
};

/**
 * struct membank_channel_options - what an end is made of
 * @size: sizeof(struct membank_channel_options)
 * @flags: set of enum membank_channel_flags
 * @trigger: a notifier with the right to trigger: it wakes the other side
 * @eventfd: from membank_notifier_listen() on the notifier that the other side
 *           triggers; no other channel and nothing else may read it
 * @hangup: says by POLLHUP or POLLERR that the other side is gone: that notifier,
 *          or a connection to a service; -1: nothing says it
 * @send_ring: bytes for messages to the other side, a power of two; 0: as many
 *             as fit. Only for membank_channel_create(), else 0
 * @receive_ring: likewise for messages from there; where both are 0 they have
 *                the same size
 * @__reserved: 0
 *
 * The caller keeps the descriptors, and closes them after the channel.
 */
struct membank_channel_options {
	uint32_t size;
	uint32_t flags;
	int32_t trigger;
	int32_t eventfd;
	int32_t hangup;
	uint32_t send_ring;
	uint32_t receive_ring;
	uint32_t __reserved;
};

/**
 * membank_channel_create() - make a channel, and be one of its ends
 * @memory: readable and writable, shared with the other side
 * @length: its bytes; MEMBANK_CHANNEL_HEADER and both rings have to fit
 * @options: what this end is made of
 * @out_channel: the end; to be freed
 *
 * What the memory held before is of no interest. The memory has to stay
 * attached until the end is freed.
 *
 * Return: 0; -EINVAL: @memory is not aligned, @length is too short, @options are
 * wrong, or the eventfd is not non-blocking; -EOPNOTSUPP: an unknown flag.
 */
int membank_channel_create(void *memory, size_t length,
			   const struct membank_channel_options *options,
			   struct membank_channel **out_channel);

/**
 * membank_channel_open() - be the other end of a channel
 * @memory: as the other side has it, from its first byte on
 * @length: its bytes
 * @options: what this end is made of
 * @out_channel: the end; to be freed
 *
 * Return: 0; -EAGAIN: the other side has not created it yet; -EBUSY: somebody
 * was the other end already: it has to be created again; -EPROTONOSUPPORT: it is
 * of another version of the library; -EPROTO: this is no channel, or it does not
 * fit into @length; -EINVAL, -EOPNOTSUPP: as membank_channel_create().
 */
int membank_channel_open(void *memory, size_t length,
			 const struct membank_channel_options *options,
			 struct membank_channel **out_channel);

/**
 * membank_channel_free() - be no end any more
 * @channel: the end, or NULL
 *
 * What was committed can still be received. The other side is woken if it is
 * due, but learns by @hangup alone that nothing will follow.
 *
 * It does not touch the memory, and may be called after a SIGBUS has ended another
 * function.
 */
void membank_channel_free(struct membank_channel *channel);

/**
 * membank_channel_limits() - how long a message can be
 * @channel: the end
 * @out_send: bytes of the longest that can be sent, somewhat less than half of
 *            the ring; may be NULL
 * @out_receive: bytes of the longest that can come; may be NULL
 *
 * Return: 0.
 */
int membank_channel_limits(const struct membank_channel *channel,
			   size_t *out_send, size_t *out_receive);

/**
 * membank_channel_eventfd() - what an event loop has to watch
 * @channel: the end
 *
 * It says something when what was armed by membank_channel_arm_receive() or
 * membank_channel_arm_send() is there. It may also say something for nothing, and
 * goes on until something is armed again. Where two threads use the end, one for
 * each direction, watch it for changes alone (EPOLLET): it also says what is meant
 * for the other thread, until that one has come.
 *
 * Return: the eventfd that the end was made of.
 */
int membank_channel_eventfd(struct membank_channel *channel);

/**
 * membank_channel_reserve() - get room for a message
 * @channel: the end
 * @length: bytes; 0 is a message, too
 * @timeout_ms: milliseconds to wait for room at most; 0: do not wait; -1: for
 *              ever
 * @out_data: where to write it, at a multiple of 16
 *
 * Nothing is sent before membank_channel_commit(). A reservation that is not
 * committed ends with the next one. When there is no room, the other side is
 * woken for what was committed with MORE.
 *
 * Return: 0; -EAGAIN: no room, and @timeout_ms is 0; -ETIMEDOUT: no room in
 * time; -EPIPE: no room, and the other side is gone; -EINTR: a signal came;
 * -EMSGSIZE: longer than membank_channel_limits() says; -EPROTO: the other side
 * has broken the channel, nothing can be sent any more; -EMFILE, -ENFILE, -ENOMEM,
 * -ENOSPC: the first wait for room needs an epoll(7), and did not get it; -EINVAL:
 * @hangup cannot be polled.
 */
int membank_channel_reserve(struct membank_channel *channel, size_t length,
			    int timeout_ms, void **out_data);

/**
 * membank_channel_commit() - send what was reserved
 * @channel: the end
 * @length: bytes, at most as many as were reserved
 * @flags: set of enum membank_commit_flags; with MORE the message can be
 *         received, but who sleeps is not woken for it before
 *         membank_channel_flush() or a commit without MORE
 *
 * It never sleeps. It is a system call only if the other side sleeps.
 *
 * Return: 0; -EINVAL: nothing was reserved, or less; -EOPNOTSUPP: an unknown
 * flag; or what membank_notifier_trigger() returns: then the message is sent,
 * but the other side may sleep.
 */
int membank_channel_commit(struct membank_channel *channel, size_t length,
			   unsigned int flags);

/**
 * membank_channel_flush() - wake the other side for all that was sent
 * @channel: the end
 *
 * Return: 0; or what membank_notifier_trigger() returns.
 */
int membank_channel_flush(struct membank_channel *channel);

/**
 * membank_channel_send() - send a copy
 * @channel: the end
 * @data: the message
 * @length: its bytes
 * @flags: as for membank_channel_commit()
 * @timeout_ms: as for membank_channel_reserve()
 *
 * Return: as membank_channel_reserve() and membank_channel_commit().
 */
int membank_channel_send(struct membank_channel *channel, const void *data,
			 size_t length, unsigned int flags, int timeout_ms);

/**
 * membank_channel_peek() - look at the next message where it is
 * @channel: the end
 * @timeout_ms: milliseconds to wait for one at most; 0: do not wait; -1: for
 *              ever
 * @out_data: its first byte, at a multiple of 16; stays there until
 *            membank_channel_release()
 * @out_length: its bytes
 *
 * Until it is released the same message is given again. When there is none, the
 * other side is woken for what was released with MORE.
 *
 * Return: 0; -EAGAIN: none, and @timeout_ms is 0; -ETIMEDOUT: none came in time;
 * -EPIPE: the other side is gone, and all its messages were received; -EINTR: a
 * signal came; -EPROTO: the other side has broken the channel, nothing can be
 * received any more; -EMFILE, -ENFILE, -ENOMEM, -ENOSPC, -EINVAL: as
 * membank_channel_reserve().
 */
int membank_channel_peek(struct membank_channel *channel, int timeout_ms,
			 const void **out_data, size_t *out_length);

/**
 * membank_channel_release() - be done with a message
 * @channel: the end
 * @flags: set of enum membank_commit_flags; with MORE the room can be used, but
 *         who sleeps is not woken for it before a release without MORE, or a
 *         membank_channel_peek() that finds no message
 *
 * It never sleeps. It is a system call only if the other side sleeps for want of
 * room.
 *
 * Return: 0; -EINVAL: there was no membank_channel_peek() before; -EOPNOTSUPP:
 * an unknown flag; or what membank_notifier_trigger() returns: then it is
 * released, but the other side may sleep.
 */
int membank_channel_release(struct membank_channel *channel,
			    unsigned int flags);

/**
 * membank_channel_receive() - receive a copy
 * @channel: the end
 * @data: filled with the message
 * @size: bytes that @data has room for
 * @timeout_ms: as for membank_channel_peek()
 * @out_length: bytes of the message
 *
 * Return: as membank_channel_peek(); -EMSGSIZE: it is longer than @size, and
 * stays the next one; or what membank_notifier_trigger() returns: then it was
 * received, but the other side may sleep.
 */
int membank_channel_receive(struct membank_channel *channel, void *data,
			    size_t size, int timeout_ms, size_t *out_length);

/**
 * membank_channel_arm_receive() - have the eventfd say when a message comes
 * @channel: the end
 *
 * For event loops. When membank_channel_peek() has returned -EAGAIN, arm, and
 * only if that returns 0 wait for the eventfd; then peek again. The eventfd need
 * not be read: this function does it, and keeps what is meant for
 * membank_channel_arm_send().
 *
 * Return: 0; -EALREADY: there is a message: do not wait, peek; -EPIPE: there is
 * none, and the other side is gone; -EPROTO: as membank_channel_peek().
 */
int membank_channel_arm_receive(struct membank_channel *channel);

/**
 * membank_channel_arm_send() - have the eventfd say when there is room
 * @channel: the end
 * @length: bytes of the message that is to be sent
 *
 * As membank_channel_arm_receive(), after membank_channel_reserve() has returned
 * -EAGAIN. Both may be armed at once; when the eventfd says something, try what
 * was armed before anything is armed again.
 *
 * Return: 0; -EALREADY: there is room: do not wait, reserve; -EPIPE: there is
 * none, and the other side is gone; -EMSGSIZE, -EPROTO: as
 * membank_channel_reserve().
 */
int membank_channel_arm_send(struct membank_channel *channel, size_t length);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_CHANNEL_H */
