// SPDX-License-Identifier: GPL-2.0-only
/*
 * The C++ face of L4Re: each function of it, and each value that it returns.
 */
#include <cstdint>
#include <cstring>
#include <utility>

#include <l4/re/error_helper>

#include "l4re_cpp.hh"

/* An index that holds nothing, and one that holds an Irq. */
template <typename T> static L4::Cap<T> empty()
{
	return cap_alloc.alloc<T>();
}

template <typename T> static L4::Cap<T> other_kind()
{
	return L4::cap_reinterpret_cast<T>(new_irq());
}

/* -------------------------------------------------------- capabilities */

static void capabilities()
{
	L4::Cap<Dataspace> none, ds = cap_alloc.alloc<Dataspace>();
	L4::Cap<void> any = ds;
	L4::Cap<L4::Irq> irq = cap_alloc.alloc<L4::Irq>();
	L4::Cap<L4::Triggerable> base = irq;

	TRUE(!none.is_valid() && !none);
	TRUE(none == L4::Cap<Dataspace>(L4::Cap<Dataspace>::Invalid));
	TRUE(ds.is_valid() && ds && any == ds && any != irq);
	EQUAL(L4::cap_cast<Dataspace>(any).cap(), ds.cap());
	EQUAL(L4::cap_cast<L4::Irq>(base).cap(), irq.cap());
	EQUAL(ds.validate().label(), 0);
	EQUAL(Env::env()->mem_alloc()->alloc(1, ds), 0);
	EQUAL(ds.validate().label(), 1);
	EQUAL(ds.validate(Env::env()->task()).label(), 1);
	ds.invalidate();
	TRUE(!ds.is_valid());

	TRUE(cap_alloc.free(any, L4Re::This_task));
	TRUE(cap_alloc.free(irq));
	TRUE(!cap_alloc.free(none));
	TRUE(!cap_alloc.free(Env::env()->rm()));
	TRUE(!cap_alloc.free(L4::Cap<void>(L4Re::This_task)));
}

static void environment()
{
	const Env *env = Env::env();

	TRUE(env == Env::env());
	TRUE(env->mem_alloc().is_valid() && env->rm().is_valid());
	TRUE(env->factory().is_valid());
	EQUAL(env->task().cap(), L4Re::This_task);
	TRUE(!env->parent().is_valid() && !env->log().is_valid());
	TRUE(!env->main_thread().is_valid() && !env->scheduler().is_valid());
	TRUE(env->first_free_cap() > 0);
	setenv("MEMBANK_L4RE_WAIT", "0", 1);
	TRUE(!env->get_cap<Dataspace>("no-such-name").is_valid());
	TRUE(!env->get_cap<Dataspace>("no-such-name", 4).is_valid());
	TRUE(!env->get_cap<Dataspace>("", 1000).is_valid());
	TRUE(!env->get_cap<Dataspace>(nullptr).is_valid());
	TRUE(!env->get_cap<Dataspace>(nullptr, 1).is_valid());
}

static void task()
{
	L4::Cap<L4::Task> self = Env::env()->task();
	L4::Cap<Dataspace> ds = new_dataspace(1);

	EQUAL(self->cap_valid(ds).label(), 1);
	EQUAL(l4_error(self->release_cap(ds)), 0);
	EQUAL(self->cap_valid(ds).label(), 0);
	EQUAL(Env::env()->mem_alloc()->alloc(1, ds), 0);
	EQUAL(l4_error(self->unmap(ds.fpage(), L4_FP_ALL_SPACES)), 0);
	EQUAL(self->cap_valid(ds).label(), 0);
	EQUAL(Env::env()->mem_alloc()->alloc(1, ds), 0);
	EQUAL(l4_error(self->delete_obj(ds)), 0);
	EQUAL(l4_error(L4::Cap<L4::Task>(ds.cap())->release_cap(ds)),
	      -L4_EINVAL);
	cap_alloc.free(ds);
}

