// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dataspaces that devices import, while the kernel has no memory or cannot copy: a DRM
 * device (vgem), also with fences, and a camera (vivid), which maps them for DMA.
 *
 * What a camera itself asks for is not refused: videobuf2 loses its reference to a
 * dma-buf that it has no memory to attach to, in any kernel so far.
 */
#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "camera.h"
#include "common.h"
#include "card.h"
#include "handle.h"
#include "nth.h"
#include "nth_fixture.h"

#define LENGTH MIB

/**
 * struct scene - what calls act on
 * @dev: a node
 * @card: the DRM device
 * @camera: the camera, when it is open
 * @fd: a dataspace
 * @handle: what it is to the card
 * @fence: that was set on it
 * @fences: two of them
 * @waiter: who revokes it
 * @began: that is about to begin
 * @revoked: whether that is over
 * @signaler: signals both
 */
struct scene {
	int dev;
	int card;
	struct camera camera;
	int fd;
	__u32 handle;
	__u32 fence;
	__u32 fences[2];
	pid_t waiter;
	bool began;
	bool revoked;
	pthread_t signaler;
};

static bool begin_space(struct scene *scene)
{
	scene->fd = test_alloc(scene->dev, LENGTH, 0, 0);
	return scene->card >= 0 && scene->fd >= 0;
}

static int run_import(void *arg)
{
	struct scene *scene = arg;

	return card_import(scene->card, scene->fd, &scene->handle);
}

/*
 * What is imported is held when its descriptor is gone, and only then. Where the
 * number could not be copied, the card has it all the same; it is the same for who
 * asks again.
 */
static const char *end_import(struct scene *scene, int ret)
{
	if (ret == -EFAULT)
		ret = run_import(scene);
	close(scene->fd);
	if (ret)
		return NULL;
	if (test_used() != LENGTH)
		return "it is not held";
	return card_release(scene->card, scene->handle) ?
		       "it cannot be let go" :
		       NULL;
}

static const struct nth_row import = {
	.begin = begin_space,
	.run = run_import,
	.end = end_import,
	.asks = NTH_MEMORY,
};

static bool begin_imported(struct scene *scene)
{
	return begin_space(scene) && !run_import(scene);
}

static int run_fence(void *arg)
{
	struct scene *scene = arg;
	struct drm_vgem_fence_attach args = { .handle = scene->handle };

	if (ioctl(scene->card, DRM_IOCTL_VGEM_FENCE_ATTACH, &args))
		return -errno;
	scene->fence = args.out_fence;
	return 0;
}

static const char *end_fence(struct scene *scene, int ret)
{
	struct drm_vgem_fence_signal args = { .fence = scene->fence };

	if (!ret && ioctl(scene->card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args))
		return "it cannot be signaled";
	return end_import(scene, 0);
}

static const struct nth_row fence = {
	.begin = begin_imported,
	.run = run_fence,
	.end = end_fence,
	.asks = NTH_MEMORY,
};

/* Once the other one sleeps in the kernel until then, or need not. */
static void *signal_both(void *arg)
{
	struct scene *scene = arg;
	intptr_t failed = 0;
	int i;

	while (!__atomic_load_n(&scene->began, __ATOMIC_ACQUIRE))
		sched_yield();
	while (!__atomic_load_n(&scene->revoked, __ATOMIC_ACQUIRE) &&
	       (test_thread_call(scene->waiter) != SYS_ioctl ||
		test_thread_state(scene->waiter) != 'D'))
		sched_yield();
	for (i = 0; i < 2; i++) {
		struct drm_vgem_fence_signal args = {
			.fence = scene->fences[i],
		};

		failed |=
			ioctl(scene->card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args);
	}
	return (void *)failed;
}

static bool begin_fences(struct scene *scene)
{
	int i;

	if (!begin_imported(scene))
		return false;
	for (i = 0; i < 2; i++) {
		if (run_fence(scene))
			return false;
		scene->fences[i] = scene->fence;
	}
	scene->waiter = gettid();
	scene->began = false;
	scene->revoked = false;
	return !pthread_create(&scene->signaler, NULL, signal_both, scene);
}

static int run_revoke(void *arg)
{
	struct scene *scene = arg;
	int ret;

	__atomic_store_n(&scene->began, true, __ATOMIC_RELEASE);
	ret = handle_revoke(scene->dev, scene->fd);
	__atomic_store_n(&scene->revoked, true, __ATOMIC_RELEASE);
	return ret;
}

static const char *end_revoke(struct scene *scene, int ret)
{
	struct membank_dataspace_info info;
	const int answer = test_info(scene->dev, scene->fd, &info);
	void *failed;

	pthread_join(scene->signaler, &failed);
	close(scene->fd);
	if (card_release(scene->card, scene->handle))
		return "it cannot be let go";
	if (ret || answer != -ENODEV)
		return "it is not taken back";
	return failed ? "a fence was over before" : NULL;
}

/* Two fences are waited for as one; where there is no memory for that, by the caller. */
static const struct nth_row dataspace_revoke = {
	.command = MEMBANK_IOC_DATASPACE_REVOKE,
	.begin = begin_fences,
	.run = run_revoke,
	.end = end_revoke,
	.asks = NTH_HIDDEN,
	.within = "membank_retire",
};

static bool begin_queue(struct scene *scene)
{
	if (!camera_load(CAMERA_BY_DMA) ||
	    camera_open(&scene->camera, V4L2_BUF_TYPE_VIDEO_CAPTURE, 1))
		return false;
	scene->fd = test_alloc(scene->dev, camera_length(&scene->camera), 0, 0);
	return scene->fd >= 0;
}

/* videobuf2 has one errno for whatever mapping gave. */
static int run_queue(void *arg)
{
	struct scene *scene = arg;
	int ret = camera_queue(&scene->camera, 0, scene->fd);

	return ret == -EINVAL ? -ENOMEM : ret;
}

/* What could not be had can be had now; it is held when its descriptor is gone. */
static const char *end_queue(struct scene *scene, int ret)
{
	const char *wrong = NULL;

	if (ret)
		ret = camera_queue(&scene->camera, 0, scene->fd);
	close(scene->fd);
	if (ret)
		wrong = "it cannot be mapped later";
	else if (test_used() != camera_length(&scene->camera))
		wrong = "it is not held";
	close(scene->camera.fd);
	return wrong;
}

static const struct nth_row queue = {
	.begin = begin_queue,
	.run = run_queue,
	.end = end_queue,
	.asks = NTH_MEMORY,
	.within = "dmabuf_map",
};

enum device {
	CARD,
	CAMERA,
};

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, import) { &import, CARD };
FIXTURE_VARIANT_ADD(nth, fence) { &fence, CARD };
FIXTURE_VARIANT_ADD(nth, dataspace_revoke) { &dataspace_revoke, CARD };
FIXTURE_VARIANT_ADD(nth, queue) { &queue, CAMERA };
/* clang-format on */

static struct scene *scene_open(int which)
{
	static struct scene scene;

	scene.dev = test_open(0);
	if (which == CARD)
		scene.card = card_open();
	return &scene;
}

static void unload_card(void)
{
	if (system("rmmod vgem"))
		printf("# vgem is held\n");
}

int main(int argc, char **argv)
{
	if (system("modprobe -q vgem 2>/dev/null")) {
		printf("TAP version 13\n1..0 # SKIP this kernel has no vgem\n");
		return KSFT_SKIP;
	}
	atexit(unload_card);
	camera_until_exit();
	return test_harness_run(argc, argv);
}
