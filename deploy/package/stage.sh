#!/usr/bin/env bash
# Lays the files of the package out below a folder, as they stand on an installed machine.
#   stage.sh FOLDER [--self-contained]
# Without --self-contained the machine needs the .NET runtime; with it, nothing but libc and OpenSSL.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=${1:?usage: stage.sh FOLDER [--self-contained]}
programs=$root/usr/lib/transport-gateway

if [ "${2:-}" = --self-contained ]; then
  for project in TransportGateway TransportGateway.Cli; do
    dotnet publish "src/$project" -c Release -r linux-x64 --self-contained -p:PublishReadyToRun=true -p:RestoreLockedMode=true \
      -p:ArtifactsPath="$PWD/artifacts/package" -p:DebugType=none -o "$programs" -v quiet
  done
else
  for project in TransportGateway TransportGateway.Cli; do
    dotnet publish "src/$project" -c Release --no-build -p:DebugType=none -o "$programs" -v quiet
  done
fi
sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' Directory.Build.props >"$programs/version"

install -d "$root/usr/bin" "$root/usr/lib/ocf/resource.d/transport-gateway" "$root/usr/lib/systemd/system" "$root/usr/lib/sysusers.d" \
  "$root/usr/lib/tmpfiles.d" "$root/usr/share/doc/transport-gateway" "$root/etc/transport-gateway"
ln -sf ../lib/transport-gateway/tgctl "$root/usr/bin/tgctl"
for command in ha_generatekeys ha_provision_standby ha_deploy ha_status ha_cluster_start ha_cluster_stop ha_teardown; do
  # Commands of their own, under the names that administrators know.
  printf '#!/bin/sh\nexec /usr/lib/transport-gateway/tgctl ha %s "$@"\n' "${command#ha_}" >"$root/usr/bin/$command"
  chmod 755 "$root/usr/bin/$command"
done
install -d "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions"
"$programs/tgctl" completion bash >"$root/usr/share/bash-completion/completions/tgctl"
"$programs/tgctl" completion zsh >"$root/usr/share/zsh/vendor-completions/_tgctl"
install -m 755 deploy/ocf/postgres deploy/ocf/gateway "$root/usr/lib/ocf/resource.d/transport-gateway/"
install -m 755 deploy/systemd/postgresql-alone "$programs/"
install -m 644 deploy/systemd/transport-gateway.service deploy/systemd/transport-gateway-postgresql.service \
  deploy/systemd/transport-gateway-switchover.path deploy/systemd/transport-gateway-switchover.service "$root/usr/lib/systemd/system/"
install -m 644 deploy/systemd/sysusers.conf "$root/usr/lib/sysusers.d/transport-gateway.conf"
install -m 644 deploy/systemd/tmpfiles.conf "$root/usr/lib/tmpfiles.d/transport-gateway.conf"
install -m 644 deploy/package/gateway.json "$root/etc/transport-gateway/gateway.json"
install -m 644 README.md CHANGELOG.md "$root/usr/share/doc/transport-gateway/"
install -m 644 deploy/README.md "$root/usr/share/doc/transport-gateway/operator-guide.md"
