# SPDX-License-Identifier: Apache-2.0
"""
A host is emptied while a service is not whole: it was just scaled, its update goes on, it never becomes whole.
`make check-lab-long` names this file.
"""

import json
import time

import pytest
from conftest import WORKERS, until

SERVE = "trap exit TERM; /bin/busybox sleep 1000 & wait"
# A task runs when its first check has passed, which comes after this.
SECONDS = 8


@pytest.fixture
def slow(swarm):
    """A service of two tasks, each of which takes its time to run."""
    lab = swarm
    lab.give_image(*WORKERS)
    options = "--detach --no-resolve-image --endpoint-mode dnsrr --name slow --replicas 2"
    options += " --update-order start-first --update-monitor 1s --update-parallelism 2"
    options += f" --health-cmd true --health-interval {SECONDS}s"
    lab.shell("manager1", f"docker service create {options} lab:1 /bin/busybox sh -c '{SERVE}'")
    until(lambda: running(lab) == 2, "slow runs")
    yield lab
    lab.one("manager1", "swarm.evict_undo", "worker1")
    lab.shell("manager1", "docker service rm slow")


def running(lab):
    shown = lab.shell("manager1", "docker service ls --filter name=slow --format '{{.Replicas}}'")
    return int(shown.out.partition("/")[0] or 0)


def evict(lab):
    """``(seconds, how it ended)``; without the master, so that it begins right after a command."""
    begun = time.monotonic()
    command = ["salt-call", "swarm.evict", "worker1", "--out=json"]
    done = lab.on("manager1", *command, check=False)
    return time.monotonic() - begun, done


def assert_empty(lab, done, replicas):
    assert done.code == 0, done.out + done.err
    assert done.json["local"]["new"] == "drain" and running(lab) == replicas
    node = lab.nodes()["worker1"]
    assert node["availability"] == "drain"
    left = lab.shell("manager1", "docker node ps -q --filter desired-state=running worker1").out
    assert left.strip() == ""
    spec = lab.one("manager1", "swarm.call", "service_inspect", "id=slow")
    assert "node.id!=" not in json.dumps(spec)


def test_it_was_just_scaled(slow):
    lab = slow
    lab.shell("manager1", "docker service scale --detach slow=4")
    assert running(lab) < 4
    seconds, done = evict(lab)
    assert_empty(lab, done, 4)
    assert seconds > SECONDS, "first the new tasks, then those that move"


def test_its_update_goes_on(slow):
    lab = slow
    lab.shell("manager1", "docker service update --detach --force slow")
    _, done = evict(lab)
    assert_empty(lab, done, 2)


def test_it_is_never_whole(slow):
    """A task that fits nowhere: refused before anything is changed, and the text says what to do."""
    lab = slow
    create = "docker service create --detach --no-resolve-image --name big --replicas 2"
    place = "--replicas-max-per-node 1 --constraint node.hostname==worker1"
    lab.shell("manager1", f"{create} {place} lab:1 /bin/busybox sh -c '{SERVE}'")
    seconds, done = evict(lab)
    lab.shell("manager1", "docker service rm big")
    assert done.code != 0 and "big: only 1 of its 2 tasks run; run it again when that is over" in (
        done.out + done.err
    )
    assert 30 <= seconds < 100
    node = lab.nodes()["worker1"]
    assert node["availability"] == "active" and "saltext.swarm.was" not in node["labels"]
