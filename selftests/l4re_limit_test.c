// SPDX-License-Identifier: GPL-2.0-only
/*
 * L4Re's functions where there is no more: over the quota, without a descriptor,
 * without a slot, without room in the process, and where a pager has no page.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "l4re.h"
#include "reload.h"

#define QUOTA (8 * MIB)
#define PARAMETERS "banks=video:32M,rt:16M quota=8M"

/* Nobody that a machine knows. */
#define USER 60001

#define SIZE (2 * L4_PAGESIZE)
#define SEARCH L4RE_RM_SEARCH_ADDR

FIXTURE(limit)
{
	l4re_ds_t ds;
	l4_cap_idx_t irq;
	struct rlimit files;
	/* How many mappings a process might have, where that was changed. */
	int maps;
};

FIXTURE_SETUP(limit)
{
	ASSERT_TRUE(test_banks_empty());
	ASSERT_EQ(0, setenv("MEMBANK_L4RE_BANK", "0", 1));
	ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", "0", 1));
	self->ds = l4re_ds_new(SIZE);
	ASSERT_FALSE(l4_is_invalid_cap(self->ds));
	self->irq = l4re_irq_new();
	ASSERT_FALSE(l4_is_invalid_cap(self->irq));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &self->files));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(limit)
{
	if (self->maps > 0)
		EXPECT_LT(0, test_map_limit(self->maps));
	EXPECT_TRUE(test_banks_empty());
}

static long attach(l4re_ds_t ds)
{
	void *where = NULL;
	int ret;

	ret = l4re_rm_attach(&where, SIZE, SEARCH, ds, 0, L4_PAGESHIFT);
	return ret ? ret : (long)where;
}

/* ------------------------------------------------------------------- quota */

TEST_F(limit, more_than_the_quota_is_enomem)
{
	l4re_ds_t most = l4re_util_cap_alloc(), more = l4re_util_cap_alloc();
	l4_cap_idx_t mem_alloc = l4re_env()->mem_alloc;

	/* Whoever is root has no quota. */
	ASSERT_EQ(0, l4re_ma_alloc(QUOTA + 1, most, 0));
	ASSERT_EQ(0, setresuid(USER, USER, USER));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc(QUOTA + 1, more, 0));
	ASSERT_EQ(0, l4re_ma_alloc(QUOTA, most, 0));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc(1, more, 0));
	EXPECT_EQ(-L4_ENOMEM,
		  l4re_ma_alloc_align(1, more, L4RE_MA_PINNED, L4_PAGESHIFT));
	EXPECT_EQ(-L4_ENOMEM,
		  l4re_ma_alloc_align_srv(mem_alloc, 1, more, 0, 0));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc(-1, more, L4RE_MA_CONTINUOUS));
	EXPECT_EQ(0, l4re_ds_size(more));

	/* All but so much of it. */
	ASSERT_EQ(0, l4re_ma_free(most));
	ASSERT_EQ(0, l4re_ma_alloc(-(long)MIB, more, L4RE_MA_CONTINUOUS));
	EXPECT_EQ(QUOTA - MIB, l4re_ds_size(more));
}

/* ------------------------------------------------------------- descriptors */

/* As many as there are now, and so many more. */
static int allow_files(FIXTURE_DATA(limit) * self, unsigned int more)
{
	struct rlimit tight = self->files;
	int lowest = dup(0);

	close(lowest);
	tight.rlim_cur = lowest + more;
	return setrlimit(RLIMIT_NOFILE, &tight);
}

