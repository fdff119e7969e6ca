/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share: calls that give an errno as a number, the figures of a
 * bank, and the look at a page from outside. Include it after
 * kselftest_harness.h.
 */
#ifndef MEMBANK_SELFTESTS_COMMON_H
#define MEMBANK_SELFTESTS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include <linux/membank.h>

#define KIB 1024UL
#define MIB (1024 * KIB)
#define GRAIN (2 * MIB)

/* What every output holds before a call, so that an unwritten one shows. */
#define TEST_JUNK 0xcc

/* Of test_open(): the node /dev/membank. */
#define TEST_ANY (-1)

/* Of test_number(): there is no such number. */
#define TEST_NONE (~0ULL)

/*
 * Where the descriptors begin that a whole program keeps, see test_keep(), and how
 * many these are at most: six files of four banks and a pagemap.
 */
#define TEST_KEPT 950
#define TEST_KEPT_MOST 25

/* How long something that other tasks finish may take, in milliseconds. */
#define TEST_PATIENCE 60000

/* Seconds for a case that is slow in an emulated machine with KASAN. */
#define TEST_SLOW 240

/*
 * The harness ends a case after 30 s. Here that must only end what hangs, also
 * where two emulated machines share two processors with a compiler.
 */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT TEST_SLOW
#endif

/**
 * struct test_figures - one bank as sysfs shows it, in bytes
 * @size: of the bank
 * @used: allocated, or pinned after the end of its dataspace
 * @free: what can be allocated
 * @largest_free: what can be allocated at once
 * @scrubbed: the part of @free that is clean
 * @dataspaces: how many live
 */
struct test_figures {
	__u64 size;
	__u64 used;
	__u64 free;
	__u64 largest_free;
	__u64 scrubbed;
	__u64 dataspaces;
};

static inline __s64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Until when something that other tasks finish must be finished. */
static inline __s64 test_patience_end(void)
{
	return clock_ns() + TEST_PATIENCE * 1000000LL;
}

static inline void test_nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

int test_ioctl(int fd, unsigned long command, void *arg);
int test_open(int bank);
int test_keep(int fd);

__u64 number_from(const char *name, __u64 otherwise);

bool test_attr(unsigned int bank, const char *name, char *text, size_t size);
__u64 test_number(unsigned int bank, const char *name);
struct test_figures test_figures(unsigned int bank);
unsigned int test_banks(void);
__u64 test_used(void);
bool test_wait_used(__u64 bytes);
bool test_wait_scrubbed(unsigned int bank);
bool test_banks_empty(void);

int test_alloc(int dev, __u64 length, __u32 flags, __u32 align);
int test_info(int dev, int fd, struct membank_dataspace_info *info);
void *test_map(int fd, size_t length);

bool test_all_bytes(const void *start, int byte, size_t length);
unsigned int test_open_files(void);
int test_map_limit(int count);
int test_module_number(const char *module, const char *name);
int test_module_users(void);
bool test_wait_module_users(int users);
bool test_thread_line(pid_t tid, const char *name, char *line, size_t size);
char test_thread_state(pid_t tid);
unsigned long test_thread_sleeps(pid_t tid);
long test_thread_call(pid_t tid);
__u64 test_pagemap(const void *addr);
bool test_present(const void *addr);
__u64 test_physical(const void *addr);

int test_send_fd(int socket, int fd);
int test_receive_fd(int socket);
int test_wait_child(pid_t child);
int test_kill(pid_t child);
int test_drop_capability(int one);

/* The call succeeds, or gives just this errno. */
#define test_ok(_fd, _command, _arg) \
	ASSERT_EQ(0, test_ioctl(_fd, _command, _arg))
#define test_err(_errno, _fd, _command, _arg) \
	EXPECT_EQ(-(_errno), test_ioctl(_fd, _command, _arg))

#endif /* MEMBANK_SELFTESTS_COMMON_H */
