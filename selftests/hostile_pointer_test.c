// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that are not what they should be: of the struct of every command, of
 * every array, and of what is read and written.
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

/* No process has memory there. */
static const __u64 nowhere[] = {
	0,
	1,
	PAGE - 1,
	/* The last address of a page that may be mapped, and what is behind. */
	0x00007ffffffff000,
	0x0000800000000000,
	0x00fffffffffff000,
	0x0100000000000000,
	0x8000000000000000,
	/* The kernel's own: its memory, its code, a page it lets nobody read. */
	0xffff800000000000,
	0xffff888000001000,
	0xffffffff81000000,
	0xffffffffff600000,
	/* With this, most structs go on at 0. */
	0xfffffffffffffff8,
	~0ULL,
};

/* Where there is something, that cannot be written. */
enum place {
	UNMAPPED,
	NOBODYS,
	/* Only to be read. */
	CONSTANT,
	BEHIND_A_FILE,
	REGION_READ_ONLY,
	REGION_REVOKED,
	REGION_RESERVED_,
	AREA,
	PAGER_GONE,
	PLACES,
};

/* Where the kernel does not map anything by itself. */
#define FAR_BELOW ((char *)0x20000000)

FIXTURE(command)
{
	struct scene scene;
	int users;
	char *places[PLACES];
	/* The memory of the region that only reads. */
	char *writable;
	/* Two pages, of which the second one is not there. */
	char *edge;
	union args args;
	int fd;
};

FIXTURE_VARIANT(command)
{
	const struct row *row;
};

#include "hostile_variants.h"

static char *map_private(int prot, int fd)
{
	int flags = MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0);

	return mmap(NULL, PAGE, prot, flags, fd, 0);
}