/* What others have of it ends with L4_FP_DELETE_OBJ, and only then. */
static void free_for_all()
{
	L4::Cap<Dataspace> ds = new_dataspace(1);
	L4::Cap<Dataspace> same = cap_alloc.alloc<Dataspace>();
	int fd;

	EQUAL(l4re_membank_fd(ds.cap(), L4RE_MEMBANK_DATASPACE, &fd), 0);
	EQUAL(l4re_membank_put(same.cap(), L4RE_MEMBANK_DATASPACE, fd), 0);
	TRUE(cap_alloc.free(ds, L4Re::This_task));
	EQUAL(same->size(), 1);
	ds = cap_alloc.alloc<Dataspace>();
	EQUAL(l4re_membank_fd(same.cap(), L4RE_MEMBANK_DATASPACE, &fd), 0);
	EQUAL(l4re_membank_put(ds.cap(), L4RE_MEMBANK_DATASPACE, fd), 0);
	TRUE(cap_alloc.free(ds, L4Re::This_task, L4_FP_DELETE_OBJ));
	EQUAL(same->clear(0, 1), -L4_ENODEV);
	cap_alloc.free(same);
}

/* --------------------------------------------------------------- memory */

static void memory()
{
	L4::Cap<Mem_alloc> mem = Env::env()->mem_alloc();
	L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();
	L4::Cap<Dataspace> more = cap_alloc.alloc<Dataspace>();

	EQUAL(mem->alloc(5000, ds), 0);
	EQUAL(ds->size(), 5000);
	EQUAL(mem->alloc(1, ds, Mem_alloc::Continuous | Mem_alloc::Pinned), 0);
	EQUAL(mem->alloc(1, ds, Mem_alloc::Super_pages, L4_SUPERPAGESHIFT), 0);
	EQUAL(mem->alloc(0, ds), -L4_ERANGE);
	EQUAL(mem->alloc(-1, ds), -L4_ERANGE);
	EQUAL(mem->alloc(1L << 46, ds), -L4_ERANGE);
	EQUAL(mem->alloc(1, ds, 0, 31), -L4_ERANGE);
	EQUAL(mem->alloc(1, ds, 8), -L4_EINVAL);
	EQUAL(mem->alloc(1, L4::Cap<Dataspace>()), -L4_EINVAL);
	EQUAL(empty<Mem_alloc>()->alloc(1, ds), VOID);
	EQUAL(other_kind<Mem_alloc>()->alloc(1, ds), -L4_EBADPROTO);
	EQUAL(L4::Cap<Mem_alloc>()->alloc(1, ds), VOID);
	EQUAL(L4::Cap<Mem_alloc>(l4_cap_idx_t(0))->alloc(1, ds), VOID);

	/* Of all banks the rest, until one more page is too much. */
	EQUAL(ds->size(), 1);
	while (!mem->alloc(-1, cap_alloc.alloc<Dataspace>(),
			   Mem_alloc::Continuous))
		;
	EQUAL(mem->alloc(L4_SUPERPAGESIZE, more), -L4_ENOMEM);
	for (l4_cap_idx_t cap = Env::env()->first_free_cap() << L4_CAP_SHIFT;
	     cap < 4096 << L4_CAP_SHIFT; cap += L4_CAP_OFFSET)
		if (cap != ds.cap() && cap != more.cap())
			cap_alloc.free(L4::Cap<void>(cap));
	EQUAL(mem->alloc(L4_SUPERPAGESIZE, more), 0);

	EQUAL(mem->free(ds), 0);
	EQUAL(mem->free(ds), -L4_ENOENT);
	EQUAL(mem->free(other_kind<Dataspace>()), -L4_EINVAL);
	cap_alloc.free(ds);
	cap_alloc.free(more);
}

