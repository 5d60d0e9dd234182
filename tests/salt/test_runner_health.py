# SPDX-License-Identifier: Apache-2.0
"""``salt-run swarm.health``: what only several hosts can tell, and that status says the same."""

import pytest
import runners
from runners import status


@pytest.fixture
def formed(fleet):
    return runners.formed(fleet)


def health(runner, fleet, monkeypatch, **given):
    found = status(runner, fleet, monkeypatch, function="health", **given)
    rows = found.get("health", [])
    wrong = [(row["name"], row["on"], row["ok"]) for row in rows if row["ok"] is not True]
    return found, wrong


def test_all_is_well(runner, formed, monkeypatch, tmp_path):
    found, wrong = health(runner, formed, monkeypatch)
    assert (wrong, found["problems"], found["retcode"]) == ([], [], 0)
    assert [row["name"] for row in found["health"]] == [
        *("engine", "leader", "managers-reachable", "members-agree", "quorum-margin"),
        *("nodes-ready", "availability", "roles-settled", "updates-settled"),
        *("services-running", "ca-settled", "certificates", "versions", "host-listed"),
    ]
    lines = runners.printed(tmp_path, found).splitlines()
    assert lines[1] == "leader:             ok,        manager1 leads"
    assert lines[11] == "certificates:       ok,        5 certificates are renewed in time"
    assert lines[3] == "members-agree:      ok,        the managers list the same 3 managers"


def other_list(fleet):
    """A manager whose own store lacks one of the members, as after a partition."""
    machine = fleet["manager3"].machine
    rows = machine.cluster.rows
    kept = [row for row in rows() if row["hostname"] != "manager2"]
    machine.do_node_list = lambda core: [
        {**row, "leader": row["hostname"] == "manager3"} for row in kept
    ]


def test_managers_that_list_other_members(runner, formed, monkeypatch):
    other_list(formed)
    found, wrong = health(runner, formed, monkeypatch)
    assert wrong == [("leader", "manager3", False), ("members-agree", "manager3", False)]
    assert found["problems"] == [
        "manager3 sees another leader: manager3",
        "manager3 does not list the same managers as the others: manager2",
    ]
    assert found["retcode"] == 1


def silent(fleet):
    fleet.down.add("worker1")


def stopped(fleet):
    fleet["worker1"].machine.docker = "stopped"


def left(fleet):
    fleet["worker2"].machine.wipe()


def gone(fleet):
    del fleet["manager1"].machine.cluster.nodes[fleet["worker1"].machine.node_id]


def moved(fleet):
    fleet["manager1"].machine.do_node_update(fleet["manager1"].core, "worker1", {"Role": "manager"})


def overdue(fleet):
    fleet.certificate["overdue"] = True


CASES = [
    (silent, [("engine", "worker1", None)]),
    (stopped, [("engine", "worker1", False), ("nodes-ready", "worker1", False)]),
    (left, [("engine", "worker2", False), ("nodes-ready", "worker2", False)]),
    (gone, [("host-listed", "worker1", False)]),
    (moved, [("members-agree", "worker1", False)]),
]


@pytest.mark.parametrize("case, rows", CASES)
def test_faults_that_one_host_cannot_tell(runner, formed, monkeypatch, case, rows):
    case(formed)
    found, wrong = health(runner, formed, monkeypatch)
    assert wrong == rows and found["retcode"] == 1
    ignored = [f"{name}:{on}" for name, on, _ in rows]
    found, wrong = health(runner, formed, monkeypatch, ignore=ignored)
    assert wrong == rows and (found["problems"], found["retcode"]) == ([], 0)
    told = status(runner, formed, monkeypatch)
    texts = [row["text"] for row in told["health"] if row["ok"] is not True]
    assert set(texts) <= set(told["problems"]) and len(texts) == len(rows)


def test_a_certificate(runner, formed, monkeypatch):
    overdue(formed)
    _, wrong = health(runner, formed, monkeypatch, checks=["certificates"])
    assert {name for name, _, _ in wrong} == {"certificates"} and len(wrong) == 5


def test_a_node_that_pillar_drains_is_not_a_problem(runner, formed, monkeypatch):
    core = formed["manager1"].core
    formed["manager1"].machine.do_node_update(core, "worker1", {"Availability": "drain"})
    assert health(runner, formed, monkeypatch)[1] == [("availability", "worker1", False)]
    swarm = {**runners.PILLAR["swarm"], "nodes": {"worker1": {"availability": "drain"}}}
    found, wrong = health(runner, formed, monkeypatch, pillar={"swarm": swarm})
    assert wrong == [] and len(found["health"]) == 14


def test_nobody_answers(runner, formed, monkeypatch):
    formed.down.update(formed.minions)
    found, _ = health(runner, formed, monkeypatch)
    assert found["retcode"] == 1 and len(found["problems"]) == 5


def test_a_swarm_without_a_leader(runner, formed, monkeypatch):
    for name in ("manager2", "manager3"):
        formed[name].machine.docker = "stopped"
    found, wrong = health(runner, formed, monkeypatch)
    assert ("leader", "", False) in wrong and ("services-running", "", None) in wrong
    assert found["retcode"] == 1


@pytest.mark.parametrize(
    "given, text",
    [
        ({"checks": ["node"]}, "unknown check node (valid: engine, "),
        ({"ignore": ["node"]}, "unknown check 'node' (valid: engine, "),
        ({"ignore": 5}, "ignore must be a list of names of checks, not 5"),
    ],
)
def test_a_wrong_argument(runner, formed, monkeypatch, given, text):
    found, _ = health(runner, formed, monkeypatch, **given)
    assert text in found["problems"][0] and found["retcode"] == 2


def test_what_if(runner, formed, monkeypatch, tmp_path):
    found = status(runner, formed, monkeypatch, function="what_if", down="worker1")
    assert runners.printed(tmp_path, found) == "worker1 down: 0 tasks, all fit elsewhere"
    assert found["manager1"][0]["nodes"] == ["worker1"] and found["retcode"] == 0
    found = status(runner, formed, monkeypatch, function="what_if", down="nobody")
    assert found["problems"] == ["no node has the id or host name 'nobody' (see swarm.node_ls)"]
    assert found["retcode"] == 1
