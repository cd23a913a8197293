#!/usr/bin/env bash
# All checks, one after the other, each named and timed; goes on after a failure, so that one run tells everything.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
times=()
n_failed_steps=0

step() {
	local name=$1 began=$SECONDS status=0
	shift
	printf '\n── %s\n' "$name"
	"$@" 2>&1 | tee "$logs/$(printf '%02d' ${#times[@]}).log" || status=1
	local outcome="ok"
	if [ $status -ne 0 ]; then
		outcome="FAILED"
		n_failed_steps=$((n_failed_steps + 1))
	fi
	times+=("$(printf '%-44s %-7s %5d s' "$name" "$outcome" $((SECONDS - began)))")
	printf '── %s: %s, %d s\n' "$name" "$outcome" $((SECONDS - began))
}

step "libraries and build of the interface" make --no-print-directory ui
step "Rust: formatting" cargo fmt --all --check
step "Rust: lints" cargo clippy --workspace --all-targets --quiet -- -D warnings
step "Rust: tests" cargo test --workspace --no-fail-fast
# A history takes half a second of one core; `make sim` plays 2 000.
step "400 histories of laptops and store" make --no-print-directory sim SEEDS=400
step "a season in small" make --no-print-directory sim-season
step "the key in a real Secret Service" scripts/test-secret-service.sh
step "forms are as their spreadsheets say" make --no-print-directory forms FORMS=--check
step "interface: types" npm run --silent check --prefix ui
step "interface: lints" npm run --silent lint --prefix ui
step "interface: tests" npm run --silent test --prefix ui
step "screens in headless Chromium, with axe" npm run --silent screens --prefix ui
step "form engine keeps its contract" npm run --silent contract --prefix ui
step "forms beside the map, with crashes" npm run --silent forms --prefix ui
step "journeys in the real window" make --no-print-directory journeys
step "the console in headless Chromium" make --no-print-directory console
step "segments of networks, beside WNTR" make --no-print-directory segments
step "OGC API with GDAL, OWSLib and schemathesis" make --no-print-directory ogc

# The runners' own counts: cargo's "test result: ok. 12 passed; 0 failed", and vitest's and our scripts' "12 passed".
count() {
	cat "$logs"/*.log | sed 's/\x1b\[[0-9;]*m//g' |
		grep -E '^test result:|^ *Tests +|^[a-z: ]*[0-9]+ passed' | grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'
}

printf '\nSteps:\n'
printf '  %s\n' "${times[@]}"
printf '  %-44s %-7s %5d s\n' "in all" "" "$SECONDS"
[ $n_failed_steps -eq 0 ] || printf '%d steps failed; search the output for FAILED\n' "$n_failed_steps"
printf '%d passed, %d failed\n' "$(count passed)" "$(count failed)"
[ $n_failed_steps -eq 0 ]
