# SPDX-License-Identifier: GPL-3.0-or-later
"""TAP: an op is known to its row, its shader and its family file alone.

The name of every op, as a string, may stand in its family's files, in the .def that rows are made
of and in tests; nowhere else in src/. new_op.py SOURCE PROGRAM, where PROGRAM prints the names.
"""
import pathlib
import re
import subprocess
import sys

source = pathlib.Path(sys.argv[1])
rows = [line.split() for line in subprocess.run([sys.argv[2]], capture_output=True, text=True,
                                                check=True).stdout.splitlines()]
problems = []
outside = [p for p in (source / "src").rglob("*.[ch]") if p.parts[-2] not in ("ops",)]
texts = {p: p.read_text() for p in outside if p.parts[-2] in ("graph", "plan", "gpu")}
for family, name in rows:
    for path, text in texts.items():
        text = re.sub(r"//.*", "", text)
        if f'"{name}"' in text or re.search(rf"\brk_{re.escape(name)}\s*\(", text):
            problems.append(f"{path.relative_to(source)} names the op {name} of {family}")
for path, text in texts.items():
    if re.search(r"switch\s*\([^)]*\bop\b", text):
        problems.append(f"{path.relative_to(source)} switches over ops")
print("1..2")
for problem in problems:
    print("# " + problem)
print(("not ok" if problems else "ok") + " 1 - no file outside src/ops knows an op")
print(("ok" if len(rows) > 50 else "not ok") + f" 2 - the check saw {len(rows)} rows")
