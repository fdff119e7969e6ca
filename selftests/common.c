// SPDX-License-Identifier: GPL-2.0-only
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

/* The longest struct of the ABI, and room behind it. */
#define STRUCT_MAX 256

/**
 * test_ioctl() - one command, and a look at the rule for failures
 * @fd: descriptor it goes to
 * @command: MEMBANK_IOC_*
 * @arg: its struct, or NULL
 *
 * Return: 0 or a negative errno; -EPROTO, which no command gives, if it failed
 * and wrote into the struct all the same.
 */
int test_ioctl(int fd, unsigned long command, void *arg)
{
	unsigned char before[STRUCT_MAX];
	size_t size = 0;
	int ret;

	if (arg) {
		size = *(const __u32 *)arg;
		if (size > sizeof(before))
			size = sizeof(before);
		memcpy(before, arg, size);
	}

	if (ioctl(fd, command, arg) == 0)
		return 0;

	ret = -errno;
	if (size && memcmp(before, arg, size))
		return -EPROTO;
	return ret;
}

/**
 * number_from() - a number that the environment gives
 * @name: of the variable
 * @otherwise: where there is none
 *
 * What is there and is no number ends the caller, which fails its test.
 */
__u64 number_from(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);
	__u64 number;
	char *end;

	if (!text)
		return otherwise;
	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno || !*text || *end) {
		printf("# %s=%s is no number\n", name, text);
		fflush(stdout);
		exit(1);
	}
	return number;
}

/**
 * test_open() - open a node for reading and writing
 * @bank: number, or TEST_ANY for /dev/membank
 *
 * Return: a descriptor or a negative errno.
 */
int test_open(int bank)
{
	char path[32] = "/dev/membank";
	int fd;

	if (bank != TEST_ANY)
		snprintf(path, sizeof(path), "/dev/membank%d", bank);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * test_keep() - move a descriptor out of the way of those that tests open
 * @fd: the descriptor, which is closed
 *
 * Return: the same file under a high number; @fd where there can be none so high.
 */
int test_keep(int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, TEST_KEPT);

	if (kept < 0)
		return fd;
	close(fd);
	return kept;
}

/**
 * test_alloc() - allocate a dataspace
 * @dev: a node
 * @length: bytes
 * @flags: set of &enum membank_dataspace_flags
 * @align: log2
 *
 * Return: its descriptor or a negative errno.
 */
int test_alloc(int dev, __u64 length, __u32 flags, __u32 align)
{
	struct membank_dataspace_alloc alloc;
	int ret;

	memset(&alloc, TEST_JUNK, sizeof(alloc));
	alloc.size = sizeof(alloc);
	alloc.flags = flags;
	alloc.length = length;
	alloc.align = align;
	ret = test_ioctl(dev, MEMBANK_IOC_DATASPACE_ALLOC, &alloc);
	return ret ? ret : alloc.out_fd;
}

/**
 * test_info() - ask about a dataspace
 * @dev: a node
 * @fd: the dataspace
 * @info: the answer
 *
 * Return: 0 or a negative errno.
 */
int test_info(int dev, int fd, struct membank_dataspace_info *info)
{
	memset(info, TEST_JUNK, sizeof(*info));
	info->size = sizeof(*info);
	info->fd = fd;
	return test_ioctl(dev, MEMBANK_IOC_DATASPACE_INFO, info);
}

/**
 * test_map() - mmap() from the start, shared, to read and write
 * @fd: a node or a dataspace
 * @length: bytes
 *
 * Return: the address or MAP_FAILED.
 */
void *test_map(int fd, size_t length)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/**
 * test_all_bytes() - whether memory holds nothing but one byte
 * @start: of the memory
 * @byte: the byte
 * @length: of the memory
 */
bool test_all_bytes(const void *start, int byte, size_t length)
{
	const unsigned char *first = start;

	if (!length)
		return true;
	return *first == byte && !memcmp(first, first + 1, length - 1);
}

/* /proc/self/pagemap, which shows the process that opened it. */
static pthread_mutex_t pagemap_lock = PTHREAD_MUTEX_INITIALIZER;
static int pagemap = -1;
static pid_t pagemap_owner;

/** test_open_files() - how many descriptors this process has open */
unsigned int test_open_files(void)
{
	struct stat folder;

	if (stat("/proc/self/fd", &folder))
		return 0;
	return folder.st_size - (fcntl(pagemap, F_GETFD) >= 0);
}

/**
 * test_map_limit() - sets how many mappings each process may have
 * @count: so many
 *
 * Return: how many that were before, -1 if it cannot be set.
 */
int test_map_limit(int count)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "r+e");
	int was = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &was) != 1 || fseek(file, 0, SEEK_SET) ||
	    fprintf(file, "%d\n", count) < 0)
		was = -1;
	if (fclose(file))
		was = -1;
	return was;
}

/**
 * test_module_number() - a number that a module of the kernel shows
 * @module: its name
 * @name: of a file in its folder, such as "refcnt"
 *
 * Return: the first number in it, -1 if the module is not loaded.
 */
