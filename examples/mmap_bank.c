// SPDX-License-Identifier: 0BSD
/*
 * mmap_bank: allocate from a bank with nothing but open(2) and mmap(2).
 *
 * usage: mmap_bank [NODE [MIB]]   /dev/membank0 and 1 MiB by default
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *node = argc > 1 ? argv[1] : "/dev/membank0";
	size_t length = (argc > 2 ? strtoul(argv[2], NULL, 10) : 1) << 20;
	unsigned char *memory;
	size_t i;
	int bank;

	bank = open(node, O_RDWR | O_CLOEXEC);
	if (bank < 0) {
		perror(node);
		return EXIT_FAILURE;
	}

	/* Contiguous, zeroed, ours alone; close() leaves the mapping. */
	memory =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, bank, 0);
	close(bank);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return EXIT_FAILURE;
	}
	for (i = 0; i < length; i++)
		if (memory[i]) {
			fprintf(stderr, "mmap_bank: byte %zu is not 0\n", i);
			return EXIT_FAILURE;
		}

	memset(memory, 0x5a, length);
	printf("%s: %zu MiB allocated, all zero, written\n", node,
	       length >> 20);

	/* Frees it. So would the end of the process, however it ends. */
	munmap(memory, length);
	return EXIT_SUCCESS;
}
