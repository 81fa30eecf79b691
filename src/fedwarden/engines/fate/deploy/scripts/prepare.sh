# The party's folders, and its passwords where there are none yet; nothing else that is there changes. $1: whose they are.
mkdir -p "$root/releases" "$root/data" || exit 1
cd "$root/data" || exit 1
mkdir -p mysql redis tables staged models logs serving || exit 1
if [ ! -s "$root/secrets.env" ]; then
    for name in MYSQL_ROOT MYSQL_FATE REDIS BOARD ADMIN; do
        value=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
        [ ${#value} = 32 ] || exit 1
        echo "$name=$value"
    done >"$root/.secrets.new" || exit 1
    mv "$root/.secrets.new" "$root/secrets.env"
fi
if ! holds mysql; then
    owner >mysql.owner
elif [ "$(cat mysql.owner 2>/dev/null)" != "$(owner)" ]; then
    echo "the database in $root/data/mysql was made with other passwords" >&2
    exit 71
fi
echo "$1" >"$root/owner"
note prepare ok