static void dataspace()
{
	L4::Cap<Dataspace> ds = new_dataspace(5000), from = new_dataspace(5000);
	L4::Cap<Dataspace> nothing = empty<Dataspace>();
	Dataspace::Stats stats = {};
	l4_size_t length;
	l4_addr_t phys;
	char *there = nullptr, *here = nullptr;

	EQUAL(ds->info(&stats), 0);
	EQUAL(stats.size, 5000);
	TRUE(stats.flags.r() && stats.flags.w() && !stats.flags.x());
	TRUE(ds->flags() == stats.flags);
	TRUE(ds->flags() == Dataspace::F::RW);
	EQUAL(ds->info(nullptr), -L4_EINVAL);
	EQUAL(ds->allocate(0, 5000), 0);
	EQUAL(ds->allocate(1, 5000), -L4_ERANGE);
	EQUAL(ds->phys(1, phys, length), 0);
	EQUAL(length, 4999);
	EQUAL(ds->phys(5000, phys, length), -L4_ERANGE);

	EQUAL(rm()->attach(&there, 5000, Rm::Search_addr, from), 0);
	EQUAL(rm()->attach(&here, 5000, Rm::Search_addr, ds), 0);
	memset(there, 7, 5000);
	EQUAL(ds->copy_in(1, from, 2, 10), 0);
	TRUE(!here[0] && here[1] == 7 && here[10] == 7 && !here[11]);
	EQUAL(ds->copy_in(4999, L4::Ipc::make_cap(from, L4_CAP_FPAGE_RO), 0, 2),
	      -L4_EINVAL);
	EQUAL(ds->copy_in(0, nothing, 0, 1), -L4_EINVAL);
	EQUAL(ds->clear(2, 9), 0);
	TRUE(here[1] == 7 && !here[2] && !here[10]);
	EQUAL(ds->clear(5000, 1), -L4_ERANGE);
	EQUAL(rm()->detach(here, nullptr), Rm::Detached_ds);
	EQUAL(rm()->detach(there, nullptr), Rm::Detached_ds);

	EQUAL(nothing->size(), 0);
	TRUE(!nothing->flags());
	EQUAL(nothing->info(&stats), VOID);
	EQUAL(nothing->clear(0, 1), VOID);
	EQUAL(nothing->allocate(0, 1), VOID);
	EQUAL(nothing->copy_in(0, from, 0, 1), VOID);
	EQUAL(other_kind<Dataspace>()->info(&stats), -L4_EBADPROTO);
	cap_alloc.free(ds);
	cap_alloc.free(from);
}

static void mapping()
{
	L4::Cap<Dataspace> ds = new_dataspace(4 * L4_PAGESIZE);
	l4_addr_t start = 0, end;

	EQUAL(rm()->reserve_area(&start, 4 * L4_PAGESIZE, Rm::Search_addr), 0);
	end = start + 4 * L4_PAGESIZE;
	EQUAL(ds->map(0, Dataspace::F::RW, start, start, end), 0);
	*reinterpret_cast<char *>(start) = 1;
	EQUAL(ds->map(4 * L4_PAGESIZE, Dataspace::F::R, start, start, end),
	      -L4_ERANGE);
	EQUAL(ds->map(0, Dataspace::F::RWX, start, start, end), -L4_EPERM);
	EQUAL(ds->map(0, Dataspace::Flags(0x100UL), start, start, end),
	      -L4_EINVAL);
	EQUAL(ds->map(0, Dataspace::Map_rw, start, start, end,
		      L4::Cap<L4::Task>(ds.cap())),
	      -L4_EINVAL);
	EQUAL(ds->map_region(0, Dataspace::F::R | Dataspace::F::W, start, end,
			     L4Re::This_task),
	      0);
	EQUAL(ds->map_region(0, Dataspace::Map_ro, start, end + L4_PAGESIZE),
	      -L4_ERANGE);
	EQUAL(ds->map_region(0, Dataspace::Map_ro, start, end,
			     L4::Cap<L4::Task>(ds.cap())),
	      -L4_EINVAL);
	EQUAL(empty<Dataspace>()->map(0, Dataspace::F::R, start, start, end),
	      VOID);
	EQUAL(rm()->detach(start, 4 * L4_PAGESIZE, nullptr), Rm::Detached_ds);
	EQUAL(rm()->free_area(start), 0);
	cap_alloc.free(ds);
}

/* -------------------------------------------------------------- regions */

