/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each command, and what else of membank a program may want to reach, with what
 * each kind of program gets from it: the table of docs/rights.md.
 */
#ifndef MEMBANK_SELFTESTS_PRIVILEGE_H
#define MEMBANK_SELFTESTS_PRIVILEGE_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "loading.h"
#include "map.h"
#include "notify.h"
#include "pager_ends.h"
#include "service.h"

/* What the module is loaded with: quota=. */
#define QUOTA (8 * MIB)

/* Whom nobody here is, nor is in the group of. */
#define STRANGER 54323

/**
 * enum actor - who tries
 * @ROOT: of the machine
 * @NOBODY: no user, no group, no capability; has inherited descriptors of nodes
 * @MEMBER: likewise, but of the group that the nodes belong to, and opens them
 * @SPACE: root of a user namespace that nobody made, with inherited descriptors
 * @CONTAINER: root of namespaces of all kinds that root of the machine made,
 *             who was given the nodes
 * @JAIL: likewise, without any capability, and with no_new_privs
 */
enum actor { ROOT, NOBODY, MEMBER, SPACE, CONTAINER, JAIL, ACTORS };

static const char *const actor_names[ACTORS] = { "root",      "nobody",
						 "member",    "user namespace",
						 "container", "jail" };

/**
 * struct stage - what all try it on
 * @dev: /dev/membank
 * @bank: /dev/membank0
 * @hidden: /dev/membank1
 * @fd: a dataspace, with all rights
 * @reader: the same, for reading only
 * @bell: a notifier
 * @trigger: the same, which may trigger only
 * @mem: where an attached dataspace is
 * @device: the number of /dev/membank
 */
struct stage {
	int dev;
	int bank;
	int hidden;
	int fd;
	int reader;
	int bell;
	int trigger;
	char *mem;
	dev_t device;
};

/* 0 or a negative errno, and the descriptor closed. */
static int closed(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* ----------------------------------------------------- commands of a node */

static int get_info(struct stage *stage)
{
	struct membank_get_info args = { .size = sizeof(args) };

	return test_ioctl(stage->dev, MEMBANK_IOC_GET_INFO, &args);
}

static int bank_info(struct stage *stage)
{
	struct membank_bank_info info;

	return handle_bank(stage->dev, 1, &info);
}

static int alloc_any(struct stage *stage)
{
	return closed(test_alloc(stage->dev, MIB, 0, 0));
}

static int alloc_hidden(struct stage *stage)
{
	return closed(test_alloc(stage->hidden, MIB, 0, 0));
}

static int alloc_mmap(struct stage *stage)
{
	void *mem = test_map(stage->bank, MIB);

	return mem == MAP_FAILED ? -errno : munmap(mem, MIB);
}

static int alloc_too_much(struct stage *stage)
{
	return closed(test_alloc(stage->bank, QUOTA + MIB, 0, 0));
}

static int info(struct stage *stage)
{
	return handle_rights(stage->dev, stage->fd) == ALL_RIGHTS ? 0 : -EPROTO;
}

static int derive(struct stage *stage)
{
	return closed(handle_derive(stage->dev, stage->fd, READ));
}

static int derive_more(struct stage *stage)
{
	return closed(handle_derive(stage->dev, stage->reader, READ | WRITE));
}

static int reopen_more(struct stage *stage)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", stage->reader);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : closed(fd);
}

static int clear(struct stage *stage)
{
	return handle_clear(stage->dev, stage->fd, 0, 4096);
}

static int clear_more(struct stage *stage)
{
	return handle_clear(stage->dev, stage->reader, 0, 4096);
}

static int copy(struct stage *stage)
{
	return handle_copy(stage->dev, stage->fd, 0, stage->reader, 4096, 4096);
}

static int map_more(struct stage *stage)
{
	void *mem = test_map(stage->reader, 4096);

	return mem == MAP_FAILED ? -errno : munmap(mem, 4096);
}

static int phys(struct stage *stage)
{
	__u64 addr, length;

	return handle_phys(stage->dev, stage->fd, 0, &addr, &length);
}

static int revoke_own(struct stage *stage)
{
	int fd = test_alloc(stage->dev, 4096, 0, 0);

	return fd < 0 ? fd : handle_revoke(stage->dev, fd) ?: closed(fd);
}

