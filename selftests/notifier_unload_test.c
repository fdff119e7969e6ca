// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading in the moment in which everything that notifiers and services had was
 * closed: what ends a grace period later has to end before the module does.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "loading.h"
#include "notify.h"
#include "reload.h"
#include "service.h"

#define PARAMETERS "banks=16M"
#define ROUNDS 5

/* How often all of this is made. */
#define SETS 1000

/* Opens much, and leaves it to the end of the process. */
static int storm(void)
{
	const struct rlimit limit = { 16 * SETS, 16 * SETS };
	struct membank_offer offer = { .rights = BOTH }, got;
	int dev = test_open(TEST_ANY), bell, other, event, service = -1, i;

	if (dev < 0 || setrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	for (i = 0; i < SETS; i++) {
		bell = notifier_create(dev);
		other = notifier_derive(bell, BOTH);
		event = eventfd(0, EFD_NONBLOCK);
		/* One with an eventfd, one that counts for itself. */
		if (notifier_bind(bell, event) || notifier_nonblock(other) ||
		    notifier_read(other) != -EAGAIN || notifier_trigger(bell))
			return 2;
		if (i % 100)
			continue;
		offer.fd = bell;
		close(service);
		service = service_register(dev, "storm", 0200, &offer, 1);
		if (service < 0 ||
		    service_connect(dev, "storm", 0, &got, 1, NULL) < 0 ||
		    notifier_bind(got.fd, event))
			return 3;
	}
	return 0;
}

FIXTURE(unload)
{
	const char *module;
};

FIXTURE_SETUP(unload)
{
	self->module = getenv("MEMBANK_KO");
	ASSERT_NE(NULL, self->module);
}

FIXTURE_TEARDOWN(unload)
{
}

TEST_F_TIMEOUT(unload, right_after_all_was_closed, TEST_SLOW)
{
	int round, ko;
	pid_t child;

	for (round = 0; round < ROUNDS; round++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(storm());
		ASSERT_EQ(0, test_wait_child(child));
		/* Whoever is told of its end finds that it holds nothing. */
		ASSERT_EQ(0, loading_unload());
		ko = open(self->module, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, ko);
		ASSERT_EQ(0, loading_load(ko, PARAMETERS));
		close(ko);
	}
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
