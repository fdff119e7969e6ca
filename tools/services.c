// SPDX-License-Identifier: GPL-2.0-only
/*
 * membank services - who offers what, and membank watch - who comes and goes.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <membank.h>

#include "tool.h"

/* Clients that are asked for at once. */
#define PART 1024

/* Room for a user or group as text; longer names of them are cut. */
#define WHO_TEXT 33

static const char *user_text(char *text, uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);

	if (entry)
		snprintf(text, WHO_TEXT, "%s", entry->pw_name);
	else
		snprintf(text, WHO_TEXT, "%u", uid);
	return text;
}

static const char *group_text(char *text, gid_t gid)
{
	const struct group *entry = getgrgid(gid);

	if (entry)
		snprintf(text, WHO_TEXT, "%s", entry->gr_name);
	else
		snprintf(text, WHO_TEXT, "%u", gid);
	return text;
}

/* As ls shows it. */
static const char *mode_text(char *text, unsigned int mode)
{
	unsigned int bit;

	for (bit = 0; bit < 9; bit++)
		text[bit] = mode & 0400 >> bit ? "rwx"[bit % 3] : '-';
	text[bit] = '\0';
	return text;
}

static void print_offers(const struct membank_service_entry *entry)
{
	const struct membank_offered *offer = entry->offers;
	unsigned int i;

	for (i = 0; i < entry->nr_offers; i++, offer++) {
		if (i)
			printf(", ");
		if (offer->kind == MEMBANK_OFFER_DATASPACE)
			printf("dataspace %s%s",
			       offer->rights & MEMBANK_DATASPACE_READ ? "r" :
									"",
			       offer->rights & MEMBANK_DATASPACE_WRITE ? "w" :
									 "");
		else
			printf("notifier %s%s",
			       offer->rights & MEMBANK_NOTIFIER_TRIGGER ? "t" :
									  "",
			       offer->rights & MEMBANK_NOTIFIER_RECEIVE ? "r" :
									  "");
	}
	printf("%s\n", i ? "" : "nothing");
}

/**
 * struct clients - who is connected at one moment
 * @list: by their numbers
 * @count: how many
 * @changes: how many came and went until then
 */
struct clients {
	struct membank_service_client *list;
	unsigned int count;
	uint64_t changes;
};

/*
 * Asks for all, in as many parts as it takes, when the count is not @changes any
 * more; 0: at once. Returns 0 or a negative errno; @clients is to be freed.
 */
static int get_clients(int dev, const char *name, uint64_t changes,
		       struct clients *clients)
{
	struct membank_service_client *list = NULL, *larger;
	unsigned int count = 0, part;
	uint64_t after = 0;
	int ret;

	do {
		larger = realloc(list, (count + PART) * sizeof(*list));
		if (!larger) {
			ret = -ENOMEM;
			goto free_list;
		}
		list = larger;
		part = PART;
		ret = membank_service_clients(dev, name, after, -1, &changes,
					      list + count, &part);
		if (ret)
			goto free_list;
		if (!after)
			clients->changes = changes;
		changes = 0;
		count += part;
		if (part)
			after = list[count - 1].client;
	} while (part == PART);
	clients->list = list;
	clients->count = count;
	return 0;

free_list:
	free(list);
	return ret;
}

static void print_client(const struct membank_service_client *client,
			 const char *what)
{
	char user[WHO_TEXT], group[WHO_TEXT];

	printf("client %llu (pid %d, user %s, group %s)%s\n",
	       (unsigned long long)client->client, client->pid,
	       user_text(user, client->uid), group_text(group, client->gid),
	       what);
}

static void print_clients(int dev, const struct membank_service_entry *entry)
{
	struct clients clients = {};
	unsigned int i;
	int ret;

	ret = get_clients(dev, entry->name, 0, &clients);
	/* It has ended meanwhile, and so have its clients. */
	if (ret == -ENOENT)
		return;
	if (ret)
		printf("    %s\n", membank_explain(MEMBANK_CLIENTS, ret));
	for (i = 0; i < clients.count; i++) {
		printf("    ");
		print_client(&clients.list[i], "");
	}
	free(clients.list);
}

static void print_service(int dev, struct membank_service_entry *entry,
			  int width, bool with_clients)
{
	char user[WHO_TEXT], group[WHO_TEXT], mode[10];
	char name[sizeof(entry->name)];

	strcpy(name, entry->name);
	tool_make_harmless(name);
	printf("%-*s %8d  %-10s %-10s %s %7u  ", width, name, entry->pid,
	       user_text(user, entry->uid), group_text(group, entry->gid),
	       mode_text(mode, entry->mode), entry->nr_clients);
	print_offers(entry);
	if (with_clients)
		print_clients(dev, entry);
}

