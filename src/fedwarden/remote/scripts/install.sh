#!/bin/sh
# Installs fedwarden from this bundle, without any network.
#   sh install.sh FOLDER [PYTHON]     makes FOLDER (an environment of its own); needs python3 >= 3.11 with venv
# Safe to repeat and to interrupt: a folder that was not finished is made anew. Prints one line.
# Exit: 3 wrong machine, 4 no usable Python, 5 the environment could not be made, 6 a package could not be installed.
set -u
umask 077
here=$(cd "$(dirname "$0")" && pwd) || exit 1
case ${1:-} in
/*) target=$1 ;;
"") echo "usage: sh install.sh FOLDER [PYTHON]" >&2 && exit 2 ;;
*) target=$PWD/$1 ;;
esac
wanted=$(cat "$here/python")
arch=$(cat "$here/arch")
name=$(cat "$here/name")

if [ "$(cat "$target/.fedwarden" 2>/dev/null)" = "$name" ]; then
    echo "unchanged $name"
    exit 0
fi
if [ "$(uname -m)" != "$arch" ]; then
    echo "this bundle is for $arch, and this machine is $(uname -m)" >&2
    exit 3
fi
if [ -e "$target" ] && [ ! -e "$target/pyvenv.cfg" ] && [ ! -e "$target/.unfinished" ] && [ -n "$(ls -A "$target")" ]; then
    echo "$target holds something else" >&2
    exit 5
fi
rm -rf "$target" && mkdir -p "$target" && : >"$target/.unfinished" || exit 5

if [ -e "$here/python.tar" ]; then
    mkdir "$target/python" && tar -xf "$here/python.tar" -C "$target/python" || exit 4
    set -- "$1" "$(find "$target/python" -path "*/bin/python$wanted" | head -n 1)"
fi
python=
for candidate in "${2:-}" "python$wanted" python3; do
    [ -n "$candidate" ] || continue
    found=$("$candidate" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if [ "$found" = "$wanted" ]; then python=$candidate && break; fi
done
if [ -z "$python" ]; then
    rm -rf "$target"
    echo "this bundle is for Python $wanted, which is not here" >&2
    exit 4
fi
# without pip: Debian's python3 has no ensurepip unless python3-venv is installed; pip comes from the bundle
if ! "$python" -I -m venv --without-pip "$target" >"$here/venv.log" 2>&1; then
    tail -n 1 "$here/venv.log" >&2
    rm -rf "$target"
    exit 5
fi
: >"$target/.unfinished"
pip=$(find "$here/wheels" -name 'pip-*.whl')
# nothing of the host's own pip settings: only what is in the bundle, each file as its hash says
if ! PIP_CONFIG_FILE=/dev/null "$target/bin/python" -I "$pip/pip" --isolated install -q --no-input --no-color \
    --disable-pip-version-check --no-cache-dir --no-index --no-deps --no-compile \
    --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt" >"$here/pip.log" 2>&1; then
    { grep '^ERROR' "$here/pip.log" || tail -n 1 "$here/pip.log"; } | head -n 1 >&2
    rm -rf "$target"
    exit 6
fi
"$target/bin/python" -I -c 'import fedwarden' || exit 6
rm -f "$target/.unfinished"
printf '%s' "$name" >"$target/.fedwarden"
echo "installed $name"
