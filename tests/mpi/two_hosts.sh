#!/bin/bash
# Two hosts on this machine: network name spaces with names of their own, joined by a cable. Runs a
# program on N ranks over them, the first half on the first host, through Open MPI over TCP.
# usage: two_hosts.sh run [--cut-at WORDS | --kill-at WORDS] N PROGRAM [ARGUMENT…]
#   --cut-at WORDS    takes the cable out when a line of the output holds WORDS
#   --kill-at WORDS   kills all that runs on the second host then
#   mpirun does not always end after that: it is killed once no rank is left on either host
# FOLDSTREAM_SURVIVE=1: the job goes on when a rank is lost. FOLDSTREAM_TWO_HOSTS_SECONDS: the most
# it may take (120). Both hosts see the same files. Returns what mpirun returns; 124 if it took too
# long; 77 where it cannot work: needs root, ip (iproute2), unshare and Open MPI.
set -euo pipefail

usage() { sed -n '4,8p' "$0" | cut -c3- >&2; exit 2; }
cannot() { echo "two_hosts.sh: skipped: $1" >&2; exit 77; }

[[ $# -ge 1 && $1 == run ]] || usage
shift
action=none words=
case ${1:-} in
  --cut-at) action=cut words=$2; shift 2 ;;
  --kill-at) action=kill words=$2; shift 2 ;;
esac
[[ $# -ge 2 && $1 =~ ^[1-9][0-9]*$ ]] || usage
ranks=$1
shift

[[ $(id -u) -eq 0 ]] || cannot "only root may make network name spaces"
command -v ip >/dev/null || cannot "'ip' is not here; install iproute2"
command -v unshare >/dev/null || cannot "'unshare' is not here; install util-linux"
version=$(mpirun --version 2>/dev/null | head -1) || cannot "mpirun is not here; install openmpi-bin"
[[ $version == *"Open MPI) "* ]] || cannot "mpirun is not that of Open MPI"

first=foldstream-a-$$ second=foldstream-b-$$ folder=$(mktemp -d)
end_all() {
  for host in "$first" "$second"; do
    ip netns pids "$host" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns delete "$host" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap end_all EXIT
trap 'exit 130' INT TERM

# the hosts and their cable
ip netns add "$first" 2>"$folder/why" || cannot "$(cat "$folder/why")"
ip netns add "$second"
ip -n "$first" link add cable type veth peer name cable netns "$second"
ip -n "$first" address add 10.77.0.1/24 dev cable
ip -n "$second" address add 10.77.0.2/24 dev cable
for host in "$first" "$second"; do
  ip -n "$host" link set lo up
  ip -n "$host" link set cable up
done

# HOST NAME COMMAND…: runs a command on a host
on_host() {
  local host=$1 name=$2
  shift 2
  ip netns exec "$host" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$name" "$@"
}
# what mpirun takes for ssh
cat >"$folder/remote" <<END
#!/bin/sh
shift
exec ip netns exec $second unshare --uts sh -c 'hostname node-b && exec sh -c "\$0"' "\$*"
END
chmod +x "$folder/remote"
printf '10.77.0.1 slots=%d\n10.77.0.2 slots=%d\n' $(((ranks + 1) / 2)) $((ranks / 2)) >"$folder/hosts"

options=(--hostfile "$folder/hosts" -n "$ranks" --bind-to none --map-by slot
  --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24)
case $version in
  *"MPI) 4"*)
    options+=(--allow-run-as-root --mca plm_rsh_agent "$folder/remote"
      --mca oob_tcp_if_include 10.77.0.0/24)
    [[ ${FOLDSTREAM_SURVIVE:-0} == 1 ]] && options+=(--enable-recovery)
    ;;
  *)
    options+=(--allow-run-as-root --prtemca plm_ssh_agent "$folder/remote"
      --prtemca prte_if_include 10.77.0.0/24)
    [[ ${FOLDSTREAM_SURVIVE:-0} == 1 ]] && options+=(--with-ft ulfm)
    ;;
esac
export OMPI_MCA_mpi_yield_when_idle=1

is_struck=no
strike() {
  case $action in
    cut) ip -n "$first" link set cable down && is_struck=yes ;;
    kill) { ip netns pids "$second" | xargs -r kill -9; } || true; is_struck=yes ;;
  esac
  action=none
}
# HOST: whether a process runs there that is of the program
has_ranks() {
  local pid
  for pid in $(ip netns pids "$1"); do
    if grep -qzx "OMPI_COMM_WORLD_RANK=.*" "/proc/$pid/environ" 2>/dev/null; then return 0; fi
  done
  return 1
}
end_struck_job() {
  if [[ $is_struck == no ]] || has_ranks "$first" || has_ranks "$second"; then return; fi
  ip netns pids "$first" | xargs -r kill -9 2>/dev/null || true
}

# what runs on the second host would keep a pipe open: the output goes through a file
touch "$folder/output"
limit=${FOLDSTREAM_TWO_HOSTS_SECONDS:-120}
SECONDS=0
on_host "$first" node-a timeout -k 1 "$limit" \
  mpirun "${options[@]}" "$@" </dev/null >"$folder/output" 2>&1 &
launcher=$!
exec 3< <(exec tail -n +1 -s 0.05 -f --pid=$launcher "$folder/output" 2>/dev/null)
while true; do
  got=0
  IFS= read -r -t 1 line <&3 || got=$?
  if ((got > 128)); then  # nothing in this second
    end_struck_job
    continue
  fi
  ((got == 0)) || break
  printf '%s\n' "$line"
  if [[ $action != none && $line == *"$words"* ]]; then strike; fi
done
code=0
{ wait "$launcher"; } 2>/dev/null || code=$?
if ((code != 0 && SECONDS >= limit)); then code=124; fi
exit "$code"
