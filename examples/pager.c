// SPDX-License-Identifier: 0BSD
/*
 * pager: one process reads a file as memory, another brings each page of it when
 * it is touched first, through a dataspace as long as the file.
 *
 * usage: pager FILE [BYTE]...   which bytes are read; without any the last and
 *                               the first
 */
#include <membank.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "pager: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

static void print_byte(const unsigned char *memory, off_t byte, off_t size)
{
	if (byte < 0 || byte >= size)
		printf("The file has no byte %lld.\n", (long long)byte);
	else
		printf("Byte %lld is 0x%02x.\n", (long long)byte, memory[byte]);
}

/* It knows no file, only the end of the pager that regions are attached with. */
static int read_bytes(int dev, int attach, off_t size, char **bytes)
{
	void *memory;

	need(membank_region_attach(dev, attach, 0, size,
				   MEMBANK_REGION_PAGER |
					   MEMBANK_REGION_READ_ONLY,
				   0, NULL, &memory),
	     MEMBANK_ATTACH, "attach the pager");
	if (!*bytes) {
		print_byte(memory, size - 1, size);
		print_byte(memory, 0, size);
	}
	for (; *bytes; bytes++)
		print_byte(memory, atoll(*bytes), size);
	return EXIT_SUCCESS;
}

/* Until the other process has let go of its region. */
static void serve(int dev, int pager, int file, off_t size)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct membank_pager_fault fault;
	size_t brought = 0;
	int dataspace, ret;
	char *memory;

	need(membank_dataspace_alloc(dev, size, 0, 0, &dataspace),
	     MEMBANK_ALLOC, "allocate as much as the file has");
	need(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL,
				   (void **)&memory),
	     MEMBANK_ATTACH, "attach the dataspace");

	while ((ret = membank_pager_read(pager, &fault)) > 0) {
		/* The rest of the last page stays zero. */
		if (pread(file, memory + fault.offset, page, fault.offset) <
		    0) {
			perror("pager: cannot read the file");
			need(membank_pager_fail(pager, fault.id), MEMBANK_PAGE,
			     "say that there is nothing");
			continue;
		}
		printf("Page %llu is touched and brought from the file.\n",
		       (unsigned long long)fault.offset / page);
		ret = membank_pager_reply(pager, fault.id, dataspace,
					  fault.offset, 0);
		/* Who touched it may be at a limit of its memory, and this one alone. */
		if (ret == -ENOMEM)
			ret = membank_pager_fail(pager, fault.id);
		/* Or it was killed: then nobody waits. */
		if (ret != -ENOENT)
			need(ret, MEMBANK_PAGE, "answer");
		brought++;
	}
	need(ret, MEMBANK_PAGE, "read faults");
	printf("%zu of %zu pages were brought.\n", brought,
	       ((size_t)size + page - 1) / page);
}

int main(int argc, char **argv)
{
	int file, dev, pager, attach, status;
	struct stat found;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: pager FILE [BYTE]...\n");
		return EXIT_FAILURE;
	}
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &found)) {
		perror("pager: cannot open the file");
		return EXIT_FAILURE;
	}

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_pager_create(dev, &pager, &attach), MEMBANK_PAGE,
	     "create a pager");
	pid = fork();
	if (pid < 0) {
		perror("pager: fork");
		return EXIT_FAILURE;
	}
	/* Each keeps its end: so each learns when the other one is gone. */
	if (!pid) {
		close(pager);
		return read_bytes(dev, attach, found.st_size, argv + 2);
	}
	close(attach);
	serve(dev, pager, file, found.st_size);
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "pager: the reader failed\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
