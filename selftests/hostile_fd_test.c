// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that are not what they should be, or are another thing in the next
 * moment, and none that is free.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "map.h"
#include "notify.h"
#include "service.h"

#include "hostile.h"

FIXTURE(command)
{
	struct scene scene;
	int users;
	union args args;
	int fd;
};

FIXTURE_VARIANT(command)
{
	const struct row *row;
};

#include "hostile_variants.h"

FIXTURE_SETUP(command)
{
	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
	self->fd = scene_fd(&self->scene, variant->row);
	row_begin(variant->row, &self->scene, &self->args);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(command)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

/* ------------------------------------------------------- wrong kinds */

/**
 * struct thing - a descriptor, and what it is
 * @name: for reports
 * @fd: the descriptor, negative: this kernel has none
 */
struct thing {
	const char *name;
	int fd;
};

#define THINGS_MAX 24

/* Of what make_things() makes, how many are ours: the first ones. */
#define NR_OURS 7

static void add_thing(struct thing *things, size_t *count, const char *name,
		      int fd)
{
	things[(*count)++] = (struct thing){ name, fd };
}

static int foreign_udmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;

	if (dev < 0)
		return -1;
	create.memfd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	create.size = PAGE;
	if (ftruncate(create.memfd, PAGE) ||
	    fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -1;
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	close(create.memfd);
	close(dev);
	return fd;
}

static int foreign_heap(void)
{
	struct dma_heap_allocation_data data = {
		.len = PAGE,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int dev = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC), ret;

	if (dev < 0)
		return -1;
	ret = ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &data);
	close(dev);
	return ret ? -1 : (int)data.fd;
}

