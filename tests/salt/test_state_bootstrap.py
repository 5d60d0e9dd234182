# SPDX-License-Identifier: Apache-2.0
"""What the managers do for the cluster in a bootstrap, each state alone: right already, to be changed,
in test mode, and refused.
"""

import pytest
from fleet import predicted, state


@pytest.fixture
def formed(make_fleet):
    """A swarm of one manager and one worker, with worker2 outside."""
    fleet = make_fleet(managers=1, workers=1).form()
    fleet.add("worker2")
    return fleet


# --- published ------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", [False, True])
def test_published_reports_no_change(formed, test):
    formed.mine.clear()
    ret = state(formed, "manager1", "published", test=test)
    assert (ret["result"], ret["comment"]) == (True, "published: active manager")
    assert formed.mine["manager1"]["swarm"]["state"] == "active"


def test_published_fails_when_the_master_gives_nothing_back(formed):
    formed.mine_off = True
    ret = state(formed, "manager1", "published")
    assert ret["result"] is False and "minion_data_cache" in ret["comment"]


def test_published_reports_an_engine_that_does_not_answer(formed):
    formed["worker2"].machine.docker = "stopped"
    ret = state(formed, "worker2", "published")
    assert ret["result"] is True
    assert ret["comment"].startswith("published: unreachable (docker does not answer")


# --- dead_removed ---------------------------------------------------------------------------------


@pytest.fixture
def replaced(make_fleet):
    """Three managers, the third of them wiped; its facts are published."""
    fleet = make_fleet(managers=3, workers=0).form()
    fleet.gone = fleet["manager3"].machine.node_id
    fleet["manager3"].machine.wipe()
    fleet.run = fleet.new_run()
    for name in fleet.minions:
        assert state(fleet, name, "published", run=fleet.run)["result"]
    return fleet


def test_dead_manager_is_removed_once(replaced):
    ret = predicted(replaced, "manager1", "dead_removed", run=replaced.run)
    assert ret["changes"] == {replaced.gone: {"old": "manager3", "new": ""}}
    assert replaced.gone not in replaced["manager1"].machine.cluster.nodes


@pytest.mark.parametrize(
    ("address", "manager_addr"), [("10.0.0.3", "10.0.0.3:2377"), ("fd00::3", "[fd00::3]:2377")]
)
def test_dead_manager_is_known_by_its_address_too(replaced, address, manager_addr):
    """Reinstalled under another host name."""
    node = replaced["manager1"].machine.cluster.nodes[replaced.gone]
    node.update(hostname="oldname", addr=address, manager_addr=manager_addr)
    replaced.mine["manager3"]["swarm"]["addresses"] = [address]
    ret = state(replaced, "manager1", "dead_removed", run=replaced.run)
    assert list(ret["changes"]) == [replaced.gone]


def test_a_manager_that_pillar_does_not_name_is_not_removed_as_dead(replaced):
    node = replaced["manager1"].machine.cluster.nodes[replaced.gone]
    node.update(hostname="stranger", manager_addr="10.9.9.9:2377")
    ret = state(replaced, "manager1", "dead_removed", run=replaced.run)
    assert (ret["result"], ret["changes"]) == (True, {})


@pytest.mark.parametrize("down", [False, True])
def test_no_manager_goes_by_its_name_before_all_hosts_have_reported(replaced, down):
    """Workers report in a later step; the last one looks again."""
    node = replaced["manager1"].machine.cluster.nodes[replaced.gone]
    node.update(addr="10.9.9.9", manager_addr="10.9.9.9:2377")
    node["seen"] = "down" if down else "ready"
    ret = state(replaced, "manager1", "dead_removed", run=replaced.run)
    assert (ret["result"], ret["changes"]) == (True, {})
    changes = state(replaced, "manager1", "converged", run=replaced.run)["changes"]
    assert list(changes) == ([replaced.gone] if down else [])


def test_a_silent_manager_is_not_removed_as_dead(replaced):
    """It published nothing in this run: nobody knows that it left."""
    del replaced.mine["manager3"]
    ret = state(replaced, "manager1", "dead_removed", run=replaced.run)
    assert (ret["result"], ret["changes"]) == (True, {})
    assert replaced.gone in replaced["manager1"].machine.cluster.nodes


def test_removal_that_would_lose_the_quorum_is_the_reason(replaced):
    """Its record is reached still, and another manager is not."""
    cluster = replaced["manager1"].machine.cluster
    cluster.living = lambda: [
        node for node in cluster.members() if node["hostname"] in ("manager1", "manager3")
    ]
    for test in (True, False):
        ret = state(replaced, "manager1", "dead_removed", run=replaced.run, test=test)
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"] == "without it 1 of 2 managers would be reachable"


def test_another_manager_removes_nothing(replaced):
    ret = state(replaced, "manager2", "dead_removed", run=replaced.run)
    assert (ret["result"], ret["comment"]) == (True, "manager1 leads this run")


