// SPDX-License-Identifier: GPL-2.0-only
/*
 * Likewise each class and function of L4Re in C++, in all the ways that they are
 * called; run without the module.
 */
#include <cstdio>
#include <type_traits>

#include <l4/cxx/exceptions>
#include <l4/re/dataspace>
#include <l4/re/env>
#include <l4/re/error_helper>
#include <l4/re/mem_alloc>
#include <l4/re/rm>
#include <l4/re/util/br_manager>
#include <l4/re/util/cap_alloc>
#include <l4/re/util/object_registry>
#include <l4/re/util/shared_cap>
#include <l4/re/util/unique_cap>
#include <l4/sys/cxx/ipc_client>
#include <l4/sys/cxx/ipc_epiface>
#include <l4/sys/cxx/ipc_iface>
#include <l4/sys/factory>
#include <l4/sys/irq>
#include <l4/sys/task>

struct Shared : L4::Kobject_t<Shared, L4::Kobject, 0x44> {
	L4_INLINE_RPC(int, get_shared_buffer,
		      (L4::Ipc::Out<L4::Cap<L4Re::Dataspace> > ds,
		       L4::Ipc::Out<L4::Cap<L4::Irq> > irq));

	typedef L4::Typeid::Rpcs<get_shared_buffer_t> Rpcs;
};

class Object : public L4::Epiface_t<Object, Shared> {
    public:
	int op_get_shared_buffer(Shared::Rights,
				 L4::Ipc::Cap<L4Re::Dataspace> &ds,
				 L4::Ipc::Cap<L4::Irq> &irq)
	{
		ds = L4::Ipc::Cap<L4Re::Dataspace>(_ds, L4_CAP_FPAGE_RW);
		irq = L4::Ipc::make_cap(_irq, L4_CAP_FPAGE_RO);
		return L4_EOK;
	}

    private:
	L4::Cap<L4Re::Dataspace> _ds;
	L4::Cap<L4::Irq> _irq;
};

class Handler : public L4::Irqep_t<Handler> {
    public:
	void handle_irq()
	{
		printf("an Irq\n");
	}
};

/* Nothing of it succeeds, and nothing of it must crash. */
static long use()
{
	L4Re::Env const *env = L4Re::Env::env();
	L4::Cap<L4Re::Mem_alloc> mem = env->mem_alloc();
	L4::Cap<L4Re::Dataspace> ds =
		L4Re::Util::cap_alloc.alloc<L4Re::Dataspace>();
	L4::Cap<L4::Irq> irq = L4Re::Util::cap_alloc.alloc<L4::Irq>();
	L4::Cap<L4Re::Rm> rm = env->rm();
	L4::Cap<void> any = L4Re::Util::cap_alloc.alloc();
	L4::Cap<Shared> svr;
	L4Re::Rm::Unique_region<char *> region;
	L4Re::Rm::Offset offset = 0;
	L4Re::Rm::Flags flags = L4Re::Rm::F::Search_addr | L4Re::Rm::F::RW;
	L4Re::Dataspace::Stats stats = {};
	l4_addr_t address = 0, phys = 0;
	unsigned long size = 1;
	l4_size_t length = 0;
	void *start = nullptr;
	char *chars = nullptr;
	long sum = 0;

	svr = env->get_cap<Shared>("shm");
	sum += svr.is_valid() + env->get_cap<Shared>("shm", 3).is_valid();
	sum += !svr->get_shared_buffer(ds, irq);
	sum += !mem->alloc(1, ds) + !mem->alloc(1, ds, 0);
	sum += !mem->alloc(-1, ds,
			   L4Re::Mem_alloc::Continuous |
				   L4Re::Mem_alloc::Pinned |
				   L4Re::Mem_alloc::Super_pages,
			   L4_SUPERPAGESHIFT);
	sum += !mem->free(ds);

	sum += !rm->attach(&start, 1, L4Re::Rm::Search_addr, ds);
	sum += !rm->attach(&start, 1,
			   L4Re::Rm::F::Search_addr | L4Re::Rm::F::RW,
			   L4::Ipc::make_cap_rw(ds), 0, L4_SUPERPAGESHIFT);
	sum += !rm->attach(&chars, 1, flags, L4::Ipc::make_cap_rw(ds));
	sum += !rm->attach(&address, 1, flags | L4Re::Rm::F::Eager_map, ds);
	sum += !rm->attach(&region, 1, flags, L4::Ipc::make_cap_rw(ds));
	sum += !rm->reserve_area(&address, 1, L4Re::Rm::F::Search_addr);
	sum += !rm->reserve_area(&start, 1,
				 L4Re::Rm::Search_addr | L4Re::Rm::Reserved);
	sum += !rm->free_area(address);
	sum += rm->find(&address, &size, &offset, &flags, &ds) ==
	       L4Re::Rm::Detached_ds;
	sum += rm->detach(start, &ds) >= L4Re::Rm::Kept_ds;
	sum += rm->detach(start, nullptr) >= L4Re::Rm::Split_ds;
	sum += rm->detach(chars, 0) >= L4Re::Rm::Detach_again;
	sum += rm->detach(address, &ds, L4Re::This_task) >= 0;
	sum += rm->detach(address, 1, &ds, env->task()) >= 0;

	ds = L4Re::Util::cap_alloc.alloc<L4Re::Dataspace>();
	sum += ds->size() + ds->flags().raw + !ds->info(&stats);
	sum += !ds->clear(0, 1) + !ds->allocate(0, 1);
	sum += !ds->copy_in(0, ds, 0, 1) + !ds->phys(0, phys, length);
	sum += !ds->map(0, L4Re::Dataspace::F::RW, 0, 0, 0);
	sum += !ds->map_region(0, L4Re::Dataspace::F::R, 0, 0);
	sum += !l4_error(irq->trigger()) + !l4_error(irq->unmask());
	sum += irq->receive(L4_IPC_BOTH_TIMEOUT_0).label() == L4_PROTO_IRQ;
	sum += !l4_error(irq->bind_thread(env->main_thread(), 0));
	sum += !l4_error(env->factory()->create(irq));
	sum += !l4_error(env->factory()->create_irq(irq));

	L4Re::Util::cap_alloc.free(ds, L4Re::This_task);
	L4Re::Util::cap_alloc.free(irq, env->task().cap());
	sum += !L4Re::Util::cap_alloc.free(any, L4Re::This_task,
					   L4_FP_ALL_SPACES);
	return sum;
}

static long serve()
{
	L4Re::Util::Registry_server<L4Re::Util::Br_manager_hooks> server;
	Handler handler;
	Object object;
	long sum = 0;

	sum += server.registry()->register_irq_obj(&handler).is_valid();
	sum += server.registry()->register_obj(&object, "shm").is_valid();
	server.registry()->unregister_obj(&object);
	return sum;
}

static long fail()
{
	try {
		L4Re::chksys(-L4_ENOMEM, "no memory");
	} catch (L4::Runtime_error const &error) {
		return error.err_no() != -L4_ENOMEM;
	}
	return 1;
}

static_assert(std::is_same<decltype(L4Re::Util::cap_alloc.free(L4::Cap<void>())),
			   bool>::value,
	      "it says whether there was one");
static_assert(
	std::is_same<decltype(L4::Ipc::make_cap_rw(L4::Cap<L4Re::Dataspace>())),
		     L4::Ipc::Cap<L4Re::Dataspace> >::value,
	"a capability and its rights");

int main()
{
	return static_cast<int>(use() + serve() + fail());
}
