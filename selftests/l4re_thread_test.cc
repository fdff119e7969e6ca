// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads in the functions of L4Re, and in the library behind them, under what
 * watches them: the first use of the node, names, slots, children, a server's
 * registry.
 */
#include <atomic>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <l4/re/util/br_manager>
#include <l4/re/util/object_registry>
#include <l4/sys/cxx/ipc_iface>

#include "l4re_cpp.hh"

#define THREADS 4
#define ROUNDS 50
#define FORK_SECONDS 5

struct Shared : L4::Kobject_t<Shared> {
	L4_INLINE_RPC(int, get,
		      (L4::Ipc::Out<L4::Cap<Dataspace> > ds,
		       L4::Ipc::Out<L4::Cap<L4::Irq> > irq));

	typedef L4::Typeid::Rpcs<get_t> Rpcs;
};

struct Object : L4::Epiface_t<Object, Shared> {
	L4::Cap<Dataspace> ds;
	L4::Cap<L4::Irq> irq;

	int op_get(Shared::Rights, L4::Ipc::Cap<Dataspace> &out_ds,
		   L4::Ipc::Cap<L4::Irq> &out_irq)
	{
		out_ds = L4::Ipc::make_cap_rw(ds);
		out_irq = L4::Ipc::make_cap_rws(irq);
		return 0;
	}
};

/* Each thread says how much of what it did was wrong. */
template <typename WORK> static void in_threads(WORK work)
{
	std::atomic<long> wrong(0);
	std::vector<std::thread> threads;

	for (int number = 0; number < THREADS; number++)
		threads.emplace_back([&, number] { wrong += work(number); });
	for (std::thread &thread : threads)
		thread.join();
	EQUAL(wrong, 0);
}

/* Nothing was used before: all open the node, as a map and as an allocator. */
static void first_use()
{
	in_threads([](int number) {
		L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();
		l4_addr_t start = 0;
		long wrong = 0;

		if (number % 2)
			wrong = rm()->reserve_area(&start, 1, Rm::Search_addr);
		wrong |= Env::env()->mem_alloc()->alloc(5000, ds);
		wrong |= ds->size() != 5000;
		wrong |= number % 2 && rm()->free_area(start);
		wrong |= !cap_alloc.free(ds);
		return wrong;
	});
}

static void memory()
{
	L4::Cap<Dataspace> common = new_dataspace(L4_PAGESIZE);

	in_threads([=](int) {
		long wrong = 0;

		for (int round = 0; round < ROUNDS; round++) {
			L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();
			L4::Cap<Dataspace> seen;
			char *own = nullptr, *same = nullptr;

			wrong |= Env::env()->mem_alloc()->alloc(1, ds);
			wrong |= rm()->attach(&own, 1, Rm::Search_addr, ds);
			wrong |=
				rm()->attach(&same, 1, Rm::Search_addr, common);
			if (wrong)
				return wrong;
			*own = 1;
			wrong |= ds->copy_in(0, common, 0, 1);
			wrong |= rm()->detach(own, &seen);
			wrong |= seen != ds;
			wrong |= rm()->detach(same, &seen);
			wrong |= seen != common;
			wrong |= !cap_alloc.free(ds, L4Re::This_task);
		}
		return wrong;
	});
	cap_alloc.free(common);
}

/* Slots that all threads fill, empty, look into and free. */
static void slots()
{
	L4::Cap<Dataspace> source = new_dataspace(1);
	l4_cap_idx_t shared = l4re_util_cap_alloc();

	in_threads([=](int) {
		long wrong = 0;

		for (int round = 0; round < ROUNDS; round++) {
			wrong |= l4re_membank_cap_take(shared);
			wrong |= l4re_membank_copy(shared, source.cap());
			wrong |= l4re_ds_size(shared) > 1;
			l4_task_release_cap(L4Re::This_task, shared);
			wrong |= l4re_membank_cap_release(shared,
							  L4_FP_ALL_SPACES);
		}
		return wrong;
	});
	EQUAL(l4re_membank_cap_release(shared, L4_FP_ALL_SPACES), 1);
	EQUAL(l4re_membank_cap_free(shared, L4_FP_ALL_SPACES), -L4_EINVAL);
	cap_alloc.free(source);
}

