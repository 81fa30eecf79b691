#!/usr/bin/env bash
# base-image.sh - a small base image with python3 for stub services, made without any image registry.
#
#   base-image.sh      make the image's one layer if it is not cached, print the path of the tar archive
#
# Copies the files of installed Debian packages, python3 among them, from this machine: no network, a second. Needs dpkg.
# The archive is cached as $RIG_STATE/cache/base.tar; delete it to have it made again.
set -euo pipefail

STATE=${RIG_STATE:-/var/tmp/fedwarden-rig}
PATH=$PATH:/usr/sbin:/sbin
PACKAGES="bash dash coreutils grep sed mawk findutils hostname procps tar gzip python3 libpython3-stdlib"

die() { echo "base-image.sh: $*" >&2; exit 1; }

# Installed packages that the given ones need, themselves included.
closure() {
  local todo=("$@") name
  local -A done=()
  local -A deps=() provider=()
  local pkg list
  while IFS=$'\t' read -r pkg list provides; do      # one look at the whole database is quicker than many
    deps[$pkg]=$list
    for name in $provides; do provider[$name]=$pkg; done
  done < <(dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n' |
    sed -n 's/^ii \t//p' | awk -F'\t' -v OFS='\t' '{ gsub(/\([^)]*\)|,/, " ", $3); print }')
  while [ ${#todo[@]} -gt 0 ]; do
    name=${todo[-1]}
    unset 'todo[-1]'
    [ -n "${deps[$name]+x}" ] || name=${provider[$name]:-}
    [ -n "$name" ] && [ -z "${done[$name]:-}" ] || continue
    case $name in perl* | debconf | dpkg | debianutils | systemd* | init-system-helpers) continue ;; esac
    done[$name]=1
    # of alternatives "a | b" the installed one; versions and architectures dropped
    mapfile -t -O ${#todo[@]} todo < <(tr ',|' '\n\n' <<<"${deps[$name]}" | sed 's/(.*//; s/:.*//; s/ //g; /^$/d')
  done
  printf '%s\n' "${!done[@]}" | sort
}

from_system() {
  local out=$1 pkgs pkg
  command -v dpkg-query >/dev/null || die "no dpkg here"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mapfile -t pkgs < <(closure $PACKAGES)

  # What is not a package's file: users, mount points, merged-/usr links, the linker's cache.
  mkdir -p "$work"/tree/{etc,root,tmp,proc,sys,dev,run,var/tmp,usr/bin,usr/sbin,usr/lib,home,opt,srv,data}
  chmod 1777 "$work"/tree/tmp "$work"/tree/var/tmp
  local link
  for link in bin sbin lib lib32 lib64; do
    [ -L /$link ] && { mkdir -p "$work/tree/usr/$link"; ln -s "usr/$link" "$work/tree/$link"; }
  done
  printf 'root:x:0:0:root:/:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n' >"$work/tree/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$work/tree/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$work/tree/etc/nsswitch.conf"
  cp /etc/debian_version "$work/tree/etc/" 2>/dev/null || true
  cp -L /etc/os-release "$work/tree/etc/os-release"

  # Files of the packages without documentation, translations and the like. dpkg may name a file by
  # its place before /usr was merged (/bin/sh): the merged place is what gets copied.
  dpkg-query -L "${pkgs[@]}" 2>/dev/null |
    grep -E '^/(usr|bin|sbin|lib|lib64|etc)/' |
    grep -vE '^/usr/share/(doc|man|info|locale|lintian|bug|perl5|debconf|applications|pixmaps|i18n|common-licenses)|/__pycache__|^/etc/(init|cron|systemd|default|shadow|passwd|group)|/(ensurepip|lib2to3|idlelib|turtledemo|pydoc_data)(/|$)|^/(usr/)?lib/systemd|/gconv/' |
    sed -E 's#^/(bin|sbin|lib|lib64)/#/usr/\1/#' | sort -u >"$work/all"
  for pkg in /usr/bin/awk /etc/alternatives/awk; do [ -e $pkg ] && echo $pkg >>"$work/all"; done
  while read -r pkg; do      # directories are made along with their files; also where this /usr is not merged
    if [ -d "$pkg" ] && [ ! -L "$pkg" ]; then continue; fi
    [ -e "$pkg" ] || [ -L "$pkg" ] || continue
    printf '%s\0' "${pkg#/}"
  done <"$work/all" >"$work/list"
  tar -C / --null --no-recursion --verbatim-files-from --ignore-failed-read -T "$work/list" -cf - | tar -C "$work/tree" -xf -
  ldconfig -r "$work/tree" 2>/dev/null || true
  chroot "$work/tree" /usr/bin/python3 -c 'import http.server, ssl, json, sqlite3, socket, subprocess' ||
    die "the copied python3 does not work"
  tar -C "$work/tree" --numeric-owner --owner=0 --group=0 -cf "$out" .
}

work=""
out=$STATE/cache/base.tar
mkdir -p "$STATE/cache"
if [ ! -s "$out" ]; then
  from_system "$out.new.tar" >&2
  mv "$out.new.tar" "$out"
fi
echo "$out"
