# What a host is to FATE, one "name value" a line. Reads only. $1: the party's id; then the images it needs.
party=$1
shift
echo "folder $root"
echo "user $(id -un)"
echo "uid $(id -u)"
echo "clock $(date +%s.%N)"
echo "memory_kb $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
grep -qw avx /proc/cpuinfo && echo "cpu avx"
for tool in bash tar timeout sha256sum flock awk; do
    command -v $tool >/dev/null 2>&1 || echo "no_tool $tool"
done
if command -v iptables >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "firewall yes"
    iptables -w 10 -S "FW-FATE-$party" >/dev/null 2>&1 && echo "rules yes"
fi
[ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && echo "systemd yes"

above=$root
while [ ! -e "$above" ]; do above=$(dirname "$above"); done
[ -w "$above" ] && echo "writable yes"
echo "disk_kb $(df -Pk "$above" | awk 'NR == 2 { print $4 }')"
ip -4 -o addr show 2>/dev/null | awk '{ sub("/.*", "", $4); print "address " $4 }'
ip -4 route show 2>/dev/null | awk '$1 ~ /\// { print "route " $1 " " $3 }'
[ -L "$root/current" ] && echo "current $(basename "$(readlink "$root/current")")"
[ -f "$root/owner" ] && echo "owner $(cat "$root/owner")"
[ -f "$root/secrets.env" ] && echo "secrets yes"
if holds "$root/data/mysql"; then
    if [ -f "$root/secrets.env" ] && [ "$(cat "$root/data/mysql.owner" 2>/dev/null)" = "$(owner)" ]; then
        echo "database ours"
    else
        echo "database foreign"
    fi
fi

if ! command -v docker >/dev/null 2>&1; then
    echo "docker_error absent"
    exit 0
fi
if ! version=$(timeout 15 docker version --format '{{.Server.Version}}' 2>&1) || [ -z "$version" ]; then
    echo "docker_error $(echo "$version" | grep -v '^$' | tail -1)"
    exit 0
fi
echo "docker $version"
if version=$(docker compose version --short 2>/dev/null); then
    echo "compose v2 $version"
elif version=$(docker-compose version --short 2>/dev/null); then
    echo "compose v1 $version"
fi
echo "docker_disk_kb $(df -Pk "$(docker info --format '{{.DockerRootDir}}')" 2>/dev/null | awk 'NR == 2 { print $4 }')"
for image in "$@"; do
    if id=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null); then echo "image $image $id"; fi
done
docker network ls --format '{{.Name}}' | while read -r network; do
    docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' "$network" 2>/dev/null |
        tr ' ' '\n' | awk -v name="$network" '$1 != "" { print "network " name " " $1 }'
done
docker ps --no-trunc --format '{{.Names}}|{{.Ports}}|{{.Label "com.docker.compose.project"}}' |
    awk -F'|' '{ n = split($2, parts, ", "); for (k = 1; k <= n; k++) if (match(parts[k], /:[0-9]+->/))
        print "container_port " substr(parts[k], RSTART + 1, RLENGTH - 3) " " $1 " " ($3 == "" ? "-" : $3) }'
if command -v ss >/dev/null 2>&1; then
    ss -Hltnp 2>/dev/null | awk '{
        port = $4; sub(".*:", "", port)
        who = "-"; if (match($0, /users:\(\("[^"]*",pid=[0-9]+/)) { who = substr($0, RSTART + 9, RLENGTH - 9); sub("\",pid=", " ", who) }
        print "listen " port " " who }'
fi
exit 0
