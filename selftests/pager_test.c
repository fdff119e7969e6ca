// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pagers: what a fault tells, what each reply does, and what both ends report.
 */
#include "kselftest_harness.h"

#include "handle.h"
#include "touch.h"

#include "pager_fixture.h"

/* A thread waits at a byte, and its fault was read; 0 or an error. */
static int begin(FIXTURE_DATA(pager) * self, struct toucher *toucher, char *at,
		 char write)
{
	return toucher_begin(toucher, at, write, self->pager.fd, &self->fault);
}

TEST_F(pager, both_ends_are_closed_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->pager.fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->pager.attach, F_GETFD));
	EXPECT_NE(self->pager.fd, self->pager.attach);
}

TEST_F(pager, create_refuses_flags)
{
	struct membank_pager_create args;
	const unsigned int open = test_open_files();
	__u32 flag;

	for (flag = 1; flag; flag <<= 1) {
		memset(&args, TEST_JUNK, sizeof(args));
		args.size = sizeof(args);
		args.flags = flag;
		test_err(EOPNOTSUPP, self->dev, MEMBANK_IOC_PAGER_CREATE,
			 &args);
	}
	EXPECT_EQ(open, test_open_files());
}

TEST_F(pager, create_that_fails_opens_nothing)
{
	struct membank_pager_create *args;
	const unsigned int open = test_open_files();

	args = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, args);
	args->size = sizeof(*args);
	args->fault_size = sizeof(struct membank_pager_fault);
	ASSERT_EQ(0, mprotect(args, PAGE, PROT_READ));
	test_err(EFAULT, self->dev, MEMBANK_IOC_PAGER_CREATE, args);
	EXPECT_EQ(open, test_open_files());
}

TEST_F(pager, a_fault_tells_who_touches_what_and_how)
{
	char *at = self->mem + 5 * PAGE + 123;
	__u64 id;

	ASSERT_EQ(0, begin(self, &self->toucher, at, 0));
	EXPECT_EQ((uintptr_t)at, self->fault.address);
	EXPECT_EQ(OFFSET + 5 * PAGE, self->fault.offset);
	EXPECT_EQ(0, self->fault.access);
	EXPECT_EQ(getpid(), self->fault.pid);
	EXPECT_EQ(self->toucher.tid, self->fault.tid);
	EXPECT_EQ(0, self->fault.__reserved);
	id = self->fault.id;
	ASSERT_EQ(0, pager_reply(self->pager.fd, id, self->fd, 5 * PAGE, 0));
	EXPECT_EQ(page_byte(5), toucher_join(&self->toucher));

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 1));
	EXPECT_EQ((uintptr_t)self->mem, self->fault.address);
	EXPECT_EQ(OFFSET, self->fault.offset);
	EXPECT_EQ(MEMBANK_PAGER_WRITE, self->fault.access);
	EXPECT_NE(id, self->fault.id);
	ASSERT_EQ(0,
		  pager_reply(self->pager.fd, self->fault.id, self->fd, 0, 0));
	EXPECT_EQ(0, toucher_join(&self->toucher));
}

TEST_F(pager, a_thread_sleeps_until_its_page_is_there)
{
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	EXPECT_TRUE(thread_wait_asleep(self->toucher.tid));
	EXPECT_FALSE(test_present(self->mem));
	/* Any page of the dataspace will do. */
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd,
				 9 * PAGE, 0));
	EXPECT_EQ(page_byte(9), toucher_join(&self->toucher));
	EXPECT_TRUE(test_all_bytes(self->mem, page_byte(9), PAGE));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, what_is_written_is_in_the_dataspace)
{
	char *direct = test_map(self->fd, LENGTH);

	ASSERT_NE(MAP_FAILED, direct);
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + 10, 'x'));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd,
				 3 * PAGE, 0));
	ASSERT_EQ(0, toucher_join(&self->toucher));
	EXPECT_EQ('x', direct[3 * PAGE + 10]);
	direct[3 * PAGE + 11] = 'y';
	EXPECT_EQ('y', self->mem[11]);
}

