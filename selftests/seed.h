/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the tests that draw at random begin, and how long they go on. Include it
 * after kselftest_harness.h.
 */
#ifndef MEMBANK_SELFTESTS_SEED_H
#define MEMBANK_SELFTESTS_SEED_H

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* What the environment says, or else @otherwise. */
static inline __u64 number_of(struct __test_metadata *_metadata,
			      const char *name, __u64 otherwise)
{
	const char *given = getenv(name);
	__u64 number;
	char *end;

	if (!given)
		return otherwise;
	errno = 0;
	number = strtoull(given, &end, 0);
	ASSERT_TRUE(!errno && *given && !*end);
	return number;
}

static inline __u64 draw_seed(struct __test_metadata *_metadata)
{
	__u64 seed;

	ASSERT_EQ(sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	return seed;
}

#endif /* MEMBANK_SELFTESTS_SEED_H */
