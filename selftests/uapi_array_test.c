// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays of the ABI, and what read() gives: each element is as long as the caller
 * says, so that its struct can grow.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

/* How many elements there are of each kind. */
#define COUNT 3

#define PAGE 4096U

/* Room for a page more than all elements at their largest. */
#define ROOM ((COUNT + 1) * PAGE)

FIXTURE(array)
{
	int dev;
	/* A service, under the names "array 0" to "array 2". */
	int services[COUNT];
	int clients[COUNT];
	int notifier;
	int space;
	char *regions[COUNT];
	unsigned char *room;
};

/* How to have an array filled: with elements of @size at @to, @count at most. */
typedef int (*fill_fn)(FIXTURE_DATA(array) * self, __u32 size, void *to,
		       __u32 count);

FIXTURE_VARIANT(array)
{
	fill_fn fill;
	/* In this release. */
	__u32 size;
	/* What of an element is the same whenever it is filled: from, to. */
	__u32 same[2];
};

static int fill_regions(FIXTURE_DATA(array) * self, __u32 size, void *to,
			__u32 count)
{
	struct membank_region_list args = {
		.size = sizeof(args),
		.entries = (uintptr_t)to,
		.nr_entries = count,
		.entry_size = size,
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_REGION_LIST, &args);

	return ret ? ret : (int)args.out_nr_entries;
}

static int fill_services(FIXTURE_DATA(array) * self, __u32 size, void *to,
			 __u32 count)
{
	struct membank_service_list args = {
		.size = sizeof(args),
		.entries = (uintptr_t)to,
		.nr_entries = count,
		.entry_size = size,
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_SERVICE_LIST, &args);

	return ret ? ret : (int)args.out_nr_entries;
}

static int fill_clients(FIXTURE_DATA(array) * self, __u32 size, void *to,
			__u32 count)
{
	struct membank_service_clients args = {
		.size = sizeof(args),
		.clients = (uintptr_t)to,
		.nr_clients = count,
		.entry_size = size,
		.name = "array 0",
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_SERVICE_CLIENTS, &args);

	return ret ? ret : (int)args.out_nr_clients;
}

/* Closes them, too: what they were is of no use to who looks at the bytes. */
static int fill_offers(FIXTURE_DATA(array) * self, __u32 size, void *to,
		       __u32 count)
{
	struct membank_service_connect args = {
		.size = sizeof(args),
		.offers = (uintptr_t)to,
		.nr_offers = count,
		.offer_size = size,
		.name = "array 1",
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_SERVICE_CONNECT, &args);
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; i < args.out_nr_offers; i++)
		close(((struct membank_offer *)((char *)to + i * size))->fd);
	close(args.out_fd);
	return args.out_nr_offers;
}

/* What clients come and go by is read in one piece; of a service made for that. */
static int fill_events(FIXTURE_DATA(array) * self, __u32 size, void *to,
		       __u32 count)
{
	struct membank_service_register args = {
		.size = sizeof(args),
		.offer_size = sizeof(struct membank_offer),
		.mode = 0200,
		.name = "events",
		.event_size = size,
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_SERVICE_REGISTER, &args);
	unsigned int i;
	ssize_t length;

	if (ret)
		return ret;
	for (i = 0; i < count; i++)
		close(service_connect(self->dev, "events", 0, NULL, 0, NULL));
	/* No room for a whole one. */
	if (read(args.out_fd, to, size - 1) != -1 || errno != EINVAL)
		return -EPROTO;
	length = read(args.out_fd, to, count * size + size - 1);
	close(args.out_fd);
	return length < 0 ? -errno : length % size ? -EPROTO : length / size;
}

static void *touch_at(void *arg)
{
	char byte;

	touch_read(arg, &byte);
	return NULL;
}