static size_t make_things(const struct scene *scene, struct thing *things)
{
	int ends[2], pair[2];
	size_t count = 0;

	if (pipe2(ends, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return 0;
	add_thing(things, &count, "a node", scene->dev);
	add_thing(things, &count, "the node of any bank", test_open(TEST_ANY));
	add_thing(things, &count, "a notifier", scene->notifier);
	add_thing(things, &count, "a service", scene->service);
	add_thing(things, &count, "a connection", scene->client);
	add_thing(things, &count, "a pager", scene->pager);
	add_thing(things, &count, "the other end of a pager", scene->attach);
	add_thing(things, &count, "an eventfd", scene->eventfd);
	add_thing(things, &count, "a file",
		  open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	add_thing(things, &count, "a folder",
		  open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	add_thing(things, &count, "a pipe", ends[0]);
	add_thing(things, &count, "the other end of a pipe", ends[1]);
	add_thing(things, &count, "a socket", pair[0]);
	add_thing(things, &count, "an epoll", epoll_create1(EPOLL_CLOEXEC));
	add_thing(things, &count, "a memfd",
		  memfd_create("memory", MFD_CLOEXEC));
	add_thing(things, &count, "a dma-buf of udmabuf", foreign_udmabuf());
	add_thing(things, &count, "a dma-buf of a heap", foreign_heap());
	return count;
}

/* What is no open descriptor at all, to what takes one. */
static size_t make_nothings(const struct scene *scene, struct thing *things)
{
	size_t count = 0;
	char path[32];

	add_thing(things, &count, "-1", -1);
	add_thing(things, &count, "the smallest", INT_MIN);
	add_thing(things, &count, "the largest", INT_MAX);
	add_thing(things, &count, "one that is closed", NOT_OPEN);
	add_thing(things, &count, "AT_FDCWD", AT_FDCWD);
	add_thing(things, &count, "a path to a node",
		  open("/dev/membank", O_PATH | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", scene->dataspace);
	add_thing(things, &count, "a path to a dataspace",
		  open(path, O_PATH | O_CLOEXEC));
	return count;
}

static bool is_right_kind(const struct row *row, const struct scene *scene,
			  int fd)
{
	switch (row->command) {
	case MEMBANK_IOC_NOTIFIER_BIND:
		return fd == scene->eventfd;
	case MEMBANK_IOC_NOTIFIER_CALL:
		return fd == scene->notifier;
	case MEMBANK_IOC_PAGER_REPLY:
		return fd == -1;
	}
	return false;
}

static int expected_of_nothing(const struct row *row, int fd)
{
	if (row->command == MEMBANK_IOC_PAGER_REPLY && fd < 0)
		return -EINVAL;
	/* None, which cannot be masked. */
	if (row->command == MEMBANK_IOC_NOTIFIER_BIND && fd == -1)
		return -EINVAL;
	return -EBADF;
}

/* The commands that take a descriptor, and a variant for each. */
FIXTURE(taken)
{
	FIXTURE_DATA(command) command;
};

FIXTURE_VARIANT(taken)
{
	const struct row *row;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(taken, dataspace_info) { &row_dataspace_info };
FIXTURE_VARIANT_ADD(taken, dataspace_derive) { &row_dataspace_derive };
FIXTURE_VARIANT_ADD(taken, dataspace_clear) { &row_dataspace_clear };
FIXTURE_VARIANT_ADD(taken, dataspace_copy) { &row_dataspace_copy };
FIXTURE_VARIANT_ADD(taken, dataspace_phys) { &row_dataspace_phys };
FIXTURE_VARIANT_ADD(taken, dataspace_revoke) { &row_dataspace_revoke };
FIXTURE_VARIANT_ADD(taken, region_attach) { &row_region_attach };
FIXTURE_VARIANT_ADD(taken, pager_reply) { &row_pager_reply };
FIXTURE_VARIANT_ADD(taken, notifier_bind) { &row_notifier_bind };
FIXTURE_VARIANT_ADD(taken, notifier_call) { &row_notifier_call };
/* clang-format on */

FIXTURE_SETUP(taken)
{
	const FIXTURE_VARIANT(command) row = { variant->row };

	command_setup(_metadata, &self->command, &row);
}

FIXTURE_TEARDOWN_PARENT(taken)
{
	EXPECT_TRUE(test_wait_module_users(self->command.users));
	EXPECT_TRUE(test_banks_empty());
}

static bool takes_one(const struct row *row)
{
	const struct field *field;

	for (field = row->fields; field->kind; field++)
		if (field->kind == FIELD_FD)
			return true;
	return false;
}

static bool has_variant(const struct row *row)
{
	const struct __fixture_variant_metadata *variant;

	for (variant = _taken_fixture_object.variant; variant;
	     variant = variant->next)
		if (((const FIXTURE_VARIANT(taken) *)variant->data)->row == row)
			return true;
	return false;
}

TEST(every_command_that_takes_a_descriptor_has_a_variant)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(takes_one(rows[i]), has_variant(rows[i]))
	TH_LOG("%s", rows[i]->name);
}

TEST_F(taken, of_a_wrong_kind_is_einval_and_of_none_is_ebadf)
{
	const union args *good = &self->command.args;
	struct scene *scene = &self->command.scene;
	const struct row *row = variant->row;
	const int fd = self->command.fd;
	struct thing things[THINGS_MAX], nothings[THINGS_MAX];
	size_t nr_things = make_things(scene, things);
	size_t nr_nothings = make_nothings(scene, nothings);
	const struct held before = held_now();
	const struct field *field;
	union args args;
	size_t i;

	ASSERT_LT(0, nr_things);
	for (field = row->fields; field->kind; field++) {
		if (field->kind != FIELD_FD)
			continue;
		for (i = 0; i < nr_things; i++) {
			if (things[i].fd < 0 ||
			    is_right_kind(row, scene, things[i].fd))
				continue;
			args = *good;
			*field_32(&args, field) = things[i].fd;
			EXPECT_EQ(-EINVAL, test_ioctl(fd, row->command, &args))
			TH_LOG("%s", things[i].name);
		}
		for (i = 0; i < nr_nothings; i++) {
			if (is_right_kind(row, scene, nothings[i].fd))
				continue;
			args = *good;
			*field_32(&args, field) = nothings[i].fd;
			EXPECT_EQ(expected_of_nothing(row, nothings[i].fd),
				  test_ioctl(fd, row->command, &args))
			TH_LOG("%s", nothings[i].name);
		}
	}
	EXPECT_HELD(scene, &before);
	args = *good;
	ASSERT_EQ(0, test_ioctl(fd, row->command, &args));
	row_end(row, scene, &args);
}

TEST_F(command, that_is_of_another_noun_knows_no_command)
{
	const struct row *row = variant->row;
	struct thing things[THINGS_MAX];
	size_t i, count = make_things(&self->scene, things);

	ASSERT_LT(NR_OURS, count);
	for (i = 0; i < NR_OURS; i++) {
		switch (row->noun) {
		case ON_NODE:
			if (i < 2)
				continue;
			break;
		case ON_NOTIFIER:
		case ON_ONESHOT:
			if (things[i].fd == self->scene.notifier)
				continue;
			break;
		default:
			if (things[i].fd == self->fd)
				continue;
		}
		EXPECT_EQ(-ENOTTY,
			  test_ioctl(things[i].fd, row->command, &self->args))
		TH_LOG("%s", things[i].name);
	}
	count = make_nothings(&self->scene, things);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(-EBADF,
			  test_ioctl(things[i].fd, row->command, &self->args))
		TH_LOG("%s", things[i].name);
	}
}

/* -------------------------------------------------- none that is free */

static size_t opens(const struct row *row)
{
	const struct field *field;
	size_t count = 0;

	for (field = row->fields; field->kind; field++)
		count += field->kind == FIELD_OUT_FD;
	return row->command == MEMBANK_IOC_SERVICE_CONNECT ? 3 : count;
}

TEST_F(command, of_which_too_few_are_free_is_emfile_and_opens_none)
{
	const struct held before = held_now();
	const struct row *row = variant->row;
	struct rlimit limit, tight;
	size_t free;
	int ret = -EMFILE;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	for (free = 0; ret == -EMFILE; free++) {
		tight = limit;
		tight.rlim_cur = lowest_free() + free;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
		ret = test_ioctl(self->fd, row->command, &self->args);
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
		if (!ret)
			break;
		ASSERT_EQ(-EMFILE, ret);
		EXPECT_HELD(&self->scene, &before);
		/* Of what failed before its end the server hears nothing. */
		EXPECT_EQ(-EAGAIN, service_event(self->scene.service, NULL));
	}
	EXPECT_EQ(opens(row), free);
	row_end(row, &self->scene, &self->args);
}

/* --------------------------------------- another thing in the next moment */

/**
 * struct swap - numbers that are now this, now that
 * @numbers: where
 * @nr_numbers: how many
 * @things: what they are
 * @nr_things: how many
 * @stop: it is over
 */
struct swap {
	int numbers[FIELDS_MAX];
	size_t nr_numbers;
	int things[THINGS_MAX];
	size_t nr_things;
	bool stop;
};

static void *swap_numbers(void *arg)
{
	struct swap *swap = arg;
	unsigned int seed = 3;
	size_t number, thing;

	while (!__atomic_load_n(&swap->stop, __ATOMIC_RELAXED)) {
		number = rand_r(&seed) % swap->nr_numbers;
		thing = rand_r(&seed) % (swap->nr_things + 1);
		if (thing == swap->nr_things)
			close(swap->numbers[number]);
		else
			dup3(swap->things[thing], swap->numbers[number],
			     O_CLOEXEC);
	}
	return NULL;
}

/* A number far above, for one descriptor of the call. */
static int add_number(struct swap *swap, int fd)
{
	const int number = 500 + swap->nr_numbers;

	swap->numbers[swap->nr_numbers++] = number;
	swap->things[swap->nr_things++] = fd;
	return dup3(fd, number, O_CLOEXEC);
}

static void add_field(struct swap *swap, __u32 *fd)
{
	*fd = add_number(swap, *fd);
}

TEST_F(command, that_is_another_in_the_middle_of_a_call_is_one_of_both)
{
	const struct row *row = variant->row;
	struct thing things[THINGS_MAX];
	struct outcome outcome = {};
	const struct field *field;
	struct swap swap = {};
	pthread_t thread;
	union args args;
	int fd, base, ret;
	size_t i, count;
	__s64 begun;

	fd = add_number(&swap, self->fd);
	for (field = row->fields; field->kind; field++)
		if (field->kind == FIELD_FD &&
		    row->command != MEMBANK_IOC_PAGER_REPLY)
			add_field(&swap, field_32(&self->args, field));
	count = make_things(&self->scene, things);
	for (i = 0; i < count && swap.nr_things < THINGS_MAX; i += 2)
		if (things[i].fd >= 0)
			swap.things[swap.nr_things++] = things[i].fd;
	base = lowest_free();
	ASSERT_EQ(0, pthread_create(&thread, NULL, swap_numbers, &swap));
	begun = clock_ns();
	while (outcome_goes_on(&outcome, begun)) {
		args = self->args;
		ret = ioctl(fd, row->command, &args);
		if (!ret) {
			row_end(row, &self->scene, &args);
			row_begin(row, &self->scene, &args);
			outcome.done++;
			if (row->command == MEMBANK_IOC_PAGER_REPLY ||
			    row->command == MEMBANK_IOC_AREA_FREE)
				self->args = args;
		} else {
			outcome.failed++;
			ASSERT_EQ(base, lowest_free());
		}
	}
	__atomic_store_n(&swap.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	TH_LOG("%u succeeded, %u failed", outcome.done, outcome.failed);
	EXPECT_LT(0, outcome.done);
	EXPECT_LT(0, outcome.failed);
	EXPECT_EQ(base, lowest_free());
}

TEST_HARNESS_MAIN
