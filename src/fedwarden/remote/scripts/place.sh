# Unpacks and installs a bundle that was sent. $1: root folder, $2: the bundle's name, $3: Python, $4: agent's home to reserve.
umask 077
root=$1 name=$2 python=$3
mkdir -p "$4" "$root/incoming" "$root/envs" || exit 1
exec 9>"$root/.lock"
flock -w 300 9 || { echo "another installation has been running for 300 s" >&2; exit 1; }
tar="$root/incoming/$name.tar"
if [ "$(cat "$root/envs/$name/.fedwarden" 2>/dev/null)" = "$name" ]; then
    rm -f "$tar"
    rmdir "$root/incoming" 2>/dev/null
    echo unchanged
    exit 0
fi
work=$(mktemp -d "$root/incoming/unpack.XXXXXX") || exit 1
trap 'rm -rf "$root/incoming"' EXIT
tar -xf "$tar" -C "$work" || exit 1
sh "$work/fedwarden-bundle/install.sh" "$root/envs/$name" "$python"
