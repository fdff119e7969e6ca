// SPDX-License-Identifier: GPL-2.0-only
/*
 * The form that all commands share: sizes, tails, flags, reserved fields, and
 * what happens where the struct itself is wrong.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

/* So many that what follows a struct can be looked at. */
#define ARGS_BYTES 8192

#include "args.h"
#include "common.h"
#include "map.h"
#include "uapi_form.h"
#include "uapi_layout.h"

#define SERVICE "uapi-test"

/* Who touches a region with a pager, by writing from it. */
struct asker {
	int eventfd;
	char *paged;
};

FIXTURE(command)
{
	int dev;
	int dataspace;
	/* What the command is about to revoke. */
	int victim;
	int notifier;
	int eventfd;
	int service;
	/* Both ends of a pager, and a region whose faults wait for it. */
	struct membank_pager_create pager;
	struct asker asker;
	char *area;
	__u64 fault;
	struct membank_region_entry entry;
	/* The descriptor that the command goes to. */
	int fd;
	size_t page;
	void *region;
	union args args;
};

FIXTURE_VARIANT(command)
{
	const struct form *form;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(command, get_info) { &get_info };
FIXTURE_VARIANT_ADD(command, bank_info) { &bank_info };
FIXTURE_VARIANT_ADD(command, dataspace_alloc) { &dataspace_alloc };
FIXTURE_VARIANT_ADD(command, dataspace_info) { &dataspace_info };
FIXTURE_VARIANT_ADD(command, dataspace_derive) { &dataspace_derive };
FIXTURE_VARIANT_ADD(command, dataspace_clear) { &dataspace_clear };
FIXTURE_VARIANT_ADD(command, dataspace_copy) { &dataspace_copy };
FIXTURE_VARIANT_ADD(command, dataspace_phys) { &dataspace_phys };
FIXTURE_VARIANT_ADD(command, dataspace_revoke) { &dataspace_revoke };
FIXTURE_VARIANT_ADD(command, region_attach) { &region_attach };
FIXTURE_VARIANT_ADD(command, region_detach) { &region_detach };
FIXTURE_VARIANT_ADD(command, region_find) { &region_find };
FIXTURE_VARIANT_ADD(command, region_list) { &region_list };
FIXTURE_VARIANT_ADD(command, area_reserve) { &area_reserve };
FIXTURE_VARIANT_ADD(command, area_free) { &area_free };
FIXTURE_VARIANT_ADD(command, pager_create) { &pager_create };
FIXTURE_VARIANT_ADD(command, pager_reply) { &pager_reply };
FIXTURE_VARIANT_ADD(command, notifier_create) { &notifier_create };
FIXTURE_VARIANT_ADD(command, notifier_derive) { &notifier_derive };
FIXTURE_VARIANT_ADD(command, notifier_bind) { &notifier_bind };
FIXTURE_VARIANT_ADD(command, notifier_trigger) { &notifier_trigger };
FIXTURE_VARIANT_ADD(command, service_register) { &service_register };
FIXTURE_VARIANT_ADD(command, service_connect) { &service_connect };
/* clang-format on */

static __u32 *field(union args *args, int at)
{
	return (__u32 *)(args->bytes + at);
}

/* Asks the pager without end; each answer is an error, so that it asks anew. */
static void *ask_pager(void *arg)
{
	const struct asker *asker = arg;

	for (;;)
		if (write(asker->eventfd, asker->paged, sizeof(__u64)) != -1 ||
		    errno != EFAULT)
			break;
	return NULL;
}

/* The fault that waits now; the one before may be answered or not. */
static __u64 next_fault(FIXTURE_DATA(command) * self)
{
	struct membank_pager_reply reply = { .size = sizeof(reply), .fd = -1 };
	struct membank_pager_fault fault;

	reply.id = self->fault;
	if (self->fault)
		test_ioctl(self->pager.out_fd, MEMBANK_IOC_PAGER_REPLY, &reply);
	if (read(self->pager.out_fd, &fault, sizeof(fault)) != sizeof(fault))
		return 0;
	self->fault = fault.id;
	return fault.id;
}

/* Inputs with which the command succeeds, junk in every output. */
static void fill(FIXTURE_DATA(command) * self,
		 const FIXTURE_VARIANT(command) * variant)
{
	union args *args = &self->args;

	memset(args, 0, sizeof(*args));
	memset(args, TEST_JUNK, variant->form->size);
	args->size = variant->form->size;
	if (variant->form->flags_at != NONE)
		*field(args, variant->form->flags_at) = 0;
	if (variant->form->reserved_at != NONE)
		*field(args, variant->form->reserved_at) = 0;

	switch (variant->form->command) {
	case MEMBANK_IOC_BANK_INFO:
		args->bank_info.bank = 0;
		break;
	case MEMBANK_IOC_DATASPACE_ALLOC:
		args->alloc.length = 1;
		args->alloc.align = 0;
		break;
	case MEMBANK_IOC_DATASPACE_INFO:
		args->info.fd = self->dataspace;
		break;
	case MEMBANK_IOC_DATASPACE_DERIVE:
		args->lend.fd = self->dataspace;
		args->lend.rights = MEMBANK_DATASPACE_READ;
		break;
	case MEMBANK_IOC_DATASPACE_CLEAR:
		args->clear.fd = self->dataspace;
		args->clear.offset = 0;
		args->clear.length = 1;
		break;
	case MEMBANK_IOC_DATASPACE_COPY:
		args->copy.fd = self->dataspace;
		args->copy.from = self->dataspace;
		args->copy.offset = 1;
		args->copy.from_offset = 0;
		args->copy.length = 1;
		break;
	case MEMBANK_IOC_DATASPACE_PHYS:
		args->phys.fd = self->dataspace;
		args->phys.offset = 0;
		break;
	case MEMBANK_IOC_DATASPACE_REVOKE:
		/* Once only: of a fresh one each time. */
		if (self->victim >= 0)
			close(self->victim);
		self->victim = test_alloc(self->dev, self->page, 0, 0);
		args->revoke.fd = self->victim;
		break;
	case MEMBANK_IOC_REGION_ATTACH:
		args->attach.fd = self->dataspace;
		args->attach.start = 0;
		args->attach.length = 0;
		args->attach.offset = 0;
		args->attach.flags = MEMBANK_REGION_SEARCH_ADDR;
		args->attach.align = 0;
		break;
	case MEMBANK_IOC_REGION_DETACH:
		/* The one before may be gone. */
		self->region = mmap(self->region, self->page, PROT_READ,
				    MAP_SHARED | (self->region ? MAP_FIXED : 0),
				    self->dataspace, 0);
		args->detach.flags = MEMBANK_DETACH_DATASPACE;
		args->detach.addr = (uintptr_t)self->region;
		args->detach.length = 0;
		break;
	case MEMBANK_IOC_REGION_FIND:
		args->find.addr = (uintptr_t)self->region;
		args->find.length = 0;
		break;
	case MEMBANK_IOC_REGION_LIST:
		args->list.start = 0;
		args->list.length = 0;
		args->list.entries = (uintptr_t)&self->entry;
		args->list.nr_entries = 1;
		args->list.entry_size = sizeof(self->entry);
		break;
	case MEMBANK_IOC_AREA_RESERVE:
		args->reserve.flags = SEARCH;
		args->reserve.start = 0;
		args->reserve.length = 1;
		args->reserve.align = 0;
		break;
	case MEMBANK_IOC_AREA_FREE:
		/* The one before may be gone. */
		map_reserve(self->dev, NULL, 1, SEARCH, &self->area);
		args->free.addr = (uintptr_t)self->area;
		break;
	case MEMBANK_IOC_PAGER_CREATE:
		args->pager.fault_size = sizeof(struct membank_pager_fault);
		break;
	case MEMBANK_IOC_PAGER_REPLY:
		args->reply.id = next_fault(self);
		args->reply.offset = 0;
		args->reply.length = 0;
		args->reply.fd = -1;
		break;
	case MEMBANK_IOC_NOTIFIER_DERIVE:
		args->derive.rights = MEMBANK_NOTIFIER_TRIGGER;
		break;
	case MEMBANK_IOC_NOTIFIER_BIND:
		args->bind.eventfd = self->eventfd;
		break;
	case MEMBANK_IOC_SERVICE_REGISTER:
		args->service.offers = 0;
		args->service.nr_offers = 0;
		args->service.offer_size = sizeof(struct membank_offer);
		args->service.event_size = sizeof(struct membank_service_event);
		args->service.mode = 0;
		memcpy(args->service.name, SERVICE "-new",
		       sizeof(SERVICE "-new"));
		break;
	case MEMBANK_IOC_SERVICE_CONNECT:
		args->connect.timeout_ns = 0;
		args->connect.offers = 0;
		args->connect.nr_offers = 0;
		args->connect.offer_size = sizeof(struct membank_offer);
		memcpy(args->connect.name, SERVICE, sizeof(SERVICE));
		break;
	}
}

/* The command with the size and a byte far behind as given. */
static int call(FIXTURE_DATA(command) * self,
		const FIXTURE_VARIANT(command) * variant, __u32 size,
		int dirty_at)
{
	const int out_fd_at = variant->form->out_fd_at;
	const int out_fd2_at = variant->form->out_fd2_at;
	int ret, fd;

	fill(self, variant);
	self->args.size = size;
	if (dirty_at != NONE)
		self->args.bytes[dirty_at] = 1;
	ret = test_ioctl(self->fd, variant->form->command, &self->args);
	if (ret || out_fd_at == NONE)
		return ret;

	/* Closed, so that it does not stand in the way of the next call. */
	fd = *field(&self->args, out_fd_at);
	if (fcntl(fd, F_GETFD) != FD_CLOEXEC || close(fd))
		return -EREMOTE;
	fd = *field(&self->args, out_fd2_at);
	if (out_fd2_at && (fcntl(fd, F_GETFD) != FD_CLOEXEC || close(fd)))
		return -EREMOTE;
	return 0;
}

FIXTURE_SETUP(command)
{
	struct membank_notifier_create create = { .size = sizeof(create) };
	struct membank_service_register service = {
		.size = sizeof(service),
		.offer_size = sizeof(struct membank_offer),
		.event_size = sizeof(struct membank_service_event),
		.name = SERVICE,
	};
	pthread_t thread;

	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->dataspace = test_alloc(self->dev, self->page, 0, 0);
	ASSERT_LE(0, self->dataspace);
	self->region = test_map(self->dataspace, self->page);
	self->victim = -1;
	ASSERT_NE(MAP_FAILED, self->region);
	test_ok(self->dev, MEMBANK_IOC_NOTIFIER_CREATE, &create);
	self->notifier = create.out_fd;
	self->eventfd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->eventfd);
	test_ok(self->dev, MEMBANK_IOC_SERVICE_REGISTER, &service);
	self->service = service.out_fd;
	self->pager.size = sizeof(self->pager);
	self->pager.fault_size = sizeof(struct membank_pager_fault);
	test_ok(self->dev, MEMBANK_IOC_PAGER_CREATE, &self->pager);
	ASSERT_EQ(0, map_attach_part(self->dev, self->pager.out_attach_fd, NULL,
				     self->page, SEARCH | PAGER,
				     &self->asker.paged));
	self->asker.eventfd = self->eventfd;
	self->fd = self->dev;
	if (variant->form->noun == ON_NOTIFIER)
		self->fd = self->notifier;
	if (variant->form->noun == ON_PAGER) {
		self->fd = self->pager.out_fd;
		ASSERT_EQ(0, pthread_create(&thread, NULL, ask_pager,
					    &self->asker));
	}
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(command)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(command, succeeds_with_the_size_of_this_release)
{
	unsigned int files;

	fill(self, variant);
	files = test_open_files();
	ASSERT_EQ(0, call(self, variant, variant->form->size, NONE));
	EXPECT_EQ(variant->form->size, self->args.size);
	EXPECT_EQ(files, test_open_files());
	/* Not a byte behind the struct was written. */
	EXPECT_TRUE(test_all_bytes(self->args.bytes + variant->form->size, 0,
				   sizeof(self->args) - variant->form->size));
}

TEST_F(command, refuses_every_smaller_size)
{
	int size;

	for (size = 0; size < variant->form->size; size++)
		ASSERT_EQ(-EINVAL, call(self, variant, size, NONE));
}

TEST_F(command, takes_a_longer_struct_with_a_clean_tail)
{
	const int sizes[] = { 1, 4, 8, 64 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		ASSERT_EQ(0, call(self, variant, variant->form->size + sizes[i],
				  NONE));
	ASSERT_EQ(0, call(self, variant, self->page, NONE));
	EXPECT_TRUE(test_all_bytes(self->args.bytes + variant->form->size, 0,
				   sizeof(self->args) - variant->form->size));
}

TEST_F(command, refuses_a_dirty_tail)
{
	const int size = variant->form->size;

	EXPECT_EQ(-E2BIG, call(self, variant, size + 1, size));
	EXPECT_EQ(-E2BIG, call(self, variant, size + 8, size + 7));
	EXPECT_EQ(-E2BIG, call(self, variant, self->page, self->page - 1));
	/* Behind the size it says, nothing is looked at. */
	EXPECT_EQ(0, call(self, variant, size + 8, size + 8));
}

TEST_F(command, refuses_a_size_beyond_a_page)
{
	EXPECT_EQ(-E2BIG, call(self, variant, self->page + 1, NONE));
	EXPECT_EQ(-E2BIG, call(self, variant, ~0U, NONE));
}

TEST_F(command, refuses_unknown_flags_and_reserved_bits_one_by_one)
{
	const struct form *form = variant->form;
	__u32 bit;

	for (bit = 1; bit; bit <<= 1) {
		if (form->flags_at != NONE && !(bit & form->flags_known)) {
			fill(self, variant);
			*field(&self->args, form->flags_at) |= bit;
			test_err(EOPNOTSUPP, self->fd, form->command,
				 &self->args);
		}
		if (form->reserved_at != NONE) {
			fill(self, variant);
			*field(&self->args, form->reserved_at) = bit;
			test_err(EINVAL, self->fd, form->command, &self->args);
		}
	}
	EXPECT_EQ(0, call(self, variant, form->size, NONE));
}

TEST_F(command, faults_on_a_struct_that_is_not_there)
{
	char *pages = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int files;
	void *args;

	fill(self, variant);
	files = test_open_files();
	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + self->page, self->page));
	test_err(EFAULT, self->fd, variant->form->command, NULL);
	EXPECT_EQ(-1,
		  ioctl(self->fd, variant->form->command, pages + self->page));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->fd, variant->form->command, -8L));
	EXPECT_EQ(EFAULT, errno);

	/* All of it but the last 4 bytes. */
	fill(self, variant);
	args = pages + self->page - variant->form->size + 4;
	memcpy(args, &self->args, variant->form->size - 4);
	EXPECT_EQ(-1, ioctl(self->fd, variant->form->command, args));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(files, test_open_files());
}

