/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmembank: physically contiguous memory that programs name, map, share and
 * are notified about.
 *
 * Every noun is a file descriptor: holding it is the right to use it, it can be
 * passed over a Unix socket, and what it stands for ends with its last holder.
 * Close descriptors with close(). All of them are opened with O_CLOEXEC.
 *
 * Every function returns 0 (or a value that its comment names) or a negative
 * errno, and writes its results, which come last among its parameters, only on
 * success. Two are different, membank_mmap() and membank_munmap(): they leave
 * the error in errno, as programs expect that call them by shorter names. None
 * prints, none keeps state: all may be called from any thread at any time, on
 * the same descriptors too; the functions of channels, which have an object, say
 * what holds for them. Lengths, offsets and addresses are in bytes,
 * alignments are exponents of two.
 *
 * Errors that any function can return beside those it names: -EBADF and -ENOTTY
 * (the descriptor is not of the kind the function works on), -EFAULT (a pointer
 * is wrong), -EMFILE and -ENFILE (no descriptor is free), -ENOMEM (no memory).
 * membank_explain() turns an error into a sentence for people.
 */
#ifndef MEMBANK_H
#define MEMBANK_H

#include <linux/membank.h>
#include <membank/channel.h>
#include <membank/dataspace.h>
#include <membank/mmap.h>
#include <membank/notifier.h>
#include <membank/pager.h>
#include <membank/region.h>
#include <membank/service.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ banks */

/**
 * membank_open() - open a bank
 * @bank: its number ("0"), its node ("membank0", "/dev/membank0") or its name
 *        ("video"); NULL, "membank" or "/dev/membank": the kernel chooses
 * @out_dev: a descriptor of the node
 *
 * A bank whose name is that of a node is opened by its number.
 * The descriptor is also the door to the other nouns, and stands for the region
 * map of the calling process.
 *
 * Return: 0; -ENOENT: the module is not loaded, or has no such bank; -EACCES:
 * the caller may not use it (the group of the nodes is membank).
 */
int membank_open(const char *bank, int *out_dev);

/**
 * membank_get_info() - what the module can do
 * @dev: from membank_open()
 * @out_info: filled; see struct membank_get_info in linux/membank.h
 *
 * Return: 0.
 */
int membank_get_info(int dev, struct membank_get_info *out_info);

/**
 * membank_bank_info() - what a bank is and how full it is
 * @dev: from membank_open(), of any bank
 * @bank: its number
 * @out_info: filled; see struct membank_bank_info in linux/membank.h
 *
 * Return: 0; -ENOENT: there is no bank of this number.
 */
int membank_bank_info(int dev, uint32_t bank,
		      struct membank_bank_info *out_info);

/* ----------------------------------------------------------------- module */

/**
 * membank_load() - load the kernel module, as modprobe does
 * @params: its parameters, such as "banks=video:64M,rt:32M"; NULL or "" for
 *          those of modprobe.d and the default
 * @why: if it fails, one sentence says why, what to do and what was asked; may
 *       be NULL; cut to fit
 * @size: bytes that @why has room for
 *
 * Return: 0, also if it was loaded already and @params is empty or what it was
 * loaded with; -EEXIST: it was loaded with other parameters; -ENOENT: there is
 * none for the running kernel; -EPERM: the caller may not load modules;
 * -ECANCELED: an install command of modprobe.d took its place and failed;
 * -EINVAL, -ERANGE, -ENODEV, -ENOMEM: the module refused its parameters, and
 * the kernel log says why; or what else the kernel said.
 */
int membank_load(const char *params, char *why, size_t size);

/* ----------------------------------------------------------------- errors */

/**
 * enum membank_operation - what was tried, for membank_explain()
 * @MEMBANK_OPEN: membank_open(), membank_bank_info()
 * @MEMBANK_ALLOC: membank_dataspace_alloc()
 * @MEMBANK_ATTACH: membank_region_attach()
 * @MEMBANK_DETACH: membank_region_detach(), membank_region_detach_range()
 * @MEMBANK_FIND: membank_region_find(), membank_region_find_range()
 * @MEMBANK_NOTIFY: membank_notifier_*()
 * @MEMBANK_REGISTER: membank_service_register(),
 *                    membank_service_register_for(),
 *                    membank_service_read_event()
 * @MEMBANK_CONNECT: membank_service_connect()
 * @MEMBANK_INFO: membank_dataspace_info()
 * @MEMBANK_DERIVE: membank_dataspace_derive()
 * @MEMBANK_CLEAR: membank_dataspace_clear()
 * @MEMBANK_COPY: membank_dataspace_copy()
 * @MEMBANK_PHYS: membank_dataspace_phys()
 * @MEMBANK_REVOKE: membank_dataspace_revoke()
 * @MEMBANK_SYNC: membank_sync_start(), membank_sync_end()
 * @MEMBANK_LIST: membank_region_list(), membank_region_show_lists()
 * @MEMBANK_RESERVE: membank_area_reserve()
 * @MEMBANK_FREE_AREA: membank_area_free()
 * @MEMBANK_PAGE: membank_pager_*()
 * @MEMBANK_CLIENTS: membank_service_notify(), membank_service_revoke(),
 *                   membank_service_list(), membank_service_clients()
 * @MEMBANK_CHANNEL: membank_channel_*()
 */
enum membank_operation {
	MEMBANK_OPEN,
	MEMBANK_ALLOC,
	MEMBANK_ATTACH,
	MEMBANK_DETACH,
	MEMBANK_FIND,
	MEMBANK_NOTIFY,
	MEMBANK_REGISTER,
	MEMBANK_CONNECT,
	MEMBANK_INFO,
	MEMBANK_DERIVE,
	MEMBANK_CLEAR,
	MEMBANK_COPY,
	MEMBANK_PHYS,
	MEMBANK_REVOKE,
	MEMBANK_SYNC,
	MEMBANK_LIST,
	MEMBANK_RESERVE,
	MEMBANK_FREE_AREA,
	MEMBANK_PAGE,
	MEMBANK_CLIENTS,
	MEMBANK_CHANNEL,
};

/**
 * membank_explain() - say in words what an error means and what helps
 * @operation: what was tried
 * @error: what it returned, negative
 *
 * Return: a sentence without a full stop, constant, never NULL; for errors that
 * no function here is documented to return, what strerror() would say of most.
 */
const char *membank_explain(enum membank_operation operation, int error);

#ifdef __cplusplus
}
#endif

#endif /* MEMBANK_H */
