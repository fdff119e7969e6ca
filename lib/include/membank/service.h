/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Services: names under which programs find what others offer.
 * Part of <membank.h>, which says what holds for all functions; include that.
 */
#ifndef MEMBANK_SERVICE_H
#define MEMBANK_SERVICE_H

#include <linux/membank.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * membank_service_register() - offer dataspaces and notifiers under a name
 * @dev: from membank_open(), of any bank
 * @name: 1 to MEMBANK_NAME_MAX bytes, no '/'
 * @offers: fd of each, and the rights that clients get: of a dataspace
 *          MEMBANK_DATASPACE_READ, _WRITE or both, of a notifier a set of enum
 *          membank_notifier_rights; at least one; held by the service
 * @count: how many, at most MEMBANK_OFFERS_MAX
 * @mode: who may connect: a set of 0222
 * @out_service: readable when a client came or went; to be closed, which ends
 *               the service
 *
 * What a service has lent to its client, that client cannot offer.
 *
 * Return: 0; -EEXIST: the name is taken; -EACCES: an offer asks for rights that
 * its descriptor lacks, or was lent by a service; -ENODEV: what is offered was
 * revoked; -EINVAL: name, mode, count or an offer is wrong, such as one without
 * rights; -EOPNOTSUPP: a right that cannot be offered; -EDQUOT: the caller's
 * user has MEMBANK_SERVICES_MAX services.
 */
int membank_service_register(int dev, const char *name,
			     const struct membank_offer *offers,
			     unsigned int count, unsigned int mode,
			     int *out_service);

/**
 * membank_service_register_for() - likewise, for another user or group
 * @dev: likewise
 * @name: likewise
 * @offers: likewise
 * @count: likewise
 * @mode: likewise; judged against @owner and @group
 * @owner: user id; (uid_t)-1: the caller's effective one
 * @group: group id; (gid_t)-1: the caller's effective one
 * @out_service: likewise
 *
 * Return: likewise; -EPERM: the caller is not @owner, or not in @group, and has
 * no CAP_CHOWN; -EINVAL: there is no such id, too.
 */
int membank_service_register_for(int dev, const char *name,
				 const struct membank_offer *offers,
				 unsigned int count, unsigned int mode,
				 uid_t owner, gid_t group, int *out_service);

/**
 * membank_service_read_event() - which client came or went
 * @service: from membank_service_register()
 * @out_event: filled; see struct membank_service_event in linux/membank.h
 *
 * Sleeps until there is one, unless O_NONBLOCK is set.
 *
 * Return: 0; -EAGAIN: none, and O_NONBLOCK is set; -EINTR: a signal came;
 * -EINVAL: @service is none.
 */
int membank_service_read_event(int service,
			       struct membank_service_event *out_event);

/**
 * membank_service_connect() - connect to a service
 * @dev: from membank_open(), of any bank
 * @name: its name
 * @timeout_ms: milliseconds to wait for the name to appear; 0: do not wait;
 *              -1: for ever
 * @offers: room for what it offers; see struct membank_offer in
 *          linux/membank.h
 * @count: how much room; set to how many there are
 * @out_pid: process id of the server, 0 if the caller cannot see it; may be
 *           NULL
 * @out_connection: hangs up (POLLHUP) when the server is gone; to be closed
 *
 * The descriptors in @offers are the caller's own, to be closed.
 *
 * Return: 0; -ENOENT: there is no such service; -ETIMEDOUT: none appeared in
 * time; -EACCES: it does not admit the caller; -ENOSPC: @offers is too short;
 * -ENODEV: a dataspace that it offers was revoked; -EAGAIN: its server has not
 * read of MEMBANK_BACKLOG_MAX clients yet, or of MEMBANK_BACKLOG_USER_MAX of the
 * caller's user; -EDQUOT: the caller's user has MEMBANK_CONNECTIONS_MAX
 * connections, or would have more than MEMBANK_LENT_MAX descriptors that were lent,
 * or a notifier that is offered has no descriptor left for clients; -EINTR: a signal came; -EINVAL: the name is wrong.
 */
int membank_service_connect(int dev, const char *name, int timeout_ms,
			    struct membank_offer *offers, unsigned int *count,
			    pid_t *out_pid, int *out_connection);

/**
 * membank_service_notify() - trigger a notifier for one client, or for all
 * @service: from membank_service_register()
 * @client: its number, from membank_service_read_event(); MEMBANK_CLIENT_ALL
 * @offer: which notifier, as the place in the array that was registered
 *
 * One client: the descriptors that it got, and those derived from them.
 *
 * Return: 0; -ENOENT: there was never such a client; -EINVAL: the offer is no
 * notifier; -EACCES: it was offered by a descriptor that may not trigger.
 */
int membank_service_notify(int service, uint64_t client, unsigned int offer);

/**
 * membank_service_revoke() - take back what one client was lent
 * @service: from membank_service_register()
 * @client: its number, also if it is gone
 * @offer: what, as the place in the array that was registered;
 *         MEMBANK_OFFER_ALL
 *
 * On return the client's descriptors of it, and those derived from them, in
 * whatever process, are as after membank_dataspace_revoke(). The server and
 * other clients keep what they have.
 *
 * What is offered at several places is taken back at each.
 *
 * Return: 0; -ENOENT: there was never such a client; -EINVAL: there is no such
 * offer.
 */
int membank_service_revoke(int service, uint64_t client, unsigned int offer);

/**
 * membank_service_list() - which services there are
 * @dev: from membank_open(), of any bank
 * @after: only names behind this one; NULL: from the first
 * @entries: filled in the order of names; see struct membank_service_entry in
 *           linux/membank.h
 * @count: how much room, of which MEMBANK_SERVICE_LIST_MAX are used; set to how
 *         many there are
 * @out_more: set to whether there are services behind the last one; may be NULL
 *
 * Return: 0; -EINVAL: there is no room, or @after is no name.
 */
int membank_service_list(int dev, const char *after,
			 struct membank_service_entry *entries,
			 unsigned int *count, int *out_more);

/**
 * membank_service_clients() - who is connected to a service
 * @dev: from membank_open(), of any bank
 * @name: of the service
 * @after: only clients with larger numbers
 * @timeout_ms: milliseconds to wait for a change, if @changes is not 0; -1: for
 *              ever
 * @changes: counts who came and went. If it points to 0, nothing is waited for;
 *           else the function waits until the count is another one. Set to it;
 *           NULL: as 0
 * @clients: filled in the order of their numbers; see struct
 *           membank_service_client in linux/membank.h
 * @count: how much room, of which 4096 are used; may be 0; set to how many
 *         there are
 *
 * For the owner of the service, and for root.
 *
 * Return: 0; -ENOENT: there is no such service, or none any more; -EACCES: it is
 * another one's; -ETIMEDOUT: nobody came or went in time; -EINTR: a signal came;
 * -EINVAL: the name is wrong.
 */
int membank_service_clients(int dev, const char *name, uint64_t after,
			    int timeout_ms, uint64_t *changes,
			    struct membank_service_client *clients,
			    unsigned int *count);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_SERVICE_H */