/* Attached with @flags, a region has these rights, and the others not. */
static void has_rights(Rm::Flags flags, bool written)
{
	L4::Cap<Dataspace> ds = new_dataspace(L4_PAGESIZE), found;
	l4_addr_t address = 0, old_offset = 1;
	unsigned long size = 1;
	unsigned int old_flags = ~0U;
	Rm::Offset offset = 1;
	Rm::Flags seen;
	void *place = nullptr;

	EQUAL(rm()->attach(&place, L4_PAGESIZE, flags,
			   L4::Ipc::make_cap_rw(ds)),
	      0);
	address = reinterpret_cast<l4_addr_t>(place) + 1;
	EQUAL(rm()->find(&address, &size, &offset, &seen, &found), 0);
	EQUAL(address, place);
	EQUAL(size, L4_PAGESIZE);
	EQUAL(offset, 0);
	TRUE(found == ds);
	TRUE(seen.r() && seen.w() == written && !seen.x());
	TRUE(!(seen & Rm::F::In_area));
	TRUE(seen.map_flags().w() == written);
	size = 1;
	EQUAL(rm()->find(&address, &size, &old_offset, &old_flags, &found), 0);
	EQUAL(old_offset, 0);
	EQUAL(old_flags, written ? 0 : +Rm::Read_only);
	found.invalidate();
	EQUAL(rm()->detach(place, &found), Rm::Detached_ds);
	TRUE(found == ds);
	cap_alloc.free(ds, L4Re::This_task);
}

static void spellings()
{
	static_assert((Rm::Search_addr | Rm::In_area) == 0x60, "as numbers");
	Rm::Flags flags = Rm::F::Search_addr | Rm::F::R;

	has_rights(Rm::Search_addr, true);
	has_rights(Rm::Search_addr | Rm::Eager_map, true);
	has_rights(Rm::Search_addr | Rm::Read_only, false);
	has_rights(Rm::F::Search_addr | Rm::F::RW, true);
	has_rights(Rm::F::RW | Rm::F::Search_addr, true);
	has_rights(flags, false);
	flags |= Rm::F::Eager_map | Rm::F::No_eager_map;
	has_rights(flags, false);
	has_rights(Rm::F::Search_addr | Rm::F::Eager_map | Rm::F::R | Rm::F::W,
		   true);
	has_rights(Rm::Search_addr | Rm::F::R, false);
	has_rights(Rm::F::RW | Rm::Search_addr, true);
	has_rights(Rm::F::Search_addr | Rm::Read_only, false);
	EQUAL((flags & ~Rm::Flags(Rm::F::R)).raw & Rm::F::R, 0);
	TRUE(flags.region_flags() == Rm::F::R);
	TRUE(flags.attach_flags() & Rm::F::Eager_map);
}

static void attaching()
{
	L4::Cap<Dataspace> ds = new_dataspace(2 * L4_PAGESIZE);
	l4_addr_t area = 0, blocked = 0, start = 0;
	char *place = nullptr;
	void *other;

	EQUAL(rm()->reserve_area(&area, 4 * L4_PAGESIZE, Rm::F::Search_addr),
	      0);
	EQUAL(rm()->reserve_area(&blocked, L4_PAGESIZE,
				 Rm::F::Search_addr | Rm::F::Reserved),
	      0);
	start = area;
	EQUAL(rm()->attach(&start, L4_PAGESIZE, Rm::F::In_area | Rm::F::RW, ds,
			   L4_PAGESIZE),
	      0);
	EQUAL(start, area);
	EQUAL(rm()->attach(&start, L4_PAGESIZE, Rm::F::In_area | Rm::F::RW, ds),
	      -L4_EADDRNOTAVAIL);
	EQUAL(rm()->attach(&blocked, L4_PAGESIZE, Rm::F::In_area | Rm::F::RW,
			   ds),
	      -L4_EPERM);
	other = &ds;
	EQUAL(rm()->attach(&other, L4_PAGESIZE, Rm::F::In_area | Rm::F::RW, ds),
	      -L4_ENOENT);
	EQUAL(other, &ds);
	EQUAL(rm()->attach(&place, 2 * L4_PAGESIZE, Rm::F::RW, ds),
	      -L4_EADDRNOTAVAIL);
	EQUAL(rm()->attach(&place, 0, Rm::Search_addr, ds), -L4_EINVAL);
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr, ds, 1), -L4_EINVAL);
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr, ds, 0, 47), -L4_EINVAL);
	EQUAL(rm()->attach(&place, 1, 0x10000U, ds), -L4_EINVAL);
	EQUAL(rm()->attach(static_cast<char **>(nullptr), 1, Rm::Search_addr,
			   ds),
	      -L4_EINVAL);
	EQUAL(rm()->attach(static_cast<l4_addr_t *>(nullptr), 1,
			   Rm::Search_addr, ds),
	      -L4_EINVAL);
	EQUAL(rm()->attach(&place, 1, Rm::F::Search_addr | Rm::F::RWX, ds),
	      -L4_EPERM);
	EQUAL(rm()->attach(&place, 3 * L4_PAGESIZE, Rm::Search_addr, ds),
	      -L4_ERANGE);
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr, empty<Dataspace>()),
	      -L4_ENOENT);
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr, other_kind<Dataspace>()),
	      -L4_EINVAL);
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr | Rm::Pager, ds),
	      -L4_EINVAL);
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr | Rm::No_alias, ds),
	      -L4_EBUSY);
	EQUAL(empty<Rm>()->attach(&place, 1, Rm::Search_addr, ds), VOID);
	EQUAL(other_kind<Rm>()->attach(&place, 1, Rm::Search_addr, ds),
	      -L4_EBADPROTO);
	EQUAL(place, nullptr);

	/* Aligned, and over what is there. */
	EQUAL(rm()->attach(&place, 1, Rm::Search_addr, ds, 0,
			   L4_SUPERPAGESHIFT),
	      0);
	EQUAL(reinterpret_cast<l4_addr_t>(place) & ~L4_SUPERPAGEMASK, 0);
	EQUAL(rm()->attach(&place, 1, Rm::Overmap | Rm::Eager_map, ds), 0);
	EQUAL(rm()->detach(place, nullptr), Rm::Detached_ds);
	EQUAL(rm()->detach(area, nullptr), Rm::Detached_ds);
	EQUAL(rm()->free_area(area), 0);
	EQUAL(rm()->free_area(area), -L4_ENOENT);
	EQUAL(rm()->free_area(blocked), 0);
	cap_alloc.free(ds);
}