/* All services there are; @out_entries is to be freed. */
static int get_services(int dev, struct membank_service_entry **out_entries,
			unsigned int *out_count)
{
	struct membank_service_entry *entries = NULL, *larger;
	unsigned int count = 0, part;
	const char *after;
	int more, ret;

	do {
		part = MEMBANK_SERVICE_LIST_MAX;
		larger = realloc(entries, (count + part) * sizeof(*entries));
		if (!larger) {
			ret = -ENOMEM;
			goto free_entries;
		}
		entries = larger;
		after = count ? entries[count - 1].name : NULL;
		ret = membank_service_list(dev, after, entries + count, &part,
					   &more);
		if (ret)
			goto free_entries;
		count += part;
	} while (more);
	*out_entries = entries;
	*out_count = count;
	return 0;

free_entries:
	free(entries);
	return ret;
}

int tool_services(int argc, char **argv)
{
	struct membank_service_entry *entries;
	int width = strlen("NAME"), length;
	bool with_clients = false;
	unsigned int count, i;
	int dev, ret;

	if (argc == 2 && !strcmp(argv[1], "--clients"))
		with_clients = true;
	else if (argc != 1)
		return tool_usage_error();
	ret = tool_open(&dev);
	if (ret)
		return EXIT_FAILURE;
	ret = get_services(dev, &entries, &count);
	if (ret) {
		fprintf(stderr, "membank: cannot list the services: %s\n",
			membank_explain(MEMBANK_CLIENTS, ret));
		close(dev);
		return EXIT_FAILURE;
	}

	for (i = 0; i < count; i++) {
		length = strlen(entries[i].name);
		if (length > width)
			width = length;
	}
	printf("%-*s %8s  %-10s %-10s %-9s %7s  %s\n", width, "NAME", "PID",
	       "OWNER", "GROUP", "MODE", "CLIENTS", "OFFERS");
	for (i = 0; i < count; i++)
		print_service(dev, &entries[i], width, with_clients);
	free(entries);
	close(dev);
	return EXIT_SUCCESS;
}

static void print_time(void)
{
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	printf("%02d:%02d:%02d.%03ld  ", local.tm_hour, local.tm_min,
	       local.tm_sec, now.tv_nsec / 1000000);
}

static void print_change(const struct membank_service_client *client,
			 const char *what)
{
	print_time();
	print_client(client, what);
}

/* Both are in the order of numbers. */
static void print_changes(const struct clients *before,
			  const struct clients *now)
{
	uint64_t changes = now->changes - before->changes, shown = 0;
	const struct membank_service_client *was = before->list;
	const struct membank_service_client *is = now->list;
	const struct membank_service_client *was_end = was + before->count;
	const struct membank_service_client *is_end = is + now->count;

	while (was < was_end || is < is_end) {
		if (is == is_end ||
		    (was < was_end && was->client < is->client)) {
			print_change(was++, " is gone");
			shown++;
		} else if (was == was_end || is->client < was->client) {
			print_change(is++, " connected");
			shown++;
		} else {
			was++;
			is++;
		}
	}
	/* Faster than we looked. */
	if (changes > shown + 1) {
		print_time();
		printf("%llu more came and went\n",
		       (unsigned long long)(changes - shown) / 2);
	}
}

/* Returns -ENOENT when the service has ended. */
static int watch(int dev, const char *name, struct clients *before)
{
	struct clients now;
	unsigned int i;
	int ret;

	ret = get_clients(dev, name, 0, before);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	for (i = 0; i < before->count; i++)
		print_change(&before->list[i], " is connected");

	while (!ferror(stdout)) {
		ret = get_clients(dev, name, before->changes, &now);
		if (ret == -EINTR)
			continue;
		if (ret)
			return ret;
		/* Another one has the name already. */
		if (now.changes < before->changes) {
			free(now.list);
			return -ENOENT;
		}
		print_changes(before, &now);
		free(before->list);
		*before = now;
	}
	return 0;
}

int tool_watch(int argc, char **argv)
{
	struct clients clients = {};
	int dev, ret;

	if (argc != 2)
		return tool_usage_error();
	ret = tool_open(&dev);
	if (ret)
		return EXIT_FAILURE;

	/* Each line at once, also for who reads from a pipe. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = watch(dev, argv[1], &clients);
	free(clients.list);
	close(dev);
	if (!ret)
		return EXIT_SUCCESS;
	if (ret == -ENOENT) {
		print_time();
		printf("the service has ended\n");
		return EXIT_SUCCESS;
	}
	tool_make_harmless(argv[1]);
	fprintf(stderr, "membank: cannot watch service '%s': %s\n", argv[1],
		ret == -ESRCH ? "no service of this name is running" :
				membank_explain(MEMBANK_CLIENTS, ret));
	return EXIT_FAILURE;
}
