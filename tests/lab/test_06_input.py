# SPDX-License-Identifier: Apache-2.0
"""Wrong input and wrong places: one clear line each, nothing changed."""

import pytest
from conftest import assert_whole


@pytest.fixture
def outside(swarm):
    """worker1, out of the swarm for the test."""
    swarm.on("worker1", "timeout", "60", "docker", "swarm", "leave", "--force")
    yield "worker1"
    assert swarm.one("worker1", "swarm.info")["state"] == "inactive"
    run = swarm.bootstrap()
    assert run.code == 0, run.why()
    assert_whole(swarm)


def token(lab, role="worker"):
    return lab.on("manager1", "docker", "swarm", "join-token", "-q", role).out.strip()


def join_with(lab, host, token_, address="10.213.0.11"):
    lab.on(host, "sh", "-c", "umask 077; cat > /root/token", stdin=token_)
    try:
        return lab.error(host, "swarm.join", address, "token_file=/root/token")
    finally:
        lab.on(host, "rm", "/root/token")


def test_joins_that_cannot_work(swarm, outside):
    good = token(swarm)
    digit = "a" if good[-1] != "a" else "b"
    assert "rotated" in join_with(swarm, outside, good[:-1] + digit)
    head, digest, secret = good.rsplit("-", 2)
    other = f"{head}-{'0' + digest[:-1]}-{secret}"
    assert "another swarm" in join_with(swarm, outside, other)
    assert "the join token is too short" in join_with(swarm, outside, "SWMTKN-1-short")
    assert "10.213.0.101" in join_with(swarm, outside, good, "10.213.0.101")
    error = swarm.error(outside, "swarm.join", "10.213.0.11", "token_file=/root/none")
    assert "cannot read the token file /root/none" in error
    error = swarm.error(outside, "swarm.join", "10.213.0.11")
    assert "give exactly one of" in error


def test_init_with_an_address_of_somebody_else(swarm, outside):
    error = swarm.error(outside, "swarm.init", "advertise_addr=10.9.9.9")
    assert "10.9.9.9" in error and "10.213.0.101" in error


def test_leave_outside_a_swarm(swarm, outside):
    assert "this host is not in a swarm" in swarm.error(outside, "swarm.leave")


def test_member_may_not_init_or_join(swarm):
    for host in ("worker2", "manager2"):
        before = swarm.one(host, "swarm.info")["node_id"]
        assert "swarm" in swarm.error(host, "swarm.init", "advertise_addr=eth0")
        assert "swarm" in join_with(swarm, host, token(swarm))
        assert swarm.one(host, "swarm.info")["node_id"] == before


def test_worker_names_the_managers_to_ask(swarm):
    for function in ("swarm.node_ls", "swarm.nodes", "swarm.swarm_tokens"):
        error = swarm.error("worker2", function)
        assert "ask one of the managers: 10.213.0.11:2377, 10.213.0.12:2377" in error


def test_nodes_that_are_not_there(swarm):
    assert "worker9" in swarm.error("manager1", "swarm.drain", "worker9")
    assert "worker9" in swarm.error("manager1", "swarm.node_inspect", "worker9")
    assert "sleep" in swarm.error("manager1", "swarm.node_update", "worker2", "availability=sleep")


def test_stopped_engine_and_closed_socket(swarm):
    swarm.on("worker2", "systemctl", "stop", "docker.socket", "docker.service")
    error = swarm.error("worker2", "swarm.info")
    assert "/var/run/docker.sock" in error
    swarm.on("worker2", "systemctl", "start", "docker.socket", "docker.service")
    script = """
        cp -r /var/cache/salt/minion/extmods /tmp/extmods && chmod -R a+rX /tmp/extmods
        cat > /tmp/closed.py <<'END'
import sys
sys.path.insert(0, '/tmp/extmods/modules')
from importlib.machinery import ExtensionFileLoader
import glob, importlib.util
path = glob.glob('/tmp/extmods/modules/_swarm-*.so')[0]
spec = importlib.util.spec_from_file_location('_swarm', path, loader=ExtensionFileLoader('_swarm', path))
core = importlib.util.module_from_spec(spec)
spec.loader.exec_module(core)
try:
    core.Client().local()
except core.PermissionDenied as exc:
    print(exc)
END
        runuser -u nobody -- /opt/salt/bin/python /tmp/closed.py
        rm -r /tmp/extmods /tmp/closed.py"""
    assert "docker" in swarm.shell("worker2", script).out


def test_old_names_of_core_salt(swarm):
    tokens = swarm.one("manager1", "swarm.swarm_tokens")
    assert tokens["Cluster"] == swarm.cluster() and set(tokens) == {"Cluster", "Digest"}
    changed = swarm.one("manager1", "swarm.update_node", "availability=pause", "node_name=worker2")
    assert changed == {"Node Information": {"Availability": "pause"}}
    swarm.one("manager1", "swarm.update_node", "availability=active", "node_name=worker2")
    made = swarm.one(
        *("manager1", "swarm.service_create", "image=none:1", "name=web", "replicas=0"),
        *("command=httpd -f", "hostname=web", "target_port=80"),
    )
    info = swarm.one("manager1", "swarm.swarm_service_info", "web")
    assert info["Service ID"] == made["ID"] and info["Replicas"] == 0
    spec = swarm.on("manager1", "docker", "service", "inspect", "web").json[0]["Spec"]
    assert spec["TaskTemplate"]["ContainerSpec"]["Hostname"] == "web"
    assert spec["TaskTemplate"]["ContainerSpec"]["Args"] == ["httpd", "-f"]
    assert spec["EndpointSpec"]["Ports"][0]["TargetPort"] == 80
    swarm.one("manager1", "swarm.remove_service", "web")
    assert "web" in swarm.error("manager1", "swarm.swarm_service_info", "web")


def test_labels_survive_a_change(swarm):
    swarm.one("manager1", "swarm.node_update", "worker2", "labels={disk: ssd, rack: r1}")
    swarm.one("manager1", "swarm.node_update", "worker2", "availability=pause")
    swarm.one("manager1", "swarm.node_update", "worker2", "labels={rack: null}")
    spec = swarm.one("manager1", "swarm.node_inspect", "worker2")["Spec"]
    assert spec["Labels"] == {"disk": "ssd"} and spec["Availability"] == "pause"
    swarm.one(
        "manager1", "swarm.node_update", "worker2", "labels={disk: null}", "availability=active"
    )
    assert_whole(swarm)
