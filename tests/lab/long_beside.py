"""Hosts that break while bootstrap runs: it ends, says where, and the next run converges."""

from conftest import all_leave, assert_whole, until_in
from faults import assert_told, beside, converge, full_disk


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
