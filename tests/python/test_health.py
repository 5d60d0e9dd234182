# SPDX-License-Identifier: Apache-2.0
"""The health of a swarm through the extension."""

import pytest
from fake_engine import node

MANAGES = {"Leader": True, "Reachability": "reachable", "Addr": "10.0.0.1:2377"}


@pytest.fixture
def manager(engine):
    engine.enter(manager=True)
    engine.answers["GET", "/nodes"] = (200, [node("n1", "host1", "manager", **MANAGES)])
    engine.answers["GET", "/services"] = (200, [])
    return engine


def names(rows):
    return [row["name"] for row in rows]


def test_all_is_well(swarm, manager, client):
    rows = client.health()
    told = [check["name"] for check in swarm.health_checks() if check["source"] == "engine"]
    assert names(rows) == told and all(row["ok"] is True for row in rows)
    assert rows[1] == {
        "name": "leader",
        "ok": True,
        "level": "error",
        "on": "",
        "text": "host1 leads",
        "fix": "",
    }


def test_faults(manager, client):
    down = {**node("w1", "worker1"), "Status": {"State": "down", "Message": "heartbeat failure"}}
    manager.answers["GET", "/nodes"][1].append(down)
    first = client.health(checks=["nodes-ready"])
    assert first == [
        {
            "name": "nodes-ready",
            "ok": False,
            "level": "error",
            "on": "worker1",
            "text": "worker1 is down: heartbeat failure",
            "fix": "start docker on worker1",
        }
    ]
    for known in ({"ignore": ["nodes-ready:worker1"]}, {"baseline": first}):
        (row,) = client.health(checks=("nodes-ready",), **known)
        assert (row["ok"], row["level"]) == (False, "warning")
        rows = client.health_wait(checks=["nodes-ready"], stable=0.01, **known)
        assert rows == [row]


def test_no_margin(manager, client):
    three = [
        node("n1", "host1", "manager", **MANAGES),
        node("n2", "host2", "manager", Leader=False, Reachability="reachable"),
        node("n3", "host3", "manager", Leader=False, Reachability="unreachable"),
    ]
    manager.answers["GET", "/nodes"] = (200, three)
    assert client.health(checks=["quorum-margin"])[0]["ok"] is False
    assert client.health(checks=["quorum-margin"], margin=0)[0]["ok"] is True


def test_not_known(engine, client):
    engine.enter(manager=False)
    rows = {row["name"]: row["ok"] for row in client.health()}
    assert rows.pop("engine") is True and set(rows.values()) == {None}


def test_the_wait_ends_with_what_is_wrong(swarm, manager, client):
    manager.answers["GET", "/services"] = (
        200,
        [
            {
                "ID": "s1",
                "Spec": {"Name": "web", "Mode": {"Replicated": {"Replicas": 2}}},
                "ServiceStatus": {"RunningTasks": 1, "DesiredTasks": 2},
            }
        ],
    )
    with pytest.raises(swarm.Timeout, match="services-running: web: 1 of 2 tasks run"):
        client.health_wait(timeout=0.3)


def test_arguments(swarm, manager, client):
    with pytest.raises(swarm.InvalidArgument, match="unknown check 'node-ready'"):
        client.health(ignore=["node-ready:worker1"])
    with pytest.raises(swarm.InvalidArgument, match="no engine can tell the check 'certificates'"):
        client.health(checks=["certificates"])
    with pytest.raises(swarm.InvalidArgument, match="baseline must be the rows"):
        client.health(baseline={})
    with pytest.raises(TypeError, match="ignore must be a list of str"):
        client.health(ignore="leader")
    with pytest.raises(swarm.InvalidArgument, match="margin must be between"):
        client.health(margin=-1)
    assert manager.requests == []


def test_what_if(swarm, manager, client):
    manager.answers["GET", "/nodes"][1].append(node("w1", "worker1"))
    manager.answers["GET", "/services"] = (
        200,
        [{"ID": "s1", "Spec": {"Name": "web", "Mode": {"Replicated": {"Replicas": 2}}}}],
    )
    task = {"ID": "t1", "ServiceID": "s1", "NodeID": "w1", "DesiredState": "running"}
    manager.answers["GET", "/tasks"] = (200, [{**task, "Status": {"State": "running"}}])
    (found,) = client.what_if(["worker1"], drain=True)
    assert found == {
        "nodes": ["worker1"],
        "tasks": 1,
        "homeless": 0,
        "quorum": True,
        "text": "worker1 drained: 1 task, all fit elsewhere",
        "services": [
            {
                "service": "web",
                "mode": "replicated",
                "tasks": 1,
                "placed": 1,
                "homeless": 0,
                "fits": ["host1"],
                "why": "",
            }
        ],
    }
    assert [case["nodes"] for case in client.what_if(each=True)] == [["host1"], ["worker1"]]
    assert client.what_if(["n1"])[0]["quorum"] is False
    with pytest.raises(swarm.NotFound, match="no node has the label 'zone=x'"):
        client.what_if(["zone=x"])
    with pytest.raises(swarm.InvalidArgument, match="name the nodes"):
        client.what_if()
    with pytest.raises(TypeError):
        client.what_if("worker1")
    assert {request.method for request in manager.requests} == {"GET"}
