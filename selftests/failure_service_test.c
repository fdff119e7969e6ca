// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of notifiers and services for which the kernel has no memory: each
 * fails with ENOMEM wherever that happens, leaves nothing, and all is as it was
 * before.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "common.h"
#include "handle.h"
#include "notify.h"
#include "nth.h"
#include "nth_fixture.h"
#include "service.h"

#define LENGTH (64 * KIB)

/* What the service offers, in this order. */
enum {
	MEMORY,
	BELL,
	OFFERS,
};

/**
 * struct scene - what commands act on
 * @dev: a node
 * @space: a dataspace
 * @bell: a notifier with both rights
 * @service: offers both, under the name "nth"
 * @events: two eventfds
 * @handle: a descriptor of @bell
 * @other: of another notifier
 * @connection: of a client
 * @got: what it got
 * @client: its number
 */
struct scene {
	int dev;
	int space;
	int bell;
	int service;
	int events[2];
	int handle;
	int other;
	int connection;
	struct membank_offer got[OFFERS];
	__u64 client;
};

static int run_create(void *arg)
{
	struct scene *scene = arg;

	return notifier_create(scene->dev);
}

static const struct nth_row notifier_create_row = {
	.command = MEMBANK_IOC_NOTIFIER_CREATE,
	.begin = nth_nothing,
	.run = run_create,
	.end = nth_close,
	.asks = NTH_BOTH,
};

static int run_notifier_derive(void *arg)
{
	struct scene *scene = arg;

	return notifier_derive(scene->bell, TRIGGER);
}

static const struct nth_row notifier_derive_row = {
	.command = MEMBANK_IOC_NOTIFIER_DERIVE,
	.begin = nth_nothing,
	.run = run_notifier_derive,
	.end = nth_close,
	.asks = NTH_BOTH,
};

static bool begin_bind(struct scene *scene)
{
	scene->handle = notifier_derive(scene->bell, RECEIVE);
	return scene->handle >= 0 &&
	       !notifier_bind(scene->handle, scene->events[0]);
}

static int run_bind(void *arg)
{
	struct scene *scene = arg;

	return notifier_bind(scene->handle, scene->events[1]);
}

/* One of the two receives, and which one is clear if the command said so. */
static const char *end_bind(struct scene *scene, int ret)
{
	__u64 counts[2];

	notifier_trigger(scene->bell);
	counts[0] = event_count(scene->events[0]);
	counts[1] = event_count(scene->events[1]);
	close(scene->handle);
	if (counts[0] + counts[1] != 1)
		return "not one receives";
	if (counts[0] && !nth_may_be_undone(ret))
		return "the former receives";
	return counts[1] && !nth_may_be_done(ret) ? "the new one receives" :
						    NULL;
}

static const struct nth_row notifier_bind_row = {
	.command = MEMBANK_IOC_NOTIFIER_BIND,
	.begin = begin_bind,
	.run = run_bind,
	.end = end_bind,
	.asks = NTH_COPIES,
};

/* Of the two that a call needs, @bell has the one bound to an eventfd. */
static bool begin_call(struct scene *scene)
{
	scene->other = notifier_create(scene->dev);
	return begin_bind(scene) && scene->other >= 0 &&
	       !notifier_nonblock(scene->other) &&
	       !notifier_trigger(scene->other);
}

static int run_call(void *arg)
{
	struct scene *scene = arg;

	return notifier_call(scene->bell, scene->other, 0);
}

static const char *end_call(struct scene *scene, int ret)
{
	const __u64 triggered = event_count(scene->events[0]);
	const __s64 again = notifier_read(scene->other);

	close(scene->handle);
	close(scene->other);
	if (ret >= 0)
		return ret == 1 && triggered == 1 && again == -EAGAIN ?
			       NULL :
			       "a wrong count";
	if (triggered && !nth_may_be_done(ret))
		return "it was triggered";
	return again == 1 ? NULL : "the trigger is lost";
}

static const struct nth_row notifier_call_row = {
	.command = MEMBANK_IOC_NOTIFIER_CALL,
	.begin = begin_call,
	.run = run_call,
	.end = end_call,
	.asks = NTH_COPIES,
};

/* Counted once, or not at all. */
static const char *end_trigger(struct scene *scene, int ret)
{
	const __u64 count = event_count(scene->events[0]);

	close(scene->handle);
	if (count > 1)
		return "it was triggered twice";
	if (count && !nth_may_be_done(ret))
		return "it was triggered";
	return !count && !nth_may_be_undone(ret) ? "it was not triggered" :
						   NULL;
}

static int run_trigger(void *arg)
{
	struct scene *scene = arg;

	return notifier_trigger(scene->bell);
}

static const struct nth_row notifier_trigger_row = {
	.command = MEMBANK_IOC_NOTIFIER_TRIGGER,
	.begin = begin_bind,
	.run = run_trigger,
	.end = end_trigger,
	.asks = NTH_COPIES,
};

