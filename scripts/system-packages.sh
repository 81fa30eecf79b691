#!/bin/sh
# Debian packages that the set-up and the tests need. Instant when everything is there; installs only as root; a host
# without Internet gets one clear line. Nothing else in the project calls apt-get.
#   sh scripts/system-packages.sh          what the set-up needs
#   sh scripts/system-packages.sh --rig    what the tests' simulated hosts need too; their daemons are not started
set -eu
python=${PYTHON:-python3}

missing=""
command -v make >/dev/null 2>&1 || missing="$missing make"
if ! command -v "$python" >/dev/null 2>&1; then
    missing="$missing python3 python3-venv"
elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    missing="$missing python3-venv"
fi
if [ "${1:-}" = --rig ]; then
    while IFS=: read -r package program; do
        case "$package" in "" | "#"*) continue ;; esac
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null 2>&1 || missing="$missing $package"
    done <"$(dirname "$0")/../tests/rig/packages.txt"
fi
missing=${missing# }

if [ -z "$missing" ]; then
    echo "system packages: nothing to install / 系统软件包：无需安装"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "system packages: missing: $missing; this host has no apt-get: install them its own way" >&2
    echo "系统软件包：缺少 $missing；本机没有 apt-get，请用本机的方式安装" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "system packages: missing: $missing; as root: apt-get install $missing" >&2
    echo "系统软件包：缺少 $missing；请以 root 执行：apt-get install $missing" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ "${1:-}" = --rig ] && [ ! -e $policy ]; then
    # a package asks this file whether it may start its daemon: 101 = no
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
fi
echo "system packages: installing $missing / 系统软件包：正在安装 $missing"
# the lists that are on the host may do; asked anew only when they do not
# shellcheck disable=SC2086
if apt-get install -y -q --no-install-recommends $missing </dev/null ||
    { apt-get update -q </dev/null && apt-get install -y -q --no-install-recommends $missing </dev/null; }; then
    exit 0
fi
echo "system packages: could not install $missing (no network, or no package source); install them by hand" >&2
echo "系统软件包：无法安装 $missing（没有网络或软件源不可用），请手工安装" >&2
exit 1
