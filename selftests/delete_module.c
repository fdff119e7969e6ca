// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts: asks delete_module(2), which rmmod does not where it has seen that
 * the module is in use. Says what that said, and ends with 1 if it was refused.
 *
 * usage: delete_module NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: delete_module NAME\n");
		return 2;
	}
	if (syscall(SYS_delete_module, argv[1], O_NONBLOCK)) {
		puts(strerror(errno));
		return 1;
	}
	puts("it is gone");
	return 0;
}
