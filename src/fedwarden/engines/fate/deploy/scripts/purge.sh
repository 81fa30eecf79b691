# Removes everything of a party, data included. $1: an image to remove with, what containers wrote being root's.
[ -d "$root" ] || exit 0
rm -rf "$root" 2>/dev/null
if [ -d "$root/data" ] && docker image inspect "$1" >/dev/null 2>&1; then
    docker run --rm --network none --entrypoint sh -v "$root/data:/purge" "$1" -c 'rm -rf /purge/* /purge/.[!.]*' >/dev/null 2>&1
    rm -rf "$root"
fi
above=$(dirname "$root")
if ! ls -d "$above"/party-* >/dev/null 2>&1; then
    rm -f "$above/lock" "$above/lock.holder"
    rmdir "$above" "$(dirname "$above")" 2>/dev/null
fi
[ ! -e "$root" ] || { echo "$root is still there" >&2; exit 1; }
