/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The looks at a window that region_walk_test compares: REGION_LIST, the lines
 * of /proc/self/maps, and the model. Nothing here allocates memory or uses
 * stdio, as it also runs in a child of one thread of many.
 */
#ifndef MEMBANK_SELFTESTS_WALK_CHECK_H
#define MEMBANK_SELFTESTS_WALK_CHECK_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "touch.h"
#include "walk_model.h"

#define WALK_LINES 1024

/**
 * struct walk_space - a dataspace of a walk
 * @fd: a handle with all rights
 * @number: of all that there are in the test, from 1 on
 * @pages: how long it is
 * @inode: by which its lines in maps are known
 * @info: as DATASPACE_INFO tells
 */
struct walk_space {
	int fd;
	__u32 number;
	__u64 pages;
	ino_t inode;
	struct membank_dataspace_info info;
};

/**
 * struct walk_line - of /proc/self/maps
 * @start: first address
 * @end: behind the last one
 * @offset: into the file
 * @inode: of the file
 * @prot: PROT_*
 * @kind: what its name says
 */
struct walk_line {
	__u64 start;
	__u64 end;
	__u64 offset;
	__u64 inode;
	int prot;
	enum walk_kind kind;
};

/**
 * struct walk_view - a window as the kernel shows it
 * @maps: /proc/self/maps, open
 * @text: room for what is read of it
 * @lines: what it says of the window, @nr_lines of them
 * @nr_lines: how many
 * @entries: what REGION_LIST says, @nr_entries of them
 * @nr_entries: how many
 */
struct walk_view {
	int maps;
	char text[16384];
	struct walk_line lines[WALK_LINES];
	unsigned int nr_lines;
	struct membank_region_entry entries[WALK_LINES];
	unsigned int nr_entries;
};

static inline __u64 walk_hex(const char **at)
{
	__u64 number = 0;

	for (;; (*at)++) {
		if (**at >= '0' && **at <= '9')
			number = number << 4 | (**at - '0');
		else if (**at >= 'a' && **at <= 'f')
			number = number << 4 | (**at - 'a' + 10);
		else
			return number;
	}
}

/* "START-END rwxs OFFSET MAJOR:MINOR INODE   NAME" */
static inline struct walk_line walk_parse(const char *at)
{
	struct walk_line line = { .kind = WALK_OTHER };

	line.start = walk_hex(&at);
	at++;
	line.end = walk_hex(&at);
	line.prot = (at[1] == 'r' ? PROT_READ : 0) |
		    (at[2] == 'w' ? PROT_WRITE : 0) |
		    (at[3] == 'x' ? PROT_EXEC : 0);
	at += 6;
	line.offset = walk_hex(&at);
	at++;
	walk_hex(&at);
	at++;
	walk_hex(&at);
	for (at++; *at >= '0' && *at <= '9'; at++)
		line.inode = line.inode * 10 + (*at - '0');
	while (*at == ' ')
		at++;
	if (!strncmp(at, "/dmabuf:", 8))
		line.kind = WALK_REGION;
	else if (!strncmp(at, "anon_inode:[membank-area]", 25))
		line.kind = WALK_HOLE;
	return line;
}

/* Takes whole lines; returns how much of the text they were, -1: enough. */
static inline ssize_t walk_parse_all(struct walk_view *view,
				     const struct walk_model *model)
{
	const char *at = view->text, *end;
	struct walk_line line;

	while ((end = strchr(at, '\n'))) {
		line = walk_parse(at);
		at = end + 1;
		if (line.start >= model->end || view->nr_lines == WALK_LINES)
			return -1;
		if (line.end > model->start)
			view->lines[view->nr_lines++] = line;
	}
	return at - view->text;
}

