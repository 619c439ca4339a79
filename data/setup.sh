#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what a Debian 12 machine lacks to build Rankine and, with "test", to test it. Sourced or
# run by data/demo.sh and tests/run.sh; says what it does; does nothing when all is there.
set -u

build_packages="gcc meson ninja-build pkg-config glslc libglib2.0-dev libglib2.0-dev-bin
  libjson-glib-dev libsqlite3-dev libvulkan-dev libzstd-dev libzip-dev libcglm-dev
  libcairo2-dev libpango1.0-dev liblapacke-dev spirv-headers fonts-dejavu-core libgtk-4-dev
  libadwaita-1-dev gettext mesa-vulkan-drivers python3"
test_packages="vulkan-validationlayers chromium clang clang-format clang-tidy libclang-rt-14-dev
  poppler-utils sqlite3 python3-jsonschema spirv-tools zstd xvfb xdotool imagemagick desktop-file-utils appstream"

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            echo "$package"
    done
}

install_packages() {
    local missing root=""
    # shellcheck disable=SC2046,SC2086
    missing=$(missing_packages $*)
    [ -z "$missing" ] && return 0
    echo "Installing: $(echo $missing)"
    if [ "$(id -u)" -ne 0 ]; then
        root=sudo
        command -v sudo >/dev/null ||
            { echo "Can't install packages: run this as root, or install sudo." >&2; return 1; }
    fi
    local quiet=(-qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold)
    $root env DEBIAN_FRONTEND=noninteractive apt-get update "${quiet[@]}" ||
        { echo "Can't refresh the package lists: check the network and run this again." >&2; return 1; }
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "${quiet[@]}" $missing >/dev/null ||
        { echo "Can't install $(echo $missing): see apt-get's message above." >&2; return 1; }
}

command -v apt-get >/dev/null || [ -n "${RANKINE_NO_INSTALL:-}" ] ||
    { echo "Can't install packages: this machine has no apt-get. Install what README.md lists, then set RANKINE_NO_INSTALL=1." >&2; exit 1; }
if [ -z "${RANKINE_NO_INSTALL:-}" ]; then
    # shellcheck disable=SC2086
    install_packages $build_packages || exit 1
    if [ "${1:-}" = test ]; then
        # shellcheck disable=SC2086
        install_packages $test_packages || exit 1
    fi
fi
