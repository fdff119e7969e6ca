// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream: how fast messages go from one process to another, by membank's channel
 * and by what every Linux has. Whatever the way, the sender writes a word into
 * each cache line of a message, and the receiver reads and checks it: in memory of
 * their own where the way copies, else where the message lies. A round ends when
 * the receiver has said that all of its messages were right.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 64

/*
 * What is shared holds so many bytes of messages. Pipe and socket hold as many as a
 * pipe may without more ado, which is more than they begin with.
 */
#define RING (4 * MIB)
#define KERNEL_BUFFER MIB

enum { SOCKET, PIPE, SLOTS, COPIED, IN_PLACE, WAYS };

static const struct {
	const char *name;
	size_t length;
	unsigned int messages;
} sizes[] = {
	{ .name = "64 B", .length = 64, .messages = 1000 },
	{ .name = "1 KiB", .length = KIB, .messages = 500 },
	{ .name = "4 KiB", .length = 4 * KIB, .messages = 250 },
	{ .name = "64 KiB", .length = 64 * KIB, .messages = 50 },
	{ .name = "1 MiB", .length = MIB, .messages = 5 },
};

/**
 * struct way - one way to the other side
 * @open: makes what both sides use, before the fork
 * @send: one message
 * @receive: likewise; says whether it is right
 * @length: bytes of a message
 * @messages: in a round
 * @next: the number of the next message
 * @buffer: for a message, where the way copies
 * @ends: descriptors to write and to read; with SLOTS what counts messages, and
 *        what counts slots that are free again
 * @memory: of both sides, where they share some
 * @bytes: of it
 * @credit: with SLOTS, so many can be written or read without another look
 * @taken: with SLOTS, so many were read since the writer was told
 * @channel: our end of a channel
 * @theirs: what the other end is made of
 * @checked: the receiver says that so many messages were right
 * @pid: the receiver
 */
struct way {
	void (*open)(struct way *way);
	void (*send)(struct way *way);
	bool (*receive)(struct way *way);
	size_t length;
	unsigned int messages;
	uint64_t next;
	unsigned char *buffer;
	int ends[2];
	unsigned char *memory;
	size_t bytes;
	uint64_t credit;
	uint64_t taken;
	struct membank_channel *channel;
	struct membank_channel_options theirs;
	int checked;
	pid_t pid;
};

static int dev;

static void need_ok(int ret, const char *what)
{
	bench_need_ok(ret, MEMBANK_CHANNEL, what);
}

static int counter(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	bench_need(fd >= 0, "make an eventfd");
	return fd;
}

static void count_up(int fd, uint64_t count)
{
	bench_need(write(fd, &count, sizeof(count)) == sizeof(count), "write");
}

static uint64_t counted(int fd)
{
	uint64_t count;

	bench_need(read(fd, &count, sizeof(count)) == sizeof(count), "read");
	return count;
}

/* ------------------------------------------------------------- a message */

/* Of each message it is another one, and of its lines, too. */
static uint64_t first_word(uint64_t number)
{
	return number * 0x9e3779b97f4a7c15;
}

static void write_message(struct way *way, void *message)
{
	const uint64_t word = first_word(way->next++);
	const size_t length = way->length;
	size_t line;

#pragma GCC unroll 8
	for (line = 0; line < length; line += LINE)
		*(uint64_t *)(message + line) = word + line;
}

static bool is_right(struct way *way, const void *message)
{
	const uint64_t word = first_word(way->next++);
	const size_t length = way->length;
	uint64_t wrong = 0;
	size_t line;

#pragma GCC unroll 8
	for (line = 0; line < length; line += LINE)
		wrong |= *(const uint64_t *)(message + line) ^ (word + line);
	return !wrong;
}

/* ---------------------------------------------------- pipes and sockets */

static void open_pipe(struct way *way)
{
	int ends[2];

	bench_need(!pipe2(ends, O_CLOEXEC), "make a pipe");
	bench_need(fcntl(ends[0], F_SETPIPE_SZ, KERNEL_BUFFER) >= 0,
		   "make a pipe longer");
	way->ends[0] = ends[1];
	way->ends[1] = ends[0];
}

