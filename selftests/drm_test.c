// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace in a DRM device: what PRIME makes of it, with vgem. Its mapping
 * at the card's own node goes through another driver's mmap to ours, and whoever
 * has the card can set a fence that delays the end of revoked memory.
 */
#include <drm/vgem_drm.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "common.h"
#include "card.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "touch.h"

#define LENGTH MIB

FIXTURE(drm)
{
	int dev;
	int fd;
	char *mem;
	int card;
	__u32 handle;
	/* Set by the setup, for the teardown in the parent. */
	bool loaded;
};

/* The card's offset of a buffer of its own; it is gone again on return. */
static int offset_of_own(int card, size_t length, __u64 *offset)
{
	struct drm_mode_create_dumb create = {
		.width = length / 4,
		.height = 1,
		.bpp = 32,
	};
	struct drm_mode_map_dumb map = {};
	struct drm_mode_destroy_dumb destroy = {};

	if (ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	map.handle = create.handle;
	destroy.handle = create.handle;
	if (ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map) ||
	    ioctl(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy))
		return -errno;
	*offset = map.offset;
	return 0;
}

FIXTURE_SETUP(drm)
{
	ASSERT_TRUE(test_banks_empty());
	self->loaded = system("modprobe -q vgem 2>/dev/null") == 0;
	if (!self->loaded)
		return;
	self->card = card_open();
	ASSERT_LE(0, self->card);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->handle = TEST_JUNK;
}

FIXTURE_TEARDOWN_PARENT(drm)
{
	EXPECT_TRUE(test_banks_empty());
	if (self->loaded)
		EXPECT_EQ(0, system("rmmod vgem"));
}

TEST_F(drm, has_one_object_for_a_dataspace)
{
	struct membank_dataspace_info info;
	__u32 again = TEST_JUNK;
	int fd;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, card_import(self->card, self->fd, &self->handle));
	ASSERT_EQ(0, card_import(self->card, self->fd, &again));
	EXPECT_EQ(self->handle, again);

	fd = card_export(self->card, self->handle);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(LENGTH, info.out_length);
}

TEST_F(drm, keeps_a_dataspace_alive_until_it_closes_the_object)
{
	int fd;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	memset(self->mem, 0x5a, LENGTH);
	ASSERT_EQ(0, card_import(self->card, self->fd, &self->handle));
	close(self->fd);
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(LENGTH, test_used());

	fd = card_export(self->card, self->handle);
	ASSERT_LE(0, fd);
	self->mem = test_map(fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x5a, LENGTH));
	close(fd);
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(LENGTH, test_used());

	ASSERT_EQ(0, card_release(self->card, self->handle));
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(drm, does_not_wash_what_a_service_has_lent)
{
	struct membank_offer offer = { .fd = self->fd, .rights = READ | WRITE };
	int service, client, fd;
	__u64 offset = 0;
	char *theirs;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	service = service_register(self->dev, "lend", 0200, &offer, 1);
	ASSERT_LE(0, service);
	client = service_connect(self->dev, "lend", 0, &offer, 1, NULL);
	ASSERT_LE(0, client);
	ASSERT_EQ(0, offset_of_own(self->card, LENGTH, &offset));
	ASSERT_EQ(0, card_import(self->card, offer.fd, &self->handle));
	close(offer.fd);
	fd = card_export(self->card, self->handle);
	ASSERT_LE(0, fd);
	theirs = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED,
		      self->card, offset);
	ASSERT_NE(MAP_FAILED, theirs);
	touch_init();
	EXPECT_EQ(0, touch_write(theirs, 1));

	/* What comes out of the card is what went in. */
	offer = (struct membank_offer){ .fd = fd, .rights = READ };
	EXPECT_EQ(-EACCES, service_register(self->dev, "on", 0200, &offer, 1));
	ASSERT_EQ(0, service_revoke(service, 1, 0));
	EXPECT_TRUE(touch_revoked(theirs));
	EXPECT_EQ(-ENODEV, service_register(self->dev, "on", 0200, &offer, 1));
	EXPECT_EQ(0, touch_write(self->mem, 2));
}

/* What the example import_drm says of this. */
TEST_F(drm, does_not_tell_the_offset_of_an_import)
{
	struct drm_mode_map_dumb map = {};

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, card_import(self->card, self->fd, &self->handle));
	map.handle = self->handle;
	EXPECT_EQ(-1, ioctl(self->card, DRM_IOCTL_MODE_MAP_DUMB, &map));
	EXPECT_EQ(EINVAL, errno);
}

/* It has one all the same: that which a buffer of the card had just before. */
TEST_F(drm, maps_an_import_by_our_mmap)
{
	__u64 offset = 0;
	char *theirs;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, offset_of_own(self->card, LENGTH, &offset));
	ASSERT_EQ(0, card_import(self->card, self->fd, &self->handle));
	theirs = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED,
		      self->card, offset);
	ASSERT_NE(MAP_FAILED, theirs);

	memset(self->mem, 0x11, LENGTH);
	EXPECT_TRUE(test_all_bytes(theirs, 0x11, LENGTH));
	memset(theirs, 0x22, LENGTH);
	EXPECT_TRUE(test_all_bytes(self->mem, 0x22, LENGTH));
	EXPECT_EQ(test_physical(self->mem), test_physical(theirs));

	/* The mapping alone holds it now. */
	ASSERT_EQ(0, card_release(self->card, self->handle));
	close(self->fd);
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(LENGTH, test_used());
	EXPECT_TRUE(test_all_bytes(theirs, 0x22, LENGTH));
	ASSERT_EQ(0, munmap(theirs, LENGTH));
	EXPECT_TRUE(test_wait_used(0));
}

