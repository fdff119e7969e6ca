// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoking: the memory is taken back from everybody, at once, and what still
 * has a page of it only delays when the bank gets that page. What goes on at
 * the same time is in revoke_race_test.c.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "camera.h"
#include "common.h"
#include "handle.h"
#include "io.h"
#include "notify.h"
#include "service.h"
#include "smaps.h"
#include "touch.h"

#define LENGTH MIB
#define FILL 0x5a

FIXTURE(revoke)
{
	int bank;
	int dev;
	int fd;
	char *mem;
	size_t page;
	__u64 bank_size;
};

FIXTURE_VARIANT(revoke)
{
	const char *source;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(revoke, cma) { .source = "cma" };
FIXTURE_VARIANT_ADD(revoke, contig) { .source = "contig" };
/* clang-format on */

FIXTURE_SETUP(revoke)
{
	self->bank = bank_of(variant->source);
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->bank_size = test_number(self->bank, "size");
	self->dev = test_open(self->bank);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, LENGTH);
	ASSERT_NE(MAP_FAILED, self->mem);
	memset(self->mem, FILL, LENGTH);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(revoke)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(revoke, takes_every_mapping_of_the_process)
{
	char *mem[6], byte;
	int reader, i;

	reader = handle_derive(self->dev, self->fd, READ);
	ASSERT_LE(0, reader);
	mem[0] = self->mem;
	mem[1] = test_map(dup(self->fd), LENGTH);
	mem[2] = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, reader, 0);
	mem[3] = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, self->fd, 0);
	ASSERT_EQ(0, handle_attach(self->dev, self->fd, NULL,
				   MEMBANK_REGION_EAGER_MAP, &mem[4]));
	/* Nobody has touched this one. */
	mem[5] = test_map(self->fd, LENGTH);
	for (i = 0; i < 6; i++)
		ASSERT_NE(MAP_FAILED, mem[i]);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, touch_read(mem[i] + LENGTH - 1, &byte));

	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	for (i = 0; i < 6; i++) {
		EXPECT_FALSE(test_present(mem[i]));
		EXPECT_FALSE(test_present(mem[i] + LENGTH - 1));
		EXPECT_EQ(SIGBUS, touch_read(mem[i] + 7, &byte));
		EXPECT_EQ(BUS_ADRERR, touch_info.si_code);
		EXPECT_EQ(mem[i] + 7, touch_info.si_addr);
		EXPECT_EQ(SIGBUS, touch_read(mem[i] + LENGTH - 1, &byte));
		EXPECT_EQ(mem[i] + LENGTH - 1, touch_info.si_addr);
	}
	EXPECT_TRUE(touch_revoked(mem[0]));
	EXPECT_TRUE(touch_revoked(mem[1] + self->page + 3));
	/* What may not be written is no better for having been revoked. */
	EXPECT_NE(0, touch_write(mem[2], 1));
	EXPECT_TRUE(touch_revoked(mem[4]));
	EXPECT_TRUE(touch_revoked(mem[5]));
	/* And again, for good. */
	EXPECT_TRUE(touch_revoked(mem[0]));
	for (i = 0; i < 6; i++)
		EXPECT_EQ(0, munmap(mem[i], LENGTH));
}

TEST_F(revoke, takes_mappings_of_2_mib)
{
	const size_t length = 4 * GRAIN;
	int fd = test_alloc(self->dev, length, SUPER, 0);
	char *mem, *part;
	size_t at;

	ASSERT_LE(0, fd);
	mem = smaps_attach(self->dev, fd);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, FILL, length);
	ASSERT_EQ(length, smaps_huge(mem));
	part = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    GRAIN + self->page);
	ASSERT_NE(MAP_FAILED, part);
	part[0] = 1;
	/* One of them split, one with a hole; the others stay whole. */
	ASSERT_EQ(0, mprotect(mem + GRAIN, self->page, PROT_READ));
	ASSERT_EQ(0, munmap(mem + 2 * GRAIN + self->page, self->page));
	for (at = 2 * self->page; at < length; at += GRAIN) {
		mem[at] = 1;
		ASSERT_TRUE(test_present(mem + at));
	}
	ASSERT_EQ(GRAIN, smaps_huge(mem));
	ASSERT_EQ(GRAIN, smaps_huge(mem + 2 * GRAIN + 2 * self->page));

	ASSERT_EQ(0, handle_revoke(self->dev, fd));
	EXPECT_EQ(LENGTH, test_used());
	for (at = 2 * self->page; at < length; at += GRAIN) {
		EXPECT_FALSE(test_present(mem + at));
		EXPECT_TRUE(touch_revoked(mem + at));
	}
	EXPECT_TRUE(touch_revoked(part));
}

