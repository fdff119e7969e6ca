// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's channels without a kernel module, one thread at a time: what
 * each call does, to the byte and to the notification.
 */
#include "kselftest_harness.h"

#include <sys/mman.h>

#include "channel_host.h"

#define RING 1024U
#define LONGEST (RING / 2 - 16)
#define JUNK ((void *)0xccccccUL)
#define UNKNOWN 0x80000000U
#define MORE MEMBANK_CHANNEL_MORE

static void fill(unsigned char *data, size_t length, unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		data[i] = seed + i * 7;
}

static bool is_filled(const unsigned char *data, size_t length,
		      unsigned int seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (data[i] != (unsigned char)(seed + i * 7))
			return false;
	return true;
}

static bool is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents & POLLIN;
}

FIXTURE(channel)
{
	struct pair pair;
	struct membank_channel_options options;
	struct membank_channel *a;
	struct membank_channel *b;
	struct membank_channel *made;
	void *room;
	const void *data;
	size_t length;
	unsigned char bytes[RING];
};

FIXTURE_SETUP(channel)
{
	ASSERT_TRUE(pair_prepare(&self->pair));
	ASSERT_TRUE(pair_memory(&self->pair, RINGS + 2 * RING));
	ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, 0));
	self->options = pair_options(&self->pair, 0);
	self->a = self->pair.ends[0];
	self->b = self->pair.ends[1];
	self->made = JUNK;
	self->room = JUNK;
	self->data = JUNK;
	self->length = 0xcccc;
}

FIXTURE_TEARDOWN(channel)
{
	pair_end(&self->pair);
}

static int send_from(FIXTURE_DATA(channel) * self, struct membank_channel *end,
		     size_t length, unsigned int flags)
{
	fill(self->bytes, length, length);
	return membank_channel_send(end, self->bytes, length, flags, 0);
}

/* The next message is one that send_from() made, of this length. */
static bool comes(FIXTURE_DATA(channel) * self, struct membank_channel *end,
		  size_t length)
{
	return !membank_channel_peek(end, 0, &self->data, &self->length) &&
	       self->length == length && (uintptr_t)self->data % 16 == 0 &&
	       is_filled(self->data, length, length) &&
	       !membank_channel_release(end, 0);
}

/* ----------------------------------------------------- create, open, free */

TEST_F(channel, create_chooses_the_largest_rings_that_fit)
{
	static const struct {
		size_t bytes;
		uint32_t send, receive;
		size_t out_send, out_receive;
	} cases[] = {
		{ 2048, 0, 0, 1024, 1024 },
		{ 4095, 0, 0, 1024, 1024 },
		{ 4096, 0, 0, 2048, 2048 },
		{ 8191, 0, 0, 2048, 2048 },
		{ 8192, 1024, 0, 1024, 4096 },
		{ 8192, 0, 4096, 4096, 4096 },
		{ 9216, 0, 1024, 8192, 1024 },
		{ 8192, 1024, 2048, 1024, 2048 },
		{ 1UL << 31, 0, 0, 1UL << 30, 1UL << 30 },
		{ 3UL << 30, 0, 0, 1UL << 30, 1UL << 30 },
		{ 3UL << 30, 1024, 0, 1024, 1UL << 30 },
	};
	size_t length, send, receive, i;
	void *memory;

	memory = mmap(NULL, RINGS + (3UL << 30), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		length = RINGS + cases[i].bytes;
		self->options = pair_options(&self->pair, 0);
		self->options.send_ring = cases[i].send;
		self->options.receive_ring = cases[i].receive;
		ASSERT_EQ(0,
			  membank_channel_create(memory, length, &self->options,
						 &self->made));
		ASSERT_EQ(0,
			  membank_channel_limits(self->made, &send, &receive));
		EXPECT_EQ(cases[i].out_send / 2 - 16, send);
		EXPECT_EQ(cases[i].out_receive / 2 - 16, receive);
		membank_channel_free(self->made);

		self->options = pair_options(&self->pair, 1);
		ASSERT_EQ(0, membank_channel_open(memory, length,
						  &self->options, &self->made));
		ASSERT_EQ(0, membank_channel_limits(self->made, &send, NULL));
		ASSERT_EQ(0,
			  membank_channel_limits(self->made, NULL, &receive));
		EXPECT_EQ(cases[i].out_receive / 2 - 16, send);
		EXPECT_EQ(cases[i].out_send / 2 - 16, receive);
		membank_channel_free(self->made);
	}
	ASSERT_EQ(0, munmap(memory, RINGS + (3UL << 30)));
}

