"""The check of the order of libswarm's folders finds an include that leads up."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """Run tests/check-style on a copy of the library, with one more line at the end of a file."""
    shutil.copytree(ROOT / "libswarm", tmp_path / "libswarm")

    def run(name, line):
        path = tmp_path / "libswarm" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        for command in (["git", "init", "-q"], ["git", "add", "."]):
            subprocess.run(command, cwd=tmp_path, check=True)
        return subprocess.run(
            [ROOT / "tests/check-style"], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(
    "name, included",
    [
        ("base/buffer.c", "call/internal.h"),
        ("call/call.c", "common/internal.h"),
        ("node/internal.h", "placement/internal.h"),
        # The two of one floor do not know each other.
        ("http/url.c", "view/internal.h"),
        ("view/row.c", "http/internal.h"),
        # Without a folder, and in a folder that has no place in the order.
        ("call/call.c", "internal.h"),
        ("attic/old.c", "base/internal.h"),
        ("base/buffer.c", "attic/old.h"),
        ("base/buffer.c", "../call/internal.h"),
    ],
)
def test_an_include_that_leads_up_is_found(run, name, included):
    result = run(name, f'#include "{included}"')
    assert result.returncode == 1
    folder = name.split("/")[0]
    found = [line for line in result.stdout.splitlines() if line]
    assert len(found) == 1, result.stdout + result.stderr
    assert found[0].startswith(f"libswarm/{name}:")
    assert found[0].endswith(f"{folder}/ may not include {included} (docs/architecture.md)")


@pytest.mark.parametrize(
    "name, included", [("call/call.c", "http/internal.h"), ("object/lists.c", "view/internal.h")]
)
def test_an_include_that_leads_down_is_fine(run, name, included):
    result = run(name, f'#include "{included}"')
    assert (result.returncode, result.stdout.strip()) == (0, "")
