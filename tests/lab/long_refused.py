# SPDX-License-Identifier: Apache-2.0
"""
More that bootstrap must not do, and a host in a wrong place. The minions that do not answer take long:
`make check-lab-long` names this file.
"""

from conftest import assert_whole, stopped_minions
from test_04_refused import leave


def test_no_second_swarm_beside_one_whose_minions_are_silent(swarm):
    before = swarm.nodes("manager2")
    leave(swarm, "manager1")
    with stopped_minions(swarm, "manager2", "manager3"):
        swarm.on("master", "salt-run", "cache.clear_mine", "tgt=*")
        run = swarm.bootstrap()
        assert run.code == 1
        assert "manager2, manager3 may be in one" in run.comments()
        assert swarm.one("manager1", "swarm.info")["state"] == "inactive"
        # The operator's word counts only for hosts whose swarm does not answer.
        swarm.pillar(init_without=["manager2", "manager3"])
        run = swarm.bootstrap()
        made = swarm.one("manager1", "swarm.info")
    swarm.pillar()
    if made["state"] == "active":  # with the mine cleared nothing is known of the living swarm
        leave(swarm, "manager1")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    after = assert_whole(swarm, "manager2")
    assert after["manager2"]["id"] == before["manager2"]["id"]


def test_a_pending_join_is_repeated(swarm):
    """A join to where nobody answers stays pending in the engine for ever."""
    leave(swarm, "worker1")
    token = swarm.on("manager1", "docker", "swarm", "join-token", "-q", "worker").out.strip()
    for manager in ("manager1", "manager2", "manager3"):
        swarm("link", manager, "down")
    swarm.on(
        "worker1",
        *("timeout", "40", "docker", "swarm", "join", "--token", token, "10.213.0.11:2377"),
        check=False,
    )
    for manager in ("manager1", "manager2", "manager3"):
        swarm("link", manager, "up")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)