static void areas()
{
	l4_addr_t start = 0, found;
	L4::Cap<Dataspace> ds(Env::env()->rm().cap());
	unsigned long size = 1;
	Rm::Offset offset;
	Rm::Flags flags;
	char *place = nullptr;

	EQUAL(rm()->reserve_area(&place, L4_PAGESIZE, Rm::Search_addr,
				 L4_SUPERPAGESHIFT),
	      0);
	start = reinterpret_cast<l4_addr_t>(place);
	EQUAL(start & ~L4_SUPERPAGEMASK, 0);
	EQUAL(rm()->reserve_area(&start, L4_PAGESIZE), -L4_EADDRNOTAVAIL);
	EQUAL(rm()->reserve_area(&start, 0, Rm::Search_addr), -L4_EINVAL);
	EQUAL(rm()->reserve_area(&start, 1, Rm::Eager_map), -L4_EINVAL);
	EQUAL(rm()->reserve_area(static_cast<char **>(nullptr), 1), -L4_EINVAL);
	EQUAL(empty<Rm>()->reserve_area(&start, 1, Rm::Search_addr), VOID);
	EQUAL(empty<Rm>()->free_area(start), VOID);
	found = start;
	EQUAL(rm()->find(&found, &size, &offset, &flags, &ds), 0);
	EQUAL(size, L4_PAGESIZE);
	TRUE(flags & Rm::F::In_area);
	TRUE(!flags.r() && !flags.w());
	TRUE(!ds.is_valid());
	EQUAL(rm()->free_area(start), 0);
	found = start;
	size = 1;
	EQUAL(rm()->find(&found, &size, &offset, &flags, &ds), -L4_ENOENT);
	size = 0;
	EQUAL(rm()->find(&found, &size, &offset, &flags, &ds), -L4_EINVAL);
	size = 1;
	EQUAL(empty<Rm>()->find(&found, &size, &offset, &flags, &ds), VOID);
}

/* A region of @pages pages. */
static l4_addr_t region(L4::Cap<Dataspace> ds, unsigned int pages)
{
	l4_addr_t start = 0;

	EQUAL(rm()->attach(&start, pages * L4_PAGESIZE, Rm::Search_addr, ds),
	      0);
	return start;
}

