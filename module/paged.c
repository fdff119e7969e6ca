// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions whose faults a program answers. L4Re's pagers, for which a thread
 * that faults sends a message and sleeps; here it is a descriptor that is read.
 *
 * A pager has two ends. The end of who answers is the pager's life; the other
 * is what regions are attached with. Each region with a pager is a file of its
 * own, which keeps the answers: a page that was answered is a page of a
 * dataspace, and is brought by the same code as in any other region.
 *
 * A thread that faults lets go of all locks before it waits, and comes back to
 * look for the answer, as with any fault that takes long. So a fault outlives
 * the call that made it in two cases: it was answered with an error, which is
 * found when the thread comes back; or a signal came between, and the answer is
 * on its way.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/maple_tree.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "dataspace.h"
#include "dmabuf.h"
#include "mapping.h"
#include "paged.h"
#include "space.h"

/**
 * struct membank_paged - a region with a pager, and its copies by fork()
 * @pager: likewise with a reference; constant
 * @attached: the descriptor it was attached with; constant
 * @first: page that the pager knows its first page as; constant
 * @pages: how many; constant
 * @flags: set of &enum membank_region_flags; constant
 * @inode: of its file; constant
 * @answers: struct membank_answer for each page that was answered; none is ever taken
 * out
 * @maker: who is still making it, with locks held; NULL: it is made
 * @mappings: how many VMAs it is: parts and copies
 */
struct membank_paged {
	struct membank_pager *pager;
	struct file *attached;
	pgoff_t first;
	unsigned long pages;
	u32 flags;
	struct inode *inode;
	struct maple_tree answers;
	const struct task_struct *maker;
	atomic_t mappings;
};

/**
 * struct membank_answer - pages of a region that are those of a dataspace
 * @view: tells who revokes the dataspace of the region
 * @dmabuf: the handle that the pager gave
 * @first: page of the region, as the pager knows it
 * @page: of the dataspace, that is there
 */
struct membank_answer {
	struct membank_view view;
	struct dma_buf *dmabuf;
	pgoff_t first;
	unsigned long page;
};

/**
 * membank_pager_put() - let go of a pager
 * @pager: that an end or a region holds
 */
void membank_pager_put(struct membank_pager *pager)
{
	if (!refcount_dec_and_test(&pager->refs))
		return;
	WARN_ON(!list_empty(&pager->faults));
	mutex_destroy(&pager->lock);
	kfree(pager);
}

static pgoff_t page_of(const struct membank_fault *fault)
{
	return fault->told.offset >> PAGE_SHIFT;
}

/**
 * membank_fault_set() - a fault is on its way
 * @fault: the fault; the lock of its pager is held
 * @state: where it is now
 */
void membank_fault_set(struct membank_fault *fault,
		       enum membank_fault_state state)
{
	struct membank_pager *pager = fault->region->pager;
	unsigned int unread = pager->unread;

	lockdep_assert_held(&pager->lock);
	unread += state == MEMBANK_FAULT_QUEUED;
	unread -= fault->state == MEMBANK_FAULT_QUEUED;
	WRITE_ONCE(pager->unread, unread);
	WRITE_ONCE(fault->state, state);
}

/* It is in no list, if there is one at all. */
static void free_fault(struct membank_fault *fault)
{
	if (!fault)
		return;
	mem_cgroup_put(fault->group);
	put_pid(fault->pid);
	put_pid(fault->tid);
	kfree(fault->answer);
	kfree(fault);
}

/**
 * membank_fault_free() - forget a fault
 * @fault: that nobody waits for; the lock of its pager is held
 */
void membank_fault_free(struct membank_fault *fault)
{
	membank_fault_set(fault, MEMBANK_FAULT_ANSWERED);
	list_del(&fault->node);
	free_fault(fault);
}

/* It has ended, or is about to: it comes back for nothing. */
static bool thread_is_gone(const struct membank_fault *fault)
{
	const struct task_struct *task;

	guard(rcu)
		();
	task = pid_task(fault->tid, PIDTYPE_PID);
	return !task || READ_ONCE(task->flags) & PF_EXITING;
}

/**
 * membank_fault_end() - let the thread of a fault go on
 * @fault: that waits; the lock of its pager is held, and keeps the fault while its
 * thread is woken
 * @state: %MEMBANK_FAULT_ANSWERED, or %MEMBANK_FAULT_FAILED: with an error
 */
