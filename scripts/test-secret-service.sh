#!/usr/bin/env bash
# The laptop's key in a real Secret Service: a session bus and a key ring of their own, gone when the test ends.
set -euo pipefail
cd "$(dirname "$0")/.."

# The whole workspace by name of the test: what `cargo test --workspace` has built is used again.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export FALTKARTA_TEST_SECRET_SERVICE=1 CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
# Without a display, so that no prompt can wait for somebody; the key ring is unlocked with a word nobody needs.
env -u DISPLAY HOME="$home" dbus-run-session -- bash -c '
	printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
	exec timeout 900 cargo test --workspace --quiet --lib a_key_is_found_again
'
