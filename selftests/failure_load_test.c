// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading for which the kernel has no memory, refused it wherever the
 * module asks: it is there whole or not at all, nothing stays behind, and why is in
 * the log. It takes as many loads as there are requests: MEMBANK_STRIDE says
 * which of them are refused: every so many after one that MEMBANK_SEED draws; 1: each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "common.h"
#include "loading.h"
#include "notify.h"
#include "nth.h"
#include "reload.h"
#include "seed.h"

/* Of each source; small, since they are cleared each time. */
#define PARAMETERS "banks=a:4M,b:2M@contig:private quota=1M"

/* What the module looks at first, and refuses. */
#define NO_PARAMETERS "banks=a:4M,b:2M@contig:private quota=1X"

/* From one request that is refused to the next one. */
#define STRIDE number_from("MEMBANK_STRIDE", 17)

/* Likewise when it is unloaded, which asks for little. */
#define STRIDE_UNLOAD 5

/* Requests; the kernel has more between its trace events and the module. */
#define STEP_BACK 60

/* What of the kernel is the module's while it is loaded. */
static const char *const traces[] = {
	"/sys/module/membank",
	"/sys/class/membank",
	"/sys/kernel/debug/membank",
	"/dev/membank",
	"/dev/membank0",
	"/dev/membank1",
};

/* What of it is there: all, or else nothing; -1: some. */
static int is_there(void)
{
	size_t i, count = 0;

	for (i = 0; i < ARRAY_SIZE(traces); i++)
		count += !access(traces[i], F_OK);
	if (count && count < ARRAY_SIZE(traces))
		return -1;
	return !!count;
}

static int load(void *arg)
{
	const int *file = arg;

	return loading_load(*file, PARAMETERS);
}

#define MANY 1000000

/*
 * How many requests there are when the module says no at once: those before it is
 * asked for the first time, and some behind. They are the kernel's own, which warns
 * where it has no memory for trace events.
 */
static unsigned int requests_around(int file)
{
	int nth = open(NTH_FILE, O_RDWR | O_CLOEXEC), ret;
	char text[16] = {};

	snprintf(text, sizeof(text), "%u", MANY);
	if (write(nth, text, strlen(text)) < 0)
		return 0;
	ret = loading_load(file, NO_PARAMETERS);
	memset(text, 0, sizeof(text));
	if (ret != -EINVAL || pread(nth, text, sizeof(text) - 1, 0) <= 0)
		text[0] = '\0';
	if (pwrite(nth, "0", 1, 0) != 1)
		text[0] = '\0';
	close(nth);
	return text[0] ? MANY - atoi(text) : 0;
}

static int unload(void *arg)
{
	(void)arg;
	return loading_unload();
}

#define MARK "failure_load_test: the next one"

/* Whether the module has said why it fails since the mark. */
static bool said(void)
{
	char text[4096], *line, *next;

	if (loading_said(MARK, text, sizeof(text)) < 0)
		return false;
	for (line = strtok_r(text, "\n", &next); line;
	     line = strtok_r(NULL, "\n", &next))
		/* Of a bank it says where it is, too. */
		if (!strstr(line, " MiB from "))
			return true;
	return false;
}

FIXTURE(load)
{
	int file;
	__u64 pages;
};

FIXTURE_SETUP(load)
{
	if (!nth_is_there())
		SKIP(return, "no fault injection in this kernel");
	self->file = loading_open();
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, unload(NULL));
	ASSERT_EQ(0, is_there());
	self->pages = loading_unclaimed();
}

/* In the parent, whatever became of the case: as the setup found it. */
FIXTURE_TEARDOWN_PARENT(load)
{
	if (is_there() == 0)
		EXPECT_TRUE(reload(PARAMETERS));
}

/* Returns 0 or a negative errno, and unloads it where it can be loaded. */
static int attempt(int file, unsigned int n, bool *reached)
{
	int ret;

	if (!nth_tell("/dev/kmsg", MARK))
		return -EPROTO;
	ret = nth_run(n, load, &file, reached);
	/* What it did without was no part of it. */
	if (!ret && (unload(NULL) || is_there()))
		return -EPROTO;
	return ret;
}

/*
 * A little before the first request of the module: back from where it surely has been
 * asked, until a load fails of which it has heard nothing. 0: there is none.
 */
static unsigned int first_request(int file)
{
	unsigned int n = requests_around(file);
	bool reached;
	int ret;

	while (n > STEP_BACK) {
		n -= STEP_BACK;
		ret = attempt(file, n, &reached);
		if (ret && !said())
			return n;
	}
	return 0;
}

TEST_F_TIMEOUT(load, that_fails_leaves_nothing_behind, 900)
{
	const __u64 seed = number_from("MEMBANK_SEED", draw_seed(_metadata));
	unsigned int n, begin, failed = 0, silent = 0, first = 0, last = 0;
	bool reached = true;
	int ret;

	TH_LOG("MEMBANK_SEED=%#llx", seed);
	/* Only what may be refused counts. */
	ASSERT_TRUE(nth_inject(true));
	begin = first_request(self->file);
	ASSERT_LT(0, begin);
	for (n = begin + seed % STRIDE; reached; n += STRIDE) {
		ret = attempt(self->file, n, &reached);
		if (!ret)
			continue;
		failed++;
		if (said()) {
			first = first ? first : n;
			last = n;
		} else if (first) {
			silent++;
			TH_LOG("request %u: %d, and not a word", n, ret);
		}
		EXPECT_TRUE(reached);
		EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT)
		TH_LOG("request %u: %d", n, ret);
		ASSERT_EQ(0, is_there())
		TH_LOG("request %u: something stays behind", n);
		ASSERT_EQ(self->pages, loading_unclaimed())
		TH_LOG("request %u: memory stays behind", n);
	}
	TH_LOG("from request %u on %u loads failed, %u in silence; the module's own are %u to %u",
	       begin, failed, silent, first, last);
	EXPECT_LT(0, first);
	EXPECT_EQ(0, silent);
	ASSERT_TRUE(nth_inject(false));
}

TEST_F_TIMEOUT(load, is_undone_without_asking_for_memory, 900)
{
	unsigned int n, failed = 0;
	bool reached = true;

	/* The first is the copy of its name; there are some thirty. */
	for (n = 1; reached; n += STRIDE_UNLOAD) {
		ASSERT_EQ(0, load(&self->file));
		ASSERT_EQ(1, is_there());
		ASSERT_TRUE(nth_inject(true));
		/* Its name is copied; all else that is refused it does without. */
		if (nth_run(n, unload, NULL, &reached)) {
			failed++;
			EXPECT_TRUE(reached);
			ASSERT_EQ(1, is_there());
			ASSERT_EQ(0, unload(NULL));
		}
		ASSERT_TRUE(nth_inject(false));
		ASSERT_EQ(0, is_there());
		ASSERT_EQ(self->pages, loading_unclaimed());
	}
	TH_LOG("less than %u requests, %u of them needed", n, failed);
	EXPECT_LT(0, failed);
}

int main(int argc, char **argv)
{
	reload_until_exit(PARAMETERS);
	return test_harness_run(argc, argv);
}
