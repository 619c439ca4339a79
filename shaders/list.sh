#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Lists what to compile, a line each: NAME|FILE|TARGET|DEFINES. A shader says so itself, in lines
#   // rk-compile: NAME [TARGET] [-DDEFINE...]      TARGET: vulkan1.1 (default), vulkan1.3
# so that a new op is one new file. Names are unique over all folders.
cd "$(dirname "$0")" || exit 1
find . -name '*.comp' | LC_ALL=C sort | while read -r file; do
    file=${file#./}
    sed -n 's|^// rk-compile: *||p' "$file" | while read -r name rest; do
        target=vulkan1.1
        case $rest in
        vulkan*)
            target=${rest%% *}
            rest=${rest#"$target"}
            ;;
        esac
        echo "$name|$file|$target|$rest"
    done
done