int test_module_number(const char *module, const char *name)
{
	char path[96];
	int number;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/%s", module, name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/**
 * test_module_users() - how often the module is held
 *
 * Return: as /proc/modules tells it, -1 if it is not loaded.
 */
int test_module_users(void)
{
	return test_module_number("membank", "refcnt");
}

/**
 * test_wait_module_users() - wait until the module is held just so often
 * @users: how often
 *
 * What other tasks have begun, or held, ends a moment after they were killed.
 *
 * Return: whether it came so within TEST_PATIENCE.
 */
bool test_wait_module_users(int users)
{
	const __s64 end = test_patience_end();
	bool reached;

	while (!(reached = test_module_users() == users) && clock_ns() < end)
		test_nap();
	return reached;
}

/**
 * test_thread_line() - the first line of a file that the kernel has of a thread
 * @tid: its number
 * @name: of the file, in /proc/@tid
 * @line: where it goes
 * @size: room there
 *
 * Return: whether the thread is there.
 */
bool test_thread_line(pid_t tid, const char *name, char *line, size_t size)
{
	char path[64];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	ok = fgets(line, size, file);
	fclose(file);
	return ok;
}

/**
 * test_thread_state() - what a thread does, as /proc has it
 * @tid: its number
 *
 * Return: the letter for it, 'S' or 'D' when it waits; '?' if it is gone.
 */
char test_thread_state(pid_t tid)
{
	char line[512], *state;

	if (!test_thread_line(tid, "stat", line, sizeof(line)))
		return '?';
	state = strrchr(line, ')');
	return state && state[1] ? state[2] : '?';
}

/**
 * test_thread_sleeps() - how often a thread has gone to sleep
 * @tid: its number
 *
 * Return: the number; 0 if it is gone.
 */
unsigned long test_thread_sleeps(pid_t tid)
{
	unsigned long count = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1)
			break;
	fclose(file);
	return count;
}

/**
 * test_thread_call() - which system call a thread waits in
 * @tid: its number
 *
 * Return: SYS_*; -1 if it waits in none, as at a page that it touches; -2 if it
 * does not wait, or is gone.
 */
long test_thread_call(pid_t tid)
{
	char line[512];
	long number;

	if (!test_thread_line(tid, "syscall", line, sizeof(line)) ||
	    sscanf(line, "%ld", &number) != 1)
		return -2;
	return number;
}

/* Return: a descriptor of this process's own pagemap, -1 if it cannot be opened. */
static int own_pagemap(void)
{
	int fd;

	pthread_mutex_lock(&pagemap_lock);
	if (pagemap_owner != getpid() || fcntl(pagemap, F_GETFD) < 0) {
		if (pagemap >= 0)
			close(pagemap);
		fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
		pagemap = fd < 0 ? -1 : test_keep(fd);
		pagemap_owner = getpid();
	}
	pthread_mutex_unlock(&pagemap_lock);
	return pagemap;
}

/**
 * test_pagemap() - what /proc/self/pagemap says about a page
 * @addr: any address in it
 *
 * Return: its 64 bits, 0 if they cannot be read.
 */
__u64 test_pagemap(const void *addr)
{
	size_t page = sysconf(_SC_PAGESIZE);
	__u64 entry;

	if (pread(own_pagemap(), &entry, sizeof(entry),
		  (uintptr_t)addr / page * sizeof(entry)) != sizeof(entry))
		return 0;
	return entry;
}

/**
 * test_present() - whether a page is in the page tables
 * @addr: any address in it
 */
bool test_present(const void *addr)
{
	return test_pagemap(addr) >> 63;
}

/**
 * test_physical() - physical address of a page that is present
 * @addr: any address in it
 *
 * Return: the address of its start, 0 if the kernel does not tell.
 */
__u64 test_physical(const void *addr)
{
	__u64 frame = test_pagemap(addr) & ((1ULL << 55) - 1);

	return test_present(addr) ? frame * sysconf(_SC_PAGESIZE) : 0;
}

/**
 * test_send_fd() - pass a descriptor over a Unix socket
 * @socket: where to
 * @fd: the descriptor
 *
 * Return: 0 or a negative errno.
 */
int test_send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

/**
 * test_receive_fd() - take a descriptor from a Unix socket
 * @socket: where from
 *
 * Return: the descriptor or a negative errno; -ENODATA if none came.
 */
int test_receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -ENODATA;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/**
 * test_wait_child() - wait for the end of a child
 * @child: its process id
 *
 * Return: its exit status, or the negative number of the signal it died of.
 */
int test_wait_child(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/**
 * test_kill() - kill -9, and wait
 * @child: process id of a child
 *
 * Return: as test_wait_child().
 */
int test_kill(pid_t child)
{
	kill(child, SIGKILL);
	return test_wait_child(child);
}

/**
 * test_drop_capability() - do without one capability from now on
 * @one: CAP_*
 *
 * Return: 0 or a negative errno.
 */
int test_drop_capability(int one)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(__NR_capget, &header, data))
		return -errno;
	data[one / 32].effective &= ~(1U << one % 32);
	return syscall(__NR_capset, &header, data) ? -errno : 0;
}
