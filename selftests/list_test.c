// SPDX-License-Identifier: GPL-2.0-only
/*
 * What REGION_LIST and REGION_FIND of a range say, compared with the address space
 * itself.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"

#define PAGES 16
#define ROOM 64

/* More areas than one list has room for. */
#define MANY (MEMBANK_LIST_MAX + 50)

FIXTURE(list)
{
	int dev;
	int fd;
	int other;
	size_t page;
	char *mem;
	char *hole;
	struct membank_region_list list;
	struct membank_region_find found;
	struct membank_region_entry entries[ROOM];
};

static char *at(FIXTURE_DATA(list) * self, size_t page)
{
	return self->hole + page * self->page;
}

FIXTURE_SETUP(list)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, PAGES * self->page, 0, 0);
	ASSERT_LE(0, self->fd);
	self->other = test_alloc(self->dev, PAGES * self->page, 0, 0);
	ASSERT_LE(0, self->other);
	self->hole = map_hole((MANY + 1) * self->page);
	ASSERT_NE(NULL, self->hole);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(list)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Some of each kind: -1 r4 -1 h2+6 r2+6 h4+10 -2 r3 r1 h2+6 ... */
static bool furnish(FIXTURE_DATA(list) * self)
{
	const size_t page = self->page;
	struct membank_region_attach args;
	char *mem;

	if (map_attach_part(self->dev, self->fd, at(self, 1), 4 * page, 0,
			    &mem) ||
	    map_reserve(self->dev, at(self, 6), 12 * page, 0, &mem) ||
	    map_reserve(self->dev, at(self, 10), 4 * page, IN_AREA | RESERVED,
			&mem) ||
	    mmap(at(self, 20), page, PROT_READ,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0) != at(self, 20))
		return false;
	args = map_args(self->other, at(self, 8), IN_AREA | READ_ONLY);
	args.length = 2 * page;
	args.offset = 5 * page;
	return !map_attach(self->dev, args, &mem) &&
	       !map_attach_part(self->dev, self->other, at(self, 21), page,
				RESERVED, &mem);
}

#define FURNISHED "-1 r4 -1 h2+6 r2+6 h4+10 h4+6 -3 r1"

/* Lists everything, @room at a time; how many, or a negative errno. */
static int list_all(FIXTURE_DATA(list) * self, __u32 room)
{
	__u64 start = 0;
	int count = 0, ret;

	do {
		if (count + room > ROOM)
			return -E2BIG;
		ret = map_list(self->dev, (void *)(uintptr_t)start, 0,
			       self->entries + count, room, &self->list);
		if (ret)
			return ret;
		/* Where it goes on, and none twice. */
		if (self->list.out_next && self->list.out_nr_entries != room)
			return -EREMOTE;
		count += self->list.out_nr_entries;
		start = self->list.out_next;
	} while (start);
	return count;
}

/* Of /proc/self/maps what is ours, in its order. */
static int read_maps(struct membank_region_entry *entries)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned long long start, end, offset;
	char line[256], access[8];
	int count = 0;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx %7s %llx", &start, &end, access,
			   &offset) != 4)
			continue;
		if (!strstr(line, "[membank-area]") && !strstr(line, "dmabuf"))
			continue;
		entries[count].start = start;
		entries[count].length = end - start;
		entries[count].offset = offset;
		entries[count].kind = strstr(line, "dmabuf") ?
					      MEMBANK_ENTRY_REGION :
					      MEMBANK_ENTRY_AREA;
		count++;
	}
	fclose(file);
	return count;
}

TEST_F(list, says_what_proc_says)
{
	struct membank_region_entry maps[ROOM];
	int i, count;

	EXPECT_EQ(0, list_all(self, ROOM));
	EXPECT_EQ(0, self->list.out_nr_entries);
	EXPECT_EQ(0, self->list.out_next);
	ASSERT_TRUE(furnish(self));
	ASSERT_NE(MAP_FAILED, test_map(self->dev, self->page));
	ASSERT_EQ(0, munmap(at(self, 2), self->page));
	count = list_all(self, ROOM);
	ASSERT_EQ(8, count);
	ASSERT_EQ(count, read_maps(maps));
	for (i = 0; i < count; i++) {
		EXPECT_EQ(maps[i].start, self->entries[i].start);
		EXPECT_EQ(maps[i].length, self->entries[i].length);
		EXPECT_EQ(maps[i].kind, self->entries[i].kind);
		EXPECT_EQ(maps[i].kind == MEMBANK_ENTRY_REGION ?
				  maps[i].offset :
				  0,
			  self->entries[i].offset);
	}
}

