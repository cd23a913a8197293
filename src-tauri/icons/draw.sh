#!/usr/bin/env bash
# Draws the PNG icons from mark.svg with headless Chromium. Run it after changing the mark; the PNGs are committed.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
draw() {
	local size=$1 name=$2
	printf '<!doctype html><style>html,body{margin:0;background:transparent}img{display:block}</style><img src="%s" width="%s" height="%s">' \
		"file://$PWD/mark.svg" "$size" "$size" >"$scratch/page.html"
	# A window smaller than Chromium's least is drawn too large, so draw large and cut.
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files \
		--default-background-color=00000000 --force-device-scale-factor=1 --window-size=600,600 \
		--user-data-dir="$scratch/profile" --screenshot="$scratch/page.png" "file://$scratch/page.html" >"$scratch/log" 2>&1 ||
		{ cat "$scratch/log" >&2; exit 1; }
	convert "$scratch/page.png" -crop "${size}x${size}+0+0" +repage -strip "PNG32:$name"
}
draw 32 32x32.png
draw 128 128x128.png
draw 256 128x128@2x.png
draw 512 icon.png
