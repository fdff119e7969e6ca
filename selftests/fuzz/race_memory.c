// SPDX-License-Identifier: GPL-2.0-only
/*
 * What racing threads do with memory. Each page of a dataspace says to whom it
 * belongs, or nothing yet; what is between these words is copied and cleared. So
 * who finds two owners in one mapping, or another one than before, has got pages
 * that were not his.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handle.h"
#include "map.h"
#include "race.h"
#include "touch.h"

/* The word that names the owner, at the beginning of each page. */
#define WORD sizeof(__u64)

/* What any command may say to a number behind which something else may be. */
#define HANDLE(...) ERRORS(EBADF, EINVAL, ENODEV, ##__VA_ARGS__)

/** race_touch_init() - be able to touch memory; once for each process */
void race_touch_init(void)
{
	touch_init();
}

static __u64 window(const struct racer *racer)
{
	return FUZZ_LOW + racer->thread->number * 2 * RACE_WINDOW;
}

/* ------------------------------------------------------------- looking */

/* 0 and the word at an address, or the signal. */
static int look(__u64 addr, __u64 *word)
{
	int signal = sigsetjmp(touch_back, 1);

	if (signal)
		return signal;
	touch_arm(true);
	*word = __atomic_load_n((__u64 *)addr, __ATOMIC_RELAXED);
	touch_arm(false);
	return 0;
}

/* Instead of what is there, which is returned in @old; 0 or the signal. */
static int stamp(__u64 addr, __u64 word, __u64 *old)
{
	int signal = sigsetjmp(touch_back, 1);

	if (signal)
		return signal;
	touch_arm(true);
	*old = __atomic_exchange_n((__u64 *)addr, word, __ATOMIC_RELAXED);
	touch_arm(false);
	return 0;
}

/*
 * New memory is zero; then every page says whose it is. Others may take it away
 * meanwhile, by a number that they know from before: then it is the signal.
 */
static int mark(struct racer *racer, __u64 addr, __u64 length)
{
	const __u64 mine = (racer->thread->number + 1ULL) << 48 |
			   ++racer->thread->stamps;
	__u64 page, word = 0;
	int signal = 0;

	for (page = 0; page < length && !signal; page += WALK_PAGE) {
		signal = stamp(addr + page, mine, &word);
		if (!signal && word)
			race_wrong(racer->race, "new memory of %llx", word);
	}
	return signal;
}

/*
 * What was revoked is lost whole; of what others have detached there may be a
 * part left.
 */
static void set_lost(struct racer *racer, struct race_map *map, int signal)
{
	if (signal != SIGBUS && signal != SIGSEGV)
		race_wrong(racer->race, "signal %d", signal);
	map->lost |= signal == SIGBUS;
}

/* Once it is gone, it stays so; and it has one owner. */
static void look_at(struct racer *racer, struct race_map *map)
{
	const __u64 page = race_number(racer, map->length / WALK_PAGE);
	__u64 word = 0;
	int signal = look(map->addr + page * WALK_PAGE, &word);

	if (signal) {
		set_lost(racer, map, signal);
		return;
	}
	if (map->lost)
		race_wrong(racer->race, "what was lost is back");
	else if (word && map->owner && word != map->owner)
		race_wrong(racer->race, "memory of %llx where %llx was", word,
			   map->owner);
	else if (word)
		map->owner = word;
}

/* ------------------------------------------------------------- mappings */

static struct race_map *pick_map(struct racer *racer)
{
	return &racer->thread->maps[race_number(racer, RACE_MAPS)];
}

/* Where a mapping of this thread may be. */
static __u64 place_of(struct racer *racer, const struct race_map *map)
{
	return window(racer) + (map - racer->thread->maps) * 8 * MIB;
}

static void drop_map(struct racer *racer, struct race_map *map)
{
	if (map->addr && munmap((void *)place_of(racer, map), 8 * MIB))
		race_wrong(racer->race, "munmap(): %s", strerrorname_np(errno));
	*map = (struct race_map){};
}

