# SPDX-License-Identifier: Apache-2.0
"""All managers moved at once, and a demotion that may not be. `make check-lab-long` names this file."""

import pytest
from conftest import MANAGERS, WORKERS, assert_whole, until_node
from test_08_life import of_pillar, predicted, roles


@pytest.fixture(autouse=True)
def pillar_as_it_was(swarm):
    yield
    swarm.pillar()


def test_all_managers_are_moved_at_once(swarm):
    """Of the new ones none is a manager yet."""
    swarm.pillar(managers=WORKERS, workers=["*"])
    changes = predicted(swarm)
    for host in MANAGERS:
        assert changes[(host, "swarm.joined")]["swarm"] == {"old": "manager", "new": "worker"}
    assert roles(swarm, "worker1") == of_pillar(WORKERS)
    swarm.pillar()
    made = swarm.bootstrap()
    assert made.code == 0, made.why()
    assert_whole(swarm)


def test_a_demotion_that_loses_the_quorum_is_refused_with_the_arithmetic(swarm):
    swarm.on("manager3", "systemctl", "stop", "docker.socket", "docker")
    until_node(swarm, "manager3", reachability="unreachable")
    for function, *how in (
        ("swarm.node_update", "role=worker"),
        ("swarm.node_rm", "force=True", "demote=True"),
    ):
        assert "1 of 2 managers" in swarm.error("manager1", function, "manager2", *how)
    swarm.pillar(managers=["manager1"], workers=["manager2", "worker*"])
    for run in (swarm.bootstrap("test=True"), swarm.bootstrap()):
        assert run.code == 1
        (comment,) = run.failed()["manager2"]
        assert "would leave 1 of 2 managers reachable, 2 are needed" in comment
    swarm.pillar()
    swarm.on("manager3", "systemctl", "start", "docker.socket", "docker")
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)
