// SPDX-License-Identifier: 0BSD
/*
 * import_drm: a dataspace becomes a buffer of a DRM device (PRIME import). What
 * the program wrote is there on the device's side, and what is written there is
 * back in the dataspace when the device's fence says so.
 *
 * usage: import_drm [BANK [CARD]]   any bank and the card of driver vgem, which
 *                                   "modprobe vgem" makes
 *
 * CARD is a node such as /dev/dri/card0 or /dev/dri/renderD128, of any driver.
 */
#include <membank.h>

#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH 1048576u
#define DRIVER "vgem"
#define NAME_SIZE 32
#define WAIT_MS 60000

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "import_drm: cannot %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* For what returns 0, or -1 and errno. */
static void need(int ret, const char *what)
{
	if (ret)
		fail(what, strerror(errno));
}

/* For the library, which returns 0 or a negative errno. */
static void need_bank(int ret, enum membank_operation operation,
		      const char *what)
{
	if (ret)
		fail(what, membank_explain(operation, ret));
}

/* -------------------------------------------------------------------- card */

/* Opens a node of DRM and learns its driver; or -1, and errno says why. */
static int open_card(const char *path, char driver[NAME_SIZE])
{
	struct drm_version version = {
		.name = driver,
		.name_len = NAME_SIZE - 1,
	};
	int card = open(path, O_RDWR | O_CLOEXEC);

	memset(driver, 0, NAME_SIZE);
	if (card >= 0 && ioctl(card, DRM_IOCTL_VERSION, &version)) {
		close(card);
		return -1;
	}
	return card;
}

/* The cards are numbered as they came: only the driver tells which is which. */
static int find_card(char path[NAME_SIZE], char driver[NAME_SIZE])
{
	int i, card;

	for (i = 0; i < 64; i++) {
		snprintf(path, NAME_SIZE, "/dev/dri/card%d", i);
		card = open_card(path, driver);
		if (card < 0)
			continue;
		if (!strcmp(driver, DRIVER))
			return card;
		close(card);
	}
	fail("find a card of driver " DRIVER,
	     "there is none that you may open: load it with modprobe " DRIVER
	     ", or name another card");
	return -1;
}

/* ------------------------------------------------------------------ import */

/* The number under which the card knows the memory of a dma-buf. */
static unsigned int import_dmabuf(int card, int dmabuf)
{
	struct drm_prime_handle prime = { .fd = dmabuf };

	need(ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime),
	     "import the dataspace");
	return prime.handle;
}

/*
 * DRM does not map imported memory at an offset of the card's own node
 * (DRM_IOCTL_MODE_MAP_DUMB is refused): the object has a dma-buf, and that is
 * what is mapped.
 */
static unsigned char *map_object(int card, unsigned int handle, int *dmabuf)
{
	struct drm_prime_handle prime = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};
	void *memory;

	need(ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime),
	     "export the card's object");
	memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED,
		      prime.fd, 0);
	need(memory == MAP_FAILED, "map the card's object");
	*dmabuf = prime.fd;
	return memory;
}

/* No two pages are alike, and no byte is the same in both rounds. */
static unsigned char pattern(unsigned int i, unsigned int round)
{
	return (i + round * LENGTH) * 2654435761u >> 13;
}

static void fill(unsigned char *memory, unsigned int round)
{
	unsigned int i;

	for (i = 0; i < LENGTH; i++)
		memory[i] = pattern(i, round);
}

static void compare(int dmabuf, const unsigned char *memory, unsigned int round)
{
	unsigned int i;

	need_bank(membank_sync_start(dmabuf, MEMBANK_ACCESS_READ),
		  MEMBANK_ATTACH, "begin to read");
	for (i = 0; i < LENGTH && memory[i] == pattern(i, round); i++)
		;
	need_bank(membank_sync_end(dmabuf, MEMBANK_ACCESS_READ), MEMBANK_ATTACH,
		  "end reading");
	if (i < LENGTH) {
		fprintf(stderr, "import_drm: byte %u is wrong\n", i);
		exit(EXIT_FAILURE);
	}
}

