// SPDX-License-Identifier: GPL-2.0-only
/*
 * L4's Irq, tasks, errors, caches and constants in C, on the real module.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "kselftest_harness.h"

#include "common.h"
#include "l4re.h"

FIXTURE(irq)
{
	l4_cap_idx_t bad[BAD_CAPS];
	l4_cap_idx_t irq;
	l4re_ds_t ds;
};

FIXTURE_SETUP(irq)
{
	ASSERT_TRUE(test_banks_empty());
	self->irq = l4re_irq_new();
	ASSERT_FALSE(l4_is_invalid_cap(self->irq));
	self->ds = l4re_ds_new(1);
	ASSERT_FALSE(l4_is_invalid_cap(self->ds));
	l4re_bad_caps(self->bad);
}

/* In the parent: the case and all it held are gone by now. */
FIXTURE_TEARDOWN_PARENT(irq)
{
	EXPECT_TRUE(test_banks_empty());
}

/* Receiving ended before it began. */
#define ABORTED l4_ipc_to_errno(L4_IPC_REABORTED)

/* What the operation gave, as a program of L4 asks. */
static long error_of(l4_msgtag_t tag)
{
	long ret = l4_error(tag);

	if (ret != l4_error_u(tag, l4_utcb()))
		abort();
	/* An IPC error is one by each way to ask. */
	if ((ret <= -L4_EIPC_LO) != !!l4_msgtag_has_error(tag) ||
	    (ret <= -L4_EIPC_LO) != !!l4_ipc_error(tag, l4_utcb()))
		abort();
	return ret;
}

/* A slot with the same notifier, but with these rights alone. */
static l4_cap_idx_t with_rights(l4_cap_idx_t irq, uint32_t rights)
{
	l4_cap_idx_t other = l4re_util_cap_alloc();
	int fd, derived;

	if (l4re_membank_fd(irq, L4RE_MEMBANK_NOTIFIER, &fd) ||
	    membank_notifier_derive(fd, rights, &derived) ||
	    l4re_membank_put(other, L4RE_MEMBANK_NOTIFIER, derived))
		return L4_INVALID_CAP;
	close(fd);
	return other;
}

static l4_timeout_t in_us(l4_uint64_t us)
{
	return l4_timeout(L4_IPC_TIMEOUT_NEVER, l4_timeout_from_us(us));
}

/* -------------------------------------------------------------------- Irqs */

TEST_F(irq, triggers_are_received_as_one)
{
	l4_msgtag_t tag;

	/* It counts from the first time on that it is received. */
	EXPECT_EQ(l4_ipc_to_errno(L4_IPC_RETIMEOUT),
		  error_of(l4_irq_receive(self->irq, L4_IPC_BOTH_TIMEOUT_0)));
	EXPECT_EQ(0, error_of(l4_irq_trigger(self->irq)));
	EXPECT_EQ(0, error_of(l4_irq_trigger(self->irq)));
	tag = l4_irq_receive(self->irq, L4_IPC_NEVER);
	EXPECT_EQ(0, l4_ipc_error(tag, l4_utcb()));
	EXPECT_EQ(L4_PROTO_IRQ, l4_msgtag_label(tag));
	tag = l4_irq_receive(self->irq, L4_IPC_RECV_TIMEOUT_0);
	EXPECT_EQ(L4_IPC_RETIMEOUT, l4_ipc_error(tag, l4_utcb()));
	tag = l4_irq_receive(self->irq, in_us(1500));
	EXPECT_EQ(L4_IPC_RETIMEOUT, l4_ipc_error(tag, l4_utcb()));
	/* What was an error is none any more. */
	EXPECT_EQ(0, error_of(l4_irq_trigger(self->irq)));
	EXPECT_EQ(0, error_of(l4_irq_unmask(self->irq)));
}

static void *receive(void *irq)
{
	l4_msgtag_t tag;

	tag = l4_irq_receive((l4_cap_idx_t)irq, L4_IPC_NEVER);
	return (void *)l4_ipc_error(tag, l4_utcb());
}

TEST_F(irq, a_thread_is_woken)
{
	pthread_t thread;
	void *error = (void *)1;

	(void)l4_irq_receive(self->irq, L4_IPC_BOTH_TIMEOUT_0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive, (void *)self->irq));
	EXPECT_EQ(0, error_of(l4_irq_trigger(self->irq)));
	ASSERT_EQ(0, pthread_join(thread, &error));
	EXPECT_EQ(NULL, error);
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST_F(irq, a_signal_cancels)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { .it_value.tv_usec = 20000,
				   .it_interval.tv_usec = 20000 };

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(l4_ipc_to_errno(L4_IPC_RECANCELED),
		  error_of(l4_irq_receive(self->irq, L4_IPC_NEVER)));
	memset(&often, 0, sizeof(often));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
}

