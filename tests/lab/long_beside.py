# SPDX-License-Identifier: Apache-2.0
"""
Hosts that break while bootstrap runs, or before it: it ends, says where, and the next run converges.
`make check-lab-long` names this file.
"""

import pytest
from conftest import all_leave, assert_whole, stopped_minions, until_answers, until_in
from faults import assert_told, beside, converge, full_disk
from test_05_interrupted import killed_as_soon_as_in


def test_leaders_engine_is_killed(swarm):
    """systemd starts it again, and the cluster that it made is the one that the others join."""
    all_leave(swarm)
    with beside(swarm, "docker.bootstrap") as run:
        until_in(swarm, "manager1")
        cluster = swarm.on("manager1", "docker", "info", "-f", "{{.Swarm.Cluster.ID}}").out.strip()
        swarm.on("manager1", "systemctl", "kill", "-s", "KILL", "docker")
    assert_told(run, "manager1")
    converge(swarm)
    assert swarm.cluster() == cluster


def test_full_disk_of_a_manager(swarm):
    """Nothing that the engine writes fits: its join cannot be."""
    all_leave(swarm)
    with full_disk(swarm, "manager2"):
        first = swarm.bootstrap()
        assert first.code == 1
        assert "no space left on device" in str(first.failed()["manager2"]), first.why()
    converge(swarm)


def test_without_quorum_nothing_is_tried(swarm):
    before = {n["id"] for n in swarm.nodes().values()}
    with stopped_minions(swarm, "manager2", "manager3"):
        for manager in ("manager2", "manager3"):
            swarm.on(manager, "systemctl", "stop", "docker.socket", "docker")
        run = swarm.bootstrap()
        assert run.code == 1
        assert "manager1: the cluster has no leader" in run.comments(), run.why()
        for manager in ("manager2", "manager3"):
            swarm.on(manager, "systemctl", "start", "docker.socket", "docker")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert {n["id"] for n in assert_whole(swarm).values()} == before


@pytest.mark.parametrize("host", ["manager1", "worker1"])
def test_killed_orchestration(swarm, host):
    killed_as_soon_as_in(swarm, host)


def test_killed_minion(swarm):
    all_leave(swarm)
    swarm.on("worker2", "systemctl", "kill", "-s", "KILL", "salt-minion")
    swarm.on("worker2", "systemctl", "stop", "salt-minion")
    first = swarm.bootstrap()
    assert first.code == 1
    assert "2 of 3 workers joined; worker2: its minion did not answer" in first.comments()
    states = {name: node["state"] for name, node in swarm.nodes().items()}
    assert states["worker1"] == states["worker3"] == "ready"
    swarm.on("worker2", "systemctl", "start", "salt-minion")
    until_answers(swarm, "worker2")
    assert swarm.bootstrap().code == 0
    assert_whole(swarm)