void membank_fault_end(struct membank_fault *fault,
		       enum membank_fault_state state)
{
	/* An error is kept also for a thread that is not back yet, but can be. */
	if (fault->state == MEMBANK_FAULT_LEFT &&
	    (state == MEMBANK_FAULT_ANSWERED || thread_is_gone(fault))) {
		membank_fault_free(fault);
		return;
	}
	membank_fault_set(fault, state);
	wake_up(&fault->waiter);
}

/**
 * membank_fault_waits() - can a fault still be answered
 * @fault: the fault; the lock of its pager is held
 *
 * Return: whether it can.
 */
bool membank_fault_waits(const struct membank_fault *fault)
{
	return fault->state <= MEMBANK_FAULT_LEFT;
}

/* ------------------------------------------------ the thread that faults */

static struct membank_fault *create_fault(struct membank_paged *region,
					  struct vm_fault *vmf)
{
	struct membank_fault *fault = kzalloc_obj(*fault, GFP_KERNEL_ACCOUNT);

	if (!fault)
		return NULL;
	fault->answer = kzalloc_obj(*fault->answer, GFP_KERNEL_ACCOUNT);
	if (!fault->answer) {
		kfree(fault);
		return NULL;
	}
	fault->region = region;
	init_waitqueue_head(&fault->waiter);
	fault->group = get_mem_cgroup_from_mm(current->mm);
	fault->pid = get_pid(task_tgid(current));
	fault->tid = get_pid(task_pid(current));
	fault->told.address = vmf->real_address;
	fault->told.offset = (u64)vmf->pgoff << PAGE_SHIFT;
	if (vmf->flags & FAULT_FLAG_WRITE)
		fault->told.access = MEMBANK_PAGER_WRITE;
	return fault;
}

static void queue_fault(struct membank_pager *pager,
			struct membank_fault *fault)
{
	lockdep_assert_held(&pager->lock);
	fault->told.id = ++pager->last_id;
	list_add_tail(&fault->node, &pager->faults);
	WRITE_ONCE(pager->unread, pager->unread + 1);
}

static bool is_own(const struct membank_fault *fault,
		   const struct membank_paged *region)
{
	return fault->region == region && fault->tid == task_pid(current);
}

/*
 * What the last answer left of this thread's fault: whether it failed. If the
 * thread did not come back for it, but went elsewhere, that is over, and so is
 * what it does not wait for elsewhere. So are the errors of threads that have ended
 * instead.
 */
static bool take_failure(struct membank_paged *region, pgoff_t page)
{
	struct membank_fault *fault, *next;
	bool failed = false;

	list_for_each_entry_safe(fault, next, &region->pager->faults, node) {
		if (is_own(fault, region) &&
		    (fault->state != MEMBANK_FAULT_LEFT ||
		     page_of(fault) != page))
			failed = page_of(fault) == page;
		else if (fault->state != MEMBANK_FAULT_FAILED ||
			 !thread_is_gone(fault))
			continue;
		membank_fault_free(fault);
	}
	return failed;
}

/* The one this thread did not wait for, such that its answer is not lost. */
static struct membank_fault *adopt_fault(struct membank_paged *region,
					 pgoff_t page)
{
	struct membank_fault *fault;

	list_for_each_entry(fault, &region->pager->faults, node) {
		if (is_own(fault, region) &&
		    fault->state == MEMBANK_FAULT_LEFT &&
		    page_of(fault) == page) {
			membank_fault_set(fault, MEMBANK_FAULT_READ);
			return fault;
		}
	}
	return NULL;
}

/*
 * The fault to wait for, NULL: none, look again, or an ERR_PTR. Memory is asked for before
 * the lock is taken: who is at its limit must not keep others from it. They can be killed
 * while they wait for it, since the address space of who faults is locked here.
 */
static struct membank_fault *begin_fault(struct membank_paged *region,
					 struct vm_fault *vmf)
{
	struct membank_fault *fresh = create_fault(region, vmf), *fault = NULL;
	struct membank_pager *pager = region->pager;

	if (!fresh)
		return ERR_PTR(-ENOMEM);
	if (mutex_lock_killable(&pager->lock)) {
		free_fault(fresh);
		return ERR_PTR(-EINTR);
	}
	if (take_failure(region, vmf->pgoff)) {
		fault = ERR_PTR(-EIO);
		goto unlock;
	}
	if (mtree_load(&region->answers, vmf->pgoff))
		goto unlock;
	if (pager->gone) {
		fault = ERR_PTR(-ENODEV);
		goto unlock;
	}
	fault = adopt_fault(region, vmf->pgoff);
	if (!fault) {
		queue_fault(pager, fresh);
		swap(fault, fresh);
	}
unlock:
	mutex_unlock(&pager->lock);
	free_fault(fresh);
	return fault;
}

