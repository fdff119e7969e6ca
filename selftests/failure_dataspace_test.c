// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes, banks and dataspaces, for which the kernel has no memory or cannot copy:
 * each command, mmap() and what every dma-buf can fails with ENOMEM or EFAULT
 * wherever that happens, leaves nothing, and all is as it was before.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "nth.h"
#include "nth_fixture.h"

#define LENGTH (64 * KIB)

/* What the two dataspaces are full of. */
#define OURS 1
#define OTHERS 2

/**
 * struct scene - what commands act on
 * @dev: a node
 * @space: a dataspace
 * @other: another one
 * @bytes: where all of @space can be seen
 * @mem: a mapping
 * @fd: what a row has made
 * @heap: the node of a bank's heap
 */
struct scene {
	int dev;
	int space;
	int other;
	char *bytes;
	char *mem;
	int fd;
	int heap;
};

/* Whether @space holds what it did; it does again on return. */
static bool is_same(struct scene *scene)
{
	const bool same = test_all_bytes(scene->bytes, OURS, LENGTH);

	memset(scene->bytes, OURS, LENGTH);
	return same;
}

static const char *end_same(struct scene *scene, int ret)
{
	(void)ret;
	return is_same(scene) ? NULL : "its bytes are others";
}

/* ------------------------------------------------------------------- nodes */

static int run_get_info(void *arg)
{
	struct scene *scene = arg;
	struct membank_get_info args = { .size = sizeof(args) };
	int ret = test_ioctl(scene->dev, MEMBANK_IOC_GET_INFO, &args);

	return ret || args.out_bank == 0 ? ret : -EPROTO;
}

static const struct nth_row get_info = {
	.command = MEMBANK_IOC_GET_INFO,
	.begin = nth_nothing,
	.run = run_get_info,
	.end = end_same,
	.asks = NTH_COPIES,
};

static int run_bank_info(void *arg)
{
	struct scene *scene = arg;
	struct membank_bank_info info;
	int ret = handle_bank(scene->dev, 0, &info);

	return ret || info.out_dataspaces ? ret : -EPROTO;
}

static const struct nth_row bank_info = {
	.command = MEMBANK_IOC_BANK_INFO,
	.begin = nth_nothing,
	.run = run_bank_info,
	.end = end_same,
	.asks = NTH_COPIES,
};

/* -------------------------------------------------------------- dataspaces */

static int run_alloc(void *arg)
{
	struct scene *scene = arg;

	return test_alloc(scene->dev, MIB, 0, 0);
}

static const struct nth_row dataspace_alloc = {
	.command = MEMBANK_IOC_DATASPACE_ALLOC,
	.begin = nth_nothing,
	.run = run_alloc,
	.end = nth_close,
	.asks = NTH_BOTH,
};

/* As much as there is, but for a MiB. */
static int run_alloc_rest(void *arg)
{
	struct scene *scene = arg;

	return test_alloc(scene->dev, -MIB, CONTINUOUS, 0);
}

static const struct nth_row dataspace_alloc_rest = {
	.command = MEMBANK_IOC_DATASPACE_ALLOC,
	.begin = nth_nothing,
	.run = run_alloc_rest,
	.end = nth_close,
	.asks = NTH_BOTH,
};

