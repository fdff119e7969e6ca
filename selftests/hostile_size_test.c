// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every number of every command at every boundary, and any two of one command
 * together; and that there is no other command.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "service.h"

#include "hostile.h"

/* Room for whatever an array of any size may get here. */
#define ARRAY_LENGTH MIB

#define BOUNDARIES_MAX 48

FIXTURE(command)
{
	struct scene scene;
	int users;
	/* What there can be, to which bank 0 adds its own. */
	__u64 some[BOUNDARIES_MAX];
	size_t nr_some;
	/* Fewer of them, for any two together. */
	__u64 few[BOUNDARIES_MAX];
	size_t nr_few;
	char *array;
};

FIXTURE_VARIANT(command)
{
	const struct row *row;
};

#include "hostile_variants.h"

/* A number, and its neighbours. */
static void add_three(__u64 *some, size_t *count, __u64 number, __u64 step)
{
	some[(*count)++] = number - step;
	some[(*count)++] = number;
	some[(*count)++] = number + step;
}

/* With the neighbours of what is compared with the sum of two. */
static size_t add_few(__u64 *few)
{
	const __u64 all[] = {
		0,
		1,
		PAGE,
		LENGTH - PAGE,
		LENGTH - 1,
		LENGTH,
		LENGTH + 1,
		GRAIN,
		test_figures(0).size,
		1ULL << 31,
		1ULL << 32,
		(1ULL << 47) - PAGE,
		1ULL << 47,
		(1ULL << 63) - 1,
		1ULL << 63,
		0ULL - LENGTH,
		0ULL - PAGE,
		~0ULL,
	};

	memcpy(few, all, sizeof(all));
	return ARRAY_SIZE(all);
}

