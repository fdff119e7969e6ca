// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions that are alone, that are blocked, and that are filled at once; and what
 * flags do not go together.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "touch.h"

#define LENGTH (64 * KIB)
#define THREADS 4
#define TURNS 300

FIXTURE(flags)
{
	int dev;
	int fd;
	size_t page;
	char *mem;
	char *other;
	char *hole;
	struct membank_region_detach gone;
	struct membank_region_find found;
};

FIXTURE_SETUP(flags)
{
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	self->hole = map_hole(MIB);
	ASSERT_NE(NULL, self->hole);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(flags)
{
	EXPECT_TRUE(test_banks_empty());
}

static int attach(FIXTURE_DATA(flags) * self, int fd, __u32 flags)
{
	return map_attach(self->dev, map_args(fd, NULL, SEARCH | flags),
			  &self->other);
}

/* The region that is alone in most cases. */
static int attach_alone(FIXTURE_DATA(flags) * self)
{
	return map_attach(self->dev, map_args(self->fd, self->hole, NO_ALIAS),
			  &self->mem);
}

/* Whether nobody can map the dataspace, whoever tries. */
static bool is_alone(FIXTURE_DATA(flags) * self, int fd)
{
	int reader = handle_derive(self->dev, fd, READ);
	bool alone;
	pid_t child;

	alone = attach(self, fd, 0) == -EBUSY &&
		attach(self, fd, NO_ALIAS) == -EBUSY &&
		attach(self, fd, RESERVED) == -EBUSY &&
		attach(self, reader, READ_ONLY) == -EBUSY;
	alone &= test_map(fd, self->page) == MAP_FAILED && errno == EBUSY;
	alone &= mmap(NULL, self->page, PROT_READ, MAP_PRIVATE, reader, 0) ==
			 MAP_FAILED &&
		 errno == EBUSY;
	close(reader);

	child = fork();
	if (!child) {
		if (attach(self, fd, 0) != -EBUSY ||
		    attach(self, fd, NO_ALIAS) != -EBUSY)
			_exit(1);
		_exit(test_map(fd, self->page) != MAP_FAILED || errno != EBUSY);
	}
	return alone && test_wait_child(child) == 0;
}

TEST_F(flags, alone_it_is_mapped_nowhere_else)
{
	ASSERT_EQ(0, attach_alone(self));
	EXPECT_EQ(self->hole, self->mem);
	memset(self->mem, 1, LENGTH);
	EXPECT_TRUE(test_all_bytes(self->mem, 1, LENGTH));
	ASSERT_EQ(0, map_find(self->dev, self->mem, &self->found));
	EXPECT_EQ(NO_ALIAS, self->found.out_flags);
	EXPECT_TRUE(is_alone(self, self->fd));
	/* Nor through a handle that was found, or after the first is closed. */
	EXPECT_TRUE(is_alone(self, self->found.out_fd));
	close(self->fd);
	EXPECT_TRUE(is_alone(self, self->found.out_fd));
}

TEST_F(flags, what_is_mapped_cannot_be_had_alone)
{
	int reader = handle_derive(self->dev, self->fd, READ), go[2];
	char byte;
	pid_t child;

	ASSERT_LE(0, reader);
	self->other = mmap(NULL, self->page, PROT_READ, MAP_SHARED, reader, 0);
	ASSERT_NE(MAP_FAILED, self->other);
	EXPECT_EQ(-EBUSY, attach_alone(self));
	ASSERT_EQ(0, munmap(self->other, self->page));

	ASSERT_EQ(0, attach(self, self->fd, RESERVED));
	EXPECT_EQ(-EBUSY, attach_alone(self));
	ASSERT_EQ(0, map_detach(self->dev, self->other, &self->gone));

	/* By another process. */
	ASSERT_EQ(0, attach(self, self->fd, 0));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child)
		_exit(read(go[0], &byte, 1) != 1);
	ASSERT_EQ(0, munmap(self->other, LENGTH));
	EXPECT_EQ(-EBUSY, attach_alone(self));
	ASSERT_EQ(1, write(go[1], "", 1));
	ASSERT_EQ(0, test_wait_child(child));
	EXPECT_EQ(0, attach_alone(self));
}

