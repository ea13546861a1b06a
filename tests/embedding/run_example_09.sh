#!/usr/bin/env bash
# Folds 300 rows of the demo's family (all of the query's length, so an alignment as they are).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$2/data/demo/query.fasta" >"$work/family.a3m"
zcat "$2/data/demo/family_and_decoys.fasta.gz" |
  awk '/^>/ {keep = /^>family_/; count += keep} keep && count <= 300' >>"$work/family.a3m"
"$1" "$work/family.a3m" "$work/model.pdb"
grep -c ' CA ' "$work/model.pdb"
