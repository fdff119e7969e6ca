// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clearing freed pages. Its caller owns the pages: they are in no dataspace
 * and no mapping, so that nobody can come by a new reference to them. What may
 * be left is an old one: I/O in flight, a page in a pipe.
 */
#include <linux/mm.h>
#include <linux/minmax.h>

#include "compat.h"
#include "scrub.h"

/**
 * membank_scrub_pinned() - does somebody beside the bank hold this page
 * @pfn: a page of a bank
 *
 * Return: true while there is a reference beside the bank's own.
 */
bool membank_scrub_pinned(unsigned long pfn)
{
	return page_ref_count(pfn_to_page(pfn)) != 1;
}

/**
 * membank_scrub_pages() - clear pages until one is pinned
 * @pfn: the first page
 * @pages: how many, at most MEMBANK_SCRUB_PAGES
 *
 * A pinned page is not touched: who pinned it may still write to it, which
 * would show its next owner foreign bytes.
 *
 * Return: how many pages are clear now, from the first on; if fewer than
 * @pages, the next one is pinned.
 */
unsigned long membank_scrub_pages(unsigned long pfn, unsigned long pages)
{
	unsigned long clean;

	for (clean = 0; clean < pages; clean++)
		if (membank_scrub_pinned(pfn + clean))
			break;
	if (clean)
		clear_pages(page_address(pfn_to_page(pfn)), clean);
	return clean;
}