TEST_F(irq, rights_are_needed)
{
	l4_cap_idx_t trigger = with_rights(self->irq, MEMBANK_NOTIFIER_TRIGGER);
	l4_cap_idx_t take = with_rights(self->irq, MEMBANK_NOTIFIER_RECEIVE);

	EXPECT_EQ(0, error_of(l4_irq_trigger(trigger)));
	EXPECT_EQ(ABORTED,
		  error_of(l4_irq_receive(trigger, L4_IPC_BOTH_TIMEOUT_0)));
	EXPECT_EQ(-L4_EPERM, error_of(l4_irq_unmask(trigger)));
	EXPECT_EQ(-L4_EPERM, error_of(l4_irq_trigger(take)));
	EXPECT_EQ(0, error_of(l4_irq_unmask(take)));
}

TEST_F(irq, receiving_ends_when_nobody_can_trigger)
{
	l4_cap_idx_t take = with_rights(self->irq, MEMBANK_NOTIFIER_RECEIVE);

	l4re_util_cap_free_um(self->irq);
	EXPECT_EQ(VOID, error_of(l4_irq_receive(take, L4_IPC_NEVER)));
}

TEST_F(irq, who_receives_by_an_eventfd_does_not_receive_so)
{
	int fd, event;

	ASSERT_EQ(0, l4re_membank_fd(self->irq, L4RE_MEMBANK_NOTIFIER, &fd));
	ASSERT_EQ(0, membank_notifier_listen(fd, &event));
	EXPECT_EQ(ABORTED,
		  error_of(l4_irq_receive(self->irq, L4_IPC_BOTH_TIMEOUT_0)));

	/* One trigger gets through, and after unmasking the next. */
	ASSERT_EQ(0, membank_notifier_bind_oneshot(fd, event));
	EXPECT_EQ(0, error_of(l4_irq_trigger(self->irq)));
	EXPECT_EQ(0, membank_notifier_wait(-1, event, 0, NULL));
	EXPECT_EQ(0, error_of(l4_irq_trigger(self->irq)));
	EXPECT_EQ(-ETIMEDOUT, membank_notifier_wait(-1, event, 0, NULL));
	EXPECT_EQ(0, error_of(l4_irq_unmask(self->irq)));
	EXPECT_EQ(0, membank_notifier_wait(-1, event, 0, NULL));
}

TEST_F(irq, what_is_no_irq)
{
	l4_timeout_t none = L4_IPC_BOTH_TIMEOUT_0;
	unsigned int i;

	for (i = 0; i < BAD_CAPS; i++) {
		EXPECT_EQ(VOID, error_of(l4_irq_trigger(self->bad[i])));
		EXPECT_EQ(VOID, error_of(l4_irq_receive(self->bad[i], none)));
		EXPECT_EQ(VOID, error_of(l4_irq_unmask(self->bad[i])));
	}
	EXPECT_EQ(-L4_EBADPROTO, error_of(l4_irq_trigger(self->ds)));
	EXPECT_EQ(-L4_EBADPROTO, error_of(l4_irq_receive(self->ds, none)));
	EXPECT_EQ(-L4_EBADPROTO, error_of(l4_irq_unmask(self->ds)));
	EXPECT_EQ(-L4_EBADPROTO, error_of(l4_irq_trigger(l4re_env()->rm)));
}

static long create(l4_cap_idx_t factory, l4_cap_idx_t cap)
{
	return error_of(l4_factory_create_irq(factory, cap));
}

TEST_F(irq, a_factory_makes_irqs)
{
	l4_cap_idx_t factory = l4re_env()->factory;
	l4_cap_idx_t cap = l4re_util_cap_alloc();
	unsigned int i;

	EXPECT_EQ(0, create(factory, cap));
	EXPECT_EQ(0, error_of(l4_irq_trigger(cap)));
	for (i = 0; i < BAD_CAPS; i++) {
		if (i != BAD_EMPTY)
			EXPECT_EQ(-L4_EINVAL, create(factory, self->bad[i]));
		EXPECT_EQ(VOID, create(self->bad[i], cap));
	}
	EXPECT_EQ(-L4_EBADPROTO, create(self->irq, cap));
}

/* ------------------------------------------------------------------- tasks */

