#!/usr/bin/env bash
# Coverage-guided fuzzing of the parsers with afl++: tests/TransportGateway.Fuzz/fuzz.sh [seconds per target] [target...]
# Stops by itself. Fails when a crash or a hang was found, and says where the input is.
set -euo pipefail

seconds="${1:-60}"
shift || true
targets=("${@:-}")
[ -n "${targets[0]}" ] || targets=(smart-message call-home)

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$here/../../artifacts/fuzz"
library=TransportGateway.Protocol.dll

if ! command -v afl-fuzz >/dev/null; then
  echo "afl-fuzz is missing; on Debian: apt-get install afl++" >&2
  exit 2
fi

rm -rf "$work"
mkdir -p "$work"
cd "$here"
dotnet build -c Release --nologo -v quiet
cp -r "../../artifacts/bin/TransportGateway.Fuzz/release" "$work/bin"
dotnet tool restore >/dev/null
dotnet sharpfuzz "$work/bin/$library"

# Containers and small machines: no core pattern to change, no pinning to a core, and no native binary to inspect.
export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_QUIET=1 DOTNET_TieredPGO=0 DOTNET_gcServer=0

# All at the same time, each on a processor where there are so many.
declare -A running
for target in "${targets[@]}"; do
  # afl-fuzz stops itself; the outer limit is for a run that never gets going.
  timeout --kill-after=10 "$((seconds + 120))" \
    afl-fuzz -i "Seeds/$target" -o "$work/$target" -x "Seeds/$target.dict" -V "$seconds" -t 30000 -m none \
    -- dotnet "$work/bin/TransportGateway.Fuzz.dll" "$target" >"$work/$target.log" 2>&1 &
  running[$target]=$!
done

failed=0
for target in "${targets[@]}"; do
  out="$work/$target"
  wait "${running[$target]}" || failed=1

  stats="$out/default/fuzzer_stats"
  if [ ! -f "$stats" ]; then
    echo "$target: afl-fuzz did not start:" >&2
    tail -20 "$work/$target.log" >&2
    failed=1
    continue
  fi

  figure() { sed -n "s/^$1 *: *//p" "$stats"; }
  echo "$target: $(figure execs_done) executions in $(figure run_time) s ($(figure execs_per_sec)/s)," \
    "$(figure corpus_count) inputs kept, $(figure edges_found) edges," \
    "$(figure saved_crashes) crashes, $(figure saved_hangs) hangs"
  if [ "$(figure saved_crashes)" != 0 ] || [ "$(figure saved_hangs)" != 0 ] || [ "$(figure execs_done)" -lt 1000 ]; then
    failed=1
    # What is found on a machine that is thrown away afterwards has to be seen again elsewhere: say the input itself and what it does.
    find "$out/default/crashes" "$out/default/hangs" -name 'id:*' | sed -n 1,5p | while read -r finding; do
      echo "$finding, in base64:" >&2
      base64 -w 160 "$finding" >&2
      timeout 30 dotnet "$work/bin/TransportGateway.Fuzz.dll" "$target" "$finding" >&2 || true
    done
    echo "See one again with: dotnet run --project $here -- $target <file>" >&2
  fi
done
exit "$failed"
