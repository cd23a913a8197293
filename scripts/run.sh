#!/usr/bin/env bash
# The demo town, from delivery to window: scripts/run.sh demo|window
# Each step says one line and is skipped when it was done already; a change of what makes the town starts it anew.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${FALTKARTA_CACHE:?started by make}" "${CARGO_TARGET_DIR:?started by make}"
SCALE=${SCALE:-1}
PROGRAMS=$CARGO_TARGET_DIR/debug

say() { printf '%s\n' "$*"; }

# What decides how the town and its store look; the programs themselves may change without a new town.
town_key() {
	{
		printf 'scale %s\n' "$SCALE"
		find crates/demo crates/formats crates/geo crates/model crates/protocol crates/search crates/server \
			crates/spatial crates/tiles data/datasets data/forms -type f -print0 | sort -z | xargs -0 sha256sum
	} | sha256sum | cut -c 1-12
}

# step NAME TEXT COMMAND…: runs the command once for this town.
step() {
	local name=$1 text=$2 began=$SECONDS
	shift 2
	if [ -e "$TOWN/.$name" ]; then
		say "$text: done already."
		return
	fi
	say "$text …"
	"$@" >"$TOWN/$name.log" 2>&1 || {
		tail -n 20 "$TOWN/$name.log" >&2
		printf 'run: %s failed; the whole of it is in %s\n' "$text" "$TOWN/$name.log" >&2
		exit 1
	}
	touch "$TOWN/.$name"
	say "$text: $((SECONDS - began)) s."
}

# Steps that were cut off leave half a result; they begin from nothing.
write_delivery() { rm -rf "$TOWN/delivery" && "$PROGRAMS/faltkarta" demo "$TOWN/delivery" --scale "$SCALE"; }
import_delivery() { rm -rf "$TOWN/store" && "$PROGRAMS/faltkarta" import "$TOWN/store" "$TOWN/delivery"; }
cut_package() { rm -rf "$TOWN/bundle" && "$PROGRAMS/faltkarta" package "$TOWN/store" --to "$TOWN/bundle"; }
join_laptop() { "$PROGRAMS/faltkarta" field "$TOWN/laptop" join "http://127.0.0.1:$1"; }

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The laptop remembers its store's address, so the port stays the same from one run to the next.
choose_port() {
	local port
	if [ -e "$TOWN/port" ]; then
		cat "$TOWN/port"
		return
	fi
	for port in $(seq 8470 8499); do
		if ! is_listening "$port"; then
			echo "$port" | tee "$TOWN/port"
			return
		fi
	done
	printf 'run: no free port from 8470 to 8499\n' >&2
	exit 1
}

serve_until_exit() {
	local port=$1
	if is_listening "$port"; then
		say "Something listens on port $port already; the window will use it if it is the geodata store."
		return
	fi
	"$PROGRAMS/faltkarta" serve "$TOWN/store" --listen "127.0.0.1:$port" --console ui/dist-console >>"$TOWN/serve.log" 2>&1 &
	SERVER=$!
	trap 'kill "$SERVER" 2>/dev/null || true; wait "$SERVER" 2>/dev/null || true' EXIT
	local tries
	for tries in $(seq 100); do
		is_listening "$port" && break
		kill -0 "$SERVER" 2>/dev/null || break
		sleep 0.1
	done
	if ! is_listening "$port"; then
		tail -n 20 "$TOWN/serve.log" >&2
		printf 'run: the geodata store did not start (%s tries); its log is above\n' "$tries" >&2
		exit 1
	fi
	say "The geodata store is served on http://127.0.0.1:$port until the window closes."
}

say "Compiling (minutes the first time, seconds after) …"
packages=(-p faltkarta-cli)
[ "$1" = window ] && packages+=(-p faltkarta-desktop)
cargo build --quiet "${packages[@]}"

TOWN=$FALTKARTA_CACHE/demo/$(town_key)
mkdir -p "$TOWN"
# Towns of earlier versions: what can be made again goes, the laptops with their edits stay.
for old in "$FALTKARTA_CACHE"/demo/*; do
	[ "$old" = "$TOWN" ] || rm -rf "$old"/{delivery,store,bundle} "$old"/.[a-z]*
done
step demo "Writing the demo delivery of the four municipalities" write_delivery
step import "Importing the delivery into a geodata store" import_delivery
step package "Cutting the package that an installer carries" cut_package
[ "$1" = window ] || exit 0

port=$(choose_port)
serve_until_exit "$port"
step join "Enrolling a laptop and fetching its package" join_laptop "$port"

if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	say "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open. Look at it anyway:"
	say "  a picture: xvfb-run -s '-screen 0 1280x800x24' sh -c '$PROGRAMS/faltkarta-desktop --dir $TOWN/laptop & sleep 15; import -window root window.png; kill \$!'"
	say "  a browser: cargo run -p faltkarta-tests --bin bridge -- --dir $TOWN/laptop"
	exit 1
fi
say "Opening the window. The laptop's folder is $TOWN/laptop"
FALTKARTA_BUNDLE=$TOWN/bundle "$PROGRAMS/faltkarta-desktop" --dir "$TOWN/laptop"
