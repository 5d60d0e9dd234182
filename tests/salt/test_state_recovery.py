# SPDX-License-Identifier: Apache-2.0
"""A cluster that lost its quorum: who may go on alone, on whose word, and what the others do."""

import time
import types

import pytest


@pytest.fixture
def lost(make_fleet):
    """Three managers of which two came back empty; the one that is left has no leader."""
    fleet = make_fleet().form()
    for name in ("manager1", "manager3"):
        fleet[name].machine.wipe()
    return fleet


def recover(fleet, host="manager2", confirm=None, test=False, locked=False):
    """{manager: return} of the step, after the one that publishes."""
    run = fleet.new_run()
    managers = [name for name in run["managers"] if name not in fleet.down]
    for name in managers:
        fleet[name].job(test=test, run=run).state("published")
    if confirm is None:
        confirm = fleet[host].machine.node_id
    done = {}
    for name in managers:
        job = fleet[name].job(test=test, run=run)
        job.replace("swarm_state_dir.key_locked", lambda: locked)
        clock = types.SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
        job.states["swarm.recovered"].func.__globals__["time"] = clock
        done[name] = job.state("recovered", host=host, confirm=confirm, advertise_addr="eth0")
    return done


def forced(fleet):
    return [
        name
        for name, minion in fleet.minions.items()
        for call, given in minion.machine.calls
        if call == "init" and given.get("force_new_cluster")
    ]


def test_it_goes_on_alone_and_the_others_join_again(lost):
    cluster = lost.clusters()
    done = recover(lost)
    assert done["manager2"]["result"] is True
    assert done["manager2"]["changes"] == {"swarm": {"old": "no leader", "new": "leader"}}
    assert forced(lost) == ["manager2"]
    assert dict(lost["manager2"].machine.calls)["init"]["advertise_addr"] == "eth0"
    assert [row[0] for row in lost.rows("manager2")] == ["manager2", "worker1", "worker2"]
    steps = lost.bootstrap()
    assert steps["ok"] and lost.clusters() == cluster
    assert len(lost.rows()) == 5
    again = recover(lost)
    assert again["manager2"]["comment"] == "nothing to recover: manager2 sees leader manager2"
    assert not again["manager2"]["changes"]


@pytest.mark.parametrize("test", [True, False])
def test_a_healthy_cluster_has_nothing_to_recover(make_fleet, test):
    """Also with a member that is down: the others outvote it."""
    fleet = make_fleet().form()
    for stopped in (False, True):
        if stopped:
            fleet["manager3"].machine.docker = "stopped"
        ret = recover(fleet, test=test)["manager2"]
        assert ret["comment"] == "nothing to recover: manager2 sees leader manager1"
        assert (ret["result"], ret["changes"]) == (True, {})
    assert not forced(fleet)


def test_recovery_while_hosts_wait_to_join(lost):
    """The run was cut off before docker.bootstrap."""
    recover(lost)
    again = recover(lost)["manager2"]
    assert again["comment"] == "manager2 sees leader manager2"


def test_mode_says_what_it_would_do_and_what_confirms_it(lost):
    ret = recover(lost, confirm="", test=True)["manager2"]
    assert ret["result"] is None and not forced(lost)
    id_ = lost["manager2"].machine.node_id
    assert f"manager2 (node {id_}) goes on as the only manager" in ret["comment"]
    assert "manager1, manager3 will leave by force" in ret["comment"]
    assert ret["comment"].endswith(f"swarm_confirm: {id_}")


@pytest.mark.parametrize("confirm", ["", "node9", "True"])
def test_without_its_confirmation_nothing_is_done(lost, confirm):
    ret = recover(lost, confirm=confirm)["manager2"]
    assert ret["result"] is False and ret["comment"].startswith("not confirmed: manager2")
    assert not ret["changes"] and not forced(lost)


def silent(fleet):
    fleet.down.add("manager3")


def leader_elsewhere(fleet):
    """manager1 and manager3 are in the cluster, and manager2 is cut off."""
    cluster = fleet["manager2"].machine.cluster
    for name in ("manager1", "manager3"):
        cluster.add(fleet[name].machine, "manager", "drain")
    fleet["manager2"].machine.fail["tokens"] = ("NoLeader", "the swarm does not have a leader")


