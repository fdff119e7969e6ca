// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dataspace: one extent of a bank and what its owner asked for. L4Re's
 * Dataspace, allocated as by its Mem_alloc.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include <linux/membank.h>

#include "bank.h"
#include "block.h"
#include "compat.h"
#include "dataspace.h"
#include "pages.h"

/* What is copied or cleared before somebody else may run. */
#define CHUNK SZ_1M

/* In membank_dataspace::mappings: there may be no other than those. */
#define MAPPED_ALONE BIT(30)

/* All dataspaces, for those who look for a leak. */
static LIST_HEAD(dataspaces);
static DEFINE_MUTEX(dataspaces_lock);

/**
 * struct request - what somebody wants to have
 * @length: bytes, or negative
 * @grain: pages that the extent is a multiple of
 * @order: log2 of the alignment, in pages
 */
struct request {
	s64 length;
	unsigned long grain;
	unsigned int order;
};

/* Pages for @bytes, or more than any bank has. */
static unsigned long pages_for(u64 bytes, unsigned long grain)
{
	u64 pages = (bytes >> PAGE_SHIFT) + !PAGE_ALIGNED(bytes);

	return round_up(pages, grain);
}

/* The largest extent for a negative length; 0 if there is none. */
static unsigned long most_pages(struct membank_bank *bank,
				const struct request *request)
{
	unsigned long keep = pages_for(-(u64)request->length, 1);

	if (request->order >= MEMBANK_EXTENT_ORDERS)
		return 0;
	return round_down(membank_bank_room(bank, request->order, keep),
			  request->grain);
}

/*
 * As much as leaves enough: others allocate meanwhile, so again and again, as
 * long as that changes anything. It does not where a control group has less
 * than that; its limit is known to the kernel alone.
 */
static int alloc_most(struct membank_bank *bank, const struct request *request,
		      struct membank_lease *lease)
{
	unsigned long pages, tried = 0;
	int ret = -ENOSPC;

	if (request->order >= MEMBANK_EXTENT_ORDERS)
		return -ERANGE;
	for (;;) {
		pages = most_pages(bank, request);
		if (!pages)
			return -ENOSPC;
		if (pages == tried)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		tried = pages;
		ret = membank_bank_alloc(bank, pages, request->order, lease);
		if (ret != -ENOSPC && ret != -EDQUOT)
			return ret;
	}
}

static int try_bank(struct membank_bank *bank, const struct request *request,
		    struct membank_lease *lease)
{
	if (request->length < 0)
		return alloc_most(bank, request, lease);
	return membank_bank_alloc(bank,
				  pages_for(request->length, request->grain),
				  request->order, lease);
}

static int alloc_from(struct membank_bank *bank, const struct request *request,
		      struct membank_lease *lease)
{
	int ret = try_bank(bank, request, lease);

	if (ret)
		membank_bank_count_failure(bank, ret);
	return ret;
}

/* The bank that is public and can give the most for a negative length. */
static struct membank_bank *roomiest_bank(const struct request *request)
{
	struct membank_bank *bank, *best = NULL;
	unsigned long pages, most = 0;
	u32 i;

	for (i = 0; (bank = membank_bank_get(i)); i++) {
		if (bank->config.flags & MEMBANK_BANK_PRIVATE)
			continue;
		pages = most_pages(bank, request);
		if (!best || pages > most) {
			best = bank;
			most = pages;
		}
	}
	return best;
}

static int alloc_from_any(const struct request *request,
			  struct membank_lease *lease)
{
	int errors[MEMBANK_BANKS_MAX] = {};
	struct membank_bank *bank;
	int ret = -ERANGE;
	u32 i;

	if (request->length < 0) {
		bank = roomiest_bank(request);
		return bank ? alloc_from(bank, request, lease) : -ERANGE;
	}
	for (i = 0; (bank = membank_bank_get(i)); i++) {
		if (bank->config.flags & MEMBANK_BANK_PRIVATE)
			continue;
		errors[i] = try_bank(bank, request, lease);
		if (!errors[i])
			return 0;
		/*
		 * That it can never fit anywhere is the weakest answer, and
		 * that there is no room says less than that there is a quota.
		 */
		if (ret == -ERANGE || (ret == -ENOSPC && errors[i] != -ERANGE))
			ret = errors[i];
	}

