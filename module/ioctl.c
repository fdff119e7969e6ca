// SPDX-License-Identifier: GPL-2.0-only
/*
 * The form of every command: see DOC in uapi/linux/membank.h. Each kind of
 * descriptor has a table of its commands beside its own file operations; what
 * is common to all of them is here: one copy in, one copy out, and descriptors
 * that appear in the caller's table only when nothing can fail any more.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ioctl.h"

/* Room for the largest struct of the ABI, on the stack. */
#define MEMBANK_ARGS_MAX 192

/**
 * membank_call_write_back() - write the struct to the caller
 * @call: the call
 *
 * It is written when a handler succeeds; a handler that does not, and has
 * something to say, calls this.
 *
 * Return: 0 or -EFAULT.
 */
int membank_call_write_back(struct membank_call *call)
{
	return copy_to_user(call->user, call->args, call->user_size) ? -EFAULT :
								       0;
}

/**
 * membank_call_reserve() - take a number for a descriptor
 * @call: the call
 *
 * For who must not fail any more when there is something to hold.
 *
 * Return: the descriptor's number, to be written into the struct, or a
 * negative errno: EMFILE, ENFILE, ENOMEM.
 */
int membank_call_reserve(struct membank_call *call)
{
	int fd;

	if (WARN_ON_ONCE(call->nr_files == MEMBANK_CALL_FILES))
		return -EMFILE;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	call->files[call->nr_files].file = NULL;
	call->files[call->nr_files].fd = fd;
	call->nr_files++;
	return fd;
}

/**
 * membank_call_fill() - say what the number that was reserved last is for
 * @call: the call
 * @file: the open file; its reference belongs to the call from here
 */
void membank_call_fill(struct membank_call *call, struct file *file)
{
	call->files[call->nr_files - 1].file = file;
}

/**
 * membank_call_publish() - give the caller a descriptor, if the call succeeds
 * @call: the call
 * @file: the open file; its reference belongs to the call from here, whatever
 *        this function returns
 *
 * Return: as membank_call_reserve().
 */
int membank_call_publish(struct membank_call *call, struct file *file)
{
	int fd = membank_call_reserve(call);

	if (fd < 0)
		fput(file);
	else
		membank_call_fill(call, file);
	return fd;
}

/**
 * membank_element_check() - can an element be as long as that
 * @size: bytes of an element of the caller's array
 * @min_size: size of the struct in the first release; never changed
 *
 * Return: 0, -EINVAL (shorter), -E2BIG (longer than a page).
 */
int membank_element_check(u32 size, u32 min_size)
{
	if (size < min_size)
		return -EINVAL;
	return size > PAGE_SIZE ? -E2BIG : 0;
}

/**
 * membank_elements_read() - take an array from the caller
 * @elements: where to
 * @size: of one, as this kernel knows it
 * @from: address of the caller's array
 * @user_size: of one there; see membank_element_check()
 * @count: how many
 *
 * Return: 0, -EFAULT, -E2BIG (what this kernel does not know is not zero).
 */
int membank_elements_read(void *elements, size_t size, u64 from, u32 user_size,
			  u32 count)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < count && !ret; i++, from += user_size)
		ret = copy_struct_from_user(elements + i * size, size,
					    u64_to_user_ptr(from), user_size);
	return ret;
}

/**
 * membank_elements_write() - give an array to the caller
 * @to: address of the caller's array
 * @user_size: of one there; see membank_element_check()
 * @elements: from where
 * @size: of one, as this kernel knows it
 * @count: how many
 *
 * Return: 0, -EFAULT.
 */
int membank_elements_write(u64 to, u32 user_size, const void *elements,
			   size_t size, u32 count)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < count && !ret; i++, to += user_size)
		ret = copy_struct_to_user(u64_to_user_ptr(to), user_size,
					  elements + i * size, size, NULL);
	return ret;
}

static void call_install_files(struct membank_call *call)
{
	unsigned int i;

	for (i = 0; i < call->nr_files; i++) {
		if (call->files[i].file)
			fd_install(call->files[i].fd, call->files[i].file);
		else
			put_unused_fd(call->files[i].fd);
	}
}

static void call_drop_files(struct membank_call *call)
{
	unsigned int i;

	for (i = 0; i < call->nr_files; i++) {
		put_unused_fd(call->files[i].fd);
		if (call->files[i].file)
			fput(call->files[i].file);
	}
}

static const struct membank_command *
find_command(const struct membank_command *table, size_t rows,
	     unsigned int number)
{
	size_t i;

	for (i = 0; i < rows; i++)
		if (table[i].number == number)
			return &table[array_index_nospec(i, rows)];
	return NULL;
}

/* A struct lies in two pages at most, and so its two ends stand for all of it. */
static int check_writable(const struct membank_call *call)
{
	const u32 last = call->user_size - 1;
	const u8 *args = call->args;
	u8 __user *user = call->user;

	static_assert(MEMBANK_ARGS_MAX <= PAGE_SIZE);
	return put_user(args[0], user) ?: put_user(args[last], user + last);
}

/**
 * membank_ioctl() - run one command of a table
 * @file: the descriptor
 * @number: the ioctl number
 * @arg: address of the caller's struct
 * @table: the commands this kind of descriptor has
 * @rows: how many
 *
 * Return: 0 or a negative errno: those of the form of every command, and those
 * of the handler.
 */
long membank_ioctl(struct file *file, unsigned int number, unsigned long arg,
		   const struct membank_command *table, size_t rows)
{
	/* Cleared by the compiler, they would cost as much as a short command. */
	u8 args[MEMBANK_ARGS_MAX] __aligned(8) __uninitialized;
	struct membank_call call __uninitialized;
	const struct membank_command *command;
	u32 user_size;
	int ret;

	command = find_command(table, rows, number);
	if (!command)
		return -ENOTTY;
	if (WARN_ON_ONCE(command->size > sizeof(args)))
		return -EINVAL;

	call.file = file;
	call.args = args;
	call.user = (void __user *)arg;
	call.written = false;
	call.nr_files = 0;

	if (get_user(user_size, (u32 __user *)call.user))
		return -EFAULT;
	if (user_size < command->min_size)
		return -EINVAL;
	if (user_size > PAGE_SIZE)
		return -E2BIG;
	/* Fills what the struct is short of with zeroes. */
	ret = copy_struct_from_user(args, command->size, call.user, user_size);
	if (ret)
		return ret;
	/* Nothing is done for who cannot be told: the struct must be writable. */
	call.user_size = min(user_size, command->size);
	ret = check_writable(&call);
	if (ret)
		return ret;

	ret = command->handler(&call);
	if (!ret && !call.written)
		ret = membank_call_write_back(&call);
	if (ret) {
		call_drop_files(&call);
		return ret;
	}

	/* Cannot fail: from here on the descriptors are the caller's. */
	call_install_files(&call);
	return 0;
}
