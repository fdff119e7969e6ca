// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same structs from a 32-bit program. It stands alone, without any library,
 * so that a compiler for 64 bits can build it: i386 system calls, TAP.
 */
#include "uapi_layout.h"

#define SYS_EXIT 1
#define SYS_FORK 2
#define SYS_READ 3
#define SYS_WRITE 4
#define SYS_OPEN 5
#define SYS_CLOSE 6
#define SYS_WAITPID 7
#define SYS_IOCTL 54

#define LENGTH 8192

static int failures;
static int number;

static int call(int nr, long a, long b, long c)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c)
		     : "memory");
	return ret;
}

static int command(int fd, unsigned long nr, void *args)
{
	return call(SYS_IOCTL, fd, nr, (long)args);
}

static void say(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	call(SYS_WRITE, 1, (long)text, length);
}

static void result(int ok, const char *name)
{
	char digits[] = "00 ";

	number++;
	digits[0] += number / 10;
	digits[1] += number % 10;
	if (!ok)
		failures++;
	say(ok ? "ok " : "not ok ");
	say(number < 10 ? digits + 1 : digits);
	say(name);
	say("\n");
}

static int all_bytes(const char *mem, char byte)
{
	long i;

	for (i = 0; i < LENGTH; i++)
		if (mem[i] != byte)
			return 0;
	return 1;
}

static void fill(char *mem, char byte)
{
	long i;

	for (i = 0; i < LENGTH; i++) {
		mem[i] = byte;
		/* Keeps the compiler from calling memset(). */
		asm volatile("" : : : "memory");
	}
}

static void test_dataspace(int dev)
{
	struct membank_dataspace_alloc alloc = {
		.size = sizeof(alloc),
		.length = LENGTH,
	};
	struct membank_dataspace_info info = { .size = sizeof(info) };
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.flags = MEMBANK_REGION_SEARCH_ADDR,
	};
	struct membank_region_find find = { .size = sizeof(find) };
	struct membank_region_detach detach = { .size = sizeof(detach) };
	char *mem;
	int ret;

	ret = command(dev, MEMBANK_IOC_DATASPACE_ALLOC, &alloc);
	result(!ret && alloc.out_fd > 0, "allocates");
	info.fd = alloc.out_fd;
	ret = command(dev, MEMBANK_IOC_DATASPACE_INFO, &info);
	result(!ret && info.out_length == LENGTH, "is told the length");
	attach.fd = alloc.out_fd;
	ret = command(dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	result(!ret && attach.out_start && !(attach.out_start >> 32),
	       "attaches at an address it can reach");
	if (!attach.out_start || attach.out_start >> 32)
		return;
	mem = (char *)(unsigned long)attach.out_start;
	fill(mem, 0x32);
	result(all_bytes(mem, 0x32), "writes and reads");
	find.addr = attach.out_start + 1;
	ret = command(dev, MEMBANK_IOC_REGION_FIND, &find);
	if (find.out_length != LENGTH)
		ret = -1;
	result(!ret && find.out_start == attach.out_start, "finds");
	detach.addr = attach.out_start;
	ret = command(dev, MEMBANK_IOC_REGION_DETACH, &detach);
	result(!ret && detach.out_length == LENGTH, "detaches");
	attach.start = 0xfffff000;
	result(command(dev, MEMBANK_IOC_REGION_ATTACH, &attach) == -99,
	       "finds no place above its address space");
	attach.start = 1ULL << 40;
	attach.flags = 0;
	result(command(dev, MEMBANK_IOC_REGION_ATTACH, &attach) == -99,
	       "attaches nothing where it cannot reach");
	call(SYS_CLOSE, find.out_fd, 0, 0);
	call(SYS_CLOSE, alloc.out_fd, 0, 0);
}

