/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of region_walk_test that are the kernel's own: what munmap()
 * and its like do to regions and areas.
 */
#ifndef MEMBANK_SELFTESTS_WALK_KERNEL_H
#define MEMBANK_SELFTESTS_WALK_KERNEL_H

#include "walk_ops.h"

static inline void *pointer(__u64 addr)
{
	return (void *)(uintptr_t)addr;
}

static inline const char *op_munmap(struct walk *walk)
{
	const struct range range = draw_range(walk, 1000);

	words(walk, "munmap %llx-%llx", range.start, range.end);
	if (munmap(pointer(range.start), range.end - range.start))
		return "munmap";
	walk_clear(&walk->model, range.start, range.end);
	return NULL;
}

static inline const char *op_mmap(struct walk *walk)
{
	const struct range range = draw_range(walk, 100);

	words(walk, "mmap %llx-%llx", range.start, range.end);
	if (mmap(pointer(range.start), range.end - range.start,
		 PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != pointer(range.start))
		return "mmap";
	walk_put(&walk->model, (struct walk_piece){
				       .start = range.start,
				       .end = range.end,
				       .kind = WALK_OTHER,
				       .area = WALK_NONE,
				       .space = WALK_NONE,
				       .prot = PROT_READ | PROT_WRITE,
			       });
	return NULL;
}

/* A mapping of the dma-buf, which is a region as well. */
static inline const char *op_map_dataspace(struct walk *walk)
{
	const int number = draw(walk, WALK_SPACES);
	const struct walk_space *space = &walk->spaces[number];
	const __u64 offset = draw(walk, space->pages) * WALK_PAGE;
	const __u64 length =
		draw_length(walk, space->pages - offset / WALK_PAGE);
	const __u64 start = draw_page(walk);
	const int prot = draw_one(walk, 3) ? PROT_READ : PROT_READ | PROT_WRITE;
	struct walk_model *model = &walk->model;
	void *mem;

	if (start + length > model->end)
		return NULL;
	words(walk, "mmap dataspace %d at %llx length %llx offset %llx prot %d",
	      number, start, length, offset, prot);
	mem = mmap(pointer(start), length, prot, MAP_SHARED | MAP_FIXED,
		   space->fd, offset);
	walk_clear(model, start, start + length);
	if (predict_busy(model, number, 0))
		return mem == MAP_FAILED && errno == EBUSY ? NULL :
							     "mmap: not EBUSY";
	if (mem != pointer(start))
		return "mmap: failed";
	walk_put(model, (struct walk_piece){
				.start = start,
				.end = start + length,
				.kind = WALK_REGION,
				.area = WALK_NONE,
				.space = number,
				.offset = offset,
				.prot = prot,
			});
	return NULL;
}

/* The destination is unmapped, whatever comes of it. */
static inline const char *op_move(struct walk *walk)
{
	struct walk_model *model = &walk->model;
	struct walk_piece *piece, moved;
	struct range range;
	__u64 to, length;
	void *ret;

	piece = draw_part(walk, &range);
	to = draw_page(walk);
	if (!piece || piece->kind == WALK_OTHER)
		return NULL;
	length = range.end - range.start;
	if (to + length > model->end ||
	    (to < range.end && range.start < to + length))
		return NULL;
	words(walk, "mremap %llx-%llx to %llx", range.start, range.end, to);
	moved = *piece;
	ret = mremap(pointer(range.start), length, length,
		     MREMAP_MAYMOVE | MREMAP_FIXED, pointer(to));
	if (moved.kind == WALK_HOLE) {
		walk_clear(model, to, to + length);
		return ret == MAP_FAILED && errno == EINVAL ? NULL :
							      "mremap: a hole";
	}
	if (ret != pointer(to))
		return "mremap: failed";

	moved.offset += range.start - moved.start;
	moved.start = to;
	moved.end = to + length;
	/* As if mmap() had taken the addresses. */
	moved.area = WALK_NONE;
	walk_clear(model, range.start, range.end);
	walk_put(model, moved);
	return NULL;
}

static inline const char *op_resize(struct walk *walk)
{
	struct walk_model *model = &walk->model;
	const struct walk_piece *piece;
	struct range range;
	__u64 length;

	piece = draw_part(walk, &range);
	if (!piece || piece->kind == WALK_OTHER)
		return NULL;
	if (piece->kind == WALK_REGION && draw_one(walk, 2)) {
		/* Also from nothing, which would be a second mapping. */
		length = draw_one(walk, 2) ? range.end - range.start : 0;
		words(walk, "mremap %llx length %llx to grow", range.start,
		      length);
		if (mremap(pointer(range.start), length, length + WALK_PAGE,
			   MREMAP_MAYMOVE) != MAP_FAILED ||
		    errno != EFAULT)
			return "mremap: grew";
		return NULL;
	}
	length = draw_length(walk, (range.end - range.start) / WALK_PAGE);
	words(walk, "mremap %llx-%llx to length %llx", range.start, range.end,
	      length);
	if (mremap(pointer(range.start), range.end - range.start, length, 0) !=
	    pointer(range.start))
		return "mremap: shrinking";
	walk_clear(model, range.start + length, range.end);
	return NULL;
}

static inline const char *op_mprotect(struct walk *walk)
{
	static const int prots[] = { PROT_NONE, PROT_READ,
				     PROT_READ | PROT_WRITE };
	const int prot = prots[draw(walk, 3)];
	struct walk_model *model = &walk->model;
	struct walk_piece *piece;
	struct range range;
	bool refused;
	int ret;

	piece = draw_part(walk, &range);
	if (!piece || piece->kind == WALK_OTHER)
		return NULL;
	words(walk, "mprotect %llx-%llx to %d", range.start, range.end, prot);
	ret = mprotect(pointer(range.start), range.end - range.start, prot);
	if (piece->kind == WALK_HOLE)
		refused = prot;
	else
		refused = prot & ~prot_of(piece->flags);
	if (refused)
		return ret && errno == EACCES ? NULL : "mprotect: not EACCES";
	if (ret)
		return "mprotect: failed";
	if (piece->prot == prot)
		return NULL;
	walk_cut(model, range.start);
	walk_cut(model, range.end);
	walk_at(model, range.start)->prot = prot;
	return NULL;
}

/* The pages of a dataspace stay what they are. */
static inline const char *op_madvise(struct walk *walk)
{
	const struct walk_piece *piece;
	struct range range;

	piece = draw_part(walk, &range);
	if (!piece || piece->kind == WALK_OTHER)
		return NULL;
	words(walk, "madvise %llx-%llx", range.start, range.end);
	return madvise(pointer(range.start), range.end - range.start,
		       MADV_DONTNEED) ?
		       "madvise" :
		       NULL;
}

#endif /* MEMBANK_SELFTESTS_WALK_KERNEL_H */