TEST_F(channel, create_refuses_what_does_not_fit)
{
	static const uint32_t wrong[][2] = {
		{ 512, 0 },  { 0, 512 },      { 1536, 0 },
		{ 0, 1025 }, { 2048, 1024 },  { 2048, 0 },
		{ 0, 2048 }, { 1U << 31, 0 }, { 1U << 31, 1U << 31 },
	};
	unsigned char *memory = self->pair.memory;
	size_t length = self->pair.length, i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		self->options.send_ring = wrong[i][0];
		self->options.receive_ring = wrong[i][1];
		EXPECT_EQ(-EINVAL,
			  membank_channel_create(memory, length, &self->options,
						 &self->made));
	}
	self->options.send_ring = 0;
	self->options.receive_ring = 0;
	EXPECT_EQ(-EINVAL, membank_channel_create(memory, length - 1,
						  &self->options, &self->made));
	EXPECT_EQ(-EINVAL, membank_channel_create(memory, RINGS - 1,
						  &self->options, &self->made));
	EXPECT_EQ(-EINVAL, membank_channel_create(memory, 0, &self->options,
						  &self->made));
	EXPECT_EQ(-EINVAL, membank_channel_create(memory + 64, length - 64,
						  &self->options, &self->made));
	EXPECT_EQ(JUNK, self->made);
}

TEST_F(channel, create_and_open_refuse_wrong_options)
{
	struct membank_channel_options wrong[6];
	int errors[6] = { -EINVAL, -EINVAL, -EOPNOTSUPP,
			  -EBADF,  -EINVAL, -EINVAL };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		wrong[i] = self->options;
	wrong[0].size--;
	wrong[1].__reserved = 1;
	wrong[2].flags = UNKNOWN;
	wrong[3].eventfd = 987;
	wrong[4].eventfd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, wrong[4].eventfd);
	wrong[5].size++;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(errors[i],
			  membank_channel_create(self->pair.memory,
						 self->pair.length, &wrong[i],
						 &self->made));
		EXPECT_EQ(errors[i],
			  membank_channel_open(self->pair.memory,
					       self->pair.length, &wrong[i],
					       &self->made));
	}
	EXPECT_EQ(JUNK, self->made);
}

static int try_open(FIXTURE_DATA(channel) * self, size_t length)
{
	struct membank_channel_options options = pair_options(&self->pair, 1);

	return membank_channel_open(self->pair.memory, length, &options,
				    &self->made);
}

TEST_F(channel, open_tells_what_is_wrong_with_the_memory)
{
	uint32_t *header = (uint32_t *)self->pair.memory;
	size_t length = self->pair.length;
	uint32_t magic = header[0];

	EXPECT_EQ(-EBUSY, try_open(self, length));
	EXPECT_EQ(-EPROTO, try_open(self, length - 1));
	EXPECT_EQ(-EPROTO, try_open(self, RINGS));
	EXPECT_EQ(-EINVAL, try_open(self, RINGS - 1));
	header[0] = 0;
	EXPECT_EQ(-EAGAIN, try_open(self, length));
	header[0] = magic + 1;
	EXPECT_EQ(-EPROTO, try_open(self, length));
	header[0] = magic;
	header[1]++;
	EXPECT_EQ(-EPROTONOSUPPORT, try_open(self, length));
	header[1]--;
	header[2] += 16;
	EXPECT_EQ(-EPROTO, try_open(self, length));
	header[2] = 1U << 31;
	EXPECT_EQ(-EPROTO, try_open(self, length));
	header[2] = 0;
	EXPECT_EQ(-EPROTO, try_open(self, length));
	self->options.send_ring = RING;
	EXPECT_EQ(-EINVAL, membank_channel_open(self->pair.memory, length,
						&self->options, &self->made));
	EXPECT_EQ(JUNK, self->made);
}

