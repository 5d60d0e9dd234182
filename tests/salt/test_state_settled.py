# SPDX-License-Identifier: Apache-2.0
"""The short way of a bootstrap: each host says that it is in, and one manager proves it by its node list."""

import copy

import pytest

IDS = ["docker-swarm-settled", "docker-swarm-sealed", "docker-swarm-converged"]


@pytest.fixture(params=[False, True], ids=["real", "test"])
def verified(request, fleet):
    """
    ``verified(change=, later=)``: what the states of the one step return, after all hosts of a whole swarm
    published their facts, and whether those facts were published.
    """

    def run(later=None, forged=None):
        given = fleet.new_run()
        for name, minion in fleet.minions.items():
            if name not in fleet.down:
                found = minion.job().salt["swarm_facts.announce"](given["id"], [])
                assert found is None or found == fleet.mine[name]["swarm"]
        for name, more in (forged or {}).items():
            fleet.mine[name]["swarm"].update(more)
        if later:
            later()
        before = {name: list(one.machine.changed_by()) for name, one in fleet.minions.items()}
        given["settles"] = True
        done = fleet.apply(fleet.pillar["managers"][0], "docker.verify", given, request.param)
        after = {name: list(one.machine.changed_by()) for name, one in fleet.minions.items()}
        assert after == before or done["docker-swarm-settled"]["result"]
        return done

    fleet.form()
    return run


def assert_left(done, text):
    """The first state says what is left to do, and nothing else was done."""
    first, *others = done.values()
    assert first["result"] is False and first["changes"] == {}
    assert text in first["comment"], first["comment"]
    assert {one["comment"] for one in others} == {"requisite"}


def test_all_are_in(verified):
    done = verified()
    assert [name for name in done if name in IDS] == IDS
    assert all(one["result"] is True and one["changes"] == {} for one in done.values()), done
    assert done["docker-swarm-settled"]["comment"].startswith("5 hosts are members of the cluster ")


def test_tokens_are_sealed_as_by_each_run(verified, fleet, request):
    verified()
    sealed = fleet.mine["manager1"]["swarm"].get("sealed")
    if "real" in request.node.callspec.id:
        assert set(sealed) == {"manager2", "manager3", "worker1", "worker2"}
    else:
        assert sealed is None


def leave(fleet, name):
    fleet[name].machine.wipe()


def test_a_host_that_left(verified, fleet):
    leave(fleet, "worker2")
    assert_left(verified(), "worker2: inactive, but not in the node list")


def test_a_host_that_leaves_after_it_was_asked(verified, fleet):
    """Its node is down in the managers' list."""
    assert_left(verified(later=lambda: leave(fleet, "worker2")), "worker2: its node is down")


def test_a_host_that_the_managers_do_not_list(verified, fleet):
    """An orphan: it says active."""
    node_id = fleet["worker1"].machine.node_id
    fleet["manager1"].job().salt["swarm.node_rm"](node_id, force=True)
    assert_left(verified(), "worker1: ")


def test_facts_of_an_earlier_run(verified, fleet):
    """A host that did not answer has none of this run."""
    verified()
    fleet.down.add("worker1")
    assert_left(verified(), "worker1: no report in this run")


def test_a_manager_that_takes_tasks(verified, fleet):
    fleet["manager1"].job().salt["swarm.node_update"](
        fleet["manager2"].machine.node_id, availability="active"
    )
    assert_left(verified(), "manager2: it takes tasks")
    fleet.pillar["nodes"] = {"manager2": {"availability": "active"}}
    assert verified()["docker-swarm-settled"]["result"] is True


def test_a_host_in_another_role(verified, fleet):
    fleet.pillar["managers"] = ["manager1", "manager2"]
    fleet.pillar["workers"] = ["worker*", "manager3"]
    assert_left(verified(), "manager3: ")


def test_a_worker_that_lies_about_its_node(verified, fleet):
    """It cannot be another one's, nor one that is not there."""
    for node_id in (fleet["worker2"].machine.node_id, "nowhere"):
        assert_left(verified(forged={"worker1": {"node_id": node_id}}), "worker1")


def test_a_host_with_an_error(verified):
    assert_left(verified(forged={"worker1": {"error": "disk full"}}), "worker1: ")


def test_managers_of_two_clusters(verified):
    assert_left(verified(forged={"manager2": {"cluster": "other"}}), "in different swarms")


def test_a_record_that_a_host_left(verified, fleet):
    """It was another node before."""
    leave(fleet, "worker2")
    fleet.bootstrap()
    gone = fleet["worker1"].machine.node_id
    leave(fleet, "worker1")
    cluster = fleet["manager1"].machine.cluster
    cluster.add(fleet["worker1"].machine, "worker", "active")
    assert fleet["worker1"].machine.node_id != gone
    assert_left(verified(), "records of hosts that left: ")


def test_facts_are_announced_only_where_nothing_must_be_waited_for(fleet):
    """Another host's step, and a later one, publish them then, and say what is wrong."""
    fleet.form()

    def announced(name, run="r1"):
        before = copy.deepcopy(fleet.mine.get(name))
        found = fleet[name].job().salt["swarm_facts.announce"](run, ["drift"])
        assert found or fleet.mine.get(name) == before
        return found

    assert announced("worker1")["drift"] == ["drift"]
    assert announced("worker1")["run"] == "r1" and announced("worker1", "") is None
    fleet["worker1"].machine.wipe()
    assert announced("worker1")["state"] == "inactive"
    assert announced("worker1")["was"]
    fleet["worker2"].machine.docker = "stopped"
    assert announced("worker2") is None
    fleet.mine_off = True
    assert fleet["manager3"].job().salt["swarm_facts.announce"]("r2", []) is None