TEST_F(command, that_cannot_write_its_answer_opens_nothing)
{
	void *args = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int files;
	__u64 used;

	ASSERT_NE(MAP_FAILED, args);
	fill(self, variant);
	files = test_open_files();
	used = test_used();
	memcpy(args, &self->args, variant->form->size);
	ASSERT_EQ(0, mprotect(args, self->page, PROT_READ));
	test_err(EFAULT, self->fd, variant->form->command, args);
	EXPECT_EQ(files, test_open_files());
	EXPECT_EQ(used, test_used());
	/* Nor is a name taken by it. */
	EXPECT_EQ(0, call(self, variant, variant->form->size, NONE));
}

TEST_F(command, without_a_free_descriptor_leaves_nothing)
{
	const bool opens = variant->form->out_fd_at != NONE;
	struct rlimit limit, tight;
	unsigned int files;
	__u64 used;
	int ret;

	fill(self, variant);
	used = test_used();
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	tight = limit;
	tight.rlim_cur = dup(self->dev);
	ASSERT_NE(-1, tight.rlim_cur);
	close(tight.rlim_cur);

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
	ret = test_ioctl(self->fd, variant->form->command, &self->args);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(opens ? -EMFILE : 0, ret);
	if (variant->form->out_fd2_at) {
		/* Nor with one, if it takes two. */
		files = test_open_files();
		tight.rlim_cur++;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
		ret = test_ioctl(self->fd, variant->form->command, &self->args);
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
		EXPECT_EQ(-EMFILE, ret);
		EXPECT_EQ(files, test_open_files());
	}
	if (opens)
		EXPECT_EQ(used, test_used());
	EXPECT_EQ(0, call(self, variant, variant->form->size, NONE));
}

