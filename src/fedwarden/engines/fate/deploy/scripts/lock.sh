# Holds the lock of this host's FATE clusters until standard input ends. $1: who holds it. "locked", or "busy" and by whom.
mkdir -p "$(dirname "$root")" || exit 1
lock=$(dirname "$root")/lock
exec 9>>"$lock" || exit 1
if ! flock -n 9; then
    echo "busy $(cat "$lock.holder" 2>/dev/null)"
    exit 0
fi
echo "$1" >"$lock.holder"
echo locked
cat >/dev/null