static int revoke_more(struct stage *stage)
{
	return handle_revoke(stage->dev, stage->reader);
}

/* ------------------------------------------------------- the region map */

static int attach(struct stage *stage)
{
	return handle_attach(stage->dev, stage->fd, NULL, 0, &stage->mem);
}

static int find(struct stage *stage)
{
	return closed(handle_find(stage->dev, stage->mem, NULL));
}

static int list(struct stage *stage)
{
	struct membank_region_entry entries[2];
	struct membank_region_list args;

	return map_list(stage->dev, NULL, 1UL << 46, entries, 2, &args);
}

static int detach(struct stage *stage)
{
	struct membank_region_detach args;

	return map_detach(stage->dev, stage->mem, &args);
}

static int area(struct stage *stage)
{
	struct membank_area_free args;
	char *mem;

	return map_reserve(stage->dev, NULL, MIB, SEARCH, &mem) ?:
		       map_free(stage->dev, mem, &args);
}

static int answer(struct stage *stage)
{
	struct pager pager;
	int ret = pager_create(stage->dev, &pager);
	struct membank_pager_reply reply = {
		.size = sizeof(reply),
		.id = 1,
		.fd = stage->fd,
	};

	if (ret)
		return ret;
	/* Nobody waits there. */
	ret = test_ioctl(pager.fd, MEMBANK_IOC_PAGER_REPLY, &reply);
	close(pager.fd);
	close(pager.attach);
	return ret == -ENOENT ? 0 : ret;
}

/* ------------------------------------------------------------ notifiers */

static int notifier(struct stage *stage)
{
	return closed(notifier_create(stage->dev));
}

static int notifier_less(struct stage *stage)
{
	return closed(notifier_derive(stage->bell, TRIGGER));
}

static int notifier_more(struct stage *stage)
{
	return closed(notifier_derive(stage->trigger, RECEIVE));
}

static int ring(struct stage *stage)
{
	return notifier_trigger(stage->trigger);
}

static int receive(struct stage *stage)
{
	int event = event_create(), ret;

	ret = notifier_bind_oneshot(stage->bell, event);
	if (!ret)
		ret = notifier_unmask(stage->bell);
	if (!ret)
		ret = notifier_bind(stage->bell, -1);
	close(event);
	return ret;
}

static int receive_more(struct stage *stage)
{
	return notifier_bind(stage->trigger, -1);
}

static int call(struct stage *stage)
{
	__s64 count;

	/* It counts from the first look on. */
	if (notifier_nonblock(stage->bell))
		return -errno;
	notifier_read(stage->bell);
	count = notifier_call(stage->trigger, stage->bell, 60 * SECOND);
	return count < 0 ? (int)count : count == 1 ? 0 : -EPROTO;
}

/* ------------------------------------------------------------- services */

static int serve(struct stage *stage)
{
	const struct membank_offer offer = { .fd = stage->bell,
					     .rights = BOTH };
	int fd = service_register(stage->dev, "own", 0200, &offer, 1), ret;
	struct membank_service_event event;
	struct membank_offer got;

	if (fd < 0)
		return fd;
	ret = service_connect(stage->dev, "own", 0, &got, 1, NULL);
	if (ret >= 0)
		ret = service_clients(stage->dev, "own", NULL, 0, NULL);
	if (ret >= 0)
		ret = service_event(fd, &event);
	if (ret >= 0)
		ret = service_notify(fd, event.client, 0);
	if (ret >= 0)
		ret = service_revoke(fd, event.client, 0);
	return closed(fd) ?: ret;
}

static int serve_more(struct stage *stage)
{
	const struct membank_offer offer = { .fd = stage->trigger,
					     .rights = BOTH };

	return closed(service_register(stage->dev, "own", 0200, &offer, 1));
}

static int serve_for_user(struct stage *stage)
{
	return closed(service_register_for(stage->dev, "other", 0200,
					   MEMBANK_SERVICE_OWNER, STRANGER, 0));
}

static int serve_for_group(struct stage *stage)
{
	return closed(service_register_for(stage->dev, "other", 0200,
					   MEMBANK_SERVICE_GROUP, 0, STRANGER));
}

