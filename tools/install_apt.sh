#!/usr/bin/env bash
# Installs the system packages that are missing, when the user may; otherwise says what stays out.
set -u
list="$(dirname "$0")/apt-packages.txt"

missing=()
while IFS=: read -r package _; do
    case "$package" in \#* | "") continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
done <"$list"
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    as_root=(false)
fi

if [ "${as_root[*]}" != "false" ] && command -v apt-get >/dev/null; then
    echo "Installing system packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    # One by one, because a release that lacks one of them should still get the others.
    for package in "${missing[@]}"; do
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" \
            apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
            echo "could not install $package"
    done
fi

for package in "${missing[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" ||
        grep "^$package:" "$list" | sed 's/^\([^:]*\): /Not installed: \1. Without it stays out: /'
done
exit 0