/* Whether all places are there. */
static bool make_places(int dev, char **places, char **writable, char **edge)
{
	struct pager pager = { -1, -1 };
	int fd, ret;

	*edge = mmap(FAR_BELOW, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	places[UNMAPPED] = FAR_BELOW + 16 * PAGE;
	places[NOBODYS] = map_private(PROT_NONE, -1);
	places[CONSTANT] = map_private(PROT_READ | PROT_WRITE, -1);
	memset(places[CONSTANT], 0, PAGE);

	fd = memfd_create("empty", MFD_CLOEXEC);
	places[BEHIND_A_FILE] = map_private(PROT_READ | PROT_WRITE, fd);
	close(fd);

	fd = test_alloc(dev, PAGE, 0, 0);
	places[REGION_REVOKED] = test_map(fd, PAGE);
	handle_revoke(dev, fd);
	close(fd);

	fd = test_alloc(dev, PAGE, 0, 0);
	*writable = test_map(fd, PAGE);
	ret = handle_attach_anywhere(dev, fd, 0, READ_ONLY, &places[REGION_READ_ONLY]) ?:
		      handle_attach_anywhere(dev, fd, 0, RESERVED, &places[REGION_RESERVED_]) ?:
		      map_reserve(dev, NULL, PAGE, SEARCH, &places[AREA]) ?:
		      pager_create(dev, &pager)				  ?:
		      map_attach_part(dev, pager.attach, NULL, PAGE,
				      SEARCH | PAGER, &places[PAGER_GONE]);
	close(fd);
	close(pager.fd);
	close(pager.attach);
	return !ret && *edge == FAR_BELOW;
}

FIXTURE_SETUP(command)
{
	bool made;

	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
	made = make_places(self->scene.dev, self->places, &self->writable,
			   &self->edge);
	ASSERT_TRUE(made);
	self->fd = scene_fd(&self->scene, variant->row);
	row_begin(variant->row, &self->scene, &self->args);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(command)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

/* ioctl() itself, as test_ioctl() would look at what is not there. */
static int call(int fd, const struct row *row, const void *args)
{
	return ioctl(fd, row->command, args) ? -errno : 0;
}

/*
 * Each call that fails has done nothing: so the same call, from where the struct
 * can be, still succeeds.
 */
#define EXPECT_STILL_WORKS()                                             \
	do {                                                             \
		ASSERT_EQ(0, test_ioctl(self->fd, variant->row->command, \
					&self->args));                   \
		row_end(variant->row, &self->scene, &self->args);        \
	} while (0)

TEST_F(command, of_a_struct_that_is_nowhere_is_efault)
{
	const struct held before = held_now();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		EXPECT_EQ(-EFAULT, call(self->fd, variant->row,
					(void *)(uintptr_t)nowhere[i]))
		TH_LOG("at %#llx", nowhere[i]);
	}
	memcpy(self->writable, &self->args, variant->row->size);
	memcpy(self->places[CONSTANT], &self->args, variant->row->size);
	ASSERT_EQ(0, mprotect(self->places[CONSTANT], PAGE, PROT_READ));
	for (i = 0; i < PLACES; i++) {
		EXPECT_EQ(-EFAULT,
			  call(self->fd, variant->row, self->places[i]))
		TH_LOG("at place %zu", i);
	}
	EXPECT_HELD(&self->scene, &before);
	EXPECT_STILL_WORKS();
}

/* The next length of what is there: each at first, then each word, and the last. */
static size_t longer(size_t there, size_t size)
{
	const size_t next = there < 16 ? there + 1 : there + 8;

	return there < size - 1 && next >= size ? size - 1 : next;
}

TEST_F(command, of_a_struct_that_is_not_all_there_is_efault)
{
	const struct held before = held_now();
	size_t there;
	char *at;

	for (there = 1; there < variant->row->size;
	     there = longer(there, variant->row->size)) {
		at = self->edge + PAGE - there;
		memcpy(at, &self->args, there);
		ASSERT_EQ(-EFAULT, call(self->fd, variant->row, at))
		TH_LOG("%zu bytes are there", there);
		EXPECT_EQ(0, memcmp(at, &self->args, there));
	}

	/* All there, and of its two pages the second one cannot be written. */
	ASSERT_EQ(self->edge + PAGE,
		  mmap(self->edge + PAGE, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	for (there = 4; there < variant->row->size; there += 4) {
		at = self->edge + PAGE - there;
		ASSERT_EQ(0, mprotect(self->edge + PAGE, PAGE,
				      PROT_READ | PROT_WRITE));
		memcpy(at, &self->args, variant->row->size);
		ASSERT_EQ(0, mprotect(self->edge + PAGE, PAGE, PROT_READ));
		ASSERT_EQ(-EFAULT, call(self->fd, variant->row, at))
		TH_LOG("%zu bytes can be written", there);
		EXPECT_EQ(0, memcmp(at, &self->args, variant->row->size));
	}
	EXPECT_HELD(&self->scene, &before);
	EXPECT_STILL_WORKS();
}

/* The last page that can be mapped; NULL: it is in use. */
static char *last_page(void)
{
	const __u64 ends[] = { 0x0100000000000000 - PAGE,
			       0x0000800000000000 - PAGE };
	char *page;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		page = (char *)(uintptr_t)ends[i] - PAGE;
		if (mmap(page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0) == page)
			return page;
	}
	return NULL;
}

TEST_F(command, of_a_struct_may_have_any_alignment)
{
	const struct row *row = variant->row;
	const struct held before = held_now();
	char *last = last_page();
	/* x86 knows no memory that can only be written. */
	char *const at[] = {
		self->edge + 1,
		self->edge + 6,
		self->edge + PAGE - row->size,
		map_private(PROT_WRITE, -1),
		test_map(self->scene.dataspace, PAGE) + 13,
		last ? last + PAGE - row->size : self->edge,
	};
	struct held more = before;
	union args args;
	size_t i;

	/* The mapping. */
	more.users = test_module_users();
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		row_begin(row, &self->scene, &args);
		memcpy(at[i], &args, row->size);
		ASSERT_EQ(0, call(self->fd, row, at[i]))
		TH_LOG("at %p", at[i]);
		memcpy(&args, at[i], row->size);
		row_end(row, &self->scene, &args);
	}
	/* One byte behind the last one that there can be. */
	if (last) {
		memcpy(last + PAGE - row->size + 1, &self->args, row->size - 1);
		EXPECT_EQ(-EFAULT,
			  call(self->fd, row, last + PAGE - row->size + 1));
	}
	if (row->command == MEMBANK_IOC_DATASPACE_REVOKE ||
	    row->command == MEMBANK_IOC_AREA_FREE)
		return;
	EXPECT_HELD(&self->scene, &more);
}

/* ----------------------------------------------------------- of arrays */

#include "hostile_arrays.h"

FIXTURE_SETUP(array)
{
	const FIXTURE_VARIANT(command) row = { variant->row };

	command_setup(_metadata, &self->command, &row);
}

FIXTURE_TEARDOWN_PARENT(array)
{
	EXPECT_TRUE(test_wait_module_users(self->command.users));
	EXPECT_TRUE(test_banks_empty());
}

static void set_array(const struct row *row, union args *args, __u64 at)
{
	*field_64(args, row->array_at) = at;
}

TEST_F(array, that_is_nowhere_is_efault)
{
	const struct row *row = variant->row;
	const struct held before = held_now();
	union args args = self->command.args;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		set_array(row, &args, nowhere[i]);
		EXPECT_EQ(-EFAULT,
			  test_ioctl(self->command.fd, row->command, &args))
		TH_LOG("at %#llx", nowhere[i]);
	}
	for (i = 0; i < PLACES; i++) {
		set_array(row, &args, (uintptr_t)self->command.places[i]);
		if (i == CONSTANT)
			ASSERT_EQ(0, mprotect(self->command.places[i], PAGE,
					      PROT_READ));
		/* What is only to be read can be read. */
		if (row->reads && (i == CONSTANT || i == REGION_READ_ONLY))
			continue;
		EXPECT_EQ(-EFAULT,
			  test_ioctl(self->command.fd, row->command, &args))
		TH_LOG("at place %zu", i);
		/* So many that are not read of are refused for that. */
		scene_drain(&self->command.scene);
	}
	EXPECT_HELD(&self->command.scene, &before);
	EXPECT_EQ(0, row_run(row, &self->command.scene));
}