TEST_F(flags, alone_it_is_until_it_is_detached)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, attach_alone(self));
		ASSERT_TRUE(is_alone(self, self->fd));
		ASSERT_EQ(0, i ? munmap(self->mem, LENGTH) :
				 map_detach(self->dev, self->mem, &self->gone));
		ASSERT_EQ(0, attach(self, self->fd, 0));
		ASSERT_EQ(0, munmap(self->other, LENGTH));
	}
}

TEST_F(flags, a_part_is_still_alone)
{
	ASSERT_EQ(0, attach_alone(self));
	ASSERT_EQ(0, munmap(self->mem + 4 * self->page, 2 * self->page));
	EXPECT_TRUE(is_alone(self, self->fd));
	ASSERT_EQ(0, map_detach(self->dev, self->mem, &self->gone));
	EXPECT_EQ(1, self->gone.out_kept);
	EXPECT_TRUE(is_alone(self, self->fd));
	ASSERT_EQ(0,
		  map_find_range(self->dev, self->hole, LENGTH, &self->found));
	EXPECT_EQ(NO_ALIAS, self->found.out_flags);
	close(self->found.out_fd);
	ASSERT_EQ(0,
		  map_detach(self->dev, self->mem + LENGTH - 1, &self->gone));
	EXPECT_EQ(1, self->gone.out_dropped);
	EXPECT_EQ(0, attach(self, self->fd, 0));
}

TEST_F(flags, alone_it_does_not_come_along_with_fork)
{
	pid_t child;

	ASSERT_EQ(0, attach_alone(self));
	memset(self->mem, 3, LENGTH);
	child = fork();
	if (!child) {
		char byte;

		if (touch_read(self->mem, &byte) != SIGSEGV)
			_exit(1);
		_exit(!map_is_free(self->mem, LENGTH));
	}
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(test_all_bytes(self->mem, 3, LENGTH));
}

TEST_F(flags, alone_it_cannot_be_asked_to_come_along)
{
	struct membank_dataspace_info info;
	int go[2];
	char byte;
	pid_t child;

	ASSERT_EQ(0, attach_alone(self));
	memset(self->mem, 3, LENGTH);
	ASSERT_EQ(0, pipe(go));
	EXPECT_EQ(-1, madvise(self->mem, LENGTH, MADV_DOFORK));
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(!touch_read(self->mem, &byte));
	}
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(1, info.out_mappings);
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_TRUE(is_alone(self, self->fd));
}