/* A child that waits for a byte, and says whether all it has is gone. */
static pid_t start_holder(int dev, char *mem, int socket)
{
	pid_t child = fork();
	char byte, *own;
	int fd;

	if (child)
		return child;
	fd = test_receive_fd(socket);
	if (fd < 0)
		_exit(1);
	own = test_map(fd, LENGTH);
	if (own == MAP_FAILED)
		_exit(2);
	if (!test_all_bytes(own, FILL, LENGTH) ||
	    !test_all_bytes(mem, FILL, LENGTH))
		_exit(3);
	if (send(socket, "", 1, 0) != 1 || recv(socket, &byte, 1, 0) != 1)
		_exit(4);
	if (!touch_revoked(own) || !touch_revoked(mem + LENGTH - 1))
		_exit(5);
	if (handle_rights(dev, fd) != -ENODEV)
		_exit(6);
	if (test_map(fd, LENGTH) != MAP_FAILED || errno != ENODEV)
		_exit(7);
	_exit(0);
}

#define HOLDERS 4

TEST_F(revoke, takes_the_mappings_of_every_process)
{
	int pair[HOLDERS][2], i;
	pid_t child[HOLDERS];
	char byte;

	for (i = 0; i < HOLDERS; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					pair[i]));
		child[i] = start_holder(self->dev, self->mem, pair[i][1]);
		ASSERT_EQ(0, test_send_fd(pair[i][0], self->fd));
	}
	for (i = 0; i < HOLDERS; i++)
		ASSERT_EQ(1, recv(pair[i][0], &byte, 1, 0));
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_EQ(0, test_used());
	for (i = 0; i < HOLDERS; i++)
		ASSERT_EQ(1, send(pair[i][0], "", 1, 0));
	for (i = 0; i < HOLDERS; i++)
		EXPECT_EQ(0, test_wait_child(child[i]));
}

/* Each of these with the handle that revoked, and with one derived before. */
TEST_F(revoke, leaves_handles_that_can_do_nothing)
{
	struct dma_buf_sync sync;
	__u64 addr, length;
	int fds[2], other, i, fd;
	char *mem = NULL;

	other = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, other);
	fds[0] = self->fd;
	fds[1] = handle_derive(self->dev, self->fd, ALL_RIGHTS);
	ASSERT_LE(0, fds[1]);
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	for (i = 0; i < 2; i++) {
		fd = fds[i];
		EXPECT_EQ(-ENODEV, handle_rights(self->dev, fd));
		EXPECT_EQ(-ENODEV, handle_derive(self->dev, fd, READ));
		EXPECT_EQ(-ENODEV, handle_clear(self->dev, fd, 0, 1));
		EXPECT_EQ(-ENODEV, handle_copy(self->dev, fd, 0, other, 0, 1));
		EXPECT_EQ(-ENODEV, handle_copy(self->dev, other, 0, fd, 0, 1));
		EXPECT_EQ(-ENODEV, handle_copy(self->dev, fd, 0, fd, 0, 1));
		EXPECT_EQ(-ENODEV,
			  handle_phys(self->dev, fd, 0, &addr, &length));
		EXPECT_EQ(-ENODEV, handle_revoke(self->dev, fd));
		EXPECT_EQ(-ENODEV, handle_attach(self->dev, fd, NULL, 0, &mem));
		EXPECT_EQ(-ENODEV, handle_attach(self->dev, fd, self->mem,
						 MEMBANK_REGION_OVERMAP, &mem));
		EXPECT_EQ(MAP_FAILED, test_map(fd, LENGTH));
		EXPECT_EQ(ENODEV, errno);
		EXPECT_EQ(MAP_FAILED,
			  mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0));
		EXPECT_EQ(ENODEV, errno);
		sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW;
		EXPECT_EQ(-1, ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
		EXPECT_EQ(ENODEV, errno);
	}
	/* The other one did not suffer. */
	EXPECT_EQ(0, handle_clear(self->dev, other, 0, LENGTH));
}

