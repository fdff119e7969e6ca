// SPDX-License-Identifier: LGPL-2.1-or-later
#include <libkmod.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static void quiet(void *data, int priority, const char *file, int line,
		  const char *function, const char *format, va_list args)
{
}

static const char *reason(int ret)
{
	switch (ret) {
	case -EEXIST:
		return "membank is loaded already, perhaps with other parameters: unload it first, or use it as it is";
	case -ENOENT:
	case -ENOSYS:
		return "there is no module membank for the running kernel: build and install it with make and make install, or install its dkms package";
	case -EPERM:
	case -EACCES:
		return "only root may load modules: use sudo, or ask who runs this machine";
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
	return NULL;
}

static int insert(struct kmod_ctx *ctx, const char *params)
{
	struct kmod_list *list = NULL;
	struct kmod_module *module;
	int ret;

	ret = kmod_module_new_from_lookup(ctx, "membank", &list);
	if (ret < 0)
		return ret;
	if (!list)
		return -ENOENT;

	module = kmod_module_get_module(list);
	ret = kmod_module_probe_insert_module(module,
					      *params ? KMOD_PROBE_FAIL_ON_LOADED : 0,
					      params, NULL, NULL, NULL);
	kmod_module_unref(module);
	kmod_module_unref_list(list);
	return ret;
}

MEMBANK_API int membank_load(const char *params, char *why, size_t size)
{
	const char *text;
	struct kmod_ctx *ctx;
	int ret;

	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	kmod_set_log_fn(ctx, quiet, NULL);
	ret = insert(ctx, params ? params : "");
	kmod_unref(ctx);

	/* Blacklisting and the like are positive numbers of libkmod's own. */
	if (ret > 0)
		ret = -EPERM;
	if (ret && why && size) {
		text = reason(ret);
		snprintf(why, size, "%s", text ? text : strerror(-ret));
	}
	return ret;
}
