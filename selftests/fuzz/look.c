// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "look.h"
#include "walk_check.h"

/* Of each process its own. */
static struct walk_view view;
static struct walk_space spaces[FUZZ_FILES];

/* Pages that are looked at, each time. */
#define LOOKS 3

/** fuzz_look_init() - be able to touch memory; once for each process */
void fuzz_look_init(void)
{
	touch_init();
}

/**
 * fuzz_touch() - read or write a byte that may not be there
 * @addr: where
 * @write: it is written
 * @byte: set to what is read, or to be written
 *
 * Return: 0, -EACCES: SIGSEGV, -EIO: SIGBUS, -EPROTO: another signal.
 */
int fuzz_touch(__u64 addr, bool write, char *byte)
{
	char *at = (char *)addr;

	switch (write ? touch_write(at, *byte) : touch_read(at, byte)) {
	case 0:
		return 0;
	case SIGSEGV:
		return -EACCES;
	case SIGBUS:
		return -EIO;
	default:
		return -EPROTO;
	}
}

/**
 * fuzz_write() - write to memory that may not be there
 * @addr: where
 * @bytes: what
 * @length: how many of them
 *
 * Return: as fuzz_touch().
 */
int fuzz_write(__u64 addr, const void *bytes, size_t length)
{
	char byte;
	size_t i;
	int ret;

	for (i = 0; i < length; i++) {
		byte = ((const char *)bytes)[i];
		ret = fuzz_touch(addr + i, true, &byte);
		if (ret)
			return ret;
	}
	return 0;
}

/* ------------------------------------------------------------- a process */

static void look_at_map(struct fuzz_world *world, struct fuzz_process *process)
{
	const struct fuzz_space *space;
	const char *what;
	unsigned int i;

	for (i = 0; i < FUZZ_FILES; i++) {
		if (world->files[i].kind == FUZZ_REGION) {
			spaces[i].info.out_bank = MEMBANK_BANK_ANY;
			spaces[i].info.out_offset = 0;
		}
		if (world->files[i].kind != FUZZ_DATASPACE)
			continue;
		space = &world->spaces[world->files[i].object];
		spaces[i].info.out_bank = space->bank;
		spaces[i].info.out_offset = space->offset;
	}
	walk_join(&process->map);
	if (walk_list(process->nodes[0], &view, &process->map)) {
		fuzz_wrong(world, "the regions cannot be listed");
		return;
	}
	what = walk_compare_list(&view, &process->map, spaces);
	if (!what)
		return;
	fuzz_wrong(world, "%s", what);
	for (i = 0; i < view.nr_entries; i++)
		walk_show_entry(&view.entries[i]);
	for (i = 0; i < process->map.count; i++)
		walk_show_piece(&process->map, &process->map.pieces[i]);
}

static void look_at_page(struct fuzz_world *world,
			 const struct walk_piece *piece, __u64 page)
{
	const __u64 addr = piece->start + page * WALK_PAGE;
	const struct fuzz_sight want = fuzz_see(world, piece, addr, PROT_READ);
	char byte;
	int got;

	/* Who touches it waits for the pager. Nobody else sees page tables. */
	if (want.ret == -EINPROGRESS) {
		if (!geteuid() && test_present((void *)addr))
			fuzz_wrong(world, "nobody has answered page %llu",
				   (addr - FUZZ_LOW) / WALK_PAGE);
		return;
	}
	got = fuzz_touch(addr, false, &byte);
	if (got != want.ret)
		fuzz_wrong(world, "touched: %d instead of %d at page %llu", got,
			   want.ret, (addr - FUZZ_LOW) / WALK_PAGE);
	if (want.ret || got)
		return;
	if (memcmp((void *)addr, want.image, WALK_PAGE))
		fuzz_wrong(world, "wrong bytes in page %llu",
			   (addr - FUZZ_LOW) / WALK_PAGE);
}

/* The first pages, the last ones and some in the middle, in turn. */
static void look_at_memory(struct fuzz_world *world,
			   const struct fuzz_process *process, __u64 seed)
{
	const struct walk_piece *piece;
	unsigned int i;
	__u64 pages;

	for (i = 0; i < LOOKS && process->map.count; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		piece = &process->map.pieces[(seed >> 33) % process->map.count];
		pages = (piece->end - piece->start) / WALK_PAGE;
		look_at_page(world, piece, (seed >> 13) % pages);
	}
}

