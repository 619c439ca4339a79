# SPDX-License-Identifier: GPL-3.0-or-later
"""TAP: every header under src/ compiles alone. headers.py SOURCE COMPILER FLAGS..."""
import pathlib
import subprocess
import sys

source, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
headers = sorted((source / "src").rglob("*.h"))
if not any("gtk-4" in flag for flag in compiler):  # built without the window
    headers = [h for h in headers if "ui" not in h.parts and h.name != "application.h"]
print(f"1..{len(headers)}")
for i, header in enumerate(headers, 1):
    run = subprocess.run([*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-x", "c",
                          "-std=gnu17", "-D_GNU_SOURCE", "-DG_LOG_DOMAIN=\"rankine\"",
                          f"-I{source}/src", f"-I{source}/shaders", "-"],
                         input=f'#include "{header.relative_to(source / "src")}"\n',
                         capture_output=True, text=True)
    for line in run.stderr.splitlines():
        print("# " + line)
    print(("not ok" if run.returncode else "ok") + f" {i} - {header.relative_to(source)} compiles alone")
