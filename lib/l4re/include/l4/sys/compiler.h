/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the compiler is told in headers for both languages. */
#ifndef L4_SYS_COMPILER_H
#define L4_SYS_COMPILER_H

#include <l4/sys/linkage.h>

#ifdef __cplusplus
#define L4_INLINE inline
#define L4_NOTHROW noexcept
#define L4_BEGIN_DECLS extern "C" {
#define L4_END_DECLS }
#define L4_DEFAULT_PARAM(value) = value
#else
#define L4_INLINE static inline
#define L4_NOTHROW
#define L4_BEGIN_DECLS
#define L4_END_DECLS
#define L4_DEFAULT_PARAM(value)
#endif

/* Older programs have these. */
#ifndef EXTERN_C_BEGIN
#define EXTERN_C_BEGIN L4_BEGIN_DECLS
#define EXTERN_C_END L4_END_DECLS
#endif

#define L4_EXPORT __attribute__((visibility("default")))
#define L4_NORETURN __attribute__((noreturn))
#define L4_LIKELY(truth) __builtin_expect((truth), 1)
#define L4_UNLIKELY(truth) __builtin_expect((truth), 0)

#endif /* L4_SYS_COMPILER_H */