# --- sealed ---------------------------------------------------------------------------------------


def test_sealed_for_the_hosts_that_may_join(replaced):
    replaced.run["keys"]["worker1"] = replaced.run["keys"]["manager1"]
    replaced.run["workers"] = ["worker1"]
    ret = state(replaced, "manager1", "sealed", run=replaced.run)
    assert (ret["result"], ret["changes"]) == (True, {})
    assert ret["comment"] == "join tokens are sealed for 3 hosts"
    assert set(replaced.mine["manager1"]["swarm"]["sealed"]) == {"manager2", "manager3", "worker1"}


def test_a_manager_that_loses_its_engine_after_its_report_has_its_token(make_fleet):
    """Its facts of this run say that it is a member."""
    fleet = make_fleet(managers=3, workers=0).form()
    run = fleet.new_run()
    for name in fleet.minions:
        assert state(fleet, name, "published", run=run)["result"]
    assert state(fleet, "manager1", "sealed", run=run)["result"]
    fleet["manager2"].machine.wipe()
    ret = state(fleet, "manager2", "joined", role="manager", run=run)
    assert ret["result"] is True, ret


def test_sealed_in_test_mode_publishes_nothing(replaced):
    ret = state(replaced, "manager1", "sealed", run=replaced.run, test=True)
    assert (ret["result"], ret["comment"]) == (True, "join tokens would be sealed for 2 hosts")
    assert "sealed" not in replaced.mine["manager1"]["swarm"]


def test_sealed_uses_the_masters_keys_and_none_of_the_mine(replaced):
    """The key in an entry may be that of a decommissioned machine."""
    replaced.mine["manager3"]["swarm"]["key"] = replaced.run["keys"]["manager1"]
    state(replaced, "manager1", "sealed", run=replaced.run)
    ret = state(replaced, "manager3", "joined", run=replaced.run, role="manager")
    assert ret["result"] is True, ret


def test_sealed_by_hand_serves_the_managers_keys_of_the_mine(make_fleet):
    fleet = make_fleet(managers=2, workers=0)
    for name in ("manager1", "manager2"):
        state(fleet, name, "published")
    assert state(fleet, "manager1", "initialized", init=True)["result"] is True
    assert state(fleet, "manager1", "sealed")["result"] is True
    ret = state(fleet, "manager2", "joined", role="manager")
    assert ret["result"] is True, ret


# --- converged -------------------------------------------------------------------------------------


def all_published(fleet):
    """A run in which each host that is up has reported."""
    run = fleet.new_run()
    for name in fleet.minions:
        if name not in fleet.down:
            state(fleet, name, "published", run=run)
    return run


def converged(fleet, test=False):
    """The last step."""
    return state(fleet, "manager1", "converged", run=all_published(fleet), test=test)


def converged_with_patience(fleet, run):
    """The last step with its half minute for what comes up."""
    job = fleet["manager1"].job(run=run)
    job.states["swarm.converged"].func.__globals__["READY_SECONDS"] = 30
    return job.state("converged")


def test_converged_counts_and_names_the_missing(formed):
    ret = converged(formed)
    assert ret["result"] is False
    assert ret["comment"] == (
        "1 of 1 managers joined, 1 of 2 workers joined; worker2: inactive, but not in the node list"
    )


def test_converged_gives_the_reason_of_a_host_that_never_published(formed):
    """Its step knows it: busy, silent, or no engine."""
    formed.down.add("worker1")
    run = {**all_published(formed), "failures": {"worker1": "busy", "worker2": "the older one"}}
    ret = state(formed, "manager1", "converged", run=run)
    assert "worker1: busy; worker2: inactive, but" in ret["comment"]


def test_converged_removes_a_workers_old_record_as_predicted(formed):
    del formed.minions["worker2"]
    machine = formed["worker1"].machine
    old = machine.node_id
    machine.wipe()
    machine.cluster = formed["manager1"].machine.cluster
    machine.cluster.add(machine, "worker", None)
    expected = converged(formed, test=True)
    assert (expected["result"], expected["changes"]) == (None, {old: {"old": "worker1", "new": ""}})
    real = converged(formed)
    assert (real["result"], real["changes"]) == (True, expected["changes"])
    assert "removed the records of hosts that left" in real["comment"]
    assert converged(formed)["changes"] == {}


def test_converged_removes_what_a_manager_left_in_this_very_run(replaced):
    """Such as one that was killed as it joined, and joined again: its record came after dead_removed."""
    machine = replaced["manager3"].machine
    cluster = replaced["manager1"].machine.cluster
    cluster.add(machine, "manager", "drain")
    real = converged(replaced)
    assert (real["result"], set(real["changes"])) == (True, {replaced.gone})
    assert replaced.gone not in cluster.nodes


