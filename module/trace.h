/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM membank

#if !defined(MEMBANK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MEMBANK_TRACE_H

#include <linux/tracepoint.h>

/* clang-format does not know the kernel's layout of these. */
/* clang-format off */

TRACE_EVENT(membank_alloc,

	TP_PROTO(u32 bank, unsigned long first, unsigned long pages,
		 unsigned int order),

	TP_ARGS(bank, first, pages, order),

	TP_STRUCT__entry(
		__field(u32, bank)
		__field(unsigned long, first)
		__field(unsigned long, pages)
		__field(unsigned int, order)
	),

	TP_fast_assign(
		__entry->bank = bank;
		__entry->first = first;
		__entry->pages = pages;
		__entry->order = order;
	),

	TP_printk("bank=%u first=%lu pages=%lu order=%u",
		  __entry->bank, __entry->first, __entry->pages,
		  __entry->order)
);

TRACE_EVENT(membank_free,

	TP_PROTO(u32 bank, unsigned long first, unsigned long pages),

	TP_ARGS(bank, first, pages),

	TP_STRUCT__entry(
		__field(u32, bank)
		__field(unsigned long, first)
		__field(unsigned long, pages)
	),

	TP_fast_assign(
		__entry->bank = bank;
		__entry->first = first;
		__entry->pages = pages;
	),

	TP_printk("bank=%u first=%lu pages=%lu",
		  __entry->bank, __entry->first, __entry->pages)
);

TRACE_EVENT(membank_trigger,

	TP_PROTO(const void *notifier, unsigned int receivers),

	TP_ARGS(notifier, receivers),

	TP_STRUCT__entry(
		__field(const void *, notifier)
		__field(unsigned int, receivers)
	),

	TP_fast_assign(
		__entry->notifier = notifier;
		__entry->receivers = receivers;
	),

	TP_printk("notifier=%p receivers=%u",
		  __entry->notifier, __entry->receivers)
);

#endif /* MEMBANK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