TEST_F(pager, one_reply_can_bring_many_pages)
{
	size_t page;

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + 2 * PAGE, 0));
	/* Rounded up to 4 pages. */
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd,
				 20 * PAGE, 3 * PAGE + 1));
	ASSERT_EQ(page_byte(20), toucher_join(&self->toucher));
	for (page = 0; page < 4; page++)
		EXPECT_TRUE(test_all_bytes(self->mem + (2 + page) * PAGE,
					   page_byte(20 + page), PAGE));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + 6 * PAGE, 0));
	EXPECT_EQ(OFFSET + 6 * PAGE, self->fault.offset);
	ASSERT_EQ(0, pager_fail(self->pager.fd, self->fault.id));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
}

TEST_F(pager, a_reply_ends_before_an_answered_page)
{
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + 4 * PAGE, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd,
				 100 * PAGE, 0));
	ASSERT_EQ(page_byte(100), toucher_join(&self->toucher));

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + PAGE, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, 0,
				 LENGTH));
	ASSERT_EQ(page_byte(0), toucher_join(&self->toucher));
	EXPECT_EQ(page_byte(1), (unsigned char)self->mem[2 * PAGE]);
	EXPECT_EQ(page_byte(2), (unsigned char)self->mem[3 * PAGE]);
	EXPECT_EQ(page_byte(100), (unsigned char)self->mem[4 * PAGE]);
	/* And nothing behind that page. */
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + 5 * PAGE, 0));
	EXPECT_EQ(OFFSET + 5 * PAGE, self->fault.offset);
	ASSERT_EQ(0, pager_fail(self->pager.fd, self->fault.id));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
}

TEST_F(pager, a_reply_ends_at_the_end_of_the_region)
{
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + LENGTH - 2 * PAGE,
			   0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, 0,
				 LENGTH));
	EXPECT_EQ(page_byte(0), toucher_join(&self->toucher));
	EXPECT_EQ(page_byte(1), (unsigned char)self->mem[LENGTH - 1]);
}

/*
 * The kernel maps what it can of a block at once. Here each page may be of
 * another place.
 */
TEST_F(pager, a_part_of_a_block_brings_no_more_than_was_answered)
{
	struct membank_region_attach args = pager_args(self->pager.attach, 0);
	int block = test_alloc(self->dev, 2 * GRAIN, SUPER, 0);
	char *direct, *mem;

	ASSERT_LE(0, block);
	direct = test_map(block, 2 * GRAIN);
	ASSERT_NE(MAP_FAILED, direct);
	memset(direct, 'a', PAGE);
	memset(direct + PAGE, 'b', PAGE);

	args.length = 4 * GRAIN;
	args.align = 21;
	test_ok(self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	mem = (char *)(uintptr_t)args.out_start;
	ASSERT_EQ(0, begin(self, &self->toucher, mem + GRAIN + 5 * PAGE, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, block, 0,
				 2 * PAGE));
	EXPECT_EQ('a', toucher_join(&self->toucher));
	EXPECT_TRUE(test_all_bytes(mem + GRAIN + 5 * PAGE, 'a', PAGE));
	EXPECT_TRUE(test_all_bytes(mem + GRAIN + 6 * PAGE, 'b', PAGE));
	EXPECT_FALSE(test_present(mem + GRAIN + 4 * PAGE));
	EXPECT_FALSE(test_present(mem + GRAIN + 7 * PAGE));
	/* At a boundary of blocks as well. */
	ASSERT_EQ(0, begin(self, &self->toucher, mem, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, block, 0, 0));
	EXPECT_EQ('a', toucher_join(&self->toucher));
	EXPECT_FALSE(test_present(mem + PAGE));
}

TEST_F(pager, threads_at_one_page_are_each_told_and_all_go_on)
{
	struct toucher touchers[4];
	struct membank_pager_fault faults[4];
	size_t i, j;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, toucher_start(&touchers[i], self->mem + i, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pager_next(self->pager.fd, &faults[i]));
		EXPECT_EQ(OFFSET, faults[i].offset);
		for (j = 0; j < i; j++) {
			EXPECT_NE(faults[j].id, faults[i].id);
			EXPECT_NE(faults[j].tid, faults[i].tid);
		}
	}
	ASSERT_EQ(0, pager_reply(self->pager.fd, faults[2].id, self->fd, 0, 0));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(page_byte(0), toucher_join(&touchers[i]));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(-ENOENT, pager_reply(self->pager.fd, faults[i].id,
					       self->fd, 0, 0));
}

