// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detaching regions: in the address space of who asks, and in that of another
 * process.
 */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include <linux/membank.h>

#include "area.h"
#include "compat.h"
#include "dataspace.h"
#include "detach.h"
#include "dmabuf.h"
#include "limit.h"
#include "lookup.h"
#include "mapping.h"
#include "paged.h"
#include "space.h"

#define DETACH_FLAGS (MEMBANK_DETACH_UNMAP | MEMBANK_DETACH_DATASPACE)

/* For detaching in other processes. */
static struct workqueue_struct *detach_queue;

/*
 * How many of these each user has under way. Who is waited for may be in no hurry, and the
 * kernel has no more than about a thousand tasks for all that wait.
 */
static struct membank_limit detaches;

/**
 * membank_detach_init() - before there is a region map
 *
 * Return: 0 or -ENOMEM.
 */
int membank_detach_init(void)
{
	detach_queue = alloc_workqueue("membank_detach", WQ_UNBOUND, 0);
	if (!detach_queue)
		return -ENOMEM;
	membank_limit_init(&detaches, MEMBANK_DETACHES_MAX);
	return 0;
}

/**
 * membank_detach_exit() - after the last region map
 */
void membank_detach_exit(void)
{
	destroy_workqueue(detach_queue);
	membank_limit_exit(&detaches);
}

/**
 * struct detaching - what to detach, and what came of it
 * @args: see &struct membank_region_detach
 * @only: mappings of this file, NULL: any region
 * @asker: the credentials of who asks for the dataspace
 * @own: the region map is that of who asks
 * @wants_file: somebody asks for the dataspace, so only the first is detached
 * @abandoned: who asked was killed: no further region is detached
 * @file: what then holds it, with a reference, or NULL
 */
struct detaching {
	struct membank_region_detach args;
	const struct file *only;
	const struct cred *asker;
	bool own;
	bool wants_file;
	bool abandoned;
	struct file *file;
};

/**
 * struct piece - what of a region is to be detached
 * @region: as it was seen, whole
 * @start: first address
 * @length: bytes
 * @mapping: with a reference
 * @area: the area it is in, with a reference to its file, or NULL
 */
struct piece {
	struct membank_region region;
	unsigned long start;
	unsigned long length;
	struct membank_mapping *mapping;
	struct membank_area *area;
};

static bool see_piece(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end, const struct file *only,
		      struct piece *piece)
{
	if (only && vma->vm_file != only)
		return false;
	if (!membank_region_see(vma, &piece->region))
		return false;
	piece->start = max(start, vma->vm_start);
	piece->length = min(end, vma->vm_end) - piece->start;
	piece->mapping = membank_mapping_of(vma);
	refcount_inc(&piece->mapping->refs);
	piece->area = membank_area_of(vma);
	if (piece->area)
		get_file(piece->area->file);
	return true;
}

static void drop_piece(struct piece *piece)
{
	if (piece->area)
		membank_area_put(piece->area);
	membank_mapping_put(piece->mapping);
	fput(piece->region.file);
}

/* The first region that has an address in the range; 0, -ENOENT, -EINTR. */
static int next_piece(unsigned long start, unsigned long end,
		      const struct file *only, struct piece *piece)
{
	VMA_ITERATOR(vmi, current->mm, start);
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	for_each_vma_range(vmi, vma, end) {
		if (see_piece(vma, start, end, only, piece)) {
			ret = 0;
			break;
		}
	}
	mmap_read_unlock(current->mm);
	return ret;
}

static unsigned int count_regions(unsigned long start, unsigned long end)
{
	VMA_ITERATOR(vmi, current->mm, start);
	struct vm_area_struct *vma;
	unsigned int count = 0;

	mmap_read_lock(current->mm);
	for_each_vma_range(vmi, vma, end)
		count += !!membank_mapping_of(vma);
	mmap_read_unlock(current->mm);
	return count;
}

static bool is_mapped_elsewhere(const struct piece *piece)
{
	const struct membank_handle *handle = piece->mapping->handle;

	if (!handle)
		return membank_paged_mappings(piece->region.file);
	return membank_dataspace_mappings(handle->dataspace);
}

static void count_piece(const struct piece *piece,
			struct membank_region_detach *args)
{
	if (piece->length < piece->region.end - piece->region.start)
		args->out_split++;
	else if (is_mapped_elsewhere(piece))
		args->out_kept++;
	else
		args->out_dropped++;
	if (!args->out_length)
		args->out_start = piece->start;
	args->out_length = piece->start + piece->length - args->out_start;
}