/* Whom its own service does not admit. */
static int connect_own(struct stage *stage)
{
	int fd = service_register(stage->dev, "own", 0, NULL, 0), ret;

	if (fd < 0)
		return fd;
	ret = service_connect(stage->dev, "own", 0, NULL, 0, NULL);
	close(fd);
	return closed(ret);
}

static int connect_open(struct stage *stage)
{
	return closed(service_connect(stage->dev, "open", 0, NULL, 0, NULL));
}

static int connect_closed(struct stage *stage)
{
	return closed(service_connect(stage->dev, "closed", 0, NULL, 0, NULL));
}

static int take_name(struct stage *stage)
{
	return closed(service_register(stage->dev, "open", 0, NULL, 0));
}

static int see_names(struct stage *stage)
{
	struct membank_service_entry entry;
	int ret = service_list(stage->dev, "", &entry, 1, NULL);

	return ret < 0 ? ret : ret ? 0 : -ENOENT;
}

static int see_clients(struct stage *stage)
{
	int ret = service_clients(stage->dev, "closed", NULL, 0, NULL);

	return ret < 0 ? ret : 0;
}

/* ------------------------------------------- what is not a command */

static int read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;
	char byte;

	if (fd < 0)
		return -errno;
	length = read(fd, &byte, 1);
	close(fd);
	return length < 0 ? -EIO : 0;
}

static int open_node(struct stage *stage)
{
	(void)stage;
	return closed(test_open(TEST_ANY));
}

static int make_node(struct stage *stage)
{
	int ret = mknod("/tmp/membank-node", S_IFCHR | 0600, stage->device);

	if (ret)
		return -errno;
	return unlink("/tmp/membank-node") ? -errno : 0;
}

static int sysfs_read(struct stage *stage)
{
	(void)stage;
	return read_file("/sys/class/membank/membank0/used");
}

static int sysfs_write(struct stage *stage)
{
	(void)stage;
	return kernel_write("/sys/class/membank/membank0/uevent", "change");
}

static int parameter_read(struct stage *stage)
{
	(void)stage;
	return read_file("/sys/module/membank/parameters/banks");
}

static int parameter_write(struct stage *stage)
{
	(void)stage;
	return kernel_write("/sys/module/membank/parameters/call_spin_ns",
			    "200000");
}

static int debugfs_read(struct stage *stage)
{
	(void)stage;
	return read_file("/sys/kernel/debug/membank/video");
}

static int fdinfo_read(struct stage *stage)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", stage->bell);
	return read_file(path);
}

/* By what the kernel tells of any memory. */
static int pagemap_read(struct stage *stage)
{
	char *mem = test_map(stage->fd, 4096);
	__u64 addr;

	if (mem == MAP_FAILED)
		return -errno;
	__atomic_load_n(mem, __ATOMIC_RELAXED);
	addr = test_physical(mem);
	munmap(mem, 4096);
	return addr ? 0 : -EPERM;
}

static int unload(struct stage *stage)
{
	(void)stage;
	return loading_unload();
}

/*
 * What each gets. In this order: find and detach look for what attach has made.
 */
