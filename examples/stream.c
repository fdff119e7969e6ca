// SPDX-License-Identifier: 0BSD
/*
 * stream: a file goes from one process to another through a channel in a shared
 * dataspace. The sender reads the file straight into the channel, the receiver
 * hashes it straight from there.
 *
 * usage: stream FILE          do both, in two processes
 *        stream --receive     offer the channel and receive
 *        stream --send FILE   connect to it, from anywhere, and send
 */
#define _GNU_SOURCE
#include <membank.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVICE "stream"
#define RING_SIZE (4u << 20)
#define CHUNK_SIZE (256u << 10)
#define HASH_SIZE 32
#define TIMEOUT_MS 60000

/* What is offered, in this order. */
enum { MEMORY, WAKE_RECEIVER, WAKE_SENDER, OFFERS };

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "stream: cannot %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static void need(int ret, enum membank_operation operation, const char *what)
{
	if (ret)
		fail(what, membank_explain(operation, ret));
}

static EVP_MD_CTX *hash_begin(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
		fail("hash", "libcrypto has no memory or no SHA-256");
	return hash;
}

/* ------------------------------------------------------------------ sender */

/* A message of the file, of the end (empty), or of the hash that follows it. */
static void send_bytes(struct membank_channel *channel, const void *bytes,
		       size_t length)
{
	need(membank_channel_send(channel, bytes, length, 0, TIMEOUT_MS),
	     MEMBANK_CHANNEL, "send");
}

static int send_file(const char *path)
{
	struct membank_channel_options options = { .size = sizeof(options) };
	struct membank_offer offers[OFFERS];
	unsigned int count = OFFERS;
	unsigned char result[HASH_SIZE];
	struct membank_dataspace_info info;
	struct membank_channel *channel;
	int dev, connection, file;
	void *memory, *room;
	ssize_t got;

	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		fail(path, strerror(errno));
	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_service_connect(dev, SERVICE, TIMEOUT_MS, offers, &count,
				     NULL, &connection),
	     MEMBANK_CONNECT, "connect to service " SERVICE);
	if (count != OFFERS)
		fail("connect", "another program has the name " SERVICE);
	need(membank_region_attach(dev, offers[MEMORY].fd, 0, 0, 0, 0, NULL,
				   &memory),
	     MEMBANK_ATTACH, "attach the channel");
	need(membank_dataspace_info(dev, offers[MEMORY].fd, &info),
	     MEMBANK_INFO, "see how long it is");

	options.trigger = offers[WAKE_RECEIVER].fd;
	options.hangup = offers[WAKE_SENDER].fd;
	need(membank_notifier_listen(offers[WAKE_SENDER].fd, &options.eventfd),
	     MEMBANK_NOTIFY, "listen to the receiver");
	need(membank_channel_open(memory, info.out_length, &options, &channel),
	     MEMBANK_CHANNEL, "open the channel");

	EVP_MD_CTX *hash = hash_begin();

	for (;;) {
		need(membank_channel_reserve(channel, CHUNK_SIZE, TIMEOUT_MS,
					     &room),
		     MEMBANK_CHANNEL, "send");
		got = read(file, room, CHUNK_SIZE);
		if (got < 0)
			fail("read the file", strerror(errno));
		if (!got)
			break;
		EVP_DigestUpdate(hash, room, got);
		need(membank_channel_commit(channel, got, 0), MEMBANK_CHANNEL,
		     "send");
	}
	EVP_DigestFinal_ex(hash, result, NULL);
	EVP_MD_CTX_free(hash);
	send_bytes(channel, NULL, 0);
	send_bytes(channel, result, HASH_SIZE);
	/* The memory is there until the receiver has read all of it. */
	membank_channel_free(channel);
	return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------- receiver */

