// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes: how they multiply and end; and the coordinator, who hands out one
 * step at a time and looks at the banks after it.
 */
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cover.h"
#include "look.h"
#include "ops.h"
#include "process.h"

/* Seconds after which a step that is not done hangs. */
#define HANGS 120

/* So often the lists in debugfs are compared, which takes longer. */
#define LISTS 16

/* ------------------------------------------------------------- workers */

static void wait_for(sem_t *sem, const struct fuzz_world *world)
{
	struct timespec until;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		if (!sem_timedwait(sem, &until))
			return;
		/* Whose steps would it do? */
		if (kill(world->coordinator, 0) && errno == ESRCH)
			_exit(1);
	}
}

struct worker {
	struct fuzz_world *world;
	unsigned int process;
	unsigned int thread;
	struct fuzz_tracer tracer;
};

/* One copy for each process. */
static struct worker workers[FUZZ_THREADS];

static void be_process(struct fuzz_world *world, unsigned int process,
		       unsigned int thread);

/* The child is the other process from here on. */
static void run_fork(struct fuzz_world *world, const struct fuzz_step *step)
{
	const unsigned int to = (__u64)step->args[0] % FUZZ_PROCESSES;
	struct fuzz_process *child = &world->processes[to];
	const pid_t pid = fork();

	if (!pid)
		be_process(world, to, step->thread);
	world->counts[step->op][0]++;
	child->pid = pid;
	if (pid < 0)
		fuzz_wrong(world, "fork(): %s", strerrorname_np(errno));
}

/* A program that waits for ever: it has the other end of its pipe itself. */
static void run_exec(struct fuzz_world *world, const struct fuzz_step *step)
{
	int ends[2];

	(void)step;
	if (!pipe(ends) && dup2(ends[0], STDIN_FILENO) >= 0)
		execlp("cat", "cat", NULL);
	fuzz_wrong(world, "exec(): %s", strerrorname_np(errno));
}

static void *work(void *arg)
{
	struct worker *self = arg;
	struct fuzz_world *world = self->world;
	struct fuzz_process *process = &world->processes[self->process];
	struct fuzz_box *box = &process->boxes[self->thread];
	const struct fuzz_op *op;

	fuzz_cover_begin(&self->tracer);
	for (;;) {
		wait_for(&box->go, world);
		op = fuzz_op(box->step.op);
		/* Without one, it is only to look. */
		if (op && op->run)
			op->run(world, &box->step);
		else if (op)
			_exit(0);
		fuzz_cover_take(&self->tracer);
		fuzz_settle(world);
		if (!world->wrong[0])
			fuzz_look(world, self->process, box->step.args[0]);
		sem_post(&box->done);
	}
	return NULL;
}

static void open_nodes(struct fuzz_world *world, struct fuzz_process *process)
{
	int bank;

	for (bank = FUZZ_NONE; bank < (int)world->nr_banks; bank++) {
		process->nodes[1 + bank] = test_open(bank);
		if (process->nodes[1 + bank] < 0)
			fuzz_wrong(world, "node %d cannot be opened", bank);
	}
}

static void be_nobody(struct fuzz_world *world)
{
	if (setgroups(0, NULL) || setresgid(FUZZ_UID, FUZZ_UID, FUZZ_UID) ||
	    setresuid(FUZZ_UID, FUZZ_UID, FUZZ_UID))
		fuzz_wrong(world, "cannot be nobody");
}

/* Does not return; the caller is one of its threads. */
static void be_process(struct fuzz_world *world, unsigned int number,
		       unsigned int thread)
{
	struct fuzz_process *process = &world->processes[number];
	pthread_t other;
	unsigned int i;

	/* What a parent has opened tells of the parent. */
	for (i = 0; i < 1 + world->nr_banks; i++)
		if (process->nodes[i] >= 0)
			close(process->nodes[i]);
	open_nodes(world, process);
	for (i = 0; i < FUZZ_THREADS; i++)
		fuzz_cover_open(&workers[i].tracer);
	if (process->uid && !geteuid())
		be_nobody(world);
	fuzz_look_init();
	for (i = 0; i < FUZZ_THREADS; i++) {
		workers[i].world = world;
		workers[i].process = number;
		workers[i].thread = i;
		if (i != thread &&
		    pthread_create(&other, NULL, work, &workers[i]))
			fuzz_wrong(world, "no thread");
	}
	sem_post(&process->boxes[0].done);
	work(&workers[thread]);
	_exit(1);
}