TEST_F(list, has_every_field_of_each_kind)
{
	struct membank_dataspace_info info;
	struct membank_region_entry *entry = self->entries;

	ASSERT_TRUE(furnish(self));
	EXPECT_STREQ(FURNISHED,
		     map_picture(self->dev, self->hole, 22 * self->page));
	memset(self->entries, TEST_JUNK, sizeof(self->entries));
	ASSERT_EQ(0, map_list(self->dev, self->hole, 22 * self->page,
			      self->entries, ROOM, &self->list));
	ASSERT_EQ(6, self->list.out_nr_entries);

	ASSERT_EQ(0, test_info(self->dev, self->fd, &info));
	EXPECT_EQ((uintptr_t)at(self, 1), entry->start);
	EXPECT_EQ(4 * self->page, entry->length);
	EXPECT_EQ(0, entry->offset);
	EXPECT_EQ(MEMBANK_AREA_NONE, entry->area);
	EXPECT_EQ(info.out_offset, entry->bank_offset);
	EXPECT_EQ(info.out_bank, entry->bank);
	EXPECT_EQ(MEMBANK_ENTRY_REGION, entry->kind);
	EXPECT_EQ(0, entry->flags);
	EXPECT_EQ(0, entry->__reserved);

	entry++;
	EXPECT_EQ((uintptr_t)at(self, 6), entry->start);
	EXPECT_EQ(2 * self->page, entry->length);
	EXPECT_EQ(0, entry->offset);
	EXPECT_EQ((uintptr_t)at(self, 6), entry->area);
	EXPECT_EQ(0, entry->bank_offset);
	EXPECT_EQ(MEMBANK_BANK_ANY, entry->bank);
	EXPECT_EQ(MEMBANK_ENTRY_AREA, entry->kind);
	EXPECT_EQ(IN_AREA, entry->flags);
	EXPECT_EQ(0, entry->__reserved);

	entry++;
	ASSERT_EQ(0, test_info(self->dev, self->other, &info));
	EXPECT_EQ(5 * self->page, entry->offset);
	EXPECT_EQ((uintptr_t)at(self, 6), entry->area);
	EXPECT_EQ(info.out_offset, entry->bank_offset);
	EXPECT_EQ(MEMBANK_ENTRY_REGION, entry->kind);
	EXPECT_EQ(READ_ONLY, entry->flags);

	entry++;
	EXPECT_EQ((uintptr_t)at(self, 10), entry->area);
	EXPECT_EQ(IN_AREA | RESERVED, entry->flags);
	entry += 2;
	EXPECT_EQ(RESERVED, entry->flags);
	EXPECT_EQ(MEMBANK_AREA_NONE, entry->area);
	/* What had no entry was left alone. */
	EXPECT_TRUE(test_all_bytes(entry + 1, TEST_JUNK, sizeof(*entry)));
}

TEST_F(list, of_a_pager_names_no_bank)
{
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct membank_region_attach args;

	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	args = map_args(pager.out_attach_fd, self->hole, PAGER | READ_ONLY);
	args.length = 3 * self->page;
	args.offset = 8 * self->page;
	ASSERT_EQ(0, map_attach(self->dev, args, &self->mem));
	ASSERT_EQ(1, list_all(self, 1));
	EXPECT_EQ(PAGER | READ_ONLY, self->entries[0].flags);
	EXPECT_EQ(8 * self->page, self->entries[0].offset);
	EXPECT_EQ(3 * self->page, self->entries[0].length);
	EXPECT_EQ(MEMBANK_BANK_ANY, self->entries[0].bank);
	EXPECT_EQ(0, self->entries[0].bank_offset);
	EXPECT_EQ(MEMBANK_ENTRY_REGION, self->entries[0].kind);
}

TEST_F(list, comes_in_as_many_parts_as_there_is_room_for)
{
	struct membank_region_entry whole[ROOM];
	int count;
	__u32 room;

	ASSERT_TRUE(furnish(self));
	count = list_all(self, ROOM);
	ASSERT_EQ(6, count);
	memcpy(whole, self->entries, sizeof(whole));
	for (room = 1; room <= 8; room++) {
		memset(self->entries, TEST_JUNK, sizeof(self->entries));
		ASSERT_EQ(count, list_all(self, room));
		EXPECT_EQ(0,
			  memcmp(whole, self->entries, count * sizeof(*whole)));
	}
}

