# SPDX-License-Identifier: Apache-2.0
"""The checks of tests/check-style find what they look for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """Return a function that runs tests/check-style on a copy of the library with a line added to a file."""
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
    result = run(name, f'/* SPDX-License-Identifier: Apache-2.0 */\n#include "{included}"')
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


# In two parts, or the check would find them here.
@pytest.mark.parametrize(
    "words",
    [
        "M|end it.",
        "The link is opened an|ew.",
        "Nobody is to|ld.",
        "The field wants| a number.",
        "It stan|ds in the list.",
        "A worker is n|o manager.",
        "It lets go| of the lock.",
        "The key of be|fore is kept.",
        # Over the end of a line.
        "These are n|o\n * nodes.",
    ],
)
def test_a_word_that_is_not_plain_english_is_found(run, words):
    result = run("base/buffer.c", f"/*\n * {words.replace('|', '')}\n */")
    assert result.returncode == 1
    (found,) = result.stdout.splitlines()
    assert found.startswith("libswarm/base/buffer.c:") and " is not plain English: " in found


@pytest.mark.parametrize(
    "words",
    ["There is no such node.", "It is no longer there.", "Amend, told, a stand.", "See before."],
)
def test_plain_english_is_fine(run, words):
    assert run("base/buffer.c", f"/* {words} */").stdout.strip() == ""


@pytest.mark.parametrize(
    "line, count",
    [
        ("word " * 20 + "w", 1),
        ("word " * 19 + "words", 0),
        ("| " + "word " * 30 + "|", 0),
        ("# " + "word " * 30, 0),
        ("see [this](" + "x" * 100 + ")", 0),
        ("```\n" + "word " * 30 + "\n```", 0),
    ],
)
def test_a_long_line_of_markdown_is_found(run, line, count):
    found = run("notes.md", line).stdout.split("\n")
    assert len([one for one in found if "wrap at 100" in one]) == count


def test_a_source_without_a_license_is_found(run):
    result = run("base/new.c", "/* new */")
    assert (result.returncode, result.stdout.strip()) == (
        1,
        "libswarm/base/new.c:1: no line SPDX-License-Identifier: Apache-2.0",
    )


def test_a_file_that_is_too_long_is_found(run):
    result = run("base/new.c", "/* SPDX-License-Identifier: Apache-2.0 */" + 600 * "\n")
    assert result.stdout.strip() == "libswarm/base/new.c: over 600 lines: has it one subject?"


@pytest.mark.parametrize("word, code", [("recie" + "ve", 65), ("receive", 0)])
def test_a_misspelled_word_is_found(tmp_path, word, code):
    (tmp_path / "notes.md").write_text(f"{word} it\n")
    command = [sys.executable, "-m", "codespell_lib", "--toml", ROOT / "pyproject.toml", "notes.md"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
