# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The Test Anything Protocol: check and tap_end write it, run_program runs
# something that writes it and counts. Sourced, also inside the guest.

tap_number=0
tap_failed=0

# check NAME COMMAND…: one test. What COMMAND says is shown when it fails.
check() {
	local name=$1 output ret=0
	shift

	# Not in a condition: errexit would be off inside COMMAND.
	set +e
	output=$(set -e && "$@" 2>&1 < /dev/null)
	ret=$?
	set -e
	tap_number=$((tap_number + 1))
	if ((ret == 0)); then
		echo "ok $tap_number - $name"
		return
	fi
	tap_failed=$((tap_failed + 1))
	output=${output:-it ended with status $ret and said nothing}
	printf '# %s\n' "${output//$'\n'/$'\n# '}"
	echo "not ok $tap_number - $name"
}

# The plan, and a status that says whether all went well.
tap_end() {
	echo "1..$tap_number"
	((tap_failed == 0))
}

# count_tap FILE STATUS: prints passed, failed and skipped. A program that
# broke off, or failed without saying where, has one failure more.
count_tap() {
	awk -v status="$2" '
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; if (/ # SKIP/) plan = ++skipped }
		/^ok [0-9]+/ { if (/ # SKIP/) skipped++; else passed++ }
		/^not ok [0-9]+/ { failed++ }
		END {
			if (!plan || passed + failed + skipped != plan)
				failed++
			else if (status != 0 && !failed && !(status == 4 && skipped))
				failed++
			print passed + 0, failed + 0, skipped + 0
		}' "$1"
}

# What was said about each test that failed, and why some were skipped.
explain_tap() {
	awk -v status="$2" -v limit="$3" '
		/^1\.\.[0-9]+/ { plan = substr($1, 4); planned = 1 }
		/^(not )?ok [0-9]+|^1\.\.0 /  {
			done += !/^1\.\./
			if (/^not/)
				printf "%s    %s\n", said, $0
			else if (match($0, / # SKIP */)) {
				reason = substr($0, RSTART + RLENGTH)
				if (!skipped[reason]++)
					reasons[++kinds] = reason
			}
			said = ""
			lines = 0
			next
		}
		/^# +RUN |^# +OK / { next }
		lines++ < 60 { said = said "    " $0 "\n" }
		END {
			for (i = 1; i <= kinds; i++)
				printf "    skipped %d: %s\n", skipped[reasons[i]], reasons[i]
			if (planned && done == plan && (status == 0 || status == 4 || status == 1))
				exit
			printf "%s", said
			if (status == 124 || status == 137)
				print "    stopped: it was still running after " limit " seconds"
			else
				printf "    ended with status %d after %d of %s tests\n", status, done,
					planned ? plan : "an unknown number of"
		}' "$1"
}

# unlisted_skips PATTERN…: of the TAP it reads, each reason for which tests were skipped
# and that none of the patterns, which are globs, is for.
unlisted_skips() {
	local reason pattern

	sed -nE '/^(ok [0-9]+|1\.\.0)/s/.* # SKIP *//p' | sort -u | while read -r reason; do
		for pattern; do
			# shellcheck disable=SC2053
			[[ $reason != $pattern ]] || continue 2
		done
		echo "$reason"
	done
}

# Asked after each program whether all else went well; for scripts to replace.
witness() {
	:
}

# count FOLDER NAME PASSED FAILED SKIPPED: what a program or another verdict adds to
# FOLDER/results. The text it reads is printed, and kept in FOLDER/failures if
# something failed, because the end of a long run is where one looks for that.
count() {
	local text

	text=$(< /dev/stdin)
	echo "$text"
	echo "$2 $3 $4 $5" >> "$1/results"
	(($4 == 0)) || echo "$text" >> "$1/failures"
}

# run_program FOLDER NAME SECONDS COMMAND…: runs one program that writes TAP
# into FOLDER/NAME.tap, counts it, prints one line and the reasons below it.
run_program() {
	local out=$1 name=$2 limit=$3 began=$SECONDS status=0 counts text why
	shift 3

	timeout -k 5 "$limit" "$@" > "$out/$name.tap" 2>&1 < /dev/null || status=$?
	read -ra counts <<< "$(count_tap "$out/$name.tap" "$status")"
	witness "$out/$name" || counts[1]=$((counts[1] + 1))
	printf -v text '%-28s %5d passed %5d failed %5d skipped %5d s' "$name" "${counts[@]}" \
		"$((SECONDS - began))"
	if ((status != 0 || counts[1] + counts[2] != 0)); then
		why=$(explain_tap "$out/$name.tap" "$status" "$limit")
		text+=${why:+$'\n'$why}
	fi
	[[ ! -e $out/$name.report ]] || text+=$'\n'$(sed 's/^/    /' "$out/$name.report")
	count "$out" "$name" "${counts[@]}" <<< "$text"
}
