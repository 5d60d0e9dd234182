# SPDX-License-Identifier: Apache-2.0
"""The files of the extension lie on each other, as the folders of the library do."""

import re
import subprocess

from conftest import DROPIN, ROOT

# From the lowest up; those on one floor do not know each other.
FLOORS = (
    {"_errors", "_keys", "_state"},
    {"_convert", "_record", "_wait"},
    {"_client"},
    {
        "_cluster",
        "_compose",
        "_evict",
        "_rebalance",
        "_health",
        "_lock",
        "_network",
        "_node",
        "_service",
        "_spec",
        "_stack",
        "_stream",
        "_versioned",
    },
    {"_methods"},
    {"_swarmmodule"},
)


def symbols(compiled):
    """Return (defined, used) names of our own in an object file."""
    found = subprocess.run(
        ["nm", compiled], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    names = re.findall(r"^\w* *(\w) (swarmpy_\w+)$", found, re.MULTILINE)
    return ({n for kind, n in names if kind in "TDRBC"}, {n for kind, n in names if kind == "U"})


def test_no_file_uses_one_above_itself():
    work = max(DROPIN.parent.glob(".work-*/temp/pymodule"), key=lambda path: path.stat().st_mtime)
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    assert set(floor) == {path.stem for path in (ROOT / "pymodule").glob("*.c")}
    files = {name: symbols(work / f"{name}.o") for name in floor}
    home = {symbol: name for name, (defined, _used) in files.items() for symbol in defined}
    assert "swarmpy_client_begin" in home
    upward = [
        f"{name} uses {symbol} of {home[symbol]}"
        for name, (_defined, used) in files.items()
        for symbol in used
        if floor[home[symbol]] >= floor[name]
    ]
    assert upward == []
