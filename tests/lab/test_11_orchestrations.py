# SPDX-License-Identifier: Apache-2.0
"""The orchestrations beside bootstrap, each in test mode, for real, again, and after a fault."""

import json

import pytest
from conftest import (
    MANAGERS,
    WORKERS,
    assert_whole,
    free_ports,
    until_idle,
)


def ids(lab, manager):
    return {name: node["id"] for name, node in lab.nodes(manager).items()}


def whole_again(lab):
    run = lab.bootstrap()
    assert run.code == 0, run.why()
    return assert_whole(lab)


def test_remove(swarm):
    """A worker, and the manager that leads: first said, then done, then nothing is left to do."""
    leader = next(name for name, node in swarm.nodes().items() if node["leader"])
    stays = next(name for name in MANAGERS if name != leader)
    before = ids(swarm, stays)
    hosts = ["worker2", leader]
    predicted = swarm.orchestrate("docker.remove", "test=True", swarm_hosts=hosts)
    assert predicted.code == 0, predicted.why()
    assert ids(swarm, stays) == before
    done = swarm.orchestrate("docker.remove", swarm_hosts=hosts)
    assert done.code == 0, done.why()
    assert done.swarm_changes() == predicted.swarm_changes()
    assert ids(swarm, stays) == {name: before[name] for name in before if name not in hosts}
    for host in hosts:
        assert swarm.one(host, "swarm.info")["state"] == "inactive"
    again = swarm.orchestrate("docker.remove", swarm_hosts=hosts)
    assert again.code == 0 and again.swarm_changes() == {}
    free_ports(swarm)
    whole_again(swarm)


def test_replace_and_an_engine_that_is_killed_at_it(swarm):
    """worker3 takes the place of worker2; the engine of the new one is killed as it joins."""
    swarm.one("worker3", "swarm.leave")
    swarm.one("manager1", "swarm.node_rm", "worker3", "force=True")
    before = ids(swarm, "manager1")
    given = {"swarm_replace": {"worker2": "worker3"}}
    run = ("systemd-run", "--unit=kill", "--collect", "sh", "-c")
    joined = "docker info 2>/dev/null | grep -q 'NodeID: .'"
    script = f"until {joined}; do :; done; pkill -KILL -x dockerd"
    swarm.on("worker3", *run, script)
    first = swarm.orchestrate("docker.replace", **given)
    until_idle(swarm)
    if first.code:
        assert "worker3" in first.comments(), first.why()
        done = swarm.orchestrate("docker.replace", **given)
        assert done.code == 0, done.why()
    after = swarm.nodes()
    assert set(after) == set(before) - {"worker2"} | {"worker3"}
    assert after["worker3"]["state"] == "ready"
    assert swarm.one("worker2", "swarm.info")["state"] == "inactive"
    whole_again(swarm)


def test_prune_removes_what_pillar_does_not_name_and_no_more_than_it_may(swarm):
    swarm.pillar(workers=["worker1"], prune=1)
    run = swarm.bootstrap()
    assert run.code == 1
    assert "2 nodes are not in pillar, and swarm:prune lets 1 be removed" in run.comments()
    assert set(swarm.nodes()) == set(MANAGERS + WORKERS)
    swarm.pillar(workers=["worker1"], prune=2)
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert set(swarm.nodes()) == {*MANAGERS, "worker1"}
    swarm.pillar()
    whole_again(swarm)


