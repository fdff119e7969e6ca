// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library, on the real module: what each function does with a right call
 * and with each wrong one. What the commands themselves do is tested beside
 * the files of the module.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include <membank.h>

#include "common.h"

#define NOBODY 65534
#define NO_FD 1000000
#define BYTES 12345
#define UNKNOWN_FLAG 0x80000000U

/* What no call that fails may have written. */
#define JUNK_FD 0xcccccc

static void be_nobody(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		abort();
}

FIXTURE(library)
{
	size_t page;
	int dev;
	int null;
	int fd;
};

FIXTURE_SETUP(library)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open("0", &self->dev));
	self->fd = JUNK_FD;
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(library)
{
	EXPECT_TRUE(test_banks_empty());
}

/* ------------------------------------------------------------------ banks */

static __u32 bank_of(const char *bank)
{
	struct membank_get_info info = { .out_bank = 0xcccccccc };
	int dev;

	if (membank_open(bank, &dev))
		return 0xcccccccc;
	membank_get_info(dev, &info);
	close(dev);
	return info.out_bank;
}

TEST_F(library, open_takes_number_node_and_name)
{
	char name[MEMBANK_NAME_MAX + 2];

	EXPECT_EQ(0, bank_of("0"));
	EXPECT_EQ(0, bank_of("membank0"));
	EXPECT_EQ(0, bank_of("/dev/membank0"));
	EXPECT_EQ(1, bank_of("1"));
	ASSERT_TRUE(test_attr(1, "name", name, sizeof(name)));
	EXPECT_EQ(1, bank_of(name));
	EXPECT_EQ(MEMBANK_BANK_ANY, bank_of(NULL));
	EXPECT_EQ(MEMBANK_BANK_ANY, bank_of("membank"));
	EXPECT_EQ(MEMBANK_BANK_ANY, bank_of("/dev/membank"));
}

TEST_F(library, open_gives_a_descriptor_that_ends_with_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->dev, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(self->dev, F_GETFL) & O_ACCMODE);
}

TEST_F(library, open_of_a_bank_that_is_not_there_is_enoent)
{
	static const char *const none[] = {
		"",
		"99",
		"membank99",
		"/dev/membank99",
		"/",
		"/dev/null",
		"no-such-bank",
		"0 ",
		"-1",
		"/dev/membank/",
		"4294967296",
		"00000000000000000000000000000000000000000000000000000000000000",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(-ENOENT, membank_open(none[i], &self->fd))
		TH_LOG("'%s'", none[i]);
		EXPECT_EQ(JUNK_FD, self->fd);
	}
}

TEST_F(library, open_needs_the_node_alone)
{
	char name[MEMBANK_NAME_MAX + 2];
	struct stat any, bank;

	ASSERT_TRUE(test_attr(1, "name", name, sizeof(name)));
	ASSERT_EQ(0, stat("/dev/membank", &any));
	ASSERT_EQ(0, stat("/dev/membank1", &bank));
	ASSERT_EQ(0, chmod("/dev/membank", 0600));
	ASSERT_EQ(0, chmod("/dev/membank1", 0666));
	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(-EACCES, membank_open(NULL, &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
	EXPECT_EQ(0, membank_open(name, &self->fd));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, chmod("/dev/membank", any.st_mode & 07777));
	EXPECT_EQ(0, chmod("/dev/membank1", bank.st_mode & 07777));
}

TEST_F(library, get_info_tells_what_there_is)
{
	struct membank_get_info info;

	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_get_info(self->dev, &info));
	EXPECT_EQ(MEMBANK_ABI_VERSION, info.out_version);
	EXPECT_EQ(test_banks(), info.out_banks);
	EXPECT_EQ(0, info.out_bank);
	EXPECT_NE(0, info.out_features & MEMBANK_FEATURE_SERVICES);

	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-EBADF, membank_get_info(NO_FD, &info));
	EXPECT_EQ(-ENOTTY, membank_get_info(self->null, &info));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
}

