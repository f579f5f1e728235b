# For scripts that need packages of Debian's and a PostgreSQL of their own; sourced by them.

say() { printf '\n== %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# install_packages PACKAGE...: from Debian's packages, and says so.
install_packages() {
  [ $# -gt 0 ] || return 0
  # A machine that has just booted may be looking for updates by itself.
  local patience=(-o Acquire::Retries=5 -o DPkg::Lock::Timeout=600)
  say "installing from Debian's packages: $*"
  as_root apt-get "${patience[@]}" update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${patience[@]}" install -q -y --no-install-recommends "$@"
}

work=$(mktemp -d)
chmod 711 "$work"

postgres_bin() { dirname "$(ls /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)"; }
# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

cleanup() {
  for data in "$work"/pg*; do
    [ -d "$data" ] && as_postgres "$(postgres_bin)/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 || true
  done
  rm -rf "$work"
}
trap cleanup EXIT

free_port() {
  local port=$((20000 + RANDOM % 12000))
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}

# start_postgres NAME OPTIONS: on loopback, thrown away at the end; prints the port.
start_postgres() {
  local data="$work/$1" port
  [ "$(id -u)" != 0 ] || chown postgres "$work"
  port=$(free_port)
  as_postgres "$(postgres_bin)/initdb" -D "$data" -A trust -U gateway --no-sync --locale=C.UTF-8 >"$work/$1.log" 2>&1 || { cat "$work/$1.log" >&2; return 1; }
  as_postgres "$(postgres_bin)/pg_ctl" -D "$data" -w -t 300 -l "$data/server.log" start \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data -c max_connections=300 -c wal_level=replica $2" >>"$work/$1.log" 2>&1 \
    || { cat "$work/$1.log" "$data/server.log" >&2; return 1; }
  echo "$port"
}
