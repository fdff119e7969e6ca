// SPDX-License-Identifier: 0BSD
/*
 * memman: a program of a system whose mmap() gives memory of a bank, compiled
 * as it is: not one line of it knows of membank or of Linux. What it includes as
 * <sys/mman.h> comes from pkg-config --cflags membank-memman.
 *
 * usage: memman [BANK]   a node such as /dev/membank0; else the kernel chooses
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH (1024 * 1024)

int main(int argc, char **argv)
{
	unsigned char *memory;
	size_t i;
	int bank = 0;

	if (argc > 1) {
		bank = open(argv[1], O_RDWR);
		if (bank < 0) {
			perror(argv[1]);
			return 1;
		}
	}

	memory = (unsigned char *)mmap(0, LENGTH, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, bank, 0);
	if (!memory) {
		perror("mmap");
		return 1;
	}
	for (i = 0; i < LENGTH; i++)
		if (memory[i]) {
			fprintf(stderr, "memman: byte %lu is not 0\n",
				(unsigned long)i);
			return 1;
		}
	memset(memory, 0x5a, LENGTH);
	printf("Allocated 1 MiB, all zero, and wrote it.\n");

	/* In two pieces, and once more: then there is nothing to unmap. */
	if (munmap(memory, LENGTH / 2) ||
	    munmap(memory + LENGTH / 2, LENGTH / 2)) {
		perror("munmap");
		return 1;
	}
	if (munmap(memory, LENGTH) >= 0 || errno != EINVAL) {
		fprintf(stderr, "memman: unmapped what was not mapped\n");
		return 1;
	}
	printf("Freed it, and only once.\n");
	return 0;
}
