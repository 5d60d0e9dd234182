# SPDX-License-Identifier: Apache-2.0
"""
The engines of a running swarm upgraded from Debian's own to the next, host by host, while services are
watched. ``LAB_MANAGERS`` and ``LAB_WORKERS`` may be smaller than the lab's own 3 and 3.
"""

import json
import os
import re

import next_engine
import pytest
from conftest import LAB, until

MANAGERS = [f"manager{n + 1}" for n in range(int(os.environ.get("LAB_MANAGERS", "3")))]
WORKERS = [f"worker{n + 1}" for n in range(int(os.environ.get("LAB_WORKERS", "3")))]
HOSTS = MANAGERS + WORKERS
FEW = {} if len(MANAGERS) > 2 else {"swarm_ignore": ["quorum-margin"]}
# Each line says how many tasks of web run, of how many; a manager that restarts says nothing.
PROBE = (
    "exec >/var/tmp/probe; while :; do docker service ls --filter name=web --format {{.Replicas}};"
    " sleep 0.1; done"
)
# Writes of another hand, each 0.3 s, on each manager.
WRITE = (
    "exec >/var/tmp/writes 2>&1; n=0; while :; do n=$((n+1)); docker node update --label-add"
    " lab-$(hostname)=$n worker1 >/dev/null && echo good; sleep 0.3; done"
)
KEY = "/root/swarm.key"
SERVE = "trap exit TERM; /bin/busybox sleep 1000 & wait"


@pytest.fixture(scope="module")
def services(swarm):
    """The swarm with a service that starts its new tasks first."""
    swarm.give_image(*WORKERS)
    options = "--detach --no-resolve-image --endpoint-mode dnsrr --update-order start-first"
    options += " --update-parallelism 2 --update-monitor 1s --name web --replicas 4"
    swarm.shell("manager1", f"docker service create {options} lab:1 /bin/busybox sh -c '{SERVE}'")
    until(lambda: running(swarm) == 4, "web runs")
    swarm.command = [str(LAB)]
    next_engine.offer(swarm, HOSTS)
    if len(MANAGERS) > 2:
        lock(swarm)
    yield swarm
    swarm.shell(
        "manager1", "docker swarm update --autolock=false; docker service rm web", check=False
    )
    swarm.pillar()


def lock(lab):
    """Each manager locks itself when it is restarted; pillar says where the key is."""
    lab.shell("manager1", "docker swarm update --autolock=true")
    key = lab.shell("manager1", "docker swarm unlock-key -q").out.strip()
    for name in MANAGERS:
        lab.on(name, "sh", "-c", f"umask 077; cat >{KEY}", stdin=key + "\n")
    lab.secrets.add(key)
    lab.pillar(unlock={"key_file": KEY})


def probed(lab, begin):
    """Start or stop the probes; what they wrote, by manager."""
    for name in MANAGERS:
        for unit, script in (("probe", PROBE), ("writes", WRITE)):
            if begin:
                lab.shell(name, f"systemd-run --unit={unit} --collect sh -c '{script}'")
            else:
                lab.shell(name, f"systemctl stop {unit}")
    if not begin:
        return {
            name: lab.shell(name, "cat /var/tmp/probe /var/tmp/writes").out for name in MANAGERS
        }


def running(lab):
    shown = lab.shell("manager1", "docker service ls --filter name=web --format '{{.Replicas}}'")
    return int(shown.out.partition("/")[0] or 0)


def stored(lab):
    return lab.one("manager1", "swarm.call", "service_inspect", "id=web")


def busy(lab):
    """Jobs that change something on the hosts."""
    jobs = lab.salt(",".join(HOSTS), "saltutil.running", check=False)
    return [job for found in jobs.values() for job in found or [] if "swarm" in str(job)]


def versions(lab):
    return {name: node["engine_version"].split("+")[0] for name, node in lab.nodes().items()}


def plan_of(run):
    return re.search(r"swarm_plan\\?\\?\": \\?\\?\"([0-9a-f]{12})", run.out)[1]


def test_the_plan_changes_nothing(services):
    assert set(versions(services).values()) == {"26.1.5"}
    run = services.orchestrate("docker.upgrade", **FEW)
    assert run.code != 0 and plan_of(run), run.out
    table = run.comments()
    assert re.search(r"manager1 +manager, leader +26\.1\.5 +28\.[0-9.]+ +upgrade", table), table
    assert set(versions(services).values()) == {"26.1.5"}
    run = services.orchestrate("docker.upgrade", swarm_plan="0" * 12, **FEW)
    assert run.code != 0 and "the plan is another one now" in run.out, run.out


def test_upgrade_without_a_gap(services):
    lab = services
    spec = stored(lab)["Spec"]
    given = {**FEW, "swarm_plan": plan_of(lab.orchestrate("docker.upgrade", **FEW))}
    leader = next(name for name, node in lab.nodes().items() if node["leader"])
    probed(lab, True)
    # The first is killed somewhere in the middle. What it left running on the hosts must end first.
    command = ["timeout", "-s", "KILL", "45", "salt-run", "state.orchestrate", "docker.upgrade"]
    run = lab.on("master", *command, f"pillar={json.dumps(given)}", check=False)
    assert run.code != 0, run.out
    assert "26.1.5" in versions(lab).values(), "it was too fast to be killed"
    until(lambda: not busy(lab), "the jobs of the killed run have ended", seconds=240)
    run = lab.orchestrate("docker.upgrade", **given)
    assert run.code == 0, run.out[-3000:]
    assert set(versions(lab)) == set(HOSTS)
    assert len(set(versions(lab).values())) == 1 and "26.1.5" not in versions(lab).values()
    assert {node["state"] for node in lab.nodes().values()} == {"ready"}
    assert {lab.nodes()[name]["availability"] for name in WORKERS} == {"active"}
    service = stored(lab)
    assert service["Spec"] == spec == service.get("PreviousSpec", spec)
    for name, text in probed(lab, False).items():
        shown = set(re.findall(r"^(\d+)/4$", text, re.M))
        assert shown and min(map(int, shown)) >= 4, (name, shown)
        if len(MANAGERS) > 2:
            assert text.count("good") > 20 and "lost leader" not in text, (name, text[-2000:])
            assert "does not have a leader" not in text, (name, text[-2000:])
    if len(MANAGERS) > 2:
        assert not lab.nodes()[leader]["leader"], "the leadership was handed over"
    run = lab.orchestrate("docker.upgrade", **FEW)
    assert run.code == 0 and "nothing to do" in run.out, run.out
