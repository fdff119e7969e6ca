// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same structs from a 32-bit program. It stands alone, without any library,
 * so that a compiler for 64 bits can build it: i386 system calls, TAP.
 */
#include "uapi_layout.h"

#define SYS_EXIT 1
#define SYS_WRITE 4
#define SYS_OPEN 5
#define SYS_CLOSE 6
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

static void test_service(int dev)
{
	struct membank_notifier_create create = { .size = sizeof(create) };
	struct membank_notifier_trigger trigger = { .size = sizeof(trigger) };
	struct membank_offer offer = { .rights = MEMBANK_NOTIFIER_TRIGGER };
	struct membank_offer got = {};
	struct membank_service_register service = {
		.size = sizeof(service),
		.offers = (unsigned long)&offer,
		.nr_offers = 1,
		.name = "uapi32-test",
	};
	struct membank_service_connect client = {
		.size = sizeof(client),
		.offers = (unsigned long)&got,
		.nr_offers = 1,
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
}

void _start(void);

void __attribute__((force_align_arg_pointer)) _start(void)
{
	struct membank_get_info info = { .size = sizeof(info) };
	int dev, ret;

	say("TAP version 13\n1..14\n");
	dev = call(SYS_OPEN, (long)"/dev/membank", 2, 0);
	result(dev >= 0, "opens /dev/membank");
	ret = command(dev, MEMBANK_IOC_GET_INFO, &info);
	result(!ret && info.out_version == MEMBANK_ABI_VERSION,
	       "asks for the version");
	test_dataspace(dev);
	test_service(dev);
	/* What was left out after a failure is a failure too. */
	call(SYS_EXIT, failures || number != 14, 0, 0);
	__builtin_unreachable();
}
