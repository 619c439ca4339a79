# SPDX-License-Identifier: GPL-3.0-or-later
"""A report in a real browser: opened at the width of a phone and of a laptop and with the style of
print on A4, no part is wider than the page, and nothing is said on the console. Takes the rankine
program and the source folder; says why it skips where there is no chromium."""
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile

FRAMES = [("phone", 390), ("laptop", 1366), ("print", 718)]  # 718 px: A4 less its margins
MEASURE = """<script>
addEventListener('load', () => setTimeout(() => {
  const said = [];
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument.documentElement;
    const wide = [...page.querySelectorAll('body *')].filter(e => {
      if (e.closest('svg') && e.tagName !== 'svg') return false;
      for (let up = e.parentElement; up; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== 'visible' && up !== page && up.tagName !== 'BODY')
          return false;  // scrolls by itself
      return e.getBoundingClientRect().right > page.clientWidth + 1;
    });
    said.push([frame.id, page.scrollWidth, page.clientWidth,
               wide.slice(0, 3).map(e => e.tagName + '.' + e.className).join(' ')].join('|'));
  }
  const out = document.createElement('pre');
  out.id = 'said';
  out.textContent = said.join('\\n');
  document.body.append(out);
}, 300));
</script>"""


def frame(name, width, page):
    if name == "print":
        page = page.replace("@media print", "@media all")
    return (f'<iframe id="{name}" width="{width}" height="900" style="border:0" '
            f'srcdoc="{html.escape(page)}"></iframe>')


def browse(chromium, page):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "frames.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write("<!doctype html><meta charset=utf-8><title>frames</title><body>")
            file.write("".join(frame(name, width, page) for name, width in FRAMES) + MEASURE)
        run = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--hide-scrollbars", "--allow-file-access-from-files", "--enable-logging=stderr",
             "--virtual-time-budget=4000", "--window-size=1400,1000",
             f"--user-data-dir={folder}/profile", "--dump-dom", f"file://{path}"],
            capture_output=True, text=True, timeout=120, check=False)
    said = re.search(r'<pre id="said">(.*?)</pre>', run.stdout, re.S)
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return said.group(1).split("\n") if said else [], console


def main():
    rankine, source = sys.argv[1], sys.argv[2]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("1..0 # SKIP there is no chromium to open reports in")
        return
    results = os.path.join(source, "tests", "report", "results.json")
    cases = [("one run", [results]), ("two runs", [results, results])]
    n = 0
    for what, runs in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "report.html")
            subprocess.run([rankine, "report", *runs, "--to", path], check=True,
                           stdout=subprocess.DEVNULL)
            with open(path, encoding="utf-8") as file:
                page = file.read()
        said, console = browse(chromium, page)
        n += 1
        print("ok" if len(said) == len(FRAMES) else "not ok", n, f"{what}: it is shown")
        for line in said:
            name, scroll, client, wide = line.split("|")
            n += 1
            print("ok" if int(scroll) <= int(client) and not wide else "not ok", n,
                  f"{what}: nothing is wider than the page ({name})")
            if wide or int(scroll) > int(client):
                print(f"# {scroll} px of {client}: {wide}")
        n += 1
        print("not ok" if console else "ok", n, f"{what}: the console is silent")
        for line in console:
            print("#", line)
    print(f"1..{n}")


main()
