/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The locks of the L4Re face. */
#ifndef MEMBANK_L4_LOCK_H
#define MEMBANK_L4_LOCK_H

/**
 * enum membank_l4_lock - the locks, in the order in which they are taken
 * @MEMBANK_L4_LOCK_NAMES: guards the names that were asked for
 * @MEMBANK_L4_LOCK_NODE: guards the open node, and is held while opening it
 * @MEMBANK_L4_LOCK_SLOTS: guards the table of capabilities; nothing sleeps or is
 *                         closed under it
 *
 * fork() waits for all of them, so that the child, which has the forking thread
 * alone, finds each of them free and what it guards whole.
 */
enum membank_l4_lock {
	MEMBANK_L4_LOCK_NAMES,
	MEMBANK_L4_LOCK_NODE,
	MEMBANK_L4_LOCK_SLOTS,
	MEMBANK_L4_LOCKS
};

/**
 * membank_l4_lock() - take a lock
 * @lock: which; the caller holds none that is behind it in the order
 */
void membank_l4_lock(enum membank_l4_lock lock);

/**
 * membank_l4_unlock() - give it back
 * @lock: which
 */
void membank_l4_unlock(enum membank_l4_lock lock);

#endif /* MEMBANK_L4_LOCK_H */