static void open_socket(struct way *way)
{
	static const int size = KERNEL_BUFFER;

	bench_need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			       way->ends),
		   "make a pair of sockets");
	bench_need(!setsockopt(way->ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			       sizeof(size)),
		   "make a socket's buffer longer");
}

static void send_bytes(struct way *way)
{
	size_t sent = 0;
	ssize_t ret;

	write_message(way, way->buffer);
	while (sent < way->length) {
		ret = write(way->ends[0], way->buffer + sent,
			    way->length - sent);
		bench_need(ret > 0, "write");
		sent += ret;
	}
}

static bool receive_bytes(struct way *way)
{
	size_t got = 0;
	ssize_t ret;

	while (got < way->length) {
		ret = read(way->ends[1], way->buffer + got, way->length - got);
		bench_need(ret > 0, "read");
		got += ret;
	}
	return is_right(way, way->buffer);
}

/* ------------------------------------------------- shared memory + eventfd */

/*
 * As one writes it by hand: slots of one length, used in turn, and two eventfds
 * that count those that are full and those that are free again. The receiver
 * frees all that it has found full at once.
 */
static uint64_t slots(const struct way *way)
{
	return RING / way->length;
}

static unsigned char *slot(const struct way *way)
{
	return way->memory + way->next % slots(way) * way->length;
}