TEST_F(irq, a_task_empties_slots)
{
	l4_cap_idx_t task = L4RE_THIS_TASK_CAP;
	l4_fpage_t memory = { .raw = 0x10 };

	EXPECT_EQ(1, error_of(l4_task_cap_valid(task, self->irq)));
	EXPECT_EQ(1, error_of(l4_task_cap_valid(task, l4re_env()->rm)));
	EXPECT_EQ(1, error_of(l4_task_cap_valid(task, task)));
	EXPECT_EQ(1, error_of(l4_task_cap_valid(task, l4re_env()->factory)));
	EXPECT_EQ(0, error_of(l4_task_cap_valid(task, l4re_env()->scheduler)));
	EXPECT_EQ(0, error_of(l4_task_release_cap(task, self->irq)));
	EXPECT_EQ(0, error_of(l4_task_cap_valid(task, self->irq)));
	EXPECT_EQ(VOID, error_of(l4_irq_trigger(self->irq)));
	EXPECT_EQ(0, error_of(l4_task_cap_valid(task, L4_INVALID_CAP)));
	/* The slot is still the program's. */
	EXPECT_EQ(0, error_of(l4_factory_create_irq(L4_BASE_FACTORY_CAP,
						    self->irq)));

	EXPECT_EQ(-L4_EINVAL,
		  error_of(l4_task_release_cap(self->ds, self->irq)));
	EXPECT_EQ(-L4_EINVAL,
		  error_of(l4_task_cap_valid(L4_INVALID_CAP, self->irq)));
	EXPECT_EQ(-L4_ENOSYS,
		  error_of(l4_task_unmap(task, memory, L4_FP_ALL_SPACES)));
	EXPECT_EQ(-L4_ENOSYS,
		  error_of(l4_task_unmap(task, l4_obj_fpage(self->irq, 0, 0),
					 L4_FP_OTHER_SPACES)));
	EXPECT_EQ(1, error_of(l4_task_cap_valid(task, self->irq)));
	/* Two slots, of which the second is beside the first. */
	EXPECT_EQ(0, error_of(l4_task_unmap(task, l4_obj_fpage(self->irq, 1, 0),
					    L4_FP_ALL_SPACES)));
	EXPECT_EQ(0, error_of(l4_task_cap_valid(task, self->irq)));
	EXPECT_EQ(0, l4re_ds_size(self->ds));
	EXPECT_EQ(0, test_used());
}

TEST_F(irq, deleting_a_dataspace_takes_it_from_everybody)
{
	l4re_ds_t readable = l4re_ds_with(self->ds, MEMBANK_DATASPACE_READ);
	l4_cap_idx_t task = L4RE_THIS_TASK_CAP;
	l4re_ds_stats_t stats;

	EXPECT_EQ(-L4_EPERM, error_of(l4_task_delete_obj(task, readable)));
	EXPECT_EQ(1, l4re_ds_size(readable));
	EXPECT_EQ(0, error_of(l4_task_delete_obj(task, self->ds)));
	EXPECT_EQ(VOID, l4re_ds_info(self->ds, &stats));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_info(readable, &stats));
	EXPECT_EQ(0, error_of(l4_task_delete_obj(task, self->irq)));
	EXPECT_EQ(0, error_of(l4_task_cap_valid(task, self->irq)));
}

TEST_F(irq, freeing_says_whether_there_was_a_slot)
{
	l4re_ds_t same = l4re_util_cap_alloc();
	l4re_ds_t readable = l4re_ds_with(self->ds, MEMBANK_DATASPACE_READ);
	unsigned int i;

	for (i = 0; i < BAD_CAPS; i++) {
		l4_cap_idx_t cap = self->bad[i];

		if (i == BAD_EMPTY)
			continue;
		EXPECT_EQ(-L4_EINVAL,
			  l4re_membank_cap_free(cap, L4_FP_ALL_SPACES));
		EXPECT_EQ(-L4_EINVAL,
			  l4re_membank_cap_free(cap, L4_FP_DELETE_OBJ));
		EXPECT_EQ(-L4_EINVAL,
			  l4re_membank_cap_release(cap, L4_FP_DELETE_OBJ));
	}
	ASSERT_EQ(0, l4re_membank_copy(same, self->ds));
	/* Without the right it ends alone, and with it for all. */
	EXPECT_EQ(0, l4re_membank_cap_free(readable, L4_FP_DELETE_OBJ));
	EXPECT_EQ(1, l4re_ds_size(same));
	EXPECT_EQ(0, l4re_membank_cap_take(self->ds));
	EXPECT_EQ(0, l4re_membank_cap_release(self->ds, L4_FP_DELETE_OBJ));
	EXPECT_EQ(1, l4re_ds_size(same));
	EXPECT_EQ(1, l4re_membank_cap_release(self->ds, L4_FP_DELETE_OBJ));
	EXPECT_EQ(-L4_ENODEV, l4re_ds_flags(same));
	EXPECT_EQ(0, l4re_membank_cap_free(same, L4_FP_DELETE_OBJ));
	EXPECT_EQ(0, l4re_membank_cap_free(self->irq, L4_FP_DELETE_OBJ));
	EXPECT_EQ(-L4_EINVAL,
		  l4re_membank_cap_free(self->irq, L4_FP_ALL_SPACES));
}

