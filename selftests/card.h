/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vgem, a DRM device without hardware, which imports dma-bufs. Include it after
 * common.h.
 */
#ifndef MEMBANK_SELFTESTS_CARD_H
#define MEMBANK_SELFTESTS_CARD_H

#include <drm/drm.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Its node, or -1. */
static inline int card_open(void)
{
	char path[32], name[32];
	int i, card;

	for (i = 0; i < 64; i++) {
		struct drm_version version = {
			.name = name,
			.name_len = sizeof(name) - 1,
		};

		memset(name, 0, sizeof(name));
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		if (card < 0)
			continue;
		if (!ioctl(card, DRM_IOCTL_VERSION, &version) &&
		    !strcmp(name, "vgem"))
			return card;
		close(card);
	}
	return -1;
}

/* Returns 0 or a negative errno. */
static inline int card_import(int card, int fd, __u32 *handle)
{
	struct drm_prime_handle prime = { .handle = TEST_JUNK, .fd = fd };

	if (ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	*handle = prime.handle;
	return 0;
}

static inline int card_release(int card, __u32 handle)
{
	struct drm_gem_close gem_close = { .handle = handle };

	return ioctl(card, DRM_IOCTL_GEM_CLOSE, &gem_close) ? -errno : 0;
}

/* Returns a dma-buf or a negative errno. */
static inline int card_export(int card, __u32 handle)
{
	struct drm_prime_handle prime = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};

	return ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) ? -errno :
								   prime.fd;
}

#endif /* MEMBANK_SELFTESTS_CARD_H */
