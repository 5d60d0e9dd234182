"""Both ways in, on a host that has no curl, jansson or compiler."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def test_the_host_has_nothing_to_lean_on(lab):
    libraries = lab.on("worker1", "ldconfig", "-p").out
    assert "libc.so.6" in libraries
    assert "libcurl" not in libraries and "libjansson" not in libraries
    assert lab.shell("worker1", "which gcc cc curl", check=False).out == ""


def test_the_file_root_serves_the_core_beside_its_module(swarm):
    path = swarm.one("worker1", "swarm.version")["path"]
    assert path.startswith("/var/cache/salt/minion/extmods/modules/_swarm-0.")


@pytest.fixture
def wheel_only(swarm):
    """worker1 with the wheel, and without what the file root delivered."""
    wheel = next((ROOT / "build/dist").glob("saltext_swarm-*.whl"))
    with wheel.open("rb") as handle:
        path = f"/root/{wheel.name}"
        subprocess.run(
            [ROOT / "tests/lab/lab", "exec", "worker1", "sh", "-c", f"cat > {path}"],
            stdin=handle,
            check=True,
        )
    swarm.on("worker1", "/opt/salt/bin/pip", "install", "-q", "--no-index", "--no-deps", path)
    swarm.on("worker1", "mv", "/var/cache/salt/minion/extmods", "/root/extmods")
    yield "worker1"
    swarm.on("worker1", "rm", "-rf", "/var/cache/salt/minion/extmods")
    swarm.on("worker1", "mv", "/root/extmods", "/var/cache/salt/minion/extmods")
    swarm.on("worker1", "/opt/salt/bin/pip", "uninstall", "-q", "-y", "saltext-swarm")


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
