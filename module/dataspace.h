/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_DATASPACE_H
#define MEMBANK_DATASPACE_H

#include <linux/atomic.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "bank.h"
#include "limit.h"
#include "offer.h"

struct dma_buf;
struct inode;
struct membank_dataspace;
struct pid;

/**
 * struct membank_handle - a dma-buf of a dataspace, which it is the private data of
 * @dataspace: holds a reference; constant
 * @rights: set of &enum membank_dataspace_rights; constant
 * @tag: to whom it was lent; constant
 * @share: whose it is then, who can have so many
 * @revoked: what was lent was taken back; set once, under the dataspace's lock;
 *           also read without
 * @copying: how many write or read the memory in this moment, for clearing and copying
 * @mapped: devices that have it mapped for DMA; under the dma_resv lock
 * @dmabuf: the dma-buf, which holds us; constant
 * @inode: of the dma-buf, with a reference: its file and dentry may be gone
 *         before us; constant
 * @node: in the dataspace's handles; under its lock
 */
struct membank_handle {
	struct membank_dataspace *dataspace;
	u32 rights;
	struct membank_tag tag;
	struct membank_share share;
	bool revoked;
	atomic_t copying;
	unsigned int mapped;
	struct dma_buf *dmabuf;
	struct inode *inode;
	struct list_head node;
};

/**
 * struct membank_dataspace - one contiguous, zeroed extent of a bank
 * @refs: one for each handle, one for each service that offers it
 * @uses: one until it is revoked, one for each who uses the memory by other
 *        means than a mapping: a device, a copy on its way; with the last
 *        @lease ends
 * @parts: one until @refs is 0, one until @lease has ended
 * @bank: whose memory it is; constant
 * @lease: the memory, which belongs to us until @uses is 0
 * @start: page frame number of its first page; constant
 * @pages: how many; constant
 * @length: bytes that were asked for, at most @pages pages; constant
 * @flags: set of &enum membank_dataspace_flags; constant
 * @creator: the process that allocated it, with a reference; constant
 * @comm: its name then; constant
 * @node: in the list of all dataspaces; under the lock of that
 * @touched: somebody has been able to reach the memory: it was mapped, or used by
 *           other means, or its address was asked for; set before that, and for
 *           good; read with the last use
 * @mappings: VMAs of it in all processes, and answers of pagers, with a bit for
 *            "nobody else"; atomic
 * @lock: guards @handles, @live, @views, and who revokes
 * @first: the handle that it began with, which may have ended
 * @handles: the dma-bufs that stand for it (dmabuf.c)
 * @live: how many of @handles were not taken back, and services that offer it
 * @views: other files whose mappings have pages of it (paged.c)
 * @revoked: set once, under @lock; also read without
 * @resv: fences and the dma-buf lock of all its handles
 * @tables_lock: guards @tables
 * @tables: how it is mapped for devices, through any of its handles (dmabuf.c)
 * @fence: once revoked: what has to be signaled before the memory can go
 * @fence_cb: waits for @fence
 * @revoke_work: lets the memory go then
 */
struct membank_dataspace {
	refcount_t refs;
	refcount_t uses;
	refcount_t parts;
	struct membank_bank *bank;
	struct membank_lease lease;
	unsigned long start;
	unsigned long pages;
	u64 length;
	u32 flags;
	struct pid *creator;
	char comm[TASK_COMM_LEN];
	struct list_head node;
	bool touched;
	atomic_t mappings;

	/* The handles and views, and that only one revokes. */
	struct mutex lock;
	struct membank_handle first;
	struct list_head handles;
	unsigned int live;
	struct list_head views;
	bool revoked;
	struct dma_resv resv;

	/* The list below. */
	struct mutex tables_lock;
	struct list_head tables;

	struct dma_fence *fence;
	struct dma_fence_cb fence_cb;
	struct work_struct revoke_work;
};

/**
 * membank_handle_is_revoked() - is a handle good for nothing any more
 * @handle: the handle
 */
static inline bool
membank_handle_is_revoked(const struct membank_handle *handle)
{
	return READ_ONCE(handle->dataspace->revoked) ||
	       READ_ONCE(handle->revoked);
}

/**
 * struct membank_view - a file that is no handle, with pages of a dataspace in
 *                       its mappings
 * @node: in the dataspace's views; under its lock
 * @inode: of the file, which outlives the view
 * @first: page of the file; constant
 * @pages: how many; constant
 */
struct membank_view {
	struct list_head node;
	struct inode *inode;
	pgoff_t first;
	unsigned long pages;
};

/**
 * struct membank_dataspace_state - how a dataspace is used at one moment
 * @handles: dma-bufs that stand for it
 * @mappings: VMAs of it in all processes
 * @devices: how often it is mapped for a device
 * @revoked: it was revoked
 */
struct membank_dataspace_state {
	unsigned int handles;
	unsigned int mappings;
	unsigned int devices;
	bool revoked;
};

struct membank_dataspace *membank_dataspace_create(struct membank_bank *bank,
						   u64 length, u32 flags,
						   u32 align);
void membank_dataspace_get(struct membank_dataspace *dataspace);
void membank_dataspace_put(struct membank_dataspace *dataspace);

void membank_dataspace_state(struct membank_dataspace *dataspace,
			     struct membank_dataspace_state *state);
struct membank_dataspace *
membank_dataspace_next(struct membank_dataspace *previous);

int membank_dataspace_map(struct membank_dataspace *dataspace, bool alone);
void membank_dataspace_map_again(struct membank_dataspace *dataspace);
void membank_dataspace_unmap(struct membank_dataspace *dataspace);
unsigned int
membank_dataspace_mappings(const struct membank_dataspace *dataspace);

int membank_dataspace_add_view(const struct membank_handle *handle,
			       struct membank_view *view);
void membank_dataspace_remove_view(struct membank_dataspace *dataspace,
				   struct membank_view *view);

/**
 * membank_dataspace_touch() - the memory is not what it was any more
 * @dataspace: before anybody can reach it
 */
static inline void membank_dataspace_touch(struct membank_dataspace *dataspace)
{
	WRITE_ONCE(dataspace->touched, true);
}

int membank_dataspace_use(const struct membank_handle *handle);
void membank_dataspace_unuse(struct membank_dataspace *dataspace);

void membank_dataspace_wait_copies(struct membank_handle *handle);
int membank_dataspace_clear(struct membank_handle *handle, u64 offset,
			    u64 length);
int membank_dataspace_copy(struct membank_handle *to_handle, u64 to_offset,
			   struct membank_handle *from_handle, u64 from_offset,
			   u64 length);

#endif /* MEMBANK_DATASPACE_H */