TEST_F(list, of_a_range_has_all_that_reaches_into_it)
{
	static const struct {
		size_t start;
		size_t length;
		unsigned int first;
		unsigned int count;
	} ranges[] = {
		{ 0, 1, 0, 0 },	 { 1, 1, 0, 1 },  { 4, 1, 0, 1 },
		{ 5, 1, 0, 0 },	 { 4, 3, 0, 2 },  { 3, 6, 0, 3 },
		{ 9, 1, 2, 1 },	 { 13, 2, 3, 2 }, { 18, 3, 0, 0 },
		{ 0, 22, 0, 6 },
	};
	size_t i;

	ASSERT_TRUE(furnish(self));
	ASSERT_EQ(6, list_all(self, ROOM));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct membank_region_entry got[ROOM];

		ASSERT_EQ(0, map_list(self->dev, at(self, ranges[i].start),
				      ranges[i].length * self->page, got, ROOM,
				      &self->list));
		EXPECT_EQ(ranges[i].count, self->list.out_nr_entries);
		EXPECT_EQ(0, self->list.out_next);
		EXPECT_EQ(0, memcmp(self->entries + ranges[i].first, got,
				    ranges[i].count * sizeof(*got)));
	}
	/* To the byte, not the page. */
	ASSERT_EQ(0, map_list(self->dev, at(self, 1) - 1, 1, self->entries,
			      ROOM, &self->list));
	EXPECT_EQ(0, self->list.out_nr_entries);
	ASSERT_EQ(0, map_list(self->dev, at(self, 1) - 1, 2, self->entries,
			      ROOM, &self->list));
	EXPECT_EQ(1, self->list.out_nr_entries);
	ASSERT_EQ(0, map_list(self->dev, at(self, 5) - 1, 1, self->entries,
			      ROOM, &self->list));
	EXPECT_EQ(1, self->list.out_nr_entries);
	/* What has no room ends with the range as well. */
	ASSERT_EQ(0, map_list(self->dev, at(self, 1), 7 * self->page,
			      self->entries, 2, &self->list));
	EXPECT_EQ(2, self->list.out_nr_entries);
	EXPECT_EQ(0, self->list.out_next);
	ASSERT_EQ(0, map_list(self->dev, at(self, 1), 8 * self->page,
			      self->entries, 2, &self->list));
	EXPECT_EQ((uintptr_t)at(self, 8), self->list.out_next);
}

TEST_F(list, of_wrong_values_is_refused)
{
	char *const last = (char *)-1L;

	ASSERT_TRUE(furnish(self));
	EXPECT_EQ(-EINVAL,
		  map_list(self->dev, NULL, 0, self->entries, 0, &self->list));
	EXPECT_EQ(-EINVAL, map_list(self->dev, self->hole, ~0ULL, self->entries,
				    ROOM, &self->list));
	EXPECT_EQ(-EINVAL, map_list(self->dev, last, 2, self->entries, ROOM,
				    &self->list));
	EXPECT_EQ(-EINVAL,
		  map_find_range(self->dev, self->hole, ~0ULL, &self->found));
	EXPECT_EQ(-EINVAL, map_find_range(self->dev, last, 2, &self->found));
	EXPECT_EQ(0, map_list(self->dev, last, 1, self->entries, ROOM,
			      &self->list));
	EXPECT_EQ(0, self->list.out_nr_entries);
	EXPECT_EQ(0, map_list(self->dev, last, 0, self->entries, ROOM,
			      &self->list));
	EXPECT_EQ(0, self->list.out_nr_entries);
	self->list.flags = 1;
	test_err(EOPNOTSUPP, self->dev, MEMBANK_IOC_REGION_LIST, &self->list);
}

