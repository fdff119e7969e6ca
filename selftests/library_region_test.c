// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's functions for regions, on the real module: what each does with a
 * right call and with each wrong one. What the commands themselves do is tested
 * beside the files of the module.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"
#include "touch.h"

#define NO_FD 1000000
#define PAGES 4
#define UNKNOWN 0x80000000U

#define READ_ONLY MEMBANK_REGION_READ_ONLY
#define NO_ALIAS MEMBANK_REGION_NO_ALIAS
#define PAGER MEMBANK_REGION_PAGER
#define RESERVED MEMBANK_REGION_RESERVED
#define OVERMAP MEMBANK_REGION_OVERMAP
#define SEARCH MEMBANK_REGION_SEARCH_ADDR
#define IN_AREA MEMBANK_REGION_IN_AREA
#define EAGER MEMBANK_REGION_EAGER_MAP

#define UNMAP MEMBANK_DETACH_UNMAP
#define DATASPACE MEMBANK_DETACH_DATASPACE

/* What no call that fails may have written. */
#define JUNK_FD 0xcccccc
#define JUNK_ADDR ((void *)0xccccccccccccccccUL)

FIXTURE(map)
{
	size_t page;
	int dev;
	int null;
	/* Of PAGES pages. */
	int dataspace;
	/* 64 MiB of address space where nothing is mapped. */
	char *hole;
	int pager;
	int attach;
	/* Of the region or area that a case makes. */
	void *addr;
};

FIXTURE_SETUP(map)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open("0", &self->dev));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, PAGES * self->page, 0,
					     0, &self->dataspace));
	self->hole = mmap(NULL, 64 * MIB, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->hole);
	ASSERT_EQ(0, munmap(self->hole, 64 * MIB));
	ASSERT_EQ(0,
		  membank_pager_create(self->dev, &self->pager, &self->attach));
	self->addr = JUNK_ADDR;
	touch_init();
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(map)
{
	EXPECT_TRUE(test_banks_empty());
}

/* All of the dataspace. */
static int attach_at(struct _test_data_map *self, void *start, __u32 flags)
{
	return membank_region_attach(self->dev, self->dataspace, 0, 0, flags, 0,
				     start, &self->addr);
}

static int reserve_at(struct _test_data_map *self, void *start, __u64 length,
		      __u32 flags)
{
	return membank_area_reserve(self->dev, length, flags, 0, start,
				    &self->addr);
}

/* A node that a process opened which is gone. */
static int dev_of_the_dead(void)
{
	int sockets[2], dev;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return -errno;
	child = fork();
	if (!child)
		_exit(membank_open("0", &dev) || test_send_fd(sockets[1], dev));
	if (test_wait_child(child))
		return -EPROTO;
	dev = test_receive_fd(sockets[0]);
	close(sockets[0]);
	close(sockets[1]);
	return dev;
}

/* ---------------------------------------------------------------- attaching */

TEST_F(map, attach_without_an_address_searches_one_with_each_flag)
{
	static const __u32 flags[] = { READ_ONLY, NO_ALIAS, RESERVED, EAGER,
				       READ_ONLY | NO_ALIAS | EAGER };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ASSERT_EQ(0, attach_at(self, NULL, flags[i]))
		TH_LOG("flags %#x", flags[i]);
		ASSERT_NE(NULL, self->addr);
		ASSERT_EQ(0, membank_region_detach(self->dev, self->addr));
	}
	ASSERT_EQ(0,
		  membank_region_attach(self->dev, self->attach, 0, self->page,
					PAGER, 0, NULL, &self->addr));
	EXPECT_NE(NULL, self->addr);
}