	/* Only now is it a failure: at each bank that was asked. */
	for (i = 0; (bank = membank_bank_get(i)); i++)
		if (errors[i])
			membank_bank_count_failure(bank, errors[i]);
	return ret;
}

/* While memory is pinned that was given back, the lease is all that is left. */
static void part_end(struct membank_dataspace *dataspace)
{
	if (refcount_dec_and_test(&dataspace->parts))
		kfree(dataspace);
}

static void lease_ended(struct membank_lease *lease)
{
	part_end(container_of(lease, struct membank_dataspace, lease));
}

/**
 * membank_dataspace_create() - allocate a dataspace
 * @bank: from which bank, NULL for any that is not private
 * @length: bytes; negative, as two's complement: the largest extent that leaves
 *          so many bytes
 * @flags: set of &enum membank_dataspace_flags
 * @align: least log2 alignment of the physical address in bytes, 0 for a page
 *
 * Paired with membank_dataspace_put(). Failures are counted at the banks that
 * were asked.
 *
 * Return: the dataspace, whose memory reads as zero, or an ERR_PTR: -ERANGE,
 * -EDQUOT, -ENOMEM, -EINTR.
 */
struct membank_dataspace *membank_dataspace_create(struct membank_bank *bank,
						   u64 length, u32 flags,
						   u32 align)
{
	struct membank_dataspace *dataspace;
	struct request request = { .length = length, .grain = 1 };
	int ret;

	if (flags & MEMBANK_DATASPACE_SUPER_PAGES) {
		request.grain = MEMBANK_BLOCK_PAGES;
		align = max_t(u32, align, ilog2(MEMBANK_BLOCK));
	}
	request.order = align > PAGE_SHIFT ? align - PAGE_SHIFT : 0;
	/* Only who wants one piece can want the largest. */
	if (request.length < 0 && !(flags & MEMBANK_DATASPACE_CONTINUOUS))
		request.length = 0;

	dataspace = kzalloc_obj(*dataspace, GFP_KERNEL_ACCOUNT);
	if (!dataspace) {
		if (bank)
			membank_bank_count_failure(bank, -ENOMEM);
		return ERR_PTR(-ENOMEM);
	}
	dataspace->lease.ended = lease_ended;

	if (bank)
		ret = alloc_from(bank, &request, &dataspace->lease);
	else
		ret = alloc_from_any(&request, &dataspace->lease);
	if (ret) {
		kfree(dataspace);
		return ERR_PTR(ret == -ENOSPC ? -ENOMEM : ret);
	}

	refcount_set(&dataspace->refs, 1);
	refcount_set(&dataspace->uses, 1);
	refcount_set(&dataspace->parts, 2);
	dataspace->bank = dataspace->lease.bank;
	dataspace->start = dataspace->lease.start;
	dataspace->pages = dataspace->lease.pages;
	dataspace->length = request.length > 0 ?
				    length :
				    (u64)dataspace->pages << PAGE_SHIFT;
	dataspace->flags = flags;
	mutex_init(&dataspace->lock);
	INIT_LIST_HEAD(&dataspace->handles);
	INIT_LIST_HEAD(&dataspace->views);
	dma_resv_init(&dataspace->resv);
	mutex_init(&dataspace->tables_lock);
	INIT_LIST_HEAD(&dataspace->tables);
	dataspace->creator = get_pid(task_tgid(current));
	get_task_comm(dataspace->comm, current);
	mutex_lock(&dataspaces_lock);
	list_add_tail(&dataspace->node, &dataspaces);
	mutex_unlock(&dataspaces_lock);
	return dataspace;
}

/**
 * membank_dataspace_get() - hold a dataspace
 * @dataspace: that somebody holds; paired with membank_dataspace_put()
 */
void membank_dataspace_get(struct membank_dataspace *dataspace)
{
	refcount_inc(&dataspace->refs);
}