TEST_F(revoke, ends_what_a_service_lent)
{
	struct membank_offer offer = { .fd = self->fd, .rights = READ | WRITE };
	struct membank_offer got, late;
	int service, connection;
	char *mem;

	service = service_register(self->dev, "revoke-test", 0222, &offer, 1);
	ASSERT_LE(0, service);
	connection =
		service_connect(self->dev, "revoke-test", 0, &got, 1, NULL);
	ASSERT_LE(0, connection);
	mem = test_map(got.fd, LENGTH);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, FILL, LENGTH));

	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_TRUE(touch_revoked(mem));
	EXPECT_EQ(-ENODEV, handle_rights(self->dev, got.fd));
	EXPECT_EQ(0, test_used());

	/* Who comes later gets nothing. */
	memset(&late, TEST_JUNK, sizeof(late));
	connection =
		service_connect(self->dev, "revoke-test", 0, &late, 1, NULL);
	EXPECT_EQ(-ENODEV, connection);
}

TEST_F(revoke, takes_memory_by_mmap_on_a_node)
{
	char *mem = test_map(self->dev, 2 * GRAIN);
	int fd;

	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, FILL, 2 * GRAIN);
	fd = handle_find(self->dev, mem, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, handle_revoke(self->dev, fd));
	EXPECT_EQ(LENGTH, test_used());
	EXPECT_TRUE(touch_revoked(mem));
	EXPECT_TRUE(touch_revoked(mem + 2 * GRAIN - 1));
	EXPECT_EQ(0, munmap(mem, 2 * GRAIN));
}

TEST_F(revoke, gives_the_memory_back_at_once_and_clean)
{
	struct membank_dataspace_info old;
	char *next, byte;

	ASSERT_EQ(0, test_info(self->dev, self->fd, &old));
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	/* While we still have the descriptor and the mapping. */
	EXPECT_EQ(0, test_used());
	EXPECT_EQ(self->bank_size, test_number(self->bank, "largest_free"));
	next = test_map(self->dev, self->bank_size);
	ASSERT_NE(MAP_FAILED, next);
	EXPECT_TRUE(test_all_bytes(next, 0, self->bank_size));
	memset(next, 0x77, self->bank_size);

	EXPECT_EQ(SIGBUS, touch_read(self->mem, &byte));
	EXPECT_EQ(SIGBUS, touch_write(self->mem, 1));
	EXPECT_TRUE(test_all_bytes(next, 0x77, self->bank_size));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	close(self->fd);
	/* The end of the old one is nothing to the new one. */
	EXPECT_TRUE(test_all_bytes(next, 0x77, self->bank_size));
	EXPECT_EQ(self->bank_size, test_used());
}