static void detaching()
{
	L4::Cap<Dataspace> ds = new_dataspace(5 * L4_PAGESIZE), seen;
	l4_addr_t start = region(ds, 5), area = 0, second;

	/* In the middle, at the end, all that is left, nothing. */
	EQUAL(rm()->detach(start + L4_PAGESIZE, L4_PAGESIZE, &seen),
	      Rm::Split_ds);
	TRUE(seen == ds);
	EQUAL(rm()->detach(start + 4 * L4_PAGESIZE, L4_PAGESIZE, &seen),
	      Rm::Kept_ds);
	EQUAL(rm()->detach(start, L4_PAGESIZE, nullptr), Rm::Detached_ds);
	EQUAL(rm()->detach(start + 3 * L4_PAGESIZE, &seen, L4Re::This_task),
	      Rm::Detached_ds);
	TRUE(seen == ds);
	EQUAL(rm()->detach(start, &seen), -L4_ENOENT);
	TRUE(!seen.is_valid());
	EQUAL(rm()->detach(start, 0UL, &seen), -L4_EINVAL);
	EQUAL(rm()->detach(start, L4_PAGESIZE, &seen), -L4_ENOENT);

	/* Of two in a range the first, and that there is more. */
	EQUAL(rm()->reserve_area(&area, 4 * L4_PAGESIZE, Rm::Search_addr), 0);
	second = area + 2 * L4_PAGESIZE;
	start = area;
	EQUAL(rm()->attach(&start, L4_PAGESIZE, Rm::In_area, ds), 0);
	EQUAL(rm()->attach(&second, L4_PAGESIZE, Rm::In_area, ds), 0);
	EQUAL(rm()->detach(area, 4 * L4_PAGESIZE, &seen),
	      Rm::Detached_ds | Rm::Detach_again);
	EQUAL(rm()->detach(area, 4 * L4_PAGESIZE, &seen), Rm::Detached_ds);
	EQUAL(rm()->detach(area, 4 * L4_PAGESIZE, &seen), -L4_ENOENT);
	EQUAL(rm()->free_area(area), 0);

	start = region(ds, 1);
	EQUAL(rm()->detach(start, nullptr, L4::Cap<L4::Task>(ds.cap())),
	      -L4_EINVAL);
	EQUAL(rm()->detach(start, nullptr, L4::Cap<L4::Task>::Invalid),
	      Rm::Detached_ds);
	EQUAL(empty<Rm>()->detach(start, nullptr), VOID);
	cap_alloc.free(ds);
}

static bool is_attached(const void *place)
{
	l4_addr_t address = reinterpret_cast<l4_addr_t>(place);
	unsigned long size = 1;
	Rm::Offset offset;
	Rm::Flags flags;

	return !rm()->find(&address, &size, &offset, &flags, nullptr);
}

static void unique_region()
{
	L4::Cap<Dataspace> ds = new_dataspace(L4_PAGESIZE);
	Rm::Flags flags = Rm::F::Search_addr | Rm::F::RW;
	char *first, *second;

	{
		Rm::Unique_region<char *> one, two;

		TRUE(!one.is_valid() && !one && !one.get());
		EQUAL(rm()->attach(&one, L4_PAGESIZE, flags,
				   L4::Ipc::make_cap_rw(ds)),
		      0);
		first = one.get();
		TRUE(one.is_valid() && *one == first && is_attached(first));
		*first = 1;
		EQUAL(rm()->attach(&two, 2 * L4_PAGESIZE, flags, ds),
		      -L4_ERANGE);
		TRUE(!two);
		two = std::move(one);
		TRUE(!one && two.get() == first && is_attached(first));

		/* Another one in its place. */
		EQUAL(rm()->attach(&two, L4_PAGESIZE, flags, ds), 0);
		second = two.get();
		TRUE(!is_attached(first) && is_attached(second));
		EQUAL(rm()->attach(&two, L4_PAGESIZE, Rm::Overmap | Rm::F::RW,
				   ds),
		      0);
		TRUE(two.is_valid() && two.get() == second &&
		     is_attached(second));
		*second = 2;

		Rm::Unique_region<char *> three(std::move(two));

		TRUE(!two && three.get() == second);
		two.reset(three.release(), rm());
		TRUE(!three && is_attached(second));
	}
	TRUE(!is_attached(second));
	{
		Rm::Unique_region<l4_addr_t> number(
			reinterpret_cast<l4_addr_t>(first));

		TRUE(!number && number.get());
		EQUAL(rm()->attach(&number, L4_PAGESIZE, flags, ds), 0);
		number.reset();
		TRUE(!number && !number.get());
	}
	cap_alloc.free(ds);
}

