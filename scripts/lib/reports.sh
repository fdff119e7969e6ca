# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A first look for reports in a kernel's log, without a process: in an emulator with a
# debugging kernel, grep takes half a second until it has begun. Sourced, also inside the
# guest, after scripts is set.

# The patterns in one. What matches anything (.*) does so up to the end of its line, or a long
# log would be read again from each of its lines on.
mapfile -t report_patterns < "$scripts/lib/reports"
any_report=$(IFS='|' && echo "${report_patterns[*]//.\*/[^$'\n']*}")

# matches TEXT PATTERN: 1 if not, 2 if that is no pattern.
matches() {
	[[ $1 =~ $2 ]]
}

# may_have_reports FILE: whether grep has to look for them. In what is long it is faster.
may_have_reports() {
	local LC_ALL=C text status=0

	text=$(< "$1")
	((${#text} < 16384)) || return 0
	matches "$text" "$any_report" || status=$?
	((status != 1))
}
