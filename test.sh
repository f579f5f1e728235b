#!/usr/bin/env bash
# Passes the tests on a fresh machine with the .NET SDK: installs what they need from Debian's packages, starts a PostgreSQL
# on loopback, checks the format, builds, and runs everything. Ends with the line "N passed, N failed, N skipped".
# Options for dotnet test may follow, as in: ./test.sh --filter FullyQualifiedName~SeedStory
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

source tests/environment.sh

install_missing() {
  local missing=()
  [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing+=(postgresql)
  command -v openssl >/dev/null || missing+=(openssl)
  command -v curl >/dev/null || missing+=(curl)
  # Opens backups, as somebody would who has no gateway any more.
  command -v gpg >/dev/null || missing+=(gpg)
  # What the cluster tests run: two real nodes and a witness, each a systemd of its own in namespaces.
  [ -x /lib/systemd/systemd ] || missing+=(systemd)
  [ -x /usr/sbin/pacemakerd ] || missing+=(pacemaker)
  [ -x /usr/sbin/crm_mon ] || missing+=(pacemaker-cli-utils)
  [ -x /usr/sbin/corosync ] || missing+=(corosync)
  [ -x /usr/sbin/corosync-qdevice ] || missing+=(corosync-qdevice)
  [ -x /usr/bin/corosync-qnetd ] || missing+=(corosync-qnetd)
  [ -e /usr/lib/ocf/resource.d/heartbeat/IPaddr2 ] || missing+=(resource-agents)
  [ -x /usr/sbin/nft ] || missing+=(nftables)
  [ -x /usr/bin/arping ] || [ -x /usr/sbin/arping ] || missing+=(iputils-arping)
  [ -x /usr/bin/certutil ] || missing+=(libnss3-tools)
  [ -x /usr/sbin/ip ] || [ -x /sbin/ip ] || missing+=(iproute2)
  [ -x /usr/sbin/mkfs.ext4 ] || [ -x /sbin/mkfs.ext4 ] || missing+=(e2fsprogs)
  [ -x /usr/bin/faketime ] || missing+=(faketime)
  [ -x /usr/bin/pgrep ] || missing+=(procps)
  command -v zsh >/dev/null || missing+=(zsh)
  # A real directory, for those who sign in with its users.
  [ -x /usr/sbin/slapd ] || missing+=(slapd)
  command -v ldapadd >/dev/null || missing+=(ldap-utils)
  [ -e /usr/lib/x86_64-linux-gnu/libldap-2.5.so.0 ] || missing+=(libldap-2.5-0)
  # What the tests of the pages look through.
  [ -x /usr/bin/chromium ] || missing+=(chromium)
  # Chinese in the pictures of the pages.
  [ -e /usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf ] || [ -n "$(fc-list :lang=zh-tw 2>/dev/null)" ] || missing+=(fonts-droid-fallback)
  command -v afl-fuzz >/dev/null || [ ! -e tests/TransportGateway.Fuzz/fuzz.sh ] || missing+=(afl++)
  install_packages "${missing[@]}"
}

install_missing

say "restoring and building"
dotnet restore --locked-mode -v quiet
if [ $# -eq 0 ]; then
  say "checking the format"
  dotnet format --no-restore --verify-no-changes
fi
dotnet build --no-restore -c Release -v quiet

say "starting PostgreSQL ($("$(postgres_bin)/postgres" --version)) on loopback"
port=$(start_postgres pg "-c synchronous_commit=on -c fsync=off")
export TG_TEST_POSTGRESQL="Host=127.0.0.1;Port=$port;Username=gateway;Database=postgres"
# A second one waits for a standby that never comes: what is committed there is not acknowledged.
port=$(start_postgres pg-lonely "-c fsync=off -c synchronous_standby_names=nobody")
export TG_TEST_POSTGRESQL_LONELY="Host=127.0.0.1;Port=$port;Username=gateway;Database=postgres"

# A run in which no test ends for a quarter of an hour is stopped, and says which tests hang.
run=(--no-build -c Release --logger "console;verbosity=normal" --results-directory artifacts/test-results --blame-hang-timeout 15m --blame-hang-dump-type none)

say "running the tests"
status=0
dotnet test tests/TransportGateway.Tests "${run[@]}" "$@" 2>&1 | tee "$work/tests.log" || status=1

say "running the tests of the pages in a real browser; pictures of every screen go to artifacts/screens"
dotnet test tests/TransportGateway.Browser.Tests "${run[@]}" "$@" 2>&1 | tee -a "$work/tests.log" || status=1

say "running the cluster tests: two nodes and a witness in namespaces (as root)"
as_root "$(command -v dotnet)" test tests/TransportGateway.Cluster.Tests "${run[@]}" "$@" 2>&1 | tee -a "$work/tests.log" || status=1

if [ $# -eq 0 ] && [ -e tests/TransportGateway.Fuzz/fuzz.sh ]; then
  say "fuzzing the parsers, a minute each"
  tests/TransportGateway.Fuzz/fuzz.sh 60 || status=1
fi

# What failed, or hung, is said once more at the end, where somebody looks first.
failures=$(awk '/^  Failed |^The active test run was aborted/ { said = 1 } /^  (Passed|Skipped) |^Test Run Failed|^Attachments|^Test run for/ { said = 0 } said && !/^\[xUnit|^$/' "$work/tests.log")
[ -z "$failures" ] || { say "what failed"; echo "$failures"; }

# count WORD: the sum of the figures behind that word in the runner's closing lines.
count() { awk -v word="$1:" '$1 == word && NF == 2 { sum += $2 } END { print sum + 0 }' "$work/tests.log"; }
passed=$(count Passed) failed=$(count Failed) skipped=$(count Skipped)
# Also what is no test: a run that was stopped, a parser that crashed.
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ] && [ "$skipped" -eq 0 ] && [ "$status" -eq 0 ]