/* Any number but those of slots that are allocated. */
static l4_cap_idx_t random_index(unsigned int *seed)
{
	l4_cap_idx_t high = rand_r(seed), low = rand_r(seed);
	l4_cap_idx_t number = (high << 31 ^ low) >> rand_r(seed) % 52;

	return (number + 4096) << L4_CAP_SHIFT | (low & (L4_CAP_OFFSET - 1));
}

TEST_F(irq, any_number_is_an_error_and_no_crash)
{
	l4_cap_idx_t task = L4RE_THIS_TASK_CAP, cap;
	unsigned int seed = 1, i, wrong = 0;
	l4_addr_t addr = 0, at = L4_PAGESIZE;
	l4re_ds_stats_t stats;
	unsigned long size = 1;
	void *start = NULL;

	for (i = 0; i < 20000; i++) {
		cap = random_index(&seed);
		wrong += l4re_ds_size(cap) != 0;
		wrong += l4re_ds_flags(cap) != VOID;
		wrong += l4re_ds_info(cap, &stats) != VOID;
		wrong += l4re_ds_clear(cap, 0, 1) != VOID;
		wrong += l4re_ds_allocate(cap, 0, 1) != VOID;
		wrong += l4re_ds_copy_in(cap, 0, cap, 0, 1) != VOID;
		wrong += l4re_ds_phys(cap, 0, &addr, NULL) != VOID;
		wrong += l4re_ds_map(cap, 0, 0, at, at, 2 * at) != VOID;
		wrong += l4re_ds_map_region(cap, 0, 0, at, 2 * at) != VOID;
		wrong += l4re_ma_alloc(1, cap, 0) != -L4_EINVAL;
		wrong += l4re_ma_alloc_align_srv(cap, 1, self->ds, 0, 0) !=
			 VOID;
		wrong += l4re_ma_free(cap) != -L4_ENOENT;
		wrong += l4re_ma_free_srv(cap, self->ds) != VOID;
		wrong += l4re_rm_reserve_area_srv(cap, &addr, 1, 0x20, 0) !=
			 VOID;
		wrong += l4re_rm_free_area_srv(cap, 0) != VOID;
		wrong += l4re_rm_attach_srv(cap, &start, 1, 0x20, cap, 0, 0) !=
			 VOID;
		wrong += l4re_rm_attach(&start, 1, 0x20, cap, 0, 0) !=
			 -L4_ENOENT;
		wrong += l4re_rm_detach_srv(cap, 0, NULL, cap) != VOID;
		wrong += l4re_rm_find_srv(cap, &addr, &size, NULL, NULL,
					  NULL) != VOID;
		wrong += l4_error(l4_irq_trigger(cap)) != VOID;
		wrong += l4_error(l4_irq_receive(cap, L4_IPC_NEVER)) != VOID;
		wrong += l4_error(l4_irq_unmask(cap)) != VOID;
		wrong += l4_error(l4_factory_create_irq(cap, self->irq)) !=
			 VOID;
		wrong += l4_error(l4_task_cap_valid(task, cap)) != 0;
		wrong += l4_error(l4_task_release_cap(task, cap)) != 0;
		wrong += l4_error(l4_task_delete_obj(cap, self->ds)) !=
			 -L4_EINVAL;
		wrong += l4re_membank_cap_take(cap) != -L4_EINVAL;
		wrong += l4re_membank_cap_free(cap, 0) != -L4_EINVAL;
		wrong += l4re_membank_copy(cap, self->ds) != -L4_EINVAL;
		l4re_util_cap_free(cap);
		l4re_util_cap_free_um(cap);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(1, l4re_ds_size(self->ds));
	EXPECT_EQ(0, l4_error(l4_irq_trigger(self->irq)));
}

/* ------------------------------------------------------ errors and numbers */

TEST_F(irq, each_error_has_words)
{
	static const int errors[] = {
		L4_EPERM,
		L4_ENOENT,
		L4_EIO,
		L4_ENXIO,
		L4_E2BIG,
		L4_EAGAIN,
		L4_ENOMEM,
		L4_EACCESS,
		L4_EFAULT,
		L4_EBUSY,
		L4_EEXIST,
		L4_ENODEV,
		L4_ENOTDIR,
		L4_EINVAL,
		L4_ENOSPC,
		L4_ERANGE,
		L4_ENAMETOOLONG,
		L4_ENOSYS,
		L4_EBADPROTO,
		L4_EADDRNOTAVAIL,
		L4_ENOREPLY,
		L4_EMSGTOOSHORT,
		L4_EMSGTOOLONG,
		L4_EMSGMISSARG,
		L4_EIPC_LO + L4_IPC_RETIMEOUT,
		-VOID,
	};
	const char *unknown = l4sys_errtostr(-12345), *text, *other;
	unsigned int i, j;

	ASSERT_NE(NULL, unknown);
	EXPECT_NE(0, strcmp(unknown, l4sys_errtostr(L4_EOK)));
	EXPECT_EQ(0, strcmp(unknown, l4sys_errtostr(L4_EPERM)));
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		text = l4sys_errtostr(-errors[i]);
		EXPECT_NE(0, strcmp(unknown, text));
		for (j = 0; j < i; j++) {
			other = l4sys_errtostr(-errors[j]);
			EXPECT_NE(0, strcmp(other, text));
		}
	}
}