/* The child's own node, a name and a slot: each is behind a lock. */
static int use_all(L4::Cap<Dataspace> common)
{
	L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();
	int wrong = 0;

	wrong |= common->size() != 1;
	wrong |= Env::env()->get_cap<Dataspace>("threads-none").is_valid();
	wrong |= Env::env()->mem_alloc()->alloc(1, ds) != 0;
	wrong |= !cap_alloc.free(ds);
	return wrong;
}

/* One makes children, which have none of the threads that use all meanwhile. */
static void children()
{
	L4::Cap<Dataspace> common = new_dataspace(1);
	std::atomic<bool> over(false);

	setenv("MEMBANK_L4RE_WAIT", "0", 1);
	in_threads([=, &over](int number) {
		long wrong = 0;

		while (number && !over)
			wrong |= use_all(common);
		for (int round = 0; !number && !wrong && round < ROUNDS;
		     round++) {
			pid_t child = fork();
			int status;

			if (!child) {
				alarm(FORK_SECONDS);
				_exit(use_all(common));
			}
			wrong |= waitpid(child, &status, 0) != child || status;
		}
		over = over || !number;
		return wrong;
	});
	cap_alloc.free(common);
}

/*
 * A server whose objects come and go while its loop runs, and clients that find the
 * one, or the next.
 */
static void names()
{
	/* Its loop has no end. */
	auto &server =
		*new L4Re::Util::Registry_server<L4Re::Util::Br_manager_hooks>;
	Object object;

	object.ds = new_dataspace(1);
	object.irq = new_irq();
	setenv("MEMBANK_L4RE_WAIT", "60000", 1);
	std::thread([&server] { server.loop(); }).detach();
	TRUE(server.registry()->register_obj(&object, "threads").is_valid());
	in_threads([&server, &object](int number) {
		L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();
		L4::Cap<L4::Irq> irq = cap_alloc.alloc<L4::Irq>();
		long wrong = 0;

		for (int round = 0; round < ROUNDS; round++) {
			L4::Cap<Shared> shared;

			if (!number) {
				server.registry()->unregister_obj(&object);
				wrong |= !server.registry()
						  ->register_obj(&object,
								 "threads")
						  .is_valid();
				continue;
			}
			shared = Env::env()->get_cap<Shared>("threads");
			wrong |= !shared.is_valid();
			/* That one may have ended since. */
			if (!shared->get(ds, irq))
				wrong |= ds->size() != 1;
		}
		cap_alloc.free(ds);
		cap_alloc.free(irq);
		return wrong;
	});
	server.registry()->unregister_obj(&object);
}

struct Counter : L4::Irqep_t<Counter> {
	std::atomic<unsigned int> rings{ 0 };

	void handle_irq()
	{
		rings++;
	}
};

/* Handlers that are registered, rung and taken away while the loop runs. */
static void irqs()
{
	auto &server = *new L4Re::Util::Registry_server<>;

	std::thread([&server] { server.loop(); }).detach();
	in_threads([&server](int) {
		long wrong = 0;

		for (int round = 0; round < ROUNDS; round++) {
			Counter counter;
			L4::Cap<L4::Irq> irq;

			irq = server.registry()->register_irq_obj(&counter);
			wrong |= !irq.is_valid();
			wrong |= l4_error(irq->trigger());
			while (!counter.rings && !wrong)
				usleep(100);
			server.registry()->unregister_obj(&counter);
		}
		return wrong;
	});
}

int main()
{
	return run_cases({
		{ "the first use of the node", first_use },
		{ "memory", memory },
		{ "slots that all use", slots },
		{ "children of a program with threads", children },
		{ "names that come and go", names },
		{ "Irqs that call objects", irqs },
	});
}
