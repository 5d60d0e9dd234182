# SPDX-License-Identifier: Apache-2.0
"""A node's life by pillar: labels before tasks, hosts that move between managers and workers."""

import pytest
from conftest import HOSTS, assert_whole

SERVICE = ("docker", "service", "create", "--detach", "--mode", "global", "--name", "probe")


@pytest.fixture(autouse=True)
def pillar_as_it_was(swarm):
    yield
    swarm.pillar()


def predicted(lab):
    """Test mode, the real run with the same changes, and again without any; returns the changes."""
    expected = lab.bootstrap("test=True")
    assert expected.code == 0, expected.why()
    made = lab.bootstrap()
    assert made.code == 0, made.why()
    assert made.swarm_changes() == expected.swarm_changes()
    again = lab.bootstrap()
    assert again.code == 0 and again.changes() == {}, again.why()
    return made.swarm_changes()


def roles(lab, manager):
    """``{host name: (role, availability)}``; every manager is in contact."""
    nodes = lab.nodes(manager)
    assert {node["reachability"] for node in nodes.values() if node["member"]} == {"reachable"}
    return {name: (node["role"], node["availability"]) for name, node in nodes.items()}


def of_pillar(managers):
    return {
        name: ("manager", "drain") if name in managers else ("worker", "active") for name in HOSTS
    }


def tasks(lab, host):
    """The tasks that the cluster ever gave to this host's node."""
    node_id = lab.nodes()[host]["id"]
    query = f"query={{filters: {{node: [{node_id}]}}}}"
    found = lab.one("manager1", "swarm.call", "task_list", query)
    return [task for task in found or [] if task["NodeID"] == node_id]


def test_no_task_comes_before_the_labels(swarm):
    """A service that runs wherever the label is missing is not for a moment on the host with it."""
    for host in ("worker1", "worker2"):
        swarm.on(host, "timeout", "60", "docker", "swarm", "leave", "--force")
    swarm.on("manager1", *SERVICE, "--constraint", "node.labels.disk!=ssd", "none:1")
    swarm.pillar(nodes={"worker1": {"labels": {"disk": "ssd"}}})
    changes = predicted(swarm)
    assert changes[("manager1", "swarm.nodes_by_pillar")] == {
        "worker1": {
            "availability": {"old": "drain", "new": "active"},
            "labels": {
                "disk": {"old": None, "new": "ssd"},
                "saltext.swarm.first-labels": {"old": None, "new": "set"},
            },
        }
    }
    assert tasks(swarm, "worker2"), "the service runs where it may"
    assert tasks(swarm, "worker1") == []
    labels = assert_whole(swarm)["worker1"]["labels"]
    assert labels == {"disk": "ssd", "saltext.swarm.first-labels": "set"}
    swarm.on("manager1", "docker", "service", "rm", "probe")


def test_a_change_in_pillar_is_applied(swarm):
    swarm.pillar(
        nodes={
            "worker*": {"labels": {"zone": "a"}},
            "worker1": {"labels": {"disk": None}, "availability": "pause"},
        }
    )
    zone = {"labels": {"zone": {"old": None, "new": "a"}}}
    changes = predicted(swarm)[("manager1", "swarm.nodes_by_pillar")]
    assert changes["worker2"] == changes["worker3"] == zone
    assert changes["worker1"]["labels"]["disk"] == {"old": "ssd", "new": None}
    swarm.pillar(nodes={"worker1": {"availability": "active"}})
    made = swarm.bootstrap()
    assert list(made.swarm_changes()[("manager1", "swarm.nodes_by_pillar")]) == ["worker1"]
    assert_whole(swarm)


def test_the_leading_manager_becomes_a_worker_and_a_worker_a_manager(swarm):
    cluster, before = swarm.cluster(), swarm.nodes()
    managers = ["manager2", "manager3", "worker1"]
    swarm.pillar(managers=managers, workers=["*"])
    changes = predicted(swarm)
    assert changes[("manager2", "swarm.promoted")]["worker1"]["role"]["new"] == "manager"
    assert changes[("manager1", "swarm.joined")]["swarm"] == {"old": "manager", "new": "worker"}
    assert roles(swarm, "manager2") == of_pillar(managers)
    after = swarm.nodes("manager2")
    assert {name: after[name]["id"] for name in after} == {n: before[n]["id"] for n in before}
    assert swarm.cluster("worker1") == cluster


def test_and_back_again(swarm):
    made = swarm.bootstrap()
    assert made.code == 0, made.why()
    assert_whole(swarm)
