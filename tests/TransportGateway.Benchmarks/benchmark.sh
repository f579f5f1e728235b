#!/usr/bin/env bash
# Measures the gateway against a floor in one run, on both engines, and prints ratios and what was missed. Starts a PostgreSQL of its own on
# loopback. Options go to the benchmark, as in: benchmark.sh --only throughput --engine postgresql; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
source tests/environment.sh

[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || install_packages postgresql
dotnet build tests/TransportGateway.Benchmarks -c Release -v quiet
TG_TEST_POSTGRESQL="Host=127.0.0.1;Port=$(start_postgres pg "-c synchronous_commit=on");Username=gateway;Database=postgres"
export TG_TEST_POSTGRESQL
artifacts/bin/TransportGateway.Benchmarks/release/TransportGateway.Benchmarks "$@"
