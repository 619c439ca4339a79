#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints the GResource manifest of the compiled shaders named as arguments.
echo '<gresources><gresource prefix="/org/rankine/shaders">'
for name in "$@"; do
    echo "  <file>$name</file>"
done
echo '</gresource></gresources>'
