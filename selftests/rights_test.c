// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights of a handle: what each set of them allows, how a handle with fewer is
 * made, and that nothing else gives more: not looking into a region map, not a
 * service, not a device. What is tried around a read-only handle is in
 * read_only_test.c.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "camera.h"
#include "common.h"
#include "handle.h"
#include "io.h"
#include "notify.h"
#include "service.h"

#define LENGTH MIB
#define NAME "rights-test"

FIXTURE(rights)
{
	int bank;
	int dev;
	int fd;
	char *mem;
};

FIXTURE_VARIANT(rights)
{
	const char *source;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(rights, cma) { .source = "cma" };
FIXTURE_VARIANT_ADD(rights, contig) { .source = "contig" };
/* clang-format on */

FIXTURE_SETUP(rights)
{
	self->bank = bank_of(variant->source);
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(self->bank);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
	memset(self->mem, 0x5a, LENGTH);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(rights)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(rights, of_the_allocator_are_all)
{
	EXPECT_EQ(ALL_RIGHTS, handle_rights(self->dev, self->fd));
}

TEST_F(rights, derived_are_just_what_was_asked_for)
{
	struct membank_dataspace_info first, info;
	__u32 rights;
	int fd;

	ASSERT_EQ(0, test_info(self->dev, self->fd, &first));
	for (rights = 1; rights <= ALL_RIGHTS; rights++) {
		fd = handle_derive(self->dev, self->fd, rights);
		ASSERT_LE(0, fd);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		ASSERT_EQ(0, test_info(self->dev, fd, &info));
		EXPECT_EQ(rights, info.out_rights);
		/* Else it is the same dataspace. */
		EXPECT_EQ(LENGTH, info.out_length);
		EXPECT_EQ(LENGTH, info.out_extent);
		EXPECT_EQ(first.out_offset, info.out_offset);
		EXPECT_EQ(first.out_bank, info.out_bank);
		EXPECT_EQ(1, info.out_mappings);
		EXPECT_EQ(LENGTH, lseek(fd, 0, SEEK_END));
		EXPECT_EQ(LENGTH, test_used());
		EXPECT_EQ(1, test_number(self->bank, "dataspaces"));
		close(fd);
	}
	EXPECT_EQ(ALL_RIGHTS, handle_rights(self->dev, self->fd));
}

TEST_F(rights, derived_from_derived_never_grow)
{
	__u32 has, asks;
	int fd, ret;

	for (has = 1; has <= ALL_RIGHTS; has++) {
		fd = handle_derive(self->dev, self->fd, has);
		ASSERT_LE(0, fd);
		for (asks = 1; asks <= ALL_RIGHTS; asks++) {
			ret = handle_derive(self->dev, fd, asks);
			if (asks & ~has) {
				EXPECT_EQ(-EACCES, ret);
				continue;
			}
			ASSERT_LE(0, ret);
			EXPECT_EQ(asks, handle_rights(self->dev, ret));
			close(ret);
		}
		close(fd);
	}
}

TEST_F(rights, derive_refuses_what_is_wrong)
{
	const unsigned int files = test_open_files();
	int pipe_fds[2], closed, reader;
	__u32 bit;

	EXPECT_EQ(-EINVAL, handle_derive(self->dev, self->fd, 0));
	for (bit = ALL_RIGHTS + 1; bit; bit <<= 1) {
		EXPECT_EQ(-EOPNOTSUPP, handle_derive(self->dev, self->fd, bit));
		EXPECT_EQ(-EOPNOTSUPP,
			  handle_derive(self->dev, self->fd, bit | READ));
	}
	EXPECT_EQ(files, test_open_files());

	reader = handle_derive(self->dev, self->fd, READ);
	ASSERT_LE(0, reader);
	EXPECT_EQ(-EINVAL, handle_derive(self->dev, reader, 0));
	ASSERT_EQ(0, pipe(pipe_fds));
	closed = dup(self->dev);
	close(closed);
	EXPECT_EQ(-EBADF, handle_derive(self->dev, closed, READ));
	EXPECT_EQ(-EBADF, handle_derive(self->dev, -1, READ));
	EXPECT_EQ(-EINVAL, handle_derive(self->dev, pipe_fds[0], READ));
	EXPECT_EQ(-EINVAL, handle_derive(self->dev, self->dev, READ));
}

TEST_F(rights, derived_handle_keeps_the_memory)
{
	int reader = handle_derive(self->dev, self->fd, READ);
	char *mem;

	ASSERT_LE(0, reader);
	close(self->fd);
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(LENGTH, test_used());
	mem = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, reader, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0x5a, LENGTH));
	close(reader);
	EXPECT_EQ(LENGTH, test_used());
	ASSERT_EQ(0, munmap(mem, LENGTH));
	EXPECT_EQ(0, test_used());
}

