# SPDX-License-Identifier: Apache-2.0
"""The preflight of docker.upgrade and docker.reboot: its faults, and the names that are to be ignored."""

import pytest
import readings
from test_rolling import NEW, OLD, Fleet, roll  # noqa: F401  a fixture


def test_the_faults_of_a_preflight_are_among_them(roll):  # noqa: F811
    fleet = Fleet(["manager1"], ["worker1"])
    fleet.readings["worker1"] = readings.member("worker1", live_restore=True)
    fleet.readings["manager1"] = readings.member("manager1", synchronised=False)
    fleet.blocked["worker1"] = "docker.io 28.5.2 would remove podman-docker"
    for test in (True, False):
        ret = roll(fleet, test=test, confirm=False)
        assert ret["result"] is False and ret["changes"] == {}
        lines = ret["refused"]["plan"]
        assert lines[0].startswith("1 manager: while one is worked on")
        assert lines[1].startswith("live-restore: worker1: live-restore is on")
        assert lines[2].startswith("package: worker1: docker.io 28.5.2 would remove podman-docker")
        assert lines[3].endswith('pillar=\'{"swarm_ignore": ["live-restore", "package"]}\'')
        assert ret["comment"].startswith("warning: clock: manager1: the clock is not synchronised")
    assert "swarm_upgrade.prefetch" not in {one for _, one, _ in fleet.calls}
    accepted = ["quorum-margin", "live-restore", "package:worker1"]
    ret = roll(fleet, confirm=False, ignore=accepted)
    assert ret["result"] is True, ret["comment"]
    warned = [line.split(": ")[1] for line in ret["comment"].splitlines()[:3]]
    assert warned == ["live-restore", "clock", "package"]


def test_a_reboot_has_a_preflight_too(roll):  # noqa: F811
    fleet = Fleet()
    fleet.reboots = {"worker1"}
    fleet.readings["worker2"] = readings.member("worker2", daemon_json="it is not JSON")
    ret = roll(fleet, what="reboot", confirm=False)
    assert "daemon-json: worker2: it is not JSON" in ret["comment"]
    assert "swarm_upgrade.reboot" not in {one for _, one, _ in fleet.calls}
    fleet.reboots.clear()
    assert roll(fleet, what="reboot")["comment"] == "5 hosts: nothing to do", "nobody is worked on"


def test_services_that_mount_the_socket(roll):  # noqa: F811
    fleet = Fleet()
    fleet.target, fleet.sockets = "29.1.0-1", ["web (traefik:2.9)"]
    ret = roll(fleet, test=True)
    (line,) = [one for one in ret["notes"] if "socket-clients" in one]
    assert "web (traefik:2.9) mounts docker's socket" in line


@pytest.mark.parametrize("target", [NEW, OLD])
def test_an_unknown_fault_to_ignore(roll, target):  # noqa: F811
    """Also where nothing is to be done."""
    fleet = Fleet()
    fleet.target = target
    ret = roll(fleet, confirm=False, ignore=["quorum-margin", "nodes-raedy:worker1"])
    assert ret["comment"] == (
        "swarm_ignore: unknown check nodes-raedy:worker1 (did you mean nodes-ready?)"
    )
    assert ret["result"] is False and "swarm.evict" not in {one for _, one, _ in fleet.calls}


def test_who_asks_for_which_check(roll):  # noqa: F811
    """swarm.health refuses what it does not know, and so does the preflight."""
    fleet, asked = Fleet(), []

    def health(host, ignore=None, **_):
        asked.append(ignore)
        return []

    fleet.do_swarm_health = health
    accepted = ["clock", "versions", "nodes-ready:worker1", "quorum-margin"]
    assert roll(fleet, confirm=False, ignore=accepted)["result"] is True
    assert all(one == ["versions", "nodes-ready:worker1"] for one in asked) and asked
