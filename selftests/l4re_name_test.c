// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities by name, and the way between indices and descriptors, on the real
 * module.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "kselftest_harness.h"

#include "common.h"
#include "l4re.h"

#define THREADS 4
/* Signals, and what is waited for meanwhile, in microseconds. */
#define SIGNAL_US 10000
#define LATER_US 100000

FIXTURE(name)
{
	l4_cap_idx_t bad[BAD_CAPS];
	int dev;
	int dataspace;
	int notifier;
	int service;
};

FIXTURE_SETUP(name)
{
	ASSERT_TRUE(test_banks_empty());
	ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", "0", 1));
	ASSERT_EQ(0, membank_open("0", &self->dev));
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, 5, 0, 0,
					     &self->dataspace));
	ASSERT_EQ(0, membank_notifier_create(self->dev, &self->notifier));
	self->service = -1;
	l4re_bad_caps(self->bad);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(name)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Offers so many dataspaces and notifiers, which are always the same. */
static int offer(FIXTURE_DATA(name) * self, const char *name,
		 unsigned int dataspaces, unsigned int notifiers)
{
	struct membank_offer offers[MEMBANK_OFFERS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < dataspaces + notifiers; i++) {
		offers[i].fd = i < dataspaces ? self->dataspace :
						self->notifier;
		offers[i].rights = i < dataspaces ? MEMBANK_DATASPACE_READ :
						    MEMBANK_NOTIFIER_TRIGGER;
	}
	return membank_service_register(self->dev, name, offers,
					dataspaces + notifiers, 0222,
					&self->service);
}

TEST_F(name, a_service_with_one_of_each_is_both)
{
	l4_cap_idx_t cap;
	l4_addr_t phys;

	(void)membank_notifier_receive(self->notifier, 0, NULL);
	ASSERT_EQ(0, offer(self, "l4re-both", 1, 1));
	cap = l4re_env_get_cap("l4re-both");
	ASSERT_FALSE(l4_is_invalid_cap(cap));
	EXPECT_EQ(5, l4re_ds_size(cap));
	EXPECT_EQ(L4RE_DS_F_R, l4re_ds_flags(cap));
	EXPECT_EQ(0, l4re_ds_phys(cap, 0, &phys, NULL));
	EXPECT_EQ(-L4_EACCESS, l4re_ds_clear(cap, 0, 1));
	EXPECT_EQ(0, l4_error(l4_irq_trigger(cap)));
	EXPECT_EQ(0, membank_notifier_receive(self->notifier, 0, NULL));
	EXPECT_EQ(2, l4re_membank_offers(cap));
	EXPECT_EQ(-L4_EBADPROTO, l4re_rm_free_area_srv(cap, 0));
}

TEST_F(name, a_name_has_one_index_until_it_is_freed)
{
	struct membank_service_event event;
	l4_cap_idx_t cap, again;

	ASSERT_EQ(0, offer(self, "l4re-once", 1, 0));
	ASSERT_EQ(0, fcntl(self->service, F_SETFL, O_NONBLOCK));
	cap = l4re_env_get_cap("l4re-once");
	ASSERT_FALSE(l4_is_invalid_cap(cap));
	EXPECT_EQ(cap, l4re_env_get_cap("l4re-once"));
	/* One client has come, and no other. */
	EXPECT_EQ(0, membank_service_read_event(self->service, &event));
	EXPECT_EQ(-EAGAIN, membank_service_read_event(self->service, &event));

	l4re_util_cap_free_um(cap);
	EXPECT_EQ(0, membank_service_read_event(self->service, &event));
	/* Its slot is another's now. */
	again = l4re_util_cap_alloc();
	EXPECT_EQ(cap, again);
	ASSERT_EQ(0, l4re_ma_alloc(1, again, 0));
	cap = l4re_env_get_cap("l4re-once");
	EXPECT_NE(again, cap);
	EXPECT_EQ(5, l4re_ds_size(cap));
}

