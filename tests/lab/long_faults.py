# SPDX-License-Identifier: Apache-2.0
"""
More hosts that break while bootstrap runs. Too long for each `make check`: `make check-all` names
this file.
"""

import pytest
from conftest import all_leave, assert_whole, until_answers, until_in
from faults import assert_told, beside, converge, full_disk


@pytest.mark.parametrize("host", ["manager2", "worker2"])
def test_engine_is_killed_as_soon_as_it_joined(swarm, host):
    all_leave(swarm)
    with beside(swarm, "docker.bootstrap") as run:
        until_in(swarm, host)
        swarm.on(host, "systemctl", "kill", "-s", "KILL", "docker")
    assert_told(run, host)
    converge(swarm)


@pytest.mark.parametrize("host", ["manager1", "manager3", "worker1"])
def test_minion_is_killed_with_its_job(swarm, host):
    all_leave(swarm)
    with beside(swarm, "docker.bootstrap") as run:
        until_in(swarm, "manager1")
        swarm.on(host, "systemctl", "kill", "-s", "KILL", "salt-minion")
    swarm.on(host, "systemctl", "restart", "salt-minion")
    until_answers(swarm, host)
    assert_told(run, host)
    converge(swarm)


def test_leader_loses_its_power(swarm):
    """Of a whole swarm, while a worker joins: the others elect another leader and go on."""
    cluster = swarm.cluster()
    swarm.on("worker1", "timeout", "60", "docker", "swarm", "leave", "--force")
    with beside(swarm, "docker.bootstrap") as run:
        swarm("stop", "--now", "manager1")
    assert_told(run, "manager1")
    swarm("start", "manager1")
    converge(swarm)
    assert swarm.cluster() == cluster


def test_leader_loses_its_power_before_the_others_joined(swarm):
    all_leave(swarm)
    with beside(swarm, "docker.bootstrap") as run:
        until_in(swarm, "manager1")
        swarm("stop", "--now", "manager1")
    assert_told(run, "manager1")
    swarm("start", "manager1")
    converge(swarm)


@pytest.mark.parametrize("host", ["manager1", "manager3", "worker3"])
def test_link_is_down_for_half_a_minute(swarm, host):
    all_leave(swarm)
    with beside(swarm, "docker.bootstrap") as run:
        until_in(swarm, "manager1")
        swarm("link", host, "down")
        swarm.on("master", "sleep", "30")
        swarm("link", host, "up")
    assert_told(run, host)
    until_answers(swarm, host)
    converge(swarm)


@pytest.mark.parametrize("host", ["manager1", "worker2"])
def test_full_disk(swarm, host):
    all_leave(swarm)
    with full_disk(swarm, host):
        first = swarm.bootstrap()
        assert first.code == 1 and host in first.comments(), first.why()
    converge(swarm)


def test_full_disk_of_a_member(swarm):
    """Its place in the swarm needs no room: it stays, and bootstrap leaves it alone."""
    before = assert_whole(swarm)
    with full_disk(swarm, "worker1"):
        run = swarm.bootstrap()
        assert (run.code, run.changes()) == (0, {}), run.why()
    converge(swarm)
    after = swarm.nodes()
    assert {name: node["id"] for name, node in after.items()} == {
        name: node["id"] for name, node in before.items()
    }