TEST_F(irq, numbers_are_those_of_l4)
{
	EXPECT_EQ(4096, L4_PAGESIZE);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), L4_PAGESIZE);
	EXPECT_EQ(L4_PAGESIZE, 1UL << L4_PAGESHIFT);
	EXPECT_EQ(2 * MIB, L4_SUPERPAGESIZE);
	EXPECT_EQ(L4_SUPERPAGESIZE, 1UL << L4_SUPERPAGESHIFT);
	EXPECT_EQ(0, l4_trunc_page(4095));
	EXPECT_EQ(4096, l4_trunc_page(8191));
	EXPECT_EQ(0, l4_round_page(0));
	EXPECT_EQ(4096, l4_round_page(1));
	EXPECT_EQ(4096, l4_round_page(4096));
	EXPECT_EQ(L4_SUPERPAGESIZE, l4_round_size(1, L4_SUPERPAGESHIFT));
	EXPECT_EQ(0, l4_trunc_size(L4_SUPERPAGESIZE - 1, L4_SUPERPAGESHIFT));
	EXPECT_NE(0, l4_is_invalid_cap(L4_INVALID_CAP));
	EXPECT_EQ(0, l4_is_invalid_cap(self->irq));
	EXPECT_EQ(0, l4_is_valid_cap(L4_INVALID_CAP));

	EXPECT_EQ(0x01, L4RE_RM_READ_ONLY);
	EXPECT_EQ(0x02, L4RE_RM_NO_ALIAS);
	EXPECT_EQ(0x04, L4RE_RM_PAGER);
	EXPECT_EQ(0x08, L4RE_RM_RESERVED);
	EXPECT_EQ(0x0f, L4RE_RM_REGION_FLAGS);
	EXPECT_EQ(0x10, L4RE_RM_OVERMAP);
	EXPECT_EQ(0x20, L4RE_RM_SEARCH_ADDR);
	EXPECT_EQ(0x40, L4RE_RM_IN_AREA);
	EXPECT_EQ(0x80, L4RE_RM_EAGER_MAP);
	EXPECT_EQ(0xf0, L4RE_RM_ATTACH_FLAGS);

	EXPECT_EQ(0, l4_timeout_rel_get(l4_timeout_from_us(0)));
	EXPECT_EQ(1023, l4_timeout_rel_get(l4_timeout_from_us(1023)));
	EXPECT_LE(1025, l4_timeout_rel_get(l4_timeout_from_us(1025)));
	EXPECT_EQ(L4_TIMEOUT_US_NEVER,
		  l4_timeout_rel_get(l4_timeout_from_us(~0ULL)));
	EXPECT_EQ(3 << 4, l4_timeout_rel_get(l4_ipc_timeout(0, 0, 3, 4).p.rcv));
}

TEST_F(irq, caches_are_kept_in_order)
{
	unsigned long start = (unsigned long)self;

	EXPECT_EQ(0, l4_cache_clean_data(start, start + sizeof(*self)));
	EXPECT_EQ(0, l4_cache_flush_data(start, start + sizeof(*self)));
	EXPECT_EQ(0, l4_cache_inv_data(start, start + sizeof(*self)));
	EXPECT_EQ(0, l4_cache_coherent(start, start + sizeof(*self)));
	EXPECT_EQ(0, l4_cache_dma_coherent(start, start + sizeof(*self)));
	EXPECT_EQ(0, l4_cache_clean_data(start, start));
}

TEST_HARNESS_MAIN
