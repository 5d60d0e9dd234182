# SPDX-License-Identifier: Apache-2.0
"""Nodes that are emptied and given back: functions, states, and how docker.remove does it."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError
from test_flow_leaving import failed, remove

MOVES = {"id": "s1", "service": "web", "tasks": 2, "way": "move", "why": "", "fits": ["worker2"]}
STAYS = {
    **MOVES,
    "id": "s2",
    "service": "db",
    "tasks": 1,
    "way": "stay",
    "why": "it keeps its data",
}


@pytest.fixture
def formed(make_fleet):
    """Three managers and two workers; web has two tasks on worker1."""
    fleet = make_fleet(managers=3, workers=2).form()
    put(fleet, MOVES)
    return fleet


def put(fleet, *rows):
    machine = fleet["worker1"].machine
    machine.cluster.residents[machine.node_id] = list(rows)


def job(fleet, **more):
    return fleet["manager1"].job(**more)


def node(fleet):
    machine = fleet["worker1"].machine
    return machine.cluster.nodes[machine.node_id]


def call(fleet, name):
    """The arguments of the last call of the core by this name."""
    return [given for one, given in fleet["manager1"].machine.calls if one == name][-1]


def test_functions(formed):
    salt = job(formed).salt
    assert salt["swarm.evict_plan"]("worker1")["services"] == [MOVES]
    assert salt["swarm.evict"]("worker1", plan=True)["services"] == [MOVES]
    assert not formed["manager1"].machine.changed_by()
    done = salt["swarm.evict"]("worker1", reason="disk", allow=["db"], deadline=30)
    assert (done["old"], done["new"]) == ("active", "drain")
    given = call(formed, "evict")
    assert (given["timeout"], given["allow"], given["reason"]) == (30, ["db"], "disk")
    assert salt["swarm.evict_undo"]("worker1")["new"] == "active"


def test_defaults_of_pillar(formed):
    formed.pillar["drain"] = {"deadline": 77, "fallback": "drain", "allow": ["db"]}
    job(formed).salt["swarm.evict"]("worker1")
    given = call(formed, "evict")
    assert (given["timeout"], given["drain"], given["allow"]) == (77, True, ["db"])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"node": True}, "node must be a full id or an exact host name, not True"),
        ({"node": ""}, "node must be"),
        ({"deadline": 0}, "deadline must be a number of seconds above 0, not 0"),
        ({"fallback": "go"}, "fallback must be stop or drain, not 'go'"),
        ({"allow": "db"}, r"allow must be a list of names of services, not 'db': write \[db\]"),
        ({"force": "yes"}, "force must be True or False"),
        ({"reason": 5}, "reason must be a string"),
    ],
)
def test_slips(formed, given, text):
    with pytest.raises(SaltInvocationError, match=text):
        job(formed).salt["swarm.evict"](**{"node": "worker1", **given})
    assert not formed["manager1"].machine.changed_by()


def test_state_and_back(formed):
    expected = job(formed, test=True).states["swarm.evicted"]("worker1", reason="disk")
    assert expected["result"] is None and not formed["manager1"].machine.changed_by()
    assert expected["changes"] == {
        "web": {"old": "2 tasks on worker1", "new": "moved"},
        "availability": {"old": "active", "new": "drain"},
    }
    real = job(formed).states["swarm.evicted"]("worker1", reason="disk")
    assert real["result"] is True and real["changes"] == expected["changes"]
    assert node(formed)["labels"]["saltext.swarm.reason"] == "disk"
    again = job(formed).states["swarm.evicted"]("worker1")
    assert (again["result"], again["changes"]) == (True, {})
    expected = job(formed, test=True).states["swarm.returned"]("worker1")
    assert expected["result"] is None and node(formed)["availability"] == "drain"
    real = job(formed).states["swarm.returned"]("worker1")
    assert real["changes"] == expected["changes"] != {} and real["result"] is True
    assert node(formed)["availability"] == "active"
    again = job(formed).states["swarm.returned"]("worker1")
    assert (again["result"], again["changes"]) == (True, {})


def test_state_refuses(formed):
    put(formed, MOVES, STAYS)
    for test in (True, False):
        ret = job(formed, test=test).states["swarm.evicted"]("worker1")
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"] == "worker1 is not drained: db: it keeps its data"
    ret = job(formed).states["swarm.evicted"]("worker1", allow=["db"], fallback="drain")
    assert ret["changes"]["db"]["new"] == "stopped" and ret["warnings"]


def test_a_host_that_leaves_is_emptied(formed):
    done = remove(formed, "worker1")
    assert not failed(done)
    assert "evict" in formed["manager1"].machine.changed_by()
    assert "node_drain" not in formed["manager1"].machine.changed_by()


@pytest.mark.parametrize("graceful", [True, False])
def test_a_host_that_leaves_is_drained_where_tasks_stay(formed, graceful):
    formed.pillar["drain"] = {"graceful": graceful}
    put(formed, MOVES, STAYS)
    done = remove(formed, "worker1")
    assert not failed(done)
    changed = formed["manager1"].machine.changed_by()
    assert "node_drain" in changed and "evict" not in changed
    warned = [one for ret in done.values() for one in ret.get("warnings", ())]
    text = "worker1 was drained with a gap: db: it keeps its data"
    assert warned == ([text] if graceful else [])


BUSY = {**MOVES, "way": "stay", "why": "its update goes on", "passes": True}


def test_a_service_in_the_middle_of_an_update_is_waited_for(formed):
    put(formed, BUSY)
    ret = job(formed, test=True).states["swarm.evicted"]("worker1")
    assert (ret["result"], ret["comment"]) == (
        False,
        "worker1 is not drained: web: its update goes on",
    )
    assert job(formed).salt["swarm.evict_plan"]("worker1", wait=True)["refusal"] == ""
    with pytest.raises(SaltInvocationError, match="wait must be True or False, not 'yes'"):
        job(formed).salt["swarm.evict_plan"]("worker1", wait="yes")
    ret = job(formed).states["swarm.evicted"]("worker1")
    assert ret["result"] is True and ret["changes"]["web"]["new"] == "moved"


def test_a_host_that_leaves_is_not_drained_with_a_gap_for_an_update_that_ends(formed):
    put(formed, BUSY)
    assert not failed(remove(formed, "worker1"))
    changed = formed["manager1"].machine.changed_by()
    assert "evict" in changed and "node_drain" not in changed


def test_errors_are_one_line(formed):
    formed["manager1"].machine.fail["evict"] = ("Timeout", "web: 1 of its tasks still on worker1")
    formed["manager1"].machine.fail["evict_plan"] = ("NotFound", "no node worker7")
    with pytest.raises(CommandExecutionError, match="no node worker7"):
        job(formed).salt["swarm.evict_plan"]("worker7")
    ret = job(formed).states["swarm.evicted"]("worker7")
    assert (ret["result"], ret["comment"]) == (False, "no node worker7")
