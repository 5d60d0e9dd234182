# SPDX-License-Identifier: Apache-2.0
"""``swarm.nodes`` and its filters, and the functions that change a node's place."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError


@pytest.fixture
def formed(make_fleet):
    """Three managers, three workers: worker2 down, worker3 of another version."""
    fleet = make_fleet(managers=3, workers=3).form()
    nodes = {node["hostname"]: node for node in fleet["manager1"].machine.cluster.nodes.values()}
    nodes["worker1"]["labels"] = {"disk": "ssd", "zone": "a"}
    nodes["worker2"]["labels"] = {"disk": "hdd"}
    nodes["worker3"]["engine_version"] = "26.1.50"
    nodes["worker3"]["availability"] = "pause"
    fleet["worker2"].machine.docker = "stopped"
    return fleet


def names(rows):
    return sorted(row["hostname"] for row in rows)


MANAGERS = ["manager1", "manager2", "manager3"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, MANAGERS + ["worker1", "worker2", "worker3"]),
        ({"name": "worker1"}, ["worker1"]),
        ({"name": "worker"}, []),
        ({"name": ["worker1", "manager1"]}, ["manager1", "worker1"]),
        ({"role": "manager"}, MANAGERS),
        ({"state": "down"}, ["worker2"]),
        ({"state": ["down", "ready"], "role": "worker"}, ["worker1", "worker2", "worker3"]),
        ({"availability": "pause"}, ["worker3"]),
        ({"label": "disk"}, ["worker1", "worker2"]),
        ({"label": "dis"}, []),
        ({"label": "disk=ssd"}, ["worker1"]),
        ({"label": "disk=s"}, []),
        ({"label": ["disk", "zone=a"]}, ["worker1"]),
        ({"label": {"disk": "hdd"}}, ["worker2"]),
        ({"label": {"disk": "ssd", "zone": "b"}}, []),
        ({"engine_version": "26.1.5"}, MANAGERS + ["worker1", "worker2"]),
        ({"role": "worker", "state": "ready", "availability": "active"}, ["worker1"]),
    ],
)
def test_filters_are_exact(formed, filters, found):
    functions = formed["manager1"].job().salt
    assert names(functions["swarm.nodes"](**filters)) == found
    filters["server"] = filters.pop("name", None)
    assert sorted(row["HOSTNAME"] for row in functions["swarm.node_ls"](**filters)) == found


def test_a_node_is_found_by_its_id(formed):
    node_id = formed["worker1"].machine.node_id
    nodes = formed["manager1"].job().salt["swarm.nodes"]
    assert names(nodes(name=node_id)) == ["worker1"]
    assert nodes(name=node_id[:-1]) == []


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"role": "leader"}, "unknown role 'leader' \\(valid: worker, manager"),
        ({"state": "dead"}, "unknown state 'dead' \\(valid: ready, down"),
        ({"availability": ["active", "on"]}, "unknown availability 'on' \\(valid: active"),
    ],
)
def test_a_filter_that_can_never_match_is_reported(formed, filters, words):
    for name in ("nodes", "node_ls"):
        with pytest.raises(SaltInvocationError, match=words):
            formed["manager1"].job().salt[f"swarm.{name}"](**filters)


@pytest.mark.parametrize(("function", "availability"), [("activate", "active"), ("pause", "pause")])
def test_availability_by_name(formed, function, availability):
    node_id = formed["worker1"].machine.node_id
    node = formed["manager1"].machine.cluster.nodes[node_id]
    node["availability"] = "drain"
    assert formed["manager1"].job().salt[f"swarm.{function}"]("worker1") == {
        "id": node_id,
        "old": {"Availability": "drain"},
        "new": {"Availability": availability},
    }
    assert node["labels"] == {"disk": "ssd", "zone": "a"}


def test_promote_and_demote_return_the_role(formed):
    functions = formed["manager1"].job().salt
    assert functions["swarm.promote"]("worker1", timeout=9)["new"] == {"Role": "manager"}
    name, given = formed["manager1"].machine.calls[-1]
    assert (name, given) == ("node_promote", {"node": "worker1", "timeout": 9})
    assert functions["swarm.demote"]("worker1")["new"] == {"Role": "worker"}
    assert functions["swarm.demote"]("worker1")["new"] == {}


def test_a_demotion_that_would_lose_the_quorum_is_refused_in_one_line(formed):
    text = "without it 1 of 2 managers would be reachable"
    formed["manager1"].machine.fail["node_update"] = ("QuorumError", text)
    with pytest.raises(CommandExecutionError, match=text):
        formed["manager1"].job().salt["swarm.demote"]("manager3")


def test_prune_takes_workers_that_are_down_and_no_manager(formed):
    gone = formed["worker2"].machine.node_id
    formed["manager3"].machine.docker = "stopped"
    functions = formed["manager1"].job().salt
    assert functions["swarm.prune"]() == [gone]
    assert names(functions["swarm.nodes"]()) == MANAGERS + ["worker1", "worker3"]
    assert functions["swarm.prune"]() == []
