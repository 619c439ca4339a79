# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up meson's JUnit files: count.py FAILED_STEPS FILE...

Prints each failure and each kind of skip with its count, then "N passed, N failed[, N skipped]".
A program that ran no test has failed. Exits 1 when anything failed, a step named in FAILED_STEPS
included, or when nothing ran.
"""
import collections
import sys
import xml.etree.ElementTree as ElementTree

failed_steps, files = sys.argv[1].split(), sys.argv[2:]
passed = failed = 0
skips = collections.Counter()
for name in files:
    root = ElementTree.parse(name).getroot()
    for suite in root.iter("testsuite"):
        if suite.find("testcase") is None:
            failed += 1
            print(f"FAILED {suite.get('name')} ran no test ({name.rsplit('/', 1)[-1]})")
    for case in root.iter("testcase"):
        label = f"{case.get('classname', '')} {case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"FAILED {label} ({name.rsplit('/', 1)[-1]})")
        elif case.find("skipped") is not None:
            skips[(case.find("skipped").text or "no reason given").strip()] += 1
        else:
            passed += 1
for reason, n in skips.items():
    print(f"skipped {n}: {reason}")
for step in failed_steps:
    print(f"FAILED step: {step}")
if failed_steps and failed == 0:
    failed = len(failed_steps)  # a test that died before it could report a case
skipped = sum(skips.values())
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