TEST_F(channel, create_again_begins_anew)
{
	ASSERT_EQ(0, send_from(self, self->a, 100, 0));
	ASSERT_EQ(0, send_from(self, self->b, 100, 0));
	ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, 0));
	self->a = self->pair.ends[0];
	self->b = self->pair.ends[1];
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->a, 0, &self->data, &self->length));
	ASSERT_EQ(0, send_from(self, self->a, 33, 0));
	EXPECT_TRUE(comes(self, self->b, 33));
}

TEST_F(channel, free_of_null_and_the_eventfd)
{
	membank_channel_free(NULL);
	EXPECT_EQ(self->pair.bells[0], membank_channel_eventfd(self->a));
	EXPECT_EQ(self->pair.bells[1], membank_channel_eventfd(self->b));
}

/* ---------------------------------------------------------- send, receive */

static bool is_x(FIXTURE_DATA(channel) * self)
{
	return !membank_channel_receive(self->b, self->bytes, 1, 0,
					&self->length) &&
	       self->length == 1 && self->bytes[0] == 'x';
}

TEST_F(channel, messages_of_every_length_begin_at_every_offset)
{
	unsigned int offset, length, i;
	bool fits;

	for (offset = 0; offset < RING; offset += 16) {
		for (length = 0; length <= LONGEST; length += 1 + offset % 3) {
			ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, 0));
			self->a = self->pair.ends[0];
			self->b = self->pair.ends[1];
			for (i = 0; i < offset; i += 16) {
				ASSERT_EQ(0, send_from(self, self->a, 0, 0));
				ASSERT_TRUE(comes(self, self->b, 0));
			}
			/* One after it, if there is room, is not disturbed. */
			ASSERT_EQ(0, send_from(self, self->a, length, 0));
			fits = !membank_channel_send(self->a, "x", 1, 0, 0);
			ASSERT_TRUE(comes(self, self->b, length))
			TH_LOG("%u bytes at %u", length, offset);
			if (fits)
				ASSERT_TRUE(is_x(self));
			ASSERT_EQ(-EAGAIN,
				  membank_channel_peek(self->b, 0, &self->data,
						       &self->length));
		}
	}
}

TEST_F(channel, both_directions_are_apart)
{
	ASSERT_EQ(0, send_from(self, self->a, 40, 0));
	ASSERT_EQ(0, send_from(self, self->b, 50, 0));
	ASSERT_EQ(0, send_from(self, self->a, 41, 0));
	EXPECT_TRUE(comes(self, self->a, 50));
	EXPECT_TRUE(comes(self, self->b, 40));
	EXPECT_TRUE(comes(self, self->b, 41));
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->a, 0, &self->data, &self->length));
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->b, 0, &self->data, &self->length));
}

TEST_F(channel, positions_wrap)
{
	const size_t ring = MEMBANK_CHANNEL_RING_MAX, most = ring / 2 - 16;
	const size_t length = RINGS + 2 * ring;
	void *heap = self->pair.memory;
	unsigned int i;

	self->pair.memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				 -1, 0);
	ASSERT_NE(MAP_FAILED, self->pair.memory);
	self->pair.length = length;
	ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, 0));
	/* Twice around 32 bits, and the writer a ring ahead. */
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, membank_channel_reserve(self->pair.ends[0], most,
						     0, &self->room));
		*(unsigned int *)self->room = i;
		ASSERT_EQ(0,
			  membank_channel_commit(self->pair.ends[0], most, 0));
		if (!i)
			continue;
		ASSERT_EQ(-EAGAIN, membank_channel_reserve(self->pair.ends[0],
							   0, 0, &self->room));
		ASSERT_EQ(0, membank_channel_peek(self->pair.ends[1], 0,
						  &self->data, &self->length));
		ASSERT_EQ(most, self->length);
		ASSERT_EQ(i - 1, *(const unsigned int *)self->data);
		ASSERT_EQ(0, membank_channel_release(self->pair.ends[1], 0));
	}
	for (i = 0; i < 2; i++) {
		membank_channel_free(self->pair.ends[i]);
		self->pair.ends[i] = NULL;
	}
	ASSERT_EQ(0, munmap(self->pair.memory, length));
	self->pair.memory = heap;
}

