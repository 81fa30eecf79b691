#!/bin/sh
# Makes or completes the project's own environment in .venv from the lock files. Safe to repeat and to interrupt.
#   sh scripts/setup.sh base    what running needs
#   sh scripts/setup.sh dev     what the tests and the lint need too
set -eu
cd "$(dirname "$0")/.."
what=${1:-base}
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "fedwarden needs python3 >= 3.11; found: $("$python" --version 2>&1 || echo none). Set PYTHON=/path/of/python3.11" >&2
    echo "fedwarden 需要 python3 >= 3.11；请用 PYTHON=/路径/python3.11 指定" >&2
    exit 1
fi
if [ ! -x .venv/bin/python ]; then
    echo "making .venv / 正在建立 .venv ..." >&2
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "python3 -m venv failed: on Debian the package python3-venv is needed (sh scripts/system-packages.sh)" >&2
        exit 1
    fi
fi
echo "installing locked packages ($what) / 正在安装锁定的软件包 ..." >&2
pip=".venv/bin/python -m pip --disable-pip-version-check -q"
$pip install --require-hashes -r "requirements/$what.lock"
if [ "$what" = base ]; then
    # hatchling is in the lock, so building the editable install asks no index for anything
    $pip install --no-deps --no-build-isolation -e .
fi
touch ".venv/.$what"