/* As many threads wait at the same page. */
static int fill_faults(FIXTURE_DATA(array) * self, __u32 size, void *to,
		       __u32 count)
{
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = size,
	};
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.flags = MEMBANK_REGION_PAGER | MEMBANK_REGION_SEARCH_ADDR,
		.length = PAGE,
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	pthread_t threads[COUNT];
	ssize_t length, got = 0;
	unsigned int i;

	if (ret)
		return ret;
	attach.fd = pager.out_attach_fd;
	ret = test_ioctl(self->dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	for (i = 0; !ret && i < count; i++)
		ret = -pthread_create(&threads[i], NULL, touch_at,
				      (void *)(uintptr_t)attach.out_start);
	if (!ret && (read(pager.out_fd, to, size - 1) != -1 || errno != EINVAL))
		ret = -EPROTO;
	/* Threads may be late; whoever is there is told in full. */
	while (!ret && got < (ssize_t)(count * size)) {
		length = read(pager.out_fd, (char *)to + got,
			      count * size - got + size - 1);
		if (length <= 0 || length % size)
			ret = -EPROTO;
		got += length;
	}
	close(pager.out_fd);
	for (i = 0; !ret && i < count; i++)
		pthread_join(threads[i], NULL);
	close(pager.out_attach_fd);
	munmap((void *)(uintptr_t)attach.out_start, PAGE);
	return ret ? ret : (int)(got / size);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(array, regions) {
	fill_regions, sizeof(struct membank_region_entry), { 0, 56 }
};

FIXTURE_VARIANT_ADD(array, services) {
	fill_services, sizeof(struct membank_service_entry), { 0, 216 }
};

FIXTURE_VARIANT_ADD(array, clients) {
	fill_clients, sizeof(struct membank_service_client), { 0, 24 }
};

/* Not the descriptors. */
FIXTURE_VARIANT_ADD(array, offers) {
	fill_offers, sizeof(struct membank_offer), { 4, 16 }
};

FIXTURE_VARIANT_ADD(array, events) {
	fill_events, sizeof(struct membank_service_event), { 0, 24 }
};

/* Only the numbers: others touch each time, and elsewhere. */
FIXTURE_VARIANT_ADD(array, faults) {
	fill_faults, sizeof(struct membank_pager_fault), { 0, 8 }
};

/* clang-format on */

FIXTURE_SETUP(array)
{
	struct membank_offer offers[COUNT] = {};
	char name[16];
	int i;

	touch_init();
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->notifier = notifier_create(self->dev);
	ASSERT_LE(0, self->notifier);
	self->space = test_alloc(self->dev, MIB, 0, 0);
	ASSERT_LE(0, self->space);
	for (i = 0; i < COUNT; i++) {
		offers[i].fd = i ? self->notifier : self->space;
		offers[i].rights = 1;
		ASSERT_EQ(0, handle_attach(self->dev, self->space, NULL, 0,
					   &self->regions[i]));
	}
	for (i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "array %d", i);
		self->services[i] = service_register(self->dev, name, 0200,
						     offers, i ? COUNT : 0);
		ASSERT_LE(0, self->services[i]);
	}
	for (i = 0; i < COUNT; i++) {
		self->clients[i] =
			service_connect(self->dev, "array 0", 0, NULL, 0, NULL);
		ASSERT_LE(0, self->clients[i]);
	}
	self->room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(array)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(array, of_elements_of_any_size_is_filled)
{
	const __u32 more[] = { 0, 1, 4, 8, 1000, PAGE - variant->size };
	const __u32 from = variant->same[0], to = variant->same[1];
	unsigned char first[COUNT][PAGE], *element;
	__u32 size;
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		size = variant->size + more[i];
		memset(self->room, TEST_JUNK, ROOM);
		ASSERT_EQ(COUNT, variant->fill(self, size, self->room, COUNT))
		TH_LOG("size %u", size);
		for (j = 0; j < COUNT; j++) {
			element = self->room + j * size;
			if (!i)
				memcpy(first[j], element, variant->size);
			/* The same at whatever distance, and zero behind. */
			EXPECT_FALSE(test_all_bytes(element + from, TEST_JUNK,
						    to - from));
			EXPECT_EQ(0, memcmp(first[j] + from, element + from,
					    to - from));
			EXPECT_TRUE(test_all_bytes(element + variant->size, 0,
						   more[i]));
		}
		/* And not a byte more. */
		EXPECT_TRUE(test_all_bytes(self->room + COUNT * size, TEST_JUNK,
					   ROOM - COUNT * size));
	}
}

TEST_F(array, of_elements_that_are_too_short_or_too_long_is_refused)
{
	const unsigned int files = test_open_files();
	__u32 size;

	memset(self->room, TEST_JUNK, ROOM);
	for (size = 0; size < variant->size; size++)
		ASSERT_EQ(-EINVAL,
			  variant->fill(self, size, self->room, COUNT));
	EXPECT_EQ(-E2BIG, variant->fill(self, PAGE + 1, self->room, COUNT));
	EXPECT_EQ(-E2BIG, variant->fill(self, ~0U, self->room, COUNT));
	EXPECT_TRUE(test_all_bytes(self->room, TEST_JUNK, ROOM));
	EXPECT_EQ(files, test_open_files());
}

