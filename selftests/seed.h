/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the tests that draw at random begin. Include it after
 * kselftest_harness.h.
 */
#ifndef MEMBANK_SELFTESTS_SEED_H
#define MEMBANK_SELFTESTS_SEED_H

#include <sys/random.h>

static inline __u64 draw_seed(struct __test_metadata *_metadata)
{
	__u64 seed;

	ASSERT_EQ(sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	return seed;
}

#endif /* MEMBANK_SELFTESTS_SEED_H */