TEST_F(map, attach_in_an_area_goes_nowhere_else)
{
	char *area;

	ASSERT_EQ(0, reserve_at(self, self->hole, 8 * self->page, 0));
	area = self->addr;
	self->addr = JUNK_ADDR;
	EXPECT_EQ(-EADDRNOTAVAIL, attach_at(self, area, 0));
	EXPECT_EQ(-EADDRNOTAVAIL, attach_at(self, area, OVERMAP));
	/* No address, so no area: it is not searched for. */
	EXPECT_EQ(-ENOENT, attach_at(self, NULL, IN_AREA));
	EXPECT_EQ(-ENOENT, attach_at(self, area + 8 * self->page, IN_AREA));
	EXPECT_EQ(JUNK_ADDR, self->addr);

	EXPECT_EQ(0, attach_at(self, area + self->page, IN_AREA));
	EXPECT_EQ(area + self->page, self->addr);
	self->addr = JUNK_ADDR;
	EXPECT_EQ(-EADDRNOTAVAIL,
		  attach_at(self, area + self->page, IN_AREA | SEARCH));
	EXPECT_EQ(JUNK_ADDR, self->addr);
	EXPECT_EQ(0, attach_at(self, area + 2 * self->page, IN_AREA | OVERMAP));
	EXPECT_EQ(area + 2 * self->page, self->addr);
}

TEST_F(map, attach_in_a_reserved_area_is_eperm)
{
	ASSERT_EQ(0, reserve_at(self, self->hole, 8 * self->page, RESERVED));
	EXPECT_EQ(-EPERM, attach_at(self, self->hole, IN_AREA));
	EXPECT_EQ(-EPERM, attach_at(self, self->hole, IN_AREA | SEARCH));
}

TEST_F(map, attach_of_what_is_mapped_is_ebusy_with_no_alias)
{
	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	EXPECT_EQ(-EBUSY, attach_at(self, NULL, NO_ALIAS));
	ASSERT_EQ(0, membank_region_detach(self->dev, self->hole));
	ASSERT_EQ(0, attach_at(self, self->hole, NO_ALIAS));
	EXPECT_EQ(-EBUSY, attach_at(self, NULL, 0));
}

TEST_F(map, attach_refuses)
{
	struct {
		int ret, fd;
		__u64 length;
		__u32 flags;
	} wrong[] = {
		{ -EINVAL, self->dataspace, 0, OVERMAP | SEARCH },
		{ -EINVAL, self->dataspace, 0, EAGER | RESERVED },
		{ -EINVAL, self->dataspace, self->page, PAGER },
		{ -EINVAL, self->pager, self->page, 0 },
		{ -EINVAL, self->attach, self->page, 0 },
		{ -EINVAL, self->attach, 0, PAGER },
		{ -EINVAL, self->attach, self->page, PAGER | NO_ALIAS },
		{ -EINVAL, self->attach, self->page, PAGER | RESERVED },
		{ -EINVAL, self->pager, self->page, PAGER },
		{ -EBADF, NO_FD, self->page, PAGER },
		{ -EOPNOTSUPP, self->dataspace, 0, 0x100 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(wrong[i].ret,
			  membank_region_attach(self->dev, wrong[i].fd, 0,
						wrong[i].length, wrong[i].flags,
						0, NULL, &self->addr))
		TH_LOG("row %zu", i);
	}
	close(self->pager);
	EXPECT_EQ(-ENODEV,
		  membank_region_attach(self->dev, self->attach, 0, self->page,
					PAGER, 0, NULL, &self->addr));
	EXPECT_EQ(JUNK_ADDR, self->addr);
}

/* ---------------------------------------------------------------- detaching */

TEST_F(map, detach_of_a_whole_region_gives_its_dataspace)
{
	struct membank_region_detach info;

	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	memset(self->addr, 0x5a, self->page);
	close(self->dataspace);
	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_region_detach_range(self->dev,
						 self->hole + self->page + 7, 0,
						 DATASPACE, &info));
	EXPECT_EQ((uintptr_t)self->hole, info.out_start);
	EXPECT_EQ(PAGES * self->page, info.out_length);
	EXPECT_EQ(1, info.out_dropped);
	EXPECT_EQ(0, info.out_kept);
	EXPECT_EQ(0, info.out_split);
	EXPECT_EQ(0, info.out_more);
	self->dataspace = info.out_fd;
	ASSERT_EQ(0, attach_at(self, NULL, 0));
	EXPECT_TRUE(test_all_bytes(self->addr, 0x5a, self->page));
}

