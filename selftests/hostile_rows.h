/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every command: where its numbers, descriptors and arrays are. Include it by
 * hostile.h.
 */
#ifndef MEMBANK_SELFTESTS_HOSTILE_ROWS_H
#define MEMBANK_SELFTESTS_HOSTILE_ROWS_H

#include <errno.h>

/* Which descriptor of a scene a command goes to. */
enum noun {
	ON_NODE,
	ON_NOTIFIER,
	ON_ONESHOT,
	ON_PAGER,
	ON_SERVICE,
};

enum field_kind {
	FIELD_NONE,
	/* A descriptor that is taken. */
	FIELD_FD,
	/* One that is given; more than one stand in the array of CONNECT. */
	FIELD_OUT_FD,
	/* Anything that counts: of 32 bits, of 64. */
	FIELD_U32,
	FIELD_U64,
};

/**
 * struct field - one of a command's struct
 * @kind: what it is
 * @at: where
 * @einval: a wrong number there can be EINVAL
 */
struct field {
	enum field_kind kind;
	size_t at;
	bool einval;
};

#define FIELDS_MAX 8
#define ERRORS_MAX 12

/**
 * struct row - one command
 * @name: for reports
 * @command: MEMBANK_IOC_*
 * @size: of its struct
 * @noun: what it goes to
 * @fields: all but sizes, flags, arrays and reserved ones
 * @array_at: where the address of its array is, 0: it has none
 * @array_bytes: how much of the array it reads or writes, filled as it is
 * @reads: the array is read
 * @not_empty: an array without an element is EINVAL
 * @errors: what it can answer to wrong values, beside EINVAL
 */
struct row {
	const char *name;
	unsigned long command;
	size_t size;
	enum noun noun;
	struct field fields[FIELDS_MAX];
	size_t array_at;
	size_t array_bytes;
	bool reads;
	bool not_empty;
	int errors[ERRORS_MAX];
};

#define AT(_struct, _field) offsetof(struct membank_##_struct, _field)

static const struct row row_get_info = {
	.name = "get_info",
	.command = MEMBANK_IOC_GET_INFO,
	.size = sizeof(struct membank_get_info),
};

static const struct row row_bank_info = {
	.name = "bank_info",
	.command = MEMBANK_IOC_BANK_INFO,
	.size = sizeof(struct membank_bank_info),
	.fields = {
		{ FIELD_U32, AT(bank_info, bank) },
	},
	.errors = { ENOENT },
};

static const struct row row_dataspace_alloc = {
	.name = "dataspace_alloc",
	.command = MEMBANK_IOC_DATASPACE_ALLOC,
	.size = sizeof(struct membank_dataspace_alloc),
	.fields = {
		{ FIELD_U64, AT(dataspace_alloc, length) },
		{ FIELD_U32, AT(dataspace_alloc, align) },
		{ FIELD_OUT_FD, AT(dataspace_alloc, out_fd) },
	},
	.errors = { ERANGE, ENOMEM },
};

static const struct row row_dataspace_info = {
	.name = "dataspace_info",
	.command = MEMBANK_IOC_DATASPACE_INFO,
	.size = sizeof(struct membank_dataspace_info),
	.fields = {
		{ FIELD_FD, AT(dataspace_info, fd) },
	},
};

static const struct row row_dataspace_derive = {
	.name = "dataspace_derive",
	.command = MEMBANK_IOC_DATASPACE_DERIVE,
	.size = sizeof(struct membank_dataspace_derive),
	.fields = {
		{ FIELD_FD, AT(dataspace_derive, fd) },
		{ FIELD_U32, AT(dataspace_derive, rights), true },
		{ FIELD_OUT_FD, AT(dataspace_derive, out_fd) },
	},
	.errors = { EOPNOTSUPP, EACCES },
};

static const struct row row_dataspace_clear = {
	.name = "dataspace_clear",
	.command = MEMBANK_IOC_DATASPACE_CLEAR,
	.size = sizeof(struct membank_dataspace_clear),
	.fields = {
		{ FIELD_FD, AT(dataspace_clear, fd) },
		{ FIELD_U64, AT(dataspace_clear, offset) },
		{ FIELD_U64, AT(dataspace_clear, length), true },
	},
	.errors = { ERANGE, EACCES },
};

static const struct row row_dataspace_copy = {
	.name = "dataspace_copy",
	.command = MEMBANK_IOC_DATASPACE_COPY,
	.size = sizeof(struct membank_dataspace_copy),
	.fields = {
		{ FIELD_FD, AT(dataspace_copy, fd) },
		{ FIELD_FD, AT(dataspace_copy, from) },
		{ FIELD_U64, AT(dataspace_copy, offset) },
		{ FIELD_U64, AT(dataspace_copy, from_offset) },
		{ FIELD_U64, AT(dataspace_copy, length), true },
	},
	.errors = { ERANGE, EACCES },
};

static const struct row row_dataspace_phys = {
	.name = "dataspace_phys",
	.command = MEMBANK_IOC_DATASPACE_PHYS,
	.size = sizeof(struct membank_dataspace_phys),
	.fields = {
		{ FIELD_FD, AT(dataspace_phys, fd) },
		{ FIELD_U64, AT(dataspace_phys, offset) },
	},
	.errors = { ERANGE },
};

