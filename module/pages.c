// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a bank, and what is done to them while they are in no dataspace.
 *
 * Each block of 2 MiB is either 512 pages with a reference count each, or one
 * folio, which is what a 2 MiB page table entry can map. It is joined to a
 * folio when it is free and clean as a whole, and split when a part of it is
 * allocated. So a folio always belongs to one dataspace alone, and I/O that has
 * a page of one dataspace pinned never hinders another one.
 *
 * The kernel can make a folio of free pages only, in its page allocator. To go
 * through that, a bank would have to give its pages away for a moment, and to
 * move away what came in between: it might not get them back. So joining and
 * splitting is done here, in place, on pages that the bank alone holds. This is
 * the only place that knows how struct page describes a folio; the partners in
 * mm/ are named.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/page_ref.h>
#include <linux/poison.h>

#include "block.h"
#include "compat.h"
#include "pages.h"

/**
 * membank_pages_unpinned() - how many pages nobody but the bank holds
 * @pfn: the first page; the range is mapped nowhere any more
 * @pages: how many to look at; a joined block is in the range as a whole
 *
 * Who has a page pinned may still write to it: I/O in flight, a page in a pipe.
 * New pins cannot come, as the pages are mapped nowhere.
 *
 * Return: pages up to the first that is pinned, or @pages.
 */
unsigned long membank_pages_unpinned(unsigned long pfn, unsigned long pages)
{
	unsigned long page = 0;
	struct folio *folio;

	while (page < pages) {
		folio = page_folio(pfn_to_page(pfn + page));
		if (folio_ref_count(folio) != 1)
			return page;
		page += folio_nr_pages(folio);
		if (!(page % MEMBANK_BLOCK_PAGES))
			cond_resched();
	}
	return pages;
}

/**
 * membank_pages_sound() - how many pages have no hardware error
 * @pfn: the first page
 * @pages: how many to look at
 *
 * Return: pages up to the first that memory_failure() has marked, or @pages.
 */
unsigned long membank_pages_sound(unsigned long pfn, unsigned long pages)
{
	unsigned long page;

	for (page = 0; page < pages; page++)
		if (PageHWPoison(pfn_to_page(pfn + page)))
			break;
	return page;
}

/**
 * membank_pages_clear() - make pages read as zero
 * @pfn: the first page
 * @pages: how many
 */
void membank_pages_clear(unsigned long pfn, unsigned long pages)
{
	clear_pages(page_address(pfn_to_page(pfn)), pages);
}

/* As prep_compound_page() and page_rmappable_folio() in mm/. */
static void make_folio(struct page *head)
{
	struct folio *folio = (struct folio *)head;
	unsigned long i;

	for (i = 0; i < MEMBANK_BLOCK_PAGES; i++)
		head[i].flags.f &= ~PAGE_FLAGS_CHECK_AT_PREP;

	__set_bit(PG_head, &head->flags.f);
	for (i = 1; i < MEMBANK_BLOCK_PAGES; i++) {
		head[i].mapping = TAIL_MAPPING;
		set_compound_head(&head[i], head, MEMBANK_BLOCK_ORDER);
	}

	folio->_flags_1 = (folio->_flags_1 & ~0xffUL) | MEMBANK_BLOCK_ORDER;
#ifdef NR_PAGES_IN_LARGE_FOLIO
	folio->_nr_pages = MEMBANK_BLOCK_PAGES;
#endif
	atomic_set(&folio->_large_mapcount, -1);
	if (IS_ENABLED(CONFIG_PAGE_MAPCOUNT))
		atomic_set(&folio->_nr_pages_mapped, 0);
	if (IS_ENABLED(CONFIG_MM_ID)) {
		folio->_mm_ids = 0;
		folio->_mm_id_mapcount[0] = -1;
		folio->_mm_id_mapcount[1] = -1;
	}
	atomic_set(&folio->_entire_mapcount, -1);
	atomic_set(&folio->_pincount, 0);
	INIT_LIST_HEAD(&folio->_deferred_list);
	folio_set_large_rmappable(folio);
}

/* As free_tail_page_prepare() and __free_pages_prepare() in mm/page_alloc.c. */
static void make_pages(struct page *head)
{
#ifdef NR_PAGES_IN_LARGE_FOLIO
	struct folio *folio = (struct folio *)head;
#endif
	unsigned long i;

	head[1].flags.f &= ~PAGE_FLAGS_SECOND;
#ifdef NR_PAGES_IN_LARGE_FOLIO
	folio->_nr_pages = 0;
#endif
	for (i = 1; i < MEMBANK_BLOCK_PAGES; i++) {
		head[i].mapping = NULL;
		head[i].private = 0;
		clear_compound_head(&head[i]);
	}
	for (i = 0; i < MEMBANK_BLOCK_PAGES; i++)
		head[i].flags.f &= ~PAGE_FLAGS_CHECK_AT_PREP;
}

/**
 * membank_block_join() - make one folio of a block's pages
 * @pfn: the first page of a block that is free as a whole
 *
 * A page that somebody looks at in this moment (whoever walks over all memory
 * may take a reference for an instant), or that has a hardware error, leaves
 * the block as it is: it is mapped in small pages then. With the first one it can be
 * tried again; an error stays.
 *
 * Return: whether the block is one folio now, or never can be: it makes no sense to try again.
 */
bool membank_block_join(unsigned long pfn)
{
	struct page *head = pfn_to_page(pfn);
	unsigned long entry = PMD_SIZE, frozen;
	bool never = false;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ||
	    entry != MEMBANK_BLOCK || PageHead(head))
		return true;

	/* Without references nobody can come by a new one: as if just freed. */
	for (frozen = 0; frozen < MEMBANK_BLOCK_PAGES; frozen++) {
		never = PageHWPoison(head + frozen);
		if (never || !page_ref_freeze(head + frozen, 1))
			goto unfreeze;
	}
	make_folio(head);
	page_ref_unfreeze(head, 1);
	return true;

unfreeze:
	while (frozen--)
		page_ref_unfreeze(head + frozen, 1);
	return never;
}

/**
 * membank_block_split() - make single pages of a block that is one folio
 * @pfn: the first page of a block that is free as a whole
 *
 * Return: whether the block is single pages now; if not, somebody looks at it
 * in this moment.
 */
bool membank_block_split(unsigned long pfn)
{
	struct page *head = pfn_to_page(pfn);
	unsigned long i;

	if (!PageHead(head))
		return true;
	if (!page_ref_freeze(head, 1))
		return false;
	make_pages(head);
	for (i = 0; i < MEMBANK_BLOCK_PAGES; i++)
		page_ref_unfreeze(head + i, 1);
	return true;
}
