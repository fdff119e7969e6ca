// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities of the C++ face of L4Re: who frees a slot, what it holds, and what
 * two of them are.
 */
#include <utility>

#include <l4/re/error_helper>
#include <l4/re/util/object_registry>
#include <l4/re/util/shared_cap>
#include <l4/re/util/unique_cap>

#include "l4re_cpp.hh"

using namespace L4Re::Util;

/* A child that has it has it for longer than the slot. */
template <typename CAP> static CAP filled(CAP cap)
{
	TRUE(cap.is_valid());
	EQUAL(Env::env()->mem_alloc()->alloc(1, cap.get()), 0);
	return cap;
}

static bool is_slot(L4::Cap<void> cap)
{
	if (l4re_membank_cap_take(cap.cap()))
		return false;
	EQUAL(l4re_membank_cap_release(cap.cap(), L4_FP_ALL_SPACES), 0);
	return true;
}

static void unique()
{
	L4::Cap<Dataspace> first, second;

	{
		Unique_cap<Dataspace> one =
			filled(make_unique_cap<Dataspace>());
		Unique_cap<Dataspace> two, three(std::move(one));
		Unique_cap<L4::Kobject> base;

		first = three.get();
		TRUE(!one.is_valid() && !two && three);
		EQUAL(three->size(), 1);
		two = std::move(three);
		TRUE(!three && two.get() == first && is_slot(first));
		base = std::move(two);
		TRUE(!two && base.get() == first);
		base = filled(make_unique_cap<Dataspace>());
		second = L4::cap_cast<Dataspace>(base.get());
		TRUE(!is_slot(first) && is_slot(second));
		EQUAL(L4Re::chkcap(Unique_cap<Dataspace>(second))
			      .release()
			      .cap(),
		      second.cap());
	}
	TRUE(!is_slot(second));
	{
		Unique_cap<Dataspace> one(cap_alloc.alloc<Dataspace>());

		first = one.release();
		TRUE(!one);
	}
	TRUE(is_slot(first));
	Unique_cap<Dataspace>(first).reset();
	TRUE(!is_slot(first));
}

static void shared()
{
	L4::Cap<Dataspace> cap;

	{
		Shared_cap<Dataspace> one =
			filled(make_shared_cap<Dataspace>());
		Shared_cap<Dataspace> none;

		cap = one.get();
		{
			Shared_cap<L4::Kobject> two = one;
			Ref_cap<Dataspace>::Cap three;

			three = one;
			one.reset();
			TRUE(two.get() == cap && three.get() == cap);
			EQUAL(three->size(), 1);
			one = std::move(three);
			TRUE(!three);
			one = static_cast<Shared_cap<Dataspace> const &>(one);
		}
		TRUE(is_slot(cap));
		none = one;
		one = Shared_cap<Dataspace>();
		TRUE(is_slot(cap));
	}
	TRUE(!is_slot(cap));
	{
		Ref_cap<Dataspace>::Cap one = make_ref_cap<Dataspace>();
		Ref_cap<Dataspace>::Cap two = one;

		cap = one.release();
		TRUE(!one && two.get() == cap);
	}
	/* What was released is for the program to give up. */
	TRUE(is_slot(cap));
	TRUE(cap_alloc.release(cap, L4Re::This_task));
	TRUE(!is_slot(cap));
}

/* With the last one it ends for all, and with one that is not the last for none. */
static void deleting()
{
	L4::Cap<Dataspace> same = cap_alloc.alloc<Dataspace>();

	{
		Unique_del_cap<Dataspace> one(
			filled(make_unique_del_cap<Dataspace>()));

		same.copy(one.get());
		EQUAL(same->clear(0, 1), 0);
	}
	EQUAL(same->clear(0, 1), -L4_ENODEV);
	{
		Ref_del_cap<Dataspace>::Cap one = make_ref_del_cap<Dataspace>();

		EQUAL(Env::env()->mem_alloc()->alloc(1, one.get()), 0);
		same.copy(one.get());
		{
			Shared_del_cap<Dataspace> two = one;
		}
		EQUAL(same->clear(0, 1), 0);
	}
	EQUAL(same->clear(0, 1), -L4_ENODEV);
	TRUE(cap_alloc.free(same));
}

