// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's channels without a kernel module, against an other side that
 * writes whatever it likes into the memory, at any moment. The victim never
 * leaves its rings (the sanitizer looks, too), never hangs, and is never given
 * a message that is longer than it can be.
 */
#include "kselftest_harness.h"

#include "channel_host.h"

#define ROUNDS 300U
#define STEPS 400U

/* Words in the memory, as lib/channel.c and lib/ring.h have them. */
#define OPENED 16U
#define SIDES 128U
#define SIDE_SIZE 128U
#define WISH 64U

/**
 * struct attack - what the other side does
 * @pair: the channel; @pair->ends[0] is the victim
 * @ring: bytes of each ring
 * @random: the attacker's random numbers
 * @position: the attacker's idea of where it writes
 * @malice: of so many things that it does, one is not what an honest side does
 * @ends: set when the round is over
 */
struct attack {
	struct pair *pair;
	uint32_t ring;
	uint64_t random;
	uint32_t position;
	uint32_t malice;
	bool ends;
};

static void put(struct attack *attack, size_t offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)(attack->pair->memory + offset), value,
			 __ATOMIC_RELAXED);
}

static uint32_t get(struct attack *attack, size_t offset)
{
	return __atomic_load_n((uint32_t *)(attack->pair->memory + offset),
			       __ATOMIC_RELAXED);
}

/* Mostly near to what is right, at the edges. */
static uint32_t draw_word(struct attack *attack, uint32_t near)
{
	switch (draw(&attack->random, 6)) {
	case 0:
		return draw(&attack->random, UINT32_MAX);
	case 1:
		return near + attack->ring;
	case 2:
		return near + draw(&attack->random, 2 * attack->ring);
	case 3:
		return near - draw(&attack->random, 2 * attack->ring);
	default:
		return near + draw(&attack->random, 5) * 16;
	}
}

/* Where the words of one side of a ring are; the victim writes ring 0. */
static size_t side(int ring, bool reader)
{
	return SIDES + (2 * ring + reader) * SIDE_SIZE;
}

static void scribble(struct attack *attack)
{
	size_t at = draw(&attack->random, attack->pair->length / 4) * 4;

	put(attack, at, draw(&attack->random, UINT32_MAX));
}

/* A record that may be right, and a position behind it. */
static void send_something(struct attack *attack)
{
	uint32_t offset = attack->position % attack->ring;
	uint32_t length = draw(&attack->random, 64);
	uint32_t kind = 1;
	/* A position may be any, but what is written there stays in the memory. */
	size_t record = RINGS + attack->ring + (offset & ~15U);

	switch (draw(&attack->random, 40 * attack->malice)) {
	case 0:
		kind = draw_word(attack, 1);
		break;
	case 1:
		length = draw_word(attack, attack->ring - offset);
		break;
	case 2:
		attack->position = draw_word(attack, attack->position);
		break;
	case 3:
		length = attack->ring / 2 - draw(&attack->random, 40);
		break;
	case 4:
		kind = 2;
		break;
	}
	if (kind == 1 && offset + 16 + length > attack->ring)
		kind = 2;
	put(attack, record, length);
	put(attack, record + 4, kind);
	if (kind == 2) {
		attack->position += attack->ring - offset;
		put(attack, RINGS + attack->ring, 4);
		put(attack, RINGS + attack->ring + 4, 1);
		attack->position += 32;
	} else {
		attack->position += 16 + ((length + 15) & ~15U);
	}
	put(attack, side(1, false), attack->position);
	/* Once it can be seen it becomes another one. */
	if (!draw(&attack->random, 8 * attack->malice)) {
		put(attack, record, draw_word(attack, length));
		put(attack, record + 4, draw(&attack->random, 4));
	}
}

/* What an honest side does, but for the wishes, which it may have as it likes. */
static void behave(struct attack *attack)
{
	size_t word = side(draw(&attack->random, 2), true) + WISH;

	switch (draw(&attack->random, 4)) {
	case 0:
		put(attack, side(0, true), get(attack, side(0, false)));
		break;
	case 1:
		put(attack, word, draw_word(attack, get(attack, side(0, 1))));
		break;
	default:
		/* Not too fast, or all is overwritten unseen. */
		if (attack->position - get(attack, side(1, true)) <
		    attack->ring / 2)
			send_something(attack);
	}
}