TEST_F(library, bank_info_agrees_with_sysfs)
{
	struct test_figures figures;
	struct membank_bank_info info;
	char name[MEMBANK_NAME_MAX + 2];

	ASSERT_EQ(0,
		  membank_dataspace_alloc(self->dev, BYTES, 0, 0, &self->fd));
	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_bank_info(self->dev, 0, &info));
	figures = test_figures(0);
	ASSERT_TRUE(test_attr(0, "name", name, sizeof(name)));
	EXPECT_EQ(figures.size, info.out_length);
	EXPECT_EQ(figures.used, info.out_used);
	EXPECT_EQ(figures.largest_free, info.out_largest_free);
	EXPECT_EQ(1, info.out_dataspaces);
	EXPECT_STREQ(name, info.out_name);

	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-ENOENT, membank_bank_info(self->dev, test_banks(), &info));
	EXPECT_EQ(-EBADF, membank_bank_info(NO_FD, 0, &info));
	EXPECT_EQ(-ENOTTY, membank_bank_info(self->null, 0, &info));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
}

/* ------------------------------------------------------------- dataspaces */

TEST_F(library, dataspace_alloc_gives_what_info_tells)
{
	struct membank_dataspace_info info;

	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, BYTES,
					     MEMBANK_DATASPACE_SUPER_PAGES, 22,
					     &self->fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_dataspace_info(self->dev, self->fd, &info));
	EXPECT_EQ(BYTES, info.out_length);
	EXPECT_EQ(GRAIN, info.out_extent);
	EXPECT_EQ(0, info.out_bank);
	EXPECT_EQ(MEMBANK_DATASPACE_SUPER_PAGES, info.out_flags);
	EXPECT_EQ(0, info.out_mappings);

	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-EINVAL,
		  membank_dataspace_info(self->dev, self->null, &info));
	EXPECT_EQ(-EBADF, membank_dataspace_info(self->dev, NO_FD, &info));
	EXPECT_EQ(-EBADF, membank_dataspace_info(NO_FD, self->fd, &info));
	EXPECT_EQ(-ENOTTY, membank_dataspace_info(self->fd, self->fd, &info));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
}

TEST_F(library, dataspace_alloc_refuses)
{
	__u64 size = test_number(0, "size");
	int all;

	EXPECT_EQ(-ERANGE,
		  membank_dataspace_alloc(self->dev, 0, 0, 0, &self->fd));
	EXPECT_EQ(-ERANGE, membank_dataspace_alloc(self->dev, size + 1, 0, 0,
						   &self->fd));
	EXPECT_EQ(-ERANGE,
		  membank_dataspace_alloc(self->dev, BYTES, 0, 31, &self->fd));
	EXPECT_EQ(-EOPNOTSUPP,
		  membank_dataspace_alloc(self->dev, BYTES, UNKNOWN_FLAG, 0,
					  &self->fd));
	EXPECT_EQ(-EBADF,
		  membank_dataspace_alloc(NO_FD, BYTES, 0, 0, &self->fd));
	EXPECT_EQ(-ENOTTY,
		  membank_dataspace_alloc(self->null, BYTES, 0, 0, &self->fd));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, size, 0, 0, &all));
	EXPECT_EQ(-ENOMEM,
		  membank_dataspace_alloc(self->dev, 1, 0, 0, &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(library, out_of_descriptors_is_emfile)
{
	struct rlimit none = { 0, 0 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, membank_open("0", &self->fd));
	EXPECT_EQ(-EMFILE,
		  membank_dataspace_alloc(self->dev, BYTES, 0, 0, &self->fd));
	EXPECT_EQ(-EMFILE, membank_notifier_create(self->dev, &self->fd));
	EXPECT_EQ(-EMFILE, membank_notifier_listen(self->dev, &self->fd));
	EXPECT_EQ(JUNK_FD, self->fd);
}

TEST_F(library, sync_takes_read_and_write)
{
	unsigned int access;

	ASSERT_EQ(0,
		  membank_dataspace_alloc(self->dev, BYTES, 0, 0, &self->fd));
	for (access = 1; access <= 3; access++) {
		EXPECT_EQ(0, membank_sync_start(self->fd, access));
		EXPECT_EQ(0, membank_sync_end(self->fd, access));
	}
	EXPECT_EQ(-EINVAL, membank_sync_start(self->fd, 0));
	EXPECT_EQ(-EINVAL, membank_sync_start(self->fd, 4));
	EXPECT_EQ(-EINVAL, membank_sync_end(self->fd, 0));
	EXPECT_EQ(-EINVAL, membank_sync_end(self->fd, 4));
	EXPECT_EQ(-EBADF, membank_sync_start(NO_FD, MEMBANK_ACCESS_READ));
	EXPECT_EQ(-EBADF, membank_sync_end(NO_FD, MEMBANK_ACCESS_READ));
	EXPECT_EQ(-ENOTTY, membank_sync_start(self->null, MEMBANK_ACCESS_READ));
	EXPECT_EQ(-ENOTTY, membank_sync_end(self->null, MEMBANK_ACCESS_READ));
}

/* ---------------------------------------------------------------- regions */

FIXTURE(region)
{
	size_t page;
	int dev;
	int null;
	int dataspace;
	void *addr;
};

FIXTURE_SETUP(region)
{
	ASSERT_TRUE(test_banks_empty());
	self->page = sysconf(_SC_PAGESIZE);
	self->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->null);
	ASSERT_EQ(0, membank_open(NULL, &self->dev));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, 4 * self->page, 0, 0,
					     &self->dataspace));
	self->addr = NULL;
}

