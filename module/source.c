// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the pages of a bank come from. A bank is claimed whole when the module
 * is loaded, so that no allocation ever has to migrate a page. The only file
 * that knows CMA.
 */
#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include <linux/membank.h>

#include "block.h"
#include "compat.h"
#include "source.h"

#ifdef CONFIG_DMA_CMA
static bool cma_available(void)
{
	return dev_get_cma_area(NULL);
}

/* All areas: the size of one is not to be had by a module. */
static u64 cma_total(void)
{
	u64 pages = 0;
	int node, zone;

	for_each_online_node(node)
		for (zone = 0; zone < MAX_NR_ZONES; zone++)
			pages += zone_cma_pages(NODE_DATA(node)->node_zones +
						zone);
	return pages << PAGE_SHIFT;
}

static u64 cma_unused(void)
{
	return (u64)global_zone_page_state(NR_FREE_CMA_PAGES) << PAGE_SHIFT;
}

static struct page *cma_claim(unsigned long pages)
{
	return cma_alloc(dev_get_cma_area(NULL), pages, MEMBANK_BLOCK_ORDER,
			 true);
}

static void cma_unclaim(struct page *first, unsigned long pages)
{
	WARN_ON(!cma_release(dev_get_cma_area(NULL), first, pages));
}
#else
static bool cma_available(void)
{
	return false;
}

static u64 cma_total(void)
{
	return 0;
}

static u64 cma_unused(void)
{
	return 0;
}

static struct page *cma_claim(unsigned long pages)
{
	return NULL;
}

static void cma_unclaim(struct page *first, unsigned long pages)
{
}
#endif /* CONFIG_DMA_CMA */

/* The default CMA area of the kernel, sized by cma= on its command line. */
const struct membank_source_ops membank_source_cma = {
	.name = "cma",
	.id = MEMBANK_SOURCE_CMA,
	.available = cma_available,
	.total = cma_total,
	.unused = cma_unused,
	.claim = cma_claim,
	.release = cma_unclaim,
};

static bool contig_available(void)
{
	return IS_ENABLED(CONFIG_CONTIG_ALLOC);
}

static u64 contig_total(void)
{
	return (u64)totalram_pages() << PAGE_SHIFT;
}

static u64 contig_unused(void)
{
	return (u64)global_zone_page_state(NR_FREE_PAGES) << PAGE_SHIFT;
}

#ifdef CONFIG_CONTIG_ALLOC
/*
 * alloc_contig_pages() aligns a power of two only: claim almost one grain more
 * than asked for, and give back what lies outside of the aligned part.
 */
static struct page *contig_claim(unsigned long pages)
{
	unsigned long claimed = pages + MEMBANK_BLOCK_PAGES - 1;
	unsigned long first, start;
	struct page *page;

	page = alloc_contig_pages(claimed, GFP_KERNEL | __GFP_NOWARN,
				  numa_mem_id(), NULL);
	if (!page)
		return NULL;

	first = page_to_pfn(page);
	start = ALIGN(first, MEMBANK_BLOCK_PAGES);
	if (start > first)
		free_contig_range(first, start - first);
	if (first + claimed > start + pages)
		free_contig_range(start + pages,
				  first + claimed - start - pages);
	return pfn_to_page(start);
}

static void contig_unclaim(struct page *first, unsigned long pages)
{
	free_contig_range(page_to_pfn(first), pages);
}
#else
static struct page *contig_claim(unsigned long pages)
{
	return NULL;
}

static void contig_unclaim(struct page *first, unsigned long pages)
{
}
#endif /* CONFIG_CONTIG_ALLOC */

/* The page allocator, which moves away what stands in the range. */
const struct membank_source_ops membank_source_contig = {
	.name = "contig",
	.id = MEMBANK_SOURCE_CONTIG,
	.available = contig_available,
	.total = contig_total,
	.unused = contig_unused,
	.claim = contig_claim,
	.release = contig_unclaim,
};

/**
 * membank_source_find() - look a source up by its name
 * @name: as it stands in the module parameter
 *
 * Return: the source, whether the kernel has it or not, or NULL.
 */
const struct membank_source_ops *membank_source_find(const char *name)
{
	if (!strcmp(name, membank_source_cma.name))
		return &membank_source_cma;
	if (!strcmp(name, membank_source_contig.name))
		return &membank_source_contig;
	return NULL;
}

/**
 * membank_source_default() - the source of a bank that names none
 *
 * Return: CMA where the kernel has a default area, else the page allocator.
 */
const struct membank_source_ops *membank_source_default(void)
{
	return cma_available() ? &membank_source_cma : &membank_source_contig;
}
