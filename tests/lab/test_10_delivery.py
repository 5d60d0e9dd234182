# SPDX-License-Identifier: Apache-2.0
"""Both ways in, on a host that has no curl, jansson or compiler."""

import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import HOSTS

ROOT = pathlib.Path(__file__).parents[2]
GRAIN = {"state", "role", "node_id"}
EXTMODS = "/var/cache/salt/minion/extmods"


def test_the_host_has_nothing_to_lean_on(lab):
    libraries = lab.on("worker1", "ldconfig", "-p").out
    assert "libc.so.6" in libraries
    assert "libcurl" not in libraries and "libjansson" not in libraries
    assert lab.shell("worker1", "which gcc cc curl", check=False).out == ""


def test_grains_and_outputter_came_with_the_modules(swarm):
    found = swarm.salt(",".join(HOSTS), "grains.get", "swarm")
    assert {name for name, grain in found.items() if set(grain) == GRAIN} == set(HOSTS)
    table = swarm.on("manager1", "salt-call", "swarm.node_ls").out
    assert re.search(r"ID +HOSTNAME +STATUS +AVAILABILITY", table)


def test_the_file_root_serves_the_core_beside_its_module(swarm):
    path = swarm.one("worker1", "swarm.version")["path"]
    assert path.startswith(f"{EXTMODS}/modules/_swarm-0.")


def append(path, data):
    with path.open("ab") as handle:
        handle.write(data)


@pytest.mark.parametrize("by_hand", [False, True])
def test_changed_files_of_the_same_version_are_delivered(swarm, tmp_path, by_hand):
    """Also the core, which a job may have mapped: it must not be written into."""
    for name in ("salt_states", "pymodule", "pillar_example", "build/dropin"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True)
    shutil.copy(ROOT / "VERSION", tmp_path)
    append(tmp_path / "salt_states/_modules/swarm_facts.py", b"# changed\n")
    (core,) = (tmp_path / "build/dropin").glob("_swarm-*.so")
    append(core, b"changed")  # behind what the loader reads
    held = "/root/held"
    for checkout, changed in [(tmp_path, True), (ROOT, False)]:
        path = swarm.one("worker1", "swarm.version")["path"]
        swarm("sync", str(checkout))
        # What processes have mapped, by a second name: its inode number cannot be given to the new one.
        swarm.on("worker1", "ln", path, held)
        before = swarm.on("worker1", "sha256sum", held).out
        if by_hand:
            swarm.one("worker1", "saltutil.sync_all")
        else:
            delivered, published = swarm.one("worker1", "state.apply", "docker.mine").values()
            assert delivered["result"] and published["result"], delivered
            assert "modules.swarm_facts" in str(delivered["changes"])
        tail = swarm.on("worker1", "tail", "-n1", f"{EXTMODS}/modules/swarm_facts.py").out
        assert (tail == "# changed\n") is changed
        assert swarm.on("worker1", "sha256sum", held).out == before
        assert swarm.on("worker1", "test", "-e", path, check=False).code == 1
        assert swarm.one("worker1", "swarm.version")["path"] != path
        swarm.on("worker1", "rm", held)
        (published,) = swarm.one("worker1", "state.apply", "docker.mine").values()
        assert published["result"] is True


@pytest.fixture
def wheel(swarm):
    """worker1 with the wheel."""
    built = next((ROOT / "build/dist").glob("saltext_swarm-*.whl"))
    with built.open("rb") as handle:
        path = f"/root/{built.name}"
        subprocess.run(
            [ROOT / "tests/lab/lab", "exec", "worker1", "sh", "-c", f"cat > {path}"],
            stdin=handle,
            check=True,
        )
    swarm.on("worker1", "/opt/salt/bin/pip", "install", "-q", "--no-index", "--no-deps", path)
    yield "worker1"
    swarm.on("worker1", "/opt/salt/bin/pip", "uninstall", "-q", "-y", "saltext-swarm")


@pytest.fixture
def wheel_only(swarm, wheel):
    """worker1 with the wheel, and without what the file root delivered."""
    swarm.on(wheel, "mv", EXTMODS, "/root/extmods")
    yield wheel
    swarm.on(wheel, "rm", "-rf", EXTMODS)
    swarm.on(wheel, "mv", "/root/extmods", EXTMODS)


def test_of_both_ways_the_file_root_wins_and_says_so(swarm, wheel):
    for command in (("swarm.version",), ("--local", "swarm.version")):
        version = swarm.on(wheel, "salt-call", "--out=json", *command).json["local"]
        assert version["path"].startswith(f"{EXTMODS}/modules/_swarm-")


def test_the_wheel_serves_modules_states_and_outputter(swarm, wheel_only):
    local = ("salt-call", "--local", "--out=json")
    version = swarm.on(wheel_only, *local, "swarm.version").json["local"]
    assert "site-packages/saltext/swarm" in version["path"]
    info = swarm.on(wheel_only, *local, "swarm.info").json["local"]
    assert (info["state"], info["role"]) == ("active", "worker")
    state = swarm.on(wheel_only, *local, "state.single", "swarm.left", "x", "test=True").json
    assert next(iter(state["local"].values()))["changes"] == {
        "swarm": {"old": "active", "new": "inactive"}
    }