TEST_F(pager, an_error_is_for_one_thread_at_a_page)
{
	struct membank_pager_fault first, second;
	struct toucher touchers[2];
	int failed, done;

	ASSERT_EQ(0, toucher_start(&touchers[0], self->mem, 0));
	ASSERT_EQ(0, pager_next(self->pager.fd, &first));
	ASSERT_EQ(0, toucher_start(&touchers[1], self->mem, 0));
	ASSERT_EQ(0, pager_next(self->pager.fd, &second));
	ASSERT_EQ(0, pager_fail(self->pager.fd, first.id));
	failed = toucher_join(&touchers[0]);
	ASSERT_EQ(0, pager_reply(self->pager.fd, second.id, self->fd, 0, 0));
	done = toucher_join(&touchers[1]);
	EXPECT_EQ(-SIGBUS, failed);
	EXPECT_EQ(page_byte(0), done);
}

TEST_F(pager, replies_need_not_have_the_order_of_faults)
{
	struct membank_pager_fault faults[8];
	struct toucher touchers[8];
	size_t i;

	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0,
			  toucher_start(&touchers[i], self->mem + i * PAGE, 0));
		ASSERT_EQ(0, pager_next(self->pager.fd, &faults[i]));
		EXPECT_EQ(OFFSET + i * PAGE, faults[i].offset);
	}
	for (i = 8; i-- > 0;) {
		ASSERT_EQ(0, pager_reply(self->pager.fd, faults[i].id, self->fd,
					 i * PAGE, 0));
		EXPECT_EQ(page_byte(i), toucher_join(&touchers[i]));
	}
}

TEST_F(pager, a_reply_for_many_pages_frees_all_who_wait_there)
{
	struct membank_pager_fault faults[3];
	struct toucher touchers[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, toucher_start(&touchers[i],
					   self->mem + i * 2 * PAGE, 0));
		ASSERT_EQ(0, pager_next(self->pager.fd, &faults[i]));
	}
	/* The pages 0 to 3: not the last thread. */
	ASSERT_EQ(0, pager_reply(self->pager.fd, faults[0].id, self->fd, 0,
				 4 * PAGE));
	EXPECT_EQ(page_byte(0), toucher_join(&touchers[0]));
	EXPECT_EQ(page_byte(2), toucher_join(&touchers[1]));
	EXPECT_EQ(-ENOENT, pager_fail(self->pager.fd, faults[1].id));
	ASSERT_EQ(0, pager_reply(self->pager.fd, faults[2].id, self->fd, 0, 0));
	EXPECT_EQ(page_byte(0), toucher_join(&touchers[2]));
}

TEST_F(pager, an_error_is_sigbus_and_a_later_touch_a_fault_anew)
{
	const char *at = self->mem + PAGE + 1;
	__u64 id;

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + PAGE + 1, 0));
	id = self->fault.id;
	ASSERT_EQ(0, pager_fail(self->pager.fd, id));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
	EXPECT_EQ(-ENOENT, pager_fail(self->pager.fd, id));

	ASSERT_EQ(0, begin(self, &self->toucher, (char *)at, 0));
	EXPECT_NE(id, self->fault.id);
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, PAGE,
				 0));
	EXPECT_EQ(page_byte(1), toucher_join(&self->toucher));
}

/* A thread in a system call at a page. */
struct caller {
	pthread_t thread;
	pid_t tid;
	char *at;
	int fds[2];
	bool writes;
	int ret;
};

static void *caller_run(void *argument)
{
	struct caller *caller = argument;
	ssize_t ret;

	__atomic_store_n(&caller->tid, gettid(), __ATOMIC_RELEASE);
	ret = caller->writes ? write(caller->fds[1], caller->at, 16) :
			       read(caller->fds[0], caller->at, 16);
	caller->ret = ret < 0 ? -errno : ret;
	return NULL;
}