/* Up to the end of the window, which lies low. */
static inline bool walk_read_maps(struct walk_view *view,
				  const struct walk_model *model)
{
	size_t kept = 0;
	ssize_t got;

	view->nr_lines = 0;
	if (lseek(view->maps, 0, SEEK_SET))
		return false;
	for (;;) {
		got = read(view->maps, view->text + kept,
			   sizeof(view->text) - 1 - kept);
		if (got <= 0)
			return !got && !kept;
		kept += got;
		view->text[kept] = '\0';
		got = walk_parse_all(view, model);
		if (got < 0)
			return view->nr_lines < WALK_LINES;
		kept -= got;
		memmove(view->text, view->text + got, kept);
	}
}

static inline int walk_list(int dev, struct walk_view *view,
			    const struct walk_model *model)
{
	struct membank_region_list args = {
		.size = sizeof(args),
		.start = model->start,
		.length = model->end - model->start,
		.entries = (uintptr_t)view->entries,
		.nr_entries = WALK_LINES,
		.entry_size = sizeof(*view->entries),
		.out_nr_entries = ~0U,
		.out_next = TEST_NONE,
	};
	int ret = test_ioctl(dev, MEMBANK_IOC_REGION_LIST, &args);

	if (!ret && (args.out_next || args.out_nr_entries > WALK_LINES))
		ret = -EPROTO;
	view->nr_entries = ret ? 0 : args.out_nr_entries;
	return ret;
}

/* ------------------------------------------------------------- comparing */

/* Returns what differs, or NULL. */
static inline const char *
walk_compare_line(const struct walk_line *line,
		  const struct membank_region_entry *entry,
		  const struct walk_space *spaces)
{
	int allowed = PROT_READ | PROT_WRITE, i;

	if (line->start != entry->start ||
	    line->end != entry->start + entry->length)
		return "maps and list: bounds";
	if (line->kind == WALK_HOLE) {
		if (entry->kind != MEMBANK_ENTRY_AREA || line->prot ||
		    entry->offset)
			return "maps and list: a hole";
		return NULL;
	}
	if (entry->kind != MEMBANK_ENTRY_REGION)
		return "maps and list: kind";
	if (line->offset != entry->offset)
		return "maps and list: offset";
	if (entry->flags & MEMBANK_REGION_READ_ONLY)
		allowed = PROT_READ;
	if (entry->flags & MEMBANK_REGION_RESERVED)
		allowed = 0;
	if (line->prot & ~allowed)
		return "maps and list: access";
	for (i = 0; i < WALK_SPACES; i++)
		if (line->inode == spaces[i].inode &&
		    entry->bank == spaces[i].info.out_bank &&
		    entry->bank_offset == spaces[i].info.out_offset)
			return NULL;
	return "maps and list: dataspace";
}

static inline const char *walk_compare_maps(const struct walk_view *view,
					    const struct walk_space *spaces)
{
	unsigned int line, entry = 0;
	const char *what;

	for (line = 0; line < view->nr_lines; line++) {
		if (view->lines[line].kind == WALK_OTHER)
			continue;
		if (entry == view->nr_entries)
			return "maps has more than the list";
		what = walk_compare_line(&view->lines[line],
					 &view->entries[entry++], spaces);
		if (what)
			return what;
	}
	return entry < view->nr_entries ? "the list has more than maps" : NULL;
}

/* The model's numbers of areas and dataspaces are its own. */
static inline bool walk_is_entry(const struct walk_model *model,
				 const struct walk_piece *piece,
				 const struct membank_region_entry *entry,
				 const struct walk_space *spaces)
{
	const __u64 area = piece->area == WALK_NONE ?
				   MEMBANK_AREA_NONE :
				   model->areas[piece->area].start;

	if (entry->start != piece->start || entry->area != area ||
	    entry->start + entry->length != piece->end || entry->__reserved)
		return false;
	if (piece->kind == WALK_HOLE)
		return entry->kind == MEMBANK_ENTRY_AREA && !entry->offset &&
		       entry->bank == MEMBANK_BANK_ANY && !entry->bank_offset &&
		       entry->flags == (model->areas[piece->area].flags |
					MEMBANK_REGION_IN_AREA);
	return entry->kind == MEMBANK_ENTRY_REGION &&
	       entry->offset == piece->offset && entry->flags == piece->flags &&
	       entry->bank == spaces[piece->space].info.out_bank &&
	       entry->bank_offset == spaces[piece->space].info.out_offset;
}