/* ------------------------------------------------------------- the others */

static bool is_done(struct fuzz_world *world, struct fuzz_process *process,
		    unsigned int thread)
{
	struct timespec until;
	int tries;

	for (tries = 0; tries < 10 * HANGS; tries++) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		if (!sem_timedwait(&process->boxes[thread].done, &until))
			return true;
		if (process->pid > 0 && kill(process->pid, 0)) {
			fuzz_wrong(world, "process %d has died",
				   (int)(process - world->processes));
			return false;
		}
	}
	fuzz_wrong(world, "it hangs");
	return false;
}

static void make_boxes(struct fuzz_process *process)
{
	unsigned int i;

	for (i = 0; i < FUZZ_THREADS; i++) {
		sem_init(&process->boxes[i].go, 1, 0);
		sem_init(&process->boxes[i].done, 1, 0);
	}
}

/* All that a process has, none of it taken from anybody. */
static void make_empty(struct fuzz_process *process, uid_t uid)
{
	unsigned int i;

	for (i = 0; i < FUZZ_SLOTS; i++)
		process->slots[i] =
			(struct fuzz_slot){ FUZZ_NONE, FUZZ_NOT_OPEN };
	for (i = 0; i < 1 + FUZZ_BANKS; i++)
		process->nodes[i] = FUZZ_NONE;
	process->map.start = FUZZ_LOW;
	process->map.end = FUZZ_LOW + FUZZ_WINDOW;
	process->map.count = 0;
	process->uid = uid;
	make_boxes(process);
}

static void start_process(struct fuzz_world *world, unsigned int number,
			  int dev)
{
	struct fuzz_process *process = &world->processes[number];
	pid_t pid;

	make_empty(process, number == FUZZ_NOBODY ? FUZZ_UID : 0);
	pid = fork();
	if (!pid) {
		close(dev);
		process->pid = getpid();
		be_process(world, number, 0);
	}
	process->pid = pid;
	if (pid < 0)
		fuzz_wrong(world, "fork(): %s", strerrorname_np(errno));
	else
		is_done(world, process, 0);
}

/* When a process is told to be gone, all that it held is. */
static void wait_end(struct fuzz_world *world, int pidfd)
{
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };

	if (poll(&pollfd, 1, HANGS * 1000) != 1)
		fuzz_wrong(world, "a process does not end");
}

/* All that it held and mapped, and all its threads but one, if any. */
static void lose_all(struct fuzz_world *world, struct fuzz_process *process)
{
	unsigned int i;

	process->map.count = 0;
	memset(process->touchers, 0, sizeof(process->touchers));
	for (i = 0; i < FUZZ_SLOTS; i++) {
		if (process->slots[i].file == FUZZ_NONE)
			continue;
		world->files[process->slots[i].file].refs--;
		process->slots[i].file = FUZZ_NONE;
		process->slots[i].fd = FUZZ_NOT_OPEN;
	}
	fuzz_settle(world);
}

/* By a signal, or by a step that is an operation of its own. */
static void end_process(struct fuzz_world *world, unsigned int number,
			const struct fuzz_step *exits)
{
	struct fuzz_process *process = &world->processes[number];
	struct fuzz_box *box = &process->boxes[exits ? exits->thread : 0];
	int pidfd;

	if (process->pid <= 0)
		return;
	pidfd = syscall(SYS_pidfd_open, process->pid, 0);
	if (exits) {
		box->step = *exits;
		sem_post(&box->go);
	} else {
		kill(process->pid, SIGKILL);
	}
	if (pidfd >= 0) {
		wait_end(world, pidfd);
		close(pidfd);
	}
	process->pid = 0;
	lose_all(world, process);
}

/*
 * What the child has of its parent, before there is one. Regions that are alone
 * stay with the parent; a hole is left where they are in areas.
 */
static void copy_process(struct fuzz_world *world, unsigned int from,
			 unsigned int to)
{
	const struct fuzz_process *parent = &world->processes[from];
	struct fuzz_process *child = &world->processes[to];
	unsigned int i;

	memcpy(child->slots, parent->slots, sizeof(child->slots));
	for (i = 0; i < FUZZ_SLOTS; i++)
		if (child->slots[i].file != FUZZ_NONE)
			world->files[child->slots[i].file].refs++;
	child->map = parent->map;
	for (i = child->map.count; i-- > 0;)
		if (child->map.pieces[i].kind == WALK_REGION &&
		    child->map.pieces[i].flags & NO_ALIAS)
			walk_remove(&child->map, i);
	walk_join(&child->map);
	memcpy(child->nodes, parent->nodes, sizeof(child->nodes));
	child->uid = parent->uid;
	make_boxes(child);
}

