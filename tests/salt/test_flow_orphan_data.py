# SPDX-License-Identifier: Apache-2.0
"""Data of a swarm on the disk of a host whose engine says that it is in none, as after a
force-new-cluster that failed: no init, join or bootstrap deletes it."""

import datetime
import os
import shutil
import time
import types

import fleet as fleets
import pytest
from salt.exceptions import CommandExecutionError
from test_module_state_dir import write_certificate

TOKEN = "SWMTKN-1-" + "a" * 50 + "-" + "b" * 25
WAYS = {
    "init": ("swarm.init", {}),
    "force": ("swarm.init", {"force_new_cluster": True}),
    "join": ("swarm.join", {"remote_addrs": "10.0.0.2", "token": TOKEN}),
    "old init": ("swarm.swarm_init", {}),
    "old join": ("swarm.joinswarm", {"remote_addr": "10.0.0.2", "token": TOKEN}),
    "core init": ("swarm_core.core", {"method": "init"}),
    "core join": ("swarm_core.core", {"method": "join"}),
    "call init": ("swarm.call", {"operation": "swarm_init"}),
    "call join": ("swarm.call", {"operation": "swarm_join"}),
}


def leave_data(minion, certificate=True):
    """What a failed force-new-cluster leaves: the engine's word is ``inactive``, the data is there."""
    minion.machine.wipe()
    root = minion.machine.root
    (root / "swarm/raft/wal-v3-encrypted").mkdir(parents=True)
    (root / "swarm/certificates").mkdir()
    if certificate:
        write_certificate(root, datetime.datetime(2026, 1, 2), 90)
    minion.machine.calls.clear()


def has_data(minion):
    return (minion.machine.root / "swarm/raft/wal-v3-encrypted").is_dir()


@pytest.mark.parametrize("way", WAYS)
def test_no_function_deletes_it(make_fleet, way):
    fleet = make_fleet(managers=2, workers=0)
    leave_data(fleet["manager1"])
    function, arguments = WAYS[way]
    with pytest.raises(CommandExecutionError) as raised:
        fleet["manager1"].job().salt[function](**arguments)
    text = str(raised.value)
    folder = fleet["manager1"].machine.root / "swarm"
    assert f"{folder} holds data of cluster cluster1 though docker says" in text
    assert "systemctl restart docker" in text
    assert "salt manager1 swarm.unlock key_file=PATH" in text
    assert has_data(fleet["manager1"])
    assert fleet["manager1"].machine.changed_by() == []


@pytest.mark.parametrize("certificate", [True, False])
@pytest.mark.parametrize("managers", [1, 3])
def test_bootstrap_deletes_it_nowhere(make_fleet, managers, certificate):
    fleet = make_fleet(managers=managers, workers=1).form()
    assert fleet.bootstrap()["ok"]
    for name in fleet.pillar["managers"]:
        leave_data(fleet[name], certificate)
    for test in (True, False):
        steps = fleet.bootstrap(test=test)
        assert not steps["ok"]
        comment = steps["cluster"]["manager1"]["docker-swarm"]["comment"]
        assert comment.startswith("manager1: ") and "holds data of cluster" in comment
    for name in fleet.pillar["managers"]:
        assert has_data(fleet[name])
        assert fleet[name].machine.changed_by() == []


@pytest.mark.parametrize("removed", [True, False])
def test_a_worker_that_holds_it_fails_alone(fleet, removed):
    """Also where the living cluster has no record of it any more."""
    fleet.form()
    assert fleet.bootstrap()["ok"]
    cluster = fleet["worker1"].machine.cluster
    if removed:
        del cluster.nodes[fleet["worker1"].machine.node_id]
    leave_data(fleet["worker1"])
    steps = fleet.bootstrap()
    assert (
        "holds data of cluster cluster1"
        in steps["workers"]["worker1"]["docker-swarm-join"]["comment"]
    )
    assert steps["workers"]["worker2"]["docker-swarm-join"]["result"] is True
    assert has_data(fleet["worker1"])
    assert fleet["worker1"].machine.changed_by() == []
    said = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert "1 of 2 workers joined" in said and "holds data of cluster cluster1" in said


def test_a_manager_that_holds_it_stops_the_others_too(fleet):
    """Its record went: it is not taken for an orphan that may leave and join."""
    fleet.form()
    cluster = fleet["manager3"].machine.cluster
    del cluster.nodes[fleet["manager3"].machine.node_id]
    leave_data(fleet["manager3"])
    steps = fleet.bootstrap()
    assert steps["cluster"]["manager1"]["docker-swarm"]["comment"].startswith("manager3: ")
    assert has_data(fleet["manager3"])


def test_facts_wait_for_an_engine_that_still_deletes(fleet, monkeypatch):
    """A leave removes the host's containers before it removes the data."""
    minion = fleet["manager1"]
    leave_data(minion)
    job = minion.job()
    facts = job.salt["swarm_facts.collect"].func.__globals__
    facts["LEADER_SECONDS"] = 60

    def sleep(_):
        shutil.rmtree(minion.machine.root / "swarm")

    clock = types.SimpleNamespace(sleep=sleep, monotonic=time.monotonic, time=time.time)
    monkeypatch.setitem(facts, "time", clock)
    assert job.salt["swarm_facts.collect"]()["state"] == "inactive"


def test_facts_name_the_cluster(fleet):
    minion = fleet["manager1"]
    leave_data(minion)
    found = minion.job().salt["swarm_facts.collect"]()
    assert (found["state"], found["data"], found["node_id"]) == ("error", "cluster1", "node1")
    (minion.machine.root / "swarm/certificates/swarm-node.crt").unlink()
    found = minion.job().salt["swarm_facts.collect"]()
    assert (found["state"], found["data"], found["node_id"]) == ("error", "unknown", "")


@pytest.mark.parametrize("name", ["left", "drained", "joined"])
def test_every_state_refuses_a_host_with_orphaned_data(make_fleet, name):
    fleet = make_fleet(managers=1, workers=1).form()
    assert fleet.bootstrap()["ok"]
    leave_data(fleet["worker1"])
    for test in (True, False):
        ret = fleets.state(fleet, "worker1", name, test=test)
        assert ret["result"] is False and "holds data of cluster cluster1" in ret["comment"]
    assert has_data(fleet["worker1"])


def test_a_folder_that_cannot_be_read_is_not_taken_for_empty(fleet, monkeypatch):
    minion = fleet["manager1"]
    folder = str(minion.machine.root / "swarm")
    real = os.stat

    def stat(path, *args, **kwargs):
        if str(path).startswith(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", stat)
    with pytest.raises(CommandExecutionError, match="Permission denied.*run the minion as root"):
        minion.job().salt["swarm.init"]()


def test_an_engine_that_left_has_no_orphaned_data(fleet):
    minion = fleet["manager1"]
    (minion.machine.root / "swarm/raft").mkdir(parents=True)
    assert minion.job().salt["swarm_state_dir.orphan_data"]() == {}
    minion.job().salt["swarm.init"]()
    leave = fleet["manager2"]
    assert leave.job().salt["swarm_state_dir.orphan_data"]() == {}, "no folder at all"