static void op_attach(struct racer *racer)
{
	struct race_map *map = pick_map(racer);
	const int fd = race_fd(racer, RACE_DATASPACES);
	const __u64 length = WALK_PAGE << race_number(racer, 5);
	struct membank_region_attach args = {
		.size = sizeof(args),
		.fd = fd,
		.length = race_one(racer, 2) ? length : WALK_PAGE,
		.out_start = TEST_NONE,
	};

	drop_map(racer, map);
	args.start = place_of(racer, map);
	if (race_one(racer, 2))
		args.flags |= READ_ONLY;
	if (race_one(racer, 6))
		args.flags |= EAGER;
	if (race_one(racer, 12))
		args.flags |= NO_ALIAS;
	if (!race_expect(racer,
			 test_ioctl(racer->process->dev,
				    MEMBANK_IOC_REGION_ATTACH, &args),
			 HANDLE(EACCES, ERANGE, EBUSY, EIO)))
		return;
	map->addr = args.out_start;
	map->length = args.length;
	look_at(racer, map);
}

static void op_map_bank(struct racer *racer)
{
	struct race_map *map = pick_map(racer);
	const __u64 length = WALK_PAGE << race_number(racer, 5);
	__u64 addr;
	void *mem;
	int signal;

	drop_map(racer, map);
	addr = place_of(racer, map);
	mem = mmap((void *)addr, length, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED_NOREPLACE, racer->process->dev, 0);
	if (!race_expect(racer, mem == MAP_FAILED ? -errno : 0, ERRORS(ENOMEM)))
		return;
	*map = (struct race_map){ .addr = addr, .length = length };
	signal = mark(racer, addr, length);
	if (signal)
		set_lost(racer, map, signal);
}

static void op_look(struct racer *racer)
{
	struct race_map *map = pick_map(racer);

	if (map->addr)
		look_at(racer, map);
}

static void op_munmap(struct racer *racer)
{
	drop_map(racer, pick_map(racer));
}

static void op_protect(struct racer *racer)
{
	struct race_map *map = pick_map(racer);
	const __u64 half = map->length / 2 / WALK_PAGE * WALK_PAGE;
	int ret;

	if (!map->addr)
		return;
	ret = mprotect((void *)map->addr, half ?: WALK_PAGE,
		       race_one(racer, 2) ? PROT_READ : PROT_READ | PROT_WRITE);
	race_expect(racer, ret ? -errno : 0, ERRORS(EACCES, ENOMEM));
}

/* In the map of any process, and of any thread. */
static void op_detach(struct racer *racer)
{
	struct membank_region_detach args = {
		.size = sizeof(args),
		.addr = FUZZ_LOW +
			race_number(racer, RACE_PROCESSES * RACE_THREADS) * 2 *
				RACE_WINDOW +
			race_number(racer, RACE_MAPS) * 8 * MIB,
		.length = race_one(racer, 2) ? 0 : WALK_PAGE << 3,
		.flags = race_one(racer, 3) ? MEMBANK_DETACH_DATASPACE : 0,
		.out_fd = -1,
	};

	int dev = race_one(racer, 3) ? race_fd(racer, RACE_DATASPACES) :
				       racer->process->dev;

	if (race_one(racer, 4))
		args.flags |= MEMBANK_DETACH_UNMAP;
	if (!race_expect(racer,
			 test_ioctl(dev, MEMBANK_IOC_REGION_DETACH, &args),
			 ERRORS(ENOENT, EACCES, EBADF, ENOTTY, EPERM, ESRCH,
				EDQUOT)))
		return;
	if (args.out_fd >= 0)
		race_keep(racer, args.out_fd, RACE_DATASPACES);
}

static void op_find(struct racer *racer)
{
	struct membank_region_find args = {
		.size = sizeof(args),
		.addr = FUZZ_LOW,
		.length = RACE_PROCESSES * RACE_THREADS * 2 * RACE_WINDOW,
		.out_fd = -1,
	};

	int dev = race_one(racer, 3) ? race_fd(racer, RACE_DATASPACES) :
				       racer->process->dev;

	args.addr += race_number(racer, args.length / WALK_PAGE) * WALK_PAGE;
	if (race_expect(racer, test_ioctl(dev, MEMBANK_IOC_REGION_FIND, &args),
			ERRORS(ENOENT, EACCES, EBADF, ENOTTY, ESRCH, EDQUOT)) &&
	    args.out_fd >= 0)
		race_keep(racer, args.out_fd, RACE_DATASPACES);
}

