// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/membank/NAME: who holds and maps what of a bank. For people
 * who look for a leak, not an ABI. A line for each dataspace,
 *
 *	offset length flags handles mappings devices pid comm
 *
 * with the process that allocated it, and below it one for each mapping and each
 * descriptor of it,
 *
 *	pid comm start-end rights
 *	pid comm fd=number rights
 *
 * Odd characters of a name are escaped. What is in a socket on its way, or held
 * by a service, is not found.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <linux/membank.h>

#include "bank.h"
#include "compat.h"
#include "dataspace.h"
#include "debugfs.h"
#include "dmabuf.h"
#include "mapping.h"

/**
 * struct holder - one mapping or descriptor of a dataspace
 * @dataspace: whose; nobody holds it for us, it is only compared
 * @pid: of the process, as the reader sees it
 * @comm: its name
 * @fd: the descriptor, or -1 for a mapping
 * @start: of the mapping
 * @end: likewise
 * @rights: set of &enum membank_dataspace_rights
 */
struct holder {
	const struct membank_dataspace *dataspace;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	int fd;
	unsigned long start;
	unsigned long end;
	u32 rights;
};

/**
 * struct holders - all that were found
 * @bank: the bank that is looked at
 * @task: the process that is looked at
 * @found: how many there are; more than @room: some did not fit
 * @room: how many fit
 * @holder: @room of them
 */
struct holders {
	const struct membank_bank *bank;
	struct task_struct *task;
	size_t found;
	size_t room;
	struct holder *holder;
};

static struct dentry *root;

static void add_holder(struct holders *holders, struct holder holder)
{
	if (holder.dataspace->bank != holders->bank)
		return;
	holder.pid = task_tgid_vnr(holders->task);
	get_task_comm(holder.comm, holders->task);
	if (holders->found < holders->room)
		holders->holder[holders->found] = holder;
	holders->found++;
}

/* Called under a spinlock, for each descriptor of a process. */
static int find_descriptor(const void *data, struct file *file, unsigned int fd)
{
	struct dma_buf *dmabuf = membank_dmabuf_of_file(file);
	struct holder holder = { .fd = fd };

	if (!dmabuf)
		return 0;
	holder.dataspace = membank_dmabuf_dataspace(dmabuf);
	holder.rights = membank_dmabuf_handle(dmabuf)->rights;
	add_holder((struct holders *)data, holder);
	return 0;
}

/* Any process may keep that lock for as long as it likes. */
static int find_mappings(struct holders *holders, struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	for_each_vma(vmi, vma) {
		struct holder holder = {
			.dataspace = membank_mapping_dataspace(vma),
			.fd = -1,
			.start = vma->vm_start,
			.end = vma->vm_end,
			.rights = MEMBANK_DATASPACE_READ,
		};

		if (vma->vm_flags & VM_MAYWRITE)
			holder.rights |= MEMBANK_DATASPACE_WRITE;
		if (holder.dataspace)
			add_holder(holders, holder);
	}
	mmap_read_unlock(mm);
	return 0;
}

static int find_in_process(struct holders *holders, struct task_struct *task)
{
	struct mm_struct *mm;
	int ret = 0;

	holders->task = task;
	task_lock(task);
	iterate_fd(task->files, 0, find_descriptor, holders);
	task_unlock(task);

	mm = get_task_mm(task);
	if (mm) {
		ret = find_mappings(holders, mm);
		mmput(mm);
	}
	return ret;
}

/* All processes, each with a reference; NULL if there is no memory. */
static struct task_struct **all_processes(size_t *count)
{
	struct task_struct **tasks = NULL, *task;
	size_t found = 0, room;