/**
 * membank_dataspace_put() - let go of a dataspace
 * @dataspace: if nobody else holds it, no mapping and no device reaches it any
 *             more, and it ends
 */
void membank_dataspace_put(struct membank_dataspace *dataspace)
{
	if (!refcount_dec_and_test(&dataspace->refs))
		return;

	mutex_lock(&dataspaces_lock);
	list_del(&dataspace->node);
	mutex_unlock(&dataspaces_lock);

	WARN_ON(atomic_read(&dataspace->mappings));
	WARN_ON(!list_empty(&dataspace->views));
	WARN_ON(!list_empty(&dataspace->tables));
	WARN_ON(!list_empty(&dataspace->handles));
	if (!dataspace->revoked)
		membank_dataspace_unuse(dataspace);
	WARN_ON(refcount_read(&dataspace->uses));
	mutex_destroy(&dataspace->tables_lock);
	dma_resv_fini(&dataspace->resv);
	mutex_destroy(&dataspace->lock);
	put_pid(dataspace->creator);
	part_end(dataspace);
}

/**
 * membank_dataspace_state() - how a dataspace is used at this moment
 * @dataspace: the dataspace
 * @state: filled
 */
void membank_dataspace_state(struct membank_dataspace *dataspace,
			     struct membank_dataspace_state *state)
{
	mutex_lock(&dataspace->lock);
	state->handles = list_count_nodes(&dataspace->handles);
	state->revoked = dataspace->revoked;
	mutex_unlock(&dataspace->lock);
	mutex_lock(&dataspace->tables_lock);
	state->devices = list_count_nodes(&dataspace->tables);
	mutex_unlock(&dataspace->tables_lock);
	state->mappings = membank_dataspace_mappings(dataspace);
}

/**
 * membank_dataspace_next() - visit all dataspaces, oldest first
 * @previous: the one that was visited last, which the caller holds, and which is
 *            let go; NULL for the first
 *
 * Return: the next one, which the caller holds now, or NULL.
 */
struct membank_dataspace *
membank_dataspace_next(struct membank_dataspace *previous)
{
	struct membank_dataspace *dataspace = previous;
	bool held = false;

	mutex_lock(&dataspaces_lock);
	dataspace = list_prepare_entry(dataspace, &dataspaces, node);
	list_for_each_entry_continue(dataspace, &dataspaces, node) {
		/* Who lets go of it at this moment takes it out next. */
		held = refcount_inc_not_zero(&dataspace->refs);
		if (held)
			break;
	}
	mutex_unlock(&dataspaces_lock);

	if (previous)
		membank_dataspace_put(previous);
	return held ? dataspace : NULL;
}

/**
 * membank_dataspace_map() - count a mapping
 * @dataspace: what is mapped
 * @alone: it is mapped nowhere else, and shall not be (%MEMBANK_REGION_NO_ALIAS)
 *
 * Paired with membank_dataspace_unmap().
 *
 * Return: 0, -EBUSY: it is mapped elsewhere, or may be mapped nowhere else.
 */
int membank_dataspace_map(struct membank_dataspace *dataspace, bool alone)
{
	int old = atomic_read(&dataspace->mappings);

	membank_dataspace_touch(dataspace);
	do {
		if (old & MAPPED_ALONE || (alone && old))
			return -EBUSY;
	} while (!atomic_try_cmpxchg(&dataspace->mappings, &old,
				     alone ? MAPPED_ALONE + 1 : old + 1));
	return 0;
}

/**
 * membank_dataspace_map_again() - count a part or a copy of a mapping
 * @dataspace: that is mapped; likewise paired
 */
void membank_dataspace_map_again(struct membank_dataspace *dataspace)
{
	atomic_inc(&dataspace->mappings);
}

/**
 * membank_dataspace_unmap() - a mapping is gone
 * @dataspace: what was mapped
 */
void membank_dataspace_unmap(struct membank_dataspace *dataspace)
{
	/* With the last, it is nobody's alone any more. */
	if (atomic_dec_return(&dataspace->mappings) == MAPPED_ALONE)
		atomic_set(&dataspace->mappings, 0);
}

