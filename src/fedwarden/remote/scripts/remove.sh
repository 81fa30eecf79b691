# Ends an agent and removes all of it; the last agent takes the installation along. Then looks, and prints what is left.
# $1: home, $2: unit, $3: root folder.
home=$1 unit=$2 root=$3
case $home in
"$root"/agents/*/party-*) ;;
*) echo "$home is no agent's folder" >&2 && exit 1 ;;
esac
end_all || exit 1
rm -rf "$home"
rmdir "$(dirname "$home")" 2>/dev/null
if rmdir "$root/agents" 2>/dev/null || [ ! -e "$root/agents" ]; then
    rm -rf "$root"
    above=$(dirname "$root")
    if [ "${above##*/}" = .fedwarden ]; then rmdir "$above" 2>/dev/null; fi
fi
# a user's folders for units, where nobody else has anything in them
if [ "$(id -u)" != 0 ]; then rmdir "$units" "${units%/user}" "${units%/systemd/user}" 2>/dev/null; fi
[ ! -e "$home" ] || echo "left $home"
[ ! -e "$units/$unit" ] || echo "left $units/$unit"
for pid in $(ours); do echo "left process $pid"; done
if [ ! -e "$root/agents" ] && [ -e "$root" ]; then echo "left $root"; fi
exit 0