static void attack_once(struct attack *attack)
{
	uint32_t word;

	if (draw(&attack->random, attack->malice)) {
		behave(attack);
		return;
	}
	switch (draw(&attack->random, 4)) {
	case 0:
		__wrap_membank_notifier_trigger(attack->pair->bells[0]);
		break;
	case 1:
		word = get(attack, side(0, false));
		put(attack, side(0, true), draw_word(attack, word));
		break;
	case 2:
		word = get(attack, side(1, true));
		put(attack, side(1, false), draw_word(attack, word));
		break;
	default:
		scribble(attack);
	}
}

static void *attack_all(void *arg)
{
	struct attack *attack = arg;

	while (!__atomic_load_n(&attack->ends, __ATOMIC_RELAXED))
		attack_once(attack);
	return NULL;
}

/**
 * struct victim - who must not be harmed
 * @channel: its end
 * @rings: first byte of the ring that it writes, and of the one that it reads
 * @ring: bytes of each
 * @longest: bytes of the longest message that it sends or receives
 * @random: its random numbers
 * @copy: room for just the longest message
 * @errors: what each direction has said that lasts
 * @messages: received, of all rounds
 * @sent: likewise
 */
struct victim {
	struct membank_channel *channel;
	unsigned char *rings[2];
	size_t ring;
	size_t longest;
	uint64_t random;
	unsigned char *copy;
	int errors[2];
	unsigned long messages;
	unsigned long sent;
};

static bool is_inside(struct victim *victim, int ring, const void *data,
		      size_t length)
{
	const unsigned char *start = victim->rings[ring];
	const unsigned char *first = data;

	return first >= start && length <= victim->longest &&
	       first <= start + victim->ring - length;
}

/* What it was told may be: NULL, or what is wrong. */
static const char *check(struct victim *victim, int direction, int ret)
{
	if (victim->errors[direction] && ret != victim->errors[direction])
		return "an error did not last";
	if (ret == -EPROTO)
		victim->errors[direction] = ret;
	if (ret && ret != -EPROTO && ret != -EAGAIN && ret != -ETIMEDOUT &&
	    ret != -EALREADY)
		return "an error that is not for this";
	return NULL;
}

static const char *try_send(struct victim *victim)
{
	size_t length = draw(&victim->random, victim->longest + 1);
	const char *wrong;
	void *room;
	int ret;

	ret = membank_channel_reserve(victim->channel, length,
				      draw(&victim->random, 2), &room);
	wrong = check(victim, 0, ret);
	if (wrong || ret)
		return wrong;
	if (!is_inside(victim, 0, room, length))
		return "room outside of the ring";
	memset(room, 0x55, length);
	victim->sent++;
	if (membank_channel_commit(victim->channel, length,
				   draw(&victim->random, 2)))
		return "commit failed";
	return membank_channel_flush(victim->channel) ? "flush failed" : NULL;
}

static const char *try_peek(struct victim *victim)
{
	unsigned int sum = 0;
	const char *wrong;
	const unsigned char *bytes;
	const void *data, *again;
	size_t length, second, i;
	int ret;

	ret = membank_channel_peek(victim->channel, draw(&victim->random, 2),
				   &data, &length);
	wrong = check(victim, 1, ret);
	if (wrong || ret)
		return wrong;
	if (!is_inside(victim, 1, data, length))
		return "a message outside of the ring";
	bytes = data;
	for (i = 0; i < length; i++)
		sum += __atomic_load_n(&bytes[i], __ATOMIC_RELAXED);
	victim->random += sum;
	if (membank_channel_peek(victim->channel, -1, &again, &second) ||
	    again != data || second != length)
		return "a message became another one";
	victim->messages++;
	return membank_channel_release(victim->channel,
				       draw(&victim->random, 2)) ?
		       "release failed" :
		       NULL;
}

static const char *try_receive(struct victim *victim)
{
	size_t length = SIZE_MAX;
	const char *wrong;
	int ret;

	ret = membank_channel_receive(victim->channel, victim->copy,
				      victim->longest, draw(&victim->random, 2),
				      &length);
	wrong = check(victim, 1, ret);
	if (wrong || ret)
		return wrong;
	victim->messages++;
	return length > victim->longest ? "a length that cannot be" : NULL;
}

static const char *step(struct victim *victim)
{
	uint32_t length = draw(&victim->random, victim->longest + 1);
	int ret;

	switch (draw(&victim->random, 8)) {
	case 0:
		ret = membank_channel_arm_receive(victim->channel);
		return check(victim, 1, ret);
	case 1:
		ret = membank_channel_arm_send(victim->channel, length);
		return check(victim, 0, ret);
	case 2 ... 3:
		return try_send(victim);
	case 4:
		return try_receive(victim);
	default:
		return try_peek(victim);
	}
}

