/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the structs of all commands have in common, and where.
 */
#ifndef MEMBANK_SELFTESTS_UAPI_FORM_H
#define MEMBANK_SELFTESTS_UAPI_FORM_H

#include <stddef.h>

#include <linux/membank.h>

/* No such field. */
#define NONE (-1)

/* Which descriptor a command goes to. */
enum noun {
	ON_NODE,
	ON_NOTIFIER,
	ON_PAGER,
};

/* What a command's struct looks like: offsets of fields, or NONE. */
struct form {
	unsigned long command;
	int size;
	int flags_at;
	__u32 flags_known;
	int reserved_at;
	int out_fd_at;
	/* 0: it opens one at most. */
	int out_fd2_at;
	enum noun noun;
};

#define AT(_struct, _field) offsetof(struct membank_##_struct, _field)

static const struct form get_info = {
	.command = MEMBANK_IOC_GET_INFO,
	.size = sizeof(struct membank_get_info),
	.flags_at = NONE,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form bank_info = {
	.command = MEMBANK_IOC_BANK_INFO,
	.size = sizeof(struct membank_bank_info),
	.flags_at = NONE,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form dataspace_alloc = {
	.command = MEMBANK_IOC_DATASPACE_ALLOC,
	.size = sizeof(struct membank_dataspace_alloc),
	.flags_at = AT(dataspace_alloc, flags),
	.flags_known = 7,
	.reserved_at = NONE,
	.out_fd_at = AT(dataspace_alloc, out_fd),
};

static const struct form dataspace_info = {
	.command = MEMBANK_IOC_DATASPACE_INFO,
	.size = sizeof(struct membank_dataspace_info),
	.flags_at = NONE,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form dataspace_derive = {
	.command = MEMBANK_IOC_DATASPACE_DERIVE,
	.size = sizeof(struct membank_dataspace_derive),
	.flags_at = AT(dataspace_derive, rights),
	.flags_known = 7,
	.reserved_at = NONE,
	.out_fd_at = AT(dataspace_derive, out_fd),
};

static const struct form dataspace_clear = {
	.command = MEMBANK_IOC_DATASPACE_CLEAR,
	.size = sizeof(struct membank_dataspace_clear),
	.flags_at = NONE,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form dataspace_copy = {
	.command = MEMBANK_IOC_DATASPACE_COPY,
	.size = sizeof(struct membank_dataspace_copy),
	.flags_at = AT(dataspace_copy, flags),
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form dataspace_phys = {
	.command = MEMBANK_IOC_DATASPACE_PHYS,
	.size = sizeof(struct membank_dataspace_phys),
	.flags_at = NONE,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form dataspace_revoke = {
	.command = MEMBANK_IOC_DATASPACE_REVOKE,
	.size = sizeof(struct membank_dataspace_revoke),
	.flags_at = NONE,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form region_attach = {
	.command = MEMBANK_IOC_REGION_ATTACH,
	.size = sizeof(struct membank_region_attach),
	.flags_at = AT(region_attach, flags),
	.flags_known = MEMBANK_REGION_FLAGS | MEMBANK_REGION_ATTACH_FLAGS,
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form region_detach = {
	.command = MEMBANK_IOC_REGION_DETACH,
	.size = sizeof(struct membank_region_detach),
	.flags_at = AT(region_detach, flags),
	.flags_known = MEMBANK_DETACH_UNMAP | MEMBANK_DETACH_DATASPACE,
	.reserved_at = AT(region_detach, __reserved),
	.out_fd_at = AT(region_detach, out_fd),
};

static const struct form region_find = {
	.command = MEMBANK_IOC_REGION_FIND,
	.size = sizeof(struct membank_region_find),
	.flags_at = AT(region_find, flags),
	.reserved_at = NONE,
	.out_fd_at = AT(region_find, out_fd),
};

static const struct form region_list = {
	.command = MEMBANK_IOC_REGION_LIST,
	.size = sizeof(struct membank_region_list),
	.flags_at = AT(region_list, flags),
	.reserved_at = AT(region_list, __reserved),
	.out_fd_at = NONE,
};

static const struct form area_reserve = {
	.command = MEMBANK_IOC_AREA_RESERVE,
	.size = sizeof(struct membank_area_reserve),
	.flags_at = AT(area_reserve, flags),
	.flags_known = MEMBANK_REGION_FLAGS | MEMBANK_REGION_ATTACH_FLAGS,
	.reserved_at = AT(area_reserve, __reserved),
	.out_fd_at = NONE,
};

static const struct form area_free = {
	.command = MEMBANK_IOC_AREA_FREE,
	.size = sizeof(struct membank_area_free),
	.flags_at = AT(area_free, flags),
	.reserved_at = NONE,
	.out_fd_at = NONE,
};

static const struct form pager_create = {
	.command = MEMBANK_IOC_PAGER_CREATE,
	.size = sizeof(struct membank_pager_create),
	.flags_at = AT(pager_create, flags),
	.reserved_at = AT(pager_create, __reserved),
	.out_fd_at = AT(pager_create, out_fd),
	.out_fd2_at = AT(pager_create, out_attach_fd),
};

static const struct form pager_reply = {
	.command = MEMBANK_IOC_PAGER_REPLY,
	.size = sizeof(struct membank_pager_reply),
	.flags_at = AT(pager_reply, flags),
	.reserved_at = AT(pager_reply, __reserved),
	.out_fd_at = NONE,
	.noun = ON_PAGER,
};

static const struct form notifier_create = {
	.command = MEMBANK_IOC_NOTIFIER_CREATE,
	.size = sizeof(struct membank_notifier_create),
	.flags_at = AT(notifier_create, flags),
	.reserved_at = AT(notifier_create, __reserved),
	.out_fd_at = AT(notifier_create, out_fd),
};

static const struct form notifier_derive = {
	.command = MEMBANK_IOC_NOTIFIER_DERIVE,
	.size = sizeof(struct membank_notifier_derive),
	.flags_at = AT(notifier_derive, rights),
	.flags_known = MEMBANK_NOTIFIER_TRIGGER | MEMBANK_NOTIFIER_RECEIVE,
	.reserved_at = AT(notifier_derive, __reserved),
	.out_fd_at = AT(notifier_derive, out_fd),
	.noun = ON_NOTIFIER,
};

static const struct form notifier_bind = {
	.command = MEMBANK_IOC_NOTIFIER_BIND,
	.size = sizeof(struct membank_notifier_bind),
	.flags_at = AT(notifier_bind, flags),
	.flags_known = MEMBANK_BIND_ONESHOT,
	.reserved_at = AT(notifier_bind, __reserved),
	.out_fd_at = NONE,
	.noun = ON_NOTIFIER,
};

static const struct form notifier_trigger = {
	.command = MEMBANK_IOC_NOTIFIER_TRIGGER,
	.size = sizeof(struct membank_notifier_trigger),
	.flags_at = AT(notifier_trigger, flags),
	.reserved_at = NONE,
	.out_fd_at = NONE,
	.noun = ON_NOTIFIER,
};

static const struct form service_register = {
	.command = MEMBANK_IOC_SERVICE_REGISTER,
	.size = sizeof(struct membank_service_register),
	.flags_at = AT(service_register, flags),
	.flags_known = MEMBANK_SERVICE_OWNER | MEMBANK_SERVICE_GROUP,
	.reserved_at = AT(service_register, __reserved),
	.out_fd_at = AT(service_register, out_fd),
};

static const struct form service_connect = {
	.command = MEMBANK_IOC_SERVICE_CONNECT,
	.size = sizeof(struct membank_service_connect),
	.flags_at = AT(service_connect, flags),
	.reserved_at = AT(service_connect, __reserved),
	.out_fd_at = AT(service_connect, out_fd),
};

#endif /* MEMBANK_SELFTESTS_UAPI_FORM_H */