FIXTURE_TEARDOWN_PARENT(region)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(region, attach_without_an_address_searches_one)
{
	memset(&self->addr, TEST_JUNK, sizeof(self->addr));
	ASSERT_EQ(0, membank_region_attach(self->dev, self->dataspace, 0, 0, 0,
					   0, NULL, &self->addr));
	EXPECT_TRUE(test_all_bytes(self->addr, 0, 4 * self->page));
	memset(self->addr, 0x5a, 4 * self->page);
	EXPECT_EQ(0, membank_region_detach(self->dev, self->addr));
	EXPECT_EQ(-ENOENT, membank_region_detach(self->dev, self->addr));
}

TEST_F(region, attach_honours_address_alignment_offset_and_length)
{
	char *place, *first = NULL;

	place = mmap(NULL, 8 * self->page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, place);

	EXPECT_EQ(-EADDRNOTAVAIL,
		  membank_region_attach(self->dev, self->dataspace, 0, 0, 0, 0,
					place, &self->addr));
	EXPECT_EQ(NULL, self->addr);
	ASSERT_EQ(0, membank_region_attach(self->dev, self->dataspace, 0, 0,
					   MEMBANK_REGION_OVERMAP, 0, place,
					   &self->addr));
	EXPECT_EQ(place, self->addr);
	memset(place + self->page, 0x5a, 1);

	ASSERT_EQ(0, munmap(place, 8 * self->page));
	ASSERT_EQ(0,
		  membank_region_attach(self->dev, self->dataspace, self->page,
					self->page, 0, 0, place, &self->addr));
	EXPECT_EQ(place, self->addr);
	EXPECT_EQ(0x5a, place[0]);

	ASSERT_EQ(0, membank_region_attach(self->dev, self->dataspace, 0, 0, 0,
					   24, NULL, (void **)&first));
	EXPECT_EQ(0, (uintptr_t)first % (16 * MIB));
	EXPECT_EQ(0x5a, first[self->page]);
}

