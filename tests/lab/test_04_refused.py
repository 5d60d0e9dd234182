# SPDX-License-Identifier: Apache-2.0
"""What bootstrap must not do, and says so; and hosts that are found in a wrong place."""

import json

from conftest import WORKERS, assert_whole, stopped_minions


def leave(lab, host):
    lab.on(host, "timeout", "60", "docker", "swarm", "leave", "--force")


def test_no_second_swarm_while_a_known_manager_listens(swarm):
    cluster = swarm.cluster("manager2")
    leave(swarm, "manager1")
    with stopped_minions(swarm, "manager2", "manager3"):
        swarm.pillar(init_without=["manager2", "manager3"])
        run = swarm.bootstrap()
        assert run.code == 1
        assert "a manager still listens at" in run.comments()
        assert swarm.one("manager1", "swarm.info")["state"] == "inactive"
    swarm.pillar()
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)
    assert swarm.cluster() == cluster


def test_a_worker_that_forges_facts_takes_nobody_with_it(swarm):
    """worker3 makes a swarm of its own and offers its address and token as if it were a manager."""
    cluster = swarm.cluster()
    for worker in ("worker2", "worker3"):
        leave(swarm, worker)
    swarm.one("worker3", "swarm.init", "advertise_addr=eth0")
    forged = swarm.one("worker3", "swarm_facts.collect")
    forged.update(id="manager1", sealed={"worker2": "AAAA"})
    given = f"data={json.dumps(forged)}"
    assert swarm.one("worker3", "mine.send", "swarm", "mine_function=swarm_mine.given", given)
    run = swarm.bootstrap()
    assert run.code == 1
    assert "worker3" in run.failed() and "another swarm" in run.failed()["worker3"][0]
    assert "2 of 3 workers joined; worker3: " in run.comments()
    nodes = swarm.nodes()
    assert nodes["worker2"]["state"] == "ready" and swarm.cluster() == cluster
    leave(swarm, "worker3")
    assert swarm.bootstrap().code == 0
    assert_whole(swarm)


def test_managers_of_different_swarms_are_reported(swarm):
    leave(swarm, "manager3")
    swarm.one("manager3", "swarm.init", "advertise_addr=eth0", "availability=drain")
    before = swarm.nodes("manager1")
    run = swarm.bootstrap()
    assert run.code == 1
    assert "in different swarms" in run.comments()
    assert {n["id"] for n in before.values()} == {n["id"] for n in swarm.nodes().values()}
    leave(swarm, "manager3")
    assert swarm.bootstrap().code == 0
    assert_whole(swarm)


def test_an_orphan_comes_home(swarm):
    """A worker that is active, but whose record the managers deleted."""
    old = swarm.nodes()["worker2"]["id"]
    swarm.one("manager1", "swarm.node_rm", old, "force=True")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert assert_whole(swarm)["worker2"]["id"] != old


def test_all_workers_are_still_the_named_ones(swarm):
    assert set(WORKERS) < set(swarm.nodes())
