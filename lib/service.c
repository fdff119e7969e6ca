// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Longer names are cut to one without NUL, which the kernel refuses. */
static void put_name(char *field, const char *name)
{
	memcpy(field, name, strnlen(name, MEMBANK_NAME_MAX + 1));
}

/* No id: it means as little to chown(2). */
#define NO_ID (-1U)

static __u64 timeout_ns(int timeout_ms)
{
	return timeout_ms < 0 ? MEMBANK_WAIT_FOREVER : timeout_ms * 1000000ULL;
}

MEMBANK_API int membank_service_register_for(int dev, const char *name,
					     const struct membank_offer *offers,
					     unsigned int count,
					     unsigned int mode, uid_t owner,
					     gid_t group, int *out_service)
{
	struct membank_service_register args = {
		.size = sizeof(args),
		.offers = (uintptr_t)offers,
		.nr_offers = count,
		.offer_size = sizeof(*offers),
		.mode = mode,
		.owner = owner,
		.group = group,
		.event_size = sizeof(struct membank_service_event),
	};
	int ret;

	if (owner != NO_ID)
		args.flags |= MEMBANK_SERVICE_OWNER;
	if (group != NO_ID)
		args.flags |= MEMBANK_SERVICE_GROUP;
	put_name(args.name, name);
	ret = membank_call(dev, MEMBANK_IOC_SERVICE_REGISTER, &args);
	if (!ret)
		*out_service = args.out_fd;
	return ret;
}

MEMBANK_API int membank_service_register(int dev, const char *name,
					 const struct membank_offer *offers,
					 unsigned int count, unsigned int mode,
					 int *out_service)
{
	return membank_service_register_for(dev, name, offers, count, mode,
					    NO_ID, NO_ID, out_service);
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
		.offer_size = sizeof(*offers),
		.timeout_ns = timeout_ns(timeout_ms),
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

MEMBANK_API int membank_service_notify(int service, uint64_t client,
				       unsigned int offer)
{
	struct membank_service_notify args = {
		.size = sizeof(args),
		.client = client,
		.offer = offer,
	};

	return membank_call(service, MEMBANK_IOC_SERVICE_NOTIFY, &args);
}

MEMBANK_API int membank_service_revoke(int service, uint64_t client,
				       unsigned int offer)
{
	struct membank_service_revoke args = {
		.size = sizeof(args),
		.client = client,
		.offer = offer,
	};

	return membank_call(service, MEMBANK_IOC_SERVICE_REVOKE, &args);
}

MEMBANK_API int membank_service_list(int dev, const char *after,
				     struct membank_service_entry *entries,
				     unsigned int *count, int *out_more)
{
	struct membank_service_list args = {
		.size = sizeof(args),
		.entries = (uintptr_t)entries,
		.nr_entries = *count,
		.entry_size = sizeof(*entries),
	};
	int ret;

	if (after)
		put_name(args.after, after);
	ret = membank_call(dev, MEMBANK_IOC_SERVICE_LIST, &args);
	if (ret)
		return ret;
	*count = args.out_nr_entries;
	if (out_more)
		*out_more = args.out_more;
	return 0;
}

MEMBANK_API int membank_service_clients(int dev, const char *name,
					uint64_t after, int timeout_ms,
					uint64_t *changes,
					struct membank_service_client *clients,
					unsigned int *count)
{
	struct membank_service_clients args = {
		.size = sizeof(args),
		.clients = (uintptr_t)clients,
		.nr_clients = *count,
		.entry_size = sizeof(*clients),
		.after = after,
		.changes = changes ? *changes : 0,
		.timeout_ns = timeout_ns(timeout_ms),
	};
	int ret;

	put_name(args.name, name);
	ret = membank_call(dev, MEMBANK_IOC_SERVICE_CLIENTS, &args);
	if (ret)
		return ret;
	*count = args.out_nr_clients;
	if (changes)
		*changes = args.out_changes;
	return 0;
}
