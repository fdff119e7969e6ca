// SPDX-License-Identifier: GPL-2.0-only
/*
 * Services: what everybody can list, whom a service may be given to, and how
 * many one user can have.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "service.h"
#include "user.h"

/* More than one list holds. */
#define MANY (MEMBANK_SERVICE_LIST_MAX + 44)

FIXTURE(list)
{
	int dev;
};

FIXTURE_SETUP(list)
{
	struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };

	self->dev = test_open(TEST_ANY);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_EQ(0, service_list(self->dev, "", NULL, 1, NULL));
}

FIXTURE_TEARDOWN_PARENT(list)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F(list, takes_its_struct_in_every_form)
{
	struct membank_service_entry entry;
	struct membank_service_list good = {
		.size = sizeof(good),
		.entries = (uintptr_t)&entry,
		.nr_entries = 1,
		.entry_size = sizeof(entry),
	};

	ASSERT_LE(0, service_register(self->dev, "one", 0, NULL, 0));
	EXPECT_FORM(self->dev, MEMBANK_IOC_SERVICE_LIST, &good, sizeof(good),
		    FORM_NO_FD, 0);
}

TEST_F(list, tells_what_a_service_is)
{
	int notifier = notifier_create(self->dev);
	struct membank_offer offers[2] = {
		{ .fd = test_alloc(self->dev, MIB, 0, 0), .rights = READ },
		{ .fd = notifier, .rights = BOTH },
	};
	struct membank_service_entry entry, zero = {};
	struct membank_offer got[2];
	__u32 more;
	int client;

	ASSERT_LE(0, service_register(self->dev, "what", 0220, offers, 2));
	memset(&entry, TEST_JUNK, sizeof(entry));
	ASSERT_EQ(1, service_list(self->dev, "", &entry, 1, &more));
	EXPECT_EQ(0, more);
	EXPECT_STREQ("what", entry.name);
	EXPECT_EQ(0, memcmp(entry.name + 4, zero.name, sizeof(zero.name) - 4));
	EXPECT_EQ(getpid(), entry.pid);
	EXPECT_EQ(geteuid(), entry.uid);
	EXPECT_EQ(getegid(), entry.gid);
	EXPECT_EQ(0220, entry.mode);
	EXPECT_EQ(2, entry.nr_offers);
	EXPECT_EQ(0, entry.nr_clients);
	EXPECT_EQ(MEMBANK_OFFER_DATASPACE, entry.offers[0].kind);
	EXPECT_EQ(READ, entry.offers[0].rights);
	EXPECT_EQ(MEMBANK_OFFER_NOTIFIER, entry.offers[1].kind);
	EXPECT_EQ(BOTH, entry.offers[1].rights);
	EXPECT_EQ(0, memcmp(&entry.offers[2], &zero.offers[2],
			    sizeof(zero) - offsetof(typeof(zero), offers[2])));

	client = service_connect(self->dev, "what", 0, got, 2, NULL);
	ASSERT_LE(0, client);
	ASSERT_EQ(1, service_list(self->dev, "", &entry, 1, &more));
	EXPECT_EQ(1, entry.nr_clients);
	close(client);
	ASSERT_EQ(1, service_list(self->dev, "", &entry, 1, &more));
	EXPECT_EQ(0, entry.nr_clients);
}

