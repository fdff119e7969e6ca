// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Longer names are cut to one without NUL, which the kernel refuses. */
static void put_name(char *field, const char *name)
{
	memcpy(field, name, strnlen(name, MEMBANK_NAME_MAX + 1));
}

MEMBANK_API int membank_service_register(int dev, const char *name,
					 const struct membank_offer *offers,
					 unsigned int count, unsigned int mode,
					 int *out_service)
{
	struct membank_service_register args = {
		.size = sizeof(args),
		.offers = (uintptr_t)offers,
		.nr_offers = count,
		.mode = mode,
	};
	int ret;

	put_name(args.name, name);
	ret = membank_call(dev, MEMBANK_IOC_SERVICE_REGISTER, &args);
	if (!ret)
		*out_service = args.out_fd;
	return ret;
}

MEMBANK_API int
membank_service_read_event(int service, struct membank_service_event *out_event)
{
	struct membank_service_event event;
	ssize_t length = read(service, &event, sizeof(event));

	if (length < 0)
		return -errno;
	/* A service gives whole events, so this is something else. */
	if (length != sizeof(event))
		return -EINVAL;
	*out_event = event;
	return 0;
}

MEMBANK_API int membank_service_connect(int dev, const char *name,
					int timeout_ms,
					struct membank_offer *offers,
					unsigned int *count, pid_t *out_pid,
					int *out_connection)
{
	struct membank_service_connect args = {
		.size = sizeof(args),
		.offers = (uintptr_t)offers,
		.nr_offers = *count,
		.timeout_ns = timeout_ms < 0 ? MEMBANK_WAIT_FOREVER :
					       timeout_ms * 1000000ULL,
	};
	int ret;

	put_name(args.name, name);
	ret = membank_call(dev, MEMBANK_IOC_SERVICE_CONNECT, &args);
	if (ret)
		return ret;
	*count = args.out_nr_offers;
	if (out_pid)
		*out_pid = args.out_pid;
	*out_connection = args.out_fd;
	return 0;
}
