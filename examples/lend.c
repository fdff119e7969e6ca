// SPDX-License-Identifier: 0BSD
/*
 * lend: one process lends memory to another for reading only, and takes it back
 * while that one still has it attached.
 */
#include <membank.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE "lend"
#define TIMEOUT_MS 60000

static void need(int ret, enum membank_operation operation, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "lend: cannot %s: %s\n", what,
		membank_explain(operation, ret));
	exit(EXIT_FAILURE);
}

/* A program that lives on would siglongjmp() from here to where it tried. */
static void on_bus_error(int signal)
{
	static const char text[] = "Borrower: the memory is gone.\n";

	(void)signal;
	_exit(write(STDOUT_FILENO, text, sizeof(text) - 1) < 0);
}

static void borrow(void)
{
	struct membank_offer offers[2];
	unsigned int count = 2;
	int dev, connection, ret;
	void *memory;

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_service_connect(dev, SERVICE, TIMEOUT_MS, offers, &count,
				     NULL, &connection),
	     MEMBANK_CONNECT, "connect to service " SERVICE);
	if (count != 2)
		need(-ENOENT, MEMBANK_CONNECT, "find what is lent");

	ret = membank_region_attach(dev, offers[0].fd, 0, 0, 0, 0, NULL,
				    &memory);
	printf("Borrower: to write it? %s.\n",
	       ret ? membank_explain(MEMBANK_ATTACH, ret) : "Yes");
	need(membank_region_attach(dev, offers[0].fd, 0, 0,
				   MEMBANK_REGION_READ_ONLY, 0, NULL, &memory),
	     MEMBANK_ATTACH, "attach what is lent");
	printf("Borrower: I read '%s'.\n", (char *)memory);
	need(membank_notifier_trigger(offers[1].fd), MEMBANK_NOTIFY,
	     "tell the owner");

	/* The connection hangs up when the owner ends the service. */
	poll(&(struct pollfd){ .fd = connection }, 1, TIMEOUT_MS);
	signal(SIGBUS, on_bus_error);
	printf("Borrower: I still read '%s'.\n", (char *)memory);
	exit(EXIT_FAILURE);
}

int main(void)
{
	int dev, dataspace, notifier, eventfd, service, status;
	void *memory;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);

	pid = fork();
	if (pid < 0) {
		perror("lend: fork");
		return EXIT_FAILURE;
	}
	if (!pid)
		borrow();

	need(membank_open(NULL, &dev), MEMBANK_OPEN, "open /dev/membank");
	need(membank_dataspace_alloc(dev, 4096, 0, 0, &dataspace),
	     MEMBANK_ALLOC, "allocate");
	need(membank_region_attach(dev, dataspace, 0, 0, 0, 0, NULL, &memory),
	     MEMBANK_ATTACH, "attach");
	memcpy(memory, "hello", sizeof("hello"));
	need(membank_notifier_create(dev, &notifier), MEMBANK_NOTIFY,
	     "create a notifier");
	need(membank_notifier_listen(notifier, &eventfd), MEMBANK_NOTIFY,
	     "listen to the notifier");

	/* Whoever connects gets a descriptor that can read, and no way to more. */
	struct membank_offer offers[] = {
		{ .fd = dataspace, .rights = MEMBANK_DATASPACE_READ },
		{ .fd = notifier, .rights = MEMBANK_NOTIFIER_TRIGGER },
	};
	need(membank_service_register(dev, SERVICE, offers, 2, 0200, &service),
	     MEMBANK_REGISTER, "register service " SERVICE);
	need(membank_notifier_wait(notifier, eventfd, TIMEOUT_MS, NULL),
	     MEMBANK_NOTIFY, "hear of the borrower");

	/* From everybody: it is not attached here any more, either. */
	need(membank_dataspace_revoke(dev, dataspace), MEMBANK_REVOKE,
	     "revoke");
	printf("Owner: I have revoked it.\n");
	close(service);
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "lend: the borrower failed\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
