#!/usr/bin/env bash
# hosts.sh - several simulated hosts on one Linux machine, for tests that need more than one.
#
#   hosts.sh up N [--docker]      N fresh hosts (what was there before is removed first)
#   hosts.sh down                 remove them; logs stay in $RIG_STATE/log, the cache in $RIG_STATE/cache
#   hosts.sh info                 JSON: every host's address, key and known_hosts path, ...
#   hosts.sh probe [--docker]     can hosts be made here? prints the reason and returns 1 if not
#   hosts.sh ssh I CMD...         run CMD on host I over ssh with the rig's key (RIG_USER=deploy for the user)
#   hosts.sh exec I CMD...        run CMD on host I as root without ssh (works when the network is cut)
#   hosts.sh dockerd I start|stop start or stop the Docker daemon of host I
#   hosts.sh delay I MS [JITTER_MS [LOSS_0_TO_1 [MBIT]]]    slow link for host I, each direction
#   hosts.sh rate I 20mbit|off    bandwidth limit for host I, each direction
#   hosts.sh partition I [J]      cut host I off the network, or only the pair I-J
#   hosts.sh heal                 undo every partition and wait until all hosts answer
#
# A host is a network namespace with its own mount, uts, pid and ipc namespace, its own sshd and host
# key, users, homes, /data, /tmp, and, with --docker, its own dockerd.  The hosts hang on a
# bridge in a namespace of its own, so the firewall of the machine does not matter to them; the
# machine itself is on the same network as $RIG_NET.254.
#
# Environment (defaults): RIG_STATE=/var/tmp/fedwarden-rig   RIG_PREFIX=rig   RIG_NET=10.98.0
#   RIG_PASSWORD=yes                    sshd PasswordAuthentication: yes | no
#   RIG_ROOT_LOGIN=prohibit-password    sshd PermitRootLogin: yes | prohibit-password | no
#   RIG_USER_PW=pw  RIG_ROOT_PW=rootpw  password stems; the number of the host is appended
#   RIG_USER=root                       who `ssh` logs in as: root | deploy
#   RIG_HIDE=""    paths the hosts must not see (such as the project checkout), separated by spaces
#   RIG_EXPOSE=""  paths the hosts see although their own tree hides them (such as a Python in somebody's home)
#   RIG_COW="/etc /usr /opt /srv /var/lib /var/log /var/cache"   trees a host may change for itself
#
# Two rigs can run side by side with different RIG_STATE, RIG_PREFIX and RIG_NET.

set -euo pipefail

STATE=${RIG_STATE:-/var/tmp/fedwarden-rig}
PREFIX=${RIG_PREFIX:-rig}
NET=${RIG_NET:-10.98.0}
COW=${RIG_COW-/etc /usr /opt /srv /var/lib /var/log /var/cache}
SWITCH=${PREFIX}sw                      # namespace that holds the bridge
GATEWAY=${PREFIX}gw                     # the machine's own leg, the only link outside namespaces
MARK="rig:$STATE"                       # put on every namespace of ours; only marked ones are touched
SHARED=/run/rig-shared                  # which rigs use mount points that had to be made in /
CLEAN_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PATH=$PATH:/usr/sbin:/sbin
USERS=/home                             # where the hosts' users live; ADMIN is root's own folder
ADMIN=/root
SELF=$(readlink -f "$0")
HERE=$(dirname "$SELF")

die() { echo "hosts.sh: $*" >&2; exit 1; }
in_net() { local ns=$1; shift; nsenter --net="/run/netns/$ns" "$@"; }    # not "ip netns exec": that one remounts /sys

# ---------------------------------------------------------------------------------------------------
# Inside a host
# ---------------------------------------------------------------------------------------------------

