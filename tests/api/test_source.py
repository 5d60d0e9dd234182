# SPDX-License-Identifier: Apache-2.0
"""pymodule/debian-source, which the description and the static libraries come through."""

import os
import subprocess
from pathlib import Path

from tables import ROOT

COMMAND = ROOT / "pymodule/debian-source"


def machine():
    """What apt keeps on this machine: each file with its time."""
    folders = [Path("/var/lib/apt"), Path("/var/cache/apt"), Path("/etc/apt")]
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


def test_the_machine_s_apt_is_left_alone(tmp_path):
    before = machine()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [COMMAND, tmp_path / "out", "jansson"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert machine() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert any(path.suffix == ".dsc" for path in (tmp_path / "out").iterdir())


def test_what_is_wrong_is_said(tmp_path):
    done = subprocess.run([COMMAND], capture_output=True, text=True, timeout=60)
    assert (
        done.returncode == 1
        and done.stderr == "debian-source: usage: debian-source FOLDER PACKAGE...\n"
    )
    done = subprocess.run(
        [COMMAND, tmp_path, "no-such-package"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode != 0 and "no-such-package" in done.stderr
