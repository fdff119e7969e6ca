// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of memory that nobody may use any more, but a device may still be at
 * work on.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "dataspace.h"
#include "retire.h"

/* For what has to be done when the fences of revoked memory are signaled. */
static struct workqueue_struct *revoke_queue;

/**
 * membank_retire_init() - before there is a dma-buf
 *
 * Return: 0 or -ENOMEM.
 */
int membank_retire_init(void)
{
	revoke_queue = alloc_workqueue("membank_revoke", WQ_UNBOUND, 0);
	return revoke_queue ? 0 : -ENOMEM;
}

/**
 * membank_retire_exit() - after the last dma-buf
 */
void membank_retire_exit(void)
{
	destroy_workqueue(revoke_queue);
}

/* Devices are done: the end of what membank_retire() began. */
static void revoke_work(struct work_struct *work)
{
	struct membank_dataspace *dataspace =
		container_of(work, struct membank_dataspace, revoke_work);

	dma_fence_put(dataspace->fence);
	membank_dataspace_unuse(dataspace);
	membank_dataspace_put(dataspace);
	module_put(THIS_MODULE);
}

/* May be called in an interrupt. */
static void revoke_signaled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct membank_dataspace *dataspace =
		container_of(cb, struct membank_dataspace, fence_cb);

	queue_work(revoke_queue, &dataspace->revoke_work);
}

/**
 * membank_retire() - let the memory go as soon as no device is at work on it
 * @dataspace: just revoked, and mapped nowhere any more
 *
 * That is when every fence is signaled that a device, or who speaks for it, had
 * set: until then it may be used, even if it is not mapped for devices any more.
 * Nobody can set one that is waited for from now on.
 */
void membank_retire(struct membank_dataspace *dataspace)
{
	int ret;

	dma_resv_lock(&dataspace->resv, NULL);
	ret = dma_resv_get_singleton(&dataspace->resv, DMA_RESV_USAGE_BOOKKEEP,
				     &dataspace->fence);
	dma_resv_unlock(&dataspace->resv);
	/* No memory to wait for them one day: so it is done now. */
	if (ret)
		dma_resv_wait_timeout(&dataspace->resv, DMA_RESV_USAGE_BOOKKEEP,
				      false, MAX_SCHEDULE_TIMEOUT);
	if (ret || !dataspace->fence) {
		membank_dataspace_unuse(dataspace);
		return;
	}

	/* The work holds the dataspace and the module until it is done. */
	membank_dataspace_get(dataspace);
	__module_get(THIS_MODULE);
	INIT_WORK(&dataspace->revoke_work, revoke_work);
	if (dma_fence_add_callback(dataspace->fence, &dataspace->fence_cb,
				   revoke_signaled))
		queue_work(revoke_queue, &dataspace->revoke_work);
}