TEST_F(flags, alone_it_can_move_but_not_be_copied)
{
	char *there = self->hole + 4 * LENGTH;

	ASSERT_EQ(0, attach_alone(self));
	memset(self->mem, 3, LENGTH);
	EXPECT_EQ(MAP_FAILED, mremap(self->mem, 0, LENGTH, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(self->mem, LENGTH, LENGTH,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	ASSERT_EQ(there, mremap(self->mem, LENGTH, LENGTH,
				MREMAP_MAYMOVE | MREMAP_FIXED, there));
	EXPECT_TRUE(test_all_bytes(there, 3, LENGTH));
	EXPECT_TRUE(is_alone(self, self->fd));
	ASSERT_EQ(0, map_find(self->dev, there, &self->found));
	EXPECT_EQ(NO_ALIAS, self->found.out_flags);
	close(self->found.out_fd);
	ASSERT_EQ(0, munmap(there, LENGTH));
	EXPECT_EQ(0, attach(self, self->fd, 0));
}

TEST_F(flags, alone_it_can_take_its_own_place)
{
	char *mem;

	ASSERT_EQ(0, attach_alone(self));
	memset(self->mem, 3, LENGTH);
	ASSERT_EQ(0,
		  map_attach(self->dev,
			     map_args(self->fd, self->mem, NO_ALIAS | OVERMAP),
			     &mem));
	EXPECT_TRUE(test_all_bytes(mem, 3, LENGTH));
	EXPECT_TRUE(is_alone(self, self->fd));
}

TEST_F(flags, alone_and_read_only_go_together)
{
	ASSERT_EQ(0, attach(self, self->fd, NO_ALIAS | READ_ONLY | EAGER));
	ASSERT_EQ(0, map_find(self->dev, self->other, &self->found));
	EXPECT_EQ(NO_ALIAS | READ_ONLY, self->found.out_flags);
	EXPECT_EQ(READ, handle_rights(self->dev, self->found.out_fd));
	EXPECT_TRUE(test_present(self->other));
	EXPECT_EQ(SIGSEGV, touch_write(self->other, 1));
	EXPECT_TRUE(is_alone(self, self->fd));
}

TEST_F(flags, alone_its_memory_can_be_used_otherwise)
{
	ASSERT_EQ(0, attach_alone(self));
	memset(self->mem, 3, LENGTH);
	ASSERT_EQ(0, handle_clear(self->dev, self->fd, 0, self->page));
	EXPECT_TRUE(test_all_bytes(self->mem, 0, self->page));
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_TRUE(touch_revoked(self->mem));
	EXPECT_EQ(-ENODEV, attach(self, self->fd, 0));
	EXPECT_EQ(-ENODEV, attach(self, self->fd, NO_ALIAS));
}

struct worker {
	pthread_t thread;
	int dev;
	int fd;
	/* How many have it now. */
	int *owners;
	unsigned int got;
	int failed;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct membank_region_detach gone;
	unsigned int turn;
	char *mem;
	int ret;

	for (turn = 0; turn < TURNS && !worker->failed; turn++) {
		ret = map_attach(worker->dev,
				 map_args(worker->fd, NULL, SEARCH | NO_ALIAS),
				 &mem);
		if (ret == -EBUSY)
			continue;
		if (ret)
			worker->failed = 1;
		else if (__atomic_add_fetch(worker->owners, 1,
					    __ATOMIC_SEQ_CST) != 1)
			worker->failed = 2;
		__atomic_sub_fetch(worker->owners, 1, __ATOMIC_SEQ_CST);
		if (!ret && (map_detach(worker->dev, mem, &gone) ||
			     gone.out_dropped != 1))
			worker->failed = 3;
		worker->got++;
	}
	return NULL;
}

TEST_F_TIMEOUT(flags, alone_it_has_one_owner_among_threads, TEST_SLOW)
{
	struct worker workers[THREADS] = {};
	unsigned int i, got = 0;
	int owners = 0;

	for (i = 0; i < THREADS; i++) {
		workers[i].dev = self->dev;
		workers[i].fd = self->fd;
		workers[i].owners = &owners;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work,
					    &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].failed);
		got += workers[i].got;
	}
	EXPECT_LT(0, got);
	EXPECT_EQ(0, attach(self, self->fd, 0));
}

TEST_F(flags, reserved_nobody_can_touch_it)
{
	const int prots[] = { PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE,
			      PROT_EXEC };
	char byte;
	size_t i;

	ASSERT_EQ(0, attach(self, self->fd, RESERVED));
	EXPECT_EQ(SIGSEGV, touch_read(self->other, &byte));
	EXPECT_EQ(SIGSEGV, touch_write(self->other + LENGTH - 1, 1));
	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		EXPECT_EQ(-1, mprotect(self->other, LENGTH, prots[i]));
		EXPECT_EQ(EACCES, errno);
	}
	EXPECT_EQ(0, mprotect(self->other, LENGTH, PROT_NONE));
	EXPECT_EQ(SIGSEGV, touch_read(self->other, &byte));
}

TEST_F(flags, reserved_not_even_a_debugger_can)
{
	struct iovec local = { .iov_base = &self->found, .iov_len = 1 };
	struct iovec remote = { .iov_len = 1 };
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char byte = 1;

	ASSERT_LE(0, memory);
	ASSERT_EQ(0, attach(self, self->fd, RESERVED));
	remote.iov_base = self->other;
	EXPECT_EQ(-1, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pread(memory, &byte, 1, (uintptr_t)self->other));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(memory, &byte, 1, (uintptr_t)self->other));
	EXPECT_EQ(EIO, errno);
}