TEST_F(limit, without_a_free_descriptor_it_is_enomem)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc(), found = cap;
	l4_addr_t addr, start;
	unsigned long size = 1;
	long where;
	int fd = -1;

	where = attach(self->ds);
	ASSERT_LT(0, where);
	start = where;
	addr = start;
	ASSERT_EQ(0, allow_files(self, 0));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc(1, cap, 0));
	EXPECT_EQ(-L4_ENOMEM, l4re_ma_alloc_align(1, cap, 0, 0));
	EXPECT_EQ(-L4_ENOMEM,
		  l4_error(l4_factory_create_irq(l4re_env()->factory, cap)));
	EXPECT_EQ(-L4_ENOMEM,
		  l4re_membank_fd(self->ds, L4RE_MEMBANK_DATASPACE, &fd));
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-none"));
	EXPECT_EQ(-L4_ENOMEM, l4re_rm_find(&addr, &size, NULL, NULL, &found));
	EXPECT_EQ(start, addr);
	EXPECT_EQ(cap, found);
	EXPECT_EQ(-L4_ENOMEM, l4re_rm_detach_ds((void *)start, &found));
	EXPECT_EQ(L4_INVALID_CAP, found);
	EXPECT_EQ(-L4_ENOMEM, l4re_rm_detach_ds_unmap((void *)start, &found,
						      L4RE_THIS_TASK_CAP));
	EXPECT_EQ(-L4_ENOMEM, l4re_rm_detach_srv(l4re_env()->rm, start, &found,
						 L4RE_THIS_TASK_CAP));

	/* What needs none is done, and the region is there all the while. */
	EXPECT_EQ(0, l4re_ds_clear(self->ds, 0, SIZE));
	EXPECT_EQ(SIZE, l4re_ds_size(self->ds));
	EXPECT_EQ(0, l4_error(l4_irq_trigger(self->irq)));
	EXPECT_LT(0, attach(self->ds));
	EXPECT_EQ(0, l4re_membank_copy(cap, self->ds));
	EXPECT_EQ(0, l4re_rm_detach((void *)start));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &self->files));
	EXPECT_EQ(0, l4re_ma_alloc(1, cap, 0));
}

TEST_F(limit, without_a_free_descriptor_a_hole_makes_two_of_one)
{
	l4re_ds_t ds = l4re_ds_new(3 * L4_PAGESIZE);
	void *start = NULL;
	l4_addr_t hole;

	ASSERT_EQ(0, l4re_rm_attach(&start, 3 * L4_PAGESIZE, SEARCH, ds, 0, 0));
	ASSERT_EQ(0, allow_files(self, 0));
	hole = (l4_addr_t)start + L4_PAGESIZE;
	EXPECT_EQ(2, l4re_membank_detach(l4re_env()->rm, hole, L4_PAGESIZE,
					 NULL, L4RE_THIS_TASK_CAP));
	EXPECT_EQ(0, l4re_rm_detach(start));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &self->files));
}

