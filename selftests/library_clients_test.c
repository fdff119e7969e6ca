// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services as the library has them: whose they are, who is connected, telling
 * one client, and taking back what it was lent.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"

#define MEMORY 0
#define BELL 1

FIXTURE(clients)
{
	int dev;
	int memory;
	int bell;
	int service;
	int connection;
	struct membank_offer got[2];
	struct membank_service_event event;
};

FIXTURE_SETUP(clients)
{
	unsigned int count = 2;

	ASSERT_EQ(0, membank_open(NULL, &self->dev));
	ASSERT_EQ(0,
		  membank_dataspace_alloc(self->dev, MIB, 0, 0, &self->memory));
	ASSERT_EQ(0, membank_notifier_create(self->dev, &self->bell));

	struct membank_offer offers[] = {
		{ .fd = self->memory, .rights = MEMBANK_DATASPACE_READ },
		{ .fd = self->bell, .rights = MEMBANK_NOTIFIER_RECEIVE },
	};

	ASSERT_EQ(0, membank_service_register_for(self->dev, "lib", offers, 2,
						  0200, 54321, 54322,
						  &self->service));
	ASSERT_EQ(0, membank_service_connect(self->dev, "lib", 0, self->got,
					     &count, NULL, &self->connection));
	ASSERT_EQ(0, membank_service_read_event(self->service, &self->event));
}

FIXTURE_TEARDOWN_PARENT(clients)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(clients, a_service_is_of_whom_it_was_registered_for)
{
	struct membank_service_entry entry;
	unsigned int count = 1;
	int service, more = 5;

	ASSERT_EQ(0,
		  membank_service_list(self->dev, NULL, &entry, &count, &more));
	EXPECT_EQ(1, count);
	EXPECT_EQ(0, more);
	EXPECT_STREQ("lib", entry.name);
	EXPECT_EQ(54321, entry.uid);
	EXPECT_EQ(54322, entry.gid);
	EXPECT_EQ(1, entry.nr_clients);

	/* Neither said: the caller's own. */
	ASSERT_EQ(0, membank_service_register(self->dev, "own", NULL, 0, 0200,
					      &service));
	ASSERT_EQ(0,
		  membank_service_list(self->dev, "lib", &entry, &count, NULL));
	EXPECT_STREQ("own", entry.name);
	EXPECT_EQ(geteuid(), entry.uid);
	EXPECT_EQ(getegid(), entry.gid);
}

TEST_F(clients, a_list_that_makes_no_sense_is_refused)
{
	unsigned int count = 0;

	EXPECT_EQ(-EINVAL,
		  membank_service_list(self->dev, NULL, NULL, &count, NULL));
	count = 1;
	EXPECT_EQ(-EFAULT,
		  membank_service_list(self->dev, NULL, NULL, &count, NULL));
	EXPECT_EQ(-ENOTTY, membank_service_list(self->service, NULL, NULL,
						&count, NULL));
	EXPECT_EQ(1, count);
}

TEST_F(clients, they_are_told_at_once_or_after_a_change)
{
	struct membank_service_client list[4];
	unsigned int count = 4;
	uint64_t changes = 0;

	ASSERT_EQ(0, membank_service_clients(self->dev, "lib", 0, -1, &changes,
					     list, &count));
	EXPECT_EQ(1, count);
	EXPECT_EQ(self->event.client, list[0].client);
	EXPECT_EQ(getpid(), list[0].pid);
	EXPECT_EQ(2, changes);

	EXPECT_EQ(-ETIMEDOUT, membank_service_clients(self->dev, "lib", 0, 10,
						      &changes, list, &count));
	EXPECT_EQ(-ETIMEDOUT, membank_service_clients(self->dev, "lib", 0, 0,
						      &changes, list, &count));
	close(self->connection);
	count = 4;
	EXPECT_EQ(0, membank_service_clients(self->dev, "lib", 0, -1, &changes,
					     list, &count));
	EXPECT_EQ(0, count);
	EXPECT_EQ(3, changes);

	/* Without a count nothing is waited for. */
	count = 0;
	EXPECT_EQ(0, membank_service_clients(self->dev, "lib", 0, -1, NULL,
					     NULL, &count));
	EXPECT_EQ(-ENOENT, membank_service_clients(self->dev, "none", 0, -1,
						   NULL, NULL, &count));
	EXPECT_EQ(-EINVAL, membank_service_clients(self->dev, "a/b", 0, -1,
						   NULL, NULL, &count));
}

TEST_F(clients, one_is_notified)
{
	int eventfd;

	ASSERT_EQ(0, membank_notifier_listen(self->got[BELL].fd, &eventfd));
	EXPECT_EQ(0, membank_service_notify(self->service, self->event.client,
					    BELL));
	EXPECT_EQ(0,
		  membank_notifier_wait(self->got[BELL].fd, eventfd, 0, NULL));
	EXPECT_EQ(0, membank_service_notify(self->service, MEMBANK_CLIENT_ALL,
					    BELL));
	EXPECT_EQ(0,
		  membank_notifier_wait(self->got[BELL].fd, eventfd, 0, NULL));
	EXPECT_EQ(-ENOENT, membank_service_notify(self->service, 77, BELL));
	EXPECT_EQ(-EINVAL, membank_service_notify(self->service,
						  MEMBANK_CLIENT_ALL, MEMORY));
	EXPECT_EQ(-ENOTTY, membank_service_notify(self->dev, 1, BELL));
}

TEST_F(clients, what_one_was_lent_is_taken_back)
{
	struct membank_dataspace_info info;

	EXPECT_EQ(-ENOENT, membank_service_revoke(self->service, 77, MEMORY));
	EXPECT_EQ(-EINVAL,
		  membank_service_revoke(self->service, self->event.client, 2));
	EXPECT_EQ(-ENOTTY, membank_service_revoke(self->dev, 1, MEMORY));
	ASSERT_EQ(0, membank_dataspace_info(self->dev, self->got[MEMORY].fd,
					    &info));
	ASSERT_EQ(0, membank_service_revoke(self->service, self->event.client,
					    MEMBANK_OFFER_ALL));
	EXPECT_EQ(-ENODEV, membank_dataspace_info(self->dev,
						  self->got[MEMORY].fd, &info));
	EXPECT_EQ(0, membank_dataspace_info(self->dev, self->memory, &info));
}

TEST_HARNESS_MAIN