static void hand_out(struct fuzz_world *world, unsigned int process,
		     unsigned int thread, const struct fuzz_step *step)
{
	struct fuzz_box *box = &world->processes[process].boxes[thread];

	box->step = *step;
	sem_post(&box->go);
	is_done(world, &world->processes[process], thread);
}

static void draw_process(struct fuzz_draw *draw, struct fuzz_step *step)
{
	step->args[0] = fuzz_number(draw, FUZZ_PROCESSES);
}

static void draw_nothing(struct fuzz_draw *draw, struct fuzz_step *step)
{
	(void)draw;
	(void)step;
}

#define KILL "kill"
#define EXIT "exit"
#define FORK "fork"
#define EXEC "exec"

const struct fuzz_op fuzz_process_ops[] = {
	{ FORK, { "process" }, 5, 2, draw_process, run_fork },
	{ EXEC, {}, 2, 2, draw_nothing, run_exec },
	{ KILL, {}, 3, 3, draw_nothing, NULL },
	{ EXIT, {}, 2, 2, draw_nothing, NULL },
	{},
};

static bool is_op(const struct fuzz_step *step, const char *name)
{
	return !strcmp(fuzz_op(step->op)->name, name);
}

static void do_fork(struct fuzz_world *world, const struct fuzz_step *step)
{
	const unsigned int to = (__u64)step->args[0] % FUZZ_PROCESSES;

	/* Who is nobody cannot open nodes, and those of the parent are its. */
	if (to == step->process || world->processes[step->process].uid)
		return;
	end_process(world, to, NULL);
	copy_process(world, step->process, to);
	hand_out(world, step->process, step->thread, step);
	is_done(world, &world->processes[to], 0);
}

static void do_end(struct fuzz_world *world, const struct fuzz_step *step,
		   int dev)
{
	end_process(world, step->process, is_op(step, EXIT) ? step : NULL);
	world->counts[step->op][0]++;
	start_process(world, step->process, dev);
}

/* Whether it reads from what run_exec() has made its input. */
static bool is_exec_done(const struct fuzz_process *process)
{
	char path[64], text[64] = "", want[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", process->pid);
	snprintf(want, sizeof(want), "%d 0x0 ", SYS_read);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return !strncmp(text, want, strlen(want));
}

/* It has nothing of what it had, and is still there. */
static void do_exec(struct fuzz_world *world, const struct fuzz_step *step,
		    int dev, unsigned int patience)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct fuzz_process *process = fuzz_process(world, step);
	unsigned int waited = 0;

	process->boxes[step->thread].step = *step;
	sem_post(&process->boxes[step->thread].go);
	while (!world->wrong[0] && !is_exec_done(process)) {
		if (waited++ == HANGS * 1000)
			fuzz_wrong(world, "exec() hangs");
		nanosleep(&nap, NULL);
	}
	if (!world->wrong[0])
		world->counts[step->op][0]++;
	lose_all(world, process);
	if (!world->wrong[0])
		fuzz_look_at_banks(world, dev, patience);
	if (!world->wrong[0])
		fuzz_look_at_debugfs(world, patience);
	end_process(world, step->process, NULL);
	start_process(world, step->process, dev);
}

/* The step of who only looks. */
static struct fuzz_step look_step(unsigned int number)
{
	return (struct fuzz_step){
		.op = FUZZ_OPS,
		.args = { number },
	};
}

/**
 * fuzz_world_do() - do one step, and look at all that may be wrong then
 * @world: that was started
 * @dev: a node
 * @step: what, and who
 * @number: of the step
 * @patience: milliseconds until the figures of the banks must be right
 *
 * Return: whether all is as it should be; if not, world->wrong says what is not.
 */
bool fuzz_world_do(struct fuzz_world *world, int dev,
		   const struct fuzz_step *step, unsigned int number,
		   unsigned int patience)
{
	const struct fuzz_step looks = look_step(number);
	const unsigned int other =
		(step->process + 1 + number % (FUZZ_PROCESSES - 1)) %
		FUZZ_PROCESSES;

	world->moment++;
	world->patience = patience;
	if (is_op(step, FORK))
		do_fork(world, step);
	else if (is_op(step, EXEC))
		do_exec(world, step, dev, patience);
	else if (is_op(step, KILL) || is_op(step, EXIT))
		do_end(world, step, dev);
	else
		hand_out(world, step->process, step->thread, step);
	if (!world->wrong[0])
		hand_out(world, other, 0, &looks);
	if (!world->wrong[0])
		fuzz_look_at_banks(world, dev, patience);
	if (!world->wrong[0] && number % LISTS == 0)
		fuzz_look_at_debugfs(world, patience);
	return !world->wrong[0];
}