/* The process has used nothing yet: the node itself cannot be opened. */
TEST_F(limit, without_a_descriptor_for_the_node_it_is_enomem)
{
	l4_addr_t start = 0;
	pid_t child = fork();
	int ret = 0;

	ASSERT_LE(0, child);
	if (!child) {
		l4re_ds_t ds = l4re_util_cap_alloc();
		l4re_ds_stats_t stats;

		/* It shuts those of its parent first. */
		for (int fd = 3; fd < 256; fd++)
			close(fd);
		ret |= allow_files(self, 0);
		ret |= l4re_ma_alloc(1, ds, 0) != -L4_ENOMEM;
		ret |= (l4re_rm_reserve_area(&start, 1, SEARCH, 0) !=
			-L4_ENOMEM)
		       << 1;
		ret |= (l4re_rm_detach(NULL) != -L4_ENOMEM) << 2;
		ret |= (l4re_ds_info(self->ds, &stats) != -L4_ENOMEM) << 3;
		_exit(ret);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

/* ------------------------------------------------------------------- slots */

TEST_F(limit, without_a_free_slot_it_is_enomem)
{
	l4_cap_idx_t own = l4re_util_cap_alloc(), found = 5;
	l4re_ds_t ds = l4re_ds_new(SIZE);
	long kept = attach(self->ds), lost = attach(ds);
	unsigned long size = 1;
	l4_addr_t addr = lost;

	ASSERT_LT(0, kept);
	ASSERT_LT(0, lost);
	/* Of what is attached there no slot tells. */
	ASSERT_EQ(0, l4re_ma_free(ds));
	while (!l4_is_invalid_cap(l4re_util_cap_alloc()))
		;
	EXPECT_EQ(L4_INVALID_CAP, l4re_util_cap_alloc());
	EXPECT_EQ(-L4_ENOMEM, l4re_rm_find(&addr, &size, NULL, NULL, &found));
	EXPECT_EQ(lost, addr);
	EXPECT_EQ(1, size);
	EXPECT_EQ(5, found);
	EXPECT_EQ(-L4_ENOMEM, l4re_rm_detach_ds((void *)lost, &found));
	EXPECT_EQ(L4_INVALID_CAP, found);
	/* It is there still, and goes without being told what it was. */
	EXPECT_EQ(0, l4re_rm_detach((void *)lost));

	/* What has a slot needs none. */
	EXPECT_EQ(0, l4re_rm_detach_ds((void *)kept, &found));
	EXPECT_EQ(self->ds, found);
	EXPECT_EQ(0, l4re_ma_alloc(1, own, 0));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-none"));
}

TEST_F(limit, without_a_free_slot_there_is_no_connection)
{
	struct membank_service_event event;
	struct membank_offer offer = { .rights = MEMBANK_DATASPACE_READ };
	unsigned int files;
	int dev, service;
	l4_cap_idx_t cap;

	ASSERT_EQ(0, l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &dev));
	ASSERT_EQ(0,
		  l4re_membank_fd(self->ds, L4RE_MEMBANK_DATASPACE, &offer.fd));
	ASSERT_EQ(0, membank_service_register(dev, "l4re-full", &offer, 1, 0222,
					      &service));
	do {
		cap = l4re_util_cap_alloc();
	} while (!l4_is_invalid_cap(cap));
	files = test_open_files();
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-full"));
	/* It came, and is gone. */
	EXPECT_EQ(0, membank_service_read_event(service, &event));
	EXPECT_EQ(0, membank_service_read_event(service, &event));
	EXPECT_EQ(files, test_open_files());
	l4re_util_cap_free(self->irq);
	EXPECT_EQ(self->irq, l4re_env_get_cap("l4re-full"));
}

/* -------------------------------------------------------------------- room */

/* Mappings that the kernel cannot join, until there is no more. */
static void fill_process(void)
{
	const int rights[] = { PROT_READ, PROT_NONE };
	unsigned int i = 0;

	while (mmap(NULL, L4_PAGESIZE, rights[i++ % 2],
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		;
}

TEST_F(limit, without_room_in_the_process_it_is_enomem)
{
	l4_addr_t area = 0, at;
	long where = attach(self->ds);

	ASSERT_LT(0, where);
	at = where;
	/* More than it has, and not as many as take long to make. */
	self->maps = test_map_limit(2000);
	ASSERT_LT(0, self->maps);
	fill_process();
	EXPECT_EQ(-L4_ENOMEM, attach(self->ds));
	EXPECT_EQ(-L4_ENOMEM,
		  l4re_rm_reserve_area(&area, L4_PAGESIZE, SEARCH, 0));
	EXPECT_EQ(0, area);
	EXPECT_EQ(-L4_ENOMEM, l4re_ds_map(self->ds, 0, L4RE_DS_F_R,
					  at + L4_PAGESIZE, 0, 0));
	/* A hole would make two of one. */
	EXPECT_EQ(0, l4re_rm_detach((void *)at));
	EXPECT_LT(0, attach(self->ds));
}

/* ------------------------------------------------------------------- pages */

static void *fail_one(void *pager)
{
	struct membank_pager_fault fault;

	if (membank_pager_read((long)pager, &fault) != 1)
		return "no fault came";
	return membank_pager_fail((long)pager, fault.id) ? "not answered" :
							   NULL;
}

TEST_F(limit, a_page_that_cannot_be_had_is_eio)
{
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	void *start = NULL, *wrong = "";
	int dev, pager, fd;
	pthread_t thread;

	ASSERT_EQ(0, l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &dev));
	ASSERT_EQ(0, membank_pager_create(dev, &pager, &fd));
	ASSERT_EQ(0, l4re_membank_put(cap, L4RE_MEMBANK_PAGER, fd));
	ASSERT_EQ(0,
		  pthread_create(&thread, NULL, fail_one, (void *)(long)pager));
	EXPECT_EQ(-L4_EIO,
		  l4re_rm_attach(&start, L4_PAGESIZE,
				 SEARCH | L4RE_RM_PAGER | L4RE_RM_EAGER_MAP,
				 cap, 0, L4_PAGESHIFT));
	EXPECT_EQ(NULL, start);
	ASSERT_EQ(0, pthread_join(thread, &wrong));
	EXPECT_EQ(NULL, wrong);
	/* Nobody answers for it any more. */
	close(pager);
	EXPECT_EQ(-L4_ENODEV,
		  l4re_rm_attach(&start, L4_PAGESIZE, SEARCH | L4RE_RM_PAGER,
				 cap, 0, L4_PAGESHIFT));
}

/* -------------------------------------------------------------- environment */

/* Who may not open the node, and has not before. */
TEST_F(limit, without_the_right_to_the_node_it_is_eaccess)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		void *start = NULL;
		l4_addr_t addr = 0;
		unsigned long size = 1;
		l4re_ds_stats_t stats;
		int well = 1;

		if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
			_exit(2);
		well &= l4re_ma_alloc(1, self->ds, 0) == -L4_EACCESS;
		well &= l4re_ma_free(self->ds) == -L4_EACCESS;
		well &= l4re_rm_attach(&start, 1, SEARCH, self->ds, 0, 0) ==
			-L4_EACCESS;
		well &= l4re_rm_detach(start) == -L4_EACCESS;
		well &= l4re_rm_reserve_area(&addr, 1, SEARCH, 0) ==
			-L4_EACCESS;
		well &= l4re_rm_free_area(addr) == -L4_EACCESS;
		well &= l4re_rm_find(&addr, &size, NULL, NULL, NULL) ==
			-L4_EACCESS;
		well &= l4re_ds_info(self->ds, &stats) == -L4_EACCESS;
		well &= l4_is_invalid_cap(l4re_env_get_cap("l4re-none")) != 0;
		_exit(!well);
	}
	EXPECT_EQ(0, test_wait_child(child));
}