static void test_area(int dev)
{
	struct membank_dataspace_alloc alloc = {
		.size = sizeof(alloc),
		.length = LENGTH,
	};
	struct membank_area_reserve reserve = {
		.size = sizeof(reserve),
		.flags = MEMBANK_REGION_SEARCH_ADDR,
		.length = 4 * LENGTH,
		.align = 20,
	};
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.flags = MEMBANK_REGION_SEARCH_ADDR | MEMBANK_REGION_IN_AREA,
	};
	struct membank_region_entry entries[4];
	struct membank_region_list list = {
		.size = sizeof(list),
		.entries = (unsigned long)entries,
		.nr_entries = 4,
		.entry_size = sizeof(*entries),
	};
	struct membank_region_detach detach = {
		.size = sizeof(detach),
		.length = LENGTH / 2,
	};
	struct membank_area_free free = { .size = sizeof(free) };
	int ret;

	ret = command(dev, MEMBANK_IOC_AREA_RESERVE, &reserve);
	if (reserve.out_start >> 32 || reserve.out_start & 0xfffff)
		ret = -1;
	result(!ret && reserve.out_start, "reserves an area it can reach");
	ret = command(dev, MEMBANK_IOC_DATASPACE_ALLOC, &alloc);
	attach.fd = alloc.out_fd;
	attach.start = reserve.out_start + 1;
	if (!ret)
		ret = command(dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	if (attach.out_start != reserve.out_start)
		ret = -1;
	result(!ret, "attaches in it");
	list.start = reserve.out_start;
	list.length = reserve.length;
	ret = command(dev, MEMBANK_IOC_REGION_LIST, &list);
	if (list.out_nr_entries != 2 || list.out_next ||
	    entries[0].kind != MEMBANK_ENTRY_REGION ||
	    entries[0].length != LENGTH ||
	    entries[1].kind != MEMBANK_ENTRY_AREA ||
	    entries[1].length != 3 * LENGTH ||
	    entries[1].area != reserve.out_start)
		ret = -1;
	result(!ret, "lists both");
	detach.addr = attach.out_start;
	ret = command(dev, MEMBANK_IOC_REGION_DETACH, &detach);
	if (detach.out_split != 1 || detach.out_length != LENGTH / 2)
		ret = -1;
	result(!ret, "detaches a range");
	free.addr = reserve.out_start;
	ret = command(dev, MEMBANK_IOC_AREA_FREE, &free);
	if (free.out_length != 4 * LENGTH ||
	    free.out_start != reserve.out_start)
		ret = -1;
	result(!ret, "frees the area");
	detach.length = reserve.length;
	ret = command(dev, MEMBANK_IOC_REGION_DETACH, &detach);
	result(!ret && detach.out_dropped == 1, "detaches what was left in it");
	reserve.start = 0xfffff000;
	result(command(dev, MEMBANK_IOC_AREA_RESERVE, &reserve) == -99,
	       "reserves nothing above its address space");
	call(SYS_CLOSE, alloc.out_fd, 0, 0);
}