/**
 * membank_dataspace_mappings() - how many mappings there are
 * @dataspace: the dataspace
 *
 * Return: VMAs in all processes, and answers of pagers.
 */
unsigned int
membank_dataspace_mappings(const struct membank_dataspace *dataspace)
{
	return atomic_read(&dataspace->mappings) & ~MAPPED_ALONE;
}

/**
 * membank_dataspace_add_view() - tell who revokes where else there are pages
 * @handle: that the caller holds until membank_dataspace_remove_view()
 * @view: with its inode; nothing of the dataspace is mapped there yet
 *
 * Return: 0, -ENODEV: the dataspace was revoked, or the handle.
 */
int membank_dataspace_add_view(const struct membank_handle *handle,
			       struct membank_view *view)
{
	struct membank_dataspace *dataspace = handle->dataspace;
	int ret = -ENODEV;

	mutex_lock(&dataspace->lock);
	if (!membank_handle_is_revoked(handle)) {
		list_add(&view->node, &dataspace->views);
		ret = 0;
	}
	mutex_unlock(&dataspace->lock);
	return ret;
}

/**
 * membank_dataspace_remove_view() - undo membank_dataspace_add_view()
 * @dataspace: the dataspace
 * @view: nothing is mapped there any more
 */
void membank_dataspace_remove_view(struct membank_dataspace *dataspace,
				   struct membank_view *view)
{
	mutex_lock(&dataspace->lock);
	list_del(&view->node);
	mutex_unlock(&dataspace->lock);
}

/**
 * membank_dataspace_use() - keep the memory of a dataspace
 * @handle: of the dataspace, that the caller holds
 *
 * Until membank_dataspace_unuse() the memory belongs to the dataspace, even if
 * that is revoked meanwhile. Pages in a page table need no such thing: they are
 * counted themselves, and revoking takes them away.
 *
 * Return: 0, -ENODEV: the dataspace was revoked, or the handle.
 */
int membank_dataspace_use(const struct membank_handle *handle)
{
	if (membank_handle_is_revoked(handle) ||
	    !refcount_inc_not_zero(&handle->dataspace->uses))
		return -ENODEV;
	membank_dataspace_touch(handle->dataspace);
	return 0;
}

/**
 * membank_dataspace_unuse() - undo membank_dataspace_use()
 * @dataspace: the dataspace
 */
void membank_dataspace_unuse(struct membank_dataspace *dataspace)
{
	if (refcount_dec_and_test(&dataspace->uses))
		membank_bank_free(&dataspace->lease,
				  READ_ONCE(dataspace->touched));
}

/*
 * Whether the range has no page with a hardware error: what a program gets a
 * signal for would be the end of the kernel.
 */
static bool is_sound(struct membank_dataspace *dataspace, u64 offset,
		     u64 length)
{
	unsigned long first = offset >> PAGE_SHIFT;
	unsigned long pages = ((offset + length - 1) >> PAGE_SHIFT) - first + 1;

	return membank_pages_sound(dataspace->start + first, pages) == pages;
}

static bool holds_range(struct membank_dataspace *dataspace, u64 offset,
			u64 length)
{
	return length <= dataspace->length &&
	       offset <= dataspace->length - length;
}

static void *address_of(struct membank_dataspace *dataspace, u64 offset)
{
	return page_address(pfn_to_page(dataspace->start)) + offset;
}

/*
 * For as long as a piece takes. The memory of a handle that was taken back may stay in
 * use by others, so each piece has to be over by then, or is not begun.
 */
static bool begin_piece(struct membank_handle *handle)
{
	atomic_inc(&handle->copying);
	/* Either we see that it is taken back, or who does that waits for us. */
	smp_mb__after_atomic();
	if (!membank_handle_is_revoked(handle))
		return true;
	atomic_dec_and_wake_up(&handle->copying);
	return false;
}

static void end_piece(struct membank_handle *handle)
{
	atomic_dec_and_wake_up(&handle->copying);
}

/**
 * membank_dataspace_wait_copies() - wait until nobody clears or copies any more
 * @handle: that has been marked as taken back
 *
 * That is at most for as long as a piece takes, which others begin no more.
 */