static void leave_fault(struct membank_pager *pager,
			struct membank_fault *fault)
{
	mutex_lock(&pager->lock);
	if (fault->state == MEMBANK_FAULT_READ &&
	    !fatal_signal_pending(current))
		membank_fault_set(fault, MEMBANK_FAULT_LEFT);
	else if (fault->state != MEMBANK_FAULT_FAILED ||
		 fatal_signal_pending(current))
		membank_fault_free(fault);
	mutex_unlock(&pager->lock);
}

/*
 * Who cannot be interrupted can be killed at least. A system call that touches
 * memory cannot: it would come back at once, with the signal still pending. Both
 * are frozen where they sleep when the machine is suspended, since the pager may be
 * frozen already. A system call may hold locks of others meanwhile, such as that of
 * a pipe: who waits for such a lock cannot be frozen, and the machine not be
 * suspended, until the pager has answered.
 */
static unsigned int wait_state(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_USER ?
		       TASK_INTERRUPTIBLE | TASK_FREEZABLE :
		       TASK_KILLABLE | TASK_FREEZABLE_UNSAFE;
}

static vm_fault_t ask_pager(struct membank_paged *region, struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	unsigned int state = wait_state(vmf);
	struct membank_fault *fault;

	/*
	 * Such as a task that ends: there is nothing to come back to. Or
	 * mlockall(MCL_FUTURE), which fills what is being attached. Or a
	 * thread of the kernel, which nobody could kill.
	 */
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY) ||
	    READ_ONCE(region->maker) == current ||
	    current->flags & (PF_EXITING | PF_DUMPCORE | PF_KTHREAD))
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	fault = begin_fault(region, vmf);
	if (!fault)
		return VM_FAULT_NOPAGE;
	if (IS_ERR(fault))
		return PTR_ERR(fault) == -ENOMEM ? VM_FAULT_OOM :
						   VM_FAULT_SIGBUS;

	wake_up_poll(&region->pager->readers, EPOLLIN | EPOLLRDNORM);
	/* From here on the VMA may be gone; the file keeps the region. */
	get_file(file);
	release_fault_lock(vmf);
	wait_event_state(fault->waiter,
			 READ_ONCE(fault->state) >= MEMBANK_FAULT_ANSWERED,
			 state);
	leave_fault(region->pager, fault);
	fput(file);
	return VM_FAULT_RETRY;
}

static vm_fault_t region_fault(struct vm_fault *vmf)
{
	struct membank_paged *region = vmf->vma->vm_file->private_data;
	struct membank_answer *answer =
		mtree_load(&region->answers, vmf->pgoff);

	if (!answer)
		return ask_pager(region, vmf);
	return membank_mapping_fault(vmf, membank_dmabuf_handle(answer->dmabuf),
				     answer->page + vmf->pgoff - answer->first);
}

static void region_open(struct vm_area_struct *vma)
{
	struct membank_paged *region = vma->vm_file->private_data;

	membank_mapping_open(vma);
	atomic_inc(&region->mappings);
}

static void region_close(struct vm_area_struct *vma)
{
	struct membank_paged *region = vma->vm_file->private_data;

	membank_mapping_close(vma);
	atomic_dec(&region->mappings);
}

static const struct vm_operations_struct region_ops = {
	.open = region_open,
	.close = region_close,
	.mremap = membank_mapping_moved,
	.fault = region_fault,
	.pfn_mkwrite = IS_ENABLED(CONFIG_FS_DAX) ? NULL :
						   membank_mapping_pfn_mkwrite,
};

/* ----------------------------------------------------------- the region */

static void free_answer(struct membank_answer *answer)
{
	struct membank_dataspace *dataspace =
		membank_dmabuf_dataspace(answer->dmabuf);

	membank_dataspace_remove_view(dataspace, &answer->view);
	membank_dataspace_unmap(dataspace);
	dma_buf_put(answer->dmabuf);
	kfree(answer);
}