TEST_F(flags, reserved_it_is_a_region_all_the_same)
{
	struct membank_region_entry entry;
	struct membank_region_list list;
	struct membank_dataspace_info info;

	ASSERT_EQ(0, attach(self, self->fd, RESERVED | READ_ONLY));
	ASSERT_EQ(0, map_find(self->dev, self->other, &self->found));
	EXPECT_EQ(RESERVED | READ_ONLY, self->found.out_flags);
	EXPECT_EQ(READ, handle_rights(self->dev, self->found.out_fd));
	close(self->found.out_fd);
	ASSERT_EQ(0, map_detach(self->dev, self->other, &self->gone));

	ASSERT_EQ(0, attach(self, self->fd, RESERVED));
	ASSERT_EQ(0, map_find(self->dev, self->other, &self->found));
	EXPECT_EQ(RESERVED, self->found.out_flags);
	EXPECT_EQ(LENGTH, self->found.out_length);
	EXPECT_EQ(READ, handle_rights(self->dev, self->found.out_fd));
	ASSERT_EQ(0,
		  map_list(self->dev, self->other, LENGTH, &entry, 1, &list));
	EXPECT_EQ(RESERVED, entry.flags);
	EXPECT_EQ(MEMBANK_ENTRY_REGION, entry.kind);
	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ(1, info.out_mappings);
	/* It holds the memory. */
	close(self->found.out_fd);
	close(self->fd);
	EXPECT_EQ(LENGTH, test_used());
	ASSERT_EQ(0, map_detach(self->dev, self->other, &self->gone));
	EXPECT_EQ(1, self->gone.out_dropped);
	EXPECT_EQ(0, test_used());
}

TEST_F(flags, reserved_it_needs_no_right)
{
	int reader = handle_derive(self->dev, self->fd, READ);
	int owner = handle_derive(self->dev, self->fd, OWN);
	int writer = handle_derive(self->dev, self->fd, WRITE);

	ASSERT_LE(0, reader);
	ASSERT_LE(0, owner);
	ASSERT_LE(0, writer);
	EXPECT_EQ(-EACCES, attach(self, reader, 0));
	EXPECT_EQ(-EACCES, attach(self, owner, 0));
	EXPECT_EQ(-EACCES, attach(self, owner, READ_ONLY));
	EXPECT_EQ(-EACCES, attach(self, writer, 0));
	EXPECT_EQ(-EACCES, attach(self, writer, READ_ONLY));
	EXPECT_EQ(-EACCES, attach(self, reader, NO_ALIAS));
	EXPECT_EQ(-EACCES, attach(self, reader, EAGER));
	EXPECT_EQ(0, attach(self, reader, READ_ONLY));
	EXPECT_EQ(0, attach(self, reader, RESERVED));
	EXPECT_EQ(0, attach(self, writer, RESERVED));
	ASSERT_EQ(0, attach(self, owner, RESERVED));
	/* What nobody could read, nobody is lent a descriptor to read of. */
	EXPECT_EQ(-EACCES, map_find(self->dev, self->other, &self->found));
	ASSERT_EQ(0, map_detach(self->dev, self->other, &self->gone));
	EXPECT_EQ(1, self->gone.out_kept);
}

