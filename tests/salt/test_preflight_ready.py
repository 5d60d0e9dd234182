# SPDX-License-Identifier: Apache-2.0
"""What a host publishes with its reading for a preflight, and when it leaves that to a step of the run."""

import hashlib
import pathlib

import pytest


@pytest.fixture
def minion(make_fleet):
    return make_fleet(managers=1, workers=1)["manager1"]


@pytest.fixture
def host(minion):
    job = minion.job()
    job.replace("cmd.has_exec", lambda name: False)
    return job


@pytest.fixture
def delivered(host):
    """``delivered(**more)``: what a host of a run says of itself; with ``files`` as docker/DIGESTS has them."""
    folder = pathlib.Path(host.minion.last_opts["extension_modules"])
    lines = []
    for name in ("modules/swarm.py", "states/swarm.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    host.replace("swarm_engine.settled", lambda pillar: {"drift": ["too old"]})
    host.folder = folder

    def ask(**more):
        given = {"run": "r1", "digests": "".join(lines), **more}
        found = host.salt["swarm_preflight.reading"](**given)
        return found["ready"]

    return ask


def test_a_host_that_has_nothing_to_install_publishes_its_facts(delivered, minion):
    expected = {"role": "", "node_id": "", "cluster": "", "drift": ["too old"]}
    assert delivered() == expected
    entry = minion.fleet.mine[minion.id]["swarm"]
    assert (entry["run"], entry["state"], entry["drift"]) == ("r1", "inactive", ["too old"])
    assert all(not one.open for one in minion.fleet.connections)
    assert delivered(run="r2", digests="") == expected, "a file root without a core has no digests"
    assert delivered(run="r3", digests="\n\n") == expected


def test_a_host_with_other_files_does_not(delivered, host, minion):
    (host.folder / "states/swarm.py").write_text("older")
    assert delivered() is None
    (host.folder / "states/swarm.py").unlink()
    assert delivered() is None and not minion.fleet.mine


def test_nor_one_whose_engine_has_something_to_change(delivered, host, minion):
    host.replace("swarm_engine.settled", lambda pillar: None)
    assert delivered() is None and not minion.fleet.mine


def test_nor_one_with_a_state_job(delivered, host, minion, monkeypatch):
    """What a killed run left there publishes facts of that run when it ends."""
    for function, is_ready in (("state.sls", False), ("state.apply", False), ("test.ping", True)):
        running = [{"fun": function, "pid": 7}]
        monkeypatch.setattr("salt.utils.minion.running", lambda opts, now=running: now)
        assert bool(delivered()) is is_ready


def test_nor_one_whose_master_keeps_no_mine(delivered, minion):
    minion.fleet.mine_off = True
    assert delivered() is None
    minion.fleet.refuse_writes = True
    assert delivered() is None
    assert all(not one.open for one in minion.fleet.connections)