TEST_F(array, that_is_not_all_there_is_efault)
{
	const struct row *row = variant->row;
	const struct held before = held_now();
	union args args = self->command.args;
	size_t there;
	char *at;

	for (there = 0; there < row->array_bytes;
	     there = longer(there, row->array_bytes)) {
		at = self->command.edge + PAGE - there;
		memcpy(at, self->command.scene.offers, row->reads ? there : 0);
		set_array(row, &args, (uintptr_t)at);
		ASSERT_EQ(-EFAULT,
			  test_ioctl(self->command.fd, row->command, &args))
		TH_LOG("%zu bytes are there", there);
		scene_drain(&self->command.scene);
	}

	/* At its end, whatever its alignment, and not a byte before it. */
	at = self->command.edge + PAGE - row->array_bytes;
	memset(self->command.edge, TEST_JUNK, PAGE);
	if (row->reads)
		memcpy(at, self->command.scene.offers, row->array_bytes);
	set_array(row, &args, (uintptr_t)at);
	ASSERT_EQ(0, test_ioctl(self->command.fd, row->command, &args));
	EXPECT_TRUE(test_all_bytes(self->command.edge, TEST_JUNK,
				   at - self->command.edge));
	row_end(row, &self->command.scene, &args);
	EXPECT_HELD(&self->command.scene, &before);
	EXPECT_EQ(0, row_run(row, &self->command.scene));
}

TEST_F(array, may_be_that_of_the_struct)
{
	const struct row *row = variant->row;
	union args *args = (void *)self->command.edge;
	const struct held before = held_now();
	unsigned int opened;
	int ret;

	*args = self->command.args;
	set_array(row, args, (uintptr_t)args);
	ret = call(self->command.fd, row, args);
	/*
	 * What is read there are no offers. Elsewhere the struct is written last:
	 * what it says is right.
	 */
	EXPECT_EQ(row->reads ? -EBADF : 0, ret);
	if (ret)
		return;
	opened = test_open_files() - before.files;
	EXPECT_EQ(row->command == MEMBANK_IOC_SERVICE_CONNECT ? 3 : 0, opened);
	EXPECT_EQ(row->size, args->size);
	if (opened)
		EXPECT_EQ(0,
			  fcntl(args->connect.out_fd, F_GETFD) & ~FD_CLOEXEC);
}

