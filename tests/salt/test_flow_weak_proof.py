# SPDX-License-Identifier: Apache-2.0
"""No record is removed on weak proof: names that hosts share, hosts that are silent, engines that do
not answer, disks that were cloned."""

import pytest
from fleet import failures, state


@pytest.fixture
def formed(fleet):
    """Three managers and two workers after a bootstrap."""
    fleet.form()
    assert fleet.bootstrap()["ok"]
    return fleet


def nodes_of(fleet, name="manager1"):
    return fleet[name].machine.cluster.nodes


def off(fleet, name):
    """Powered off: neither engine nor minion answers."""
    fleet[name].machine.docker = "stopped"
    fleet.down.add(name)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("name", ["worker2", "manager3"])
def test_hosts_of_one_name_keep_their_records_while_off(fleet, name, test):
    """Three cloned templates, all called ubuntu."""
    for minion in fleet.minions.values():
        minion.machine.name = "ubuntu"
    fleet.form()
    assert fleet.bootstrap()["ok"]
    before = set(nodes_of(fleet))
    off(fleet, name)
    fleet.bootstrap(test=test)
    run = fleet.new_run()
    for other in set(fleet.minions) - {name}:
        assert state(fleet, other, "published", run=run)["result"]
    for function in ("dead_removed", "converged"):
        state(fleet, "manager1", function, run=run, test=test)
    assert set(nodes_of(fleet)) == before


def test_a_record_with_the_name_of_a_silent_hosts_twin_stays(formed):
    """One host of the name reported; the one that is off may have it, too."""
    nodes = nodes_of(formed)
    node_id = formed["worker2"].machine.node_id
    nodes[node_id]["hostname"] = "worker1"
    formed.mine.clear()
    off(formed, "worker2")
    formed.bootstrap()
    assert node_id in nodes


def test_a_name_in_two_records_is_nobodys(formed):
    """An engine was seen to show a host's name in another's record for seconds."""
    nodes = nodes_of(formed)
    old = formed["worker1"].machine.node_id
    formed["worker1"].machine.wipe()
    formed.mine.clear()
    stranger = {**nodes[old], "id": "stranger1", "addr": "10.9.9.9"}
    nodes["stranger1"] = stranger
    assert formed.bootstrap()["ok"]
    assert {old, "stranger1"} <= set(nodes)
    del nodes["stranger1"]
    formed.mine.clear()
    assert formed.bootstrap()["ok"]
    assert old not in nodes, "the name is of one record alone, and of one host"


def test_a_host_that_is_known_by_its_earlier_facts_needs_no_name(formed):
    """Reinstalled under another name and address."""
    machine = formed["worker1"].machine
    old = machine.node_id
    nodes_of(formed)[old].update(hostname="oldname", addr="10.9.9.9")
    machine.wipe()
    steps = formed.bootstrap()
    assert steps["ok"], failures(steps)
    assert old not in nodes_of(formed)
    assert formed.mine["worker1"]["swarm"]["was"] == [old]


def test_what_a_host_had_before_is_remembered_through_silence(formed):
    """Between its two lives its engine did not answer, and said of no node that it was its own."""
    machine = formed["worker1"].machine
    old = machine.node_id
    nodes_of(formed)[old].update(hostname="oldname", addr="10.9.9.9")
    machine.docker = "stopped"
    certificate, machine.certificate = machine.certificate, lambda: {}
    formed.bootstrap()
    assert old in nodes_of(formed), "it may be that node still"
    machine.docker, machine.certificate = "running", certificate
    machine.wipe()
    assert formed.bootstrap()["ok"]
    assert old not in nodes_of(formed)


def test_remove_by_name_takes_no_other_hosts_record(formed):
    """The host worker1 is called worker2, and worker2 has no record."""
    nodes = nodes_of(formed)
    node_id = formed["worker1"].machine.node_id
    del nodes[formed["worker2"].machine.node_id]
    nodes[node_id].update(hostname="worker2", seen="down")
    del formed.mine["worker2"]
    formed.down.add("worker2")
    run = formed.new_run()
    for name in formed.pillar["managers"]:
        assert state(formed, name, "published", run=run)["result"]
    ret = state(formed, "manager1", "records_absent", run=run, hosts=["worker2"])
    assert ret["result"] is False and "the minion worker1 reported to be it" in ret["comment"]
    assert node_id in nodes


# --- engines that do not answer -------------------------------------------------------------------


@pytest.mark.parametrize("certificate", [True, False])
def test_a_member_whose_engine_does_not_answer_keeps_its_record(formed, certificate):
    machine = formed["worker1"].machine
    machine.docker = "stopped"
    if not certificate:
        machine.certificate = lambda: {}
    before = set(nodes_of(formed))
    formed.pillar["prune"] = 5
    steps = formed.bootstrap()
    assert not steps["ok"]
    run = formed.new_run()
    for name in formed.minions:
        state(formed, name, "published", run=run)
    ret = state(formed, "manager1", "unmanaged_absent", run=run, limit=5)
    assert ret["changes"] == {}
    assert set(nodes_of(formed)) == before
    assert ret["result"] is certificate, "a host that cannot say which node it is may be any"


# --- cloned disks ---------------------------------------------------------------------------------


@pytest.fixture
def cloned(formed):
    """worker2 is a clone of worker1: the same certificate, so the same node."""
    one, two = formed["worker1"].machine, formed["worker2"].machine
    del one.cluster.nodes[two.node_id]
    two.node_id = one.node_id
    return formed


@pytest.mark.parametrize("test", [True, False])
def test_two_hosts_that_are_one_node_are_named(cloned, test):
    node_id = cloned["worker1"].machine.node_id
    steps = cloned.bootstrap(test=test)
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    if not test:
        assert not steps["ok"]
        assert "1 of 2 workers joined" in comment
        assert (
            f"worker2: worker1 and worker2 are one node ({node_id}), as after a disk was cloned: reset"
            " worker2 (salt worker2 swarm.leave force=True), then run again" in comment
        )
    cloned["worker2"].machine.wipe()
    assert cloned.bootstrap()["ok"]
    assert node_id in nodes_of(cloned), "the record is the first host's"


def test_both_are_missing_where_the_address_does_not_distinguish_them(cloned):
    nodes_of(cloned)[cloned["worker1"].machine.node_id]["addr"] = "10.9.9.9"
    steps = cloned.bootstrap()
    comment = steps["converged"]["manager1"]["docker-swarm-converged"]["comment"]
    assert "0 of 2 workers joined" in comment and "reset the one that is the clone" in comment


def test_managers_that_are_one_node_stop_the_run(formed):
    formed["manager3"].machine.node_id = formed["manager2"].machine.node_id
    steps = formed.bootstrap()
    assert not steps["ok"]
    comment = steps["cluster"]["manager1"]["docker-swarm"]["comment"]
    assert comment.startswith("manager2 and manager3 are one node")
