# SPDX-License-Identifier: Apache-2.0
"""Two orchestrations at the same time: one cluster, nothing lost, one line for the second."""

import concurrent.futures

import pytest
from conftest import MANAGERS, all_leave, assert_whole
from faults import converge


def side_by_side(lab, *runs):
    """Start runs of docker.bootstrap, each with its arguments, at the same moment."""
    with concurrent.futures.ThreadPoolExecutor(len(runs)) as pool:
        return [one.result() for one in [pool.submit(lab.bootstrap, *args) for args in runs]]


@pytest.mark.parametrize("members", [False, True])
def test_two_bootstraps(swarm, members):
    if members:
        cluster = swarm.cluster()
        swarm.on("worker2", "timeout", "60", "docker", "swarm", "leave", "--force")
    else:
        all_leave(swarm)
    runs = side_by_side(swarm, [], [])
    assert sorted(run.code for run in runs) == [0, 1], [run.why() for run in runs]
    (refused,) = [run for run in runs if run.code]
    assert "is running on this master" in refused.comments()
    assert not refused.changes()
    nodes = assert_whole(swarm)
    assert not members or swarm.cluster() == cluster
    converge(swarm)
    assert {n: node["id"] for n, node in swarm.nodes().items()} == {
        n: node["id"] for n, node in nodes.items()
    }


def test_no_write_is_lost(swarm):
    """Each manager sets a label of its own, on one node at the same moment, and takes it back."""
    for value in ("x", "null"):
        with concurrent.futures.ThreadPoolExecutor(len(MANAGERS)) as pool:
            writes = [
                pool.submit(
                    *(swarm.one, manager, "swarm.node_update", "worker1"),
                    f"labels={{{manager}: {value}}}",
                )
                for manager in MANAGERS
            ]
            assert all("new" in write.result() for write in writes)
        labels = swarm.one("manager1", "swarm.node_inspect", "worker1")["Spec"]["Labels"]
        assert labels == (dict.fromkeys(MANAGERS, "x") if value == "x" else {})