static void open_slots(struct way *way)
{
	way->bytes = RING;
	way->memory = mmap(NULL, RING, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	bench_need(way->memory != MAP_FAILED, "map memory");
	way->ends[0] = counter();
	way->ends[1] = counter();
	way->credit = slots(way);
}

static void send_slot(struct way *way)
{
	if (!way->credit)
		way->credit = counted(way->ends[1]);
	way->credit--;
	write_message(way, slot(way));
	count_up(way->ends[0], 1);
}

static bool receive_slot(struct way *way)
{
	if (!way->credit) {
		if (way->taken)
			count_up(way->ends[1], way->taken);
		way->taken = 0;
		way->credit = counted(way->ends[0]);
	}
	way->credit--;
	way->taken++;
	return is_right(way, slot(way));
}

/* ---------------------------------------------------------------- channels */

/* @wakes wakes who @options are of. */
static void prepare_end(struct membank_channel_options *options, int wakes,
			int wakes_other)
{
	options->size = sizeof(*options);
	options->trigger = wakes_other;
	options->hangup = wakes;
	need_ok(membank_notifier_listen(wakes, &options->eventfd),
		"listen to a notifier");
}

static void open_channel(struct way *way)
{
	struct membank_channel_options ours = {
		.send_ring = RING,
		.receive_ring = MEMBANK_CHANNEL_RING_MIN,
	};
	int wakes_us, wakes_them, dataspace;
	void *memory;

	way->bytes = MEMBANK_CHANNEL_HEADER + RING + MEMBANK_CHANNEL_RING_MIN;
	need_ok(membank_dataspace_alloc(dev, way->bytes, 0, 0, &dataspace),
		"allocate a channel");
	need_ok(membank_region_attach(dev, dataspace, 0, 0,
				      MEMBANK_REGION_EAGER_MAP, 0, NULL,
				      &memory),
		"attach a channel");
	need_ok(membank_notifier_create(dev, &wakes_us), "create a notifier");
	need_ok(membank_notifier_create(dev, &wakes_them), "create a notifier");
	prepare_end(&ours, wakes_us, wakes_them);
	prepare_end(&way->theirs, wakes_them, wakes_us);
	need_ok(membank_channel_create(memory, way->bytes, &ours,
				       &way->channel),
		"create a channel");
	way->memory = memory;
}

static void send_copy(struct way *way)
{
	write_message(way, way->buffer);
	need_ok(membank_channel_send(way->channel, way->buffer, way->length, 0,
				     -1),
		"send");
}

static bool receive_copy(struct way *way)
{
	size_t length;

	need_ok(membank_channel_receive(way->channel, way->buffer, way->length,
					-1, &length),
		"receive");
	return length == way->length && is_right(way, way->buffer);
}

static void send_in_place(struct way *way)
{
	void *room;

	need_ok(membank_channel_reserve(way->channel, way->length, -1, &room),
		"reserve");
	write_message(way, room);
	need_ok(membank_channel_commit(way->channel, way->length, 0), "commit");
}

static bool receive_in_place(struct way *way)
{
	const void *message;
	size_t length;
	bool right;

	need_ok(membank_channel_peek(way->channel, -1, &message, &length),
		"peek");
	right = length == way->length && is_right(way, message);
	need_ok(membank_channel_release(way->channel, 0), "release");
	return right;
}

/* ------------------------------------------------------------- measurement */

static struct way ways[WAYS] = {
	[SOCKET] = { open_socket, send_bytes, receive_bytes },
	[PIPE] = { open_pipe, send_bytes, receive_bytes },
	[SLOTS] = { open_slots, send_slot, receive_slot },
	[COPIED] = { open_channel, send_copy, receive_copy },
	[IN_PLACE] = { open_channel, send_in_place, receive_in_place },
};

/* The other process. */
static void serve(void *context)
{
	struct way *way = context;
	unsigned int i;

	if (way->channel)
		need_ok(membank_channel_open(way->memory, way->bytes,
					     &way->theirs, &way->channel),
			"open a channel");
	way->credit = 0;
	for (;;) {
		for (i = 0; i < way->messages; i++)
			if (!way->receive(way))
				errx(1, "message %llu came damaged",
				     (unsigned long long)way->next - 1);
		count_up(way->checked, way->messages);
	}
}

static void stream(void *context, unsigned int number, unsigned int count)
{
	struct way *way = &ways[number];
	unsigned int i;

	(void)context;
	for (i = 0; i < count; i++)
		way->send(way);
	if (counted(way->checked) != count)
		errx(1, "the receiver has not got what was sent");
}

static const struct bench bench = {
	.name = "stream",
	.work = "a message from one process to another",
	.ways = { [SOCKET] = "Unix socket",
		  [PIPE] = "pipe",
		  [SLOTS] = "shared memory + eventfd",
		  [COPIED] = "membank send + receive",
		  [IN_PLACE] = "membank in place" },
	.nr_ways = WAYS,
	.run = stream,
};

static void begin(struct way *way, size_t length, unsigned int messages,
		  int cpu)
{
	way->length = length;
	way->messages = messages;
	way->next = 0;
	way->buffer = calloc(1, length);
	bench_need(way->buffer, "get memory");
	way->checked = counter();
	way->open(way);
	way->pid = bench_start(serve, way, cpu);
}

static void end(struct way *way)
{
	bench_stop(way->pid);
	membank_channel_free(way->channel);
	way->channel = NULL;
	if (way->memory)
		munmap(way->memory, way->bytes);
	way->memory = NULL;
	free(way->buffer);
}

/* The receiver has a processor of its own, if there is one. */
static void measure(size_t size)
{
	const int cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	struct bench_case work = {
		.operations = bench_share(sizes[size].messages),
		.bytes = sizes[size].length,
		.than = -1,
	};
	size_t i;

	snprintf(work.name, sizeof(work.name), "messages of %s, on %s",
		 sizes[size].name, cpu ? "two processors" : "one processor");
	if (work.bytes == 64 * KIB) {
		work.targets[0] =
			(struct bench_target){ BENCH_RATIO, COPIED, SOCKET, 3 };
		work.targets[1] = (struct bench_target){ BENCH_RATIO, IN_PLACE,
							 SOCKET, 3 };
		work.nr_targets = 2;
	}
	for (i = 0; i < WAYS; i++)
		begin(&ways[i], work.bytes, work.operations, cpu);
	bench_run(&work, NULL);
	for (i = 0; i < WAYS; i++)
		end(&ways[i]);
	close_range(dev + 1, ~0U, 0);
}

int main(int argc, char **argv)
{
	size_t i;

	bench_begin(&bench, argc, argv);
	bench_need_ok(membank_open(NULL, &dev), MEMBANK_OPEN,
		      "open /dev/membank");
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		measure(i);
	bench_end();
	return 0;
}
