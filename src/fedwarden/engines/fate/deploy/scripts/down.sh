# Ends a party's containers and takes its firewall rules out; data stays. $1 v1 or v2, $2 the party's id, then the projects,
# the one that uses the other's network first. Repeatable. Without files (a folder that was lost) by Docker's own labels.
how=$1
party=$2
shift 2
for project in "$@"; do
    file=$(ls -td "$root"/releases/*/"$project"/docker-compose.yml 2>/dev/null | head -1)
    if [ -n "$file" ]; then
        compose -p "$project" -f "$file" down -t 10 --remove-orphans >/dev/null 2>&1 </dev/null
    fi
    left=$(docker ps -aq --filter "label=com.docker.compose.project=$project")
    # shellcheck disable=SC2086
    [ -z "$left" ] || docker rm -f $left >/dev/null || exit 1
done
docker network rm "confs-${party}_fate-network" >/dev/null 2>&1
if [ "$(id -u)" = 0 ] && command -v iptables >/dev/null 2>&1; then
    chain=FW-FATE-$party
    iptables -w 10 -S DOCKER-USER 2>/dev/null | grep -e " -j $chain\$" | sed 's/^-A/-D/' | while read -r rule; do
        # shellcheck disable=SC2086
        iptables -w 10 $rule
    done
    iptables -w 10 -F "$chain" 2>/dev/null && iptables -w 10 -X "$chain"
fi
[ ! -d "$root" ] || note down ok
still=$(for project in "$@"; do docker ps -a --format '{{.Names}}' --filter "label=com.docker.compose.project=$project"; done)
# shellcheck disable=SC2086
[ -z "$still" ] || { echo "still there:" $still >&2; exit 1; }