/* ------------------------------------------- in what is taken away */

FIXTURE(inside)
{
	struct scene scene;
	int users;
	/* The page of the scene, where the struct is. */
	union args *args;
};

FIXTURE_SETUP(inside)
{
	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
	self->args = (union args *)self->scene.region;
}

FIXTURE_TEARDOWN_PARENT(inside)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(inside, what_is_cleared_the_struct_is_written_last)
{
	row_begin(&row_dataspace_clear, &self->scene, self->args);
	self->args->clear.length = LENGTH;
	self->args->bytes[200] = 1;
	ASSERT_EQ(0, call(self->scene.dev, &row_dataspace_clear, self->args));
	EXPECT_EQ(LENGTH, self->args->clear.length);
	EXPECT_EQ(0, self->args->bytes[200]);
}

TEST_F(inside, what_is_copied_the_struct_is_written_last)
{
	row_begin(&row_dataspace_copy, &self->scene, self->args);
	self->args->copy.from_offset = PAGE;
	self->args->copy.offset = 0;
	self->args->copy.length = PAGE;
	self->args->bytes[200] = 1;
	ASSERT_EQ(0, call(self->scene.dev, &row_dataspace_copy, self->args));
	EXPECT_EQ(PAGE, self->args->copy.length);
	EXPECT_EQ(0, self->args->bytes[200]);
}

/* It is done, and then the struct cannot be written. */
TEST_F(inside, what_is_revoked_is_efault_and_revoked)
{
	row_begin(&row_dataspace_revoke, &self->scene, self->args);
	self->args->revoke.fd = self->scene.dataspace;
	EXPECT_EQ(-EFAULT,
		  call(self->scene.dev, &row_dataspace_revoke, self->args));
	EXPECT_EQ(-ENODEV,
		  handle_revoke(self->scene.dev, self->scene.dataspace));
}

TEST_F(inside, what_is_detached_is_efault_and_no_descriptor)
{
	union args args;
	struct held held;

	row_begin(&row_region_detach, &self->scene, &args);
	memcpy(self->args, &args, sizeof(args.detach));
	held = held_now();
	/* Of the dataspace there is one file: a mapping less is no user less. */
	EXPECT_EQ(-EFAULT,
		  call(self->scene.dev, &row_region_detach, self->args));
	EXPECT_TRUE(map_is_free(self->scene.region, PAGE));
	EXPECT_EQ(held.files, test_open_files());
	EXPECT_TRUE(test_wait_module_users(held.users));
	EXPECT_EQ(0, close(self->scene.dataspace));
	EXPECT_EQ(0, close(self->scene.service));
	EXPECT_EQ(0, close(self->scene.client));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(inside, what_is_overmapped_is_in_the_new_region)
{
	union args args;

	memset(self->args, TEST_JUNK, PAGE);
	row_begin(&row_region_attach, &self->scene, &args);
	args.attach.flags = OVERMAP;
	args.attach.start = (uintptr_t)self->args;
	args.attach.offset = PAGE;
	memcpy(self->args, &args, sizeof(args.attach));
	ASSERT_EQ(0, call(self->scene.dev, &row_region_attach, self->args));
	EXPECT_EQ((uintptr_t)self->args, self->args->attach.out_start);
	EXPECT_EQ(0, self->args->bytes[200]);

	/* What can only be read now is there all the same. */
	args.attach.flags |= READ_ONLY;
	memcpy(self->args, &args, sizeof(args.attach));
	EXPECT_EQ(-EFAULT,
		  call(self->scene.dev, &row_region_attach, self->args));
	EXPECT_STREQ("r1", map_picture(self->scene.dev, self->args, PAGE));
}

/* ------------------------------------------------------ read and write */

/* Each bad place for a buffer of so many bytes. */
static int read_everywhere(int fd, char **places, char *edge, size_t length)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++)
		if (read(fd, (void *)(uintptr_t)nowhere[i], length) != -1 ||
		    errno != EFAULT)
			return -EPROTO;
	for (i = 0; i < PLACES; i++) {
		if (i == CONSTANT && mprotect(places[i], PAGE, PROT_READ))
			return -EREMOTE;
		if (read(fd, places[i], length) != -1 || errno != EFAULT)
			return -EPROTO;
	}
	for (i = 0; i < length; i++)
		if (read(fd, edge + PAGE - i, length) != -1 || errno != EFAULT)
			return -EPROTO;
	return 0;
}

