// SPDX-License-Identifier: GPL-2.0-only
/*
 * An interface with numbers may be declared. To call it, or to serve it, is an error
 * of the compiler, which scripts/check-static looks for.
 */
#include <l4/re/env>
#include <l4/re/util/object_registry>
#include <l4/sys/cxx/ipc_iface>

struct Calc : L4::Kobject_t<Calc, L4::Kobject, 0x44> {
	L4_INLINE_RPC(int, sub,
		      (l4_uint32_t one, l4_uint32_t other,
		       l4_uint32_t *result));

	typedef L4::Typeid::Rpcs<sub_t> Rpcs;
};

#ifdef CALL
static int use(l4_uint32_t *result)
{
	return L4Re::Env::env()->get_cap<Calc>("calc")->sub(1, 2, result);
}
#endif

#ifdef SERVE
struct Object : L4::Epiface_t<Object, Calc> {
	int op_sub(Calc::Rights, l4_uint32_t one, l4_uint32_t other,
		   l4_uint32_t &result)
	{
		result = one - other;
		return 0;
	}
};

static Object object;
#endif

int main()
{
	return 0;
}
