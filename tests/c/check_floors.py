#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Does a file of the library use a function or table of a folder above its own? An include does not
show it where a public header declares the symbol. The order is that of tests/check-style.
usage: check_floors.py LIBRARY.a SOURCES.txt
"""

import re
import runpy
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FLOORS = runpy.run_path(str(TOP / "tests/check-style"))["FLOORS"]
# libswarm.a:libswarm_base_error.c.o:0000000000000040 T swarm__error
SYMBOL = re.compile(r"^[^:]*:(\w+)\.c\.o:\s*[0-9a-f]* *([A-Za-z]) (\w+)$", re.MULTILINE)


def upward(text, folders):
    """Return the uses of a higher folder's symbols in nm's output; folders: object to folder."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names.split()}
    symbols = SYMBOL.findall(text)
    home = {name: file for file, kind, name in symbols if kind in "TDRBC"}
    found = []
    for file, kind, name in symbols:
        if kind != "U" or name not in home:
            continue
        own, other = folders[file], folders[home[name]]
        if own != other and floor[other] >= floor[own]:
            found.append(f"{file}.c uses {name} of {home[name]}.c")
    return found


def main():
    library, sources = sys.argv[1:]
    names = Path(sources).read_text(encoding="ascii").split()
    folders = {name.removesuffix(".c").replace("/", "_"): name.split("/")[-2] for name in names}
    text = subprocess.run(["nm", "-A", library], check=True, capture_output=True, text=True).stdout
    # The check itself: one that finds nothing in a planted use would pass for ever.
    planted = (
        "x.a:a_base_a.c.o:  U f\nx.a:a_call_b.c.o: 00 T f\n"
        "x.a:a_base_a.c.o: 00 T g\nx.a:a_call_b.c.o:  U g\n"
    )
    found = upward(planted, {"a_base_a": "base", "a_call_b": "call"})
    assert found == ["a_base_a.c uses f of a_call_b.c"], found
    assert {file for file, _, _ in SYMBOL.findall(text)} == set(folders), "nm names other files"
    found = upward(text, folders)
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