/* A single number is taken without what can be refused; as is one that is read. */
static int run_write(void *arg)
{
	struct scene *scene = arg;

	return notifier_write(scene->bell);
}

static const struct nth_row notifier_write_row = {
	.begin = begin_bind,
	.run = run_write,
	.end = end_trigger,
};

/* One delivery that was made, and one that is held back. */
static bool begin_unmask(struct scene *scene)
{
	scene->handle = notifier_derive(scene->bell, RECEIVE);
	return scene->handle >= 0 &&
	       !notifier_bind_oneshot(scene->handle, scene->events[0]) &&
	       !notifier_trigger(scene->bell) &&
	       event_count(scene->events[0]) == 1 &&
	       !notifier_trigger(scene->bell) && !event_count(scene->events[0]);
}

static int run_unmask(void *arg)
{
	struct scene *scene = arg;

	return notifier_unmask(scene->handle);
}

static const struct nth_row notifier_unmask_row = {
	.command = MEMBANK_IOC_NOTIFIER_UNMASK,
	.begin = begin_unmask,
	.run = run_unmask,
	.end = end_trigger,
	.asks = NTH_COPIES,
};

/* A descriptor that counts for itself has counted one. */
static bool begin_read(struct scene *scene)
{
	scene->other = notifier_create(scene->dev);
	return scene->other >= 0 && !notifier_nonblock(scene->other) &&
	       !notifier_trigger(scene->other);
}

static int run_read(void *arg)
{
	struct scene *scene = arg;

	return notifier_read(scene->other);
}

static const char *end_read(struct scene *scene, int ret)
{
	const __s64 again = notifier_read(scene->other);

	close(scene->other);
	if (again == 1)
		return nth_may_be_undone(ret) ? NULL : "it is read again";
	return ret == 1 && again == -EAGAIN ? NULL : "the trigger is lost";
}

static const struct nth_row notifier_read_row = {
	.begin = begin_read,
	.run = run_read,
	.end = end_read,
};

/* ---------------------------------------------------------------- services */

static int offer(struct scene *scene, const char *name)
{
	const struct membank_offer offers[OFFERS] = {
		[MEMORY] = { .fd = scene->space, .rights = READ | WRITE },
		[BELL] = { .fd = scene->bell, .rights = RECEIVE },
	};

	return service_register(scene->dev, name, 0200, offers, OFFERS);
}

static int run_register(void *arg)
{
	return offer(arg, "new");
}

static const char *end_register(struct scene *scene, int ret)
{
	int again;

	nth_close(scene, ret);
	again = offer(scene, "new");
	if (again < 0)
		return "the name is taken";
	close(again);
	return NULL;
}

static const struct nth_row service_register_row = {
	.command = MEMBANK_IOC_SERVICE_REGISTER,
	.begin = nth_nothing,
	.run = run_register,
	.end = end_register,
	.asks = NTH_BOTH,
};

static int run_connect(void *arg)
{
	struct scene *scene = arg;

	return service_connect(scene->dev, "nth", 0, scene->got, OFFERS, NULL);
}

/* Reads all events; returns how many. */
static int drain(struct scene *scene)
{
	struct membank_service_event event;
	int count = 0;

	while (!service_event(scene->service, &event)) {
		scene->client = event.client;
		count++;
	}
	return count;
}

static void leave(struct scene *scene)
{
	close(scene->got[MEMORY].fd);
	close(scene->got[BELL].fd);
	close(scene->connection);
	drain(scene);
}

static const char *end_connect(struct scene *scene, int ret)
{
	const int count = drain(scene);

	if (ret >= 0) {
		scene->connection = ret;
		leave(scene);
		return count == 1 ? NULL : "the server was not told";
	}
	if (service_clients(scene->dev, "nth", NULL, 0, NULL))
		return "it is a client";
	if (count && !nth_may_be_done(ret))
		return "the server was told";
	return count == 0 || count == 2 ? NULL : "the server was told a half";
}

static const struct nth_row service_connect_row = {
	.command = MEMBANK_IOC_SERVICE_CONNECT,
	.begin = nth_nothing,
	.run = run_connect,
	.end = end_connect,
	.asks = NTH_BOTH,
};

static int run_services(void *arg)
{
	struct scene *scene = arg;
	struct membank_service_entry entry;

	return service_list(scene->dev, "", &entry, 1, NULL);
}

static const char *end_one(struct scene *scene, int ret)
{
	(void)scene;
	return ret >= 0 && ret != 1 ? "it does not list all" : NULL;
}

static const struct nth_row service_list_row = {
	.command = MEMBANK_IOC_SERVICE_LIST,
	.begin = nth_nothing,
	.run = run_services,
	.end = end_one,
	.asks = NTH_BOTH,
};

static bool begin_client(struct scene *scene)
{
	scene->connection = run_connect(scene);
	return scene->connection >= 0 && drain(scene) == 1;
}

