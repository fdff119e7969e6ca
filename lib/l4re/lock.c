// SPDX-License-Identifier: LGPL-2.1-or-later
#include <pthread.h>

#include "lock.h"

static pthread_mutex_t locks[MEMBANK_L4_LOCKS] = {
	PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_MUTEX_INITIALIZER,
};

void membank_l4_lock(enum membank_l4_lock lock)
{
	pthread_mutex_lock(&locks[lock]);
}

void membank_l4_unlock(enum membank_l4_lock lock)
{
	pthread_mutex_unlock(&locks[lock]);
}

static void lock_all(void)
{
	unsigned int i;

	for (i = 0; i < MEMBANK_L4_LOCKS; i++)
		membank_l4_lock(i);
}

static void unlock_all(void)
{
	unsigned int i;

	for (i = MEMBANK_L4_LOCKS; i--;)
		membank_l4_unlock(i);
}

/* Who cannot have it has a child whose locks may be held for ever: no worse. */
__attribute__((constructor)) static void prepare_for_fork(void)
{
	(void)pthread_atfork(lock_all, unlock_all, unlock_all);
}