FIXTURE(buffer)
{
	struct scene scene;
	int users;
	char *places[PLACES];
	char *writable;
	char *edge;
};

FIXTURE_SETUP(buffer)
{
	bool made;

	self->users = test_module_users();
	ASSERT_TRUE(scene_make(&self->scene));
	made = make_places(self->scene.dev, self->places, &self->writable,
			   &self->edge);
	ASSERT_TRUE(made);
}

FIXTURE_TEARDOWN_PARENT(buffer)
{
	EXPECT_TRUE(test_wait_module_users(self->users));
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(buffer, that_cannot_be_written_loses_no_trigger)
{
	const int fd = self->scene.notifier;

	ASSERT_EQ(0, notifier_trigger(fd));
	ASSERT_EQ(0, notifier_trigger(fd));
	EXPECT_EQ(0,
		  read_everywhere(fd, self->places, self->edge, sizeof(__u64)));
	EXPECT_EQ(2, notifier_read(fd));
}

TEST_F(buffer, that_cannot_be_written_loses_no_event)
{
	struct membank_service_event event;
	const int fd = self->scene.service;
	const size_t one = sizeof(event);

	ASSERT_EQ(0, close(self->scene.client));
	self->scene.client = service_connect(self->scene.dev, SERVICE, 0,
					     self->scene.array.offers, 2, NULL);
	ASSERT_LE(0, self->scene.client);
	EXPECT_EQ(0, read_everywhere(fd, self->places, self->edge, one));

	/* There is room for one, and half of another one that is said to be. */
	EXPECT_EQ(one, read(fd, self->edge + PAGE - one - 8, 2 * one));
	memcpy(&event, self->edge + PAGE - one - 8, one);
	EXPECT_EQ(MEMBANK_SERVICE_GONE, event.type);
	ASSERT_EQ(0, service_event(fd, &event));
	EXPECT_EQ(MEMBANK_SERVICE_CONNECTED, event.type);
	EXPECT_EQ(-EAGAIN, service_event(fd, &event));
}

TEST_F(buffer, that_cannot_be_written_loses_no_fault)
{
	struct membank_pager_fault fault;
	const int fd = self->scene.pager;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, ask_pager, &self->scene));
	EXPECT_EQ(0,
		  read_everywhere(fd, self->places, self->edge, sizeof(fault)));
	ASSERT_EQ(sizeof(fault), read(fd, &fault, sizeof(fault)));
	EXPECT_EQ(self->scene.paged, (char *)(uintptr_t)fault.address);
}

TEST_F(buffer, that_cannot_be_read_triggers_nobody)
{
	const int fd = self->scene.notifier;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		EXPECT_EQ(-1, write(fd, (void *)(uintptr_t)nowhere[i], 8));
		EXPECT_EQ(EFAULT, errno);
	}
	for (i = 0; i < PLACES; i++) {
		EXPECT_EQ(-1, write(fd, self->places[i], 8));
		/* Zero triggers are none. */
		EXPECT_EQ(i == CONSTANT || i == REGION_READ_ONLY ? EINVAL :
								   EFAULT,
			  errno);
	}
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(-1, write(fd, self->edge + PAGE - i, 8));
		EXPECT_EQ(EFAULT, errno);
	}
	ASSERT_EQ(0, notifier_nonblock(fd));
	/* What the client had of it is closed: there will be none any more. */
	EXPECT_EQ(-EPIPE, notifier_read(fd));
}

TEST_F(buffer, of_what_has_nothing_to_read_is_einval)
{
	const int fds[] = { self->scene.dev, self->scene.dataspace,
			    self->scene.client, self->scene.attach };
	char byte[64] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_EQ(-1, read(fds[i], byte, sizeof(byte)));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, write(fds[i], byte, sizeof(byte)));
		EXPECT_TRUE(errno == EINVAL || errno == EBADF);
	}
}

TEST_HARNESS_MAIN
