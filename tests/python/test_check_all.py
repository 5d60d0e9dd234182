# SPDX-License-Identifier: Apache-2.0
"""``tests/check-all``: a part that fails is reported, and the others still run."""

import os
import shutil
import subprocess

from conftest import ROOT

MAKEFILE = """
good:
	@echo well done
bad:
	@echo oh no >&2; exit 1
later:
	@echo later
"""


def check_all(folder, *targets):
    """Run a copy of it in a folder with a Makefile of its own."""
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "Makefile").write_text(MAKEFILE)
    command = [shutil.copy(ROOT / "tests/check-all", folder / "tests"), *targets]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean)


def test_a_failure_does_not_stop_the_others(tmp_path):
    done = check_all(tmp_path, "good", "bad", "later")
    logs = tmp_path / "build/check-all"
    assert done.returncode == 1
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["passed", "good"],
        ["failed", "bad"],
        ["passed", "later"],
    ]
    assert (logs / "summary").read_text() == done.stdout
    assert (logs / "good.log").read_text() == "well done\n"
    assert "oh no" in (logs / "bad.log").read_text()


def test_all_passed(tmp_path):
    assert check_all(tmp_path, "bad").returncode == 1
    done = check_all(tmp_path, "good", "later")
    assert done.returncode == 0
    # What an earlier run left is gone.
    assert not (tmp_path / "build/check-all/bad.log").exists()