TEST_F(revoke, leaves_address_space_that_can_be_handled)
{
	struct iovec local, remote;
	char *mem = self->mem, *to, bytes[16], byte;
	int pipe_fds[2];
	pid_t child;

	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(1, write(pipe_fds[1], "x", 1));
	EXPECT_EQ(-1, read(pipe_fds[0], mem, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(pipe_fds[1], mem, 1));
	EXPECT_EQ(EFAULT, errno);
	local = (struct iovec){ bytes, sizeof(bytes) };
	remote = (struct iovec){ mem, sizeof(bytes) };
	EXPECT_EQ(-1, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	remote.iov_len = self->page;
	EXPECT_EQ(-1, vmsplice(pipe_fds[1], &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, mlock(mem, LENGTH));
	EXPECT_EQ(0, munlock(mem, LENGTH));
	EXPECT_EQ(-1, madvise(mem, LENGTH, 22 /* MADV_POPULATE_READ */));
	EXPECT_EQ(0, madvise(mem, LENGTH, MADV_DONTNEED));

	EXPECT_EQ(0, mprotect(mem, LENGTH, PROT_READ));
	EXPECT_EQ(SIGBUS, touch_read(mem, &byte));
	EXPECT_EQ(0, mprotect(mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_TRUE(touch_revoked(mem));
	to = mremap(mem, LENGTH / 2, LENGTH / 2, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, to);
	EXPECT_TRUE(touch_revoked(to));
	child = fork();
	if (!child)
		_exit(touch_revoked(to) && touch_revoked(mem + LENGTH / 2) ? 0 :
									     1);
	EXPECT_EQ(0, test_wait_child(child));
	/* A touch that nobody expects kills. */
	child = fork();
	if (!child) {
		signal(SIGBUS, SIG_DFL);
		__atomic_store_n(to, 1, __ATOMIC_RELAXED);
		_exit(0);
	}
	EXPECT_EQ(-SIGBUS, test_wait_child(child));
	EXPECT_EQ(0, test_used());
}

TEST_F(revoke, by_a_descriptor_of_it_that_was_passed_on)
{
	int pair[2], owner;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	owner = handle_derive(self->dev, self->fd, OWN);
	ASSERT_LE(0, owner);
	ASSERT_EQ(0, test_send_fd(pair[0], owner));
	child = fork();
	if (!child)
		_exit(-handle_revoke(self->dev, test_receive_fd(pair[1])));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(touch_revoked(self->mem));
	EXPECT_EQ(0, test_used());
}

#define STRANGERS 64

/*
 * A path holds no file: that of the handle is free for the next who opens one,
 * and whoever takes the handle for its file takes the stranger's pages.
 */
TEST_F(revoke, of_a_handle_that_is_only_a_path_takes_nothing_of_others)
{
	const int users = test_module_users();
	char *private[STRANGERS], path[64];
	int fd, held, file, i;

	ASSERT_LT(0, users);
	fd = handle_derive(self->dev, self->fd, READ | WRITE);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	held = open(path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, held);
	close(fd);
	for (i = 0; i < STRANGERS; i++) {
		file = memfd_create("stranger", MFD_CLOEXEC);
		ASSERT_LE(0, file);
		ASSERT_EQ(0, ftruncate(file, self->page));
		private[i] = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE, file, 0);
		ASSERT_NE(MAP_FAILED, private[i]);
		memset(private[i], 0x33, self->page);
	}

	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_EQ(0, test_used());
	EXPECT_TRUE(touch_revoked(self->mem));
	for (i = 0; i < STRANGERS; i++)
		EXPECT_TRUE(test_all_bytes(private[i], 0x33, self->page));

	/* The path is the last of the dataspace. */
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	close(self->fd);
	EXPECT_EQ(users, test_module_users());
	close(held);
	EXPECT_EQ(users - 1, test_module_users());
}

TEST_F(revoke, of_what_nobody_has_mapped)
{
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_EQ(0, test_used());
	EXPECT_EQ(0, test_number(self->bank, "dataspaces"));
}

/* --------------------------------------------- what still has a page */

TEST_F(revoke, a_page_in_a_pipe_comes_back_when_it_is_read)
{
	struct iovec iov = { .iov_base = self->mem + 2 * self->page,
			     .iov_len = self->page };
	int pipe_fds[2];
	char *out, *mem;

	out = malloc(self->page);
	ASSERT_NE(NULL, out);
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_TRUE(touch_revoked(self->mem));
	EXPECT_TRUE(touch_revoked(self->mem + 2 * self->page));
	/* All of it stays away as long as a page does. */
	EXPECT_EQ(LENGTH, test_used());

	/* Whoever gets all that is left does not get that page. */
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, self->bank_size, 0, 0));
	while ((mem = test_map(self->dev, LENGTH)) != MAP_FAILED)
		memset(mem, 0x77, LENGTH);
	while ((mem = test_map(self->dev, self->page)) != MAP_FAILED)
		memset(mem, 0x77, self->page);
	EXPECT_EQ(0, test_number(self->bank, "free"));
	ASSERT_EQ(self->page, read(pipe_fds[0], out, self->page));
	EXPECT_TRUE(test_all_bytes(out, FILL, self->page));

	EXPECT_TRUE(test_wait_used(self->bank_size - LENGTH));
	mem = test_map(self->dev, self->page);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(test_all_bytes(mem, 0, self->page));
}

TEST_F(revoke, a_page_of_a_2_mib_mapping_in_a_pipe_comes_back_too)
{
	int fd = test_alloc(self->dev, 2 * GRAIN, SUPER, 0), pipe_fds[2];
	struct iovec iov;
	char *mem, *out;

	ASSERT_LE(0, fd);
	mem = smaps_attach(self->dev, fd);
	out = malloc(self->page);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_NE(NULL, out);
	memset(mem, FILL, 2 * GRAIN);
	ASSERT_EQ(2 * GRAIN, smaps_huge(mem));
	iov = (struct iovec){ mem + GRAIN + 5 * self->page, self->page };
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(self->page, vmsplice(pipe_fds[1], &iov, 1, 0));
	ASSERT_EQ(0, handle_revoke(self->dev, fd));
	EXPECT_TRUE(touch_revoked(mem + GRAIN));
	EXPECT_EQ(-ENOMEM,
		  test_alloc(self->dev, self->bank_size - LENGTH, 0, 0));
	EXPECT_EQ(LENGTH + 2 * GRAIN, test_used());
	ASSERT_EQ(self->page, read(pipe_fds[0], out, self->page));
	EXPECT_TRUE(test_all_bytes(out, FILL, self->page));
	EXPECT_TRUE(test_wait_used(LENGTH));
}

FIXTURE(device)
{
	int bank;
	int dev;
	int fd;
	struct camera camera;
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
	self->bank = bank_of(variant->source);
	if (self->bank < 0)
		SKIP(return, NO_SOURCE, variant->source);
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->dev = test_open(self->bank);
	ASSERT_LE(0, self->dev);
	self->loaded = camera_load(variant->allocator);
	if (!self->loaded)
		return;
	ASSERT_EQ(0,
		  camera_open(&self->camera, V4L2_BUF_TYPE_VIDEO_CAPTURE, 2));
	self->length = camera_length(&self->camera);
	self->fd = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, self->fd);
	self->mem = test_map(self->fd, self->length);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN_PARENT(device)
{
	if (self->loaded)
		EXPECT_TRUE(camera_is_free());
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(device, delays_the_return_until_it_is_done, TEST_SLOW)
{
	struct v4l2_buffer buffer;
	__u64 size = test_number(self->bank, "size"), used;
	char *next;
	int other;

	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	other = test_alloc(self->dev, self->length, 0, 0);
	ASSERT_LE(0, other);
	used = 2 * self->length;
	ASSERT_EQ(0, camera_queue(&self->camera, 0, self->fd));
	ASSERT_EQ(0, camera_queue(&self->camera, 1, other));
	ASSERT_EQ(0, camera_stream(&self->camera, true));
	ASSERT_EQ(0, camera_dequeue(&self->camera, &buffer));
	ASSERT_EQ(0, camera_queue(&self->camera, buffer.index,
				  buffer.index ? other : self->fd));
	ASSERT_EQ(0, camera_dequeue(&self->camera, &buffer));
	ASSERT_EQ(0, camera_queue(&self->camera, buffer.index,
				  buffer.index ? other : self->fd));

	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_TRUE(touch_revoked(self->mem));
	EXPECT_EQ(-ENODEV, handle_rights(self->dev, self->fd));
	EXPECT_EQ(used, test_used());

	/* It goes on to write there, and nowhere else. */
	next = test_map(self->dev, (size - used) / 2);
	ASSERT_NE(MAP_FAILED, next);
	memset(next, 0x77, (size - used) / 2);
	ASSERT_EQ(0, camera_dequeue(&self->camera, &buffer));
	EXPECT_TRUE(test_all_bytes(next, 0x77, (size - used) / 2));
	ASSERT_EQ(0, munmap(next, (size - used) / 2));
	EXPECT_EQ(used, test_used());
	EXPECT_EQ(-ENOMEM, test_alloc(self->dev, size - self->length, 0, 0));

	ASSERT_EQ(0, camera_stream(&self->camera, false));
	close(self->camera.fd);
	EXPECT_TRUE(test_wait_used(self->length));
	close(other);
	next = test_map(self->dev, size);
	ASSERT_NE(MAP_FAILED, next);
	EXPECT_TRUE(test_all_bytes(next, 0, size));
}

TEST_F_TIMEOUT(device, takes_nothing_that_was_revoked, TEST_SLOW)
{
	if (!self->loaded)
		SKIP(return, CAMERA_NONE);
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_EQ(variant->allocator == CAMERA_BY_DMA ? -EINVAL : -EFAULT,
		  camera_queue(&self->camera, 0, self->fd));
	EXPECT_EQ(0, test_used());
}

int main(int argc, char **argv)
{
	camera_until_exit();
	return test_harness_run(argc, argv);
}
