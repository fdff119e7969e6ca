/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the C++ face share: the kselftest harness is in C. A case is a
 * function; its first wrong value is told and ends it.
 */
#ifndef MEMBANK_SELFTESTS_L4RE_CPP_H
#define MEMBANK_SELFTESTS_L4RE_CPP_H

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <l4/re/env>
#include <l4/re/mem_alloc>
#include <l4/re/rm>
#include <l4/re/util/cap_alloc>
#include <l4/sys/irq>

/* Nothing is there that could be called. */
static constexpr long VOID = -(L4_EIPC_LO + L4_IPC_ENOT_EXISTENT);

struct Wrong {};

static inline void is_equal(long seen, long wanted, const char *words, int line)
{
	if (seen == wanted)
		return;
	printf("# line %d: %s is %ld instead of %ld\n", line, words, seen,
	       wanted);
	throw Wrong();
}

/* The value must be this number. */
#define EQUAL(seen, wanted) \
	is_equal((long)(seen), (long)(wanted), #seen, __LINE__)
#define TRUE(seen) is_equal(!!(seen), 1, #seen, __LINE__)

struct Case {
	const char *words;
	void (*run)();
};

/* Runs all of them, as TAP. */
static inline int run_cases(const std::vector<Case> &cases)
{
	int number = 0, failed = 0;

	printf("TAP version 13\n1..%zu\n", cases.size());
	for (const Case &one : cases) {
		bool well = true;

		try {
			one.run();
		} catch (Wrong const &) {
			well = false;
		}
		printf("%s %d %s\n", well ? "ok" : "not ok", ++number,
		       one.words);
		fflush(stdout);
		failed += !well;
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

using L4Re::Dataspace;
using L4Re::Env;
using L4Re::Mem_alloc;
using L4Re::Rm;
using L4Re::Util::cap_alloc;

static inline L4::Cap<Rm> rm()
{
	return Env::env()->rm();
}

static inline L4::Cap<Dataspace> new_dataspace(long size)
{
	L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();

	EQUAL(Env::env()->mem_alloc()->alloc(size, ds), 0);
	return ds;
}

static inline L4::Cap<L4::Irq> new_irq()
{
	L4::Cap<L4::Irq> irq = cap_alloc.alloc<L4::Irq>();

	EQUAL(l4_error(Env::env()->factory()->create(irq)), 0);
	return irq;
}

#endif /* MEMBANK_SELFTESTS_L4RE_CPP_H */
