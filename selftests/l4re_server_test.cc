// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers and clients in the C++ face of L4Re: what a server's calls give is what
 * clients get, and what is said when that cannot be.
 */
#include <csignal>
#include <cstring>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <l4/re/error_helper>
#include <l4/re/util/br_manager>
#include <l4/re/util/object_registry>
#include <l4/sys/cxx/ipc_iface>

#include "l4re_cpp.hh"

typedef L4::Ipc::Out<L4::Cap<Dataspace> > Out_ds;
typedef L4::Ipc::Out<L4::Cap<L4::Irq> > Out_irq;

/* Two calls: the second one's are behind the first one's. */
struct Pair : L4::Kobject_t<Pair, L4::Kobject, 0x44> {
	L4_INLINE_RPC(int, first, (Out_irq bell, Out_ds shared));
	L4_INLINE_RPC(long, second, (Out_ds constant, Out_irq answer),
		      L4::Ipc::Call_t<L4_CAP_FPAGE_W>);

	typedef L4::Typeid::Rpcs<first_t, second_t> Rpcs;
};

/* Wants more than any server here gives. */
struct Greedy : L4::Kobject_t<Greedy> {
	L4_INLINE_RPC(int, all, (Out_ds one, Out_ds two, Out_ds three));

	typedef L4::Typeid::Rpcs<all_t> Rpcs;
};

struct Server_object : L4::Epiface_t<Server_object, Pair> {
	L4::Cap<Dataspace> shared, constant;
	L4::Cap<L4::Irq> bell, answer;
	int error = 0;
	unsigned int runs = 0;

	int op_first(Pair::Rights, L4::Ipc::Cap<L4::Irq> &out_bell,
		     L4::Ipc::Cap<Dataspace> &out_shared)
	{
		runs++;
		out_bell = bell;
		out_shared = L4::Ipc::make_cap_rw(shared);
		return error;
	}

	long op_second(Pair::Rights rights,
		       L4::Ipc::Cap<Dataspace> &out_constant,
		       L4::Ipc::Cap<L4::Irq> &out_answer)
	{
		TRUE(rights & L4_CAP_FPAGE_W);
		out_constant = constant;
		out_answer = L4::Ipc::make_cap_rws(answer);
		return 1;
	}
};

/* Answers each ring, and throws what a loop must survive. */
struct Bell : L4::Irqep_t<Bell> {
	volatile char *shared;
	L4::Cap<L4::Irq> answer;

	void handle_irq()
	{
		*shared = *shared + 1;
		answer->trigger();
		switch (*shared) {
		case 11:
			throw 1;
		case 12:
			throw 1L;
		case 13:
			throw L4::Runtime_error(-L4_EINVAL);
		}
	}
};

struct Counter : L4::Irqep_t<Counter> {
	unsigned int rings = 0;

	void handle_irq()
	{
		rings++;
	}
};

static long error_of(L4::Cap<void> cap)
{
	return cap.is_valid() ? 0 : cap.invalid_cap_error();
}

static char *attached(L4::Cap<Dataspace> ds)
{
	char *start = nullptr;

	EQUAL(rm()->attach(&start, ds->size(), Rm::F::Search_addr | Rm::F::RW,
			   ds),
	      0);
	return start;
}

[[noreturn]] static void serve(const char *name)
{
	static L4Re::Util::Registry_server<L4Re::Util::Br_manager_hooks> server;
	static Server_object object;
	static Bell bell;

	object.shared = new_dataspace(5000);
	object.constant = new_dataspace(6000);
	object.answer = new_irq();
	bell.shared = attached(object.shared);
	bell.answer = object.answer;
	*bell.shared = 10;
	object.bell = server.registry()->register_irq_obj(&bell);
	if (!object.bell.is_valid() ||
	    !server.registry()->register_obj(&object, name).is_valid())
		_exit(1);
	server.loop();
}