/* --------------------------------------------------- one word that is wrong */

#define RING 1024U
/* The ring that end 0 reads. */
#define READ (RINGS + RING)

FIXTURE(nonsense)
{
	struct pair pair;
	struct attack attack;
	struct membank_channel *victim;
	void *room;
	const void *data;
	size_t length;
};

FIXTURE_SETUP(nonsense)
{
	ASSERT_TRUE(pair_prepare(&self->pair));
	ASSERT_TRUE(pair_memory(&self->pair, RINGS + 2 * RING));
	self->attack.pair = &self->pair;
}

FIXTURE_TEARDOWN(nonsense)
{
	pair_end(&self->pair);
}

/* What the victim says when the attacker has written up to @head. */
static int peek_behind(FIXTURE_DATA(nonsense) * self, uint32_t head)
{
	put(&self->attack, side(1, false), head);
	return membank_channel_peek(self->victim, 0, &self->data,
				    &self->length);
}

/* A channel from whose second ring @bytes have come, in messages of 48. */
static bool begin(FIXTURE_DATA(nonsense) * self, uint32_t bytes)
{
	unsigned char message[48] = { 0 };

	if (pair_connect(&self->pair, 0, 0, 0))
		return false;
	self->victim = self->pair.ends[0];
	for (; bytes; bytes -= 64)
		if (membank_channel_send(self->pair.ends[1], message, 48, 0,
					 0) ||
		    membank_channel_receive(self->victim, message, 48, 0,
					    &self->length))
			return false;
	return true;
}

/**
 * struct nonsense - what is written where the victim is
 * @name: in words
 * @at: where it is, a multiple of 64
 * @head: what the attacker says to have written
 * @length: of the record that is there
 * @kind: likewise; 1: a message; 2: nothing, up to the end of the ring
 * @kind_0: of the record at the beginning of the ring
 * @ret: what the victim says
 */
struct nonsense {
	const char *name;
	uint32_t at;
	uint32_t head;
	uint32_t length;
	uint32_t kind;
	uint32_t kind_0;
	int ret;
};

static const struct nonsense nonsense[] = {
	{ "nothing", 64, 64, .ret = -EAGAIN },
	{ "an empty message", 64, 80, 0, 1, .ret = 0 },
	{ "a full ring", 64, 64 + RING, RING / 2 - 16, 1, .ret = 0 },
	{ "the longest before the end", 512, 1024, RING / 2 - 16, 1, .ret = 0 },
	{ "a skip", 64, RING + 16, 0, 2, 1, 0 },
	{ "more than a ring", 64, 80 + RING, 0, 1, .ret = -EPROTO },
	{ "less than before", 64, 48, 0, 1, .ret = -EPROTO },
	{ "half a record", 64, 72, 0, 1, .ret = -EPROTO },
	{ "far too much", 64, 64 + (1U << 31), 0, 1, .ret = -EPROTO },
	{ "no kind", 64, 80, .ret = -EPROTO },
	{ "an unknown kind", 64, 80, 0, 3, .ret = -EPROTO },
	{ "more than was written", 64, 80, 1, 1, .ret = -EPROTO },
	{ "longer than can be", 64, 64 + RING, RING / 2 - 15, 1,
	  .ret = -EPROTO },
	{ "so long that it wraps", 64, 80, -16, 1, .ret = -EPROTO },
	{ "over the end of the ring", 768, 768 + RING, RING / 4 - 15, 1,
	  .ret = -EPROTO },
	{ "a skip of what was not written", 64, 80, 0, 2, 1, .ret = -EPROTO },
	{ "a skip and nothing else", 64, RING, 0, 2, 1, .ret = -EPROTO },
	{ "a skip after a skip", 64, RING + 64, 0, 2, 2, .ret = -EPROTO },
	{ "a skip of a whole ring", RING, 2 * RING, 0, 2, 2, .ret = -EPROTO },
};