static void test_pager(int dev)
{
	struct membank_dataspace_alloc alloc = {
		.size = sizeof(alloc),
		.length = LENGTH,
	};
	struct membank_pager_create pager = {
		.size = sizeof(pager),
		.fault_size = sizeof(struct membank_pager_fault),
	};
	struct membank_pager_fault fault = {};
	struct membank_pager_reply reply = {
		.size = sizeof(reply),
		.offset = LENGTH / 2,
	};
	struct membank_region_attach plain = {
		.size = sizeof(plain),
		.flags = MEMBANK_REGION_SEARCH_ADDR,
	};
	struct membank_region_attach attach = {
		.size = sizeof(attach),
		.length = LENGTH,
		.offset = 1ULL << 40,
		.flags = MEMBANK_REGION_SEARCH_ADDR | MEMBANK_REGION_PAGER,
	};
	char *mem, *there;
	int ret, child, status = -1;

	ret = command(dev, MEMBANK_IOC_PAGER_CREATE, &pager);
	if (!ret)
		ret = command(dev, MEMBANK_IOC_DATASPACE_ALLOC, &alloc);
	if (pager.out_fd <= 0 || pager.out_attach_fd <= 0)
		ret = -1;
	result(!ret, "creates a pager");
	plain.fd = alloc.out_fd;
	ret = command(dev, MEMBANK_IOC_REGION_ATTACH, &plain);
	attach.fd = pager.out_attach_fd;
	if (!ret)
		ret = command(dev, MEMBANK_IOC_REGION_ATTACH, &attach);
	result(!ret && attach.out_start, "attaches with it");
	if (ret)
		return;
	mem = (char *)(unsigned long)plain.out_start;
	there = (char *)(unsigned long)attach.out_start;
	fill(mem, 0x11);

	child = call(SYS_FORK, 0, 0, 0);
	if (!child) {
		there[5]++;
		call(SYS_EXIT, there[5], 0, 0);
	}
	ret = call(SYS_READ, pager.out_fd, (long)&fault, sizeof(fault));
	if (fault.pid != child || fault.address != attach.out_start + 5 ||
	    fault.offset != 1ULL << 40)
		ret = -1;
	result(ret == sizeof(fault), "is told a fault");
	reply.id = fault.id;
	reply.fd = alloc.out_fd;
	result(!command(pager.out_fd, MEMBANK_IOC_PAGER_REPLY, &reply),
	       "answers it");
	ret = call(SYS_WAITPID, child, (long)&status, 0);
	if (status != 0x12 << 8 || mem[LENGTH / 2 + 5] != 0x12)
		ret = -1;
	result(ret == child, "has the thread go on");
}

static void test_service(int dev)
{
	struct membank_notifier_create create = { .size = sizeof(create) };
	struct membank_notifier_trigger trigger = { .size = sizeof(trigger) };
	struct membank_offer offer = { .rights = MEMBANK_NOTIFIER_TRIGGER };
	struct membank_service_event event = {};
	struct membank_offer got = {};
	struct membank_service_register service = {
		.size = sizeof(service),
		.offers = (unsigned long)&offer,
		.nr_offers = 1,
		.offer_size = sizeof(offer),
		.name = "uapi32-test",
		.event_size = sizeof(event),
	};
	struct membank_service_connect client = {
		.size = sizeof(client),
		.offers = (unsigned long)&got,
		.nr_offers = 1,
		.offer_size = sizeof(got),
		.name = "uapi32-test",
	};
	int ret;

	ret = command(dev, MEMBANK_IOC_NOTIFIER_CREATE, &create);
	result(!ret && create.out_fd > 0, "creates a notifier");
	offer.fd = create.out_fd;
	ret = command(dev, MEMBANK_IOC_SERVICE_REGISTER, &service);
	result(!ret && service.out_fd > 0, "registers a service");
	ret = command(dev, MEMBANK_IOC_SERVICE_CONNECT, &client);
	if (client.out_nr_offers != 1)
		ret = -1;
	result(!ret && got.kind == MEMBANK_OFFER_NOTIFIER, "connects to it");
	result(!command(got.fd, MEMBANK_IOC_NOTIFIER_TRIGGER, &trigger),
	       "triggers what it was offered");
	ret = call(SYS_READ, service.out_fd, (long)&event, sizeof(event));
	result(ret == sizeof(event) && event.client == 1,
	       "is told of a client");
}

void _start(void);

void __attribute__((force_align_arg_pointer)) _start(void)
{
	struct membank_get_info info = { .size = sizeof(info) };
	int dev, ret;

	say("TAP version 13\n1..27\n");
	dev = call(SYS_OPEN, (long)"/dev/membank", 2, 0);
	result(dev >= 0, "opens /dev/membank");
	ret = command(dev, MEMBANK_IOC_GET_INFO, &info);
	result(!ret && info.out_version == MEMBANK_ABI_VERSION,
	       "asks for the version");
	test_dataspace(dev);
	test_area(dev);
	test_pager(dev);
	test_service(dev);
	/* What was left out after a failure is a failure too. */
	call(SYS_EXIT, failures || number != 27, 0, 0);
	__builtin_unreachable();
}