/* Whoever has the card: its node asks nobody what our file is open for. */
TEST_F(drm, maps_an_import_with_its_rights_only)
{
	__u64 offset = 0;
	char *theirs;
	int fd;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	memset(self->mem, 0x11, LENGTH);
	fd = handle_derive(self->dev, self->fd, READ);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, offset_of_own(self->card, LENGTH, &offset));
	ASSERT_EQ(0, card_import(self->card, fd, &self->handle));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
				   MAP_SHARED, self->card, offset));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, PROT_WRITE, MAP_SHARED,
				   self->card, offset));
	EXPECT_EQ(EACCES, errno);

	theirs = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, self->card, offset);
	ASSERT_NE(MAP_FAILED, theirs);
	EXPECT_TRUE(test_all_bytes(theirs, 0x11, LENGTH));
	EXPECT_EQ(-1, mprotect(theirs, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	syscall(SYS_remap_file_pages, theirs, LENGTH, 0, 0, 0);
	EXPECT_EQ(-1, mprotect(theirs, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	touch_init();
	EXPECT_EQ(SIGSEGV, touch_write(theirs, 1));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x11, LENGTH));
}

TEST_F(drm, does_not_map_an_import_that_may_not_be_read)
{
	const int prots[] = { PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE };
	__u64 offset = 0;
	int fd, i;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	fd = handle_derive(self->dev, self->fd, WRITE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, offset_of_own(self->card, LENGTH, &offset));
	ASSERT_EQ(0, card_import(self->card, fd, &self->handle));
	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, LENGTH, prots[i], MAP_SHARED,
					   self->card, offset));
		EXPECT_EQ(EACCES, errno);
	}
}

/* A fence lives 10 s; 0 means that it was not signaled before. */
static int fence_signal(int card, __u32 fence)
{
	struct drm_vgem_fence_signal args = { .fence = fence };

	return ioctl(card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args) ? -errno : 0;
}

static int fence_attach(int card, __u32 handle, __u32 flags, __u32 *fence)
{
	struct drm_vgem_fence_attach args = {
		.handle = handle,
		.flags = flags,
	};

	if (ioctl(card, DRM_IOCTL_VGEM_FENCE_ATTACH, &args))
		return -errno;
	*fence = args.out_fence;
	return 0;
}

TEST_F(drm, has_revoked_memory_until_its_fence_is_signaled)
{
	const __u32 flags[] = { VGEM_FENCE_WRITE, 0 };
	__u64 size = test_number(0, "size");
	__u32 fence = 0;
	char *next;
	int i, fd;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	touch_init();
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fd = test_alloc(self->dev, LENGTH, 0, 0);
		ASSERT_LE(0, fd);
		next = test_map(fd, LENGTH);
		ASSERT_NE(MAP_FAILED, next);
		memset(next, 0x44, LENGTH);
		ASSERT_EQ(0, card_import(self->card, fd, &self->handle));
		ASSERT_EQ(0, fence_attach(self->card, self->handle, flags[i],
					  &fence));
		ASSERT_EQ(0, handle_revoke(self->dev, fd));
		EXPECT_TRUE(touch_revoked(next));
		EXPECT_EQ(-ENODEV, handle_rights(self->dev, fd));
		EXPECT_EQ(2 * LENGTH, test_used());
		EXPECT_EQ(-ENOMEM, test_alloc(self->dev, size - LENGTH, 0, 0));
		ASSERT_EQ(0, fence_signal(self->card, fence));
		EXPECT_TRUE(test_wait_used(LENGTH));
		ASSERT_EQ(0, card_release(self->card, self->handle));
		ASSERT_EQ(0, munmap(next, LENGTH));
		close(fd);
	}
	next = test_map(self->dev, size - LENGTH);
	ASSERT_NE(MAP_FAILED, next);
	EXPECT_TRUE(test_all_bytes(next, 0, size - LENGTH));
}

/* Of the dataspace there is nothing left then but the memory. */
TEST_F(drm, fence_outlives_all_descriptors_of_what_was_revoked)
{
	__u32 fence = 0;
	int users;

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, card_import(self->card, self->fd, &self->handle));
	ASSERT_EQ(0, fence_attach(self->card, self->handle, VGEM_FENCE_WRITE,
				  &fence));
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	ASSERT_EQ(0, card_release(self->card, self->handle));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	close(self->fd);
	close(self->dev);
	EXPECT_EQ(LENGTH, test_used());
	users = test_module_users();
	EXPECT_LE(1, users);
	EXPECT_EQ(-1, syscall(SYS_delete_module, "membank", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);

	ASSERT_EQ(0, fence_signal(self->card, fence));
	EXPECT_TRUE(test_wait_used(0));
	EXPECT_TRUE(test_wait_module_users(users - 1));
}

TEST_F(drm, is_waited_for_by_poll_and_sync)
{
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };
	struct drm_vgem_fence_signal signal_fence = {};
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ,
	};

	if (!self->loaded)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, card_import(self->card, self->fd, &self->handle));
	attach.handle = self->handle;
	ASSERT_EQ(0, ioctl(self->card, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));

	/* The kernel lets the fence end after 10 s: that is what sync awaits. */
	ASSERT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(1, poll(&poll_fd, 1, TEST_PATIENCE));
	signal_fence.fence = attach.out_fence;
	EXPECT_EQ(-1, ioctl(self->card, DRM_IOCTL_VGEM_FENCE_SIGNAL,
			    &signal_fence));
	EXPECT_EQ(ETIMEDOUT, errno);

	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
}

TEST_HARNESS_MAIN
