# SPDX-License-Identifier: Apache-2.0
"""Runs that are cut off half-way: the next one converges, or names what is in its way."""

from conftest import all_leave, assert_whole, until_idle, until_in


def killed_as_soon_as_in(swarm, host):
    """The orchestration is killed then, its jobs go on; the next one converges."""
    all_leave(swarm)
    run = ("salt-run", "state.orchestrate", "docker.bootstrap")
    swarm.on("master", "systemd-run", "--unit=cut", "--collect", *run)
    until_in(swarm, host)
    swarm.on("master", "systemctl", "kill", "-s", "KILL", "cut", check=False)
    until_idle(swarm)
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)


def test_killed_orchestration(swarm):
    """Between managers; after the init and between workers in long_beside.py."""
    killed_as_soon_as_in(swarm, "manager2")


def test_half_built_swarm_is_predicted(swarm):
    for host in ("manager3", "worker2"):
        swarm.on(host, "timeout", "60", "docker", "swarm", "leave", "--force")
    predicted = swarm.bootstrap("test=True")
    assert predicted.code == 0, predicted.why()
    made = swarm.bootstrap()
    assert made.code == 0, made.why()
    assert made.swarm_changes() == predicted.swarm_changes()
    assert_whole(swarm)


def test_stopped_engine(swarm):
    """The state docker.engine starts it again; an engine that may not start is named."""
    swarm.on("manager2", "systemctl", "mask", "--now", "docker.socket", "docker.service")
    run = swarm.bootstrap()
    swarm.on("manager2", "systemctl", "unmask", "docker.socket", "docker.service")
    assert run.code == 1
    assert "docker does not answer on manager2" in run.comments()
    assert swarm.bootstrap().code == 0
    assert_whole(swarm)