static pid_t start_server(const char *name)
{
	pid_t pid = fork();

	TRUE(pid >= 0);
	if (!pid) {
		/* It has no end of its own, should a case fail. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(name);
	}
	setenv("MEMBANK_L4RE_WAIT", "60000", 1);
	return pid;
}

static void end_server(pid_t pid)
{
	int status;

	EQUAL(kill(pid, SIGKILL), 0);
	EQUAL(waitpid(pid, &status, 0), pid);
	TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void rings()
{
	pid_t pid = start_server("pair");
	L4::Cap<Pair> pair = Env::env()->get_cap<Pair>("pair-and-more", 4);
	L4::Cap<Dataspace> shared = cap_alloc.alloc<Dataspace>();
	L4::Cap<Dataspace> constant = cap_alloc.alloc<Dataspace>();
	L4::Cap<L4::Irq> bell = cap_alloc.alloc<L4::Irq>();
	L4::Cap<L4::Irq> answer = cap_alloc.alloc<L4::Irq>();
	char *start = nullptr;
	l4_timeout_t patience =
		l4_timeout(L4_IPC_TIMEOUT_NEVER, l4_timeout_from_us(60000000));

	TRUE(pair.is_valid());
	EQUAL(pair->first(bell, shared), 0);
	EQUAL(pair->second(constant, answer), 0);
	EQUAL(shared->size(), 5000);
	EQUAL(constant->size(), 6000);

	/* Each with the rights that it was given with. */
	EQUAL(rm()->attach(&start, 1, Rm::F::Search_addr | Rm::F::RW, constant),
	      -L4_EPERM);
	EQUAL(constant->clear(0, 1), -L4_EACCESS);
	EQUAL(l4_error(bell->bind_thread(Env::env()->main_thread(), 0)),
	      -L4_EPERM);
	EQUAL(l4_error(answer->bind_thread(Env::env()->main_thread(), 0)), 0);

	/* The loop goes on, whatever an object throws. */
	start = attached(shared);
	for (char wanted = 11; wanted < 16; wanted++) {
		EQUAL(l4_error(bell->trigger()), 0);
		EQUAL(answer->receive(patience).label(), L4_PROTO_IRQ);
		EQUAL(*static_cast<volatile char *>(start), wanted);
	}

	/* Again is the same again. */
	EQUAL(pair->first(bell, shared), 0);
	EQUAL(shared->size(), 5000);

	EQUAL(pair->first(L4::Cap<L4::Irq>(), shared), -L4_EMSGMISSARG);
	EQUAL(L4::cap_reinterpret_cast<Greedy>(pair)->all(shared, constant,
							  constant),
	      -L4_EMSGMISSARG);
	EQUAL(L4::Cap<Pair>()->first(bell, shared), VOID);
	EQUAL(L4::cap_reinterpret_cast<Pair>(shared)->first(bell, shared),
	      -L4_EBADPROTO);
	EQUAL(cap_alloc.alloc<Pair>()->first(bell, shared), VOID);

	end_server(pid);
	EQUAL(pair->first(bell, shared), VOID);
	EQUAL(rm()->detach(start, nullptr), 0);
	for (L4::Cap<void> cap : { L4::Cap<void>(pair), L4::Cap<void>(shared),
				   L4::Cap<void>(constant), L4::Cap<void>(bell),
				   L4::Cap<void>(answer) })
		cap_alloc.free(cap, L4Re::This_task);
}

/* More clients than may be unread at once. */
static void many_clients()
{
	pid_t pid = start_server("many");
	int i;

	for (i = 0; i < 2 * MEMBANK_BACKLOG_MAX; i++) {
		L4::Cap<Pair> pair = Env::env()->get_cap<Pair>("many");
		L4::Cap<L4::Irq> bell = cap_alloc.alloc<L4::Irq>();
		L4::Cap<L4::Irq> answer = cap_alloc.alloc<L4::Irq>();
		L4::Cap<Dataspace> ds = cap_alloc.alloc<Dataspace>();

		TRUE(pair.is_valid());
		EQUAL(pair->first(bell, ds), 0);
		EQUAL(pair->second(ds, answer), 0);
		EQUAL(l4_error(answer->bind_thread(Env::env()->main_thread(),
						   0)),
		      0);
		EQUAL(l4_error(bell->trigger()), 0);
		EQUAL(answer->receive().label(), L4_PROTO_IRQ);
		for (L4::Cap<void> cap :
		     { L4::Cap<void>(pair), L4::Cap<void>(bell),
		       L4::Cap<void>(answer), L4::Cap<void>(ds) })
			cap_alloc.free(cap, L4Re::This_task);
	}
	end_server(pid);
}

static void registering()
{
	L4Re::Util::Registry_server<> server;
	L4Re::Util::Object_registry *registry = server.registry();
	std::string longest(MEMBANK_NAME_MAX, 'n');
	Server_object object, other;
	L4::Cap<void> cap;
	Counter counter;

	object.shared = object.constant = new_dataspace(5000);
	object.bell = object.answer = new_irq();
	object.error = -L4_EIO;
	EQUAL(error_of(registry->register_obj(&object, "one")), -L4_EIO);
	object.error = 0;
	EQUAL(error_of(registry->register_obj(&object, nullptr)), -L4_EINVAL);
	EQUAL(error_of(registry->register_obj(&object, "")), -L4_EINVAL);
	EQUAL(error_of(registry->register_obj(&object, "a/b")), -L4_EINVAL);
	EQUAL(error_of(
		      registry->register_obj(&object, (longest + "n").c_str())),
	      -L4_EINVAL);
	EQUAL(error_of(registry->register_obj(nullptr, "one")), -L4_EINVAL);
	EQUAL(error_of(registry->register_obj(&object)), -L4_ENOSYS);
	EQUAL(error_of(registry->register_obj(&counter, "one")), -L4_ENOSYS);
	/* A call must set all it gives. */
	EQUAL(error_of(registry->register_obj(&other, "one")), VOID);
	TRUE(!object.obj_cap().is_valid() && !object.server_iface());

	object.runs = 0;
	cap = registry->register_obj(&object, "one");
	TRUE(cap.is_valid() && cap == object.obj_cap());
	EQUAL(object.runs, 1);
	TRUE(object.server_iface() == &server);
	EQUAL(error_of(registry->register_obj(&object, "two")), -L4_EINVAL);
	other.shared = other.constant = object.shared;
	other.bell = other.answer = object.bell;
	EQUAL(error_of(registry->register_obj(&other, "one")), -L4_EEXIST);
	cap = registry->register_obj(&other, longest.c_str());
	TRUE(cap.is_valid());
	registry->unregister_obj(&other);
	TRUE(!other.obj_cap().is_valid() && !other.server_iface());
	registry->unregister_obj(&object);
	registry->unregister_obj(&object);
	registry->unregister_obj(nullptr);
	cap = registry->register_obj(&other, "one");
	TRUE(cap.is_valid());
	registry->unregister_obj(&other);
	cap_alloc.free(object.shared);
	cap_alloc.free(object.bell);
}

/* A mode that nobody but root passes, and one that is none. */
static void modes()
{
	L4Re::Util::Registry_server<> server;
	struct membank_service_entry entry;
	Server_object object;
	unsigned int count = 1;
	int dev;

	object.shared = object.constant = new_dataspace(5000);
	object.bell = object.answer = new_irq();
	EQUAL(l4re_membank_fd(l4re_env()->rm, L4RE_MEMBANK_MAP, &dev), 0);
	TRUE(server.registry()->register_obj(&object, "mode").is_valid());
	EQUAL(membank_service_list(dev, nullptr, &entry, &count, nullptr), 0);
	EQUAL(count, 1);
	EQUAL(entry.mode, 0200);
	server.registry()->unregister_obj(&object);
	setenv("MEMBANK_L4RE_MODE", "0222", 1);
	TRUE(server.registry()->register_obj(&object, "mode").is_valid());
	EQUAL(membank_service_list(dev, nullptr, &entry, &count, nullptr), 0);
	EQUAL(entry.mode, 0222);
	server.registry()->unregister_obj(&object);
	setenv("MEMBANK_L4RE_MODE", "0777", 1);
	EQUAL(error_of(server.registry()->register_obj(&object, "mode")),
	      -L4_EINVAL);
	for (const char *text : { "rw", "", "0222x", "99999999999999999999" }) {
		setenv("MEMBANK_L4RE_MODE", text, 1);
		EQUAL(error_of(
			      server.registry()->register_obj(&object, "mode")),
		      -L4_EINVAL);
	}
	unsetenv("MEMBANK_L4RE_MODE");
	close(dev);
	cap_alloc.free(object.shared);
	cap_alloc.free(object.bell);
}

static void irq_objects()
{
	L4Re::Util::Registry_server<> server;
	L4Re::Util::Object_registry *registry = server.registry();
	L4::Cap<L4::Irq> irq, own = new_irq();
	Counter made, given;
	L4::Epiface *next;

	irq = registry->register_irq_obj(&made);
	TRUE(irq.is_valid() && irq == made.obj_cap());
	EQUAL(error_of(registry->register_irq_obj(&made)), -L4_EINVAL);
	EQUAL(error_of(registry->register_irq_obj(nullptr)), -L4_EINVAL);
	TRUE(registry->register_obj(&given, own) == own);
	EQUAL(l4_error(own->trigger()), 0);
	EQUAL(l4_error(own->trigger()), 0);
	next = registry->membank_wait();
	TRUE(next == &given);
	EQUAL(next->dispatch(l4_msgtag(0, 0, 0, 0), 0, l4_utcb()).label(),
	      -L4_ENOREPLY);
	EQUAL(given.rings, 1);
	EQUAL(l4_error(irq->trigger()), 0);
	TRUE(registry->membank_wait() == &made);

	/* What the registry made goes, what was given to it stays. */
	registry->unregister_obj(&made);
	registry->unregister_obj(&given, false);
	EQUAL(l4_error(irq->trigger()), VOID);
	EQUAL(l4_error(own->trigger()), 0);
	/* What came before it was registered is told, and once. */
	EQUAL(l4_error(own->trigger()), 0);
	TRUE(registry->register_obj(&given, own) == own);
	TRUE(registry->membank_wait() == &given);
	EQUAL(own->receive(L4_IPC_BOTH_TIMEOUT_0).label(), 0);
	EQUAL(l4_error(own->trigger()), 0);
	TRUE(registry->membank_wait() == &given);

	/* Another server's registry has nothing to do with it. */
	L4Re::Util::Registry_server<> other(
		l4_utcb(), Env::env()->main_thread(), Env::env()->factory());
	other.registry()->unregister_obj(&given);
	TRUE(given.obj_cap() == own && given.server_iface() == &server);
	registry->unregister_obj(&given);
	EQUAL(l4_error(own->trigger()), VOID);
	EQUAL(error_of(registry->register_obj(&given, own)), VOID);
	EQUAL(error_of(registry->register_obj(
		      &given, L4::Cap<L4::Irq>(new_dataspace(1).cap()))),
	      -L4_EBADPROTO);
	cap_alloc.free(own);
}

/* A server that ends takes with it what it made, and no more. */
static void ends()
{
	L4::Cap<L4::Irq> made, own = new_irq();
	Server_object object;
	Counter first, second;
	int free_fd = dup(0);

	object.shared = object.constant = new_dataspace(5000);
	object.bell = object.answer = own;
	close(free_fd);
	{
		L4Re::Util::Registry_server<> server;

		made = server.registry()->register_irq_obj(&first);
		TRUE(made.is_valid());
		TRUE(server.registry()->register_obj(&second, own) == own);
		TRUE(server.registry()->register_obj(&object, "end").is_valid());
	}
	EQUAL(l4_error(made->trigger()), VOID);
	EQUAL(l4_error(own->trigger()), 0);
	EQUAL(dup(0), free_fd);
	close(free_fd);
	/* The name is free. */
	Server_object next;
	L4Re::Util::Registry_server<> server;

	next.shared = next.constant = object.shared;
	next.bell = next.answer = own;
	TRUE(server.registry()->register_obj(&next, "end").is_valid());
	server.registry()->unregister_obj(&next);
	cap_alloc.free(object.shared);
	cap_alloc.free(own);
}

static volatile sig_atomic_t rang;

static void ring(int)
{
	rang = 1;
}

/* Without a descriptor for epoll nothing can be registered, and its loop sleeps. */
static void starved()
{
	struct itimerval soon = { { 0, 0 }, { 0, 100000 } };
	struct rlimit limit, none;
	Counter counter;

	EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
	L4Re::Util::Registry_server<> server;
	EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
	EQUAL(error_of(server.registry()->register_irq_obj(&counter)),
	      -L4_ENOMEM);
	TRUE(!counter.obj_cap().is_valid());

	TRUE(signal(SIGALRM, ring) != SIG_ERR);
	EQUAL(setitimer(ITIMER_REAL, &soon, nullptr), 0);
	TRUE(!server.registry()->membank_wait());
	TRUE(rang);
}

/* Who may receive and not trigger loses nothing by binding. */
static void bound()
{
	L4::Cap<L4::Irq> own = new_irq(), ear = cap_alloc.alloc<L4::Irq>();
	int fd, copy;

	EQUAL(l4re_membank_fd(own.cap(), L4RE_MEMBANK_NOTIFIER, &fd), 0);
	EQUAL(membank_notifier_derive(fd, MEMBANK_NOTIFIER_RECEIVE, &copy), 0);
	close(fd);
	EQUAL(l4re_membank_put(ear.cap(), L4RE_MEMBANK_NOTIFIER, copy), 0);
	EQUAL(l4_error(ear->bind_thread(Env::env()->main_thread(), 0)), 0);
	EQUAL(l4_error(own->trigger()), 0);
	EQUAL(l4_error(ear->bind_thread(Env::env()->main_thread(), 0)), 0);
	EQUAL(ear->receive(L4_IPC_BOTH_TIMEOUT_0).label(), L4_PROTO_IRQ);
	cap_alloc.free(ear);
	cap_alloc.free(own);
}

int main()
{
	return run_cases({
		{ "a client gets what the calls give, and rings", rings },
		{ "clients come and go", many_clients },
		{ "registering under a name", registering },
		{ "who may connect", modes },
		{ "Irqs that call objects", irq_objects },
		{ "the end of a server", ends },
		{ "a server without descriptors", starved },
		{ "binding to a thread", bound },
	});
}
