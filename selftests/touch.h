/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Touching memory that may answer with a signal. Works in many threads at once.
 */
#ifndef MEMBANK_SELFTESTS_TOUCH_H
#define MEMBANK_SELFTESTS_TOUCH_H

#include <setjmp.h>
#include <signal.h>

/* Of the last signal that this thread got by touching. */
static __thread siginfo_t touch_info;
static __thread sigjmp_buf touch_back;
static __thread sig_atomic_t touch_armed;

static void touch_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	/* Not by us: let it kill. */
	if (!touch_armed) {
		struct sigaction action = { .sa_handler = SIG_DFL };

		sigaction(signal, &action, NULL);
		return;
	}
	touch_armed = 0;
	touch_info = *info;
	siglongjmp(touch_back, signal);
}

/* Once for each process that touches; forked ones have it already. */
static inline void touch_init(void)
{
	struct sigaction action = {
		.sa_sigaction = touch_signal,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

/* In this order, for the compiler too. */
static inline void touch_arm(bool armed)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	touch_armed = armed;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Returns 0 or the signal. */
static inline int touch_read(const char *at, char *byte)
{
	int signal = sigsetjmp(touch_back, 1);

	if (signal)
		return signal;
	touch_arm(true);
	*byte = __atomic_load_n(at, __ATOMIC_RELAXED);
	touch_arm(false);
	return 0;
}

static inline int touch_write(char *at, char byte)
{
	int signal = sigsetjmp(touch_back, 1);

	if (signal)
		return signal;
	touch_arm(true);
	__atomic_store_n(at, byte, __ATOMIC_RELAXED);
	touch_arm(false);
	return 0;
}

/* Whether reading and writing there are answered as a revoked mapping must. */
static inline bool touch_revoked(char *at)
{
	char byte;

	if (touch_read(at, &byte) != SIGBUS ||
	    touch_info.si_code != BUS_ADRERR || touch_info.si_addr != at)
		return false;
	return touch_write(at, 1) == SIGBUS &&
	       touch_info.si_code == BUS_ADRERR && touch_info.si_addr == at;
}

#endif /* MEMBANK_SELFTESTS_TOUCH_H */
