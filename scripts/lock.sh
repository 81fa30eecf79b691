#!/bin/sh
# Writes requirements/*.lock from requirements/*.in: exact versions with hashes, no index address. Needs the Internet.
#   make lock          keep the versions that still fit
#   make lock UPGRADE=--upgrade
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check -q install pip-tools uv
export CUSTOM_COMPILE_COMMAND="see docs/development.md"
for what in base dev peer ray; do
    (cd requirements && "$folder/venv/bin/pip-compile" -q ${UPGRADE:-} --generate-hashes --allow-unsafe --strip-extras \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file "$what.lock" "$what.in")
done
# for Python 3.9, which need not be here: uv resolves for a Python that it does not run on
(cd requirements && "$folder/venv/bin/uv" pip compile -q ${UPGRADE:-} --python-version 3.9 --generate-hashes --no-emit-index-url \
    --custom-compile-command "$CUSTOM_COMPILE_COMMAND" --output-file fate.lock fate.in)