static const struct row {
	const char *words;
	int (*try)(struct stage *stage);
	int error[ACTORS];
} rows[] = {
#define SAME(_error) { [ROOT... JAIL] = (_error) }
#define ROOT_ONLY(_error) { [NOBODY... JAIL] = (_error) }
	{ "GET_INFO", get_info, SAME(0) },
	{ "BANK_INFO", bank_info, SAME(0) },
	{ "DATASPACE_ALLOC", alloc_any, SAME(0) },
	{ "DATASPACE_ALLOC, private bank", alloc_hidden, SAME(0) },
	{ "mmap of a node", alloc_mmap, SAME(0) },
	{ "DATASPACE_ALLOC over quota", alloc_too_much, ROOT_ONLY(EDQUOT) },
	{ "DATASPACE_INFO", info, SAME(0) },
	{ "DATASPACE_DERIVE", derive, SAME(0) },
	{ "DATASPACE_DERIVE, more", derive_more, SAME(EACCES) },
	{ "reopening through /proc",
	  reopen_more,
	  { ENXIO, EACCES, EACCES, EACCES, EACCES, EACCES } },
	{ "DATASPACE_CLEAR", clear, SAME(0) },
	{ "DATASPACE_CLEAR, only READ", clear_more, SAME(EACCES) },
	{ "DATASPACE_COPY", copy, SAME(0) },
	{ "mmap for writing, only READ", map_more, SAME(EACCES) },
	{ "DATASPACE_PHYS", phys, ROOT_ONLY(EPERM) },
	{ "DATASPACE_REVOKE", revoke_own, SAME(0) },
	{ "DATASPACE_REVOKE, only READ", revoke_more, SAME(EACCES) },
	{ "REGION_ATTACH", attach, SAME(0) },
	{ "REGION_FIND", find, { 0, ENOENT, 0, ENOENT, 0, 0 } },
	{ "REGION_LIST", list, SAME(0) },
	{ "REGION_DETACH", detach, { 0, EPERM, 0, EPERM, 0, 0 } },
	{ "AREA_RESERVE, AREA_FREE", area, SAME(0) },
	{ "PAGER_CREATE, PAGER_REPLY", answer, SAME(0) },
	{ "NOTIFIER_CREATE", notifier, SAME(0) },
	{ "NOTIFIER_DERIVE", notifier_less, SAME(0) },
	{ "NOTIFIER_DERIVE, more", notifier_more, SAME(EACCES) },
	{ "NOTIFIER_TRIGGER", ring, SAME(0) },
	{ "NOTIFIER_BIND, NOTIFIER_UNMASK", receive, SAME(0) },
	{ "NOTIFIER_BIND, only TRIGGER", receive_more, SAME(EACCES) },
	{ "NOTIFIER_CALL", call, SAME(0) },
	{ "SERVICE_*, one's own", serve, SAME(0) },
	{ "SERVICE_REGISTER, more than held", serve_more, SAME(EACCES) },
	{ "SERVICE_REGISTER for another user",
	  serve_for_user,
	  { 0, EPERM, EPERM, EINVAL, 0, EPERM } },
	{ "SERVICE_REGISTER for another group",
	  serve_for_group,
	  { 0, EPERM, EPERM, EINVAL, 0, EPERM } },
	{ "SERVICE_CONNECT, one's own with mode 0",
	  connect_own,
	  { 0, EACCES, EACCES, EACCES, 0, EACCES } },
	{ "SERVICE_CONNECT, root's with mode 0222",
	  connect_open,
	  { 0, 0, 0, 0, ENOENT, ENOENT } },
	{ "SERVICE_CONNECT, root's with mode 0",
	  connect_closed,
	  { 0, EACCES, EACCES, EACCES, ENOENT, ENOENT } },
	{ "SERVICE_REGISTER, a name of root's",
	  take_name,
	  { EEXIST, EEXIST, EEXIST, EEXIST, 0, 0 } },
	{ "SERVICE_LIST", see_names, { 0, 0, 0, 0, ENOENT, ENOENT } },
	{ "SERVICE_CLIENTS, root's",
	  see_clients,
	  { 0, EACCES, EACCES, EACCES, ENOENT, ENOENT } },
	{ "opening a node", open_node, { 0, EACCES, 0, EACCES, 0, 0 } },
	{ "making a node", make_node, ROOT_ONLY(EPERM) },
	{ "reading sysfs", sysfs_read, SAME(0) },
	{ "writing sysfs", sysfs_write, ROOT_ONLY(EACCES) },
	{ "reading a parameter", parameter_read, SAME(0) },
	{ "writing a parameter", parameter_write, ROOT_ONLY(EACCES) },
	{ "reading debugfs", debugfs_read, ROOT_ONLY(EACCES) },
	{ "reading fdinfo", fdinfo_read, SAME(0) },
	{ "physical addresses by pagemap", pagemap_read, ROOT_ONLY(EPERM) },
	{ "unloading", unload, ROOT_ONLY(EPERM) },
};

static int try_all(struct stage *stage, enum actor actor)
{
	int wrong = 0, ret, expected;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		expected = -rows[i].error[actor];
		/* Something is held, whoever asks. */
		if (rows[i].try == unload && actor == ROOT)
			expected = -EWOULDBLOCK;
		ret = rows[i].try(stage);
		if (ret == expected)
			continue;
		wrong++;
		printf("# %s: %s is %d, expected %d\n", actor_names[actor],
		       rows[i].words, ret, expected);
	}
	fflush(stdout);
	return wrong;
}

#endif /* MEMBANK_SELFTESTS_PRIVILEGE_H */