static int caller_start(struct caller *caller, char *at, bool writes)
{
	memset(caller, 0, sizeof(*caller));
	caller->at = at;
	caller->writes = writes;
	if (pipe(caller->fds))
		return -errno;
	if (!writes && write(caller->fds[1], "0123456789abcdef", 16) != 16)
		return -EIO;
	return -pthread_create(&caller->thread, NULL, caller_run, caller);
}

static int caller_join(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->ret;
}

TEST_F(pager, a_system_call_waits_and_goes_on)
{
	struct caller caller;
	char bytes[16];

	ASSERT_EQ(0, caller_start(&caller, self->mem, true));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(0, self->fault.access);
	EXPECT_EQ(caller.tid, self->fault.tid);
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd,
				 2 * PAGE, 0));
	ASSERT_EQ(16, caller_join(&caller));
	ASSERT_EQ(16, read(caller.fds[0], bytes, 16));
	EXPECT_TRUE(test_all_bytes(bytes, page_byte(2), 16));

	ASSERT_EQ(0, caller_start(&caller, self->mem + PAGE, false));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(MEMBANK_PAGER_WRITE, self->fault.access);
	ASSERT_EQ(0,
		  pager_reply(self->pager.fd, self->fault.id, self->fd, 0, 0));
	ASSERT_EQ(16, caller_join(&caller));
	EXPECT_EQ(0, memcmp(self->mem + PAGE, "0123456789abcdef", 16));
}

/* Else who closes a pager on many would wake all of them for each of them. */
TEST_F(pager, an_answer_wakes_nobody_who_waits_elsewhere)
{
	struct membank_pager_fault fault;
	unsigned long sleeps;
	struct caller caller;
	size_t page;

	ASSERT_EQ(0, caller_start(&caller, self->mem, true));
	ASSERT_EQ(0, pager_next(self->pager.fd, &fault));
	ASSERT_TRUE(thread_wait_counted(fault.tid));
	sleeps = test_thread_sleeps(fault.tid);
	ASSERT_LT(0, sleeps);
	for (page = 1; page < 4; page++) {
		ASSERT_EQ(0, begin(self, &self->toucher,
				   self->mem + page * PAGE, 0));
		if (page == 1) {
			ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id,
						 self->fd, 0, PAGE));
		} else {
			ASSERT_EQ(0,
				  pager_fail(self->pager.fd, self->fault.id));
		}
		EXPECT_EQ(page == 1 ? page_byte(0) : -SIGBUS,
			  toucher_join(&self->toucher));
		ASSERT_TRUE(thread_wait_counted(fault.tid));
		EXPECT_EQ(sleeps, test_thread_sleeps(fault.tid));
	}
	close(self->pager.fd);
	EXPECT_EQ(-EFAULT, caller_join(&caller));
}

TEST_F(pager, an_error_is_efault_in_a_system_call)
{
	struct caller caller;
	bool writes = false;

	do {
		ASSERT_EQ(0, caller_start(&caller, self->mem, writes));
		ASSERT_EQ(0, pager_fail_until_joined(self->pager.fd,
						     caller.thread));
		EXPECT_EQ(-EFAULT, caller.ret);
		EXPECT_TRUE(pager_is_idle(self->pager.fd));
		writes = !writes;
	} while (writes);
}

static void handler_empty(int signal)
{
	(void)signal;
}

/* It cannot go back to its handler, so it must not ask again and again. */
TEST_F(pager, a_signal_in_a_system_call_waits_for_the_answer)
{
	const struct sigaction action = { .sa_handler = handler_empty };
	struct caller caller;
	__u64 id;
	int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, caller_start(&caller, self->mem, true));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	id = self->fault.id;
	ASSERT_TRUE(thread_wait_asleep(caller.tid));
	ASSERT_EQ(0, pthread_kill(caller.thread, SIGUSR1));
	for (i = 0; i < 200; i++)
		ASSERT_EQ('D', test_thread_state(caller.tid));
	ASSERT_EQ(0, pager_reply(self->pager.fd, id, self->fd, 0, 0));
	EXPECT_EQ(16, caller_join(&caller));
	/* Nobody has asked meanwhile. */
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + PAGE, 0));
	EXPECT_EQ(id + 1, self->fault.id);
	ASSERT_EQ(0, pager_fail(self->pager.fd, self->fault.id));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));
}

