// SPDX-License-Identifier: 0BSD
/*
 * client: read what the server shares, write an answer, ring, in the interfaces of
 * L4Re alone. On Linux, pkg-config membank-l4re says how to build it.
 */
#include <l4/re/dataspace>
#include <l4/re/env>
#include <l4/re/rm>
#include <l4/re/util/cap_alloc>
#include <l4/sys/cache.h>

#include <cstdio>
#include <cstring>
#include <unistd.h>

#include "interface.h"

int main()
{
	char const *const text = "Hello from client, too!";
	L4::Cap<L4Re::Dataspace> ds;
	L4::Cap<My_interface> svr;
	L4::Cap<L4::Irq> irq;
	char *addr = 0;
	long err;

	svr = L4Re::Env::env()->get_cap<My_interface>("shm");
	if (!svr.is_valid()) {
		printf("Could not get the server capability\n");
		return 1;
	}

	/* Slots for what it gives. */
	ds = L4Re::Util::cap_alloc.alloc<L4Re::Dataspace>();
	irq = L4Re::Util::cap_alloc.alloc<L4::Irq>();
	if (!ds.is_valid() || !irq.is_valid()) {
		printf("Could not get a capability slot\n");
		return 1;
	}
	if (svr->get_shared_buffer(ds, irq)) {
		printf("Could not get the shared memory\n");
		return 1;
	}

	err = L4Re::Env::env()->rm()->attach(
		&addr, ds->size(), L4Re::Rm::F::Search_addr | L4Re::Rm::F::RW,
		L4::Ipc::make_cap_rw(ds));
	if (err < 0) {
		printf("Error attaching data space: %s\n", l4sys_errtostr(err));
		return 1;
	}
	printf("Content: %s\n", addr);

	/* Long enough to be seen. */
	printf("Sleeping a bit...\n");
	sleep(1);

	printf("Setting new content in shared memory\n");
	memset(addr, 0, ds->size());
	snprintf(addr, ds->size(), "%s", text);
	l4_cache_clean_data((unsigned long)addr,
			    (unsigned long)addr + strlen(text) + 1);
	irq->trigger();

	/* All of it, so Detached_ds, which is 0. */
	err = L4Re::Env::env()->rm()->detach(addr, 0);
	if (err)
		printf("Failed to detach region\n");
	L4Re::Util::cap_alloc.free(ds, L4Re::This_task);
	L4Re::Util::cap_alloc.free(irq, L4Re::This_task);
	return 0;
}
