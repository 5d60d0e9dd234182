# SPDX-License-Identifier: Apache-2.0
"""The execution modules on real engines: settings, roles, tasks, locks; a host without a master."""

import json

import pytest
from conftest import MANAGERS, WORKERS, assert_whole, until_manages


@pytest.fixture(autouse=True)
def whole(swarm):
    yield
    assert_whole(swarm)


def test_filters_and_availability(swarm):
    def names(**filters):
        given = [f"{name}={json.dumps(value)}" for name, value in filters.items()]
        return sorted(node["hostname"] for node in swarm.one("manager2", "swarm.nodes", *given))

    swarm.one("manager1", "swarm.node_update", "worker1", "labels={disk: ssd}")
    assert names(role="manager") == MANAGERS
    assert names(label="disk=ssd", state=["ready", "down"]) == ["worker1"]
    assert names(name="worker") == []
    change = swarm.one("manager1", "swarm.pause", "worker2")
    assert (change["old"], change["new"]) == ({"Availability": "active"}, {"Availability": "pause"})
    assert names(availability="pause") == ["worker2"]
    swarm.one("manager1", "swarm.activate", "worker2")
    swarm.one("manager1", "swarm.node_update", "worker1", "labels={disk: null}")
    assert "unknown role 'boss'" in swarm.error("manager1", "swarm.node_ls", "role=boss")


def test_settings_of_the_cluster(swarm):
    given = ("node_cert_expiry=30d", "heartbeat_period=7s", "labels={site: north}")
    back = ("node_cert_expiry=90d", "heartbeat_period=5s", "labels={site: null}")
    predicted = swarm.one("manager1", "swarm_drift.cluster_diff", *given)
    assert swarm.one("manager1", "swarm.cluster_update", *given) == predicted
    assert swarm.one("manager1", "swarm_drift.cluster_diff", *given) == {"old": {}, "new": {}}
    found = swarm.one("manager2", "swarm.cluster")
    assert (found["node_cert_expiry"], found["heartbeat_period"]) == ("30d", "7s")
    assert found["snapshot_interval"] == 10000 and found["labels"] == {"site": "north"}
    error = swarm.error("manager1", "swarm.cluster_update", "node_cert_expiry=5m")
    assert "at least 1h" in error
    assert swarm.one("manager1", "swarm.cluster_update", *back)["new"] == predicted["old"]


def test_roles_and_a_manager_that_demotes_itself(swarm):
    assert swarm.one("manager1", "swarm.promote", "worker3")["new"] == {"Role": "manager"}
    assert swarm.one("manager1", "swarm.demote", "worker3")["new"] == {"Role": "worker"}
    leader = next(name for name, node in swarm.nodes().items() if node["leader"])
    other = next(name for name in MANAGERS if name != leader)
    assert swarm.one(leader, "swarm.demote", "self")["new"] == {"Role": "worker"}
    assert swarm.one(leader, "swarm.info")["role"] == "worker"
    assert swarm.one(other, "swarm.promote", leader)["new"] == {"Role": "manager"}
    until_manages(swarm, leader)


def test_a_task_that_waits_is_listed_and_explained(swarm):
    spec = {
        "Name": "waits",
        "TaskTemplate": {
            "ContainerSpec": {"Image": "box"},
            "Placement": {"Constraints": ["node.labels.disk==nvme"]},
        },
        "Mode": {"Replicated": {"Replicas": 2}},
    }
    swarm.one("manager1", "swarm.call", "service_create", f"body={json.dumps(spec)}")
    try:
        rows = swarm.one("manager1", "swarm.ps", "waits")["rows"]
        assert [row["NAME"] for row in rows] == ["waits.1", "waits.2"]
        assert {row["NODE"] for row in rows} == {""}
        (why,) = swarm.one("manager1", "swarm.why", "waits")
        assert why["count"] == 2 and why["task"]["service"] == "waits"
        rejected = {node["hostname"]: node["rejected"] for node in why["nodes"]}
        assert set(rejected) == {*MANAGERS, *WORKERS}
        assert all("node.labels.disk==nvme" in rejected[name] for name in WORKERS)
    finally:
        swarm.one("manager1", "swarm.remove_service", "waits")
    assert "there is no node and no service waits" in swarm.error("manager1", "swarm.ps", "waits")


def test_autolock_with_its_key_in_a_file(swarm):
    place = "key_file=/root/unlock"
    ret = swarm.one("manager1", "swarm.autolock", "True", place)
    assert ret == {"old": False, "new": True, "key": "/root/unlock"}
    swarm.one("manager1", "swarm.rotate_unlock_key", place)
    assert swarm.one("manager1", "swarm_key.is_kept", place) is True
    assert swarm.shell("manager1", "stat -c %a%U /root/unlock").out.strip() == "600root"
    key = swarm.on("manager1", "cat", "/root/unlock").out.strip()
    swarm.secrets.add(key)
    swarm.on("manager2", "systemctl", "restart", "docker")
    assert swarm.one("manager2", "swarm.info")["state"] == "locked"
    swarm.on("manager2", "sh", "-c", "umask 077; cat > /root/unlock", stdin=key)
    assert swarm.one("manager2", "swarm.unlock", place) is True
    assert "not locked" in swarm.error("manager2", "swarm.unlock", place)
    assert swarm.one("manager1", "swarm.autolock", "False")["new"] is False
    assert "autolock is off" in swarm.error("manager1", "swarm.unlock_key", place)
    swarm.salt("manager1,manager2", "file.remove", "/root/unlock")


def test_rotated_token_and_ca(swarm):
    before = swarm.one("manager1", "swarm.join_token", "worker")["digest"]
    assert swarm.one("manager1", "swarm.rotate_token", "worker") is True
    swarm.note_secrets()
    ret = swarm.one("manager1", "swarm.rotate_ca")
    assert ret["old"] == before != ret["new"]
    assert swarm.one("manager1", "swarm.join_token", "worker")["digest"] == ret["new"]


def test_secrets_are_neither_returned_nor_handed_out(swarm):
    found = swarm.one("manager1", "swarm.call", "swarm_inspect")
    assert found["JoinTokens"]["Worker"] == "SWMTKN-[redacted]"
    assert "is a secret" in swarm.error("manager1", "swarm_core.core", "tokens")
    assert "must be a callable" in swarm.error(
        "manager1", "swarm_core.core", "tokens", "into=print"
    )
    assert "must be a callable" in swarm.error(
        "manager1", "swarm_core.secret", "key_file=/etc/passwd"
    )


def test_a_host_without_a_master(swarm):
    def state(*args):
        command = ("salt-call", "--local", "--out=json", "state.single", "swarm.joined", "name=in")
        (ret,) = swarm.on("worker3", *command, *args, check=False).json["local"].values()
        return ret

    old = swarm.nodes()["worker3"]["id"]
    token = swarm.on("manager1", "docker", "swarm", "join-token", "-q", "worker").out
    swarm.on("worker3", "sh", "-c", "umask 077; cat > /root/token", stdin=token)
    swarm.on("worker3", "salt-call", "--local", "swarm.leave")
    assert "without a master" in state()["comment"]
    given = ("remote_addrs=[10.213.0.11]", "token_file=/root/token")
    assert state(*given, "test=True")["result"] is None
    assert state(*given)["changes"] == {"swarm": {"old": "inactive", "new": "worker"}}
    assert state(*given)["changes"] == {}
    swarm.on("worker3", "rm", "/root/token")
    swarm.one("manager1", "swarm.node_rm", old, "force=True")