TEST_F(channel, less_can_be_committed_than_was_reserved)
{
	ASSERT_EQ(0, membank_channel_reserve(self->a, LONGEST, 0, &self->room));
	fill(self->room, 5, 5);
	ASSERT_EQ(0, membank_channel_commit(self->a, 5, 0));
	/* The rest is free again. */
	ASSERT_EQ(0, send_from(self, self->a, LONGEST, 0));
	EXPECT_TRUE(comes(self, self->b, 5));
	EXPECT_TRUE(comes(self, self->b, LONGEST));
}

TEST_F(channel, a_reservation_ends_with_the_next)
{
	ASSERT_EQ(0, membank_channel_reserve(self->a, LONGEST, 0, &self->room));
	ASSERT_EQ(0, membank_channel_reserve(self->a, 3, 0, &self->room));
	EXPECT_EQ(-EINVAL, membank_channel_commit(self->a, 4, 0));
	EXPECT_EQ(-EOPNOTSUPP, membank_channel_commit(self->a, 3, UNKNOWN));
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->b, 0, &self->data, &self->length));
	fill(self->room, 3, 3);
	EXPECT_EQ(0, membank_channel_commit(self->a, 3, 0));
	EXPECT_EQ(-EINVAL, membank_channel_commit(self->a, 0, 0));
	EXPECT_TRUE(comes(self, self->b, 3));
}

TEST_F(channel, peek_gives_the_same_until_release)
{
	const void *again;

	EXPECT_EQ(-EINVAL, membank_channel_release(self->b, 0));
	ASSERT_EQ(0, send_from(self, self->a, 20, 0));
	ASSERT_EQ(0, send_from(self, self->a, 30, 0));
	ASSERT_EQ(0,
		  membank_channel_peek(self->b, 0, &self->data, &self->length));
	ASSERT_EQ(0, membank_channel_peek(self->b, -1, &again, &self->length));
	EXPECT_EQ(self->data, again);
	EXPECT_EQ(20, self->length);
	EXPECT_EQ(-EOPNOTSUPP, membank_channel_release(self->b, UNKNOWN));
	EXPECT_EQ(0, membank_channel_release(self->b, 0));
	EXPECT_EQ(-EINVAL, membank_channel_release(self->b, 0));
	EXPECT_TRUE(comes(self, self->b, 30));
}

TEST_F(channel, receive_leaves_what_is_too_long)
{
	ASSERT_EQ(0, send_from(self, self->a, 20, 0));
	self->bytes[0] = 0xcc;
	EXPECT_EQ(-EMSGSIZE, membank_channel_receive(self->b, self->bytes, 19,
						     -1, &self->length));
	EXPECT_EQ(0xcc, self->bytes[0]);
	EXPECT_EQ(0xcccc, self->length);
	EXPECT_EQ(0, membank_channel_receive(self->b, self->bytes, 20, -1,
					     &self->length));
	EXPECT_EQ(20, self->length);
	EXPECT_TRUE(is_filled(self->bytes, 20, 20));
}

TEST_F(channel, what_is_too_long_is_not_sent)
{
	EXPECT_EQ(-EMSGSIZE, membank_channel_reserve(self->a, LONGEST + 1, -1,
						     &self->room));
	EXPECT_EQ(-EMSGSIZE,
		  membank_channel_reserve(self->a, SIZE_MAX, -1, &self->room));
	EXPECT_EQ(-EMSGSIZE,
		  membank_channel_send(self->a, self->bytes, 1UL << 32, 0, -1));
	EXPECT_EQ(-EMSGSIZE, membank_channel_arm_send(self->a, LONGEST + 1));
	EXPECT_EQ(-EOPNOTSUPP,
		  membank_channel_send(self->a, self->bytes, 1, UNKNOWN, 0));
	EXPECT_EQ(JUNK, self->room);
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->b, 0, &self->data, &self->length));
}

