// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a core file holds of membank: nothing. Memory of a bank is shared with
 * others, who did not crash, and it is large.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "common.h"
#include "io.h"

#define LENGTH (64 * KIB)
#define PATTERN "/proc/sys/kernel/core_pattern"

/* What is mapped; each is filled with bytes of its own. */
enum { DATASPACE = 1, BANK, ANONYMOUS, SHARED, KINDS };

FIXTURE(core)
{
	/* What the setup found, for the teardown in the parent. */
	char pattern[256];
	char folder[32];
};

static bool write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, line, strlen(line)) == strlen(line);

	close(fd);
	return ok;
}

/* The child: has one of each, all of which its filter lets into the file. */
static void crash(void)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int dev = test_open(0), file = memfd_create("core", MFD_CLOEXEC);
	char *mem[KINDS];
	int i;

	mem[DATASPACE] = test_map(test_alloc(dev, LENGTH, 0, 0), LENGTH);
	mem[BANK] = test_map(dev, LENGTH);
	mem[ANONYMOUS] = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ftruncate(file, LENGTH))
		_exit(1);
	mem[SHARED] = test_map(file, LENGTH);
	for (i = DATASPACE; i < KINDS; i++) {
		if (mem[i] == MAP_FAILED)
			_exit(2);
		bytes_fill(mem[i], LENGTH, i);
	}
	/* Nor can a program ask for it, as it can for other memory. */
	if (!madvise(mem[DATASPACE], LENGTH, MADV_DODUMP) || errno != EINVAL)
		_exit(3);
	if (!write_line("/proc/self/coredump_filter", "0x1ff") ||
	    setrlimit(RLIMIT_CORE, &limit))
		_exit(4);
	abort();
}

FIXTURE_SETUP(core)
{
	int fd;

	ASSERT_TRUE(test_banks_empty());
	fd = open(PATTERN, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "this kernel writes no core files");
	ASSERT_LE(0, read(fd, self->pattern, sizeof(self->pattern) - 1));
	close(fd);
	snprintf(self->folder, sizeof(self->folder),
		 "/tmp/membank-core-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->folder));
}

FIXTURE_TEARDOWN_PARENT(core)
{
	EXPECT_TRUE(write_line(PATTERN, self->pattern));
	EXPECT_TRUE(test_banks_empty());
}

/* Whether the file has bytes of one kind: even the half of a page would do. */
static bool holds(const char *text, size_t length, int kind)
{
	char bytes[2 * KIB];

	bytes_fill(bytes, sizeof(bytes), kind);
	return memmem(text, length, bytes, sizeof(bytes));
}

TEST_F(core, file_has_other_memory_and_none_of_a_bank)
{
	char path[64];
	struct stat stat;
	pid_t child;
	char *text;
	int fd;

	snprintf(path, sizeof(path), "%s/core", self->folder);
	ASSERT_TRUE(write_line(PATTERN, path));
	child = fork();
	if (!child)
		crash();
	EXPECT_EQ(-SIGABRT, test_wait_child(child));

	/* The kernel may append the process id. */
	if (access(path, F_OK))
		snprintf(path, sizeof(path), "%s/core.%d", self->folder, child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	unlink(path);
	rmdir(self->folder);
	ASSERT_EQ(0, fstat(fd, &stat));
	text = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, text);

	EXPECT_TRUE(holds(text, stat.st_size, ANONYMOUS));
	EXPECT_TRUE(holds(text, stat.st_size, SHARED));
	EXPECT_FALSE(holds(text, stat.st_size, DATASPACE));
	EXPECT_FALSE(holds(text, stat.st_size, BANK));
}

TEST_HARNESS_MAIN
