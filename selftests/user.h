/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share that act as other users. Include it after common.h.
 */
#ifndef MEMBANK_SELFTESTS_USER_H
#define MEMBANK_SELFTESTS_USER_H

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/types.h>
#include <unistd.h>

/* Nobody has these in a machine made for tests. */
#define OWNER 54321
#define OTHER 54322

/* Exit status of a child whose kernel has no such namespace. */
#define NO_NAMESPACE 200

/**
 * struct who - what a process is
 * @real: user; 0 with @dropped
 * @user: effective user
 * @group: effective group
 * @member: supplementary group, 0 for none
 * @dropped: whether it gave up CAP_DAC_OVERRIDE
 */
struct who {
	uid_t real;
	uid_t user;
	gid_t group;
	gid_t member;
	bool dropped;
};

static inline int become(const struct who *who)
{
	if (who->dropped && test_drop_capability(CAP_DAC_OVERRIDE))
		return -errno;
	if (setgroups(who->member ? 1 : 0, &who->member) ||
	    setresgid(who->group, who->group, who->group) ||
	    setresuid(who->real, who->user, who->user))
		return -errno;
	return 0;
}

#endif /* MEMBANK_SELFTESTS_USER_H */
