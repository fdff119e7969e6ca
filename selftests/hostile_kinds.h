/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a hostile caller can have of the module, one more and one more. Include it
 * after hostile.h.
 */
#ifndef MEMBANK_SELFTESTS_HOSTILE_KINDS_H
#define MEMBANK_SELFTESTS_HOSTILE_KINDS_H

/**
 * struct kind - what there can be many of
 * @name: for reports
 * @make: makes one more; returns a descriptor, or 0, or a negative errno
 */
struct kind {
	const char *name;
	int (*make)(struct scene *scene);
};

static inline int make_node(struct scene *scene)
{
	(void)scene;
	return test_open(TEST_ANY);
}

static inline int make_dataspace(struct scene *scene)
{
	return test_alloc(scene->dev, PAGE, 0, 0);
}

static inline int make_handle(struct scene *scene)
{
	return handle_derive(scene->dev, scene->dataspace, READ);
}

static inline int make_notifier(struct scene *scene)
{
	return notifier_create(scene->dev);
}

/* Of which each trigger tells all of them. */
static inline int make_listener(struct scene *scene)
{
	int fd = notifier_derive(scene->notifier, BOTH);

	if (fd >= 0 && notifier_bind(fd, scene->eventfd))
		return -EPROTO;
	return fd;
}

static inline int make_service(struct scene *scene)
{
	static unsigned int count;
	char name[32];

	snprintf(name, sizeof(name), "many-%u", count++);
	return service_register(scene->dev, name, 0222, scene->offers, 2);
}

/* With what it gets: three at once. */
static inline int make_connection(struct scene *scene)
{
	struct membank_offer offers[2];
	int fd = service_connect(scene->dev, SERVICE, 0, offers, 2, NULL);

	return fd < 0 ? fd : service_event(scene->service, NULL) ?: fd;
}

/* Both ends: two at once. */
static inline int make_pager(struct scene *scene)
{
	struct pager pager;

	return pager_create(scene->dev, &pager) ?: pager.fd;
}

static const struct kind kind_node = { "nodes", make_node };
static const struct kind kind_dataspace = { "dataspaces", make_dataspace };
static const struct kind kind_handle = { "handles of one dataspace",
					 make_handle };
static const struct kind kind_notifier = { "notifiers", make_notifier };
static const struct kind kind_listener = { "handles of a notifier",
					   make_listener };
static const struct kind kind_service = { "services", make_service };
static const struct kind kind_connection = { "connections", make_connection };
static const struct kind kind_pager = { "pagers", make_pager };

#endif /* MEMBANK_SELFTESTS_HOSTILE_KINDS_H */
