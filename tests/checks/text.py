# SPDX-License-Identifier: GPL-3.0-or-later
"""TAP: formatting by .clang-format, an SPDX line in every source, no machine's paths."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
tracked = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True, check=True).stdout.split("\n")
files = [root / name for name in tracked if name and (root / name).is_file()]
c_files = [f for f in files if f.suffix in (".c", ".h")]
results = []

run = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, c_files)],
                     capture_output=True, text=True, cwd=root)
results.append(("sources are formatted as .clang-format says",
                sorted(set(re.findall(r"^(\S+?):\d+", run.stderr, re.M)))
                or ([run.stderr] if run.returncode else [])))

code = [f for f in files if f.suffix in (".c", ".h", ".comp", ".glsl", ".py", ".sh", ".def", ".sql")
        or f.name == "meson.build"]
results.append(("every source names its licence",
                [str(f.relative_to(root)) for f in code
                 if "SPDX-License-Identifier: GPL-3.0-or-later" not in f.read_text()[:400]]))

results.append(("no file names a path of one machine",
                [str(f.relative_to(root)) for f in files
                 if f.suffix not in (".png", ".zst", ".gz") and "corpus" not in f.parts
                 and re.search(rb"/(home|work|root)/[a-z]", f.read_bytes())]))

print(f"1..{len(results)}")
for i, (what, problems) in enumerate(results, 1):
    for problem in problems[:40]:
        print("# " + problem)
    print(("not ok" if problems else "ok") + f" {i} - {what}")