static const struct row row_dataspace_revoke = {
	.name = "dataspace_revoke",
	.command = MEMBANK_IOC_DATASPACE_REVOKE,
	.size = sizeof(struct membank_dataspace_revoke),
	.fields = {
		{ FIELD_FD, AT(dataspace_revoke, fd) },
	},
	.errors = { EACCES },
};

static const struct row row_region_attach = {
	.name = "region_attach",
	.command = MEMBANK_IOC_REGION_ATTACH,
	.size = sizeof(struct membank_region_attach),
	.fields = {
		{ FIELD_FD, AT(region_attach, fd) },
		{ FIELD_U64, AT(region_attach, start) },
		{ FIELD_U64, AT(region_attach, length) },
		{ FIELD_U64, AT(region_attach, offset), true },
		{ FIELD_U32, AT(region_attach, align), true },
	},
	.errors = { ERANGE, EADDRNOTAVAIL, ENOMEM, EPERM, EACCES, ENOENT },
};

static const struct row row_region_detach = {
	.name = "region_detach",
	.command = MEMBANK_IOC_REGION_DETACH,
	.size = sizeof(struct membank_region_detach),
	.fields = {
		{ FIELD_U64, AT(region_detach, addr) },
		{ FIELD_U64, AT(region_detach, length), true },
		{ FIELD_OUT_FD, AT(region_detach, out_fd) },
	},
	.errors = { ENOENT },
};

static const struct row row_region_find = {
	.name = "region_find",
	.command = MEMBANK_IOC_REGION_FIND,
	.size = sizeof(struct membank_region_find),
	.fields = {
		{ FIELD_U64, AT(region_find, addr) },
		{ FIELD_U64, AT(region_find, length), true },
		{ FIELD_OUT_FD, AT(region_find, out_fd) },
	},
	.errors = { ENOENT },
};

static const struct row row_region_list = {
	.name = "region_list",
	.command = MEMBANK_IOC_REGION_LIST,
	.size = sizeof(struct membank_region_list),
	.fields = {
		{ FIELD_U64, AT(region_list, start), true },
		{ FIELD_U64, AT(region_list, length), true },
	},
	.array_at = AT(region_list, entries),
	.not_empty = true,
	.array_bytes = sizeof(struct membank_region_entry),
};

static const struct row row_area_reserve = {
	.name = "area_reserve",
	.command = MEMBANK_IOC_AREA_RESERVE,
	.size = sizeof(struct membank_area_reserve),
	.fields = {
		{ FIELD_U64, AT(area_reserve, start) },
		{ FIELD_U64, AT(area_reserve, length), true },
		{ FIELD_U32, AT(area_reserve, align), true },
	},
	.errors = { EADDRNOTAVAIL, ENOMEM, EPERM, ENOENT },
};

static const struct row row_area_free = {
	.name = "area_free",
	.command = MEMBANK_IOC_AREA_FREE,
	.size = sizeof(struct membank_area_free),
	.fields = {
		{ FIELD_U64, AT(area_free, addr) },
	},
	.errors = { ENOENT },
};

static const struct row row_pager_create = {
	.name = "pager_create",
	.command = MEMBANK_IOC_PAGER_CREATE,
	.size = sizeof(struct membank_pager_create),
	.fields = {
		{ FIELD_U32, AT(pager_create, fault_size), true },
		{ FIELD_OUT_FD, AT(pager_create, out_fd) },
		{ FIELD_OUT_FD, AT(pager_create, out_attach_fd) },
	},
	.errors = { E2BIG },
};

static const struct row row_pager_reply = {
	.name = "pager_reply",
	.command = MEMBANK_IOC_PAGER_REPLY,
	.size = sizeof(struct membank_pager_reply),
	.noun = ON_PAGER,
	.fields = {
		{ FIELD_FD, AT(pager_reply, fd) },
		{ FIELD_U64, AT(pager_reply, id) },
		{ FIELD_U64, AT(pager_reply, offset), true },
		{ FIELD_U64, AT(pager_reply, length) },
	},
	.errors = { ENOENT },
};

static const struct row row_notifier_create = {
	.name = "notifier_create",
	.command = MEMBANK_IOC_NOTIFIER_CREATE,
	.size = sizeof(struct membank_notifier_create),
	.fields = {
		{ FIELD_OUT_FD, AT(notifier_create, out_fd) },
	},
};

static const struct row row_notifier_derive = {
	.name = "notifier_derive",
	.command = MEMBANK_IOC_NOTIFIER_DERIVE,
	.size = sizeof(struct membank_notifier_derive),
	.noun = ON_NOTIFIER,
	.fields = {
		{ FIELD_U32, AT(notifier_derive, rights), true },
		{ FIELD_OUT_FD, AT(notifier_derive, out_fd) },
	},
	.errors = { EOPNOTSUPP },
};

