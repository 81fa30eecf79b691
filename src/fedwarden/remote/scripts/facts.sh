# What this host is, one "name value" per line. Reads only. $1: where fedwarden would be installed ("" for the usual place).
echo "user $(id -un)"
echo "uid $(id -u)"
echo "home $HOME"
echo "name $(uname -n)"
echo "system $(uname -s)"
echo "arch $(uname -m)"
echo "glibc $(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)"
echo "regulator ${SSH_CONNECTION%% *}"

root=$1
if [ -z "$root" ]; then
    if [ "$(id -u)" = 0 ]; then root=/opt/fedwarden; else root=$HOME/.fedwarden/host; fi
fi
echo "root $root"
above=$root
while [ ! -e "$above" ]; do above=$(dirname "$above"); done
if [ -w "$above" ]; then echo "writable yes"; else echo "writable no"; fi
echo "disk_kb $(df -Pk "$above" | awk 'NR == 2 { print $4 }')"
if [ -n "$(ls -A "$root/agents" 2>/dev/null)" ]; then echo "agents $(ls "$root/agents" | tr '\n' ' ')"; fi
for home in "$root"/agents/*/party-*; do
    [ -d "$home" ] || continue
    grep -qs '^dataset_folders:' "$home/policy.yaml" || echo "unruled $home"
done
echo "memory_kb $(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)"

for tool in timeout sha256sum tar setsid mktemp; do
    command -v $tool >/dev/null 2>&1 || echo "no_tool $tool"
done

for name in python3.13 python3.12 python3.11 python3; do
    for folder in $(echo "$PATH:/usr/local/bin:$HOME/.local/bin" | tr ':' ' '); do
        [ -x "$folder/$name" ] || continue
        found=$("$folder/$name" -c '
import sys
try:
    import venv
    has = "venv"
except ImportError:
    has = "-"
print("%d.%d.%d" % sys.version_info[:3], has)' 2>/dev/null) || continue
        echo "python $folder/$name $found"
    done
done | awk '!seen[$0]++'

if command -v ip >/dev/null 2>&1; then
    ip -4 -o addr show | awk '{ sub("/.*", "", $4); print "address " $4 }'
else
    for address in $(hostname -I 2>/dev/null); do echo "address $address"; done
fi

if [ -d /run/systemd/system ]; then
    if [ "$(id -u)" = 0 ]; then
        echo "systemd system"
    elif systemctl --user show-environment >/dev/null 2>&1; then
        echo "systemd user"
    fi
fi

# who holds which port; the holder's name shows to root, and to a user for processes of its own
if command -v ss >/dev/null 2>&1; then
    ss -Hltnp 2>/dev/null | awk '{
        port = $4; sub(".*:", "", port)
        who = "-"; if (match($0, /users:\(\("[^"]*",pid=[0-9]+/)) { who = substr($0, RSTART + 9, RLENGTH - 9); sub("\",pid=", " ", who) }
        print "listen " port " " who }'
else
    awk 'FNR > 1 && $4 == "0A" { sub(".*:", "", $2); print "listen_hex " $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
fi
exit 0