static void allocator()
{
	L4::Cap<Dataspace> ds = new_dataspace(1);

	cap_alloc.take(ds);
	TRUE(!cap_alloc.release(ds, L4Re::This_task));
	EQUAL(ds->size(), 1);
	TRUE(cap_alloc.release(ds, L4Re::This_task));
	TRUE(!cap_alloc.release(ds, L4Re::This_task));
	TRUE(!cap_alloc.free(ds, L4Re::This_task));
	TRUE(!cap_alloc.free(ds));
	EQUAL(ds->clear(0, 1), VOID);
	cap_alloc.take(L4::Cap<void>());
	TRUE(!cap_alloc.release(L4::Cap<void>()));
	TRUE(!cap_alloc.release(rm()));
	EQUAL(cap_alloc.last(), l4re_util_cap_last());
	ds = cap_alloc.alloc<Dataspace>();
	cap_alloc.take(ds);
	TRUE(cap_alloc.free(ds));
	TRUE(!is_slot(ds));
}

static void copies()
{
	L4::Cap<Dataspace> one = new_dataspace(7), two;
	L4::Cap<void> any = cap_alloc.alloc();

	two = cap_alloc.alloc<Dataspace>();
	TRUE(two.copy(one) == two);
	EQUAL(two->size(), 7);
	EQUAL(one->size(), 7);
	any.move(one);
	EQUAL(one->size(), 0);
	EQUAL(one->clear(0, 1), VOID);
	EQUAL(L4::cap_cast<Dataspace>(any)->size(), 7);
	any.move(any);
	EQUAL(L4::cap_cast<Dataspace>(any)->size(), 7);
	/* Of nothing nothing comes, and to where no slot is nothing goes. */
	two.copy(one);
	EQUAL(two->size(), 7);
	two.move(L4::Cap<Dataspace>());
	EQUAL(two->size(), 7);
	L4::Cap<Dataspace>().move(two);
	EQUAL(two->size(), 7);
	TRUE(cap_alloc.free(one) && cap_alloc.free(two) && cap_alloc.free(any));
}

/* ------------------------------------------------------------------ kinds */

struct Both : L4::Kobject_2t<Both, Dataspace, L4::Irq> {};

struct Shared_both : L4::Kobject_t<Shared_both, L4::Kobject, 0x44> {
	L4_INLINE_RPC(int, get,
		      (L4::Ipc::Out<L4::Cap<Dataspace> > ds,
		       L4::Ipc::Out<L4::Cap<L4::Irq> > irq));

	typedef L4::Typeid::Rpcs<get_t> Rpcs;
};

struct Object : L4::Epiface_t<Object, Shared_both> {
	L4::Cap<Dataspace> ds;
	L4::Cap<L4::Irq> irq;

	int op_get(Shared_both::Rights, L4::Ipc::Cap<Dataspace> &out_ds,
		   L4::Ipc::Cap<L4::Irq> &out_irq)
	{
		out_ds = L4::Ipc::make_cap_rw(ds);
		out_irq = L4::Ipc::make_cap_rws(irq);
		return 0;
	}
};

template <typename T> static bool is_a(L4::Cap<void> cap)
{
	L4::Cap<T> cast = L4::cap_dynamic_cast<T>(cap);

	TRUE(!cast.is_valid() || cast == cap);
	return cast.is_valid();
}

static void dynamic_casts()
{
	L4::Cap<void> ds = new_dataspace(1), irq = new_irq();
	L4::Cap<void> empty = cap_alloc.alloc(), none;
	L4::Cap<void> mem = Env::env()->mem_alloc();

	TRUE(is_a<Dataspace>(ds) && is_a<L4::Kobject>(ds));
	TRUE(!is_a<L4::Irq>(ds) && !is_a<Rm>(ds) && !is_a<Mem_alloc>(ds));
	TRUE(!is_a<L4::Task>(ds) && !is_a<L4::Factory>(ds));
	TRUE(!is_a<Shared_both>(ds) && !is_a<Both>(ds));
	TRUE(is_a<L4::Irq>(irq) && is_a<L4::Triggerable>(irq));
	TRUE(is_a<L4::Rcv_endpoint>(irq) && !is_a<Dataspace>(irq));
	TRUE(is_a<Rm>(rm()) && is_a<L4::Task>(rm()) && !is_a<Mem_alloc>(rm()));
	TRUE(is_a<Mem_alloc>(mem) && !is_a<Rm>(mem));
	TRUE(is_a<L4::Task>(Env::env()->task()));
	TRUE(is_a<L4::Factory>(Env::env()->factory()));
	TRUE(!is_a<L4::Thread>(ds));
	TRUE(!is_a<Dataspace>(empty) && !is_a<L4::Kobject>(empty));
	TRUE(!is_a<Dataspace>(none) && !is_a<L4::Kobject>(none));
	TRUE(cap_alloc.free(ds) && cap_alloc.free(irq) &&
	     cap_alloc.free(empty));
}