/* It is charged to who asks, also if a worker does it. */
static struct file *lend_piece(const struct piece *piece,
			       const struct detaching *what)
{
	const struct cred *old = override_creds(what->asker);
	struct file *file;

	get_file(piece->region.file);
	file = membank_region_lend(&piece->region, what->own);
	revert_creds(old);
	return file;
}

/* Whether the kernel had unmapped it before it ran short. */
static bool is_unmapped(const struct piece *piece)
{
	VMA_ITERATOR(vmi, current->mm, piece->start);
	struct vm_area_struct *vma;
	bool found = false;

	mmap_read_lock(current->mm);
	for_each_vma_range(vmi, vma, piece->start + piece->length)
		found |= membank_mapping_of(vma) == piece->mapping;
	mmap_read_unlock(current->mm);
	return !found;
}

static int detach_piece(struct membank_space *space, const struct piece *piece,
			struct detaching *what)
{
	struct file *file = NULL;
	int ret;

	/* First what can fail: else nobody might hold the dataspace any more. */
	if (what->wants_file) {
		file = lend_piece(piece, what);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	if (piece->area)
		ret = membank_area_refill(space, piece->area, piece->start,
					  piece->length,
					  MEMBANK_REGION_OVERMAP);
	else
		ret = vm_munmap(piece->start, piece->length);
	/* Even if its place is lost to the area, it is detached. */
	if (ret == -ENOMEM && is_unmapped(piece))
		ret = 0;
	if (ret) {
		if (file)
			fput(file);
		return ret;
	}
	what->file = file;
	count_piece(piece, &what->args);
	return 0;
}

/* The next one to detach, if there is still somebody who wants that. */
static int next_to_detach(unsigned long start, unsigned long end,
			  const struct detaching *what, struct piece *piece)
{
	int ret = next_piece(start, end, what->only, piece);

	if (!ret && READ_ONCE(what->abandoned)) {
		drop_piece(piece);
		ret = -EINTR;
	}
	return ret;
}

/* Others have mapped where a region was seen: what is there now? */
static bool is_gone(int error)
{
	return error == -EADDRNOTAVAIL && !fatal_signal_pending(current);
}

/* In the address space that is current: one region after the other. */
static int detach_range(struct membank_space *space, struct detaching *what)
{
	unsigned long start = what->args.addr, end = start + what->args.length;
	struct piece piece;
	int ret;

	lockdep_assert_held(&space->lock);
	do {
		ret = next_to_detach(start, end, what, &piece);
		if (ret)
			break;
		ret = detach_piece(space, &piece, what);
		if (!ret)
			start = piece.start + piece.length;
		drop_piece(&piece);
	} while (ret ? is_gone(ret) : !what->wants_file);

	if (!ret)
		what->args.out_more = count_regions(start, end);
	return ret == -ENOENT && what->args.out_length ? 0 : ret;
}

static int detach_whole(struct membank_space *space, struct detaching *what)
{
	struct piece piece;
	int ret;

	do {
		ret = next_to_detach(what->args.addr, what->args.addr + 1, what,
				     &piece);
		if (ret)
			break;
		piece.start = piece.region.start;
		piece.length = piece.region.end - piece.region.start;
		ret = detach_piece(space, &piece, what);
		drop_piece(&piece);
	} while (is_gone(ret));
	return ret;
}

static int detach_here(struct membank_space *space, struct detaching *what)
{
	int ret;

	if (mutex_lock_killable(&space->lock))
		return -EINTR;
	if (what->args.length)
		ret = detach_range(space, what);
	else
		ret = detach_whole(space, what);
	mutex_unlock(&space->lock);
	return ret;
}

/**
 * struct detach_job - detaching in another process
 * @work: does it
 * @refs: one for who asked, one for @work
 * @done: it is done
 * @space: where, with a reference; its address space has a user until @done
 * @group: which memory control group who asked is in, with a reference
 * @share: whose it is, who can have so many; until @done
 * @what: what, and what came of it; with a reference to its credentials
 * @ret: 0 or a negative errno
 */
struct detach_job {
	struct work_struct work;
	refcount_t refs;
	struct completion done;
	struct membank_space *space;
	struct mem_cgroup *group;
	struct membank_share share;
	struct detaching what;
	int ret;
};

static void job_put(struct detach_job *job)
{
	if (!refcount_dec_and_test(&job->refs))
		return;
	if (job->what.file)
		fput(job->what.file);
	put_cred(job->what.asker);
	mem_cgroup_put(job->group);
	membank_space_put(job->space);
	kfree(job);
}

/* The kernel maps and unmaps in the address space of who calls only. */
static void detach_work(struct work_struct *work)
{
	struct detach_job *job = container_of(work, struct detach_job, work);
	struct mem_cgroup *old;

	old = set_active_memcg(job->group);
	kthread_use_mm(job->space->mm);
	job->ret = detach_here(job->space, &job->what);
	kthread_unuse_mm(job->space->mm);
	/* Before anybody has an answer: else the process could end before its map does. */
	mmput(job->space->mm);
	set_active_memcg(old);
	clear_and_wake_up_bit(0, &job->space->detaching);
	/* Who has an answer has nothing under way any more. */
	membank_limit_uncharge(&detaches, &job->share);
	complete(&job->done);
	job_put(job);
}

/*
 * The other process may keep its locks for as long as it likes, so who waits
 * for it can be killed, and is frozen meanwhile when the machine is suspended. The
 * task that was begun for it then waits on, but it is the only one there: whoever
 * comes next waits for it here.
 */
static int detach_there(struct membank_space *space, struct detaching *what)
{
	struct detach_job *job;
	int ret;

	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		return -ENOMEM;
	ret = membank_limit_charge(&detaches, 1, &job->share);
	if (ret)
		goto free_job;
	if (wait_on_bit_lock(&space->detaching, 0,
			     TASK_KILLABLE | TASK_FREEZABLE)) {
		ret = -EINTR;
		goto uncharge;
	}
	if (!space->mm || !mmget_not_zero(space->mm)) {
		clear_and_wake_up_bit(0, &space->detaching);
		ret = -ESRCH;
		goto uncharge;
	}
	INIT_WORK(&job->work, detach_work);
	refcount_set(&job->refs, 2);
	init_completion(&job->done);
	refcount_inc(&space->refs);
	job->space = space;
	job->group = get_mem_cgroup_from_mm(current->mm);
	job->what = *what;
	get_cred(job->what.asker);
	queue_work(detach_queue, &job->work);

	if (wait_for_completion_state(&job->done,
				      TASK_KILLABLE | TASK_FREEZABLE)) {
		WRITE_ONCE(job->what.abandoned, true);
		ret = -EINTR;
	} else {
		ret = job->ret;
	}
	if (!ret) {
		*what = job->what;
		job->what.file = NULL;
	}
	job_put(job);
	return ret;

uncharge:
	membank_limit_uncharge(&detaches, &job->share);
free_job:
	kfree(job);
	return ret;
}

/**
 * membank_detach_file() - detach what is mapped of one file
 * @space: the region map of the caller
 * @file: the file
 * @start: the first address
 * @length: bytes; what is there by now and is not of @file stays
 */
void membank_detach_file(struct membank_space *space, const struct file *file,
			 unsigned long start, unsigned long length)
{
	struct detaching what = {
		.args = { .addr = start, .length = length },
		.only = file,
	};

	mutex_lock(&space->lock);
	detach_range(space, &what);
	mutex_unlock(&space->lock);
}

/**
 * membank_region_detach() - detach regions
 * @space: the region map
 * @args: see &struct membank_region_detach; @out_fd is left to the caller
 * @file: set to what that is to be, with a reference, or to NULL
 *
 * Return: 0 or a negative errno, as the ABI says.
 */
int membank_region_detach(struct membank_space *space,
			  struct membank_region_detach *args,
			  struct file **file)
{
	struct detaching what = {
		.args = { .addr = args->addr },
		.asker = current_cred(),
		.own = space->mm == current->mm,
		.wants_file = args->flags & MEMBANK_DETACH_DATASPACE,
	};
	u64 offset = offset_in_page(args->addr);
	int ret;

	if (args->flags & ~DETACH_FLAGS)
		return -EOPNOTSUPP;
	if (args->__reserved || args->addr + args->length < args->addr)
		return -EINVAL;
	if (!what.own && !(args->flags & MEMBANK_DETACH_UNMAP))
		return -EPERM;
	if (args->length) {
		what.args.addr -= offset;
		what.args.length = PAGE_ALIGN(args->length + offset);
		if (!what.args.length ||
		    what.args.addr + what.args.length < what.args.addr)
			return -EINVAL;
	}

	if (what.own)
		ret = detach_here(space, &what);
	else
		ret = detach_there(space, &what);
	if (ret)
		return ret;
	args->out_start = what.args.out_start;
	args->out_length = what.args.out_length;
	args->out_dropped = what.args.out_dropped;
	args->out_kept = what.args.out_kept;
	args->out_split = what.args.out_split;
	args->out_more = what.args.out_more;
	*file = what.file;
	return 0;
}