# Give the host a private copy-on-write view of one directory tree; leaves it shared where that fails.
cow() {
  local dir=$1 h=$2 key=${1//\//_}
  mkdir -p "$h/cow/$key/upper" "$h/cow/$key/private"
  chmod --reference="$dir" "$h/cow/$key/upper"
  mount -t overlay overlay -o "lowerdir=$dir,upperdir=$h/cow/$key/upper,workdir=$h/cow/$key/private" "$dir" 2>/dev/null
}

# Runs as pid 1 of host I, in its namespaces, with a clean environment; becomes sshd.
host_init() {
  local i=$1 docker=$2 h=$STATE/h$1 name=$PREFIX$1 dir f
  cd "$h"      # everything below is relative to it, since the state folder gets hidden on the way
  mount --make-rprivate /
  hostname "$name"

  # What must stay visible is kept under /run/keep while the trees above it are replaced.
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/sshd /run/lock /run/keep
  for dir in ${RIG_EXPOSE:-}; do
    mkdir -p "/run/keep$dir"
    mount --rbind "$dir" "/run/keep$dir"
  done

  # Own /sys (the other one shows the machine's network devices), with the same cgroup tree.
  mkdir /run/cgroup
  mount --rbind /sys/fs/cgroup /run/cgroup
  if mount -t sysfs sysfs /sys; then mount --rbind /run/cgroup /sys/fs/cgroup; fi
  umount -l /run/cgroup && rmdir /run/cgroup
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm

  for dir in $COW; do
    [ -d "$dir" ] || continue
    cow "$dir" "$h" || echo "$dir stays shared: no copy-on-write there"
  done
  if mountpoint -q /etc; then
    cp -a etc/. /etc/
  else
    for f in passwd group shadow hostname hosts machine-id; do
      [ ! -e "/etc/$f" ] || mount --bind "etc/$f" "/etc/$f"
    done
    mount --bind etc/ssh /etc/ssh
  fi

  mkdir -p /var/lib/docker
  mount --bind docker /var/lib/docker
  for dir in root home data tmp; do mount --bind "$dir" "/$dir"; done
  mount --bind vartmp /var/tmp
  exec >"../log/h$i/sshd.log" 2>&1
  if [ "$docker" = 1 ]; then host_dockerd "$i" "../log/h$i/dockerd.log"; fi

  # The state folder holds the other hosts' files and the rig's private key.
  if [ -e "$STATE/key" ]; then mount -t tmpfs -o ro,mode=755 tmpfs "$STATE"; fi
  for dir in ${RIG_HIDE:-}; do
    if [ -d "$dir" ]; then mount -t tmpfs -o ro,mode=755 tmpfs "$dir"; fi
  done
  for dir in ${RIG_EXPOSE:-}; do
    mkdir -p "$dir"
    mount --rbind "/run/keep$dir" "$dir"
    umount -l "/run/keep$dir"
  done
  cd /
  exec env -i PATH=$CLEAN_PATH LANG=C.UTF-8 /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config
}

# Start the Docker daemon of host I; runs inside the host, from its beginning or later.
host_dockerd() {
  env -i PATH=$CLEAN_PATH HOME=/root setsid dockerd --group docker \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent="/$PREFIX$1" >>"$2" 2>&1 </dev/null &
}

# ---------------------------------------------------------------------------------------------------
# Ownership and removal
# ---------------------------------------------------------------------------------------------------

namespaces() {   # names of our form, whoever made them
  local f n
  for f in /run/netns/"$PREFIX"*; do
    n=${f##*/}
    [[ $n == "$SWITCH" || $n =~ ^$PREFIX[0-9]+$ ]] && echo "$n"
  done
  return 0
}

# Ours is a namespace whose lo carries our mark; or one that we were about to mark when we were
# interrupted: written down beforehand, without any mark, nobody in it.
is_ours() {
  local alias
  alias=$(ip -n "$1" link show lo 2>/dev/null | sed -n 's/^ *alias //p')
  [ "$alias" = "$MARK" ] && return 0
  [ -z "$alias" ] && grep -qxs "$1" "$STATE/owned" && [ -z "$(ip netns pids "$1" 2>/dev/null)" ]
}

add_namespace() {
  echo "$1" >>"$STATE/owned"
  ip netns add "$1"
  ip -n "$1" link set lo alias "$MARK"
  ip -n "$1" link set lo up
}

gone() {   # wait up to 10 s until none of the given processes lives
  local p n alive
  for n in $(seq 200); do
    alive=0
    for p in "$@"; do
      if awk '/^State:/ { exit $2 == "Z" }' "/proc/$p/status" 2>/dev/null; then alive=1; fi
    done
    [ $alive = 0 ] && return 0
    sleep 0.05
  done
  return 1
}

# End everything in a namespace of ours. First pid 1 of the host: the kernel then ends the whole
# host with it, containers included, before that process disappears.
end_processes() {
  local p inits=() rest=()
  for p in $(ip netns pids "$1" 2>/dev/null); do
    [ "$p" = $$ ] && continue
    if awk '/^NSpid:/ { exit !(NF > 2 && $NF == 1) }' "/proc/$p/status" 2>/dev/null; then inits+=("$p"); fi
  done
  if [ ${#inits[@]} -gt 0 ]; then kill -KILL "${inits[@]}" 2>/dev/null || true; gone "${inits[@]}" || true; fi
  for p in $(ip netns pids "$1" 2>/dev/null); do [ "$p" = $$ ] || rest+=("$p"); done
  if [ ${#rest[@]} -gt 0 ]; then kill -KILL "${rest[@]}" 2>/dev/null || true; gone "${rest[@]}" || true; fi
}

remove_cgroups() {
  local c n
  for c in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
    [ -d "$c" ] || continue
    for n in $(seq 20); do
      find "$c" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [ -d "$c" ] || break
      sleep 0.1
    done
  done
}

# Remove every trace of this rig, also of one that crashed. Refuses to touch what is not marked.
clean() {
  local n p i foreign=""
  for n in $(namespaces); do
    is_ours "$n" || { foreign+=" $n"; continue; }
    end_processes "$n"
    [ "$n" = "$SWITCH" ] || remove_cgroups "$n"
  done

  # The relays are outside the namespaces; the pid counts only if it is still the same program.
  for p in "$STATE"/h*/link.pid; do
    [ -f "$p" ] || continue
    i=${p%/link.pid}
    i=${i##*/h}
    p=$(cat "$p")
    if tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null | grep -q "delaylink.py $PREFIX$i "; then
      kill "$p" 2>/dev/null || true
      gone "$p" || kill -KILL "$p" 2>/dev/null || true
    fi
  done

  for n in $(namespaces); do
    is_ours "$n" || continue
    if [ "$n" = "$SWITCH" ]; then ip -n "$n" link del up0 2>/dev/null || true; else ip -n "$n" link del eth0 2>/dev/null || true; fi
    ip netns del "$n"
  done
  rm -f "$STATE/owned"

  if [ -n "$foreign" ]; then
    die "network namespace(s)$foreign exist but were not made with RIG_STATE=$STATE; left alone." \
      "Use another RIG_PREFIX, or run 'down' with the RIG_STATE they were made with."
  fi
  release_mountpoints
  if grep -qF " $STATE/h" /proc/self/mountinfo; then
    echo "hosts.sh: something is mounted under $STATE, host files not removed" >&2
  else
    rm -rf --one-file-system "$STATE"/h[0-9]*
  fi
}

# /home and /data must exist in / to be mounted on, and iproute2 mounts /run/netns when it makes its
# first namespace. All rigs of the machine share these, so the last one to leave takes away what the
# first one made.
claim_mountpoints() {
  local dir
  mkdir -p "$SHARED/users"
  : >"$SHARED/users/$PREFIX"
  for dir in /data /home; do
    [ -d "$dir" ] || { mkdir "$dir"; echo "$dir" >>"$SHARED/made"; }
  done
  mountpoint -q /run/netns || echo /run/netns >>"$SHARED/made"
}

release_mountpoints() {
  [ -d "$SHARED" ] || return 0
  rm -f "$SHARED/users/$PREFIX"
  rmdir "$SHARED/users" 2>/dev/null || return 0
  if [ -f "$SHARED/made" ]; then
    if grep -qx /run/netns "$SHARED/made" && [ -z "$(ls -A /run/netns)" ]; then umount /run/netns || true; fi
    xargs -r rmdir --ignore-fail-on-non-empty <"$SHARED/made" 2>/dev/null || true
  fi
  rm -rf "$SHARED"
}

# ---------------------------------------------------------------------------------------------------
# Building
# ---------------------------------------------------------------------------------------------------

# Why hosts cannot be made here; silent when they can.
obstacle() {
  local t
  [ "$(id -u)" = 0 ] || { echo "needs root"; return; }
  for t in ip nsenter unshare ssh ssh-keygen /usr/sbin/sshd openssl python3 nft tc ping; do
    command -v "$t" >/dev/null || { echo "$t is not installed (tests/rig/packages.txt names its package)"; return; }
  done
  unshare --net --mount --uts --ipc --pid --fork --mount-proc true 2>/dev/null || { echo "namespaces are not permitted here"; return; }
  unshare --net sh -c 'ip link add name t0 type veth peer name t1 && ip link add name t2 type bridge' 2>/dev/null || { echo "this kernel has no veth or bridge"; return; }
  [ -c /dev/net/tun ] || { echo "no /dev/net/tun"; return; }
  if [ "${1:-}" = --docker ]; then
    for t in dockerd docker containerd runc; do
      command -v "$t" >/dev/null || { echo "$t is not installed (tests/rig/packages.txt names its package)"; return; }
    done
    [ -w /sys/fs/cgroup ] || { echo "the cgroup tree is not writable"; return; }
  fi
}

# The files in which a host differs from the machine.
host_files() {
  local i=$1 h=$STATE/h$1 name=$PREFIX$1
  mkdir -p "$h"{"$ADMIN","$USERS/deploy"}/.ssh "$h"/{etc/ssh,etc/docker,data,docker,cow,tmp,vartmp} "$STATE/log/h$i"
  chmod 1777 "$h/tmp" "$h/vartmp"
  chmod 700 "$h$ADMIN" "$h$ADMIN/.ssh" "$h$USERS/deploy" "$h$USERS/deploy/.ssh"

  # Users: those of the machine, plus deploy (2000), who may use docker.
  cp -p /etc/passwd /etc/group /etc/shadow "$h/etc/"
  sed -i '/^deploy:/d' "$h"/etc/{passwd,group,shadow}
  grep -q '^docker:' "$h/etc/group" || echo 'docker:x:2375:' >>"$h/etc/group"
  sed -i 's/^docker:x:\([0-9]*\):.*/docker:x:\1:deploy/' "$h/etc/group"
  echo "deploy:x:2000:2000::$USERS/deploy:/bin/bash" >>"$h/etc/passwd"
  echo 'deploy:x:2000:' >>"$h/etc/group"
  echo "deploy:$(openssl passwd -6 "${RIG_USER_PW:-pw}$i"):19000::::::" >>"$h/etc/shadow"
  sed -i "s|^root:[^:]*:|root:$(openssl passwd -6 "${RIG_ROOT_PW:-rootpw}$i"):|" "$h/etc/shadow"
  sed -i 's|^root:\(.*\):[^:]*:[^:]*$|root:\1:/root:/bin/bash|' "$h/etc/passwd"
  cp -rT /etc/skel "$h$USERS/deploy" 2>/dev/null || true
  cp "$STATE/key.pub" "$h$ADMIN/.ssh/authorized_keys"
  cp "$STATE/key.pub" "$h$USERS/deploy/.ssh/authorized_keys"
  chown -R 2000:2000 "$h$USERS/deploy"

  printf '{"root": %s, "deploy": %s}' "$(quote "${RIG_ROOT_PW:-rootpw}$i")" "$(quote "${RIG_USER_PW:-pw}$i")" >"$h/users.json"
  chmod 600 "$h/users.json"

  echo "$name" >"$h/etc/hostname"
  printf '127.0.0.1 localhost\n%s %s\n' "$NET.$i" "$name" >"$h/etc/hosts"
  echo "$MARK/$name" | md5sum | cut -c1-32 >"$h/etc/machine-id"
  echo '{}' >"$h/etc/docker/daemon.json"
  ssh-keygen -q -t ed25519 -N '' -f "$h/etc/ssh/ssh_host_ed25519_key" -C "$name"
  echo "$NET.$i $(cut -d' ' -f1,2 "$h/etc/ssh/ssh_host_ed25519_key.pub")" >>"$STATE/known_hosts"
  cat >"$h/etc/ssh/sshd_config" <<END
Port 22
ListenAddress $NET.$i
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /run/sshd.pid
UsePAM no
MaxStartups 100
PermitRootLogin ${RIG_ROOT_LOGIN:-prohibit-password}
PasswordAuthentication ${RIG_PASSWORD:-yes}
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
END
}

host_network() {
  local i=$1 name=$PREFIX$1
  add_namespace "$name"
  ip link add eth0 netns "$name" type veth peer name "v$i" netns "$SWITCH"
  ip -n "$SWITCH" link set "v$i" master br0 up
  ip -n "$name" link set eth0 addrgenmode none      # IPv4 only: a partition would not hold for IPv6
  ip -n "$name" addr add "$NET.$i/24" dev eth0
  ip -n "$name" link set eth0 up
}

start_host() {
  local i=$1 docker=$2 name=$PREFIX$1
  setsid nsenter --net="/run/netns/$name" \
    env -i PATH="$CLEAN_PATH" RIG_STATE="$STATE" RIG_PREFIX="$PREFIX" RIG_NET="$NET" \
    RIG_COW="$COW" RIG_HIDE="${RIG_HIDE:-}" RIG_EXPOSE="${RIG_EXPOSE:-}" \
    unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc \
    bash "$SELF" _init "$i" "$docker" >"$STATE/log/h$i/init.log" 2>&1 </dev/null 9>&- &
  disown
}

up() {
  local n=${1:-} docker=0 i why
  [[ $n =~ ^[1-9][0-9]*$ && $n -le 200 ]] || die "up: how many hosts? (1..200)"
  [[ $PREFIX =~ ^[a-z][a-z0-9]{0,7}$ ]] || die "RIG_PREFIX: a letter, then up to 7 letters or digits"
  [[ $STATE == /* && $STATE != *[[:space:]]* ]] || die "RIG_STATE: an absolute path without blanks"
  [ "${2:-}" = --docker ] && docker=1
  why=$(obstacle "${2:-}")
  [ -z "$why" ] || die "$why"

  mkdir -p "$STATE" "$STATE/cache"
  chmod 711 "$STATE"
  exec 9>"$STATE/lock"
  flock -w 120 9 || die "another 'up' or 'down' is running"
  clean
  rm -rf "$STATE/log"
  [ ! -e "/sys/class/net/$GATEWAY" ] || die "a link named $GATEWAY exists and is not ours; use another RIG_PREFIX"
  [ -z "$(ip -4 route show root "$NET.0/24" 2>/dev/null)" ] || die "$NET.0/24 is in use on this machine; set RIG_NET"

  [ -f "$STATE/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$STATE/key" -C rig
  : >"$STATE/known_hosts"
  claim_mountpoints

  add_namespace "$SWITCH"
  ip -n "$SWITCH" link add br0 type bridge
  ip -n "$SWITCH" link set br0 addrgenmode none
  ip -n "$SWITCH" link set br0 up
  ip link add "$GATEWAY" type veth peer name up0 netns "$SWITCH"
  ip link set "$GATEWAY" addrgenmode none
  ip -n "$SWITCH" link set up0 master br0 up
  ip addr add "$NET.254/24" dev "$GATEWAY"
  ip link set "$GATEWAY" up

  for i in $(seq "$n"); do
    host_files "$i"
    host_network "$i"
    start_host "$i" "$docker"
  done
  for i in $(seq "$n"); do
    wait_for 100 ssh_to "$i" true || { tail -n 3 "$STATE/log/h$i"/*.log >&2; die "host $i: sshd does not answer"; }
    if [ "$docker" = 1 ]; then
      wait_for 300 enter "$i" docker info || { tail -n 3 "$STATE/log/h$i/dockerd.log" >&2; die "host $i: dockerd does not answer"; }
    fi
    echo "host $i: $NET.$i up"
  done
}

down() {      # also without the state folder: the marks are in the kernel
  if [ -d "$STATE" ]; then
    exec 9>"$STATE/lock"
    flock -w 120 9 || die "another 'up' or 'down' is running"
  fi
  clean
}

# ---------------------------------------------------------------------------------------------------
# Use
# ---------------------------------------------------------------------------------------------------

wait_for() {   # wait_for TENTHS CMD...: repeat until it succeeds
  local n=$1
  shift
  while [ "$n" -gt 0 ]; do
    "$@" >/dev/null 2>&1 && return 0
    n=$((n - 1))
    sleep 0.1
  done
  return 1
}

numbers() { local h; for h in "$STATE"/h[0-9]*/; do [ -d "$h" ] && h=${h%/} && echo "${h##*/h}"; done | sort -n; }

host() {   # check that it is a running host of ours
  [[ ${1:-} =~ ^[1-9][0-9]*$ && -d $STATE/h$1 ]] && is_ours "$PREFIX$1" || die "no host '${1:-}' here"
}

ssh_to() {
  local i=$1
  shift
  ssh -F none -i "$STATE/key" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=3 \
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$STATE/known_hosts" -o LogLevel=ERROR \
    "${RIG_USER:-root}@$NET.$i" "$@"
}

init_pid() {   # pid 1 of the host, as seen from outside
  local p
  for p in $(ip netns pids "$PREFIX$1" 2>/dev/null); do
    awk '/^NSpid:/ { exit !(NF == 3 && $NF == 1) }' "/proc/$p/status" 2>/dev/null && echo "$p" && return 0
  done
  return 1
}

enter() {
  local i=$1 p
  shift
  p=$(init_pid "$i") || { echo "hosts.sh: host $i is not running" >&2; return 1; }
  nsenter -t "$p" -m -u -i -n -p --wd="/proc/$p/""root" env -i PATH=$CLEAN_PATH HOME=/root USER=root LANG=C.UTF-8 "$@"
}

dockerd_verb() {
  local i=$1
  case ${2:-} in
    start)
      if enter "$i" docker info >/dev/null 2>&1; then return 0; fi
      enter "$i" bash -c "PREFIX=$PREFIX CLEAN_PATH=$CLEAN_PATH; $(declare -f host_dockerd); host_dockerd $i /var/log/dockerd.log"
      wait_for 300 enter "$i" docker info || die "host $i: dockerd does not answer" ;;
    stop)
      enter "$i" pkill -x dockerd || true
      wait_for 150 enter "$i" sh -c '! pgrep -x dockerd' || die "host $i: dockerd does not end" ;;
    *) die "dockerd I start|stop" ;;
  esac
}

port() { if [ -f "$STATE/h$1/link.pid" ]; then echo "t$1"; else echo "v$1"; fi; }          # host's port on the bridge
device() { if [ -f "$STATE/h$1/link.pid" ]; then echo tap0; else echo eth0; fi; }          # the other end, in the host

rate() {
  local i=$1 r=${2:?rate I 20mbit|off} at
  for at in "$SWITCH $(port "$i")" "$PREFIX$i $(device "$i")"; do
    set -- $at
    if [ "$r" = off ]; then
      in_net "$1" tc qdisc del dev "$2" root 2>/dev/null || true
    else
      in_net "$1" tc qdisc replace dev "$2" root tbf rate "$r" burst 128kb latency 100ms
    fi
  done
  if [ "$r" = off ]; then rm -f "$STATE/h$i/rate"; else echo "$r" >"$STATE/h$i/rate"; fi
}

# The first use replaces the host's cable by a relay in user space: same MAC and address, so open
# connections and neighbours' ARP entries survive. Later uses only change its settings.
delay() {
  local i=$1 h=$STATE/h$1 name=$PREFIX$1 mac
  printf '{"delay_ms":%s,"jitter_ms":%s,"loss":%s,"mbit":%s}\n' "${2:?delay I MS ...}" "${3:-0}" "${4:-0}" "${5:-0}" >"$h/link.json.new"
  mv "$h/link.json.new" "$h/link.json"
  if [ ! -f "$h/link.pid" ]; then
    setsid python3 "$HERE/delaylink.py" "$name" tap0 "$SWITCH" "t$i" "$h/link.json" >"$STATE/log/h$i/link.log" 2>&1 </dev/null &
    echo $! >"$h/link.pid.new"
    disown
    wait_for 50 grep -q ready "$STATE/log/h$i/link.log" || { cat "$STATE/log/h$i/link.log" >&2; die "the relay does not start"; }
    mac=$(ip -n "$name" -br link show eth0 | awk '{print $3}')
    ip -n "$name" addr flush dev eth0
    ip -n "$name" link set eth0 down
    ip -n "$SWITCH" link set "v$i" nomaster down
    ip -n "$name" link set tap0 addrgenmode none address "$mac"
    ip -n "$SWITCH" link set "t$i" addrgenmode none
    ip -n "$SWITCH" link set "t$i" master br0 up
    ip -n "$name" addr add "$NET.$i/24" dev tap0
    ip -n "$name" link set tap0 up
    mv "$h/link.pid.new" "$h/link.pid"
    [ ! -f "$h/rate" ] || rate "$i" "$(cat "$h/rate")"
  fi
  sleep 0.3            # the relay reads its settings again every 0.2 s
  in_net "$name" ping -c1 -W2 -q "$NET.254" >/dev/null 2>&1 || true    # the bridge learns the new port
}

partition() {
  local i=$1 j=${2:-} a
  if [ -z "$j" ]; then
    ip -n "$SWITCH" link set "$(port "$i")" down
    return
  fi
  for a in "$i $j" "$j $i"; do      # forward: containers with published ports
    set -- $a
    in_net "$PREFIX$1" nft -f - <<END
table inet rigpart {
  chain to_host { type filter hook input priority -10; ip saddr $NET.$2 drop; }
  chain to_container { type filter hook forward priority -10; ip saddr $NET.$2 drop; }
}
END
  done
}

heal() {
  local i
  for i in $(numbers); do
    ip -n "$SWITCH" link set "$(port "$i")" up
    in_net "$PREFIX$i" nft delete table inet rigpart 2>/dev/null || true
  done
  for i in $(numbers); do
    wait_for 50 ping -c1 -W1 -q "$NET.$i" || echo "hosts.sh: host $i does not answer after heal" >&2
  done
}

quote() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

info() {
  local i p sep=""
  printf '{"state": %s, "subnet": "%s.0/24", "machine": "%s.254", "hosts": [' "$(quote "$STATE")" "$NET" "$NET"
  for i in $(numbers); do
    p=$(init_pid "$i") || p=""
    printf '%s\n  {"number": %s, "name": "%s", "ip": "%s", "port": 22, "running": %s, "docker": %s,\n' "$sep" "$i" "$PREFIX$i" "$NET.$i" \
      "$([ -n "$p" ] && echo true || echo false)" "$([ -f "$STATE/log/h$i/dockerd.log" ] && echo true || echo false)"
    printf '   "docker_host": %s,\n' "$(quote "unix:///proc/${p:-0}/""root/run/docker.sock")"
    printf '   "key": %s, "known_hosts": %s, "host_key": %s,\n' "$(quote "$STATE/key")" "$(quote "$STATE/known_hosts")" \
      "$(quote "$(cut -d' ' -f1,2 "$STATE/h$i/etc/ssh/ssh_host_ed25519_key.pub")")"
    printf '   "passwords": %s,\n' "$(cat "$STATE/h$i/users.json")"
    printf '   "home": %s, "data": %s, "log": %s}' "$(quote "$STATE/h$i$USERS/deploy")" "$(quote "$STATE/h$i/data")" "$(quote "$STATE/log/h$i")"
    sep=,
  done
  printf '%s]}\n' "${sep:+$'\n'}"
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
  up) up "$@" ;;
  down) down ;;
  info) info ;;
  probe) why=$(obstacle "${1:-}"); [ -z "$why" ] || { echo "$why"; exit 1; } ;;
  ssh) host "${1:-}"; ssh_to "$@" ;;
  exec) host "${1:-}"; enter "$@" ;;
  dockerd) host "${1:-}"; dockerd_verb "$@" ;;
  delay) host "${1:-}"; delay "$@" ;;
  rate) host "${1:-}"; rate "$@" ;;
  partition) host "${1:-}"; [ -z "${2:-}" ] || host "$2"; partition "$@" ;;
  heal) heal ;;
  _init) host_init "$@" ;;
  *) sed -n '2,/^$/s/^# \{0,1\}//p' "$SELF"; exit 2 ;;
esac