/* ------------------------------------------------------------------ Irqs */

static long waited(L4::Cap<L4::Irq> irq)
{
	l4_msgtag_t tag = irq->receive(L4_IPC_BOTH_TIMEOUT_0);

	return tag.has_error() ? l4_error(tag) : 1;
}

static void irqs()
{
	L4::Cap<L4::Irq> irq = new_irq();
	const long late = -(L4_EIPC_LO + L4_IPC_RETIMEOUT);
	L4::Cap<L4::Thread> self = Env::env()->main_thread();

	/* From when it is bound on, and what came before is not lost. */
	EQUAL(l4_error(irq->bind_thread(self, 1)), 0);
	EQUAL(waited(irq), late);
	EQUAL(l4_error(irq->trigger()), 0);
	EQUAL(l4_error(irq->bind_thread(self, 2)), 0);
	EQUAL(irq->receive().label(), L4_PROTO_IRQ);
	EQUAL(waited(irq), late);
	EQUAL(l4_error(irq->unmask()), 0);
	EQUAL(l4_error(irq->detach()), 0);

	EQUAL(l4_error(empty<L4::Irq>()->trigger()), VOID);
	EQUAL(waited(empty<L4::Irq>()), VOID);
	EQUAL(l4_error(empty<L4::Irq>()->unmask()), VOID);
	EQUAL(l4_error(empty<L4::Irq>()->bind_thread(self, 0)), VOID);
	EQUAL(l4_error(L4::Cap<L4::Irq>(new_dataspace(1).cap())->trigger()),
	      -L4_EBADPROTO);
	EQUAL(l4_error(Env::env()->factory()->create(L4::Cap<L4::Irq>())),
	      -L4_EINVAL);
	EQUAL(l4_error(Env::env()->factory()->create_irq(irq)), 0);
	EQUAL(l4_error(empty<L4::Factory>()->create(irq)), VOID);
	cap_alloc.free(irq);
}

/* ------------------------------------------------------------ exceptions */

static long thrown(long err)
{
	try {
		L4Re::chksys(err, "words");
	} catch (L4::Runtime_error const &error) {
		TRUE(!strcmp(error.extra_str(), "words"));
		TRUE(!strcmp(error.str(), l4sys_errtostr(err)));
		return error.err_no();
	}
	return 0;
}

static void exceptions()
{
	L4::Cap<Dataspace> ds = L4Re::chkcap(cap_alloc.alloc<Dataspace>());
	bool memory = false;
	long err = 0;

	for (long one : { L4_ENOENT, L4_ENOMEM, L4_EEXIST, L4_ERANGE, L4_EIO })
		EQUAL(thrown(-one), -one);
	EQUAL(thrown(5), 0);
	EQUAL(L4Re::chksys(5), 5);
	try {
		L4Re::chkcap(L4::Cap<Dataspace>());
	} catch (L4::Out_of_memory const &) {
		memory = true;
	}
	TRUE(memory);
	try {
		L4Re::chksys(empty<L4::Irq>()->trigger());
	} catch (L4::Runtime_error const &error) {
		err = error.err_no();
	}
	EQUAL(err, VOID);
	try {
		L4Re::chkipc(empty<L4::Irq>()->trigger());
	} catch (L4::Base_exception const &) {
		err = 0;
	}
	EQUAL(err, 0);
	cap_alloc.free(ds);
}

int main()
{
	return run_cases({
		{ "capabilities", capabilities },
		{ "the environment", environment },
		{ "the task", task },
		{ "freeing for all", free_for_all },
		{ "dataspaces", dataspace },
		{ "mapping", mapping },
		{ "flags in both spellings", spellings },
		{ "attaching", attaching },
		{ "areas", areas },
		{ "detaching", detaching },
		{ "unique regions", unique_region },
		{ "Irqs", irqs },
		{ "exceptions", exceptions },
		/* Frees what the others have left. */
		{ "the memory allocator", memory },
	});
}