TEST_F(channel, a_full_ring_gives_eagain_until_there_is_room)
{
	unsigned int sent = 0, i;

	/* 64 bytes in the ring for each. */
	while (!send_from(self, self->a, 48, 0))
		sent++;
	EXPECT_EQ(RING / 64, sent);
	EXPECT_EQ(-EAGAIN, membank_channel_reserve(self->a, 0, 0, &self->room));
	EXPECT_EQ(JUNK, self->room);
	EXPECT_TRUE(comes(self, self->b, 48));
	EXPECT_EQ(-EAGAIN,
		  membank_channel_reserve(self->a, 49, 0, &self->room));
	EXPECT_EQ(0, send_from(self, self->a, 48, 0));
	for (i = 0; i < sent; i++)
		EXPECT_TRUE(comes(self, self->b, 48));
	/* The longest of all fits, wherever an empty ring is. */
	EXPECT_EQ(0, send_from(self, self->a, LONGEST, 0));
}

/* ----------------------------------------------------------- notification */

TEST_F(channel, nobody_is_woken_who_does_not_sleep)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, send_from(self, self->a, i, 0));
		ASSERT_TRUE(comes(self, self->b, i));
		ASSERT_EQ(-EAGAIN, membank_channel_peek(self->b, 0, &self->data,
							&self->length));
	}
	EXPECT_EQ(0, triggers);
}

TEST_F(channel, a_reader_who_waits_is_woken_once)
{
	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	EXPECT_FALSE(is_readable(self->pair.bells[1]));
	ASSERT_EQ(0, send_from(self, self->a, 1, 0));
	EXPECT_EQ(1, triggers);
	EXPECT_TRUE(is_readable(self->pair.bells[1]));
	ASSERT_EQ(0, send_from(self, self->a, 2, 0));
	ASSERT_EQ(0, send_from(self, self->a, 3, 0));
	EXPECT_EQ(1, triggers);
	EXPECT_EQ(-EALREADY, membank_channel_arm_receive(self->b));
	EXPECT_TRUE(comes(self, self->b, 1));
	EXPECT_EQ(-EALREADY, membank_channel_arm_receive(self->b));
	EXPECT_TRUE(comes(self, self->b, 2));
	EXPECT_TRUE(comes(self, self->b, 3));
	EXPECT_EQ(0, membank_channel_arm_receive(self->b));
	EXPECT_FALSE(is_readable(self->pair.bells[1]));
	ASSERT_EQ(0, send_from(self, self->a, 4, 0));
	EXPECT_EQ(2, triggers);
}

TEST_F(channel, many_commits_are_one_notification)
{
	unsigned int i;

	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, send_from(self, self->a, i, MORE));
	EXPECT_EQ(0, triggers);
	/* Who does not sleep sees them at once. */
	EXPECT_TRUE(comes(self, self->b, 0));
	ASSERT_EQ(0, membank_channel_flush(self->a));
	EXPECT_EQ(1, triggers);
	ASSERT_EQ(0, membank_channel_flush(self->a));
	EXPECT_EQ(1, triggers);
	for (i = 1; i < 10; i++)
		EXPECT_TRUE(comes(self, self->b, i));

	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	ASSERT_EQ(0, send_from(self, self->a, 5, MORE));
	ASSERT_EQ(0, send_from(self, self->a, 6, 0));
	EXPECT_EQ(2, triggers);
}

