// SPDX-License-Identifier: 0BSD
/*
 * ma_rm: allocate memory, make it visible, use it, free it, in the C interfaces of
 * L4Re alone. On Linux, pkg-config membank-l4re says how to build it.
 */
#include <l4/re/c/mem_alloc.h>
#include <l4/re/c/rm.h>
#include <l4/re/c/util/cap_alloc.h>
#include <l4/sys/err.h>

#include <stdio.h>
#include <string.h>

static int allocate_mem(unsigned long size, unsigned long flags, void **virt)
{
	l4re_ds_t ds;
	long ret;

	/* A slot for the capability, and memory into it. */
	ds = l4re_util_cap_alloc();
	if (l4_is_invalid_cap(ds))
		return -L4_ENOMEM;
	size = l4_trunc_page(size);
	ret = l4re_ma_alloc(size, ds, flags);
	if (ret) {
		l4re_util_cap_free(ds);
		return ret;
	}

	/* Wherever there is a place. */
	*virt = NULL;
	ret = l4re_rm_attach(virt, size, L4RE_RM_SEARCH_ADDR, ds, 0,
			     flags & L4RE_MA_SUPER_PAGES ? L4_SUPERPAGESHIFT :
							   L4_PAGESHIFT);
	if (ret)
		l4re_util_cap_free_um(ds);
	return ret;
}

static int free_mem(void *virt)
{
	l4re_ds_t ds;
	int ret;

	/* Tells which dataspace it was: that of the slot above. */
	ret = l4re_rm_detach_ds(virt, &ds);
	if (ret)
		return ret;
	l4re_util_cap_free_um(ds);
	return 0;
}

int main(void)
{
	void *virt;
	int ret;

	ret = allocate_mem(4 * L4_PAGESIZE, 0, &virt);
	if (ret) {
		fprintf(stderr, "ma_rm: %s\n", l4sys_errtostr(ret));
		return 1;
	}
	printf("Allocated memory.\n");

	memset(virt, 0x12, 4 * L4_PAGESIZE);
	printf("Touched memory.\n");

	ret = free_mem(virt);
	if (ret) {
		fprintf(stderr, "ma_rm: %s\n", l4sys_errtostr(ret));
		return 2;
	}
	printf("Freed and done. Bye.\n");
	return 0;
}
