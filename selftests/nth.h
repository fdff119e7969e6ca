/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share that have the kernel refuse itself memory: its fault
 * injection. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_NTH_H
#define MEMBANK_SELFTESTS_NTH_H

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel_file.h"

#define NTH_FILE "/proc/thread-self/fail-nth"
#define NTH_DEBUGFS "/sys/kernel/debug/"

/* More than is ever asked for. */
#define NTH_NONE 1000000

static inline bool nth_is_there(void)
{
	return !access(NTH_FILE, W_OK);
}

static inline bool nth_tell(const char *path, const char *text)
{
	return !kernel_write(path, text);
}

/* Where the kernel has a function of the module, and the one behind it. */
static inline bool nth_find(const char *function, __u64 *start, __u64 *end)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256], name[128], module[64];
	unsigned long long address;
	bool found = false;

	/* Twice, as they are in no order. */
	*end = UINT64_MAX;
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %127s %63s", &address, name,
			   module) != 3 ||
		    strcmp(module, "[membank]") || strcmp(name, function))
			continue;
		*start = address;
		found = true;
	}
	if (found)
		rewind(file);
	while (found && fgets(line, sizeof(line), file)) {
		address = strtoull(line, NULL, 16);
		if (address > *start && address < *end)
			*end = address;
	}
	if (file)
		fclose(file);
	/* Of a kernel that tells no addresses all are 0. */
	return found && *start;
}

/*
 * Only what is asked for by a function of the module, or by what that calls, counts
 * and is refused; NULL: by anybody.
 */
static inline bool nth_only(const char *function)
{
	static const char *const faults[] = { "failslab", "fail_page_alloc",
					      "fail_usercopy" };
	__u64 start = 0, end = UINT64_MAX;
	char path[80], text[32];
	bool told = true;
	size_t i;

	if (function && !nth_find(function, &start, &end))
		return false;
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		snprintf(path, sizeof(path), NTH_DEBUGFS "%s/require-start",
			 faults[i]);
		snprintf(text, sizeof(text), "%#llx", start);
		told &= nth_tell(path, text);
		snprintf(path, sizeof(path), NTH_DEBUGFS "%s/require-end",
			 faults[i]);
		snprintf(text, sizeof(text), "%#llx", end);
		told &= nth_tell(path, text);
	}
	return told;
}

/* Lets ordinary allocations fail, when somebody asks for it, without a word. */
static inline bool nth_inject(bool on)
{
	const char *ignore = on ? "N" : "Y";

	/* Who was killed may have left it. */
	if (!access(NTH_DEBUGFS "failslab/require-start", F_OK) &&
	    !nth_only(NULL))
		return false;

	/* Single pages are otherwise never refused: page tables are such. */
	return nth_tell(NTH_DEBUGFS "failslab/ignore-gfp-wait", ignore) &&
	       nth_tell(NTH_DEBUGFS "fail_page_alloc/ignore-gfp-wait",
			ignore) &&
	       nth_tell(NTH_DEBUGFS "fail_page_alloc/min-order",
			on ? "0" : "1") &&
	       nth_tell(NTH_DEBUGFS "failslab/verbose", "0") &&
	       nth_tell(NTH_DEBUGFS "fail_page_alloc/verbose", "0") &&
	       nth_tell(NTH_DEBUGFS "fail_usercopy/verbose", "0");
}

/**
 * nth_run() - have the kernel fail in the middle
 * @n: the n-th of what the kernel asks of its allocators, and of its copies from
 *     and to user space, is refused for this task
 * @run: what is done then
 * @arg: handed to it
 * @reached: set to whether there were n of them
 *
 * Return: as @run.
 */