TEST_F(map, detach_of_a_range_tells_what_it_did)
{
	struct membank_region_detach info;
	char *middle = self->hole + PAGES * self->page;

	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	ASSERT_EQ(0, attach_at(self, middle, 0));
	ASSERT_EQ(0, attach_at(self, middle + PAGES * self->page, READ_ONLY));
	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_region_detach_range(self->dev, middle - self->page,
						 (PAGES + 2) * self->page, 0,
						 &info));
	EXPECT_EQ((uintptr_t)middle - self->page, info.out_start);
	EXPECT_EQ((PAGES + 2) * self->page, info.out_length);
	EXPECT_EQ(0, info.out_dropped);
	EXPECT_EQ(1, info.out_kept);
	EXPECT_EQ(2, info.out_split);
	EXPECT_EQ(0, info.out_more);
	EXPECT_EQ(-1, info.out_fd);

	ASSERT_EQ(0, membank_region_detach_range(self->dev, self->hole,
						 64 * MIB, DATASPACE, &info));
	EXPECT_EQ((PAGES - 1) * self->page, info.out_length);
	EXPECT_EQ(1, info.out_more);
	EXPECT_EQ(PAGES * self->page, lseek(info.out_fd, 0, SEEK_END));
	/* Who does not want to know it need not. */
	EXPECT_EQ(0, membank_region_detach_range(self->dev, self->hole,
						 64 * MIB, 0, NULL));
	EXPECT_EQ(-ENOENT, membank_region_detach_range(self->dev, self->hole,
						       64 * MIB, 0, NULL));
}

TEST_F(map, detach_refuses)
{
	struct membank_region_detach info;
	int dead = dev_of_the_dead();
	struct {
		int ret, dev;
		void *addr;
		__u64 length;
		__u32 flags;
	} wrong[] = {
		{ -ENOENT, self->dev, self->hole + MIB, 0, 0 },
		{ -ENOENT, self->dev, self->hole + MIB, MIB, DATASPACE },
		{ -EINVAL, self->dev, self->hole, UINT64_MAX, 0 },
		{ -EOPNOTSUPP, self->dev, self->hole, 0, UNKNOWN },
		{ -EOPNOTSUPP, self->dev, self->hole, 0, 4 },
		{ -EPERM, dead, self->hole, 0, 0 },
		{ -ESRCH, dead, self->hole, 0, UNMAP },
		{ -EBADF, NO_FD, self->hole, 0, 0 },
		{ -ENOTTY, self->null, self->hole, 0, 0 },
	};
	size_t i;
	int ret;

	ASSERT_LE(0, dead);
	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	memset(&info, TEST_JUNK, sizeof(info));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		ret = membank_region_detach_range(wrong[i].dev, wrong[i].addr,
						  wrong[i].length,
						  wrong[i].flags, &info);
		EXPECT_EQ(wrong[i].ret, ret)
		TH_LOG("row %zu", i);
	}
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
	EXPECT_EQ(0, membank_region_detach(self->dev, self->hole));
}

TEST_F(map, what_cannot_be_read_gives_no_dataspace)
{
	struct membank_region_detach detached;
	struct membank_region_find found;
	int owns;

	ASSERT_EQ(0, membank_dataspace_derive(self->dev, self->dataspace,
					      MEMBANK_DATASPACE_OWN, &owns));
	ASSERT_EQ(0, membank_region_attach(self->dev, owns, 0, 0, RESERVED, 0,
					   self->hole, &self->addr));
	memset(&found, TEST_JUNK, sizeof(found));
	EXPECT_EQ(-EACCES, membank_region_find(self->dev, self->hole, &found));
	EXPECT_TRUE(test_all_bytes(&found, TEST_JUNK, sizeof(found)));
	EXPECT_EQ(-EACCES, membank_region_detach_range(self->dev, self->hole, 0,
						       DATASPACE, &detached));
	/* So it is still there. */
	EXPECT_EQ(0, membank_region_detach(self->dev, self->hole));
}

