/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_PAGED_H
#define MEMBANK_PAGED_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <linux/membank.h>

struct dma_buf;
struct file;
struct membank_answer;
struct membank_paged;
struct membank_placement;
struct pid;
struct vm_area_struct;

/**
 * struct membank_pager - what both ends have
 * @refs: one for each end and each region
 * @fault_size: bytes of a fault for who reads it; constant
 * @lock: guards all below, all faults, and who adds an answer
 * @faults: that were not answered yet, oldest first
 * @unread: how many of them nobody has read yet
 * @last_id: of the newest fault
 * @gone: the end of who answers is closed
 * @unused: the other end is closed, and with it all regions are gone
 * @readers: who waits for a fault
 * @users: who waits for the pager's end
 */
struct membank_pager {
	refcount_t refs;
	u32 fault_size;
	/* Everything below, all faults, and who adds an answer. */
	struct mutex lock;
	struct list_head faults;
	unsigned int unread;
	u64 last_id;
	bool gone;
	bool unused;
	wait_queue_head_t readers;
	wait_queue_head_t users;
};

/**
 * enum membank_fault_state - where a fault is on its way
 * @MEMBANK_FAULT_QUEUED: nobody has read it yet
 * @MEMBANK_FAULT_READ: the pager has read it
 * @MEMBANK_FAULT_LEFT: likewise, but a signal came and the thread does not wait
 * @MEMBANK_FAULT_ANSWERED: the thread can go on
 * @MEMBANK_FAULT_FAILED: the thread is to find this when it comes back
 */
enum membank_fault_state {
	MEMBANK_FAULT_QUEUED,
	MEMBANK_FAULT_READ,
	MEMBANK_FAULT_LEFT,
	MEMBANK_FAULT_ANSWERED,
	MEMBANK_FAULT_FAILED,
};

/**
 * struct membank_fault - one thread at one page
 * @node: in the pager's faults
 * @region: where
 * @pid: of its process, with a reference
 * @tid: of the thread, with a reference: no other thread gets the same
 * @group: the memory control group it is in, with a reference: what the answer takes is
 *         charged to it
 * @answer: memory for its answer, until it has one
 * @state: one of &enum membank_fault_state
 * @waiter: the thread, while it waits; nobody else
 * @told: what read() gives
 */
struct membank_fault {
	struct list_head node;
	struct membank_paged *region;
	struct pid *pid;
	struct pid *tid;
	struct mem_cgroup *group;
	struct membank_answer *answer;
	enum membank_fault_state state;
	wait_queue_head_t waiter;
	struct membank_pager_fault told;
};

void membank_pager_put(struct membank_pager *pager);

bool membank_fault_waits(const struct membank_fault *fault);
void membank_fault_set(struct membank_fault *fault,
		       enum membank_fault_state state);
void membank_fault_free(struct membank_fault *fault);
void membank_fault_end(struct membank_fault *fault,
		       enum membank_fault_state state);

struct file *membank_paged_create(struct file *attached, u64 offset, u64 length,
				  u32 flags);
int membank_paged_init(struct vm_area_struct *vma,
		       const struct membank_placement *placement);
void membank_paged_made(struct file *region);
struct file *membank_paged_attached(struct file *region);
unsigned int membank_paged_mappings(struct file *region);
bool membank_paged_is_gone(struct file *region);
int membank_paged_answer(struct membank_fault *fault, struct dma_buf *dmabuf,
			 const struct membank_pager_reply *args);

#endif /* MEMBANK_PAGED_H */
