#!/usr/bin/env bash
# Set-up, then all tests. Arguments go to ctest: ./test.sh -R core
set -euo pipefail
cd "$(dirname "$0")"
./setup.sh --tests
exec ctest --test-dir "${FOLDSTREAM_BUILD:-build}" --output-on-failure --timeout 600 "$@"
