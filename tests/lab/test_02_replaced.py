# SPDX-License-Identifier: Apache-2.0
"""Hosts that come back empty: always three managers, one cluster, no dead record."""

import pytest
from conftest import MANAGERS, assert_whole, until_answers


def made_anew(swarm, manager, wiped):
    """The manager leaves by force, or comes back on a fresh disk, and a bootstrap takes it in."""
    other = next(name for name in MANAGERS if name != manager)
    cluster, old = swarm.cluster(other), swarm.nodes(other)
    if wiped:
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


@pytest.mark.parametrize(("manager", "wiped"), [("manager1", True), ("manager3", False)])
def test_a_manager_comes_back_empty(swarm, manager, wiped):
    made_anew(swarm, manager, wiped)


def test_a_worker_comes_back_empty(swarm):
    old = swarm.nodes()["worker1"]["id"]
    swarm("wipe", "worker1")
    until_answers(swarm, "worker1")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert assert_whole(swarm)["worker1"]["id"] != old
