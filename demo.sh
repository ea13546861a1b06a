#!/usr/bin/env bash
# Set-up, then the main job on data/demo: search a family among decoys, fold it, refine it.
#   ./demo.sh [OUT]     OUT: the results folder, demo-results if not given
set -euo pipefail
cd "$(dirname "$0")"
./setup.sh
out=${1:-demo-results}
foldstream=${FOLDSTREAM_BUILD:-build}/apps/foldstream
"$foldstream" db build data/demo/family_and_decoys.fasta.gz "${FOLDSTREAM_BUILD:-build}/demo.fsdb"
exec "$foldstream" fold data/demo/query.fasta --database "${FOLDSTREAM_BUILD:-build}/demo.fsdb" \
  --models 3 --seed 1 --out "$out"