static void op_area(struct racer *racer)
{
	const __u64 start = window(racer) + RACE_WINDOW +
			    race_number(racer, 64) * 16 * WALK_PAGE;
	struct membank_area_reserve args = {
		.size = sizeof(args),
		.start = start,
		.length = 16 * WALK_PAGE,
		.flags = race_one(racer, 3) ? IN_AREA : 0,
		.out_start = TEST_NONE,
	};
	struct membank_area_free frees = {
		.size = sizeof(frees),
		.addr = start,
	};

	if (race_one(racer, 2))
		race_expect(racer,
			    test_ioctl(racer->process->dev,
				       MEMBANK_IOC_AREA_FREE, &frees),
			    ERRORS(ENOENT));
	else
		race_expect(racer,
			    test_ioctl(racer->process->dev,
				       MEMBANK_IOC_AREA_RESERVE, &args),
			    ERRORS(ENOENT, EADDRNOTAVAIL, ELOOP));
}

/* ------------------------------------------------------------- dataspaces */

static void mark_new(struct racer *racer, int fd, __u64 extent)
{
	char *mem = test_map(fd, extent);

	/* Somebody else has it already, by its number. */
	if (mem == MAP_FAILED) {
		race_expect(racer, -errno, ERRORS(EBUSY, ENODEV));
		return;
	}
	mark(racer, (__u64)mem, extent);
	munmap(mem, extent);
}

static void op_alloc(struct racer *racer)
{
	struct membank_dataspace_info info;
	__u64 length = 1 + race_number(racer, 64 * KIB);
	__u32 flags = 0, align = 0;
	int fd, dev = racer->process->dev;

	if (race_one(racer, 6))
		length = 1 + race_number(racer, 5 * MIB);
	if (race_one(racer, 4))
		flags |= SUPER;
	if (race_one(racer, 4))
		align = race_number(racer, 24);
	if (race_one(racer, 40)) {
		length = -(30 * MIB);
		flags |= CONTINUOUS;
	}
	fd = test_alloc(dev, length, flags, align);
	if (!race_expect(racer, fd, ERRORS(ENOMEM)))
		return;
	/* Likewise. */
	if (race_expect(racer, test_info(dev, fd, &info), ERRORS(ENODEV)))
		mark_new(racer, fd, info.out_extent);
	race_keep(racer, fd, RACE_DATASPACES);
}

static void op_info(struct racer *racer)
{
	struct membank_dataspace_info info;

	race_expect(racer,
		    test_info(racer->process->dev,
			      race_fd(racer, RACE_DATASPACES), &info),
		    HANDLE());
}

/* What a node says of itself, and of banks that are there or not. */
static void op_node_info(struct racer *racer)
{
	struct membank_get_info args = { .size = sizeof(args) };
	struct membank_bank_info bank;
	int dev = race_one(racer, 4) ? race_fd(racer, RACE_DATASPACES) :
				       racer->process->dev;

	race_expect(racer,
		    race_one(racer, 2) ?
			    test_ioctl(dev, MEMBANK_IOC_GET_INFO, &args) :
			    handle_bank(dev, race_number(racer, 4), &bank),
		    ERRORS(EBADF, ENOTTY, ENOENT));
}

/* Of any thread's part of the address space; each entry is in the order of addresses. */
static void op_list(struct racer *racer)
{
	struct membank_region_entry entries[8];
	struct membank_region_list args;
	const __u64 start =
		FUZZ_LOW + race_number(racer, RACE_PROCESSES * RACE_THREADS) *
				   2 * RACE_WINDOW;
	int dev = race_one(racer, 4) ? race_fd(racer, RACE_DATASPACES) :
				       racer->process->dev;
	__u32 i;

	if (!race_expect(racer,
			 map_list(dev, (void *)start,
				  race_one(racer, 2) ? RACE_WINDOW : 0, entries,
				  race_number(racer, ARRAY_SIZE(entries) + 1),
				  &args),
			 ERRORS(EBADF, ENOTTY, EINVAL, EACCES, ESRCH)))
		return;
	for (i = 0; i < args.out_nr_entries; i++)
		if (!entries[i].length ||
		    entries[i].start + entries[i].length <= start ||
		    (i && entries[i].start < entries[i - 1].start))
			race_wrong(racer->race, "an entry of the list at %llx",
				   entries[i].start);
}

static void op_derive(struct racer *racer)
{
	int fd = handle_derive(racer->process->dev,
			       race_fd(racer, RACE_DATASPACES),
			       1 + race_number(racer, ALL_RIGHTS));

	if (race_expect(racer, fd, HANDLE(EACCES, EDQUOT)))
		race_keep(racer, fd, RACE_DATASPACES);
}