TEST_F(map, detach_unmaps_in_another_process_if_asked_to)
{
	struct membank_region_detach info;
	char byte;
	pid_t child;

	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (membank_region_detach_range(self->dev, self->hole, 0, 0,
						&info) != -EPERM)
			_exit(1);
		if (membank_region_detach_range(self->dev, self->hole, 0,
						UNMAP | DATASPACE, &info))
			_exit(2);
		if (lseek(info.out_fd, 0, SEEK_END) != PAGES * self->page)
			_exit(3);
		/* It was the parent's, and this copy is still here. */
		_exit(touch_read(self->hole, &byte) ? 4 : 0);
	}
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(SIGSEGV, touch_read(self->hole, &byte));
	EXPECT_EQ(-ENOENT, membank_region_detach(self->dev, self->hole));
}

/* -------------------------------------------------------- finding and listing */

TEST_F(map, find_gives_the_first_in_a_range)
{
	struct membank_region_find info;
	char *behind = self->hole + self->page;
	char *second = self->hole + MIB;

	ASSERT_EQ(0, reserve_at(self, self->hole, self->page, RESERVED));
	ASSERT_EQ(0, attach_at(self, second, READ_ONLY));
	memset(&info, TEST_JUNK, sizeof(info));
	/* From behind the area on. */
	ASSERT_EQ(0, membank_region_find_range(self->dev, behind, MIB, &info));
	EXPECT_EQ((uintptr_t)second, info.out_start);
	EXPECT_EQ(PAGES * self->page, info.out_length);
	EXPECT_EQ(READ_ONLY, info.out_flags);
	EXPECT_EQ(PAGES * self->page, lseek(info.out_fd, 0, SEEK_END));

	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_region_find_range(self->dev, self->hole, 64 * MIB,
					       &info));
	EXPECT_EQ((uintptr_t)self->hole, info.out_start);
	EXPECT_EQ(self->page, info.out_length);
	EXPECT_EQ(IN_AREA | RESERVED, info.out_flags);
	EXPECT_EQ(-1, info.out_fd);
}

TEST_F(map, find_refuses)
{
	struct membank_region_find info;
	int dead = dev_of_the_dead();

	ASSERT_LE(0, dead);
	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-ENOENT, membank_region_find_range(self->dev, self->hole,
						     64 * MIB, &info));
	EXPECT_EQ(-EINVAL, membank_region_find_range(self->dev, self->hole,
						     UINT64_MAX, &info));
	EXPECT_EQ(-ESRCH,
		  membank_region_find_range(dead, self->hole, MIB, &info));
	EXPECT_EQ(-EBADF,
		  membank_region_find_range(NO_FD, self->hole, MIB, &info));
	EXPECT_EQ(-ENOTTY, membank_region_find_range(self->null, self->hole,
						     MIB, &info));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
}

TEST_F(map, list_goes_on_where_there_was_no_room)
{
	struct membank_region_entry entries[4];
	struct membank_dataspace_info info;
	unsigned int count = JUNK_FD;
	uint64_t next = JUNK_FD;

	ASSERT_EQ(0, membank_dataspace_info(self->dev, self->dataspace, &info));
	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	ASSERT_EQ(0, reserve_at(self, self->hole + MIB, MIB, 0));

	memset(entries, TEST_JUNK, sizeof(entries));
	ASSERT_EQ(0, membank_region_list(self->dev, 0, 0, entries, 1, &count,
					 &next));
	EXPECT_EQ(1, count);
	EXPECT_EQ((uintptr_t)self->hole + MIB, next);
	EXPECT_EQ((uintptr_t)self->hole, entries[0].start);
	EXPECT_EQ(PAGES * self->page, entries[0].length);
	EXPECT_EQ(MEMBANK_ENTRY_REGION, entries[0].kind);
	EXPECT_EQ(info.out_bank, entries[0].bank);
	EXPECT_EQ(info.out_offset, entries[0].bank_offset);
	EXPECT_TRUE(test_all_bytes(&entries[1], TEST_JUNK, sizeof(*entries)));

	ASSERT_EQ(0, membank_region_list(self->dev, next, 0, entries, 4, &count,
					 &next));
	EXPECT_EQ(1, count);
	EXPECT_EQ(0, next);
	EXPECT_EQ(MEMBANK_ENTRY_AREA, entries[0].kind);
	EXPECT_EQ((uintptr_t)self->hole + MIB, entries[0].area);

	/* Of a range; who does not ask for more need not be told. */
	ASSERT_EQ(0, membank_region_list(self->dev, (uintptr_t)self->hole,
					 self->page, entries, 4, &count, NULL));
	EXPECT_EQ(1, count);
	ASSERT_EQ(0, membank_region_list(self->dev,
					 (uintptr_t)self->hole + 2 * MIB, MIB,
					 entries, 4, &count, NULL));
	EXPECT_EQ(0, count);
}

