# SPDX-License-Identifier: Apache-2.0
"""
The extension against real engines, on hosts that tests/live/run made: what only a real cluster can
say of events, logs, services, placement, credentials, roots, locks and departures. The tests run in
the order of the file; the last ones take hosts out of the swarm.
"""

import itertools
import json

import pytest
from conftest import AUTH, CALL_SECONDS, MANAGERS, until

IMAGE = "live:1"
# Until the wait for a service that cannot run gives up; its tasks are refused at once.
GIVE_UP = 15


def node_id(client, name):
    """The id of the node with a host name."""
    (row,) = client.node_list(filters={"name": name})
    return row["id"]


# --- events and logs -------------------------------------------------------------------------


def test_events_report_a_change(swarm, machines, client):
    events = client.events(filters={"type": "node"}, timeout=20)
    assert next(events) is None
    other = machines["manager1"].client()
    other.node_update("worker1", {"Labels": {"seen": "yes"}})
    event = next(events)
    assert (event["Type"], event["Action"]) == ("node", "update")
    assert event["Actor"]["ID"] == node_id(other, "worker1")
    # The same client, while its stream waits.
    assert client.node_inspect("worker1")["Spec"]["Labels"] == {"seen": "yes"}
    events.close()
    assert list(events) == []


def test_nothing_happens(swarm, client):
    events = client.events(timeout=1)
    assert next(events) is None
    with pytest.raises(swarm.Timeout):
        next(events)
    events.close()


def test_events_go_on_at_another_manager(machines, clients):
    followed, other = machines["manager3"].client(), machines["manager2"].client()
    events = followed.events(others=[other], filters={"type": "node"}, timeout=60)
    assert next(events) is None and events.client is followed
    machines["manager3"].run("systemctl stop docker docker.socket")
    assert any(event is None for event in itertools.islice(events, 50))
    assert events.client is other
    events.close()
    machines["manager3"].run("systemctl start docker")
    until(machines["manager3"].answers, 60, "manager3 does not come back")
    until(lambda: len(reachable(clients["manager1"])) == len(MANAGERS), 60, "a manager is missing")


def reachable(client):
    """The names of the managers that the cluster reaches."""
    rows = client.node_list(filters={"role": "manager"})
    return {row["hostname"] for row in rows if row["reachability"] == "reachable"}


def test_logs(client, services):
    script = "echo out; echo err >&2; exec /bin/busybox sleep 1000"
    services("live-logs", IMAGE, script, 2)
    client.service_wait("live-logs")
    assert sorted(client.logs("service", "live-logs")) == sorted(
        [("stdout", b"out\n"), ("stderr", b"err\n")] * 2
    )
    task = client.task_list(filters={"service": "live-logs"})[0]["id"]
    assert list(client.logs("task", task, query={"stdout": True})) == [("stdout", b"out\n")]


def test_logs_are_followed(swarm, client, services):
    script = "while :; do echo tick; /bin/busybox sleep 0.2; done"
    services("live-ticks", IMAGE, script)
    client.service_wait("live-ticks")
    log = client.logs("service", "live-ticks", query={"follow": True, "stdout": True}, timeout=20)
    assert [next(log) for _ in range(5)] == [("stdout", b"tick\n")] * 5
    log.close()
    assert list(log) == []


# --- services --------------------------------------------------------------------------------


def test_a_service_from_creation_to_rollback(swarm, client, services):
    told = []
    made = services("live-web", IMAGE, UpdateConfig={"Parallelism": 2, "Monitor": 1000000000})
    client.progress = lambda *step: told.append(step)
    assert client.service_wait("live-web") == {"done": 1, "total": 1, "rolled_back": False}
    client.progress = None
    assert {step[0] for step in told} == {"converge"} and told[-1][1:3] == (1, 1)

    assert client.service_scale("live-web", 3)["new"]["Mode"] == {"Replicated": {"Replicas": 3}}
    assert client.service_wait("live-web") == {"done": 3, "total": 3, "rolled_back": False}
    tasks = client.task_list(filters={"service": "live-web", "desired-state": "running"})
    assert [task["state"] for task in tasks] == ["running"] * 3
    assert {task["service_id"] for task in tasks} == {made}

    before = client.object_inspect("service", "live-web")["Spec"]
    patch = {"TaskTemplate": {"ContainerSpec": {"Env": ["TURN=two"]}}}
    assert client.object_update("service", "live-web", patch)["id"] == made
    assert client.service_wait("live-web")["done"] == 3
    after = client.object_inspect("service", made)["Spec"]
    assert after["TaskTemplate"]["ContainerSpec"].pop("Env") == ["TURN=two"]
    assert after == before

    assert client.service_rollback("live-web") is None
    assert client.service_wait("live-web")["done"] == 3
    found = client.object_list("service", filters={"name": "live-web"})
    assert [row["ID"] for row in found] == [made]
    assert "Env" not in found[0]["Spec"]["TaskTemplate"]["ContainerSpec"]


