// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <fcntl.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "internal.h"

/* What a file of sysfs can hold. */
#define SYSFS_TEXT 4096

static const char *reason(int ret)
{
	switch (ret) {
	case -EEXIST:
		return "membank is loaded already with other parameters: unload it first (modprobe -r membank), or use it as it is";
	case -ENOENT:
		return "there is no module membank for the running kernel: build and install it with make and make install, or install its dkms package";
	case -EPERM:
	case -EACCES:
		return "only root may load modules: use sudo, or ask who runs this machine";
	case -ECANCELED:
		return "an install command in /etc/modprobe.d keeps membank from being loaded: remove it";
	case -EKEYREJECTED:
	case -ENOKEY:
		return "the kernel takes only signed modules (Secure Boot): sign membank with a key the machine knows";
	case -ENOEXEC:
		return "the module membank was built for another kernel: build it again for the running one";
	case -EINVAL:
	case -ERANGE:
	case -ENODEV:
		return "membank refused its parameters: the kernel log (dmesg) says which and why";
	case -ENOMEM:
		return "there is not as much contiguous memory as the parameters ask for: the kernel log (dmesg) says how much there is, and which cma= to boot with";
	}
	return strerrordesc_np(-ret);
}

/* What it says in sysfs, without the newline; false if it cannot be read. */
static bool read_module_file(const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/membank/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, size);
	close(fd);
	if (length <= 0)
		return false;
	text[length - 1] = '\0';
	return true;
}

/* A module that is on its way in may yet fail, and so does not count. */
static bool is_loaded(void)
{
	char state[16];

	return read_module_file("initstate", state, sizeof(state)) &&
	       !strcmp(state, "live");
}

/* Whether the module was loaded with @param, "name=value" of @length bytes. */
static bool has_param(const char *param, size_t length)
{
	const char *value = memchr(param, '=', length);
	char file[32], text[SYSFS_TEXT];

	if (!value)
		return false;
	length -= ++value - param;
	if ((size_t)snprintf(file, sizeof(file), "parameters/%.*s",
			     (int)(value - 1 - param), param) >= sizeof(file))
		return false;
	return read_module_file(file, text, sizeof(text)) &&
	       strlen(text) == length && !memcmp(text, value, length);
}

/* Whether @params would have made of the module what it is. */
static bool has_params(const char *params)
{
	size_t length;

	for (;; params += length) {
		params += strspn(params, " ");
		length = strcspn(params, " ");
		if (!length)
			return true;
		if (!has_param(params, length))
			return false;
	}
}

static int insert(struct kmod_ctx *ctx, const char *params)
{
	struct kmod_list *list = NULL;
	struct kmod_module *module;
	int ret;

	ret = kmod_module_new_from_lookup(ctx, "membank", &list);
	if (ret == -ENOMEM)
		return ret;
	/* Where there is no list of modules at all, it says so in other words. */
	if (ret < 0 || !list)
		return -ENOENT;

	module = kmod_module_get_module(list);
	ret = kmod_module_probe_insert_module(module, KMOD_PROBE_FAIL_ON_LOADED,
					      params, NULL, NULL, NULL);
	/* With these, libkmod runs them instead, and says nothing of their end. */
	if (ret && ret != -EEXIST && kmod_module_get_install_commands(module))
		ret = -ECANCELED;
	kmod_module_unref(module);
	kmod_module_unref_list(list);
	return ret;
}

static int load(const char *params)
{
	struct kmod_ctx *ctx;
	int ret;

	/* First, for a module that was loaded without being installed. */
	if (is_loaded())
		return has_params(params) ? 0 : -EEXIST;

	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	/* Nothing that it says is as grave as that. */
	kmod_set_log_priority(ctx, LOG_EMERG);
	ret = insert(ctx, params);
	kmod_unref(ctx);

	/* Another one was faster. */
	if (ret == -EEXIST && has_params(params))
		ret = 0;
	return ret;
}

MEMBANK_API int membank_load(const char *params, char *why, size_t size)
{
	const char *text;
	int ret;

	if (!params)
		params = "";
	ret = load(params);
	if (ret && why && size) {
		text = reason(ret);
		snprintf(why, size, "%s (asked for: membank%s%s)",
			 text ? text : "an unknown error", *params ? " " : "",
			 params);
	}
	return ret;
}
