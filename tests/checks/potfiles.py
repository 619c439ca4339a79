# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file with texts to translate is listed in po/POTFILES, and nothing else is; xgettext reads
them all. Takes the source folder; with --write it writes the list."""
import os
import re
import shutil
import subprocess
import sys

MARKED = re.compile(r'\b(_|N_|C_|ngettext)\(\s*"|translatable="yes"|<summary>|\n(Name|Comment|Keywords)=')


def sources(here):
    for folder in ("src/app", "src/job", "src/ui", "ui", "data"):
        for root, _, names in os.walk(os.path.join(here, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".def", ".ui", ".gschema.xml", ".metainfo.xml", ".desktop")):
                    yield os.path.relpath(os.path.join(root, name), here)


def is_marked(here, path):
    with open(os.path.join(here, path), encoding="utf-8") as file:
        return path.endswith(".metainfo.xml") or bool(MARKED.search(file.read()))


def main():
    here = sys.argv[1]
    wanted = sorted(path for path in sources(here) if is_marked(here, path))
    listed_in = os.path.join(here, "po", "POTFILES")
    if "--write" in sys.argv:
        with open(listed_in, "w", encoding="utf-8") as file:
            file.write("".join(path + "\n" for path in wanted))
        return
    with open(listed_in, encoding="utf-8") as file:
        listed = file.read().split()
    lacking, extra = sorted(set(wanted) - set(listed)), sorted(set(listed) - set(wanted))
    print("not ok 1" if lacking or extra else "ok 1", "po/POTFILES lists what is to be translated")
    for path in lacking:
        print("# lacks", path, "(python3 tests/checks/potfiles.py . --write)")
    for path in extra:
        print("# has nothing to translate:", path)
    if shutil.which("xgettext") is None:
        print("ok 2 # SKIP there is no xgettext\n1..2")
        return
    code = [path for path in listed if path.endswith((".c", ".def"))]
    run = subprocess.run(["xgettext", "--from-code=UTF-8", "--language=C", "--keyword=_",
                          "--keyword=N_", "--keyword=C_:1c,2", "-o", "-", *code],
                         cwd=here, capture_output=True, text=True, check=False)
    broken = run.returncode != 0 or "warning" in run.stderr
    print("not ok 2" if broken else "ok 2", "xgettext reads them")
    for line in run.stderr.splitlines():
        print("#", line)
    print("1..2")


main()
