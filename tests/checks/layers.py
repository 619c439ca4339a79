# SPDX-License-Identifier: GPL-3.0-or-later
"""TAP: a file includes headers of its own layer and of those to its left only (ARCHITECTURE)."""
import pathlib
import re
import sys

ALLOWED = {
    "base": [],
    "gpu": ["base"],
    "graph": ["base"],
    "ops": ["base", "graph"],
    "models": ["base", "graph", "ops"],
    "compress": ["base", "graph", "ops", "models"],
    "plan": ["base", "gpu", "graph", "ops"],
    "dataset": ["base"],
    "store": ["base", "dataset"],
    "train": ["base", "gpu", "graph", "ops", "models", "compress", "plan", "dataset", "store"],
    "serve": ["base", "gpu", "graph", "ops", "models", "compress", "plan", "dataset", "store", "train"],
    "bench": ["base", "gpu", "graph", "ops", "models", "compress", "plan", "dataset", "store", "train", "serve", "report"],
    "report": ["base"],
    "job": ["base", "gpu", "graph", "ops", "models", "compress", "plan", "dataset", "store", "train", "serve", "bench",
            "capacity", "report"],
    "ui": ["base", "gpu", "graph", "ops", "models", "compress", "plan", "dataset", "store", "train", "serve", "bench",
           "capacity", "report", "job"],
    "app": None,  # everything
}
source = pathlib.Path(sys.argv[1]) / "src"
problems = []
for path in sorted(source.rglob("*.[ch]")):
    layer = path.relative_to(source).parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#include\s+[<"]([^>"]+)[>"]', line)
        if not found:
            continue
        name = found.group(1)
        where = f"src/{path.relative_to(source)}:{number}"
        other = name.split("/")[0] if "/" in name else None
        if layer not in ALLOWED:
            problems.append(f"{where}: layer {layer} is not on the map")
        elif other in ALLOWED and other != layer and ALLOWED[layer] is not None:
            if other not in ALLOWED[layer]:
                problems.append(f"{where}: {layer} must not include {name}")
        if name.startswith("vulkan/") and layer != "gpu":
            problems.append(f"{where}: Vulkan belongs to src/gpu")
        if name.startswith(("gtk/", "adwaita")) and layer not in ("ui", "app"):
            problems.append(f"{where}: GTK belongs to src/ui and src/app")
        if name.startswith("sqlite3") and layer != "store":
            problems.append(f"{where}: SQLite belongs to src/store")
print("1..1")
for problem in problems:
    print("# " + problem)
print(("not ok" if problems else "ok") + " 1 - includes follow the layers")