FIXTURE_SETUP(command)
{
	__u64 *some = self->some;
	size_t *count = &self->nr_some;

	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
	add_three(some, count, 0, 1);
	add_three(some, count, PAGE, 1);
	add_three(some, count, LENGTH, 1);
	add_three(some, count, LENGTH, PAGE);
	add_three(some, count, GRAIN, 1);
	add_three(some, count, test_figures(0).size, PAGE);
	add_three(some, count, 1ULL << 31, 1);
	add_three(some, count, 1ULL << 32, 1);
	add_three(some, count, 1ULL << 47, PAGE);
	add_three(some, count, 1ULL << 63, 1);
	add_three(some, count, 0ULL - PAGE, 1);
	some[(*count)++] = 0ULL - LENGTH;
	some[(*count)++] = 0ULL - GRAIN;
	ASSERT_GE(BOUNDARIES_MAX, *count);
	self->nr_few = add_few(self->few);
	self->array = mmap(NULL, ARRAY_LENGTH, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->array);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(command)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

/* As it should be, with an array that is large enough for everything. */
static void begin(FIXTURE_DATA(command) * self, const struct row *row,
		  union args *args)
{
	/* What is detached may be any region: there is but one. */
	if (row->command == MEMBANK_IOC_REGION_DETACH)
		munmap(self->scene.paged, PAGE);
	row_begin(row, &self->scene, args);
	if (!row->array_at)
		return;
	if (row->reads)
		memcpy(self->array, self->scene.offers,
		       sizeof(self->scene.offers));
	*field_64(args, row->array_at) = (uintptr_t)self->array;
}

/* Returns what came of it; on success all is taken away again. */
static int run(FIXTURE_DATA(command) * self, const struct row *row,
	       union args *args)
{
	int ret = test_ioctl(scene_fd(&self->scene, row), row->command, args);

	/* Where the second offer is depends on the size of the first one. */
	if (!ret && row->command == MEMBANK_IOC_SERVICE_CONNECT)
		memmove(self->array + sizeof(struct membank_offer),
			self->array + args->connect.offer_size,
			sizeof(struct membank_offer));
	if (!ret)
		row_end(row, &self->scene, args);
	else if (row->command == MEMBANK_IOC_SERVICE_CONNECT)
		scene_drain(&self->scene);
	return ret;
}

/* One number is wrong, or both are. */
static bool may_fail_with(const struct row *row, const struct field *one,
			  const struct field *other, int error)
{
	size_t i;

	for (i = 0; i < ERRORS_MAX; i++)
		if (row->errors[i] == error)
			return true;
	/* The array is longer than anything. */
	if (error == E2BIG)
		return row->array_at;
	return error == EINVAL && (one->einval || other->einval);
}

static bool is_number(const struct field *field)
{
	return field->kind == FIELD_U32 || field->kind == FIELD_U64;
}

static void set_number(union args *args, const struct field *field,
		       __u64 number)
{
	if (field->kind == FIELD_U64)
		*field_64(args, field->at) = number;
	else
		*field_32(args, field) = number;
}

/*
 * What the number of elements and the size of one can be does not stand in the
 * table, as other tests need both as they are.
 */
static size_t all_numbers(const struct row *row, struct field *numbers)
{
	const struct field *field;
	size_t count = 0;

	for (field = row->fields; field->kind; field++)
		if (is_number(field))
			numbers[count++] = *field;
	/* The two words behind each address of an array. */
	if (row->array_at && !row->reads) {
		numbers[count++] = (struct field){ FIELD_U32, row->array_at + 8,
						   row->not_empty };
		numbers[count++] =
			(struct field){ FIELD_U32, row->array_at + 12, true };
	}
	return count;
}

TEST_F(command, of_one_at_a_boundary_is_done_or_a_documented_error)
{
	const struct row *row = variant->row;
	struct field numbers[FIELDS_MAX + 2];
	const size_t count = all_numbers(row, numbers);
	union args args;
	struct held before;
	bool einval;
	size_t i, k;
	int ret;

	begin(self, row, &args);
	before = held_now();
	for (i = 0; i < count; i++) {
		einval = false;
		for (k = 0; k < self->nr_some; k++) {
			begin(self, row, &args);
			set_number(&args, &numbers[i], self->some[k]);
			ret = run(self, row, &args);
			einval |= ret == -EINVAL;
			ASSERT_TRUE(!ret || may_fail_with(row, &numbers[i],
							  &numbers[i], -ret))
			TH_LOG("%d with %#llx at byte %zu", ret, self->some[k],
			       numbers[i].at);
		}
		EXPECT_EQ(numbers[i].einval, einval)
		TH_LOG("at byte %zu", numbers[i].at);
	}
	/* What was done took its victim, or its area. */
	begin(self, row, &args);
	EXPECT_HELD(&self->scene, &before);
	EXPECT_EQ(0, run(self, row, &args));
}

TEST_F_TIMEOUT(command, of_two_at_a_boundary_is_done_or_a_documented_error,
	       TEST_SLOW)
{
	const struct row *row = variant->row;
	struct field numbers[FIELDS_MAX + 2];
	const size_t count = all_numbers(row, numbers), few = self->nr_few;
	union args args;
	struct held before;
	size_t i, j, k;
	int ret;

	begin(self, row, &args);
	before = held_now();
	for (i = 0; i < count; i++) {
		for (j = i + 1; j < count; j++) {
			for (k = 0; k < few * few; k++) {
				begin(self, row, &args);
				set_number(&args, &numbers[i],
					   self->few[k / few]);
				set_number(&args, &numbers[j],
					   self->few[k % few]);
				ret = run(self, row, &args);
				ASSERT_TRUE(!ret ||
					    may_fail_with(row, &numbers[i],
							  &numbers[j], -ret))
				TH_LOG("%d with %#llx at byte %zu and %#llx at %zu",
				       ret, self->few[k / few], numbers[i].at,
				       self->few[k % few], numbers[j].at);
			}
		}
	}
	begin(self, row, &args);
	EXPECT_HELD(&self->scene, &before);
	EXPECT_EQ(0, run(self, row, &args));
}

/* ---------------------------------------------------- what it must be */

FIXTURE(number)
{
	FIXTURE_DATA(command) size;
};

FIXTURE_SETUP(number)
{
	command_setup(_metadata, &self->size, NULL);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(number)
{
	EXPECT_TRUE(test_wait_module_users(self->size.users));
	EXPECT_TRUE(test_banks_empty());
}

static int expected_range(__u64 offset, __u64 length)
{
	if (!length)
		return -EINVAL;
	return offset <= LENGTH && length <= LENGTH - offset ? 0 : -ERANGE;
}

TEST_F(number, of_a_range_of_bytes_counts_without_overflow)
{
	const struct scene *scene = &self->size.scene;
	const size_t few = self->size.nr_few;
	__u64 offset, length, addr, rest;
	int expected;
	size_t k;

	for (k = 0; k < few * few; k++) {
		offset = self->size.few[k / few];
		length = self->size.few[k % few];
		expected = expected_range(offset, length);
		ASSERT_EQ(expected, handle_clear(scene->dev, scene->dataspace,
						 offset, length));
		ASSERT_EQ(expected,
			  handle_copy(scene->dev, scene->dataspace, offset,
				      scene->dataspace, 0, length));
		ASSERT_EQ(expected,
			  handle_copy(scene->dev, scene->dataspace, 0,
				      scene->dataspace, offset, length));
		ASSERT_EQ(offset < LENGTH ? 0 : -ERANGE,
			  handle_phys(scene->dev, scene->dataspace, offset,
				      &addr, &rest));
		if (offset < LENGTH)
			ASSERT_EQ(LENGTH - offset, rest);
	}
}

TEST_F(number, of_bytes_to_allocate_is_what_a_bank_can_hold)
{
	const __u64 bank = test_figures(0).size;
	const int dev = self->size.scene.dev;
	__u64 length;
	int fd, expected;
	size_t k;

	for (k = 0; k < self->size.nr_some; k++) {
		length = self->size.some[k];
		expected = 0;
		if (!length || length > bank)
			expected = -ERANGE;
		else if (length > bank - LENGTH)
			expected = -ENOMEM;
		fd = test_alloc(dev, length, 0, 0);
		ASSERT_EQ(expected, fd < 0 ? fd : 0)
		TH_LOG("%#llx bytes", length);
		close(fd);
	}
	for (k = 0; k < 70; k++) {
		fd = test_alloc(dev, 1, 0, k);
		/* Where a bank has no such address is its own affair. */
		ASSERT_EQ(k > 30 ? -ERANGE : 0,
			  fd >= 0 || fd == -ENOMEM ||
					  (fd == -ERANGE && k > 20) ?
				  (k > 30 ? fd : 0) :
				  fd)
		TH_LOG("log2 of the alignment is %zu", k);
		close(fd);
	}
}

TEST_F(number, of_addresses_beyond_the_last_one_is_einval)
{
	const int dev = self->size.scene.dev;
	struct membank_region_detach detach;
	struct membank_region_entry entry;
	struct membank_region_find find;
	struct membank_region_list list;
	const size_t few = self->size.nr_few;
	__u64 addr, length;
	bool beyond;
	size_t k;
	int ret;

	for (k = 0; k < few * few; k++) {
		addr = self->size.few[k / few];
		length = self->size.few[k % few];
		beyond = length && addr + length - 1 < addr;
		ret = map_find_range(dev, (void *)(uintptr_t)addr, length,
				     &find);
		if (!ret)
			close(find.out_fd);
		ASSERT_EQ(beyond, ret == -EINVAL);
		ASSERT_TRUE(beyond || !ret || ret == -ENOENT);

		ret = map_list(dev, (void *)(uintptr_t)addr, length, &entry, 1,
			       &list);
		ASSERT_EQ(beyond ? -EINVAL : 0, ret);

		/* Rounded to pages it may lie beyond, too. */
		ret = map_detach_range(dev, (void *)(uintptr_t)addr, length, 0,
				       &detach);
		ASSERT_TRUE(!ret || ret == -ENOENT || ret == -EINVAL);
		if (beyond)
			ASSERT_EQ(-EINVAL, ret);
	}
}

TEST_F(number, of_bytes_to_map_is_inside_or_an_error)
{
	const struct scene *scene = &self->size.scene;
	const __u64 most = test_figures(0).size - GRAIN;
	const size_t few = self->size.nr_few;
	__u64 offset, length;
	bool good;
	void *mem;
	size_t k;

	for (k = 0; k < few * few; k++) {
		offset = self->size.few[k / few];
		length = self->size.few[k % few];
		good = length && !(offset % PAGE) && offset <= LENGTH &&
		       length <= LENGTH - offset;
		mem = mmap(NULL, length, PROT_READ, MAP_SHARED,
			   scene->dataspace, offset);
		ASSERT_EQ(good, mem != MAP_FAILED)
		TH_LOG("%#llx bytes at %#llx", length, offset);
		if (good)
			munmap(mem, length);
		else
			ASSERT_TRUE(errno == EINVAL || errno == ENOMEM ||
				    errno == EOVERFLOW)
		TH_LOG("%#llx bytes at %#llx: %d", length, offset, errno);

		good = length && !offset && length <= most;
		if (offset && offset != PAGE)
			continue;
		mem = mmap(NULL, length, PROT_READ, MAP_SHARED, scene->dev,
			   offset);
		ASSERT_EQ(good, mem != MAP_FAILED)
		TH_LOG("%#llx bytes at %#llx", length, offset);
		if (good)
			munmap(mem, length);
		else
			ASSERT_TRUE(errno == EINVAL || errno == ENOMEM);
	}
}

TEST_F(number, of_bytes_to_read_or_write_is_that_of_what_there_is)
{
	const struct scene *scene = &self->size.scene;
	char *buffer = self->size.array;
	size_t length;

	ASSERT_EQ(0, notifier_nonblock(scene->notifier));
	ASSERT_EQ(0, notifier_nonblock(scene->pager));
	*(__u64 *)buffer = 1;
	for (length = 0; length < 64; length++) {
		ASSERT_EQ(-1, read(scene->service, buffer + 8, length));
		ASSERT_EQ(length < sizeof(struct membank_service_event) ?
				  EINVAL :
				  EAGAIN,
			  errno);
		ASSERT_EQ(-1, read(scene->pager, buffer + 8, length));
		ASSERT_EQ(length < sizeof(struct membank_pager_fault) ? EINVAL :
									EAGAIN,
			  errno);
		ASSERT_EQ(length == 8 ? 8 : -1,
			  write(scene->notifier, buffer, length));
		ASSERT_TRUE(length == 8 || errno == EINVAL);
		if (length == 8)
			ASSERT_EQ(1, notifier_read(scene->notifier));
	}
	/* As long as the kernel takes it. */
	ASSERT_EQ(-1, read(scene->service, buffer, 0x7fffffff));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(number, of_nanoseconds_beyond_all_clocks_waits_for_a_signal)
{
	const __u64 times[] = {
		1ULL << 62,	  (1ULL << 63) - 1,	    1ULL << 63,
		(1ULL << 63) + 1, MEMBANK_WAIT_FOREVER - 1, MEMBANK_WAIT_FOREVER
	};
	const int dev = self->size.scene.dev;
	__u64 changes = 1;
	size_t i;

	ASSERT_LE(0, service_clients(dev, SERVICE, NULL, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, service_connect(dev, "nobody", 1, NULL, 0, NULL));
	ASSERT_EQ(0, service_watch(dev, SERVICE, &changes, 1));
	EXPECT_EQ(-ETIMEDOUT, service_watch(dev, SERVICE, &changes, 1));
	alarm_soon();
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		EXPECT_EQ(-EINTR, service_connect(dev, "nobody", times[i], NULL,
						  0, NULL));
		EXPECT_EQ(-EINTR,
			  service_watch(dev, SERVICE, &changes, times[i]));
	}
	alarm_stop();
}

/* ---------------------------------------------------- and no other one */

static bool has_row(enum noun noun, unsigned long command)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i]->command == command &&
		    (rows[i]->noun == noun ||
		     (rows[i]->noun == ON_ONESHOT && noun == ON_NOTIFIER)))
			return true;
	return false;
}

