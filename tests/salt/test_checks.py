# SPDX-License-Identifier: Apache-2.0
"""Health on a manager: the function, its rows and what they are worth, and the state that waits."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

WEB = {
    "ID": "s1",
    "Spec": {"Name": "web", "Mode": {"Replicated": {"Replicas": 2}}},
    "ServiceStatus": {"RunningTasks": 1, "DesiredTasks": 2},
}
OVERDUE = {"until": "2027-01-01T00:00:00Z", "overdue": True}


@pytest.fixture
def formed(make_fleet):
    return make_fleet(managers=3, workers=2).form()


def health(fleet, host="manager1", certificate=None, **given):
    """The rows, and the return code of the job."""
    job = fleet[host].job()
    if certificate is not None:
        job.replace("swarm.certificate", lambda: certificate)
    rows = job.salt["swarm.health"](**given)
    return rows, job.salt.pack["__context__"].get("retcode", 0)


def wrong(rows):
    return {(row["name"], row["on"], row["level"]) for row in rows if row["ok"] is not True}


def test_all_is_well(formed):
    rows, code = health(formed)
    assert (wrong(rows), code) == (set(), 0)
    assert [row["name"] for row in rows] == [
        *("engine", "leader", "managers-reachable", "quorum-margin", "nodes-ready"),
        *("availability", "roles-settled", "updates-settled", "services-running", "ca-settled"),
        *("certificates", "versions", "host-listed"),
    ]
    assert formed["manager1"].machine.changed_by() == []


def test_faults_of_engine_and_host(formed):
    formed["worker1"].machine.docker = "stopped"
    formed["manager1"].machine.cluster.listed["services"] = [WEB]
    rows, code = health(formed, certificate=OVERDUE)
    assert code == 1
    assert wrong(rows) == {
        ("nodes-ready", "worker1", "error"),
        ("services-running", "web", "error"),
        ("certificates", "manager1", "error"),
    }
    (row,) = [row for row in rows if row["name"] == "certificates"]
    assert row["text"] == (
        "manager1: its certificate ends 2027-01-01T00:00:00Z and was not renewed in time"
    )
    assert row["fix"] == "systemctl restart docker"


@pytest.mark.parametrize("way", ["ignore", "baseline"])
def test_what_is_known_blocks_no_change(formed, way):
    formed["worker1"].machine.docker = "stopped"
    first, _ = health(formed, certificate=OVERDUE)
    known = {
        "ignore": ["nodes-ready:worker1", "certificates"],
        "baseline": first,
    }
    rows, code = health(formed, certificate=OVERDUE, **{way: known[way]})
    assert {level for _, _, level in wrong(rows)} == {"warning"} and code == 0
    formed["worker2"].machine.docker = "stopped"
    rows, code = health(formed, certificate=OVERDUE, **{way: known[way]})
    assert code == 1 and ("nodes-ready", "worker2", "error") in wrong(rows)


def test_only_what_is_asked(formed):
    assert [row["name"] for row in health(formed, checks=["leader"])[0]] == ["leader"]
    assert formed["manager1"].machine.calls[-1][1]["checks"] == ["leader"]
    formed["manager1"].machine.calls.clear()
    rows, _ = health(formed, checks=["certificates"])
    assert [row["name"] for row in rows] == ["certificates"]
    assert formed["manager1"].machine.calls == [], "the engine is not asked"


def test_the_wait(formed):
    assert wrong(health(formed, wait=3, stable=1)[0]) == set()
    formed["worker1"].machine.docker = "stopped"
    with pytest.raises(CommandExecutionError, match="not healthy: .*worker1 is down"):
        health(formed, wait=3)


def test_a_worker_and_an_engine_that_does_not_answer(formed):
    rows, code = health(formed, host="worker1")
    assert code == 1 and {row["ok"] for row in rows if row["name"] == "leader"} == {None}
    formed["worker1"].machine.docker = "stopped"
    rows, _ = health(formed, host="worker1")
    assert (rows[0]["name"], rows[0]["ok"]) == ("engine", False)


@pytest.mark.parametrize(
    "given, text",
    [
        ({"checks": ["nodes"]}, r"unknown check nodes \(valid: engine, leader, "),
        ({"checks": "leader"}, "checks must be a list of names of checks, not 'leader'"),
        ({"ignore": ["node-ready"]}, "unknown check 'node-ready'"),
        ({"checks": ["members-agree"]}, "ask salt-run swarm.health"),
        ({"wait": "5m"}, "wait must be a number of seconds from 0, not '5m'"),
        ({"stable": True}, "stable must be "),
        ({"baseline": {}}, "baseline must be what swarm.health returned before"),
        ({"margin": -1}, "margin must be "),
    ],
)
def test_a_wrong_argument(formed, given, text):
    with pytest.raises((CommandExecutionError, SaltInvocationError), match=text):
        health(formed, **given)


# --- the state --------------------------------------------------------------------------------------


def healthy(fleet, test=False, **given):
    ret = fleet["manager1"].job(test=test).states["swarm.healthy"](name="well", **given)
    assert ret["changes"] == {} and "\n" not in ret["comment"]
    return ret["result"], ret["comment"]


@pytest.mark.parametrize("test", [False, True])
def test_the_state(formed, test):
    assert healthy(formed, test=test) == (True, "13 checks hold")
    formed["worker1"].machine.docker = "stopped"
    result, comment = healthy(formed, test=test, timeout=3)
    assert result is (None if test else False) and "worker1 is down" in comment
    ignored = healthy(formed, test=test, ignore=["nodes-ready:worker1"], timeout=3)
    assert ignored == (True, "nothing blocks a change: worker1 is down")
    result, comment = healthy(formed, test=test, ignore=["nodes"])
    assert result is False and "unknown check 'nodes'" in comment
    result, comment = healthy(formed, test=test, waits=3)
    assert result is False and "waits" in comment


# --- what if ----------------------------------------------------------------------------------------


def task(formed, host, number):
    return {
        "ID": f"t{number}",
        "ServiceID": "s1",
        "NodeID": formed[host].machine.node_id,
        "DesiredState": "running",
        "Status": {"State": "running"},
    }


def test_what_if(formed):
    listed = formed["manager1"].machine.cluster.listed
    listed.update(services=[WEB], tasks=[task(formed, "worker1", 1), task(formed, "worker2", 2)])
    salt = formed["manager1"].job().salt
    (case,) = salt["swarm.what_if"](down="worker1")
    assert case["text"] == "worker1 down: 1 task, all fit elsewhere"
    (case,) = salt["swarm.what_if"](drain=["worker1", "worker2"])
    text = "worker1, worker2 drained: 2 tasks, of which these may fit nowhere: web (2 of 2)"
    assert case["text"] == text
    assert len(salt["swarm.what_if"](each=True)) == 5
    assert formed["manager1"].machine.changed_by() == []


@pytest.mark.parametrize(
    "given, text",
    [
        ({}, "name the nodes"),
        ({"down": "a", "drain": "b"}, "not both"),
        ({"down": 5}, "nodes must be host names, ids or label=value, not 5"),
        ({"down": "nobody"}, "no node has the id or host name 'nobody'"),
        ({"each": "yes"}, "each must be True or False"),
    ],
)
def test_a_wrong_argument_of_what_if(formed, given, text):
    with pytest.raises((CommandExecutionError, SaltInvocationError), match=text):
        formed["manager1"].job().salt["swarm.what_if"](**given)