static void print_hash(const char *who, const unsigned char *hash)
{
	int i;

	printf("%-10s", who);
	for (i = 0; i < HASH_SIZE; i++)
		printf("%02x", hash[i]);
	printf("\n");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Hashes what comes until the end; returns how many bytes it was. */
static uint64_t receive_all(struct membank_channel *channel,
			    unsigned char *result)
{
	EVP_MD_CTX *hash = hash_begin();
	uint64_t bytes = 0;
	const void *data;
	size_t length;

	for (;;) {
		need(membank_channel_peek(channel, TIMEOUT_MS, &data, &length),
		     MEMBANK_CHANNEL, "receive");
		EVP_DigestUpdate(hash, data, length);
		need(membank_channel_release(channel, 0), MEMBANK_CHANNEL,
		     "receive");
		if (!length)
			break;
		bytes += length;
	}
	EVP_DigestFinal_ex(hash, result, NULL);
	EVP_MD_CTX_free(hash);
	return bytes;
}

/* With @path, a second process is started to send it. */
static int receive(const char *path)
{
	struct membank_channel_options options = { .size = sizeof(options) };
	const size_t length =
		MEMBANK_CHANNEL_HEADER + RING_SIZE + MEMBANK_CHANNEL_RING_MIN;
	unsigned char hash[HASH_SIZE], sent[HASH_SIZE] = { 0 };
	int dev, dataspace, wake_receiver, wake_sender, service, ret;
	struct membank_channel *channel;
	int status = 0;
	uint64_t bytes;
	double seconds;
	size_t got;
	void *memory;
	pid_t pid;

	/* The sender would find out too, while we wait for it. */
	if (path && access(path, R_OK))
		fail("read the file", strerror(errno));
	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_dataspace_alloc(dev, length, 0, 0, &dataspace),
	     MEMBANK_ALLOC, "allocate the channel");
	need(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL, &memory),
	     MEMBANK_ATTACH, "attach the channel");
	need(membank_notifier_create(dev, &wake_receiver), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_create(dev, &wake_sender), MEMBANK_NOTIFY,
	     "create a notifier");

	options.trigger = wake_sender;
	options.hangup = wake_receiver;
	options.receive_ring = RING_SIZE;
	options.send_ring = MEMBANK_CHANNEL_RING_MIN;
	need(membank_notifier_listen(wake_receiver, &options.eventfd),
	     MEMBANK_NOTIFY, "listen to the sender");
	need(membank_channel_create(memory, length, &options, &channel),
	     MEMBANK_CHANNEL, "create the channel");

	struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = dataspace,
			     .rights = MEMBANK_DATASPACE_READ |
				       MEMBANK_DATASPACE_WRITE },
		[WAKE_RECEIVER] = { .fd = wake_receiver,
				    .rights = MEMBANK_NOTIFIER_TRIGGER },
		[WAKE_SENDER] = { .fd = wake_sender,
				  .rights = MEMBANK_NOTIFIER_RECEIVE },
	};
	need(membank_service_register(dev, SERVICE, offers, OFFERS, 0200,
				      &service),
	     MEMBANK_REGISTER, "register service " SERVICE);

	seconds = now();
	if (path) {
		ret = posix_spawn(&pid, "/proc/self/exe", NULL, NULL,
				  (char *[]){ "stream", "--send", (char *)path,
					      NULL },
				  environ);
		if (ret)
			fail("start the sender", strerror(ret));
	}
	bytes = receive_all(channel, hash);
	seconds = now() - seconds;
	ret = membank_channel_receive(channel, sent, HASH_SIZE, TIMEOUT_MS,
				      &got);
	need(ret, MEMBANK_CHANNEL, "receive");
	membank_channel_free(channel);
	if (path && (waitpid(pid, &status, 0) != pid || status))
		fail("send", "the sender failed");

	print_hash("sent", sent);
	print_hash("received", hash);
	if (got != HASH_SIZE || memcmp(sent, hash, HASH_SIZE))
		fail("receive", "what came is not what was sent");
	printf("%-10s%.1f MiB in %.2f s, %.0f MiB/s, through %u MiB\n",
	       "streamed", bytes / 1048576.0, seconds,
	       bytes / 1048576.0 / seconds, RING_SIZE >> 20);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--send"))
		return send_file(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "--receive"))
		return receive(NULL);
	if (argc == 2 && argv[1][0] != '-')
		return receive(argv[1]);
	fprintf(stderr,
		"usage: stream FILE | stream --receive | stream --send FILE\n");
	return 2;
}
