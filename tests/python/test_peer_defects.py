# SPDX-License-Identifier: Apache-2.0
"""What was seen to go wrong with another tool for swarm (docs/coming-from.md), shown not to be ours."""

import copy

import pytest
from fake_engine import node

WEB = {
    "Name": "web",
    "Labels": {"a": "1"},
    "TaskTemplate": {
        "ContainerSpec": {
            "Image": "web:1",
            "User": "7",
            "Env": ["A=1", "B=2"],
            "Healthcheck": {"Test": ["CMD", "true"], "Retries": 3},
        },
        "Resources": {"Limits": {"MemoryBytes": 64 << 20}},
        "ForceUpdate": 4,
    },
    "Mode": {"Replicated": {"Replicas": 2}},
    "UpdateConfig": {
        "Parallelism": 2,
        "FailureAction": "rollback",
        "Monitor": 5_000_000_000,
        "Order": "start-first",
    },
}


@pytest.fixture
def manager(engine, client):
    engine.enter(manager=True)
    return client


def posted(engine, path):
    return [
        request.body
        for request in engine.requests
        if (request.method, request.path) == ("POST", path)
    ]


def test_an_update_of_the_cluster_keeps_the_settings_that_it_does_not_name(manager, engine):
    """Autolock, labels, task history and the rest were gone after an update of one tick."""
    engine.cluster["Spec"] = {
        "Name": "default",
        "Labels": {"a": "b"},
        "Orchestration": {"TaskHistoryRetentionLimit": 7},
        "EncryptionConfig": {"AutoLockManagers": True},
        "Raft": {"ElectionTick": 10, "HeartbeatTick": 1, "SnapshotInterval": 10000},
        "CAConfig": {"NodeCertExpiry": 5, "ForceRotate": 1},
    }
    before = copy.deepcopy(engine.cluster["Spec"])
    manager.cluster_update({"Raft": {"ElectionTick": 20}})
    (sent,) = posted(engine, "/swarm/update")
    assert sent == {**before, "Raft": {**before["Raft"], "ElectionTick": 20}}


def test_a_forced_rotation_of_the_ca_is_not_repeated_by_a_later_update(manager, engine):
    """The counter went back to 0, which is another value than that of the last rotation."""
    manager.ca_rotate()
    forced = engine.cluster["Spec"]["CAConfig"]["ForceRotate"]
    root = engine.cluster["TLSInfo"]
    manager.cluster_update({"Orchestration": {"TaskHistoryRetentionLimit": 3}})
    assert posted(engine, "/swarm/update")[-1]["CAConfig"]["ForceRotate"] == forced
    assert engine.cluster["TLSInfo"] == root


def merged(swarm, words, spec=WEB):
    return swarm.spec_merge(copy.deepcopy(spec), words, name="web")


@pytest.mark.parametrize(
    "words",
    [
        {"tty": False, "read_only": False, "hostname": ""},
        {"deploy": {"resources": {"limits": {"cpus": "0", "pids": 0}}}},
        {"deploy": {"update_config": {"delay": "0s"}}},
        {"deploy": {"placement": {"max_replicas_per_node": 0}}},
        {"deploy": {"restart_policy": {"window": "0s", "max_attempts": 0}}},
    ],
    ids=str,
)
def test_values_that_are_zero_need_no_second_update(swarm, words):
    """The engine leaves zeros out of what it returns."""
    found = merged(swarm, words)
    assert (found["changes"], found["restarts"]) == ({}, "no")
    assert found["spec"] == WEB


def test_hosts_with_ipv6_need_no_second_update(swarm):
    words = {"extra_hosts": {"db": "fe80::1"}}
    once = merged(swarm, words)
    assert once["changes"] and merged(swarm, words, once["spec"])["changes"] == {}


def test_the_number_of_tasks_of_a_global_service_is_refused(swarm):
    """It was sent, and the service was changed by each run."""
    with pytest.raises(
        swarm.InvalidArgument, match="deploy.replicas: does not go with mode global"
    ):
        swarm.spec_merge(None, {"image": "a:1", "deploy": {"mode": "global", "replicas": 2}})


def test_a_healthcheck_that_is_left_out_stays(swarm):
    found = merged(swarm, {"image": "web:2"})
    assert list(found["changes"]) == ["image"]
    container = found["spec"]["TaskTemplate"]["ContainerSpec"]
    assert container["Healthcheck"] == WEB["TaskTemplate"]["ContainerSpec"]["Healthcheck"]


def test_an_update_keeps_what_it_does_not_name(swarm):
    """User, environment and limits were gone after an update of a label, and in no difference."""
    found = merged(swarm, {"deploy": {"labels": {"b": "2"}}})
    assert list(found["changes"]) == ["deploy.labels.b"] and found["restarts"] == "no"
    assert found["spec"] == {**WEB, "Labels": {"a": "1", "b": "2"}}


def test_a_label_after_a_forced_update_restarts_nothing(swarm):
    """The counter went back to 0, which is a new spec of the tasks."""
    found = merged(swarm, {"deploy": {"labels": {"b": "2"}}})
    assert found["spec"]["TaskTemplate"]["ForceUpdate"] == 4


def test_a_part_of_update_config_keeps_the_other_parts(swarm):
    """Parallelism became 0, so all tasks at once, and the failure action continue."""
    found = merged(swarm, {"deploy": {"update_config": {"delay": "1s"}}})
    assert list(found["changes"]) == ["deploy.update_config.delay"]
    assert found["spec"]["UpdateConfig"] == {**WEB["UpdateConfig"], "Delay": 1_000_000_000}
    fresh = swarm.spec_merge(None, {"image": "a:1", "deploy": {"update_config": {"delay": "1s"}}})
    assert fresh["spec"]["UpdateConfig"]["Parallelism"] == 1
    assert fresh["spec"]["UpdateConfig"].get("FailureAction", "pause") == "pause"


def test_an_update_of_a_node_keeps_its_name_and_removes_an_empty_label(manager, engine):
    engine.nodes[0]["Spec"].update(Name="n", Labels={"empty": "", "zone": "a"})
    manager.node_update("host1", {"Labels": {"empty": None}})
    (sent,) = posted(engine, "/nodes/n1/update")
    assert (sent["Name"], sent["Labels"]) == ("n", {"zone": "a"})


def test_the_managers_decide_whether_a_node_is_down(swarm, manager, engine):
    """It was read from the node that was asked, not from the one to be removed."""
    engine.nodes.append(node("n2", "host2"))
    refusal = "rpc error: code = FailedPrecondition desc = node n2 is not down and can't be removed"
    engine.answers["DELETE", "/nodes/n2"] = (500, {"message": refusal})
    with pytest.raises(swarm.Error, match="n2 is alive"):
        manager.node_remove("host2")
    (asked,) = [request for request in engine.requests if request.method == "DELETE"]
    assert "force" not in asked.query
