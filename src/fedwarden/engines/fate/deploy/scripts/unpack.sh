# A release from standard input into its own folder, passwords and paths filled in. $1: its name; "new" or "there" is printed.
release=$root/releases/$1
if [ -f "$release/.complete" ]; then
    echo there
    exit 0
fi
rm -rf "$release"
mkdir -p "$release" && tar -xf - -C "$release" || exit 1
# the passwords are in files only: the words of a program can be read by everybody on the host
{
    while IFS='=' read -r name value; do printf 's|@@%s@@|%s|g\n' "$name" "$value"; done <"$root/secrets.env"
    printf 's|@@ROOT@@|%s|g\n' "$root"
} >"$release/.places" || exit 1
find "$release" -type f ! -name .places -exec sed -i -f "$release/.places" {} + || exit 1
rm -f "$release/.places"
# the database's own user reads these; there is no password in them
for folder in "$release"/confs-*/confs/mysql/init; do chmod 755 "$folder" && chmod 644 "$folder"/*; done
: >"$release/.complete"
note "unpack $1" ok
echo new
