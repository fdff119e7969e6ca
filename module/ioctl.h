/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_IOCTL_H
#define MEMBANK_IOCTL_H

#include <linux/types.h>

struct file;

/* A connection, and all that a service can offer. */
#define MEMBANK_CALL_FILES 17

/**
 * struct membank_call - one ioctl on its way
 * @file: the descriptor it was called on; held by the system call
 * @args: the kernel's copy of the caller's struct, as long as the kernel's own
 *        struct; what the caller's shorter struct lacks is zero
 * @user: the caller's struct
 * @user_size: bytes of it, that fit @args
 * @written: the handler has written the struct to the caller itself
 * @nr_files: how many descriptors wait in @files
 * @files: descriptors that exist for the caller only if all else succeeds; one
 *         without a file does not come to exist
 *
 * Belongs to the calling task alone: no lock.
 */
struct membank_call {
	struct file *file;
	void *args;
	void __user *user;
	u32 user_size;
	bool written;
	unsigned int nr_files;
	struct {
		struct file *file;
		int fd;
	} files[MEMBANK_CALL_FILES];
};

/**
 * struct membank_command - one row of a table of commands
 * @number: the ioctl number, MEMBANK_IOC_*
 * @size: size of the struct as this kernel knows it
 * @min_size: size of the struct in the first release; never changed
 * @handler: does it; 0 or a negative errno. The struct is copied back to the
 *           caller and the files are published only on 0. Runs without locks.
 */
struct membank_command {
	unsigned int number;
	unsigned int size;
	unsigned int min_size;
	int (*handler)(struct membank_call *call);
};

/* One row: the smallest size is what precedes and includes @_last. */
#define MEMBANK_COMMAND(_ioc, _struct, _last, _handler)  \
	{                                                \
		.number = (_ioc),                        \
		.size = sizeof(_struct),                 \
		.min_size = offsetofend(_struct, _last), \
		.handler = (_handler),                   \
	}

int membank_element_check(u32 size, u32 min_size);
int membank_elements_read(void *elements, size_t size, u64 from, u32 user_size,
			  u32 count);
int membank_elements_write(u64 to, u32 user_size, const void *elements,
			   size_t size, u32 count);

int membank_call_write_back(struct membank_call *call);
int membank_call_reserve(struct membank_call *call);
void membank_call_fill(struct membank_call *call, struct file *file);
int membank_call_publish(struct membank_call *call, struct file *file);
long membank_ioctl(struct file *file, unsigned int number, unsigned long arg,
		   const struct membank_command *table, size_t rows);

#endif /* MEMBANK_IOCTL_H */