TEST_F(map, list_refuses)
{
	struct membank_region_entry entry;
	int dead = dev_of_the_dead();
	unsigned int count = JUNK_FD;
	uint64_t next = JUNK_FD;
	struct {
		int ret, dev;
		__u64 length;
		struct membank_region_entry *entries;
		unsigned int room;
	} wrong[] = {
		{ -EINVAL, self->dev, 0, &entry, 0 },
		{ -EINVAL, self->dev, UINT64_MAX, &entry, 1 },
		{ -EFAULT, self->dev, 0, NULL, 1 },
		{ -ESRCH, dead, 0, &entry, 1 },
		{ -EBADF, NO_FD, 0, &entry, 1 },
		{ -ENOTTY, self->null, 0, &entry, 1 },
	};
	size_t i;

	ASSERT_LE(0, dead);
	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	memset(&entry, TEST_JUNK, sizeof(entry));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(wrong[i].ret,
			  membank_region_list(wrong[i].dev, 2, wrong[i].length,
					      wrong[i].entries, wrong[i].room,
					      &count, &next))
		TH_LOG("row %zu", i);
	}
	EXPECT_TRUE(test_all_bytes(&entry, TEST_JUNK, sizeof(entry)));
	EXPECT_EQ(JUNK_FD, count);
	EXPECT_EQ(JUNK_FD, next);
}

/* ------------------------------------------------------------ the list shown */

/* One line as the list has it; @what is what it says of the memory there. */
static size_t put_line(char *text, const char *start, size_t length,
		       const char *size, const char *kind, const char *flags,
		       const char *area, const char *what)
{
	char in[24] = "-";

	if (area)
		snprintf(in, sizeof(in), "%012lx", (uintptr_t)area);
	return sprintf(text, "%012lx-%012lx %12s  %-6s  %-27s  %-12s  %s\n",
		       (uintptr_t)start, (uintptr_t)start + length, size, kind,
		       flags, in, what);
}

/* A region of the fixture's dataspace from @offset on. */
static size_t put_region(char *text, struct _test_data_map *self,
			 const char *start, __u64 offset, const char *flags,
			 const char *area)
{
	struct membank_dataspace_info info;
	struct membank_bank_info bank;
	char what[128], size[24];

	if (membank_dataspace_info(self->dev, self->dataspace, &info) ||
	    membank_bank_info(self->dev, info.out_bank, &bank))
		abort();
	snprintf(what, sizeof(what), "%s+0x%llx", bank.out_name,
		 info.out_offset + offset);
	snprintf(size, sizeof(size), "%llu KiB",
		 (info.out_length - offset) / KIB);
	return put_line(text, start, info.out_length - offset, size, "region",
			flags, area, what);
}

static const char heading[] =
	"ADDRESSES                         SIZE  KIND    FLAGS                        AREA          MEMORY\n";

/* What is written to a file by who shows the map of @dev. */
static int shown(int dev, char *text, size_t size)
{
	int fd = memfd_create("shown", MFD_CLOEXEC);
	int ret = membank_region_show_lists(dev, fd);
	ssize_t length = pread(fd, text, size - 1, 0);

	text[length < 0 ? 0 : length] = '\0';
	close(fd);
	return ret;
}

