/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notifiers: one side triggers, the other side receives.
 * Part of <membank.h>, which says what holds for all functions; include that.
 */
#ifndef MEMBANK_NOTIFIER_H
#define MEMBANK_NOTIFIER_H

#include <linux/membank.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * membank_notifier_create() - make a notifier
 * @dev: from membank_open(), of any bank
 * @out_notifier: may trigger and receive; to be closed
 *
 * Return: 0.
 */
int membank_notifier_create(int dev, int *out_notifier);

/**
 * membank_notifier_derive() - another descriptor of it, with fewer rights
 * @notifier: the notifier
 * @rights: set of enum membank_notifier_rights
 * @out_notifier: has just these rights; to be closed
 *
 * Return: 0; -EACCES: @notifier lacks one of @rights; -EINVAL: @rights is 0;
 * -EDQUOT: the notifier has 32768 descriptors, or the client to whom a service has
 * lent @notifier has 16 of it, or the caller's user MEMBANK_LENT_MAX that were lent;
 * -ENODEV: a service has taken @notifier back.
 */
int membank_notifier_derive(int notifier, uint32_t rights, int *out_notifier);

/**
 * membank_notifier_bind() - receive triggers
 * @notifier: the notifier, with the right to receive
 * @eventfd: counts the triggers from now on; -1: receive no more
 *
 * Return: 0; -EACCES: no right to receive; -EINVAL: not an eventfd.
 */
int membank_notifier_bind(int notifier, int eventfd);

/**
 * membank_notifier_bind_oneshot() - receive one trigger at a time
 * @notifier: the notifier, with the right to receive
 * @eventfd: counts the next trigger, and no other before
 *           membank_notifier_unmask()
 *
 * Return: 0; -EACCES: no right to receive; -EINVAL: not an eventfd.
 */
int membank_notifier_bind_oneshot(int notifier, int eventfd);

/**
 * membank_notifier_unmask() - let the next trigger through
 * @notifier: bound by membank_notifier_bind_oneshot()
 *
 * If there was a trigger since the last delivery, the eventfd counts 1 now, for
 * all of them.
 *
 * Return: 0; -EACCES: no right to receive; -EINVAL: not bound in that way.
 */
int membank_notifier_unmask(int notifier);

/**
 * membank_notifier_listen() - make an eventfd and bind it
 * @notifier: the notifier, with the right to receive
 * @out_eventfd: non-blocking, for membank_notifier_wait() or any event loop; to
 *               be closed
 *
 * Return: 0; -EACCES: no right to receive.
 */
int membank_notifier_listen(int notifier, int *out_eventfd);

/**
 * membank_notifier_trigger() - wake the other side
 * @notifier: the notifier, with the right to trigger
 *
 * What was written to shared memory before is seen by who is woken.
 *
 * Return: 0; -EACCES: no right to trigger.
 */
int membank_notifier_trigger(int notifier);

/**
 * membank_notifier_receive() - sleep until triggered, without an eventfd
 * @notifier: the notifier, with the right to receive; it counts for itself from
 *            the first time on
 * @timeout_ms: milliseconds to wait at most; 0: do not wait; -1: for ever
 * @out_count: triggers since the last time, at least 1; may be NULL
 *
 * For a program that waits for nothing else. In an event loop wait for POLLIN
 * on @notifier, and receive with a timeout of 0.
 *
 * Return: 0; -ETIMEDOUT; -EPIPE: the other side is gone, and all its triggers have
 * been taken; -EACCES: no right to receive; -ECANCELED: an eventfd is bound, or
 * another thread has bound one, or none, meanwhile; -EINTR: a handler that was
 * installed without SA_RESTART has run; -ENODEV: a service has taken it back.
 */
int membank_notifier_receive(int notifier, int timeout_ms, uint64_t *out_count);

/**
 * membank_notifier_call() - trigger one notifier and wait for another
 * @notifier: to trigger, with that right
 * @wait_notifier: to wait for, as membank_notifier_receive() does
 * @timeout_ns: nanoseconds to wait at most; 0: do not wait; -1: for ever
 * @out_count: triggers of @wait_notifier since the last time, at least 1; may be
 *             NULL
 *
 * A request and its reply in one step. What was written to shared memory before is
 * seen by who is woken, and what that one wrote before its reply is seen here.
 *
 * After -ETIMEDOUT and -EINTR the trigger is done: go on with
 * membank_notifier_receive() on @wait_notifier. To call again would be another
 * request.
 *
 * Return: 0; -EACCES: no right to trigger the one, or to receive from the other;
 * -EINVAL: @wait_notifier is no notifier; -EBUSY: it has bound an eventfd (with
 * these three nothing is triggered); the others of membank_notifier_receive().
 */
int membank_notifier_call(int notifier, int wait_notifier, int64_t timeout_ns,
			  uint64_t *out_count);

/**
 * membank_notifier_wait() - sleep until triggered
 * @notifier: the notifier, to learn that the other side is gone; or -1
 * @eventfd: from membank_notifier_listen()
 * @timeout_ms: milliseconds to wait at most; 0: do not wait; -1: for ever
 * @out_count: triggers since the last wait, at least 1; may be NULL
 *
 * Several threads may wait on one @eventfd: each trigger is taken by one of them.
 * None sleeps longer than @timeout_ms for that, also if @eventfd would block.
 *
 * Return: 0; -ETIMEDOUT; -EPIPE: the other side of @notifier is gone, and all
 * its triggers have been taken; -EINTR: a signal came; -EINVAL: @eventfd is
 * none.
 */
int membank_notifier_wait(int notifier, int eventfd, int timeout_ms,
			  uint64_t *out_count);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_NOTIFIER_H */
