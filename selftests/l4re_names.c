// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each function, type, flag and number of L4Re's interfaces in C, as their pages
 * have it: compiled in each standard of C and C++, linked, and run without the
 * module. What they do is tested by the others.
 */
#include <l4/re/c/dataspace.h>
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/cache.h>
#include <l4/sys/consts.h>
#include <l4/sys/err.h>
#include <l4/sys/factory.h>
#include <l4/sys/ipc.h>
#include <l4/sys/irq.h>
#include <l4/sys/task.h>
#include <l4/sys/types.h>

static int wrong;

/* A function of just this type. */
#define NAMES(_result, _arguments, _function)           \
	do {                                            \
		_result(*names) _arguments = _function; \
		wrong += !names;                        \
	} while (0)

/* A number of just this value. */
#define IS(_number, _value) (wrong += (_number) != (_value))

static void allocator(void)
{
	enum l4re_ma_flags flags = L4RE_MA_CONTINUOUS;

	NAMES(long, (long, l4re_ds_t const, unsigned long), l4re_ma_alloc);
	NAMES(long, (long, l4re_ds_t const, unsigned long, unsigned long),
	      l4re_ma_alloc_align);
	NAMES(long, (l4re_ds_t const), l4re_ma_free);
	NAMES(long,
	      (l4_cap_idx_t, long, l4re_ds_t const, unsigned long,
	       unsigned long),
	      l4re_ma_alloc_align_srv);
	NAMES(long, (l4_cap_idx_t, l4re_ds_t const), l4re_ma_free_srv);
	IS(flags, 0x01);
	IS(L4RE_MA_PINNED, 0x02);
	IS(L4RE_MA_SUPER_PAGES, 0x04);
}

static void region_map(void)
{
	enum l4re_rm_flags_t flags = L4RE_RM_READ_ONLY;

	NAMES(int, (l4_addr_t *, unsigned long, unsigned int, unsigned char),
	      l4re_rm_reserve_area);
	NAMES(int, (l4_addr_t), l4re_rm_free_area);
	NAMES(int,
	      (void **, unsigned long, unsigned long, l4re_ds_t const,
	       l4_addr_t, unsigned char),
	      l4re_rm_attach);
	NAMES(int, (void *), l4re_rm_detach);
	NAMES(int, (void *, l4re_ds_t *), l4re_rm_detach_ds);
	NAMES(int, (l4_addr_t, l4_cap_idx_t), l4re_rm_detach_unmap);
	NAMES(int, (void *, l4re_ds_t *, l4_cap_idx_t),
	      l4re_rm_detach_ds_unmap);
	NAMES(int,
	      (l4_addr_t *, unsigned long *, l4_addr_t *, unsigned int *,
	       l4re_ds_t *),
	      l4re_rm_find);
	NAMES(void, (void), l4re_rm_show_lists);
	NAMES(int,
	      (l4_cap_idx_t, l4_addr_t *, unsigned long, unsigned int,
	       unsigned char),
	      l4re_rm_reserve_area_srv);
	NAMES(int, (l4_cap_idx_t, l4_addr_t), l4re_rm_free_area_srv);
	NAMES(int,
	      (l4_cap_idx_t, void **, unsigned long, unsigned long,
	       l4re_ds_t const, l4_addr_t, unsigned char),
	      l4re_rm_attach_srv);
	NAMES(int, (l4_cap_idx_t, l4_addr_t, l4re_ds_t *, l4_cap_idx_t),
	      l4re_rm_detach_srv);
	NAMES(int,
	      (l4_cap_idx_t, l4_addr_t *, unsigned long *, l4_addr_t *,
	       unsigned int *, l4re_ds_t *),
	      l4re_rm_find_srv);
	NAMES(void, (l4_cap_idx_t), l4re_rm_show_lists_srv);
	IS(flags, 0x01);
	IS(L4RE_RM_NO_ALIAS, 0x02);
	IS(L4RE_RM_PAGER, 0x04);
	IS(L4RE_RM_RESERVED, 0x08);
	IS(L4RE_RM_REGION_FLAGS, 0x0f);
	IS(L4RE_RM_OVERMAP, 0x10);
	IS(L4RE_RM_SEARCH_ADDR, 0x20);
	IS(L4RE_RM_IN_AREA, 0x40);
	IS(L4RE_RM_EAGER_MAP, 0x80);
	IS(L4RE_RM_ATTACH_FLAGS, 0xf0);
}

static void dataspace(void)
{
	l4re_ds_stats_t stats = { 1, 2 };

	NAMES(unsigned long, (l4re_ds_t const), l4re_ds_size);
	NAMES(long, (l4re_ds_t const), l4re_ds_flags);
	NAMES(int, (l4re_ds_t const, l4re_ds_stats_t *), l4re_ds_info);
	NAMES(long, (l4re_ds_t const, l4_addr_t, unsigned long), l4re_ds_clear);
	NAMES(long, (l4re_ds_t const, l4_addr_t, l4_size_t), l4re_ds_allocate);
	NAMES(int,
	      (l4re_ds_t const, l4_addr_t, l4re_ds_t const, l4_addr_t,
	       unsigned long),
	      l4re_ds_copy_in);
	NAMES(int,
	      (l4re_ds_t const, l4_addr_t, unsigned long, l4_addr_t, l4_addr_t,
	       l4_addr_t),
	      l4re_ds_map);
	NAMES(int,
	      (l4re_ds_t const, l4_addr_t, unsigned long, l4_addr_t, l4_addr_t),
	      l4re_ds_map_region);
	NAMES(int, (l4re_ds_t const, l4_addr_t, l4_addr_t *, l4_size_t *),
	      l4re_ds_phys);
	IS(stats.size, 1);
	IS(stats.flags, 2);
}