/* Whether poll() says within this time that a dma-buf may be read. */
static int readable(int dmabuf, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = dmabuf, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1 && poll_fd.revents & POLLIN;
}

/*
 * A driver that writes the memory fences it until it is done, and poll() and
 * membank_sync_start() wait for that. With vgem, a program plays the device:
 * here this one, which must not wait for itself.
 */
static unsigned int attach_fence(int card, unsigned int handle)
{
	struct drm_vgem_fence_attach attach = {
		.handle = handle,
		.flags = VGEM_FENCE_WRITE,
	};

	need(ioctl(card, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach),
	     "fence the object");
	return attach.out_fence;
}

static void signal_fence(int card, unsigned int number)
{
	struct drm_vgem_fence_signal signal = { .fence = number };

	need(ioctl(card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal),
	     "signal the fence (vgem lets none last longer than 10 s)");
}

int main(int argc, char **argv)
{
	const char *bank = argc > 1 ? argv[1] : "membank", *path;
	char found[NAME_SIZE], driver[NAME_SIZE];
	int dev, dataspace, card, dmabuf, fenced;
	struct membank_dataspace_info info;
	unsigned int handle, number = 0;
	unsigned char *ours, *theirs;
	void *memory;

	if (argc > 3) {
		fprintf(stderr, "usage: import_drm [BANK [CARD]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	path = argc > 2 ? argv[2] : found;
	card = argc > 2 ? open_card(path, driver) : find_card(found, driver);
	if (card < 0) {
		char what[128];

		snprintf(what, sizeof(what), "import into %s", path);
		fail(what, errno == ENOTTY ? "this is no DRM device" :
					     strerror(errno));
	}
	printf("card       %s, driver %s\n", path, driver);

	need_bank(membank_open(bank, &dev), MEMBANK_OPEN, "open the bank");
	need_bank(membank_dataspace_alloc(dev, LENGTH, 0, 0, &dataspace),
		  MEMBANK_ALLOC, "allocate the dataspace");
	need_bank(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL,
					&memory),
		  MEMBANK_ATTACH, "attach the dataspace");
	ours = memory;
	need_bank(membank_sync_start(dataspace, MEMBANK_ACCESS_WRITE),
		  MEMBANK_ATTACH, "begin to write");
	fill(ours, 1);
	need_bank(membank_sync_end(dataspace, MEMBANK_ACCESS_WRITE),
		  MEMBANK_ATTACH, "end writing");
	printf("dataspace  %u bytes, filled\n", LENGTH);

	/* It is contiguous: a driver without an IOMMU takes it as well. */
	handle = import_dmabuf(card, dataspace);
	theirs = map_object(card, handle, &dmabuf);
	need_bank(membank_dataspace_info(dev, dmabuf, &info), MEMBANK_ATTACH,
		  "find the dataspace in the card's object");
	printf("object     handle %u, %llu bytes, mapped\n", handle,
	       (unsigned long long)info.out_extent);
	compare(dmabuf, theirs, 1);
	printf("compared   %u bytes of ours on the card's side\n", LENGTH);

	fenced = !strcmp(driver, DRIVER);
	if (fenced) {
		number = attach_fence(card, handle);
		if (readable(dataspace, 0))
			fail("wait for the card", "poll() ignores its fence");
	}
	fill(theirs, 2);
	if (fenced)
		signal_fence(card, number);
	if (!readable(dataspace, WAIT_MS))
		fail("wait for the card", "its fence is never signalled");
	compare(dataspace, ours, 2);
	printf("compared   %u bytes of the card's on our side%s\n", LENGTH,
	       fenced ? ", after its fence" : "");

	/* Closing all this is left to the end of the process. */
	return EXIT_SUCCESS;
}