TEST_F(map, show_lists_has_only_a_heading_where_nothing_is)
{
	char text[4096];

	EXPECT_EQ(0, shown(self->dev, text, sizeof(text)));
	EXPECT_STREQ(heading, text);
}

TEST_F(map, show_lists_has_a_line_for_each_region_and_area)
{
	const __u64 page = self->page;
	char *area = self->hole + 2 * MIB, *inner = area + MIB;
	char text[4096], want[4096], *end = want;
	void *addr;
	pid_t child;

	ASSERT_EQ(0, attach_at(self, self->hole, 0));
	ASSERT_EQ(0,
		  membank_region_attach(self->dev, self->dataspace, page, 0,
					READ_ONLY, 0, self->hole + MIB, &addr));
	ASSERT_EQ(0, reserve_at(self, area, 2 * MIB, 0));
	ASSERT_EQ(0, reserve_at(self, inner, page, IN_AREA | RESERVED));
	ASSERT_EQ(0, attach_at(self, area + page, IN_AREA | RESERVED));
	ASSERT_EQ(0, membank_region_attach(self->dev, self->attach, 16 * MIB,
					   3 * page, PAGER | READ_ONLY, 0,
					   self->hole + 8 * MIB, &addr));

	end += sprintf(end, "%s", heading);
	end += put_region(end, self, self->hole, 0, "plain", NULL);
	end += put_region(end, self, self->hole + MIB, page, "read-only", NULL);
	end += put_line(end, area, page, "4 KiB", "area", "plain", area,
			"free");
	end += put_region(end, self, area + page, 0, "reserved", area);
	end += put_line(end, area + 5 * page, MIB - 5 * page, "1004 KiB",
			"area", "plain", area, "free");
	end += put_line(end, inner, page, "4 KiB", "area", "reserved", inner,
			"free");
	end += put_line(end, inner + page, MIB - page, "1020 KiB", "area",
			"plain", area, "free");
	put_line(end, self->hole + 8 * MIB, 3 * page, "12 KiB", "region",
		 "read-only,pager", NULL, "pager+0x1000000");

	EXPECT_EQ(0, shown(self->dev, text, sizeof(text)));
	EXPECT_STREQ(want, text);

	/* Another process sees the map of who opened the node. */
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(membank_region_detach_range(self->dev, self->hole, MIB,
						  UNMAP, NULL) ||
		      shown(self->dev, text, sizeof(text)) ||
		      strncmp(text, heading, strlen(heading)) ||
		      strcmp(text + strlen(heading),
			     strchr(strchr(want, '\n') + 1, '\n') + 1));
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(map, show_lists_names_what_is_mapped_nowhere_else)
{
	char text[4096], want[4096];

	ASSERT_EQ(0, attach_at(self, self->hole, READ_ONLY | NO_ALIAS));
	put_region(want + sprintf(want, "%s", heading), self, self->hole, 0,
		   "read-only,no-alias", NULL);
	EXPECT_EQ(0, shown(self->dev, text, sizeof(text)));
	EXPECT_STREQ(want, text);
}

TEST_F(map, show_lists_refuses)
{
	int dead = dev_of_the_dead();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char text[64];

	ASSERT_LE(0, dead);
	ASSERT_LE(0, full);
	EXPECT_EQ(-ENOSPC, membank_region_show_lists(self->dev, full));
	EXPECT_EQ(-EBADF, membank_region_show_lists(self->dev, NO_FD));
	EXPECT_EQ(-EBADF, membank_region_show_lists(NO_FD, full));
	EXPECT_EQ(-ENOTTY, shown(self->null, text, sizeof(text)));
	EXPECT_STREQ("", text);
	EXPECT_EQ(-ESRCH, shown(dead, text, sizeof(text)));
	EXPECT_STREQ("", text);
}

TEST_HARNESS_MAIN