	do {
		kvfree(tasks);
		room = found + 64;
		tasks = kvmalloc_array(room, sizeof(*tasks), GFP_KERNEL);
		if (!tasks)
			return NULL;
		found = 0;
		rcu_read_lock();
		for_each_process(task)
			found++;
		if (found <= room) {
			found = 0;
			for_each_process(task)
				if (found < room)
					tasks[found++] = get_task_struct(task);
			room = SIZE_MAX;
		}
		rcu_read_unlock();
	} while (room != SIZE_MAX);
	*count = found;
	return tasks;
}

static int find_holders(struct holders *holders)
{
	struct task_struct **tasks;
	size_t count, i;
	int ret = 0;

	tasks = all_processes(&count);
	if (!tasks)
		return -ENOMEM;
	holders->found = 0;
	for (i = 0; i < count; i++) {
		if (!ret)
			ret = find_in_process(holders, tasks[i]);
		put_task_struct(tasks[i]);
		cond_resched();
	}
	kvfree(tasks);
	return ret;
}

/* With room for all that are found. */
static int collect_holders(struct holders *holders)
{
	int ret;

	do {
		kvfree(holders->holder);
		holders->room = holders->found + 64;
		holders->holder =
			kvmalloc_objs(*holders->holder, holders->room);
		if (!holders->holder)
			return -ENOMEM;
		ret = find_holders(holders);
		if (ret)
			return ret;
	} while (holders->found > holders->room);
	return 0;
}

static const char *rights_text(u32 rights)
{
	static const char *const texts[] = { "-", "r",	"w",  "rw",
					     "o", "ro", "wo", "rwo" };

	return texts[rights % ARRAY_SIZE(texts)];
}

static void show_holder(struct seq_file *seq, const struct holder *holder)
{
	seq_printf(seq, "    %d %*pE ", holder->pid, (int)strlen(holder->comm),
		   holder->comm);
	if (holder->fd >= 0)
		seq_printf(seq, "fd=%d", holder->fd);
	else
		seq_printf(seq, "%lx-%lx", holder->start, holder->end);
	seq_printf(seq, " %s\n", rights_text(holder->rights));
}

static void show_dataspace(struct seq_file *seq,
			   struct membank_dataspace *dataspace,
			   const struct holders *holders)
{
	struct membank_dataspace_state state;
	size_t i;

	membank_dataspace_state(dataspace, &state);
	seq_printf(seq, "0x%llx %llu %s%s %u %u %u %d %*pE\n",
		   PFN_PHYS(dataspace->start - dataspace->bank->arena.start),
		   dataspace->length,
		   dataspace->flags & MEMBANK_DATASPACE_SUPER_PAGES ? "super" :
								      "plain",
		   state.revoked ? ",revoked" : "", state.handles,
		   state.mappings, state.devices, pid_vnr(dataspace->creator),
		   (int)strlen(dataspace->comm), dataspace->comm);
	for (i = 0; i < holders->found; i++)
		if (holders->holder[i].dataspace == dataspace)
			show_holder(seq, &holders->holder[i]);
}

static int bank_show(struct seq_file *seq, void *unused)
{
	struct holders holders = { .bank = seq->private };
	struct membank_dataspace *dataspace = NULL;
	int ret;

	ret = collect_holders(&holders);
	if (ret)
		goto free_holders;
	while ((dataspace = membank_dataspace_next(dataspace)))
		if (dataspace->bank == holders.bank)
			show_dataspace(seq, dataspace, &holders);
free_holders:
	kvfree(holders.holder);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(bank);

/**
 * membank_debugfs_init() - make the files
 *
 * Without debugfs there are none.
 */
void membank_debugfs_init(void)
{
	struct membank_bank *bank;
	u32 i;

	root = debugfs_create_dir(KBUILD_MODNAME, NULL);
	for (i = 0; (bank = membank_bank_get(i)); i++)
		debugfs_create_file(bank->config.name, 0400, root, bank,
				    &bank_fops);
}

/**
 * membank_debugfs_exit() - take the files away, when nobody reads them
 */
void membank_debugfs_exit(void)
{
	debugfs_remove(root);
}