def test_a_failed_update_goes_back(client, services):
    services("live-back", IMAGE, count=2, UpdateConfig={"Monitor": 1000000000})
    client.service_wait("live-back")
    patch = {
        "TaskTemplate": {"ContainerSpec": {"Command": ["/bin/busybox", "false"]}},
        "UpdateConfig": {"FailureAction": "rollback", "MaxFailureRatio": 0.0},
    }
    client.object_update("service", "live-back", patch)
    assert client.service_wait("live-back") == {"done": 2, "total": 2, "rolled_back": True}


def test_a_wait_reports_why_tasks_fail(swarm, client, services):
    services("live-none", "nowhere.invalid/none:1")
    with pytest.raises(swarm.Timeout, match="No such image"):
        client.service_wait("live-none", timeout=GIVE_UP)


def test_refusals(swarm, client, services):
    services("live-one", IMAGE, count=0)
    with pytest.raises(swarm.Conflict):
        client.object_create("service", client.object_inspect("service", "live-one")["Spec"])
    with pytest.raises(swarm.Conflict):
        client.service_rollback("live-one")
    with pytest.raises(swarm.NotFound):
        client.object_inspect("service", "live-two")
    patch = {"TaskTemplate": {"ContainerSpec": {"Image": ""}}}
    with pytest.raises(swarm.HTTPError, match="image reference must be provided") as caught:
        client.object_update("service", "live-one", patch)
    assert caught.value.status == 400


# --- placement -------------------------------------------------------------------------------


def why(client, name):
    """What is said of the one kind of task that waits, with its nodes by their names."""

    def told():
        (entry,) = client.task_why(name) or [None]
        # The scheduler writes its error a moment after the task is there.
        return entry if entry and entry["task"]["error"] else None

    entry = until(told, 20, f"no task of {name} waits")
    nodes = {row["hostname"]: row["rejected"] for row in entry["nodes"]}
    return entry["task"], entry["count"], nodes


def test_a_constraint_rejects_every_node(machines, client, services):
    placement = {"Placement": {"Constraints": ["node.labels.zone==b"]}}
    services("live-zone", IMAGE, count=2, task=placement)
    task, count, nodes = why(client, "live-zone")
    assert (task["service"], task["state"], count) == ("live-zone", "pending", 2)
    assert "no suitable node" in task["error"]
    assert set(nodes) == set(machines)
    assert set(nodes.values()) == {"constraint node.labels.zone==b (the node has none)"}
    assert client.task_why(task["id"])[0]["task"]["id"] == task["id"]
    # What the rules ask for is what the scheduler wanted.
    client.node_update("worker1", {"Labels": {"zone": "b"}})
    client.service_wait("live-zone")
    assert client.task_why("live-zone") == []


def test_availability_and_memory_reject(client, services):
    client.node_update("worker1", {"Availability": "drain"})
    reserve = {"Resources": {"Reservations": {"MemoryBytes": 2**50}}}
    services("live-large", IMAGE, task=reserve)
    _, _, nodes = why(client, "live-large")
    client.node_update("worker1", {"Availability": "active"})
    assert all("MiB of memory requested" in text for text in nodes.values())
    assert [name for name in nodes if "its availability is drain" in nodes[name]] == ["worker1"]


def test_a_port_in_use_and_the_most_on_a_node_reject(client, services):
    port = {"Ports": [{"TargetPort": 80, "PublishedPort": 8080, "PublishMode": "host"}]}
    here = {"Placement": {"Constraints": ["node.hostname==worker1"]}}
    services("live-first", IMAGE, endpoint=port, task=here)
    client.service_wait("live-first")
    services("live-second", IMAGE, endpoint=port, task=here)
    _, _, nodes = why(client, "live-second")
    assert nodes.pop("worker1") == "host port 8080/tcp in use"
    assert all(text.startswith("constraint node.hostname==worker1") for text in nodes.values())

    most = {"Placement": {"Constraints": ["node.hostname==worker1"], "MaxReplicas": 1}}
    services("live-most", IMAGE, count=2, task=most)
    _, count, nodes = why(client, "live-most")
    assert count == 1
    assert nodes["worker1"] == "it has 1 of at most 1 tasks of the service"