static void look_at_dataspace(struct fuzz_world *world,
			      const struct fuzz_process *process,
			      const struct fuzz_slot *slot)
{
	const struct fuzz_file *file = fuzz_file_at(world, slot);
	const struct fuzz_space *space = &world->spaces[file->object];
	struct membank_dataspace_info info;
	int ret = test_info(process->nodes[0], slot->fd, &info);
	unsigned int mappings = fuzz_space_mappings(world, file->object, 0);

	if (fuzz_is_lost(world, file)) {
		if (ret != -ENODEV)
			fuzz_wrong(world, "info of what is lost: %d", ret);
		return;
	}
	if (ret || info.out_length != space->length ||
	    info.out_extent != space->extent ||
	    info.out_offset != space->offset || info.out_bank != space->bank ||
	    info.out_flags != space->flags || info.out_rights != file->rights)
		fuzz_wrong(world, "info of slot %d: %d, %llu at %llx, %x",
			   (int)(slot - process->slots), ret, info.out_length,
			   info.out_offset, info.out_rights);
	else if (info.out_mappings != mappings)
		fuzz_wrong(world, "%u mappings of slot %d instead of %u",
			   info.out_mappings, (int)(slot - process->slots),
			   mappings);
}

/* What poll() should say of a descriptor. */
static int events_of(const struct fuzz_world *world,
		     const struct fuzz_file *file)
{
	const struct fuzz_service *service = &world->services[file->object];
	int events = 0;

	switch (file->kind) {
	case FUZZ_NOTIFIER:
		if (fuzz_is_readable(world, file))
			events |= POLLIN;
		if (file->revoked || fuzz_is_alone(world, file))
			events |= POLLHUP;
		return events;
	case FUZZ_EVENTFD:
		return file->count ? POLLIN : 0;
	case FUZZ_SERVICE:
		return service->nr_events ? POLLIN : 0;
	case FUZZ_CONNECTION:
		return service->gone ? POLLHUP : 0;
	case FUZZ_PAGER:
		return fuzz_pager_events(world, file);
	case FUZZ_ATTACH:
		return world->pagers[file->object].gone ? POLLHUP : 0;
	default:
		return 0;
	}
}

static void look_at_events(struct fuzz_world *world,
			   const struct fuzz_process *process)
{
	struct pollfd polls[FUZZ_SLOTS];
	const struct fuzz_file *file;
	unsigned int i;
	int want;

	for (i = 0; i < FUZZ_SLOTS; i++) {
		file = fuzz_file_at(world, &process->slots[i]);
		polls[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (file && file->kind != FUZZ_DATASPACE)
			polls[i].fd = process->slots[i].fd;
	}
	if (poll(polls, FUZZ_SLOTS, 0) < 0)
		fuzz_wrong(world, "poll(): %s", strerrorname_np(errno));
	for (i = 0; i < FUZZ_SLOTS; i++) {
		if (polls[i].fd < 0)
			continue;
		file = fuzz_file_at(world, &process->slots[i]);
		want = events_of(world, file);
		/* The kernel lets go of what another process detached later. */
		if (file->kind == FUZZ_PAGER && want == POLLHUP)
			poll(&polls[i], 1, fuzz_late(world));
		if (polls[i].revents != want)
			fuzz_wrong(world,
				   "poll() of slot %u gives %x instead of %x",
				   i, polls[i].revents, want);
	}
}

/**
 * fuzz_look() - compare all that the caller has with the model
 * @world: the model
 * @process: which of its processes the caller is
 * @seed: which pages of memory are looked at
 */
void fuzz_look(struct fuzz_world *world, unsigned int process, __u64 seed)
{
	struct fuzz_process *self = &world->processes[process];
	unsigned int i;

	look_at_map(world, self);
	if (world->wrong[0])
		return;
	look_at_memory(world, self, seed);
	for (i = 0; i < FUZZ_SLOTS; i++)
		if (fuzz_is(fuzz_file_at(world, &self->slots[i]),
			    FUZZ_DATASPACE))
			look_at_dataspace(world, self, &self->slots[i]);
	look_at_events(world, self);
}

/* ------------------------------------------------------------- the banks */

static bool bank_is_right(struct fuzz_world *world, int dev, __u32 bank,
			  struct membank_bank_info *info)
{
	const struct fuzz_figures want = fuzz_figures(world, bank);

	return !handle_bank(dev, bank, info) && info->out_used == want.used &&
	       info->out_dataspaces == want.dataspaces &&
	       info->out_largest_free == want.largest;
}

/**
 * fuzz_look_at_banks() - compare their figures with the model
 * @world: the model
 * @dev: a node
 * @patience: milliseconds until they must be right: who looks at a page for a
 *            moment keeps it from being free for so long
 */
void fuzz_look_at_banks(struct fuzz_world *world, int dev,
			unsigned int patience)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct membank_bank_info info;
	struct fuzz_figures want;
	unsigned int waited;
	__u32 bank;

	for (bank = 0; bank < world->nr_banks; bank++) {
		waited = 0;
		while (!bank_is_right(world, dev, bank, &info) &&
		       waited++ < patience)
			nanosleep(&nap, NULL);
		if (waited <= patience)
			continue;
		want = fuzz_figures(world, bank);
		fuzz_wrong(world, "bank %u: %llu by %u, not %llu by %u: %llu",
			   bank, info.out_used, info.out_dataspaces, want.used,
			   want.dataspaces, info.out_largest_free);
	}
}

