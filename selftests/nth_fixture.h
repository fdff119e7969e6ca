/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the tests that refuse the kernel memory and copies, one request
 * after the other: a variant for each row. And the look whether each command has a
 * row. Include it after nth.h.
 */
#ifndef MEMBANK_SELFTESTS_NTH_FIXTURE_H
#define MEMBANK_SELFTESTS_NTH_FIXTURE_H

#include <stdio.h>
#include <sys/ioctl.h>

/**
 * scene_open() - make what all rows act on
 * @which: what the variant says
 *
 * Who includes this has one scene at a time.
 *
 * Return: the scene, or NULL: it could not be made.
 */
static struct scene *scene_open(int which);

FIXTURE(nth)
{
	struct scene *scene;
};

FIXTURE_VARIANT(nth)
{
	const struct nth_row *row;
	int which;
};

FIXTURE_SETUP(nth)
{
	ASSERT_TRUE(test_banks_empty());
	self->scene = scene_open(variant->which);
	ASSERT_NE(NULL, self->scene);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(nth)
{
	EXPECT_TRUE(test_banks_empty());
}

TEST_F_TIMEOUT(nth, request_that_fails_leaves_all_as_it_was, TEST_SLOW)
{
	char text[160];
	bool fine;

	if (!nth_is_there())
		SKIP(return, "no fault injection in this kernel");
	fine = nth_refuse_all(variant->row, self->scene, text, sizeof(text));
	EXPECT_TRUE(fine);
	TH_LOG("%s", text);
}

static inline bool nth_has_row(unsigned int command)
{
	const struct __fixture_variant_metadata *variant;

	for (variant = _nth_fixture_object.variant; variant;
	     variant = variant->next)
		if (((const FIXTURE_VARIANT(nth) *)variant->data)
			    ->row->command == command)
			return true;
	return false;
}

/*
 * Whether each command with a number from @first to @last that the kernel has for one
 * of these descriptors is a row of this program; if not, says which is not.
 */
static inline bool nth_is_complete(unsigned int first, unsigned int last,
				   const int *fds, unsigned int count)
{
	unsigned int number, command, i;
	bool complete = true, known;

	for (number = first; number <= last; number++) {
		command = _IO(MEMBANK_IOC, number);
		known = false;
		for (i = 0; i < count; i++)
			known |= test_ioctl(fds[i], command, NULL) != -ENOTTY;
		if (known == nth_has_row(command))
			continue;
		printf("# command 0x%02x %s\n", number,
		       known ? "has no row" : "is none");
		complete = false;
	}
	return complete;
}

#endif /* MEMBANK_SELFTESTS_NTH_FIXTURE_H */
