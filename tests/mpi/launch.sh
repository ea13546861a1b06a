#!/bin/sh
# Starts PROGRAM on N ranks of this machine, with whichever MPI launcher is here.
# usage: launch.sh N PROGRAM [ARGUMENT…]
# FOLDSTREAM_SURVIVE=1: the job goes on when a rank is lost.
set -eu
if [ $# -lt 2 ]; then
  echo "usage: launch.sh N PROGRAM [ARGUMENT…]" >&2
  exit 2
fi
ranks=$1
shift
launcher=${MPIEXEC:-$(command -v mpirun || command -v mpiexec || true)}
if [ -z "$launcher" ]; then
  echo "launch.sh: found neither mpirun nor mpiexec. Install openmpi-bin, or set MPIEXEC." >&2
  exit 2
fi
# a launcher must not believe that it is itself one of the ranks of an outer job
for name in $(env | sed -n 's/^\(OMPI_COMM_[A-Z_]*\|PMIX_[A-Z_]*\|PMI_[A-Z_]*\)=.*/\1/p'); do
  unset "$name"
done
set -- -n "$ranks" "$@"
version=$("$launcher" --version 2>&1)
if [ "${FOLDSTREAM_SURVIVE:-0}" = 1 ]; then
  case $version in
    *"Open MPI) 4"*) set -- --enable-recovery "$@" ;;
    *"Open MPI) "*) set -- --with-ft ulfm "$@" ;;
    *) echo "launch.sh: only Open MPI lets a job go on when a rank is lost." >&2; exit 2 ;;
  esac
fi
case $version in
  *"Open MPI"* | *"OpenRTE"* | *"Open RTE"* | *"PRRTE"*)
    set -- --oversubscribe --bind-to none "$@"
    if [ "$(id -u)" -eq 0 ]; then set -- --allow-run-as-root "$@"; fi
    # ranks that share cores give them away while they wait
    export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
    # no network is needed on one machine
    export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1
    ;;
esac
exec "$launcher" "$@"
