#!/usr/bin/env bash
# Unpacks the newest dist/*.deb, starts its program in an empty network namespace on a virtual screen, and searches:
# what the installer carries has to answer alone.
set -euo pipefail
cd "$(dirname "$0")/.."

deb=$(ls -t dist/*.deb 2>/dev/null | head -n 1)
[ -n "$deb" ] || { printf 'check-package: there is no dist/*.deb: run `make package`\n' >&2; exit 1; }
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
dpkg-deb -x "$deb" "$tree"
cargo test --quiet -p faltkarta-tests --test window --no-run
# The driver is spoken to over loopback, which a new namespace has but does not start.
FALTKARTA_INSTALLED=$tree/usr/bin/faltkarta-desktop unshare --map-root-user --net sh -c '
	ip link set lo up
	exec cargo test --offline --quiet -p faltkarta-tests --test window -- --ignored installed_package'
printf '%s answers without a network.\n' "$deb"
