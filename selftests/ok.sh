# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests that are scripts share: one line of TAP for each condition.

number=0
failed=0
detail=

# ok WORDS: the last condition, as in `[[ … ]]; ok "words"`. What is known about
# a failure is in $detail, and is said before it.
ok() {
	local status=$?

	number=$((number + 1))
	if ((status == 0)); then
		echo "ok $number - $1"
	else
		failed=1
		[[ -z $detail ]] || printf '%s\n' "$detail" | sed 's/^/# /'
		echo "not ok $number - $1"
	fi
	detail=
}

# The plan, and the status: the last thing a test does.
finish() {
	echo "1..$number"
	exit "$failed"
}
