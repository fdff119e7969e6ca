/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of every struct of the ABI, the same in 32-bit and 64-bit
 * programs: it is compiled into both.
 */
#ifndef MEMBANK_SELFTESTS_UAPI_LAYOUT_H
#define MEMBANK_SELFTESTS_UAPI_LAYOUT_H

#if __STDC_HOSTED__
#include <assert.h>
#endif
#include <stddef.h>

#include <linux/membank.h>

#define LAYOUT_SIZE(_struct, _size) \
	static_assert(sizeof(struct _struct) == (_size), #_struct)
#define LAYOUT_FIELD(_struct, _field, _offset)                       \
	static_assert(offsetof(struct _struct, _field) == (_offset), \
		      #_struct "." #_field)

LAYOUT_SIZE(membank_get_info, 24);
LAYOUT_FIELD(membank_get_info, size, 0);
LAYOUT_FIELD(membank_get_info, out_version, 4);
LAYOUT_FIELD(membank_get_info, out_features, 8);
LAYOUT_FIELD(membank_get_info, out_banks, 16);
LAYOUT_FIELD(membank_get_info, out_bank, 20);

LAYOUT_SIZE(membank_bank_info, 136);
LAYOUT_FIELD(membank_bank_info, size, 0);
LAYOUT_FIELD(membank_bank_info, bank, 4);
LAYOUT_FIELD(membank_bank_info, out_length, 8);
LAYOUT_FIELD(membank_bank_info, out_used, 16);
LAYOUT_FIELD(membank_bank_info, out_largest_free, 24);
LAYOUT_FIELD(membank_bank_info, out_scrubbed, 32);
LAYOUT_FIELD(membank_bank_info, out_dataspaces, 40);
LAYOUT_FIELD(membank_bank_info, out_node, 44);
LAYOUT_FIELD(membank_bank_info, out_source, 48);
LAYOUT_FIELD(membank_bank_info, out_flags, 52);
LAYOUT_FIELD(membank_bank_info, out_name, 56);
LAYOUT_FIELD(membank_bank_info, out_quota, 120);
LAYOUT_FIELD(membank_bank_info, out_charged, 128);

LAYOUT_SIZE(membank_dataspace_alloc, 24);
LAYOUT_FIELD(membank_dataspace_alloc, size, 0);
LAYOUT_FIELD(membank_dataspace_alloc, flags, 4);
LAYOUT_FIELD(membank_dataspace_alloc, length, 8);
LAYOUT_FIELD(membank_dataspace_alloc, align, 16);
LAYOUT_FIELD(membank_dataspace_alloc, out_fd, 20);

LAYOUT_SIZE(membank_dataspace_info, 48);
LAYOUT_FIELD(membank_dataspace_info, size, 0);
LAYOUT_FIELD(membank_dataspace_info, fd, 4);
LAYOUT_FIELD(membank_dataspace_info, out_length, 8);
LAYOUT_FIELD(membank_dataspace_info, out_extent, 16);
LAYOUT_FIELD(membank_dataspace_info, out_offset, 24);
LAYOUT_FIELD(membank_dataspace_info, out_bank, 32);
LAYOUT_FIELD(membank_dataspace_info, out_flags, 36);
LAYOUT_FIELD(membank_dataspace_info, out_mappings, 40);
LAYOUT_FIELD(membank_dataspace_info, out_rights, 44);

LAYOUT_SIZE(membank_dataspace_derive, 16);
LAYOUT_FIELD(membank_dataspace_derive, size, 0);
LAYOUT_FIELD(membank_dataspace_derive, fd, 4);
LAYOUT_FIELD(membank_dataspace_derive, rights, 8);
LAYOUT_FIELD(membank_dataspace_derive, out_fd, 12);

LAYOUT_SIZE(membank_dataspace_clear, 24);
LAYOUT_FIELD(membank_dataspace_clear, size, 0);
LAYOUT_FIELD(membank_dataspace_clear, fd, 4);
LAYOUT_FIELD(membank_dataspace_clear, offset, 8);
LAYOUT_FIELD(membank_dataspace_clear, length, 16);

LAYOUT_SIZE(membank_dataspace_copy, 40);
LAYOUT_FIELD(membank_dataspace_copy, size, 0);
LAYOUT_FIELD(membank_dataspace_copy, flags, 4);
LAYOUT_FIELD(membank_dataspace_copy, fd, 8);
LAYOUT_FIELD(membank_dataspace_copy, from, 12);
LAYOUT_FIELD(membank_dataspace_copy, offset, 16);
LAYOUT_FIELD(membank_dataspace_copy, from_offset, 24);
LAYOUT_FIELD(membank_dataspace_copy, length, 32);

LAYOUT_SIZE(membank_dataspace_phys, 32);
LAYOUT_FIELD(membank_dataspace_phys, size, 0);
LAYOUT_FIELD(membank_dataspace_phys, fd, 4);
LAYOUT_FIELD(membank_dataspace_phys, offset, 8);
LAYOUT_FIELD(membank_dataspace_phys, out_addr, 16);
LAYOUT_FIELD(membank_dataspace_phys, out_length, 24);

LAYOUT_SIZE(membank_dataspace_revoke, 8);
LAYOUT_FIELD(membank_dataspace_revoke, size, 0);
LAYOUT_FIELD(membank_dataspace_revoke, fd, 4);

LAYOUT_SIZE(membank_region_attach, 48);
LAYOUT_FIELD(membank_region_attach, size, 0);
LAYOUT_FIELD(membank_region_attach, fd, 4);
LAYOUT_FIELD(membank_region_attach, start, 8);
LAYOUT_FIELD(membank_region_attach, length, 16);
LAYOUT_FIELD(membank_region_attach, offset, 24);
LAYOUT_FIELD(membank_region_attach, flags, 32);
LAYOUT_FIELD(membank_region_attach, align, 36);
LAYOUT_FIELD(membank_region_attach, out_start, 40);

LAYOUT_SIZE(membank_region_detach, 64);
LAYOUT_FIELD(membank_region_detach, size, 0);
LAYOUT_FIELD(membank_region_detach, flags, 4);
LAYOUT_FIELD(membank_region_detach, addr, 8);
LAYOUT_FIELD(membank_region_detach, out_start, 16);
LAYOUT_FIELD(membank_region_detach, out_length, 24);
LAYOUT_FIELD(membank_region_detach, length, 32);
LAYOUT_FIELD(membank_region_detach, out_dropped, 40);
LAYOUT_FIELD(membank_region_detach, out_kept, 44);
LAYOUT_FIELD(membank_region_detach, out_split, 48);
LAYOUT_FIELD(membank_region_detach, out_more, 52);
LAYOUT_FIELD(membank_region_detach, out_fd, 56);
LAYOUT_FIELD(membank_region_detach, __reserved, 60);

LAYOUT_SIZE(membank_region_find, 56);
LAYOUT_FIELD(membank_region_find, size, 0);
LAYOUT_FIELD(membank_region_find, flags, 4);
LAYOUT_FIELD(membank_region_find, addr, 8);
LAYOUT_FIELD(membank_region_find, out_start, 16);
LAYOUT_FIELD(membank_region_find, out_length, 24);
LAYOUT_FIELD(membank_region_find, out_offset, 32);
LAYOUT_FIELD(membank_region_find, out_flags, 40);
LAYOUT_FIELD(membank_region_find, out_fd, 44);
LAYOUT_FIELD(membank_region_find, length, 48);

LAYOUT_SIZE(membank_region_entry, 56);
LAYOUT_FIELD(membank_region_entry, start, 0);
LAYOUT_FIELD(membank_region_entry, length, 8);
LAYOUT_FIELD(membank_region_entry, offset, 16);
LAYOUT_FIELD(membank_region_entry, area, 24);
LAYOUT_FIELD(membank_region_entry, bank_offset, 32);
LAYOUT_FIELD(membank_region_entry, bank, 40);
LAYOUT_FIELD(membank_region_entry, kind, 44);
LAYOUT_FIELD(membank_region_entry, flags, 48);
LAYOUT_FIELD(membank_region_entry, __reserved, 52);

LAYOUT_SIZE(membank_region_list, 56);
LAYOUT_FIELD(membank_region_list, size, 0);
LAYOUT_FIELD(membank_region_list, flags, 4);
LAYOUT_FIELD(membank_region_list, start, 8);
LAYOUT_FIELD(membank_region_list, length, 16);
LAYOUT_FIELD(membank_region_list, entries, 24);
LAYOUT_FIELD(membank_region_list, nr_entries, 32);
LAYOUT_FIELD(membank_region_list, entry_size, 36);
LAYOUT_FIELD(membank_region_list, out_nr_entries, 40);
LAYOUT_FIELD(membank_region_list, __reserved, 44);
LAYOUT_FIELD(membank_region_list, out_next, 48);

LAYOUT_SIZE(membank_area_reserve, 40);
LAYOUT_FIELD(membank_area_reserve, size, 0);
LAYOUT_FIELD(membank_area_reserve, flags, 4);
LAYOUT_FIELD(membank_area_reserve, start, 8);
LAYOUT_FIELD(membank_area_reserve, length, 16);
LAYOUT_FIELD(membank_area_reserve, align, 24);
LAYOUT_FIELD(membank_area_reserve, __reserved, 28);
LAYOUT_FIELD(membank_area_reserve, out_start, 32);

LAYOUT_SIZE(membank_area_free, 32);
LAYOUT_FIELD(membank_area_free, size, 0);
LAYOUT_FIELD(membank_area_free, flags, 4);
LAYOUT_FIELD(membank_area_free, addr, 8);
LAYOUT_FIELD(membank_area_free, out_start, 16);
LAYOUT_FIELD(membank_area_free, out_length, 24);

LAYOUT_SIZE(membank_pager_create, 24);
LAYOUT_FIELD(membank_pager_create, size, 0);
LAYOUT_FIELD(membank_pager_create, flags, 4);
LAYOUT_FIELD(membank_pager_create, fault_size, 8);
LAYOUT_FIELD(membank_pager_create, __reserved, 12);
LAYOUT_FIELD(membank_pager_create, out_fd, 16);
LAYOUT_FIELD(membank_pager_create, out_attach_fd, 20);

LAYOUT_SIZE(membank_pager_fault, 40);
LAYOUT_FIELD(membank_pager_fault, id, 0);
LAYOUT_FIELD(membank_pager_fault, address, 8);
LAYOUT_FIELD(membank_pager_fault, offset, 16);
LAYOUT_FIELD(membank_pager_fault, access, 24);
LAYOUT_FIELD(membank_pager_fault, pid, 28);
LAYOUT_FIELD(membank_pager_fault, tid, 32);
LAYOUT_FIELD(membank_pager_fault, __reserved, 36);

LAYOUT_SIZE(membank_pager_reply, 40);
LAYOUT_FIELD(membank_pager_reply, size, 0);
LAYOUT_FIELD(membank_pager_reply, flags, 4);
LAYOUT_FIELD(membank_pager_reply, id, 8);
LAYOUT_FIELD(membank_pager_reply, offset, 16);
LAYOUT_FIELD(membank_pager_reply, length, 24);
LAYOUT_FIELD(membank_pager_reply, fd, 32);
LAYOUT_FIELD(membank_pager_reply, __reserved, 36);

LAYOUT_SIZE(membank_notifier_create, 16);
LAYOUT_FIELD(membank_notifier_create, size, 0);
LAYOUT_FIELD(membank_notifier_create, flags, 4);
LAYOUT_FIELD(membank_notifier_create, out_fd, 8);
LAYOUT_FIELD(membank_notifier_create, __reserved, 12);

LAYOUT_SIZE(membank_notifier_derive, 16);
LAYOUT_FIELD(membank_notifier_derive, size, 0);
LAYOUT_FIELD(membank_notifier_derive, rights, 4);
LAYOUT_FIELD(membank_notifier_derive, out_fd, 8);
LAYOUT_FIELD(membank_notifier_derive, __reserved, 12);

LAYOUT_SIZE(membank_notifier_bind, 16);
LAYOUT_FIELD(membank_notifier_bind, size, 0);
LAYOUT_FIELD(membank_notifier_bind, flags, 4);
LAYOUT_FIELD(membank_notifier_bind, eventfd, 8);
LAYOUT_FIELD(membank_notifier_bind, __reserved, 12);

LAYOUT_SIZE(membank_notifier_trigger, 8);
LAYOUT_FIELD(membank_notifier_trigger, size, 0);
LAYOUT_FIELD(membank_notifier_trigger, flags, 4);

LAYOUT_SIZE(membank_offer, 16);
LAYOUT_FIELD(membank_offer, fd, 0);
LAYOUT_FIELD(membank_offer, kind, 4);
LAYOUT_FIELD(membank_offer, rights, 8);
LAYOUT_FIELD(membank_offer, __reserved, 12);

LAYOUT_SIZE(membank_service_register, 112);
LAYOUT_FIELD(membank_service_register, size, 0);
LAYOUT_FIELD(membank_service_register, flags, 4);
LAYOUT_FIELD(membank_service_register, offers, 8);
LAYOUT_FIELD(membank_service_register, nr_offers, 16);
LAYOUT_FIELD(membank_service_register, offer_size, 20);
LAYOUT_FIELD(membank_service_register, mode, 24);
LAYOUT_FIELD(membank_service_register, out_fd, 28);
LAYOUT_FIELD(membank_service_register, name, 32);
LAYOUT_FIELD(membank_service_register, owner, 96);
LAYOUT_FIELD(membank_service_register, group, 100);
LAYOUT_FIELD(membank_service_register, event_size, 104);
LAYOUT_FIELD(membank_service_register, __reserved, 108);

LAYOUT_SIZE(membank_service_event, 24);
LAYOUT_FIELD(membank_service_event, type, 0);
LAYOUT_FIELD(membank_service_event, pid, 4);
LAYOUT_FIELD(membank_service_event, client, 8);
LAYOUT_FIELD(membank_service_event, uid, 16);
LAYOUT_FIELD(membank_service_event, gid, 20);

LAYOUT_SIZE(membank_service_connect, 112);
LAYOUT_FIELD(membank_service_connect, size, 0);
LAYOUT_FIELD(membank_service_connect, flags, 4);
LAYOUT_FIELD(membank_service_connect, timeout_ns, 8);
LAYOUT_FIELD(membank_service_connect, offers, 16);
LAYOUT_FIELD(membank_service_connect, nr_offers, 24);
LAYOUT_FIELD(membank_service_connect, offer_size, 28);
LAYOUT_FIELD(membank_service_connect, out_nr_offers, 32);
LAYOUT_FIELD(membank_service_connect, __reserved, 36);
LAYOUT_FIELD(membank_service_connect, out_fd, 40);
LAYOUT_FIELD(membank_service_connect, out_pid, 44);
LAYOUT_FIELD(membank_service_connect, name, 48);

LAYOUT_SIZE(membank_notifier_unmask, 8);
LAYOUT_FIELD(membank_notifier_unmask, size, 0);
LAYOUT_FIELD(membank_notifier_unmask, flags, 4);

LAYOUT_SIZE(membank_notifier_call, 32);
LAYOUT_FIELD(membank_notifier_call, size, 0);
LAYOUT_FIELD(membank_notifier_call, flags, 4);
LAYOUT_FIELD(membank_notifier_call, timeout_ns, 8);
LAYOUT_FIELD(membank_notifier_call, wait_fd, 16);
LAYOUT_FIELD(membank_notifier_call, __reserved, 20);
LAYOUT_FIELD(membank_notifier_call, out_count, 24);

LAYOUT_SIZE(membank_service_notify, 24);
LAYOUT_FIELD(membank_service_notify, size, 0);
LAYOUT_FIELD(membank_service_notify, flags, 4);
LAYOUT_FIELD(membank_service_notify, client, 8);
LAYOUT_FIELD(membank_service_notify, offer, 16);
LAYOUT_FIELD(membank_service_notify, __reserved, 20);

LAYOUT_SIZE(membank_service_revoke, 24);
LAYOUT_FIELD(membank_service_revoke, size, 0);
LAYOUT_FIELD(membank_service_revoke, flags, 4);
LAYOUT_FIELD(membank_service_revoke, client, 8);
LAYOUT_FIELD(membank_service_revoke, offer, 16);
LAYOUT_FIELD(membank_service_revoke, __reserved, 20);

LAYOUT_SIZE(membank_offered, 8);
LAYOUT_FIELD(membank_offered, kind, 0);
LAYOUT_FIELD(membank_offered, rights, 4);

LAYOUT_SIZE(membank_service_entry, 216);
LAYOUT_FIELD(membank_service_entry, name, 0);
LAYOUT_FIELD(membank_service_entry, pid, 64);
LAYOUT_FIELD(membank_service_entry, uid, 68);
LAYOUT_FIELD(membank_service_entry, gid, 72);
LAYOUT_FIELD(membank_service_entry, mode, 76);
LAYOUT_FIELD(membank_service_entry, nr_offers, 80);
LAYOUT_FIELD(membank_service_entry, nr_clients, 84);
LAYOUT_FIELD(membank_service_entry, offers, 88);

LAYOUT_SIZE(membank_service_list, 96);
LAYOUT_FIELD(membank_service_list, size, 0);
LAYOUT_FIELD(membank_service_list, flags, 4);
LAYOUT_FIELD(membank_service_list, entries, 8);
LAYOUT_FIELD(membank_service_list, nr_entries, 16);
LAYOUT_FIELD(membank_service_list, entry_size, 20);
LAYOUT_FIELD(membank_service_list, out_nr_entries, 24);
LAYOUT_FIELD(membank_service_list, out_more, 28);
LAYOUT_FIELD(membank_service_list, after, 32);

LAYOUT_SIZE(membank_service_client, 24);
LAYOUT_FIELD(membank_service_client, client, 0);
LAYOUT_FIELD(membank_service_client, pid, 8);
LAYOUT_FIELD(membank_service_client, uid, 12);
LAYOUT_FIELD(membank_service_client, gid, 16);
LAYOUT_FIELD(membank_service_client, __reserved, 20);

LAYOUT_SIZE(membank_service_clients, 128);
LAYOUT_FIELD(membank_service_clients, size, 0);
LAYOUT_FIELD(membank_service_clients, flags, 4);
LAYOUT_FIELD(membank_service_clients, clients, 8);
LAYOUT_FIELD(membank_service_clients, nr_clients, 16);
LAYOUT_FIELD(membank_service_clients, entry_size, 20);
LAYOUT_FIELD(membank_service_clients, out_nr_clients, 24);
LAYOUT_FIELD(membank_service_clients, __reserved, 28);
LAYOUT_FIELD(membank_service_clients, after, 32);
LAYOUT_FIELD(membank_service_clients, changes, 40);
LAYOUT_FIELD(membank_service_clients, out_changes, 48);
LAYOUT_FIELD(membank_service_clients, timeout_ns, 56);
LAYOUT_FIELD(membank_service_clients, name, 64);

/* Numbers never change. */
static_assert(MEMBANK_IOC_GET_INFO == 0xbb00, "GET_INFO");
static_assert(MEMBANK_IOC_BANK_INFO == 0xbb01, "BANK_INFO");
static_assert(MEMBANK_IOC_DATASPACE_ALLOC == 0xbb10, "DATASPACE_ALLOC");
static_assert(MEMBANK_IOC_DATASPACE_INFO == 0xbb11, "DATASPACE_INFO");
static_assert(MEMBANK_IOC_DATASPACE_DERIVE == 0xbb12, "DATASPACE_DERIVE");
static_assert(MEMBANK_IOC_DATASPACE_CLEAR == 0xbb13, "DATASPACE_CLEAR");
static_assert(MEMBANK_IOC_DATASPACE_COPY == 0xbb14, "DATASPACE_COPY");
static_assert(MEMBANK_IOC_DATASPACE_PHYS == 0xbb15, "DATASPACE_PHYS");
static_assert(MEMBANK_IOC_DATASPACE_REVOKE == 0xbb16, "DATASPACE_REVOKE");
static_assert(MEMBANK_IOC_REGION_ATTACH == 0xbb20, "REGION_ATTACH");
static_assert(MEMBANK_IOC_REGION_DETACH == 0xbb21, "REGION_DETACH");
static_assert(MEMBANK_IOC_REGION_FIND == 0xbb22, "REGION_FIND");
static_assert(MEMBANK_IOC_REGION_LIST == 0xbb23, "REGION_LIST");
static_assert(MEMBANK_IOC_AREA_RESERVE == 0xbb24, "AREA_RESERVE");
static_assert(MEMBANK_IOC_AREA_FREE == 0xbb25, "AREA_FREE");
static_assert(MEMBANK_IOC_NOTIFIER_CREATE == 0xbb30, "NOTIFIER_CREATE");
static_assert(MEMBANK_IOC_NOTIFIER_DERIVE == 0xbb31, "NOTIFIER_DERIVE");
static_assert(MEMBANK_IOC_NOTIFIER_BIND == 0xbb32, "NOTIFIER_BIND");
static_assert(MEMBANK_IOC_NOTIFIER_TRIGGER == 0xbb33, "NOTIFIER_TRIGGER");
static_assert(MEMBANK_IOC_SERVICE_REGISTER == 0xbb40, "SERVICE_REGISTER");
static_assert(MEMBANK_IOC_SERVICE_CONNECT == 0xbb41, "SERVICE_CONNECT");
static_assert(MEMBANK_IOC_PAGER_CREATE == 0xbb50, "PAGER_CREATE");
static_assert(MEMBANK_IOC_PAGER_REPLY == 0xbb51, "PAGER_REPLY");

#endif /* MEMBANK_SELFTESTS_UAPI_LAYOUT_H */
