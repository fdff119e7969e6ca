/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the tests of pagers: a pager with one region, whose pages it has
 * not answered yet. Include it last.
 */
#ifndef MEMBANK_SELFTESTS_PAGER_FIXTURE_H
#define MEMBANK_SELFTESTS_PAGER_FIXTURE_H

#include "pager.h"

FIXTURE(pager)
{
	int dev;
	/* With a byte of its own in each page. */
	int fd;
	struct pager pager;
	char *mem;
	struct membank_pager_fault fault;
	struct toucher toucher;
};

FIXTURE_SETUP(pager)
{
	ASSERT_TRUE(test_banks_empty());
	touch_init();
	self->dev = test_open(0);
	ASSERT_LE(0, self->dev);
	self->fd = test_alloc(self->dev, LENGTH, 0, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(pages_fill(self->fd));
	ASSERT_EQ(0, pager_create(self->dev, &self->pager));
	ASSERT_EQ(0,
		  pager_attach(self->dev, self->pager.attach, 0, &self->mem));
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(pager)
{
	EXPECT_TRUE(test_banks_empty());
}

#endif /* MEMBANK_SELFTESTS_PAGER_FIXTURE_H */
