# Forgets a release that did not come to be (never the current one), and a folder that holds nothing else. $1: its name.
[ "$(basename "$(readlink "$root/current" 2>/dev/null)" 2>/dev/null)" = "$1" ] || rm -rf "${root:?}/releases/$1"
[ ! -d "$root" ] || note "discard $1" ok
