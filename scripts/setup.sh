#!/usr/bin/env bash
# Installs what the recipes need and is not there: scripts/setup.sh run|test
# Quick and silent about everything that is there already.
set -euo pipefail

NODE_MIN=20.19
RUST_MIN=1.95

# Debian package, and what it is for. `test` needs all of `run` besides its own.
RUN_PACKAGES=(
	"build-essential|compiles C, which the database and compression libraries are written in"
	"libdbus-1-dev|reaches the system's key store"
	"pkg-config|finds the system's libraries while compiling"
	"libssl-dev|encrypts the laptop's file (libcrypto)"
	"libwebkit2gtk-4.1-dev|draws the window"
	"libgl1-mesa-dri|draws the map on a computer without a graphics card"
	"fonts-dejavu-core|letters, where no other font is installed"
)
TEST_PACKAGES=(
	"xvfb|a virtual screen for the tests in the real window"
	"xauth|lets programs onto the virtual screen"
	"webkit2gtk-driver|presses and types in the real window"
	"chromium|shows every screen to the accessibility check"
	"dbus|the system's key store speaks over it"
	"gnome-keyring|a key store for the test of the laptop's key"
	"gdal-bin|reads what we write, as a program that is not ours"
	"python3-qgis|opens what we serve over OGC API, as the coordinator's own map program does"
	"qgis-providers|its way to OGC API"
	"iproute2|starts the loopback of an otherwise empty network"
	"postgresql|a database server for the tests of the store in PostgreSQL, which start clusters of their own"
	"postgresql-postgis|geometry columns in it"
	"rsync|the peer of updates by difference among the figures"
	"python3-venv|runs the converter of form spreadsheets"
)

say() { printf '%s\n' "$*"; }
fail() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

# Whether version $1 is at least $2.
reaches() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

check_tool() {
	local command=$1 name=$2 least=$3 advice=$4 version
	command -v "$command" >/dev/null || fail "$name is not installed. $advice"
	version=$("$command" --version | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1)
	reaches "$version" "$least" || fail "$name $version is too old, $least or later is needed. $advice"
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_missing() {
	local missing=() entry
	for entry in "$@"; do
		is_installed "${entry%%|*}" || missing+=("$entry")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	say "These packages are missing and will be installed with apt:"
	for entry in "${missing[@]}"; do
		printf '  %-24s %s\n' "${entry%%|*}" "${entry#*|}"
	done
	local as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || fail "installing needs root or sudo. As root, run: apt-get install --no-install-recommends ${missing[*]%%|*}"
		say "apt needs an administrator; sudo may ask for your password."
		as_root=(sudo)
	fi
	local log
	log=$(mktemp)
	if ! {
		"${as_root[@]}" apt-get update -q &&
			"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]%%|*}"
	} >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		fail "apt could not install the packages; its last lines are above."
	fi
	rm -f "$log"
	say "Installed ${#missing[@]} packages."
}

check_tool node Node.js "$NODE_MIN" "Install it from nodejs.org or with your version manager."
check_tool npm npm 9 "It comes with Node.js."
check_tool cargo Rust "$RUST_MIN" "Install or update it with rustup (rustup.rs)."

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	say "This is not a Debian system, so nothing is installed. Needed are the counterparts of:"
	printf '  %s\n' "${RUN_PACKAGES[@]/|/: }"
	exit 0
fi
case ${1:-run} in
run) install_missing "${RUN_PACKAGES[@]}" ;;
test) install_missing "${RUN_PACKAGES[@]}" "${TEST_PACKAGES[@]}" ;;
*) fail "usage: scripts/setup.sh run|test" ;;
esac