static inline int nth_run(unsigned int n, int (*run)(void *arg), void *arg,
			  bool *reached)
{
	int nth = open(NTH_FILE, O_RDWR | O_CLOEXEC), ret;
	char text[16] = {};

	snprintf(text, sizeof(text), "%u", n);
	*reached = false;
	if (write(nth, text, strlen(text)) < 0)
		return -EPROTO;
	ret = run(arg);
	/*
	 * What is left of n, if anything is. These calls copy, so they are such
	 * requests themselves, and the n-th may be one of them.
	 */
	memset(text, 0, sizeof(text));
	*reached = pread(nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	if (pwrite(nth, "0", 1, 0) != 1)
		*reached = false;
	close(nth);
	return ret;
}

/* Tells all tasks of the kernel that do its work; the least that one was at before. */
static inline int nth_tell_workers(const char *number)
{
	char path[80], name[16], text[16];
	int fd, least = NTH_NONE;
	ssize_t length;
	glob_t found;
	size_t i;

	if (glob("/proc/[0-9]*", 0, NULL, &found))
		return -EPROTO;
	for (i = 0; i < found.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/comm", found.gl_pathv[i]);
		if (kernel_read(path, name, sizeof(name)) ||
		    strncmp(name, "kworker/", 8))
			continue;
		snprintf(path, sizeof(path), "%s/fail-nth", found.gl_pathv[i]);
		fd = open(path, O_RDWR | O_CLOEXEC);
		length = read(fd, text, sizeof(text) - 1);
		/* It may have ended: there are as many as are needed. */
		if (length > 0 && pwrite(fd, number, strlen(number), 0) > 0) {
			text[length] = 0;
			least = atoi(text) < least ? atoi(text) : least;
		}
		close(fd);
	}
	globfree(&found);
	return least;
}

/**
 * nth_run_in_workers() - have the kernel fail in the middle of its own work
 * @n: as with nth_run(), but for each of the tasks that do what others have queued
 * @run: what has something done there
 * @arg: handed to it
 * @reached: set to whether one of them was refused something
 *
 * Return: as @run.
 */
static inline int nth_run_in_workers(unsigned int n, int (*run)(void *arg),
				     void *arg, bool *reached)
{
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%u", n);
	*reached = false;
	if (nth_tell_workers(text) < 0)
		return -EPROTO;
	ret = run(arg);
	*reached = !nth_tell_workers("0");
	return ret;
}

/*
 * What a command asks of the kernel that can be refused. NTH_HIDDEN: something that
 * the kernel does without, or asks for again.
 */
enum {
	NTH_MEMORY = 1 << 0,
	NTH_COPIES = 1 << 1,
	NTH_BOTH = NTH_MEMORY | NTH_COPIES,
	NTH_HIDDEN = 1 << 2,
};

/* What commands act on: who includes this knows. */
struct scene;

/**
 * struct nth_row - a command, or another call, and what it must leave
 * @command: MEMBANK_IOC_*; 0: it is none of these
 * @begin: makes what it acts on; whether that is there
 * @run: the command; 0 or more, or a negative errno
 * @end: says what is wrong after it gave @ret, or NULL; takes away what @begin and
 *       @run have made
 * @asks: what it asks for at least
 * @within: only what this function of the module asks for is refused; NULL: anything
 * @dry: behind what is refused, the kernel has no memory for it at all
 * @in_workers: it is tasks of the kernel to whom something is refused
 */
struct nth_row {
	unsigned int command;
	bool (*begin)(struct scene *scene);
	int (*run)(void *scene);
	const char *(*end)(struct scene *scene, int ret);
	unsigned int asks;
	const char *within;
	bool dry;
	bool in_workers;
};

/*
 * Fault injection refuses copies, too. A command whose struct cannot be written
 * back has been done, and one whose struct cannot be read has not.
 */
static inline bool nth_may_be_done(int ret)
{
	return ret >= 0 || ret == -EFAULT;
}

static inline bool nth_may_be_undone(int ret)
{
	return ret < 0;
}

/* Nothing has to be made. */
static inline bool nth_nothing(struct scene *scene)
{
	(void)scene;
	return true;
}

/* Of a command that returns a descriptor. */
static inline const char *nth_close(struct scene *scene, int ret)
{
	(void)scene;
	if (ret >= 0)
		close(ret);
	return NULL;
}

/* Whether ordinary allocations of whose make-it-fail is 1 fail, all of them. */
static inline bool nth_dry(bool on)
{
	/* Without the filter it is everybody who is refused. */
	return nth_tell(NTH_DEBUGFS "failslab/probability", "0") &&
	       nth_tell(NTH_DEBUGFS "failslab/task-filter", on ? "Y" : "N") &&
	       nth_tell(NTH_DEBUGFS "failslab/times", on ? "-1" : "1") &&
	       nth_tell(NTH_DEBUGFS "failslab/probability", on ? "100" : "0");
}

/* What is done dry: @fail is make-it-fail of who does it. */
struct nth_dry {
	const struct nth_row *row;
	struct scene *scene;
	int fail;
};

static inline int nth_run_dry(void *arg)
{
	const struct nth_dry *dry = arg;
	ssize_t written = write(dry->fail, "1", 1);
	int ret = dry->row->run(dry->scene);

	/* This is a copy, too, which may be refused. */
	while (written == 1 && write(dry->fail, "0", 1) != 1)
		;
	return ret;
}

static inline int nth_run_row(const struct nth_row *row, struct scene *scene,
			      unsigned int n, bool *reached)
{
	struct nth_dry dry = { .row = row, .scene = scene };
	int ret;

	if (row->in_workers)
		return nth_run_in_workers(n, row->run, scene, reached);
	if (!row->dry)
		return nth_run(n, row->run, scene, reached);
	dry.fail = open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC);
	ret = nth_run(n, nth_run_dry, &dry, reached);
	close(dry.fail);
	return ret;
}