def test_a_ready_record_of_a_host_that_joins_again_is_predicted(formed):
    """The managers take some seconds to see that a node is gone."""
    del formed.minions["worker2"]
    machine = formed["worker1"].machine
    cluster, old = machine.cluster, machine.node_id
    rows = cluster.rows
    cluster.rows = lambda: [
        {**row, "state": "ready"} if row["id"] == old else row for row in rows()
    ]
    machine.wipe()
    expected = converged(formed, test=True)
    assert expected["changes"] == {old: {"old": "worker1", "new": ""}}
    cluster.add(machine, "worker", None)
    assert converged(formed)["changes"] == expected["changes"]


def test_the_facts_of_a_worker_never_remove_a_ready_node(formed):
    """It says that it is at the address of another one, of the same name, which is silent."""
    rogue, victim = formed["worker2"].machine, formed["worker1"].machine
    cluster = formed["manager1"].machine.cluster
    cluster.add(rogue, "worker", None)
    formed.down.add("worker1")
    run = all_published(formed)
    formed.mine["worker2"]["swarm"].update(name="worker1", addresses=[victim.address])
    ret = state(formed, "manager1", "converged", run=run)
    assert ret["changes"] == {} and victim.node_id in cluster.nodes


def nameless(fleet):
    """A join that failed after its certificate was issued: a record, and no host that has it."""
    cluster = fleet["manager1"].machine.cluster
    node = cluster.add(fleet["worker1"].machine, "manager", "drain")
    node.update(hostname="", addr="", member=False, manager_addr="")
    return node["id"]


@pytest.fixture
def with_nameless(make_fleet):
    """Three hosts that are in, and a record that the third one's first try left."""
    fleet = make_fleet(managers=1, workers=2).form()
    machine = fleet["worker1"].machine
    own = machine.node_id
    fleet.gone = nameless(fleet)
    machine.node_id, machine.manager = own, False
    return fleet


def test_converged_removes_a_record_that_never_got_a_name(with_nameless):
    expected = converged(with_nameless, test=True)
    assert expected["changes"] == {with_nameless.gone: {"old": "no name", "new": ""}}
    real = converged(with_nameless)
    assert (real["result"], real["changes"]) == (True, expected["changes"])
    assert f"no name ({with_nameless.gone})" in real["comment"]
    assert converged(with_nameless)["changes"] == {}


def test_converged_waits_for_the_name_of_a_host_that_joins_by_hand(with_nameless):
    cluster, looks = with_nameless["manager1"].machine.cluster, []
    rows = cluster.rows

    def named_late():
        looks.append(1)
        if len(looks) == 3:
            cluster.nodes[with_nameless.gone]["hostname"] = "stranger"
        return rows()

    run = all_published(with_nameless)
    cluster.rows = named_late
    ret = converged_with_patience(with_nameless, run)
    assert (ret["result"], ret["changes"]) == (True, {})
    assert f"left alone: stranger ({with_nameless.gone})" in ret["comment"]


def test_converged_keeps_a_nameless_record_while_a_host_is_missing(with_nameless):
    """It may be that host's, which is about to get in."""
    with_nameless.down.add("worker2")
    ret = converged(with_nameless)
    assert ret["result"] is False and ret["changes"] == {}
    assert with_nameless.gone in with_nameless["manager1"].machine.cluster.nodes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"role": "manager"}, "worker1: it is a manager, pillar says worker"),
        ({"state": "down", "message": "heartbeat failure"}, "its node is down: heartbeat failure"),
    ],
)
def test_converged_gives_the_reason_of_each_host(formed, change, words):
    del formed.minions["worker2"]
    node_id = formed["worker1"].machine.node_id
    rows = formed["manager1"].machine.cluster.rows
    formed["manager1"].machine.cluster.rows = lambda: [
        {**row, **change} if row["id"] == node_id else row for row in rows()
    ]
    ret = converged(formed)
    assert ret["result"] is False and words in ret["comment"]


def test_converged_requires_reachable_managers(replaced):
    """A manager in the list that is not in contact is none that works."""
    rows = replaced["manager1"].machine.cluster.rows
    node_id = replaced["manager2"].machine.node_id
    replaced["manager1"].machine.cluster.rows = lambda: [
        {**row, "reachability": "unreachable"} if row["id"] == node_id else row for row in rows()
    ]
    assert "manager2: as a manager it is unreachable" in converged(replaced)["comment"]


def test_converged_waits_for_a_node_that_comes_up(formed):
    del formed.minions["worker2"]
    cluster, node_id = formed["manager1"].machine.cluster, formed["worker1"].machine.node_id
    rows, looks = cluster.rows, []

    def coming():
        looks.append(1)
        late = len(looks) < 3
        return [
            {**row, "state": "unknown"} if late and row["id"] == node_id else row for row in rows()
        ]

    run = all_published(formed)
    cluster.rows = coming
    assert converged_with_patience(formed, run)["result"] is True
    assert len(looks) >= 3
