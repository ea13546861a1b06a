#!/usr/bin/env bash
# A SLURM controller and several nodes on this host, for the tests.
#   cluster.sh start DIR [NODES]   2 processors a node; all files are in DIR, its configuration in DIR/slurm.conf
#   cluster.sh restart DIR         the controller alone
#   cluster.sh stop DIR
# Needs root, slurm-wlm and munge. Partitions: main, and urgent, which takes nodes away from main's jobs.
set -euo pipefail
dir=$(realpath -m "$2")

await() {  # await TRIES COMMAND…: every half second
  local tries=$1
  shift
  for ((; tries > 0; --tries)); do
    "$@" && return
    sleep 0.5
  done
  echo "cluster.sh: gave up on: $*" >&2
  return 1
}

has_munge() { munge -n 2>/dev/null | unmunge >/dev/null 2>&1; }
are_idle() { [[ $(sinfo --noheader --partition=main --states=idle --format=%D 2>/dev/null) == "$1" ]]; }

start() {
  local nodes=$1 host megabytes port
  mkdir -p "$dir/state" "$dir/log"
  if ! has_munge; then
    [[ -e /etc/munge/munge.key ]] || mungekey --create
    install -d -o munge -g munge /run/munge /var/log/munge
    chown munge: /etc/munge/munge.key
    runuser -u munge -- /usr/sbin/munged --force
    await 20 has_munge
  fi
  host=$(hostname)
  megabytes=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024))
  port=$((20000 + $$ % 20000))
  cat >"$dir/slurm.conf" <<EOF
ClusterName=c$port
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
TmpFS=$dir/tmp-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
MpiDefault=none
JobRequeue=1
KillWait=15
ReturnToService=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=2 RealMemory=$megabytes State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
EOF
  export SLURM_CONF=$dir/slurm.conf
  slurmctld
  for ((node = 1; node <= nodes; ++node)); do
    mkdir -p "$dir/spool-n$node" "$dir/tmp-n$node"
    slurmd -N "n$node"
  done
  await 60 are_idle "$nodes"
}

restart() {
  kill "$(<"$dir/slurmctld.pid")"
  await 20 test ! -e "$dir/slurmctld.pid"
  export SLURM_CONF=$dir/slurm.conf
  slurmctld
  await 20 scontrol ping
}

are_gone() { [[ -z $(compgen -G "$dir/slurm*.pid") ]]; }

stop() {
  local file
  for file in "$dir"/slurmd-*.pid "$dir/slurmctld.pid"; do
    [[ -e $file ]] && kill "$(<"$file")" 2>/dev/null || true
  done
  await 20 are_gone || true
}

case $1 in
  start) start "${3:-3}" ;;
  restart) restart ;;
  stop) stop ;;
  *) sed -n '2,6p' "$0" | cut -c3-; exit 2 ;;
esac
