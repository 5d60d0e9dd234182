# SPDX-License-Identifier: Apache-2.0
"""The tables of promises in docs/testing.md name tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8").partition("## Promises")[2]
ROWS = re.findall(r"(?m)^\| .+? \| (`tests/.+) \|$", PAGE.partition("\n## ")[0])


def test_each_promise_names_a_test_that_exists():
    assert len(ROWS) == 32
    for row in ROWS:
        place, *names = re.findall(r"`([^`]+)`", row)
        path, _, function = place.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        wanted = [f"def {function}("] if function else names
        assert wanted, row
        for one in wanted:
            assert one in text, f"{path}: {one}"
