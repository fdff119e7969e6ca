// SPDX-License-Identifier: 0BSD
/*
 * ma_rm: allocate memory, make it visible, use it, free it, in the C++ interfaces
 * of L4Re alone. On Linux, pkg-config membank-l4re says how to build it.
 */
#include <l4/re/dataspace>
#include <l4/re/env>
#include <l4/re/mem_alloc>
#include <l4/re/rm>
#include <l4/re/util/cap_alloc>
#include <l4/sys/err.h>

#include <cstdio>
#include <cstring>

static long allocate_mem(unsigned long size, unsigned long flags, void **virt)
{
	/* A slot for the capability, and memory into it. */
	L4::Cap<L4Re::Dataspace> ds =
		L4Re::Util::cap_alloc.alloc<L4Re::Dataspace>();
	long ret;

	if (!ds.is_valid())
		return -L4_ENOMEM;
	size = l4_trunc_page(size);
	ret = L4Re::Env::env()->mem_alloc()->alloc(size, ds, flags);
	if (ret) {
		L4Re::Util::cap_alloc.free(ds);
		return ret;
	}

	/* Wherever there is a place. */
	*virt = 0;
	ret = L4Re::Env::env()->rm()->attach(
		virt, size, L4Re::Rm::F::Search_addr | L4Re::Rm::F::RW,
		L4::Ipc::make_cap_rw(ds), 0,
		flags & L4Re::Mem_alloc::Super_pages ? L4_SUPERPAGESHIFT :
						       L4_PAGESHIFT);
	if (ret)
		L4Re::Util::cap_alloc.free(ds, L4Re::This_task);
	return ret;
}

static long free_mem(void *virt)
{
	L4::Cap<L4Re::Dataspace> ds;
	long ret;

	/* Tells which dataspace it was: that of the slot above. */
	ret = L4Re::Env::env()->rm()->detach(virt, &ds);
	if (ret)
		return ret;
	L4Re::Util::cap_alloc.free(ds, L4Re::This_task);
	return 0;
}

int main()
{
	void *virt;
	long ret;

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
