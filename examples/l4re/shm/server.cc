// SPDX-License-Identifier: 0BSD
/*
 * server: share memory with clients and hear of what they write there, in the
 * interfaces of L4Re alone. On Linux, pkg-config membank-l4re says how to build it.
 */
#include <l4/re/dataspace>
#include <l4/re/env>
#include <l4/re/rm>
#include <l4/re/util/br_manager>
#include <l4/re/util/cap_alloc>
#include <l4/re/util/object_registry>
#include <l4/sys/cxx/ipc_epiface>

#include <cstdio>

#include "interface.h"

enum {
	SIZE = 4 << L4_PAGESHIFT,
};

/* What clients call. */
class Shared_buffer : public L4::Epiface_t<Shared_buffer, My_interface> {
    public:
	Shared_buffer(L4::Cap<L4Re::Dataspace> shm, L4::Cap<L4::Irq> irq)
		: _shm(shm)
		, _irq(irq)
	{
	}

	int op_get_shared_buffer(My_interface::Rights,
				 L4::Ipc::Cap<L4Re::Dataspace> &ds,
				 L4::Ipc::Cap<L4::Irq> &irq)
	{
		ds = L4::Ipc::make_cap_rw(_shm);
		irq = L4::Ipc::make_cap(_irq, L4_CAP_FPAGE_RO);
		return L4_EOK;
	}

    private:
	L4::Cap<L4Re::Dataspace> _shm;
	L4::Cap<L4::Irq> _irq;
};

/* What the Irq calls when a client has triggered it. */
class Observer : public L4::Irqep_t<Observer> {
    public:
	explicit Observer(char const *shm)
		: _shm(shm)
	{
	}

	void handle_irq()
	{
		/* Memory of others need not end in a NUL. */
		printf("Client sent us: %.*s\n", SIZE, _shm);
		fflush(stdout);
	}

    private:
	char const *_shm;
};

static L4Re::Util::Registry_server<L4Re::Util::Br_manager_hooks> server;

static char *get_ds(L4::Cap<L4Re::Dataspace> *out_ds)
{
	L4::Cap<L4Re::Dataspace> ds =
		L4Re::Util::cap_alloc.alloc<L4Re::Dataspace>();
	char *addr = 0;
	long err;

	if (!ds.is_valid()) {
		printf("There is no slot.\n");
		return 0;
	}
	err = L4Re::Env::env()->mem_alloc()->alloc(SIZE, ds);
	if (err < 0) {
		printf("There is no memory: %s\n", l4sys_errtostr(err));
		return 0;
	}
	err = L4Re::Env::env()->rm()->attach(
		&addr, ds->size(), L4Re::Rm::F::Search_addr | L4Re::Rm::F::RW,
		L4::Ipc::make_cap_rw(ds));
	if (err < 0) {
		printf("It cannot be attached: %s\n", l4sys_errtostr(err));
		return 0;
	}
	*out_ds = ds;
	return addr;
}

int main()
{
	L4::Cap<L4Re::Dataspace> ds;
	L4::Cap<L4::Irq> irq;
	char *addr = get_ds(&ds);

	if (!addr)
		return 1;
	snprintf(addr, SIZE, "Hello from server!");

	/* First the Irq, as the other object gives it away. */
	Observer observer(addr);
	irq = server.registry()->register_irq_obj(&observer);
	if (!irq.is_valid()) {
		printf("There is no Irq.\n");
		return 2;
	}
	Shared_buffer buffer(ds, irq);
	if (!server.registry()->register_obj(&buffer, "shm").is_valid()) {
		printf("The name 'shm' cannot be had.\n");
		return 3;
	}
	printf("Serving shm.\n");
	fflush(stdout);
	server.loop();
}
