"""Hosts that come back empty: always three managers, one cluster, no dead record."""

import pytest
from conftest import MANAGERS, assert_whole, until_answers


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize("manager", MANAGERS)
def test_each_manager_in_turn(swarm, turn, manager):
    other = next(name for name in MANAGERS if name != manager)
    cluster, old = swarm.cluster(other), swarm.nodes(other)
    if turn == 1:
        swarm("wipe", manager)
        until_answers(swarm, manager)
    else:
        swarm.on(manager, "timeout", "60", "docker", "swarm", "leave", "--force")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    new = assert_whole(swarm, other)
    assert swarm.cluster(manager) == swarm.cluster(other) == cluster
    assert new[manager]["id"] != old[manager]["id"]
    unchanged = [name for name in new if name != manager]
    assert {n: new[n]["id"] for n in unchanged} == {n: old[n]["id"] for n in unchanged}


def test_a_worker_made_anew(swarm):
    old = swarm.nodes()["worker1"]["id"]
    swarm("wipe", "worker1")
    until_answers(swarm, "worker1")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert assert_whole(swarm)["worker1"]["id"] != old