TEST_F(nonsense, of_the_writer_is_told_and_lasts)
{
	const struct nonsense *it;

	for (it = nonsense; it < nonsense + ARRAY_SIZE(nonsense); it++) {
		ASSERT_TRUE(begin(self, it->at));
		put(&self->attack, READ, 0);
		put(&self->attack, READ + 4, it->kind_0);
		put(&self->attack, READ + it->at % RING, it->length);
		put(&self->attack, READ + it->at % RING + 4, it->kind);
		EXPECT_EQ(it->ret, peek_behind(self, it->head))
		TH_LOG("%s", it->name);
		if (it->ret != -EPROTO)
			continue;
		/* Also when it is mended. */
		put(&self->attack, READ + it->at % RING, 0);
		put(&self->attack, READ + it->at % RING + 4, 1);
		EXPECT_EQ(-EPROTO, peek_behind(self, it->at + 16));
		EXPECT_EQ(-EPROTO, membank_channel_arm_receive(self->victim));
		EXPECT_EQ(-EINVAL, membank_channel_release(self->victim, 0));
		/* The other ring is not broken. */
		EXPECT_EQ(0, membank_channel_send(self->victim, "x", 1, 0, 0));
	}
}

TEST_F(nonsense, of_the_reader_is_told_and_lasts)
{
	/* The victim has seen it at 512, and is itself at 1536. */
	static const uint32_t wrong[] = { 0,	496,	  520,	     1552,
					  2560, 1U << 31, 0xfffffff0 };
	unsigned char message[240] = { 0 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_TRUE(begin(self, 0));
		for (j = 0; j < 6; j++) {
			ASSERT_EQ(0, membank_channel_send(self->victim, message,
							  240, 0, 0));
			if (j == 3)
				put(&self->attack, side(0, true), 512);
		}
		ASSERT_EQ(-EAGAIN, membank_channel_reserve(self->victim, 0, 0,
							   &self->room));
		put(&self->attack, side(0, true), wrong[i]);
		EXPECT_EQ(-EPROTO, membank_channel_reserve(self->victim, 0, 0,
							   &self->room))
		TH_LOG("%#x", wrong[i]);
		put(&self->attack, side(0, true), 1024);
		EXPECT_EQ(-EPROTO, membank_channel_reserve(self->victim, 0, -1,
							   &self->room));
		EXPECT_EQ(-EPROTO, membank_channel_arm_send(self->victim, 0));
		EXPECT_EQ(-EINVAL, membank_channel_commit(self->victim, 0, 0));
		EXPECT_EQ(-EAGAIN, peek_behind(self, 0));
	}
}

/* What comes while one waits is looked at no less. */
TEST_F(nonsense, ends_a_wait)
{
	ASSERT_TRUE(begin(self, 64));
	ASSERT_EQ(0, membank_channel_arm_receive(self->victim));
	put(&self->attack, side(1, false), 48);
	EXPECT_EQ(-EPROTO, membank_channel_arm_receive(self->victim));
	ASSERT_TRUE(begin(self, 64));
	put(&self->attack, side(1, false), 65);
	EXPECT_EQ(-EPROTO, membank_channel_peek(self->victim, -1, &self->data,
						&self->length));
}

/* ------------------------------------------------------------ many of them */

FIXTURE(hostile)
{
	struct pair pair;
	struct victim victim;
	uint64_t seed;
	unsigned int broken;
	unsigned int opened;
};

FIXTURE_VARIANT(hostile)
{
	/* See struct attack. */
	uint32_t malice;
	/* The attacker has made the channel, and the victim opens it. */
	bool opens;
	/* The attacker has no thread, but a turn after each of the victim's. */
	bool alternates;
	uint32_t ring;
};

/* It would take these braces for those of a function. */
/* clang-format off */
FIXTURE_VARIANT_ADD(hostile, at_random) { .malice = 1, .ring = 1024 };

FIXTURE_VARIANT_ADD(hostile, at_random_while_it_opens) {
	.malice = 1,
	.opens = true,
	.ring = 1024,
};

FIXTURE_VARIANT_ADD(hostile, cleverly) { .malice = 10000, .ring = 1024 };

FIXTURE_VARIANT_ADD(hostile, cleverly_in_a_larger_ring) {
	.malice = 1000,
	.ring = 16384,
};

FIXTURE_VARIANT_ADD(hostile, by_turns) {
	.malice = 20,
	.alternates = true,
	.ring = 1024,
};

FIXTURE_VARIANT_ADD(hostile, seldom_by_turns) {
	.malice = 200,
	.alternates = true,
	.ring = 2048,
};

/* clang-format on */