/*
 * Joins up to an address what the kernel may have joined or not. What lies behind
 * can be of an area around it that begins at the same address.
 */
static inline struct membank_region_entry
walk_next_entry(const struct walk_view *view, unsigned int *at, __u64 end)
{
	struct membank_region_entry entry = view->entries[(*at)++];
	const struct membank_region_entry *next;

	for (; *at < view->nr_entries; (*at)++) {
		next = &view->entries[*at];
		if (entry.kind != MEMBANK_ENTRY_AREA ||
		    next->kind != entry.kind || next->area != entry.area ||
		    entry.start + entry.length != next->start ||
		    next->start >= end)
			break;
		entry.length += next->length;
	}
	return entry;
}

static inline const char *walk_compare_list(const struct walk_view *view,
					    const struct walk_model *model,
					    const struct walk_space *spaces)
{
	struct membank_region_entry entry;
	unsigned int i, at = 0;

	for (i = 0; i < model->count; i++) {
		if (model->pieces[i].kind == WALK_OTHER)
			continue;
		if (at == view->nr_entries)
			return "list and model: the list has fewer";
		entry = walk_next_entry(view, &at, model->pieces[i].end);
		if (!walk_is_entry(model, &model->pieces[i], &entry, spaces))
			return "list and model";
	}
	return at < view->nr_entries ? "list and model: the list has more" :
				       NULL;
}

/* What is mapped to what access, ours or not. */
static inline const char *walk_compare_access(const struct walk_view *view,
					      const struct walk_model *model)
{
	const struct walk_piece *piece = model->pieces;
	unsigned int line, i = 0;
	__u64 at = 0;

	for (line = 0; line < view->nr_lines; line++) {
		if (at < view->lines[line].start)
			at = view->lines[line].start;
		while (at < view->lines[line].end) {
			if (i < model->count && piece[i].end <= at) {
				i++;
				continue;
			}
			if (i == model->count || piece[i].start > at)
				return "maps has what the model has not";
			if (piece[i].kind != view->lines[line].kind ||
			    piece[i].prot != view->lines[line].prot)
				return "maps and model: access";
			at = view->lines[line].end;
			if (at > piece[i].end)
				at = piece[i].end;
		}
	}
	return NULL;
}

static inline __u64 walk_mapped(const struct walk_view *view)
{
	unsigned int i;
	__u64 bytes = 0;

	for (i = 0; i < view->nr_lines; i++)
		bytes += view->lines[i].end - view->lines[i].start;
	return bytes;
}

static inline __u64 walk_model_mapped(const struct walk_model *model)
{
	unsigned int i;
	__u64 bytes = 0;

	for (i = 0; i < model->count; i++)
		bytes += model->pieces[i].end - model->pieces[i].start;
	return bytes;
}

/* ------------------------------------------------------------- one address */

/* The descriptor is of the dataspace; closes it. */
static inline bool walk_is_space(int dev, int fd,
				 const struct walk_space *space)
{
	struct membank_dataspace_info info;
	int ret = fd < 0 ? fd : test_info(dev, fd, &info);

	close(fd);
	return !ret && info.out_bank == space->info.out_bank &&
	       info.out_offset == space->info.out_offset;
}

