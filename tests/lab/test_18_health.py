# SPDX-License-Identifier: Apache-2.0
"""
Health of a real swarm: a worker whose engine is dead, the same rows from a minion and from the master, and
the wait that ends once it is back. The cluster's lock: of several takers one goes, and a run is refused.
"""

import concurrent.futures
import json

from conftest import HOSTS, MANAGERS, until, until_node

ROTATE = {"swarm_rotate": ["worker"], "swarm_rotate_key": "beside another run"}


def rows(lab, *args):
    return lab.salt("manager1", "swarm.health", *args, check=False)["manager1"]


def wrong(found):
    return [(row["name"], row["on"]) for row in found if row["ok"] is not True]


def from_the_master(lab, function, *args):
    result = lab.on("master", "salt-run", function, *args, "--out=json", check=False)
    assert "Traceback" not in result.out
    return result.code, result.json


def test_all_is_well(swarm):
    found = rows(swarm)
    assert wrong(found) == []
    code, told = from_the_master(swarm, "swarm.health")
    assert (code, told["problems"]) == (0, [])
    texts = {row["name"]: row["text"] for row in found}
    alike = {row["name"]: row["text"] for row in told["health"] if row["name"] in texts}
    # Of the certificates the master says how many there are.
    assert {**texts, "certificates": ""} == {**alike, "certificates": ""}


def test_a_worker_that_is_down(swarm):
    first = rows(swarm)
    swarm.on("worker3", "systemctl", "stop", "docker.socket", "docker")
    until_node(swarm, "worker3", state="down")
    assert ("nodes-ready", "worker3") in wrong(rows(swarm))
    known = rows(swarm, 'ignore=["nodes-ready:worker3"]')
    assert {row["level"] for row in known if row["ok"] is not True} == {"warning"}
    late = swarm.error("manager1", "swarm.health", 'checks=["nodes-ready"]', "wait=1")
    assert "the swarm is not healthy: nodes-ready: worker3 is down" in late
    code, told = from_the_master(swarm, "swarm.health")
    assert code == 1 and ("nodes-ready", "worker3") in wrong(told["health"])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waits = pool.submit(swarm.one, "manager1", "swarm.health", "wait=50", "stable=2")
        swarm.on("worker3", "systemctl", "start", "docker")
        assert wrong(waits.result()) == []
    assert wrong(rows(swarm, f"baseline={json.dumps(first)}")) == []


def test_what_if(swarm):
    (case,) = swarm.one("manager2", "swarm.what_if", "down=manager1")
    assert case["quorum"] is True and case["nodes"] == ["manager1"]
    (case,) = swarm.one("manager2", "swarm.what_if", f"down={json.dumps(MANAGERS[:2])}")
    assert case["quorum"] is False and case["text"].endswith("the managers lose their quorum")
    assert len(swarm.one("manager1", "swarm.what_if", "each=True")) == len(HOSTS)


def test_one_run_at_a_time(swarm):
    def take(manager):
        run = f"run-of-{manager}"
        return swarm.salt(
            manager,
            "swarm_core.core",
            "lock_take",
            run,
            "docker.rotate",
            manager,
            "wait=0",
            check=False,
        )[manager]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(take, MANAGERS))
    (winner,) = [one for one in taken if isinstance(one, dict)]
    refused = [one for one in taken if isinstance(one, str)]
    assert all(f"(run {winner['run']}, by {winner['holder']}) holds" in one for one in refused)
    # The holder is alive: it renews its lock while the run waits to see.
    before = swarm.one("manager1", "swarm.join_token", "worker")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(swarm.orchestrate, "docker.rotate", **ROTATE)
        until(
            lambda: (
                swarm.one("manager1", "swarm_core.core", "lock_renew", winner["run"])["count"]
                and run.done()
            ),
            "the run is refused",
        )
    assert run.result().code == 1 and f"run {winner['run']}" in run.result().comments()
    assert swarm.one("manager1", "swarm.join_token", "worker") == before
    assert from_the_master(swarm, "swarm.lock_break", winner["run"])[0] == 0
    assert swarm.one("manager1", "swarm.lock_show") == {}