TEST_F(flags, reserved_it_comes_along_with_fork)
{
	pid_t child;

	ASSERT_EQ(0, attach(self, self->fd, RESERVED));
	child = fork();
	if (!child) {
		struct membank_region_find found;
		int dev = test_open(0);
		char byte;

		if (map_find(dev, self->other, &found) ||
		    found.out_flags != RESERVED)
			_exit(1);
		_exit(touch_read(self->other, &byte) != SIGSEGV);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(flags, some_do_not_go_together)
{
	const __u32 wrong[] = {
		SEARCH | OVERMAP,	    EAGER | RESERVED,
		PAGER | NO_ALIAS,	    PAGER | RESERVED,
		SEARCH | OVERMAP | IN_AREA, PAGER | NO_ALIAS | RESERVED,
	};
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct membank_region_attach args;
	int fds[2];
	size_t i;

	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	fds[0] = self->fd;
	fds[1] = pager.out_attach_fd;
	for (i = 0; i < 2 * ARRAY_SIZE(wrong); i++) {
		args = map_args(fds[i % 2], self->hole, wrong[i / 2]);
		args.length = LENGTH;
		EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	}
	/* A pager's region has no length but what it is told. */
	args = map_args(pager.out_attach_fd, NULL, SEARCH | PAGER);
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	/* Each kind with what is the other's. */
	args = map_args(pager.out_attach_fd, NULL, SEARCH);
	args.length = LENGTH;
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	args = map_args(self->fd, NULL, SEARCH | PAGER);
	args.length = LENGTH;
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
	args = map_args(pager.out_fd, NULL, SEARCH | PAGER);
	args.length = LENGTH;
	EXPECT_EQ(-EINVAL, map_attach(self->dev, args, &self->mem));
}

TEST_F(flags, what_was_revoked_is_not_filled)
{
	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_EQ(-ENODEV, attach(self, self->fd, EAGER));
	EXPECT_EQ(-ENODEV, attach(self, self->fd, EAGER | NO_ALIAS));
	EXPECT_EQ(-ENODEV, attach(self, self->fd, RESERVED));
}

TEST_F(flags, filled_it_can_be_alone_and_in_an_area)
{
	size_t at;

	ASSERT_EQ(0,
		  map_reserve(self->dev, self->hole, MIB / 2, 0, &self->other));
	ASSERT_EQ(0, map_attach(self->dev,
				map_args(self->fd, self->hole,
					 SEARCH | IN_AREA | EAGER | NO_ALIAS),
				&self->mem));
	EXPECT_EQ(self->hole, self->mem);
	for (at = 0; at < LENGTH; at += self->page)
		ASSERT_TRUE(test_present(self->mem + at));
	EXPECT_TRUE(is_alone(self, self->fd));
}

/* Reads one fault, and closes the pager's end or answers with an error. */
static void *refuse(void *arg)
{
	const struct membank_pager_create *pager = arg;
	struct membank_pager_reply reply = { .size = sizeof(reply), .fd = -1 };
	struct membank_pager_fault fault;

	if (read(pager->out_fd, &fault, sizeof(fault)) != sizeof(fault))
		return "no fault";
	if (pager->flags) {
		close(pager->out_fd);
		return NULL;
	}
	reply.id = fault.id;
	return test_ioctl(pager->out_fd, MEMBANK_IOC_PAGER_REPLY, &reply) ?
		       "no reply" :
		       NULL;
}

TEST_F(flags, what_its_pager_refuses_is_not_filled)
{
	const __u32 places[] = { 0, IN_AREA };
	struct membank_pager_create pager;
	pthread_t thread;
	unsigned int i;
	void *failed;

	ASSERT_EQ(0,
		  map_reserve(self->dev, self->hole, LENGTH, 0, &self->other));
	for (i = 0; i < 4; i++) {
		pager = (struct membank_pager_create){
			.size = sizeof(pager),
			.fault_size = sizeof(struct membank_pager_fault),
		};
		test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
		/* By an error, or for ever. */
		pager.flags = i % 2;
		ASSERT_EQ(0, pthread_create(&thread, NULL, refuse, &pager));
		EXPECT_EQ(i % 2 ? -ENODEV : -EIO,
			  map_attach_part(self->dev, pager.out_attach_fd,
					  i / 2 ? self->hole :
						  self->hole + LENGTH,
					  LENGTH, PAGER | EAGER | places[i / 2],
					  &self->mem));
		ASSERT_EQ(0, pthread_join(thread, &failed));
		EXPECT_EQ(NULL, failed);
		EXPECT_STREQ("h16+0", map_picture(self->dev, self->hole, MIB));
		close(pager.out_attach_fd);
		if (!(i % 2))
			close(pager.out_fd);
	}
}

TEST_HARNESS_MAIN
