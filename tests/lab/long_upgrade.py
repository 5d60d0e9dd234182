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
import upgrading
from conftest import LAB

MANAGERS = [f"manager{n + 1}" for n in range(int(os.environ.get("LAB_MANAGERS", "3")))]
WORKERS = [f"worker{n + 1}" for n in range(int(os.environ.get("LAB_WORKERS", "3")))]
HOSTS = MANAGERS + WORKERS
FEW = {} if len(MANAGERS) > 2 else upgrading.ALONE
KEY = "/root/swarm.key"
CANARY = {"upgrade": {"canary": {"image": "lab:1"}}}
# The data of overlay networks is cut off on a host as soon as packages are installed on it.
CUT = "INPUT -p udp --dport 4789 -j DROP"
HOOK = "/etc/apt/apt.conf.d/99cut"


@pytest.fixture(scope="module")
def services(swarm):
    """The swarm with a service that starts its new tasks first."""
    upgrading.give_web(swarm, *WORKERS)
    swarm.command = [str(LAB)]
    next_engine.offer(swarm, HOSTS)
    swarm.pillar(**CANARY)
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
    lab.pillar(unlock={"key_file": KEY}, **CANARY)


def cut(lab, host):
    lab.on(host, "tee", HOOK, stdin=f'DPkg::Post-Invoke {{"iptables -I {CUT}";}};\n')


def joined_again(lab, host):
    lab.shell(host, f"rm -f {HOOK}; while iptables -D {CUT} 2>/dev/null; do :; done")


def canaries(lab):
    """What is there of canaries: services and networks."""
    label = "--filter label=saltext.swarm.canary -q"
    return lab.shell("manager1", f"docker service ls {label}; docker network ls {label}").out


def test_the_plan_changes_nothing(services):
    assert set(upgrading.versions(services).values()) == {"26.1.5"}
    run = services.orchestrate("docker.upgrade", **FEW)
    assert run.code != 0 and upgrading.plan_of(run), run.out
    table = run.comments()
    assert re.search(r"manager1 +manager, leader +26\.1\.5 +28\.[0-9.]+ +upgrade", table), table
    assert set(upgrading.versions(services).values()) == {"26.1.5"}
    run = services.orchestrate("docker.upgrade", swarm_plan="0" * 12, **FEW)
    assert run.code != 0 and "the plan is another one now" in run.out, run.out


def test_upgrade_without_a_gap(services):
    lab = services
    spec = upgrading.stored(lab)["Spec"]
    given = {**FEW, "swarm_plan": upgrading.plan_of(lab.orchestrate("docker.upgrade", **FEW))}
    leader = next(name for name, node in lab.nodes().items() if node["leader"])
    last = WORKERS[-1]
    cut(lab, last)
    upgrading.begin_probes(lab, *MANAGERS)
    # The first is killed somewhere in the middle. What it left running on the hosts must end first.
    command = ["timeout", "-s", "KILL", "45", "salt-run", "state.orchestrate", "docker.upgrade"]
    run = lab.on("master", *command, f"pillar={json.dumps(given)}", check=False)
    assert run.code != 0, run.out
    assert "26.1.5" in upgrading.versions(lab).values(), "it was too fast to be killed"
    upgrading.until_free(lab, HOSTS)
    # The second finds that tasks of the last worker do not reach those of others.
    run = lab.orchestrate("docker.upgrade", **given)
    assert run.code != 0 and f"{last} stays drained: its canary with a task on" in run.out, run.out
    assert lab.nodes()[last]["availability"] == "drain"
    assert "canary" in lab.nodes()[last]["labels"]["saltext.swarm.reason"]
    assert canaries(lab) == ""
    joined_again(lab, last)
    run = lab.orchestrate("docker.upgrade", **given)
    assert run.code == 0, run.out[-3000:]
    assert canaries(lab) == ""
    assert set(upgrading.versions(lab)) == set(HOSTS)
    assert (
        len(set(upgrading.versions(lab).values())) == 1
        and "26.1.5" not in upgrading.versions(lab).values()
    )
    assert {node["state"] for node in lab.nodes().values()} == {"ready"}
    assert {lab.nodes()[name]["availability"] for name in WORKERS} == {"active"}
    upgrading.assert_spec(lab, spec)
    for name, text in upgrading.end_probes(lab, *MANAGERS).items():
        if len(MANAGERS) > 2:
            assert text.count("good") > 20 and "lost leader" not in text, (name, text[-2000:])
            assert "does not have a leader" not in text, (name, text[-2000:])
    if len(MANAGERS) > 2:
        assert not lab.nodes()[leader]["leader"], "the leadership was handed over"
    run = lab.orchestrate("docker.upgrade", **FEW)
    assert run.code == 0 and "nothing to do" in run.out, run.out