TEST_F(pager, each_wrong_reply_leaves_the_thread_waiting)
{
	int reads = handle_derive(self->dev, self->fd, READ);
	int writes = handle_derive(self->dev, self->fd, WRITE);
	int dead = test_alloc(self->dev, PAGE, 0, 0);
	int alone = test_alloc(self->dev, PAGE, 0, 0);
	struct membank_pager_reply args;
	const int fd = self->pager.fd;
	int pipe_fds[2];
	__u32 flag;
	char *mem;
	__u64 id;

	ASSERT_LE(0, reads);
	ASSERT_LE(0, writes);
	ASSERT_EQ(0, pipe(pipe_fds));
	ASSERT_EQ(0, handle_revoke(self->dev, dead));
	ASSERT_EQ(0, handle_attach(self->dev, alone, NULL,
				   MEMBANK_REGION_NO_ALIAS, &mem));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	id = self->fault.id;

	EXPECT_EQ(-ENOENT, pager_reply(fd, id + 1, self->fd, 0, 0));
	EXPECT_EQ(-ENOENT, pager_fail(fd, 0));
	EXPECT_EQ(-EBADF, pager_reply(fd, id, 9999, 0, 0));
	EXPECT_EQ(-EINVAL, pager_reply(fd, id, -2, 0, 0));
	EXPECT_EQ(-EINVAL, pager_reply(fd, id, pipe_fds[0], 0, 0));
	EXPECT_EQ(-EINVAL, pager_reply(fd, id, self->dev, 0, 0));
	EXPECT_EQ(-EINVAL, pager_reply(fd, id, self->fd, 1, 0));
	EXPECT_EQ(-EACCES, pager_reply(fd, id, reads, 0, 0));
	EXPECT_EQ(-EACCES, pager_reply(fd, id, writes, 0, 0));
	EXPECT_EQ(-ERANGE, pager_reply(fd, id, self->fd, LENGTH, 0));
	EXPECT_EQ(-ERANGE, pager_reply(fd, id, self->fd, 0, LENGTH + 1));
	EXPECT_EQ(-ERANGE, pager_reply(fd, id, self->fd, PAGE, LENGTH));
	EXPECT_EQ(-ERANGE, pager_reply(fd, id, self->fd, -PAGE, 2 * PAGE));
	EXPECT_EQ(-ERANGE, pager_reply(fd, id, self->fd, PAGE, ~0ULL));
	EXPECT_EQ(-ENODEV, pager_reply(fd, id, dead, 0, 0));
	EXPECT_EQ(-EBUSY, pager_reply(fd, id, alone, 0, 0));

	memset(&args, 0, sizeof(args));
	args.size = sizeof(args);
	args.id = id;
	args.fd = self->fd;
	args.__reserved = 1;
	test_err(EINVAL, fd, MEMBANK_IOC_PAGER_REPLY, &args);
	args.__reserved = 0;
	for (flag = 1; flag; flag <<= 1) {
		args.flags = flag;
		test_err(EOPNOTSUPP, fd, MEMBANK_IOC_PAGER_REPLY, &args);
	}
	args.flags = 0;
	/* Nor is it a command of anything else. */
	test_err(ENOTTY, self->pager.attach, MEMBANK_IOC_PAGER_REPLY, &args);
	test_err(ENOTTY, self->dev, MEMBANK_IOC_PAGER_REPLY, &args);

	EXPECT_TRUE(thread_wait_asleep(self->toucher.tid));
	ASSERT_EQ(0, pager_reply(fd, id, self->fd, LENGTH - PAGE, PAGE));
	EXPECT_EQ(page_byte(PAGES - 1), toucher_join(&self->toucher));
	EXPECT_EQ(-ENOENT, pager_reply(fd, id, self->fd, 0, 0));
}

