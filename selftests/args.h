/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The struct of every command, for tests that go through all of them.
 */
#ifndef MEMBANK_SELFTESTS_ARGS_H
#define MEMBANK_SELFTESTS_ARGS_H

#include <linux/membank.h>

/* Longer than any: who includes this says how much. */
union args {
	__u32 size;
	unsigned char bytes[ARGS_BYTES];
	struct membank_get_info get_info;
	struct membank_bank_info bank_info;
	struct membank_dataspace_alloc alloc;
	struct membank_dataspace_info info;
	struct membank_dataspace_derive lend;
	struct membank_dataspace_clear clear;
	struct membank_dataspace_copy copy;
	struct membank_dataspace_phys phys;
	struct membank_dataspace_revoke revoke;
	struct membank_region_attach attach;
	struct membank_region_detach detach;
	struct membank_region_find find;
	struct membank_region_list list;
	struct membank_area_reserve reserve;
	struct membank_area_free free;
	struct membank_pager_create pager;
	struct membank_pager_reply reply;
	struct membank_notifier_create create;
	struct membank_notifier_derive derive;
	struct membank_notifier_bind bind;
	struct membank_notifier_trigger trigger;
	struct membank_notifier_unmask unmask;
	struct membank_notifier_call call;
	struct membank_service_register service;
	struct membank_service_connect connect;
	struct membank_service_notify notify;
	struct membank_service_revoke take;
	struct membank_service_list names;
	struct membank_service_clients clients;
};

#endif /* MEMBANK_SELFTESTS_ARGS_H */