TEST_F(command, is_unknown_to_other_nouns)
{
	const int others[] = {
		self->dev,	    self->notifier,
		self->pager.out_fd, self->pager.out_attach_fd,
		self->dataspace,    self->service,
		self->eventfd,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (others[i] == self->fd)
			continue;
		fill(self, variant);
		test_err(ENOTTY, others[i], variant->form->command,
			 &self->args);
	}
}

FIXTURE(number)
{
	int dev;
};

FIXTURE_SETUP(number)
{
	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN_PARENT(number)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(number, that_no_command_has_is_unknown)
{
	static const unsigned long known[] = {
		MEMBANK_IOC_GET_INFO,	      MEMBANK_IOC_BANK_INFO,
		MEMBANK_IOC_DATASPACE_ALLOC,  MEMBANK_IOC_DATASPACE_INFO,
		MEMBANK_IOC_DATASPACE_DERIVE, MEMBANK_IOC_DATASPACE_CLEAR,
		MEMBANK_IOC_DATASPACE_COPY,   MEMBANK_IOC_DATASPACE_PHYS,
		MEMBANK_IOC_DATASPACE_REVOKE, MEMBANK_IOC_REGION_ATTACH,
		MEMBANK_IOC_REGION_DETACH,    MEMBANK_IOC_REGION_FIND,
		MEMBANK_IOC_REGION_LIST,      MEMBANK_IOC_AREA_RESERVE,
		MEMBANK_IOC_AREA_FREE,	      MEMBANK_IOC_PAGER_CREATE,
		MEMBANK_IOC_NOTIFIER_CREATE,  MEMBANK_IOC_SERVICE_REGISTER,
		MEMBANK_IOC_SERVICE_CONNECT,  MEMBANK_IOC_SERVICE_LIST,
		MEMBANK_IOC_SERVICE_CLIENTS,
	};
	unsigned char args[256] = { sizeof(args) - 1 };
	unsigned long number;
	size_t i;

	for (number = 0; number < 256; number++) {
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (known[i] == _IO(MEMBANK_IOC, number))
				break;
		if (i < ARRAY_SIZE(known))
			continue;
		test_err(ENOTTY, self->dev, _IO(MEMBANK_IOC, number), args);
	}
}

TEST_F(number, with_a_direction_or_size_is_unknown)
{
	struct membank_get_info info = { .size = sizeof(info) };

	test_err(ENOTTY, self->dev,
		 _IOWR(MEMBANK_IOC, MEMBANK_CMD_GET_INFO,
		       struct membank_get_info),
		 &info);
	test_err(ENOTTY, self->dev, _IO(MEMBANK_IOC - 1, MEMBANK_CMD_GET_INFO),
		 &info);
	test_ok(self->dev, MEMBANK_IOC_GET_INFO, &info);
}

TEST_HARNESS_MAIN
