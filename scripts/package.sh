#!/usr/bin/env bash
# Writes dist/faltkarta_VERSION_ARCH.deb: both programs, icon, menu entry, and a package of open data (design: the
# bundle carries data), so that map and search answer at the first start on a computer without a network.
#
#   PROFILE=dev|release   how the programs are built
#   BUNDLE=DIR            a package written by `faltkarta package STORE --to DIR`; default: the demo town's
#
# dpkg-deb and not Tauri's own bundler: that one derives the Debian name from the product's name, and "fältkarta" is
# not a name that Debian allows; it also leaves the command line program out.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${FALTKARTA_CACHE:?started by make}" "${CARGO_TARGET_DIR:?started by make}"
PROFILE=${PROFILE:-release}
built=$CARGO_TARGET_DIR/$PROFILE
[ "$PROFILE" != dev ] || built=$CARGO_TARGET_DIR/debug

say() { printf '%s\n' "$*"; }
fail() {
	printf 'package: %s\n' "$*" >&2
	exit 1
}

if [ -z "${BUNDLE:-}" ]; then
	scripts/run.sh demo
	# The newest town is the one that was just made or found done.
	BUNDLE=$(ls -td "$FALTKARTA_CACHE"/demo/*/bundle | head -n 1)
fi
[ -f "$BUNDLE/package.json" ] || fail "$BUNDLE is not a package: it has no package.json"

say "Compiling the programs (profile $PROFILE) …"
cargo build --quiet --profile "$PROFILE" -p faltkarta-cli -p faltkarta-desktop

# Crash points are for tests: the name of their orders must not be in what is shipped.
for program in faltkarta faltkarta-desktop; do
	! grep -q FALTKARTA_FAULTS "$built/$program" || fail "$program was built with crash points"
done

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
arch=$(dpkg --print-architecture)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

install -D -m 755 "$built/faltkarta-desktop" "$tree/usr/bin/faltkarta-desktop"
install -D -m 755 "$built/faltkarta" "$tree/usr/bin/faltkarta"
strip --strip-unneeded "$tree"/usr/bin/*
for file in "$BUNDLE"/*; do
	install -D -m 644 "$file" "$tree/usr/lib/faltkarta/package/$(basename "$file")"
done
mkdir -p "$tree/usr/lib/faltkarta/console"
cp -r ui/dist-console/. "$tree/usr/lib/faltkarta/console/"
install -D -m 644 src-tauri/icons/32x32.png "$tree/usr/share/icons/hicolor/32x32/apps/faltkarta.png"
install -D -m 644 src-tauri/icons/128x128.png "$tree/usr/share/icons/hicolor/128x128/apps/faltkarta.png"
install -D -m 644 src-tauri/icons/mark.svg "$tree/usr/share/icons/hicolor/scalable/apps/faltkarta.svg"
install -D -m 644 scripts/faltkarta.desktop "$tree/usr/share/applications/faltkarta.desktop"
[ ! -f LICENSE ] || install -D -m 644 LICENSE "$tree/usr/share/doc/faltkarta/copyright"

# What the programs link is told by dpkg itself; the rest is what the window needs on a plain computer.
links=$(
	work=$(mktemp -d)
	mkdir -p "$work/debian"
	printf 'Source: faltkarta\n\nPackage: faltkarta\nArchitecture: any\n' >"$work/debian/control"
	cd "$work"
	if command -v dpkg-shlibdeps >/dev/null; then
		dpkg-shlibdeps -O "$tree"/usr/bin/* 2>/dev/null | sed -n 's/^shlibs:Depends=//p'
	fi
	rm -rf "$work"
)
depends=${links:-libc6, libgtk-3-0, libwebkit2gtk-4.1-0, libssl3}
mkdir -p "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: faltkarta
Version: $version
Architecture: $arch
Maintainer: Fältkarta <faltkarta@example.org>
Section: science
Priority: optional
Installed-Size: $(du -sk "$tree/usr" | cut -f 1)
Depends: $depends
Recommends: libgl1-mesa-dri, fonts-dejavu-core
Description: map, forms and synchronisation for field staff, with or without a network
 Fältkarta holds the base map, the addresses and the network of a municipality on a
 laptop, answers questions about them without a network, records inspections, and
 exchanges them with the geodata store when there is one. This package carries the
 open datasets, so that map and search answer at the first start.
CONTROL

mkdir -p dist
deb=dist/faltkarta_${version}_${arch}.deb
dpkg-deb --root-owner-group -Zzstd -z 6 --build "$tree" "$deb" >/dev/null 2>&1 ||
	dpkg-deb --root-owner-group --build "$tree" "$deb" >/dev/null
say "Wrote $deb, $(du -h "$deb" | cut -f 1)."