TEST_F(list, is_in_the_order_of_bytes)
{
	static const char *const names[] = { "B",  "a", "a!",	   "a\xff",
					     "aa", "b", "\xc3\xa4" };
	/* Neither forwards nor backwards. */
	static const int order[] = { 3, 0, 6, 2, 5, 1, 4 };
	static const int sorted[] = { 0, 1, 2, 4, 3, 5, 6 };
	struct membank_service_entry entries[ARRAY_SIZE(names)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		ASSERT_LE(0, service_register(self->dev, names[order[i]], 0,
					      NULL, 0));
	ASSERT_EQ(ARRAY_SIZE(names), service_list(self->dev, "", entries,
						  ARRAY_SIZE(names), NULL));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_STREQ(names[sorted[i]], entries[i].name);
}

TEST_F(list, goes_on_behind_a_name)
{
	struct membank_service_entry entries[3];
	char name[] = "0", after[MEMBANK_NAME_MAX + 1] = "";
	int pages = 0, seen = 0, count, i;
	__u32 more = 1;

	for (i = 0; i < 8; i++, name[0]++)
		ASSERT_LE(0, service_register(self->dev, name, 0, NULL, 0));
	for (; more; pages++) {
		count = service_list(self->dev, after, entries, 3, &more);
		ASSERT_LT(0, count);
		for (i = 0; i < count; i++)
			EXPECT_EQ('0' + seen++, entries[i].name[0]);
		memcpy(after, entries[count - 1].name, sizeof(after));
	}
	EXPECT_EQ(3, pages);
	EXPECT_EQ(8, seen);

	/* Behind a name that nobody has, and behind all. */
	EXPECT_EQ(3, service_list(self->dev, "4x", entries, 3, &more));
	EXPECT_STREQ("5", entries[0].name);
	EXPECT_EQ(0, more);
	EXPECT_EQ(0, service_list(self->dev, "7", entries, 3, &more));
	EXPECT_EQ(0, more);
}

TEST_F(list, has_no_more_than_so_many_whatever_is_asked)
{
	static struct membank_service_entry entries[MANY];
	const __u32 rooms[] = { MANY, ~0U };
	unsigned int i, room;
	char name[16];
	__u32 more;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%04u", i);
		ASSERT_LE(0, service_register(self->dev, name, 0, NULL, 0));
	}
	for (room = 0; room < ARRAY_SIZE(rooms); room++) {
		memset(entries, TEST_JUNK, sizeof(entries));
		ASSERT_EQ(MEMBANK_SERVICE_LIST_MAX,
			  service_list(self->dev, "", entries, rooms[room],
				       &more));
		EXPECT_EQ(1, more);
		EXPECT_TRUE(test_all_bytes(&entries[MEMBANK_SERVICE_LIST_MAX],
					   TEST_JUNK, 44 * sizeof(*entries)));
	}
	EXPECT_EQ(44, service_list(self->dev,
				   entries[MEMBANK_SERVICE_LIST_MAX - 1].name,
				   entries, MANY, &more));
	EXPECT_EQ(0, more);
	EXPECT_STREQ("0299", entries[43].name);
}

TEST_F(list, that_makes_no_sense_is_refused)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct membank_service_entry entry;
	char after[MEMBANK_NAME_MAX + 1];
	char *edge;

	memset(after, 'x', sizeof(after));
	EXPECT_EQ(-EINVAL, service_list(self->dev, after, &entry, 1, NULL));
	EXPECT_EQ(-EINVAL, service_list(self->dev, "", &entry, 0, NULL));
	ASSERT_LE(0, service_register(self->dev, "one", 0, NULL, 0));
	EXPECT_EQ(-EFAULT, service_list(self->dev, "", NULL, 1, NULL));

	edge = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + page, page));
	EXPECT_EQ(-EFAULT, service_list(self->dev, "",
					(void *)(edge + page - 8), 1, NULL));
	/* Nothing is written behind what there is. */
	EXPECT_EQ(1,
		  service_list(self->dev, "",
			       (void *)(edge + page - sizeof(entry)), 5, NULL));
}

TEST_F(list, of_two_namespaces_with_the_same_name_has_one)
{
	struct membank_service_entry entries[3];
	struct membank_service_client clients[3];
	int outer = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, service_register(self->dev, "same", 0200, NULL, 0));
	ASSERT_LE(0, service_register(self->dev, "outer", 0200, NULL, 0));
	if (unshare(CLONE_NEWIPC))
		SKIP(return, "no IPC namespaces in this kernel");
	EXPECT_EQ(0, service_list(self->dev, "", entries, 3, NULL));
	ASSERT_LE(0, service_register(self->dev, "same", 0222, NULL, 0));
	ASSERT_LE(0, service_connect(self->dev, "same", 0, NULL, 0, NULL));
	ASSERT_EQ(1, service_list(self->dev, "", entries, 3, NULL));
	EXPECT_EQ(0222, entries[0].mode);
	EXPECT_EQ(1, entries[0].nr_clients);
	EXPECT_EQ(1, service_clients(self->dev, "same", clients, 3, NULL));
	EXPECT_EQ(-ENOENT,
		  service_clients(self->dev, "outer", clients, 3, NULL));

	ASSERT_EQ(0, setns(outer, CLONE_NEWIPC));
	ASSERT_EQ(2, service_list(self->dev, "", entries, 3, NULL));
	EXPECT_STREQ("outer", entries[0].name);
	EXPECT_STREQ("same", entries[1].name);
	EXPECT_EQ(0200, entries[1].mode);
	EXPECT_EQ(0, entries[1].nr_clients);
	EXPECT_EQ(0, service_clients(self->dev, "same", clients, 3, NULL));
}

