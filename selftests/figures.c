// SPDX-License-Identifier: GPL-2.0-only
/* The figures of a bank, as sysfs shows them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

/*
 * The figures of the banks are read before and after each case, and in a kernel that
 * checks itself to open a file costs several times what reading it does. So they are
 * opened once, before the first case, and each process that is made inherits them. They
 * have high numbers, so that those of a test begin where they would without.
 */
#define KEPT_BANKS 4
#define FIGURES 6

static const char *const figure_names[FIGURES] = {
	"size", "used", "free", "largest_free", "scrubbed", "dataspaces",
};

/* One more than the descriptor, 0 if there is none. */
static int kept_figures[KEPT_BANKS][FIGURES];

static int open_attr(unsigned int bank, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/membank/membank%u/%s", bank,
		 name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void __attribute__((constructor)) keep_figures(void)
{
	unsigned int bank, figure;
	int fd;

	for (bank = 0; bank < KEPT_BANKS; bank++) {
		for (figure = 0; figure < FIGURES; figure++) {
			fd = open_attr(bank, figure_names[figure]);
			if (fd < 0)
				return;
			kept_figures[bank][figure] = test_keep(fd) + 1;
		}
	}
}

/* Return: the descriptor for a file of a bank, -1 if it is not among those. */
static int kept_figure(unsigned int bank, const char *name)
{
	unsigned int figure;

	for (figure = 0; bank < KEPT_BANKS && figure < FIGURES; figure++)
		if (!strcmp(name, figure_names[figure]))
			return kept_figures[bank][figure] - 1;
	return -1;
}

/**
 * test_attr() - read a file of a bank in sysfs
 * @bank: number
 * @name: of the file, relative to the folder of the bank
 * @text: where its line goes, without the newline
 * @size: room there
 *
 * Return: whether it could be read.
 */
bool test_attr(unsigned int bank, const char *name, char *text, size_t size)
{
	int fd = kept_figure(bank, name);
	ssize_t length = -1;

	/* That of a module which is no more there has nothing to read. */
	if (fd >= 0)
		length = pread(fd, text, size - 1, 0);
	if (length < 0) {
		fd = open_attr(bank, name);
		if (fd < 0)
			return false;
		length = read(fd, text, size - 1);
		close(fd);
	}
	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return length > 0;
}

/**
 * test_number() - read a plain decimal number of a bank in sysfs
 * @bank: number of the bank
 * @name: of the file
 *
 * Return: the number, TEST_NONE if there is none.
 */
__u64 test_number(unsigned int bank, const char *name)
{
	__u64 number;
	char text[64], *end;

	if (!test_attr(bank, name, text, sizeof(text)))
		return TEST_NONE;
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno || end == text || *end ? TEST_NONE : number;
}

/**
 * test_figures() - all figures of a bank
 * @bank: number
 */
struct test_figures test_figures(unsigned int bank)
{
	return (struct test_figures){
		.size = test_number(bank, "size"),
		.used = test_number(bank, "used"),
		.free = test_number(bank, "free"),
		.largest_free = test_number(bank, "largest_free"),
		.scrubbed = test_number(bank, "scrubbed"),
		.dataspaces = test_number(bank, "dataspaces"),
	};
}

/** test_banks() - how many banks there are */
unsigned int test_banks(void)
{
	unsigned int banks = 0;

	while (test_number(banks, "size") != TEST_NONE)
		banks++;
	return banks;
}

/** test_used() - bytes used in all banks */
__u64 test_used(void)
{
	unsigned int bank;
	__u64 sum = 0, used;

	for (bank = 0; (used = test_number(bank, "used")) != TEST_NONE; bank++)
		sum += used;
	return sum;
}

/**
 * test_wait_used() - wait until just this much is used in all banks
 * @bytes: how much
 *
 * What other tasks held is freed when they have ended and their last pins are
 * gone, which nobody can see from outside.
 *
 * Return: whether it came so within TEST_PATIENCE.
 */
bool test_wait_used(__u64 bytes)
{
	const __s64 end = test_patience_end();
	bool reached;

	while (!(reached = test_used() == bytes) && clock_ns() < end)
		test_nap();
	return reached;
}

/**
 * test_banks_empty() - wait until every bank is as it was after loading
 *
 * Return: whether it came so within TEST_PATIENCE; if not, says what is left.
 */
bool test_banks_empty(void)
{
	unsigned int bank, banks = test_banks();
	bool empty = banks && test_wait_used(0);
	struct test_figures is;

	for (bank = 0; bank < banks; bank++) {
		is = test_figures(bank);
		if (is.free == is.size && is.largest_free == is.size &&
		    !is.used && !is.dataspaces)
			continue;
		empty = false;
		printf("# bank %u holds %llu of %llu bytes in %llu dataspaces\n",
		       bank, is.used, is.size, is.dataspaces);
	}
	return empty;
}

/**
 * test_wait_scrubbed() - wait until all that is free is clean
 * @bank: its number
 *
 * Return: whether it came so within TEST_PATIENCE.
 */
bool test_wait_scrubbed(unsigned int bank)
{
	const __s64 end = test_patience_end();
	struct test_figures is;

	for (;;) {
		is = test_figures(bank);
		if (is.free != TEST_NONE && is.scrubbed == is.free)
			return true;
		if (clock_ns() > end)
			return false;
		test_nap();
	}
}