TEST_F(pager, a_region_that_only_reads_takes_a_handle_that_only_reads)
{
	int reads = handle_derive(self->dev, self->fd, READ);
	int writes = handle_derive(self->dev, self->fd, WRITE);
	char *mem;

	ASSERT_LE(0, reads);
	ASSERT_EQ(0, pager_attach(self->dev, self->pager.attach,
				  MEMBANK_REGION_READ_ONLY, &mem));
	ASSERT_EQ(0, begin(self, &self->toucher, mem, 0));
	EXPECT_EQ(-EACCES,
		  pager_reply(self->pager.fd, self->fault.id, writes, 0, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, reads, 0, 0));
	EXPECT_EQ(page_byte(0), toucher_join(&self->toucher));
	EXPECT_EQ(SIGSEGV, touch_write(mem, 1));
	EXPECT_EQ(-1, mprotect(mem, LENGTH, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	/* No fault for the pager. */
	EXPECT_EQ(SIGSEGV, touch_write(mem + PAGE, 1));
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, an_answered_dataspace_is_not_alone)
{
	int fd = test_alloc(self->dev, PAGE, 0, 0);
	struct membank_dataspace_info info;
	char *mem;

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, fd, 0, 0));
	ASSERT_EQ(0, toucher_join(&self->toucher));
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(1, info.out_mappings);
	EXPECT_EQ(-EBUSY, handle_attach(self->dev, fd, NULL,
					MEMBANK_REGION_NO_ALIAS, &mem));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	ASSERT_EQ(0, test_info(self->dev, fd, &info));
	EXPECT_EQ(0, info.out_mappings);
	EXPECT_EQ(0, handle_attach(self->dev, fd, NULL, MEMBANK_REGION_NO_ALIAS,
				   &mem));
}

TEST_F(pager, what_is_revoked_is_sigbus_and_free_memory)
{
	int other = test_alloc(self->dev, PAGE, 0, 0);
	const __u64 used = test_used();

	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, 0,
				 2 * PAGE));
	ASSERT_EQ(page_byte(0), toucher_join(&self->toucher));
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem + 2 * PAGE, 'o'));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, other, 0, 0));
	ASSERT_EQ(0, toucher_join(&self->toucher));

	ASSERT_EQ(0, handle_revoke(self->dev, self->fd));
	EXPECT_TRUE(test_wait_used(used - LENGTH));
	/* The page that was touched, and one that was not. */
	EXPECT_TRUE(touch_revoked(self->mem));
	EXPECT_TRUE(touch_revoked(self->mem + PAGE));
	EXPECT_EQ('o', self->mem[2 * PAGE]);
	EXPECT_TRUE(pager_is_idle(self->pager.fd));
}

TEST_F(pager, a_region_holds_what_was_answered)
{
	ASSERT_EQ(0, begin(self, &self->toucher, self->mem, 0));
	ASSERT_EQ(0, pager_reply(self->pager.fd, self->fault.id, self->fd, 0,
				 2 * PAGE));
	ASSERT_EQ(page_byte(0), toucher_join(&self->toucher));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(LENGTH, test_used());
	EXPECT_EQ(page_byte(1), (unsigned char)self->mem[PAGE]);
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_TRUE(test_wait_used(0));
}

TEST_F(pager, both_ends_report_the_end_of_the_other)
{
	struct membank_pager_fault fault;
	char *mem;

	EXPECT_EQ(0, pager_events(self->pager.fd));
	EXPECT_EQ(0, pager_events(self->pager.attach));
	ASSERT_EQ(0, toucher_start(&self->toucher, self->mem, 0));
	ASSERT_TRUE(pager_wait_fault(self->pager.fd));
	EXPECT_EQ(POLLIN, pager_events(self->pager.fd));
	ASSERT_EQ(0, pager_next(self->pager.fd, &self->fault));
	EXPECT_EQ(0, pager_events(self->pager.fd));
	ASSERT_EQ(0, pager_fail(self->pager.fd, self->fault.id));
	EXPECT_EQ(-SIGBUS, toucher_join(&self->toucher));

	/* The region keeps the other end. */
	ASSERT_EQ(0, close(self->pager.attach));
	EXPECT_EQ(0, pager_events(self->pager.fd));
	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	EXPECT_EQ(POLLHUP, pager_events(self->pager.fd));
	EXPECT_EQ(-EPROTO, pager_next(self->pager.fd, &fault));
	EXPECT_EQ(0, read(self->pager.fd, &fault, sizeof(fault)));

	ASSERT_EQ(0, pager_create(self->dev, &self->pager));
	EXPECT_EQ(0, pager_events(self->pager.attach));
	ASSERT_EQ(0, close(self->pager.fd));
	EXPECT_EQ(POLLHUP, pager_events(self->pager.attach));
	EXPECT_EQ(-ENODEV,
		  pager_attach(self->dev, self->pager.attach, 0, &mem));
}

