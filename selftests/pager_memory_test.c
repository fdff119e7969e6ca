// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions with a pager as parts of an address space: moved, cut, detached, in
 * areas, listed, and reached by other ways than a touch.
 */
#include <linux/membarrier.h>

#include "kselftest_harness.h"

#include "handle.h"
#include "io.h"
#include "loading.h"
#include "touch.h"

#include "pager_fixture.h"

/* A thread touches a byte, and gets the page that is asked for. */
static bool bring(FIXTURE_DATA(pager) * self, char *at, size_t page)
{
	struct membank_pager_fault *fault = &self->fault;

	return !toucher_begin(&self->toucher, at, 0, self->pager.fd, fault) &&
	       fault->address == (uintptr_t)at &&
	       fault->offset == OFFSET + page * PAGE &&
	       !pager_reply(self->pager.fd, fault->id, self->fd, page * PAGE,
			    0) &&
	       toucher_join(&self->toucher) == page_byte(page);
}

/* A thread that answers what it reads, until the pager has no user. */
struct server {
	pthread_t thread;
	int fd;
	int dataspace;
	int ret;
};

static void *server_run(void *argument)
{
	struct server *server = argument;

	server->ret = pager_serve(server->fd, server->dataspace);
	return NULL;
}

static int server_start(struct server *server, int fd, int dataspace)
{
	server->fd = fd;
	server->dataspace = dataspace;
	return pthread_create(&server->thread, NULL, server_run, server);
}

/* ------------------------------------------------------ moved and cut */