TEST_F(name, a_name_whose_server_has_ended_is_the_next_ones)
{
	l4_cap_idx_t slot = l4re_util_cap_alloc(), cap, copy;
	int fd;

	ASSERT_EQ(0, offer(self, "l4re-again", 1, 0));
	cap = l4re_env_get_cap("l4re-again");
	ASSERT_FALSE(l4_is_invalid_cap(cap));
	ASSERT_EQ(0, l4re_membank_take(cap, L4RE_MEMBANK_DATASPACE, 0, slot));
	ASSERT_EQ(0, close(self->service));
	/* Nobody is there; who has it has it. */
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-again"));
	EXPECT_EQ(5, l4re_ds_size(cap));

	fd = self->dataspace;
	ASSERT_EQ(0, membank_dataspace_alloc(self->dev, 7, 0, 0,
					     &self->dataspace));
	ASSERT_EQ(0, offer(self, "l4re-again", 1, 0));
	EXPECT_EQ(cap, l4re_env_get_cap("l4re-again"));
	EXPECT_EQ(7, l4re_ds_size(cap));
	EXPECT_EQ(5, l4re_ds_size(slot));
	EXPECT_EQ(cap, l4re_env_get_cap("l4re-again"));

	/* A slot that holds the same is another one. */
	copy = l4re_util_cap_alloc();
	ASSERT_EQ(0, l4re_membank_copy(copy, cap));
	ASSERT_EQ(0, close(self->service));
	ASSERT_EQ(0, close(self->dataspace));
	self->dataspace = fd;
	ASSERT_EQ(0, offer(self, "l4re-again", 1, 0));
	EXPECT_EQ(cap, l4re_env_get_cap("l4re-again"));
	EXPECT_EQ(5, l4re_ds_size(cap));
	EXPECT_EQ(7, l4re_ds_size(copy));
}

TEST_F(name, what_a_service_takes_back_answers_no_more)
{
	l4_cap_idx_t trigger = l4re_util_cap_alloc(), cap;
	l4_cap_idx_t receive = l4re_util_cap_alloc();
	struct membank_offer offers[] = {
		{ .fd = self->notifier, .rights = MEMBANK_NOTIFIER_TRIGGER },
		{ .fd = self->notifier, .rights = MEMBANK_NOTIFIER_RECEIVE },
	};
	struct membank_service_event event;
	l4_msgtag_t tag;

	ASSERT_EQ(0, membank_service_register(self->dev, "l4re-back", offers, 2,
					      0222, &self->service));
	cap = l4re_env_get_cap("l4re-back");
	ASSERT_FALSE(l4_is_invalid_cap(cap));
	ASSERT_EQ(0, l4re_membank_take(cap, L4RE_MEMBANK_NOTIFIER, 0, trigger));
	ASSERT_EQ(0, l4re_membank_take(cap, L4RE_MEMBANK_NOTIFIER, 1, receive));
	ASSERT_EQ(0, membank_service_read_event(self->service, &event));
	ASSERT_EQ(0, membank_service_revoke(self->service, event.client,
					    MEMBANK_OFFER_ALL));
	EXPECT_EQ(-L4_ENODEV, l4_error(l4_irq_trigger(trigger)));
	EXPECT_EQ(-L4_ENODEV, l4_error(l4_irq_unmask(receive)));
	tag = l4_irq_receive(receive, L4_IPC_NEVER);
	EXPECT_EQ(L4_IPC_ENOT_EXISTENT, l4_ipc_error(tag, l4_utcb()));
}

TEST_F(name, there_is_no_such_name)
{
	char longest[MEMBANK_NAME_MAX + 2];

	memset(longest, 'n', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-none"));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap(longest));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap(""));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("a/b"));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap(NULL));
	ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", "50", 1));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-none"));
	/* It is there later. */
	ASSERT_EQ(0, offer(self, "l4re-none", 0, 1));
	EXPECT_FALSE(l4_is_invalid_cap(l4re_env_get_cap("l4re-none")));
}

static void *get(void *name)
{
	return (void *)l4re_env_get_cap(name);
}

TEST_F(name, it_waits_for_the_name_to_appear)
{
	pthread_t threads[THREADS];
	void *caps[THREADS];
	char name[] = "l4re-later";
	unsigned int i;

	ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", "-1", 1));
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, get, name));
	ASSERT_EQ(0, offer(self, name, 1, 0));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &caps[i]));
		EXPECT_FALSE(l4_is_invalid_cap((l4_cap_idx_t)caps[i]));
		EXPECT_EQ(caps[0], caps[i]);
	}
}

static atomic_int signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

/* Signals that are handled, one after the other, until there are none. */
static int set_signals(unsigned int us)
{
	struct itimerval timer = {
		.it_interval.tv_usec = us,
		.it_value.tv_usec = us,
	};
	struct sigaction action = { .sa_handler = count_signal };

	return sigaction(SIGALRM, &action, NULL) ||
	       setitimer(ITIMER_REAL, &timer, NULL);
}