/* The short forms are called in what the environment says, and that is nothing. */
TEST_F(limit, an_environment_with_nothing_in_it)
{
	void *start = NULL;
	l4_addr_t addr = 0;
	unsigned long size = 1;
	l4re_ds_t ds = 5;

	l4re_env()->rm = L4_INVALID_CAP;
	l4re_env()->mem_alloc = L4_INVALID_CAP;
	EXPECT_EQ(VOID, l4re_ma_alloc(1, self->ds, 0));
	EXPECT_EQ(VOID, l4re_ma_alloc_align(1, self->ds, 0, 0));
	EXPECT_EQ(VOID, l4re_ma_free(self->ds));
	EXPECT_EQ(VOID, l4re_rm_reserve_area(&addr, 1, SEARCH, 0));
	EXPECT_EQ(VOID, l4re_rm_free_area(addr));
	EXPECT_EQ(VOID, l4re_rm_attach(&start, 1, SEARCH, self->ds, 0, 0));
	EXPECT_EQ(VOID, l4re_rm_detach(start));
	EXPECT_EQ(VOID, l4re_rm_detach_ds(start, &ds));
	EXPECT_EQ(L4_INVALID_CAP, ds);
	EXPECT_EQ(VOID, l4re_rm_detach_unmap(addr, L4RE_THIS_TASK_CAP));
	EXPECT_EQ(VOID,
		  l4re_rm_detach_ds_unmap(start, &ds, L4RE_THIS_TASK_CAP));
	EXPECT_EQ(VOID, l4re_rm_find(&addr, &size, NULL, NULL, &ds));
	l4re_rm_show_lists();
	EXPECT_EQ(SIZE, l4re_ds_size(self->ds));
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