/* REGION_FIND at an address, or of @length bytes from there on. */
static inline const char *walk_find(int dev, struct walk_model *model,
				    const struct walk_space *spaces, __u64 addr,
				    __u64 length)
{
	struct membank_region_find args = {
		.size = sizeof(args),
		.addr = addr,
		.length = length,
	};
	const __u64 end = addr + (length ? length : 1);
	unsigned int i = walk_index(model, addr);
	const struct walk_piece *piece;
	const struct walk_area *area;
	int ret;

	while (i < model->count && model->pieces[i].kind == WALK_OTHER)
		i++;
	ret = test_ioctl(dev, MEMBANK_IOC_REGION_FIND, &args);
	if (i == model->count || model->pieces[i].start >= end)
		return ret == -ENOENT ? NULL : "find: not ENOENT";
	if (ret)
		return "find: an error";
	piece = &model->pieces[i];
	if (piece->kind == WALK_HOLE) {
		area = &model->areas[piece->area];
		if (args.out_start == area->start && args.out_fd == -1 &&
		    args.out_length == area->end - area->start &&
		    args.out_flags == (area->flags | MEMBANK_REGION_IN_AREA) &&
		    !args.out_offset)
			return NULL;
		return "find: area";
	}
	if (!walk_is_space(dev, args.out_fd, &spaces[piece->space]))
		return "find: dataspace";
	if (args.out_start == piece->start && args.out_flags == piece->flags &&
	    args.out_length == piece->end - piece->start &&
	    args.out_offset == piece->offset)
		return NULL;
	return "find: region";
}

static inline __u64 walk_stamp(const struct walk_space *space, __u64 page)
{
	return (__u64)space->number << 32 | (page + 1);
}

/* Touches a page of a region at both ends. */
static inline const char *walk_touch(const struct walk_piece *piece,
				     const struct walk_space *space, __u64 page)
{
	char *at = (char *)(uintptr_t)(piece->start + page * WALK_PAGE), byte;
	const __u64 stamp = walk_stamp(space, piece->offset / WALK_PAGE + page);
	const __u64 *first = (__u64 *)at;
	const __u64 *last = (__u64 *)(at + WALK_PAGE) - 1;
	int expected = piece->prot & PROT_READ ? 0 : SIGSEGV;

	if (touch_read(at, &byte) != expected)
		return "touch: reading";
	if (expected)
		return NULL;
	if (__atomic_load_n(first, __ATOMIC_RELAXED) != stamp ||
	    __atomic_load_n(last, __ATOMIC_RELAXED) != stamp)
		return "touch: other memory";
	/* The byte that is there. */
	expected = piece->prot & PROT_WRITE ? 0 : SIGSEGV;
	return touch_write(at, byte) == expected ? NULL : "touch: writing";
}

/* ------------------------------------------------------------- words */

/* One line of the test's output, in one write(). */
static inline __printf(1, 2) void walk_say(const char *format, ...)
{
	char line[512] = "# ";
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line + 2, sizeof(line) - 3, format, args) + 2;
	va_end(args);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	if (write(STDOUT_FILENO, line, length) != length)
		_exit(1);
}

static const char *const walk_kinds[] = { "region", "hole", "other" };

static inline void walk_show_line(const struct walk_line *line)
{
	walk_say("maps  %llx-%llx %6s prot %d offset %llx inode %llu",
		 line->start, line->end, walk_kinds[line->kind], line->prot,
		 line->offset, line->inode);
}

static inline void walk_show_entry(const struct membank_region_entry *entry)
{
	walk_say("list  %llx-%llx %u flags %x at %llx area %llx bank %u+%llx",
		 entry->start, entry->start + entry->length, entry->kind,
		 entry->flags, entry->offset, entry->area, entry->bank,
		 entry->bank_offset);
}

static inline void walk_show_piece(const struct walk_model *model,
				   const struct walk_piece *piece)
{
	walk_say("model %llx-%llx %6s prot %d flags %x at %llx area %llx of %d",
		 piece->start, piece->end, walk_kinds[piece->kind], piece->prot,
		 piece->flags, piece->offset,
		 piece->area == WALK_NONE ? MEMBANK_AREA_NONE :
					    model->areas[piece->area].start,
		 piece->space);
}

static inline void walk_show(const struct walk_view *view,
			     const struct walk_model *model)
{
	unsigned int i;

	for (i = 0; i < view->nr_lines; i++)
		walk_show_line(&view->lines[i]);
	for (i = 0; i < view->nr_entries; i++)
		walk_show_entry(&view->entries[i]);
	for (i = 0; i < model->count; i++)
		walk_show_piece(model, &model->pieces[i]);
}

#endif /* MEMBANK_SELFTESTS_WALK_CHECK_H */