struct later {
	FIXTURE_DATA(name) * self;
	const char *name;
	int ret;
};

/* The signals are for the thread that waits. */
static void *offer_later(void *data)
{
	struct later *later = data;

	usleep(LATER_US);
	later->ret = offer(later->self, later->name, 1, 0);
	return NULL;
}

static int start_later(pthread_t *thread, struct later *later)
{
	sigset_t alarm, before;
	int ret;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &before);
	ret = pthread_create(thread, NULL, offer_later, later);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

TEST_F(name, a_signal_does_not_end_the_wait)
{
	const char *const waits[] = { "-1", "20000" };
	const char *const names[] = { "l4re-signals", "l4re-signal" };
	struct later later = { .self = self };
	pthread_t thread;
	l4_cap_idx_t cap;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		signals = 0;
		later.name = names[i];
		ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", waits[i], 1));
		ASSERT_EQ(0, set_signals(SIGNAL_US));
		ASSERT_EQ(0, start_later(&thread, &later));
		cap = l4re_env_get_cap(names[i]);
		ASSERT_EQ(0, set_signals(0));
		EXPECT_EQ(5, l4re_ds_size(cap));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(0, later.ret);
		EXPECT_LT(0, atomic_load(&signals));
	}
}

/* As long as without it, which is long enough. */
TEST_F(name, a_wait_that_is_no_number_is_the_usual_one)
{
	const char *const waits[] = { "abc", "5s", "" };
	const char *const names[] = { "l4re-abc", "l4re-5s", "l4re-empty" };
	struct later later = { .self = self };
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		later.name = names[i];
		ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", waits[i], 1));
		ASSERT_EQ(0, start_later(&thread, &later));
		EXPECT_EQ(5, l4re_ds_size(l4re_env_get_cap(names[i])));
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(0, later.ret);
	}
}

TEST_F(name, signals_do_not_make_the_wait_longer)
{
	/* Each comes before what would be waited anew has passed. */
	ASSERT_EQ(0, setenv("MEMBANK_L4RE_WAIT", "200", 1));
	ASSERT_EQ(0, set_signals(SIGNAL_US));
	EXPECT_EQ(L4_INVALID_CAP, l4re_env_get_cap("l4re-none"));
	ASSERT_EQ(0, set_signals(0));
	EXPECT_LT(0, atomic_load(&signals));
}

TEST_F(name, take_gives_each_offer_a_slot)
{
	l4_cap_idx_t slot = l4re_util_cap_alloc(), cap;
	unsigned int i;

	ASSERT_EQ(0, offer(self, "l4re-many", 2, 1));
	cap = l4re_env_get_cap("l4re-many");
	ASSERT_FALSE(l4_is_invalid_cap(cap));
	/* Which of the two is meant? */
	EXPECT_EQ(0, l4re_ds_size(cap));
	EXPECT_EQ(-L4_EBADPROTO, l4re_ds_flags(cap));
	EXPECT_EQ(0, l4_error(l4_irq_trigger(cap)));

	EXPECT_EQ(3, l4re_membank_offers(cap));
	EXPECT_EQ(0, l4re_membank_take(cap, L4RE_MEMBANK_DATASPACE, 1, slot));
	EXPECT_EQ(5, l4re_ds_size(slot));
	EXPECT_EQ(-L4_ENOENT,
		  l4re_membank_take(cap, L4RE_MEMBANK_DATASPACE, 2, slot));
	EXPECT_EQ(-L4_ENOENT,
		  l4re_membank_take(cap, L4RE_MEMBANK_BANK, 0, slot));
	EXPECT_EQ(5, l4re_ds_size(slot));
	EXPECT_EQ(0, l4re_membank_take(cap, L4RE_MEMBANK_NOTIFIER, 0, slot));
	EXPECT_EQ(0, l4_error(l4_irq_trigger(slot)));
	for (i = 0; i < BAD_CAPS; i++) {
		if (i != BAD_EMPTY)
			EXPECT_EQ(-L4_EINVAL,
				  l4re_membank_take(cap, L4RE_MEMBANK_NOTIFIER,
						    0, self->bad[i]));
		EXPECT_EQ(VOID,
			  l4re_membank_take(self->bad[i], L4RE_MEMBANK_NOTIFIER,
					    0, slot));
		EXPECT_EQ(VOID, l4re_membank_offers(self->bad[i]));
	}
	EXPECT_EQ(-L4_EBADPROTO, l4re_membank_offers(slot));
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_membank_take(slot, L4RE_MEMBANK_NOTIFIER, 0, slot));
	/* It is the program's own, whatever becomes of the connection. */
	l4re_util_cap_free_um(cap);
	EXPECT_EQ(0, l4_error(l4_irq_trigger(slot)));
}

