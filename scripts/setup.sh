#!/bin/sh
# Makes or completes the project's own environment in .venv from the lock files. Safe to repeat and to interrupt.
#   sh scripts/setup.sh base    what running needs
#   sh scripts/setup.sh dev     what the tests and the lint need too
#   sh scripts/setup.sh ray     the optional Ray, for a party's own cluster
set -eu
cd "$(dirname "$0")/.."
what=${1:-base}
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "fedwarden needs python3 >= 3.11; found: $("$python" --version 2>&1 || echo none). Set PYTHON=/path/of/python3.11" >&2
    echo "fedwarden 需要 python3 >= 3.11；请用 PYTHON=/路径/python3.11 指定" >&2
    exit 1
fi
if [ -e .venv ] && ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    # interrupted while it was made, moved, or its Python is gone
    echo ".venv is not whole; making it anew / .venv 不完整，重新建立 ..." >&2
    rm -rf .venv
fi
if [ ! -e .venv ]; then
    echo "making .venv / 正在建立 .venv ..." >&2
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "python3 -m venv failed: on Debian the package python3-venv is needed (sh scripts/system-packages.sh)" >&2
        echo "python3 -m venv 失败：Debian 需要软件包 python3-venv（sh scripts/system-packages.sh）" >&2
        exit 1
    fi
fi
echo "installing locked packages ($what) / 正在安装锁定的软件包 ..." >&2
pip=".venv/bin/python -m pip --disable-pip-version-check -qq"
if ! $pip install --require-hashes -r "requirements/$what.lock"; then
    echo "pip could not install requirements/$what.lock: without Internet, point pip's own configuration (mirror, proxy," >&2
    echo "or find-links with no-index) at a place that has these files, then repeat" >&2
    echo "pip 无法安装 requirements/$what.lock：离线环境请先把 pip 自身的配置（镜像、代理或 find-links）指向可用来源，再重试" >&2
    exit 1
fi
if [ "$what" = base ]; then
    # hatchling is in the lock, so building the editable install asks no index for anything
    $pip install --no-deps --no-build-isolation -e .
fi
touch ".venv/.$what"
