#!/bin/sh
# Writes requirements/*.lock from requirements/*.in: exact versions with hashes, no index address. Needs the Internet.
#   make lock          keep the versions that still fit
#   make lock UPGRADE=--upgrade
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check -q install pip-tools
export CUSTOM_COMPILE_COMMAND="see docs/development.md"
for what in base dev peer ray; do
    (cd requirements && "$folder/venv/bin/pip-compile" -q ${UPGRADE:-} --generate-hashes --allow-unsafe --strip-extras \
        --no-emit-index-url --no-emit-trusted-host --output-file "$what.lock" "$what.in")
done