def test_a_cluster_volume_that_nobody_makes(swarm, client, services):
    mount = {"Type": "cluster", "Source": "live-volume", "Target": "/data"}
    if tuple(map(int, client.api_version().split("."))) < (1, 42):
        with pytest.raises(swarm.Error, match="cluster"):
            services("live-csi", IMAGE, mounts=[mount])
        return
    services("live-csi", IMAGE, mounts=[mount])
    task, _, nodes = why(client, "live-csi")
    assert "cannot fulfill requested CSI volume mounts on 4 nodes" in task["error"]
    assert set(nodes.values()) == {"cluster volume live-volume: there is none"}
    # No host has a plugin of the name, so it stays a wish.
    mode = {"Scope": "multi", "Sharing": "all", "MountVolume": {}}
    volume = {"Name": "live-volume", "Driver": "nowhere", "ClusterVolumeSpec": {"AccessMode": mode}}
    client.call("volume_create", body=volume)
    _, _, nodes = why(client, "live-csi")
    assert set(nodes.values()) == {"cluster volume live-volume: its plugin has not made it"}
    client.call("volume_delete", "live-volume", query={"force": True})


def test_why_of_what_is_not_there(swarm, client):
    with pytest.raises(swarm.NotFound, match="no service has the id or name 'live-x'"):
        client.task_why("live-x")


# --- credentials of a registry ---------------------------------------------------------------


def test_registry_auth_reaches_the_engine(swarm, client, services, private_image):
    here = {"Placement": {"Constraints": ["node.hostname==manager1"]}}
    services("live-without", private_image, task=here)
    with pytest.raises(swarm.Timeout, match="No such image"):
        client.service_wait("live-without", timeout=GIVE_UP)
    # An update may bring them; its force makes new tasks of what cannot run.
    patch = {"TaskTemplate": {"ForceUpdate": 1}}
    client.object_update("service", "live-without", patch, registry_auth=AUTH)
    assert client.service_wait("live-without")["done"] == 1
    assert AUTH["password"] not in json.dumps(client.object_inspect("service", "live-without"))


def test_registry_auth_of_a_new_service(machines, client, services, private_image):
    machines["manager1"].run(f"docker rmi -f {private_image}")
    here = {"Placement": {"Constraints": ["node.hostname==manager1"]}}
    services("live-with", private_image, auth=AUTH, task=here)
    assert client.service_wait("live-with")["done"] == 1


def test_the_registry_is_asked_with_credentials(swarm, client, private_image):
    assert client.call("auth", body=AUTH)["Status"] == "Login Succeeded"
    wrong = {**AUTH, "password": "wrongwrong"}
    with pytest.raises(swarm.HTTPError) as caught:
        client.call("auth", body=wrong)
    assert "wrongwrong" not in str(caught.value)
    told = client.call("distribution_inspect", private_image, registry_auth=AUTH)
    assert told["Descriptor"]["digest"].startswith("sha256:")
    with pytest.raises(swarm.Error):
        client.call("distribution_inspect", private_image)


# --- root, lock, departures ------------------------------------------------------------------


def test_the_root_rotates_and_reports_progress(client):
    told = []
    digest = client.tokens()["worker"].split("-")[2]
    client.progress = lambda *step: told.append(step)
    assert client.ca_rotate(timeout=2 * CALL_SECONDS) is None
    client.progress = None
    assert client.tokens()["worker"].split("-")[2] != digest
    assert {step[0] for step in told} == {"rotate ca"}
    assert all(0 <= done <= total == 4 for _, done, total, _ in told), told


def test_lock_and_unlock(swarm, machines, clients, client):
    with pytest.raises(swarm.NotFound):
        client.unlock_key()
    client.cluster_update({"EncryptionConfig": {"AutoLockManagers": True}})
    first = client.unlock_key()
    key = client.unlock_key(rotate=True)
    assert key != first and {key[:9], first[:9]} == {"SWMKEY-1-"}
    assert client.unlock_key() == key

    locked = clients["manager2"]
    until(lambda: locked.unlock_key() == key, 20, "manager2 has another key")
    machines["manager2"].restart_docker()
    assert locked.local()["state"] == "locked"
    with pytest.raises(swarm.Locked):
        locked.node_list()
    # The form is right, the key is another.
    other = key[:-2] + ("AA" if key[-2:] != "AA" else "BB")
    with pytest.raises(swarm.BadKey) as caught:
        locked.unlock(other)
    assert other not in str(caught.value)
    assert locked.unlock(key) is None
    assert locked.local()["state"] == "active"
    client.cluster_update({"EncryptionConfig": {"AutoLockManagers": False}})
    with pytest.raises(swarm.NotFound):
        client.unlock_key()


def test_leave_cleanly(swarm, machines, clients, client):
    for name in ("worker1", "manager3", "manager2"):
        node = node_id(client, name)
        assert clients[name].leave_cleanly(client) is None
        assert clients[name].local()["state"] == "inactive"
        with pytest.raises(swarm.NotFound):
            client.node_inspect(node)
        with pytest.raises(swarm.NotMember):
            clients[name].leave_cleanly(client)
    with pytest.raises(swarm.InvalidArgument, match="give another one"):
        client.leave_cleanly(machines["manager1"].client())
    assert reachable(client) == {"manager1"}