TEST_F(channel, a_full_ring_and_the_end_flush)
{
	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	while (!send_from(self, self->a, 48, MORE))
		;
	EXPECT_EQ(1, triggers);
	while (comes(self, self->b, 48))
		;
	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	ASSERT_EQ(0, send_from(self, self->a, 7, MORE));
	EXPECT_EQ(1, triggers);
	membank_channel_free(self->a);
	self->pair.ends[0] = NULL;
	EXPECT_EQ(2, triggers);
	EXPECT_TRUE(comes(self, self->b, 7));
}

/* As after it was taken back: each touch ends the test. */
TEST_F(channel, the_end_touches_no_memory)
{
	const size_t length = self->pair.length;
	void *heap = self->pair.memory;

	self->pair.memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->pair.memory);
	ASSERT_EQ(0, pair_connect(&self->pair, 0, 0, 0));
	self->a = self->pair.ends[0];
	self->b = self->pair.ends[1];
	ASSERT_EQ(0, send_from(self, self->a, 7, MORE));
	ASSERT_EQ(0, send_from(self, self->b, 7, 0));
	ASSERT_EQ(0,
		  membank_channel_peek(self->a, 0, &self->data, &self->length));
	ASSERT_EQ(0, membank_channel_reserve(self->a, 7, 0, &self->room));
	EXPECT_EQ(0, triggers);
	ASSERT_EQ(0, mprotect(self->pair.memory, length, PROT_NONE));
	membank_channel_free(self->a);
	/* It may sleep, which cannot be looked at any more. */
	EXPECT_EQ(1, triggers);
	membank_channel_free(self->b);
	EXPECT_EQ(1, triggers);
	self->pair.ends[0] = NULL;
	self->pair.ends[1] = NULL;
	ASSERT_EQ(0, munmap(self->pair.memory, length));
	self->pair.memory = heap;
}

TEST_F(channel, a_writer_is_woken_only_when_its_message_fits)
{
	unsigned int i;

	while (!send_from(self, self->a, 48, 0))
		;
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 3 * 64 - 16));
	EXPECT_TRUE(comes(self, self->b, 48));
	EXPECT_TRUE(comes(self, self->b, 48));
	EXPECT_EQ(0, triggers);
	EXPECT_EQ(0, membank_channel_arm_send(self->a, 3 * 64 - 16));
	EXPECT_EQ(-EALREADY, membank_channel_arm_send(self->a, 2 * 64 - 16));
	EXPECT_EQ(0, membank_channel_arm_send(self->a, 3 * 64 - 16));
	EXPECT_TRUE(comes(self, self->b, 48));
	EXPECT_EQ(1, triggers);
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	for (i = 3; i < RING / 64; i++)
		EXPECT_TRUE(comes(self, self->b, 48));
	EXPECT_EQ(1, triggers);
	EXPECT_EQ(-EALREADY, membank_channel_arm_send(self->a, LONGEST));
}

TEST_F(channel, many_releases_are_one_notification)
{
	unsigned int i;

	while (!send_from(self, self->a, 48, 0))
		;
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	for (i = 0; i < RING / 64; i++) {
		ASSERT_EQ(0, membank_channel_peek(self->b, 0, &self->data,
						  &self->length));
		ASSERT_EQ(0, membank_channel_release(self->b, MORE));
	}
	EXPECT_EQ(0, triggers);
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->b, 0, &self->data, &self->length));
	EXPECT_EQ(1, triggers);
}

/* One eventfd serves both rings: arming the one keeps what is for the other. */
TEST_F(channel, arming_keeps_what_is_meant_for_the_other_direction)
{
	while (!send_from(self, self->a, 48, 0))
		;
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	ASSERT_EQ(0, membank_channel_arm_receive(self->a));
	EXPECT_FALSE(is_readable(self->pair.bells[0]));
	EXPECT_TRUE(comes(self, self->b, 48));
	ASSERT_TRUE(is_readable(self->pair.bells[0]));
	ASSERT_EQ(0, membank_channel_arm_receive(self->a));
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	ASSERT_EQ(0, membank_channel_reserve(self->a, 48, 0, &self->room));
	ASSERT_EQ(0, membank_channel_arm_receive(self->a));
	EXPECT_FALSE(is_readable(self->pair.bells[0]));

	ASSERT_EQ(0, membank_channel_commit(self->a, 48, 0));
	ASSERT_EQ(0, membank_channel_arm_receive(self->a));
	ASSERT_EQ(0, send_from(self, self->b, 9, 0));
	ASSERT_EQ(0, membank_channel_arm_send(self->a, 48));
	EXPECT_TRUE(is_readable(self->pair.bells[0]));
	EXPECT_TRUE(comes(self, self->a, 9));
}