TEST_F(pager, a_moved_region_asks_for_the_same_offsets)
{
	char *to = mmap(NULL, LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	ASSERT_NE(MAP_FAILED, to);
	ASSERT_TRUE(bring(self, self->mem + PAGE, 1));
	ASSERT_EQ(to, mremap(self->mem, LENGTH, LENGTH,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(page_byte(1), (unsigned char)to[PAGE]);
	ASSERT_TRUE(bring(self, to + 7 * PAGE, 7));
	EXPECT_EQ(SIGSEGV, touch_write(self->mem, 1));
}

TEST_F(pager, a_region_does_not_grow_nor_double)
{
	EXPECT_EQ(MAP_FAILED,
		  mremap(self->mem, LENGTH, 2 * LENGTH, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->mem, 0, LENGTH, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->mem, LENGTH, LENGTH,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	/* Nor does its file give another mapping. */
	EXPECT_EQ(-1,
		  syscall(SYS_remap_file_pages, self->mem, LENGTH, 0, 0, 0));
	EXPECT_EQ(-1, mprotect(self->mem, LENGTH, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	ASSERT_TRUE(bring(self, self->mem, 0));
}

TEST_F(pager, what_munmap_leaves_goes_on)
{
	ASSERT_TRUE(bring(self, self->mem + 8 * PAGE, 8));
	ASSERT_EQ(0, munmap(self->mem + 4 * PAGE, 4 * PAGE));
	EXPECT_EQ(SIGSEGV, touch_write(self->mem + 5 * PAGE, 1));
	ASSERT_TRUE(bring(self, self->mem + 3 * PAGE, 3));
	EXPECT_EQ(page_byte(8), (unsigned char)self->mem[8 * PAGE]);
	ASSERT_TRUE(bring(self, self->mem + 9 * PAGE, 9));
}

TEST_F(pager, pages_that_the_kernel_dropped_come_back_alone)
{
	ASSERT_TRUE(bring(self, self->mem, 0));
	self->mem[1] = 'k';
	ASSERT_EQ(0, madvise(self->mem, PAGE, MADV_DONTNEED));
	EXPECT_FALSE(test_present(self->mem));
	EXPECT_EQ('k', self->mem[1]);
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, what_is_unmapped_under_a_waiter_is_a_fault_for_it)
{
	ASSERT_EQ(0, toucher_start(&self->toucher, self->mem, 0));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	ASSERT_TRUE(thread_wait_asleep(self->toucher.tid));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	ASSERT_EQ(0, close(self->pager.attach));
	/* The region is there until it goes on. */
	EXPECT_EQ(0, pager_events(self->pager.fd));
	EXPECT_EQ(0,
		  pager_reply(self->pager.fd, self->fault.id, self->fd, 0, 0));
	EXPECT_EQ(-SIGSEGV, toucher_join(&self->toucher));
	ASSERT_EQ(1, poll(&(struct pollfd){ .fd = self->pager.fd }, 1,
			  TEST_PATIENCE));
	EXPECT_EQ(POLLHUP, pager_events(self->pager.fd));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(pager, regions_of_one_pager_are_told_apart_by_their_offsets)
{
	struct membank_region_attach args = pager_args(self->pager.attach, 0);
	char *second;

	args.offset = OFFSET + LENGTH / 2;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	second = (char *)(uintptr_t)args.out_start;
	ASSERT_TRUE(bring(self, self->mem + PAGES / 2 * PAGE, PAGES / 2));
	/* The same offset, but what is answered is so in one region. */
	ASSERT_TRUE(bring(self, second, PAGES / 2));
}

/* ------------------------------------------------- the region map */

static int detach(int dev, const char *at, size_t length, __u32 flags,
		  struct membank_region_detach *args)
{
	memset(args, TEST_JUNK, sizeof(*args));
	args->size = sizeof(*args);
	args->flags = flags;
	args->addr = (uintptr_t)at;
	args->length = length;
	args->__reserved = 0;
	return test_ioctl(dev, MEMBANK_IOC_REGION_DETACH, args);
}

static int find(int dev, const char *at, struct membank_region_find *args)
{
	memset(args, TEST_JUNK, sizeof(*args));
	args->size = sizeof(*args);
	args->flags = 0;
	args->addr = (uintptr_t)at;
	args->length = 0;
	return test_ioctl(dev, MEMBANK_IOC_REGION_FIND, args);
}

TEST_F(pager, a_detached_part_leaves_the_rest)
{
	struct membank_region_detach gone;

	ASSERT_TRUE(bring(self, self->mem, 0));
	ASSERT_EQ(0, detach(self->dev, self->mem + PAGE, 2 * PAGE, 0, &gone));
	EXPECT_EQ((uintptr_t)self->mem + PAGE, gone.out_start);
	EXPECT_EQ(2 * PAGE, gone.out_length);
	EXPECT_EQ(1, gone.out_split);
	EXPECT_EQ(0, gone.out_dropped);
	EXPECT_EQ(0, gone.out_kept);
	EXPECT_EQ(-1, gone.out_fd);
	EXPECT_EQ(SIGSEGV, touch_write(self->mem + PAGE, 1));
	EXPECT_EQ(page_byte(0), (unsigned char)self->mem[0]);
	ASSERT_TRUE(bring(self, self->mem + 3 * PAGE, 3));

	ASSERT_EQ(0, detach(self->dev, self->mem, LENGTH, 0, &gone));
	EXPECT_EQ(1, gone.out_kept);
	EXPECT_EQ(1, gone.out_dropped);
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(pager, detach_returns_what_it_was_attached_with)
{
	struct membank_region_detach gone;
	char *mem;

	ASSERT_EQ(0, close(self->pager.attach));
	ASSERT_EQ(0, detach(self->dev, self->mem, 0, MEMBANK_DETACH_DATASPACE,
			    &gone));
	EXPECT_EQ(1, gone.out_dropped);
	ASSERT_LE(0, gone.out_fd);
	EXPECT_EQ(0, pager_events(self->pager.fd));
	ASSERT_EQ(0, pager_attach(self->dev, gone.out_fd, 0, &mem));
	ASSERT_TRUE(bring(self, mem, 0));
}

TEST_F(pager, find_and_list_know_its_pager)
{
	struct membank_region_entry entry;
	struct membank_region_list list;
	struct membank_region_find found;
	char *mem;
	pid_t child;

	ASSERT_EQ(0, pager_attach(self->dev, self->pager.attach,
				  MEMBANK_REGION_READ_ONLY, &mem));
	ASSERT_EQ(0, find(self->dev, mem + PAGE, &found));
	EXPECT_EQ(PAGER | MEMBANK_REGION_READ_ONLY, found.out_flags);
	ASSERT_EQ(0, close(found.out_fd));
	ASSERT_EQ(0, find(self->dev, self->mem + 5, &found));
	EXPECT_EQ((uintptr_t)self->mem, found.out_start);
	EXPECT_EQ(LENGTH, found.out_length);
	EXPECT_EQ(OFFSET, found.out_offset);
	EXPECT_EQ(PAGER, found.out_flags);
	/* It is the end that regions are attached with, and no other. */
	ASSERT_LE(0, found.out_fd);
	ASSERT_EQ(0, pager_attach(self->dev, found.out_fd, 0, &mem));
	EXPECT_EQ(0, munmap(mem, LENGTH));

	memset(&list, TEST_JUNK, sizeof(list));
	memset(&entry, TEST_JUNK, sizeof(entry));
	list.size = sizeof(list);
	list.flags = 0;
	list.start = (uintptr_t)self->mem;
	list.length = PAGE;
	list.entries = (uintptr_t)&entry;
	list.nr_entries = 1;
	list.entry_size = sizeof(entry);
	list.__reserved = 0;
	test_ok(self->dev, MEMBANK_IOC_REGION_LIST, &list);
	EXPECT_EQ(1, list.out_nr_entries);
	EXPECT_EQ(0, list.out_next);
	EXPECT_EQ((uintptr_t)self->mem, entry.start);
	EXPECT_EQ(LENGTH, entry.length);
	EXPECT_EQ(OFFSET, entry.offset);
	EXPECT_EQ(MEMBANK_AREA_NONE, entry.area);
	EXPECT_EQ(MEMBANK_ENTRY_REGION, entry.kind);
	EXPECT_EQ(PAGER, entry.flags);
	EXPECT_EQ(MEMBANK_BANK_ANY, entry.bank);
	EXPECT_EQ(0, entry.bank_offset);

	child = fork();
	if (!child) {
		/* Looks into the parent: it gets to see, and nothing to hold. */
		if (find(self->dev, self->mem, &found))
			_exit(1);
		if (found.out_fd != -1 || found.out_flags != PAGER)
			_exit(2);
		_exit(found.out_offset != OFFSET);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(pager, in_an_area_its_place_stays_reserved)
{
	struct membank_area_reserve area = {
		.size = sizeof(area),
		.flags = SEARCH,
		.length = 2 * LENGTH,
	};
	struct membank_region_attach args = pager_args(self->pager.attach, 0);
	struct membank_region_detach gone;
	struct membank_region_find found;
	char *mem;

	test_ok(self->dev, MEMBANK_IOC_AREA_RESERVE, &area);
	args.start = area.out_start;
	args.flags |= MEMBANK_REGION_IN_AREA;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	EXPECT_EQ(area.out_start, args.out_start);
	mem = (char *)(uintptr_t)args.out_start;
	ASSERT_TRUE(bring(self, mem + PAGE, 1));
	ASSERT_EQ(0, detach(self->dev, mem, 0, 0, &gone));
	ASSERT_EQ(0, find(self->dev, mem, &found));
	EXPECT_EQ(MEMBANK_REGION_IN_AREA, found.out_flags);
	EXPECT_EQ(area.out_start, found.out_start);
	EXPECT_EQ(SIGSEGV, touch_write(mem, 1));
}

/* ------------------------------------------------ other ways to its pages */

struct attacher {
	pthread_t thread;
	int dev;
	int attach;
	char *mem;
	int ret;
};

static void *attacher_run(void *argument)
{
	struct attacher *attacher = argument;

	attacher->ret = pager_attach(attacher->dev, attacher->attach,
				     MEMBANK_REGION_EAGER_MAP, &attacher->mem);
	return NULL;
}

static int attacher_start(struct attacher *attacher, int dev, int attach)
{
	attacher->dev = dev;
	attacher->attach = attach;
	return pthread_create(&attacher->thread, NULL, attacher_run, attacher);
}

TEST_F(pager, eager_map_asks_for_all_pages)
{
	struct attacher attacher;
	char *other;

	ASSERT_EQ(0, attacher_start(&attacher, self->dev, self->pager.attach));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(OFFSET, self->fault.offset);
	EXPECT_EQ(MEMBANK_PAGER_WRITE, self->fault.access);
	/* Meanwhile others can attach: no lock is held. */
	ASSERT_EQ(0, pager_attach(self->dev, self->pager.attach, 0, &other));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, 0,
				 LENGTH - PAGE));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(OFFSET + LENGTH - PAGE, self->fault.offset);
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd,
				 LENGTH - PAGE, 0));
	pthread_join(attacher.thread, NULL);
	ASSERT_EQ(0, attacher.ret);
	EXPECT_TRUE(test_present(attacher.mem));
	EXPECT_TRUE(test_present(attacher.mem + LENGTH - PAGE));
	EXPECT_EQ(page_byte(9), (unsigned char)attacher.mem[9 * PAGE]);
}

TEST_F(pager, eager_map_that_fails_leaves_no_region)
{
	struct membank_region_find found;
	struct attacher attacher;
	char *at;

	ASSERT_EQ(0, attacher_start(&attacher, self->dev, self->pager.attach));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	at = (char *)(uintptr_t)self->fault.address;
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, 0,
				 PAGE));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	ASSERT_EQ(0, find(self->dev, at, &found));
	ASSERT_EQ(0, close(found.out_fd));
	ASSERT_EQ(0, pager_fail(self->pager.fd, self->fault.id));
	pthread_join(attacher.thread, NULL);
	EXPECT_EQ(-EIO, attacher.ret);
	EXPECT_EQ(-ENOENT, find(self->dev, at, &found));

	ASSERT_EQ(0, attacher_start(&attacher, self->dev, self->pager.attach));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	ASSERT_EQ(0, close(self->pager.fd));
	pthread_join(attacher.thread, NULL);
	EXPECT_EQ(-ENODEV, attacher.ret);
}

/* What mlockall() fills is filled with the locks of the address space held. */
TEST_F(pager, attaching_does_not_wait_where_all_is_locked)
{
	char *mem;

	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	ASSERT_EQ(0, pager_attach(self->dev, self->pager.attach, 0, &mem));
	EXPECT_FALSE(test_present(mem));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
	ASSERT_EQ(0, munlockall());
	ASSERT_TRUE(bring(self, mem, 0));
}

static ssize_t read_other(pid_t pid, char *from, char *to, size_t length)
{
	struct iovec local = { .iov_base = to, .iov_len = length };
	struct iovec remote = { .iov_base = from, .iov_len = length };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

TEST_F(pager, another_process_reads_through_the_pager)
{
	struct server server;
	const pid_t parent = getpid();
	char bytes[2 * PAGE];
	pid_t child;

	ASSERT_EQ(0, server_start(&server, self->pager.fd, self->fd));
	child = fork();
	if (!child) {
		if (read_other(parent, self->mem, bytes, sizeof(bytes)) !=
		    sizeof(bytes))
			_exit(1);
		_exit(!test_all_bytes(bytes, page_byte(0), PAGE) ||
		      !test_all_bytes(bytes + PAGE, page_byte(1), PAGE));
	}
	EXPECT_EQ(0, test_wait_child(child));
	ASSERT_EQ(0, close(self->pager.attach));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	pthread_join(server.thread, NULL);
	EXPECT_EQ(-EPROTO, server.ret);
}

/* Who holds the lock of the address space must not wait. */
TEST_F(pager, a_debugger_sees_what_was_answered)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char byte = 'd';

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, pread(fd, &byte, 1, (uintptr_t)self->mem));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(fd, &byte, 1, (uintptr_t)self->mem));
	EXPECT_EQ(EIO, errno);
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
	ASSERT_TRUE(bring(self, self->mem, 0));
	/* Also what is not in the page tables. */
	ASSERT_EQ(0, madvise(self->mem, PAGE, MADV_DONTNEED));
	ASSERT_EQ(1, pread(fd, &byte, 1, (uintptr_t)self->mem));
	EXPECT_EQ(page_byte(0), (unsigned char)byte);
}

TEST_F(pager, direct_io_and_rings_bring_pages)
{
	struct server server;
	struct ring ring;
	struct disk disk;

	if (!disk_open(&disk, false))
		SKIP(return, NO_DISK);
	ASSERT_EQ(0, server_start(&server, self->pager.fd, self->fd));
	EXPECT_EQ(4 * PAGE, pwrite(disk.direct, self->mem, 4 * PAGE, 0));
	EXPECT_EQ(2 * PAGE,
		  pread(disk.direct, self->mem + 8 * PAGE, 2 * PAGE, 2 * PAGE));
	EXPECT_EQ(page_byte(2), (unsigned char)self->mem[8 * PAGE]);
	EXPECT_EQ(page_byte(3), (unsigned char)self->mem[9 * PAGE]);
	ASSERT_EQ(0, ring_open(&ring, 4));
	EXPECT_EQ(2 * PAGE, ring_io(&ring, IORING_OP_READ, disk.direct,
				    self->mem + 12 * PAGE, 2 * PAGE, 0));
	EXPECT_EQ(page_byte(1), (unsigned char)self->mem[13 * PAGE]);
	ASSERT_EQ(0, close(self->pager.attach));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	pthread_join(server.thread, NULL);
}

/* A page that is pinned for long must not stay in a CMA area, and cannot move. */
TEST_F(pager, long_term_pins_are_refused_and_do_not_hang)
{
	struct ring ring;
	pid_t child;

	ASSERT_TRUE(bring(self, self->mem, 0));
	child = fork();
	if (!child) {
		if (ring_open(&ring, 4))
			_exit(1);
		/* One that is there, and one that is not. */
		if (ring_register(&ring, self->mem, PAGE) != -long_pin_errno())
			_exit(2);
		if (ring_register(&ring, self->mem + PAGE, PAGE) !=
		    -long_pin_errno())
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, wait_child_at_once(child));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

/* --------------------------------------------------------- many answers */

/* So many that the tree the kernel keeps them in has four levels. */
#define ANSWERS 4096UL

static void *touch_every_second(void *arg)
{
	char *mem = arg, byte;
	size_t i;

	for (i = 0; i < ANSWERS; i++)
		touch_read(mem + 2 * i * PAGE, &byte);
	return NULL;
}

TEST_F_TIMEOUT(pager, thousands_of_answers_end_with_their_region, TEST_SLOW)
{
	const size_t length = 2 * ANSWERS * PAGE;
	struct membank_region_attach args =
		pager_args(self->pager.attach, SEARCH);
	pthread_t thread;
	char *mem;
	size_t i;

	args.length = length;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	mem = (char *)(uintptr_t)args.out_start;
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_every_second, mem));
	for (i = 0; i < ANSWERS; i++) {
		ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
		ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id,
					 self->fd, 0, 0));
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, munmap(mem, length));
	/* The kernel frees what is left of it after the next grace period. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0,
			  syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
}

/* ------------------------------------------------------------- unloading */

TEST_F(pager, each_end_and_each_region_keep_the_module)
{
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, close(self->dev));
	ASSERT_EQ(0, close(self->pager.attach));
	EXPECT_EQ(-EWOULDBLOCK, loading_unload());
	/* Only the region. */
	ASSERT_EQ(0, close(self->pager.fd));
	EXPECT_EQ(-EWOULDBLOCK, loading_unload());
	EXPECT_EQ(SIGBUS, touch_write(self->mem, 1));

	/* Only the end that answers, and then only the other. */
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, pager_create(self->dev, &self->pager));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	ASSERT_EQ(0, close(self->pager.attach));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(-EWOULDBLOCK, loading_unload());
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, close(self->pager.fd));
	ASSERT_EQ(0, pager_create(self->dev, &self->pager));
	ASSERT_EQ(0, close(self->pager.fd));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(-EWOULDBLOCK, loading_unload());
}

TEST_HARNESS_MAIN
