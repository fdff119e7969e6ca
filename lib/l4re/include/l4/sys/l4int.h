/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Integers of a known size, and those of the size of an address. */
#ifndef L4_SYS_L4INT_H
#define L4_SYS_L4INT_H

typedef signed char l4_int8_t;
typedef unsigned char l4_uint8_t;
typedef signed short l4_int16_t;
typedef unsigned short l4_uint16_t;
typedef signed int l4_int32_t;
typedef unsigned int l4_uint32_t;
__extension__ typedef signed long long l4_int64_t;
__extension__ typedef unsigned long long l4_uint64_t;

typedef unsigned long l4_addr_t;
typedef signed long l4_mword_t;
typedef unsigned long l4_umword_t;
typedef unsigned long l4_size_t;
typedef signed long l4_ssize_t;

#endif /* L4_SYS_L4INT_H */
