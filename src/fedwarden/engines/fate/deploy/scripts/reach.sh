# Whether containers of this party reach others: from inside $1, each ADDRESS:PORT that follows; "reach ADDRESS:PORT yes|no".
from=$1
shift
for target in "$@"; do
    if timeout 6 docker exec "$from" bash -c 'exec 3<>"/dev/tcp/${0%:*}/${0##*:}"' "$target" 2>/dev/null </dev/null; then
        echo "reach $target yes"
    else
        echo "reach $target no"
    fi
done