def test_rotate(swarm):
    kept = "/var/lib/unlock.key"

    def secrets():
        swarm.note_secrets()
        found = {
            role: swarm.on("manager1", "docker", "swarm", "join-token", "-q", role).out.strip()
            for role in ("worker", "manager")
        }
        found["key"] = swarm.on("manager1", "cat", kept).out.strip()
        swarm.secrets.add(found["key"])
        return found

    swarm.one("manager1", "swarm.autolock", "True", f"key_file={kept}")
    before = secrets()
    given = {
        "swarm_rotate": ["worker", "ca", "unlock_key"],
        "swarm_rotate_key": "orchestrated",
        "swarm_unlock_key": {"key_file": kept},
    }
    predicted = swarm.orchestrate("docker.rotate", "test=True", **given)
    assert predicted.code == 0, predicted.why()
    assert secrets() == before
    done = swarm.orchestrate("docker.rotate", **given)
    assert done.code == 0, done.why()
    assert done.swarm_changes() == predicted.swarm_changes()
    after = secrets()
    kept_ones = [name for name in before if after[name] == before[name]]
    assert kept_ones == [], "a new CA is in both tokens"
    again = swarm.orchestrate("docker.rotate", **given)
    assert again.code == 0 and again.swarm_changes() == {} and secrets() == after
    assert swarm.one("manager1", "swarm_key.is_kept", f"key_file={kept}") is True
    swarm.one("manager1", "swarm.autolock", "False")


def test_the_runner_and_the_grain(swarm):
    swarm.on("master", "salt-run", "saltutil.sync_all")

    def run(*arguments, code):
        """A function of the runner: all that it prints to stdout."""
        done = swarm.on("master", "salt-run", *arguments, check=False)
        assert done.code == code, done.out
        return done.out

    status = json.loads(run("swarm.status", "--out=json", code=0))
    assert status["problems"] == [] and status["quorum"]["losses"] == 1
    assert run("swarm.status", code=0).rstrip().split("\n")[-1].startswith("healthy: 6 nodes")
    assert run("swarm.node_ls", "role=worker", code=0).startswith("manager1:\n    ID")
    swarm.pillar(nodes={"worker1": {"labels": {"disk": "nvme"}}}, subnet_size=26)
    status = json.loads(run("swarm.status", "--out=json", code=1))
    assert "worker1: label disk is not there, pillar says nvme" in status["problems"]
    assert any("subnet_size is 24, pillar says 26" in line for line in status["problems"])
    assert run("swarm.status", code=1).startswith("problems:\n")
    swarm.pillar()
    assert "worker1: swarm: active -> inactive" in run(
        "swarm.plan", "remove", "swarm_hosts=[worker1]", code=0
    )
    plan = run("swarm.plan", "remove", "swarm_hosts=[worker9]", code=1)
    assert "docker.remove would stop:" in plan and "worker9 is neither a minion" in plan
    assert "does not take hosts (valid: swarm_hosts)" in run(
        "swarm.plan", "remove", "hosts=x", code=2
    )
    swarm.salt("manager1,worker1", "saltutil.sync_grains")
    swarm.salt("manager1,worker1", "saltutil.refresh_grains")
    grains = swarm.salt("manager1,worker1", "grains.get", "swarm")
    assert grains["manager1"]["role"] == "manager" and grains["worker1"]["role"] == "worker"
    assert grains["worker1"]["node_id"] == swarm.nodes()["worker1"]["id"]


@pytest.mark.parametrize("mistake", [{"swarm_teardown": "another"}, {}])
def test_teardown_requires_confirmation(swarm, mistake):
    run = swarm.orchestrate("docker.teardown", **mistake)
    assert run.code == 1 and not run.swarm_changes()
    assert_whole(swarm)


def test_teardown(swarm):
    cluster = swarm.cluster()
    swarm.on("worker1", "docker", "volume", "create", "kept")
    predicted = swarm.orchestrate("docker.teardown", "test=True", swarm_teardown=cluster)
    assert predicted.code == 0, predicted.why()
    assert_whole(swarm)
    done = swarm.orchestrate("docker.teardown", swarm_teardown=cluster)
    assert done.code == 0, done.why()
    assert done.swarm_changes() == predicted.swarm_changes()
    assert "left on worker1: volumes kept" in done.comments()
    states = swarm.salt(",".join(MANAGERS + WORKERS), "swarm.info")
    assert {info["state"] for info in states.values()} == {"inactive"}
    again = swarm.orchestrate("docker.teardown", swarm_teardown=cluster)
    assert again.code == 0 and again.swarm_changes() == {}
    whole_again(swarm)
