// SPDX-License-Identifier: 0BSD
/*
 * stream: a file goes from one process to another through a ring in a shared
 * dataspace. The sender reads the file straight into the ring, the receiver
 * hashes it straight from there; a notification is sent only to who sleeps.
 *
 * usage: stream FILE          do both, in two processes
 *        stream --receive     offer the ring and receive
 *        stream --send FILE   connect to it, from anywhere, and send
 */
#define _GNU_SOURCE
#include <membank.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <spawn.h>
#include <stdalign.h>
#include <stdatomic.h>
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

/*
 * What both processes see. Positions count bytes since the beginning and never
 * wrap; each side writes in a cache line of its own.
 */
struct ring {
	/* Written by the sender; once ended, the last byte and hash are there */
	alignas(64) atomic_uint_least64_t head;

	atomic_uint sender_sleeps;
	atomic_uint ended;
	unsigned char hash[HASH_SIZE];

	/* Written by the receiver */
	alignas(64) atomic_uint_least64_t tail;

	atomic_uint receiver_sleeps;

	alignas(4096) unsigned char data[RING_SIZE];
};

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

/* Sleeps until the other side triggers; it must not die before the end. */
static void wait_for_peer(int notifier, int eventfd, const char *what)
{
	int ret;

	do {
		ret = membank_notifier_wait(notifier, eventfd, TIMEOUT_MS,
					    NULL);
	} while (ret == -EINTR);
	need(ret, MEMBANK_NOTIFY, what);
}

/* ------------------------------------------------------------------ sender */

/* Bytes that may be written; waits until there are some. */
static uint64_t wait_for_room(struct ring *ring, int space, int eventfd)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	for (;;) {
		uint64_t filled = head - atomic_load(&ring->tail);

		/* The receiver is another program: believe no number of it. */
		if (filled > RING_SIZE)
			fail("send",
			     "the receiver wrote nonsense into the ring");
		if (filled < RING_SIZE) {
			atomic_store(&ring->sender_sleeps, 0);
			return RING_SIZE - filled;
		}
		/* Say that we sleep, then look again: no wake-up is lost. */
		if (!atomic_exchange(&ring->sender_sleeps, 1))
			continue;
		wait_for_peer(space, eventfd, "send");
	}
}

static void publish(struct ring *ring, uint64_t head, int data)
{
	atomic_store(&ring->head, head);
	if (atomic_exchange(&ring->receiver_sleeps, 0))
		need(membank_notifier_trigger(data), MEMBANK_NOTIFY,
		     "wake the receiver");
}

static int send_file(const char *path)
{
	struct membank_offer offers[3];
	unsigned int count = 3;
	int dev, connection, eventfd, file;
	uint64_t head = 0;
	void *memory;

	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		fail(path, strerror(errno));
	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_service_connect(dev, SERVICE, TIMEOUT_MS, offers, &count,
				     NULL, &connection),
	     MEMBANK_CONNECT, "connect to service " SERVICE);
	if (count != 3)
		fail("connect", "another program has the name " SERVICE);

	int data = offers[1].fd, space = offers[2].fd;

	need(membank_region_attach(dev, offers[0].fd, 0, sizeof(struct ring), 0,
				   0, NULL, &memory),
	     MEMBANK_ATTACH, "attach the ring");
	need(membank_notifier_listen(space, &eventfd), MEMBANK_NOTIFY,
	     "listen for space");

	struct ring *ring = memory;
	EVP_MD_CTX *hash = hash_begin();

	for (;;) {
		uint64_t room = wait_for_room(ring, space, eventfd);
		uint64_t place = head % RING_SIZE;
		ssize_t got;

		if (room > RING_SIZE - place)
			room = RING_SIZE - place;
		if (room > CHUNK_SIZE)
			room = CHUNK_SIZE;
		got = read(file, ring->data + place, room);
		if (got < 0)
			fail("read the file", strerror(errno));
		if (!got)
			break;
		EVP_DigestUpdate(hash, ring->data + place, got);
		head += got;
		publish(ring, head, data);
	}

	EVP_DigestFinal_ex(hash, ring->hash, NULL);
	EVP_MD_CTX_free(hash);
	atomic_store(&ring->ended, 1);
	publish(ring, head, data);
	return EXIT_SUCCESS;
}

/* ---------------------------------------------------------------- receiver */

/* Bytes that may be read; waits until there are some; 0 at the end. */
static uint64_t wait_for_data(struct ring *ring, uint64_t tail, int data,
			      int eventfd)
{
	for (;;) {
		/* In this order: what came before the end is seen with it. */
		unsigned int ended = atomic_load(&ring->ended);
		uint64_t filled = atomic_load(&ring->head) - tail;

		if (filled > RING_SIZE)
			fail("receive",
			     "the sender wrote nonsense into the ring");
		if (filled || ended) {
			atomic_store(&ring->receiver_sleeps, 0);
			return filled;
		}
		if (!atomic_exchange(&ring->receiver_sleeps, 1))
			continue;
		wait_for_peer(data, eventfd, "receive");
	}
}

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
static uint64_t receive_all(struct ring *ring, int data, int space, int eventfd,
			    unsigned char *result)
{
	EVP_MD_CTX *hash = hash_begin();
	uint64_t tail = 0, filled;

	while ((filled = wait_for_data(ring, tail, data, eventfd))) {
		uint64_t place = tail % RING_SIZE;

		if (filled > RING_SIZE - place)
			filled = RING_SIZE - place;
		if (filled > CHUNK_SIZE)
			filled = CHUNK_SIZE;
		EVP_DigestUpdate(hash, ring->data + place, filled);
		tail += filled;
		atomic_store(&ring->tail, tail);
		if (atomic_exchange(&ring->sender_sleeps, 0))
			need(membank_notifier_trigger(space), MEMBANK_NOTIFY,
			     "wake the sender");
	}
	EVP_DigestFinal_ex(hash, result, NULL);
	EVP_MD_CTX_free(hash);
	return tail;
}

/* With @path, a second process is started to send it. */
static int receive(const char *path)
{
	unsigned char hash[HASH_SIZE];
	int dev, dataspace, data, space, eventfd, service, ret, status = 0;
	uint64_t bytes;
	double seconds;
	void *memory;
	pid_t pid;

	/* The sender would find out too, while we wait for it. */
	if (path && access(path, R_OK))
		fail("read the file", strerror(errno));
	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_dataspace_alloc(dev, sizeof(struct ring), 0, 0,
				     &dataspace),
	     MEMBANK_ALLOC, "allocate the ring");
	need(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL, &memory),
	     MEMBANK_ATTACH, "attach the ring");
	need(membank_notifier_create(dev, &data), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_create(dev, &space), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_listen(data, &eventfd), MEMBANK_NOTIFY,
	     "listen for data");

	struct membank_offer offers[] = {
		{ .fd = dataspace,
		  .rights = MEMBANK_DATASPACE_READ | MEMBANK_DATASPACE_WRITE },
		{ .fd = data, .rights = MEMBANK_NOTIFIER_TRIGGER },
		{ .fd = space, .rights = MEMBANK_NOTIFIER_RECEIVE },
	};
	need(membank_service_register(dev, SERVICE, offers, 3, 0200, &service),
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
	bytes = receive_all(memory, data, space, eventfd, hash);
	seconds = now() - seconds;
	if (path && (waitpid(pid, &status, 0) != pid || status))
		fail("send", "the sender failed");

	print_hash("sent", ((struct ring *)memory)->hash);
	print_hash("received", hash);
	if (memcmp(((struct ring *)memory)->hash, hash, HASH_SIZE))
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