/* One attempt; what is wrong, or NULL. */
static inline const char *nth_attempt(const struct nth_row *row,
				      struct scene *scene, unsigned int n,
				      int *ret, bool *reached)
{
	const unsigned int files = test_open_files();
	const int users = test_module_users();
	const __u64 used = test_used();
	const char *wrong;

	if (!row->begin(scene))
		return "it could not begin";
	*ret = nth_run_row(row, scene, n, reached);
	wrong = row->end(scene, *ret);
	if (wrong)
		return wrong;
	if (*ret < 0 && *ret != -ENOMEM && *ret != -EFAULT)
		return "it is another error";
	if (*ret < 0 && !*reached)
		return "nothing was refused";
	if (test_open_files() != files)
		return "a descriptor stayed open";
	if (!test_wait_module_users(users))
		return "something of the module is held";
	return test_wait_used(used) ? NULL : "memory of a bank is held";
}

/**
 * nth_refuse_all() - do something with each request of it refused, one by one
 * @row: what
 * @scene: on what
 * @text: says how many there were; or what is wrong
 * @size: of @text
 *
 * Return: whether nothing is.
 */
static inline bool nth_refuse_all(const struct nth_row *row,
				  struct scene *scene, char *text, size_t size)
{
	unsigned int n = 0, hidden = 0, refused[2] = {};
	const char *wrong;
	bool reached;
	int ret = 0;

	if (!nth_inject(true) || (row->within && !nth_only(row->within)) ||
	    (row->dry && !nth_dry(true))) {
		nth_inject(false);
		snprintf(text, size, "faults cannot be injected");
		return false;
	}
	do {
		wrong = nth_attempt(row, scene, ++n, &ret, &reached);
		refused[0] += ret == -ENOMEM;
		refused[1] += ret == -EFAULT;
		hidden += reached && ret >= 0;
	} while (!wrong && reached);
	if (!(nth_inject(false) && nth_dry(false)) && !wrong)
		wrong = "faults are injected";
	if (!wrong && row->asks & NTH_MEMORY && !refused[0])
		wrong = "it asks for no memory";
	if (!wrong && row->asks & NTH_COPIES && !refused[1])
		wrong = "it does not copy";
	if (!wrong && row->asks & NTH_HIDDEN && !hidden)
		wrong = "it asks for nothing that it can do without";
	snprintf(text, size,
		 "request %u, %d: %s; %u times no memory, %u no copy, %u done",
		 n, ret, wrong ? wrong : "fine", refused[0], refused[1],
		 hidden);
	return !wrong;
}

#endif /* MEMBANK_SELFTESTS_NTH_H */
