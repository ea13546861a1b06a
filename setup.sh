#!/usr/bin/env bash
# Installs the Debian packages that are missing, configures, and builds release into build/.
#   ./setup.sh                packages (as root or through sudo), configure, build
#   ./setup.sh --no-install   only checks the packages; configures and builds
#   ./setup.sh --tests        builds the tests too (test.sh does this)
# Idempotent. Another build folder: FOLDSTREAM_BUILD=folder ./setup.sh
set -euo pipefail
cd "$(dirname "$0")"

packages=(
  cmake ninja-build g++ ccache pkg-config
  libtbb-dev libxxhash-dev                               # core
  libhdf5-dev hdf5-tools gemmi-dev zlib1g-dev libzstd-dev nlohmann-json3-dev  # io
  libparasail-dev libyaml-cpp-dev                        # workflows: search, definitions
  libtorch-dev libopenblas0-openmp                       # workflows: predict
  libopenmm-dev libopenmm-plugins gromacs-data           # workflows: refine
  libopenmpi-dev openmpi-bin                             # mpi
  libcli11-dev libfmt-dev libseccomp-dev libcpp-httplib-dev  # apps
  libgtest-dev libgmock-dev libbenchmark-dev tm-align dssp python3-h5py python3-xxhash  # tests
  libxml2-utils iproute2 slurm-wlm munge
)

install=yes
target=foldstream
for option in "$@"; do
  case "$option" in
    --no-install) install=no ;;
    --tests) target=all ;;
    -h | --help) sed -n '2,6p' "$0" | cut -c3-; exit 0 ;;
    *) echo "setup.sh: unknown option '$option'; see ./setup.sh --help" >&2; exit 2 ;;
  esac
done

say() { printf 'setup: %s\n' "$*"; }

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if [[ ${#missing[@]} -eq 0 ]]; then
  say "all ${#packages[@]} packages are installed"
elif [[ $install == no ]]; then
  say "missing packages: ${missing[*]}"
  say "install them with: apt-get install ${missing[*]}"
  exit 1
else
  as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { say "missing: ${missing[*]}; run as root, or install sudo" >&2; exit 1; }
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# LibTorch calls whatever libblas.so.3 is; the reference BLAS is ten times slower than OpenBLAS
blas=$(readlink -f "/usr/lib/$(uname -m)-linux-gnu/libblas.so.3" || true)
case "$blas" in
  *openblas*) say "BLAS: $blas" ;;
  *) say "BLAS: $blas is slow; choose OpenBLAS with: update-alternatives --config libblas.so.3-$(uname -m)-linux-gnu" ;;
esac

build=${FOLDSTREAM_BUILD:-build}
say "configuring $build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$build.log" 2>&1 ||
  { tail -30 "$build.log" >&2; say "configure failed; the whole output is in $build.log" >&2; exit 1; }
mv "$build.log" "$build/configure.log"
say "building $target (the first time takes some minutes)"
cmake --build "$build" --target "$target" -j "${FOLDSTREAM_JOBS:-$(nproc)}" >"$build/build.log" 2>&1 ||
  { tail -40 "$build/build.log" >&2; say "build failed; the whole output is in $build/build.log" >&2; exit 1; }
say "ready: $build/apps/foldstream"