def engine_stopped(fleet):
    fleet["manager3"].machine.docker = "stopped"


def locked(fleet):
    fleet["manager3"].machine.state = "locked"


def worker(fleet):
    fleet["manager2"].machine.manager = False


def empty(fleet):
    fleet["manager2"].machine.wipe()


def listens(fleet):
    """manager3 is called dead, but an engine listens there."""
    fleet["manager2"].machine.cluster.add(fleet["manager3"].machine, "manager", "drain")
    fleet["manager2"].machine.fail["tokens"] = ("NoLeader", "the swarm does not have a leader")
    fleet.pillar["init_without"] = ["manager3"]


REFUSED = [
    (silent, "no report came from manager3"),
    (leader_elsewhere, "manager1 sees a leader: nothing is lost"),
    (engine_stopped, "may bring the quorum back"),
    (locked, "may bring the quorum back"),
    (worker, "manager2 is active worker, and not a manager"),
    (empty, "manager2 is inactive, and not a manager"),
    (listens, "a manager still listens at"),
]


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("case, text", REFUSED)
def test_refused(lost, case, text, test):
    id_ = lost["manager2"].machine.node_id
    case(lost)
    ret = recover(lost, confirm=id_, test=test)["manager2"]
    assert ret["result"] is False and text in ret["comment"]
    assert not ret["changes"] and not forced(lost)


def test_with_autolock_the_engine_cannot(lost):
    ret = recover(lost, locked=True)["manager2"]
    assert ret["result"] is False and ret["comment"].startswith("autolock is on")
    assert not forced(lost)


def test_never_on_two_hosts(lost):
    recover(lost)
    ret = recover(lost, host="manager1")["manager1"]
    assert ret["result"] is False and "manager1 is inactive" in ret["comment"]
    assert forced(lost) == ["manager2"]


def test_a_run_that_was_cut_off_removes_the_records_of_the_lost_managers(make_fleet):
    """manager1 and manager3 still run as what they were; the new cluster was forced, no more."""
    fleet = make_fleet().form()
    cluster = fleet["manager2"].machine.cluster
    fleet["manager2"].machine.do_init(fleet["manager2"].core, force_new_cluster=True)
    for name in ("manager1", "manager3"):
        fleet[name].machine.fail["tokens"] = ("NoLeader", "the swarm does not have a leader")
    predicted = recover(fleet, test=True)["manager2"]
    assert predicted["result"] is None
    done = recover(fleet)["manager2"]
    assert done["changes"] == predicted["changes"]
    assert {change["old"] for change in done["changes"].values()} == {"manager1", "manager3"}
    assert [node["hostname"] for node in cluster.members()] == ["manager2"]


def test_a_run_that_was_cut_off_removes_the_records_of_managers_that_left(lost):
    """They know of no node of theirs any more; their earlier facts do."""
    known = {
        node["hostname"]: node["id"] for node in lost["manager2"].machine.cluster.nodes.values()
    }
    for name in ("manager1", "manager3"):
        facts = lost[name].job().salt["swarm_facts.collect"]()
        lost.mine[name] = {"swarm": {**facts, "node_id": known[name]}}
    lost["manager2"].machine.do_init(lost["manager2"].core, force_new_cluster=True)
    predicted = recover(lost, test=True)["manager2"]
    assert predicted["result"] is None
    done = recover(lost)["manager2"]
    assert done["changes"] == predicted["changes"]
    assert {change["old"] for change in done["changes"].values()} == {"manager1", "manager3"}
    assert [row[0] for row in lost.rows("manager2")] == ["manager2", "worker1", "worker2"]


@pytest.mark.parametrize("forced_before", [False, True])
def test_a_rotation_of_the_ca_has_ended_before_tokens_are_sealed(lost, forced_before):
    """Forcing a new cluster begins one where the CA was ever rotated."""
    machine = lost["manager2"].machine
    if forced_before:
        machine.do_init(lost["manager2"].core, force_new_cluster=True)
    cluster, before = machine.cluster, machine.cluster.digest
    cluster.rotating = 9
    assert recover(lost)["manager2"]["result"] is True
    assert not cluster.goes_on() and cluster.digest != before
    assert lost.bootstrap()["ok"]
