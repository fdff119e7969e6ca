/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture "array", which is "command" for the commands that have one, and a
 * variant for each. Included once, behind that.
 */
FIXTURE(array)
{
	FIXTURE_DATA(command) command;
};

FIXTURE_VARIANT(array)
{
	const struct row *row;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(array, region_list) { &row_region_list };
FIXTURE_VARIANT_ADD(array, service_register) { &row_service_register };
FIXTURE_VARIANT_ADD(array, service_connect) { &row_service_connect };
FIXTURE_VARIANT_ADD(array, service_list) { &row_service_list };
FIXTURE_VARIANT_ADD(array, service_clients) { &row_service_clients };
/* clang-format on */