static void op_revoke(struct racer *racer)
{
	race_expect(racer,
		    handle_revoke(racer->process->dev,
				  race_fd(racer, RACE_DATASPACES)),
		    HANDLE(EACCES));
}

/* Between the words. */
static void op_clear(struct racer *racer)
{
	race_expect(racer,
		    handle_clear(racer->process->dev,
				 race_fd(racer, RACE_DATASPACES),
				 race_number(racer, 4) * WALK_PAGE + WORD,
				 1 + race_number(racer, WALK_PAGE - WORD)),
		    HANDLE(EACCES, ERANGE));
}

static void op_copy(struct racer *racer)
{
	race_expect(racer,
		    handle_copy(racer->process->dev,
				race_fd(racer, RACE_DATASPACES),
				race_number(racer, 4) * WALK_PAGE + WORD,
				race_fd(racer, RACE_DATASPACES),
				race_number(racer, 4) * WALK_PAGE + WORD,
				1 + race_number(racer, WALK_PAGE - WORD)),
		    HANDLE(EACCES, ERANGE));
}

static void op_phys(struct racer *racer)
{
	__u64 addr, length;

	race_expect(racer,
		    handle_phys(racer->process->dev,
				race_fd(racer, RACE_DATASPACES), 0, &addr,
				&length),
		    HANDLE());
}

static unsigned int draw_kind(struct racer *racer)
{
	static const unsigned int kinds[] = { RACE_DATASPACES, RACE_NOTIFIERS,
					      RACE_SERVICES, RACE_CLIENTS };

	return kinds[race_number(racer, ARRAY_SIZE(kinds))];
}

static void op_close(struct racer *racer)
{
	race_keep(racer, -1, draw_kind(racer));
}

static void op_dup(struct racer *racer)
{
	int fd = fcntl(race_fd(racer, draw_kind(racer)), F_DUPFD_CLOEXEC, 0);

	if (race_expect(racer, fd < 0 ? -errno : 0, ERRORS(EBADF)))
		race_keep(racer, fd, draw_kind(racer));
}

static void op_send(struct racer *racer)
{
	struct race_process *to =
		&racer->race->processes[race_number(racer, RACE_PROCESSES)];

	race_expect(racer,
		    test_send_fd(to->sockets[1],
				 race_fd(racer, draw_kind(racer))),
		    ERRORS(EBADF, EAGAIN, ETOOMANYREFS));
}

static void op_take(struct racer *racer)
{
	int fd = test_receive_fd(racer->process->sockets[0]);

	if (race_expect(racer, fd, ERRORS(EAGAIN)))
		race_keep(racer, fd, draw_kind(racer));
}

/* Who gets a copy of it can look here, and detach. */
static void op_node(struct racer *racer)
{
	int fd = fcntl(racer->process->dev, F_DUPFD_CLOEXEC, 0);

	if (race_expect(racer, fd, ERRORS(EMFILE)))
		race_keep(racer, fd, RACE_DATASPACES);
}

/* Who has a copy of everything, looks at it, and is gone. */
static void op_fork(struct racer *racer)
{
	struct race_map *map = pick_map(racer);
	const pid_t pid = fork();
	int status = 0;
	__u64 word;

	if (!pid) {
		if (map->addr)
			look(map->addr, &word);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status)
		race_wrong(racer->race, "a child ended with %x", status);
	race_expect(racer, pid < 0 ? -errno : 0, ERRORS(ENOMEM));
}

const struct race_op race_memory_ops[] = {
	{ "allocate", 90, op_alloc }, { "map-bank", 25, op_map_bank },
	{ "info", 30, op_info },      { "derive", 40, op_derive },
	{ "revoke", 12, op_revoke },  { "clear", 25, op_clear },
	{ "copy", 25, op_copy },      { "physical", 5, op_phys },
	{ "close", 70, op_close },    { "dup", 20, op_dup },
	{ "send", 30, op_send },      { "take", 40, op_take },
	{ "attach", 90, op_attach },  { "look", 90, op_look },
	{ "munmap", 20, op_munmap },  { "protect", 15, op_protect },
	{ "detach", 25, op_detach },  { "find", 20, op_find },
	{ "area", 25, op_area },      { "node", 6, op_node },
	{ "fork", 2, op_fork },	      { "node-info", 10, op_node_info },
	{ "list", 15, op_list },      {},
};