/* ----------------------------------------------- the array that is read */

FIXTURE(offered)
{
	int dev;
	int notifier;
	int space;
	unsigned char *room;
};

FIXTURE_SETUP(offered)
{
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	self->notifier = notifier_create(self->dev);
	ASSERT_LE(0, self->notifier);
	self->space = test_alloc(self->dev, MIB, 0, 0);
	ASSERT_LE(0, self->space);
	self->room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
}

FIXTURE_TEARDOWN_PARENT(offered)
{
	EXPECT_TRUE(test_banks_empty());
}

/* COUNT offers of @size bytes each, zero behind what is known, junk behind all. */
static void put_offers(FIXTURE_DATA(offered) * self, __u32 size)
{
	const struct membank_offer offers[COUNT] = {
		{ .fd = self->space, .rights = READ },
		{ .fd = self->notifier, .rights = RECEIVE },
		{ .fd = self->notifier, .rights = BOTH },
	};
	int i;

	memset(self->room, TEST_JUNK, ROOM);
	memset(self->room, 0, COUNT * size);
	for (i = 0; i < COUNT; i++)
		memcpy(self->room + i * size, &offers[i], sizeof(offers[i]));
}

/* Returns the service. */
static int offer(FIXTURE_DATA(offered) * self, __u32 size)
{
	struct membank_service_register args = {
		.size = sizeof(args),
		.offers = (uintptr_t)self->room,
		.nr_offers = COUNT,
		.offer_size = size,
		.mode = 0200,
		.name = "offered",
		.event_size = sizeof(struct membank_service_event),
	};
	int ret = test_ioctl(self->dev, MEMBANK_IOC_SERVICE_REGISTER, &args);

	return ret ? ret : args.out_fd;
}

/* Whether who connects is given them. */
static bool is_given(int dev)
{
	struct membank_offer got[COUNT] = {};
	int client = service_connect(dev, "offered", 0, got, COUNT, NULL);
	int i;

	if (client < 0)
		return false;
	close(client);
	for (i = 0; i < COUNT; i++)
		close(got[i].fd);
	return got[0].kind == MEMBANK_OFFER_DATASPACE &&
	       got[0].rights == READ && got[1].rights == RECEIVE &&
	       got[2].rights == BOTH;
}

TEST_F(offered, array_of_elements_of_any_size_is_read)
{
	const __u32 one = sizeof(struct membank_offer);
	const __u32 more[] = { 0, 1, 4, 8, 1000, PAGE - one };
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		put_offers(self, one + more[i]);
		fd = offer(self, one + more[i]);
		ASSERT_LE(0, fd);
		EXPECT_TRUE(is_given(self->dev));
		close(fd);
	}
}

TEST_F(offered, array_of_elements_with_a_dirty_tail_is_refused)
{
	const __u32 one = sizeof(struct membank_offer);
	const __u32 more[] = { 1, 4, 8, 1000, PAGE - one };
	const unsigned int files = test_open_files();
	__u32 size;
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		size = one + more[i];
		for (j = 0; j < COUNT; j++) {
			put_offers(self, size);
			self->room[j * size + one] = 1;
			EXPECT_EQ(-E2BIG, offer(self, size));
			put_offers(self, size);
			self->room[(j + 1) * size - 1] = 1;
			EXPECT_EQ(-E2BIG, offer(self, size));
		}
	}
	EXPECT_EQ(files, test_open_files());
	EXPECT_FALSE(is_given(self->dev));
}

TEST_F(offered, array_of_elements_that_are_too_short_or_too_long_is_refused)
{
	const __u32 one = sizeof(struct membank_offer);
	__u32 size;

	put_offers(self, one);
	for (size = 0; size < one; size++)
		ASSERT_EQ(-EINVAL, offer(self, size));
	EXPECT_EQ(-E2BIG, offer(self, PAGE + 1));
	EXPECT_EQ(-E2BIG, offer(self, ~0U));
	EXPECT_FALSE(is_given(self->dev));
}

TEST_HARNESS_MAIN
