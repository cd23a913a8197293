#!/usr/bin/env bash
# keeper.sh BIN FOLDER PORT: a throw-away PostgreSQL cluster, for tests and figures.
set -eu
bin=$1 folder=$2 port=$3
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
mkdir -p "$folder"; [ "$(id -u)" != 0 ] || chown postgres "$folder"
trap 'as "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
as "$bin/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-instructions >/dev/null
start() {
	as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -s start \
		-o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c max_prepared_transactions=20 -c max_connections=120"
}
start
echo up
while read -r word; do
	case $word in
	kill) as "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop ;;
	start) start ;;
	*) exit 1 ;;
	esac
	echo "$word done"
done