/* ---------------------------------------------------------------- waiting */

TEST_F(channel, waiting_ends_in_time)
{
	EXPECT_EQ(-ETIMEDOUT, membank_channel_peek(self->a, 20, &self->data,
						   &self->length));
	EXPECT_EQ(-ETIMEDOUT, membank_channel_receive(self->a, self->bytes,
						      RING, 1, &self->length));
	while (!send_from(self, self->a, 48, 0))
		;
	EXPECT_EQ(-ETIMEDOUT,
		  membank_channel_reserve(self->a, 48, 20, &self->room));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_channel_reserve(self->a, 48, 1, &self->room));
	EXPECT_EQ(JUNK, self->room);
	EXPECT_EQ(JUNK, self->data);
	EXPECT_EQ(0xcccc, self->length);
}

TEST_F(channel, a_trigger_for_nothing_ends_no_wait)
{
	ASSERT_EQ(0, __wrap_membank_notifier_trigger(self->pair.bells[0]));
	EXPECT_EQ(-ETIMEDOUT, membank_channel_peek(self->a, 20, &self->data,
						   &self->length));
	while (!send_from(self, self->a, 48, 0))
		;
	ASSERT_EQ(0, __wrap_membank_notifier_trigger(self->pair.bells[0]));
	EXPECT_EQ(-ETIMEDOUT,
		  membank_channel_reserve(self->a, 48, 20, &self->room));
}

TEST_F(channel, all_messages_come_before_epipe)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, send_from(self, self->a, i, 0));
	ASSERT_EQ(0, close(self->pair.lives[1][1]));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, membank_channel_peek(self->b, -1, &self->data,
						  &self->length));
		EXPECT_TRUE(comes(self, self->b, i));
	}
	EXPECT_EQ(-EPIPE, membank_channel_peek(self->b, -1, &self->data,
					       &self->length));
	EXPECT_EQ(-EPIPE, membank_channel_arm_receive(self->b));
	EXPECT_EQ(-EAGAIN,
		  membank_channel_peek(self->b, 0, &self->data, &self->length));
	/* There is still room for what nobody will read. */
	while (!send_from(self, self->b, 48, 0))
		;
	EXPECT_EQ(-EPIPE,
		  membank_channel_reserve(self->b, 48, -1, &self->room));
	EXPECT_EQ(-EPIPE, membank_channel_arm_send(self->b, 48));
	self->pair.lives[1][1] = -1;
}

/* A message and the end at once: the message was there before. */
TEST_F(channel, arm_tells_of_a_message_before_epipe)
{
	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	ASSERT_EQ(0, send_from(self, self->a, 4, 0));
	ASSERT_EQ(0, close(self->pair.lives[1][1]));
	EXPECT_EQ(-EALREADY, membank_channel_arm_receive(self->b));
	EXPECT_TRUE(comes(self, self->b, 4));
	EXPECT_EQ(-EPIPE, membank_channel_arm_receive(self->b));
	self->pair.lives[1][1] = -1;
}

TEST_F(channel, what_the_trigger_says_is_returned)
{
	ASSERT_EQ(0, membank_channel_arm_receive(self->b));
	ASSERT_EQ(0, close(self->pair.bells[1]));
	EXPECT_EQ(-EBADF, send_from(self, self->a, 4, 0));
	EXPECT_TRUE(comes(self, self->b, 4));
	EXPECT_EQ(-EBADF, membank_channel_arm_receive(self->b));
	self->pair.bells[1] = -1;
}

TEST_HARNESS_MAIN
