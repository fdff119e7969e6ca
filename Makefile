# SPDX-License-Identifier: GPL-2.0-only
VERSION := 0.1.0