TEST_F(list, that_cannot_be_written_is_a_fault)
{
	struct membank_region_entry *end;
	char *pages = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, mprotect(pages + self->page, self->page, PROT_READ));
	end = (struct membank_region_entry *)(pages + self->page);
	/* There is nothing to write yet. */
	EXPECT_EQ(0, map_list(self->dev, NULL, 0, NULL, 1, &self->list));
	ASSERT_TRUE(furnish(self));
	EXPECT_EQ(-EFAULT, map_list(self->dev, NULL, 0, NULL, 1, &self->list));
	EXPECT_EQ(-EFAULT,
		  map_list(self->dev, NULL, 0, (void *)-64L, 1, &self->list));
	EXPECT_EQ(-EFAULT, map_list(self->dev, NULL, 0, end, 1, &self->list));
	/* The first has room, the second has not. */
	EXPECT_EQ(-EFAULT,
		  map_list(self->dev, NULL, 0, end - 1, 2, &self->list));
	EXPECT_EQ(0, map_list(self->dev, NULL, 0, end - 1, 1, &self->list));
	EXPECT_EQ(0, map_list(self->dev, NULL, 0, end - 6, ~0U, &self->list));
	EXPECT_EQ(6, self->list.out_nr_entries);
	/* Into a region, and into an area. */
	EXPECT_EQ(0, map_list(self->dev, NULL, 0, (void *)at(self, 1), ROOM,
			      &self->list));
	EXPECT_EQ(-EFAULT, map_list(self->dev, NULL, 0, (void *)at(self, 6),
				    ROOM, &self->list));
}

TEST_F_TIMEOUT(list, of_more_than_there_can_be_goes_on, TEST_SLOW)
{
	static struct membank_region_entry entries[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, map_reserve(self->dev, at(self, i), self->page, 0,
					 &self->mem));
	memset(entries, TEST_JUNK, sizeof(entries));
	ASSERT_EQ(0, map_list(self->dev, NULL, 0, entries, ~0U, &self->list));
	EXPECT_EQ(MEMBANK_LIST_MAX, self->list.out_nr_entries);
	EXPECT_EQ((uintptr_t)at(self, MEMBANK_LIST_MAX), self->list.out_next);
	EXPECT_TRUE(test_all_bytes(entries + MEMBANK_LIST_MAX, TEST_JUNK,
				   sizeof(*entries)));
	ASSERT_EQ(0, map_list(self->dev, (void *)(uintptr_t)self->list.out_next,
			      0, entries + MEMBANK_LIST_MAX,
			      MANY - MEMBANK_LIST_MAX, &self->list));
	EXPECT_EQ(MANY - MEMBANK_LIST_MAX, self->list.out_nr_entries);
	EXPECT_EQ(0, self->list.out_next);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ((uintptr_t)at(self, i), entries[i].start);
}

TEST_F(list, can_be_walked_with_find)
{
	static const size_t starts[] = { 1, 6, 8, 10, 6, 21 };
	char *from = self->hole, *end = at(self, 22);
	unsigned int i;

	EXPECT_EQ(-ENOENT,
		  map_find_range(self->dev, self->hole, MIB, &self->found));
	ASSERT_TRUE(furnish(self));
	ASSERT_EQ(6, list_all(self, ROOM));
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		ASSERT_EQ(0, map_find_range(self->dev, from, end - from,
					    &self->found));
		EXPECT_EQ((uintptr_t)at(self, starts[i]),
			  self->found.out_start);
		EXPECT_EQ(self->entries[i].flags, self->found.out_flags);
		EXPECT_EQ(self->entries[i].offset, self->found.out_offset);
		EXPECT_EQ(self->entries[i].kind == MEMBANK_ENTRY_AREA ? -1 : 0,
			  close(self->found.out_fd));
		from = (char *)(uintptr_t)(self->entries[i].start +
					   self->entries[i].length);
	}
	EXPECT_EQ(from, end);
	/* Areas are found whole. */
	ASSERT_EQ(0, map_find(self->dev, at(self, 15), &self->found));
	EXPECT_EQ((uintptr_t)at(self, 6), self->found.out_start);
	EXPECT_EQ(12 * self->page, self->found.out_length);
	ASSERT_EQ(0, map_find(self->dev, at(self, 13), &self->found));
	EXPECT_EQ((uintptr_t)at(self, 10), self->found.out_start);
	EXPECT_EQ(4 * self->page, self->found.out_length);
	EXPECT_EQ(-ENOENT, map_find_range(self->dev, at(self, 18),
					  3 * self->page, &self->found));
	EXPECT_EQ(0, map_find_range(self->dev, at(self, 18), 3 * self->page + 1,
				    &self->found));
}

TEST_HARNESS_MAIN