static const struct row row_notifier_bind = {
	.name = "notifier_bind",
	.command = MEMBANK_IOC_NOTIFIER_BIND,
	.size = sizeof(struct membank_notifier_bind),
	.noun = ON_ONESHOT,
	.fields = {
		{ FIELD_FD, AT(notifier_bind, eventfd) },
	},
};

static const struct row row_notifier_trigger = {
	.name = "notifier_trigger",
	.command = MEMBANK_IOC_NOTIFIER_TRIGGER,
	.size = sizeof(struct membank_notifier_trigger),
	.noun = ON_NOTIFIER,
};

static const struct row row_notifier_unmask = {
	.name = "notifier_unmask",
	.command = MEMBANK_IOC_NOTIFIER_UNMASK,
	.size = sizeof(struct membank_notifier_unmask),
	.noun = ON_ONESHOT,
};

static const struct row row_notifier_call = {
	.name = "notifier_call",
	.command = MEMBANK_IOC_NOTIFIER_CALL,
	.size = sizeof(struct membank_notifier_call),
	.noun = ON_NOTIFIER,
	.fields = {
		{ FIELD_FD, AT(notifier_call, wait_fd) },
		{ FIELD_U64, AT(notifier_call, timeout_ns) },
	},
};

static const struct row row_service_register = {
	.name = "service_register",
	.command = MEMBANK_IOC_SERVICE_REGISTER,
	.size = sizeof(struct membank_service_register),
	.fields = {
		{ FIELD_U32, AT(service_register, nr_offers), true },
		{ FIELD_U32, AT(service_register, offer_size), true },
		{ FIELD_U32, AT(service_register, mode), true },
		{ FIELD_U32, AT(service_register, event_size), true },
		{ FIELD_U32, AT(service_register, owner) },
		{ FIELD_U32, AT(service_register, group) },
		{ FIELD_OUT_FD, AT(service_register, out_fd) },
	},
	.reads = true,
	.errors = { E2BIG, EBADF, EFAULT },
	.array_at = AT(service_register, offers),
	.array_bytes = 2 * sizeof(struct membank_offer),
};

static const struct row row_service_connect = {
	.name = "service_connect",
	.command = MEMBANK_IOC_SERVICE_CONNECT,
	.size = sizeof(struct membank_service_connect),
	.fields = {
		{ FIELD_U64, AT(service_connect, timeout_ns) },
		{ FIELD_U32, AT(service_connect, nr_offers) },
		{ FIELD_OUT_FD, AT(service_connect, out_fd) },
	},
	.errors = { ENOSPC },
	.array_at = AT(service_connect, offers),
	.array_bytes = 2 * sizeof(struct membank_offer),
};

static const struct row row_service_notify = {
	.name = "service_notify",
	.command = MEMBANK_IOC_SERVICE_NOTIFY,
	.size = sizeof(struct membank_service_notify),
	.noun = ON_SERVICE,
	.fields = {
		{ FIELD_U64, AT(service_notify, client) },
		{ FIELD_U32, AT(service_notify, offer), true },
	},
	.errors = { ENOENT },
};

static const struct row row_service_revoke = {
	.name = "service_revoke",
	.command = MEMBANK_IOC_SERVICE_REVOKE,
	.size = sizeof(struct membank_service_revoke),
	.noun = ON_SERVICE,
	.fields = {
		{ FIELD_U64, AT(service_revoke, client) },
		{ FIELD_U32, AT(service_revoke, offer), true },
	},
	.errors = { ENOENT },
};

static const struct row row_service_list = {
	.name = "service_list",
	.command = MEMBANK_IOC_SERVICE_LIST,
	.size = sizeof(struct membank_service_list),
	.array_at = AT(service_list, entries),
	.not_empty = true,
	.array_bytes = sizeof(struct membank_service_entry),
};

static const struct row row_service_clients = {
	.name = "service_clients",
	.command = MEMBANK_IOC_SERVICE_CLIENTS,
	.size = sizeof(struct membank_service_clients),
	.fields = {
		{ FIELD_U64, AT(service_clients, after) },
		{ FIELD_U64, AT(service_clients, changes) },
		{ FIELD_U64, AT(service_clients, timeout_ns) },
	},
	.array_at = AT(service_clients, clients),
	.array_bytes = sizeof(struct membank_service_client),
};

/* All of them; hostile_size_test asks the kernel whether there are others. */
static const struct row *const rows[] = {
	&row_get_info,	      &row_bank_info,	     &row_dataspace_alloc,
	&row_dataspace_info,  &row_dataspace_derive, &row_dataspace_clear,
	&row_dataspace_copy,  &row_dataspace_phys,   &row_dataspace_revoke,
	&row_region_attach,   &row_region_detach,    &row_region_find,
	&row_region_list,     &row_area_reserve,     &row_area_free,
	&row_pager_create,    &row_pager_reply,	     &row_notifier_create,
	&row_notifier_derive, &row_notifier_bind,    &row_notifier_trigger,
	&row_notifier_unmask, &row_notifier_call,    &row_service_register,
	&row_service_connect, &row_service_notify,   &row_service_revoke,
	&row_service_list,    &row_service_clients,
};

#endif /* MEMBANK_SELFTESTS_HOSTILE_ROWS_H */
