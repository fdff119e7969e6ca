/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pager: what can be attached, and where it answers. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_PAGER_ENDS_H
#define MEMBANK_SELFTESTS_PAGER_ENDS_H

/**
 * struct pager - both ends
 * @fd: that answers
 * @attach: that regions are attached with
 */
struct pager {
	int fd;
	int attach;
};

/* Returns 0 or a negative errno. */
static inline int pager_create(int dev, struct pager *pager)
{
	struct membank_pager_create args;
	int ret;

	memset(&args, TEST_JUNK, sizeof(args));
	args.size = sizeof(args);
	args.flags = 0;
	args.fault_size = sizeof(struct membank_pager_fault);
	args.__reserved = 0;
	ret = test_ioctl(dev, MEMBANK_IOC_PAGER_CREATE, &args);
	pager->fd = args.out_fd;
	pager->attach = args.out_attach_fd;
	return ret;
}

#endif /* MEMBANK_SELFTESTS_PAGER_ENDS_H */
