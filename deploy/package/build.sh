#!/usr/bin/env bash
# Builds the Debian package: server, console, units and resource agents.
#   build.sh [FOLDER]                     with the .NET runtime inside; into artifacts/package by default
#   build.sh FOLDER --without-runtime     from a build that is there already; the machine needs the .NET runtime. VERSION counts over
#                                         the one in the sources.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:-artifacts/package}")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
if [ "${2:-}" = --without-runtime ]; then
  deploy/package/stage.sh "$root"
  runtime=aspnetcore-runtime-10.0
else
  deploy/package/stage.sh "$root" --self-contained
  runtime="libstdc++6, zlib1g"
fi
version=${VERSION:-$(cat "$root/usr/lib/transport-gateway/version")}
echo "$version" >"$root/usr/lib/transport-gateway/version"
install -d "$root/DEBIAN" "$out"
cat >"$root/DEBIAN/control" <<C
Package: transport-gateway
Version: $version
Architecture: amd64
Maintainer: The transport gateway's team <transport-gateway@example.org>
Installed-Size: $(du -sk "$root" | cut -f 1)
Depends: libc6, libssl3, ca-certificates, systemd, $runtime
Recommends: libldap-2.5-0 | libldap2, postgresql, pacemaker, pacemaker-cli-utils, corosync, corosync-qdevice, resource-agents, libnss3-tools, nftables, iputils-arping, iproute2, curl
Suggests: fence-agents, corosync-qnetd
Section: net
Priority: optional
Description: on-premises Smart Licensing server
 Products register with it over HTTPS and report the licences they use. One machine, or two nodes
 behind a virtual address on Pacemaker, Corosync and PostgreSQL.
C
echo /etc/transport-gateway/gateway.json >"$root/DEBIAN/conffiles"
cat >"$root/DEBIAN/postinst" <<'C'
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
systemd-sysusers transport-gateway.conf
systemd-tmpfiles --create transport-gateway.conf
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
if [ -z "$2" ]; then
  systemctl enable --now transport-gateway.service
elif [ -e /var/lib/transport-gateway-removed ]; then
  # Installed again after a removal, which left the settings: see prerm.
  xargs --no-run-if-empty systemctl enable --now </var/lib/transport-gateway-removed
  rm /var/lib/transport-gateway-removed
else
  # An upgrade. The other node serves meanwhile, where there is one: see Upgrade in the operator's guide.
  systemctl try-restart transport-gateway.service
fi
if [ -e /etc/transport-gateway/cluster.json ]; then
  systemctl enable --now transport-gateway-switchover.path
fi
C
cat >"$root/DEBIAN/prerm" <<'C'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  if [ -e /etc/transport-gateway/cluster.json ]; then
    echo "This machine is a node of a cluster. Run ha_teardown first." >&2
    exit 1
  fi
  # What an administrator had disabled stays so when the package is installed again. A removal that is begun twice adds to the list.
  for unit in transport-gateway.service transport-gateway-postgresql.service; do
    if systemctl --quiet is-enabled $unit; then echo $unit; fi
  done >>/var/lib/transport-gateway-removed
  systemctl disable --now transport-gateway.service transport-gateway-postgresql.service || true
fi
C
cat >"$root/DEBIAN/postrm" <<'C'
#!/bin/sh
set -e
[ "$1" != purge ] || rm -f /var/lib/transport-gateway-removed
C
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
dpkg-deb --root-owner-group --build "$root" "$out/transport-gateway_${version}_amd64.deb"
