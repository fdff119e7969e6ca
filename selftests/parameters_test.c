// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module's parameters refuse, and how: the errno, one line in the kernel's
 * log that says what was asked for and why that is nothing, no memory lost. What they
 * take is in load_test.sh.
 */
#include "kselftest_harness.h"

#include "loading.h"
#include "reload.h"

#define MARK "parameters_test: the next one"

#define NO_SIZE "is no size: give a number and K, M or G"
#define NO_NAME "is no name for a bank"
#define NO_MULTIPLE "is no multiple of 2M above 0"
#define TOO_MUCH "is more than any machine has"
#define NO_SOURCE "is no source: give cma or contig"
#define NO_PAGES "is no multiple of 4K"
#define NO_QUOTA \
	NO_PAGES ": give a number and K, M or G, such as 64M, or 0 for no quota"

struct refusal {
	const char *parameters;
	int error;
	/* In the log. */
	const char *line;
};

#define EIGHT "2M,2M,2M,2M,2M,2M,2M,2M,"

static const struct refusal sizes[] = {
	{ "banks=video:0", EINVAL, NO_MULTIPLE },
	{ "banks=video:0M", EINVAL, NO_MULTIPLE },
	{ "banks=video:3M", EINVAL, NO_MULTIPLE },
	{ "banks=video:2097153", EINVAL, NO_MULTIPLE },
	{ "banks=video:99999999999999999999", ERANGE, TOO_MUCH },
	{ "banks=video:17179869184G", ERANGE, TOO_MUCH },
	/* Above half of 64 bits. */
	{ "banks=video:8589934592G", ERANGE, TOO_MUCH },
	{ "banks=video:64X", EINVAL, NO_SIZE },
	{ "banks=video:64MM", EINVAL, NO_SIZE },
	{ "banks=video:M", EINVAL, NO_SIZE },
	{ "banks=video:-64M", EINVAL, NO_SIZE },
	{ "banks=video:0x40M", EINVAL, NO_SIZE },
	{ "banks=video:", EINVAL, NO_SIZE },
	{ "banks=video:@cma", EINVAL, NO_SIZE },
};

static const struct refusal sources[] = {
	{ "banks=video:64M@disk", EINVAL, NO_SOURCE },
	{ "banks=video:64M@", EINVAL, NO_SOURCE },
	{ "banks=video:64M:shared", EINVAL, NO_SIZE },
	{ "banks=video:64M:sync:sync", EINVAL, NO_SIZE },
};

static const struct refusal names[] = {
	{ "banks=:64M", EINVAL, NO_NAME },
	{ "banks=a/b:64M", EINVAL, NO_NAME },
	{ "banks=1st:64M", EINVAL, NO_NAME },
	/* Of 64 bytes. */
	{ "banks=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn:2M",
	  EINVAL, NO_NAME },
	{ "banks=a:2M,b:2M,a:2M", EINVAL, "two banks are named 'a'" },
	/* The name that the other one has by its number. */
	{ "banks=bank1:2M,2M", EINVAL, "two banks are named 'bank1'" },
};

static const struct refusal lists[] = {
	{ "banks=", EINVAL, NO_SIZE },
	{ "banks=video:2M,,rt:2M", EINVAL, NO_SIZE },
	{ "banks=video:2M,", EINVAL, NO_SIZE },
	/* 33 of them. */
	{ "banks=" EIGHT EIGHT EIGHT EIGHT "2M", EINVAL, "more than 32 banks" },
};

static const struct refusal amounts[] = {
	{ "banks=video:4G", ENOMEM,
	  "bank 'video': 4096 MiB asked of the CMA area, which has" },
	/* Nor does the one that could be had stay. */
	{ "banks=video:32M,rt:4G", ENOMEM,
	  "bank 'rt': 4096 MiB asked of the CMA area" },
	{ "banks=video:64G@contig", ENOMEM,
	  "bank 'video': 65536 MiB asked of the page allocator" },
};

static const struct refusal quotas[] = {
	{ "banks=video:2M quota=much", EINVAL, "quota: 'much' " NO_QUOTA },
	{ "banks=video:2M quota=4097", EINVAL, "quota: '4097' " NO_QUOTA },
	{ "banks=video:2M quota=-4M", EINVAL, "quota: '-4M' " NO_PAGES },
	{ "banks=video:2M quota=", EINVAL, "quota: '' " NO_PAGES },
	{ "banks=video:2M quota=4MK", EINVAL, "quota: '4MK' " NO_PAGES },
	{ "banks=video:2M quota=99999999999999999999", ERANGE,
	  "quota: '99999999999999999999' " TOO_MUCH },
	/* Above half of 64 bits. */
	{ "banks=video:2M quota=8589934592G", ERANGE,
	  "quota: '8589934592G' " TOO_MUCH },
};

FIXTURE(parameters)
{
	int file;
};

FIXTURE_VARIANT(parameters)
{
	const struct refusal *refusals;
	size_t count;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(parameters, of_size) { sizes, ARRAY_SIZE(sizes) };
FIXTURE_VARIANT_ADD(parameters, of_source_and_flags) { sources, ARRAY_SIZE(sources) };
FIXTURE_VARIANT_ADD(parameters, of_name) { names, ARRAY_SIZE(names) };
FIXTURE_VARIANT_ADD(parameters, of_list) { lists, ARRAY_SIZE(lists) };
FIXTURE_VARIANT_ADD(parameters, of_more_than_there_is) { amounts, ARRAY_SIZE(amounts) };
FIXTURE_VARIANT_ADD(parameters, of_quota) { quotas, ARRAY_SIZE(quotas) };
/* clang-format on */

FIXTURE_SETUP(parameters)
{
	self->file = loading_open();
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(parameters)
{
	close(self->file);
}

static void refuse(struct __test_metadata *_metadata,
		   FIXTURE_DATA(parameters) * self,
		   const struct refusal *refusal)
{
	const __u64 before = loading_unclaimed();
	char text[4096];
	int kmsg, ret;

	/* Opened anew each time: of each opener it takes only ten lines at once. */
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, kmsg);
	ASSERT_EQ(strlen(MARK), write(kmsg, MARK, strlen(MARK)));
	close(kmsg);
	ret = loading_load(self->file, refusal->parameters);
	if (!ret)
		ASSERT_EQ(0, loading_unload());
	EXPECT_EQ(refusal->error, -ret)
	TH_LOG("with %s", refusal->parameters);
	EXPECT_EQ(1, loading_said(MARK, text, sizeof(text)))
	TH_LOG("with %s the log has: %s", refusal->parameters, text);
	EXPECT_NE(NULL, strstr(text, refusal->line))
	TH_LOG("with %s the log has: %s", refusal->parameters, text);
	EXPECT_EQ(before, loading_unclaimed())
	TH_LOG("with %s memory stays behind", refusal->parameters);
	EXPECT_EQ(-1, access("/sys/module/membank", F_OK));
}

TEST_F_TIMEOUT(parameters, that_are_wrong_are_refused, TEST_SLOW)
{
	size_t i;

	for (i = 0; i < variant->count; i++)
		refuse(_metadata, self, &variant->refusals[i]);
}

int main(int argc, char **argv)
{
	unload_until_exit();
	return test_harness_run(argc, argv);
}