TEST_F(rights, mappings_of_all_handles_are_counted_together)
{
	int reader = handle_derive(self->dev, self->fd, READ);
	struct membank_dataspace_info info;

	ASSERT_LE(0, reader);
	ASSERT_NE(MAP_FAILED,
		  mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, reader, 0));
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(2, info.out_mappings);
	ASSERT_EQ(0, test_info(self->dev, reader, &info));
	EXPECT_EQ(2, info.out_mappings);
}

static int map_errno(int fd, int prot)
{
	void *mem = mmap(NULL, LENGTH, prot, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, LENGTH);
	return 0;
}

static int attach_errno(int dev, int fd, __u32 flags)
{
	char *mem;
	int ret = handle_attach(dev, fd, NULL, flags, &mem);

	if (!ret)
		munmap(mem, LENGTH);
	return ret;
}

static int sync_errno(int fd, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

/* Every operation with every set of rights. */
TEST_F(rights, allow_what_they_say_and_nothing_else)
{
	const int dev = self->dev;
	const __u32 read_only = MEMBANK_REGION_READ_ONLY;
	int other, fd, reads, writes, both;
	__u32 rights;

	other = test_alloc(dev, LENGTH, 0, 0);
	ASSERT_LE(0, other);
	for (rights = 1; rights <= ALL_RIGHTS; rights++) {
		TH_LOG("rights %u", rights);
		fd = handle_derive(dev, self->fd, rights);
		ASSERT_LE(0, fd);
		reads = rights & READ ? 0 : -EACCES;
		writes = rights & WRITE ? 0 : -EACCES;
		both = reads ? reads : writes;

		EXPECT_EQ(reads, map_errno(fd, PROT_READ));
		EXPECT_EQ(reads, map_errno(fd, PROT_NONE));
		EXPECT_EQ(both, map_errno(fd, PROT_WRITE));
		EXPECT_EQ(both, map_errno(fd, PROT_READ | PROT_WRITE));
		EXPECT_EQ(reads, attach_errno(dev, fd, read_only));
		EXPECT_EQ(both, attach_errno(dev, fd, 0));
		EXPECT_EQ(writes, handle_clear(dev, fd, 0, 1));
		EXPECT_EQ(writes, handle_copy(dev, fd, 0, other, 0, 1));
		EXPECT_EQ(reads, handle_copy(dev, other, 0, fd, 0, 1));
		EXPECT_EQ(both, handle_copy(dev, fd, 0, fd, 1, 1));
		EXPECT_EQ(reads, sync_errno(fd, DMA_BUF_SYNC_START |
							DMA_BUF_SYNC_READ));
		EXPECT_EQ(reads,
			  sync_errno(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ));
		EXPECT_EQ(writes, sync_errno(fd, DMA_BUF_SYNC_START |
							 DMA_BUF_SYNC_WRITE));
		EXPECT_EQ(writes, sync_errno(fd, DMA_BUF_SYNC_END |
							 DMA_BUF_SYNC_WRITE));
		EXPECT_EQ(both,
			  sync_errno(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
		EXPECT_EQ(both,
			  sync_errno(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
		if (!(rights & OWN))
			EXPECT_EQ(-EACCES, handle_revoke(dev, fd));
		close(fd);
	}
}

TEST_F(rights, own_is_enough_to_revoke_and_for_nothing_else)
{
	int owner = handle_derive(self->dev, self->fd, OWN);

	ASSERT_LE(0, owner);
	EXPECT_EQ(-EACCES, map_errno(owner, PROT_NONE));
	EXPECT_EQ(LENGTH, test_used());
	EXPECT_EQ(0, handle_revoke(self->dev, owner));
	EXPECT_EQ(0, test_used());
	EXPECT_EQ(-ENODEV, handle_rights(self->dev, self->fd));
}

/* ------------------------------------------------------- the region map */

/* What another process, which looks through our node, finds at @mem. */
static int found_by_another(int dev, const void *mem)
{
	pid_t child = fork();
	int fd, rights;

	if (!child) {
		fd = handle_find(dev, mem, NULL);
		rights = fd < 0 ? 0x40 : handle_rights(dev, fd);
		/* And it is as good as it says. */
		if (!(rights & WRITE) && rights != 0x40 &&
		    map_errno(fd, PROT_READ | PROT_WRITE) != -EACCES)
			rights = 0x41;
		if (rights & OWN || handle_revoke(dev, fd) != -EACCES)
			rights |= 0x42;
		_exit(rights);
	}
	return test_wait_child(child);
}

TEST_F(rights, found_by_another_process_are_those_of_the_region)
{
	const __u32 read_only = MEMBANK_REGION_READ_ONLY;
	char *all, *less, *fewer;
	int reader;

	reader = handle_derive(self->dev, self->fd, READ);
	ASSERT_LE(0, reader);
	ASSERT_EQ(0, handle_attach(self->dev, self->fd, NULL, 0, &all));
	ASSERT_EQ(0,
		  handle_attach(self->dev, self->fd, NULL, read_only, &less));
	ASSERT_EQ(0, handle_attach(self->dev, reader, NULL, read_only, &fewer));
	EXPECT_EQ(READ | WRITE, found_by_another(self->dev, all));
	EXPECT_EQ(READ, found_by_another(self->dev, less));
	EXPECT_EQ(READ, found_by_another(self->dev, fewer));
	/* Mapped without a region map. */
	EXPECT_EQ(READ | WRITE, found_by_another(self->dev, self->mem));
	fewer = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, reader, 0);
	ASSERT_NE(MAP_FAILED, fewer);
	EXPECT_EQ(READ, found_by_another(self->dev, fewer));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x5a, LENGTH));
}

TEST_F(rights, of_a_bank_by_mmap_found_by_another_are_without_own)
{
	char *mem = test_map(self->dev, LENGTH);
	int fd;

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(READ | WRITE, found_by_another(self->dev, mem));
	fd = handle_find(self->dev, mem, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(ALL_RIGHTS, handle_rights(self->dev, fd));
}

/* Attaches with @flags, and returns the rights of what is found there. */
static int found_by_oneself(int dev, int fd, __u32 flags)
{
	__u32 found_flags;
	int found, ret;
	char *mem;

	ret = handle_attach(dev, fd, NULL, flags, &mem);
	if (ret)
		return ret;
	found = handle_find(dev, mem, &found_flags);
	if (found < 0)
		return found;
	ret = found_flags == flags ? handle_rights(dev, found) : -EPROTO;
	close(found);
	return munmap(mem, LENGTH) ? -errno : ret;
}

TEST_F(rights, found_by_oneself_are_those_that_were_attached)
{
	int fd;

	EXPECT_EQ(ALL_RIGHTS, found_by_oneself(self->dev, self->fd, 0));
	fd = handle_derive(self->dev, self->fd, READ | WRITE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(READ | WRITE, found_by_oneself(self->dev, fd, 0));
}

TEST_F(rights, found_by_oneself_where_it_only_reads_is_just_that)
{
	__u32 rights;
	int fd;

	for (rights = 1; rights <= ALL_RIGHTS; rights++) {
		if (!(rights & READ))
			continue;
		fd = handle_derive(self->dev, self->fd, rights);
		ASSERT_LE(0, fd);
		EXPECT_EQ(READ, found_by_oneself(self->dev, fd,
						 MEMBANK_REGION_READ_ONLY));
		close(fd);
	}
}

/* Its own map, and what it inherited there. */
TEST_F(rights, found_by_a_child_where_it_only_reads_is_just_that)
{
	char *mem;
	pid_t child;
	int dev, fd;

	ASSERT_EQ(0, handle_attach(self->dev, self->fd, NULL,
				   MEMBANK_REGION_READ_ONLY, &mem));
	child = fork();
	if (!child) {
		dev = test_open(0);
		fd = handle_find(dev, mem, NULL);
		if (dev < 0 || fd < 0)
			_exit(64);
		if (test_map(fd, LENGTH) != MAP_FAILED || errno != EACCES)
			_exit(65);
		if (handle_revoke(dev, fd) != -EACCES)
			_exit(66);
		_exit(handle_rights(dev, fd));
	}
	EXPECT_EQ(READ, test_wait_child(child));
	EXPECT_TRUE(test_all_bytes(mem, 0x5a, LENGTH));
}

/* ----------------------------------------------------------- services */

static int offer_errno(int dev, int fd, __u32 rights)
{
	const struct membank_offer offer = { .fd = fd, .rights = rights };
	int service = service_register(dev, NAME, 0222, &offer, 1);

	if (service < 0)
		return service;
	close(service);
	return 0;
}

TEST_F(rights, that_a_service_cannot_offer_are_refused)
{
	const int dev = self->dev;
	__u32 has, asks, bit;
	int fd, want;

	for (has = 1; has <= ALL_RIGHTS; has++) {
		fd = handle_derive(dev, self->fd, has);
		ASSERT_LE(0, fd);
		for (asks = 0; asks <= ALL_RIGHTS; asks++) {
			want = 0;
			if (asks & OWN)
				want = -EOPNOTSUPP;
			else if (!asks)
				want = -EINVAL;
			else if (asks & ~has)
				want = -EACCES;
			EXPECT_EQ(want, offer_errno(dev, fd, asks));
		}
		close(fd);
	}
	for (bit = ALL_RIGHTS + 1; bit; bit <<= 1)
		EXPECT_EQ(-EOPNOTSUPP, offer_errno(dev, self->fd, bit));
	EXPECT_EQ(0, offer_errno(dev, self->fd, READ));
}

TEST_F(rights, that_a_client_gets_are_those_of_the_offer)
{
	const __u32 offered[] = { READ, READ | WRITE, WRITE };
	struct membank_offer offers[3], got[3];
	int service, connection, i;

	for (i = 0; i < 3; i++)
		offers[i] = (struct membank_offer){
			.fd = self->fd,
			.rights = offered[i],
		};
	service = service_register(self->dev, NAME, 0222, offers, 3);
	ASSERT_LE(0, service);
	/* The offer does not need the server's own descriptor any more. */
	close(self->fd);

	memset(got, TEST_JUNK, sizeof(got));
	connection = service_connect(self->dev, NAME, 0, got, 3, NULL);
	ASSERT_LE(0, connection);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(MEMBANK_OFFER_DATASPACE, got[i].kind);
		EXPECT_EQ(offered[i], got[i].rights);
		EXPECT_EQ(offered[i], handle_rights(self->dev, got[i].fd));
		EXPECT_EQ(FD_CLOEXEC, fcntl(got[i].fd, F_GETFD));
		EXPECT_EQ(-EACCES, handle_derive(self->dev, got[i].fd, OWN));
		EXPECT_EQ(-EACCES, handle_revoke(self->dev, got[i].fd));
	}
	EXPECT_EQ(0, map_errno(got[0].fd, PROT_READ));
	EXPECT_EQ(-EACCES, map_errno(got[0].fd, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-EACCES, attach_errno(self->dev, got[0].fd, 0));
	EXPECT_EQ(-EACCES, handle_clear(self->dev, got[0].fd, 0, 1));
	EXPECT_EQ(0, map_errno(got[1].fd, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-EACCES, map_errno(got[2].fd, PROT_READ));
	EXPECT_EQ(0, handle_clear(self->dev, got[2].fd, 0, LENGTH));
	EXPECT_TRUE(test_all_bytes(self->mem, 0, LENGTH));
}

/* ------------------------------------------------------------ devices */

FIXTURE(device)
{
	int dev;
	int fd;
	struct camera camera;
	struct camera screen;
	size_t length;
	char *mem;
	/* Set by the setup, for the teardown in the parent. */
	bool loaded;
};

FIXTURE_VARIANT(device)
{
	const char *source;
	int allocator;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(device, cma_by_cpu_mapping) {
	.source = "cma", .allocator = CAMERA_BY_CPU };
FIXTURE_VARIANT_ADD(device, cma_by_dma_mapping) {
	.source = "cma", .allocator = CAMERA_BY_DMA };
FIXTURE_VARIANT_ADD(device, contig_by_cpu_mapping) {
	.source = "contig", .allocator = CAMERA_BY_CPU };
FIXTURE_VARIANT_ADD(device, contig_by_dma_mapping) {
	.source = "contig", .allocator = CAMERA_BY_DMA };
/* clang-format on */

FIXTURE_SETUP(device)
{
	const int bank = bank_of(variant->source);

	if (bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	self->dev = test_open(bank);
	ASSERT_LE(0, self->dev);
	self->loaded = camera_load(variant->allocator);
	if (!self->loaded)
		return;
	ASSERT_EQ(0,
		  camera_open(&self->camera, V4L2_BUF_TYPE_VIDEO_CAPTURE, 4));
	ASSERT_EQ(0, camera_open(&self->screen, V4L2_BUF_TYPE_VIDEO_OUTPUT, 4));
	self->length = camera_length(&self->camera);
	ASSERT_LE(self->screen.image, self->length);
	self->fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, self->length);
	ASSERT_NE(MAP_FAILED, self->mem);
	memset(self->mem, 0x5a, self->length);
}

FIXTURE_TEARDOWN_PARENT(device)
{
	if (self->loaded)
		EXPECT_TRUE(camera_is_free());
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(device, does_not_write_what_may_only_be_read, TEST_SLOW)
{
	struct v4l2_buffer buffer;
	int reader, other;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	reader = handle_derive(self->dev, self->fd, READ);
	ASSERT_LE(0, reader);
	/* The kernel's own words for what an exporter refused. */
	EXPECT_EQ(variant->allocator == CAMERA_BY_DMA ? -EINVAL : -EFAULT,
		  camera_queue(&self->camera, 0, reader));
	EXPECT_EQ(variant->allocator == CAMERA_BY_DMA ? -EINVAL : -EFAULT,
		  camera_queue(&self->camera, 1, reader));

	/* It works with another one, and this one stays as it is. */
	other = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, camera_queue(&self->camera, 2, other));
	ASSERT_EQ(0, camera_queue(&self->camera, 3, other));
	ASSERT_EQ(0, camera_stream(&self->camera, true));
	ASSERT_EQ(0, camera_dequeue(&self->camera, &buffer));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x5a, self->length));
	ASSERT_EQ(0, camera_stream(&self->camera, false));
}

TEST_F_TIMEOUT(device, reads_what_may_be_read, TEST_SLOW)
{
	struct v4l2_buffer buffer;
	int reader;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	reader = handle_derive(self->dev, self->fd, READ);
	ASSERT_LE(0, reader);
	if (variant->allocator == CAMERA_BY_CPU) {
		/* A mapping for the CPU has no direction: it could write. */
		EXPECT_EQ(-EFAULT, camera_queue(&self->screen, 0, reader));
		reader = self->fd;
	}
	ASSERT_EQ(0, camera_queue(&self->screen, 1, reader));
	ASSERT_EQ(0, camera_queue(&self->screen, 2, reader));
	ASSERT_EQ(0, camera_stream(&self->screen, true));
	ASSERT_EQ(0, camera_dequeue(&self->screen, &buffer));
	ASSERT_EQ(0, camera_stream(&self->screen, false));
	EXPECT_TRUE(test_all_bytes(self->mem, 0x5a, self->length));
}

TEST_F_TIMEOUT(device, does_not_read_what_may_only_be_written, TEST_SLOW)
{
	int writer, owner;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	writer = handle_derive(self->dev, self->fd, WRITE);
	ASSERT_LE(0, writer);
	owner = handle_derive(self->dev, self->fd, OWN);
	ASSERT_LE(0, owner);
	EXPECT_EQ(variant->allocator == CAMERA_BY_DMA ? -EINVAL : -EFAULT,
		  camera_queue(&self->screen, 0, writer));
	EXPECT_EQ(variant->allocator == CAMERA_BY_DMA ? -EINVAL : -EFAULT,
		  camera_queue(&self->screen, 1, owner));
	EXPECT_EQ(variant->allocator == CAMERA_BY_DMA ? -EINVAL : -EFAULT,
		  camera_queue(&self->camera, 0, owner));
}

int main(int argc, char **argv)
{
	camera_until_exit();
	return test_harness_run(argc, argv);
}
