# SPDX-License-Identifier: GPL-3.0-or-later
"""schema.py SCHEMA DOCUMENT...: says what doesn't fit and exits 1. 77 without python3-jsonschema."""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)
schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
problems = [f"{path}: {'.'.join(map(str, e.absolute_path))}: {e.message[:200]}"
            for path in sys.argv[2:] for e in validator.iter_errors(json.load(open(path, encoding="utf-8")))]
print("\n".join(problems))
sys.exit(1 if problems else 0)