static int run_heap(void *arg)
{
	struct scene *scene = arg;
	struct dma_heap_allocation_data data = {
		.len = MIB,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	return ioctl(scene->heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno :
								 (int)data.fd;
}

static bool begin_heap(struct scene *scene)
{
	return scene->heap >= 0;
}

static const struct nth_row heap_alloc = {
	.begin = begin_heap,
	.run = run_heap,
	.end = nth_close,
	.asks = NTH_MEMORY,
};

static int run_info(void *arg)
{
	struct scene *scene = arg;
	struct membank_dataspace_info info;
	int ret = test_info(scene->dev, scene->space, &info);

	return ret || info.out_length == LENGTH ? ret : -EPROTO;
}

static const struct nth_row dataspace_info = {
	.command = MEMBANK_IOC_DATASPACE_INFO,
	.begin = nth_nothing,
	.run = run_info,
	.end = end_same,
	.asks = NTH_COPIES,
};

static int run_derive(void *arg)
{
	struct scene *scene = arg;

	return handle_derive(scene->dev, scene->space, READ);
}

static const struct nth_row dataspace_derive = {
	.command = MEMBANK_IOC_DATASPACE_DERIVE,
	.begin = nth_nothing,
	.run = run_derive,
	.end = nth_close,
	.asks = NTH_BOTH,
};

/* All of it is done or nothing; @byte: what it makes of the bytes. */
static const char *end_content(struct scene *scene, int ret, int byte)
{
	const bool done = test_all_bytes(scene->bytes, byte, LENGTH);

	if (!is_same(scene) && !done)
		return "a part of it is done";
	if (done && !nth_may_be_done(ret))
		return "it is done";
	return !done && !nth_may_be_undone(ret) ? "it is not done" : NULL;
}

static int run_clear(void *arg)
{
	struct scene *scene = arg;

	return handle_clear(scene->dev, scene->space, 0, LENGTH);
}

static const char *end_clear(struct scene *scene, int ret)
{
	return end_content(scene, ret, 0);
}

static const struct nth_row dataspace_clear = {
	.command = MEMBANK_IOC_DATASPACE_CLEAR,
	.begin = nth_nothing,
	.run = run_clear,
	.end = end_clear,
	.asks = NTH_COPIES,
};

static int run_copy(void *arg)
{
	struct scene *scene = arg;

	return handle_copy(scene->dev, scene->space, 0, scene->other, 0,
			   LENGTH);
}

static const char *end_copy(struct scene *scene, int ret)
{
	return end_content(scene, ret, OTHERS);
}

static const struct nth_row dataspace_copy = {
	.command = MEMBANK_IOC_DATASPACE_COPY,
	.begin = nth_nothing,
	.run = run_copy,
	.end = end_copy,
	.asks = NTH_COPIES,
};

static int run_phys(void *arg)
{
	struct scene *scene = arg;
	__u64 addr, length;
	int ret = handle_phys(scene->dev, scene->space, 0, &addr, &length);

	return ret || length == LENGTH ? ret : -EPROTO;
}

static const struct nth_row dataspace_phys = {
	.command = MEMBANK_IOC_DATASPACE_PHYS,
	.begin = nth_nothing,
	.run = run_phys,
	.end = end_same,
	.asks = NTH_COPIES,
};

/* One that is mapped. */
static bool begin_revoke(struct scene *scene)
{
	scene->fd = test_alloc(scene->dev, LENGTH, 0, 0);
	if (scene->fd < 0)
		return false;
	scene->mem = test_map(scene->fd, LENGTH);
	if (scene->mem == MAP_FAILED)
		return false;
	scene->mem[0] = OURS;
	return true;
}

static int run_revoke(void *arg)
{
	struct scene *scene = arg;

	return handle_revoke(scene->dev, scene->fd);
}

static const char *end_revoke(struct scene *scene, int ret)
{
	const bool there = test_present(scene->mem);
	struct membank_dataspace_info info;
	int answer = test_info(scene->dev, scene->fd, &info);
	const char *wrong = NULL;

	if (there != !answer || (answer && answer != -ENODEV))
		wrong = "a part of it is taken back";
	else if (there && !nth_may_be_undone(ret))
		wrong = "it is not taken back";
	else if (!there && !nth_may_be_done(ret))
		wrong = "it is taken back";
	else if (there && scene->mem[0] != OURS)
		wrong = "its bytes are others";
	munmap(scene->mem, LENGTH);
	close(scene->fd);
	return wrong;
}

static const struct nth_row dataspace_revoke = {
	.command = MEMBANK_IOC_DATASPACE_REVOKE,
	.begin = begin_revoke,
	.run = run_revoke,
	.end = end_revoke,
	.asks = NTH_COPIES,
};

/* The last descriptor and the last mapping, which take the memory with them. */
static int run_close(void *arg)
{
	struct scene *scene = arg;

	if (close(scene->fd))
		return -errno;
	return munmap(scene->mem, LENGTH) ? -errno : 0;
}

static const char *end_all(struct scene *scene, int ret)
{
	(void)scene;
	return ret ? "it cannot be let go of" : NULL;
}

static const struct nth_row dataspace_close = {
	.begin = begin_revoke,
	.run = run_close,
	.end = end_all,
};

/* -------------------------------------------------------------------- mmap */

static int map(struct scene *scene, int fd, size_t length)
{
	scene->mem = mmap(NULL, length, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, fd, 0);
	return scene->mem == MAP_FAILED ? -errno : 0;
}

/* What had no page table yet gets one now. */
static const char *unmap(struct scene *scene, int ret, size_t length, int byte)
{
	const char *wrong = NULL;

	if (ret)
		return NULL;
	if (!test_all_bytes(scene->mem, byte, length))
		wrong = "its bytes are others";
	munmap(scene->mem, length);
	return wrong;
}

static int run_map_node(void *arg)
{
	struct scene *scene = arg;

	return map(scene, scene->dev, MIB);
}

static const char *end_map_node(struct scene *scene, int ret)
{
	return unmap(scene, ret, MIB, 0);
}

static const struct nth_row map_node = {
	.begin = nth_nothing,
	.run = run_map_node,
	.end = end_map_node,
	.asks = NTH_MEMORY,
};

static int run_map_blocks(void *arg)
{
	struct scene *scene = arg;

	return map(scene, scene->dev, 2 * GRAIN);
}

static const char *end_map_blocks(struct scene *scene, int ret)
{
	return unmap(scene, ret, 2 * GRAIN, 0);
}

static const struct nth_row map_blocks = {
	.begin = nth_nothing,
	.run = run_map_blocks,
	.end = end_map_blocks,
	.asks = NTH_MEMORY,
};

static int run_map_space(void *arg)
{
	struct scene *scene = arg;

	return map(scene, scene->space, LENGTH);
}

static const char *end_map_space(struct scene *scene, int ret)
{
	return unmap(scene, ret, LENGTH, OURS);
}

static const struct nth_row map_space = {
	.begin = nth_nothing,
	.run = run_map_space,
	.end = end_map_space,
	.asks = NTH_MEMORY,
};

/* ----------------------------------------------------------------- dma-buf */

static int run_sync(void *arg)
{
	struct scene *scene = arg;
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
	};

	if (ioctl(scene->space, DMA_BUF_IOCTL_SYNC, &sync))
		return -errno;
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	return ioctl(scene->space, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

static const struct nth_row dmabuf_sync = {
	.begin = nth_nothing,
	.run = run_sync,
	.end = end_same,
	.asks = NTH_COPIES,
};

static int export_sync_file(struct scene *scene)
{
	struct dma_buf_export_sync_file args = { .flags = DMA_BUF_SYNC_RW };

	return ioctl(scene->space, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args) ?
		       -errno :
		       args.fd;
}

static int run_export(void *arg)
{
	return export_sync_file(arg);
}

static const struct nth_row dmabuf_export = {
	.begin = nth_nothing,
	.run = run_export,
	.end = nth_close,
	.asks = NTH_BOTH,
};

static bool begin_import(struct scene *scene)
{
	scene->fd = export_sync_file(scene);
	return scene->fd >= 0;
}

static int run_import(void *arg)
{
	struct scene *scene = arg;
	struct dma_buf_import_sync_file args = {
		.flags = DMA_BUF_SYNC_RW,
		.fd = scene->fd,
	};

	return ioctl(scene->space, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args) ?
		       -errno :
		       0;
}

static const char *end_import(struct scene *scene, int ret)
{
	close(scene->fd);
	return end_same(scene, ret);
}

static const struct nth_row dmabuf_import = {
	.begin = begin_import,
	.run = run_import,
	.end = end_import,
	.asks = NTH_COPIES,
};

static int run_name(void *arg)
{
	struct scene *scene = arg;

	return ioctl(scene->space, DMA_BUF_SET_NAME, "name") ? -errno : 0;
}

static const struct nth_row dmabuf_name = {
	.begin = nth_nothing,
	.run = run_name,
	.end = end_same,
	.asks = NTH_BOTH,
};

/* ------------------------------------------------------------------- tests */

static int open_heap(void)
{
	char path[128] = "/dev/dma_heap/membank-";
	const size_t length = strlen(path);

	if (!test_attr(0, "name", path + length, sizeof(path) - length))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC);
}

static int alloc_full(struct scene *scene, int byte)
{
	int fd = test_alloc(scene->dev, LENGTH, 0, 0);

	if (fd < 0)
		return fd;
	scene->bytes = test_map(fd, LENGTH);
	if (scene->bytes == MAP_FAILED)
		return -errno;
	memset(scene->bytes, byte, LENGTH);
	return fd;
}

static struct scene *scene_open(int which)
{
	static struct scene scene;

	(void)which;
	scene.dev = test_open(0);
	scene.other = alloc_full(&scene, OTHERS);
	scene.space = alloc_full(&scene, OURS);
	scene.heap = open_heap();
	return scene.other >= 0 && scene.space >= 0 ? &scene : NULL;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, get_info) { &get_info, 0 };
FIXTURE_VARIANT_ADD(nth, bank_info) { &bank_info, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_alloc) { &dataspace_alloc, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_alloc_rest) { &dataspace_alloc_rest, 0 };
FIXTURE_VARIANT_ADD(nth, heap_alloc) { &heap_alloc, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_info) { &dataspace_info, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_derive) { &dataspace_derive, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_clear) { &dataspace_clear, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_copy) { &dataspace_copy, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_phys) { &dataspace_phys, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_revoke) { &dataspace_revoke, 0 };
FIXTURE_VARIANT_ADD(nth, dataspace_close) { &dataspace_close, 0 };
FIXTURE_VARIANT_ADD(nth, map_node) { &map_node, 0 };
FIXTURE_VARIANT_ADD(nth, map_blocks) { &map_blocks, 0 };
FIXTURE_VARIANT_ADD(nth, map_space) { &map_space, 0 };
FIXTURE_VARIANT_ADD(nth, dmabuf_sync) { &dmabuf_sync, 0 };
FIXTURE_VARIANT_ADD(nth, dmabuf_export) { &dmabuf_export, 0 };
FIXTURE_VARIANT_ADD(nth, dmabuf_import) { &dmabuf_import, 0 };
FIXTURE_VARIANT_ADD(nth, dmabuf_name) { &dmabuf_name, 0 };
/* clang-format on */

TEST(each_command_of_nodes_and_dataspaces_has_a_row)
{
	const int dev = test_open(TEST_ANY);

	EXPECT_TRUE(nth_is_complete(0x00, 0x1f, &dev, 1));
}

TEST_HARNESS_MAIN