/* Memory of all processes, as it is needed; MAP_FAILED. */
static void *share(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/**
 * fuzz_world_create() - make room for worlds, one after the other
 * @dev: a node; nothing is allocated of any bank
 *
 * Return: the world, NULL if it cannot be.
 */
struct fuzz_world *fuzz_world_create(int dev)
{
	struct fuzz_world *world = share(sizeof(*world));
	struct membank_dataspace_info info;
	struct membank_bank_info bank;
	__u64 addr, length;
	__u32 i;
	int fd;

	if (world == MAP_FAILED)
		return NULL;
	for (i = 0; i < FUZZ_BANKS && !handle_bank(dev, i, &bank); i++) {
		int node = test_open(i);

		fd = test_alloc(node, WALK_PAGE, 0, 0);
		if (fd < 0 || test_info(dev, fd, &info) ||
		    handle_phys(dev, fd, 0, &addr, &length))
			return NULL;
		close(fd);
		close(node);
		world->banks[i] = (struct fuzz_bank){
			.size = bank.out_length,
			.private = bank.out_flags & MEMBANK_BANK_PRIVATE,
			.physical = addr - info.out_offset,
			.image = share(bank.out_length),
		};
		if (world->banks[i].image == MAP_FAILED)
			return NULL;
		snprintf(world->banks[i].debugfs,
			 sizeof(world->banks[i].debugfs),
			 "/sys/kernel/debug/membank/%s", bank.out_name);
	}
	world->nr_banks = i;
	world->coordinator = getpid();
	/* Workers are waited for by other means; nobody is left as a zombie. */
	signal(SIGCHLD, SIG_IGN);
	return world;
}

/**
 * fuzz_world_start() - begin with nothing but processes
 * @world: from fuzz_world_create()
 * @dev: a node
 *
 * Failures are in world->wrong.
 */
void fuzz_world_start(struct fuzz_world *world, int dev)
{
	struct fuzz_process *process;
	unsigned int i;

	world->wrong[0] = '\0';
	memset(world->files, 0, sizeof(world->files));
	memset(world->spaces, 0, sizeof(world->spaces));
	memset(world->notifiers, 0, sizeof(world->notifiers));
	memset(world->services, 0, sizeof(world->services));
	memset(world->pagers, 0, sizeof(world->pagers));
	memset(world->paged, 0, sizeof(world->paged));
	memset(world->answers, 0, sizeof(world->answers));
	snprintf(world->tag, sizeof(world->tag), "fuzz-%d", getpid());
	for (i = 0; i < FUZZ_PROCESSES; i++) {
		process = &world->processes[i];
		process->nr_queue = 0;
		if (socketpair(AF_UNIX,
			       SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			       process->sockets))
			fuzz_wrong(world, "no sockets");
	}
	for (i = 0; i < FUZZ_PROCESSES; i++)
		start_process(world, i, dev);
}

/**
 * fuzz_world_end() - end all processes, and look whether anything is left
 * @world: that was started
 * @dev: a node
 * @patience: as for fuzz_world_do()
 *
 * Return: whether all is as it should be.
 */
bool fuzz_world_end(struct fuzz_world *world, int dev, unsigned int patience)
{
	const struct fuzz_step looks = look_step(0);
	unsigned int i;

	for (i = 0; i < FUZZ_PROCESSES && !world->wrong[0]; i++)
		hand_out(world, i, 1, &looks);
	if (!world->wrong[0])
		fuzz_look_at_debugfs(world, patience);
	for (i = 0; i < FUZZ_PROCESSES; i++)
		end_process(world, i, NULL);
	for (i = 0; i < FUZZ_PROCESSES; i++) {
		while (world->processes[i].nr_queue)
			world->files[world->processes[i].queue
					     [--world->processes[i].nr_queue]]
				.refs--;
		close(world->processes[i].sockets[0]);
		close(world->processes[i].sockets[1]);
	}
	fuzz_settle(world);
	if (!world->wrong[0])
		fuzz_look_at_banks(world, dev, patience);
	return !world->wrong[0];
}