TEST_F(list, tells_ids_as_the_caller_sees_them)
{
	struct membank_service_entry entry;
	unsigned int overflow = 0;
	pid_t child;
	FILE *file;
	int ret;

	file = fopen("/proc/sys/kernel/overflowuid", "re");
	ASSERT_NE(NULL, file);
	ASSERT_EQ(1, fscanf(file, "%u", &overflow));
	fclose(file);
	ASSERT_LE(0, service_register(self->dev, "ids", 0200, NULL, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(NO_NAMESPACE);
		child = fork();
		if (child)
			_exit(test_wait_child(child));
		if (service_list(self->dev, "", &entry, 1, NULL) != 1)
			_exit(1);
		if (entry.uid != overflow || entry.gid != overflow)
			_exit(2);
		_exit(entry.pid ? 3 : 0);
	}
	ret = test_wait_child(child);
	if (ret == NO_NAMESPACE)
		SKIP(return, "no user and PID namespaces in this kernel");
	EXPECT_EQ(0, ret);
}

/* 0, or the errno of a child of this kind that gives a service away. */
static int give_as(int dev, const struct who *who, __u32 flags, __u32 owner,
		   __u32 group)
{
	pid_t child = fork();
	int ret;

	if (!child) {
		if (become(who))
			_exit(NO_NAMESPACE);
		ret = service_register_for(dev, "given", 0200, flags, owner,
					   group);
		_exit(ret < 0 ? -ret : 0);
	}
	return child < 0 ? child : -test_wait_child(child);
}

TEST_F(list, a_service_is_given_only_to_oneself_or_by_root)
{
	const __u32 to_owner = MEMBANK_SERVICE_OWNER;
	const __u32 to_group = MEMBANK_SERVICE_GROUP;
	const struct who user = { OTHER, OTHER, OTHER, 0, false };
	const struct who member = { OTHER, OTHER, OTHER, OWNER, false };
	const struct who was_root = { 0, OTHER, OTHER, 0, false };
	const struct who root = { 0, 0, 0, 0, false };
	const struct {
		const struct who *who;
		__u32 flags, owner, group;
		int ret;
	} cases[] = {
		{ &user, to_owner, OTHER, 0, 0 },
		{ &user, to_group, 0, OTHER, 0 },
		{ &user, to_owner | to_group, OTHER, OTHER, 0 },
		{ &user, to_owner, OWNER, 0, -EPERM },
		{ &user, to_owner, 0, 0, -EPERM },
		{ &user, to_group, 0, OWNER, -EPERM },
		{ &user, to_group, 0, 0, -EPERM },
		{ &user, to_owner | to_group, OTHER, OWNER, -EPERM },
		{ &user, to_owner, ~0U, 0, -EINVAL },
		{ &user, to_group, 0, ~0U, -EINVAL },
		{ &user, 0, OWNER, OWNER, 0 },
		{ &member, to_group, 0, OWNER, 0 },
		{ &member, to_owner, OWNER, 0, -EPERM },
		{ &was_root, to_owner, 0, 0, -EPERM },
		{ &root, to_owner | to_group, OWNER, OTHER, 0 },
		{ &root, to_owner, ~0U, 0, -EINVAL },
		{ &root, to_group, 0, ~0U, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_EQ(cases[i].ret,
			  give_as(self->dev, cases[i].who, cases[i].flags,
				  cases[i].owner, cases[i].group))
	TH_LOG("case %u", i);
	EXPECT_EQ(-EOPNOTSUPP,
		  service_register_for(self->dev, "given", 0200, 4, 0, 0));
	EXPECT_EQ(0, service_list(self->dev, "", NULL, 1, NULL));
}

/* 0, or the errno of a child of this kind that connects to "given". */
static int connect_as(int dev, const struct who *who)
{
	pid_t child = fork();
	int ret;

	if (!child) {
		if (become(who))
			_exit(NO_NAMESPACE);
		ret = service_connect(dev, "given", 0, NULL, 0, NULL);
		_exit(ret < 0 ? -ret : 0);
	}
	return child < 0 ? child : -test_wait_child(child);
}

TEST_F(list, the_mode_is_judged_against_who_was_given_the_service)
{
	const struct who owner = { OWNER, OWNER, OWNER, 0, false };
	const struct who member = { OTHER, OTHER, OTHER, OWNER + 7, false };
	const struct who other = { OTHER, OTHER, OTHER, 0, false };
	const struct who maker = { 0, 0, 0, 0, true };
	struct membank_service_entry entry;
	int fd;

	fd = service_register_for(self->dev, "given", 0200,
				  MEMBANK_SERVICE_OWNER | MEMBANK_SERVICE_GROUP,
				  OWNER, OWNER + 7);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, service_list(self->dev, "", &entry, 1, NULL));
	EXPECT_EQ(OWNER, entry.uid);
	EXPECT_EQ(OWNER + 7, entry.gid);
	EXPECT_EQ(0, connect_as(self->dev, &owner));
	EXPECT_EQ(-EACCES, connect_as(self->dev, &member));
	EXPECT_EQ(-EACCES, connect_as(self->dev, &other));
	EXPECT_EQ(-EACCES, connect_as(self->dev, &maker));
	close(fd);

	fd = service_register_for(self->dev, "given", 0020,
				  MEMBANK_SERVICE_GROUP, 0, OWNER + 7);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, connect_as(self->dev, &member));
	EXPECT_EQ(-EACCES, connect_as(self->dev, &other));
	EXPECT_EQ(-EACCES, connect_as(self->dev, &maker));
	close(fd);
}

static int give_in_a_container(int dev)
{
	const struct who who = { OTHER, OTHER, OTHER, 0, false };

	if (become(&who))
		return 1;
	if (unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	/* No id is mapped: there is nobody to give it to, not even oneself. */
	if (service_register_for(dev, "in", 0, MEMBANK_SERVICE_OWNER, OTHER,
				 0) != -EINVAL)
		return 2;
	if (service_register_for(dev, "in", 0, MEMBANK_SERVICE_GROUP, 0, 0) !=
	    -EINVAL)
		return 3;
	return service_register_for(dev, "in", 0, 0, 0, 0) < 0 ? 4 : 0;
}

TEST_F(list, an_id_that_the_caller_does_not_have_is_none)
{
	pid_t child = fork();
	int ret;

	ASSERT_LE(0, child);
	if (!child)
		_exit(give_in_a_container(self->dev));
	ret = test_wait_child(child);
	if (ret == NO_NAMESPACE)
		SKIP(return, "no user namespaces in this kernel");
	EXPECT_EQ(0, ret);
}

/* All that a user may have, as a process of its own; says where it failed. */
static int fill_up(int dev, bool in_a_container)
{
	static int fds[MEMBANK_SERVICES_MAX];
	char name[16];
	int i, fd;

	for (i = 0; i < MEMBANK_SERVICES_MAX; i++) {
		snprintf(name, sizeof(name), "full %d", i);
		fds[i] = service_register(dev, name, 0, NULL, 0);
		if (fds[i] < 0)
			return 1;
	}
	if (service_register(dev, "more", 0, NULL, 0) != -EDQUOT)
		return 2;
	if (in_a_container && unshare(CLONE_NEWUSER))
		return NO_NAMESPACE;
	if (service_register(dev, "more", 0, NULL, 0) != -EDQUOT)
		return 3;

	/* One that fails, or ends, makes room for another. */
	close(fds[0]);
	if (service_register(dev, "full 1", 0, NULL, 0) != -EEXIST)
		return 4;
	fd = service_register(dev, "more", 0, NULL, 0);
	if (fd < 0 || service_register(dev, "full 0", 0, NULL, 0) != -EDQUOT)
		return 5;
	return 0;
}

TEST_F_TIMEOUT(list, a_user_can_have_so_many_and_again_after_their_end,
	       TEST_SLOW)
{
	const struct who user = { OTHER, OTHER, OTHER, 0, false };
	const struct who other = { OWNER, OWNER, OWNER, 0, false };
	int users = test_module_users(), round, ret;
	pid_t child;

	for (round = 0; round < 3; round++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(become(&user) ? 6 :
					      fill_up(self->dev, round == 1));
		ret = test_wait_child(child);
		if (ret != NO_NAMESPACE)
			EXPECT_EQ(0, ret);
		EXPECT_EQ(users, test_module_users());
	}
	EXPECT_EQ(0, give_as(self->dev, &other, 0, 0, 0));
}

TEST_F_TIMEOUT(list, others_have_room_when_one_user_has_none, TEST_SLOW)
{
	const struct who user = { OTHER, OTHER, OTHER, 0, false };
	const struct who other = { OWNER, OWNER, OWNER, 0, false };
	int ready[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (become(&user) || fill_up(self->dev, false))
			_exit(1);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(2);
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(-EDQUOT, give_as(self->dev, &user, 0, 0, 0));
	EXPECT_EQ(0, give_as(self->dev, &other, 0, 0, 0));
	EXPECT_LE(0, service_register(self->dev, "root", 0, NULL, 0));
	EXPECT_EQ(-SIGKILL, test_kill(child));
	EXPECT_EQ(0, give_as(self->dev, &user, 0, 0, 0));
}

TEST_HARNESS_MAIN
