// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what: each command, and what else of membank a program may want to
 * reach, as root, as nobody, as a member of the group of the nodes, as root of a
 * user namespace and in a container. The table of docs/rights.md is the one here.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "kernel_file.h"
#include "map.h"
#include "notify.h"
#include "privilege.h"
#include "reload.h"
#include "service.h"
#include "touch.h"
#include "user.h"

#include "pager.h"

#define PARAMETERS "banks=video:32M,hidden:4M:private quota=8M"

#define NOBODY_ID 65534

/* The first user id of a container, as its host sees it, and how many it has. */
#define CONTAINER_ID 100000
#define CONTAINER_IDS "0 100000 65536\n"

#define ALL_SPACES                                                   \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* Where the nodes of the container are. */
#define CONTAINER_DEV "/mnt"

/* ---------------------------------------------------- how one becomes it */

static int map_ids(const char *process, const char *ids)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%s/uid_map", process);
	ret = kernel_write(path, ids);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%s/gid_map", process);
	return kernel_write(path, ids);
}

static int become_nobody(void)
{
	const struct who nobody = { NOBODY_ID, NOBODY_ID, NOBODY_ID, 0, false };

	if (become(&nobody))
		return -errno;
	/* As after exec(): else its files of /proc are root's. */
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

/* As udev's rule and the group of scripts/sysusers have it. */
static int become_member(struct stage *stage)
{
	const struct who member = { OTHER, OTHER, OTHER, OWNER, false };

	if (become(&member) || prctl(PR_SET_DUMPABLE, 1))
		return -errno;
	stage->dev = test_open(TEST_ANY);
	stage->bank = test_open(0);
	stage->hidden = test_open(1);
	return stage->dev < 0 || stage->bank < 0 || stage->hidden < 0 ?
		       -EACCES :
		       0;
}

static int become_space(void)
{
	if (become_nobody())
		return -errno;
	if (unshare(CLONE_NEWUSER))
		return -errno;
	return kernel_write("/proc/self/setgroups", "deny") ?:
		       map_ids("self", "0 65534 1\n");
}

/* A node of the host at another place, as who makes containers does it. */
static int container_node(const char *name)
{
	char from[64], to[64];
	int fd;

	snprintf(from, sizeof(from), "/dev/%s", name);
	snprintf(to, sizeof(to), CONTAINER_DEV "/%s", name);
	fd = open(to, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	if (mount(from, to, NULL, MS_BIND, NULL))
		return -errno;
	fd = open(to, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int drop_all(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[2] = {};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(__NR_capset, &header, none))
		return -errno;
	return 0;
}

/* The nodes that are inside of the namespaces, and none of the outer ones. */
static int container_stage(struct stage *stage, enum actor actor)
{
	if (setgid(0) || setuid(0) || setgroups(0, NULL) ||
	    prctl(PR_SET_DUMPABLE, 1))
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("dev", CONTAINER_DEV, "tmpfs", 0, NULL))
		return -errno;
	stage->dev = container_node("membank");
	stage->bank = container_node("membank0");
	stage->hidden = container_node("membank1");
	if (stage->dev < 0 || stage->bank < 0 || stage->hidden < 0)
		return -ENODEV;
	return actor == JAIL ? drop_all() : 0;
}

/*
 * Both ends of a pipe say "go on": the outer process writes the maps, which the
 * inner one may not do for that many.
 */
static int be_container(struct stage *stage, enum actor actor)
{
	int out[2], in[2], ret = 0;
	char process[16], byte;
	pid_t child;

	if (pipe2(out, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		if (unshare(ALL_SPACES) || write(out[1], "", 1) != 1 ||
		    read(in[0], &byte, 1) != 1)
			_exit(201);
		/* The first one of the namespace of process ids. */
		child = fork();
		if (child)
			_exit(child < 0 ? 202 : test_wait_child(child));
		ret = container_stage(stage, actor);
		if (ret) {
			printf("# no container: %s\n", strerror(-ret));
			fflush(stdout);
			_exit(203);
		}
		_exit(try_all(stage, actor));
	}
	close(out[1]);
	if (child < 0 || read(out[0], &byte, 1) != 1)
		return -EIO;
	snprintf(process, sizeof(process), "%d", child);
	ret = map_ids(process, CONTAINER_IDS);
	if (ret || write(in[1], "", 1) != 1)
		return ret ?: -EIO;
	return test_wait_child(child);
}

static int be(struct stage *stage, enum actor actor)
{
	int ret = 0;

	switch (actor) {
	case NOBODY:
		ret = become_nobody();
		break;
	case MEMBER:
		ret = become_member(stage);
		break;
	case SPACE:
		ret = become_space();
		break;
	case CONTAINER:
	case JAIL:
		return be_container(stage, actor);
	default:
		break;
	}
	return ret ?: try_all(stage, actor);
}

/* -------------------------------------------------------------- the cases */

static int nodes_for(uid_t user, gid_t group, mode_t mode)
{
	static const char *const nodes[] = { "/dev/membank", "/dev/membank0",
					     "/dev/membank1" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++)
		if (chown(nodes[i], user, group) || chmod(nodes[i], mode))
			return -errno;
	return 0;
}

FIXTURE(privilege)
{
	struct stage stage;
	int open;
	int closed;
};

FIXTURE_SETUP(privilege)
{
	struct stage *stage = &self->stage;
	struct stat status;

	ASSERT_TRUE(test_banks_empty());
	ASSERT_EQ(0, stat("/dev/membank", &status));
	stage->device = status.st_rdev;
	stage->dev = test_open(TEST_ANY);
	ASSERT_LE(0, stage->dev);
	stage->bank = test_open(0);
	stage->hidden = test_open(1);
	stage->fd = test_alloc(stage->bank, MIB, 0, 0);
	ASSERT_LE(0, stage->fd);
	stage->reader = handle_derive(stage->dev, stage->fd, READ);
	ASSERT_LE(0, stage->reader);
	stage->bell = notifier_create(stage->dev);
	ASSERT_LE(0, stage->bell);
	stage->trigger = notifier_derive(stage->bell, TRIGGER);
	ASSERT_LE(0, stage->trigger);
	self->open = service_register(stage->dev, "open", 0222, NULL, 0);
	ASSERT_LE(0, self->open);
	self->closed = service_register(stage->dev, "closed", 0, NULL, 0);
	ASSERT_LE(0, self->closed);
}

FIXTURE_TEARDOWN_PARENT(privilege)
{
	EXPECT_EQ(0, nodes_for(0, 0, 0600));
	EXPECT_TRUE(test_banks_empty());
}

/* In a child: nobody becomes root again. */
static int as(FIXTURE_DATA(privilege) * self, enum actor actor)
{
	struct stage stage = self->stage;
	pid_t child = fork();
	int ret;

	if (child)
		return child < 0 ? -errno : test_wait_child(child);
	/* Where it is root who opened the nodes, they are its own. */
	if (actor == ROOT)
		stage.dev = test_open(TEST_ANY);
	ret = be(&stage, actor);
	if (ret < 0)
		printf("# %s: %s\n", actor_names[actor], strerror(-ret));
	fflush(stdout);
	_exit(ret < 0 ? 255 : ret);
}

TEST_F(privilege, of_root)
{
	EXPECT_EQ(0, as(self, ROOT));
}

TEST_F(privilege, of_nobody_with_descriptors)
{
	EXPECT_EQ(0, as(self, NOBODY));
}

TEST_F(privilege, of_a_member_of_the_group)
{
	ASSERT_EQ(0, nodes_for(0, OWNER, 0660));
	EXPECT_EQ(0, as(self, MEMBER));
}

TEST_F(privilege, of_root_of_a_user_namespace)
{
	EXPECT_EQ(0, as(self, SPACE));
}

TEST_F(privilege, of_root_of_a_container)
{
	ASSERT_EQ(0, nodes_for(CONTAINER_ID, CONTAINER_ID, 0600));
	EXPECT_EQ(0, as(self, CONTAINER));
}

TEST_F(privilege, of_root_of_a_container_without_capabilities)
{
	ASSERT_EQ(0, nodes_for(CONTAINER_ID, CONTAINER_ID, 0600));
	EXPECT_EQ(0, as(self, JAIL));
}

/* ------------------------------------------------------- across namespaces */

/* Who reads sees numbers of its own namespace: a pager there, and who faults here. */
TEST_F(privilege, a_fault_has_the_numbers_of_who_reads)
{
	struct membank_pager_fault fault;
	struct pager pager;
	pid_t child;
	char *mem;

	ASSERT_TRUE(pages_fill(self->stage.fd));
	ASSERT_EQ(0, pager_create(self->stage.dev, &pager));
	ASSERT_EQ(0, pager_attach(self->stage.dev, pager.attach, 0, &mem));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (getpid() != 1 || pager_next(pager.fd, &fault) ||
		    fault.pid || fault.tid)
			_exit(1);
		_exit(-pager_reply(pager.fd, fault.id, self->stage.fd, 0,
				   PAGE));
	}
	EXPECT_EQ(page_byte(0), (unsigned char)*mem);
	EXPECT_EQ(0, test_wait_child(child));
}

TEST_F(privilege, a_fault_from_inside_has_the_outer_numbers)
{
	struct membank_pager_fault fault;
	struct pager pager;
	pid_t child;
	char *mem;

	ASSERT_TRUE(pages_fill(self->stage.fd));
	ASSERT_EQ(0, pager_create(self->stage.dev, &pager));
	ASSERT_EQ(0, pager_attach(self->stage.dev, pager.attach, 0, &mem));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(getpid() != 1 || (unsigned char)*mem != page_byte(0));
	ASSERT_EQ(0, pager_next(pager.fd, &fault));
	EXPECT_EQ(child, fault.pid);
	EXPECT_EQ(child, fault.tid);
	EXPECT_EQ(0, pager_reply(pager.fd, fault.id, self->stage.fd, 0, PAGE));
	EXPECT_EQ(0, test_wait_child(child));
}

/* Refuses one command by its number; -EINVAL if the kernel has no filters. */
static int refuse_phys(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MEMBANK_IOC_DATASPACE_PHYS,
			 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = ARRAY_SIZE(filter),
		.filter = filter,
	};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno :
								      0;
}

TEST_F(privilege, a_filter_refuses_a_single_command)
{
	int ret = refuse_phys();

	if (ret == -EINVAL)
		SKIP(return, "this kernel has no filters of system calls");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(-EDOM, phys(&self->stage));
	EXPECT_EQ(0, info(&self->stage));
	EXPECT_EQ(0, clear(&self->stage));
	EXPECT_EQ(0, ring(&self->stage));
}

/* A node that root has not given away, at a place inside all the same. */
static int closed_node(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return NO_NAMESPACE;
	if (kernel_write("/proc/self/setgroups", "deny") ||
	    map_ids("self", "0 54321 1\n"))
		return 1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("dev", CONTAINER_DEV, "tmpfs", 0, NULL))
		return 2;
	return container_node("membank") == -EACCES ? 0 : 3;
}

TEST_F(privilege, a_node_in_a_container_is_as_outside)
{
	const struct who owner = { OWNER, OWNER, OWNER, 0, false };
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(become(&owner) || prctl(PR_SET_DUMPABLE, 1) ?
			      4 :
			      closed_node());
	EXPECT_EQ(0, test_wait_child(child));
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
