# Starts the agent of a home as a daemon that outlives this session, and prints its agent.json once it listens.
# $1: home, $2: unit, $3: environment's folder, $4: seconds, $5: "systemd" or "daemon", $6: "keep" the environment that
# it leaves, then the agent's own words.
# Standard input: the text of the systemd unit.
umask 077
home=$1 unit=$2 env=$3 seconds=$4 how=$5 keep=$6
shift 6
cd / || exit 1
said=$home/agent.out.log
listens() { [ -f "$home/agent.json" ] && grep -q "\"pid\": *$pid[,} ]*\$" "$home/agent.json"; }

pid=$(grep -lzxE 'fedwarden\.party\.agent' $(ours | sed 's,.*,/proc/&/cmdline,') /dev/null 2>/dev/null | cut -d/ -f3 | head -n 1)
if [ -n "$pid" ]; then
    if listens && [ "$(cat "$home/environment" 2>/dev/null)" = "$env" ]; then
        cat "$home/agent.json"
        exit 0
    fi
fi
end_all || exit 1
: >"$said"
left=$(cat "$home/environment" 2>/dev/null)
if [ "$keep" = keep ] && [ -n "$left" ] && [ "$left" != "$env" ]; then printf '%s' "$left" >"$home/environment.before"; fi
printf '%s' "$env" >"$home/environment"
if [ "$how" = systemd ] && { [ "$(id -u)" = 0 ] || loginctl enable-linger >/dev/null 2>&1; }; then
    mkdir -p "$units" && cat >"$units/$unit" && control daemon-reload && control enable --now "$unit" || exit 1
    pid=$(control show -p MainPID --value "$unit")
else
    setsid "$env/bin/python" -P -m fedwarden.party.agent --home "$home" "$@" </dev/null >"$said" 2>&1 9>&- &
    pid=$!
fi
tenths=$((seconds * 10))
while ! listens; do
    if [ ! -d "/proc/$pid" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null; then
        said=$(grep -v '^ *$' "$said" | tail -n 1)
        echo "the agent ended at once: ${said:-it said nothing}" >&2
        exit 1
    fi
    if [ "$tenths" -le 0 ]; then
        echo "the agent does not listen after $seconds s" >&2
        exit 1
    fi
    tenths=$((tenths - 1))
    sleep 0.1
done
cat "$home/agent.json"
set -- "${env%/envs/*}"