static void *close_soon(void *argument)
{
	struct pager *pager = argument;

	close(pager->attach);
	return NULL;
}

TEST_F(pager, who_waits_for_a_fault_is_told_that_none_comes)
{
	struct membank_pager_fault fault;
	pthread_t thread;

	ASSERT_EQ(0, munmap(self->mem, LENGTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, close_soon, &self->pager));
	EXPECT_EQ(0, read(self->pager.fd, &fault, sizeof(fault)));
	pthread_join(thread, NULL);
}

TEST_F(pager, without_a_fault_nonblock_is_eagain)
{
	ASSERT_EQ(0, fcntl(self->pager.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, pager_next(self->pager.fd, &self->fault));
}

TEST_F(pager, a_failed_read_loses_no_fault)
{
	struct membank_pager_fault faults[4];
	struct toucher touchers[2];
	char *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + PAGE, PAGE));
	EXPECT_EQ(-1, read(self->pager.fd, faults, sizeof(faults[0]) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->pager.fd, faults, 0));
	EXPECT_EQ(EINVAL, errno);

	ASSERT_EQ(0, toucher_start(&touchers[0], self->mem, 0));
	/* Waits, and then finds that it has no place for it. */
	EXPECT_EQ(-1, read(self->pager.fd, edge + PAGE, sizeof(faults[0])));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(POLLIN, pager_events(self->pager.fd));
	ASSERT_EQ(0, toucher_start(&touchers[1], self->mem + PAGE, 0));
	while (!touchers[1].tid)
		sched_yield();
	ASSERT_TRUE(thread_wait_asleep(touchers[1].tid));
	/* A place for one of two, and then for what is left. */
	edge += PAGE - sizeof(faults[0]);
	EXPECT_EQ(sizeof(faults[0]),
		  read(self->pager.fd, edge, 2 * sizeof(faults[0])));
	memcpy(faults, edge, sizeof(faults[0]));
	EXPECT_EQ(OFFSET, faults[0].offset);
	EXPECT_EQ(sizeof(faults[1]),
		  read(self->pager.fd, &faults[1], 2 * sizeof(faults[1]) + 1));
	EXPECT_EQ(OFFSET + PAGE, faults[1].offset);
	ASSERT_EQ(0, pager_reply(self->pager.fd, faults[0].id, self->fd, 0,
				 2 * PAGE));
	EXPECT_EQ(page_byte(0), toucher_join(&touchers[0]));
	EXPECT_EQ(page_byte(1), toucher_join(&touchers[1]));
}

TEST_F(pager, attach_refuses_what_does_not_go_together)
{
	struct membank_region_attach args = pager_args(self->pager.attach, 0);

	args.flags |= MEMBANK_REGION_NO_ALIAS;
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(self->pager.attach, MEMBANK_REGION_RESERVED);
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(self->pager.attach, 0);
	args.length = 0;
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(self->pager.attach, 0);
	args.offset = 1;
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args.offset = -PAGE;
	test_err(ERANGE, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args.offset = 1ULL << 63;
	test_err(ERANGE, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(self->pager.fd, 0);
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(self->fd, 0);
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(-1, 0);
	test_err(EBADF, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
	args = pager_args(self->pager.attach, 0);
	args.flags &= ~PAGER;
	test_err(EINVAL, self->dev, MEMBANK_IOC_REGION_ATTACH, &args);
}

TEST_HARNESS_MAIN