static int run_clients(void *arg)
{
	struct scene *scene = arg;
	struct membank_service_client client;

	return service_clients(scene->dev, "nth", &client, 1, NULL);
}

static const char *end_clients(struct scene *scene, int ret)
{
	leave(scene);
	return end_one(scene, ret);
}

static const struct nth_row service_clients_row = {
	.command = MEMBANK_IOC_SERVICE_CLIENTS,
	.begin = begin_client,
	.run = run_clients,
	.end = end_clients,
	.asks = NTH_BOTH,
};

static bool begin_notify(struct scene *scene)
{
	return begin_client(scene) &&
	       !notifier_bind(scene->got[BELL].fd, scene->events[0]);
}

static int run_notify(void *arg)
{
	struct scene *scene = arg;

	return service_notify(scene->service, scene->client, BELL);
}

static const char *end_notify(struct scene *scene, int ret)
{
	const __u64 count = event_count(scene->events[0]);

	leave(scene);
	if (ret >= 0 && !count)
		return "it was not notified";
	return count && !nth_may_be_done(ret) ? "it was notified" : NULL;
}

static const struct nth_row service_notify_row = {
	.command = MEMBANK_IOC_SERVICE_NOTIFY,
	.begin = begin_notify,
	.run = run_notify,
	.end = end_notify,
	.asks = NTH_COPIES,
};

static int run_revoke(void *arg)
{
	struct scene *scene = arg;

	return service_revoke(scene->service, scene->client, MEMBANK_OFFER_ALL);
}

static const char *end_revoke(struct scene *scene, int ret)
{
	struct membank_dataspace_info info;
	bool there, takes;

	there = !test_info(scene->dev, scene->got[MEMORY].fd, &info);
	takes = !notifier_bind(scene->got[BELL].fd, scene->events[0]);
	leave(scene);
	if (there != takes)
		return "a part was taken back";
	if (there && !nth_may_be_undone(ret))
		return "it was not taken back";
	return !there && !nth_may_be_done(ret) ? "it was taken back" : NULL;
}

static const struct nth_row service_revoke_row = {
	.command = MEMBANK_IOC_SERVICE_REVOKE,
	.begin = begin_client,
	.run = run_revoke,
	.end = end_revoke,
	.asks = NTH_COPIES,
};

/* A client has come, of which the server has not read yet. */
static bool begin_event(struct scene *scene)
{
	scene->connection = run_connect(scene);
	return scene->connection >= 0;
}

static int run_event(void *arg)
{
	struct scene *scene = arg;

	return service_event(scene->service, NULL);
}

static const char *end_event(struct scene *scene, int ret)
{
	const int count = drain(scene);

	leave(scene);
	if (count != 0 && count != 1)
		return "it is told twice";
	if (count && !nth_may_be_undone(ret))
		return "it is told again";
	return !count && ret < 0 ? "it is told no more" : NULL;
}

static const struct nth_row service_read_row = {
	.begin = begin_event,
	.run = run_event,
	.end = end_event,
	.asks = NTH_COPIES,
};

/* ------------------------------------------------------------------- tests */

/* clang-format off */
FIXTURE_VARIANT_ADD(nth, notifier_create) { &notifier_create_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_derive) { &notifier_derive_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_bind) { &notifier_bind_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_call) { &notifier_call_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_trigger) { &notifier_trigger_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_write) { &notifier_write_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_unmask) { &notifier_unmask_row, 0 };
FIXTURE_VARIANT_ADD(nth, notifier_read) { &notifier_read_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_register) { &service_register_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_connect) { &service_connect_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_list) { &service_list_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_clients) { &service_clients_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_notify) { &service_notify_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_revoke) { &service_revoke_row, 0 };
FIXTURE_VARIANT_ADD(nth, service_read) { &service_read_row, 0 };
/* clang-format on */

static struct scene *scene_open(int which)
{
	static struct scene scene;

	(void)which;
	scene.dev = test_open(TEST_ANY);
	scene.space = test_alloc(scene.dev, LENGTH, 0, 0);
	scene.bell = notifier_create(scene.dev);
	scene.service = offer(&scene, "nth");
	if (scene.space < 0 || scene.bell < 0 || scene.service < 0 ||
	    fcntl(scene.service, F_SETFL, O_NONBLOCK))
		return NULL;
	scene.events[0] = event_create();
	scene.events[1] = event_create();
	return &scene;
}

TEST(each_command_of_notifiers_and_services_has_a_row)
{
	struct scene *scene = scene_open(0);
	int fds[4];

	ASSERT_NE(NULL, scene);
	fds[0] = scene->dev;
	fds[1] = scene->bell;
	fds[2] = scene->service;
	fds[3] = run_connect(scene);
	ASSERT_LE(0, fds[3]);
	EXPECT_TRUE(nth_is_complete(0x30, 0x4f, fds, ARRAY_SIZE(fds)));
}

TEST_HARNESS_MAIN