FIXTURE_SETUP(hostile)
{
	self->seed = draw_seed();
	ASSERT_TRUE(pair_prepare(&self->pair));
	ASSERT_TRUE(pair_memory(&self->pair, RINGS + 2 * variant->ring));
	self->victim.rings[0] = self->pair.memory + RINGS;
	self->victim.rings[1] = self->victim.rings[0] + variant->ring;
	self->victim.ring = variant->ring;
	self->victim.longest = variant->ring / 2 - 16;
	self->victim.random = self->seed;
	self->victim.copy = malloc(self->victim.longest);
	ASSERT_NE(NULL, self->victim.copy);
}

FIXTURE_TEARDOWN(hostile)
{
	free(self->victim.copy);
	pair_end(&self->pair);
}

/* The victim's end while the other side is at it already; NULL is right, too. */
static const char *open_under_attack(struct pair *pair, struct victim *victim)
{
	struct membank_channel_options options = pair_options(pair, 1);
	size_t send, receive, ring;
	int ret;

	ret = membank_channel_open(pair->memory, pair->length, &options,
				   &pair->ends[1]);
	victim->channel = ret ? NULL : pair->ends[1];
	if (ret)
		return ret == -EPROTO || ret == -EAGAIN || ret == -EBUSY ||
				       ret == -EPROTONOSUPPORT ?
			       NULL :
			       "open gave an error that is not for this";
	membank_channel_limits(victim->channel, &send, &receive);
	/* Half of each ring is for the longest message. */
	ring = 2 * (receive + 16);
	if (2 * (send + 16) + ring > pair->length - RINGS)
		return "rings longer than the memory";
	victim->rings[1] = pair->memory + RINGS;
	victim->ring = ring;
	victim->longest = receive;
	return NULL;
}

/* One channel, until both its directions are broken; NULL, or what is wrong. */
static const char *play_round(FIXTURE_DATA(hostile) * self,
			      const FIXTURE_VARIANT(hostile) * variant,
			      struct attack *attack)
{
	struct victim *victim = &self->victim;
	struct pair *pair = &self->pair;
	const char *wrong = NULL;
	unsigned int i;

	if (variant->opens) {
		wrong = open_under_attack(pair, victim);
		self->opened += !!victim->channel;
	}
	for (i = 0; i < STEPS && !wrong && victim->channel; i++) {
		/* What it has opened may have rings of any length. */
		wrong = variant->opens ? try_peek(victim) : step(victim);
		if (variant->alternates)
			attack_once(attack);
		if (victim->errors[0] && victim->errors[1])
			break;
	}
	self->broken += victim->errors[0] || victim->errors[1];
	return wrong;
}

TEST_F_TIMEOUT(hostile, nobody_is_harmed, 200)
{
	struct victim *victim = &self->victim;
	struct pair *pair = &self->pair;
	struct attack attack = {
		.pair = pair,
		.ring = variant->ring,
		.malice = variant->malice,
	};
	const char *wrong = NULL;
	pthread_t thread;
	unsigned int round;

	ksft_print_msg("MEMBANK_SEED=%#llx\n", (unsigned long long)self->seed);
	for (round = 0; round < ROUNDS && !wrong; round++) {
		ASSERT_EQ(0, pair_connect(pair, 0, 0, 0));
		memset(victim->errors, 0, sizeof(victim->errors));
		victim->channel = pair->ends[0];
		attack.random = self->seed + round + 1;
		attack.position = 0;
		attack.ends = false;
		if (variant->opens) {
			membank_channel_free(pair->ends[1]);
			pair->ends[1] = NULL;
			memset(pair->memory + OPENED, 0, 4);
		}
		if (!variant->alternates)
			ASSERT_EQ(0, pthread_create(&thread, NULL, attack_all,
						    &attack));
		wrong = play_round(self, variant, &attack);
		__atomic_store_n(&attack.ends, true, __ATOMIC_RELAXED);
		if (!variant->alternates)
			ASSERT_EQ(0, pthread_join(thread, NULL));
	}
	EXPECT_EQ(NULL, wrong)
	TH_LOG("%s", wrong);
	ksft_print_msg("%u of %u rounds broken, %lu received, %lu sent\n",
		       self->broken, round, victim->messages, victim->sent);
	EXPECT_LT(0, self->broken);
	EXPECT_LT(0, variant->opens ? self->opened : victim->sent);
	/* It has come far enough to be harmed. */
	EXPECT_LE(variant->malice > 1 ? ROUNDS : 0, victim->messages);
}

TEST_HARNESS_MAIN
