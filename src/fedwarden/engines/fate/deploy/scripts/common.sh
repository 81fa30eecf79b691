# What every script of a FATE host begins with. $1: the party's folder; "~/" at its front is below the user's own.
set -u
umask 077
case $1 in "~/"*) root=$HOME/${1#"~/"} ;; *) root=$1 ;; esac
shift
compose() {
    if [ "$how" = v2 ]; then docker compose "$@"; else docker-compose "$@"; fi
}
# Whether a folder holds anything. What a container gave to its own user may be closed to us, and is not empty.
holds() { [ -e "$1" ] && { [ ! -r "$1" ] || [ -n "$(ls -A "$1")" ]; }; }
note() { # one line of the journal: when, what, how it ended
    printf '{"at":"%s","step":"%s","result":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" >>"$root/journal.jsonl"
}
# The database belongs to the passwords it was made with: their hash stands beside it.
owner() { sha256sum <"$root/secrets.env" | cut -c1-64; }