static void capabilities(void)
{
	NAMES(l4_cap_idx_t, (void), l4re_util_cap_alloc);
	NAMES(void, (l4_cap_idx_t), l4re_util_cap_free);
	NAMES(void, (l4_cap_idx_t), l4re_util_cap_free_um);
	NAMES(long, (void), l4re_util_cap_last);
	NAMES(l4re_env_t *, (void), l4re_env);
	NAMES(l4_cap_idx_t, (const char *), l4re_env_get_cap);
	NAMES(unsigned int, (l4_cap_idx_t), l4_is_invalid_cap);
	NAMES(unsigned int, (l4_cap_idx_t), l4_is_valid_cap);
	NAMES(unsigned int, (l4_cap_idx_t, l4_cap_idx_t), l4_capability_equal);
	NAMES(l4_msgtag_t, (l4_cap_idx_t, l4_fpage_t, l4_umword_t),
	      l4_task_unmap);
	NAMES(l4_msgtag_t, (l4_cap_idx_t, l4_cap_idx_t), l4_task_release_cap);
	NAMES(l4_msgtag_t, (l4_cap_idx_t, l4_cap_idx_t), l4_task_delete_obj);
	NAMES(l4_msgtag_t, (l4_cap_idx_t, l4_cap_idx_t), l4_task_cap_valid);
	IS(l4re_env()->rm & (L4_CAP_OFFSET - 1), 0);
	IS(l4re_env()->mem_alloc & (L4_CAP_OFFSET - 1), 0);
	IS(l4_is_invalid_cap(L4_INVALID_CAP) != 0, 1);
}

static void memory(void)
{
	NAMES(l4_addr_t, (l4_addr_t), l4_trunc_page);
	NAMES(l4_addr_t, (l4_addr_t), l4_round_page);
	NAMES(int, (unsigned long, unsigned long), l4_cache_clean_data);
	NAMES(int, (unsigned long, unsigned long), l4_cache_flush_data);
	NAMES(int, (unsigned long, unsigned long), l4_cache_inv_data);
	NAMES(int, (unsigned long, unsigned long), l4_cache_coherent);
	IS(L4_PAGESHIFT, 12);
	IS(L4_PAGESIZE, 4096UL);
	IS(L4_SUPERPAGESHIFT, 21);
	IS(L4_SUPERPAGESIZE, 2UL << 20);
	IS(l4_trunc_page(4097), 4096UL);
	IS(l4_round_page(4097), 8192UL);
}

static void irqs(void)
{
	NAMES(l4_msgtag_t, (l4_cap_idx_t), l4_irq_trigger);
	NAMES(l4_msgtag_t, (l4_cap_idx_t, l4_timeout_t), l4_irq_receive);
	NAMES(l4_msgtag_t, (l4_cap_idx_t), l4_irq_unmask);
	NAMES(l4_msgtag_t, (l4_cap_idx_t, l4_cap_idx_t), l4_factory_create_irq);
	NAMES(l4_utcb_t *, (void), l4_utcb);
	NAMES(l4_umword_t, (l4_msgtag_t, l4_utcb_t *), l4_ipc_error);
	NAMES(long, (l4_msgtag_t), l4_error);
	NAMES(int, (unsigned long), l4_ipc_to_errno);
	IS(L4_PROTO_IRQ, -1);
	IS(L4_IPC_NEVER.raw, 0U);
}

static void errors(void)
{
	NAMES(const char *, (long), l4sys_errtostr);
	IS(L4_EOK, 0);
	IS(-L4_EPERM, -1);
	IS(-L4_ENOENT, -2);
	IS(-L4_EIO, -5);
	IS(-L4_EAGAIN, -11);
	IS(-L4_ENOMEM, -12);
	IS(-L4_EACCESS, -13);
	IS(-L4_EFAULT, -14);
	IS(-L4_EBUSY, -16);
	IS(-L4_EEXIST, -17);
	IS(-L4_ENODEV, -19);
	IS(-L4_EINVAL, -22);
	IS(-L4_ENOSPC, -28);
	IS(-L4_ERANGE, -34);
	IS(-L4_ENAMETOOLONG, -36);
	IS(-L4_ENOSYS, -38);
	IS(-L4_EBADPROTO, -39);
	IS(-L4_EADDRNOTAVAIL, -99);
	/* A sum that is no warning, either. */
	IS(-(L4_EIPC_LO + L4_IPC_ENOT_EXISTENT), -2004);
	IS(l4_ipc_to_errno(L4_IPC_RETIMEOUT), -2003);
}

int main(void)
{
	allocator();
	region_map();
	dataspace();
	capabilities();
	memory();
	irqs();
	errors();
	return wrong;
}