TEST_F(name, holds_tells_what_a_slot_may_be_used_as)
{
	l4_cap_idx_t cap, slot = l4re_util_cap_alloc();
	unsigned int i;

	ASSERT_EQ(0, offer(self, "l4re-holds", 1, 2));
	cap = l4re_env_get_cap("l4re-holds");
	EXPECT_EQ(0, l4re_membank_holds(cap, L4RE_MEMBANK_SERVICE));
	EXPECT_EQ(0, l4re_membank_holds(cap, L4RE_MEMBANK_DATASPACE));
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_membank_holds(cap, L4RE_MEMBANK_NOTIFIER));
	EXPECT_EQ(0, l4re_membank_holds(l4re_env()->rm, L4RE_MEMBANK_MAP));
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_membank_holds(l4re_env()->rm, L4RE_MEMBANK_BANK));
	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(VOID, l4re_membank_holds(self->bad[i],
						   L4RE_MEMBANK_SERVICE));

	EXPECT_EQ(0, l4re_membank_copy(slot, l4re_env()->mem_alloc));
	EXPECT_EQ(0, l4re_membank_holds(slot, L4RE_MEMBANK_BANK));
	for (i = 0; i < BAD_CAPS; i++) {
		EXPECT_EQ(-L4_ENOENT, l4re_membank_copy(slot, self->bad[i]));
		if (i != BAD_EMPTY)
			EXPECT_EQ(-L4_EINVAL,
				  l4re_membank_copy(self->bad[i], cap));
	}
	EXPECT_EQ(0, l4re_membank_holds(slot, L4RE_MEMBANK_BANK));
}

TEST_F(name, put_refuses_what_it_is_not_and_closes_it)
{
	l4_cap_idx_t slot = l4re_util_cap_alloc();
	unsigned int files, i;
	int fd;

	files = test_open_files();
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_DATASPACE,
					       dup(self->notifier)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_BANK,
					       dup(self->dataspace)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_MAP,
					       dup(self->dataspace)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_SERVICE,
					       dup(self->dataspace)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_NOTIFIER,
					       dup(self->dataspace)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_NOTIFIER,
					       dup(self->dev)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_NOTIFIER,
					       open("/dev/null", O_RDWR)));
	EXPECT_EQ(-L4_EINVAL,
		  l4re_membank_put(slot, L4RE_MEMBANK_NOTIFIER, -1));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_PAGER, -1));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, 0, dup(self->dataspace)));
	EXPECT_EQ(-L4_EINVAL, l4re_membank_put(slot, L4RE_MEMBANK_BANK, -1));
	EXPECT_EQ(-L4_EINVAL,
		  l4re_membank_put(slot, L4RE_MEMBANK_DATASPACE, -1));
	EXPECT_EQ(-L4_EINVAL,
		  l4re_membank_put(L4_INVALID_CAP, L4RE_MEMBANK_DATASPACE,
				   dup(self->dataspace)));
	EXPECT_EQ(VOID, l4re_membank_fd(slot, L4RE_MEMBANK_DATASPACE, &fd));
	/* The node that dataspaces are asked about by is open now. */
	EXPECT_EQ(files + 1, test_open_files());

	ASSERT_EQ(0, l4re_membank_put(slot, L4RE_MEMBANK_DATASPACE,
				      dup(self->dataspace)));
	ASSERT_EQ(0, l4re_membank_fd(slot, L4RE_MEMBANK_DATASPACE, &fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
	EXPECT_EQ(-L4_EBADPROTO,
		  l4re_membank_fd(slot, L4RE_MEMBANK_NOTIFIER, &fd));
	for (i = 0; i < BAD_CAPS; i++)
		EXPECT_EQ(VOID, l4re_membank_fd(self->bad[i],
						L4RE_MEMBANK_DATASPACE, &fd));
	EXPECT_EQ(files + 2, test_open_files());
	l4re_util_cap_free(slot);
	EXPECT_EQ(files + 1, test_open_files());
}

TEST_HARNESS_MAIN