/* A connection that gives one of each is both. */
static void two_bases()
{
	Registry_server<> server;
	Object object;
	L4::Cap<Both> both;
	L4::Cap<L4::Irq> irq;
	L4::Cap<Dataspace> ds;

	object.ds = new_dataspace(9);
	object.irq = new_irq();
	TRUE(server.registry()->register_obj(&object, "both").is_valid());
	both = Env::env()->get_cap<Both>("both");
	TRUE(is_a<Both>(both) && is_a<Shared_both>(both) && !is_a<Rm>(both));
	irq = both;
	ds = both;
	EQUAL(both->size(), 9);
	EQUAL(ds->size(), 9);
	EQUAL(l4_error(both->bind_thread(Env::env()->main_thread(), 0)), 0);
	EQUAL(l4_error(both->trigger()), 0);
	EQUAL(irq->receive().label(), L4_PROTO_IRQ);
	TRUE(cap_alloc.free(both));
	server.registry()->unregister_obj(&object);
	cap_alloc.free(object.ds);
	cap_alloc.free(object.irq);
}

/* --------------------------------------------------------------- figures */

static void figures()
{
	L4::Cap<Mem_alloc> mem = Env::env()->mem_alloc();
	Mem_alloc::Stats before = {}, after = {};
	L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();

	EQUAL(mem->info(before), 0);
	TRUE(before.mem_limit && before.quota == before.mem_limit);
	EQUAL(before.mem_used + before.mem_free, before.mem_limit);
	EQUAL(mem->alloc(L4_PAGESIZE, ds), 0);
	EQUAL(mem->info(after), 0);
	EQUAL(after.mem_used, before.mem_used + L4_PAGESIZE);
	EQUAL(after.quota_used, before.quota_used + L4_PAGESIZE);
	EQUAL(after.mem_limit, before.mem_limit);
	EQUAL(L4::Cap<Mem_alloc>(ds.cap())->info(after), -L4_EBADPROTO);
	EQUAL(L4::Cap<Mem_alloc>()->info(after), VOID);
	EQUAL(after.mem_used, before.mem_used + L4_PAGESIZE);
	TRUE(cap_alloc.free(ds));
}

/* ------------------------------------------------------------- no more slots */

struct Counter : L4::Irqep_t<Counter> {
	void handle_irq()
	{
	}
};

static void no_slots()
{
	L4Re::Util::Registry_server<> server;
	l4_cap_idx_t first = Env::env()->first_free_cap() << L4_CAP_SHIFT, cap;
	Counter counter;
	Object object;
	long error = 0;

	object.ds = new_dataspace(1);
	object.irq = new_irq();
	while (l4_is_valid_cap(cap = l4re_util_cap_alloc()))
		;
	TRUE(!cap_alloc.alloc<Dataspace>().is_valid());
	TRUE(!cap_alloc.alloc().is_valid());
	TRUE(!make_unique_cap<Dataspace>().is_valid());
	TRUE(!make_shared_cap<Dataspace>().is_valid());
	TRUE(!make_ref_cap<Dataspace>().is_valid());
	try {
		L4Re::chkcap(cap_alloc.alloc<Dataspace>(), "no slot");
	} catch (L4::Out_of_memory const &caught) {
		error = caught.err_no();
	}
	EQUAL(error, -L4_ENOMEM);
	EQUAL(server.registry()->register_irq_obj(&counter).invalid_cap_error(),
	      -L4_ENOMEM);
	EQUAL(server.registry()
		      ->register_obj(&object, "no-slots")
		      .invalid_cap_error(),
	      -L4_ENOMEM);
	/* The name is free. */
	TRUE(cap_alloc.free(L4::Cap<void>(first + 100 * L4_CAP_OFFSET)));
	TRUE(server.registry()->register_obj(&object, "no-slots").is_valid());
	server.registry()->unregister_obj(&object);
	for (cap = first; cap >> L4_CAP_SHIFT <= (l4_umword_t)cap_alloc.last();
	     cap += L4_CAP_OFFSET)
		cap_alloc.free(L4::Cap<void>(cap));
}

int main()
{
	return run_cases({
		{ "one owner", unique },
		{ "several owners", shared },
		{ "owners who delete", deleting },
		{ "users of a slot", allocator },
		{ "copying and moving", copies },
		{ "casts that look", dynamic_casts },
		{ "what is two things", two_bases },
		{ "how much there is", figures },
		{ "without a slot", no_slots },
	});
}
