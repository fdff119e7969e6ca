/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A variant of the fixture "command" for every command. Included where that is
 * declared, once.
 */
/* clang-format off */
FIXTURE_VARIANT_ADD(command, get_info) { &row_get_info };
FIXTURE_VARIANT_ADD(command, bank_info) { &row_bank_info };
FIXTURE_VARIANT_ADD(command, dataspace_alloc) { &row_dataspace_alloc };
FIXTURE_VARIANT_ADD(command, dataspace_info) { &row_dataspace_info };
FIXTURE_VARIANT_ADD(command, dataspace_derive) { &row_dataspace_derive };
FIXTURE_VARIANT_ADD(command, dataspace_clear) { &row_dataspace_clear };
FIXTURE_VARIANT_ADD(command, dataspace_copy) { &row_dataspace_copy };
FIXTURE_VARIANT_ADD(command, dataspace_phys) { &row_dataspace_phys };
FIXTURE_VARIANT_ADD(command, dataspace_revoke) { &row_dataspace_revoke };
FIXTURE_VARIANT_ADD(command, region_attach) { &row_region_attach };
FIXTURE_VARIANT_ADD(command, region_detach) { &row_region_detach };
FIXTURE_VARIANT_ADD(command, region_find) { &row_region_find };
FIXTURE_VARIANT_ADD(command, region_list) { &row_region_list };
FIXTURE_VARIANT_ADD(command, area_reserve) { &row_area_reserve };
FIXTURE_VARIANT_ADD(command, area_free) { &row_area_free };
FIXTURE_VARIANT_ADD(command, pager_create) { &row_pager_create };
FIXTURE_VARIANT_ADD(command, pager_reply) { &row_pager_reply };
FIXTURE_VARIANT_ADD(command, notifier_create) { &row_notifier_create };
FIXTURE_VARIANT_ADD(command, notifier_derive) { &row_notifier_derive };
FIXTURE_VARIANT_ADD(command, notifier_bind) { &row_notifier_bind };
FIXTURE_VARIANT_ADD(command, notifier_trigger) { &row_notifier_trigger };
FIXTURE_VARIANT_ADD(command, notifier_unmask) { &row_notifier_unmask };
FIXTURE_VARIANT_ADD(command, notifier_call) { &row_notifier_call };
FIXTURE_VARIANT_ADD(command, service_register) { &row_service_register };
FIXTURE_VARIANT_ADD(command, service_connect) { &row_service_connect };
FIXTURE_VARIANT_ADD(command, service_notify) { &row_service_notify };
FIXTURE_VARIANT_ADD(command, service_revoke) { &row_service_revoke };
FIXTURE_VARIANT_ADD(command, service_list) { &row_service_list };
FIXTURE_VARIANT_ADD(command, service_clients) { &row_service_clients };
/* clang-format on */