static int region_release(struct inode *inode, struct file *file)
{
	struct membank_paged *region = file->private_data;
	struct membank_pager *pager = region->pager;
	struct membank_fault *fault, *next;
	struct membank_answer *answer;
	unsigned long page = 0;

	/* Nobody waits for these: who does holds the file. */
	mutex_lock(&pager->lock);
	list_for_each_entry_safe(fault, next, &pager->faults, node)
		if (fault->region == region)
			membank_fault_free(fault);
	mutex_unlock(&pager->lock);

	mt_for_each(&region->answers, answer, page, ULONG_MAX)
		free_answer(answer);
	/*
	 * Who could look without a lock is gone with the file. A tree of four levels
	 * that is ended for such ones makes the kernel take what it has noted at the
	 * end of a node for another node (7.3: mt_free_walk()).
	 */
	mt_clear_in_rcu(&region->answers);
	mtree_destroy(&region->answers);
	fput(region->attached);
	membank_pager_put(pager);
	kfree(region);
	return 0;
}

/* No descriptor of it is ever given out. */
static const struct file_operations region_fops = {
	.owner = THIS_MODULE,
	.release = region_release,
};

/**
 * membank_paged_create() - make a region with a pager, to be mapped
 * @attached: the end of a pager that regions are attached with; its reference
 *            goes to the region, or is given back
 * @offset: bytes, whole pages, that the pager knows its beginning as
 * @length: bytes, whole pages
 * @flags: set of &enum membank_region_flags
 *
 * Until membank_paged_made() the caller does not wait for the pager there.
 *
 * Return: its file, or an ERR_PTR: -ENODEV (the pager is gone), -ERANGE (no file
 * is as long as that), -ENOMEM, -ENFILE.
 */
struct file *membank_paged_create(struct file *attached, u64 offset, u64 length,
				  u32 flags)
{
	struct membank_paged *region;
	struct file *file;
	int ret = -ERANGE;

	if (length > MAX_LFS_FILESIZE || offset > MAX_LFS_FILESIZE - length)
		goto put_attached;
	ret = -ENOMEM;
	region = kzalloc_obj(*region, GFP_KERNEL_ACCOUNT);
	if (!region)
		goto put_attached;

	region->pager = attached->private_data;
	region->attached = attached;
	region->first = offset >> PAGE_SHIFT;
	region->pages = length >> PAGE_SHIFT;
	region->flags = flags;
	region->maker = current;
	/* Who faults looks without a lock. */
	mt_init_flags(&region->answers, MT_FLAGS_USE_RCU);
	ret = -ENODEV;
	if (READ_ONCE(region->pager->gone))
		goto free_region;

	/*
	 * An inode of its own, for who revokes what is mapped there. Its size
	 * of 0 keeps the kernel from mapping more of a folio than the page
	 * that was asked for: what is around it may be elsewhere.
	 */
	file = anon_inode_create_getfile("[membank-pager]", &region_fops,
					 region, O_RDWR, NULL);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret)
		goto free_region;
	region->inode = file_inode(file);
	/* Pages of any bank may come: see membank_mapping_guard(). */
	inode_set_flags(region->inode, S_DAX, S_DAX);
	refcount_inc(&region->pager->refs);
	return file;

free_region:
	kfree(region);
put_attached:
	fput(attached);
	return ERR_PTR(ret);
}

/**
 * membank_paged_init() - make a new VMA a region with a pager
 * @vma: the VMA
 * @placement: with a file of membank_paged_create()
 *
 * Return: 0, -EOPNOTSUPP (executable), -ENOMEM.
 */
int membank_paged_init(struct vm_area_struct *vma,
		       const struct membank_placement *placement)
{
	struct membank_paged *region = placement->file->private_data;
	int ret = membank_mapping_check(vma);

	if (!ret)
		ret = membank_mapping_prepare(vma, NULL, placement->flags,
					      placement->area);
	if (ret)
		return ret;
	vma->vm_ops = &region_ops;
	atomic_inc(&region->mappings);
	return 0;
}

/**
 * membank_paged_mappings() - what is left of a region
 * @region: its file
 *
 * Return: VMAs in all processes.
 */
unsigned int membank_paged_mappings(struct file *region)
{
	const struct membank_paged *of = region->private_data;

	return atomic_read(&of->mappings);
}

/**
 * membank_paged_made() - a region with a pager is there
 * @region: its file
 */
void membank_paged_made(struct file *region)
{
	struct membank_paged *made = region->private_data;

	WRITE_ONCE(made->maker, NULL);
}

/**
 * membank_paged_attached() - what a region with a pager was attached with
 * @region: its file
 *
 * Return: the file of that descriptor, with a reference.
 */