TEST_F(number, of_every_command_is_in_the_table)
{
	const struct scene *scene = &self->size.scene;
	const struct {
		enum noun noun;
		int fd;
	} nouns[] = {
		{ ON_NODE, scene->dev },
		{ ON_NOTIFIER, scene->notifier },
		{ ON_PAGER, scene->pager },
		{ ON_SERVICE, scene->service },
	};
	const int others[] = { scene->dataspace, scene->client, scene->attach };
	unsigned long command;
	unsigned int nr, way;
	size_t i;

	for (nr = 0; nr < 256; nr++) {
		command = _IO(MEMBANK_IOC, nr);
		for (i = 0; i < ARRAY_SIZE(nouns); i++) {
			EXPECT_EQ(has_row(nouns[i].noun, command) ? -EFAULT :
								    -ENOTTY,
				  test_ioctl(nouns[i].fd, command, NULL))
			TH_LOG("command %#x of noun %d", nr, nouns[i].noun);
		}
		for (i = 0; i < ARRAY_SIZE(others); i++) {
			EXPECT_EQ(-ENOTTY,
				  test_ioctl(others[i], command, NULL));
		}
		/* Nor is the same number with a size and a direction. */
		for (way = 1; way < 4; way++) {
			command = _IOC(way, MEMBANK_IOC, nr, 24);
			for (i = 0; i < ARRAY_SIZE(nouns); i++) {
				EXPECT_EQ(-ENOTTY, test_ioctl(nouns[i].fd,
							      command, NULL));
			}
		}
	}
}

TEST_HARNESS_MAIN