void membank_dataspace_wait_copies(struct membank_handle *handle)
{
	/* Pairs with begin_piece(). */
	smp_mb();
	wait_var_event(&handle->copying,
		       !atomic_read_acquire(&handle->copying));
}

/**
 * membank_dataspace_clear() - make a range read as zero
 * @handle: of the dataspace
 * @offset: its first byte
 * @length: bytes, at least 1
 *
 * Return: 0, -EINVAL, -ERANGE, -ENODEV, -EIO (a hardware error), -EINTR.
 */
int membank_dataspace_clear(struct membank_handle *handle, u64 offset,
			    u64 length)
{
	struct membank_dataspace *dataspace = handle->dataspace;
	u64 done, count;
	int ret;

	if (!length)
		return -EINVAL;
	ret = membank_dataspace_use(handle);
	if (ret)
		return ret;
	ret = -ERANGE;
	if (!holds_range(dataspace, offset, length))
		goto unuse;
	ret = -EIO;
	if (!is_sound(dataspace, offset, length))
		goto unuse;

	ret = 0;
	for (done = 0; done < length && !ret; done += count) {
		if (!begin_piece(handle)) {
			ret = -ENODEV;
			break;
		}
		count = min_t(u64, length - done, CHUNK);
		memset(address_of(dataspace, offset + done), 0, count);
		end_piece(handle);
		cond_resched();
		if (fatal_signal_pending(current))
			ret = -EINTR;
	}
unuse:
	membank_dataspace_unuse(dataspace);
	return ret;
}

static int copy_piece(struct membank_handle *to_handle, void *to,
		      struct membank_handle *from_handle, const void *from,
		      u64 length)
{
	int ret = -ENODEV;

	if (!begin_piece(to_handle))
		return ret;
	if (begin_piece(from_handle)) {
		memmove(to, from, length);
		end_piece(from_handle);
		ret = 0;
	}
	end_piece(to_handle);
	return ret;
}

/* To a higher address from the end on: the ranges may overlap. */
static int copy_pieces(struct membank_handle *to_handle, u64 to_offset,
		       struct membank_handle *from_handle, u64 from_offset,
		       u64 length)
{
	void *to = address_of(to_handle->dataspace, to_offset);
	void *from = address_of(from_handle->dataspace, from_offset);
	bool backward = to > from;
	u64 left, count, place;
	int ret;

	for (left = length; left; left -= count) {
		count = min_t(u64, left, CHUNK);
		place = backward ? left - count : length - left;
		ret = copy_piece(to_handle, to + place, from_handle,
				 from + place, count);
		if (ret)
			return ret;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/**
 * membank_dataspace_copy() - copy from one dataspace to another
 * @to_handle: of the one that is written
 * @to_offset: its first byte
 * @from_handle: of the one that is read; may be the same, and the ranges may
 *               overlap
 * @from_offset: its first byte
 * @length: bytes, at least 1
 *
 * Return: 0, -EINVAL, -ERANGE, -ENODEV, -EIO (a hardware error), -EINTR.
 */
int membank_dataspace_copy(struct membank_handle *to_handle, u64 to_offset,
			   struct membank_handle *from_handle, u64 from_offset,
			   u64 length)
{
	struct membank_dataspace *from = from_handle->dataspace;
	struct membank_dataspace *to = to_handle->dataspace;
	int ret;

	if (!length)
		return -EINVAL;
	ret = membank_dataspace_use(to_handle);
	if (ret)
		return ret;
	ret = membank_dataspace_use(from_handle);
	if (ret)
		goto unuse_to;

	ret = -ERANGE;
	if (!holds_range(to, to_offset, length) ||
	    !holds_range(from, from_offset, length))
		goto unuse_from;
	ret = -EIO;
	if (!is_sound(to, to_offset, length) ||
	    !is_sound(from, from_offset, length))
		goto unuse_from;
	ret = copy_pieces(to_handle, to_offset, from_handle, from_offset,
			  length);

unuse_from:
	membank_dataspace_unuse(from);
unuse_to:
	membank_dataspace_unuse(to);
	return ret;
}
