#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare what the shared library exports with its map and with the public headers.

Usage: check_symbols.py LIBRARY MAP HEADER...
"""

import re
import subprocess
import sys
from pathlib import Path


def exported(library):
    """Return the names that the library defines for others."""
    output = subprocess.check_output(
        ["nm", "-D", "--defined-only", "--without-symbol-versions", library], text=True
    )
    rows = [line.split() for line in output.splitlines()]
    return {name for _address, kind, name in rows if kind != "A"}


def listed(path):
    """Return the names that the map lists."""
    return set(re.findall(r"^\t(\w+);", Path(path).read_text(encoding="ascii"), re.MULTILINE))


def declared(headers):
    """Return the functions that the headers declare."""
    names = set()
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", Path(header).read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)
        names |= set(re.findall(r"\b(swarm_\w+)\(", text))
    return names


def main(library, map_file, *headers):
    """Return the exit code."""
    have = exported(library)
    bad = 0
    for what, names in (("map", listed(map_file)), ("headers", declared(headers))):
        for name in sorted(have - names):
            print(f"{name} is exported, but not in the {what}")
        for name in sorted(names - have):
            print(f"{name} is in the {what}, but not exported")
        bad += have != names
    return 1 if bad or not have else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