TEST_F(region, attach_read_only_cannot_be_made_writable)
{
	ASSERT_EQ(0, membank_region_attach(self->dev, self->dataspace, 0, 0,
					   MEMBANK_REGION_READ_ONLY, 0, NULL,
					   &self->addr));
	EXPECT_EQ(-1, mprotect(self->addr, self->page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(region, attach_refuses)
{
	struct {
		int ret, dataspace;
		__u64 offset, length;
		__u32 flags, align;
	} wrong[] = {
		{ -EINVAL, self->null, 0, 0, 0, 0 },
		{ -EBADF, NO_FD, 0, 0, 0, 0 },
		{ -EINVAL, self->dataspace, 1, 0, 0, 0 },
		{ -EINVAL, self->dataspace, 0, 0, 0, 47 },
		{ -EINVAL, self->dataspace, 0, 0,
		  MEMBANK_REGION_OVERMAP | MEMBANK_REGION_SEARCH_ADDR, 0 },
		{ -ERANGE, self->dataspace, 4 * self->page, 0, 0, 0 },
		{ -ERANGE, self->dataspace, 0, 5 * self->page, 0, 0 },
		{ -ERANGE, self->dataspace, self->page, UINT64_MAX, 0, 0 },
		{ -EOPNOTSUPP, self->dataspace, 0, 0, 0x100, 0 },
		{ -EOPNOTSUPP, self->dataspace, 0, 0, UNKNOWN_FLAG, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(wrong[i].ret,
			  membank_region_attach(self->dev, wrong[i].dataspace,
						wrong[i].offset,
						wrong[i].length, wrong[i].flags,
						wrong[i].align, NULL,
						&self->addr))
	TH_LOG("row %zu", i);
	EXPECT_EQ(-ENOTTY, membank_region_attach(self->null, self->dataspace, 0,
						 0, 0, 0, NULL, &self->addr));
	EXPECT_EQ(-EBADF, membank_region_attach(NO_FD, self->dataspace, 0, 0, 0,
						0, NULL, &self->addr));
	EXPECT_EQ(NULL, self->addr);
}

TEST_F(region, attach_below_the_lowest_address_is_eperm)
{
	be_nobody();
	EXPECT_EQ(-EPERM, membank_region_attach(self->dev, self->dataspace, 0,
						0, MEMBANK_REGION_OVERMAP, 0,
						NULL, &self->addr));
	EXPECT_EQ(NULL, self->addr);
}

TEST_F(region, attach_without_room_is_enomem)
{
	struct rlimit none = { self->page, self->page };

	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	EXPECT_EQ(-ENOMEM, membank_region_attach(self->dev, self->dataspace, 0,
						 0, 0, 0, NULL, &self->addr));
	EXPECT_EQ(NULL, self->addr);
}

TEST_F(region, find_tells_what_is_attached)
{
	struct membank_region_find info;
	char *inside;

	ASSERT_EQ(0, membank_region_attach(self->dev, self->dataspace,
					   self->page, 2 * self->page,
					   MEMBANK_REGION_READ_ONLY, 0, NULL,
					   &self->addr));
	inside = (char *)self->addr + self->page + 7;
	memset(&info, TEST_JUNK, sizeof(info));
	ASSERT_EQ(0, membank_region_find(self->dev, inside, &info));
	EXPECT_EQ((uintptr_t)self->addr, info.out_start);
	EXPECT_EQ(2 * self->page, info.out_length);
	EXPECT_EQ(self->page, info.out_offset);
	EXPECT_EQ(MEMBANK_REGION_READ_ONLY, info.out_flags);
	EXPECT_EQ(4 * self->page, lseek(info.out_fd, 0, SEEK_END));

	ASSERT_EQ(0, membank_region_detach(self->dev, inside));
	memset(&info, TEST_JUNK, sizeof(info));
	EXPECT_EQ(-ENOENT, membank_region_find(self->dev, inside, &info));
	EXPECT_EQ(-ENOTTY, membank_region_find(self->null, inside, &info));
	EXPECT_EQ(-EBADF, membank_region_find(NO_FD, inside, &info));
	EXPECT_EQ(-ENOTTY, membank_region_detach(self->null, inside));
	EXPECT_EQ(-EBADF, membank_region_detach(NO_FD, inside));
	EXPECT_TRUE(test_all_bytes(&info, TEST_JUNK, sizeof(info)));
}

TEST_F(region, map_of_another_process_is_looked_at_only)
{
	struct membank_region_find info;
	int sockets[2], dev;
	pid_t child;

	ASSERT_EQ(0, membank_region_attach(self->dev, self->dataspace, 0, 0, 0,
					   0, NULL, &self->addr));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(membank_region_find(self->dev, self->addr, &info) ||
		      membank_region_detach(self->dev, self->addr) != -EPERM);
	EXPECT_EQ(0, test_wait_child(child));
	EXPECT_EQ(0, membank_region_detach(self->dev, self->addr));

	/* The opener gave its descriptor away and is gone. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(membank_open(NULL, &dev) ||
		      test_send_fd(sockets[1], dev));
	EXPECT_EQ(0, test_wait_child(child));
	dev = test_receive_fd(sockets[0]);
	ASSERT_LE(0, dev);
	EXPECT_EQ(-ESRCH, membank_region_find(dev, self->addr, &info));
}

/* ----------------------------------------------------------------- module */

static bool read_banks(char *params, size_t size)
{
	FILE *file = fopen("/sys/module/membank/parameters/banks", "re");
	bool ok;

	if (!file)
		return false;
	memcpy(params, "banks=", 6);
	ok = fgets(params + 6, size - 6, file);
	params[strcspn(params, "\n")] = '\0';
	fclose(file);
	return ok;
}

TEST_F(library, load_of_what_is_loaded_is_no_failure)
{
	char params[4096], why[64];

	memset(why, TEST_JUNK, sizeof(why));
	EXPECT_EQ(0, membank_load(NULL, why, sizeof(why)));
	EXPECT_EQ(0, membank_load("", why, sizeof(why)));
	ASSERT_TRUE(read_banks(params, sizeof(params)));
	EXPECT_EQ(0, membank_load(params, why, sizeof(why)));
	EXPECT_TRUE(test_all_bytes(why, TEST_JUNK, sizeof(why)));
}

TEST_F(library, load_with_other_parameters_is_eexist)
{
	char why[512], cut[8];

	EXPECT_EQ(-EEXIST, membank_load("banks=other:2M", why, sizeof(why)));
	EXPECT_NE(NULL, strstr(why, "loaded already"));
	EXPECT_NE(NULL, strstr(why, "banks=other:2M"));
	EXPECT_EQ(-EEXIST, membank_load("bank", why, sizeof(why)));

	memset(cut, TEST_JUNK, sizeof(cut));
	EXPECT_EQ(-EEXIST, membank_load("banks=other:2M", cut, 4));
	EXPECT_EQ(3, strnlen(cut, sizeof(cut)));
	EXPECT_TRUE(test_all_bytes(cut + 4, TEST_JUNK, 4));
	EXPECT_EQ(-EEXIST, membank_load("banks=other:2M", NULL, 0));
	EXPECT_EQ(-EEXIST, membank_load("banks=other:2M", cut + 4, 0));
	EXPECT_TRUE(test_all_bytes(cut + 4, TEST_JUNK, 4));
}

/* ----------------------------------------------------------------- errors */

TEST_F(library, explain_has_words_for_every_error)
{
	const char *text;
	int operation, error;

	for (operation = MEMBANK_OPEN; operation <= MEMBANK_CHANNEL + 1;
	     operation++) {
		for (error = 0; error < 4096; error++) {
			text = membank_explain(operation, -error);
			ASSERT_NE(NULL, text);
			ASSERT_NE('\0', *text);
			ASSERT_NE('.', text[strlen(text) - 1]);
		}
	}
	EXPECT_NE(NULL, strstr(membank_explain(MEMBANK_OPEN, -ENOENT),
			       "membank load"));
	EXPECT_NE(NULL, strstr(membank_explain(MEMBANK_ALLOC, -ENOTTY),
			       "descriptor"));
	EXPECT_STREQ(strerror(EIO), membank_explain(MEMBANK_ALLOC, -EIO));
	EXPECT_STREQ("an unknown error", membank_explain(MEMBANK_OPEN, -4000));
	EXPECT_STREQ("an unknown error", membank_explain(MEMBANK_OPEN, 5));
}

/* The errors that the header documents, those of any function aside. */
static const struct {
	enum membank_operation operation;
	int errors[13];
} documented[] = {
	{ MEMBANK_OPEN, { ENOENT, EACCES } },
	{ MEMBANK_ALLOC, { ERANGE, ENOMEM, EDQUOT, EOPNOTSUPP, EINTR } },
	{ MEMBANK_ATTACH,
	  { EADDRNOTAVAIL, ERANGE, EACCES, ENODEV, EINVAL, EPERM, EOPNOTSUPP,
	    ENOMEM, EINTR, ENOENT, EBUSY, EIO } },
	{ MEMBANK_DETACH,
	  { ENOENT, EPERM, EINVAL, ESRCH, EACCES, EOPNOTSUPP, ENOMEM, EINTR } },
	{ MEMBANK_FIND, { ENOENT, EINVAL, EACCES, ESRCH, EINTR } },
	{ MEMBANK_NOTIFY,
	  { EACCES, EINVAL, ETIMEDOUT, EPIPE, EINTR, EOPNOTSUPP } },
	{ MEMBANK_REGISTER,
	  { EEXIST, EACCES, EINVAL, EAGAIN, EINTR, EOPNOTSUPP, EPERM, EDQUOT,
	    ENODEV } },
	{ MEMBANK_CONNECT,
	  { ENOENT, ETIMEDOUT, EACCES, ENOSPC, ENODEV, EAGAIN, EINTR, EINVAL,
	    EDQUOT } },
	{ MEMBANK_INFO, { EINVAL, ENODEV } },
	{ MEMBANK_DERIVE, { EACCES, EINVAL, ENODEV, EOPNOTSUPP } },
	{ MEMBANK_CLEAR, { EACCES, ERANGE, EINVAL, ENODEV, EIO, EINTR } },
	{ MEMBANK_COPY, { EACCES, ERANGE, EINVAL, ENODEV, EIO, EINTR } },
	{ MEMBANK_PHYS, { EPERM, ERANGE, EINVAL, ENODEV } },
	{ MEMBANK_REVOKE, { EACCES, EINVAL, ENODEV } },
	{ MEMBANK_SYNC, { EINVAL, EACCES, ENODEV } },
	{ MEMBANK_LIST, { EINVAL, ESRCH, EINTR } },
	{ MEMBANK_RESERVE,
	  { EADDRNOTAVAIL, ENOENT, EPERM, EINVAL, ELOOP, EOPNOTSUPP, ENOMEM,
	    EAGAIN, EINTR } },
	{ MEMBANK_FREE_AREA, { ENOENT, ENOMEM, EAGAIN, EINTR } },
	{ MEMBANK_PAGE,
	  { ENOENT, EINVAL, EACCES, ERANGE, ENODEV, EBUSY, EAGAIN, EINTR } },
	{ MEMBANK_CLIENTS, { ENOENT, EINVAL, EACCES, ETIMEDOUT, EINTR } },
	{ MEMBANK_CHANNEL,
	  { EAGAIN, EALREADY, ETIMEDOUT, EPIPE, EMSGSIZE, EPROTO,
	    EPROTONOSUPPORT, EBUSY, EINVAL, EACCES, EINTR } },
};

TEST_F(library, explain_has_words_of_its_own_for_what_is_documented)
{
	static const int common[] = { EBADF,  ENOTTY, EFAULT,
				      EMFILE, ENFILE, ENOMEM };
	enum membank_operation operation;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(documented); i++) {
		operation = documented[i].operation;
		for (j = 0; documented[i].errors[j]; j++)
			EXPECT_STRNE(strerror(documented[i].errors[j]),
				     membank_explain(operation,
						     -documented[i].errors[j]));
		for (j = 0; j < ARRAY_SIZE(common); j++)
			EXPECT_STRNE(strerror(common[j]),
				     membank_explain(operation, -common[j]));
	}
	EXPECT_EQ(MEMBANK_CHANNEL + 1, ARRAY_SIZE(documented));
}

TEST_HARNESS_MAIN
