/* SPDX-License-Identifier: 0BSD */
/* What the server has: memory to share, and an Irq that tells of news in it. */
#pragma once

#include <l4/re/dataspace>
#include <l4/sys/capability>
#include <l4/sys/cxx/ipc_iface>
#include <l4/sys/irq>

struct My_interface : L4::Kobject_t<My_interface, L4::Kobject, 0x44> {
	L4_INLINE_RPC(int, get_shared_buffer,
		      (L4::Ipc::Out<L4::Cap<L4Re::Dataspace> > ds,
		       L4::Ipc::Out<L4::Cap<L4::Irq> > irq));

	typedef L4::Typeid::Rpcs<get_shared_buffer_t> Rpcs;
};
