#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD
"""Allocate from a bank with nothing but Python's mmap module.

usage: mmap_bank.py [NODE [MIB]]   /dev/membank0 and 1 MiB by default
"""
import mmap
import sys

node = sys.argv[1] if len(sys.argv) > 1 else "/dev/membank0"
length = (int(sys.argv[2]) if len(sys.argv) > 2 else 1) << 20

with open(node, "r+b", buffering=0) as bank:
    memory = mmap.mmap(bank.fileno(), length)

with memory:
    if any(memory[:4096]):
        sys.exit("mmap_bank.py: the memory is not zeroed")
    memory[:5] = b"hello"
    print(f"{node}: {length >> 20} MiB allocated, holds {memory[:5]!r}")
