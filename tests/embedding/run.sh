#!/usr/bin/env bash
# Installs the build folder $1 into a fresh prefix, builds the outside project $2 against all that
# the installation has, runs its programs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/prefix" >"$work/log"
components="core;io"
for component in workflows mpi; do
  if [[ -n $(find "$work/prefix" -name "foldstream-$component.cmake") ]]; then
    components+=";$component"
  fi
done
cmake -S "$2" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$work/prefix" -DCOMPONENTS="$components" >>"$work/log" ||
  { cat "$work/log"; exit 1; }
cmake --build "$work/build" >>"$work/log" || { cat "$work/log"; exit 1; }
for program in "$work"/build/*; do
  if [[ -f $program && -x $program ]]; then "$program"; fi
done
"$work/prefix/bin/foldstream" version