/* Descriptors, mappings and whoever else has one of its files. */
static unsigned int count_handles(const struct fuzz_world *world, int space)
{
	unsigned int i, handles = 0;

	for (i = 0; i < FUZZ_FILES; i++)
		handles += world->files[i].kind == FUZZ_DATASPACE &&
			   world->files[i].object == space;
	return handles;
}

/* A line of a dataspace: "offset length flags handles mappings devices …" */
static bool is_line_right(const struct fuzz_world *world, __u32 bank,
			  const char *line)
{
	unsigned long long offset, length;
	const struct fuzz_space *space;
	unsigned int handles, mappings;
	char flags[32];
	int i;

	if (sscanf(line, "%llx %llu %31s %u %u", &offset, &length, flags,
		   &handles, &mappings) != 5)
		return false;
	for (i = 0; i < FUZZ_SPACES; i++) {
		space = &world->spaces[i];
		if (space->used && space->bank == bank &&
		    space->offset == offset && space->length == length &&
		    space->revoked == !!strstr(flags, ",revoked") &&
		    fuzz_space_mappings(world, i, 0) == mappings &&
		    count_handles(world, i) == handles)
			return true;
	}
	return false;
}

/* Writes what is wrong to @what. */
static bool is_list_right(const struct fuzz_world *world, __u32 bank,
			  char *what, size_t size)
{
	FILE *file = fopen(world->banks[bank].debugfs, "re");
	unsigned int lines = 0, spaces = 0, i;
	char line[256];
	bool right = true;

	if (!file) {
		snprintf(what, size, "%s: %s", world->banks[bank].debugfs,
			 strerrorname_np(errno));
		return false;
	}
	while (right && fgets(line, sizeof(line), file)) {
		if (line[0] == ' ')
			continue;
		lines++;
		right = is_line_right(world, bank, line);
	}
	fclose(file);
	snprintf(what, size, "%.*s", (int)strcspn(line, "\n"), line);
	if (!right)
		return false;
	for (i = 0; i < FUZZ_SPACES; i++)
		spaces += world->spaces[i].used &&
			  world->spaces[i].bank == bank;
	snprintf(what, size, "%u dataspaces instead of %u", lines, spaces);
	return lines == spaces;
}

/**
 * fuzz_look_at_debugfs() - compare the lists of dataspaces with the model
 * @world: the model
 * @patience: as for fuzz_look_at_banks(): of what was detached for another
 *            process the kernel lets go a moment later
 */
void fuzz_look_at_debugfs(struct fuzz_world *world, unsigned int patience)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	const __s64 end = clock_ns() + patience * 1000000LL;
	char what[200];
	bool right;
	__u32 bank;

	for (bank = 0; bank < world->nr_banks; bank++) {
		while (!(right = is_list_right(world, bank, what,
					       sizeof(what))) &&
		       clock_ns() < end)
			nanosleep(&nap, NULL);
		if (!right)
			fuzz_wrong(world, "debugfs: %s", what);
	}
}
