// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of services, each in the IPC namespace of who gave it.
 *
 * Locks: names_lock is held together with no other lock.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/ipc_namespace.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "compat.h"
#include "deadline.h"
#include "names.h"

/**
 * struct name_key - what names are sorted by
 * @ns_id: first the namespace
 * @text: then the bytes of the name
 */
struct name_key {
	u64 ns_id;
	const char *text;
};

/**
 * struct name_wait - who waits for names, of which there are many to a queue
 * @added: how often such a name was added; written under names_lock
 * @queue: who waits for another @added
 */
struct name_wait {
	unsigned int added;
	wait_queue_head_t queue;
};

/* The names of all IPC namespaces: each has a reference, whoever finds it. */
static struct rb_root names = RB_ROOT;

static DEFINE_MUTEX(names_lock);

/*
 * A new name wakes who waits for it, and few others: which ones nobody can
 * choose, who does not know the key.
 */
static struct name_wait waits[64];
static siphash_key_t waits_key;

/**
 * membank_names_init() - before there is a name
 */
void membank_names_init(void)
{
	unsigned int i;

	get_random_bytes(&waits_key, sizeof(waits_key));
	for (i = 0; i < ARRAY_SIZE(waits); i++)
		init_waitqueue_head(&waits[i].queue);
}

static struct name_wait *wait_of(u64 ns_id, const char *text)
{
	siphash_key_t key = waits_key;

	key.key[0] ^= ns_id;
	return &waits[siphash(text, strlen(text), &key) % ARRAY_SIZE(waits)];
}

/**
 * membank_name_is_valid() - may something be called so
 * @text: %MEMBANK_NAME_MAX + 1 bytes, with or without a NUL
 */
bool membank_name_is_valid(const char *text)
{
	size_t length = strnlen(text, MEMBANK_NAME_MAX + 1);

	return length && length <= MEMBANK_NAME_MAX &&
	       !memchr(text, '/', length);
}

static struct ipc_namespace *current_ipc_ns(void)
{
	return current->nsproxy->ipc_ns;
}

/**
 * membank_names_capable() - has the caller a capability over its names
 * @capability: CAP_*
 *
 * It counts in the user namespace that owns the IPC namespace, as it does for
 * the other things named there: root of a container is no root over names that
 * it shares with its host.
 */
bool membank_names_capable(int capability)
{
	return ns_capable(current_ipc_ns()->user_ns, capability);
}

static int key_cmp(const void *key, const struct rb_node *node)
{
	const struct membank_name *name =
		rb_entry(node, struct membank_name, node);
	const struct name_key *is = key;

	if (is->ns_id != name->ns_id)
		return is->ns_id < name->ns_id ? -1 : 1;
	return strcmp(is->text, name->text);
}

static int node_cmp(struct rb_node *new, const struct rb_node *node)
{
	const struct membank_name *name =
		rb_entry(new, struct membank_name, node);

	return key_cmp(&(struct name_key){ name->ns_id, name->text }, node);
}

static struct name_key key_here(const char *text)
{
	return (struct name_key){ current_ipc_ns()->ns.ns_id, text };
}

/**
 * membank_name_init() - give something a name, with the first reference to it
 * @name: its name
 * @text: a valid one; in the IPC namespace of the caller
 */
void membank_name_init(struct membank_name *name, const char *text)
{
	refcount_set(&name->refs, 1);
	RB_CLEAR_NODE(&name->node);
	name->ns_id = current_ipc_ns()->ns.ns_id;
	strscpy(name->text, text);
}

/**
 * membank_name_add() - let others find it
 * @name: the name, until membank_name_remove()
 *
 * Return: 0, -EEXIST.
 */
int membank_name_add(struct membank_name *name)
{
	struct name_wait *wait = wait_of(name->ns_id, name->text);

	scoped_guard(mutex, &names_lock) {
		if (rb_find_add(&name->node, &names, node_cmp))
			return -EEXIST;
		WRITE_ONCE(wait->added, wait->added + 1);
	}
	wake_up_all(&wait->queue);
	return 0;
}

/**
 * membank_name_remove() - nobody finds it from here on
 * @name: the name, added or not
 */
void membank_name_remove(struct membank_name *name)
{
	guard(mutex)
		(&names_lock);
	if (RB_EMPTY_NODE(&name->node))
		return;
	rb_erase(&name->node, &names);
	RB_CLEAR_NODE(&name->node);
}

static bool was_added(const struct name_wait *wait, unsigned int seen)
{
	return READ_ONCE(wait->added) != seen;
}

/* 0 once a name was added since @seen was read, -ETIME, or -ERESTARTSYS. */
static int wait_sleep(struct name_wait *wait, unsigned int seen,
		      ktime_t deadline)
{
	wait_queue_head_t *queue = &wait->queue;
	ktime_t left;
	int ret;

	do {
		left = membank_deadline_left(deadline);
		if (left <= 0)
			return -ETIME;
		ret = membank_wait_event(*queue, was_added(wait, seen), left);
	} while (membank_wait_again(ret));
	return ret;
}

/**
 * membank_names_find() - find a name in the caller's namespace, or wait for it
 * @text: the name
 * @deadline: from membank_deadline()
 *
 * Return: it, with a reference; or an ERR_PTR: -ENOENT (without a wait),
 * -ETIMEDOUT, -EINTR.
 */
struct membank_name *membank_names_find(const char *text, ktime_t deadline)
{
	const struct name_key key = key_here(text);
	struct name_wait *wait = wait_of(key.ns_id, text);
	struct membank_name *name;
	struct rb_node *node;
	unsigned int seen;
	int ret;

	for (;;) {
		scoped_guard(mutex, &names_lock) {
			seen = wait->added;
			node = rb_find(&key, &names, key_cmp);
			name = rb_entry_safe(node, struct membank_name, node);
			if (name)
				refcount_inc(&name->refs);
		}
		if (name)
			return name;
		if (!deadline)
			return ERR_PTR(-ENOENT);

		ret = wait_sleep(wait, seen, deadline);
		if (ret == -ETIME)
			return ERR_PTR(-ETIMEDOUT);
		if (ret)
			return ERR_PTR(-EINTR);
	}
}

/* The first name behind @key, of whatever namespace, or NULL. */
static struct membank_name *name_behind(const struct name_key *key)
{
	struct rb_node *node = names.rb_node, *found = NULL;

	lockdep_assert_held(&names_lock);

	while (node) {
		if (key_cmp(key, node) < 0) {
			found = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return rb_entry_safe(found, struct membank_name, node);
}

static struct membank_name *name_next(struct membank_name *name)
{
	return rb_entry_safe(rb_next(&name->node), struct membank_name, node);
}

/**
 * membank_names_list() - the names of the caller's namespace, in their order
 * @after: only names behind this one; empty: all
 * @list: where they go, each with a reference
 * @room: how many at most
 * @more: set to whether there are others behind the last one
 *
 * Return: how many.
 */
unsigned int membank_names_list(const char *after, struct membank_name **list,
				unsigned int room, bool *more)
{
	const struct name_key key = key_here(after);
	struct membank_name *name;
	unsigned int count = 0;

	guard(mutex)
		(&names_lock);
	name = name_behind(&key);
	while (name && name->ns_id == key.ns_id && count < room) {
		refcount_inc(&name->refs);
		list[count++] = name;
		name = name_next(name);
	}
	*more = name && name->ns_id == key.ns_id;
	return count;
}