struct file *membank_paged_attached(struct file *region)
{
	struct membank_paged *of = region->private_data;

	return get_file(of->attached);
}

/**
 * membank_paged_is_gone() - does nobody answer any more
 * @region: the file of a region
 */
bool membank_paged_is_gone(struct file *region)
{
	struct membank_paged *of = region->private_data;

	return READ_ONCE(of->pager->gone);
}

/* ------------------------------------------------------------ answers */

/*
 * How many pages from @page on have no answer yet, @most at most. That one has
 * none, as there is a fault that waits for it.
 */
static unsigned long unanswered(struct membank_paged *region, pgoff_t page,
				unsigned long most)
{
	unsigned long index = page;
	struct membank_answer *answer;

	most = min(most, region->first + region->pages - page);
	answer = mt_find(&region->answers, &index, page + most - 1);
	return answer ? answer->first - page : most;
}

/*
 * What is kept for it is charged to who faults, who alone knows how many there may be, and
 * was allocated when that could wait without the lock. The tree's part is asked for here:
 * not with all means, since others wait for the lock.
 */
static int add_answer(struct membank_fault *fault, unsigned long pages,
		      struct dma_buf *dmabuf, u64 offset)
{
	struct membank_dataspace *dataspace = membank_dmabuf_dataspace(dmabuf);
	struct membank_paged *region = fault->region;
	struct membank_answer *answer = fault->answer;
	pgoff_t page = page_of(fault);
	struct mem_cgroup *old;
	int ret;

	lockdep_assert_held(&region->pager->lock);
	answer->view.inode = region->inode;
	answer->view.first = page;
	answer->view.pages = pages;
	answer->dmabuf = dmabuf;
	answer->first = page;
	answer->page = offset >> PAGE_SHIFT;

	ret = membank_dataspace_map(dataspace, false);
	if (ret)
		return ret;
	ret = membank_dataspace_add_view(membank_dmabuf_handle(dmabuf),
					 &answer->view);
	if (ret)
		goto unmap;
	old = set_active_memcg(fault->group);
	ret = mtree_insert_range(&region->answers, page, page + pages - 1,
				 answer, GFP_KERNEL_ACCOUNT | __GFP_NORETRY);
	set_active_memcg(old);
	if (ret)
		goto remove_view;
	get_dma_buf(dmabuf);
	fault->answer = NULL;
	return 0;

remove_view:
	membank_dataspace_remove_view(dataspace, &answer->view);
unmap:
	membank_dataspace_unmap(dataspace);
	return ret;
}

static int check_answer(const struct membank_paged *region,
			struct dma_buf *dmabuf,
			const struct membank_pager_reply *args)
{
	u32 rights = MEMBANK_DATASPACE_READ;

	if (!(region->flags & MEMBANK_REGION_READ_ONLY))
		rights |= MEMBANK_DATASPACE_WRITE;
	if ((membank_dmabuf_handle(dmabuf)->rights & rights) != rights)
		return -EACCES;
	if (args->offset >= dmabuf->size ||
	    args->length > dmabuf->size - args->offset)
		return -ERANGE;
	return 0;
}

/* Each of these threads, and others at pages that came with it, goes on. */
static void end_faults(struct membank_paged *region, pgoff_t page,
		       unsigned long pages)
{
	struct membank_fault *fault, *next;

	list_for_each_entry_safe(fault, next, &region->pager->faults, node)
		if (fault->region == region && membank_fault_waits(fault) &&
		    page_of(fault) >= page && page_of(fault) < page + pages)
			membank_fault_end(fault, MEMBANK_FAULT_ANSWERED);
}

/**
 * membank_paged_answer() - bring what a fault asks for
 * @fault: that waits; the lock of its pager is held
 * @dmabuf: what is to be there
 * @args: and of it, which part
 *
 * Return: 0 or a negative errno, as PAGER_REPLY has it; then it still waits.
 */
int membank_paged_answer(struct membank_fault *fault, struct dma_buf *dmabuf,
			 const struct membank_pager_reply *args)
{
	struct membank_paged *region = fault->region;
	unsigned long pages = PAGE_ALIGN(args->length) >> PAGE_SHIFT;
	pgoff_t page = page_of(fault);
	int ret;

	ret = check_answer(region, dmabuf, args);
	if (ret)
		return ret;
	pages = unanswered(region, page, pages ?: 1);
	ret = add_answer(fault, pages, dmabuf, args->offset);
	if (!ret)
		end_faults(region, page, pages);
	return ret;
}
